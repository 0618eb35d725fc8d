//! The smooth calibration curve: what came, as a function of what was predicted.

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};

use super::super::censoring::{from_the_origin, risks_of};
use super::groups::quantile;
use crate::survival::{CauseSpecific, Cox, Error, FollowUp, SurvivalModel};

/// The curve and its distances from the diagonal. Austin, Harrell & van Klaveren, Stat Med 2020;39:2714.
#[derive(Clone, Debug, PartialEq)]
pub struct Smooth {
    /// The risk that the curve gives each subject.
    pub observed: Vec<f64>,
    /// Mean distance between predicted and observed: the integrated calibration index.
    pub ici: f64,
    /// Median distance.
    pub e50: f64,
    /// 90th percentile.
    pub e90: f64,
    pub most: f64,
}

/// How many places of a curve with competing causes are computed; between them it is straight.
const NODES: usize = 513;

/// Where knots stand, as shares of the subjects: Harrell, Regression Modeling Strategies, table 2.3.
fn knot_shares(knots: usize) -> Result<&'static [f64], Error> {
    match knots {
        3 => Ok(&[0.1, 0.5, 0.9]),
        4 => Ok(&[0.05, 0.35, 0.65, 0.95]),
        5 => Ok(&[0.05, 0.275, 0.5, 0.725, 0.95]),
        _ => Err(Error::Parameter {
            name: "the number of knots, which is 3, 4 or 5,",
            value: knots as f64,
        }),
    }
}

/// A Cox model (Efron) of a restricted cubic spline of the complementary log-log of the predicted risk; with other events beside
/// `cause`, the pair of cause-specific models. Errors: `Empty`, `DelayedEntry`, `Lengths`, `NotFinite`, `Parameter` (a risk that is
/// not within (0, 1); knots other than 3, 4 or 5), `NotATime`, `BeyondFollowUp`, and those of the fit.
pub fn smooth(
    subjects: &[FollowUp],
    cause: Option<u32>,
    risks: &[f64],
    horizon: f64,
    knots: usize,
) -> Result<Smooth, Error> {
    check(subjects, risks, horizon)?;
    let shares = knot_shares(knots)?;
    let x: Vec<f64> = risks.iter().map(|risk| (-(-risk).ln_1p()).ln()).collect();
    let mut sorted = x.clone();
    sorted.sort_by(f64::total_cmp);
    let mut at: Vec<f64> = shares.iter().map(|share| quantile(&sorted, *share)).collect();
    at.dedup();
    let basis = Basis { knots: at };
    let ends = (sorted[0], sorted[sorted.len() - 1]);
    let observed = if subjects.iter().all(|s| s.event() == 0 || s.had(cause)) {
        single(subjects, &basis, &x, horizon)?
    } else {
        against_others(subjects, cause, &basis, &x, ends, horizon)?
    };
    let mut apart: Vec<f64> = observed.iter().zip(risks).map(|(o, p)| (o - p).abs()).collect();
    apart.sort_by(f64::total_cmp);
    Ok(Smooth {
        observed,
        ici: apart.iter().sum::<f64>() / apart.len() as f64,
        e50: quantile(&apart, 0.5),
        e90: quantile(&apart, 0.9),
        most: apart[apart.len() - 1],
    })
}

fn check(subjects: &[FollowUp], risks: &[f64], horizon: f64) -> Result<(), Error> {
    from_the_origin(subjects)?;
    risks_of(subjects, risks)?;
    if let Some(&value) = risks.iter().find(|risk| **risk <= 0.0 || **risk >= 1.0) {
        let name = "a risk on a calibration curve";
        return Err(Error::Parameter { name, value });
    }
    let followed = subjects.iter().map(FollowUp::exit).fold(0.0, f64::max);
    if !horizon.is_finite() {
        return Err(Error::NotATime(horizon));
    }
    if horizon > followed {
        return Err(Error::BeyondFollowUp {
            asked: horizon,
            followed,
        });
    }
    Ok(())
}

/// Cubic between the knots, straight outside. With fewer than three distinct knots it is straight altogether.
struct Basis {
    knots: Vec<f64>,
}

impl Basis {
    fn records(&self, x: &[f64]) -> Array2<f64> {
        let columns = 1 + self.knots.len().saturating_sub(2);
        Array2::from_shape_fn((x.len(), columns), |(i, j)| match j {
            0 => x[i],
            _ => self.term(x[i], j - 1),
        })
    }

    fn term(&self, x: f64, j: usize) -> f64 {
        let t = &self.knots;
        let (last, before) = (t[t.len() - 1], t[t.len() - 2]);
        let cube = |knot: f64| (x - knot).max(0.0).powi(3);
        let tail = (cube(before) * (last - t[j]) - cube(last) * (before - t[j])) / (last - before);
        (cube(t[j]) - tail) / (last - t[0]).powi(2)
    }
}

fn single(subjects: &[FollowUp], basis: &Basis, x: &[f64], horizon: f64) -> Result<Vec<f64>, Error> {
    let records = basis.records(x);
    let data = Dataset::new(records.clone(), Array1::from(subjects.to_vec()));
    let free = Cox::params().fit(&data)?.survival_at(records.view(), &[horizon])?;
    Ok(free.iter().map(|s| 1.0 - s).collect())
}

fn against_others(
    subjects: &[FollowUp],
    cause: Option<u32>,
    basis: &Basis,
    x: &[f64],
    (low, high): (f64, f64),
    horizon: f64,
) -> Result<Vec<f64>, Error> {
    let two = |s: &FollowUp| {
        let event = if s.had(cause) { 1 } else { 2 * s.event().min(1) };
        s.with_event(event)
    };
    let pair = CauseSpecific::fit(basis.records(x), subjects.iter().map(two).collect())?;
    let step = (high - low) / (NODES - 1) as f64;
    let nodes: Vec<f64> = (0..NODES).map(|k| low + step * k as f64).collect();
    let records = basis.records(&nodes);
    let curve = (records.rows().into_iter())
        .map(|row| pair.risk(row, 0.0, horizon))
        .collect::<Result<Vec<f64>, Error>>()?;
    let between = |x: f64| {
        let place = if step > 0.0 { (x - low) / step } else { 0.0 };
        let left = (place as usize).min(NODES - 2);
        let part = place - left as f64;
        (1.0 - part) * curve[left] + part * curve[left + 1]
    };
    Ok(x.iter().map(|x| between(*x)).collect())
}
