//! `metwatch study`: the night's code over cohorts in folders. It needs no settings and no database.

mod check; // --self-check
mod files; // folders in, CSV out
mod report; // the page with its charts
mod table; // figures beside what is wanted of them

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::bail;
use metwatch::domain::budget;
use metwatch::study::{Evaluation, Stage, Study, checks};

use super::show::Step;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder to learn from, outcomes.csv in it (docs/study.md describes the files)
    #[arg(long, value_name = "DIR", required_unless_present = "self_check")]
    train: Option<PathBuf>,
    /// The folder to predict for; what happened is not needed, and is held against the predictions where it is there
    #[arg(long, value_name = "DIR", required_unless_present = "self_check")]
    apply: Option<PathBuf>,
    /// Where predictions.csv, flags.csv and report.html go
    #[arg(long, value_name = "DIR", required_unless_present = "self_check")]
    out: Option<PathBuf>,
    /// Alerts per 100 patient-years that may be raised; of several (4,1.65) each has its own flags_RATE.csv
    #[arg(long = "alerts-per-100py", value_name = "RATE", num_args = 1.., value_delimiter = ',', default_values_t = [Rate::standard()])]
    rates: Vec<Rate>,
    /// The same seed gives the same answer
    #[arg(long, default_value_t = 1, value_name = "S")]
    seed: u64,
    /// Measure Metwatch on a cohort and on real data, and print every figure beside what is wanted of it
    #[arg(long, conflicts_with_all = ["train", "apply", "out"])]
    self_check: bool,
    /// With --self-check: a folder with outcomes, odd patients to learn from, even ones to predict; a synthetic cohort without it
    #[arg(long, value_name = "DIR", requires = "self_check")]
    practice: Option<PathBuf>,
    /// With --self-check: a folder with pbcseq.csv and brca_metastasis.csv; real data are left out without it
    #[arg(long, value_name = "DIR", requires = "self_check")]
    real: Option<PathBuf>,
    /// With --self-check: also how long burden lines and a study take on this machine
    #[arg(long, requires = "self_check")]
    speed: bool,
}

/// A budget, as it was typed: it names a file.
#[derive(Clone, Debug)]
struct Rate {
    text: String,
    value: f64,
}

impl Rate {
    fn standard() -> Rate {
        Rate {
            text: budget::USUAL.to_string(),
            value: budget::USUAL,
        }
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rate, String> {
        let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match text.parse::<f64>() {
            Ok(value) if plain && value > 0.0 && value.is_finite() => Ok(Rate {
                text: text.to_owned(),
                value,
            }),
            _ => Err("a budget is a number above 0, such as 4 or 1.65".to_owned()),
        }
    }
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        if self.self_check {
            return check::run(&check::Asked {
                practice: self.practice.as_deref(),
                real: self.real.as_deref(),
                speed: self.speed,
                seed: self.seed,
            });
        }
        let (Some(train), Some(apply), Some(out)) = (&self.train, &self.apply, &self.out) else {
            bail!("a study needs --train, --apply and --out");
        };
        std::fs::create_dir_all(out)?;
        let made = [train, apply].map(|folder| files::synthetic(folder));
        let train = files::read(train)?;
        let apply = files::read(apply)?;
        if !train.outcomes {
            bail!("the training folder has no outcomes.csv: there is nothing to learn from");
        }
        let rates: Vec<f64> = self.rates.iter().map(|rate| rate.value).collect();
        let study = with_bars(|tell| Study::run(&train, &apply, &rates, self.seed, tell))?;
        let evaluation = Evaluation::of(&study, &apply);
        let names: Vec<&str> = self.rates.iter().map(|rate| rate.text.as_str()).collect();
        files::write(out, &apply, &study, &names)?;
        let page = report::page(&study, &train, &apply, evaluation.as_ref(), made.contains(&true))?;
        files::whole(&out.join("report.html"), |file| file.write_all(page.as_bytes()))?;
        if let Some(evaluation) = &evaluation {
            table::print(&checks::of_evaluation(evaluation))?;
        }
        if made.contains(&true) {
            println!("SYNTHETIC patients: nobody in the figures exists.");
        }
        println!(
            "{} predictions of {} patients, {} budgets: {}",
            3 * study.answer.predictions.len(),
            apply.people.len(),
            names.len(),
            out.display()
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// A bar for each stage. It is told from many threads.
fn with_bars<T, E>(run: impl FnOnce(&(dyn Fn(Stage, u64, u64) + Sync)) -> Result<T, E>) -> Result<T, E> {
    let shown: Mutex<Option<(Stage, Step)>> = Mutex::new(None);
    let tell = |stage: Stage, done: u64, of: u64| {
        // a thread that is late by a bar must not wait for it
        let Ok(mut shown) = shown.try_lock() else { return };
        if shown.as_ref().is_none_or(|(own, _)| *own < stage) {
            if let Some((_, step)) = shown.take() {
                step.done("");
            }
            *shown = Some((stage, Step::begin(stage.words())));
        }
        if let Some((own, step)) = shown.as_ref()
            && *own == stage
            && done > 0
        {
            step.at(done, of);
        }
    };
    let done = run(&tell);
    if let Ok(Some((_, step))) = shown.into_inner() {
        step.done("");
    }
    done
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        study: Arguments,
    }

    #[test]
    fn budgets_come_in_one_option_or_in_several_and_name_their_files_as_typed() {
        let told = |budgets: &[&str]| {
            let folders = ["study", "--train", "a", "--apply", "b", "--out", "c"];
            let line = Line::try_parse_from(folders.iter().chain(budgets)).ok()?;
            Some(
                line.study
                    .rates
                    .iter()
                    .map(|rate| (rate.text.clone(), rate.value))
                    .collect::<Vec<_>>(),
            )
        };
        let both = Some(vec![("4.0".to_owned(), 4.0), ("1.65".to_owned(), 1.65)]);
        assert_eq!(told(&["--alerts-per-100py", "4.0,1.65"]), both);
        assert_eq!(told(&["--alerts-per-100py", "4.0", "1.65"]), both);
        assert_eq!(told(&["--alerts-per-100py", "4.0", "--alerts-per-100py", "1.65"]), both);
        assert_eq!(told(&[]), Some(vec![("4".to_owned(), 4.0)]));
        for wrong in ["0", "-1", "4,", "four", "1e3"] {
            assert_eq!(told(&["--alerts-per-100py", wrong]), None, "{wrong}");
        }
    }
}
