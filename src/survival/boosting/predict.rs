//! What boosting says of a row: its log hazard ratio and, with the baseline, its survival.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

use super::BoostingModel;
use crate::survival::tree::asked;
use crate::survival::{Error, SurvivalModel};

impl BoostingModel {
    fn log_ratio(&self, row: ArrayView1<f64>) -> f64 {
        let leaves = self.trees.iter().map(|tree| tree.leaf(|column| row[column]));
        leaves.zip(&self.values).map(|(leaf, values)| values[leaf]).sum()
    }
}

/// The log hazard ratio of each row. As elsewhere in linfa, rows of another width panic; a row with a missing value has NaN.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for BoostingModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        assert_eq!(x.ncols(), self.names.len(), "one value a column");
        for (row, y) in x.rows().into_iter().zip(y) {
            let known = row.iter().all(|value| value.is_finite());
            *y = if known { self.log_ratio(row) } else { f64::NAN };
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

impl SurvivalModel for BoostingModel {
    /// Breslow's or Efron's baseline, raised to the hazard ratio. After the last event the curves stay level. Errors: `Width`,
    /// `NotFinite`, `NotATime`.
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        asked(records, self.names.len(), times)?;
        let until = |time: &f64| self.times.partition_point(|t| t <= time);
        let baseline: Vec<f64> = times.iter().map(|t| self.hazard[..until(t)].iter().sum()).collect();
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        for (row, mut curve) in records.rows().into_iter().zip(curves.rows_mut()) {
            let ratio = self.log_ratio(row).exp();
            // No hazard yet and an overflowing ratio would make NaN of 0 times infinity.
            let survival = |h: f64| if h == 0.0 { 1.0 } else { (-h * ratio).exp() };
            curve.iter_mut().zip(&baseline).for_each(|(s, h)| *s = survival(*h));
        }
        Ok(curves)
    }
}
