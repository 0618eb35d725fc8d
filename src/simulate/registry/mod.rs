//! A cohort as the files that `metwatch import` reads (docs/import.md), for the demonstration's synthetic centres.

mod cell; // what differs from measure to measure
mod one; // a patient's rows

use std::fmt::Write;

use crate::simulate::calendar::{BESPOKE, DPCR, GENOME, NAIVE};
use crate::simulate::patient::Cohort;

use cell::{IMAGING, assay_of};
use one::One;

const SYNTHETIC: &str = "SYNTHETIC: no patient of this centre exists. Made by metwatch simulate to show what a course with serial \
                         readings looks like; docs/simulate.md has the model. Risks learned with these rows say nothing about people.";
const TRIAL: &str = "SYN-TRIAL";

const COLUMNS: [(&str, &str); 9] = [
    ("sites.csv", "site_code,name,arrangement"),
    ("trials.csv", "trial_code,title,blinded,arm_code,arm_title"),
    (
        "assays.csv",
        "assay_code,version,measure,analyte,platform,specimen_type,unit,lod,source_document",
    ),
    (
        "patients.csv",
        "site_code,patient_key,birth_year,sex,trial_code,arm_code,enrolled_on,reported_on",
    ),
    (
        "tumours.csv",
        "site_code,patient_key,tumour_no,diagnosed_on,organ,subtype,grade,size_mm,nodes_positive,her2,metastatic_at_entry,reported_on",
    ),
    (
        "treatments.csv",
        "site_code,patient_key,category,procedure,phase,started_on,reported_on",
    ),
    ("visits.csv", "site_code,patient_key,visit_code,occurred_on,reported_on"),
    (
        "observations.csv",
        "site_code,patient_key,visit_code,collected_on,assay_code,assay_version,analyte,result,unit,lod,volume_ml,cells_screened_million,\
         plasma_ml,assessment,new_lesion,lab,accession,reported_on",
    ),
    (
        "events.csv",
        "site_code,patient_key,kind,relapse_kind,organs,detected_by,cause,occurred_on,reported_on",
    ),
];

/// Name and text of each file. Entry errors stay in, but for wrong years, which the import refuses.
pub fn files(cohort: &Cohort) -> Vec<(&'static str, String)> {
    let mut files = Files {
        texts: COLUMNS.map(|(_, columns)| format!("{columns}\n")),
        cohort,
    };
    // writing to a string can't fail
    let written = files.fill();
    debug_assert!(written.is_ok());
    COLUMNS.iter().map(|(name, _)| *name).zip(files.texts).collect()
}

struct Files<'c> {
    texts: [String; 9],
    cohort: &'c Cohort,
}

type Written = std::fmt::Result;

impl Files<'_> {
    fn fill(&mut self) -> Written {
        for centre in &self.cohort.calendar.centres {
            let letter = centre.code.trim_start_matches("SYN-");
            writeln!(self.texts[0], "{},\"Synthetic {letter}\",\"{SYNTHETIC}\"", centre.code)?;
        }
        for (arm, title) in [
            ("standard", "Standard"),
            ("intensified", "Intensified"),
            ("maintenance", "Maintenance for two years"),
        ] {
            writeln!(
                self.texts[1],
                "{TRIAL},SYNTHETIC trial of three strategies,no,{arm},{title}"
            )?;
        }
        self.assays()?;
        for patient in self.cohort.all() {
            let calendar = &self.cohort.calendar;
            let one = One {
                site: &calendar.centres[patient.who.centre].code,
                key: format!("SYNTHETIC-{:05}", patient.number),
                patient: &patient,
                last: (calendar.cut - patient.who.surgery).num_days() as i32,
            };
            one.write(&mut self.texts)?;
        }
        Ok(())
    }

    fn assays(&mut self) -> Written {
        let assays = &mut self.texts[2];
        let mut add =
            |code: &str, measure: &str, analyte: &str, platform: &str, specimen: &str, unit: &str, lod: &str| {
                let about = "Synthetic; docs/simulate.md";
                writeln!(
                    assays,
                    "{code},1,{measure},{analyte},Synthetic {platform},{specimen},{unit},{lod},{about}"
                )
            };
        for platform in [&DPCR, &BESPOKE, &GENOME, &NAIVE] {
            add(assay_of(platform), "ctdna", "ctdna", platform.name, "PLAS", "[ppm]", "")?;
        }
        add("SYN-CTC", "ctc", "CTC", "CTC count", "BLDV", "{cells}", "1")?;
        add(
            "SYN-DTC",
            "marrow_dtc",
            "marrow DTC",
            "marrow cytology",
            "MAR",
            "{cells}",
            "1",
        )?;
        add("SYN-CA153", "protein", "CA 15-3", "CA 15-3", "SER", "[arb'U]/mL", "2")?;
        add("SYN-CEA", "protein", "CEA", "CEA", "SER", "ng/mL", "0.5")?;
        add("SYN-PSA", "protein", "PSA", "PSA", "SER", "ng/mL", "0.01")?;
        for (_, code, words) in IMAGING {
            add(code, "imaging", "target lesions", words, "TUMOR", "mm", "")?;
        }
        Ok(())
    }
}
