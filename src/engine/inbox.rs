//! Reading the webhooks that were taken: each becomes a row of the feed, or is kept aside.
//!
//! They are taken faster than they can be read. In a flood the listener needs the processor more than the feed does: as long
//! as they come faster than they are read, reading takes a thirty-third part of the time.

mod figures;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::clock::{Clock, SystemClock};
use super::counter::refund_needs;
use super::message::News;
use super::webhooks::Board;
use crate::domain::report::{Report, Source, is_plausible};
use crate::gateway::parse_webhook;
use crate::journal::{Contents, Delivery, Journal, JournalError, Observation, Observed};
use figures::Figures;

/// Deliveries taken in at once while others arrive: some milliseconds of the journal's writer and of a processor.
const AT_ONCE: usize = 64;

/// And while none arrive.
const AT_ONCE_ALONE: usize = 250;

/// How long reading leaves the journal alone in a flood once that is known ([`is_flood`]), as a multiple of what it took itself,
/// and at most.
const LEAVE: u32 = 31;
const LEAVE_AT_MOST: Duration = Duration::from_secs(1);

/// After trouble, and between two lines of the log about illegible webhooks.
const TROUBLE: Duration = Duration::from_secs(1);
const BETWEEN_LINES: Duration = Duration::from_secs(60);

/// What reads deliveries that the listener has made durable.
pub struct Inbox {
    journal: Arc<dyn Journal>,
    news: mpsc::Sender<News>,
    board: Arc<Board>,
    figures: Figures,
    illegible: Quieted,
}

impl Inbox {
    /// Over a journal that is owned.
    pub fn new(journal: Arc<dyn Journal>, news: mpsc::Sender<News>, board: Arc<Board>) -> Self {
        Self { journal, news, board, figures: Figures::default(), illegible: Quieted::default() }
    }

    /// Reads whatever is unread, now and each time one came, until it is dropped.
    pub async fn run(mut self) {
        let (mut came, mut size) = (self.board.came(), AT_ONCE);
        loop {
            came.mark_unchanged();
            match self.journal.unread_deliveries().await {
                Ok(unread) if unread.is_empty() => {
                    if came.changed().await.is_err() {
                        return;
                    }
                }
                Ok(unread) => {
                    let mut rest = unread.as_slice();
                    while !rest.is_empty() {
                        let (some, others) = rest.split_at(size.min(rest.len()));
                        rest = others;
                        let (began, before) = (Instant::now(), *came.borrow());
                        self.read_some(some).await;
                        let (took, arrived) = (began.elapsed(), came.borrow().saturating_sub(before));
                        size = if arrived == 0 { AT_ONCE_ALONE } else { AT_ONCE };
                        if arrived > 0 && is_flood(&came, some.len(), took).await {
                            tokio::time::sleep((took * LEAVE).min(LEAVE_AT_MOST)).await;
                        }
                    }
                }
                Err(error) => wait_for(&error).await,
            }
        }
    }

    /// Takes them in. Where that fails nothing is lost: it stays unread, and is read when the journal can be written.
    async fn read_some(&mut self, some: &[(i64, Delivery)]) {
        let read: Vec<_> = some.iter().map(|(number, delivery)| (*number, contents(delivery))).collect();
        let told: Vec<_> =
            read.iter().zip(some).map(|((_, contents), (_, sent))| told(contents, sent)).collect();
        let outcomes = match self.journal.read_deliveries(read).await {
            Ok(outcomes) => outcomes,
            Err(error) => return wait_for(&error).await,
        };
        let mut trouble = None;
        for ((told, outcome), (number, _)) in told.into_iter().zip(outcomes).zip(some) {
            match (outcome, told) {
                (Ok(Some(observed)), Ok(told)) => {
                    if let Some(at) = told.happened_at.filter(|at| !is_plausible(*at, told.received_at)) {
                        tracing::warn!(number, %at, "a webhook tells of a time that has not come yet: it counts from when it came");
                    }
                    self.board.update(|health| self.figures.count(&told, &observed, &mut health.figures));
                    self.tell(observed).await;
                }
                (Ok(_), Err(reason)) => {
                    self.board.update(|health| health.illegible += 1);
                    self.illegible.warn(*number, &reason);
                }
                (Ok(None), Ok(_)) => {}
                (Err(error), _) => trouble = Some(error),
            }
        }
        if let Some(error) = trouble {
            wait_for(&error).await;
        }
    }

    async fn tell(&self, observed: Observed) {
        // Nobody listens any more while saldo ends; the journal has it.
        if let Some(needs) = observed.refund.and_then(|heard| refund_needs(&heard.now, &heard.before)) {
            let _ = self.news.send(needs).await;
        }
        let Some(applied) = observed.applied else { return };
        for (alarm, intent) in applied.all_alarms() {
            let intent = Box::new(intent.clone());
            let _ = self.news.send(News::Alarm { alarm, intent }).await;
        }
    }
}

/// Whether more come in as much time as it took to read so many, while nobody reads. Reading itself keeps them back: a
/// sender with few connections waits for each answer.
async fn is_flood(came: &watch::Receiver<u64>, read: usize, took: Duration) -> bool {
    let before = *came.borrow();
    tokio::time::sleep(took.min(LEAVE_AT_MOST)).await;
    let arrived = came.borrow().saturating_sub(before);
    arrived > u64::try_from(read).unwrap_or(u64::MAX)
}

async fn wait_for(error: &JournalError) {
    tracing::error!("webhooks wait: {error}");
    tokio::time::sleep(TROUBLE).await;
}

fn contents(delivery: &Delivery) -> Contents {
    match parse_webhook(&delivery.body) {
        Ok(event) => Contents::Report(Box::new(Observation {
            report: event.report,
            source: Source::Webhook,
            happened_at: event.event_at,
            at: SystemClock.moment(),
            new_id: Uuid::now_v7(),
        })),
        Err(reason) => Contents::Illegible(reason.to_string()),
    }
}

/// As much of a webhook as the figures need.
struct Told {
    report: Report,
    happened_at: Option<Timestamp>,
    received_at: Timestamp,
}

/// Or why it cannot be read.
fn told(contents: &Contents, delivery: &Delivery) -> Result<Told, String> {
    match contents {
        Contents::Report(observation) => Ok(Told {
            report: observation.report.clone(),
            happened_at: observation.happened_at,
            received_at: delivery.received_at,
        }),
        Contents::Illegible(reason) => Err(reason.clone()),
    }
}

/// A line of the log now and then, however many there are: an event that saldo does not know may come by the thousand.
#[derive(Debug, Default)]
struct Quieted {
    said_at: Option<Instant>,
    unsaid: u64,
}

impl Quieted {
    fn warn(&mut self, number: i64, reason: &str) {
        if self.said_at.is_some_and(|at| at.elapsed() < BETWEEN_LINES) {
            self.unsaid += 1;
            return;
        }
        let unsaid = std::mem::take(&mut self.unsaid);
        self.said_at = Some(Instant::now());
        tracing::warn!(number, unsaid, "an authentic webhook cannot be read, and is kept aside: {reason}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_is_more_than_was_read_in_as_much_time() {
        let (sender, came) = watch::channel(1_000);
        for (arrive, expected) in [(0, false), (64, false), (65, true)] {
            let arriving = async { sender.send_modify(|taken| *taken += arrive) };
            let (is_flood, ()) = tokio::join!(is_flood(&came, 64, Duration::from_millis(1)), arriving);
            assert_eq!(is_flood, expected, "{arrive}");
        }
    }
}
