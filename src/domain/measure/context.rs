//! What else is known of the patient when a result is judged.

use chrono::NaiveDate;

use crate::domain::date::Life;
use crate::domain::history::History;
use crate::domain::id::AssayId;
use crate::domain::patient::Precision;
use crate::domain::reading::Reading;

#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub life: Life,
    pub collected_on: NaiveDate,
    pub surgeries: Vec<NaiveDate>,
    pub chemotherapy: Vec<Course>,
    /// In time order, amendments applied.
    pub earlier: Vec<Earlier>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    pub agent: Option<String>,
    pub started_on: NaiveDate,
    pub stopped_on: Option<NaiveDate>,
    /// The last day, or the one after which such a course is usually over.
    pub over_by: Option<NaiveDate>,
}

/// A result on file.
#[derive(Clone, Debug, PartialEq)]
pub struct Earlier {
    pub measure: String,
    pub assay: AssayId,
    pub assay_name: String,
    pub analyte: String,
    pub collected_on: NaiveDate,
    pub raw_text: String,
    pub reading: Reading,
}

impl Context {
    /// Nothing but the bounds of the patient's life is known.
    pub fn bare(life: Life, collected_on: NaiveDate) -> Context {
        Context {
            life,
            collected_on,
            surgeries: vec![],
            chemotherapy: vec![],
            earlier: vec![],
        }
    }

    /// From all that is on file.
    pub fn of(history: &History, today: NaiveDate, collected_on: NaiveDate) -> Context {
        let life = Life::of(history, today);
        Context {
            surgeries: history
                .surgeries
                .iter()
                .filter(|surgery| surgery.precision == Precision::Day)
                .map(|surgery| surgery.performed_on)
                .collect(),
            chemotherapy: history
                .treatments
                .iter()
                .filter(|treatment| treatment.category == "chemotherapy" && treatment.precision == Precision::Day)
                .map(|treatment| Course {
                    agent: treatment.agent.clone(),
                    started_on: treatment.started_on,
                    stopped_on: treatment.stopped_on,
                    over_by: treatment.ends_on(),
                })
                .collect(),
            earlier: history
                .observations
                .iter()
                .map(|o| Earlier {
                    measure: o.measure.clone(),
                    assay: o.assay,
                    assay_name: o.assay_name.clone(),
                    analyte: o.analyte.clone(),
                    collected_on: o.collected_on,
                    raw_text: o.raw_text.clone(),
                    reading: o.reading,
                })
                .collect(),
            ..Context::bare(life, collected_on)
        }
    }

    /// The last result of a measure before this one.
    pub fn last(&self, measure: &str) -> Option<&Earlier> {
        self.earlier
            .iter()
            .rfind(|earlier| earlier.measure == measure && earlier.collected_on < self.collected_on)
    }

    /// Earlier results of a measure by one assay, the first one first.
    pub fn series(&self, measure: &str, assay: AssayId) -> impl DoubleEndedIterator<Item = &Earlier> {
        self.earlier.iter().filter(move |earlier| {
            earlier.measure == measure && earlier.assay == assay && earlier.collected_on < self.collected_on
        })
    }

    pub fn days_since_surgery(&self) -> Option<i64> {
        self.days_since(self.surgeries.iter().copied())
    }

    /// Days since a course with this agent is known to have begun or ended.
    pub fn days_since_agent(&self, agent: &str) -> Option<i64> {
        let courses = self.chemotherapy.iter().filter(|course| {
            course
                .agent
                .as_deref()
                .is_some_and(|name| name.to_lowercase().contains(agent))
        });
        self.days_since(courses.flat_map(|course| std::iter::once(course.started_on).chain(course.stopped_on)))
    }

    /// During chemotherapy, or less than `days` after its end.
    pub fn near_chemotherapy(&self, days: i64) -> bool {
        self.chemotherapy.iter().any(|course| {
            course.started_on <= self.collected_on
                && course
                    .over_by
                    .is_none_or(|over_by| (self.collected_on - over_by).num_days() < days)
        })
    }

    fn days_since(&self, days: impl Iterator<Item = NaiveDate>) -> Option<i64> {
        days.map(|day| (self.collected_on - day).num_days())
            .filter(|days| *days >= 0)
            .min()
    }
}

impl Life {
    /// A date of which only the month or year is known counts from its first day.
    pub fn of(history: &History, today: NaiveDate) -> Life {
        use chrono::Datelike;
        let earliest = |day: NaiveDate, precision| match precision {
            Precision::Day => Some(day),
            Precision::Month => day.with_day(1),
            Precision::Year => day.with_ordinal(1),
        };
        Life {
            patient_key: history.patient.key.clone(),
            today,
            birth_year: history.patient.birth_year,
            diagnosed_on: history
                .tumour()
                .and_then(|tumour| earliest(tumour.diagnosed_on, tumour.precision)),
            died_on: history.died_on(),
        }
    }
}
