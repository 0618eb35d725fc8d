//! Brier score and AUC at a horizon: those lost before it are made up for by those like them who were not.

use std::num::NonZero;

use ndarray::ArrayView2;

use super::censoring::{CaseWeight, Censoring, from_the_origin, one_a_subject, risks_of};
use super::influence::Influence;
use super::packed::ascending;
use crate::survival::inference::z;
use crate::survival::{Error, FollowUp};

/// A measure with its standard error, `None` for a single subject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub se: Option<f64>,
}

impl Estimate {
    /// Normal limits within [0, 1]; `None` without a standard error. Errors: a level outside (0, 1).
    pub fn limits(&self, level: f64) -> Result<Option<(f64, f64)>, Error> {
        let z = z(level)?;
        let limits = |se: f64| ((self.value - z * se).max(0.0), (self.value + z * se).min(1.0));
        Ok(self.se.map(limits))
    }
}

/// Subjects with the weight each has for having been watched long enough: a case 1/G(T−), somebody free at `t` 1/G(t).
#[derive(Clone, Debug)]
pub struct Ipcw<'a> {
    subjects: &'a [FollowUp],
    cause: Option<NonZero<u32>>,
    censoring: Censoring,
    event_weights: Vec<f64>,
    followed_to: f64,
    /// Of the censoring curve on the measures, where it comes from these subjects.
    influence: Option<Influence>,
}

impl<'a> Ipcw<'a> {
    /// The censoring curve comes from the subjects themselves, and its uncertainty is in the standard errors. `cause`: which event is
    /// predicted; those who fell to another one are known to stay free of it. `None`: any event. Errors: `Empty`, `DelayedEntry`.
    pub fn new(subjects: &'a [FollowUp], cause: Option<u32>, rule: CaseWeight) -> Result<Ipcw<'a>, Error> {
        let mut own = Ipcw::given(subjects, cause, rule, Censoring::fit(subjects, None)?)?;
        own.influence = Some(Influence::of(subjects, rule));
        Ok(own)
    }

    /// The censoring curve comes from elsewhere and is taken as known.
    pub fn given(
        subjects: &'a [FollowUp],
        cause: Option<u32>,
        rule: CaseWeight,
        censoring: Censoring,
    ) -> Result<Ipcw<'a>, Error> {
        from_the_origin(subjects)?;
        let cause = match cause.map(NonZero::new) {
            Some(None) => {
                return Err(Error::Parameter {
                    name: "the cause that is predicted",
                    value: 0.0,
                });
            }
            cause => cause.flatten(),
        };
        let weight = |s: &FollowUp| {
            if s.event() > 0 {
                censoring.case_weight(s.exit(), rule)
            } else {
                0.0
            }
        };
        Ok(Ipcw {
            subjects,
            cause,
            event_weights: subjects.iter().map(weight).collect(),
            followed_to: subjects.iter().map(FollowUp::exit).fold(0.0, f64::max),
            censoring,
            influence: None,
        })
    }

    /// What is known of everybody at `time`. Errors: `NotATime`; `BeyondFollowUp` after the last exit; `NoWeight` where the censoring
    /// curve has come down to 0, as where all who are left are censored at `time` itself.
    pub fn at(&self, time: f64) -> Result<Horizon<'_>, Error> {
        if !time.is_finite() {
            return Err(Error::NotATime(time));
        }
        if time > self.followed_to {
            return Err(Error::BeyondFollowUp {
                asked: time,
                followed: self.followed_to,
            });
        }
        // At 0, those lost at this very moment have nobody left who could stand for them.
        let free = 1.0 / self.censoring.at(time);
        let weights: Vec<f64> = (self.subjects.iter().zip(&self.event_weights))
            .map(|(s, &event)| if s.exit() > time { free } else { event })
            .collect();
        if free.is_infinite() || weights.iter().any(|w| w.is_infinite()) {
            return Err(Error::NoWeight(time));
        }
        Ok(Horizon {
            ipcw: self,
            time,
            weights,
        })
    }

    /// The Brier score averaged over time: trapezoids between ascending `times`, over the length of the grid. One row of `risks` a
    /// subject, one column a time. Errors: as `at` and `brier`; `Parameter` for fewer than two times or times out of order.
    pub fn integrated_brier(&self, times: &[f64], risks: ArrayView2<f64>) -> Result<f64, Error> {
        if risks.ncols() != times.len() {
            return Err(Error::Width {
                given: risks.ncols(),
                expected: times.len(),
            });
        }
        integrate(times, |k| {
            let column = risks.column(k).to_vec();
            risks_of(self.subjects, &column)?;
            let sum: f64 = self.at(times[k])?.squares(column).sum();
            Ok(sum / self.subjects.len() as f64)
        })
    }

    /// The same where everybody is told one risk, as by a curve without covariates: one number a time.
    pub fn integrated_brier_null(&self, times: &[f64], risks: &[f64]) -> Result<f64, Error> {
        if risks.len() != times.len() {
            return Err(Error::Width {
                given: risks.len(),
                expected: times.len(),
            });
        }
        integrate(times, |k| self.at(times[k])?.brier_null(risks[k]))
    }
}

fn integrate(times: &[f64], height: impl Fn(usize) -> Result<f64, Error>) -> Result<f64, Error> {
    let refuse = |name, value| Err(Error::Parameter { name, value });
    if times.len() < 2 {
        return refuse("the number of times to integrate over", times.len() as f64);
    }
    let mut area = 0.0;
    let mut last = height(0)?;
    for k in 1..times.len() {
        let width = times[k] - times[k - 1];
        if width <= 0.0 {
            return refuse("a time that comes after a later one", times[k]);
        }
        let next = height(k)?;
        area += 0.5 * (last + next) * width;
        last = next;
    }
    Ok(area / (times[times.len() - 1] - times[0]))
}

/// Who has had the event by a time, who has not, and what each weighs; those lost before weigh nothing.
#[derive(Clone, Debug)]
pub struct Horizon<'a> {
    ipcw: &'a Ipcw<'a>,
    pub time: f64,
    weights: Vec<f64>,
}

impl Horizon<'_> {
    fn is_case(&self, i: usize) -> bool {
        let subject = &self.ipcw.subjects[i];
        subject.exit() <= self.time && subject.had(self.ipcw.cause.map(NonZero::get))
    }

    /// Mean squared distance of the risk from what came. Graf et al. 1999; with competing causes Schoop et al., Biom J 2011;53:88. The
    /// standard error by the influence function, as riskRegression. Errors: `Lengths`, `NotFinite`, `Parameter` (no risk).
    pub fn brier(&self, risks: &[f64]) -> Result<Estimate, Error> {
        risks_of(self.ipcw.subjects, risks)?;
        Ok(self.score(risks))
    }

    /// The Brier score of numbers that need not be chances.
    pub(super) fn score(&self, risks: &[f64]) -> Estimate {
        let parts: Vec<f64> = self.squares(risks.iter().copied()).collect();
        let value = parts.iter().sum::<f64>() / parts.len() as f64;
        Estimate {
            value,
            se: self.se(&parts, value),
        }
    }

    fn squares(&self, risks: impl IntoIterator<Item = f64>) -> impl Iterator<Item = f64> {
        let weighted = self.weights.iter().enumerate().zip(risks);
        weighted.map(|((i, weight), risk)| weight * (f64::from(u8::from(self.is_case(i))) - risk).powi(2))
    }

    /// The Brier score where everybody is told the same risk.
    pub fn brier_null(&self, risk: f64) -> Result<f64, Error> {
        let (mut cases, mut others) = (0.0, 0.0);
        for (i, weight) in self.weights.iter().enumerate() {
            *(if self.is_case(i) { &mut cases } else { &mut others }) += weight;
        }
        risks_of(&self.ipcw.subjects[..1], &[risk])?;
        Ok((cases * (1.0 - risk).powi(2) + others * risk * risk) / self.weights.len() as f64)
    }

    /// The chance that somebody with the event by this time has a higher score than somebody without (cumulative cases, dynamic
    /// controls; those who fell to another cause are controls). Hung & Chiang, Can J Stat 2010;38:8; Blanche et al., Stat Med
    /// 2013;32:5381. `None` without cases or without controls. Errors: `Lengths`, `NotFinite`. One sort of the scores.
    pub fn auc(&self, scores: &[f64]) -> Result<Option<Estimate>, Error> {
        one_a_subject(self.ipcw.subjects, scores)?;
        let mut order = ascending(scores.len(), |i| scores[i]);
        order.retain(|i| self.weights[*i] > 0.0);
        let case: Vec<bool> = (0..scores.len()).map(|i| self.is_case(i)).collect();
        let mut total = [0.0; 2]; // weight of the controls and of the cases
        for &i in &order {
            total[usize::from(case[i])] += self.weights[i];
        }
        if total[0] <= 0.0 || total[1] <= 0.0 {
            return Ok(None);
        }
        let wins = self.wins(scores, &order, &case, total[1]);
        let pairs = total[0] * total[1];
        let won: f64 = (order.iter().filter(|i| case[**i]))
            .map(|i| self.weights[*i] * wins[*i])
            .sum();
        let value = won / pairs;
        let part = |i: usize| self.weights[i] * (wins[i] - value * total[usize::from(!case[i])]) / pairs;
        let parts: Vec<f64> = (0..scores.len()).map(|i| part(i) * scores.len() as f64).collect();
        Ok(Some(Estimate {
            value,
            se: self.se(&parts, 0.0),
        }))
    }

    /// The weight of the controls below each case and of the cases above each control, ties half.
    fn wins(&self, scores: &[f64], order: &[usize], case: &[bool], cases: f64) -> Vec<f64> {
        let mut wins = vec![0.0; scores.len()];
        let mut below = [0.0; 2];
        for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
            let mut here = [0.0; 2];
            for &i in tied {
                here[usize::from(case[i])] += self.weights[i];
            }
            let middle = [0, 1].map(|side| below[side] + 0.5 * here[side]);
            for &i in tied {
                wins[i] = if case[i] { middle[0] } else { cases - middle[1] };
            }
            below = [below[0] + here[0], below[1] + here[1]];
        }
        wins
    }

    /// Of a mean of `parts` around `centre`, with what the censoring weights themselves add.
    fn se(&self, parts: &[f64], centre: f64) -> Option<f64> {
        let mut moves: Vec<f64> = parts.iter().map(|part| part - centre).collect();
        if let Some(influence) = &self.ipcw.influence {
            influence.add(self.ipcw.subjects, self.time, parts, &mut moves);
        }
        let n = moves.len() as f64;
        let mean = moves.iter().sum::<f64>() / n;
        let squares: f64 = moves.iter().map(|m| (m - mean).powi(2)).sum();
        (n > 1.0).then(|| (squares / (n - 1.0) / n).sqrt())
    }
}

/// How much of the null model's Brier score the model takes away: the index of prediction accuracy. Kattan & Gerds, Diagn Progn Res
/// 2018;2:7. `None` where the null model errs nowhere.
pub fn prediction_accuracy(brier: f64, null: f64) -> Option<f64> {
    (null > 0.0).then(|| 1.0 - brier / null)
}
