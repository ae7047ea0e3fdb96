//! Batches as the journal knows them: what was decided together, and how far it has got.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Answer, Intent, Journal, Reader, Sum};
use crate::domain::batch::{Batch, Line};
use crate::domain::money::Centavos;
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;

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

/// Which lines of a batch are wanted for a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchPart {
    /// Which batch.
    pub id: Uuid,
    /// Only lines that are neither paid nor accepted, or of which something more is to be said.
    pub unpaid: bool,
    /// Those around the line with this number.
    pub around: u32,
    /// So many at most.
    pub limit: u32,
}

/// Some lines of a batch, with where the batch stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchPage {
    /// The batch.
    pub batch: StoredBatch,
    /// How far it has got.
    pub progress: Progress,
    /// The lines, in the file's order.
    pub rows: Vec<BatchRow>,
    /// How many of the wanted lines stand before the first of them.
    pub above: u32,
    /// How many wanted lines there are.
    pub all: u32,
    /// When a line was begun last (UTC); when the batch was recorded, if none was.
    pub touched_at: Timestamp,
}

/// A line of a batch as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// In the file, from 1.
    pub number: u32,
    /// How much, in centavos.
    pub amount: Centavos,
    /// To whom.
    pub name: String,
    /// The debt's name.
    pub reference: String,
    /// The reference names another payment: the line is not paid.
    pub is_taken: bool,
    /// The newest payment of the debt, as the feed has it. `None`: it was not begun.
    pub payment: Option<Transaction>,
    /// Where that stands, told from all that is known of it.
    pub stand: Option<Stand>,
}

/// A batch of which lines were not begun, and nobody begins them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingBatch {
    /// The batch.
    pub batch: StoredBatch,
    /// The lines that were not begun.
    pub waiting: Sum,
    /// When the last line was begun (UTC); when it was recorded, if none was.
    pub since: Timestamp,
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
    /// Some of them, for a list. `None` where there is no such batch.
    fn batch_page(&self, part: BatchPart) -> Answer<'_, Option<BatchPage>>;
    /// The batches with lines of which none was begun since `quiet_since` (UTC), the oldest first. One at work begins lines
    /// all the time, so a minute is enough to tell.
    fn standing_batches(&self, quiet_since: Timestamp) -> Answer<'_, Vec<StandingBatch>>;
}

/// The owner's door to batches.
pub trait Batches: Journal + BatchReader {
    /// Records a batch and all of its lines, before anything of it is sent; or finds it.
    fn record_batch(&self, batch: Batch, maker: Person, at: Timestamp) -> Answer<'_, StoredBatch>;
}
