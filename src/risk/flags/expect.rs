//! What a flag at a score may be expected to mean: how past flags at about that score came true.

use serde::{Deserialize, Serialize};

use super::figures::CameTrue;
use crate::survival::FollowUp;
use crate::survival::isotonic::rising;

/// Fewer past flags than this say nothing.
pub const FEWEST_FLAGS: usize = 20;
const FLAGS_A_GROUP: usize = 30;
const MOST_GROUPS: usize = 10;

/// Of past flags at about the same score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// The lowest and the highest score of these flags; one above all past flags is held against the highest of them.
    pub scores: [f64; 2],
    /// Share that relapsed within 12 and 24 months; `None` where none was watched so long.
    pub ppv12: Option<f64>,
    pub ppv24: Option<f64>,
    /// Median days from flag to detection among those that relapsed within 24 months.
    pub lead_days: Option<f64>,
    /// How many flags say so.
    pub flags: usize,
}

/// Groups of neighbouring scores, each with its Aalen-Johansen estimates, pooled until no share falls as the score rises (isotonic
/// regression by pooling adjacent violators: Ayer et al., Ann Math Stat 1955;26:641).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Experience {
    pub(super) flags: usize,
    /// In rising order of their scores.
    pub(super) groups: Vec<Expected>,
}

impl Experience {
    /// From past flags: the score on which each was raised, and what followed.
    pub(super) fn of(mut past: Vec<(f64, FollowUp)>) -> Experience {
        let flags = past.len();
        if flags < FEWEST_FLAGS {
            return Experience { flags, groups: vec![] };
        }
        past.sort_by(|a, b| a.0.total_cmp(&b.0));
        let parts = (flags / FLAGS_A_GROUP).clamp(1, MOST_GROUPS);
        let mut groups: Vec<Expected> = (0..parts)
            .map(|part| group(&past[flags * part / parts..flags * (part + 1) / parts]))
            .collect();
        pool(&mut groups, |expected| &mut expected.ppv12);
        pool(&mut groups, |expected| &mut expected.ppv24);
        Experience { flags, groups }
    }

    /// Errors: how many past flags there are, where they are too few.
    pub fn at(&self, score: f64) -> Result<Expected, usize> {
        let place = self.groups.partition_point(|group| group.scores[0] <= score).max(1) - 1;
        self.groups.get(place).copied().ok_or(self.flags)
    }

    /// Whether the score lies above those of all past flags.
    pub fn is_exceeded_by(&self, score: f64) -> bool {
        self.groups.last().is_some_and(|group| score > group.scores[1])
    }
}

fn group(past: &[(f64, FollowUp)]) -> Expected {
    let followed: Vec<FollowUp> = past.iter().map(|(_, followed)| *followed).collect();
    let came_true = CameTrue::of(&followed);
    let came_true = came_true.as_ref();
    let score = |of: Option<&(f64, FollowUp)>| of.map_or(0.0, |(score, _)| *score);
    Expected {
        scores: [score(past.first()), score(past.last())],
        ppv12: came_true.and_then(|c| c.within(365.0)),
        ppv24: came_true.and_then(|c| c.within(730.0)),
        lead_days: came_true.and_then(|c| c.median_lead(730.0)),
        flags: past.len(),
    }
}

/// Pools neighbours until the shares rise. Groups that say nothing of a share are passed over.
fn pool(groups: &mut [Expected], share: impl Fn(&mut Expected) -> &mut Option<f64>) {
    let told = groups.iter_mut().filter_map(|group| {
        let weight = group.flags as f64;
        share(group).map(|value| (value, weight))
    });
    let (values, weights): (Vec<f64>, Vec<f64>) = told.unzip();
    let mut pooled = rising(&values, &weights).into_iter();
    for group in groups {
        let slot = share(group);
        *slot = slot.and_then(|_| pooled.next());
    }
}
