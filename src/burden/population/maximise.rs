//! The place of a maximum between two bounds, for a function with one hill: golden-section search (Kiefer, Proc Am Math Soc 1953;4:502).

const GOLDEN: f64 = 0.618_033_988_749_894_8;

pub fn maximise(mut low: f64, mut high: f64, within: f64, of: impl Fn(f64) -> f64) -> f64 {
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (of(a), of(b));
    while high - low > within {
        if at_a >= at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = of(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = of(b);
        }
    }
    0.5 * (low + high)
}
