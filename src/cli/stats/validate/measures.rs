//! What is measured.

use metwatch::survival::metrics::calibration::{by_risk, in_the_large, poisson, slope, smooth};
use metwatch::survival::metrics::{
    CaseWeight, Censoring, Comparison, Estimate, Ipcw, net_benefit, observed_risk, prediction_accuracy,
};
use metwatch::survival::{AalenJohansen, FollowUp, KaplanMeier};

use super::super::data::Data;
use super::Arguments;
use super::answer::{Answer, At, Auc, Brier, Calibration, Decision, Harrell, Integrated, Uno};
use super::predictions::Predictions;
/// What everybody is told by a curve without covariates.
fn null_risks(subjects: &[FollowUp], cause: Option<u32>, times: &[f64]) -> anyhow::Result<Vec<f64>> {
    if let Some(cause) = cause {
        let curve = AalenJohansen::fit(subjects)?;
        return Ok(times.iter().map(|time| curve.incidence_at(cause, *time)).collect());
    }
    let curve = KaplanMeier::fit(subjects, None)?;
    Ok(times.iter().map(|time| 1.0 - curve.survival_at(*time)).collect())
}

impl Arguments {
    pub fn answer(&self, data: &Data, predictions: &Predictions) -> anyhow::Result<Answer> {
        let (subjects, cause) = (data.subjects.as_slice(), self.cause.cause);
        let own = Ipcw::new(subjects, cause, CaseWeight::Before)?;
        let harrell = Comparison {
            cause,
            ..Comparison::default()
        }
        .of(subjects, &predictions.scores)?;
        let (brier, ibs, net_benefit) = if predictions.risks.is_empty() {
            (None, None, vec![])
        } else {
            (
                Some(self.brier(&own, subjects, predictions)?),
                self.integrated(&own, subjects, predictions)?,
                self.decisions(subjects, predictions)?,
            )
        };
        Ok(Answer {
            n: subjects.len(),
            events: subjects.iter().filter(|s| s.had(cause)).count(),
            harrell: Harrell {
                c: harrell.index(),
                se: harrell.se,
                concordant: harrell.pairs.concordant,
                discordant: harrell.pairs.discordant,
                tied_x: harrell.pairs.tied_score,
                tied_y: harrell.pairs.tied_time,
                tied_xy: harrell.pairs.tied_both,
            },
            uno_c: self.uno(subjects, predictions)?,
            auc: self.auc(&own, subjects, predictions)?,
            brier,
            ibs,
            calibration: self.calibration(subjects, predictions)?,
            net_benefit,
        })
    }

    fn uno(&self, subjects: &[FollowUp], predictions: &Predictions) -> anyhow::Result<Uno> {
        let tau = self
            .tau
            .unwrap_or_else(|| self.times.iter().copied().fold(0.0, f64::max));
        let comparison = Comparison {
            cause: self.cause.cause,
            ..Comparison::default()
        };
        let censoring = Censoring::fit(subjects, None)?;
        let of = |censoring: &Censoring, rule| comparison.uno(subjects, &predictions.scores, tau, censoring, rule);
        let found = of(&censoring, CaseWeight::Before)?;
        let development = predictions
            .train
            .as_ref()
            .map(|train| Censoring::fit(train, None))
            .transpose()?;
        Ok(Uno {
            tau,
            c: found.index(),
            se: found.se,
            // where the curve of censoring comes down to 0 these have no answer
            scikit_survival_convention: of(&censoring, CaseWeight::At).ok().and_then(|found| found.index()),
            censoring_from_development: development
                .and_then(|censoring| of(&censoring, CaseWeight::Before).ok())
                .and_then(|found| found.index()),
        })
    }

    /// The scores at a horizon: its risks where there are some, else the linear predictor.
    fn scores<'a>(&self, predictions: &'a Predictions, at: usize) -> &'a [f64] {
        predictions.risks.get(at).unwrap_or(&predictions.scores)
    }

    fn others<'a>(
        &self,
        subjects: &'a [FollowUp],
        predictions: &Predictions,
    ) -> anyhow::Result<(Ipcw<'a>, Option<Ipcw<'a>>)> {
        let cause = self.cause.cause;
        let scikit = Ipcw::given(subjects, cause, CaseWeight::At, Censoring::fit(subjects, None)?)?;
        let development = (predictions.train.as_ref())
            .map(|train| Ipcw::given(subjects, cause, CaseWeight::Before, Censoring::fit(train, None)?))
            .transpose()?;
        Ok((scikit, development))
    }

    fn auc(&self, own: &Ipcw, subjects: &[FollowUp], predictions: &Predictions) -> anyhow::Result<Auc> {
        let (scikit, development) = self.others(subjects, predictions)?;
        let mut all = Auc::default();
        for (at, time) in self.times.iter().enumerate() {
            let scores = self.scores(predictions, at);
            let value = |ipcw: &Ipcw| {
                let found = ipcw.at(*time).ok()?.auc(scores).ok()??;
                Some(found.value)
            };
            let found: Option<Estimate> = own.at(*time)?.auc(scores)?;
            let limits = found
                .map(|found| found.limits(self.output.level))
                .transpose()?
                .flatten();
            all.t.push(*time);
            all.auc.push(found.map(|found| found.value));
            all.se.push(found.and_then(|found| found.se));
            all.lower.push(limits.map(|limits| limits.0));
            all.upper.push(limits.map(|limits| limits.1));
            all.scikit_survival_convention.push(value(&scikit));
            all.censoring_from_development
                .push(development.as_ref().and_then(value));
        }
        Ok(all)
    }

    fn brier(&self, own: &Ipcw, subjects: &[FollowUp], predictions: &Predictions) -> anyhow::Result<Brier> {
        let (scikit, development) = self.others(subjects, predictions)?;
        let cause = self.cause.cause;
        let mut all = Brier::default();
        for (time, risks) in self.times.iter().zip(&predictions.risks) {
            let value = |ipcw: &Ipcw| Some(ipcw.at(*time).ok()?.brier(risks).ok()?.value);
            let horizon = own.at(*time)?;
            let found = horizon.brier(risks)?;
            let null = horizon.brier_null(observed_risk(subjects, cause, *time)?)?;
            let trained = (predictions.train.as_ref())
                .map(|train| -> anyhow::Result<f64> { Ok(horizon.brier_null(null_risks(train, cause, &[*time])?[0])?) })
                .transpose()?;
            all.t.push(*time);
            all.brier.push(found.value);
            all.se.push(found.se);
            all.scikit_survival_convention.push(value(&scikit));
            all.censoring_from_development
                .push(development.as_ref().and_then(value));
            all.null_validation.push(null);
            all.null_development.push(trained);
            all.ipa.push(prediction_accuracy(found.value, null));
        }
        Ok(all)
    }

    fn integrated(
        &self,
        own: &Ipcw,
        subjects: &[FollowUp],
        predictions: &Predictions,
    ) -> anyhow::Result<Option<Integrated>> {
        let Some((times, risks)) = &predictions.grid else {
            return Ok(None);
        };
        let null = |rows: &[FollowUp]| -> anyhow::Result<f64> {
            Ok(own.integrated_brier_null(times, &null_risks(rows, self.cause.cause, times)?)?)
        };
        Ok(Some(Integrated {
            from: times[0],
            to: times[times.len() - 1],
            times: times.len(),
            model: own.integrated_brier(times, risks.view())?,
            null_validation: null(subjects)?,
            null_development: predictions.train.as_deref().map(null).transpose()?,
        }))
    }

    fn calibration(&self, subjects: &[FollowUp], predictions: &Predictions) -> anyhow::Result<Calibration> {
        let cause = self.cause.cause;
        let lp = predictions.linear_predictor.as_deref();
        let slope = lp.map(|lp| slope(subjects, cause, lp)).transpose()?;
        let mut at = vec![];
        for (place, (time, risks)) in self.times.iter().zip(&predictions.risks).enumerate() {
            let large = in_the_large(subjects, cause, risks, *time)?;
            // No events, or predictions that are all alike, leave these without an answer.
            let smooth = smooth(subjects, cause, risks, *time, 4).ok();
            let counted = (lp.zip(predictions.expected.get(place)))
                .and_then(|(lp, expected)| poisson(subjects, cause, lp, expected, *time).ok());
            at.push(At {
                t: *time,
                mean_predicted_risk: large.mean_predicted,
                observed_risk: large.observed,
                oe: large.observed_over_expected,
                poisson_observed: counted.map(|p| p.observed),
                poisson_expected: counted.map(|p| p.expected),
                citl_log_oe: counted.map(|p| p.log_ratio),
                citl_se: counted.map(|p| p.log_ratio_se),
                poisson_slope: counted.map(|p| p.slope.estimate),
                poisson_slope_se: counted.and_then(|p| p.slope.se),
                ici: smooth.as_ref().map(|s| s.ici),
                e50: smooth.as_ref().map(|s| s.e50),
                e90: smooth.as_ref().map(|s| s.e90),
                emax: smooth.as_ref().map(|s| s.most),
                deciles: (by_risk(subjects, cause, risks, *time, self.groups)?.into_iter())
                    .map(|group| (group.mean_predicted, group.observed, group.n))
                    .collect(),
                smooth: smooth.map(|s| s.observed),
            });
        }
        Ok(Calibration {
            slope: slope.map(|s| s.estimate),
            slope_se: slope.and_then(|s| s.se),
            at,
        })
    }

    fn decisions(&self, subjects: &[FollowUp], predictions: &Predictions) -> anyhow::Result<Vec<Decision>> {
        let thresholds: Vec<f64> = if self.thresholds.is_empty() {
            (1..20).map(|at| f64::from(at) / 20.0).collect()
        } else {
            self.thresholds.clone()
        };
        let mut all = vec![];
        for (time, risks) in self.times.iter().zip(&predictions.risks) {
            let found = net_benefit(subjects, self.cause.cause, risks, *time, &thresholds)?;
            all.push(Decision {
                t: *time,
                model: found.iter().map(|f| f.model).collect(),
                treat_all: found.iter().map(|f| f.treat_all).collect(),
                threshold: thresholds.clone(),
            });
        }
        Ok(all)
    }
}
