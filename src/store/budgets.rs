//! The alert budget: each setting, and the one that counts in a night.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Error, Result, Work};
use crate::domain::budget::Budget;

/// One setting; it stands until the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub id: i32,
    pub budget: Budget,
    pub set_at: DateTime<Utc>,
    pub set_by: String,
}

fn budget(id: i32, per_100_years: Option<f64>, per_day: Option<f64>, clinicians: Option<i32>) -> Result<Budget> {
    let clinicians = clinicians.and_then(|n| u32::try_from(n).ok());
    match (per_100_years, per_day, clinicians) {
        (Some(rate), None, None) => Ok(Budget::Per100Years(rate)),
        (None, Some(alerts), Some(clinicians)) => Ok(Budget::PerClinicianDay { alerts, clinicians }),
        _ => Err(Error::Inconsistent {
            table: "alert_budget",
            column: "per_100_years",
            id: id.into(),
        }),
    }
}

/// All settings, the newest first; none where the usual one was never changed.
pub async fn settings(work: &mut Work) -> Result<Vec<Setting>> {
    let rows = sqlx::query!(
        "select b.id, b.per_100_years, b.per_clinician_day, b.clinicians, b.set_at, u.name as set_by
         from alert_budget b
         join app_user u on u.id = b.set_by
         order by b.id desc",
    )
    .fetch_all(work.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Setting {
                id: row.id,
                budget: budget(row.id, row.per_100_years, row.per_clinician_day, row.clinicians)?,
                set_at: row.set_at,
                set_by: row.set_by,
            })
        })
        .collect()
}

/// The newest one that was set by that day and before that instant, for a night or a replay of it.
pub async fn known(work: &mut Work, by: NaiveDate, until: DateTime<Utc>) -> Result<Option<Budget>> {
    let row = sqlx::query!(
        "select id, per_100_years, per_clinician_day, clinicians
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
    row.map(|row| budget(row.id, row.per_100_years, row.per_clinician_day, row.clinicians))
        .transpose()
}

/// Sets it in place of that setting (0: the usual). `Conflict("alert_budget_once")` where somebody did so before.
pub async fn set(work: &mut Work, in_place_of: i32, new: Budget) -> Result<()> {
    let user = work.actor().user.0;
    let (per_100_years, per_day, clinicians) = match new {
        Budget::Per100Years(rate) => (Some(rate), None, None),
        Budget::PerClinicianDay { alerts, clinicians } => (None, Some(alerts), Some(clinicians.cast_signed())),
    };
    sqlx::query!(
        "insert into alert_budget (in_place_of, per_100_years, per_clinician_day, clinicians, set_by)
         values ($1, $2, $3, $4, $5)",
        in_place_of,
        per_100_years,
        per_day,
        clinicians,
        user,
    )
    .execute(work.connection())
    .await?;
    Ok(())
}
