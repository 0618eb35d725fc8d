//! Columns from a column: standardising, restricted cubic splines, fractional polynomials. Each is fitted once, stored, and
//! then gives any row the same columns.

mod fractional;
mod selection;
mod spline;
mod standardise;
#[cfg(test)]
mod tests;

pub use fractional::{FractionalParams, FractionalPolynomial, FractionalValidParams, Scaling};
pub use selection::{Candidate, Choice, Selection};
pub use spline::{Knots, Spline, SplineParams, SplineValidParams};
pub use standardise::{Standardise, Standardiser};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::Error;

/// The column that a transformer is fitted on. Errors: no rows, no such column, a number that is not finite.
fn column_of(records: ArrayView2<f64>, column: usize) -> Result<ArrayView1<f64>, Error> {
    if records.nrows() == 0 {
        return Err(Error::Empty);
    }
    if column >= records.ncols() {
        return Err(Error::Width {
            given: records.ncols(),
            expected: column + 1,
        });
    }
    let view = records.index_axis_move(Axis(1), column);
    match view.iter().position(|value| !value.is_finite()) {
        Some(row) => Err(Error::NotFinite { row, column }),
        None => Ok(view),
    }
}

/// The name of a column: its own, or `x1`, `x2`, … where there are none.
fn name_of(names: &[String], column: usize) -> String {
    names.get(column).cloned().unwrap_or_else(|| format!("x{}", column + 1))
}

/// Puts `width` columns in the place of one; `fill` writes those of one value.
fn replaced(
    records: ArrayView2<f64>,
    column: usize,
    width: usize,
    fill: impl Fn(f64, &mut [f64]) -> Result<(), Error>,
) -> Result<Array2<f64>, Error> {
    if column >= records.ncols() {
        return Err(Error::Width {
            given: records.ncols(),
            expected: column + 1,
        });
    }
    let mut wide = Array2::zeros((records.nrows(), records.ncols() - 1 + width));
    let mut part = vec![0.0; width];
    for (i, (row, mut out)) in records.rows().into_iter().zip(wide.rows_mut()).enumerate() {
        if !row[column].is_finite() {
            return Err(Error::NotFinite { row: i, column });
        }
        fill(row[column], &mut part)?;
        for (j, value) in out.iter_mut().enumerate() {
            *value = match j {
                j if j < column => row[j],
                j if j < column + width => part[j - column],
                j => row[j + 1 - width],
            };
        }
    }
    Ok(wide)
}

/// The names to `replaced`'s columns.
fn replaced_names(names: &[String], column: usize, new: Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = names.iter().take(column).cloned().collect();
    all.extend(new);
    all.extend(names.iter().skip(column + 1).cloned());
    all
}

/// How many different values there are.
fn distinct(sorted: &[f64]) -> usize {
    sorted.windows(2).filter(|pair| pair[0] < pair[1]).count() + usize::from(!sorted.is_empty())
}

fn ascending_values(values: ArrayView1<f64>) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// The quantile of ascending values, linear between them (R's type 7).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let place = p * (sorted.len() - 1) as f64;
    let below = (place + 4.0 * f64::EPSILON).floor();
    let share = place - below;
    let low = sorted[below as usize];
    if share.abs() < 1e-12 {
        return low;
    }
    let high = sorted[(below as usize + 1).min(sorted.len() - 1)];
    low + share * (high - low)
}
