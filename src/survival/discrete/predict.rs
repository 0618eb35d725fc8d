//! What a fitted model says of a row: linear predictor, hazards, and the curve that steps down at the end of each interval.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

use super::likelihood::{hazard_of, log_free};
use super::{DiscreteModel, Intervals, Level};
use crate::survival::{Error, SurvivalModel};

/// `coefficients · row`, larger for larger hazards; the intervals' terms come on top. As elsewhere in linfa, rows of another
/// width panic; `hazards` and `survival_at` return an error.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for DiscreteModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        y.assign(&x.dot(&self.coefficients));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

/// Errors: rows of another width, a number that is not finite.
pub(super) fn checked(row: ArrayView1<f64>, index: usize, columns: usize) -> Result<(), Error> {
    if row.len() != columns {
        return Err(Error::Width {
            given: row.len(),
            expected: columns,
        });
    }
    match row.iter().position(|value| !value.is_finite()) {
        Some(column) => Err(Error::NotFinite { row: index, column }),
        None => Ok(()),
    }
}

/// How many intervals have ended at each time. Errors: NaN, and a time beyond the last interval, of which nothing is known.
pub(super) fn ended_by(intervals: &Intervals, times: &[f64]) -> Result<Vec<usize>, Error> {
    let followed = intervals.ends()[intervals.count() - 1];
    (times.iter())
        .map(|&asked| match asked {
            t if t.is_nan() => Err(Error::NotATime(t)),
            t if t > followed => Err(Error::BeyondFollowUp { asked, followed }),
            t => Ok(intervals.ended_by(t)),
        })
        .collect()
}

/// Columns of a curve at some of its steps; 1 before the first.
pub(super) fn at_steps(curves: &Array2<f64>, steps: &[usize], before: f64) -> Array2<f64> {
    Array2::from_shape_fn((curves.nrows(), steps.len()), |(i, t)| match steps[t].checked_sub(1) {
        Some(step) => curves[[i, step]],
        None => before,
    })
}

impl DiscreteModel {
    fn by_interval(
        &self,
        records: ArrayView2<f64>,
        of: impl Fn(f64) -> f64,
        never: f64,
        always: f64,
    ) -> Result<Array2<f64>, Error> {
        let mut out = Array2::zeros((records.nrows(), self.levels.len()));
        for (i, (row, mut line)) in records.rows().into_iter().zip(out.rows_mut()).enumerate() {
            checked(row, i, self.coefficients.len())?;
            let predictor = row.dot(&self.coefficients);
            for (value, level) in line.iter_mut().zip(&self.levels) {
                *value = match level {
                    Level::Finite(term) => of(term + predictor),
                    Level::Never => never,
                    Level::Always => always,
                };
            }
        }
        Ok(out)
    }

    /// The chance of the event in each interval, for those who reach it: one row a record, one column an interval.
    pub fn hazards(&self, records: ArrayView2<f64>) -> Result<Array2<f64>, Error> {
        self.by_interval(records, |eta| hazard_of(self.link, eta), 0.0, 1.0)
    }

    /// The chance to be free of the event at the end of each interval.
    pub fn curves(&self, records: ArrayView2<f64>) -> Result<Array2<f64>, Error> {
        let mut curves = self.by_interval(records, |eta| log_free(self.link, eta), 0.0, f64::NEG_INFINITY)?;
        for mut curve in curves.rows_mut() {
            let mut sum = 0.0;
            for value in &mut curve {
                sum += *value;
                *value = sum.exp();
            }
        }
        Ok(curves)
    }
}

impl SurvivalModel for DiscreteModel {
    /// A step at the end of each interval. Errors also: `BeyondFollowUp` for times after the last.
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        let steps = ended_by(&self.intervals, times)?;
        Ok(at_steps(&self.curves(records)?, &steps, 1.0))
    }
}
