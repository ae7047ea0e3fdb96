//! The journal: what survives a crash, and the only history there is.
//!
//! The gateway has no list of transactions and no history, so what saldo sent, was told and polled is kept here.
//! [`Reader`] is the read-only door, open to any process at any time; [`Journal`] is the owner's, and there is one
//! owner (see [`lock`]).
//!
//! A payment's events and its state are written in one transaction: [`Journal::apply`] folds the event with
//! [`crate::domain::cash_out::step`] inside the database transaction that stores it, so nothing can come between
//! reading a state and changing it. **When a call returns, the change is on the disk.**

pub mod alerts;
mod batch;
mod cash_in;
pub mod handover;
mod life;
pub mod lock;
pub mod outbox;
pub mod past;
pub mod payees;
pub mod sqlite;

pub use batch::{
    BatchLine, BatchPage, BatchPart, BatchReader, BatchRow, Batches, Progress, StandingBatch, StoredBatch,
};
pub use cash_in::{AskProposal, AskedChange, AskedLife, CashIns, Incoming, Stored};

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use crate::domain::attempt::Verdict;
use crate::domain::balance::Reading;
use crate::domain::cash_out::{self, Alarm, CashOut, Fingerprints, Terms};
use crate::domain::conservation::Conservation;
use crate::domain::moment::Moment;
use crate::domain::money::Centavos;
use crate::domain::order::{Digest, Order, Reference};
use crate::domain::pace::Pace;
use crate::domain::permission::NotAllowed;
use crate::domain::query::Filter;
use crate::domain::rebalance::{self, Rebalance};
use crate::domain::refund;
use crate::domain::report::{Direction, Report, Source};
use crate::domain::request;
use crate::domain::transaction::{State, Transaction};

/// The file beside a journal whose name has `ending` after the journal's: its lock, its socket, its reserve, its log.
pub fn beside(journal: &Path, ending: &str) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// What the journal could not do. None of these has changed anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalError {
    /// Another process owns the journal.
    #[error("the journal is in use by {0}")]
    Busy(String),
    /// The file was written by a newer saldo.
    #[error(
        "the journal has schema {found}, and this saldo knows up to {known}: use the newer saldo; nothing was touched"
    )]
    Newer {
        /// In the file.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// The file was last written by an older saldo, and only an owner may bring it up to date.
    #[error(
        "the journal has schema {found}, and this saldo reads {known}: run a command that writes once (`saldo recover`, or the cockpit), which brings it up to date; nothing was touched"
    )]
    Older {
        /// In the file.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// Another process has become the owner since; nothing was written.
    #[error("another saldo has taken the journal over (epoch {now}; ours was {ours}): nothing was written")]
    TakenOver {
        /// The epoch in which this owner opened the journal.
        ours: i64,
        /// The epoch of the file.
        now: i64,
    },
    /// The file belongs to another account.
    #[error(
        "this journal belongs to {found}, and the profile is for {wanted}: give the profile a journal of its own"
    )]
    OtherAccount {
        /// Remembered in the file.
        found: String,
        /// Of the profile.
        wanted: String,
    },
    /// Neither the file nor its folder can be used.
    #[error("the journal cannot be opened at {path}: {reason}")]
    Open {
        /// Where.
        path: String,
        /// Why not.
        reason: String,
    },
    /// No room, a failed fsync, a locked or damaged file.
    #[error("the journal cannot be written: {0}")]
    Unwritable(Unwritable),
    /// Something else than saldo has changed the file, and what was asked for would hide that.
    #[error(
        "the journal's table {table} is not as saldo wrote it, and to go on would hide that: nothing was changed and nothing was sent. Keep a copy of the file as it is, see what `saldo fsck` finds, compare with the gateway's statement, and go on with a copy from before"
    )]
    Edited {
        /// Whose seal is broken; there may be more.
        table: String,
    },
    /// A row that this program cannot make sense of.
    #[error("the journal has a row that cannot be read: {0}")]
    Unreadable(String),
    /// Nothing has this id.
    #[error("nothing in the journal has the id {0}")]
    NotFound(String),
    /// A reference names a cash-out and a cash-in.
    #[error(
        "that reference names two: the cash-out {cash_out} and the cash-in {cash_in}; give the id of one"
    )]
    NamesTwo {
        /// saldo's id of the newest cash-out.
        cash_out: Uuid,
        /// And of the newest cash-in.
        cash_in: Uuid,
    },
    /// The machine does not allow it.
    #[error(transparent)]
    Refused(#[from] cash_out::Refused),
    /// The machine of charges and refunds does not allow it.
    #[error(transparent)]
    RequestRefused(#[from] request::Refused),
    /// The machine of rebalances does not allow it.
    #[error(transparent)]
    RebalanceRefused(#[from] rebalance::Refused),
    /// saldo itself does not let it be done.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The journal's thread is gone: saldo is ending.
    #[error("the journal has been closed")]
    Closed,
}

impl JournalError {
    /// It cannot be written, for another reason than want of room.
    pub fn unwritable(reason: impl Into<String>) -> Self {
        Self::Unwritable(Unwritable { reason: reason.into(), shortage: Shortage::No })
    }

    /// It cannot be written because the disk is full.
    pub fn no_room(reason: impl Into<String>) -> Self {
        Self::Unwritable(Unwritable { reason: reason.into(), shortage: Shortage::Room })
    }
}

/// Why the journal could not be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwritable {
    /// In words, with what to do where that is known.
    pub reason: String,
    /// Whether it was for want of room.
    pub shortage: Shortage,
}

impl std::fmt::Display for Unwritable {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.reason)
    }
}

/// Whether more room might have helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// It would have.
    Room,
    /// The disk failed; SQLite says so of a quota that is used up, too.
    Perhaps,
    /// It would not.
    No,
}

/// A payment as it was decided: journalled before anything else happens.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// saldo's id for it.
    pub id: Uuid,
    /// What it pays.
    pub order: Order,
    /// Why, in the operator's words; stays in the journal.
    pub reason: Option<String>,
    /// The request's body, stored once and sent verbatim by every attempt.
    pub body: Vec<u8>,
    /// What was decided: the debt, the reference, who.
    pub terms: Arc<Terms>,
}

/// What became of a proposal.
#[derive(Debug, Clone)]
pub enum Proposed {
    /// It is new.
    Created(Intent),
    /// The same payment was proposed before; nothing new was made.
    Existing(Intent),
    /// The reference names another payment, or one that cannot be made again; nothing was made.
    Taken(Intent),
}

/// A payment of ours with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// saldo's id for it.
    pub id: Uuid,
    /// Its name at the gateway.
    pub reference: Reference,
    /// What it pays.
    pub order: Order,
    /// Why, in the operator's words.
    pub reason: Option<String>,
    /// The request's body.
    #[serde(with = "body_as_text")]
    pub body: Vec<u8>,
    /// Where it stands.
    pub cash_out: CashOut,
    /// When it was decided (UTC).
    pub created_at: Timestamp,
    /// When it last changed (UTC).
    pub updated_at: Timestamp,
}

/// A body is JSON that saldo made: in JSON it stands as the text that it is.
mod body_as_text {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(body: &[u8], out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(std::str::from_utf8(body).map_err(serde::ser::Error::custom)?)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(reader: D) -> Result<Vec<u8>, D::Error> {
        Ok(String::deserialize(reader)?.into_bytes())
    }
}

impl Intent {
    /// What is stored now, for the comparison with what was decided.
    pub fn fingerprints(&self) -> Fingerprints {
        Fingerprints { payload: self.order.payload_hash(), body: Digest::of(&self.body) }
    }
}

/// What an event made of a payment.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The payment afterwards.
    pub intent: Intent,
    /// What a person has to be told.
    pub alarms: Vec<Alarm>,
    /// Other payments of the same debt that this one has overtaken.
    pub overtaken: Vec<Applied>,
}

impl Applied {
    /// Every alarm, of this payment and of those that it has overtaken.
    pub fn all_alarms(&self) -> Vec<(Alarm, &Intent)> {
        let own = self.alarms.iter().map(|alarm| (*alarm, &self.intent));
        own.chain(self.overtaken.iter().flat_map(Self::all_alarms)).collect()
    }
}

/// An event and the bytes that prove it.
#[derive(Debug, Clone)]
pub struct Change {
    /// What happened.
    pub event: cash_out::Event,
    /// An answer's raw bytes, where they say more than the event.
    pub evidence: Option<Vec<u8>>,
}

impl From<cash_out::Event> for Change {
    fn from(event: cash_out::Event) -> Self {
        Self { event, evidence: None }
    }
}

/// Something that the gateway said of a transaction, ours or not.
#[derive(Debug, Clone)]
pub struct Observation {
    /// What it said.
    pub report: Report,
    /// By which way.
    pub source: Source,
    /// When the event happened, by the gateway's word (UTC).
    pub happened_at: Option<Timestamp>,
    /// When saldo learned of it.
    pub at: Moment,
    /// The id for a row that is new.
    pub new_id: Uuid,
}

/// What an observation made of the feed.
#[derive(Debug, Clone)]
pub struct Observed {
    /// The row.
    pub transaction: Transaction,
    /// The row as it was before; `None` where it is new.
    pub before: Option<Transaction>,
    /// The payment of ours that it belongs to, if any.
    pub applied: Option<Applied>,
    /// The refund of ours that heard of it, if any.
    pub refund: Option<Box<RefundHeard>>,
}

/// A refund before and after it heard something of its cash-in.
#[derive(Debug, Clone)]
pub struct RefundHeard {
    /// As it was.
    pub before: refund::Refund,
    /// As it is.
    pub now: refund::Refund,
}

/// A webhook as it arrived: authentic, and not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The raw body.
    pub body: Vec<u8>,
    /// `X-Event-Id`: new for each delivery, so it tells nothing about repeats; kept for the trail.
    pub event_id: Option<String>,
    /// `X-Connect-Signature`, which was right.
    pub signature: Option<String>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// When it arrived (UTC).
    pub received_at: Timestamp,
}

/// What a delivery says.
#[derive(Debug, Clone)]
pub enum Contents {
    /// Something of a transaction.
    Report(Box<Observation>),
    /// It is authentic and cannot be read, and why.
    Illegible(String),
}

/// A rebalance of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRebalance {
    /// saldo's id for it.
    pub id: Uuid,
    /// Where it stands.
    pub rebalance: Rebalance,
    /// When it last changed (UTC).
    pub updated_at: Timestamp,
}

/// Which rows of the feed are wanted.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only rows that saldo learned of before this one.
    pub before: Option<i64>,
    /// Only rows that saldo learned of after this one; the oldest of them first, as they are the nearest.
    pub after: Option<i64>,
    /// Only this direction.
    pub direction: Option<Direction>,
    /// Only these states; all where there is none.
    pub states: Vec<State>,
    /// Only what happened at or after this time (UTC).
    pub since: Option<Timestamp>,
    /// Only rows with this text in name, document, reference or an id.
    pub search: Option<String>,
    /// Only rows that fit this, too.
    pub filter: Filter,
    /// At most so many.
    pub limit: u32,
}

/// What saldo has seen since a moment, and what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Paid cash-ins since then.
    pub received: Sum,
    /// Completed cash-outs since then.
    pub paid: Sum,
    /// Cash-outs of ours that are decided and have not settled, and of which nothing is in doubt.
    pub in_flight: Sum,
    /// Cash-outs of ours whose outcome nobody knows.
    pub in_doubt: Sum,
}

/// A count and a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u32,
    /// In centavos.
    pub amount: Centavos,
}

/// One request as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// From 1, over all rounds.
    pub number: u32,
    /// The idempotency key.
    pub key: Uuid,
    /// When it was journalled (UTC).
    pub started_at: Timestamp,
    /// When it ended (UTC).
    pub ended_at: Option<Timestamp>,
    /// What it came to.
    pub verdict: Option<Verdict>,
}

/// The whole life of a row: what happened, what was sent, what was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The row.
    pub transaction: Transaction,
    /// The payment of ours, if it is one.
    pub intent: Option<Intent>,
    /// Its events, oldest first.
    pub events: Vec<cash_out::Event>,
    /// Its requests, oldest first.
    pub attempts: Vec<AttemptRow>,
    /// The last webhooks about it, newest first, raw.
    pub deliveries: Vec<Delivery>,
    /// What saldo itself did about a cash-in.
    pub incoming: Incoming,
}

/// The answer of a journal call.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// The read-only door.
pub trait Reader: Send + Sync {
    /// A payment of ours by saldo's id.
    fn intent(&self, id: Uuid) -> Answer<'_, Option<Intent>>;
    /// The newest payment of a debt.
    fn newest(&self, obligation: &Reference) -> Answer<'_, Option<Intent>>;
    /// Payments of ours that are due by then, those that are overdue first. `None`: all that are not final or have a
    /// request that has not ended.
    fn due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Intent>>;
    /// When the next payment is due (UTC).
    fn next_due(&self) -> Answer<'_, Option<Timestamp>>;
    /// A row of the feed by any id that names exactly one: saldo's, the gateway's, an endToEndId or a reference.
    fn find(&self, id: &str) -> Answer<'_, Option<Transaction>>;
    /// Rows of the feed, newest first by the order in which saldo learned of them.
    fn transactions(&self, query: Query) -> Answer<'_, Vec<Transaction>>;
    /// How many rows fit, up to `most`; counting ends there.
    fn count(&self, query: Query, most: u32) -> Answer<'_, u32>;
    /// The row of the feed that happened last at or before this time (UTC): where to jump to.
    fn at(&self, time: Timestamp) -> Answer<'_, Option<i64>>;
    /// Everything about one row.
    fn life(&self, id: Uuid) -> Answer<'_, Option<Life>>;
    /// The newest balance.
    fn balance(&self) -> Answer<'_, Option<Reading>>;
    /// What moved since then, and what is open.
    fn totals(&self, since: Timestamp) -> Answer<'_, Totals>;
    /// Whether the wallet holds what it ought to, since then. `None` while no balance was read.
    fn conservation(&self, since: Timestamp) -> Answer<'_, Option<Conservation>>;
    /// The transactional balance at the end of each of so many equal parts between two times; `None` before the first that is
    /// known.
    fn balance_history(
        &self,
        between: (Timestamp, Timestamp),
        parts: u32,
    ) -> Answer<'_, Vec<Option<Centavos>>>;
    /// How fast the wallet moves, as of then.
    fn pace(&self, now: Timestamp) -> Answer<'_, Pace>;
    /// Rebalances that are in doubt, oldest first.
    fn rebalances_in_doubt(&self) -> Answer<'_, Vec<StoredRebalance>>;
    /// A rebalance by saldo's id.
    fn rebalance(&self, id: Uuid) -> Answer<'_, Option<StoredRebalance>>;
}

/// The read-only door of a screen: the feed, what a person has to look at, what was, what was handed over.
pub trait ScreenReader:
    BatchReader + alerts::AlertReader + past::PastReader + handover::HandoverReader + payees::PayeeReader
{
}

impl<
    T: BatchReader
        + alerts::AlertReader
        + past::PastReader
        + handover::HandoverReader
        + payees::PayeeReader
        + ?Sized,
> ScreenReader for T
{
}

/// The owner's door.
pub trait Journal: Reader {
    /// Journals a decision, or finds what its reference already names.
    fn propose(&self, proposal: Proposal) -> Answer<'_, Proposed>;
    /// Folds an event into a payment.
    fn apply(&self, id: Uuid, change: Change) -> Answer<'_, Applied>;
    /// Takes in what the gateway said of a transaction.
    fn observe(&self, observation: Observation) -> Answer<'_, Observed>;
    /// Journals a rebalance that is about to be sent. Refused while another one is in doubt.
    fn start_rebalance(
        &self,
        id: Uuid,
        terms: rebalance::Terms,
    ) -> Answer<'_, Result<StoredRebalance, StoredRebalance>>;
    /// Folds an event into a rebalance.
    fn apply_rebalance(&self, id: Uuid, event: rebalance::Event) -> Answer<'_, StoredRebalance>;
    /// Keeps a balance.
    fn record_balance(&self, reading: Reading) -> Answer<'_, ()>;
    /// Thins out balances that have become old by then, a part at a time.
    fn thin_balances(&self, now: Timestamp) -> Answer<'_, ()>;
    /// Keeps an authentic webhook before it is answered and read. Its number; it is a row of the inbox when somebody reads.
    fn take_delivery(&self, delivery: Delivery) -> Answer<'_, i64>;
    /// Webhooks that were taken and not read yet, oldest first.
    fn unread_deliveries(&self) -> Answer<'_, Vec<(i64, Delivery)>>;
    /// Takes in what deliveries say, in their order, and marks them as read; what comes of each.
    fn read_deliveries(
        &self,
        read: Vec<(i64, Contents)>,
    ) -> Answer<'_, Vec<Result<Option<Observed>, JournalError>>>;
    /// Makes rows of all webhooks that were taken, as an owner does before it ends.
    fn settle(&self) -> Answer<'_, ()>;
    /// A number that grows with every change; only the newest is kept for a slow reader.
    fn news(&self) -> watch::Receiver<u64>;
}
