//! Logs: off unless `SALDO_LOG` asks for them. They hold ids and states, no people's data and no secrets.

use tracing_subscriber::EnvFilter;

/// The filter that `SALDO_LOG` asks for, if it does.
fn wanted() -> Option<EnvFilter> {
    let filter = std::env::var("SALDO_LOG").ok().filter(|filter| !filter.is_empty())?;
    Some(EnvFilter::new(filter))
}

/// For commands: logs go beside the talk.
pub(super) fn to_standard_error() {
    if let Some(filter) = wanted() {
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
