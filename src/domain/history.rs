//! One patient's facts in time order. `as_of` hides what was not yet known: every prediction is made through it.

use std::collections::HashSet;
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

/// The facts known by `day`, without those that a fact known by `day` supersedes.
fn known<T: Clone, I: Eq + Hash + Copy>(
    facts: &[T],
    day: NaiveDate,
    known_on: impl Fn(&T) -> NaiveDate,
    id: impl Fn(&T) -> I,
    supersedes: impl Fn(&T) -> Option<I>,
) -> Vec<T> {
    let visible = || facts.iter().filter(|fact| known_on(fact) <= day);
    let replaced: HashSet<I> = visible().filter_map(&supersedes).collect();
    visible()
        .filter(|fact| !replaced.contains(&id(fact)))
        .cloned()
        .collect()
}

impl Record {
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
