//! The second wall, asked directly: row security as the application's own login, and connections that come back dirty (S-040 to S-044).

use std::time::Duration;

use metwatch::domain::access::{Actor, Role};
use metwatch::domain::audit::Entry;
use metwatch::store::{Db, patients};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::support::{NORTH, SOUTH, TestApp};

/// Tables with a centre that are not under row security, and why.
const EXEMPT: &[(&str, &str)] = &[
    ("user_site", "which centres a user holds; no patient"),
    ("page_opened", "which page a session opened in an hour; ids only"),
    ("shard", "ranges of ids and counts of a night; nothing of a patient"),
];

#[tokio::test]
async fn every_table_with_a_centre_is_behind_forced_row_security() {
    let test = TestApp::new().await;
    let mut superuser = test.database.superuser().await;
    let rows = superuser
        .fetch_all(
            "select c.relname, c.relrowsecurity and c.relforcerowsecurity as forced,
               exists (select from pg_policy p where p.polrelid = c.oid and p.polname in ('centre', 'reader')) as has_policy
             from pg_class c
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             join pg_attribute a on a.attrelid = c.oid and a.attname = 'site_id' and not a.attisdropped
             where c.relkind in ('r', 'p')",
        )
        .await
        .unwrap();
    assert!(rows.len() > 15);
    let open: Vec<String> = rows
        .iter()
        .filter(|row| !(row.get::<bool, _>("forced") && row.get::<bool, _>("has_policy")))
        .map(|row| row.get::<String, _>("relname"))
        .filter(|name| !EXEMPT.iter().any(|(exempt, _)| exempt == name))
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn every_key_of_a_table_with_a_centre_begins_with_it() {
    let test = TestApp::new().await;
    let mut superuser = test.database.superuser().await;
    let rows = superuser
        .fetch_all(
            "select i.indexrelid::regclass::text as name
             from pg_index i
             join pg_class c on c.oid = i.indrelid
             join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
             join pg_attribute a on a.attrelid = c.oid and a.attname = 'site_id'
             where i.indisunique
               and i.indkey[0] <> a.attnum
               and c.relname not in ('user_site', 'page_opened')",
        )
        .await
        .unwrap();
    let names: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
    assert!(names.is_empty(), "{names:?}");
}

/// As the application's login with the north in scope, no statement reaches a row of the south, and none without a scope.
#[tokio::test]
async fn no_statement_reaches_another_centre() {
    let test = TestApp::new().await;
    let mut superuser = test.database.superuser().await;
    let tables: Vec<String> = superuser
        .fetch_all("select distinct p.polrelid::regclass::text as name from pg_policy p where p.polname = 'centre'")
        .await
        .unwrap()
        .iter()
        .map(|row| row.get("name"))
        .collect();
    let mut app = test.database.as_app().await;
    for (scope, expected) in [("set app.sites = '1'", 1), ("reset app.sites", 0)] {
        app.execute(scope).await.unwrap();
        let seen: i64 = app.fetch_one("select count(*) from patient").await.unwrap().get(0);
        assert_eq!(seen, expected, "{scope}");
        for table in &tables {
            let sql = format!("select count(*) from {table} where site_id = 2");
            let seen: i64 = app.fetch_one(AssertSqlSafe(sql)).await.unwrap().get(0);
            assert_eq!(seen, 0, "{table}, {scope}");
        }
    }
    app.execute("set app.sites = '1'; set app.actor = '1'").await.unwrap();
    let changed = app
        .execute("update patient set birth_year = 1900 where site_id = 2")
        .await
        .unwrap();
    assert_eq!(changed.rows_affected(), 0);
    let error = app
        .execute("insert into patient (site_id, patient_key, birth_year, sex, recorded_by) values (2, 'SOU-9999', 1960, 'F', 1)")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("row-level security"), "{error}");
    for refused in [
        "delete from patient",
        "truncate patient",
        "create table mine (x int)",
        "delete from audit_entry",
        "insert into audit_head values (1, 1, 1, '')",
    ] {
        let error = app.execute(refused).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{refused}: {error}");
    }
}

#[tokio::test]
async fn a_change_without_an_actor_fails() {
    let test = TestApp::new().await;
    let mut app = test.database.as_app().await;
    app.execute("set app.sites = '1'").await.unwrap();
    let error = app
        .execute("update patient set birth_year = 1961 where site_id = 1")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no actor"), "{error}");
}

/// S-044: futures of `begin` dropped at random times on a pool of one connection; no later borrower sees the former user's
/// centre, and none of its acknowledged writes is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_begin_leaks_nothing_and_loses_nothing() {
    let test = TestApp::new().await;
    let db = Db::connect(&test.database.app_url(), &test.database.job_url(), 1).unwrap();
    let mut north = test.actor(Role::Coordinator).await;
    north.sites = vec![NORTH];
    let south = Actor {
        sites: vec![SOUTH],
        ..north.clone()
    };
    let now = test.app.clock.now();
    let mut acknowledged = 0i64;
    for round in 0u64..300 {
        // a deterministic spread over the microseconds that a begin takes
        let patience = Duration::from_micros(round * 37 % 900);
        let _ = tokio::time::timeout(patience, db.begin(&south, now)).await;
        let mut work = db.begin(&north, now).await.unwrap();
        let seen = patients::search(&mut work, "SOU", 5).await.unwrap();
        assert!(seen.is_empty(), "round {round}: the former user's centre was seen");
        work.finish(Entry::of("probe").fact("round", round)).await.unwrap();
        acknowledged += 1;
    }
    let mut superuser = test.database.superuser().await;
    let kept: i64 = superuser
        .fetch_one("select count(*) from audit_entry where action = 'probe'")
        .await
        .unwrap()
        .get(0);
    assert_eq!(kept, acknowledged);
}

/// S-050: what runs with the owner's rights is for named logins, and no statement of the application forges an entry.
#[tokio::test]
async fn the_application_forges_no_entry() {
    let test = TestApp::new().await;
    let mut superuser = test.database.superuser().await;
    let open = superuser
        .fetch_all(
            "select p.proname
             from pg_proc p
             join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'app'
             where p.proacl is null
                or exists (select from aclexplode(p.proacl) a where a.grantee = 0)",
        )
        .await
        .unwrap();
    let open: Vec<String> = open.iter().map(|row| row.get("proname")).collect();
    assert!(open.is_empty(), "anybody may call {open:?}");
    let mut app = test.database.as_app().await;
    app.execute("set app.sites = '1'; set app.actor = '1'").await.unwrap();
    for (statement, why) in [
        (
            "select app.audit_append(1, 1, 'viewed', 'patient', 1, '{}', null)",
            "permission denied",
        ),
        (
            "select app.audit_event(1, 1, 'update', 'patient', 1, '{}', null)",
            "by their triggers",
        ),
        (
            "select app.audit_event(2, 2, 'viewed', 'patient', 2, '{}', null)",
            "not the actor's",
        ),
        (
            "select app.audit_event(0, -2, 'viewed', 'patient', 2, '{}', null)",
            "not the actor's",
        ),
        (
            "reset app.sites; select app.audit_event(1, 1, 'viewed', 'patient', 1, '{}', null)",
            "not the actor's",
        ),
    ] {
        let error = app.execute(statement).await.unwrap_err();
        assert!(error.to_string().contains(why), "{statement}: {error}");
    }
}

/// Decision 4 in the database: a fact is amended by a new row; and no row moves to another patient or centre.
#[tokio::test]
async fn a_fact_is_never_overwritten_and_no_row_moves() {
    let test = TestApp::new().await;
    let mut superuser = test.database.superuser().await;
    let facts = superuser
        .fetch_all(
            "select attrelid::regclass::text as name from pg_attribute a
             join pg_class c on c.oid = a.attrelid and c.relkind = 'r'
             where a.attname = 'supersedes_id'",
        )
        .await
        .unwrap();
    assert!(facts.len() >= 6);
    let mut app = test.database.as_app().await;
    app.execute("set app.sites = '1,2'; set app.actor = '1'").await.unwrap();
    for fact in &facts {
        let name: String = fact.get("name");
        let sql = format!("update {name} set reason = 'because'");
        let error = app.execute(AssertSqlSafe(sql)).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{name}: {error}");
    }
    app.execute("insert into visit (site_id, patient_id, natural_key, occurred_on, recorded_by) values (1, 1, 'v', '2026-01-01', 1)")
        .await
        .unwrap();
    app.execute(
        "insert into patient (site_id, patient_key, birth_year, sex, recorded_by) values (1, 'NOR-0002', 1960, 'F', 1)",
    )
    .await
    .unwrap();
    let moved = "update visit set patient_id = (select id from patient where patient_key = 'NOR-0002')";
    let error = app.execute(moved).await.unwrap_err();
    assert!(error.to_string().contains("stays with"), "{error}");
}
