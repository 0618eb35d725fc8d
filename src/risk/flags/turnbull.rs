//! The distribution of a time that is known only to lie in an interval.

/// Turnbull's nonparametric maximum likelihood estimate by self-consistency (J R Stat Soc B 1976;38:290): masses on the innermost
/// intervals, as (lower, upper, mass) in rising order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Turnbull {
    pub masses: Vec<(f64, f64, f64)>,
}

const MOST_STEPS: usize = 2_000;
const SMALL: f64 = 1e-8;

impl Turnbull {
    /// From closed intervals [lower, upper], lower at most upper; ends may be infinite. `None` without intervals.
    pub fn fit(intervals: &[(f64, f64)]) -> Option<Turnbull> {
        let cells = innermost(intervals);
        if cells.is_empty() {
            return None;
        }
        // cells are disjoint and in order, so each interval holds a contiguous span of them
        let span = |(lower, upper): &(f64, f64)| {
            let first = cells.partition_point(|cell| cell.0 < *lower);
            let end = cells.partition_point(|cell| cell.1 <= *upper);
            (first, end)
        };
        let spans: Vec<(usize, usize)> = intervals.iter().map(span).collect();
        let mut mass = vec![1.0 / cells.len() as f64; cells.len()];
        for _ in 0..MOST_STEPS {
            let next = step(&spans, &mass);
            let moved = next.iter().zip(&mass).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            mass = next;
            if moved < SMALL {
                break;
            }
        }
        let masses = cells
            .into_iter()
            .zip(mass)
            .map(|((lower, upper), mass)| (lower, upper, mass));
        Some(Turnbull {
            masses: masses.collect(),
        })
    }

    /// The innermost interval in which half of the mass is reached.
    pub fn median(&self) -> Option<(f64, f64)> {
        let mut sum = 0.0;
        let reached = self.masses.iter().find(|(.., mass)| {
            sum += mass;
            sum >= 0.5 - SMALL
        });
        reached.map(|(lower, upper, _)| (*lower, *upper))
    }
}

/// Each a left end followed by a right end, with no other end between.
fn innermost(intervals: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let left = intervals.iter().map(|(lower, _)| (*lower, false));
    let right = intervals.iter().map(|(_, upper)| (*upper, true));
    let mut ends: Vec<(f64, bool)> = left.chain(right).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let pairs = ends.windows(2).filter(|pair| !pair[0].1 && pair[1].1);
    pairs.map(|pair| (pair[0].0, pair[1].0)).collect()
}

/// One step of expectation and maximisation: prefix sums make it linear in intervals and cells.
fn step(spans: &[(usize, usize)], mass: &[f64]) -> Vec<f64> {
    let mut before = vec![0.0; mass.len() + 1];
    for (i, m) in mass.iter().enumerate() {
        before[i + 1] = before[i] + m;
    }
    let mut rate = vec![0.0; mass.len() + 1];
    for (first, end) in spans {
        let inside = before[*end] - before[*first];
        if inside > 0.0 {
            rate[*first] += 1.0 / inside;
            rate[*end] -= 1.0 / inside;
        }
    }
    let mut sum = 0.0;
    let shares = mass.iter().zip(&rate).map(|(m, rate)| {
        sum += rate;
        m * sum.max(0.0) / spans.len() as f64
    });
    shares.collect()
}
