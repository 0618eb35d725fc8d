//! Whether flags have kept their word: what was promised and what came, which sign came first, month by month. The figures are made by
//! `risk::flags`; this page only lays them out.

mod months;
mod signs;
mod told;
mod words;

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::State;
use chrono::NaiveDate;

use self::months::{Centre, Month};
use self::signs::Sign;
use self::told::Told;
use super::super::shell::Shell;
use super::super::{Result, filters, write};
use super::centre;
use crate::actions::budget::Setting;
use crate::actions::flag_ledger::{self, Flags, Kept, Rule};
use crate::app::App;
use crate::domain::access::{Actor, Permission};

pub(super) use words::on_card;

#[derive(Template, WebTemplate)]
#[template(path = "shared/flags.html")]
pub struct FlagsPage {
    page: Shell,
    kept: Kept,
    centres_named: String,
    arranged: String,
    since: Option<NaiveDate>,
    told: Vec<Told>,
    heralds: Option<(String, Vec<Sign>)>,
    /// Signs that are not in the picture, as nobody looked for them.
    never: String,
    /// Why there is no picture of the signs.
    no_heralds: String,
    plot: Option<String>,
    months: Vec<Month>,
    centres: Vec<Centre>,
    may_set: bool,
}

impl FlagsPage {
    fn flags(&self) -> Option<&Flags> {
        match &self.kept.rule {
            Rule::Told(flags) => Some(flags),
            Rule::NoModel | Rule::Untold => None,
        }
    }

    fn set_on(&self, setting: &Setting) -> String {
        write::day(setting.set_at.date_naive())
    }

    fn raise(&self, flags: &Flags) -> String {
        write::threshold(flags.raise)
    }

    /// The budget that the thresholds are for, where another is set by now.
    fn other_budget(&self) -> Option<f64> {
        let own = self.flags()?.budget;
        (self.kept.budget.rate() != Some(own)).then_some(own)
    }
}

/// Two by name, more by number.
fn named(kept: &Kept) -> String {
    match kept.sites.as_slice() {
        [] => "no centre".into(),
        [one] => one.name.clone(),
        [one, two] => format!("{} and {}", one.name, two.name),
        more => format!("your {} centres", more.len()),
    }
}

pub async fn show(State(app): State<App>, actor: Actor) -> Result<FlagsPage> {
    let kept = flag_ledger::show(&app, &actor).await?;
    Ok(FlagsPage {
        page: Shell::of(&actor, "Flags: have they kept their word?").at("/flags"),
        arranged: centre::arranged(&kept.registry),
        centres_named: named(&kept),
        since: kept.all.as_ref().map(|all| all.whole.from),
        told: told::told(&kept),
        heralds: signs::heralds(&kept),
        never: signs::never(&kept),
        no_heralds: signs::no_heralds(&kept),
        plot: months::plot(&kept),
        months: months::months(&kept),
        centres: months::centres(&kept),
        may_set: actor.may(Permission::Administer).is_ok(),
        kept,
    })
}
