//! The database that the settings name: the private server, started or joined, or the one in DATABASE_URL.

use std::path::PathBuf;

use anyhow::{Context, bail};
use metwatch::app::App;
use metwatch::clock::SystemClock;
use metwatch::config::Config;
use metwatch::store::Db;
use metwatch::store::server::{self, Embedded, Login, Logins, Options};

use super::show::Step;

/// Of the pages' pool; the two cores of a small machine are busy with fewer.
const CONNECTIONS: u32 = 16;

/// Whether a subcommand may work beside a running program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Serves: one program per data folder.
    Alone,
    /// Works with a server that another program runs, if one does.
    Shared,
}

/// An open database; `close` it, or the private server stops when it is dropped.
pub struct Database {
    pub logins: Logins,
    /// The folder of the private server's socket.
    pub socket: Option<PathBuf>,
    embedded: Option<Embedded>,
}

impl Database {
    /// Starts what must be started and brings roles and schema up to date.
    pub async fn open(config: &Config, how: Use) -> anyhow::Result<Database> {
        if let Some(url) = &config.database_url {
            std::fs::create_dir_all(&config.data).with_context(|| format!("cannot make {}", config.data.display()))?;
            let logins = server::attach(url, &config.data).await?;
            return Ok(Database {
                logins,
                socket: None,
                embedded: None,
            });
        }
        if how == Use::Shared
            && let Some(socket) = server::running(&config.data)
        {
            let [app, job] = [Login::App, Login::Job].map(|login| Some(server::url(&socket, login)));
            return Ok(Database {
                logins: Logins { app, job },
                socket: Some(socket),
                embedded: None,
            });
        }
        let options = Options {
            bindir: config.pg_bindir.clone(),
            ..Options::new(&config.data)
        };
        let embedded = tokio::task::spawn_blocking(move || {
            let mut step: Option<Step> = None;
            let started = Embedded::start(&options, |what| {
                if let Some(step) = step.replace(Step::begin(what)) {
                    step.done("");
                }
            });
            if let Some(step) = step {
                step.done(if started.is_ok() { "" } else { "failed" });
            }
            started
        });
        let embedded = embedded.await??;
        let step = Step::begin("bringing the schema up to date");
        let logins = server::provision(&embedded.url(Login::Admin), None).await?;
        step.done("");
        Ok(Database {
            logins,
            socket: Some(embedded.socket().into()),
            embedded: Some(embedded),
        })
    }

    /// Stops the private server if it is ours.
    pub async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }

    /// The shared state for people and the console, once it is sure that the walls hold with its logins.
    pub async fn app(&self, config: &Config) -> anyhow::Result<App> {
        let Some(app) = &self.logins.app else {
            bail!("this needs the login metwatch_app, or an administrator, in DATABASE_URL")
        };
        connected(config, app, self.logins.job.as_ref().unwrap_or(app)).await
    }

    /// The shared state for what looks over all centres: the night, the check of the audit trail.
    pub async fn night(&self, config: &Config) -> anyhow::Result<App> {
        let Some(job) = &self.logins.job else {
            bail!("this needs the login metwatch_job, or an administrator, in DATABASE_URL")
        };
        connected(config, self.logins.app.as_ref().unwrap_or(job), job).await
    }
}

async fn connected(config: &Config, app: &str, job: &str) -> anyhow::Result<App> {
    server::safe_to_serve(app).await?;
    if app != job {
        server::safe_to_serve(job).await?;
    }
    let db = Db::connect(app, job, CONNECTIONS)?;
    Ok(App::new(db, SystemClock, config.clone()))
}
