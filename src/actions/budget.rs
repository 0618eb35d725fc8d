//! The alert budget: one for the registry, as the thresholds come from one model of all centres. It counts from the next night on.

use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::budget;
use crate::domain::problem::Problem;
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

/// Another setting stands than the page showed.
fn changed(now: &Budget) -> Error {
    let who = now
        .settings
        .first()
        .map_or("Somebody", |setting| setting.set_by.as_str());
    let text = format!(
        "{who} set the budget to {} since you opened the page. Yours is not saved but kept here: set it again to put it in the place of theirs.",
        now.now
    );
    Error::Problems(vec![Problem::changed_meanwhile(text).at(budget::FIELD)])
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
    if now.id() != seen {
        return Err(changed(&now));
    }
    match budgets::set(&mut work, seen, now.now, rate).await {
        Err(store::Error::Conflict(rule)) if rule == "alert_budget_once" => {
            drop(work);
            let mut work = app.db.begin(actor, app.clock.now()).await?;
            let now = read(&mut work).await?;
            work.finish(Entry::viewed("administration")).await?;
            return Err(changed(&now));
        }
        other => other?,
    }
    let location = "/administration#budget";
    form.keep(&mut work, location).await?;
    work.finish(Entry::by_trigger()).await?;
    Ok(Posted::Done(location.into()))
}
