//! The triage list: flags first, then the highest risks without one. A row says who, why, and since when.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{RawQuery, State};
use chrono::{Datelike, NaiveDate};

use super::super::chart::bars::{self, Interval};
use super::super::chart::spark::{self, Mark, Spark};
use super::super::shell::Shell;
use super::super::{Result, filters, write};
use crate::actions::triage::{self, Asked, List, Row};
use crate::app::App;
use crate::domain::access::{Actor, Permission};

#[derive(Template, WebTemplate)]
#[template(path = "clinician/triage.html")]
pub struct TriagePage {
    page: Shell,
    list: List,
    rows: Vec<Line>,
    /// What was asked for and is not among what the reader can see.
    unknown: Vec<&'static str>,
    arms: Vec<String>,
    /// First row of the page, counted from 1.
    first: usize,
    before: Option<String>,
    after: Option<String>,
    may_read_model: bool,
    patients: String,
    scored: String,
}

/// A row as it is shown.
struct Line {
    href: String,
    key: String,
    flagged: bool,
    who: String,
    why: String,
    spark: Option<String>,
    state: String,
    state_since: String,
    measured: bool,
    risk: Option<Risk>,
    not_scored: String,
    open: String,
    opened: Option<NaiveDate>,
    with: String,
    with_state: &'static str,
}

struct Risk {
    now: String,
    interval: String,
    bar: String,
    change: String,
    class: &'static str,
}

/// The address's own words; what is odd in them is dropped, never an error.
fn asked(query: &str) -> (Asked, i64) {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
    let last = |name: &str| {
        let value = pairs.iter().rev().find(|(field, _)| field == name);
        value.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let asked = Asked {
        site: last("site"),
        trial: last("trial"),
        arm: last("arm"),
        flagged_only: last("flagged") == "1",
    };
    let page = last("page").parse::<i64>().unwrap_or(1).clamp(1, 10_000);
    (asked, page)
}

fn address(asked: &Asked, page: i64) -> String {
    let flagged = if asked.flagged_only { "1" } else { "" };
    let page = if page > 1 { page.to_string() } else { String::new() };
    let fields = [
        ("site", asked.site.as_str()),
        ("trial", &asked.trial),
        ("arm", &asked.arm),
        ("flagged", flagged),
        ("page", &page),
    ];
    let kept: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    match serde_urlencoded::to_string(kept).unwrap_or_default() {
        query if query.is_empty() => "/triage".into(),
        query => format!("/triage?{query}"),
    }
}

pub async fn show(State(app): State<App>, actor: Actor, RawQuery(query): RawQuery) -> Result<TriagePage> {
    let (wanted, page) = asked(query.as_deref().unwrap_or(""));
    let list = triage::load(&app, &actor, &wanted, page - 1).await?;
    let now = app.clock.now();
    let unknown = [
        ("centre", &wanted.site, &list.asked.site),
        ("trial", &wanted.trial, &list.asked.trial),
        ("arm", &wanted.arm, &list.asked.arm),
    ];
    let arms = list.trials.iter().find(|trial| trial.code == list.asked.trial);
    Ok(TriagePage {
        page: Shell::of(&actor, "Triage")
            .at("/triage")
            .night(list.night.as_ref(), now),
        rows: list.rows.iter().map(|row| Line::of(row, now.date_naive())).collect(),
        unknown: unknown
            .into_iter()
            .filter(|(_, wanted, found)| !wanted.is_empty() && found.is_empty())
            .map(|(name, _, _)| name)
            .collect(),
        arms: arms.map(|trial| trial.arms.clone()).unwrap_or_default(),
        first: (page - 1) as usize * triage::PAGE as usize + 1,
        before: (page > 1).then(|| address(&list.asked, page - 1)),
        after: list.more.then(|| address(&list.asked, page + 1)),
        may_read_model: actor.may(Permission::ReadModel).is_ok(),
        patients: write::thousands(list.totals.patients.unsigned_abs()),
        scored: list.night.as_ref().map_or(String::new(), |night| {
            write::thousands(u64::from(night.scored.unsigned_abs()))
        }),
        list,
    })
}

impl TriagePage {
    fn last(&self) -> usize {
        self.first + self.rows.len() - 1
    }

    fn filtered(&self) -> bool {
        self.list.asked != Asked::default()
    }

    /// The filters in words: `SYN-A, trial INSPIRE, arm A, flagged only`.
    fn shown(&self) -> String {
        let asked = &self.list.asked;
        let named = |name: &str, code: &str| (!code.is_empty()).then(|| format!("{name}{code}"));
        let parts = [
            named("", &asked.site),
            named("trial ", &asked.trial),
            named("arm ", &asked.arm),
            asked.flagged_only.then(|| "flagged only".to_owned()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// How many flagged patients follow after this page; of a filtered list it is not known.
    fn flagged_after(&self) -> usize {
        let flagged = usize::try_from(self.list.totals.flagged).unwrap_or(0);
        if self.filtered() {
            0
        } else {
            flagged.saturating_sub(self.last())
        }
    }

    fn to_first_page(&self) -> String {
        address(&self.list.asked, 1)
    }
}

impl Line {
    fn of(row: &Row, today: NaiveDate) -> Line {
        let (state, since) = state(&row.state_text);
        Line {
            href: format!("/patients/{}/{}", row.site_code, row.patient_key),
            key: row.patient_key.clone(),
            flagged: row.flag_count > 0,
            who: format!("{} {} · {}", row.sex, today.year() - row.birth_year, row.cancer),
            why: why(row),
            spark: spark_of(row),
            state,
            state_since: since,
            measured: !row.spark_days.is_empty(),
            risk: row.risk.map(|risk| Risk::of(risk, row)),
            not_scored: row
                .not_scored
                .clone()
                .unwrap_or_else(|| "no night has scored yet".into()),
            open: row.flag_opened_on.map(|day| age(day, today)).unwrap_or_default(),
            opened: row.flag_opened_on,
            with: row.flag_with.clone().unwrap_or_default(),
            with_state: match row.flag_state.as_deref() {
                // whoever it is with has another flag of the patient
                Some("new") => "another flag",
                Some("seen") => "watching",
                Some("acting") => "acting",
                Some("snoozed") => "snoozed",
                _ => "",
            },
        }
    }
}

/// `Below the limit since 3 Feb 2026` in two: what, and since when or against what.
fn state(text: &str) -> (String, String) {
    let at = [" since ", " against ", " once"]
        .iter()
        .filter_map(|word| text.find(word))
        .min();
    match at {
        Some(at) => (text[..at].to_owned(), write::unbroken(text[at..].trim())),
        None => (text.to_owned(), String::new()),
    }
}

/// Of a flag its reason; else what made the risk as high as it is, and the last reading.
fn why(row: &Row) -> String {
    if let Some(reason) = &row.flag_reason {
        let more = match row.flag_count {
            0 | 1 => String::new(),
            2 => " One more flag is open.".into(),
            n => format!(" {} more flags are open.", n - 1),
        };
        return write::unbroken(&format!("{reason}{more}"));
    }
    let raising = super::parts::raising(row.contributions.as_ref(), 3);
    let mut text = match raising.is_empty() {
        true => "No flag.".to_owned(),
        false => format!("No flag. Risk mostly from {}.", raising.join(", ")),
    };
    if let Some(last) = &row.last_reading {
        text += &format!(" Last {last}.");
    }
    write::unbroken(&text)
}

/// 6 d, 5 weeks, 14 months.
fn age(from: NaiveDate, today: NaiveDate) -> String {
    match (today - from).num_days() {
        days if days <= 0 => "today".into(),
        days if days < 60 => format!("{days}\u{a0}d"),
        days => format!("{}\u{a0}months", days * 12 / 365),
    }
}

/// Marks as the triage row keeps them. What has no number of its own was put half a decade below the lowest number; it is
/// shown at the foot, without a limit.
fn samples(row: &Row) -> Vec<(i32, Mark)> {
    let lowest = row.spark_log10.iter().copied().fold(f32::INFINITY, f32::min);
    let next = row
        .spark_log10
        .iter()
        .copied()
        .filter(|y| *y > lowest + 1e-4)
        .fold(f32::INFINITY, f32::min);
    let nameless = |y: f32| (y - lowest).abs() < 1e-4 && ((next - lowest - 0.5).abs() < 1e-3 || next.is_infinite());
    row.spark_days
        .iter()
        .zip(&row.spark_log10)
        .zip(&row.spark_mark)
        .map(|((day, y), mark)| {
            let value = 10f64.powf(f64::from(*y));
            let mark = match mark.as_str() {
                "value" => Mark::Value(value),
                "below" if nameless(*y) => Mark::Below { limit: None },
                "below" => Mark::Below { limit: Some(value) },
                "above" => Mark::Between { lo: value, hi: None },
                "detected" => Mark::Between {
                    lo: value,
                    hi: Some(value),
                },
                _ => Mark::Failed,
            };
            (*day, mark)
        })
        .collect()
}

fn spark_of(row: &Row) -> Option<String> {
    let samples = samples(row);
    let until = samples.last()?.0;
    let said = |mark: &Mark| match mark {
        Mark::Value(value) => write::figure(*value),
        Mark::Below { limit: Some(limit) } => format!("below {}", write::figure(*limit)),
        Mark::Below { limit: None } => "not detected".into(),
        Mark::Between { lo, hi: None } => format!("above {}", write::figure(*lo)),
        Mark::Between { .. } => "detected".into(),
        Mark::Failed => "failed".into(),
    };
    let words: Vec<String> = samples.iter().map(|(_, mark)| said(mark)).collect();
    Some(spark::svg(&Spark {
        id: format!("s{}-{}", row.site_id, row.patient_id),
        title: format!("ctDNA of {}, {} draws in {} days", row.patient_key, words.len(), until),
        about: words.join(", "),
        from: 0,
        until,
        samples,
    }))
}

impl Risk {
    fn of(risk: f64, row: &Row) -> Risk {
        let (lo, hi) = (row.risk_lo.unwrap_or(risk), row.risk_hi.unwrap_or(risk));
        let (class, change) = super::risk::change(risk, row.risk_before);
        Risk {
            now: super::risk::percent(risk),
            interval: super::risk::interval(lo, hi),
            bar: bars::interval(Interval { risk, lo, hi }, 92.0),
            change,
            class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_address_is_an_ordinary_list() {
        for query in [
            "page=-3&flagged=yes",
            "%ff=%ff",
            "site=%00&page=x",
            "&&&=",
            "page=99999999999999999999",
        ] {
            let (asked, page) = asked(query);
            assert!(!asked.flagged_only && (1..=10_000).contains(&page), "{query}");
        }
        let (asked, page) = asked("site=ROT-N&trial=A%26B&flagged=1&page=2");
        assert_eq!(address(&asked, page), "/triage?site=ROT-N&trial=A%26B&flagged=1&page=2");
        assert_eq!(address(&Asked::default(), 1), "/triage");
    }

    #[test]
    fn a_state_is_said_in_two_lines() {
        assert_eq!(
            state("Rising against baseline"),
            ("Rising".into(), "against baseline".into())
        );
        assert_eq!(state("No readings"), ("No readings".into(), String::new()));
        assert_eq!(state("Above baseline once"), ("Above baseline".into(), "once".into()));
    }

    #[test]
    fn open_for_how_long() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-22");
        for (from, said) in [
            ("2026-11-22", "today"),
            ("2026-11-20", "2\u{a0}d"),
            ("2025-11-22", "12\u{a0}months"),
        ] {
            assert_eq!(age(day(from), today), said);
        }
    }
}
