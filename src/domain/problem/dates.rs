//! Messages about days: V-DATE and V-TIME.

use chrono::NaiveDate;

use super::{Problem, shown};

impl Problem {
    pub fn in_future(date: NaiveDate) -> Problem {
        Problem::hard("V-DATE-01", format!("{date} is in the future."))
    }

    pub fn before_diagnosis(date: NaiveDate, diagnosed_on: Option<NaiveDate>) -> Problem {
        let diagnosis = diagnosed_on.map_or("not recorded".to_owned(), |day| day.to_string());
        Problem::hard(
            "V-DATE-02",
            format!("{date} is before the diagnosis ({diagnosis}) or birth."),
        )
    }

    pub fn outside_window(date: NaiveDate, days: i64, visit: &str, open: NaiveDate, close: NaiveDate) -> Problem {
        Problem::soft(
            "V-DATE-03",
            format!(
                "{date} is {days} days outside the window for {visit} ({open} to {close}). \
                 Keep it, or enter it as unscheduled?"
            ),
        )
    }

    /// A visit of a patient of whom no death on that day is on file, with the performance status of the dead.
    pub fn dead_without_a_death() -> Problem {
        Problem::hard(
            "V-DATE-11",
            "ECOG 5 means that the patient died, and no death on this day is on file. Choose 0 to 4; a death comes with the file of events.",
        )
    }

    pub fn after_death(patient_key: &str, died_on: NaiveDate) -> Problem {
        Problem::hard(
            "V-DATE-04",
            format!("{patient_key} died on {died_on}; only autopsy records can follow."),
        )
    }

    /// The same from the other side: a death before the last day on which the patient was seen.
    pub fn seen_after_death(patient_key: &str, seen_on: NaiveDate) -> Problem {
        Problem::hard(
            "V-DATE-04",
            format!("{patient_key} was seen on {seen_on}, after this death. One of the two days is wrong."),
        )
    }

    /// Day and month could change places. `readings` are the days it could be.
    pub fn ambiguous_date(raw: &str, readings: &[NaiveDate]) -> Problem {
        let days: Vec<String> = readings.iter().map(|day| day.format("%-d %B").to_string()).collect();
        let question = match days.as_slice() {
            [] => format!("{} is not a date.", shown(raw)),
            days => format!("Is {} {}?", shown(raw), days.join(" or ")),
        };
        let example = readings.first().copied().unwrap_or(EXAMPLE);
        let problem = Problem::hard(
            "V-DATE-05",
            format!("{question} Type it as {example} or {}.", example.format("%-d %b %Y")),
        );
        match readings {
            [only] => problem.suggest(only.to_string()),
            _ => problem,
        }
    }

    pub fn not_a_date(raw: &str) -> Problem {
        Problem::hard(
            "V-DATE-06",
            format!(
                "I can't find the day \"{}\" in the calendar. Type it as 2024-04-03 or 3 Apr 2024.",
                shown(raw)
            ),
        )
    }

    pub fn partial_date(raw: &str) -> Problem {
        Problem::hard(
            "V-DATE-07",
            format!("{} has no day. A visit needs the full date, as 2024-04-03.", shown(raw)),
        )
    }
}

const EXAMPLE: NaiveDate = NaiveDate::from_ymd_opt(2024, 4, 3).expect("3 April 2024 is a day");
