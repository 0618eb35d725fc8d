//! The landmark stack: for each patient some days on which it was watched and free of relapse, and what came after each.

use chrono::NaiveDate;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Settings;
use super::features::Schema;
use crate::burden::case::{Case, Day, Outcome};
use crate::burden::{Engine, Line};
use crate::domain::id::PatientRef;

/// Somebody seen this long before the cut is taken as still watched.
const STILL_WATCHED_DAYS: Day = 400;
/// What happened in the last days before the cut may not be on file yet.
const REPORTING_DAYS: Day = 45;

/// How a case's watch ended, as known on the cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub on: Day,
    /// 0 watched no longer, 1 distant relapse, 2 death without it.
    pub event: u8,
}

/// The cut as a day of the case.
pub fn day_of(case: &Case, cut: NaiveDate) -> Day {
    Day::try_from((cut - case.origin).num_days()).unwrap_or(Day::MAX)
}

/// `None` for somebody never seen after day zero.
pub fn ended(case: &Case, cut: Day) -> Option<Ended> {
    // who is told to have been alive and watched on a day was watched until then; others are while their visits go on, up to a day by
    // which what happened is on file: what is on file of the days after it would be relapses and no one who had none
    let contact = case
        .happened
        .iter()
        .filter(|h| h.known.on(cut) && h.on <= cut)
        .map(|h| (h.on, h.what == Outcome::Contact));
    let told = contact.clone().filter(|(_, contact)| *contact).map(|(on, _)| on).max();
    let closing = (cut - REPORTING_DAYS).max(told.unwrap_or(Day::MIN));
    if let Some(end) = case.end(cut) {
        let event = match end.what {
            Outcome::Relapse { .. } => 1,
            Outcome::Death => 2,
            Outcome::Left | Outcome::Contact => 0,
        };
        return Some(if end.on <= closing {
            Ended { on: end.on, event }
        } else {
            Ended { on: closing, event: 0 }
        });
    }
    let signal = case.signals_on(cut).last().map(|signal| signal.on);
    let visit = case
        .visits
        .iter()
        .rev()
        .find(|(on, known)| *on <= cut && known.on(cut))
        .map(|(on, _)| *on);
    let seen = contact.map(|(on, _)| on).max().max(signal).max(visit)?;
    let watched = cut - REPORTING_DAYS;
    let until = if told != Some(seen) && seen < watched && cut - seen <= STILL_WATCHED_DAYS {
        watched
    } else {
        seen
    };
    Some(Ended { on: until, event: 0 })
}

/// A number in [0, 1) that the patient's own number decides.
pub(super) fn share(patient: PatientRef, seed: u64) -> f64 {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&patient.site.0.to_le_bytes());
    bytes[4..].copy_from_slice(&patient.patient.0.to_le_bytes());
    (xxh3_64_with_seed(&bytes, seed) >> 11) as f64 / (1u64 << 53) as f64
}

/// The part of the patients that a patient is in: the fit that leaves it out has not seen the patient.
pub(super) fn part_of(patient: PatientRef, settings: &Settings) -> usize {
    (share(patient, settings.seed ^ 0xf01d) * settings.folds as f64) as usize
}

/// Rows of all patients, in columns.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// Place of the case.
    pub case: Vec<u32>,
    pub day: Vec<Day>,
    /// Days from the landmark to the end.
    pub watched: Vec<Day>,
    pub event: Vec<u8>,
    pub weight: Vec<f64>,
    /// Whether the row's day is one on which risks will be asked for.
    pub asked: Vec<bool>,
    /// Part of the patients that the row's patient is in.
    pub fold: Vec<u8>,
    /// Row by row, `width` numbers each.
    pub raw: Vec<f64>,
    pub width: usize,
}

impl Stack {
    pub fn len(&self) -> usize {
        self.day.len()
    }

    pub fn raw(&self, row: usize) -> &[f64] {
        &self.raw[row * self.width..(row + 1) * self.width]
    }

    /// The same rows without what was seen.
    pub fn without_raw(&self) -> Stack {
        Stack {
            case: self.case.clone(),
            day: self.day.clone(),
            watched: self.watched.clone(),
            event: self.event.clone(),
            weight: self.weight.clone(),
            asked: self.asked.clone(),
            fold: self.fold.clone(),
            raw: vec![],
            width: 0,
        }
    }

    fn append(&mut self, mut other: Stack) {
        self.case.append(&mut other.case);
        self.day.append(&mut other.day);
        self.watched.append(&mut other.watched);
        self.event.append(&mut other.event);
        self.weight.append(&mut other.weight);
        self.asked.append(&mut other.asked);
        self.fold.append(&mut other.fold);
        self.raw.append(&mut other.raw);
    }
}

/// A case that takes part in a fit, with the weight it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    pub case: usize,
    pub ended: Ended,
    pub weight: f64,
}

/// Those with any time at risk, all with a relapse and as many of the others as the cap allows, drawn by their own numbers.
pub fn members(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Vec<Member> {
    let days = |case: &Case, ended: &Ended| -> usize {
        let all = settings.days(share(case.patient, settings.seed));
        all.iter().filter(|day| **day < ended.on).count()
    };
    let known = |i: usize| {
        let ended = ended(&cases[i], day_of(&cases[i], cut))?;
        let rows = days(&cases[i], &ended);
        (rows > 0).then_some((i, ended, rows))
    };
    let all: Vec<(usize, Ended, usize)> = (0..cases.len()).into_par_iter().filter_map(known).collect();
    let rows = |event: bool| -> usize {
        let these = all.iter().filter(|(_, ended, _)| (ended.event == 1) == event);
        these.map(|(_, _, rows)| rows).sum()
    };
    let most = settings.most_rows as f64;
    let relapsed = (most / 2.0 / rows(true).max(1) as f64).min(1.0);
    let left = most - relapsed * rows(true) as f64;
    let others = (left / rows(false).max(1) as f64).min(1.0);
    let drawn = |(case, ended, _): (usize, Ended, usize)| {
        let kept = if ended.event == 1 { relapsed } else { others };
        (share(cases[case].patient, settings.seed ^ 0x5eed) < kept).then_some(Member {
            case,
            ended,
            weight: 1.0 / kept,
        })
    };
    all.into_iter().filter_map(drawn).collect()
}

/// The rows of `members`, with what was known on each landmark and nothing later.
pub fn stack(
    cases: &[Case],
    members: &[Member],
    schema: &Schema,
    engine: Option<&Engine>,
    settings: &Settings,
) -> Stack {
    let one = |member: &Member| {
        let case = &cases[member.case];
        let mut own = Stack::default();
        let mut follow = engine.map(|engine| engine.follow(case));
        let mut row = Vec::with_capacity(schema.width());
        let fold = part_of(case.patient, settings) as u8;
        let days = settings.days(share(case.patient, settings.seed));
        for day in days.into_iter().filter(|day| *day < member.ended.on) {
            let line: Option<Line> = follow.as_mut().map(|follow| follow.on(day));
            schema.fill(case, day, line.as_ref(), &mut row);
            own.raw.extend_from_slice(&row);
            own.case.push(member.case as u32);
            own.day.push(day);
            own.watched.push(member.ended.on - day);
            own.event.push(member.ended.event);
            own.weight.push(member.weight);
            own.asked.push(settings.is_asked(day));
            own.fold.push(fold);
        }
        own
    };
    let parts: Vec<Stack> = members.par_iter().map(one).collect();
    let mut all = Stack {
        width: schema.width(),
        ..Stack::default()
    };
    parts.into_iter().for_each(|part| all.append(part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::burden::case::{Happened, Known};
    use crate::burden::filter::tests::case;

    /// What happened in the days before the cut counts where the patient is told to have been watched through them, else for nobody.
    #[test]
    fn the_last_days_before_the_cut_count_for_all_or_for_none() {
        let happened = |on: Day, what: Outcome| Happened {
            on,
            known: Known {
                from: on,
                until: Day::MAX,
            },
            what,
        };
        let of = |happened: &[Happened]| {
            let mut case = case(vec![]);
            case.happened = happened.to_vec();
            ended(&case, 1000).map(|end| (end.on, end.event))
        };
        let relapse = |on| {
            happened(
                on,
                Outcome::Relapse {
                    organ: "liver".into(),
                    by_scan: false,
                },
            )
        };
        assert_eq!(of(&[relapse(955)]), Some((955, 1)));
        assert_eq!(of(&[relapse(956)]), Some((955, 0)));
        assert_eq!(of(&[relapse(956), happened(970, Outcome::Contact)]), Some((956, 1)));
        assert_eq!(
            of(&[happened(990, Outcome::Contact), happened(995, Outcome::Death)]),
            Some((990, 0))
        );
        assert_eq!(of(&[happened(990, Outcome::Contact)]), Some((990, 0)));
        assert_eq!(of(&[]), None);
    }
}
