//! The command line: what can be asked, and the way to each answer.

mod bench;
mod database; // the database that the settings name
mod demo;
mod import;
mod migrate;
mod nightly;
mod replay;
mod routes;
mod serve;
mod show; // progress and words on the terminal
mod simulate;
mod stats; // any CSV through any estimator
mod study; // cohorts in folders through the night's code
mod user;
mod verify_audit;
mod with_database;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use metwatch::config::{Config, Flags};
use tracing_subscriber::EnvFilter;

/// Metwatch tells a hospital which patient's cancer is coming back, months before a scan does.
///
/// Without DATABASE_URL it runs a private PostgreSQL server in its data folder and needs nothing else.
#[derive(Parser)]
#[command(name = "metwatch", version, propagate_version = true, max_term_width = 120)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Command {
    /// Show Metwatch: load the demonstration's patients, run the night, serve, and print sign-in links for the four roles
    ///
    /// Everything is kept in the data folder; a later start finds it there and is ready in a moment.
    Demo(demo::Arguments),
    /// Serve the pages
    ///
    /// Starts the private database server unless DATABASE_URL is set. SIGTERM or Ctrl-C ends it: requests in flight finish,
    /// then the database shuts down.
    Serve,
    /// Fit the model, score every patient, raise and end flags, publish
    ///
    /// Started twice, on one machine or on several, the second start helps the first. A night that was stopped goes on where it was.
    /// Doing a date twice changes nothing. Until it ends, the pages show the night before.
    Nightly(nightly::Arguments),
    /// Run nights of past days exactly as knowable then, beside what is shown; or check stored ones to the last bit
    ///
    /// Each day's night sees what was reported by that day. A day that has its night is left alone. No flag, no list and no page
    /// changes. With --check nothing is run or written: each stored night is worked out again and held against its stored scores; ends
    /// with 1 when one differs.
    Replay(replay::Arguments),
    /// Load a folder of CSV files: centres, trials, assays, patients, tumours, treatments, visits, observations, events
    ///
    /// docs/import.md describes the columns. All or nothing per file: with one bad row nothing of its file is stored, and every
    /// bad row is named. Importing the same again changes nothing.
    Import(import::Arguments),
    /// Add, link or disable a user
    #[command(subcommand)]
    User(user::Command),
    /// Recompute the audit trail's hash chains and compare them with the anchors
    ///
    /// Ends with 0 when every chain is whole and with 1 when one is not; names the first bad entry of each.
    VerifyAudit,
    /// Bring the database's roles and schema up to date
    ///
    /// Makes the logins metwatch_app and metwatch_job, the database and its tables if they are missing. With DATABASE_URL,
    /// that address must be an administrator's. Doing it twice changes nothing.
    Migrate,
    /// Print every route with the right that it needs
    Routes(routes::Arguments),
    /// Run a program, such as psql or pg_dump, with DATABASE_URL and PG… set to the administrator of the private server
    ///
    /// Starts the server first if it is not running, and stops it when the program ends.
    WithDatabase(with_database::Arguments),
    /// Put a CSV file through an estimator: survival curves, tests, regression, validation, sample sizes
    ///
    /// It needs no settings and no database. docs/stats.md has an example of each and the fields of its JSON.
    #[command(subcommand)]
    Stats(Box<stats::Command>),
    /// Make a synthetic cohort: a folder of CSV files in the layout of `study`, with what was true if wanted
    ///
    /// It needs no settings and no database. Prints published against simulated; docs/simulate.md has the model.
    Simulate(simulate::Arguments),
    /// Learn from a folder of CSV files, predict for another: predictions.csv, flags.csv, report.html
    ///
    /// The code is the night's, and it sees of each patient only what was reported by the day it predicts for. It needs no settings and
    /// no database. docs/study.md describes the files and how an answer is judged.
    Study(study::Arguments),
    /// Measure Metwatch on this machine: its pages, its nights, its estimators
    #[command(subcommand)]
    Bench(bench::Command),
}

pub fn run() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Stats(command) = &cli.command {
        return ended(stats::run(command));
    }
    if let Command::Simulate(arguments) = &cli.command {
        return ended(arguments.run());
    }
    if let Command::Study(arguments) = &cli.command {
        return ended(arguments.run());
    }
    let done = Config::load(cli.flags).map_err(anyhow::Error::from).and_then(|config| {
        listen_to_log(&config);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(dispatch(cli.command, config))
    });
    ended(done)
}

fn ended(done: anyhow::Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("metwatch: {}", told_once(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes; many of them repeat what the one before said.
fn told_once(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut told, cause| {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            told += if told.is_empty() { "" } else { ": " };
            told += &cause;
        }
        told
    })
}

async fn dispatch(command: Command, config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Demo(arguments) => demo::run(&config, &arguments).await,
        Command::Serve => serve::run(&config).await,
        Command::User(command) => user::run(&config, command).await,
        Command::Routes(arguments) => routes::run(&arguments),
        Command::VerifyAudit => verify_audit::run(&config).await,
        Command::Stats(command) => stats::run(&command),
        Command::Simulate(arguments) => arguments.run(),
        Command::Study(arguments) => arguments.run(),
        Command::Bench(command) => bench::run(&config, command).await,
        Command::Migrate => migrate::run(&config).await,
        Command::Import(arguments) => import::run(&config, arguments).await,
        Command::Nightly(arguments) => nightly::run(&config, &arguments).await,
        Command::Replay(arguments) => replay::run(&config, &arguments).await,
        Command::WithDatabase(arguments) => with_database::run(&config, arguments).await,
    }
}

/// JSON lines on standard error (S-110); for a person at a terminal, plain ones.
fn listen_to_log(config: &Config) {
    use std::io::IsTerminal;
    // The server's notices ("already exists, skipping") are not news.
    let quiet = "sqlx::postgres::notice=warn"
        .parse()
        .expect("the directive is a constant");
    let filter = EnvFilter::try_new(&config.log)
        .unwrap_or_else(|_| EnvFilter::new("info"))
        .add_directive(quiet);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        log.without_time().with_target(false).init();
    } else {
        log.json().flatten_event(true).init();
    }
}
