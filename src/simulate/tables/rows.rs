//! A patient's rows in each file.

use std::fmt::Write;

use chrono::Duration;

use super::Table;
use super::cell::{Date, Maybe, Significant};
use crate::simulate::calendar::Calendar;
use crate::simulate::course::Seen;
use crate::simulate::errors::File;
use crate::simulate::groups::Organ;
use crate::simulate::patient::Patient;
use crate::simulate::readings::{Cells, Sample};
use crate::simulate::truth;

/// A landmark of the layout, in days from surgery.
const LANDMARKS: [i32; 7] = [182, 365, 548, 730, 1095, 1461, 1826];

/// One patient's rows; `visits` and `rows` are how many came before.
pub(super) struct Rows<'p> {
    pub(super) key: String,
    pub(super) patient: &'p Patient,
    pub(super) calendar: &'p Calendar,
    pub(super) visits: u64,
    pub(super) rows: [u64; 5],
}

type Written = std::fmt::Result;

impl Rows<'_> {
    fn date(&self, day: i32) -> Date {
        Date(self.patient.who.surgery + Duration::days(i64::from(day)))
    }

    pub(super) fn of(&self, table: Table, to: &mut String) -> Written {
        match table {
            Table::Patients => self.baseline(to),
            Table::Visits => self.visits(to),
            Table::Ctdna => self.ctdna(to),
            Table::Ctc => self.cells(to, &self.patient.readings.ctc, self.rows[1]),
            Table::Dtc => self.cells(to, &self.patient.readings.dtc, self.rows[2]),
            Table::Markers => self.markers(to),
            Table::Imaging => self.imaging(to),
            Table::Outcomes => self.outcome(to),
            Table::Landmarks => self.landmarks(to),
            Table::Truth => self.truth(to),
            Table::TruthPatients => self.truth_patient(to),
            Table::TruthErrors => self.truth_errors(to),
        }
    }

    fn baseline(&self, to: &mut String) -> Written {
        let who = &self.patient.who;
        let traits = who.traits();
        let [size, nodes, grade, ki67] = who.missing;
        write!(to, "{},{},", self.key, self.calendar.centres[who.centre].code)?;
        write!(to, "{},{},", if who.female { "F" } else { "M" }, who.birth_year())?;
        write!(to, "{},{},{},", traits.cancer, traits.subtype, Date(who.surgery))?;
        write!(to, "{},", Maybe((!size).then_some(who.size_mm)))?;
        write!(to, "{},", Maybe((!nodes).then_some(who.nodes)))?;
        write!(to, "{},", Maybe((!grade).then_some(who.grade)))?;
        write!(to, "{},", Maybe((!ki67).then_some(who.ki67)))?;
        let treated = [who.chemotherapy, who.endocrine].map(u8::from);
        writeln!(to, "{},{},{}", who.arm.code(), treated[0], treated[1])
    }

    fn visits(&self, to: &mut String) -> Written {
        for (i, visit) in (1_u64..).zip(&self.patient.course.visits) {
            writeln!(
                to,
                "{},{},{},{}",
                self.visits + i,
                self.key,
                self.date(visit.day),
                visit.kind.code()
            )?;
        }
        Ok(())
    }

    fn sample(&self, to: &mut String, row: u64, sample: Sample) -> Written {
        let visit = self.visits + sample.visit as u64 + 1;
        let (collected, reported) = (self.date(sample.collected), self.date(sample.reported));
        write!(to, "{row},{},{visit},{collected},{reported},", self.key)
    }

    fn ctdna(&self, to: &mut String) -> Written {
        for (i, row) in (1_u64..).zip(&self.patient.readings.ctdna) {
            self.sample(to, self.rows[0] + i, row.sample)?;
            let value = Maybe(row.value.map(|value| Significant(value, 5)));
            let unit = if row.per_ml { "MTM/mL" } else { "VAF_percent" };
            write!(to, "{},{},{value},", row.platform.name, u8::from(row.value.is_some()))?;
            writeln!(
                to,
                "{unit},{},{},{}",
                Significant(row.lod95, 3),
                row.input_ge,
                row.plasma_ml
            )?;
        }
        Ok(())
    }

    fn cells(&self, to: &mut String, cells: &[Cells], before: u64) -> Written {
        for (i, row) in (1_u64..).zip(cells) {
            self.sample(to, before + i, row.sample)?;
            writeln!(to, "{},{}", row.count, row.screened)?;
        }
        Ok(())
    }

    fn markers(&self, to: &mut String) -> Written {
        for (i, row) in (1_u64..).zip(&self.patient.readings.markers) {
            self.sample(to, self.rows[3] + i, row.sample)?;
            let (marker, unit) = (row.analyte.code(), row.analyte.unit());
            writeln!(
                to,
                "{marker},{},{},{unit}",
                u8::from(row.below),
                Significant(row.value, 4)
            )?;
        }
        Ok(())
    }

    fn imaging(&self, to: &mut String) -> Written {
        for (i, scan) in (1_u64..).zip(&self.patient.readings.scans) {
            write!(to, "{},{},{},", self.rows[4] + i, self.key, self.date(scan.collected))?;
            let result = match scan.seen {
                Seen::Nothing => "no_evidence",
                Seen::Unclear => "equivocal",
                Seen::Relapse => "relapse",
                Seen::Assessed => "assessed",
            };
            write!(
                to,
                "{},{},{result},{},",
                self.date(scan.reported),
                scan.modality,
                Maybe(scan.sum_mm)
            )?;
            let site = Maybe(scan.site.map(Organ::code));
            writeln!(to, "{},{},{site}", u8::from(scan.new_lesion), Maybe(scan.suvmax))?;
        }
        Ok(())
    }

    fn outcome(&self, to: &mut String) -> Written {
        let outcome = &self.patient.course.outcome;
        write!(to, "{},{},", self.key, self.date(outcome.last_day))?;
        match outcome.relapse {
            Some(relapse) => {
                let by = if relapse.by_symptoms {
                    "symptoms"
                } else {
                    "scheduled_scan"
                };
                write!(to, "{},{},{by},", self.date(relapse.day), relapse.organ.code())?;
            }
            None => write!(to, ",,,")?,
        }
        match outcome.died {
            Some((day, cancer)) => writeln!(to, "{},{}", self.date(day), if cancer { "cancer" } else { "other" }),
            None => writeln!(to, ","),
        }
    }

    fn landmarks(&self, to: &mut String) -> Written {
        for day in LANDMARKS {
            let date = self.patient.who.surgery + Duration::days(i64::from(day));
            if date <= self.calendar.cut {
                writeln!(to, "{},{},{day}", self.key, Date(date))?;
            }
        }
        Ok(())
    }

    fn truth(&self, to: &mut String) -> Written {
        for day in truth::days(self.patient) {
            let truth = truth::on(&self.patient.disease, day);
            let fraction = Maybe(truth.ln_fraction.map(|ln| Significant(ln, 6)));
            let (regime, growth) = (truth.regime.code(), truth.growth);
            writeln!(to, "{},{},{fraction},{regime},{growth:.6}", self.key, self.date(day))?;
        }
        Ok(())
    }

    fn truth_patient(&self, to: &mut String) -> Written {
        let disease = &self.patient.disease;
        let began = disease.grows_from().filter(|day| *day < 36_500.0);
        let began = Maybe(began.map(|day| self.date(day.ceil() as i32)));
        let organ = Maybe(truth::organ(self.patient).map(Organ::code));
        let (shedding, doubling) = (Significant(disease.shedding, 4), Significant(disease.doubling(), 4));
        let deposits = disease.deposits.len();
        writeln!(to, "{},{deposits},{began},{organ},{shedding},{doubling}", self.key)
    }

    fn truth_errors(&self, to: &mut String) -> Written {
        for slip in &self.patient.slips {
            let (file, before) = match slip.file {
                File::Ctdna => ("ctdna", self.rows[0]),
                File::Ctc => ("ctc", self.rows[1]),
                File::Dtc => ("dtc", self.rows[2]),
                File::Markers => ("markers", self.rows[3]),
            };
            let row = before + slip.row as u64 + 1;
            writeln!(to, "{file},{row},{},{}", self.key, slip.kind.code())?;
        }
        Ok(())
    }
}
