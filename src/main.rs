//! The program: reads its arguments, calls, shows.

mod cli; // one file per subcommand

use std::process::ExitCode;

use metwatch::store::server::child;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == child::WORD) {
        return child::become_postgres(arguments);
    }
    cli::run()
}
