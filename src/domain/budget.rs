//! How many alerts the registry will bear: a number per 100 patient-years under watch.

use std::fmt::Display;

use super::number;
use super::problem::{Problem, Severity};

/// Where nobody has set another.
pub const USUAL: f64 = 4.0;
/// Fewer would be no alert in a thousand years of watching, more would flag every second patient each year.
pub const RANGE: (f64, f64) = (0.1, 50.0);
const PLACES: u32 = 2;
/// The code of a number with more digits than any field of the registry holds.
const TOO_LONG: &str = "V-RANGE-01";
/// The form's field.
pub const FIELD: &str = "alerts";

fn hard(code: &'static str, text: String) -> Problem {
    Problem {
        field: FIELD.into(),
        code,
        severity: Severity::Hard,
        text,
        suggestion: None,
    }
}

fn unreadable(text: &str) -> Problem {
    let (least, most) = RANGE;
    let typed: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    let told = match typed.as_str() {
        "" => "Nothing was typed.".to_owned(),
        typed => format!("“{typed}” is no number."),
    };
    hard(
        "budget-number",
        format!("{told} Type the alerts per 100 patient-years, such as 4 or 2.5, from {least} to {most}."),
    )
}

fn outside(what: impl Display) -> Problem {
    let (least, most) = RANGE;
    let text = format!(
        "{what} alerts per 100 patient-years lie outside {least} to {most}. The usual budget is {USUAL}: about one flag a year for 25 patients."
    );
    hard("budget-range", text)
}

/// Why a number could not be read, in words for a budget. A remedy that would be refused itself is none: what is wrong with it is told
/// at once.
fn unread(typed: &str, now: f64, problem: Problem) -> Problem {
    if problem == Problem::negative() {
        let (least, most) = RANGE;
        let text =
            format!("A budget can't be negative. Type the alerts per 100 patient-years, from {least} to {most}.");
        return hard("budget-range", text);
    }
    if problem.code == TOO_LONG {
        return outside(typed.chars().take(40).collect::<String>());
    }
    match problem.suggestion.as_deref().map(|remedy| parse(remedy, now)) {
        Some(Err(why)) => why,
        _ => problem.at(FIELD),
    }
}

/// What was typed, where it is a budget that differs from the one that stands.
pub fn parse(text: &str, now: f64) -> Result<f64, Problem> {
    let typed = text.trim();
    let rate = number::parse(typed, PLACES, unreadable).map_err(|problem| unread(typed, now, problem))?;
    let (least, most) = RANGE;
    if rate <= 0.0 {
        let text =
            format!("A budget of 0 would raise no flag at all. The least is {least} alerts per 100 patient-years.");
        return Err(hard("budget-range", text));
    }
    if !(least..=most).contains(&rate) {
        return Err(outside(rate));
    }
    if rate == now {
        return Err(hard("budget-same", format!("The budget is {now} already.")));
    }
    Ok(rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_a_plausible_number_that_is_new() {
        assert_eq!(parse(" 2.5 ", 4.0).unwrap(), 2.5);
        assert_eq!(parse("50", 4.0).unwrap(), 50.0);
        for (typed, told) in [
            ("", "Nothing was typed"),
            ("four", "“four” is no number"),
            ("-3", "A budget can't be negative"),
            ("\u{2212}0.5", "A budget can't be negative"),
            ("0", "no flag at all"),
            ("0.05", "outside 0.1 to 50"),
            ("400", "outside 0.1 to 50"),
            (
                "99999999999999",
                "99999999999999 alerts per 100 patient-years lie outside",
            ),
            ("2.125", "decimal"),
            ("4.0", "already"),
        ] {
            let problem = parse(typed, 4.0).unwrap_err();
            assert_eq!(
                (problem.field.as_str(), problem.severity),
                (FIELD, Severity::Hard),
                "{typed}"
            );
            assert!(problem.text.contains(told), "{typed}: {}", problem.text);
        }
        // a comma is asked back, never guessed
        assert_eq!(parse("2,5", 4.0).unwrap_err().suggestion.as_deref(), Some("2.5"));
        assert_eq!(parse("+5", 4.0).unwrap_err().suggestion.as_deref(), Some("5"));
    }

    #[test]
    fn a_remedy_that_would_be_refused_is_not_offered() {
        for (typed, told) in [
            ("1e9", "1000000000 alerts per 100 patient-years lie outside 0.1 to 50"),
            ("1e-3", "0.001 has more than 2 decimals"),
            ("400,5", "400.5 alerts per 100 patient-years lie outside"),
            ("2,125", "Did you mean 2.125 or 2125?"),
            ("4,0", "already"),
        ] {
            let problem = parse(typed, 4.0).unwrap_err();
            assert_eq!((problem.suggestion, problem.field.as_str()), (None, FIELD), "{typed}");
            assert!(problem.text.contains(told), "{typed}: {}", problem.text);
        }
    }
}
