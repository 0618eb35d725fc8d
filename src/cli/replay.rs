//! `metwatch replay`

use std::process::ExitCode;

use anyhow::ensure;
use chrono::{Days, NaiveDate};
use metwatch::actions::nightly::{self, Asked, End};
use metwatch::app::App;
use metwatch::config::Config;

use super::database::{Database, Use};
use super::nightly::{Shown, night};

#[derive(clap::Args)]
pub struct Arguments {
    /// The first day, such as 2026-01-01
    #[arg(long, value_name = "DATE")]
    from: NaiveDate,
    /// The last day
    #[arg(long, value_name = "DATE")]
    to: NaiveDate,
    /// A night every so many days
    #[arg(long, value_name = "DAYS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    every: u16,
    /// Run nothing: hold each stored night of these days against what it gives now
    #[arg(long)]
    check: bool,
}

pub async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(arguments.from <= arguments.to, "--from is after --to");
    let database = Database::open(config, Use::Shared).await?;
    let done = match database.night(config).await {
        Ok(app) => {
            let done = match arguments.check {
                true => check(&app, arguments).await,
                false => replay(&app, arguments).await,
            };
            app.db.close().await;
            done
        }
        Err(error) => Err(error),
    };
    database.close().await;
    done
}

async fn replay(app: &App, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut day = arguments.from;
    while day <= arguments.to {
        let asked = Asked {
            as_of: Some(day),
            replay: true,
            ..Asked::default()
        };
        match night(app, &asked).await? {
            End::Stopped { .. } => return Ok(ExitCode::FAILURE),
            // told; the later days may do better
            End::Failed { .. } | End::Published { .. } | End::AlreadyDone { .. } | End::Helped { .. } => {}
        }
        let Some(next) = day.checked_add_days(Days::new(arguments.every.into())) else {
            break;
        };
        day = next;
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(app: &App, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let nights = nightly::stored_nights(app, arguments.from, arguments.to).await?;
    if nights.is_empty() {
        println!("No night of these days is on file; without --check they are run.");
        return Ok(ExitCode::FAILURE);
    }
    let mut all_equal = true;
    for run in nights {
        let mut shown = Shown::begin()?;
        let verdict = nightly::check(app, &run, &mut |progress| shown.hear(progress)).await;
        shown.end();
        let Some(verdict) = verdict? else {
            println!("Stopped.");
            return Ok(ExitCode::FAILURE);
        };
        all_equal &= verdict.is_equal();
        let carried = match verdict.carried {
            0 => String::new(),
            carried => format!(", {carried} carried over"),
        };
        if verdict.is_equal() {
            println!("{}: equal, {} scores{carried}", run.as_of, verdict.equal);
        } else {
            let of = |(site, patient): &(i32, i64)| format!("{site}/{patient}");
            let examples: Vec<String> = verdict.examples.iter().map(of).collect();
            // of those that are gone nobody is named
            let named = match examples.as_slice() {
                [] => String::new(),
                some => format!("; such as centre/patient {}", some.join(", ")),
            };
            println!(
                "{}: different, {} of {} scores{carried}{named}",
                run.as_of,
                verdict.different,
                verdict.equal + verdict.different,
            );
        }
    }
    Ok(match all_equal {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
