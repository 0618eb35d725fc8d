//! Fractional polynomials of Royston & Altman.

use linfa::ParamGuard;
use linfa::dataset::{AsTargets, DatasetBase};
use linfa::traits::{Fit, Transformer};
use ndarray::{Array2, ArrayBase, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{ascending_values, column_of, distinct, name_of, quantile, replaced, replaced_names};
use crate::survival::Error;

/// How a column is brought above 0 and near 1 before powers are taken of `(x + shift) / scale`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scaling {
    /// As R's mfp: where the smallest value is 0 or less, the shift is the smallest gap between values less the smallest value,
    /// rounded up to tenths; the scale is the power of ten nearest to the median.
    Automatic,
    Given {
        shift: f64,
        scale: f64,
    },
}

impl Scaling {
    /// Shift and scale for ascending values.
    fn of(self, sorted: &[f64]) -> (f64, f64) {
        let Scaling::Automatic = self else {
            let Scaling::Given { shift, scale } = self else {
                return (0.0, 1.0);
            };
            return (shift, scale);
        };
        let smallest = sorted[0];
        let gap = (sorted.windows(2).map(|pair| pair[1] - pair[0]))
            .filter(|gap| *gap > 0.0)
            .fold(f64::INFINITY, f64::min);
        let shift = match smallest <= 0.0 {
            true => ((gap - smallest) * 10.0).ceil() / 10.0,
            false => 0.0,
        };
        let magnitude = (quantile(sorted, 0.5) + shift).log10();
        (
            shift,
            10.0_f64.powf(magnitude.signum() * magnitude.abs().round_ties_even()),
        )
    }
}

/// Settings, not yet checked. The columns of powers p_1 ≤ p_2 ≤ … are `z^p`, `ln z` for p = 0, and for a power that
/// repeats the column before it times `ln z`, where `z = (x + shift) / scale`. Royston & Altman, Appl Stat 1994;43:429.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `column` | | the column to transform | |
/// | `powers` | 1 | in any order | −2, −1, −0.5, 0, 0.5, 1, 2, 3 are customary |
/// | `scaling` | automatic | see [`Scaling`] | scale above 0 |
///
/// Errors of the fit: `Empty`, `Width`, `NotFinite`, `TooFewValues` for a constant column, `OutOfScale` when a given shift
/// leaves a value at 0 or below.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::transform::FractionalPolynomial;
/// use ndarray::array;
///
/// let data = Dataset::from(array![[40.0], [50.0], [60.0]]);
/// let cubes = FractionalPolynomial::params(0).powers(&[3.0, 3.0]).fit(&data)?;
/// assert_eq!(cubes.scale, 100.0);
/// assert_eq!(cubes.apply(data.records.view())?[[1, 0]], 0.125);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct FractionalParams(FractionalValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct FractionalValidParams {
    column: usize,
    powers: Vec<f64>,
    scaling: Scaling,
}

impl FractionalParams {
    pub fn powers(mut self, powers: &[f64]) -> FractionalParams {
        self.0.powers = powers.to_vec();
        self.0.powers.sort_by(f64::total_cmp);
        self
    }

    pub fn scaling(mut self, scaling: Scaling) -> FractionalParams {
        self.0.scaling = scaling;
        self
    }
}

impl ParamGuard for FractionalParams {
    type Checked = FractionalValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&FractionalValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        if self.0.powers.is_empty() {
            return refuse("the number of powers", 0.0);
        }
        if let Some(power) = self.0.powers.iter().find(|p| !p.is_finite()) {
            return refuse("a power", *power);
        }
        match self.0.scaling {
            Scaling::Given { shift, .. } if !shift.is_finite() => refuse("the shift", shift),
            Scaling::Given { scale, .. } if !(scale.is_finite() && scale > 0.0) => refuse("the scale", scale),
            _ => Ok(&self.0),
        }
    }

    fn check(self) -> Result<FractionalValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl<D: Data<Elem = f64>, T: AsTargets> Fit<ArrayBase<D, Ix2>, T, Error> for FractionalValidParams {
    type Object = FractionalPolynomial;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<FractionalPolynomial, Error> {
        let values = column_of(dataset.records.view(), self.column)?;
        let sorted = ascending_values(values);
        let different = distinct(&sorted);
        if different < 2 {
            return Err(Error::TooFewValues {
                column: self.column,
                values: different,
                needed: 2,
            });
        }
        let (shift, scale) = self.scaling.of(&sorted);
        let fitted = FractionalPolynomial {
            column: self.column,
            name: name_of(dataset.feature_names(), self.column),
            shift,
            scale,
            powers: self.powers.clone(),
        };
        let mut terms = vec![0.0; self.powers.len()];
        for (row, x) in values.iter().enumerate() {
            fitted.fill(row, *x, &mut terms)?;
        }
        Ok(fitted)
    }
}

/// A fitted transformation: replaces one column of its records by one column a power.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FractionalPolynomial {
    pub column: usize,
    pub name: String,
    pub shift: f64,
    pub scale: f64,
    /// Ascending; a power that repeats brings a logarithm.
    pub powers: Vec<f64>,
}

impl FractionalPolynomial {
    /// Of one column, with the power 1 and automatic scaling until told otherwise.
    pub fn params(column: usize) -> FractionalParams {
        FractionalParams(FractionalValidParams {
            column,
            powers: vec![1.0],
            scaling: Scaling::Automatic,
        })
    }

    /// The terms at `x`, one a power. Errors: `OutOfScale` where `x + shift` is 0 or less.
    pub fn terms(&self, x: f64) -> Result<Vec<f64>, Error> {
        let mut out = vec![0.0; self.powers.len()];
        self.fill(0, x, &mut out)?;
        Ok(out)
    }

    fn fill(&self, row: usize, x: f64, out: &mut [f64]) -> Result<(), Error> {
        let z = (x + self.shift) / self.scale;
        // A straight line needs no logarithm and is defined everywhere.
        if (z.is_nan() || z <= 0.0) && self.powers != [1.0] {
            return Err(Error::OutOfScale {
                row,
                value: x,
                above: -self.shift,
            });
        }
        for (k, &power) in self.powers.iter().enumerate() {
            out[k] = match k.checked_sub(1) {
                Some(before) if self.powers[before] == power => out[before] * z.ln(),
                _ => raised(z, power),
            };
            if !out[k].is_finite() {
                return Err(Error::NotFinite {
                    row,
                    column: self.column,
                });
            }
        }
        Ok(())
    }

    /// Records with the terms in place of the column. Errors: `Width`, `NotFinite`, `OutOfScale`.
    pub fn apply(&self, records: ArrayView2<f64>) -> Result<Array2<f64>, Error> {
        let row = std::cell::Cell::new(0);
        replaced(records, self.column, self.powers.len(), |x, out| {
            self.fill(row.replace(row.get() + 1), x, out)
        })
    }

    /// The names of the new columns (`age^3`, `age^3*ln(age)`) among those of the others.
    pub fn names(&self, names: &[String]) -> Vec<String> {
        let name = &self.name;
        let mut own: Vec<String> = Vec::new();
        for (k, &power) in self.powers.iter().enumerate() {
            own.push(match k.checked_sub(1) {
                Some(before) if self.powers[before] == power => format!("{}*ln({name})", own[before]),
                _ if power == 0.0 => format!("ln({name})"),
                _ if power == 1.0 => name.clone(),
                _ => format!("{name}^{power}"),
            });
        }
        replaced_names(names, self.column, own)
    }
}

fn raised(z: f64, power: f64) -> f64 {
    match power {
        0.0 => z.ln(),
        0.5 => z.sqrt(),
        p if p == p.trunc() && p.abs() <= 8.0 => z.powi(p as i32),
        p => z.powf(p),
    }
}

impl Transformer<Array2<f64>, Result<Array2<f64>, Error>> for FractionalPolynomial {
    fn transform(&self, records: Array2<f64>) -> Result<Array2<f64>, Error> {
        self.apply(records.view())
    }
}
