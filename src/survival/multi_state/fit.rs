//! From rows to chances: the states implied, the transitions at each time, and their product.

use std::iter;

use ndarray::Array2;

use super::{Jump, MultiState, MultiStateParams, Sojourn, Stay};
use crate::survival::Error;
use crate::survival::risk_set::{ascending, checked_weights};

/// Rows with the states they imply.
struct Histories {
    stays: Vec<Stay>,
    subjects: usize,
    transitions: Array2<usize>,
    censored: Vec<usize>,
}

impl MultiStateParams {
    pub fn initial(mut self, states: Vec<usize>) -> MultiStateParams {
        self.initial = Some(states);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> MultiStateParams {
        self.weights = Some(weights);
        self
    }

    pub fn start_varies(mut self, varies: bool) -> MultiStateParams {
        self.start_varies = varies;
        self
    }

    /// Rows may come in any order. Errors: `Empty`; `Overlap` of a subject's rows; `State`; `Lengths`; `Weight`; `NoEvents` without
    /// a transition; `Parameter` for fewer than two states.
    pub fn fit(&self, rows: &[Sojourn]) -> Result<MultiState, Error> {
        if rows.is_empty() {
            return Err(Error::Empty);
        }
        if self.states < 2 {
            return Err(Error::Parameter {
                name: "the number of states",
                value: self.states as f64,
            });
        }
        let weights = checked_weights(self.weights.as_deref(), rows.len())?;
        let mut histories = self.histories(rows, &weights)?;
        let times = place(rows, &mut histories.stays)?;
        let at_risk = at_risk(&histories.stays, times.len(), self.states);
        let jumps = jumps(&mut histories.stays, self.states);
        let mut starts: Vec<usize> = (0..histories.stays.len()).collect();
        starts.sort_unstable_by_key(|place| (histories.stays[*place].first, *place));
        let start = start(&histories.stays, self.states);
        let occupation = occupation(&start, &jumps, &at_risk);
        Ok(MultiState {
            states: self.states,
            subjects: histories.subjects,
            start,
            times,
            occupation,
            at_risk,
            transitions: histories.transitions,
            censored: histories.censored,
            followed_to: rows.iter().map(|row| row.exit).fold(0.0, f64::max),
            jumps,
            stays: histories.stays,
            starts,
            start_varies: self.start_varies,
        })
    }

    fn known(&self, row: usize, state: usize) -> Result<usize, Error> {
        let states = self.states;
        (state < states)
            .then_some(state)
            .ok_or(Error::State { row, state, states })
    }

    fn histories(&self, rows: &[Sojourn], weights: &[f64]) -> Result<Histories, Error> {
        if let Some(initial) = self.initial.as_ref().filter(|initial| initial.len() != rows.len()) {
            return Err(Error::Lengths {
                records: initial.len(),
                targets: rows.len(),
            });
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let key = |i: &usize| (rows[*i].id, (rows[*i].entry + 0.0).to_bits(), *i);
        order.sort_unstable_by_key(key);
        let unplaced = Stay {
            subject: 0,
            first: 0,
            last: 0,
            state: 0,
            to: None,
            weight: 1.0,
        };
        let mut histories = Histories {
            stays: vec![unplaced; rows.len()],
            subjects: 0,
            transitions: Array2::zeros((self.states, self.states)),
            censored: vec![0; self.states],
        };
        for own in order.chunk_by(|a, b| rows[*a].id == rows[*b].id) {
            let mut state = self.known(own[0], self.initial.as_ref().map_or(0, |initial| initial[own[0]]))?;
            let mut seen_to = 0.0;
            for &i in own {
                let row = rows[i];
                if row.entry < seen_to {
                    return Err(Error::Overlap {
                        row: i,
                        time: row.entry,
                    });
                }
                let to = row
                    .to
                    .map(|to| self.known(i, to))
                    .transpose()?
                    .filter(|to| *to != state);
                histories.stays[i] = Stay {
                    subject: histories.subjects,
                    state,
                    to,
                    weight: weights[i],
                    ..unplaced
                };
                if let Some(to) = to {
                    histories.transitions[[state, to]] += 1;
                }
                (state, seen_to) = (to.unwrap_or(state), row.exit);
            }
            if own.last().is_some_and(|i| histories.stays[*i].to.is_none()) {
                histories.censored[state] += 1;
            }
            histories.subjects += 1;
        }
        Ok(histories)
    }
}

/// Places the stays among the distinct times of a transition, and gives those.
fn place(rows: &[Sojourn], stays: &mut [Stay]) -> Result<Vec<f64>, Error> {
    let by_exit = ascending(rows.len(), |i| rows[i].exit);
    let moves = by_exit.iter().filter(|i| stays[**i].to.is_some());
    let mut times: Vec<f64> = moves.map(|i| rows[*i].exit).collect();
    times.dedup();
    if times.is_empty() {
        return Err(Error::NoEvents);
    }
    let mut until = 0;
    for i in by_exit {
        until += times[until..].iter().take_while(|time| **time <= rows[i].exit).count();
        stays[i].last = until;
    }
    until = 0;
    for i in ascending(rows.len(), |i| rows[i].entry) {
        until += times[until..].iter().take_while(|time| **time <= rows[i].entry).count();
        stays[i].first = until;
    }
    Ok(times)
}

fn at_risk(stays: &[Stay], steps: usize, states: usize) -> Array2<f64> {
    let mut weight = Array2::<f64>::zeros((steps, states));
    let mut number = Array2::<i64>::zeros((steps, states));
    for stay in stays.iter().filter(|stay| stay.first < stay.last) {
        weight[[stay.first, stay.state]] += stay.weight;
        number[[stay.first, stay.state]] += 1;
        if stay.last < steps {
            weight[[stay.last, stay.state]] -= stay.weight;
            number[[stay.last, stay.state]] -= 1;
        }
    }
    for state in 0..states {
        let (mut sum, mut count) = (0.0, 0);
        for step in 0..steps {
            count += number[[step, state]];
            // An empty state weighs nothing, whatever rounding left behind.
            sum = if count == 0 { 0.0 } else { sum + weight[[step, state]] };
            weight[[step, state]] = sum;
        }
    }
    weight
}

/// Transitions in order of time. Stays that are never at risk at a step are dropped, the others put in order of their end.
fn jumps(stays: &mut Vec<Stay>, states: usize) -> Vec<Jump> {
    stays.retain(|stay| stay.first < stay.last);
    stays.sort_by_key(|stay| stay.last);
    let mut jumps = Vec::new();
    let mut weight = vec![0.0; states * states];
    for tied in stays.chunk_by(|a, b| a.last == b.last) {
        for stay in tied {
            if let Some(to) = stay.to {
                weight[stay.state * states + to] += stay.weight;
            }
        }
        for (pair, weight) in weight.iter_mut().enumerate().filter(|(_, weight)| **weight > 0.0) {
            jumps.push(Jump {
                step: tied[0].last - 1,
                from: pair / states,
                to: pair % states,
                weight: std::mem::take(weight),
            });
        }
    }
    jumps
}

/// Shares of the states among those at risk just before the first transition.
fn start(stays: &[Stay], states: usize) -> Vec<f64> {
    let mut shares = vec![0.0; states];
    for stay in stays.iter().filter(|stay| stay.first == 0) {
        shares[stay.state] += stay.weight;
    }
    let all: f64 = shares.iter().sum();
    shares.iter().map(|share| share / all).collect()
}

fn occupation(start: &[f64], jumps: &[Jump], at_risk: &Array2<f64>) -> Array2<f64> {
    let mut occupation = Array2::zeros(at_risk.raw_dim());
    let (mut now, mut before) = (start.to_vec(), start.to_vec());
    for here in jumps.chunk_by(|a, b| a.step == b.step) {
        before.copy_from_slice(&now);
        for jump in here {
            let moved = before[jump.from] * (jump.weight / at_risk[[jump.step, jump.from]]);
            now[jump.from] -= moved;
            now[jump.to] += moved;
        }
        let row = iter::zip(occupation.row_mut(here[0].step), &mut now);
        for (chance, now) in row {
            // Rounding must not make a state that all have left a negative chance.
            *now = now.max(0.0);
            *chance = *now;
        }
    }
    occupation
}
