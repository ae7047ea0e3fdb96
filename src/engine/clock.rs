//! The one place where saldo reads the time of day.

use jiff::Timestamp;

/// Now (UTC), by this machine's clock, to the microsecond that the journal keeps.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
