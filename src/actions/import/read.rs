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
    /// The last line has no end of its own.
    ends_open: bool,
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

fn last_byte(file: &mut BufReader<File>) -> std::io::Result<Option<u8>> {
    let mut last = [0];
    Ok(match file.seek(std::io::SeekFrom::End(-1)) {
        Ok(_) => file.read(&mut last)?.checked_sub(1).map(|_| last[0]),
        // no byte at all
        Err(_) => None,
    })
}

/// The next row, without the carriage return of a line that ends with two bytes; whether there was one.
fn read(reader: &mut csv::Reader<BufReader<File>>, record: &mut ByteRecord) -> std::io::Result<bool> {
    if !reader.read_byte_record(record).map_err(std::io::Error::other)? {
        return Ok(false);
    }
    if record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\r")) {
        let last = record.len() - 1;
        *record = record
            .iter()
            .enumerate()
            .map(|(at, cell)| if at == last { &cell[..cell.len() - 1] } else { cell })
            .collect();
    }
    Ok(true)
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
        let ends_open = last_byte(&mut file)? != Some(b'\n');
        file.seek(std::io::SeekFrom::Start(bom))?;
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(mark)
            // both bytes of a line's end at once, and not the second with the next line, whose number it would spoil
            .terminator(csv::Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .from_reader(file);
        let mut header_bytes = ByteRecord::new();
        if !read(&mut reader, &mut header_bytes)? {
            return Ok(Err(vec![bad(1, "", Problem::empty_file())]));
        }
        let names: Vec<String> = header_bytes
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        Ok(match Header::read(kind, names.iter().map(String::as_str)) {
            Ok(header) => Ok(Rows {
                reader,
                ends_open,
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
        while lines.len() < most && read(&mut self.reader, &mut record)? {
            if record.iter().all(|cell| cell.trim_ascii().is_empty()) {
                continue;
            }
            let number = self.number(&record);
            let cells = self.cells(number, &record);
            lines.push(Line {
                number,
                bytes: std::mem::take(&mut record),
                cells,
            });
        }
        Ok(lines)
    }

    /// The line on which the row begins that was read last. (The reader's own count knows nothing of lines that it passes over.)
    fn number(&self, record: &ByteRecord) -> u64 {
        let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
        let after = self.reader.position();
        // a quote that nothing closes takes the file's last line end as text
        let is_unclosed = record.iter().next_back().is_some_and(|cell| cell.ends_with(b"\n"));
        let is_open = (self.ends_open || is_unclosed) && after.byte() == self.total_bytes;
        after.line() - within - u64::from(!is_open)
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
    fn rows_are_told_by_their_lines_however_a_line_ends() {
        let text = "site_code\tname\nAA\t\n\n\"over\nlines\"\t\nBB\t\"last\"\n";
        let path = std::env::temp_dir().join(format!("metwatch-rows-{}.csv", uuid::Uuid::new_v4()));
        for text in [text, text.trim_end()] {
            for text in [text.to_owned(), text.replace('\n', "\r\n")] {
                std::fs::write(&path, &text).expect("written");
                let Ok(mut rows) = Rows::open(Kind::Sites, &path).expect("opened") else {
                    panic!("a header is refused: {text:?}");
                };
                let lines = rows.next(10).expect("read");
                let told: Vec<_> = lines.iter().map(|l| (l.number, l.bytes[1].to_vec())).collect();
                assert_eq!(
                    told,
                    [(2, b"".to_vec()), (4, b"".to_vec()), (6, b"last".to_vec())],
                    "{text:?}"
                );
            }
        }
        std::fs::remove_file(&path).expect("removed");
    }

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
