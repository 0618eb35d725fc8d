//! The pictures of the validation, each a file that stands alone.

use std::path::Path;

use linfa::prelude::*;
use metwatch::survival::metrics::calibration::{in_the_large, smooth};
use metwatch::survival::metrics::{CaseWeight, Ipcw, net_benefit};
use metwatch::survival::{Error, FollowUp, KaplanMeier, Limits, SurvivalModel};
use metwatch::web::chart::calibration::{self, Calibration, Point};
use metwatch::web::chart::km::{self, Curves, Group, Step};
use metwatch::web::chart::lines::{self, Axis, Line, Lines, Scale};
use metwatch::web::chart::sheet::{Panel, sheet};
use metwatch::web::write::thousands;
use ndarray::Axis as Along;

use super::{Cohort, FIVE_YEARS, Study, follow_up};

const YEAR: f64 = 365.25;
const WIDTH: f64 = 852.0;
/// Centiles of the linear predictor in the development data, as in the paper.
const CUTS: [f64; 3] = [0.16, 0.5, 0.84];
const GROUPS: [&str; 4] = ["below 16th", "16th to 50th", "50th to 84th", "above 84th"];
/// Lines end where fewer are watched.
const FEWEST: usize = 10;

pub fn write(studies: &[Study; 2], folder: &Path) -> anyhow::Result<()> {
    for (name, picture) in [
        ("groups", groups(&studies[1])?),
        ("calibration", calibration(studies)?),
        ("decision", decision(studies)?),
        ("auc", auc(studies)?),
    ] {
        std::fs::write(folder.join(name).with_extension("svg"), picture)?;
    }
    Ok(())
}

/// The value below which a share of the numbers lies, by straight line between two of them (R's type 7).
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    low + place.fract() * (high - low)
}

/// The rows between each two cuts; a value at a cut belongs below it.
fn split(values: &[f64], cuts: &[f64]) -> Vec<Vec<usize>> {
    let mut parts = vec![vec![]; cuts.len() + 1];
    for (row, value) in values.iter().enumerate() {
        parts[cuts.partition_point(|cut| cut < value)].push(row);
    }
    parts
}

fn groups(study: &Study) -> Result<String, Error> {
    let of_development = study.scores(&study.development);
    let cuts = CUTS.map(|share| quantile(&of_development, share));
    let panel = |place: &str, cohort: &Cohort| -> Result<Panel, Error> {
        let parts = split(&study.scores(cohort), &cuts);
        let mut groups = vec![];
        for (name, rows) in GROUPS.iter().zip(&parts) {
            groups.push(observed(name, cohort, rows)?);
        }
        let [first, second, third, fourth] = [0, 1, 2, 3].map(|part| predicted(study, cohort, &parts[part]));
        // a place in the chart gives a line its look; the four that are left empty have those of the groups
        groups.extend([first?, second?]);
        groups.extend(vec![
            Group {
                known_to: Some(0.0),
                ..Group::default()
            };
            GROUPS.len()
        ]);
        groups.extend([third?, fourth?]);
        let chart = Curves {
            id: place.to_lowercase(),
            title: format!("{place}: four prognostic groups"),
            about: "Kaplan-Meier curves of the groups and the model's mean curves over them".to_owned(),
            width: WIDTH,
            x_label: "years".to_owned(),
            y_label: "alive without relapse".to_owned(),
            falling: true,
            until: 7.0,
            groups,
        };
        Ok(Panel {
            title: format!("{place}, {} women", thousands(cohort.nsamples() as u64)),
            svg: km::svg(&chart),
            notes: vec![],
        })
    };
    let mut panels = [
        panel("Rotterdam", &study.development)?,
        panel("German trial", &study.validation)?,
    ];
    panels[1].notes = vec![
        "Groups by centile of the linear predictor in Rotterdam. Colours: Kaplan-Meier with 95 % limits, while ten are watched.".to_owned(),
        "Black and grey dashes: the mean of the curves that the transformed model predicts for the women of each group.".to_owned(),
    ];
    Ok(sheet("Prognostic groups in both cohorts", &panels))
}

fn observed(name: &str, cohort: &Cohort, rows: &[usize]) -> Result<Group, Error> {
    let women: Vec<FollowUp> = rows.iter().map(|row| follow_up(cohort)[*row]).collect();
    let curve = KaplanMeier::fit(&women, None)?;
    let mut steps = vec![];
    for step in &curve.steps {
        let (lo, hi) = (curve.limits_at(step.time, Limits::LogLog, 0.95)?).unwrap_or((step.survival, step.survival));
        steps.push(Step {
            time: step.time / YEAR,
            p: step.survival,
            lo,
            hi,
        });
    }
    let mut exits: Vec<f64> = women.iter().map(FollowUp::exit).collect();
    exits.sort_by(f64::total_cmp);
    let at_risk = |year: &f64| thousands(curve.at_risk_at(year * YEAR) as u64);
    Ok(Group {
        label: name.to_owned(),
        steps,
        at_risk: km::ticks(7.0).iter().map(at_risk).collect(),
        known_to: exits.len().checked_sub(FEWEST).map(|last| exits[last] / YEAR),
        censored: vec![],
    })
}

/// The mean of the curves that the model gives the women.
fn predicted(study: &Study, cohort: &Cohort, rows: &[usize]) -> Result<Group, Error> {
    let years: Vec<f64> = (1..=210).map(|step| f64::from(step) / 30.0).collect();
    let days: Vec<f64> = years.iter().map(|year| year * YEAR).collect();
    let records = cohort.records.select(Along(0), rows);
    let curves = study.model.survival_at(records.view(), &days)?;
    let mean = curves.mean_axis(Along(0)).expect("a group has women");
    let steps = years
        .iter()
        .zip(&mean)
        .map(|(&time, &p)| Step { time, p, lo: p, hi: p });
    Ok(Group {
        steps: steps.collect(),
        ..Group::default()
    })
}

fn calibration(studies: &[Study]) -> Result<String, Error> {
    let panel = |study: &Study| -> Result<Panel, Error> {
        let women = follow_up(&study.validation);
        let risks = study.risks(&[FIVE_YEARS])?.column(0).to_vec();
        let line = smooth(women, None, &risks, FIVE_YEARS, 4)?;
        let mut curve: Vec<(f64, f64)> = risks.iter().copied().zip(line.observed).collect();
        curve.sort_by(|a, b| a.0.total_cmp(&b.0));
        let large = in_the_large(women, None, &risks, FIVE_YEARS)?;
        let chart = Calibration {
            id: study.name.to_owned(),
            title: format!("Calibration of the {} model at 5 years", study.name),
            about: "Observed against predicted risk: tenths of the women, and a smooth curve".to_owned(),
            width: 480.0,
            x_label: "predicted risk of relapse or death by 5 years".to_owned(),
            y_label: "observed".to_owned(),
            groups: tenths(women, &risks)?,
            curve,
            predicted: risks,
        };
        let ratio = large.observed_over_expected.unwrap_or(f64::NAN);
        Ok(Panel {
            title: format!("The {} model", study.name),
            svg: calibration::svg(&chart),
            notes: vec![format!(
                "O/E {ratio:.3}; ICI {:.3}; dots: tenths with 95 % limits",
                line.ici
            )],
        })
    };
    let panels = studies.iter().map(panel).collect::<Result<Vec<Panel>, Error>>()?;
    Ok(sheet("Calibration at 5 years in the German trial", &panels))
}

/// What came in each tenth of the predicted risk, with its limits.
fn tenths(women: &[FollowUp], risks: &[f64]) -> Result<Vec<Point>, Error> {
    let cuts: Vec<f64> = (1..10).map(|tenth| quantile(risks, f64::from(tenth) / 10.0)).collect();
    let mut points = vec![];
    for rows in split(risks, &cuts) {
        let tenth: Vec<FollowUp> = rows.iter().map(|row| women[*row]).collect();
        let curve = KaplanMeier::fit(&tenth, None)?;
        let limits = curve.limits_at(FIVE_YEARS, Limits::LogLog, 0.95)?;
        points.push(Point {
            predicted: rows.iter().map(|row| risks[*row]).sum::<f64>() / rows.len() as f64,
            observed: 1.0 - curve.survival_at(FIVE_YEARS),
            limits: limits.map(|(low, high)| (1.0 - high, 1.0 - low)),
        });
    }
    Ok(points)
}

fn decision(studies: &[Study]) -> Result<String, Error> {
    const FLOOR: f64 = -0.05; // acting on all falls far below what is of interest
    let thresholds: Vec<f64> = (2..=80).map(|hundredth| f64::from(hundredth) / 100.0).collect();
    let mut all = Line {
        label: "act on all".to_owned(),
        ..Line::default()
    };
    let none = Line {
        label: "act on none".to_owned(),
        points: vec![(0.02, 0.0), (0.8, 0.0)],
        ..Line::default()
    };
    let mut lines = vec![];
    for study in studies {
        let risks = study.risks(&[FIVE_YEARS])?.column(0).to_vec();
        let curve = net_benefit(follow_up(&study.validation), None, &risks, FIVE_YEARS, &thresholds)?;
        lines.push(Line {
            label: study.name.to_owned(),
            points: curve.iter().map(|at| (at.threshold, at.model)).collect(),
            ..Line::default()
        });
        let treated = curve.iter().map(|at| (at.threshold, at.treat_all));
        all.points = treated.take_while(|point| point.1 > FLOOR).collect();
    }
    lines.extend([all, none]);
    let heights = lines.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let chart = Lines {
        id: "decision".to_owned(),
        title: "Decision curve at 5 years".to_owned(),
        about: "Net benefit over the risk from which on one acts".to_owned(),
        width: WIDTH,
        x: Axis {
            label: "risk of relapse or death by 5 years from which on one acts".to_owned(),
            from: 0.0,
            to: 0.8,
            scale: Scale::Percent,
        },
        y: Axis::around("net benefit", Scale::Plain, heights.chain([FLOOR])),
        lines,
        marks: vec![],
    };
    let panel = Panel {
        title: "Decision curve at 5 years, German trial".to_owned(),
        svg: lines::svg(&chart),
        notes: vec![],
    };
    Ok(sheet("Decision curve", &[panel]))
}

fn auc(studies: &[Study]) -> Result<String, Error> {
    let mut lines = vec![];
    for study in studies {
        let ipcw = Ipcw::new(follow_up(&study.validation), None, CaseWeight::Before)?;
        let scores = study.scores(&study.validation);
        let mut line = Line {
            label: study.name.to_owned(),
            ..Line::default()
        };
        for month in 6..=72 {
            let year = f64::from(month) / 12.0;
            if let Some(auc) = ipcw.at(year * YEAR)?.auc(&scores)? {
                line.points.push((year, auc.value));
                line.band.extend(auc.limits(0.95)?.map(|(low, high)| (year, low, high)));
            }
        }
        lines.push(line);
    }
    let heights = lines
        .iter()
        .flat_map(|line| line.band.iter().flat_map(|band| [band.1, band.2]));
    let chart = Lines {
        id: "auc".to_owned(),
        title: "AUC over time".to_owned(),
        about: "The area under the curve at each time, of both models, with 95 % limits".to_owned(),
        width: WIDTH,
        x: Axis {
            label: "years".to_owned(),
            from: 0.0,
            to: 6.0,
            scale: Scale::Plain,
        },
        y: Axis::around("AUC", Scale::Plain, heights.chain([0.5])),
        lines,
        marks: vec![],
    };
    let panel = Panel {
        title: "Area under the curve over time, German trial, with 95 % limits at each time".to_owned(),
        svg: lines::svg(&chart),
        notes: vec![],
    };
    Ok(sheet("AUC over time", &[panel]))
}
