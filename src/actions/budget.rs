//! The alert budget: one for the registry, as the thresholds come from one model of all centres. It counts from the next night on.

use chrono::NaiveDate;

use super::{Error, Form, Posted, Result};
use crate::app::App;
use crate::domain::access::{Actor, Permission};
use crate::domain::audit::Entry;
use crate::domain::budget::{self, Budget, Typed};
use crate::domain::problem::Problem;
pub use crate::store::budgets::Setting;
use crate::store::runs::Reckoned;
use crate::store::{self, Work, budgets, runs};

/// The budget that stands, how it came to that, and what it comes to.
#[derive(Clone, Debug)]
pub struct AlertBudget {
    pub now: Budget,
    /// Newest first.
    pub settings: Vec<Setting>,
    /// What nights reckoned with, in the order of their days.
    pub nights: Vec<Reckoned>,
}

impl AlertBudget {
    /// The id of the setting that stands; 0 for the usual.
    pub fn id(&self) -> i32 {
        self.settings.first().map_or(0, |setting| setting.id)
    }

    /// The budget in whose place a setting was put; `at` counts the settings from the newest.
    pub fn before(&self, at: usize) -> Budget {
        self.settings
            .get(at + 1)
            .map_or(Budget::USUAL, |setting| setting.budget)
    }

    /// Patients under watch on the last night that counted them.
    pub fn watched(&self) -> Option<u64> {
        self.nights.iter().rev().find_map(|night| night.watched)
    }

    /// The setting that stands in alerts per 100 patient-years; `None` for one that no night has counted patients for.
    pub fn rate(&self) -> Option<f64> {
        match (self.now, self.watched()) {
            (Budget::Per100Years(rate), _) => Some(rate),
            (now, watched) => watched.map(|watched| now.rate(watched)),
        }
    }

    /// The rate that the last night before a day reckoned with, or the first one after it.
    pub fn in_force(&self, day: NaiveDate) -> Option<f64> {
        let before = self.nights.iter().rfind(|night| night.as_of < day);
        before
            .or(self.nights.first())
            .map(|night| night.rate)
            .or_else(|| self.rate())
    }
}

pub(super) async fn read(work: &mut Work) -> Result<AlertBudget> {
    let settings = budgets::settings(work).await?;
    Ok(AlertBudget {
        now: settings.first().map_or(Budget::USUAL, |setting| setting.budget),
        settings,
        nights: runs::reckoned(work).await?,
    })
}

/// Another setting stands than the page showed.
fn changed(now: &AlertBudget) -> Error {
    let who = now
        .settings
        .first()
        .map_or("Somebody", |setting| setting.set_by.as_str());
    let text = format!(
        "{who} set the budget to {} since you opened the page. Yours is not saved but kept here: set it again to put it in the place of theirs.",
        now.now
    );
    Error::Problems(vec![Problem::changed_meanwhile(text).at(budget::ALERTS)])
}

/// Sets the budget to what was typed. `seen`: the setting that the page showed; where another one stands by now, nothing is set.
pub async fn set(app: &App, actor: &Actor, typed: &Typed, seen: i32, form: &Form) -> Result<Posted> {
    actor.may(Permission::Administer)?;
    let mut work = app.db.begin(actor, app.clock.now()).await?;
    if let Some(before) = form.before(&mut work).await? {
        return Ok(before);
    }
    let now = read(&mut work).await?;
    let new = budget::parse(typed, now.now, now.watched()).map_err(|problem| Error::Problems(vec![problem]))?;
    if now.id() != seen {
        return Err(changed(&now));
    }
    match budgets::set(&mut work, seen, new).await {
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
