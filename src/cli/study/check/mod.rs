//! `metwatch study --self-check`: every figure that is wanted of Metwatch, measured.

mod made; // synthetic cohorts, with their truth
mod public; // pbcseq and Rotterdam
mod speed;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use metwatch::burden::{Engine, Names};
use metwatch::study::{Check, Cohort, Evaluation, Recovery, Study, Truths, checks};

use super::{files, table, with_bars};
use crate::cli::show::Step;
use made::{ELSEWHERE, HOME};
use public::Public;

const PATIENTS: u32 = 3000;
const BUDGETS: [f64; 2] = [4.0, 1.65];

/// What to measure on, beside synthetic cohorts.
pub struct Asked<'a> {
    pub practice: Option<&'a Path>,
    pub real: Option<&'a Path>,
    pub speed: bool,
    pub seed: u64,
}

/// It prints what falls short as well; only what can't be measured at all is an error.
pub fn run(asked: &Asked) -> anyhow::Result<ExitCode> {
    let seed = asked.seed;
    let real = asked.real.map(Public::read).transpose()?;
    let (train, apply, truths) = match asked.practice {
        Some(folder) => halves(folder)?,
        None => strangers(seed)?,
    };
    let mut study = with_bars(|tell| Study::run(&train, &apply, &BUDGETS, seed, tell))?;
    let evaluation = Evaluation::of(&study, &apply).context("the cohort has no outcomes.csv")?;
    let mut all = checks::of_evaluation(&evaluation);
    if let Some(truths) = truths {
        all.extend(recovered(&study, &apply, &truths)?);
    }
    if asked.practice.is_none() {
        all.extend(elsewhere(&mut study, seed)?);
    }
    if let Some(real) = real {
        all.extend(real.checks(seed));
    } else {
        println!("Real data were not asked for: --real DIR, with pbcseq.csv and brca_metastasis.csv");
    }
    if asked.speed {
        all.extend(speed::checks(population(&study)?, seed)?);
    }
    table::print(&all)?;
    let judged = all.iter().filter_map(Check::met);
    let (met, wanted) = judged.fold((0, 0), |(met, all), own| (met + u32::from(own), all + 1));
    println!("{met} of {wanted} figures are as wanted.");
    Ok(ExitCode::SUCCESS)
}

/// Those with an odd number to learn from, those with an even one to predict.
fn halves(folder: &Path) -> anyhow::Result<(Cohort, Cohort, Option<Truths>)> {
    let cohort = files::read(folder)?;
    let what = if files::synthetic(folder) {
        "SYNTHETIC cohort"
    } else {
        "cohort"
    };
    println!(
        "Odd patients to learn from, even ones to predict; {what}: {}",
        folder.display()
    );
    let (odd, even) = cohort.split();
    Ok((odd, even, files::truth(folder)?))
}

fn strangers(seed: u64) -> anyhow::Result<(Cohort, Cohort, Option<Truths>)> {
    let (train, _) = made::cohort(&HOME, PATIENTS, seed)?;
    let (apply, truths) = made::cohort(&HOME, PATIENTS, seed + 1)?;
    println!(
        "Two SYNTHETIC cohorts of {PATIENTS}, one to learn from and one to predict, seeds {seed} and {}",
        seed + 1
    );
    Ok((train, apply, Some(truths)))
}

fn population(study: &Study) -> anyhow::Result<&metwatch::burden::Population> {
    study.model.population.as_ref().context("the model has no burden lines")
}

fn recovered(study: &Study, apply: &Cohort, truths: &Truths) -> anyhow::Result<Vec<Check>> {
    let step = Step::begin("burden lines against the truth");
    let engine = Engine::new(population(study)?.clone());
    let recovery = Recovery::of(&engine, &apply.people, &study.cases, &study.courses, truths);
    step.done("");
    Ok(checks::of_recovery(&recovery))
}

/// Another case mix and other platforms: the model as it is, and what a night there makes of as many patients as here for as many others.
fn elsewhere(study: &mut Study, seed: u64) -> anyhow::Result<Vec<Check>> {
    let (cohort, _) = made::cohort(&ELSEWHERE, 2 * PATIENTS, seed + 2)?;
    println!(
        "Elsewhere is SYNTHETIC too: case mix {}, calendar {}",
        ELSEWHERE.mix, ELSEWHERE.calendar
    );
    let (odd, even) = cohort.split();
    study.apply_to(&even, &Names::default());
    let moved = Evaluation::of(study, &even).context("a synthetic cohort has outcomes")?;
    let own = with_bars(|tell| Study::run(&odd, &even, &BUDGETS, seed, tell))?;
    let own = Evaluation::of(&own, &even).context("a synthetic cohort has outcomes")?;
    let mut all = checks::of_calibration("elsewhere, unchanged", &moved, false);
    all.extend(checks::of_calibration("elsewhere, after a night there", &own, true));
    Ok(all)
}
