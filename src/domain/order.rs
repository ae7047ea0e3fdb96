//! What a cash-out pays, to whom, and under which name it can never be paid twice.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::document::Document;
use super::institution::Ispb;
use super::money::Centavos;
use super::pix_key::PixKey;

/// The longest reference that saldo takes, in characters. The gateway documents no limit.
pub const MAX_REFERENCE: usize = 100;

/// The name of an obligation: the operator's own words, sent verbatim as `externalReference`.
///
/// The gateway refuses a second cash-out with the same one (409), which makes it the lock of the payment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reference(String);

/// Why a text cannot be a reference. It is never altered to fit: the gateway compares it to the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing there.
    #[error("the reference is empty; give the invoice or prize number, for instance")]
    Empty,
    /// Beyond [`MAX_REFERENCE`].
    #[error("the reference is longer than 100 characters")]
    TooLong,
    /// A space that nobody can see.
    #[error("the reference begins or ends with a space; the gateway would take it for another reference")]
    Padded,
    /// `~2` and the like.
    #[error("the reference ends with {0}, which saldo itself appends when a failed payment is made again")]
    Reserved(&'static str),
    /// A line end, an escape or an invisible character.
    #[error("the reference has a control or invisible character at position {0}")]
    Control(usize),
}

impl Reference {
    /// Checks `text` and keeps it verbatim.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`].
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.trim().is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.trim() != text {
            return Err(ReferenceError::Padded);
        }
        if let Some(at) = text.chars().position(super::text::is_unsafe) {
            return Err(ReferenceError::Control(at + 1));
        }
        if text.chars().count() > MAX_REFERENCE {
            return Err(ReferenceError::TooLong);
        }
        if text.rsplit_once('~').is_some_and(|(_, end)| {
            !end.is_empty() && end.chars().all(|character| character.is_ascii_digit())
        }) {
            return Err(ReferenceError::Reserved("`~` and a number"));
        }
        Ok(Self(text.to_owned()))
    }

    /// What the gateway sees of this obligation in its `generation`th payment: the text itself, then `~2` appended,
    /// `~3` and so on.
    #[must_use]
    pub fn of_generation(&self, generation: u32) -> Self {
        if generation <= 1 { self.clone() } else { Self(format!("{}~{generation}", self.0)) }
    }

    /// A reference of saldo's own, from a time-ordered id made when the payment was reviewed.
    pub fn from_id(id: Uuid) -> Self {
        Self(format!("saldo-{id}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// Where the money of a cash-out goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// By PIX key.
    Pix(PixKey),
    /// By bank account.
    Account(BankAccount),
}

/// A payee's account. Branch and account are digits, the check digit included, as the bank prints them without
/// punctuation.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BankAccount {
    /// The institution.
    pub ispb: Ispb,
    /// Branch (agência).
    pub branch: String,
    /// Account number.
    pub account: String,
}

/// Shows no account number: this ends up in logs.
impl fmt::Debug for BankAccount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("BankAccount").field("ispb", &self.ispb).finish_non_exhaustive()
    }
}

/// Why a branch or an account number was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Nothing there.
    #[error("is empty")]
    Empty,
    /// A character that banks do not use there.
    #[error("has a character at position {0} that is neither a digit nor the check letter X")]
    Character(usize),
    /// Longer than any bank's.
    #[error("is longer than {0} characters")]
    TooLong(usize),
}

/// Reads a branch number: up to six digits; a hyphen and spaces are dropped.
///
/// # Errors
///
/// [`AccountError`].
pub fn parse_branch(text: &str) -> Result<String, AccountError> {
    account_digits(text, 6)
}

/// Reads an account number: up to twenty digits, the last may be the check letter `X`; a hyphen, dots and spaces are
/// dropped.
///
/// # Errors
///
/// [`AccountError`].
pub fn parse_account(text: &str) -> Result<String, AccountError> {
    account_digits(text, 20)
}

fn account_digits(text: &str, most: usize) -> Result<String, AccountError> {
    let mut digits = String::new();
    let last = text.trim_end().chars().count();
    for (at, character) in text.chars().enumerate() {
        match character {
            '0'..='9' => digits.push(character),
            'x' | 'X' if at + 1 == last && !digits.is_empty() => digits.push('X'),
            '-' | '.' | ' ' | '\u{a0}' => {}
            _ => return Err(AccountError::Character(at + 1)),
        }
    }
    match digits.len() {
        0 => Err(AccountError::Empty),
        length if length > most => Err(AccountError::TooLong(most)),
        _ => Ok(digits),
    }
}

/// What is paid, and to whom: the part of a payment that must never change once it was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// In centavos, more than zero.
    pub amount: Centavos,
    /// The payee's name as typed; the gateway does not verify it beforehand.
    pub name: String,
    /// The payee's CPF or CNPJ.
    pub document: Document,
    /// PIX key or account.
    pub destination: Destination,
    /// May show on the payee's statement.
    pub description: Option<String>,
}

impl Order {
    /// A fingerprint of everything in the order: two orders are the same payment if and only if it is the same.
    ///
    /// Each field is written with its length before it, so no two different orders run together into one text.
    pub fn payload_hash(&self) -> Digest {
        let mut hash = Sha256::new();
        let mut add = |part: &str| {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        };
        add("saldo cash-out 1");
        add(&self.amount.get().to_string());
        add(&self.name);
        add(self.document.as_str());
        match &self.destination {
            Destination::Pix(key) => {
                add("PIX");
                add(key.key_type().as_str());
                add(key.as_str());
            }
            Destination::Account(account) => {
                add("BANK_ACCOUNT");
                add(account.ispb.as_str());
                add(&account.branch);
                add(&account.account);
            }
        }
        match &self.description {
            Some(description) => add(description),
            None => add(""),
        }
        Digest(hash.finalize().into())
    }
}

/// A SHA-256, in JSON as hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// One that was made before.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw hash.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom("a SHA-256 is 64 hexadecimal digits");
        if text.len() != 64 || !text.is_ascii() {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong())?;
        }
        Ok(Self(bytes))
    }
}

/// The idempotency key of a payment: SHA-256 over account, reference and round, shaped as a UUID v4.
///
/// It is computed and not drawn, so the same debt entered again after the journal was lost meets itself at the
/// gateway instead of being paid twice.
pub fn idempotency_key(client_id: &str, reference: &Reference, round: u32) -> Uuid {
    computed_key("saldo idempotency 1", client_id, reference.as_str(), round)
}

/// A key computed from an account, the lock of an order and its round. `purpose` keeps the keys of different kinds of
/// orders apart: no charge shares one with a payment of the same reference.
pub(super) fn computed_key(purpose: &str, client_id: &str, lock: &str, round: u32) -> Uuid {
    let mut hash = Sha256::new();
    for part in [purpose, client_id, lock, &round.to_string()] {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_kept_verbatim_or_refused() {
        assert_eq!(Reference::parse("Prêmio nº 42/A").unwrap().as_str(), "Prêmio nº 42/A");
        for (text, error) in [
            ("", ReferenceError::Empty),
            (" \u{a0}", ReferenceError::Empty),
            ("inv 1 ", ReferenceError::Padded),
            ("inv\n1", ReferenceError::Control(4)),
            ("inv\u{200b}1", ReferenceError::Control(4)),
            ("inv~2", ReferenceError::Reserved("`~` and a number")),
        ] {
            assert_eq!(Reference::parse(text), Err(error), "{text:?}");
        }
        assert_eq!(Reference::parse(&"x".repeat(101)), Err(ReferenceError::TooLong));
        assert_eq!(Reference::parse("~a~").unwrap().of_generation(2).as_str(), "~a~~2");
    }

    #[test]
    fn the_key_depends_on_account_reference_and_round_alone() {
        let reference = Reference::parse("inv-1").unwrap();
        let key = idempotency_key("48213", &reference, 1);
        assert_eq!(key, idempotency_key("48213", &reference, 1));
        assert_eq!(key.get_version_num(), 4);
        assert_eq!(key.get_variant(), uuid::Variant::RFC4122);
        assert_ne!(key, idempotency_key("48213", &reference, 2));
        assert_ne!(key, idempotency_key("48214", &reference, 1));
        // No two pairs run together.
        assert_ne!(
            idempotency_key("1", &Reference::parse("23").unwrap(), 1),
            idempotency_key("12", &Reference::parse("3").unwrap(), 1)
        );
    }

    #[test]
    fn branch_and_account_are_digits() {
        assert_eq!(parse_branch(" 1234 ").as_deref(), Ok("1234"));
        assert_eq!(parse_account("12.345-x").as_deref(), Ok("12345X"));
        assert_eq!(parse_account("0000567890").as_deref(), Ok("0000567890"));
        assert_eq!(parse_branch(""), Err(AccountError::Empty));
        assert_eq!(parse_branch("1234567"), Err(AccountError::TooLong(6)));
        assert_eq!(parse_account("12x45"), Err(AccountError::Character(3)));
        assert_eq!(parse_account("12\u{1b}45"), Err(AccountError::Character(3)));
    }
}
