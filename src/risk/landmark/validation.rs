//! The choice between families by time: fitted on what was known at an earlier cut, judged on landmarks after it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::blend::{Blend, FAMILIES, Family, Inputs, losses};
use super::features::Schema;
use super::hazard::{Coefficients, log_hazards};
use super::learned::{Learned, Work};
use super::regression::Design;
use super::rows::Stack;
use super::{Settings, WINDOWS, windows};
use crate::burden::Case;
use crate::burden::case::Day;
use crate::risk::Error;

/// This share of the relapses lies before the earlier cut.
const BEFORE: f64 = 0.65;
/// With fewer relapses on either side, patients held out take the place of time.
const LEAST_RELAPSES: usize = 30;

/// On what the choice rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judged {
    /// Fitted on what had happened by this day, judged on landmarks from it on.
    OutOfTime(NaiveDate),
    /// Each patient judged by a fit without it: too few relapses for a cut in time.
    CrossFitted,
}

/// A rival with its loss (negative log-likelihood a relapse; lower is better).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rival {
    pub families: Vec<Family>,
    /// Whether the burden line is among the columns.
    pub line: bool,
    pub loss: f64,
    #[serde(default)]
    pub chosen: bool,
}

/// What rivals are judged by: what came of the rows that `weights` keeps.
struct Judge<'a> {
    design: &'a Design,
    weights: &'a [f64],
    /// The patient of each row.
    case: &'a [u32],
}

impl<'a> Judge<'a> {
    fn of(design: &'a Design, weights: &'a [f64], stack: &'a Stack) -> Judge<'a> {
        Judge {
            design,
            weights,
            case: &stack.case,
        }
    }

    /// Of each patient who is judged, in an order of its own: rows of one patient go together.
    fn losses(&self, said: &Array2<f64>) -> Vec<f64> {
        let by_row = losses(said, self.design.exposure.view(), &self.design.fell[0], self.weights);
        let mut by_patient = BTreeMap::<u32, f64>::new();
        for ((loss, case), _) in by_row
            .iter()
            .zip(self.case)
            .zip(self.weights)
            .filter(|(_, w)| **w > 0.0)
        {
            *by_patient.entry(*case).or_default() += loss;
        }
        by_patient.into_values().collect()
    }

    fn relapses(&self) -> f64 {
        let rows = self.weights.iter().zip(&self.design.fell[0]);
        let fell = rows.filter(|(_, fell)| fell.is_some());
        fell.map(|(w, _)| w).sum::<f64>().max(1.0)
    }
}

/// Which of the rivals, the last of which is all families together: that one, unless one alone has less loss by more than the standard error
/// of the difference. Families that one stretch of time can't tell apart are better blended than picked by a hair.
fn choice(losses: &[Vec<f64>]) -> usize {
    let all = losses.len() - 1;
    let sums: Vec<f64> = losses.iter().map(|own| own.iter().sum()).collect();
    let least = (0..all).min_by(|a, b| sums[*a].total_cmp(&sums[*b])).unwrap_or(all);
    let (more, error) = difference(&losses[all], &losses[least]);
    if more > error { least } else { all }
}

/// By how much the patients' losses differ in sum, and its standard error.
fn difference(one: &[f64], other: &[f64]) -> (f64, f64) {
    let by_patient = || one.iter().zip(other).map(|(one, other)| one - other);
    let sum: f64 = by_patient().sum();
    let mean = sum / one.len().max(1) as f64;
    let square: f64 = by_patient().map(|own| (own - mean).powi(2)).sum();
    (sum, square.sqrt())
}

/// One landmark of the validation: what was said, what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    pub case: usize,
    pub row: usize,
    pub day: Day,
    pub watched: Day,
    /// 0 watched no longer, 1 relapse, 2 death.
    pub event: u8,
    pub weight: f64,
    pub risks: [f64; WINDOWS],
}

pub(super) struct Validated {
    pub judged: Judged,
    pub rivals: Vec<Rival>,
    pub chosen: Vec<Family>,
    pub held: Vec<Held>,
    /// Of each row in the validation; 0 where it is no part of it.
    pub weights: Vec<f64>,
}

/// The calendar day that parts early from late relapses, if there are enough of both.
fn split(cases: &[Case], stack: &Stack, cut: NaiveDate) -> Option<NaiveDate> {
    let mut relapses: Vec<NaiveDate> = vec![];
    for (i, case) in stack.case.iter().enumerate() {
        let case = &cases[*case as usize];
        let last = stack.case.get(i + 1) != Some(&stack.case[i]);
        if last && stack.event[i] == 1 {
            relapses.push(case.date_of(stack.day[i] + stack.watched[i]));
        }
    }
    relapses.sort_unstable();
    let place = (BEFORE * relapses.len() as f64) as usize;
    let enough = place >= LEAST_RELAPSES && relapses.len() - place >= LEAST_RELAPSES;
    enough.then(|| relapses[place]).filter(|day| *day < cut)
}

/// The rows as they stood on `cut`: those whose landmark had come, watched until then. Whoever was watched later was watched on that day
/// too; what was then on file would have relapses at once and the others only with their next contact, and so too many relapses.
fn as_of(cases: &[Case], stack: &Stack, cut: NaiveDate) -> Stack {
    let mut early = stack.without_raw();
    for i in 0..stack.len() {
        let left = cases[stack.case[i] as usize].day_of(cut) - stack.day[i];
        if left <= 0 {
            early.weight[i] = 0.0;
        } else if stack.watched[i] > left {
            early.watched[i] = left;
            early.event[i] = 0;
        }
    }
    early
}

impl Work<'_> {
    /// The candidates: each family alone (its level and weight fitted), then all together.
    fn rivals(&self, settings: &Settings) -> Vec<Vec<Family>> {
        let all = self.families(settings);
        let mut rivals: Vec<Vec<Family>> = all.iter().map(|family| vec![*family]).collect();
        if all.len() > 1 {
            rivals.push(all);
        }
        rivals
    }

    /// All rivals, with weights fitted to `fitted`, and the one that is chosen by how well it says what it is judged by; `said` has the log
    /// hazards that a blend says there.
    fn best(
        &self,
        fitted: &Inputs,
        said: impl Fn(&Blend) -> Array2<f64>,
        judge: &Judge,
        settings: &Settings,
    ) -> Result<(Vec<Rival>, Blend), Error> {
        let (mut rivals, mut blends, mut losses) = (vec![], vec![], vec![]);
        for families in self.rivals(settings) {
            let blend = self.blend(fitted, &families).ok_or(Error::Unfitted)?;
            let own = judge.losses(&said(&blend));
            rivals.push(Rival {
                families,
                line: self.line,
                loss: own.iter().sum::<f64>() / judge.relapses(),
                chosen: false,
            });
            blends.push(blend);
            losses.push(own);
        }
        let chosen = choice(&losses);
        rivals[chosen].chosen = true;
        Ok((rivals, blends.swap_remove(chosen)))
    }

    pub fn by_time(
        &self,
        cases: &[Case],
        stack: &Stack,
        schema: &Schema,
        cut: NaiveDate,
        settings: &Settings,
    ) -> Result<Option<Validated>, Error> {
        let Some(day) = split(cases, stack, cut) else {
            return Ok(None);
        };
        let is_late = |i: usize| cases[stack.case[i] as usize].date_of(stack.day[i]) >= day;
        let late: Vec<f64> = (0..stack.len())
            .map(|i| if is_late(i) { stack.weight[i] } else { 0.0 })
            .collect();
        // relapses that came later may all follow landmarks of before
        if self.design.relapsed(&late) < LEAST_RELAPSES {
            return Ok(None);
        }
        let ends = as_of(cases, stack, day);
        let basis = Basis::learn(stack, &ends.weight, schema);
        let early = Design::of(stack, &ends, &basis, &settings.horizons, settings.folds);
        let past = Work {
            design: &early,
            raw: self.raw,
            mechanism: self.mechanism,
            line: self.line,
        };
        let (learned, crossed) = past.learn(settings)?;
        let late = self.design.asked(&late);
        let asked = past.inputs_of(&learned);
        let judge = Judge::of(self.design, &late, stack);
        let (rivals, blend) = past.best(&crossed, |blend| blend.log_hazards(&asked), &judge, settings)?;
        let said = blend.log_hazards(&asked);
        let death = log_hazards(early.x.view(), &learned.regressions[1].mean);
        Ok(Some(Validated {
            judged: Judged::OutOfTime(day),
            held: held(stack, &late, &said, &death, settings),
            weights: late,
            chosen: blend.families,
            rivals,
        }))
    }

    /// The same where there is no earlier cut: by patients held out.
    pub fn by_patients(
        &self,
        stack: &Stack,
        learned: &Learned,
        crossed: &Inputs,
        settings: &Settings,
    ) -> Result<Validated, Error> {
        let weights = self.design.asked(&stack.weight);
        let unseen = |blend: &Blend| self.blended_unseen(blend, crossed, &weights);
        let (rivals, blend) = self.best(crossed, unseen, &Judge::of(self.design, &weights, stack), settings)?;
        let said = unseen(&blend);
        let death = learned.regressions[1].crossed(self.design.x.view(), &self.design.fold);
        Ok(Validated {
            judged: Judged::CrossFitted,
            held: held(stack, &weights, &said, &death, settings),
            weights,
            chosen: blend.families,
            rivals,
        })
    }

    /// The log hazards of each part by weights that were fitted to the other parts: on the rows that they were fitted to, observed over
    /// expected and slope are 1 whatever the predictors are worth.
    fn blended_unseen(&self, blend: &Blend, crossed: &Inputs, weights: &[f64]) -> Array2<f64> {
        let mut said = blend.log_hazards(crossed);
        for fold in 0..self.design.folds {
            let is_of = |i: usize| usize::from(self.design.fold[i]) == fold;
            let others: Vec<f64> = (0..weights.len())
                .map(|i| if is_of(i) { 0.0 } else { weights[i] })
                .collect();
            let (exposure, fell) = (self.design.exposure.view(), &self.design.fell[0]);
            let Some(own) = Blend::fit(crossed, exposure, fell, &others, &blend.families) else {
                continue;
            };
            let own = own.log_hazards(crossed);
            for i in (0..said.nrows()).filter(|i| is_of(*i)) {
                said.row_mut(i).assign(&own.row(i));
            }
        }
        said
    }
}

pub(super) fn held(
    stack: &Stack,
    weights: &[f64],
    relapse: &Array2<f64>,
    death: &Array2<f64>,
    settings: &Settings,
) -> Vec<Held> {
    let lengths = windows::lengths(&settings.horizons);
    let one = |i: usize| {
        let mut risks = [0.0; WINDOWS];
        let (h1, h2) = (relapse.row(i), death.row(i));
        windows::incidence(
            &lengths,
            &[h1[0], h1[1], h1[2]],
            &[h2[0], h2[1], h2[2]],
            |k, risk, _| risks[k] = risk,
        );
        Held {
            case: stack.case[i] as usize,
            row: i,
            day: stack.day[i],
            watched: stack.watched[i],
            event: stack.event[i],
            weight: weights[i],
            risks,
        }
    };
    (0..stack.len()).filter(|i| weights[*i] > 0.0).map(one).collect()
}

/// One row a window: the level and the weight that turn log hazards into what came, on the rows that `weights` keeps.
pub(super) fn correction(said: &Array2<f64>, design: &Design, weights: &[f64]) -> Option<Coefficients> {
    let inputs: Inputs = (0..WINDOWS)
        .map(|k| {
            Array2::from_shape_fn((said.nrows(), FAMILIES.len() + 1), |(i, j)| match j {
                0 => 1.0,
                1 => said[[i, k]],
                _ => 0.0,
            })
        })
        .collect();
    let blend = Blend::fit(
        &inputs,
        design.exposure.view(),
        &design.fell[0],
        weights,
        &[Family::Regression],
    )?;
    Some(Array2::from_shape_fn((WINDOWS, 2), |(k, j)| blend.weights[[k, j]]))
}

/// The log hazards with that level and weight.
pub(super) fn corrected(said: &Array2<f64>, correction: &Coefficients) -> Array2<f64> {
    Array2::from_shape_fn(said.dim(), |(i, k)| {
        correction[[k, 0]] + correction[[k, 1]] * said[[i, k]]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The last rival is all families together.
    #[test]
    fn one_family_alone_is_chosen_where_it_is_better_by_more_than_chance() {
        let losses = |gain: f64, spread: f64| -> Vec<f64> {
            let sign = |patient: usize| if patient.is_multiple_of(2) { 1.0 } else { -1.0 };
            (0..100).map(|patient| 1.0 - gain + spread * sign(patient)).collect()
        };
        let all = losses(0.0, 0.0);
        // of a hundred patients the gain is 100 g, its error s √100
        for (gain, spread, chosen) in [(0.02, 0.15, 1), (0.02, 0.25, 2), (-0.1, 0.0, 2), (0.001, 0.0, 1)] {
            let rivals = [losses(gain - 0.5, 0.0), losses(gain, spread), all.clone()];
            assert_eq!(choice(&rivals), chosen, "{gain} {spread}");
        }
        assert_eq!(choice(&[all]), 0);
    }
}
