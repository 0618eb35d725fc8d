//! How long the estimators take: `cargo bench --bench survival`. Made-up subjects from a fixed sequence, so that runs compare.

use std::hint::black_box;
use std::time::Instant;

use linfa::prelude::*;
use metwatch::survival::metrics::concordance;
use metwatch::survival::{CauseSpecific, Cox, FollowUp, KaplanMeier};
use ndarray::{Array1, Array2};

/// Uniform on (0, 1): a linear congruential sequence (Knuth's MMIX), good enough to spread subjects.
struct Sequence(u64);

impl Sequence {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }
}

const COLUMNS: usize = 10;

fn subjects(n: usize) -> (Array2<f64>, Vec<FollowUp>) {
    let mut at = Sequence(n as u64);
    let x = Array2::from_shape_fn((n, COLUMNS), |_| at.next() - 0.5);
    let subject = |row: ndarray::ArrayView1<f64>| {
        let first = -at.next().ln() * 10.0 * (-row.sum()).exp();
        let (second, censored) = (-at.next().ln() * 40.0, 15.0 * at.next());
        let exit = first.min(second).min(censored);
        let event = if exit == first {
            1
        } else {
            u32::from(exit == second) * 2
        };
        FollowUp::until((exit * 365.25).ceil() / 365.25, event).expect("a time after 0")
    };
    let follow_up = x.rows().into_iter().map(subject).collect();
    (x, follow_up)
}

/// Median of seven runs, in milliseconds.
fn time(name: &str, n: usize, mut work: impl FnMut()) {
    let mut runs: Vec<f64> = (0..7)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    runs.sort_by(f64::total_cmp);
    println!("{name:<28} n = {n:>6}  {:>10.3} ms", runs[3]);
}

fn main() {
    for n in [3_000, 30_000] {
        let (x, y) = subjects(n);
        let data = Dataset::new(x.clone(), Array1::from(y.clone()));
        time("Kaplan-Meier", n, || {
            black_box(KaplanMeier::fit(&y, None).expect("a curve"));
        });
        time("Cox, Efron, 10 columns", n, || {
            black_box(Cox::params().cause(1).fit(&data).expect("a fit"));
        });
        let pair = CauseSpecific::fit(x.clone(), data.targets.clone()).expect("a pair");
        let scores = x.dot(&pair.first.coefficients).to_vec();
        time("concordance", n, || {
            black_box(concordance(&y, &scores, Some(1)).expect("a concordance"));
        });
        time("1,000 risks with interval", n, || {
            for row in x.rows().into_iter().take(1_000) {
                black_box(pair.risk_with_interval(row, 2.0, 3.0, 0.95).expect("a risk"));
            }
        });
        time("1,000 contributions", n, || {
            for row in x.rows().into_iter().take(1_000) {
                black_box(pair.shares(row, 2.0, 3.0).expect("shares"));
            }
        });
    }
}
