//! The cohort is what it says: reproducible, whatever its size, honest in its truth, near the published figures.

use std::collections::BTreeMap;

use super::draw::{Draw, Purpose};
use super::*;

fn cohort(patients: u32, seed: u64) -> Cohort {
    Cohort::new(patients, seed, "registry", "gradual").unwrap()
}

fn files(cohort: &Cohort) -> BTreeMap<String, String> {
    let tables = Table::REGISTRY.into_iter().chain(Table::TRUTH);
    let outs = tables.map(|table| (table, Vec::new())).collect();
    let mut writer = Writer::new(&cohort.calendar, outs).unwrap();
    cohort.each(|patient| writer.patient(patient)).unwrap();
    let outs = writer.finish().unwrap();
    outs.into_iter()
        .map(|(table, bytes)| (table.file(), String::from_utf8(bytes).unwrap()))
        .collect()
}

/// Rows by the names of their columns.
fn rows(text: &str) -> Vec<BTreeMap<&str, &str>> {
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let cells = lines.map(|line| line.split(',').collect::<Vec<_>>());
    cells
        .map(|cells| {
            assert_eq!(cells.len(), names.len(), "{cells:?}");
            names.iter().copied().zip(cells).collect()
        })
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let first = files(&cohort(150, 5));
    assert_eq!(first, files(&cohort(150, 5)));
    assert_ne!(first["patients.csv"], files(&cohort(150, 6))["patients.csv"]);
}

#[test]
fn a_patient_is_the_same_whatever_the_size_of_the_cohort() {
    let (small, large) = (files(&cohort(70, 9)), files(&cohort(400, 9)));
    for (name, text) in &small {
        assert!(large[name].starts_with(text.as_str()), "{name}");
    }
    assert!(small["truth_errors.csv"].lines().count() > 10);
    assert!(small["patients.csv"].contains("\nS000070,"));
    assert!(!small["patients.csv"].contains("\nS000071,"));
}

#[test]
fn the_disease_does_not_depend_on_the_platforms() {
    let other = Cohort::new(50, 9, "registry", "early-genome").unwrap();
    for (a, b) in cohort(50, 9).all().iter().zip(other.all()) {
        assert_eq!(a.who.size_mm, b.who.size_mm);
        assert_eq!(a.disease.doubling().to_bits(), b.disease.doubling().to_bits());
    }
}

#[test]
fn the_laws_have_their_means_and_variances() {
    let mut draw = Draw::of(1, 2, Purpose::Assays);
    let mut moments = |law: &mut dyn FnMut(&mut Draw) -> f64| {
        let values: Vec<f64> = (0..40_000).map(|_| law(&mut draw)).collect();
        let mean = values.iter().sum::<f64>() / 4e4;
        (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 4e4)
    };
    let mut near = |law: &mut dyn FnMut(&mut Draw) -> f64, mean: f64, variance: f64| {
        let (m, v) = moments(law);
        assert!(
            (m / mean - 1.0).abs() < 0.04 && (v / variance - 1.0).abs() < 0.08,
            "{m} {v} for {mean} {variance}"
        );
    };
    near(&mut |d| f64::from(d.poisson(0.7)), 0.7, 0.7);
    near(&mut |d| f64::from(d.poisson(12.0)), 12.0, 12.0);
    near(&mut |d| f64::from(d.poisson(300.0)), 300.0, 300.0);
    near(&mut |d| f64::from(d.negative_binomial(3.0, 0.8)), 3.0, 3.0 + 9.0 / 0.8);
    near(&mut |d| f64::from(d.negative_binomial(5.0, 4.0)), 5.0, 5.0 + 25.0 / 4.0);
    near(&mut |d| 10.0 + d.normal(), 10.0, 1.0);
    near(&mut |d| d.weibull(2.0, 1.0), 2.0, 4.0);
}

#[test]
fn a_level_is_a_whole_number_of_molecules_and_below_the_limit_there_is_none() {
    let (mut detected, mut below) = (0, 0);
    for patient in cohort(300, 3).all() {
        for (row, ctdna) in patient.readings.ctdna.iter().enumerate() {
            assert!(ctdna.lod95 > 0.0 && ctdna.input_ge > 0.0);
            let spoilt = patient.slips.iter().any(|s| s.file == File::Ctdna && s.row == row);
            let Some(value) = ctdna.value.filter(|_| !spoilt) else {
                continue;
            };
            let molecules = value / ctdna.lod95 * assay::MOLECULES_AT_LIMIT;
            assert!(
                (molecules - molecules.round()).abs() < 1e-6 && molecules > 1.9,
                "{molecules}"
            );
            detected += 1;
        }
        for marker in &patient.readings.markers {
            assert!(marker.value > 0.0);
            below += u32::from(marker.below);
        }
    }
    assert!(detected > 300 && below > 10);
}

#[test]
fn what_is_missing_or_not_detected_is_empty_and_never_zero() {
    let files = files(&cohort(300, 4));
    for row in rows(&files["ctdna.csv"]) {
        assert_eq!(row["value"].is_empty(), row["detected"] == "0");
        assert!(row["value"].is_empty() || row["value"].parse::<f64>().unwrap() > 0.0);
        assert!(row["lod95"].parse::<f64>().unwrap() > 0.0);
    }
    let patients = rows(&files["patients.csv"]);
    let unknown = patients.iter().filter(|row| row["ki67_percent"].is_empty()).count();
    assert!((60..130).contains(&unknown), "{unknown}");
    for row in rows(&files["truth.csv"]) {
        assert_eq!(
            row["ln_mutant_fraction_expected"].is_empty(),
            row["regime"] == "cleared"
        );
    }
}

#[test]
fn a_result_is_reported_after_it_was_collected_unless_its_year_was_mistyped() {
    let files = files(&cohort(400, 7));
    let errors = rows(&files["truth_errors.csv"]);
    let mut kinds = std::collections::BTreeSet::new();
    for (file, name) in [
        ("ctdna.csv", "ctdna"),
        ("ctc.csv", "ctc"),
        ("dtc.csv", "dtc"),
        ("markers.csv", "markers"),
    ] {
        let mine = errors.iter().filter(|e| e["file"] == name);
        let mut known: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for error in mine {
            known.entry(error["row_id"]).or_default().push(error["kind"]);
            kinds.insert(error["kind"]);
        }
        for (i, row) in rows(&files[file]).iter().enumerate() {
            assert_eq!(row["row_id"], (i + 1).to_string());
            let wrong_year = known
                .get(row["row_id"])
                .is_some_and(|kinds| kinds.contains(&"wrong_year"));
            assert!(wrong_year || row["collected_on"] <= row["reported_on"], "{row:?}");
            assert!(row["reported_on"] <= "2023-06-30");
        }
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}

#[test]
fn a_duplicate_repeats_the_row_before_it() {
    let files = files(&cohort(200, 8));
    let all = rows(&files["ctc.csv"]);
    let mut seen = 0;
    for error in rows(&files["truth_errors.csv"]) {
        if error["file"] == "ctc" && error["kind"] == "duplicate" {
            let row: usize = error["row_id"].parse().unwrap();
            let (first, second) = (&all[row - 2], &all[row - 1]);
            assert_eq!(first["patient_id"], second["patient_id"]);
            assert_eq!(first["visit_id"], second["visit_id"]);
            assert_eq!(first["count"], second["count"]);
            seen += 1;
        }
    }
    assert!(seen > 3);
}

#[test]
fn swapped_tubes_are_of_one_centre_and_week() {
    let cohort = cohort(640, 2);
    let patients = cohort.all();
    let mut swapped: Vec<(usize, i64)> = vec![];
    for patient in &patients {
        for slip in patient.slips.iter().filter(|s| s.kind == Kind::SwappedTube) {
            let day = patient.readings.ctdna[slip.row].sample.collected;
            swapped.push((
                patient.who.centre,
                patient
                    .who
                    .surgery
                    .signed_duration_since(cohort.calendar.first_surgery)
                    .num_days()
                    + i64::from(day),
            ));
        }
    }
    assert!(swapped.len() >= 4);
    for (i, (centre, day)) in swapped.iter().enumerate() {
        let others = swapped.iter().enumerate().filter(|(j, _)| *j != i);
        assert!(
            others
                .into_iter()
                .any(|(_, (c, d))| c == centre && (d - day).abs() <= 6)
        );
    }
}

#[test]
fn truth_and_outcome_agree() {
    let mut relapses = 0;
    for patient in cohort(1500, 12).all() {
        let outcome = patient.course.outcome;
        for visit in &patient.course.visits {
            assert!(visit.day <= outcome.last_day);
        }
        if let Some((day, _)) = outcome.died {
            assert_eq!(day, outcome.last_day);
        }
        let Some(relapse) = outcome.relapse else { continue };
        relapses += 1;
        assert!(relapse.day <= outcome.last_day);
        let found = f64::from(relapse.day);
        assert_eq!(patient.disease.regime(found), Regime::Overt);
        assert!(patient.disease.grows_from().unwrap() < found);
        assert!(patient.disease.deposits.iter().any(|d| d.organ == relapse.organ));
        assert!(patient.disease.fraction(found) > 0.0);
        assert!(
            patient
                .course
                .looks
                .iter()
                .all(|look| look.day != relapse.day || look.seen == Seen::Relapse)
        );
    }
    assert!(relapses > 200);
}

#[test]
fn growth_is_the_slope_of_the_burden_and_treatment_slows_it() {
    let all = cohort(3000, 13).all();
    let (mut free, mut kept) = (vec![], vec![]);
    for patient in &all {
        let Some(from) = patient.disease.grows_from().filter(|from| *from < 60.0) else {
            continue;
        };
        // one deposit alone: others that wake or perish make steps
        if patient.disease.deposits.len() != 1
            || patient.who.endocrine
            || patient.course.outcome.relapse.is_some_and(|r| r.day < 130)
            || from < 0.0
        {
            continue;
        }
        let doublings = patient.disease.growth(100.0) * patient.disease.doubling();
        if patient.who.arm == Arm::Maintenance {
            kept.push(doublings);
        } else {
            free.push(doublings);
        }
        let steps = (patient.disease.fraction(101.0) / patient.disease.fraction(99.0)).ln() / 2.0;
        assert!((steps - patient.disease.growth(100.0)).abs() < 1e-3);
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    assert!(free.len() > 20 && kept.len() > 10);
    assert!(mean(&kept) < 0.85 * mean(&free), "{} {}", mean(&kept), mean(&free));
}

#[test]
fn five_thousand_patients_show_the_published_figures() {
    let mut calibration = Calibration::default();
    cohort(5000, 2024)
        .each(|p| {
            calibration.add(p);
            Ok::<(), ()>(())
        })
        .unwrap();
    let rows = calibration.rows();
    assert!(rows.len() > 18);
    for row in rows {
        let value = row.simulated.unwrap();
        // a share of few patients may stray by its standard error
        let stray = if row.unit == "%" {
            2.0 * (value * (100.0 - value).max(1.0) / row.of as f64).sqrt()
        } else {
            0.0
        };
        assert!(
            (row.band.0 - stray..=row.band.1 + stray).contains(&value),
            "{}: {value} of {}",
            row.figure,
            row.of
        );
    }
}

#[test]
fn mixes_and_calendars_differ_and_unknown_ones_are_named() {
    let breast = Cohort::new(60, 1, "breast", "late").unwrap();
    for patient in breast.all() {
        assert!(patient.who.group.is_breast() && patient.who.female);
    }
    for mix in &CASE_MIXES {
        for (calendar, _) in calendars() {
            assert_eq!(Cohort::new(3, 1, mix.name, calendar).unwrap().all().len(), 3);
        }
    }
    let error = Cohort::new(3, 1, "breasts", "late").err().unwrap();
    assert!(error.to_string().contains("\"breasts\"") && error.to_string().contains("chest-and-bowel"));
    assert_eq!(
        Cohort::new(3, 1, "breast", "").err(),
        Some(Error::Calendar(String::new()))
    );
    assert_eq!(Cohort::new(0, 1, "breast", "late").err(), Some(Error::Size));
}

#[test]
fn the_import_files_name_what_is_on_file_and_say_synthetic() {
    let cohort = Cohort::new(120, 1, "registry", "demonstration").unwrap();
    let files: BTreeMap<&str, String> = registry::files(&cohort).into_iter().collect();
    let column = |file: &str, n: usize| -> std::collections::BTreeSet<&str> {
        files[file]
            .lines()
            .skip(1)
            .map(|line| line.split(',').nth(n).unwrap())
            .collect()
    };
    assert!(
        files["sites.csv"]
            .lines()
            .skip(1)
            .all(|line| line.contains("\"Synthetic ") && line.contains("SYNTHETIC: "))
    );
    assert_eq!(column("patients.csv", 1).len(), 120);
    assert!(column("observations.csv", 4).is_subset(&column("assays.csv", 0)));
    assert!(column("patients.csv", 0).is_subset(&column("sites.csv", 0)));
    let visits: std::collections::BTreeSet<(&str, &str, &str)> = rows(&files["visits.csv"])
        .iter()
        .map(|row| (row["patient_key"], row["visit_code"], row["occurred_on"]))
        .collect();
    let all = rows(&files["observations.csv"]);
    assert!(all.len() > 3000);
    for row in &all {
        let at = (row["patient_key"], row["visit_code"], row["collected_on"]);
        assert!(row["visit_code"].is_empty() || visits.contains(&at), "{row:?}");
        assert!(row["collected_on"] <= row["reported_on"] && row["reported_on"] <= "2026-11-15");
        assert!(!row["result"].starts_with('-'));
        assert!(!row["result"].is_empty() || !row["assessment"].is_empty());
    }
}
