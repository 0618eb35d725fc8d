//! Circulating tumour cells (data dictionary, 3): a count in a volume of blood, with its Poisson interval.

use super::component::choice;
use super::{Assay, AssaySeed, Choice, Component, Context, CutOff, Entry, Kind, Measure, Scale};
use crate::domain::count;
use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::reading::Reading;

pub struct Ctc;

const DRAW_SITES: &[Choice] = &[
    choice("peripheral_vein", "Peripheral vein"),
    choice("central_line", "Central line"),
    choice("pulmonary_vein", "Pulmonary vein"),
    choice("portal_vein", "Portal vein"),
];

const CELLS: f64 = 100_000.0;

const COMPONENTS: &[Component] = &[
    Component::new("count", "CTC count", Kind::Count)
        .required()
        .unit("{cells}")
        .hard(0.0, CELLS)
        .soft(0.0, 10_000.0)
        .help("Whole cells seen; 0 is a result. QNS or FAILED if not counted"),
    Component::new("volume_ml", "Blood volume", Kind::Amount(2))
        .required()
        .unit("mL")
        .hard(1.0, 50.0)
        .default("7.5"),
    Component::new("tubes_pooled", "Tubes pooled", Kind::Integer).hard(1.0, 4.0),
    Component::new("draw_site", "Drawn from", Kind::Choice(DRAW_SITES)).default("peripheral_vein"),
    Component::new("sample_age_h", "Age of sample", Kind::Decimal(1))
        .unit("h")
        .hard(0.0, 1000.0),
    Component::new("clusters", "Clusters", Kind::Integer).hard(0.0, CELLS),
    Component::new("largest_cluster", "Largest cluster", Kind::Integer)
        .unit("{cells}")
        .hard(2.0, CELLS),
    Component::new("apoptotic", "Apoptotic cells", Kind::Integer).hard(0.0, CELLS),
    Component::new("her2_tested", "HER2 tested", Kind::Integer).hard(0.0, CELLS),
    Component::new("her2_positive", "HER2 positive", Kind::Integer).hard(0.0, CELLS),
];

const ASSAYS: &[AssaySeed] = &[
    AssaySeed {
        volume_required_ml: Some(7.5),
        max_age_h: Some(96),
        lod: Some(1.0),
        loinc: Some("67568-6"),
        ..AssaySeed::new("CELLSEARCH", "CTC", "CELLSEARCH", "BLDV", "{cells}")
    },
    AssaySeed {
        lod: Some(1.0),
        ..AssaySeed::new("ISET", "CTC", "ISET filtration", "BLDV", "{cells}")
    },
];

const CUT_OFFS: &[CutOff] = &[
    CutOff {
        assays: &["CELLSEARCH"],
        setting: "metastatic breast or prostate",
        value: 5.0,
        source: "cleared kit",
    },
    CutOff {
        assays: &["CELLSEARCH"],
        setting: "metastatic colorectal",
        value: 3.0,
        source: "cleared kit",
    },
    CutOff {
        assays: &["CELLSEARCH"],
        setting: "early breast",
        value: 1.0,
        source: "pooled 3,173 women, stage I to III",
    },
];

/// Counts that are part of the count.
const PARTS: [&str; 3] = ["apoptotic", "her2_tested", "largest_cluster"];

impl Measure for Ctc {
    fn code(&self) -> &'static str {
        "ctc"
    }

    fn label(&self) -> &'static str {
        "CTC"
    }

    fn components(&self) -> &'static [Component] {
        COMPONENTS
    }

    fn primary(&self) -> &'static str {
        "count"
    }

    fn screened(&self) -> Option<&'static str> {
        Some("volume_ml")
    }

    fn assays(&self) -> &'static [AssaySeed] {
        ASSAYS
    }

    fn scale(&self) -> Scale {
        Scale::Linear
    }

    fn cut_offs(&self) -> &'static [CutOff] {
        CUT_OFFS
    }

    fn unit_words<'a>(&self, _ucum: &'a str) -> &'a str {
        "cells in 7.5 mL"
    }

    fn missing(&self, component: &Component, primary_text: &str) -> Problem {
        match component.code {
            "volume_ml" => Problem::no_volume(primary_text),
            _ => Problem::required(component.label),
        }
    }

    fn check(&self, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem> {
        let mut problems = vec![];
        if let (Some(volume), Some(needed)) = (entry.number("volume_ml"), assay.volume_required_ml)
            && volume < needed
        {
            problems.push(Problem::small_volume(volume).at(self.field("volume_ml")));
        }
        if let (Some(hours), Some(max)) = (entry.number("sample_age_h"), assay.max_age_h)
            && hours > f64::from(max)
        {
            problems.push(Problem::old_sample(hours, max).at(self.field("sample_age_h")));
        }
        if let Some(count) = entry.parsed.value {
            for part in PARTS
                .into_iter()
                .filter(|part| entry.number(part).is_some_and(|n| n > count))
            {
                let label = self.component(part).map_or(part, |component| component.label);
                problems.push(Problem::out_of_range(label, 0.0, count).at(self.field(part)));
            }
            if let Some(clusters) = entry.number("clusters").filter(|clusters| 2.0 * clusters > count) {
                problems.push(Problem::more_in_clusters(clusters, count).at(self.field("clusters")));
            }
        }
        if let (Some(positive), Some(tested)) = (entry.number("her2_positive"), entry.number("her2_tested"))
            && positive > tested
        {
            problems.push(Problem::out_of_range("HER2 positive", 0.0, tested).at(self.field("her2_positive")));
        }
        let at_count = self.field("count");
        if let Some(days) = context.days_since_agent("doxorubicin").filter(|days| *days < 7) {
            problems.push(Problem::after_doxorubicin(days).at(at_count.clone()));
        }
        if let Some(last) = context.last(self.code()).filter(|last| last.assay != assay.id) {
            problems.push(Problem::other_platform(&last.assay_name).at(at_count));
        }
        problems
    }

    /// The Poisson interval, brought to 7.5 mL.
    fn burden(&self, observation: &Observation) -> Option<(f64, f64)> {
        match (observation.reading, observation.screened) {
            (Reading::Quantified { value }, Some(volume_ml)) => Some(count::per_7_5_ml(value as u32, volume_ml).1),
            _ => None,
        }
    }
}
