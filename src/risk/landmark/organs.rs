//! Where a first relapse would be: shares of the organs among relapses of like patients, by cancer and by whether blood has shown it, each
//! group's shares shrunk to those of all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::WINDOWS;
use super::features::Readings;
use super::predict::Risks;
use crate::burden::case::{Case, Outcome};

/// Where a first distant relapse is told to be.
pub const ORGANS: [&str; 7] = ["node", "liver", "lung", "bone", "brain", "peritoneum", "other"];
/// Of a relapse of which no organ is on file; and of the risk, where too few relapses say.
const NOT_STATED: &str = "not_stated";
/// What is added to a cancer's name for those of its patients whom blood has shown, and for the others.
const SEEN: &str = ", seen in blood";
const NOT_SEEN: &str = ", not seen in blood";
/// With fewer relapses of a stated organ nothing is said of organs.
const FEWEST: f64 = 10.0;
/// What the shares of all patients are worth beside a group's own relapses.
const WORTH: f64 = 20.0;
/// One relapse in each organ, so that none is impossible.
const UNIFORM: f64 = 1.0;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// An organ, `not_stated`, `death` (without relapse) or `free` (of both).
    pub what: String,
    pub risk: f64,
}

/// Shares of the organs by group, among relapses whose organ is on file: `""` is all together, then the cancer, then the cancer with what blood shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Organs {
    pub shares: BTreeMap<String, [f64; ORGANS.len()]>,
    pub relapses: BTreeMap<String, f64>,
}

/// The place of an organ's name in `ORGANS`; what is not named there is `other`.
pub fn place(organ: &str) -> usize {
    let name = match organ {
        "lymph_node" | "nodes" | "distant_node" | "lymph node" => "node",
        "hepatic" => "liver",
        "pleura" => "lung",
        "skeleton" => "bone",
        "cns" => "brain",
        "peritoneal" => "peritoneum",
        name => name,
    };
    ORGANS.iter().position(|own| *own == name).unwrap_or(ORGANS.len() - 1)
}

fn seen_in_blood(readings: &Readings) -> bool {
    let recent = readings.draws.iter().rev().take_while(|draw| draw.on > 0).take(2);
    recent.into_iter().any(|draw| draw.detected)
}

fn keys(case: &Case, seen: bool) -> [String; 2] {
    let group = case.group.to_string();
    let with = format!("{group}{}", if seen { SEEN } else { NOT_SEEN });
    [group, with]
}

impl Organs {
    /// From the first distant relapses of `cases`, each with what was on file just before it.
    pub(super) fn learn<'a>(relapsed: impl Iterator<Item = (&'a Case, i32)>) -> Organs {
        let mut counts: BTreeMap<String, [f64; ORGANS.len()]> = BTreeMap::new();
        for (case, cut) in relapsed {
            let Some(end) = case.end(cut) else { continue };
            let Outcome::Relapse { organ, .. } = &end.what else {
                continue;
            };
            if &**organ == NOT_STATED {
                continue;
            }
            let seen = seen_in_blood(&Readings::of(case, end.on - 1, &[]));
            let [group, with] = keys(case, seen);
            for key in [String::new(), group, with] {
                counts.entry(key).or_insert([0.0; ORGANS.len()])[place(organ)] += 1.0;
            }
        }
        let mut organs = Organs::default();
        for (key, own) in &counts {
            // "breast TNBC, seen in blood" leans on "breast TNBC", which leans on all; a subtype may hold a comma of its own
            let parent = [SEEN, NOT_SEEN]
                .iter()
                .find_map(|blood| key.strip_suffix(blood))
                .unwrap_or("");
            let total: f64 = own.iter().sum();
            let lean = match organs.shares.get(parent) {
                Some(shares) if !key.is_empty() => shares.map(|share| share * WORTH),
                _ => [UNIFORM; ORGANS.len()],
            };
            let worth: f64 = lean.iter().sum();
            let mut shares = lean;
            shares
                .iter_mut()
                .zip(own)
                .for_each(|(share, n)| *share = (*share + n) / (total + worth));
            organs.relapses.insert(key.clone(), total);
            organs.shares.insert(key.clone(), shares);
        }
        organs
    }

    /// The risk at the last horizon by organ, with death and with neither: they add up to 1.
    pub(super) fn shares(&self, case: &Case, readings: &Readings, risks: &Risks) -> Vec<Share> {
        let [group, with] = keys(case, seen_in_blood(readings));
        let found = [&with, &group, &String::new()]
            .into_iter()
            .find_map(|key| self.shares.get(key));
        let (relapse, death) = (risks[0][WINDOWS - 1], risks[1][WINDOWS - 1]);
        let stated = self.relapses.get("").is_some_and(|n| *n >= FEWEST);
        let share = |(what, share): (&str, f64)| Share {
            what: what.to_owned(),
            risk: relapse * share,
        };
        let mut all: Vec<Share> = match found.filter(|_| stated) {
            Some(shares) => ORGANS.into_iter().zip(*shares).map(share).collect(),
            None => vec![share((NOT_STATED, 1.0))],
        };
        let rest = 1.0 - all.iter().map(|share| share.risk).sum::<f64>();
        all.push(Share {
            what: "death".to_owned(),
            risk: death.min(rest),
        });
        all.push(Share {
            what: "free".to_owned(),
            risk: (rest - death).max(0.0),
        });
        all
    }
}
