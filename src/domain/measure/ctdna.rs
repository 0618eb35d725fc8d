//! Circulating tumour DNA (data dictionary, 4): a level with its limit, and the sample it was looked for in.

use super::component::choice;
use super::{Assay, AssaySeed, Choice, Component, Context, Entry, Kind, Measure, RawEntry, Scale};
use crate::domain::molecule;
use crate::domain::problem::Problem;
use crate::domain::reading::Reading;
use crate::domain::unit;

pub struct Ctdna;

const CALLS: &[Choice] = &[
    choice("detected", "Detected"),
    choice("not_detected", "Not detected"),
    choice("indeterminate", "Indeterminate"),
    choice("failed", "Failed"),
];

const FLUIDS: &[Choice] = &[
    choice("plasma", "Plasma"),
    choice("serum", "Serum"),
    choice("urine", "Urine"),
    choice("csf", "CSF"),
    choice("marrow_plasma", "Marrow plasma"),
];

const COMPONENTS: &[Component] = &[
    Component::new("result", "ctDNA result", Kind::Result)
        .required()
        .hard(0.0, 1e6)
        .help("As printed: 0.42, <0.3, ND, POS, QNS"),
    Component::new("call", "Call", Kind::Choice(CALLS)).help("If the report states one"),
    Component::new("fluid", "Fluid", Kind::Choice(FLUIDS)).default("plasma"),
    Component::new("plasma_ml", "Plasma", Kind::Amount(2))
        .unit("mL")
        .hard(0.5, 20.0),
    Component::new("cfdna_ng", "Cell-free DNA", Kind::Decimal(3))
        .unit("ng")
        .hard(0.0, 5000.0),
    Component::new("variants_tracked", "Variants tracked", Kind::Integer).hard(1.0, 100_000.0),
    Component::new("variants_detected", "Variants detected", Kind::Integer).hard(0.0, 100_000.0),
];

const ASSAYS: &[AssaySeed] = &[
    AssaySeed {
        lod: Some(0.3),
        positivity_rule: Some("variants>=2"),
        ..AssaySeed::new(
            "SIGNATERA-16",
            "tumour-informed ctDNA",
            "Tumour-informed panel, 16 loci",
            "PLAS",
            "{mtm}/mL",
        )
    },
    AssaySeed {
        source: "Bratman et al., Nature Cancer 2020; s43018-020-0096-5",
        ..AssaySeed::new(
            "INSPIRE-BESPOKE",
            "ctdna",
            "tumour-informed bespoke panel",
            "PLAS",
            "{mtm}/mL",
        )
    },
    AssaySeed {
        lod: Some(3.45),
        range_high: Some(300_000.0),
        ..AssaySeed::new(
            "WGS-INFORMED",
            "tumour-informed ctDNA",
            "Tumour-informed whole genome",
            "PLAS",
            "[ppm]",
        )
    },
    AssaySeed::new(
        "PANEL-VAF",
        "highest variant allele fraction",
        "Gene panel with matched white cells",
        "PLAS",
        "1",
    ),
    AssaySeed::new(
        "METHYLATION-TF",
        "tumour fraction",
        "Methylation, tissue-free",
        "PLAS",
        "1",
    ),
    AssaySeed::new(
        "DDPCR",
        "single-gene mutant copies",
        "Single-gene droplet PCR",
        "PLAS",
        "{copies}/mL",
    ),
];

/// Days after surgery or the last chemotherapy in which a level misleads.
const UNSETTLED_DAYS: i64 = 14;
const LYSIS_NG_PER_ML: f64 = 200.0;
/// Variants that make a sample positive, where the assay's rule is not on file.
const USUAL_RULE: f64 = 2.0;

impl Measure for Ctdna {
    fn code(&self) -> &'static str {
        "ctdna"
    }

    fn label(&self) -> &'static str {
        "ctDNA"
    }

    fn components(&self) -> &'static [Component] {
        COMPONENTS
    }

    fn primary(&self) -> &'static str {
        "result"
    }

    fn screened(&self) -> Option<&'static str> {
        Some("plasma_ml")
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

    /// A report that gives only a call.
    fn primary_text(&self, raw: &RawEntry) -> Option<String> {
        let from_call = || match raw.get("call")? {
            "detected" => Some("POS"),
            "not_detected" => Some("ND"),
            "indeterminate" => Some("indeterminate"),
            "failed" => Some("FAILED"),
            _ => None,
        };
        raw.get("result").or_else(from_call).map(str::to_owned)
    }

    fn settle(&self, entry: &Entry, assay: &Assay) -> Reading {
        match entry.parsed.reading {
            // the call is the record, whatever stands beside it
            _ if entry.choice("call") == Some("indeterminate") => Reading::Indeterminate,
            // The sample limits the negative where its floor is above the assay's (1.3).
            Reading::NotDetected { hi: Some(hi) } => Reading::NotDetected {
                hi: Some(floor_in_unit(entry, assay).map_or(hi, |floor| floor.max(hi))),
            },
            reading => reading,
        }
    }

    fn check(&self, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem> {
        let mut problems = vec![];
        let above_all = assay.unit == "1" && entry.parsed.value.is_some_and(|fraction| fraction > 1.0);
        problems.extend(above_all.then(|| Problem::out_of_range("A percentage", 0.0, 100.0).at(self.field("result"))));
        problems.extend(self.call(entry, assay).map(|p| p.at(self.field("call"))));
        problems.extend(self.variants(entry, assay));
        problems.extend(self.sample(entry, assay));
        problems.extend(self.timing(assay, context));
        problems
    }
}

impl Ctdna {
    fn call(&self, entry: &Entry, assay: &Assay) -> Option<Problem> {
        let call = entry.choice("call")?;
        let reading = entry.parsed.reading;
        let agrees = match (call, reading) {
            ("failed", Reading::Failed { .. }) => true,
            ("indeterminate", Reading::Failed { .. } | Reading::NotDone) => false,
            // A number may stand beside an uncertain call; the call is the record.
            ("indeterminate", _) => true,
            ("detected", reading) => reading.is_detected() == Some(true),
            ("not_detected", reading) => reading.is_detected() == Some(false),
            _ => false,
        };
        if agrees {
            return None;
        }
        Some(match (call, entry.parsed.value, assay.lod) {
            ("detected", Some(0.0), _) => Problem::detected_at_zero(),
            ("not_detected", Some(value), Some(lod)) if value >= lod => {
                let [value, lod] = [value, lod].map(|v| unit::shown(v, &assay.unit));
                Problem::call_against_value(value, lod, self.unit_words(&assay.unit))
            }
            _ => Problem::call_differs(&call.replace('_', " "), reading.words()),
        })
    }

    fn variants(&self, entry: &Entry, assay: &Assay) -> Vec<Problem> {
        let mut problems = vec![];
        let Some(detected) = entry.number("variants_detected") else {
            return problems;
        };
        let field = self.field("variants_detected");
        if let Some(tracked) = entry.number("variants_tracked").filter(|tracked| detected > *tracked) {
            problems.push(Problem::more_detected_than_tracked(detected, tracked).at(field.clone()));
        }
        let positive = entry.parsed.reading.is_detected() == Some(true);
        if let Some(rule) = assay
            .rule("variants")
            .filter(|rule| positive && detected < f64::from(*rule))
        {
            problems.push(Problem::below_positivity_rule(detected, rule).at(field.clone()));
        }
        let negative = entry.parsed.reading.is_detected() == Some(false);
        let rule = assay.rule("variants");
        if negative && detected >= rule.map_or(USUAL_RULE, f64::from) {
            problems.push(Problem::variants_in_a_negative(detected, rule).at(field));
        }
        problems
    }

    fn sample(&self, entry: &Entry, assay: &Assay) -> Vec<Problem> {
        let mut problems = vec![];
        let Some(cfdna_ng) = entry.number("cfdna_ng") else {
            return problems;
        };
        let per_ml = entry.number("plasma_ml").map(|plasma_ml| cfdna_ng / plasma_ml);
        if let Some(per_ml) = per_ml.filter(|per_ml| *per_ml > LYSIS_NG_PER_ML) {
            problems.push(Problem::lysed_white_cells(per_ml).at(self.field("cfdna_ng")));
        }
        let Some(floor) = floor(entry) else { return problems };
        let limits_it = match (floor_in_unit(entry, assay), assay.lod) {
            (Some(floor), Some(lod)) => floor > lod,
            _ => true,
        };
        if entry.parsed.reading.is_detected() == Some(false) && limits_it {
            let copies = molecule::genome_equivalents(cfdna_ng);
            let words = molecule::fraction_words(floor);
            problems.push(Problem::sample_floor(copies, &words).at(self.field("cfdna_ng")));
        }
        problems
    }

    fn timing(&self, assay: &Assay, context: &Context) -> Vec<Problem> {
        let mut notes = vec![];
        if let Some(days) = context.days_since_surgery().filter(|days| *days < UNSETTLED_DAYS) {
            notes.push(Problem::soon_after_surgery(days));
        }
        if context.near_chemotherapy(UNSETTLED_DAYS) {
            notes.push(Problem::during_chemotherapy());
        }
        if let Some(last) = context.last(self.code()).filter(|last| last.assay != assay.id) {
            notes.push(Problem::other_assay(&last.assay_name));
        }
        notes.into_iter().map(|note| note.at(self.field("result"))).collect()
    }
}

/// The smallest fraction this tube could show.
fn floor(entry: &Entry) -> Option<f64> {
    molecule::sample_floor(entry.number("cfdna_ng")?, entry.whole("variants_tracked").unwrap_or(1))
}

/// The same in the assay's unit, where that is a fraction.
fn floor_in_unit(entry: &Entry, assay: &Assay) -> Option<f64> {
    match assay.unit.as_str() {
        "1" => floor(entry),
        "[ppm]" => floor(entry).map(|floor| floor * 1e6),
        _ => None,
    }
}
