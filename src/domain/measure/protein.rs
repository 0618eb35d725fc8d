//! Protein markers in blood (data dictionary, 7): one analyte an assay, in the unit it is stored in.

use super::{Assay, AssaySeed, Component, Context, CutOff, Entry, Kind, Measure, Scale};
use crate::domain::problem::Problem;
use crate::domain::psa;
use crate::domain::reading::Reading;

pub struct Protein;

const COMPONENTS: &[Component] = &[
    Component::new("result", "Marker result", Kind::Result)
        .required()
        .hard(0.0, 1e9)
        .help("As printed: 12.4, <0.5, >10000, QNS"),
    Component::new("uln", "Upper limit of normal", Kind::Decimal(3))
        .hard(0.0, 1e6)
        .help("As the report states it"),
];

/// A marker by its usual immunoassay: stored unit, LOINC.
const fn marker(code: &'static str, analyte: &'static str, unit: &'static str, loinc: &'static str) -> AssaySeed {
    AssaySeed {
        loinc: Some(loinc),
        source: "data dictionary 7",
        ..AssaySeed::new(code, analyte, analyte, "SER", unit)
    }
}

const ASSAYS: &[AssaySeed] = &[
    marker("CEA", "CEA", "ng/mL", "2039-6"),
    marker("CA15-3", "CA 15-3", "[arb'U]/mL", "6875-9"),
    marker("CA19-9", "CA 19-9", "[arb'U]/mL", "24108-3"),
    marker("CA27-29", "CA 27-29", "[arb'U]/mL", "17842-6"),
    marker("CA125", "CA 125", "[arb'U]/mL", "10334-1"),
    marker("PSA", "PSA", "ng/mL", "2857-1"),
    marker("LDH", "LDH", "U/L", "2532-0"),
];

/// Above it a reason is asked.
const SOFT_HIGH: &[(&str, f64)] = &[
    ("CEA", 10_000.0),
    ("CA15-3", 50_000.0),
    ("CA19-9", 1_000_000.0),
    ("CA27-29", 50_000.0),
    ("CA125", 100_000.0),
    ("PSA", 20_000.0),
    ("LDH", 20_000.0),
];

const fn upper_normal(assays: &'static [&'static str], value: f64) -> CutOff {
    CutOff {
        assays,
        setting: "reference limit",
        value,
        source: "data dictionary 7",
    }
}

const CUT_OFFS: &[CutOff] = &[
    upper_normal(&["CEA"], 5.0),
    upper_normal(&["CA15-3"], 30.0),
    upper_normal(&["CA19-9"], 37.0),
    upper_normal(&["CA27-29"], 38.0),
    upper_normal(&["CA125"], 35.0),
];

impl Measure for Protein {
    fn code(&self) -> &'static str {
        "protein"
    }

    fn label(&self) -> &'static str {
        "Protein markers"
    }

    fn components(&self) -> &'static [Component] {
        COMPONENTS
    }

    fn primary(&self) -> &'static str {
        "result"
    }

    fn screened(&self) -> Option<&'static str> {
        None
    }

    fn has_limit(&self) -> bool {
        true
    }

    fn assays(&self) -> &'static [AssaySeed] {
        ASSAYS
    }

    fn scale(&self) -> Scale {
        Scale::Log10
    }

    fn cut_offs(&self) -> &'static [CutOff] {
        CUT_OFFS
    }

    fn check(&self, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem> {
        let mut problems = vec![];
        let field = self.field("result");
        let Some(value) = entry.parsed.value else {
            return problems;
        };
        let soft_high = SOFT_HIGH.iter().find(|(code, _)| *code == assay.code);
        if let Some((_, high)) = soft_high.filter(|(_, high)| value > *high) {
            problems.push(Problem::unusual(&assay.analyte, value, 0.0, *high).at(field.clone()));
        }
        let previous = context
            .series(self.code(), assay.id)
            .next_back()
            .and_then(|last| match last.reading {
                Reading::Quantified { value } => Some(value),
                _ => None,
            });
        let measured = matches!(entry.parsed.reading, Reading::Quantified { .. });
        // The rule is that of prostatectomy; before any surgery a high PSA is no news.
        if assay.analyte == "PSA"
            && measured
            && context.days_since_surgery().is_some()
            && psa::needs_a_second(previous, value)
        {
            problems.push(Problem::psa_once().at(field.clone()));
        }
        if let Some(last) = self.same_analyte_by_another_assay(assay, context) {
            problems.push(Problem::other_assay(&last).at(field));
        }
        problems
    }
}

impl Protein {
    /// CEA after PSA is not a change of assay; CEA by another kit is.
    fn same_analyte_by_another_assay(&self, assay: &Assay, context: &Context) -> Option<String> {
        context
            .earlier
            .iter()
            .rfind(|earlier| earlier.measure == self.code() && earlier.analyte == assay.analyte)
            .filter(|earlier| earlier.assay != assay.id)
            .map(|earlier| earlier.assay_name.clone())
    }
}
