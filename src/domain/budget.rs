//! How many alerts the registry will bear: per 100 patient-years under watch, or per clinician and calendar day.

use std::fmt;

use super::number::{self, thousands};
use super::problem::{Problem, Severity};

/// Alerts per 100 patient-years where nobody has set another budget.
pub const USUAL: f64 = 4.0;
/// Of alerts per 100 patient-years. Fewer would be no alert in a thousand years of watching, more would flag every second patient each
/// year.
const RATES: (f64, f64) = (0.1, 50.0);
const PLACES: u32 = 2;
const TEAM: (u32, u32) = (1, 10_000);
const DAYS_A_YEAR: f64 = 365.25;
/// The code of a number with more digits than any field of the registry holds.
const TOO_LONG: &str = "V-RANGE-01";

/// The form's fields.
pub const ALERTS: &str = "alerts";
pub const PER: &str = "per";
pub const CLINICIANS: &str = "clinicians";

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Budget {
    /// Alerts per 100 patient-years under watch.
    Per100Years(f64),
    /// Alerts a calendar day for each of so many clinicians, who watch all patients together.
    PerClinicianDay { alerts: f64, clinicians: u32 },
}

/// What a budget counts its alerts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    Years,
    ClinicianDay,
}

impl Per {
    pub const ALL: [Per; 2] = [Per::Years, Per::ClinicianDay];

    pub fn code(self) -> &'static str {
        match self {
            Per::Years => "years",
            Per::ClinicianDay => "clinician",
        }
    }

    pub fn from_code(code: &str) -> Option<Per> {
        Per::ALL.into_iter().find(|per| per.code() == code)
    }

    pub fn words(self) -> &'static str {
        match self {
            Per::Years => "per 100 patient-years",
            Per::ClinicianDay => "per clinician and day",
        }
    }

    fn range(self) -> (f64, f64) {
        match self {
            Per::Years => RATES,
            Per::ClinicianDay => (0.01, 20.0),
        }
    }

    fn usual(self) -> String {
        match self {
            Per::Years => format!("The usual budget is {USUAL}: about one flag a year for 25 patients."),
            Per::ClinicianDay => "One alert in ten days is 0.1.".into(),
        }
    }

    fn unreadable(self, text: &str) -> Problem {
        let (least, most) = self.range();
        let typed: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        let told = match typed.as_str() {
            "" => "Nothing was typed.".to_owned(),
            typed => format!("“{typed}” is no number."),
        };
        let such_as = match self {
            Per::Years => "4 or 2.5",
            Per::ClinicianDay => "0.1 or 0.25",
        };
        hard(
            "budget-number",
            format!(
                "{told} Type the alerts {}, such as {such_as}, from {least} to {most}.",
                self.words()
            ),
        )
    }

    fn outside(self, what: impl fmt::Display) -> Problem {
        let (least, most) = self.range();
        hard(
            "budget-range",
            format!(
                "{what} alerts {} lie outside {least} to {most}. {}",
                self.words(),
                self.usual()
            ),
        )
    }
}

impl Budget {
    pub const USUAL: Budget = Budget::Per100Years(USUAL);

    pub fn per(self) -> Per {
        match self {
            Budget::Per100Years(_) => Per::Years,
            Budget::PerClinicianDay { .. } => Per::ClinicianDay,
        }
    }

    /// In the unit of `per`.
    pub fn alerts(self) -> f64 {
        match self {
            Budget::Per100Years(alerts) | Budget::PerClinicianDay { alerts, .. } => alerts,
        }
    }

    pub fn clinicians(self) -> Option<u32> {
        match self {
            Budget::Per100Years(_) => None,
            Budget::PerClinicianDay { clinicians, .. } => Some(clinicians),
        }
    }

    /// Alerts per 100 patient-years with so many patients under watch: what thresholds are made for.
    pub fn rate(self, watched: u64) -> f64 {
        let (least, most) = RATES;
        self.plain_rate(watched).clamp(least, most)
    }

    /// The same, also where no threshold could be put. Patients are counted to two digits, so that one more does not move every threshold
    /// of the registry, and with it every score's flag.
    fn plain_rate(self, watched: u64) -> f64 {
        match self {
            Budget::Per100Years(rate) => rate,
            Budget::PerClinicianDay { alerts, clinicians } => {
                let a_year = alerts * f64::from(clinicians) * DAYS_A_YEAR;
                let rate = 100.0 * a_year / two_digits(watched.max(1));
                (100.0 * rate).round() / 100.0
            }
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.alerts(), self.per().words())?;
        match self.clinicians() {
            None => Ok(()),
            Some(1) => write!(f, " for 1 clinician"),
            Some(n) => write!(f, " for {} clinicians", thousands(n.into())),
        }
    }
}

fn two_digits(n: u64) -> f64 {
    let unit = 10_f64.powi(n.max(1).ilog10().saturating_sub(1).cast_signed());
    (n as f64 / unit).round() * unit
}

/// A budget as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    pub alerts: String,
    /// The code of a `Per`; empty is `Years`.
    pub per: String,
    pub clinicians: String,
}

impl Typed {
    pub fn of(budget: Budget) -> Typed {
        Typed {
            alerts: budget.alerts().to_string(),
            per: budget.per().code().to_owned(),
            clinicians: budget.clinicians().map(|n| n.to_string()).unwrap_or_default(),
        }
    }
}

fn hard(code: &'static str, text: String) -> Problem {
    Problem {
        field: ALERTS.into(),
        code,
        severity: Severity::Hard,
        text,
        suggestion: None,
    }
}

/// What was typed, where it is a budget that differs from the one that stands. `watched`: how many patients the last night found under
/// watch; `None` before a first one.
pub fn parse(typed: &Typed, now: Budget, watched: Option<u64>) -> Result<Budget, Problem> {
    let per = match typed.per.as_str() {
        "" => Per::Years,
        code => {
            let unknown = || hard("budget-unit", "Choose what the alerts are counted by.".into()).at(PER);
            Per::from_code(code).ok_or_else(unknown)?
        }
    };
    let clinicians = match per {
        Per::Years => None,
        Per::ClinicianDay => Some(clinicians(typed.clinicians.trim())?),
    };
    let budget = |alerts| match clinicians {
        None => Budget::Per100Years(alerts),
        Some(clinicians) => Budget::PerClinicianDay { alerts, clinicians },
    };
    let read = |text: &str| {
        let alerts = alerts(text, per)?;
        fits(budget(alerts), now, watched)
    };
    // a remedy that would be refused itself is none: what is wrong with it is told at once
    read(typed.alerts.trim()).map_err(|problem| match problem.suggestion.as_deref().map(read) {
        Some(Err(why)) => why,
        _ => problem,
    })
}

fn alerts(text: &str, per: Per) -> Result<f64, Problem> {
    let unreadable: fn(&str) -> Problem = match per {
        Per::Years => |text| Per::Years.unreadable(text),
        Per::ClinicianDay => |text| Per::ClinicianDay.unreadable(text),
    };
    let (least, most) = per.range();
    let alerts = number::parse(text, PLACES, unreadable).map_err(|problem| {
        if problem == Problem::negative() {
            let text = format!(
                "A budget can't be negative. Type the alerts {}, from {least} to {most}.",
                per.words()
            );
            return hard("budget-range", text);
        }
        if problem.code == TOO_LONG {
            return per.outside(text.chars().take(40).collect::<String>());
        }
        problem.at(ALERTS)
    })?;
    if alerts <= 0.0 {
        let text = format!(
            "A budget of 0 would raise no flag at all. The least is {least} alerts {}.",
            per.words()
        );
        return Err(hard("budget-range", text));
    }
    if !(least..=most).contains(&alerts) {
        return Err(per.outside(alerts));
    }
    Ok(alerts)
}

fn clinicians(text: &str) -> Result<u32, Problem> {
    let (least, most) = TEAM;
    let problem = |text: String| hard("budget-clinicians", text).at(CLINICIANS);
    if text.is_empty() {
        return Err(problem(
            "Type how many clinicians share the patients of the registry.".into(),
        ));
    }
    let typed = number::parse_whole(text).map_err(|problem| problem.at(CLINICIANS))?;
    let readable = u32::try_from(typed).ok().filter(|n| (least..=most).contains(n));
    readable.ok_or_else(|| {
        problem(format!(
            "{typed} clinicians lie outside {least} to {}.",
            thousands(most.into())
        ))
    })
}

fn fits(budget: Budget, now: Budget, watched: Option<u64>) -> Result<Budget, Problem> {
    if budget == now {
        return Err(hard("budget-same", format!("The budget is {now} already.")));
    }
    let (least, most) = RATES;
    let Some(watched) = watched else { return Ok(budget) };
    let rate = budget.plain_rate(watched);
    if !(least..=most).contains(&rate) {
        let text = format!(
            "{budget} come to {rate} alerts per 100 patient-years with the {} patients under watch. Thresholds can be put for {least} to {most}.",
            thousands(watched)
        );
        return Err(hard("budget-rate", text));
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(alerts: &str, per: &str, clinicians: &str) -> Typed {
        Typed {
            alerts: alerts.into(),
            per: per.into(),
            clinicians: clinicians.into(),
        }
    }

    fn years(alerts: &str) -> Result<Budget, Problem> {
        parse(&typed(alerts, "", ""), Budget::USUAL, Some(1000))
    }

    fn days(alerts: &str, clinicians: &str) -> Result<Budget, Problem> {
        parse(&typed(alerts, "clinician", clinicians), Budget::USUAL, Some(1000))
    }

    #[test]
    fn a_budget_is_a_plausible_number_that_is_new() {
        assert_eq!(years(" 2.5 "), Ok(Budget::Per100Years(2.5)));
        assert_eq!(years("50"), Ok(Budget::Per100Years(50.0)));
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
            ("4.0", "The budget is 4 per 100 patient-years already"),
        ] {
            let problem = years(typed).unwrap_err();
            assert_eq!(
                (problem.field.as_str(), problem.severity),
                (ALERTS, Severity::Hard),
                "{typed}"
            );
            assert!(problem.text.contains(told), "{typed}: {}", problem.text);
        }
        // a comma is asked back, never guessed
        assert_eq!(years("2,5").unwrap_err().suggestion.as_deref(), Some("2.5"));
        assert_eq!(years("+5").unwrap_err().suggestion.as_deref(), Some("5"));
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
            let problem = years(typed).unwrap_err();
            assert_eq!((problem.suggestion, problem.field.as_str()), (None, ALERTS), "{typed}");
            assert!(problem.text.contains(told), "{typed}: {}", problem.text);
        }
    }

    #[test]
    fn a_budget_for_clinicians_is_one_for_the_patients_under_watch() {
        let budget = days("0.05", "2").unwrap();
        let (alerts, clinicians) = (0.05, 2);
        assert_eq!(budget, Budget::PerClinicianDay { alerts, clinicians });
        assert_eq!(budget.to_string(), "0.05 per clinician and day for 2 clinicians");
        // 36.525 alerts a year
        assert_eq!(budget.rate(1000), 3.65);
        // a patient more or less is none, five in a hundred are
        assert_eq!(budget.rate(1049), 3.65);
        assert_eq!(budget.rate(1050), 3.32);
        assert_eq!(budget.rate(36_525), 0.1);
        // what nobody could keep is kept to what thresholds can be put for
        assert_eq!(
            (budget.rate(0), budget.rate(1), budget.rate(1_000_000)),
            (50.0, 50.0, 0.1)
        );
        assert_eq!(Budget::Per100Years(2.5).rate(17), 2.5);
    }

    #[test]
    fn a_budget_for_clinicians_says_how_many_and_can_be_kept() {
        for (alerts, clinicians, field, told) in [
            ("0.1", "", CLINICIANS, "how many clinicians"),
            ("0.1", "0", CLINICIANS, "outside 1 to 10,000"),
            ("0.1", "2.5", CLINICIANS, "whole number"),
            ("0.1", "-1", CLINICIANS, "whole number"),
            ("0.1", "99999999", CLINICIANS, "outside 1 to 10,000"),
            ("", "2", ALERTS, "per clinician and day, such as 0.1"),
            ("0", "2", ALERTS, "The least is 0.01"),
            ("30", "2", ALERTS, "outside 0.01 to 20"),
            (
                "1",
                "3",
                ALERTS,
                "109.58 alerts per 100 patient-years with the 1,000 patients",
            ),
            ("0,4", "9", ALERTS, "131.49 alerts per 100 patient-years"),
        ] {
            let problem = days(alerts, clinicians).unwrap_err();
            assert_eq!(problem.field, field, "{alerts} {clinicians}: {}", problem.text);
            assert!(problem.text.contains(told), "{alerts} {clinicians}: {}", problem.text);
            assert_eq!(problem.suggestion, None, "{alerts} {clinicians}");
        }
        assert_eq!(days("0,1", "2").unwrap_err().suggestion.as_deref(), Some("0.1"));
        // before a first night nobody knows what it comes to
        let unknown = typed("1", "clinician", "3");
        assert!(parse(&unknown, Budget::USUAL, None).is_ok());
        let unit = parse(&typed("1", "week", ""), Budget::USUAL, None).unwrap_err();
        assert_eq!(unit.field, PER);
    }

    #[test]
    fn what_stands_is_typed_back_as_it_was() {
        for budget in [Budget::Per100Years(2.5), days("0.05", "2").unwrap()] {
            let now = Budget::Per100Years(3.0);
            assert_eq!(parse(&Typed::of(budget), now, None), Ok(budget));
            assert!(parse(&Typed::of(budget), budget, None).is_err());
        }
    }
}
