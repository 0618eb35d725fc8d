//! `metwatch nightly`

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use metwatch::actions::Error;
use metwatch::actions::nightly::{self, Asked, End, Progress};
use metwatch::app::App;
use metwatch::config::Config;
use tokio::signal::unix::{SignalKind, signal};

use super::database::{Database, Use};
use super::show::Step;

#[derive(clap::Args)]
pub struct Arguments {
    /// The day whose knowledge counts, such as 2026-11-22; today without it
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,
    /// Do a date again that has its night, as a further revision of it
    #[arg(long)]
    redo: bool,
}

pub async fn run(config: &Config, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let database = Database::open(config, Use::Shared).await?;
    let app = match database.night(config).await {
        Ok(app) => app,
        Err(error) => {
            database.close().await;
            return Err(error);
        }
    };
    let asked = Asked {
        as_of: arguments.as_of,
        redo: arguments.redo,
    };
    let end = night(&app, &asked).await;
    app.db.close().await;
    database.close().await;
    Ok(match end? {
        End::Failed { .. } => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    })
}

/// Runs the night with a bar for each step, and says what came of it. Ctrl-C or SIGTERM ends it at the next checkpoint.
pub async fn night(app: &App, asked: &Asked) -> anyhow::Result<End> {
    let told = Arc::new(AtomicBool::new(false));
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let listener = tokio::spawn({
        let told = told.clone();
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            told.store(true, Ordering::Relaxed);
        }
    });
    let mut shown: Option<(nightly::Step, Step)> = None;
    let mut watch = |progress: Progress| {
        if shown.as_ref().is_none_or(|(step, _)| *step != progress.step) {
            if let Some((_, step)) = shown.take() {
                step.done("");
            }
            shown = Some((progress.step, Step::begin(progress.step.words())));
        }
        if let Some((_, step)) = &shown
            && progress.done > 0
        {
            step.at(progress.done, progress.of);
        }
        if told.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let end = nightly::run(app, asked, &mut watch).await;
    listener.abort();
    if let Some((_, step)) = shown {
        step.done("");
    }
    let end = end.map_err(in_words)?;
    println!("{}", words(&end));
    Ok(end)
}

fn in_words(error: Error) -> anyhow::Error {
    match error {
        Error::Problems(problems) => {
            let texts: Vec<String> = problems.into_iter().map(|problem| problem.text).collect();
            anyhow::Error::msg(texts.join(" "))
        }
        error => error.into(),
    }
}

fn words(end: &End) -> String {
    match end {
        End::Published {
            as_of,
            counts,
            flags_raised,
            shown,
        } => {
            let mut text = format!(
                "The night of {as_of}: {} patients, {} scored, {} not scored, {} at fault; {flags_raised} flags raised.",
                counts.patients, counts.scored, counts.not_scored, counts.failed
            );
            if !shown {
                text += " A later night is on show: no flag and no page was changed.";
            }
            text
        }
        End::AlreadyDone { as_of, counts } => format!(
            "The night of {as_of} is done already ({} patients, {} scored); nothing changed. --redo does it again.",
            counts.patients, counts.scored
        ),
        End::AlreadyRunning => "A night is already running; nothing to do.".to_owned(),
        End::Stopped { as_of } => format!("The night of {as_of} was stopped; the next start goes on from there."),
        End::Failed { as_of, problem } => {
            format!("The night of {as_of} was not published: {problem}. The pages show the night before.")
        }
    }
}
