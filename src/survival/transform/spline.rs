//! Restricted cubic splines: cubic between the knots, straight beyond the outer ones.

use linfa::ParamGuard;
use linfa::dataset::{AsTargets, DatasetBase};
use linfa::traits::{Fit, Transformer};
use ndarray::{Array2, ArrayBase, ArrayView2, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::{ascending_values, column_of, distinct, name_of, quantile, replaced, replaced_names};
use crate::survival::Error;

/// Where the knots stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Knots {
    /// 3 to 7 knots at equally spaced quantiles from 0.1 to 0.9 (3 knots), 0.05 to 0.95 (4 to 6), 0.025 to 0.975 (7); below
    /// 100 rows the outer ones are the fifth smallest and the fifth largest value. Harrell, Regression Modeling Strategies, 2nd ed., table 2.3.
    Quantiles(usize),
    /// 3 or more places, ascending.
    At(Vec<f64>),
}

/// Settings, not yet checked, of the basis of Stone & Koo in Harrell's form, as `rcs` of R's rms: with knots t_1 < … < t_k
/// the columns are x and, for j = 1 … k − 2,
/// `[(x − t_j)³₊ − (x − t_{k−1})³₊ (t_k − t_j)/(t_k − t_{k−1}) + (x − t_k)³₊ (t_{k−1} − t_j)/(t_k − t_{k−1})] / (t_k − t_1)²`.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `column` | | the column to expand | |
/// | `knots` | 4 at quantiles | where the cubics meet | see [`Knots`] |
///
/// Errors of the fit: `Empty`, `Width`, `NotFinite`, `TooFewValues` when the knots would fall together.
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::transform::{Knots, Spline};
/// use ndarray::Array2;
///
/// let data = Dataset::from(Array2::from_shape_fn((50, 1), |(i, _)| i as f64));
/// let spline = Spline::params(0).knots(Knots::Quantiles(4)).fit(&data)?;
/// assert_eq!(spline.apply(data.records.view())?.ncols(), 3);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SplineParams(SplineValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct SplineValidParams {
    column: usize,
    knots: Knots,
}

impl SplineParams {
    pub fn knots(mut self, knots: Knots) -> SplineParams {
        self.0.knots = knots;
        self
    }
}

impl ParamGuard for SplineParams {
    type Checked = SplineValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&SplineValidParams, Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match &self.0.knots {
            Knots::Quantiles(count) if !(3..=7).contains(count) => refuse("the number of knots", *count as f64),
            Knots::At(places) if places.len() < 3 => refuse("the number of knots", places.len() as f64),
            Knots::At(places) => match places.iter().find(|place| !place.is_finite()) {
                Some(place) => refuse("the place of a knot", *place),
                None => match places.windows(2).find(|pair| pair[0] >= pair[1]) {
                    Some(pair) => refuse("the place of a knot", pair[1]),
                    None => Ok(&self.0),
                },
            },
            Knots::Quantiles(_) => Ok(&self.0),
        }
    }

    fn check(self) -> Result<SplineValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

impl<D: Data<Elem = f64>, T: AsTargets> Fit<ArrayBase<D, Ix2>, T, Error> for SplineValidParams {
    type Object = Spline;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<Spline, Error> {
        let values = column_of(dataset.records.view(), self.column)?;
        let knots = match &self.knots {
            Knots::At(places) => places.clone(),
            Knots::Quantiles(count) => at_quantiles(&ascending_values(values), *count, self.column)?,
        };
        Ok(Spline {
            column: self.column,
            name: name_of(dataset.feature_names(), self.column),
            knots,
        })
    }
}

fn at_quantiles(sorted: &[f64], count: usize, column: usize) -> Result<Vec<f64>, Error> {
    let too_few = Error::TooFewValues {
        column,
        values: distinct(sorted),
        needed: count,
    };
    let n = sorted.len();
    // The fifth smallest must lie below the fifth largest.
    if n < 10 {
        return Err(too_few);
    }
    let outer = match count {
        3 => 0.1,
        7 => 0.025,
        _ => 0.05,
    };
    let step = (1.0 - 2.0 * outer) / (count - 1) as f64;
    let mut knots: Vec<f64> = (0..count).map(|k| quantile(sorted, outer + k as f64 * step)).collect();
    if n < 100 {
        knots[0] = sorted[4];
        knots[count - 1] = sorted[n - 5];
    }
    match knots.windows(2).all(|pair| pair[0] < pair[1]) {
        true => Ok(knots),
        false => Err(too_few),
    }
}

/// A fitted basis: replaces one column of its records by `knots − 1` columns, the first of which is the column itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spline {
    pub column: usize,
    pub name: String,
    pub knots: Vec<f64>,
}

impl Spline {
    /// Of one column, at 4 quantiles until told otherwise.
    pub fn params(column: usize) -> SplineParams {
        SplineParams(SplineValidParams {
            column,
            knots: Knots::Quantiles(4),
        })
    }

    /// The basis at `x`: as many numbers as there are knots, less one.
    pub fn basis(&self, x: f64) -> Vec<f64> {
        let mut out = vec![0.0; self.knots.len() - 1];
        self.fill(x, &mut out);
        out
    }

    fn fill(&self, x: f64, out: &mut [f64]) {
        let k = self.knots.len();
        let (first, before, last) = (self.knots[0], self.knots[k - 2], self.knots[k - 1]);
        let norm = (last - first) * (last - first);
        let cube = |v: f64| if v > 0.0 { v * v * v } else { 0.0 };
        out[0] = x;
        for (value, knot) in out[1..].iter_mut().zip(&self.knots) {
            let tail = (before - knot) * cube(x - last) - (last - knot) * cube(x - before);
            *value = (cube(x - knot) + tail / (last - before)) / norm;
        }
    }

    /// Records with the basis in place of the column. Errors: `Width`, `NotFinite`.
    pub fn apply(&self, records: ArrayView2<f64>) -> Result<Array2<f64>, Error> {
        replaced(records, self.column, self.knots.len() - 1, |x, out| {
            self.fill(x, out);
            Ok(())
        })
    }

    /// The names of the new columns (`age`, `age'`, `age''`) among those of the others.
    pub fn names(&self, names: &[String]) -> Vec<String> {
        let own = (0..self.knots.len() - 1).map(|j| self.name.clone() + &"'".repeat(j));
        replaced_names(names, self.column, own.collect())
    }
}

impl Transformer<Array2<f64>, Result<Array2<f64>, Error>> for Spline {
    fn transform(&self, records: Array2<f64>) -> Result<Array2<f64>, Error> {
        self.apply(records.view())
    }
}
