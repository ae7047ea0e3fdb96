//! The shift at hand: what would be handed over now, and the shift before.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::message::ShiftAtHand;
use crate::domain::person::Person;
use crate::journal::handover::{HandoverReader, Shift};
use crate::journal::{JournalError, ScreenReader};

/// The length of a shift where none was handed over before.
const USUAL: SignedDuration = SignedDuration::from_hours(8);

/// A shift that ended longer ago is not the one before: somebody was away.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Reads it; nothing is recorded. A shift begins where the last one ended.
///
/// # Errors
///
/// [`JournalError`].
pub async fn look(
    reader: &dyn ScreenReader,
    now: Timestamp,
    by: Person,
) -> Result<ShiftAtHand, JournalError> {
    let last = HandoverReader::handovers(reader, 1).await?.into_iter().next();
    let before = last.as_ref().map(|last| last.document.until);
    let since = before
        .filter(|until| *until <= now && now.duration_since(*until) < LONGEST)
        .unwrap_or(now.saturating_sub(USUAL).unwrap_or(now));
    let shift = Shift { id: Uuid::nil(), since, until: now, by, note: None };
    Ok(ShiftAtHand { draft: reader.handover_draft(shift).await?, last })
}
