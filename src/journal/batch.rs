//! Batches as the journal knows them: what was decided together, and how far it has got.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Answer, Intent, Journal, Reader, Sum};
use crate::domain::batch::{Batch, Line};
use crate::domain::money::Centavos;
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::text::Safe;

/// A batch without its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBatch {
    /// Its id, which is of its file alone.
    pub id: Uuid,
    /// The SHA-256 of the file's bytes.
    pub digest: Digest,
    /// The file's name.
    pub name: Safe,
    /// Who decided it.
    pub maker: Person,
    /// How many lines it has.
    pub count: u32,
    /// Their sum, in centavos.
    pub total: Centavos,
    /// When it was recorded (UTC): before its first line was sent.
    pub created_at: Timestamp,
}

/// A line of a batch with the payment that its reference names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchLine {
    /// What was decided.
    pub line: Line,
    /// The newest payment of the debt. `None`: it was not begun.
    pub payment: Option<Intent>,
}

impl BatchLine {
    /// Whether the reference names another payment than the line's: then the line is not paid.
    pub fn is_taken(&self) -> bool {
        self.payment.as_ref().is_some_and(|payment| payment.order != self.line.order)
    }
}

/// How far a batch has got: how many of its lines, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Not begun.
    pub waiting: Sum,
    /// Decided, and no answer of the gateway's is known yet.
    pub at_work: Sum,
    /// Nobody can say whether they were paid.
    pub in_doubt: Sum,
    /// Taken by the gateway, not settled.
    pub accepted: Sum,
    /// Paid.
    pub completed: Sum,
    /// Ended without money having moved, or never begun because their reference names another payment.
    pub not_paid: Sum,
}

impl Progress {
    /// Every line.
    pub const fn all(&self) -> u32 {
        self.waiting.count + self.begun()
    }

    /// Those that were begun.
    pub const fn begun(&self) -> u32 {
        self.at_work.count + self.answered()
    }

    /// Those of which something is known, be it that nobody knows.
    pub const fn answered(&self) -> u32 {
        self.in_doubt.count + self.accepted.count + self.completed.count + self.not_paid.count
    }
}

/// Reading batches.
pub trait BatchReader: Reader {
    /// A batch by its id.
    fn batch(&self, id: Uuid) -> Answer<'_, Option<StoredBatch>>;
    /// The newest batches, newest first, with how far each has got.
    fn batches(&self, limit: u32) -> Answer<'_, Vec<(StoredBatch, Progress)>>;
    /// How far a batch has got. All zero where there is none.
    fn batch_progress(&self, id: Uuid) -> Answer<'_, Progress>;
    /// The lines of a batch, in the file's order.
    fn batch_lines(&self, id: Uuid) -> Answer<'_, Vec<BatchLine>>;
}

/// The owner's door to batches.
pub trait Batches: Journal + BatchReader {
    /// Records a batch and all of its lines, before anything of it is sent; or finds it.
    fn record_batch(&self, batch: Batch, maker: Person, at: Timestamp) -> Answer<'_, StoredBatch>;
}
