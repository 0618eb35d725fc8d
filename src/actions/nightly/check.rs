//! Whether a stored night, worked out again, gives its stored scores to the last bit.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;

use super::walk::{Batch, Walk};
use super::{Progress, Step, Watch, fit, judge};
use crate::actions::{Error, Result};
use crate::app::App;
use crate::domain::audit::Entry;
use crate::domain::id::PatientId;
use crate::risk::NightModel;
use crate::store::runs::{self, Line, Run, Stored};

/// What came of the check of one night. Scores that were carried over are those of the night they come from, and checked with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub equal: u64,
    pub different: u64,
    pub carried: u64,
    /// Patients with another score, the first few, by centre and number.
    pub examples: Vec<(i32, i64)>,
}

impl Verdict {
    pub fn is_equal(&self) -> bool {
        self.different == 0
    }
}

/// How many patients are named.
const EXAMPLES: usize = 5;

/// The published nights of these days.
pub async fn stored_nights(app: &App, from: NaiveDate, to: NaiveDate) -> Result<Vec<Run>> {
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let runs = runs::stored_runs(&mut work, from, to).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(runs)
}

/// Scores everybody of the run again, with its model, its day and its cut-off, and writes nothing. `None` where the watcher said stop.
pub async fn check(app: &App, run: &Run, watch: Watch<'_>) -> Result<Option<Verdict>> {
    let model = fit::load(app, run.model).await?;
    let mut walk = Walk::new(app, run.known(), i64::MAX).await?;
    let (of, mut done, mut verdict) = (walk.patients, 0, Verdict::default());
    let mut next = walk.next(app).await?;
    while let Some(batch) = next {
        done += (batch.records.len() + batch.unreadable.len()) as u64;
        let (compared, following) = tokio::join!(compare(app, run, batch, model.clone()), walk.next(app));
        verdict.add(compared?);
        next = following?;
        let progress = Progress {
            done,
            of,
            ..Progress::of(Step::Scoring)
        };
        if watch(progress).is_break() {
            return Ok(None);
        }
    }
    let mut work = app.db.begin_night(app.clock.now()).await?;
    verdict.carried = runs::carried_over(&mut work, run).await?.unsigned_abs();
    work.finish(Entry::by_trigger()).await?;
    // a score that is no longer there is no equal one
    let there = verdict.equal + verdict.different + verdict.carried;
    verdict.different += u64::try_from(run.counts.patients).unwrap_or(0).saturating_sub(there);
    Ok(Some(verdict))
}

impl Verdict {
    fn add(&mut self, other: Verdict) {
        self.equal += other.equal;
        self.different += other.different;
        self.examples.extend(other.examples);
        self.examples.truncate(EXAMPLES);
    }
}

async fn compare(app: &App, run: &Run, batch: Batch, model: Option<Arc<NightModel>>) -> Result<Verdict> {
    let (site, as_of) = (batch.site, run.as_of);
    let judged = tokio::task::spawn_blocking(move || judge::lines(&batch, as_of, model.as_deref()));
    let lines = judged.await.map_err(Error::internal)?;
    let ids: Vec<PatientId> = lines.iter().map(|line| line.patient).collect();
    let mut work = app.db.begin_night(app.clock.now()).await?;
    let stored = runs::stored(&mut work, run, site, &ids).await?;
    work.finish(Entry::by_trigger()).await?;
    let lines: HashMap<PatientId, Line> = lines.into_iter().map(|line| (line.patient, line)).collect();
    let mut verdict = Verdict::default();
    for stored in stored {
        if lines.get(&stored.patient).is_some_and(|line| bits(line) == stored) {
            verdict.equal += 1;
        } else {
            verdict.different += 1;
            verdict.examples.push((site.0, stored.patient.0));
        }
    }
    Ok(verdict)
}

fn bits(line: &Line) -> Stored {
    Stored {
        patient: line.patient,
        risk: line.risk.map(f64::to_bits),
        risk_lo: line.risk_lo.map(f64::to_bits),
        risk_hi: line.risk_hi.map(f64::to_bits),
        contributions: line.contributions.clone(),
        detail: line.detail.clone(),
        missing: line.missing.clone(),
        stale: line.stale.clone(),
        outside: line.outside.clone(),
        not_scored: line.not_scored.clone(),
        failed: line.failed,
        fingerprint: line.fingerprint.clone(),
    }
}
