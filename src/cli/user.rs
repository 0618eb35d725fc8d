//! `metwatch user`

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use metwatch::actions::{sites, users};
use metwatch::app::App;
use metwatch::config::Config;
use metwatch::domain::access::{Actor, Role};

use super::database::{Database, Use};

#[derive(Subcommand)]
pub enum Command {
    /// Add a user and print a one-time link to choose a password
    ///
    /// The link is good for 24 hours and for one use. Nobody but its holder ever knows the password.
    Add {
        /// The name to sign in with
        name: String,
        /// clinician, coordinator, analyst or administrator
        #[arg(long, value_parser = role)]
        role: Role,
        /// Codes of the centres that the user works for, with commas between them
        #[arg(long, value_delimiter = ',', value_name = "A,B")]
        sites: Vec<String>,
    },
    /// Print a new one-time link for a user who lost the old one or forgot the password
    Link { name: String },
    /// End a user's sessions and refuse new ones
    Disable { name: String },
}

fn role(code: &str) -> Result<Role, String> {
    Role::from_code(code)
        .filter(|role| *role != Role::System)
        .ok_or_else(|| "a role is clinician, coordinator, analyst or administrator".into())
}

pub async fn run(config: &Config, command: Command) -> anyhow::Result<ExitCode> {
    let database = Database::open(config, Use::Shared).await?;
    let done = match database.app(config).await {
        Ok(app) => {
            let done = act(&app, command).await;
            app.db.close().await;
            done
        }
        Err(error) => Err(error),
    };
    database.close().await;
    println!("{}", done?);
    Ok(ExitCode::SUCCESS)
}

async fn act(app: &App, command: Command) -> anyhow::Result<String> {
    let console = Actor::console(vec![]);
    let origin = &app.config.origin;
    match command {
        Command::Add { name, role, sites } => {
            let known = sites::all(app).await?;
            let mut held = Vec::new();
            for code in &sites {
                match known.iter().find(|site| site.code == *code) {
                    Some(site) => held.push(site.id),
                    None => {
                        let codes: Vec<&str> = known.iter().map(|site| site.code.as_str()).collect();
                        bail!("there is no centre {code}; there are: {}", codes.join(", "));
                    }
                }
            }
            let secret = users::add(app, &console, &name, role, &held).await?;
            Ok(format!(
                "{name} chooses a password at {origin}/link/{secret} (once, within 24 hours)"
            ))
        }
        Command::Link { name } => {
            let secret = users::link(app, &console, &name).await?;
            Ok(format!(
                "{name} chooses a password at {origin}/link/{secret} (once, within 24 hours)"
            ))
        }
        Command::Disable { name } => {
            users::disable(app, &console, &name).await?;
            Ok(format!("{name} can no longer sign in"))
        }
    }
}
