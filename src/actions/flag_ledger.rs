//! Whether flags have kept their word: those that were raised at the reader's centres against what then happened, beside what the
//! thresholds did on past days.

use chrono::NaiveDate;
use serde::Deserialize;

use super::Result;
use super::budget::{self, AlertBudget};
use crate::app::App;
use crate::burden::STILL_WATCHED_DAYS;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::risk::card::Flags;
pub use crate::risk::flags::{Announced, Herald, LeadLedger, Past, Period, RunningLedger, Share, Standing};
use crate::store;
pub use crate::store::sites::Site;

pub struct Kept {
    pub as_of: NaiveDate,
    /// The reader's.
    pub sites: Vec<Site>,
    /// All centres, on whose past days the thresholds rest.
    pub registry: Vec<Site>,
    /// All of the reader's centres together; `None` where nobody has been under watch since the first night on show.
    pub all: Option<RunningLedger>,
    /// One a centre, where there are several.
    pub centres: Vec<(Site, RunningLedger)>,
    pub budget: AlertBudget,
    /// The flags of the model on show, from its card.
    pub rule: Rule,
}

/// What is known of the thresholds.
pub enum Rule {
    /// Only the rule on ctDNA raises flags.
    NoModel,
    /// A card of an earlier program.
    Untold,
    Told(Box<Flags>),
}

pub async fn show(app: &App, actor: &Actor) -> Result<Kept> {
    actor.may(Permission::ReadModel)?;
    let registry = store::sites::all(&app.db).await?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let as_of = work.today();
    let sites = store::sites::held(&mut work).await?;
    let raised = store::flag_ledger::raised(&mut work, as_of, STILL_WATCHED_DAYS).await?;
    let budget = budget::read(&mut work).await?;
    let model = store::models::published(&mut work).await?;
    work.finish(Entry::viewed("flags")).await?;
    let one = |site: &Site| {
        let own = raised.iter().find(|own| own.site == site.id)?;
        Some((site.clone(), RunningLedger::of([own], as_of)?))
    };
    let centres: Vec<(Site, RunningLedger)> = match sites.as_slice() {
        [_, _, ..] => sites.iter().filter_map(one).collect(),
        _ => vec![],
    };
    let told = model.map(|model| Flags::deserialize(&model.card["flags"]));
    Ok(Kept {
        as_of,
        all: RunningLedger::of(&raised, as_of),
        centres,
        sites,
        registry,
        budget,
        rule: match told {
            None => Rule::NoModel,
            Some(Err(_)) => Rule::Untold,
            Some(Ok(flags)) => Rule::Told(Box::new(flags)),
        },
    })
}
