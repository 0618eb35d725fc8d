//! What EM counts in its look back over one patient.

use std::collections::BTreeMap;

use crate::burden::case::{Case, Day, Finding, Found, Signal, Tissue, What};
use crate::burden::filter::{Course, End, Engine, Heard, Message, NODES, Own, Visitor, before, level_node, place};
use crate::burden::population::{PACES, PERIODS, SHEDS, Standing, organ_of};

/// A posterior over nodes, those that matter.
pub type Nodes = Vec<(u16, f32)>;

#[derive(Clone, Debug)]
pub struct PatientTally {
    pub group: String,
    pub standing: Standing,
    pub before: usize,
    pub start: [f64; 3],
    pub begun: [f64; PERIODS.len()],
    /// Steps at rest, in time that treatment leaves: what the rates of `begin` are of.
    pub silent: [f64; PERIODS.len()],
    pub pace: [f64; PACES],
    pub shed: [f64; SHEDS],
    pub carrier: Option<f64>,
    /// Of the log likelihood in the logarithm of the time that treatment leaves, by category.
    pub slowed: BTreeMap<String, f64>,
    /// Assays read, and whether they found something.
    pub assays: BTreeMap<String, bool>,
}

#[derive(Clone, Debug)]
pub struct Molecules {
    pub assay: String,
    pub examined: f64,
    pub found: Found,
    pub still: f64,
    /// Over nodes of the level.
    pub levels: Nodes,
    pub carrier: f64,
    pub sound: f64,
}

#[derive(Clone, Debug)]
pub struct Counted {
    pub tissue: Tissue,
    pub organ: String,
    pub count: f64,
    pub screened: f64,
    pub cleared: f64,
    pub silent: f64,
    pub nodes: Nodes,
}

#[derive(Clone, Debug)]
pub struct Level {
    pub analyte: String,
    pub organ: String,
    pub own: Own,
    pub first: bool,
    /// The last reading of this marker in the patient.
    pub last: bool,
    /// Logarithms.
    pub found: Found,
    pub still: f64,
    pub nodes: Nodes,
    pub sound: f64,
}

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub log_likelihood: f64,
    pub patients: Vec<PatientTally>,
    pub at_start: Vec<f64>,
    pub at_begin: Vec<f64>,
    pub exposed: BTreeMap<String, Vec<f64>>,
    /// Relapses that symptoms gave away, by organ.
    pub relapsed: BTreeMap<String, Vec<f64>>,
    pub clear: Vec<f64>,
    pub equivocal: Vec<f64>,
    pub disease: Vec<f64>,
    pub clear_still: f64,
    pub equivocal_still: f64,
    pub molecules: Vec<Molecules>,
    pub cells: Vec<Counted>,
    pub levels: Vec<Level>,
    pub slips: f64,
    pub readings: f64,
}

impl Tally {
    pub fn new() -> Tally {
        let nodes = || vec![0.0; NODES];
        Tally {
            at_start: nodes(),
            at_begin: nodes(),
            clear: nodes(),
            equivocal: nodes(),
            disease: nodes(),
            ..Tally::default()
        }
    }

    pub fn merge(mut self, other: Tally) -> Tally {
        let add = |a: &mut Vec<f64>, b: &[f64]| a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        self.log_likelihood += other.log_likelihood;
        self.patients.extend(other.patients);
        add(&mut self.at_start, &other.at_start);
        add(&mut self.at_begin, &other.at_begin);
        for (mine, theirs) in [(&mut self.exposed, other.exposed), (&mut self.relapsed, other.relapsed)] {
            for (organ, nodes) in theirs {
                add(mine.entry(organ).or_insert_with(|| vec![0.0; NODES]), &nodes);
            }
        }
        add(&mut self.clear, &other.clear);
        add(&mut self.equivocal, &other.equivocal);
        add(&mut self.disease, &other.disease);
        self.clear_still += other.clear_still;
        self.equivocal_still += other.equivocal_still;
        self.molecules.extend(other.molecules);
        self.cells.extend(other.cells);
        self.levels.extend(other.levels);
        self.slips += other.slips;
        self.readings += other.readings;
        self
    }
}

pub struct Count<'a> {
    pub tally: &'a mut Tally,
    pub patient: PatientTally,
    organ: &'a str,
    /// How the watch ended.
    end: End,
    first: bool,
    seen_markers: Vec<String>,
    /// Where this patient's levels begin in the tally.
    from: usize,
}

impl<'a> Count<'a> {
    pub fn of(tally: &'a mut Tally, engine: &Engine, case: &'a Case, day: Day, end: End) -> Count<'a> {
        Count {
            patient: PatientTally {
                group: case.group.to_string(),
                standing: engine.population.baseline.standing(case, day),
                before: before(&engine.population, case, day),
                start: [0.0; 3],
                begun: [0.0; PERIODS.len()],
                silent: [0.0; PERIODS.len()],
                pace: [0.0; PACES],
                shed: [0.0; SHEDS],
                carrier: None,
                slowed: BTreeMap::new(),
                assays: BTreeMap::new(),
            },
            from: tally.levels.len(),
            tally,
            organ: organ_of(&case.group),
            end,
            first: true,
            seen_markers: vec![],
        }
    }
}

fn period(step: usize) -> usize {
    let day = (step as f64 + 0.5) * super::STEP_DAYS;
    PERIODS.iter().position(|end| day < *end).unwrap_or(PERIODS.len() - 1)
}

fn of_organ<'t>(tables: &'t mut BTreeMap<String, Vec<f64>>, organ: &str) -> &'t mut Vec<f64> {
    if !tables.contains_key(organ) {
        tables.insert(organ.to_owned(), vec![0.0; NODES]);
    }
    tables.get_mut(organ).expect("it was just put in")
}

fn sparse(nodes: &[f64]) -> Nodes {
    let matter = nodes.iter().enumerate().filter(|(_, m)| **m > 2e-4);
    matter.map(|(i, m)| (i as u16, *m as f32)).collect()
}

impl Visitor for Count<'_> {
    fn step(&mut self, number: usize, left: f64, posterior: &Message) {
        let nodes = posterior.by_node();
        let add = |to: &mut Vec<f64>| to.iter_mut().zip(&nodes).for_each(|(t, n)| *t += n);
        if std::mem::take(&mut self.first) {
            let (paces, sheds) = posterior.by_kind();
            (self.patient.pace, self.patient.shed) = (paces, sheds);
            match self.end {
                End::Symptoms => {
                    add(of_organ(&mut self.tally.relapsed, self.organ));
                    add(of_organ(&mut self.tally.exposed, self.organ));
                }
                End::Scan => add(&mut self.tally.disease),
                End::Other => {}
            }
            return;
        }
        add(of_organ(&mut self.tally.exposed, self.organ));
        self.patient.silent[period(number)] += posterior.silent * left;
    }

    fn begun(&mut self, number: usize, mass: f64, nodes: &[f64]) {
        self.patient.begun[period(number)] += mass;
        self.tally.at_begin.iter_mut().zip(nodes).for_each(|(t, n)| *t += n);
    }

    fn slowed(&mut self, under: &[String], score: f64) {
        for category in under {
            *self.patient.slowed.entry(category.clone()).or_default() += score;
        }
    }

    fn reading(&mut self, signal: &Signal, heard: &Heard, posterior: &Message, carrier: f64) {
        let still = posterior.cleared + posterior.silent;
        let slipped = heard.plain.slipped(posterior);
        let sound = 1.0 - slipped.unwrap_or(0.0);
        if let Some(slipped) = slipped {
            self.tally.slips += slipped;
            self.tally.readings += 1.0;
        }
        match &signal.what {
            What::Molecules { assay, examined, found } => {
                let mut levels = vec![0.0; crate::burden::filter::LEVELS];
                for pace in 0..PACES {
                    for shed in 0..SHEDS {
                        let at = place(pace, shed);
                        for node in 0..NODES {
                            levels[level_node(shed, node)] += posterior.growing[at + node];
                        }
                    }
                }
                *self.patient.assays.entry(assay.to_string()).or_default() |= !matches!(found, Found::Below(_));
                self.tally.molecules.push(Molecules {
                    assay: assay.to_string(),
                    examined: *examined,
                    found: *found,
                    still,
                    levels: sparse(&levels),
                    carrier,
                    sound,
                });
            }
            What::Cells {
                tissue,
                count,
                screened,
            } => self.tally.cells.push(Counted {
                tissue: *tissue,
                organ: self.organ.to_owned(),
                count: *count,
                screened: *screened,
                cleared: posterior.cleared,
                silent: posterior.silent,
                nodes: sparse(&posterior.by_node()),
            }),
            What::Marker { analyte, level } => {
                if let Some(own) = heard.own {
                    self.tally.levels.push(Level {
                        analyte: analyte.to_string(),
                        organ: self.organ.to_owned(),
                        own,
                        first: false,
                        last: !self.tally.levels[self.from..].iter().any(|l| l.analyte == **analyte),
                        found: *level,
                        still,
                        nodes: sparse(&posterior.by_node()),
                        sound,
                    });
                }
            }
            What::Scan { finding } => {
                let nodes = posterior.by_node();
                let (to, to_still) = match finding {
                    Finding::Clear => (&mut self.tally.clear, &mut self.tally.clear_still),
                    _ => (&mut self.tally.equivocal, &mut self.tally.equivocal_still),
                };
                to.iter_mut().zip(&nodes).for_each(|(t, n)| *t += n);
                *to_still += still;
            }
        }
    }

    fn start(&mut self, _: &Course, posterior: &Message, carrier: Option<f64>) {
        let nodes = posterior.by_node();
        let growing: f64 = nodes.iter().sum();
        self.patient.start = [posterior.cleared, posterior.silent, growing];
        self.patient.carrier = carrier;
        self.tally.at_start.iter_mut().zip(&nodes).for_each(|(t, n)| *t += n);
        // the look back meets the earliest reading of a marker last
        for level in self.tally.levels[self.from..].iter_mut().rev() {
            if !self.seen_markers.contains(&level.analyte) {
                level.first = true;
                self.seen_markers.push(level.analyte.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::burden::case::{Known, Treated};
    use crate::burden::filter::tests::{case, ctdna, engine, signal};

    /// Cells at rest reawaken in the time that treatment leaves, and it is of that time that the rates are learned.
    #[test]
    fn rest_counts_in_the_time_that_treatment_leaves() {
        let quiet = |treated: Vec<Treated>| {
            let mut case = case(
                (1..6)
                    .map(|k| signal(k.into(), 100 * k, 100 * k, ctdna(Found::Below(2.0))))
                    .collect(),
            );
            case.treated = treated;
            case
        };
        let course = Treated {
            category: "endocrine".into(),
            from: 0,
            to: 600,
            known: Known {
                from: 0,
                until: Day::MAX,
            },
        };
        let rested = |case: &Case| {
            let mut engine = engine(&[case]);
            engine.population.left = [("endocrine".to_owned(), 0.5_f64.ln())].into();
            let mut follow = engine.follow(case);
            follow.known_on(600);
            let mut tally = Tally::new();
            let mut count = Count::of(&mut tally, &engine, case, 600, End::Other);
            follow.look_back(600, End::Other, &mut count);
            count.patient.silent.iter().sum::<f64>()
        };
        let share = rested(&quiet(vec![course])) / rested(&quiet(vec![]));
        assert!((0.45..0.56).contains(&share), "{share}");
    }
}
