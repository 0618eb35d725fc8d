//! Typed text made fit to keep (S-091): NFC, outer blanks off, no characters that hide or steer.

use unicode_normalization::UnicodeNormalization;

use super::problem::Problem;

/// Cleaned text of at most `max` characters; a tab or a line end may stand inside it.
pub fn clean(raw: &str, max: usize) -> Result<String, Problem> {
    // Checked before it is normalised, so that a huge text costs nothing.
    if raw.chars().count() > max.saturating_mul(2).saturating_add(16) {
        return Err(Problem::too_long(max));
    }
    let text: String = raw.replace("\r\n", "\n").nfc().collect();
    let text = text.trim();
    if text.chars().any(hidden) {
        return Err(Problem::control_characters());
    }
    if text.chars().count() > max {
        return Err(Problem::too_long(max));
    }
    // what shows nothing says nothing
    if text.chars().all(|c| c.is_whitespace() || unseen(c)) {
        return Ok(String::new());
    }
    Ok(text.to_owned())
}

/// The same for what fits on one line: a code, a number, a date.
pub fn clean_line(raw: &str, max: usize) -> Result<String, Problem> {
    let text = clean(raw, max)?;
    if text.contains(['\n', '\t']) {
        return Err(Problem::control_characters());
    }
    Ok(text)
}

/// Controls (tab and line feed apart) and the pictures that stand for them, direction marks, tag characters, non-characters, and what was
/// no text at all.
fn hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{2400}'..='\u{2421}' | '\u{fffd}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}' | '\u{fdd0}'..='\u{fdef}')
        || (c as u32) & 0xfffe == 0xfffe
}

/// Characters without a look of their own, which may stand within words and faces: joiners, soft hyphens, marks of order and form.
fn unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// The name of a user: it is read, compared and typed again, so it holds nothing that can't be seen.
pub fn user_name(raw: &str) -> Result<String, Problem> {
    let name = clean_line(raw, 80)?;
    match name.chars().count() {
        0 => Err(Problem::required("A user name")),
        1 => Err(Problem::short_name()),
        _ if name.chars().any(unseen) => Err(Problem::control_characters()),
        _ => Ok(name),
    }
}

/// A modest look for what names a person: a title with a name, a mail address, a phone or hospital number (V-PHI-01).
pub fn looks_personal(text: &str) -> bool {
    long_number(text) || mail_address(text) || titled_name(text) || labelled_number(text)
}

/// Seven digits in a row, or nine with the marks people put into phone numbers. A date has eight, with marks.
fn long_number(text: &str) -> bool {
    let (mut digits, mut in_row) = (0, 0);
    for c in text.chars() {
        match c {
            '0'..='9' => {
                digits += 1;
                in_row += 1;
            }
            ' ' | '-' | '(' | ')' | '+' => in_row = 0,
            _ => (digits, in_row) = (0, 0),
        }
        if in_row >= 7 || digits >= 9 {
            return true;
        }
    }
    false
}

fn mail_address(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        word.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.starts_with('.'))
    })
}

fn titled_name(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| {
        matches!(
            pair[0].trim_end_matches(['.', ':']),
            "Mr" | "Mrs" | "Ms" | "Miss" | "Herr" | "Frau" | "Name" | "name"
        ) && pair[1].chars().next().is_some_and(char::is_uppercase)
    })
}

fn labelled_number(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["mrn", "nhs", "hospital no", "hospital number", "phone", "tel."]
        .iter()
        .any(|label| {
            lower.match_indices(label).any(|(at, _)| {
                let rest = &lower[at + label.len()..];
                rest.chars().take(12).filter(char::is_ascii_digit).count() >= 4
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_refused_and_line_ends_made_one() {
        assert_eq!(clean(" line1\r\nline2 ", 100).as_deref(), Ok("line1\nline2"));
        for raw in ["a\0b", "a\u{1b}[31mred", "\u{202e}cod.exe", "\u{fdd0}", "\u{e0041}"] {
            assert_eq!(clean(raw, 100).map_err(|p| p.code), Err("V-TEXT-02"), "{raw:?}");
        }
        assert_eq!(clean(&"A".repeat(10_001), 10_000).map_err(|p| p.code), Err("V-TEXT-01"));
        assert_eq!(clean("e\u{301}", 1).as_deref(), Ok("é"));
        // nothing but what can't be seen is nothing; within words and faces it stays
        assert_eq!(clean("\u{200b}\u{feff} \u{200b}", 100).as_deref(), Ok(""));
        assert_eq!(clean("👩\u{200d}⚕\u{fe0f}", 100).as_deref(), Ok("👩\u{200d}⚕\u{fe0f}"));
    }

    #[test]
    fn a_user_name_can_be_seen_and_typed_again() {
        assert_eq!(user_name(" Mara Jansen ").as_deref(), Ok("Mara Jansen"));
        for (raw, code) in [
            ("", "V-REQ-01"),
            ("\u{200b}", "V-REQ-01"),
            ("M", "V-TEXT-01"),
            ("Ma\u{200b}ra", "V-TEXT-02"),
            ("Ma\tra", "V-TEXT-02"),
        ] {
            assert_eq!(user_name(raw).map_err(|p| p.code), Err(code), "{raw:?}");
        }
        assert_eq!(user_name(&"m".repeat(81)).map_err(|p| p.code), Err("V-TEXT-01"));
    }

    #[test]
    fn names_phones_and_hospital_numbers_are_seen() {
        for text in [
            "spoke to Mrs Jones",
            "call 07700 900 123",
            "MRN 44821",
            "a.b@c.org",
            "0049 30 901820",
        ] {
            assert!(looks_personal(text), "{text}");
        }
    }

    #[test]
    fn notes_of_the_clinic_are_not() {
        for text in [
            "Drawn 2024-03-01, tube 2 of 3, 7.5 mL",
            "=HYPERLINK(\"http://127.0.0.1\",\"x\")",
            "@SUM(1,1)",
            "http://169.254.169.254/latest/meta-data",
            "CA 19-9 rose from 37 to 120 in 90 days",
            "<script>alert(1)</script>",
            "",
        ] {
            assert!(!looks_personal(text), "{text}");
        }
    }
}
