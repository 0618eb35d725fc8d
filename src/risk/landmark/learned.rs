//! What is learned from rows: the families, each judged by patients it has not seen, and how they are blended.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::blend::{Blend, FAMILIES, Family, Inputs};
use super::hazard::log_hazards;
use super::regression::{CAUSES, Design, Regression};
use super::trees::{Seen, Trees};
use super::{Settings, WINDOWS};
use crate::risk::Error;

/// The families, fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Learned {
    /// Of relapse and of death without it.
    pub regressions: Vec<Regression>,
    pub trees: Option<Trees>,
    /// Places of the mechanism's log hazards among the raw columns; empty where no lines enter.
    pub mechanism: Vec<usize>,
    pub blend: Blend,
}

/// Rows with all that the families want of them.
pub(super) struct Work<'a> {
    pub design: &'a Design,
    /// Raw columns, missing values filled.
    pub raw: &'a Array2<f64>,
    pub mechanism: &'a [usize],
    /// Whether the burden line is among the columns.
    pub line: bool,
}

impl Work<'_> {
    /// Which families can be fitted at all.
    pub fn families(&self, settings: &Settings) -> Vec<Family> {
        let can = |family: &Family| match family {
            Family::Regression => true,
            Family::Trees => settings.trees,
            Family::Mechanism => !self.mechanism.is_empty(),
        };
        FAMILIES.into_iter().filter(can).collect()
    }

    /// Errors: as boosting; `Unfitted` where a regression has no maximum.
    pub fn learn(&self, settings: &Settings) -> Result<(Learned, Inputs), Error> {
        let design = self.design;
        let regressions: Vec<Regression> = (0..CAUSES)
            .map(|cause| Regression::fit(design, cause))
            .collect::<Option<_>>()
            .ok_or(Error::Unfitted)?;
        let seen = Seen {
            raw: self.raw,
            watched: &design.watched,
            event: &design.event,
            weights: &design.weights,
            fold: &design.fold,
            folds: design.folds,
            last: settings.horizons[WINDOWS - 1],
        };
        let trees = settings.trees.then(|| Trees::fit(&seen, settings.seed)).transpose()?;
        let eta = regressions[0].crossed(design.x.view(), &design.fold);
        let score = trees.as_ref().map(|trees| trees.crossed(self.raw, &design.fold));
        let inputs = self.inputs(&eta, score.as_deref());
        let families = self.families(settings);
        let blend = self.blend(&inputs, &families).ok_or(Error::Unfitted)?;
        let learned = Learned {
            regressions,
            trees,
            mechanism: self.mechanism.to_vec(),
            blend,
        };
        Ok((learned, inputs))
    }

    pub fn blend(&self, inputs: &Inputs, families: &[Family]) -> Option<Blend> {
        let design = self.design;
        let weights = design.asked(&design.weights);
        Blend::fit(inputs, design.exposure.view(), &design.fell[0], &weights, families)
    }

    fn inputs(&self, eta: &Array2<f64>, score: Option<&[f64]>) -> Inputs {
        (0..WINDOWS)
            .map(|k| {
                Array2::from_shape_fn((eta.nrows(), FAMILIES.len() + 1), |(i, j)| match j {
                    0 => 1.0,
                    1 => eta[[i, k]],
                    2 => score.map_or(0.0, |score| score[i]),
                    _ => self.mechanism.get(k).map_or(0.0, |column| self.raw[[i, *column]]),
                })
            })
            .collect()
    }

    /// What the fit, as it will predict (the mean of its parts), says of all rows.
    pub fn inputs_of(&self, learned: &Learned) -> Inputs {
        let eta = log_hazards(self.design.x.view(), &learned.regressions[0].mean);
        let score = learned.trees.as_ref().map(|trees| trees.mean(self.raw));
        self.inputs(&eta, score.as_deref())
    }
}
