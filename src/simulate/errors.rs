//! Errors of entry: slips of unit and decimal point, wrong years, duplicates, swapped tubes. Each is kept for the truth.

use super::draw::Draw;
use super::patient::Patient;
use super::readings::{Readings, Sample};

/// Shares of rows. Assumed.
const SLIPS: f64 = 0.006;
const WRONG_YEARS: f64 = 0.004;
const DUPLICATES: f64 = 0.012;
/// Of two tubes of one platform, centre and week.
const SWAPS: f64 = 0.05;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    TimesTen,
    TimesHundred,
    TenthOf,
    HundredthOf,
    WrongYear,
    Duplicate,
    SwappedTube,
}

impl Kind {
    pub fn code(self) -> &'static str {
        match self {
            Kind::TimesTen => "times_10",
            Kind::TimesHundred => "times_100",
            Kind::TenthOf => "divided_by_10",
            Kind::HundredthOf => "divided_by_100",
            Kind::WrongYear => "wrong_year",
            Kind::Duplicate => "duplicate",
            Kind::SwappedTube => "swapped_tube",
        }
    }

    fn factor(self) -> f64 {
        match self {
            Kind::TimesTen => 10.0,
            Kind::TimesHundred => 100.0,
            Kind::TenthOf => 0.1,
            Kind::HundredthOf => 0.01,
            _ => 1.0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum File {
    Ctdna,
    Ctc,
    Dtc,
    Markers,
}

/// `row` is the place among the patient's rows of that file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slip {
    pub file: File,
    pub row: usize,
    pub kind: Kind,
}

fn slip(draw: &mut Draw) -> Option<Kind> {
    let kinds = [Kind::TimesTen, Kind::TenthOf, Kind::TimesHundred, Kind::HundredthOf];
    draw.chance(SLIPS).then(|| kinds[draw.pick(&[0.35, 0.3, 0.15, 0.2])])
}

/// The date of collection typed with a wrong year; the report's own date stays.
fn year(draw: &mut Draw, collected: &mut i32) -> bool {
    let wrong = draw.chance(WRONG_YEARS);
    if wrong {
        *collected += if draw.chance(0.7) { -365 } else { 365 };
    }
    wrong
}

/// Spoils the rows of one patient; nothing is reported after `cut`.
pub(super) fn spoil(draw: &mut Draw, readings: &mut Readings, cut: i32) -> Vec<Slip> {
    let mut slips = vec![];
    double(draw, readings, cut, &mut slips);
    let mut note = |file, row, kind| slips.push(Slip { file, row, kind });
    for (row, ctdna) in readings.ctdna.iter_mut().enumerate() {
        if let (Some(value), Some(kind)) = (&mut ctdna.value, slip(draw)) {
            *value *= kind.factor();
            note(File::Ctdna, row, kind);
        }
        if year(draw, &mut ctdna.sample.collected) {
            note(File::Ctdna, row, Kind::WrongYear);
        }
    }
    for (row, marker) in readings.markers.iter_mut().enumerate() {
        if let Some(kind) = slip(draw) {
            marker.value *= kind.factor();
            note(File::Markers, row, kind);
        }
        if year(draw, &mut marker.sample.collected) {
            note(File::Markers, row, Kind::WrongYear);
        }
    }
    for (file, rows) in [(File::Ctc, &mut readings.ctc), (File::Dtc, &mut readings.dtc)] {
        for (row, cells) in rows.iter_mut().enumerate() {
            if year(draw, &mut cells.sample.collected) {
                note(file, row, Kind::WrongYear);
            }
        }
    }
    slips
}

/// Some rows twice, the second reported later; a marker of the second differs a little, as of a second run.
fn double(draw: &mut Draw, readings: &mut Readings, cut: i32, slips: &mut Vec<Slip>) {
    fn rows<R: Clone>(draw: &mut Draw, rows: &mut Vec<R>, mut again: impl FnMut(&mut Draw, &mut R)) -> Vec<usize> {
        let mut places = vec![];
        let mut row = 0;
        while row < rows.len() {
            if draw.chance(DUPLICATES) {
                let mut second = rows[row].clone();
                again(draw, &mut second);
                row += 1;
                rows.insert(row, second);
                places.push(row);
            }
            row += 1;
        }
        places
    }
    let later = |draw: &mut Draw, r: &mut Sample| r.reported = (r.reported + draw.between(1.0, 30.0) as i32).min(cut);
    let ctdna = rows(draw, &mut readings.ctdna, |draw, r| later(draw, &mut r.sample));
    let ctc = rows(draw, &mut readings.ctc, |draw, r| later(draw, &mut r.sample));
    let dtc = rows(draw, &mut readings.dtc, |draw, r| later(draw, &mut r.sample));
    let markers = rows(draw, &mut readings.markers, |draw, r| {
        later(draw, &mut r.sample);
        if !r.below {
            r.value *= draw.around(1.0, 0.02);
        }
    });
    for (file, places) in [
        (File::Ctdna, ctdna),
        (File::Ctc, ctc),
        (File::Dtc, dtc),
        (File::Markers, markers),
    ] {
        let kind = Kind::Duplicate;
        slips.extend(places.into_iter().map(|row| Slip { file, row, kind }));
    }
}

/// Exchanges some results between patients who gave blood at the same centre in the same week.
pub(super) fn swap(draw: &mut Draw, patients: &mut [Patient]) {
    for first in 0..patients.len() {
        for second in first + 1..patients.len() {
            let (head, tail) = patients.split_at_mut(second);
            exchange(draw, &mut head[first], &mut tail[0]);
        }
    }
}

fn exchange(draw: &mut Draw, one: &mut Patient, other: &mut Patient) {
    if one.who.centre != other.who.centre {
        return;
    }
    let apart = (other.who.surgery - one.who.surgery).num_days() as i32;
    for i in 0..one.readings.ctdna.len() {
        let a = &one.readings.ctdna[i];
        let day = a.sample.collected - apart;
        let found = other.readings.ctdna.iter().position(|b| {
            (b.sample.collected - day).abs() <= 6 && b.platform == a.platform && b.value.is_some() != a.value.is_some()
        });
        let Some(j) = found.filter(|_| draw.chance(SWAPS)) else {
            continue;
        };
        let clean = |slips: &[Slip], row| !slips.iter().any(|s| s.file == File::Ctdna && s.row == row);
        if clean(&one.slips, i) && clean(&other.slips, j) {
            let (a, b) = (&mut one.readings.ctdna[i], &mut other.readings.ctdna[j]);
            let (mine, theirs) = (a.sample, b.sample);
            std::mem::swap(a, b);
            (a.sample, b.sample) = (mine, theirs);
            let note = |row| Slip {
                file: File::Ctdna,
                row,
                kind: Kind::SwappedTube,
            };
            one.slips.push(note(i));
            other.slips.push(note(j));
        }
    }
}
