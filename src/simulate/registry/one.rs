//! A patient's rows in each of the import's files.

use std::fmt::Write;

use super::cell::{Cell, counted, molecules, protein, scanned};
use super::{TRIAL, Written};
use crate::simulate::course::VisitKind;
use crate::simulate::errors::{File, Kind};
use crate::simulate::groups::{Group, Organ};
use crate::simulate::patient::Patient;
use crate::simulate::readings::Sample;
use crate::simulate::tables::{Date, Maybe};

pub(super) struct One<'p> {
    pub(super) site: &'p str,
    pub(super) key: String,
    pub(super) patient: &'p Patient,
    /// The last day of the data.
    pub(super) last: i32,
}

impl One<'_> {
    fn day(&self, day: i32) -> Date {
        Date(self.patient.who.surgery + chrono::Duration::days(i64::from(day.min(self.last))))
    }

    pub(super) fn write(&self, texts: &mut [String; 9]) -> Written {
        let [_, _, _, patients, tumours, treatments, visits, observations, events] = texts;
        self.person(patients)?;
        self.tumour(tumours)?;
        self.treatments(treatments)?;
        for (i, visit) in self.patient.course.visits.iter().enumerate() {
            let on = self.day(visit.day);
            writeln!(visits, "{},{},{},{on},{on}", self.site, self.key, self.visit(i))?;
        }
        self.observations(observations)?;
        self.events(events)
    }

    fn person(&self, to: &mut String) -> Written {
        let who = &self.patient.who;
        let (sex, arm) = (if who.female { "F" } else { "M" }, who.arm.code());
        let on = Date(who.surgery);
        let first = self.day(-35);
        writeln!(
            to,
            "{},{},{},{sex},{TRIAL},{arm},{on},{first}",
            self.site,
            self.key,
            who.birth_year()
        )
    }

    fn tumour(&self, to: &mut String) -> Written {
        let who = &self.patient.who;
        let organ = match who.traits().cancer {
            "colorectal" => "colon",
            "nsclc" => "lung",
            same => same,
        };
        let her2 = match who.group {
            Group::Her2Positive => "positive",
            _ if who.group.is_breast() => "negative",
            _ => "",
        };
        let [size, nodes, grade, _] = who.missing;
        write!(
            to,
            "{},{},1,{},{organ},{},",
            self.site,
            self.key,
            self.day(-35),
            who.traits().subtype
        )?;
        write!(to, "{},", Maybe((!grade).then_some(who.grade)))?;
        write!(
            to,
            "{},{},",
            Maybe((!size).then_some(who.size_mm)),
            Maybe((!nodes).then_some(who.nodes))
        )?;
        writeln!(to, "{her2},no,{}", Date(who.surgery))
    }

    fn treatments(&self, to: &mut String) -> Written {
        let who = &self.patient.who;
        let surgery = Date(who.surgery);
        writeln!(
            to,
            "{},{},surgery,Removal of the primary tumour,,{surgery},{surgery}",
            self.site, self.key
        )?;
        for (given, category) in [(who.chemotherapy, "chemotherapy"), (who.endocrine, "endocrine")] {
            if given && self.patient.course.outcome.last_day > 30 {
                let on = self.day(30);
                writeln!(to, "{},{},{category},,adjuvant,{on},{on}", self.site, self.key)?;
            }
        }
        Ok(())
    }

    fn visit(&self, place: usize) -> String {
        match self.patient.course.visits[place].kind {
            VisitKind::Baseline => "BASE".to_owned(),
            VisitKind::Scheduled => format!("V{place:02}"),
            VisitKind::Workup => "WORKUP".to_owned(),
            VisitKind::AfterRelapse => format!("R{place:02}"),
        }
    }

    fn observations(&self, to: &mut String) -> Written {
        let readings = &self.patient.readings;
        let kept = |file, row| {
            let mut slips = self.patient.slips.iter();
            !slips.any(|s| s.kind == Kind::WrongYear && s.file == file && s.row == row)
        };
        for (i, row) in readings.ctdna.iter().enumerate().filter(|(i, _)| kept(File::Ctdna, *i)) {
            if let Some(cell) = molecules(row) {
                self.observation(to, "D", i, at(row.sample), &cell)?;
            }
        }
        for (i, row) in readings.ctc.iter().enumerate().filter(|(i, _)| kept(File::Ctc, *i)) {
            self.observation(to, "C", i, at(row.sample), &counted(row, true))?;
        }
        for (i, row) in readings.dtc.iter().enumerate().filter(|(i, _)| kept(File::Dtc, *i)) {
            self.observation(to, "M", i, at(row.sample), &counted(row, false))?;
        }
        for (i, row) in readings
            .markers
            .iter()
            .enumerate()
            .filter(|(i, _)| kept(File::Markers, *i))
        {
            self.observation(to, "P", i, at(row.sample), &protein(row))?;
        }
        for (i, row) in readings.scans.iter().enumerate() {
            self.observation(to, "I", i, (None, row.collected, row.reported), &scanned(row))?;
        }
        Ok(())
    }

    /// `when`: the visit's place, if it was at one, the day of the sample and the day of the report.
    fn observation(
        &self,
        to: &mut String,
        kind: &str,
        row: usize,
        when: (Option<usize>, i32, i32),
        cell: &Cell,
    ) -> Written {
        let (visit, collected, reported) = when;
        let visit = Maybe(visit.map(|place| self.visit(place)));
        let Cell { assay, analyte, .. } = cell;
        write!(
            to,
            "{},{},{visit},{},{assay},1,{analyte},",
            self.site,
            self.key,
            self.day(collected)
        )?;
        write!(to, "{},,{},{},{},", cell.result, cell.lod, cell.volume_ml, cell.million)?;
        write!(
            to,
            "{},{},{},Synthetic,",
            cell.plasma_ml, cell.assessment, cell.new_lesion
        )?;
        writeln!(to, "{}-{kind}{row:03},{}", self.key, self.day(reported))
    }

    fn events(&self, to: &mut String) -> Written {
        let outcome = &self.patient.course.outcome;
        if let Some(relapse) = outcome.relapse {
            let organ = match relapse.organ {
                Organ::SoftTissue => "other",
                organ => organ.code(),
            };
            let by = if relapse.by_symptoms { "symptom" } else { "imaging" };
            let (on, known) = (self.day(relapse.day), self.day(relapse.day + 3));
            writeln!(
                to,
                "{},{},relapse,distant,{organ},{by},,{on},{known}",
                self.site, self.key
            )?;
        }
        let on = self.day(outcome.last_day);
        match outcome.died {
            Some((_, cancer)) => {
                let cause = if cancer { "this_cancer" } else { "other" };
                writeln!(to, "{},{},death,,,,{cause},{on},{on}", self.site, self.key)
            }
            None => writeln!(to, "{},{},last_contact,,,,,{on},{on}", self.site, self.key),
        }
    }
}

fn at(sample: Sample) -> (Option<usize>, i32, i32) {
    (Some(sample.visit), sample.collected, sample.reported)
}
