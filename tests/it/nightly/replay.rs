//! Nights of past days, run beside what is shown; stored nights held against what they give now.

use metwatch::actions::nightly::{self, Asked, End};
use std::ops::ControlFlow;

use super::{ask, done, found, night, on, world};

fn past(day: &str) -> Asked {
    Asked {
        replay: true,
        ..on(day)
    }
}

#[tokio::test]
async fn a_replay_is_the_night_of_its_day_and_touches_nothing_that_is_shown() {
    let test = world().await;
    done(&test, &on("2026-11-22")).await;
    let shown = || async {
        let mut all = ask(&test, "p::text]) from publication p").await;
        all.extend(ask(&test, "f::text]) from flag f order by id").await);
        all.extend(ask(&test, "t::text]) from triage t order by site_id, patient_id").await);
        all
    };
    let before = shown().await;
    for day in ["2020-01-01", "2021-01-01"] {
        let end = night(&test.app, &past(day)).await.unwrap();
        assert!(
            matches!(
                end,
                End::Published {
                    shown: false,
                    flags_raised: 0,
                    ..
                }
            ),
            "{end:?}"
        );
    }
    assert_eq!(shown().await, before);
    assert!(matches!(
        night(&test.app, &past("2021-01-01")).await.unwrap(),
        End::AlreadyDone { .. }
    ));
    // the same as a night asked for by its date
    let replayed = found(&test, "select id from run where as_of = '2021-01-01'").await;
    done(&test, &on("2021-01-01")).await;
    let asked = found(&test, "select max(id) from run where as_of = '2021-01-01'").await;
    assert_eq!(replayed, asked);
    assert!(replayed.iter().any(|line| line.contains("3f")), "no risk at all");
}

/// A night whose own model is not good enough keeps the one on show, not what a replay has fitted since.
#[tokio::test]
async fn what_a_replay_fitted_is_no_nights_model() {
    let test = world().await;
    done(&test, &on("2026-11-20")).await;
    // which the replay's own model can't say as well
    test.sql("delete from event where kind = 'relapse' and id % 3 = 0")
        .await;
    let end = night(&test.app, &past("2026-11-21")).await.unwrap();
    assert!(matches!(end, End::Published { shown: false, .. }), "{end:?}");
    test.sql("delete from event where kind = 'relapse' and id % 13 > 1")
        .await;
    done(&test, &on("2026-11-22")).await;
    let used = ask(&test, "as_of::text, model_id::text]) from run order by id").await;
    assert_eq!(used[0], "2026-11-20|1");
    assert_eq!(used[1], "2026-11-21|2", "the replay has a model of its own");
    assert_eq!(used[2], "2026-11-22|1");
}

#[tokio::test]
async fn a_stored_night_gives_its_scores_to_the_bit() {
    let test = world().await;
    done(&test, &on("2026-11-21")).await;
    let (from, to) = ("2026-01-01".parse().unwrap(), "2026-11-22".parse().unwrap());
    let runs = nightly::stored_nights(&test.app, from, to).await.unwrap();
    assert_eq!(runs.len(), 1);
    let check = || async {
        let verdict = nightly::check(&test.app, &runs[0], &mut |_| ControlFlow::Continue(())).await;
        verdict.unwrap().unwrap()
    };
    let verdict = check().await;
    assert!(verdict.is_equal() && verdict.equal == 362, "{verdict:?}");
    // what is recorded later was not there
    test.sql(&(super::reading(1, "2020-05-01", 3.0) + &super::event(1, "death", "2020-06-01")))
        .await;
    assert!(check().await.is_equal());
    // one bit of one score, and it is told whose
    let whose = "select max(patient_id) from score where risk is not null";
    test.sql(&format!(
        "update score set risk_hi = risk_hi * (1 + 2.3e-16::float8) where patient_id = ({whose})"
    ))
    .await;
    let verdict = check().await;
    assert_eq!((verdict.different, verdict.equal), (1, 361));
    let whose = ask(&test, &format!("({whose})::text])")).await;
    assert_eq!(whose, [verdict.examples[0].1.to_string()]);
    test.sql("delete from score where patient_id = (select min(patient_id) from score)")
        .await;
    let verdict = check().await;
    assert_eq!((verdict.different, verdict.equal), (2, 360), "a score that is gone");
}
