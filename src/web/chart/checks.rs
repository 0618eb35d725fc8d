//! What holds for every chart: it is XML, it has no number that isn't one, labels are escaped and don't cover each other.

use super::bars::{Contribution, Interval, Waterfall, interval, waterfall};
use super::calibration::{self, Calibration, Point as Predicted};
use super::draw::Canvas;
use super::forest::{self, Forest, Row};
use super::km::{self, Curves, Group, Step};
use super::lines::{self, Axis, Line, Lines, Scale};
use super::sheet::{Panel, sheet};
use super::spark::{self, Mark, Spark};
use super::timeline::{self, *};

/// Enough of an XML reader to catch what a chart can get wrong: tags that don't close, bare & and <, attributes without quotes.
fn assert_xml(svg: &str) {
    let mut open: Vec<&str> = vec![];
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>'), "bare > in {text:?}");
        for part in text.split('&').skip(1) {
            let entity = part.split(';').next().unwrap();
            assert!(
                ["amp", "lt", "gt", "quot", "#39"].contains(&entity),
                "bare & in {text:?}"
            );
        }
        let end = rest[at..].find('>').expect("a tag ends") + at;
        let tag = &rest[at + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "closing order");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "left open: {open:?}");
    for word in ["NaN", "inf", "-0\"", "style="] {
        assert!(!svg.contains(word), "{word} in {svg}");
    }
}

fn assert_apart(canvas: &Canvas) {
    for (at, (a, one)) in canvas.texts.iter().enumerate() {
        for (b, other) in &canvas.texts[at + 1..] {
            assert!(!a.overlaps(b), "{one:?} at {a:?} covers {other:?} at {b:?}");
        }
    }
}

fn sample(day: i32, mark: Mark) -> Sample {
    Sample {
        day,
        mark,
        limit: Some(0.02),
        label: String::new(),
        about: format!("day {day}"),
    }
}

fn dense() -> Timeline {
    let mark = |at: i32| match at % 6 {
        0 => Mark::Value(0.01 * f64::from(at + 1)),
        1 | 2 => Mark::Below { limit: Some(0.02) },
        3 => Mark::Between {
            lo: 0.02,
            hi: Some(0.4),
        },
        4 => Mark::Between { lo: 0.3, hi: None },
        _ => Mark::Failed,
    };
    Timeline {
        id: "dense".into(),
        title: "All measures".into(),
        about: "Everything every fortnight".into(),
        width: 880.0,
        axis_label: "months since surgery (14 Mar 2024)".into(),
        today: Some(1000),
        treatments: (0..14)
            .map(|at| Treatment {
                label: format!("cyclophosphamide, methotrexate, fluorouracil, line {at}"),
                kind: [Kind::Drug, Kind::Local, Kind::Trial][at as usize % 3],
                from: at * 70,
                to: (at % 4 != 0).then_some(at * 70 + 40),
            })
            .collect(),
        surgeries: vec![0, 400],
        series: vec![
            Series {
                label: "ctDNA".into(),
                unit: "MTM/mL".into(),
                samples: (0..70).map(|at| sample(at * 14, mark(at))).collect(),
                window: Some((980, 1040)),
                ..Series::default()
            },
            Series {
                label: "KRAS ddPCR, former laboratory".into(),
                unit: "%".into(),
                samples: (0..30)
                    .map(|at| sample(at * 14, Mark::Value(10f64.powi(at % 8 - 4))))
                    .collect(),
                trend: (0..30).map(|at| (at * 14, 0.1, 0.05, 0.2)).collect(),
                forecast: (30..40).map(|at| (at * 14, 0.2, 0.05, 0.9)).collect(),
                window: None,
            },
        ],
        counts: vec![Counts {
            label: "CTC".into(),
            amount: "per 7.5 mL",
            points: (0..60)
                .map(|at| Count {
                    day: at * 16,
                    found: (at % 7 != 3).then_some(at as u32 * 13 % 40),
                    rate: f64::from(at * 13 % 40),
                    lo: 0.1,
                    hi: 50.0,
                    about: String::new(),
                })
                .collect(),
        }],
        proteins: vec![Protein {
            label: "CA 15-3".into(),
            points: (0..40).map(|at| (at * 25, Mark::Value(20.0 + f64::from(at)))).collect(),
            usual: Some(18.0),
            last_label: "24 U/mL (own usual 18)".into(),
        }],
        lesions: (0..50)
            .map(|at| Point {
                day: at * 20,
                value: f64::from(90 - at),
                about: String::new(),
            })
            .collect(),
        scans: (0..60)
            .map(|at| Scan {
                day: at * 16,
                finding: [Finding::Clear, Finding::Disease, Finding::Unclear][at as usize % 3],
                word: "PET-CT disease".into(),
                about: String::new(),
            })
            .collect(),
        events: (0..9)
            .map(|at| Event {
                day: 600 + at * 20,
                what: [
                    Happening::Relapse,
                    Happening::Progression,
                    Happening::Death,
                    Happening::Other,
                ][at as usize % 4],
                label: "distant relapse: bone, liver, lung, brain".into(),
                about: String::new(),
            })
            .collect(),
    }
}

#[test]
fn the_densest_chart_keeps_its_labels_apart() {
    for width in [640.0, 880.0, 1040.0] {
        let chart = Timeline { width, ..dense() };
        assert_apart(&timeline::draw(&chart).0);
        assert_xml(&timeline::svg(&chart));
    }
}

#[test]
fn text_stays_inside_the_drawing() {
    let (canvas, height) = timeline::draw(&dense());
    for (rect, text) in &canvas.texts {
        assert!(rect.x >= -0.5 && rect.x + rect.w <= 881.0, "{text:?} {rect:?}");
        assert!(rect.y >= -1.0 && rect.y + rect.h <= height + 1.0, "{text:?} {rect:?}");
    }
}

#[test]
fn degenerate_input_draws_without_a_number_that_is_none() {
    assert_xml(&timeline::svg(&Timeline {
        id: "e".into(),
        width: 880.0,
        ..Timeline::default()
    }));
    let odd = [
        vec![],
        vec![sample(0, Mark::Value(0.0))],
        vec![sample(5, Mark::Value(1.0)), sample(5, Mark::Value(1.0))],
        vec![sample(-400, Mark::Below { limit: None }), sample(9, Mark::Failed)],
        vec![
            sample(0, Mark::Value(f64::NAN)),
            sample(1, Mark::Value(f64::INFINITY)),
            sample(2, Mark::Value(-3.0)),
        ],
        vec![
            sample(
                0,
                Mark::Between {
                    lo: 0.0,
                    hi: Some(f64::INFINITY),
                },
            ),
            sample(i32::MAX / 2, Mark::Value(1e300)),
        ],
    ];
    for samples in odd {
        let chart = Timeline {
            id: "o".into(),
            width: 880.0,
            today: Some(0),
            surgeries: vec![0],
            series: vec![Series {
                label: "x".into(),
                samples: samples.clone(),
                ..Series::default()
            }],
            counts: vec![Counts::default()],
            proteins: vec![Protein {
                points: vec![(0, Mark::Value(0.0))],
                usual: Some(0.0),
                ..Protein::default()
            }],
            lesions: vec![Point {
                day: 0,
                value: f64::NAN,
                about: String::new(),
            }],
            ..Timeline::default()
        };
        assert_xml(&timeline::svg(&chart));
        assert_xml(&spark::svg(&Spark {
            id: "s".into(),
            title: "t".into(),
            about: String::new(),
            from: 0,
            until: 0,
            samples: samples.iter().map(|s| (s.day, s.mark)).collect(),
        }));
    }
}

#[test]
fn hostile_words_are_only_words() {
    let evil = "</title><script>alert(1)</script>&\"'\u{0}";
    let mut chart = dense();
    chart.title = evil.into();
    chart.id = evil.into();
    chart.treatments[0].label = evil.into();
    chart.events[0].label = evil.into();
    chart.scans[0].about = evil.into();
    chart.series[0].label = evil.into();
    let svg = timeline::svg(&chart);
    assert!(!svg.contains("<script"), "escaped");
    assert_xml(&svg);
}

#[test]
fn marks_have_the_shapes_of_their_kind() {
    let only = |mark| {
        let series = Series {
            label: "ctDNA".into(),
            samples: vec![sample(30, mark)],
            ..Series::default()
        };
        timeline::svg(&Timeline {
            id: "m".into(),
            width: 880.0,
            series: vec![series],
            ..Timeline::default()
        })
    };
    assert!(only(Mark::Value(1.0)).contains("b-dot"));
    assert!(only(Mark::Below { limit: Some(0.1) }).contains("b-hollow"));
    let failed = only(Mark::Failed);
    assert!(failed.contains("class=\"cross\"") && !failed.contains("b-hollow") && !failed.contains("b-dot"));
    // Open above: an arrow; bounded: two caps and no arrow.
    assert!(only(Mark::Between { lo: 1.0, hi: None }).contains("b-solid"));
    assert!(!only(Mark::Between { lo: 1.0, hi: Some(5.0) }).contains("b-solid"));
}

#[test]
fn curves_name_their_groups_and_align_the_numbers_at_risk() {
    let group = |label: &str, fall: f64| Group {
        label: label.into(),
        steps: (1..=40)
            .map(|at| {
                let p = (1.0 - fall * f64::from(at)).max(0.0);
                Step {
                    time: f64::from(at) / 3.0,
                    p,
                    lo: p * 0.9,
                    hi: (p * 1.05).min(1.0),
                }
            })
            .collect(),
        censored: vec![2.0, 5.5, 99.0],
        at_risk: km::ticks(15.0)
            .iter()
            .map(|t| format!("{}", 2982.0 - 100.0 * t))
            .collect(),
        known_to: None,
    };
    let curves = Curves {
        id: "km".into(),
        title: "Distant metastasis".into(),
        about: "By nodes".into(),
        width: 880.0,
        x_label: "years since surgery".into(),
        y_label: "free of distant metastasis".into(),
        falling: true,
        until: 15.0,
        groups: (0..6)
            .map(|at| {
                group(
                    &format!("nodes {at} and a long name for it"),
                    0.01 + 0.0001 * f64::from(at),
                )
            })
            .collect(),
    };
    assert_apart(&km::draw(&curves).0);
    assert_xml(&km::svg(&curves));
    assert_eq!(km::ticks(15.0), vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0]);
    for until in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_xml(&km::svg(&Curves {
            until,
            groups: vec![Group::default()],
            width: 400.0,
            ..Curves::default()
        }));
    }
}

#[test]
fn bars_draw_what_they_are_given() {
    let chart = Waterfall {
        id: "w".into(),
        title: "Risk".into(),
        baseline_label: "baseline, stage II".into(),
        baseline: 6.0,
        contributions: vec![
            Contribution {
                label: "ctDNA <rising>".into(),
                points: 13.0,
            },
            Contribution {
                label: "PET clear 5 weeks ago".into(),
                points: -3.0,
            },
        ],
        now: 16.0,
        width: 320.0,
    };
    let svg = waterfall(&chart);
    assert_xml(&svg);
    assert!(svg.contains("r-down") && svg.contains("−3") && svg.contains("= now"));
    assert_xml(&waterfall(&Waterfall {
        baseline: f64::NAN,
        ..chart
    }));
    assert_xml(&interval(
        Interval {
            risk: f64::NAN,
            lo: 0.1,
            hi: 2.0,
        },
        90.0,
    ));
}

#[test]
fn a_forest_keeps_its_rows_apart_and_knows_what_it_cannot_say() {
    let row = |label: &str, parts: [f64; 3]| Row {
        label: label.into(),
        estimate: Some(parts[1]),
        lower: Some(parts[0]),
        upper: Some(parts[2]),
    };
    for far in [1.02, 3.0, 1e9] {
        let chart = Forest {
            id: "f".into(),
            width: 880.0,
            x_label: "hazard ratio for one unit more, 95 % interval".into(),
            rows: vec![
                row("nodes", [1.0 / far, 1.0, far]),
                row(
                    "a covariate with a name that is too long for its column, by far",
                    [0.99, 1.0, 1.01],
                ),
                row("odd", [f64::NAN, f64::INFINITY, -1.0]),
                Row {
                    label: "aliased".into(),
                    ..Row::default()
                },
            ],
            ..Forest::default()
        };
        assert_apart(&forest::draw(&chart).0);
        assert_xml(&forest::svg(&chart));
    }
    assert_xml(&forest::svg(&Forest {
        width: 400.0,
        ..Forest::default()
    }));
}

#[test]
fn lines_name_themselves_and_their_ticks_differ() {
    for (scale, values) in [
        (Scale::Plain, [15.17, 15.51]),
        (Scale::Plain, [-3e5, 4e6]),
        (Scale::Percent, [0.0, 0.031]),
        (Scale::Log, [0.002, 40.0]),
        (Scale::Plain, [1.0, 1.0]),
        (Scale::Plain, [f64::NAN, f64::INFINITY]),
    ] {
        let chart = Lines {
            id: "l".into(),
            width: 640.0,
            x: Axis::around("−log10 of the penalty", Scale::Plain, [0.0, 9.5].into_iter()),
            y: Axis::around("coefficient", scale, values.into_iter()),
            lines: (0..8)
                .map(|at| Line {
                    label: format!("line {at}"),
                    points: vec![(0.0, values[0]), (4.0, f64::NAN), (9.5, values[1])],
                    band: vec![(0.0, values[0], values[1]), (9.5, values[0], values[1])],
                    stairs: at % 2 == 0,
                    dots: at % 3 == 0,
                })
                .collect(),
            marks: vec![(3.0, "least deviance".into()), (3.1, "one SE".into())],
            ..Lines::default()
        };
        let canvas = lines::draw(&chart).0;
        assert_apart(&canvas);
        assert_xml(&lines::svg(&chart));
    }
}

#[test]
fn calibration_stays_on_its_square() {
    for predicted in [vec![], vec![0.02; 9], vec![0.0, 0.5, 1.0], vec![f64::NAN, 0.3]] {
        let chart = Calibration {
            id: "c".into(),
            width: 480.0,
            x_label: "predicted risk".into(),
            y_label: "observed risk".into(),
            groups: (0..10)
                .map(|at| Predicted {
                    predicted: 0.1 * f64::from(at),
                    observed: 0.02 + 0.09 * f64::from(at),
                    limits: Some((0.0, 1.2)),
                })
                .collect(),
            curve: vec![(0.0, 0.1), (0.5, 0.4), (1.0, 0.8)],
            predicted,
            ..Calibration::default()
        };
        assert_apart(&calibration::draw(&chart).0);
        assert_xml(&calibration::svg(&chart));
    }
}

#[test]
fn a_sheet_stands_alone() {
    let chart = Forest {
        id: "f".into(),
        width: 600.0,
        ..Forest::default()
    };
    let panel = Panel {
        title: "Hazard <ratios>".into(),
        svg: forest::svg(&chart),
        notes: vec!["p < 0.05 & more".into()],
    };
    let svg = sheet("Cox", &[panel.clone(), panel]);
    assert_xml(&svg);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
    // every colour is written out, in print's ink
    assert!(!svg.contains("var(") && svg.contains("fill: #000000"));
}
