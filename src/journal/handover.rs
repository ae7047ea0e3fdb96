//! Shifts that were handed over, as the journal keeps them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Answer;
use crate::domain::handover::Handover;
use crate::domain::person::Person;

/// What is to be handed over, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    /// The id that it gets.
    pub id: Uuid,
    /// When it began (UTC).
    pub since: Timestamp,
    /// When it ends (UTC).
    pub until: Timestamp,
    /// Who hands it over.
    pub by: Person,
    /// What they want to be known.
    pub note: Option<String>,
}

/// A shift that was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredHandover {
    /// What was handed over.
    pub document: Handover,
    /// The SHA-256 of the document's JSON as it is kept, in hexadecimal.
    pub digest: String,
    /// When somebody took it, and who.
    pub accepted: Option<(Timestamp, Person)>,
}

/// Why nobody took a shift.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAccepted {
    /// Whoever hands over does not take it themselves.
    #[error("a shift is accepted by another person than the one who handed it over ({0})")]
    Own(Person),
    /// There is no such one, or the journal cannot be written.
    #[error(transparent)]
    Journal(#[from] super::JournalError),
}

/// The read-only door to hand-overs.
pub trait HandoverReader: Send + Sync {
    /// What would be handed over now. Nothing is written.
    fn handover_draft(&self, shift: Shift) -> Answer<'_, Handover>;
    /// One of them.
    fn handover(&self, id: Uuid) -> Answer<'_, Option<StoredHandover>>;
    /// The newest, newest first.
    fn handovers(&self, limit: u32) -> Answer<'_, Vec<StoredHandover>>;
}

/// The owner's door to hand-overs.
pub trait Handovers: HandoverReader {
    /// Writes one; an id that is there already gives what is there.
    fn hand_over(&self, shift: Shift) -> Answer<'_, StoredHandover>;
    /// Writes down who took it. The first acceptance stands.
    fn accept_handover(&self, id: Uuid, at: Timestamp, by: Person) -> Answer<'_, StoredHandover>;
}
