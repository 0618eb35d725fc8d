//! The answer in words: counts that may be told, medians, tests.

use super::super::write;
use super::filter::organ;
use crate::actions::cohorts::{Answer, At, Choices, Comparison, Count, Endpoint, Grouping, Line, Question, View, Why};

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
    let scale = Scale::of(answer);
    let mut facts = vec![(count(answer.counted), "patients".to_owned())];
    facts.extend(ends(answer));
    if let Some(followed) = answer.followed {
        facts.push((
            format!("{} {}", scale.number(followed), scale.word),
            "median follow-up".into(),
        ));
    }
    facts
}

/// How the waits ended. Where one cause is small both are told in one number, which says more than two that are kept back.
fn ends(answer: &Answer) -> Vec<(String, String)> {
    let event = answer.question.endpoint.event();
    if answer.question.endpoint == Endpoint::Overall {
        return vec![(count(answer.events), format!("{event}s"))];
    }
    let hidden = answer.events.exact().and(answer.deaths.exact()).is_none();
    if hidden && answer.ended.exact().is_some() {
        let causes = [(answer.events, format!("{event}s")), (answer.deaths, "deaths".into())];
        let small = causes.into_iter().filter(|(number, _)| *number == Count::Few);
        let mut told = vec![(count(answer.ended), format!("{event}s or deaths before it"))];
        told.extend(small.map(|(number, cause)| (count(number), format!("of them {cause}"))));
        return told;
    }
    vec![
        (count(answer.events), format!("{event}s")),
        (count(answer.deaths), "deaths before it".into()),
    ]
}

/// The filter as a line above its result: "Lung · all centres · any trial".
pub fn asked(question: &Question, choices: &Choices) -> String {
    let filter = &question.filter;
    let organ = filter.organ.as_deref().map_or("all cancers".into(), organ);
    let centre = filter.centre.as_deref().map_or("all centres", |code| {
        let named = choices.centres.iter().find(|(known, _)| known == code);
        named.map_or(code, |(_, name)| name)
    });
    let trial = match (&filter.trial, &filter.arm) {
        (Some(trial), Some(arm)) => format!("trial {trial}, arm {arm}"),
        (Some(trial), None) => format!("trial {trial}"),
        (None, _) => "any trial".into(),
    };
    let diagnosed = match (filter.diagnosed_from, filter.diagnosed_to) {
        (Some(from), Some(to)) => Some(format!("diagnosed {} to {}", write::day(from), write::day(to))),
        (Some(from), None) => Some(format!("diagnosed {} or later", write::day(from))),
        (None, Some(to)) => Some(format!("diagnosed {} or earlier", write::day(to))),
        (None, None) => None,
    };
    if *filter == Default::default() {
        return "Everybody".into();
    }
    let mut parts = vec![write::capital(&organ), centre.to_owned(), trial];
    parts.extend(diagnosed);
    parts.join(" · ")
}

/// A count inside a sentence.
fn counted(number: Count) -> String {
    match number {
        Count::Exact(number) => write::thousands(number),
        Count::Few => "fewer than 5".into(),
        Count::Withheld => "5 or more".into(),
    }
}

/// Those of the file whom the curves do not count.
fn not_counted(answer: &Answer) -> Vec<String> {
    let others = [
        (answer.metastatic, "who entered with metastases"),
        (answer.unwatched, "of whom nothing is known after day zero"),
    ];
    let told = |(number, who): (Option<Count>, &str)| Some(format!("{} {who}", counted(number?)));
    others.into_iter().filter_map(told).collect()
}

/// How many rows the file has, beside how many are counted here; nothing where there is no file.
pub fn rows(answer: &Answer) -> Option<String> {
    let here = counted(answer.counted);
    let others = not_counted(answer);
    let whom = if others.is_empty() {
        "the patients counted here".to_owned()
    } else {
        format!("{here} patients counted here and {}", others.join(" and "))
    };
    let has = match answer.rows {
        Count::Few => return None,
        Count::Exact(rows) => format!("One row a patient gives {} rows: {whom}.", write::thousands(rows)),
        Count::Withheld => format!("One row a patient is a row for {whom}."),
    };
    Some(if others.is_empty() {
        has
    } else {
        format!("{has} Who is not counted has no time and no event in the file.")
    })
}

/// Why enough patients have no curve.
pub fn no_curve(answer: &Answer) -> &'static str {
    let few = |number| number == Count::Few;
    match answer.question.view {
        _ if answer.ended.exact().is_none() => "Too few events: each step of a curve would be one of them.",
        View::Incidence if few(answer.events) => {
            "The event is too rare here: each step of its curve would be one of them."
        }
        View::Incidence if few(answer.deaths) => {
            "Fewer than 5 died before it. Beside the event-free curve an incidence would tell how many, so none is drawn."
        }
        _ => "No group has enough patients and events for a curve that gives no small number away.",
    }
}

/// One sentence a curve.
pub fn sentence(answer: &Answer, line: &Line) -> String {
    let (endpoint, scale) = (answer.question.endpoint, Scale::of(answer));
    let estimate = match &line.estimate {
        Ok(estimate) => estimate,
        Err(why) => return without_curve(*why).into(),
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

fn without_curve(why: Why) -> &'static str {
    match why {
        Why::FewPatients => "fewer than 5 patients: no curve.",
        Why::FewEvents => "too few events: no curve.",
        Why::FewDeaths => "too few deaths before it: beside the event-free curve this one would tell how many.",
        Why::Beside => "not drawn, so that a smaller number beside it can't be worked out.",
    }
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
    notes.push("Numbers below 5 are shown as <5; where a total would give one away, the next smallest is held back with it (≥5). A curve of fewer than 5 events is not drawn, and curves end where fewer than 5 are watched or fewer than 5 events are still to come.".into());
    notes
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn question(fields: &[(&str, &str)]) -> (Question, Choices) {
        let choices = Choices {
            organs: vec!["lung".into(), "head_neck".into()],
            centres: vec![("ROT-N".into(), "Rotterdam North".into())],
            trials: vec![("INSPIRE".into(), vec!["A".into()])],
        };
        let get = |name: &'static str| fields.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| *value);
        (Question::parse(get, &choices).unwrap(), choices)
    }

    fn answer(counted: Count, metastatic: Option<Count>, rows: Count) -> Answer {
        Answer {
            question: question(&[("endpoint", "progression")]).0,
            today: NaiveDate::from_ymd_opt(2026, 1, 1).unwrap(),
            nobody: false,
            counted,
            rows,
            events: Count::Withheld,
            deaths: Count::Few,
            ended: Count::Exact(82),
            metastatic,
            unwatched: None,
            followed: None,
            comparison: None,
            lines: vec![],
        }
    }

    #[test]
    fn a_sheet_names_its_filters() {
        for (fields, words) in [
            (&[][..], "Everybody"),
            (&[("cancer", "lung")], "Lung · all centres · any trial"),
            (
                &[("cancer", "head_neck"), ("centre", "ROT-N")],
                "Head and neck · Rotterdam North · any trial",
            ),
            (
                &[("trial", "INSPIRE:A"), ("from", "2004-04-03"), ("to", "2010-12-31")],
                "All cancers · all centres · trial INSPIRE, arm A · diagnosed 3 Apr 2004 to 31 Dec 2010",
            ),
        ] {
            let (question, choices) = question(fields);
            assert_eq!(asked(&question, &choices), words);
        }
    }

    #[test]
    fn page_and_file_say_both_numbers_unless_their_difference_is_small() {
        let said = |counted, metastatic, of| rows(&answer(counted, metastatic, of));
        let (exact, few) = (Count::Exact, Count::Few);
        assert_eq!(
            said(exact(3982), Some(exact(94)), exact(4076)).unwrap(),
            "One row a patient gives 4,076 rows: 3,982 patients counted here and 94 who entered with metastases. \
             Who is not counted has no time and no event in the file."
        );
        assert_eq!(
            said(exact(60), None, exact(60)).unwrap(),
            "One row a patient gives 60 rows: the patients counted here."
        );
        let masked = said(exact(3982), Some(few), Count::Withheld).unwrap();
        assert!(
            masked.contains("3,982 patients counted here and fewer than 5 who entered"),
            "{masked}"
        );
        assert_eq!(said(few, None, few), None);
    }

    #[test]
    fn where_one_cause_is_small_both_are_told_in_one_number() {
        let told = facts(&answer(Count::Exact(94), None, Count::Exact(94)));
        let told: Vec<String> = told
            .into_iter()
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        assert_eq!(
            told,
            [
                "94 patients",
                "82 progressions or deaths before it",
                "<5 of them deaths"
            ]
        );
    }
}
