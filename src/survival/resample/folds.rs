//! Cross-validation: who is held out when.

use rand::seq::SliceRandom;

use super::{members, sequence};
use crate::survival::Error;

/// Rows to fit on and rows held out, both ascending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

/// How rows are dealt into folds of about equal numbers of groups.
///
/// ```
/// use metwatch::survival::resample::Folds;
///
/// let patients = [1, 1, 2, 2, 3, 4];
/// let folds = Folds { folds: 2, seed: 1, groups: Some(&patients), events: None };
/// for split in folds.split(6)? {
///     assert!(split.test.iter().all(|i| split.train.iter().all(|j| patients[*i] != patients[*j])));
/// }
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Folds<'a> {
    pub folds: usize,
    pub seed: u64,
    /// Rows of one group (a patient, a family) stay together. `None`: each row for itself.
    pub groups: Option<&'a [usize]>,
    /// Groups with an event are dealt apart from those without, so that every fold has its share of both. One a row.
    pub events: Option<&'a [bool]>,
}

impl Folds<'_> {
    /// One split a fold; every row is held out once. Errors: `Empty`, `Lengths`, `Parameter` (fewer than 2 folds, or more than groups).
    pub fn split(&self, n: usize) -> Result<Vec<Split>, Error> {
        let mut groups = members(self.groups, n)?;
        if self.folds < 2 || self.folds > groups.len() {
            return Err(Error::Parameter {
                name: "the number of folds",
                value: self.folds as f64,
            });
        }
        groups.shuffle(&mut sequence(self.seed, 0));
        if let Some(events) = self.events {
            if events.len() != n {
                return Err(Error::Lengths {
                    records: events.len(),
                    targets: n,
                });
            }
            groups.sort_by_key(|rows| !rows.iter().any(|i| events[*i]));
        }
        let mut fold = vec![0; n];
        for (place, rows) in groups.iter().enumerate() {
            for &i in rows {
                fold[i] = place % self.folds;
            }
        }
        folds_of(&fold)
    }
}

/// The splits of folds that are given: one for each number that occurs, in ascending order. Errors: `Empty`, `Parameter` (one fold).
pub fn folds_of(fold: &[usize]) -> Result<Vec<Split>, Error> {
    Ok(leave_one_out(fold)?.into_iter().map(|(_, split)| split).collect())
}

/// Internal-external validation: each centre in turn is held out from a fit on all the others. Royston et al., Stat Med 2004;23:907.
/// Errors: `Empty`, `Parameter` (one centre).
pub fn leave_one_out(centres: &[usize]) -> Result<Vec<(usize, Split)>, Error> {
    let tests = members(Some(centres), centres.len())?;
    if tests.len() < 2 {
        return Err(Error::Parameter {
            name: "the number of folds",
            value: tests.len() as f64,
        });
    }
    let split = |test: Vec<usize>| {
        let centre = centres[test[0]];
        let train = (0..centres.len()).filter(|i| centres[*i] != centre).collect();
        (centre, Split { train, test })
    };
    Ok(tests.into_iter().map(split).collect())
}
