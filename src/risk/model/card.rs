//! The model card: on whom, how many, how good, and where it has not been shown to hold.

use serde_json::{Value, json};

use super::{HORIZON_DAYS, KIND, NightModel};
use crate::survival::CoxModel;

impl NightModel {
    pub fn card(&self) -> Value {
        json!({
            "kind": KIND,
            "version": self.version,
            "as_of": self.as_of,
            "fingerprint": self.fingerprint,
            "horizon_days": HORIZON_DAYS,
            "says": "The chance of a first distant relapse within 365 days, death without it competing, for a patient free of it until the day of the score.",
            "method": "Two cause-specific Cox models (Efron ties) from surgery, or from diagnosis where no surgery is on file; \
                intervals by the delta method, coefficients and baselines of both; contributions by Aumann-Shapley shares.",
            "fitted_on": {
                "who": "Patients of this registry with breast cancer that was not metastatic at entry, all covariates known, followed beyond day zero.",
                "n": self.n,
                "sexes": self.sexes,
                "followed_years": self.pair.followed_to(),
                "events": {"distant_relapse": self.events[0], "death_without_it": self.events[1]},
                "ranges": self.features.iter().zip(&self.ranges).map(|(name, (low, high))| json!({"name": name, "low": low, "high": high})).collect::<Vec<_>>(),
                "means": self.features.iter().zip(&self.pair.models[0].means).map(|(name, mean)| json!({"name": name, "mean": mean})).collect::<Vec<_>>(),
            },
            "models": {
                "distant_relapse": self.model(&self.pair.models[0], self.concordance[0]),
                "death_without_it": self.model(&self.pair.models[1], self.concordance[1]),
            },
            "missing_inputs": "The mean of the fit stands in for a fact that is missing, and the score names it.",
            "limits": [
                "Concordance is that of the rows of the fit; on other patients it will be lower.",
                "Not shown to hold for other cancers, for men, for disease that was metastatic at entry, or for care that the patients of the fit did not have.",
                "Effects are taken as linear and constant over time.",
                "ctDNA, scans and a local relapse do not enter it.",
                "The interval holds what the fit leaves open by chance; it does not hold a wrong model or a change in care.",
                "Not a medical device: it supports and does not replace clinical judgement.",
            ],
        })
    }

    fn model(&self, model: &CoxModel, concordance: Option<f64>) -> Value {
        let coefficient = |(j, name): (usize, &String)| {
            let (log, se) = (model.coefficients[j], model.standard_error(j));
            json!({
                "name": name,
                "log_hazard_ratio": se.map(|_| log),
                "se": se,
                "hazard_ratio": se.map(|_| log.exp()),
                "hazard_ratio_lower": se.map(|se| (log - 1.959_963_984_540_054 * se).exp()),
                "hazard_ratio_upper": se.map(|se| (log + 1.959_963_984_540_054 * se).exp()),
            })
        };
        json!({
            "n": model.n,
            "events": model.events,
            "concordance_apparent": concordance,
            "log_likelihood_null": model.log_likelihood_null,
            "log_likelihood": model.log_likelihood,
            "coefficients": self.features.iter().enumerate().map(coefficient).collect::<Vec<_>>(),
        })
    }
}
