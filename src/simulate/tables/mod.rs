//! The files of a cohort folder, row by row: the layout that `metwatch study` reads, and the truth beside it.

mod cell; // dates, numbers, empty cells
mod rows;

pub(super) use cell::{Date, Maybe, Significant};

use std::io::{self, Write};

use crate::simulate::calendar::Calendar;
use crate::simulate::patient::Patient;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    Patients,
    Visits,
    Ctdna,
    Ctc,
    Dtc,
    Markers,
    Imaging,
    Outcomes,
    Landmarks,
    Truth,
    TruthPatients,
    TruthErrors,
}

impl Table {
    /// What a registry would hold.
    pub const REGISTRY: [Table; 9] = [
        Table::Patients,
        Table::Visits,
        Table::Ctdna,
        Table::Ctc,
        Table::Dtc,
        Table::Markers,
        Table::Imaging,
        Table::Outcomes,
        Table::Landmarks,
    ];
    /// What only the maker knows.
    pub const TRUTH: [Table; 3] = [Table::Truth, Table::TruthPatients, Table::TruthErrors];

    fn layout(self) -> (&'static str, &'static str) {
        match self {
            Table::Patients => (
                "patients",
                "patient_id,centre,sex,birth_year,cancer,subtype,surgery_date,tumour_size_mm,nodes_positive,grade,ki67_percent,arm,\
                 chemotherapy,endocrine",
            ),
            Table::Visits => ("visits", "visit_id,patient_id,visit_date,kind"),
            Table::Ctdna => (
                "ctdna",
                "row_id,patient_id,visit_id,collected_on,reported_on,platform,detected,value,unit,lod95,input_ge,plasma_ml",
            ),
            Table::Ctc => (
                "ctc",
                "row_id,patient_id,visit_id,collected_on,reported_on,count,volume_ml",
            ),
            Table::Dtc => (
                "dtc",
                "row_id,patient_id,visit_id,collected_on,reported_on,cells,mnc_examined",
            ),
            Table::Markers => (
                "markers",
                "row_id,patient_id,visit_id,collected_on,reported_on,marker,below_limit,value,unit",
            ),
            Table::Imaging => (
                "imaging",
                "row_id,patient_id,collected_on,reported_on,modality,result,recist_sum_mm,new_lesion,suvmax,site",
            ),
            Table::Outcomes => (
                "outcomes",
                "patient_id,last_follow_up,relapse_date,relapse_site,detected_by,death_date,death_cause",
            ),
            Table::Landmarks => ("landmarks", "patient_id,landmark_date,landmark_day"),
            Table::Truth => (
                "truth",
                "patient_id,date,ln_mutant_fraction_expected,regime,growth_per_day",
            ),
            Table::TruthPatients => (
                "truth_patients",
                "patient_id,deposits,growth_began_on,organ,shedding,doubling_days",
            ),
            Table::TruthErrors => ("truth_errors", "file,row_id,patient_id,kind"),
        }
    }

    pub fn file(self) -> String {
        format!("{}.csv", self.layout().0)
    }
}

/// Writes tables while patients come; ids count on from patient to patient.
pub struct Writer<'c, W> {
    calendar: &'c Calendar,
    outs: Vec<(Table, W)>,
    visits: u64,
    /// Rows so far of ctDNA, CTC, DTC, markers, imaging.
    rows: [u64; 5],
    line: String,
}

impl<'c, W: Write> Writer<'c, W> {
    /// Writes the headings. Errors: those of the sinks.
    pub fn new(calendar: &'c Calendar, mut outs: Vec<(Table, W)>) -> io::Result<Writer<'c, W>> {
        for (table, out) in &mut outs {
            writeln!(out, "{}", table.layout().1)?;
        }
        Ok(Writer {
            calendar,
            outs,
            visits: 0,
            rows: [0; 5],
            line: String::new(),
        })
    }

    /// The patient's rows in each table. Errors: those of the sinks.
    pub fn patient(&mut self, patient: &Patient) -> io::Result<()> {
        let rows = rows::Rows {
            key: cell::key(patient.number),
            patient,
            calendar: self.calendar,
            visits: self.visits,
            rows: self.rows,
        };
        for (table, out) in &mut self.outs {
            self.line.clear();
            rows.of(*table, &mut self.line).map_err(io::Error::other)?;
            out.write_all(self.line.as_bytes())?;
        }
        let readings = &patient.readings;
        self.visits += patient.course.visits.len() as u64;
        let lengths = [&readings.ctc, &readings.dtc].map(Vec::len);
        let lengths = [
            readings.ctdna.len(),
            lengths[0],
            lengths[1],
            readings.markers.len(),
            readings.scans.len(),
        ];
        for (rows, more) in self.rows.iter_mut().zip(lengths) {
            *rows += more as u64;
        }
        Ok(())
    }

    /// Flushes and gives the sinks back. Errors: those of the sinks.
    pub fn finish(mut self) -> io::Result<Vec<(Table, W)>> {
        self.outs.iter_mut().try_for_each(|(_, out)| out.flush())?;
        Ok(self.outs)
    }
}
