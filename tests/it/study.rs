//! Studies over synthetic cohorts in memory: the same code as the command's, with the night's own model.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::OnceLock;

use chrono::{Days, NaiveDate};
use metwatch::simulate::{self, CASE_MIXES, Table, Writer};
use metwatch::study::answer::{answer, first_flags, write_flags, write_predictions};
use metwatch::study::{Cohort, Evaluation, Reader, Study};

type Folder = BTreeMap<String, String>;

fn folder(patients: u32, seed: u64) -> Folder {
    let cohort = simulate::Cohort::new(patients, seed, CASE_MIXES[0].name, "gradual").unwrap();
    let outs = Table::REGISTRY.into_iter().map(|table| (table, vec![])).collect();
    let mut writer = Writer::new(&cohort.calendar, outs).unwrap();
    cohort.each(|patient| writer.patient(patient)).unwrap();
    let files = writer.finish().unwrap().into_iter();
    files
        .map(|(table, text)| (table.file(), String::from_utf8(text).unwrap()))
        .collect()
}

fn read(files: &Folder) -> Cohort {
    let open = |name: &'static str| Ok(files.get(name).map(|text| Cursor::new(text.clone())));
    Reader::new(open).cohort().unwrap()
}

/// The folder as it stood on a day: rows that came on file later are not there, nor what happened later.
fn cut(files: &Folder, day: NaiveDate) -> Folder {
    let dated = [
        ("patients.csv", "surgery_date"),
        ("visits.csv", "visit_date"),
        ("ctdna.csv", "reported_on"),
        ("ctc.csv", "reported_on"),
        ("dtc.csv", "reported_on"),
        ("markers.csv", "reported_on"),
        ("imaging.csv", "reported_on"),
        ("landmarks.csv", "landmark_date"),
    ];
    let day = day.to_string();
    let one = |(file, column): (&str, &str)| {
        let mut lines = files[file].lines();
        let head = lines.next().unwrap();
        let at = head.split(',').position(|name| name == column).unwrap();
        let early = lines.filter(|line| line.split(',').nth(at).unwrap() <= day.as_str());
        let kept: Vec<&str> = std::iter::once(head).chain(early).collect();
        (file.to_owned(), kept.join("\n"))
    };
    dated.into_iter().map(one).collect()
}

fn without_outcomes(mut files: Folder) -> Folder {
    files.remove("outcomes.csv");
    files
}

const RATES: [f64; 2] = [4.0, 1.65];

struct Setting {
    files: Folder,
    apply: Cohort,
    study: Study,
}

/// One fit serves all tests.
fn setting() -> &'static Setting {
    static MADE: OnceLock<Setting> = OnceLock::new();
    MADE.get_or_init(|| {
        let train = read(&folder(500, 11));
        let files = without_outcomes(folder(120, 12));
        let apply = read(&files);
        let study = Study::run(&train, &apply, &RATES, 1, &|_, _, _| ()).unwrap();
        Setting { files, apply, study }
    })
}

fn predictions(cohort: &Cohort, found: &metwatch::study::Answer) -> Vec<String> {
    let mut out = vec![];
    write_predictions(cohort, found, &mut out).unwrap();
    String::from_utf8(out)
        .unwrap()
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect()
}

fn flags(cohort: &Cohort, found: &metwatch::study::Answer, study: &Study, place: usize) -> Vec<String> {
    let mut out = vec![];
    let first = first_flags(&study.rule, found, place);
    write_flags(cohort, found, &first, &mut out).unwrap();
    String::from_utf8(out)
        .unwrap()
        .lines()
        .skip(1)
        .map(str::to_owned)
        .collect()
}

/// What is predicted and flagged up to a day is the same, to the last digit, from a folder that ends on that day.
#[test]
fn a_folder_cut_off_at_a_day_gives_the_same_up_to_it() {
    let Setting { files, apply, study } = setting();
    let (whole, all_flags) = (predictions(apply, &study.answer), flags(apply, &study.answer, study, 0));
    assert!(!all_flags.is_empty());
    let date = |line: &String| line.split(',').nth(1).unwrap().to_owned();
    for day in ["2014-03-17", "2016-10-01", "2019-06-30"] {
        let early = cut(files, day.parse().unwrap());
        let cohort = read(&early);
        let cases = cohort.cases(&metwatch::burden::Names::default());
        let found = answer(&study.model, &cohort, &cases, study.training.usual(), &|| ());
        let expected: Vec<&String> = whole.iter().filter(|line| date(line).as_str() <= day).collect();
        let got = predictions(&cohort, &found);
        assert!(!got.is_empty(), "{day}");
        assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{day}");
        let last = cohort.last_day().unwrap().to_string();
        let expected: Vec<&String> = all_flags.iter().filter(|line| date(line) <= last).collect();
        let got = flags(&cohort, &found, study, 0);
        assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{day}");
    }
}

#[test]
fn every_landmark_has_its_risks_and_they_rise_with_the_window() {
    let Setting { apply, study, .. } = setting();
    let lines = predictions(apply, &study.answer);
    assert_eq!(lines.len(), 3 * apply.landmarks.len());
    for risks in &study.answer.predictions {
        assert!(
            0.0 <= risks[0] && risks[0] <= risks[1] && risks[1] <= risks[2] && risks[2] <= 1.0,
            "{risks:?}"
        );
    }
}

#[test]
fn a_smaller_budget_flags_a_part_of_the_patients_and_never_earlier() {
    let Setting { apply, study, .. } = setting();
    let (many, few) = (
        first_flags(&study.rule, &study.answer, 0),
        first_flags(&study.rule, &study.answer, 1),
    );
    for ((many, few), series) in many.iter().zip(&few).zip(&study.answer.series) {
        if let Some(day) = few {
            assert!(many.is_some_and(|earlier| earlier <= *day));
            assert!(*day >= 30, "{:?}", series.patient);
        }
    }
    let count = |flags: &[Option<i32>]| flags.iter().flatten().count();
    assert!(count(&few) < count(&many));
    assert_eq!(flags(apply, &study.answer, study, 0).len(), count(&many));
}

/// Without outcomes nothing is judged; with them the same risks are, and they tell apart better than chance.
#[test]
fn what_happened_is_for_the_judge_alone() {
    let Setting { apply, study, .. } = setting();
    assert!(Evaluation::of(study, apply).is_none());
    let whole = read(&folder(120, 12));
    let cases = whole.cases(&metwatch::burden::Names::default());
    let known = answer(&study.model, &whole, &cases, study.training.usual(), &|| ());
    for (place, landmark) in whole.landmarks.iter().enumerate() {
        let case = &cases[landmark.person];
        let day = case.day_of(landmark.on);
        if case.end(day).is_none() {
            assert_eq!(known.predictions[place], study.answer.predictions[place]);
        } else {
            assert!(known.predictions[place] == [0.0; 3] || known.predictions[place] == study.training.usual());
        }
    }
}

/// A day after the last news of the whole folder changes nothing.
#[test]
fn nothing_is_made_of_time_beyond_the_data() {
    let Setting { files, apply, .. } = setting();
    let day = apply.last_day().unwrap() + Days::new(1);
    assert_eq!(read(&cut(files, day)), *apply);
}
