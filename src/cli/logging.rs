//! Logs: off unless `SALDO_LOG` asks for them, but for a service's. They hold ids and states, no people's data and no secrets.

use std::path::Path;

use tracing_subscriber::EnvFilter;

use crate::journal::beside;

/// The filter that `SALDO_LOG` asks for, if it does.
fn wanted() -> Option<EnvFilter> {
    let filter = std::env::var("SALDO_LOG").ok().filter(|filter| !filter.is_empty())?;
    Some(EnvFilter::new(filter))
}

/// For the cockpit: the screen is taken, so logs go to a file beside the journal.
pub(super) fn to_file_beside(journal: &Path) {
    use std::os::unix::fs::OpenOptionsExt;
    let Some(filter) = wanted() else { return };
    let file =
        std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(beside(journal, ".log"));
    // No log is no reason not to work.
    if let Ok(file) = file {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::sync::Mutex::new(file))
            .with_ansi(false)
            .try_init();
    }
}

/// For commands: logs go beside the talk. `usual` is what is logged where nobody has asked.
pub(super) fn to_standard_error(usual: Option<&str>) {
    if let Some(filter) = wanted().or_else(|| usual.map(EnvFilter::new)) {
        // Set already: a test runs several commands in one process.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(false)
            // It would report a closed pipe by a panic, in the middle of a payment.
            .log_internal_errors(false)
            .try_init();
    }
}
