//! Flags by the month in which they were raised, and by centre.

use super::super::super::chart::lines::{self, Axis, Line, Lines, Scale};
use super::words::{count, dash, load, share, years};
use crate::actions::flag_ledger::{Kept, Period, RunningLedger, Site, Standing};

const WIDTH: f64 = 760.0;
/// Months listed: those whose flags have had their 24 months among them.
const LISTED: usize = 36;
/// Months of which each load is: one month of a small centre has a flag or none.
const TRAILING: usize = 12;
/// With fewer months a line says nothing.
const DRAWN_FROM: usize = 3;

/// Flags raised in one month, and how they stand.
pub struct Month {
    pub month: String,
    pub flags: String,
    pub years: String,
    pub load: String,
    pub budget: String,
    pub relapses: String,
    pub ahead: String,
    pub within12: String,
    pub within24: String,
}

fn standing(flags: usize, own: &Standing) -> String {
    if flags == 0 {
        return dash();
    }
    let parts = [
        (own.came_true, "came true"),
        (own.came_to_nothing, "did not"),
        (own.lost, "lost"),
        (own.pending, "open"),
    ];
    let told = parts.into_iter().filter(|(n, _)| *n > 0);
    told.map(|(n, word)| format!("{n}\u{a0}{word}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Newest first.
pub fn months(kept: &Kept) -> Vec<Month> {
    let one = |own: &Period| Month {
        month: own.from.format("%b %Y").to_string(),
        flags: match own.backlog {
            0 => count(own.flags),
            backlog => format!("{} ({} on a first night)", count(own.flags), count(backlog)),
        },
        years: format!("{:.1}", own.years),
        load: format!("{:.1}", own.load()),
        budget: kept
            .budget
            .in_force(own.until)
            .map_or_else(dash, |rate| rate.to_string()),
        relapses: count(own.relapses),
        ahead: count(own.ahead),
        within12: standing(own.flags, &own.within[0]),
        within24: standing(own.flags, &own.within[1]),
    };
    let months = kept.all.iter().flat_map(|all| all.months.iter().rev());
    months.take(LISTED).map(one).collect()
}

/// Flags per 100 patient-years in the months up to each.
fn trailing(months: &[&Period], at: usize) -> f64 {
    let own = &months[(at + 1).saturating_sub(TRAILING)..=at];
    let years: f64 = own.iter().map(|month| month.years).sum();
    let flags: usize = own.iter().map(|month| month.counted()).sum();
    if years > 0.0 { 100.0 * flags as f64 / years } else { 0.0 }
}

/// Load and budget over the months that have gone by.
pub fn plot(kept: &Kept) -> Option<String> {
    let all = kept.all.as_ref()?;
    let whole: Vec<&Period> = all.months.iter().filter(|month| month.until <= all.as_of).collect();
    let from = whole.len().saturating_sub(LISTED);
    if whole.len() < DRAWN_FROM {
        return None;
    }
    let line = |label: &str, stairs: bool, of: &dyn Fn(usize) -> Option<f64>| Line {
        label: label.to_owned(),
        points: (from..whole.len())
            .filter_map(|at| Some((at as f64 - whole.len() as f64, of(at)?)))
            .collect(),
        stairs,
        dots: !stairs,
        ..Line::default()
    };
    let lines = vec![
        line("load, 12 months", false, &|at| Some(trailing(&whole, at))),
        line("budget", true, &|at| kept.budget.in_force(whole[at].until)),
    ];
    let highest = lines
        .iter()
        .flat_map(|own| &own.points)
        .map(|point| point.1)
        .fold(0.0, f64::max);
    let chart = Lines {
        id: "load-plot".into(),
        title: "Alerts per 100 patient-years in the 12 months up to each".into(),
        about: format!("{} months; the table below has each.", whole.len() - from),
        width: WIDTH,
        x: Axis {
            label: "months before this one".into(),
            from: from as f64 - whole.len() as f64 - 0.2,
            to: -0.8,
            scale: Scale::Plain,
        },
        y: Axis {
            from: 0.0,
            to: highest * 1.1,
            ..Axis::default()
        },
        lines,
        ..Lines::default()
    };
    Some(lines::low(&chart))
}

/// One of several centres.
pub struct Centre {
    pub code: String,
    pub flags: String,
    pub years: String,
    pub load: String,
    pub came_true: String,
    pub relapses: String,
    pub ahead: String,
}

pub fn centres(kept: &Kept) -> Vec<Centre> {
    let one = |(site, own): &(Site, RunningLedger)| {
        let passed = own.whole.within[0];
        Centre {
            code: site.code.clone(),
            flags: count(own.year.counted()),
            years: years(own.year.years),
            load: match load(&own.year) {
                Some((load, (lower, upper))) => format!("{load:.1} ({lower:.1}–{upper:.1})"),
                None => dash(),
            },
            came_true: match passed.passed() {
                0 => dash(),
                passed_all => format!("{} of {passed_all}", passed.came_true),
            },
            relapses: count(own.whole.relapses),
            ahead: own.whole.recall().as_ref().map_or_else(dash, share),
        }
    };
    kept.centres.iter().map(one).collect()
}
