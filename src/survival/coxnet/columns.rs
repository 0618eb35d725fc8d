//! Standardised columns in blocks that fit the nearest cache, and the products the likelihood needs of them.

use ndarray::ArrayView2;

use super::order::Order;
use super::scale::Scale;

/// Rows a block.
pub(super) const BLOCK: usize = 128;
const LANES: usize = 2;

pub(super) type Block = [f64; BLOCK];

/// Block after block, column after column in a block; the last block is filled up with zeros.
pub(super) struct Columns {
    pub count: usize,
    pub blocks: usize,
    data: Vec<Block>,
}

impl Columns {
    /// The rows in the order given, column `kept[j]` of each less `centre[j]`, times `factor[j]`.
    pub fn new(x: ArrayView2<f64>, rows: &[u32], scale: &Scale) -> Columns {
        let count = scale.kept.len();
        let mut data = Vec::with_capacity(rows.len().div_ceil(BLOCK) * count);
        for rows in rows.chunks(BLOCK) {
            let from = data.len();
            data.resize(from + count, [0.0; BLOCK]);
            for (lane, &row) in rows.iter().enumerate() {
                let row = x.row(row as usize);
                for (j, cell) in data[from..].iter_mut().enumerate() {
                    cell[lane] = (row[scale.kept[j]] - scale.centre[j]) * scale.factor[j];
                }
            }
        }
        Columns {
            count,
            blocks: rows.len().div_ceil(BLOCK),
            data,
        }
    }

    fn block(&self, b: usize) -> &[Block] {
        &self.data[b * self.count..(b + 1) * self.count]
    }

    /// Adds Σ coefficient · column of a block.
    #[inline(always)]
    pub fn add_predictors(&self, b: usize, active: &[(usize, f64)], eta: &mut Block) {
        let block = self.block(b);
        let fours = active.chunks_exact(4);
        for &(j, beta) in fours.remainder() {
            for (e, x) in eta.iter_mut().zip(&block[j]) {
                *e += beta * x;
            }
        }
        for four in fours {
            let x: [&Block; 4] = std::array::from_fn(|k| &block[four[k].0]);
            let beta: [f64; 4] = std::array::from_fn(|k| four[k].1);
            for (l, e) in eta.iter_mut().enumerate() {
                *e += (beta[0] * x[0][l] + beta[1] * x[1][l]) + (beta[2] * x[2][l] + beta[3] * x[3][l]);
            }
        }
    }

    /// Each column times `u`.
    pub fn transposed_times(&self, u: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (b, u) in u.chunks_exact(BLOCK).enumerate() {
            let u: &Block = u.try_into().expect("chunks of one block");
            for (sum, column) in sums.iter_mut().zip(self.block(b)) {
                *sum += dot(u, column);
            }
        }
        sums
    }

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

    fn at(&self, place: usize, j: usize) -> f64 {
        self.data[place / BLOCK * self.count + j][place % BLOCK]
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
                let mut sum = if stretch.opens { 0.0 } else { self.at_risk[k] };
                for place in stretch.from..stretch.to {
                    let term = risk[place] * column[place % BLOCK];
                    sum += term;
                    if share > 0.0 && fallen.contains(&place) {
                        self.falling[k] += term;
                    }
                }
                if stretch.closes {
                    for &other in leavers {
                        sum -= risk[other as usize] * columns.at(other as usize, j);
                    }
                    self.rows[k][self.filled] = root * (sum - tilt * self.falling[k]);
                    self.rows[k][self.filled + 1] = rest * self.falling[k];
                    self.falling[k] = 0.0;
                }
                self.at_risk[k] = sum;
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

/// The product of two blocks, in lanes added up in pairs.
#[inline(always)]
fn dot(a: &Block, b: &Block) -> f64 {
    let mut lanes = [0.0; 8];
    for k in (0..BLOCK).step_by(8) {
        for l in 0..8 {
            lanes[l] += a[k + l] * b[k + l];
        }
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}
