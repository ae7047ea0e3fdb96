//! Batches: what a file would do, and paying its lines.
//!
//! A batch is recorded whole before its first line goes out ([`crate::journal::Batches`]). Each line is then an ordinary
//! payment, decided and sent by the lane under the line's reference, so whatever ends a batch in the middle, going on with it
//! finds what is there and begins the rest. A line in doubt stays with the machine that resolves single payments.
//!
//! | file | does |
//! |---|---|
//! | `look` | reads a file, and holds payments against the journal |
//! | `runs` | knows who goes on with which batch |
//! | `run` | begins lines, and tells the screen how far it has got |
//! | `result` | writes the file that says what became of each line |

mod look;
mod result;
mod run;
mod runs;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::lane::Pause;
use crate::domain::batch::{Batch, Line, Mistake, Repeat};
use crate::domain::cash_out::State;
use crate::domain::payee;
use crate::domain::text::Safe;
use crate::journal::{JournalError, StoredBatch};

pub use look::{Alike, at_home, examine, look, read_file, recorded};
pub use result::{beside, write_and_tell, write_result};
pub use run::{tell_end, watched};
pub use runs::Runs;

/// The newest batches that a screen lists.
pub const LISTED: u32 = 8;

/// What a file would do: everything that a person has to see before it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The payments of the file.
    pub batch: Batch,
    /// The batch as it was recorded, if it was begun before.
    pub begun: Option<StoredBatch>,
    /// Lines whose payment the journal has already, and where it stands: nothing new is made of them.
    pub known: Vec<(u32, State)>,
    /// Lines that may pay what is paid already and do not say that they are meant.
    pub repeats: Vec<Repeat>,
    /// New lines whose payee asks for a second look, each with the first reason.
    pub payees: Vec<(u32, payee::Finding)>,
}

impl Examined {
    /// The lines of which nothing is in the journal.
    pub fn new_lines(&self) -> impl Iterator<Item = &Line> {
        // Both are in the file's order.
        let mut known = self.known.iter().map(|(line, _)| *line).peekable();
        self.batch.lines.iter().filter(move |line| known.next_if_eq(&line.number).is_none())
    }
}

/// Why a file cannot be paid. Nothing of it was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchTrouble {
    /// The file cannot be read.
    #[error("the file cannot be read: {0}; nothing was sent")]
    File(Safe),
    /// Something is wrong with its lines.
    #[error("{} in the file, so nothing of it was sent", count(.0.len()))]
    Mistakes(Vec<Mistake>),
    /// The journal has no batch with this id.
    #[error("the journal has no batch {0}; `saldo batch list` has those that it knows. Nothing was sent")]
    NoBatch(Uuid),
    /// The journal cannot be read or written.
    #[error("{0}; nothing was sent")]
    Journal(JournalError),
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { "there is a mistake".to_owned() } else { format!("there are {mistakes} mistakes") }
}

impl From<JournalError> for BatchTrouble {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// Going on with a batch: what is asked of the journal's owner.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunBatch {
    /// Which.
    pub id: Uuid,
    /// Lines whose payment is proven not made, and ended before this (UTC), are paid once more. As every portion of one wish
    /// says the same time, each line is paid once more at most.
    pub again: Option<Timestamp>,
}

/// What came of going on with a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// Lines are left that may be begun now.
    pub more: bool,
    /// Why no further line was begun, where something is in the way.
    pub stopped: Option<Stopped>,
}

/// Why no further line of a batch is begun. Those that were begun go on as single payments do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopped {
    /// Somebody asked for it.
    #[error("stopped")]
    Asked,
    /// Nothing is sent at the moment.
    #[error("{0}")]
    Paused(Pause),
    /// The gateway cannot be reached.
    #[error("the gateway cannot be reached ({0})")]
    Unreachable(String),
    /// The journal cannot be written.
    #[error("{0}")]
    Journal(JournalError),
}
