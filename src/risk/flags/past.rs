//! What a rule did on the past days that it was learned from, and what announced the relapses among them: counts and medians that go
//! with the model to every centre, nothing of one patient.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::figures::{CameTrue, Figures, Share, after};
use super::lead::{LeadLedger, Relapse};
use super::rule::FlagRule;
use super::series::Series;
use crate::burden::case::{Case, Day};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Past {
    pub figures: Figures,
    /// As in `figures`, with intervals.
    pub ppv12: Option<Share>,
    pub ppv24: Option<Share>,
    pub heralds: LeadLedger,
}

impl Past {
    /// At the rule's first threshold. `past`: cases with their series, scored by the part of the fit that had not seen them.
    pub fn of(rule: &FlagRule, past: &[(&Case, &Series)]) -> Past {
        let flagged = past.par_iter().map(|(_, series)| {
            let flags = rule.flags(series, 0, &[]);
            flags.iter().map(|flag| flag.raised).collect()
        });
        let flagged: Vec<Vec<Day>> = flagged.collect();
        let watched = || {
            past.iter()
                .zip(&flagged)
                .map(|((_, series), flags)| (series.watch, flags))
        };
        let followed: Vec<_> = watched()
            .flat_map(|(watch, flags)| flags.iter().filter_map(move |day| after(&watch, *day)))
            .collect();
        let came_true = CameTrue::of(&followed);
        let relapses = past.par_iter().zip(&flagged);
        let relapses = relapses.filter_map(|((case, series), flags)| Relapse::of(case, series, flags.first().copied()));
        Past {
            figures: Figures::of(watched().map(|(watch, flags)| (watch, flags.as_slice()))),
            ppv12: came_true.as_ref().and_then(|c| c.share(365.0)),
            ppv24: came_true.as_ref().and_then(|c| c.share(730.0)),
            heralds: LeadLedger::of(&relapses.collect::<Vec<_>>()),
        }
    }
}
