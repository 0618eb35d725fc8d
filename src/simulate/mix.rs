//! Who comes: mixtures of cancers, for tests on patients of another kind than those learned from.

pub struct CaseMix {
    pub name: &'static str,
    pub about: &'static str,
    /// In the order of `Group::ALL`.
    pub(super) weights: [f64; 7],
    /// Factor on the median tumour size.
    pub(super) size: f64,
    /// Years added to the mean age.
    pub(super) older: f64,
}

pub static CASE_MIXES: [CaseMix; 4] = [
    CaseMix {
        name: "registry",
        about: "six in ten breast, then colorectal, lung and prostate",
        weights: [0.40, 0.10, 0.10, 0.20, 0.09, 0.05, 0.06],
        size: 1.0,
        older: 0.0,
    },
    CaseMix {
        name: "breast",
        about: "breast cancer alone",
        weights: [0.68, 0.16, 0.16, 0.0, 0.0, 0.0, 0.0],
        size: 1.0,
        older: 0.0,
    },
    CaseMix {
        name: "chest-and-bowel",
        about: "colorectal and lung above all, older, larger tumours",
        weights: [0.14, 0.05, 0.06, 0.38, 0.20, 0.13, 0.04],
        size: 1.1,
        older: 3.0,
    },
    CaseMix {
        name: "screened",
        about: "small tumours found by screening; few relapses",
        weights: [0.55, 0.08, 0.07, 0.18, 0.03, 0.02, 0.07],
        size: 0.75,
        older: 1.0,
    },
];
