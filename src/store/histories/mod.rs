//! Patients' whole records, one query per kind of fact for all patients asked for.

mod course; // treatments, surgery
mod happened; // observations, events

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Error, Result, Work};
use crate::domain::history::Record;
use crate::domain::id::{PatientId, PatientRef, SiteId, TrialId, TumourId};
use crate::domain::patient::{Patient, Precision, Sex, Tumour};
use crate::domain::trial::{Enrolment, Trial};

// When a fact was known: the day it was reported, else the day it was recorded. An amendment that repeats the report day of what
// it amends was known when it was recorded: a night of an earlier day must not see it.

/// Whose facts, and those of up to when.
#[derive(Clone, Copy)]
struct Asked<'a> {
    site: SiteId,
    ids: &'a [i64],
    until: Option<DateTime<Utc>>,
}

/// One patient's record.
pub async fn of(work: &mut Work, patient: PatientRef) -> Result<Record> {
    let mut records = load(work, patient.site, &[patient.patient]).await?;
    records.pop().ok_or(Error::NotFound)
}

/// The records of these patients of one centre, ordered by id. The arm of a blinded trial is left out for an actor
/// without the unblinded right (S-036); the night never needs it.
pub async fn load(work: &mut Work, site: SiteId, ids: &[PatientId]) -> Result<Vec<Record>> {
    load_until(work, site, ids, None).await
}

/// The same without what was recorded after `until`: a night that is resumed sees the facts with which it began.
pub async fn load_until(
    work: &mut Work,
    site: SiteId,
    ids: &[PatientId],
    until: Option<DateTime<Utc>>,
) -> Result<Vec<Record>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut records = patients(work, site, &ids).await?;
    let of = Asked { site, ids: &ids, until };
    let index: HashMap<i64, usize> = records.iter().enumerate().map(|(i, r)| (r.patient.id.0, i)).collect();
    tumours(work, of, |id, fact| records[index[&id]].tumours.push(fact)).await?;
    course::treatments(work, of, |id, fact| records[index[&id]].treatments.push(fact)).await?;
    course::surgeries(work, of, |id, fact| records[index[&id]].surgeries.push(fact)).await?;
    enrolments(work, of, |id, fact| records[index[&id]].enrolments.push(fact)).await?;
    happened::observations(work, of, |id, fact| records[index[&id]].observations.push(fact)).await?;
    happened::events(work, of, |id, fact| records[index[&id]].events.push(fact)).await?;
    Ok(records)
}

fn precision(code: &str, table: &'static str, id: i64) -> Result<Precision> {
    Precision::from_code(code).ok_or(Error::Inconsistent {
        table,
        column: "date_precision",
        id,
    })
}

async fn patients(work: &mut Work, site: SiteId, ids: &[i64]) -> Result<Vec<Record>> {
    let rows = sqlx::query!(
        "select id, patient_key, birth_year, sex, menopausal_status, version,
           coalesce(reported_on, (recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from patient
         where site_id = $1
           and id = any ($2)
         order by id",
        site.0,
        ids,
    )
    .fetch_all(work.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let sex = Sex::from_code(&row.sex).ok_or(Error::Inconsistent {
                table: "patient",
                column: "sex",
                id: row.id,
            })?;
            let patient = Patient {
                site,
                id: PatientId(row.id),
                key: row.patient_key,
                birth_year: row.birth_year,
                sex,
                menopausal_status: row.menopausal_status,
                known_on: row.known_on,
                version: row.version,
            };
            Ok(Record {
                patient,
                tumours: vec![],
                treatments: vec![],
                surgeries: vec![],
                enrolments: vec![],
                observations: vec![],
                events: vec![],
            })
        })
        .collect()
}

async fn tumours(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Tumour)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, diagnosed_on, date_precision, organ, subtype, laterality, grade,
           size_mm::float8 as size_mm, size_band, nodes_positive, er_fmol, pgr_fmol, ki67_percent::float8 as ki67_percent, her2,
           metastatic_at_entry,
           case when supersedes_id is null or reported_on >
             (select first.reported_on from tumour first where first.site_id = tumour.site_id and first.id = tumour.supersedes_id)
             then coalesce(reported_on, (recorded_at at time zone 'UTC')::date)
             else (recorded_at at time zone 'UTC')::date end as \"known_on!\"
         from tumour
         where site_id = $1
           and patient_id = any ($2)
           and ($3::timestamptz is null or recorded_at <= $3)
         order by patient_id, id",
        of.site.0,
        of.ids,
        of.until,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Tumour {
                id: TumourId(row.id),
                supersedes: row.supersedes_id.map(TumourId),
                diagnosed_on: row.diagnosed_on,
                precision: precision(&row.date_precision, "tumour", row.id)?,
                organ: row.organ,
                subtype: row.subtype,
                laterality: row.laterality,
                grade: row.grade,
                size_mm: row.size_mm,
                size_band: row.size_band,
                nodes_positive: row.nodes_positive,
                er_fmol: row.er_fmol,
                pgr_fmol: row.pgr_fmol,
                ki67_percent: row.ki67_percent,
                her2: row.her2,
                metastatic_at_entry: row.metastatic_at_entry,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}

async fn enrolments(work: &mut Work, of: Asked<'_>, mut each: impl FnMut(i64, Enrolment)) -> Result<()> {
    let unblinded = work.actor().unblinded;
    let rows = sqlx::query!(
        "select e.patient_id, e.enrolled_on, e.off_study_on, t.id, t.code, t.title, t.blinded,
           case when t.blinded and not $3 then null else e.arm_code end as arm_code,
           coalesce(e.reported_on, (e.recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from enrolment e
         join trial t on t.id = e.trial_id
         where e.site_id = $1
           and e.patient_id = any ($2)
           and ($4::timestamptz is null or e.recorded_at <= $4)
         order by e.patient_id, e.enrolled_on",
        of.site.0,
        of.ids,
        unblinded,
        of.until,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Enrolment {
                trial: Trial {
                    id: TrialId(row.id),
                    code: row.code,
                    title: row.title,
                    blinded: row.blinded,
                },
                arm: row.arm_code,
                enrolled_on: row.enrolled_on,
                off_study_on: row.off_study_on,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}
