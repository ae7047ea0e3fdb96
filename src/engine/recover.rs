//! Taking up everything that is not final, once, whatever its waiting time.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, StreamExt};

use super::lane::{Lane, LaneError};
use crate::journal::{Intent, Journal, JournalError};

/// Payments taken up at the same time.
const AT_ONCE: usize = 8;

/// For all of them together.
pub const AT_MOST: Duration = Duration::from_secs(60);

/// Between two looks at a payment that another task is at work on.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

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
    let works: Vec<BoxFuture<'_, _>> = open
        .iter()
        .enumerate()
        .map(|(place, intent)| {
            Box::pin(async move {
                // A request that has begun goes on in its own task; the time-out only ends the waiting.
                match tokio::time::timeout_at(until, take_up(journal, lane, intent)).await {
                    Ok(Ok(())) | Err(_) => (place, None),
                    Ok(Err(error)) => (place, Some(error)),
                }
            }) as BoxFuture<'_, _>
        })
        .collect();
    let mut taken_up: Vec<(usize, Option<LaneError>)> =
        stream::iter(works).buffer_unordered(AT_ONCE).collect().await;
    taken_up.sort_by_key(|(place, _)| *place);
    let mut now = Vec::with_capacity(open.len());
    for ((_, trouble), intent) in taken_up.into_iter().zip(open) {
        now.push((journal.intent(intent.id).await?.unwrap_or(intent), trouble));
    }
    Ok(now)
}

/// Does one thing for a payment. A desk's tracker may be at work on it, or have been since it was read: that takes it up
/// as well, so it is waited for and not done twice.
pub(super) async fn take_up(
    journal: &dyn Journal,
    lane: &Arc<Lane>,
    intent: &Intent,
) -> Result<(), LaneError> {
    let mut in_the_way = match intent.cash_out.act_now(&lane.moment()) {
        Some(act) => match lane.act(intent.id, act).await {
            Ok(_) => return Ok(()),
            Err(error @ (LaneError::Busy | LaneError::Refused(_))) => error,
            Err(error) => return Err(error),
        },
        None if intent.cash_out.on_the_wire => LaneError::Busy,
        None => return Ok(()),
    };
    while lane.is_at_work_on(intent.id) {
        tokio::time::sleep(LOOK_AGAIN).await;
        in_the_way = LaneError::Busy;
    }
    let now = journal.intent(intent.id).await?;
    match now {
        Some(now) if now.updated_at != intent.updated_at => Ok(()),
        _ => Err(in_the_way),
    }
}
