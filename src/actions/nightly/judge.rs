//! One patient in a night: a score and flags, a reason why there is no score, or what is at fault. Nothing that is wrong with
//! one record stops the others (S-136).

use std::panic::{AssertUnwindSafe, catch_unwind};

use chrono::{Datelike, NaiveDate};
use rayon::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::walk::Batch;
use crate::burden::case::Case;
use crate::burden::{Names, words};
use crate::domain::course::Treatment;
use crate::domain::event::Happening;
use crate::domain::flag::Raised;
use crate::domain::history::{History, Record};
use crate::domain::id::PatientId;
use crate::risk::landmark::{MAIN, NotScored, Risk, Score};
use crate::risk::{NightModel, flags_for};
use crate::store::runs::Line;

const NO_TUMOUR: &str = "No primary tumour on file";
const METASTATIC: &str = "Metastatic at entry: a first distant relapse can't come";
const IN_PLACE: &str = "The primary tumour is in place: neoadjuvant treatment is on file and no surgery yet";
const NO_MODEL: &str = "No model yet: none could be fitted, or none has been good enough. The rules on ctDNA apply";
const NO_NUMBER: &str = "The risk came out as no number between 0 and 1";
const BROKE: &str = "The calculation broke down on this record";
const UNREADABLE: &str = "The record breaks a rule of the registry and can't be read";
/// The longest sentence that a flag takes.
const LONGEST: usize = 400;
/// Nobody is diagnosed older.
const OLDEST: i32 = 120;

/// A batch's rows in the order of its patients. Never panics.
pub fn lines(batch: &Batch, as_of: NaiveDate, model: Option<&NightModel>) -> Vec<Line> {
    let names = Names::default();
    let read = batch
        .records
        .par_iter()
        .map(|record| line(record, as_of, model, &names));
    let mut lines: Vec<Line> = read.collect();
    let unreadable = batch.unreadable.iter();
    lines.extend(unreadable.map(|patient| at_fault(*patient, "-".into(), UNREADABLE.into())));
    lines.sort_by_key(|line| line.patient);
    lines
}

fn line(record: &Record, as_of: NaiveDate, model: Option<&NightModel>, names: &Names) -> Line {
    let patient = record.patient.id;
    let judged = catch_unwind(AssertUnwindSafe(|| judged(record, as_of, model, names)));
    judged.unwrap_or_else(|_| {
        // a risk that can't be worked out takes no rise of ctDNA with it
        let raised = catch_unwind(AssertUnwindSafe(|| short(flags_for(&record.as_of(as_of), as_of))));
        Line {
            raised: raised.unwrap_or_default(),
            ..at_fault(patient, "-".into(), BROKE.into())
        }
    })
}

/// What the fit keeps of a record, or why it learns nothing from it.
pub fn lesson(record: &Record, as_of: NaiveDate, names: &Names) -> Result<Case, &'static str> {
    let kept = catch_unwind(AssertUnwindSafe(|| {
        let history = record.as_of(as_of);
        if contradiction(&history).is_some() {
            return Err("contradictory dates");
        }
        match watched(&history) {
            Ok(()) => Case::of(&record.known_by(as_of), names).ok_or("no primary tumour on file"),
            Err(IN_PLACE) => Err("primary tumour in place"),
            Err(_) => Err("metastatic at entry, or no primary tumour"),
        }
    }));
    kept.unwrap_or(Err("the calculation broke down"))
}

/// Whether a first distant relapse can come at all.
fn watched(history: &History) -> Result<(), &'static str> {
    match history.tumour() {
        None => Err(NO_TUMOUR),
        Some(tumour) if tumour.metastatic_at_entry => Err(METASTATIC),
        Some(_) if history.surgeries.is_empty() && history.treatments.iter().any(before_surgery) => Err(IN_PLACE),
        Some(_) => Ok(()),
    }
}

/// Treatment whose name says that surgery is to follow.
fn before_surgery(treatment: &Treatment) -> bool {
    treatment.phase.as_deref() == Some("neoadjuvant")
}

/// The patient's risk by this model, for the comparison of models.
pub fn risk(record: &Record, as_of: NaiveDate, model: &NightModel, names: &Names) -> Option<f64> {
    let asked = catch_unwind(AssertUnwindSafe(|| {
        watched(&record.as_of(as_of)).ok()?;
        let case = Case::of(&record.known_by(as_of), names)?;
        model.score(&case, case.day_of(as_of)).ok()
    }));
    let score = asked.ok()??;
    is_sound(&score).then_some(score.risks[MAIN].value)
}

fn judged(record: &Record, as_of: NaiveDate, model: Option<&NightModel>, names: &Names) -> Line {
    let history = record.as_of(as_of);
    let (patient, fingerprint) = (history.patient.id, fingerprint(&history));
    if let Some(why) = contradiction(&history) {
        return at_fault(patient, fingerprint, why);
    }
    let raised = short(flags_for(&history, as_of));
    let unscored = |why: String| Line {
        not_scored: Some(why),
        raised: raised.clone(),
        ..Line::empty(patient, fingerprint.clone())
    };
    let broken = |why: String| Line {
        failed: true,
        ..unscored(why)
    };
    let Some(model) = model else {
        return unscored(NO_MODEL.into());
    };
    if let Err(why) = watched(&history) {
        return unscored(why.into());
    }
    let Some(case) = Case::of(&record.known_by(as_of), names) else {
        return unscored(NO_TUMOUR.into());
    };
    match model.score(&case, case.day_of(as_of)) {
        Ok(score) if !is_sound(&score) => broken(NO_NUMBER.into()),
        Ok(score) => scored(patient, fingerprint, &score, raised, model.flag(&case, &score)),
        Err(NotScored::Unusable) => broken(NotScored::Unusable.to_string()),
        Err(why) => unscored(why.to_string()),
    }
}

fn scored(
    patient: PatientId,
    fingerprint: String,
    score: &Score,
    mut raised: Vec<Raised>,
    flag: Option<(Raised, bool)>,
) -> Line {
    let (keeps, raises): (Vec<_>, Vec<_>) = flag.into_iter().partition(|(_, keeps)| *keeps);
    raised.extend(short(raises.into_iter().map(|(flag, _)| flag).collect()));
    let own = score.risks[MAIN];
    Line {
        risk: Some(own.value),
        risk_lo: Some(own.lower),
        risk_hi: Some(own.upper),
        contributions: json!(score.contributions),
        detail: json!({
            "risks": score.risks,
            "organs": score.organs,
            "percentile": score.percentile,
            "line": score.line,
        }),
        missing: score.missing.clone(),
        stale: score.stale.clone(),
        outside: score.outside.clone(),
        raised,
        kept: short(keeps.into_iter().map(|(flag, _)| flag).collect()),
        ..Line::empty(patient, fingerprint)
    }
}

fn at_fault(patient: PatientId, fingerprint: String, why: String) -> Line {
    Line {
        not_scored: Some(why),
        failed: true,
        ..Line::empty(patient, fingerprint)
    }
}

fn is_sound(score: &Score) -> bool {
    let ordered =
        |risk: &Risk| 0.0 <= risk.lower && risk.lower <= risk.value && risk.value <= risk.upper && risk.upper <= 1.0;
    score.risks.iter().all(ordered) && score.contributions.iter().all(|c| c.effect.is_finite())
}

/// No flag is lost because its sentence is too long for its column.
fn short(mut raised: Vec<Raised>) -> Vec<Raised> {
    for raised in &mut raised {
        if raised.reason.chars().count() > LONGEST {
            raised.reason = raised.reason.chars().take(LONGEST - 1).chain(['…']).collect();
        }
    }
    raised
}

/// Dates that can't all be true.
fn contradiction(history: &History) -> Option<String> {
    let said = |what: &str, on: NaiveDate, than: String| {
        Some(format!("Contradictory dates: {what} on {}, {than}", words::date(on)))
    };
    let born = history.patient.birth_year;
    for tumour in &history.tumours {
        if !(born..=born + OLDEST).contains(&tumour.diagnosed_on.year()) {
            return said("diagnosed", tumour.diagnosed_on, format!("born in {born}"));
        }
    }
    let died = history.died_on()?;
    let results = history.observations.iter().map(|o| ("a result", o.collected_on));
    let courses = history.treatments.iter().map(|t| ("a treatment begun", t.started_on));
    let operations = history.surgeries.iter().map(|s| ("surgery", s.performed_on));
    let events = history.events.iter().filter_map(|event| match event.what {
        Happening::Relapse { .. } => Some(("a relapse", event.occurred_on)),
        Happening::Progression => Some(("a progression", event.occurred_on)),
        Happening::LastContact => Some(("a contact", event.occurred_on)),
        Happening::Death { .. } | Happening::Lost | Happening::Withdrawn => None,
    });
    let all = results.chain(courses).chain(operations).chain(events);
    let (what, on) = all.into_iter().find(|(_, on)| *on > died)?;
    said(what, on, format!("after the death on {}", words::date(died)))
}

/// Of the facts known of the patient; the day of the question is not among them.
fn fingerprint(history: &History) -> String {
    let facts = format!(
        "{:?}{:?}{:?}{:?}{:?}{:?}{:?}",
        history.patient,
        history.tumours,
        history.treatments,
        history.surgeries,
        history.enrolments,
        history.observations,
        history.events,
    );
    let digest = Sha256::digest(facts);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::burden::tests::{day, event, record};
    use crate::domain::course::Surgery;
    use crate::domain::patient::Precision;

    #[test]
    fn a_record_on_which_the_calculation_breaks_is_at_fault_and_stops_nothing() {
        let mut broken = record(1);
        // no sum with it can be told
        broken.patient.birth_year = i32::MAX;
        let batch = Batch {
            site: broken.patient.site,
            records: vec![broken.clone(), record(2)],
            unreadable: vec![PatientId(0)],
        };
        let lines = lines(&batch, day("2026-11-22"), None);
        let told: Vec<(i64, bool)> = lines.iter().map(|line| (line.patient.0, line.failed)).collect();
        assert_eq!(told, [(0, true), (1, true), (2, false)]);
        assert_eq!(lines[2].not_scored.as_deref(), Some(NO_MODEL));
        assert!(lesson(&broken, day("2026-11-22"), &Names::default()).is_err());
    }

    /// What a reading raises needs no risk.
    #[test]
    fn a_record_on_which_the_calculation_breaks_keeps_its_rise_of_ctdna() {
        use crate::burden::tests::{ND, VALUE, observation};
        let mut broken = record(1);
        broken.patient.birth_year = i32::MAX;
        let drawn = [
            ("2026-01-01", ND),
            ("2026-02-01", VALUE(1.0)),
            ("2026-03-01", VALUE(2.0)),
        ];
        for (id, (on, reading)) in (1..).zip(drawn) {
            let one = observation(id, "ctdna", on, reading, "{mtm}/mL");
            broken.observations.push(one);
        }
        let line = line(&broken, day("2026-11-22"), None, &Names::default());
        assert!(line.failed);
        assert_eq!(line.raised.len(), 1, "{line:?}");
    }

    #[test]
    fn what_comes_after_death_contradicts_it() {
        let mut late = record(1);
        late.events
            .push(event(1, Happening::Death { cause: None }, "2026-03-01"));
        assert_eq!(contradiction(&late.as_of(day("2026-11-22"))), None);
        late.events.push(event(2, Happening::LastContact, "2026-03-02"));
        let said = contradiction(&late.as_of(day("2026-11-22"))).unwrap();
        assert_eq!(
            said,
            "Contradictory dates: a contact on 2 Mar 2026, after the death on 1 Mar 2026"
        );
    }

    #[test]
    fn before_surgery_what_is_read_is_of_the_primary_tumour() {
        let mut record = record(1);
        let on = day("2020-01-20");
        record.treatments.push(Treatment {
            id: 1,
            supersedes: None,
            category: "chemotherapy".into(),
            agent: None,
            phase: Some("neoadjuvant".into()),
            started_on: on,
            precision: Precision::Day,
            stopped_on: None,
            known_on: on,
        });
        let learned = |record: &Record| lesson(record, day("2020-06-01"), &Names::default()).is_ok();
        assert!(!learned(&record));
        assert_eq!(watched(&record.as_of(day("2020-01-19"))), Ok(()), "not yet on file");
        record.surgeries.push(Surgery {
            id: 1,
            supersedes: None,
            procedure: "mastectomy".into(),
            performed_on: day("2020-05-01"),
            precision: Precision::Day,
            known_on: day("2020-05-02"),
        });
        assert!(learned(&record));
    }

    #[test]
    fn the_fingerprint_is_of_the_facts_alone() {
        let facts = record(1);
        let of = |on: &str| fingerprint(&facts.as_of(day(on)));
        assert_eq!(of("2026-11-21"), of("2026-11-22"));
        let mut more = facts.clone();
        more.events.push(event(1, Happening::Progression, "2026-03-01"));
        assert_ne!(fingerprint(&more.as_of(day("2026-11-22"))), of("2026-11-22"));
    }
}
