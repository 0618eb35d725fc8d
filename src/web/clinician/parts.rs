//! The parts of a risk as the night wrote them, in words short enough for a row and few enough for a chart.

use serde_json::Value;

/// One part of a risk; `effect` is a probability.
pub struct Part {
    pub label: String,
    pub value: String,
    pub effect: f64,
}

/// The parts as they are laid out: what all start from, what moves the risk, and the names of what does not.
pub struct Shown {
    pub first: Option<Part>,
    pub moving: Vec<Part>,
    pub still: Vec<String>,
}

/// A chart draws so many parts by name; the others are one bar, so that all still add up.
const DRAWN: usize = 8;
/// Less rounds to no tenth of a per cent.
const LEAST: f64 = 0.0005;

fn of(contributions: &Value) -> Vec<Part> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let part = |one: &Value| Part {
        label: text(&one["label"]),
        value: text(&one["value"]),
        effect: one["effect"].as_f64().unwrap_or(0.0),
    };
    contributions.as_array().into_iter().flatten().map(part).collect()
}

pub fn shown(contributions: &Value) -> Shown {
    let mut parts = of(contributions).into_iter();
    let first = parts.next();
    let (moving, still): (Vec<Part>, Vec<Part>) = parts.partition(|part| part.effect.abs() >= LEAST);
    let named = |part: Part| match part.value.is_empty() {
        true => part.label,
        false => format!("{} ({})", part.label, part.value),
    };
    Shown {
        first,
        moving,
        still: still.into_iter().map(named).collect(),
    }
}

/// The bars of a chart: the largest parts by name in the order given, then all others as one.
pub fn drawn(moving: &[Part]) -> Vec<(String, f64)> {
    let mut sizes: Vec<f64> = moving.iter().map(|part| part.effect.abs()).collect();
    sizes.sort_by(|a, b| b.total_cmp(a));
    // one part alone keeps its name
    let named = if moving.len() <= DRAWN + 1 { moving.len() } else { DRAWN };
    let least = named.checked_sub(1).map_or(0.0, |last| sizes[last]);
    let (mut bars, mut others, mut count) = (vec![], 0.0, 0);
    for part in moving {
        if part.effect.abs() >= least && bars.len() < named {
            bars.push((named_short(part), part.effect));
        } else {
            others += part.effect;
            count += 1;
        }
    }
    if count > 0 {
        bars.push((format!("{count} others"), others));
    }
    bars
}

/// What raises the risk above the average most, `positive nodes 12`: at most so many.
pub fn raising(contributions: Option<&Value>, most: usize) -> Vec<String> {
    let parts = contributions.map(of).unwrap_or_default();
    let raising = parts.iter().skip(1).filter(|part| part.effect >= 0.001);
    raising
        .take(most)
        .map(|part| format!("{} {}", lower(&part.label), part.value).trim_end().to_owned())
        .collect()
}

/// In the middle of a sentence; names as ER, HER2 and Ki-67 stay.
fn lower(label: &str) -> String {
    let word = label.split(' ').next().unwrap_or_default();
    let is_name = word
        .chars()
        .skip(1)
        .any(|letter| letter.is_uppercase() || letter.is_numeric());
    if is_name {
        return label.to_owned();
    }
    let mut letters = label.chars();
    letters
        .next()
        .map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

/// The label of a bar.
fn named_short(part: &Part) -> String {
    let label = short(&part.label);
    match (part.value.as_str(), part.label.as_str()) {
        ("yes", _) => label.to_owned(),
        ("no", _) => format!("No {}", lower(label)),
        ("", _) | (_, "Pattern of visits") => label.to_owned(),
        (value, "Positive nodes" | "Grade") => format!("{} {value}", part.label),
        (value, "Burden line") => match value.strip_prefix("growing with probability ") {
            Some(share) => format!("{label}: {} growing", share.replace(' ', "\u{202f}")),
            None => format!("{label}: {value}"),
        },
        (value, _) => format!("{label}: {}", without_when(value)),
    }
}

/// `3 in 7.5 mL 20 days ago` without the days, `3 of 5 detected; …` without the last one; the table says both.
fn without_when(value: &str) -> &str {
    let value = value.split(';').next().unwrap_or(value);
    let words: Vec<&str> = value.split(' ').collect();
    let cut = match words.as_slice() {
        [.., _, _, "ago"] if words.len() > 3 => 3,
        [.., "today" | "yesterday"] if words.len() > 1 => 1,
        _ => 0,
    };
    let tail: usize = words.iter().rev().take(cut).map(|word| word.len() + 1).sum();
    &value[..value.len() - tail]
}

/// Labels that must leave room for their value.
fn short(label: &str) -> &str {
    match label {
        "Oestrogen receptor" => "ER",
        "Progesterone receptor" => "PgR",
        "Adjuvant endocrine therapy" => "Endocrine therapy",
        "Adjuvant chemotherapy" => "Chemotherapy",
        "Age at surgery" | "Age at day zero" => "Age",
        "Tumour size" => "Size",
        "Time since day zero" => "Time",
        "Arm of the trial" => "Arm",
        "Burden line" => "Burden",
        label => label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(label: &str, value: &str, effect: f64) -> Part {
        Part {
            label: label.into(),
            value: value.into(),
            effect,
        }
    }

    #[test]
    fn what_raises_most_comes_without_the_average() {
        let parts = serde_json::json!([{"label": "Average patient of the fit", "value": "", "effect": 0.04},
            {"label": "Positive nodes", "value": "12", "effect": 0.03}, {"label": "HER2", "value": "yes", "effect": 0.02},
            {"label": "Grade", "value": "2", "effect": -0.01}]);
        assert_eq!(raising(Some(&parts), 3), ["positive nodes 12", "HER2 yes"]);
        assert!(raising(None, 3).is_empty());
    }

    #[test]
    fn many_parts_are_few_bars_that_still_add_up() {
        let many: Vec<Part> = (0..20)
            .map(|i| part("Age", "60", 0.02 - 0.001 * f64::from(i)))
            .collect();
        let bars = drawn(&many);
        assert_eq!((bars.len(), bars[8].0.as_str()), (9, "12 others"));
        let sum = |all: &mut dyn Iterator<Item = f64>| all.sum::<f64>();
        let (drawn_sum, whole) = (
            sum(&mut bars.iter().map(|bar| bar.1)),
            sum(&mut many.iter().map(|part| part.effect)),
        );
        assert!((drawn_sum - whole).abs() < 1e-12);
        assert_eq!(drawn(&many[..9]).len(), 9);
        // equal parts are no more than the chart has room for
        let equal: Vec<Part> = (0..20).map(|_| part("Age", "60", 0.01)).collect();
        assert_eq!(drawn(&equal).len(), 9);
        assert!(drawn(&[]).is_empty());
    }

    #[test]
    fn a_bar_says_what_and_not_when() {
        for (label, value, said) in [
            (
                "CtDNA",
                "3 of 5 detected; detected 20 days ago",
                "CtDNA: 3 of 5 detected",
            ),
            ("CTC", "3 in 7.5 mL 20 days ago", "CTC: 3 in 7.5 mL"),
            ("CEA", "12.3 today", "CEA: 12.3"),
            ("Scans", "clear 5 months ago", "Scans: clear"),
            (
                "Burden line",
                "growing with probability 62 %",
                "Burden: 62\u{202f}% growing",
            ),
            ("Pattern of visits", "last seen 3 months ago", "Pattern of visits"),
            ("Menopause", "no", "No menopause"),
            ("Positive nodes", "12", "Positive nodes 12"),
            ("Age at day zero", "61", "Age: 61"),
        ] {
            assert_eq!(named_short(&part(label, value, 0.1)), said);
        }
    }
}
