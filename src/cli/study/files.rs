//! Folders of CSV files: cohorts in, predictions and flags out.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::Path;

use anyhow::Context;
use metwatch::study::answer::{first_flags, write_flags, write_predictions};
use metwatch::study::{Cohort, Reader, Study, Truths, truth};

use crate::cli::show::Step;

fn open(folder: &Path, name: &str) -> io::Result<Option<BufReader<File>>> {
    match File::open(folder.join(name)) {
        Ok(file) => Ok(Some(BufReader::with_capacity(1 << 18, file))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the folder says that nobody in it exists: README.txt begins with the word, as `metwatch simulate` writes it; a README.md that
/// names its cohort synthetic in its first line counts too.
pub fn synthetic(folder: &Path) -> bool {
    let first = |file: &str| {
        let text = std::fs::read_to_string(folder.join(file)).ok()?;
        Some(text.lines().next()?.to_lowercase())
    };
    let says = |file: &str| first(file).is_some_and(|line| line.contains("synthetic"));
    says("README.txt") || says("README.md")
}

/// What was true, where the folder tells.
pub fn truth(folder: &Path) -> anyhow::Result<Option<Truths>> {
    truth::read(|name| open(folder, name)).with_context(|| folder.display().to_string())
}

/// Errors name the folder, the file, the line and the column.
pub fn read(folder: &Path) -> anyhow::Result<Cohort> {
    let step = Step::begin(&format!("reading {}", folder.display()));
    let cohort = Reader::new(|name| open(folder, name))
        .cohort()
        .with_context(|| folder.display().to_string())?;
    step.done(&format!(
        "{} patients, {} landmarks",
        cohort.people.len(),
        cohort.landmarks.len()
    ));
    for (file, rows) in &cohort.strangers {
        eprintln!("  {file}: {rows} rows of patients who are not in patients.csv were left out");
    }
    let redated: usize = cohort.people.iter().map(|person| person.redated.len()).sum();
    if redated > 0 {
        eprintln!("  {redated} readings are dated otherwise than the visit they name, and were given its day");
    }
    Ok(cohort)
}

/// A file of this name is whole: it gets its name when all of it is written.
pub fn whole(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> anyhow::Result<()> {
    let part = path.with_extension("part");
    let all = || {
        let mut file = BufWriter::new(File::create(&part)?);
        write(&mut file)?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        std::fs::rename(&part, path)
    };
    all().with_context(|| path.display().to_string()).inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

/// Flags of an earlier run, at rates that this one was not asked for, would pass for its own.
fn no_older_flags(out: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name();
        let rate = name
            .to_str()
            .and_then(|name| name.strip_prefix("flags_")?.strip_suffix(".csv"));
        if rate.is_some_and(|rate| rate.parse::<f64>().is_ok()) {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// predictions.csv, flags.csv for the first budget, and flags_RATE.csv for each.
pub fn write(out: &Path, apply: &Cohort, study: &Study, rates: &[&str]) -> anyhow::Result<()> {
    no_older_flags(out).with_context(|| out.display().to_string())?;
    whole(&out.join("predictions.csv"), |file| {
        write_predictions(apply, &study.answer, file)
    })?;
    for (place, rate) in rates.iter().enumerate() {
        let flags = first_flags(&study.rule, &study.answer, place);
        let write = |name: &str| whole(&out.join(name), |file| write_flags(apply, &study.answer, &flags, file));
        write(&format!("flags_{rate}.csv"))?;
        if place == 0 {
            write("flags.csv")?;
        }
    }
    Ok(())
}
