//! An imaging study (data dictionary, 6.2): what it found, the sum of target diameters, the response. An all-clear scan
//! says "nothing seen that day"; it never sets the burden to zero.

use super::accept::read_with_unit;
use super::component::choice;
use super::{Assay, AssaySeed, Choice, Component, Context, Entry, Kind, Measure, RawEntry, Scale};
use crate::domain::problem::Problem;
use crate::domain::reading::{Parsed, Reading};
use crate::domain::recist;

pub struct Imaging;

const ASSESSMENTS: &[Choice] = &[
    choice("none", "No evidence of disease"),
    choice("equivocal", "Equivocal"),
    choice("local", "Local disease"),
    choice("nodal", "Nodal disease"),
    choice("distant", "Distant disease"),
];

const RESPONSES: &[Choice] = &[
    choice("CR", "Complete response"),
    choice("PR", "Partial response"),
    choice("SD", "Stable disease"),
    choice("PD", "Progressive disease"),
    choice("NE", "Not evaluable"),
];

const READERS: &[Choice] = &[choice("local", "Local"), choice("central", "Central")];

const COMPONENTS: &[Component] = &[
    Component::new("sum_mm", "Sum of target diameters", Kind::Result)
        .unit("mm")
        .hard(0.0, 2000.0)
        .help("Empty where nothing was measured"),
    Component::new("assessment", "Finding", Kind::Choice(ASSESSMENTS)),
    Component::new("new_lesion", "New lesion", Kind::Flag),
    Component::new("lesions", "Lesions", Kind::Integer).hard(0.0, 1000.0),
    Component::new("overall_response", "Overall response", Kind::Choice(RESPONSES)),
    Component::new(
        "change_percent",
        "Change of target size from baseline",
        Kind::Decimal(3),
    )
    .unit("%")
    .hard(-100.0, 10_000.0)
    .help("Where the report gives only the change"),
    Component::new("read_by", "Read", Kind::Choice(READERS)).default("local"),
];

const ASSAYS: &[AssaySeed] = &[
    AssaySeed::new("CT", "target lesions", "CT", "TUMOR", "mm"),
    AssaySeed::new("MRI", "target lesions", "MRI", "TUMOR", "mm"),
    AssaySeed::new("PET-CT", "target lesions", "PET-CT", "TUMOR", "mm"),
    AssaySeed::new("BONE-SCAN", "target lesions", "Bone scan", "TUMOR", "mm"),
    AssaySeed::new("US", "target lesions", "Ultrasound", "TUMOR", "mm"),
    AssaySeed::new("MAMMOGRAPHY", "target lesions", "Mammography", "TUMOR", "mm"),
];

/// Something was seen; how much of it was not measured.
const SEEN: Reading = Reading::DetectedNotQuantified {
    lo: 0.0,
    hi: f64::INFINITY,
};

impl Measure for Imaging {
    fn code(&self) -> &'static str {
        "imaging"
    }

    fn label(&self) -> &'static str {
        "Imaging"
    }

    fn components(&self) -> &'static [Component] {
        COMPONENTS
    }

    fn primary(&self) -> &'static str {
        "sum_mm"
    }

    fn screened(&self) -> Option<&'static str> {
        None
    }

    fn assays(&self) -> &'static [AssaySeed] {
        ASSAYS
    }

    fn scale(&self) -> Scale {
        Scale::Linear
    }

    /// Without a sum, the finding is the reading; without a finding, a stated response or change says that lesions are there, or that all are
    /// gone.
    fn primary_text(&self, raw: &RawEntry) -> Option<String> {
        let gone = raw.get("overall_response") == Some("CR");
        let of_lesions = || {
            raw.get("change_percent")
                .filter(|_| !gone)
                .or(raw
                    .get("overall_response")
                    .filter(|response| !matches!(*response, "NE" | "CR")))
                .or(raw.get("lesions").filter(|lesions| *lesions != "0"))
                .map(|_| "target lesions")
        };
        raw.get("sum_mm")
            .or_else(|| raw.get("assessment"))
            .or_else(of_lesions)
            .or_else(|| raw.get("overall_response"))
            .map(str::to_owned)
    }

    fn read(&self, text: &str, unit: Option<&str>, assay: &Assay) -> Result<Parsed, Problem> {
        let reading = match text {
            "none" | "CR" => Reading::NotDetected { hi: None },
            "equivocal" | "NE" => Reading::Indeterminate,
            "local" | "nodal" | "distant" | "target lesions" => SEEN,
            number => {
                let mut parsed = read_with_unit(number, unit, assay)?;
                // A scan has no limit of detection to be missed.
                parsed.remarks.retain(|remark| remark.code != "V-LOD-02");
                return Ok(parsed);
            }
        };
        Ok(Parsed {
            raw_text: text.to_owned(),
            reading,
            comparator: None,
            value: None,
            remarks: vec![],
        })
    }

    fn check(&self, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem> {
        let mut problems = vec![];
        let sum = entry.parsed.value;
        let clear = entry.choice("assessment") == Some("none");
        let lesions = sum.is_some_and(|sum| sum > 0.0)
            || entry.number("lesions").is_some_and(|lesions| lesions > 0.0)
            || entry.flag("new_lesion");
        let stated_change = entry.number("change_percent").is_some();
        let found =
            lesions || stated_change || matches!(entry.choice("assessment"), Some("local" | "nodal" | "distant"));
        if clear && lesions {
            problems.push(Problem::clear_scan_with_lesions().at(self.field("assessment")));
        }
        let Some(typed) = entry.choice("overall_response").filter(|typed| *typed != "NE") else {
            return problems;
        };
        let field = self.field("overall_response");
        if !(found || clear || sum.is_some()) {
            problems.push(Problem::response_without_finding().at(field.clone()));
        }
        if let Some(derived) = self.derived(entry, assay, context).filter(|derived| *derived != typed) {
            problems.push(Problem::response_differs(derived, typed).at(field));
        } else if let Some((finding, derived)) = against_finding(entry, typed) {
            problems.push(Problem::response_against_finding(&finding, derived, typed).at(field));
        }
        problems
    }
}

/// A finding that does not go with the response, and the response that does.
fn against_finding(entry: &Entry, typed: &str) -> Option<(String, &'static str)> {
    let finding = entry.choice("assessment");
    let seen = ASSESSMENTS
        .iter()
        .find(|choice| Some(choice.code) == finding && matches!(choice.code, "local" | "nodal" | "distant"));
    match typed {
        "CR" | "PR" | "SD" if entry.flag("new_lesion") => Some(("a new lesion".into(), "PD")),
        "PR" | "SD" | "PD" if finding == Some("none") => Some(("no evidence of disease".into(), "CR")),
        "CR" => seen.map(|choice| (choice.label.to_lowercase(), "PR, SD or PD")),
        _ => None,
    }
}

impl Imaging {
    /// The response by the sums on file for the same modality, or by what needs none: "all gone" with something left.
    fn derived(&self, entry: &Entry, assay: &Assay, context: &Context) -> Option<&'static str> {
        let sum = entry.parsed.value?;
        let earlier: Vec<f64> = context
            .series(self.code(), assay.id)
            .filter_map(|earlier| match earlier.reading {
                Reading::Quantified { value } => Some(value),
                _ => None,
            })
            .collect();
        let derived = recist::response(&earlier, sum, entry.flag("new_lesion")).map(recist::Response::code);
        let not_gone = sum > 0.0 && entry.choice("overall_response") == Some("CR");
        derived.or(not_gone.then_some("lesions that are still there"))
    }
}
