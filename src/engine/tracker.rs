//! Doing what payments are due for, at the time their plans name.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::clock;
use super::lane::Lane;
use crate::domain::cash_out::Act;
use crate::journal::Journal;

/// Payments worked on at the same time: plenty for a desk, little for a gateway.
const AT_ONCE: usize = 8;

/// Between two rounds at least, so that a payment that cannot be helped at the moment does not spin.
const BREATH: Duration = Duration::from_millis(250);

/// The longest sleep: a clock that was set back must not make it miss a day.
const LONGEST: Duration = Duration::from_secs(60);

/// Works until it is dropped. What it has begun goes on in the lane's own tasks.
pub async fn run(journal: Arc<dyn Journal>, lane: Arc<Lane>, mut news: watch::Receiver<u64>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        news.mark_unchanged();
        let now = clock::now();
        let due = match journal.due(Some(now)).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!("payments that are due cannot be read: {error}");
                Vec::new()
            }
        };
        let sendable = lane.paused().is_none();
        for intent in due {
            let Some(plan) = intent.cash_out.plan().filter(|plan| plan.at <= now) else { continue };
            if plan.act == Act::Send && !sendable {
                continue;
            }
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let lane = Arc::clone(&lane);
            tokio::spawn(async move {
                if let Err(error) = lane.act(intent.id, plan.act).await {
                    tracing::info!(intent = %intent.id, "{error}");
                }
                drop(place);
            });
        }
        tokio::time::sleep(BREATH).await;
        let wait = match journal.next_due().await {
            Ok(Some(at)) => {
                Duration::try_from(at.duration_since(clock::now())).unwrap_or_default().min(LONGEST)
            }
            Ok(None) | Err(_) => LONGEST,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            changed = news.changed() => if changed.is_err() { return },
        }
    }
}
