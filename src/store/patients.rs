//! Patients: found by key, listed for a search.

use chrono::NaiveDate;

use super::{Result, Work};
use crate::domain::id::{PatientId, PatientRef, SiteId};

/// A patient as a list shows it.
#[derive(Clone, Debug)]
pub struct Found {
    pub patient: PatientRef,
    pub site_code: String,
    pub key: String,
    pub sex: String,
    pub birth_year: i32,
    pub cancer: Option<String>,
    pub last_contact_on: Option<NaiveDate>,
    pub flags: i32,
}

/// The patient with this key at a centre of the actor's; others are not found, whether they exist or not (S-032).
pub async fn by_key(work: &mut Work, site: SiteId, key: &str) -> Result<PatientRef> {
    let id = sqlx::query_scalar!(
        "select id
         from patient
         where site_id = $1
           and patient_key = $2",
        site.0,
        key,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(PatientRef {
        site,
        patient: PatientId(id),
    })
}

/// Patients whose key begins with `term`, or whose number is `term`; ranges and equality only, so that the indexes serve
/// under row security (S-045).
pub async fn search(work: &mut Work, term: &str, limit: i64) -> Result<Vec<Found>> {
    let sites: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let from = term.to_uppercase();
    // keys are ASCII in the "C" collation: everything that begins with `from` lies below `from` + DEL
    let to = format!("{from}\u{7f}");
    let number = term.trim_start_matches('0').to_owned();
    let rows = sqlx::query!(
        "select p.site_id, p.id, s.code as site_code, p.patient_key, p.sex, p.birth_year,
           t.cancer as \"cancer?\", t.last_contact_on as \"last_contact_on?\", t.flag_count as \"flag_count?\"
         from patient p
         join site s on s.id = p.site_id
         left join triage t on t.site_id = p.site_id and t.patient_id = p.id
         where p.site_id = any ($1)
           and ((p.patient_key >= $2 and p.patient_key < $3) or p.key_number = $4)
         order by p.patient_key, p.site_id
         limit $5",
        &sites,
        from,
        to,
        number,
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Found {
            patient: PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.id),
            },
            site_code: row.site_code,
            key: row.patient_key,
            sex: row.sex,
            birth_year: row.birth_year,
            cancer: row.cancer,
            last_contact_on: row.last_contact_on,
            flags: row.flag_count.unwrap_or(0),
        })
        .collect())
}

/// How many patients the actor can see, centre by centre.
pub async fn count(work: &mut Work) -> Result<i64> {
    let sites: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let count = sqlx::query_scalar!(
        "select count(*) as \"count!\"
         from patient
         where site_id = any ($1)",
        &sites,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(count)
}

/// The stage of the first tumour in one line, as it was last put on file: `pT2 N1 M0, stage IIB`.
pub async fn stage_of(work: &mut Work, patient: PatientRef) -> Result<Option<String>> {
    let stage = sqlx::query_scalar!(
        "select concat_ws(', ',
             nullif(concat_ws(' ', s.prefix || coalesce(s.t, ''), s.n || coalesce(s.n_suffix, ''), s.m), s.prefix),
             'stage ' || s.stage_group) as \"stage!\"
         from stage s
         where s.site_id = $1
           and s.patient_id = $2
           and not exists (
             select from stage later
             where later.site_id = $1
               and later.supersedes_id = s.id
           )
         order by s.tumour_id, s.staged_on desc, s.id desc
         limit 1",
        patient.site.0,
        patient.patient.0,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(stage.filter(|stage| !stage.is_empty()))
}
