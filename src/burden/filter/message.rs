//! A distribution over the hidden states of one patient, and its step in time.

use super::engine::Engine;
use crate::burden::population::{LATTICE, PACES, SHEDS};

/// Masses, not normalised between steps. `growing` is by pace, shed and node, the node running fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub cleared: f64,
    pub silent: f64,
    pub growing: Vec<f64>,
}

pub const NODES: usize = LATTICE.len;
pub const GROWING: usize = PACES * SHEDS * NODES;

pub fn place(pace: usize, shed: usize) -> usize {
    (pace * SHEDS + shed) * NODES
}

/// What of a patient decides the steps of time: the same at every reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Rate of beginning per step, by period.
    pub begin: Vec<f64>,
    pub pace: [f64; PACES],
    pub shed: [f64; SHEDS],
    /// P(cleared, silent, growing) at day zero.
    pub start: [f64; 3],
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
        message.sow(engine, course, course.start[2], &engine.population.at_start);
        message
    }

    fn sow(&mut self, _: &Engine, course: &Course, mass: f64, nodes: &[f64]) {
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
        self.cleared + self.silent + self.growing.iter().sum::<f64>()
    }

    pub fn scale(&mut self, by: f64) {
        self.cleared *= by;
        self.silent *= by;
        for m in &mut self.growing {
            *m *= by;
        }
    }

    /// One step later for somebody in whom no relapse was found during it.
    pub fn step(&self, engine: &Engine, course: &Course, number: usize) -> Message {
        let mut next = Message::zero();
        let begin = course.begin[engine.period[number.min(engine.period.len() - 1)]];
        next.cleared = self.cleared;
        next.silent = self.silent * (1.0 - begin);
        let mut free = [0.0; NODES];
        for pace in 0..PACES {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                for ((f, m), stays) in free.iter_mut().zip(&self.growing[at..at + NODES]).zip(&engine.free) {
                    *f = m * stays;
                }
                engine.kernels[pace].spread(&free, &mut next.growing[at..at + NODES]);
            }
        }
        next.sow(engine, course, self.silent * begin, &engine.population.at_begin);
        next
    }

    /// The transpose of `step`: what each state now is worth, given what each is worth one step later.
    pub fn step_back(later: &Message, engine: &Engine, course: &Course, number: usize) -> Message {
        let mut now = Message::zero();
        let begin = course.begin[engine.period[number.min(engine.period.len() - 1)]];
        now.cleared = later.cleared;
        let worth = later.sown(course, &engine.population.at_begin);
        now.silent = later.silent * (1.0 - begin) + begin * worth;
        for pace in 0..PACES {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                engine.kernels[pace].gather(&later.growing[at..at + NODES], &mut now.growing[at..at + NODES]);
                for (m, stays) in now.growing[at..at + NODES].iter_mut().zip(&engine.free) {
                    *m *= stays;
                }
            }
        }
        now
    }

    /// The mean worth of growth that begins now.
    pub fn sown(&self, course: &Course, nodes: &[f64]) -> f64 {
        let mut worth = 0.0;
        for (p, pace) in course.pace.iter().enumerate() {
            for (s, shed) in course.shed.iter().enumerate() {
                let at = place(p, s);
                let mean: f64 = self.growing[at..at + NODES].iter().zip(nodes).map(|(m, n)| m * n).sum();
                worth += pace * shed * mean;
            }
        }
        worth
    }
}
