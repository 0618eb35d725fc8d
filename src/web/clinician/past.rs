//! The record's own history in words: when, who, what became what, and why (S-056). Instants are told on the centre's clock.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::Value;

use crate::actions::patients::Change;

/// One act on the record.
pub struct Act {
    pub when: String,
    pub who: String,
    pub what: String,
    /// `tumour size: 12 → 14`.
    pub changes: Vec<String>,
    pub reason: Option<String>,
}

pub fn of(changes: &[Change], zone: &str) -> Vec<Act> {
    let zone = zone.parse::<Tz>().unwrap_or(Tz::UTC);
    changes
        .iter()
        .map(|change| Act {
            when: instant(change.at, zone),
            who: match change.role.as_str() {
                "system" => change.actor_name.clone(),
                role => format!("{}, {role}", change.actor_name),
            },
            what: what(change),
            changes: columns(change),
            reason: change.reason.clone().filter(|reason| !reason.is_empty()),
        })
        .collect()
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
    let supersedes = change
        .changes
        .get("supersedes_id")
        .is_some_and(|pair| !pair[1].is_null());
    match change.action.as_str() {
        "insert" if supersedes => format!("corrected a {thing}"),
        "insert" => format!("entered a {thing}"),
        "update" => format!("changed the {thing}"),
        "delete" => format!("removed a {thing}"),
        other => format!("{other} {thing}"),
    }
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
    "date_precision",
    "start_precision",
    "lo",
    "hi",
];

fn columns(change: &Change) -> Vec<String> {
    let entered = change.action == "insert";
    let columns = change.changes.as_object().into_iter().flatten();
    columns
        .filter(|(name, pair)| !KEPT_OUT.contains(&name.as_str()) && !(entered && empty(&pair[1])))
        .map(|(name, pair)| {
            let name = name.replace('_', " ");
            match entered {
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
        Value::String(text) => match text.parse::<chrono::NaiveDate>() {
            Ok(day) => super::super::write::day(day),
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
        let acts = of(&changes, "Europe/Amsterdam");
        assert_eq!(acts[0].when, "13 Nov 2026, 14:05 CET");
        assert_eq!(acts[0].who, "A. Vos, coordinator");
        assert_eq!(acts[0].changes, ["raw text 0.9 → 0.09"]);
        assert_eq!(acts[0].reason.as_deref(), Some("typed twice"));
        assert_eq!(
            (acts[1].what.as_str(), acts[1].changes.len()),
            ("corrected a reading", 1)
        );
        assert_eq!(of(&changes, "Nowhere/Land")[0].when, "13 Nov 2026, 13:05 UTC");
    }
}
