//! Every route, as every role, at the own and at another centre: the answers stand in `tests/access_matrix.csv`, which is
//! joined with the router in both directions.

use std::collections::BTreeSet;

use metwatch::domain::access::Role;
use metwatch::web::routes::listed;

use crate::support::{Client, TestApp};

struct Row {
    method: String,
    path: String,
    /// Expected status for anonymous, clinician, coordinator, analyst, administrator.
    own: Vec<u16>,
    /// Expected status of a permitted role for the other centre's record; none where the path names no record.
    other: Option<u16>,
}

fn matrix() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access_matrix.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            Row {
                method: record[0].to_owned(),
                path: record[1].to_owned(),
                own: (2..7).map(|i| record[i].parse().unwrap()).collect(),
                other: record[7].parse().ok(),
            }
        })
        .collect()
}

/// A real address for a pattern, at the north or at the south.
fn address(pattern: &str, south: bool) -> String {
    let (site, key, id) = if south {
        ("SOU", "SOU-0001", "2")
    } else {
        ("NOR", "NOR-0001", "1")
    };
    pattern
        .replace("{site}", site)
        .replace("{key}", key)
        .replace("{reading}", id)
        .replace("{flag}", id)
        .replace("{token}", "no-such-token")
        .replace("{*file}", "0/none.css")
}

async fn ask(client: &Client, method: &str, path: &str) -> u16 {
    let page = if method == "GET" {
        client.get(path).await
    } else {
        client.post(path, &[]).await
    };
    assert!(
        page.status.as_u16() < 500,
        "{method} {path}: {} {}",
        page.status,
        page.body
    );
    page.status.as_u16()
}

/// A reading and a flag at each centre, so that paths with an id lead somewhere.
const FACTS: &str = "
  insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on, recorded_by,
    route, raw_text, detection, comparator, value_num, unit, lo, hi)
  select p.site_id, p.id, p.id, 'x' || p.id, a.measure, a.id, a.analyte, '2026-01-05', '2026-01-06', 1, 'csv', '2.5', 'quantified', '=', 2.5, a.unit, 2.5, 2.5
  from patient p, (select * from assay_version where measure = 'protein' order by id limit 1) a;
  insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text)
  select site_id, id, id, 'ctdna_rising', 'high', '2026-01-07', 'ctDNA is above its baseline in two draws.' from patient;";

#[tokio::test]
async fn the_matrix_holds_for_every_route_role_and_centre() {
    let test = TestApp::new().await;
    test.sql(FACTS).await;
    let mut wrong = vec![];
    for row in matrix() {
        for (column, expected) in row.own.iter().enumerate() {
            // signing out ends a session, so each question has a client of its own
            let client = match column {
                0 => test.anonymous(),
                column => test.client(Role::ALL[column - 1]).await,
            };
            let found = ask(&client, &row.method, &address(&row.path, false)).await;
            if found != *expected {
                wrong.push(format!(
                    "{} {} as column {column}: {found}, not {expected}",
                    row.method, row.path
                ));
            }
            let permitted = column > 0 && !matches!(expected, 403);
            if let (true, Some(other)) = (permitted, row.other) {
                let found = ask(&client, &row.method, &address(&row.path, true)).await;
                if found != other {
                    wrong.push(format!(
                        "{} {} of another centre as column {column}: {found}, not {other}",
                        row.method, row.path
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_route_has_a_row_and_every_row_a_route() {
    let routes: BTreeSet<(String, String)> = listed()
        .into_iter()
        .map(|route| (route.method, route.path.to_owned()))
        .collect();
    let rows: BTreeSet<(String, String)> = matrix().into_iter().map(|row| (row.method, row.path)).collect();
    assert_eq!(
        routes.difference(&rows).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "routes without a row"
    );
    assert_eq!(
        rows.difference(&routes).collect::<Vec<_>>(),
        Vec::<&(String, String)>::new(),
        "rows without a route"
    );
}

/// A path that names a centre or a patient must say what another centre's user is told.
#[test]
fn every_path_with_a_record_has_an_answer_for_the_other_centre() {
    let open: Vec<String> = matrix()
        .into_iter()
        .filter(|row| row.path.contains("{site}") && row.other != Some(404))
        .map(|row| row.path)
        .collect();
    assert!(open.is_empty(), "{open:?}");
}

/// Another centre's record, a record that never was, and a malformed key get the same answer (S-032).
#[tokio::test]
async fn other_centres_and_nobody_look_the_same() {
    let test = TestApp::new().await;
    let client = test.client(Role::Clinician).await;
    let mut answers = vec![];
    for path in ["/centres/SOU", "/centres/NIL", "/centres/%27%20or%201=1"] {
        let page = client.get(path).await;
        let number = page.text("code");
        let token = page.input("form_token").unwrap();
        answers.push((page.status, page.body.replace(&number, "").replace(&token, "")));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    for path in ["/centres/%00", "/patients/NOR/a%00b", "/patients/%00/X/readings/1"] {
        let page = client.get(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.body.contains("Not here"), "{path}");
    }
}

/// Back, or a reload by GET, after a form that was refused in place.
#[tokio::test]
async fn where_a_form_is_posted_get_leads_to_its_page() {
    let test = TestApp::new().await;
    test.sql(FACTS).await;
    let clinician = test.client(Role::Clinician).await;
    for posted in ["/patients/NOR/NOR-0001/flags/1", "/patients/NOR/NOR-0001/visits"] {
        let page = clinician.get(posted).await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (303, "/patients/NOR/NOR-0001"),
            "{posted}"
        );
    }
    let page = test
        .client(Role::Administrator)
        .await
        .get("/administration/budget")
        .await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/administration#budget"));
}

/// Whoever goes astray keeps the top bar, and is sent to the search only where the role has one.
#[tokio::test]
async fn an_error_page_is_its_readers() {
    let test = TestApp::new().await;
    let clinician = test.client(Role::Clinician).await;
    for (path, status, may_search) in [
        ("/no/such/page", 404, true),
        ("/patients/NOR/NOBODY", 404, true),
        ("/administration", 403, false),
        ("/sign-out", 405, false),
    ] {
        let page = clinician.get(path).await;
        assert_eq!(page.status.as_u16(), status, "{path}");
        assert!(page.text(".places").contains("Triage"), "{path}: {}", page.body);
        assert!(page.text(".who").contains("clinician"), "{path}: {}", page.body);
        let told = page.text("main a");
        assert_eq!(told.contains("search for the patient"), may_search, "{path}: {told}");
    }
    let page = test.client(Role::Analyst).await.get("/no/such/page").await;
    assert!(page.text(".places").contains("Cohorts"), "{}", page.body);
    let told = page.text("main");
    assert!(
        told.contains("Check the address.") && !told.contains("search"),
        "{told}"
    );
    let page = test.anonymous().get("/no/such/page").await;
    assert_eq!(page.text(".places") + &page.text(".who"), "");
    assert!(page.text("main").contains("Check the address."), "{}", page.body);
}
