//! What a fit leaves over: martingale, deviance, score, dfbeta and Schoenfeld residuals, and the sandwich that they make.

use std::collections::HashMap;

use linfa::dataset::{AsSingleTargets, DatasetBase};
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};

use super::design::{Design, Moments};
use super::partial::State;
use super::sample::Rows;
use super::{CoxModel, CoxValidParams, Ties};
use crate::survival::{Error, FollowUp};

/// One a row of the data, in their order; per unit of the covariates.
#[derive(Clone, Debug, PartialEq)]
pub struct CoxResiduals {
    /// Events less expected events. Barlow & Prentice, Biometrika 1988;75:65; Therneau et al., Biometrika 1990;77:147.
    pub martingale: Array1<f64>,
    /// The same, made symmetric.
    pub deviance: Array1<f64>,
    /// Each row's part of the score.
    pub score: Array2<f64>,
    /// About how much each coefficient would change without the row.
    pub dfbeta: Array2<f64>,
    pub schoenfeld: Schoenfeld,
}

/// One a event, in order of time. Schoenfeld, Biometrika 1982;69:239; scaled: Grambsch & Therneau, Biometrika 1994;81:515.
#[derive(Clone, Debug, PartialEq)]
pub struct Schoenfeld {
    pub times: Vec<f64>,
    /// The row of each event.
    pub rows: Vec<usize>,
    pub residuals: Array2<f64>,
    /// Their mean at a time is about the coefficient at that time.
    pub scaled: Array2<f64>,
}

/// In the order of a design, on standardised columns.
pub(super) struct Residuals {
    pub martingale: Vec<f64>,
    pub score: Vec<f64>,
    /// For each row that falls, its distance from the mean of its risk set.
    pub distance: Vec<f64>,
}

impl Residuals {
    /// O(rows + event times) times columns.
    pub fn of(design: &Design, state: &State, ties: Ties) -> Residuals {
        let width = design.width;
        let (mut alike, mut spared) = (
            vec![0.0; design.groups.len() * width],
            vec![0.0; design.groups.len() * width],
        );
        let mut passed = vec![0.0; design.groups.len() * width];
        design.each_group(state, ties, |_, k, means| {
            let at = k * width..(k + 1) * width;
            alike[at.clone()].copy_from_slice(&means.alike);
            spared[at.clone()].copy_from_slice(&means.spared);
            for (to, m) in passed[at].iter_mut().zip(&means.by_hazard) {
                *to = means.hazard * m;
            }
        });
        let mut out = Residuals {
            martingale: vec![0.0; design.rows()],
            score: vec![0.0; design.rows() * width],
            distance: vec![0.0; design.rows() * width],
        };
        for (s, stratum) in design.strata.iter().enumerate() {
            for k in stratum.groups.clone().rev().skip(1) {
                let (here, before) = passed[k * width..].split_at_mut(width);
                here.iter_mut().zip(&before[..width]).for_each(|(h, b)| *h += b);
            }
            let mut start = stratum.rows.start;
            for k in stratum.groups.clone() {
                let group = &design.groups[k];
                for i in start..group.end as usize {
                    let falls = i >= group.first_dead as usize;
                    let own = f64::from(u8::from(falls));
                    let ratio = state.eta[i].exp();
                    let hazard = design.hazard_of(state, s, k, i);
                    let entered = design.entered.get(i).map_or(stratum.groups.end, |e| *e as usize);
                    out.martingale[i] = own - ratio * hazard;
                    for (j, x) in design.row(i).iter().enumerate() {
                        let at = |sums: &[f64], k: usize| {
                            if k < stratum.groups.end {
                                sums[k * width + j]
                            } else {
                                0.0
                            }
                        };
                        let means = at(&passed, k) - at(&passed, entered) - own * at(&spared, k);
                        let distance = own * (x - at(&alike, k));
                        out.distance[i * width + j] = distance;
                        out.score[i * width + j] = distance - ratio * (x * hazard - means);
                    }
                }
                start = group.end as usize;
            }
        }
        out
    }

    /// Each row's score times the covariance.
    pub fn levers(&self, design: &Design, covariance: &Array2<f64>) -> Array2<f64> {
        let p = design.columns;
        let score = Array2::from_shape_fn((design.rows(), p), |(i, j)| self.score[i * design.width + j]);
        score.dot(covariance)
    }
}

/// The sum over clusters of the squares of their weighted levers. `clusters` has a label for each row given to the fit.
pub(super) fn robust_covariance(design: &Design, levers: &Array2<f64>, clusters: &[usize]) -> Array2<f64> {
    let mut place: HashMap<usize, usize> = HashMap::new();
    // In the order of the design, so that sums don't depend on how a map is laid out.
    let own: Vec<usize> = (design.order.iter())
        .map(|row| {
            let next = place.len();
            *place.entry(clusters[*row as usize]).or_insert(next)
        })
        .collect();
    let mut sums = Array2::<f64>::zeros((place.len(), design.columns));
    for (i, cluster) in own.into_iter().enumerate() {
        sums.row_mut(cluster).scaled_add(design.weight(i), &levers.row(i));
    }
    sums.t().dot(&sums)
}

impl CoxValidParams {
    /// The residuals of a model on the rows that it was fitted to, with the settings of the fit. Errors as of the fit;
    /// `Width` for other columns.
    pub fn residuals<D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        model: &CoxModel,
    ) -> Result<CoxResiduals, Error> {
        let fitted = self.fitted(dataset, model)?;
        let (design, moments) = (&fitted.design, &fitted.moments);
        let ours = Residuals::of(design, &fitted.state, self.ties);
        let (n, p) = dataset.records.dim();
        let mut out = CoxResiduals {
            martingale: Array1::zeros(n),
            deviance: Array1::zeros(n),
            score: Array2::zeros((n, p)),
            dfbeta: Array2::zeros((n, p)),
            schoenfeld: fitted.schoenfeld(&ours, model),
        };
        for (i, row) in design.order.iter().enumerate() {
            let row = *row as usize;
            let martingale = ours.martingale[i];
            let own = f64::from(u8::from(fitted.rows.subjects[row].had(self.cause)));
            out.martingale[row] = martingale;
            let log = if own > 0.0 { own * (own - martingale).ln() } else { 0.0 };
            out.deviance[row] = martingale.signum() * (-2.0 * (martingale + log)).max(0.0).sqrt();
            for j in 0..p {
                out.score[[row, j]] = ours.score[i * design.width + j] * moments.scale[j];
            }
        }
        out.dfbeta.assign(&out.score.dot(&model.covariance));
        Ok(out)
    }

    /// The design and state of a fit, made again.
    pub(super) fn fitted<'a, D: Data<Elem = f64>, T: AsSingleTargets<Elem = FollowUp>>(
        &self,
        dataset: &'a DatasetBase<ArrayBase<D, Ix2>, T>,
        model: &CoxModel,
    ) -> Result<Fitted<'a>, Error> {
        let records = dataset.records.view();
        if records.ncols() != model.coefficients.len() {
            return Err(Error::Width {
                given: records.ncols(),
                expected: model.coefficients.len(),
            });
        }
        let rows = Rows::of(self, dataset)?;
        let moments = Moments::of(records)?;
        let design = Design::new(records, &moments, &rows.sample());
        let beta: Vec<f64> = (model.coefficients.iter().zip(&moments.scale))
            .map(|(b, s)| b * s)
            .collect();
        let state = design.state(&beta, self.ties).ok_or(Error::NotConverged {
            iterations: model.iterations,
            column: 0,
        })?;
        Ok(Fitted {
            rows,
            moments,
            design,
            state,
        })
    }
}

pub(super) struct Fitted<'a> {
    pub rows: Rows<'a>,
    pub moments: Moments,
    pub design: Design,
    pub state: State,
}

impl Fitted<'_> {
    fn schoenfeld(&self, ours: &Residuals, model: &CoxModel) -> Schoenfeld {
        let (design, p) = (&self.design, self.moments.means.len());
        let mut dead: Vec<(f64, usize, usize)> = (design.groups.iter())
            .flat_map(|group| group.dead().map(|i| (group.time, design.order[i] as usize, i)))
            .collect();
        dead.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let residuals = Array2::from_shape_fn((dead.len(), p), |(e, j)| {
            ours.distance[dead[e].2 * design.width + j] * self.moments.scale[j]
        });
        let mut scaled = residuals.dot(&model.covariance) * dead.len() as f64;
        scaled += &model.coefficients;
        Schoenfeld {
            times: dead.iter().map(|d| d.0).collect(),
            rows: dead.iter().map(|d| d.1).collect(),
            residuals,
            scaled,
        }
    }
}
