//! Newton's method on the likelihood, from the model without columns upwards.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};

use super::likelihood::{Design, Evaluation};
use super::robust::{meat, one_a_row, ranked};
use super::{AftModel, AftValidParams, Observed, Response};
use crate::survival::Error;
use crate::survival::provenance::Fingerprint;
use crate::survival::risk_set::checked_weights;
use crate::survival::symmetric::Cholesky;
use crate::survival::transform::Standardiser;

/// Below this share of its own variance a column is said to follow from those before it.
const ALIASED: f64 = 1e-9;

impl<D: Data<Elem = f64>, R: Response, T: AsSingleTargets<Elem = R>> Fit<ArrayBase<D, Ix2>, T, Error>
    for AftValidParams
{
    type Object = AftModel;

    fn fit(&self, dataset: &DatasetBase<ArrayBase<D, Ix2>, T>) -> Result<AftModel, Error> {
        let targets: Vec<R> = dataset.as_single_targets().iter().copied().collect();
        let weights: Option<Vec<f64>> = self.weights.clone().or_else(|| {
            let given = dataset.weights().filter(|weights| !weights.is_empty())?;
            Some(given.iter().map(|w| f64::from(*w)).collect())
        });
        let records = dataset.records.view();
        let data = Prepared::new(self, records, &targets, weights.as_deref())?;
        fit(self, data, dataset.feature_names())
    }
}

struct Prepared {
    standard: Standardiser,
    design: Design,
    aliased: Vec<usize>,
    events: usize,
    /// What the logarithm adds to the likelihood: −Σ w log t over values known exactly.
    jacobian: f64,
    fingerprint: Fingerprint,
}

impl Prepared {
    fn new<R: Response>(
        params: &AftValidParams,
        records: ArrayView2<f64>,
        targets: &[R],
        weights: Option<&[f64]>,
    ) -> Result<Prepared, Error> {
        let n = targets.len();
        if n == 0 {
            return Err(Error::Empty);
        }
        if records.nrows() != n {
            return Err(Error::Lengths {
                records: records.nrows(),
                targets: n,
            });
        }
        let mut fingerprint = Fingerprint::new();
        fingerprint.add([n as f64, records.ncols() as f64]);
        fingerprint.add(records.iter().copied());
        fingerprint.add(weights.unwrap_or_default().iter().copied());
        let weights = checked_weights(weights, n)?;
        let standard = Standardiser::of(records)?;
        let (mut seen, mut entries) = (Vec::with_capacity(n), Vec::with_capacity(n));
        for (row, target) in targets.iter().enumerate() {
            let known = target.observed(params.cause);
            fingerprint.add(known.numbers().into_iter().chain([target.entry().unwrap_or(0.0)]));
            seen.push(known.on_scale(row, params.distribution)?);
            let entry = target.entry();
            entries.push(entry.map(|e| {
                if params.distribution.is_of_logarithm() {
                    e.ln()
                } else {
                    e
                }
            }));
        }
        let (strata, scales) = match &params.strata {
            Some(labels) => {
                one_a_row(labels, n)?;
                ranked(labels)
            }
            None => (vec![0; n], 1),
        };
        if let Some(labels) = &params.clusters {
            one_a_row(labels, n)?;
        }
        let z = standard.apply(records)?;
        let x = Array2::from_shape_fn((n, z.ncols() + 1), |(i, j)| if j == 0 { 1.0 } else { z[[i, j - 1]] });
        let known = params.known_scale();
        let (events, jacobian) = checked_events(&seen, &weights, params)?;
        Ok(Prepared {
            aliased: aliased(&x, &weights),
            standard,
            design: Design {
                x,
                law: params.distribution.law(),
                seen,
                entries,
                weights,
                strata,
                scales: if known.is_some() { 0 } else { scales },
                known: known.unwrap_or(1.0),
            },
            events,
            jacobian,
            fingerprint,
        })
    }
}

/// How many events there are, and the Jacobian's part. Without a bound from below, or from above, the likelihood has no maximum.
fn checked_events(seen: &[Observed], weights: &[f64], params: &AftValidParams) -> Result<(usize, f64), Error> {
    let (mut events, mut jacobian) = (0, 0.0);
    let (mut larger, mut smaller) = (false, false);
    for (seen, w) in seen.iter().zip(weights) {
        match seen {
            Observed::Exactly(y) => {
                events += 1;
                jacobian -= if params.distribution.is_of_logarithm() {
                    w * y
                } else {
                    0.0
                };
            }
            Observed::Between(..) => events += 1,
            Observed::After(_) => larger = true,
            Observed::Before(_) => smaller = true,
        }
    }
    match events > 0 || (larger && smaller) {
        true => Ok((events, jacobian)),
        false => Err(Error::NoEvents),
    }
}

/// Columns that follow from those before them, the first of which is 1.
fn aliased(x: &Array2<f64>, weights: &[f64]) -> Vec<usize> {
    let p = x.ncols();
    let mut products = Array2::<f64>::zeros((p, p));
    for (row, w) in x.rows().into_iter().zip(weights) {
        for j in 0..p {
            for k in 0..=j {
                products[[j, k]] += w * row[j] * row[k];
            }
        }
    }
    Cholesky::of(products.view(), ALIASED).aliased
}

fn fit(params: &AftValidParams, mut data: Prepared, names: &[String]) -> Result<AftModel, Error> {
    let design = &data.design;
    let p = design.x.ncols();
    let columns: Vec<usize> = (1..p).collect();
    // Without columns, then with them from there.
    let null = climb(params, design, start(design), &columns)?;
    let top = climb(params, design, null.theta.clone(), &data.aliased)?;
    let back = unstandardise(&data.standard, design);
    let bread = factor(&top.last.information, &data.aliased, 0.0).inverse(design.width());
    let whole = |covariance: &Array2<f64>| back.dot(covariance).dot(&back.t());
    let robust_covariance = params.clusters.as_ref().map(|clusters| {
        let middle = meat(clusters, design.width(), |i, out| {
            design.score_of(i, &top.theta, out);
            data.aliased.iter().for_each(|j| out[*j] = 0.0);
        });
        whole(&bread.dot(&middle).dot(&bread))
    });
    let estimates = back.dot(&Array1::from(top.theta.clone()));
    let scales = match design.scales {
        0 => vec![design.known],
        _ => top.theta[p..].iter().map(|tau| tau.exp()).collect(),
    };
    data.fingerprint.add(design.strata.iter().map(|s| *s as f64));
    Ok(AftModel {
        distribution: params.distribution,
        cause: params.cause,
        n: design.weights.len(),
        events: data.events,
        names: names.to_vec(),
        coefficients: estimates.iter().take(p).copied().collect(),
        aliased: data.aliased.iter().map(|j| j - 1).collect(),
        scales,
        scale_fixed: design.scales == 0,
        covariance: whole(&bread),
        robust_covariance,
        log_likelihood_null: null.last.log_likelihood + data.jacobian,
        log_likelihood: top.last.log_likelihood + data.jacobian,
        iterations: top.iterations,
        provenance: data.fingerprint.finish(),
    })
}

/// The linear map from standardised parameters to those per unit.
fn unstandardise(standard: &Standardiser, design: &Design) -> Array2<f64> {
    let mut back = Array2::eye(design.width());
    for j in 1..design.x.ncols() {
        let per_unit = standard.per_unit(j - 1);
        back[[j, j]] = per_unit;
        back[[0, j]] = -standard.means[j - 1] * per_unit;
    }
    back
}

/// Mean and spread of the values, censored or not.
fn start(design: &Design) -> Vec<f64> {
    let total: f64 = design.weights.iter().sum();
    let over = |f: &dyn Fn(f64) -> f64| {
        let values = design.seen.iter().zip(&design.weights);
        values.map(|(seen, w)| w / total * f(seen.middle())).sum::<f64>()
    };
    let mean = over(&|y| y);
    let spread = over(&|y| (y - mean).powi(2)).sqrt();
    let spread = if spread > 1e-9 * mean.abs() { spread } else { 1.0 };
    let mut theta = vec![0.0; design.width()];
    theta[0] = mean;
    theta[design.x.ncols()..].fill(spread.ln());
    theta
}

/// The factor of the information without the aliased columns, its diagonal raised by `damping`.
fn factor(information: &Array2<f64>, aliased: &[usize], damping: f64) -> Cholesky {
    let mut information = information.clone();
    let largest = information.diag().iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    information
        .diag_mut()
        .mapv_inplace(|v| v + damping * v.abs().max(1e-8 * largest));
    for &j in aliased {
        information.row_mut(j).fill(0.0);
        information.column_mut(j).fill(0.0);
    }
    Cholesky::of(information.view(), 1e-13)
}

struct Top {
    theta: Vec<f64>,
    last: Evaluation,
    iterations: usize,
}

/// A step uphill: Newton's where the likelihood is concave, else damped until it is. Also says whether it was Newton's own.
fn step(here: &Evaluation, aliased: &[usize]) -> Option<(Vec<f64>, bool)> {
    let mut damping = 0.0;
    for _ in 0..40 {
        let factor = factor(&here.information, aliased, damping);
        if factor.aliased.len() == aliased.len() {
            return Some((factor.solve(&here.score), damping == 0.0));
        }
        damping = if damping == 0.0 { 1e-3 } else { damping * 4.0 };
    }
    None
}

fn climb(params: &AftValidParams, design: &Design, mut theta: Vec<f64>, aliased: &[usize]) -> Result<Top, Error> {
    let p = design.x.ncols();
    let mut here = design.evaluate(&theta);
    let (mut close, mut longest) = (false, 0);
    let runaway = |iterations, place: usize| {
        Err(Error::Runaway {
            iterations,
            term: match place {
                0 => "the intercept".to_owned(),
                j if j < p => format!("the coefficient of column {}", j - 1),
                _ => "the scale".to_owned(),
            },
        })
    };
    for iterations in 1..=params.max_iterations {
        let Some((mut step, newton)) = step(&here, aliased) else {
            return runaway(iterations, longest);
        };
        // Coefficients are counted in scales.
        let unit = |j: usize| match j {
            j if j >= p => 1.0,
            _ if design.scales == 0 => design.known,
            _ => theta[p..].iter().fold(f64::INFINITY, |m, t| m.min(t.exp())),
        };
        let sizes: Vec<f64> = step.iter().enumerate().map(|(j, s)| (s / unit(j)).abs()).collect();
        longest = (0..sizes.len())
            .max_by(|a, b| sizes[*a].total_cmp(&sizes[*b]))
            .unwrap_or(0);
        let slack = 1e-11 * here.log_likelihood.abs().max(1.0);
        let mut halvings = 0;
        let (moved, there) = loop {
            let moved: Vec<f64> = theta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let there = design.evaluate(&moved);
            if there.is_finite() && there.log_likelihood >= here.log_likelihood - slack {
                break (moved, there);
            }
            halvings += 1;
            if halvings > 40 {
                return runaway(iterations, longest);
            }
            step.iter_mut().for_each(|s| *s *= 0.5);
        };
        let size = sizes[longest];
        (theta, here) = (moved, there);
        if close {
            return Ok(Top {
                theta,
                last: here,
                iterations,
            });
        }
        // Newton's error is about the square of the step before, so one more step after a short one is exact.
        close = newton && halvings == 0 && size <= params.tolerance;
    }
    runaway(params.max_iterations, longest)
}
