//! The boxes of one measure, made from the catalogue: nothing here knows a measure by name.

use std::collections::BTreeMap;

use crate::actions::patients::words;
use crate::domain::id::AssayId;
use crate::domain::measure::{Assay, Component, Kind, LIMIT, Measure};
use crate::domain::observation::Observation;
use crate::domain::problem::{Problem, Severity};
use crate::domain::reading::Reading;
use crate::domain::unit;
use crate::web::field::{Choice, Field, Message, Weight};

/// With more further components than this, they are folded away until one is wanted.
const SHOWN: usize = 6;

/// What stands in the boxes, by field name; the first of two with one name.
#[derive(Clone, Debug, Default)]
pub struct Typed(BTreeMap<String, String>);

impl Typed {
    pub fn of(fields: &[(String, String)]) -> Typed {
        let mut typed = BTreeMap::new();
        for (name, value) in fields {
            typed.entry(name.clone()).or_insert_with(|| value.clone());
        }
        Typed(typed)
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }
}

/// One measure on a form.
pub struct MeasureBoxes {
    pub code: &'static str,
    pub label: &'static str,
    /// What is used, in small print under the name.
    pub small: String,
    pub open: bool,
    pub fields: Vec<Field>,
    pub further: Vec<Field>,
    pub further_open: bool,
    /// The result's field, and the unit beside it. It is sent along, so that another assay's can't be taken for it.
    pub primary: String,
    pub unit: String,
    /// The unit of each assay, for the script that changes the one beside the box.
    pub units: String,
}

/// The boxes of a measure as a form shows them. Without `assays` the assay is settled and not asked.
pub fn boxes(
    measure: &'static dyn Measure,
    assays: &[&Assay],
    asked: bool,
    chosen: Option<&Assay>,
    typed: &Typed,
    problems: &[Problem],
) -> MeasureBoxes {
    let shared = assays
        .first()
        .filter(|first| assays.iter().all(|assay| assay.unit == first.unit));
    let of_unit = chosen.or(shared.copied());
    let unit = of_unit.map_or("", |assay| unit::words(&assay.unit)).to_owned();
    let (mut fields, mut further) = (vec![], vec![]);
    if asked {
        let field = Field::text(&measure.field("assay"), "Assay", typed.get(&measure.field("assay")));
        fields.push(told(with_choices(field, assay_choices(assays)), typed, problems));
    }
    for component in measure.components() {
        let mut field = told(field_of(measure, component, typed), typed, problems);
        if component.code == measure.primary() {
            field.value = beside(&field.value, typed.get(&measure.field("unit")), &unit);
            field.unit.clone_from(&unit);
        }
        let is_main =
            component.required || component.code == measure.primary() || Some(component.code) == measure.screened();
        if is_main {
            fields.push(field);
        } else {
            further.push(field);
        }
    }
    if measure.has_limit() || !typed.get(&measure.field(LIMIT)).is_empty() {
        let name = measure.field(LIMIT);
        let field = Field::text(&name, "Limit on the report", typed.get(&name)).wide("w8");
        let mut field = told(field.hinting("If it is not the assay's own"), typed, problems);
        field.value = beside(&field.value, typed.get(&measure.field("unit")), &unit);
        field.unit.clone_from(&unit);
        further.push(field);
    }
    let fold = further.len() > SHOWN;
    if !fold {
        fields.append(&mut further);
    }
    let is_default = |field: &Field| {
        measure
            .components()
            .iter()
            .any(|c| measure.field(c.code) == field.name && c.default == Some(field.value.as_str()))
    };
    MeasureBoxes {
        code: measure.code(),
        label: measure.label(),
        small: chosen.map(described).unwrap_or_default(),
        open: true,
        further_open: further
            .iter()
            .any(|field| !field.messages.is_empty() || !(field.value.is_empty() || is_default(field))),
        fields,
        further,
        primary: measure.field(measure.primary()),
        unit,
        units: units(assays),
    }
}

/// What was typed beside one unit, in a box that has another beside it now: the number keeps its unit, so that it is read as before.
fn beside(value: &str, was: &str, now: &str) -> String {
    let bare = value.contains(|c: char| c.is_ascii_digit()) && unit::split(value).1.is_none();
    if bare && !was.is_empty() && was != now {
        format!("{} {was}", value.trim())
    } else {
        value.to_owned()
    }
}

fn field_of(measure: &dyn Measure, component: &Component, typed: &Typed) -> Field {
    let name = measure.field(component.code);
    let field = Field::text(&name, component.label, typed.get(&name)).hinting(component.help);
    let field = field.in_unit(component.unit.map_or("", unit::words));
    let choice = |value: &str, label: &str| Choice {
        value: value.into(),
        label: label.into(),
    };
    match component.kind {
        Kind::Result => field.wide("w12"),
        Kind::Text(_) => field.wide("w20"),
        Kind::Choice(choices) => {
            let none = choice("", "–");
            with_choices(
                field,
                std::iter::once(none)
                    .chain(choices.iter().map(|c| choice(c.code, c.label)))
                    .collect(),
            )
        }
        Kind::Flag => with_choices(
            field,
            vec![choice("", "–"), choice("true", "Yes"), choice("false", "No")],
        ),
        Kind::Count | Kind::Amount(_) | Kind::Integer | Kind::Decimal(_) => field.wide("w8"),
    }
}

/// A value that is none of the choices is kept among them, so that the message beside it makes sense.
pub fn with_choices(field: Field, mut choices: Vec<Choice>) -> Field {
    if choices.iter().all(|choice| choice.value != field.value) {
        choices.push(Choice {
            value: field.value.clone(),
            label: field.value.clone(),
        });
    }
    field.of(choices)
}

fn assay_choices(assays: &[&Assay]) -> Vec<Choice> {
    let none = Choice {
        value: String::new(),
        label: "Choose the assay".into(),
    };
    let each = assays.iter().map(|assay| Choice {
        value: assay.id.to_string(),
        label: described(assay),
    });
    std::iter::once(none).chain(each).collect()
}

/// The assay as people call it; its version where there is more than the first.
pub fn named(assay: &Assay) -> String {
    match assay.version.as_str() {
        "1" => assay.name().to_owned(),
        version => format!("{}, version {version}", assay.name()),
    }
}

/// `Tumour-informed panel, 16 loci: MTM/mL, limit 0.3`.
fn described(assay: &Assay) -> String {
    let mut words = named(assay);
    words += &format!(": {}", unit::words(&assay.unit));
    if let Some(lod) = assay.lod.filter(|_| assay.unit != "{cells}") {
        words += &format!(", limit {}", unit::shown(lod, &assay.unit));
    }
    words
}

fn units(assays: &[&Assay]) -> String {
    let units: BTreeMap<String, &str> = assays
        .iter()
        .map(|assay| (assay.id.to_string(), unit::words(&assay.unit)))
        .collect();
    serde_json::to_string(&units).unwrap_or_default()
}

/// The field with what the registry says to it, and with the reason that was given for keeping it.
pub fn told(mut field: Field, typed: &Typed, problems: &[Problem]) -> Field {
    let keep = format!("{}.keep", field.name);
    field.messages = problems
        .iter()
        .filter(|problem| problem.field == field.name || problem.field == keep)
        .map(Message::of)
        .collect();
    let asked = field.messages.iter().any(|message| message.weight == Weight::Soft);
    field.keep_reason = asked.then(|| typed.get(&keep).to_owned());
    field
}

/// One line of the summary above a form.
pub struct Wrong {
    /// Empty where the message belongs to no box.
    pub at: String,
    pub label: String,
    pub text: String,
}

/// What keeps the form from being saved, in the order of its boxes, and how many of each kind: "1 to mend, 1 to confirm."
pub fn wrong<'a>(fields: impl Iterator<Item = &'a Field>, problems: &[Problem], typed: &Typed) -> (Vec<Wrong>, String) {
    let places: BTreeMap<&str, (usize, &str)> = fields
        .enumerate()
        .map(|(place, field)| (field.name.as_str(), (place, field.label.as_str())))
        .collect();
    let (mut lines, mut hard, mut soft) = (vec![], 0, 0);
    for problem in problems {
        let reason = typed.get(&format!("{}.keep", problem.field)).trim();
        match problem.severity {
            Severity::Hard => hard += 1,
            Severity::Soft if reason.is_empty() => soft += 1,
            _ => continue,
        }
        let at = problem.field.trim_end_matches(".keep");
        let place = places.get(at).copied();
        let line = Wrong {
            at: place.map(|_| at.to_owned()).unwrap_or_default(),
            label: place.map(|(_, label)| label.to_owned()).unwrap_or_default(),
            text: problem.text.clone(),
        };
        lines.push((place, line));
    }
    lines.sort_by_key(|(place, _)| *place);
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    let words = match (hard, soft) {
        (0, 0) => String::new(),
        (hard, 0) => format!("{hard} to mend."),
        (0, soft) => format!("{soft} to confirm."),
        (hard, soft) => format!("{hard} to mend, {soft} to confirm."),
    };
    (lines, words)
}

/// A result as it was printed, with its unit: `<0.3 MTM/mL`, `ND`.
pub fn said(seen: &Observation) -> String {
    let is_bare = seen.raw_text.ends_with(|c: char| c.is_ascii_digit());
    if is_bare {
        format!("{} {}", seen.raw_text, unit::words(&seen.unit))
    } else {
        seen.raw_text.clone()
    }
}

/// The same, with what it was read as where that is another number or bound: `12%, read as 120,000 ppm`.
pub fn understood(seen: &Observation) -> String {
    let typed = unit::split(&seen.raw_text).0.trim_start_matches(['=', '~', ' ']);
    let is_other = match seen.reading {
        Reading::Quantified { value } => {
            let read = unit::shown(value, &seen.unit);
            typed.parse().is_ok_and(|typed: f64| (typed - read).abs() > 1e-9 * read)
        }
        Reading::AboveRange { .. } => !typed.starts_with('>'),
        // what a machine prints for "below what I can see"
        Reading::NotDetected { .. } => typed.parse() == Ok(0.0),
        _ => false,
    };
    let read = || words::reading(&seen.reading, &seen.unit);
    match is_other {
        true => format!("{}, read as {}", said(seen), read()),
        false => said(seen),
    }
}

pub fn by_id<'a>(assays: &[&'a Assay], id: &str) -> Option<&'a Assay> {
    let id = AssayId(id.trim().parse().ok()?);
    assays.iter().find(|assay| assay.id == id).copied()
}
