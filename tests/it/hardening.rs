//! Sign-in, sessions, headers, origin, host: what a stranger and a browser meet (S-001 to S-023, S-100 to S-104).

use axum::body::Body;
use axum::http::{Request, header};
use metwatch::actions::users;
use metwatch::domain::access::{Actor, Role};
use sqlx::{Executor, Row};

use crate::support::{NORTH, TestApp};

const PASSWORD: &str = "nine blue otters at dawn";

async fn with_user() -> TestApp {
    let test = TestApp::new().await;
    add(&test, "Mara", Role::Clinician).await;
    test
}

async fn add(test: &TestApp, name: &str, role: Role) {
    let console = Actor::console(vec![NORTH]);
    let link = users::add(&test.app, &console, name, role, &[NORTH]).await.unwrap();
    let page = test
        .anonymous()
        .post(&format!("/link/{link}"), &[("password", PASSWORD), ("again", PASSWORD)])
        .await;
    assert_eq!(page.status, 303, "{}", page.text("main"));
    // a link works once
    assert_eq!(test.anonymous().get(&format!("/link/{link}")).await.status, 404);
}

/// Used, expired, cut short: one answer, with what to do next.
#[tokio::test]
async fn a_link_that_opens_nothing_says_what_to_do() {
    let test = TestApp::new().await;
    let console = Actor::console(vec![NORTH]);
    let used = users::add(&test.app, &console, "Mara", Role::Clinician, &[NORTH])
        .await
        .unwrap();
    let typed = [("password", PASSWORD), ("again", PASSWORD)];
    let page = test.anonymous().post(&format!("/link/{used}"), &typed).await;
    assert_eq!(page.status, 303);
    let expired = users::add(&test.app, &console, "Odile", Role::Analyst, &[NORTH])
        .await
        .unwrap();
    test.sql("update sign_in_link set expires_at = now() - interval '1 minute' where used_at is null")
        .await;
    let mut answers = vec![];
    for link in [used.as_str(), expired.as_str(), &expired[..20], "abc"] {
        let address = format!("/link/{link}");
        for page in [
            test.anonymous().get(&address).await,
            test.anonymous().post(&address, &typed).await,
        ] {
            assert_eq!(page.status, 404);
            let number = page.text("code");
            answers.push(page.body.replace(&number, ""));
        }
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert!(
        answers[0].contains("Ask your administrator for a new one, or <a href=\"/sign-in\">sign in</a>."),
        "{}",
        answers[0]
    );
}

#[tokio::test]
async fn a_password_signs_in_and_only_its_hash_is_kept() {
    let test = with_user().await;
    let mut client = test.anonymous();
    let page = client
        .post(
            "/sign-in",
            &[("name", "mara"), ("password", PASSWORD), ("next", "/patients")],
        )
        .await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/patients"));
    let cookie = page.headers[header::SET_COOKIE].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    client.keep(&page);
    assert_eq!(client.get("/patients").await.status, 200);
    let mut superuser = test.database.superuser().await;
    let hash: String = superuser
        .fetch_one("select password_hash from app_user where name = 'Mara'")
        .await
        .unwrap()
        .get(0);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
}

#[tokio::test]
async fn an_unknown_user_and_a_wrong_password_get_one_answer() {
    let test = with_user().await;
    let token = "0123456789abcdef0123";
    let strip = |body: &str, name: &str| {
        // the typed name comes back; the token is new each time
        let token = regex_lite(body, "name=\"form_token\" value=\"");
        body.replace(name, "").replace(&token, "")
    };
    let mut bodies = vec![];
    for (name, password) in [
        ("mara", "wrong wrong wrong"),
        ("nobody", "wrong wrong wrong"),
        ("console", "wrong wrong wrong"),
    ] {
        let page = test
            .anonymous()
            .post_exactly(
                "/sign-in",
                &[("form_token", token), ("name", name), ("password", password)],
            )
            .await;
        assert_eq!(page.status, 422);
        bodies.push(strip(&page.body, name));
    }
    assert!(bodies.windows(2).all(|pair| pair[0] == pair[1]));
}

/// What follows a mark up to the next quote.
fn regex_lite(text: &str, mark: &str) -> String {
    text.split_once(mark)
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn weak_passwords_are_refused_with_a_reason() {
    let test = TestApp::new().await;
    let link = users::add(&test.app, &Actor::console(vec![]), "Odile", Role::Analyst, &[NORTH])
        .await
        .unwrap();
    let long = "x".repeat(1025);
    for (password, word) in [
        ("short", "12 characters"),
        ("odile odile 77", "user name"),
        ("1qaz2wsx3edc", "commonest"),
        (long.as_str(), "1024"),
        ("aaaaaaaaaaaaaaaa", "few"),
    ] {
        let page = test
            .anonymous()
            .post(&format!("/link/{link}"), &[("password", password), ("again", password)])
            .await;
        assert_eq!(page.status, 422);
        assert!(page.text("main").contains(word), "{word}: {}", page.text("main"));
    }
}

#[tokio::test]
async fn sessions_end_by_sign_out_idleness_age_and_disabling() {
    let test = with_user().await;
    let sign_in = async || {
        let mut client = test.anonymous();
        let page = client
            .post("/sign-in", &[("name", "Mara"), ("password", PASSWORD)])
            .await;
        client.keep(&page);
        assert_eq!(client.get("/patients").await.status, 200);
        client
    };
    let client = sign_in().await;
    let page = client.post("/sign-out", &[]).await;
    assert_eq!(page.headers["clear-site-data"], "\"cache\"");
    assert_eq!(client.get("/patients").await.status, 303, "a copied cookie is dead");
    for ended in [
        "update session set seen_at = now() - interval '31 minutes'",
        "update session set created_at = now() - interval '12 hours 1 second'",
        "update app_user set disabled_at = now() where name = 'Mara'",
    ] {
        let client = sign_in().await;
        test.sql(ended).await;
        assert_eq!(client.get("/patients").await.status, 303, "{ended}");
        test.sql("update app_user set disabled_at = null where name = 'Mara'")
            .await;
    }
    let mut made_up = test.anonymous();
    made_up.cookie = Some(format!("sid={}", "A".repeat(43)));
    assert_eq!(made_up.get("/patients").await.status, 303);
}

/// S-026: what was typed waits, sealed, for the one who typed it.
#[tokio::test]
async fn a_form_that_outlives_its_session_comes_back_filled() {
    let test = with_user().await;
    add(&test, "Odile", Role::Coordinator).await;
    let sign_in = async |name: &str, kept: &str| {
        let mut client = test.anonymous();
        let fields = [("name", name), ("password", PASSWORD), ("kept", kept)];
        let page = client.post("/sign-in", &fields).await;
        assert_eq!(page.status, 303, "{}", page.text("main"));
        client.keep(&page);
        (client, page.location().to_owned())
    };
    let (client, _) = sign_in("Odile", "").await;
    test.sql("update session set seen_at = now() - interval '31 minutes'")
        .await;
    let visits = "/patients/NOR/NOR-0001/visits";
    let note = "a cold,\n\n<b>since</b> Tuesday";
    let typed = [
        ("occurred_on", "2024-04-03"),
        ("ecog", "1"),
        ("note", note),
        ("do", "save"),
    ];
    let page = client.post(visits, &typed).await;
    assert_eq!(page.status, 401);
    assert!(page.text(".errors").contains("what you typed is kept"), "{}", page.body);
    let kept = page.input("kept").expect("the token");
    let sealed = "select count(*) from kept_form where position('Tuesday'::bytea in sealed) > 0";
    let row = test.database.superuser().await.fetch_one(sealed).await.unwrap();
    assert_eq!(row.get::<i64, _>(0), 0, "nothing of it can be read in the database");
    // a password mistyped loses nothing
    let wrong = [
        ("name", "Odile"),
        ("password", "not this one at all"),
        ("kept", kept.as_str()),
    ];
    let page = test.anonymous().post("/sign-in", &wrong).await;
    assert_eq!((page.status.as_u16(), page.input("kept")), (422, Some(kept.clone())));
    // it is nobody else's
    let (other, to) = sign_in("Mara", &kept).await;
    assert_eq!(other.get(&to).await.status, 404);
    // it comes back as it was left, checked, and nothing is saved before it is sent
    let (client, to) = sign_in("Odile", &kept).await;
    assert_eq!(to, format!("/kept/{kept}"));
    let page = client.get(&to).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let hidden = scraper::Html::parse_document(&page.body);
    let areas = scraper::Selector::parse("form[action='/patients/NOR/NOR-0001/visits'] textarea").unwrap();
    let mut fields: Vec<(String, String)> = hidden
        .select(&areas)
        .map(|area| (area.value().attr("name").unwrap().to_owned(), area.text().collect()))
        .collect();
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["occurred_on", "ecog", "note"]);
    assert_eq!(fields[2].1, note);
    fields.push(("do".into(), "check".into()));
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let page = client.post(visits, &fields).await;
    assert_eq!(page.status, 200, "{}", page.text("main"));
    assert_eq!(page.input("occurred_on").as_deref(), Some("2024-04-03"));
    assert!(
        page.text(".actions").contains("Not saved yet"),
        "{}",
        page.text(".actions")
    );
    assert_eq!(client.post(visits, &fields[..3]).await.status, 303);
    // after half an hour it is gone, and so is one that nobody's session sent
    test.sql("update kept_form set kept_at = now() - interval '31 minutes'")
        .await;
    assert_eq!(client.get(&to).await.status, 404);
    let mut nobody = test.anonymous();
    nobody.cookie = Some(format!("sid={}", "A".repeat(43)));
    let page = nobody.post(visits, &typed).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/sign-in"));
    assert_eq!(client.post("/sign-out", &[]).await.status, 303);
    let page = client.post(visits, &typed).await;
    assert_eq!(
        (page.status.as_u16(), page.location()),
        (303, "/sign-in"),
        "who left keeps nothing"
    );
}

#[tokio::test]
async fn every_answer_carries_the_policy_and_no_store() {
    let test = TestApp::new().await;
    let client = test.anonymous();
    for path in [
        "/sign-in",
        "/nowhere",
        "/patients",
        "/static/0/none.css",
        "/healthz/live",
        "/cohorts/export.csv",
    ] {
        let page = client.get(path).await;
        let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(page.headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
    }
    let css = regex_lite(&client.get("/sign-in").await.body, "rel=\"stylesheet\" href=\"");
    let sheet = client.get(&css).await;
    assert_eq!(sheet.status, 200);
    assert!(
        sheet.headers[header::CACHE_CONTROL]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
}

#[tokio::test]
async fn posts_from_elsewhere_and_odd_hosts_are_refused() {
    let test = TestApp::new().await;
    let client = test.client(Role::Clinician).await;
    let post = || Request::post("/sign-out").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = || Body::from("form_token=0123456789abcdef0123");
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "https://evil.example"),
        ("x-nothing", "1"),
    ] {
        let page = client.send_body(post().header(name, value), body()).await;
        assert_eq!(page.status, 403, "{name}: {value}");
    }
    assert_eq!(client.get("/patients").await.status, 200, "still signed in");
    assert_eq!(
        client
            .send(Request::get("/sign-in").header(header::HOST, "evil.example"))
            .await
            .status,
        400
    );
    let page = client
        .send_body(post().header("origin", "http://127.0.0.1:8080"), body())
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn malformed_posts_are_told_so() {
    let test = TestApp::new().await;
    let client = test.anonymous();
    let send = async |kind: &str, body: Vec<u8>| {
        let request = Request::post("/sign-in")
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, kind);
        client.send_body(request, Body::from(body)).await.status.as_u16()
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(send(form, b"name=a&password=b".to_vec()).await, 400, "no token");
    for (name, what) in [("%00", "NUL"), ("%FF%FE", "not UTF-8")] {
        let body = format!("form_token=0123456789abcdef&name={name}&password=b");
        assert_eq!(send(form, body.into_bytes()).await, 422, "{what}: the form again");
    }
    let token = b"form_token=0123456789abcdef0123%00&name=a&password=b";
    assert_eq!(send(form, token.to_vec()).await, 400, "a token that is none");
    assert_eq!(send("application/json", b"{}".to_vec()).await, 415);
    assert_eq!(send(form, vec![b'a'; 2 * 1024 * 1024]).await, 413);
}

/// Before anybody is set up the sign-in page says what to do, and health answers (S-009).
#[tokio::test]
async fn an_empty_registry_says_how_to_begin() {
    let test = TestApp::new().await;
    let page = test.anonymous().get("/sign-in").await;
    assert_eq!(page.status, 503);
    assert!(page.text("main").contains("user add"));
    let ready = test.anonymous().get("/healthz/ready").await;
    assert_eq!(ready.status, 200, "{}", ready.body);
}

/// S-132: a database that is away gives a human 503 within seconds, and the pages are sound again when it is back.
#[tokio::test]
async fn a_database_that_goes_away_and_comes_back() {
    let test = TestApp::new().await;
    let client = test.client(Role::Clinician).await;
    let name = &test.database.name;
    let mut elsewhere = <sqlx::PgConnection as sqlx::Connection>::connect(&crate::support::server_url())
        .await
        .unwrap();
    let run = async |connection: &mut sqlx::PgConnection, sql: String| {
        connection.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    };
    run(&mut elsewhere, format!("alter database {name} allow_connections false")).await;
    run(
        &mut elsewhere,
        format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"),
    )
    .await;
    let before = std::time::Instant::now();
    let page = client.get("/patients").await;
    assert_eq!(page.status, 503, "{}", page.text("main"));
    assert!(before.elapsed() < std::time::Duration::from_secs(3));
    assert!(page.text("main").contains("database"), "{}", page.body);
    assert!(page.headers.contains_key(header::RETRY_AFTER));
    run(&mut elsewhere, format!("alter database {name} allow_connections true")).await;
    assert_eq!(client.get("/patients").await.status, 200);
}
