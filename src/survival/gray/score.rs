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
    at_risk: &'t [f64],
    before: &'t [Curve],
    after: &'t [Curve],
    /// Events of the cause in all groups, the pooled risk set, and the pooled incidence after.
    events: f64,
    pooled: f64,
    fallen: f64,
}

/// `table` has two causes: the one compared, and all that compete.
pub(super) fn of(table: &Table, groups: usize, rho: f64) -> Score {
    let others = groups - 1;
    let mut result = Score::new(groups);
    let mut sums = Sums {
        xx: Array2::zeros((others, others)),
        xy: Array2::zeros((others, groups)),
        yy: vec![0.0; groups],
    };
    let mut compensator = Array2::<f64>::zeros((groups, groups));
    let mut contrast = Array2::<f64>::zeros((groups, groups));
    let mut before = vec![Curve { free: 1.0, fallen: 0.0 }; groups];
    let mut fallen = 0.0_f64;
    for row in 0..table.rows() {
        let after: Vec<Curve> = (0..groups).map(|g| step(table, row, g, before[g])).collect();
        let at_risk = table.at_risk(row);
        let present = || (0..groups).filter(|g| at_risk[*g] > 0.0);
        // The risk set of the subdistribution: those who fell to another cause stay in it.
        let watched = |g: usize| at_risk[g] / before[g].free;
        let pooled: f64 = present().map(watched).sum();
        let subject: f64 = present().map(|g| watched(g) * (1.0 - before[g].fallen)).sum();
        let events: f64 = (0..groups).map(|g| table.events(row, g)[0]).sum();
        let left = (1.0 - fallen).max(0.0);
        let weight = left.powf(rho);
        let hazard = if events > 0.0 { events / (pooled * left) } else { 0.0 };
        contrast.fill(0.0);
        for i in present() {
            for j in present() {
                let same = if i == j { 1.0 } else { 0.0 };
                contrast[[i, j]] = weight * watched(i) * (same - watched(j) / pooled);
                compensator[[i, j]] += contrast[[i, j]] * hazard;
            }
        }
        for i in present().filter(|i| *i < others) {
            let expected = events * watched(i) * (1.0 - before[i].fallen) / subject;
            result.score[i] += weight * (table.events(row, i)[0] - expected);
        }
        fallen += events / pooled;
        let instant = Instant {
            at_risk,
            before: &before,
            after: &after,
            events,
            pooled,
            fallen,
        };
        let competing = |g: usize| table.events(row, g)[1];
        instant.add(&mut sums, &contrast, &compensator, competing);
        before = after;
    }
    join(&mut result, &sums, &compensator);
    result
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
    fn add(
        &self,
        sums: &mut Sums,
        contrast: &Array2<f64>,
        compensator: &Array2<f64>,
        competing: impl Fn(usize) -> f64,
    ) {
        let others = sums.xx.nrows();
        let mut x = vec![0.0; others];
        for k in (0..self.at_risk.len()).filter(|k| self.at_risk[*k] > 0.0) {
            let (free, at_risk) = (self.before[k].free, self.at_risk[k]);
            let left = self.after[k].free;
            // Pooled share free of the cause over the group's share free of both.
            let ratio = if left > 0.0 { (1.0 - self.fallen) / left } else { 0.0 };
            if self.events > 0.0 {
                let y = 1.0 - ratio;
                let size = ties(self.events, self.pooled * free) * free * self.events / (self.pooled * at_risk);
                for (i, x) in x.iter_mut().enumerate() {
                    *x = contrast[[i, k]] - y * compensator[[i, k]];
                }
                sums.add(k, size, &x, y);
            }
            let other = competing(k);
            if other > 0.0 && left > 0.0 {
                let size = ties(other, at_risk) * other * (free / at_risk).powi(2);
                for (i, x) in x.iter_mut().enumerate() {
                    *x = ratio * compensator[[i, k]];
                }
                sums.add(k, size, &x, -ratio);
            }
        }
    }
}

fn join(result: &mut Score, sums: &Sums, compensator: &Array2<f64>) {
    let others = result.score.len();
    for i in 0..others {
        for j in 0..others {
            let mut variance = sums.xx[[i, j]];
            for (k, yy) in sums.yy.iter().enumerate() {
                let (ci, cj) = (compensator[[i, k]], compensator[[j, k]]);
                variance += ci * cj * yy + ci * sums.xy[[j, k]] + cj * sums.xy[[i, k]];
            }
            result.variance[[i, j]] = variance;
        }
    }
}
