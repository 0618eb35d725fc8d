//! Patients' whole records, one query per kind of fact for all patients asked for.

use std::collections::HashMap;

use super::{Error, Result, Work};
use crate::domain::course::{Surgery, Treatment};
use crate::domain::event::{Event, Happening, RelapseKind};
use crate::domain::history::Record;
use crate::domain::id::{AssayId, EventId, ObservationId, PatientId, PatientRef, SiteId, TrialId, TumourId, VisitId};
use crate::domain::observation::Observation;
use crate::domain::patient::{Patient, Precision, Sex, Tumour};
use crate::domain::reading::Reading;
use crate::domain::trial::{Enrolment, Trial};

/// One patient's record.
pub async fn of(work: &mut Work, patient: PatientRef) -> Result<Record> {
    let mut records = load(work, patient.site, &[patient.patient]).await?;
    records.pop().ok_or(Error::NotFound)
}

/// The records of these patients of one centre, ordered by id. The arm of a blinded trial is left out for an actor
/// without the unblinded right (S-036); the night never needs it.
pub async fn load(work: &mut Work, site: SiteId, ids: &[PatientId]) -> Result<Vec<Record>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let mut records = patients(work, site, &ids).await?;
    let index: HashMap<i64, usize> = records.iter().enumerate().map(|(i, r)| (r.patient.id.0, i)).collect();
    tumours(work, site, &ids, |id, fact| records[index[&id]].tumours.push(fact)).await?;
    treatments(work, site, &ids, |id, fact| records[index[&id]].treatments.push(fact)).await?;
    surgeries(work, site, &ids, |id, fact| records[index[&id]].surgeries.push(fact)).await?;
    enrolments(work, site, &ids, |id, fact| records[index[&id]].enrolments.push(fact)).await?;
    observations(work, site, &ids, |id, fact| records[index[&id]].observations.push(fact)).await?;
    events(work, site, &ids, |id, fact| records[index[&id]].events.push(fact)).await?;
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

async fn tumours(work: &mut Work, site: SiteId, ids: &[i64], mut each: impl FnMut(i64, Tumour)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, diagnosed_on, date_precision, organ, subtype, laterality, grade,
           size_mm::float8 as size_mm, size_band, nodes_positive, er_fmol, pgr_fmol, her2, metastatic_at_entry,
           coalesce(reported_on, (recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from tumour
         where site_id = $1
           and patient_id = any ($2)
         order by patient_id, id",
        site.0,
        ids,
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
                her2: row.her2,
                metastatic_at_entry: row.metastatic_at_entry,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}

async fn treatments(work: &mut Work, site: SiteId, ids: &[i64], mut each: impl FnMut(i64, Treatment)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, category, agent, phase, started_on, start_precision, stopped_on,
           coalesce(reported_on, (recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from treatment
         where site_id = $1
           and patient_id = any ($2)
         order by patient_id, id",
        site.0,
        ids,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Treatment {
                id: row.id,
                supersedes: row.supersedes_id,
                category: row.category,
                agent: row.agent,
                phase: row.phase,
                started_on: row.started_on,
                precision: precision(&row.start_precision, "treatment", row.id)?,
                stopped_on: row.stopped_on,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}

async fn surgeries(work: &mut Work, site: SiteId, ids: &[i64], mut each: impl FnMut(i64, Surgery)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, procedure, performed_on, date_precision,
           coalesce(reported_on, (recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from surgery
         where site_id = $1
           and patient_id = any ($2)
         order by patient_id, id",
        site.0,
        ids,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        each(
            row.patient_id,
            Surgery {
                id: row.id,
                supersedes: row.supersedes_id,
                procedure: row.procedure,
                performed_on: row.performed_on,
                precision: precision(&row.date_precision, "surgery", row.id)?,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}

async fn enrolments(work: &mut Work, site: SiteId, ids: &[i64], mut each: impl FnMut(i64, Enrolment)) -> Result<()> {
    let unblinded = work.actor().unblinded;
    let rows = sqlx::query!(
        "select e.patient_id, e.enrolled_on, e.off_study_on, t.id, t.code, t.title, t.blinded,
           case when t.blinded and not $3 then null else e.arm_code end as arm_code,
           coalesce(e.reported_on, (e.recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from enrolment e
         join trial t on t.id = e.trial_id
         where e.site_id = $1
           and e.patient_id = any ($2)
         order by e.patient_id, e.enrolled_on",
        site.0,
        ids,
        unblinded,
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

async fn observations(
    work: &mut Work,
    site: SiteId,
    ids: &[i64],
    mut each: impl FnMut(i64, Observation),
) -> Result<()> {
    let rows = sqlx::query!(
        "select o.patient_id, o.id, o.visit_id, o.measure, o.assay_id, a.assay_code || ' ' || a.version as \"assay_name!\",
           o.analyte, o.collected_on, o.recorded_at, o.supersedes_id, o.status, o.raw_text, o.detection, o.unit,
           o.lod::float8 as lod, o.loq::float8 as loq, o.lo, o.hi, o.failed_reason, o.screened::float8 as screened,
           o.detail, o.note, coalesce(o.reported_on, (o.recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from observation o
         join assay_version a on a.id = o.assay_id
         where o.site_id = $1
           and o.patient_id = any ($2)
         order by o.patient_id, o.collected_on, o.id",
        site.0,
        ids,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        let reading =
            Reading::from_columns(&row.detection, row.lo, row.hi, row.failed_reason.as_deref()).map_err(|_| {
                Error::Inconsistent {
                    table: "observation",
                    column: "detection",
                    id: row.id,
                }
            })?;
        each(
            row.patient_id,
            Observation {
                id: ObservationId(row.id),
                visit: row.visit_id.map(VisitId),
                measure: row.measure,
                assay: AssayId(row.assay_id),
                assay_name: row.assay_name,
                analyte: row.analyte,
                collected_on: row.collected_on,
                known_on: row.known_on,
                recorded_at: row.recorded_at,
                supersedes: row.supersedes_id.map(ObservationId),
                entered_in_error: row.status == "entered_in_error",
                raw_text: row.raw_text,
                reading,
                unit: row.unit,
                lod: row.lod,
                loq: row.loq,
                screened: row.screened,
                detail: row.detail.as_object().cloned().unwrap_or_default(),
                note: row.note,
            },
        );
    }
    Ok(())
}

async fn events(work: &mut Work, site: SiteId, ids: &[i64], mut each: impl FnMut(i64, Event)) -> Result<()> {
    let rows = sqlx::query!(
        "select patient_id, id, supersedes_id, kind, relapse_kind, organs, detected_by, cause, last_clear_on, occurred_on,
           coalesce(reported_on, (recorded_at at time zone 'UTC')::date) as \"known_on!\"
         from event
         where site_id = $1
           and patient_id = any ($2)
         order by patient_id, id",
        site.0,
        ids,
    )
    .fetch_all(work.connection())
    .await?;
    for row in rows {
        let inconsistent = |column| Error::Inconsistent {
            table: "event",
            column,
            id: row.id,
        };
        let what = match row.kind.as_str() {
            "relapse" => Happening::Relapse {
                kind: row
                    .relapse_kind
                    .as_deref()
                    .and_then(RelapseKind::from_code)
                    .ok_or_else(|| inconsistent("relapse_kind"))?,
                organs: row.organs,
                detected_by: row.detected_by,
            },
            "progression" => Happening::Progression,
            "death" => Happening::Death { cause: row.cause },
            "lost" => Happening::Lost,
            "withdrawn" => Happening::Withdrawn,
            "last_contact" => Happening::LastContact,
            _ => return Err(inconsistent("kind")),
        };
        each(
            row.patient_id,
            Event {
                id: EventId(row.id),
                supersedes: row.supersedes_id.map(EventId),
                what,
                last_clear_on: row.last_clear_on,
                occurred_on: row.occurred_on,
                known_on: row.known_on,
            },
        );
    }
    Ok(())
}
