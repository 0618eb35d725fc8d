use std::collections::BTreeMap;
use std::io;

use super::*;
use crate::burden::case::{Finding, Found, Outcome, Tissue, What};
use crate::domain::reading::Reading;

/// A folder in memory: heads as the README of a cohort names them.
pub(in crate::study) fn folder(rows: &[(&'static str, &str)]) -> BTreeMap<&'static str, String> {
    let heads = [
        ("patients.csv", patients::COLUMNS.join(",")),
        ("visits.csv", "visit_id,patient_id,visit_date,kind".to_owned()),
        ("landmarks.csv", "patient_id,landmark_date,landmark_day".to_owned()),
        ("outcomes.csv", outcomes::COLUMNS.join(",")),
    ];
    let readings = readings::FILES.map(|(file, columns, _)| (file, columns.join(",")));
    let mut files: BTreeMap<&'static str, String> = heads.into_iter().chain(readings).collect();
    for (file, text) in rows {
        let content = files.get_mut(file).expect("a file of a cohort");
        content.push('\n');
        content.push_str(text);
    }
    files
}

pub(in crate::study) fn read(files: &BTreeMap<&'static str, String>) -> Result<Cohort, ReadError> {
    let open = |name: &'static str| Ok(files.get(name).map(|text| io::Cursor::new(text.clone())));
    Reader::new(open).cohort()
}

const ANNA: (&str, &str) = (
    "patients.csv",
    "P000042,C03,F,1960,breast,TNBC,2015-03-01,24,,3,,maintenance,1,0",
);
const BERT: (&str, &str) = (
    "patients.csv",
    "P000043,C03,M,1950,colorectal,,2015-04-01,,2,,40,standard,0,0",
);

fn case_of(rows: &[(&'static str, &str)]) -> Case {
    let cohort = read(&folder(rows)).expect("a sound folder");
    cohort.people[0].case(&Names::default())
}

#[test]
fn a_patient_is_what_the_row_says_and_no_more() {
    let case = case_of(&[ANNA]);
    assert_eq!((case.patient.site.0, case.patient.patient.0), (3, 42));
    assert_eq!(&*case.group, "breast TNBC");
    let facts: Vec<(&str, f64)> = case.facts.iter().map(|f| (&*f.name, f.value)).collect();
    for fact in [
        ("age", 55.0),
        ("sex=F", 1.0),
        ("organ=breast", 1.0),
        ("grade", 3.0),
        ("size_mm", 24.0),
        ("chemotherapy", 1.0),
        ("arm=maintenance", 1.0),
    ] {
        assert!(facts.contains(&fact), "{fact:?} in {facts:?}");
    }
    // nodes and Ki-67 were not told: missing is not nought
    assert!(
        !facts
            .iter()
            .any(|(name, _)| ["nodes", "ki67", "endocrine"].contains(name))
    );
    assert!(case.facts.iter().all(|f| f.known.from == 0));
}

#[test]
fn a_draw_keeps_its_limit_and_both_its_days() {
    let case = case_of(&[
        ANNA,
        (
            "ctdna.csv",
            "1,P000042,2015-05-01,2015-05-15,ddPCR-1,0,,VAF_percent,0.05,3000,4.5",
        ),
        (
            "ctdna.csv",
            "2,P000042,2015-08-01,2015-08-15,ddPCR-1,1,0.2,VAF_percent,0.05,3000,4.5",
        ),
        (
            "ctdna.csv",
            "3,P000042,2015-11-01,2015-11-15,TI-NGS16,1,4,MTM/mL,0.8,4500,4.5",
        ),
    ]);
    let seen: Vec<_> = case.signals.iter().map(|s| (s.on, s.known.from)).collect();
    assert_eq!(seen, [(61, 75), (153, 167), (245, 259)]);
    let examined = 4.743_864_518 / 0.0005;
    let [
        What::Molecules {
            examined: a,
            found: Found::Below(called),
            ..
        },
        What::Molecules {
            found: Found::Number(b),
            ..
        },
        What::Molecules {
            examined: c,
            found: Found::Number(d),
            ..
        },
    ] = [&case.signals[0].what, &case.signals[1].what, &case.signals[2].what]
    else {
        panic!("{:?}", case.signals);
    };
    assert!((a - examined).abs() < 1e-6 && *called == 2.0);
    assert!((b - 0.002 * examined).abs() < 1e-6);
    // molecules in a mL of which 4.5 held 4500 genomes: one molecule is a fraction of 1/1000
    let examined = 4.743_864_518 / 0.0008;
    assert!((c - examined).abs() < 1e-6 && (d - 0.004 * examined).abs() < 1e-6);
}

#[test]
fn cells_markers_and_scans_are_read() {
    let case = case_of(&[
        ANNA,
        ("ctc.csv", "1,P000042,2015-05-01,2015-05-04,3,7.5"),
        ("dtc.csv", "1,P000042,2015-05-02,2015-05-04,2,1600000"),
        ("markers.csv", "1,P000042,2015-05-03,2015-05-04,CEA,1,0.5,ng/mL"),
        ("markers.csv", "2,P000042,2015-05-04,2015-05-04,CA15-3,0,20,U/mL"),
        ("imaging.csv", "1,P000042,2015-05-05,2015-05-08,CT,no_evidence,,0,,"),
        ("imaging.csv", "2,P000042,2015-05-06,2015-05-08,CT,equivocal,,0,,"),
        (
            "imaging.csv",
            "3,P000042,2015-05-07,2015-05-08,PET-CT,relapse,23,1,7.1,bone",
        ),
    ]);
    let found: Vec<&What> = case.signals.iter().map(|s| &s.what).collect();
    let [a, b, c, d, e, f, g] = found.as_slice() else {
        panic!("{found:?}")
    };
    let cells = |tissue, count, screened| What::Cells {
        tissue,
        count,
        screened,
    };
    assert_eq!(**a, cells(Tissue::Blood, 3.0, 7.5));
    assert_eq!(**b, cells(Tissue::Marrow, 2.0, 1.6));
    assert!(matches!(c, What::Marker { level: Found::Below(level), .. } if *level == 0.5_f64.ln()));
    assert!(matches!(d, What::Marker { level: Found::Number(level), .. } if *level == 20_f64.ln()));
    let scans = [e, f, g].map(|scan| (**scan).clone());
    let finding = |finding| What::Scan { finding };
    assert_eq!(
        scans,
        [Finding::Clear, Finding::Equivocal, Finding::Disease].map(finding)
    );
    let mut ids: Vec<i64> = case.signals.iter().map(|s| s.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 7, "rows of different files have ids of their own");
}

#[test]
fn a_reading_has_the_day_of_the_visit_that_it_names() {
    let mut files = folder(&[
        ANNA,
        BERT,
        ("visits.csv", "7,P000042,2016-01-04,scheduled"),
        ("visits.csv", "8,P000043,2016-01-04,scheduled"),
        // each centre may count its visits from 1
        ("visits.csv", "7,P000043,2014-01-04,scheduled"),
        ("visits.csv", "9,P000042,2017-01-04,scheduled"),
    ]);
    let rows = [
        "1,P000042,7,2016-01-04,2016-01-09,0,7.5",
        // a year wrong, either way
        "2,P000042,7,2015-01-04,2016-01-09,0,7.5",
        "3,P000042,7,2017-01-04,2016-01-09,0,7.5",
        // no visit, one not on file, somebody else's, one after the report
        "4,P000042,,2015-06-04,2016-01-09,0,7.5",
        "5,P000042,70,2015-06-04,2016-01-09,0,7.5",
        "6,P000042,8,2015-06-04,2016-01-09,0,7.5",
        "7,P000042,9,2015-06-04,2016-01-09,0,7.5",
    ];
    let head = "row_id,patient_id,visit_id,collected_on,reported_on,count,volume_ml";
    files.insert("ctc.csv", format!("{head}\n{}", rows.join("\n")));
    let cohort = read(&files).expect("a sound folder");
    let anna = &cohort.people[0];
    let days: Vec<String> = anna
        .record
        .observations
        .iter()
        .map(|o| o.collected_on.to_string())
        .collect();
    let (visit, typed) = ("2016-01-04", "2015-06-04");
    assert_eq!(days, [visit, visit, visit, typed, typed, typed, typed]);
    assert_eq!(anna.redated, [ObservationId(2 * 8 + 1), ObservationId(3 * 8 + 1)]);
}

/// Row numbers, and in which file a reading lies, decide nothing.
#[test]
fn readings_of_one_day_have_an_order_of_their_own() {
    let of = |ctdna: i64, marker: [i64; 2]| {
        let rows = [
            (
                "ctdna.csv",
                format!("{ctdna},P000042,2015-07-01,2015-07-12,TI,1,0.5,VAF_percent,0.1,9000,4"),
            ),
            (
                "markers.csv",
                format!("{},P000042,2015-07-01,2015-07-03,CEA,0,3.1,ng/mL", marker[0]),
            ),
            (
                "markers.csv",
                format!("{},P000042,2015-07-01,2015-07-02,CA15-3,0,20,U/mL", marker[1]),
            ),
        ];
        let rows: Vec<(&'static str, &str)> = rows.iter().map(|(file, row)| (*file, row.as_str())).collect();
        let case = case_of(&[&[ANNA], &rows[..]].concat());
        case.signals
            .iter()
            .map(|signal| signal.what.clone())
            .collect::<Vec<What>>()
    };
    let one = of(1, [2, 3]);
    assert!(matches!(one[0], What::Molecules { .. }), "{one:?}");
    assert_eq!(one, of(900, [30, 20]));
}

#[test]
fn what_happened_is_known_on_its_day() {
    let case = case_of(&[
        ANNA,
        ("visits.csv", "1,P000042,2015-06-09,scheduled"),
        ("visits.csv", "2,P000042,2015-05-01,scheduled"),
        ("visits.csv", "3,P000042,2015-05-01,scheduled"),
        (
            "outcomes.csv",
            "P000042,2017-03-01,2016-03-01,liver,symptoms,2017-03-01,cancer",
        ),
    ]);
    let visits: Vec<(Day, Day)> = case.visits.iter().map(|(on, known)| (*on, known.from)).collect();
    assert_eq!(visits, [(61, 61), (100, 100)]);
    let happened: Vec<_> = case
        .happened
        .iter()
        .map(|h| (h.on, h.known.from, h.what.clone()))
        .collect();
    let liver = Outcome::Relapse {
        organ: "liver".into(),
        by_scan: false,
    };
    let (relapse, death) = ((366, 366, liver), (731, 731, Outcome::Death));
    assert_eq!(happened, [relapse, death, (731, 731, Outcome::Contact)]);
}

#[test]
fn a_folder_may_lack_what_is_to_be_predicted() {
    let mut files = folder(&[ANNA, BERT, ("landmarks.csv", "P000043,2015-10-01,183")]);
    files.remove("outcomes.csv");
    let cohort = read(&files).expect("outcomes may be missing");
    assert!(!cohort.outcomes);
    assert_eq!(cohort.landmarks.len(), 1);
    assert_eq!((cohort.landmarks[0].person, cohort.landmarks[0].day), (1, 183));
    assert_eq!(cohort.last_day(), NaiveDate::from_ymd_opt(2015, 4, 1));
    files.remove("ctc.csv");
    assert_eq!(read(&files).unwrap_err().to_string(), "ctc.csv is missing");
}

/// The number depends on the key alone; keys that spell the same number are still two patients.
#[test]
fn keys_have_numbers_of_their_own() {
    let anna = |key: &str, centre: &str| ANNA.1.replace("P000042", key).replace("C03", centre);
    let rows = [
        anna("P7", "C03"),
        anna("P07", "C03"),
        anna("x-7", "Ulm"),
        anna("P7b", "Ulm"),
    ];
    let rows: Vec<_> = rows.iter().map(|row| ("patients.csv", row.as_str())).collect();
    let cohort = read(&folder(&rows)).expect("sound keys");
    let mut given: Vec<_> = cohort
        .people
        .iter()
        .map(|p| (p.record.patient.site, p.record.patient.id))
        .collect();
    assert_eq!(given[0].1.0, 7);
    assert_eq!(given[2].0, given[3].0);
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), 4);
}

#[test]
fn a_bad_cell_is_named_with_file_line_and_column() {
    let told = |rows: &[(&'static str, &str)]| read(&folder(rows)).unwrap_err().to_string();
    let draw = "1,P000042,2015-05-01,2015-05-15,ddPCR-1,0,,VAF_percent,0.05,3000,4.5";
    for (from, to, says) in [
        (
            "2015-05-15",
            "2015-02-30",
            "line 2, column reported_on: \"2015-02-30\" is not a day such as 2024-04-03, from 1900 to 2100",
        ),
        (
            "2015-05-01",
            "",
            "line 2, column collected_on: \"\" is not a day such as 2024-04-03, from 1900 to 2100",
        ),
        (
            "2015-05-01",
            "01/05/2015",
            "line 2, column collected_on: \"01/05/2015\" is not a day such as 2024-04-03, from 1900 to 2100",
        ),
        (
            "2015-05-01",
            "9999-12-31",
            "line 2, column collected_on: \"9999-12-31\" is not a day such as 2024-04-03, from 1900 to 2100",
        ),
        (
            "VAF_percent",
            "ppb",
            "line 2, column unit: \"ppb\" is not VAF_percent or MTM/mL",
        ),
        (
            "0.05",
            "-0.05",
            "line 2, column lod95: \"-0.05\" is not a number of at least 0",
        ),
        (
            "0.05",
            "NaN",
            "line 2, column lod95: \"NaN\" is not a number of at least 0",
        ),
        (",0,,", ",yes,,", "line 2, column detected: \"yes\" is not 0 or 1"),
        (
            "1,P",
            "-1,P",
            "line 2, column row_id: \"-1\" is not a whole number of at least 0",
        ),
        ("ddPCR-1", "", "line 2, column platform: \"\" is not a platform"),
    ] {
        assert_eq!(
            told(&[ANNA, ("ctdna.csv", &draw.replace(from, to))]),
            format!("ctdna.csv, {says}")
        );
    }
    assert_eq!(
        told(&[ANNA, ANNA]),
        "patients.csv, line 3, column patient_id: \"P000042\" is not a patient who comes only once"
    );
    assert_eq!(
        told(&[ANNA, ("ctc.csv", "1,P000042")]),
        "ctc.csv, line 2: 2 cells where the head has 6"
    );
    let landmark = ("landmarks.csv", "P9,2015-10-01,183");
    assert_eq!(
        told(&[ANNA, landmark]),
        "landmarks.csv, line 2, column patient_id: \"P9\" is not a patient of patients.csv"
    );
    let mut files = folder(&[ANNA]);
    files.insert("visits.csv", "patient,visit_date".to_owned());
    assert_eq!(
        read(&files).unwrap_err().to_string(),
        "visits.csv has no column patient_id"
    );
    files.insert("visits.csv", String::new());
    assert_eq!(
        read(&files).unwrap_err().to_string(),
        "visits.csv has no column patient_id"
    );
}

#[test]
fn rows_of_strangers_are_left_out_and_counted() {
    let cohort = read(&folder(&[ANNA, ("ctc.csv", "1,P000099,2015-05-01,2015-05-04,3,7.5")])).expect("a sound folder");
    assert_eq!(cohort.strangers, [("ctc.csv", 1)]);
    assert!(cohort.people[0].record.observations.is_empty());
}

/// A row that says a count was made but not which says nothing, and is no zero.
#[test]
fn an_empty_result_is_not_a_zero() {
    let cohort = read(&folder(&[ANNA, ("ctc.csv", "1,P000042,2015-05-01,2015-05-04,,7.5")])).expect("a sound folder");
    assert_eq!(cohort.people[0].record.observations[0].reading, Reading::NotDone);
    assert!(cohort.people[0].case(&Names::default()).signals.is_empty());
}

/// Without outcomes the workup of a relapse tells of it, from its day on; with them it does not, whatever it is called.
#[test]
fn a_workup_tells_of_the_relapse_where_no_outcome_does() {
    let rows = [
        ANNA,
        ("visits.csv", "1,P000042,2015-05-01,scheduled"),
        ("visits.csv", "3,P000042,2016-09-01,post_relapse"),
        ("visits.csv", "2,P000042,2016-03-01,relapse_workup"),
    ];
    let mut files = folder(&rows);
    files.remove("outcomes.csv");
    let of = |files: &BTreeMap<&'static str, String>| {
        let cohort = read(files).expect("a sound folder");
        cohort.people[0].case(&Names::default())
    };
    let case = of(&files);
    assert_eq!(case.happened.len(), 1);
    assert_eq!(case.end(365), None);
    let end = case.end(366).expect("366 days after surgery it is known");
    assert_eq!((end.on, end.known.from), (366, 366));
    assert!(matches!(&end.what, Outcome::Relapse { organ, by_scan: false } if &**organ == "not_stated"));

    let told = folder(&[
        rows[0],
        rows[1],
        rows[2],
        rows[3],
        ("outcomes.csv", "P000042,2018-01-01,,,,,"),
    ]);
    assert_eq!(of(&told).end(2000), None);
    // a file without kinds of visit tells of none
    files.insert("visits.csv", "patient_id,visit_date\nP000042,2016-03-01".to_owned());
    assert!(of(&files).happened.is_empty());
}

#[test]
fn nothing_that_ends_a_watch_comes_before_surgery() {
    for (row, column) in [
        ("P000042,2017-03-01,2015-02-28,liver,symptoms,,", "relapse_date"),
        ("P000042,2017-03-01,,,,2014-03-01,cancer", "death_date"),
        ("P000042,2015-02-01,,,,,", "last_follow_up"),
    ] {
        let told = read(&folder(&[ANNA, ("outcomes.csv", row)])).unwrap_err().to_string();
        assert!(told.contains(column) && told.contains("on or after surgery"), "{told}");
    }
    let of_the_day = folder(&[ANNA, ("outcomes.csv", "P000042,2015-03-01,,,,2015-03-01,other")]);
    assert!(read(&of_the_day).is_ok());
}
