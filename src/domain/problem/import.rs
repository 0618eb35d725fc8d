//! Messages about files: their header, codes that are not on file, rows that are there already.

use chrono::NaiveDate;

use super::{Problem, shown};

/// At most ten of what there is to choose from.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    match names.as_slice() {
        [] => "none".to_owned(),
        names if names.len() > 10 => format!("{} and {} more", names[..10].join(", "), names.len() - 10),
        names => names.join(", "),
    }
}

impl Problem {
    pub fn column_missing(column: &str) -> Problem {
        Problem::hard(
            "V-FILE-01",
            format!("The column {column} is missing. Add it to the first line."),
        )
        .at(column)
    }

    pub fn column_unknown(column: &str, nearest: Option<&str>) -> Problem {
        let nearest = nearest
            .map(|name| format!(" The nearest is {name}."))
            .unwrap_or_default();
        let text = format!(
            "There is no column \"{}\" in this layout.{nearest} Rename or remove it.",
            shown(column)
        );
        Problem::hard("V-FILE-02", text).at(shown(column))
    }

    pub fn column_twice(column: &str) -> Problem {
        Problem::hard("V-FILE-03", "The column is there twice. Remove one.").at(shown(column))
    }

    pub fn not_utf8() -> Problem {
        Problem::hard(
            "V-FILE-04",
            "This line is not UTF-8. Save the file as \"CSV UTF-8\" and import it again.",
        )
    }

    pub fn cells(found: usize, wanted: usize) -> Problem {
        let text = format!(
            "This line has {found} fields, the header has {wanted}. Is a separator or a quote missing, or a text with a \
             separator not in quotes?"
        );
        Problem::hard("V-FILE-05", text)
    }

    pub fn empty_file() -> Problem {
        Problem::hard("V-FILE-06", "The file is empty. Its first line must name the columns.")
    }

    pub fn out_of_place(what: &str, place: &str) -> Problem {
        Problem::hard(
            "V-FILE-07",
            format!("{what} belongs to {place} only. Leave it empty here."),
        )
    }

    pub fn said_before(line: u64) -> Problem {
        Problem::hard(
            "V-DUP-02",
            format!("Line {line} of this file is about the same fact. Keep one of the two."),
        )
    }

    /// On file with other values; `differences` reads like "grade: 2 on file, 3 here".
    pub fn on_file_differs(differences: &str) -> Problem {
        let text = format!(
            "This is on file with other values ({differences}). If it is an amendment, import with --amend and the reason; \
             else mend the row."
        );
        Problem::hard("V-DUP-03", text)
    }

    pub fn key_shape(column: &str, least: usize, most: usize, letters: &str, marks: &str) -> Problem {
        let marks: Vec<String> = marks.chars().map(|mark| format!(" {mark}")).collect();
        Problem::hard(
            "V-CODE-02",
            format!("{column} is {least} to {most} of {letters} 0-9{}.", marks.concat()),
        )
    }

    pub fn unknown_site(code: &str, nearest: &[String]) -> Problem {
        let nearest = if nearest.is_empty() {
            "none".to_owned()
        } else {
            nearest.join(", ")
        };
        Problem::hard(
            "V-ID-02",
            format!("{} is not one of your centres. Nearest: {nearest}.", shown(code)),
        )
    }

    pub fn not_on_file<'a>(what: &str, code: &str, known: impl Iterator<Item = &'a str>) -> Problem {
        Problem::hard(
            "V-ID-03",
            format!("No {what} {} is on file. There are: {}.", shown(code), list(known)),
        )
    }

    pub fn no_such_visit(code: &str, day: NaiveDate) -> Problem {
        let text = format!("No visit {code} on {day} is on file. Import the visit first, or leave visit_code empty.");
        Problem::hard("V-ID-04", text)
    }

    pub fn unknown_zone(zone: &str) -> Problem {
        Problem::hard(
            "V-CODE-03",
            format!(
                "{} is no time zone I know. Use a name like Europe/Amsterdam.",
                shown(zone)
            ),
        )
    }

    pub fn other_specimen(expected: &str) -> Problem {
        Problem::hard(
            "V-CODE-04",
            format!("This assay is for specimens of type {expected}. One of the two is wrong."),
        )
    }

    pub fn not_a_time(raw: &str) -> Problem {
        Problem::hard(
            "V-TIME-01",
            format!("I can't read \"{}\" as a time. Type it like 14:05.", shown(raw)),
        )
    }

    pub fn reported_early(reported_on: NaiveDate, true_on: NaiveDate) -> Problem {
        let text = format!("Reported on {reported_on}, before it was true ({true_on}). One of the two days is wrong.");
        Problem::hard("V-DATE-08", text)
    }

    pub fn before_birth(column: &str) -> Problem {
        Problem::hard("V-DATE-09", format!("{column} is before the patient's birth."))
    }

    pub fn ends_before_start(end: &str, start: &str) -> Problem {
        Problem::hard(
            "V-DATE-10",
            format!("{end} is before {start}. One of the two days is wrong."),
        )
    }

    pub fn limits_crossed(lod: f64, loq: f64) -> Problem {
        let text = format!("The limit of quantification ({loq}) is below the limit of detection ({lod}).");
        Problem::hard("V-LOD-04", text)
    }

    pub fn nodes(positive: i64, examined: i64) -> Problem {
        Problem::hard(
            "V-NODE-01",
            format!("{positive} positive of {examined} examined cannot be. Check the counts."),
        )
    }
}
