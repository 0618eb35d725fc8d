//! `metwatch bench survival`: each estimator once on the same rows, with its time, memory and result.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use linfa::prelude::*;
use metwatch::survival::metrics::concordance;
use metwatch::survival::{Cox, CoxModel, CoxNet, FollowUp, KaplanMeier, Ties};
use ndarray::Array1;
use nix::sys::resource::{UsageWho, getrusage};

use super::cohort::{Cohort, Source};
use super::peer;

#[derive(clap::Args)]
pub struct Survival {
    /// Rows of little-endian doubles: time, event, x1 … xP
    #[arg(long, value_name = "FILE", requires = "covariates", conflicts_with = "rows")]
    data: Option<PathBuf>,
    /// Columns of covariates
    #[arg(long, value_name = "P")]
    covariates: Option<usize>,
    /// Rows begin with their start: start, stop, event, x1 … xP
    #[arg(long)]
    entry: bool,
    /// Make so many rows from a seed in place of reading a file
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    rows: usize,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What to do with tied events
    #[arg(long, default_value = "efron", value_parser = ["efron", "breslow"])]
    ties: String,
    /// Only these, separated by commas: cox, net, score, concordance, km
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Let R (packages survival and glmnet) do the same work on the same file, and print the ratios
    #[arg(long)]
    peer: bool,
}

/// Seconds on the wall and of all cores, and the most memory that the program has held so far.
#[derive(Clone, Copy)]
pub struct Cost {
    pub wall: f64,
    pub cpu: f64,
    pub peak_mb: f64,
}

fn cpu_and_peak() -> anyhow::Result<(f64, f64)> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let seconds = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 + t.tv_usec() as f64 * 1e-6;
    Ok((
        seconds(usage.user_time()) + seconds(usage.system_time()),
        usage.max_rss() as f64 / 1000.0,
    ))
}

fn measured<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, Cost)> {
    let (before, begun) = (cpu_and_peak()?.0, Instant::now());
    let out = work()?;
    let wall = begun.elapsed().as_secs_f64();
    let (after, peak_mb) = cpu_and_peak()?;
    let cost = Cost {
        wall,
        cpu: after - before,
        peak_mb,
    };
    Ok((out, cost))
}

/// One line of the table.
pub struct Line {
    pub name: &'static str,
    pub cost: Cost,
    pub rows: usize,
}

impl Line {
    fn print(&self) {
        let Cost { wall, cpu, peak_mb } = self.cost;
        println!(
            "{:<28} {wall:>9.3} {cpu:>9.3} {:>14.0} {peak_mb:>9.0}",
            self.name,
            self.rows as f64 / wall
        );
    }
}

const STEPS: [&str; 5] = ["cox", "net", "score", "concordance", "km"];

pub fn run(given: &Survival) -> anyhow::Result<ExitCode> {
    if let Some(unknown) = given.only.iter().find(|step| !STEPS.contains(&step.as_str())) {
        bail!("there is no `{unknown}` to measure; there are {}", STEPS.join(", "));
    }
    let source = match &given.data {
        Some(path) => Source::File {
            path: path.clone(),
            covariates: given.covariates.context("--data needs --covariates")?,
            entry: given.entry,
        },
        None => Source::Seed {
            rows: given.rows,
            covariates: given.covariates.unwrap_or(20),
            entry: given.entry,
            seed: given.seed,
        },
    };
    let ties = if given.ties == "breslow" {
        Ties::Breslow
    } else {
        Ties::Efron
    };
    let wanted = |step: &str| given.only.is_empty() || given.only.iter().any(|only| only == step);
    println!(
        "{:<28} {:>9} {:>9} {:>14} {:>9}",
        "", "wall s", "CPU s", "rows a second", "peak MB"
    );
    let mut lines = vec![];
    let mut model = None;
    if wanted("cox") {
        let (fitted, own) = cox(&source, ties)?;
        lines.extend(own);
        model = Some(fitted);
    }
    if wanted("net") {
        lines.extend(net(&source)?);
    }
    if STEPS[2..].iter().any(|step| wanted(step)) {
        others(&source, &wanted, model.as_ref(), &mut lines)?;
    }
    if let Some(model) = &model {
        told(model);
    }
    if given.peer {
        peer::compare(&source, &lines, model.as_ref())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn cox(source: &Source, ties: Ties) -> anyhow::Result<(CoxModel, Vec<Line>)> {
    let (cohort, reading) = measured(|| source.rows())?;
    let Cohort { x, follow_up } = cohort;
    let rows = follow_up.len();
    let params = Cox::params().ties(ties).check()?;
    let names: Vec<String> = (1..=x.ncols()).map(|j| format!("x{j}")).collect();
    let (model, fit) = measured(|| Ok(params.fit_owned(x, &follow_up, &names)?))?;
    let whole = Cost {
        wall: reading.wall + fit.wall,
        cpu: reading.cpu + fit.cpu,
        peak_mb: fit.peak_mb,
    };
    let read = match source {
        Source::File { .. } => "file read",
        Source::Seed { .. } => "rows made",
    };
    let lines = [(read, reading), ("Cox, with standard errors", fit), ("both", whole)].map(|(name, cost)| Line {
        name,
        cost,
        rows,
    });
    lines.iter().for_each(Line::print);
    Ok((model, lines.into()))
}

fn net(source: &Source) -> anyhow::Result<[Line; 1]> {
    let Cohort { x, follow_up } = source.rows()?;
    let rows = follow_up.len();
    let data = Dataset::new(x, Array1::from(follow_up));
    let params = CoxNet::params().alpha(0.5).count(50).ratio(0.01);
    let (path, cost) = measured(|| Ok(params.fit(&data)?))?;
    let line = Line {
        name: "elastic net, 50 lambdas",
        cost,
        rows,
    };
    line.print();
    let worst = path.violations.iter().copied().fold(0.0, f64::max);
    let passes = path.passes;
    println!("  {passes} passes over the rows; largest violation of the optimality conditions {worst:.1e}");
    Ok([line])
}

fn others(
    source: &Source,
    wanted: &dyn Fn(&str) -> bool,
    model: Option<&CoxModel>,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let Cohort { x, follow_up } = source.rows()?;
    let rows = follow_up.len();
    let mut add = |name, cost| {
        let line = Line { name, cost, rows };
        line.print();
        lines.push(line);
    };
    let made_up = || (0..x.ncols()).map(|j| 0.5 / (1.0 + j as f64)).collect();
    let coefficients = model.map_or_else(made_up, |model| model.coefficients.clone());
    let (scores, cost) = measured(|| Ok(x.dot(&coefficients).to_vec()))?;
    if wanted("score") {
        add("scoring", cost);
    }
    if wanted("concordance") {
        let (c, cost) = measured(|| Ok(concordance(&follow_up, &scores, None)?))?;
        add("concordance", cost);
        println!("  C = {:.6}", c.index().unwrap_or(f64::NAN));
    }
    if wanted("km") {
        let (mut times, _) = measured(|| Ok(follow_up.iter().map(FollowUp::exit).collect::<Vec<f64>>()))?;
        let ((), cost) = measured(|| {
            times.sort_unstable_by(f64::total_cmp);
            Ok(())
        })?;
        add("sorting the times alone", cost);
        let (_, cost) = measured(|| Ok(KaplanMeier::fit(&follow_up, None)?))?;
        add("Kaplan-Meier", cost);
    }
    Ok(())
}

fn told(model: &CoxModel) {
    println!();
    if let Ok(summary) = model.summary(0.95) {
        print!("{summary}");
    }
    println!(
        "{} rows, {} events, {} steps; log-likelihood {} (without covariates {})",
        model.n, model.events, model.iterations, model.log_likelihood, model.log_likelihood_null
    );
    let full: Vec<String> = model.coefficients.iter().map(f64::to_string).collect();
    println!("coefficients, all digits: {}", full.join(" "));
}
