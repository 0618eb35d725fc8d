//! The likelihood of all rows with two derivatives. Interval terms form a diagonal of small blocks: no column of zeros and ones
//! is ever written.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::likelihood::{Curvature, Terms, link_of};
use super::{Link, Spell};

/// Subjects that one thread sums at a time.
const BLOCK: usize = 1 << 13;

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
    /// Per interval a block of the interval terms (causes × causes), and one that ties them to the coefficients (causes ×
    /// coefficients), row by row; then the coefficients' own.
    pub own: Vec<f64>,
    pub tie: Vec<f64>,
    pub rest: Array2<f64>,
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

    /// Blocks of subjects are summed side by side and added in their order, so that the number of threads changes nothing.
    pub fn evaluate(&self, theta: &[f64], curvature: Curvature) -> Evaluation {
        let subjects = self.weights.len();
        let blocks = subjects.div_ceil(BLOCK);
        let block = |b: usize| self.evaluate_subjects(theta, curvature, b * BLOCK..subjects.min((b + 1) * BLOCK));
        let mut parts: Vec<Evaluation> = match blocks {
            0 | 1 => vec![self.evaluate_subjects(theta, curvature, 0..subjects)],
            _ => (0..blocks).into_par_iter().map(block).collect(),
        };
        let mut all = parts.remove(0);
        parts.iter().for_each(|part| all.add(part));
        all.mirror();
        all
    }

    fn evaluate_subjects(&self, theta: &[f64], curvature: Curvature, subjects: Range<usize>) -> Evaluation {
        let (causes, p) = (self.causes, self.x.ncols());
        let wide = causes * p;
        let mut all = Evaluation::zero(self.intervals, causes, wide);
        let mut room = Room::new(causes);
        let (mut gradient, mut weight) = (vec![0.0; causes], vec![0.0; causes * causes]);
        for i in subjects {
            gradient.fill(0.0);
            weight.fill(0.0);
            let (case, x) = (self.weights[i], self.row(i));
            self.walk(i, theta, curvature, &mut room, |k, terms| {
                all.log_likelihood += case * terms.log_likelihood;
                for j in 0..causes {
                    all.score[k * causes + j] += case * terms.gradient[j];
                    gradient[j] += case * terms.gradient[j];
                    for l in 0..causes {
                        let w = case * terms.weight[j * causes + l];
                        all.own[(k * causes + j) * causes + l] += w;
                        weight[j * causes + l] += w;
                        let place = (k * causes + j) * wide + l * p;
                        let tied = &mut all.tie[place..place + p];
                        tied.iter_mut().zip(x).for_each(|(t, x)| *t += w * x);
                    }
                }
            });
            all.add_subject(self.interval_terms(), x, &gradient, &weight);
        }
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

impl Evaluation {
    fn zero(intervals: usize, causes: usize, wide: usize) -> Evaluation {
        Evaluation {
            log_likelihood: 0.0,
            score: vec![0.0; intervals * causes + wide],
            own: vec![0.0; intervals * causes * causes],
            tie: vec![0.0; intervals * causes * wide],
            rest: Array2::zeros((wide, wide)),
        }
    }

    fn add(&mut self, other: &Evaluation) {
        self.log_likelihood += other.log_likelihood;
        self.score.iter_mut().zip(&other.score).for_each(|(a, b)| *a += b);
        self.own.iter_mut().zip(&other.own).for_each(|(a, b)| *a += b);
        self.tie.iter_mut().zip(&other.tie).for_each(|(a, b)| *a += b);
        self.rest += &other.rest;
    }

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
            && self.tie.iter().chain(&self.own).all(|v| v.is_finite())
    }
}
