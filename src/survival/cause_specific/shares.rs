//! What each covariate adds to a risk, so that the parts make up the whole.

use ndarray::ArrayView1;

use super::CauseSpecific;
use crate::survival::Error;

/// `at_means` plus all `effects` is `value`, to rounding.
#[derive(Clone, Debug, PartialEq)]
pub struct Shares {
    /// The risk of somebody at the column means, in the same window.
    pub at_means: f64,
    pub value: f64,
    /// One a column.
    pub effects: Vec<f64>,
}

/// Nodes and weights of Gauss-Legendre's rule on (0, 1), 8 points a panel.
const GAUSS: [(f64, f64); 8] = [
    (0.019_855_071_751_231_884, 0.050_614_268_145_188_13),
    (0.101_666_761_293_186_63, 0.111_190_517_226_687_24),
    (0.237_233_795_041_835_5, 0.156_853_322_938_943_64),
    (0.408_282_678_752_175_1, 0.181_341_891_689_181),
    (0.591_717_321_247_825, 0.181_341_891_689_181),
    (0.762_766_204_958_164_5, 0.156_853_322_938_943_64),
    (0.898_333_238_706_813_4, 0.111_190_517_226_687_24),
    (0.980_144_928_248_768_1, 0.050_614_268_145_188_13),
];
const PANELS: usize = 4;

impl CauseSpecific {
    /// Aumann-Shapley shares (Aumann & Shapley, Values of Non-Atomic Games, 1974; "integrated gradients") in the risk of cause 1: on
    /// the straight line from the means to the row, each column gets its part of the change of all linear predictors times the
    /// mean slope of the risk. Errors as for `risk`.
    pub fn shares(&self, row: ArrayView1<f64>, from: f64, to: f64) -> Result<Shares, Error> {
        let window = self.window(from, to)?;
        let end = self.predictors(row)?;
        let at_means = window.path(&vec![0.0; end.len()]).taken(0);
        let value = window.path(&end).taken(0);
        let mut slope = vec![0.0; end.len()];
        for panel in 0..PANELS {
            for (node, weight) in GAUSS {
                let along = (panel as f64 + node) / PANELS as f64;
                let point: Vec<f64> = end.iter().map(|eta| eta * along).collect();
                let here = window.path(&point).predictor_slopes(0);
                for (sum, part) in slope.iter_mut().zip(here) {
                    *sum += weight / PANELS as f64 * part;
                }
            }
        }
        let mut effects = vec![0.0; row.len()];
        for ((model, columns), slope) in self.models.iter().zip(&self.columns).zip(&slope) {
            for (j, column) in columns.iter().enumerate() {
                effects[*column] += slope * model.coefficients[j] * (row[*column] - model.means[j]);
            }
        }
        // What the rule's rounding leaves goes to the largest, so that the sum holds whatever the row.
        let left = value - at_means - effects.iter().sum::<f64>();
        if let Some(largest) = effects.iter_mut().max_by(|a, b| a.abs().total_cmp(&b.abs())) {
            *largest += left;
        }
        Ok(Shares {
            at_means,
            value,
            effects,
        })
    }
}
