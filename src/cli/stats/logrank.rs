//! `metwatch stats logrank`: do groups have the same hazard?

use metwatch::survival::log_rank::Weighting;
use metwatch::survival::{KaplanMeier, LogRank};
use ndarray::Array2;
use serde::Serialize;

use super::data::{Cause, Columns, Data, Input};
use super::km::ConfType;
use super::output::Output;
use super::page::{Grid, figure, p, wrapped};
use super::table::Kind;
use super::{plot, times};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    columns: Columns,
    #[command(flatten)]
    cause: Cause,
    /// The column with the groups that are compared
    #[arg(long, value_name = "COLUMN")]
    group: String,
    /// Groups are compared within each combination of these columns' values only
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    strata: Vec<String>,
    /// An event weighs S(t-)^rho (1 - S(t-))^gamma (Fleming-Harrington); rho 1 is Peto & Peto's test
    #[arg(long, default_value_t = 0.0, value_parser = times::number)]
    rho: f64,
    #[arg(long, default_value_t = 0.0, value_parser = times::number)]
    gamma: f64,
    /// Another weighting in place of rho and gamma
    #[arg(long, value_enum, conflicts_with_all = ["rho", "gamma"])]
    weighting: Option<Other>,
    /// Test for trend over the groups in their order, with these scores (1, 2, 3, … without a value)
    #[arg(long, value_name = "SCORES", value_delimiter = ',', num_args = 0.., value_parser = times::number)]
    trend: Option<Vec<f64>>,
    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Other {
    /// The number at risk
    Gehan,
    /// Its root
    TaroneWare,
}

#[derive(Serialize)]
struct Answer {
    rho: f64,
    gamma: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    weighting: Option<Other>,
    groups: Vec<String>,
    n: Vec<f64>,
    observed: Vec<f64>,
    expected: Vec<f64>,
    variance: Vec<Vec<f64>>,
    chisq: f64,
    df: usize,
    p: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    trend: Option<Trend>,
}

#[derive(Serialize)]
struct Trend {
    scores: Vec<f64>,
    chisq: f64,
    df: usize,
    p: f64,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        let labels = std::iter::once(&self.group).chain(&self.strata);
        let mut data = Data::read(
            &self.input,
            &self.columns,
            labels.map(|name| (name.as_str(), Kind::Label)),
        )?;
        data.only(self.cause.cause);
        let groups = data.table.labels(&self.group).clone();
        let weighting = match self.weighting {
            Some(Other::Gehan) => Weighting::Gehan,
            Some(Other::TaroneWare) => Weighting::TaroneWare,
            None if self.rho == 0.0 && self.gamma == 0.0 => Weighting::LogRank,
            None => Weighting::FlemingHarrington {
                rho: self.rho,
                gamma: self.gamma,
            },
        };
        let mut params = LogRank::params().weighting(weighting);
        if !self.strata.is_empty() {
            params = params.strata(data.strata(&self.strata).codes);
        }
        if let Some(weights) = &data.weights {
            params = params.weights(weights.clone());
        }
        let test = params.test(&data.subjects, &groups.codes, groups.levels.len())?;
        let trend = (self.trend.as_ref())
            .map(|scores| self.trend(&test, scores, groups.levels.len()))
            .transpose()?;
        let answer = Answer {
            rho: self.rho,
            gamma: self.gamma,
            weighting: self.weighting,
            groups: groups.levels,
            variance: rows(&test.variance),
            n: test.n,
            observed: test.observed,
            expected: test.expected,
            chisq: test.chi_square,
            df: test.degrees,
            p: test.p,
            trend,
        };
        let print = data.fingerprint(&Array2::zeros((data.subjects.len(), 0)));
        let head = self.output.head("logrank", print, data.table.dropped);
        self.output
            .give(&head, &answer, &self.page(&answer), || self.draw(&data, &answer))
    }

    fn trend(&self, test: &LogRank, scores: &[f64], groups: usize) -> anyhow::Result<Trend> {
        let scores = match scores {
            [] => (1..=groups).map(|score| score as f64).collect(),
            given => given.to_vec(),
        };
        let trend = test.trend(&scores)?;
        Ok(Trend {
            scores,
            chisq: trend.chi_square,
            df: trend.degrees,
            p: trend.p,
        })
    }

    fn told(&self, answer: &Answer) -> String {
        let name = match (self.weighting, self.rho, self.gamma) {
            (Some(Other::Gehan), ..) => "Gehan's test".to_owned(),
            (Some(Other::TaroneWare), ..) => "Tarone and Ware's test".to_owned(),
            (None, 0.0, 0.0) => "log-rank test".to_owned(),
            (None, rho, gamma) => format!("Fleming-Harrington test ({rho}, {gamma})"),
        };
        let within = if self.strata.is_empty() {
            String::new()
        } else {
            format!(" within {}", self.strata.join(", "))
        };
        let (statistic, df) = (figure(answer.chisq), answer.df);
        format!(
            "{name}{within}: chi-square {statistic} on {df} df, p {}",
            p(Some(answer.p))
        )
    }

    fn page(&self, answer: &Answer) -> String {
        let mut grid = Grid::new(&[&self.group, "n", "observed", "expected", "(O-E)²/E", "(O-E)²/V"]);
        for (g, group) in answer.groups.iter().enumerate() {
            let apart = (answer.observed[g] - answer.expected[g]).powi(2);
            grid.row(vec![
                format!("{}={group}", self.group),
                figure(answer.n[g]),
                figure(answer.observed[g]),
                figure(answer.expected[g]),
                figure(apart / answer.expected[g]),
                figure(apart / answer.variance[g][g]),
            ]);
        }
        let mut page = grid.show() + "\n" + &wrapped(&self.told(answer));
        if let Some(trend) = &answer.trend {
            let told = format!(
                "trend: chi-square {} on 1 df, p {}",
                figure(trend.chisq),
                p(Some(trend.p))
            );
            page += &wrapped(&told);
        }
        page
    }

    fn draw(&self, data: &Data, answer: &Answer) -> anyhow::Result<String> {
        let groups = plot::groups(data, Some(&self.group));
        let mut fitted = vec![];
        for (_, rows) in &groups {
            let (subjects, weights) = data.some(rows);
            fitted.push(KaplanMeier::fit(&subjects, weights.as_deref())?);
        }
        let notes = vec![self.told(answer)];
        let time = &self.columns.time;
        let panel = plot::curves(data, &groups, &fitted, time, ConfType::Log, &self.output, notes)?;
        Ok(super::plot::sheet("Log-rank test", &[panel]))
    }
}

/// A matrix row by row.
pub fn rows(matrix: &Array2<f64>) -> Vec<Vec<f64>> {
    matrix.rows().into_iter().map(|row| row.to_vec()).collect()
}
