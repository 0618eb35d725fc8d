//! `metwatch stats finegray`: proportional hazards of the subdistribution.

use std::path::PathBuf;

use linfa::prelude::*;
use metwatch::survival::FineGrayModel;
use metwatch::survival::fine_gray::{FineGray, TiedCensoring};
use metwatch::web::chart::km;
use ndarray::Array1;
use serde::Serialize;

use super::data::{Columns, Covariates, Data, Input};
use super::logrank::rows;
use super::output::Output;
use super::page::{Grid, chance, fixed, plain, wrapped};
use super::plot;
use super::table::{Kind, Table};
use super::terms::{Terms, told};
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    covariates: Covariates,
    /// The event that is modelled; the others compete
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cause: u32,
    /// The censoring has a curve of its own for each value of this column
    #[arg(long, value_name = "COLUMN")]
    censoring_group: Option<String>,
    /// Rows of one value of this column are not independent
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// At a time with events and censorings, count those who fall among those who could have been censored, as cmprsk does
    #[arg(long)]
    cmprsk: bool,
    /// Predict cumulative incidence for the rows of this file
    #[arg(long, value_name = "FILE.csv")]
    predict: Option<PathBuf>,
    /// Times of predictions and baseline, with commas between
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::time)]
    times: Vec<f64>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Answer {
    cause: u32,
    n: usize,
    events: usize,
    competing: usize,
    #[serde(flatten)]
    terms: Terms,
    loglik_null: f64,
    loglik: f64,
    lr_chisq: f64,
    df: usize,
    converged: bool,
    iterations: usize,
    baseline_cumhaz_at_x0: Baseline,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<Predicted>,
}

#[derive(Serialize)]
struct Baseline {
    time: Vec<f64>,
    cumhaz: Vec<f64>,
}

/// One row a time, one column a predicted row.
#[derive(Serialize)]
struct Predicted {
    time: Vec<f64>,
    cif: Vec<Vec<f64>>,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        self.covariates.check()?;
        let labels = self.censoring_group.iter().chain(&self.cluster);
        let more = labels
            .map(|name| (name.as_str(), Kind::Label))
            .chain(self.covariates.wanted());
        let data = Data::read(&self.input, &self.columns, more)?;
        let design = self.covariates.design(&data.table)?;
        let mut params = FineGray::params().cause(self.cause);
        if self.cmprsk {
            params = params.tied_censoring(TiedCensoring::WithEvents);
        }
        if let Some(weights) = &data.weights {
            params = params.weights(weights.clone());
        }
        if let Some(column) = &self.censoring_group {
            params = params.censoring_groups(data.codes(column));
        }
        if let Some(column) = &self.cluster {
            params = params.clusters(data.codes(column));
        }
        let dataset = Dataset::new(design.records.clone(), Array1::from(data.subjects.clone()))
            .with_feature_names(design.names.clone());
        let model: FineGrayModel = params.fit(&dataset).map_err(|error| told(error, &design.names))?;
        let summary = model.summary(self.output.level)?;
        let predicted = self
            .predict
            .as_deref()
            .map(|file| -> anyhow::Result<Predicted> {
                let wanted: Vec<(&str, Kind)> = self.covariates.wanted().collect();
                let table = Table::read(file, &wanted, false)?;
                let records = self.covariates.design_as(&table, &design)?.records;
                let time = self.when(&model);
                let cif = model.cif_at(records.view(), &time)?;
                Ok(Predicted {
                    cif: rows(&cif.reversed_axes()),
                    time,
                })
            })
            .transpose()?;
        let answer = Answer {
            cause: model.cause,
            n: model.n,
            events: model.events,
            competing: model.competing,
            terms: Terms::of(&summary, &model.covariance, Some(&model.robust_covariance), true),
            loglik_null: model.log_likelihood_null,
            loglik: model.log_likelihood,
            lr_chisq: 2.0 * (model.log_likelihood - model.log_likelihood_null),
            df: model.names.len() - model.aliased.len(),
            converged: true,
            iterations: model.iterations,
            baseline_cumhaz_at_x0: self.baseline(&model),
            predicted,
        };
        let head = self
            .output
            .head("finegray", model.provenance.fingerprint.clone(), data.table.dropped);
        self.output.give(&head, &answer, &self.page(&answer), || {
            let forest = answer.terms.forest(
                "Subdistribution hazard ratios",
                "subdistribution hazard ratio",
                &self.output,
                |_| true,
            );
            Ok(plot::sheet("Fine-Gray model", &Vec::from_iter(forest)))
        })
    }

    fn when(&self, model: &FineGrayModel) -> Vec<f64> {
        if self.times.is_empty() {
            km::ticks(model.followed_to).into_iter().skip(1).collect()
        } else {
            self.times.clone()
        }
    }

    fn baseline(&self, model: &FineGrayModel) -> Baseline {
        let ratio = (-model.coefficients.dot(&model.means)).exp();
        let mut sum = 0.0;
        let sums: Vec<f64> = (model.baseline.hazard.iter())
            .map(|step| {
                sum += step;
                sum * ratio
            })
            .collect();
        let until = |time: &f64| model.baseline.times.partition_point(|t| t <= time);
        if self.times.is_empty() {
            return Baseline {
                time: model.baseline.times.clone(),
                cumhaz: sums,
            };
        }
        let at = |time: &f64| until(time).checked_sub(1).map_or(0.0, |last| sums[last]);
        Baseline {
            time: self.times.clone(),
            cumhaz: self.times.iter().map(at).collect(),
        }
    }

    fn page(&self, answer: &Answer) -> String {
        let mut page = format!(
            "Fine-Gray model of cause {}: {} rows, {} events, {} of competing causes; {} steps\n\n",
            answer.cause, answer.n, answer.events, answer.competing, answer.iterations
        );
        page += &answer.terms.page("SHR", &self.output);
        page += "\n";
        page += &wrapped(&format!(
            "Pseudo log-likelihood {} (without covariates {}). Intervals stand on the robust errors.",
            fixed(answer.loglik),
            fixed(answer.loglik_null)
        ));
        if let Some(predicted) = &answer.predicted {
            const SHOWN: usize = 6;
            let rows = predicted.cif.first().map_or(0, Vec::len);
            let names: Vec<String> = (1..=rows.min(SHOWN)).map(|row| format!("row {row}")).collect();
            let mut head = vec!["incidence at"];
            head.extend(names.iter().map(String::as_str));
            let mut grid = Grid::new(&head);
            for (time, cif) in predicted.time.iter().zip(&predicted.cif) {
                let mut row = vec![plain(*time)];
                row.extend(cif.iter().take(SHOWN).map(|value| chance(Some(*value))));
                grid.row(row);
            }
            page += "\n";
            page += &grid.show();
            if rows > SHOWN {
                page += &format!("… and {} rows more in the JSON\n", rows - SHOWN);
            }
        }
        page
    }
}
