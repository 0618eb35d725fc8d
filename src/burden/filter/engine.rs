//! A population's parameters with everything that can be worked out once for all patients.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::era::{Organ, eras};
use super::message::{Course, NODES};
use crate::burden::case::{Case, Day, Found, What};
use crate::burden::population::{
    ANCHOR, Cells, LATTICE, Marker, PERIODS, Population, SHED, SHEDS, STEP_DAYS, Tilts, marker_key, organ_of, own,
};

#[derive(Clone, Debug)]
pub struct Engine {
    pub population: Population,
    /// By organ of the primary.
    organs: BTreeMap<String, Arc<Organ>>,
    /// Period of each step.
    pub period: Vec<usize>,
    /// exp(log burden + shed) on the nodes of the level, from the lowest shed at the lowest node on.
    pub fractions: Vec<f64>,
    pub blood: BTreeMap<String, Vec<f64>>,
    pub marrow: BTreeMap<String, Vec<f64>>,
}

/// Nodes of the level (burden and shed together).
pub const LEVELS: usize = NODES + (SHED[SHEDS - 1] - SHED[0]) as usize;

/// The level's node of a burden's node.
pub fn level_node(shed: usize, node: usize) -> usize {
    node + (SHED[shed] - SHED[0]) as usize
}

pub fn level(node: usize) -> f64 {
    LATTICE.low + LATTICE.step * (node as f64 + SHED[0] as f64)
}

impl Engine {
    pub fn new(population: Population) -> Engine {
        let period = |step: usize| PERIODS.iter().position(|end| (step as f64 + 0.5) * STEP_DAYS < *end);
        let expected = |cells: &Cells| (0..NODES).map(|i| cells_grown(cells, LATTICE.node(i))).collect();
        let all = |map: &BTreeMap<String, Cells>| map.iter().map(|(k, c)| (k.clone(), expected(c))).collect();
        let organ = |(name, symptoms): (&String, &Vec<f64>)| (name.clone(), Arc::new(Organ::new(symptoms)));
        Engine {
            blood: all(&population.blood),
            marrow: all(&population.marrow),
            organs: population.symptoms.iter().map(organ).collect(),
            period: (0..80).map(|s| period(s).unwrap_or(PERIODS.len() - 1)).collect(),
            fractions: (0..LEVELS).map(|i| level(i).exp()).collect(),
            population,
        }
    }

    pub fn course(&self, case: &Case, day: Day) -> Course {
        let population = &self.population;
        let group = population.group(&case.group);
        let standing = population.baseline.standing(case, day);
        let tilts = &population.tilts;
        let begin = tilts.begin.each_ref().map(|tilt| tilt.of(&standing));
        let rate = |(period, usual): (usize, &f64)| (usual + begin[Tilts::stage(period)]).exp().min(0.5);
        Course {
            eras: eras(population, case, day),
            begin: group.begin.iter().enumerate().map(rate).collect(),
            pace: tilts.paces(&group.pace, &standing),
            shed: group.shed[before(population, case, day)],
            start: tilts.start(&group.start, &standing),
            organ: Arc::clone(own(&self.organs, organ_of(&case.group)).expect("all organs together are one")),
        }
    }

    /// P(silent cells begin to grow within a step).
    pub fn begin(&self, course: &Course, number: usize) -> f64 {
        let rate = course.begin[self.period[number.min(self.period.len() - 1)]];
        course.era(number).map_or(rate, |era| rate * era.left)
    }

    pub fn marker(&self, analyte: &str, organ: &str) -> Option<&Marker> {
        let markers = &self.population.markers;
        markers
            .get(&marker_key(analyte, organ))
            .or_else(|| markers.get(&marker_key(analyte, "")))
    }
}

/// Expected cells per unit that growth of this burden adds.
pub fn cells_grown(cells: &Cells, burden: f64) -> f64 {
    (cells.at_anchor + cells.rise * (burden - ANCHOR)).min(12.0).exp()
}

/// The log fraction of the primary's ctDNA before surgery: `None` where it was not read, minus infinity where not detected.
pub fn read_before(case: &Case, day: Day) -> Option<f64> {
    let levels = case
        .signals_on(day)
        .take_while(|s| s.on <= 0)
        .filter(|s| s.is_of_the_primary())
        .filter_map(|s| match s.what {
            What::Molecules { examined, found, .. } => Some(match found {
                Found::Number(n) | Found::Above(n) if n > 0.0 => (n / examined).ln(),
                _ => f64::NEG_INFINITY,
            }),
            _ => None,
        });
    levels.reduce(f64::max)
}

pub fn before(population: &Population, case: &Case, day: Day) -> usize {
    match read_before(case, day) {
        None => 0,
        Some(f64::NEG_INFINITY) => 1,
        Some(level) => match own(&population.before, organ_of(&case.group)) {
            Some(middle) if level > *middle => 3,
            _ => 2,
        },
    }
}
