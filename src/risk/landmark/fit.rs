//! From cases to a model, using only what was known on the cut.

use chrono::NaiveDate;

use super::basis::Basis;
use super::features::Schema;
use super::regression::{CAUSES, Design, Regression};
use super::rows::{Member, day_of, members, stack};
use super::{Model, Settings, VERSION};
use crate::burden::Case;
use crate::risk::Error;

const LEAST_EVENTS: usize = 20;

/// The order of `cases` does not matter beyond the order of sums.
pub fn fit(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Result<Model, Error> {
    let members = members(cases, cut, settings);
    let events = members.iter().filter(|m| m.ended.event == 1).count();
    if events < LEAST_EVENTS {
        return Err(Error::TooFewEvents { cause: 1, events, needed: LEAST_EVENTS });
    }
    let look = |m: &Member| (&cases[m.case], day_of(&cases[m.case], cut).min(m.ended.on));
    let schema = Schema::learn(members.iter().map(look));
    let stack = stack(cases, &members, &schema, None, settings);
    let basis = Basis::learn(&stack);
    let design = Design::of(&stack, &basis, &settings.horizons, settings.folds);
    let regressions: Option<Vec<Regression>> = (0..CAUSES).map(|cause| Regression::fit(&design, cause)).collect();
    Ok(Model {
        version: VERSION.to_owned(),
        cut,
        settings: settings.clone(),
        schema,
        basis,
        population: None,
        regressions: regressions.expect("a ridge"),
    })
}
