//! `saldo sandbox`: the imitation gateway by itself.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::context::asked_to_stop;
use super::failure::{Exit, Failure};
use super::output::{note, write_whole};
use super::told::Told;
use crate::sandbox::{FaultSpec, Options, start};

#[derive(Debug, Args)]
pub(super) struct SandboxArguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where to write address and credentials, as JSON, once it answers
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// The same seed tells the same story
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What goes wrong, e.g. cash-out:drop-after:0.3 (where:what[:probability][:count]); may be repeated
    #[arg(long = "fault", value_name = "SPEC")]
    faults: Vec<FaultSpec>,
}

pub(super) async fn run(arguments: SandboxArguments) -> Result<Exit, Failure> {
    if !arguments.listen.ip().is_loopback() {
        return Err(Failure::usage(told!(
            "--listen: the sandbox plays with money that is not there; it listens on loopback only",
            "--listen: o sandbox brinca com dinheiro que não existe; só atende em loopback"
        )));
    }
    let options = Options {
        listen: arguments.listen,
        seed: arguments.seed,
        faults: arguments.faults,
        ..Options::default()
    };
    let sandbox = start(options).await.map_err(|error| Failure::other(Told::verbatim(error.to_string())))?;
    if let Some(file) = &arguments.ready_file {
        write_whole(file, sandbox.access())
            .map_err(|error| Failure::other(Told::verbatim(format!("{}: {error}", file.display()))))?;
    }
    let address = &sandbox.access().base_url;
    note(told!(
        "the sandbox answers at {address}; Ctrl-C ends it",
        "o sandbox atende em {address}; Ctrl-C o encerra"
    ));
    asked_to_stop().await;
    sandbox.stop().await;
    Ok(Exit::Done)
}
