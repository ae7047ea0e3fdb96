//! Webhooks become rows of the inbox: many with one statement, because one for each cost more than its row.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::super::{Delivery, JournalError};
use super::convert::{Columns, first, write};

/// Rows of one statement at most.
const AT_ONCE: usize = 64;

const COLUMNS: usize = 5;

/// Writes them down. Their numbers follow the last one's.
pub(super) fn insert(connection: &Connection, deliveries: &[Delivery]) -> Result<(), JournalError> {
    const INSERT: &str = "INSERT INTO inbox (received_at, event_id, signature, content_type, body) VALUES ";
    const ROW: &str = "(?, ?, ?, ?, ?), ";
    let mut rest = deliveries;
    while !rest.is_empty() {
        let (some, others) = rest.split_at(at_once(rest.len()).min(rest.len()));
        rest = others;
        let rows = ROW.repeat(some.len());
        let sql = [INSERT, rows.trim_end_matches(", ")].concat();
        write(connection, &sql, params_from_iter(some.iter().flat_map(values)))?;
    }
    Ok(())
}

/// How many of so many the next statement takes: a power of two, so that few statements are kept prepared.
const fn at_once(waiting: usize) -> usize {
    if waiting >= AT_ONCE { AT_ONCE } else { 1 << waiting.ilog2() }
}

/// The number of the last; 0 while there is none.
pub(super) fn last(connection: &Connection) -> Result<i64, JournalError> {
    let sql = "SELECT coalesce(max(number), 0) AS number FROM inbox";
    Ok(first(connection, sql, [], |row| row.read("number"))?.unwrap_or_default())
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
