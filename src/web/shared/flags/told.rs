//! What came, beside what was promised.

use chrono::Days;

use super::super::super::chart::kept::{Place, track};
use super::super::super::write;
use super::words::{self, count, dash, past, plural, share, years};
use crate::actions::flag_ledger::{Herald, Kept, Past, Period, Rule, RunningLedger, Share};

const TRACK: f64 = 150.0;
/// The longest track, in budgets.
const WIDEST: f64 = 10.0;
/// The longest lead that counts, for the track.
const LONGEST: f64 = 730.0;

/// One figure: what came, of how many, what was promised.
pub struct Told {
    pub what: &'static str,
    pub came: String,
    pub of: String,
    pub promised: String,
    pub track: String,
}

fn place(own: &Share) -> Place {
    Place {
        at: own.value,
        lower: own.lower,
        upper: own.upper,
    }
}

fn point(at: f64) -> Place {
    Place {
        at,
        lower: at,
        upper: at,
    }
}

pub fn told(kept: &Kept) -> Vec<Told> {
    let (all, past) = (kept.all.as_ref(), past(kept));
    let recall = |part: fn(&Past) -> usize| past.and_then(|own| Share::part(part(own), own.figures.relapses));
    vec![
        load(kept),
        came_true(kept, 0, "Came true within 12 months", past.and_then(|own| own.ppv12)),
        came_true(kept, 1, "Came true within 24 months", past.and_then(|own| own.ppv24)),
        flagged(
            "Relapses flagged ahead",
            all,
            all.and_then(|own| own.whole.recall()),
            |own| own.ahead,
            recall(|own| own.figures.ahead),
        ),
        flagged(
            "Flagged 90 days ahead or more",
            all,
            all.and_then(|own| own.whole.early_recall()),
            |own| own.early,
            recall(|own| own.figures.early),
        ),
        lead(all, past),
    ]
}

fn load(kept: &Kept) -> Told {
    // what the thresholds on show were made for, also where another budget is set by now
    let budget = match &kept.rule {
        Rule::Told(flags) => Some(flags.budget),
        Rule::NoModel | Rule::Untold => kept.budget.rate(),
    };
    let year = kept.all.as_ref().map(|all| &all.year).filter(|year| year.years > 0.0);
    let limits = year.and_then(words::load);
    let axis = |budget: f64| limits.map_or(0.0, |(_, (_, upper))| upper).max(2.0 * budget);
    // an interval many times the budget says nothing, and would leave no room for it
    let drawn = limits
        .zip(budget)
        .filter(|((_, (_, upper)), budget)| *upper <= WIDEST * budget);
    let scaled = |value: f64, budget: f64| value / axis(budget);
    Told {
        what: "Alerts per 100 patient-years",
        came: limits.map_or_else(dash, |(load, (lower, upper))| {
            format!("{load:.1} ({lower:.1}–{upper:.1})")
        }),
        of: year.map_or_else(
            || "nobody has been under watch since a first night was on show".into(),
            |year| {
                let (flags, years) = (plural(year.counted(), "flag"), years(year.years));
                let told = format!("{flags} in {years} patient-years since {}", write::day(year.from));
                match year.backlog {
                    0 => told,
                    backlog => format!(
                        "{told}; not counted: {} on a first night, of the patient or of a higher budget",
                        count(backlog)
                    ),
                }
            },
        ),
        promised: budget.map_or_else(dash, |budget| format!("{budget} (the budget)")),
        track: track(
            drawn.map(|((load, (lower, upper)), budget)| Place {
                at: scaled(load, budget),
                lower: scaled(lower, budget),
                upper: scaled(upper, budget),
            }),
            budget.map(|budget| point(drawn.map_or(0.5, |_| scaled(budget, budget)))),
            TRACK,
        ),
    }
}

fn came_true(kept: &Kept, window: usize, what: &'static str, promised: Option<Share>) -> Told {
    let own = kept.all.as_ref().and_then(|all| all.ppv[window]);
    let standing = kept
        .all
        .as_ref()
        .map(|all| all.whole.within[window])
        .unwrap_or_default();
    let months = [12, 24][window];
    Told {
        what,
        came: own.as_ref().map_or_else(dash, share),
        of: match standing.passed() {
            0 => not_yet(kept, window),
            passed => format!("of {} raised {months} months ago or before", plural(passed, "flag")),
        },
        promised: promised.as_ref().map_or_else(dash, share),
        track: track(own.as_ref().map(place), promised.as_ref().map(place), TRACK),
    }
}

/// When the first figure comes.
fn not_yet(kept: &Kept, window: usize) -> String {
    let (days, months) = [(365, 12), (730, 24)][window];
    let first = kept
        .all
        .iter()
        .flat_map(|all| &all.months)
        .find(|month| month.flags > 0);
    match first.and_then(|month| month.until.checked_add_days(Days::new(days))) {
        Some(on) => format!(
            "no flag is {months} months old yet; the first figures come by {}",
            write::day(on)
        ),
        None => format!("no flag has been raised yet; a figure comes {months} months after the first"),
    }
}

fn flagged(
    what: &'static str,
    all: Option<&RunningLedger>,
    own: Option<Share>,
    of: fn(&Period) -> usize,
    promised: Option<Share>,
) -> Told {
    Told {
        what,
        came: own.as_ref().map_or_else(dash, share),
        of: match all.map(|all| &all.whole).filter(|whole| whole.relapses > 0) {
            Some(whole) => format!("{} of {}", count(of(whole)), plural(whole.relapses, "relapse")),
            None => "no relapse under watch yet".into(),
        },
        promised: promised.as_ref().map_or_else(dash, share),
        track: track(own.as_ref().map(place), promised.as_ref().map(place), TRACK),
    }
}

fn lead(all: Option<&RunningLedger>, past: Option<&Past>) -> Told {
    let told = |(median, mean): (f64, f64)| format!("{median:.0} d, {mean:.0} d");
    let own = all.and_then(|all| all.median_lead.zip(all.mean_lead));
    let flag = past.filter(|own| own.figures.relapses > 0);
    let flag = flag.and_then(|own| own.heralds.by(Herald::Flag));
    let promised = flag.map(|flag| (flag.median_notice, flag.mean_notice));
    let mean = |(_, mean): (f64, f64)| point(mean / LONGEST);
    Told {
        what: "Lead, median and mean",
        came: own.map_or_else(dash, told),
        of: match own {
            Some(_) => "over all relapses, a miss as 0; the mean is drawn, to 24 months".into(),
            None => "no relapse under watch yet".into(),
        },
        promised: promised.map_or_else(dash, told),
        track: track(own.map(mean), promised.map(mean), TRACK),
    }
}
