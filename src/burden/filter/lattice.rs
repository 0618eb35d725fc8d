//! Log burden on evenly spaced nodes: how a distribution over it moves in time.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// `len` nodes from `low`, `step` apart, in natural logarithms of the mutant fraction.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lattice {
    pub low: f64,
    pub step: f64,
    pub len: usize,
}

impl Lattice {
    pub fn node(&self, i: usize) -> f64 {
        self.low + self.step * i as f64
    }

    /// The node nearest to `x`, the first or last one where `x` lies outside.
    pub fn nearest(&self, x: f64) -> usize {
        let place = ((x - self.low) / self.step).round();
        (place.max(0.0) as usize).min(self.len - 1)
    }
}

/// What one step of time does to mass at a node: a share to each node from `shift` on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kernel {
    pub shift: isize,
    pub taps: Vec<f64>,
}

impl Kernel {
    /// A move by `mean` with the variance of a walk, `variance`, both exact: three taps where the lattice is coarse for them (mean and
    /// variance matched; a variance below the least that three taps can have is raised to it), else the normal density on the nodes.
    pub fn walk(lattice: &Lattice, mean: f64, variance: f64) -> Kernel {
        let sd = variance.sqrt();
        if sd > 2.0 * lattice.step {
            return Kernel::normal(lattice, mean, sd);
        }
        let (move_by, var) = (mean / lattice.step, variance / lattice.step.powi(2));
        let near = move_by.round();
        let rest = move_by - near;
        // second moment about `near`; at least |rest|, so that no share is negative
        let second = (var + rest * rest).max(rest.abs()).min(1.0);
        Kernel {
            shift: near as isize - 1,
            taps: vec![(second - rest) / 2.0, 1.0 - second, (second + rest) / 2.0],
        }
    }

    fn normal(lattice: &Lattice, mean: f64, sd: f64) -> Kernel {
        let reach = (10.0 * sd / lattice.step).ceil() as isize;
        let centre = (mean / lattice.step).round() as isize;
        let tap = |k: isize| {
            let x = ((centre + k) as f64 * lattice.step - mean) / sd;
            (-0.5 * x * x).exp()
        };
        let taps: Vec<f64> = (-reach..=reach).map(tap).collect();
        let whole: f64 = taps.iter().sum();
        Kernel {
            shift: centre - reach,
            taps: taps.into_iter().map(|t| t / whole).collect(),
        }
    }

    /// Adds what `from` becomes to `to`; mass that would leave at an end stays on the last node there.
    #[inline(always)]
    pub fn spread(&self, from: &[f64], to: &mut [f64]) {
        let done = three(self.taps(), self.shift, from, to);
        let (mut below, mut above) = (0.0, 0.0);
        for (k, tap) in self.taps.iter().enumerate() {
            let by = self.shift + k as isize;
            let out = by.unsigned_abs().min(to.len());
            let inside = to.len() - out;
            let (skip, start) = if by >= 0 { (0, out) } else { (out, 0) };
            if !done {
                for (t, f) in to[start..start + inside].iter_mut().zip(&from[skip..skip + inside]) {
                    *t += tap * f;
                }
            }
            if by > 0 {
                above += tap * from[inside..].iter().sum::<f64>();
            } else if by < 0 {
                below += tap * from[..out].iter().sum::<f64>();
            }
        }
        to[0] += below;
        to[to.len() - 1] += above;
    }

    /// The transpose of `spread`: what `later` is worth one step before, added to `now`.
    #[inline(always)]
    pub fn gather(&self, later: &[f64], now: &mut [f64]) {
        let back = self.taps().map(|[a, b, c]| [c, b, a]);
        let done = three(back, -self.shift - 2, later, now);
        for (k, tap) in self.taps.iter().enumerate() {
            let by = self.shift + k as isize;
            let out = by.unsigned_abs().min(now.len());
            let inside = now.len() - out;
            let (start, skip) = if by >= 0 { (0, out) } else { (out, 0) };
            if !done {
                for (n, l) in now[start..start + inside].iter_mut().zip(&later[skip..skip + inside]) {
                    *n += tap * l;
                }
            }
            if by > 0 {
                let edge = tap * later[later.len() - 1];
                now[inside..].iter_mut().for_each(|n| *n += edge);
            } else if by < 0 {
                let edge = tap * later[0];
                now[..out].iter_mut().for_each(|n| *n += edge);
            }
        }
    }

    #[inline(always)]
    fn taps(&self) -> Option<[f64; 3]> {
        self.taps.as_slice().try_into().ok()
    }
}

/// The usual case in one pass: three taps, the first of which moves by `shift`. Whether it was one.
#[inline(always)]
fn three(taps: Option<[f64; 3]>, shift: isize, from: &[f64], to: &mut [f64]) -> bool {
    let len = to.len() as isize;
    // the nodes that all three taps reach from within
    let (low, high) = ((shift + 2).max(0), (len + shift).min(len));
    let Some(taps) = taps.filter(|_| low < high) else {
        return false;
    };
    let within = |range: Range<isize>| range.start as usize..range.end as usize;
    let moved = |tap: isize| &from[within(low - shift - tap..high - shift - tap)];
    let (first, second, third) = (moved(0), moved(1), moved(2));
    let [a, b, c] = taps;
    for (((t, x), y), z) in to[within(low..high)].iter_mut().zip(first).zip(second).zip(third) {
        *t += a * x + b * y + c * z;
    }
    for (tap, by) in taps.into_iter().zip(shift..) {
        for node in (by.max(0)..low).chain(high..(len + by).min(len)) {
            to[node as usize] += tap * from[(node - by) as usize];
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short rows take the way of three taps, long ones and wide kernels the way of any.
    #[test]
    fn a_step_moves_mass_as_its_taps_say_and_back_again() {
        for len in [5, 45, 48, 60] {
            let lattice = Lattice {
                low: -17.0,
                step: 0.35,
                len,
            };
            for (mean, variance) in [
                (0.0, 0.02),
                (0.3, 0.02),
                (0.75, 0.024),
                (-0.8, 0.05),
                (0.2, 2.0),
                (3.4, 0.05),
            ] {
                let kernel = Kernel::walk(&lattice, mean, variance);
                let from: Vec<f64> = (0..len).map(|i| 0.1 + (i * i % 7) as f64).collect();
                let worth: Vec<f64> = (0..len).map(|i| (i as f64).sin()).collect();
                let mut by_taps = vec![0.0; len];
                for (i, mass) in from.iter().enumerate() {
                    for (k, tap) in kernel.taps.iter().enumerate() {
                        let to = (i as isize + kernel.shift + k as isize).clamp(0, len as isize - 1);
                        by_taps[to as usize] += tap * mass;
                    }
                }
                let (mut moved, mut back) = (vec![0.0; len], vec![0.0; len]);
                kernel.spread(&from, &mut moved);
                kernel.gather(&worth, &mut back);
                for (a, b) in moved.iter().zip(&by_taps) {
                    assert!((a - b).abs() < 1e-12, "{len} {mean} {variance}: {moved:?} {by_taps:?}");
                }
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                assert!(
                    (dot(&moved, &worth) - dot(&from, &back)).abs() < 1e-9,
                    "{len} {mean} {variance}"
                );
            }
        }
    }
}
