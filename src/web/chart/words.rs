//! Text in a drawing: escaped, measured without a browser, shortened to fit.

pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Not allowed in XML, whatever the escape.
            c if c.is_control() && c != '\n' && c != '\t' => {}
            c => out.push(c),
        }
    }
    out
}

/// Width of 12 px text in the style sheet's face, a little on the wide side (bold and the system's faces are wider).
pub fn text_width(text: &str) -> f64 {
    let em: f64 = text
        .chars()
        .map(|letter| match letter {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | 'I' | '!' | '·' => 0.30,
            ' ' | '\u{a0}' | 't' | 'f' | 'r' | '(' | ')' | '/' | '-' => 0.40,
            '\u{202f}' | '\u{2009}' => 0.22,
            'm' | 'w' | 'M' | 'W' | '%' | '@' | '→' | '≥' | '≤' => 0.95,
            'A'..='Z' => 0.72,
            '0'..='9' | '−' | '+' | '<' | '>' | '=' | '±' => 0.66,
            'a'..='z' | '–' => 0.60,
            c if (c as u32) < 0x2000 => 0.72,
            _ => 1.05,
        })
        .sum();
    em * 12.0
}

/// The text in two lines of at most `width`, parted at a space or after a hyphen as late as it fits; the first is empty where one line is
/// enough or there is no such place.
pub fn split(text: &str, width: f64) -> (&str, &str) {
    if text_width(text) <= width {
        return ("", text);
    }
    let mut places = text.match_indices([' ', '-']).map(|(at, mark)| at + mark.len());
    let place = places.rfind(|at| text_width(text[..*at].trim_end()) <= width);
    let (first, rest) = text.split_at(place.unwrap_or(0));
    (first.trim_end(), rest)
}

/// The text, shortened with … to fit a width.
pub fn fit(text: &str, width: f64) -> String {
    if text_width(text) <= width {
        return text.to_string();
    }
    let mut out = String::new();
    for letter in text.chars() {
        if text_width(&out) + text_width(&letter.to_string()) + 12.0 > width {
            break;
        }
        out.push(letter);
    }
    format!("{}…", out.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_parted_where_it_may_be() {
        let room = text_width("SYN-TI-GENOM");
        assert_eq!(split("SYN-TI-16", room), ("", "SYN-TI-16"));
        assert_eq!(split("SYN-TI-GENOME 1", room), ("SYN-TI-", "GENOME 1"));
        assert_eq!(split("Signatera exome 2", room), ("Signatera", "exome 2"));
        assert_eq!(split("Unbreakableassay", room), ("", "Unbreakableassay"));
    }
}
