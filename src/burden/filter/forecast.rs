//! From where the burden is to when relapse will be found: growth runs on, symptoms give it away at a rate of burden, and planned scans
//! see it when they come.

use super::engine::Engine;
use super::message::{Course, Message, NODES, sum};
use super::moves::ROOM;
use super::wide::wide;
use crate::burden::case::{Case, Day, What};
use crate::burden::line::HORIZONS;
use crate::burden::population::{PACES, STEP_DAYS, Scanning, TURN, organ_of, own, prior};

/// A scan less than this after another belongs to it.
const SAME_SCAN: Day = 45;

/// The planned scans of one patient: at `next` and every `gap` days until `until`, each with this probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Schedule {
    pub next: f64,
    pub gap: f64,
    pub until: f64,
    pub probability: f64,
}

impl Schedule {
    /// From the scans on file on `day`: who was scanned regularly will be again; who never was, long after others had been, will not.
    pub fn of(engine: &Engine, case: &Case, day: Day) -> Schedule {
        let usual = *own(&engine.population.scanning, organ_of(&case.group)).unwrap_or(&prior::scanning());
        let scans = scans(case, day);
        let today = f64::from(day);
        match scans.as_slice() {
            [] => Schedule::unscanned(&usual, today),
            [only] => {
                let next = f64::from(*only) + usual.gap;
                Schedule::after(next, usual.gap, &usual, today)
            }
            [.., last] => {
                let mut gaps: Vec<f64> = scans.windows(2).map(|w| f64::from(w[1] - w[0])).collect();
                gaps.sort_by(f64::total_cmp);
                let gap = gaps[(gaps.len() - 1) / 2];
                Schedule::after(f64::from(*last) + gap, gap, &usual, today)
            }
        }
    }

    /// Of somebody of whom it is not known whether and when scans were made.
    pub fn usual(engine: &Engine, case: &Case, day: Day) -> Schedule {
        let usual = own(&engine.population.scanning, organ_of(&case.group))
            .copied()
            .unwrap_or(prior::scanning());
        let today = f64::from(day);
        Schedule {
            next: usual.first.max(today + 0.5 * usual.gap),
            gap: usual.gap.max(60.0),
            until: usual.until,
            probability: usual.share,
        }
    }

    fn unscanned(usual: &Scanning, today: f64) -> Schedule {
        // as time passes without a scan, the patient is more likely one of those who have none
        let passed = ((today - 0.5 * usual.first) / (usual.first_by - 0.5 * usual.first)).clamp(0.0, 1.0);
        let scanned = usual.share * (1.0 - passed);
        Schedule {
            next: usual.first.max(today + 30.0),
            gap: usual.gap,
            until: usual.until,
            probability: scanned / (scanned + 1.0 - usual.share).max(1e-9),
        }
    }

    /// A scan that is overdue is expected soon, and with every half gap less likely.
    fn after(next: f64, gap: f64, usual: &Scanning, today: f64) -> Schedule {
        let gap = gap.max(60.0);
        let late = ((today - next) / gap).max(0.0);
        Schedule {
            next: next.max(today + 15.0),
            gap,
            until: usual.until,
            probability: 0.95 * 0.25f64.powf(2.0 * late),
        }
    }

    /// Expected scans in a step.
    fn in_step(&self, from: f64) -> f64 {
        let to = (from + STEP_DAYS).min(self.until + 30.0);
        if to <= self.next {
            return 0.0;
        }
        let number = |until: f64| {
            if until <= self.next {
                0.0
            } else {
                ((until - self.next) / self.gap).floor() + 1.0
            }
        };
        self.probability * (number(to - 1e-6) - number(from.min(to) - 1e-6)).max(0.0)
    }
}

/// Days of the scans on file on `day`, those of one look taken together.
pub fn scans(case: &Case, day: Day) -> Vec<Day> {
    let mut days: Vec<Day> = vec![];
    for signal in case
        .signals_on(day)
        .filter(|s| s.on > 0 && matches!(s.what, What::Scan { .. }))
    {
        if days.last().is_none_or(|last| signal.on - last >= SAME_SCAN) {
            days.push(signal.on);
        }
    }
    days
}

/// A distribution over the states without the shedding, which decides nothing of what is not read: what runs on is a sixth as much.
#[derive(Clone, Debug, PartialEq)]
pub struct Outlook {
    cleared: f64,
    silent: f64,
    growing: [[f64; NODES]; PACES],
}

impl Outlook {
    pub fn of(message: &Message) -> Outlook {
        Outlook {
            cleared: message.cleared,
            silent: message.silent,
            growing: message.by_pace(),
        }
    }

    /// One step later for somebody in whom no relapse was found during it and nothing was read.
    pub fn step(&self, engine: &Engine, course: &Course, number: usize) -> Outlook {
        wide(
            #[inline(always)]
            || {
                let mut next = self.clone();
                next.run(engine, course, number, None);
                next
            },
        )
    }

    #[inline(always)]
    fn mass(&self) -> f64 {
        self.cleared + self.silent + self.grown()
    }

    #[inline(always)]
    fn grown(&self) -> f64 {
        sum(self.growing.as_flattened())
    }

    /// One step in which scans leave growth unfound with the probability `unseen` at each node; the mass that was found.
    #[inline(always)]
    fn run(&mut self, engine: &Engine, course: &Course, number: usize, unseen: Option<&[f64; NODES]>) -> f64 {
        let begin = self.silent * engine.begin(course, number);
        self.silent -= begin;
        let before = self.grown();
        let mut rows = [0.0; ROOM + PACES * NODES + ROOM];
        for (row, nodes) in rows[ROOM..].chunks_exact_mut(NODES).zip(&self.growing) {
            match unseen {
                None => row.copy_from_slice(nodes),
                Some(unseen) => {
                    let masses = nodes.iter().zip(unseen).map(|(n, unseen)| n * unseen);
                    row.iter_mut().zip(masses).for_each(|(r, mass)| *r = mass);
                }
            }
        }
        for (pace, (nodes, step)) in self.growing.iter_mut().zip(course.moves(number)).enumerate() {
            step.ahead(&rows, pace * NODES, nodes);
        }
        let found = before - self.grown();
        for (nodes, share) in self.growing.iter_mut().zip(course.pace) {
            let sown = nodes.iter_mut().zip(&engine.population.at_begin);
            sown.for_each(|(n, b)| *n += begin * share * b);
        }
        self.turn(course);
        found
    }

    #[inline(always)]
    fn turn(&mut self, course: &Course) {
        let mut all = [0.0; NODES];
        for nodes in &self.growing {
            all.iter_mut().zip(nodes).for_each(|(sum, n)| *sum += n);
        }
        for (nodes, share) in self.growing.iter_mut().zip(course.pace) {
            let mixed = nodes.iter_mut().zip(&all);
            mixed.for_each(|(n, all)| *n += TURN * (share * all - *n));
        }
    }
}

/// P(relapse is found within `HORIZONS` of the day), from the distribution at the beginning of its step.
pub fn forecast(engine: &Engine, course: &Course, outlook: &Outlook, day: Day, schedule: &Schedule) -> [f64; 3] {
    let place_in = f64::from(day.max(0)) / STEP_DAYS;
    let (first, passed) = (place_in as usize, place_in.fract());
    let ends = HORIZONS.map(|h| passed + f64::from(h) / STEP_DAYS);
    let last = ends.iter().copied().fold(0.0, f64::max).ceil() as usize;
    let found = wide(
        #[inline(always)]
        || found(engine, course, outlook, first, last, schedule),
    );
    let at = |steps: f64| {
        let (low, rest) = (steps as usize, steps.fract());
        let next = found[(low + 1).min(found.len() - 1)];
        found[low] + rest * (next - found[low])
    };
    let gone = at(passed);
    ends.map(|end| ((at(end) - gone) / (1.0 - gone)).clamp(0.0, 1.0))
}

/// P(relapse found within 0, 1, … `steps` steps).
#[inline(always)]
fn found(
    engine: &Engine,
    course: &Course,
    outlook: &Outlook,
    first: usize,
    steps: usize,
    schedule: &Schedule,
) -> Vec<f64> {
    let mut outlook = outlook.clone();
    let whole = outlook.mass();
    let seen = &engine.population.seen;
    let mut sum = 0.0;
    let mut all = vec![0.0];
    for step in first..first + steps {
        let scans = schedule.in_step(step as f64 * STEP_DAYS);
        let unseen = (scans > 0.0).then(|| std::array::from_fn(|i| 1.0 - seen[i] * scans.min(1.0)));
        sum += outlook.run(engine, course, step, unseen.as_ref()) / whole;
        all.push(sum);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::tests::{case, engine};
    use super::*;
    use crate::burden::case::{Known, Treated};

    #[test]
    fn what_is_not_read_runs_on_without_the_shedding_as_with_it() {
        let mut one = case(vec![]);
        one.treated = vec![Treated {
            category: "endocrine".into(),
            from: 200,
            to: 700,
            known: Known {
                from: 0,
                until: Day::MAX,
            },
        }];
        let engine = engine(&[&one]);
        let course = engine.course(&one, 0);
        let mut message = Message::start(&engine, &course);
        let mut outlook = Outlook::of(&message);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
        for number in 0..60 {
            message = message.step(&engine, &course, number);
            outlook = outlook.step(&engine, &course, number);
            let whole = Outlook::of(&message);
            assert!(near(whole.cleared, outlook.cleared) && near(whole.silent, outlook.silent));
            let growing = |outlook: &Outlook| outlook.growing.concat();
            assert!(
                growing(&whole).iter().zip(growing(&outlook)).all(|(a, b)| near(*a, b)),
                "step {number}"
            );
        }
        assert!(outlook.mass() < 0.99, "symptoms found some: {}", outlook.mass());
    }
}
