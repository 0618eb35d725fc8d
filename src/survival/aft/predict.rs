//! What a fitted model says of a row: linear predictor, survival, hazard, quantiles and mean of the time, with their errors.

use linfa::traits::PredictInplace;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Data, Ix2};
use statrs::function::gamma::gamma;

use super::{AftModel, Distribution};
use crate::survival::inference::z;
use crate::survival::{Error, SurvivalModel};

/// A predicted number with its standard error by the delta method; the robust covariance is taken where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub se: f64,
}

/// The linear predictor of each row, with the intercept: larger for longer times. As elsewhere in linfa, rows of another width
/// panic; `linear_predictor` and `survival_at` return an error.
impl<D: Data<Elem = f64>> PredictInplace<ArrayBase<D, Ix2>, Array1<f64>> for AftModel {
    fn predict_inplace<'a>(&'a self, x: &'a ArrayBase<D, Ix2>, y: &mut Array1<f64>) {
        assert_eq!(x.nrows(), y.len(), "one prediction a row");
        assert_eq!(x.ncols() + 1, self.coefficients.len(), "one number a column");
        for (value, row) in y.iter_mut().zip(x.rows()) {
            *value = self.predictor(row);
        }
    }

    fn default_target(&self, x: &ArrayBase<D, Ix2>) -> Array1<f64> {
        Array1::zeros(x.nrows())
    }
}

impl AftModel {
    fn predictor(&self, row: ArrayView1<f64>) -> f64 {
        let terms = row.iter().zip(self.coefficients.iter().skip(1)).map(|(x, b)| x * b);
        self.coefficients[0] + terms.sum::<f64>()
    }

    /// Intercept and coefficients times the row. Errors: `Width`, `NotFinite`.
    pub fn linear_predictor(&self, row: ArrayView1<f64>) -> Result<f64, Error> {
        if row.len() + 1 != self.coefficients.len() {
            return Err(Error::Width {
                given: row.len(),
                expected: self.coefficients.len() - 1,
            });
        }
        match row.iter().position(|value| !value.is_finite()) {
            Some(column) => Err(Error::NotFinite { row: 0, column }),
            None => Ok(self.predictor(row)),
        }
    }

    /// Where a time stands on the scale of the law; the origin and what lies before it at −∞.
    fn on_scale(&self, time: f64) -> Result<f64, Error> {
        match time {
            t if t.is_nan() => Err(Error::NotATime(t)),
            t if !self.distribution.is_of_logarithm() => Ok(t),
            t => Ok(t.max(0.0).ln()),
        }
    }

    fn log_survival(&self, predictor: f64, y: f64) -> Result<f64, Error> {
        match y {
            f64::NEG_INFINITY => Ok(0.0),
            f64::INFINITY => Ok(f64::NEG_INFINITY),
            y => Ok(self.distribution.law().above((y - predictor) / self.scale()?).value),
        }
    }

    /// −log S(time): the integral of the hazard.
    pub fn cumulative_hazard(&self, row: ArrayView1<f64>, time: f64) -> Result<f64, Error> {
        Ok(-self.log_survival(self.linear_predictor(row)?, self.on_scale(time)?)? + 0.0)
    }

    /// f/S at a time above the origin. Errors: a time that is not finite, or has no logarithm.
    pub fn hazard(&self, row: ArrayView1<f64>, time: f64) -> Result<f64, Error> {
        let y = self.on_scale(time)?;
        if !y.is_finite() {
            return Err(Error::NotATime(time));
        }
        let scale = self.scale()?;
        let at = (y - self.linear_predictor(row)?) / scale;
        let law = self.distribution.law();
        let jacobian = if self.distribution.is_of_logarithm() { y } else { 0.0 };
        Ok((law.density(at).value - law.above(at).value - scale.ln() - jacobian).exp())
    }

    /// The variance of `lever · estimates`, aliased terms and fixed scales left out.
    fn variance(&self, lever: &Array1<f64>) -> f64 {
        let covariance = self.robust_covariance.as_ref().unwrap_or(&self.covariance);
        lever.dot(&covariance.dot(lever)).max(0.0)
    }

    /// The derivative by each estimate, from those by the linear predictor and by log(scale).
    fn lever(&self, row: ArrayView1<f64>, by_predictor: f64, by_log_scale: f64) -> Array1<f64> {
        let terms = std::iter::once(by_predictor).chain(row.iter().map(|x| x * by_predictor));
        let scale = (!self.scale_fixed).then_some(by_log_scale);
        terms.chain(scale).collect()
    }

    /// Survival of one row at `time`, with its standard error.
    pub fn survival_with_error(&self, row: ArrayView1<f64>, time: f64) -> Result<Estimate, Error> {
        let (predictor, scale) = (self.linear_predictor(row)?, self.scale()?);
        let y = self.on_scale(time)?;
        let value = self.log_survival(predictor, y)?.exp();
        if !y.is_finite() {
            return Ok(Estimate { value, se: 0.0 });
        }
        let at = (y - predictor) / scale;
        let density = self.distribution.law().density(at).value.exp();
        // A density that has vanished takes the distance with it.
        let by_log_scale = if density > 0.0 { density * at } else { 0.0 };
        let lever = self.lever(row, density / scale, by_log_scale);
        Ok(Estimate {
            value,
            se: self.variance(&lever).sqrt(),
        })
    }

    /// The quantile on the scale of the law.
    fn scaled_quantile(&self, row: ArrayView1<f64>, p: f64) -> Result<Estimate, Error> {
        if !(p > 0.0 && p < 1.0) {
            return Err(Error::Parameter {
                name: "a quantile's share",
                value: p,
            });
        }
        let away = self.scale()? * self.distribution.law().quantile(p);
        Ok(Estimate {
            value: self.linear_predictor(row)? + away,
            se: self.variance(&self.lever(row, 1.0, away)).sqrt(),
        })
    }

    /// The time by which a share `p` has had the event, with its standard error; `p = 0.5` is the median.
    pub fn quantile(&self, row: ArrayView1<f64>, p: f64) -> Result<Estimate, Error> {
        let scaled = self.scaled_quantile(row, p)?;
        if !self.distribution.is_of_logarithm() {
            return Ok(scaled);
        }
        let value = scaled.value.exp();
        Ok(Estimate {
            value,
            se: value * scaled.se,
        })
    }

    /// Limits of a quantile, symmetric on the scale of the law.
    pub fn quantile_limits(&self, row: ArrayView1<f64>, p: f64, level: f64) -> Result<(f64, f64), Error> {
        let width = z(level)?;
        let scaled = self.scaled_quantile(row, p)?;
        let (low, high) = (scaled.value - width * scaled.se, scaled.value + width * scaled.se);
        Ok(match self.distribution.is_of_logarithm() {
            true => (low.exp(), high.exp()),
            false => (low, high),
        })
    }

    /// The mean time; `None` where the law has none (log-logistic with a scale of 1 or more) or it passes all numbers.
    pub fn mean(&self, row: ArrayView1<f64>) -> Result<Option<f64>, Error> {
        let (predictor, scale) = (self.linear_predictor(row)?, self.scale()?);
        let turn = std::f64::consts::PI * scale;
        let mean = match self.distribution {
            Distribution::Gaussian => predictor,
            Distribution::Weibull | Distribution::Exponential => predictor.exp() * gamma(1.0 + scale),
            Distribution::LogNormal => (predictor + 0.5 * scale * scale).exp(),
            Distribution::LogLogistic if scale < 1.0 => predictor.exp() * turn / turn.sin(),
            Distribution::LogLogistic => return Ok(None),
        };
        Ok(Some(mean).filter(|mean| mean.is_finite()))
    }
}

impl SurvivalModel for AftModel {
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        let places = times
            .iter()
            .map(|t| self.on_scale(*t))
            .collect::<Result<Vec<f64>, _>>()?;
        let mut curves = Array2::zeros((records.nrows(), times.len()));
        for (row, mut curve) in records.rows().into_iter().zip(curves.rows_mut()) {
            let predictor = self.linear_predictor(row)?;
            for (survival, y) in curve.iter_mut().zip(&places) {
                *survival = self.log_survival(predictor, *y)?.exp();
            }
        }
        Ok(curves)
    }
}
