//! The model card, and what the last nights decided about their models.

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::domain::verdict::{Decided, Figures, Verdict};
pub use crate::risk::gate::{Decision, Drift, Measures, Report, Subgroup};
pub use crate::risk::landmark::{FittedOn, Judged};
pub use crate::store::models::Model;
pub use crate::store::runs::Judged as JudgedNight;
pub use crate::store::sites::Site;
use crate::store::{self};

/// How many nights the history lists.
const LISTED: i64 = 30;

pub struct Shown {
    /// The model behind the published scores.
    pub model: Option<Model>,
    /// Newest first.
    pub nights: Vec<JudgedNight>,
    /// All centres: the card has them by their numbers.
    pub sites: Vec<Site>,
}

pub async fn published(app: &App, actor: &Actor) -> Result<Shown> {
    actor.may(Permission::ReadModel)?;
    // before the work: it holds a connection, and the pool may have no other
    let sites = store::sites::all(&app.db).await?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let shown = Shown {
        model: store::models::published(&mut work).await?,
        nights: store::runs::verdicts(&mut work, LISTED).await?,
        sites,
    };
    work.finish(Entry::viewed("model")).await?;
    Ok(shown)
}
