//! The score of Gray's test and its variance within one stratum, in one sweep of the table.

use ndarray::Array2;

use crate::survival::risk_set::Table;

/// Of all groups but the last.
pub(super) struct Score {
    pub score: Vec<f64>,
    pub variance: Array2<f64>,
}

impl Score {
    pub fn new(groups: usize) -> Score {
        Score {
            score: vec![0.0; groups - 1],
            variance: Array2::zeros((groups - 1, groups - 1)),
        }
    }

    pub fn add(&mut self, other: &Score) {
        for (sum, term) in self.score.iter_mut().zip(&other.score) {
            *sum += term;
        }
        self.variance += &other.variance;
    }
}

/// One group's curves: free of both causes, and fallen to the cause.
#[derive(Clone, Copy)]
struct Curve {
    free: f64,
    fallen: f64,
}

/// The martingale integrals whose square is the variance. A group's integrand at u for the end t is x(u) + c(t) y(u), `c` the
/// compensator still to come; its three products are summed as they come and joined at the end.
struct Sums {
    xx: Array2<f64>,
    /// Row: a group of the score; column: the group whose events these are.
    xy: Array2<f64>,
    yy: Vec<f64>,
}

impl Sums {
    /// Events of `group` with the variance `size`; `x` one number a group.
    fn add(&mut self, group: usize, size: f64, x: &[f64], y: f64) {
        self.yy[group] += size * y * y;
        for (i, own) in x.iter().enumerate() {
            self.xy[[i, group]] += size * own * y;
            for (j, other) in x.iter().enumerate() {
                self.xx[[i, j]] += size * own * other;
            }
        }
    }
}

/// One time with events, before it and after.
struct Instant<'t> {
    table: &'t Table,
    row: usize,
    before: &'t [Curve],
    after: &'t [Curve],
    /// Events of the cause in all groups, the pooled risk set, and the pooled incidence before and after.
    events: f64,
    pooled: f64,
    fallen: [f64; 2],
}

/// What is carried from one time to the next.
struct Sweep {
    score: Vec<f64>,
    sums: Sums,
    compensator: Array2<f64>,
    /// Room for the contrast of one time.
    contrast: Array2<f64>,
}

/// `table` has two causes: the one compared, and all that compete.
pub(super) fn of(table: &Table, groups: usize, rho: f64) -> Score {
    let others = groups - 1;
    let mut sweep = Sweep {
        score: vec![0.0; others],
        sums: Sums {
            xx: Array2::zeros((others, others)),
            xy: Array2::zeros((others, groups)),
            yy: vec![0.0; groups],
        },
        compensator: Array2::zeros((groups, groups)),
        contrast: Array2::zeros((groups, groups)),
    };
    let mut before = vec![Curve { free: 1.0, fallen: 0.0 }; groups];
    let mut after = before.clone();
    let mut fallen = 0.0;
    for row in 0..table.rows() {
        for (group, after) in after.iter_mut().enumerate() {
            *after = step(table, row, group, before[group]);
        }
        let at_risk = table.at_risk(row).iter().zip(&before);
        let pooled: f64 = at_risk
            .filter(|(n, _)| **n > 0.0)
            .map(|(n, curve)| n / curve.free)
            .sum();
        let events: f64 = (0..groups).map(|group| table.events(row, group)[0]).sum();
        let instant = Instant {
            table,
            row,
            before: &before,
            after: &after,
            events,
            pooled,
            fallen: [fallen, fallen + events / pooled],
        };
        instant.compare(&mut sweep, rho);
        instant.vary(&mut sweep);
        fallen = instant.fallen[1];
        before.copy_from_slice(&after);
    }
    sweep.join()
}

fn step(table: &Table, row: usize, group: usize, before: Curve) -> Curve {
    let at_risk = table.at_risk(row)[group];
    if at_risk <= 0.0 {
        return before;
    }
    let fall = table.events(row, group);
    Curve {
        free: before.free * (at_risk - fall[0] - fall[1]) / at_risk,
        fallen: before.fallen + before.free * fall[0] / at_risk,
    }
}

/// The finite-population factor of `events` among `at_risk`.
fn ties(events: f64, at_risk: f64) -> f64 {
    if events > 1.0 {
        1.0 - (events - 1.0) / (at_risk - 1.0)
    } else {
        1.0
    }
}

impl Instant<'_> {
    fn present(&self) -> impl Iterator<Item = usize> {
        let at_risk = self.table.at_risk(self.row);
        (0..at_risk.len()).filter(|group| at_risk[*group] > 0.0)
    }

    /// The risk set of the subdistribution: those who fell to another cause stay in it.
    fn watched(&self, group: usize) -> f64 {
        self.table.at_risk(self.row)[group] / self.before[group].free
    }

    /// Adds to the score, and to the compensator that the groups have in common.
    fn compare(&self, sweep: &mut Sweep, rho: f64) {
        // Where few competing events leave the pooled estimate above 1 (it is no product), cmprsk goes on with what is left, so do we.
        let left = 1.0 - self.fallen[0];
        let weight = left.max(0.0).powf(rho);
        let hazard = if self.events > 0.0 && left != 0.0 {
            self.events / (self.pooled * left)
        } else {
            0.0
        };
        sweep.contrast.fill(0.0);
        for i in self.present() {
            for j in self.present() {
                let same = if i == j { 1.0 } else { 0.0 };
                let contrast = weight * self.watched(i) * (same - self.watched(j) / self.pooled);
                sweep.contrast[[i, j]] = contrast;
                sweep.compensator[[i, j]] += contrast * hazard;
            }
        }
        let subject = |group: usize| self.watched(group) * (1.0 - self.before[group].fallen);
        let all: f64 = self.present().map(subject).sum();
        let others = sweep.score.len();
        for i in self.present().filter(|i| *i < others) {
            let expected = self.events * subject(i) / all;
            sweep.score[i] += weight * (self.table.events(self.row, i)[0] - expected);
        }
    }

    /// Adds to the variance what the events of this time make of it.
    fn vary(&self, sweep: &mut Sweep) {
        let mut x = vec![0.0; sweep.score.len()];
        for k in self.present() {
            let (free, at_risk) = (self.before[k].free, self.table.at_risk(self.row)[k]);
            let left = self.after[k].free;
            // Pooled share free of the cause over the group's share free of both.
            let ratio = if left > 0.0 { (1.0 - self.fallen[1]) / left } else { 0.0 };
            if self.events > 0.0 {
                let y = 1.0 - ratio;
                let size = ties(self.events, self.pooled * free) * free * self.events / (self.pooled * at_risk);
                for (i, x) in x.iter_mut().enumerate() {
                    *x = sweep.contrast[[i, k]] - y * sweep.compensator[[i, k]];
                }
                sweep.sums.add(k, size, &x, y);
            }
            let other = self.table.events(self.row, k)[1];
            if other > 0.0 && left > 0.0 {
                let size = ties(other, at_risk) * other * (free / at_risk).powi(2);
                for (i, x) in x.iter_mut().enumerate() {
                    *x = ratio * sweep.compensator[[i, k]];
                }
                sweep.sums.add(k, size, &x, -ratio);
            }
        }
    }
}

impl Sweep {
    fn join(self) -> Score {
        let (sums, compensator) = (&self.sums, &self.compensator);
        let variance = Array2::from_shape_fn(sums.xx.raw_dim(), |(i, j)| {
            let mut variance = sums.xx[[i, j]];
            for (k, yy) in sums.yy.iter().enumerate() {
                let (ci, cj) = (compensator[[i, k]], compensator[[j, k]]);
                variance += ci * cj * yy + ci * sums.xy[[j, k]] + cj * sums.xy[[i, k]];
            }
            variance
        });
        Score {
            score: self.score,
            variance,
        }
    }
}
