//! The question as a form: each box with what is on offer, what was typed, and what is wrong with it.

use super::super::field::{Choice, Field, Message};
use crate::actions::cohorts::{Choices, Endpoint, Grouping};
use crate::domain::problem::Problem;

fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice {
        value: value.into(),
        label: label.into(),
    }
}

fn select(name: &str, label: &str, value: &str, choices: Vec<Choice>) -> Field {
    // what was asked for stays in its box, also when it is not on offer
    let strange = !value.is_empty() && choices.iter().all(|c| c.value != value);
    let mut field = Field::text(name, label, value).of(choices);
    if strange {
        field.choices.push(choice(value, value));
    }
    field
}

/// `head_neck` as `head and neck`.
pub fn organ(code: &str) -> String {
    code.replace('_', " and ")
}

pub fn fields(choices: &Choices, typed: impl Fn(&str) -> String, problems: &[Problem]) -> Vec<Field> {
    let mut organs = vec![choice("", "all kinds")];
    organs.extend(choices.organs.iter().map(|code| choice(code, organ(code))));
    let mut centres = vec![choice("", "all of mine")];
    centres.extend(choices.centres.iter().map(|(code, name)| choice(code, name)));
    let mut trials = vec![choice("", "in any or none")];
    for (code, arms) in &choices.trials {
        trials.push(choice(code, code));
        trials.extend(
            arms.iter()
                .map(|arm| choice(format!("{code}:{arm}"), format!("{code}, arm {arm}"))),
        );
    }
    let short = |endpoint: Endpoint| endpoint.words().trim_end_matches(" survival");
    let endpoints = Endpoint::ALL.into_iter().map(|e| choice(e.code(), short(e))).collect();
    let groups = Grouping::ALL
        .into_iter()
        .map(|(group, words)| choice(group.code(), words))
        .collect();
    let curves = vec![
        choice("free", "Kaplan-Meier"),
        choice("incidence", "cumulative incidence"),
    ];
    let or = |name: &str, default: &str| {
        let value = typed(name);
        if value.is_empty() { default.to_owned() } else { value }
    };
    let mut fields = vec![
        select("cancer", "Cancer", &typed("cancer"), organs),
        select("centre", "Centre", &typed("centre"), centres),
        select("trial", "Trial", &typed("trial"), trials),
        Field::text("from", "Diagnosed from", &typed("from")),
        Field::text("to", "to", &typed("to")),
        select(
            "endpoint",
            "Endpoint",
            &or("endpoint", Endpoint::DistantFree.code()),
            endpoints,
        ),
        select("curve", "Curve", &or("curve", "free"), curves),
        select("group", "Groups", &or("group", "none"), groups),
    ];
    for field in &mut fields {
        field.messages = problems
            .iter()
            .filter(|problem| problem.field == field.name)
            .map(Message::of)
            .collect();
    }
    fields
}
