//! A CSV file under way: lines, what they add up to, and the line that says it is whole (S-122).

use sha2::{Digest, Sha256};

use super::{Cell, Column};

/// Writes lines and remembers only their digests, so that a file of any size costs no memory.
pub struct Sheet<R> {
    columns: Vec<Column<R>>,
    file: Sha256,
    /// The sum of the rows' digests without pseudonyms: the same for the same data, in whichever order and under whichever key.
    content: [u64; 4],
    rows: u64,
    line: String,
}

/// What is kept of a finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub rows: u64,
    pub sha256: String,
    pub content: String,
}

impl<R> Sheet<R> {
    pub fn new(columns: Vec<Column<R>>) -> Sheet<R> {
        Sheet {
            columns,
            file: Sha256::new(),
            content: [0; 4],
            rows: 0,
            line: String::new(),
        }
    }

    pub fn head(&mut self, out: &mut Vec<u8>) {
        self.line.clear();
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                self.line.push(',');
            }
            Cell::from(&*column.name).write(&mut self.line);
        }
        self.end(out);
    }

    pub fn row(&mut self, row: &R, out: &mut Vec<u8>) {
        self.line.clear();
        let mut content = Sha256::new();
        for (at, column) in self.columns.iter().enumerate() {
            if at > 0 {
                self.line.push(',');
            }
            let start = self.line.len();
            (column.cell)(row).write(&mut self.line);
            if column.kind != "pseudonym" {
                content.update(&self.line.as_bytes()[start..]);
                content.update([0x1f]);
            }
        }
        let digest = content.finalize();
        for (sum, part) in self.content.iter_mut().zip(digest.chunks_exact(8)) {
            *sum = sum.wrapping_add(u64::from_be_bytes(part.try_into().expect("chunks of eight")));
        }
        self.rows += 1;
        self.end(out);
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.line.push('\n');
        self.file.update(self.line.as_bytes());
        out.extend_from_slice(self.line.as_bytes());
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The last line, and what is kept of the file.
    pub fn seal(self, out: &mut Vec<u8>) -> Sealed {
        let sealed = Sealed {
            rows: self.rows,
            sha256: self.file.finalize().iter().map(|byte| format!("{byte:02x}")).collect(),
            content: self.content.iter().map(|part| format!("{part:016x}")).collect(),
        };
        out.extend_from_slice(format!("# rows={} sha256={}\n", sealed.rows, sealed.sha256).as_bytes());
        sealed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(rows: &[i32], key: &'static str) -> (String, Sealed) {
        let mut sheet = Sheet::new(vec![
            Column::new("patient", "pseudonym", "who", move |row: &i32| {
                Cell::from(format!("{key}{row}").as_str())
            }),
            Column::new("value", "number", "what", |row: &i32| Cell::from(*row)),
        ]);
        let mut out = vec![];
        sheet.head(&mut out);
        for row in rows {
            sheet.row(row, &mut out);
        }
        let sealed = sheet.seal(&mut out);
        (String::from_utf8(out).unwrap(), sealed)
    }

    #[test]
    fn the_last_line_says_how_much_and_what_came_before() {
        let (text, sealed) = sheet(&[1, -2], "P");
        assert!(
            text.starts_with("\"patient\",\"value\"\n\"P1\",1\n\"P-2\",-2\n# rows=2 sha256="),
            "{text}"
        );
        let before = &text[..text.find("# rows").unwrap()];
        let digest: String = Sha256::digest(before.as_bytes())
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(digest, sealed.sha256);
        assert!(text.trim_end().ends_with(&sealed.sha256));
    }

    #[test]
    fn the_same_data_under_another_key_and_order_is_known_as_the_same() {
        let ((_, one), (_, two), (_, other)) = (sheet(&[1, 2], "P"), sheet(&[2, 1], "Q"), sheet(&[1, 3], "P"));
        assert_ne!(one.sha256, two.sha256);
        assert_eq!(one.content, two.content);
        assert_ne!(one.content, other.content);
    }
}
