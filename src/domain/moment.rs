//! One reading of every clock that says something about how much time has gone by.
//!
//! No single clock can be believed where money waits on it: the wall clock jumps (NTP, a person), the boot-time clock
//! begins anew with the machine, and the gateway's `Date` is only known when it has answered. So time is judged by the
//! clock that is the safest for the question: the largest where waiting longer could pay twice, the smallest where
//! waiting less could.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the clocks showed at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The wall clock (UTC).
    pub at: Timestamp,
    /// The boot-time clock, where the machine has one that names its boot.
    pub boot: Option<BootTime>,
    /// The gateway's clock, by its last `Date` and the boot-time clock since (UTC).
    pub gateway: Option<Timestamp>,
}

/// Time since the machine started, sleep included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootTime {
    /// Which start of which machine: times of two starts cannot be compared.
    pub id: Uuid,
    /// Milliseconds since then.
    pub millis: i64,
}

impl Moment {
    /// A moment of which only the wall clock is known.
    pub const fn wall(at: Timestamp) -> Self {
        Self { at, boot: None, gateway: None }
    }

    /// The longest that may have gone by since `earlier`, by any clock: for windows that must close in time.
    pub fn at_most_since(&self, earlier: &Self) -> SignedDuration {
        self.elapsed(earlier).into_iter().flatten().fold(SignedDuration::MIN, SignedDuration::max)
    }

    /// The shortest that may have gone by since `earlier`, by any clock: for waiting times that must have passed.
    pub fn at_least_since(&self, earlier: &Self) -> SignedDuration {
        self.elapsed(earlier).into_iter().flatten().fold(SignedDuration::MAX, SignedDuration::min)
    }

    fn elapsed(&self, earlier: &Self) -> [Option<SignedDuration>; 3] {
        let boot = match (self.boot, earlier.boot) {
            (Some(now), Some(then)) if now.id == then.id => {
                Some(SignedDuration::from_millis(now.millis.saturating_sub(then.millis)))
            }
            _ => None,
        };
        let gateway = match (self.gateway, earlier.gateway) {
            (Some(now), Some(then)) => Some(now.duration_since(then)),
            _ => None,
        };
        [Some(self.at.duration_since(earlier.at)), boot, gateway]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400;

    fn moment(wall: i64, boot: Option<(u128, i64)>, gateway: Option<i64>) -> Moment {
        let at = |second| Timestamp::from_second(1_800_000_000 + second).unwrap();
        Moment {
            at: at(wall),
            boot: boot.map(|(id, second)| BootTime { id: Uuid::from_u128(id), millis: second * 1000 }),
            gateway: gateway.map(at),
        }
    }

    #[test]
    fn the_safest_clock_is_believed() {
        let start = moment(0, Some((1, 500)), Some(3));
        for (what, now, most, least) in [
            ("all agree", moment(60, Some((1, 560)), Some(63)), 60, 60),
            ("the wall clock was set back", moment(-DAY, Some((1, 560)), None), 60, -DAY),
            ("the wall clock was set forward", moment(DAY, Some((1, 560)), None), DAY, 60),
            ("another boot", moment(60, Some((2, 10)), None), 60, 60),
            (
                "set back over a reboot, and the gateway knows",
                moment(-DAY, Some((2, 10)), Some(63)),
                60,
                -DAY,
            ),
            ("only the wall clock", moment(61, None, None), 61, 61),
        ] {
            assert_eq!(now.at_most_since(&start), SignedDuration::from_secs(most), "{what}");
            assert_eq!(now.at_least_since(&start), SignedDuration::from_secs(least), "{what}");
        }
    }
}
