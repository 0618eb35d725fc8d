//! From a distribution over the states to the burden line.

use super::engine::{LEVELS, level, level_node};
use super::era::rate;
use super::follow::{Follow, step_of};
use super::forecast::{Outlook, Schedule, forecast};
use super::message::{Message, NODES, place};
use crate::burden::case::Day;
use crate::burden::line::{Band, Line, Regimes, Slip, Surprise};
use crate::burden::population::{DOUBLING, LATTICE, PACES, SHEDS, STEP_DAYS};

/// Growth less likely than this has no pace, beginning or day of its own.
const UNLIKELY: f64 = 0.05;

impl Follow<'_> {
    pub(super) fn read_out(&mut self, day: Day) -> Line {
        let forecast_unread = self.unread(day);
        let (Some(stand), Some(course)) = (self.stands.last(), &self.course) else {
            return Line { day, ..Line::default() };
        };
        let message = stand.message();
        let whole = message.mass();
        let paces = message.by_pace();
        let nodes: Vec<f64> = message.by_node();
        let grown: f64 = nodes.iter().sum::<f64>() / whole;
        let seen = nodes.iter().zip(&self.engine.population.seen);
        let overt = seen.map(|(mass, seen)| mass * seen).sum::<f64>() / whole;
        let still = (message.cleared + message.silent) / whole;
        let since = (f64::from(day.max(0)) / STEP_DAYS).fract() * STEP_DAYS;
        let (start, sight, at) = (self.begin_node(), self.sight_node(), f64::from(day));
        // the masses are those of the beginning of the step, and treatment leaves it a share of the time
        let left = course.left(step_of(day));
        let reached = |pace: usize, node: usize, goal: f64| {
            course.day_after(at - since, (goal - LATTICE.node(node)) / rate(pace))
        };
        let likely = grown >= UNLIKELY;
        let timed = |of: &dyn Fn(usize, usize) -> f64, low: f64, high: f64| {
            let points = |pace: usize, masses: &[f64; NODES]| {
                let each = masses
                    .iter()
                    .enumerate()
                    .map(|(node, mass)| (of(pace, node).clamp(low, high), *mass));
                each.collect::<Vec<_>>()
            };
            likely.then(|| band(paces.iter().enumerate().flat_map(|(pace, m)| points(pace, m)).collect()))
        };
        let slopes = paces
            .iter()
            .enumerate()
            .map(|(pace, m)| (rate(pace) * left, m.iter().sum::<f64>()));
        let doublings = paces
            .iter()
            .enumerate()
            .map(|(pace, m)| (DOUBLING[pace] / left, m.iter().sum::<f64>()));
        Line {
            day,
            level: band(levels(&message, since * left, true)),
            growing: band(levels(&message, since * left, false)),
            slope: band(slopes.chain([(0.0, still * whole)]).collect()),
            regimes: Regimes {
                cleared: message.cleared / whole,
                silent: message.silent / whole,
                growing: grown - overt,
                overt,
            },
            doubling_days: likely.then(|| band(doublings.collect())),
            began: timed(&|pace, node| reached(pace, node, start), 0.0, at),
            visible: timed(&|pace, node| reached(pace, node, sight), at, at + 3650.0),
            forecast: self.forecast(&message, day),
            forecast_unread,
            surprises: self.told_twice(),
        }
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
        forecast(self.engine, course, &Outlook::of(message), day, &schedule)
    }

    /// The forecast for somebody of the same baseline who is free of relapse on `day` and of whom nothing was read.
    fn unread(&mut self, day: Day) -> [f64; 3] {
        let (engine, unread) = (self.engine, &mut self.unread);
        let Some(course) = &self.course else { return [0.0; 3] };
        let step = step_of(day);
        while unread.len() <= step {
            let next = match unread.last() {
                None => Outlook::of(&Message::start(engine, course)),
                Some(before) => before.step(engine, course, unread.len() - 1),
            };
            unread.push(next);
        }
        let schedule = Schedule::usual(engine, self.case, day);
        forecast(engine, course, &unread[step], day, &schedule)
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

/// Mass by level (burden and shed together) at the day, so much undisturbed time since the beginning of its step; with `still` what does not grow too, at the
/// foot of the lattice.
fn levels(message: &Message, since: f64, still: bool) -> Vec<(f64, f64)> {
    let mut points = vec![];
    if still {
        points.push((level(0), message.cleared + message.silent));
    }
    for pace in 0..PACES {
        let mut masses = [0.0; LEVELS];
        for shed in 0..SHEDS {
            let at = place(pace, shed);
            let from = level_node(shed, 0);
            for (sum, mass) in masses[from..from + NODES]
                .iter_mut()
                .zip(&message.growing[at..at + NODES])
            {
                *sum += mass;
            }
        }
        let ahead = rate(pace) * since;
        points.extend(masses.iter().enumerate().map(|(i, mass)| (level(i) + ahead, *mass)));
    }
    points
}

/// Mean and 90 % interval of values with their masses.
fn band(mut points: Vec<(f64, f64)>) -> Band {
    let whole: f64 = points.iter().map(|p| p.1).sum();
    if whole.is_nan() || whole <= 0.0 {
        return Band::default();
    }
    points.retain(|p| p.1 > 1e-9 * whole);
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mean = points.iter().map(|(x, mass)| x * mass).sum::<f64>() / whole;
    let at = |share: f64| {
        let mut sum = 0.0;
        let found = points.iter().find(|(_, mass)| {
            sum += mass;
            sum >= share * whole
        });
        found.or(points.last()).map_or(mean, |p| p.0)
    };
    Band {
        mean,
        lower: at(0.05),
        upper: at(0.95),
    }
}

impl Message {
    /// Mass by pace and node, over all sheds.
    pub(super) fn by_pace(&self) -> [[f64; NODES]; PACES] {
        let mut paces = [[0.0; NODES]; PACES];
        for (pace, nodes) in paces.iter_mut().enumerate() {
            for shed in 0..SHEDS {
                let at = place(pace, shed);
                for (sum, mass) in nodes.iter_mut().zip(&self.growing[at..at + NODES]) {
                    *sum += mass;
                }
            }
        }
        paces
    }
}
