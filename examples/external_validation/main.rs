//! Rotterdam women, German trial: a Cox model is fitted to one cohort and held against another. The external validation of Royston &
//! Altman, BMC Med Res Methodol 2013;13:33, in library calls; `docs/external-validation.md` tells the story.
//!
//! `cargo run --release --example external_validation -- [ROTTERDAM.csv GBSG.csv] [--out FOLDER]`

mod pictures;
mod table;

use std::path::{Path, PathBuf};

use anyhow::Context;
use linfa::prelude::*;
use metwatch::survival::transform::{FractionalPolynomial, Scaling};
use metwatch::survival::{Cox, CoxModel, Error, FollowUp, SurvivalModel};
use ndarray::{Array1, Array2, Ix1};

/// One row a woman; the target is the time in days to relapse or death.
type Cohort = Dataset<f64, FollowUp, Ix1>;

/// 84 months: the paper cuts the follow-up there.
const CUT: f64 = 2557.0;
const FIVE_YEARS: f64 = 1826.0;

const LINEAR: [&str; 9] = [
    "age",
    "meno",
    "size_20_50",
    "size_gt50",
    "grade3",
    "nodes",
    "pgr",
    "er",
    "hormon",
];
const TRANSFORMED: [&str; 8] = [
    "age",
    "size_20_50",
    "size_gt50",
    "grade3",
    "nodes",
    "pgr",
    "er",
    "hormon",
];

/// A model, the women it was fitted to, and those it is judged by.
struct Study {
    name: &'static str,
    model: CoxModel,
    development: Cohort,
    validation: Cohort,
}

fn main() -> anyhow::Result<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracles");
    let mut files = vec![];
    let mut out = None;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--out") => out = Some(PathBuf::from(arguments.next().context("--out needs a folder")?)),
            _ => files.push(PathBuf::from(argument)),
        }
    }
    if files.is_empty() {
        files = vec![data.join("rotterdam.csv"), data.join("gbsg.csv")];
    }
    let [rotterdam, gbsg] = files.as_slice() else {
        anyhow::bail!("give both files, or neither");
    };
    let studies = [
        Study::fit("linear", read(rotterdam, &LINEAR)?, read(gbsg, &LINEAR)?)?,
        transformed(read(rotterdam, &TRANSFORMED)?, read(gbsg, &TRANSFORMED)?)?,
    ];
    for study in &studies {
        study.print()?;
    }
    if let Some(folder) = out {
        std::fs::create_dir_all(&folder)?;
        pictures::write(&studies, &folder)?;
    }
    Ok(())
}

/// The node-positive women of a file; all those of the trial are.
fn read(path: &Path, columns: &[&str]) -> anyhow::Result<Cohort> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let header = reader.headers()?.clone();
    let place = |name: &str| {
        header
            .iter()
            .position(|column| column == name)
            .context(format!("no column {name}"))
    };
    let places = columns
        .iter()
        .map(|name| place(name))
        .collect::<anyhow::Result<Vec<usize>>>()?;
    let (nodes, days, event) = (place("nodes")?, place("rfs_days")?, place("rfs_event")?);
    let (mut records, mut targets) = (vec![], vec![]);
    for row in reader.records() {
        let row = row?;
        let number = |place: usize| row[place].parse::<f64>().with_context(|| format!("{row:?}"));
        if number(nodes)? == 0.0 {
            continue;
        }
        for place in &places {
            records.push(number(*place)?);
        }
        let (days, event) = (number(days)?, number(event)? as u32);
        targets.push(FollowUp::until(days.min(CUT), if days > CUT { 0 } else { event })?);
    }
    let records = Array2::from_shape_vec((targets.len(), columns.len()), records)?;
    Ok(Dataset::new(records, Array1::from(targets)).with_feature_names(columns.to_vec()))
}

/// The transformed model: age³ and age³·ln age, exp(−0.12 nodes), logarithms of the receptors.
fn transformed(mut development: Cohort, mut validation: Cohort) -> Result<Study, Error> {
    let plus_one = Scaling::Given { shift: 1.0, scale: 1.0 };
    // from the right, because one column may become two
    for (column, powers, scaling) in [
        (6, &[0.0][..], plus_one),
        (5, &[0.0], plus_one),
        (0, &[3.0, 3.0], Scaling::Automatic),
    ] {
        let params = FractionalPolynomial::params(column).powers(powers).scaling(scaling);
        let form = params.fit(&development)?;
        // what was fitted to one cohort is applied to the other as it is
        development = replaced(&form, development)?;
        validation = replaced(&form, validation)?;
    }
    // the form of the nodes is no power: it is written here
    let with_nodes = |mut cohort: Cohort| {
        cohort.records.column_mut(5).mapv_inplace(|nodes| (-0.12 * nodes).exp());
        let mut names = cohort.feature_names().to_vec();
        names[5] = "exp(-0.12 nodes)".to_owned();
        cohort.with_feature_names(names)
    };
    Study::fit("transformed", with_nodes(development), with_nodes(validation))
}

fn replaced(form: &FractionalPolynomial, cohort: Cohort) -> Result<Cohort, Error> {
    let names = form.names(cohort.feature_names());
    let records = form.apply(cohort.records.view())?;
    Ok(Dataset::new(records, cohort.targets).with_feature_names(names))
}

fn follow_up(cohort: &Cohort) -> &[FollowUp] {
    cohort.targets.as_slice().expect("targets are made in one piece")
}

impl Study {
    fn fit(name: &'static str, development: Cohort, validation: Cohort) -> Result<Study, Error> {
        Ok(Study {
            name,
            model: Cox::params().fit(&development)?,
            development,
            validation,
        })
    }

    /// Higher: earlier. One number a woman.
    fn scores(&self, cohort: &Cohort) -> Vec<f64> {
        self.model.predict(&cohort.records).to_vec()
    }

    /// The chance of relapse or death by each time; one row a woman of the validation cohort.
    fn risks(&self, times: &[f64]) -> Result<Array2<f64>, Error> {
        Ok(1.0 - self.model.survival_at(self.validation.records.view(), times)?)
    }
}
