//! The night: the same however often and however brokenly it is run; shown all at once; flags through their lives.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use metwatch::actions::nightly::{self, Asked, End, Progress, Step};
use metwatch::actions::{Error, audit, triage_row};
use metwatch::app::App;
use metwatch::domain::access::Role;
use metwatch::domain::audit::Entry;
use metwatch::store::server::{self, Embedded, Login, Options};
use metwatch::store::{self, runs};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::support::TestApp;

/// Six centres with 60 women each, whose relapses follow their nodes: enough for a model and for some risks above the
/// threshold. All that is invented here is a function of the number `g`.
const COHORT: &str = "
  insert into site (id, code, name) select g, 'CEN-' || g, 'Centre ' || g from generate_series(3, 6) g;
  create temporary table woman as
    select g, 1 + g % 6 as site, 1000 + g as id, date '2012-01-01' + g * 37 % 3900 as surgery, g * 7 % 12 as nodes,
      (g * 7919 % 1000) / 10.0 as luck, 100 + (g * 613 % 3600) as days
    from generate_series(1, 360) g;
  insert into patient (site_id, id, patient_key, birth_year, sex, menopausal_status, reported_on, recorded_by)
    select site, id, 'W-' || g, 1940 + g * 11 % 30, 'F', case when g % 3 = 0 then 'pre' else 'post' end, surgery, 1 from woman;
  insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, grade, size_band, nodes_positive, er_fmol, pgr_fmol,
      reported_on, recorded_by)
    select site, id, id, 'W-' || g, surgery, 'breast', 2 + g * 5 % 2, (array['<=20', '20-50', '>50'])[1 + g * 13 % 3], nodes,
      g * 17 % 300, g * 29 % 250, surgery, 1 from woman;
  insert into surgery (site_id, id, patient_id, natural_key, procedure, performed_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, 'mastectomy', surgery, surgery, 1 from woman;
  insert into treatment (site_id, id, patient_id, natural_key, category, phase, started_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, case when g % 4 = 0 then 'endocrine' else 'chemotherapy' end, 'adjuvant', surgery + 30,
      surgery + 30, 1 from woman where g % 2 = 0;
  insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, 'relapse', 'distant', '{liver}', surgery + days, surgery + days, 1
    from woman where luck < 8 + 5 * nodes;
  insert into event (site_id, id, patient_id, natural_key, kind, cause, occurred_on, reported_on, recorded_by)
    select site, 1000 + id, id, 'D-' || g, 'death', 'other', surgery + days + 200, surgery + days + 200, 1
    from woman where luck > 78;
  insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
    select site, 2000 + id, id, 'L-' || g, 'last_contact', date '2026-10-01', date '2026-10-01', 1
    from woman where luck <= 78;";

/// A ctDNA reading of NOR-0001.
fn reading(id: i64, day: &str, value: f64) -> String {
    format!(
        "insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on,
           recorded_by, route, raw_text, detection, comparator, value_num, unit, lo, hi)
         select 1, {id}, 1, 'R-{id}', measure, id, analyte, '{day}', '{day}', 1, 'form', '{value}', 'quantified', '=', {value}, unit,
           {value}, {value}
         from assay_version where assay_code = 'INSPIRE-BESPOKE';"
    )
}

fn event(id: i64, kind: &str, day: &str) -> String {
    format!(
        "insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
         values (1, {id}, 1, 'E-{id}', '{kind}', '{day}', '{day}', 1);"
    )
}

async fn world() -> TestApp {
    let test = TestApp::new().await;
    test.sql(COHORT).await;
    test
}

fn on(day: &str) -> Asked {
    Asked {
        as_of: Some(day.parse().unwrap()),
        redo: false,
    }
}

fn again(day: &str) -> Asked {
    Asked { redo: true, ..on(day) }
}

async fn night(app: &App, asked: &Asked) -> Result<End, Error> {
    nightly::run(app, asked, &mut |_: Progress| ControlFlow::Continue(())).await
}

async fn done(test: &TestApp, asked: &Asked) -> usize {
    match night(&test.app, asked).await.unwrap() {
        End::Published { flags_raised, .. } => flags_raised,
        other => panic!("{other:?}"),
    }
}

/// Where a test looks behind the program's back.
trait Behind {
    fn admin_url(&self) -> String;
}

impl Behind for TestApp {
    fn admin_url(&self) -> String {
        self.database.admin_url()
    }
}

/// The answer of a query as text, row by row.
async fn ask(test: &impl Behind, query: &str) -> Vec<String> {
    let mut superuser = PgConnection::connect(&test.admin_url()).await.unwrap();
    let query = format!("select concat_ws('|', variadic array[{query}");
    let rows = sqlx::query(AssertSqlSafe(query))
        .fetch_all(&mut superuser)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Everything that a run found, to the last bit of each number.
async fn found(test: &impl Behind, run: &str) -> Vec<String> {
    let scores = format!(
        "site_id::text, patient_id::text, model_id::text, encode(float8send(risk), 'hex'), encode(float8send(risk_lo), 'hex'),
           encode(float8send(risk_hi), 'hex'), encode(float8send(percentile), 'hex'), contributions::text, missing::text,
           stale::text, outside, not_scored, fingerprint]) from score where run_id = ({run}) order by site_id, patient_id"
    );
    let flags = format!(
        "site_id::text, patient_id::text, cause, severity, reason_text, trigger_ids::text]) from run_flag
         where run_id = ({run}) order by site_id, patient_id, cause"
    );
    let mut all = ask(test, &scores).await;
    all.extend(ask(test, &flags).await);
    all
}

const LAST: &str = "select max(id) from run";
const FIRST: &str = "select min(id) from run";

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
    // percentiles as `risk` defines them
    let risks: Vec<String> = ask(
        &test,
        "risk::text, percentile::text]) from score where risk is not null and run_id = 1",
    )
    .await;
    let pairs: Vec<(f64, f64)> = risks
        .iter()
        .map(|row| {
            row.split_once('|')
                .map(|(r, p)| (r.parse().unwrap(), p.parse().unwrap()))
                .unwrap()
        })
        .collect();
    let expected = metwatch::risk::model::percentiles(&pairs.iter().map(|(risk, _)| *risk).collect::<Vec<_>>());
    assert!(
        pairs
            .iter()
            .zip(expected)
            .all(|((_, shown), expected)| (shown - expected).abs() < 1e-9)
    );
    let report = audit::verify(&test.app).await.unwrap();
    assert!(report.broken.is_empty(), "{:?}", report.broken);
    assert_eq!(report.anchors, 2);
}

/// Either all of a run is on show or nothing.
async fn is_whole(test: &impl Behind) {
    let split = ask(
        test,
        "f.id::text]) from flag f join run r on r.id = f.run_id where r.state <> 'published' or
         (select run_id from publication) is distinct from r.id and r.id = (select max(id) from run)",
    )
    .await;
    assert_eq!(split, Vec::<String>::new(), "flags of a run that is not on show");
}

#[tokio::test]
async fn a_night_that_is_stopped_anywhere_goes_on_and_ends_the_same() {
    let test = world().await;
    let day = "2026-11-22";
    // undisturbed, on an earlier day, so that the disturbed ones raise flags
    done(&test, &on(day)).await;
    let undisturbed = found(&test, FIRST).await;
    test.sql("update publication set run_id = null; delete from flag").await;
    // told to stop after every single batch
    let mut starts = 0;
    let end = loop {
        // the reading of the fit has no checkpoint: the first start gets through it
        let (mut heard, enough) = (0, if starts == 0 { 9 } else { 2 });
        let mut once = |_: Progress| {
            heard += 1;
            if heard < enough {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        starts += 1;
        match nightly::run(&test.app, &again(day), &mut once).await.unwrap() {
            End::Stopped { .. } if starts < 9 => is_whole(&test).await,
            End::Stopped { .. } => break night(&test.app, &on(day)).await.unwrap(),
            end => break end,
        }
    };
    assert!(
        matches!(end, End::Published { flags_raised, .. } if flags_raised > 0),
        "{end:?}"
    );
    assert!(starts > 5, "stopped only {starts} times");
    assert_eq!(
        ask(&test, "count(*)::text, max(revision)::text]) from run").await,
        ["2|2"]
    );
    assert_eq!(found(&test, LAST).await, undisturbed);
    // dropped at any await, later each time
    test.sql("update publication set run_id = null; delete from flag").await;
    let mut patience = Duration::from_millis(5);
    let end = loop {
        let never = &mut |_: Progress| ControlFlow::Continue(());
        match tokio::time::timeout(patience, nightly::run(&test.app, &again(day), never)).await {
            Ok(Ok(End::AlreadyRunning)) => tokio::time::sleep(Duration::from_millis(50)).await,
            Ok(end) => break end.unwrap(),
            Err(_) => is_whole(&test).await,
        }
        patience += Duration::from_millis(37);
    };
    assert!(matches!(end, End::Published { .. }), "{end:?}");
    assert_eq!(found(&test, LAST).await, undisturbed);
}

/// A durable server of the test's own, which programs join through its folder; it goes with the test.
struct Own {
    folder: PathBuf,
    url: String,
    end: Option<(mpsc::Sender<()>, std::thread::JoinHandle<()>)>,
}

impl Own {
    fn start() -> Own {
        let folder = std::env::temp_dir().join(format!("metwatch-night-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let mut options = Options::new(&folder);
        options.program = Some(env!("CARGO_BIN_EXE_metwatch").into());
        let (tell, told) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        // the server ends with the thread that started it
        let thread = std::thread::spawn(move || {
            let server = Embedded::start(&options, |_| ()).expect("the private server starts");
            tell.send(server.url(Login::Admin)).expect("somebody waits");
            let _ = ended.recv();
        });
        Own {
            url: told.recv().expect("the server starts"),
            end: Some((end, thread)),
            folder,
        }
    }

    fn night(&self, arguments: &[&str]) -> std::process::Child {
        std::process::Command::new(env!("CARGO_BIN_EXE_metwatch"))
            .arg("nightly")
            .args(arguments)
            .env_remove("DATABASE_URL")
            .env("METWATCH_DATA", &self.folder)
            .stderr(std::process::Stdio::null())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    }
}

impl Behind for Own {
    fn admin_url(&self) -> String {
        self.url.replacen("/postgres?", &format!("/{}?", server::DATABASE), 1)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.end.take() {
            drop(end);
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[tokio::test]
async fn a_killed_program_goes_on_where_it_was() {
    let own = tokio::task::spawn_blocking(Own::start).await.unwrap();
    server::provision(&own.url, None).await.unwrap();
    let mut superuser = PgConnection::connect(&own.admin_url()).await.unwrap();
    let arranged = format!(
        "set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system';
         insert into site (id, code, name) values (1, 'NOR', 'North'), (2, 'SOU', 'South'); {COHORT}"
    );
    superuser.execute(AssertSqlSafe(arranged)).await.unwrap();
    let day = "2024-11-22";
    let begun = Instant::now();
    let out = own.night(&["--as-of", day]).wait_with_output().unwrap();
    let whole = begun.elapsed();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && said.contains("360 patients"), "{out:?}");
    let undisturbed = found(&own, FIRST).await;
    superuser
        .execute("update publication set run_id = null; delete from flag")
        .await
        .unwrap();
    let second = "state, (checkpoint_patient > 0)::text]) from run where revision = 2";
    let (mut kills, mut seen) = (0, vec![]);
    loop {
        let mut child = own.night(&["--as-of", day, "--redo"]);
        // from a tenth of the time that a whole one takes up to twice that
        tokio::time::sleep(whole * (1 + kills) / 10).await;
        child.kill().unwrap();
        let out = child.wait_with_output().unwrap();
        is_whole(&own).await;
        seen.extend(ask(&own, second).await);
        if out.status.success() || seen.last().is_some_and(|state| state.starts_with("published")) {
            break;
        }
        kills += 1;
        assert!(kills < 20, "it never ends: {seen:?}");
    }
    assert!(
        seen.iter().any(|state| state.starts_with("running")),
        "never killed in its midst: {seen:?}"
    );
    assert_eq!(found(&own, "select id from run where revision = 2").await, undisturbed);
    assert_eq!(ask(&own, "count(*)::text]) from run where revision = 2").await, ["1"]);
}

#[tokio::test]
async fn two_nights_at_once_are_one() {
    let test = world().await;
    let lock = runs::lock(&test.app.db).await.unwrap().expect("free");
    assert_eq!(night(&test.app, &on("2026-11-22")).await.unwrap(), End::AlreadyRunning);
    lock.release().await.unwrap();
    let asked = on("2026-11-22");
    let (one, two) = tokio::join!(night(&test.app, &asked), night(&test.app, &asked));
    let ends = [one.unwrap(), two.unwrap()];
    let published = ends.iter().filter(|end| matches!(end, End::Published { .. })).count();
    assert_eq!(published, 1, "{ends:?}");
    assert_eq!(ask(&test, "count(*)::text]) from run").await, ["1"]);
}

#[tokio::test]
async fn a_stalled_runner_writes_nothing_once_another_took_over() {
    let test = world().await;
    let begin = || test.app.db.begin_night(test.app.clock.now());
    let day = "2026-11-21".parse().unwrap();
    let mut taken = vec![];
    for _ in 0..2 {
        let mut work = begin().await.unwrap();
        match runs::take(&mut work, day, false).await.unwrap() {
            runs::Taken::Ours(run) => taken.push(run),
            other => panic!("{other:?}"),
        }
        work.finish(Entry::by_trigger()).await.unwrap();
    }
    let [stalled, current] = &taken[..] else { panic!() };
    assert_eq!((stalled.id, stalled.cutoff_at), (current.id, current.cutoff_at));
    let mut work = begin().await.unwrap();
    assert!(matches!(
        runs::advance(&mut work, stalled).await,
        Err(store::Error::Overtaken)
    ));
    assert!(matches!(
        runs::publish(&mut work, stalled, true, 0).await,
        Err(store::Error::Overtaken)
    ));
    assert!(matches!(
        runs::fail(&mut work, stalled, "late").await,
        Err(store::Error::Overtaken)
    ));
    runs::advance(&mut work, current).await.unwrap();
    drop(work);
    // another date gives the run up, and its runner's writes with it
    done(&test, &on("2026-11-22")).await;
    let mut work = begin().await.unwrap();
    assert!(matches!(
        runs::advance(&mut work, current).await,
        Err(store::Error::Overtaken)
    ));
}

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

#[tokio::test]
async fn without_a_model_the_rules_go_on() {
    let test = TestApp::new().await;
    test.sql(&(reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-04-01", 3.0)))
        .await;
    assert_eq!(done(&test, &on("2026-11-22")).await, 1);
    let why = ask(&test, "not_scored]) from score where patient_id = 1").await;
    assert!(why[0].starts_with("No model yet"), "{why:?}");
}

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

/// A loss that was told by mistake ended the flag; corrected, the same readings ask for it again.
#[tokio::test]
async fn a_flag_that_ended_with_a_loss_is_raised_when_the_loss_was_none() {
    let test = TestApp::new().await;
    test.sql(&(reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-03-10", 3.0)))
        .await;
    assert_eq!(done(&test, &on("2026-04-01")).await, 1);
    test.sql(&event(1, "lost", "2026-04-10")).await;
    assert_eq!(done(&test, &on("2026-04-11")).await, 0);
    assert_eq!(ask(&test, "outcome]) from flag").await, ["censored"]);
    test.sql(
        "insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by, supersedes_id)
         values (1, 2, 1, 'E-1', 'last_contact', '2026-04-10', '2026-04-20', 1, 1)",
    )
    .await;
    assert_eq!(done(&test, &on("2026-05-01")).await, 1);
    assert_eq!(ask(&test, "state]) from flag order by id").await, ["closed", "new"]);
}

/// A night that was stopped and goes on hours later knows less than the visits of those hours.
#[tokio::test]
async fn a_night_does_not_undo_what_was_entered_while_it_ran() {
    let test = TestApp::new().await;
    let rising = reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-03-10", 3.0);
    test.sql(&rising).await;
    let mut stop = |progress: Progress| match progress.step {
        Step::Publishing => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let end = nightly::run(&test.app, &on("2026-11-22"), &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }));
    // the visit's own rule has raised the flag with a reading that the night has not seen
    let open = "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
        values (1, 1, 'ctdna_rising', 'medium', '2026-11-20', '2026-11-20', 'ctDNA above baseline in 3 draws.', '{1,2,3,4}')";
    test.sql(&(reading(4, "2026-04-10", 4.0) + open)).await;
    assert_eq!(done(&test, &on("2026-11-22")).await, 0);
    assert_eq!(
        ask(&test, "state, cardinality(trigger_ids)::text]) from flag").await,
        ["new|4"]
    );
}

/// The same where it is a correction that the night has not seen.
#[tokio::test]
async fn a_night_raises_no_flag_on_a_reading_that_was_corrected_while_it_ran() {
    let test = TestApp::new().await;
    let rising = reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-03-10", 3.0);
    test.sql(&rising).await;
    let mut stop = |progress: Progress| match progress.step {
        Step::Publishing => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let end = nightly::run(&test.app, &on("2026-11-22"), &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }));
    let corrected = reading(4, "2026-03-10", 0.3).replace("'R-4'", "'R-3'");
    test.sql(
        &corrected
            .replace("unit, lo, hi)", "unit, lo, hi, supersedes_id, reason)")
            .replace(
                "0.3\n         from assay_version",
                "0.3, 3, 'typed into the wrong field' from assay_version",
            ),
    )
    .await;
    assert_eq!(
        ask(&test, "count(*)::text]) from observation where supersedes_id = 3").await,
        ["1"]
    );
    assert_eq!(done(&test, &on("2026-11-22")).await, 0);
    assert_eq!(ask(&test, "count(*)::text]) from flag").await, ["0"]);
}

/// A night of a day before today, shown because none later is: a flag whose reading came after that day stays.
#[tokio::test]
async fn a_night_of_yesterday_leaves_todays_flag_alone() {
    let test = TestApp::new().await;
    let rising = reading(1, "2026-01-01", 1.0) + &reading(2, "2026-02-01", 2.0) + &reading(3, "2026-11-22", 3.0);
    let flag = "insert into flag (site_id, patient_id, cause, severity, opened_on, opened_at, reason_text, trigger_ids)
        values (1, 1, 'ctdna_rising', 'medium', '2026-11-22', '2026-11-22', 'ctDNA above baseline in 2 draws.', '{1,2,3}')";
    test.sql(&(rising + flag)).await;
    assert_eq!(done(&test, &on("2026-11-21")).await, 0);
    assert_eq!(ask(&test, "state]) from flag").await, ["new"]);
}

/// East of Greenwich today begins before the registry's: what is entered then is seen at once (S-093).
#[tokio::test]
async fn a_centres_today_is_on_its_list_at_once() {
    let test = TestApp::at("2026-11-21T20:00:00Z".parse().unwrap()).await;
    let zone = "update site set time_zone = 'Pacific/Auckland' where id = 1;";
    test.sql(&(zone.to_owned() + &reading(1, "2026-11-22", 1.0))).await;
    let clinician = test.client(Role::Clinician).await;
    let coordinator = test.actor(Role::Coordinator).await;
    let mut work = test.app.db.begin(&coordinator, test.app.clock.now()).await.unwrap();
    triage_row::refresh(&mut work, &[test.own].into()).await.unwrap();
    work.finish(Entry::by_trigger()).await.unwrap();
    assert_eq!(
        ask(&test, "state_text]) from triage where patient_id = 1").await,
        ["Baseline only"]
    );
    let page = clinician.get("/patients/NOR/NOR-0001").await;
    assert!(page.body.contains("22 Nov 2026"), "{}", page.body);
}

#[tokio::test]
async fn a_night_forgets_what_is_of_no_more_use() {
    let test = TestApp::new().await;
    test.sql(
        "insert into form_token (user_id, token, digest, location, created_at)
           values (1, 'aaaaaaaaaaaaaaaa', '', '/', now() - interval '8 days'), (1, 'bbbbbbbbbbbbbbbb', '', '/', now());
         insert into session (token_hash, user_id, created_at) values ('a', 1, now() - interval '25 hours'), ('b', 1, now())",
    )
    .await;
    done(&test, &on("2026-11-22")).await;
    assert_eq!(ask(&test, "token]) from form_token").await, ["bbbbbbbbbbbbbbbb"]);
    assert_eq!(ask(&test, "encode(token_hash, 'escape')]) from session").await, ["b"]);
}
