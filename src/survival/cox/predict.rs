//! What a fitted Cox model says of a row: linear predictor, cumulative hazard, survival with its standard error.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};

use super::CoxModel;
use crate::survival::inference::z;
use crate::survival::{Error, Limits, SurvivalModel};

/// The linear predictor of each row, not centred: `coefficients · row`. As elsewhere in linfa, rows of another width panic;
/// `centred_predictor` and `survival_at` return an error.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for CoxModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        y.assign(&x.dot(&self.coefficients));
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

impl CoxModel {
    fn checked(&self, row: ArrayView1<f64>) -> Result<(), Error> {
        if row.len() != self.coefficients.len() {
            return Err(Error::Width {
                given: row.len(),
                expected: self.coefficients.len(),
            });
        }
        match row.iter().position(|value| !value.is_finite()) {
            Some(column) => Err(Error::NotFinite { row: 0, column }),
            None => Ok(()),
        }
    }

    /// The linear predictor less that of the column means: the log of the hazard over the baseline's.
    pub fn centred_predictor(&self, row: ArrayView1<f64>) -> Result<f64, Error> {
        self.checked(row)?;
        let terms = self.coefficients.iter().zip(row).zip(&self.means);
        Ok(terms.map(|((b, x), m)| b * (x - m)).sum())
    }

    /// The cumulative hazard at `time` of somebody with all covariates 0, as R's `basehaz(centered = FALSE)`.
    pub fn baseline_at_zero(&self, time: f64) -> f64 {
        self.baseline_of_stratum_at_zero(0, time)
    }

    /// The same in the `stratum`-th of the strata.
    pub fn baseline_of_stratum_at_zero(&self, stratum: usize, time: f64) -> f64 {
        let log_ratio: f64 = -self.coefficients.dot(&self.means);
        self.baselines[stratum].cumulative_at(time) * log_ratio.exp()
    }

    /// Survival of one row at `time` with its standard error (Tsiatis; Link, Biometrics 1984;40:601): the steps' own variance
    /// and that of the coefficients, which act through the distance of the row from each risk set. Of the first stratum.
    pub fn survival_with_error(&self, row: ArrayView1<f64>, time: f64) -> Result<(f64, f64), Error> {
        self.survival_in_stratum(row, 0, time)
    }

    /// The same in the `stratum`-th of the strata.
    pub fn survival_in_stratum(&self, row: ArrayView1<f64>, stratum: usize, time: f64) -> Result<(f64, f64), Error> {
        let ratio = self.centred_predictor(row)?.exp();
        let Some(baseline) = self.baselines.get(stratum) else {
            return Err(Error::Parameter {
                name: "the number of a stratum",
                value: stratum as f64,
            });
        };
        let covariance = self.robust_covariance.as_ref().unwrap_or(&self.covariance);
        let until = baseline.steps_until(time);
        let (mut cumulative, mut own) = (0.0, 0.0);
        let mut lever = Array1::<f64>::zeros(row.len());
        for step in 0..until {
            let hazard = baseline.hazard[step] * ratio;
            cumulative += hazard;
            own += baseline.variance[step] * ratio * ratio;
            for (j, l) in lever.iter_mut().enumerate() {
                *l += hazard * (row[j] - self.means[j] - baseline.risk_set_mean[[step, j]]);
            }
        }
        let variance = own + lever.dot(&covariance.dot(&lever));
        let survival = (-cumulative).exp();
        Ok((survival, survival * variance.sqrt()))
    }

    /// Survival of one row at `time` with its limits; `None` for limits where the curve has no error of its own (survival 0).
    pub fn survival_with_limits(
        &self,
        row: ArrayView1<f64>,
        time: f64,
        limits: Limits,
        level: f64,
    ) -> Result<(f64, Option<(f64, f64)>), Error> {
        let z = z(level)?;
        let (survival, se) = self.survival_with_error(row, time)?;
        Ok((survival, limits.of(survival, se, z)))
    }
}

impl SurvivalModel for CoxModel {
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        if self.baselines.len() > 1 {
            return Err(Error::Stratified(self.baselines.len()));
        }
        let baseline: Vec<f64> = times.iter().map(|t| self.baseline().cumulative_at(*t)).collect();
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        for (row, mut curve) in records.rows().into_iter().zip(curves.rows_mut()) {
            let ratio = self.centred_predictor(row)?.exp();
            for (s, h) in curve.iter_mut().zip(&baseline) {
                // No hazard yet and an overflowing ratio would make NaN of 0 times infinity.
                *s = if *h == 0.0 { 1.0 } else { (-h * ratio).exp() };
            }
        }
        Ok(curves)
    }
}
