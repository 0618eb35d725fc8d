//! Long rows become one row a subject and landmark.

use linfa::Dataset;
use ndarray::{Array1, Array2, ArrayView2, Axis, Ix1, concatenate};

use crate::survival::{Error, FollowUp};

/// What was known of whom from when to when: one element a row each, in any order.
#[derive(Clone, Copy, Debug)]
pub struct LongRows<'a> {
    pub id: &'a [usize],
    /// The row's values were measured at `start` and hold until `stop`.
    pub start: &'a [f64],
    pub stop: &'a [f64],
    /// What ended the row: 0 nothing, else a cause. A subject's follow-up ends with its first cause, or else its last `stop`.
    pub event: &'a [u32],
    /// One column a covariate.
    pub values: ArrayView2<'a, f64>,
}

/// The landmarks and the window after each, in the unit of the rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    pub landmarks: Vec<f64>,
    pub window: f64,
    /// Adds a last column: how long ago the values were measured.
    pub with_age: bool,
}

/// Rows of a landmark data set, by landmark and then by id.
#[derive(Clone, Debug, PartialEq)]
pub struct Stacked {
    pub records: Array2<f64>,
    /// Entry at the landmark; a time beyond the window is censored at its end.
    pub targets: Array1<FollowUp>,
    pub landmark: Vec<f64>,
    pub id: Vec<usize>,
    /// The long row that each came from.
    pub row: Vec<usize>,
    pub window: f64,
}

impl LongRows<'_> {
    fn checked(&self) -> Result<(), Error> {
        let records = self.id.len();
        for targets in [self.start.len(), self.stop.len(), self.event.len(), self.values.nrows()] {
            if targets != records {
                return Err(Error::Lengths { records, targets });
            }
        }
        if let Some(((row, column), _)) = self.values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite { row, column });
        }
        for row in 0..records {
            FollowUp::new(self.start[row], self.stop[row], self.event[row])?;
        }
        Ok(())
    }

    /// Row numbers of one subject after another, each in order of time. Errors: `Overlap`.
    fn by_subject(&self) -> Result<Vec<usize>, Error> {
        let mut order: Vec<usize> = (0..self.id.len()).collect();
        order.sort_by(|a, b| {
            self.id[*a]
                .cmp(&self.id[*b])
                .then(self.start[*a].total_cmp(&self.start[*b]))
        });
        let clash = |pair: &&[usize]| self.id[pair[0]] == self.id[pair[1]] && self.start[pair[1]] < self.stop[pair[0]];
        match order.windows(2).find(clash) {
            Some(pair) => Err(Error::Overlap {
                row: pair[1],
                time: self.start[pair[1]],
            }),
            None => Ok(order),
        }
    }
}

impl Stack {
    /// At each landmark `s` the rows with `start <= s < stop`, so the last value carried forward, at risk on `(s, s + window]`.
    ///
    /// Errors: `Parameter` (no landmark, one that is negative, infinite or twice there, a window not above 0), `Lengths`,
    /// `NotFinite`, `NotATime`, `NoTimeAtRisk`, `Overlap`, and `Empty` when nobody is at risk at any landmark.
    pub fn of(&self, rows: &LongRows) -> Result<Stacked, Error> {
        let landmarks = self.checked()?;
        rows.checked()?;
        let order = rows.by_subject()?;
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut ends: Vec<(f64, u32)> = vec![(0.0, 0); rows.id.len()];
        for subject in order.chunk_by(|a, b| rows.id[*a] == rows.id[*b]) {
            let last = subject
                .iter()
                .position(|i| rows.event[*i] > 0)
                .unwrap_or(subject.len() - 1);
            let end = (rows.stop[subject[last]], rows.event[subject[last]]);
            for &i in &subject[..=last] {
                ends[i] = end;
                let from = landmarks.partition_point(|s| *s < rows.start[i]);
                let to = landmarks.partition_point(|s| *s < rows.stop[i]);
                found.extend((from..to).map(|place| (place, i)));
            }
        }
        if found.is_empty() {
            return Err(Error::Empty);
        }
        // A stable sort: within a landmark the order of the ids stays.
        found.sort_by_key(|(place, _)| *place);
        self.gather(rows, &landmarks, &found, &ends)
    }

    fn gather(
        &self,
        rows: &LongRows,
        landmarks: &[f64],
        found: &[(usize, usize)],
        ends: &[(f64, u32)],
    ) -> Result<Stacked, Error> {
        let row: Vec<usize> = found.iter().map(|(_, i)| *i).collect();
        let landmark: Vec<f64> = found.iter().map(|(place, _)| landmarks[*place]).collect();
        let mut records = rows.values.select(Axis(0), &row);
        if self.with_age {
            let age = landmark.iter().zip(&row).map(|(s, i)| s - rows.start[*i]);
            let age = Array2::from_shape_vec((row.len(), 1), age.collect()).expect("one number a row");
            records = concatenate(Axis(1), &[records.view(), age.view()]).expect("as many rows");
        }
        let target = |(s, i): (&f64, &usize)| {
            let (stop, event) = ends[*i];
            let end = s + self.window;
            FollowUp::new(*s, stop.min(end), if stop <= end { event } else { 0 })
        };
        let targets: Array1<FollowUp> = landmark.iter().zip(&row).map(target).collect::<Result<_, _>>()?;
        Ok(Stacked {
            records,
            targets,
            id: row.iter().map(|i| rows.id[*i]).collect(),
            landmark,
            row,
            window: self.window,
        })
    }

    fn checked(&self) -> Result<Vec<f64>, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        if !(self.window.is_finite() && self.window > 0.0) {
            return refuse("the window of a landmark", self.window);
        }
        let mut landmarks = self.landmarks.clone();
        landmarks.sort_by(f64::total_cmp);
        if landmarks.is_empty() {
            return refuse("the number of landmarks", 0.0);
        }
        if let Some(bad) = landmarks.iter().find(|s| !(s.is_finite() && **s >= 0.0)) {
            return refuse("a landmark", *bad);
        }
        if let Some(pair) = landmarks.windows(2).find(|pair| pair[0] == pair[1]) {
            return refuse("a second landmark at the same time", pair[0]);
        }
        Ok(landmarks)
    }
}

impl Stacked {
    /// In linfa's form, for any estimator of this crate.
    pub fn dataset(&self, names: &[&str]) -> Dataset<f64, FollowUp, Ix1> {
        Dataset::new(self.records.clone(), self.targets.clone()).with_feature_names(names.to_vec())
    }
}
