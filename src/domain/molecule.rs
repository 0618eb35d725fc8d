//! ctDNA has a molecule floor (data dictionary, 1.3): a small tube can't show a small fraction, whatever the assay.

/// Picograms of DNA in one haploid human genome.
const PG_A_GENOME: f64 = 3.3;
/// Tumour molecules expected in the tube for one to be found with 95 % probability.
const MOLECULES_NEEDED: f64 = 3.0;

pub fn genome_equivalents(cfdna_ng: f64) -> f64 {
    cfdna_ng * 1000.0 / PG_A_GENOME
}

/// The smallest tumour fraction that this sample could show; `None` for an empty tube or no locus.
pub fn sample_floor(cfdna_ng: f64, loci: u32) -> Option<f64> {
    let looked_at = genome_equivalents(cfdna_ng) * f64::from(loci);
    (looked_at > 0.0 && looked_at.is_finite()).then(|| (MOLECULES_NEEDED / looked_at).min(1.0))
}

/// A fraction as people read it: percent, or ppm where percent has too many zeros.
pub fn fraction_words(fraction: f64) -> String {
    if fraction >= 1e-5 {
        format!("{} %", significant(fraction * 100.0))
    } else {
        format!("{} ppm", significant(fraction * 1e6))
    }
}

/// Two significant digits, rounded up: a floor is never claimed lower than it is.
fn significant(value: f64) -> f64 {
    let scale = 10_f64.powf(1.0 - value.abs().log10().floor());
    if scale.is_finite() {
        (value * scale - 1e-9).ceil() / scale
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_millilitres_at_five_nanograms() {
        let cfdna_ng = 4.0 * 5.0;
        assert_eq!(genome_equivalents(cfdna_ng).round(), 6061.0);
        for (loci, words) in [(1, "0.05 %"), (16, "0.0031 %"), (1800, "0.28 ppm")] {
            let floor = sample_floor(cfdna_ng, loci).expect("a floor");
            assert_eq!(fraction_words(floor), words);
        }
        assert_eq!(sample_floor(0.0, 16), None);
        assert_eq!(sample_floor(20.0, 0), None);
    }
}
