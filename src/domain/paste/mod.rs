//! What a pasted text can be: an id, a key, a document, an amount, a line of a spreadsheet, or several of these.
//!
//! Nothing is guessed: a text that can be two things has two [`Meaning`]s, and a person chooses.

mod sheet;

use uuid::Uuid;

use super::br_code::{BrCode, BrCodeError};
use super::document::{Document, DocumentError};
use super::end_to_end_id::EndToEndId;
use super::money::Centavos;
use super::order::Reference;
use super::pix_key::{PixKey, PixKeyError, PixKeyType};
use super::text::is_unsafe;
pub use sheet::SheetLine;

/// Lines that are kept for the eye.
const SHOWN_LINES: usize = 6;
/// Characters of each of them.
const SHOWN_CHARS: usize = 400;
/// Characters of an id at most: the longest is a reference.
const MOST_ID: usize = 100;

/// A pasted text, and what it can be.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted {
    /// Its first lines as they may be shown: a control or invisible character stands as `^[` or `<U+202E>`.
    pub lines: Vec<String>,
    /// How many lines follow those.
    pub more: usize,
    /// How many characters no terminal should draw, line ends and tabs apart.
    pub hidden: usize,
    /// What it can be, the likeliest first. Empty: nothing that saldo knows.
    pub meanings: Vec<Meaning>,
    /// What it nearly is.
    pub trouble: Option<Trouble>,
}

/// One thing that a text can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A code that asks to be paid.
    BrCode(Box<BrCode>),
    /// A line of a spreadsheet that describes a payment.
    Line(SheetLine),
    /// So many of them.
    Lines(usize),
    /// A movement of money.
    EndToEndId(EndToEndId),
    /// A PIX key.
    Key(PixKey),
    /// Somebody's CPF or CNPJ.
    Document(Document),
    /// A reference, or an id of the gateway's or of saldo's own.
    Id(String),
    /// An amount.
    Amount(Centavos),
}

/// What a text nearly is, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A BR Code.
    BrCode(BrCodeError),
    /// A document or a key.
    Key(PixKeyError),
}

/// How much there is, and never what: keys and documents are people's data.
impl std::fmt::Debug for Pasted {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Pasted({} meanings)", self.meanings.len())
    }
}

impl Meaning {
    /// The query that finds it among the transactions, if its own words can be in one.
    pub fn query(&self) -> Option<String> {
        match self {
            Self::EndToEndId(id) => Some(format!("e2e:{id}")),
            Self::Document(document) => Some(format!("doc:{}", document.as_str())),
            Self::Amount(amount) => Some(format!("amount:{}", amount.to_typed())),
            Self::Id(id) => Some(format!("\"{id}\"")),
            Self::BrCode(code) => code.txid.as_ref().map(|txid| format!("\"{txid}\"")),
            Self::Line(_) | Self::Lines(_) | Self::Key(_) => None,
        }
    }
}

/// Reads what was pasted. It is never obeyed.
pub fn recognise(text: &str) -> Pasted {
    let mut rest = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = rest.by_ref().take(SHOWN_LINES).map(|line| visible(line.trim_end())).collect();
    let more = rest.count();
    let hidden = text
        .chars()
        .filter(|character| is_unsafe(*character) && !matches!(character, '\n' | '\r' | '\t' | '\u{feff}'))
        .count();
    let mut pasted = Pasted { lines, more, hidden, meanings: Vec::new(), trouble: None };
    // What nobody can see is told of, and is a part of nothing.
    let plain: String = text.chars().filter(|one| matches!(one, '\n' | '\t') || !is_unsafe(*one)).collect();
    let whole = plain.trim_matches(char::is_whitespace);
    if whole.is_empty() {
        return pasted;
    }
    if let Some(meaning) = sheet::read(whole) {
        pasted.meanings.push(meaning);
        return pasted;
    }
    if whole.starts_with("000201") {
        // A code that wrapped in a mail has line ends inside.
        let joined: String = whole.split('\n').map(str::trim).collect();
        match BrCode::parse(whole).or_else(|_| BrCode::parse(&joined)) {
            Ok(code) => pasted.meanings.push(Meaning::BrCode(Box::new(code))),
            Err(error) => pasted.trouble = Some(Trouble::BrCode(error)),
        }
        return pasted;
    }
    if !whole.contains('\n') {
        one_line(whole, &mut pasted);
    }
    pasted
}

fn one_line(text: &str, pasted: &mut Pasted) {
    if let Ok(id) = EndToEndId::parse(text) {
        pasted.meanings.push(Meaning::EndToEndId(id));
        return;
    }
    if is_id(text) {
        pasted.meanings.push(Meaning::Id(text.to_owned()));
    }
    match PixKey::parse(text, None) {
        Ok(key) => pasted.meanings.push(Meaning::Key(key)),
        Err(PixKeyError::Ambiguous(types)) => {
            let keys = types.into_iter().filter_map(|one| PixKey::parse(text, Some(one)).ok());
            pasted.meanings.extend(keys.map(Meaning::Key));
        }
        Err(error) if is_nearly(&error) => pasted.trouble = Some(Trouble::Key(error)),
        Err(_) => {}
    }
    if let Ok(document) = Document::parse(text) {
        pasted.meanings.push(Meaning::Document(document));
    }
    // Eleven digits of a document would be thousands of millions.
    if pasted.meanings.is_empty()
        && let Ok(amount) = Centavos::parse_payment(text)
    {
        pasted.meanings.push(Meaning::Amount(amount));
    }
}

/// Whether the text is so near to a document or a key that what is wrong with it is worth saying.
fn is_nearly(error: &PixKeyError) -> bool {
    match error {
        PixKeyError::ElevenDigits | PixKeyError::Email(_) | PixKeyError::Phone(_) => true,
        PixKeyError::Document { reason, .. } => {
            matches!(reason, DocumentError::CheckDigits(_) | DocumentError::Repeated(_))
        }
        _ => false,
    }
}

/// Whether it looks like a name that people and machines give to one thing: a word with a digit in it and more than
/// digits. An e-mail address and a telephone number have signs that an id has not.
fn is_id(text: &str) -> bool {
    let is_part = |character: char| character.is_ascii_alphanumeric() || "-_./~#:".contains(character);
    let shape = (4..=MOST_ID).contains(&text.len())
        && text.chars().all(is_part)
        && text.contains(|character: char| character.is_ascii_digit())
        && text.contains(|character: char| character.is_ascii_alphabetic());
    shape
        && (Reference::parse(text).is_ok() || Uuid::try_parse(text).is_ok())
        && Document::parse(text).is_err()
}

/// The types that a text can be a key of, where it can be several.
pub fn rival_keys(meanings: &[Meaning]) -> Vec<PixKeyType> {
    let key = |meaning: &Meaning| match meaning {
        Meaning::Key(key) => Some(key.key_type()),
        _ => None,
    };
    let types: Vec<PixKeyType> = meanings.iter().filter_map(key).collect();
    if types.len() > 1 { types } else { Vec::new() }
}

/// A line in which nothing is left for a terminal to obey, and nothing left out: carets for the control characters of
/// ASCII, code points for the rest. A tab is a gap.
fn visible(line: &str) -> String {
    let mut shown = String::new();
    for character in line.trim_start_matches('\u{feff}').chars().take(SHOWN_CHARS) {
        match character {
            '\t' => shown.push_str("  "),
            '\u{0}'..='\u{1f}' => {
                shown.push('^');
                shown.push(char::from_u32(u32::from(character) + 0x40).unwrap_or('?'));
            }
            '\u{7f}' => shown.push_str("^?"),
            other if is_unsafe(other) => shown.push_str(&format!("<U+{:04X}>", u32::from(other))),
            other => shown.push(other),
        }
    }
    if line.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests;
