//! One field of a measurement: its kind, unit, range, and the words beside it.

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A lab's result: a number, a limit or a word (data dictionary, 1.1).
    Result,
    /// Cells seen, or the reason why they were not counted.
    Count,
    /// How much was looked at, with this many decimals.
    Amount(u32),
    Choice(&'static [Choice]),
    Integer,
    Decimal(u32),
    /// At most so many characters; leaves the registry, so it may name nobody.
    Text(usize),
    Flag,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    pub code: &'static str,
    pub label: &'static str,
}

pub const fn choice(code: &'static str, label: &'static str) -> Choice {
    Choice { code, label }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Component {
    pub code: &'static str,
    pub label: &'static str,
    pub unit: Option<&'static str>,
    pub kind: Kind,
    pub required: bool,
    /// Outside it nothing is saved.
    pub hard: Option<(f64, f64)>,
    /// Outside it a reason is asked.
    pub soft: Option<(f64, f64)>,
    /// What a fresh form shows.
    pub default: Option<&'static str>,
    pub help: &'static str,
}

impl Component {
    pub const fn new(code: &'static str, label: &'static str, kind: Kind) -> Component {
        Component {
            code,
            label,
            unit: None,
            kind,
            required: false,
            hard: None,
            soft: None,
            default: None,
            help: "",
        }
    }

    pub const fn required(self) -> Component {
        Component { required: true, ..self }
    }

    pub const fn unit(self, unit: &'static str) -> Component {
        Component {
            unit: Some(unit),
            ..self
        }
    }

    pub const fn hard(self, lo: f64, hi: f64) -> Component {
        Component {
            hard: Some((lo, hi)),
            ..self
        }
    }

    pub const fn soft(self, lo: f64, hi: f64) -> Component {
        Component {
            soft: Some((lo, hi)),
            ..self
        }
    }

    pub const fn default(self, text: &'static str) -> Component {
        Component {
            default: Some(text),
            ..self
        }
    }

    pub const fn help(self, help: &'static str) -> Component {
        Component { help, ..self }
    }

    pub fn choices(&self) -> &'static [Choice] {
        match self.kind {
            Kind::Choice(choices) => choices,
            _ => &[],
        }
    }
}
