//! `metwatch stats validate`: predictions held against what came, by a model fitted to other rows or made elsewhere.

mod answer;
mod measures;
mod page;
mod picture;
mod predictions;

use std::path::PathBuf;

use super::cox::Fitting;
use super::data::{Cause, Columns, Data, Input};
use super::output::Output;
use super::table::Kind;
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    cause: Cause,
    /// Horizons at which predictions are judged, with commas between
    #[arg(long, value_name = "TIMES", required = true, value_delimiter = ',', value_parser = times::time)]
    times: Vec<f64>,
    /// Fit a model to this file (the same columns) and validate it on --csv
    #[arg(long, value_name = "FILE.csv", requires = "covariates")]
    train: Option<PathBuf>,
    /// Which model is fitted to --train
    #[arg(long, value_enum, default_value_t)]
    model: Model,
    /// Columns of the model, with commas between
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "train")]
    covariates: Vec<String>,
    /// Covariates whose values are names of groups
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    factor: Vec<String>,
    #[command(flatten)]
    fit: Fitting,
    /// Of the elastic net: 1 is the lasso, 0 ridge
    #[arg(long, default_value_t = 1.0, value_parser = times::number)]
    alpha: f64,
    /// The penalty of the elastic net
    #[arg(long, value_parser = times::time, required_if_eq("model", "coxnet"))]
    lambda: Option<f64>,
    /// Of what a forest or boosting draws
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Columns with the predicted risk, one for each of --times
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with_all = ["train", "survival"])]
    risk: Vec<String>,
    /// Columns with the predicted survival, one for each of --times
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "train")]
    survival: Vec<String>,
    /// The column with a linear predictor: higher, the event comes earlier
    #[arg(long, value_name = "COLUMN", conflicts_with = "train")]
    lp: Option<String>,
    /// Where pairs end that Uno's C compares; the last of --times if not given
    #[arg(long, value_parser = times::time)]
    tau: Option<f64>,
    /// Average the Brier score over a grid of times: from, to, step. Needs --train
    #[arg(long, value_name = "FROM,TO,STEP", value_delimiter = ',', num_args = 1, value_parser = times::time, requires = "train")]
    grid: Vec<f64>,
    /// Risks from which on one acts, for the decision curve
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = times::share)]
    thresholds: Vec<f64>,
    /// How many groups of predicted risk calibration tells
    #[arg(long, default_value_t = 10)]
    groups: usize,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Model {
    /// Cox; with --cause and a second cause, the pair of cause-specific models
    #[default]
    Cox,
    Coxnet,
    Forest,
    Boosting,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        let covariates = self.covariates();
        covariates.check()?;
        let mut wanted: Vec<(&str, Kind)> = covariates.wanted().collect();
        let given = self.risk.iter().chain(&self.survival).chain(&self.lp);
        wanted.extend(given.map(|name| (name.as_str(), Kind::Number)));
        let data = Data::read(&self.input, &self.columns, wanted)?;
        let predictions = self.predictions(&covariates, &data)?;
        let answer = self.answer(&data, &predictions)?;
        let head = self
            .output
            .head("validate", data.fingerprint(&predictions.records), data.table.dropped);
        let page = self.page(&answer);
        self.output
            .give(&head, &answer, &page, || self.picture(&data, &predictions, &answer))
    }
}
