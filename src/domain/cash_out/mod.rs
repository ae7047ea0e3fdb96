//! A cash-out of ours and the machine that keeps it from paying twice.
//!
//! [`step`] is the whole truth about a payment's life: a pure function from a state and something that
//! happened to the next state. Everything else (journal, wire, screen) is an adapter around it. What to do
//! next, and when, is derived from the state by [`CashOut::plan`], never stored beside it.
//!
//! ```text
//! Approved -(attempt journalled)-> Unknown -(202 | report with our reference)-> Accepted
//!                                  Unknown -(409)-> Exists -(report)-> Accepted
//!                                  Unknown -(400/422, every attempt proven not executed)-> Rejected
//!                                  Unknown -(window closed)-> Unknown, frozen -(24 h)-> Held
//! Accepted -(COMPLETED)-> Completed      -(FAILED by two GETs)-> Failed      -(CANCELLED by two)-> Cancelled
//! ```

mod plan;
mod step;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::attempt::{GatewayIds, Verdict};
use super::document::Document;
use super::money::Centavos;
use super::order::Reference;
use super::report::{Report, Source};
use super::text::Safe;

pub use plan::{Act, Plan};
pub use step::{Alarm, Refused, Step, step};

/// A FAILED or CANCELLED must be read by `GET` twice, this far apart, before it counts: a webhook alone, or
/// one glance at a gateway that is still settling, would release a second payment too early.
pub const CONFIRMATION_GAP: SignedDuration = SignedDuration::from_secs(60);

/// A payment in doubt that nobody heard of for this long is put before a person.
pub const HOLD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Where a cash-out stands. The words are the contract's, see [`State::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Decided, and no request has been journalled yet.
    Approved,
    /// A request may have left, and what came of it is not known.
    Unknown,
    /// The gateway has taken the order; it has not settled.
    Accepted,
    /// The gateway knows this reference already, and saldo does not know its id there.
    Exists,
    /// In doubt for a day: a person has to look.
    Held,
    /// Proven: the gateway refused, nothing was paid.
    Rejected,
    /// Paid.
    Completed,
    /// Proven by two GETs: not paid.
    Failed,
    /// Withdrawn, not paid.
    Cancelled,
}

impl State {
    /// Every state, in the order of a payment's life.
    pub const ALL: [Self; 9] = [
        Self::Approved,
        Self::Unknown,
        Self::Accepted,
        Self::Exists,
        Self::Held,
        Self::Rejected,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Exists => "exists",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the payment's life is over, but for a late COMPLETED and refunds.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Completed | Self::Failed | Self::Cancelled)
    }

    /// Whether nobody can say that the money has or has not moved.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unknown | Self::Exists | Self::Held)
    }
}

/// What a settlement is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The name of the obligation, which the gateway has to give back.
    pub reference: Reference,
    /// In centavos.
    pub amount: Centavos,
    /// The payee's CPF or CNPJ.
    pub document: Document,
}

/// One payment of ours, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashOut {
    /// Where it stands.
    pub state: State,
    /// What a settlement must match.
    pub expected: Expected,
    /// How long after a round's first attempt the same bytes may be sent again.
    pub resend_window: SignedDuration,
    /// The key changes with each round, and a round only after a proven rejection. Counts from 1.
    pub round: u32,
    /// Requests made, over all rounds.
    pub attempts: u32,
    /// Whether the last attempt has not ended yet.
    pub on_the_wire: bool,
    /// Whether some attempt of this round may have taken effect.
    pub ambiguous: bool,
    /// The window has closed: listen, send nothing.
    pub frozen: bool,
    /// The gateway contradicted itself, or what was ordered. A person must look.
    pub conflict: bool,
    /// A webhook said FAILED and GET has not confirmed it yet, or the first of two GETs has.
    pub failure_reported: bool,
    /// When it was decided (UTC).
    pub approved_at: Timestamp,
    /// When this round's first attempt was journalled (UTC).
    pub first_attempt_at: Option<Timestamp>,
    /// When the last attempt began, or ended once it has (UTC).
    pub last_attempt_at: Option<Timestamp>,
    /// What the last attempt came to.
    pub last_verdict: Option<Verdict>,
    /// When it reached the present state (UTC).
    pub since: Timestamp,
    /// GETs made in the present state.
    pub looks: u32,
    /// When saldo last asked by GET (UTC).
    pub looked_at: Option<Timestamp>,
    /// When a GET first said FAILED or CANCELLED (UTC), and which.
    pub ending_seen: Option<(Timestamp, Ending)>,
    /// The gateway's ids, as far as known.
    pub ids: GatewayIds,
    /// The settlement's endToEndId.
    pub end_to_end_id: Option<Safe>,
    /// The endToEndIds of refunds, each once.
    pub refunds: Vec<Safe>,
    /// The gateway said REFUNDED.
    pub refunded: bool,
    /// The last thing that the gateway said of it.
    pub last_report: Option<Report>,
}

/// An end that needs two GETs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// FAILED.
    Failed,
    /// CANCELLED.
    Cancelled,
}

/// Something that happened to a payment. Stored as it is: the state is the fold over these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An attempt was journalled; its bytes leave afterwards, if at all.
    AttemptStarted {
        /// When (UTC).
        at: Timestamp,
    },
    /// An attempt came to something.
    AttemptEnded {
        /// When (UTC).
        at: Timestamp,
        /// To what.
        verdict: Verdict,
    },
    /// The gateway said something of this payment.
    Reported {
        /// When saldo learned of it (UTC).
        at: Timestamp,
        /// By GET or webhook.
        source: Source,
        /// What it said.
        report: Box<Report>,
    },
    /// A GET brought nothing: no such transaction (never a failure), or no answer.
    LookedInVain {
        /// When (UTC).
        at: Timestamp,
    },
    /// The time to send the same bytes again is over.
    WindowClosed {
        /// When (UTC).
        at: Timestamp,
    },
    /// A day of doubt is over.
    PutOnHold {
        /// When (UTC).
        at: Timestamp,
    },
    /// The operator tries a rejected payment again: same reference and body, the next key.
    RoundStarted {
        /// When (UTC).
        at: Timestamp,
    },
}

impl CashOut {
    /// A payment that has just been decided.
    pub fn approved(expected: Expected, resend_window: SignedDuration, at: Timestamp) -> Self {
        Self {
            state: State::Approved,
            expected,
            resend_window,
            round: 1,
            attempts: 0,
            on_the_wire: false,
            ambiguous: false,
            frozen: false,
            conflict: false,
            failure_reported: false,
            approved_at: at,
            first_attempt_at: None,
            last_attempt_at: None,
            last_verdict: None,
            since: at,
            looks: 0,
            looked_at: None,
            ending_seen: None,
            ids: GatewayIds { internal_code: None, transaction_id: None },
            end_to_end_id: None,
            refunds: Vec::new(),
            refunded: false,
            last_report: None,
        }
    }

    /// The id to ask the gateway by. Never the reference: the gateway does not look up by it.
    pub fn gateway_id(&self) -> Option<&Safe> {
        self.ids
            .internal_code
            .as_ref()
            .or(self.ids.transaction_id.as_ref())
            .or(self.end_to_end_id.as_ref())
            .or(self.refunds.first())
    }

    /// Whether every attempt so far is proven to have had no effect.
    pub fn is_proven_unsent(&self) -> bool {
        !self.ambiguous && !self.on_the_wire && matches!(self.state, State::Approved | State::Unknown)
    }
}
