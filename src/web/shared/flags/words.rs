//! The numbers of the ledgers in words.

use super::super::super::write;
use crate::actions::flag_ledger::{Flags, Kept, Past, Period, Rule, Share};

pub(super) fn share(own: &Share) -> String {
    let bare = |value: f64| write::percent(value).trim_end_matches(['%', '\u{202f}']).to_owned();
    format!(
        "{} ({}–{})",
        write::percent(own.value),
        bare(own.lower),
        bare(own.upper)
    )
}

pub(super) fn count(n: usize) -> String {
    write::thousands(n as u64)
}

pub(super) fn years(years: f64) -> String {
    match years {
        few if few < 100.0 => format!("{few:.1}"),
        many => write::thousands(many.round() as u64),
    }
}

/// Alerts per 100 patient-years with their interval; `None` before a patient-year has passed, in which nothing could be told.
pub(super) fn load(own: &Period) -> Option<(f64, (f64, f64))> {
    let told = own.years >= 1.0;
    Some((own.load(), own.load_limits().filter(|_| told)?))
}

/// `1 flag`, `3 flags`.
pub(super) fn plural(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n), if n == 1 { "" } else { "s" })
}

pub(super) fn dash() -> String {
    "–".into()
}

pub(super) fn past(kept: &Kept) -> Option<&Past> {
    match &kept.rule {
        Rule::Told(flags) => flags.past.as_ref(),
        Rule::NoModel | Rule::Untold => None,
    }
}

/// What the card says of its flags, for the model's page.
pub fn on_card(flags: &Flags) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("Budget", format!("{} per 100 patient-years", flags.budget)),
        ("Alert score from", write::threshold(flags.raise)),
    ];
    if let Some(past) = &flags.past {
        told.push((
            "On past days",
            format!("{:.1} per 100 patient-years", past.figures.per_100_years),
        ));
        if let Some(own) = &past.ppv12 {
            told.push(("Came true in 12 months", share(own)));
        }
    }
    told
}
