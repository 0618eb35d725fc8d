//! What a fit may be told: windows, landmarks, folds.

use serde::{Deserialize, Serialize};

use super::WINDOWS;
use crate::burden::case::Day;
use crate::burden::line::HORIZONS;

/// The days, counted from day zero, on which a case is looked at in the fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Landmarks {
    /// From `first` on every `every` days up to `last`, each patient's grid shifted by a share of `every` that its number decides, so that no
    /// day is special.
    Grid {
        first: Day,
        every: Day,
        last: Day,
    },
    At(Vec<Day>),
}

/// | name | default | meaning | range |
/// |---|---|---|---|
/// | `horizons` | 182, 365, 730 | ends of the windows, days after the landmark | ascending, 1 and more |
/// | `landmarks` | every 122 days from day 30 to 10 years | where the fit looks | |
/// | `asked` | none | days on which risks will be asked for, looked at beside the landmarks: level, weights of the families and verdict are of these days; without any, or with few relapses after them, of all landmarks | |
/// | `folds` | 5 | parts of the patients for cross-fitting and for the intervals | 3 and more |
/// | `most_rows` | 60,000 | landmark rows of a fit: beyond it patients without relapse are drawn, and weighted up | |
/// | `lines` | true | whether burden lines enter | |
/// | `seed` | 1 | of the draws and the shifts | |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub horizons: [Day; WINDOWS],
    pub landmarks: Landmarks,
    #[serde(default)]
    pub asked: Vec<Day>,
    pub folds: usize,
    pub most_rows: usize,
    pub lines: bool,
    /// Whether boosted trees are fitted beside the regression.
    pub trees: bool,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            horizons: HORIZONS,
            landmarks: Landmarks::Grid {
                first: 30,
                every: 122,
                last: 3653,
            },
            asked: vec![],
            folds: 5,
            most_rows: 60_000,
            lines: true,
            trees: true,
            seed: 1,
        }
    }
}

impl Settings {
    /// The days on which one patient is looked at, ascending; `shift` is in [0, 1).
    pub(super) fn days(&self, shift: f64) -> Vec<Day> {
        let mut days = match &self.landmarks {
            Landmarks::At(days) => days.clone(),
            Landmarks::Grid { first, every, last } => {
                let every = (*every).max(1);
                let start = first + (f64::from(every) * shift) as Day;
                (0..).map(|k| start + k * every).take_while(|day| day <= last).collect()
            }
        };
        days.extend(&self.asked);
        days.sort_unstable();
        days.dedup();
        days
    }

    pub(super) fn is_asked(&self, day: Day) -> bool {
        self.asked.is_empty() || self.asked.contains(&day)
    }
}
