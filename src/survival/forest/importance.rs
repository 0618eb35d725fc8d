//! How much worse the forest ranks the rows it has not seen when one column is shuffled.

use ndarray::ArrayView2;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ForestModel;
use super::fit::known;
use super::predict::Bag;
use crate::survival::tree::{asked, streams};
use crate::survival::{Error, FollowUp};

/// Breiman, Mach Learn 2001;45:5; for survival Ishwaran et al., section 6.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    pub name: String,
    /// Loss of out-of-bag concordance; about 0 for a column that says nothing, and below it by chance.
    pub loss: f64,
}

impl ForestModel {
    /// In the order of the columns, on the training rows in their order: each tree's out-of-bag rows have the column shuffled
    /// among them. Errors: `Lengths`, `Width`, `NotFinite`; `Parameter` when nothing is out of bag.
    pub fn importance(
        &self,
        records: ArrayView2<f64>,
        subjects: &[FollowUp],
        seed: u64,
    ) -> Result<Vec<Importance>, Error> {
        asked(records, self.names.len(), &[])?;
        if records.nrows() != self.n || subjects.len() != self.n {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: subjects.len(),
            });
        }
        let whole = self.oob_concordance.ok_or(Error::Parameter {
            name: "the number of trees",
            value: self.trees.len() as f64,
        })?;
        let bags = self.bags();
        let columns = streams(seed, self.names.len()).into_par_iter().enumerate();
        let losses = columns.map(|(column, random)| {
            let scores = self.shuffled(records, &bags, column, random);
            let without = known(subjects, &scores, self.cause)?.unwrap_or(whole);
            let name = self.names[column].clone();
            Ok(Importance {
                name,
                loss: whole - without,
            })
        });
        losses.collect()
    }

    fn shuffled(
        &self,
        records: ArrayView2<f64>,
        bags: &[Bag],
        column: usize,
        mut random: Xoshiro256PlusPlus,
    ) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0u32); self.n];
        for ((tree, leaves), bag) in self.trees.iter().zip(bags) {
            let rows: Vec<usize> = (0..self.n).filter(|row| !bag.holds(*row)).collect();
            let mut donors = rows.clone();
            if tree.uses(column) {
                donors.shuffle(&mut random);
            }
            for (&row, donor) in rows.iter().zip(donors) {
                let leaf = tree.leaf(|c| records[[if c == column { donor } else { row }, c]]);
                sums[row].0 += leaves.mortality(leaf);
                sums[row].1 += 1;
            }
        }
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        sums.into_iter().map(mean).collect()
    }
}
