//! Calibration by counting: events against the cumulative hazards that the model expected while each was watched.

use super::super::censoring::{from_the_origin, one_a_subject};
use super::Slope;
use crate::survival::{Error, FollowUp};

/// Events are Poisson around the expected hazard. Crowson et al., Stat Methods Med Res 2016;25:1692.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poisson {
    pub observed: f64,
    pub expected: f64,
    /// Calibration in the large: log of observed over expected, which should be 0.
    pub log_ratio: f64,
    pub log_ratio_se: f64,
    /// Of the linear predictor, given the baseline.
    pub slope: Slope,
}

/// `expected`: the cumulative hazard the model gives each subject from the origin to its exit or `horizon`, whichever is first; rows with
/// none are left out. Errors: `Empty`, `DelayedEntry`, `Lengths`, `NotFinite`, `NoEvents`, `NotConverged`, `Parameter` (a negative hazard).
pub fn poisson(
    subjects: &[FollowUp],
    cause: Option<u32>,
    linear_predictor: &[f64],
    expected: &[f64],
    horizon: f64,
) -> Result<Poisson, Error> {
    from_the_origin(subjects)?;
    one_a_subject(subjects, linear_predictor)?;
    one_a_subject(subjects, expected)?;
    if let Some(&value) = expected.iter().find(|e| **e < 0.0) {
        let name = "an expected cumulative hazard";
        return Err(Error::Parameter { name, value });
    }
    let events = || subjects.iter().map(|s| s.exit() <= horizon && s.had(cause));
    let rows: Vec<Row> = (events().zip(expected).zip(linear_predictor))
        .filter(|((_, expected), _)| **expected > 0.0)
        .map(|((event, expected), lp)| Row {
            event: f64::from(u8::from(event)),
            offset: expected.ln(),
            x: *lp,
        })
        .collect();
    if rows.iter().all(|row| row.event == 0.0) {
        return Err(Error::NoEvents);
    }
    let level = irls(&rows, false)?;
    let slope = irls(&rows.iter().map(Row::without_predictor).collect::<Vec<Row>>(), true)?;
    Ok(Poisson {
        observed: events().filter(|event| *event).count() as f64,
        expected: expected.iter().sum(),
        log_ratio: level.intercept,
        log_ratio_se: level.intercept_variance.sqrt(),
        slope: Slope {
            estimate: slope.slope,
            se: slope.slope_variance.map(f64::sqrt),
        },
    })
}

#[derive(Clone, Copy)]
struct Row {
    event: f64,
    offset: f64,
    x: f64,
}

impl Row {
    /// The predictor taken out of the offset, so that its coefficient can be asked for.
    fn without_predictor(&self) -> Row {
        Row {
            offset: self.offset - self.x,
            ..*self
        }
    }
}

#[derive(Default)]
struct Line {
    intercept: f64,
    intercept_variance: f64,
    slope: f64,
    /// `None` where the column is constant.
    slope_variance: Option<f64>,
}

const MOST_STEPS: usize = 50;

/// Iteratively reweighted least squares for log mean = offset + intercept (+ slope x), from means of event + 0.1 until the deviance moves
/// by less than 1e-8 of itself; the variances are those of the last step's weights. This is R's `glm`, step by step: its answer differs
/// from the limit in the seventh digit.
fn irls(rows: &[Row], with_slope: bool) -> Result<Line, Error> {
    let mut means: Vec<f64> = rows.iter().map(|row| row.event + 0.1).collect();
    let mut last = deviance(rows, &means);
    for _ in 0..MOST_STEPS {
        let line = least_squares(rows, &means, with_slope);
        for (mean, row) in means.iter_mut().zip(rows) {
            *mean = (row.offset + line.intercept + line.slope * row.x).exp();
        }
        let now = deviance(rows, &means);
        if !now.is_finite() {
            break;
        }
        if (now - last).abs() / (now.abs() + 0.1) < 1e-8 {
            return Ok(line);
        }
        last = now;
    }
    Err(Error::NotConverged {
        iterations: MOST_STEPS,
        column: 0,
    })
}

fn deviance(rows: &[Row], means: &[f64]) -> f64 {
    let one = |(row, mean): (&Row, &f64)| {
        let log = if row.event > 0.0 {
            row.event * (row.event / mean).ln()
        } else {
            0.0
        };
        2.0 * (log - (row.event - mean))
    };
    rows.iter().zip(means).map(one).sum()
}

/// Weighted by the means; centred, so that nothing is lost to a column far from 0.
fn least_squares(rows: &[Row], means: &[f64], with_slope: bool) -> Line {
    let working = |row: &Row, mean: f64| mean.ln() - row.offset + (row.event - mean) / mean;
    let (mut weight, mut sum_x, mut sum_z, mut square) = (0.0, 0.0, 0.0, 0.0);
    for (row, &mean) in rows.iter().zip(means) {
        weight += mean;
        sum_x += mean * row.x;
        sum_z += mean * working(row, mean);
        square += mean * row.x * row.x;
    }
    let (mid_x, mid_z) = (sum_x / weight, sum_z / weight);
    let (mut xx, mut xz) = (0.0, 0.0);
    for (row, &mean) in rows.iter().zip(means) {
        xx += mean * (row.x - mid_x) * (row.x - mid_x);
        xz += mean * (row.x - mid_x) * (working(row, mean) - mid_z);
    }
    if !with_slope || xx <= 1e-14 * square {
        return Line {
            intercept: mid_z,
            intercept_variance: 1.0 / weight,
            ..Line::default()
        };
    }
    let slope = xz / xx;
    Line {
        intercept: mid_z - slope * mid_x,
        intercept_variance: 1.0 / weight + mid_x * mid_x / xx,
        slope,
        slope_variance: Some(1.0 / xx),
    }
}
