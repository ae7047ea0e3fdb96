//! What a person has to look at, and that they have: raised, refreshed and withdrawn by the owner, acknowledged by people.

use jiff::Timestamp;
use uuid::Uuid;

use super::Answer;
use crate::domain::alert::{About, Acknowledgement, Alert, Conflict, Doubt, Standstill, What};
use crate::domain::conservation::Gap;
use crate::domain::gap::GapFile;
use crate::domain::money::Centavos;

/// Which alerts are wanted, newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listed {
    /// Those that hold.
    Standing,
    /// Those that the desk's command was not handed and nobody has acknowledged: they hold, or held since then (UTC).
    Untold(Timestamp),
    /// So many, whatever became of them.
    Newest(u32),
}

/// What the journal knows that may be an alert.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sightings {
    /// Payments in doubt, oldest first, and no more of them than are told.
    pub payments: Vec<Doubt>,
    /// Rebalances in doubt: id, target, and when it was sent (UTC).
    pub rebalances: Vec<(Uuid, Centavos, Timestamp)>,
    /// What contradicts itself and nobody has looked into, oldest first, and no more of it than is told.
    pub conflicts: Vec<Conflict>,
    /// Refunds in doubt, by their cash-in's row, oldest first.
    pub refunds: Vec<About>,
    /// Batches with lines that were not begun; whether somebody goes on with them the journal does not know. `since` is when
    /// it was recorded.
    pub batches: Vec<Standstill>,
    /// Payments of saldo's that settled in the span and of which no webhook came.
    pub without_webhook: u64,
}

/// The read-only door to alerts.
pub trait AlertReader: Send + Sync {
    /// Alerts, newest first.
    fn alerts(&self, which: Listed) -> Answer<'_, Vec<Alert>>;
    /// One alert.
    fn alert(&self, number: i64) -> Answer<'_, Option<Alert>>;
    /// What may explain each of these gaps, and what a person found.
    fn gap_files(&self, gaps: Vec<Gap>) -> Answer<'_, Vec<GapFile>>;
    /// What may be an alert at `now`. `settled` is the span (UTC) in which a settled payment ought to have had its webhook; `None`
    /// where none is expected.
    fn sightings(&self, now: Timestamp, settled: Option<(Timestamp, Timestamp)>) -> Answer<'_, Sightings>;
}

/// The owner's door to alerts.
pub trait AlertBook: AlertReader {
    /// Raises one; where the same stands already, that one is given.
    fn raise(&self, what: What, at: Timestamp) -> Answer<'_, Alert>;
    /// Writes down what is known of one now.
    fn refresh(&self, number: i64, what: What) -> Answer<'_, ()>;
    /// It is over.
    fn withdraw(&self, number: i64, at: Timestamp) -> Answer<'_, ()>;
    /// Whether something new may be begun: the disk has room for it and for its result.
    fn takes_something_new(&self) -> Answer<'_, ()>;
    /// The desk's command was handed it.
    fn handed(&self, number: i64, at: Timestamp) -> Answer<'_, ()>;
    /// A person has seen it. The first acknowledgement stands; one that stays until then is over with it.
    fn acknowledge(&self, number: i64, by: Acknowledgement) -> Answer<'_, Alert>;
    /// A person has explained a gap, whether it is an alert or not. The first explanation stands.
    fn explain(&self, gap: Gap, by: Acknowledgement) -> Answer<'_, Alert>;
}
