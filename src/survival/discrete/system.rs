//! The likelihood of all rows and its equations. Interval terms form a diagonal of small blocks, so they are eliminated one by
//! one and what is left is as small as the covariates: no column of zeros and ones is ever written.

use ndarray::{Array2, ArrayView2};

use super::likelihood::{Curvature, Terms, link_of};
use super::{Link, Spell};
use crate::survival::symmetric::Cholesky;

/// Rows on standardised columns. Parameters are the interval terms (interval by interval, cause by cause), then the
/// coefficients (cause by cause).
pub(super) struct System {
    pub x: Array2<f64>,
    pub spells: Vec<Spell>,
    pub weights: Vec<f64>,
    pub link: Link,
    pub causes: usize,
    pub intervals: usize,
    /// Whether a cause's term in an interval is finite.
    pub active: Vec<bool>,
}

pub(super) struct Evaluation {
    pub log_likelihood: f64,
    pub score: Vec<f64>,
    /// Per interval: a block of the interval terms, one that ties them to the coefficients, and the coefficients' own.
    own: Vec<Array2<f64>>,
    tie: Vec<Array2<f64>>,
    rest: Array2<f64>,
}

impl System {
    pub fn interval_terms(&self) -> usize {
        self.intervals * self.causes
    }

    pub fn coefficients(&self) -> usize {
        self.causes * self.x.ncols()
    }

    pub fn width(&self) -> usize {
        self.interval_terms() + self.coefficients()
    }

    fn row(&self, i: usize) -> &[f64] {
        let p = self.x.ncols();
        &self.x.as_slice().expect("made in standard layout")[i * p..(i + 1) * p]
    }

    /// Each row of one subject in turn: its interval and terms.
    fn walk(
        &self,
        i: usize,
        theta: &[f64],
        curvature: Curvature,
        room: &mut Room,
        mut each: impl FnMut(usize, &Terms),
    ) {
        let (spell, causes, p) = (&self.spells[i], self.causes, self.x.ncols());
        let beta = &theta[self.interval_terms()..];
        for j in 0..causes {
            let own = &beta[j * p..(j + 1) * p];
            room.level[j] = self.row(i).iter().zip(own).map(|(x, b)| x * b).sum();
        }
        for k in spell.first..spell.after {
            let active = &self.active[k * causes..(k + 1) * causes];
            if active.iter().all(|a| !a) {
                continue;
            }
            for j in 0..causes {
                let eta = theta[k * causes + j] + room.level[j];
                room.eta[j] = if active[j] { eta } else { f64::NEG_INFINITY };
            }
            let event = if k + 1 == spell.after { spell.event as usize } else { 0 };
            if curvature == Curvature::Start {
                let w = self.weights[i];
                room.eta[0] = link_of(self.link, (w * event as f64 + 0.5) / (w + 1.0));
            }
            room.terms.fill(self.link, &room.eta, event, curvature);
            if curvature == Curvature::Start {
                // As seen from the origin, so that the step from there is the first fit itself.
                room.terms.gradient[0] += room.terms.weight[0] * room.eta[0];
            }
            each(k, &room.terms);
        }
    }

    pub fn evaluate(&self, theta: &[f64], curvature: Curvature) -> Evaluation {
        let (causes, p) = (self.causes, self.x.ncols());
        let wide = causes * p;
        let mut all = Evaluation {
            log_likelihood: 0.0,
            score: vec![0.0; self.width()],
            own: vec![Array2::zeros((causes, causes)); self.intervals],
            tie: vec![Array2::zeros((causes, wide)); self.intervals],
            rest: Array2::zeros((wide, wide)),
        };
        let mut room = Room::new(causes);
        let (mut gradient, mut weight) = (vec![0.0; causes], vec![0.0; causes * causes]);
        for (i, &case) in self.weights.iter().enumerate() {
            gradient.fill(0.0);
            weight.fill(0.0);
            let x = self.row(i);
            let Evaluation { own, tie, score, .. } = &mut all;
            let mut log_likelihood = 0.0;
            self.walk(i, theta, curvature, &mut room, |k, terms| {
                log_likelihood += case * terms.log_likelihood;
                for j in 0..causes {
                    score[k * causes + j] += case * terms.gradient[j];
                    gradient[j] += case * terms.gradient[j];
                    for l in 0..causes {
                        let w = case * terms.weight[j * causes + l];
                        own[k][[j, l]] += w;
                        weight[j * causes + l] += w;
                        let tied = &mut tie[k].as_slice_mut().expect("made in standard layout")[j * wide + l * p..];
                        tied.iter_mut().zip(x).for_each(|(t, x)| *t += w * x);
                    }
                }
            });
            all.log_likelihood += log_likelihood;
            all.add_subject(self.interval_terms(), x, &gradient, &weight);
        }
        all.mirror();
        all
    }

    /// One subject's score, case weight counted.
    pub fn score_of(&self, i: usize, theta: &[f64], room: &mut Room, out: &mut [f64]) {
        let (causes, p, start) = (self.causes, self.x.ncols(), self.interval_terms());
        out.fill(0.0);
        let (case, x) = (self.weights[i], self.row(i));
        self.walk(i, theta, Curvature::Observed, room, |k, terms| {
            for (j, g) in terms.gradient.iter().enumerate() {
                out[k * causes + j] += case * g;
                let own = &mut out[start + j * p..start + (j + 1) * p];
                own.iter_mut().zip(x).for_each(|(o, x)| *o += case * g * x);
            }
        });
    }
}

/// Room for one row, made once.
pub(super) struct Room {
    level: Vec<f64>,
    eta: Vec<f64>,
    terms: Terms,
}

impl Room {
    pub fn new(causes: usize) -> Room {
        Room {
            level: vec![0.0; causes],
            eta: vec![0.0; causes],
            terms: Terms::new(causes),
        }
    }
}

/// The equations with the interval terms eliminated.
pub(super) struct Reduced {
    blocks: Vec<Cholesky>,
    /// Each block's inverse times its tie.
    pull: Vec<Array2<f64>>,
    pub factor: Cholesky,
}

impl Evaluation {
    fn add_subject(&mut self, start: usize, x: &[f64], gradient: &[f64], weight: &[f64]) {
        let (causes, p) = (gradient.len(), x.len());
        let wide = causes * p;
        let rest = self.rest.as_slice_mut().expect("made in standard layout");
        for j in 0..causes {
            for (c, xc) in x.iter().enumerate() {
                self.score[start + j * p + c] += gradient[j] * xc;
                for l in 0..=j {
                    let w = weight[j * causes + l] * xc;
                    let upto = if l == j { c + 1 } else { p };
                    let row = &mut rest[(j * p + c) * wide + l * p..];
                    row.iter_mut().zip(&x[..upto]).for_each(|(r, x)| *r += w * x);
                }
            }
        }
    }

    fn mirror(&mut self) {
        for j in 0..self.rest.nrows() {
            for k in 0..j {
                self.rest[[k, j]] = self.rest[[j, k]];
            }
        }
    }

    pub fn is_finite(&self) -> bool {
        self.log_likelihood.is_finite()
            && self.score.iter().chain(&self.rest).all(|v| v.is_finite())
            && self.tie.iter().chain(&self.own).flatten().all(|v| v.is_finite())
    }

    /// Interval terms eliminated (Schur's complement). `aliased` coefficients are left out; one whose information, given the
    /// rest, is below `tolerance` of what it was is aliased as well.
    pub fn reduced(&self, aliased: &[usize], tolerance: f64) -> Reduced {
        let mut left = self.rest.clone();
        let (mut blocks, mut pull) = (Vec::new(), Vec::new());
        for (own, tie) in self.own.iter().zip(&self.tie) {
            let block = Cholesky::of(own.view(), 1e-14);
            let mut pulled = Array2::zeros(tie.dim());
            for (mut to, from) in pulled.columns_mut().into_iter().zip(tie.columns()) {
                let solved = block.solve(&from.to_vec());
                to.iter_mut().zip(solved).for_each(|(t, s)| *t = s);
            }
            left -= &tie.t().dot(&pulled);
            blocks.push(block);
            pull.push(pulled);
        }
        for j in 0..left.nrows() {
            if aliased.contains(&j) || left[[j, j]] <= tolerance * self.rest[[j, j]] {
                left.row_mut(j).fill(0.0);
                left.column_mut(j).fill(0.0);
            }
        }
        Reduced {
            blocks,
            pull,
            factor: Cholesky::of(left.view(), tolerance),
        }
    }
}

impl Reduced {
    /// The step that solves the equations for `score`.
    pub fn solve(&self, score: &[f64], causes: usize) -> Vec<f64> {
        let start = self.blocks.len() * causes;
        let mut right = score[start..].to_vec();
        for (k, pull) in self.pull.iter().enumerate() {
            for (j, row) in pull.rows().into_iter().enumerate() {
                let own = score[k * causes + j];
                right.iter_mut().zip(row).for_each(|(r, v)| *r -= v * own);
            }
        }
        let coefficients = self.factor.solve(&right);
        let mut step = Vec::with_capacity(score.len());
        for (k, (block, pull)) in self.blocks.iter().zip(&self.pull).enumerate() {
            let own = block.solve(&score[k * causes..(k + 1) * causes]);
            for (term, row) in own.iter().zip(pull.rows()) {
                let tied: f64 = row.iter().zip(&coefficients).map(|(v, c)| v * c).sum();
                step.push(term - tied);
            }
        }
        step.extend(coefficients);
        step
    }

    /// The inverse of the whole information; 0 in rows and columns of terms that are not finite or aliased.
    pub fn inverse(&self, causes: usize, wide: usize) -> Array2<f64> {
        let start = self.blocks.len() * causes;
        let rest = self.factor.inverse(wide);
        let mut whole = Array2::zeros((start + wide, start + wide));
        let mut put = |i: usize, j: usize, block: ArrayView2<f64>| {
            for ((a, b), value) in block.indexed_iter() {
                whole[[i + a, j + b]] += *value;
                if i != j {
                    whole[[j + b, i + a]] += *value;
                }
            }
        };
        put(start, start, rest.view());
        let tied: Vec<Array2<f64>> = self.pull.iter().map(|pull| pull.dot(&rest)).collect();
        for (k, block) in self.blocks.iter().enumerate() {
            put(k * causes, start, tied[k].mapv(|v| -v).view());
            put(k * causes, k * causes, block.inverse(causes).view());
            for (m, pull) in self.pull.iter().enumerate().take(k + 1) {
                let mut both = tied[k].dot(&pull.t());
                if m == k {
                    both = 0.5 * (&both + &both.t());
                }
                put(k * causes, m * causes, both.view());
            }
        }
        whole
    }
}
