//! What the gateway said against itself, or against what was ordered, and what a person found who looked into it.
//!
//! A contradiction is found by the machine that folds a life ([`super::cash_out`], [`super::cash_in`], [`super::refund`]),
//! each time anew from the events: nothing of it is stored beside them. A person closes it by saying what they found. That
//! takes it out of what is in doubt and nothing more: the order stays locked as before, the gateway's word stays as it was,
//! and a fact that they did not have before them opens it again.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cash_out::Because;
use super::money::Centavos;
use super::person::Person;
use super::refund;
use super::report::{Source, Status};
use super::text::Safe;
use super::transaction::State;

/// The longest reason that is kept, in characters.
pub const MOST_REASON: usize = 400;

/// Two words that cannot both be true: what was held, and what was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// Another reference.
    Reference {
        /// Ours.
        held: Safe,
        /// The gateway's.
        told: Safe,
    },
    /// Another amount, in centavos.
    Amount {
        /// What was ordered, or told before.
        held: Centavos,
        /// The gateway's.
        told: Centavos,
    },
    /// Another payee, by the document.
    Document {
        /// What was ordered.
        held: Safe,
        /// The gateway's.
        told: Safe,
    },
    /// Another id for the same reference.
    Id {
        /// Told before.
        held: Safe,
        /// Told now.
        told: Safe,
    },
    /// Another settlement.
    EndToEndId {
        /// Told before.
        held: Safe,
        /// Told now.
        told: Safe,
    },
    /// A state that cannot follow.
    State {
        /// Where it stood.
        held: State,
        /// The gateway's word.
        told: Status,
    },
    /// A word that a refund cannot be told.
    Refund {
        /// Where it stood.
        held: refund::State,
        /// The gateway's word about the cash-in.
        told: Status,
    },
    /// More came back than was paid, in centavos.
    Refunded {
        /// What was paid.
        held: Centavos,
        /// What came back; `None` beyond what can be counted.
        told: Option<Centavos>,
    },
    /// Another code by which a charge is paid.
    Code,
    /// Another payment of the same debt was made after all.
    Sibling {
        /// Which, from 1.
        generation: u32,
    },
}

/// How saldo came to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Asked by GET.
    Get,
    /// By webhook.
    Webhook,
    /// In the answer to a request.
    Answer,
    /// By saldo's own journal.
    Journal,
}

impl From<Source> for Told {
    fn from(source: Source) -> Self {
        match source {
            Source::Get => Self::Get,
            Source::Webhook => Self::Webhook,
        }
    }
}

impl Told {
    /// The word of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Webhook => "webhook",
            Self::Answer => "answer",
            Self::Journal => "journal",
        }
    }

    /// By whom, in English.
    const fn words(self) -> &'static str {
        match self {
            Self::Get => "the gateway, asked",
            Self::Webhook => "the gateway, by webhook",
            Self::Answer => "the gateway, in its answer",
            Self::Journal => "the journal",
        }
    }
}

/// One fact, and when and how it was told for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contradiction {
    /// When saldo learned of it (UTC).
    pub at: Timestamp,
    /// How.
    pub by: Told,
    /// What.
    pub fact: Fact,
}

/// What a person found who looked into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// It was paid (or went back) as ordered.
    Paid,
    /// It was not.
    NotPaid,
    /// It was, with another amount.
    Otherwise {
        /// In centavos.
        amount: Centavos,
    },
}

impl Found {
    /// The word of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::NotPaid => "not_paid",
            Self::Otherwise { .. } => "paid_otherwise",
        }
    }

    /// The other amount, in centavos.
    pub const fn amount(self) -> Option<Centavos> {
        match self {
            Self::Otherwise { amount } => Some(amount),
            Self::Paid | Self::NotPaid => None,
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paid => out.write_str("paid"),
            Self::NotPaid => out.write_str("not paid"),
            Self::Otherwise { amount } => write!(out, "paid, with {amount}"),
        }
    }
}

/// That a person looked into it: what they found, why they say so, and every fact that they had before them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedInto {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub by: Person,
    /// What they found.
    pub found: Found,
    /// In their words.
    pub reason: String,
    /// What contradicted itself, by then.
    pub facts: Vec<Fact>,
}

/// A fact was told. Whether it is news that has to ring: the first one, or one that nobody has looked into.
pub(super) fn contradict(
    conflict: &mut bool,
    closed: &mut Option<LookedInto>,
    facts: &mut Vec<Fact>,
    fact: Fact,
) -> bool {
    let is_known = closed.as_ref().is_some_and(|closed| closed.facts.contains(&fact));
    if !facts.contains(&fact) {
        facts.push(fact);
    }
    if is_known {
        return false;
    }
    // Said once: a webhook that comes five times must not ring five times.
    let was_open = *conflict && closed.is_none();
    *conflict = true;
    *closed = None;
    !was_open
}

/// A person closes what is open.
///
/// # Errors
///
/// [`Because::State`]: nothing is.
pub(super) fn close(
    conflict: bool,
    closed: &mut Option<LookedInto>,
    looked: &LookedInto,
) -> Result<(), Because> {
    if !conflict || closed.is_some() {
        return Err(Because::State);
    }
    *closed = Some(looked.clone());
    Ok(())
}

/// Adds what an event told, each fact once.
pub(super) fn gather(into: &mut Vec<Contradiction>, facts: Vec<Fact>, at: Timestamp, by: Told) {
    for fact in facts {
        if into.iter().all(|known| known.fact != fact) {
            into.push(Contradiction { at, by, fact });
        }
    }
}

/// What was held, and what was told: one line of English. It may name a document.
impl fmt::Display for Fact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference { held, told } => write!(out, "the reference is {held}, and was told as {told}"),
            Self::Amount { held, told } => write!(out, "the amount is {held}, and was told as {told}"),
            Self::Document { held, told } => {
                write!(out, "it goes to the document {held}, and was told to go to {told}")
            }
            Self::Id { held, told } => write!(out, "its id was {held}, and was told as {told}"),
            Self::EndToEndId { held, told } => {
                write!(out, "its settlement was {held}, and was told as {told}")
            }
            Self::State { held, told } => {
                write!(out, "it was {}, and was told as {}", held.as_str(), told.as_wire())
            }
            Self::Refund { held, told } => {
                write!(
                    out,
                    "the refund was {}, and the cash-in was told as {}",
                    held.as_str(),
                    told.as_wire()
                )
            }
            Self::Refunded { held, told: Some(told) } => write!(out, "{held} was paid, and {told} came back"),
            Self::Refunded { held, told: None } => {
                write!(out, "{held} was paid, and more came back than can be counted")
            }
            Self::Code => out.write_str("the gateway gave two codes for the same charge"),
            Self::Sibling { generation } => {
                write!(out, "payment no. {generation} of the same debt was made after all")
            }
        }
    }
}

impl fmt::Display for Contradiction {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}, {})", self.fact, self.by.words(), self.at)
    }
}

/// Which of the orders that a row of the feed tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// The cash-out.
    Payment,
    /// The charge.
    Charge,
    /// The refund of the cash-in.
    Refund,
}
