//! The one place where saldo reads the time.

use std::sync::OnceLock;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::moment::{BootTime, Moment};
use crate::gateway::since_boot;

/// Now (UTC), by this machine's clock, to the microsecond that the journal keeps.
#[must_use]
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

/// Time, for what has to be tried with years going by in a moment.
pub trait Clock: Send + Sync {
    /// What the machine's own clocks show.
    fn moment(&self) -> Moment;

    /// Ends after `wait`.
    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()>;
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn moment(&self) -> Moment {
        let boot = boot_id()
            .and_then(|id| Some(BootTime { id, millis: i64::try_from(since_boot().as_millis()).ok()? }));
        Moment { at: now(), boot, gateway: None }
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        tokio::time::sleep(wait).boxed()
    }
}

/// Which start of the machine this is, where the system says so (Linux).
fn boot_id() -> Option<Uuid> {
    static ID: OnceLock<Option<Uuid>> = OnceLock::new();
    *ID.get_or_init(|| std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().parse().ok())
}
