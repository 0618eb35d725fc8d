//! `metwatch demo`

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{Days, NaiveDate};
use metwatch::actions::import::{Options, Outcome, Report};
use metwatch::actions::nightly::{Asked, End};
use metwatch::actions::users;
use metwatch::app::App;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};
use metwatch::simulate::{Cohort, registry};

use super::database::{Database, Use};
use super::{import, nightly, serve};

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with the demonstration's files
    #[arg(long, value_name = "FOLDER", default_value = "data/demo")]
    from: PathBuf,
    /// Synthetic patients beside the real ones, at centres of their own that say so; 0 for none
    #[arg(long, value_name = "N", default_value_t = 1000)]
    synthetic: u32,
}

/// Of the demonstration's synthetic patients: every demonstration shows the same ones.
const SEED: u64 = 20_261_115;

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

/// Imports a folder; whether anything of it was new.
async fn load(app: &App, folder: &Path, options: &Options) -> anyhow::Result<bool> {
    let report: Report = import::read(app, folder, options).await?;
    let done = |outcome: &Outcome| matches!(outcome, Outcome::Done { .. });
    let fresh = report.files.iter().any(|file| done(&file.outcome));
    if fresh || report.refused() {
        import::show(&report);
    }
    if report.refused() {
        bail!("the demonstration's files in {} were not taken", folder.display());
    }
    Ok(fresh)
}

/// The files of the synthetic centres, as `metwatch import` reads them; the same each time.
fn write_synthetic(folder: &Path, patients: u32) -> anyhow::Result<()> {
    let cohort = Cohort::new(patients, SEED, "registry", "demonstration")?;
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    for (name, text) in registry::files(&cohort) {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Patients, a night, users: each is done once, so that a later start only makes new links.
async fn prepare(app: &App, arguments: &Arguments) -> anyhow::Result<()> {
    let mut fresh = load(app, &arguments.from, &Options::default()).await?;
    if arguments.synthetic > 0 {
        let folder = app.config.data.join("synthetic");
        write_synthetic(&folder, arguments.synthetic)?;
        let options = Options {
            confirm: Some("synthetic results, as a lab with entry errors would print them".to_owned()),
            ..Options::default()
        };
        fresh |= load(app, &folder, &options).await?;
    }
    if fresh {
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
