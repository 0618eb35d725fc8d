//! The numbers of the ledgers in words.

use super::super::super::write;
use crate::actions::flag_ledger::{Flags, Kept, Past, Rule, Share};

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
    write::thousands(years.round() as u64)
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
