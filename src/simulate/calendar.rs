//! Where and when: centres, the platforms that each uses from when on, units, and the cut of the data.

use chrono::{Days, NaiveDate};

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
    name: "dPCR-mono",
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

/// Names with a word about each.
pub const CALENDARS: [(&str, &str); 3] = [
    (
        "gradual",
        "12 centres: dPCR or a naive panel first, 16 variants later, genome-wide last",
    ),
    (
        "early-genome",
        "9 centres: 16 variants early, genome-wide in most from 2015, half of them in molecules per mL",
    ),
    ("late", "8 centres: naive panels and dPCR until 2018"),
];

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(NaiveDate::MIN)
}

type Switches = &'static [(i32, &'static Platform)];

const DPCR_FIRST: Switches = &[(2000, &DPCR), (2015, &BESPOKE), (2020, &GENOME)];
const NAIVE_FIRST: Switches = &[(2000, &NAIVE), (2016, &BESPOKE)];
const BESPOKE_ALONE: Switches = &[(2000, &BESPOKE), (2021, &GENOME)];
const DPCR_LONG: Switches = &[(2000, &DPCR), (2017, &BESPOKE)];
const GENOME_EARLY: Switches = &[(2000, &BESPOKE), (2015, &GENOME)];
const NAIVE_LONG: Switches = &[(2000, &NAIVE), (2018, &GENOME)];
const DPCR_LATE: Switches = &[(2000, &DPCR), (2018, &BESPOKE)];

impl Calendar {
    /// `None` for a name that is not in `CALENDARS`.
    pub fn named(name: &str) -> Option<Calendar> {
        let (number, (name, about)) = CALENDARS.iter().enumerate().find(|(_, (known, _))| *known == name)?;
        let patterns: Vec<(Switches, bool)> = match number {
            0 => [
                (DPCR_FIRST, 4, 0),
                (BESPOKE_ALONE, 3, 1),
                (NAIVE_FIRST, 2, 0),
                (DPCR_LONG, 3, 1),
            ]
            .iter()
            .flat_map(|&(switches, n, per_ml)| (0..n).map(move |i| (switches, i < per_ml)))
            .collect(),
            1 => (0..9)
                .map(|i| (if i % 3 == 2 { NAIVE_FIRST } else { GENOME_EARLY }, i % 2 == 0))
                .collect(),
            _ => (0..8)
                .map(|i| (if i % 2 == 0 { NAIVE_LONG } else { DPCR_LATE }, i == 3))
                .collect(),
        };
        let centres = patterns.into_iter().enumerate();
        Some(Calendar {
            name,
            about,
            first_surgery: first_of(2010, 1),
            last_surgery: first_of(2018, 1) - Days::new(1),
            cut: first_of(2023, 7) - Days::new(1),
            centres: centres
                .map(|(i, (switches, per_ml))| centre(i, switches, per_ml))
                .collect(),
        })
    }
}

/// Centres change one after the other, a month apart.
fn centre(i: usize, switches: Switches, per_ml: bool) -> Centre {
    let month = (i % 12) as u32 + 1;
    Centre {
        code: format!("X{i:02}"),
        per_ml,
        counts_cells: i % 5 < 3,
        platforms: switches
            .iter()
            .map(|&(year, platform)| (first_of(year, month), platform))
            .collect(),
    }
}
