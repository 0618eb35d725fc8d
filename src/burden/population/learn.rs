//! EM: counts what the present parameters make of every patient, and moves the parameters to what was counted. Each has a prior worth a
//! few patients, so that a small registry stays near it.

use std::collections::BTreeMap;

use rayon::prelude::*;
use xxhash_rust::xxh3::xxh3_64;

use super::baseline::watched;
use super::emissions::{carriers, expected, most_used, move_assay, move_cells, move_marker};
use super::habits::{before_levels, scanning};
use super::maximise::maximise;
use super::tally::{Count, Counted, Level, Molecules, PatientTally, Tally};
use super::tilt::{place_of, start_shares, tilted};
use super::{BEFORE, Baseline, Group, LATTICE, PACES, PERIODS, Population, SHEDS, Standing, Tilts, marker_key, prior};
use crate::burden::Ended;
use crate::burden::case::{Case, Day, Outcome, Tissue};
use crate::burden::filter::{End, Engine, NODES};
use crate::domain::id::PatientRef;
use crate::survival::isotonic::rising;

/// Rounds of EM on some of the cases, which find the way, and on all that are learned from.
const ROUNDS: [usize; 2] = [6, 3];
/// How many cases those are. More would move the parameters by less than a year's patients do.
const LEARNED_FROM: [usize; 2] = [900, 4000];
/// With fewer patients of whom anything was read, the prior stays as it is.
const LEAST_READ: usize = 50;
/// Cases counted as one piece of work: fixed, so that the sums do not depend on the number of threads.
const PIECE: usize = 64;
/// The time that treatment leaves moves no further at once, in logarithms, and is never less.
const LONGEST_STEP: f64 = 0.2;
const LEAST_LEFT: f64 = 0.1;
/// What the prior of each share, rate and table is worth, in patients or events.
pub(super) const WORTH: f64 = 4.0;

impl Population {
    /// From what was known of each case on its own day `until` (a night's date as a day of the case). The cases' order does not matter
    /// beyond the last bits.
    pub fn learn(cases: &[Case], until: impl Fn(&Case) -> Day + Sync) -> Population {
        let known: Vec<(&Case, Day)> = cases
            .iter()
            .map(|case| (case, until(case)))
            .filter(|(_, day)| *day > 0)
            .collect();
        let (of, days): (Vec<&Case>, Vec<Day>) = known.iter().copied().unzip();
        let mut population = prior::population(&known, Baseline::learn(&of, &days));
        population.before = before_levels(&known);
        population.scanning = scanning(&known);
        let read: Vec<(&Case, Day)> = known
            .into_iter()
            .filter(|(case, day)| case.signals_on(*day).any(|s| !s.is_of_the_primary()))
            .collect();
        if read.len() < LEAST_READ {
            return population;
        }
        for (rounds, most) in ROUNDS.into_iter().zip(LEARNED_FROM) {
            let sample = sample(&read, most);
            for _ in 0..rounds {
                let tally = population.count(&sample);
                population.move_to(&tally);
            }
        }
        population
    }

    pub(in crate::burden) fn count(&self, known: &[(&Case, Day)]) -> Tally {
        let engine = Engine::new(self.clone());
        let pieces: Vec<Tally> = known
            .par_chunks(PIECE)
            .map(|piece| count_piece(&engine, piece))
            .collect();
        pieces.into_iter().fold(Tally::new(), Tally::merge)
    }

    fn move_to(&mut self, tally: &Tally) {
        self.move_groups(&tally.patients);
        self.move_left(&tally.patients);
        self.move_tables(tally);
        self.move_assays(&tally.molecules, &tally.patients);
        self.slip = ((tally.slips + 0.01 * 200.0) / (tally.readings + 200.0)).clamp(1e-4, 0.05);
        for (tissue, learned) in [(Tissue::Blood, &mut self.blood), (Tissue::Marrow, &mut self.marrow)] {
            let of: Vec<&Counted> = tally.cells.iter().filter(|c| c.tissue == tissue).collect();
            learned.par_iter_mut().for_each(|(organ, cells)| {
                let own: Vec<&Counted> = of
                    .iter()
                    .copied()
                    .filter(|c| organ.is_empty() || c.organ == *organ)
                    .collect();
                move_cells(cells, &own, &prior::cells(tissue));
            });
        }
        self.markers.par_iter_mut().for_each(|(key, marker)| {
            let all = tally.levels.iter();
            let own: Vec<&Level> = all
                .filter(|l| *key == marker_key(&l.analyte, &l.organ) || *key == marker_key(&l.analyte, ""))
                .collect();
            move_marker(marker, &own);
        });
    }

    fn move_groups(&mut self, patients: &[PatientTally]) {
        let tilts = &self.tilts;
        let shares: BTreeMap<String, Vec<&PatientTally>> = self
            .groups
            .keys()
            .map(|name| {
                let own = patients.iter().filter(|p| name.is_empty() || p.group == *name);
                (name.clone(), own.collect())
            })
            .collect();
        // all together first: they are the prior of the groups
        let pooled = self.groups[""].clone();
        for (name, group) in &mut self.groups {
            let own = &shares[name];
            group.patients = own.len() as f64;
            let base = if name.is_empty() {
                prior::group()
            } else {
                pooled.clone()
            };
            move_group(group, own, &base, tilts);
            for _ in 0..20 {
                let mut expected = [0.0; 3];
                let mut counted = [0.0; 3];
                for p in own {
                    let s = tilts.start(&group.start, &p.standing);
                    (0..3).for_each(|j| (expected[j] += s[j], counted[j] += p.start[j]).1);
                }
                let with = start_shares(&base.start, [0.0; 2]);
                let now = start_shares(&group.start, [0.0; 2]);
                let ratio = |j: usize| ((counted[j] + WORTH * with[j]) / (expected[j] + WORTH * now[j])).ln();
                group.start[0] += ratio(1) - ratio(0);
                group.start[1] += ratio(2) - ratio(0);
                group.start = group.start.map(|x| x.clamp(-9.0, 9.0));
            }
        }
        self.move_tilts(patients);
    }

    /// A step of scoring with the patients' own scores as information (Berndt, Hall, Hall & Hausman, Ann Econ Soc Meas 1974;3:653).
    fn move_left(&mut self, patients: &[PatientTally]) {
        let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (category, score) in patients.iter().flat_map(|p| &p.slowed) {
            let (sum, squares) = sums.entry(category).or_default();
            *sum += score;
            *squares += score * score;
        }
        let precision = prior::LEFT_SD.powi(-2);
        for (category, (sum, squares)) in sums {
            let left = self.left.entry(category.to_owned()).or_insert(prior::LEFT);
            let step = (sum + precision * (prior::LEFT - *left)) / (squares + precision);
            *left = (*left + step.clamp(-LONGEST_STEP, LONGEST_STEP)).clamp(LEAST_LEFT.ln(), 0.0);
        }
    }

    fn move_tilts(&mut self, patients: &[PatientTally]) {
        let groups = &self.groups;
        let group = |i: usize| &groups[&patients[i].group];
        let standings: Vec<&Standing> = patients.iter().map(|p| &p.standing).collect();
        let [silent, growing, begin, pace] = Tilts::USUAL;
        let tilts = &mut self.tilts;
        let other: Vec<f64> = standings.iter().map(|s| tilts.growing.of(s)).collect();
        tilts.silent.climb(silent, &standings, |i, tilt| {
            let share = start_shares(&group(i).start, [tilt, other[i]])[1];
            (patients[i].start[1] - share, share * (1.0 - share))
        });
        let other: Vec<f64> = standings.iter().map(|s| tilts.silent.of(s)).collect();
        tilts.growing.climb(growing, &standings, |i, tilt| {
            let share = start_shares(&group(i).start, [other[i], tilt])[2];
            (patients[i].start[2] - share, share * (1.0 - share))
        });
        for (stage, own) in tilts.begin.iter_mut().enumerate() {
            own.climb(begin, &standings, |i, tilt| {
                let periods = (0..PERIODS.len()).filter(|k| Tilts::stage(*k) == stage);
                let (begun, expected) = periods.fold((0.0, 0.0), |(begun, expected), k| {
                    let rate = (group(i).begin[k] + tilt).exp();
                    (begun + patients[i].begun[k], expected + patients[i].silent[k] * rate)
                });
                (begun - expected, expected)
            });
        }
        tilts.pace.climb(pace, &standings, |i, tilt| {
            let shares = tilted(&group(i).pace, tilt);
            let moment = |power: i32| (0..PACES).map(|k| shares[k] * place_of(k).powi(power)).sum::<f64>();
            let (mean, grown) = (moment(1), patients[i].pace.iter().sum::<f64>());
            let seen: f64 = (0..PACES).map(|k| patients[i].pace[k] * place_of(k)).sum();
            (seen - grown * mean, grown * (moment(2) - mean * mean))
        });
    }

    fn move_tables(&mut self, tally: &Tally) {
        let share = |counts: &[f64]| {
            let even = 1.0 / NODES as f64;
            let smoothed = smooth(counts);
            let whole: f64 = smoothed.iter().sum::<f64>() + WORTH;
            smoothed
                .iter()
                .map(|c| (c + WORTH * even * 0.2) / whole)
                .collect::<Vec<f64>>()
        };
        let normal = |nodes: Vec<f64>| {
            let whole: f64 = nodes.iter().sum();
            nodes.into_iter().map(|n| n / whole).collect::<Vec<f64>>()
        };
        self.at_start = normal(share(&tally.at_start));
        // growth that begins is small: what begins higher was there before
        let limit = LATTICE.nearest(-9.0);
        let mut begin = share(&tally.at_begin);
        begin[limit..].fill(0.0);
        self.at_begin = normal(begin);
        self.move_symptoms(tally);
        let looked: Vec<f64> = (0..NODES)
            .map(|i| tally.clear[i] + tally.equivocal[i] + tally.disease[i])
            .collect();
        self.seen = rates(&tally.disease, &looked, prior::seen)
            .into_iter()
            .map(|p| p.clamp(1e-6, 0.98))
            .collect();
        let unseen: Vec<f64> = (0..NODES).map(|i| tally.clear[i] + tally.equivocal[i]).collect();
        let usual = (tally.equivocal_still + 0.04 * 20.0) / (tally.equivocal_still + tally.clear_still + 20.0);
        self.equivocal_clear = usual;
        let equivocal = rates(&tally.equivocal, &unseen, |_| usual);
        self.equivocal = equivocal.into_iter().map(|p| p.clamp(0.001, 0.9)).collect();
    }

    /// By organ, each drawn to all together.
    fn move_symptoms(&mut self, tally: &Tally) {
        let sum = |tables: &BTreeMap<String, Vec<f64>>| {
            let mut all = vec![0.0; NODES];
            tables
                .values()
                .for_each(|t| all.iter_mut().zip(t).for_each(|(a, b)| *a += b));
            all
        };
        let bounded = |rates: Vec<f64>| rates.into_iter().map(|p| p.clamp(1e-7, 0.9)).collect::<Vec<f64>>();
        let pooled = bounded(rates(&sum(&tally.relapsed), &sum(&tally.exposed), prior::symptoms));
        let none = vec![0.0; NODES];
        for (organ, table) in &mut self.symptoms {
            let of = |tables: &BTreeMap<String, Vec<f64>>| tables.get(organ).cloned().unwrap_or_else(|| none.clone());
            *table = if organ.is_empty() {
                pooled.clone()
            } else {
                bounded(rates(&of(&tally.relapsed), &of(&tally.exposed), |i| pooled[i]))
            };
        }
    }

    fn move_assays(&mut self, readings: &[Molecules], patients: &[PatientTally]) {
        let most = most_used(readings);
        let size = self.molecules_size;
        self.assays.par_iter_mut().for_each(|(name, assay)| {
            let own: Vec<&Molecules> = readings
                .iter()
                .filter(|r| name.is_empty() || r.assay == *name)
                .collect();
            if name.is_empty() {
                return; // an assay not seen yet has the prior
            }
            move_assay(assay, &own, size, most.as_deref() == Some(name));
            assay.clonal = carriers(patients, name);
        });
        let assays = &self.assays;
        self.molecules_size = maximise(-1.0, 3.5, 0.02, |log| {
            let size = log.exp();
            let value = |r: &Molecules| {
                assays
                    .get(&r.assay)
                    .map_or(0.0, |assay| expected(r, assay.bias, assay.noise, size))
            };
            let sum: f64 = readings
                .par_chunks(2048)
                .map(|piece| piece.iter().map(value).sum::<f64>())
                .collect::<Vec<_>>()
                .iter()
                .sum();
            sum - (log - 1.0).powi(2)
        })
        .exp();
    }
}

/// At most so many cases, chosen by their ids alone: an outcome chosen by is an outcome over-represented.
fn sample<'c>(known: &[(&'c Case, Day)], most: usize) -> Vec<(&'c Case, Day)> {
    if known.len() <= most {
        return known.to_vec();
    }
    let draw = |case: &Case| {
        let PatientRef { site, patient } = case.patient;
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&site.0.to_le_bytes());
        bytes[4..].copy_from_slice(&patient.0.to_le_bytes());
        xxh3_64(&bytes)
    };
    let mut drawn: Vec<(u64, usize)> = known.iter().enumerate().map(|(i, (case, _))| (draw(case), i)).collect();
    drawn.sort_unstable();
    drawn.truncate(most);
    let mut places: Vec<usize> = drawn.into_iter().map(|(_, i)| i).collect();
    places.sort_unstable();
    places.into_iter().map(|i| known[i]).collect()
}

fn count_piece(engine: &Engine, piece: &[(&Case, Day)]) -> Tally {
    let mut tally = Tally::new();
    for (case, day) in piece {
        let Ended { on: end, event } = watched(case, *day);
        let ended = match case.end(*day).map(|h| &h.what) {
            Some(Outcome::Relapse { by_scan: true, .. }) if event == 1 => End::Scan,
            Some(Outcome::Relapse { .. }) if event == 1 => End::Symptoms,
            _ => End::Other,
        };
        let mut follow = engine.follow(case);
        follow.known_on(*day);
        let mut count = Count::of(&mut tally, engine, case, *day, ended);

        let log_likelihood = follow.look_back(end, ended, &mut count);
        let patient = count.patient;
        tally.log_likelihood += log_likelihood;
        tally.patients.push(patient);
    }
    tally
}

fn move_group(group: &mut Group, own: &[&PatientTally], base: &Group, tilts: &Tilts) {
    let mut begun = [0.0; PERIODS.len()];
    let mut silent = [0.0; PERIODS.len()];
    let mut pace = [0.0; PACES];
    let mut shed = [[0.0; SHEDS]; BEFORE];
    for p in own {
        let tilt = tilts.begin.each_ref().map(|tilt| tilt.of(&p.standing).exp());
        for k in 0..PERIODS.len() {
            begun[k] += p.begun[k];
            silent[k] += p.silent[k] * tilt[Tilts::stage(k)];
        }
        (0..PACES).for_each(|k| pace[k] += p.pace[k]);
        (0..SHEDS).for_each(|k| shed[p.before][k] += p.shed[k]);
    }
    // the group's own level, then each period's share of it from all together
    let expected: f64 = (0..PERIODS.len()).map(|k| silent[k] * base.begin[k].exp()).sum();
    let level = (begun.iter().sum::<f64>() + WORTH) / (expected + WORTH);
    for k in 0..PERIODS.len() {
        let usual = base.begin[k].exp() * level;
        let rate = (begun[k] + WORTH) / (silent[k] + WORTH / usual.max(1e-9));
        group.begin[k] = rate.clamp(1e-7, 0.5).ln();
    }
    let share = |counts: &[f64], base: &[f64]| -> Vec<f64> {
        let whole: f64 = counts.iter().sum::<f64>() + WORTH;
        counts.iter().zip(base).map(|(c, b)| (c + WORTH * b) / whole).collect()
    };
    group.pace.copy_from_slice(&share(&pace, &base.pace));
    for (b, counts) in shed.iter().enumerate() {
        group.shed[b].copy_from_slice(&share(counts, &base.shed[b]));
    }
}

/// Neighbouring nodes differ little.
fn smooth(counts: &[f64]) -> Vec<f64> {
    let at = |i: isize| counts[i.clamp(0, counts.len() as isize - 1) as usize];
    (0..counts.len() as isize)
        .map(|i| 0.25 * at(i - 1) + 0.5 * at(i) + 0.25 * at(i + 1))
        .collect()
}

/// Events over exposure at each node, never falling with burden, with a prior worth a little exposure.
fn rates(events: &[f64], exposure: &[f64], usual: impl Fn(usize) -> f64) -> Vec<f64> {
    let (events, exposure) = (smooth(events), smooth(exposure));
    let weights: Vec<f64> = exposure.iter().map(|e| e + WORTH).collect();
    let raw: Vec<f64> = (0..events.len())
        .map(|i| (events[i] + WORTH * usual(i)) / weights[i])
        .collect();
    rising(&raw, &weights)
}
