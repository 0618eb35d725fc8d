//! New rows, and new versions of rows: one statement a table.

use serde_json::Value;

use super::super::{Result, Work};
use crate::domain::import::Table;

pub(super) async fn insert(work: &mut Work, table: Table, rows: Value, reason: Option<&str>) -> Result<()> {
    if rows.as_array().is_some_and(Vec::is_empty) {
        return Ok(());
    }
    // The instant of the whole import, as everywhere: the database has a clock of its own.
    let now = work.now();
    let insert = match table {
        Table::Site | Table::Trial | Table::Arm | Table::Assay => return super::setup::insert(work, table, rows).await,
        Table::Patient => sqlx::query!(
            "insert into patient (site_id, patient_key, birth_year, birth_month, sex, menopausal_status, registry_consent_on,
               reported_on, recorded_at, recorded_by)
             select r.site_id, v.patient_key, v.birth_year, v.birth_month, v.sex, v.menopausal_status, v.registry_consent_on,
               v.reported_on, $2, app.current_actor()
             from jsonb_to_recordset($1) as r (line bigint, site_id int, v jsonb)
             cross join lateral jsonb_populate_record(null::patient, r.v) v
             order by r.line",
            rows,
            now,
        ),
        Table::Enrolment => sqlx::query!(
            "insert into enrolment (site_id, patient_id, trial_id, arm_code, enrolled_on, reported_on, recorded_at, recorded_by)
             select r.site_id, p.id, v.trial_id, v.arm_code, v.enrolled_on, v.reported_on, $2, app.current_actor()
             from jsonb_to_recordset($1) as r (line bigint, site_id int, v jsonb)
             cross join lateral jsonb_populate_record(null::enrolment, r.v) v
             join patient p on p.site_id = r.site_id and p.patient_key = r.v ->> 'patient_key'
             order by r.line",
            rows,
            now,
        ),
        Table::Tumour => sqlx::query!(
            "insert into tumour (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, diagnosed_on,
               date_precision, organ, laterality, subtype, grade, size_mm, size_band, nodes_positive, nodes_examined, er_fmol,
               pgr_fmol, ki67_percent, her2, metastatic_at_entry, reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), v.diagnosed_on,
               v.date_precision, v.organ, v.laterality, v.subtype, v.grade, v.size_mm, v.size_band, v.nodes_positive,
               v.nodes_examined, v.er_fmol, v.pgr_fmol, v.ki67_percent, v.her2, v.metastatic_at_entry, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::tumour, r.v) v
             order by r.line",
            rows,
            reason,
            now,
        ),
        Table::Stage => sqlx::query!(
            "insert into stage (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, tumour_id, prefix,
               t, n, n_suffix, m, stage_group, staged_on, edition, reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), tumour.id,
               v.prefix, v.t, v.n, v.n_suffix, v.m, v.stage_group, v.staged_on, v.edition, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::stage, r.v) v
             join patient p on p.site_id = r.site_id and p.id = r.patient_id
             join tumour on tumour.site_id = r.site_id and tumour.supersedes_id is null
               and tumour.natural_key = p.patient_key || '|' || (r.v ->> 'tumour_no')
             order by r.line",
            rows,
            reason,
            now,
        ),
        Table::Treatment => sqlx::query!(
            "insert into treatment (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, category, agent,
               phase, intent, started_on, start_precision, stopped_on, reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), v.category,
               v.agent, v.phase, v.intent, v.started_on, v.start_precision, v.stopped_on, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::treatment, r.v) v
             order by r.line",
            rows,
            reason,
            now,
        ),
        Table::Surgery => sqlx::query!(
            "insert into surgery (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, procedure,
               performed_on, date_precision, margin, reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), v.procedure,
               v.performed_on, v.date_precision, v.margin, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::surgery, r.v) v
             order by r.line",
            rows,
            reason,
            now,
        ),
        Table::Visit => sqlx::query!(
            "insert into visit (site_id, patient_id, natural_key, source_row, recorded_at, recorded_by, visit_code, occurred_on, ecog, note,
               reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.source_row, $2, app.current_actor(), v.visit_code, v.occurred_on, v.ecog,
               v.note, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::visit, r.v) v
             order by r.line",
            rows,
            now,
        ),
        Table::Observation => sqlx::query!(
            "insert into observation (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, route,
               visit_id, measure, assay_id, analyte, collected_on, collected_time, reported_on, status, raw_text, detection,
               comparator, value_num, unit, lod, loq, range_high, lo, hi, failed_reason, screened, detail, note, confirmed)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), 'csv',
               v.visit_id, v.measure, v.assay_id, v.analyte, v.collected_on, v.collected_time, v.reported_on, v.status, v.raw_text,
               v.detection, v.comparator, v.value_num, v.unit, v.lod, v.loq, v.range_high, v.lo, v.hi, v.failed_reason,
               v.screened, v.detail, v.note, v.confirmed
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::observation, r.v) v
             order by r.line",
            rows,
            reason,
            now,
        ),
        Table::Event => sqlx::query!(
            "insert into event (site_id, patient_id, natural_key, supersedes_id, reason, source_row, recorded_at, recorded_by, kind, relapse_kind,
               organs, detected_by, cause, last_clear_on, occurred_on, reported_on)
             select r.site_id, r.patient_id, r.natural_key, r.supersedes_id, $2, r.source_row, $3, app.current_actor(), v.kind,
               v.relapse_kind, v.organs, v.detected_by, v.cause, v.last_clear_on, v.occurred_on, v.reported_on
             from jsonb_to_recordset($1)
               as r (line bigint, site_id int, patient_id bigint, natural_key text, supersedes_id bigint, source_row text, v jsonb)
             cross join lateral jsonb_populate_record(null::event, r.v) v
             order by r.line",
            rows,
            reason,
            now,
        ),
    };
    insert.execute(work.connection()).await?;
    Ok(())
}
