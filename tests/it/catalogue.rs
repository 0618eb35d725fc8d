//! The catalogue of measures and the tables that mirror it say the same, and every entry goes the whole way: form, judgement,
//! storage, and back into the record.
#![expect(clippy::disallowed_methods, reason = "the tests look behind the program's back")]

use std::collections::BTreeSet;

use metwatch::domain::access::{Actor, Role};
use metwatch::domain::audit::Entry;
use metwatch::domain::measure::{CATALOGUE, Kind, Measure, RawEntry};
use metwatch::store::histories;

use sqlx::AssertSqlSafe;

use crate::coordinator::{assay, rows};
use crate::support::{NORTH, TestApp};

#[tokio::test]
async fn the_tables_are_the_catalogue() {
    let test = TestApp::new().await;
    let text = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let declared = |lists: Vec<Vec<String>>| lists.into_iter().collect::<BTreeSet<_>>();
    let stored = async |sql| rows(&test, sql).await.into_iter().collect::<BTreeSet<_>>();
    let measures = CATALOGUE.iter().map(|m| text(&[m.code(), m.label()])).collect();
    assert_eq!(stored("select code, label from measure").await, declared(measures));
    let components = CATALOGUE
        .iter()
        .flat_map(|m| m.components().iter().map(|c| text(&[m.code(), c.code])));
    assert_eq!(
        stored("select measure, code from measure_component").await,
        declared(components.collect())
    );
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| value.to_string());
    let assays = CATALOGUE.iter().flat_map(|m| {
        m.assays().iter().map(|a| {
            let mut row = text(&[
                m.code(),
                a.code,
                a.version,
                a.analyte,
                a.platform,
                a.specimen_type,
                a.unit,
            ]);
            row.extend([number(a.lod), number(a.range_high)]);
            row.extend([a.positivity_rule, a.loinc].map(|word| word.unwrap_or("–").to_owned()));
            row
        })
    });
    let sql = "select measure, assay_code, version, analyte, platform, specimen_type, unit, lod::float8::text, range_high::float8::text, positivity_rule, loinc from assay_version";
    assert_eq!(stored(sql).await, declared(assays.collect()));
}

/// Something that each kind of component takes.
fn sample(measure: &dyn Measure) -> Vec<(String, String)> {
    measure
        .components()
        .iter()
        .filter_map(|component| {
            let (lo, _) = component.hard.unwrap_or((0.0, 0.0));
            let value = match component.kind {
                _ if component.default.is_some() => component.default?.to_owned(),
                Kind::Result => "4".into(),
                Kind::Count => "4".into(),
                // what contradicts the result is another test's
                Kind::Choice(_) => return None,
                Kind::Text(_) => "words".into(),
                Kind::Flag => "true".into(),
                Kind::Amount(_) | Kind::Integer | Kind::Decimal(_) => lo.max(2.0).to_string(),
            };
            Some((component.code.to_owned(), value))
        })
        .collect()
}

#[tokio::test]
async fn every_measure_goes_through_form_judgement_storage_and_back() {
    let test = TestApp::new().await;
    let client = test.client(Role::Coordinator).await;
    let form = client.get("/patients/NOR/NOR-0001/visits/new").await;
    for measure in CATALOGUE {
        for component in measure.components() {
            let name = measure.field(component.code);
            assert!(form.body.contains(&format!("name=\"{name}\"")), "the form has {name}");
        }
        for seed in measure.assays() {
            assert!(
                form.body.contains(&seed.platform.replace('&', "&#38;")),
                "the form offers {}",
                seed.code
            );
        }
        let id = assay(&test, measure.assays()[0].code).await;
        let typed = sample(*measure);
        let mut fields = vec![
            ("occurred_on".to_owned(), "2024-04-03".to_owned()),
            (measure.field("assay"), id),
        ];
        fields.extend(typed.iter().map(|(code, value)| (measure.field(code), value.clone())));
        for component in measure.components() {
            fields.push((
                format!("{}.keep", measure.field(component.code)),
                "it is a test of storage".into(),
            ));
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let page = client.post("/patients/NOR/NOR-0001/visits", &fields).await;
        assert_eq!(page.status, 303, "{}: {}", measure.code(), page.text(".errors"));

        let actor = Actor::console(vec![NORTH]);
        let mut work = test.app.db.begin(&actor, test.app.clock.now()).await.unwrap();
        let record = histories::of(&mut work, test.own).await.unwrap();
        work.finish(Entry::by_trigger()).await.unwrap();
        let saved = record
            .observations
            .iter()
            .find(|seen| seen.measure == measure.code())
            .unwrap();
        // what is loaded would be typed the same way again
        let again = RawEntry::from_observation(*measure, saved);
        for (code, value) in &typed {
            assert_eq!(again.get(code), Some(value.as_str()), "{}.{code}", measure.code());
        }
        // analysts' view of it, which asks with the rights of whoever reads it
        let count = format!("select count(*) from v_{}", measure.code());
        assert_eq!(
            rows(&test, &count.replace("(*)", "(*)::text")).await,
            [["1"]],
            "{count}"
        );
        let unscoped: i64 = sqlx::query_scalar(AssertSqlSafe(count))
            .fetch_one(&mut test.database.as_app().await)
            .await
            .unwrap();
        assert_eq!(unscoped, 0, "v_{} without a centre", measure.code());
        let page = client
            .get(&format!("/patients/NOR/NOR-0001/readings/{}", saved.id))
            .await;
        assert_eq!(page.status, 200);
        for (code, value) in &typed {
            assert!(
                page.body.contains(&format!("name=\"{}\"", measure.field(code))),
                "{code} {value}"
            );
        }
    }
}
