//! Whom a run is about.

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::id::{PatientId, SiteId};
use crate::store::{Result, Work};

/// What counts in a run: facts known by its day, of those recorded before it began.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub by: NaiveDate,
    pub until: DateTime<Utc>,
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

/// The next patients of a centre after this one.
pub async fn page(
    work: &mut Work,
    site: SiteId,
    after: PatientId,
    known: Option<Known>,
    limit: i64,
) -> Result<Vec<PatientId>> {
    let ids = sqlx::query_scalar!(
        "select id
         from patient
         where site_id = $1
           and id > $2
           and ($3::timestamptz is null or recorded_at <= $3)
           and ($4::date is null or coalesce(reported_on, (recorded_at at time zone 'UTC')::date) <= $4)
         order by id
         limit $5",
        site.0,
        after.0,
        known.map(|known| known.until),
        known.map(|known| known.by),
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(ids.into_iter().map(PatientId).collect())
}
