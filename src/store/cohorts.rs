//! The follow-up of a cohort as of a day, one row a patient, and its results, one row a result; both are streamed.
//!
//! The words follow `domain::history`: a fact counts from the day it was known, the last version of that day counts, day zero
//! is the first operation or else the diagnosis, and the cancer is the first primary one. A filter that asks for nothing binds
//! null. Rows come in the order of a keyed hash where a key is given, so that their order tells nothing of who they are.

use chrono::NaiveDate;
use futures::stream::{BoxStream, StreamExt, TryStreamExt};

use super::{Error, Result, Work};
use crate::domain::cohort::{Filter, Measurement, Subject};
use crate::domain::id::{PatientId, PatientRef, SiteId};

/// The kinds of cancer on file in the actor's centres.
pub async fn organs(work: &mut Work) -> Result<Vec<String>> {
    let sites = sites(work);
    let organs = sqlx::query_scalar!(
        "select distinct organ
         from tumour
         where site_id = any ($1)
         order by organ",
        &sites,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(organs)
}

fn sites(work: &Work) -> Vec<i32> {
    work.actor().sites.iter().map(|site| site.0).collect()
}

struct SubjectRow {
    site_id: i32,
    patient_id: i64,
    centre: String,
    sex: String,
    birth_year: i32,
    menopausal_status: Option<String>,
    organ: String,
    diagnosed_on: NaiveDate,
    grade: Option<i32>,
    size_mm: Option<f64>,
    size_band: Option<String>,
    nodes_positive: Option<i32>,
    er_fmol: Option<i32>,
    pgr_fmol: Option<i32>,
    her2: Option<String>,
    metastatic_at_entry: bool,
    trial: Option<String>,
    arm: Option<String>,
    operated_on: Option<NaiveDate>,
    distant_on: Option<NaiveDate>,
    relapse_on: Option<NaiveDate>,
    progression_on: Option<NaiveDate>,
    died_on: Option<NaiveDate>,
    left_on: Option<NaiveDate>,
    last_seen_on: Option<NaiveDate>,
}

impl From<SubjectRow> for Subject {
    fn from(row: SubjectRow) -> Subject {
        Subject {
            patient: PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.patient_id),
            },
            centre: row.centre,
            sex: row.sex,
            birth_year: row.birth_year,
            menopausal_status: row.menopausal_status,
            organ: row.organ,
            diagnosed_on: row.diagnosed_on,
            grade: row.grade,
            size_mm: row.size_mm,
            size_band: row.size_band,
            nodes_positive: row.nodes_positive,
            er_fmol: row.er_fmol,
            pgr_fmol: row.pgr_fmol,
            her2: row.her2,
            metastatic_at_entry: row.metastatic_at_entry,
            trial: row.trial,
            arm: row.arm,
            operated_on: row.operated_on,
            distant_on: row.distant_on,
            relapse_on: row.relapse_on,
            progression_on: row.progression_on,
            died_on: row.died_on,
            left_on: row.left_on,
            last_seen_on: row.last_seen_on,
        }
    }
}

/// Before the queries below: joins by hash. They join whole tables, and a planner that expects few rows (it knows little of
/// row security and of the two clocks) loops over them: a hundred times slower at three thousand patients, and worse with more.
pub async fn expect_many(work: &mut Work) -> Result<()> {
    sqlx::query_scalar!("select set_config('enable_nestloop', 'off', true)")
        .fetch_one(work.connection())
        .await?;
    Ok(())
}

/// Where the rows of `work` go: one at a time, so that memory does not grow with the cohort.
pub type Rows<'w, T> = BoxStream<'w, Result<T>>;

/// Every patient whom the filter lets in, with what is known of them today.
pub fn subjects<'w>(work: &'w mut Work, filter: &'w Filter, order: Option<&'w [u8]>) -> Rows<'w, Subject> {
    let (sites, today, unblinded) = (sites(work), work.today(), work.actor().unblinded);
    sqlx::query_as!(
        SubjectRow,
        "with first_tumour as (
           select distinct on (t.site_id, t.patient_id) t.*
           from tumour t
           where t.site_id = any ($1)
             and coalesce(t.reported_on, (t.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from tumour s
               where s.site_id = t.site_id
                 and s.supersedes_id = t.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           order by t.site_id, t.patient_id, t.diagnosed_on, t.id
         ), operation as (
           select o.site_id, o.patient_id, min(o.performed_on) as first_on
           from surgery o
           where o.site_id = any ($1)
             and coalesce(o.reported_on, (o.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from surgery s
               where s.site_id = o.site_id
                 and s.supersedes_id = o.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           group by o.site_id, o.patient_id
         ), entered as (
           select distinct on (e.site_id, e.patient_id) e.site_id, e.patient_id, r.code as trial,
             case when r.blinded and not $8 then null else e.arm_code end as arm
           from enrolment e
           join trial r on r.id = e.trial_id
           where e.site_id = any ($1)
             and coalesce(e.reported_on, (e.recorded_at at time zone 'UTC')::date) <= $2
             and ($5::text is null or r.code = $5)
           order by e.site_id, e.patient_id, e.enrolled_on, e.id
         ), happened as (
           select v.site_id, v.patient_id,
             min(v.occurred_on) filter (where v.relapse_kind = 'distant') as distant_on,
             min(v.occurred_on) filter (where v.relapse_kind in ('local', 'regional', 'distant', 'unknown')) as relapse_on,
             min(v.occurred_on) filter (where v.kind = 'progression') as progression_on,
             min(v.occurred_on) filter (where v.kind = 'death') as died_on,
             min(v.occurred_on) filter (where v.kind in ('lost', 'withdrawn')) as left_on,
             max(v.occurred_on) as last_on
           from event v
           where v.site_id = any ($1)
             and v.occurred_on <= $2
             and coalesce(v.reported_on, (v.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from event s
               where s.site_id = v.site_id
                 and s.supersedes_id = v.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           group by v.site_id, v.patient_id
         ), measured as (
           select b.site_id, b.patient_id, max(b.collected_on) as last_on
           from observation b
           where b.site_id = any ($1)
             and b.collected_on <= $2
             and b.status <> 'entered_in_error'
             and coalesce(b.reported_on, (b.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from observation s
               where s.site_id = b.site_id
                 and s.supersedes_id = b.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           group by b.site_id, b.patient_id
         )
         select p.site_id, p.id as patient_id, c.code as centre, p.sex, p.birth_year, p.menopausal_status,
           t.organ as \"organ!\", t.diagnosed_on as \"diagnosed_on!\", t.grade as \"grade?\", t.size_mm::float8 as \"size_mm?\",
           t.size_band as \"size_band?\", t.nodes_positive as \"nodes_positive?\", t.er_fmol as \"er_fmol?\",
           t.pgr_fmol as \"pgr_fmol?\", t.her2 as \"her2?\", t.metastatic_at_entry as \"metastatic_at_entry!\",
           e.trial as \"trial?\", e.arm as \"arm?\", o.first_on as \"operated_on?\", h.distant_on as \"distant_on?\",
           h.relapse_on as \"relapse_on?\", h.progression_on as \"progression_on?\", h.died_on as \"died_on?\",
           h.left_on as \"left_on?\", greatest(h.last_on, m.last_on) as \"last_seen_on?\"
         from patient p
         join site c on c.id = p.site_id
         join first_tumour t on t.site_id = p.site_id and t.patient_id = p.id
         left join entered e on e.site_id = p.site_id and e.patient_id = p.id
         left join operation o on o.site_id = p.site_id and o.patient_id = p.id
         left join happened h on h.site_id = p.site_id and h.patient_id = p.id
         left join measured m on m.site_id = p.site_id and m.patient_id = p.id
         where p.site_id = any ($1)
           and ($3::text is null or t.organ = $3)
           and ($4::text is null or c.code = $4)
           and ($5::text is null or e.trial is not null)
           and ($6::text is null or e.arm = $6)
           and ($7::date is null or t.diagnosed_on >= $7)
           and ($9::date is null or t.diagnosed_on <= $9)
         order by sha256($10::bytea || int4send(p.site_id) || int8send(p.id))",
        &sites,
        today,
        filter.organ.as_deref(),
        filter.centre.as_deref(),
        filter.trial.as_deref(),
        filter.arm.as_deref(),
        filter.diagnosed_from,
        unblinded,
        filter.diagnosed_to,
        order,
    )
    .fetch(work.connection())
    .map_ok(Subject::from)
    .map_err(Error::from)
    .boxed()
}

struct MeasurementRow {
    site_id: i32,
    patient_id: i64,
    measure: String,
    analyte: String,
    assay: String,
    assay_version: String,
    specimen: String,
    unit: String,
    day: i32,
    detection: String,
    lo: Option<f64>,
    hi: Option<f64>,
    lod: Option<f64>,
    loq: Option<f64>,
    screened: Option<f64>,
    failed_reason: Option<String>,
    detail: serde_json::Value,
}

/// Every result of these patients that counts today, a patient's together and in time order.
pub fn measurements<'w>(work: &'w mut Work, filter: &'w Filter, order: &'w [u8]) -> Rows<'w, Measurement> {
    let (sites, today, unblinded) = (sites(work), work.today(), work.actor().unblinded);
    sqlx::query_as!(
        MeasurementRow,
        "with first_tumour as (
           select distinct on (t.site_id, t.patient_id) t.*
           from tumour t
           where t.site_id = any ($1)
             and coalesce(t.reported_on, (t.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from tumour s
               where s.site_id = t.site_id
                 and s.supersedes_id = t.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           order by t.site_id, t.patient_id, t.diagnosed_on, t.id
         ), operation as (
           select o.site_id, o.patient_id, min(o.performed_on) as first_on
           from surgery o
           where o.site_id = any ($1)
             and coalesce(o.reported_on, (o.recorded_at at time zone 'UTC')::date) <= $2
             and not exists (
               select from surgery s
               where s.site_id = o.site_id
                 and s.supersedes_id = o.id
                 and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
           group by o.site_id, o.patient_id
         ), entered as (
           select distinct on (e.site_id, e.patient_id) e.site_id, e.patient_id, r.code as trial,
             case when r.blinded and not $8 then null else e.arm_code end as arm
           from enrolment e
           join trial r on r.id = e.trial_id
           where e.site_id = any ($1)
             and coalesce(e.reported_on, (e.recorded_at at time zone 'UTC')::date) <= $2
             and ($5::text is null or r.code = $5)
           order by e.site_id, e.patient_id, e.enrolled_on, e.id
         )
         select b.site_id as \"site_id!\", b.patient_id as \"patient_id!\", b.measure as \"measure!\", b.analyte as \"analyte!\",
           a.assay_code as \"assay!\", a.version as \"assay_version!\", a.specimen_type as \"specimen!\", b.unit as \"unit!\",
           b.collected_on - coalesce(o.first_on, t.diagnosed_on) as \"day!\", b.detection as \"detection!\", b.lo as \"lo?\", b.hi as \"hi?\",
           b.lod::float8 as \"lod?\", b.loq::float8 as \"loq?\", b.screened::float8 as \"screened?\",
           b.failed_reason as \"failed_reason?\", b.detail as \"detail!\"
         from patient p
         join site c on c.id = p.site_id
         join first_tumour t on t.site_id = p.site_id and t.patient_id = p.id
         left join entered e on e.site_id = p.site_id and e.patient_id = p.id
         left join operation o on o.site_id = p.site_id and o.patient_id = p.id
         join observation b on b.site_id = p.site_id and b.patient_id = p.id
         join assay_version a on a.id = b.assay_id
         where p.site_id = any ($1)
           and ($3::text is null or t.organ = $3)
           and ($4::text is null or c.code = $4)
           and ($5::text is null or e.trial is not null)
           and ($6::text is null or e.arm = $6)
           and ($7::date is null or t.diagnosed_on >= $7)
           and ($9::date is null or t.diagnosed_on <= $9)
           and b.collected_on <= $2
           and b.status <> 'entered_in_error'
           and coalesce(b.reported_on, (b.recorded_at at time zone 'UTC')::date) <= $2
           and not exists (
             select from observation s
             where s.site_id = b.site_id
               and s.supersedes_id = b.id
               and coalesce(s.reported_on, (s.recorded_at at time zone 'UTC')::date) <= $2)
         order by sha256($10::bytea || int4send(p.site_id) || int8send(p.id)), b.measure, b.analyte, b.assay_id, b.collected_on, b.id",
        &sites,
        today,
        filter.organ.as_deref(),
        filter.centre.as_deref(),
        filter.trial.as_deref(),
        filter.arm.as_deref(),
        filter.diagnosed_from,
        unblinded,
        filter.diagnosed_to,
        order,
    )
    .fetch(work.connection())
    .map_err(Error::from)
    .map_ok(|row| Measurement {
        patient: PatientRef {
            site: SiteId(row.site_id),
            patient: PatientId(row.patient_id),
        },
        measure: row.measure,
        analyte: row.analyte,
        assay: row.assay,
        assay_version: row.assay_version,
        specimen: row.specimen,
        unit: row.unit,
        day: i64::from(row.day),
        detection: row.detection,
        lo: row.lo,
        hi: row.hi,
        lod: row.lod,
        loq: row.loq,
        screened: row.screened,
        failed_reason: row.failed_reason,
        detail: row.detail.as_object().cloned().unwrap_or_default(),
    })
    .boxed()
}
