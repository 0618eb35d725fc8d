//! Rows in the text form of `COPY`.

use std::fmt::{Display, Write};

/// Rows of a COPY as they are built; fields in order, then `end`.
#[derive(Default)]
pub struct Rows {
    text: String,
    within: bool,
}

impl Rows {
    fn next(&mut self) {
        if self.within {
            self.text.push('\t');
        }
        self.within = true;
    }

    /// A number or a truth value: what it prints holds none of the marks. Rust prints the shortest number that reads back as the
    /// same bits, and PostgreSQL reads the nearest one.
    pub fn plain(&mut self, value: impl Display) {
        self.next();
        // writing to a string can't fail
        let _ = write!(self.text, "{value}");
    }

    pub fn plain_or_null(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.plain(value),
            None => self.null(),
        }
    }

    pub fn null(&mut self) {
        self.next();
        self.text.push_str("\\N");
    }

    pub fn text(&mut self, value: &str) {
        self.next();
        for c in value.chars() {
            self.escaped(c);
        }
    }

    pub fn text_or_null(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// `text[]`: each element in double quotes, their marks escaped once for the array and once for the row.
    pub fn texts(&mut self, values: &[String]) {
        self.next();
        self.text.push('{');
        for (i, value) in values.iter().enumerate() {
            if i > 0 {
                self.text.push(',');
            }
            self.text.push('"');
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    self.escaped('\\');
                }
                self.escaped(c);
            }
            self.text.push('"');
        }
        self.text.push('}');
    }

    fn escaped(&mut self, c: char) {
        match c {
            '\\' => self.text.push_str("\\\\"),
            '\n' => self.text.push_str("\\n"),
            '\r' => self.text.push_str("\\r"),
            '\t' => self.text.push_str("\\t"),
            // PostgreSQL's text has none; a reason with one must not cost the patient the row
            '\0' => self.text.push('\u{fffd}'),
            c => self.text.push(c),
        }
    }

    pub fn end(&mut self) {
        self.text.push('\n');
        self.within = false;
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_escaped_once_for_the_row_and_twice_in_an_array() {
        let mut rows = Rows::default();
        rows.plain(7);
        rows.plain_or_null(None::<f64>);
        rows.plain(5e-324);
        rows.text("a\tb\\c\nd\0");
        rows.texts(&["x,\"y\"".into(), "z\\".into(), String::new()]);
        rows.end();
        rows.texts(&[]);
        rows.end();
        let text = String::from_utf8(rows.into_bytes()).unwrap();
        let tiny = format!("{}", 5e-324);
        assert_eq!(tiny.parse::<f64>().unwrap().to_bits(), 1);
        assert_eq!(
            text,
            format!("7\t\\N\t{tiny}\ta\\tb\\\\c\\nd\u{fffd}\t{{\"x,\\\\\"y\\\\\"\",\"z\\\\\\\\\",\"\"}}\n{{}}\n")
        );
    }
}
