//! Bootstrap and cross-validation in which a subject is never on both sides.
//!
//! Everything random comes from a seed and a number, never from the thread that works on it: the same seed gives the same answer on
//! one thread and on twenty.

mod bootstrap;
mod folds;
mod optimism;
#[cfg(test)]
mod tests;

pub use bootstrap::{Bootstrap, Draw, percentile_interval};
pub use folds::{Folds, Split, folds_of, leave_one_out};
pub use optimism::Corrected;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Error;

/// The sequence of one replicate.
fn sequence(seed: u64, replicate: usize) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(xxh3_64_with_seed(&(replicate as u64).to_le_bytes(), seed))
}

/// Rows of each group, groups in ascending order of their number; each row its own group for `None`.
fn members(groups: Option<&[usize]>, n: usize) -> Result<Vec<Vec<usize>>, Error> {
    if n == 0 {
        return Err(Error::Empty);
    }
    let Some(groups) = groups else {
        return Ok((0..n).map(|i| vec![i]).collect());
    };
    if groups.len() != n {
        return Err(Error::Lengths {
            records: groups.len(),
            targets: n,
        });
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| groups[*i]);
    let same = order.chunk_by(|a, b| groups[*a] == groups[*b]);
    Ok(same.map(<[usize]>::to_vec).collect())
}
