//! Columns of a CSV file as numbers and labels, read in one pass; every cell that can't be read is named by line and column.

mod column;
mod problems;

pub use column::{Kind, Labels};
pub use problems::{Problems, told};

use column::{Cells, Column, is_missing};

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};

use super::near::near;
/// The rows that are kept.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    /// Where each row stands in the file.
    pub lines: Vec<usize>,
    /// How many rows were left out for an empty cell.
    pub dropped: usize,
}
/// The separator that the header holds most of.
fn separator(head: &[u8]) -> u8 {
    let line = head
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .next()
        .unwrap_or_default();
    let count = |mark: u8| line.iter().filter(|byte| **byte == mark).count();
    // of equals the last, which is the comma
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|mark| count(*mark))
        .unwrap_or(b',')
}

/// Numbers the records by the line on which each begins. The reader's own count is one behind where lines end in CRLF.
struct Counter {
    ahead: u64,
}

impl Counter {
    fn line(&self, after: u64, record: &csv::ByteRecord) -> usize {
        let inside = record.as_slice().iter().filter(|byte| **byte == b'\n').count();
        (after - self.ahead) as usize - inside
    }
}

impl Table {
    /// Reads the columns asked for; `-` is the standard input. A column asked for twice as the same kind is read once.
    pub fn read(file: &Path, wanted: &[(&str, Kind)], drop_missing: bool) -> anyhow::Result<Table> {
        let source: Box<dyn Read> = if file == Path::new("-") {
            Box::new(std::io::stdin().lock())
        } else {
            Box::new(File::open(file).with_context(|| told(file))?)
        };
        let mut source = BufReader::with_capacity(1 << 16, source);
        let head = source.fill_buf()?;
        let delimiter = separator(head);
        // A last line without its end is given the end of the others.
        let end = head.iter().position(|byte| *byte == b'\n').unwrap_or(0);
        let ending: &[u8] = if end > 0 && head[end - 1] == b'\r' {
            b"\r\n"
        } else {
            b"\n"
        };
        let source = source.chain(ending);
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(source);
        let header = reader.byte_headers()?.clone();
        let names: Vec<String> = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let inside = header.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let counter = Counter {
            ahead: reader.position().line().saturating_sub(1 + inside),
        };
        let mut table = Table {
            columns: places(file, &names, wanted)?,
            lines: vec![],
            dropped: 0,
        };
        table.fill(&mut reader, &counter, names.len(), file, drop_missing)?;
        table.columns.iter_mut().for_each(Column::sort);
        if table.lines.is_empty() {
            match table.dropped {
                0 => bail!("there are no rows in {}", told(file)),
                n => bail!("all {n} rows of {} have an empty cell", told(file)),
            }
        }
        Ok(table)
    }

    fn fill<R: Read>(
        &mut self,
        reader: &mut csv::Reader<R>,
        counter: &Counter,
        width: usize,
        file: &Path,
        drop_missing: bool,
    ) -> anyhow::Result<()> {
        let (mut problems, mut record, mut first) = (Problems::default(), csv::ByteRecord::new(), 0);
        while reader.read_byte_record(&mut record)? {
            let line = counter.line(reader.position().line(), &record);
            if record.len() != width {
                if record.iter().any(|cell| !cell.is_empty()) {
                    problems.add(|| format!("line {line}: {} cells where the header has {width}", record.len()));
                }
                continue;
            }
            let (mut bad, mut missing) = (false, false);
            for column in &mut self.columns {
                let cell = &record[column.place];
                let taken = match (column.kind, is_missing(cell)) {
                    (Kind::Open(value), true) => column.take(value.to_string().as_bytes()),
                    (_, true) => {
                        column.missing += 1;
                        missing = true;
                        continue;
                    }
                    (_, false) => column.take(cell),
                };
                if let Err(wrong) = taken {
                    problems.add(|| format!("line {line}, column {}: {wrong}", column.name));
                    bad = true;
                }
            }
            if bad || missing {
                let rows = self.lines.len();
                self.columns.iter_mut().for_each(|column| column.truncate(rows));
                self.dropped += usize::from(missing);
                first = if missing && first == 0 { line } else { first };
            } else {
                self.lines.push(line);
            }
        }
        problems.refuse(file, &self.hint())?;
        if self.dropped > 0 && !drop_missing {
            bail!("{}", self.told_missing(file, first));
        }
        Ok(())
    }

    fn hint(&self) -> String {
        let wordy: Vec<&str> = (self.columns.iter().filter(|column| column.wordy))
            .map(|column| column.name.as_str())
            .collect();
        match wordy.as_slice() {
            [] => String::new(),
            names => format!(
                "\n--factor {} takes the values of a covariate as names of groups, not as numbers",
                names.join(",")
            ),
        }
    }

    fn told_missing(&self, file: &Path, first: usize) -> String {
        let columns: Vec<String> = (self.columns.iter().filter(|column| column.missing > 0))
            .map(|column| format!("{} {}", column.name, column.missing))
            .collect();
        let rows = if self.dropped == 1 { "row has" } else { "rows have" };
        format!(
            "{} {rows} an empty cell, the first on line {first} of {} ({}); --drop-missing leaves such rows out",
            self.dropped,
            told(file),
            columns.join(", ")
        )
    }

    fn column(&self, name: &str, labels: bool) -> &Cells {
        let same = |column: &&Column| column.name == name && matches!(column.cells, Cells::Labels(..)) == labels;
        let found = self.columns.iter().find(same);
        &found
            .expect("a column is asked for by the name under which it was read")
            .cells
    }

    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.column(name, false) {
            Cells::Numbers(numbers) => numbers,
            Cells::Labels(..) => unreachable!("labels were not asked for"),
        }
    }

    pub fn labels(&self, name: &str) -> &Labels {
        match self.column(name, true) {
            Cells::Labels(labels, _) => labels,
            Cells::Numbers(_) => unreachable!("numbers were not asked for"),
        }
    }

    pub fn rows(&self) -> usize {
        self.lines.len()
    }
}

/// Where the columns stand; all unknown ones at once, with those that are spelt alike.
fn places(file: &Path, names: &[String], wanted: &[(&str, Kind)]) -> anyhow::Result<Vec<Column>> {
    let mut columns: Vec<Column> = vec![];
    let mut unknown: Vec<String> = vec![];
    for (name, kind) in wanted {
        let labels = *kind == Kind::Label;
        if (columns.iter()).any(|c| c.name == *name && matches!(c.cells, Cells::Labels(..)) == labels) {
            continue;
        }
        let mut found = names.iter().enumerate().filter(|(_, known)| known == name);
        match (found.next(), found.next()) {
            (Some((place, _)), None) => columns.push(Column {
                name: (*name).to_owned(),
                kind: *kind,
                place,
                cells: if labels {
                    Cells::Labels(Labels::default(), HashMap::new())
                } else {
                    Cells::Numbers(vec![])
                },
                missing: 0,
                wordy: false,
            }),
            (Some(_), Some(_)) => bail!("the header of {} has two columns `{name}`", told(file)),
            (None, _) => unknown.push(near(name, names)),
        }
    }
    if unknown.is_empty() {
        Ok(columns)
    } else {
        bail!(
            "{} in {}\nits columns are {}",
            unknown.join("\n"),
            told(file),
            names.join(", ")
        )
    }
}
