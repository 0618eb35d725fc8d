//! The hidden course: deposits seeded before surgery, asleep or awake, that grow in the time that treatment leaves them.
//!
//! Seeding after Iwata (2000) and Benzekry (Cancer Res 2016;76:535): mu V^gamma. Gamma 0.5 gives the fall of distant-free
//! survival from 5 to 15 to 35 mm in Gasparini and Humphreys (2022): d^1.5.

use std::f64::consts::LN_2;

use super::baseline::{Arm, Baseline};
use super::draw::Draw;
use super::groups::{Group, Organ};

const GAMMA: f64 = 0.5;
/// Logarithm of the cells of a cm³ (10⁹, as usual).
const LN_CELLS_PER_CM3: f64 = 20.723_265_836_946_41;
/// Logarithm of the carrying capacity in cells, 10¹² (usual in Gompertz models of human tumours; assumed).
const LN_CAPACITY: f64 = 27.631_021_115_928_55;
/// Logarithm of the size at which the doubling time is stated, 2.4 * 10⁷ cells.
const LN_REFERENCE: f64 = 17.0;
/// A sleeping deposit: a micrometastasis of about 1 mm, the size that blood vessels limit. Assumed.
const LN_ASLEEP: f64 = 13.0;
/// Mutant fraction per cm³ of a lesion in bone. Assumed, so that sensitivity and lead come out as in Coombes 2019 and Shaw 2024.
const FRACTION_PER_CM3: f64 = 0.0005;
/// What a tumour that hardly sheds gives, relative to others. Assumed.
const HARDLY: f64 = 0.02;
/// Lesions of this diameter in mm count as overt in the truth.
pub(super) const VISIBLE_MM: f64 = 8.0;
const YEAR: f64 = 365.25;

/// Diameter in mm of a ball of so many cells.
pub(super) fn diameter(ln_cells: f64) -> f64 {
    10.0 * ((ln_cells - LN_CELLS_PER_CM3).exp() * 6.0 / std::f64::consts::PI).cbrt()
}

pub(super) fn ln_cells(diameter_mm: f64) -> f64 {
    (std::f64::consts::PI / 6.0 * (diameter_mm / 10.0).powi(3)).ln() + LN_CELLS_PER_CM3
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Regime {
    Cleared,
    Silent,
    Growing,
    Overt,
}

impl Regime {
    pub fn code(self) -> &'static str {
        match self {
            Regime::Cleared => "cleared",
            Regime::Silent => "silent",
            Regime::Growing => "growing",
            Regime::Overt => "overt",
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Deposit {
    pub(super) organ: Organ,
    ln_asleep: f64,
    /// Days after surgery.
    pub(super) wakes: f64,
    /// The day on which it perishes in its sleep; beyond `wakes` it does not.
    perishes: f64,
    /// Diameter in mm at which it is felt.
    pub(super) felt_at: f64,
}

/// Treatment slows time itself: growth and reawakening run at `pace` of the calendar between two days.
#[derive(Clone, Debug)]
struct Slowed {
    from: f64,
    to: f64,
    pace: f64,
}

/// What the registry's measurements are drawn from.
#[derive(Clone, Debug)]
pub struct Disease {
    pub(super) deposits: Vec<Deposit>,
    /// Growth per day at the reference size, untreated.
    rate: f64,
    gompertz: bool,
    slowed: Vec<Slowed>,
    /// The patient's own shedding, as a factor.
    pub shedding: f64,
    /// Treatment of a relapse: by how much it shrinks the lesions, as a logarithm, and for how many days.
    response: (f64, f64),
    /// Day of the relapse, once it is found.
    pub(super) found: Option<f64>,
}

impl Disease {
    pub(super) fn draw(draw: &mut Draw, who: &Baseline) -> Disease {
        let traits = who.traits();
        let expected = expected_deposits(draw, who);
        let seeded = draw.poisson(expected).min(6);
        let doubling = draw.around(traits.doubling, 0.45) * (who.ki67 / traits.ki67).powf(-0.2);
        let mut disease = Disease {
            deposits: vec![],
            rate: LN_2 / doubling,
            gompertz: draw.chance(0.5),
            slowed: slowed(who),
            shedding: draw.around(traits.sheds, 1.2) * if draw.chance(traits.hardly) { HARDLY } else { 1.0 },
            response: (draw.between(0.0, 2.2), draw.around(traits.survival * 0.45, 0.6)),
            found: None,
        };
        for _ in 0..seeded {
            let deposit = disease.seed(draw, who);
            disease.deposits.push(deposit);
        }
        disease
    }

    fn seed(&self, draw: &mut Draw, who: &Baseline) -> Deposit {
        let traits = who.traits();
        let organ = Organ::ALL[draw.pick(&traits.organs)];
        let awake = draw.chance(traits.awake);
        let (scale, shape) = traits.reawakening;
        let sleeps = draw.weibull(scale * YEAR, shape);
        Deposit {
            organ,
            ln_asleep: LN_ASLEEP + 1.0 * draw.normal() + if awake { draw.between(0.0, 4.2) } else { 0.0 },
            wakes: if awake { 0.0 } else { self.after(0.0, sleeps) },
            perishes: if awake {
                f64::INFINITY
            } else {
                draw.exponential() * 12.0 * YEAR
            },
            felt_at: draw.around(organ.felt_at(), 0.3),
        }
    }

    /// Untreated days that pass between two days.
    fn elapsed(&self, from: f64, to: f64) -> f64 {
        let lost = |s: &Slowed| (to.min(s.to) - from.max(s.from)).max(0.0) * (1.0 - s.pace);
        to - from - self.slowed.iter().map(lost).sum::<f64>()
    }

    /// The day by which so many untreated days have passed; bisection, since `elapsed` rises.
    pub(super) fn after(&self, from: f64, untreated: f64) -> f64 {
        let (mut low, mut high) = (from, from + untreated);
        while self.elapsed(from, high) < untreated && high < 1e6 {
            high = from + 2.0 * (high - from).max(1.0);
        }
        while high - low > 0.25 {
            let middle = 0.5 * (low + high);
            if self.elapsed(from, middle) < untreated {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }

    /// The Gompertz law's rate, such that growth at the reference size is `rate`.
    fn slowing(&self) -> f64 {
        self.rate / (LN_CAPACITY - LN_REFERENCE)
    }

    /// Untreated days from the size of sleep to `ln_size`; none for a size that Gompertz growth never reaches.
    fn needs(&self, deposit: &Deposit, ln_size: f64) -> Option<f64> {
        if ln_size <= deposit.ln_asleep {
            return Some(0.0);
        }
        if self.gompertz {
            let left = (LN_CAPACITY - ln_size) / (LN_CAPACITY - deposit.ln_asleep);
            (left > 0.0).then(|| -left.ln() / self.slowing())
        } else {
            Some((ln_size - deposit.ln_asleep) / self.rate)
        }
    }

    /// The day on which a deposit reaches a diameter.
    pub(super) fn reaches(&self, deposit: &Deposit, diameter_mm: f64) -> Option<f64> {
        if deposit.perishes < deposit.wakes {
            return None;
        }
        let needs = self.needs(deposit, ln_cells(diameter_mm))?;
        Some(self.after(deposit.wakes, needs))
    }

    /// Logarithm of a deposit's cells; `None` when it has perished.
    pub(super) fn ln_size(&self, deposit: &Deposit, day: f64) -> Option<f64> {
        let seen = self.found.map_or(day, |found| day.min(found));
        if deposit.perishes < deposit.wakes && seen >= deposit.perishes {
            return None;
        }
        let grown = if seen > deposit.wakes {
            self.elapsed(deposit.wakes, seen)
        } else {
            0.0
        };
        let size = if self.gompertz {
            LN_CAPACITY - (LN_CAPACITY - deposit.ln_asleep) * (-self.slowing() * grown).exp()
        } else {
            deposit.ln_asleep + self.rate * grown
        };
        Some(size.min(LN_CAPACITY) + self.treated(day))
    }

    /// After a relapse the lesions shrink under treatment and later grow again.
    fn treated(&self, day: f64) -> f64 {
        let (depth, lasts) = self.response;
        let since = self.found.map_or(0.0, |found| (day - found).max(0.0));
        let regrown = (since - lasts).max(0.0) * self.rate * 0.5;
        (regrown - depth * (1.0 - (-since / 50.0).exp())).min(2.0)
    }

    /// All cells of the metastases in units of a cm³.
    pub(super) fn volume(&self, day: f64) -> f64 {
        let sizes = self.deposits.iter().filter_map(|d| self.ln_size(d, day));
        sizes.map(|size| (size - LN_CELLS_PER_CM3).exp()).sum()
    }

    /// The expected mutant fraction; 0 without living tumour.
    pub fn fraction(&self, day: f64) -> f64 {
        let shed = |d: &Deposit| Some((self.ln_size(d, day)? - LN_CELLS_PER_CM3).exp() * d.organ.sheds());
        let odds = FRACTION_PER_CM3 * self.shedding * self.deposits.iter().filter_map(shed).sum::<f64>();
        odds / (1.0 + odds)
    }

    /// The mutant fraction before surgery; the primary sheds less for its size than metastases do. Assumed.
    pub(super) fn fraction_of_primary(&self, who: &Baseline) -> f64 {
        let odds = FRACTION_PER_CM3 * 0.3 * self.shedding * who.volume().powf(0.7);
        odds / (1.0 + odds)
    }

    pub(super) fn largest(&self, day: f64) -> Option<(&Deposit, f64)> {
        let sizes = self.deposits.iter().filter_map(|d| Some((d, self.ln_size(d, day)?)));
        sizes.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    pub fn regime(&self, day: f64) -> Regime {
        let Some((_, largest)) = self.largest(day) else {
            return Regime::Cleared;
        };
        if self.found.is_some_and(|found| found <= day) || diameter(largest) >= VISIBLE_MM {
            Regime::Overt
        } else if self.grows_from().is_some_and(|from| from <= day) {
            Regime::Growing
        } else {
            Regime::Silent
        }
    }

    /// The first day of growth.
    pub fn grows_from(&self) -> Option<f64> {
        let lives = self.deposits.iter().filter(|d| d.wakes <= d.perishes);
        lives.map(|d| d.wakes).min_by(f64::total_cmp)
    }

    /// Growth of the mutant fraction per day, as a logarithm.
    pub fn growth(&self, day: f64) -> f64 {
        let (before, after) = (self.fraction(day - 0.5), self.fraction(day + 0.5));
        if before > 0.0 && after > 0.0 {
            (after / before).ln()
        } else {
            0.0
        }
    }

    /// Doubling time in days at the reference size, untreated.
    pub fn doubling(&self) -> f64 {
        LN_2 / self.rate
    }
}

fn expected_deposits(draw: &mut Draw, who: &Baseline) -> f64 {
    let traits = who.traits();
    let per_patient = draw.around(1.0, 1.1) * (-0.5_f64 * 1.1 * 1.1).exp();
    let size = (who.size_mm / traits.size).powf(3.0 * GAMMA);
    let nodes = (1.0 + f64::from(who.nodes)).sqrt();
    let grade = (0.35 * (f64::from(who.grade) - 2.0)).exp();
    // adjuvant treatment kills a part before it is seen; assumed, about the hazard ratios of adjuvant trials
    let chemotherapy = if who.chemotherapy { 0.72 } else { 1.0 };
    let intensified = if who.arm == Arm::Intensified { 0.85 } else { 1.0 };
    traits.seeding * per_patient * size * nodes * grade * chemotherapy * intensified
}

/// Endocrine treatment for five years, maintenance for two. Assumed.
fn slowed(who: &Baseline) -> Vec<Slowed> {
    let endocrine = who.endocrine && matches!(who.group, Group::HrPositive | Group::Her2Positive | Group::Prostate);
    let five_years = Slowed {
        from: 30.0,
        to: 5.0 * YEAR,
        pace: 0.8,
    };
    let two_years = Slowed {
        from: 45.0,
        to: 45.0 + 2.0 * YEAR,
        pace: 0.7,
    };
    let maintained = who.arm == Arm::Maintenance;
    let both = [(endocrine, five_years), (maintained, two_years)];
    both.into_iter().filter(|(given, _)| *given).map(|(_, s)| s).collect()
}
