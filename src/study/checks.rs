//! Measured figures beside what is wanted of them and what others reach.

use super::evaluation::Evaluation;
use super::measures::Accuracy;
use super::recovery::{Covered, Recovery};
use crate::burden::line::HORIZONS;
use crate::risk::flags::Figures;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
    Within(f64, f64),
    /// For the reader alone.
    Told,
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    pub what: String,
    pub wanted: Wanted,
    /// What a landmark logistic regression on last values, gradient boosting on the same, and who knows the generator reach on cohorts of
    /// this layout.
    pub peers: [Option<f64>; 3],
    /// `None` where it could not be measured.
    pub measured: Option<f64>,
}

impl Check {
    pub fn new(what: impl Into<String>, wanted: Wanted, measured: Option<f64>) -> Check {
        Check {
            what: what.into(),
            wanted,
            peers: [None; 3],
            measured,
        }
    }

    fn peers(self, peers: [Option<f64>; 3]) -> Check {
        Check { peers, ..self }
    }

    /// `None` where nothing is wanted, `Some(false)` where nothing could be measured.
    pub fn met(&self) -> Option<bool> {
        let holds = |test: &dyn Fn(f64) -> bool| Some(self.measured.is_some_and(test));
        match self.wanted {
            Wanted::AtLeast(least) => holds(&|value| value >= least),
            Wanted::AtMost(most) => holds(&|value| value <= most),
            Wanted::Within(low, high) => holds(&|value| (low..=high).contains(&value)),
            Wanted::Told => None,
        }
    }
}

/// AUC that is wanted, and that of logistic regression, boosting and the generator's own, at 6, 12 and 24 months.
const AUC: [(f64, [f64; 3]); 3] = [
    (0.917, [0.896, 0.900, 0.933]),
    (0.893, [0.873, 0.876, 0.909]),
    (0.862, [0.845, 0.846, 0.878]),
];

fn months(horizon: i32) -> &'static str {
    match HORIZONS.iter().position(|h| *h == horizon) {
        Some(0) => "6 months",
        Some(1) => "12 months",
        _ => "24 months",
    }
}

pub fn of_accuracy(accuracy: &Accuracy) -> Vec<Check> {
    let place = HORIZONS.iter().position(|h| *h == accuracy.horizon).unwrap_or(0);
    let (wanted, peers) = AUC[place];
    let name = |what: &str| format!("{what}, {}", months(accuracy.horizon));
    let brier = if accuracy.horizon == HORIZONS[1] {
        (Wanted::AtLeast(0.345), [Some(0.27), Some(0.31), Some(0.38)])
    } else {
        (Wanted::Told, [None; 3])
    };
    let pooled = &accuracy.pooled;
    vec![
        Check::new(
            name("AUC, mean of landmarks"),
            Wanted::AtLeast(wanted),
            accuracy.mean.auc,
        )
        .peers(peers.map(Some)),
        Check::new(name("AUC, all pairs"), Wanted::Told, pooled.auc.map(|auc| auc.value)),
        Check::new(
            name("scaled Brier, mean of landmarks"),
            brier.0,
            accuracy.mean.scaled_brier,
        )
        .peers(brier.1),
        Check::new(name("scaled Brier, all pairs"), Wanted::Told, pooled.scaled_brier()),
        Check::new(
            name("observed / expected"),
            Wanted::Within(0.9, 1.1),
            accuracy.mean.observed_over_expected,
        ),
        Check::new(name("calibration slope"), Wanted::Within(0.9, 1.1), pooled.slope),
    ]
}

/// What is wanted of flags at 4.0 and at 1.65 alerts per 100 patient-years; nothing at other budgets.
pub fn of_flags(rate: f64, figures: &Figures) -> Vec<Check> {
    let name = |what: &str| format!("flags at {rate}: {what}");
    let at = |asked: f64| (rate - asked).abs() < 1e-9;
    let (ahead, early, ppv12, ppv24) = match () {
        () if at(4.0) => (Some(0.76), Some(0.64), Some(0.50), Some(0.70)),
        () if at(1.65) => (Some(0.41), None, Some(0.84), None),
        () => (None, None, None, None),
    };
    let peers = |boosting: f64, limit: f64| [None, Some(boosting), Some(limit)];
    let others = match () {
        () if at(4.0) => [
            peers(0.74, 0.78),
            peers(0.62, 0.66),
            peers(0.48, 0.53),
            peers(0.67, 0.73),
        ],
        () if at(1.65) => [peers(0.41, 0.42), [None; 3], peers(0.78, 0.92), [None; 3]],
        () => [[None; 3]; 4],
    };
    let wanted = |least: Option<f64>| least.map_or(Wanted::Told, Wanted::AtLeast);
    vec![
        Check::new(
            name("alerts per 100 patient-years"),
            Wanted::Told,
            Some(figures.per_100_years),
        ),
        Check::new(name("relapses flagged ahead"), wanted(ahead), figures.sensitivity()).peers(others[0]),
        Check::new(
            name("\u{2265} 90 days ahead"),
            wanted(early),
            figures.early_sensitivity(),
        )
        .peers(others[1]),
        Check::new(name("PPV within 12 months"), wanted(ppv12), figures.ppv12).peers(others[2]),
        Check::new(name("PPV within 24 months"), wanted(ppv24), figures.ppv24).peers(others[3]),
        Check::new(name("mean lead, days"), Wanted::Told, figures.mean_lead),
    ]
}

/// All lines of an evaluation; a plain rule's sensitivity is what flags at its load must reach.
pub fn of_evaluation(evaluation: &Evaluation) -> Vec<Check> {
    let accuracy = evaluation.accuracy.iter().flat_map(of_accuracy);
    let flags = evaluation
        .flags
        .iter()
        .flat_map(|(rate, figures)| of_flags(*rate, figures));
    let rivals = evaluation.rivals.iter().flat_map(|(rule, own, flags)| {
        let line = |what: &str, own: Option<f64>, ours: Option<f64>| {
            let wanted = own.map_or(Wanted::Told, Wanted::AtLeast);
            Check::new(format!("against {}: {what}", rule.words()), wanted, ours)
        };
        [
            Check::new(
                format!("against {}: alerts of the rule", rule.words()),
                Wanted::Told,
                Some(own.per_100_years),
            ),
            Check::new(
                format!("against {}: alerts of the flags", rule.words()),
                Wanted::Told,
                Some(flags.per_100_years),
            ),
            line("relapses flagged ahead", own.sensitivity(), flags.sensitivity()),
            line("PPV within 12 months", own.ppv12, flags.ppv12),
        ]
    });
    accuracy.chain(flags).chain(rivals).collect()
}

/// Calibration alone, on a cohort that `place` names; wanted of it only where a night has had a say.
pub fn of_calibration(place: &str, evaluation: &Evaluation, wanted: bool) -> Vec<Check> {
    let within = if wanted { Wanted::Within(0.9, 1.1) } else { Wanted::Told };
    let one = |accuracy: &Accuracy| {
        let name = |what: &str| format!("{place}: {what}, {}", months(accuracy.horizon));
        [
            Check::new(
                name("observed / expected"),
                within,
                accuracy.mean.observed_over_expected,
            ),
            Check::new(name("calibration slope"), within, accuracy.pooled.slope),
        ]
    };
    evaluation.accuracy.iter().flat_map(one).collect()
}

/// Burden lines against a synthetic cohort's truth. Bands are of what grows; of days on which nothing grows nothing is wanted.
pub fn of_recovery(recovery: &Recovery) -> Vec<Check> {
    let told = |what: &str, covered: Covered| Check::new(format!("burden: {what}"), Wanted::Told, covered.share());
    let grows = recovery.growing.and(recovery.overt);
    let (growth, errors) = (&recovery.growth, &recovery.errors);
    let mut all = vec![
        Check::new(
            "burden: 90 % band of what grows holds the truth, days on which something grows",
            Wanted::Within(0.87, 0.93),
            grows.share(),
        ),
        told("the same, growing", recovery.growing),
        told("the same, overt", recovery.overt),
        told("the same, all asleep (no growth to speak of)", recovery.silent),
        Check::new(
            "burden: mean width of that band, natural logarithms",
            Wanted::Told,
            grows.mean_width(),
        ),
        Check::new(
            "burden: AUC of P(growing) three draws after reawakening",
            Wanted::AtLeast(0.85),
            growth.reawakened,
        ),
        Check::new(
            "burden: the same, where the draws were to hold a mutant molecule",
            Wanted::Told,
            growth.in_sight,
        ),
        Check::new("burden: the same, awake from surgery on", Wanted::Told, growth.awake),
        Check::new("entry errors: precision", Wanted::AtLeast(0.7), errors.precision()),
        Check::new(
            "entry errors: precision of slips and swaps",
            Wanted::Told,
            errors.precision_of_slips(),
        ),
        Check::new("entry errors: recall", Wanted::Told, errors.recall()),
    ];
    let kind = |(kind, found): (&String, &super::recovery::Found)| {
        let recall = (found.there > 0).then(|| found.named as f64 / found.there as f64);
        Check::new(format!("entry errors: recall, {kind}"), Wanted::Told, recall)
    };
    all.extend(errors.kinds.iter().map(kind));
    all
}
