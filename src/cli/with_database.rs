//! `metwatch with-database PROGRAM …`

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, bail};
use metwatch::config::Config;
use metwatch::store::server::{self, Login};
use tokio::process::Command;

use super::database::{Database, Use};

#[derive(clap::Args)]
pub struct Arguments {
    /// The program and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    program: Vec<OsString>,
}

pub async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    if config.database_url.is_some() {
        bail!("DATABASE_URL is set: the program can use that server itself");
    }
    let database = Database::open(config, Use::Shared).await?;
    let Some(socket) = &database.socket else {
        bail!("the private server has no socket")
    };
    let url = server::url(socket, Login::Admin).replacen("/postgres?", &format!("/{}?", server::DATABASE), 1);
    let [program, rest @ ..] = arguments.program.as_slice() else {
        bail!("no program was named")
    };
    let mut command = Command::new(program);
    command.args(rest).env("DATABASE_URL", url);
    command
        .env("PGHOST", socket)
        .env("PGUSER", Login::Admin.name())
        .env("PGDATABASE", server::DATABASE);
    // Ctrl-C goes to the program, which decides what it means; we end when it ends.
    let ignored = tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    let status = command
        .status()
        .await
        .with_context(|| format!("cannot run {}", program.to_string_lossy()));
    ignored.abort();
    database.close().await;
    let code = status?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
