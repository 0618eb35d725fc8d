//! `metwatch demo`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use chrono::{Days, NaiveDate};
use metwatch::actions::import::{Options, Outcome};
use metwatch::actions::nightly::{Asked, End};
use metwatch::actions::users;
use metwatch::app::App;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};

use super::database::{Database, Use};
use super::{import, nightly, serve};

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with the demonstration's files
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    from: PathBuf,
}

pub async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    if !arguments.from.is_dir() {
        bail!(
            "{} is not here: run this where Metwatch's sources are, or name the folder with --from",
            arguments.from.display()
        );
    }
    // Before the database: a port that is taken should cost no time.
    let listener = serve::listen(config).await?;
    let database = Database::open(config, Use::Alone).await?;
    let prepared = match database.night(config).await {
        Ok(app) => prepare(&app, arguments).await.map(|()| app),
        Err(error) => Err(error),
    };
    match prepared {
        Ok(app) => serve::until_told(app, listener, database).await,
        Err(error) => {
            database.close().await;
            Err(error)
        }
    }
}

async fn night(app: &App, as_of: Option<NaiveDate>) -> anyhow::Result<()> {
    let asked = Asked {
        as_of,
        ..Asked::default()
    };
    match nightly::night(app, &asked).await? {
        End::Published { .. } | End::AlreadyDone { .. } | End::Helped { .. } => Ok(()),
        End::Stopped { .. } | End::Failed { .. } => {
            bail!("the demonstration needs its night; the next start goes on from there")
        }
    }
}

/// Patients, a night, users: each is done once, so that a later start only makes new links.
async fn prepare(app: &App, arguments: &Arguments) -> anyhow::Result<()> {
    let report = import::read(app, &arguments.from, &Options::default()).await?;
    if report.refused() {
        import::show(&report);
        bail!("the demonstration's files were not taken");
    }
    let fresh = report
        .files
        .iter()
        .any(|file| matches!(file.outcome, Outcome::Done { .. }));
    if fresh {
        import::show(&report);
        // The night of a week ago first, with what was known then: today's risks have something to be compared with.
        night(app, Some(app.clock.now().date_naive() - Days::new(7))).await?;
    }
    night(app, None).await?;
    let console = Actor::console(vec![]);
    let mut links = Vec::new();
    for role in Role::ALL {
        let (_, secret) = users::demo_link(app, &console, role).await?;
        links.push((role.code(), format!("{}/link/{secret}", app.config.origin)));
    }
    println!("\nMetwatch is at {}", app.config.origin);
    println!("Sign in with one of these links; each works once, today:\n");
    for (role, link) in links {
        println!("  {role:<14} {link}");
    }
    println!("\nCtrl-C stops it. The data stay in {}.\n", app.config.data.display());
    Ok(())
}
