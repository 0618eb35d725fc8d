//! The audit trail: entries name who and what, chains hold, and five tamperings as superuser are each found.

use metwatch::actions::{Form, Posted, audit, sign_in, users};
use metwatch::domain::access::{Actor, Role};
use metwatch::domain::audit::Entry;
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::support::{NORTH, SOUTH, TestApp};

/// Some entries on the north patient's chain: three changes beside the first insert.
async fn with_changes() -> TestApp {
    let test = TestApp::new().await;
    for year in [1961, 1962, 1963] {
        test.sql(&format!(
            "update patient set birth_year = {year}, version = version + 1 where site_id = 1 and id = 1"
        ))
        .await;
    }
    test
}

#[tokio::test]
async fn an_undisturbed_trail_verifies() {
    let test = with_changes().await;
    let report = audit::verify(&test.app).await.unwrap();
    assert!(report.entries >= 8, "{}", report.entries);
    assert_eq!(report.broken, []);
}

#[tokio::test]
async fn an_entry_says_who_what_and_from_which_value_to_which() {
    let test = with_changes().await;
    let mut superuser = test.database.superuser().await;
    let row = superuser
        .fetch_one("select actor_name, action, table_name, changes from audit_entry where site_id = 1 and subject = 1 order by seq desc limit 1")
        .await
        .unwrap();
    assert_eq!(row.get::<String, _>("actor_name"), "console");
    assert_eq!(row.get::<String, _>("action"), "update");
    let changes: serde_json::Value = row.get("changes");
    assert_eq!(changes["birth_year"], serde_json::json!([1962, 1963]));
}

/// Statements of somebody with all rights to the database and none to the key beside it.
const TAMPERINGS: &[(&str, &str)] = &[
    ("a changed value", "update audit_entry set changes = jsonb_set(changes, '{birth_year,1}', '1999') where site_id = 1 and subject = 1 and seq = 3"),
    ("a changed value with its digest", "update audit_entry set changes = jsonb_set(changes, '{birth_year,1}', '1999'),
       digests = jsonb_set(digests, '{birth_year,1}', to_jsonb(app.digest('1999'))) where site_id = 1 and subject = 1 and seq = 3"),
    ("a value blotted out", "update audit_entry set changes = jsonb_set(changes, '{birth_year,1}', 'null') where site_id = 1 and subject = 1 and seq = 3"),
    ("a column taken out", "update audit_entry set changes = changes - 'birth_year' where site_id = 1 and subject = 1 and seq = 3"),
    ("a removed entry", "delete from audit_entry where site_id = 1 and subject = 1 and seq = 3"),
    ("a removed tail", "delete from audit_entry where site_id = 1 and subject = 1 and seq = 5;
       update audit_head set seq = 4, hash = (select hash from audit_entry where site_id = 1 and subject = 1 and seq = 4) where site_id = 1 and subject = 1"),
    ("a swapped order", "update audit_entry set seq = -3 where site_id = 1 and subject = 1 and seq = 3;
       update audit_entry set seq = 3 where site_id = 1 and subject = 1 and seq = 4;
       update audit_entry set seq = 4 where site_id = 1 and subject = 1 and seq = -3"),
    ("an added entry", "insert into audit_entry select site_id, subject, 6, at, actor_id, 'somebody else', role, session_id, request_id, action, table_name,
       record_id, changes, digests, reason, version, hash from audit_entry where site_id = 1 and subject = 1 and seq = 5"),
    ("a removed chain", "delete from audit_entry where site_id = 1 and subject = 1; delete from audit_head where site_id = 1 and subject = 1"),
    ("a rewritten chain", "update audit_entry set actor_name = 'nobody' where site_id = 1 and subject = 1 and seq = 5;
       update audit_entry e set hash = sha256((select hash from audit_entry where site_id = 1 and subject = 1 and seq = 4) || app.audit_bytes(e))
       where site_id = 1 and subject = 1 and seq = 5;
       update audit_head set hash = (select hash from audit_entry where site_id = 1 and subject = 1 and seq = 5) where site_id = 1 and subject = 1"),
];

#[tokio::test]
async fn every_tampering_as_superuser_is_found_and_named() {
    for (name, statements) in TAMPERINGS {
        let test = with_changes().await;
        audit::anchor(&test.app).await.unwrap();
        let mut superuser = test.database.superuser().await;
        let behind = format!(
            "alter table audit_entry disable trigger all; {statements}; alter table audit_entry enable trigger all"
        );
        superuser.execute(AssertSqlSafe(behind)).await.unwrap();
        let report = audit::verify(&test.app).await.unwrap();
        let first = report.broken.first().unwrap_or_else(|| panic!("{name} was not found"));
        assert_eq!((first.site_id, first.subject), (1, 1), "{name}: {first:?}");
    }
}

/// The last anchor agrees with the forgery; the one before it does not.
#[tokio::test]
async fn a_chain_rewritten_before_the_last_anchor_is_found() {
    let test = with_changes().await;
    audit::anchor(&test.app).await.unwrap();
    let (_, rewrite) = TAMPERINGS.last().unwrap();
    let behind =
        format!("alter table audit_entry disable trigger all; {rewrite}; alter table audit_entry enable trigger all");
    test.database
        .superuser()
        .await
        .execute(AssertSqlSafe(behind))
        .await
        .unwrap();
    audit::anchor(&test.app).await.unwrap();
    let report = audit::verify(&test.app).await.unwrap();
    assert_eq!((report.anchors, report.broken.len()), (2, 1), "{:?}", report.broken);
    assert_eq!((report.broken[0].site_id, report.broken[0].subject), (1, 1));
}

/// The name as it is on file and the role of the day, however the name was typed.
#[tokio::test]
async fn signing_in_is_entered_under_the_user_s_own_name_and_role() {
    let test = TestApp::new().await;
    let console = Actor::console(vec![]);
    let link = users::add(&test.app, &console, "k.meyer", Role::Analyst, &[])
        .await
        .unwrap();
    let password = "a long walk in the rain";
    sign_in::choose_password(&test.app, &link, password.into(), password, None)
        .await
        .unwrap();
    sign_in::by_password(&test.app, "\u{212a}.MEYER", password.into(), None)
        .await
        .unwrap();
    let mut superuser = test.database.superuser().await;
    let entries = superuser
        .fetch_all("select distinct actor_name, role from audit_entry where action in ('signed_in', 'password_set')")
        .await
        .unwrap();
    let entries: Vec<(String, String)> = entries.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(entries, [("k.meyer".to_owned(), "analyst".to_owned())]);
}

/// S-010: whoever finds the old link can do nothing with it once there is a new one, or a password.
#[tokio::test]
async fn a_lost_link_dies_when_another_takes_its_place() {
    let test = TestApp::new().await;
    let console = Actor::console(vec![]);
    let lost = users::add(&test.app, &console, "k.meyer", Role::Analyst, &[])
        .await
        .unwrap();
    assert!(sign_in::link(&test.app, &lost).await.is_ok());
    let new = users::link(&test.app, &console, "k.meyer").await.unwrap();
    assert!(sign_in::link(&test.app, &lost).await.is_err());
    assert!(sign_in::link(&test.app, &new).await.is_ok());
}

/// A double click: the second post waits for the first and is answered with its result (S-081).
#[tokio::test]
async fn a_form_sent_twice_at_once_has_one_result() {
    let test = TestApp::new().await;
    let actor = test.actor(Role::Clinician).await;
    let form = Form::new("0123456789abcdef".into(), &[("a".into(), "b".into())]);
    let begin = || test.app.db.begin(&actor, test.app.clock.now());
    let (mut first, mut second) = (begin().await.unwrap(), begin().await.unwrap());
    assert_eq!(form.before(&mut first).await.unwrap(), None);
    let one = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        form.keep(&mut first, "/there").await.unwrap();
        first.finish(Entry::of("posted")).await.unwrap();
    };
    let (two, ()) = tokio::join!(form.before(&mut second), one);
    assert_eq!(two.unwrap(), Some(Posted::Before("/there".into())));
}

#[tokio::test]
async fn a_forged_anchor_is_found() {
    let test = with_changes().await;
    audit::anchor(&test.app).await.unwrap();
    let path = test.app.config.data.join("audit/anchors.jsonl");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replacen("\"chains\":", "\"chains\":1", 1);
    std::fs::write(&path, text).unwrap();
    let report = audit::verify(&test.app).await.unwrap();
    assert_eq!(report.broken.len(), 1, "{:?}", report.broken);
}

#[tokio::test]
async fn the_trail_is_append_only_even_for_the_owner() {
    let test = with_changes().await;
    let mut superuser = test.database.superuser().await;
    for refused in [
        "update audit_entry set role = 'x'",
        "delete from audit_entry",
        "truncate audit_entry",
    ] {
        let error = superuser
            .execute(AssertSqlSafe(format!("set role metwatch_owner; {refused}")))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("append-only"), "{refused}: {error}");
    }
}

/// Actions on no patient go to the actor's own chain; a page read often leaves one entry an hour.
#[tokio::test]
async fn reads_and_refusals_leave_their_entries() {
    let test = TestApp::new().await;
    let clinician = test.client(Role::Clinician).await;
    for _ in 0..3 {
        assert_eq!(clinician.get("/centres/NOR").await.status, 200);
    }
    assert_eq!(clinician.get("/administration").await.status, 403);
    assert_eq!(clinician.get("/centres/SOU").await.status, 404);
    assert_eq!(clinician.get("/patients?q=NOR").await.status, 200);
    let mut superuser = test.database.superuser().await;
    let mut count = async |sql: &'static str| -> i64 { superuser.fetch_one(sql).await.unwrap().get(0) };
    assert_eq!(
        count("select count(*) from audit_entry where action = 'viewed' and table_name = 'centre'").await,
        1
    );
    assert_eq!(
        count("select count(*) from audit_entry where action = 'refused'").await,
        2
    );
    assert_eq!(
        count("select count(*) from audit_entry where action = 'searched'").await,
        1
    );
    assert_eq!(
        count("select count(*) from audit_entry where action = 'signed_in'").await,
        1
    );
    // the term itself is nowhere
    assert_eq!(
        count("select count(*) from audit_entry where action = 'searched' and changes::text like '%NOR%'").await,
        0
    );
}

/// The page of the administrator names whom an act is about; the trail keeps what the list leaves out.
#[tokio::test]
async fn the_last_acts_name_users_and_centres_and_leave_out_views() {
    let test = TestApp::new().await;
    let administrator = test.client(Role::Administrator).await;
    let clinician = test.client(Role::Clinician).await;
    clinician.get("/triage").await;
    for _ in 0..2 {
        assert_eq!(clinician.get("/administration").await.status, 403);
    }
    let console = Actor::console(vec![]);
    users::add(&test.app, &console, "Odile", Role::Analyst, &[NORTH, SOUTH])
        .await
        .unwrap();
    users::disable(&test.app, &console, "Odile").await.unwrap();
    let told = administrator.get("/administration").await.text("main");
    let acts = told.split_once("Last acts").unwrap().1;
    for act in [
        "added user Odile",
        "gave user Odile the centres NOR, SOU",
        "made a link for user Odile",
        "disabled user Odile",
    ] {
        assert!(acts.contains(act), "{act}: {acts}");
    }
    assert!(acts.contains("0 at sign-in, 2 by right"), "{acts}");
    for left_out in ["viewed", "signed in", "link used"] {
        assert!(!acts.contains(left_out), "{left_out}: {acts}");
    }
    let mut superuser = test.database.superuser().await;
    let kept: i64 = superuser
        .fetch_one("select count(*) from audit_entry where site_id = 0 and action in ('viewed', 'signed_in')")
        .await
        .unwrap()
        .get(0);
    assert!(kept >= 3, "{kept}");
}
