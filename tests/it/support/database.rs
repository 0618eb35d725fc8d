//! One server a run, one database a test.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use metwatch::store::server::{self, Embedded, Login, Options};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::sync::OnceCell;

/// The server lives as long as the test binary; it ends by itself when that one does.
static SERVER: OnceLock<Embedded> = OnceLock::new();
static TEMPLATE: OnceCell<()> = OnceCell::const_new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// What the run leaves on disk; swept by the next run.
pub fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("metwatch-test-{}", std::process::id()))
}

/// Leftovers of runs whose process is gone.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(pid) = name.strip_prefix("metwatch-test-")
            && !PathBuf::from(format!("/proc/{pid}")).exists()
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn start() -> Embedded {
    sweep();
    let mut options = Options::new(folder());
    options.program = Some(env!("CARGO_BIN_EXE_metwatch").into());
    // the tests of durability start servers of their own
    options.durable = false;
    // the server's signal of our end follows the thread that started it, so that thread must stay
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let started = Embedded::start(&options, |_| ()).expect("the private server starts");
        tell.send(started).expect("somebody waits");
        loop {
            std::thread::park();
        }
    });
    told.recv().expect("the server starts")
}

/// The administrator's address of the run's server.
pub fn server_url() -> String {
    SERVER.get_or_init(start).url(Login::Admin)
}

/// A fresh database for one test.
pub struct Database {
    pub name: String,
    admin: String,
}

fn at(url: &str, login: &str, database: &str) -> String {
    let (_, rest) = url.split_once('@').expect("the address has a login");
    let (host, rest) = rest.split_once('/').expect("the address has a database");
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    format!("postgres://{login}@{host}/{database}?{query}")
}

impl Database {
    pub async fn new() -> Database {
        let admin = tokio::task::spawn_blocking(server_url).await.unwrap();
        TEMPLATE
            .get_or_init(|| async {
                server::provision(&admin, None).await.expect("the template is made");
            })
            .await;
        Database::copy_of(server::DATABASE).await
    }

    /// A copy of a database to which nobody is connected.
    pub async fn copy_of(template: &str) -> Database {
        let admin = tokio::task::spawn_blocking(server_url).await.unwrap();
        let name = format!("t{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut connection = PgConnection::connect(&admin).await.unwrap();
        // one clone at a time: a template can't be copied while another copy reads it
        static CLONING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let _turn = CLONING.lock().await;
        connection
            .execute(AssertSqlSafe(format!("create database {name} template {template}")))
            .await
            .unwrap();
        Database { name, admin }
    }

    pub fn app_url(&self) -> String {
        at(&self.admin, "metwatch_app", &self.name)
    }

    pub fn job_url(&self) -> String {
        at(&self.admin, "metwatch_job", &self.name)
    }

    pub fn admin_url(&self) -> String {
        at(&self.admin, "postgres", &self.name)
    }

    /// A connection as superuser: for what a tamperer or a test's arrangement does behind the program's back.
    pub async fn superuser(&self) -> PgConnection {
        PgConnection::connect(&self.admin_url()).await.unwrap()
    }

    /// A connection as the application's login, without any scope.
    pub async fn as_app(&self) -> PgConnection {
        PgConnection::connect(&self.app_url()).await.unwrap()
    }
}
