//! A cohort as a folder of CSV files (docs/study.md), read into the registry's own records. It opens no file itself: the caller says
//! what is behind each name, so a folder, an archive and a test's text are read alike.

mod outcomes;
mod patients;
mod readings;
pub(in crate::study) mod table;
#[cfg(test)]
pub(in crate::study) mod tests;

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use rayon::prelude::*;

use crate::burden::Names;
use crate::burden::case::{Case, Day, Known};
use crate::domain::history::Record;
use crate::domain::id::ObservationId;
use crate::domain::observation::Observation;
pub(in crate::study) use readings::row_id;
use table::{Row, Table};

/// Why a folder could not be read; it names file, line and column.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{file} is missing")]
    Missing { file: &'static str },
    #[error("{file} can't be read: {source}")]
    Io { file: &'static str, source: io::Error },
    #[error("{file}, line {line}: {what}")]
    Row {
        file: &'static str,
        line: u64,
        what: String,
    },
    #[error("{file} has no column {column}")]
    NoColumn { file: &'static str, column: &'static str },
    #[error("{file}, line {line}, column {column}: {text:?} is not {wanted}")]
    Cell {
        file: &'static str,
        line: u64,
        column: &'static str,
        text: String,
        wanted: &'static str,
    },
}

/// One patient of a cohort.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// `patient_id` as the files write it.
    pub key: String,
    /// `centre` as the files write it.
    pub centre: String,
    pub record: Record,
    /// In order, each day once.
    pub visits: Vec<NaiveDate>,
    /// The first visit that tells of a relapse: the only word of it where there is no outcomes.csv.
    pub workup: Option<NaiveDate>,
    /// Readings typed with another day than that of the visit they name, which they are given.
    pub redated: Vec<ObservationId>,
}

/// A pair of patient and day to predict for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landmark {
    /// Place in `Cohort::people`.
    pub person: usize,
    pub on: NaiveDate,
    /// Days since surgery, as the file says it: the landmarks of one number are judged together.
    pub day: i64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cohort {
    /// In the order of patients.csv.
    pub people: Vec<Person>,
    /// In the order of landmarks.csv; empty without that file.
    pub landmarks: Vec<Landmark>,
    /// Whether outcomes.csv was there.
    pub outcomes: bool,
    /// Rows of patients that are not in patients.csv: left out, and counted by file.
    pub strangers: Vec<(&'static str, usize)>,
}

/// Reads each file, by its name within the folder, from what `open` answers; `None` where there is none. Only outcomes.csv and
/// landmarks.csv may be missing.
pub struct Reader<O> {
    open: O,
    cohort: Cohort,
    place: HashMap<String, usize>,
    /// The day of each visit that has an id, which is its patient's own.
    visits: HashMap<(usize, String), NaiveDate>,
}

impl<R: Read, O: FnMut(&'static str) -> io::Result<Option<R>>> Reader<O> {
    pub fn new(open: O) -> Reader<O> {
        Reader {
            open,
            cohort: Cohort::default(),
            place: HashMap::new(),
            visits: HashMap::new(),
        }
    }

    /// Errors: a file that is missing or can't be read, a column that is missing, a cell that is not what its column holds.
    pub fn cohort(mut self) -> Result<Cohort, ReadError> {
        self.patients()?;
        self.visits()?;
        for (file, columns, make) in readings::FILES {
            let visits = std::mem::take(&mut self.visits);
            self.rows(file, columns, |row, place, person| {
                let mut reading = make(row)?;
                let visit = row.if_there("visit_id").map(|id| (place, id.to_owned()));
                if let Some(day) = visit.and_then(|visit| visits.get(&visit)) {
                    person.redated.extend(redate(&mut reading, *day));
                }
                person.record.observations.push(reading);
                Ok(())
            })?;
            self.visits = visits;
        }
        let mut told = HashSet::new();
        self.cohort.outcomes = self.optional("outcomes.csv", outcomes::COLUMNS, |row, place, person| {
            if !told.insert(place) {
                return Err(row.bad("patient_id", "a patient whose outcome is told once"));
            }
            outcomes::add(row, person)
        })?;
        if !self.cohort.outcomes {
            self.cohort.people.iter_mut().for_each(outcomes::found_by);
        }
        self.landmarks()?;
        for person in &mut self.cohort.people {
            person.visits.sort_unstable();
            person.visits.dedup();
        }
        Ok(self.cohort)
    }

    fn table(&mut self, file: &'static str, columns: &'static [&'static str]) -> Result<Option<Table<R>>, ReadError> {
        match (self.open)(file).map_err(|source| ReadError::Io { file, source })? {
            Some(content) => Table::begin(file, content, columns).map(Some),
            None => Ok(None),
        }
    }

    fn patients(&mut self) -> Result<(), ReadError> {
        let file = "patients.csv";
        let mut table = self
            .table(file, patients::COLUMNS)?
            .ok_or(ReadError::Missing { file })?;
        let mut numbers = patients::Numbers::default();
        while let Some(row) = table.next()? {
            let person = patients::person(&row, &mut numbers)?;
            if self
                .place
                .insert(person.key.clone(), self.cohort.people.len())
                .is_some()
            {
                return Err(row.bad("patient_id", "a patient who comes only once"));
            }
            self.cohort.people.push(person);
        }
        Ok(())
    }

    fn visits(&mut self) -> Result<(), ReadError> {
        let mut days = HashMap::new();
        self.rows("visits.csv", &["patient_id", "visit_date"], |row, place, person| {
            let on = row.date("visit_date")?;
            person.visits.push(on);
            if let Some(id) = row.if_there("visit_id") {
                days.insert((place, id.to_owned()), on);
            }
            if row
                .if_there("kind")
                .is_some_and(|kind| outcomes::AFTER_RELAPSE.contains(&kind))
            {
                person.workup = Some(person.workup.map_or(on, |first| first.min(on)));
            }
            Ok(())
        })?;
        self.visits = days;
        Ok(())
    }

    fn rows(
        &mut self,
        file: &'static str,
        columns: &'static [&'static str],
        take: impl FnMut(&Row, usize, &mut Person) -> Result<(), ReadError>,
    ) -> Result<(), ReadError> {
        match self.optional(file, columns, take)? {
            true => Ok(()),
            false => Err(ReadError::Missing { file }),
        }
    }

    /// What each row adds to its patient, whose place is told. Answers whether the file was there.
    fn optional(
        &mut self,
        file: &'static str,
        columns: &'static [&'static str],
        mut take: impl FnMut(&Row, usize, &mut Person) -> Result<(), ReadError>,
    ) -> Result<bool, ReadError> {
        let Some(mut table) = self.table(file, columns)? else {
            return Ok(false);
        };
        let mut strangers = 0;
        while let Some(row) = table.next()? {
            match self.place.get(row.required("patient_id", "a patient")?) {
                Some(place) => take(&row, *place, &mut self.cohort.people[*place])?,
                None => strangers += 1,
            }
        }
        if strangers > 0 {
            self.cohort.strangers.push((file, strangers));
        }
        Ok(true)
    }

    fn landmarks(&mut self) -> Result<(), ReadError> {
        let columns = &["patient_id", "landmark_date", "landmark_day"];
        let Some(mut table) = self.table("landmarks.csv", columns)? else {
            return Ok(());
        };
        while let Some(row) = table.next()? {
            let key = row.required("patient_id", "a patient")?;
            let Some(person) = self.place.get(key) else {
                return Err(row.bad("patient_id", "a patient of patients.csv"));
            };
            self.cohort.landmarks.push(Landmark {
                person: *person,
                on: row.date("landmark_date")?,
                day: row.whole("landmark_day")?.unwrap_or_default(),
            });
        }
        Ok(())
    }
}

/// Gives a reading the day of the visit that it names, and answers its id where it had another: of the two it is the row that is
/// mistyped, as a rule by a year. A visit after the report can't be meant.
fn redate(reading: &mut Observation, visit: NaiveDate) -> Option<ObservationId> {
    let wrong = reading.collected_on != visit && visit <= reading.known_on;
    wrong.then(|| {
        reading.collected_on = visit;
        reading.id
    })
}

/// Midnight: the files know days.
pub(in crate::study) fn instant(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

impl Cohort {
    /// One a patient, in their order; visits are those of visits.csv.
    pub fn cases(&self, names: &Names) -> Vec<Case> {
        self.people.par_iter().map(|person| person.case(names)).collect()
    }

    /// Patients with an odd number, and those with an even one, each with their landmarks.
    pub fn split(self) -> (Cohort, Cohort) {
        let mut halves = [Cohort::default(), Cohort::default()];
        let mut place = Vec::with_capacity(self.people.len());
        for half in &mut halves {
            half.outcomes = self.outcomes;
            half.strangers.clone_from(&self.strangers);
        }
        for person in self.people {
            let half = usize::from(person.record.patient.id.0 % 2 == 0);
            place.push((half, halves[half].people.len()));
            halves[half].people.push(person);
        }
        for landmark in self.landmarks {
            let (half, person) = place[landmark.person];
            halves[half].landmarks.push(Landmark { person, ..landmark });
        }
        let [odd, even] = halves;
        (odd, even)
    }

    /// The last day on which anything became known: a result, a visit, an outcome. Days of collection do not count: they are typed.
    pub fn last_day(&self) -> Option<NaiveDate> {
        let one = |person: &Person| {
            let results = person.record.observations.iter().map(|o| o.known_on);
            let events = person.record.events.iter().map(|e| e.known_on);
            let visits = person.visits.last().copied();
            results
                .chain(events)
                .chain(visits)
                .chain([person.record.patient.known_on])
                .max()
        };
        self.people.iter().filter_map(one).max()
    }
}

impl Person {
    pub fn case(&self, names: &Names) -> Case {
        let mut case =
            Case::of(&self.record, names).expect("patients.csv gives everybody a tumour and a day of surgery");
        let visit = |on: &NaiveDate| {
            let from = case.day_of(*on);
            let until = Day::MAX;
            (from, Known { from, until })
        };
        case.visits = self.visits.iter().map(visit).collect();
        case
    }
}
