//! The read-only door, for the owner and for everybody else.

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::super::{Answer, Intent, JournalError, Life, Query, Reader, StoredRebalance, Totals};
use super::convert::{Columns, first, to_time};
use super::{SqliteJournal, SqliteReader, balances, feed, flows, history, intents, rebalances};
use crate::domain::balance::Reading;
use crate::domain::conservation::Conservation;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::pace::Pace;
use crate::domain::transaction::Transaction;

fn next_due(connection: &Connection) -> Result<Option<Timestamp>, JournalError> {
    let soonest = first(
        connection,
        "SELECT min(wake_at) AS wake_at FROM intents WHERE wake_at IS NOT NULL",
        [],
        |row| row.read::<Option<i64>>("wake_at"),
    )?;
    soonest.flatten().map(to_time).transpose()
}

fn balance(connection: &Connection) -> Result<Option<Reading>, JournalError> {
    first(connection, "SELECT fetched_at, balance FROM balances ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok(Reading { balance: row.json("balance")?, fetched_at: row.time("fetched_at")? })
    })
}

macro_rules! read_on {
    ($journal:ty) => {
        impl Reader for $journal {
            fn intent(&self, id: Uuid) -> Answer<'_, Option<Intent>> {
                Box::pin(self.reader.call(move |connection| intents::by_id(connection, id)))
            }

            fn newest(&self, obligation: &Reference) -> Answer<'_, Option<Intent>> {
                let obligation = obligation.clone();
                Box::pin(self.reader.call(move |connection| intents::newest(connection, obligation.as_str())))
            }

            fn due(&self, by: Option<Timestamp>) -> Answer<'_, Vec<Intent>> {
                Box::pin(self.reader.call(move |connection| intents::due(connection, by)))
            }

            fn next_due(&self) -> Answer<'_, Option<Timestamp>> {
                Box::pin(self.reader.call(next_due))
            }

            fn find(&self, id: &str) -> Answer<'_, Option<Transaction>> {
                let id = id.to_owned();
                Box::pin(self.reader.call(move |connection| feed::find(connection, &id)))
            }

            fn transactions(&self, query: Query) -> Answer<'_, Vec<Transaction>> {
                Box::pin(self.reader.call(move |connection| history::list(connection, &query)))
            }

            fn count(&self, query: Query, most: u32) -> Answer<'_, u32> {
                Box::pin(self.reader.call(move |connection| history::count(connection, &query, most)))
            }

            fn at(&self, time: Timestamp) -> Answer<'_, Option<i64>> {
                Box::pin(self.reader.call(move |connection| history::at(connection, time)))
            }

            fn life(&self, id: Uuid) -> Answer<'_, Option<Life>> {
                Box::pin(self.reader.call(move |connection| feed::life(connection, id)))
            }

            fn balance(&self) -> Answer<'_, Option<Reading>> {
                Box::pin(self.reader.call(balance))
            }

            fn totals(&self, since: Timestamp) -> Answer<'_, Totals> {
                Box::pin(self.reader.call(move |connection| history::totals(connection, since)))
            }

            fn conservation(&self, since: Timestamp) -> Answer<'_, Option<Conservation>> {
                Box::pin(self.reader.call(move |connection| flows::conservation(connection, since)))
            }

            fn balance_history(
                &self,
                between: (Timestamp, Timestamp),
                parts: u32,
            ) -> Answer<'_, Vec<Option<Centavos>>> {
                Box::pin(self.reader.call(move |connection| balances::history(connection, between, parts)))
            }

            fn pace(&self, now: Timestamp) -> Answer<'_, Pace> {
                Box::pin(self.reader.call(move |connection| flows::pace(connection, now)))
            }

            fn rebalances_in_doubt(&self) -> Answer<'_, Vec<StoredRebalance>> {
                Box::pin(self.reader.call(rebalances::in_doubt))
            }

            fn rebalance(&self, id: Uuid) -> Answer<'_, Option<StoredRebalance>> {
                Box::pin(self.reader.call(move |connection| rebalances::by_id(connection, id)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);
