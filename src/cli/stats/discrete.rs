//! `metwatch stats discrete`: hazards of intervals, by rows of subjects and intervals.

use std::path::PathBuf;

use anyhow::bail;
use linfa::prelude::*;
use metwatch::survival::discrete::{Discrete, DiscreteModel, Intervals, Level, Link};
use metwatch::survival::{KaplanMeier, Test};
use metwatch::web::chart::km;
use ndarray::{Array1, Array2};
use serde::Serialize;

use super::data::{Cause, Columns, Covariates, Data, Input};
use super::logrank::rows;
use super::output::Output;
use super::page::{Grid, chance, figure, fixed, p, plain, wrapped};
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
    cause: Cause,
    #[command(flatten)]
    covariates: Covariates,
    /// The ends of the intervals, ascending, with commas between; later times are censored at the last
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::time, required_unless_present = "width")]
    cuts: Vec<f64>,
    /// Intervals of this width in place of --cuts, as many as --count says
    #[arg(long, value_name = "TIME", value_parser = times::time, conflicts_with = "cuts", requires = "count")]
    width: Option<f64>,
    /// How many intervals of --width
    #[arg(long, value_name = "N", requires = "width")]
    count: Option<usize>,
    /// Of the hazard of an interval
    #[arg(long, value_enum, default_value_t)]
    link: LinkName,
    /// Count the interval in which a subject was censored as one without event
    #[arg(long)]
    partial: bool,
    /// Subjects of one value of this column are not independent: asks for the robust covariance
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// Predict survival at the end of each interval for the rows of this file
    #[arg(long, value_name = "FILE.csv")]
    predict: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum LinkName {
    /// Log odds
    #[default]
    Logit,
    /// Complementary log-log: a grouped Cox model
    Cloglog,
}

#[derive(Serialize)]
struct Answer {
    link: LinkName,
    n: usize,
    /// Of subjects and intervals.
    rows: usize,
    events: usize,
    censored_partial_interval_kept: bool,
    cuts: Vec<f64>,
    /// Finite terms: those of the intervals, then the covariates.
    #[serde(flatten)]
    terms: Terms,
    /// Intervals without events (hazard 0) or in which all fell (hazard 1): their terms are not finite.
    intervals_never: Vec<String>,
    intervals_always: Vec<String>,
    loglik_null: f64,
    loglik: f64,
    deviance: f64,
    lr_chisq: f64,
    df: usize,
    lr_p: f64,
    converged: bool,
    iterations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    predicted: Option<Predicted>,
}

#[derive(Serialize)]
struct Predicted {
    time: Vec<f64>,
    /// One row a predicted row, one column an interval.
    surv_by_interval: Vec<Vec<f64>>,
    hazard_by_interval: Vec<Vec<f64>>,
}

impl Arguments {
    fn intervals(&self) -> anyhow::Result<Intervals> {
        let ends = match (self.width, self.count) {
            (Some(width), Some(count)) if (1..=10_000).contains(&count) => {
                (1..=count).map(|at| width * at as f64).collect()
            }
            (Some(_), Some(count)) => bail!("{count} is no number of intervals"),
            _ => self.cuts.clone(),
        };
        Ok(Intervals::new(ends)?)
    }

    pub fn run(&self) -> anyhow::Result<()> {
        self.covariates.check()?;
        let intervals = self.intervals()?;
        let labels = self.cluster.iter().map(|name| (name.as_str(), Kind::Label));
        let mut data = Data::read(&self.input, &self.columns, labels.chain(self.covariates.wanted()))?;
        let design = self.covariates.design(&data.table)?;
        let mut params = Discrete::params(intervals).partial(self.partial).link(match self.link {
            LinkName::Logit => Link::Logit,
            LinkName::Cloglog => Link::ComplementaryLogLog,
        });
        if let Some(cause) = self.cause.cause {
            params = params.cause(cause);
        }
        if let Some(weights) = &data.weights {
            params = params.weights(weights.clone());
        }
        if let Some(column) = &self.cluster {
            params = params.clusters(data.codes(column));
        }
        let dataset = Dataset::new(design.records.clone(), Array1::from(data.subjects.clone()))
            .with_feature_names(design.names.clone());
        let model: DiscreteModel = params.fit(&dataset).map_err(|error| told(error, &design.names))?;
        let predicted = self
            .predict
            .as_deref()
            .map(|file| -> anyhow::Result<Predicted> {
                let wanted: Vec<(&str, Kind)> = self.covariates.wanted().collect();
                let table = Table::read(file, &wanted, false)?;
                let records = self.covariates.design_as(&table, &design)?.records;
                Ok(Predicted {
                    time: model.intervals.ends().to_vec(),
                    surv_by_interval: rows(&model.curves(records.view())?),
                    hazard_by_interval: rows(&model.hazards(records.view())?),
                })
            })
            .transpose()?;
        let answer = self.answer(&model, predicted)?;
        let head = self
            .output
            .head("discrete", model.provenance.fingerprint.clone(), data.table.dropped);
        let page = self.page(&answer);
        data.only(self.cause.cause);
        self.output.give(&head, &answer, &page, || {
            self.draw(&data, &model, &design.records, &answer)
        })
    }

    fn answer(&self, model: &DiscreteModel, predicted: Option<Predicted>) -> anyhow::Result<Answer> {
        let finite: Vec<usize> = (0..model.covariance.nrows())
            .filter(|j| model.estimate(*j).is_some())
            .collect();
        let part = |matrix: &Array2<f64>| {
            Array2::from_shape_fn((finite.len(), finite.len()), |(i, j)| matrix[[finite[i], finite[j]]])
        };
        let robust = model.robust_covariance.as_ref().map(&part);
        let summary = model.summary(self.output.level)?;
        let named = |level: Level| {
            let same = |k: &usize| model.levels[*k] == level;
            (0..model.levels.len())
                .filter(same)
                .map(|k| model.intervals.name(k))
                .collect()
        };
        let free = model.coefficients.len() - model.aliased.len();
        let test = Test::of(2.0 * (model.log_likelihood - model.log_likelihood_null), free);
        Ok(Answer {
            link: self.link,
            n: model.n,
            rows: model.rows,
            events: model.events,
            censored_partial_interval_kept: self.partial,
            cuts: model.intervals.ends().to_vec(),
            terms: Terms::of(&summary, &part(&model.covariance), robust.as_ref(), true),
            intervals_never: named(Level::Never),
            intervals_always: named(Level::Always),
            loglik_null: model.log_likelihood_null,
            loglik: model.log_likelihood,
            deviance: model.deviance(),
            lr_chisq: test.chi_square,
            df: free,
            lr_p: test.p,
            converged: true,
            iterations: model.iterations,
            predicted,
        })
    }

    fn ratio(&self) -> (&'static str, &'static str) {
        match self.link {
            LinkName::Logit => ("OR", "odds ratio"),
            LinkName::Cloglog => ("HR", "hazard ratio"),
        }
    }

    fn page(&self, answer: &Answer) -> String {
        let link = match answer.link {
            LinkName::Logit => "logit",
            LinkName::Cloglog => "complementary log-log",
        };
        let mut page = format!(
            "Discrete time, {link} link: {} subjects, {} rows of subjects and intervals, {} events\n\n",
            answer.n, answer.rows, answer.events
        );
        page += &answer.terms.page(self.ratio().0, &self.output);
        for (names, told) in [
            (&answer.intervals_never, "no events"),
            (&answer.intervals_always, "nothing but events"),
        ] {
            if !names.is_empty() {
                page += &wrapped(&format!(
                    "Intervals with {told}, whose terms are not finite: {}.",
                    names.join(", ")
                ));
            }
        }
        page += "\n";
        page += &wrapped(&format!(
            "Log-likelihood {} (intervals alone {}); chi-square {} on {} df, p {}.",
            fixed(answer.loglik),
            fixed(answer.loglik_null),
            figure(answer.lr_chisq),
            answer.df,
            p(Some(answer.lr_p))
        ));
        let Some(predicted) = &answer.predicted else {
            return page;
        };
        const SHOWN: usize = 6;
        let shown = predicted.surv_by_interval.len().min(SHOWN);
        let names: Vec<String> = (1..=shown).map(|row| format!("row {row}")).collect();
        let mut head = vec!["survival at"];
        head.extend(names.iter().map(String::as_str));
        let mut grid = Grid::new(&head);
        for (k, time) in predicted.time.iter().enumerate() {
            let mut row = vec![plain(*time)];
            row.extend(
                predicted
                    .surv_by_interval
                    .iter()
                    .take(shown)
                    .map(|curve| chance(Some(curve[k]))),
            );
            grid.row(row);
        }
        page += "\n";
        page + &grid.show()
    }

    fn draw(
        &self,
        data: &Data,
        model: &DiscreteModel,
        records: &Array2<f64>,
        answer: &Answer,
    ) -> anyhow::Result<String> {
        let curve = KaplanMeier::fit(&data.subjects, data.weights.as_deref())?;
        let mean = plot::mean_curve(&model.curves(plot::sample(records).view())?);
        let chart = km::Curves {
            x_label: self.columns.time.clone(),
            ..plot::fitted_over_observed(&data.subjects, &curve, model.intervals.ends(), &mean, &self.output)?
        };
        let panel = plot::Panel {
            title: "Mean of the fitted curves over Kaplan-Meier".to_owned(),
            svg: km::svg(&chart),
            notes: vec![],
        };
        let names: Vec<String> = (0..model.levels.len()).map(|k| model.intervals.name(k)).collect();
        let (_, ratio) = self.ratio();
        let own = |name: &str| !names.iter().any(|interval| interval == name);
        let forest = answer.terms.forest("Covariates", ratio, &self.output, own);
        let panels: Vec<_> = std::iter::once(panel).chain(forest).collect();
        Ok(plot::sheet("Discrete time", &panels))
    }
}
