//! Columns and sums for the profile likelihood, and the climb to its top.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};

use super::profile::{Point, Profile, Sums, Two, factor, product, transposed};
use super::{Likelihood, MixedModel, MixedValidParams};
use crate::survival::{Error, Provenance};

impl<D: Data<Elem = f64>, T: AsSingleTargets<Elem = f64>> Fit<ArrayBase<D, Ix2>, T, Error> for MixedValidParams {
    type Object = MixedModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<MixedModel, Error> {
        let values = dataset.as_single_targets().to_owned();
        let mut names = vec!["intercept".to_owned()];
        names.extend(dataset.feature_names().iter().cloned());
        fit(self, &dataset.records.to_owned(), &values, names)
    }
}

/// The columns centred and scaled, after a first one of ones, and how to go back.
struct Columns {
    x: Array2<f64>,
    means: Vec<f64>,
    scale: Vec<f64>,
}

impl Columns {
    fn of(records: &Array2<f64>) -> Result<Columns, Error> {
        let (n, p) = records.dim();
        let mut x = Array2::ones((n, p + 1));
        let (mut means, mut scale) = (vec![], vec![]);
        for (j, column) in records.columns().into_iter().enumerate() {
            let mean = column.iter().map(|v| v / n as f64).sum::<f64>();
            let sd = (column.iter().map(|v| (v - mean).powi(2) / n as f64).sum::<f64>()).sqrt();
            let largest = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            if sd <= 1e-12 * largest {
                return Err(Error::NotConverged {
                    iterations: 0,
                    column: j,
                });
            }
            x.column_mut(j + 1).assign(&column.mapv(|v| (v - mean) / sd));
            means.push(mean);
            scale.push(sd);
        }
        Ok(Columns { x, means, scale })
    }

    /// Effects of the columns as they were, from effects of these: `back · effects`.
    fn back(&self) -> Array2<f64> {
        let mut back = Array2::eye(self.means.len() + 1);
        for (j, (mean, scale)) in self.means.iter().zip(&self.scale).enumerate() {
            back[[j + 1, j + 1]] = 1.0 / scale;
            back[[0, j + 1]] = -mean / scale;
        }
        back
    }
}

fn checked(params: &MixedValidParams, records: &Array2<f64>, values: &Array1<f64>) -> Result<(), Error> {
    let n = values.len();
    if n == 0 {
        return Err(Error::Empty);
    }
    for length in [records.nrows(), params.subjects.len()] {
        if length != n {
            let (records, targets) = (length, n);
            return Err(Error::Lengths { records, targets });
        }
    }
    if records.ncols() == 0 {
        return Err(Error::Width { given: 0, expected: 1 });
    }
    if let Some(((row, column), _)) = records.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(Error::NotFinite { row, column });
    }
    if let Some(row) = values.iter().position(|v| !v.is_finite()) {
        let column = records.ncols();
        return Err(Error::NotFinite { row, column });
    }
    if n <= records.ncols() + 1 {
        return Err(Error::Parameter {
            name: "the number of rows of a mixed model",
            value: n as f64,
        });
    }
    Ok(())
}

/// Sums by subject in the order of the ids, so that the order of rows matters to rounding alone.
fn profile(params: &MixedValidParams, x: &Array2<f64>, y: &Array1<f64>) -> Profile {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by_key(|i| params.subjects[*i]);
    let subjects = order
        .chunk_by(|a, b| params.subjects[*a] == params.subjects[*b])
        .map(|rows| {
            let mut sums = Sums {
                zz: [[0.0; 2]; 2],
                zy: [0.0; 2],
                zx: Array2::zeros((2, x.ncols())),
            };
            for &i in rows {
                let z = [1.0, x[[i, 1]]];
                for a in 0..2 {
                    sums.zy[a] += z[a] * y[i];
                    sums.zz[a][0] += z[a] * z[0];
                    sums.zz[a][1] += z[a] * z[1];
                    sums.zx.row_mut(a).scaled_add(z[a], &x.row(i));
                }
            }
            sums
        });
    Profile {
        subjects: subjects.collect(),
        xx: x.t().dot(x),
        xy: x.t().dot(y),
        yy: y.dot(y),
        n: y.len(),
        likelihood: params.likelihood,
    }
}

fn fit(
    params: &MixedValidParams,
    records: &Array2<f64>,
    values: &Array1<f64>,
    names: Vec<String>,
) -> Result<MixedModel, Error> {
    checked(params, records, values)?;
    let columns = Columns::of(records)?;
    // Away from a large mean the sums of squares keep their digits.
    let level = values.mean().unwrap_or(0.0);
    let profile = profile(params, &columns.x, &(values - level));
    let (theta, top, iterations) = climb(&profile, params.max_iterations)?;
    let back = columns.back();
    let mut fixed = back.dot(&top.fixed);
    fixed[0] += level;
    let line: Two = [[1.0, back[[0, 1]]], [0.0, back[[1, 1]]]];
    let root = product(line, factor(theta));
    let random = product(root, transposed(root)).map(|row| row.map(|v| v * top.variance));
    let units = match params.likelihood {
        Likelihood::Ml => 0.0,
        // The determinant of xᵗ V⁻¹ x is that of the columns as they were.
        Likelihood::Reml => columns.scale.iter().map(|s| s.ln()).sum(),
    };
    let mut all = records.clone();
    all.push_column(values.view()).expect("as many values as rows");
    let owners = params.subjects.iter().map(|id| *id as f64).collect::<Array1<f64>>();
    all.push_column(owners.view()).expect("as many subjects as rows");
    Ok(MixedModel {
        likelihood: params.likelihood,
        names,
        n: values.len(),
        subjects: profile.subjects.len(),
        covariance: back.dot(&top.bread).dot(&back.t()) * top.variance,
        fixed,
        random,
        residual_variance: top.variance,
        log_likelihood: top.log_likelihood - units,
        iterations,
        provenance: Provenance::of(all.view(), &[], None),
    })
}

/// Quasi-Newton steps (BFGS) up the profile likelihood.
fn climb(profile: &Profile, most: usize) -> Result<([f64; 3], Point, usize), Error> {
    let nothing_left = Error::Parameter {
        name: "the residual variance of a mixed model",
        value: 0.0,
    };
    let mut theta = [1.0, 0.0, 0.5];
    let mut here = profile.at(theta).ok_or(nothing_left)?;
    let unit = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let mut inverse = unit.map(|row| row.map(|v| v / profile.subjects.len() as f64));
    let fresh = inverse;
    let mut stuck = false;
    for iterations in 1..=most {
        let mut step = inverse.map(|row| dot(row, here.gradient));
        let rise = dot(step, here.gradient);
        // What a whole step still promises: the error of the parameters, in their standard errors, is about its root.
        if rise <= 1e-19 * (1.0 + here.log_likelihood.abs()) {
            return Ok((theta, here, iterations));
        }
        let Some((moved, there)) = uphill(profile, theta, &mut step, &here, rise) else {
            // From the bare gradient nothing rises either: the top, to rounding.
            if stuck {
                return Ok((theta, here, iterations));
            }
            (stuck, inverse) = (true, fresh);
            continue;
        };
        stuck = false;
        let change: [f64; 3] = std::array::from_fn(|i| here.gradient[i] - there.gradient[i]);
        update(&mut inverse, step, change);
        (theta, here) = (moved, there);
    }
    Err(Error::NotConverged {
        iterations: most,
        column: 0,
    })
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Halves the step until the likelihood rises by a share of what the gradient promises.
fn uphill(
    profile: &Profile,
    theta: [f64; 3],
    step: &mut [f64; 3],
    here: &Point,
    rise: f64,
) -> Option<([f64; 3], Point)> {
    let mut share = 1.0;
    // Near the top the rise drowns in rounding; the gradient does not.
    let slack = 1e-14 * (1.0 + here.log_likelihood.abs());
    for _ in 0..40 {
        let moved = std::array::from_fn(|i| theta[i] + step[i]);
        let there = profile.at(moved);
        if let Some(there) = there.filter(|p| p.log_likelihood >= here.log_likelihood + 1e-4 * share * rise - slack) {
            return Some((moved, there));
        }
        share *= 0.5;
        *step = step.map(|s| 0.5 * s);
    }
    None
}

/// Broyden, Fletcher, Goldfarb and Shanno's update of the inverse; left alone where the curvature is not that of a top.
fn update(inverse: &mut [[f64; 3]; 3], step: [f64; 3], change: [f64; 3]) {
    let along = dot(step, change);
    if along <= 1e-300 {
        return;
    }
    let turned = inverse.map(|row| dot(row, change));
    let stretch = (1.0 + dot(change, turned) / along) / along;
    for i in 0..3 {
        for j in 0..3 {
            inverse[i][j] += stretch * step[i] * step[j] - (turned[i] * step[j] + step[i] * turned[j]) / along;
        }
    }
}
