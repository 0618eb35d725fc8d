//! From a data set to a model: preparation, the fit without columns and then with them, and the way back to the columns' units.

use linfa::dataset::{AsSingleTargets, DatasetBase};
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayBase, ArrayView2, Data, Ix2};

use super::likelihood::Design;
use super::newton::{climb, factor, start};
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
        checked_lengths(params, records, n)?;
        let mut fingerprint = Fingerprint::new();
        fingerprint.add([n as f64, records.ncols() as f64]);
        fingerprint.add(records.iter().copied());
        fingerprint.add(weights.unwrap_or_default().iter().copied());
        let weights = checked_weights(weights, n)?;
        let standard = Standardiser::of(records)?;
        let (seen, entries) = on_scale(params, targets, &mut fingerprint)?;
        let (strata, scales) = params.strata.as_ref().map_or((vec![0; n], 1), |labels| ranked(labels));
        let known = params.known_scale();
        let (events, jacobian) = checked_events(&seen, &weights, params)?;
        let x = with_intercept(&standard.apply(records)?);
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

fn checked_lengths(params: &AftValidParams, records: ArrayView2<f64>, targets: usize) -> Result<(), Error> {
    if targets == 0 {
        return Err(Error::Empty);
    }
    if records.nrows() != targets {
        return Err(Error::Lengths {
            records: records.nrows(),
            targets,
        });
    }
    for labels in [&params.strata, &params.clusters].into_iter().flatten() {
        one_a_row(labels, targets)?;
    }
    Ok(())
}

type OnScale = (Vec<Observed>, Vec<Option<f64>>);

/// What is known of each row, and its entry, on the scale of the law.
fn on_scale<R: Response>(params: &AftValidParams, targets: &[R], print: &mut Fingerprint) -> Result<OnScale, Error> {
    let logarithm = params.distribution.is_of_logarithm();
    let (mut seen, mut entries) = (Vec::with_capacity(targets.len()), Vec::with_capacity(targets.len()));
    for (row, target) in targets.iter().enumerate() {
        let (known, entry) = (target.observed(params.cause), target.entry());
        print.add(known.numbers().into_iter().chain([entry.unwrap_or(0.0)]));
        seen.push(known.on_scale(row, params.distribution)?);
        entries.push(entry.map(|e| if logarithm { e.ln() } else { e }));
    }
    Ok((seen, entries))
}

fn with_intercept(z: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(
        (z.nrows(), z.ncols() + 1),
        |(i, j)| if j == 0 { 1.0 } else { z[[i, j - 1]] },
    )
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
    // Without columns, then with them from there.
    let null = climb(params, design, start(design), 1, &[])?;
    let top = climb(params, design, null.theta.clone(), p, &data.aliased)?;
    let back = unstandardise(&data.standard, design);
    let bread = factor(&top.last.information, &data.aliased, 0.0).inverse(design.width());
    let whole = |covariance: &Array2<f64>| symmetric(&back.dot(covariance).dot(&back.t()));
    // The bread is 0 where columns are aliased.
    let robust_covariance = params.clusters.as_ref().map(|clusters| {
        let middle = meat(clusters, design.width(), |i, out| design.score_of(i, &top.theta, out));
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

/// Products of matrices leave the two halves apart in the last bit.
fn symmetric(matrix: &Array2<f64>) -> Array2<f64> {
    0.5 * (matrix + &matrix.t())
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
