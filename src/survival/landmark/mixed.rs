//! A linear mixed model with a random intercept and slope for each subject: where a noisy marker stands, and where it goes.

use linfa::ParamGuard;
use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, ArrayView1, ArrayView2, Axis, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::profile::{Point, Profile, Sums, Two, factor, kernel, product, transposed};
use crate::survival::{Error, Provenance, Summary};

/// What is maximised: the likelihood, or that of the residuals, which does not lose variance to the fixed effects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    Ml,
    Reml,
}

/// The model `y = a + x b + (u0 + u1 time) + error`: `Mixed::params().subjects(ids).fit(&dataset)?`.
pub struct Mixed;

impl Mixed {
    pub fn params() -> MixedParams {
        MixedParams(MixedValidParams {
            likelihood: Likelihood::Reml,
            subjects: vec![],
            max_iterations: 200,
        })
    }
}

/// Settings, not yet checked. Laird & Ware, Biometrics 1982;38:963, as R's `lme(y ~ x, random = ~ time | id)`.
///
/// The first column of the records is the time, with a slope of each subject's own; the others act alike on all. Fixed effects
/// and residual variance are profiled out; the factor of the random effects' covariance is found by BFGS with the exact gradient.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `likelihood` | REML | what is maximised | |
/// | `subjects` | none | whose each row is | one number a row |
/// | `max_iterations` | 200 | steps | 1 and more |
///
/// Errors of the fit: `Empty`, `Lengths`, `NotFinite`, `Parameter` (fewer rows than effects; nothing left to chance),
/// `NotConverged` (a column that is constant or follows from others).
///
/// ```
/// use linfa::prelude::*;
/// use metwatch::survival::landmark::{Likelihood, Mixed};
/// use ndarray::array;
///
/// let times = array![[0.0], [1.0], [2.0], [0.0], [1.0], [2.0], [0.0], [1.0], [3.0]];
/// let values = array![1.0, 1.4, 2.2, 2.0, 1.9, 2.1, 0.3, 1.2, 2.4];
/// let ids = vec![1, 1, 1, 2, 2, 2, 3, 3, 3];
/// let model = Mixed::params().likelihood(Likelihood::Ml).subjects(ids).fit(&Dataset::new(times, values))?;
/// let third = model.blup(array![[0.0], [1.0], [3.0]].view(), array![0.3, 1.2, 2.4].view())?;
/// assert!(third.slope > model.fixed[1]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MixedParams(MixedValidParams);

#[derive(Clone, Debug, PartialEq)]
pub struct MixedValidParams {
    likelihood: Likelihood,
    subjects: Vec<usize>,
    max_iterations: usize,
}

impl MixedParams {
    pub fn likelihood(mut self, likelihood: Likelihood) -> MixedParams {
        self.0.likelihood = likelihood;
        self
    }

    pub fn subjects(mut self, ids: Vec<usize>) -> MixedParams {
        self.0.subjects = ids;
        self
    }

    pub fn max_iterations(mut self, steps: usize) -> MixedParams {
        self.0.max_iterations = steps;
        self
    }
}

impl ParamGuard for MixedParams {
    type Checked = MixedValidParams;
    type Error = Error;

    fn check_ref(&self) -> Result<&MixedValidParams, Error> {
        if self.0.max_iterations == 0 {
            return Err(Error::Parameter {
                name: "the number of iterations",
                value: 0.0,
            });
        }
        Ok(&self.0)
    }

    fn check(self) -> Result<MixedValidParams, Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

/// A fitted mixed model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixedModel {
    pub likelihood: Likelihood,
    /// `intercept`, then the columns.
    pub names: Vec<String>,
    pub n: usize,
    pub subjects: usize,
    pub fixed: Array1<f64>,
    /// Of the fixed effects, the variances taken for known.
    pub covariance: Array2<f64>,
    /// Of a subject's intercept and slope about the fixed ones.
    pub random: [[f64; 2]; 2],
    pub residual_variance: f64,
    pub log_likelihood: f64,
    pub iterations: usize,
    pub provenance: Provenance,
}

/// A subject's own line, its best linear unbiased prediction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blup {
    pub intercept: f64,
    pub slope: f64,
    /// Of both, given the values and the model.
    pub covariance: [[f64; 2]; 2],
}

impl Blup {
    /// The line at a time; columns after the first add their fixed effects to it.
    pub fn at(&self, time: f64) -> f64 {
        self.intercept + self.slope * time
    }
}

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
    let (records, n) = (records, values.len());
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
        if rise <= 1e-14 * (1.0 + here.log_likelihood.abs()) {
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
    for _ in 0..40 {
        let moved = std::array::from_fn(|i| theta[i] + step[i]);
        let there = profile.at(moved);
        if let Some(there) = there.filter(|p| p.log_likelihood >= here.log_likelihood + 1e-4 * share * rise) {
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

impl MixedModel {
    /// Standard deviations of a subject's intercept and slope, and their correlation (0 where one does not vary).
    pub fn random_effects(&self) -> ([f64; 2], f64) {
        let sd = [self.random[0][0].sqrt(), self.random[1][1].sqrt()];
        let product = sd[0] * sd[1];
        (
            sd,
            if product > 0.0 {
                self.random[0][1] / product
            } else {
                0.0
            },
        )
    }

    /// The fixed effects. Errors: a level outside (0, 1).
    pub fn summary(&self, level: f64) -> Result<Summary, Error> {
        Summary::of(&self.names, self.fixed.view(), &self.covariance, None, level)
    }

    /// The line of a subject with these rows and values, be it of the fit or not; with no rows, the fixed effects.
    /// Errors: `Width`, `Lengths`, `NotFinite`.
    pub fn blup(&self, records: ArrayView2<f64>, values: ArrayView1<f64>) -> Result<Blup, Error> {
        let expected = self.fixed.len() - 1;
        if records.ncols() != expected {
            let given = records.ncols();
            return Err(Error::Width { given, expected });
        }
        if records.nrows() != values.len() {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: values.len(),
            });
        }
        let (mut zz, mut zr) = ([[0.0; 2]; 2], [0.0; 2]);
        for (row, (record, value)) in records.axis_iter(Axis(0)).zip(values).enumerate() {
            let fitted = self.fixed[0]
                + record
                    .iter()
                    .zip(self.fixed.iter().skip(1))
                    .map(|(x, b)| x * b)
                    .sum::<f64>();
            let left = value - fitted;
            if !left.is_finite() {
                let column = record.iter().position(|v| !v.is_finite()).unwrap_or(expected);
                return Err(Error::NotFinite { row, column });
            }
            let z = [1.0, record[0]];
            for a in 0..2 {
                zr[a] += z[a] * left;
                zz[a][0] += z[a] * z[0];
                zz[a][1] += z[a] * z[1];
            }
        }
        let (k, _) = kernel(self.root(), zz);
        Ok(Blup {
            intercept: self.fixed[0] + k[0][0] * zr[0] + k[0][1] * zr[1],
            slope: self.fixed[1] + k[1][0] * zr[0] + k[1][1] * zr[1],
            covariance: k.map(|row| row.map(|v| v * self.residual_variance)),
        })
    }

    /// The lower factor of `random` over the residual variance.
    fn root(&self) -> Two {
        let d = self.random.map(|row| row.map(|v| v / self.residual_variance));
        let first = d[0][0].sqrt();
        let below = if first > 0.0 { d[1][0] / first } else { 0.0 };
        [[first, 0.0], [below, (d[1][1] - below * below).max(0.0).sqrt()]]
    }
}
