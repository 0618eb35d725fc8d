//! The round numbers an axis shows.

/// Decades that hold all positive finite values: at least two, at most nine.
pub fn decades(values: impl Iterator<Item = f64>) -> (i32, i32) {
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|v| v.is_finite() && *v > 0.0) {
        lo = lo.min(value.log10());
        hi = hi.max(value.log10());
    }
    if lo > hi {
        return (-1, 1);
    }
    // The small slack keeps 0.01 itself on its own decade line.
    let (mut lo, mut hi) = ((lo + 1e-9).floor() as i32, (hi - 1e-9).ceil() as i32);
    hi = hi.max(lo + 1);
    if hi - lo < 2 {
        hi += 1;
    }
    lo = lo.max(hi - 9);
    (lo, hi)
}

/// Steps of 1, 2, 5 × 10ⁿ from zero that cover `max` in at most `most` steps.
pub fn nice_step(max: f64, most: f64) -> f64 {
    if !max.is_finite() || max <= 0.0 {
        return 1.0;
    }
    let raw = max / most.max(1.0);
    let power = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|step| *step >= raw - 1e-12)
        .unwrap_or(10.0 * power)
}
