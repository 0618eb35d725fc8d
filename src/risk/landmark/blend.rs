//! Several predictors made one: in each window the log hazard is a level and a weight, never below 0, for each of them. Fitted to what each
//! said of patients it had not seen, so that the weights also recalibrate. Wolpert, Neural Netw 1992;5:241; Breiman, Mach Learn 1996;24:49.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::WINDOWS;
use super::hazard::{Coefficients, Problem, Ridge};

/// What may be blended, in the order of the columns after the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    Regression,
    Trees,
    /// The forecast of the burden line alone.
    Mechanism,
}

pub const FAMILIES: [Family; 3] = [Family::Regression, Family::Trees, Family::Mechanism];

/// One row a window: its level, then the weight of each family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blend {
    pub families: Vec<Family>,
    pub weights: Coefficients,
}

/// What each family says of each row, one matrix a window: 1, then the families in order.
pub(super) type Inputs = Vec<Array2<f64>>;

/// Hardly any: the inputs are few and the rows many.
const RIDGE: Ridge = Ridge { shared: 1.0, own: 1.0 };

impl Blend {
    /// The best weights of `families`; those that come out below 0 are left out, one after another. `None` where nothing can be fitted.
    pub(super) fn fit(
        inputs: &Inputs,
        exposure: ArrayView2<f64>,
        fell: &[Option<u8>],
        weights: &[f64],
        families: &[Family],
    ) -> Option<Blend> {
        let mut blended = Array2::zeros((WINDOWS, FAMILIES.len() + 1));
        for (k, input) in inputs.iter().enumerate() {
            let mut used: Vec<usize> = families.iter().map(|family| 1 + *family as usize).collect();
            loop {
                let own = window(input, k, exposure, fell, weights, &used)?;
                let negative = (0..used.len())
                    .filter(|j| own[j + 1] < 0.0)
                    .min_by(|a, b| own[a + 1].total_cmp(&own[b + 1]));
                // also the last one: the level that goes with a weight below 0 is none without it
                if let Some(worst) = negative {
                    used.remove(worst);
                    continue;
                }
                blended[[k, 0]] = own[0];
                for (j, column) in used.iter().enumerate() {
                    blended[[k, *column]] = own[j + 1];
                }
                break;
            }
        }
        Some(Blend {
            families: families.to_vec(),
            weights: blended,
        })
    }

    /// Log hazards: one row a row, one column a window.
    pub(super) fn log_hazards(&self, inputs: &Inputs) -> Array2<f64> {
        let rows = inputs[0].nrows();
        Array2::from_shape_fn((rows, WINDOWS), |(i, k)| inputs[k].row(i).dot(&self.weights.row(k)))
    }

    pub fn uses(&self, family: Family) -> bool {
        self.weights
            .column(1 + family as usize)
            .iter()
            .any(|weight| *weight > 0.0)
    }
}

fn window(
    input: &Array2<f64>,
    k: usize,
    exposure: ArrayView2<f64>,
    fell: &[Option<u8>],
    weights: &[f64],
    used: &[usize],
) -> Option<Vec<f64>> {
    let n = input.nrows();
    let x = Array2::from_shape_fn(
        (n, used.len() + 1),
        |(i, j)| if j == 0 { 1.0 } else { input[[i, used[j - 1]]] },
    );
    let one = Array2::from_shape_fn((n, 1), |(i, _)| exposure[[i, k]]);
    let fell: Vec<Option<u8>> = fell.iter().map(|own| (*own == Some(k as u8)).then_some(0)).collect();
    let problem = Problem {
        x: x.view(),
        exposure: one.view(),
        fell: &fell,
        weights,
        held: &vec![1e-3; used.len() + 1],
    };
    let (at, _) = problem.climb(problem.start(), RIDGE, usize::MAX, None)?;
    Some(at.iter().copied().collect())
}

/// Poisson loss of log hazards by row, 0 for those that `weights` does not keep: lower is better.
pub(super) fn losses(
    log_hazards: &Array2<f64>,
    exposure: ArrayView2<f64>,
    fell: &[Option<u8>],
    weights: &[f64],
) -> Vec<f64> {
    let one = |(i, w): (usize, &f64)| {
        let mut loss = 0.0;
        for k in (0..WINDOWS).filter(|_| *w > 0.0) {
            let eta = log_hazards[[i, k]].min(12.0);
            loss += w * exposure[[i, k]] * eta.exp();
            if fell[i] == Some(k as u8) {
                loss -= w * eta;
            }
        }
        loss
    };
    weights.iter().enumerate().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A predictor that says the opposite of what came is left out, and with it the level that belonged to it: those who fall are as many
    /// as came.
    #[test]
    fn the_level_without_a_predictor_is_that_of_what_came() {
        let rows = 400;
        let input = Array2::from_shape_fn((rows, FAMILIES.len() + 1), |(i, j)| match j {
            0 => 1.0,
            1 => -6.0 + 0.5 * (i % 5) as f64,
            _ => 0.0,
        });
        let inputs: Inputs = vec![input; WINDOWS];
        let exposure = Array2::from_elem((rows, WINDOWS), 100.0);
        // the lower it says, the more of them fall
        let fell: Vec<Option<u8>> = (0..rows)
            .map(|i| ((i / 5) % 8 > 2 + i % 5).then_some((i % WINDOWS) as u8))
            .collect();
        let weights = vec![1.0; rows];
        let blend = Blend::fit(&inputs, exposure.view(), &fell, &weights, &[Family::Regression]).unwrap();
        assert!(!blend.uses(Family::Regression), "{blend:?}");
        let said = blend.log_hazards(&inputs);
        for k in 0..WINDOWS {
            let expected: f64 = said.column(k).iter().map(|eta| 100.0 * eta.exp()).sum();
            let came = fell.iter().filter(|own| **own == Some(k as u8)).count() as f64;
            assert!(
                (expected / came - 1.0).abs() < 0.02,
                "window {k}: {expected} for {came}"
            );
        }
    }
}
