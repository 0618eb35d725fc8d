//! The analyst's job: the curves equal the reference results through the registry, files tell nobody apart, and questions that
//! can't be read are answered where they were typed.

use std::collections::BTreeSet;
use std::path::Path;

use metwatch::actions::import::{self, Options};
use metwatch::actions::{cohorts, sign_in};
use metwatch::domain::access::{Actor, Role};
use metwatch::domain::id::SiteId;
use metwatch::store::sites;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Executor, Row};

use crate::support::{Client, NORTH, SOUTH, TestApp};

async fn actor_of(test: &TestApp, client: &Client) -> Actor {
    let secret = client.cookie.as_ref().unwrap().split_once('=').unwrap().1;
    sign_in::actor_of(&test.app, secret).await.unwrap().unwrap()
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

async fn answer(test: &TestApp, actor: &Actor, pairs: &[(&str, &str)]) -> cohorts::Answer {
    let page = cohorts::ask(&test.app, actor, &fields(pairs)).await.unwrap();
    page.answer.map_err(|problems| format!("{problems:?}")).unwrap()
}

/// The facts of the newest audit entry of an action: name to value.
async fn audited(test: &TestApp, action: &'static str) -> Option<Value> {
    let mut superuser = test.database.superuser().await;
    let row = superuser
        .fetch_one(AssertSqlSafe(format!(
            "select jsonb_object_agg(key, value -> 1) as facts
             from (select * from audit_entry where action = '{action}' order by at desc limit 1) e, jsonb_each(e.changes)"
        )))
        .await
        .unwrap();
    row.get("facts")
}

/// The rows of a file whose last line was checked: names of columns, and cells without quotes.
fn whole(body: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let at = body.rfind("# rows=").expect("a last line");
    let digest: String = Sha256::digest(&body.as_bytes()[..at])
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let mut reader = csv::Reader::from_reader(&body.as_bytes()[..at]);
    let heads: Vec<String> = reader.headers().unwrap().iter().map(Into::into).collect();
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|r| r.unwrap().iter().map(Into::into).collect())
        .collect();
    assert_eq!(body[at..].trim_end(), format!("# rows={} sha256={digest}", rows.len()));
    (heads, rows)
}

fn column(heads: &[String], rows: &[Vec<String>], name: &str) -> Vec<String> {
    let at = heads
        .iter()
        .position(|head| head == name)
        .unwrap_or_else(|| panic!("no column {name}"));
    rows.iter().map(|row| row[at].clone()).collect()
}

#[tokio::test]
async fn the_rotterdam_women_give_the_reference_curves_and_a_file_without_names() {
    let test = TestApp::new().await;
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
    let options = Options {
        rejects: Some(test.app.config.data.clone()),
        ..Options::default()
    };
    let report = import::import(&test.app, &Actor::console(vec![]), &demo, &options, |_| ())
        .await
        .unwrap();
    assert!(!report.refused());
    let all = sites::all(&test.app.db).await.unwrap();
    let imported = all
        .iter()
        .filter(|site| site.code.starts_with("ROT-") || site.code == "PMH-D");
    let sites: Vec<SiteId> = imported.map(|site| site.id).collect();
    assert_eq!(sites.len(), 5);
    let client = test.client_of(Role::Analyst, &sites).await;
    let actor = actor_of(&test, &client).await;

    // the curves
    let reference: Value = serde_json::from_str(include_str!("../data/oracles/competing_risks.json")).unwrap();
    let reference = &reference["brca_metastasis_vs_death"];
    let free = answer(&test, &actor, &[("cancer", "breast"), ("group", "none")]).await;
    let fallen = answer(&test, &actor, &[("cancer", "breast"), ("curve", "incidence")]).await;
    // the trial's women with breast cancer entered with metastases: they wait for no first relapse
    assert_eq!(
        (free.counted, free.events, free.deaths),
        (
            cohorts::Count::Exact(2982),
            cohorts::Count::Exact(1281),
            cohorts::Count::Exact(225)
        )
    );
    let estimate = |answer: &cohorts::Answer, line: usize, time: f64| {
        answer.lines[line].estimate.as_ref().unwrap().at(time).unwrap().p
    };
    let times = reference["at"].as_array().unwrap();
    assert!(times.len() > 4);
    for (k, time) in times.iter().enumerate() {
        let time = time.as_f64().unwrap();
        let expected = |at: usize| reference["aalen_johansen"]["p"][k][at].as_f64().unwrap();
        for (ours, theirs) in [
            (estimate(&free, 0, time), expected(0)),
            (estimate(&fallen, 0, time), expected(1)),
            (estimate(&fallen, 1, time), expected(2)),
        ] {
            assert!((ours - theirs).abs() < 1e-10, "{ours} is not {theirs} at {time}");
        }
    }

    // the file
    let page = client.get("/cohorts/export.csv?cancer=breast&shape=patients").await;
    assert_eq!(page.status, 200);
    assert!(
        page.headers["content-disposition"]
            .to_str()
            .unwrap()
            .contains("metwatch-patients-2026-11-22.csv")
    );
    for secret in ["ROTN-", "ROTE-", "INS-", "2016-05-26"] {
        assert!(!page.body.contains(secret), "{secret}");
    }
    let (heads, rows) = whole(&page.body);
    let events = column(&heads, &rows, "event");
    let of = |code: &str| events.iter().filter(|event| *event == code).count();
    assert_eq!((of("0"), of("1"), of("2")), (1476, 1281, 225));
    let names: BTreeSet<String> = column(&heads, &rows, "patient").into_iter().collect();
    assert_eq!(names.len(), rows.len());

    // a second one differs in names and order alone, and the trail knows them for the same
    let first = audited(&test, "exported").await.unwrap();
    assert_eq!(first["rows"], rows.len());
    assert!(page.body.contains(first["sha256"].as_str().unwrap()));
    let again = client.get("/cohorts/export.csv?cancer=breast&shape=patients").await;
    let (_, others) = whole(&again.body);
    let second = audited(&test, "exported").await.unwrap();
    assert_eq!(first["content"], second["content"]);
    assert_ne!(first["sha256"], second["sha256"]);
    let nameless = |rows: &[Vec<String>]| {
        let mut rows: Vec<Vec<String>> = rows.iter().map(|row| row[1..].to_vec()).collect();
        rows.sort();
        rows
    };
    assert_eq!(nameless(&rows), nameless(&others));
    assert!(names.is_disjoint(&column(&heads, &others, "patient").into_iter().collect()));

    // the measurements
    let page = client.get("/cohorts/export.csv?trial=INSPIRE&shape=measurements").await;
    let (heads, rows) = whole(&page.body);
    assert!(rows.len() > 270, "{}", rows.len());
    for (lo, hi) in column(&heads, &rows, "lo").iter().zip(column(&heads, &rows, "hi")) {
        let (lo, hi) = (
            lo.parse::<f64>().unwrap(),
            if hi.is_empty() {
                f64::INFINITY
            } else {
                hi.parse().unwrap()
            },
        );
        assert!(0.0 <= lo && lo <= hi);
    }
    let series: BTreeSet<String> = column(&heads, &rows, "series").into_iter().collect();
    assert!(series.len() > 74 && series.len() < rows.len());

    // the dictionary has each column of both files
    let page = client.get("/cohorts/dictionary.csv").await;
    let (_, rows_of_dictionary): (Vec<String>, Vec<Vec<String>>) = {
        let mut reader = csv::Reader::from_reader(page.body.as_bytes());
        (
            vec![],
            reader
                .records()
                .map(|r| r.unwrap().iter().map(Into::into).collect())
                .collect(),
        )
    };
    let told: BTreeSet<&str> = rows_of_dictionary
        .iter()
        .filter(|r| r[0] == "measurements")
        .map(|r| r[1].as_str())
        .collect();
    assert_eq!(told, heads.iter().map(String::as_str).collect());

    // the page
    for query in [
        "",
        "?cancer=breast&group=nodes",
        "?group=centre&curve=incidence",
        "?trial=INSPIRE&endpoint=progression&group=arm",
    ] {
        let page = client.get(&format!("/cohorts{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert!(
            page.body.contains("<svg") && page.text("table").contains("At risk"),
            "{query}"
        );
        assert!(!page.body.contains("ROTN-") && !page.body.contains("INS-"), "{query}");
    }
    // the arms' events are 82: the progressions told beside them would tell the three deaths
    let page = client
        .get("/cohorts?trial=INSPIRE&endpoint=progression&group=arm")
        .await;
    assert!(
        page.body.contains("82</b> progressions or deaths before it") && !page.body.contains("79</b>"),
        "{}",
        page.text(".facts")
    );
    assert_eq!(page.text("#asked"), "All cancers · all centres · trial INSPIRE");
    let page = client
        .get("/cohorts?trial=INSPIRE&endpoint=progression&curve=incidence")
        .await;
    assert!(!page.body.contains("<svg class=\"chart") && page.text(".empty").contains("Fewer than 5 died before it"));
    let page = client.get("/cohorts?cancer=breast").await;
    assert!(
        page.text("#rows").contains("2,982 patients counted here and"),
        "{}",
        page.text("#rows")
    );
    let page = client.get("/cohorts?trial=INSPIRE").await;
    assert!(
        page.text(".empty").contains("entered with metastases"),
        "{}",
        page.text(".empty")
    );
    assert!(page.body.contains("endpoint=death"));
}

/// Seven patients of the north with a tumour, an operation and a last contact; the first is the world's own NOR-0001.
const SEVEN: &str = "
  insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_by)
    select 1, i, 'NOR-000' || i, 1960, 'F', '2020-01-10', 1 from generate_series(11, 16) i;
  insert into tumour (site_id, patient_id, natural_key, diagnosed_on, organ, grade, reported_on, recorded_by)
    select 1, i, 'x/' || i, '2020-01-10', 'breast', 1 + i % 3, '2020-01-10', 1 from generate_series(11, 16) i;
  insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
    select 1, i, i, 'last/' || i, 'last_contact', '2024-01-10', '2024-01-10', 1 from generate_series(11, 16) i;
  insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
    values (1, 1, 1, 'last/1', 'last_contact', '2024-01-10', '2024-01-10', 1);";

#[tokio::test]
async fn facts_count_from_the_day_they_were_known_and_in_their_last_version() {
    let test = TestApp::new().await;
    test.sql(SEVEN).await;
    test.sql(
        "insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, occurred_on, reported_on, supersedes_id, recorded_by) values
           (1, 101, 11, 'r/11', 'relapse', 'distant', '2021-01-10', '2021-02-01', null, 1),
           (1, 102, 12, 'r/12', 'relapse', 'distant', '2021-01-10', '2021-02-01', null, 1),
           (1, 103, 12, 'r/12b', 'relapse', 'local', '2021-03-10', '2022-02-01', 102, 1),
           (1, 104, 13, 'r/13', 'relapse', 'distant', '2021-01-10', '2027-02-01', null, 1),
           (1, 105, 14, 'r/14', 'relapse', 'distant', '2022-01-10', '2022-02-01', null, 1),
           (1, 106, 14, 'r/14b', 'relapse', 'distant', '2023-01-10', '2027-02-01', 105, 1);
         insert into surgery (site_id, patient_id, natural_key, procedure, performed_on, reported_on, recorded_by)
           values (1, 14, 's/14', 'Mastectomy', '2020-02-10', '2020-02-10', 1);",
    )
    .await;
    let client = test.client(Role::Analyst).await;
    let page = client.get("/cohorts/export.csv").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let (heads, rows) = whole(&page.body);
    let pairs = column(&heads, &rows, "time_days")
        .into_iter()
        .zip(column(&heads, &rows, "event"));
    let mut pairs: Vec<String> = pairs.map(|(days, event)| format!("{days} {event}")).collect();
    pairs.sort();
    // 11 relapsed; 12's distant relapse was amended to a local one; 13's is not known yet; 14's amendment is not known yet
    assert_eq!(
        pairs,
        ["1461 0", "1461 0", "1461 0", "1461 0", "1461 0", "366 1", "700 1"]
    );
    // the south is not seen
    assert!(!page.body.contains("SOU"));
}

#[tokio::test]
async fn few_are_not_told_apart() {
    let test = TestApp::new().await;
    let client = test.client(Role::Analyst).await;
    let page = client.get("/cohorts").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text(".facts").starts_with("<5 patients"),
        "{}",
        page.text(".facts")
    );
    assert!(!page.body.contains("<svg"));
    assert_eq!(client.get("/cohorts/export.csv").await.status, 422);
    assert_eq!(audited(&test, "exported").await, None);

    test.sql(SEVEN).await;
    let page = client.get("/cohorts").await;
    assert!(page.text(".facts").starts_with("7 patients"), "{}", page.text(".facts"));
    // grades come in twos, and one is not known: no group may be drawn
    let page = client.get("/cohorts?group=grade").await;
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("class=\"k-line"), "a group of two has no curve");
    let page = client.get("/cohorts?from=2025-01-01").await;
    assert!(page.text(".empty").contains("Nobody matches"), "{}", page.body);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_at_its_box_and_kept() {
    let test = TestApp::new().await;
    let client = test.client(Role::Analyst).await;
    for (query, field, kept, word) in [
        ("from=03%2F04%2F2004", "from", "03/04/2004", "3 April or 4 March"),
        ("to=2024-02-30", "to", "2024-02-30", "2024-02-30"),
        (
            "from=2024-01-02&to=2024-01-01",
            "to",
            "2024-01-01",
            "before the first day",
        ),
        ("cancer=%27%20or%201%3D1", "cancer", "' or 1=1", "not on offer"),
        ("trial=X%3AY", "trial", "X:Y", "not on offer"),
        ("group=%3Cscript%3E", "group", "<script>", "not on offer"),
        ("endpoint=x", "endpoint", "x", "not on offer"),
    ] {
        let page = client.get(&format!("/cohorts?{query}")).await;
        assert_eq!(page.status, 422, "{query}");
        assert!(
            page.text(&format!("#{field}-says")).contains(word),
            "{query}: {}",
            page.text(".says")
        );
        assert!(page.text(".errors").contains(word), "{query}");
        let value = page.input(field).filter(|value| !value.is_empty());
        let chosen = page.body.contains("selected");
        assert!(value.as_deref() == Some(kept) || chosen, "{query}");
        assert!(!page.body.contains("<script>\""), "{query}");
        assert_eq!(
            client.get(&format!("/cohorts/export.csv?{query}")).await.status,
            422,
            "{query}"
        );
    }
    for (query, status) in [("from=%00", 422), ("from=%ff", 422), ("%00=1", 200)] {
        assert_eq!(client.get(&format!("/cohorts?{query}")).await.status, status, "{query}");
    }
    assert_eq!(client.get("/cohorts/export.csv?shape=parquet").await.status, 422);
}

#[tokio::test]
async fn a_blinded_arm_is_neither_offered_nor_told() {
    let test = TestApp::new().await;
    test.sql(SEVEN).await;
    test.sql(
        "insert into trial (code, title, blinded) values ('BLIND', 'A blinded trial', true);
         insert into arm select id, a, 'arm ' || a from trial, unnest(array['DRUG', 'PLACEBO']) a where code = 'BLIND';
         insert into enrolment (site_id, patient_id, trial_id, arm_code, enrolled_on, reported_on, recorded_by)
           select 1, i, t.id, case when i % 2 = 0 then 'DRUG' else 'PLACEBO' end, '2020-02-01', '2020-02-01', 1
           from trial t, generate_series(11, 16) i where t.code = 'BLIND';",
    )
    .await;
    let client = test.client(Role::Analyst).await;
    for path in [
        "/cohorts",
        "/cohorts?trial=BLIND&group=arm",
        "/cohorts/export.csv?trial=BLIND",
    ] {
        let page = client.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.body.contains("DRUG") && !page.body.contains("PLACEBO"), "{path}");
    }
    assert_eq!(client.get("/cohorts?trial=BLIND%3ADRUG").await.status, 422);
    assert_eq!(client.get("/cohorts/export.csv?trial=BLIND%3ADRUG").await.status, 422);
    let row = client.get("/cohorts?trial=BLIND&group=arm").await;
    assert!(row.body.contains("BLIND, arm not shown"));
}

#[tokio::test]
async fn a_file_that_nobody_reads_on_is_audited_as_broken_off() {
    let test = TestApp::new().await;
    test.sql(SEVEN).await;
    let client = test.client_of(Role::Analyst, &[NORTH, SOUTH]).await;
    let actor = actor_of(&test, &client).await;
    let file = cohorts::export(&test.app, &actor, &fields(&[])).await.unwrap();
    drop(file);
    for _ in 0..100 {
        if let Some(facts) = audited(&test, "exported").await {
            assert_eq!(facts["broken_off"], true);
            assert_eq!(facts.get("sha256"), None);
            assert!(audited(&test, "export_started").await.is_some());
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no entry");
}
