//! The partial likelihood of given log hazard ratios, with what each row contributes: events observed less expected.

use crate::survival::{FollowUp, Ties};

/// At risk at the k-th event time, counted from 1, when `entry < k <= exit`.
struct Span {
    row: u32,
    entry: u32,
    exit: u32,
    fell: bool,
}

/// Of the weighted ratios at risk, the largest of which is about 1.
const LEAST: f64 = 1e-290;

/// Some rows of the data, placed once on their event times.
pub(super) struct Partial<'a> {
    ties: Ties,
    weights: &'a [f64],
    spans: Vec<Span>,
    pub times: Vec<f64>,
}

/// Sums over the events at one time.
#[derive(Clone, Copy, Default)]
struct Tied {
    count: usize,
    weight: f64,
    /// Weight times log ratio, and times ratio.
    log_ratio: f64,
    ratio: f64,
    /// Weighted ratios at risk.
    at_risk: f64,
}

pub(super) struct Value {
    pub log_likelihood: f64,
    /// Steps of the hazard at log ratio 0.
    pub hazard: Vec<f64>,
}

/// Events observed less expected, and expected, of each row of the data; rows outside are left alone.
pub(super) struct Residuals {
    pub excess: Vec<f64>,
    pub expected: Vec<f64>,
}

impl Residuals {
    pub fn of(n: usize) -> Residuals {
        Residuals {
            excess: vec![0.0; n],
            expected: vec![0.0; n],
        }
    }
}

/// Hazard up to each event time, and how much of the last step an event there escapes (Efron).
struct Cumulative {
    hazard: Vec<f64>,
    escaped: Vec<f64>,
}

impl<'a> Partial<'a> {
    pub fn new(rows: &[u32], subjects: &[FollowUp], weights: &'a [f64], cause: Option<u32>, ties: Ties) -> Partial<'a> {
        let subject = |row: &u32| &subjects[*row as usize];
        let fell = rows.iter().map(subject).filter(|s| s.had(cause));
        let mut times: Vec<f64> = fell.map(FollowUp::exit).collect();
        times.sort_unstable_by(f64::total_cmp);
        times.dedup();
        let until = |time: f64| times.partition_point(|t| *t <= time) as u32;
        let spans = (rows.iter())
            .map(|row| Span {
                row: *row,
                entry: until(subject(row).watched_from()),
                exit: until(subject(row).exit()),
                fell: subject(row).had(cause),
            })
            .collect();
        Partial {
            ties,
            weights,
            spans,
            times,
        }
    }

    fn tied(&self, log_ratios: &[f64], shift: f64) -> Vec<Tied> {
        let mut tied = vec![Tied::default(); self.times.len() + 1];
        for span in &self.spans {
            let (weight, log_ratio) = (self.weights[span.row as usize], log_ratios[span.row as usize] - shift);
            let ratio = weight * log_ratio.exp();
            tied[span.exit as usize].at_risk += ratio;
            tied[span.entry as usize].at_risk -= ratio;
            if span.fell {
                let at = &mut tied[span.exit as usize];
                at.count += 1;
                at.weight += weight;
                at.log_ratio += weight * log_ratio;
                at.ratio += ratio;
            }
        }
        for k in (1..self.times.len()).rev() {
            tied[k].at_risk += tied[k + 1].at_risk;
        }
        // What stands at 0 is nobody's. Where late entries leave rounding, those who fall were at risk for certain; and ratios
        // that underflow beside the largest must not divide by 0.
        tied.remove(0);
        tied.iter_mut()
            .for_each(|t| t.at_risk = t.at_risk.max(t.ratio).max(LEAST));
        tied
    }

    /// The likelihood at `log_ratios` (one a row of the data); what its rows contribute goes to `residuals`.
    pub fn at(&self, log_ratios: &[f64], residuals: Option<&mut Residuals>) -> Value {
        let known = self.spans.iter().map(|span| log_ratios[span.row as usize]);
        let shift = known.fold(f64::NEG_INFINITY, f64::max);
        let mut value = Value {
            log_likelihood: 0.0,
            hazard: Vec::with_capacity(self.times.len()),
        };
        let mut until = Cumulative {
            hazard: vec![0.0],
            escaped: vec![0.0],
        };
        let mut sum = 0.0;
        for tied in self.tied(log_ratios, shift) {
            let (mut step, mut escaped, mut log) = (0.0, 0.0, 0.0);
            let parts = match self.ties {
                Ties::Efron => tied.count,
                // The settings refuse the exact rule.
                Ties::Breslow | Ties::Exact => 1,
            };
            for part in (0..parts).map(|part| part as f64 / parts as f64) {
                let at_risk = (tied.at_risk - part * tied.ratio).max(LEAST);
                let hazard = tied.weight / parts as f64 / at_risk;
                step += hazard;
                escaped += part * hazard;
                log += tied.weight / parts as f64 * at_risk.ln();
            }
            sum += step;
            until.hazard.push(sum);
            until.escaped.push(escaped);
            value.log_likelihood += tied.log_ratio - log;
            value.hazard.push(step * (-shift).exp());
        }
        if let Some(residuals) = residuals {
            self.contribute(log_ratios, shift, &until, residuals);
        }
        value
    }

    fn contribute(&self, log_ratios: &[f64], shift: f64, until: &Cumulative, residuals: &mut Residuals) {
        for span in &self.spans {
            let row = span.row as usize;
            let mut hazard = until.hazard[span.exit as usize] - until.hazard[span.entry as usize];
            if span.fell {
                hazard -= until.escaped[span.exit as usize];
            }
            let expected = self.weights[row] * (log_ratios[row] - shift).exp() * hazard;
            let observed = if span.fell { self.weights[row] } else { 0.0 };
            residuals.expected[row] = expected;
            residuals.excess[row] = observed - expected;
        }
    }
}
