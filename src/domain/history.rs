//! One patient's facts in time order. `as_of` hides what was not yet known: every prediction is made through it.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use chrono::NaiveDate;

use super::course::{Surgery, Treatment};
use super::event::{Event, Happening, RelapseKind};
use super::observation::Observation;
use super::patient::{Patient, Tumour};
use super::trial::Enrolment;

/// All that is on file for one patient, amendments and what they superseded included.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub patient: Patient,
    pub tumours: Vec<Tumour>,
    pub treatments: Vec<Treatment>,
    pub surgeries: Vec<Surgery>,
    pub enrolments: Vec<Enrolment>,
    pub observations: Vec<Observation>,
    pub events: Vec<Event>,
}

/// What was known of a patient on a day: each fact in its last version of that day, in the order in which it was true.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub as_of: NaiveDate,
    pub patient: Patient,
    pub tumours: Vec<Tumour>,
    pub treatments: Vec<Treatment>,
    pub surgeries: Vec<Surgery>,
    pub enrolments: Vec<Enrolment>,
    pub observations: Vec<Observation>,
    pub events: Vec<Event>,
}

/// The facts known by `day`, without those that a fact known by `day` supersedes: the one it names, and all before that one, even
/// where a version between them was told later.
pub fn known<T: Clone, I: Eq + Hash + Copy>(
    facts: &[T],
    day: NaiveDate,
    known_on: impl Fn(&T) -> NaiveDate,
    id: impl Fn(&T) -> I,
    supersedes: impl Fn(&T) -> Option<I>,
) -> Vec<T> {
    let visible = || facts.iter().filter(|fact| known_on(fact) <= day);
    let before: HashMap<I, I> = facts
        .iter()
        .filter_map(|fact| Some((id(fact), supersedes(fact)?)))
        .collect();
    let mut replaced: HashSet<I> = HashSet::new();
    for fact in visible() {
        let mut older = supersedes(fact);
        while let Some(version) = older.filter(|version| replaced.insert(*version)) {
            older = before.get(&version).copied();
        }
    }
    visible()
        .filter(|fact| !replaced.contains(&id(fact)))
        .cloned()
        .collect()
}

impl Record {
    /// The record without what was not yet known on `day`; amendments that were stay beside what they superseded.
    pub fn known_by(&self, day: NaiveDate) -> Cow<'_, Record> {
        fn later<T>(facts: &[T], day: NaiveDate, known_on: impl Fn(&T) -> NaiveDate) -> bool {
            facts.iter().any(|fact| known_on(fact) > day)
        }
        let more = later(&self.tumours, day, |t| t.known_on)
            || later(&self.treatments, day, |t| t.known_on)
            || later(&self.surgeries, day, |s| s.known_on)
            || later(&self.enrolments, day, |e| e.known_on)
            || later(&self.observations, day, |o| o.known_on)
            || later(&self.events, day, |e| e.known_on);
        if !more {
            return Cow::Borrowed(self);
        }
        let mut record = self.clone();
        record.tumours.retain(|t| t.known_on <= day);
        record.treatments.retain(|t| t.known_on <= day);
        record.surgeries.retain(|s| s.known_on <= day);
        record.enrolments.retain(|e| e.known_on <= day);
        record.observations.retain(|o| o.known_on <= day);
        record.events.retain(|e| e.known_on <= day);
        Cow::Owned(record)
    }

    pub fn as_of(&self, day: NaiveDate) -> History {
        let mut history = History {
            as_of: day,
            patient: self.patient.clone(),
            tumours: known(&self.tumours, day, |t| t.known_on, |t| t.id, |t| t.supersedes),
            treatments: known(&self.treatments, day, |t| t.known_on, |t| t.id, |t| t.supersedes),
            surgeries: known(&self.surgeries, day, |s| s.known_on, |s| s.id, |s| s.supersedes),
            enrolments: self.enrolments.iter().filter(|e| e.known_on <= day).cloned().collect(),
            observations: known(&self.observations, day, |o| o.known_on, |o| o.id, |o| o.supersedes),
            events: known(&self.events, day, |e| e.known_on, |e| e.id, |e| e.supersedes),
        };
        history
            .observations
            .retain(|o| !o.entered_in_error && o.collected_on <= day);
        history.observations.sort_by_key(|o| (o.collected_on, o.id));
        history.events.retain(|e| e.occurred_on <= day);
        history.events.sort_by_key(|e| (e.occurred_on, e.id));
        history.tumours.sort_by_key(|t| (t.diagnosed_on, t.id));
        history.treatments.sort_by_key(|t| (t.started_on, t.id));
        history.surgeries.sort_by_key(|s| (s.performed_on, s.id));
        history
    }
}

impl History {
    /// The first primary tumour: the one whose relapse is watched for.
    pub fn tumour(&self) -> Option<&Tumour> {
        self.tumours.first()
    }

    pub fn died_on(&self) -> Option<NaiveDate> {
        self.events
            .iter()
            .find(|e| matches!(e.what, Happening::Death { .. }))
            .map(|e| e.occurred_on)
    }

    pub fn distant_relapse_on(&self) -> Option<NaiveDate> {
        self.events
            .iter()
            .find(|e| {
                matches!(
                    e.what,
                    Happening::Relapse {
                        kind: RelapseKind::Distant,
                        ..
                    }
                )
            })
            .map(|e| e.occurred_on)
    }

    /// Lost to follow-up or withdrawn: no longer watched from that day.
    pub fn left_on(&self) -> Option<NaiveDate> {
        self.events
            .iter()
            .find(|e| matches!(e.what, Happening::Lost | Happening::Withdrawn))
            .map(|e| e.occurred_on)
    }

    /// Day zero of follow-up: surgery, else diagnosis.
    pub fn origin(&self) -> Option<NaiveDate> {
        self.surgeries
            .first()
            .map(|s| s.performed_on)
            .or_else(|| self.tumour().map(|t| t.diagnosed_on))
    }

    /// The last day of which the registry knows anything: an event, a result, a contact.
    pub fn last_contact_on(&self) -> Option<NaiveDate> {
        let events = self.events.iter().map(|e| e.occurred_on);
        let observations = self.observations.iter().map(|o| o.collected_on);
        events.chain(observations).chain(self.origin()).max()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Days};
    use proptest::prelude::*;
    use serde_json::Map;

    use super::*;
    use crate::domain::id::{AssayId, EventId, ObservationId, PatientId, SiteId, TumourId};
    use crate::domain::patient::{Precision, Sex};
    use crate::domain::reading::Reading;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day") + Days::new(n)
    }

    /// A fact: what it is, its id, the id it supersedes, when it was true and when it was known.
    type Fact = (u8, i64, Option<i64>, u64, u64);

    fn add(record: &mut Record, (kind, id, supersedes, on, known): Fact) {
        // An id is used once, and an amendment is known later than what it amends.
        let supersedes = supersedes.filter(|old| *old < id);
        match kind {
            0 => record.observations.push(Observation {
                id: ObservationId(id),
                visit: None,
                measure: "ctdna".into(),
                assay: AssayId(1),
                assay_name: "A".into(),
                analyte: "ctdna".into(),
                collected_on: day(on),
                known_on: day(known),
                recorded_at: DateTime::UNIX_EPOCH,
                supersedes: supersedes.map(ObservationId),
                entered_in_error: on % 7 == 0,
                raw_text: String::new(),
                reading: Reading::Quantified { value: on as f64 },
                unit: "{mtm}/mL".into(),
                lod: None,
                loq: None,
                screened: None,
                detail: Map::new(),
                note: None,
            }),
            1 => record.events.push(Event {
                id: EventId(id),
                supersedes: supersedes.map(EventId),
                what: if on % 2 == 0 {
                    Happening::LastContact
                } else {
                    Happening::Lost
                },
                last_clear_on: None,
                occurred_on: day(on),
                known_on: day(known),
            }),
            _ => record.tumours.push(Tumour {
                id: TumourId(id),
                supersedes: supersedes.map(TumourId),
                diagnosed_on: day(on),
                precision: Precision::Day,
                organ: "breast".into(),
                subtype: None,
                laterality: None,
                grade: None,
                size_mm: None,
                size_band: None,
                nodes_positive: None,
                er_fmol: None,
                pgr_fmol: None,
                ki67_percent: None,
                her2: None,
                metastatic_at_entry: false,
                known_on: day(known),
            }),
        }
    }

    fn record(facts: &[Fact]) -> Record {
        let mut record = Record {
            patient: Patient {
                site: SiteId(1),
                id: PatientId(1),
                key: "T-0001".into(),
                birth_year: 1970,
                sex: Sex::Female,
                menopausal_status: None,
                known_on: day(0),
                version: 1,
            },
            tumours: vec![],
            treatments: vec![],
            surgeries: vec![],
            enrolments: vec![],
            observations: vec![],
            events: vec![],
        };
        for fact in facts {
            add(&mut record, *fact);
        }
        record
    }

    fn fact(id: i64) -> impl Strategy<Value = Fact> {
        (0u8..3, prop::option::of(0..id.max(1)), 0u64..60, 0u64..60)
            .prop_map(move |(kind, old, on, known)| (kind, id, old, on, known))
    }

    fn facts() -> impl Strategy<Value = Vec<Fact>> {
        (0usize..15).prop_flat_map(|n| (0..n as i64).map(fact).collect::<Vec<_>>())
    }

    proptest! {
        /// The promise behind every replay and every honest lead time.
        #[test]
        fn a_later_fact_never_changes_an_earlier_view(before in facts(), later in fact(99), at in 0u64..60, wait in 1u64..60) {
            let mut with_later = record(&before);
            let (kind, id, supersedes, on, _) = later;
            add(&mut with_later, (kind, id, supersedes, on, at + wait));
            prop_assert_eq!(with_later.as_of(day(at)), record(&before).as_of(day(at)));
        }

        #[test]
        fn the_order_of_entry_does_not_matter(before in facts(), at in 0u64..60, turn in 0usize..15) {
            let mut turned = before.clone();
            if !turned.is_empty() {
                let n = turned.len();
                turned.rotate_left(turn % n);
            }
            prop_assert_eq!(record(&turned).as_of(day(at)), record(&before).as_of(day(at)));
        }

        #[test]
        fn nothing_of_tomorrow_is_seen(before in facts(), at in 0u64..60) {
            let view = record(&before).as_of(day(at));
            prop_assert!(view.observations.iter().all(|o| o.known_on <= day(at) && o.collected_on <= day(at)));
            prop_assert!(view.events.iter().all(|e| e.known_on <= day(at) && e.occurred_on <= day(at)));
            prop_assert!(view.tumours.iter().all(|t| t.known_on <= day(at)));
        }
    }
}
