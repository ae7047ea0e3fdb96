//! How old a figure is, in words as coarse as a person needs, and whether it still counts.

use jiff::{SignedDuration, Timestamp};

use super::balance::Reading;

/// An age in its coarsest honest unit. Rounded down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Below a minute, in steps of ten seconds.
    Seconds(u8),
    /// Below an hour.
    Minutes(u8),
    /// Below a day.
    Hours(u8),
    /// A day or more.
    Days(u32),
}

impl Age {
    /// The age that `elapsed` is told as. What lies in the future has no age.
    pub fn of(elapsed: SignedDuration) -> Self {
        let seconds = elapsed.as_secs().max(0);
        let small = |value: i64| u8::try_from(value).unwrap_or(u8::MAX);
        match seconds {
            0..60 => Self::Seconds(small(seconds / 10 * 10)),
            60..3_600 => Self::Minutes(small(seconds / 60)),
            3_600..86_400 => Self::Hours(small(seconds / 3_600)),
            _ => Self::Days(u32::try_from(seconds / 86_400).unwrap_or(u32::MAX)),
        }
    }

    /// How long until an age of `elapsed` is told in another word.
    pub fn until_next(elapsed: SignedDuration) -> SignedDuration {
        let seconds = elapsed.as_secs().max(0);
        let step = match seconds {
            0..60 => 10,
            60..3_600 => 60,
            3_600..86_400 => 3_600,
            _ => 86_400,
        };
        let next = SignedDuration::from_secs((seconds / step + 1).saturating_mul(step));
        next.checked_sub(elapsed).unwrap_or(SignedDuration::from_secs(step))
    }
}

/// Whether a figure that is read again and again still counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As new as it can be: its age says nothing.
    Fresh,
    /// Two polls were missed: the age shows.
    Aging,
    /// Too old to decide by.
    Stale,
    /// Polls succeed, but the gateway gives the same snapshot again and again.
    StandingStill,
}

/// When a figure polled every `poll_every` is aging: two polls were missed, and the third is due.
fn aging_after(poll_every: SignedDuration) -> SignedDuration {
    poll_every.saturating_mul(3)
}

/// When it is stale: ten polls, a minute at least.
fn stale_after(poll_every: SignedDuration) -> SignedDuration {
    poll_every.saturating_mul(10).max(SignedDuration::from_mins(1))
}

/// What the age of a figure makes of it at `now`. `still_since` is when saldo first read the gateway's present
/// `updatedAt`: only saldo's own clock is compared with itself.
pub fn judge(
    reading: &Reading,
    still_since: Timestamp,
    poll_every: SignedDuration,
    now: Timestamp,
) -> Freshness {
    let age = now.duration_since(reading.fetched_at);
    if age >= stale_after(poll_every) {
        Freshness::Stale
    } else if age >= aging_after(poll_every) {
        Freshness::Aging
    } else if reading.fetched_at.duration_since(still_since) >= stale_after(poll_every) {
        Freshness::StandingStill
    } else {
        Freshness::Fresh
    }
}

/// How long after `now` [`judge`] or the age in words may change by time alone.
pub fn next_change(reading: &Reading, poll_every: SignedDuration, now: Timestamp) -> SignedDuration {
    let age = now.duration_since(reading.fetched_at);
    let aging = aging_after(poll_every);
    if age < aging {
        return aging.checked_sub(age).unwrap_or(aging);
    }
    let word = Age::until_next(age);
    match stale_after(poll_every).checked_sub(age) {
        Some(left) if left > SignedDuration::ZERO => left.min(word),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::balance::Balance;
    use crate::domain::money::Centavos;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    fn reading() -> Reading {
        let balance = Balance {
            total: Centavos::ZERO,
            transactional: Centavos::ZERO,
            proprietary: Centavos::ZERO,
            banks: Vec::new(),
            updated_at: None,
        };
        Reading { balance, fetched_at: at(0) }
    }

    #[test]
    fn ages_are_coarse_and_rounded_down() {
        for (seconds, age) in [
            (-5, Age::Seconds(0)),
            (9, Age::Seconds(0)),
            (19, Age::Seconds(10)),
            (59, Age::Seconds(50)),
            (60, Age::Minutes(1)),
            (3_599, Age::Minutes(59)),
            (3_600, Age::Hours(1)),
            (86_400, Age::Days(1)),
        ] {
            assert_eq!(Age::of(SignedDuration::from_secs(seconds)), age, "{seconds}");
        }
    }

    #[test]
    fn the_next_word_comes_exactly_when_it_is_said() {
        for seconds in [0, 1, 9, 10, 59, 60, 61, 3_599, 3_600, 86_399, 86_400, 200_000] {
            let elapsed = SignedDuration::from_secs(seconds);
            let next = Age::until_next(elapsed);
            assert!(next > SignedDuration::ZERO);
            assert_ne!(Age::of(elapsed), Age::of(elapsed + next), "{seconds}");
            assert_eq!(Age::of(elapsed), Age::of(elapsed + next - SignedDuration::from_secs(1)), "{seconds}");
        }
    }

    #[test]
    fn two_missed_polls_show_and_ten_count_for_nothing() {
        let poll = SignedDuration::from_secs(5);
        for (second, freshness) in [
            (0, Freshness::Fresh),
            (14, Freshness::Fresh),
            (15, Freshness::Aging),
            (59, Freshness::Aging),
            (60, Freshness::Stale),
        ] {
            assert_eq!(judge(&reading(), at(0), poll, at(second)), freshness, "{second}");
        }
    }

    #[test]
    fn a_snapshot_that_stands_still_is_stale_though_polls_succeed() {
        let poll = SignedDuration::from_secs(5);
        assert_eq!(judge(&reading(), at(-59), poll, at(1)), Freshness::Fresh);
        assert_eq!(judge(&reading(), at(-60), poll, at(1)), Freshness::StandingStill);
    }

    #[test]
    fn it_asks_to_be_looked_at_when_something_changes_and_not_before() {
        let poll = SignedDuration::from_secs(5);
        let next = |second| next_change(&reading(), poll, at(second)).as_secs();
        assert_eq!([next(0), next(14), next(15), next(20), next(55), next(60)], [15, 1, 5, 10, 5, 60]);
    }
}
