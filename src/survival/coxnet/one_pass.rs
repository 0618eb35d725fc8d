//! Likelihood and gradient while the rows are read once: for everybody watched from the start, by Breslow's rule, in few strata.
//!
//! Within a block each row bears the hazards of the block's later groups; those of the groups of later blocks act on the running sum of
//! the rows before: Σ_k h_k Σ_{i at risk at k} r_i x_i = Σ_blocks (X' (r ∘ hazard within) + hazard of the block · sum before).

use super::columns::{BLOCK, Block, Columns, dot};
use super::elementary::ln;
use super::objective::{Evaluation, Objective, SAFE, active, block_of, risks_of};
use super::order::{Order, Stratum};
use crate::survival::Ties;

/// Blocks that several strata share are read once for each, so strata have to be large.
const ROWS_A_STRATUM: usize = 8 * BLOCK;

pub(super) fn serves(objective: &Objective) -> bool {
    let order = &objective.order;
    let untied = || order.groups.iter().all(|group| group.fallen == 1);
    order.delayed.is_none()
        && order.strata.len().saturating_sub(1) * ROWS_A_STRATUM <= order.rows.len()
        && (objective.ties == Ties::Breslow || untied())
}

/// What has been summed up over the blocks so far.
struct Sums {
    predictors: f64,
    logs: f64,
    gradient: Vec<f64>,
    /// Of the stratum at hand: relative risks, alone and times each column.
    at_risk: f64,
    moments: Vec<f64>,
}

/// `None` where predictors are so large that something has to be taken off first.
pub(super) fn value_and_gradient(columns: &Columns, order: &Order, beta: &[f64]) -> Option<Evaluation> {
    let active = active(beta);
    let mut sums = Sums {
        predictors: 0.0,
        logs: 0.0,
        gradient: vec![0.0; beta.len()],
        at_risk: 0.0,
        moments: vec![0.0; beta.len()],
    };
    let mut strata = order.strata.iter().peekable();
    for b in 0..columns.blocks {
        let risks = risks_of(columns, order, b, &active, 0.0);
        if risks.largest > SAFE {
            return None;
        }
        sums.predictors += risks.fallen;
        while let Some(stratum) = strata.next_if(|s| s.end <= (b + 1) * BLOCK) {
            sums.take(columns, order, b, stratum, &risks.risk);
            sums.at_risk = 0.0;
            sums.moments.fill(0.0);
        }
        if let Some(stratum) = strata.peek().filter(|s| s.start < (b + 1) * BLOCK) {
            sums.take(columns, order, b, stratum, &risks.risk);
        }
    }
    Some(Evaluation {
        log_likelihood: sums.predictors - sums.logs,
        gradient: sums.gradient,
    })
}

impl Sums {
    /// The rows of a stratum in a block.
    fn take(&mut self, columns: &Columns, order: &Order, b: usize, s: &Stratum, risk: &Block) {
        let start = b * BLOCK;
        let (from, to) = (s.start.max(start) - start, (s.end - start).min(BLOCK));
        let (mut held_risk, mut held_closes, mut held_died) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let own = within(risk, from, to, &mut held_risk);
        let closes = within(block_of(&order.closes, b), from, to, &mut held_closes);
        let died = within(block_of(&order.died, b), from, to, &mut held_died);
        let mut totals = [1.0; BLOCK];
        for (total, r) in totals[from..to].iter_mut().zip(&own[from..to]) {
            self.at_risk += r;
            *total = self.at_risk;
        }
        let logs: Block = std::array::from_fn(|l| ln(totals[l]));
        self.logs += dot(closes, &logs);
        let mut hazards: Block = std::array::from_fn(|l| closes[l] / totals[l]);
        let mut hazard = 0.0;
        for h in hazards[from..to].iter_mut().rev() {
            hazard += *h;
            *h = hazard;
        }
        let residual: Block = std::array::from_fn(|l| died[l] - own[l] * hazards[l]);
        let (gradient, moments) = (&mut self.gradient, &mut self.moments);
        columns.two_products(b, &residual, own, |j, residual, risk| {
            gradient[j] += residual - hazard * moments[j];
            moments[j] += risk;
        });
    }
}

/// The values of the places `from..to`, 0 elsewhere; most often all, which are not copied.
#[inline(always)]
fn within<'a>(values: &'a Block, from: usize, to: usize, held: &'a mut Block) -> &'a Block {
    if to - from == BLOCK {
        return values;
    }
    held[from..to].copy_from_slice(&values[from..to]);
    held
}
