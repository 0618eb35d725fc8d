//! Done twice, of the past, two at once.

use metwatch::actions::nightly::End;
use metwatch::actions::{Error, audit};

use super::super::support::TestApp;
use super::{FIRST, LAST, again, ask, done, event, found, night, on, reading, world};

#[tokio::test]
async fn a_night_done_twice_is_done_once() {
    let test = world().await;
    let day = "2026-11-22";
    assert!(done(&test, &on(day)).await > 0, "no flag at all");
    let flags = ask(&test, "f::text]) from flag f order by id").await;
    assert!(matches!(
        night(&test.app, &on(day)).await.unwrap(),
        End::AlreadyDone { .. }
    ));
    assert_eq!(ask(&test, "count(*)::text]) from run").await, ["1"]);
    assert_eq!(done(&test, &again(day)).await, 0);
    let (first, second) = (found(&test, FIRST).await, found(&test, LAST).await);
    assert_eq!(first, second);
    assert!(first.len() > 360);
    assert_eq!(
        ask(&test, "f::text]) from flag f order by id").await,
        flags,
        "a flag that says nothing new was touched"
    );
    assert_eq!(
        ask(&test, "count(*)::text]) from model").await,
        ["1"],
        "the same rows give the same model"
    );
    let numbers = async |query: &str| -> Vec<f64> {
        let rows = ask(&test, query).await;
        rows.iter().map(|row| row.parse().unwrap()).collect()
    };
    let risks = numbers("risk::text]) from score where risk is not null and run_id = 1").await;
    let spread = numbers("unnest(risk_spread)::text]) from run where id = 1").await;
    assert_eq!(spread.len(), 1000);
    for risk in &risks {
        let (exact, read) = (percentile(*risk, &risks), percentile(*risk, &spread));
        assert!(
            (exact - read).abs() <= 0.1 + 1e-9,
            "{risk}: {read} is read, {exact} it is"
        );
    }
    let report = audit::verify(&test.app).await.unwrap();
    assert!(report.broken.is_empty(), "{:?}", report.broken);
    assert_eq!(report.anchors, 2);
}

/// Not against the model that it made itself, and not against none.
#[tokio::test]
async fn a_night_done_again_is_held_against_the_night_before_it() {
    let test = world().await;
    done(&test, &on("2026-11-20")).await;
    done(&test, &on("2026-11-21")).await;
    done(&test, &again("2026-11-21")).await;
    let used =
        "r.as_of::text, r.model_id::text, v.decision]) from run r join verdict v on v.run_id = r.id order by r.id";
    assert_eq!(
        ask(&test, used).await,
        ["2026-11-20|1|publish", "2026-11-21|1|stays", "2026-11-21|1|stays"]
    );
    // the reason names the day that the model was fitted for
    let told = ask(&test, "reason]) from verdict order by run_id desc limit 1").await;
    assert!(told[0].starts_with("The model of 20 Nov 2026 stays"), "{told:?}");
    // of which the last model can't say the same: neither can the first night's own make the second one stay
    test.sql("delete from event where kind = 'relapse' and id % 3 = 0")
        .await;
    done(&test, &on("2026-11-22")).await;
    done(&test, &again("2026-11-22")).await;
    assert_eq!(
        ask(&test, &format!("{} offset 3", used)).await,
        ["2026-11-22|2|publish", "2026-11-22|2|publish"]
    );
}

#[tokio::test]
async fn two_nights_at_once_are_one() {
    let test = world().await;
    let asked = on("2026-11-22");
    let (one, two, three) = tokio::join!(
        night(&test.app, &asked),
        night(&test.app, &asked),
        night(&test.app, &asked)
    );
    let ends = [one.unwrap(), two.unwrap(), three.unwrap()];
    let published = ends.iter().filter(|end| matches!(end, End::Published { .. })).count();
    assert_eq!(published, 1, "{ends:?}");
    assert!(
        ends.iter().all(|end| matches!(
            end,
            End::Published { .. } | End::Helped { .. } | End::AlreadyDone { .. }
        )),
        "{ends:?}"
    );
    assert_eq!(ask(&test, "count(*)::text]) from run").await, ["1"]);
}

#[tokio::test]
async fn a_night_of_the_past_sees_nothing_later() {
    let test = world().await;
    let day = "2021-06-01";
    test.sql(&(reading(1, "2021-01-01", 1.0) + &reading(2, "2021-02-01", 2.0) + &reading(3, "2021-04-01", 3.0)))
        .await;
    assert!(done(&test, &on(day)).await > 0);
    let then = found(&test, FIRST).await;
    // facts of later days, an amendment of an earlier one that was reported later, a patient that came later
    let later = reading(4, "2021-06-02", 0.1)
        + &event(1, "death", "2021-06-02")
        + "insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_by)
             values (1, 50, 'LATE', 1970, 'F', '2021-07-01', 1);
           insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, grade, reported_on, recorded_by, supersedes_id)
             select site_id, 9000 + id, patient_id, natural_key, diagnosed_on, organ, 1, '2022-01-01', 1, id from tumour where id > 1000;
           insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, occurred_on, reported_on, recorded_by)
             select p.site_id, 9000 + p.id, p.id, 'LATE-' || p.id, 'relapse', 'distant', '2021-05-01', '2021-06-02', 1
             from patient p where p.id between 1000 and 1100";
    test.sql(&later).await;
    done(&test, &again(day)).await;
    assert_eq!(found(&test, LAST).await, then);
    // a later night sees them
    done(&test, &on("2022-06-01")).await;
    assert_ne!(found(&test, LAST).await, then);
    // and once it is on show, a night of the past leaves flags, list and pointer alone
    let shown = ask(&test, "p.run_id::text]) from publication p").await;
    let flags = ask(&test, "f::text]) from flag f order by id").await;
    let end = night(&test.app, &again(day)).await.unwrap();
    assert!(matches!(end, End::Published { shown: false, .. }), "{end:?}");
    assert_eq!(ask(&test, "p.run_id::text]) from publication p").await, shown);
    assert_eq!(ask(&test, "f::text]) from flag f order by id").await, flags);
    assert_eq!(found(&test, LAST).await, then);
}

#[tokio::test]
async fn a_date_that_has_not_come_is_refused() {
    let test = TestApp::new().await;
    assert!(matches!(
        night(&test.app, &on("2026-11-23")).await,
        Err(Error::Problems(_))
    ));
    assert_eq!(ask(&test, "count(*)::text]) from run").await, ["0"]);
}

/// How many in a hundred lie below, equal ones counted half.
fn percentile(risk: f64, all: &[f64]) -> f64 {
    let count = |which: &dyn Fn(f64) -> bool| all.iter().filter(|other| which(**other)).count() as f64;
    50.0 * (count(&|other| other < risk) + count(&|other| other <= risk)) / all.len() as f64
}
