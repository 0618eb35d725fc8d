//! What an import asks and writes: thousands of rows in one statement, each row with its identity.
//! Rows travel as one JSON array; `jsonb_populate_record` gives its values the columns' own types.

mod compare;
mod insert;
mod known;
mod setup;
mod update;

pub use known::{persons, trials, visits};

use serde::Serialize;
use serde_json::Value;

use super::{Result, Work};
use crate::domain::id::{PatientRef, SiteId};
use crate::domain::import::{Fact, Table};

/// A row on its way in. `supersedes` names the row that it amends.
#[derive(Clone, Debug, Serialize)]
pub struct Row<'a> {
    pub line: u64,
    pub site_id: Option<i32>,
    pub patient_id: Option<i64>,
    pub natural_key: &'a str,
    pub v: &'a Value,
    pub supersedes_id: Option<i64>,
    pub source_row: String,
}

impl<'a> Row<'a> {
    /// A fact, with where it came from (the file's hash and line).
    pub fn of(fact: &'a Fact, file: &str, supersedes_id: Option<i64>) -> Row<'a> {
        Row {
            line: fact.line,
            site_id: fact.site.map(|site| site.0),
            patient_id: fact.patient.map(|patient| patient.0),
            natural_key: &fact.natural_key,
            v: &fact.values,
            supersedes_id,
            source_row: format!("{file}:{}", fact.line),
        }
    }
}

/// A fact that is on file: its current row, and what differs, column by column `[on file, here]`.
#[derive(Clone, Debug)]
pub struct OnFile {
    pub line: u64,
    pub id: i64,
    /// The identity is taken by another patient.
    pub other_patient: bool,
    pub differences: Option<Value>,
}

/// How a fact of this table is amended.
fn is_superseded(table: Table) -> bool {
    matches!(
        table,
        Table::Tumour | Table::Stage | Table::Treatment | Table::Surgery | Table::Observation | Table::Event
    )
}

fn json(rows: &[Row]) -> Value {
    serde_json::to_value(rows).expect("rows are plain JSON")
}

/// Which of these facts are on file, and how they differ.
pub async fn on_file(work: &mut Work, table: Table, rows: &[Row<'_>]) -> Result<Vec<OnFile>> {
    compare::on_file(work, table, json(rows)).await
}

/// Writes new facts and amendments; `reason` stands beside each amendment, in the row and in the audit trail.
pub async fn write(work: &mut Work, table: Table, rows: &[Row<'_>], reason: Option<&str>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let (amended, new): (Vec<Row>, Vec<Row>) = rows.iter().cloned().partition(|row| row.supersedes_id.is_some());
    insert::insert(work, table, json(&new), None).await?;
    if amended.is_empty() {
        return Ok(());
    }
    if let Some(reason) = reason {
        work.because(reason).await?;
    }
    if is_superseded(table) {
        insert::insert(work, table, json(&amended), reason).await?;
    } else {
        update::update(work, table, json(&amended)).await?;
    }
    work.because("").await
}

/// When a file of these very bytes was imported, if it was.
pub async fn seen(work: &mut Work, kind: &str, sha256: &[u8]) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
    let sites: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let at = sqlx::query_scalar!(
        "select min(recorded_at) as at
         from import_file
         where site_id = any ($1)
           and kind = $2
           and sha256 = $3",
        &sites,
        kind,
        sha256,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(at)
}

/// Notes that a file was imported, once for each centre that it has rows of.
pub async fn note_file(work: &mut Work, kind: &str, sha256: &[u8], rows: &[(SiteId, i32)]) -> Result<()> {
    let sites: Vec<i32> = rows.iter().map(|(site, _)| site.0).collect();
    let counts: Vec<i32> = rows.iter().map(|(_, count)| *count).collect();
    sqlx::query!(
        "insert into import_file (site_id, kind, sha256, rows, recorded_by)
         select r.site_id, $1, $2, r.rows, app.current_actor()
         from unnest($3::int[], $4::int[]) as r (site_id, rows)
         on conflict (site_id, kind, sha256) do nothing",
        kind,
        sha256,
        &sites,
        &counts,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// Lets the planner see what was just written: the next file looks up thousands of these rows.
pub async fn take_stock(work: &mut Work, table: Table) -> Result<()> {
    sqlx::query!("select app.take_stock($1::text::regclass)", table.name())
        .execute(work.connection())
        .await?;
    Ok(())
}

/// The ids of patients by their keys, for those that were new a moment ago.
pub async fn refs(work: &mut Work, keys: &[(SiteId, &str)]) -> Result<Vec<PatientRef>> {
    let sites: Vec<i32> = keys.iter().map(|(site, _)| site.0).collect();
    let names: Vec<String> = keys.iter().map(|(_, key)| (*key).to_owned()).collect();
    let rows = sqlx::query!(
        "select p.site_id, p.id
         from unnest($1::int[], $2::text[]) as k (site_id, patient_key)
         join patient p on p.site_id = k.site_id and p.patient_key = k.patient_key",
        &sites,
        &names,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| PatientRef {
            site: SiteId(row.site_id),
            patient: crate::domain::id::PatientId(row.id),
        })
        .collect())
}
