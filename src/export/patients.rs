//! One row a patient: what was found at diagnosis, and the wait for the endpoint.

use chrono::Datelike;

use super::{Cell, Column, Pseudonyms};
use crate::domain::cohort::{Endpoint, Outcome, Subject};

/// A patient of the cohort as the file tells of them.
pub struct Patient {
    name: String,
    subject: Subject,
    outcome: Option<Outcome>,
}

/// Safe Harbor: an age of 90 or more is one class, also where it is reached while the patient is watched.
const OLD: i32 = 90;

impl Patient {
    pub fn new(subject: Subject, endpoint: Endpoint, names: &Pseudonyms) -> Patient {
        Patient {
            name: names.patient(subject.patient),
            outcome: endpoint.outcome(&subject).ok(),
            subject,
        }
    }

    fn age(&self) -> Option<i32> {
        let last = self
            .subject
            .last_on()
            .year()
            .max(self.subject.died_on.map_or(i32::MIN, |on| on.year()));
        (last - self.subject.birth_year < OLD).then(|| self.subject.diagnosed_on.year() - self.subject.birth_year)
    }

    fn age_band(&self) -> String {
        match self.age() {
            None => "90+".into(),
            Some(age) => {
                let decade = age.div_euclid(10) * 10;
                format!("{decade}-{}", decade + 9)
            }
        }
    }

    /// The day of something that happened while the patient was watched.
    fn day(&self, on: Option<chrono::NaiveDate>) -> Cell {
        on.filter(|on| *on <= self.subject.last_on())
            .map(|on| self.subject.day(on))
            .into()
    }
}

/// Text that comes from a list of codes.
fn code(text: Option<&String>) -> Cell {
    text.map(String::as_str).into()
}

pub fn columns(endpoint: Endpoint) -> Vec<Column<Patient>> {
    let ends = format!(
        "0 still waiting, 1 {}{}",
        endpoint.event(),
        if endpoint == Endpoint::Overall {
            ""
        } else {
            ", 2 death before it"
        }
    );
    let told = format!(
        "What ended the wait ({}). Empty for patients who entered with metastases where a first relapse is waited for, and without any follow-up",
        endpoint.words()
    );
    let mut event = Column::new("event", "integer", "", |p: &Patient| {
        p.outcome.map(|o| i64::from(o.event)).into()
    })
    .values(ends);
    event.meaning = told.into();
    vec![
        Column::new("patient", "pseudonym", "The patient, in this file alone", |p: &Patient| Cell::from(p.name.as_str())),
        Column::new("centre", "text", "Code of the care centre", |p: &Patient| Cell::from(p.subject.centre.as_str())),
        Column::new("time_days", "integer", "From day zero to the event, or to the last day of observation", |p: &Patient| {
            p.outcome.map(|o| o.days).into()
        })
        .unit("d"),
        event,
        Column::new("sex", "text", "Sex as recorded", |p: &Patient| Cell::from(p.subject.sex.as_str())).values("F M I U"),
        Column::new("diagnosis_year", "integer", "Year of diagnosis of the first primary tumour", |p: &Patient| {
            p.subject.diagnosed_on.year().into()
        }),
        Column::new(
            "age_years",
            "integer",
            "Year of diagnosis minus year of birth; empty for who is 90 or older then or by the last day of observation",
            |p: &Patient| p.age().into(),
        )
        .unit("a")
        .values("0 to 89"),
        Column::new("age_band", "text", "The same in classes of ten years; 90+ as above", |p: &Patient| {
            Cell::from(p.age_band().as_str())
        }),
        Column::new("menopausal_status", "text", "At diagnosis", |p: &Patient| code(p.subject.menopausal_status.as_ref()))
            .values("pre peri post unknown"),
        Column::new("organ", "text", "Organ of the first primary tumour", |p: &Patient| Cell::from(p.subject.organ.as_str())),
        Column::new("grade", "integer", "Histological grade", |p: &Patient| p.subject.grade.into()).values("1 to 3"),
        Column::new("size_mm", "number", "Greatest diameter of the primary tumour", |p: &Patient| p.subject.size_mm.into()).unit("mm"),
        Column::new("size_band", "text", "Where only the class of size is known", |p: &Patient| code(p.subject.size_band.as_ref()))
            .unit("mm")
            .values("<=20 20-50 >50"),
        Column::new("nodes_positive", "integer", "Lymph nodes with tumour", |p: &Patient| p.subject.nodes_positive.into()),
        Column::new("er_fmol", "integer", "Oestrogen receptor", |p: &Patient| p.subject.er_fmol.into()).unit("fmol/mg"),
        Column::new("pgr_fmol", "integer", "Progesterone receptor", |p: &Patient| p.subject.pgr_fmol.into()).unit("fmol/mg"),
        Column::new("her2", "text", "HER2 status", |p: &Patient| code(p.subject.her2.as_ref())).values("negative positive unknown"),
        Column::new("metastatic_at_entry", "text", "Entered with metastases", |p: &Patient| p.subject.metastatic_at_entry.into())
            .values("yes no"),
        Column::new("trial", "text", "Code of the trial: the one asked for, else the first", |p: &Patient| code(p.subject.trial.as_ref())),
        Column::new("arm", "text", "Code of the arm; empty where it is blinded", |p: &Patient| code(p.subject.arm.as_ref())),
        Column::new("day_zero", "text", "What day zero is", |p: &Patient| {
            Cell::from(if p.subject.operated_on.is_some() { "surgery" } else { "diagnosis" })
        })
        .values("surgery diagnosis"),
        Column::new("relapse_day", "integer", "First relapse: local, regional, distant or of unknown place; not a second primary", |p: &Patient| {
            p.day(p.subject.relapse_on)
        })
        .unit("d"),
        Column::new("distant_relapse_day", "integer", "First distant relapse", |p: &Patient| p.day(p.subject.distant_on)).unit("d"),
        Column::new("progression_day", "integer", "First progression of metastatic disease", |p: &Patient| p.day(p.subject.progression_on))
            .unit("d"),
        Column::new("death_day", "integer", "Death of any cause", |p: &Patient| p.day(p.subject.died_on)).unit("d"),
        Column::new("last_day", "integer", "The last day of observation: the last event or result, or the day the patient left", |p: &Patient| {
            p.subject.day(p.subject.last_on()).into()
        })
        .unit("d"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cohort::endpoint::tests::{day, subject};
    use crate::export::Sheet;

    fn line(subject: Subject) -> String {
        let names = Pseudonyms::new(&[9; 32]);
        let mut sheet = Sheet::new(columns(Endpoint::DistantFree));
        let mut out = vec![];
        sheet.row(&Patient::new(subject, Endpoint::DistantFree, &names), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn cell(name: &str, line: &str) -> String {
        let at = columns(Endpoint::DistantFree)
            .iter()
            .position(|c| c.name == name)
            .unwrap();
        line.trim_end().split(',').nth(at).unwrap().to_owned()
    }

    #[test]
    fn no_date_and_no_id_leaves() {
        let mut s = subject(900);
        s.distant_on = Some(day(500));
        s.relapse_on = Some(day(-3));
        let line = line(s);
        assert!(!line.contains("2020-") && !line.contains("1960"), "{line}");
        assert_eq!(cell("time_days", &line), "500");
        assert_eq!(cell("event", &line), "1");
        assert_eq!(cell("relapse_day", &line), "-3");
        assert_eq!(cell("diagnosis_year", &line), "2019");
        assert_eq!(cell("size_band", &line), "\"<=20\"");
        assert_eq!(cell("grade", &line), "3");
    }

    #[test]
    fn ninety_is_a_class_also_when_it_is_reached_later() {
        for (birth_year, last, age, band) in [
            (1960, 900, "59", "\"50-59\""),
            (1929, 10, "", "\"90+\""),
            (1930, 900, "", "\"90+\""),
            (1931, 300, "88", "\"80-89\""),
        ] {
            let mut s = subject(last);
            s.birth_year = birth_year;
            let line = line(s);
            assert_eq!(
                (cell("age_years", &line).as_str(), cell("age_band", &line).as_str()),
                (age, band),
                "{birth_year}"
            );
        }
    }

    #[test]
    fn what_is_not_waited_for_is_empty() {
        let mut s = subject(900);
        s.metastatic_at_entry = true;
        let line = line(s);
        assert_eq!(
            (cell("time_days", &line), cell("event", &line)),
            (String::new(), String::new())
        );
    }
}
