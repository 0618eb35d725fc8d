//! Weighted cross products of rows, a few columns at a time in registers: where a fit with many rows spends its time.
//!
//! Loops run over arrays of fixed size, which the compiler turns into vector instructions; products and sums are rounded one
//! by one, so every machine gives the same bits.

/// Columns are handled four at a time; rows are padded with zeros to a multiple of it.
pub(super) const LANES: usize = 4;

/// Rows that are taken together: with twenty columns they fit the first cache.
pub(super) const TILE: usize = 64;

pub(super) fn padded(columns: usize) -> usize {
    columns.div_ceil(LANES).max(1) * LANES
}

fn lanes(row: &[f64], at: usize) -> [f64; LANES] {
    let mut four = [0.0; LANES];
    four.copy_from_slice(&row[at..at + LANES]);
    four
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for l in 0..LANES {
            sums[l] += a[l] * b[l];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

pub(super) fn add_scaled(sum: &mut [f64], factor: f64, row: &[f64]) {
    for (s, v) in sum.iter_mut().zip(row) {
        *s += factor * v;
    }
}

/// Sums of products of the columns of two lists of rows; only blocks on and below the diagonal are kept.
pub(super) struct Gram {
    width: usize,
    sums: Vec<f64>,
}

impl Gram {
    pub fn new(width: usize) -> Gram {
        Gram {
            width,
            sums: vec![0.0; width * width],
        }
    }

    /// Adds `left' · right`, both with rows of the padded width.
    pub fn add(&mut self, left: &[f64], right: &[f64]) {
        let width = self.width;
        for i in (0..width).step_by(LANES) {
            for j in (0..=i).step_by(LANES) {
                let mut block = [[0.0; LANES]; LANES];
                for (a, b) in left.chunks_exact(width).zip(right.chunks_exact(width)) {
                    let (a, b) = (lanes(a, i), lanes(b, j));
                    for (row, a) in block.iter_mut().zip(a) {
                        for (cell, b) in row.iter_mut().zip(b) {
                            *cell += a * b;
                        }
                    }
                }
                for (k, row) in block.iter().enumerate() {
                    let start = (i + k) * width + j;
                    add_scaled(&mut self.sums[start..start + LANES], 1.0, row);
                }
            }
        }
    }

    pub fn merge(&mut self, other: &Gram) {
        add_scaled(&mut self.sums, 1.0, &other.sums);
    }

    /// The element of the lower half.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.sums[row * self.width + column]
    }
}

/// Rows that wait to be added to a `Gram` of themselves with signed factors.
pub(super) struct Waiting {
    width: usize,
    left: Vec<f64>,
    right: Vec<f64>,
}

impl Waiting {
    pub fn new(width: usize) -> Waiting {
        Waiting {
            width,
            left: Vec::with_capacity(TILE * width),
            right: Vec::with_capacity(TILE * width),
        }
    }

    /// Adds `factor · row row'` to the sum, sooner or later.
    pub fn push(&mut self, gram: &mut Gram, factor: f64, row: &[f64]) {
        self.left.extend(row.iter().map(|v| factor * v));
        self.right.extend_from_slice(row);
        if self.right.len() >= TILE * self.width {
            self.flush(gram);
        }
    }

    pub fn flush(&mut self, gram: &mut Gram) {
        gram.add(&self.left, &self.right);
        self.left.clear();
        self.right.clear();
    }
}
