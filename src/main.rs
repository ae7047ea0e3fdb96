//! saldo: a terminal treasury cockpit for the ConnectPSP PIX gateway.

use std::process::ExitCode;

fn main() -> ExitCode {
    saldo::cli::main()
}
