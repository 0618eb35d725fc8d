//! A CSV file as rows of text: the separator found, the encoding checked, line by line.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::Path;

use csv::ByteRecord;
use sha2::{Digest, Sha256};

use crate::domain::import::{Bad, Header, Kind};
use crate::domain::problem::Problem;

/// One row as it stands in the file.
pub struct Line {
    pub number: u64,
    pub bytes: ByteRecord,
    /// Its cells as text, or what is wrong with the row as a whole.
    pub cells: Result<Vec<String>, Box<Bad>>,
}

pub struct Rows {
    reader: csv::Reader<BufReader<File>>,
    pub header: Header,
    pub header_bytes: ByteRecord,
    pub total_bytes: u64,
}

/// The digest of a file's bytes, read piece by piece.
pub fn digest(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut hasher = Sha256::new();
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            return Ok(hasher.finalize().into());
        }
        hasher.update(piece);
        let read = piece.len();
        file.consume(read);
    }
}

/// Comma, semicolon or tab: the one that stands most often outside quotes in the first line.
fn separator(first_line: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0)];
    for byte in first_line {
        if *byte == b'"' {
            quoted = !quoted;
        }
        if let Some((_, count)) = counts.iter_mut().find(|(mark, _)| !quoted && mark == byte) {
            *count += 1;
        }
    }
    // The first of equals: a file of one column has none of the three.
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(mark, _)| mark)
}

fn bad(line: u64, value: &str, problem: Problem) -> Bad {
    Bad {
        line,
        value: value.chars().filter(|c| !c.is_control()).take(80).collect(),
        problem,
    }
}

impl Rows {
    /// Opens the file and reads its header; the inner error is what is wrong with the header.
    pub fn open(kind: Kind, path: &Path) -> std::io::Result<Result<Rows, Vec<Bad>>> {
        let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let total_bytes = file.get_ref().metadata()?.len();
        let mut start = vec![];
        // A first line this long is no header.
        (&mut file).take(1 << 16).read_until(b'\n', &mut start)?;
        let bom = if start.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        let names = match std::str::from_utf8(&start) {
            Ok(text) => text.trim_start_matches('\u{feff}').trim_end(),
            Err(_) => return Ok(Err(vec![bad(1, "", Problem::not_utf8())])),
        };
        if names.is_empty() {
            return Ok(Err(vec![bad(1, "", Problem::empty_file())]));
        }
        if names.contains('\0') {
            // UTF-16 without a mark looks like this.
            return Ok(Err(vec![bad(1, "", Problem::not_utf8())]));
        }
        let mark = separator(names.as_bytes());
        file.seek(std::io::SeekFrom::Start(bom))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut header_bytes = ByteRecord::new();
        if !reader
            .read_byte_record(&mut header_bytes)
            .map_err(std::io::Error::other)?
        {
            return Ok(Err(vec![bad(1, "", Problem::empty_file())]));
        }
        let names: Vec<String> = header_bytes
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        Ok(match Header::read(kind, names.iter().map(String::as_str)) {
            Ok(header) => Ok(Rows {
                reader,
                header,
                header_bytes,
                total_bytes,
            }),
            Err(problems) => Err(problems
                .into_iter()
                .map(|problem| bad(1, &problem.field.clone(), problem))
                .collect()),
        })
    }

    pub fn bytes_read(&self) -> u64 {
        self.reader.position().byte()
    }

    /// At most so many rows; none at the end of the file. Rows without any text are passed over.
    pub fn next(&mut self, most: usize) -> std::io::Result<Vec<Line>> {
        let mut lines = Vec::with_capacity(most);
        let mut record = ByteRecord::new();
        while lines.len() < most
            && self
                .reader
                .read_byte_record(&mut record)
                .map_err(std::io::Error::other)?
        {
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            let number = record.position().map_or(0, csv::Position::line);
            let cells = self.cells(number, &record);
            lines.push(Line {
                number,
                bytes: std::mem::take(&mut record),
                cells,
            });
        }
        Ok(lines)
    }

    fn cells(&self, number: u64, record: &ByteRecord) -> Result<Vec<String>, Box<Bad>> {
        let cells: Result<Vec<String>, _> = record
            .iter()
            .map(|cell| std::str::from_utf8(cell).map(str::to_owned))
            .collect();
        let Ok(cells) = cells else {
            return Err(Box::new(bad(
                number,
                &String::from_utf8_lossy(record.as_slice()),
                Problem::not_utf8(),
            )));
        };
        if cells.len() != self.header.len() {
            return Err(Box::new(bad(
                number,
                "",
                Problem::cells(cells.len(), self.header.len()),
            )));
        }
        // The database has no NUL: no cell with one goes further, not even as a key to look up.
        if let Some(place) = cells.iter().position(|cell| cell.contains('\0')) {
            let problem = Problem::control_characters().at(self.header.name(place));
            return Err(Box::new(bad(number, &cells[place], problem)));
        }
        Ok(cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found_outside_quotes() {
        for (line, mark) in [
            ("site_code,name,time_zone", b','),
            ("site_code;name;time_zone", b';'),
            ("site_code\tname\ttime_zone", b'\t'),
            ("\"a,b,c,d\";name;time_zone", b';'),
            ("site_code", b','),
            ("", b','),
        ] {
            assert_eq!(separator(line.as_bytes()), mark, "{line}");
        }
    }
}
