//! What is wrong with an input, in the words of the data dictionary, section 10.

/// `Hard` blocks the save, `Soft` saves with a typed reason, `Note` informs only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    Hard,
    Soft,
    Note,
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
