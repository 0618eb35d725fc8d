//! `metwatch import FOLDER`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use metwatch::actions::import::{self, Options, Outcome, Rejected, Report, SHOWN};
use metwatch::app::App;
use metwatch::config::Config;
use metwatch::domain::access::Actor;
use metwatch::domain::import::Kind;

use super::database::{Database, Use};
use super::show::Step;

#[derive(clap::Args)]
pub struct Arguments {
    /// The folder with patients.csv, observations.csv and the others (docs/import.md); a file that is not there is skipped
    folder: PathBuf,
    /// Enter rows that are on file with other values as amendments, for this reason
    #[arg(long, value_name = "REASON", value_parser = reason)]
    amend: Option<String>,
    /// Keep unusual values (below the assay's limit, out of the usual range), for this reason
    #[arg(long, value_name = "REASON", value_parser = reason)]
    confirm: Option<String>,
    /// Where to write rejected rows; the folder itself if not given
    #[arg(long, value_name = "FOLDER")]
    rejects: Option<PathBuf>,
}

fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        text if (5..=2000).contains(&text.chars().count()) => Ok(text.to_owned()),
        _ => Err("say why in 5 to 2000 characters".to_owned()),
    }
}

pub async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if !arguments.folder.is_dir() {
        anyhow::bail!("{} is not a folder", arguments.folder.display());
    }
    let database = Database::open(config, Use::Shared).await?;
    let app = database.app(config).await?;
    let options = Options {
        amend: arguments.amend,
        confirm: arguments.confirm,
        rejects: arguments.rejects,
    };
    let report = read(&app, &arguments.folder, &options).await;
    app.db.close().await;
    database.close().await;
    let report = report?;
    show(&report);
    if report.files.is_empty() {
        let names: Vec<String> = Kind::ALL.iter().map(|kind| kind.file()).collect();
        anyhow::bail!("none of {} is in {}", names.join(", "), arguments.folder.display());
    }
    Ok(if report.refused() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Imports the folder with a bar for each file.
pub async fn read(app: &App, folder: &Path, options: &Options) -> anyhow::Result<Report> {
    let mut step: Option<(Kind, Step)> = None;
    let report = import::import(app, &Actor::console(vec![]), folder, options, |progress| {
        if step.as_ref().is_none_or(|(kind, _)| *kind != progress.kind) {
            if let Some((_, step)) = step.take() {
                step.done("");
            }
            step = Some((progress.kind, Step::begin(&format!("reading {}", progress.kind.file()))));
        }
        if let Some((_, step)) = &step {
            step.at(progress.bytes, progress.total_bytes);
        }
    })
    .await?;
    if let Some((_, step)) = step {
        step.done("");
    }
    Ok(report)
}

/// Says what came of each file.
pub fn show(report: &Report) {
    for file in &report.files {
        let name = file.name();
        match &file.outcome {
            Outcome::Done {
                rows,
                added,
                amended,
                unchanged,
            } => {
                println!("{name}: {rows} rows; {added} facts new, {amended} amended, {unchanged} on file already");
            }
            Outcome::SeenBefore { at } => {
                println!(
                    "{name}: imported already on {}; nothing to do (with --amend REASON its rows are looked at again)",
                    at.format("%Y-%m-%d %H:%M UTC")
                );
            }
            Outcome::NotRead => println!("{name}: not read, because a file before it was refused"),
            Outcome::Refused(rejected) => show_rejected(&name, rejected),
        }
    }
}

fn show_rejected(name: &str, rejected: &Rejected) {
    for bad in &rejected.shown {
        let field = match bad.problem.field.as_str() {
            "" => String::new(),
            field => format!(" {field}"),
        };
        let value = match bad.value.as_str() {
            "" => String::new(),
            value => format!(" \"{value}\""),
        };
        let mend = bad
            .problem
            .suggestion
            .as_deref()
            .map(|value| format!(" Perhaps: {value}."))
            .unwrap_or_default();
        println!(
            "{name}:{}:{field}{value}: {} {}{mend}",
            bad.line, bad.problem.code, bad.problem.text
        );
    }
    if rejected.problems > SHOWN as u64 {
        println!("{name}: {} problems more", rejected.problems - SHOWN as u64);
    }
    println!(
        "{name}: refused, nothing of it was stored: {} problems in {} of {} rows",
        rejected.problems, rejected.bad_rows, rejected.rows
    );
    if let Some(path) = &rejected.written_to {
        println!("{name}: the rejected rows, each with why, are in {}", path.display());
    }
}
