//! Who the patient is: group, age, tumour, arm, treatment.

use chrono::{Datelike, Days, NaiveDate};

use super::calendar::Calendar;
use super::draw::Draw;
use super::groups::{Group, Traits};
use super::mix::CaseMix;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    Standard,
    Intensified,
    Maintenance,
}

impl Arm {
    pub fn code(self) -> &'static str {
        match self {
            Arm::Standard => "standard",
            Arm::Intensified => "intensified",
            Arm::Maintenance => "maintenance",
        }
    }
}

/// What is written of a patient at diagnosis; the disease knows the values also where the registry misses them.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub group: Group,
    /// Place in the calendar's list of centres.
    pub centre: usize,
    pub female: bool,
    pub age: i32,
    pub surgery: NaiveDate,
    pub size_mm: f64,
    pub nodes: u32,
    pub grade: u8,
    pub ki67: f64,
    pub arm: Arm,
    pub chemotherapy: bool,
    pub endocrine: bool,
    /// Which of size, nodes, grade, Ki67 the registry does not know.
    pub missing: [bool; 4],
}

impl Baseline {
    pub fn birth_year(&self) -> i32 {
        self.surgery.year() - self.age
    }

    pub fn traits(&self) -> &'static Traits {
        self.group.traits()
    }

    /// Volume of the primary tumour in cm³, as a ball.
    pub(super) fn volume(&self) -> f64 {
        std::f64::consts::PI / 6.0 * (self.size_mm / 10.0).powi(3)
    }

    pub(super) fn draw(draw: &mut Draw, mix: &CaseMix, calendar: &Calendar) -> Baseline {
        let group = Group::ALL[draw.pick(&mix.weights)];
        let traits = group.traits();
        let centre = draw.pick(&vec![1.0; calendar.centres.len()]);
        let days = (calendar.last_surgery - calendar.first_surgery).num_days().max(0) as f64;
        let surgery = calendar.first_surgery + Days::new((draw.uniform() * (days + 1.0)) as u64);
        let size_mm = draw.around(traits.size * mix.size, 0.5).clamp(3.0, 150.0);
        let nodes = draw.negative_binomial(traits.nodes * (size_mm / traits.size).powf(0.8), 0.35);
        let grade = draw.pick(&traits.grades) as u8 + 1;
        let ki67 = draw.around(traits.ki67 * (1.0 + 0.25 * (f64::from(grade) - 2.0)), 0.5);
        let age = (traits.age + mix.older + traits.age_sd * draw.normal())
            .round()
            .clamp(24.0, 92.0);
        let female = match group {
            Group::Prostate => false,
            _ => group.is_breast() || draw.chance(0.49),
        };
        // the young and the node-positive are treated more
        let lean = 0.06 * f64::from(nodes.min(5)) - 0.008 * (age - traits.age);
        Baseline {
            group,
            centre,
            female,
            age: age as i32,
            surgery,
            size_mm: size_mm.round(),
            nodes: nodes.min(40),
            grade,
            ki67: ki67.clamp(1.0, 99.0).round(),
            arm: [Arm::Standard, Arm::Intensified, Arm::Maintenance][draw.pick(&[1.0; 3])],
            chemotherapy: draw.chance((traits.chemotherapy + lean).clamp(0.02, 0.97)),
            endocrine: draw.chance(traits.endocrine),
            missing: [0.025, 0.04, 0.05, 0.30].map(|share| draw.chance(share)),
        }
    }
}
