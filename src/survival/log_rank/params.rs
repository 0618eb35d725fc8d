//! Settings of a log-rank test.

use crate::survival::Error;

/// What an event weighs in the test, by the number at risk n and the pooled Kaplan-Meier curve S just before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Weighting {
    /// 1: Mantel's log-rank, best against proportional hazards.
    #[default]
    LogRank,
    /// n: Gehan's Wilcoxon test, Biometrika 1965;52:203.
    Gehan,
    /// √n: Tarone & Ware, Biometrika 1977;64:156.
    TaroneWare,
    /// S(t-)^rho (1 - S(t-))^gamma: Harrington & Fleming, Biometrika 1982;69:553. (1, 0) is R's Peto-Peto test, (0, 1) looks at
    /// late differences.
    FlemingHarrington { rho: f64, gamma: f64 },
}

impl Weighting {
    pub(super) fn at(self, n: f64, survival: f64) -> f64 {
        match self {
            Weighting::LogRank => 1.0,
            Weighting::Gehan => n,
            Weighting::TaroneWare => n.sqrt(),
            Weighting::FlemingHarrington { rho, gamma } => survival.powf(rho) * (1.0 - survival).powf(gamma),
        }
    }
}

/// Settings: `LogRank::params().weighting(Weighting::Gehan).test(&subjects, &group, 2)?`.
///
/// | name | default | meaning |
/// |---|---|---|
/// | `weighting` | log-rank | what an event weighs |
/// | `strata` | one | a number a subject: groups are compared within a stratum only |
/// | `weights` | 1 | case weights; a subject of weight 2 is two subjects |
///
/// ```
/// use metwatch::survival::log_rank::Weighting;
/// use metwatch::survival::{FollowUp, LogRank};
///
/// let subjects = [1.0, 2.0, 3.0, 4.0].map(|t| FollowUp::until(t, 1).expect("a time"));
/// let early = LogRank::params()
///     .weighting(Weighting::FlemingHarrington { rho: 1.0, gamma: 0.0 })
///     .test(&subjects, &[0, 0, 1, 1], 2)?;
/// assert!(early.observed[0] > early.expected[0]);
/// # Ok::<(), metwatch::survival::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogRankParams {
    pub(super) weighting: Weighting,
    pub(super) strata: Option<Vec<usize>>,
    pub(super) weights: Option<Vec<f64>>,
}

impl LogRankParams {
    pub fn weighting(mut self, weighting: Weighting) -> LogRankParams {
        self.weighting = weighting;
        self
    }

    pub fn strata(mut self, strata: Vec<usize>) -> LogRankParams {
        self.strata = Some(strata);
        self
    }

    pub fn weights(mut self, weights: Vec<f64>) -> LogRankParams {
        self.weights = Some(weights);
        self
    }

    pub(super) fn check(&self, subjects: usize) -> Result<(), Error> {
        if let Some(strata) = self.strata.as_ref().filter(|strata| strata.len() != subjects) {
            return Err(Error::Lengths {
                records: strata.len(),
                targets: subjects,
            });
        }
        if let Weighting::FlemingHarrington { rho, gamma } = self.weighting {
            for value in [rho, gamma] {
                if !(value.is_finite() && value >= 0.0) {
                    return Err(Error::Parameter {
                        name: "an exponent of a log-rank weight",
                        value,
                    });
                }
            }
        }
        Ok(())
    }
}
