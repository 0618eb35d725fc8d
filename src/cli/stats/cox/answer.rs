//! Concordance and baselines of a fit.

use linfa::prelude::*;
use metwatch::survival::metrics::{Comparison, Pairs};

use super::super::data::Data;

use super::{Arguments, Baseline, Baselines, Concordance, Counts, Fitted};

impl Arguments {
    pub(super) fn concordance(&self, data: &Data, fitted: &Fitted) -> anyhow::Result<Concordance> {
        let scores = fitted.model.predict(&fitted.design.records);
        let clusters = self.clusters(data).filter(|_| self.cluster.is_some());
        let comparison = Comparison {
            cause: self.cause.cause,
            weights: data.weights.as_deref(),
            strata: fitted.strata.as_ref().map(|strata| strata.codes.as_slice()),
            clusters: clusters.as_deref(),
        };
        let scores = scores.as_slice().expect("predictions lie in one row");
        Ok(comparison.of(&data.subjects, scores)?.into())
    }

    pub(super) fn baselines(&self, fitted: &Fitted) -> Baselines {
        let model = &fitted.model;
        let ratio = (-model.coefficients.dot(&model.means)).exp();
        let of = |baseline: &metwatch::survival::cox::Baseline| {
            let mut sum = 0.0;
            let sums: Vec<f64> = (baseline.hazard.iter())
                .map(|step| {
                    sum += step;
                    sum * ratio
                })
                .collect();
            if self.times.is_empty() {
                return Baseline {
                    time: baseline.times.clone(),
                    cumhaz: sums,
                };
            }
            let until = |time: &f64| baseline.times.partition_point(|t| t <= time);
            Baseline {
                time: self.times.clone(),
                cumhaz: (self.times.iter().map(until))
                    .map(|steps| steps.checked_sub(1).map_or(0.0, |last| sums[last]))
                    .collect(),
            }
        };
        match &fitted.strata {
            None => Baselines::One(of(model.baseline())),
            Some(strata) => {
                let name = |label: &usize| strata.levels[*label].clone();
                Baselines::Strata(
                    model
                        .strata
                        .iter()
                        .map(name)
                        .zip(model.baselines.iter().map(of))
                        .collect(),
                )
            }
        }
    }
}

impl From<metwatch::survival::metrics::Concordance> for Concordance {
    fn from(found: metwatch::survival::metrics::Concordance) -> Concordance {
        Concordance {
            c: found.index(),
            se: found.se,
            counts: found.pairs.into(),
            counts_by_stratum: match found.by_stratum.as_slice() {
                [_] => vec![],
                several => several.iter().map(|pairs| (*pairs).into()).collect(),
            },
        }
    }
}

impl From<Pairs> for Counts {
    fn from(pairs: Pairs) -> Counts {
        Counts {
            concordant: pairs.concordant,
            discordant: pairs.discordant,
            tied_x: pairs.tied_score,
            tied_y: pairs.tied_time,
            tied_xy: pairs.tied_both,
        }
    }
}
