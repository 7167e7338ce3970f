//! What several tests need.

pub mod hub_server;
pub mod tiny_bert;

use std::process::Command;

/// The command that is tested.
pub fn classify() -> Command {
    Command::new(env!("CARGO_BIN_EXE_classify"))
}
