//! The log partial likelihood with its derivatives: all that the path needs to know of the data.

use ndarray::ArrayView2;

use super::columns::{BLOCK, Columns};
use super::elementary::{exp, ln};
use super::order::{Group, Member, NEVER, Order, Stratum};
use super::scale::Scale;
use crate::survival::Ties;

/// The likelihood of standardised columns. `value_and_gradient` costs O(n p), `information` O(n p²).
pub(super) struct Objective {
    pub columns: Columns,
    pub order: Order,
    pub ties: Ties,
    /// Sum of the case weights.
    pub total: f64,
    /// Passes over the data so far.
    pub passes: usize,
    /// Work space of one number a place: linear predictors, then relative risks, then residuals.
    risk: Vec<f64>,
    hazard: Vec<f64>,
}

pub(super) struct Evaluation {
    pub log_likelihood: f64,
    pub gradient: Vec<f64>,
}

/// The hazard of one group's time: what everybody at risk bears, and what Efron's rule takes off those who fall.
#[derive(Clone, Copy, Default)]
struct Fall {
    hazard: f64,
    relief: f64,
    log: f64,
    /// Σ 1/S², Σ f/S², Σ f²/S² over the fallen, with the share f that left before and S who are left.
    squares: [f64; 3],
}

impl Fall {
    fn of(group: &Group, ties: Ties, at_risk: f64, falling: f64) -> Fall {
        if ties == Ties::Breslow || group.fallen == 1 {
            let inverse = 1.0 / at_risk;
            return Fall {
                hazard: group.weight * inverse,
                relief: 0.0,
                log: group.weight * ln(at_risk),
                squares: [group.weight * inverse * inverse, 0.0, 0.0],
            };
        }
        let each = group.weight / f64::from(group.fallen);
        let mut fall = Fall::default();
        for k in 0..group.fallen {
            let share = f64::from(k) / f64::from(group.fallen);
            let left = at_risk - share * falling;
            let inverse = each / left;
            fall.hazard += inverse;
            fall.relief += share * inverse;
            fall.log += each * ln(left);
            for (power, square) in fall.squares.iter_mut().enumerate() {
                *square += [1.0, share, share * share][power] * inverse / left;
            }
        }
        fall
    }
}

impl Objective {
    /// Of sorted members.
    pub fn new(x: ArrayView2<f64>, scale: &Scale, members: &[Member], ties: Ties) -> Objective {
        let order = Order::of(members);
        Objective {
            columns: Columns::new(x, &order.rows, scale),
            total: order.weight.iter().sum(),
            ties,
            passes: 0,
            risk: Vec::new(),
            hazard: vec![0.0; order.groups.len()],
            order,
        }
    }

    /// Leaves relative risks, weighted, in `risk`; gives Σ weight · predictor over the fallen and what was taken off all predictors.
    fn relative_risks(&mut self, beta: &[f64]) -> (f64, f64) {
        self.passes += 1;
        /// Predictors below it need nothing taken off.
        const SAFE: f64 = 300.0;
        self.risk.resize(self.columns.blocks * BLOCK, 0.0);
        let active: Vec<(usize, f64)> = (beta.iter().copied().enumerate()).filter(|(_, b)| *b != 0.0).collect();
        let mut shift = 0.0;
        loop {
            let (mut largest, mut sum) = (f64::NEG_INFINITY, 0.0);
            for b in 0..self.columns.blocks {
                let mut eta = [-shift; BLOCK];
                self.columns.add_predictors(b, &active, &mut eta);
                let from = b * BLOCK;
                let here = BLOCK.min(self.order.weight.len() - from);
                let weight = &self.order.weight[from..from + here];
                let died = &self.order.died[from..from + here];
                sum += dot_in_lanes(&eta[..here], died);
                largest = eta[..here].iter().fold(largest, |m, e| if *e > m { *e } else { m });
                for ((risk, e), w) in self.risk[from..from + here].iter_mut().zip(&eta).zip(weight) {
                    *risk = w * exp(*e);
                }
            }
            if largest <= SAFE || !largest.is_finite() {
                return (sum, shift);
            }
            shift += largest;
        }
    }

    /// Calls `visit` with each group's number and fall, from the last time to the first in each stratum.
    fn falls(&self, mut visit: impl FnMut(usize, Fall)) {
        let (order, risk) = (&self.order, &self.risk);
        for s in &order.strata {
            let (mut at_risk, mut place) = (0.0, s.start);
            let mut gone = s.start;
            for g in s.from..s.to {
                let group = &order.groups[g];
                let end = group.end as usize;
                at_risk += risk[place..end].iter().fold(0.0, |sum, r| sum + r);
                place = end;
                let first = order.first[g] as usize;
                if let Some(delayed) = &order.delayed {
                    let outside = delayed.outside[g] as usize;
                    for &other in &delayed.by_entry[gone..outside] {
                        at_risk -= risk[other as usize];
                    }
                    gone = outside;
                    if place - s.start - (gone - s.start) == end - first {
                        // Nobody but those of this time is left: take their exact sum, not what subtraction left.
                        at_risk = risk[first..end].iter().sum();
                    }
                }
                let falling = match self.ties {
                    Ties::Efron => risk[first..first + group.fallen as usize].iter().sum(),
                    Ties::Breslow | Ties::Exact => 0.0,
                };
                visit(g, Fall::of(group, self.ties, at_risk, falling));
            }
        }
    }

    /// The log partial likelihood and its gradient in the standardised columns.
    pub fn value_and_gradient(&mut self, beta: &[f64]) -> Evaluation {
        let (predictors, _) = self.relative_risks(beta);
        let mut logs = 0.0;
        let mut hazard = std::mem::take(&mut self.hazard);
        let mut relief = Vec::new();
        self.falls(|g, fall| {
            logs += fall.log;
            hazard[g] = fall.hazard;
            if fall.relief > 0.0 {
                relief.push((g, fall.relief));
            }
        });
        self.hazard = hazard;
        self.accumulate_hazard();
        let expected = self.expected(&relief);
        self.risk = expected;
        for (u, died) in self.risk.iter_mut().zip(&self.order.died) {
            *u = died - *u;
        }
        Evaluation {
            log_likelihood: predictors - logs,
            gradient: self.columns.transposed_times(&self.risk),
        }
    }

    /// Turns each group's hazard into the sum from the first time on.
    fn accumulate_hazard(&mut self) {
        for s in &self.order.strata {
            let mut sum = 0.0;
            for h in self.hazard[s.from..s.to].iter_mut().rev() {
                sum += *h;
                *h = sum;
            }
        }
    }

    /// Expected events of each place: relative risk times the hazard while at risk. Takes the risks.
    fn expected(&mut self, relief: &[(usize, f64)]) -> Vec<f64> {
        let mut expected = std::mem::take(&mut self.risk);
        let order = &self.order;
        let fallen = |g: usize| {
            let first = order.first[g] as usize;
            first..first + order.groups[g].fallen as usize
        };
        let taken: Vec<f64> = (relief.iter())
            .flat_map(|&(g, relief)| expected[fallen(g)].iter().map(move |risk| risk * relief))
            .collect();
        for s in &order.strata {
            expected_of(s, order, &self.hazard, &mut expected);
        }
        let places = relief.iter().flat_map(|&(g, _)| fallen(g));
        for (place, taken) in places.zip(taken) {
            expected[place] -= taken;
        }
        expected
    }

    /// Minus the second derivatives between the columns `among`, row by row of a square.
    pub fn information(&mut self, beta: &[f64], among: &[usize]) -> Vec<f64> {
        self.relative_risks(beta);
        let mut falls = Vec::with_capacity(self.order.groups.len());
        self.falls(|_, fall| falls.push(fall));
        for (h, fall) in self.hazard.iter_mut().zip(&falls) {
            *h = fall.hazard;
        }
        self.accumulate_hazard();
        let relief: Vec<(usize, f64)> = (falls.iter().enumerate())
            .filter(|(_, fall)| fall.relief > 0.0)
            .map(|(g, fall)| (g, fall.relief))
            .collect();
        let risk = self.risk.clone();
        let expected = self.expected(&relief);
        let mut square = self.columns.gram(&expected, among);
        self.risk = risk;
        let squares: Vec<[f64; 3]> = falls.into_iter().map(|fall| fall.squares).collect();
        self.columns
            .subtract_means(&self.order, &self.risk, &squares, among, &mut square);
        square
    }

    /// Times and steps of the cumulative baseline hazard of each stratum at predictor 0, times ascending.
    pub fn baseline(&mut self, beta: &[f64]) -> Vec<(Vec<f64>, Vec<f64>)> {
        let (_, shift) = self.relative_risks(beta);
        let mut steps = vec![0.0; self.order.groups.len()];
        self.falls(|g, fall| steps[g] = fall.hazard * (-shift).exp());
        let ascending = |values: &[f64]| values.iter().rev().copied().collect();
        (self.order.strata.iter())
            .map(|s| {
                (
                    ascending(&self.order.times[s.from..s.to]),
                    ascending(&steps[s.from..s.to]),
                )
            })
            .collect()
    }

    /// The log likelihood that no model can pass: every event falls to those who had it.
    pub fn saturated(&self) -> f64 {
        let log = |group: &Group| Fall::of(group, self.ties, group.weight, group.weight).log;
        -self.order.groups.iter().map(log).sum::<f64>()
    }
}

fn expected_of(s: &Stratum, order: &Order, hazard: &[f64], risk: &mut [f64]) {
    let mut place = s.start;
    for g in s.from..s.to {
        let end = order.groups[g].end as usize;
        match &order.delayed {
            None => risk[place..end].iter_mut().for_each(|r| *r *= hazard[g]),
            Some(delayed) => {
                for (r, before) in risk[place..end].iter_mut().zip(&delayed.before[place..end]) {
                    let until_entry = if *before == NEVER {
                        0.0
                    } else {
                        hazard[*before as usize]
                    };
                    *r *= hazard[g] - until_entry;
                }
            }
        }
        place = end;
    }
    // Censored before the first event.
    risk[place..s.end].fill(0.0);
}

#[inline(always)]
fn dot_in_lanes(a: &[f64], b: &[f64]) -> f64 {
    let (left, right) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    let mut lanes = [0.0; 8];
    for (x, y) in left.zip(right) {
        for l in 0..8 {
            lanes[l] += x[l] * y[l];
        }
    }
    rest + ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}
