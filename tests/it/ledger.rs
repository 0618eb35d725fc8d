//! Whether flags have kept their word: what was raised at the reader's centres against what then happened.

use metwatch::actions::flag_ledger::{self, Rule};
use metwatch::domain::access::Role;

use crate::support::{NORTH, SOUTH, TestApp};

/// Nights on show since 1 Jan 2024; patients of the north by number, and one of the south, each on file since 2020.
const WORLD: &str = "
  insert into run (id, as_of, state, cutoff_at) overriding system value values
    (1, '2024-01-01', 'published', '2024-01-01 02:00+00'), (2, '2026-11-22', 'published', '2026-11-22 02:00+00'),
    (3, '2019-01-01', 'published', '2026-11-23 02:00+00');
  insert into run (id, as_of, state, replay) overriding system value values (4, '2018-01-01', 'published', true);
  update publication set run_id = 2, published_at = '2026-11-22 02:14+00';
  update patient set recorded_at = '2020-02-01';
  insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_at, recorded_by)
    select case when g = 50 then 2 else 1 end, g, 'P-0' || g, 1950, 'F', '2020-02-01', '2020-02-01', 1
    from unnest(array[10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 50]) g;
  -- brought in bulk long after the first night, and after the last one
  update patient set recorded_at = '2025-06-01' where id = 19;
  insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_at, recorded_by)
    values (1, 20, 'P-020', 1950, 'F', '2020-02-01', '2026-11-22 10:00+00', 1);
  insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, metastatic_at_entry, reported_on, recorded_by)
    select site_id, id, id, 'T' || id, '2020-01-10', 'breast', id = 14, '2020-01-10', 1 from patient where id >= 10;
  insert into triage (site_id, patient_id, patient_key, sex, birth_year, cancer, last_contact_on)
    select site_id, id, patient_key, sex, birth_year, 'breast', '2026-10-01' from patient where id >= 10;
  update triage set last_contact_on = '2024-06-01' where patient_id = 18;
  insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, recorded_by) values
    (1, 10, 10, 'E10', 'relapse', 'distant', '{liver}', '2024-09-01', '2024-09-05', 1),
    (1, 15, 15, 'E15', 'relapse', 'distant', '{liver}', '2025-01-01', '2025-01-05', 1),
    (1, 17, 17, 'E17', 'relapse', 'distant', '{liver}', '2024-05-01', '2024-08-01', 1),
    (2, 50, 50, 'E50', 'relapse', 'distant', '{liver}', '2024-09-01', '2024-09-05', 1);
  insert into event (site_id, id, patient_id, natural_key, kind, cause, occurred_on, reported_on, recorded_by) values
    (1, 12, 12, 'E12', 'death', 'other', '2024-10-01', '2024-10-05', 1);
  -- entered by mistake, and taken back
  insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, supersedes_id, recorded_by)
    values (1, 110, 11, 'E11', 'relapse', 'distant', '{liver}', '2024-04-01', '2024-04-05', null, 1),
      (1, 111, 11, 'E11', 'relapse', 'local', '{}', '2024-04-01', '2024-05-05', 110, 1);
  insert into flag (site_id, id, patient_id, cause, severity, opened_on, state, closed_on, reason_text)
    select case when patient = 50 then 2 else 1 end, id, patient, cause, 'high', opened::date,
      case when closed is null then 'new' else 'closed' end, closed::date, 'The risk is above the threshold.'
    from (values
      (10, 10, 'risk_threshold', '2024-03-01', '2024-09-06'),
      (11, 11, 'risk_threshold', '2024-03-10', '2024-07-01'),
      (12, 12, 'risk_threshold', '2024-04-01', '2024-10-06'),
      (13, 13, 'risk_threshold', '2024-04-05', null),
      (113, 13, 'ctdna_rising', '2024-04-10', null),
      (14, 14, 'ctdna_rising', '2024-04-10', null),
      (16, 16, 'risk_threshold', '2026-10-01', null),
      (17, 17, 'risk_threshold', '2024-07-01', null),
      (18, 18, 'risk_threshold', '2024-03-01', null),
      (21, 21, 'risk_threshold', '2024-01-01', null),
      (50, 50, 'risk_threshold', '2024-03-01', '2024-09-06')) f (id, patient, cause, opened, closed);";

async fn world() -> TestApp {
    let test = TestApp::new().await;
    test.sql(WORLD).await;
    test
}

#[tokio::test]
async fn flags_are_judged_by_what_then_happened_at_the_readers_centres() {
    let test = world().await;
    let kept = flag_ledger::show(&test.app, &test.actor(Role::Clinician).await)
        .await
        .unwrap();
    let all = kept.all.unwrap();
    assert_eq!(
        all.whole.from.to_string(),
        "2024-01-01",
        "replays and a night that was never on show do not count"
    );
    // 10 came true; 11, 13, 21 were watched through; 12 died; 18 was lost; 16 is too young; a second cause is no further alert
    let within = all.whole.within[0];
    assert_eq!(all.whole.flags, 7);
    assert_eq!(
        (within.came_true, within.came_to_nothing, within.lost, within.pending),
        (1, 4, 1, 1)
    );
    let share = all.ppv[0].unwrap();
    assert!(
        (0.15..0.25).contains(&share.value) && share.lower < 0.1 && share.upper > 0.6,
        "{share:?}"
    );
    // 14 was metastatic, 17 had relapsed before its flag
    assert_eq!(all.beside, 2);
    assert_eq!((all.whole.relapses, all.whole.ahead, all.whole.early), (3, 1, 1));
    assert_eq!((all.median_lead, all.mean_lead), (Some(0.0), Some(184.0 / 3.0)));
    assert_eq!((all.year.flags, all.months.len()), (1, 35));
    assert_eq!(all.whole.backlog, 1, "the first night's own");
    assert!((all.whole.load() - 600.0 / all.whole.years).abs() < 1e-9);
    // ten at risk of the north from the first night on, less those after relapse or death; one from the night that knew of her
    let years = |from: &str, to: &str| {
        let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
        (day(to) - day(from)).num_days() as f64 / 365.25
    };
    let ended = ["2024-09-01", "2025-01-01", "2024-05-01", "2024-10-01"];
    // 18 was seen last in June 2024
    let whole = 5.0 * years("2024-01-01", "2026-11-23")
        + years("2024-01-01", "2024-06-02")
        + ended.iter().map(|to| years("2024-01-01", to)).sum::<f64>()
        + 1.0 / 365.25;
    assert!((all.whole.years - whole).abs() < 1e-9, "{} {whole}", all.whole.years);
    assert!(kept.centres.is_empty() && matches!(kept.rule, Rule::NoModel));
}

/// Of a budget that was raised.
#[tokio::test]
async fn what_had_gathered_below_the_old_thresholds_is_no_load() {
    let test = world().await;
    // 16 is flagged for a risk, 21 for a rise of ctDNA, which no budget holds back
    test.sql(
        "update run set as_of = '2026-11-09', cutoff_at = '2026-11-09 02:00+00' where id = 2;
         insert into run (id, as_of, state, cutoff_at) overriding system value values
           (5, '2026-11-10', 'published', '2026-11-10 02:00+00'), (6, '2026-11-11', 'published', '2026-11-11 02:00+00');
         update flag set opened_on = '2026-11-11' where id = 16;
         update flag set state = 'closed', closed_on = '2024-02-01' where id = 21;
         insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text)
           values (1, 22, 21, 'ctdna_rising', 'high', '2026-11-11', 'ctDNA above baseline in 2 draws.');",
    )
    .await;
    let backlog = async |before: f64, after: f64| {
        test.sql(&format!(
            "delete from verdict; insert into verdict (run_id, decision, reason, patients, budget)
               values (5, 'publish', 'Good.', 900, {before}), (6, 'publish', 'Good.', 900, {after});"
        ))
        .await;
        let kept = flag_ledger::show(&test.app, &test.actor(Role::Clinician).await)
            .await
            .unwrap();
        let year = kept.all.unwrap().year;
        (year.flags, year.backlog)
    };
    assert_eq!(backlog(4.0, 4.0).await, (2, 0));
    assert_eq!(backlog(4.0, 4.4).await, (2, 0), "as one per clinician moves");
    assert_eq!(backlog(4.0, 6.0).await, (2, 1));
    assert_eq!(backlog(6.0, 4.0).await, (2, 0));
}

#[tokio::test]
async fn the_page_shows_the_reader_s_centres_and_no_other() {
    let test = world().await;
    let own = test.client(Role::Clinician).await.get("/flags").await;
    assert_eq!(own.status, 200);
    let told = own.text("main");
    for word in [
        "North since 1 Jan 2024",
        "1 of 3 relapses",
        "of 6 flags raised 12 months ago or before",
        "4 (the budget)",
        "2 more were raised on patients not under watch",
        "No model is on show",
        "Apr 2024",
        "1 flag in",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    assert!(!own.body.contains("P-0"), "a patient's key is on the page");
    let both = test.client_of(Role::Analyst, &[NORTH, SOUTH]).await.get("/flags").await;
    let told = both.text("main");
    for word in [
        "North and South",
        "2 of 4 relapses",
        "of 7 flags",
        "Centre by centre",
        "SOU",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let none = test.client_of(Role::Administrator, &[]).await.get("/flags").await;
    assert!(none.text("main").contains("You hold no centre"));
}

#[tokio::test]
async fn without_a_night_nothing_can_be_judged_and_the_page_says_when() {
    let test = TestApp::new().await;
    let client = test.client(Role::Clinician).await;
    let told = client.get("/flags").await.text("main");
    assert!(told.contains("Nothing to judge yet"), "{told}");
    test.sql(
        "insert into run (id, as_of, state) overriding system value values (1, '2026-11-01', 'published');
         update patient set recorded_at = '2020-02-01';",
    )
    .await;
    let told = client.get("/flags").await.text("main");
    assert!(
        told.contains("no flag has been raised yet; a figure comes 12 months after the first"),
        "{told}"
    );
    test.sql(
        "insert into flag (site_id, id, patient_id, cause, severity, opened_on, reason_text)
         values (1, 1, 1, 'ctdna_rising', 'high', '2026-11-07', 'ctDNA is above its baseline in two draws.')",
    )
    .await;
    let told = client.get("/flags").await.text("main");
    assert!(
        told.contains("no flag is 12 months old yet; the first figures come by"),
        "{told}"
    );
}
