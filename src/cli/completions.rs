//! `saldo completions SHELL`: what a shell needs to complete commands and flags.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Arguments;
use super::failure::Exit;
use super::output::say;

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments) -> Exit {
    // Into memory first: the generator panics where a reader has gone away.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "saldo", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}
