//! Doing what payments are due for, at the time their plans name.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Semaphore, watch};
use uuid::Uuid;

use super::lane::Lane;
use crate::domain::cash_out::Act;
use crate::domain::moment::Moment;
use crate::journal::{Journal, JournalError};

/// Payments worked on at the same time: plenty for a desk, little for a gateway.
const AT_ONCE: usize = 8;

/// Between two rounds at least, so that a payment that cannot be helped at the moment does not spin.
const BREATH: Duration = Duration::from_millis(250);

/// The longest sleep: a clock that was set back must not make it miss a day.
const LONGEST: Duration = Duration::from_secs(60);

/// Works until it is dropped. What it has begun goes on in the lane's own tasks.
pub async fn run(journal: Arc<dyn Journal>, lane: Arc<Lane>, mut news: watch::Receiver<u64>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    // The first round looks for what an earlier process left in a time that has not come yet.
    let mut before = Timestamp::MAX;
    loop {
        news.mark_unchanged();
        let now = lane.moment();
        let was_set_back = now.at < before;
        before = now.at;
        let sendable = lane.may_send().is_ok();
        let due = match due(journal.as_ref(), &now, was_set_back, sendable).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!("payments that are due cannot be read: {error}");
                Vec::new()
            }
        };
        for (id, act) in due {
            if act == Act::Send && !sendable {
                continue;
            }
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let lane = Arc::clone(&lane);
            tokio::spawn(async move {
                if let Err(error) = lane.act(id, act).await {
                    tracing::info!(intent = %id, "{error}");
                }
                drop(place);
            });
        }
        tokio::time::sleep(BREATH).await;
        let wait = match journal.next_due().await {
            Ok(Some(at)) => {
                Duration::try_from(at.duration_since(lane.moment().at)).unwrap_or_default().min(LONGEST)
            }
            Ok(None) | Err(_) => LONGEST,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = news.changed() => if changed.is_err() { return },
        }
    }
}

/// What is due now; after the wall clock was set back, also what would wait for a time that was there already.
async fn due(
    journal: &dyn Journal,
    now: &Moment,
    was_set_back: bool,
    is_sending: bool,
) -> Result<Vec<(Uuid, Act)>, JournalError> {
    // While nothing is sent, what waits to be sent must not stand in the way of what is looked at.
    let planned = journal.due(is_sending.then_some(now.at)).await?;
    let planned = planned.iter().filter_map(|intent| {
        let plan = intent.cash_out.plan().filter(|plan| plan.at <= now.at)?;
        Some((intent.id, plan.act))
    });
    let mut due: Vec<_> = planned.collect();
    if was_set_back {
        let open = journal.due(None).await?;
        let ahead = open.iter().filter(|intent| intent.cash_out.is_ahead_of(now.at));
        due.extend(ahead.filter_map(|intent| Some((intent.id, intent.cash_out.act_now(now)?))));
    }
    Ok(due)
}
