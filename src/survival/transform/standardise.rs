//! Columns with mean 0 and standard deviation 1.

use linfa::dataset::{AsTargets, DatasetBase};
use linfa::traits::{Fit, Transformer};
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use crate::survival::Error;

/// Settings of a [`Standardiser`]: there are none. `Standardise.fit(&dataset)?`; a constant column is `TooFewValues`.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::transform::Standardise;
/// use ndarray::array;
///
/// let data = Dataset::from(array![[1.0], [3.0]]);
/// let standardiser = Standardise.fit(&data)?;
/// assert_eq!(standardiser.transform(array![[5.0]])?, array![[3.0]]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standardise;

/// Takes off the mean and divides by the standard deviation (divisor n).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standardiser {
    pub means: Array1<f64>,
    /// Standard deviations; 0 for a column that does not vary beyond rounding, which becomes 0.
    pub scales: Array1<f64>,
}

impl Standardiser {
    /// Of finite records; constant columns are let through with the scale 0.
    pub(in crate::survival) fn of(records: ArrayView2<f64>) -> Result<Standardiser, Error> {
        if records.nrows() == 0 {
            return Err(Error::Empty);
        }
        if let Some(((row, column), _)) = records.indexed_iter().find(|(_, value)| !value.is_finite()) {
            return Err(Error::NotFinite { row, column });
        }
        let n = records.nrows() as f64;
        let means: Array1<f64> = (records.columns().into_iter())
            .map(|column| column.iter().map(|v| v / n).sum())
            .collect();
        let scales = (records.columns().into_iter().zip(&means))
            .map(|(column, mean)| {
                let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
                let variance: f64 = column.iter().map(|v| (v - mean).powi(2) / n).sum();
                let sd = variance.sqrt();
                if sd <= 1e-12 * largest { 0.0 } else { sd }
            })
            .collect();
        Ok(Standardiser { means, scales })
    }

    /// One over the scale, 0 for a constant column: turns coefficients of standardised columns into those per unit.
    pub(in crate::survival) fn per_unit(&self, column: usize) -> f64 {
        let scale = self.scales[column];
        if scale > 0.0 { 1.0 / scale } else { 0.0 }
    }

    /// Records in row-major order. Errors: rows of another width.
    pub fn apply(&self, records: ArrayView2<f64>) -> Result<Array2<f64>, Error> {
        if records.ncols() != self.means.len() {
            return Err(Error::Width {
                given: records.ncols(),
                expected: self.means.len(),
            });
        }
        Ok(Array2::from_shape_fn(records.dim(), |(i, j)| {
            (records[[i, j]] - self.means[j]) * self.per_unit(j)
        }))
    }
}

impl<D: Data<Elem = f64>, T: AsTargets> Fit<ArrayBase<D, Ix2>, T, Error> for Standardise {
    type Object = Standardiser;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Standardiser, Error> {
        let fitted = Standardiser::of(dataset.records.view())?;
        match fitted.scales.iter().position(|s| *s == 0.0) {
            Some(column) => Err(Error::TooFewValues {
                column,
                values: 1,
                needed: 2,
            }),
            None => Ok(fitted),
        }
    }
}

impl Transformer<Array2<f64>, Result<Array2<f64>, Error>> for Standardiser {
    fn transform(&self, records: Array2<f64>) -> Result<Array2<f64>, Error> {
        self.apply(records.view())
    }
}
