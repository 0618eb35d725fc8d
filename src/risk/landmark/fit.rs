//! From cases to a model, using only what was known on the cut.

use chrono::NaiveDate;
use ndarray::Array2;

use super::basis::Basis;
use super::features::Schema;
use super::lines::Lines;
use super::regression::{CAUSES, Design, Regression};
use super::rows::{day_of, members, stack};
use super::{MAIN, Model, Organs, Reference, Settings, VERSION, windows};
use crate::burden::{Case, Engine, Population};
use crate::risk::Error;

const LEAST_EVENTS: usize = 20;

/// The order of `cases` does not matter beyond the order of sums.
pub fn fit(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Result<Model, Error> {
    let members = members(cases, cut, settings);
    let events = members.iter().filter(|m| m.ended.event == 1).count();
    if events < LEAST_EVENTS {
        return Err(Error::TooFewEvents {
            cause: 1,
            events,
            needed: LEAST_EVENTS,
        });
    }
    let look = |m: &super::rows::Member| (&cases[m.case], day_of(&cases[m.case], cut).min(m.ended.on));
    let schema = Schema::learn(members.iter().map(look));
    let population = (settings.lines).then(|| Population::learn(cases, |case| day_of(case, cut)));
    let engine = population.clone().map(Engine::new);
    let stack = stack(cases, &members, &schema, engine.as_ref(), settings);
    let basis = Basis::learn(&stack, &schema);
    let design = Design::of(&stack, &basis, &settings.horizons, settings.folds);
    let regressions: Option<Vec<Regression>> = (0..CAUSES).map(|cause| Regression::fit(&design, cause)).collect();
    let regressions = regressions.expect("finite columns under a ridge have a maximum");
    let crossed: Vec<Array2<f64>> = (regressions.iter())
        .map(|own| own.crossed(design.x.view(), &design.fold))
        .collect();
    let lengths = windows::lengths(&settings.horizons);
    let risks = (0..stack.len()).map(|i| {
        let mut main = 0.0;
        let (relapse, death) = (crossed[0].row(i), crossed[1].row(i));
        windows::incidence(&lengths, &relapse.to_vec(), &death.to_vec(), |k, risk, _| {
            if k == MAIN {
                main = risk
            }
        });
        main
    });
    let reference = Reference::of(&stack, &schema, cases, risks.collect());
    let relapsed = members.iter().filter(|m| m.ended.event == 1);
    Ok(Model {
        version: VERSION.to_owned(),
        cut,
        settings: settings.clone(),
        organs: Organs::learn(relapsed.map(|m| (&cases[m.case], day_of(&cases[m.case], cut)))),
        schema,
        basis,
        population,
        lines: Lines::default(),
        regressions,
        reference,
    })
}
