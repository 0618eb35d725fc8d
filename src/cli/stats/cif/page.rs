//! The page and the picture of cumulative incidence.

use metwatch::web::chart::km::{self, Curves, Group, Step};

use super::super::data::Data;
use super::super::page::{Grid, chance, figure, interval, p, plain, wrapped};
use super::super::plot::{self, Panel};

use super::{Answer, Arguments, Chances, Fitted, GrayTest};

impl Arguments {
    pub(super) fn page(&self, answer: &Answer) -> String {
        let events: Vec<String> = (answer.counts.iter().enumerate().skip(1))
            .map(|(cause, count)| format!("{count} of cause {cause}"))
            .collect();
        let mut page = format!("Cumulative incidence: {} rows, {}\n", answer.n, events.join(", "));
        let limits = format!("{} interval", self.output.percent());
        for curve in &answer.groups {
            page += &curve
                .group
                .as_ref()
                .map_or_else(|| "\n".to_owned(), |group| format!("\n{group}\n"));
            let shown = curve.at.as_ref().unwrap_or(&curve.steps);
            // without times asked for, about ten along the curve
            let every = if curve.at.is_some() {
                1
            } else {
                shown.time.len().div_ceil(10).max(1)
            };
            let mut grid = Grid::new(&["time", "at risk", "cause", "incidence", "SE", &limits]);
            for at in (0..shown.time.len()).filter(|at| (at + 1) % every == 0 || at + 1 == shown.time.len()) {
                for state in 1..answer.states.len() {
                    let first = if state == 1 {
                        [plain(shown.time[at]), plain(shown.n_risk[at])]
                    } else {
                        [String::new(), String::new()]
                    };
                    let mut row = first.to_vec();
                    row.push(answer.states[state].clone());
                    row.push(chance(Some(shown.p[at][state])));
                    row.push(chance(Some(shown.se[at][state])));
                    row.push(interval(shown.lower[at][state], shown.upper[at][state], chance));
                    grid.row(row);
                }
            }
            page += &grid.show();
        }
        for test in &answer.gray_test {
            page += &wrapped(&told(test));
        }
        page
    }

    pub(super) fn draw(
        &self,
        data: &Data,
        groups: &[(String, Vec<usize>)],
        fitted: &[Fitted],
        causes: u32,
        answer: &Answer,
    ) -> String {
        let until = data.followed_to();
        let curve = |label: String, rows: &[usize], one: &Fitted, cause: u32, bands: &Chances| {
            let (subjects, _) = data.some(rows);
            let steps = (0..bands.time.len()).map(|at| {
                let p = bands.p[at][cause as usize];
                Step {
                    time: bands.time[at],
                    p,
                    lo: bands.lower[at][cause as usize].unwrap_or(p),
                    hi: bands.upper[at][cause as usize].unwrap_or(p),
                }
            });
            Group {
                label,
                steps: plot::thin(steps, until),
                censored: vec![],
                at_risk: plot::at_risk(&subjects, until),
                known_to: Some(one.curve.followed_to),
            }
        };
        let drawn: Vec<Group> = match &answer.curve {
            Some(own) => (1..=causes)
                .map(|cause| {
                    let mut group = curve(format!("cause {cause}"), &groups[0].1, &fitted[0], cause, &own.steps);
                    if cause > 1 {
                        group.at_risk.clear(); // the same for all causes
                    }
                    group
                })
                .collect(),
            None => (groups.iter().zip(fitted).zip(&answer.groups))
                .map(|(((label, rows), one), own)| curve(label.clone(), rows, one, self.cause, &own.steps))
                .collect(),
        };
        let notes: Vec<String> = answer.gray_test.iter().map(told).collect();
        let what = match self.group {
            Some(_) => format!("Cumulative incidence of cause {}", self.cause),
            None => "Cumulative incidence".to_owned(),
        };
        let chart = Curves {
            id: "incidence".to_owned(),
            title: what.clone(),
            about: notes.join("; "),
            width: plot::WIDTH,
            x_label: self.columns.time.clone(),
            y_label: "had the event".to_owned(),
            falling: false,
            until,
            groups: drawn,
        };
        let panel = Panel {
            title: format!("{what} (Aalen-Johansen) with {} bands", self.output.percent()),
            svg: km::svg(&chart),
            notes,
        };
        plot::sheet(&what, &[panel])
    }
}

pub(super) fn told(test: &GrayTest) -> String {
    format!(
        "Gray's test, cause {}: statistic {} on {} df, p {}",
        test.cause,
        figure(test.stat),
        test.df,
        p(Some(test.p))
    )
}
