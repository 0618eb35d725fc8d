//! What a forest says of a row: the mean over its trees of what the row's leaves say.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use rayon::prelude::*;

use super::ForestModel;
use super::fit::bag;
use super::leaves::Leaves;
use crate::survival::tree::{asked, streams};
use crate::survival::{Error, SurvivalModel};

/// Rows that are sent down the trees together.
const BLOCK: usize = 256;

/// Which trees have a say on which row: `speaks(tree, row)`.
type Speaks<'a> = &'a (dyn Fn(usize, usize) -> bool + Sync);

/// Adds a leaf's part to the steps of a curve on the grid.
type Part<'a> = &'a (dyn Fn(&Leaves, usize, &mut [f64]) + Sync);

/// Ensemble mortality of each row: its cumulative hazard, summed over the event times of the forest (Ishwaran et al., section
/// 4.3; as randomForestSRC and scikit-survival). As elsewhere in linfa, rows of another width panic; a row with a missing value has NaN.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for ForestModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        assert_eq!(x.ncols(), self.names.len(), "one value a column");
        let mortality = self.mortality(x.view(), &|_, _| true);
        for ((row, score), y) in x.rows().into_iter().zip(mortality).zip(y) {
            let known = row.iter().all(|value| value.is_finite());
            *y = score.filter(|_| known).unwrap_or(f64::NAN);
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

/// The subjects in one tree's bag.
pub(super) struct Bag(Vec<u64>);

impl Bag {
    pub fn holds(&self, row: usize) -> bool {
        self.0[row / 64] >> (row % 64) & 1 == 1
    }
}

impl ForestModel {
    /// The bags of all trees, drawn again from the seed.
    pub(super) fn bags(&self) -> Vec<Bag> {
        let drawn = |mut random| {
            let mut bits = vec![0; self.n.div_ceil(64)];
            let times = bag(&mut random, self.n, self.draw);
            for (row, _) in times.iter().enumerate().filter(|(_, times)| **times > 0) {
                bits[row / 64] |= 1 << (row % 64);
            }
            Bag(bits)
        };
        streams(self.seed, self.trees.len())
            .into_par_iter()
            .map(drawn)
            .collect()
    }

    fn leaf(&self, tree: usize, row: ArrayView1<f64>) -> usize {
        self.trees[tree].0.leaf(|column| row[column])
    }

    fn mortality(&self, records: ArrayView2<f64>, speaks: Speaks) -> Vec<Option<f64>> {
        let mut sums = vec![(0.0, 0u32); records.nrows()];
        // Tree after tree within a block of rows: the tree stays in the cache, the sum of a row in the order of the trees.
        let blocks = sums.par_chunks_mut(BLOCK).enumerate();
        blocks.for_each(|(block, sums)| {
            for tree in 0..self.trees.len() {
                for (row, sum) in (block * BLOCK..).zip(sums.iter_mut()) {
                    if speaks(tree, row) {
                        let leaf = self.leaf(tree, records.row(row));
                        *sum = (sum.0 + self.trees[tree].1.mortality(leaf), sum.1 + 1);
                    }
                }
            }
        });
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        sums.into_iter().map(mean).collect()
    }

    /// Of the training rows, in their order.
    pub(super) fn mortality_out_of_bag(&self, records: ArrayView2<f64>) -> Vec<Option<f64>> {
        let bags = self.bags();
        self.mortality(records, &|tree, row| !bags[tree].holds(row))
    }

    /// Means of the leaves' curves at `times`, less their value at 0; one row a record.
    fn curves(
        &self,
        records: ArrayView2<f64>,
        times: &[f64],
        speaks: Speaks,
        part: Part,
    ) -> Result<Array2<f64>, Error> {
        asked(records, self.names.len(), times)?;
        let until: Vec<usize> = times
            .iter()
            .map(|time| self.times.partition_point(|t| t <= time))
            .collect();
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        if times.is_empty() {
            return Ok(curves);
        }
        let rows = curves
            .as_slice_mut()
            .expect("a new array is contiguous")
            .par_chunks_mut(times.len());
        rows.enumerate().for_each_init(
            || vec![0.0; self.times.len() + 1],
            |steps, (row, curve)| {
                steps.fill(0.0);
                let mut trees = 0u32;
                for tree in (0..self.trees.len()).filter(|tree| speaks(*tree, row)) {
                    part(&self.trees[tree].1, self.leaf(tree, records.row(row)), &mut steps[1..]);
                    trees += 1;
                }
                for k in 1..steps.len() {
                    steps[k] += steps[k - 1];
                }
                for (value, until) in curve.iter_mut().zip(&until) {
                    *value = steps[*until] / f64::from(trees.max(1));
                }
            },
        );
        Ok(curves)
    }

    fn place(&self, cause: u32) -> Result<usize, Error> {
        self.causes.binary_search(&cause).map_err(|_| Error::Parameter {
            name: "a cause that the forest has not seen",
            value: f64::from(cause),
        })
    }

    /// Mean of the leaves' Nelson-Aalen hazards of `cause` (of all for `None`) up to each time; one row a record. Where the grid
    /// is thinned, several events of a leaf between its times count by the chance to fall, which is a little less. Errors:
    /// `Width`, `NotFinite`, `NotATime`, `Parameter` for a cause that no training row had.
    pub fn cumulative_hazard_at(
        &self,
        records: ArrayView2<f64>,
        cause: Option<u32>,
        times: &[f64],
    ) -> Result<Array2<f64>, Error> {
        let only = cause.map(|cause| self.place(cause)).transpose()?;
        self.curves(records, times, &|_, _| true, &|leaves, leaf, steps| {
            for step in leaves
                .steps(leaf)
                .filter(|step| only.is_none_or(|only| step.cause == only))
            {
                steps[step.at] += step.hazard;
            }
        })
    }

    /// Mean of the leaves' Aalen-Johansen chances of `cause` up to each time; one row a record. Over all causes they add up to
    /// 1 less the survival. Errors: as for `cumulative_hazard_at`.
    pub fn incidence_at(&self, records: ArrayView2<f64>, cause: u32, times: &[f64]) -> Result<Array2<f64>, Error> {
        let only = self.place(cause)?;
        self.curves(records, times, &|_, _| true, &|leaves, leaf, steps| {
            free_before(leaves, leaf, |step, cause, fell| {
                if cause == only {
                    steps[step] += fell;
                }
            });
        })
    }

    fn survival(&self, records: ArrayView2<f64>, times: &[f64], speaks: Speaks) -> Result<Array2<f64>, Error> {
        let mut curves = self.curves(records, times, speaks, &|leaves, leaf, steps| {
            free_before(leaves, leaf, |step, _, fell| steps[step] += fell);
        })?;
        curves.mapv_inplace(|fell| (1.0 - fell).max(0.0));
        Ok(curves)
    }

    /// `survival_at` of the training rows, in their order, by the trees that did not see them. Errors: as there; `Lengths` for
    /// another number of rows; `Parameter` when there are too few trees for every row to be out of some bag.
    pub fn oob_survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        if records.nrows() != self.n {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: self.n,
            });
        }
        if self.oob_mortality.contains(&None) {
            return Err(Error::Parameter {
                name: "the number of trees",
                value: self.trees.len() as f64,
            });
        }
        let bags = self.bags();
        self.survival(records, times, &|tree, row| !bags[tree].holds(row))
    }
}

/// Tells of each step of a leaf, as place, cause and the share of all rows that fell there: hazard times Kaplan-Meier before it.
fn free_before(leaves: &Leaves, leaf: usize, mut tell: impl FnMut(usize, usize, f64)) {
    let (mut free, mut falling, mut last) = (1.0, 0.0, 0);
    for step in leaves.steps(leaf) {
        if step.at != last {
            free *= 1.0 - falling;
            (falling, last) = (0.0, step.at);
        }
        falling += step.hazard;
        tell(step.at, step.cause, free * step.hazard);
    }
}

impl SurvivalModel for ForestModel {
    /// Mean of the leaves' Kaplan-Meier curves (free of every cause that counts). After the last event they stay level.
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        self.survival(records, times, &|_, _| true)
    }
}
