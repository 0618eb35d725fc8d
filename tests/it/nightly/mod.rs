//! The night: the same however often and however brokenly it is run; shown all at once; flags through their lives.

mod again; // done twice, of the past, two at once
mod broken; // stopped, killed, overtaken
mod budget; // how many alerts, from which night on
mod card; // its model on show
mod carry; // what need not be worked out again
mod flags; // a flag's life
mod meanwhile; // what is entered while it runs
mod page; // how far it is
mod replay; // past days, and stored nights held against themselves
mod shards; // several processes, leases, fences
mod spoilt; // bad patients, no model

use std::ops::ControlFlow;

use metwatch::actions::Error;
use metwatch::actions::nightly::{self, Asked, End, Progress};
use metwatch::app::App;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::support::TestApp;

/// Six centres with 60 women each, whose relapses follow their nodes, more of them and sooner: enough for a model and for some risks above the
/// threshold. All that is invented here is a function of the number `g`.
const COHORT: &str = "
  insert into site (id, code, name) select g, 'CEN-' || g, 'Centre ' || g from generate_series(3, 6) g;
  create temporary table woman as
    select g, 1 + g % 6 as site, 1000 + g as id, date '2017-06-01' + g * 37 % 3300 as surgery, g * 7 % 12 as nodes,
      ('x' || left(md5('luck' || g), 6))::bit(24)::int % 1000 / 10.0 as luck,
      100 + ('x' || left(md5('days' || g), 6))::bit(24)::int % 3600 * (13 - g * 7 % 12) / 13 as days
    from generate_series(1, 360) g;
  insert into patient (site_id, id, patient_key, birth_year, sex, menopausal_status, reported_on, recorded_by)
    select site, id, 'W-' || g, 1940 + g * 11 % 30, 'F', case when g % 3 = 0 then 'pre' else 'post' end, surgery, 1 from woman;
  insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, grade, size_band, nodes_positive, er_fmol, pgr_fmol,
      reported_on, recorded_by)
    select site, id, id, 'W-' || g, surgery, 'breast', 2 + g * 5 % 2, (array['<=20', '20-50', '>50'])[1 + g * 13 % 3], nodes,
      g * 17 % 300, g * 29 % 250, surgery, 1 from woman;
  insert into surgery (site_id, id, patient_id, natural_key, procedure, performed_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, 'mastectomy', surgery, surgery, 1 from woman;
  insert into treatment (site_id, id, patient_id, natural_key, category, phase, started_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, case when g % 4 = 0 then 'endocrine' else 'chemotherapy' end, 'adjuvant', surgery + 30,
      surgery + 30, 1 from woman where g % 2 = 0;
  insert into event (site_id, id, patient_id, natural_key, kind, relapse_kind, organs, occurred_on, reported_on, recorded_by)
    select site, id, id, 'W-' || g, 'relapse', 'distant', '{liver}', surgery + days, surgery + days, 1
    from woman where luck < 2 + 7.5 * nodes;
  insert into event (site_id, id, patient_id, natural_key, kind, cause, occurred_on, reported_on, recorded_by)
    select site, 1000 + id, id, 'D-' || g, 'death', 'other', surgery + days + 200, surgery + days + 200, 1
    from woman where luck > 78;
  insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
    select site, 2000 + id, id, 'L-' || g, 'last_contact', date '2026-10-01', date '2026-10-01', 1
    from woman where luck <= 78;";

/// A ctDNA reading of NOR-0001.
fn reading(id: i64, day: &str, value: f64) -> String {
    format!(
        "insert into observation (site_id, id, patient_id, natural_key, measure, assay_id, analyte, collected_on, reported_on,
           recorded_by, route, raw_text, detection, comparator, value_num, unit, lo, hi)
         select 1, {id}, 1, 'R-{id}', measure, id, analyte, '{day}', '{day}', 1, 'form', '{value}', 'quantified', '=', {value}, unit,
           {value}, {value}
         from assay_version where assay_code = 'INSPIRE-BESPOKE';"
    )
}

fn event(id: i64, kind: &str, day: &str) -> String {
    format!(
        "insert into event (site_id, id, patient_id, natural_key, kind, occurred_on, reported_on, recorded_by)
         values (1, {id}, 1, 'E-{id}', '{kind}', '{day}', '{day}', 1);"
    )
}

async fn world() -> TestApp {
    let test = TestApp::new().await;
    test.sql(COHORT).await;
    test
}

fn on(day: &str) -> Asked {
    Asked {
        as_of: Some(day.parse().unwrap()),
        ..Asked::default()
    }
}

fn again(day: &str) -> Asked {
    Asked { redo: true, ..on(day) }
}

async fn night(app: &App, asked: &Asked) -> Result<End, Error> {
    nightly::run(app, asked, &mut |_: Progress| ControlFlow::Continue(())).await
}

async fn done(test: &TestApp, asked: &Asked) -> usize {
    match night(&test.app, asked).await.unwrap() {
        End::Published { flags_raised, .. } => flags_raised,
        other => panic!("{other:?}"),
    }
}

/// Where a test looks behind the program's back.
trait Behind {
    fn admin_url(&self) -> String;
}

impl Behind for TestApp {
    fn admin_url(&self) -> String {
        self.database.admin_url()
    }
}

/// The answer of a query as text, row by row.
async fn ask(test: &impl Behind, query: &str) -> Vec<String> {
    let mut superuser = PgConnection::connect(&test.admin_url()).await.unwrap();
    let query = format!("select concat_ws('|', variadic array[{query}");
    let rows = superuser.fetch_all(AssertSqlSafe(query)).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// The scores of a run: its own, and those that it carried over.
fn standing(run: &str) -> String {
    format!(
        "(select distinct on (s.site_id, s.patient_id) s.*, s.run_id <> r.id as carried, o.as_of as of_day
          from run r
          join score s on s.run_id = any (r.scores_from)
          join run o on o.id = s.run_id
          where r.id = ({run})
          order by s.site_id, s.patient_id, s.run_id desc) standing"
    )
}

/// Everything that a run found, to the last bit of each number.
async fn found(test: &impl Behind, run: &str) -> Vec<String> {
    let scores = format!(
        "site_id::text, patient_id::text, model_id::text, encode(float8send(risk), 'hex'), encode(float8send(risk_lo), 'hex'),
           encode(float8send(risk_hi), 'hex'), contributions::text, missing::text, stale::text,
           outside, not_scored, fingerprint]) from {} order by site_id, patient_id",
        standing(run)
    );
    let flags = format!(
        "site_id::text, patient_id::text, cause, severity, reason_text, trigger_ids::text]) from run_flag
         where run_id = ({run}) order by site_id, patient_id, cause"
    );
    let spread = format!("risk_spread::text]) from run where id = ({run})");
    let mut all = vec![];
    for part in [scores, flags, spread] {
        all.extend(ask(test, &part).await);
    }
    all
}

const LAST: &str = "select max(id) from run";
const FIRST: &str = "select min(id) from run";

/// Either all of a run is on show or nothing.
async fn is_whole(test: &impl Behind) {
    let split = ask(
        test,
        "f.id::text]) from flag f join run r on r.id = f.run_id where r.state <> 'published' or
         (select run_id from publication) is distinct from r.id and r.id = (select max(id) from run)",
    )
    .await;
    assert_eq!(split, Vec::<String>::new(), "flags of a run that is not on show");
}
