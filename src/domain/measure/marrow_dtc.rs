//! Disseminated tumour cells in bone marrow (data dictionary, 5.1): cells found among millions screened.

use super::component::choice;
use super::{Assay, AssaySeed, Choice, Component, Context, Entry, Kind, Measure, Scale};
use crate::domain::count;
use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::reading::Reading;

pub struct MarrowDtc;

const METHODS: &[Choice] = &[
    choice("icc_morphology", "Staining, read by eye"),
    choice("icc_automated", "Staining, automated"),
    choice("flow", "Flow cytometry"),
    choice("fish", "FISH"),
];

const ASPIRATE_SITES: &[Choice] = &[
    choice("both_iliac_crests", "Both iliac crests"),
    choice("left_iliac_crest", "Left iliac crest"),
    choice("right_iliac_crest", "Right iliac crest"),
    choice("sternum", "Sternum"),
];

const PCR: &[Choice] = &[choice("positive", "Positive"), choice("negative", "Negative")];

const CELLS: f64 = 1_000_000.0;

const COMPONENTS: &[Component] = &[
    Component::new("tumour_cells", "Tumour cells", Kind::Count)
        .required()
        .unit("{cells}")
        .hard(0.0, CELLS)
        .help("Whole cells seen; 0 is a result"),
    Component::new("mnc_screened", "Mononuclear cells screened", Kind::Amount(2))
        .required()
        .unit("10*6")
        .hard(0.1, 50.0)
        .default("2"),
    Component::new("method", "Method", Kind::Choice(METHODS))
        .required()
        .default("icc_morphology"),
    Component::new("aspirate_site", "Aspirated from", Kind::Choice(ASPIRATE_SITES)),
    Component::new("uninterpretable", "Uninterpretable cells", Kind::Integer).hard(0.0, CELLS),
    Component::new("probable_haematopoietic", "Probably haematopoietic", Kind::Integer).hard(0.0, CELLS),
    Component::new("haematopoietic", "Haematopoietic", Kind::Integer).hard(0.0, CELLS),
    Component::new("rt_qpcr", "RT-PCR of the same aspirate", Kind::Choice(PCR)),
];

const ASSAYS: &[AssaySeed] = &[AssaySeed {
    lod: Some(1.0),
    positivity_rule: Some("cells>=1"),
    loinc: Some("48807-2"),
    ..AssaySeed::new(
        "DTC-ICC",
        "marrow DTC",
        "Pan-cytokeratin staining (A45-B/B3)",
        "MAR",
        "{cells}",
    )
}];

impl Measure for MarrowDtc {
    fn code(&self) -> &'static str {
        "marrow_dtc"
    }

    fn label(&self) -> &'static str {
        "Marrow DTC"
    }

    fn components(&self) -> &'static [Component] {
        COMPONENTS
    }

    fn primary(&self) -> &'static str {
        "tumour_cells"
    }

    fn screened(&self) -> Option<&'static str> {
        Some("mnc_screened")
    }

    fn assays(&self) -> &'static [AssaySeed] {
        ASSAYS
    }

    fn scale(&self) -> Scale {
        Scale::Linear
    }

    fn unit_words<'a>(&self, _ucum: &'a str) -> &'a str {
        "cells per million"
    }

    fn missing(&self, component: &Component, _primary_text: &str) -> Problem {
        match component.code {
            "mnc_screened" => Problem::nothing_screened(),
            _ => Problem::required(component.label),
        }
    }

    fn check(&self, entry: &Entry, _assay: &Assay, _context: &Context) -> Vec<Problem> {
        let mut problems = vec![];
        let found = entry.parsed.value;
        if let (Some(found), Some(millions)) = (found, entry.number("mnc_screened"))
            && millions > 0.0
            && found > millions * 1e6
        {
            problems.push(Problem::more_found_than_screened().at(self.field("tumour_cells")));
        }
        if found == Some(0.0) && entry.choice("rt_qpcr") == Some("positive") {
            problems.push(Problem::staining_and_pcr_differ().at(self.field("rt_qpcr")));
        }
        problems
    }

    /// The Poisson interval per million cells.
    fn burden(&self, observation: &Observation) -> Option<(f64, f64)> {
        match (observation.reading, observation.screened) {
            (Reading::Quantified { value }, Some(millions)) => Some(count::per(value as u32, millions, 1.0).1),
            _ => None,
        }
    }
}
