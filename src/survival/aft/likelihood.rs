//! The log-likelihood of standardised rows, its score and observed information.

use std::ops::Range;

use ndarray::Array2;
use rayon::prelude::*;

use super::Observed;
use super::law::{Jet, Law};

/// Rows that one thread sums at a time.
const BLOCK: usize = 1 << 14;

/// One row's share of the log-likelihood as a function of its linear predictor and log(scale), with all derivatives to the second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    pub value: f64,
    pub eta: f64,
    pub tau: f64,
    pub eta_eta: f64,
    pub eta_tau: f64,
    pub tau_tau: f64,
}

impl Part {
    /// Of a function of z = (y − eta) exp(−tau).
    fn of(jet: Jet, z: f64, scale: f64) -> Part {
        Part {
            value: jet.value,
            eta: -jet.first / scale,
            tau: -z * jet.first,
            eta_eta: jet.second / (scale * scale),
            eta_tau: (jet.first + z * jet.second) / scale,
            tau_tau: z * (z * jet.second + jet.first),
        }
    }

    fn less(self, other: Part) -> Part {
        Part {
            value: self.value - other.value,
            eta: self.eta - other.eta,
            tau: self.tau - other.tau,
            eta_eta: self.eta_eta - other.eta_eta,
            eta_tau: self.eta_tau - other.eta_tau,
            tau_tau: self.tau_tau - other.tau_tau,
        }
    }

    fn between(law: Law, low: f64, high: f64, scale: f64) -> Part {
        // A narrow interval is a density times its width; the difference would cancel.
        if high - low < 1e-4 {
            let middle = 0.5 * (low + high);
            let mut part = Part::of(law.density(middle), middle, scale);
            part.value += (high - low).ln();
            part.tau -= 1.0;
            return part;
        }
        let value = law.log_between(low, high);
        let end = |z: f64| {
            let jet = law.density(z);
            ((jet.value - value).exp(), jet.first)
        };
        let ((r1, l1), (r2, l2)) = (end(low), end(high));
        let (eta, tau) = (-(r2 - r1) / scale, -(r2 * high - r1 * low));
        let mixed = r2 * (l2 * high + 1.0) - r1 * (l1 * low + 1.0);
        let twice = r2 * high * (l2 * high + 1.0) - r1 * low * (l1 * low + 1.0);
        Part {
            value,
            eta,
            tau,
            eta_eta: (r2 * l2 - r1 * l1) / (scale * scale) - eta * eta,
            eta_tau: mixed / scale - eta * tau,
            tau_tau: twice - tau * tau,
        }
    }

    pub fn seen(law: Law, seen: Observed, entry: Option<f64>, eta: f64, tau: f64) -> Part {
        let scale = tau.exp();
        let z = |y: f64| (y - eta) / scale;
        let part = match seen {
            Observed::Exactly(y) => {
                let mut part = Part::of(law.density(z(y)), z(y), scale);
                part.value -= tau;
                part.tau -= 1.0;
                part
            }
            Observed::After(y) => Part::of(law.above(z(y)), z(y), scale),
            Observed::Before(y) => Part::of(law.below(z(y)), z(y), scale),
            Observed::Between(a, b) => Part::between(law, z(a), z(b), scale),
        };
        match entry {
            Some(entry) => part.less(Part::of(law.above(z(entry)), z(entry), scale)),
            None => part,
        }
    }
}

/// Rows ready for the likelihood: the first column is 1, the others are standardised.
pub(super) struct Design {
    pub x: Array2<f64>,
    pub law: Law,
    pub seen: Vec<Observed>,
    pub entries: Vec<Option<f64>>,
    pub weights: Vec<f64>,
    pub strata: Vec<usize>,
    /// How many scales are estimated; 0 where `known` is given.
    pub scales: usize,
    pub known: f64,
}

pub(super) struct Evaluation {
    pub log_likelihood: f64,
    pub score: Vec<f64>,
    pub information: Array2<f64>,
}

impl Evaluation {
    /// Derivatives count too: far out one may overflow where the likelihood does not.
    pub fn is_finite(&self) -> bool {
        let mut numbers = self.score.iter().chain(&self.information);
        self.log_likelihood.is_finite() && numbers.all(|v| v.is_finite())
    }
}

impl Design {
    /// Coefficients and logarithms of scales.
    pub fn width(&self) -> usize {
        self.x.ncols() + self.scales
    }

    pub fn row(&self, i: usize) -> &[f64] {
        let p = self.x.ncols();
        &self.x.as_slice().expect("made in standard layout")[i * p..(i + 1) * p]
    }

    /// One row's share, weight not counted, and the place of its scale among the parameters.
    pub fn part(&self, i: usize, theta: &[f64]) -> (Part, Option<usize>) {
        let row = self.row(i);
        let eta: f64 = row.iter().zip(theta).map(|(x, b)| x * b).sum();
        let place = (self.scales > 0).then(|| self.x.ncols() + self.strata[i]);
        let tau = place.map_or_else(|| self.known.ln(), |place| theta[place]);
        (Part::seen(self.law, self.seen[i], self.entries[i], eta, tau), place)
    }

    /// One row's score, weight counted.
    pub fn score_of(&self, i: usize, theta: &[f64], out: &mut [f64]) {
        let (part, place) = self.part(i, theta);
        out.fill(0.0);
        for (o, x) in out.iter_mut().zip(self.row(i)) {
            *o = self.weights[i] * part.eta * x;
        }
        if let Some(place) = place {
            out[place] = self.weights[i] * part.tau;
        }
    }

    /// With the first `columns` columns alone: what belongs to the others stays 0. Blocks of rows are summed side by side and
    /// added in their order, so that the number of threads changes nothing.
    pub fn evaluate(&self, theta: &[f64], columns: usize) -> Evaluation {
        let rows = self.weights.len();
        let blocks = rows.div_ceil(BLOCK);
        let block = |b: usize| self.evaluate_rows(theta, columns, b * BLOCK..rows.min((b + 1) * BLOCK));
        let mut parts: Vec<Evaluation> = match blocks {
            0 | 1 => vec![self.evaluate_rows(theta, columns, 0..rows)],
            _ => (0..blocks).into_par_iter().map(block).collect(),
        };
        let mut all = parts.remove(0);
        for part in parts {
            all.log_likelihood += part.log_likelihood;
            all.score.iter_mut().zip(part.score).for_each(|(a, b)| *a += b);
            all.information += &part.information;
        }
        for j in 0..self.width() {
            for k in 0..j {
                all.information[[k, j]] = all.information[[j, k]];
            }
        }
        all
    }

    /// The information's lower half.
    fn evaluate_rows(&self, theta: &[f64], columns: usize, rows: Range<usize>) -> Evaluation {
        let width = self.width();
        let mut score = vec![0.0; width];
        let mut information = Array2::zeros((width, width));
        let mut log_likelihood = 0.0;
        let cells = information.as_slice_mut().expect("made in standard layout");
        for i in rows {
            let (part, place) = self.part(i, theta);
            let (w, row) = (self.weights[i], &self.row(i)[..columns]);
            log_likelihood += w * part.value;
            for (j, x) in row.iter().enumerate() {
                score[j] += w * part.eta * x;
                let bent = w * part.eta_eta * x;
                for (cell, other) in cells[j * width..].iter_mut().zip(&row[..=j]) {
                    *cell -= bent * other;
                }
                if let Some(place) = place {
                    cells[place * width + j] -= w * part.eta_tau * x;
                }
            }
            if let Some(place) = place {
                score[place] += w * part.tau;
                cells[place * width + place] -= w * part.tau_tau;
            }
        }
        Evaluation {
            log_likelihood,
            score,
            information,
        }
    }
}
