//! Metwatch on two public data sets.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::Context;
use metwatch::study::real::{self, Followed};
use metwatch::study::{Check, Wanted};

use crate::cli::show::Step;

fn open(folder: &Path, file: &str) -> anyhow::Result<BufReader<File>> {
    let path = folder.join(file);
    let file = File::open(&path).with_context(|| path.display().to_string())?;
    Ok(BufReader::new(file))
}

/// AUC of the current-marker Cox model of `tests/data/oracles/landmark.json`, by landmark year.
const CURRENT_MARKERS: [f64; 5] = [0.898, 0.896, 0.851, 0.781, 0.816];

pub struct Public {
    liver: Vec<Followed>,
    breast: Vec<Followed>,
}

impl Public {
    /// Errors: a file that is missing, or is not what it is said to be. They are for the beginning, before anything takes long.
    pub fn read(folder: &Path) -> anyhow::Result<Public> {
        Ok(Public {
            liver: real::pbcseq(open(folder, "pbcseq.csv")?)?,
            breast: real::rotterdam(open(folder, "brca_metastasis.csv")?)?,
        })
    }

    pub fn checks(&self, seed: u64) -> Vec<Check> {
        let mut all = liver(&self.liver, seed);
        all.extend(breast(&self.breast, seed));
        all
    }
}

fn liver(patients: &[Followed], seed: u64) -> Vec<Check> {
    let step = Step::begin("pbcseq, five folds");
    let found = real::pbcseq_auc(patients, seed);
    step.done(&format!("{} patients", patients.len()));
    let line = |(year, (auc, wanted)): (usize, (Option<f64>, f64))| {
        let what = format!("pbcseq: AUC within 2 years, landmark year {}", year + 1);
        Check::new(what, Wanted::AtLeast(wanted), auc)
    };
    found.into_iter().zip(CURRENT_MARKERS).enumerate().map(line).collect()
}

fn breast(patients: &[Followed], seed: u64) -> Vec<Check> {
    let step = Step::begin("Rotterdam, odd to even");
    let found = real::rotterdam_at(patients, seed);
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
    lines.collect()
}
