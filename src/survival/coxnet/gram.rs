//! Second moments of columns over rows and over risk sets, block by block.

use super::columns::{BLOCK, Block, Columns};
use super::order::Order;

const LANES: usize = 2;

impl Columns {
    /// Σ weight · x x' of the columns `among`.
    pub fn gram(&self, weights: &[f64], among: &[usize]) -> Vec<f64> {
        let m = among.len();
        let mut square = vec![0.0; m * m];
        let mut scaled = vec![[0.0; BLOCK]; m];
        let mut plain = vec![[0.0; BLOCK]; m];
        for (b, weights) in weights.chunks_exact(BLOCK).enumerate() {
            let block = self.block(b);
            for ((&j, scaled), plain) in among.iter().zip(&mut scaled).zip(&mut plain) {
                *plain = block[j];
                for ((s, x), w) in scaled.iter_mut().zip(plain.iter()).zip(weights) {
                    *s = w * x;
                }
            }
            add_products(&scaled, &plain, 1.0, &mut square);
        }
        mirror(&mut square, m);
        square
    }

    /// Takes off Σ squares[0] S1 S1' and, for Efron's rule, the terms with those who fall.
    pub fn subtract_means(
        &self,
        order: &Order,
        risk: &[f64],
        squares: &[[f64; 3]],
        among: &[usize],
        square: &mut [f64],
    ) {
        let m = among.len();
        let mut means = Means::new(order, squares, m);
        for b in 0..self.blocks {
            means.take(self, b, risk, among, square);
        }
        means.flush(square);
        mirror(square, m);
    }
}

/// Rows of risk-set sums, gathered until they fill a block.
struct Means<'a> {
    order: &'a Order,
    squares: &'a [[f64; 3]],
    rows: Vec<Block>,
    filled: usize,
    /// Running sums of each column over those at risk, and over those who fall in the group at hand.
    at_risk: Vec<f64>,
    falling: Vec<f64>,
    group: usize,
    stratum: usize,
}

/// A stretch of places of one group within a block.
struct Stretch {
    group: usize,
    from: usize,
    to: usize,
    opens: bool,
    closes: bool,
}

impl<'a> Means<'a> {
    fn new(order: &'a Order, squares: &'a [[f64; 3]], m: usize) -> Means<'a> {
        Means {
            order,
            squares,
            rows: vec![[0.0; BLOCK]; m],
            filled: 0,
            at_risk: vec![0.0; m],
            falling: vec![0.0; m],
            group: 0,
            stratum: 0,
        }
    }

    /// The stretches of the block, and how many rows they will give.
    fn stretches(&mut self, b: usize) -> Vec<Stretch> {
        let (start, end) = (b * BLOCK, (b + 1) * BLOCK);
        let mut stretches = Vec::with_capacity(BLOCK);
        while let Some(group) = self.order.groups.get(self.group) {
            while self.group >= self.order.strata[self.stratum].to {
                self.stratum += 1;
            }
            let stratum = &self.order.strata[self.stratum];
            let opening = self.group == stratum.from;
            let from = if opening {
                stratum.start
            } else {
                self.order.groups[self.group - 1].end as usize
            };
            if from >= end {
                break;
            }
            let to = group.end as usize;
            stretches.push(Stretch {
                group: self.group,
                from: from.max(start),
                to: to.min(end),
                opens: opening && from >= start,
                closes: to <= end,
            });
            if to > end {
                break;
            }
            self.group += 1;
        }
        stretches
    }

    fn take(&mut self, columns: &Columns, b: usize, risk: &[f64], among: &[usize], square: &mut [f64]) {
        for stretch in self.stretches(b) {
            if self.filled + 2 > BLOCK {
                self.flush(square);
            }
            let group = self.order.groups[stretch.group];
            let first = self.order.first[stretch.group] as usize;
            let fallen = first..first + group.fallen as usize;
            let [one, share, both] = self.squares[stretch.group];
            let (root, tilt) = (one.sqrt(), share / one);
            let rest = (both - share * tilt).max(0.0).sqrt();
            let leavers = self.leavers(&stretch);
            for (k, &j) in among.iter().enumerate() {
                let column = &columns.block(b)[j];
                let (mut sum, mut falling) = (if stretch.opens { 0.0 } else { self.at_risk[k] }, self.falling[k]);
                for place in stretch.from..stretch.to {
                    let term = risk[place] * column[place % BLOCK];
                    sum += term;
                    falling += if share > 0.0 && fallen.contains(&place) {
                        term
                    } else {
                        0.0
                    };
                }
                if stretch.closes {
                    let left = leavers.iter().map(|&place| place as usize);
                    sum -= left.map(|place| risk[place] * columns.at(place, j)).sum::<f64>();
                    self.rows[k][self.filled] = root * (sum - tilt * falling);
                    self.rows[k][self.filled + 1] = rest * falling;
                    falling = 0.0;
                }
                (self.at_risk[k], self.falling[k]) = (sum, falling);
            }
            if stretch.closes {
                self.filled += if rest > 0.0 { 2 } else { 1 };
            }
        }
    }

    fn leavers(&self, stretch: &Stretch) -> &'a [u32] {
        match &self.order.delayed {
            Some(delayed) if stretch.closes => {
                let stratum = &self.order.strata[self.order.strata.partition_point(|s| s.to <= stretch.group)];
                let gone = if stretch.group == stratum.from {
                    stratum.start
                } else {
                    delayed.outside[stretch.group - 1] as usize
                };
                &delayed.by_entry[gone..delayed.outside[stretch.group] as usize]
            }
            _ => &[],
        }
    }

    fn flush(&mut self, square: &mut [f64]) {
        for row in &mut self.rows {
            row[self.filled..].fill(0.0);
        }
        add_products(&self.rows, &self.rows, -1.0, square);
        self.filled = 0;
    }
}

/// Adds sign · Σ a b' to the lower triangle of a square, in tiles that stay in registers.
fn add_products(a: &[Block], b: &[Block], sign: f64, square: &mut [f64]) {
    const ROWS: usize = 2;
    const WIDTH: usize = 4;
    let m = a.len();
    for i in (0..m).step_by(ROWS) {
        for j in (0..=(i + ROWS - 1).min(m - 1)).step_by(WIDTH) {
            // Beyond the edge the last column is taken again, and its products are left out.
            let left: [&Block; ROWS] = std::array::from_fn(|k| &a[(i + k).min(m - 1)]);
            let right: [&Block; WIDTH] = std::array::from_fn(|k| &b[(j + k).min(m - 1)]);
            let products = tile(left, right);
            for (k, row) in products.iter().enumerate().take(m - i) {
                for (l, product) in row.iter().enumerate().take((i + k + 1).saturating_sub(j)) {
                    square[(i + k) * m + j + l] += sign * product;
                }
            }
        }
    }
}

#[inline(always)]
fn tile(left: [&Block; 2], right: [&Block; 4]) -> [[f64; 4]; 2] {
    let mut sums = [[[0.0; LANES]; 4]; 2];
    for k in (0..BLOCK).step_by(LANES) {
        for (i, a) in left.iter().enumerate() {
            for (j, b) in right.iter().enumerate() {
                for l in 0..LANES {
                    sums[i][j][l] += a[k + l] * b[k + l];
                }
            }
        }
    }
    sums.map(|row| row.map(|lanes| lanes[0] + lanes[1]))
}

fn mirror(square: &mut [f64], m: usize) {
    for i in 0..m {
        for j in i + 1..m {
            square[i * m + j] = square[j * m + i];
        }
    }
}
