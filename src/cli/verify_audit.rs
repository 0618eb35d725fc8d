//! `metwatch verify-audit`

use std::process::ExitCode;

use metwatch::actions::audit;
use metwatch::config::Config;

use super::database::{Database, Use};

pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let database = Database::open(config, Use::Shared).await?;
    let report = match database.night(config).await {
        Ok(app) => {
            let report = audit::verify(&app).await.map_err(anyhow::Error::from);
            app.db.close().await;
            report
        }
        Err(error) => Err(error),
    };
    database.close().await;
    let report = report?;
    println!(
        "{} entries in {} chains, {} anchors",
        report.entries, report.chains, report.anchors
    );
    for bad in &report.broken {
        println!(
            "BROKEN: centre {}, chain {}, entry {}: {}",
            bad.site_id, bad.subject, bad.seq, bad.what
        );
    }
    if report.broken.is_empty() {
        println!("Every chain is whole.");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
