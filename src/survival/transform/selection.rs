//! Which fractional polynomial: the closed test procedure.

use linfa::ParamGuard;
use linfa::dataset::Dataset;
use linfa::traits::Fit;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{FractionalPolynomial, Scaling};
use crate::survival::{Error, Test};

/// The powers of Royston & Altman; 0 is the logarithm.
pub const POWERS: [f64; 8] = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0];

/// Settings of the choice among leaving a column out, a straight line, and fractional polynomials of degree 1 and 2.
///
/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `degree` | 2 | highest number of terms | 1, 2 |
/// | `select` | 0.05 | level of the test whether the column matters; 1 keeps it | (0, 1] |
/// | `alpha` | 0.05 | level of the tests between forms | (0, 1] |
/// | `scaling` | automatic | see [`Scaling`] | |
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selection {
    pub degree: usize,
    pub select: f64,
    pub alpha: f64,
    pub scaling: Scaling,
}

impl Default for Selection {
    fn default() -> Selection {
        Selection {
            degree: 2,
            select: 0.05,
            alpha: 0.05,
            scaling: Scaling::Automatic,
        }
    }
}

/// One fit on the way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// None: the column left out.
    pub powers: Vec<f64>,
    pub deviance: f64,
}

/// What was chosen, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// `None`: the column does not matter at the level `select`.
    pub chosen: Option<FractionalPolynomial>,
    pub null: Candidate,
    pub linear: Candidate,
    /// The best of one term, and of two.
    pub first: Candidate,
    pub second: Option<Candidate>,
    /// The best against nothing, against the line and (for degree 2) against one term, in that order: the first that fails decides.
    pub tests: Vec<Test>,
}

impl Selection {
    fn checked(&self) -> Result<(), Error> {
        let refuse = |name, value| Err(Error::Parameter { name, value });
        match self {
            s if !(1..=2).contains(&s.degree) => refuse("the degree of a fractional polynomial", s.degree as f64),
            s if !(s.select > 0.0 && s.select <= 1.0) => refuse("the level of selection", s.select),
            s if !(s.alpha > 0.0 && s.alpha <= 1.0) => refuse("the level of the tests", s.alpha),
            _ => Ok(()),
        }
    }

    /// Chooses by `deviance` (−2 log-likelihood) of a model that holds the given columns beside whatever else it holds; it is
    /// asked for no column, and for each set of powers. A set on which the model has no maximum (`NotConverged`, `Runaway`) is passed over.
    /// Degrees of freedom count a power as one: 4, 3 and 2 for degree 2. Ambler & Royston, J Stat Comput Simul 2001;69:89.
    pub fn choose(
        &self,
        values: ArrayView1<f64>,
        mut deviance: impl FnMut(ArrayView2<f64>) -> Result<f64, Error>,
    ) -> Result<Choice, Error> {
        self.checked()?;
        let data = Dataset::from(values.to_owned().insert_axis(Axis(1)));
        let form = |powers: &[f64]| {
            let params = FractionalPolynomial::params(0).powers(powers).scaling(self.scaling);
            params.check()?.fit(&data)
        };
        let mut fitted = |powers: &[f64]| -> Result<Candidate, Error> {
            let columns = form(powers)?.apply(data.records.view())?;
            Ok(Candidate {
                powers: powers.to_vec(),
                deviance: deviance(columns.view())?,
            })
        };
        let linear = fitted(&[1.0])?;
        let first = best(POWERS.iter().map(|p| fitted(&[*p])))?;
        let second = match self.degree {
            2 => Some(best(pairs().map(|pair| fitted(&pair)))?),
            _ => None,
        };
        let null = Candidate {
            powers: vec![],
            deviance: deviance(Array2::zeros((values.len(), 0)).view())?,
        };
        let (tests, powers) = self.closed_test(&null, &linear, &first, second.as_ref());
        Ok(Choice {
            chosen: powers.map(|powers| form(&powers)).transpose()?,
            null,
            linear,
            first,
            second,
            tests,
        })
    }

    fn closed_test(
        &self,
        null: &Candidate,
        linear: &Candidate,
        first: &Candidate,
        second: Option<&Candidate>,
    ) -> (Vec<Test>, Option<Vec<f64>>) {
        let top = second.unwrap_or(first);
        let degrees = 2 * top.powers.len();
        let mut simpler = vec![(null, degrees), (linear, degrees - 1)];
        if second.is_some() {
            simpler.push((first, degrees - 2));
        }
        let tests: Vec<Test> = (simpler.iter())
            .map(|(candidate, degrees)| Test::of(candidate.deviance - top.deviance, *degrees))
            .collect();
        let level = |place| if place == 0 { self.select } else { self.alpha };
        // A level of 1 always prefers the larger form, also where the two are the same fit.
        let failed = (tests.iter().enumerate()).find(|(place, test)| level(*place) < 1.0 && test.p >= level(*place));
        let powers = match failed {
            Some((0, _)) => None,
            Some((place, _)) => Some(simpler[place].0.powers.clone()),
            None => Some(top.powers.clone()),
        };
        (tests, powers)
    }
}

fn pairs() -> impl Iterator<Item = [f64; 2]> {
    (POWERS.iter().enumerate()).flat_map(|(i, low)| POWERS[i..].iter().map(|high| [*low, *high]))
}

/// The smallest deviance; the first of equals.
fn best(candidates: impl Iterator<Item = Result<Candidate, Error>>) -> Result<Candidate, Error> {
    let mut best: Option<Candidate> = None;
    let mut failed = Error::Empty;
    for candidate in candidates {
        match candidate {
            Err(error @ (Error::NotConverged { .. } | Error::Runaway { .. })) => failed = error,
            Err(error) => return Err(error),
            Ok(candidate) if !candidate.deviance.is_finite() => {}
            Ok(candidate) if best.as_ref().is_some_and(|b| b.deviance <= candidate.deviance) => {}
            Ok(candidate) => best = Some(candidate),
        }
    }
    best.ok_or(failed)
}
