//! Centres, trials, arms and assays: what is about no patient.

use serde_json::Value;

use super::super::{Result, Work};
use super::OnFile;
use crate::domain::import::Table;

struct Found {
    line: i64,
    id: i64,
    differences: Option<Value>,
}

pub(super) async fn on_file(work: &mut Work, table: Table, rows: Value) -> Result<Vec<OnFile>> {
    let found = match table {
        Table::Site => {
            sqlx::query_as!(
                Found,
                "select r.line as \"line!\", t.id::bigint as \"id!\",
                   (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
                    from jsonb_each(r.v) n
                    where to_jsonb(t) -> n.key is distinct from n.value) as differences
                 from jsonb_to_recordset($1) as r (line bigint, natural_key text, v jsonb)
                 join site t on t.code = r.natural_key",
                rows,
            )
            .fetch_all(work.connection())
            .await?
        }
        Table::Trial => {
            sqlx::query_as!(
                Found,
                "select r.line as \"line!\", t.id::bigint as \"id!\",
                   (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
                    from jsonb_each(r.v) n
                    where to_jsonb(t) -> n.key is distinct from n.value) as differences
                 from jsonb_to_recordset($1) as r (line bigint, natural_key text, v jsonb)
                 join trial t on t.code = r.natural_key",
                rows,
            )
            .fetch_all(work.connection())
            .await?
        }
        Table::Arm => {
            sqlx::query_as!(
                Found,
                "select r.line as \"line!\", t.id::bigint as \"id!\",
                   (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(a) -> n.key, n.value))
                    from jsonb_each(r.v) n
                    where to_jsonb(a) ? n.key
                      and to_jsonb(a) -> n.key is distinct from n.value) as differences
                 from jsonb_to_recordset($1) as r (line bigint, v jsonb)
                 join trial t on t.code = r.v ->> 'trial'
                 join arm a on a.trial_id = t.id and a.code = r.v ->> 'code'",
                rows,
            )
            .fetch_all(work.connection())
            .await?
        }
        _ => {
            sqlx::query_as!(
                Found,
                "select r.line as \"line!\", t.id::bigint as \"id!\",
                   (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
                    from jsonb_each(r.v) n
                    where to_jsonb(t) -> n.key is distinct from n.value) as differences
                 from jsonb_to_recordset($1) as r (line bigint, v jsonb)
                 join assay_version t on t.assay_code = r.v ->> 'assay_code' and t.version = r.v ->> 'version'
                   and t.analyte = r.v ->> 'analyte'",
                rows,
            )
            .fetch_all(work.connection())
            .await?
        }
    };
    Ok(found
        .into_iter()
        .map(|found| OnFile {
            line: found.line.unsigned_abs(),
            id: found.id,
            other_patient: false,
            differences: found.differences,
        })
        .collect())
}

pub(super) async fn insert(work: &mut Work, table: Table, rows: Value) -> Result<()> {
    let insert = match table {
        Table::Site => sqlx::query!(
            "insert into site (id, code, name, time_zone, arrangement)
             select (select coalesce(max(id), 0) from site) + row_number() over (order by r.line), v.code, v.name, v.time_zone,
               v.arrangement
             from jsonb_to_recordset($1) as r (line bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::site, r.v) v",
            rows,
        ),
        Table::Trial => sqlx::query!(
            "insert into trial (code, title, blinded)
             select v.code, v.title, v.blinded
             from jsonb_to_recordset($1) as r (line bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::trial, r.v) v
             order by r.line",
            rows,
        ),
        Table::Arm => sqlx::query!(
            "insert into arm (trial_id, code, title)
             select t.id, v.code, v.title
             from jsonb_to_recordset($1) as r (line bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::arm, r.v) v
             join trial t on t.code = r.v ->> 'trial'
             order by r.line",
            rows,
        ),
        _ => sqlx::query!(
            "insert into assay_version (assay_code, version, measure, analyte, platform, lab, specimen_type, unit,
               volume_required_ml, max_age_h, lob, lod, loq, range_high, positivity_rule, source_document, loinc)
             select v.assay_code, v.version, v.measure, v.analyte, v.platform, v.lab, v.specimen_type, v.unit, v.volume_required_ml,
               v.max_age_h, v.lob, v.lod, v.loq, v.range_high, v.positivity_rule, v.source_document, v.loinc
             from jsonb_to_recordset($1) as r (line bigint, v jsonb)
             cross join lateral jsonb_populate_record(null::assay_version, r.v) v
             order by r.line",
            rows,
        ),
    };
    insert.execute(work.connection()).await?;
    Ok(())
}

/// An assay's version is never changed: results keep the version they were made with.
pub(super) async fn update(work: &mut Work, table: Table, rows: Value) -> Result<()> {
    let update = match table {
        Table::Site => sqlx::query!(
            "update site t
             set name = v.name, time_zone = v.time_zone, arrangement = v.arrangement
             from jsonb_to_recordset($1) as r (supersedes_id int, v jsonb)
             cross join lateral jsonb_populate_record(null::site, r.v) v
             where t.id = r.supersedes_id",
            rows,
        ),
        Table::Trial => sqlx::query!(
            "update trial t
             set title = v.title, blinded = v.blinded,
               blinded_at = case when t.blinded = v.blinded then t.blinded_at else clock_timestamp() end
             from jsonb_to_recordset($1) as r (supersedes_id int, v jsonb)
             cross join lateral jsonb_populate_record(null::trial, r.v) v
             where t.id = r.supersedes_id",
            rows,
        ),
        Table::Arm => sqlx::query!(
            "update arm t
             set title = v.title
             from jsonb_to_recordset($1) as r (supersedes_id int, v jsonb)
             cross join lateral jsonb_populate_record(null::arm, r.v) v
             where t.trial_id = r.supersedes_id
               and t.code = v.code",
            rows,
        ),
        _ => return Ok(()),
    };
    update.execute(work.connection()).await?;
    Ok(())
}
