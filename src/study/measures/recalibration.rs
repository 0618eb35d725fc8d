//! Logistic recalibration: how far apart the risks are, held against how far apart they should be.

/// Beyond it, logits say nothing: one part in ten thousand million.
const LEAST: f64 = 1e-10;
const MOST_STEPS: usize = 50;

/// The coefficient of the logit of the risk in a weighted logistic regression with an intercept (Cox, Biometrika 1958;45:562), by
/// Newton's method. `None` where risks do not differ, where there are no cases or no controls, or where the risks part them altogether.
pub fn slope(risks: &[f64], cases: &[bool], weights: &[f64]) -> Option<f64> {
    let logit = |risk: &f64| {
        let risk = risk.clamp(LEAST, 1.0 - LEAST);
        (risk / (1.0 - risk)).ln()
    };
    let x: Vec<f64> = risks.iter().map(logit).collect();
    let all: f64 = weights.iter().sum();
    let share = x.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>() / all;
    let mut spread = 0.0;
    let mut ill = 0.0;
    for ((x, case), weight) in x.iter().zip(cases).zip(weights) {
        spread += weight * (x - share).powi(2);
        ill += weight * f64::from(u8::from(*case));
    }
    if !(spread / all > 1e-12 && ill > 0.0 && ill < all) {
        return None;
    }
    let rows: Vec<Row> = (0..x.len())
        .filter(|i| weights[*i] > 0.0)
        .map(|i| Row {
            x: x[i] - share,
            case: f64::from(u8::from(cases[i])),
            weight: weights[i] / all,
        })
        .collect();
    if parted(&rows) {
        return None;
    }
    newton(&rows, (ill / (all - ill)).ln())
}

struct Row {
    x: f64,
    case: f64,
    weight: f64,
}

fn log_likelihood(rows: &[Row], a: f64, b: f64) -> f64 {
    let one = |row: &Row| {
        let eta = a + b * row.x;
        // ln(1 + e^eta) without overflow
        let total = eta.max(0.0) + (-eta.abs()).exp().ln_1p();
        row.weight * (row.case * eta - total)
    };
    rows.iter().map(one).sum()
}

fn newton(rows: &[Row], start: f64) -> Option<f64> {
    let (mut a, mut b) = (start, 0.0);
    let mut height = log_likelihood(rows, a, b);
    for _ in 0..MOST_STEPS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for row in rows {
            let p = 1.0 / (1.0 + (-(a + b * row.x)).exp());
            let (residual, spread) = (row.weight * (row.case - p), row.weight * p * (1.0 - p));
            ga += residual;
            gb += residual * row.x;
            haa += spread;
            hab += spread * row.x;
            hbb += spread * row.x * row.x;
        }
        let determinant = haa * hbb - hab * hab;
        if determinant <= 0.0 || !determinant.is_finite() {
            return None;
        }
        let mut step = ((hbb * ga - hab * gb) / determinant, (haa * gb - hab * ga) / determinant);
        // a step that goes too far is halved until it climbs
        let mut next = log_likelihood(rows, a + step.0, b + step.1);
        let mut halved = 0;
        while next < height && halved < 40 {
            step = (0.5 * step.0, 0.5 * step.1);
            next = log_likelihood(rows, a + step.0, b + step.1);
            halved += 1;
        }
        (a, b) = (a + step.0, b + step.1);
        if step.0.abs().max(step.1.abs()) < 1e-10 {
            return Some(b);
        }
        height = next;
    }
    None
}

/// Whether all cases lie on one side of all controls: the likelihood then climbs for ever.
fn parted(rows: &[Row]) -> bool {
    let side = |case: bool| {
        let of = rows.iter().filter(move |row| (row.case > 0.5) == case).map(|row| row.x);
        of.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    };
    let (cases, controls) = (side(true), side(false));
    cases.0 >= controls.1 || controls.0 >= cases.1
}
