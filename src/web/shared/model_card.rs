//! A stored model card as it is read: the types of the model's own code, with the words of a page.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::chart::bars::{self, Part};
use super::super::write;
use super::flags::on_card;
use crate::actions::flag_ledger::Flags;
use crate::actions::models::{Decision, Drift, FittedOn, Judged, Measures, Report, Site, Subgroup};

/// Standard errors on either side of an estimate in a 95 % interval.
const SPREAD: f64 = 1.96;
/// Inputs named as drifting most.
const DRIFTING: usize = 6;
/// Pixels of a bar's track.
const BAR: f64 = 140.0;

#[derive(Deserialize)]
pub struct Card {
    pub says: String,
    pub method: String,
    pub decision: Decision,
    pub reason: String,
    pub recalibrated: bool,
    pub fitted_on: FittedOn,
    pub judged: Judged,
    pub validation: Report,
    pub rivals: Vec<Rival>,
    matter_most: Vec<Mattering>,
    pub groups: Vec<String>,
    pub latest_landmark_days: i32,
    pub limits: Vec<String>,
    /// `None` on a card from before flags were told.
    #[serde(default)]
    flags: Option<Flags>,
    #[serde(default)]
    pub not_in_the_fit: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
pub struct Rival {
    pub families: String,
    loss_a_relapse: Option<f64>,
    #[serde(default)]
    chosen: bool,
}

#[derive(Deserialize)]
struct Mattering {
    fact: String,
    size: f64,
}

/// One line of the table of a horizon.
pub struct Horizon {
    pub within: String,
    pub auc: String,
    pub scaled_brier: String,
    pub expected: String,
    pub observed: String,
    pub ratio: String,
    pub slope: String,
}

/// One line of the table of those for whom calibration is known.
pub struct Group {
    pub by: String,
    pub is: String,
    pub patients: String,
    pub relapsed: String,
    pub expected: String,
    pub observed: String,
    pub ratio: String,
}

fn two(value: f64) -> String {
    let text = format!("{:.2}", value.abs());
    if value <= -0.005 { format!("−{text}") } else { text }
}

fn with_error(value: f64, error: Option<f64>) -> String {
    match error.filter(|error| error.is_finite()) {
        Some(error) => format!(
            "{} ({}–{})",
            two(value),
            two(value - SPREAD * error),
            two(value + SPREAD * error)
        ),
        None => two(value),
    }
}

fn per_cent(probability: f64) -> String {
    format!("{:.1}\u{202f}%", probability * 100.0)
}

fn count(n: usize) -> String {
    write::thousands(n as u64)
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

impl Card {
    /// Centres are named where they are among `sites`. Errors: a card of another shape, as another version of the program wrote it.
    pub fn read(card: &Value, sites: &[&Site]) -> Result<Card, serde_json::Error> {
        let mut card = Card::deserialize(card)?;
        for group in &mut card.validation.subgroups {
            group.is = group_name(group, sites);
        }
        Ok(card)
    }

    pub fn horizons(&self) -> Vec<Horizon> {
        let one = |own: &Measures| Horizon {
            within: format!("{}\u{a0}days", own.horizon_days),
            auc: format!("{:.3}", own.auc),
            scaled_brier: format!("{:.3}", own.scaled_brier),
            expected: per_cent(own.expected),
            observed: per_cent(own.observed),
            ratio: with_error(
                own.observed_over_expected,
                Some(own.observed_over_expected * own.relative_error),
            ),
            slope: own
                .slope
                .map_or_else(|| "–".into(), |slope| with_error(slope, own.slope_error)),
        };
        self.validation.horizons.iter().map(one).collect()
    }

    pub fn calibrated(&self) -> Vec<Group> {
        let one = |own: &Subgroup| {
            Some(Group {
                ratio: two(own.observed_over_expected?),
                by: own.by.clone(),
                is: own.is.clone(),
                patients: count(own.patients),
                relapsed: count(own.relapsed),
                expected: per_cent(own.expected),
                observed: own.observed.map_or_else(|| "–".into(), per_cent),
            })
        };
        self.validation.subgroups.iter().filter_map(one).collect()
    }

    /// Of whom nothing is known, in words; no counts, as they are small.
    pub fn too_small(&self) -> String {
        let small = self.validation.subgroups.iter();
        let small = small.filter(|group| group.observed_over_expected.is_none());
        let mut names: Vec<String> = small.map(|group| format!("{} {}", group.by, group.is)).collect();
        names.dedup();
        names.join(", ")
    }

    pub fn judged_by(&self) -> String {
        match self.judged {
            Judged::OutOfTime(day) => format!(
                "Fitted on what had happened by {}, judged on what came after it.",
                write::day(day)
            ),
            Judged::CrossFitted => "Judged on patients held out, not by time.".into(),
        }
    }

    /// Each with its loss, and whether it was chosen: on a card from before that was told, the one with the least.
    pub fn rivals(&self) -> Vec<(String, String, bool)> {
        let told = self.rivals.iter().any(|rival| rival.chosen);
        let losses = self.rivals.iter().filter_map(|rival| rival.loss_a_relapse);
        let least = losses.fold(f64::INFINITY, f64::min);
        let one = |rival: &Rival| {
            let loss = rival
                .loss_a_relapse
                .map_or_else(|| "–".into(), |loss| format!("{loss:.4}"));
            let is_least = rival.loss_a_relapse == Some(least);
            (rival.families.clone(), loss, if told { rival.chosen } else { is_least })
        };
        self.rivals.iter().map(one).collect()
    }

    /// Facts by their size, the largest as long as the track.
    pub fn matter_most(&self) -> Vec<Part> {
        let most = self.matter_most.iter().map(|own| own.size).fold(0.0, f64::max);
        let moving = self.matter_most.iter().filter(|own| own.size > 0.0);
        let one = |own: &Mattering| Part {
            name: write::capital(&spaced(&own.fact)),
            bar: bars::share(own.size / most, BAR, "r-base"),
            said: two(own.size),
        };
        moving.map(one).collect()
    }

    pub fn drift(&self) -> Vec<(String, String)> {
        let one = |own: &Drift| (spaced(&own.column), two(own.index));
        self.validation.drift.iter().take(DRIFTING).map(one).collect()
    }

    pub fn fitted(&self) -> Vec<(&'static str, String)> {
        let own = &self.fitted_on;
        vec![
            ("Patients", count(own.patients)),
            ("Landmarks", count(own.landmarks)),
            ("First distant relapses", count(own.relapsed)),
            ("Deaths without one", count(own.died)),
        ]
    }

    /// The budget that its thresholds are for, and what came of them on past days.
    pub fn flags(&self) -> Option<Vec<(&'static str, String)>> {
        self.flags.as_ref().map(on_card)
    }

    pub fn groups(&self) -> String {
        let groups: Vec<String> = self.groups.iter().map(|group| spaced(group)).collect();
        groups.join(", ")
    }

    pub fn years(&self) -> String {
        format!("{:.1}", f64::from(self.latest_landmark_days) / 365.25)
    }
}

fn group_name(group: &Subgroup, sites: &[&Site]) -> String {
    match (group.by.as_str(), group.is.as_str()) {
        ("centre", id) => sites
            .iter()
            .find(|site| site.id.to_string() == id)
            .map_or_else(|| "of others".into(), |site| site.code.clone()),
        ("sex", "F") => "women".into(),
        ("sex", "M") => "men".into(),
        (_, is) => spaced(is),
    }
}
