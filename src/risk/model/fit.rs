//! Fits the pair and keeps what it has seen.

use chrono::NaiveDate;
use ndarray::{Array1, Array2};
use sha2::{Digest, Sha256};

use super::{NightModel, VERSION};
use crate::risk::Error;
use crate::risk::features::{NAMES, TrainingRow};
use crate::survival::CauseSpecific;
use crate::survival::metrics::concordance;

/// Fewer events a coefficient than this, and a fit says more of chance than of patients.
const EVENTS_PER_COEFFICIENT: usize = 5;

/// The order of `rows` does not matter: they are put in the order of their patients.
pub fn fit(rows: &[TrainingRow], as_of: NaiveDate) -> Result<NightModel, Error> {
    let mut rows: Vec<&TrainingRow> = rows.iter().collect();
    rows.sort_by_key(|row| row.patient);
    let count = |cause| rows.iter().filter(|row| row.follow_up.event() == cause).count();
    let events = [count(1), count(2)];
    let needed = EVENTS_PER_COEFFICIENT * NAMES.len();
    for (cause, events) in [(1, events[0]), (2, events[1])] {
        if events < needed {
            return Err(Error::TooFewEvents { cause, events, needed });
        }
    }
    let x = Array2::from_shape_fn((rows.len(), NAMES.len()), |(i, j)| rows[i].values[j]);
    let targets: Array1<_> = rows.iter().map(|row| row.follow_up).collect();
    let pair = CauseSpecific::fit(x.clone(), targets.clone())?;
    let mut index = [None, None];
    for (place, model) in pair.models.iter().enumerate() {
        let scores = x.dot(&model.coefficients).to_vec();
        index[place] = concordance(&targets.to_vec(), &scores, model.cause)?.index();
    }
    let range = |j: usize| {
        let column = x.column(j);
        (
            column.fold(f64::INFINITY, |a, b| a.min(*b)),
            column.fold(f64::NEG_INFINITY, |a, b| a.max(*b)),
        )
    };
    let mut sexes: Vec<String> = rows.iter().map(|row| row.sex.to_owned()).collect();
    sexes.sort();
    sexes.dedup();
    Ok(NightModel {
        version: VERSION.to_owned(),
        pair,
        features: NAMES.map(str::to_owned).to_vec(),
        ranges: (0..NAMES.len()).map(range).collect(),
        sexes,
        n: rows.len(),
        events,
        concordance: index,
        fingerprint: fingerprint(&rows),
        as_of,
    })
}

/// The same rows give the same fingerprint, to the last bit of every number.
fn fingerprint(rows: &[&TrainingRow]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        hash.update(row.patient.site.0.to_le_bytes());
        hash.update(row.patient.patient.0.to_le_bytes());
        hash.update(row.sex.as_bytes());
        for value in row.values.iter().chain([&row.follow_up.exit()]) {
            hash.update(value.to_bits().to_le_bytes());
        }
        hash.update(row.follow_up.event().to_le_bytes());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
