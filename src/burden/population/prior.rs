//! Where learning starts, and what a small registry falls back on. Orders of magnitude, assumed where no
//! source stands beside the number.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Assay, BEFORE, Baseline, Cells, Group, LATTICE, Marker, PACES, PERIODS, Population, SHEDS, Scanning, Tilts,
    marker_key, organ_of,
};
use crate::burden::case::{Case, Day, Found, Tissue, What};

/// A scan sees a tumour of this burden half the time; relapse is found at about the same.
pub const SIGHT: f64 = -7.2;

/// Logarithm of the time that a course of treatment leaves, and its standard deviation. Assumed: tamoxifen
/// takes nearly half off the rate of recurrence in its five years (EBCTCG, Lancet 2011;378:771), a part of which is what it clears at once.
pub const LEFT: f64 = -0.25;
pub const LEFT_SD: f64 = 0.6;

pub fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

pub fn scanning() -> Scanning {
    Scanning {
        share: 0.5,
        first: 365.0,
        first_by: 540.0,
        gap: 300.0,
        until: 1826.0,
    }
}

pub fn symptoms(node: usize) -> f64 {
    (0.25 * logistic(1.6 * (LATTICE.node(node) - SIGHT))).max(1e-6)
}

pub fn seen(node: usize) -> f64 {
    (0.95 * logistic(2.0 * (LATTICE.node(node) - SIGHT + 0.4))).max(1e-6)
}

fn around(centre: f64, sd: f64) -> Vec<f64> {
    let density = |i: usize| (-0.5 * ((LATTICE.node(i) - centre) / sd).powi(2)).exp();
    let nodes: Vec<f64> = (0..LATTICE.len).map(density).collect();
    let whole: f64 = nodes.iter().sum();
    nodes.into_iter().map(|n| n / whole).collect()
}

pub fn group() -> Group {
    Group {
        patients: 0.0,
        start: [-0.6, -2.0],
        begin: [-4.6, -4.6, -4.8, -5.0, -5.2, -5.5],
        pace: [1.0 / PACES as f64; PACES],
        shed: [[0.05, 0.1, 0.2, 0.3, 0.25, 0.1]; BEFORE],
    }
}

const _: () = assert!(PERIODS.len() == 6 && SHEDS == 6);

pub fn assay() -> Assay {
    Assay {
        bias: 0.0,
        noise: 0.1,
        clonal: 0.02,
        clonal_level: -5.8,
        clonal_sd: 0.8,
    }
}

pub fn cells(tissue: Tissue) -> Cells {
    match tissue {
        Tissue::Blood => Cells {
            noise: 0.005,
            silent: 0.002,
            at_anchor: -2.5,
            rise: 0.5,
            size: 0.4,
        },
        Tissue::Marrow => Cells {
            noise: 0.03,
            silent: 0.3,
            at_anchor: -1.5,
            rise: 0.1,
            size: 0.4,
        },
    }
}

/// The prior for everything that occurs in these cases, each as known on its day.
pub fn population(known: &[(&Case, Day)], baseline: Baseline) -> Population {
    let mut groups: BTreeMap<String, Group> = BTreeMap::from([(String::new(), group())]);
    let mut organs = BTreeSet::from([String::new()]);
    let mut assays: BTreeMap<String, Assay> = BTreeMap::from([(String::new(), assay())]);
    let mut levels: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (case, day) in known {
        groups.entry(case.group.to_string()).or_insert_with(group);
        let organ = organ_of(&case.group);
        organs.insert(organ.to_owned());
        for signal in case.signals_on(*day) {
            match &signal.what {
                What::Molecules { assay: name, .. } if !assays.contains_key(&**name) => {
                    assays.insert(name.to_string(), assay());
                }
                // a middle and a spread to begin with, for which a limit may stand in the order of values
                What::Marker {
                    analyte,
                    level: Found::Number(y) | Found::Below(y) | Found::Above(y),
                } => {
                    levels.entry(marker_key(analyte, organ)).or_default().push(*y);
                    levels.entry(marker_key(analyte, "")).or_default().push(*y);
                }
                _ => {}
            }
        }
    }
    let by_organ = |tissue| organs.iter().map(|o| (o.clone(), cells(tissue))).collect();
    Population {
        tilts: Tilts::usual(&baseline),
        baseline,
        groups,
        left: BTreeMap::new(),
        before: BTreeMap::new(),
        at_start: around(-11.5, 2.0),
        at_begin: around(-12.5, 1.2),
        symptoms: organs
            .iter()
            .map(|o| (o.clone(), (0..LATTICE.len).map(symptoms).collect()))
            .collect(),
        scanning: BTreeMap::from([(String::new(), scanning())]),
        equivocal: (0..LATTICE.len)
            .map(|i| 0.04 + 0.2 * logistic(LATTICE.node(i) - SIGHT))
            .collect(),
        seen: (0..LATTICE.len).map(seen).collect(),
        equivocal_clear: 0.04,
        assays,
        molecules_size: 3.0,
        blood: by_organ(Tissue::Blood),
        marrow: by_organ(Tissue::Marrow),
        markers: levels.into_iter().map(|(key, mut y)| (key, marker(&mut y))).collect(),
        slip: 0.01,
        patients: known.len(),
    }
}

/// From the middle of all levels; a burden of `ANCHOR` adds as much as the usual level itself.
fn marker(levels: &mut [f64]) -> Marker {
    levels.sort_by(f64::total_cmp);
    let at = |share: f64| levels[((levels.len() - 1) as f64 * share) as usize];
    let usual = at(0.4);
    Marker {
        usual,
        usual_sd: ((at(0.7) - at(0.1)) / 1.8).clamp(0.2, 2.0),
        noise_sd: 0.15,
        at_anchor: usual - 0.5,
        rise: 0.8,
        spread: 1.0,
        made: 0.6,
    }
}
