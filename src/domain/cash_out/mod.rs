//! A cash-out of ours and the machine that keeps it from paying twice.
//!
//! [`step`] is the whole truth about a payment's life: a pure function from a state and something that
//! happened to the next state. Everything else (journal, wire, screen) is an adapter around it. What to do
//! next, and when, is derived from the state by [`CashOut::plan`], never stored beside it.
//!
//! ```text
//! Draft -> PendingApproval -(n checkers, never the maker, over the payload's hash)-> Approved
//! Draft, PendingApproval, Approved, and Unknown while every request is proven not executed -> Cancelled | Expired
//! Approved -(attempt journalled)-> Unknown -(202 | report with our reference | a person found its id)-> Accepted
//!                                  Unknown -(409)-> Exists -(report, or a person found its id)-> Accepted
//!                                  Unknown -(400/422, every attempt proven not executed)-> Rejected
//!                                  Unknown -(window closed)-> Unknown, frozen -(24 h)-> Held
//! Accepted -(COMPLETED)-> Completed      -(FAILED by two GETs)-> Failed      -(CANCELLED by two)-> Cancelled
//! Held -(two people, a day after the last request)-> DeclaredNotPaid
//! Failed | Cancelled | DeclaredNotPaid -(late COMPLETED)-> Completed, and an alarm
//! Rejected | never sent | DeclaredNotPaid -(next round: same reference, next key)-> as decided
//! ```
//!
//! After `Failed`, a cancellation by the gateway, or `DeclaredNotPaid` of what the gateway knows, the same debt may be
//! paid by a payment of the next *generation*, which is another payment with a reference of its own
//! ([`CashOut::again`]).

mod judgement;
mod plan;
mod step;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempt::{GatewayIds, Verdict};
use super::contradiction::LookedInto;
use super::document::Document;
use super::moment::Moment;
use super::money::Centavos;
use super::order::{Digest, Reference};
use super::person::Person;
use super::report::{Report, Source};
use super::text::Safe;

pub use judgement::OtherPayment;
pub use plan::{Act, Dispatch, Plan};
pub use step::{Alarm, Because, Refused, Step, contradictions, fold, step};

/// A FAILED or CANCELLED must be read by `GET` twice, this far apart, before it counts: a webhook alone, or
/// one glance at a gateway that is still settling, would release a second payment too early.
pub const CONFIRMATION_GAP: SignedDuration = SignedDuration::from_secs(60);

/// A payment in doubt that nobody heard of for this long is put before a person.
pub const HOLD_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// From the last request to the declaration that it was not paid: an order that the gateway has not settled by then
/// is not waiting somewhere in the middle of a retry.
pub const DECLARE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// People who have to declare that a payment was not made.
pub const DECLARATIONS: usize = 2;

/// What was decided is sent within this time or not at all: nobody wants a payment of last week to leave on its own.
pub const SEND_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// How long a draft, or a payment that waits for approval, stays.
pub const APPROVE_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An accepted payment that has not ended after this time is put before a person.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Where a cash-out stands. The words are the contract's, see [`State::as_str`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Prepared, not submitted.
    Draft,
    /// Submitted; checkers have to approve it.
    PendingApproval,
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
    /// Nobody approved or sent it in time; nothing left.
    Expired,
    /// Two people found that it was not paid.
    DeclaredNotPaid,
}

impl State {
    /// Every state, in the order of a payment's life.
    pub const ALL: [Self; 13] = [
        Self::Draft,
        Self::PendingApproval,
        Self::Approved,
        Self::Unknown,
        Self::Accepted,
        Self::Exists,
        Self::Held,
        Self::Rejected,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
        Self::DeclaredNotPaid,
    ];

    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::PendingApproval => "pending_approval",
            Self::Approved => "approved",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Exists => "exists",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::DeclaredNotPaid => "declared_not_paid",
        }
    }

    /// Whether the payment's life is over, but for a late COMPLETED, refunds and another round.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Rejected
                | Self::Completed
                | Self::Failed
                | Self::Cancelled
                | Self::Expired
                | Self::DeclaredNotPaid
        )
    }

    /// Whether nobody can say that the money has or has not moved.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unknown | Self::Exists | Self::Held)
    }

    /// Whether the money may have moved, or may yet.
    pub const fn may_have_paid(self) -> bool {
        matches!(self, Self::Unknown | Self::Accepted | Self::Exists | Self::Held | Self::Completed)
    }
}

/// What a settlement is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// What the gateway has to give back as `externalReference`.
    pub reference: Reference,
    /// In centavos.
    pub amount: Centavos,
    /// The payee's CPF or CNPJ.
    pub document: Document,
}

/// What must be the same at every request as it was when people decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprints {
    /// Of the order: what checkers approve.
    pub payload: Digest,
    /// Of the request's body.
    pub body: Digest,
}

/// What was decided: the first event of every payment, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When it was prepared (UTC).
    pub at: Timestamp,
    /// Who prepared it.
    pub maker: Person,
    /// The debt's own name: the operator's reference.
    pub obligation: Reference,
    /// The first payment of this debt, or one after a proven failure. Counts from 1.
    pub generation: u32,
    /// What a settlement must match.
    pub expected: Expected,
    /// What every request must match.
    pub fingerprints: Fingerprints,
    /// How long after the first attempt that may have taken effect the same bytes may be sent again.
    pub resend_window: SignedDuration,
    /// Checkers needed.
    pub approvals: u8,
    /// Prepared, and submitted later.
    pub is_draft: bool,
}

impl Terms {
    /// The terms of a payment that one person decides alone, at once, and for the first time.
    pub fn alone(
        at: Timestamp,
        maker: Person,
        expected: Expected,
        fingerprints: Fingerprints,
        resend_window: SignedDuration,
    ) -> Self {
        let obligation = expected.reference.clone();
        Self {
            at,
            maker,
            obligation,
            generation: 1,
            expected,
            fingerprints,
            resend_window,
            approvals: 0,
            is_draft: false,
        }
    }
}

/// One payment of ours, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashOut {
    /// Where it stands.
    pub state: State,
    /// What was decided.
    pub terms: Arc<Terms>,
    /// The key changes with each round, and a round only after a proven rejection. Counts from 1.
    pub round: u32,
    /// Requests made, over all rounds.
    pub attempts: u32,
    /// Whether the last attempt has not ended yet.
    pub on_the_wire: bool,
    /// Whether some attempt may have taken effect: one of this round, or of an earlier one that people declared not paid.
    pub ambiguous: bool,
    /// Whether the gateway is known to have this reference.
    pub known_there: bool,
    /// No request may follow: the window has closed, or the debt was paid otherwise. Listen only.
    pub frozen: bool,
    /// Accepted, and not ended for a day.
    pub stale: bool,
    /// The gateway contradicted itself, or what was ordered. A person must look; and as long as the payment lives, no
    /// other payment of the debt is made by it, whatever people find.
    pub conflict: bool,
    /// What the person found who looked into it, while nothing was told since that they did not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<LookedInto>,
    /// A webhook said FAILED and GET has not confirmed it yet, or the first of two GETs has.
    pub failure_reported: bool,
    /// Who approved it in this round.
    pub approvals: Vec<Person>,
    /// Who declared that it was not paid.
    pub declarations: Vec<Person>,
    /// When it was last decided: proposed, approved, or begun another round (UTC).
    pub decided_at: Timestamp,
    /// When this round's first attempt that may have taken effect was journalled: the window counts from here.
    pub doubt_since: Option<Moment>,
    /// When the last attempt began, or ended once it has.
    pub last_attempt: Option<Moment>,
    /// What the last attempt came to.
    pub last_verdict: Option<Verdict>,
    /// When it reached the present state (UTC).
    pub since: Timestamp,
    /// GETs made in the present state.
    pub looks: u32,
    /// When saldo last asked by GET (UTC).
    pub looked_at: Option<Timestamp>,
    /// When a GET last said something, in the present state (UTC).
    pub told_at: Option<Timestamp>,
    /// When a GET first said FAILED or CANCELLED, and which.
    pub ending_seen: Option<(Moment, Ending)>,
    /// The gateway's ids, as far as known.
    pub ids: GatewayIds,
    /// The settlement's endToEndId.
    pub end_to_end_id: Option<Safe>,
    /// What came back, each refund once.
    pub refunds: Vec<Refund>,
    /// The gateway said REFUNDED.
    pub refunded: bool,
    /// The last thing that the gateway said of it.
    pub last_report: Option<Arc<Report>>,
}

/// A refund of a payment of ours, or of a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Its `D…` endToEndId.
    pub id: Safe,
    /// In centavos, where the gateway said so.
    pub amount: Option<Centavos>,
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

/// How the same debt may be paid once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// By this payment: the same reference and body, the next key. Nothing was executed, or the gateway does not know the
    /// reference.
    Round,
    /// By another payment, with the next generation's reference: the gateway has ended this one.
    Generation,
}

/// Something that happened to a payment. Stored as it is: the state is the fold over these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It was prepared: the first event, and only that.
    Proposed(Arc<Terms>),
    /// Its maker submitted a draft.
    Submitted {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
    },
    /// A checker approved it.
    Approved {
        /// When (UTC).
        at: Timestamp,
        /// Who; never the maker, and each once.
        by: Person,
        /// Of what the checker saw.
        payload: Digest,
    },
    /// A person withdrew it before anything of this round could have taken effect.
    CalledOff {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
        /// Why.
        reason: Option<String>,
    },
    /// Nobody approved or sent it in time.
    Expired {
        /// When.
        at: Moment,
    },
    /// Another payment of the same debt turned out to be paid.
    Overtaken {
        /// When saldo learned of it (UTC).
        at: Timestamp,
        /// Which.
        generation: u32,
    },
    /// An attempt was journalled; its bytes leave afterwards, if at all.
    AttemptStarted {
        /// When.
        at: Moment,
        /// The idempotency key.
        key: Uuid,
        /// Of what is about to be sent, computed from what is stored.
        fingerprints: Fingerprints,
    },
    /// An attempt came to something.
    AttemptEnded {
        /// When.
        at: Moment,
        /// To what.
        verdict: Verdict,
    },
    /// The gateway said something of this payment.
    Reported {
        /// When saldo learned of it.
        at: Moment,
        /// By GET or webhook.
        source: Source,
        /// What it said.
        report: Arc<Report>,
    },
    /// A GET brought nothing: no such transaction (never a failure), or no answer.
    LookedInVain {
        /// When (UTC).
        at: Timestamp,
    },
    /// The time to send the same bytes again is over.
    WindowClosed {
        /// When.
        at: Moment,
    },
    /// A day of doubt is over.
    PutOnHold {
        /// When (UTC).
        at: Timestamp,
    },
    /// Accepted a day ago, and not ended.
    WentStale {
        /// When (UTC).
        at: Timestamp,
    },
    /// A person found its id at the gateway.
    Adopted {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
        /// The gateway's `internalCode`.
        internal_code: Safe,
        /// How it was found, in their words.
        reason: Option<String>,
    },
    /// A person found that it was not paid.
    Declared {
        /// When.
        at: Moment,
        /// Who.
        by: Person,
        /// What they found, in their words.
        statement: String,
    },
    /// It is tried again: same reference and body, the next key.
    RoundStarted {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
    },
    /// A person looked into what contradicts itself, and closed it.
    LookedInto(Box<LookedInto>),
}

impl Event {
    /// When it happened, by the wall clock (UTC).
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Proposed(terms) => terms.at,
            Self::Submitted { at, .. }
            | Self::Approved { at, .. }
            | Self::CalledOff { at, .. }
            | Self::Overtaken { at, .. }
            | Self::LookedInVain { at }
            | Self::PutOnHold { at }
            | Self::WentStale { at }
            | Self::Adopted { at, .. }
            | Self::RoundStarted { at, .. } => *at,
            Self::Expired { at }
            | Self::AttemptStarted { at, .. }
            | Self::AttemptEnded { at, .. }
            | Self::Reported { at, .. }
            | Self::WindowClosed { at }
            | Self::Declared { at, .. } => at.at,
            Self::LookedInto(looked) => looked.at,
        }
    }
}

impl CashOut {
    /// A payment that has just been prepared.
    pub fn proposed(terms: Arc<Terms>) -> Self {
        let at = terms.at;
        let state = match (terms.is_draft, terms.approvals) {
            (true, _) => State::Draft,
            (false, 0) => State::Approved,
            (false, _) => State::PendingApproval,
        };
        Self {
            state,
            terms,
            round: 1,
            attempts: 0,
            on_the_wire: false,
            ambiguous: false,
            known_there: false,
            frozen: false,
            stale: false,
            conflict: false,
            closed: None,
            failure_reported: false,
            approvals: Vec::new(),
            declarations: Vec::new(),
            decided_at: at,
            doubt_since: None,
            last_attempt: None,
            last_verdict: None,
            since: at,
            looks: 0,
            looked_at: None,
            told_at: None,
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
            .or_else(|| self.refunds.first().map(|refund| &refund.id))
    }

    /// Whether it is decided, and every attempt of this round so far is proven to have had no effect.
    pub fn is_proven_unsent(&self) -> bool {
        !self.ambiguous && !self.on_the_wire && matches!(self.state, State::Approved | State::Unknown)
    }

    /// Whether the money of this payment may have moved, or may yet: then no other payment of the debt is made.
    pub const fn may_have_paid(&self) -> bool {
        self.state.may_have_paid() || self.conflict
    }

    /// Whether something contradicts itself, and nobody has looked into it.
    pub const fn is_contradicted(&self) -> bool {
        self.conflict && self.closed.is_none()
    }

    /// How the same debt may be paid once more, if this payment is proven not to have paid it.
    pub fn again(&self) -> Option<Again> {
        if self.conflict {
            return None;
        }
        match self.state {
            State::Rejected | State::Expired => Some(Again::Round),
            // Withdrawn before anything of it took effect, or by the gateway, which keeps the reference.
            State::Cancelled if self.was_never_there() => Some(Again::Round),
            // The same reference stays the lock: should people have erred, the gateway says 409 and nothing is paid twice.
            State::DeclaredNotPaid if !self.known_there => Some(Again::Round),
            State::Failed | State::Cancelled | State::DeclaredNotPaid => Some(Again::Generation),
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Unknown
            | State::Accepted
            | State::Exists
            | State::Held
            | State::Completed => None,
        }
    }

    /// Whether it was withdrawn before anything of it took effect, as far as saldo knows.
    fn was_never_there(&self) -> bool {
        !self.ambiguous && self.gateway_id().is_none()
    }

    /// What is known to have come back, in centavos; `None` while the gateway has not said how much.
    pub fn refunded_amount(&self) -> Option<Centavos> {
        self.refunds
            .iter()
            .try_fold(Centavos::ZERO, |sum, refund| sum.checked_add(refund.amount?))
            .filter(|_| self.refunded && !self.refunds.is_empty())
    }
}
