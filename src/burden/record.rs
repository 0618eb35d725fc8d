//! From a record to a `Case`: units brought to one scale, amendments turned into spans of days.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{Datelike, NaiveDate};

use super::case::{Case, Day, Fact, Finding, Found, Happened, Known, Outcome, Signal, Tissue, Treated, What, day_of};
use crate::domain::course::Treatment;
use crate::domain::event::{Event, Happening, RelapseKind};
use crate::domain::history::{Record, known};
use crate::domain::id::{PatientRef, TumourId};
use crate::domain::molecule;
use crate::domain::observation::Observation;
use crate::domain::patient::{Precision, Sex, Tumour};
use crate::domain::reading::Reading;

/// Molecules that must be examined, at a mutant fraction equal to the limit, for two to be found in 95 % of samples: the mean of a
/// Poisson law with P(at most 1) = 0.05.
pub const MOLECULES_AT_LIMIT: f64 = 4.743_864_518;
/// An assay calls at two molecules (look-alikes of one are too common).
pub const CALLED_AT: f64 = 2.0;
/// Genome equivalents in a mL of plasma where the sample's own is not on file: about 5 ng/mL (data dictionary, 1.3).
const GENOMES_PER_ML: f64 = 1500.0;
/// Limit, as a mutant fraction, of an assay that states none.
const UNSTATED_LIMIT: f64 = 1e-3;
/// What found a relapse, where that was a planned scan.
const BY_SCAN: [&str; 2] = ["imaging", "scheduled_scan"];
const USUAL_VOLUME_ML: f64 = 7.5;
const USUAL_MARROW: f64 = 2.0;

/// One copy of each name, shared by all cases: a million readings of ten assays hold ten strings.
#[derive(Debug, Default)]
pub struct Names(Mutex<HashSet<Arc<str>>>);

impl Names {
    pub fn get(&self, name: &str) -> Arc<str> {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        let new: Arc<str> = name.into();
        names.insert(Arc::clone(&new));
        new
    }
}

struct Axis {
    origin: NaiveDate,
}

impl Axis {
    fn day(&self, date: NaiveDate) -> Day {
        day_of(self.origin, date)
    }
}

/// The span of each fact: from when it was known until the first day on which a fact that supersedes it, directly or through others,
/// was known. The same rule as `Record::as_of`.
fn spans<T, I: Eq + Hash + Copy>(
    facts: &[T],
    axis: &Axis,
    known_on: impl Fn(&T) -> NaiveDate,
    id: impl Fn(&T) -> I,
    supersedes: impl Fn(&T) -> Option<I>,
) -> Vec<Known> {
    let place: HashMap<I, usize> = facts.iter().enumerate().map(|(i, fact)| (id(fact), i)).collect();
    let mut until = vec![Day::MAX; facts.len()];
    for fact in facts {
        let day = axis.day(known_on(fact));
        let mut older = supersedes(fact);
        let mut steps = 0;
        while let Some(i) = older.and_then(|version| place.get(&version)).copied() {
            until[i] = until[i].min(day);
            older = supersedes(&facts[i]);
            steps += 1;
            if steps > facts.len() {
                break; // a circle of amendments ends here
            }
        }
    }
    let from = facts.iter().map(|fact| axis.day(known_on(fact)));
    from.zip(until).map(|(from, until)| Known { from, until }).collect()
}

/// The first primary tumour as its last version has it, and the ids of all versions of it.
fn first_tumour(record: &Record) -> Option<(Tumour, Vec<TumourId>)> {
    let last = known(
        &record.tumours,
        NaiveDate::MAX,
        |t| t.known_on,
        |t| t.id,
        |t| t.supersedes,
    );
    let first = last.into_iter().min_by_key(|t| (t.diagnosed_on, t.id))?;
    let mut versions = vec![first.id];
    let mut older = first.supersedes;
    while let Some(id) = older.filter(|id| !versions.contains(id)) {
        versions.push(id);
        older = record.tumours.iter().find(|t| t.id == id).and_then(|t| t.supersedes);
    }
    Some((first, versions))
}

/// By its last version in the record, also for the days before that was known: days are counted from it, and a record for a past day holds
/// nothing that was known later.
fn first_surgery(record: &Record) -> Option<NaiveDate> {
    let last = known(
        &record.surgeries,
        NaiveDate::MAX,
        |s| s.known_on,
        |s| s.id,
        |s| s.supersedes,
    );
    last.iter().map(|s| s.performed_on).min()
}

impl Case {
    /// `None` without a primary tumour and a day zero.
    pub fn of(record: &Record, names: &Names) -> Option<Case> {
        let (tumour, _) = first_tumour(record)?;
        let surgery = first_surgery(record);
        let axis = Axis {
            origin: surgery.unwrap_or(tumour.diagnosed_on),
        };
        let group = match &tumour.subtype {
            Some(subtype) => format!("{} {subtype}", tumour.organ),
            None => tumour.organ.clone(),
        };
        Some(Case {
            patient: PatientRef {
                site: record.patient.site,
                patient: record.patient.id,
            },
            origin: axis.origin,
            group: names.get(&group),
            facts: facts(record, &axis, names),
            treated: treated(record, &axis, names),
            signals: signals(record, &axis, names),
            happened: happened(&record.events, &axis, names),
            visits: visits(&record.observations, &axis),
        })
    }
}

/// The days on which something was taken, each known with its first result and until that was corrected or withdrawn.
fn visits(observations: &[Observation], axis: &Axis) -> Vec<(Day, Known)> {
    let spans = spans(observations, axis, |o| o.known_on, |o| o.id, |o| o.supersedes);
    let sound = observations.iter().zip(spans).filter(|(o, _)| !o.entered_in_error);
    let mut days: Vec<(Day, Known)> = sound.map(|(o, known)| (axis.day(o.collected_on), known)).collect();
    days.sort_unstable_by_key(|(on, known)| (*on, known.from, known.until));
    days.dedup();
    days
}

fn happened(events: &[Event], axis: &Axis, names: &Names) -> Vec<Happened> {
    let spans = spans(events, axis, |e| e.known_on, |e| e.id, |e| e.supersedes);
    let outcome = |event: &Event| match &event.what {
        Happening::Relapse {
            kind: RelapseKind::Distant,
            organs,
            detected_by,
        } => Some(Outcome::Relapse {
            organ: names.get(organs.first().map_or("not_stated", String::as_str)),
            by_scan: detected_by.as_deref().is_some_and(|by| BY_SCAN.contains(&by)),
        }),
        Happening::Death { .. } => Some(Outcome::Death),
        Happening::Lost | Happening::Withdrawn => Some(Outcome::Left),
        Happening::LastContact => Some(Outcome::Contact),
        Happening::Relapse { .. } | Happening::Progression => None,
    };
    let all = events.iter().zip(spans);
    let mut happened: Vec<Happened> = all
        .filter_map(|(event, known)| {
            Some(Happened {
                on: axis.day(event.occurred_on),
                known,
                what: outcome(event)?,
            })
        })
        .collect();
    // a relapse on the day of death comes first, as in the outcome of the fit
    happened.sort_by_key(|h| (h.on, u8::from(!matches!(h.what, Outcome::Relapse { .. }))));
    happened
}

fn signals(record: &Record, axis: &Axis, names: &Names) -> Vec<Signal> {
    let all = &record.observations;
    let spans = spans(all, axis, |o| o.known_on, |o| o.id, |o| o.supersedes);
    let sound = all.iter().zip(spans).filter(|(o, _)| !o.entered_in_error);
    let mut signals: Vec<Signal> = sound
        .filter_map(|(o, known)| {
            Some(Signal {
                id: o.id.0,
                on: axis.day(o.collected_on),
                known,
                what: what(o, names)?,
            })
        })
        .collect();
    signals.sort_by(Signal::order);
    signals
}

/// `None` for what says nothing: failed, indeterminate, not done, or a measure that burden has no likelihood for.
fn what(o: &Observation, names: &Names) -> Option<What> {
    match o.measure.as_str() {
        "ctdna" if o.is_plasma_ctdna() => molecules(o, names),
        "ctc" => cells(o, Tissue::Blood, USUAL_VOLUME_ML),
        "marrow_dtc" => cells(o, Tissue::Marrow, USUAL_MARROW),
        "protein" => Some(What::Marker {
            analyte: names.get(&o.analyte),
            level: match o.reading {
                Reading::Quantified { value } if value > 0.0 => Found::Number(value.ln()),
                Reading::NotDetected { hi } => Found::Below(hi.or(o.lod).filter(|hi| *hi > 0.0)?.ln()),
                Reading::DetectedNotQuantified { hi, .. } if hi.is_finite() => Found::Below(hi.ln()),
                Reading::DetectedNotQuantified { lo, .. } | Reading::AboveRange { lo } if lo > 0.0 => {
                    Found::Above(lo.ln())
                }
                _ => return None,
            },
        }),
        "imaging" => finding(o).map(|finding| What::Scan { finding }),
        _ => None,
    }
}

fn cells(o: &Observation, tissue: Tissue, usual: f64) -> Option<What> {
    let Reading::Quantified { value } = o.reading else {
        return None;
    };
    Some(What::Cells {
        tissue,
        count: value,
        screened: o.screened.filter(|amount| *amount > 0.0).unwrap_or(usual),
    })
}

fn finding(o: &Observation) -> Option<Finding> {
    match o.detail.get("assessment").and_then(serde_json::Value::as_str) {
        Some("none") => Some(Finding::Clear),
        Some("equivocal" | "local" | "nodal") => Some(Finding::Equivocal),
        Some("distant") => Some(Finding::Disease),
        _ => match o.reading {
            Reading::NotDetected { .. } => Some(Finding::Clear),
            Reading::Quantified { value: 0.0 } => Some(Finding::Clear),
            Reading::Indeterminate => Some(Finding::Equivocal),
            Reading::Quantified { .. } | Reading::DetectedNotQuantified { .. } | Reading::AboveRange { .. } => {
                Some(Finding::Disease)
            }
            Reading::Failed { .. } | Reading::NotDone => None,
        },
    }
}

/// The number of molecules behind a level: the limit of this very sample says how many were examined.
fn molecules(o: &Observation, names: &Names) -> Option<What> {
    let number = |code: &str| o.detail.get(code).and_then(serde_json::Value::as_f64);
    let genomes = number("cfdna_ng")
        .map(molecule::genome_equivalents)
        .filter(|ge| *ge > 0.0);
    // one unit of the level, as a mutant fraction
    let fraction = match o.unit.as_str() {
        "1" => 1.0,
        "[ppm]" => 1e-6,
        _ => match (genomes, o.screened.filter(|ml| *ml > 0.0)) {
            (Some(genomes), Some(ml)) => ml / genomes,
            _ => 1.0 / GENOMES_PER_ML,
        },
    };
    let limit = match o.reading {
        Reading::NotDetected { hi } => hi.or(o.lod),
        _ => o.lod,
    };
    let limit = limit
        .filter(|l| *l > 0.0 && l.is_finite())
        .map_or(UNSTATED_LIMIT, |l| l * fraction);
    let stated = MOLECULES_AT_LIMIT / limit;
    let tube = genomes
        .zip(number("variants_tracked"))
        .map(|(genomes, loci)| genomes * loci);
    let examined = tube.map_or(stated, |tube| tube.min(stated));
    let found = match o.reading {
        Reading::Quantified { value } => Found::Number(value * fraction * examined),
        Reading::NotDetected { .. } => Found::Below(CALLED_AT),
        Reading::DetectedNotQuantified { lo, hi } => seen(lo, hi, o.lod, |level| level * fraction * examined),
        Reading::AboveRange { lo } => Found::Above((lo * fraction * examined).max(CALLED_AT)),
        Reading::Indeterminate | Reading::Failed { .. } | Reading::NotDone => return None,
    };
    Some(What::Molecules {
        assay: names.get(&o.assay_name),
        examined,
        found,
    })
}

/// Detected, and how many molecules is only bounded: a number where the bounds lie within a factor of ten (below what is quantified, or below the
/// limit), which a count scatters by anyhow; else at least so many. A limit of the assay as the lower bound says no more than that it was called.
fn seen(lo: f64, hi: f64, limit: Option<f64>, molecules: impl Fn(f64) -> f64) -> Found {
    let least = molecules(lo).max(CALLED_AT);
    let most = molecules(hi).max(CALLED_AT);
    if most <= 10.0 * least {
        Found::Number((least * most).sqrt())
    } else if limit.is_some_and(|limit| lo <= limit) {
        Found::Above(CALLED_AT)
    } else {
        Found::Above(least)
    }
}

fn facts(record: &Record, axis: &Axis, names: &Names) -> Vec<Fact> {
    let mut facts = vec![];
    let mut add = |name: &str, value: f64, known: Known| {
        facts.push(Fact {
            name: names.get(name),
            value,
            known,
        });
    };
    let patient = &record.patient;
    let always = |on: NaiveDate| Known {
        from: axis.day(on),
        until: Day::MAX,
    };
    let known = always(patient.known_on);
    add("age", f64::from(axis.origin.year() - patient.birth_year), known);
    if patient.sex != Sex::Unknown {
        add(&format!("sex={}", patient.sex.code()), 1.0, known);
    }
    if let Some(status) = &patient.menopausal_status {
        add("postmenopausal", f64::from(u8::from(status == "post")), known);
    }
    tumour_facts(record, axis, &mut add);
    let treatments = &record.treatments;
    let spans = spans(treatments, axis, |t| t.known_on, |t| t.id, |t| t.supersedes);
    for (treatment, known) in treatments.iter().zip(spans) {
        if treatment.phase.as_deref() == Some("adjuvant") {
            add(&treatment.category, 1.0, known);
        }
    }
    for enrolment in &record.enrolments {
        // the arm of a blinded trial is a secret, from the model too (S-036)
        if let Some(arm) = enrolment.arm.as_ref().filter(|_| !enrolment.trial.blinded) {
            add(&format!("arm={arm}"), 1.0, always(enrolment.known_on));
        }
    }
    facts
}

/// Systemic treatment after day zero and before relapse, from the month on in which it began: of a year alone the course is not known.
fn treated(record: &Record, axis: &Axis, names: &Names) -> Vec<Treated> {
    let treatments = &record.treatments;
    let spans = spans(treatments, axis, |t| t.known_on, |t| t.id, |t| t.supersedes);
    let course = |(treatment, known): (&Treatment, Known)| {
        let usual = treatment.usual_days()?;
        let after = matches!(treatment.phase.as_deref(), Some("adjuvant" | "extended"));
        let from = axis.day(treatment.started_on);
        let to = treatment.stopped_on.map_or(from + usual, |on| axis.day(on) + 1);
        (after && treatment.precision != Precision::Year && to > 0).then(|| Treated {
            category: names.get(&treatment.category),
            from,
            to,
            known,
        })
    };
    treatments.iter().zip(spans).filter_map(course).collect()
}

fn tumour_facts(record: &Record, axis: &Axis, add: &mut impl FnMut(&str, f64, Known)) {
    let tumours = &record.tumours;
    let Some((_, versions)) = first_tumour(record) else {
        return;
    };
    let spans = spans(tumours, axis, |t| t.known_on, |t| t.id, |t| t.supersedes);
    for (tumour, known) in tumours.iter().zip(spans).filter(|(t, _)| versions.contains(&t.id)) {
        add(&format!("organ={}", tumour.organ), 1.0, known);
        let words = [
            ("subtype", &tumour.subtype),
            ("her2", &tumour.her2),
            ("size_band", &tumour.size_band),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                add(&format!("{name}={word}"), 1.0, known);
            }
        }
        let whole = [
            ("grade", tumour.grade),
            ("nodes", tumour.nodes_positive),
            ("er", tumour.er_fmol),
            ("pgr", tumour.pgr_fmol),
        ];
        let numbers = whole.map(|(name, n)| (name, n.map(f64::from)));
        for (name, number) in numbers
            .into_iter()
            .chain([("size_mm", tumour.size_mm), ("ki67", tumour.ki67_percent)])
        {
            if let Some(number) = number {
                add(name, number, known);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_detected_and_only_bounded_keeps_its_bounds() {
        // ten molecules a unit, a limit of 0.5
        let of = |lo, hi| seen(lo, hi, Some(0.5), |level| level * 10.0);
        assert_eq!(
            of(0.5, 5.0),
            Found::Number(250.0_f64.sqrt()),
            "below what is quantified"
        );
        assert_eq!(
            of(0.0, 0.5),
            Found::Number(10.0_f64.sqrt()),
            "below the limit: between two and five"
        );
        assert_eq!(of(0.5, f64::INFINITY), Found::Above(CALLED_AT), "POS");
        assert_eq!(of(113.0, f64::INFINITY), Found::Above(1130.0), "POS >113");
        assert_eq!(of(0.5, 113.0), Found::Above(CALLED_AT), "POS <113");
    }
}
