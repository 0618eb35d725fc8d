//! Which facts are on file already, and how they differ.

use serde_json::Value;

use super::super::{Result, Work};
use super::OnFile;
use crate::domain::import::Table;

struct Found {
    line: i64,
    id: i64,
    other_patient: bool,
    differences: Option<Value>,
}

/// The current version of each fact with the identity of a row: the first version has it in a unique index, the last
/// one is superseded by none.
macro_rules! versions {
    ($work:expr, $rows:expr, $table:literal) => {
        sqlx::query_as!(
            Found,
            "select r.line as \"line!\", held.id as \"id!\", held.patient_id <> r.patient_id as \"other_patient!\",
               (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(held) -> n.key, n.value))
                from jsonb_each(r.v) n
                where to_jsonb(held) ? n.key
                  and to_jsonb(held) -> n.key is distinct from n.value) as differences
             from jsonb_to_recordset($1) as r (line bigint, site_id int, patient_id bigint, natural_key text, v jsonb)
             join "
                + $table
                + " f on f.site_id = r.site_id and f.natural_key = r.natural_key and f.supersedes_id is null
             join "
                + $table
                + " held on held.site_id = f.site_id and held.patient_id = f.patient_id and held.natural_key = f.natural_key
               and not exists (select from "
                + $table
                + " s where s.site_id = held.site_id and s.supersedes_id = held.id)",
            $rows,
        )
        .fetch_all($work.connection())
        .await?
    };
}

pub(super) async fn on_file(work: &mut Work, table: Table, rows: Value) -> Result<Vec<OnFile>> {
    let found = match table {
        Table::Site | Table::Trial | Table::Arm | Table::Assay => {
            return super::setup::on_file(work, table, rows).await;
        }
        Table::Patient => patients(work, rows).await?,
        Table::Enrolment => enrolments(work, rows).await?,
        Table::Visit => visits(work, rows).await?,
        Table::Tumour => versions!(work, rows, "tumour"),
        Table::Stage => versions!(work, rows, "stage"),
        Table::Treatment => versions!(work, rows, "treatment"),
        Table::Surgery => versions!(work, rows, "surgery"),
        Table::Observation => versions!(work, rows, "observation"),
        Table::Event => versions!(work, rows, "event"),
    };
    Ok(found
        .into_iter()
        .map(|found| OnFile {
            line: found.line.unsigned_abs(),
            id: found.id,
            other_patient: found.other_patient,
            differences: found.differences,
        })
        .collect())
}

async fn patients(work: &mut Work, rows: Value) -> Result<Vec<Found>> {
    let found = sqlx::query_as!(
        Found,
        "select r.line as \"line!\", t.id as \"id!\", false as \"other_patient!\",
           (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
            from jsonb_each(r.v) n
            where to_jsonb(t) -> n.key is distinct from n.value) as differences
         from jsonb_to_recordset($1) as r (line bigint, site_id int, natural_key text, v jsonb)
         join patient t on t.site_id = r.site_id and t.patient_key = r.natural_key",
        rows,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(found)
}

async fn enrolments(work: &mut Work, rows: Value) -> Result<Vec<Found>> {
    let found = sqlx::query_as!(
        Found,
        "select r.line as \"line!\", t.id as \"id!\", false as \"other_patient!\",
           (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
            from jsonb_each(r.v) n
            where to_jsonb(t) ? n.key
              and to_jsonb(t) -> n.key is distinct from n.value) as differences
         from jsonb_to_recordset($1) as r (line bigint, site_id int, v jsonb)
         join patient p on p.site_id = r.site_id and p.patient_key = r.v ->> 'patient_key'
         join enrolment t on t.site_id = p.site_id and t.patient_id = p.id and t.trial_id = (r.v ->> 'trial_id')::int",
        rows,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(found)
}

async fn visits(work: &mut Work, rows: Value) -> Result<Vec<Found>> {
    let found = sqlx::query_as!(
        Found,
        "select r.line as \"line!\", t.id as \"id!\", t.patient_id <> r.patient_id as \"other_patient!\",
           (select jsonb_object_agg(n.key, jsonb_build_array(to_jsonb(t) -> n.key, n.value))
            from jsonb_each(r.v) n
            where to_jsonb(t) -> n.key is distinct from n.value) as differences
         from jsonb_to_recordset($1) as r (line bigint, site_id int, patient_id bigint, natural_key text, v jsonb)
         join visit t on t.site_id = r.site_id and t.natural_key = r.natural_key",
        rows,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(found)
}
