//! Amendments of what has no versions of its own: the audit trail keeps what stood there.

use serde_json::Value;

use super::super::{Result, Work};
use crate::domain::import::Table;

pub(super) async fn update(work: &mut Work, table: Table, rows: Value) -> Result<()> {
    let update = match table {
        Table::Patient => sqlx::query!(
            "update patient t
             set birth_year = v.birth_year, birth_month = v.birth_month, sex = v.sex, menopausal_status = v.menopausal_status,
               registry_consent_on = v.registry_consent_on, reported_on = v.reported_on, version = t.version + 1
             from jsonb_to_recordset($1) as r (site_id int, supersedes_id bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::patient, r.v) v
             where t.site_id = r.site_id
               and t.id = r.supersedes_id",
            rows,
        ),
        Table::Enrolment => sqlx::query!(
            "update enrolment t
             set arm_code = v.arm_code, enrolled_on = v.enrolled_on, reported_on = v.reported_on, version = t.version + 1
             from jsonb_to_recordset($1) as r (site_id int, supersedes_id bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::enrolment, r.v) v
             where t.site_id = r.site_id
               and t.id = r.supersedes_id",
            rows,
        ),
        Table::Visit => sqlx::query!(
            "update visit t
             set ecog = v.ecog, note = v.note, reported_on = v.reported_on, version = t.version + 1
             from jsonb_to_recordset($1) as r (site_id int, supersedes_id bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::visit, r.v) v
             where t.site_id = r.site_id
               and t.id = r.supersedes_id",
            rows,
        ),
        _ => return super::setup::update(work, table, rows).await,
    };
    update.execute(work.connection()).await?;
    Ok(())
}
