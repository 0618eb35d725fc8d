//! One row of a form as `macros.html` draws it: label, box as wide as the answer, unit, what the registry says to it.

use crate::domain::problem::{Problem, Severity};

/// How a message weighs on the save.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// In order, and worth saying.
    Fine,
    Note,
    /// Saves with a reason.
    Soft,
    /// Blocks the save.
    Hard,
}

impl Weight {
    pub fn class(self) -> &'static str {
        match self {
            Weight::Fine => "fine",
            Weight::Note => "note",
            Weight::Soft => "soft",
            Weight::Hard => "hard",
        }
    }
}

/// What is said beside a field. `mend` is the value that would put it right.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub weight: Weight,
    pub text: String,
    pub mend: Option<String>,
}

impl Message {
    pub fn of(problem: &Problem) -> Message {
        Message {
            weight: match problem.severity {
                Severity::Hard => Weight::Hard,
                Severity::Soft => Weight::Soft,
                Severity::Note => Weight::Note,
            },
            text: problem.text.clone(),
            mend: problem.suggestion.clone(),
        }
    }
}

/// A choice of a select box.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// A field with what was typed, kept as it was typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub value: String,
    pub unit: String,
    pub hint: String,
    /// Width class of the box, by the answer: `w4`, `w8`, `w12`, `w20`, `w40`.
    pub width: &'static str,
    /// Not empty: a select box.
    pub choices: Vec<Choice>,
    /// Not 0: a text of this many lines.
    pub lines: u8,
    pub required: bool,
    pub messages: Vec<Message>,
    /// Reason for keeping an odd value, when one was given; `Some("")` asks for it.
    pub keep_reason: Option<String>,
}

impl Field {
    pub fn text(name: &str, label: &str, value: &str) -> Field {
        Field {
            name: name.into(),
            label: label.into(),
            value: value.into(),
            width: "w12",
            ..Field::default()
        }
    }

    #[must_use]
    pub fn wide(mut self, width: &'static str) -> Field {
        self.width = width;
        self
    }

    #[must_use]
    pub fn in_unit(mut self, unit: &str) -> Field {
        self.unit = unit.into();
        self
    }

    #[must_use]
    pub fn of(mut self, choices: Vec<Choice>) -> Field {
        self.choices = choices;
        self
    }

    #[must_use]
    pub fn lines(mut self, lines: u8) -> Field {
        self.lines = lines;
        self
    }

    #[must_use]
    pub fn hinting(mut self, hint: &str) -> Field {
        self.hint = hint.into();
        self
    }

    /// The class of the row: its worst message decides.
    pub fn class(&self) -> &'static str {
        match self.messages.iter().map(|m| m.weight).max() {
            Some(weight @ (Weight::Hard | Weight::Soft)) => weight.class(),
            _ => "",
        }
    }

    pub fn is_hard(&self) -> bool {
        self.class() == "hard"
    }

    /// The ids that describe the box to a screen reader.
    pub fn described_by(&self) -> String {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.name));
        let says = (!self.messages.is_empty()).then(|| format!("{}-says", self.name));
        hint.into_iter().chain(says).collect::<Vec<_>>().join(" ")
    }

    /// The first message that blocks the save, for the summary on top.
    pub fn error(&self) -> Option<&str> {
        self.messages
            .iter()
            .find(|m| m.weight == Weight::Hard)
            .map(|m| m.text.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::web::filters;
    use askama::Template;

    #[derive(Template)]
    #[template(
        source = r#"{% import "macros.html" as m %}{% for f in fields %}{{ m::field(f) }}{% endfor %}{{ m::error_summary("Mend", fields) }}{{ m::date(day) }}"#,
        ext = "html"
    )]
    struct Probe {
        fields: Vec<Field>,
        day: chrono::NaiveDate,
    }

    #[test]
    fn what_was_typed_stays_and_is_escaped() {
        let mut f = Field::text("ctdna", "Result", "0,09\"><script>").in_unit("% VAF");
        f.messages.push(Message {
            weight: Weight::Hard,
            text: "use a point for decimals".into(),
            mend: Some("0.09".into()),
        });
        let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 13).unwrap();
        let html = Probe { fields: vec![f], day }.render().unwrap();
        assert!(!html.contains("<script>"), "{html}");
        for part in [
            "aria-invalid=\"true\"",
            "aria-describedby=\"ctdna-says\"",
            "data-mend=\"0.09\"",
            "href=\"#ctdna\"",
            "% VAF",
            "<time class=\"when\" datetime=\"2026-11-13\">13 Nov 2026</time>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn the_worst_message_decides_the_look() {
        let mut field = Field::text("ctdna", "Result", "0,09");
        assert_eq!(field.class(), "");
        for (weight, class) in [(Weight::Note, ""), (Weight::Soft, "soft"), (Weight::Hard, "hard")] {
            field.messages.push(Message {
                weight,
                text: "x".into(),
                mend: None,
            });
            assert_eq!(field.class(), class);
        }
        assert_eq!(field.described_by(), "ctdna-says");
    }
}
