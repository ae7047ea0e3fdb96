//! Institutions of the Brazilian payment system, named by their ISPB.

use std::fmt;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// The list with its date; sorted by ISPB so that a look-up can halve its way to a row.
const LIST: &str = include_str!("../../assets/institutions.csv");

/// The code of an institution: 8 characters of `[0-9A-Z]` (API Pix 2.9.0 of the Banco Central allows
/// letters). Leading zeros count, so it is text and never a number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ispb([u8; 8]);

/// Why a text is not an ISPB. Positions count characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IspbError {
    /// Not 8 characters.
    #[error("an ISPB has 8 characters, leading zeros included; this has {0}")]
    Length(usize),
    /// Neither a digit nor an upper-case letter.
    #[error("the character at {0} is no part of an ISPB, which has digits and upper-case letters")]
    Character(usize),
}

impl Ispb {
    /// Reads the 8 characters of an ISPB, exactly.
    ///
    /// # Errors
    ///
    /// [`IspbError`].
    pub fn parse(text: &str) -> Result<Self, IspbError> {
        if let Some(at) = text.chars().position(|character| !matches!(character, '0'..='9' | 'A'..='Z')) {
            return Err(IspbError::Character(at + 1));
        }
        text.as_bytes().try_into().map(Self).map_err(|_| IspbError::Length(text.len()))
    }

    /// The 8 characters.
    pub fn as_str(&self) -> &str {
        // Only `parse` makes one, and it lets ASCII in alone.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Ispb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Ispb {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ispb({})", self.as_str())
    }
}

impl TryFrom<String> for Ispb {
    type Error = IspbError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Ispb> for String {
    fn from(ispb: Ispb) -> Self {
        ispb.as_str().to_owned()
    }
}

/// The short name of an institution, as the Banco Central writes it, or `None` where the list has none: a
/// young institution is no error.
pub fn name_of(ispb: &Ispb) -> Option<&'static str> {
    let rows = rows();
    let at = rows.binary_search_by(|(code, _)| (*code).cmp(ispb.as_str())).ok()?;
    rows.get(at).map(|(_, name)| *name)
}

fn rows() -> &'static [(&'static str, &'static str)] {
    static ROWS: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    ROWS.get_or_init(|| {
        LIST.lines()
            .filter(|line| !line.starts_with('#'))
            .skip(1)
            .filter_map(|line| line.split_once(','))
            .map(|(code, name)| (code, name.trim_matches('"')))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_text_of_eight_characters() {
        assert_eq!(Ispb::parse("00000000").unwrap().as_str(), "00000000");
        assert_eq!(Ispb::parse("1A2B3C4D").unwrap().to_string(), "1A2B3C4D");
        for (text, error) in [
            ("", IspbError::Length(0)),
            ("360305", IspbError::Length(6)),
            ("003603050", IspbError::Length(9)),
            ("0036030a", IspbError::Character(8)),
            ("0036030é", IspbError::Character(8)),
            ("00 60305", IspbError::Character(3)),
        ] {
            assert_eq!(Ispb::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn names_the_gateways_partners_and_the_large_banks() {
        for (code, part) in [
            ("00000000", "BCO DO BRASIL"),
            ("60746948", "BRADESCO"),
            ("13935893", "CELCOIN"),
            ("20018183", "STARK BANK"),
            ("18236120", "NU PAGAMENTOS"),
            ("00360305", "CAIXA"),
        ] {
            let name = name_of(&Ispb::parse(code).unwrap()).unwrap();
            assert!(name.contains(part), "{code} is {name}");
        }
        assert_eq!(name_of(&Ispb::parse("ZZZZZZZZ").unwrap()), None);
    }

    #[test]
    fn every_row_of_the_list_is_whole_unique_and_in_order() {
        let rows = rows();
        let lines = LIST.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(rows.len(), lines - 1, "a line has no comma");
        assert!(rows.len() > 400);
        for pair in rows.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} before {}", pair[0].0, pair[1].0);
        }
        for (code, name) in rows {
            let ispb = Ispb::parse(code).unwrap();
            assert_eq!(name_of(&ispb), Some(*name));
            assert_eq!(crate::domain::text::Safe::new(name).as_str(), *name, "{code}");
            assert!(!name.is_empty());
        }
    }
}
