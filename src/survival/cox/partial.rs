//! The partial likelihood on standardised columns, its score and its information.
//!
//! With A the hazard that a row has passed through while at risk, r = w exp(x β) and m the risk sets' weighted means,
//!
//! ```text
//! score       = Σ rows x (w δ − r A)
//! information = Σ rows r A x x'  −  Σ events m m'
//! ```
//!
//! so that a row costs one outer product and an event time one more: no matrix is kept per risk set. Three passes: predictors
//! and their sums, the hazard (numbers only), the products; blocks of rows go through the first and the last in parallel.

use ndarray::Array2;
use rayon::prelude::*;

use super::Ties;
use super::design::{Block, Design};
use super::gram::{Gram, TILE, Waiting, add_scaled, dot};
use super::risk_set::Leaving;

pub(in crate::survival) struct Evaluation {
    pub log_likelihood: f64,
    pub score: Vec<f64>,
    pub information: Array2<f64>,
}

impl Evaluation {
    /// Sets to 0 what `gross - net` has left of a column that does not vary within any risk set: rounding, not information.
    pub(super) fn settle(information: &mut Array2<f64>, gross: impl Fn(usize) -> f64) {
        for j in 0..information.nrows() {
            if information[[j, j]] <= 1e-12 * gross(j) {
                information.row_mut(j).fill(0.0);
                information.column_mut(j).fill(0.0);
            }
        }
    }
}

/// Beyond this a ratio of hazards is e^350 to one: the coefficients have run away.
const FARTHEST: f64 = 350.0;

/// What the pass over the event times finds at one of them.
#[derive(Clone, Copy, Default)]
pub(super) struct Moment {
    /// Weight at risk, and of those who fall, both times their ratios.
    pub risk: f64,
    pub dead: f64,
    /// The hazard of those who stay, and by how much less those who fall have of it (Efron).
    pub hazard: f64,
    pub spared: f64,
}

/// Linear predictors and hazards at some coefficients.
pub(super) struct State {
    pub eta: Vec<f64>,
    /// w exp(eta).
    pub ratio: Vec<f64>,
    pub moments: Vec<Moment>,
    /// The hazard from each group back to the first event of its stratum, and 0 at the end of each stratum.
    pub passed: Vec<f64>,
    pub log_likelihood: f64,
}

/// The shares of those who fall that have already left, one after the other: Efron's correction; 0 for Breslow's.
pub(super) fn fractions(ties: Ties, count: usize) -> impl Iterator<Item = f64> {
    (0..count).map(move |l| match ties {
        Ties::Efron => l as f64 / count as f64,
        Ties::Breslow | Ties::Exact => 0.0,
    })
}

/// Sums of one block.
struct Part {
    score: Vec<f64>,
    rows: Gram,
    means: Gram,
}

impl Design {
    /// `None` when the predictors are beyond all measure.
    pub(super) fn state(&self, beta: &[f64], ties: Ties) -> Option<State> {
        let beta = self.wide(beta);
        let mut eta = vec![0.0; self.rows()];
        let chunk = 1 << 14;
        let largest = eta
            .par_chunks_mut(chunk)
            .zip(self.x.par_chunks(chunk * self.width))
            .map(|(eta, rows)| {
                for (eta, row) in eta.iter_mut().zip(rows.chunks_exact(self.width)) {
                    *eta = dot(row, &beta);
                }
                eta.iter()
                    .fold(0.0_f64, |m, e| if e.is_nan() { f64::INFINITY } else { m.max(e.abs()) })
            })
            .reduce(|| 0.0, f64::max);
        if largest > FARTHEST {
            return None;
        }
        let mut ratio = eta.clone();
        ratio.par_chunks_mut(chunk).enumerate().for_each(|(at, ratios)| {
            ratios.iter_mut().for_each(|r| *r = r.exp());
            if let Some(weights) = &self.weights {
                ratios.iter_mut().zip(&weights[at * chunk..]).for_each(|(r, w)| *r *= w);
            }
        });
        let mut state = State {
            eta,
            ratio,
            moments: vec![Moment::default(); self.groups.len()],
            passed: vec![0.0; self.groups.len()],
            log_likelihood: 0.0,
        };
        self.pass_event_times(&mut state, ties);
        Some(state)
    }

    fn wide(&self, beta: &[f64]) -> Vec<f64> {
        let mut wide = beta.to_vec();
        wide.resize(self.width, 0.0);
        wide
    }

    fn pass_event_times(&self, state: &mut State, ties: Ties) {
        for stratum in &self.strata {
            let mut risk = 0.0;
            let (mut row, mut late) = (stratum.rows.start, stratum.late.start);
            for k in stratum.groups.clone() {
                let group = &self.groups[k];
                risk += state.ratio[row..group.first_dead as usize].iter().sum::<f64>();
                let dead: f64 = state.ratio[group.dead()].iter().sum();
                risk += dead;
                for &i in &self.late[late..group.late_end as usize] {
                    risk -= state.ratio[i as usize];
                }
                (row, late) = (group.end as usize, group.late_end as usize);
                let count = group.dead().len();
                // Where everybody at risk falls, or rounding has eaten the rest, the exact sum.
                if group.crowd as usize == count || risk < dead {
                    risk = dead;
                }
                for i in group.dead() {
                    state.log_likelihood += self.weight(i) * state.eta[i];
                }
                let each = group.weight / count as f64;
                let moment = &mut state.moments[k];
                *moment = Moment {
                    risk,
                    dead,
                    ..Moment::default()
                };
                for fraction in fractions(ties, count) {
                    let total = risk - fraction * dead;
                    state.log_likelihood -= each * total.ln();
                    moment.hazard += each / total;
                    moment.spared += each * fraction / total;
                }
            }
            let mut passed = 0.0;
            for k in stratum.groups.clone().rev() {
                passed += state.moments[k].hazard;
                state.passed[k] = passed;
            }
        }
    }

    /// The hazard from group `k` of a block's stratum back to the first event.
    fn passed_from(&self, state: &State, stratum: usize, k: usize) -> f64 {
        if k < self.strata[stratum].groups.end {
            state.passed[k]
        } else {
            0.0
        }
    }

    /// The hazard that row `i`, whose last event time at risk is group `k`, has passed through.
    pub(super) fn hazard_of(&self, state: &State, stratum: usize, k: usize, i: usize) -> f64 {
        let before = match self.entered.get(i) {
            Some(entered) => self.passed_from(state, stratum, *entered as usize),
            None => 0.0,
        };
        let spared = if i >= self.groups[k].first_dead as usize {
            state.moments[k].spared
        } else {
            0.0
        };
        state.passed[k] - before - spared
    }

    /// Everything at some coefficients. `None` as `state`.
    pub(in crate::survival) fn evaluate(&self, beta: &[f64], ties: Ties) -> Option<Evaluation> {
        let state = self.state(beta, ties)?;
        let (score, mut information, gross) = self.derivatives(&state, ties, |_| 1.0);
        Evaluation::settle(&mut information, |j| gross[j]);
        Some(Evaluation {
            log_likelihood: state.log_likelihood,
            score,
            information,
        })
    }

    /// Score and information, in which each event time counts with its factor, and the sum of squares of each column that the
    /// information is left of.
    pub(super) fn derivatives(
        &self,
        state: &State,
        ties: Ties,
        factor: impl Fn(usize) -> f64 + Sync,
    ) -> (Vec<f64>, Array2<f64>, Vec<f64>) {
        let starts = self.sums_at_blocks(state);
        let passed = self.passed_with(state, &factor);
        let work = Work {
            design: self,
            state,
            ties,
            passed: &passed,
            factor: &factor,
        };
        let parts: Vec<Part> = (self.blocks.par_iter().zip(starts))
            .map(|(block, start)| work.part(block, start))
            .collect();
        let mut score = vec![0.0; self.width];
        let (mut rows, mut means) = (Gram::new(self.width), Gram::new(self.width));
        for part in &parts {
            add_scaled(&mut score, 1.0, &part.score);
            rows.merge(&part.rows);
            means.merge(&part.means);
        }
        score.truncate(self.columns);
        let p = self.columns;
        let at = |gram: &Gram, (i, j): (usize, usize)| gram.at(i.max(j), i.min(j));
        let information = Array2::from_shape_fn((p, p), |place| at(&rows, place) - at(&means, place));
        (score, information, (0..p).map(|j| rows.at(j, j)).collect())
    }

    fn passed_with(&self, state: &State, factor: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut passed = vec![0.0; self.groups.len()];
        for stratum in &self.strata {
            let mut sum = 0.0;
            for k in stratum.groups.clone().rev() {
                sum += factor(k) * state.moments[k].hazard;
                passed[k] = sum;
            }
        }
        passed
    }

    /// Σ r x over the risk set as it stands before each block.
    fn sums_at_blocks(&self, state: &State) -> Vec<Vec<f64>> {
        let mut own: Vec<Vec<f64>> = (self.blocks.par_iter())
            .map(|block| {
                let mut sum = vec![0.0; self.width];
                for i in block.rows.clone() {
                    add_scaled(&mut sum, state.ratio[i], self.row(i));
                }
                sum
            })
            .collect();
        // Late rows are met in the order of their exits and handed to the blocks where they leave: rows are many, blocks few.
        for (i, &block) in self.leaves.iter().enumerate() {
            if let Some(sum) = own.get_mut(block as usize) {
                add_scaled(sum, -state.ratio[i], self.row(i));
            }
        }
        let mut running = vec![0.0; self.width];
        let mut starts = Vec::with_capacity(own.len());
        for (b, sum) in own.iter().enumerate() {
            if b == 0 || self.blocks[b - 1].stratum != self.blocks[b].stratum {
                running.fill(0.0);
            }
            starts.push(running.clone());
            add_scaled(&mut running, 1.0, sum);
        }
        starts
    }
}

struct Work<'a, F> {
    design: &'a Design,
    state: &'a State,
    ties: Ties,
    passed: &'a [f64],
    factor: &'a F,
}

impl<F: Fn(usize) -> f64> Work<'_, F> {
    fn part(&self, block: &Block, mut one: Vec<f64>) -> Part {
        let design = self.design;
        let width = design.width;
        let mut part = Part {
            score: vec![0.0; width],
            rows: Gram::new(width),
            means: Gram::new(width),
        };
        let mut means = Waiting::new(width);
        let mut scaled = vec![0.0; TILE * width];
        let mut tile = block.rows.start..block.rows.start;
        let (mut dead, mut mean) = (vec![0.0; width], vec![0.0; width]);
        let mut start = block.rows.start;
        let mut leaving = Leaving::new(design, self.state, block.late.clone());
        for k in block.groups.clone() {
            let group = &design.groups[k];
            for i in start..group.end as usize {
                let (row, ratio) = (design.row(i), self.state.ratio[i]);
                let falls = i >= group.first_dead as usize;
                let hazard = ratio * self.hazard(block.stratum, k, i, falls);
                let own = if falls {
                    (self.factor)(k) * design.weight(i)
                } else {
                    0.0
                };
                let place = (tile.end - tile.start) * width;
                let to = &mut scaled[place..place + width];
                for (((to, v), one), score) in to.iter_mut().zip(row).zip(&mut one).zip(&mut part.score) {
                    *to = hazard * v;
                    *one += ratio * v;
                    *score += (own - hazard) * v;
                }
                tile.end += 1;
                if tile.len() == TILE {
                    part.rows.add(&scaled, &design.x[tile.start * width..tile.end * width]);
                    tile = tile.end..tile.end;
                }
            }
            leaving.take_from(&mut one, group.late_end as usize);
            start = group.end as usize;
            self.add_means(k, &mut one, &mut dead, &mut mean, &mut part.means, &mut means);
        }
        part.rows.add(
            &scaled[..tile.len() * width],
            &design.x[tile.start * width..tile.end * width],
        );
        means.flush(&mut part.means);
        part
    }

    fn hazard(&self, stratum: usize, k: usize, i: usize, falls: bool) -> f64 {
        let end = self.design.strata[stratum].groups.end;
        let before = match self.design.entered.get(i) {
            Some(&entered) if (entered as usize) < end => self.passed[entered as usize],
            _ => 0.0,
        };
        let spared = if falls {
            (self.factor)(k) * self.state.moments[k].spared
        } else {
            0.0
        };
        self.passed[k] - before - spared
    }

    /// Adds the outer products of the means of one risk set, which are in the plane of its sum S and the sum D of those who
    /// fall: Σ (S − f D)(S − f D)' e/t² = a (S − b/a D)(…)' + (c − b²/a) D D', so two products do for any number of events.
    fn add_means(
        &self,
        k: usize,
        one: &mut [f64],
        dead: &mut [f64],
        mean: &mut [f64],
        gram: &mut Gram,
        waiting: &mut Waiting,
    ) {
        let (group, moment) = (&self.design.groups[k], &self.state.moments[k]);
        let factor = (self.factor)(k);
        let count = group.dead().len();
        let all_fall = group.crowd as usize == count;
        if count == 1 && !all_fall {
            let share = 1.0 / moment.risk;
            mean.iter_mut().zip(one.iter()).for_each(|(m, s)| *m = share * s);
            return waiting.push(gram, factor * group.weight, mean);
        }
        dead.fill(0.0);
        for i in group.dead() {
            add_scaled(dead, self.state.ratio[i], self.design.row(i));
        }
        if all_fall {
            one.copy_from_slice(dead);
        }
        let each = factor * group.weight / count as f64;
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for fraction in fractions(self.ties, count) {
            let total = moment.risk - fraction * moment.dead;
            let share = 1.0 / (total * total);
            a += share;
            b += fraction * share;
            c += fraction * fraction * share;
        }
        let tilt = b / a;
        for ((m, s), d) in mean.iter_mut().zip(one.iter()).zip(dead.iter()) {
            *m = s - tilt * d;
        }
        waiting.push(gram, each * a, mean);
        let rest = c - b * tilt;
        if rest > 0.0 {
            waiting.push(gram, each * rest, dead);
        }
    }
}
