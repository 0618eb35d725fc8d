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

/// The unit that short and long follow-up are told in: how many make a year, its name, and the times worth a sentence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub per_year: f64,
    pub word: &'static str,
    marks: [f64; 4],
}

impl Scale {
    pub fn of(answer: &Answer) -> Scale {
        let (per_year, word, marks) = if answer.until() < 3.0 {
            (12.0, "months", [3.0, 6.0, 12.0, 24.0])
        } else {
            (1.0, "years", [1.0, 2.0, 5.0, 10.0])
        };
        Scale { per_year, word, marks }
    }

    fn number(self, years: f64) -> String {
        format!("{:.1}", years * self.per_year)
    }
}

/// 72.1 % (70.4–73.7).
pub fn share(at: At) -> String {
    // joined, so that no line ends inside an interval
    format!(
        "{:.1}\u{202f}%\u{a0}({:.1}\u{2060}–\u{2060}{:.1})",
        at.p * 100.0,
        at.lo * 100.0,
        at.hi * 100.0
    )
}

/// The result's head: how many, how many events, how long they were watched.
pub fn facts(answer: &Answer) -> Vec<(String, String)> {
    let (endpoint, scale) = (answer.question.endpoint, Scale::of(answer));
    let mut facts = vec![
        (count(answer.counted), "patients".to_owned()),
        (count(answer.events), format!("{}s", endpoint.event())),
    ];
    if endpoint != Endpoint::Overall {
        facts.push((count(answer.deaths), "deaths before it".into()));
    }
    if let Some(followed) = answer.followed {
        facts.push((
            format!("{} {}", scale.number(followed), scale.word),
            "median follow-up".into(),
        ));
    }
    facts
}

/// One sentence a curve.
pub fn sentence(answer: &Answer, line: &Line) -> String {
    let (endpoint, scale) = (answer.question.endpoint, Scale::of(answer));
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
                "Half are {} at {} {} (95\u{202f}% interval {} to {}).",
                endpoint.free(),
                scale.number(median),
                scale.word,
                lo.map_or("not reached".into(), |lo| scale.number(lo)),
                hi.map_or("not reached".into(), |hi| scale.number(hi)),
            ),
            None => format!(
                "More than half are still {} where the curve ends, at {} {}.",
                endpoint.free(),
                scale.number(estimate.known_to),
                scale.word
            ),
        };
    }
    let marks: Vec<String> = scale
        .marks
        .into_iter()
        .filter_map(|mark| Some((mark, estimate.at(mark / scale.per_year)?)))
        .map(|(mark, at)| {
            let word = if mark == 1.0 {
                scale.word.trim_end_matches('s')
            } else {
                scale.word
            };
            format!("{} at {mark}\u{a0}{word}", share(at))
        })
        .collect();
    if let Some((last, first)) = marks.split_last() {
        let first = if first.is_empty() {
            String::new()
        } else {
            format!("{} and ", first.join(", "))
        };
        let so = match answer.question.view {
            View::Free => format!("are {}", endpoint.free()),
            View::Incidence => "have had it".to_owned(),
        };
        told += &format!(" {first}{last} {so}.");
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
        "p\u{a0}<\u{a0}0.001".to_owned()
    } else {
        format!("p\u{a0}=\u{a0}{:.3}", test.p)
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
        "{what}: χ²\u{a0}{:.1} on {degrees} of freedom, {p}. If the groups did not differ, chance would bring curves this far apart {chance}.",
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
