//! From the columns that the arguments name to subjects, groups and covariates.

use std::path::{Path, PathBuf};

use anyhow::bail;
use metwatch::survival::FollowUp;
use ndarray::Array2;
use xxhash_rust::xxh3::Xxh3;

use super::table::{Kind, Labels, Problems, Table};

/// The file, and what to do with its gaps.
#[derive(clap::Args)]
pub struct Input {
    /// The data: a CSV file with a header; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    pub csv: PathBuf,
    /// Leave rows out that have an empty cell (or NA) in a column that is used, and say how many
    #[arg(long)]
    pub drop_missing: bool,
}

/// Where the follow-up stands.
#[derive(clap::Args)]
pub struct Columns {
    /// The column with the time at which observation ended
    #[arg(long, value_name = "COLUMN")]
    pub time: String,
    /// The column with how it ended: 0 censored, 1, 2, … the cause
    #[arg(long, value_name = "COLUMN")]
    pub event: String,
    /// The column with the time at which observation began, where that was not 0
    #[arg(long, value_name = "COLUMN")]
    pub entry: Option<String>,
    /// The column with case weights
    #[arg(long, value_name = "COLUMN")]
    pub weights: Option<String>,
}

/// Which event counts.
#[derive(clap::Args)]
pub struct Cause {
    /// The event that counts; others are censored. Without it, any event counts
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub cause: Option<u32>,
}

/// The columns of the model.
#[derive(clap::Args)]
pub struct Covariates {
    /// Columns of the model, with commas between
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', required = true)]
    pub covariates: Vec<String>,
    /// Covariates whose values are names of groups: one column for each but the first
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub factor: Vec<String>,
}

impl Covariates {
    pub fn check(&self) -> anyhow::Result<()> {
        for (at, name) in self.covariates.iter().enumerate() {
            if self.covariates[..at].contains(name) {
                bail!("the covariate `{name}` is named twice");
            }
        }
        match self.factor.iter().find(|name| !self.covariates.contains(name)) {
            Some(name) => bail!("--factor names `{name}`, which is not among the covariates"),
            None => Ok(()),
        }
    }

    pub fn wanted(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.covariates.iter().map(|name| {
            let kind = if self.factor.contains(name) {
                Kind::Label
            } else {
                Kind::Covariate
            };
            (name.as_str(), kind)
        })
    }

    /// Numbers as they are; of a factor one column of 0 and 1 for each level after the first, `COLUMN=level`. Errors: a factor of one level.
    pub fn design(&self, table: &Table) -> anyhow::Result<Design> {
        self.coded(table, None)
    }

    /// The design of other data in the columns of the model fitted to these levels. Errors: a level that the model doesn't know.
    pub fn design_as(&self, table: &Table, design: &Design) -> anyhow::Result<Design> {
        self.coded(table, Some(&design.levels))
    }

    fn coded(&self, table: &Table, levels: Option<&[(String, Vec<String>)]>) -> anyhow::Result<Design> {
        enum Source<'a> {
            Numbers(&'a [f64]),
            Level(&'a Labels, Option<usize>),
        }
        let (mut sources, mut names, mut kept) = (vec![], vec![], vec![]);
        for name in &self.covariates {
            if !self.factor.contains(name) {
                sources.push(Source::Numbers(table.numbers(name)));
                names.push(name.clone());
                continue;
            }
            let labels = table.labels(name);
            let known = (levels.and_then(|all| all.iter().find(|(column, _)| column == name)))
                .map_or(&labels.levels, |(_, known)| known);
            if let Some(strange) = labels.levels.iter().find(|level| !known.contains(level)) {
                bail!("column {name}: the model was fitted without the level `{strange}`");
            }
            if known.len() < 2 {
                bail!("column {name}: all rows have one value, and a factor needs two");
            }
            for level in &known[1..] {
                sources.push(Source::Level(labels, labels.levels.iter().position(|own| own == level)));
                names.push(format!("{name}={level}"));
            }
            kept.push((name.clone(), known.clone()));
        }
        let records = Array2::from_shape_fn((table.rows(), sources.len()), |(i, j)| match &sources[j] {
            Source::Numbers(numbers) => numbers[i],
            Source::Level(labels, level) => f64::from(u8::from(Some(labels.codes[i]) == *level)),
        });
        Ok(Design {
            names,
            records,
            levels: kept,
        })
    }
}

/// One row a subject, one column a term of the model.
#[derive(Default)]
pub struct Design {
    pub names: Vec<String>,
    pub records: Array2<f64>,
    /// Of each factor.
    pub levels: Vec<(String, Vec<String>)>,
}

/// What every command begins with.
pub struct Data {
    pub table: Table,
    pub subjects: Vec<FollowUp>,
    pub weights: Option<Vec<f64>>,
}

impl Data {
    /// Reads the follow-up and whatever else is named.
    pub fn read<'a>(
        input: &Input,
        columns: &'a Columns,
        more: impl IntoIterator<Item = (&'a str, Kind)>,
    ) -> anyhow::Result<Data> {
        Data::read_from(&input.csv, input.drop_missing, columns, more)
    }

    pub fn read_from<'a>(
        file: &Path,
        drop_missing: bool,
        columns: &'a Columns,
        more: impl IntoIterator<Item = (&'a str, Kind)>,
    ) -> anyhow::Result<Data> {
        let mut wanted = vec![
            (columns.time.as_str(), Kind::Number),
            (columns.event.as_str(), Kind::Event),
        ];
        wanted.extend(columns.entry.as_deref().map(|name| (name, Kind::Number)));
        wanted.extend(columns.weights.as_deref().map(|name| (name, Kind::Weight)));
        wanted.extend(more);
        let table = Table::read(file, &wanted, drop_missing)?;
        let subjects = follow_up(file, &table, columns)?;
        let weights = columns.weights.as_deref().map(|name| table.numbers(name).to_vec());
        Ok(Data {
            table,
            subjects,
            weights,
        })
    }

    /// `cause` counts as event 1 and all others as censored; any event is 1 for `None`.
    pub fn only(&mut self, cause: Option<u32>) {
        for subject in &mut self.subjects {
            *subject = subject.with_event(u32::from(subject.had(cause)));
        }
    }

    /// Rows that fall in each stratum, cluster or group: one number a row.
    pub fn codes(&self, name: &str) -> Vec<usize> {
        self.table.labels(name).codes.clone()
    }

    /// The strata that several columns make together, and what they are called: `a=1, b=2`.
    pub fn strata(&self, names: &[String]) -> Labels {
        let columns: Vec<&Labels> = names.iter().map(|name| self.table.labels(name)).collect();
        let key = |row: usize| columns.iter().fold(0, |key, c| key * c.levels.len() + c.codes[row]);
        let keys: Vec<usize> = (0..self.table.rows()).map(key).collect();
        let mut distinct = keys.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let name_of = |mut key: usize| {
            let mut parts: Vec<String> = (columns.iter().zip(names).rev())
                .map(|(column, name)| {
                    let level = &column.levels[key % column.levels.len()];
                    key /= column.levels.len();
                    format!("{name}={level}")
                })
                .collect();
            parts.reverse();
            parts.join(", ")
        };
        Labels {
            codes: keys
                .iter()
                .map(|key| distinct.partition_point(|other| other < key))
                .collect(),
            levels: distinct.into_iter().map(name_of).collect(),
        }
    }

    pub fn events(&self) -> usize {
        self.subjects.iter().filter(|subject| subject.had(None)).count()
    }

    pub fn followed_to(&self) -> f64 {
        self.subjects.iter().map(FollowUp::exit).fold(0.0, f64::max)
    }

    /// Tells data sets apart: XXH3 over rows, follow-up and weights, as the models keep it.
    pub fn fingerprint(&self, records: &Array2<f64>) -> String {
        let mut hash = Xxh3::new();
        let mut add = |value: f64| hash.update(&value.to_le_bytes());
        add(records.nrows() as f64);
        add(records.ncols() as f64);
        records.iter().for_each(|value| add(*value));
        for subject in &self.subjects {
            add(subject.entry());
            add(subject.exit());
            add(f64::from(subject.event()));
        }
        self.weights.iter().flatten().for_each(|weight| add(*weight));
        format!("{:032x}", hash.digest128())
    }

    pub fn some(&self, rows: &[usize]) -> (Vec<FollowUp>, Option<Vec<f64>>) {
        let weights = self
            .weights
            .as_ref()
            .map(|all| rows.iter().map(|row| all[*row]).collect());
        (rows.iter().map(|row| self.subjects[*row]).collect(), weights)
    }
}

/// Every row whose times are none is named.
fn follow_up(file: &Path, table: &Table, columns: &Columns) -> anyhow::Result<Vec<FollowUp>> {
    let (exits, events) = (table.numbers(&columns.time), table.numbers(&columns.event));
    let entries = columns.entry.as_deref().map(|name| table.numbers(name));
    let mut problems = Problems::default();
    let mut subjects = Vec::with_capacity(exits.len());
    for (row, (exit, event)) in exits.iter().zip(events).enumerate() {
        let event = *event as u32;
        let asked = match entries {
            None if *exit == 0.0 => Ok(FollowUp::at_origin(event)),
            None => FollowUp::until(*exit, event),
            Some(entries) => FollowUp::new(entries[row], *exit, event),
        };
        match asked {
            Ok(subject) => subjects.push(subject),
            Err(wrong) => problems.add(|| format!("line {}, column {}: {wrong}", table.lines[row], columns.time)),
        }
    }
    problems.refuse(file, "")?;
    Ok(subjects)
}
