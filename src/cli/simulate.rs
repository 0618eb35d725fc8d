//! `metwatch simulate`: a synthetic cohort as a folder of CSV files. It needs no settings and no database.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use metwatch::simulate::{CASE_MIXES, Calibration, Cohort, Table, Writer};

use super::show::Step;

#[derive(clap::Args)]
pub struct Arguments {
    /// How many patients
    #[arg(long, value_name = "N")]
    patients: u32,
    /// The same seed gives the same bytes, and patient k is the same whatever N
    #[arg(long, value_name = "S")]
    seed: u64,
    /// The folder to write; it must be new or empty
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Who comes: registry, breast, chest-and-bowel, screened
    #[arg(long, value_name = "NAME", default_value = CASE_MIXES[0].name)]
    case_mix: String,
    /// Which platforms from when on: gradual, early-genome, late, demonstration
    #[arg(long, value_name = "NAME", default_value = "gradual")]
    calendar: String,
    /// Also write truth.csv, truth_patients.csv and truth_errors.csv
    #[arg(long)]
    with_truth: bool,
}

impl Arguments {
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let cohort = Cohort::new(self.patients, self.seed, &self.case_mix, &self.calendar)?;
        folder(&self.out)?;
        let mut tables = Table::REGISTRY.to_vec();
        if self.with_truth {
            tables.extend(Table::TRUTH);
        }
        let open = |table: Table| -> anyhow::Result<(Table, BufWriter<File>)> {
            let path = part(&self.out, table);
            let file = File::create_new(&path).with_context(|| path.display().to_string())?;
            Ok((table, BufWriter::with_capacity(1 << 20, file)))
        };
        let outs = tables.iter().copied().map(open).collect::<anyhow::Result<Vec<_>>>()?;
        let mut writer = Writer::new(&cohort.calendar, outs)?;
        let mut calibration = Calibration::default();
        let step = Step::begin("making patients");
        cohort.each(|patient| {
            calibration.add(patient);
            step.at(u64::from(patient.number), u64::from(cohort.patients));
            writer.patient(patient)
        })?;
        writer.finish()?;
        for table in tables {
            fs::rename(part(&self.out, table), self.out.join(table.file()))?;
        }
        step.done(&format!("{} patients", cohort.patients));
        let told = told(&cohort, &calibration);
        fs::write(self.out.join("README.txt"), &told)?;
        let mut out = std::io::stdout().lock();
        write!(out, "{told}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a table grows: a file of its own name is whole.
fn part(out: &Path, table: Table) -> PathBuf {
    out.join(table.file()).with_extension("part")
}

/// A new folder, or one with nothing in it: a cohort must not be mixed with another.
fn folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| path.display().to_string())?;
    if fs::read_dir(path)?.next().is_some() {
        bail!("{} is not empty; a cohort needs a folder of its own", path.display());
    }
    Ok(())
}

/// What the folder is, and the table of published against simulated.
fn told(cohort: &Cohort, calibration: &Calibration) -> String {
    let Cohort {
        patients,
        seed,
        mix,
        calendar,
    } = cohort;
    let mut told = format!(
        "SYNTHETIC: none of these {patients} patients exists. Made by `metwatch simulate`, seed {seed}, \
         case mix {} ({}), calendar {} ({}).\n\n",
        mix.name, mix.about, calendar.name, calendar.about
    );
    let line = |cells: [&str; 6]| {
        let [figure, published, simulated, of, fits, source] = cells;
        format!("{figure:<52} {published:<26} {simulated:>9} {of:>7}  {fits:<8} {source}\n")
    };
    told += &line(["figure", "published", "SYNTHETIC", "of", "in band", "source"]);
    for row in calibration.rows() {
        let Some(value) = row.simulated else { continue };
        let simulated = format!("{value:.*}{}", if value < 10.0 { 2 } else { 1 }, row.unit);
        let fits = if (row.band.0..=row.band.1).contains(&value) {
            "yes"
        } else {
            "no"
        };
        told += &line([
            row.figure,
            row.published,
            &simulated,
            &row.of.to_string(),
            fits,
            row.source,
        ]);
    }
    told
}
