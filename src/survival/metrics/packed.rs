//! Orders of a million numbers: the number and its row in one key, so that a sort looks nowhere else.

/// Bits whose order is that of the numbers; minus zero is zero.
pub(super) fn ordered(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }
}

/// Row numbers in ascending order of `key`, equal ones in the order of their rows.
pub(super) fn ascending(n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut keys: Vec<u128> = (0..n).map(|i| u128::from(ordered(key(i))) << 64 | i as u128).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u64 as usize).collect()
}
