//! Visits and the results they bring. A result is never overwritten: its correction is a new row that supersedes it, and
//! the constraint `observation_superseded_once` lets only one of two at a time do so (S-080).

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Work};
use crate::domain::id::{ObservationId, PatientRef, VisitId};
use crate::domain::observation::NewObservation;
use crate::domain::reading::Comparator;
use crate::domain::visit::NewVisit;

/// A visit as it is on file.
#[derive(Clone, Debug)]
pub struct Visit {
    pub id: VisitId,
    pub visit_code: String,
    pub occurred_on: NaiveDate,
    pub ecog: Option<i32>,
    pub note: Option<String>,
}

/// Adds the visit unless one of that code and day is on file; `None` then. Of two at once the second waits for the first.
pub async fn insert(work: &mut Work, patient: PatientRef, key: &str, visit: &NewVisit) -> Result<Option<VisitId>> {
    let (user, now) = (work.actor().user.0, work.now());
    let id = sqlx::query_scalar!(
        "insert into visit (site_id, patient_id, natural_key, visit_code, occurred_on, ecog, note, recorded_at, recorded_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (site_id, natural_key) do nothing
         returning id",
        patient.site.0,
        patient.patient.0,
        natural_key(key, visit),
        visit.visit_code,
        visit.occurred_on,
        visit.ecog,
        visit.note,
        now,
        user,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(id.map(VisitId))
}

/// The same as the import's, so that a form and a file can't both bring a visit.
fn natural_key(key: &str, visit: &NewVisit) -> String {
    format!("{key}|{}|{}", visit.visit_code, visit.occurred_on)
}

/// The visit of that code and day, kept from changing until the transaction ends.
pub async fn on_file(work: &mut Work, patient: PatientRef, visit: &NewVisit) -> Result<Visit> {
    let row = sqlx::query_as!(
        Visit,
        "select id, visit_code, occurred_on, ecog, note
         from visit
         where site_id = $1
           and patient_id = $2
           and visit_code = $3
           and occurred_on = $4
         order by id
         limit 1
         for update",
        patient.site.0,
        patient.patient.0,
        visit.visit_code,
        visit.occurred_on,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(row)
}

/// A visit of this patient by its id.
pub async fn by_id(work: &mut Work, patient: PatientRef, visit: VisitId) -> Result<Visit> {
    let row = sqlx::query_as!(
        Visit,
        "select id, visit_code, occurred_on, ecog, note
         from visit
         where site_id = $1
           and patient_id = $2
           and id = $3",
        patient.site.0,
        patient.patient.0,
        visit.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(row)
}

/// Fills in what the visit on file leaves open.
pub async fn complete(
    work: &mut Work,
    patient: PatientRef,
    visit: VisitId,
    ecog: Option<i32>,
    note: Option<&str>,
) -> Result<()> {
    sqlx::query!(
        "update visit
         set ecog = coalesce(ecog, $4), note = coalesce(note, $5), version = version + 1
         where site_id = $1
           and patient_id = $2
           and id = $3",
        patient.site.0,
        patient.patient.0,
        visit.0,
        ecog,
        note,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// The row that a new one takes the place of, and why.
#[derive(Clone, Debug)]
pub struct Supersedes<'a> {
    pub id: ObservationId,
    pub reason: &'a str,
}

/// Saves one result. `identity` is what tells it from others of the patient; one that supersedes keeps the first one's.
pub async fn observe(
    work: &mut Work,
    patient: PatientRef,
    visit: Option<VisitId>,
    identity: &str,
    seen: &NewObservation,
    supersedes: Option<Supersedes<'_>>,
) -> Result<ObservationId> {
    let (user, now) = (work.actor().user.0, work.now());
    let (lo, hi, failed_reason) = seen.reading.columns();
    let detail = serde_json::Value::Object(seen.detail.clone());
    let id = sqlx::query_scalar!(
        "insert into observation (site_id, patient_id, visit_id, natural_key, measure, assay_id, analyte, collected_on, collected_time,
           recorded_at, recorded_by, route, supersedes_id, status, raw_text, detection, comparator, value_num, unit, lod, loq,
           range_high, lo, hi, failed_reason, screened, detail, note, confirmed, reason)
         select $1, $2, $3, coalesce(old.natural_key, $4), $5, $6, $7, $8, old.collected_time,
           $9, $10, 'form', $11, case when $11::bigint is null then 'final' else 'amended' end, $12, $13, $14,
           $15::float8::numeric, $16, $17::float8::numeric, $18::float8::numeric, $19::float8::numeric, $20, $21, $22,
           $23::float8::numeric, $24, $25, $26, $27
         from (select 1) one
         left join observation old on old.site_id = $1 and old.patient_id = $2 and old.id = $11
         returning id",
        patient.site.0,
        patient.patient.0,
        visit.map(|visit| visit.0),
        identity,
        seen.measure,
        seen.assay.0,
        seen.analyte,
        seen.collected_on,
        now,
        user,
        supersedes.as_ref().map(|old| old.id.0),
        seen.raw_text,
        seen.reading.detection(),
        seen.comparator.map(Comparator::code),
        seen.value,
        seen.unit,
        seen.limits.lod,
        seen.limits.loq,
        seen.limits.range_high,
        lo,
        hi,
        failed_reason,
        seen.screened,
        detail,
        seen.note,
        seen.confirmed,
        supersedes.as_ref().map(|old| old.reason),
    )
    .fetch_one(work.connection())
    .await?;
    Ok(ObservationId(id))
}

/// Says of a result that it was entered in error: a last row with the same values that counts for nothing.
pub async fn withdraw(work: &mut Work, patient: PatientRef, old: Supersedes<'_>) -> Result<()> {
    let (user, now) = (work.actor().user.0, work.now());
    sqlx::query!(
        "insert into observation (site_id, patient_id, visit_id, specimen_id, natural_key, measure, assay_id, analyte, collected_on,
           collected_time, recorded_at, recorded_by, route, supersedes_id, status, raw_text, detection, comparator, value_num,
           unit, lod, loq, range_high, lo, hi, failed_reason, screened, detail, note, confirmed, reason)
         select site_id, patient_id, visit_id, specimen_id, natural_key, measure, assay_id, analyte, collected_on,
           collected_time, $4, $5, 'form', id, 'entered_in_error', raw_text, detection, comparator, value_num,
           unit, lod, loq, range_high, lo, hi, failed_reason, screened, detail, note, confirmed, $6
         from observation
         where site_id = $1
           and patient_id = $2
           and id = $3",
        patient.site.0,
        patient.patient.0,
        old.id.0,
        now,
        user,
        old.reason,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Who put a version of a result on file, when, and why.
#[derive(Clone, Debug)]
pub struct Provenance {
    pub id: ObservationId,
    pub who: String,
    pub recorded_at: DateTime<Utc>,
    pub reported_on: Option<NaiveDate>,
    pub route: String,
    pub source_row: Option<String>,
    pub confirmed: Option<String>,
    pub reason: Option<String>,
}

/// The provenance of these versions, oldest first.
pub async fn provenance(work: &mut Work, patient: PatientRef, ids: &[ObservationId]) -> Result<Vec<Provenance>> {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as!(
        Provenance,
        "select o.id, u.name as who, o.recorded_at, o.reported_on, o.route, o.source_row, o.confirmed, o.reason
         from observation o
         join app_user u on u.id = o.recorded_by
         where o.site_id = $1
           and o.patient_id = $2
           and o.id = any ($3)
         order by o.id",
        patient.site.0,
        patient.patient.0,
        &ids,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows)
}
