//! Several processes at one night: claimed shards, leases that run out, fences that hold.

use std::ops::ControlFlow;

use metwatch::actions::nightly::{self, End, Progress, Step};
use metwatch::app::App;
use metwatch::clock::FixedClock;
use metwatch::domain::audit::Entry;
use metwatch::store::{self, Db, runs};

use super::super::support::TestApp;
use super::{FIRST, LAST, ask, done, found, on, world};

fn wanted(day: &str) -> runs::Wanted {
    runs::Wanted {
        as_of: day.parse().unwrap(),
        redo: false,
        replay: false,
    }
}

async fn take(test: &TestApp, day: &str, worker: &runs::Worker) -> runs::Taken {
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    let taken = runs::take(&mut work, wanted(day), worker.id).await.unwrap();
    work.finish(Entry::by_trigger()).await.unwrap();
    taken
}

async fn claim(test: &TestApp, run: &runs::Run, worker: &runs::Worker) -> Option<runs::Shard> {
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    let shard = runs::claim(&mut work, run.id, worker.id).await.unwrap();
    work.finish(Entry::by_trigger()).await.unwrap();
    shard
}

fn overtaken<T: std::fmt::Debug>(done: &Result<T, store::Error>) -> bool {
    matches!(done, Err(store::Error::Overtaken))
}

#[tokio::test]
async fn a_stalled_process_writes_nothing_once_another_took_over() {
    let test = world().await;
    let day = "2026-11-21";
    let stalled = runs::enlist(&test.app.db, "one", 1).await.unwrap();
    let other = runs::enlist(&test.app.db, "two", 2).await.unwrap();
    let runs::Taken::Ours(old) = take(&test, day, &stalled).await else {
        panic!()
    };
    assert!(matches!(take(&test, day, &other).await, runs::Taken::Others(run) if run.id == old.id));
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    runs::cut(&mut work, &old, 50).await.unwrap();
    work.finish(Entry::by_trigger()).await.unwrap();
    let shard = claim(&test, &old, &stalled).await.unwrap();
    assert_ne!(
        claim(&test, &old, &other).await.unwrap().id + claim(&test, &old, &other).await.unwrap().site.0 * 100,
        shard.id + shard.site.0 * 100,
        "a shard that is held by somebody at work is not given away"
    );
    // it was not heard of for longer than its lease
    test.sql("update night_worker set beat_at = now() - interval '31 seconds' where host = 'one'")
        .await;
    let runs::Taken::Ours(new) = take(&test, day, &other).await else {
        panic!()
    };
    assert_eq!((old.id, old.cutoff_at), (new.id, new.cutoff_at));
    let again = claim(&test, &new, &other).await.unwrap();
    assert_eq!(
        (again.site, again.id, again.fence),
        (shard.site, shard.id, shard.fence + 1)
    );
    // whatever it still wants to write is refused
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    assert!(overtaken(&runs::advance(&mut work, &shard).await));
    assert!(overtaken(&runs::done(&mut work, &shard).await));
    assert!(overtaken(&runs::hold(&mut work, &old).await));
    assert!(overtaken(&runs::publish(&mut work, &old, true, 0).await));
    assert!(overtaken(&runs::fail(&mut work, &old, "late").await));
    assert!(overtaken(&runs::sum_up(&mut work, &mut old.clone()).await));
    runs::advance(&mut work, &again).await.unwrap();
    runs::hold(&mut work, &new).await.unwrap();
    drop(work);
    // left behind, it is given up by the night of another date, and with it the writes of whoever still holds a shard
    other.leave().await;
    assert!(done(&test, &on("2026-11-22")).await > 0);
    let mut work = test.app.db.begin_night(test.app.clock.now()).await.unwrap();
    assert!(overtaken(&runs::advance(&mut work, &again).await));
    assert!(overtaken(&runs::hold(&mut work, &new).await));
    drop(work);
    stalled.leave().await;
}

/// A process whose connection is gone need not be waited for.
#[tokio::test]
async fn the_dead_are_known_at_once() {
    let test = world().await;
    let dead = runs::enlist(&test.app.db, "one", 1).await.unwrap();
    let runs::Taken::Ours(run) = take(&test, "2026-11-22", &dead).await else {
        panic!()
    };
    test.sql(
        "select pg_terminate_backend(l.pid) from pg_locks l
         where l.locktype = 'advisory' and l.objsubid = 2 and l.database = (select oid from pg_database where datname = current_database())",
    )
    .await;
    let other = runs::enlist(&test.app.db, "two", 2).await.unwrap();
    let mut taken = take(&test, "2026-11-22", &other).await;
    for _ in 0..50 {
        if matches!(taken, runs::Taken::Ours(_)) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        taken = take(&test, "2026-11-22", &other).await;
    }
    assert!(matches!(taken, runs::Taken::Ours(new) if new.id == run.id && new.fence == run.fence + 1));
    other.leave().await;
}

/// One process fits and stops there; another takes the lead; a third helps: together they end as one does alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_processes_end_as_one_does() {
    let test = world().await;
    let day = "2026-11-22";
    done(&test, &on(day)).await;
    let alone = found(&test, FIRST).await;
    test.sql("update publication set run_id = null; delete from flag").await;
    // programs of their own, as far as the database can tell: each has its pools
    let others: Vec<_> = (0..3)
        .map(|_| {
            let db = Db::connect(&test.database.app_url(), &test.database.job_url(), 4).unwrap();
            App::new(db, FixedClock(test.app.clock.now()), test.app.config.clone())
        })
        .collect();
    let mut stop = |progress: Progress| match progress.step {
        Step::Scoring => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let again = super::again(day);
    let end = nightly::run(&test.app, &again, &mut stop).await.unwrap();
    assert!(matches!(end, End::Stopped { .. }), "{end:?}");
    let tasks: Vec<_> = others
        .into_iter()
        .map(|app| {
            tokio::spawn(
                async move { nightly::run(&app, &super::again(day), &mut |_| ControlFlow::Continue(())).await },
            )
        })
        .collect();
    let mut published = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            End::Published { flags_raised, .. } => {
                published += 1;
                assert!(flags_raised > 0);
            }
            End::Helped { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    // who came after the end began a further revision, as asked; the first of them is what counts here
    assert!(published >= 1);
    assert_eq!(found(&test, "select id from run where revision = 2").await, alone);
    assert_eq!(
        ask(&test, "count(*)::text]) from shard where state <> 'done'").await,
        ["0"]
    );
    assert_eq!(found(&test, LAST).await, alone);
}
