//! Reading the webhooks that were taken: each becomes a row of the feed, or is kept aside.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::clock::{Clock, SystemClock};
use super::message::News;
use crate::domain::report::Source;
use crate::gateway::parse_webhook;
use crate::journal::{Delivery, DeliveryOutcome, Journal, JournalError, Observation};

/// What reads deliveries that the listener has made durable.
pub struct Inbox {
    journal: Arc<dyn Journal>,
    news: mpsc::Sender<News>,
}

impl Inbox {
    /// Over a journal that is owned.
    pub fn new(journal: Arc<dyn Journal>, news: mpsc::Sender<News>) -> Self {
        Self { journal, news }
    }

    /// Reads whatever is unread, now and each time `came` says so, until it is dropped. `illegible` counts those that
    /// could not be read.
    pub async fn run(self, came: Arc<Notify>, mut illegible: impl FnMut()) {
        loop {
            match self.journal.unread_deliveries().await {
                Ok(unread) if unread.is_empty() => came.notified().await,
                Ok(unread) => {
                    for (number, delivery) in unread {
                        match self.read(number, &delivery).await {
                            Ok(true) => {}
                            Ok(false) => illegible(),
                            Err(error) => {
                                // Nothing is lost: it stays unread, and is read when the journal can be written.
                                tracing::error!("a webhook waits: {error}");
                                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                            }
                        }
                    }
                }
                Err(error) => {
                    tracing::error!("webhooks wait: {error}");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Whether it could be read.
    async fn read(&self, number: i64, delivery: &Delivery) -> Result<bool, JournalError> {
        let event = match parse_webhook(&delivery.body) {
            Ok(event) => event,
            Err(reason) => {
                let reason = reason.to_string();
                tracing::warn!(number, "an authentic webhook cannot be read: {reason}");
                self.journal.settle_delivery(number, DeliveryOutcome::Illegible(reason)).await?;
                return Ok(false);
            }
        };
        let observed = self
            .journal
            .observe(Observation {
                report: event.report,
                source: Source::Webhook,
                happened_at: event.event_at,
                at: SystemClock.moment(),
                new_id: Uuid::now_v7(),
            })
            .await?;
        self.journal.settle_delivery(number, DeliveryOutcome::Taken(observed.transaction.id)).await?;
        if let Some(applied) = observed.applied {
            for (alarm, intent) in applied.all_alarms() {
                let intent = Box::new(intent.clone());
                // Nobody listens any more while saldo ends; the journal has it.
                let _ = self.news.send(News::Alarm { alarm, intent }).await;
            }
        }
        Ok(true)
    }
}
