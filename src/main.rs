//! The `classify` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    topicwire::cli::run()
}
