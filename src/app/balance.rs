//! The last good balance, what came of asking since, and how long it still pays.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use crate::domain::balance::Reading;
use crate::domain::band::minutes_left;
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

/// Over how long the outflow is measured.
pub(crate) const OUTFLOW_WINDOW: SignedDuration = SignedDuration::from_mins(10);
/// Below this, too little was seen to say how long the balance lasts.
const SHORTEST: SignedDuration = SignedDuration::from_mins(2);
/// Samples lie so far apart at least, which bounds how many there are.
const SPACING: SignedDuration = SignedDuration::from_secs(15);

/// What saldo saw go out in the last minutes: samples of the day's total.
#[derive(Debug, Clone, Default)]
pub struct Outflow {
    samples: VecDeque<(Timestamp, Centavos)>,
    newest: Option<Centavos>,
}

impl Outflow {
    /// The day's total of completed cash-outs is `paid` at `now`.
    pub(crate) fn take(&mut self, paid: Centavos, now: Timestamp) {
        // A new day starts from nothing, and so does a clock that was set back.
        let restarted = self.newest.is_some_and(|newest| paid < newest)
            || self.samples.back().is_some_and(|(at, _)| *at > now);
        if restarted {
            self.samples.clear();
        }
        self.newest = Some(paid);
        if self.samples.back().is_none_or(|(at, _)| now.duration_since(*at) >= SPACING) {
            self.samples.push_back((now, paid));
        }
        // One sample at or before the window's start is its base.
        while self.samples.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= OUTFLOW_WINDOW) {
            self.samples.pop_front();
        }
    }

    /// How many minutes `balance` still pays at the rate that saldo saw; `None` where nothing can be said.
    pub(crate) fn minutes_left(&self, balance: Centavos, now: Timestamp) -> Option<u64> {
        let start = self.samples.iter().rev().find(|(at, _)| now.duration_since(*at) >= OUTFLOW_WINDOW);
        let (since, base) = *start.or_else(|| self.samples.front())?;
        let over = now.duration_since(since);
        if over < SHORTEST {
            return None;
        }
        minutes_left(balance, self.newest?.checked_sub(base)?, over)
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

    #[test]
    fn outflow_is_what_went_out_in_the_last_ten_minutes() {
        let mut outflow = Outflow::default();
        let balance = Centavos::new(100_000);
        outflow.take(Centavos::ZERO, at(0));
        assert_eq!(outflow.minutes_left(balance, at(60)), None, "one minute says nothing");
        for minute in 1..=20 {
            outflow.take(Centavos::new(minute * 1_000), at(minute * 60));
        }
        assert_eq!(outflow.minutes_left(balance, at(1_200)), Some(100));
        assert!(outflow.samples.len() <= 12);
        outflow.take(Centavos::new(5), at(1_230));
        assert_eq!(outflow.minutes_left(balance, at(1_230)), None, "a new day begins from nothing");
    }
}
