//! `metwatch bench`: how fast Metwatch is on this machine.

mod cohort; // rows from a file or from a seed
mod night;
mod pages;
mod peer; // the same work by R
mod survival;

use std::process::ExitCode;

use metwatch::config::Config;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Requests a second of the triage page over the rate of pgbench with the same SQL
    Pages(pages::Pages),
    /// Nights of a synthetic registry, on a server of their own: time, memory, what carrying over saves, kills
    Night(night::Night),
    /// Time and memory of the survival estimators on rows from a file or a seed; no database
    Survival(survival::Survival),
}

pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Pages(pages) => pages::run(config, &pages).await,
        Command::Night(night) => night::run(config, &night).await,
        Command::Survival(survival) => survival::run(&survival),
    }
}
