//! Does a hazard ratio stay the same over time?

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};

use super::{CoxModel, CoxValidParams};
use crate::survival::symmetric::Cholesky;
use crate::survival::{Error, FollowUp, KaplanMeier, Test};

/// The function of time with which a coefficient is said to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeScale {
    Identity,
    Log,
    /// One less the Kaplan-Meier curve just before the time.
    KaplanMeier,
    /// The rank among all times, as R's: of censorings too.
    Rank,
}

/// For each column the score test that its coefficient does not change with the function of time, and one for all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Proportionality {
    pub scale: TimeScale,
    pub names: Vec<String>,
    /// `None` for an aliased column.
    pub columns: Vec<Option<Test>>,
    pub all: Test,
}

impl CoxValidParams {
    /// The test of a model on the rows that it was fitted to: Rao's score test of the products of covariates and time, as R's
    /// `cox.zph` of survival 3. Grambsch & Therneau, Biometrika 1994;81:515. Errors as of `residuals`; `Parameter` for
    /// a time of 0 or below on the log scale.
    pub fn proportionality<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        model: &CoxModel,
        scale: TimeScale,
    ) -> Result<Proportionality, Error> {
        let fitted = self.fitted(dataset, model)?;
        let design = &fitted.design;
        let deaths: Vec<(f64, usize)> = design.groups.iter().map(|g| (g.time, g.dead().len())).collect();
        let turn = |s: &FollowUp| s.with_event(u32::from(s.had(self.cause)));
        let own: Vec<FollowUp> = fitted.rows.subjects.iter().map(turn).collect();
        let g = scale.of(&deaths, &own)?;
        let moment = |power: i32| design.derivatives(&fitted.state, self.ties, |k| g[k].powi(power));
        let (_, plain, _) = moment(0);
        let (score, mixed, _) = moment(1);
        let (_, squared, _) = moment(2);
        let p = model.coefficients.len();
        // What the test knows of the products once the coefficients have had their say.
        let inverse = super::fit::without(&plain, &model.aliased).inverse(p);
        let left: Array2<f64> = squared - mixed.dot(&inverse).dot(&mixed);
        let column = |j: usize| {
            let free = !model.aliased.contains(&j) && left[[j, j]] > 0.0;
            free.then(|| Test::of(score[j] * score[j] / left[[j, j]], 1))
        };
        let columns: Vec<Option<Test>> = (0..p).map(column).collect();
        let mut joint = left.clone();
        for j in (0..p).filter(|j| columns[*j].is_none()) {
            joint.row_mut(j).fill(0.0);
            joint.column_mut(j).fill(0.0);
        }
        let factor = Cholesky::of(joint.view(), 1e-12);
        let score = Array1::from(score);
        let solved = Array1::from(factor.solve(score.as_slice().expect("one row of numbers")));
        Ok(Proportionality {
            scale,
            names: model.names.clone(),
            columns,
            all: Test::of(solved.dot(&score), p - factor.aliased.len()),
        })
    }
}

impl TimeScale {
    /// The function at each of the event times (with their numbers of events), centred and scaled, which no test sees.
    fn of(self, deaths: &[(f64, usize)], subjects: &[FollowUp]) -> Result<Vec<f64>, Error> {
        let mut g = match self {
            TimeScale::Identity => deaths.iter().map(|d| d.0).collect(),
            TimeScale::Log => {
                if let Some((value, _)) = deaths.iter().find(|d| d.0 <= 0.0) {
                    return Err(Error::Parameter {
                        name: "a time on the log scale",
                        value: *value,
                    });
                }
                deaths.iter().map(|d| d.0.ln()).collect()
            }
            TimeScale::KaplanMeier => {
                let curve = KaplanMeier::fit(subjects, None)?;
                let before = |time: f64| curve.steps[..curve.steps.partition_point(|s| s.time < time)].last();
                deaths
                    .iter()
                    .map(|d| 1.0 - before(d.0).map_or(1.0, |step| step.survival))
                    .collect()
            }
            TimeScale::Rank => ranks(deaths, subjects),
        };
        let count: f64 = deaths.iter().map(|d| d.1 as f64).sum();
        let mean = g.iter().zip(deaths).map(|(g, d)| g * d.1 as f64).sum::<f64>() / count;
        let spread = g
            .iter()
            .zip(deaths)
            .map(|(g, d)| (g - mean).powi(2) * d.1 as f64)
            .sum::<f64>()
            / count;
        let divisor = if spread > 0.0 { spread.sqrt() } else { 1.0 };
        g.iter_mut().for_each(|g: &mut f64| *g = (*g - mean) / divisor);
        Ok(g)
    }
}

/// The rank of each event time among all exits, those of one time sharing theirs.
fn ranks(deaths: &[(f64, usize)], subjects: &[FollowUp]) -> Vec<f64> {
    let mut exits: Vec<f64> = subjects.iter().map(FollowUp::exit).collect();
    exits.sort_unstable_by(f64::total_cmp);
    let rank = |(time, _): &(f64, usize)| {
        let before = exits.partition_point(|exit| exit < time);
        let until = exits.partition_point(|exit| exit <= time);
        (before + until + 1) as f64 / 2.0
    };
    deaths.iter().map(rank).collect()
}
