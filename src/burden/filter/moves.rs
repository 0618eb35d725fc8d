//! The step of time on a row of the burden's nodes: what stays unfound grows. `Kernel::spread` and its transpose, with the probability of
//! staying unfound and the ends of the row worked into the taps, so that a row is one pass without a branch.

use super::lattice::Kernel;
use super::message::{NODES, dot};

/// Nodes beside rows that lie one after another, so that a move from the first or last meets no edge; no move is longer.
pub const ROOM: usize = 8;

/// Of one pace, for rows with `ROOM` on both sides. What a tap would read of the row beside it has the share 0.
#[derive(Clone, Debug)]
pub struct Move {
    shift: isize,
    ahead: [[f64; NODES]; 3],
    back: [[f64; NODES]; 3],
    /// Shares of the first and of the last nodes that would leave the row there.
    below: [f64; ROOM],
    above: [f64; ROOM],
}

impl Move {
    /// From a kernel of three taps; `free`: P(unfound) at each node.
    pub fn new(kernel: &Kernel, free: &[f64; NODES]) -> Move {
        let room = ROOM as isize;
        let shift = kernel.shift.clamp(-room, room - 2);
        let mut made = Move {
            shift,
            ahead: [[0.0; NODES]; 3],
            back: [[0.0; NODES]; 3],
            below: [0.0; ROOM],
            above: [0.0; ROOM],
        };
        for ((k, tap), by) in kernel.taps.iter().take(3).enumerate().zip(shift..) {
            for (node, free) in free.iter().enumerate() {
                let to = node as isize + by;
                if to < 0 {
                    made.below[node] += tap * free;
                } else if let Some(ahead) = made.ahead[k].get_mut(to as usize) {
                    *ahead = tap * free;
                    made.back[k][node] = tap * free;
                } else {
                    made.above[node + ROOM - NODES] += tap * free;
                }
            }
        }
        made
    }

    /// What the row that begins `at` nodes after the room becomes.
    #[inline(always)]
    pub fn ahead(&self, rows: &[f64], at: usize, to: &mut [f64]) {
        let row = ROOM + at;
        let read = |k: isize| &rows[(row as isize - self.shift - k) as usize..][..NODES];
        three(&self.ahead, [read(0), read(1), read(2)], to);
        to[0] += dot(&self.below, &rows[row..row + ROOM]);
        to[NODES - 1] += dot(&self.above, &rows[row + NODES - ROOM..row + NODES]);
    }

    /// What the row was worth one step before.
    #[inline(always)]
    pub fn back(&self, rows: &[f64], at: usize, to: &mut [f64]) {
        let row = ROOM + at;
        let read = |k: isize| &rows[(row as isize + self.shift + k) as usize..][..NODES];
        three(&self.back, [read(0), read(1), read(2)], to);
        let (first, last) = (rows[row], rows[row + NODES - 1]);
        to.iter_mut()
            .zip(&self.below)
            .for_each(|(n, share)| *n += share * first);
        let end = to[NODES - ROOM..].iter_mut();
        end.zip(&self.above).for_each(|(n, share)| *n += share * last);
    }
}

#[inline(always)]
fn three(taps: &[[f64; NODES]; 3], rows: [&[f64]; 3], to: &mut [f64]) {
    for i in 0..NODES {
        to[i] = taps[0][i] * rows[0][i] + taps[1][i] * rows[1][i] + taps[2][i] * rows[2][i];
    }
}

#[cfg(test)]
mod tests {
    use super::super::lattice::Lattice;
    use super::*;
    use crate::burden::population::LATTICE;

    /// Beside `Kernel::spread`, for moves inside a row and over both its ends; the row before it and the one after it do not matter.
    #[test]
    fn a_row_moves_as_its_kernel_says_and_back_again() {
        let free: [f64; NODES] = std::array::from_fn(|i| 1.0 - 0.01 * i as f64);
        for (mean, variance) in [
            (0.0, 0.02),
            (0.3, 0.02),
            (0.75, 0.024),
            (-0.8, 0.05),
            (2.0, 0.1),
            (-2.4, 0.1),
        ] {
            let kernel = Kernel::walk(&LATTICE, mean, variance);
            let step = Move::new(&kernel, &free);
            let mut rows = [7.0; ROOM + 3 * NODES + ROOM];
            let row = ROOM + NODES..ROOM + 2 * NODES;
            let from: [f64; NODES] = std::array::from_fn(|i| 0.1 + (i * i % 7) as f64);
            rows[row.clone()].copy_from_slice(&from);
            let mut moved = [0.0; NODES];
            step.ahead(&rows, NODES, &mut moved);
            let unfound: Vec<f64> = from.iter().zip(free).map(|(m, free)| m * free).collect();
            let mut spread = vec![0.0; NODES];
            kernel.spread(&unfound, &mut spread);
            for (a, b) in moved.iter().zip(&spread) {
                assert!((a - b).abs() < 1e-12, "{mean} {variance}: {moved:?} {spread:?}");
            }
            let worth: [f64; NODES] = std::array::from_fn(|i| (i as f64).sin());
            rows[row].copy_from_slice(&worth);
            let mut before = [0.0; NODES];
            step.back(&rows, NODES, &mut before);
            let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            assert!(
                (product(&moved, &worth) - product(&from, &before)).abs() < 1e-9,
                "{mean} {variance}"
            );
        }
    }

    #[test]
    fn a_move_longer_than_the_room_is_as_long_as_the_room() {
        let wide = Lattice { step: 0.1, ..LATTICE };
        let step = Move::new(&Kernel::walk(&wide, 5.0, 0.02), &[1.0; NODES]);
        let mut rows = [0.0; ROOM + NODES + ROOM];
        rows[ROOM + 3] = 1.0;
        let mut moved = [0.0; NODES];
        step.ahead(&rows, 0, &mut moved);
        let place: f64 = (0..NODES).map(|i| i as f64 * moved[i]).sum();
        assert_eq!(
            (moved.iter().sum::<f64>(), place),
            (1.0, (3 + ROOM - 1) as f64),
            "{moved:?}"
        );
    }
}
