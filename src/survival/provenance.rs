//! Which program fitted a model on which rows.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::FollowUp;

/// Kept with every fitted model: the same rows give the same fingerprint, to the last bit of every number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Metwatch.
    pub version: String,
    /// XXH3 (128 bits, hexadecimal) over rows, follow-up and weights in the order given. It tells data sets apart; it is no seal.
    pub fingerprint: String,
}

/// Collects numbers for a fingerprint.
pub(super) struct Fingerprint {
    hash: Xxh3,
    buffer: Vec<u8>,
}

impl Fingerprint {
    pub fn new() -> Fingerprint {
        Fingerprint {
            hash: Xxh3::new(),
            buffer: Vec::with_capacity(1 << 14),
        }
    }

    pub fn add(&mut self, values: impl IntoIterator<Item = f64>) {
        for value in values {
            self.buffer.extend_from_slice(&value.to_le_bytes());
            if self.buffer.len() >= (1 << 14) - 8 {
                self.hash.update(&self.buffer);
                self.buffer.clear();
            }
        }
    }

    pub fn finish(mut self) -> Provenance {
        self.hash.update(&self.buffer);
        Provenance {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            fingerprint: format!("{:032x}", self.hash.digest128()),
        }
    }
}

impl Provenance {
    /// Of a data set with as many rows as subjects.
    pub(super) fn of(records: ArrayView2<f64>, subjects: &[FollowUp], weights: Option<&[f64]>) -> Provenance {
        let mut print = Fingerprint::new();
        print.add([records.nrows() as f64, records.ncols() as f64]);
        print.add(records.iter().copied());
        print.add(
            subjects
                .iter()
                .flat_map(|s| [s.entry(), s.exit(), f64::from(s.event())]),
        );
        print.add(weights.unwrap_or_default().iter().copied());
        print.finish()
    }
}
