//! Webhooks on their way into the journal: those of a commit share a statement.
//!
//! They come by the thousand, and a statement of its own for each cost more than its row. A statement that fails undoes
//! itself, so they need no savepoint.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};
use tokio::sync::oneshot;

use super::super::{Delivery, JournalError};
use super::convert::write;
use super::writer::{Answered, Purpose, Work, told};

/// Rows of one statement at most.
const AT_ONCE: usize = 64;

const COLUMNS: usize = 5;

/// How many of so many the next statement takes: a power of two, so that few statements are kept prepared.
pub(super) const fn at_once(waiting: usize) -> usize {
    if waiting >= AT_ONCE { AT_ONCE } else { 1 << waiting.ilog2() }
}

/// Writes them down, and says the number of the first; the others follow it.
pub(super) fn insert(connection: &Connection, deliveries: &[&Delivery]) -> Result<i64, JournalError> {
    const INSERT: &str = "INSERT INTO inbox (received_at, event_id, signature, content_type, body) VALUES ";
    const ROW: &str = "(?, ?, ?, ?, ?), ";
    let rows = ROW.repeat(deliveries.len());
    let sql = [INSERT, rows.trim_end_matches(", ")].concat();
    write(connection, &sql, params_from_iter(deliveries.iter().flat_map(|delivery| values(delivery))))?;
    let others = i64::try_from(deliveries.len().saturating_sub(1)).unwrap_or(i64::MAX);
    Ok(connection.last_insert_rowid() - others)
}

fn values(delivery: &Delivery) -> [ToSqlOutput<'_>; COLUMNS] {
    [
        ValueRef::Integer(delivery.received_at.as_microsecond()),
        text(delivery.event_id.as_deref()),
        text(delivery.signature.as_deref()),
        text(delivery.content_type.as_deref()),
        ValueRef::Blob(&delivery.body),
    ]
    .map(ToSqlOutput::Borrowed)
}

fn text(text: Option<&str>) -> ValueRef<'_> {
    text.map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
}

/// A webhook whose caller waits until it is durable.
pub(super) struct Taking {
    delivery: Delivery,
    outcome: Option<Answered<i64>>,
    caller: oneshot::Sender<Answered<i64>>,
}

impl Taking {
    pub(super) const fn new(delivery: Delivery, caller: oneshot::Sender<Answered<i64>>) -> Self {
        Self { delivery, outcome: None, caller }
    }
}

impl Work for Taking {
    fn purpose(&self) -> Purpose {
        Purpose::Result
    }

    fn is_news(&self) -> bool {
        // What it says is not known until it has been read.
        false
    }

    fn delivery(&self) -> Option<&Delivery> {
        Some(&self.delivery)
    }

    fn taken(&mut self, number: i64) {
        self.outcome = Some(Ok(number));
    }

    fn run(&mut self, connection: &Connection) -> bool {
        self.outcome.insert(insert(connection, &[&self.delivery])).is_ok()
    }

    fn fail(&mut self, error: JournalError) {
        self.outcome = Some(Err(error));
    }

    fn trouble(&self) -> Option<&JournalError> {
        self.outcome.as_ref()?.as_ref().err()
    }

    fn answer(self: Box<Self>, committed: &Result<(), JournalError>) {
        // A caller that has gone needs no answer; its webhook stays all the same.
        drop(self.caller.send(told(self.outcome, committed)));
    }
}
