//! The alert budget: each setting, and the one that counts in a night.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Result, Work};

/// One setting; it stands until the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub id: i32,
    /// Alerts per 100 patient-years, and what they were before.
    pub per_100_years: f64,
    pub was: f64,
    pub set_at: DateTime<Utc>,
    pub set_by: String,
}

/// All settings, the newest first; none where the usual one was never changed.
pub async fn settings(work: &mut Work) -> Result<Vec<Setting>> {
    let settings = sqlx::query_as!(
        Setting,
        "select b.id, b.per_100_years, b.was, b.set_at, u.name as set_by
         from alert_budget b
         join app_user u on u.id = b.set_by
         order by b.id desc",
    )
    .fetch_all(work.connection())
    .await?;
    Ok(settings)
}

/// The newest one that was set by that day and before that instant, for a night or a replay of it.
pub async fn known(work: &mut Work, by: NaiveDate, until: DateTime<Utc>) -> Result<Option<f64>> {
    let rate = sqlx::query_scalar!(
        "select per_100_years
         from alert_budget
         where set_at <= $2
           and (set_at at time zone 'UTC')::date <= $1
         order by id desc
         limit 1",
        by,
        until,
    )
    .fetch_optional(work.connection())
    .await?;
    Ok(rate)
}

/// Sets it in place of that setting (0: the usual). `Conflict("alert_budget_once")` where somebody did so before.
pub async fn set(work: &mut Work, in_place_of: i32, was: f64, per_100_years: f64) -> Result<()> {
    let user = work.actor().user.0;
    sqlx::query!(
        "insert into alert_budget (in_place_of, was, per_100_years, set_by)
         values ($1, $2, $3, $4)",
        in_place_of,
        was,
        per_100_years,
        user,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}
