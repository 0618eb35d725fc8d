//! `metwatch stats cif`: cumulative incidence with competing causes, and Gray's test between groups.

mod page;

use anyhow::bail;
use metwatch::survival::{AalenJohansen, FollowUp, Gray};
use ndarray::Array2;
use serde::Serialize;

use super::data::{Columns, Data, Input};
use super::km::ConfType;
use super::output::Output;
use super::plot::{self};
use super::table::Kind;
use super::times;

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    input: Input,
    #[command(flatten)]
    columns: Columns,
    /// The cause that is drawn by group; all are in the answer
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    cause: u32,
    /// One set of curves for each value of this column, and Gray's test of each cause
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Gray's test compares within each combination of these columns' values only
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', requires = "group")]
    strata: Vec<String>,
    /// An event weighs (1 - F(t-))^rho in Gray's test
    #[arg(long, default_value_t = 0.0, value_parser = times::number)]
    rho: f64,
    /// Times at which the curves are told, with commas between
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::time)]
    times: Vec<f64>,
    /// The scale on which limits are symmetric
    #[arg(long, value_enum, default_value_t)]
    conf_type: ConfType,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Answer {
    conf_type: ConfType,
    n: usize,
    /// How many had each event; 0 is censored.
    counts: Vec<usize>,
    /// The columns of `p` and what stands beside it.
    states: Vec<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    curve: Option<Curve>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Curve>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gray_test: Vec<GrayTest>,
}

#[derive(Serialize)]
struct Curve {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<usize>,
    followed_to: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Chances>,
    #[serde(flatten)]
    steps: Chances,
}

/// One row a time, one column a state.
#[derive(Default, Serialize)]
struct Chances {
    time: Vec<f64>,
    n_risk: Vec<f64>,
    p: Vec<Vec<f64>>,
    se: Vec<Vec<f64>>,
    lower: Vec<Vec<Option<f64>>>,
    upper: Vec<Vec<Option<f64>>>,
    /// Aalen's variance of each cause (without the event-free state), as cmprsk has it.
    var_aalen: Vec<Vec<f64>>,
}

#[derive(Serialize)]
struct GrayTest {
    cause: u32,
    stat: f64,
    p: f64,
    df: usize,
}

struct Fitted {
    curve: AalenJohansen,
    /// Standard errors after each step: of being free, then of each cause.
    se: Vec<Vec<f64>>,
    aalen: Vec<Vec<f64>>,
}

impl Fitted {
    fn of(subjects: &[FollowUp], weights: Option<&[f64]>, causes: u32) -> anyhow::Result<Fitted> {
        let curve = AalenJohansen::fit_weighted(subjects, weights)?;
        let mut se = vec![curve.free_se()];
        se.extend((1..=causes).map(|cause| curve.se(cause)));
        let aalen = (1..=causes).map(|cause| curve.aalen_variance(cause)).collect();
        Ok(Fitted { curve, se, aalen })
    }

    /// After so many steps: chances, errors, limits and Aalen's variances.
    fn row(&self, steps: usize, causes: u32, conf_type: ConfType, z: f64, chances: &mut Chances) {
        let Some(last) = steps.checked_sub(1) else {
            let states = causes as usize + 1;
            let start: Vec<f64> = (0..states).map(|state| f64::from(u8::from(state == 0))).collect();
            let bounds: Vec<Option<f64>> = start.iter().map(|p| Some(*p)).collect();
            chances.p.push(start);
            chances.se.push(vec![0.0; states]);
            chances.lower.push(bounds.clone());
            chances.upper.push(bounds);
            chances.var_aalen.push(vec![0.0; states - 1]);
            return;
        };
        let time = self.curve.steps[last].time;
        let mut p = vec![self.curve.steps[last].free];
        p.extend((1..=causes).map(|cause| self.curve.incidence_at(cause, time)));
        let at = |all: &[f64]| all.get(last).copied().unwrap_or(0.0);
        let se: Vec<f64> = self.se.iter().map(|all| at(all)).collect();
        let bounds: Vec<_> = p
            .iter()
            .zip(&se)
            .map(|(p, se)| conf_type.limits().of(*p, *se, z))
            .collect();
        chances.lower.push(bounds.iter().map(|b| b.map(|b| b.0)).collect());
        chances.upper.push(bounds.iter().map(|b| b.map(|b| b.1)).collect());
        chances.var_aalen.push(self.aalen.iter().map(|all| at(all)).collect());
        chances.p.push(p);
        chances.se.push(se);
    }
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        let labels = self
            .group
            .iter()
            .chain(&self.strata)
            .map(|name| (name.as_str(), Kind::Label));
        let data = Data::read(&self.input, &self.columns, labels)?;
        let causes = data.subjects.iter().map(FollowUp::event).max().unwrap_or(0).max(1);
        if causes > 100 {
            bail!(
                "column {}: an event of {causes} is taken for a mistake, not for a cause",
                self.columns.event
            );
        }
        if self.cause > causes {
            bail!("no row has the event {}", self.cause);
        }
        let groups = plot::groups(&data, self.group.as_deref());
        let (mut curves, mut fitted) = (vec![], vec![]);
        for (label, rows) in &groups {
            let (subjects, weights) = data.some(rows);
            let one = Fitted::of(&subjects, weights.as_deref(), causes)?;
            curves.push(self.curve(&one, (&subjects, weights.as_deref()), causes, label)?);
            fitted.push(one);
        }
        let mut counts = vec![0; causes as usize + 1];
        data.subjects.iter().for_each(|s| counts[s.event() as usize] += 1);
        let mut states = vec!["event_free".to_owned()];
        states.extend((1..=causes).map(|cause| cause.to_string()));
        let mut answer = Answer {
            conf_type: self.conf_type,
            n: data.subjects.len(),
            counts,
            states,
            curve: None,
            groups: curves,
            gray_test: self.gray(&data, causes)?,
        };
        let page = self.page(&answer);
        if self.group.is_none() {
            answer.curve = answer.groups.pop();
        }
        let head = self.output.head(
            "cif",
            data.fingerprint(&Array2::zeros((data.subjects.len(), 0))),
            data.table.dropped,
        );
        self.output.give(&head, &answer, &page, || {
            Ok(self.draw(&data, &groups, &fitted, causes, &answer))
        })
    }

    fn curve(
        &self,
        fitted: &Fitted,
        (subjects, weights): (&[FollowUp], Option<&[f64]>),
        causes: u32,
        label: &str,
    ) -> anyhow::Result<Curve> {
        let z = metwatch::survival::inference::z(self.output.level)?;
        let mut steps = Chances::default();
        for (at, step) in fitted.curve.steps.iter().enumerate() {
            steps.time.push(step.time);
            steps.n_risk.push(step.at_risk);
            fitted.row(at + 1, causes, self.conf_type, z, &mut steps);
        }
        let mut at = Chances::default();
        for time in &self.times {
            let watched = |s: &FollowUp| s.exit() >= *time && (s.entry() < *time || s.entry() == 0.0);
            let weight = |row: usize| weights.map_or(1.0, |all| all[row]);
            at.time.push(*time);
            at.n_risk.push((subjects.iter().enumerate()).fold(
                0.0,
                |sum, (row, s)| {
                    if watched(s) { sum + weight(row) } else { sum }
                },
            ));
            let until = fitted.curve.steps.partition_point(|step| step.time <= *time);
            fitted.row(until, causes, self.conf_type, z, &mut at);
        }
        Ok(Curve {
            group: self.group.is_some().then(|| label.to_owned()),
            size: self.group.is_some().then_some(subjects.len()),
            followed_to: fitted.curve.followed_to,
            at: (!self.times.is_empty()).then_some(at),
            steps,
        })
    }

    fn gray(&self, data: &Data, causes: u32) -> anyhow::Result<Vec<GrayTest>> {
        let Some(group) = &self.group else {
            return Ok(vec![]);
        };
        if data.weights.is_some() {
            bail!("Gray's test is not made with weights; leave --group or --weights out");
        }
        let labels = data.table.labels(group);
        let mut tests = vec![];
        for cause in (1..=causes).filter(|cause| data.subjects.iter().any(|s| s.event() == *cause)) {
            let mut params = Gray::params().cause(cause).rho(self.rho);
            if !self.strata.is_empty() {
                params = params.strata(data.strata(&self.strata).codes);
            }
            let test = params.test(&data.subjects, &labels.codes, labels.levels.len())?;
            tests.push(GrayTest {
                cause,
                stat: test.chi_square,
                p: test.p,
                df: test.degrees,
            });
        }
        Ok(tests)
    }
}
