//! Calibration at the last horizon, AUC over time, and the decision curve.

use anyhow::bail;
use metwatch::survival::metrics::{CaseWeight, Ipcw};
use metwatch::web::chart::calibration::{self, Point};
use metwatch::web::chart::lines::{self, Axis, Line, Lines, Scale};

use super::super::data::Data;
use super::super::page::{chance, plain};
use super::super::plot::{Panel, WIDTH, sheet};
use super::Arguments;
use super::answer::{Answer, At, Decision};
use super::predictions::Predictions;

/// Of a calibration plot, so that its diagonal is one.
const SQUARE: f64 = 480.0;

impl Arguments {
    pub fn picture(&self, data: &Data, predictions: &Predictions, answer: &Answer) -> anyhow::Result<String> {
        let calibrated = answer.calibration.at.iter().zip(&predictions.risks);
        let mut panels: Vec<Panel> = calibrated.map(|(at, risks)| calibration_panel(at, risks)).collect();
        panels.extend(self.auc_over_time(data, predictions)?);
        panels.extend(answer.net_benefit.last().map(decision_panel));
        if panels.is_empty() {
            bail!("there is nothing to draw");
        }
        Ok(sheet("Validation", &panels))
    }

    /// On up to 40 times between the first and the last horizon, with the linear predictor or the nearest horizon's risk.
    fn auc_over_time(&self, data: &Data, predictions: &Predictions) -> anyhow::Result<Option<Panel>> {
        let ends = self
            .times
            .iter()
            .copied()
            .fold((f64::INFINITY, 0.0), |(lo, hi), t| (t.min(lo), t.max(hi)));
        if self.times.len() < 2 || predictions.scores.is_empty() {
            return Ok(None);
        }
        let ipcw = Ipcw::new(&data.subjects, self.cause.cause, CaseWeight::Before)?;
        let mut line = Line {
            label: "AUC".to_owned(),
            ..Line::default()
        };
        for at in 0..=40 {
            let time = ends.0 + (ends.1 - ends.0) * f64::from(at) / 40.0;
            let Some(found) = ipcw.at(time)?.auc(&predictions.scores)? else {
                continue;
            };
            line.points.push((time, found.value));
            if let Some((lower, upper)) = found.limits(self.output.level)? {
                line.band.push((time, lower, upper));
            }
        }
        let heights = line.band.iter().flat_map(|b| [b.1, b.2]);
        let chart = Lines {
            id: "auc".to_owned(),
            title: "AUC over time".to_owned(),
            about: "Area under the curve at each time".to_owned(),
            width: WIDTH,
            x: Axis::around(&self.columns.time, Scale::Plain, line.points.iter().map(|p| p.0)),
            y: Axis::around(
                "AUC",
                Scale::Plain,
                heights.chain(line.points.iter().map(|p| p.1)).chain([0.5]),
            ),
            lines: vec![line],
            marks: vec![],
        };
        Ok(Some(Panel {
            title: format!(
                "Area under the curve over time, with {} limits at each",
                self.output.percent()
            ),
            svg: lines::svg(&chart),
            notes: vec![],
        }))
    }
}

fn calibration_panel(at: &At, risks: &[f64]) -> Panel {
    let smooth = at.smooth.as_deref().unwrap_or_default();
    let mut curve: Vec<(f64, f64)> = risks.iter().copied().zip(smooth.iter().copied()).collect();
    curve.sort_by(|a, b| a.0.total_cmp(&b.0));
    // points closer than half a pixel are one
    curve.dedup_by_key(|point| (point.0 * 2000.0) as i64);
    let when = plain(at.t);
    let point = |(predicted, observed, _): &(f64, f64, usize)| Point {
        predicted: *predicted,
        observed: *observed,
        limits: None,
    };
    let chart = calibration::Calibration {
        id: format!("calibration-{when}"),
        title: format!("Calibration at {when}"),
        about: format!("Observed against predicted risk at {when}"),
        width: SQUARE,
        x_label: format!("predicted risk at {when}"),
        y_label: "observed risk".to_owned(),
        groups: at.deciles.iter().map(point).collect(),
        curve,
        predicted: risks.to_vec(),
    };
    let groups = at.deciles.len();
    Panel {
        title: format!("Calibration at {when}: {groups} groups, smooth curve, and how often each risk is predicted"),
        svg: calibration::svg(&chart),
        notes: vec![format!(
            "observed over expected {}; mean distance of the smooth curve from the diagonal {}",
            chance(at.oe),
            chance(at.ici)
        )],
    }
}

fn decision_panel(last: &Decision) -> Panel {
    let top = last.model.iter().chain(&last.treat_all).copied().fold(0.01, f64::max);
    let line = |label: &str, values: &[f64]| {
        let points = last.threshold.iter().copied().zip(values.iter().copied()).collect();
        let line = Line {
            label: label.to_owned(),
            points,
            ..Line::default()
        };
        // acting on all goes far below what is of interest
        above(line, -0.25 * top)
    };
    let chart = Lines {
        id: "decision".to_owned(),
        title: "Decision curve".to_owned(),
        about: "Net benefit over the threshold".to_owned(),
        width: WIDTH,
        x: Axis::around(
            "risk from which on one acts",
            Scale::Percent,
            last.threshold.iter().copied(),
        ),
        y: Axis::around("net benefit", Scale::Plain, [-0.25 * top, top].into_iter()),
        lines: vec![
            line("model", &last.model),
            line("act on all", &last.treat_all),
            line("act on none", &vec![0.0; last.threshold.len()]),
        ],
        marks: vec![],
    };
    Panel {
        title: format!("Decision curve at {}", plain(last.t)),
        svg: lines::svg(&chart),
        notes: vec![],
    }
}

/// The line as far as it stays above a height.
fn above(mut line: Line, height: f64) -> Line {
    let out = line.points.iter().position(|point| point.1 < height);
    if let Some(first) = out {
        line.points.truncate(first.max(1));
    }
    line
}
