//! What one reading says of each hidden state: a likelihood of its own for each kind, with a share of slips of decimal, unit or tube.

use std::collections::BTreeMap;
use std::f64::consts::LN_10;
use std::sync::Arc;

use super::counts::{Count, at_least, below_two, given, log_count, log_found, log_normal, log_ways};
use super::engine::{Engine, LEVELS, level_node};
use super::message::{Message, NODES, dot, sum};
use super::wide::wide;
use crate::burden::case::{Case, Finding, Found, Signal, Tissue, What};
use crate::burden::population::{Assay, Cells, LATTICE, Marker, SHEDS, organ_of, own};

/// Of one reading, up to a common factor.
#[derive(Clone, Debug)]
pub struct Likelihood {
    pub cleared: f64,
    pub silent: f64,
    /// By node, or by shed and node where that makes a difference.
    pub growing: Vec<f64>,
    /// The same for a tumour that makes the marker which is read, by node.
    pub made: Option<Vec<f64>>,
    /// P(the reading as it stands) / P(it, or a slip), in each state in the same order.
    pub sound: Option<Box<Sound>>,
}

#[derive(Clone, Debug)]
pub struct Sound {
    pub cleared: f64,
    pub silent: f64,
    pub growing: Vec<f64>,
}

/// The patient's own baseline of a marker, or level of a clonal fraction: a normal law that each reading sharpens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Own {
    pub mean: f64,
    pub variance: f64,
    pub day: i32,
    /// P(this patient's tumour makes the marker).
    pub made: f64,
}

/// What has been learned of this patient beside the hidden state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tracked {
    pub markers: BTreeMap<Arc<str>, Own>,
    pub clonal: BTreeMap<Arc<str>, Own>,
}

pub struct Context<'a> {
    pub engine: &'a Engine,
    pub organ: &'a str,
}

/// Drift of a baseline: standard deviation 0.06 in a year.
const DRIFT: f64 = 0.0036 / 365.0;
/// Readings of a marker lie anywhere within e^±7 of the usual after a swap.
const ANYWHERE: f64 = 1.0 / 14.0;

impl<'a> Context<'a> {
    pub fn of(engine: &'a Engine, case: &'a Case) -> Context<'a> {
        Context {
            engine,
            organ: organ_of(&case.group),
        }
    }

    /// What the reading says. `clonal`: whether the patient is taken for a carrier of clonal haematopoiesis.
    pub fn likelihood(&self, signal: &Signal, tracked: &Tracked, clonal: bool) -> Option<Likelihood> {
        match &signal.what {
            What::Molecules { assay, examined, found } => {
                let known = own(&self.engine.population.assays, assay)?;
                let own = (clonal && known.mistakes_clones())
                    .then(|| tracked.clonal.get(assay).copied().unwrap_or(clonal_prior(known)));
                Some(self.molecules(known, *examined, *found, own))
            }
            What::Cells {
                tissue,
                count,
                screened,
            } => self.cells(*tissue, *count, *screened),
            What::Marker { analyte, level } => {
                let marker = self.engine.marker(analyte, self.organ)?;
                Some(self.marker(marker, self.own(signal, tracked)?, *level))
            }
            What::Scan { finding } => self.scan(*finding),
        }
    }

    /// The patient's own level of the marker that is read, as it stands before the reading.
    pub fn own(&self, signal: &Signal, tracked: &Tracked) -> Option<Own> {
        let What::Marker { analyte, .. } = &signal.what else {
            return None;
        };
        let marker = self.engine.marker(analyte, self.organ)?;
        let own = tracked
            .markers
            .get(analyte)
            .copied()
            .unwrap_or(marker_prior(marker, signal.on));
        Some(own.on(signal.on))
    }

    fn molecules(&self, assay: &Assay, examined: f64, found: Found, clonal: Option<Own>) -> Likelihood {
        let population = &self.engine.population;
        let size = population.molecules_size;
        let extra = assay.noise + clonal.map_or(0.0, |own| examined * own.mean.exp());
        let gain = examined * assay.bias.exp();
        let slip = population.slip;
        let ways = match found {
            Found::Number(n) => [n, n * 10.0, n / 10.0].map(|n| log_ways(n, size)),
            _ => [0.0; 3],
        };
        let probability = move |mean: f64| -> (f64, f64) {
            match found {
                Found::Below(_) => {
                    let p = below_two(mean, size);
                    (p, p * (1.0 - slip) + slip * 0.5)
                }
                Found::Above(n) => {
                    let p = at_least(n, mean, size);
                    (p, p * (1.0 - slip) + slip * 0.5)
                }
                Found::Number(n) => {
                    let law = Count::new(mean, size);
                    let p = (ways[0] + law.log(n)).exp();
                    // a density on the scale of n stays one when the scale slips
                    let up = (ways[1] + law.log(n * 10.0)).exp() * 10.0;
                    let down = (ways[2] + law.log(n / 10.0)).exp() / 10.0;
                    (p, p * (1.0 - slip) + slip * (0.25 * (up + down) + 0.5 * anywhere(n)))
                }
            }
        };
        let (still, still_all) = probability(extra.max(1e-4));
        let levels: Vec<(f64, f64)> = (0..LEVELS)
            .map(|i| probability((gain * self.engine.fractions[i] + extra).max(1e-4)))
            .collect();
        let by = |of: &dyn Fn(&(f64, f64)) -> f64| {
            (0..SHEDS)
                .flat_map(|shed| (0..NODES).map(move |node| level_node(shed, node)))
                .map(|i| of(&levels[i]))
                .collect::<Vec<f64>>()
        };
        Likelihood {
            cleared: still_all,
            silent: still_all,
            growing: by(&|l| l.1),
            made: None,
            sound: Some(Box::new(Sound {
                cleared: still * (1.0 - slip) / still_all,
                silent: still * (1.0 - slip) / still_all,
                growing: by(&|l| l.0 * (1.0 - slip) / l.1),
            })),
        }
    }

    fn cells(&self, tissue: Tissue, count: f64, screened: f64) -> Option<Likelihood> {
        let population = &self.engine.population;
        let (learned, grown) = match tissue {
            Tissue::Blood => (&population.blood, &self.engine.blood),
            Tissue::Marrow => (&population.marrow, &self.engine.marrow),
        };
        let (cells, grown): (&Cells, &Vec<f64>) = (own(learned, self.organ)?, own(grown, self.organ)?);
        let slip = population.slip;
        let ways = log_ways(count, cells.size);
        let at = |per_unit: f64| {
            let mean = (per_unit * screened).max(1e-6);
            let p = (ways + log_count(count, mean, cells.size)).exp();
            p * (1.0 - slip) + slip * anywhere(count)
        };
        let nodes: Vec<f64> = grown.iter().map(|more| at(cells.noise + cells.silent + more)).collect();
        Some(Likelihood {
            cleared: at(cells.noise),
            silent: at(cells.noise + cells.silent),
            growing: nodes,
            made: None,
            sound: None,
        })
    }

    fn marker(&self, marker: &Marker, own: Own, level: Found) -> Likelihood {
        let slip = self.engine.population.slip;
        let still_sd = (marker.noise_sd.powi(2) + own.variance).sqrt();
        let density = |mean: f64, sd: f64| {
            let p = log_found(level, mean, sd).exp();
            match level {
                Found::Number(y) => {
                    let at = |shift: f64| log_normal(y + shift, mean, sd).exp();
                    let slipped = 0.25 * (at(LN_10) + at(-LN_10)) + 0.5 * ANYWHERE;
                    (p, p * (1.0 - slip) + slip * slipped)
                }
                Found::Below(_) | Found::Above(_) => both(p, slip),
            }
        };
        let (still, still_all) = density(own.mean, still_sd);
        let node = |i: usize| {
            let (whole, sd) = marker.with_tumour(own.mean, still_sd, LATTICE.node(i));
            let (made, made_all) = density(whole, sd);
            (
                own.made * made + (1.0 - own.made) * still,
                own.made * made_all + (1.0 - own.made) * still_all,
                made_all,
            )
        };
        let nodes: Vec<(f64, f64, f64)> = (0..NODES).map(node).collect();
        let all: Vec<f64> = nodes.iter().map(|n| n.1).collect();
        let sound: Vec<f64> = nodes.iter().map(|n| n.0 * (1.0 - slip) / n.1).collect();
        Likelihood {
            cleared: still_all,
            silent: still_all,
            growing: all,
            made: Some(nodes.iter().map(|n| n.2).collect()),
            sound: Some(Box::new(Sound {
                cleared: still * (1.0 - slip) / still_all,
                silent: still * (1.0 - slip) / still_all,
                growing: sound,
            })),
        }
    }

    fn scan(&self, finding: Finding) -> Option<Likelihood> {
        let population = &self.engine.population;
        let usual = population.equivocal_clear;
        let (still, nodes): (f64, Vec<f64>) = match finding {
            Finding::Clear => {
                let p = |i: usize| (1.0 - population.seen[i]) * (1.0 - population.equivocal[i]);
                (1.0 - usual, (0..NODES).map(p).collect())
            }
            Finding::Equivocal => {
                let p = |i: usize| (1.0 - population.seen[i]) * population.equivocal[i] + 1e-4;
                (usual, (0..NODES).map(p).collect())
            }
            // what a scan has seen is an event, not a hint
            Finding::Disease => return None,
        };
        Some(Likelihood {
            cleared: still,
            silent: still,
            growing: nodes,
            made: None,
            sound: None,
        })
    }

    /// Sharpens what is known of this patient's own levels: by the share of the reading that is not of a tumour (`still`) and sound.
    pub fn track(&self, signal: &Signal, tracked: &mut Tracked, still: f64, made: Option<f64>, clonal: bool) {
        match &signal.what {
            What::Marker {
                analyte,
                level: level @ (Found::Number(y) | Found::Below(y)),
            } => {
                if let Some(marker) = self.engine.marker(analyte, self.organ) {
                    let known = tracked
                        .markers
                        .entry(Arc::clone(analyte))
                        .or_insert(marker_prior(marker, signal.on));
                    let before = known.on(signal.on);
                    *known = match level {
                        Found::Below(_) => before.bounded(*y, marker.noise_sd, still),
                        _ => before.sharpened(*y, marker.noise_sd, still),
                    };
                    known.made = made.unwrap_or(known.made);
                }
            }
            What::Molecules {
                assay,
                examined,
                found: Found::Number(n),
            } if clonal && *n > 0.0 => {
                if let Some(known) = own(&self.engine.population.assays, assay) {
                    let carried = tracked.clonal.entry(Arc::clone(assay)).or_insert(clonal_prior(known));
                    let sd = (1.0 / n + 1.0 / self.engine.population.molecules_size).sqrt();
                    *carried = carried.sharpened((n / examined).ln(), sd, still);
                }
            }
            _ => {}
        }
    }
}

impl Likelihood {
    pub fn apply(&self, message: &mut Message) {
        message.cleared *= self.cleared;
        message.silent *= self.silent;
        wide(
            #[inline(always)]
            || {
                for part in message.growing.chunks_exact_mut(self.growing.len()) {
                    part.iter_mut().zip(&self.growing).for_each(|(m, l)| *m *= l);
                }
            },
        );
    }

    /// What the reading makes of P(the tumour makes the marker), from the distribution before it: it says something only where a tumour
    /// grows.
    pub fn made(&self, before: &Message, made: f64) -> Option<f64> {
        let of_made = self.made.as_ref()?;
        let (mut yes, mut no) = (self.cleared * 1e-12, self.cleared * 1e-12);
        wide(
            #[inline(always)]
            || {
                for part in before.growing.chunks_exact(NODES) {
                    yes += dot(part, of_made);
                    no += sum(part) * self.cleared;
                }
            },
        );
        Some((made * yes / (made * yes + (1.0 - made) * no)).clamp(0.02, 0.99))
    }

    /// P(the reading is a slip) in this distribution over the states, the reading already applied.
    pub fn slipped(&self, message: &Message) -> Option<f64> {
        let sound = self.sound.as_ref()?;
        let mut mass = message.cleared * sound.cleared + message.silent * sound.silent;
        wide(
            #[inline(always)]
            || {
                for part in message.growing.chunks_exact(sound.growing.len()) {
                    mass += dot(part, &sound.growing);
                }
            },
        );
        Some((1.0 - mass / message.mass()).clamp(0.0, 1.0))
    }
}

impl Own {
    fn on(self, day: i32) -> Own {
        let days = f64::from((day - self.day).max(0));
        Own {
            variance: self.variance + DRIFT * days,
            day,
            ..self
        }
    }

    fn sharpened(self, y: f64, sd: f64, weight: f64) -> Own {
        let gain = weight * self.variance / (weight * self.variance + sd * sd);
        Own {
            mean: self.mean + gain * (y - self.mean),
            variance: self.variance * (1.0 - gain),
            ..self
        }
    }

    /// After a value below `limit`: the first two moments of what is left of the normal law.
    fn bounded(self, limit: f64, sd: f64, weight: f64) -> Own {
        let whole = self.variance + sd * sd;
        let (mean, variance) = given(Found::Below(limit), self.mean, whole.sqrt());
        let gain = weight * self.variance / whole;
        Own {
            mean: self.mean + gain * (mean - self.mean),
            variance: self.variance * (1.0 - gain * (1.0 - variance / whole)).clamp(0.0, 1.0),
            ..self
        }
    }
}

pub fn marker_prior(marker: &Marker, day: i32) -> Own {
    Own {
        mean: marker.usual,
        variance: marker.usual_sd.powi(2),
        day,
        made: marker.made,
    }
}

fn clonal_prior(assay: &Assay) -> Own {
    Own {
        mean: assay.clonal_level,
        variance: assay.clonal_sd.powi(2),
        day: 0,
        made: 1.0,
    }
}

fn both(p: f64, slip: f64) -> (f64, f64) {
    (p, p * (1.0 - slip) + slip * 0.5)
}

/// A count from anywhere, after a swap of tubes: flat in its logarithm.
fn anywhere(n: f64) -> f64 {
    0.1 / (1.0 + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Held to the moments of the normal law times the probability of a value below the limit, summed on a grid.
    #[test]
    fn a_value_below_its_limit_lowers_the_own_baseline() {
        let before = Own {
            mean: 1.0,
            variance: 0.49,
            day: 0,
            made: 0.5,
        };
        for (limit, sd) in [(1.5, 0.2), (0.0, 0.2), (-1.0, 0.4), (4.0, 0.1)] {
            let (mut mass, mut first, mut second) = (0.0, 0.0, 0.0);
            for i in 0..40_000 {
                let x = -9.0 + 5e-4 * f64::from(i);
                let p = (log_normal(x, before.mean, 0.7) + log_found(Found::Below(limit), x, sd)).exp();
                (mass, first, second) = (mass + p, first + p * x, second + p * x * x);
            }
            let (mean, variance) = (first / mass, second / mass - (first / mass).powi(2));
            let after = before.bounded(limit, sd, 1.0);
            assert!(
                (after.mean - mean).abs() < 1e-6 && (after.variance - variance).abs() < 1e-6,
                "{limit}: {after:?}"
            );
        }
        let far = before.bounded(-60.0, 0.2, 1.0);
        assert!(
            far.mean.is_finite() && far.variance.is_finite() && far.variance >= 0.0,
            "{far:?}"
        );
        assert_eq!(
            before.bounded(0.0, 0.2, 0.0).mean,
            before.mean,
            "of a tumour's reading nothing is learned"
        );
    }
}
