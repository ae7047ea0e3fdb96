//! A batch: the lines of a file that are paid together, each of them once.
//!
//! The batch's id and the references that it gives its lines are computed from the file's bytes, not drawn. So the same file
//! is the same batch, on any day and after the journal was lost, and none of its lines can be paid twice: the reference is
//! the lock of each payment, as it is of a single one. [`read()`] makes a batch of a file, or says everything that is wrong
//! with it.

mod columns;
mod outcome;
mod quotes;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::br_code::BrCodeError;
use super::document::DocumentError;
use super::institution::IspbError;
use super::money::{AmountError, Centavos};
use super::order::{AccountError, Destination, Digest, Order, Reference, ReferenceError};
use super::pix_key::PixKeyError;
use super::report::Direction;
use super::text::Safe;
use super::transaction::{State, Transaction};

pub use columns::Column;
pub use outcome::{Advice, LineStand, ResultForm};
pub(crate) use read::key_type;
pub use read::read;

/// The most lines that a batch has: some minutes of work, and a review that a person can still read.
pub const MOST_LINES: usize = 5_000;

/// The largest file, in bytes: so many lines of 800 bytes each.
pub const MOST_BYTES: usize = 4_000_000;

/// The longest name or description, in characters, as on the command line.
pub const MOST_TEXT: usize = 200;

/// A heading that would do, for who has none.
pub const EXAMPLE: &str = "chave;valor;nome;documento;referencia";

/// The same in English.
pub const EXAMPLE_IN_ENGLISH: &str = "key;amount;name;document;reference";

/// A payment alike is a likely repeat for so long.
pub const REPEAT_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// Payments that are made together, from one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The file's name, without its folder.
    pub name: Safe,
    /// Its payments, in the file's order.
    pub lines: Vec<Line>,
}

/// One payment of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// In the file, from 1; the heading is a line too.
    pub number: u32,
    /// The debt's name: the file's own, or one computed from file and line.
    pub reference: Reference,
    /// What is paid, to whom.
    pub order: Order,
}

/// A file that was read, and in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The payments.
    pub batch: Batch,
    /// Lines that say of themselves that they are meant though they repeat another payment.
    pub meant: BTreeSet<u32>,
}

impl Batch {
    /// The batch's id: of the file alone.
    pub fn id(&self) -> Uuid {
        id_of(&self.digest)
    }

    /// The sum of its lines, in centavos. [`MOST_LINES`] of the largest amounts stay far below the range.
    pub fn total(&self) -> Centavos {
        total(self.lines.iter().map(|line| line.order.amount))
    }
}

/// A sum that stands still at the end of its range instead of wrapping around.
pub fn total(amounts: impl IntoIterator<Item = Centavos>) -> Centavos {
    amounts
        .into_iter()
        .fold(Centavos::ZERO, |sum, amount| sum.checked_add(amount).unwrap_or(Centavos::new(i64::MAX)))
}

/// The id of the batch whose file has this digest.
pub fn id_of(digest: &Digest) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// The reference of a line that brings none: of the file and the line's number, so that the same file names the same debts.
///
/// # Errors
///
/// Never in practice: its form is one that [`Reference::parse`] takes.
pub fn reference_of(digest: &Digest, line: u32) -> Result<Reference, ReferenceError> {
    let digest = digest.to_string();
    Reference::parse(&format!("saldo-{}-{line}", digest.get(..16).unwrap_or(&digest)))
}

/// How many payments go which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ways {
    /// By PIX key.
    pub by_key: usize,
    /// By bank account.
    pub by_account: usize,
}

impl Ways {
    /// Of these payments.
    pub fn of<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Self {
        lines.into_iter().fold(Self::default(), |ways, line| match line.order.destination {
            Destination::Pix(_) => Self { by_key: ways.by_key + 1, ..ways },
            Destination::Account(_) => Self { by_account: ways.by_account + 1, ..ways },
        })
    }
}

/// A line that may pay what is paid already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The line.
    pub line: u32,
    /// What it is like.
    pub like: Like,
}

/// What a line is like: same payee, same amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Like {
    /// An earlier line of the same file.
    Line(u32),
    /// A payment that saldo has seen.
    Payment {
        /// When it happened (UTC).
        at: Timestamp,
        /// Where it stands.
        state: State,
        /// Its reference.
        reference: Option<Safe>,
    },
}

/// Lines that pay the same payee the same amount as an earlier line.
pub fn repeats_within(lines: &[Line]) -> Vec<Repeat> {
    let mut first = std::collections::HashMap::new();
    let mut repeats = Vec::new();
    for line in lines {
        match first.entry((&line.order.document, line.order.amount)) {
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(line.number);
            }
            std::collections::hash_map::Entry::Occupied(earlier) => {
                repeats.push(Repeat { line: line.number, like: Like::Line(*earlier.get()) });
            }
        }
    }
    repeats
}

/// Whether a row of the feed may have paid the same already: same document, same amount, of the last day, and not known to
/// have come to nothing.
pub fn may_repeat(row: &Transaction, order: &Order, now: Timestamp) -> bool {
    row.direction == Direction::Out
        && row.amount == Some(order.amount)
        && !came_to_nothing(row.state)
        && now.duration_since(row.happened_at) <= REPEAT_WITHIN
        && row.document.as_ref().is_some_and(|shown| may_be(shown.as_str(), order.document.as_str()))
}

fn came_to_nothing(state: State) -> bool {
    use super::cash_out::State as Out;
    matches!(
        state,
        State::Out(Out::Rejected | Out::Failed | Out::Cancelled | Out::Expired | Out::DeclaredNotPaid)
    )
}

/// Whether a document, perhaps shown with `*` for some characters, can be this one.
fn may_be(shown: &str, document: &str) -> bool {
    let shown = shown.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '*');
    let mut whole = document.chars();
    let fits = shown
        .into_iter()
        .all(|one| whole.next().is_some_and(|other| one == '*' || one.eq_ignore_ascii_case(&other)));
    fits && whole.next().is_none()
}

/// What is wrong, and where. It repeats nothing that could be a person's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// In the file, from 1; 0 for the file as a whole.
    pub line: u32,
    /// In which column, where it is in one.
    pub column: Option<Column>,
    /// What, and what would be right.
    pub wrong: Wrong,
}

/// `line 12, amount: …`
impl fmt::Display for Mistake {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(out, "line {}", self.line)?;
            match self.column {
                Some(column) => write!(out, ", {}: ", column.english())?,
                None => out.write_str(": ")?,
            }
        }
        fmt::Display::fmt(&self.wrong, out)
    }
}

fn remedy(meant: Option<&'static str>) -> String {
    match meant {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => format!("take it out, or name it {}", Column::names()),
    }
}

/// What is wrong with a file or a line, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Nothing to pay.
    #[error("there is no line to pay; the first line names the columns, each other line is a payment")]
    NoLines,
    /// Beyond [`MOST_BYTES`].
    #[error("the file is larger than {MOST_BYTES} bytes; divide it")]
    TooLarge,
    /// Beyond [`MOST_LINES`].
    #[error("the file has more than {MOST_LINES} lines; divide it")]
    TooManyLines,
    /// Another encoding.
    #[error("this is not UTF-8; save the sheet as \"CSV UTF-8\"")]
    NotText,
    /// The first line names no column at all.
    #[error(
        "the first line names no column that is known, so the heading is missing, or what stands between its names is not \
         `;`, `,` or a tab. It is, for instance: {EXAMPLE} (in English: {EXAMPLE_IN_ENGLISH})"
    )]
    NoHeading,
    /// `sep=` with something that separates nothing.
    #[error("what separates the fields is `;`, `,` or a tab; write it so, or take this line out")]
    Separator,
    /// A quote that has no end on its line.
    #[error(
        "a quote opens in field {0} and is not closed on the line; close it, and write a quote that is a part of a text twice"
    )]
    QuoteOpen(usize),
    /// Something between a closing quote and the next separator.
    #[error(
        "in field {0}, something stands behind the closing quote; a quote that is a part of a text is written twice"
    )]
    QuoteInside(usize),
    /// A heading that is no column.
    #[error("the column {name} is not known; {}", remedy(*meant))]
    UnknownColumn {
        /// As it stands there, or as much of it as can be repeated.
        name: Safe,
        /// What was probably meant.
        meant: Option<&'static str>,
    },
    /// Two headings mean the same.
    #[error("two columns are this one; take one out")]
    ColumnTwice,
    /// A column that every file needs.
    #[error("there is no such column; add one")]
    NoColumn,
    /// Neither a key nor an account in the heading.
    #[error(
        "there is no column for the payee's key, and none for an account (ispb, agencia, conta); add them"
    )]
    NoDestinationColumn,
    /// More or fewer fields than the heading has.
    #[error(
        "it has {found} field{}, and the heading has {expected}; a text with the separator in it stands in quotes",
        if *found == 1 { "" } else { "s" }
    )]
    Fields {
        /// In the line.
        found: usize,
        /// In the heading.
        expected: usize,
    },
    /// It has to be filled in.
    #[error("is empty; fill it in")]
    Missing,
    /// Longer than [`MOST_TEXT`].
    #[error("is longer than {MOST_TEXT} characters; shorten it")]
    TooLong,
    /// A control or invisible character.
    #[error("has a control or invisible character at position {0}; take it out")]
    Control(usize),
    /// Not an amount.
    #[error("{0}")]
    Amount(AmountError),
    /// Not a key, or one of several types.
    #[error("{0} (the column tipo_de_chave says which type)")]
    Key(PixKeyError),
    /// Not a type of key.
    #[error("is no type of key; write CPF, CNPJ, EMAIL, PHONE or EVP")]
    KeyType,
    /// A BR Code that cannot be read.
    #[error("{0}")]
    BrCode(BrCodeError),
    /// A dynamic BR Code.
    #[error(
        "this is a dynamic BR Code: its charge waits at an address and its key is not in it, so it cannot be paid by key"
    )]
    Dynamic,
    /// The amount of the line and that of its BR Code differ.
    #[error("the BR Code asks for {0}; write the same, or leave it out")]
    OtherAmount(Centavos),
    /// A key and an account.
    #[error("there is a key and an account; leave one of them out")]
    KeyAndAccount,
    /// Not an ISPB.
    #[error("{0}")]
    Ispb(IspbError),
    /// Not a branch or an account.
    #[error("{0}")]
    Account(AccountError),
    /// Not a document.
    #[error("{0}")]
    Document(DocumentError),
    /// Not a reference.
    #[error("{0}")]
    Reference(ReferenceError),
    /// The same reference on another line.
    #[error("line {0} has the same reference; a reference names one payment")]
    ReferenceTwice(u32),
    /// Neither yes nor no.
    #[error("write yes (sim) where the line is meant though it repeats a payment, or leave it empty")]
    YesOrNo,
    /// The journal has another payment under this reference.
    #[error(
        "the reference names another payment in the journal already; give this line a reference of its own"
    )]
    Taken,
}
