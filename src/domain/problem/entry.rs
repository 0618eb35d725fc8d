//! Messages about any entry: numbers, units, limits, choices, text, identity, two people at one form.

use super::{Problem, shown};
use crate::domain::number::thousands;

/// The code of what somebody else changed first.
pub const MEANWHILE: &str = "V-STALE-01";

impl Problem {
    pub fn required(label: &str) -> Problem {
        Problem::hard("V-REQ-01", format!("{label} is needed."))
    }

    pub fn unreadable_result(raw: &str) -> Problem {
        Problem::hard(
            "V-NUM-01",
            format!(
                "I can't read \"{}\" as a result. Type a number (0.42), a limit (<0.3), or ND, POS, FAILED.",
                shown(raw)
            ),
        )
    }

    /// A field that takes a plain number only.
    pub fn unreadable_number(raw: &str) -> Problem {
        Problem::hard(
            "V-NUM-01",
            format!("I can't read \"{}\" as a number. Type it like 7.5.", shown(raw)),
        )
    }

    pub fn unreadable_whole(raw: &str) -> Problem {
        Problem::hard(
            "V-NUM-01",
            format!("I can't read \"{}\" as a whole number. Type it like 12.", shown(raw)),
        )
    }

    /// A comma between digits. Two readings are both named; one is also offered as a button.
    pub fn comma(raw: &str, readings: &[String]) -> Problem {
        let problem = Problem::hard(
            "V-NUM-02",
            format!(
                "{}: use a point for decimals. Did you mean {}?",
                shown(raw),
                readings.join(" or ")
            ),
        );
        match readings {
            [only] => problem.suggest(only.clone()),
            _ => problem,
        }
    }

    pub fn negative() -> Problem {
        Problem::hard("V-NUM-03", "A result cannot be negative.")
    }

    pub fn too_precise(raw: &str, places: u32) -> Problem {
        Problem::hard(
            "V-NUM-04",
            format!(
                "{} has more than {places} decimals: round it yourself, I won't.",
                shown(raw)
            ),
        )
    }

    pub fn out_of_range(label: &str, lo: f64, hi: f64) -> Problem {
        Problem::hard("V-RANGE-01", format!("{label} must be between {lo} and {hi}."))
    }

    pub fn unusual(label: &str, value: f64, lo: f64, hi: f64) -> Problem {
        Problem::soft(
            "V-RANGE-02",
            format!("{label} {value} is unusual (expected {lo} to {hi}). Keep it with a reason?"),
        )
    }

    pub fn other_unit(unit: &str, other: &str, factor: Option<f64>) -> Problem {
        let offer = match factor {
            Some(factor) => format!("I can convert (×{factor}) or you can pick another assay."),
            None => "you can pick another assay.".to_owned(),
        };
        Problem::hard(
            "V-UNIT-01",
            format!("This assay reports {unit}. You chose {}; {offer}", shown(other)),
        )
    }

    pub fn bare_fraction(raw: &str) -> Problem {
        Problem::hard(
            "V-UNIT-03",
            format!("Is {0} a percentage? Type it as {0}%.", shown(raw)),
        )
        .suggest(format!("{raw}%"))
    }

    pub fn unlike_usual_limit(limit: f64, usual: f64, unit: &str) -> Problem {
        Problem::soft(
            "V-LOD-05",
            format!(
                "{limit} {unit} is far from this assay's usual limit, {usual} {unit}. Does the report state it, in this unit?"
            ),
        )
    }

    pub fn far_above_registry(value: f64, unit: &str, times: f64) -> Problem {
        Problem::soft(
            "V-UNIT-02",
            format!("{value} {unit} is {times:.0}× the highest value in this registry. Is the unit right?"),
        )
    }

    /// `times` above 1: more than the last, below 1: less.
    pub fn far_from_last(value: f64, unit: &str, times: f64, last: &str, day: chrono::NaiveDate) -> Problem {
        let (times, which) = if times > 1.0 {
            (times, "more")
        } else {
            (1.0 / times, "less")
        };
        Problem::soft(
            "V-UNIT-04",
            format!(
                "{value} {unit} is {} times {which} than the last by this assay ({} on {}). Are unit, decimals and tube right?",
                thousands(times.round() as u64),
                shown(last),
                day.format("%-d %b %Y")
            ),
        )
    }

    pub fn below_lod(value: &str, lod: &str) -> Problem {
        Problem::soft(
            "V-LOD-01",
            format!(
                "{} is below this assay's limit ({lod}). Enter it as <{lod}, or confirm the lab reported the number.",
                shown(value)
            ),
        )
        .suggest(format!("<{lod}"))
    }

    pub fn no_lod() -> Problem {
        Problem::note(
            "V-LOD-02",
            "No limit of detection is on file for this assay, so ND is kept as 'not detected', with no upper bound.",
        )
    }

    pub fn no_baseline() -> Problem {
        Problem::note(
            "V-LOD-04",
            "No earlier number of this series is on file, so this is kept as 'detected', with no upper bound.",
        )
    }

    pub fn above_measuring_range(value: &str, range_high: &str) -> Problem {
        Problem::note(
            "V-LOD-03",
            format!(
                "{} is above this assay's measuring range ({range_high}), so it is kept as >{range_high}.",
                shown(value)
            ),
        )
    }

    pub fn unknown_choice(label: &str, codes: &[&str]) -> Problem {
        Problem::hard("V-CODE-01", format!("{label} is one of: {}.", codes.join(", ")))
    }

    pub fn too_long(max: usize) -> Problem {
        Problem::hard("V-TEXT-01", format!("That is too long: at most {max} characters."))
    }

    pub fn control_characters() -> Problem {
        Problem::hard(
            "V-TEXT-02",
            "That holds characters that can't be shown. Type it again rather than pasting it.",
        )
    }

    pub fn no_such_user(name: &str, names: &[String]) -> Problem {
        let names = match names {
            [] => "nobody yet; `metwatch user add NAME --role ROLE` adds one".to_owned(),
            names => names.join(", "),
        };
        Problem::hard(
            "V-ID-01",
            format!("There is no user \"{}\". There are: {names}.", shown(name)),
        )
    }

    pub fn short_name() -> Problem {
        Problem::hard("V-TEXT-01", "A user name has at least 2 characters.")
    }

    pub fn sent_twice(field: &str) -> Problem {
        Problem::hard(
            "V-TEXT-03",
            format!("{} was sent twice. Fill in the form again.", shown(field)),
        )
    }

    pub fn nothing_entered() -> Problem {
        Problem::hard("V-REQ-02", "Enter at least one result.")
    }

    pub fn reason_too_short() -> Problem {
        Problem::hard("V-WHY-01", "Say why in at least 5 characters.")
    }

    pub fn personal_text() -> Problem {
        Problem::hard(
            "V-PHI-01",
            "That looks like a name, phone or hospital number. Remove it: free text is exported.",
        )
    }

    pub fn already_here(value: &str) -> Problem {
        Problem::soft(
            "V-DUP-01",
            format!(
                "The same assay and collection time is already here ({}). Is this an amended report? \
                 (replaces, keeps both on file) or a duplicate? (discard)",
                shown(value)
            ),
        )
    }

    /// Two people entered the same at once, or a file has it already.
    pub fn on_file_meanwhile() -> Problem {
        Problem::hard(
            "V-DUP-02",
            "The same assay of that day was saved meanwhile, by somebody else or from a file. Look at it before you enter it again.",
        )
    }

    /// A visit of that code and day is there and says otherwise.
    pub fn visit_on_file(code: &str, day: chrono::NaiveDate, what: &str) -> Problem {
        Problem::hard(
            "V-DUP-03",
            format!(
                "The visit {code} of {day} is on file with {what}. Leave this empty to add results to it, or give another visit code."
            ),
        )
    }

    pub fn visit_unchanged(code: &str, day: chrono::NaiveDate) -> Problem {
        Problem::hard(
            "V-DUP-03",
            format!("The visit {code} of {day} is on file already, and nothing new was entered."),
        )
    }

    /// A correction that corrects nothing.
    pub fn unchanged() -> Problem {
        Problem::hard(
            "V-DUP-04",
            "This is what is on file already. Change what was wrong, or withdraw the result.",
        )
    }

    pub fn unknown_patient(key: &str, nearest: &[String]) -> Problem {
        let nearest = match nearest {
            [] => "none".to_owned(),
            keys => keys.join(", "),
        };
        Problem::hard(
            "V-ID-01",
            format!("{} is not in this study. Nearest: {nearest}.", shown(key)),
        )
    }

    /// Somebody was first (S-080); the text says who, and where what was typed is.
    pub fn changed_meanwhile(text: String) -> Problem {
        Problem::hard(MEANWHILE, text)
    }

    pub fn session_ended() -> Problem {
        Problem::hard(
            "V-SESS-01",
            "Your session ended. Sign in again: what you typed is kept.",
        )
    }
}
