//! Where and when: centres, the platforms that each uses from when on, units, and the cut of the data.

use chrono::NaiveDate;

/// A ctDNA platform: what it counts and what it mistakes.
#[derive(Debug, PartialEq)]
pub struct Platform {
    pub name: &'static str,
    /// Molecules examined per genome equivalent (variants x efficiency). Orders of magnitude from the derived row "what sets
    /// the limit"; the limits of detection that follow are those of dPCR, 16-variant and genome-wide panels.
    pub efficiency: f64,
    /// Mean count of look-alike molecules in a sample without tumour. Assumed: one sample in two hundred is called (Coombes 2019: 0 of 156).
    pub(super) background: f64,
    /// Natural logarithm of the platform's multiplicative bias. Assumed.
    pub(super) bias: f64,
    /// Whether clonal haematopoiesis is mistaken for tumour.
    pub(super) naive: bool,
}

pub(super) static DPCR: Platform = Platform {
    name: "dPCR-3",
    efficiency: 2.2,
    background: 0.09,
    bias: 0.10,
    naive: false,
};
pub(super) static BESPOKE: Platform = Platform {
    name: "TI-16",
    efficiency: 9.0,
    background: 0.07,
    bias: -0.10,
    naive: false,
};
pub(super) static GENOME: Platform = Platform {
    name: "TI-genome",
    efficiency: 34.0,
    background: 0.09,
    bias: 0.15,
    naive: false,
};
pub(super) static NAIVE: Platform = Platform {
    name: "panel-naive-77",
    efficiency: 1.4,
    background: 0.09,
    bias: 0.05,
    naive: true,
};

pub struct Centre {
    pub code: String,
    /// ctDNA in mutant molecules per mL instead of a percentage.
    pub per_ml: bool,
    /// Circulating tumour cells are counted here.
    pub counts_cells: bool,
    /// Platforms with the first day of each, the earliest first.
    pub platforms: Vec<(NaiveDate, &'static Platform)>,
}

impl Centre {
    pub(super) fn platform(&self, day: NaiveDate) -> &'static Platform {
        let current = self.platforms.iter().rev().find(|(from, _)| *from <= day);
        current
            .or(self.platforms.first())
            .map_or(&DPCR, |(_, platform)| platform)
    }
}

pub struct Calendar {
    pub name: &'static str,
    pub about: &'static str,
    pub first_surgery: NaiveDate,
    pub last_surgery: NaiveDate,
    pub cut: NaiveDate,
    pub centres: Vec<Centre>,
}

type Switches = &'static [(i32, &'static Platform)];

/// Name, a word about it, years of surgery, the year of the cut.
struct Plan {
    name: &'static str,
    about: &'static str,
    surgery: (i32, i32),
    cut: (i32, u32, u32),
    /// For each kind of centre: platforms by year, how many such centres, how many of them report molecules per mL.
    centres: &'static [(Switches, usize, usize)],
    code: fn(usize) -> String,
}

const DPCR_FIRST: Switches = &[(2000, &DPCR), (2015, &BESPOKE), (2020, &GENOME)];
const NAIVE_FIRST: Switches = &[(2000, &NAIVE), (2016, &BESPOKE)];
const BESPOKE_FIRST: Switches = &[(2000, &BESPOKE), (2021, &GENOME)];
const DPCR_LONG: Switches = &[(2000, &DPCR), (2017, &BESPOKE)];
const GENOME_EARLY: Switches = &[(2000, &BESPOKE), (2015, &GENOME)];
const NAIVE_LONG: Switches = &[(2000, &NAIVE), (2018, &GENOME)];
const DPCR_LATE: Switches = &[(2000, &DPCR), (2018, &BESPOKE)];

fn numbered(i: usize) -> String {
    format!("X{i:02}")
}

const GRADUAL: Plan = Plan {
    name: "gradual",
    about: "12 centres: dPCR or a naive panel first, 16 variants later, genome-wide last",
    surgery: (2010, 2017),
    cut: (2023, 6, 30),
    centres: &[
        (DPCR_FIRST, 4, 0),
        (BESPOKE_FIRST, 3, 1),
        (NAIVE_FIRST, 2, 0),
        (DPCR_LONG, 3, 1),
    ],
    code: numbered,
};

static PLANS: [Plan; 4] = [
    GRADUAL,
    Plan {
        name: "early-genome",
        about: "9 centres: 16 variants early, genome-wide in most from 2015, half of them in molecules per mL",
        centres: &[(GENOME_EARLY, 6, 4), (NAIVE_FIRST, 3, 0)],
        ..GRADUAL
    },
    Plan {
        name: "late",
        about: "8 centres: naive panels and dPCR until 2018",
        centres: &[(NAIVE_LONG, 4, 0), (DPCR_LATE, 4, 1)],
        ..GRADUAL
    },
    Plan {
        name: "demonstration",
        about: "4 centres, surgery from 2017 to 2024, percentages alone: the demonstration's synthetic centres",
        surgery: (2017, 2024),
        cut: (2026, 11, 15),
        centres: &[
            (&[(2000, &DPCR), (2021, &BESPOKE)], 1, 0),
            (&[(2000, &NAIVE), (2022, &BESPOKE)], 1, 0),
            (&[(2000, &BESPOKE), (2023, &GENOME)], 1, 0),
            (&[(2000, &BESPOKE)], 1, 0),
        ],
        code: |i| format!("SYN-{}", ["A", "B", "C", "D"][i % 4]),
    },
];

/// Name, and a word about it, of each calendar.
pub fn calendars() -> impl Iterator<Item = (&'static str, &'static str)> {
    PLANS.iter().map(|plan| (plan.name, plan.about))
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or(NaiveDate::MIN)
}

impl Calendar {
    /// `None` for a name that is not among `calendars`.
    pub fn named(name: &str) -> Option<Calendar> {
        let plan = PLANS.iter().find(|plan| plan.name == name)?;
        let kinds = plan.centres.iter();
        let kinds = kinds.flat_map(|&(switches, n, per_ml)| (0..n).map(move |i| (switches, i < per_ml)));
        let centres = kinds.enumerate().map(|(i, (switches, per_ml))| Centre {
            code: (plan.code)(i),
            per_ml,
            counts_cells: i % 5 < 3,
            // centres change one after the other, a month apart
            platforms: switches
                .iter()
                .map(|&(year, platform)| (date(year, (i % 12) as u32 + 1, 1), platform))
                .collect(),
        });
        let (year, month, day) = plan.cut;
        Some(Calendar {
            name: plan.name,
            about: plan.about,
            first_surgery: date(plan.surgery.0, 1, 1),
            last_surgery: date(plan.surgery.1, 12, 31),
            cut: date(year, month, day),
            centres: centres.collect(),
        })
    }
}
