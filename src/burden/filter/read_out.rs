//! From a distribution over the states to the burden line.

use super::engine::{level, level_node, rate};
use super::follow::{Follow, step_of};
use super::forecast::{Schedule, forecast};
use super::message::{Message, NODES, place};
use crate::burden::case::Day;
use crate::burden::line::{Band, Line, Regimes, Slip, Surprise};
use crate::burden::population::{DOUBLING, LATTICE, PACES, SHEDS, STEP_DAYS};

/// Growth less likely than this has no pace, beginning or day of its own.
const UNLIKELY: f64 = 0.05;

impl Follow<'_> {
    pub(super) fn read_out(&mut self, day: Day) -> Line {
        let Some(stand) = self.stands.last() else {
            return Line { day, ..Line::default() };
        };
        let message = stand.message();
        let forecast_unread = self.unread(day);
        let whole = message.mass();
        let grown: f64 = message.growing.iter().sum::<f64>() / whole;
        let since = (f64::from(day.max(0)) / STEP_DAYS).fract() * STEP_DAYS;
        let seen = |pace: usize, _: usize, node: usize| {
            let _ = pace;
            self.engine.population.seen[node]
        };
        let overt = message.mean(seen) / whole;
        let likely = grown >= UNLIKELY;
        let start = self.begin_node();
        let sight = self.sight_node();
        let (level, of_growth) = self.level(&message, since);
        let at = f64::from(day);
        let timed = |of: &dyn Fn(usize, usize) -> f64, low: f64, high: f64| {
            likely.then(|| message.band(|pace, _, node| of(pace, node).clamp(low, high)))
        };
        Line {
            day,
            level,
            growing: of_growth,
            slope: self.slope(&message),
            regimes: Regimes {
                cleared: message.cleared / whole,
                silent: message.silent / whole,
                growing: grown - overt,
                overt,
            },
            doubling_days: timed(&|pace, _| DOUBLING[pace], 0.0, 1e4),
            began: timed(
                &|pace, node| at - (LATTICE.node(node) - start) / rate(pace) - since,
                0.0,
                at,
            ),
            visible: timed(
                &|pace, node| at + (sight - LATTICE.node(node)) / rate(pace) - since,
                at,
                at + 3650.0,
            ),
            forecast: self.forecast(&message, day),
            forecast_unread,
            surprises: self.told_twice(),
        }
    }

    /// Of everything that may be there, what does not grow put at the foot of the lattice; and of what grows alone.
    fn level(&self, message: &Message, since: f64) -> (Band, Band) {
        let still = message.cleared + message.silent;
        let grown = message.sorted(None, |pace, shed, node| {
            level(level_node(shed, node)) + rate(pace) * since
        });
        let mut all = grown.clone();
        // no level lies below the foot, so the order holds
        all.insert(0, (level(0), still));
        (band_of(&all), band_of(&grown))
    }

    fn slope(&self, message: &Message) -> Band {
        message.band_with(Some((0.0, message.cleared + message.silent)), |pace, _, _| rate(pace))
    }

    fn begin_node(&self) -> f64 {
        let nodes = self.engine.population.at_begin.iter().enumerate();
        nodes.map(|(i, share)| share * LATTICE.node(i)).sum()
    }

    /// The burden that a scan sees with probability 1/2.
    fn sight_node(&self) -> f64 {
        let seen = &self.engine.population.seen;
        let above = seen.iter().position(|p| *p >= 0.5).unwrap_or(NODES - 1);
        LATTICE.node(above)
    }

    fn forecast(&self, message: &Message, day: Day) -> [f64; 3] {
        let Some(course) = &self.course else { return [0.0; 3] };
        let schedule = Schedule::of(self.engine, self.case, day);
        forecast(self.engine, course, message, day, &schedule)
    }

    /// The forecast for somebody of the same baseline who is free of relapse on `day` and of whom nothing was read.
    fn unread(&mut self, day: Day) -> [f64; 3] {
        let Some(course) = self.course.clone() else {
            return [0.0; 3];
        };
        let step = step_of(day);
        while self.unread.len() <= step {
            let next = match self.unread.last() {
                None => Message::start(self.engine, &course),
                Some(before) => before.step(self.engine, &course, self.unread.len() - 1),
            };
            self.unread.push(next);
        }
        let schedule = Schedule::usual(self.engine, self.case, day);
        forecast(self.engine, &course, &self.unread[step], day, &schedule)
    }

    pub(super) fn told_twice(&self) -> Vec<Surprise> {
        let duplicate = |id: &i64| Surprise {
            id: *id,
            slip: Slip::Duplicate,
            probability: 1.0,
        };
        self.duplicates.iter().map(duplicate).collect()
    }
}

impl Message {
    /// Sum over what grows of mass times value.
    pub fn mean(&self, of: impl Fn(usize, usize, usize) -> f64) -> f64 {
        let mut sum = 0.0;
        for pace in 0..PACES {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                for node in 0..NODES {
                    sum += self.growing[at + node] * of(pace, shed, node);
                }
            }
        }
        sum
    }

    /// Mean and 90 % interval of a value over what grows.
    pub fn band(&self, of: impl Fn(usize, usize, usize) -> f64) -> Band {
        self.band_with(None, of)
    }

    /// The same with a mass at one more value.
    pub fn band_with(&self, other: Option<(f64, f64)>, of: impl Fn(usize, usize, usize) -> f64) -> Band {
        band_of(&self.sorted(other, of))
    }

    /// Values with their masses, ascending.
    fn sorted(&self, other: Option<(f64, f64)>, of: impl Fn(usize, usize, usize) -> f64) -> Vec<(f64, f64)> {
        let mut points: Vec<(f64, f64)> = other.into_iter().collect();
        for pace in 0..PACES {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                let nodes = self.growing[at..at + NODES]
                    .iter()
                    .enumerate()
                    .filter(|(_, m)| **m > 1e-12);
                points.extend(nodes.map(|(node, m)| (of(pace, shed, node), *m)));
            }
        }
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    }
}

/// Mean and 90 % interval of values with masses, ascending; zeros where there is no mass.
fn band_of(points: &[(f64, f64)]) -> Band {
    let whole: f64 = points.iter().map(|p| p.1).sum();
    if !(whole > 0.0) {
        return Band::default();
    }
    let mean = points.iter().map(|(x, m)| x * m).sum::<f64>() / whole;
    let at = |share: f64| {
        let mut sum = 0.0;
        let found = points.iter().find(|(_, m)| {
            sum += m;
            sum >= share * whole
        });
        found.map_or(mean, |p| p.0)
    };
    Band {
        mean,
        lower: at(0.05),
        upper: at(0.95),
    }
}
