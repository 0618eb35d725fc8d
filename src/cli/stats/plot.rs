//! From fitted curves to the pictures of `--plot`.

use metwatch::survival::{FollowUp, KaplanMeier};
use metwatch::web::chart::km::{self, Curves, Group, Step};
pub use metwatch::web::chart::sheet::{Panel, sheet};
use metwatch::web::write;
use ndarray::{Array2, Axis};

use super::data::Data;
use super::km::ConfType;
use super::output::Output;

pub const WIDTH: f64 = 880.0;

/// Rows of each group in the order of its levels; all rows in one without a column.
pub fn groups(data: &Data, column: Option<&str>) -> Vec<(String, Vec<usize>)> {
    let Some(column) = column else {
        return vec![("all".to_owned(), (0..data.subjects.len()).collect())];
    };
    let labels = data.table.labels(column);
    let mut rows = vec![vec![]; labels.levels.len()];
    labels
        .codes
        .iter()
        .enumerate()
        .for_each(|(row, code)| rows[*code].push(row));
    let name = |level: &String| format!("{column}={level}");
    labels.levels.iter().map(name).zip(rows).collect()
}

/// Censoring is the event.
pub fn reversed(subjects: &[FollowUp]) -> Vec<FollowUp> {
    subjects.iter().map(|s| s.with_event(u32::from(!s.had(None)))).collect()
}

/// The last of all steps that fall on one half pixel.
pub fn thin(steps: impl Iterator<Item = Step>, until: f64) -> Vec<Step> {
    let place = |step: &Step| (step.time / until * 2.0 * WIDTH) as i64;
    let mut kept: Vec<Step> = vec![];
    for step in steps {
        match kept.last_mut() {
            Some(last) if place(last) == place(&step) => *last = step,
            _ => kept.push(step),
        }
    }
    kept
}

/// At most one mark of censoring on three pixels.
fn censorings(subjects: &[FollowUp], until: f64) -> Vec<f64> {
    let mut times: Vec<f64> = (subjects.iter().filter(|s| !s.had(None))).map(FollowUp::exit).collect();
    times.sort_by(f64::total_cmp);
    times.dedup_by_key(|time| (*time / until * WIDTH / 3.0) as i64);
    times
}

/// How many are at risk under each tick.
pub fn at_risk(subjects: &[FollowUp], until: f64) -> Vec<String> {
    let count = |time: &f64| {
        let watched = |s: &&FollowUp| s.exit() >= *time && (s.entry() < *time || s.entry() == 0.0);
        write::thousands(subjects.iter().filter(watched).count() as u64)
    };
    km::ticks(until).iter().map(count).collect()
}

/// A curve with its band, as the chart wants it.
pub fn group(
    label: &str,
    subjects: &[FollowUp],
    curve: &KaplanMeier,
    until: f64,
    conf_type: ConfType,
    level: f64,
) -> anyhow::Result<Group> {
    let mut steps = Vec::with_capacity(curve.steps.len());
    for step in &curve.steps {
        let bounds = curve.limits_at(step.time, conf_type.limits(), level)?;
        let (lo, hi) = bounds.unwrap_or((step.survival, step.survival));
        steps.push(Step {
            time: step.time,
            p: step.survival,
            lo,
            hi,
        });
    }
    Ok(Group {
        label: label.to_owned(),
        steps: thin(steps.into_iter(), until),
        censored: censorings(subjects, until),
        at_risk: at_risk(subjects, until),
        known_to: Some(curve.followed_to),
    })
}

/// Curves by group with bands, numbers at risk and medians; `notes` stand below.
pub fn curves(
    data: &Data,
    groups: &[(String, Vec<usize>)],
    fitted: &[KaplanMeier],
    time: &str,
    conf_type: ConfType,
    output: &Output,
    mut notes: Vec<String>,
) -> anyhow::Result<Panel> {
    let until = data.followed_to();
    let mut drawn = vec![];
    for ((label, rows), curve) in groups.iter().zip(fitted) {
        let (subjects, _) = data.some(rows);
        drawn.push(group(label, &subjects, curve, until, conf_type, output.level)?);
        let median = curve.quantile(0.5, conf_type.limits(), output.level)?;
        notes.push(match median.time {
            None => format!("{label}: the curve does not come down to one half"),
            Some(time) => format!(
                "{label}: median {} ({} to {})",
                write::figure(time),
                median.lower.map_or_else(|| "–".to_owned(), write::figure),
                median.upper.map_or_else(|| "–".to_owned(), write::figure)
            ),
        });
    }
    let chart = Curves {
        id: "curves".to_owned(),
        title: "Kaplan-Meier".to_owned(),
        about: notes.join("; "),
        width: WIDTH,
        x_label: time.to_owned(),
        y_label: "free of the event".to_owned(),
        falling: true,
        until,
        groups: drawn,
    };
    Ok(Panel {
        title: format!("Kaplan-Meier estimate with {} bands", output.percent()),
        svg: km::svg(&chart),
        notes,
    })
}

pub fn kaplan_meier(
    data: &Data,
    groups: &[(String, Vec<usize>)],
    fitted: &[KaplanMeier],
    time: &str,
    conf_type: ConfType,
    output: &Output,
) -> anyhow::Result<String> {
    let panel = curves(data, groups, fitted, time, conf_type, output, vec![])?;
    Ok(sheet("Kaplan-Meier", &[panel]))
}

/// At most so many rows, evenly spread: enough for the mean of a picture.
pub fn sample(records: &Array2<f64>) -> Array2<f64> {
    const ROWS: usize = 2000;
    let every = records.nrows().div_ceil(ROWS).max(1);
    let rows: Vec<usize> = (0..records.nrows()).step_by(every).collect();
    records.select(Axis(0), &rows)
}

/// Of curves with one row a record.
pub fn mean_curve(curves: &Array2<f64>) -> Vec<f64> {
    curves.mean_axis(Axis(0)).map_or_else(Vec::new, |mean| mean.to_vec())
}

/// A smooth curve over a Kaplan-Meier curve with its band.
pub fn fitted_over_observed(
    subjects: &[FollowUp],
    curve: &KaplanMeier,
    times: &[f64],
    fitted: &[f64],
    output: &Output,
) -> anyhow::Result<Curves> {
    let until = times
        .last()
        .map_or(curve.followed_to, |last| last.min(curve.followed_to));
    let observed = group("observed", subjects, curve, until, ConfType::Log, output.level)?;
    let step = |(time, p): (&f64, &f64)| Step {
        time: *time,
        p: *p,
        lo: *p,
        hi: *p,
    };
    Ok(Curves {
        id: "fitted".to_owned(),
        title: "Fitted over observed".to_owned(),
        about: "The mean of the fitted curves over the Kaplan-Meier curve".to_owned(),
        width: WIDTH,
        y_label: "free of the event".to_owned(),
        falling: true,
        until,
        groups: vec![
            observed,
            Group {
                label: "fitted".to_owned(),
                steps: times.iter().zip(fitted).map(step).collect(),
                known_to: times.last().copied(),
                ..Group::default()
            },
        ],
        ..Curves::default()
    })
}
