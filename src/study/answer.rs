//! What a study hands over: a risk for each landmark and horizon, and the first flag of each flagged patient.

use std::io::{self, Write};

use rayon::prelude::*;

use super::folder::Cohort;
use super::follow::{Follows, walk};
use crate::burden::case::{Case, Day, Outcome, date_of};
use crate::burden::line::HORIZONS;
use crate::risk::flags::{self, FIRST_DAY, FlagRule, Series, Watch};

/// Of the cohort that the model was applied to.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// One a landmark, in their order: the risks within `HORIZONS`.
    pub predictions: Vec<[f64; 3]>,
    /// The scored days of each patient up to the last day of the data, nothing of the outcome known.
    pub series: Vec<Series>,
}

/// `usual`: the risks of those for whom the model has none (`unscored`).
pub fn answer<M: Follows>(
    model: &M,
    cohort: &Cohort,
    cases: &[Case],
    usual: [f64; 3],
    tell: &(impl Fn() + Sync),
) -> Answer {
    let last = cohort.last_day();
    let mut landmarks: Vec<Vec<(Day, usize)>> = vec![vec![]; cases.len()];
    for (place, landmark) in cohort.landmarks.iter().enumerate() {
        landmarks[landmark.person].push((cases[landmark.person].day_of(landmark.on), place));
    }
    let one = |(case, mut asked): (&Case, Vec<(Day, usize)>)| {
        asked.sort_unstable();
        let days: Vec<Day> = asked.iter().map(|(day, _)| *day).collect();
        let watch = Watch {
            from: FIRST_DAY,
            to: last.map_or(0, |last| case.day_of(last)),
            end: flags::End::Censored,
        };
        let (series, said) = walk(model, case, watch, &days);
        tell();
        let risks = asked.iter().zip(said).map(|((day, place), said)| {
            let risks = said.map_or_else(|| unscored(case, *day, usual), |said| said.risks);
            (*place, risks)
        });
        (series, risks.collect::<Vec<_>>())
    };
    let walked: Vec<_> = cases.par_iter().zip(landmarks).map(one).collect();
    let mut predictions = vec![usual; cohort.landmarks.len()];
    let mut series = Vec::with_capacity(walked.len());
    for (own, risks) in walked {
        series.push(own);
        for (place, risk) in risks {
            predictions[place] = risk;
        }
    }
    Answer { predictions, series }
}

/// Nobody relapses for the first time after a relapse, or after death; of all others without a score the model has seen nobody alike,
/// and the share of the training cohort stands in.
fn unscored(case: &Case, day: Day, usual: [f64; 3]) -> [f64; 3] {
    match case.end(day).map(|end| &end.what) {
        Some(Outcome::Relapse { .. } | Outcome::Death) => [0.0; 3],
        _ => usual,
    }
}

/// Rows of predictions.csv. Errors: those of the writer.
pub fn write_predictions(cohort: &Cohort, answer: &Answer, mut out: impl Write) -> io::Result<()> {
    writeln!(out, "patient_id,landmark_date,horizon_days,risk")?;
    for (landmark, risks) in cohort.landmarks.iter().zip(&answer.predictions) {
        let key = quoted(&cohort.people[landmark.person].key);
        for (horizon, risk) in HORIZONS.iter().zip(risks) {
            writeln!(out, "{key},{},{horizon},{risk}", landmark.on)?;
        }
    }
    out.flush()
}

/// The first flag of each flagged patient at the threshold of a place: patient's place and day.
pub fn first_flags(rule: &FlagRule, answer: &Answer, place: usize) -> Vec<Option<Day>> {
    let first = |series: &Series| {
        let found = rule.first_flags(std::slice::from_ref(series), place);
        found.first().map(|(_, day)| *day)
    };
    answer.series.par_iter().map(first).collect()
}

/// Rows of flags.csv. Errors: those of the writer.
pub fn write_flags(cohort: &Cohort, answer: &Answer, flags: &[Option<Day>], mut out: impl Write) -> io::Result<()> {
    writeln!(out, "patient_id,flagged_at")?;
    for ((person, series), flag) in cohort.people.iter().zip(&answer.series).zip(flags) {
        let date = flag.map(|day| date_of(series.origin, day));
        if let Some(date) = date {
            writeln!(out, "{},{date}", quoted(&person.key))?;
        }
    }
    out.flush()
}

/// A cell as it is, or in quotes where it would be taken for more than one.
fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
