//! A distribution over the hidden states of one patient, and its step in time.

use super::engine::Engine;
use crate::burden::population::{LATTICE, PACES, SHEDS, TURN};

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
    /// P(symptoms give nothing away within a step) at each node.
    pub free: Vec<f64>,
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
                for ((f, m), stays) in free.iter_mut().zip(&self.growing[at..at + NODES]).zip(&course.free) {
                    *f = m * stays;
                }
                engine.kernels[pace].spread(&free, &mut next.growing[at..at + NODES]);
            }
        }
        next.turn(course);
        next.sow(course, self.silent * begin, &engine.population.at_begin);
        next
    }

    /// The transpose of `step`: what each state now is worth, given what each is worth one step later.
    pub fn step_back(later: &Message, engine: &Engine, course: &Course, number: usize) -> Message {
        let mut now = Message::zero();
        let begin = course.begin[engine.period[number.min(engine.period.len() - 1)]];
        now.cleared = later.cleared;
        let worth = later.sown(course, &engine.population.at_begin);
        now.silent = later.silent * (1.0 - begin) + begin * worth;
        let later = &later.turned_back(course);
        for pace in 0..PACES {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                engine.kernels[pace].gather(&later.growing[at..at + NODES], &mut now.growing[at..at + NODES]);
                for (m, stays) in now.growing[at..at + NODES].iter_mut().zip(&course.free) {
                    *m *= stays;
                }
            }
        }
        now
    }

    /// Some of what grows takes another pace.
    fn turn(&mut self, course: &Course) {
        const SIZE: usize = SHEDS * NODES;
        let mut all = [0.0; SIZE];
        for part in self.growing.chunks_exact(SIZE) {
            all.iter_mut().zip(part).for_each(|(a, m)| *a += m);
        }
        for (part, share) in self.growing.chunks_exact_mut(SIZE).zip(course.pace) {
            part.iter_mut()
                .zip(&all)
                .for_each(|(m, a)| *m += TURN * (share * a - *m));
        }
    }

    fn turned_back(&self, course: &Course) -> Message {
        const SIZE: usize = SHEDS * NODES;
        let mut mean = [0.0; SIZE];
        for (part, share) in self.growing.chunks_exact(SIZE).zip(course.pace) {
            mean.iter_mut().zip(part).for_each(|(a, m)| *a += share * m);
        }
        let mut turned = self.clone();
        for part in turned.growing.chunks_exact_mut(SIZE) {
            part.iter_mut().zip(&mean).for_each(|(m, a)| *m += TURN * (a - *m));
        }
        turned
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
