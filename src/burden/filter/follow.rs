//! One patient followed through time. The filter keeps where it stood at each step, so that a later day costs only what is new, and a
//! result that arrives late costs the steps since it was collected.

use std::sync::Arc;

use super::engine::Engine;
use super::evidence::{Context, Likelihood, Own, Tracked};
use super::forecast::Outlook;
use super::message::{Course, Message};
use crate::burden::case::{Case, Day, Found, Signal, What};
use crate::burden::line::Line;
use crate::burden::population::{STEP_DAYS, own};

/// Where the filter stands after a step and the readings in it: for a patient who is not a carrier of clonal haematopoiesis, and for one
/// who is, where that is a question.
#[derive(Clone, Debug)]
pub struct Stand {
    pub plain: Strand,
    pub carrier: Option<Strand>,
    /// Logarithm of the probability of all readings so far and of no relapse until the last of them, after which the masses were made to
    /// add to 1.
    pub log_likelihood: f64,
    /// The largest probability of a slip among the readings of this step, as they came.
    pub doubt: f64,
    /// The readings of this step, where they are kept for a look back.
    pub heard: Vec<Heard>,
}

/// A reading with what it said and the patient's own level as it was before it.
#[derive(Clone, Debug)]
pub struct Heard {
    pub place: usize,
    pub plain: Likelihood,
    pub carrier: Option<Likelihood>,
    pub own: Option<Own>,
}

#[derive(Clone, Debug)]
pub struct Strand {
    pub message: Message,
    /// Shared with the steps before, until a reading sharpens it.
    pub tracked: Arc<Tracked>,
}

#[derive(Debug)]
pub struct Follow<'a> {
    pub(super) engine: &'a Engine,
    pub(super) case: &'a Case,
    pub(super) course: Option<Course>,
    /// The share of carriers of clonal haematopoiesis among patients read like this one; 0 where it is no question.
    carriers: f64,
    /// Places in `case.signals` of the readings that count, in order.
    pub(super) read: Vec<usize>,
    pub(super) duplicates: Vec<i64>,
    pub(super) stands: Vec<Stand>,
    pub(super) keep_heard: bool,
    pub(super) workup_from: Option<Day>,
    /// What was on file on this day counts, where it is later than the day asked for: for a look back.
    pub(super) known_on: Option<Day>,
    /// The same patient without readings, step by step.
    pub(super) unread: Vec<Outlook>,
}

/// A slip as likely as this when the reading came may be sure in the look back.
const DOUBTFUL: f64 = 0.05;

/// The step of a day on or after day zero.
pub fn step_of(day: Day) -> usize {
    (f64::from(day.max(0)) / STEP_DAYS) as usize
}

impl Engine {
    pub fn follow<'a>(&'a self, case: &'a Case) -> Follow<'a> {
        Follow {
            engine: self,
            case,
            course: None,
            carriers: 0.0,
            read: vec![],
            duplicates: vec![],
            stands: vec![],
            keep_heard: false,
            workup_from: None,
            known_on: None,
            unread: vec![],
        }
    }
}

impl Follow<'_> {
    /// The burden on `day`, from what was on file on that day. The answer is the same in whatever order days are asked for.
    pub fn on(&mut self, day: Day) -> Line {
        self.advance(day);
        self.read_out(day)
    }

    /// From now on all that is on file on `day` counts, whatever day is asked for.
    pub fn known_on(&mut self, day: Day) {
        self.known_on = Some(day);
    }

    /// Whether a reading was doubtful when it came: then a look back is worth its cost.
    pub fn doubtful(&self) -> bool {
        self.stands.iter().any(|stand| stand.doubt > DOUBTFUL)
    }

    /// Brings the filter to `day`.
    pub fn advance(&mut self, day: Day) {
        let known_on = self.known_on.unwrap_or(day);
        let (mut read, duplicates) = visible(self.case, day, known_on);
        if let Some(from) = self.workup_from {
            // a scan of the workup that found the relapse is part of the finding
            let workup = |s: &Signal| s.on >= from && matches!(s.what, What::Scan { .. });
            read.retain(|i| !workup(&self.case.signals[*i]));
        }
        let course = self.engine.course(self.case, known_on);
        let carriers = self.carriers(&read);
        if self.course.as_ref() != Some(&course) || carriers != self.carriers {
            self.stands.clear();
            self.read.clear();
        }
        if self.course.as_ref() != Some(&course) {
            self.unread.clear();
        }
        let same = self.read.iter().zip(&read).take_while(|(a, b)| a == b).count();
        let step_at = |list: &[usize]| list.get(same).map(|i| step_of(self.case.signals[*i].on));
        let from = step_at(&self.read).into_iter().chain(step_at(&read)).min();
        let last = step_of(day);
        let keep = from.unwrap_or(usize::MAX).min(last + 1).min(self.stands.len());
        self.stands.truncate(keep);
        self.read = read;
        self.duplicates = duplicates;
        self.carriers = carriers;
        let mut next = self.read.partition_point(|i| step_of(self.case.signals[*i].on) < keep);
        for step in keep..=last {
            let stop = next
                + self.read[next..]
                    .iter()
                    .take_while(|i| step_of(self.case.signals[**i].on) == step)
                    .count();
            let stand = self.stand(&course, step, next..stop);
            self.stands.push(stand);
            next = stop;
        }
        self.course = Some(course);
    }

    fn stand(&self, course: &Course, step: usize, read: std::ops::Range<usize>) -> Stand {
        let mut stand = match self.stands.last() {
            None => self.first(course),
            Some(before) => Stand {
                plain: before.plain.step(self.engine, course, step - 1),
                carrier: before.carrier.as_ref().map(|c| c.step(self.engine, course, step - 1)),
                log_likelihood: before.log_likelihood,
                doubt: 0.0,
                heard: vec![],
            },
        };
        if read.is_empty() {
            return stand;
        }
        let context = Context::of(self.engine, self.case);
        for (count, place) in self.read[read].iter().enumerate() {
            // many readings of one step would take the masses out of range
            if count % FRESH == FRESH - 1 {
                stand.normalise();
            }
            let signal = &self.case.signals[*place];
            let own = context.own(signal, &stand.plain.tracked);
            let plain = stand.plain.hear(&context, signal, false);
            let slipped = plain
                .as_ref()
                .and_then(|likelihood| likelihood.slipped(&stand.plain.message));
            stand.doubt = stand.doubt.max(slipped.unwrap_or(0.0));
            let carrier = stand
                .carrier
                .as_mut()
                .and_then(|carrier| carrier.hear(&context, signal, true));
            if let (true, Some(plain)) = (self.keep_heard, plain) {
                let place = *place;
                stand.heard.push(Heard {
                    place,
                    plain,
                    carrier,
                    own,
                });
            }
        }
        stand.normalise();
        stand
    }

    fn first(&self, course: &Course) -> Stand {
        let mut plain = Strand {
            message: Message::start(self.engine, course),
            tracked: Arc::default(),
        };
        let carrier = (self.carriers > 0.0).then(|| {
            let mut carrier = plain.clone();
            carrier.message.scale(self.carriers);
            carrier
        });
        plain.message.scale(1.0 - self.carriers);
        Stand {
            plain,
            carrier,
            log_likelihood: 0.0,
            doubt: 0.0,
            heard: vec![],
        }
    }

    /// The largest share of carriers among the assays read; a question only where one that mistakes them for tumour has found something.
    fn carriers(&self, read: &[usize]) -> f64 {
        let assays = || {
            read.iter().filter_map(|i| match &self.case.signals[*i].what {
                What::Molecules { assay, found, .. } => Some((own(&self.engine.population.assays, assay)?, found)),
                _ => None,
            })
        };
        let found = |found: &Found| matches!(found, Found::Number(_) | Found::Above(_));
        if assays().any(|(assay, f)| found(f) && assay.mistakes_clones()) {
            assays().map(|(assay, _)| assay.clonal).fold(0.0, f64::max)
        } else {
            0.0
        }
    }
}

impl Strand {
    fn step(&self, engine: &Engine, course: &Course, number: usize) -> Strand {
        Strand {
            message: self.message.step(engine, course, number),
            tracked: Arc::clone(&self.tracked),
        }
    }

    fn hear(&mut self, context: &Context, signal: &Signal, clonal: bool) -> Option<Likelihood> {
        let likelihood = context.likelihood(signal, &self.tracked, clonal)?;
        self.apply(context, signal, &likelihood, clonal);
        Some(likelihood)
    }

    fn apply(&mut self, context: &Context, signal: &Signal, likelihood: &Likelihood, clonal: bool) {
        let known = context.own(signal, &self.tracked).map_or(1.0, |own| own.made);
        let made = likelihood.made(&self.message, known);
        likelihood.apply(&mut self.message);
        let mass = self.message.mass();
        let still = (self.message.cleared + self.message.silent) / mass;
        let sound = 1.0 - likelihood.slipped(&self.message).unwrap_or(0.0);
        if still.is_finite() {
            context.track(signal, Arc::make_mut(&mut self.tracked), still * sound, made, clonal);
        }
    }
}

/// After so many readings of one step masses are brought back to 1.
pub(super) const FRESH: usize = 16;

impl Stand {
    fn normalise(&mut self) {
        let mass = self.plain.message.mass() + self.carrier.as_ref().map_or(0.0, |c| c.message.mass());
        self.log_likelihood += mass.max(f64::MIN_POSITIVE).ln();
        if mass > 0.0 {
            self.plain.message.scale(1.0 / mass);
            if let Some(carrier) = &mut self.carrier {
                carrier.message.scale(1.0 / mass);
            }
        }
    }

    /// Both strands together.
    pub fn message(&self) -> Message {
        let mut all = self.plain.message.clone();
        if let Some(Strand { message, .. }) = &self.carrier {
            all.cleared += message.cleared;
            all.silent += message.silent;
            for (a, m) in all.growing.iter_mut().zip(&message.growing) {
                *a += m;
            }
        }
        all
    }
}

/// The readings from day zero to `day` that are on file on `known_on`, and the ids of those that repeat one of the same day: to the last
/// digit, or a protein from the same tube once more.
pub fn visible(case: &Case, day: Day, known_on: Day) -> (Vec<usize>, Vec<i64>) {
    let (mut read, mut duplicates) = (Vec::<usize>::new(), vec![]);
    for (place, signal) in case.signals.iter().enumerate() {
        if signal.is_of_the_primary() || signal.on > day || !signal.known.on(known_on) {
            continue;
        }
        let of_day = read.iter().rev().take_while(|i| case.signals[**i].on == signal.on);
        let scan = matches!(signal.what, What::Scan { .. });
        if !scan
            && of_day
                .into_iter()
                .any(|i| repeats(&case.signals[*i].what, &signal.what))
        {
            duplicates.push(signal.id);
        } else {
            read.push(place);
        }
    }
    (read, duplicates)
}

/// Two runs of one tube differ by less than this, in natural logarithms. Assumed: five times a usual analytical variation of 2 %.
const RERUN: f64 = 0.1;

fn repeats(first: &What, second: &What) -> bool {
    match (first, second) {
        (
            What::Marker {
                analyte: a,
                level: Found::Number(one),
            },
            What::Marker {
                analyte: b,
                level: Found::Number(other),
            },
        ) => a == b && (one - other).abs() < RERUN,
        _ => first == second,
    }
}
