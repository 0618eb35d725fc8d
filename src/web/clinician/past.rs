//! The record's own history in words: when, who, what became what, and why (S-056). Instants are told on the centre's clock.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use super::super::write;
use super::facts;
use crate::actions::patients::Change;
use crate::domain::flag::{AckReason, Cause, Why};
use crate::domain::history::Record;
use crate::domain::id::ObservationId;
use crate::domain::unit;

/// One act on the record.
pub struct Act {
    pub when: String,
    pub who: String,
    pub what: String,
    /// `tumour size: 12 → 14`.
    pub changes: Vec<String>,
    pub reason: Option<String>,
}

pub fn of(changes: &[Change], record: &Record, zone: &str) -> Vec<Act> {
    let zone = zone.parse::<Tz>().unwrap_or(Tz::UTC);
    let act = |change: &Change| {
        let (what, changes) = flagged(change).unwrap_or_else(|| {
            let changes = corrected(change, record).unwrap_or_else(|| columns(change));
            (what(change), changes)
        });
        Act {
            when: instant(change.at, zone),
            who: match change.role.as_str() {
                "system" => change.actor_name.clone(),
                role => format!("{}, {role}", change.actor_name),
            },
            reason: (change.reason.clone()).filter(|reason| !reason.is_empty() && !changes.contains(reason)),
            what,
            changes,
        }
    };
    changes.iter().map(act).collect()
}

/// 13 Nov 2026, 14:05 CET.
pub fn instant(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%-d %b %Y, %H:%M %Z").to_string()
}

fn what(change: &Change) -> String {
    let thing = match change.table_name.as_str() {
        "observation" => "reading",
        "app_user" => "user",
        name => name,
    };
    let article = if thing.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    match change.action.as_str() {
        "insert" if superseded(change).is_some() => format!("corrected {article} {thing}"),
        "insert" => format!("entered {article} {thing}"),
        "update" => format!("changed the {thing}"),
        "delete" => format!("removed {article} {thing}"),
        other => format!("{other} {thing}"),
    }
}

/// The row that this one took the place of.
fn superseded(change: &Change) -> Option<i64> {
    change.changes.get("supersedes_id")?[1].as_i64()
}

/// A correction is a row of its own: what it replaced stands in the record.
fn corrected(change: &Change, record: &Record) -> Option<Vec<String>> {
    if change.table_name != "observation" {
        return None;
    }
    let find = |id: i64| record.observations.iter().find(|o| o.id == ObservationId(id));
    let (before, after) = (find(superseded(change)?)?, find(change.record_id)?);
    let mut said = vec![format!(
        "{} of {}: {} → {}",
        facts::name(after),
        write::day(before.collected_on),
        facts::said(before),
        facts::said(after)
    )];
    if after.collected_on != before.collected_on {
        said.push(format!(
            "collected on {} → {}",
            write::day(before.collected_on),
            write::day(after.collected_on)
        ));
    }
    if after.entered_in_error {
        said.push("entered in error".into());
    }
    Some(said)
}

/// What was done with a flag, in the words of its card. `None` for other rows.
fn flagged(change: &Change) -> Option<(String, Vec<String>)> {
    if change.table_name != "flag" {
        return None;
    }
    let became = |column: &str| change.changes.get(column).map(|pair| &pair[1]);
    let text = |column: &str| became(column).and_then(Value::as_str).filter(|text| !text.is_empty());
    let said = |parts: [Option<String>; 2]| parts.into_iter().flatten().collect::<Vec<_>>();
    let answer = text("ack_reason").and_then(AckReason::from_code);
    let answer = answer.map(|reason| said([Some(reason.words().to_owned()), text("ack_note").map(str::to_owned)]));
    let lead_days = || {
        became("lead_days")
            .and_then(Value::as_i64)
            .and_then(|days| i32::try_from(days).ok())
    };
    let ended = || text("outcome").and_then(|code| Why::from_code(code, lead_days()));
    let (what, changes) = match (change.action.as_str(), became("closed_on"), answer) {
        ("insert", ..) => {
            let cause = text("cause")
                .and_then(Cause::from_code)
                .map(|cause| cause.words().to_owned());
            ("raised a flag", said([cause, text("reason_text").map(str::to_owned)]))
        }
        (_, Some(Value::Null), _) => ("opened a flag again", vec![]),
        (_, Some(_), Some(answer)) => ("closed a flag", answer),
        (_, Some(_), None) => ("closed a flag", said([ended().map(Why::words), None])),
        (_, None, Some(answer)) => ("answered a flag", answer),
        (_, None, None) => ("told a flag anew", said([text("reason_text").map(str::to_owned), None])),
    };
    Some((what.to_owned(), changes))
}

/// Columns that say how the row is kept, not what it says.
const KEPT_OUT: &[&str] = &[
    "site_id",
    "id",
    "patient_id",
    "tumour_id",
    "visit_id",
    "specimen_id",
    "assay_id",
    "trial_id",
    "run_id",
    "natural_key",
    "source_row",
    "recorded_at",
    "recorded_by",
    "opened_at",
    "key_number",
    "supersedes_id",
    "version",
    "route",
    "reason",
    "trigger_ids",
    "ack_by",
    "ack_at",
    // what was typed says it already
    "comparator",
    "detection",
    "value_num",
    "measure",
    "tubes",
    "date_precision",
    "start_precision",
    "lo",
    "hi",
];

fn columns(change: &Change) -> Vec<String> {
    let entered = change.action == "insert";
    let columns = change.changes.as_object().into_iter().flatten();
    let dull = |name: &str, pair: &Value| name == "status" && pair[1] == "final";
    columns
        .filter(|(name, pair)| {
            !KEPT_OUT.contains(&name.as_str()) && !(entered && (empty(&pair[1]) || dull(name, pair)))
        })
        .map(|(name, pair)| {
            let name = match name.as_str() {
                "raw_text" => "result".to_owned(),
                name => name.replace('_', " "),
            };
            match entered {
                true if name == "detail" => value(&pair[1]),
                true => format!("{name} {}", value(&pair[1])),
                false => format!("{name} {} → {}", value(&pair[0]), value(&pair[1])),
            }
        })
        .collect()
}

fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    }
}

/// A value as it stands in the trail, cut to a line.
fn value(value: &Value) -> String {
    let text = match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::String(text) if unit::words(text) != text && text != "1" => unit::words(text).to_owned(),
        Value::Object(parts) => {
            let part = |(name, part): (&String, &Value)| format!("{} {}", name.replace('_', " "), self::value(part));
            parts.iter().map(part).collect::<Vec<_>>().join(", ")
        }
        Value::String(text) => match text.parse::<chrono::NaiveDate>() {
            Ok(day) => write::day(day),
            // a code: not_stated, ctdna_rising
            Err(_) if text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => text.replace('_', " "),
            Err(_) => text.clone(),
        },
        Value::Array(all) => all.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: &str, changes: Value) -> Change {
        Change {
            at: "2026-11-13T13:05:00Z".parse().unwrap(),
            actor_name: "A. Vos".into(),
            role: "coordinator".into(),
            action: action.into(),
            table_name: "observation".into(),
            record_id: 7,
            changes,
            reason: Some("typed twice".into()),
        }
    }

    fn nobody() -> Record {
        use crate::domain::id::{PatientId, SiteId};
        use crate::domain::patient::{Patient, Sex};
        let patient = Patient {
            site: SiteId(1),
            id: PatientId(1),
            key: "T-0001".into(),
            birth_year: 1970,
            sex: Sex::Female,
            menopausal_status: None,
            known_on: chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
            version: 1,
        };
        Record {
            patient,
            tumours: vec![],
            treatments: vec![],
            surgeries: vec![],
            enrolments: vec![],
            observations: vec![],
            events: vec![],
        }
    }

    #[test]
    fn a_flags_history_is_in_the_words_of_its_card() {
        let told = |action: &str, changes: Value| {
            let mut one = change(action, changes);
            one.table_name = "flag".into();
            let acts = of(&[one], &nobody(), "UTC");
            format!("{}: {}", acts[0].what, acts[0].changes.join("; "))
        };
        let raised = serde_json::json!({"cause": [null, "ctdna_rising"], "reason_text": [null, "0.1 then 0.4 %."], "ack_note": [null, null]});
        assert_eq!(
            told("insert", raised),
            "raised a flag: ctDNA is rising; 0.1 then 0.4 %."
        );
        let answered =
            serde_json::json!({"state": ["new", "acting"], "ack_reason": [null, "imaging"], "version": [1, 2]});
        assert_eq!(told("update", answered), "answered a flag: Imaging ordered");
        let closed = serde_json::json!({"closed_on": [null, "2026-11-13"], "outcome": [null, "dismissed"], "ack_reason": [null, "explained"], "ack_note": [null, "hepatitis"]});
        assert_eq!(
            told("update", closed),
            "closed a flag: Explained by an event; hepatitis"
        );
        let again = serde_json::json!({"closed_on": ["2026-11-13", null], "ack_reason": ["explained", null], "ack_note": ["hepatitis", null]});
        assert_eq!(told("update", again), "opened a flag again: ");
        let gone = serde_json::json!({"closed_on": [null, "2026-11-13"], "outcome": [null, "withdrawn_evidence"]});
        assert_eq!(
            told("update", gone),
            format!("closed a flag: {}", Why::Withdrawn.words())
        );
    }

    #[test]
    fn an_act_says_when_who_what_and_why() {
        let changes = [
            change(
                "update",
                serde_json::json!({"raw_text": ["0.9", "0.09"], "version": [1, 2]}),
            ),
            change(
                "insert",
                serde_json::json!({"supersedes_id": [null, 3], "raw_text": [null, "0.09"], "note": [null, null]}),
            ),
        ];
        let acts = of(&changes, &nobody(), "Europe/Amsterdam");
        assert_eq!(acts[0].when, "13 Nov 2026, 14:05 CET");
        assert_eq!(acts[0].who, "A. Vos, coordinator");
        assert_eq!(acts[0].changes, ["result 0.9 → 0.09"]);
        assert_eq!(acts[0].reason.as_deref(), Some("typed twice"));
        assert_eq!(
            (acts[1].what.as_str(), acts[1].changes.len()),
            ("corrected a reading", 1)
        );
        assert_eq!(
            of(&changes, &nobody(), "Nowhere/Land")[0].when,
            "13 Nov 2026, 13:05 UTC"
        );
    }
}
