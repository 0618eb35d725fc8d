//! The bootstrap: data sets drawn from the data, whole clusters at a time.

use rand::Rng;
use rayon::prelude::*;

use super::{members, sequence};
use crate::survival::Error;
use crate::survival::metrics::quantile;

/// How data sets are drawn. Efron, Ann Stat 1979;7:1.
#[derive(Clone, Copy, Debug)]
pub struct Bootstrap<'a> {
    pub replicates: usize,
    pub seed: u64,
    /// Whole clusters (a patient with several rows) are drawn, as many as there are. `None`: each row for itself.
    pub clusters: Option<&'a [usize]>,
}

/// One data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Row numbers, with repeats.
    pub rows: Vec<usize>,
    /// The number of the draw that brought each row: a patient drawn twice is two patients.
    pub cluster: Vec<usize>,
    /// Rows that were not drawn, ascending.
    pub left_out: Vec<usize>,
}

impl Draw {
    /// The data as they are.
    pub fn whole(n: usize, clusters: Option<&[usize]>) -> Draw {
        let rows: Vec<usize> = (0..n).collect();
        Draw {
            cluster: clusters.map_or_else(|| rows.clone(), <[usize]>::to_vec),
            rows,
            left_out: Vec::new(),
        }
    }

    fn of(members: &[Vec<usize>], n: usize, seed: u64, replicate: usize) -> Draw {
        let mut random = sequence(seed, replicate);
        let mut draw = Draw {
            rows: Vec::with_capacity(n),
            cluster: Vec::with_capacity(n),
            left_out: Vec::new(),
        };
        let mut drawn = vec![false; n];
        for number in 0..members.len() {
            for &i in &members[random.gen_range(0..members.len())] {
                draw.rows.push(i);
                draw.cluster.push(number);
                drawn[i] = true;
            }
        }
        draw.left_out = (0..n).filter(|i| !drawn[*i]).collect();
        draw
    }
}

impl Bootstrap<'_> {
    /// What `work` makes of each data set drawn from `n` rows, in the order of the replicates, on all threads. Errors: `Empty`, `Lengths`,
    /// `Parameter` (no replicates).
    pub fn run<T: Send>(&self, n: usize, work: impl Fn(&Draw) -> T + Sync) -> Result<Vec<T>, Error> {
        if self.replicates == 0 {
            return Err(Error::Parameter {
                name: "the number of replicates",
                value: 0.0,
            });
        }
        let members = members(self.clusters, n)?;
        let one = |replicate| work(&Draw::of(&members, n, self.seed, replicate));
        Ok((0..self.replicates).into_par_iter().map(one).collect())
    }
}

/// The middle `level` of what the replicates gave (R's quantiles of type 7). Errors: `Empty`, `NotFinite`, `Parameter` (the level).
pub fn percentile_interval(values: &[f64], level: f64) -> Result<(f64, f64), Error> {
    if values.is_empty() {
        return Err(Error::Empty);
    }
    if let Some(row) = values.iter().position(|v| !v.is_finite()) {
        return Err(Error::NotFinite { row, column: 0 });
    }
    if !(level > 0.0 && level < 1.0) {
        return Err(Error::Parameter {
            name: "a confidence level",
            value: level,
        });
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Ok((quantile(&sorted, tail), quantile(&sorted, 1.0 - tail)))
}
