//! The journal as it stood at a time: what saldo knew then, as far as it was written down.

use jiff::Timestamp;

use super::{Answer, Delivery, StoredRebalance, Sum};
use crate::domain::alert::Alert;
use crate::domain::balance::Reading;
use crate::domain::transaction::Transaction;

/// What saldo knew at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// When (UTC).
    pub at: Timestamp,
    /// The last balance that was read by then and is kept: balances thin out with age.
    pub balance: Option<Reading>,
    /// When the next balance that is kept was read (UTC): what lies between nobody knows any more.
    pub next_balance: Option<Timestamp>,
    /// What moved since the day's beginning.
    pub moved: Moved,
    /// What was open.
    pub open: Open,
    /// The rows that saldo had learned of, newest first; a window.
    pub rows: Vec<PastRow>,
    /// Whether there are older rows below.
    pub has_more: bool,
    /// Alerts that stood, newest first, acknowledged only where they were by then.
    pub alerts: Vec<Alert>,
    /// Rebalances that were in doubt, oldest first.
    pub rebalances_in_doubt: Vec<StoredRebalance>,
}

/// What had moved, by the gateway's times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Paid cash-ins.
    pub received: Sum,
    /// Completed cash-outs.
    pub paid: Sum,
    /// How many movements are left out, because saldo learned of them only later. It looks at the next [`LATE`] rows and
    /// events for them; what came later still is counted in.
    pub late: u32,
}

/// Cash-outs of ours that had not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Open {
    /// Decided, not settled, and nothing of them in doubt.
    pub in_flight: Sum,
    /// Nobody knew their outcome.
    pub in_doubt: Sum,
    /// There may be more: they are found by what happened to them next, and only so much of it is looked through.
    pub at_least: bool,
}

/// Rows and events after a time that are looked through for what came late and for what was open.
pub const LATE: u32 = 2_000;

/// A row as saldo knew it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRow {
    /// The row: as it stood then, or as it stands now where `known` says so.
    pub row: Transaction,
    /// How that is known.
    pub known: Known,
}

/// How it is known what a row was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// An order of saldo's: its events up to then were folded.
    ByEvents,
    /// Nothing has changed about it since.
    Unchanged,
    /// It has changed since, and what the gateway said by asking is kept nowhere: these webhooks about it had come, oldest first.
    /// The row is as it stands now.
    ToRead(Vec<Delivery>),
}

/// Which way to look for the next time at which the journal changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Towards {
    /// After the time.
    Later,
    /// Before it.
    Earlier,
}

/// The read-only door to what was. Each question is answered by an index, however long the journal is.
pub trait PastReader: Send + Sync {
    /// What saldo knew at a time of a day that began at `midnight` (UTC), with so many rows.
    fn past(&self, at: Timestamp, midnight: Timestamp, rows: u32) -> Answer<'_, Past>;
    /// When the journal changed next to a time (UTC). `None`: never.
    fn change(&self, at: Timestamp, towards: Towards) -> Answer<'_, Option<Timestamp>>;
}
