//! The endToEndId: what the Banco Central's settlement system calls one movement of money.
//!
//! `E` or `D`, the ISPB of who started it (8), `yyyyMMddHHmm` in UTC, 11 letters or digits.

use std::fmt;

use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::institution::Ispb;

/// What kind of movement an [`EndToEndId`] names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Movement {
    /// `E`: a payment.
    Payment,
    /// `D`: a refund (devolução) of one.
    Refund,
}

/// The 32 characters, case-sensitive.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndToEndId {
    text: String,
    movement: Movement,
    ispb: Ispb,
    instant: Timestamp,
}

/// Why a text is not an endToEndId. Positions count characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndToEndIdError {
    /// Not 32 characters.
    #[error("an endToEndId has 32 characters; this has {0}")]
    Length(usize),
    /// The first character is neither `E` nor `D`.
    #[error("an endToEndId begins with E (payment) or D (refund)")]
    Movement,
    /// A character that cannot stand where it stands.
    #[error("the character at {0} of the endToEndId cannot stand there")]
    Character(usize),
    /// Characters 10 to 21 are digits, but no minute of the calendar.
    #[error("characters 10 to 21 of the endToEndId are no date and time (yyyyMMddHHmm, UTC)")]
    Time,
}

impl EndToEndId {
    /// Reads an endToEndId exactly: nothing is trimmed and no case is changed.
    ///
    /// # Errors
    ///
    /// [`EndToEndIdError`].
    pub fn parse(text: &str) -> Result<Self, EndToEndIdError> {
        if let Some(at) = text.chars().position(|character| !character.is_ascii_alphanumeric()) {
            return Err(EndToEndIdError::Character(at + 1));
        }
        if text.len() != 32 {
            return Err(EndToEndIdError::Length(text.len()));
        }
        let movement = match text.as_bytes()[0] {
            b'E' => Movement::Payment,
            b'D' => Movement::Refund,
            _ => return Err(EndToEndIdError::Movement),
        };
        let ispb = Ispb::parse(&text[1..9]).map_err(|_| {
            let lower = text[1..9].bytes().position(|byte| byte.is_ascii_lowercase()).unwrap_or(0);
            EndToEndIdError::Character(lower + 2)
        })?;
        let instant = minute(&text[9..21])?;
        Ok(Self { text: text.to_owned(), movement, ispb, instant })
    }

    /// The 32 characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Payment or refund.
    pub const fn movement(&self) -> Movement {
        self.movement
    }

    /// The institution that made the id.
    pub const fn ispb(&self) -> Ispb {
        self.ispb
    }

    /// The minute inside the id, in UTC. It may lie up to 12 hours from the processing, so it is no proof of
    /// when the money settled.
    pub const fn instant(&self) -> Timestamp {
        self.instant
    }
}

/// `yyyyMMddHHmm`, the 10th to 21st character of the id.
fn minute(digits: &str) -> Result<Timestamp, EndToEndIdError> {
    if let Some(at) = digits.bytes().position(|byte| !byte.is_ascii_digit()) {
        return Err(EndToEndIdError::Character(at + 10));
    }
    let year = digits[..4].parse().map_err(|_| EndToEndIdError::Time)?;
    let part = |from: usize| digits[from..from + 2].parse::<i8>().map_err(|_| EndToEndIdError::Time);
    DateTime::new(year, part(4)?, part(6)?, part(8)?, part(10)?, 0, 0)
        .and_then(|time| TimeZone::UTC.to_timestamp(time))
        .map_err(|_| EndToEndIdError::Time)
}

impl fmt::Display for EndToEndId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

impl fmt::Debug for EndToEndId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EndToEndId({})", self.text)
    }
}

impl TryFrom<String> for EndToEndId {
    type Error = EndToEndIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<EndToEndId> for String {
    fn from(id: EndToEndId) -> Self {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_parts() {
        let id = EndToEndId::parse("E13935893202603101422aB3dE5gH9z1").unwrap();
        assert_eq!(id.movement(), Movement::Payment);
        assert_eq!(id.ispb().as_str(), "13935893");
        assert_eq!(id.instant(), "2026-03-10T14:22:00Z".parse().unwrap());
        let refund = EndToEndId::parse("D1A2B3C4D202402292359abcdefghijk").unwrap();
        assert_eq!(refund.movement(), Movement::Refund);
        assert_eq!(refund.ispb().as_str(), "1A2B3C4D");
        assert_eq!(refund.instant(), "2024-02-29T23:59:00Z".parse().unwrap());
    }

    #[test]
    fn case_counts() {
        let one = EndToEndId::parse("E13935893202603101422aB3dE5gH9z1").unwrap();
        let other = EndToEndId::parse("E13935893202603101422AB3DE5GH9Z1").unwrap();
        assert_ne!(one, other);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, error) in [
            ("", EndToEndIdError::Length(0)),
            ("E13935893202603101422aB3dE5gH9z", EndToEndIdError::Length(31)),
            ("E13935893202603101422aB3dE5gH9z12", EndToEndIdError::Length(33)),
            ("e13935893202603101422aB3dE5gH9z1", EndToEndIdError::Movement),
            ("X13935893202603101422aB3dE5gH9z1", EndToEndIdError::Movement),
            ("E1393589a202603101422aB3dE5gH9z1", EndToEndIdError::Character(9)),
            ("E1393589320260310142xaB3dE5gH9z1", EndToEndIdError::Character(21)),
            ("E13935893202603101422aB3dE5gH9z-", EndToEndIdError::Character(32)),
            ("E13935893202603101422aB3dE5gH9zé", EndToEndIdError::Character(32)),
            (" E13935893202603101422aB3dE5gH9z", EndToEndIdError::Character(1)),
            ("E13935893202613101422aB3dE5gH9z1", EndToEndIdError::Time),
            ("E13935893202602291422aB3dE5gH9z1", EndToEndIdError::Time),
            ("E13935893202603102460aB3dE5gH9z1", EndToEndIdError::Time),
            ("E13935893202603101460aB3dE5gH9z1", EndToEndIdError::Time),
        ] {
            assert_eq!(EndToEndId::parse(text), Err(error), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_what_is_shown(
            first in "[ED]", ispb in "[0-9A-Z]{8}", day in "20[2-9][0-9](0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])",
            minute in "([01][0-9]|2[0-3])[0-5][0-9]", rest in "[a-zA-Z0-9]{11}"
        ) {
            let text = format!("{first}{ispb}{day}{minute}{rest}");
            let id = EndToEndId::parse(&text).unwrap();
            proptest::prop_assert_eq!(id.as_str(), &text);
            let stamp = id.instant().strftime("%Y%m%d%H%M").to_string();
            proptest::prop_assert_eq!(stamp, format!("{day}{minute}"));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = EndToEndId::parse(&text);
        }
    }
}
