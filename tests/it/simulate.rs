//! `metwatch simulate` from the outside: its folder, its table, its refusals; and the synthetic centres through the import.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use metwatch::actions::import::{self, Options, Outcome};
use metwatch::domain::access::Actor;
use metwatch::simulate::{Cohort, registry};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::support::TestApp;

/// A folder that is gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        Folder(std::env::temp_dir().join(format!("metwatch-simulate-{}", uuid::Uuid::new_v4().simple())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn simulate(out: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_metwatch"))
        .args(["simulate", "--patients", "300", "--seed", "4", "--out"])
        .arg(out)
        .args(arguments)
        // the command must look for no server and no settings
        .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .env("METWATCH_CONFIG", "/not/there.toml")
        .output()
        .unwrap()
}

#[test]
fn the_folder_has_the_layout_and_says_synthetic() {
    let folder = Folder::new();
    let output = simulate(&folder.0, &["--with-truth"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, fs::read_to_string(folder.0.join("README.txt")).unwrap());
    assert!(printed.starts_with("SYNTHETIC"));
    assert!(printed.contains("published") && printed.contains("Sparano 2018"));
    for (file, rows) in [("patients", 300), ("outcomes", 300), ("truth_patients", 300)] {
        let text = fs::read_to_string(folder.0.join(format!("{file}.csv"))).unwrap();
        assert_eq!(text.lines().count(), rows + 1, "{file}");
    }
    for file in [
        "visits",
        "ctdna",
        "ctc",
        "dtc",
        "markers",
        "imaging",
        "landmarks",
        "truth",
        "truth_errors",
    ] {
        let text = fs::read_to_string(folder.0.join(format!("{file}.csv"))).unwrap();
        assert!(text.lines().count() > 20, "{file}");
    }
}

#[test]
fn without_truth_there_is_none_and_a_folder_in_use_is_refused() {
    let folder = Folder::new();
    assert!(
        simulate(&folder.0, &["--case-mix", "breast", "--calendar", "late"])
            .status
            .success()
    );
    assert!(!folder.0.join("truth.csv").exists());
    let again = simulate(&folder.0, &[]);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is not empty"));
    let unknown = simulate(&Folder::new().0, &["--case-mix", "bresat"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("chest-and-bowel"));
}

#[tokio::test]
async fn the_synthetic_centres_pass_the_import_whole() {
    let test = TestApp::new().await;
    let folder = Folder::new();
    fs::create_dir_all(&folder.0).unwrap();
    let cohort = Cohort::new(40, 7, "registry", "demonstration").unwrap();
    for (name, text) in registry::files(&cohort) {
        fs::write(folder.0.join(name), text).unwrap();
    }
    let options = Options {
        confirm: Some("synthetic results".to_owned()),
        ..Options::default()
    };
    let report = import::import(&test.app, &Actor::console(vec![]), &folder.0, &options, |_| ())
        .await
        .unwrap();
    assert_eq!(report.files.len(), 9);
    for file in &report.files {
        assert!(
            matches!(file.outcome, Outcome::Done { .. }),
            "{}: {:?}",
            file.name(),
            file.outcome
        );
    }
    let mut superuser = test.database.superuser().await;
    let labelled =
        AssertSqlSafe("select count(*) from site where name like 'Synthetic _' and arrangement like 'SYNTHETIC:%'");
    assert_eq!(superuser.fetch_one(labelled).await.unwrap().get::<i64, _>(0), 4);
    let patients = AssertSqlSafe("select count(*) from patient where patient_key like 'SYNTHETIC-_____'");
    assert_eq!(superuser.fetch_one(patients).await.unwrap().get::<i64, _>(0), 40);
}
