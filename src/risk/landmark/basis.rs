//! From what is seen to the columns of a regression: smooth terms, indicators of what is missing, one scale.

use serde::{Deserialize, Serialize};

use super::features::{Schema, is_forecast};
use super::rows::Stack;
use crate::survival::Spline;

/// Numbers beyond these quantiles of the fit are taken as these: a wrong decimal moves a risk no further.
const TAILS: f64 = 0.002;
/// A column is missing often enough, and seldom enough, to have an indicator.
const LEAST_MISSING: f64 = 0.005;
/// More than this share at the smallest value: whether it is above is a column of its own.
const HEAPED: f64 = 0.4;
/// Fewer different values than this are a line.
const CURVED: usize = 6;

/// How one raw column enters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Place of the raw column.
    pub column: usize,
    pub low: f64,
    pub high: f64,
    /// What stands in for a missing number.
    pub middle: f64,
    pub missing: bool,
    /// The value above which the indicator of a heap is 1.
    pub heap: Option<f64>,
    /// Empty: a line.
    pub spline: Option<Spline>,
}

/// Learned from the rows of a fit, without their outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Basis {
    pub terms: Vec<Term>,
    /// For each design column the raw one it comes from.
    pub source: Vec<usize>,
    pub means: Vec<f64>,
    /// 1 over the standard deviation.
    pub scales: Vec<f64>,
    /// How much of the ridge each design column bears.
    pub held: Vec<f64>,
}

/// What the mechanism says bears this share of the ridge.
const FORECAST_HELD: f64 = 0.003;

/// Knots of Harrell's table 2.3.
const THREE: [f64; 3] = [0.1, 0.5, 0.9];

impl Term {
    /// `None` for a column that never varies.
    fn learn(column: usize, mut known: Vec<f64>, n: usize) -> Option<Term> {
        let missing = 1.0 - known.len() as f64 / n as f64;
        let indicator = missing >= LEAST_MISSING && missing <= 1.0 - LEAST_MISSING;
        known.sort_by(f64::total_cmp);
        let at = |p: f64| known[((known.len() - 1) as f64 * p).round() as usize];
        if known.is_empty() || (known[0] == known[known.len() - 1] && !indicator) {
            return None;
        }
        let (low, high) = match known[0] < at(TAILS) || at(1.0 - TAILS) < known[known.len() - 1] {
            // a rare 1 among zeros is not a tail
            true if at(TAILS) < at(1.0 - TAILS) => (at(TAILS), at(1.0 - TAILS)),
            _ => (known[0], known[known.len() - 1]),
        };
        let mut levels = known.clone();
        levels.dedup();
        let heaped = known.partition_point(|value| *value <= low) as f64 > HEAPED * known.len() as f64;
        let heap = (heaped && levels.len() > 2).then_some(low);
        let curved = if levels.len() >= CURVED {
            knots(&known, low)
        } else {
            None
        };
        Some(Term {
            column,
            low,
            high,
            middle: at(0.5),
            missing: indicator,
            heap,
            spline: curved.map(|knots| Spline {
                column: 0,
                name: String::new(),
                knots,
            }),
        })
    }

    fn width(&self) -> usize {
        let curve = self.spline.as_ref().map_or(1, |spline| spline.knots.len() - 1);
        curve + usize::from(self.missing) + usize::from(self.heap.is_some())
    }

    fn fill(&self, value: f64, out: &mut Vec<f64>) {
        let known = value.is_finite();
        let x = if known {
            value.clamp(self.low, self.high)
        } else {
            self.middle
        };
        match &self.spline {
            Some(spline) => out.extend(spline.basis(x)),
            None => out.push(x),
        }
        if let Some(heap) = self.heap {
            out.push(f64::from(u8::from(known && x > heap)));
        }
        if self.missing {
            out.push(f64::from(u8::from(!known)));
        }
    }
}

/// Of the whole, or of what lies above a heap.
fn knots(sorted: &[f64], low: f64) -> Option<Vec<f64>> {
    let above = &sorted[sorted.partition_point(|value| *value <= low)..];
    let from = if above.len() * 5 < sorted.len() * 3 {
        above
    } else {
        sorted
    };
    if from.len() < 50 {
        return None;
    }
    let at = |p: &f64| from[((from.len() - 1) as f64 * p).round() as usize];
    let apart = |knots: &[f64]| {
        let span = knots[knots.len() - 1] - knots[0];
        span > 0.0 && knots.windows(2).all(|pair| pair[1] - pair[0] > 0.02 * span)
    };
    let three: Vec<f64> = THREE.iter().map(at).collect();
    [three].into_iter().find(|knots| apart(knots))
}

impl Basis {
    /// From the rows whose weight is above 0.
    pub fn learn(stack: &Stack, weights: &[f64], schema: &Schema) -> Basis {
        let kept: Vec<usize> = (0..stack.len()).filter(|row| weights[*row] > 0.0).collect();
        let n = kept.len();
        let terms: Vec<Term> = (0..stack.width)
            .filter_map(|column| {
                let all = kept.iter().map(|row| stack.raw(*row)[column]);
                Term::learn(column, all.filter(|value| value.is_finite()).collect(), n)
            })
            .collect();
        let source: Vec<usize> = (terms.iter())
            .flat_map(|term| std::iter::repeat_n(term.column, term.width()))
            .collect();
        let width = source.len();
        let held = (terms.iter())
            .flat_map(|term| {
                let forecast = is_forecast(&schema.columns[term.column].name);
                (0..term.width()).map(move |place| if forecast && place == 0 { FORECAST_HELD } else { 1.0 })
            })
            .collect();
        let mut basis = Basis {
            held,
            terms,
            source,
            means: vec![0.0; width],
            scales: vec![1.0; width],
        };
        basis.standardise(stack, weights);
        basis
    }

    fn standardise(&mut self, stack: &Stack, weights: &[f64]) {
        let width = self.width();
        let (mut sums, mut squares, mut total) = (vec![0.0; width], vec![0.0; width], 0.0);
        let mut row = Vec::with_capacity(width);
        for (i, w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            self.design(stack.raw(i), &mut row);
            total += w;
            for (j, x) in row.iter().enumerate() {
                sums[j] += w * x;
                squares[j] += w * x * x;
            }
        }
        for j in 0..width {
            let mean = sums[j] / total;
            let variance = squares[j] / total - mean * mean;
            self.means[j] = mean;
            // a column that never varies among these rows is always 0
            self.scales[j] = if variance > 1e-10 { 1.0 / variance.sqrt() } else { 0.0 };
        }
    }

    pub fn width(&self) -> usize {
        self.source.len()
    }

    /// The design row of a raw one; `out` is overwritten.
    pub fn design(&self, raw: &[f64], out: &mut Vec<f64>) {
        out.clear();
        for term in &self.terms {
            term.fill(raw[term.column], out);
        }
        for ((x, mean), scale) in out.iter_mut().zip(&self.means).zip(&self.scales) {
            *x = (*x - mean) * scale;
        }
    }
}
