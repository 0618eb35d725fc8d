//! One cell of a CSV file: numbers stay numbers, all text is quoted, and no text is read as a formula (S-108).

use std::fmt::Write;

use unicode_normalization::UnicodeNormalization;

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Empty,
    Text(String),
    Number(f64),
    Whole(i64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Cell {
        Cell::Number(number)
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Cell {
        Cell::Whole(number)
    }
}

impl From<i32> for Cell {
    fn from(number: i32) -> Cell {
        Cell::Whole(number.into())
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Cell {
        Cell::from(if yes { "yes" } else { "no" })
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Empty, Into::into)
    }
}

impl Cell {
    pub fn write(&self, out: &mut String) {
        match self {
            Cell::Empty => {}
            Cell::Whole(number) => {
                let _ = write!(out, "{number}");
            }
            Cell::Number(number) if number.is_nan() => {}
            Cell::Number(number) if number.is_infinite() => out.push_str(if *number > 0.0 { "Inf" } else { "-Inf" }),
            Cell::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Cell::Text(text) => {
                out.push('"');
                for c in harmless(text).chars() {
                    if c == '"' {
                        out.push('"');
                    }
                    out.push(c);
                }
                out.push('"');
            }
        }
    }
}

/// The text with a `'` before whatever a spreadsheet would calculate: at its start, and after each semicolon, tab or line end
/// inside, where a program that splits there would see a new cell.
pub fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    let mut whole = true;
    for piece in text.split_inclusive([';', '\t', '\n', '\r']) {
        if is_formula(piece, whole) {
            out.push('\'');
        }
        out.push_str(piece);
        whole = false;
    }
    out
}

/// Starts, after blanks and characters that are not seen and in whichever width, with a sign that begins a formula.
fn is_formula(piece: &str, whole: bool) -> bool {
    for c in piece.nfkc() {
        match c {
            '\t' | '\r' | '\n' if whole => return true,
            '=' | '+' | '-' | '@' | '|' | '%' => return true,
            c if c.is_whitespace() || c.is_control() || unseen(c) => {}
            _ => return false,
        }
    }
    false
}

/// Characters that take no room: what Unicode calls default-ignorable, and the blank of the braille block.
fn unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(cell: impl Into<Cell>) -> String {
        let mut out = String::new();
        cell.into().write(&mut out);
        out
    }

    #[test]
    fn formulas_become_text() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "|cmd",
            "%0A",
            "\t=1",
            "\rx",
            "\tplain",
            "  =1",
            "\u{200b}=1",
            "\u{feff}\u{a0}\u{2060}@x",
            "\u{ff1d}1+1",
            "\u{ff0b}1",
            "\u{fe63}1",
            "\u{ff20}x",
            "\u{e0041}=1",
            "\u{3164}=1",
            "=HYPERLINK(\"http://x\")",
        ] {
            assert!(written(text).starts_with("\"'"), "{text:?} gave {}", written(text));
        }
        assert_eq!(written("a;=1+1"), "\"a;'=1+1\"");
        assert_eq!(written("a\n-1"), "\"a\n'-1\"");
    }

    #[test]
    fn plain_text_stays_and_is_quoted() {
        for text in [
            "SEPT2",
            "1e5",
            "0042",
            "a=b",
            "2-3",
            "",
            "Ärzte",
            "O'Hara",
            "1–3",
            "\u{2060}a",
            "a; b",
        ] {
            assert_eq!(written(text), format!("\"{text}\""));
        }
        assert_eq!(written("say \"a\""), "\"say \"\"a\"\"\"");
    }

    #[test]
    fn numbers_stay_numbers() {
        assert_eq!(written(-12i64), "-12");
        assert_eq!(written(0.3), "0.3");
        assert_eq!(written(f64::INFINITY), "Inf");
        assert_eq!(written(None::<f64>), "");
        assert_eq!(written(1e21), "1000000000000000000000");
        assert_eq!(written(true), "\"yes\"");
    }

    proptest! {
        #[test]
        fn no_text_is_read_as_a_formula_and_every_text_is_found_again(text in "[ -~=+@\u{200b}\u{ff1d}\t\n\r]{0,12}") {
            let line = written(text.as_str());
            let inner = line[1..line.len() - 1].replace("\"\"", "\"");
            prop_assert_eq!(inner.replace('\'', ""), text.replace('\'', ""));
            prop_assert!(!is_formula(&inner, true));
        }
    }
}
