//! A thread that owns a connection and works off a bounded queue.
//!
//! The writer takes everything that waits into one database transaction, so that many changes share one fsync;
//! each has a savepoint of its own, so that one that fails takes nothing with it. A caller hears of its change only
//! after the commit.

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot, watch};

use super::super::JournalError;
use super::convert::unwritable;

/// Calls that may wait for the thread. Webhooks arrive in bursts of hundreds; beyond that, the caller waits.
const QUEUE: usize = 1_024;

/// Changes that share one commit: enough to spread the fsync thin, few enough to keep the first one's wait short.
const BATCH: usize = 256;

/// Hands the outcome to the caller, after the commit that it depends on.
type Reply = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// Takes a connection, or the reason why there is none.
type Run = dyn FnOnce(Result<&Connection, JournalError>) -> (bool, Reply) + Send;

/// What a caller wants done: with a connection, or told why there is none to do it on. The flag says whether the
/// change is to be kept.
struct Work {
    run: Box<Run>,
    /// Whether it is news for whoever watches the feed.
    is_news: bool,
}

/// A queue to the thread.
#[derive(Debug)]
pub(super) struct Worker {
    queue: mpsc::Sender<Work>,
}

impl Worker {
    /// A thread that commits what it does, and counts each commit.
    pub(super) fn writer(mut connection: Connection, news: watch::Sender<u64>) -> Result<Self, JournalError> {
        Self::start("journal-writer", move |queue| {
            let mut batch = Vec::with_capacity(BATCH);
            while queue.blocking_recv_many(&mut batch, BATCH) > 0 {
                let is_news = batch.iter().any(|work: &Work| work.is_news);
                let (replies, outcome) = commit(&mut connection, batch.drain(..));
                if is_news && outcome.is_ok() {
                    news.send_modify(|sequence| *sequence += 1);
                }
                for reply in replies {
                    reply(outcome.clone());
                }
            }
        })
    }

    /// A thread that only reads.
    pub(super) fn reader(connection: Connection) -> Result<Self, JournalError> {
        Self::start("journal-reader", move |queue| {
            while let Some(work) = queue.blocking_recv() {
                let (_, reply) = (work.run)(Ok(&connection));
                reply(Ok(()));
            }
        })
    }

    fn start(
        name: &str,
        body: impl FnOnce(&mut mpsc::Receiver<Work>) + Send + 'static,
    ) -> Result<Self, JournalError> {
        let (queue, mut receiver) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || body(&mut receiver))
            .map_err(|error| JournalError::Unwritable(error.to_string()))?;
        Ok(Self { queue })
    }

    /// Does `work` on the thread.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.enqueue(true, work).await
    }

    /// As [`Self::call`], for what changes nothing that the feed shows.
    pub(super) async fn call_quietly<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.enqueue(false, work).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        is_news: bool,
        work: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (sender, receiver) = oneshot::channel();
        let run = Box::new(move |connection: Result<&Connection, JournalError>| {
            let outcome = connection.and_then(work);
            let keep = outcome.is_ok();
            let reply: Reply = Box::new(move |committed| {
                // A caller that has gone needs no answer; its change stands all the same.
                let _ = sender.send(outcome.and_then(|value| committed.map(|()| value)));
            });
            (keep, reply)
        });
        self.queue.send(Work { run, is_news }).await.map_err(|_| JournalError::Closed)?;
        receiver.await.map_err(|_| JournalError::Closed)?
    }
}

/// Works off a batch in one transaction.
fn commit(
    connection: &mut Connection,
    batch: impl Iterator<Item = Work>,
) -> (Vec<Reply>, Result<(), JournalError>) {
    let mut replies = Vec::new();
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let error = unwritable(&error);
            replies.extend(batch.map(|work| (work.run)(Err(error.clone())).1));
            return (replies, Err(error));
        }
    };
    let mut trouble: Option<JournalError> = None;
    for work in batch {
        if trouble.is_none() {
            trouble = transaction.execute_batch("SAVEPOINT one").err().map(|error| unwritable(&error));
        }
        if let Some(error) = &trouble {
            replies.push((work.run)(Err(error.clone())).1);
            continue;
        }
        let (keep, reply) = (work.run)(Ok(&transaction));
        replies.push(reply);
        let end = if keep { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" };
        trouble = transaction.execute_batch(end).err().map(|error| unwritable(&error));
    }
    let outcome = match trouble {
        Some(error) => Err(error),
        None => transaction.commit().map_err(|error| unwritable(&error)),
    };
    (replies, outcome)
}
