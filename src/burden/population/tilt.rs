//! What the baseline facts of a patient add to a logit or a log rate: a share of the score that all roles have in common, and an effect of
//! each fact of its own. Adjuvant chemotherapy, say, clears what grows and leaves what rests: it has one score and two effects.

use serde::{Deserialize, Serialize};

use super::{Baseline, PACES, PERIODS};

/// The facts of a patient as the roles see them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    pub score: f64,
    /// One number a term of the baseline, mean 0 and standard deviation 1.
    pub facts: Vec<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tilt {
    /// A unit of the score.
    pub slope: f64,
    /// A standard deviation of each fact, beside what the score says of it.
    pub own: Vec<f64>,
}

/// Days by which a stage of reawakening ends, each with effects of its own; the last has no end. Of the first year's treatment; of what was
/// there at surgery; later.
const STAGES: [f64; 2] = [330.0, 1080.0];

/// One tilt a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tilts {
    /// Logits against `cleared` at day zero.
    pub silent: Tilt,
    pub growing: Tilt,
    /// Log rates of reawakening, by stage.
    pub begin: [Tilt; STAGES.len() + 1],
    /// Of slow growth: a logit between neighbouring paces.
    pub pace: Tilt,
}

/// Standard deviations of the priors: of a slope around its usual value, of an effect around 0.
const SLOPE_SD: f64 = 0.5;
const OWN_SD: f64 = 0.15;
const SWEEPS: usize = 3;
/// No coefficient moves further at once.
const LONGEST: f64 = 0.5;

impl Tilt {
    fn flat(slope: f64, facts: usize) -> Tilt {
        Tilt {
            slope,
            own: vec![0.0; facts],
        }
    }

    pub fn of(&self, standing: &Standing) -> f64 {
        let own = self.own.iter().zip(&standing.facts).map(|(b, x)| b * x);
        self.slope * standing.score + own.sum::<f64>()
    }

    /// Newton's step in one coefficient after another. `bend` gives the first and minus the second derivative of a patient's expected log
    /// likelihood where the tilt is so much.
    pub(super) fn climb(&mut self, usual: f64, standings: &[&Standing], bend: impl Fn(usize, f64) -> (f64, f64)) {
        let mut at: Vec<f64> = standings.iter().map(|standing| self.of(standing)).collect();
        for _ in 0..SWEEPS {
            for place in 0..=self.own.len() {
                let (now, from, sd) = match place {
                    0 => (self.slope, usual, SLOPE_SD),
                    _ => (self.own[place - 1], 0.0, OWN_SD),
                };
                let x = |standing: &Standing| match place {
                    0 => standing.score,
                    _ => standing.facts[place - 1],
                };
                let precision = sd.powi(-2);
                let (mut slope, mut curve) = (precision * (from - now), precision);
                for (i, standing) in standings.iter().enumerate() {
                    let (first, second) = bend(i, at[i]);
                    slope += first * x(standing);
                    curve += second * x(standing).powi(2);
                }
                let by = (slope / curve).clamp(-LONGEST, LONGEST);
                at.iter_mut().zip(standings).for_each(|(a, s)| *a += by * x(s));
                match place {
                    0 => self.slope += by,
                    _ => self.own[place - 1] += by,
                }
            }
        }
    }
}

impl Tilts {
    pub(super) const USUAL: [f64; 4] = [0.5, 0.8, 0.5, 0.0];

    pub(super) fn usual(baseline: &Baseline) -> Tilts {
        let facts = baseline.terms.len();
        let [silent, growing, begin, pace] = Tilts::USUAL.map(|slope| Tilt::flat(slope, facts));
        Tilts {
            silent,
            growing,
            begin: std::array::from_fn(|_| begin.clone()),
            pace,
        }
    }

    /// Which of the tilts of reawakening holds in a period.
    pub fn stage(period: usize) -> usize {
        STAGES.iter().filter(|end| PERIODS[period] > **end).count()
    }

    /// P(cleared, silent, growing) at day zero.
    pub fn start(&self, level: &[f64; 2], standing: &Standing) -> [f64; 3] {
        start_shares(level, [self.silent.of(standing), self.growing.of(standing)])
    }

    pub fn paces(&self, usual: &[f64; PACES], standing: &Standing) -> [f64; PACES] {
        tilted(usual, self.pace.of(standing))
    }
}

pub(super) fn start_shares(level: &[f64; 2], tilts: [f64; 2]) -> [f64; 3] {
    let [silent, growing] = [0, 1].map(|j| (level[j] + tilts[j]).exp());
    let whole = 1.0 + silent + growing;
    [1.0 / whole, silent / whole, growing / whole]
}

/// The place of a pace, 0 in the middle.
pub(super) fn place_of(pace: usize) -> f64 {
    pace as f64 - (PACES as f64 - 1.0) / 2.0
}

pub(super) fn tilted(usual: &[f64; PACES], tilt: f64) -> [f64; PACES] {
    let mut paces = *usual;
    for (pace, share) in paces.iter_mut().enumerate() {
        *share *= (tilt * place_of(pace)).exp();
    }
    let whole: f64 = paces.iter().sum();
    paces.map(|share| share / whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4,000 patients, half of them with the fact, none with a score that differs.
    fn standings() -> Vec<Standing> {
        let one = |i: usize| Standing {
            score: 0.0,
            facts: vec![if i.is_multiple_of(2) { 1.0 } else { -1.0 }],
        };
        (0..4000).map(one).collect()
    }

    #[test]
    fn what_clears_growth_and_leaves_rest_is_told_apart() {
        let (standings, level) = (standings(), [-0.5, -0.3]);
        let of: Vec<&Standing> = standings.iter().collect();
        let true_shares: Vec<[f64; 3]> = of
            .iter()
            .map(|s| start_shares(&level, [0.0, -0.8 * s.facts[0]]))
            .collect();
        let baseline = Baseline::default();
        let mut tilts = Tilts::usual(&baseline);
        for tilt in [&mut tilts.silent, &mut tilts.growing] {
            tilt.own = vec![0.0];
        }
        for _ in 0..6 {
            let other: Vec<f64> = of.iter().map(|s| tilts.silent.of(s)).collect();
            tilts.growing.climb(0.8, &of, |i, tilt| {
                let share = start_shares(&level, [other[i], tilt])[2];
                (true_shares[i][2] - share, share * (1.0 - share))
            });
            let other: Vec<f64> = of.iter().map(|s| tilts.growing.of(s)).collect();
            tilts.silent.climb(0.5, &of, |i, tilt| {
                let share = start_shares(&level, [tilt, other[i]])[1];
                (true_shares[i][1] - share, share * (1.0 - share))
            });
        }
        // drawn to 0 a little by the prior
        assert!((tilts.growing.own[0] + 0.8).abs() < 0.06, "{:?}", tilts.growing);
        assert!(tilts.silent.own[0].abs() < 0.06, "{:?}", tilts.silent);
        assert_eq!(
            tilts.growing.slope, 0.8,
            "nothing speaks of the slope where scores do not differ"
        );
    }

    #[test]
    fn a_tilt_of_the_paces_keeps_them_shares() {
        let usual = [1.0 / PACES as f64; PACES];
        assert!(
            tilted(&usual, 0.0)
                .iter()
                .zip(&usual)
                .all(|(a, b)| (a - b).abs() < 1e-15)
        );
        let slow = tilted(&usual, 0.4);
        assert!((slow.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(slow.windows(2).all(|pair| pair[0] < pair[1]), "{slow:?}");
    }
}
