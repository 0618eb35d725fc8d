//! What care sees: scans and symptoms until one finds the relapse, death of other causes, drop-out, and the visits on the way.

use super::baseline::Baseline;
use super::calendar::Calendar;
use super::disease::{Disease, diameter};
use super::draw::Draw;
use super::groups::Organ;

const YEAR: f64 = 365.25;
/// Drop-out per year. Assumed.
const LEAVES: f64 = 0.028;
/// Deaths of other causes per year at 65, and their rise with age (Gompertz law of general populations). Assumed.
const DEATHS_AT_65: f64 = 0.011;
const DEATHS_RISE: f64 = 0.09;
/// Scans are scheduled for five years.
const SCANNED_UNTIL: f64 = 5.0 * YEAR + 20.0;
/// Half the lesions of this diameter in mm are seen by a scan. Assumed.
const SEEN_AT_MM: f64 = 8.5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitKind {
    Baseline,
    Scheduled,
    Workup,
    AfterRelapse,
}

impl VisitKind {
    pub fn code(self) -> &'static str {
        match self {
            VisitKind::Baseline => "baseline",
            VisitKind::Scheduled => "scheduled",
            VisitKind::Workup => "relapse_workup",
            VisitKind::AfterRelapse => "post_relapse",
        }
    }
}

/// Days are counted from surgery.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    pub day: i32,
    pub kind: VisitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Nothing,
    Unclear,
    Relapse,
    /// A later scan of a known relapse.
    Assessed,
}

#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub day: i32,
    pub seen: Seen,
}

#[derive(Clone, Copy, Debug)]
pub struct Relapse {
    pub day: i32,
    pub organ: Organ,
    pub by_symptoms: bool,
}

/// `died`: the day, and whether of this cancer.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub last_day: i32,
    pub relapse: Option<Relapse>,
    pub died: Option<(i32, bool)>,
}

#[derive(Clone, Debug)]
pub struct Course {
    pub visits: Vec<Visit>,
    pub looks: Vec<Look>,
    pub outcome: Outcome,
}

impl Course {
    /// Lives the patient's years; tells the disease when it is found.
    pub(super) fn live(draw: &mut Draw, who: &Baseline, disease: &mut Disease, calendar: &Calendar) -> Course {
        let cut = (calendar.cut - who.surgery).num_days().max(0) as f64;
        let leaves = draw.exponential() / LEAVES * YEAR;
        let dies = other_death(draw, f64::from(who.age));
        let end = cut.min(leaves).min(dies).floor();
        let mut looks = vec![];
        let relapse = find(draw, who, disease, end, &mut looks);
        disease.found = relapse.map(|r| f64::from(r.day));
        let (died, last_day) = match relapse {
            Some(relapse) => after_relapse(draw, who, relapse, cut, dies),
            None if dies <= end + 1.0 && dies <= cut => (Some((end as i32, false)), end as i32),
            None => (None, end as i32),
        };
        let outcome = Outcome {
            last_day,
            relapse,
            died,
        };
        let visits = visits(draw, disease, &outcome);
        scans_after(draw, &outcome, &mut looks);
        looks.sort_by_key(|look| look.day);
        Course { visits, looks, outcome }
    }
}

fn other_death(draw: &mut Draw, age: f64) -> f64 {
    let now = DEATHS_AT_65 * (DEATHS_RISE * (age - 65.0)).exp();
    (1.0 + DEATHS_RISE * draw.exponential() / now).ln() / DEATHS_RISE * YEAR
}

/// Scans on schedule, a repeat after an unclear one, and symptoms; the first that finds a metastasis ends it.
fn find(draw: &mut Draw, who: &Baseline, disease: &Disease, end: f64, looks: &mut Vec<Look>) -> Option<Relapse> {
    let felt = disease
        .deposits
        .iter()
        .filter_map(|d| Some((disease.reaches(d, d.felt_at)?, d.organ)));
    let felt = felt
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(day, organ)| (day + draw.between(5.0, 30.0), organ));
    let symptoms = felt.map_or(f64::INFINITY, |(day, _)| day);
    let (share, apart) = who.traits().scanned;
    let mut next = if draw.chance(share) {
        apart + 12.0 * draw.normal()
    } else {
        f64::INFINITY
    };
    let mut repeat = None;
    loop {
        let day = repeat.take().unwrap_or(next).max(20.0);
        if day > SCANNED_UNTIL || day >= symptoms || day > end {
            break;
        }
        if day >= next {
            next = (day / apart).round().max(1.0) * apart + apart + 10.0 * draw.normal();
            if draw.chance(0.07) {
                continue;
            }
        }
        let (seen, organ) = look(draw, disease, day);
        looks.push(Look { day: day as i32, seen });
        match (seen, organ) {
            (Seen::Relapse, Some(organ)) => {
                return Some(Relapse {
                    day: day as i32,
                    organ,
                    by_symptoms: false,
                });
            }
            (Seen::Unclear, _) => repeat = Some(day + draw.between(70.0, 100.0)).filter(|again| *again < next),
            _ => {}
        }
    }
    let (day, organ) = felt.filter(|(day, _)| day.max(20.0) <= end)?;
    let day = day.max(20.0) as i32;
    looks.push(Look {
        day,
        seen: Seen::Relapse,
    });
    Some(Relapse {
        day,
        organ,
        by_symptoms: true,
    })
}

/// One scan: each lesion is seen by a chance that rises with its diameter; lesions near the limit leave doubt.
fn look(draw: &mut Draw, disease: &Disease, day: f64) -> (Seen, Option<Organ>) {
    let mut doubt = 0.035;
    let mut found: Option<(f64, Organ)> = None;
    for deposit in &disease.deposits {
        let Some(size) = disease.ln_size(deposit, day) else {
            continue;
        };
        let over = (diameter(size) / SEEN_AT_MM).ln();
        if over < -2.0 {
            continue;
        }
        let p = 1.0 / (1.0 + (-over / 0.12).exp());
        if draw.chance(p) && found.is_none_or(|(most, _)| size > most) {
            found = Some((size, deposit.organ));
        }
        doubt += 0.6 * p * (1.0 - p);
    }
    match found {
        Some((_, organ)) => (Seen::Relapse, Some(organ)),
        None if draw.chance(doubt) => (Seen::Unclear, None),
        None => (Seen::Nothing, None),
    }
}

fn after_relapse(draw: &mut Draw, who: &Baseline, relapse: Relapse, cut: f64, dies: f64) -> (Option<(i32, bool)>, i32) {
    let survival = who.traits().survival * if relapse.organ == Organ::Brain { 0.6 } else { 1.0 };
    let lives = f64::from(relapse.day) + draw.around(survival, 0.75).max(25.0);
    let leaves = f64::from(relapse.day) + draw.exponential() / (2.0 * LEAVES) * YEAR + 30.0;
    let end = lives
        .min(leaves)
        .min(dies.max(f64::from(relapse.day) + 1.0))
        .min(cut)
        .floor();
    let died = (end + 1.0 > lives.min(dies) && end < cut).then_some((end as i32, lives <= dies));
    (died, end as i32)
}

/// Days from a visit to the next, by years since surgery.
fn interval(day: f64) -> f64 {
    match day / YEAR {
        years if years < 2.0 => 91.3,
        years if years < 5.0 => 182.6,
        _ => YEAR,
    }
}

/// Visits are missed more often the longer nothing happens, less often with a growing lesion.
fn visits(draw: &mut Draw, disease: &Disease, outcome: &Outcome) -> Vec<Visit> {
    let mut visits = vec![];
    if draw.chance(0.97) {
        visits.push(Visit {
            day: (-14.0 + 4.0 * draw.normal()).clamp(-28.0, -2.0) as i32,
            kind: VisitKind::Baseline,
        });
    }
    let careless = draw.between(0.4, 1.6);
    let until = outcome.relapse.map_or(outcome.last_day, |r| r.day - 4);
    let mut planned = 30.0;
    while planned <= f64::from(until) {
        let ill = disease.largest(planned).is_some_and(|(_, size)| diameter(size) > 10.0);
        let missed = careless * (0.05 + 0.016 * planned / YEAR) * if ill { 0.4 } else { 1.0 };
        let spread = if planned < 60.0 { 5.0 } else { 11.0 };
        let day = (planned + spread * draw.normal()).max(14.0) as i32;
        let after = visits.last().is_none_or(|last: &Visit| last.day + 4 <= day);
        if !draw.chance(missed) && day <= until && after {
            visits.push(Visit {
                day,
                kind: VisitKind::Scheduled,
            });
        }
        planned += if planned < 60.0 { 61.3 } else { interval(planned) };
    }
    if let Some(relapse) = outcome.relapse {
        visits.push(Visit {
            day: relapse.day,
            kind: VisitKind::Workup,
        });
        let mut day = f64::from(relapse.day);
        loop {
            day += (120.0 + 28.0 * draw.normal()).max(60.0);
            if day > f64::from(outcome.last_day) {
                break;
            }
            visits.push(Visit {
                day: day as i32,
                kind: VisitKind::AfterRelapse,
            });
        }
    }
    visits
}

fn scans_after(draw: &mut Draw, outcome: &Outcome, looks: &mut Vec<Look>) {
    let Some(relapse) = outcome.relapse else { return };
    let mut day = f64::from(relapse.day);
    for _ in 0..8 {
        day += (90.0 + 14.0 * draw.normal()).max(45.0) * if draw.chance(0.25) { 2.0 } else { 1.0 };
        if day > f64::from(outcome.last_day) {
            break;
        }
        looks.push(Look {
            day: day as i32,
            seen: Seen::Assessed,
        });
    }
}
