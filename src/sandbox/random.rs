//! Repeatable randomness: the same seed tells the same story twice.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// A probability in parts per million, written `0.3`. No float: `0.3` is exactly 300,000 of 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u32);

const MILLION: u32 = 1_000_000;

/// Why a text is no probability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a probability is a decimal from 0 to 1 with at most six decimals, such as 0.3")]
pub struct ChanceError;

impl Chance {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const ALWAYS: Self = Self(MILLION);

    /// A probability of `percent` in a hundred; more than 100 counts as 100.
    pub const fn percent(percent: u8) -> Self {
        if percent >= 100 { Self::ALWAYS } else { Self(percent as u32 * (MILLION / 100)) }
    }
}

impl FromStr for Chance {
    type Err = ChanceError;

    fn from_str(text: &str) -> Result<Self, ChanceError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(ChanceError),
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 1 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
            return Err(ChanceError);
        }
        let millionths: u32 = format!("{whole}{fraction:0<6}").parse().map_err(|_| ChanceError)?;
        if millionths > MILLION { Err(ChanceError) } else { Ok(Self(millionths)) }
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(MILLION) {
            return write!(out, "{}", self.0 / MILLION);
        }
        let fraction = format!("{:06}", self.0 % MILLION);
        write!(out, "{}.{}", self.0 / MILLION, fraction.trim_end_matches('0'))
    }
}

/// A stream of pseudo-random numbers (splitmix64) that depends on a seed and a label only.
///
/// Each concern has a stream of its own, so that one more fault roll does not change every later id.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

const LETTERS_AND_DIGITS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Random {
    pub(super) fn new(seed: u64, label: &str) -> Self {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(label).finalize();
        let mut start = [0; 8];
        start.copy_from_slice(&digest[..8]);
        Self(u64::from_be_bytes(start))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound - 1`; 0 when `bound` is 0. The bias of the remainder is of no matter here.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// Whether something of this probability happens now. Draws once, whatever the probability.
    pub(super) fn happens(&mut self, chance: Chance) -> bool {
        self.below(u64::from(MILLION)) < u64::from(chance.0)
    }

    /// One of `choices`, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let at = self.below(u64::try_from(choices.len()).unwrap_or(1));
        &choices[usize::try_from(at).unwrap_or(0)]
    }

    /// `count` letters and digits.
    pub(super) fn alphanumeric(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(*self.pick(LETTERS_AND_DIGITS))).collect()
    }

    /// `count` decimal digits.
    pub(super) fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(*self.pick(b"0123456789"))).collect()
    }

    /// A UUID v4, as far as its form goes.
    pub(super) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.next().to_be_bytes());
        bytes[8..].copy_from_slice(&self.next().to_be_bytes());
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_exact_and_round_trip() {
        for (text, millionths, written) in [
            ("0", 0, "0"),
            ("1", 1_000_000, "1"),
            ("1.0", 1_000_000, "1"),
            ("0.3", 300_000, "0.3"),
            ("0.30", 300_000, "0.3"),
            ("0.000001", 1, "0.000001"),
        ] {
            let chance: Chance = text.parse().unwrap();
            assert_eq!(chance, Chance(millionths), "{text}");
            assert_eq!(chance.to_string(), written);
        }
        for text in ["", "2", "1.000001", "0.", ".5", "-0.1", "0.0000001", "30%", "0,3", "1e-1", "00.1"] {
            assert_eq!(text.parse::<Chance>(), Err(ChanceError), "{text:?}");
        }
        assert_eq!(Chance::percent(5), Chance(50_000));
    }

    #[test]
    fn the_same_seed_and_label_give_the_same_stream() {
        let draw = |seed, label| {
            let mut random = Random::new(seed, label);
            (random.next(), random.alphanumeric(11), random.uuid(), random.between(3, 5))
        };
        assert_eq!(draw(1, "ids"), draw(1, "ids"));
        assert_ne!(draw(1, "ids"), draw(2, "ids"));
        assert_ne!(draw(1, "ids"), draw(1, "faults"));
    }

    #[test]
    fn extremes_are_certain() {
        let mut random = Random::new(7, "extremes");
        for _ in 0..1_000 {
            assert!(random.happens(Chance::ALWAYS));
            assert!(!random.happens(Chance::NEVER));
        }
        assert_eq!(random.below(0), 0);
    }
}
