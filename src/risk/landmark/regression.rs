//! The regression of both hazards on all patients, and on all but each part of them: the parts judge it, choose its ridge and give the
//! intervals.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::basis::Basis;
use super::hazard::{Coefficients, Problem, Ridge, log_hazards};
use super::rows::Stack;
use super::windows;
use crate::burden::case::Day;

/// The causes, in order: relapse, death without it.
pub const CAUSES: usize = 2;

/// What a fit works on: the stack in design columns, with exposures.
pub(super) struct Design {
    pub x: Array2<f64>,
    pub exposure: Array2<f64>,
    pub fell: [Vec<Option<u8>>; CAUSES],
    pub watched: Vec<Day>,
    pub event: Vec<u8>,
    pub weights: Vec<f64>,
    case: Vec<u32>,
    /// Rows of days on which risks will be asked for.
    asked: Vec<bool>,
    pub fold: Vec<u8>,
    pub folds: usize,
    pub held: Vec<f64>,
}

const LEAST_ASKED: usize = 20;

impl Design {
    /// The columns of `stack` with the ends of `ends`, row by row the same landmarks.
    pub fn of(stack: &Stack, ends: &Stack, basis: &Basis, horizons: &[Day], folds: usize) -> Design {
        let (n, p) = (stack.len(), basis.width());
        let mut x = Array2::zeros((n, p + 1));
        let mut row = Vec::with_capacity(p);
        for i in 0..n {
            basis.design(stack.raw(i), &mut row);
            x[[i, 0]] = 1.0;
            x.row_mut(i)
                .iter_mut()
                .skip(1)
                .zip(&row)
                .for_each(|(to, from)| *to = *from);
        }
        let held = std::iter::once(0.0).chain(basis.held.iter().copied()).collect();
        Design::with(x, ends, horizons, folds, held)
    }

    fn with(x: Array2<f64>, stack: &Stack, horizons: &[Day], folds: usize, held: Vec<f64>) -> Design {
        let n = stack.len();
        let mut exposure = Array2::zeros((n, horizons.len()));
        let mut fell = [vec![None; n], vec![None; n]];
        let mut years = vec![0.0; horizons.len()];
        for (i, (watched, event)) in stack.watched.iter().zip(&stack.event).enumerate() {
            let last = windows::exposure(horizons, *watched, &mut years);
            exposure
                .row_mut(i)
                .iter_mut()
                .zip(&years)
                .for_each(|(to, from)| *to = *from);
            if let Some(cause) = event.checked_sub(1) {
                fell[usize::from(cause)][i] = last;
            }
        }
        Design {
            x,
            exposure,
            fell,
            watched: stack.watched.clone(),
            event: stack.event.clone(),
            weights: stack.weight.clone(),
            case: stack.case.clone(),
            asked: stack.asked.clone(),
            fold: stack.fold.clone(),
            folds,
            held,
        }
    }

    /// `weights` on the days on which risks will be asked for, 0 on all others. Unchanged where fewer than `LEAST_ASKED` patients relapse
    /// within the windows after such days: a level needs relapses.
    pub fn asked(&self, weights: &[f64]) -> Vec<f64> {
        let rows = weights.iter().zip(&self.asked);
        let asked: Vec<f64> = rows.map(|(w, asked)| if *asked { *w } else { 0.0 }).collect();
        if self.relapsed(&asked) < LEAST_ASKED {
            return weights.to_vec();
        }
        asked
    }

    /// Patients who relapse within the windows after a row that `weights` keeps.
    pub fn relapsed(&self, weights: &[f64]) -> usize {
        let fell = (0..weights.len()).filter(|i| weights[*i] > 0.0 && self.fell[0][*i].is_some());
        let mut relapsed: Vec<u32> = fell.map(|i| self.case[i]).collect();
        relapsed.dedup();
        relapsed.len()
    }

    fn problem<'a>(&'a self, cause: usize, weights: &'a [f64]) -> Problem<'a> {
        Problem {
            x: self.x.view(),
            exposure: self.exposure.view(),
            fell: &self.fell[cause],
            weights,
            held: &self.held,
        }
    }

    /// Weights of the rows in `fold` alone, or of all others.
    pub fn part(&self, fold: usize, inside: bool) -> Vec<f64> {
        let rows = self.weights.iter().zip(&self.fold);
        rows.map(|(w, own)| if (usize::from(*own) == fold) == inside { *w } else { 0.0 })
            .collect()
    }
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    pub ridge: Ridge,
    /// Of all patients but those of each part.
    pub parts: Vec<Coefficients>,
    /// Their mean, which predicts.
    pub mean: Coefficients,
}

const SHARED: [f64; 6] = [3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0];
/// How much more what is a window's own is held back than what all share.
const OWN: f64 = 1.0;
/// A fit to a part begins with the second derivatives of the fit to all.
const FRESH: usize = 5;

impl Regression {
    /// With the ridge that predicts patients held out best. `None` where a step fails, which a ridge above 0 excludes on finite columns.
    pub(super) fn fit(design: &Design, cause: usize) -> Option<Regression> {
        let all = design.problem(cause, &design.weights);
        let mut at = all.start();
        let mut best: Option<(f64, Ridge, Vec<Coefficients>)> = None;
        let mut information = None;
        let tried = SHARED.map(|shared| Ridge {
            shared,
            own: OWN * shared,
        });
        for (step, ridge) in tried.into_iter().enumerate() {
            let fresh = if step == 0 { FRESH } else { 1 };
            let (there, own) = all.climb(at, ridge, fresh, information)?;
            let parts: Vec<(Coefficients, f64)> = (0..design.folds)
                .into_par_iter()
                .map(|fold| {
                    let (train, test) = (design.part(fold, false), design.part(fold, true));
                    let fitted = design
                        .problem(cause, &train)
                        .climb(there.clone(), ridge, 0, Some(own.clone()))?
                        .0;
                    let loss = design.problem(cause, &test).loss(&fitted);
                    Some((fitted, loss))
                })
                .collect::<Option<_>>()?;
            let loss: f64 = parts.iter().map(|(_, loss)| loss).sum();
            (at, information) = (there, Some(own));
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, ridge, parts.into_iter().map(|(part, _)| part).collect()));
            } else {
                break;
            }
        }
        let (_, ridge, parts) = best?;
        let mut mean = Array2::zeros(parts[0].raw_dim());
        parts.iter().for_each(|part| mean += part);
        mean /= parts.len() as f64;
        Some(Regression { ridge, parts, mean })
    }

    /// Log hazards of each row from the fit that did not see its patient.
    pub fn crossed(&self, x: ArrayView2<f64>, fold: &[u8]) -> Array2<f64> {
        let all: Vec<Array2<f64>> = self.parts.iter().map(|part| log_hazards(x, part)).collect();
        Array2::from_shape_fn((x.nrows(), self.mean.nrows()), |(i, k)| {
            all[usize::from(fold[i])][[i, k]]
        })
    }
}
