//! `metwatch stats cox`: proportional hazards, with everything that is asked of a fit.

mod answer; // concordance, baselines
mod fit;
mod page;
mod predict;

pub use fit::{Fitted, fit};
use fit::{proportional, residuals};

use std::collections::BTreeMap;
use std::path::PathBuf;

use metwatch::survival::Ties;
use serde::Serialize;

use super::data::{Cause, Columns, Covariates, Data, Input};
use super::km::ConfType;
use super::output::Output;
use super::plot::{self};
use super::table::Kind;
use super::terms::Terms;
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub columns: Columns,
    #[command(flatten)]
    pub cause: Cause,
    #[command(flatten)]
    pub covariates: Covariates,
    #[command(flatten)]
    pub fit: Fitting,
    /// Rows of one value of this column are not independent: asks for the robust covariance
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The robust covariance with each row its own cluster (Lin & Wei)
    #[arg(long, conflicts_with = "cluster")]
    robust: bool,
    /// Times of baseline and predictions, with commas between
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::time)]
    times: Vec<f64>,
    /// Test proportional hazards, with time as it is, its logarithm, Kaplan-Meier and ranks
    #[arg(long)]
    ph_test: bool,
    /// Write martingale, deviance, score and dfbeta residuals into this file, one row a row of the data
    #[arg(long, value_name = "FILE.csv")]
    residuals: Option<PathBuf>,
    /// Predict survival for the rows of this file
    #[arg(long, value_name = "FILE.csv")]
    predict: Option<PathBuf>,
    /// The scale on which limits of a predicted survival are symmetric
    #[arg(long, value_enum, default_value_t)]
    conf_type: ConfType,
    #[command(flatten)]
    output: Output,
}

/// How the model is fitted.
#[derive(clap::Args)]
pub struct Fitting {
    /// What to do with events at one time
    #[arg(long, value_enum, default_value_t)]
    pub ties: TiesName,
    /// Each combination of these columns' values has its own baseline
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub strata: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TiesName {
    #[default]
    Efron,
    Breslow,
    Exact,
}

impl From<TiesName> for Ties {
    fn from(name: TiesName) -> Ties {
        match name {
            TiesName::Efron => Ties::Efron,
            TiesName::Breslow => Ties::Breslow,
            TiesName::Exact => Ties::Exact,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    ties: Ties,
    n: usize,
    events: usize,
    #[serde(flatten)]
    terms: Terms,
    loglik_null: f64,
    loglik: f64,
    lr_chisq: f64,
    score_chisq: f64,
    wald_chisq: f64,
    df: usize,
    lr_p: f64,
    score_p: f64,
    wald_p: f64,
    converged: bool,
    iterations: usize,
    concordance: Concordance,
    /// The cumulative hazard with all covariates 0.
    baseline_cumhaz_at_x0: Baselines,
    #[serde(skip_serializing_if = "Option::is_none")]
    ph_test: Option<BTreeMap<&'static str, Proportional>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<Predicted>,
}

#[derive(Serialize)]
pub struct Concordance {
    pub c: Option<f64>,
    pub se: Option<f64>,
    pub counts: Counts,
    /// In the order of the strata's names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub counts_by_stratum: Vec<Counts>,
}

#[derive(Serialize)]
pub struct Counts {
    pub concordant: f64,
    pub discordant: f64,
    #[serde(rename = "tied.x")]
    pub tied_x: f64,
    #[serde(rename = "tied.y")]
    pub tied_y: f64,
    #[serde(rename = "tied.xy")]
    pub tied_xy: f64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Baselines {
    One(Baseline),
    /// By the name of the stratum.
    Strata(BTreeMap<String, Baseline>),
}

#[derive(Serialize)]
struct Baseline {
    time: Vec<f64>,
    cumhaz: Vec<f64>,
}

#[derive(Serialize)]
struct Proportional {
    rows: Vec<String>,
    chisq: Vec<Option<f64>>,
    df: Vec<usize>,
    p: Vec<Option<f64>>,
}

/// One row a time, one column a predicted row.
#[derive(Serialize)]
struct Predicted {
    time: Vec<f64>,
    linear_predictor: Vec<f64>,
    linear_predictor_centred: Vec<f64>,
    surv: Vec<Vec<f64>>,
    se_surv: Vec<Vec<f64>>,
    lower: Vec<Vec<Option<f64>>>,
    upper: Vec<Vec<Option<f64>>>,
}

impl Arguments {
    fn clusters(&self, data: &Data) -> Option<Vec<usize>> {
        match &self.cluster {
            Some(column) => Some(data.codes(column)),
            None => self.robust.then(|| (0..data.subjects.len()).collect()),
        }
    }

    pub fn run(&self) -> anyhow::Result<()> {
        self.covariates.check()?;
        let labels = self.fit.strata.iter().chain(&self.cluster);
        let more = labels
            .map(|name| (name.as_str(), Kind::Label))
            .chain(self.covariates.wanted());
        let data = Data::read(&self.input, &self.columns, more)?;
        let fitted = fit(
            &data,
            &self.covariates,
            &self.fit,
            self.cause.cause,
            self.clusters(&data),
        )?;
        let model = &fitted.model;
        let new_rows = self.predict.as_ref().map(|_| self.new_rows(&fitted)).transpose()?;
        let (lr, wald, score) = (model.likelihood_ratio_test(), model.wald_test(), model.score_test);
        let summary = model.summary(self.output.level)?;
        let answer = Answer {
            ties: model.ties,
            n: model.n,
            events: model.events,
            terms: Terms::of(&summary, &model.covariance, model.robust_covariance.as_ref(), true),
            loglik_null: model.log_likelihood_null,
            loglik: model.log_likelihood,
            lr_chisq: lr.chi_square,
            score_chisq: score.chi_square,
            wald_chisq: wald.chi_square,
            df: lr.degrees,
            lr_p: lr.p,
            score_p: score.p,
            wald_p: wald.p,
            converged: true,
            iterations: model.iterations,
            concordance: self.concordance(&data, &fitted)?,
            baseline_cumhaz_at_x0: self.baselines(&fitted),
            ph_test: self.ph_test.then(|| proportional(&fitted)).transpose()?,
            predicted: new_rows
                .as_ref()
                .map(|rows| self.predicted(&fitted, rows))
                .transpose()?,
        };
        if let Some(file) = &self.residuals {
            residuals(&fitted, file)?;
        }
        let page = self.page(&answer, &fitted);
        let head = self
            .output
            .head("cox", model.provenance.fingerprint.clone(), data.table.dropped);
        self.output.give(&head, &answer, &page, || {
            let mut panels = Vec::from_iter(
                answer
                    .terms
                    .forest("Hazard ratios", "hazard ratio", &self.output, |_| true),
            );
            if let Some(rows) = &new_rows
                && fitted.strata.is_none()
            {
                panels.push(self.predicted_curves(&fitted, rows)?);
            }
            Ok(plot::sheet("Cox model", &panels))
        })
    }
}
