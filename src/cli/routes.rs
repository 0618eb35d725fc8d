//! `metwatch routes`

use std::process::ExitCode;

use metwatch::web::routes;

#[derive(clap::Args)]
pub struct Arguments {
    /// As JSON, for programs
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let routes = routes::listed();
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&routes)?);
    } else {
        for route in routes {
            println!("{:<5} {:<44} {}", route.method, route.path, route.access);
        }
    }
    Ok(ExitCode::SUCCESS)
}
