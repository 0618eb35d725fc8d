//! Who needs me today.

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::store::sites::Site;
pub use crate::store::triage::{Filter, Night, Row, Totals, TrialChoice};
use crate::store::{self};

pub const PAGE: i64 = 50;

pub struct List {
    pub rows: Vec<Row>,
    pub totals: Totals,
    pub night: Option<Night>,
    pub sites: Vec<Site>,
    pub trials: Vec<TrialChoice>,
    /// Whether a further page has rows.
    pub more: bool,
}

/// One page of the triage list, `page` from 0.
pub async fn load(app: &App, actor: &Actor, filter: &Filter, page: i64) -> Result<List> {
    actor.may(Permission::ReadTriage)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let sites = store::sites::held(&mut work).await?;
    let ids: Vec<_> = sites.iter().map(|site| site.id).collect();
    let mut rows = store::triage::page(&mut work, filter, page.clamp(0, 10_000) * PAGE, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let list = List {
        rows,
        more,
        totals: store::triage::totals(&mut work, &ids).await?,
        night: store::triage::night(&mut work).await?,
        trials: store::triage::trials(&mut work).await?,
        sites,
    };
    work.finish(Entry::viewed("triage")).await?;
    Ok(list)
}
