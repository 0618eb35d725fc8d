//! From what a lab prints (`0.42`, `<0.30`, `ND`, `POS >113.85`, `QNS`) to a reading: the table of data dictionary 1.1.

use super::{Comparator, FailedReason, Reading};
use crate::domain::number;
use crate::domain::problem::Problem;
use crate::domain::text;

const LONGEST: usize = 64;

/// What the assay can see, in the stored unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    pub lod: Option<f64>,
    pub loq: Option<f64>,
    pub range_high: Option<f64>,
}

/// A result as typed and as understood. `remarks` are soft queries and notes; hard problems are errors.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    pub raw_text: String,
    pub reading: Reading,
    pub comparator: Option<Comparator>,
    /// The number beside the comparator.
    pub value: Option<f64>,
    pub remarks: Vec<Problem>,
}

impl Parsed {
    fn of(raw_text: &str, reading: Reading) -> Parsed {
        Parsed {
            raw_text: raw_text.to_owned(),
            reading,
            comparator: None,
            value: None,
            remarks: vec![],
        }
    }

    fn with(mut self, comparator: Comparator, value: f64) -> Parsed {
        self.comparator = Some(comparator);
        self.value = Some(value);
        self
    }

    fn remark(mut self, problem: Problem) -> Parsed {
        self.remarks.push(problem);
        self
    }
}

/// Reads a quantitative result.
pub fn parse(raw: &str, limits: &Limits) -> Result<Parsed, Problem> {
    let line = text::clean_line(raw, LONGEST)?;
    let word = line.to_lowercase();
    if let Some(reading) = no_result(&word) {
        return Ok(Parsed::of(&line, reading));
    }
    if is_negative(&word) {
        return Ok(not_detected(&line, limits));
    }
    if let Some(rest) = after_positive(&word) {
        return detected(&line, rest, limits);
    }
    let (comparator, digits) = split_comparator(&line);
    let value = number::parse(digits, number::PLACES, Problem::unreadable_result)
        .map_err(|problem| problem.within(&line, digits))?;
    let reading = match comparator {
        Comparator::Equal => return Ok(measured(&line, value, limits)),
        Comparator::Below | Comparator::AtMost => Reading::not_detected(Some(value)),
        // More than nothing is a detection without a number.
        Comparator::Above | Comparator::AtLeast if value == 0.0 => {
            Reading::detected(limits.lod.unwrap_or(0.0), f64::INFINITY)
        }
        Comparator::Above | Comparator::AtLeast => Reading::above(value),
    };
    let reading = reading.map_err(|_| Problem::unreadable_result(&line))?;
    Ok(Parsed::of(&line, reading).with(comparator, value))
}

/// Reads a count of cells: a whole number, where zero is a real count, or the reason why there is none.
pub fn parse_count(raw: &str) -> Result<Parsed, Problem> {
    let line = text::clean_line(raw, LONGEST)?;
    if let Some(reading) = no_result(&line.to_lowercase()) {
        return Ok(Parsed::of(&line, reading));
    }
    match number::parse_whole(&line) {
        Ok(count) => {
            let value = count as f64;
            Ok(Parsed::of(&line, Reading::Quantified { value }).with(Comparator::Equal, value))
        }
        Err(_) => Err(match number::parse(&line, number::PLACES, Problem::unreadable_whole) {
            Ok(_) => Problem::count_not_whole(),
            Err(problem) => problem,
        }),
    }
}

/// `QNS`, `failed: clotted`, `not done`, `equivocal`.
fn no_result(word: &str) -> Option<Reading> {
    match word {
        "indeterminate" | "equivocal" | "inconclusive" => Some(Reading::Indeterminate),
        "not done" | "not_done" => Some(Reading::NotDone),
        word => parse_failed(word).map(|reason| Reading::Failed { reason }),
    }
}

/// Why a sample failed, from the lab's word or our code, with or without `failed` before it.
pub fn parse_failed(word: &str) -> Option<FailedReason> {
    let word = word.trim().to_lowercase();
    let rest = word
        .strip_prefix("failed")
        .map(|rest| rest.trim_start_matches([':', ' ', '-', ',']));
    match rest.unwrap_or(&word) {
        "" => rest.map(|_| FailedReason::Other),
        "qns" | "insufficient" | "quantity not sufficient" => Some(FailedReason::QuantityNotSufficient),
        "haemolysis" | "hemolysis" | "haemolysed" | "hemolyzed" => Some(FailedReason::Haemolysis),
        "clotted" | "clot" => Some(FailedReason::Clotted),
        "age exceeded" | "age_exceeded" | "too old" | "sample too old" => Some(FailedReason::AgeExceeded),
        "wrong tube" | "wrong_tube" => Some(FailedReason::WrongTube),
        "control failed" | "control_failed" | "control" => Some(FailedReason::ControlFailed),
        "library failed" | "library_failed" | "library" => Some(FailedReason::LibraryFailed),
        "tumour design failed" | "tumour_design_failed" | "tumor design failed" | "design failed" => {
            Some(FailedReason::TumourDesignFailed)
        }
        "other" if rest.is_some() => Some(FailedReason::Other),
        _ => None,
    }
}

fn is_negative(word: &str) -> bool {
    matches!(
        word,
        "nd" | "n.d."
            | "neg"
            | "neg."
            | "negative"
            | "not detected"
            | "not-detected"
            | "none detected"
            | "undetected"
            | "undetectable"
    )
}

/// What follows `POS`, `positive` or `detected`; empty where nothing does.
fn after_positive(word: &str) -> Option<&str> {
    ["positive", "pos.", "pos", "detected"].iter().find_map(|prefix| {
        let rest = word.strip_prefix(prefix)?;
        let apart = rest.is_empty() || rest.starts_with([' ', ',', ':']) || split_comparator(rest).1.len() < rest.len();
        apart.then(|| rest.trim_start_matches([' ', ',', ':']))
    })
}

/// Any way a sign is printed, and the number after it.
fn split_comparator(line: &str) -> (Comparator, &str) {
    const SIGNS: [(&str, Comparator); 16] = [
        ("<=", Comparator::AtMost),
        ("=<", Comparator::AtMost),
        ("\u{ff1c}=", Comparator::AtMost),
        ("\u{ff1c}\u{ff1d}", Comparator::AtMost),
        ("\u{2264}", Comparator::AtMost),
        ("\u{2266}", Comparator::AtMost),
        ("\u{2a7d}", Comparator::AtMost),
        (">=", Comparator::AtLeast),
        ("\u{ff1e}=", Comparator::AtLeast),
        ("\u{ff1e}\u{ff1d}", Comparator::AtLeast),
        ("\u{2265}", Comparator::AtLeast),
        ("\u{2267}", Comparator::AtLeast),
        ("\u{2a7e}", Comparator::AtLeast),
        ("<", Comparator::Below),
        (">", Comparator::Above),
        ("\u{ff1c}", Comparator::Below),
    ];
    let wide_above = line
        .strip_prefix('\u{ff1e}')
        .map(|rest| (Comparator::Above, rest.trim_start()));
    SIGNS
        .iter()
        .find_map(|(sign, comparator)| Some((*comparator, line.strip_prefix(sign)?.trim_start())))
        .or(wide_above)
        .unwrap_or((Comparator::Equal, line))
}

fn not_detected(line: &str, limits: &Limits) -> Parsed {
    let hi = limits.lod.filter(|lod| *lod > 0.0 && lod.is_finite());
    let parsed = Parsed::of(line, Reading::NotDetected { hi });
    match hi {
        Some(_) => parsed,
        None => parsed.remark(Problem::no_lod()),
    }
}

/// `POS`, and the two bounded forms, for results that are stated against a baseline only: `POS >113.85`, `POS <113.85`.
fn detected(line: &str, rest: &str, limits: &Limits) -> Result<Parsed, Problem> {
    let lod = limits.lod.unwrap_or(0.0);
    let unreadable = |_| Problem::unreadable_result(line);
    if rest.is_empty() {
        let reading = Reading::detected(lod, f64::INFINITY).map_err(unreadable)?;
        return Ok(Parsed::of(line, reading));
    }
    let (comparator, digits) = split_comparator(rest);
    let value = number::parse(digits, number::PLACES, Problem::unreadable_result)
        .map_err(|problem| problem.within(line, digits))?;
    let reading = match comparator {
        // A number beside POS without a sign could be a level, a count of variants, a page: asked back.
        Comparator::Equal => return Err(Problem::unreadable_result(line).suggest(digits)),
        Comparator::Above | Comparator::AtLeast => Reading::detected(value, f64::INFINITY),
        Comparator::Below | Comparator::AtMost if value == 0.0 => return Err(Problem::detected_at_zero()),
        Comparator::Below | Comparator::AtMost if value < lod => Reading::detected(0.0, value),
        Comparator::Below | Comparator::AtMost => Reading::detected(lod, value),
    };
    Ok(Parsed::of(line, reading.map_err(unreadable)?).with(comparator, value))
}

/// A bare number against the assay's limits.
fn measured(line: &str, value: f64, limits: &Limits) -> Parsed {
    let equal = |reading| Parsed::of(line, reading).with(Comparator::Equal, value);
    // A zero is what a machine prints for "below what I can see" (rule 1).
    if value == 0.0 {
        return not_detected(line, limits).with(Comparator::Equal, value);
    }
    match (limits.lod, limits.loq, limits.range_high) {
        (Some(lod), _, _) if value < lod => equal(Reading::DetectedNotQuantified { lo: 0.0, hi: lod })
            .remark(Problem::below_lod(line, &lod.to_string())),
        (lod, Some(loq), _) if value < loq => equal(Reading::DetectedNotQuantified {
            lo: lod.unwrap_or(0.0),
            hi: loq,
        }),
        (_, _, Some(range_high)) if value > range_high => equal(Reading::AboveRange { lo: range_high })
            .remark(Problem::above_measuring_range(line, &range_high.to_string())),
        _ => equal(Reading::Quantified { value }),
    }
}
