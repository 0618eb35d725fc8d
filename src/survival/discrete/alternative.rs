//! The same maximum by linfa-logistic, on a person-period matrix that is written out.

use linfa::traits::Fit;
use linfa::{Dataset, ParamGuard};
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::fit::{Prepared, Top};
use crate::survival::Error;

/// linfa-logistic takes the larger class as positive, whatever its name (and of equal ones the first it meets): coefficients are
/// those of an event only once its labels have been read.
fn of_event(coefficients: &Array1<f64>, positive: bool) -> Vec<f64> {
    coefficients.iter().map(|b| if positive { *b } else { -b }).collect()
}

/// On standardised columns, as Newton's. Errors: `Runaway` where L-BFGS gives up.
pub(super) fn maximum(data: &Prepared, penalty: f64) -> Result<Top, Error> {
    let system = &data.system;
    let width = system.width();
    // An interval with no events or nothing but events says nothing of the rest, and its own term has no maximum.
    let rows: Vec<(usize, usize, bool)> = (system.spells.iter().enumerate())
        .flat_map(|(i, s)| (s.first..s.after).map(move |k| (i, k, s.event > 0 && k + 1 == s.after)))
        .filter(|(_, k, _)| system.active[*k])
        .collect();
    let mut matrix = Array2::zeros((rows.len(), width));
    for ((i, k, _), mut row) in rows.iter().zip(matrix.rows_mut()) {
        row[*k] = 1.0;
        for (value, x) in row.iter_mut().skip(system.intervals).zip(system.x.row(*i)) {
            *value = *x;
        }
    }
    let outcome: Array1<bool> = rows.iter().map(|(_, _, event)| *event).collect();
    let gave_up = || Error::Runaway {
        iterations: 1000,
        term: "a coefficient (linfa-logistic)".to_owned(),
    };
    let settings = LogisticRegression::default()
        .with_intercept(false)
        .alpha(penalty)
        .max_iterations(1000)
        .gradient_tolerance(1e-6);
    let checked = settings.check().map_err(|_| gave_up())?;
    let fitted = checked.fit(&Dataset::new(matrix, outcome)).map_err(|_| gave_up())?;
    let theta = of_event(fitted.params(), fitted.labels().pos.class);
    match theta.iter().all(|b| b.is_finite()) {
        true => Ok(Top {
            theta,
            iterations: 0,
            information: None,
        }),
        false => Err(gave_up()),
    }
}
