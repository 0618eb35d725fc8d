//! The clinician's pages: the triage list, the patient's page, and what becomes of a flag.

use std::collections::BTreeSet;

use metwatch::domain::access::Role;
use sqlx::{Executor, Row};

use crate::support::{Client, NORTH, Page, SOUTH, TestApp};

/// A trial that is blinded and one that is not, three more patients at the north, readings, a published night, flags.
const WARD: &str = "
  insert into trial (id, code, title, blinded) overriding system value values (1, 'OPEN', 'An open trial', false), (2, 'MASK', 'A blinded trial', true);
  insert into arm (trial_id, code, title) values (1, 'A', 'Arm A'), (1, 'B', 'Arm B'), (2, 'CANARY-7', 'The secret');
  insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_by) values
    (1, 11, 'NOR-0011', 1950, 'F', '2020-01-10', 1), (1, 12, 'NOR-0012', 1970, 'M', '2020-01-10', 1), (1, 13, 'NOR-0013', 1948, 'F', '2020-01-10', 1);
  insert into enrolment (site_id, patient_id, trial_id, arm_code, enrolled_on, reported_on, recorded_by) values
    (1, 11, 1, 'A', '2021-01-01', '2021-01-01', 1), (1, 12, 2, 'CANARY-7', '2021-01-01', '2021-01-01', 1);
  insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on, recorded_by,
    route, raw_text, detection, comparator, value_num, unit, lo, hi)
  select 1, d.id, 11, 'draw ' || d.id, a.measure, a.id, a.analyte, d.day, d.day, 1, 'csv', d.value::text, 'quantified', '=', d.value, a.unit, d.value, d.value
  from (values (501, date '2026-05-04', 0.5), (502, date '2026-08-03', 1.5), (503, date '2026-11-02', 4.5)) as d (id, day, value),
    (select * from assay_version where measure = 'ctdna' and unit <> '1' order by id limit 1) a;
  insert into model (id, kind, version, as_of, fingerprint, parameters, card) overriding system value
    values (1, 'cause-specific Cox pair', 'model-of-the-test', '2026-11-22', 'f', '{}', '{}');
  insert into run (id, as_of, state, model_id, patients, scored) overriding system value
    values (1, '2026-11-21', 'published', 1, 5, 3), (2, '2026-11-22', 'published', 1, 5, 3);
  update publication set run_id = 2, previous_run_id = 1, published_at = '2026-11-22 02:14+00';
  insert into score (site_id, run_id, patient_id, model_id, risk, risk_lo, risk_hi, percentile, contributions, missing, not_scored, fingerprint) values
    (1, 1, 13, 1, 0.05, 0.03, 0.07, 90, '[]', '{}', null, 'f'),
    (1, 2, 13, 1, 0.065, 0.041, 0.098, 97, '[{\"label\": \"Average patient of the fit\", \"value\": \"\", \"effect\": 0.04},
      {\"label\": \"Positive nodes\", \"value\": \"12\", \"effect\": 0.035}, {\"label\": \"Grade\", \"value\": \"2\", \"effect\": -0.01}]', '{Menopause}', null, 'f'),
    (1, 2, 1, 1, 0.02, 0.01, 0.03, 20, '[]', '{}', null, 'f'),
    (1, 2, 11, 1, null, null, null, null, '[]', '{}', 'Metastatic at entry: a first distant relapse can''t come', 'f'),
    (2, 2, 2, 1, 0.6, 0.5, 0.7, 99, '[]', '{}', null, 'f');
  insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text, trigger_ids) values
    (1, 70, 11, 'ctdna_rising', 'high', '2026-11-20', 'ctDNA above baseline (0.5 MTM/mL) in 2 draws since 3 Aug 2026, latest 4.5 MTM/mL.', '{501,502,503}'),
    (1, 71, 12, 'ctdna_rising', 'medium', '2026-11-13', 'ctDNA above baseline in 1 draw with growing lesions.', '{}'),
    (2, 72, 2, 'ctdna_rising', 'high', '2026-11-01', 'A flag of the south that nobody at the north sees.', '{}');
  insert into triage (site_id, patient_id, patient_key, sex, birth_year, cancer, trial_id, arm_code, spark_days, spark_log10, spark_mark, state_text,
    flag_cause, flag_severity, flag_reason, flag_state, flag_opened_on, flag_count, risk)
  select p.site_id, p.id, p.patient_key, p.sex, p.birth_year, 'breast', e.trial_id, e.arm_code,
    case when p.id = 11 then array[0, 91, 182] else '{}'::int[] end, case when p.id = 11 then array[-0.3, 0.18, 0.65]::real[] else '{}'::real[] end,
    case when p.id = 11 then array['value', 'value', 'value'] else '{}'::text[] end, case when p.id = 11 then 'Rising against baseline' else 'No readings' end,
    f.cause, f.severity, f.reason_text, f.state, f.opened_on, case when f.id is null then 0 else 1 end,
    (select s.risk from score s join publication u on u.run_id = s.run_id where s.site_id = p.site_id and s.patient_id = p.id)
  from patient p
  left join enrolment e on e.site_id = p.site_id and e.patient_id = p.id
  left join flag f on f.site_id = p.site_id and f.patient_id = p.id;";

async fn ward() -> TestApp {
    let test = TestApp::new().await;
    test.sql(WARD).await;
    test
}

/// The keys of the list, in its order.
fn keys(page: &Page) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    let words = page.text("table.triage a.id");
    words.split_whitespace().map(str::to_owned).collect()
}

const FLAG: &str = "/patients/NOR/NOR-0011/flags/70";

fn ack<'f>(reason: &'f str, note: &'f str) -> [(&'f str, &'f str); 3] {
    [("version", "1"), ("reason", reason), ("note", note)]
}

#[tokio::test]
async fn flags_come_first_the_severe_ones_on_top_then_the_risks() {
    let test = ward().await;
    let page = test.client(Role::Clinician).await.get("/triage").await;
    assert_eq!(keys(&page), ["NOR-0011", "NOR-0012", "NOR-0013", "NOR-0001"]);
    let first = page.text("table.triage tbody tr:first-child");
    for words in [
        "in 2 draws since 3 Aug 2026",
        "Rising",
        "2 d",
        "nobody",
        "Metastatic at entry",
    ] {
        assert!(first.contains(words), "{words} in {first}");
    }
    assert!(
        page.text("table.triage tbody tr:first-child svg title")
            .contains("3 draws")
    );
    let third = page.text("table.triage tbody tr:nth-child(3)");
    for words in [
        "Risk mostly from positive nodes 12",
        "6.5\u{202f}%",
        "4.1–9.8\u{202f}%",
        "▲ +1.5 points",
    ] {
        assert!(
            third.contains(words.split('\u{202f}').next().unwrap()),
            "{words} in {third}"
        );
    }
    assert!(page.body.contains("model-of-the-test"));
}

#[tokio::test]
async fn the_list_is_filtered_by_centre_trial_arm_and_flag_and_takes_odd_addresses() {
    let test = ward().await;
    let both = test.client_of(Role::Clinician, &[NORTH, SOUTH]).await;
    for (query, expected) in [
        ("?site=SOU", vec!["SOU-0001"]),
        ("?site=2", vec!["SOU-0001"]),
        ("?trial=OPEN", vec!["NOR-0011"]),
        ("?trial=OPEN&arm=A", vec!["NOR-0011"]),
        ("?trial=OPEN&arm=B", vec![]),
        ("?flagged=1", vec!["SOU-0001", "NOR-0011", "NOR-0012"]),
        ("?site=NOR&flagged=1", vec!["NOR-0011", "NOR-0012"]),
        ("?page=2", vec![]),
    ] {
        assert_eq!(keys(&both.get(&format!("/triage{query}")).await), expected, "{query}");
    }
    let odd = both
        .get("/triage?site=%27or%201=1&trial=%00&arm=x&page=-1&flagged=maybe&x=%ff")
        .await;
    assert_eq!(keys(&odd).len(), 5);
    assert!(odd.body.contains("There is no such centre"), "{}", odd.body);
}

#[tokio::test]
async fn an_empty_registry_and_a_registry_without_a_night_say_so() {
    let test = TestApp::new().await;
    let client = test.client(Role::Clinician).await;
    assert!(client.get("/triage").await.body.contains("No patients yet"));
    test.sql("insert into triage (site_id, patient_id, patient_key, sex, birth_year, cancer) values (1, 1, 'NOR-0001', 'F', 1960, 'breast')")
        .await;
    let page = client.get("/triage").await;
    assert!(page.body.contains("metwatch nightly") && page.body.contains("no night has run yet"));
    let patient = client.get("/patients/NOR/NOR-0001").await;
    assert!(patient.body.contains("No night has run yet"));
}

#[tokio::test]
async fn another_centres_patients_are_nowhere() {
    let test = ward().await;
    for role in [Role::Clinician, Role::Coordinator] {
        let client = test.client(role).await;
        for path in [
            "/triage",
            "/triage?site=SOU",
            "/triage?site=2&flagged=1",
            "/patients/NOR/NOR-0011",
        ] {
            let page = client.get(path).await;
            assert_eq!(page.status, 200, "{path}");
            assert!(
                !page.body.contains("SOU-0001") && !page.body.contains("flag of the south"),
                "{path}"
            );
        }
        assert_eq!(client.get("/patients/SOU/SOU-0001").await.status, 404);
        assert_eq!(client.get("/patients/NOR/SOU-0001").await.status, 404);
    }
    let client = test.client(Role::Clinician).await;
    // neither by its own address nor smuggled through a patient of one's own
    for path in [
        "/patients/SOU/SOU-0001/flags/72",
        "/patients/NOR/NOR-0011/flags/72",
        "/patients/NOR/NOR-0011/flags/71",
        "/patients/NOR/NOR-0011/flags/x",
    ] {
        assert_eq!(client.post(path, &ack("imaging", "")).await.status, 404, "{path}");
        assert_eq!(client.post(path, &[]).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_patients_page_has_course_table_risk_flag_and_past() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    let page = client.get("/patients/NOR/NOR-0011").await;
    assert_eq!(page.status, 200, "{}", page.body);
    let said = page.text("main");
    for words in [
        "OPEN, arm A",
        "Female, 76",
        "Flagged 2 days ago",
        "in 2 draws since",
        "entered a reading",
        "Metastatic at entry",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    // the drawing and the table tell the same readings, each with the way to its own page
    assert!(page.text("svg#course desc").contains("3 ctDNA draws"));
    for id in [501, 502, 503] {
        assert!(
            page.body.contains(&format!("/patients/NOR/NOR-0011/readings/{id}")),
            "{id}"
        );
    }
    let scored = client.get("/patients/NOR/NOR-0013").await;
    let card = scored.text("aside");
    for words in [
        "6.5",
        "4.1–9.8",
        "above 97",
        "+1.5 points",
        "Positive nodes",
        "+3.5",
        "−1.0",
        "Missing: Menopause",
    ] {
        assert!(card.contains(words), "{words} in {card}");
    }
    for query in ["?from=enrolment", "?from=surgery", "?from=%ff%00<script>"] {
        let page = client
            .get(
                &format!("/patients/NOR/NOR-0011{query}")
                    .replace('<', "%3C")
                    .replace('>', "%3E"),
            )
            .await;
        assert_eq!(page.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_risk_that_was_carried_over_is_shown_with_its_day() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    // the night on show builds on the one before; of this patient it has a score of its own, and then has not
    test.sql("update run set base_run_id = 1, carried_from = '{1}' where id = 2;")
        .await;
    let row = client.get("/triage").await.text("table.triage tbody tr:nth-child(3)");
    assert!(row.contains("4.1–9.8"), "{row}");
    let card = client.get("/patients/NOR/NOR-0013").await.text("aside");
    assert!(card.contains("4.1–9.8"), "{card}");
    test.sql(
        "delete from score where run_id = 2 and patient_id = 13;
         update triage set risk = 0.05 where patient_id = 13;",
    )
    .await;
    let row = client.get("/triage").await.text("table.triage tbody tr:nth-child(3)");
    assert!(row.contains("5.0") && row.contains("3.0–7.0"), "{row}");
    let card = client.get("/patients/NOR/NOR-0013").await.text("aside");
    assert!(card.contains("3.0–7.0") && card.contains("21 Nov 2026"), "{card}");
    // a patient whom the run worked out itself has that one
    let card = client.get("/patients/NOR/NOR-0001").await.text("aside");
    assert!(card.contains("1.0–3.0") && !card.contains("21 Nov 2026"), "{card}");
    // of runs that the one on show does not build on nothing is shown
    test.sql("update run set carried_from = '{}' where id = 2;").await;
    let card = client.get("/patients/NOR/NOR-0013").await.text("aside");
    assert!(!card.contains("3.0–7.0"), "{card}");
}

#[tokio::test]
async fn the_coordinator_enters_visits_and_the_clinician_acknowledges() {
    let test = ward().await;
    let page = test.client(Role::Coordinator).await.get("/patients/NOR/NOR-0011").await;
    assert!(page.body.contains("/patients/NOR/NOR-0011/visits/new") && !page.body.contains("/flags/70\""));
    assert!(!page.body.contains("href=\"/model\""));
    let page = test.client(Role::Clinician).await.get("/patients/NOR/NOR-0011").await;
    assert!(!page.body.contains("/visits/new") && page.body.contains("/flags/70\""));
}

#[tokio::test]
async fn an_acknowledged_flag_names_who_and_what_and_stays_or_closes() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    let done = client.post(FLAG, &ack("imaging", "CT booked for Tuesday")).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "/patients/NOR/NOR-0011"));
    let card = client.get("/patients/NOR/NOR-0011").await.text("aside");
    assert!(
        card.contains("Imaging ordered") && card.contains("CT booked for Tuesday"),
        "{card}"
    );
    let row = client.get("/triage").await.text("table.triage tbody tr:first-child");
    assert!(row.contains("acting") && row.contains("clinician-"), "{row}");
    let done = client
        .post(
            FLAG,
            &[
                ("version", "2"),
                ("reason", "explained"),
                ("note", "a cold, drawn too early"),
            ],
        )
        .await;
    assert_eq!(done.status, 303);
    let (filtered, all) = (
        client.get("/triage?flagged=1&site=NOR").await,
        client.get("/triage").await,
    );
    assert_eq!(keys(&filtered), ["NOR-0012"]);
    // the sheet says what it leaves out, on paper too
    let sub = filtered.text(".sub");
    assert!(
        sub.contains("Shown here:") && sub.contains("NOR, flagged only") && !sub.contains("Below them"),
        "{sub}"
    );
    assert!(all.text(".sub").contains("Below them") && !all.text(".sub").contains("Shown here"));
    assert!(all.text(".paper").starts_with("Rows 1 to"), "{}", all.text(".paper"));
    let page = client.get("/patients/NOR/NOR-0011").await;
    assert!(page.text("aside").contains("Closed flags") && !page.body.contains("name=\"reason\""));
    let told = page.text("details");
    assert!(
        told.contains("closed a flag : Explained by an event; a cold, drawn too early"),
        "{told}"
    );
    assert!(told.contains("answered a flag : Imaging ordered"), "{told}");
}

#[tokio::test]
async fn a_form_that_lacks_something_comes_back_as_it_was_typed() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    for (fields, message) in [
        (ack("", "kept as typed"), "Choose what you do about it."),
        (ack("nonsense", "kept as typed"), "Choose what you do about it."),
        (ack("explained", "four"), "at least 5 characters"),
        (ack("imaging", "spoke to Mrs Jones"), "personal"),
        (
            [("version", "one"), ("reason", "imaging"), ("note", "kept as typed")],
            "lost the flag's version",
        ),
    ] {
        let page = client.post(FLAG, &fields).await;
        assert_eq!(page.status, 422, "{fields:?}");
        assert!(page.text("textarea").contains(fields[2].1), "{fields:?}");
        if message != "personal" {
            assert!(
                page.text(".errors").contains(message),
                "{message} in {}",
                page.text(".errors")
            );
        }
        assert!(page.text(".card.flagged .says .hard").len() > 10, "{fields:?}");
        if fields[1].1 == "explained" {
            assert!(
                page.body
                    .contains("value=\"explained\" aria-describedby=\"close-70\" checked")
            );
        }
    }
    let long = "x".repeat(2001);
    assert_eq!(client.post(FLAG, &ack("imaging", &long)).await.status, 422);
    assert_eq!(client.post(FLAG, &ack("imaging", "fine")).await.status, 303);
}

/// A patient with two flags of which one is answered is with whoever answered it.
#[tokio::test]
async fn the_list_names_who_has_another_flag_of_the_patient() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    test.sql(
        "insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text, state, ack_by, ack_at, ack_reason)
         select 1, 171, 11, 'risk_threshold', 'medium', '2026-11-21', 'The risk is above the threshold.', 'acting', id, now(), 'imaging'
         from app_user where name like 'clinician-%' limit 1;
         update triage set flag_count = 2 where patient_id = 11;",
    )
    .await;
    let row = client.get("/triage").await.text("table.triage tbody tr:first-child");
    assert!(row.contains("clinician-") && row.contains("another flag"), "{row}");
    assert_eq!(client.post(FLAG, &ack("watching", "")).await.status, 303);
    let row = client.get("/triage").await.text("table.triage tbody tr:first-child");
    assert!(row.contains("watching") && !row.contains("another flag"), "{row}");
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_and_a_closed_flag_too() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    assert_eq!(client.post(FLAG, &ack("watching", "")).await.status, 303);
    let stale = client.post(FLAG, &ack("imaging", "CT on Monday")).await;
    assert_eq!(stale.status, 409);
    let told = stale.text(".errors");
    assert!(
        told.contains("By clinician-") && told.contains("“Known, watching”"),
        "{told}"
    );
    assert_eq!(stale.text("#note-70"), "CT on Monday");
    assert_eq!(stale.input("version").as_deref(), Some("2"), "sent again, it counts");
    let closing = [("version", "2"), ("reason", "not_relevant"), ("note", "wrong tube")];
    assert_eq!(client.post(FLAG, &closing).await.status, 303);
    let after = [("version", "2"), ("reason", "imaging"), ("note", "CT on Monday")];
    let late = client.post(FLAG, &after).await;
    assert_eq!(late.status, 409);
    let told = late.text(".errors");
    for part in [
        "closed this flag meanwhile, not relevant: “wrong tube”",
        "It was: Imaging ordered, “CT on Monday”",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn a_dismissal_can_be_taken_back() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    let reopen = async |version: &str| client.post(FLAG, &[("version", version), ("do", "reopen")]).await;
    assert_eq!(reopen("1").await.status, 409, "it is open");
    assert_eq!(
        client
            .post(FLAG, &ack("not_relevant", "the wrong patient"))
            .await
            .status,
        303
    );
    let page = client.get("/patients/NOR/NOR-0011").await;
    let closed = page.text(".card .rows");
    assert!(
        closed.contains("Dismissed") && closed.contains("Open it again"),
        "{closed}"
    );
    assert_eq!(reopen("1").await.status, 409);
    assert_eq!(reopen("2").await.status, 303);
    let page = client.get("/patients/NOR/NOR-0011").await;
    assert!(
        page.text(".card.flagged").contains("What do you do about it?"),
        "{}",
        page.body
    );
    assert!(
        page.text("details").contains("The dismissal was taken back"),
        "{}",
        page.text("details")
    );
    assert_eq!(keys(&client.get("/triage?flagged=1").await), ["NOR-0011", "NOR-0012"]);
    // not beside a newer one of the same cause, and not what no person closed
    assert_eq!(
        client
            .post(FLAG, &[("version", "3"), ("reason", "explained"), ("note", "a cold")])
            .await
            .status,
        303
    );
    test.sql(
        "insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text) values
           (1, 80, 11, 'ctdna_rising', 'high', '2026-11-21', 'ctDNA above baseline in 2 draws.')",
    )
    .await;
    let page = reopen("4").await;
    assert_eq!(page.status, 409);
    assert!(
        page.text(".errors").contains("A newer flag of this cause is open"),
        "{}",
        page.body
    );
    test.sql(
        "update flag set state = 'closed', closed_on = '2026-11-21', outcome = 'withdrawn_evidence' where id = 80 and site_id = 1",
    )
    .await;
    let page = client.get("/patients/NOR/NOR-0011").await;
    assert!(
        page.text(".card .rows").contains("Its evidence is gone, or fell back"),
        "{}",
        page.body
    );
    let fields = [("version", "1"), ("do", "reopen")];
    assert_eq!(
        client.post("/patients/NOR/NOR-0011/flags/80", &fields).await.status,
        409
    );
    let coordinator = test.client(Role::Coordinator).await;
    assert_eq!(
        coordinator
            .post(FLAG, &[("version", "4"), ("do", "reopen")])
            .await
            .status,
        403
    );
}

/// S-081: a second click is no second act.
#[tokio::test]
async fn the_same_form_twice_counts_once_and_with_another_body_is_refused() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    let page = client.get("/patients/NOR/NOR-0011").await;
    let token = page.input("form_token").unwrap();
    let token = token.as_str();
    let form = [
        ("form_token", token),
        ("version", "1"),
        ("reason", "imaging"),
        ("note", "CT"),
    ];
    let (first, second) = (
        client.post_exactly(FLAG, &form).await,
        client.post_exactly(FLAG, &form).await,
    );
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (303, 303));
    assert_eq!(first.location(), second.location());
    assert_eq!(version(&test).await, 2);
    let other = [
        ("form_token", token),
        ("version", "2"),
        ("reason", "watching"),
        ("note", "CT"),
    ];
    assert_eq!(client.post_exactly(FLAG, &other).await.status, 409);
    assert_eq!(version(&test).await, 2);
}

async fn version(test: &TestApp) -> i32 {
    let mut superuser = test.database.superuser().await;
    let row = superuser
        .fetch_one("select version from flag where site_id = 1 and id = 70")
        .await
        .unwrap();
    row.get(0)
}

/// S-080: of twelve saves of one version exactly one is done, whoever sends them.
#[tokio::test]
async fn of_twelve_saves_at_once_one_counts() {
    let test = ward().await;
    let clients: Vec<Client> = vec![test.client(Role::Clinician).await, test.client(Role::Clinician).await];
    let mut saves = tokio::task::JoinSet::new();
    for at in 0..12 {
        let client = clients[at % 2].clone();
        saves.spawn(async move {
            client
                .post(FLAG, &ack("imaging", "twelve at once"))
                .await
                .status
                .as_u16()
        });
    }
    let answers = saves.join_all().await;
    assert_eq!(
        answers.iter().filter(|status| **status == 303).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(
        answers.iter().filter(|status| **status == 409).count(),
        11,
        "{answers:?}"
    );
    assert_eq!(version(&test).await, 2);
}

/// S-054: a page that is read often leaves one entry a session, page, patient and hour.
#[tokio::test]
async fn views_are_audited_once_an_hour() {
    let test = ward().await;
    let client = test.client(Role::Clinician).await;
    for _ in 0..3 {
        client.get("/triage").await;
        client.get("/patients/NOR/NOR-0011").await;
        client.get("/patients/NOR/NOR-0013?from=diagnosis").await;
    }
    let mut superuser = test.database.superuser().await;
    let rows = superuser
        .fetch_all("select table_name, site_id, subject, count(*) from audit_entry where action = 'viewed' group by 1, 2, 3 order by 1, 3")
        .await
        .unwrap();
    let found: Vec<(String, i32, i64)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(3))).collect();
    assert_eq!(
        found,
        [
            ("patient".into(), 1, 1),
            ("patient".into(), 1, 1),
            ("triage".into(), 0, 1)
        ]
    );
}

/// Decision 9: in a blinded trial the arm is on no page, in no filter, in no history; asking for it finds nobody.
#[tokio::test]
async fn the_arm_of_a_blinded_trial_is_on_no_page() {
    let test = ward().await;
    // the drug would tell it; that of an open trial stays
    test.sql(
        "insert into treatment (site_id, id, patient_id, natural_key, category, agent, phase, started_on, reported_on, recorded_by)
           values (1, 81, 12, 'T-81', 'trial_drug', 'CANARYDRUG', 'adjuvant', '2021-01-02', '2021-01-02', 1),
             (1, 82, 11, 'T-82', 'trial_drug', 'OPENDRUG', 'adjuvant', '2021-01-02', '2021-01-02', 1);",
    )
    .await;
    for role in [Role::Clinician, Role::Coordinator] {
        let client = test.client(role).await;
        let plain = client.get("/triage?trial=MASK").await;
        assert_eq!(keys(&plain), ["NOR-0012"]);
        let mut sizes = BTreeSet::new();
        for path in [
            "/triage",
            "/triage?trial=MASK",
            "/patients/NOR/NOR-0012",
            "/patients/NOR/NOR-0012?from=enrolment",
        ] {
            let page = client.get(path).await;
            assert_eq!(page.status, 200);
            assert!(!page.body.contains("CANARY"), "{path} as {role:?}");
        }
        for arm in ["CANARY-7", "nothing"] {
            let page = client.get(&format!("/triage?trial=MASK&arm={arm}")).await;
            assert!(!page.body.contains("CANARY"), "{arm}");
            sizes.insert(keys(&page));
        }
        let open = client.get("/patients/NOR/NOR-0011").await;
        assert!(open.body.contains("OPENDRUG"), "as {role:?}");
        // the right arm and a wrong one give the same answer
        assert_eq!(sizes.len(), 1, "{sizes:?}");
        assert!(
            client
                .get("/patients/NOR/NOR-0012")
                .await
                .text(".facts")
                .contains("arm blinded")
        );
    }
}
