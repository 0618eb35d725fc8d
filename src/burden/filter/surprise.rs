//! Readings that the rest of the patient's record speaks against: found by looking back, since only what came later tells a slip of the
//! decimal from a rise.

use super::follow::{Follow, Heard};
use super::message::{Course, Message};
use super::smooth::{End, Visitor};
use crate::burden::case::{Day, Signal};
use crate::burden::line::{Slip, Surprise};

/// From this probability on a reading is named.
const NAMED: f64 = 0.5;

#[derive(Default)]
struct Listen {
    found: Vec<Surprise>,
}

impl Visitor for Listen {
    fn step(&mut self, _: usize, _: f64, _: &Message) {}

    fn begun(&mut self, _: usize, _: f64, _: &[f64]) {}

    fn slowed(&mut self, _: &[String], _: f64) {}

    fn reading(&mut self, signal: &Signal, heard: &Heard, posterior: &Message, carrier: f64) {
        let plain = heard.plain.slipped(posterior);
        let of_carrier = heard
            .carrier
            .as_ref()
            .and_then(|likelihood| likelihood.slipped(posterior));
        let Some(plain) = plain else { return };
        let probability = (1.0 - carrier) * plain + carrier * of_carrier.unwrap_or(plain);
        if probability >= NAMED {
            self.found.push(Surprise {
                id: signal.id,
                slip: Slip::Scale,
                probability,
            });
        }
    }

    fn start(&mut self, _: &Course, _: &Message, _: Option<f64>) {}
}

impl Follow<'_> {
    /// The readings on file on `day` that surprise, the earliest first: suspected slips, and results told twice.
    pub fn surprises(&mut self, day: Day) -> Vec<Surprise> {
        let mut listen = Listen::default();
        self.look_back(day, End::Other, &mut listen);
        listen.found.extend(self.told_twice());
        let place = |id: i64| self.case.signals.iter().position(|s| s.id == id);
        listen.found.sort_by_key(|surprise| place(surprise.id));
        listen.found
    }
}
