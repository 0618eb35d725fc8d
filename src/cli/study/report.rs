//! report.html: one page that needs nothing beside it. Charts with a sentence each, and the figures in a table.

use askama::Template;
use metwatch::burden::line::HORIZONS;
use metwatch::study::answer::first_flags;
use metwatch::study::{Check, Cohort, Evaluation, Study, checks};
use metwatch::web::chart::calibration::{self, Calibration, Point};
use metwatch::web::chart::lines::{self, Axis, Line, Lines, Scale};
use metwatch::web::write;

use super::table;

const STYLE: &str = include_str!("../../../static/metwatch.css");
const WIDTH: f64 = 640.0;
const MONTHS: [&str; 3] = ["6 months", "12 months", "24 months"];

struct Chart {
    title: String,
    svg: String,
    note: String,
}

#[derive(Template)]
#[template(path = "study/report.html")]
struct ReportPage<'a> {
    style: &'a str,
    version: &'a str,
    synthetic: bool,
    trained: String,
    applied: String,
    cut: String,
    seen: bool,
    figures: Vec<[String; 4]>,
    charts: Vec<Chart>,
    score: String,
    thresholds: Vec<[String; 3]>,
}

/// `synthetic`: whether patients of either cohort were made up. Errors: those of the template.
pub fn page(
    study: &Study,
    train: &Cohort,
    apply: &Cohort,
    evaluation: Option<&Evaluation>,
    synthetic: bool,
) -> anyhow::Result<String> {
    let count = |n: usize| write::thousands(n as u64);
    let thresholds = study.rule.thresholds[..study.budgets]
        .iter()
        .enumerate()
        .map(|(place, t)| {
            let flagged = first_flags(&study.rule, &study.answer, place).iter().flatten().count();
            [write::figure(t.rate), write::percent(t.raise), count(flagged)]
        });
    let page = ReportPage {
        style: STYLE,
        synthetic,
        version: env!("CARGO_PKG_VERSION"),
        trained: count(train.people.len()),
        applied: count(apply.people.len()),
        cut: write::day(study.training.cut),
        seen: evaluation.is_some(),
        figures: evaluation
            .map(checks::of_evaluation)
            .unwrap_or_default()
            .iter()
            .map(row)
            .collect(),
        charts: match evaluation {
            Some(evaluation) => seen(study, apply, evaluation),
            None => vec![spread(study)],
        },
        score: study.rule.score.words(),
        thresholds: thresholds.collect(),
    };
    Ok(page.render()?)
}

fn row(check: &Check) -> [String; 4] {
    let (wanted, verdict) = (table::wanted(check), table::verdict(check).to_owned());
    [check.what.clone(), table::figure(check.measured), wanted, verdict]
}

fn seen(study: &Study, apply: &Cohort, evaluation: &Evaluation) -> Vec<Chart> {
    let mut charts = vec![by_landmark(evaluation)];
    for (place, accuracy) in evaluation.accuracy.iter().enumerate() {
        let horizon = HORIZONS.iter().position(|h| *h == accuracy.horizon).unwrap_or(0);
        let predicted = metwatch::study::evaluation::pairs(study, apply, horizon);
        charts.push(calibrated(
            horizon,
            evaluation,
            place,
            predicted.iter().map(|p| p.risk).collect(),
        ));
    }
    charts.push(leads(evaluation));
    charts.push(budgets(study, evaluation));
    charts.push(spread(study));
    charts
}

fn by_landmark(evaluation: &Evaluation) -> Chart {
    let line = |accuracy: &metwatch::study::measures::Accuracy| {
        let horizon = HORIZONS.iter().position(|h| *h == accuracy.horizon).unwrap_or(0);
        let of = accuracy.landmarks.iter();
        let points = of.filter_map(|(day, judged)| Some((*day as f64 / 365.25, judged.auc?.value)));
        Line {
            label: MONTHS[horizon].to_owned(),
            points: points.collect(),
            dots: true,
            ..Line::default()
        }
    };
    let drawn: Vec<Line> = evaluation.accuracy.iter().map(line).collect();
    let all = || drawn.iter().flat_map(|line| line.points.iter());
    let lowest = all().map(|(_, auc)| *auc).fold(0.8, f64::min);
    let chart = Lines {
        id: "auc".to_owned(),
        title: "AUC by landmark".to_owned(),
        about: "Dynamic AUC at each landmark for three horizons".to_owned(),
        width: WIDTH,
        x: Axis::around("years since surgery", Scale::Plain, all().map(|(x, _)| *x)),
        y: Axis {
            label: "AUC".to_owned(),
            from: (lowest * 20.0).floor() / 20.0,
            to: 1.0,
            scale: Scale::Plain,
        },
        lines: drawn,
        marks: vec![],
    };
    Chart {
        title: "How well risks tell apart who relapses".to_owned(),
        svg: lines::svg(&chart),
        note: "Each dot is one landmark. Cases relapse within the horizon; who dies without relapse is a control."
            .to_owned(),
    }
}

fn calibrated(horizon: usize, evaluation: &Evaluation, place: usize, predicted: Vec<f64>) -> Chart {
    let points = evaluation.groups[place].iter().map(|group| Point {
        predicted: group.mean_predicted,
        observed: group.observed,
        limits: None,
    });
    let accuracy = &evaluation.accuracy[place];
    let chart = Calibration {
        id: format!("calibration-{horizon}"),
        title: format!("Calibration, {}", MONTHS[horizon]),
        about: "Observed share of relapses against predicted risk in ten groups".to_owned(),
        width: WIDTH,
        x_label: format!("predicted risk within {}", MONTHS[horizon]),
        y_label: "observed".to_owned(),
        groups: points.collect(),
        curve: vec![],
        predicted,
    };
    Chart {
        title: format!("Risks against what came, {}", MONTHS[horizon]),
        svg: calibration::svg(&chart),
        note: format!(
            "Ten groups of like risk, all landmarks together; observed by Aalen-Johansen. Observed / expected {}, slope {}. \
             The bars show how often each risk was predicted.",
            table::figure(accuracy.mean.observed_over_expected),
            table::figure(accuracy.pooled.slope)
        ),
    }
}

/// The share of relapses flagged at least so many days ahead.
fn leads(evaluation: &Evaluation) -> Chart {
    let all = evaluation.leads.len().max(1) as f64;
    let mut ahead: Vec<f64> = evaluation.leads.iter().flatten().map(|days| f64::from(*days)).collect();
    ahead.sort_by(f64::total_cmp);
    let share = |days: f64| ahead.len() - ahead.partition_point(|own| *own < days);
    let points = (0..=104).map(|week| f64::from(week) * 7.0);
    let line = Line {
        label: String::new(),
        points: points.map(|days| (days, share(days.max(1.0)) as f64 / all)).collect(),
        ..Line::default()
    };
    let chart = Lines {
        id: "leads".to_owned(),
        title: "Flag lead".to_owned(),
        about: "Share of relapses flagged at least so many days before detection".to_owned(),
        width: WIDTH,
        x: Axis {
            label: "days between flag and detected relapse, at least".to_owned(),
            from: 0.0,
            to: 730.0,
            scale: Scale::Plain,
        },
        y: Axis {
            label: "share of all relapses".to_owned(),
            from: 0.0,
            to: 1.0,
            scale: Scale::Percent,
        },
        lines: vec![line],
        marks: vec![(90.0, "90 days".to_owned())],
    };
    Chart {
        title: "How early flags come".to_owned(),
        svg: lines::svg(&chart),
        note: "Of all relapses, those that no flag announced among them; at the first budget.".to_owned(),
    }
}

/// Alerts that were raised against relapses that were announced, for each budget, and for the plain rules.
fn budgets(study: &Study, evaluation: &Evaluation) -> Chart {
    let figures = evaluation.flags.iter().map(|(_, figures)| figures);
    let rivals = evaluation.rivals.iter().map(|(_, _, figures)| figures);
    let mut points: Vec<(f64, f64)> = figures
        .chain(rivals)
        .filter_map(|figures| Some((figures.per_100_years, figures.sensitivity()?)))
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    let flags = Line {
        label: "flags".to_owned(),
        points,
        dots: true,
        ..Line::default()
    };
    let rule = |(rule, own, _): &(metwatch::study::Rule, metwatch::risk::flags::Figures, _)| {
        let point = own.sensitivity().map(|sensitivity| (own.per_100_years, sensitivity));
        Line {
            label: rule.words().to_owned(),
            points: point.into_iter().collect(),
            dots: true,
            ..Line::default()
        }
    };
    let drawn: Vec<Line> = std::iter::once(flags)
        .chain(evaluation.rivals.iter().map(rule))
        .collect();
    let most = drawn
        .iter()
        .flat_map(|line| line.points.iter())
        .map(|(x, _)| *x)
        .fold(1.0, f64::max);
    let chart = Lines {
        id: "budgets".to_owned(),
        title: "Budget and sensitivity".to_owned(),
        about: "Share of relapses flagged ahead of detection against alerts per 100 patient-years".to_owned(),
        width: WIDTH,
        x: Axis {
            label: "alerts per 100 patient-years".to_owned(),
            from: 0.0,
            to: most * 1.05,
            scale: Scale::Plain,
        },
        y: Axis {
            label: "relapses flagged ahead".to_owned(),
            from: 0.0,
            to: 1.0,
            scale: Scale::Percent,
        },
        lines: drawn,
        marks: vec![],
    };
    Chart {
        title: "What an alert budget buys".to_owned(),
        svg: lines::svg(&chart),
        note: format!(
            "Flags at {} budgets; the plain rules each at the load they have.",
            study.rule.thresholds.len()
        ),
    }
}

/// How the predicted risks are spread.
fn spread(study: &Study) -> Chart {
    const STEPS: i32 = 60;
    let line = |place: usize| {
        let mut risks: Vec<f64> = study.answer.predictions.iter().map(|risks| risks[place]).collect();
        risks.sort_by(f64::total_cmp);
        let all = risks.len().max(1) as f64;
        let above = |risk: f64| (risks.len() - risks.partition_point(|own| *own < risk)) as f64 / all;
        let grid = (0..=STEPS).map(|k| 10_f64.powf(-3.0 + 3.0 * f64::from(k) / f64::from(STEPS)));
        Line {
            label: MONTHS[place].to_owned(),
            points: grid.map(|risk| (risk, above(risk))).collect(),
            ..Line::default()
        }
    };
    let chart = Lines {
        id: "spread".to_owned(),
        title: "Predicted risks".to_owned(),
        about: "Share of landmarks with at least that risk".to_owned(),
        width: WIDTH,
        x: Axis {
            label: "risk, at least".to_owned(),
            from: 0.001,
            to: 1.0,
            scale: Scale::Log,
        },
        y: Axis {
            label: "share of landmarks".to_owned(),
            from: 0.0,
            to: 1.0,
            scale: Scale::Percent,
        },
        lines: (0..3).map(line).collect(),
        marks: vec![],
    };
    Chart {
        title: "How the risks are spread".to_owned(),
        svg: lines::svg(&chart),
        note: "All landmarks, those of patients who had relapsed or left by then among them.".to_owned(),
    }
}
