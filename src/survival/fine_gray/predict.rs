//! What a fitted Fine-Gray model says of a row: linear predictor and cumulative incidence.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

use super::FineGrayModel;
use crate::survival::Error;

/// The linear predictor of each row, not centred: `coefficients · row`. As elsewhere in linfa, rows of another width panic;
/// `centred_predictor` and `cif_at` return an error.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for FineGrayModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        y.assign(&x.dot(&self.coefficients));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

impl FineGrayModel {
    /// The linear predictor less that of the column means. Errors: `Width`, `NotFinite`.
    pub fn centred_predictor(&self, row: ArrayView1<f64>) -> Result<f64, Error> {
        if row.len() != self.coefficients.len() {
            return Err(Error::Width {
                given: row.len(),
                expected: self.coefficients.len(),
            });
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite { row: 0, column });
        }
        let terms = self.coefficients.iter().zip(row).zip(&self.means);
        Ok(terms.map(|((b, x), m)| b * (x - m)).sum())
    }

    /// The cumulative subdistribution hazard at the column means. Errors: `NotATime`, `BeyondFollowUp`.
    pub fn cumulative_hazard(&self, time: f64) -> Result<f64, Error> {
        if !time.is_finite() {
            return Err(Error::NotATime(time));
        }
        if time > self.followed_to {
            return Err(Error::BeyondFollowUp {
                asked: time,
                followed: self.followed_to,
            });
        }
        let steps = self.baseline.times.partition_point(|t| *t <= time);
        Ok(self.baseline.hazard[..steps].iter().fold(0.0, |sum, h| sum + h))
    }

    /// The chance that the cause has come by each time: one row a record, one column a time. It lies in [0, 1] and never falls
    /// with time. The chances of two causes from two such models may add up to more than 1. Errors: `Width`, `NotFinite`,
    /// `NotATime`, `BeyondFollowUp`.
    pub fn cif_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        let hazard: Vec<f64> = times
            .iter()
            .map(|t| self.cumulative_hazard(*t))
            .collect::<Result<_, _>>()?;
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        for (i, (row, mut curve)) in records.rows().into_iter().zip(curves.rows_mut()).enumerate() {
            let at_row = |error| match error {
                Error::NotFinite { column, .. } => Error::NotFinite { row: i, column },
                other => other,
            };
            let ratio = self.centred_predictor(row).map_err(at_row)?.exp();
            for (chance, h) in curve.iter_mut().zip(&hazard) {
                // No hazard yet and an overflowing ratio would make NaN of 0 times infinity.
                *chance = if *h == 0.0 { 0.0 } else { -(-h * ratio).exp_m1() };
            }
        }
        Ok(curves)
    }
}
