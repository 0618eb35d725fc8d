//! `metwatch stats aft`: accelerated failure times, also of values known only to an interval.

mod fit;
mod page;

use std::path::PathBuf;

use anyhow::bail;
use linfa::prelude::*;
use metwatch::survival::aft::{AftModel, Distribution};
use metwatch::survival::{FollowUp, Test};
use serde::Serialize;

use super::data::{Cause, Covariates, Design, Input};
use super::output::Output;
use super::table::{Kind, Table};
use super::terms::Terms;
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    /// The column with the time at which observation ended; with --upper, the lower end of what is known (empty: nothing below)
    #[arg(long, value_name = "COLUMN")]
    time: String,
    /// The column with how it ended: 0 censored, 1, 2, … the cause
    #[arg(
        long,
        value_name = "COLUMN",
        required_unless_present = "upper",
        conflicts_with = "upper"
    )]
    event: Option<String>,
    /// The column with the upper end of an interval-censored value (empty or Inf: open above; as --time: known exactly)
    #[arg(long, value_name = "COLUMN")]
    upper: Option<String>,
    /// The column with the time at which observation began, where that was not 0
    #[arg(long, value_name = "COLUMN", conflicts_with = "upper")]
    entry: Option<String>,
    /// The column with case weights
    #[arg(long, value_name = "COLUMN")]
    weights: Option<String>,
    #[command(flatten)]
    cause: Cause,
    /// Columns of the model, with commas between; none for the law alone
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    covariates: Vec<String>,
    /// Covariates whose values are names of groups: one column for each but the first
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    factor: Vec<String>,
    /// The law of time (gaussian: of the value itself)
    #[arg(long, value_enum, default_value_t)]
    dist: Dist,
    /// A scale that is not estimated
    #[arg(long, value_parser = times::number)]
    fixed_scale: Option<f64>,
    /// Each combination of these columns' values has a scale of its own
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    strata: Vec<String>,
    /// Rows of one value of this column are not independent: asks for the robust covariance
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The robust covariance with each row its own cluster
    #[arg(long, conflicts_with = "cluster")]
    robust: bool,
    /// Predict survival and median for the rows of this file
    #[arg(long, value_name = "FILE.csv")]
    predict: Option<PathBuf>,
    /// Times of the predictions, with commas between
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::number)]
    times: Vec<f64>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Dist {
    #[default]
    Weibull,
    Exponential,
    #[value(alias = "lognormal")]
    LogNormal,
    #[value(alias = "loglogistic")]
    LogLogistic,
    Gaussian,
}

impl From<Dist> for Distribution {
    fn from(dist: Dist) -> Distribution {
        match dist {
            Dist::Weibull => Distribution::Weibull,
            Dist::Exponential => Distribution::Exponential,
            Dist::LogNormal => Distribution::LogNormal,
            Dist::LogLogistic => Distribution::LogLogistic,
            Dist::Gaussian => Distribution::Gaussian,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    dist: Distribution,
    n: usize,
    events: usize,
    #[serde(flatten)]
    terms: Terms,
    /// One a stratum.
    scale: Vec<f64>,
    loglik_null: f64,
    loglik: f64,
    lr_chisq: f64,
    df: usize,
    lr_p: f64,
    aic: f64,
    converged: bool,
    iterations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<Predicted>,
}

#[derive(Serialize)]
struct Predicted {
    linear_predictor: Vec<f64>,
    median: Vec<f64>,
    se_median: Vec<f64>,
    time: Vec<f64>,
    /// One row a time, one column a predicted row.
    surv: Vec<Vec<f64>>,
    se_surv: Vec<Vec<f64>>,
}

/// What was fitted, whichever way the times are known.
struct Fitted {
    model: AftModel,
    design: Design,
    dropped: usize,
    /// With its curve, where times are follow-up.
    subjects: Option<Vec<FollowUp>>,
    weights: Option<Vec<f64>>,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        let covariates = self.covariates();
        covariates.check()?;
        let fitted = match (&self.upper, &self.event) {
            (Some(upper), _) => self.fit_intervals(&covariates, upper)?,
            (None, Some(event)) => self.fit_follow_up(&covariates, event)?,
            (None, None) => bail!("--event or --upper is needed"),
        };
        let model = &fitted.model;
        let free = model.coefficients.len() - 1 - model.aliased.len();
        let test = Test::of(2.0 * (model.log_likelihood - model.log_likelihood_null), free);
        let parameters = (0..model.covariance.nrows())
            .filter(|j| model.covariance[[*j, *j]] > 0.0)
            .count();
        let predicted = self
            .predict
            .as_ref()
            .map(|_| self.predicted(&covariates, &fitted))
            .transpose()?;
        let summary = model.summary(self.output.level)?;
        let ratios = model.distribution.is_of_logarithm();
        let answer = Answer {
            dist: model.distribution,
            n: model.n,
            events: model.events,
            terms: Terms::of(&summary, &model.covariance, model.robust_covariance.as_ref(), ratios),
            scale: model.scales.clone(),
            loglik_null: model.log_likelihood_null,
            loglik: model.log_likelihood,
            lr_chisq: test.chi_square,
            df: free,
            lr_p: test.p,
            aic: 2.0 * parameters as f64 - 2.0 * model.log_likelihood,
            converged: true,
            iterations: model.iterations,
            predicted,
        };
        let head = self
            .output
            .head("aft", model.provenance.fingerprint.clone(), fitted.dropped);
        self.output
            .give(&head, &answer, &self.page(&answer), || self.draw(&fitted, &answer))
    }

    fn predicted(&self, covariates: &Covariates, fitted: &Fitted) -> anyhow::Result<Predicted> {
        let file = self.predict.as_deref().expect("asked for only where there is a file");
        let wanted: Vec<(&str, Kind)> = covariates.wanted().collect();
        if wanted.is_empty() {
            bail!("without --covariates every row has the same prediction");
        }
        let table = Table::read(file, &wanted, false)?;
        let records = covariates.design_as(&table, &fitted.design)?.records;
        let model = &fitted.model;
        let (mut median, mut se_median) = (vec![], vec![]);
        for row in records.rows() {
            let half = model.quantile(row, 0.5)?;
            median.push(half.value);
            se_median.push(half.se);
        }
        let (mut surv, mut se_surv) = (vec![], vec![]);
        for time in &self.times {
            let at: Vec<_> = (records.rows().into_iter())
                .map(|row| model.survival_with_error(row, *time))
                .collect::<Result<_, _>>()?;
            surv.push(at.iter().map(|s| s.value).collect());
            se_surv.push(at.iter().map(|s| s.se).collect());
        }
        Ok(Predicted {
            linear_predictor: model.predict(&records).to_vec(),
            median,
            se_median,
            time: self.times.clone(),
            surv,
            se_surv,
        })
    }
}
