//! The shift at hand: what would be handed over now, and the shift before.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::message::ShiftAtHand;
use crate::domain::person::Person;
use crate::journal::handover::{HandoverReader, Shift};
use crate::journal::{JournalError, ScreenReader};

/// The length of a shift where none was handed over before.
const USUAL: SignedDuration = SignedDuration::from_hours(8);

/// Hand-overs among which those are looked for that nobody accepted: a fortnight of three shifts a day.
const LOOKED_AT: u32 = 42;

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
    let newest = HandoverReader::handovers(reader, LOOKED_AT).await?;
    let mut waiting: Vec<_> =
        newest.iter().filter(|one| one.accepted.is_none() && !one.document.by.is(&by)).cloned().collect();
    waiting.reverse();
    let last = newest.into_iter().next();
    let before = last.as_ref().map(|last| last.document.until);
    let since = before
        .filter(|until| *until <= now && now.duration_since(*until) < LONGEST)
        .unwrap_or(now.saturating_sub(USUAL).unwrap_or(now));
    let shift = Shift { id: Uuid::nil(), since, until: now, by, note: None };
    Ok(ShiftAtHand { draft: reader.handover_draft(shift).await?, last, waiting })
}
