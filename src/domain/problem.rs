//! What is wrong with an input, in the words of the data dictionary, section 10. One constructor a message.

mod dates;
mod entry;
mod import;
mod measures;

pub use entry::MEANWHILE;

/// `Hard` blocks the save, `Soft` saves with a typed reason, `Note` informs only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Hard,
    Soft,
    Note,
}

impl Severity {
    pub fn code(self) -> &'static str {
        match self {
            Severity::Hard => "hard",
            Severity::Soft => "soft",
            Severity::Note => "note",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The form field or CSV column.
    pub field: String,
    /// Code of the dictionary (`V-NUM-02`).
    pub code: &'static str,
    pub severity: Severity,
    /// What was understood and how to mend it.
    pub text: String,
    /// A value that would mend it, offered as a button.
    pub suggestion: Option<String>,
}

impl Problem {
    fn new(severity: Severity, code: &'static str, text: String) -> Problem {
        Problem {
            field: String::new(),
            code,
            severity,
            text,
            suggestion: None,
        }
    }

    fn hard(code: &'static str, text: impl Into<String>) -> Problem {
        Problem::new(Severity::Hard, code, text.into())
    }

    fn soft(code: &'static str, text: impl Into<String>) -> Problem {
        Problem::new(Severity::Soft, code, text.into())
    }

    fn note(code: &'static str, text: impl Into<String>) -> Problem {
        Problem::new(Severity::Note, code, text.into())
    }

    /// The same message at a field.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Problem {
        self.field = field.into();
        self
    }

    #[must_use]
    pub fn suggest(mut self, value: impl Into<String>) -> Problem {
        self.suggestion = Some(value.into());
        self
    }

    /// The same of the whole of which a part could not be read: what mends the part is put in its place, and what stood around it stays. No
    /// suggestion where the part does not stand in the whole as it was read.
    #[must_use]
    pub fn within(mut self, whole: &str, part: &str) -> Problem {
        let at = whole.find(part).filter(|_| !part.is_empty());
        self.suggestion = self
            .suggestion
            .and_then(|mended| Some(format!("{}{mended}{}", &whole[..at?], &whole[at? + part.len()..])));
        self
    }

    /// Blocks the save as it stands: hard, or soft without a reason.
    pub fn blocks(&self, has_reason: bool) -> bool {
        match self.severity {
            Severity::Hard => true,
            Severity::Soft => !has_reason,
            Severity::Note => false,
        }
    }
}

/// What was typed, cut to what fits in a message.
fn shown(raw: &str) -> String {
    let mut shown: String = raw.chars().filter(|c| !c.is_control()).take(40).collect();
    if raw.chars().count() > 40 {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_what_was_typed_but_never_all_of_a_long_text() {
        let problem = Problem::unreadable_result(&"9".repeat(5000)).at("ctdna.result");
        assert_eq!(problem.field, "ctdna.result");
        assert!(problem.text.chars().count() < 160);
    }

    #[test]
    fn soft_blocks_until_a_reason_is_given() {
        let soft = Problem::below_lod("0.1", "0.3");
        assert!(soft.blocks(false) && !soft.blocks(true));
        assert!(!Problem::no_lod().blocks(false));
        assert!(Problem::negative().blocks(true));
    }
}
