//! Bad patients, and a registry too small for a model.

use metwatch::actions::nightly::End;

use super::super::support::TestApp;
use super::{ask, done, event, night, on, reading, world};

#[tokio::test]
async fn one_bad_patient_is_named_and_the_rest_goes_on() {
    let test = world().await;
    // a result after the death, and a row that breaks a rule of the value model (a quantified reading is one number), which
    // the database itself would refuse
    test.sql(&(reading(1, "2020-05-01", 3.0) + &event(1, "death", "2020-04-01")))
        .await;
    test.sql(
        "alter table observation drop constraint observation_interval;
         insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on,
           recorded_by, route, raw_text, detection, unit, lo, hi)
         select 2, 9, 2, 'X', measure, id, analyte, '2020-05-01', '2020-05-01', 1, 'form', '1', 'quantified', unit, 1, 2
         from assay_version where assay_code = 'INSPIRE-BESPOKE'",
    )
    .await;
    done(&test, &on("2026-11-22")).await;
    assert_eq!(
        ask(
            &test,
            "patient_id::text, not_scored]) from score where failed order by 1"
        )
        .await,
        [
            "1|Contradictory dates: a result on 1 May 2020, after the death on 1 Apr 2020",
            "2|The record breaks a rule of the registry and can't be read"
        ]
    );
    assert_eq!(
        ask(
            &test,
            "patients::text, failed::text, (scored + not_scored)::text, (scored > 20)::text]) from run"
        )
        .await,
        ["362|2|360|true"]
    );
    let unseen = "select count(*) from triage t where t.patient_id > 2";
    assert_eq!(
        ask(&test, &format!("({unseen})::text])")).await,
        ["360"],
        "the list holds the others"
    );
}

#[tokio::test]
async fn a_night_with_many_bad_patients_is_not_shown() {
    let test = world().await;
    done(&test, &on("2026-11-21")).await;
    let before = ask(&test, "p::text]) from publication p").await;
    test.sql("update patient set birth_year = 2020 where id between 1000 and 1020")
        .await;
    let end = night(&test.app, &on("2026-11-22")).await.unwrap();
    assert!(
        matches!(&end, End::Failed { problem, .. } if problem.starts_with("20 of 362")),
        "{end:?}"
    );
    assert_eq!(ask(&test, "p::text]) from publication p").await, before);
    assert_eq!(
        ask(&test, "state]) from run order by id").await,
        ["published", "failed"]
    );
    // mended, the same date is tried again
    test.sql("update patient set birth_year = 1950 where id between 1000 and 1020")
        .await;
    done(&test, &on("2026-11-22")).await;
    assert_eq!(
        ask(
            &test,
            "revision::text, state]) from run where as_of = '2026-11-22' order by id"
        )
        .await,
        ["1|failed", "2|published"]
    );
}

#[tokio::test]
async fn without_a_model_the_rules_go_on() {
    let test = TestApp::new().await;
    test.sql(&(reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-04-01", 3.0)))
        .await;
    assert_eq!(done(&test, &on("2026-11-22")).await, 1);
    let why = ask(&test, "not_scored]) from score where patient_id = 1").await;
    assert!(why[0].starts_with("No model yet"), "{why:?}");
}
