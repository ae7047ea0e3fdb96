//! Taking up everything that is not final, once, whatever its waiting time.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};

use super::lane::{Lane, LaneError};
use crate::journal::{Intent, Journal, JournalError};

/// Payments taken up at the same time.
const AT_ONCE: usize = 8;

/// For all of them together.
pub const AT_MOST: Duration = Duration::from_secs(60);

/// Takes up every payment that is not final: the same bytes again where the outcome is unknown, a look where the
/// gateway's id is known. Gives each as it stands afterwards, oldest first, with what was in the way.
///
/// # Errors
///
/// [`JournalError`].
pub async fn recover(
    journal: &dyn Journal,
    lane: &Arc<Lane>,
) -> Result<Vec<(Intent, Option<LaneError>)>, JournalError> {
    let until = tokio::time::Instant::now() + AT_MOST;
    let open = journal.due(None).await?;
    let mut taken_up: Vec<(usize, Option<LaneError>)> = stream::iter(open.iter().enumerate())
        .map(|(place, intent)| async move {
            let Some(act) = intent.cash_out.act_now(&lane.moment()) else { return (place, None) };
            // A request that has begun goes on in its own task; the time-out only ends the waiting.
            match tokio::time::timeout_at(until, lane.act(intent.id, act)).await {
                Ok(Ok(_)) | Err(_) => (place, None),
                Ok(Err(error)) => (place, Some(error)),
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    taken_up.sort_by_key(|(place, _)| *place);
    let mut now = Vec::with_capacity(open.len());
    for ((_, trouble), intent) in taken_up.into_iter().zip(open) {
        now.push((journal.intent(intent.id).await?.unwrap_or(intent), trouble));
    }
    Ok(now)
}
