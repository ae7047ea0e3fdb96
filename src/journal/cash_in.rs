//! Charges and refunds: what the journal keeps of them beside the payments.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::alerts::AlertBook;
use super::handover::Handovers;
use super::payees::Favourites;
use super::{Answer, AttemptRow, Batches, ScreenReader};
use crate::domain::cash_in::{self, Charge};
use crate::domain::order::{Digest, Reference};
use crate::domain::refund::{self, Refund};
use crate::domain::request::Event;

/// A charge or a refund of ours with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored<A> {
    /// saldo's id for it; a charge's is its row's in the feed.
    pub id: Uuid,
    /// The request's body.
    pub body: Vec<u8>,
    /// Where it stands.
    pub asked: A,
    /// When it was decided (UTC).
    pub created_at: Timestamp,
    /// When it last changed (UTC).
    pub updated_at: Timestamp,
}

impl<A> Stored<A> {
    /// Of the body as it is stored now, for the comparison with what was decided.
    pub fn fingerprint(&self) -> Digest {
        Digest::of(&self.body)
    }
}

/// A charge or a refund as it was decided: journalled before anything else happens.
#[derive(Debug, Clone)]
pub struct AskProposal<T> {
    /// saldo's id for it.
    pub id: Uuid,
    /// The request's body, stored once and sent verbatim by every request.
    pub body: Vec<u8>,
    /// What was decided.
    pub terms: Arc<T>,
}

/// An event of a charge or a refund, and the bytes that prove it.
#[derive(Debug, Clone)]
pub struct AskedChange<T> {
    /// What happened.
    pub event: Event<T>,
    /// An answer's raw bytes, where they say more than the event.
    pub evidence: Option<Vec<u8>>,
}

impl<T> From<Event<T>> for AskedChange<T> {
    fn from(event: Event<T>) -> Self {
        Self { event, evidence: None }
    }
}

/// What saldo itself did about a cash-in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Incoming {
    /// The charge, where saldo made it.
    pub charge: Option<AskedLife<Charge>>,
    /// The refund, where saldo ordered one.
    pub refund: Option<AskedLife<Refund>>,
}

/// The life of a charge or a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedLife<A: crate::domain::request::Asked> {
    /// As it stands.
    pub stored: Stored<A>,
    /// Its events, oldest first.
    pub events: Vec<Event<A::Terms>>,
    /// Its requests, oldest first.
    pub requests: Vec<AttemptRow>,
}

/// The owner's door to charges and refunds, and with it to everything.
pub trait CashIns: Batches + AlertBook + Favourites + Handovers + ScreenReader {
    /// Journals a charge; `Err` is the one that its reference names already.
    fn propose_charge(
        &self,
        proposal: AskProposal<cash_in::Terms>,
    ) -> Answer<'_, Result<Stored<Charge>, Stored<Charge>>>;
    /// Folds an event into a charge.
    fn apply_charge(&self, id: Uuid, change: AskedChange<cash_in::Terms>) -> Answer<'_, Stored<Charge>>;
    /// A charge by saldo's id.
    fn charge(&self, id: Uuid) -> Answer<'_, Option<Stored<Charge>>>;
    /// The charge that a reference names.
    fn charge_named(&self, reference: &Reference) -> Answer<'_, Option<Stored<Charge>>>;
    /// Charges that are due by then, those that are overdue first. `None`: all that are open.
    fn charges_due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Stored<Charge>>>;
    /// Charges whose request has not ended: on the wire now, or when their process was.
    fn charges_on_the_wire(&self) -> Answer<'_, Vec<Stored<Charge>>>;

    /// Journals a refund; `Err` is the one that the cash-in has already.
    fn propose_refund(
        &self,
        proposal: AskProposal<refund::Terms>,
    ) -> Answer<'_, Result<Stored<Refund>, Stored<Refund>>>;
    /// Folds an event into a refund.
    fn apply_refund(&self, id: Uuid, change: AskedChange<refund::Terms>) -> Answer<'_, Stored<Refund>>;
    /// A refund by saldo's id.
    fn refund(&self, id: Uuid) -> Answer<'_, Option<Stored<Refund>>>;
    /// The refund of a cash-in, by the cash-in's row in the feed.
    fn refund_of(&self, cash_in: Uuid) -> Answer<'_, Option<Stored<Refund>>>;
    /// Refunds that are due by then, those that are overdue first. `None`: all that are open.
    fn refunds_due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Stored<Refund>>>;
    /// Refunds whose request has not ended.
    fn refunds_on_the_wire(&self) -> Answer<'_, Vec<Stored<Refund>>>;

    /// When the next charge or refund is due (UTC).
    fn next_asked_due(&self) -> Answer<'_, Option<Timestamp>>;
}
