//! What polls have seen, as far as alerts care: the newest of each, for a judge that looks when it wants to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use super::super::message::News;
use crate::domain::alert::{Failing, Seen};
use crate::domain::conservation::Conservation;
use crate::domain::pace::Pace;
use crate::domain::text::Safe;

/// What the engine has seen, as far as alerts care.
#[derive(Debug, Default)]
pub struct Sighted(Mutex<Sight>);

#[derive(Debug, Clone, Default)]
pub(super) struct Sight {
    pub(super) balance: Option<Seen>,
    pub(super) failing: Option<Failing>,
    pub(super) pace: Option<Pace>,
    pub(super) conservation: Option<Conservation>,
    /// Not known until the command was run.
    pub(super) hook: Option<Option<Safe>>,
}

impl Sighted {
    /// Takes in what is told to the screen.
    pub(in crate::engine) fn take(&self, news: &News) {
        let mut sight = self.lock();
        match news {
            News::Balance(reading) => {
                let stands = sight.balance.take().filter(|seen| {
                    seen.reading.balance.updated_at == reading.balance.updated_at
                        && seen.still_since <= reading.fetched_at
                });
                let still_since = stands.map_or(reading.fetched_at, |seen| seen.still_since);
                sight.balance = Some(Seen { reading: (**reading).clone(), still_since });
                sight.failing = None;
            }
            News::BalanceFailed { reason, failures, .. } => {
                sight.failing = Some(Failing { failures: *failures, reason: reason.clone() });
            }
            News::Pace(pace) => sight.pace = Some((**pace).clone()),
            News::Conservation(drawn) => sight.conservation = Some((**drawn).clone()),
            _ => {}
        }
    }

    /// How the desk's command did last.
    pub(super) fn hook(&self, trouble: Option<Safe>) {
        self.lock().hook = Some(trouble);
    }

    pub(super) fn now(&self) -> Sight {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Sight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sight {
    /// Too short a time says nothing, and is not known; no outflow at all is.
    pub(super) fn minutes_left(&self) -> Option<Option<u64>> {
        let (pace, seen) = (self.pace.as_ref()?, self.balance.as_ref()?);
        (pace.middle().watched >= SignedDuration::from_mins(1))
            .then(|| pace.minutes_left(seen.reading.balance.transactional))
    }
}
