//! The likelihoods' own parameters, each moved to where the readings, weighted by where their patients may be, are likeliest.

use std::collections::BTreeMap;

use super::learn::WORTH;
use super::maximise::maximise;
use super::tally::{Counted, Level, Molecules, PatientTally};
use super::{Assay, Cells, LATTICE, Marker};
use crate::burden::case::Found;
use crate::burden::filter::{at_least, below_two, cells_grown, given, level, log_count, log_found, log_ways};

pub(super) fn most_used(readings: &[Molecules]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for reading in readings {
        *counts.entry(&reading.assay).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(_, n)| *n)
        .map(|(name, _)| name.to_owned())
}

/// The share of carriers among those whom this assay has read: some of those in whom it found something.
pub(super) fn carriers(patients: &[PatientTally], assay: &str) -> f64 {
    let read = patients.iter().filter(|p| p.assays.contains_key(assay)).count() as f64;
    let found = patients.iter().filter(|p| p.assays.get(assay) == Some(&true));
    let carried: f64 = found.filter_map(|p| p.carrier).sum();
    carried / (read + 20.0)
}

/// Expected log likelihood of a reading over where its patient may be, as far as it is sound and not of a clonal fraction.
pub(super) fn expected(reading: &Molecules, bias: f64, noise: f64, size: f64) -> f64 {
    let log = |mean: f64| match reading.found {
        Found::Below(_) => below_two(mean, size).ln(),
        Found::Above(n) => at_least(n, mean, size).max(1e-12).ln(),
        Found::Number(n) => log_ways(n, size) + log_count(n, mean, size),
    };
    let own = 1.0 - reading.carrier;
    let still = reading.still * log(noise.max(1e-4));
    let gain = reading.examined * bias.exp();
    let growing: f64 = reading
        .levels
        .iter()
        .map(|(i, m)| f64::from(*m) * log(gain * level(*i as usize).exp() + noise))
        .sum();
    reading.sound * own * (still + growing)
}

pub(super) fn move_assay(assay: &mut Assay, own: &[&Molecules], size: f64, reference: bool) {
    let q = |bias: f64, noise: f64| own.iter().map(|r| expected(r, bias, noise, size)).sum::<f64>();
    let at = maximise(-7.0, 1.0, 0.02, |log| {
        q(assay.bias, log.exp()) - 2.0 * (log + 2.3).powi(2) * 0.1
    });
    assay.noise = at.exp();
    if !reference {
        assay.bias = maximise(-2.5, 2.5, 0.02, |bias| q(bias, assay.noise) - 4.0 * bias * bias);
    }
}

pub(super) fn move_cells(cells: &mut Cells, own: &[&Counted], base: &Cells) {
    let value = |cells: &Cells| {
        let log = |per_unit: f64, c: &Counted| {
            let mean = (per_unit * c.screened).max(1e-6);
            log_ways(c.count, cells.size) + log_count(c.count, mean, cells.size)
        };
        let reading = |c: &&Counted| {
            let growing: f64 = c
                .nodes
                .iter()
                .map(|(i, m)| {
                    f64::from(*m)
                        * log(
                            cells.noise + cells.silent + cells_grown(cells, LATTICE.node(*i as usize)),
                            c,
                        )
                })
                .sum();
            c.cleared * log(cells.noise, c) + c.silent * log(cells.noise + cells.silent, c) + growing
        };
        let apart = |a: f64, b: f64| (a / b).ln().powi(2);
        own.iter().map(reading).sum::<f64>()
            - WORTH
                * (0.05 * apart(cells.noise, base.noise)
                    + 0.05 * apart(cells.silent, base.silent)
                    + 0.2 * apart(cells.size, base.size))
            - WORTH * (0.05 * (cells.at_anchor - base.at_anchor).powi(2) + 2.0 * (cells.rise - base.rise).powi(2))
    };
    let with = |change: &dyn Fn(&mut Cells)| {
        let mut other = cells.clone();
        change(&mut other);
        value(&other)
    };
    let noise = maximise(-9.0, 1.0, 0.05, |x| with(&|c| c.noise = x.exp())).exp();
    cells.noise = noise;
    let with = |cells: &Cells, change: &dyn Fn(&mut Cells)| {
        let mut other = cells.clone();
        change(&mut other);
        value(&other)
    };
    cells.silent = maximise(-9.0, 2.0, 0.05, |x| with(cells, &|c| c.silent = x.exp())).exp();
    cells.at_anchor = maximise(-8.0, 4.0, 0.05, |x| with(cells, &|c| c.at_anchor = x));
    cells.rise = maximise(0.0, 1.5, 0.03, |x| with(cells, &|c| c.rise = x));
    cells.size = maximise(-3.5, 2.0, 0.05, |x| with(cells, &|c| c.size = x.exp())).exp();
}

pub(super) fn move_marker(marker: &mut Marker, own: &[&Level]) {
    // the patients' baselines, from first readings that are not of a tumour
    let still_sd = marker.usual_sd.hypot(marker.noise_sd);
    let first: Vec<(f64, f64, f64)> = (own.iter().filter(|l| l.first))
        .map(|l| {
            let (y, variance) = given(l.found, marker.usual, still_sd);
            (l.still * l.sound, y, variance)
        })
        .collect();
    let (w, sum) = (first.iter()).fold((WORTH, WORTH * marker.usual), |(w, s), (weight, y, _)| {
        (w + weight, s + weight * y)
    });
    let usual = sum / w;
    let square: f64 = (first.iter())
        .map(|(weight, y, variance)| weight * ((y - usual).powi(2) + variance))
        .sum();
    let noise: (f64, f64) =
        own.iter()
            .filter(|l| !l.first)
            .fold((WORTH, WORTH * marker.noise_sd.powi(2)), |(w, s), l| {
                let weight = l.still * l.sound;
                let whole = marker.noise_sd.powi(2) + l.own.variance;
                let (y, variance) = given(l.found, l.own.mean, whole.sqrt());
                let share = marker.noise_sd.powi(2) / whole;
                (w + weight, s + weight * share * ((y - l.own.mean).powi(2) + variance))
            });
    let spread_of_usual = ((square + WORTH * marker.usual_sd.powi(2)) / w - marker.noise_sd.powi(2)).max(0.01);
    marker.usual = usual;
    marker.usual_sd = spread_of_usual.sqrt();
    marker.noise_sd = (noise.1 / noise.0).sqrt().clamp(0.02, 2.0);
    let value = |m: &Marker| {
        let reading = |l: &&Level| {
            let still_sd = (m.noise_sd.powi(2) + l.own.variance).sqrt();
            let still = log_found(l.found, l.own.mean, still_sd).exp();
            let part = |(i, mass): &(u16, f32)| {
                let (whole, sd) = m.with_tumour(l.own.mean, still_sd, LATTICE.node(*i as usize));
                let p = l.own.made * log_found(l.found, whole, sd).exp() + (1.0 - l.own.made) * still;
                f64::from(*mass) * p.max(1e-12).ln()
            };
            l.sound * l.nodes.iter().map(part).sum::<f64>()
        };
        own.iter().filter(|l| !l.nodes.is_empty()).map(reading).sum::<f64>()
            - 2.0 * ((m.at_anchor - m.usual + 0.5) / 1.5).powi(2)
            - 4.0 * (m.rise - 0.8).powi(2)
            - 2.0 * (m.spread - 1.0).powi(2)
    };
    let with = |m: &Marker, change: &dyn Fn(&mut Marker)| {
        let mut other = m.clone();
        change(&mut other);
        value(&other)
    };
    marker.at_anchor = maximise(marker.usual - 7.0, marker.usual + 4.0, 0.05, |x| {
        with(marker, &|m| m.at_anchor = x)
    });
    marker.rise = maximise(0.1, 2.0, 0.03, |x| with(marker, &|m| m.rise = x));
    marker.spread = maximise(0.1, 2.5, 0.03, |x| with(marker, &|m| m.spread = x));
    let last = own.iter().filter(|l| l.last);
    let (made, grown) = last.fold((WORTH * 0.6, WORTH), |(made, grown), l| {
        let growing = 1.0 - l.still;
        (made + growing * l.own.made, grown + growing)
    });
    marker.made = (made / grown).clamp(0.05, 0.97);
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ContinuousCDF, Normal};

    use super::*;
    use crate::burden::filter::Own;

    /// Where a third of the patients lie below the limit, the usual level is not that of the others.
    #[test]
    fn usual_levels_are_learned_from_readings_below_the_limit_as_well() {
        let law = Normal::new(-1.0, 0.8).unwrap();
        let limit = law.inverse_cdf(0.3);
        let mut marker = Marker {
            usual: 0.0,
            usual_sd: 0.4,
            noise_sd: 0.1,
            at_anchor: -0.5,
            rise: 0.8,
            spread: 1.0,
            made: 0.6,
        };
        let patients = 1000;
        for _ in 0..60 {
            let level = |i: usize| {
                let y = law.inverse_cdf((i as f64 + 0.5) / patients as f64);
                Level {
                    analyte: "PSA".to_owned(),
                    organ: "prostate".to_owned(),
                    own: Own {
                        mean: marker.usual,
                        variance: marker.usual_sd.powi(2),
                        day: 0,
                        made: 0.6,
                    },
                    first: true,
                    last: true,
                    found: if y < limit {
                        Found::Below(limit)
                    } else {
                        Found::Number(y)
                    },
                    still: 1.0,
                    nodes: vec![],
                    sound: 1.0,
                }
            };
            let levels: Vec<Level> = (0..patients).map(level).collect();
            move_marker(&mut marker, &levels.iter().collect::<Vec<_>>());
        }
        assert!((marker.usual + 1.0).abs() < 0.03, "{}", marker.usual);
        assert!((marker.usual_sd - 0.8).abs() < 0.04, "{}", marker.usual_sd);
    }
}
