//! Rows to measure with: from a file of little-endian doubles, or made from a seed.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use metwatch::survival::FollowUp;
use ndarray::Array2;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Where rows come from. Asked twice, it gives the same rows again, so that they need not be kept.
#[derive(Clone)]
pub enum Source {
    File {
        path: PathBuf,
        covariates: usize,
        entry: bool,
    },
    Seed {
        rows: usize,
        covariates: usize,
        entry: bool,
        seed: u64,
    },
}

pub struct Cohort {
    pub x: Array2<f64>,
    pub follow_up: Vec<FollowUp>,
}

impl Source {
    pub fn covariates(&self) -> usize {
        let (Source::File { covariates, .. } | Source::Seed { covariates, .. }) = self;
        *covariates
    }

    pub fn entry(&self) -> bool {
        let (Source::File { entry, .. } | Source::Seed { entry, .. }) = self;
        *entry
    }

    pub fn rows(&self) -> anyhow::Result<Cohort> {
        match self {
            Source::File {
                path,
                covariates,
                entry,
            } => read(path, *covariates, *entry),
            Source::Seed {
                rows,
                covariates,
                entry,
                seed,
            } => Ok(made(*rows, *covariates, *entry, *seed)),
        }
    }

    /// A file with the rows, for another program: the given one, or one written into `folder`.
    pub fn file(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        if let Source::File { path, .. } = self {
            return Ok(path.clone());
        }
        let path = folder.join("rows.f64");
        let mut out = std::io::BufWriter::new(File::create(&path)?);
        let cohort = self.rows()?;
        for (row, subject) in cohort.x.rows().into_iter().zip(&cohort.follow_up) {
            let head = [subject.entry(), subject.exit(), f64::from(subject.event())];
            for value in head
                .into_iter()
                .skip(usize::from(!self.entry()))
                .chain(row.iter().copied())
            {
                out.write_all(&value.to_le_bytes())?;
            }
        }
        out.flush()?;
        Ok(path)
    }
}

/// Row after row: (start,) time, event, x1 … xP.
fn read(path: &Path, covariates: usize, entry: bool) -> anyhow::Result<Cohort> {
    let shown = path.display();
    let file = File::open(path).with_context(|| format!("{shown} can't be read"))?;
    let head = 2 + usize::from(entry);
    let width = 8 * (head + covariates);
    let size = file.metadata()?.len() as usize;
    ensure!(
        size > 0 && size.is_multiple_of(width),
        "{shown} has {size} bytes, which is no whole number of rows of {} doubles",
        head + covariates
    );
    let n = size / width;
    let mut x = Vec::with_capacity(n * covariates);
    let mut follow_up = Vec::with_capacity(n);
    let mut input = BufReader::with_capacity(1 << 18, file);
    let mut bytes = vec![0; width];
    let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    for row in 1..=n {
        input.read_exact(&mut bytes)?;
        let mut numbers = bytes.chunks_exact(8).map(number);
        let mut next = || numbers.next().expect("as many numbers as a row has");
        let start = if entry { next() } else { 0.0 };
        let (stop, event) = (next(), next());
        ensure!(
            event >= 0.0 && event.fract() == 0.0 && event < 1e6,
            "row {row} of {shown}: {event} is not an event (0, 1, 2, …)"
        );
        let subject = FollowUp::new(start, stop, event as u32).with_context(|| format!("row {row} of {shown}"))?;
        follow_up.push(subject);
        x.extend(numbers);
    }
    Ok(Cohort {
        x: Array2::from_shape_vec((n, covariates), x)?,
        follow_up,
    })
}

/// Exponential times under proportional hazards, neighbouring columns correlated by a half, a good half censored.
fn made(rows: usize, covariates: usize, entry: bool, seed: u64) -> Cohort {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut uniform = move || random.r#gen::<f64>().max(1e-300);
    let mut x = Array2::zeros((rows, covariates));
    let mut follow_up = Vec::with_capacity(rows);
    for mut row in x.rows_mut() {
        let (mut predictor, mut before) = (0.0, 0.0);
        for (j, cell) in row.iter_mut().enumerate() {
            let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
            before = 0.5 * before + 0.75_f64.sqrt() * normal;
            *cell = before;
            let sign = if j % 2 == 0 { 1.0 } else { -1.0 };
            predictor += sign * 0.5 / (1.0 + j as f64 / 4.0) * before;
        }
        let event = -uniform().ln() * (-predictor).exp();
        let censored = -uniform().ln() * 0.8;
        let start = if entry { 0.5 * uniform() } else { 0.0 };
        let stop = start + event.min(censored).max(1e-9);
        follow_up.push(FollowUp::new(start, stop, u32::from(event <= censored)).expect("a time after its start"));
    }
    Cohort { x, follow_up }
}
