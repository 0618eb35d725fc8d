//! A column: what its cells are read as, and its cells.

use std::collections::HashMap;

/// What the cells of a column are read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Number,
    /// A number; a word may be meant as a level of a factor.
    Covariate,
    /// A number above 0.
    Weight,
    /// 0 censored, 1, 2, … the cause; TRUE and FALSE are 1 and 0.
    Event,
    Label,
    /// A number, or this one where the cell is empty.
    Open(f64),
}

/// Labels by number, their levels in order: as numbers where all are, else by letters.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    pub codes: Vec<usize>,
    pub levels: Vec<String>,
}

#[derive(Debug)]
pub(super) enum Cells {
    Numbers(Vec<f64>),
    Labels(Labels, HashMap<Vec<u8>, usize>),
}

#[derive(Debug)]
pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    pub place: usize,
    pub cells: Cells,
    pub missing: usize,
    /// Some cell was no number: `--factor` may be what is meant.
    pub wordy: bool,
}

pub(super) fn is_missing(cell: &[u8]) -> bool {
    cell.is_empty() || cell == b"NA"
}

fn number(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell).ok()?;
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

impl Column {
    /// Takes the cell; says what is wrong with it.
    pub fn take(&mut self, cell: &[u8]) -> Result<(), String> {
        let word = || String::from_utf8_lossy(cell).into_owned();
        match (&mut self.cells, self.kind) {
            (Cells::Labels(labels, known), _) => {
                let code = match known.get(cell) {
                    Some(code) => *code,
                    None => {
                        labels.levels.push(word());
                        known.insert(cell.to_vec(), labels.levels.len() - 1);
                        labels.levels.len() - 1
                    }
                };
                labels.codes.push(code);
            }
            (Cells::Numbers(numbers), Kind::Event) => match cell {
                b"TRUE" | b"true" | b"True" => numbers.push(1.0),
                b"FALSE" | b"false" | b"False" => numbers.push(0.0),
                _ => match number(cell) {
                    Some(code) if code >= 0.0 && code.fract() == 0.0 && code <= f64::from(u32::MAX) => {
                        numbers.push(code);
                    }
                    _ => return Err(format!("`{}` is not an event: 0 (censored), 1, 2, …", word())),
                },
            },
            (Cells::Numbers(numbers), Kind::Open(_)) if matches!(cell, b"Inf" | b"-Inf" | b"inf" | b"-inf") => {
                numbers.push(if cell[0] == b'-' {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                });
            }
            (Cells::Numbers(numbers), kind) => match number(cell) {
                Some(value) if kind == Kind::Weight && value <= 0.0 => {
                    return Err(format!("`{}` is not a weight above 0", word()));
                }
                Some(value) => numbers.push(value),
                None => {
                    self.wordy = kind == Kind::Covariate;
                    return Err(format!("`{}` is not a number", word()));
                }
            },
        }
        Ok(())
    }

    pub fn truncate(&mut self, rows: usize) {
        match &mut self.cells {
            Cells::Numbers(numbers) => numbers.truncate(rows),
            Cells::Labels(labels, _) => labels.codes.truncate(rows),
        }
    }

    /// Puts the levels in order.
    pub fn sort(&mut self) {
        let Cells::Labels(labels, known) = &mut self.cells else {
            return;
        };
        known.clear();
        let numbers: Option<Vec<f64>> = labels.levels.iter().map(|level| number(level.as_bytes())).collect();
        let mut order: Vec<usize> = (0..labels.levels.len()).collect();
        match numbers {
            Some(numbers) => order.sort_by(|a, b| numbers[*a].total_cmp(&numbers[*b])),
            None => order.sort_by(|a, b| labels.levels[*a].cmp(&labels.levels[*b])),
        }
        // A level whose rows were all left out is none.
        let mut used = vec![false; labels.levels.len()];
        labels.codes.iter().for_each(|code| used[*code] = true);
        order.retain(|level| used[*level]);
        let mut rank = vec![0; labels.levels.len()];
        order.iter().enumerate().for_each(|(at, level)| rank[*level] = at);
        labels.codes.iter_mut().for_each(|code| *code = rank[*code]);
        labels.levels = order.iter().map(|level| labels.levels[*level].clone()).collect();
    }
}
