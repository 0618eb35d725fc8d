//! Who needs me today.

use super::Result;
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
pub use crate::store::sites::Site;
use crate::store::triage::Filter;
pub use crate::store::triage::{Night, Row, Totals, TrialChoice};
use crate::store::{self};

pub const PAGE: i64 = 50;

/// What the reader asks for, in the words of the address: codes of centre, trial and arm. A centre may be asked for by its number too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub site: String,
    pub trial: String,
    pub arm: String,
    pub flagged_only: bool,
}

pub struct List {
    /// What was asked for and is there: a code that the reader can't see is left out.
    pub asked: Asked,
    pub rows: Vec<Row>,
    pub totals: Totals,
    pub night: Option<Night>,
    pub sites: Vec<Site>,
    pub trials: Vec<TrialChoice>,
    /// Whether a further page has rows.
    pub more: bool,
}

impl Asked {
    /// The filter, and what of it could be understood.
    fn settle(&self, sites: &[Site], trials: &[TrialChoice]) -> (Filter, Asked) {
        let site = sites
            .iter()
            .find(|site| site.code == self.site || site.id.to_string() == self.site);
        let trial = trials.iter().find(|trial| trial.code == self.trial);
        let arm = trial.and_then(|trial| trial.arms.iter().find(|arm| **arm == self.arm));
        let filter = Filter {
            site: site.map(|site| site.id.0),
            trial: trial.map(|trial| trial.trial),
            arm: arm.cloned(),
            flagged_only: self.flagged_only,
        };
        let asked = Asked {
            site: site.map(|site| site.code.clone()).unwrap_or_default(),
            trial: trial.map(|trial| trial.code.clone()).unwrap_or_default(),
            arm: arm.cloned().unwrap_or_default(),
            flagged_only: self.flagged_only,
        };
        (filter, asked)
    }
}

/// One page of the triage list, `page` from 0.
pub async fn load(app: &App, actor: &Actor, asked: &Asked, page: i64) -> Result<List> {
    actor.may(Permission::ReadTriage)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    let sites = store::sites::held(&mut work).await?;
    let trials = store::triage::trials(&mut work).await?;
    let (filter, asked) = asked.settle(&sites, &trials);
    let ids: Vec<_> = sites.iter().map(|site| site.id).collect();
    let mut rows = store::triage::page(&mut work, &filter, page.clamp(0, 10_000) * PAGE, PAGE + 1).await?;
    let more = rows.len() as i64 > PAGE;
    rows.truncate(PAGE as usize);
    let list = List {
        asked,
        rows,
        more,
        totals: store::triage::totals(&mut work, &ids).await?,
        night: store::triage::night(&mut work).await?,
        trials,
        sites,
    };
    work.finish(Entry::viewed("triage")).await?;
    Ok(list)
}
