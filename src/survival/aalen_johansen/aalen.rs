//! Aalen's variance of cumulative incidence, as cmprsk's `cuminc`.

use super::AalenJohansen;

impl AalenJohansen {
    /// Aalen's variance of a cause's incidence after each step, events of one time with the finite-population factor of
    /// cmprsk. Aalen, Ann Stat 1978;6:534; Gray, Ann Stat 1988;16:1141. Case weights count as repeated rows.
    pub fn aalen_variance(&self, cause: u32) -> Vec<f64> {
        let Some(column) = self.column(cause) else {
            return vec![0.0; self.steps.len()];
        };
        // The variance at t is the sum over events u of size(u) (x(u) - F(t) y(u))², kept as three sums.
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        let mut before = 1.0;
        let variance = |row: usize| {
            let (step, fallen) = (self.steps[row], self.incidence[[row, column]]);
            let own = self.events[[row, column]];
            let other = self.events.row(row).sum() - own;
            let y = if step.free > 0.0 { 1.0 / step.free } else { 0.0 };
            let x = fallen * y;
            for (events, x) in [(other, x), (own, 1.0 + x)] {
                let size = size(events, step.at_risk, before);
                xx += size * x * x;
                xy += size * x * y;
                yy += size * y * y;
            }
            before = step.free;
            (xx - 2.0 * fallen * xy + fallen * fallen * yy).max(0.0)
        };
        (0..self.steps.len()).map(variance).collect()
    }
}

/// The variance of the jump of incidence at events of one time.
fn size(events: f64, at_risk: f64, free: f64) -> f64 {
    let ties = if events > 1.0 {
        1.0 - (events - 1.0) / (at_risk - 1.0)
    } else {
        1.0
    };
    ties * events * (free / at_risk).powi(2)
}
