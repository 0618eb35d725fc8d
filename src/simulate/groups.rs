//! What differs between cancers and their subtypes. Each figure is a row of the published figures in docs/simulate.md, or
//! "assumed": chosen so that a cohort shows those figures.

/// A cancer with its subtype; the order is that of `GROUPS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    HrPositive,
    Her2Positive,
    TripleNegative,
    Colorectal,
    Adenocarcinoma,
    Squamous,
    Prostate,
}

/// Where a metastasis grows; the order is that of `Traits::organs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Organ {
    Bone,
    Liver,
    Lung,
    Brain,
    SoftTissue,
}

impl Organ {
    pub const ALL: [Organ; 5] = [Organ::Bone, Organ::Liver, Organ::Lung, Organ::Brain, Organ::SoftTissue];

    pub fn code(self) -> &'static str {
        match self {
            Organ::Bone => "bone",
            Organ::Liver => "liver",
            Organ::Lung => "lung",
            Organ::Brain => "brain",
            Organ::SoftTissue => "soft_tissue",
        }
    }

    /// Mutant molecules that a lesion here gives to the blood, relative to bone. Brain nearly none (Garcia-Murillas 2019: brain-only
    /// relapse detected less often); the others assumed.
    pub(super) fn sheds(self) -> f64 {
        match self {
            Organ::Bone => 1.0,
            Organ::Liver => 1.6,
            Organ::Lung => 0.6,
            Organ::Brain => 0.03,
            Organ::SoftTissue => 0.8,
        }
    }

    /// Median diameter in mm at which a lesion makes itself felt. Assumed.
    pub(super) fn felt_at(self) -> f64 {
        match self {
            Organ::Bone => 20.0,
            Organ::Liver => 36.0,
            Organ::Lung => 30.0,
            Organ::Brain => 15.0,
            Organ::SoftTissue => 26.0,
        }
    }
}

pub struct Traits {
    pub cancer: &'static str,
    pub subtype: &'static str,
    pub(super) age: f64,
    pub(super) age_sd: f64,
    /// Median in mm. Assumed.
    pub(super) size: f64,
    /// Mean number of positive nodes at that size. Assumed.
    pub(super) nodes: f64,
    /// Weights of grades 1 to 3. Assumed.
    pub(super) grades: [f64; 3],
    pub(super) ki67: f64,
    pub(super) chemotherapy: f64,
    pub(super) endocrine: f64,
    /// Expected metastatic deposits of a tumour of median size, no node, grade 2 (mu of Benzekry 2016, which carries the
    /// between-patient variation). Assumed, so that the shares of relapse come out.
    pub(super) seeding: f64,
    /// Share of deposits that grow from the beginning. Assumed; low where relapse is late (Colleoni 2016: ER+ and ER- cross).
    pub(super) awake: f64,
    /// Weibull law of the time to reawakening, in years. Assumed; for lung from the dormancy in Bilous 2019.
    pub(super) reawakening: (f64, f64),
    /// Median volume doubling time in days at about 0.02 cm³. Assumed.
    pub(super) doubling: f64,
    /// Shedding relative to the mean. Assumed; Shaw 2024: all misses were HR+.
    pub(super) sheds: f64,
    /// Share of tumours that hardly shed. Shaw 2024: 4 of 34 relapses missed, all HR+.
    pub(super) hardly: f64,
    /// Weights of bone, liver, lung, brain, soft tissue as the first site (PMC5040895 by subtype; Iran J Med Sci 47718 for the level).
    pub(super) organs: [f64; 5],
    /// Circulating tumour cells per 7.5 mL at 1 cm³ of metastasis. Breast: Cristofanilli 2004 (half have >= 5 when metastatic).
    pub(super) cells: f64,
    /// The same from the primary tumour, before surgery (breast: Janni 2016, 20 %).
    pub(super) cells_at_diagnosis: f64,
    /// Median survival after relapse in days. Assumed.
    pub(super) survival: f64,
    /// Share scanned on schedule, and days between scans. Assumed (practice of guidelines).
    pub(super) scanned: (f64, f64),
}

impl Group {
    pub const ALL: [Group; 7] = [
        Group::HrPositive,
        Group::Her2Positive,
        Group::TripleNegative,
        Group::Colorectal,
        Group::Adenocarcinoma,
        Group::Squamous,
        Group::Prostate,
    ];

    pub fn traits(self) -> &'static Traits {
        &GROUPS[self as usize]
    }

    pub fn is_breast(self) -> bool {
        self <= Group::TripleNegative
    }
}

const BREAST: Traits = Traits {
    cancer: "breast",
    subtype: "HR+/HER2-",
    age: 59.0,
    age_sd: 11.5,
    size: 20.0,
    nodes: 1.2,
    grades: [0.15, 0.6, 0.25],
    ki67: 18.0,
    chemotherapy: 0.45,
    endocrine: 0.88,
    seeding: 0.30,
    awake: 0.20,
    reawakening: (9.0, 1.0),
    doubling: 58.0,
    sheds: 0.9,
    hardly: 0.12,
    organs: [0.50, 0.17, 0.16, 0.05, 0.12],
    cells: 4.0,
    cells_at_diagnosis: 0.22,
    survival: 850.0,
    scanned: (0.42, 365.0),
};

const LUNG: Traits = Traits {
    cancer: "nsclc",
    subtype: "adenocarcinoma",
    age: 65.5,
    age_sd: 8.8,
    size: 33.0,
    nodes: 2.0,
    grades: [0.08, 0.5, 0.42],
    ki67: 38.0,
    chemotherapy: 0.42,
    endocrine: 0.0,
    seeding: 1.0,
    awake: 0.60,
    reawakening: (1.2, 1.0),
    doubling: 38.0,
    sheds: 1.1,
    hardly: 0.08,
    organs: [0.22, 0.15, 0.18, 0.33, 0.12],
    cells: 0.25,
    cells_at_diagnosis: 0.15,
    survival: 430.0,
    scanned: (0.95, 182.0),
};

static GROUPS: [Traits; 7] = [
    BREAST,
    Traits {
        subtype: "HER2+",
        grades: [0.05, 0.5, 0.45],
        ki67: 30.0,
        chemotherapy: 0.88,
        endocrine: 0.35,
        seeding: 0.36,
        awake: 0.40,
        reawakening: (3.2, 1.1),
        doubling: 50.0,
        sheds: 1.1,
        hardly: 0.06,
        organs: [0.30, 0.24, 0.16, 0.19, 0.11],
        survival: 800.0,
        ..BREAST
    },
    Traits {
        subtype: "TNBC",
        grades: [0.02, 0.28, 0.7],
        ki67: 52.0,
        chemotherapy: 0.88,
        endocrine: 0.0,
        seeding: 0.27,
        awake: 0.5,
        reawakening: (1.7, 1.1),
        doubling: 43.0,
        sheds: 1.5,
        hardly: 0.02,
        organs: [0.24, 0.18, 0.27, 0.18, 0.13],
        survival: 480.0,
        ..BREAST
    },
    Traits {
        cancer: "colorectal",
        subtype: "",
        age: 67.0,
        age_sd: 9.0,
        size: 36.0,
        nodes: 1.4,
        grades: [0.12, 0.68, 0.2],
        ki67: 55.0,
        chemotherapy: 0.45,
        endocrine: 0.0,
        seeding: 0.36,
        awake: 0.55,
        reawakening: (1.7, 1.1),
        doubling: 58.0,
        sheds: 1.5,
        hardly: 0.04,
        organs: [0.04, 0.5, 0.22, 0.03, 0.21],
        cells: 0.2,
        cells_at_diagnosis: 0.12,
        survival: 700.0,
        scanned: (0.92, 182.0),
    },
    LUNG,
    Traits {
        subtype: "squamous",
        ki67: 44.0,
        seeding: 0.62,
        doubling: 36.0,
        sheds: 2.2,
        hardly: 0.03,
        organs: [0.16, 0.16, 0.22, 0.24, 0.22],
        ..LUNG
    },
    Traits {
        cancer: "prostate",
        subtype: "",
        age: 65.5,
        age_sd: 8.0,
        size: 26.0,
        nodes: 0.4,
        grades: [0.25, 0.45, 0.3],
        ki67: 7.0,
        chemotherapy: 0.08,
        endocrine: 0.36,
        seeding: 0.42,
        awake: 0.2,
        reawakening: (5.0, 1.1),
        doubling: 88.0,
        sheds: 0.5,
        hardly: 0.08,
        organs: [0.78, 0.06, 0.05, 0.01, 0.10],
        cells: 5.0,
        cells_at_diagnosis: 0.12,
        survival: 1100.0,
        scanned: (0.5, 365.0),
    },
];
