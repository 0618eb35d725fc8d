//! The landmark stack: for each patient some days on which it was watched and free of relapse, and what came after each.

use chrono::NaiveDate;
use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Settings;
use super::features::Schema;
use crate::burden::case::{Case, Day};
use crate::burden::{Ended, Engine, Line};
use crate::domain::id::PatientRef;

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

    /// The same rows with their first `width` columns alone.
    pub fn narrowed(&self, width: usize) -> Stack {
        let rows = (0..self.len()).flat_map(|row| &self.raw(row)[..width]);
        Stack {
            raw: rows.copied().collect(),
            width,
            ..self.without_raw()
        }
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

/// Those with any time at risk. Beyond the cap those without a relapse are drawn by their own numbers, and those with one only where their
/// rows are more than half of it.
pub fn members(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Vec<Member> {
    let days = |case: &Case, ended: &Ended| -> usize {
        let all = settings.days(share(case.patient, settings.seed));
        all.iter().filter(|day| **day < ended.on).count()
    };
    let known = |i: usize| {
        let ended = cases[i].ended(cases[i].day_of(cut))?;
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
