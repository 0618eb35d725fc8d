//! `metwatch stats rmst`: the mean time free of the event before a horizon, and how groups differ in it.

use metwatch::survival::rmst::Contrast;
use metwatch::survival::{KaplanMeier, Rmst};
use ndarray::Array2;
use serde::Serialize;

use super::data::{Cause, Columns, Data, Input};
use super::km::ConfType;
use super::output::Output;
use super::page::{Grid, figure, figure_or_none, interval, p, plain};
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
    /// The horizon: one or several, with commas between
    #[arg(long, value_name = "TIMES", required = true, value_delimiter = ',', value_parser = times::time)]
    tau: Vec<f64>,
    /// One mean for each value of this column; all are compared with the first
    #[arg(long, value_name = "COLUMN")]
    group: Option<String>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct Answer {
    n: usize,
    events: usize,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    one: Option<Mean>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    means: Vec<Mean>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contrasts: Vec<Difference>,
}

#[derive(Clone, Serialize)]
struct Mean {
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    tau: f64,
    rmst: f64,
    se: f64,
    lower: f64,
    upper: f64,
    /// Mean time lost: tau less rmst.
    rmtl: f64,
}

#[derive(Serialize)]
struct Difference {
    tau: f64,
    group: String,
    against: String,
    difference: Told,
    ratio: Told,
    ratio_lost: Option<Told>,
}

#[derive(Serialize)]
struct Told {
    estimate: f64,
    se: f64,
    lower: f64,
    upper: f64,
    p: f64,
}

impl From<Contrast> for Told {
    fn from(contrast: Contrast) -> Told {
        Told {
            estimate: contrast.estimate,
            se: contrast.se,
            lower: contrast.lower,
            upper: contrast.upper,
            p: contrast.p,
        }
    }
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<()> {
        let labels = self.group.as_deref().map(|name| (name, Kind::Label));
        let mut data = Data::read(&self.input, &self.columns, labels)?;
        data.only(self.cause.cause);
        let groups = plot::groups(&data, self.group.as_deref());
        let mut curves = vec![];
        for (_, rows) in &groups {
            let (subjects, weights) = data.some(rows);
            curves.push(KaplanMeier::fit(&subjects, weights.as_deref())?);
        }
        let (means, contrasts) = self.means(&curves, &groups)?;
        let single = self.group.is_none() && means.len() == 1;
        let mut answer = Answer {
            n: data.subjects.len(),
            events: data.events(),
            one: single.then(|| means[0].clone()),
            means,
            contrasts,
        };
        let page = self.page(&answer);
        if single {
            answer.means.clear();
        }
        let print = data.fingerprint(&Array2::zeros((data.subjects.len(), 0)));
        let head = self.output.head("rmst", print, data.table.dropped);
        self.output.give(&head, &answer, &page, || {
            let notes = answer.one.iter().chain(&answer.means).map(|mean| {
                let name = mean.group.as_deref().unwrap_or("all");
                format!(
                    "{name}: mean before {} is {} (SE {})",
                    plain(mean.tau),
                    figure(mean.rmst),
                    figure(mean.se)
                )
            });
            let (time, notes) = (&self.columns.time, notes.collect());
            let panel = plot::curves(&data, &groups, &curves, time, ConfType::Log, &self.output, notes)?;
            Ok(plot::sheet("Restricted mean", &[panel]))
        })
    }

    /// At each horizon, each group's mean, and how the others differ from the first.
    fn means(
        &self,
        curves: &[KaplanMeier],
        groups: &[(String, Vec<usize>)],
    ) -> anyhow::Result<(Vec<Mean>, Vec<Difference>)> {
        let z = metwatch::survival::inference::z(self.output.level)?;
        let (mut means, mut contrasts) = (vec![], vec![]);
        for tau in &self.tau {
            let of: Vec<Rmst> = curves
                .iter()
                .map(|curve| Rmst::at(curve, *tau))
                .collect::<Result<_, _>>()?;
            for (mean, (label, _)) in of.iter().zip(groups) {
                means.push(Mean {
                    group: self.group.is_some().then(|| label.clone()),
                    tau: *tau,
                    rmst: mean.mean,
                    se: mean.se,
                    lower: mean.mean - z * mean.se,
                    upper: mean.mean + z * mean.se,
                    rmtl: mean.lost(),
                });
            }
            for (mean, (label, _)) in of.iter().zip(groups).skip(1) {
                let found = mean.against(&of[0], self.output.level)?;
                contrasts.push(Difference {
                    tau: *tau,
                    group: label.clone(),
                    against: groups[0].0.clone(),
                    difference: found.difference.into(),
                    ratio: found.ratio.into(),
                    ratio_lost: found.ratio_lost.map(Told::from),
                });
            }
        }
        Ok((means, contrasts))
    }

    fn page(&self, answer: &Answer) -> String {
        let limits = format!("{} interval", self.output.percent());
        let mut grid = Grid::new(&[
            self.group.as_deref().unwrap_or("all"),
            "tau",
            "mean",
            "SE",
            &limits,
            "lost",
        ]);
        for mean in &answer.means {
            grid.row(vec![
                mean.group.clone().unwrap_or_default(),
                plain(mean.tau),
                figure(mean.rmst),
                figure(mean.se),
                interval(Some(mean.lower), Some(mean.upper), figure_or_none),
                figure(mean.rmtl),
            ]);
        }
        let mut page = format!("Restricted mean: {} rows, {} events\n\n", answer.n, answer.events) + &grid.show();
        if answer.contrasts.is_empty() {
            return page;
        }
        let mut grid = Grid::new(&["against the first", "tau", "", "estimate", &limits, "p"]);
        for contrast in &answer.contrasts {
            let parts = [
                ("difference", Some(&contrast.difference)),
                ("ratio", Some(&contrast.ratio)),
                ("ratio of losses", contrast.ratio_lost.as_ref()),
            ];
            for (name, told) in parts {
                let Some(told) = told else { continue };
                grid.row(vec![
                    contrast.group.clone(),
                    plain(contrast.tau),
                    name.to_owned(),
                    figure(told.estimate),
                    interval(Some(told.lower), Some(told.upper), figure_or_none),
                    p(Some(told.p)),
                ]);
            }
        }
        page += "\n";
        page + &grid.show()
    }
}
