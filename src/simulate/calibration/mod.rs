//! Published against simulated: the figures that the model is calibrated to, measured on the cohort itself.

mod rows;

use crate::simulate::course::VisitKind;
use crate::simulate::groups::{Group, Organ};
use crate::simulate::patient::Patient;
use crate::simulate::readings::Analyte;

const YEAR: f64 = 365.25;

/// One line of the table. `band`: where the simulated figure ought to lie in a cohort of the usual mix; wide, since the
/// published series differ from each other.
#[derive(Clone, Debug)]
pub struct Row {
    pub figure: &'static str,
    pub published: &'static str,
    pub source: &'static str,
    pub band: (f64, f64),
    pub unit: &'static str,
    /// `None` when nobody in the cohort could show it.
    pub simulated: Option<f64>,
    /// Patients behind it.
    pub of: usize,
}

#[derive(Clone, Copy, Default)]
struct Share {
    yes: usize,
    of: usize,
}

impl Share {
    fn add(&mut self, yes: bool) {
        self.of += 1;
        self.yes += usize::from(yes);
    }
}

/// Events and person-time of the first twelve years.
#[derive(Clone, Copy, Default)]
struct Rates {
    relapses: [f64; 12],
    deaths: [f64; 12],
    years: [f64; 12],
}

impl Rates {
    fn add(&mut self, patient: &Patient) {
        let outcome = &patient.course.outcome;
        let end = f64::from(outcome.relapse.map_or(outcome.last_day, |r| r.day)) / YEAR;
        for year in 0..12 {
            self.years[year] += (end - year as f64).clamp(0.0, 1.0);
        }
        let Some(last) = Some(end as usize).filter(|year| *year < 12) else {
            return;
        };
        if outcome.relapse.is_some() {
            self.relapses[last] += 1.0;
        } else if outcome.died.is_some() {
            self.deaths[last] += 1.0;
        }
    }

    fn hazard(&self, years: std::ops::Range<usize>) -> Option<f64> {
        let at_risk: f64 = self.years[years.clone()].iter().sum();
        (at_risk > 0.0).then(|| self.relapses[years].iter().sum::<f64>() / at_risk)
    }

    /// Share relapsed within so many years, death competing.
    fn incidence(&self, years: usize) -> Option<f64> {
        let mut free = 1.0;
        let mut relapsed = 0.0;
        for year in 0..years {
            let at_risk = Some(self.years[year]).filter(|y| *y > 0.0)?;
            let (to_relapse, to_death) = (self.relapses[year] / at_risk, self.deaths[year] / at_risk);
            let left = (-(to_relapse + to_death)).exp();
            if to_relapse > 0.0 {
                relapsed += free * (1.0 - left) * to_relapse / (to_relapse + to_death);
            }
            free *= left;
        }
        Some(relapsed)
    }

    fn peak(&self) -> Option<f64> {
        let hazards = (0..10).filter_map(|year| Some((self.hazard(year..year + 1)?, year)));
        hazards
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, year)| year as f64 + 1.0)
    }
}

/// Takes patients one by one and holds only counts and lead times.
#[derive(Default)]
pub struct Calibration {
    marrow: Share,
    blood: Share,
    late_blood: Share,
    many_cells: Share,
    breast: Rates,
    positive: Rates,
    negative: Rates,
    times: Vec<f64>,
    by_five: Share,
    sites: [Share; 5],
    brain: [Share; 2],
    ahead: Share,
    leads: Vec<f64>,
    brain_ahead: Share,
    ever: Share,
    lung_all: Share,
    lung_relapsers: Share,
    markers: Share,
}

impl Calibration {
    pub fn add(&mut self, patient: &Patient) {
        if patient.who.group.is_breast() {
            self.breast(patient);
            self.surveillance(patient);
        } else if matches!(patient.who.group, Group::Adenocarcinoma | Group::Squamous) {
            self.lung(patient);
        }
    }

    fn breast(&mut self, patient: &Patient) {
        let (readings, outcome) = (&patient.readings, &patient.course.outcome);
        let kind = |visit: usize| patient.course.visits[visit].kind;
        for row in readings
            .dtc
            .iter()
            .filter(|r| kind(r.sample.visit) == VisitKind::Baseline)
        {
            self.marrow.add(row.count > 0);
        }
        for row in &readings.ctc {
            match kind(row.sample.visit) {
                VisitKind::Baseline => self.blood.add(row.count > 0),
                VisitKind::Workup => self.many_cells.add(row.count >= 5),
                VisitKind::Scheduled if outcome.relapse.is_none() && (1600..2100).contains(&row.sample.collected) => {
                    self.late_blood.add(row.count > 0);
                }
                _ => {}
            }
        }
        self.breast.add(patient);
        match patient.who.group {
            Group::HrPositive => self.positive.add(patient),
            Group::TripleNegative => self.negative.add(patient),
            _ => {}
        }
        let Some(relapse) = outcome.relapse else { return };
        self.times.push(f64::from(relapse.day) / YEAR * 12.0);
        self.by_five.add(f64::from(relapse.day) < 5.0 * YEAR);
        for (share, organ) in self.sites.iter_mut().zip(Organ::ALL) {
            share.add(organ == relapse.organ);
        }
        match patient.who.group {
            Group::HrPositive => self.brain[0].add(relapse.organ == Organ::Brain),
            Group::TripleNegative => self.brain[1].add(relapse.organ == Organ::Brain),
            _ => {}
        }
        let rows = readings.markers.iter().filter(|m| m.analyte == Analyte::Ca153);
        for row in rows.filter(|m| kind(m.sample.visit) == VisitKind::Workup) {
            self.markers.add(row.value > 30.0);
        }
    }

    /// Tumour-informed follow-up, as in the published series: at least two such draws after surgery and before a relapse.
    fn surveillance(&mut self, patient: &Patient) {
        let relapse = patient.course.outcome.relapse;
        let rows = patient.readings.ctdna.iter().filter(|r| r.platform.efficiency > 4.0);
        let before = relapse.map_or(i32::MAX, |r| r.day);
        let rows = rows.filter(|r| r.sample.collected > 20 && r.sample.collected <= before);
        let draws: Vec<(i32, bool)> = rows.map(|r| (r.sample.collected, r.value.is_some())).collect();
        if draws.len() < 2 {
            return;
        }
        let positive = draws
            .iter()
            .filter(|(_, detected)| *detected)
            .map(|(day, _)| *day)
            .min();
        let Some(relapse) = relapse else {
            return self.ever.add(positive.is_some());
        };
        let recent = draws.iter().any(|(day, _)| *day > before - 400 && *day < before);
        if !recent || draws[0].0 > before - 200 {
            return;
        }
        self.ahead.add(positive.is_some());
        self.leads
            .extend(positive.map(|day| f64::from(relapse.day - day) / YEAR * 12.0));
        if relapse.organ == Organ::Brain && patient.disease.deposits.len() == 1 {
            self.brain_ahead.add(positive.is_some());
        }
    }

    fn lung(&mut self, patient: &Patient) {
        let rows = patient.readings.ctdna.iter().filter(|r| r.platform.efficiency > 4.0);
        let early: Vec<_> = rows.filter(|r| (1..=120).contains(&r.sample.collected)).collect();
        if !early.is_empty() {
            let positive = early.iter().any(|r| r.value.is_some());
            self.lung_all.add(positive);
            if patient.course.outcome.relapse.is_some() {
                self.lung_relapsers.add(positive);
            }
        }
    }
}
