//! Centres.

use super::{Db, Result, Work};
use crate::domain::id::SiteId;

#[derive(Clone, Debug)]
pub struct Site {
    pub id: SiteId,
    pub code: String,
    pub name: String,
    pub time_zone: String,
    /// What is an arrangement for demonstration, in words for the page.
    pub arrangement: Option<String>,
}

/// All centres; they are no patient data.
pub async fn all(db: &Db) -> Result<Vec<Site>> {
    let sites = sqlx::query_as!(
        Site,
        "select id, code, name, time_zone, arrangement
         from site
         order by code",
    )
    .fetch_all(db.pool())
    .await?;
    Ok(sites)
}

/// A centre that the actor holds; another one is not found.
pub async fn by_code(work: &mut Work, code: &str) -> Result<Site> {
    let held: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let site = sqlx::query_as!(
        Site,
        "select id, code, name, time_zone, arrangement
         from site
         where code = $1
           and id = any ($2)",
        code,
        &held,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(site)
}

/// The zone of a centre that is there.
pub async fn time_zone(work: &mut Work, site: SiteId) -> Result<String> {
    let zone = sqlx::query_scalar!(
        "select time_zone
         from site
         where id = $1",
        site.0,
    )
    .fetch_one(work.connection())
    .await?;
    Ok(zone)
}

/// The actor's own centres.
pub async fn held(work: &mut Work) -> Result<Vec<Site>> {
    let held: Vec<i32> = work.actor().sites.iter().map(|site| site.0).collect();
    let sites = sqlx::query_as!(
        Site,
        "select id, code, name, time_zone, arrangement
         from site
         where id = any ($1)
         order by code",
        &held,
    )
    .fetch_all(work.connection())
    .await?;
    Ok(sites)
}
