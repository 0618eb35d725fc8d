//! What the analyst asked, read from an address or a form: each field is one that the registry offers, or a message.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Endpoint, Filter, Subject};
use crate::domain::date;
use crate::domain::problem::{Problem, Severity};

/// Free of the event, or fallen to it with death competing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    Free,
    Incidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    None,
    Centre,
    Arm,
    Grade,
    Nodes,
}

impl View {
    pub fn code(self) -> &'static str {
        match self {
            View::Free => "free",
            View::Incidence => "incidence",
        }
    }
}

impl Grouping {
    pub const ALL: [(Grouping, &'static str); 5] = [
        (Grouping::None, "everybody together"),
        (Grouping::Centre, "by centre"),
        (Grouping::Arm, "by trial arm"),
        (Grouping::Grade, "by grade"),
        (Grouping::Nodes, "by positive nodes"),
    ];

    pub fn code(self) -> &'static str {
        match self {
            Grouping::None => "none",
            Grouping::Centre => "centre",
            Grouping::Arm => "arm",
            Grouping::Grade => "grade",
            Grouping::Nodes => "nodes",
        }
    }

    /// The subject's group: a key to sort by, and its name.
    pub fn of(self, subject: &Subject) -> (i32, String) {
        let unknown = |what: &str| (i32::MAX, format!("{what} not known"));
        match self {
            Grouping::None => (0, "All".into()),
            Grouping::Centre => (0, subject.centre.clone()),
            Grouping::Arm => match (&subject.trial, &subject.arm) {
                (Some(trial), Some(arm)) => (0, format!("{trial} {arm}")),
                (Some(trial), None) => (1, format!("{trial}, arm not shown")),
                (None, _) => (i32::MAX, "no trial".into()),
            },
            Grouping::Grade => subject
                .grade
                .map_or_else(|| unknown("grade"), |grade| (grade, format!("grade {grade}"))),
            Grouping::Nodes => match subject.nodes_positive {
                Some(0) => (0, "no nodes".into()),
                Some(1..=3) => (1, "1–3 nodes".into()),
                Some(4..=9) => (2, "4–9 nodes".into()),
                Some(_) => (3, "10+ nodes".into()),
                None => unknown("nodes"),
            },
        }
    }
}

/// What may be asked for: what the reader's centres have.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    pub organs: Vec<String>,
    /// Code and name.
    pub centres: Vec<(String, String)>,
    /// Code and the arms that the reader may know.
    pub trials: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Question {
    #[serde(flatten)]
    pub filter: Filter,
    pub endpoint: Endpoint,
    pub view: View,
    pub group: Grouping,
}

impl Question {
    /// Reads the fields `cancer`, `centre`, `trial` (`CODE` or `CODE:ARM`), `from`, `to`, `endpoint`, `curve`, `group`; an empty or
    /// missing field asks for nothing.
    pub fn parse<'a>(get: impl Fn(&'static str) -> &'a str, choices: &Choices) -> Result<Question, Vec<Problem>> {
        let mut problems = vec![];
        let mut offered = |field: &'static str, known: bool| {
            if !known {
                problems.push(not_offered(field));
            }
            known
        };
        let chosen = |field| Some(get(field)).filter(|text| !text.is_empty());
        let organ = chosen("cancer").filter(|c| offered("cancer", choices.organs.iter().any(|organ| organ == c)));
        let centre = chosen("centre").filter(|c| offered("centre", choices.centres.iter().any(|(code, _)| code == c)));
        let trial = chosen("trial").map(|text| {
            text.split_once(':')
                .map_or((text, None), |(trial, arm)| (trial, Some(arm)))
        });
        let trial = trial.filter(|(trial, arm)| {
            let found = choices.trials.iter().find(|(code, _)| code == trial);
            offered(
                "trial",
                found.is_some_and(|(_, arms)| arm.is_none_or(|arm| arms.iter().any(|a| a == arm))),
            )
        });
        let endpoint = chosen("endpoint").map_or(Some(Endpoint::DistantFree), Endpoint::from_code);
        offered("endpoint", endpoint.is_some());
        let view = match get("curve") {
            "" | "free" => Some(View::Free),
            "incidence" => Some(View::Incidence),
            _ => None,
        };
        offered("curve", view.is_some());
        let group = match get("group") {
            "" => Some(Grouping::None),
            code => Grouping::ALL
                .into_iter()
                .map(|(group, _)| group)
                .find(|group| group.code() == code),
        };
        offered("group", group.is_some());
        let mut day = |field: &'static str| -> Option<NaiveDate> {
            let text = chosen(field)?;
            date::parse_date(text)
                .map_err(|problem| problems.push(problem.at(field)))
                .ok()
        };
        let (from, to) = (day("from"), day("to"));
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            let text = "This is before the first day. Give a later day, or leave one of the two empty.".to_owned();
            problems.push(problem("to", "V-DATE-03", text));
        }
        let (Some(endpoint), Some(view), Some(group), true) = (endpoint, view, group, problems.is_empty()) else {
            return Err(problems);
        };
        Ok(Question {
            filter: Filter {
                organ: organ.map(Into::into),
                centre: centre.map(Into::into),
                trial: trial.map(|(code, _)| code.into()),
                arm: trial.and_then(|(_, arm)| arm).map(Into::into),
                diagnosed_from: from,
                diagnosed_to: to,
            },
            endpoint,
            // all die once: nothing competes with death
            view: if endpoint == Endpoint::Overall {
                View::Free
            } else {
                view
            },
            group,
        })
    }
}

fn problem(field: &str, code: &'static str, text: String) -> Problem {
    Problem {
        field: field.into(),
        code,
        severity: Severity::Hard,
        text,
        suggestion: None,
    }
}

fn not_offered(field: &'static str) -> Problem {
    problem(
        field,
        "V-CODE-01",
        "This is not on offer here. Choose one from the list.".into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Choices {
        Choices {
            organs: vec!["breast".into()],
            centres: vec![("ROT-N".into(), "Rotterdam North".into())],
            trials: vec![("INSPIRE".into(), vec!["A".into()]), ("BLIND".into(), vec![])],
        }
    }

    fn ask(pairs: &[(&'static str, &'static str)]) -> Result<Question, Vec<Problem>> {
        Question::parse(
            |name| pairs.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| *v),
            &choices(),
        )
    }

    #[test]
    fn an_empty_question_is_everybody() {
        let question = ask(&[]).unwrap();
        assert_eq!(question.filter, Filter::default());
        assert_eq!(
            (question.endpoint, question.view, question.group),
            (Endpoint::DistantFree, View::Free, Grouping::None)
        );
    }

    #[test]
    fn each_field_is_read_or_told() {
        let good = ask(&[
            ("cancer", "breast"),
            ("trial", "INSPIRE:A"),
            ("from", "3 Apr 2004"),
            ("to", "2024-04-03"),
            ("curve", "incidence"),
            ("group", "nodes"),
        ])
        .unwrap();
        assert_eq!(
            (good.filter.trial.as_deref(), good.filter.arm.as_deref()),
            (Some("INSPIRE"), Some("A"))
        );
        assert_eq!(good.view, View::Incidence);
        for (field, value) in [
            ("cancer", "lung"),
            ("centre", "PMH"),
            ("trial", "INSPIRE:Z"),
            ("trial", "BLIND:A"),
            ("from", "03/04/2004"),
            ("to", "2004-02-30"),
            ("endpoint", "happiness"),
            ("curve", "0"),
            ("group", "' or 1=1"),
        ] {
            let problems = ask(&[(field, value)]).unwrap_err();
            assert_eq!(
                problems.iter().map(|p| p.field.as_str()).collect::<Vec<_>>(),
                [field],
                "{value}"
            );
        }
        assert_eq!(
            ask(&[("from", "2020-01-02"), ("to", "2020-01-01")]).unwrap_err()[0].field,
            "to"
        );
    }
}
