//! Waiting for a settlement, for as long as `--wait` says, without keeping the journal from others meanwhile.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::context::Context;
use super::failure::Exit;
use super::output::note;
use crate::engine::clock;
use crate::engine::office::Office;

/// Between two looks at least, and for one that is due now.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Where another process owns the journal, its journal is read so often: it may hear of it earlier than any look is planned.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Until when somebody waits, and whether another process owns the journal.
pub(super) struct Waiting {
    pub(super) until: Instant,
    pub(super) beside: bool,
}

/// Who looks next.
pub(super) enum Turn {
    /// This process, which owns the journal for the look.
    Ours(Box<Office>),
    /// The same, and the time is up: whatever the plan says, it is the last look.
    Last(Box<Office>),
    /// The process that owns it; what it learned is in the journal.
    Theirs,
    /// The time is up, or this process cannot look: what is known counts.
    Over,
}

impl Waiting {
    /// Waits until the next look is due, or the time is up. `None` as its time: it comes by itself.
    pub(super) async fn next(&mut self, context: &Context, due: Option<Timestamp>) -> Turn {
        let due = due.map_or(Duration::MAX, |at| {
            Duration::try_from(at.duration_since(clock::now())).unwrap_or_default()
        });
        let most = if self.beside { READ_AGAIN } else { Duration::MAX };
        let pause = due.min(most).max(LOOK_AGAIN);
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Turn::Over;
        }
        tokio::time::sleep(pause.min(left)).await;
        match context.own_now().await {
            Ok(office) if pause >= left => Turn::Last(Box::new(office)),
            Ok(office) => Turn::Ours(Box::new(office)),
            Err(failure) if failure.exit == Exit::Later => {
                self.beside = true;
                Turn::Theirs
            }
            // The gateway has taken it, whatever keeps this process from looking: its state is what counts.
            Err(failure) => {
                note(failure.message);
                Turn::Over
            }
        }
    }
}
