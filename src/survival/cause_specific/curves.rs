//! All chances of many rows at many times.

use ndarray::{Array2, Array3, ArrayView2, Axis};
use rayon::prelude::*;

use super::CauseSpecific;
use super::incidence::{SMALL, Window, ratio, series, share};
use crate::survival::{Error, SurvivalModel};

/// Rows that go through the steps side by side. A row's numbers do not depend on its neighbours.
const LANES: usize = 8;
/// Rows that one thread takes at a time; each row's numbers are its own, so the number of threads does not show.
const ROWS: usize = 64 * LANES;

type Lanes = [f64; LANES];

impl CauseSpecific {
    /// The chances of each row to be free of all causes and to have had each of them by each time: `[row, time, state]`, state
    /// 0 free, 1, 2, … the causes. They add up to 1 to rounding, the causes' never fall with time and that of none never rises.
    /// Errors: `Width`, `NotFinite`, `NotATime`, `BeyondFollowUp`, `Parameter` for a time below 0.
    pub fn cif_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array3<f64>, Error> {
        let states = self.models.len() + 1;
        let mut all = Array3::zeros((records.nrows(), times.len(), states));
        self.each(records, times, &mut all, Window::states)?;
        Ok(all)
    }

    /// The sum of S(u-) dH(u) with S = exp(-H) up to each time, for one cause: R's `riskRegression` and `survival`. It can pass 1, so
    /// it is here to compare programs with, not to show to anybody. Errors as for `cif_at`, and `Parameter` for a cause without a model.
    pub fn sum_formula_at(&self, cause: u32, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        let cause = self.place(cause)?;
        let mut all = Array3::zeros((records.nrows(), times.len(), 1));
        self.each(records, times, &mut all, |window, reach, ratios, write| {
            window.sums(cause, reach, ratios, write);
        })?;
        Ok(all.index_axis_move(Axis(2), 0))
    }

    /// Fills a page a row. `walk` gets the steps, how many of them lie at or before each time, and the hazard ratios of some
    /// rows by cause; it writes numbers of those rows down by time and place on the page.
    fn each(
        &self,
        records: ArrayView2<f64>,
        times: &[f64],
        pages: &mut Array3<f64>,
        walk: impl Fn(&Window, &[(usize, usize)], &[Lanes], &mut dyn FnMut(usize, usize, Lanes)) + Sync,
    ) -> Result<(), Error> {
        for time in times {
            // The window of each time names what is wrong with it.
            if !(0.0..=self.followed_to()).contains(time) {
                self.window(0.0, *time)?;
            }
        }
        let last = times.iter().copied().fold(0.0, f64::max);
        let window = self.window(0.0, last)?;
        let mut reach: Vec<(usize, usize)> = (times.iter().enumerate())
            .map(|(k, time)| (window.time.partition_point(|t| t <= time), k))
            .collect();
        reach.sort_unstable();
        let pages = pages.axis_chunks_iter_mut(Axis(0), ROWS);
        let chunks: Vec<_> = records.axis_chunks_iter(Axis(0), ROWS).zip(pages).collect();
        // Gathered in order: the first row that is wrong is named, whichever thread meets its own first.
        let done: Vec<Result<(), Error>> = (chunks.into_par_iter().enumerate())
            .map(|(chunk, (rows, mut pages))| {
                let parts = rows.axis_chunks_iter(Axis(0), LANES);
                for (part, (rows, mut pages)) in parts.zip(pages.axis_chunks_iter_mut(Axis(0), LANES)).enumerate() {
                    let ratios = self.ratios(rows, chunk * ROWS + part * LANES)?;
                    walk(&window, &reach, &ratios, &mut |time, place, lanes| {
                        for (mut page, lane) in pages.outer_iter_mut().zip(lanes) {
                            page[[time, place]] = lane;
                        }
                    });
                }
                Ok(())
            })
            .collect();
        done.into_iter().collect()
    }

    /// Hazard ratios by cause of up to as many rows as there are lanes, the first of them number `first`.
    fn ratios(&self, rows: ArrayView2<f64>, first: usize) -> Result<Vec<Lanes>, Error> {
        let mut ratios = vec![[0.0; LANES]; self.models.len()];
        for (lane, row) in rows.rows().into_iter().enumerate() {
            let predictors = self.predictors(row).map_err(|error| match error {
                Error::NotFinite { column, .. } => Error::NotFinite {
                    row: first + lane,
                    column,
                },
                other => other,
            })?;
            for (ratios, predictor) in ratios.iter_mut().zip(predictors) {
                ratios[lane] = ratio(predictor);
            }
        }
        Ok(ratios)
    }
}

/// The total hazard of one step.
fn total(base: &[f64], ratios: &[Lanes]) -> Lanes {
    let mut total = [0.0; LANES];
    for (base, ratios) in base.iter().zip(ratios) {
        for (sum, ratio) in total.iter_mut().zip(ratios) {
            *sum += base * ratio;
        }
    }
    total
}

/// `share` of each; most are so small that all take the series, which needs no branch.
fn shares(hazard: &Lanes) -> Lanes {
    if hazard.iter().all(|h| *h < SMALL) {
        hazard.map(series)
    } else {
        hazard.map(share)
    }
}

impl Window {
    /// Walks once through the steps and writes down the states where a time has come.
    fn states(&self, reach: &[(usize, usize)], ratios: &[Lanes], write: &mut dyn FnMut(usize, usize, Lanes)) {
        let mut steps = self.hazard.chunks_exact(ratios.len());
        let mut free = [1.0; LANES];
        let mut taken = vec![[0.0; LANES]; ratios.len()];
        let mut gone = 0;
        for (until, time) in reach {
            for base in steps.by_ref().take(until - gone) {
                let hazard = total(base, ratios);
                let mut unit = shares(&hazard);
                for lane in 0..LANES {
                    unit[lane] *= free[lane];
                    free[lane] = (free[lane] - unit[lane] * hazard[lane]).max(0.0);
                }
                for ((base, ratios), taken) in base.iter().zip(ratios).zip(&mut taken) {
                    for lane in 0..LANES {
                        taken[lane] += unit[lane] * (base * ratios[lane]);
                    }
                }
            }
            gone = *until;
            write(*time, 0, free);
            for (cause, taken) in taken.iter().enumerate() {
                write(*time, cause + 1, taken.map(|chance| chance.min(1.0)));
            }
        }
    }

    fn sums(
        &self,
        cause: usize,
        reach: &[(usize, usize)],
        ratios: &[Lanes],
        write: &mut dyn FnMut(usize, usize, Lanes),
    ) {
        let mut steps = self.hazard.chunks_exact(ratios.len());
        let (mut passed, mut sum, mut gone) = ([0.0_f64; LANES], [0.0; LANES], 0);
        for (until, time) in reach {
            for base in steps.by_ref().take(until - gone) {
                let hazard = total(base, ratios);
                for lane in 0..LANES {
                    if base[cause] > 0.0 {
                        sum[lane] += (-passed[lane]).exp() * (base[cause] * ratios[cause][lane]);
                    }
                    passed[lane] += hazard[lane];
                }
            }
            gone = *until;
            write(*time, 0, sum);
        }
    }
}

/// The chance to be free of all causes.
impl SurvivalModel for CauseSpecific {
    fn survival_at(&self, records: ArrayView2<f64>, times: &[f64]) -> Result<Array2<f64>, Error> {
        Ok(self.cif_at(records, times)?.index_axis_move(Axis(2), 0))
    }
}
