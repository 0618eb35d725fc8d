//! How flags did: load, share of relapses ahead of imaging, how often they came true, and by how much time.

use serde::{Deserialize, Serialize};

use super::series::Watch;
use super::threshold::load;
use crate::burden::case::Day;
use crate::survival::{AalenJohansen, FollowUp};

/// A flag that came this many days ahead or more was early.
pub const EARLY_DAYS: Day = 90;
/// No relapse counts with a longer lead than this in a mean.
pub const LONGEST_LEAD: Day = 730;
const RELAPSE: u32 = 1;
const DEATH: u32 = 2;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub patients: usize,
    pub years: f64,
    /// Re-raised ones too.
    pub flags: usize,
    pub per_100_years: f64,
    pub relapses: usize,
    /// Relapses whose patient was flagged on a day before detection, and those by `EARLY_DAYS` or more.
    pub ahead: usize,
    pub early: usize,
    /// Share of flags with a relapse within 365 and 730 days (Aalen-Johansen: death competes, loss is censored); `None` without
    /// flags, or where none was watched so long.
    pub ppv12: Option<f64>,
    pub ppv24: Option<f64>,
    /// From the first flag to detection in days, at most `LONGEST_LEAD`, over all relapses; a missed one counts 0.
    pub mean_lead: Option<f64>,
}

impl Figures {
    /// Of patients with the days of their flags in rising order.
    pub fn of<'a>(patients: impl IntoIterator<Item = (Watch, &'a [Day])>) -> Figures {
        let mut figures = Figures::default();
        let (mut followed, mut lead) = (vec![], 0.0);
        for (watch, flags) in patients {
            figures.patients += 1;
            figures.years += watch.years();
            figures.flags += flags.len();
            followed.extend(flags.iter().filter_map(|day| after(&watch, *day)));
            let Some(relapse) = watch.relapse() else { continue };
            figures.relapses += 1;
            if let Some(first) = flags.first().filter(|day| **day < relapse) {
                figures.ahead += 1;
                figures.early += usize::from(relapse - first >= EARLY_DAYS);
                lead += f64::from((relapse - first).min(LONGEST_LEAD));
            }
        }
        figures.per_100_years = load(figures.flags, figures.years);
        let came_true = CameTrue::of(&followed);
        figures.ppv12 = came_true.as_ref().and_then(|c| c.within(365.0));
        figures.ppv24 = came_true.as_ref().and_then(|c| c.within(730.0));
        figures.mean_lead = (figures.relapses > 0).then(|| lead / figures.relapses as f64);
        figures
    }

    pub fn sensitivity(&self) -> Option<f64> {
        (self.relapses > 0).then(|| self.ahead as f64 / self.relapses as f64)
    }

    pub fn early_sensitivity(&self) -> Option<f64> {
        (self.relapses > 0).then(|| self.early as f64 / self.relapses as f64)
    }
}

/// A share with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
}

/// Standard errors on either side in a 95 % interval.
const SPREAD: f64 = 1.959_963_985;

impl Share {
    /// Wilson's score interval (J Am Stat Assoc 1927;22:209), which is within 0 and 1 at any share. `n`: how many stand behind it. `None` of
    /// nobody.
    pub fn of(value: f64, n: f64) -> Option<Share> {
        if !(n > 0.0 && (0.0..=1.0).contains(&value)) {
            return None;
        }
        let square = SPREAD * SPREAD;
        let middle = (value + square / (2.0 * n)) / (1.0 + square / n);
        let width = SPREAD / (1.0 + square / n) * (value * (1.0 - value) / n + square / (4.0 * n * n)).sqrt();
        Some(Share {
            value,
            lower: (middle - width).clamp(0.0, value),
            upper: (middle + width).clamp(value, 1.0),
        })
    }

    pub fn part(of: usize, all: usize) -> Option<Share> {
        Share::of(of as f64 / all.max(1) as f64, all as f64)
    }
}

/// What followed a flag; `None` where nobody watched on.
pub(super) fn after(watch: &Watch, flag: Day) -> Option<FollowUp> {
    let event = match watch.end {
        super::series::End::Relapse { .. } => RELAPSE,
        super::series::End::Death => DEATH,
        super::series::End::Censored => 0,
    };
    FollowUp::until(f64::from(watch.to.checked_sub(flag)?), event).ok()
}

/// How soon relapses follow flags.
pub(super) struct CameTrue {
    curve: AalenJohansen,
    flags: f64,
}

impl CameTrue {
    /// `None` without flags.
    pub fn of(followed: &[FollowUp]) -> Option<CameTrue> {
        let flags = followed.len() as f64;
        AalenJohansen::fit(followed).ok().map(|curve| CameTrue { curve, flags })
    }

    /// Share relapsed within so many days; `None` where no flag was watched so long and some were not resolved.
    pub fn within(&self, days: f64) -> Option<f64> {
        let curve = &self.curve;
        let told = curve.followed_to >= days || curve.free_at(curve.followed_to) == 0.0;
        told.then(|| curve.incidence_at(RELAPSE, days))
    }

    /// The same with its interval: as many flags as would have the same standard error if none were lost stand behind the share.
    pub fn share(&self, days: f64) -> Option<Share> {
        let value = self.within(days)?.clamp(0.0, 1.0);
        let variance = self.curve.se_at(RELAPSE, days).powi(2);
        let told = value * (1.0 - value) / variance;
        let n = if variance > 0.0 && told.is_finite() && told > 0.0 {
            told
        } else {
            self.flags
        };
        Share::of(value, n.min(self.flags))
    }

    /// Median days to the relapse among flags that come true within `days`: where the incidence has half its height.
    pub fn median_lead(&self, days: f64) -> Option<f64> {
        let half = 0.5 * self.curve.incidence_at(RELAPSE, days);
        let steps = self.curve.steps.iter().zip(self.curve.incidence.column(0));
        (half > 0.0)
            .then(|| steps.filter(|(_, sum)| **sum >= half).map(|(step, _)| step.time).next())
            .flatten()
    }
}
