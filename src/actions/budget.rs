//! The alert budget: one for the registry, as the thresholds come from one model of all centres. It counts from the next night on.

use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::budget;
pub use crate::store::budgets::Setting;
use crate::store::{self, Work, budgets};

/// The budget that stands, and how it came to that.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Alerts per 100 patient-years.
    pub now: f64,
    /// Newest first.
    pub settings: Vec<Setting>,
}

impl Budget {
    /// The id of the setting that stands; 0 for the usual.
    pub fn id(&self) -> i32 {
        self.settings.first().map_or(0, |setting| setting.id)
    }
}

pub(super) async fn read(work: &mut Work) -> Result<Budget> {
    let settings = budgets::settings(work).await?;
    Ok(Budget {
        now: settings.first().map_or(budget::USUAL, |setting| setting.per_100_years),
        settings,
    })
}

/// Sets the budget to what was typed. `seen`: the setting that the page showed; where another one stands by now, nothing is set.
pub async fn set(app: &App, actor: &Actor, typed: &str, seen: i32, form: &Form) -> Result<Posted> {
    actor.may(Permission::Administer)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(before);
    }
    let now = read(&mut work).await?;
    let rate = budget::parse(typed, now.now).map_err(|problem| Error::Problems(vec![problem]))?;
    let changed =
        || Error::Conflict("Somebody set the budget since you opened the page. Open it again to see it.".into());
    if now.id() != seen {
        return Err(changed());
    }
    match budgets::set(&mut work, seen, now.now, rate).await {
        Err(store::Error::Conflict(rule)) if rule == "alert_budget_once" => return Err(changed()),
        other => other?,
    }
    let location = "/administration#budget";
    form.keep(&mut work, location).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Posted::Done(location.into()))
}
