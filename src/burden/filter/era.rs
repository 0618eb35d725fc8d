//! Treatment in the steps of time: while a course of it lasts, what grows and what rests have less of the time that passes.

use std::ops::Range;
use std::sync::OnceLock;

use super::lattice::Kernel;
use super::message::{Course, NODES};
use super::moves::Move;
use crate::burden::case::{Case, Day};
use crate::burden::population::{DOUBLING, LATTICE, PACES, Population, STEP_DAYS};

/// Variance of a step of growth, in squared log burden per day: tumours do not grow by the clock.
const WANDER: f64 = 0.0008;

/// Steps under the same treatments.
#[derive(Clone, Debug)]
pub struct Era {
    pub steps: Range<usize>,
    /// Their categories.
    pub under: Vec<String>,
    /// The share of the time that passes which they leave to the tumour.
    pub left: f64,
    moves: OnceLock<Vec<Move>>,
    stretched: OnceLock<[Vec<Move>; 2]>,
}

impl PartialEq for Era {
    fn eq(&self, other: &Era) -> bool {
        (&self.steps, &self.under, self.left) == (&other.steps, &other.under, other.left)
    }
}

/// By how much the logarithm of the time that an era leaves is changed to see what it does.
pub const STRETCH: f64 = 0.1;

impl Era {
    /// The step of time, by pace.
    pub fn moves(&self, free: &[f64; NODES]) -> &[Move] {
        self.moves.get_or_init(|| moves(STEP_DAYS * self.left, free))
    }

    /// The same with more time and with less.
    pub fn stretched(&self, free: &[f64; NODES]) -> &[Vec<Move>; 2] {
        let by = |by: f64| moves(STEP_DAYS * self.left * by.exp(), free);
        self.stretched.get_or_init(|| [by(STRETCH), by(-STRETCH)])
    }
}

/// What patients with a primary in one organ have in common. An engine has one of each.
#[derive(Clone, Debug)]
pub struct Organ {
    /// P(symptoms give nothing away within a step) at each node.
    pub free: [f64; NODES],
    /// The step of time, by pace, while no treatment slows it.
    untreated: Vec<Move>,
}

impl Organ {
    pub fn new(symptoms: &[f64]) -> Organ {
        let free = std::array::from_fn(|i| 1.0 - symptoms.get(i).unwrap_or(&0.0));
        Organ {
            untreated: moves(STEP_DAYS, &free),
            free,
        }
    }
}

impl PartialEq for Organ {
    fn eq(&self, other: &Organ) -> bool {
        std::ptr::eq(self, other)
    }
}

/// Growth per day.
pub fn rate(pace: usize) -> f64 {
    std::f64::consts::LN_2 / DOUBLING[pace]
}

/// What so many days of undisturbed time do to growth, by pace.
fn moves(days: f64, free: &[f64; NODES]) -> Vec<Move> {
    (0..PACES)
        .map(|pace| Move::new(&Kernel::near(&LATTICE, rate(pace) * days, WANDER * days), free))
        .collect()
}

/// The spans of steps in which treatment on file on `day` slows time: those with the same courses together. A course holds in a step
/// when it holds in its middle.
pub fn eras(population: &Population, case: &Case, day: Day) -> Vec<Era> {
    let mut courses: Vec<(&str, Range<usize>)> = vec![];
    for treated in case.treated.iter().filter(|t| t.known.on(day)) {
        let edge = |day: Day| (f64::from(day) / STEP_DAYS - 0.5).ceil().max(0.0) as usize;
        courses.push((&treated.category, edge(treated.from)..edge(treated.to)));
    }
    let mut edges: Vec<usize> = courses.iter().flat_map(|(_, steps)| [steps.start, steps.end]).collect();
    edges.sort_unstable();
    edges.dedup();
    let era = |pair: &[usize]| {
        let mut under: Vec<&str> = courses
            .iter()
            .filter(|(_, steps)| steps.contains(&pair[0]))
            .map(|(category, _)| *category)
            .collect();
        under.sort_unstable();
        under.dedup();
        let left = under.iter().map(|category| population.left(category)).product();
        (!under.is_empty()).then(|| Era {
            steps: pair[0]..pair[1],
            under: under.into_iter().map(str::to_owned).collect(),
            left,
            moves: OnceLock::new(),
            stretched: OnceLock::new(),
        })
    };
    edges.windows(2).filter_map(era).collect()
}

impl Course {
    #[inline(always)]
    pub fn era(&self, number: usize) -> Option<&Era> {
        self.eras.iter().find(|era| era.steps.contains(&number))
    }

    /// How growth moves within a step, by pace.
    #[inline(always)]
    pub fn moves(&self, number: usize) -> &[Move] {
        let organ = &self.organ;
        self.era(number).map_or(&organ.untreated, |era| era.moves(&organ.free))
    }

    /// The share of the time that a step leaves.
    pub fn left(&self, number: usize) -> f64 {
        self.era(number).map_or(1.0, |era| era.left)
    }

    /// The day by which the undisturbed time `time` (days, negative into the past) will have passed from `day` on. Before day zero and
    /// after the last course nothing slows it.
    pub fn day_after(&self, day: f64, time: f64) -> f64 {
        if self.eras.is_empty() {
            return day + time;
        }
        let spans = || {
            self.eras.iter().map(|era| {
                let edge = |step: usize| step as f64 * STEP_DAYS;
                (edge(era.steps.start), edge(era.steps.end), era.left)
            })
        };
        let (mut at, mut rest) = (day, time.abs());
        // one stretch of even speed after another, in the direction asked for
        loop {
            let (low, high, left) = spans()
                .find(|(from, to, _)| {
                    if time >= 0.0 {
                        *from <= at && at < *to
                    } else {
                        *from < at && at <= *to
                    }
                })
                .unwrap_or_else(|| {
                    let low = spans()
                        .map(|(_, to, _)| to)
                        .filter(|to| *to <= at)
                        .fold(f64::NEG_INFINITY, f64::max);
                    let high = spans()
                        .map(|(from, ..)| from)
                        .filter(|from| *from >= at)
                        .fold(f64::INFINITY, f64::min);
                    (low, high, 1.0)
                });
            let room = if time >= 0.0 { high - at } else { at - low };
            if rest <= room * left {
                return at + (rest / left).copysign(time);
            }
            rest -= room * left;
            at = if time >= 0.0 { high } else { low };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{case, ctdna, engine, signal};
    use super::super::*;
    use crate::burden::case::{Case, Day, Found, Known, Signal, Treated};
    use crate::burden::population::Population;
    use crate::domain::id::PatientId;

    fn course(category: &str, from: Day, to: Day, known: Day) -> Treated {
        Treated {
            category: category.into(),
            from,
            to,
            known: Known {
                from: known,
                until: Day::MAX,
            },
        }
    }

    /// Four readings in which what grows doubles every 90 days.
    fn growing() -> Case {
        let reading = |k: i64| {
            let on = 240 + 90 * k as Day;
            signal(k, on, on, ctdna(Found::Number(4.0 * 2.0_f64.powi(k as i32))))
        };
        case((0..4).map(reading).collect())
    }

    #[test]
    fn treatment_slows_what_grows_from_the_day_on_which_it_is_known() {
        let untreated = growing();
        let engine = engine(&[&untreated]);
        let treated = |to: Day, known: Day| {
            let mut case = untreated.clone();
            case.treated = vec![course("chemotherapy", 520, to, known)];
            case
        };
        let risk = |case: &Case, day: Day| engine.follow(case).on(day).forecast[1];
        let (short, long) = (treated(640, 500), treated(900, 500));
        assert!(risk(&long, 530) < risk(&short, 530) && risk(&short, 530) < risk(&untreated, 530));
        let told_late = treated(900, 600);
        assert_eq!(risk(&told_late, 599), risk(&untreated, 599));
        assert!(risk(&told_late, 600) < risk(&untreated, 600));
        // once it is over, the steps are as they were
        assert_eq!(engine.course(&short, 530).era(21), None);
        assert!(engine.course(&short, 530).era(20).is_some() && engine.course(&short, 530).era(16).is_none());
    }

    #[test]
    fn courses_at_the_same_time_slow_together() {
        let mut both = growing();
        both.treated = vec![
            course("endocrine", 30, 300, 0),
            course("chemotherapy", 30, 150, 0),
            course("chemotherapy", 60, 150, 0), // told twice
        ];
        let mut engine = engine(&[&both]);
        engine.population.left = [("endocrine".to_owned(), -0.3), ("chemotherapy".to_owned(), -0.5)].into();
        let course = engine.course(&both, 10);
        let left = |step: usize| course.era(step).map_or(0.0, |era| era.left.ln());
        assert!((left(1) + 0.8).abs() < 1e-12 && (left(4) + 0.8).abs() < 1e-12);
        assert!((left(5) + 0.3).abs() < 1e-12 && left(10) == 0.0 && left(0) == 0.0);
    }

    /// What EM moves by is the slope of the likelihood of readings and outcome.
    #[test]
    fn the_score_of_a_treatment_is_the_slope_of_the_likelihood() {
        #[derive(Default)]
        struct Scores(f64);
        impl Visitor for Scores {
            fn step(&mut self, _: usize, _: f64, _: &Message) {}

            fn begun(&mut self, _: usize, _: f64, _: &[f64]) {}

            fn slowed(&mut self, under: &[String], score: f64) {
                assert_eq!(under, ["endocrine"]);
                self.0 += score;
            }

            fn reading(&mut self, _: &Signal, _: &Heard, _: &Message, _: f64) {}

            fn start(&mut self, _: &Course, _: &Message, _: Option<f64>) {}
        }
        let mut treated = growing();
        treated.treated = vec![course("endocrine", 100, 480, 0)];
        for (end, left) in [(End::Other, -0.3), (End::Other, -0.9), (End::Symptoms, -0.3)] {
            let at = |left: f64| {
                let mut engine = engine(&[&treated]);
                engine.population.left.insert("endocrine".to_owned(), left);
                let mut scores = Scores::default();
                let log_likelihood = engine.follow(&treated).look_back(560, end, &mut scores);
                (log_likelihood, scores.0)
            };
            let slope = (at(left + 0.1).0 - at(left - 0.1).0) / 0.2;
            let score = at(left).1;
            assert!(
                (score - slope).abs() < 0.03 * slope.abs().max(0.3),
                "{end:?} {left}: {score} {slope}"
            );
        }
    }

    /// A hundred patients whose burden doubles every 90 days, half of them under treatment, in whom it may take longer.
    #[test]
    fn how_much_a_treatment_slows_is_learned() {
        let learned = |under_treatment: f64| {
            let one = |i: i64| {
                let treated = i % 2 == 0;
                let doubling = if treated { under_treatment } else { 90.0 };
                let reading = |k: i64| {
                    let on = 30 + 60 * k as Day;
                    let molecules = (3.0 + (i % 7) as f64) * (f64::from(on) / doubling).exp2();
                    signal(k, on, on, ctdna(Found::Number(molecules.round())))
                };
                let mut case = case((0..8).map(reading).collect());
                case.patient.patient = PatientId(i);
                if treated {
                    case.treated = vec![course("endocrine", 0, 1826, 0)];
                }
                case
            };
            let cases: Vec<Case> = (0..100).map(one).collect();
            Population::learn(&cases, |_| 480).left("endocrine")
        };
        let (slows, does_nothing) = (learned(180.0), learned(90.0));
        assert!((0.35..0.75).contains(&slows), "{slows}");
        assert!(does_nothing > 0.85, "{does_nothing}");
    }

    #[test]
    fn time_runs_slower_through_a_course_in_both_directions() {
        let mut treated = growing();
        treated.treated = vec![course("endocrine", 300, 600, 0)];
        let mut engine = engine(&[&treated]);
        engine.population.left = [("endocrine".to_owned(), 0.5_f64.ln())].into();
        let course = engine.course(&treated, 10);
        for (from, time, to) in [
            (0.0, 100.0, 100.0),
            (200.0, 200.0, 500.0),
            (200.0, 300.0, 650.0),
            (450.0, 25.0, 500.0),
            (700.0, 50.0, 750.0),
            (700.0, -150.0, 500.0),
            (700.0, -300.0, 250.0),
            (600.0, -150.0, 300.0),
            (300.0, -40.0, 260.0),
            (300.0, 0.0, 300.0),
        ] {
            let reached = course.day_after(from, time);
            assert!((reached - to).abs() < 1e-9, "{from} {time}: {reached}");
        }
    }

    /// What is said of the day is said of the treatment that holds on it.
    #[test]
    fn a_line_under_treatment_doubles_later_and_is_seen_later() {
        let untreated = growing();
        let mut treated = untreated.clone();
        treated.treated = vec![course("chemotherapy", 511, 2000, 500)];
        let engine = engine(&[&untreated]);
        let on = |case: &Case, day: Day| engine.follow(case).on(day);
        let (free, slowed) = (on(&untreated, 531), on(&treated, 531));
        assert!(slowed.slope.mean < 0.9 * free.slope.mean);
        assert!(slowed.doubling_days.unwrap().mean > 1.1 * free.doubling_days.unwrap().mean);
        assert!(slowed.visible.unwrap().mean > free.visible.unwrap().mean + 10.0);
        assert!(
            (slowed.began.unwrap().mean - free.began.unwrap().mean).abs() < 40.0,
            "it began before"
        );
    }
}
