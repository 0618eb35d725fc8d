//! `metwatch import`: the demonstration loads whole, equals its source, and nothing half-good ever stays.

use std::fs;
use std::path::{Path, PathBuf};

use metwatch::actions::import::{self, Options, Outcome, Rejected, Report};
use metwatch::domain::access::{Actor, Role};
use metwatch::domain::history::History;
use metwatch::domain::id::{PatientId, SiteId};
use metwatch::store::{self, histories};
use metwatch::survival::{AalenJohansen, FollowUp};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::support::{NORTH, TestApp};

/// A folder of files for one import, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Folder {
        let folder = std::env::temp_dir().join(format!("metwatch-import-{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).unwrap();
        let folder = Folder(folder);
        for (name, bytes) in files {
            folder.put(name, bytes);
        }
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn demonstration() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo")
}

async fn load_as(test: &TestApp, actor: &Actor, folder: &Path, options: &Options) -> Report {
    import::import(&test.app, actor, folder, options, |_| ()).await.unwrap()
}

async fn load(test: &TestApp, folder: &Path) -> Report {
    load_as(test, &Actor::console(vec![]), folder, &Options::default()).await
}

fn refused(report: &Report) -> &Rejected {
    match &report.files.last().expect("a file").outcome {
        Outcome::Refused(rejected) => rejected,
        other => panic!("not refused: {other:?}"),
    }
}

/// (added, amended, unchanged) of the last file.
fn done(report: &Report) -> (u64, u64, u64) {
    match &report.files.last().expect("a file").outcome {
        Outcome::Done {
            added,
            amended,
            unchanged,
            ..
        } => (*added, *amended, *unchanged),
        other => panic!("not done: {other:?}"),
    }
}

async fn count(test: &TestApp, of: &str) -> i64 {
    let mut superuser = test.database.superuser().await;
    let sql = AssertSqlSafe(format!("select count(*) from {of}"));
    superuser.fetch_one(sql).await.unwrap().get(0)
}

const PATIENTS: &str = "site_code,patient_key,birth_year,sex,reported_on\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_loads_whole_and_equals_its_source() {
    let test = TestApp::new().await;
    let report = load(&test, &demonstration()).await;
    assert!(!report.refused(), "{report:?}");
    assert_eq!(report.files.len(), 9);
    assert_eq!(count(&test, "patient where site_id > 2").await, 3076);
    assert_eq!(count(&test, "enrolment").await, 94);
    assert_eq!(count(&test, "observation where measure = 'ctdna'").await, 94 + 270);
    assert_eq!(
        count(
            &test,
            "observation where measure = 'ctdna' and raw_text in ('ND') or raw_text like 'POS %'"
        )
        .await,
        272
    );
    // Each patient has a triage row, kept by the import itself.
    assert_eq!(count(&test, "triage where site_id > 2").await, 3076);
    assert_eq!(
        count(&test, "triage where site_id > 2 and cardinality(spark_days) > 0").await,
        94
    );
    // No zero stands for a non-detect.
    assert_eq!(
        count(
            &test,
            "observation where measure = 'ctdna' and detection = 'quantified' and lo = 0"
        )
        .await,
        0
    );
    // Each centre says what of it is arranged.
    assert_eq!(
        count(&test, "site where arrangement like '%arrangement for demonstration%'").await,
        5
    );

    equals_the_oracle(&test).await;

    let verified = store::audit::verify(&test.app.db).await.unwrap();
    assert!(verified.broken.is_empty(), "{:?}", verified.broken.first());
    let before = count(&test, "audit_entry where table_name <> '-'").await;

    // The same files again, and the same rows in other bytes.
    let again = load(&test, &demonstration()).await;
    assert!(
        again.files[3..]
            .iter()
            .all(|file| matches!(file.outcome, Outcome::SeenBefore { .. }))
    );
    let copy = Folder::new(&[]);
    for entry in fs::read_dir(demonstration()).unwrap() {
        let path = entry.unwrap().path();
        let windows = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
        copy.put(&path.file_name().unwrap().to_string_lossy(), windows.as_bytes());
    }
    let other_bytes = load(&test, &copy.0).await;
    for file in &other_bytes.files {
        let Outcome::Done {
            rows,
            added,
            amended,
            unchanged,
        } = &file.outcome
        else {
            panic!("{:?}", file.outcome)
        };
        assert_eq!((*added, *amended), (0, 0), "{}", file.name());
        assert!(unchanged >= rows, "{}", file.name());
    }
    // Nothing but the notes of six files at their centres was written.
    let notes = count(&test, "audit_entry where table_name = 'import_file'").await;
    assert_eq!(
        count(&test, "audit_entry where table_name <> '-'").await - before,
        notes / 2
    );
}

/// Distant relapse and death of the 2,982 women, worked out from their records, equal the reference's cumulative incidence.
async fn equals_the_oracle(test: &TestApp) {
    let sites: Vec<SiteId> = store::sites::all(&test.app.db)
        .await
        .unwrap()
        .iter()
        .map(|site| site.id)
        .collect();
    let rotterdam: Vec<SiteId> = sites.iter().copied().filter(|site| site.0 > 2).collect();
    let mut work = test
        .app
        .db
        .begin(&Actor::console(sites), test.app.clock.now())
        .await
        .unwrap();
    let today = work.today();
    let mut women = vec![];
    for site in rotterdam {
        let sql = format!("select id from patient where site_id = {site} and patient_key like 'ROT%'");
        let mut superuser = test.database.superuser().await;
        let rows = superuser.fetch_all(AssertSqlSafe(sql)).await.unwrap();
        let ids: Vec<PatientId> = rows.iter().map(|row| PatientId(row.get(0))).collect();
        for record in histories::load(&mut work, site, &ids).await.unwrap() {
            women.push(outcome(&record.as_of(today)));
        }
    }
    assert_eq!(women.len(), 2982);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oracles/competing_risks.json");
    let oracle: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let oracle = &oracle["brca_metastasis_vs_death"];
    for kind in 0..3u32 {
        let expected = oracle["counts"][kind.to_string()].as_u64().unwrap();
        let found = women.iter().filter(|woman| woman.event() == kind).count() as u64;
        assert_eq!(found, expected, "outcome {kind}");
    }
    let fitted = AalenJohansen::fit(&women).unwrap();
    let years = oracle["at"].as_array().unwrap();
    let expected = oracle["aalen_johansen"]["p"].as_array().unwrap();
    for (year, p) in years.iter().zip(expected) {
        let year = year.as_f64().unwrap();
        let found = [
            fitted.free_at(year),
            fitted.incidence_at(1, year),
            fitted.incidence_at(2, year),
        ];
        for (found, p) in found.iter().zip(p.as_array().unwrap()) {
            assert!(
                (found - p.as_f64().unwrap()).abs() < 1e-10,
                "{year} years: {found} and {p}"
            );
        }
    }
}

/// First distant relapse, else death, else the last contact, in years since surgery.
fn outcome(history: &History) -> FollowUp {
    let origin = history.origin().unwrap();
    let (on, event) = match (history.distant_relapse_on(), history.died_on()) {
        (Some(on), _) => (on, 1),
        (None, Some(on)) => (on, 2),
        (None, None) => (history.last_contact_on().unwrap(), 0),
    };
    FollowUp::until((on - origin).num_days() as f64 / 365.25, event).unwrap()
}

#[tokio::test]
async fn one_bad_row_stores_nothing_and_every_bad_row_is_named() {
    let test = TestApp::new().await;
    let mut rows = PATIENTS.to_owned();
    for number in 1..=300 {
        let year = if number == 1 { "1960" } else { "196O" };
        rows += &format!(
            "NOR,NEW-{number:04},{year},F,2024-03-0{}\n",
            if number == 300 { "x" } else { "1" }
        );
    }
    let folder = Folder::new(&[
        ("patients.csv", rows.as_bytes()),
        ("visits.csv", b"site_code,patient_key,occurred_on\n"),
    ]);
    let report = load(&test, &folder.0).await;
    assert!(matches!(report.files[1].outcome, Outcome::NotRead));
    let Outcome::Refused(rejected) = &report.files[0].outcome else {
        panic!("{report:?}")
    };
    assert_eq!(
        (
            rejected.problems,
            rejected.bad_rows,
            rejected.rows,
            rejected.shown.len()
        ),
        (300, 299, 300, 200)
    );
    let first = &rejected.shown[0];
    assert_eq!(
        (first.line, first.problem.field.as_str(), first.value.as_str()),
        (3, "birth_year", "196O")
    );
    assert_eq!(
        first.problem.text,
        "I can't read \"196O\" as a whole number. Type it like 12."
    );
    let written = fs::read_to_string(rejected.written_to.as_ref().unwrap()).unwrap();
    assert_eq!(written.lines().count(), 300);
    assert!(written.starts_with("why,site_code,patient_key"));
    assert!(written.lines().last().unwrap().contains("reported_on: "));
    assert_eq!(count(&test, "patient where patient_key like 'NEW%'").await, 0);
    assert_eq!(count(&test, "audit_entry where action = 'imported'").await, 0);

    // The rejected rows, mended, go in as they are.
    let mended = written.replace("196O", "1960").replace("2024-03-0x", "2024-03-01");
    let folder = Folder::new(&[("patients.csv", mended.as_bytes())]);
    assert_eq!(done(&load(&test, &folder.0).await), (299, 0, 0));
}

#[tokio::test]
async fn other_values_are_refused_until_they_are_called_an_amendment() {
    let test = TestApp::new().await;
    let tumours = "site_code,patient_key,tumour_no,diagnosed_on,organ,metastatic_at_entry,grade\n";
    let first = Folder::new(&[
        (
            "patients.csv",
            format!("{PATIENTS}NOR,NEW-1,1960,F,2020-01-01\n").as_bytes(),
        ),
        (
            "tumours.csv",
            format!("{tumours}NOR,NEW-1,1,2020-01-01,breast,no,2\n").as_bytes(),
        ),
    ]);
    assert_eq!(done(&load(&test, &first.0).await), (1, 0, 0));
    let second = Folder::new(&[(
        "tumours.csv",
        format!("{tumours}NOR,NEW-1,1,2020-01-01,breast,no,3\n").as_bytes(),
    )]);
    let report = load(&test, &second.0).await;
    let rejected = refused(&report);
    assert_eq!(rejected.shown[0].problem.code, "V-DUP-03");
    assert!(rejected.shown[0].problem.text.contains("grade: 2 on file, 3 here"));

    let amend = Options {
        amend: Some("grade read again by pathology".into()),
        ..Options::default()
    };
    let console = Actor::console(vec![]);
    assert_eq!(done(&load_as(&test, &console, &second.0, &amend).await), (0, 1, 0));
    assert_eq!(count(&test, "tumour where natural_key = 'NEW-1|1'").await, 2);
    assert_eq!(
        count(
            &test,
            "tumour where grade = 3 and supersedes_id is not null and reason like 'grade read%'"
        )
        .await,
        1
    );
    assert_eq!(
        count(
            &test,
            "audit_entry where table_name = 'tumour' and reason = 'grade read again by pathology'"
        )
        .await,
        1
    );
    // The amended value is what is on file now: the same again is nothing new, and the former value is another amendment.
    let third = Folder::new(&[(
        "tumours.csv",
        format!("{tumours}NOR,NEW-1,1,2020-01-01,breast,no,3\n\n").as_bytes(),
    )]);
    assert_eq!(done(&load(&test, &third.0).await), (0, 0, 1));
    // the first file once more: nothing to do, unless it is called an amendment; then its rows are held against what is on file now
    let seen = load(&test, &first.0).await;
    let seen = &seen.files.last().unwrap().outcome;
    assert!(matches!(seen, Outcome::SeenBefore { .. }), "{seen:?}");
    let back = Options {
        amend: Some("the first reading stands".into()),
        ..Options::default()
    };
    assert_eq!(done(&load_as(&test, &console, &first.0, &back).await), (0, 1, 0));
    assert_eq!(done(&load_as(&test, &console, &first.0, &back).await), (0, 0, 1));
}

#[tokio::test]
async fn the_share_of_cells_in_cycle_comes_in_and_is_read_back() {
    let test = TestApp::new().await;
    let tumours = "site_code,patient_key,tumour_no,diagnosed_on,organ,metastatic_at_entry,ki67_percent\n";
    let file = |row: &str| Folder::new(&[("tumours.csv", format!("{tumours}{row}\n").as_bytes())]);
    let wrong = file("NOR,NOR-0001,7,2020-01-01,breast,no,101");
    assert_eq!(
        refused(&load(&test, &wrong.0).await).shown[0].problem.field,
        "ki67_percent"
    );
    let right = file("NOR,NOR-0001,7,2020-01-01,breast,no,22.5");
    assert_eq!(done(&load(&test, &right.0).await), (1, 0, 0));
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    let record = histories::of(&mut work, test.own).await.unwrap();
    let shares: Vec<Option<f64>> = record.tumours.iter().map(|tumour| tumour.ki67_percent).collect();
    assert_eq!(shares, [None, Some(22.5)]);
}

/// A night must know since when an arm is a secret, or none any more.
#[tokio::test]
async fn a_trial_that_is_blinded_keeps_the_moment() {
    let test = TestApp::new().await;
    let console = Actor::console(vec![]);
    let amend = Options {
        amend: Some("as the protocol says".into()),
        ..Options::default()
    };
    let file = |title: &str, blinded: &str| {
        let text = format!("trial_code,title,blinded\nT-1,{title},{blinded}\n");
        Folder::new(&[("trials.csv", text.as_bytes())])
    };
    for (title, blinded, changed) in [("A", "no", 0), ("B", "no", 0), ("B", "yes", 1)] {
        done(&load_as(&test, &console, &file(title, blinded).0, &amend).await);
        let of = format!("trial where code = 'T-1' and title = '{title}'");
        assert_eq!(count(&test, &of).await, 1);
        assert_eq!(count(&test, &format!("{of} and blinded_at is not null")).await, changed);
    }
}

/// The file says the same report day for what it amends: no day before the amendment may know it. The list shows the tumour in its
/// last version, whichever has the earlier day.
#[tokio::test]
async fn an_amendment_is_known_from_its_own_day_and_is_what_the_list_shows() {
    let test = TestApp::new().await;
    let tumours = "site_code,patient_key,tumour_no,diagnosed_on,organ,metastatic_at_entry,reported_on\n";
    let file = |row: &str| Folder::new(&[("tumours.csv", format!("{tumours}{row}\n").as_bytes())]);
    let first = Folder::new(&[
        (
            "patients.csv",
            format!("{PATIENTS}NOR,NEW-1,1960,F,2020-01-01\n").as_bytes(),
        ),
        (
            "tumours.csv",
            format!("{tumours}NOR,NEW-1,1,2020-01-01,breast,no,2020-03-05\n").as_bytes(),
        ),
    ]);
    load(&test, &first.0).await;
    let amend = Options {
        amend: Some("the report was another woman's".into()),
        ..Options::default()
    };
    let console = Actor::console(vec![]);
    let second = file("NOR,NEW-1,1,2020-02-01,colon,no,2020-03-05");
    assert_eq!(done(&load_as(&test, &console, &second.0, &amend).await), (0, 1, 0));
    assert_eq!(
        count(&test, "triage where patient_key = 'NEW-1' and cancer = 'colon'").await,
        1
    );
    // an amended report with a day of its own counts from that day
    let third = file("NOR,NEW-1,1,2020-02-01,lung,no,2021-01-05");
    assert_eq!(done(&load_as(&test, &console, &third.0, &amend).await), (0, 1, 0));

    let coordinator = test.actor(Role::Coordinator).await;
    let mut work = test.app.db.begin(&coordinator, test.app.clock.now()).await.unwrap();
    let patient = store::patients::by_key(&mut work, NORTH, "NEW-1").await.unwrap();
    let record = histories::of(&mut work, patient).await.unwrap();
    let organs = |day: &str| -> Vec<String> {
        let history = record.as_of(day.parse().unwrap());
        history.tumours.iter().map(|tumour| tumour.organ.clone()).collect()
    };
    assert_eq!(organs("2020-06-01"), ["breast"]);
    // the third report was known before the second was told: it stands for both
    assert_eq!(organs("2021-06-01"), ["lung"]);
    assert_eq!(organs("2100-01-01"), ["lung"]);
}

#[tokio::test]
async fn a_person_s_import_reaches_no_other_centre() {
    let test = TestApp::new().await;
    let coordinator = test.actor(Role::Coordinator).await;
    assert_eq!(coordinator.sites, [NORTH]);
    let visits = "site_code,patient_key,occurred_on\n";
    let folder = Folder::new(&[(
        "visits.csv",
        format!("{visits}NOR,NOR-0001,2024-01-01\nSOU,SOU-0001,2024-01-01\nNOR,SOU-0001,2024-01-01\n").as_bytes(),
    )]);
    let report = load_as(&test, &coordinator, &folder.0, &Options::default()).await;
    let said: Vec<_> = refused(&report)
        .shown
        .iter()
        .map(|bad| (bad.line, bad.problem.code))
        .collect();
    assert_eq!(said, [(3, "V-ID-02"), (4, "V-ID-01")]);
    assert_eq!(count(&test, "visit").await, 0);
    let own = Folder::new(&[("visits.csv", format!("{visits}NOR,NOR-0001,2024-01-01\n").as_bytes())]);
    assert_eq!(
        done(&load_as(&test, &coordinator, &own.0, &Options::default()).await),
        (1, 0, 0)
    );
    // Centres are an administrator's; a clinician imports nothing.
    let sites = Folder::new(&[("sites.csv", b"site_code,name\nNEW,A new centre\n")]);
    assert!(
        import::import(&test.app, &coordinator, &sites.0, &Options::default(), |_| ())
            .await
            .is_err()
    );
    let clinician = test.actor(Role::Clinician).await;
    assert!(
        import::import(&test.app, &clinician, &own.0, &Options::default(), |_| ())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn files_come_as_other_programs_write_them() {
    let test = TestApp::new().await;
    let rows = |mark: &str, end: &str, key: &str| {
        let header = ["site_code", "patient_key", "birth_year", "sex"].join(mark);
        let row = ["NOR", key, "1960", "F"].join(mark);
        format!("{header}{end}{row}{end}")
    };
    for (bytes, what) in [
        (format!("\u{feff}{}", rows(",", "\r\n", "A-1")), "byte-order mark, CRLF"),
        (rows(";", "\n", "A-2"), "semicolons"),
        (rows("\t", "\n", "A-3"), "tabs"),
        (
            rows(",", "\n", "\"A-4\"").trim_end().to_owned(),
            "quotes, no last line end",
        ),
        (rows(",", "\n", "A-5") + "\n,,,\n\n", "empty rows at the end"),
    ] {
        let folder = Folder::new(&[("patients.csv", bytes.as_bytes())]);
        assert_eq!(done(&load(&test, &folder.0).await), (1, 0, 0), "{what}");
    }
}

#[tokio::test]
async fn hostile_and_broken_files_are_refused_with_their_line() {
    let test = TestApp::new().await;
    let file = |rows: &[u8]| [PATIENTS.as_bytes(), rows].concat();
    let utf16: Vec<u8> = PATIENTS.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let cases: Vec<(Vec<u8>, u64, &str)> = vec![
        (file(b"NOR,A-1,1960,F,\nNOR,A-\xff,1960,F,\n"), 3, "V-FILE-04"),
        (file(b"NOR,A-1\0,1960,F,\n"), 2, "V-TEXT-02"),
        (file(b"NOR,A-1,1960,F\n"), 2, "V-FILE-05"),
        (file(b"NOR,\"A-1,1960,F,\nNOR,A-2,1960,F,\n"), 2, "V-FILE-05"),
        (file(b"NOR,=CMD(),1960,F,\n"), 2, "V-CODE-02"),
        (file(b"NOR,A-1,1960,F,\nNOR,A-1,1961,F,\n"), 3, "V-DUP-02"),
        (file(b"NOR,A-1,1960,F,2026-11-23\n"), 2, "V-DATE-01"),
        (utf16, 1, "V-FILE-04"),
        (b"\xff\xfes\0i\0".to_vec(), 1, "V-FILE-04"),
        (b"".to_vec(), 1, "V-FILE-06"),
        (b"\n\n".to_vec(), 1, "V-FILE-06"),
        (b"site_code,patient_key,birth_year,sex,nmae\n".to_vec(), 1, "V-FILE-02"),
        (b"site_code,patient_key,birth_year\n".to_vec(), 1, "V-FILE-01"),
    ];
    for (bytes, line, code) in cases {
        let folder = Folder::new(&[("patients.csv", &bytes)]);
        let report = load(&test, &folder.0).await;
        let bad = &refused(&report).shown[0];
        assert_eq!(
            (bad.line, bad.problem.code),
            (line, code),
            "{:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert_eq!(count(&test, "patient where patient_key like 'A-%'").await, 0);
    // A formula in free text is a text: stored as it is, made harmless on export.
    let visits = Folder::new(&[(
        "visits.csv",
        b"site_code,patient_key,occurred_on,note\nNOR,NOR-0001,2024-01-01,\"=HYPERLINK(\"\"http://x\"\")\"\n",
    )]);
    assert_eq!(done(&load(&test, &visits.0).await), (1, 0, 0));
    assert_eq!(count(&test, "visit where note = '=HYPERLINK(\"http://x\")'").await, 1);
}

#[tokio::test]
async fn the_same_accession_can_t_belong_to_two_patients() {
    let test = TestApp::new().await;
    test.sql("insert into patient (site_id, id, patient_key, birth_year, sex, recorded_by) values (1, 50, 'NOR-0050', 1960, 'F', 1)")
        .await;
    let header = "site_code,patient_key,collected_on,assay_code,assay_version,analyte,result,unit,lab,accession\n";
    let row =
        |key: &str| format!("{header}NOR,{key},2024-01-01,SIGNATERA-16,1,tumour-informed ctDNA,<0.3,MTM/mL,NKI,X-1\n");
    let first = Folder::new(&[("observations.csv", row("NOR-0001").as_bytes())]);
    assert_eq!(done(&load(&test, &first.0).await), (1, 0, 0));
    let second = Folder::new(&[("observations.csv", row("NOR-0050").as_bytes())]);
    let amend = Options {
        amend: Some("it is another patient's".into()),
        ..Options::default()
    };
    let report = load_as(&test, &Actor::console(vec![]), &second.0, &amend).await;
    assert!(refused(&report).shown[0].problem.text.contains("another patient"));
    // The reading is on the triage row at once.
    assert_eq!(
        count(
            &test,
            "triage where patient_key = 'NOR-0001' and last_reading like 'ctDNA <0.3 MTM/mL%'"
        )
        .await,
        1
    );
}

#[tokio::test]
async fn a_death_and_what_comes_after_it_contradict_each_other() {
    let test = TestApp::new().await;
    let header = "site_code,patient_key,kind,occurred_on\n";
    let file = |rows: &str| Folder::new(&[("events.csv", format!("{header}{rows}").as_bytes())]);
    let refusals = async |rows: &str| -> Vec<(u64, &str)> {
        let report = load(&test, &file(rows).0).await;
        refused(&report)
            .shown
            .iter()
            .map(|bad| (bad.line, bad.problem.code))
            .collect()
    };
    // diagnosed on 10 January 2020
    assert_eq!(refusals("NOR,NOR-0001,death,2019-12-31\n").await, [(2, "V-DATE-02")]);
    // whichever stands first
    let death = "NOR,NOR-0001,death,2024-03-01\n";
    let contact = "NOR,NOR-0001,last_contact,2024-06-01\n";
    let both = [(2, "V-DATE-04"), (3, "V-DATE-04")];
    assert_eq!(refusals(&format!("{death}{contact}")).await, both);
    assert_eq!(refusals(&format!("{contact}{death}")).await, both);
    assert_eq!(done(&load(&test, &file(contact).0).await), (1, 0, 0));
    assert_eq!(refusals(death).await, [(2, "V-DATE-04")]);
    // a result tells of life as a contact does
    test.sql(
        "insert into visit (site_id, id, patient_id, natural_key, visit_code, occurred_on, recorded_by)
         values (1, 900, 1, 'v900', 'M60', '2025-02-01', 1)",
    )
    .await;
    assert_eq!(refusals("NOR,NOR-0001,death,2025-01-01\n").await, [(2, "V-DATE-04")]);
    assert_eq!(
        done(&load(&test, &file("NOR,NOR-0001,death,2025-02-01\n").0).await),
        (1, 0, 0)
    );
}
