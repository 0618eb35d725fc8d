//! `metwatch nightly`

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
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
    /// Work a score out anew when it would be this many days old, or four times as many where its risk is far from a flag; scores whose
    /// facts and model are unchanged are carried over until then. 1 works everything out anew
    #[arg(long, value_name = "DAYS", default_value_t = nightly::KEEP_DAYS)]
    keep_days: u16,
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
        replay: false,
        keep_days: Some(arguments.keep_days),
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
    let mut shown = Shown::begin()?;
    let end = nightly::run(app, asked, &mut |progress| shown.hear(progress)).await;
    shown.end();
    let end = end?;
    println!("{}", words(&end));
    Ok(end)
}

/// The bars of a night, and the ear for signals to stop.
pub struct Shown {
    told: Arc<AtomicBool>,
    listener: tokio::task::JoinHandle<()>,
    step: Option<(nightly::Step, Step)>,
}

impl Shown {
    pub fn begin() -> anyhow::Result<Shown> {
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
        Ok(Shown {
            told,
            listener,
            step: None,
        })
    }

    pub fn hear(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.step.as_ref().is_none_or(|(step, _)| *step != progress.step) {
            if let Some((_, step)) = self.step.take() {
                step.done("");
            }
            self.step = Some((progress.step, Step::begin(progress.step.words())));
        }
        if let Some((_, step)) = &self.step
            && progress.done > 0
        {
            step.at(progress.done, progress.of);
            if let Some((done, of)) = progress.shards {
                step.say(&format!("{}, {done} of {of} shards", progress.step.words()));
            }
        }
        if self.told.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    pub fn end(self) {
        self.listener.abort();
        if let Some((_, step)) = self.step {
            step.done("");
        }
    }
}

fn words(end: &End) -> String {
    match end {
        End::Published {
            as_of,
            counts,
            carried,
            flags_raised,
            shown,
        } => {
            let mut text = format!(
                "The night of {as_of}: {} patients, {} scored, {} not scored, {} at fault; {flags_raised} flags raised.",
                counts.patients, counts.scored, counts.not_scored, counts.failed
            );
            if *carried > 0 {
                text += &format!(" {carried} scores carried over.");
            }
            if !shown {
                text += " It is not the one on show: no flag and no page was changed.";
            }
            text
        }
        End::AlreadyDone { as_of, counts } => format!(
            "The night of {as_of} is done already ({} patients, {} scored); nothing changed. --redo does it again.",
            counts.patients, counts.scored
        ),
        End::Helped { as_of, patients } => {
            format!("The night of {as_of} was led by another process; {patients} patients were scored here.")
        }
        End::Stopped { as_of } => format!("The night of {as_of} was stopped; the next start goes on from there."),
        End::Failed { as_of, problem } => {
            format!("The night of {as_of} was not published: {problem}. The pages show the night before.")
        }
    }
}
