//! What the night says of a patient beside the risk on show, and the card of its model: as they are stored, laid out on pages.

use metwatch::burden::line::{Slip, Surprise};
use metwatch::burden::{Band, Line, Regimes};
use metwatch::domain::access::Role;
use metwatch::risk::landmark::{Risk, Share};
use serde_json::{Value, json};

use crate::support::{Page, TestApp};

/// A night of NOR-0001 that was carried over, three ctDNA readings, of which the second is ten times too high.
const NIGHT: &str = "
  insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on, recorded_by,
    route, raw_text, detection, comparator, value_num, unit, lo, hi)
  select 1, d.id, 1, 'draw ' || d.id, a.measure, a.id, a.analyte, d.day, d.day, 1, 'csv', d.value::text, 'quantified', '=', d.value, a.unit, d.value, d.value
  from (values (601, date '2026-05-04', 0.5), (602, date '2026-08-03', 15.0), (603, date '2026-11-02', 4.5)) as d (id, day, value),
    (select * from assay_version where measure = 'ctdna' and unit <> '1' order by id limit 1) a;
  insert into model (id, kind, version, as_of, fingerprint, parameters, card) overriding system value
    values (1, 'first_distant_relapse', 'model-of-the-test', '2026-11-22', 'f00d', '{}', 'CARD');
  insert into run (id, as_of, state, model_id, model_note, patients, scored, risk_spread) overriding system value
    values (1, '2026-11-22', 'published', 1, 'Fitted on 4321 patients.', 2, 1,
      array(select case when k <= 974 then 0.1 else 0.5 end from generate_series(1, 1000) k order by k));
  insert into verdict (run_id, decision, reason, patients, budget, horizon_days, auc, scaled_brier, observed_over_expected, slope)
    values (1, 'recalibrate', 'Observed over expected 1.30 lies outside.', 4321, 4, 365, 0.874, 0.213, 1.3, 0.97);
  update publication set run_id = 1, published_at = '2026-11-22 02:14+00';
  insert into score (site_id, run_id, patient_id, model_id, risk, risk_lo, risk_hi, contributions, detail, missing, scored_on, fingerprint) values
    (1, 1, 1, 1, 0.3, 0.2, 0.4, 'PARTS', 'DETAIL', '{}', '2026-11-20', 'f');";

fn band(mean: f64, lower: f64, upper: f64) -> Band {
    Band { mean, lower, upper }
}

fn line() -> Line {
    Line {
        day: 2500,
        level: band(2e-5f64.ln(), -30.0, 1.2e-3f64.ln()),
        slope: band(0.01, 0.0, 0.02),
        regimes: Regimes {
            cleared: 0.04,
            silent: 0.12,
            growing: 0.81,
            overt: 0.03,
        },
        doubling_days: Some(band(62.4, 41.6, 92.0)),
        began: Some(band(2300.0, 2200.0, 2400.0)),
        visible: Some(band(2650.0, 2520.0, 6150.0)),
        surprises: vec![Surprise {
            id: 602,
            slip: Slip::Scale,
            probability: 0.93,
        }],
        ..Line::default()
    }
}

fn detail() -> Value {
    let risk = |value, lower, upper| Risk { value, lower, upper };
    let share = |what: &str, risk| Share {
        what: what.into(),
        risk,
    };
    json!({
        "risks": [risk(0.12, 0.08, 0.18), risk(0.3, 0.2, 0.4), risk(0.45, 0.33, 0.58)],
        "organs": [share("node", 0.05), share("liver", 0.25), share("bone", 0.15), share("death", 0.035), share("free", 0.515)],
        "percentile": 97.0,
        "line": line(),
    })
}

/// An average and twelve facts that make up 0.3, the last without effect.
fn parts() -> Value {
    let fact = |i: u32| json!({"label": format!("Marker {i}"), "value": "1.5 20 days ago", "effect": f64::from(12 - i) / 1000.0 + 0.009});
    let mut parts = vec![json!({"label": "Average patient of the fit", "value": "", "effect": 0.135})];
    parts.extend((1..12).map(fact));
    parts.push(json!({"label": "Menopause", "value": "no", "effect": 0.0}));
    Value::from(parts)
}

async fn stored(card: &Value, parts: &Value, detail: &Value) -> TestApp {
    let test = TestApp::new().await;
    let quoted = |value: &Value| value.to_string().replace('\'', "''");
    let sql = NIGHT
        .replace("CARD", &quoted(card))
        .replace("PARTS", &quoted(parts))
        .replace("DETAIL", &quoted(detail));
    test.sql(&sql).await;
    test
}

fn says(page: &Page, part: &str, all: &[&str]) {
    assert_eq!(page.status, 200, "{}", page.body);
    let text = page.text(part).replace(['\u{202f}', '\u{a0}'], " ");
    for words in all {
        assert!(text.contains(words), "{words} in {text}");
    }
}

#[tokio::test]
async fn a_full_score_has_three_risks_organs_and_a_burden_of_its_own() {
    let test = stored(&json!({}), &parts(), &detail()).await;
    let page = test.client(Role::Clinician).await.get("/patients/NOR/NOR-0001").await;
    says(
        &page,
        "aside",
        &[
            "30 % within 12 months",
            "within 6 months",
            "12 %",
            "8.0–18 %",
            "above 97 % of the patients scored that night",
            "within 24 months",
            "33–58 %",
            "Where, within 24 months",
            "Distant nodes",
            "25.0 %",
            "Free of both",
            "51.5 %",
            "3 others",
            "Without effect here: Menopause (no)",
            // the night carried the score of an earlier day
            "Score of 20 Nov 2026",
        ],
    );
    says(
        &page,
        ".card.burden",
        &[
            "Very likely growing (growing: 84 %)",
            "There, not growing",
            "12 %",
            "20 ppm (too low to be seen – 0.12 %)",
            "62 days (42–92)",
            "about May 2026 (Jan 2026 – Aug 2026)",
            "about Apr 2027 (Dec 2026 – after Nov 2036)",
            "of 3 Aug 2026",
            "looks ten times or more too high or too low (93 % sure)",
        ],
    );
    assert!(!page.text(".card.burden").contains("isk "), "burden is no risk");
    assert!(
        page.body
            .contains("class=\"small odd\"><a href=\"/patients/NOR/NOR-0001/readings/602\"")
    );
    // 51.5 + 25 + 15 + 5 + 3.5: the shares add up as they are shown
    let shown = page
        .text("table[aria-labelledby=where-title] td.n")
        .replace('\u{202f}', " ");
    let sum: f64 = shown
        .split('%')
        .filter_map(|part| part.trim().parse::<f64>().ok())
        .sum();
    assert!((sum - 100.0).abs() < 1e-9, "{shown}");
}

/// Scores of another program: nothing of the new is shown, and nothing breaks.
#[tokio::test]
async fn a_score_without_detail_or_with_an_odd_one_is_the_risk_alone() {
    for detail in [
        json!({}),
        json!({"line": Line::default(), "risks": [], "organs": []}),
        json!({"line": {"day": "x"}, "risks": 7, "organs": [{"what": 1}]}),
    ] {
        let test = stored(&json!({}), &json!([]), &detail).await;
        let page = test.client(Role::Clinician).await.get("/patients/NOR/NOR-0001").await;
        says(&page, "aside", &["30 %", "within 12 months"]);
        let aside = page.text("aside");
        assert!(
            !aside.contains("Burden") && !aside.contains("within 24") && !aside.contains("Where"),
            "{aside}"
        );
    }
}

/// As `risk::card` writes it.
fn card() -> Value {
    let horizon = |days: i32, slope: Value| {
        json!({"horizon_days": days, "auc": 0.874, "scaled_brier": 0.213, "observed": 0.104, "expected": 0.1,
            "observed_over_expected": 1.04, "relative_error": 0.05, "slope": slope, "slope_error": 0.03})
    };
    let group = |by: &str, is: &str, ratio: Value| json!({"by": by, "is": is, "patients": 1200, "relapsed": 3, "observed": 0.1, "expected": 0.09, "observed_over_expected": ratio});
    json!({
        "version": "landmark-9", "cut": "2026-11-22",
        "says": "The chance of a first distant relapse within 182, 365 and 730 days.",
        "method": "Landmarks and hazards.", "decision": "recalibrate", "reason": "Observed over expected 1.30 lies outside.",
        "recalibrated": true,
        "fitted_on": {"patients": 4321, "landmarks": 54321, "relapsed": 987, "died": 654, "drawn": false, "fingerprint": "f00d"},
        "judged": {"out_of_time": "2022-03-01"},
        "validation": {"landmarks": 20000, "patients": 3000, "relapsed": 400,
            "horizons": [horizon(182, Value::Null), horizon(365, json!(0.97)), horizon(730, json!(1.01))],
            "subgroups": [group("centre", "1", json!(1.1)), group("centre", "2", Value::Null), group("sex", "F", json!(0.95))],
            "drift": [{"column": "ctdna_last", "index": 0.312}]},
        "rivals": [{"families": "ridge regression of both hazards", "loss_a_relapse": 7.25}, {"families": "boosted trees", "loss_a_relapse": 7.125}],
        "weights": [], "matter_most": [{"fact": "nodes", "size": 0.62}, {"fact": "ctDNA", "size": 0.31}],
        "ridge": [1.0, 1.0], "groups": ["breast", "bladder"], "latest_landmark_days": 3653, "too_small": ["centre 2"],
        "limits": ["Not a medical device."], "not_in_the_fit": {"no primary tumour on file": 12},
    })
}

#[tokio::test]
async fn the_model_card_is_laid_out_with_its_nights() {
    let test = stored(&card(), &json!([]), &json!({})).await;
    let page = test.client(Role::Analyst).await.get("/model").await;
    says(
        &page,
        "main",
        &[
            "within 182, 365 and 730 days",
            "Recalibrated, then published",
            "1.30 lies outside",
            "had happened by 1 Mar 2022",
            "20,000 landmarks of 3,000 patients",
            "0.874",
            "0.213",
            "1.04 (0.94–1.14)",
            "0.97 (0.91–1.03)",
            "before level and slope were corrected",
            "centre NOR",
            "sex women",
            "Too few relapses to say: centre of others.",
            "boosted trees chosen",
            "7.2500",
            "Nodes",
            "ctdna last",
            "0.31",
            "4,321",
            "10.0 years",
            "12, no primary tumour on file",
            "f00d",
            "Observed over expected 1.30 lies outside.",
            "on show",
        ],
    );
}

#[tokio::test]
async fn a_card_of_another_shape_is_a_page_and_no_failure() {
    for card in [
        json!({}),
        json!({"says": "An old sentence."}),
        json!([1]),
        json!({"says": 1, "limits": "none"}),
    ] {
        let test = stored(&card, &json!([]), &json!({})).await;
        let page = test.client(Role::Clinician).await.get("/model").await;
        says(
            &page,
            "main",
            &["model-of-the-test", "Another version of the program", "f00d"],
        );
        assert_eq!(
            page.body.contains("An old sentence."),
            card["says"] == "An old sentence."
        );
    }
    let empty = TestApp::new().await.client(Role::Analyst).await.get("/model").await;
    says(&empty, "main", &["No model yet"]);
}
