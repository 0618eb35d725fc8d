//! Metwatch on two public data sets.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use metwatch::study::{Check, Wanted, real};

use crate::cli::show::Step;

fn open(folder: &Path, file: &str) -> anyhow::Result<BufReader<File>> {
    let path = folder.join(file);
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    Ok(BufReader::new(file))
}

/// AUC of the current-marker Cox model of `tests/data/oracles/landmark.json`, by landmark year.
const CURRENT_MARKERS: [f64; 5] = [0.898, 0.896, 0.851, 0.781, 0.816];

pub fn liver(folder: &Path, seed: u64) -> anyhow::Result<Vec<Check>> {
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

pub fn breast(folder: &Path, seed: u64) -> anyhow::Result<Vec<Check>> {
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
