//! A distribution over the hidden states of one patient, and its step in time.

use std::sync::Arc;

use super::engine::Engine;
use super::era::{Era, Organ, STRETCH};
use super::moves::ROOM;
use super::wide::wide;
use crate::burden::population::{LATTICE, PACES, SHEDS, TURN};

/// Masses, not normalised between steps. `growing` is by pace, shed and node, the node running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub cleared: f64,
    pub silent: f64,
    pub growing: Vec<f64>,
}

/// Sums in eight lanes: one long chain of additions would be most of a step's time.
#[inline(always)]
pub fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let parts = values.chunks_exact(8);
    let rest: f64 = parts.remainder().iter().sum();
    for part in parts {
        lanes.iter_mut().zip(part).for_each(|(lane, value)| *lane += value);
    }
    lanes.iter().sum::<f64>() + rest
}

/// The same of products.
#[inline(always)]
pub fn dot(values: &[f64], others: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (parts, others_parts) = (values.chunks_exact(8), others.chunks_exact(8));
    let rest = parts.remainder().iter().zip(others_parts.remainder());
    let rest: f64 = rest.map(|(a, b)| a * b).sum();
    for (part, other) in parts.zip(others_parts) {
        let products = part.iter().zip(other).map(|(a, b)| a * b);
        lanes
            .iter_mut()
            .zip(products)
            .for_each(|(lane, product)| *lane += product);
    }
    lanes.iter().sum::<f64>() + rest
}

pub const NODES: usize = LATTICE.len;
pub const GROWING: usize = PACES * PART;
/// The rows of one pace.
const PART: usize = SHEDS * NODES;

pub fn place(pace: usize, shed: usize) -> usize {
    (pace * SHEDS + shed) * NODES
}

/// What of a patient decides the steps of time: the same at every reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// In order, none where no treatment slows anything.
    pub eras: Vec<Era>,
    /// Rate of beginning per step, by period, of undisturbed time.
    pub begin: Vec<f64>,
    pub pace: [f64; PACES],
    pub shed: [f64; SHEDS],
    pub organ: Arc<Organ>,
    /// P(cleared, silent, growing) at day zero.
    pub start: [f64; 3],
}

/// Copied first: row by row what was just written would be read at once, at another place, and that waits.
#[inline(always)]
fn with_room(rows: &[f64]) -> [f64; ROOM + PART + ROOM] {
    let mut all = [0.0; ROOM + PART + ROOM];
    all[ROOM..ROOM + PART].copy_from_slice(rows);
    all
}

impl Message {
    pub fn zero() -> Message {
        Message {
            cleared: 0.0,
            silent: 0.0,
            growing: vec![0.0; GROWING],
        }
    }

    pub fn start(engine: &Engine, course: &Course) -> Message {
        let mut message = Message::zero();
        message.cleared = course.start[0];
        message.silent = course.start[1];
        message.sow(course, course.start[2], &engine.population.at_start);
        message
    }

    fn sow(&mut self, course: &Course, mass: f64, nodes: &[f64]) {
        for (p, pace) in course.pace.iter().enumerate() {
            for (s, shed) in course.shed.iter().enumerate() {
                let share = mass * pace * shed;
                let at = place(p, s);
                for (m, node) in self.growing[at..at + NODES].iter_mut().zip(nodes) {
                    *m += share * node;
                }
            }
        }
    }

    pub fn mass(&self) -> f64 {
        self.cleared
            + self.silent
            + wide(
                #[inline(always)]
                || sum(&self.growing),
            )
    }

    pub fn scale(&mut self, by: f64) {
        self.cleared *= by;
        self.silent *= by;
        wide(
            #[inline(always)]
            || self.growing.iter_mut().for_each(|m| *m *= by),
        );
    }

    /// One step later for somebody in whom no relapse was found during it.
    pub fn step(&self, engine: &Engine, course: &Course, number: usize) -> Message {
        wide(
            #[inline(always)]
            || self.stepped(engine, course, number),
        )
    }

    #[inline(always)]
    fn stepped(&self, engine: &Engine, course: &Course, number: usize) -> Message {
        let mut next = Message::zero();
        let begin = engine.begin(course, number);
        next.cleared = self.cleared;
        next.silent = self.silent * (1.0 - begin);
        let mut all = [0.0; PART];
        let parts = self.growing.chunks_exact(PART).zip(next.growing.chunks_exact_mut(PART));
        for ((from, to), step) in parts.zip(course.moves(number)) {
            let rows = with_room(from);
            for (shed, row) in to.chunks_exact_mut(NODES).enumerate() {
                step.ahead(&rows, shed * NODES, row);
            }
            all.iter_mut().zip(&*to).for_each(|(a, m)| *a += m);
        }
        next.turn(all, course, self.silent * begin, &engine.population.at_begin);
        next
    }

    /// The transpose of `step`: what each state now is worth, given what each is worth one step later.
    pub fn step_back(later: &Message, engine: &Engine, course: &Course, number: usize) -> Message {
        wide(
            #[inline(always)]
            || later.stepped_back(engine, course, number),
        )
    }

    #[inline(always)]
    fn stepped_back(&self, engine: &Engine, course: &Course, number: usize) -> Message {
        let mut now = Message::zero();
        let begin = engine.begin(course, number);
        now.cleared = self.cleared;
        let worth = self.sown(course, &engine.population.at_begin);
        now.silent = self.silent * (1.0 - begin) + begin * worth;
        let later = self.turned_back(course);
        let parts = later.growing.chunks_exact(PART).zip(now.growing.chunks_exact_mut(PART));
        for ((from, to), step) in parts.zip(course.moves(number)) {
            let rows = with_room(from);
            for (shed, row) in to.chunks_exact_mut(NODES).enumerate() {
                step.back(&rows, shed * NODES, row);
            }
        }
        now
    }

    /// How the worth of `before` one step earlier than `later` changes with the logarithm of the time that an era leaves.
    pub fn stretched(before: &Message, later: &Message, engine: &Engine, course: &Course, number: usize) -> f64 {
        let Some(era) = course.era(number) else {
            return 0.0;
        };
        let [more, less] = era.stretched(&course.organ.free);
        wide(
            #[inline(always)]
            || {
                let worth = later.sown(course, &engine.population.at_begin) - later.silent;
                let mut change = before.silent * engine.begin(course, number) * worth;
                let later = later.turned_back(course);
                let parts = later.growing.chunks_exact(PART).zip(before.growing.chunks_exact(PART));
                for ((later, before), (more, less)) in parts.zip(more.iter().zip(less)) {
                    let rows = with_room(later);
                    for (shed, masses) in before.chunks_exact(NODES).enumerate() {
                        let (mut most, mut least) = ([0.0; NODES], [0.0; NODES]);
                        more.back(&rows, shed * NODES, &mut most);
                        less.back(&rows, shed * NODES, &mut least);
                        for ((mass, most), least) in masses.iter().zip(most).zip(least) {
                            change += mass * (most - least) / (2.0 * STRETCH);
                        }
                    }
                }
                change
            },
        )
    }

    /// Some of what grows takes another pace, and what begins takes one; `all`: what grows, whatever its pace.
    #[inline(always)]
    fn turn(&mut self, mut all: [f64; PART], course: &Course, begun: f64, nodes: &[f64]) {
        for (part, shed) in all.chunks_exact_mut(NODES).zip(course.shed) {
            let with = part.iter_mut().zip(nodes);
            with.for_each(|(a, node)| *a = TURN * *a + begun * shed * node);
        }
        for (part, share) in self.growing.chunks_exact_mut(PART).zip(course.pace) {
            let with = part.iter_mut().zip(&all);
            with.for_each(|(m, a)| *m += share * a - TURN * *m);
        }
    }

    #[inline(always)]
    fn turned_back(&self, course: &Course) -> Message {
        let mut mean = [0.0; PART];
        for (part, share) in self.growing.chunks_exact(PART).zip(course.pace) {
            mean.iter_mut().zip(part).for_each(|(a, m)| *a += share * m);
        }
        let mut turned = self.clone();
        for part in turned.growing.chunks_exact_mut(PART) {
            part.iter_mut().zip(&mean).for_each(|(m, a)| *m += TURN * (a - *m));
        }
        turned
    }

    /// The mean worth of growth that begins now.
    #[inline(always)]
    pub fn sown(&self, course: &Course, nodes: &[f64]) -> f64 {
        let mut worth = 0.0;
        for (p, pace) in course.pace.iter().enumerate() {
            for (s, shed) in course.shed.iter().enumerate() {
                let at = place(p, s);
                worth += pace * shed * dot(&self.growing[at..at + NODES], nodes);
            }
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{case, engine};
    use super::*;

    /// `wide` chooses as the program runs; beside it the same loops as compiled for every processor of the kind.
    #[test]
    fn the_width_of_vectors_changes_no_bit() {
        let one = case(vec![]);
        let engine = engine(&[&one]);
        let course = engine.course(&one, 0);
        let mut message = Message::start(&engine, &course);
        for number in 0..40 {
            let next = message.step(&engine, &course, number);
            assert_eq!(next, message.stepped(&engine, &course, number));
            let back = Message::step_back(&next, &engine, &course, number);
            assert_eq!(back, next.stepped_back(&engine, &course, number));
            message = next;
        }
        assert!(message.growing.iter().filter(|mass| **mass > 0.0).count() > GROWING / 2);
    }
}
