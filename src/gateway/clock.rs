//! Time that goes on while the machine sleeps.
//!
//! A laptop that was closed for an hour must neither send the order it was about to send nor trust the token
//! it had. The ordinary monotonic clock stands still during sleep, so both use the boot-time clock.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_BOOTTIME`, where the kernel has it.
#[cfg(any(target_os = "linux", target_os = "android"))]
const BOOT_CLOCK: ClockId = ClockId::Boottime;
/// Elsewhere (macOS) the monotonic clock itself counts the time asleep.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const BOOT_CLOCK: ClockId = ClockId::Monotonic;

/// Time since the machine started, sleep included. Unrelated to the time of day, so no clock correction moves
/// it.
pub fn since_boot() -> Duration {
    let time = clock_gettime(BOOT_CLOCK);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The moment after which no first byte of an order may leave the machine.
///
/// It bounds the start of sending, not the wait for the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Duration);

impl Deadline {
    /// `allowed` from now.
    pub fn after(allowed: Duration) -> Self {
        Self(since_boot().saturating_add(allowed))
    }

    /// Whether it is too late to begin.
    pub fn passed(self) -> bool {
        self.remaining().is_zero()
    }

    /// What is left; zero once it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_sub(since_boot())
    }
}

/// A wall clock that differs from the gateway's by more than this cannot judge windows and deadlines.
pub const MOST_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The gateway's own clock, as its last `Date` told it.
#[derive(Debug, Default)]
pub(super) struct GatewayClock(Mutex<Option<(Timestamp, Duration)>>);

impl GatewayClock {
    /// An answer with this `Date` has just come.
    pub(super) fn note(&self, date: Option<Timestamp>) {
        if let Some(date) = date {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((date, since_boot()));
        }
    }

    /// What it shows now, to about a second: the last `Date` and the boot-time clock since.
    pub(super) fn now(&self) -> Option<Timestamp> {
        let (date, at) = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        date.checked_add(SignedDuration::try_from(since_boot().saturating_sub(at)).ok()?).ok()
    }

    /// How far the wall clock of this machine is ahead of it (negative: behind).
    pub(super) fn ahead(&self) -> Option<SignedDuration> {
        self.now().map(|there| Timestamp::now().duration_since(there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_clock_goes_on_between_its_answers() {
        let clock = GatewayClock::default();
        assert_eq!((clock.now(), clock.ahead()), (None, None));
        let date = Timestamp::now() - SignedDuration::from_hours(1);
        clock.note(Some(date));
        clock.note(None);
        assert!(clock.now().unwrap() >= date);
        assert_eq!(clock.ahead().unwrap().as_mins(), 60);
    }

    #[test]
    fn a_deadline_passes_and_never_overflows() {
        assert!(Deadline::after(Duration::ZERO).passed());
        assert!(!Deadline::after(Duration::from_secs(60)).passed());
        assert!(!Deadline::after(Duration::MAX).passed());
        assert!(Deadline::after(Duration::from_secs(60)).remaining() <= Duration::from_secs(60));
    }

    #[test]
    fn the_boot_clock_goes_forward() {
        let before = since_boot();
        assert!(!before.is_zero());
        assert!(since_boot() >= before);
    }
}
