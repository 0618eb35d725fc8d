//! `metwatch stats km`: survival curves with limits, cumulative hazards, quantiles, numbers at risk.

use metwatch::survival::{KaplanMeier, Limits, NelsonAalen};
use serde::Serialize;

use super::data::{Cause, Columns, Data, Input};
use super::output::Output;
use super::page::{Grid, chance, interval, plain, plain_or_none, wrapped};
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
    /// One curve for each value of this column
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    /// Times at which the curves are told, with commas between
    #[arg(long, value_name = "TIMES", value_delimiter = ',', value_parser = times::time)]
    times: Vec<f64>,
    /// Quantiles of the time to the event, as shares
    #[arg(long, value_name = "SHARES", value_delimiter = ',', default_values_t = [0.25, 0.5, 0.75], value_parser = times::share)]
    quantiles: Vec<f64>,
    /// The scale on which limits are symmetric
    #[arg(long, value_enum, default_value_t)]
    conf_type: ConfType,
    #[command(flatten)]
    output: Output,
}

/// R's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfType {
    Plain,
    #[default]
    Log,
    LogLog,
    Logit,
    Arcsin,
}

impl ConfType {
    pub fn limits(self) -> Limits {
        match self {
            ConfType::Plain => Limits::Plain,
            ConfType::Log => Limits::Log,
            ConfType::LogLog => Limits::LogLog,
            ConfType::Logit => Limits::Logit,
            ConfType::Arcsin => Limits::Arcsine,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    conf_type: ConfType,
    n: usize,
    events: usize,
    /// Of the reverse curve: how long women were watched.
    median_follow_up: Option<f64>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    curve: Option<Curve>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Curve>,
}

/// One place a step: just after each time with an event.
#[derive(Serialize)]
struct Curve {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    size: Option<Size>,
    followed_to: f64,
    median: Option<f64>,
    quantiles: Quantiles,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Steps>,
    #[serde(flatten)]
    steps: Steps,
}

#[derive(Serialize)]
struct Size {
    n: usize,
    events: usize,
}

#[derive(Default, Serialize)]
struct Steps {
    time: Vec<f64>,
    n_risk: Vec<f64>,
    n_event: Vec<f64>,
    surv: Vec<f64>,
    se_surv: Vec<Option<f64>>,
    lower: Vec<Option<f64>>,
    upper: Vec<Option<f64>>,
    cumhaz_na: Vec<f64>,
    se_cumhaz: Vec<f64>,
}

#[derive(Default, Serialize)]
struct Quantiles {
    q_prob: Vec<f64>,
    q: Vec<Option<f64>>,
    q_lower: Vec<Option<f64>>,
    q_upper: Vec<Option<f64>>,
}

impl Arguments {
    fn curve(&self, data: &Data, rows: &[usize], group: Option<String>) -> anyhow::Result<(Curve, KaplanMeier)> {
        let (subjects, weights) = data.some(rows);
        let km = KaplanMeier::fit(&subjects, weights.as_deref())?;
        let hazard = NelsonAalen::fit(&subjects, weights.as_deref())?;
        let (limits, level) = (self.conf_type.limits(), self.output.level);
        let mut quantiles = Quantiles::default();
        for share in &self.quantiles {
            let quantile = km.quantile(*share, limits, level)?;
            quantiles.q_prob.push(*share);
            quantiles.q.push(quantile.time);
            quantiles.q_lower.push(quantile.lower);
            quantiles.q_upper.push(quantile.upper);
        }
        let mut steps = Steps::default();
        for (step, hazard) in km.steps.iter().zip(&hazard.steps) {
            let bounds = km.limits_at(step.time, limits, level)?;
            steps.push([step.time, step.at_risk, step.events, step.survival], step.se, bounds);
            steps.cumhaz_na.push(hazard.hazard);
            steps.se_cumhaz.push(hazard.se);
        }
        let (mut at, mut before) = (Steps::default(), 0);
        for time in &self.times {
            let until = km.steps.partition_point(|step| step.time <= *time);
            let step = until.checked_sub(1).map(|last| km.steps[last]);
            let weight = |row: usize| weights.as_ref().map_or(1.0, |all| all[row]);
            let at_risk: f64 = (subjects.iter().enumerate())
                .filter(|(_, s)| s.exit() >= *time && (s.entry() < *time || s.entry() == 0.0))
                .fold(0.0, |sum, (row, _)| sum + weight(row));
            let fallen = |until: usize| km.steps[..until].iter().fold(0.0, |sum, step| sum + step.events);
            let events = fallen(until) - fallen(before);
            before = until;
            let se = step.map_or(Some(0.0), |step| step.se);
            let bounds = km.limits_at(*time, limits, level)?;
            at.push([*time, at_risk, events, km.survival_at(*time)], se, bounds);
            at.cumhaz_na.push(hazard.hazard_at(*time));
            at.se_cumhaz.push(hazard.se_at(*time));
        }
        let size = group.is_some().then(|| Size {
            n: subjects.len(),
            events: subjects.iter().filter(|s| s.had(None)).count(),
        });
        let curve = Curve {
            group,
            size,
            followed_to: km.followed_to,
            median: km.quantile(0.5, limits, level)?.time,
            quantiles,
            at: (!self.times.is_empty()).then_some(at),
            steps,
        };
        Ok((curve, km))
    }

    pub fn run(&self) -> anyhow::Result<()> {
        let labels = self.group.as_deref().map(|name| (name, Kind::Label));
        let mut data = Data::read(&self.input, &self.columns, labels)?;
        data.only(self.cause.cause);
        let groups = plot::groups(&data, self.group.as_deref());
        let (mut curves, mut fitted) = (vec![], vec![]);
        for (label, rows) in &groups {
            let (curve, km) = self.curve(&data, rows, self.group.is_some().then(|| label.clone()))?;
            curves.push(curve);
            fitted.push(km);
        }
        let reverse = plot::reversed(&data.subjects);
        let median = KaplanMeier::fit(&reverse, data.weights.as_deref())?;
        let mut answer = Answer {
            conf_type: self.conf_type,
            n: data.subjects.len(),
            events: data.events(),
            median_follow_up: median.quantile(0.5, Limits::Log, 0.95)?.time,
            curve: None,
            groups: curves,
        };
        let page = self.page(&answer);
        let draw = || {
            plot::kaplan_meier(
                &data,
                &groups,
                &fitted,
                &self.columns.time,
                self.conf_type,
                &self.output,
            )
        };
        let head = self.output.head(
            "km",
            data.fingerprint(&ndarray::Array2::zeros((data.subjects.len(), 0))),
            data.table.dropped,
        );
        if self.group.is_none() {
            answer.curve = answer.groups.pop();
        }
        self.output.give(&head, &answer, &page, draw)
    }

    fn page(&self, answer: &Answer) -> String {
        let limits = format!("{} interval", self.output.percent());
        let mut page = format!(
            "Kaplan-Meier: {} rows, {} events; median follow-up {}\n\n",
            answer.n,
            answer.events,
            plain_or_none(answer.median_follow_up)
        );
        let mut grid = Grid::new(&[
            self.group.as_deref().unwrap_or("all"),
            "n",
            "events",
            "share",
            "time",
            &limits,
        ]);
        for curve in &answer.groups {
            for (at, share) in curve.quantiles.q_prob.iter().enumerate() {
                let size = curve
                    .size
                    .as_ref()
                    .map_or((answer.n, answer.events), |s| (s.n, s.events));
                let first = [
                    curve.group.clone().unwrap_or_default(),
                    size.0.to_string(),
                    size.1.to_string(),
                ];
                let mut row = if at == 0 {
                    first.to_vec()
                } else {
                    vec![String::new(); 3]
                };
                row.push(plain(*share));
                row.push(plain_or_none(curve.quantiles.q[at]));
                row.push(interval(
                    curve.quantiles.q_lower[at],
                    curve.quantiles.q_upper[at],
                    plain_or_none,
                ));
                grid.row(row);
            }
        }
        page += &grid.show();
        page + &self.page_at(&answer.groups, &limits)
    }

    /// What `--times` asks for, curve by curve.
    fn page_at(&self, curves: &[Curve], limits: &str) -> String {
        let mut page = String::new();
        let head = ["time", "at risk", "events", "survival", "SE", limits, "cum. hazard"];
        for curve in curves {
            let Some(at) = &curve.at else { continue };
            page += &curve
                .group
                .as_ref()
                .map_or_else(|| "\n".to_owned(), |g| format!("\n{g}\n"));
            let mut grid = Grid::new(&head);
            for i in 0..at.time.len() {
                grid.row(vec![
                    plain(at.time[i]),
                    plain(at.n_risk[i]),
                    plain(at.n_event[i]),
                    chance(Some(at.surv[i])),
                    chance(at.se_surv[i]),
                    interval(at.lower[i], at.upper[i], chance),
                    chance(Some(at.cumhaz_na[i])),
                ]);
            }
            page += &grid.show();
            if self.times.iter().any(|time| *time > curve.followed_to) {
                let told = format!("Follow-up ends at {}; later times repeat it.", plain(curve.followed_to));
                page += &wrapped(&told);
            }
        }
        page
    }
}

impl Steps {
    fn push(&mut self, [time, n_risk, n_event, surv]: [f64; 4], se: Option<f64>, bounds: Option<(f64, f64)>) {
        self.time.push(time);
        self.n_risk.push(n_risk);
        self.n_event.push(n_event);
        self.surv.push(surv);
        self.se_surv.push(se);
        self.lower.push(bounds.map(|b| b.0));
        self.upper.push(bounds.map(|b| b.1));
    }
}
