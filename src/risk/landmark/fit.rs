//! From cases to a model, using only what was known on the cut.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ndarray::Array2;
use sha2::{Digest, Sha256};

use super::basis::Basis;
use super::blend::Inputs;
use super::features::{Column, Schema, is_forecast};
use super::learned::{Learned, Work};
use super::lines::Lines;
use super::regression::Design;
use super::rows::{Member, Stack, members, share, stack};
use super::trees::filled;
use super::validation::{Validated, corrected, correction, held};
use super::{FittedOn, MAIN, Model, Organs, Reference, Settings, VERSION, WINDOWS};
use crate::burden::case::Day;
use crate::burden::{Case, Engine, Population};
use crate::risk::Error;
use crate::risk::gate::{self, Drift};

/// With fewer relapses a fit says more of chance than of patients.
const LEAST_EVENTS: usize = 20;

/// With fewer relapses, columns without the burden line are tried as well: what it learns of all patients may be worth less than it costs.
const FEW_EVENTS: usize = 500;

/// Columns and families are chosen on an earlier cut and fitted anew on this one. The order of `cases` matters to the last bits of sums alone.
/// Errors: `TooFewEvents`; `Unfitted`, and those of the estimators.
pub fn fit(cases: &[Case], cut: NaiveDate, settings: &Settings) -> Result<Model, Error> {
    let members = members(cases, cut, settings);
    let relapsed = || members.iter().filter(|m| m.ended.event == 1);
    let (events, needed) = (relapsed().count(), LEAST_EVENTS);
    if events < needed {
        return Err(Error::TooFewEvents { events, needed });
    }
    let population = settings
        .lines
        .then(|| Population::learn(cases, |case| case.day_of(cut)));
    let look = |m: &Member| (&cases[m.case], cases[m.case].day_of(cut).min(m.ended.on));
    let schema = match Schema::learn(members.iter().map(look)) {
        schema if population.is_some() => schema,
        schema => schema.without_line(),
    };
    let engine = population.clone().map(Engine::new);
    let rows = stack(cases, &members, &schema, engine.as_ref(), settings);
    let mut best = Tried::fit(cases, rows, schema, cut, settings)?;
    if best.schema.line && events < FEW_EVENTS {
        let schema = best.schema.without_line();
        let rows = best.rows.narrowed(schema.width());
        best = best.or(Tried::fit(cases, rows, schema, cut, settings)?);
    }
    let death = best.learned.regressions[1].crossed(best.design.x.view(), &best.design.fold);
    let said = best.learned.blend.log_hazards(&best.crossed);
    // of this model on patients it has not seen, where the earlier one was judged: what the refit has learned since is not corrected twice
    let correction = correction(&said, &best.design, &best.validated.weights);
    let risks = |said: &Array2<f64>| -> Vec<(f64, f64)> {
        let seen = held(&best.rows, &best.rows.weight, said, &death, settings);
        seen.iter().map(|row| (row.risks[MAIN], row.weight)).collect()
    };
    let recalibrated = correction.as_ref().map(|own| risks(&corrected(&said, own)));
    let on = fitted_on(&best.rows, &members, cases);
    let drift = drift(&best.rows, cases, &best.schema, cut);
    let thin = |patient| share(patient, settings.seed ^ 0x7417);
    Ok(Model {
        version: VERSION.to_owned(),
        cut,
        settings: settings.clone(),
        organs: Organs::learn(relapsed().map(|m| (&cases[m.case], cases[m.case].day_of(cut)))),
        reference: Reference::of(&best.rows, &best.schema, cases, risks(&said), recalibrated),
        schema: best.schema,
        basis: best.basis,
        population,
        lines: Lines::default(),
        learned: best.learned,
        judged: best.validated.judged,
        report: gate::report(cases, &best.validated.held, settings.horizons, MAIN, thin, drift),
        correction,
        recalibrated: false,
        fitted_on: on,
        rivals: best.validated.rivals,
    })
}

/// One choice of columns: the best of the families on them, fitted and judged.
struct Tried {
    schema: Schema,
    rows: Stack,
    basis: Basis,
    design: Design,
    learned: Learned,
    /// What the families say of patients they have not seen.
    crossed: Inputs,
    validated: Validated,
}

impl Tried {
    fn fit(cases: &[Case], rows: Stack, schema: Schema, cut: NaiveDate, settings: &Settings) -> Result<Tried, Error> {
        let basis = Basis::learn(&rows, &rows.weight, &schema);
        let design = Design::of(&rows, &rows, &basis, &settings.horizons, settings.folds);
        let raw = Array2::from_shape_fn((rows.len(), rows.width), |(i, j)| filled(rows.raw(i)[j]));
        let mechanism = mechanism(&schema, &rows);
        let work = Work {
            design: &design,
            raw: &raw,
            mechanism: &mechanism,
            line: schema.line,
        };
        let by_time = work.by_time(cases, &rows, &schema, cut, settings)?;
        let (mut learned, crossed) = work.learn(settings)?;
        let validated = match by_time {
            Some(validated) => validated,
            None => work.by_patients(&rows, &learned, &crossed, settings)?,
        };
        learned.blend = work.blend(&crossed, &validated.chosen).ok_or(Error::Unfitted)?;
        Ok(Tried {
            schema,
            rows,
            basis,
            design,
            learned,
            crossed,
            validated,
        })
    }

    /// The one whose choice has less loss, told with the rivals of both. Both are judged by the same landmarks.
    fn or(self, other: Tried) -> Tried {
        let loss = |tried: &Tried| {
            let mut rivals = tried.validated.rivals.iter();
            rivals
                .find(|rival| rival.chosen)
                .map_or(f64::INFINITY, |rival| rival.loss)
        };
        let (mut best, mut rest) = if loss(&other) < loss(&self) {
            (other, self)
        } else {
            (self, other)
        };
        for rival in &mut rest.validated.rivals {
            rival.chosen = false;
        }
        best.validated.rivals.append(&mut rest.validated.rivals);
        best
    }
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

/// Landmarks this many days before the cut are today's.
const TODAY_DAYS: Day = 365;
/// Landmarks are as late after day zero as others of the same band.
const BAND_DAYS: Day = 182;

/// Of each column, today's landmarks against those before that are as late after day zero: as a registry ages, so do its patients, and
/// what merely grows with the time since surgery is no shift. The largest first.
fn drift(rows: &Stack, cases: &[Case], schema: &Schema, cut: NaiveDate) -> Vec<Drift> {
    let late = |row: &usize| {
        let case = &cases[rows.case[*row] as usize];
        case.day_of(cut) - rows.day[*row] <= TODAY_DAYS
    };
    let band = |row: usize| rows.day[row] / BAND_DAYS;
    let (today, before): (Vec<usize>, Vec<usize>) = (0..rows.len()).partition(late);
    let mut of_band: BTreeMap<Day, [f64; 2]> = BTreeMap::new();
    for (which, rows) in [&today, &before].into_iter().enumerate() {
        for row in rows {
            of_band.entry(band(*row)).or_default()[which] += 1.0;
        }
    }
    of_band.retain(|_, [today, before]| *today > 0.0 && *before > 0.0);
    let one = |(column, own): (usize, &Column)| {
        let value = |row: &usize| rows.raw(*row)[column];
        let alike = |row: &&usize| of_band.contains_key(&band(**row));
        let weighted = |row: &usize| {
            of_band
                .get(&band(*row))
                .map(|[today, before]| (value(row), today / before))
        };
        let reference: Vec<(f64, f64)> = before.iter().filter_map(weighted).collect();
        let now: Vec<f64> = today.iter().filter(alike).map(value).collect();
        let index = gate::index(&reference, &now)?;
        Some(Drift {
            column: own.name.clone(),
            index,
        })
    };
    let mut all: Vec<Drift> = schema.columns.iter().enumerate().filter_map(one).collect();
    all.sort_by(|a, b| b.index.total_cmp(&a.index));
    all
}

/// The same rows give the same fingerprint, to the last bit of every number.
fn fitted_on(rows: &Stack, members: &[Member], cases: &[Case]) -> FittedOn {
    let mut hash = Sha256::new();
    for row in 0..rows.len() {
        let patient = cases[rows.case[row] as usize].patient;
        hash.update(patient.site.0.to_le_bytes());
        hash.update(patient.patient.0.to_le_bytes());
        hash.update(rows.day[row].to_le_bytes());
        hash.update(rows.watched[row].to_le_bytes());
        hash.update([rows.event[row]]);
        for value in rows.raw(row) {
            hash.update(value.to_bits().to_le_bytes());
        }
    }
    let count = |event: u8| members.iter().filter(|m| m.ended.event == event).count();
    FittedOn {
        patients: members.len(),
        landmarks: rows.len(),
        relapsed: count(1),
        died: count(2),
        drawn: members.iter().any(|m| m.weight > 1.0),
        fingerprint: hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
