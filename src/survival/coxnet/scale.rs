//! Centre and spread of each column, and which columns vary at all.

use ndarray::ArrayView2;

use super::order::Member;

/// Columns that vary, each with what is taken off and what it is then multiplied by.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    pub kept: Vec<usize>,
    pub centre: Vec<f64>,
    pub factor: Vec<f64>,
}

impl Scale {
    /// By weighted mean and population standard deviation; without `standardise` columns are centred only.
    pub fn of(x: ArrayView2<f64>, members: &[Member], standardise: bool) -> Scale {
        let p = x.ncols();
        let total: f64 = members.iter().map(|m| m.weight).sum();
        let (mut mean, mut square, mut largest) = (vec![0.0; p], vec![0.0; p], vec![0.0_f64; p]);
        each_row(x, members, |row, w| {
            for ((m, l), value) in mean.iter_mut().zip(&mut largest).zip(row) {
                *m += w * value;
                *l = if value.abs() > *l { value.abs() } else { *l };
            }
        });
        mean.iter_mut().for_each(|m| *m /= total);
        each_row(x, members, |row, w| {
            for ((s, m), value) in square.iter_mut().zip(&mean).zip(row) {
                *s += w * (value - m) * (value - m);
            }
        });
        let spread: Vec<f64> = square.iter().map(|s| (s / total).sqrt()).collect();
        // What rounding makes of a constant is no variation.
        let kept: Vec<usize> = (0..p).filter(|&j| spread[j] > 1e-12 * largest[j]).collect();
        Scale {
            centre: kept.iter().map(|&j| mean[j]).collect(),
            factor: kept
                .iter()
                .map(|&j| if standardise { 1.0 / spread[j] } else { 1.0 })
                .collect(),
            kept,
        }
    }

    /// The same columns and centres per unit.
    pub fn centred(&self) -> Scale {
        Scale {
            factor: vec![1.0; self.factor.len()],
            ..self.clone()
        }
    }

    /// Coefficients of all columns per unit from those of the kept ones.
    pub fn per_unit(&self, beta: &[f64], columns: usize) -> Vec<f64> {
        let mut all = vec![0.0; columns];
        for ((&j, b), factor) in self.kept.iter().zip(beta).zip(&self.factor) {
            all[j] = b * factor;
        }
        all
    }
}

/// Visits rows with their weights; rows that lie in one piece are not copied.
fn each_row(x: ArrayView2<f64>, members: &[Member], mut visit: impl FnMut(&[f64], f64)) {
    let mut copy = vec![0.0; x.ncols()];
    for member in members {
        let row = x.row(member.row as usize);
        match row.as_slice() {
            Some(row) => visit(row, member.weight),
            None => {
                copy.iter_mut().zip(row).for_each(|(cell, value)| *cell = *value);
                visit(&copy, member.weight);
            }
        }
    }
}
