//! Exponential and logarithm in plain arithmetic: loops of them become vector instructions, and every machine gives the same bits.

/// Below this an exponential is taken as that of this: about 1e-304, still a number.
const LEAST: f64 = -700.0;

/// e^x for x up to 700, within 1 unit in the last place or so.
#[inline(always)]
pub(super) fn exp(x: f64) -> f64 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = if x < LEAST { LEAST } else { x };
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let r = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let power = f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52);
    power * (1.0 + r * series(r))
}

/// (e^r − 1) / r for |r| < 0.35: the Taylor series, in pairs.
#[inline(always)]
fn series(r: f64) -> f64 {
    let (r2, term) = (r * r, |k: f64, next: f64| (1.0 / k) + r * (1.0 / next));
    let r4 = r2 * r2;
    let low = (1.0 + r * 0.5) + r2 * term(6.0, 24.0);
    let middle = term(120.0, 720.0) + r2 * term(5_040.0, 40_320.0);
    let high = term(362_880.0, 3_628_800.0) + r2 * term(39_916_800.0, 479_001_600.0);
    low + r4 * (middle + r4 * (high + r4 * (1.0 / 6_227_020_800.0)))
}

/// The natural logarithm of a normal number above 0, within 1 unit in the last place (the method of fdlibm).
#[inline(always)]
pub(super) fn ln(x: f64) -> f64 {
    const LN2_HIGH: f64 = 6.931_471_803_691_238e-1;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    const ODD: [f64; 4] = [
        6.666_666_666_666_735e-1,
        2.857_142_874_366_239e-1,
        1.818_357_216_161_805e-1,
        1.479_819_860_511_658_6e-1,
    ];
    const EVEN: [f64; 3] = [
        3.999_999_999_940_942e-1,
        2.222_219_843_214_978_4e-1,
        1.531_383_769_920_937_3e-1,
    ];
    let bits = x.to_bits();
    // Counted from the square root of one half, so that what is left lies around 1.
    let above = bits.wrapping_sub(0x3FE6_A09E_667F_3BCD);
    let exponent = (above as i64 >> 52) as f64;
    let f = f64::from_bits(bits.wrapping_sub(above & (0xFFF << 52))) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (EVEN[0] + w * (EVEN[1] + w * EVEN[2]));
    let odd = z * (ODD[0] + w * (ODD[1] + w * (ODD[2] + w * ODD[3])));
    let half = 0.5 * f * f;
    exponent * LN2_HIGH - ((half - (s * (half + even + odd) + exponent * LN2_LOW)) - f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_a_few_units_in_the_last_place() {
        for i in -7_000..7_000 {
            let x = f64::from(i) * 0.099_9;
            let (ours, theirs) = (exp(x), x.exp());
            assert!((ours - theirs).abs() <= 4e-16 * theirs, "{x}: {ours} {theirs}");
            let (ours, theirs) = (ln(x.exp()), x.exp().ln());
            assert!(
                (ours - theirs).abs() <= 3e-16 * theirs.abs().max(0.7),
                "{x}: {ours} {theirs}"
            );
        }
        assert_eq!((exp(0.0), ln(1.0)), (1.0, 0.0));
        assert!(exp(-1e9) > 0.0);
    }
}
