//! Which of the errors of entry are named, and how much of what is named is one.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::Watched;
use crate::burden::case::{Day, Signal};
use crate::burden::{Engine, Slip};
use crate::domain::id::ObservationId;

/// Of one kind of error: how many there are, and how many are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub there: u64,
    pub named: u64,
}

/// Readings of the watch, with all that was on file at its end. A name is right when the reading was entered wrongly, however.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Errors {
    /// By the truth's word for it.
    pub kinds: BTreeMap<String, Found>,
    /// By what was suspected: `(named, right)` of slips of the scale, swaps, duplicates, days other than the visit's.
    pub suspected: [(u64, u64); 4],
}

impl Errors {
    pub(super) fn of(engine: &Engine, watched: &[Watched]) -> Errors {
        let each: Vec<Errors> = watched.par_iter().map(|one| Errors::in_one(engine, one)).collect();
        let mut all = Errors::default();
        for one in each {
            for (kind, found) in one.kinds {
                let sum = all.kinds.entry(kind).or_default();
                sum.there += found.there;
                sum.named += found.named;
            }
            for (sum, (named, right)) in all.suspected.iter_mut().zip(one.suspected) {
                sum.0 += named;
                sum.1 += right;
            }
        }
        all
    }

    fn in_one(engine: &Engine, one: &Watched) -> Errors {
        let last = one.until - 1;
        let mut follow = engine.follow(one.case);
        follow.known_on(last);
        let named = follow.surprises(last);
        let wrong: HashMap<i64, &str> = one.truth.errors.iter().map(|(id, kind)| (*id, kind.as_str())).collect();
        let mut errors = Errors::default();
        let slips = named.iter().map(|surprise| match surprise.slip {
            Slip::Scale => (0, surprise.id),
            Slip::Swap => (1, surprise.id),
            Slip::Duplicate => (2, surprise.id),
        });
        let seen = one.case.signals.iter().filter(|signal| could_be_named(signal, last));
        let redated = seen
            .map(|signal| signal.id)
            .filter(|id| one.redated.contains(&ObservationId(*id)));
        for (place, id) in slips.chain(redated.map(|id| (3, id))) {
            errors.suspected[place].0 += 1;
            errors.suspected[place].1 += u64::from(wrong.contains_key(&id));
        }
        for signal in one.case.signals.iter().filter(|signal| could_be_named(signal, last)) {
            if let Some(kind) = wrong.get(&signal.id) {
                let found = errors.kinds.entry((*kind).to_owned()).or_default();
                found.there += 1;
                let told = named.iter().any(|surprise| surprise.id == signal.id);
                found.named += u64::from(told || one.redated.contains(&ObservationId(signal.id)));
            }
        }
        errors
    }

    /// The share of what is named that was entered wrongly; `None` where nothing is named.
    pub fn precision(&self) -> Option<f64> {
        let (named, right) = self
            .suspected
            .iter()
            .fold((0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
        (named > 0).then(|| right as f64 / named as f64)
    }

    /// Slips and swaps alone: duplicates, and days other than the visit's, are certain.
    pub fn precision_of_slips(&self) -> Option<f64> {
        let (named, right) = self.suspected[..2]
            .iter()
            .fold((0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
        (named > 0).then(|| right as f64 / named as f64)
    }

    /// The share of the errors that is named; `None` without errors.
    pub fn recall(&self) -> Option<f64> {
        let kinds = self.kinds.values();
        let (there, named) = kinds.fold((0, 0), |all, own| (all.0 + own.there, all.1 + own.named));
        (there > 0).then(|| named as f64 / there as f64)
    }
}

fn could_be_named(signal: &Signal, last: Day) -> bool {
    (0..=last).contains(&signal.on) && signal.known.on(last)
}
