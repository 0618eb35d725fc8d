//! What the rows of a file refer to: patients with the bounds of their lives, trials, visits.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::super::{Result, Work};
use crate::domain::date::Life;
use crate::domain::id::{PatientId, PatientRef, SiteId, TrialId, VisitId};
use crate::domain::import::{Arm, Person};

/// The patients with these keys. A diagnosis of which only the month or year is known counts from its first day. The last day on which
/// they were seen is looked up where it is asked for.
pub async fn persons(work: &mut Work, keys: &[(SiteId, String)], today: NaiveDate, seen: bool) -> Result<Vec<Person>> {
    let sites: Vec<i32> = keys.iter().map(|(site, _)| site.0).collect();
    let names: Vec<String> = keys.iter().map(|(_, key)| key.clone()).collect();
    let rows = sqlx::query!(
        "select p.site_id, p.id, p.patient_key, p.birth_year, t.diagnosed_on as \"diagnosed_on?\", e.died_on as \"died_on?\",
           case when $3 then greatest(
             (select max(v.occurred_on) from visit v where v.site_id = p.site_id and v.patient_id = p.id),
             (select max(o.collected_on)
              from observation o
              where o.site_id = p.site_id
                and o.patient_id = p.id
                and o.status <> 'entered_in_error'
                and not exists (select from observation s where s.site_id = o.site_id and s.supersedes_id = o.id)),
             (select max(l.occurred_on)
              from event l
              where l.site_id = p.site_id
                and l.patient_id = p.id
                and l.kind <> 'death'
                and not exists (select from event s where s.site_id = l.site_id and s.supersedes_id = l.id))
           ) end as seen_on
         from unnest($1::int[], $2::text[]) as k (site_id, patient_key)
         join patient p on p.site_id = k.site_id and p.patient_key = k.patient_key
         left join lateral (
           select date_trunc(t.date_precision, t.diagnosed_on::timestamp)::date as diagnosed_on
           from tumour t
           where t.site_id = p.site_id
             and t.patient_id = p.id
             and not exists (select from tumour s where s.site_id = t.site_id and s.supersedes_id = t.id)
           order by t.diagnosed_on
           limit 1
         ) t on true
         left join lateral (
           select e.occurred_on as died_on
           from event e
           where e.site_id = p.site_id
             and e.patient_id = p.id
             and e.kind = 'death'
             and not exists (select from event s where s.site_id = e.site_id and s.supersedes_id = e.id)
           limit 1
         ) e on true",
        &sites,
        &names,
        seen,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Person {
            at: PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.id),
            },
            life: Life {
                patient_key: row.patient_key,
                today,
                birth_year: row.birth_year,
                diagnosed_on: row.diagnosed_on,
                died_on: row.died_on,
            },
            seen_on: row.seen_on,
        })
        .collect())
}

pub async fn trials(work: &mut Work) -> Result<HashMap<String, Arm>> {
    let rows = sqlx::query!(
        "select t.id, t.code, array(select a.code from arm a where a.trial_id = t.id) as \"arms!\"
         from trial t",
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let arms = row.arms.into_iter().collect();
            (
                row.code,
                Arm {
                    trial: TrialId(row.id),
                    arms,
                },
            )
        })
        .collect())
}

/// The visits of these patients.
pub async fn visits(
    work: &mut Work,
    patients: &[PatientRef],
) -> Result<HashMap<(PatientRef, String, NaiveDate), VisitId>> {
    let sites: Vec<i32> = patients.iter().map(|p| p.site.0).collect();
    let ids: Vec<i64> = patients.iter().map(|p| p.patient.0).collect();
    let rows = sqlx::query!(
        "select v.site_id, v.patient_id, v.id, v.visit_code, v.occurred_on
         from unnest($1::int[], $2::bigint[]) as p (site_id, id)
         join visit v on v.site_id = p.site_id and v.patient_id = p.id",
        &sites,
        &ids,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let at = PatientRef {
                site: SiteId(row.site_id),
                patient: PatientId(row.patient_id),
            };
            ((at, row.visit_code, row.occurred_on), VisitId(row.id))
        })
        .collect())
}
