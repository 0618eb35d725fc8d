//! Whom a run is about.

use chrono::{DateTime, NaiveDate, Utc};

use super::Run;
use crate::domain::id::{PatientId, SiteId};
use crate::store::{Result, Work};

/// What counts in a run: facts known by its day, of those recorded before it began.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub by: NaiveDate,
    pub until: DateTime<Utc>,
}

/// Those patients whose `app.spread` is below a bound: the same ones in every night.
#[derive(Clone, Copy, Debug)]
pub struct Sample(pub i64);

impl Sample {
    /// About `wanted` of `patients`; all of them where there are no more.
    pub fn of(patients: i64, wanted: i64) -> Sample {
        const ALL: i64 = 1 << 31;
        Sample(if patients <= wanted {
            ALL
        } else {
            ALL / patients * wanted
        })
    }
}

/// Centres and how many patients each had by then (or has now), in the order in which a night goes through them.
pub async fn cohort(work: &mut Work, known: Option<Known>) -> Result<Vec<(SiteId, i64)>> {
    let rows = sqlx::query!(
        "select s.id, c.patients as \"patients!\"
         from site s
         cross join lateral (
           select count(*) as patients
           from patient p
           where p.site_id = s.id
             and ($1::timestamptz is null or p.recorded_at <= $1)
             and ($2::date is null or coalesce(p.reported_on, (p.recorded_at at time zone 'UTC')::date) <= $2)
         ) c
         where c.patients > 0
         order by s.id",
        known.map(|known| known.until),
        known.map(|known| known.by),
    )
    .fetch_all(work.connection())
    .await?;
    Ok(rows.into_iter().map(|row| (SiteId(row.id), row.patients)).collect())
}

/// The next patients of a centre after this one, of those in the sample.
pub async fn page(
    work: &mut Work,
    site: SiteId,
    after: PatientId,
    known: Known,
    sample: Sample,
    limit: i64,
) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        "select id
         from patient
         where site_id = $1
           and id > $2
           and recorded_at <= $3
           and coalesce(reported_on, (recorded_at at time zone 'UTC')::date) <= $4
           and app.spread(site_id, id) < $5
         order by id
         limit $6",
        site.0,
        after.0,
        known.until,
        known.by,
        sample.0,
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(ids.into_iter().map(PatientId).collect())
}

/// The patients of a centre whose rows in the list are worked out anew: all, or where the run builds on another those it looks at itself.
pub async fn to_list(work: &mut Work, site: SiteId, run: &Run) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        "select p.id
         from patient p
         where p.site_id = $1
           and ($3::bigint is null
             or exists (
               select from run_due d
               where d.site_id = p.site_id
                 and d.run_id = $2
                 and d.patient_id = p.id
             ))
         order by p.id",
        site.0,
        run.id.0,
        run.base.map(|base| base.0),
    )
    .fetch_all(work.connection())
    .await?;
    Ok(ids.into_iter().map(PatientId).collect())
}
