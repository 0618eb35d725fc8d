//! What need not be worked out again: scores of patients of whom nothing came to light keep their day.

use std::ops::ControlFlow;

use chrono::{DateTime, Days, NaiveDate, Utc};
use metwatch::actions::nightly::{self, Asked, End, Progress, Step};

use super::super::support::TestApp;
use super::{COHORT, FIRST, LAST, ask, found, night, standing};

/// The database's own clock counts here: what is recorded has its time.
async fn now(test: &TestApp) -> DateTime<Utc> {
    ask(test, "now()::text])").await[0]
        .replacen(' ', "T", 1)
        .replace("+00", "Z")
        .parse()
        .unwrap()
}

/// The world of a day in the database's time: a night is of yesterday's date where it was run a day before.
pub async fn world() -> (TestApp, NaiveDate) {
    let probe = TestApp::new().await;
    let today = now(&probe).await;
    let test = TestApp::at(today + Days::new(60)).await;
    // what happened is past: the passing of a day alone teaches nothing
    let past = "delete from event where occurred_on > current_date - 60 and kind <> 'last_contact'";
    test.sql(&format!("{COHORT} {past}")).await;
    (test, today.date_naive())
}

pub fn of(day: NaiveDate) -> Asked {
    Asked {
        as_of: Some(day),
        ..Asked::default()
    }
}

async fn carried(test: &TestApp, asked: &Asked) -> i32 {
    match night(&test.app, asked).await.unwrap() {
        End::Published { carried, counts, .. } => {
            assert_eq!(counts.patients, 362);
            carried
        }
        other => panic!("{other:?}"),
    }
}

/// Everything was recorded just now: as if hours had gone by since.
pub const LATER: &str = "alter table audit_entry disable trigger append_only;
    update audit_entry set at = at - interval '7 hours'; alter table audit_entry enable trigger append_only;";

/// Of the last run.
fn carried_over() -> String {
    format!("select patient_id from {} where carried", standing(LAST))
}

/// Worked out by the last run itself.
const ANEW: &str = "patient_id::text]) from score where run_id = (select max(id) from run) order by patient_id";

#[tokio::test]
async fn a_night_works_out_what_changed_and_carries_the_rest_over() {
    let (test, today) = world().await;
    test.sql(
        "insert into trial (id, code, title) overriding system value values (901, 'T-901', 'A trial');
         insert into arm (trial_id, code, title) values (901, 'A', 'An arm');
         insert into enrolment (site_id, patient_id, trial_id, arm_code, enrolled_on, reported_on, recorded_by)
           values (1 + 30 % 6, 1030, 901, 'A', '2026-01-01', '2026-01-01', 1);",
    )
    .await;
    test.sql(LATER).await;
    assert_eq!(carried(&test, &of(today)).await, 0, "nothing to build on");
    // the next day: one new result, one patient corrected, one event that was on file before its day, one whose trial was blinded, one
    // whose flag somebody acted on
    let tomorrow = today + Days::new(1);
    test.sql(&format!(
        "{} update patient set birth_month = 5 where id = 1010;
         insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
           values (1 + 20 % 6, 77, 1020, 'AHEAD', 'last_contact', '{tomorrow}', '{tomorrow}', 1);
         update trial set blinded = not blinded, blinded_at = clock_timestamp() where id = 901;
         set app.role = 'clinician';
         insert into flag (site_id, patient_id, cause, severity, opened_on, reason_text)
           values (1 + 40 % 6, 1040, 'risk_threshold', 'medium', '{today}', 'Above the threshold.');
         set app.role = 'system';",
        super::reading(1, "2026-05-01", 1.0)
    ))
    .await;
    let some = carried(&test, &of(tomorrow)).await;
    assert!((200..359).contains(&some), "{some} carried over");
    let anew = ask(&test, ANEW).await;
    assert_eq!(
        anew.len() as i32,
        362 - some,
        "what is carried over is not stored again"
    );
    for patient in ["1", "1010", "1020", "1030", "1040"] {
        assert!(
            anew.iter().any(|id| id == patient),
            "{patient} was carried over: {anew:?}"
        );
    }
    // the same model, as it says the same; what is carried over is what was there, with its day
    assert_eq!(ask(&test, "count(distinct model_id)::text]) from run").await, ["1"]);
    let note = ask(&test, "model_note]) from run order by id desc limit 1").await;
    assert!(note[0].contains("stays"), "{note:?}");
    let days = format!("of_day::text]) from {} where carried group by of_day", standing(LAST));
    assert_eq!(ask(&test, &days).await, [today.to_string()]);
    let (before, now) = (found(&test, FIRST).await, found(&test, LAST).await);
    let same = now.iter().filter(|line| before.contains(line)).count();
    assert!(same >= some as usize, "{same} of {some} are what was there");
    let carried_over = carried_over();
    let flags = |run: &str| {
        format!(
            "patient_id::text, cause, severity, reason_text]) from run_flag where run_id = ({run}) and patient_id in ({carried_over}) order by patient_id, cause"
        )
    };
    let raised = ask(&test, &flags(LAST)).await;
    assert!(!raised.is_empty());
    assert_eq!(ask(&test, &flags(FIRST)).await, raised);
    // done again, everything is worked out anew
    let again = Asked {
        redo: true,
        ..of(tomorrow)
    };
    assert_eq!(carried(&test, &again).await, 0);
}

/// What ends a flag and what raises one is looked for among those of whom something came to light.
#[tokio::test]
async fn flags_follow_the_news_in_a_night_that_carries_the_rest_over() {
    let (test, today) = world().await;
    test.sql(LATER).await;
    carried(&test, &of(today)).await;
    let open = ask(
        &test,
        "site_id::text, patient_id::text, id::text]) from flag where state = 'new' and patient_id <> 1 order by id",
    )
    .await;
    let [site, patient, flag] = open[0].split('|').collect::<Vec<_>>()[..] else {
        panic!("{open:?}")
    };
    let ago = |days| (today - Days::new(days)).to_string();
    test.sql(&format!(
        "{}{}{} insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, recorded_by)
           values ({site}, 78, {patient}, 'NEWS', 'relapse', 'distant', '{{liver}}', '{today}', '{today}', 1);",
        super::reading(1, &ago(200), 1.0),
        super::reading(2, &ago(100), 3.0),
        super::reading(3, &ago(10), 9.0),
    ))
    .await;
    let others = format!("select f::text as row from flag f where patient_id not in (1, {patient}) order by id");
    let before = ask(&test, &format!("row]) from ({others}) f")).await;
    let some = carried(&test, &of(today + Days::new(1))).await;
    assert!(some > 200, "{some} carried over");
    let ended = format!("state, outcome, lead_days::text]) from flag where id = {flag}");
    assert_eq!(ask(&test, &ended).await, ["closed|relapse_confirmed|0"]);
    let raised = "cause]) from flag where patient_id = 1 and state = 'new' and cause = 'ctdna_rising'";
    assert_eq!(ask(&test, raised).await, ["ctdna_rising"]);
    let after = ask(&test, &format!("row]) from ({others}) f")).await;
    let kept = after.iter().filter(|row| before.contains(row)).count();
    assert!(
        kept + 10 > before.len() && before.len() > 1,
        "{kept} of {}",
        before.len()
    );
}

#[tokio::test]
async fn no_score_grows_too_old_and_none_with_a_flag_as_old_as_the_others() {
    let (test, today) = world().await;
    test.sql(LATER).await;
    let mut seen = std::collections::BTreeSet::new();
    for day in 0..9 {
        let at = today + Days::new(day);
        let two = Asked {
            keep_days: Some(2),
            ..of(at)
        };
        carried(&test, &two).await;
        let old = format!(
            "coalesce(max(date '{at}' - of_day), 0)::text, coalesce(max(date '{at}' - of_day) filter (where exists (
               select from run_flag f where f.run_id = ({LAST}) and f.patient_id = standing.patient_id and f.cause = 'risk_threshold')), 0)::text,
               count(*)::text]) from {}",
            standing(LAST)
        );
        let old = ask(&test, &old).await;
        let old: Vec<i32> = old[0].split('|').map(|n| n.parse().unwrap()).collect();
        assert!(old[0] < 8 && old[1] < 2 && old[2] == 362, "on day {day}: {old:?}");
        if day > 0 {
            let anew = ask(&test, ANEW).await;
            assert!(anew.len() < 160, "{} on day {day}", anew.len());
            seen.extend(anew);
        }
    }
    assert_eq!(seen.len(), 362, "in eight days everybody had a turn");
    let from = ask(&test, "scores_from::text]) from run order by id desc limit 1").await;
    assert_eq!(from, ["{9,8,7,6,5,4,3,2}"], "of the first day nothing is left");
}

/// Stopped anywhere after its plan, a night that carries scores over goes on and ends as one that was not.
#[tokio::test]
async fn a_plan_is_made_once() {
    let ((undisturbed, today), (test, _)) = tokio::join!(world(), world());
    let tomorrow = today + Days::new(1);
    for test in [&undisturbed, &test] {
        test.sql(LATER).await;
        carried(test, &of(today)).await;
    }
    let some = carried(&undisturbed, &of(tomorrow)).await;
    assert!(some > 0);
    for at in [Step::Scoring, Step::Listing, Step::Publishing] {
        let mut stop = |progress: Progress| {
            if progress.step == at && (at == Step::Publishing || progress.done > 0) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        let end = nightly::run(&test.app, &of(tomorrow), &mut stop).await.unwrap();
        assert!(matches!(end, End::Stopped { .. }), "{at:?}: {end:?}");
        let plan = ask(&test, "count(*)::text]) from run_due").await;
        assert_eq!(plan, [(362 - some).to_string()], "{at:?}");
    }
    assert_eq!(carried(&test, &of(tomorrow)).await, some);
    assert_eq!(found(&test, LAST).await, found(&undisturbed, LAST).await);
    let seal = "fingerprint]) from run order by id desc limit 1";
    assert_eq!(ask(&test, seal).await, ask(&undisturbed, seal).await);
    assert_eq!(
        ask(&test, "count(*)::text]) from run_due").await,
        ["0"],
        "of no more use"
    );
}
