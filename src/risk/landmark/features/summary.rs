//! One pass over a case's readings: of each kind the last ones, how many, how far apart.

use crate::burden::case::{Case, Day, Finding, Found, Signal, Tissue, What};

/// One draw of ctDNA.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    pub on: Day,
    pub detected: bool,
    /// Natural log of the mutant fraction found; of the limit where none was.
    pub level: f64,
    /// Molecules found; 0 where none were.
    pub molecules: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Count {
    pub on: Day,
    pub count: f64,
    pub screened: f64,
}

#[derive(Clone, Copy, Debug)]
pub struct Level {
    pub on: Day,
    /// Natural log; of the limit where it was below or above.
    pub log: f64,
    pub below: bool,
}

/// The readings on file on a day, each kind in order of collection.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    pub draws: Vec<Draw>,
    pub blood: Vec<Count>,
    pub marrow: Vec<Count>,
    /// One list an analyte of the schema.
    pub markers: Vec<Vec<Level>>,
    pub scans: Vec<(Day, Finding)>,
    /// Days with any reading or visit, ascending, each once.
    pub days: Vec<Day>,
}

impl Readings {
    pub fn of(case: &Case, day: Day, analytes: &[String]) -> Readings {
        let mut own = Readings {
            markers: vec![Vec::new(); analytes.len()],
            ..Readings::default()
        };
        let mut before: Option<&Signal> = None;
        for signal in case.signals_on(day) {
            // the same result of the same day twice is one result
            if before.is_some_and(|b| b.on == signal.on && b.what == signal.what) {
                continue;
            }
            before = Some(signal);
            if own.days.last() != Some(&signal.on) {
                own.days.push(signal.on);
            }
            own.take(signal, analytes);
        }
        for (on, _) in case.visits.iter().filter(|(on, known)| *on <= day && known.on(day)) {
            if let Err(place) = own.days.binary_search(on) {
                own.days.insert(place, *on);
            }
        }
        own
    }

    fn take(&mut self, signal: &Signal, analytes: &[String]) {
        let on = signal.on;
        match &signal.what {
            What::Molecules { examined, found, .. } => self.draws.push(draw(on, *examined, *found)),
            What::Cells {
                tissue,
                count,
                screened,
            } => {
                let count = Count {
                    on,
                    count: *count,
                    screened: screened.max(1e-6),
                };
                match tissue {
                    Tissue::Blood => self.blood.push(count),
                    Tissue::Marrow => self.marrow.push(count),
                }
            }
            What::Marker { analyte, level } => {
                let (Found::Number(log) | Found::Below(log) | Found::Above(log)) = *level;
                if let Some(place) = analytes.iter().position(|name| **name == **analyte) {
                    let below = matches!(level, Found::Below(_));
                    self.markers[place].push(Level { on, log, below });
                }
            }
            What::Scan { finding } => self.scans.push((on, *finding)),
        }
    }
}

fn draw(on: Day, examined: f64, found: Found) -> Draw {
    let examined = examined.max(1.0);
    let (detected, molecules) = match found {
        Found::Number(n) | Found::Above(n) => (true, n.max(0.5)),
        Found::Below(n) => (false, n.max(0.5)),
    };
    Draw {
        on,
        detected,
        level: (molecules / examined).ln(),
        molecules: if detected { molecules } else { 0.0 },
    }
}
