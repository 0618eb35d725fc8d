//! From a data set to a maximum: preparation, and the way back to the columns' own units.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{Array2, ArrayBase, ArrayView2, Data, Ix2};

use super::likelihood::{Curvature, link_of};
use super::params::Common;
use super::system::{Evaluation, Room, System};
use super::{Fitter, Level, Link, PersonPeriod, Spell, alternative};
use crate::survival::aft::robust::{meat, one_a_row};
use crate::survival::risk_set::checked_weights;
use crate::survival::transform::Standardiser;
use crate::survival::{Error, FollowUp, Provenance};

/// Below this share of its own variance a column is said to follow from those before it and the intervals.
const ALIASED: f64 = 1e-9;

/// Rows ready to fit, and where to start.
pub(super) struct Prepared {
    pub system: System,
    standard: Standardiser,
    levels: Vec<Level>,
    start: Vec<f64>,
    pub rows: usize,
    pub provenance: Provenance,
}

/// A maximum in the columns' own units.
pub(super) struct Fitted {
    /// Interval by interval, cause by cause.
    pub levels: Vec<Level>,
    /// Cause by cause; 0 for aliased columns.
    pub coefficients: Vec<f64>,
    pub aliased: Vec<usize>,
    pub covariance: Array2<f64>,
    pub robust: Option<Array2<f64>>,
    pub log_likelihood: f64,
    pub log_likelihood_null: f64,
    pub iterations: usize,
}

impl Prepared {
    /// `event_of` turns a follow-up's event into the number of the cause in the model, 0 for none.
    pub fn new<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        common: &Common,
        link: Link,
        causes: usize,
        event_of: impl Fn(u32) -> u32,
    ) -> Result<Prepared, Error> {
        let subjects: Vec<FollowUp> = dataset.as_single_targets().iter().copied().collect();
        let records = dataset.records.view();
        let given: Option<Vec<f64>> = common.weights.clone().or_else(|| {
            let weights = dataset.weights().filter(|weights| !weights.is_empty())?;
            Some(weights.iter().map(|w| f64::from(*w)).collect())
        });
        checked_lengths(records, subjects.len(), common)?;
        let weights = checked_weights(given.as_deref(), subjects.len())?;
        let standard = Standardiser::of(records)?;
        let table = PersonPeriod::expand(common.intervals.clone(), &subjects, common.partial);
        let rows = table.len();
        let mut spells = table.spells;
        spells.iter_mut().for_each(|spell| spell.event = event_of(spell.event));
        let (levels, start) = levels(&spells, &weights, common, link, causes)?;
        Ok(Prepared {
            system: System {
                x: standard.apply(records)?,
                spells,
                weights,
                link,
                causes,
                intervals: common.intervals.count(),
                active: levels.iter().map(|level| matches!(level, Level::Finite(_))).collect(),
            },
            standard,
            levels,
            start,
            rows,
            provenance: Provenance::of(records, &subjects, given.as_deref()),
        })
    }
}

fn checked_lengths(records: ArrayView2<f64>, subjects: usize, common: &Common) -> Result<(), Error> {
    if subjects == 0 {
        return Err(Error::Empty);
    }
    if records.nrows() != subjects {
        return Err(Error::Lengths {
            records: records.nrows(),
            targets: subjects,
        });
    }
    match &common.clusters {
        Some(clusters) => one_a_row(clusters, subjects),
        None => Ok(()),
    }
}

/// Each interval's terms without covariates: the maximum of that model, from which the fit starts.
fn levels(
    spells: &[Spell],
    weights: &[f64],
    common: &Common,
    link: Link,
    causes: usize,
) -> Result<(Vec<Level>, Vec<f64>), Error> {
    let counts = Counts::of(spells, weights, common.intervals.count(), causes);
    let end = |k: usize| common.intervals.ends()[k];
    if let Some(k) = counts.at_risk.iter().position(|n| *n == 0) {
        return Err(Error::NobodyAtRisk { end: end(k) });
    }
    if counts.events.iter().all(|w| *w == 0.0) {
        return Err(Error::NoEvents);
    }
    let (mut levels, mut start) = (Vec::new(), Vec::new());
    for (place, &fallen) in counts.events.iter().enumerate() {
        let k = place / causes;
        let free = counts.weight_free[k];
        let level = match link {
            _ if fallen == 0.0 => Level::Never,
            _ if counts.free[k] == 0 && causes == 1 => Level::Always,
            _ if counts.free[k] == 0 => return Err(Error::EverybodyFalls { end: end(k) }),
            Link::Logit => Level::Finite((fallen / free).ln()),
            link => Level::Finite(link_of(link, fallen / (fallen + free))),
        };
        start.push(if let Level::Finite(term) = level { term } else { 0.0 });
        levels.push(level);
    }
    Ok((levels, start))
}

/// Rows of each interval. Weights may round; whether anybody is at risk, or free of events, is counted.
struct Counts {
    at_risk: Vec<usize>,
    free: Vec<usize>,
    weight_free: Vec<f64>,
    /// Interval by interval, cause by cause.
    events: Vec<f64>,
}

impl Counts {
    fn of(spells: &[Spell], weights: &[f64], count: usize, causes: usize) -> Counts {
        let mut counts = Counts {
            at_risk: vec![0; count],
            free: vec![0; count],
            weight_free: vec![0.0; count],
            events: vec![0.0; count * causes],
        };
        for (spell, w) in spells.iter().zip(weights) {
            for k in spell.first..spell.after {
                counts.at_risk[k] += 1;
                if spell.event > 0 && k + 1 == spell.after {
                    counts.events[k * causes + spell.event as usize - 1] += w;
                } else {
                    counts.free[k] += 1;
                    counts.weight_free[k] += w;
                }
            }
        }
        counts
    }
}

/// Where the maximum is, on standardised columns.
pub(super) struct Top {
    pub theta: Vec<f64>,
    pub iterations: usize,
    /// What the errors stand on, where it is not the expected information at `theta`.
    pub information: Option<Evaluation>,
}

impl Prepared {
    pub(super) fn at_start(&self) -> Vec<f64> {
        let mut theta = self.start.clone();
        theta.resize(self.system.width(), 0.0);
        theta
    }

    /// Maximises by one of the fitters.
    pub fn maximise(&self, fitter: Fitter, common: &Common) -> Result<Fitted, Error> {
        let null = self.system.evaluate(&self.at_start(), Curvature::Observed);
        let aliased = null.reduced(self.system.causes, &[], ALIASED).factor.aliased;
        let top = match fitter {
            Fitter::Newton => self.climb(common, &aliased)?,
            Fitter::Glm { epsilon } => match self.scoring(common, &aliased, epsilon) {
                Some(top) => top,
                None => self.climb(common, &aliased)?,
            },
            Fitter::LinfaLogistic { penalty } => alternative::maximum(self, penalty)?,
        };
        Ok(self.finish(&top, common, &aliased, null.log_likelihood))
    }

    fn finish(&self, top: &Top, common: &Common, aliased: &[usize], log_likelihood_null: f64) -> Fitted {
        let (system, theta) = (&self.system, &top.theta);
        let (causes, p) = (system.causes, system.x.ncols());
        let last = system.evaluate(theta, Curvature::Expected);
        let reduced = top
            .information
            .as_ref()
            .unwrap_or(&last)
            .reduced(self.system.causes, aliased, 1e-13);
        let bread = reduced.inverse(causes, system.coefficients());
        let robust = common.clusters.as_ref().map(|clusters| {
            let mut room = Room::new(causes);
            let middle = meat(clusters, system.width(), |i, out| {
                system.score_of(i, theta, &mut room, out);
            });
            self.to_units(bread.dot(&middle).dot(&bread))
        });
        let (levels, coefficients) = self.in_units(theta);
        Fitted {
            levels,
            coefficients,
            aliased: (aliased.iter().copied()).filter(|j| *j < p).collect(),
            covariance: self.to_units(bread),
            robust,
            log_likelihood: last.log_likelihood,
            log_likelihood_null,
            iterations: top.iterations,
        }
    }

    /// Terms and coefficients per unit.
    fn in_units(&self, theta: &[f64]) -> (Vec<Level>, Vec<f64>) {
        let (causes, p) = (self.system.causes, self.system.x.ncols());
        let coefficients: Vec<f64> = (theta[self.system.interval_terms()..].iter().enumerate())
            .map(|(place, b)| b * self.standard.per_unit(place % p))
            .collect();
        let shift = |cause: usize| -> f64 {
            let own = &coefficients[cause * p..(cause + 1) * p];
            own.iter().zip(&self.standard.means).map(|(b, m)| b * m).sum()
        };
        let levels = (self.levels.iter().enumerate())
            .map(|(place, level)| match level {
                Level::Finite(_) => Level::Finite(theta[place] - shift(place % causes)),
                level => *level,
            })
            .collect();
        (levels, coefficients)
    }

    /// A covariance of standardised parameters as that of parameters per unit: its rows, then its columns.
    fn to_units(&self, mut covariance: Array2<f64>) -> Array2<f64> {
        let (causes, terms, p) = (self.system.causes, self.system.interval_terms(), self.system.x.ncols());
        for _ in 0..2 {
            for place in 0..terms {
                if !self.system.active[place] {
                    continue;
                }
                for j in 0..p {
                    let lever = self.standard.means[j] * self.standard.per_unit(j);
                    let from = covariance.row(terms + place % causes * p + j).to_owned();
                    covariance.row_mut(place).scaled_add(-lever, &from);
                }
            }
            for place in 0..causes * p {
                let unit = self.standard.per_unit(place % p);
                covariance.row_mut(terms + place).mapv_inplace(|v| v * unit);
            }
            covariance = covariance.t().as_standard_layout().into_owned();
        }
        0.5 * (&covariance + &covariance.t())
    }
}
