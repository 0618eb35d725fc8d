//! The catalogue: each measurement type is declared once; forms, checks, charts, exports and documentation loop over it.

mod accept;
mod against_file;
mod assay;
mod component;
mod context;
mod entry;

mod ctc;
mod ctdna;
mod imaging;
mod marrow_dtc;
mod protein;

pub use accept::{Accepted, accept};
pub(crate) use accept::{free_text, reason};
pub use assay::{Assay, AssaySeed};
pub use component::{Choice, Component, Kind};
pub use context::{Context, Earlier};
pub use entry::{Entry, LIMIT, RawEntry, typed};

use crate::domain::observation::Observation;
use crate::domain::problem::Problem;
use crate::domain::reading::{self, Parsed, Reading};
use crate::domain::unit;

/// Every measurement type, in the order of the form.
pub const CATALOGUE: &[&dyn Measure] = &[
    &ctdna::Ctdna,
    &ctc::Ctc,
    &marrow_dtc::MarrowDtc,
    &imaging::Imaging,
    &protein::Protein,
];

pub fn by_code(code: &str) -> Option<&'static dyn Measure> {
    CATALOGUE.iter().copied().find(|measure| measure.code() == code)
}

/// The scale on which a trend is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Log10,
    Linear,
}

impl Scale {
    pub fn of(self, (lo, hi): (f64, f64)) -> (f64, f64) {
        match self {
            // log10(0) is minus infinity: a non-detect has no lower end, which is what it means.
            Scale::Log10 => (lo.log10(), hi.log10()),
            Scale::Linear => (lo, hi),
        }
    }
}

/// A line on a chart, with where it comes from; never used for an assay or setting it does not name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CutOff {
    /// Codes of assays it was published for.
    pub assays: &'static [&'static str],
    pub setting: &'static str,
    pub value: f64,
    pub source: &'static str,
}

/// One type of measurement: what is entered, what contradicts what, and which interval the trend follows.
pub trait Measure: Sync {
    fn code(&self) -> &'static str;
    fn label(&self) -> &'static str;
    fn components(&self) -> &'static [Component];
    /// The component that becomes the reading.
    fn primary(&self) -> &'static str;
    /// The component that says how much was looked at.
    fn screened(&self) -> Option<&'static str>;
    /// Whether a report may state a limit of detection of its own for a sample.
    fn has_limit(&self) -> bool {
        false
    }
    /// The assays on offer in a new registry.
    fn assays(&self) -> &'static [AssaySeed];
    /// What contradicts what; fields are set with `self.field(component)`.
    fn check(&self, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem>;
    fn scale(&self) -> Scale;

    fn cut_offs(&self) -> &'static [CutOff] {
        &[]
    }

    /// The text of the primary component; a measure may say what stands in for an empty one.
    fn primary_text(&self, raw: &RawEntry) -> Option<String> {
        raw.get(self.primary()).map(str::to_owned)
    }

    /// From the primary text, and a unit told beside it, to a reading.
    fn read(&self, text: &str, unit: Option<&str>, assay: &Assay) -> Result<Parsed, Problem> {
        match self.component(self.primary()).map(|component| component.kind) {
            // Cells are cells: a rate per mL beside a count would be another number.
            Some(Kind::Count) => match unit.filter(|unit| unit::factor(unit, &assay.unit) != Some(1.0)) {
                Some(other) => Err(Problem::other_unit(unit::words(&assay.unit), other, None)),
                None => reading::parse_count(text),
            },
            _ => accept::read_with_unit(text, unit, assay),
        }
    }

    /// The reading after the other components had their say.
    fn settle(&self, entry: &Entry, _assay: &Assay) -> Reading {
        entry.parsed.reading
    }

    /// What is said when a needed component is empty.
    fn missing(&self, component: &Component, _primary_text: &str) -> Problem {
        Problem::required(component.label)
    }

    /// What is known of the burden on `scale()`, for the trend and the chart.
    fn burden(&self, observation: &Observation) -> Option<(f64, f64)> {
        observation.reading.interval().map(|interval| self.scale().of(interval))
    }

    /// The unit of the reading as people read it.
    fn unit_words<'a>(&self, ucum: &'a str) -> &'a str {
        unit::words(ucum)
    }

    fn component(&self, code: &str) -> Option<&'static Component> {
        self.components().iter().find(|component| component.code == code)
    }

    /// The name of a component's form field.
    fn field(&self, component: &str) -> String {
        format!("{}.{component}", self.code())
    }
}

#[cfg(test)]
mod tests;
