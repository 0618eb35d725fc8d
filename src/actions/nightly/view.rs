//! Nights for whoever looks after the registry: the one under way, and the last ones.

use chrono::{DateTime, Utc};

use crate::actions::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::id::RunId;
pub use crate::store::runs::{AtWork, Night, Tally};
use crate::store::{self, runs};

/// How many nights the page lists.
const LISTED: i64 = 14;

pub struct Nights {
    pub now: DateTime<Utc>,
    pub under_way: Option<UnderWay>,
    /// Newest first; the one under way is not among them.
    pub last: Vec<Night>,
}

pub struct UnderWay {
    pub night: Night,
    pub tally: Tally,
    pub workers: Vec<AtWork>,
}

impl UnderWay {
    /// Patients a second since the scoring began; none before the first batch.
    pub fn rate(&self, now: DateTime<Utc>) -> Option<f64> {
        let since = self.night.step_at.filter(|_| self.night.step == "scoring")?;
        let seconds = (now - since).as_seconds_f64();
        (self.tally.counts.patients > 0 && seconds > 0.0).then(|| f64::from(self.tally.counts.patients) / seconds)
    }

    /// Seconds until the last patient is scored, if it goes on like this.
    pub fn left(&self, now: DateTime<Utc>) -> Option<f64> {
        let rest = self.tally.of_patients - i64::from(self.tally.counts.patients);
        Some(rest as f64 / self.rate(now)?)
    }
}

pub async fn nights(app: &App, actor: &Actor) -> Result<Nights> {
    actor.may(Permission::Administer)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let mut last = runs::nights(&mut work, LISTED).await?;
    let running = last.iter().position(|night| night.state == "running");
    let under_way = match running {
        Some(i) => Some(under_way(&mut work, last.remove(i)).await?),
        None => None,
    };
    work.finish(Entry::viewed("night")).await?;
    Ok(Nights {
        now: app.clock.now(),
        under_way,
        last,
    })
}

async fn under_way(work: &mut store::Work, night: Night) -> store::Result<UnderWay> {
    let run = RunId(night.id);
    Ok(UnderWay {
        tally: runs::tally(work, run).await?,
        workers: runs::at_work(work, run).await?,
        night,
    })
}
