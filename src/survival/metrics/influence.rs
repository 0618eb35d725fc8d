//! How each subject moves a measure through the censoring curve that they are all weighed by.

use super::censoring::CaseWeight;
use super::packed::ascending;
use crate::survival::FollowUp;

/// The martingale of the censoring hazard over the share at risk: Blanche et al., Stat Med 2013;32:5381, appendix A. The share at risk
/// is counted before events of the same time leave, as in riskRegression.
#[derive(Clone, Debug)]
pub(super) struct Influence {
    /// Place of each subject's exit among the distinct times, from 1.
    place: Vec<u32>,
    /// Time, 1 / share at risk and the hazard's sum over the share at risk, at each place; place 0 is the origin.
    times: Vec<f64>,
    inverse_share: Vec<f64>,
    compensator: Vec<f64>,
    rule: CaseWeight,
}

impl Influence {
    pub fn of(subjects: &[FollowUp], rule: CaseWeight) -> Influence {
        let n = subjects.len();
        let order = ascending(n, |i| subjects[i].exit());
        let mut all = Influence {
            place: vec![0; n],
            times: vec![0.0],
            inverse_share: vec![1.0],
            compensator: vec![0.0],
            rule,
        };
        let (mut at_risk, mut sum) = (n as f64, 0.0);
        for tied in order.chunk_by(|a, b| subjects[*a].exit() == subjects[*b].exit()) {
            let censored = tied.iter().filter(|i| subjects[**i].event() == 0).count() as f64;
            sum += n as f64 * censored / (at_risk * at_risk);
            for &i in tied {
                all.place[i] = all.times.len() as u32;
            }
            all.times.push(subjects[tied[0]].exit());
            all.inverse_share.push(n as f64 / at_risk);
            all.compensator.push(sum);
            at_risk -= tied.len() as f64;
        }
        all
    }

    /// Adds to each subject's `moves` what it does to the weights of all others; `parts` are the weighted terms of the measure's mean.
    pub fn add(&self, subjects: &[FollowUp], time: f64, parts: &[f64], moves: &mut [f64]) {
        let horizon = self.times.partition_point(|t| *t <= time) - 1;
        // By the place up to which the term's weight looks: the sum of terms, and of terms times the compensator there.
        let mut terms = vec![0.0; self.times.len()];
        for ((subject, part), place) in subjects.iter().zip(parts).zip(&self.place) {
            let looks = match self.rule {
                _ if subject.exit() > time => horizon,
                CaseWeight::Before => *place as usize - 1,
                CaseWeight::At => *place as usize,
            };
            terms[looks] += part;
        }
        let mut shorter = 0.0; // terms times compensator, at the places before
        let before: Vec<f64> = (terms.iter().zip(&self.compensator))
            .map(|(term, c)| {
                let so_far = shorter;
                shorter += term * c;
                so_far
            })
            .collect();
        for place in (1..terms.len()).rev() {
            terms[place - 1] += terms[place]; // from here on: terms that look as far as this place or further
        }
        let n = subjects.len() as f64;
        for ((subject, place), moved) in subjects.iter().zip(&self.place).zip(moves) {
            let place = *place as usize;
            let own = if subject.event() == 0 {
                self.inverse_share[place]
            } else {
                0.0
            };
            *moved += (terms[place] * (own - self.compensator[place]) - before[place]) / n;
        }
    }
}
