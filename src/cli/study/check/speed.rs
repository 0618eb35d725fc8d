//! How long it takes on this machine.

use std::time::Instant;

use metwatch::burden::{Case, Names, Population};
use metwatch::study::{Check, Study, Wanted};
use rayon::prelude::*;

use super::made::{self, HOME};
use super::{BUDGETS, with_bars};

const LINES: u32 = 10_000;
const STUDY: u32 = 5000;

/// Seconds: one burden line of each of 10,000 patients, on the last day of the data, by a population that is learned already; and a
/// study of 5,000 patients to learn from and 5,000 to predict, from records in memory to flags.
pub fn checks(population: &Population, seed: u64) -> anyhow::Result<Vec<Check>> {
    let engine = metwatch::burden::Engine::new(population.clone());
    let (cohort, _) = made::cohort(&HOME, LINES, seed + 20)?;
    let cases: Vec<Case> = cohort.cases(&Names::default());
    let last = cohort.last_day();
    let begun = Instant::now();
    let likely = cases.par_iter().filter(|case| {
        let day = last.map_or(0, |last| case.day_of(last));
        engine.follow(case).on(day).regimes.growing > 0.5
    });
    let growing = likely.count();
    let lines = begun.elapsed().as_secs_f64();
    println!("{growing} of {LINES} lines grow");
    let (train, _) = made::cohort(&HOME, STUDY, seed + 21)?;
    let (apply, _) = made::cohort(&HOME, STUDY, seed + 22)?;
    let begun = Instant::now();
    with_bars(|tell| Study::run(&train, &apply, &BUDGETS, seed, tell))?;
    let study = begun.elapsed().as_secs_f64();
    Ok(vec![
        Check::new(
            "seconds: burden lines of 10,000 patients",
            Wanted::AtMost(5.0),
            Some(lines),
        ),
        Check::new(
            "seconds: study of 5,000 + 5,000 patients",
            Wanted::AtMost(180.0),
            Some(study),
        ),
    ])
}
