//! A server on a port of its own, with the demonstration's data in a database of its own. The data are loaded once a run, as
//! `metwatch import` and `metwatch nightly` load them, and copied for each test.

use std::ops::ControlFlow;
use std::path::Path;

use metwatch::actions::{import, nightly, users};
use metwatch::app::App;
use metwatch::clock::FixedClock;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};
use metwatch::store::Db;
use metwatch::web;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use super::page::Browser;
use crate::support::{Database, folder, noon};

pub struct Stage {
    pub app: App,
    pub database: Database,
    pub origin: String,
}

/// The name of the database with the demonstration in it.
async fn filled() -> &'static str {
    static FILLED: OnceCell<Database> = OnceCell::const_new();
    let database = FILLED
        .get_or_init(|| async {
            let database = Database::new().await;
            let app = app(&database, Config::default());
            let console = Actor::console(vec![]);
            let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/demo");
            let report = import::import(&app, &console, &data, &import::Options::default(), |_| ()).await;
            assert!(!report.expect("the demonstration is read").refused());
            let night = nightly::run(&app, &nightly::Asked::default(), &mut |_| ControlFlow::Continue(())).await;
            assert!(matches!(night, Ok(nightly::End::Published { .. })), "{night:?}");
            // a database is copied only while nobody is connected to it
            app.db.close().await;
            database
        })
        .await;
    &database.name
}

fn app(database: &Database, config: Config) -> App {
    let data = folder().join(format!("data-{}", database.name));
    std::fs::create_dir_all(&data).unwrap();
    let db = Db::connect(&database.app_url(), &database.job_url(), 8).unwrap();
    App::new(db, FixedClock(noon()), Config { data, ..config })
}

impl Stage {
    pub async fn new() -> Stage {
        let database = Database::copy_of(filled().await).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap();
        let origin = format!("http://{listen}");
        let config = Config {
            listen,
            origin: origin.clone(),
            ..Config::default()
        };
        let app = app(&database, config);
        tokio::spawn(web::serve::serve(app.clone(), listener, std::future::pending()));
        Stage { app, database, origin }
    }

    /// A one-time link that signs a person of this role in, as `metwatch demo` prints it.
    pub async fn link(&self, role: Role) -> String {
        let console = Actor::console(vec![]);
        let (_, token) = users::demo_link(&self.app, &console, role).await.unwrap();
        format!("/link/{token}")
    }

    /// Signs in through the link.
    pub async fn enter(&self, browser: &Browser, role: Role, home: &str) {
        browser.go(&self.link(role).await).await;
        browser.click("main button").await;
        browser.arrives(home).await;
    }
}
