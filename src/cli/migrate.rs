//! `metwatch migrate`

use std::process::ExitCode;

use metwatch::config::Config;

use super::database::{Database, Use};

pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let database = Database::open(config, Use::Alone).await?;
    database.close().await;
    println!("The schema is up to date.");
    Ok(ExitCode::SUCCESS)
}
