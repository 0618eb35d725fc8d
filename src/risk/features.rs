//! From a history to the covariates and the follow-up of the model for first distant relapse after breast cancer.

use chrono::{Datelike, NaiveDate};

use crate::burden::words;
use crate::domain::history::History;
use crate::domain::id::PatientRef;
use crate::domain::patient::Tumour;
use crate::survival::FollowUp;

/// Names of the covariates, in the order of every row. Sizes, grade, menopause and treatment are 0 or 1.
pub const NAMES: [&str; 10] = [
    "age",
    "meno",
    "size_20_50",
    "size_gt50",
    "grade3",
    "nodes",
    "er",
    "hormon",
    "chemo",
    "pr",
];
/// Those that are numbers on a scale, whose range the model keeps.
pub const ON_A_SCALE: [usize; 4] = [0, 5, 6, 9];

/// What a clinician calls a covariate, and which columns it takes.
pub struct Fact {
    pub label: &'static str,
    pub columns: &'static [usize],
}

pub const FACTS: [Fact; 9] = [
    Fact::new("Age at surgery", &[0]),
    Fact::new("Menopause", &[1]),
    Fact::new("Tumour size", &[2, 3]),
    Fact::new("Grade", &[4]),
    Fact::new("Positive nodes", &[5]),
    Fact::new("Oestrogen receptor", &[6]),
    Fact::new("Adjuvant endocrine therapy", &[7]),
    Fact::new("Adjuvant chemotherapy", &[8]),
    Fact::new("Progesterone receptor", &[9]),
];

impl Fact {
    const fn new(label: &'static str, columns: &'static [usize]) -> Fact {
        Fact { label, columns }
    }
}

/// One patient's covariates; `None` where the registry does not know. `shown` is one text a fact.
pub struct Covariates {
    pub values: [Option<f64>; 10],
    pub shown: [String; 9],
}

/// Why a patient can't be in the fit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Excluded {
    NoTumour,
    NotBreast,
    MetastaticAtEntry,
    NoTimeAtRisk,
    /// Labels of the facts that are missing.
    Incomplete(Vec<&'static str>),
}

impl Excluded {
    pub fn words(&self) -> &'static str {
        match self {
            Excluded::NoTumour => "no primary tumour on file",
            Excluded::NotBreast => "not breast cancer",
            Excluded::MetastaticAtEntry => "metastatic at entry",
            Excluded::NoTimeAtRisk => "not followed beyond day zero",
            Excluded::Incomplete(_) => "a covariate is missing",
        }
    }
}

/// One row of the fit.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingRow {
    pub patient: PatientRef,
    pub sex: &'static str,
    pub values: [f64; 10],
    pub follow_up: FollowUp,
}

/// `post` is 1, `pre` and `peri` 0; anything else is not known.
fn after_menopause(status: Option<&str>) -> Option<bool> {
    match status? {
        "post" => Some(true),
        "pre" | "peri" => Some(false),
        _ => None,
    }
}

/// 20 to 50 mm, above 50 mm: from the measured size, else from the band.
fn size(tumour: &Tumour) -> Option<(bool, bool, String)> {
    if let Some(mm) = tumour.size_mm {
        return Some((mm > 20.0 && mm <= 50.0, mm > 50.0, format!("{} mm", words::number(mm))));
    }
    match tumour.size_band.as_deref()? {
        "<=20" => Some((false, false, "up to 20 mm".to_owned())),
        "20-50" => Some((true, false, "20 to 50 mm".to_owned())),
        ">50" => Some((false, true, "over 50 mm".to_owned())),
        _ => None,
    }
}

fn adjuvant(history: &History, category: &str) -> bool {
    let given = |t: &crate::domain::course::Treatment| t.category == category && t.phase.as_deref() == Some("adjuvant");
    history.treatments.iter().any(given)
}

fn yes_no(flag: bool) -> String {
    if flag { "yes" } else { "no" }.to_owned()
}

/// The covariates as they stood on the history's day. `None` without a primary tumour.
pub fn covariates(history: &History) -> Option<Covariates> {
    let (tumour, origin) = (history.tumour()?, history.origin()?);
    let number = |flag: bool| if flag { 1.0 } else { 0.0 };
    let unknown = || "not recorded".to_owned();
    let age = origin.year() - history.patient.birth_year;
    let meno = after_menopause(history.patient.menopausal_status.as_deref());
    let size = size(tumour);
    let grade3 = tumour.grade.map(|grade| number(grade >= 3));
    let (endocrine, chemo) = (adjuvant(history, "endocrine"), adjuvant(history, "chemotherapy"));
    let fmol = |value: Option<i32>| value.map_or_else(unknown, |v| format!("{v} fmol/mg"));
    Some(Covariates {
        values: [
            Some(f64::from(age)),
            meno.map(number),
            size.as_ref().map(|s| number(s.0)),
            size.as_ref().map(|s| number(s.1)),
            grade3,
            tumour.nodes_positive.map(f64::from),
            tumour.er_fmol.map(f64::from),
            Some(number(endocrine)),
            Some(number(chemo)),
            tumour.pgr_fmol.map(f64::from),
        ],
        shown: [
            format!("{age} years"),
            meno.map_or_else(unknown, |after| if after { "after" } else { "before" }.to_owned()),
            size.map_or_else(unknown, |s| s.2),
            tumour.grade.map_or_else(unknown, |grade| grade.to_string()),
            tumour.nodes_positive.map_or_else(unknown, |nodes| nodes.to_string()),
            fmol(tumour.er_fmol),
            yes_no(endocrine),
            yes_no(chemo),
            fmol(tumour.pgr_fmol),
        ],
    })
}

/// Years as the model counts them.
pub fn years(from: NaiveDate, to: NaiveDate) -> f64 {
    (to - from).num_days() as f64 / 365.25
}

/// What came first: distant relapse (1; also if death has the same day), death (2), or the last day known (0).
fn outcome(history: &History) -> Option<(NaiveDate, u32)> {
    match (history.distant_relapse_on(), history.died_on()) {
        (Some(relapse), death) if death.is_none_or(|death| relapse <= death) => Some((relapse, 1)),
        (_, Some(death)) => Some((death, 2)),
        (_, None) => {
            let last = history.last_contact_on()?;
            Some((history.left_on().map_or(last, |left| left.min(last)), 0))
        }
    }
}

/// The row for the fit, or why there is none.
pub fn training_row(history: &History) -> Result<TrainingRow, Excluded> {
    let tumour = history.tumour().ok_or(Excluded::NoTumour)?;
    if tumour.organ != "breast" {
        return Err(Excluded::NotBreast);
    }
    if tumour.metastatic_at_entry {
        return Err(Excluded::MetastaticAtEntry);
    }
    let origin = history.origin().ok_or(Excluded::NoTumour)?;
    let (end, event) = outcome(history).ok_or(Excluded::NoTimeAtRisk)?;
    let follow_up = FollowUp::until(years(origin, end), event).map_err(|_| Excluded::NoTimeAtRisk)?;
    let covariates = covariates(history).ok_or(Excluded::NoTumour)?;
    let missing = covariates.missing();
    if !missing.is_empty() {
        return Err(Excluded::Incomplete(missing));
    }
    Ok(TrainingRow {
        patient: PatientRef {
            site: history.patient.site,
            patient: history.patient.id,
        },
        sex: history.patient.sex.code(),
        values: covariates.values.map(Option::unwrap_or_default),
        follow_up,
    })
}

impl Covariates {
    /// Labels of the facts that the registry does not know.
    pub fn missing(&self) -> Vec<&'static str> {
        let unknown = |fact: &&Fact| fact.columns.iter().any(|column| self.values[*column].is_none());
        FACTS.iter().filter(unknown).map(|fact| fact.label).collect()
    }
}
