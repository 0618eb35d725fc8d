//! The last acts on users, settings and runs in words: what was done, to whom, with which centres.

use serde_json::Value;

use super::super::write;
use crate::actions::patients::Change;
use crate::actions::users::{self, Overview};

/// What one person did, once or several times in a row.
pub(super) struct Act {
    pub when: String,
    pub who: String,
    pub what: String,
    pub times: usize,
}

/// Changes that read alike and follow on each other; centres that one deed is about are gathered.
struct Line {
    when: String,
    who: String,
    deed: String,
    centres: Vec<String>,
    times: usize,
}

/// Newest first.
pub(super) fn told(overview: &Overview) -> Vec<Act> {
    let mut lines: Vec<Line> = vec![];
    for change in &overview.acts {
        let line = line(change, overview);
        match lines.last_mut() {
            Some(last) if (&last.who, &last.deed) == (&line.who, &line.deed) => {
                last.times += 1;
                last.centres.extend(line.centres);
            }
            _ => lines.push(line),
        }
    }
    // where there are more acts than were read, the last line may be the end of one
    if overview.acts.len() >= users::ACTS as usize {
        lines.pop();
    }
    lines.into_iter().map(Line::act).collect()
}

fn line(change: &Change, overview: &Overview) -> Line {
    let (deed, centre) = match change.table_name.as_str() {
        "user_site" => (held(change, overview), Some(centre(value(change, "site_id"), overview))),
        _ => (deed(change, overview), None),
    };
    Line {
        when: change.at.format("%-d %b %Y %H:%M:%S").to_string(),
        who: format!("{}, {}", change.actor_name, change.role),
        deed,
        centres: centre.into_iter().collect(),
        times: 1,
    }
}

impl Line {
    fn act(mut self) -> Act {
        self.centres.sort();
        let (what, times) = match self.centres.as_slice() {
            [] => (self.deed, self.times),
            [one] => (format!("{} the centre {one}", self.deed), 1),
            more => (format!("{} the centres {}", self.deed, more.join(", ")), 1),
        };
        Act {
            when: self.when,
            who: self.who,
            what,
            times,
        }
    }
}

/// What a column holds since, or held where the row is gone.
fn value<'c>(change: &'c Change, column: &str) -> &'c Value {
    match &change.changes[column][1] {
        Value::Null => &change.changes[column][0],
        new => new,
    }
}

fn user(id: &Value, overview: &Overview) -> String {
    let known = overview.users.iter().find(|user| id.as_i64() == Some(user.id.0.into()));
    known.map_or_else(|| format!("user {id}"), |user| format!("user {}", user.name))
}

fn centre(id: &Value, overview: &Overview) -> String {
    let known = overview.sites.iter().find(|site| id.as_i64() == Some(site.id.0.into()));
    known.map_or_else(|| id.to_string(), |site| site.code.clone())
}

fn night(id: i64, overview: &Overview) -> String {
    let known = overview.runs.iter().find(|run| run.id == id);
    known.map_or_else(
        || "a night".into(),
        |run| format!("the night of {}", write::day(run.as_of)),
    )
}

/// `gave user Mara`, of the centres that follow.
fn held(change: &Change, overview: &Overview) -> String {
    let user = user(value(change, "user_id"), overview);
    match change.action.as_str() {
        "delete" => format!("took from {user}"),
        _ => format!("gave {user}"),
    }
}

/// `added user Mara`, `made a link for user Mara`, `set the alert budget from 4 per 100 patient-years to 2.5 per 100 patient-years`.
fn deed(change: &Change, overview: &Overview) -> String {
    match (change.action.as_str(), change.table_name.as_str()) {
        ("link_made", _) => format!("made a link for {}", user(value(change, "user"), overview)),
        ("password_set", _) => "chose a password".into(),
        ("update", "app_user") => altered(change, overview),
        ("update", "run") => ended(change, overview),
        (_, "alert_budget") => budget_set(change, overview),
        (action, "-" | "") => action.replace('_', " "),
        (action, table) => format!("{} {}", verb(action), record(change, table, overview)),
    }
}

fn verb(action: &str) -> String {
    match action {
        "insert" => "added".into(),
        "update" => "changed".into(),
        "delete" => "took away".into(),
        other => other.replace('_', " "),
    }
}

fn record(change: &Change, table: &str, overview: &Overview) -> String {
    match table {
        "app_user" => user(&change.record_id.into(), overview),
        "site" => format!("the centre {}", centre(&change.record_id.into(), overview)),
        "run" => night(change.record_id, overview),
        "import_file" => "a file of an import".into(),
        "assay_version" => "an assay".into(),
        "arm" => "an arm".into(),
        other => format!("a {}", other.replace('_', " ")),
    }
}

/// The trail hides a password's hash: where it alone was renewed, the entry tells of no other column than the version.
fn altered(change: &Change, overview: &Overview) -> String {
    let user = user(&change.record_id.into(), overview);
    let columns = change.changes.as_object().into_iter().flat_map(|all| all.keys());
    let columns: Vec<String> = columns
        .filter(|column| *column != "version")
        .map(|column| column.replace('_', " "))
        .collect();
    match columns.as_slice() {
        [] => format!("changed the password on file of {user}"),
        [one] if one == "disabled at" => match &change.changes["disabled_at"][1] {
            Value::Null => format!("enabled {user}"),
            _ => format!("disabled {user}"),
        },
        _ => format!("changed {} of {user}", columns.join(", ")),
    }
}

fn ended(change: &Change, overview: &Overview) -> String {
    let deed = match change.changes["state"][1].as_str() {
        Some("published") => "published",
        Some("failed") => "failed in",
        _ => "changed",
    };
    format!("{deed} {}", night(change.record_id, overview))
}

fn budget_set(change: &Change, overview: &Overview) -> String {
    let budget = &overview.budget;
    let at = budget
        .settings
        .iter()
        .position(|own| i64::from(own.id) == change.record_id);
    let told = at.map(|at| format!(" from {} to {}", budget.before(at), budget.settings[at].budget));
    format!("set the alert budget{}", told.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::actions::budget::AlertBudget;
    use crate::actions::patients::Site;
    use crate::actions::users::User;
    use crate::domain::access::Role;
    use crate::domain::budget::Budget;
    use crate::domain::id::{SiteId, UserId};

    fn change(action: &str, table_name: &str, record_id: i64, changes: Value) -> Change {
        Change {
            at: "2026-11-22T12:00:00Z".parse().unwrap(),
            actor_name: "console".into(),
            role: "system".into(),
            action: action.into(),
            table_name: table_name.into(),
            record_id,
            changes,
            reason: None,
        }
    }

    fn given(user: i32, site: i32) -> Change {
        let changes = json!({"user_id": [null, user], "site_id": [null, site]});
        change("insert", "user_site", 0, changes)
    }

    fn overview(acts: Vec<Change>) -> Overview {
        let user = |id, name: &str| User {
            id: UserId(id),
            name: name.into(),
            role: Role::Analyst,
            disabled: false,
            has_password: false,
            sites: vec![],
        };
        let site = |id, code: &str| Site {
            id: SiteId(id),
            code: code.into(),
            name: code.into(),
            time_zone: "Europe/Amsterdam".into(),
            arrangement: None,
        };
        Overview {
            turned_away: (0, 0),
            users: vec![user(4, "Mara"), user(5, "Odile")],
            sites: vec![site(1, "NOR"), site(2, "SOU")],
            acts,
            runs: vec![],
            budget: AlertBudget {
                now: Budget::USUAL,
                settings: vec![],
                nights: vec![],
            },
        }
    }

    #[test]
    fn acts_name_whom_they_are_about_and_repeats_once() {
        let link = || change("link_made", "-", 0, json!({"user": [null, 4]}));
        let told = told(&overview(vec![
            link(),
            link(),
            given(4, 2),
            given(4, 1),
            change("insert", "app_user", 4, json!({"name": [null, "Mara"]})),
            given(5, 2),
            change("update", "app_user", 5, json!({"version": [1, 2]})),
            change(
                "update",
                "app_user",
                5,
                json!({"version": [2, 3], "disabled_at": [null, "2026-11-22"]}),
            ),
            change(
                "delete",
                "user_site",
                0,
                json!({"user_id": [9, null], "site_id": [3, null]}),
            ),
            change("update", "site", 1, json!({"name": ["N", "North"]})),
        ]));
        let told: Vec<(&str, usize)> = told.iter().map(|act| (act.what.as_str(), act.times)).collect();
        assert_eq!(
            told,
            [
                ("made a link for user Mara", 2),
                ("gave user Mara the centres NOR, SOU", 1),
                ("added user Mara", 1),
                ("gave user Odile the centre SOU", 1),
                ("changed the password on file of user Odile", 1),
                ("disabled user Odile", 1),
                ("took from user 9 the centre 3", 1),
                ("changed the centre NOR", 1),
            ]
        );
    }

    #[test]
    fn an_act_whose_end_was_not_read_is_not_told_as_a_whole() {
        let link = change("link_made", "-", 0, json!({"user": [null, 4]}));
        let many = (1..users::ACTS).map(|site| given(4, site as i32));
        let acts: Vec<Change> = std::iter::once(link).chain(many).collect();
        let whats = |acts: Vec<Change>| {
            told(&overview(acts))
                .into_iter()
                .map(|act| act.what)
                .collect::<Vec<_>>()
        };
        assert_eq!(whats(acts.clone()), ["made a link for user Mara"]);
        assert_eq!(whats(acts[1..].to_vec()).len(), 1, "all acts were read");
    }
}
