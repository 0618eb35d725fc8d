//! Baseline facts by their names, whatever those are: numbers on a scale without a long tail, categories as 0 or 1.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Schema;
use crate::burden::{Case, case::Day};

/// On which scale a number is taken, so that one large value does not rule a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Plain,
    /// log(1 + x): sizes, counts and concentrations with a long tail.
    Log,
}

/// A baseline fact that is a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Numeric {
    pub name: String,
    pub form: Form,
}

impl Numeric {
    fn scaled(&self, value: f64) -> f64 {
        match self.form {
            Form::Plain => value,
            Form::Log => value.max(0.0).ln_1p(),
        }
    }
}

/// Numbers whose mean is this many times their median have a long tail.
const LONG_TAIL: f64 = 1.2;

/// The names to be columns. A name that only ever says 1 is a category, which most but not all may have.
pub(super) fn learn<'a>(
    cases: impl Iterator<Item = (&'a Case, Day)>,
    least: usize,
    n: usize,
) -> (Vec<Numeric>, Vec<String>) {
    let mut values: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for (case, day) in cases {
        for fact in case.facts_on(day).filter(|fact| fact.value.is_finite()) {
            values.entry(&fact.name).or_default().push(fact.value);
        }
    }
    let (mut numeric, mut categories) = (vec![], vec![]);
    for (name, mut values) in values {
        if values.len() < least {
            continue;
        }
        let category = name.contains('=') || values.iter().all(|value| *value == 1.0);
        if category && n - values.len().min(n) >= least {
            categories.push(name.to_owned());
        } else if !category {
            numeric.push(Numeric {
                name: name.to_owned(),
                form: form(&mut values),
            });
        }
    }
    (numeric, categories)
}

fn form(values: &mut [f64]) -> Form {
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (first, last) = (values[0], values[values.len() - 1]);
    if first >= 0.0 && last > 10.0 && mean > LONG_TAIL * median {
        Form::Log
    } else {
        Form::Plain
    }
}

pub(super) fn fill(schema: &Schema, case: &Case, day: Day, out: &mut Vec<f64>) {
    // of two versions known at once the later in the list holds
    let find = |name: &str| case.facts_on(day).filter(|fact| &*fact.name == name).last();
    for numeric in &schema.numeric {
        out.push(find(&numeric.name).map_or(f64::NAN, |fact| numeric.scaled(fact.value)));
    }
    for name in &schema.categories {
        out.push(f64::from(u8::from(find(name).is_some_and(|fact| fact.value != 0.0))));
    }
}
