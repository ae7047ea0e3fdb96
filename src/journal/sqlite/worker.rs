//! Threads that own a connection and work off a bounded queue.
//!
//! The writer takes everything that waits into one database transaction (see [`super::writer`]); a caller hears of its
//! change only after the commit. The reader answers one question after another.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::super::JournalError;
use super::reserve::Reserve;
use super::writer::{Answered, Purpose, Work, Writer};

/// Calls that may wait for the thread; beyond that, the caller waits.
const QUEUE: usize = 1_024;

/// Changes that share one commit: enough to spread the fsync thin, few enough to keep the first one's wait short.
const BATCH: usize = 256;

/// A thread of the journal's.
pub(super) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), JournalError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map(drop)
        .map_err(|error| JournalError::unwritable(error.to_string()))
}

/// A queue to the thread that writes.
#[derive(Debug)]
pub(super) struct WriteQueue {
    queue: mpsc::Sender<Box<dyn Work>>,
}

impl WriteQueue {
    /// A thread that commits what it does, and counts each commit. It drops `until_done` when it has ended.
    pub(super) fn start(
        mut writer: Writer<impl Reserve>,
        news: watch::Sender<u64>,
        until_done: impl Send + 'static,
    ) -> Result<Self, JournalError> {
        let (queue, mut receiver) = mpsc::channel(QUEUE);
        spawn("journal-writer", move || {
            let mut batch = Vec::with_capacity(BATCH);
            while receiver.blocking_recv_many(&mut batch, BATCH) > 0 {
                writer.work_off(batch.drain(..), || news.send_modify(|sequence| *sequence += 1));
            }
            drop(writer);
            drop(until_done);
        })?;
        Ok(Self { queue })
    }

    /// Does `work` on the thread. It may be done a second time if it could not be kept the first time.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl FnMut(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.enqueue(purpose, true, work).await
    }

    /// As [`Self::call`], for what changes nothing that the feed shows.
    pub(super) async fn call_quietly<T: Send + 'static>(
        &self,
        purpose: Purpose,
        work: impl FnMut(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        self.enqueue(purpose, false, work).await
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        purpose: Purpose,
        is_news: bool,
        work: impl FnMut(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (sender, receiver) = oneshot::channel();
        // A caller that has gone needs no answer; its change stands all the same.
        let answer = |outcome: Answered<T>| drop(sender.send(outcome));
        let work = super::writer::job(purpose, is_news, work, answer);
        self.queue.send(work).await.map_err(|_| JournalError::Closed)?;
        receiver.await.map_err(|_| JournalError::Closed)?
    }
}

/// A question to the thread that reads.
type Question = Box<dyn FnOnce(&Connection) + Send>;

/// A queue to the thread that reads.
#[derive(Debug)]
pub(super) struct ReadQueue {
    queue: mpsc::Sender<Question>,
}

impl ReadQueue {
    /// A thread that only reads.
    pub(super) fn start(connection: Connection) -> Result<Self, JournalError> {
        let (queue, mut receiver) = mpsc::channel::<Question>(QUEUE);
        spawn("journal-reader", move || {
            while let Some(question) = receiver.blocking_recv() {
                question(&connection);
            }
        })?;
        Ok(Self { queue })
    }

    /// Does `work` on the thread.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, JournalError> {
        let (sender, receiver) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // A caller that has gone needs no answer.
            drop(sender.send(work(connection)));
        });
        self.queue.send(question).await.map_err(|_| JournalError::Closed)?;
        receiver.await.map_err(|_| JournalError::Closed)?
    }
}
