//! The application with two centres, a user of each role at the first, and a patient at each.

use chrono::{DateTime, Utc};
use metwatch::actions::sign_in;
use metwatch::app::App;
use metwatch::clock::FixedClock;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};
use metwatch::domain::id::{PatientId, PatientRef, SiteId};
use metwatch::store::{Db, links::Purpose};
use metwatch::web;
use sqlx::{AssertSqlSafe, Executor};

use super::{Client, Database};

pub const NORTH: SiteId = SiteId(1);
pub const SOUTH: SiteId = SiteId(2);

pub struct TestApp {
    pub app: App,
    pub database: Database,
    /// NOR-0001 at the north, whose centre all users of `client` hold.
    pub own: PatientRef,
}

/// The instant at which tests live unless they say otherwise.
pub fn noon() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl TestApp {
    pub async fn new() -> TestApp {
        TestApp::at(noon()).await
    }

    pub async fn at(now: DateTime<Utc>) -> TestApp {
        let database = Database::new().await;
        let data = std::env::temp_dir()
            .join(format!("metwatch-test-{}", std::process::id()))
            .join(format!("data-{}", database.name));
        std::fs::create_dir_all(&data).unwrap();
        let config = Config {
            data,
            ..Config::default()
        };
        let db = Db::connect(&database.app_url(), &database.job_url(), 4).unwrap();
        let app = App::new(db, FixedClock(now), config);
        let mut superuser = database.superuser().await;
        superuser
            .execute(
                "set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system';
                 insert into site (id, code, name) values (1, 'NOR', 'North'), (2, 'SOU', 'South');
                 insert into patient (site_id, id, patient_key, birth_year, sex, reported_on, recorded_by) values
                   (1, 1, 'NOR-0001', 1960, 'F', '2020-01-10', 1), (2, 2, 'SOU-0001', 1955, 'M', '2020-01-10', 1);
                 alter sequence patient_id_seq restart with 100;
                 insert into tumour (site_id, id, patient_id, natural_key, diagnosed_on, organ, reported_on, recorded_by) values
                   (1, 1, 1, 'NOR-0001/1', '2020-01-10', 'breast', '2020-01-10', 1),
                   (2, 2, 2, 'SOU-0001/1', '2020-01-10', 'breast', '2020-01-10', 1);
                 alter sequence tumour_id_seq restart with 100;",
            )
            .await
            .unwrap();
        let patient = |site, id| PatientRef {
            site,
            patient: PatientId(id),
        };
        TestApp {
            app,
            database,
            own: patient(NORTH, 1),
        }
    }

    /// Statements behind the program's back, with an actor set so that the triggers accept them.
    pub async fn sql(&self, statements: &str) {
        let mut superuser = self.database.superuser().await;
        let statements =
            format!("set app.actor = '1'; set app.actor_name = 'console'; set app.role = 'system'; {statements}");
        superuser.execute(AssertSqlSafe(statements)).await.unwrap();
    }

    pub fn anonymous(&self) -> Client {
        Client::new(web::routes::router(self.app.clone()))
    }

    /// A client signed in as a user of this role who holds these centres.
    pub async fn client_of(&self, role: Role, sites: &[SiteId]) -> Client {
        let name = format!("{}-{}", role.code(), uuid::Uuid::new_v4().simple());
        let console = Actor::console(vec![]);
        let mut work = self.app.db.begin(&console, self.app.clock.now()).await.unwrap();
        let user = metwatch::store::users::insert(&mut work, &name, role, sites)
            .await
            .unwrap();
        work.finish(metwatch::domain::audit::Entry::by_trigger()).await.unwrap();
        let link = sign_in::make_link(&self.app, &console, user, Purpose::Demo)
            .await
            .unwrap();
        let mut client = self.anonymous();
        let page = client.post(&format!("/link/{link}"), &[]).await;
        assert_eq!(page.status, 303, "{}", page.body);
        client.keep(&page);
        client
    }

    /// A client of this role at the north.
    pub async fn client(&self, role: Role) -> Client {
        self.client_of(role, &[NORTH]).await
    }

    /// An actor of this role at the north, for calling actions directly.
    pub async fn actor(&self, role: Role) -> Actor {
        let client = self.client(role).await;
        let secret = client.cookie.unwrap().split_once('=').unwrap().1.to_owned();
        sign_in::actor_of(&self.app, &secret).await.unwrap().unwrap()
    }
}
