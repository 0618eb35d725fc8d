//! A flag: raised, given evidence, closed by a person, confirmed, withdrawn, ended by death.

use std::ops::ControlFlow;

use chrono::Days;
use metwatch::actions::nightly::{self, End, Progress, Step};

use super::super::support::TestApp;
use super::carry::{self, LATER};
use super::{LAST, again, ask, done, event, on, reading, world};

const FLAG: &str = "cause, state, cardinality(trigger_ids)::text, opened_on::text, outcome, lead_days::text]) from flag
    where patient_id = 1 order by id";

#[tokio::test]
async fn a_flag_through_its_life() {
    let test = TestApp::new().await;
    test.sql(&(reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0)))
        .await;
    assert_eq!(
        done(&test, &on("2026-03-01")).await,
        0,
        "one draw above is not confirmed"
    );
    test.sql(&reading(3, "2026-03-10", 3.0)).await;
    assert_eq!(done(&test, &on("2026-04-01")).await, 1);
    assert_eq!(ask(&test, FLAG).await, ["ctdna_rising|new|3|2026-04-01"]);
    let list = "flag_cause, flag_count::text, state_text]) from triage where patient_id = 1";
    assert_eq!(ask(&test, list).await, ["ctdna_rising|1|Rising against baseline"]);
    // evidence is added to the open flag
    test.sql(&reading(4, "2026-04-10", 4.0)).await;
    assert_eq!(done(&test, &on("2026-05-01")).await, 0);
    assert_eq!(ask(&test, FLAG).await, ["ctdna_rising|new|4|2026-04-01"]);
    // closed by a person: the same evidence does not raise it again, more does
    test.sql("update flag set state = 'closed', closed_on = '2026-05-02', outcome = 'dismissed'")
        .await;
    assert_eq!(done(&test, &on("2026-05-03")).await, 0);
    assert_eq!(ask(&test, list).await, ["0|Rising against baseline"]);
    test.sql(&reading(5, "2026-05-10", 5.0)).await;
    assert_eq!(done(&test, &on("2026-06-01")).await, 1);
    // what it warned of came
    test.sql(&event(1, "progression", "2026-06-21")).await;
    assert_eq!(done(&test, &on("2026-07-01")).await, 0);
    let past = "ctdna_rising|closed|4|2026-04-01|dismissed";
    let confirmed = "ctdna_rising|closed|5|2026-06-01|relapse_confirmed|20";
    assert_eq!(ask(&test, FLAG).await, [past, confirmed]);
    // raised by more, withdrawn when the burden falls back, raised when it rises anew
    test.sql(&reading(6, "2026-07-10", 6.0)).await;
    assert_eq!(done(&test, &on("2026-07-11")).await, 1);
    test.sql(&reading(7, "2026-07-20", 0.5)).await;
    assert_eq!(done(&test, &on("2026-07-21")).await, 0);
    assert_eq!(
        ask(&test, FLAG).await[2],
        "ctdna_rising|closed|6|2026-07-11|withdrawn_evidence"
    );
    test.sql(&(reading(8, "2026-08-01", 2.0) + &reading(9, "2026-08-10", 3.0)))
        .await;
    assert_eq!(done(&test, &on("2026-08-11")).await, 1);
    // death ends it
    test.sql(&event(2, "death", "2026-09-01")).await;
    assert_eq!(done(&test, &on("2026-09-02")).await, 0);
    assert_eq!(ask(&test, FLAG).await[3], "ctdna_rising|closed|3|2026-08-11|censored");
    assert_eq!(ask(&test, list).await, ["0|Rising against baseline"]);
}

#[tokio::test]
async fn a_flag_raised_while_the_night_runs_is_not_withdrawn_by_it() {
    let test = TestApp::new().await;
    // stopped before it publishes; then a visit raises a flag that this run knows nothing of
    let mut stop = |progress: Progress| match progress.step {
        Step::Publishing => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let end = nightly::run(&test.app, &on("2026-11-22"), &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }));
    test.sql(
        "insert into flag (site_id, patient_id, cause, severity, opened_on, reason_text)
           values (1, 1, 'ctdna_rising', 'medium', '2026-11-22', 'ctDNA above baseline in 2 draws.')",
    )
    .await;
    done(&test, &on("2026-11-22")).await;
    assert_eq!(ask(&test, "state]) from flag").await, ["new"]);
    assert_eq!(
        ask(&test, "flag_count::text]) from triage where patient_id = 1").await,
        ["1"]
    );
    // the next one judges it
    done(&test, &again("2026-11-22")).await;
    assert_eq!(
        ask(&test, "state, outcome]) from flag").await,
        ["closed|withdrawn_evidence"]
    );
}

/// A loss or a progression that was told by mistake ended the flag; corrected, the same readings ask for it again.
#[tokio::test]
async fn a_flag_that_ended_with_what_never_was_is_raised_again() {
    for (kind, outcome) in [("lost", "censored"), ("progression", "relapse_confirmed")] {
        let test = TestApp::new().await;
        test.sql(&(reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-03-10", 3.0)))
            .await;
        assert_eq!(done(&test, &on("2026-04-01")).await, 1);
        test.sql(&event(1, kind, "2026-04-10")).await;
        assert_eq!(done(&test, &on("2026-04-11")).await, 0);
        assert_eq!(ask(&test, "outcome]) from flag").await, [outcome]);
        test.sql(
            "insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by, supersedes_id)
             values (1, 2, 1, 'E-1', 'last_contact', '2026-04-10', '2026-04-20', 1, 1)",
        )
        .await;
        assert_eq!(done(&test, &on("2026-05-01")).await, 1, "{kind}");
        assert_eq!(ask(&test, "state]) from flag order by id").await, ["closed", "new"]);
    }
}

/// A flag on a risk outlives a low score for a quiet time, or closes at once where all its evidence has gone; the same evidence does not
/// raise it again.
#[tokio::test]
async fn a_risk_flag_closes_after_a_quiet_time_or_when_its_evidence_is_gone() {
    let test = world().await;
    assert!(done(&test, &on("2026-11-21")).await > 0);
    // of those whose risk is high one flag is taken for closed long ago
    let flagged =
        "site_id::text || ' and patient_id = ' || patient_id]) from flag where cause = 'risk_threshold' limit 1";
    let high = ask(&test, flagged).await.remove(0);
    let closed = format!(
        "update flag set state = 'closed', closed_on = '2026-11-21', outcome = 'quiet' where site_id = {high};"
    );
    let low = "id::text]) from patient p where site_id = 1 and id > 1000
        and not exists (select from event e where e.site_id = 1 and e.patient_id = p.id and e.kind in ('relapse', 'death'))
        and not exists (select from run_flag r where r.site_id = 1 and r.patient_id = p.id) order by id limit 5";
    let low = ask(&test, low).await;
    let [new, quiet, kept, amended, aged] = &low[..] else {
        panic!("{low:?}")
    };
    let flag = |patient: &str, opened: &str, triggers: &str| {
        format!(
            "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
             values (1, {patient}, 'risk_threshold', 'medium', '{opened}', '{opened}', '12-month risk 31 %.', '{{{triggers}}}');"
        )
    };
    let read = |id: i64, patient: &str, day: &str, amends: &str| {
        let own = reading(id, day, 1.0).replace(&format!("select 1, {id}, 1,"), &format!("select 1, {id}, {patient},"));
        own.replace(", lo, hi)", ", lo, hi, supersedes_id)")
            .replace("from assay_version", &format!(", {amends} from assay_version"))
    };
    let kept_by = format!(
        "insert into run_flag (site_id, run_id, patient_id, cause, severity, reason_text, keeps)
         select 1, max(id), {kept}, 'risk_threshold', 'medium', '12-month risk 31 %.', true from run;"
    );
    let facts = [
        closed,
        read(501, amended, "2026-08-01", "null"),
        read(502, amended, "2026-08-01", "501"),
        read(503, aged, "2024-10-01", "null"),
        flag(new, "2026-11-01", ""),
        flag(quiet, "2026-08-01", ""),
        flag(kept, "2026-08-01", ""),
        flag(amended, "2026-11-01", "501"),
        flag(aged, "2026-11-01", "503"),
        kept_by,
    ];
    test.sql(&facts.concat()).await;
    done(&test, &on("2026-11-22")).await;
    let states = format!(
        "state, outcome]) from flag where site_id = 1 and patient_id in ({}) order by patient_id",
        low.join(", ")
    );
    assert_eq!(
        ask(&test, &states).await,
        [
            "new",
            "closed|quiet",
            "new",
            "closed|withdrawn_evidence",
            "closed|withdrawn_evidence"
        ]
    );
    assert_eq!(
        ask(&test, &format!("state]) from flag where site_id = {high}")).await,
        ["closed"]
    );
}

/// Between its two thresholds a flag stays open and gathers what the night found for it, unless all of its evidence has gone.
#[tokio::test]
async fn between_its_thresholds_a_flag_closes_when_its_evidence_is_gone() {
    let (test, today) = carry::world().await;
    done(&test, &carry::of(today)).await;
    // some whose score is taken for one between the two; their evidence is another's reading, so that they are carried over
    let between = "site_id = 1 and patient_id in (
      select id from patient p where site_id = 1 and id > 1000
        and not exists (select from event e where e.site_id = 1 and e.patient_id = p.id and e.kind in ('relapse', 'death'))
        and not exists (select from run_flag r where r.site_id = 1 and r.patient_id = p.id) order by id limit 12)";
    let read = |id: i64, amends: &str| {
        reading(id, &(today - Days::new(90)).to_string(), 1.0)
            .replace(", lo, hi)", ", lo, hi, supersedes_id)")
            .replace("from assay_version", &format!(", {amends} from assay_version"))
    };
    let facts = [
        read(501, "null"),
        read(502, "501"),
        format!(
            "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
             select 1, patient_id, 'risk_threshold', 'medium', date '{today}' - 9, date '{today}' - 9, 'Above the lower threshold.',
               case when patient_id / 6 % 3 = 1 then array[502] else array[501] end::bigint[]
             from score where run_id = 1 and {between};"
        ),
        "insert into run_flag (site_id, run_id, patient_id, cause, severity, reason_text, trigger_ids, keeps)
         select site_id, 1, patient_id, cause, severity, reason_text, case when patient_id / 6 % 3 = 2 then array[502] else '{}' end::bigint[], true
         from flag where reason_text = 'Above the lower threshold.';"
            .into(),
        LATER.into(),
    ];
    test.sql(&facts.concat()).await;
    done(&test, &carry::of(today + Days::new(1))).await;
    let carried = format!(
        "(f.patient_id / 6 % 3)::text, f.trigger_ids::text, f.state, f.outcome]) from flag f join run_flag r on r.site_id = f.site_id
           and r.patient_id = f.patient_id and r.cause = f.cause
         where f.reason_text = 'Above the lower threshold.' and r.keeps and r.run_id = ({LAST})
         group by f.patient_id / 6 % 3, f.trigger_ids, f.state, f.outcome order by f.patient_id / 6 % 3"
    );
    assert_eq!(
        ask(&test, &carried).await,
        ["0|{501}|closed|withdrawn_evidence", "1|{502}|new", "2|{502}|new"]
    );
}
