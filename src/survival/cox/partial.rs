//! The partial likelihood on standardised columns, its first two derivatives, and the baseline: one sweep back in time.

use ndarray::{Array1, Array2};

use super::{Baseline, CoxValidParams, Ties};
use crate::survival::FollowUp;
use crate::survival::risk_set::ascending;

/// Data ready for the sweep: columns centred and scaled, orders sorted once.
pub(super) struct Design<'a> {
    pub x: Array2<f64>,
    pub subjects: &'a [FollowUp],
    pub weights: Vec<f64>,
    pub params: &'a CoxValidParams,
    by_exit: Vec<usize>,
    by_entry: Vec<usize>,
}

/// Weight, weighted covariates and (lower half, packed) weighted products over some subjects.
struct Sums {
    zero: f64,
    one: Vec<f64>,
    two: Vec<f64>,
}

pub(super) struct Evaluation {
    pub log_likelihood: f64,
    pub score: Vec<f64>,
    pub information: Array2<f64>,
}

/// The risk set at one event time, and those who fall then.
struct Instant<'s> {
    time: f64,
    risk: &'s Sums,
    dead: &'s Sums,
    fallen: &'s [usize],
    weight: f64,
}

impl Sums {
    fn new(p: usize) -> Sums {
        Sums {
            zero: 0.0,
            one: vec![0.0; p],
            two: vec![0.0; p * (p + 1) / 2],
        }
    }

    fn add(&mut self, x: &[f64], r: f64) {
        self.zero += r;
        let mut k = 0;
        for (i, xi) in x.iter().enumerate() {
            let rx = r * xi;
            self.one[i] += rx;
            for xj in &x[..=i] {
                self.two[k] += rx * xj;
                k += 1;
            }
        }
    }

    fn clear(&mut self) {
        self.zero = 0.0;
        self.one.fill(0.0);
        self.two.fill(0.0);
    }
}

impl Instant<'_> {
    /// The shares of the fallen that have already left the risk set, one after the other: Efron's correction; 0 for Breslow's.
    fn fractions(&self, ties: Ties) -> impl Iterator<Item = f64> + '_ {
        let d = self.fallen.len();
        (0..d).map(move |l| match ties {
            Ties::Efron => l as f64 / d as f64,
            Ties::Breslow => 0.0,
        })
    }
}

impl<'a> Design<'a> {
    pub fn new(x: Array2<f64>, subjects: &'a [FollowUp], weights: Vec<f64>, params: &'a CoxValidParams) -> Design<'a> {
        let mut by_exit = ascending(subjects.len(), |i| subjects[i].exit());
        let mut by_entry = ascending(subjects.len(), |i| subjects[i].entry());
        by_exit.reverse();
        by_entry.reverse();
        Design {
            x: if x.is_standard_layout() {
                x
            } else {
                x.as_standard_layout().into_owned()
            },
            subjects,
            weights,
            params,
            by_exit,
            by_entry,
        }
    }

    fn row(&self, i: usize) -> &[f64] {
        let p = self.x.ncols();
        &self.x.as_slice().expect("made in standard layout")[i * p..(i + 1) * p]
    }

    /// Linear predictors less the largest, which is also given: no exponential overflows, and the likelihood doesn't see it.
    fn predictors(&self, beta: &[f64]) -> (Vec<f64>, f64) {
        let eta: Vec<f64> = (0..self.subjects.len())
            .map(|i| self.row(i).iter().zip(beta).map(|(x, b)| x * b).sum())
            .collect();
        let shift = eta.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        (eta.iter().map(|e| e - shift).collect(), shift)
    }

    /// Visits the event times from the last to the first.
    fn sweep(&self, eta: &[f64], mut visit: impl FnMut(&Instant)) {
        let p = self.x.ncols();
        let n = self.subjects.len();
        let (mut risk, mut dead) = (Sums::new(p), Sums::new(p));
        let mut fallen: Vec<usize> = Vec::new();
        let (mut next, mut gone, mut inside) = (0, 0, 0usize);
        let weighted = |i: usize| self.weights[i] * eta[i].exp();
        while next < n {
            let time = self.subjects[self.by_exit[next]].exit();
            fallen.clear();
            dead.clear();
            while next < n && self.subjects[self.by_exit[next]].exit() == time {
                let i = self.by_exit[next];
                let r = weighted(i);
                risk.add(self.row(i), r);
                if self.subjects[i].had(self.params.cause) {
                    dead.add(self.row(i), r);
                    fallen.push(i);
                }
                inside += 1;
                next += 1;
            }
            if fallen.is_empty() {
                continue;
            }
            while gone < n && self.subjects[self.by_entry[gone]].entry() >= time {
                let i = self.by_entry[gone];
                risk.add(self.row(i), -weighted(i));
                inside -= 1;
                gone += 1;
            }
            if inside == fallen.len() {
                // Everybody at risk falls: take the exact sums, not what subtraction left.
                risk.clear();
                for &i in &fallen {
                    risk.add(self.row(i), weighted(i));
                }
            }
            visit(&Instant {
                time,
                risk: &risk,
                dead: &dead,
                fallen: &fallen,
                weight: fallen.iter().map(|i| self.weights[*i]).sum(),
            });
        }
    }

    pub fn evaluate(&self, beta: &[f64]) -> Evaluation {
        let p = self.x.ncols();
        let (eta, _) = self.predictors(beta);
        let (mut log_likelihood, mut score) = (0.0, vec![0.0; p]);
        let mut information = Array2::<f64>::zeros((p, p));
        self.sweep(&eta, |at| {
            for &i in at.fallen {
                log_likelihood += self.weights[i] * eta[i];
                for (s, x) in score.iter_mut().zip(self.row(i)) {
                    *s += self.weights[i] * x;
                }
            }
            let each = at.weight / at.fallen.len() as f64;
            for fraction in at.fractions(self.params.ties) {
                let total = at.risk.zero - fraction * at.dead.zero;
                log_likelihood -= each * total.ln();
                let mean = |k: usize| (at.risk.one[k] - fraction * at.dead.one[k]) / total;
                let mut k = 0;
                for i in 0..p {
                    let mi = mean(i);
                    score[i] -= each * mi;
                    for j in 0..=i {
                        let square = (at.risk.two[k] - fraction * at.dead.two[k]) / total;
                        information[[i, j]] += each * (square - mi * mean(j));
                        k += 1;
                    }
                }
            }
        });
        for i in 0..p {
            for j in i + 1..p {
                information[[i, j]] = information[[j, i]];
            }
        }
        Evaluation {
            log_likelihood,
            score,
            information,
        }
    }

    /// The steps of the hazard at the column means; `scale` turns standardised columns back.
    pub fn baseline(&self, beta: &[f64], scale: &Array1<f64>) -> Baseline {
        let p = self.x.ncols();
        let (eta, shift) = self.predictors(beta);
        let (mut times, mut events, mut means) = (vec![], vec![], vec![]);
        let (mut hazard, mut variance) = (vec![], vec![]);
        self.sweep(&eta, |at| {
            let each = at.weight / at.fallen.len() as f64;
            let (mut sum, mut squares, mut mean) = (0.0, 0.0, vec![0.0; p]);
            for fraction in at.fractions(self.params.ties) {
                let total = at.risk.zero - fraction * at.dead.zero;
                sum += each / total;
                squares += each / (total * total);
                for (k, m) in mean.iter_mut().enumerate() {
                    *m += each * (at.risk.one[k] - fraction * at.dead.one[k]) / (total * total);
                }
            }
            times.push(at.time);
            events.push(at.fallen.len());
            hazard.push(sum * (-shift).exp());
            variance.push(squares * (-2.0 * shift).exp());
            means.push(mean.iter().zip(scale).map(|(m, s)| m / sum * s).collect::<Vec<f64>>());
        });
        times.reverse();
        events.reverse();
        hazard.reverse();
        variance.reverse();
        let rows = means.len();
        let flat: Vec<f64> = means.into_iter().rev().flatten().collect();
        Baseline {
            times,
            events,
            hazard,
            variance,
            risk_set_mean: Array2::from_shape_vec((rows, p), flat).expect("p numbers a row"),
        }
    }
}
