//! `metwatch serve`

use std::process::ExitCode;

use anyhow::Context;
use metwatch::app::App;
use metwatch::config::Config;
use metwatch::web;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::database::{Database, Use};

pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    // Before the database: a port that is taken should cost no time.
    let listener = listen(config).await?;
    let database = Database::open(config, Use::Alone).await?;
    let app = match database.app(config).await {
        Ok(app) => app,
        Err(error) => {
            database.close().await;
            return Err(error);
        }
    };
    println!("Metwatch is at {}", config.origin);
    until_told(app, listener, database).await
}

pub async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    TcpListener::bind(config.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another program there? METWATCH_LISTEN sets another port",
            config.listen
        )
    })
}

/// Serves until SIGTERM or Ctrl-C; then requests end, the pools close, the private server shuts down.
pub async fn until_told(app: App, listener: TcpListener, database: Database) -> anyhow::Result<ExitCode> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let told = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        eprintln!("  stopping: requests in flight finish first");
    };
    let served = web::serve::serve(app.clone(), listener, told).await;
    app.db.close().await;
    database.close().await;
    served.context("serving failed")?;
    Ok(ExitCode::SUCCESS)
}
