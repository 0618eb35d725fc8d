//! The baseline score: what is known on day zero, in one number (mean 0, standard deviation 1), from a ridge Cox model of the time to
//! distant relapse.

use std::collections::BTreeMap;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::tilt::Standing;
use crate::burden::Ended;
use crate::burden::case::{Case, Day};
use crate::survival::{CoxNet, FollowUp};

/// Facts on file in fewer cases than this share are left out.
const RARE: f64 = 0.01;
/// Ridge penalty per patient.
const LAMBDA: f64 = 0.01;
/// With fewer relapses than this there is no score.
const LEAST_RELAPSES: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Names, what stands in for a fact that is not on file, and coefficients.
    pub terms: Vec<Term>,
    pub mean: f64,
    pub sd: f64,
}

/// What a fact's values are, and so what its absence says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Enters as ln(1 + x), centred; missing where it is not on file.
    Number,
    /// 1 or 0, both on file: missing where neither is.
    Answer,
    /// On file for those alone of whom it holds.
    Category,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub fact: String,
    pub kind: Kind,
    pub usual: f64,
    pub sd: f64,
    pub coefficient: f64,
}

impl Term {
    fn value(&self, facts: &BTreeMap<&str, f64>) -> f64 {
        match (facts.get(self.fact.as_str()), self.kind) {
            (Some(x), kind) => kind.entered(*x) - self.usual,
            (None, Kind::Number | Kind::Answer) => 0.0,
            (None, Kind::Category) => -self.usual,
        }
    }
}

impl Kind {
    fn of(values: &[f64]) -> Kind {
        if values.iter().any(|x| *x != 0.0 && *x != 1.0) {
            Kind::Number
        } else if values.contains(&0.0) {
            Kind::Answer
        } else {
            Kind::Category
        }
    }

    fn entered(self, x: f64) -> f64 {
        match self {
            Kind::Number => x.max(0.0).ln_1p(),
            Kind::Answer | Kind::Category => x,
        }
    }
}

fn facts_of(case: &Case, day: Day) -> BTreeMap<&str, f64> {
    case.facts_on(day).map(|fact| (&*fact.name, fact.value)).collect()
}

impl Baseline {
    /// The score and its facts, from what was on file on `day`.
    pub fn standing(&self, case: &Case, day: Day) -> Standing {
        if self.terms.is_empty() {
            return Standing::default();
        }
        let facts = facts_of(case, day);
        let values: Vec<f64> = self.terms.iter().map(|term| term.value(&facts)).collect();
        let sum: f64 = self.terms.iter().zip(&values).map(|(t, x)| t.coefficient * x).sum();
        let scaled = self.terms.iter().zip(&values).map(|(t, x)| (x / t.sd).clamp(-4.0, 4.0));
        Standing {
            score: ((sum - self.mean) / self.sd).clamp(-4.0, 4.0),
            facts: scaled.collect(),
        }
    }

    /// From the facts and outcomes known on each case's day. No score (0 for everybody) where relapses are too few.
    pub fn learn(cases: &[&Case], until: &[Day]) -> Baseline {
        let facts: Vec<_> = cases
            .iter()
            .zip(until)
            .map(|(case, day)| facts_of(case, *day))
            .collect();
        let targets: Vec<FollowUp> = cases.iter().zip(until).filter_map(|(c, d)| follow_up(c, *d)).collect();
        let relapses = targets.iter().filter(|t| t.event() == 1).count();
        if relapses < LEAST_RELAPSES || targets.len() != cases.len() {
            return Baseline::default();
        }
        let mut terms = terms(&facts);
        let x = Array2::from_shape_fn((cases.len(), terms.len()), |(i, j)| terms[j].value(&facts[i]));
        let dataset = Dataset::new(x.clone(), Array1::from_vec(targets));
        let net = CoxNet::params().alpha(0.0).cause(1).lambdas(vec![LAMBDA]).fit(&dataset);
        let Ok(coefficients) = net.and_then(|net| net.at(LAMBDA)) else {
            return Baseline::default();
        };
        for (place, (term, coefficient)) in terms.iter_mut().zip(&coefficients.values).enumerate() {
            term.coefficient = *coefficient;
            term.sd = x.column(place).std(0.0).max(1e-6);
        }
        let beta: Array1<f64> = terms.iter().map(|t| t.coefficient).collect();
        let scores = x.dot(&beta);
        let sd = scores.std(0.0);
        if sd.is_nan() || sd <= 1e-9 {
            return Baseline::default();
        }
        Baseline {
            mean: scores.mean().unwrap_or(0.0),
            sd,
            terms,
        }
    }
}

fn terms(facts: &[BTreeMap<&str, f64>]) -> Vec<Term> {
    let mut seen: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (name, value) in facts.iter().flatten() {
        seen.entry(name).or_default().push(*value);
    }
    let least = (RARE * facts.len() as f64).max(5.0) as usize;
    let frequent = seen.into_iter().filter(|(_, values)| values.len() >= least);
    frequent
        .map(|(name, values)| {
            let kind = Kind::of(&values);
            let sum: f64 = values.iter().map(|x| kind.entered(*x)).sum();
            let of = if kind == Kind::Category {
                facts.len()
            } else {
                values.len()
            };
            Term {
                fact: name.to_owned(),
                kind,
                usual: sum / of as f64,
                sd: 1.0,
                coefficient: 0.0,
            }
        })
        .collect()
}

/// Days at risk from day zero and what ended them, as known on `day`: 1 relapse, 2 death, 0 neither.
pub fn follow_up(case: &Case, day: Day) -> Option<FollowUp> {
    let Ended { on, event } = watched(case, day);
    FollowUp::until(f64::from(on.max(1)), event.into()).ok()
}

/// The watch from day zero on; of somebody never seen there is none.
pub fn watched(case: &Case, day: Day) -> Ended {
    let Ended { on, event } = case.ended(day).unwrap_or(Ended { on: 0, event: 0 });
    Ended { on: on.max(0), event }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fact with both answers on file is missing where neither is; of a category nobody is told that it does not hold.
    #[test]
    fn missing_is_no_answer() {
        let facts: Vec<BTreeMap<&str, f64>> = (0..40)
            .map(|i| {
                let mut own = BTreeMap::from([("nodes", f64::from(i))]);
                match i % 4 {
                    0 => own.insert("postmenopausal", 0.0),
                    1 | 2 => own.insert("postmenopausal", 1.0),
                    _ => own.insert("cancer=breast", 1.0),
                };
                own
            })
            .collect();
        let terms = terms(&facts);
        let of = |fact: &str| terms.iter().find(|term| term.fact == fact).unwrap();
        let (answer, category) = (of("postmenopausal"), of("cancer=breast"));
        assert_eq!((answer.kind, category.kind), (Kind::Answer, Kind::Category));
        assert_eq!(of("nodes").kind, Kind::Number);
        assert!((answer.usual - 2.0 / 3.0).abs() < 1e-12 && (category.usual - 0.25).abs() < 1e-12);
        for term in &terms {
            let mean = facts.iter().map(|own| term.value(own)).sum::<f64>() / facts.len() as f64;
            assert!(mean.abs() < 1e-12, "{}: {mean}", term.fact);
        }
        assert_eq!(answer.value(&BTreeMap::new()), 0.0);
        assert!(category.value(&BTreeMap::new()) < 0.0);
    }
}
