//! What each night decided about its model.

use chrono::NaiveDate;

use super::{Run, hold};
use crate::domain::verdict::{Decided, Figures, Verdict};
use crate::store::{Error, Result, Work};

/// Keeps the verdict with the run; a run that is resumed before it had a model decides again.
pub async fn keep_verdict(work: &mut Work, run: &Run, verdict: &Verdict) -> Result<()> {
    hold(work, run).await?;
    let figures = verdict.figures;
    sqlx::query!(
        "insert into verdict (run_id, decision, reason, patients, budget, watched, horizon_days, auc, scaled_brier,
           observed_over_expected, slope)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         on conflict (run_id) do update set
           decision = excluded.decision, reason = excluded.reason, patients = excluded.patients, budget = excluded.budget,
           watched = excluded.watched, horizon_days = excluded.horizon_days, auc = excluded.auc, scaled_brier = excluded.scaled_brier,
           observed_over_expected = excluded.observed_over_expected, slope = excluded.slope, decided_at = excluded.decided_at",
        run.id.0,
        verdict.decided.code(),
        verdict.reason,
        i32::try_from(verdict.patients).unwrap_or(i32::MAX),
        verdict.budget,
        verdict.watched.map(|n| i64::try_from(n).unwrap_or(i64::MAX)),
        figures.map(|own| own.horizon_days),
        figures.map(|own| own.auc),
        figures.map(|own| own.scaled_brier),
        figures.map(|own| own.observed_over_expected),
        figures.and_then(|own| own.slope),
    )
    .execute(work.connection())
    .await?;
    Ok(())
}

/// A night with its verdict.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub as_of: NaiveDate,
    pub revision: i32,
    /// `running`, `published`, `failed`.
    pub state: String,
    pub on_show: bool,
    pub verdict: Verdict,
}

/// The last nights that decided something, newest first; replays of past days apart.
pub async fn verdicts(work: &mut Work, limit: i64) -> Result<Vec<Judged>> {
    let rows = sqlx::query!(
        "select r.as_of, r.revision, r.state, p.run_id is not null as \"on_show!\", v.run_id, v.decision, v.reason, v.patients, v.budget, v.watched,
           v.horizon_days, v.auc, v.scaled_brier, v.observed_over_expected, v.slope
         from verdict v
         join run r on r.id = v.run_id
         left join publication p on p.run_id = r.id
         where not r.replay
         order by r.id desc
         limit $1",
        limit,
    )
    .fetch_all(work.connection())
    .await?;
    rows.into_iter()
        .map(|row| {
            let decided = Decided::from_code(&row.decision).ok_or(Error::Inconsistent {
                table: "verdict",
                column: "decision",
                id: row.run_id,
            })?;
            let measured = row
                .horizon_days
                .zip(row.auc)
                .zip(row.scaled_brier)
                .zip(row.observed_over_expected);
            Ok(Judged {
                as_of: row.as_of,
                revision: row.revision,
                state: row.state,
                on_show: row.on_show,
                verdict: Verdict {
                    decided,
                    reason: row.reason,
                    patients: usize::try_from(row.patients).unwrap_or(0),
                    budget: row.budget,
                    watched: row.watched.map(i64::unsigned_abs),
                    figures: measured.map(
                        |(((horizon_days, auc), scaled_brier), observed_over_expected)| Figures {
                            horizon_days,
                            auc,
                            scaled_brier,
                            observed_over_expected,
                            slope: row.slope,
                        },
                    ),
                },
            })
        })
        .collect()
}

/// What a night reckoned its thresholds with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reckoned {
    pub as_of: NaiveDate,
    /// Alerts per 100 patient-years.
    pub rate: f64,
    pub watched: Option<u64>,
}

/// Of all nights that were published, in the order of their days; replays of past days apart.
pub async fn reckoned(work: &mut Work) -> Result<Vec<Reckoned>> {
    let rows = sqlx::query!(
        "select r.as_of, v.budget, v.watched
         from verdict v
         join run r on r.id = v.run_id
         where not r.replay
           and r.state = 'published'
         order by r.as_of, r.revision",
    )
    .fetch_all(work.connection())
    .await?;
    let reckoned = rows.into_iter().map(|row| Reckoned {
        as_of: row.as_of,
        rate: row.budget,
        watched: row.watched.map(i64::unsigned_abs),
    });
    Ok(reckoned.collect())
}
