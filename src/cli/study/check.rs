//! `metwatch study --self-check`: every figure that is wanted of Metwatch, measured.

use std::fs::File;
use std::io::{BufReader, Cursor};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use metwatch::simulate::{self, CASE_MIXES, Table, Writer};
use metwatch::study::{Check, Cohort, Evaluation, Reader, Study, Wanted, checks, real};

use super::{files, table, with_bars};
use crate::cli::show::Step;

const PATIENTS: u32 = 3000;
const CALENDAR: &str = "gradual";
const BUDGETS: [f64; 2] = [4.0, 1.65];

/// It prints what falls short as well; only what can't be measured at all is an error.
pub fn run(practice: Option<&Path>, real: Option<&Path>, seed: u64) -> anyhow::Result<ExitCode> {
    let (cohort, what) = match practice {
        Some(folder) => (files::read(folder)?, folder.display().to_string()),
        None => (
            synthetic(seed)?,
            format!("a SYNTHETIC cohort of {PATIENTS}, seed {seed}"),
        ),
    };
    let (odd, even) = cohort.split();
    let study = with_bars(|tell| Study::run(&odd, &even, &BUDGETS, seed, tell))?;
    let evaluation = Evaluation::of(&study, &even).context("the cohort has no outcomes.csv")?;
    println!("Odd patients to learn from, even ones to predict: {what}");
    let mut all = checks::of_evaluation(&evaluation);
    if let Some(folder) = real {
        all.extend(liver(folder, seed)?);
        all.extend(breast(folder, seed)?);
    } else {
        println!("Real data were not asked for: --real DIR, with pbcseq.csv and brca_metastasis.csv");
    }
    table::print(&all)?;
    let judged = all.iter().filter_map(Check::met);
    let (met, wanted) = judged.fold((0, 0), |(met, all), own| (met + u32::from(own), all + 1));
    println!("{met} of {wanted} figures are as wanted.");
    Ok(ExitCode::SUCCESS)
}

/// Nobody in it exists.
fn synthetic(seed: u64) -> anyhow::Result<Cohort> {
    let step = Step::begin("making synthetic patients");
    let cohort = simulate::Cohort::new(PATIENTS, seed, CASE_MIXES[0].name, CALENDAR)?;
    let outs = Table::REGISTRY.into_iter().map(|table| (table, vec![])).collect();
    let mut writer = Writer::new(&cohort.calendar, outs)?;
    cohort.each(|patient| writer.patient(patient))?;
    let mut files: Vec<(String, Option<Vec<u8>>)> = writer
        .finish()?
        .into_iter()
        .map(|(table, text)| (table.file(), Some(text)))
        .collect();
    let open = |name: &'static str| {
        let file = files.iter_mut().find(|(own, _)| own == name);
        Ok(file.and_then(|(_, text)| text.take()).map(Cursor::new))
    };
    let read = Reader::new(open).cohort()?;
    step.done(&format!("{PATIENTS} patients, none of whom exists"));
    Ok(read)
}

fn open(folder: &Path, file: &str) -> anyhow::Result<BufReader<File>> {
    let path = folder.join(file);
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    Ok(BufReader::new(file))
}

/// AUC of the current-marker Cox model of `tests/data/oracles/landmark.json`, by landmark year.
const CURRENT_MARKERS: [f64; 5] = [0.898, 0.896, 0.851, 0.781, 0.816];

fn liver(folder: &Path, seed: u64) -> anyhow::Result<Vec<Check>> {
    let patients = real::pbcseq(open(folder, "pbcseq.csv")?)?;
    let step = Step::begin("pbcseq, five folds");
    let found = real::pbcseq_auc(&patients, seed);
    step.done(&format!("{} patients", patients.len()));
    let line = |(year, (auc, wanted)): (usize, (Option<f64>, f64))| {
        let what = format!("pbcseq: AUC within 2 years, landmark year {}", year + 1);
        Check::new(what, Wanted::AtLeast(wanted), auc)
    };
    Ok(found.into_iter().zip(CURRENT_MARKERS).enumerate().map(line).collect())
}

fn breast(folder: &Path, seed: u64) -> anyhow::Result<Vec<Check>> {
    let patients = real::rotterdam(open(folder, "brca_metastasis.csv")?)?;
    let step = Step::begin("Rotterdam, odd to even");
    let found = real::rotterdam_at(&patients, seed);
    step.done(&format!("{} patients", patients.len()));
    let wanted = [(2, 0.780), (5, 0.749), (10, 0.715)];
    let lines = found.into_iter().zip(wanted).flat_map(|(found, (years, wanted))| {
        let name = |what: &str| format!("Rotterdam: {what}, {years} years");
        [
            Check::new(name("AUC"), Wanted::AtLeast(wanted), found.map(|(auc, _)| auc)),
            Check::new(
                name("observed / expected"),
                Wanted::Within(0.9, 1.1),
                found.map(|(_, oe)| oe),
            ),
        ]
    });
    Ok(lines.collect())
}
