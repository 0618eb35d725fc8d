//! How long the estimators take on thousands of rows: `cargo bench --bench survival`. Made-up subjects from a fixed sequence, so
//! that runs compare. For millions of rows, and beside R, there is `metwatch bench survival`.

use std::hint::black_box;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
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

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for n in [3_000, 30_000] {
        bench(&mut criterion.benchmark_group(n.to_string()), n);
    }
    criterion.final_summary();
}

fn bench(group: &mut BenchmarkGroup<WallTime>, n: usize) {
    let (x, y) = subjects(n);
    let data = Dataset::new(x.clone(), Array1::from(y.clone()));
    group.bench_function("Kaplan-Meier", |b| b.iter(|| KaplanMeier::fit(&y, None)));
    group.bench_function("Cox, Efron, 10 columns", |b| {
        b.iter(|| Cox::params().cause(1).fit(&data));
    });
    let pair = CauseSpecific::fit(x.clone(), data.targets.clone()).expect("a pair");
    let scores = x.dot(&pair.models[0].coefficients).to_vec();
    group.bench_function("concordance", |b| b.iter(|| concordance(&y, &scores, Some(1))));
    let some: Vec<_> = x.rows().into_iter().take(1_000).collect();
    group.bench_function("1,000 risks with interval", |b| {
        b.iter(|| {
            for row in &some {
                black_box(pair.risk_with_interval(*row, 2.0, 3.0, 0.95).expect("a risk"));
            }
        });
    });
    group.bench_function("1,000 contributions", |b| {
        b.iter(|| {
            for row in &some {
                black_box(pair.shares(*row, 2.0, 3.0).expect("shares"));
            }
        });
    });
}
