//! What only a person can say of a payment: the form, its review, and what became of it.
//!
//! Which findings there are depends on where the payment stands, and it may move while the form is open: every step asks
//! again. A finding sends no money, and the engine asks the journal and the gateway once more before it is recorded.

mod act;
mod draft;
mod facts;
mod of;

use std::time::Duration;

use jiff::Timestamp;

use super::Detail;
use super::cash_out::ReviewHint;
use crate::domain::cash_out::{CashOut, State};
use crate::domain::person::Person;
use crate::engine::message::{Finding, Intent, LaneError};
pub(crate) use draft::{Draft, Drafts, Slot, SlotError};
pub(crate) use of::Of;

/// What can be said of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// The gateway has it.
    Found,
    /// It was not paid.
    NotPaid,
    /// Nothing of it was sent, and nothing shall be.
    CallOff,
    /// What contradicts itself was looked into: it was paid as ordered...
    WasPaid,
    /// ...or it was not...
    WasNotPaid,
    /// ...or another amount was.
    WasOtherwise,
}

impl Choice {
    /// What can be said of an order as it stands.
    pub(crate) fn of<'a>(of: impl Into<Of<'a>>) -> &'static [Self] {
        use Choice::{CallOff, Found, NotPaid, WasNotPaid, WasOtherwise, WasPaid};
        let of = of.into();
        match (of.is_contradicted(), of.pay().map_or(&[][..], Self::of_state)) {
            (false, choices) => choices,
            (true, [CallOff]) => &[WasPaid, WasNotPaid, WasOtherwise, CallOff],
            (true, [Found]) => &[WasPaid, WasNotPaid, WasOtherwise, Found],
            (true, [Found, NotPaid]) => &[WasPaid, WasNotPaid, WasOtherwise, Found, NotPaid],
            (true, _) => &[WasPaid, WasNotPaid, WasOtherwise],
        }
    }

    /// Whether it closes what contradicts itself.
    pub(crate) const fn is_looked_into(self) -> bool {
        matches!(self, Self::WasPaid | Self::WasNotPaid | Self::WasOtherwise)
    }

    fn of_state(pay: &CashOut) -> &'static [Self] {
        match pay.state {
            _ if pay.may_be_called_off() => &[Self::CallOff],
            // People who declared it not paid may have erred.
            State::Unknown | State::Exists | State::DeclaredNotPaid => &[Self::Found],
            State::Held => &[Self::Found, Self::NotPaid],
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Accepted
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired => &[],
        }
    }
}

/// Why what was chosen cannot be said at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    /// It has moved on: nothing of the kind can be said of it any more.
    MovedOn,
    /// A request for it is on the wire.
    OnTheWire,
    /// This person has said so already.
    SamePerson,
    /// It is too early; from then on (UTC).
    TooEarly(Timestamp),
}

/// Why `choice` cannot be said of an order by `who` now. What the engine's clocks say counts in the end.
pub(crate) fn blocked(of: Of<'_>, choice: Choice, who: &Person, now: Timestamp) -> Option<Blocked> {
    if !Choice::of(of).contains(&choice) {
        return Some(Blocked::MovedOn);
    }
    let pay = of.pay().filter(|_| !choice.is_looked_into())?;
    if pay.on_the_wire {
        return Some(Blocked::OnTheWire);
    }
    if choice != Choice::NotPaid {
        return None;
    }
    if pay.declarations.iter().any(|said| said.is(who)) {
        return Some(Blocked::SamePerson);
    }
    pay.declarable_from().filter(|from| now < *from).map(Blocked::TooEarly)
}

/// What a person says, frozen: what is confirmed is exactly this.
#[derive(Debug, Clone)]
pub(crate) struct Review {
    pub(crate) choice: Choice,
    pub(crate) finding: Finding,
    /// When it was opened, since the session began: a confirmation is perishable.
    opened: Duration,
    pub(crate) hint: Option<ReviewHint>,
}

/// A finding after it was confirmed.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) finding: Finding,
    pub(crate) at: Timestamp,
    pub(crate) fate: Fate,
}

/// What became of a finding.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Nothing is known yet.
    Waiting,
    /// It is journalled; the payment as it stands now, where it is one.
    Recorded(Option<Box<Intent>>),
    /// Nothing was recorded.
    NotRecorded(LaneError),
    /// The engine could not take it.
    Busy,
}

impl Fate {
    /// Whether nothing was made of it, so that its text is still in the form.
    pub(crate) const fn is_nothing(&self) -> bool {
        matches!(self, Self::NotRecorded(_) | Self::Busy)
    }
}

/// Where the way from the form to the journal has got to.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The form.
    Editing,
    /// What is about to be said.
    Review(Box<Review>),
    /// What became of it.
    Sent(Box<Sent>),
}

/// A payment that a person says something of: the open row that it was asked from, and how far it is.
#[derive(Debug, Clone)]
pub(crate) struct Resolve {
    pub(crate) detail: Detail,
    pub(crate) stage: Stage,
}
