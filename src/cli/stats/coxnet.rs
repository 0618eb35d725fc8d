//! `metwatch stats coxnet`: the elastic net of a Cox model, its path and its cross-validation.

use anyhow::bail;
use linfa::prelude::*;
use metwatch::survival::Ties;
use metwatch::survival::coxnet::{CoxNet, CoxNetParams, CoxNetPath, CrossValidated, Folds};
use metwatch::web::chart::lines::{self, Axis, Line, Lines, Scale};
use ndarray::Array1;
use serde::Serialize;

use super::cox::TiesName;
use super::data::{Cause, Columns, Covariates, Data, Input};
use super::logrank::rows;
use super::output::Output;
use super::page::{Grid, figure, fixed};
use super::plot::{self, Panel};
use super::table::Kind;
use super::terms::told;
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    cause: Cause,
    #[command(flatten)]
    covariates: Covariates,
    /// 1 is the lasso, 0 ridge
    #[arg(long, default_value_t = 1.0, value_parser = times::number)]
    alpha: f64,
    /// The penalties, with commas between; without them a path is derived from the data
    #[arg(long, value_name = "LAMBDAS", value_delimiter = ',', value_parser = times::time)]
    lambda: Vec<f64>,
    /// How many penalties are derived
    #[arg(long, default_value_t = 100, conflicts_with = "lambda")]
    count: usize,
    /// The smallest penalty derived over the largest
    #[arg(long, value_parser = times::share, conflicts_with = "lambda")]
    ratio: Option<f64>,
    /// Penalise the columns as they stand, not over their standard deviations
    #[arg(long)]
    no_standardise: bool,
    /// Columns without penalty, with commas between
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    unpenalised: Vec<String>,
    /// What to do with events at one time
    #[arg(long, value_enum, default_value_t = TiesName::Breslow)]
    ties: TiesName,
    /// Each combination of these columns' values has its own baseline
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    strata: Vec<String>,
    /// Choose the penalty by cross-validation with so many folds
    #[arg(long, value_name = "FOLDS", value_parser = clap::value_parser!(u32).range(2..))]
    cv: Option<u32>,
    /// Of the folds
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Answer {
    alpha: f64,
    standardize: bool,
    ties: Ties,
    n: usize,
    events: usize,
    terms: Vec<String>,
    lambda: Vec<f64>,
    /// One row a penalty, per unit of the columns.
    coef_by_lambda: Vec<Vec<f64>>,
    loglik_null: f64,
    loglik: Vec<f64>,
    nonzero: Vec<usize>,
    /// How far each answer is from the conditions of the optimum.
    kkt_violation: Vec<f64>,
    converged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_validation: Option<CrossValidation>,
}

#[derive(Serialize)]
struct CrossValidation {
    folds: u32,
    seed: u64,
    /// Twice the partial likelihood lost, an event, at each penalty.
    deviance: Vec<f64>,
    se: Vec<f64>,
    lambda_min: f64,
    lambda_1se: f64,
    coef_min: Vec<f64>,
    coef_1se: Vec<f64>,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        self.covariates.check()?;
        let labels = self.strata.iter().map(|name| (name.as_str(), Kind::Label));
        let data = Data::read(&self.input, &self.columns, labels.chain(self.covariates.wanted()))?;
        let design = self.covariates.design(&data.table)?;
        let params = self.params(&data, &design.names)?;
        let dataset = Dataset::new(design.records.clone(), Array1::from(data.subjects.clone()))
            .with_feature_names(design.names.clone());
        let (path, validated) = match self.cv {
            None => (params.fit(&dataset).map_err(|error| told(error, &design.names))?, None),
            Some(folds) => {
                let folds = Folds::of_rows(data.subjects.len(), folds as usize, self.seed)?;
                let found: CrossValidated = params
                    .check_ref()?
                    .cross_validate(&dataset, &folds)
                    .map_err(|error| told(error, &design.names))?;
                (found.path.clone(), Some(found))
            }
        };
        let answer = self.answer(&path, validated.as_ref());
        let head = self
            .output
            .head("coxnet", path.provenance.fingerprint.clone(), data.table.dropped);
        let page = self.page(&path, &answer);
        let deviations = design.records.std_axis(ndarray::Axis(0), 0.0);
        self.output
            .give(&head, &answer, &page, || Ok(self.draw(&path, &answer, &deviations)))
    }

    fn params(&self, data: &Data, names: &[String]) -> anyhow::Result<CoxNetParams> {
        let mut params = CoxNet::params()
            .alpha(self.alpha)
            .standardise(!self.no_standardise)
            .ties(self.ties.into())
            .count(self.count);
        if !self.lambda.is_empty() {
            params = params.lambdas(self.lambda.clone());
        }
        if let Some(ratio) = self.ratio {
            params = params.ratio(ratio);
        }
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(weights) = &data.weights {
            params = params.weights(weights.clone());
        }
        if !self.strata.is_empty() {
            params = params.strata(
                data.strata(&self.strata)
                    .codes
                    .into_iter()
                    .map(|code| code as u32)
                    .collect(),
            );
        }
        if let Some(name) = self
            .unpenalised
            .iter()
            .find(|name| !self.covariates.covariates.contains(name))
        {
            bail!("--unpenalised names `{name}`, which is not among the covariates");
        }
        if !self.unpenalised.is_empty() {
            let free = |name: &String| {
                let column = name.split('=').next().unwrap_or(name);
                self.unpenalised.iter().any(|own| own == name || own == column)
            };
            let factors = names.iter().map(|name| f64::from(u8::from(!free(name))));
            params = params.penalty_factors(factors.collect());
        }
        Ok(params)
    }

    fn answer(&self, path: &CoxNetPath, validated: Option<&CrossValidated>) -> Answer {
        Answer {
            alpha: path.alpha,
            standardize: !self.no_standardise,
            ties: path.ties,
            n: path.n,
            events: path.events,
            terms: path.names.clone(),
            lambda: path.lambdas.clone(),
            coef_by_lambda: rows(&path.coefficients),
            loglik_null: path.log_likelihood_null,
            loglik: path.log_likelihoods.clone(),
            nonzero: (0..path.lambdas.len()).map(|number| path.nonzero(number)).collect(),
            kkt_violation: path.violations.clone(),
            converged: true,
            cross_validation: validated.map(|found| CrossValidation {
                folds: self.cv.unwrap_or(0),
                seed: self.seed,
                deviance: found.deviance.clone(),
                se: found.error.clone(),
                lambda_min: found.lambda_min,
                lambda_1se: found.lambda_1se,
                coef_min: path.coefficients.row(found.number_min).to_vec(),
                coef_1se: path.coefficients.row(found.number_1se).to_vec(),
            }),
        }
    }

    fn page(&self, path: &CoxNetPath, answer: &Answer) -> String {
        let mut page = format!(
            "Cox model with elastic net (alpha {}): {} rows, {} events\n\n",
            path.alpha, path.n, path.events
        );
        let every = path.lambdas.len().div_ceil(20).max(1);
        let mut grid = Grid::new(&["lambda", "columns", "log-likelihood", "largest coefficients"]);
        for number in (0..path.lambdas.len()).filter(|at| at % every == 0 || at + 1 == path.lambdas.len()) {
            let largest = path.entered(number);
            let mut words: Vec<String> = (largest.iter().take(3))
                .map(|(n, b)| format!("{n} {}", figure(*b)))
                .collect();
            if largest.len() > 3 {
                words.push("…".to_owned());
            }
            grid.row(vec![
                figure(path.lambdas[number]),
                answer.nonzero[number].to_string(),
                fixed(path.log_likelihoods[number]),
                words.join(", "),
            ]);
        }
        page += &grid.show();
        let Some(found) = &answer.cross_validation else {
            return page;
        };
        page += &format!(
            "\nCross-validation, {} folds, seed {}: least deviance at lambda {}, within one SE of it {}\n\n",
            found.folds,
            found.seed,
            figure(found.lambda_min),
            figure(found.lambda_1se)
        );
        let mut grid = Grid::new(&["", "at the least deviance", "within one SE"]);
        for (j, name) in answer.terms.iter().enumerate() {
            grid.row(vec![name.clone(), figure(found.coef_min[j]), figure(found.coef_1se[j])]);
        }
        page + &grid.show()
    }

    fn draw(&self, path: &CoxNetPath, answer: &Answer, deviations: &Array1<f64>) -> String {
        // Of columns as different as age and a receptor's level only standard deviations can be told on one scale.
        let lines: Vec<Line> = (0..path.names.len())
            .filter(|j| path.coefficients.column(*j).iter().any(|b| *b != 0.0))
            .map(|j| Line {
                label: path.names[j].clone(),
                points: (path.lambdas.iter().zip(path.coefficients.column(j)))
                    .map(|(lambda, b)| (-lambda.max(1e-300).log10(), b * deviations[j]))
                    .collect(),
                ..Line::default()
            })
            .collect();
        let points = || lines.iter().flat_map(|line| line.points.iter().copied());
        let marks = answer.cross_validation.iter().flat_map(|found| {
            [(found.lambda_min, "least deviance"), (found.lambda_1se, "one SE")]
                .map(|(lambda, name)| (-lambda.log10(), name.to_owned()))
        });
        let marks: Vec<(f64, String)> = marks.collect();
        let chart = Lines {
            id: "path".to_owned(),
            title: "Coefficients".to_owned(),
            about: format!("{} coefficients over the penalty", lines.len()),
            width: plot::WIDTH,
            x: Axis::around("−log10 of the penalty", Scale::Plain, points().map(|p| p.0)),
            y: Axis::around("coefficient a standard deviation", Scale::Plain, points().map(|p| p.1)),
            lines: lines.clone(),
            marks: marks.clone(),
        };
        let mut panels = vec![Panel {
            title: format!("Coefficients along the path, alpha {}", path.alpha),
            svg: lines::svg(&chart),
            notes: vec![],
        }];
        if let Some(found) = &answer.cross_validation {
            let at = |i: usize| -path.lambdas[i].max(1e-300).log10();
            let deviance = Line {
                label: "deviance".to_owned(),
                points: (0..path.lambdas.len()).map(|i| (at(i), found.deviance[i])).collect(),
                band: (0..path.lambdas.len())
                    .map(|i| (at(i), found.deviance[i] - found.se[i], found.deviance[i] + found.se[i]))
                    .collect(),
                ..Line::default()
            };
            let chart = Lines {
                id: "deviance".to_owned(),
                title: "Cross-validated deviance".to_owned(),
                about: "Deviance over the penalty".to_owned(),
                width: plot::WIDTH,
                x: chart.x.clone(),
                y: Axis::around("", Scale::Plain, deviance.band.iter().flat_map(|b| [b.1, b.2])),
                lines: vec![deviance],
                marks,
            };
            panels.push(Panel {
                title: "Cross-validated deviance an event, with one standard error".to_owned(),
                svg: lines::svg(&chart),
                notes: vec![],
            });
        }
        plot::sheet("Elastic net", &panels)
    }
}
