//! Stopped at a batch, dropped anywhere, killed, overtaken: it goes on and ends the same.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use metwatch::actions::Error;
use metwatch::actions::nightly::{self, End, Progress};
use metwatch::store::server::{self, Embedded, Login, Options};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use super::{Behind, COHORT, FIRST, LAST, again, ask, done, found, is_whole, night, on, world};

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
            // a connection that was dropped within its `begin` is of no use to whoever gets it next
            Ok(Err(Error::Unavailable(_))) | Err(_) => is_whole(&test).await,
            Ok(end) => break end.unwrap(),
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
    let day = "2026-11-22";
    // another process of the night is at work: its rows come in through a table of its session's own
    let login = own.admin_url().replacen("postgres@", "metwatch_job@", 1);
    let mut beside = PgConnection::connect(&login).await.unwrap();
    beside
        .execute("create temporary table incoming_score (x int)")
        .await
        .unwrap();
    let begun = Instant::now();
    let out = own.night(&["--as-of", day]).wait_with_output().unwrap();
    let whole = begun.elapsed();
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success() && said.contains("360 patients"), "{out:?}");
    let undisturbed = found(&own, FIRST).await;
    let shown = published(&own).await;
    let wanted: u32 = std::env::var("METWATCH_TEST_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let mut random = Xoshiro256PlusPlus::seed_from_u64(20_261_122);
    let (mut kills, mut revision, mut midst) = (0, 1, std::collections::BTreeSet::new());
    while kills < wanted {
        revision += 1;
        superuser
            .execute("update publication set run_id = null; delete from flag")
            .await
            .unwrap();
        let this = format!(
            "state, step, (select count(*) > 0 from shard where run_id = run.id and checkpoint >= from_patient)::text])
            from run where revision = {revision}"
        );
        // taken up until it ends; the first kill comes early enough to fall into its midst
        let mut share = 0.9;
        loop {
            let mut child = own.night(&["--as-of", day, "--redo"]);
            tokio::time::sleep(whole.mul_f64(share * random.r#gen::<f64>())).await;
            child.kill().unwrap();
            let out = child.wait_with_output().unwrap();
            is_whole(&own).await;
            let state = ask(&own, &this).await.pop().unwrap_or_else(|| "not begun".into());
            if out.status.success() || state.starts_with("published") {
                break;
            }
            kills += 1;
            share += 0.4;
            midst.insert(state);
        }
        let run = format!("select id from run where revision = {revision}");
        assert_eq!(found(&own, &run).await, undisturbed);
        assert_eq!(published(&own).await, shown, "flags, list or pointer differ");
        assert_eq!(
            ask(&own, &format!("count(*)::text]) from run where revision = {revision}")).await,
            ["1"]
        );
    }
    assert!(
        midst.iter().any(|state| state.starts_with("running")),
        "never killed in its midst: {midst:?}"
    );
}

/// What a published night leaves on show, without numbers that count runs and versions.
async fn published(own: &Own) -> Vec<String> {
    let mut all = ask(
        own,
        "site_id::text, patient_id::text, cause, severity, opened_on::text, reason_text, trigger_ids::text, state, outcome]) from flag
         order by site_id, patient_id, cause",
    )
    .await;
    all.extend(
        ask(
            own,
            "site_id::text, patient_id::text, state_text, flag_cause, flag_count::text, encode(float8send(risk), 'hex')]) from triage
             order by site_id, patient_id",
        )
        .await,
    );
    all.extend(
        ask(
            own,
            "r.as_of::text, r.state]) from publication p join run r on r.id = p.run_id",
        )
        .await,
    );
    all
}
