//! What may have to do with a change of the wallet that nobody told saldo about, and why it is looked at.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alert::Acknowledgement;
use super::conservation::Gap;
use super::money::Centavos;

/// Suspects of one gap at most, those of the strongest reasons first.
pub const MOST_SUSPECTS: usize = 12;

/// Why it is looked at, the strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Its outcome is not known: it may have moved just this money.
    InDoubt,
    /// A rebalance whose outcome is not known.
    RebalanceInDoubt,
    /// Its amount is the difference.
    SameAmount,
    /// The gateway contradicted itself about it.
    Conflict,
    /// A webhook of that time that could not be read: it may tell of this money.
    Illegible,
    /// It ended in that window.
    Ended,
}

impl Reason {
    /// The word of JSON and of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InDoubt => "in-doubt",
            Self::RebalanceInDoubt => "rebalance-in-doubt",
            Self::SameAmount => "same-amount",
            Self::Conflict => "conflict",
            Self::Illegible => "illegible-webhook",
            Self::Ended => "ended-then",
        }
    }

    /// One phrase of English.
    pub const fn words(self) -> &'static str {
        match self {
            Self::InDoubt => "its outcome is not known",
            Self::RebalanceInDoubt => "a rebalance whose outcome is not known",
            Self::SameAmount => "its amount is the difference",
            Self::Conflict => "the gateway contradicted itself about it",
            Self::Illegible => "a webhook of that time that cannot be read",
            Self::Ended => "it ended in that window",
        }
    }
}

/// One thing that may explain a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// Why it is looked at.
    pub reason: Reason,
    /// The row of the feed, or the rebalance.
    pub id: Option<Uuid>,
    /// The webhook's number in the inbox.
    pub webhook: Option<i64>,
    /// In centavos, where it has an amount.
    pub amount: Option<Centavos>,
    /// When it happened, as far as that is known (UTC).
    pub at: Timestamp,
}

/// A gap, what may have to do with it, and what a person found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapFile {
    /// Where, when and by how much.
    pub gap: Gap,
    /// What may explain it.
    pub suspects: Vec<Suspect>,
    /// What a person found, if one has looked.
    pub explained: Option<Acknowledgement>,
}
