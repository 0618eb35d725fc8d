//! The alert budget: set by an administrator, counted from the next night on, and of its day in a replay.

use chrono::Days;
use metwatch::actions::nightly::Asked;
use metwatch::domain::access::Role;

use super::carry::{of, world};
use super::{ask, done};

const VERDICTS: &str =
    "r.replay::text, v.decision, v.budget::text]) from verdict v join run r on r.id = v.run_id order by r.id";

#[tokio::test]
async fn a_new_budget_has_new_thresholds_the_next_night_though_the_model_says_the_same() {
    let (test, today) = world().await;
    done(&test, &of(today)).await;
    let client = test.client(Role::Administrator).await;
    let page = client.get("/administration").await;
    let seen = page.input("seen").unwrap();
    assert!(page.text("main").contains("nobody has set another"), "{}", page.body);
    let answer = client
        .post("/administration/budget", &[("alerts", "1.5"), ("seen", &seen)])
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.location()),
        (303, "/administration#budget")
    );
    for page in ["/flags", "/administration"] {
        let told = client.get(page).await.text("main");
        assert!(
            told.contains("The thresholds on show are still for 4"),
            "{page}: {told}"
        );
    }

    done(&test, &of(today + Days::new(1))).await;
    done(&test, &of(today + Days::new(2))).await;
    let past = Asked {
        replay: true,
        ..of(today - Days::new(40))
    };
    done(&test, &past).await;
    let told = ask(&test, VERDICTS).await;
    let budget: Vec<&str> = told.iter().map(|line| line.rsplit('|').next().unwrap()).collect();
    assert_eq!(budget, ["4", "1.5", "1.5", "4"], "{told:?}");
    assert!(told[2].contains("stays"), "{told:?}");
    let why = ask(&test, "reason]) from verdict order by run_id").await;
    assert!(why[1].contains("1.5 in place of 4 alerts"), "{why:?}");
    let raise = ask(
        &test,
        "(card -> 'flags' ->> 'budget'), ((card -> 'flags' ->> 'raise')::float8 > 0.3)::text,
           (card -> 'flags' -> 'past' -> 'heralds' ->> 'relapses')]) from model order by id limit 2",
    )
    .await;
    assert!(
        raise[0].starts_with("4.0|") && raise[1].starts_with("1.5|true|"),
        "{raise:?}"
    );
    let higher =
        "(select max((card -> 'flags' ->> 'raise')::float8) from model where card -> 'flags' ->> 'budget' = '1.5')
        > (select max((card -> 'flags' ->> 'raise')::float8) from model where card -> 'flags' ->> 'budget' = '4.0')";
    assert_eq!(ask(&test, &format!("({higher})::text])")).await, ["true"]);
    let card = client.get("/model").await.text("main");
    assert!(
        card.contains("Its flags") && card.contains("1.5 per 100 patient-years"),
        "{card}"
    );
    let flags = client.get("/flags").await.text("main");
    assert!(!flags.contains("The thresholds on show are still"), "{flags}");
}

/// A night that can't have a model of its own keeps the one on show, with thresholds for the new budget.
#[tokio::test]
async fn a_model_that_stays_gets_thresholds_for_a_new_budget() {
    let (test, today) = world().await;
    done(&test, &of(today)).await;
    test.sql("delete from event where kind = 'relapse' and id % 13 > 1")
        .await;
    let client = test.client(Role::Administrator).await;
    let tomorrow = today + Days::new(1);
    done(&test, &of(tomorrow)).await;
    let typed = [("alerts", "1.5"), ("seen", "0")];
    assert_eq!(client.post("/administration/budget", &typed).await.status, 303);
    done(&test, &of(tomorrow + Days::new(1))).await;
    let told = ask(
        &test,
        "r.model_id::text, v.decision, v.budget::text]) from verdict v join run r on r.id = v.run_id order by r.id",
    )
    .await;
    assert!(
        told[0].starts_with("1|publish") || told[0].starts_with("1|recalibrate"),
        "{told:?}"
    );
    let held = |line: &str| line.contains("|hold|") || line.contains("|none|");
    assert!(
        told[1].starts_with("1|") && held(&told[1]) && told[1].ends_with("|4"),
        "{told:?}"
    );
    assert!(
        told[2].starts_with("2|") && held(&told[2]) && told[2].ends_with("|1.5"),
        "{told:?}"
    );
    let why = ask(&test, "reason]) from verdict order by run_id desc").await;
    assert!(
        why[0].contains("stays, with thresholds for the new budget of 1.5"),
        "{why:?}"
    );
    let models = ask(
        &test,
        "fingerprint, (card -> 'flags' ->> 'budget'), (parameters -> 'model' = (select parameters -> 'model' from model where id = 1))::text,
           ((card -> 'flags' ->> 'raise')::float8 > (select (card -> 'flags' ->> 'raise')::float8 from model where id = 1))::text]) from model order by id",
    )
    .await;
    let fingerprint = models[0].split('|').next().unwrap();
    assert_eq!(
        models,
        [
            format!("{fingerprint}|4.0|true|false"),
            format!("{fingerprint}|1.5|true|true")
        ]
    );
    let flags = client.get("/flags").await.text("main");
    assert!(!flags.contains("The thresholds on show are still"), "{flags}");
}

/// The patients under watch are counted by each night; a replay reckons with those of its day.
#[tokio::test]
async fn a_budget_per_clinician_follows_the_patients_under_watch() {
    let (test, today) = world().await;
    done(&test, &of(today)).await;
    let under_watch = ask(
        &test,
        "count(*) filter (where not ended and (seen or operated >= as_of - 400))::text, max(watched)::text]) from (
           select v.watched, r.as_of,
             bool_or(e.kind in ('relapse', 'death')) is true as ended, bool_or(e.kind = 'last_contact') is true as seen,
             min(s.performed_on) as operated
           from patient p
           join surgery s on (s.site_id, s.patient_id) = (p.site_id, p.id)
           left join event e on (e.site_id, e.patient_id) = (p.site_id, p.id) and e.occurred_on <= current_date
           cross join verdict v
           join run r on r.id = v.run_id
           group by p.site_id, p.id, v.watched, r.as_of
         ) one",
    )
    .await;
    let (counted, watched) = under_watch[0].split_once('|').unwrap();
    assert_eq!(counted, watched);
    let watched: f64 = watched.parse().unwrap();

    let client = test.client(Role::Administrator).await;
    let team = [
        ("alerts", "0.02"),
        ("per", "clinician"),
        ("clinicians", "2"),
        ("seen", "0"),
    ];
    let beyond = [("alerts", "20"), team[1], team[2], team[3]];
    let page = client.post("/administration/budget", &beyond).await;
    assert_eq!(
        (page.status.as_u16(), page.input("alerts").as_deref()),
        (422, Some("20"))
    );
    let told = page.text(".errors");
    assert!(
        told.contains("patients under watch") && told.contains("0.1 to 50"),
        "{told}"
    );
    assert_eq!(client.post("/administration/budget", &team).await.status, 303);
    let rate = (100.0 * 0.02 * 2.0 * 365.25 / ((watched / 10.0).round() * 10.0) * 100.0).round() / 100.0;
    let page = client.get("/administration").await.text("main");
    assert!(
        page.contains(&format!("{rate} per 100 patient-years, about")),
        "{rate}: {page}"
    );

    done(&test, &of(today + Days::new(1))).await;
    let past = Asked {
        replay: true,
        ..of(today - Days::new(1))
    };
    done(&test, &past).await;
    let told = ask(&test, VERDICTS).await;
    let budget: Vec<&str> = told.iter().map(|line| line.rsplit('|').next().unwrap()).collect();
    assert_eq!(budget, ["4", &rate.to_string(), "4"], "{told:?}");
    let flags = client.get("/flags").await.text("main");
    assert!(
        flags.contains(&format!("which come to {rate} per 100 patient-years")),
        "{flags}"
    );
    assert!(!flags.contains("The thresholds on show are still"), "{flags}");
}

#[tokio::test]
async fn a_setting_is_kept_told_and_audited() {
    let test = super::super::support::TestApp::new().await;
    let client = test.client(Role::Administrator).await;
    for (typed, told) in [
        ("0", "no flag at all"),
        ("400", "outside 0.1 to 50"),
        ("4", "already"),
        ("many", "no number"),
        ("-3", "can't be negative"),
        ("1e9", "lie outside 0.1 to 50"),
    ] {
        let page = client
            .post("/administration/budget", &[("alerts", typed), ("seen", "0")])
            .await;
        assert_eq!(page.status, 422);
        assert!(page.text(".errors").contains(told), "{typed}: {}", page.text(".errors"));
        assert_eq!(page.input("alerts").as_deref(), Some(typed));
        assert_eq!(page.input("mend"), None, "{typed}: a remedy that would be refused");
    }
    for (typed, seen, status) in [("2.5", "0", 303), ("3", "0", 409), ("6", "1", 303)] {
        let page = client
            .post("/administration/budget", &[("alerts", typed), ("seen", seen)])
            .await;
        assert_eq!(page.status.as_u16(), status, "{typed}: {}", page.body);
        if status == 409 {
            let told = page.text(".errors");
            assert!(told.contains("set the budget to 2.5"), "{told}");
            assert_eq!(
                (page.input("alerts").as_deref(), page.input("seen").as_deref()),
                (Some("3"), Some("1"))
            );
        }
    }
    let team = [
        ("alerts", "0.05"),
        ("per", "clinician"),
        ("clinicians", "7"),
        ("seen", "2"),
    ];
    let unsaid = client
        .post(
            "/administration/budget",
            &[team[0], team[1], ("clinicians", ""), team[3]],
        )
        .await;
    assert_eq!(unsaid.status, 422);
    let told = unsaid.text(".errors");
    assert!(told.contains("how many clinicians"), "{told}");
    // without script a remedy's button fills its box and saves nothing
    let mended = client
        .post(
            "/administration/budget",
            &[("alerts", "0,05"), ("mend", "alerts=0.05"), team[1], team[2], team[3]],
        )
        .await;
    assert_eq!(
        (
            mended.status.as_u16(),
            mended.input("alerts").as_deref(),
            mended.input("clinicians").as_deref()
        ),
        (200, Some("0.05"), Some("7"))
    );
    assert_eq!(client.post("/administration/budget", &team).await.status, 303);
    let kept = ask(
        &test,
        "id::text, in_place_of::text, per_100_years::text, per_clinician_day::text, clinicians::text]) from alert_budget order by id",
    )
    .await;
    assert_eq!(kept, ["1|0|2.5", "2|1|6", "3|2|0.05|7"]);
    let audited = ask(
        &test,
        "action, role, changes ->> 'per_100_years', changes ->> 'clinicians']) from audit_entry where table_name = 'alert_budget' order by seq",
    )
    .await;
    assert_eq!(
        audited,
        [
            "insert|administrator|[null, 2.5]",
            "insert|administrator|[null, 6]",
            "insert|administrator|[null, 7]",
        ]
    );
    let page = client.get("/administration").await.text("main");
    for told in [
        "set the alert budget from 2.5 per 100 patient-years to 6 per 100 patient-years",
        "to 0.05 per clinician and day for 7 clinicians",
        "What it comes to is known from the first night on",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    // who serves pages can add a setting and change none
    let mut app = test.database.as_app().await;
    for refused in ["update alert_budget set per_100_years = 1", "delete from alert_budget"] {
        let error = sqlx::Executor::execute(&mut app, refused).await.unwrap_err();
        assert!(error.to_string().contains("permission denied"), "{refused}: {error}");
    }
}
