//! Keeps the triage rows of patients current: from each history to what the list shows of it, in the transaction of
//! whatever changed it.

use std::collections::BTreeSet;

use super::Result;
use crate::burden;
use crate::domain::history::{History, Record};
use crate::domain::id::{PatientId, PatientRef, SiteId};
use crate::store::triage::Summary;
use crate::store::{Work, histories, sites, triage};

/// Patients whose histories are held at once.
const PIECE: usize = 1000;

/// Works the rows of these patients out anew, as of the day it is at their centre.
pub async fn refresh(work: &mut Work, patients: &BTreeSet<PatientRef>) -> Result<()> {
    let mut centres: Vec<SiteId> = patients.iter().map(|patient| patient.site).collect();
    centres.dedup();
    for site in centres {
        let zone = sites::time_zone(work, site).await?;
        let today = work.today_at(&zone);
        let ids: Vec<PatientId> = patients.iter().filter(|p| p.site == site).map(|p| p.patient).collect();
        for piece in ids.chunks(PIECE) {
            let records = histories::load(work, site, piece).await?;
            let summaries: Vec<Summary> = records.iter().map(|record| summary(record, today)).collect();
            triage::refresh(work, &summaries).await?;
        }
    }
    Ok(())
}

/// What the list shows of this record on that day.
pub fn summary(record: &Record, today: chrono::NaiveDate) -> Summary {
    let history = record.as_of(today);
    let spark = burden::spark(&history);
    Summary {
        patient: PatientRef {
            site: record.patient.site,
            patient: record.patient.id,
        },
        spark_days: spark.days,
        spark_log10: spark.log10,
        spark_mark: spark.marks.into_iter().map(|mark| mark.code().to_owned()).collect(),
        last_reading: burden::last_reading(&history),
        state_text: burden::state(&history),
        at_risk: is_at_risk(&history),
        last_contact_on: history.last_contact_on(),
    }
}

/// At risk of a first distant relapse: alive, watched, and not metastatic yet.
fn is_at_risk(history: &History) -> bool {
    history.died_on().is_none()
        && history.left_on().is_none()
        && history.distant_relapse_on().is_none()
        && history.tumour().is_some_and(|tumour| !tumour.metastatic_at_entry)
}
