//! The txid: the receiver's own name for a charge (Banco Central, Manual de Padrões para Iniciação do Pix).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Letters and digits: 26 to 35 of them in a dynamic charge, up to 25 in a static BR Code. Case counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Txid(String);

/// Why a text is not a txid. Positions count characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TxidError {
    /// The length fits no charge of the kind that was asked for.
    #[error("a txid of this charge has {shortest} to {longest} characters; this has {length}")]
    Length {
        /// Characters of the text.
        length: usize,
        /// The fewest that were allowed.
        shortest: usize,
        /// The most that were allowed.
        longest: usize,
    },
    /// Neither a letter nor a digit.
    #[error("the character at {0} is no part of a txid, which has letters and digits")]
    Character(usize),
}

impl Txid {
    /// The txid of a dynamic charge (a cash-in's `transactionId`): 26 to 35 letters and digits.
    ///
    /// # Errors
    ///
    /// [`TxidError`].
    pub fn dynamic(text: &str) -> Result<Self, TxidError> {
        Self::within(text, 26, 35)
    }

    /// The txid of a static BR Code: up to 25 letters and digits, or `***`, which stands for none.
    ///
    /// # Errors
    ///
    /// [`TxidError`].
    pub fn of_static_code(text: &str) -> Result<Option<Self>, TxidError> {
        if text == "***" {
            return Ok(None);
        }
        Self::within(text, 1, 25).map(Some)
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn within(text: &str, shortest: usize, longest: usize) -> Result<Self, TxidError> {
        if let Some(at) = text.chars().position(|character| !character.is_ascii_alphanumeric()) {
            return Err(TxidError::Character(at + 1));
        }
        let length = text.len();
        if !(shortest..=longest).contains(&length) {
            return Err(TxidError::Length { length, shortest, longest });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Txid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

impl TryFrom<String> for Txid {
    type Error = TxidError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::within(&text, 1, 35)
    }
}

impl From<Txid> for String {
    fn from(txid: Txid) -> Self {
        txid.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_one_has_26_to_35_characters() {
        for length in [26, 32, 35] {
            let text = "aZ9".repeat(12)[..length].to_owned();
            assert_eq!(Txid::dynamic(&text).unwrap().as_str(), text);
        }
        for length in [0, 25, 36] {
            let text = "aZ9".repeat(12)[..length].to_owned();
            let error = TxidError::Length { length, shortest: 26, longest: 35 };
            assert_eq!(Txid::dynamic(&text), Err(error));
        }
        assert_eq!(Txid::dynamic("8b3da2f3-9a41-40d1-a91a-bd93113bd441"), Err(TxidError::Character(9)));
    }

    #[test]
    fn a_static_one_has_at_most_25_or_is_absent() {
        assert_eq!(Txid::of_static_code("***"), Ok(None));
        assert_eq!(Txid::of_static_code("RP12345678").unwrap().unwrap().as_str(), "RP12345678");
        assert!(Txid::of_static_code(&"a".repeat(25)).is_ok());
        for (text, error) in [
            ("", TxidError::Length { length: 0, shortest: 1, longest: 25 }),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaa", TxidError::Length { length: 26, shortest: 1, longest: 25 }),
            ("**", TxidError::Character(1)),
            ("ação", TxidError::Character(2)),
        ] {
            assert_eq!(Txid::of_static_code(text), Err(error), "{text:?}");
        }
    }
}
