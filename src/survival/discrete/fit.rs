//! From a data set to a maximum: preparation, Newton's method, and the way back to the columns' own units.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{Array2, ArrayBase, ArrayView2, Data, Ix2};

use super::likelihood::{Curvature, link_of};
use super::params::Common;
use super::system::{Evaluation, Reduced, Room, System};
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
        let spells: Vec<Spell> = (table.spells.iter())
            .map(|spell| Spell {
                event: event_of(spell.event),
                ..*spell
            })
            .collect();
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
    let count = common.intervals.count();
    // Weights may round; who is at risk is counted.
    let (mut at_risk, mut free) = (vec![0usize; count], vec![0usize; count]);
    let mut weight_free = vec![0.0; count];
    let mut events = vec![0.0; count * causes];
    for (spell, w) in spells.iter().zip(weights) {
        for k in spell.first..spell.after {
            at_risk[k] += 1;
            match spell.event {
                event if event > 0 && k + 1 == spell.after => events[k * causes + event as usize - 1] += w,
                _ => {
                    free[k] += 1;
                    weight_free[k] += w;
                }
            }
        }
    }
    if let Some(k) = at_risk.iter().position(|n| *n == 0) {
        let end = common.intervals.ends()[k];
        return Err(Error::NobodyAtRisk { end });
    }
    if events.iter().all(|w| *w == 0.0) {
        return Err(Error::NoEvents);
    }
    let (mut levels, mut start) = (Vec::new(), Vec::new());
    for (place, &fallen) in events.iter().enumerate() {
        let k = place / causes;
        let level = match link {
            _ if fallen == 0.0 => Level::Never,
            _ if free[k] == 0 && causes == 1 => Level::Always,
            _ if free[k] == 0 => {
                let end = common.intervals.ends()[k];
                return Err(Error::EverybodyFalls { end });
            }
            Link::Logit => Level::Finite((fallen / weight_free[k]).ln()),
            link => Level::Finite(link_of(link, fallen / (fallen + weight_free[k]))),
        };
        start.push(if let Level::Finite(term) = level { term } else { 0.0 });
        levels.push(level);
    }
    Ok((levels, start))
}

/// Where the maximum is, on standardised columns.
pub(super) struct Top {
    pub theta: Vec<f64>,
    pub iterations: usize,
    /// What the errors stand on, where it is not the expected information at `theta`.
    pub information: Option<Evaluation>,
}

impl Prepared {
    fn at_start(&self) -> Vec<f64> {
        let mut theta = self.start.clone();
        theta.resize(self.system.width(), 0.0);
        theta
    }

    /// Maximises by one of the fitters.
    pub fn maximise(&self, fitter: Fitter, common: &Common) -> Result<Fitted, Error> {
        let null = self.system.evaluate(&self.at_start(), Curvature::Observed);
        let aliased = null.reduced(&[], ALIASED).factor.aliased;
        let top = match fitter {
            Fitter::Newton => self.climb(common, &aliased)?,
            Fitter::Glm { epsilon } => self.scoring(common, &aliased, epsilon)?,
            Fitter::LinfaLogistic { penalty } => alternative::maximum(self, penalty)?,
        };
        Ok(self.finish(&top, common, aliased, null.log_likelihood))
    }

    /// Fisher scoring from R's start to R's stop.
    fn scoring(&self, common: &Common, aliased: &[usize], epsilon: f64) -> Result<Top, Error> {
        let system = &self.system;
        let mut theta = vec![0.0; system.width()];
        let mut here = system.evaluate(&theta, Curvature::Start);
        let mut deviance = f64::INFINITY;
        for iterations in 1..=common.max_iterations {
            let step = here.reduced(aliased, 1e-13).solve(&here.score, system.causes);
            theta.iter_mut().zip(&step).for_each(|(b, s)| *b += s);
            let there = system.evaluate(&theta, Curvature::Expected);
            if !there.is_finite() {
                break;
            }
            let before = std::mem::replace(&mut deviance, -2.0 * there.log_likelihood);
            if (deviance - before).abs() / (deviance.abs() + 0.1) < epsilon {
                return Ok(Top {
                    theta,
                    iterations,
                    information: Some(here),
                });
            }
            here = there;
        }
        let terms = system.interval_terms();
        let longest = (0..theta.len()).max_by(|a, b| theta[*a].abs().total_cmp(&theta[*b].abs()));
        Err(self.runaway(common.max_iterations, longest.unwrap_or(terms), common))
    }

    fn climb(&self, common: &Common, aliased: &[usize]) -> Result<Top, Error> {
        let system = &self.system;
        let mut theta = self.at_start();
        let mut here = system.evaluate(&theta, Curvature::Observed);
        let (mut close, mut longest) = (false, 0);
        for iterations in 1..=common.max_iterations {
            let reduced = here.reduced(aliased, 1e-13);
            if let Some(&column) = reduced.factor.aliased.iter().find(|j| !aliased.contains(j)) {
                return Err(self.runaway(iterations, system.interval_terms() + column, common));
            }
            let mut step = reduced.solve(&here.score, system.causes);
            longest = (0..step.len())
                .max_by(|a, b| step[*a].abs().total_cmp(&step[*b].abs()))
                .unwrap_or(0);
            let length = step[longest].abs();
            let Some((moved, there, whole)) = self.uphill(&theta, &here, &mut step) else {
                return Err(self.runaway(iterations, longest, common));
            };
            (theta, here) = (moved, there);
            if close {
                return Ok(Top {
                    theta,
                    iterations,
                    information: None,
                });
            }
            // Newton's error is about the square of the step before, so one more step after a short one is exact.
            close = whole && length <= common.tolerance;
        }
        Err(self.runaway(common.max_iterations, longest, common))
    }

    /// The step, halved until the likelihood does not fall; says whether the whole step was taken.
    fn uphill(&self, theta: &[f64], here: &Evaluation, step: &mut [f64]) -> Option<(Vec<f64>, Evaluation, bool)> {
        let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
        for halvings in 0..=40 {
            let moved: Vec<f64> = theta.iter().zip(step.iter()).map(|(b, s)| b + s).collect();
            let there = self.system.evaluate(&moved, Curvature::Observed);
            if there.is_finite() && there.log_likelihood >= here.log_likelihood - slack {
                return Some((moved, there, halvings == 0));
            }
            step.iter_mut().for_each(|s| *s *= 0.5);
        }
        None
    }

    fn runaway(&self, iterations: usize, place: usize, common: &Common) -> Error {
        let terms = self.system.interval_terms();
        let term = match place.checked_sub(terms) {
            Some(coefficient) => format!("the coefficient of column {}", coefficient % self.system.x.ncols()),
            None => {
                let interval = common.intervals.name(place / self.system.causes);
                format!("the hazard in {interval}")
            }
        };
        Error::Runaway { iterations, term }
    }

    fn finish(&self, top: &Top, common: &Common, aliased: Vec<usize>, log_likelihood_null: f64) -> Fitted {
        let (system, theta) = (&self.system, &top.theta);
        let (causes, terms) = (system.causes, system.interval_terms());
        let last = system.evaluate(theta, Curvature::Expected);
        let reduced: Reduced = top.information.as_ref().unwrap_or(&last).reduced(&aliased, 1e-13);
        let bread = reduced.inverse(causes, system.coefficients());
        let mut covariance = bread.clone();
        self.to_units(&mut covariance);
        let robust = common.clusters.as_ref().map(|clusters| {
            let mut room = Room::new(causes);
            let middle = meat(clusters, system.width(), |i, out| {
                system.score_of(i, theta, &mut room, out)
            });
            let mut robust = bread.dot(&middle).dot(&bread);
            self.to_units(&mut robust);
            robust
        });
        let p = system.x.ncols();
        let coefficients: Vec<f64> = (theta[terms..].iter().enumerate())
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
        Fitted {
            levels,
            coefficients,
            aliased: (aliased.iter().copied()).filter(|j| *j < p).collect(),
            covariance,
            robust,
            log_likelihood: last.log_likelihood,
            log_likelihood_null,
            iterations: top.iterations,
        }
    }

    /// A covariance of standardised parameters, in place, as that of parameters per unit: rows, then columns.
    fn to_units(&self, covariance: &mut Array2<f64>) {
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
            *covariance = covariance.t().as_standard_layout().into_owned();
        }
    }
}
