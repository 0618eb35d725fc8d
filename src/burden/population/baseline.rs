//! The baseline score: what is known on day zero, in one number (mean 0, standard deviation 1), from a ridge Cox model of the time to
//! distant relapse.

use std::collections::BTreeMap;

use linfa::Dataset;
use linfa::traits::Fit;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::tilt::Standing;
use crate::burden::case::{Case, Day, Outcome};
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

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    pub fact: String,
    /// A number enters as ln(1 + x), centred; a category as 0 or 1.
    pub number: bool,
    pub usual: f64,
    pub sd: f64,
    pub coefficient: f64,
}

impl Term {
    fn value(&self, facts: &BTreeMap<&str, f64>) -> f64 {
        match facts.get(self.fact.as_str()) {
            Some(x) if self.number => x.max(0.0).ln_1p() - self.usual,
            Some(x) => x - self.usual,
            None if self.number => 0.0,
            None => -self.usual,
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
    let mut seen: BTreeMap<&str, (usize, f64, bool)> = BTreeMap::new();
    for patient in facts {
        for (name, value) in patient {
            let entry = seen.entry(name).or_insert((0, 0.0, false));
            entry.0 += 1;
            entry.1 += value.max(0.0).ln_1p();
            entry.2 |= *value != 0.0 && *value != 1.0;
        }
    }
    let least = (RARE * facts.len() as f64).max(5.0) as usize;
    let frequent = seen.into_iter().filter(|(_, (n, ..))| *n >= least);
    frequent
        .map(|(name, (n, sum, number))| Term {
            fact: name.to_owned(),
            number,
            usual: if number {
                sum / n as f64
            } else {
                n as f64 / facts.len() as f64
            },
            sd: 1.0,
            coefficient: 0.0,
        })
        .collect()
}

/// Days at risk from day zero and what ended them, as known on `day`: 1 relapse, 2 death, 0 neither.
pub fn follow_up(case: &Case, day: Day) -> Option<FollowUp> {
    let (end, event) = watched(case, day);
    FollowUp::until(f64::from(end.max(1)), event).ok()
}

/// The last day on which the patient was watched for a first distant relapse, as known on `day`, and 1 where a relapse, 2 where death
/// ended it.
pub fn watched(case: &Case, day: Day) -> (Day, u32) {
    match case.end(day) {
        Some(h) => match h.what {
            Outcome::Relapse { .. } => (h.on, 1),
            Outcome::Death => (h.on, 2),
            Outcome::Left | Outcome::Contact => (h.on, 0),
        },
        None => {
            let contacts = case
                .happened
                .iter()
                .filter(|h| h.known.on(day) && h.on <= day)
                .map(|h| h.on);
            let readings = case.signals_on(day).map(|s| s.on);
            (contacts.chain(readings).max().unwrap_or(0).max(0), 0)
        }
    }
}
