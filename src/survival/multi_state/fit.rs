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
        let histories = self.histories(rows, &weights)?;
        let Placed { times, stays, starts } = place(rows, histories.stays)?;
        let jumps = jumps(&stays, self.states);
        let at_risk = at_risk(&stays, &jumps, times.len(), self.states);
        let start = start(&stays, self.states);
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
            stays,
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
        let mut order: Vec<(u64, u64, usize)> = (rows.iter().zip(0..))
            .map(|(row, i)| (row.id, (row.entry + 0.0).to_bits(), i))
            .collect();
        order.sort_unstable();
        let mut histories = Histories {
            stays: weights.iter().map(|weight| Stay::new(*weight)).collect(),
            subjects: 0,
            transitions: Array2::zeros((self.states, self.states)),
            censored: vec![0; self.states],
        };
        for own in order.chunk_by(|a, b| a.0 == b.0) {
            self.follow(rows, own, &mut histories)?;
            histories.subjects += 1;
        }
        Ok(histories)
    }

    /// One subject from row to row, in order of time.
    fn follow(&self, rows: &[Sojourn], own: &[(u64, u64, usize)], histories: &mut Histories) -> Result<(), Error> {
        let first = own[0].2;
        let mut state = self.known(first, self.initial.as_ref().map_or(0, |initial| initial[first]))?;
        let mut seen_to = 0.0;
        let mut censored = false;
        for &(_, _, i) in own {
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
            let stay = &mut histories.stays[i];
            (stay.subject, stay.state, stay.to) = (histories.subjects, state, to);
            if let Some(to) = to {
                histories.transitions[[state, to]] += 1;
            }
            (state, seen_to, censored) = (to.unwrap_or(state), row.exit, to.is_none());
        }
        histories.censored[state] += usize::from(censored);
        Ok(())
    }
}

impl Stay {
    fn new(weight: f64) -> Stay {
        Stay {
            subject: 0,
            first: 0,
            last: 0,
            state: 0,
            to: None,
            weight,
        }
    }
}

/// Stays among the distinct times of a transition: in order of their end, and their places in order of their start.
struct Placed {
    times: Vec<f64>,
    stays: Vec<Stay>,
    starts: Vec<usize>,
}

/// Stays that are never at risk at a transition are dropped.
fn place(rows: &[Sojourn], mut stays: Vec<Stay>) -> Result<Placed, Error> {
    let by_exit = ascending(rows.len(), |i| rows[i].exit);
    let moves = by_exit.iter().filter(|i| stays[**i].to.is_some());
    let mut times: Vec<f64> = moves.map(|i| rows[*i].exit).collect();
    times.dedup();
    if times.is_empty() {
        return Err(Error::NoEvents);
    }
    let by_entry = ascending(rows.len(), |i| rows[i].entry);
    let mut until = 0;
    for &i in &by_entry {
        until += times[until..].iter().take_while(|time| **time <= rows[i].entry).count();
        stays[i].first = until;
    }
    until = 0;
    let mut placed = Vec::with_capacity(rows.len());
    let mut place = vec![None; rows.len()];
    for i in by_exit {
        until += times[until..].iter().take_while(|time| **time <= rows[i].exit).count();
        if stays[i].first < until {
            place[i] = Some(placed.len());
            placed.push(Stay {
                last: until,
                ..stays[i]
            });
        }
    }
    Ok(Placed {
        times,
        stays: placed,
        starts: by_entry.into_iter().filter_map(|i| place[i]).collect(),
    })
}

fn at_risk(stays: &[Stay], jumps: &[Jump], steps: usize, states: usize) -> Array2<f64> {
    let mut weight = Array2::<f64>::zeros((steps, states));
    let mut number = Array2::<i64>::zeros((steps, states));
    for stay in stays {
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
    // No fewer are at risk than go, whatever rounding did.
    let mut going = 0.0;
    for (i, jump) in jumps.iter().enumerate() {
        let place = (jump.step, jump.from);
        let same = i > 0 && (jumps[i - 1].step, jumps[i - 1].from) == place;
        going = if same { going + jump.weight } else { jump.weight };
        weight[place] = f64::max(weight[place], going);
    }
    weight
}

/// Transitions in order of time.
fn jumps(stays: &[Stay], states: usize) -> Vec<Jump> {
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
