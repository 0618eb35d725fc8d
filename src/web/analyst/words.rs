//! The answer in words: counts that may be told, medians, tests.

use super::super::write;
use crate::actions::cohorts::{Answer, At, Comparison, Count, Endpoint, Grouping, Line, View};

pub fn count(count: Count) -> String {
    match count {
        Count::Exact(number) => write::thousands(number),
        Count::Few => "<5".into(),
        Count::Withheld => "≥5".into(),
    }
}

fn years(value: f64) -> String {
    format!("{value:.1}")
}

/// 72.1 % (70.4–73.7).
pub fn share(at: At) -> String {
    format!(
        "{:.1}\u{202f}% ({:.1}–{:.1})",
        at.p * 100.0,
        at.lo * 100.0,
        at.hi * 100.0
    )
}

/// The result's head: how many, how many events, how long they were watched.
pub fn facts(answer: &Answer) -> Vec<(String, String)> {
    let endpoint = answer.question.endpoint;
    let mut facts = vec![
        (count(answer.counted), "patients".to_owned()),
        (count(answer.events), format!("{}s", endpoint.event())),
    ];
    if endpoint != Endpoint::Overall {
        facts.push((count(answer.deaths), "deaths before it".into()));
    }
    if let Some(followed) = answer.followed {
        facts.push((format!("{} years", years(followed)), "median follow-up".into()));
    }
    facts
}

/// One sentence a curve.
pub fn sentence(answer: &Answer, line: &Line) -> String {
    let endpoint = answer.question.endpoint;
    let Some(estimate) = &line.estimate else {
        return match line.patients {
            Count::Few => "fewer than 5 patients: no curve.".into(),
            _ => "not drawn, so that a smaller group beside it can't be worked out.".into(),
        };
    };
    let mut told = String::new();
    if answer.question.group != Grouping::None {
        told = format!("{} patients, {} events. ", count(line.patients), count(line.events));
    }
    if answer.question.view == View::Free {
        told += &match estimate.median {
            Some((median, lo, hi)) => format!(
                "Half are {} at {} years (95\u{202f}% interval {} to {}).",
                endpoint.free(),
                years(median),
                lo.map_or("not reached".into(), years),
                hi.map_or("not reached".into(), years),
            ),
            None => format!(
                "More than half are still {} where the curve ends, at {} years.",
                endpoint.free(),
                years(estimate.known_to)
            ),
        };
    }
    let marks: Vec<String> = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .filter_map(|time| estimate.at(time))
        .map(|at| {
            let unit = if at.time == 1.0 { "year" } else { "years" };
            format!("{} at {} {unit}", share(at), at.time)
        })
        .collect();
    if let Some((last, first)) = marks.split_last() {
        let first = if first.is_empty() {
            String::new()
        } else {
            format!("{} and ", first.join(", "))
        };
        let what = if answer.question.view == View::Free {
            endpoint.free()
        } else {
            "so far"
        };
        told += &format!(
            " {first}{last} {}.",
            if answer.question.view == View::Free {
                format!("are {what}")
            } else {
                "have had it".into()
            }
        );
    }
    told.trim().to_owned()
}

/// Do the groups differ, and how easily chance would do the same.
pub fn comparison(answer: &Answer, test: Comparison) -> String {
    let what = match answer.question.view {
        View::Free => "Log-rank test".to_owned(),
        View::Incidence => format!(
            "Log-rank test of the rate of {}, deaths before it censored",
            answer.question.endpoint.event()
        ),
    };
    let p = if test.p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {:.3}", test.p)
    };
    let chance = if test.p < 0.001 {
        "less than once in 1,000".to_owned()
    } else if test.p < 0.1 {
        format!("{:.0} times in 1,000", test.p * 1000.0)
    } else {
        format!("{:.0} times in 100", test.p * 100.0)
    };
    let degrees = if test.degrees == 1 {
        "1 degree".to_owned()
    } else {
        format!("{} degrees", test.degrees)
    };
    format!(
        "{what}: χ² {:.1} on {degrees} of freedom, {p}. If the groups did not differ, chance would bring curves this far apart {chance}.",
        test.chi_square
    )
}

/// What is counted, and what competes.
pub fn notes(answer: &Answer) -> Vec<String> {
    let endpoint = answer.question.endpoint;
    let event = endpoint.event();
    let mut notes = vec![];
    match (answer.question.view, endpoint) {
        (_, Endpoint::Overall) => notes.push("Death of any cause.".into()),
        (View::Free, _) => notes.push(format!(
            "A death without {event} counts as an event: the curve falls for both. To tell them apart, choose the incidence."
        )),
        (View::Incidence, _) => notes.push(format!(
            "Aalen-Johansen: who dies first can no longer have a {event}, and is not treated as if they still could. One minus Kaplan-Meier would overstate it."
        )),
    }
    if endpoint == Endpoint::RelapseFree {
        notes.push("Relapse: local, regional, distant or of unknown place; a second primary is none.".into());
    }
    if let Some(number) = answer.metastatic {
        notes.push(format!(
            "Not counted: {} who entered with metastases and have no first relapse to wait for.",
            count(number)
        ));
    }
    if let Some(number) = answer.unwatched {
        notes.push(format!(
            "Not counted: {} of whom nothing is known after day zero.",
            count(number)
        ));
    }
    notes.push("Time runs from surgery, else from diagnosis, in years of 365.25 days.".into());
    notes.push("Numbers below 5 are shown as <5; where a total would give one away, the next smallest is held back with it (≥5). Curves end where fewer than 5 are watched.".into());
    notes
}
