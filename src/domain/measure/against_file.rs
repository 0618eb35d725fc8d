//! A result beside those on file: the same of that day, a jump, another unit's number, the patient's own baseline.

use super::component::Kind;
use super::{Assay, Context, Entry, Measure, Scale};
use crate::domain::problem::Problem;
use crate::domain::reading::{self, Parsed, Reading};
use crate::domain::unit;

/// A result this many times the highest on file is probably in another unit.
const FAR_ABOVE: f64 = 10.0;
/// Two results of a series so many times apart within so many days are a question: the fastest growth (a doubling in four weeks) makes 90
/// times of a burden in half a year, and treatment alone seldom takes away all that.
const FAR_APART: f64 = 1000.0;
const SOON_DAYS: i64 = 183;

/// What the patient's and the registry's other results say of this one.
pub(super) fn against_file(measure: &dyn Measure, entry: &Entry, assay: &Assay, context: &Context) -> Vec<Problem> {
    let mut problems = vec![];
    let field = measure.field(measure.primary());
    let same_day = context
        .earlier
        .iter()
        .find(|earlier| earlier.assay == assay.id && earlier.collected_on == context.collected_on);
    if let Some(earlier) = same_day {
        problems.push(Problem::already_here(&earlier.raw_text).at(field.clone()));
    }
    let highest = assay.highest.filter(|highest| *highest > 0.0);
    if let (Some(value), Some(highest)) = (entry.parsed.value, highest)
        && value >= FAR_ABOVE * highest
    {
        let shown = unit::shown(value, &assay.unit);
        problems.push(Problem::far_above_registry(shown, unit::words(&assay.unit), value / highest).at(field.clone()));
    }
    problems.extend(against_last(measure, entry, assay, context).map(|problem| problem.at(field)));
    problems
}

/// A slip of unit, of decimals or of tubes makes a jump that no tumour makes.
fn against_last(measure: &dyn Measure, entry: &Entry, assay: &Assay, context: &Context) -> Option<Problem> {
    let last = context.series(measure.code(), assay.id).next_back()?;
    let (Reading::Quantified { value: before }, Reading::Quantified { value }) = (last.reading, entry.parsed.reading)
    else {
        return None;
    };
    let soon = (context.collected_on - last.collected_on).num_days() <= SOON_DAYS;
    let operated = context
        .surgeries
        .iter()
        .any(|day| (last.collected_on..=context.collected_on).contains(day));
    let times = value / before;
    let apart = before > 0.0 && value > 0.0 && times.max(1.0 / times) >= FAR_APART;
    (measure.scale() == Scale::Log10 && soon && apart && !operated).then(|| {
        let (shown, unit) = (unit::shown(value, &assay.unit), measure.unit_words(&assay.unit));
        Problem::far_from_last(shown, unit, times, &last.raw_text, last.collected_on)
    })
}

/// `POS >BASE` and `POS <BASE`: detected, above or below this patient's first number of the series. `None` for any other text.
pub(super) fn against_baseline(
    measure: &dyn Measure,
    text: &str,
    assay: &Assay,
    context: &Context,
) -> Option<Result<Parsed, Problem>> {
    let kind = measure.component(measure.primary())?.kind;
    let sign = text.trim().strip_prefix("POS ")?.strip_suffix("BASE")?.trim();
    if kind != Kind::Result || !matches!(sign, "<" | ">" | "<=" | ">=") {
        return None;
    }
    let baseline = context
        .series(measure.code(), assay.id)
        .find_map(|earlier| match earlier.reading {
            Reading::Quantified { value } => Some(value),
            _ => None,
        });
    let parsed = match baseline {
        Some(value) => reading::parse(&format!("POS {sign}{value}"), &assay.limits()),
        None => reading::parse("POS", &assay.limits()).map(|mut parsed| {
            parsed.remarks.push(Problem::no_baseline());
            parsed
        }),
    };
    Some(parsed.map(|parsed| Parsed {
        raw_text: text.trim().to_owned(),
        ..parsed
    }))
}
