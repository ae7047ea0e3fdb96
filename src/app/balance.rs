//! The last good balance, and what came of asking since.

use jiff::{SignedDuration, Timestamp};

use crate::domain::balance::Reading;
use crate::domain::freshness::{self, Freshness};
use crate::domain::money::Centavos;
use crate::domain::text::Safe;

/// The wallet as the screen knows it.
#[derive(Debug, Clone)]
pub struct BalanceState {
    /// The last good one.
    pub(crate) reading: Option<Reading>,
    /// Why the last question had no answer, and how many times in a row.
    pub(crate) failure: Option<(Safe, u32)>,
    /// When saldo first read the present `updatedAt`.
    still_since: Option<Timestamp>,
    poll_every: SignedDuration,
}

impl BalanceState {
    /// What the journal knew at the start.
    pub(crate) fn new(reading: Option<Reading>, poll_every: SignedDuration) -> Self {
        let still_since = reading.as_ref().map(|reading| reading.fetched_at);
        Self { reading, failure: None, still_since, poll_every }
    }

    /// A balance was read. One that was overtaken by a newer one changes nothing.
    pub(crate) fn take(&mut self, reading: Reading) {
        let last = self.reading.as_ref();
        if last.is_some_and(|last| last.fetched_at > reading.fetched_at) {
            return;
        }
        let stands = last.is_some_and(|last| {
            last.balance.updated_at == reading.balance.updated_at && reading.balance.updated_at.is_some()
        });
        if !stands {
            self.still_since = Some(reading.fetched_at);
        }
        self.reading = Some(reading);
        self.failure = None;
    }

    /// A balance could not be read: the last good one stays.
    pub(crate) fn fail(&mut self, reason: Safe, failures: u32) {
        self.failure = Some((reason, failures));
    }

    /// Whether the figures still count at `now`; `None` without figures.
    pub(crate) fn freshness(&self, now: Timestamp) -> Option<Freshness> {
        let (reading, since) = (self.reading.as_ref()?, self.still_since?);
        Some(freshness::judge(reading, since, self.poll_every, now))
    }

    /// How long the gateway has given the same snapshot.
    pub(crate) fn still_for(&self, now: Timestamp) -> Option<SignedDuration> {
        self.still_since.map(|since| now.duration_since(since))
    }

    /// How long after `now` the look of the figures may change by time alone.
    pub(crate) fn next_change(&self, now: Timestamp) -> Option<SignedDuration> {
        self.reading.as_ref().map(|reading| freshness::next_change(reading, self.poll_every, now))
    }

    /// The transactional balance, if it is known.
    pub(crate) fn transactional(&self) -> Option<Centavos> {
        self.reading.as_ref().map(|reading| reading.balance.transactional)
    }
}

/// What the platform's users hold plus what is in flight, where the desk's own program or file tells it.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    /// The last good amount.
    pub(crate) amount: Option<Centavos>,
    /// When it was told (UTC).
    pub(crate) at: Option<Timestamp>,
    /// Why it could not be told the last time.
    pub(crate) failure: Option<Safe>,
}

impl Exposure {
    /// It was asked for at `at`. The last good amount stays.
    pub(crate) fn take(&mut self, at: Timestamp, outcome: Result<Centavos, Safe>) {
        match outcome {
            Ok(amount) => *self = Self { amount: Some(amount), at: Some(at), failure: None },
            Err(reason) => self.failure = Some(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::balance::Balance;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn reading(fetched: i64, updated: i64) -> Reading {
        let balance = Balance {
            total: Centavos::ZERO,
            transactional: Centavos::ZERO,
            proprietary: Centavos::ZERO,
            banks: Vec::new(),
            updated_at: Some(at(updated)),
        };
        Reading { balance, fetched_at: at(fetched) }
    }

    #[test]
    fn a_failed_poll_keeps_the_last_good_value_and_gives_the_reason() {
        let mut state = BalanceState::new(Some(reading(0, 0)), SignedDuration::from_secs(5));
        state.fail(Safe::new("cut"), 2);
        assert!(state.reading.is_some());
        assert_eq!(state.failure, Some((Safe::new("cut"), 2)));
        state.take(reading(5, 5));
        assert_eq!(state.failure, None);
    }

    #[test]
    fn an_older_answer_never_replaces_a_newer_one() {
        let mut state = BalanceState::new(Some(reading(10, 10)), SignedDuration::from_secs(5));
        state.take(reading(5, 5));
        assert_eq!(state.reading, Some(reading(10, 10)));
    }

    #[test]
    fn a_snapshot_that_stands_still_is_found_out() {
        let mut state = BalanceState::new(None, SignedDuration::from_secs(5));
        for second in (0..=60).step_by(5) {
            state.take(reading(second, 0));
        }
        assert_eq!(state.freshness(at(60)), Some(Freshness::StandingStill));
        state.take(reading(65, 64));
        assert_eq!(state.freshness(at(65)), Some(Freshness::Fresh));
    }
}
