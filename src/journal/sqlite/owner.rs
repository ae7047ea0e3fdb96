//! The owner's door: every change goes through the writer thread and is on the disk when the call returns.

use futures::future::join_all;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::watch;
use uuid::Uuid;

use super::super::{
    Answer, Applied, Change, Contents, Delivery, Journal, JournalError, Observation, Observed, Proposal,
    Proposed, StoredRebalance,
};
use super::convert::{Columns, collect, write};
use super::writer::Purpose;
use super::{SqliteJournal, balances, feed, intents, rebalances};
use crate::domain::balance::Reading;
use crate::domain::cash_out;
use crate::domain::rebalance;

/// Unread webhooks handed out at once.
const UNREAD_AT_ONCE: u32 = 500;

impl Journal for SqliteJournal {
    fn propose(&self, proposal: Proposal) -> Answer<'_, Proposed> {
        Box::pin(self.writer.call(Purpose::Begins, move |connection| intents::propose(connection, &proposal)))
    }

    fn apply(&self, id: Uuid, change: Change) -> Answer<'_, Applied> {
        let purpose = match change.event {
            cash_out::Event::AttemptStarted { .. } => Purpose::Begins,
            cash_out::Event::AttemptEnded { .. } => Purpose::Result,
            _ => Purpose::Other,
        };
        Box::pin(self.writer.call(purpose, move |connection| intents::apply(connection, id, &change)))
    }

    fn observe(&self, observation: Observation) -> Answer<'_, Observed> {
        Box::pin(self.writer.call(Purpose::Result, move |connection| feed::observe(connection, &observation)))
    }

    fn start_rebalance(
        &self,
        id: Uuid,
        terms: rebalance::Terms,
    ) -> Answer<'_, Result<StoredRebalance, StoredRebalance>> {
        Box::pin(
            self.writer
                .call(Purpose::Begins, move |connection| rebalances::start(connection, id, terms.clone())),
        )
    }

    fn apply_rebalance(&self, id: Uuid, event: rebalance::Event) -> Answer<'_, StoredRebalance> {
        let purpose = match event {
            rebalance::Event::Ended { .. } => Purpose::Result,
            _ => Purpose::Other,
        };
        Box::pin(self.writer.call(purpose, move |connection| rebalances::apply(connection, id, &event)))
    }

    fn record_balance(&self, reading: Reading) -> Answer<'_, ()> {
        Box::pin(
            self.writer
                .call_quietly(Purpose::Other, move |connection| balances::record(connection, &reading)),
        )
    }

    fn thin_balances(&self, now: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.call_quietly(Purpose::Other, move |connection| balances::thin(connection, now)))
    }

    fn take_delivery(&self, delivery: Delivery) -> Answer<'_, i64> {
        Box::pin(self.take(delivery))
    }

    fn unread_deliveries(&self) -> Answer<'_, Vec<(i64, Delivery)>> {
        Box::pin(async {
            let mut found = self.reader.call(unread).await?;
            let is_short = found.len() < UNREAD_AT_ONCE as usize;
            while is_short && self.arrivals.has_more() {
                match self.bring_in().await {
                    // What is there can be read all the same; the trouble is told when nothing else is left.
                    Err(_) if !found.is_empty() => break,
                    outcome => outcome?,
                }
                found = self.reader.call(unread).await?;
                if !found.is_empty() {
                    break;
                }
            }
            Ok(found)
        })
    }

    fn read_deliveries(
        &self,
        read: Vec<(i64, Contents)>,
    ) -> Answer<'_, Vec<Result<Option<Observed>, JournalError>>> {
        // A savepoint each and one commit for all. One savepoint for all would be slower, the more so the more there are: on
        // each statement within, SQLite walks along every page that the savepoint may have to bring back.
        let each = read.into_iter().map(|(number, contents)| {
            self.writer.call(Purpose::Result, move |connection| read_delivery(connection, number, &contents))
        });
        let all = join_all(each);
        Box::pin(async { Ok(all.await) })
    }

    fn settle(&self) -> Answer<'_, ()> {
        Box::pin(self.bring_in_all())
    }

    fn news(&self) -> watch::Receiver<u64> {
        self.news.clone()
    }
}

fn unread(connection: &Connection) -> Result<Vec<(i64, Delivery)>, JournalError> {
    collect(
        connection,
        "SELECT number, received_at, event_id, signature, content_type, body FROM inbox WHERE read = 0 ORDER BY number LIMIT ?1",
        [UNREAD_AT_ONCE],
        |row| Ok((row.read("number")?, feed::delivery(row)?)),
    )
}

/// Takes in what a delivery says, and marks it as read.
fn read_delivery(
    connection: &Connection,
    number: i64,
    contents: &Contents,
) -> Result<Option<Observed>, JournalError> {
    let (observed, trouble) = match contents {
        Contents::Report(observation) => (Some(feed::observe(connection, observation)?), None),
        Contents::Illegible(reason) => (None, Some(reason)),
    };
    let subject = observed.as_ref().map(|observed| observed.transaction.id.to_string());
    let marked = write(
        connection,
        "UPDATE inbox SET read = 1, subject = ?2, trouble = ?3 WHERE number = ?1",
        params![number, subject, trouble],
    )?;
    if marked == 0 {
        return Err(JournalError::NotFound(format!("webhook {number}")));
    }
    Ok(observed)
}
