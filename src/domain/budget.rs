//! How many alerts the registry will bear: a number per 100 patient-years under watch.

use super::number;
use super::problem::{Problem, Severity};

/// Where nobody has set another.
pub const USUAL: f64 = 4.0;
/// Fewer would be no alert in a thousand years of watching, more would flag every second patient each year.
pub const RANGE: (f64, f64) = (0.1, 50.0);
const PLACES: u32 = 2;
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

/// What was typed, where it is a budget that differs from the one that stands.
pub fn parse(text: &str, now: f64) -> Result<f64, Problem> {
    let rate = number::parse(text.trim(), PLACES, unreadable).map_err(|problem| problem.at(FIELD))?;
    let (least, most) = RANGE;
    if rate <= 0.0 {
        let text =
            format!("A budget of 0 would raise no flag at all. The least is {least} alerts per 100 patient-years.");
        return Err(hard("budget-range", text));
    }
    if !(least..=most).contains(&rate) {
        let text = format!(
            "{rate} alerts per 100 patient-years lie outside {least} to {most}. The usual budget is {USUAL}: about one flag a year for 25 patients."
        );
        return Err(hard("budget-range", text));
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
            ("-3", "negative"),
            ("0", "no flag at all"),
            ("0.05", "outside 0.1 to 50"),
            ("400", "outside 0.1 to 50"),
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
    }
}
