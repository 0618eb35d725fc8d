//! The answer as a drawing, and the same as a table.

use std::ops::Range;

use super::super::chart::km::{self, Curves, Group, Step};
use super::words::{self, Scale};
use crate::actions::cohorts::{Answer, At, Endpoint, Estimate, Grouping, Line, View};

/// As many curves as have a look of their own.
pub const CURVES: usize = 6;

/// Steps closer than this share of the axis can't be seen apart.
const GRAIN: f64 = 1.0 / 900.0;

/// The lines that are drawn: the largest, in their order.
pub fn drawn(answer: &Answer) -> Vec<usize> {
    let mut drawn: Vec<usize> = (0..answer.lines.len())
        .filter(|i| answer.lines[*i].estimate.is_ok())
        .collect();
    drawn.sort_by_key(|i| std::cmp::Reverse(answer.lines[*i].patients.exact()));
    drawn.truncate(CURVES);
    drawn.sort_unstable();
    drawn
}

fn steps(estimate: &Estimate, until: f64, scale: Scale) -> Vec<Step> {
    let grain = |at: &At| (at.time / (until * GRAIN)) as i64;
    let shown = |(i, at): &(usize, &At)| estimate.steps.get(i + 1).is_none_or(|next| grain(next) != grain(at));
    let step = |(_, at): (usize, &At)| Step {
        time: at.time * scale.per_year,
        p: at.p,
        lo: at.lo,
        hi: at.hi,
    };
    estimate.steps.iter().enumerate().filter(shown).map(step).collect()
}

fn group(answer: &Answer, at: usize, line: &Line, scale: Scale) -> Option<Group> {
    let until = answer.until();
    let estimate = line.estimate.as_ref().ok()?;
    Some(Group {
        label: line.label.clone(),
        steps: steps(estimate, until, scale),
        censored: vec![],
        at_risk: km::ticks(until * scale.per_year)
            .into_iter()
            .map(|time| words::count(answer.at_risk(time / scale.per_year)[at]))
            .collect(),
        known_to: Some(estimate.known_to * scale.per_year),
    })
}

pub fn title(answer: &Answer) -> String {
    let endpoint = answer.question.endpoint;
    match answer.question.view {
        View::Free => endpoint.words().to_owned(),
        View::Incidence => format!("Cumulative incidence of {}", endpoint.event()),
    }
}

pub fn svg(answer: &Answer, id: &str, width: f64) -> String {
    let (endpoint, scale) = (answer.question.endpoint, Scale::of(answer));
    let free = answer.question.view == View::Free;
    let lines: Vec<usize> = drawn(answer);
    km::svg(&Curves {
        id: id.into(),
        title: title(answer),
        about: "Step lines with 95 % bands and the numbers at risk. The table below has the same content.".into(),
        width,
        x_label: format!("{} since surgery, else diagnosis", scale.word),
        y_label: match (free, answer.question.group) {
            (true, _) => endpoint.free().into(),
            (false, Grouping::None) => "cumulative incidence".into(),
            (false, _) => format!("{} so far, death competing", endpoint.event()),
        },
        falling: free,
        until: answer.until() * scale.per_year,
        groups: lines
            .iter()
            .filter_map(|at| group(answer, *at, &answer.lines[*at], scale))
            .collect(),
    })
}

/// As many groups as stand beside each other on upright paper.
const ABREAST: usize = 3;

/// The same as a table: for each time, in each line, how many are at risk and the curve.
pub struct Table {
    /// Years or months.
    pub unit: &'static str,
    pub what: String,
    /// Beneath each other, so that neither screen nor paper cuts a group off.
    pub blocks: Vec<Block>,
}

/// Some of the lines at all times.
pub struct Block {
    /// "1 of 2", where there are more.
    pub part: String,
    pub heads: Vec<String>,
    /// A time, and in each line the number at risk and the curve with its interval.
    pub rows: Vec<(String, Vec<(String, String)>)>,
}

pub fn table(answer: &Answer) -> Table {
    let lines: Vec<usize> = (0..answer.lines.len())
        .filter(|i| answer.lines[*i].estimate.is_ok())
        .collect();
    let parts = parts(lines.len());
    let part = |at: usize| match parts.len() {
        1 => String::new(),
        all => format!("{} of {all}", at + 1),
    };
    let blocks = parts.iter().enumerate().map(|(at, groups)| Block {
        part: part(at),
        ..block(answer, &lines[groups.clone()])
    });
    Table {
        unit: if Scale::of(answer).per_year > 1.0 {
            "Months"
        } else {
            "Years"
        },
        what: match (answer.question.view, answer.question.endpoint) {
            (View::Free, Endpoint::Overall) => "Alive".into(),
            (View::Free, _) => "Free of it".into(),
            (View::Incidence, _) => "Incidence".into(),
        },
        blocks: blocks.collect(),
    }
}

/// Which groups stand abreast. Blocks are of about one size: of four groups two and two, not three and one.
fn parts(groups: usize) -> Vec<Range<usize>> {
    let parts = groups.div_ceil(ABREAST).max(1);
    (0..parts)
        .map(|at| at * groups / parts..(at + 1) * groups / parts)
        .collect()
}

fn block(answer: &Answer, lines: &[usize]) -> Block {
    let scale = Scale::of(answer);
    let row = |mark: f64| {
        let time = mark / scale.per_year;
        let at_risk = answer.at_risk(time);
        let cell = |i: &usize| {
            let at = answer.lines[*i].estimate.as_ref().ok().and_then(|curve| curve.at(time));
            (words::count(at_risk[*i]), at.map_or("–".into(), words::share))
        };
        (super::super::write::figure(mark), lines.iter().map(cell).collect())
    };
    Block {
        part: String::new(),
        heads: lines.iter().map(|i| answer.lines[*i].label.clone()).collect(),
        rows: km::ticks(answer.until() * scale.per_year)
            .into_iter()
            .map(row)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_block_is_wider_than_paper_and_none_is_left_with_one_group() {
        for groups in 1..40 {
            let parts = parts(groups);
            assert_eq!((parts[0].start, parts[parts.len() - 1].end), (0, groups));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert!(
                parts
                    .iter()
                    .all(|part| part.len() <= ABREAST && (part.len() > 1 || groups == 1))
            );
        }
    }
}
