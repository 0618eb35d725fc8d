//! From cases to a model, using only what was known on the cut.

use chrono::NaiveDate;
use ndarray::Array2;

use super::basis::Basis;
use super::features::{Schema, is_forecast};
use super::learned::Work;
use super::lines::Lines;
use super::regression::Design;
use super::rows::{Member, Stack, day_of, members, stack};
use super::trees::filled;
use super::validation::held;
use super::{MAIN, Model, Organs, Reference, Settings, VERSION, WINDOWS};
use crate::burden::{Case, Engine, Population};
use crate::risk::Error;

/// With fewer relapses a fit says more of chance than of patients.
const LEAST_EVENTS: usize = 20;

/// The families are chosen on an earlier cut and fitted anew on this one. The order of `cases` matters to the last bits of sums alone.
/// Errors: `TooFewEvents`; `Unfitted`, and those of the estimators.
pub fn fit(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Result<Model, Error> {
    let lines = settings.lines;
    let population = lines.then(|| Population::learn(cases, |case| day_of(case, cut)));
    fit_with(cases, cut, settings, population)
}

/// The same with a population that is known already.
pub fn fit_with(
    cases: &[Case],
    cut: NaiveDate,
    settings: &Settings,
    population: Option<Population>,
) -> Result<Model, Error> {
    let members = members(cases, cut, settings);
    let relapsed = || members.iter().filter(|m| m.ended.event == 1);
    let (events, needed) = (relapsed().count(), LEAST_EVENTS);
    if events < needed {
        return Err(Error::TooFewEvents {
            cause: 1,
            events,
            needed,
        });
    }
    let look = |m: &Member| (&cases[m.case], day_of(&cases[m.case], cut).min(m.ended.on));
    let schema = Schema::learn(members.iter().map(look));
    let engine = population.clone().map(Engine::new);
    let rows = stack(cases, &members, &schema, engine.as_ref(), settings);
    let basis = Basis::learn(&rows, &rows.weight, &schema);
    let design = Design::of(&rows, &rows, &basis, &settings.horizons, settings.folds);
    let raw = Array2::from_shape_fn((rows.len(), rows.width), |(i, j)| filled(rows.raw(i)[j]));
    let mechanism = mechanism(&schema, &rows);
    let work = Work {
        design: &design,
        raw: &raw,
        mechanism: &mechanism,
    };
    let by_time = work.by_time(cases, &rows, &schema, cut, settings)?;
    let ridges = by_time.as_ref().and_then(|own| own.ridges.clone());
    let (mut learned, crossed) = work.learn(settings, ridges.as_deref())?;
    let validated = match by_time {
        Some(validated) => validated,
        None => work.by_patients(&rows, &learned, &crossed, settings)?,
    };
    learned.blend = work.blend(&crossed, &validated.chosen).ok_or(Error::Unfitted)?;
    let death = learned.regressions[1].crossed(design.x.view(), &design.fold);
    let seen = held(
        &rows,
        &rows.weight,
        &learned.blend.log_hazards(&crossed),
        &death,
        settings,
    );
    let risks = seen.iter().map(|row| row.risks[MAIN]).collect();
    Ok(Model {
        version: VERSION.to_owned(),
        cut,
        settings: settings.clone(),
        organs: Organs::learn(relapsed().map(|m| (&cases[m.case], day_of(&cases[m.case], cut)))),
        reference: Reference::of(&rows, &schema, cases, risks),
        schema,
        basis,
        population,
        lines: Lines::default(),
        learned,
        judged: validated.judged,
        rivals: validated.rivals,
    })
}

/// Places of the forecast's columns, where they are on file for everybody.
fn mechanism(schema: &Schema, rows: &Stack) -> Vec<usize> {
    let places = schema
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| is_forecast(&column.name));
    let places: Vec<usize> = places.map(|(place, _)| place).collect();
    let known = |place: &usize| (0..rows.len()).all(|row| rows.raw(row)[*place].is_finite());
    if places.len() == WINDOWS && places.iter().all(known) {
        places
    } else {
        vec![]
    }
}
