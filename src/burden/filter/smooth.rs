//! The look back: with all readings of a patient, where the burden was at each step. What EM counts, and how slips are found that only
//! later readings give away.

use super::follow::{FRESH, Follow, Heard, Strand};
use super::message::{Course, Message, NODES};
use crate::burden::case::{Day, Signal};
use crate::burden::population::{PACES, SHEDS};

/// Days before a relapse in which scans are the workup that found it.
const WORKUP: Day = 14;

/// How the watch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Symptoms,
    Scan,
    Other,
}

/// Hears the posterior (masses that add to 1) from the last step to the first.
pub trait Visitor {
    /// `left`: the share of the time from this step to the next that treatment leaves.
    fn step(&mut self, number: usize, left: f64, posterior: &Message);
    /// Mass that began to grow during the step.
    fn begun(&mut self, number: usize, mass: f64, nodes: &[f64]);
    /// The derivative of the log likelihood in the logarithm of the time that these treatments left in a step.
    fn slowed(&mut self, under: &[String], score: f64);
    fn reading(&mut self, signal: &Signal, heard: &Heard, posterior: &Message, carrier: f64);
    fn start(&mut self, course: &Course, posterior: &Message, carrier: Option<f64>);
}

impl Follow<'_> {
    /// Looks back from `day`. Returns the log likelihood of readings and outcome.
    pub fn look_back(&mut self, day: Day, end: End, visitor: &mut impl Visitor) -> f64 {
        if !self.keep_heard {
            self.stands.clear();
            self.read.clear();
            self.keep_heard = true;
        }
        self.workup_from = (end != End::Other).then_some(day - WORKUP);
        self.advance(day);
        let (Some(course), Some(last)) = (self.course.clone(), self.stands.last()) else {
            return 0.0;
        };
        let mut later = self.worth_of(end);
        let whole = product(&last.plain.message, &later).mass()
            + last
                .carrier
                .as_ref()
                .map_or(0.0, |c| product(&c.message, &later).mass());
        let log_likelihood = last.log_likelihood + whole.max(f64::MIN_POSITIVE).ln();
        let mut later_carrier = last.carrier.as_ref().map(|_| later.clone());
        for step in (0..self.stands.len()).rev() {
            let stand = &self.stands[step];
            let mut posterior = product(&stand.plain.message, &later);
            let mut carrier = 0.0;
            if let (Some(strand), Some(later)) = (&stand.carrier, &later_carrier) {
                let of_carrier = product(&strand.message, later);
                carrier = of_carrier.mass();
                posterior.add(&of_carrier);
            }
            let mass = posterior.mass();
            if !mass.is_finite() || mass <= 0.0 {
                break;
            }
            posterior.scale(1.0 / mass);
            carrier /= mass;
            visitor.step(step, course.left(step), &posterior);
            for (count, heard) in stand.heard.iter().rev().enumerate() {
                if count % FRESH == FRESH - 1 {
                    rescale(&mut later, later_carrier.as_mut());
                }
                visitor.reading(&self.case.signals[heard.place], heard, &posterior, carrier);
                unapply(heard, &mut later, later_carrier.as_mut());
            }
            if step == 0 {
                visitor.start(&course, &posterior, stand.carrier.is_some().then_some(carrier));
                break;
            }
            let now = Message::step_back(&later, self.engine, &course, step - 1);
            let now_carrier = later_carrier
                .as_ref()
                .map(|l| Message::step_back(l, self.engine, &course, step - 1));
            let plain = (&later, &now);
            self.begun(
                step,
                &course,
                plain,
                later_carrier.as_ref().zip(now_carrier.as_ref()),
                visitor,
            );
            (later, later_carrier) = (now, now_carrier);
            rescale(&mut later, later_carrier.as_mut());
        }
        log_likelihood
    }

    /// What each state at the end is worth: a relapse needs growth that can be found.
    fn worth_of(&self, end: End) -> Message {
        let mut worth = Message::zero();
        match end {
            End::Other => {
                (worth.cleared, worth.silent) = (1.0, 1.0);
                worth.growing.fill(1.0);
            }
            End::Symptoms | End::Scan => {
                (worth.cleared, worth.silent) = (1e-8, 1e-7);
                let course = self.course.as_ref();
                let symptoms = || course.map_or_else(Vec::new, |c| c.organ.free.iter().map(|p| 1.0 - p).collect());
                let found = if end == End::Scan {
                    self.engine.population.seen.clone()
                } else {
                    symptoms()
                };
                for nodes in worth.growing.chunks_exact_mut(NODES) {
                    nodes.copy_from_slice(&found);
                }
            }
        }
        worth
    }

    /// `plain`, `carrier`: what the states are worth at the step's end and at its beginning.
    fn begun(
        &self,
        step: usize,
        course: &Course,
        plain: (&Message, &Message),
        carrier: Option<(&Message, &Message)>,
        visitor: &mut impl Visitor,
    ) {
        let before = &self.stands[step - 1];
        let begin = self.engine.begin(course, step - 1);
        let at_begin = &self.engine.population.at_begin;
        let mut whole = 0.0;
        let mut nodes = vec![0.0; NODES];
        let era = course.era(step - 1);
        let mut stretched = 0.0;
        let mut strand = |strand: &Strand, (later, now): (&Message, &Message)| {
            whole += product(&strand.message, now).mass();
            if era.is_some() {
                stretched += Message::stretched(&strand.message, later, self.engine, course, step - 1);
            }
            for (pace, pace_share) in course.pace.iter().enumerate() {
                for (shed, shed_share) in course.shed.iter().enumerate() {
                    let share = strand.message.silent * begin * pace_share * shed_share;
                    let at = super::message::place(pace, shed);
                    for ((n, l), b) in nodes.iter_mut().zip(&later.growing[at..at + NODES]).zip(at_begin) {
                        *n += share * b * l;
                    }
                }
            }
        };
        strand(&before.plain, plain);
        if let (Some(before), Some(carrier)) = (&before.carrier, carrier) {
            strand(before, carrier);
        }
        if whole > 0.0 {
            nodes.iter_mut().for_each(|n| *n /= whole);
            visitor.begun(step - 1, nodes.iter().sum(), &nodes);
            if let Some(era) = era {
                visitor.slowed(&era.under, stretched / whole);
            }
        }
    }
}

/// Brought back to 1, both by the same factor.
fn rescale(later: &mut Message, carrier: Option<&mut Message>) {
    let scale = 1.0 / later.mass().max(f64::MIN_POSITIVE);
    later.scale(scale);
    if let Some(carrier) = carrier {
        carrier.scale(scale);
    }
}

/// The worth before a reading: after it, times what the reading says.
fn unapply(heard: &Heard, later: &mut Message, carrier: Option<&mut Message>) {
    heard.plain.apply(later);
    if let Some(later) = carrier {
        heard.carrier.as_ref().unwrap_or(&heard.plain).apply(later);
    }
}

fn product(a: &Message, b: &Message) -> Message {
    Message {
        cleared: a.cleared * b.cleared,
        silent: a.silent * b.silent,
        growing: a.growing.iter().zip(&b.growing).map(|(a, b)| a * b).collect(),
    }
}

impl Message {
    pub fn add(&mut self, other: &Message) {
        self.cleared += other.cleared;
        self.silent += other.silent;
        for (a, b) in self.growing.iter_mut().zip(&other.growing) {
            *a += b;
        }
    }

    /// Mass by node of burden, over all paces and sheds.
    pub fn by_node(&self) -> Vec<f64> {
        let mut nodes = vec![0.0; NODES];
        for part in self.growing.chunks_exact(NODES) {
            for (n, m) in nodes.iter_mut().zip(part) {
                *n += m;
            }
        }
        nodes
    }

    /// Mass by pace and by shed.
    pub fn by_kind(&self) -> ([f64; PACES], [f64; SHEDS]) {
        let (mut paces, mut sheds) = ([0.0; PACES], [0.0; SHEDS]);
        for (pace, of_pace) in paces.iter_mut().enumerate() {
            for (shed, of_shed) in sheds.iter_mut().enumerate() {
                let at = super::message::place(pace, shed);
                let mass: f64 = self.growing[at..at + NODES].iter().sum();
                *of_pace += mass;
                *of_shed += mass;
            }
        }
        (paces, sheds)
    }
}
