//! Rebalances of ours.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::{JournalError, StoredRebalance};
use super::convert::{Columns, collect, first, to_json, write};
use super::events;
use crate::domain::rebalance::{Event, Rebalance, Terms};

const COLUMNS: &str = "id, snapshot, updated_at";

fn read(row: &Row<'_>) -> Result<StoredRebalance, JournalError> {
    Ok(StoredRebalance {
        id: row.uuid("id")?,
        rebalance: row.json("snapshot")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<StoredRebalance>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM rebalances WHERE id = ?1"), [id.to_string()], read)
}

/// State and beginning as they are stored beside the snapshot.
pub(super) fn columns(
    connection: &Connection,
    id: Uuid,
) -> Result<Option<(String, Timestamp)>, JournalError> {
    first(connection, "SELECT state, created_at FROM rebalances WHERE id = ?1", [id.to_string()], |row| {
        Ok((row.read("state")?, row.time("created_at")?))
    })
}

pub(super) fn in_doubt(connection: &Connection) -> Result<Vec<StoredRebalance>, JournalError> {
    collect(
        connection,
        &format!("SELECT {COLUMNS} FROM rebalances WHERE state = 'unknown' ORDER BY created_at"),
        [],
        read,
    )
}

/// Those that were sent at or after `from` (microseconds UTC), oldest first.
pub(super) fn since(connection: &Connection, from: i64) -> Result<Vec<StoredRebalance>, JournalError> {
    collect(
        connection,
        &format!("SELECT {COLUMNS} FROM rebalances WHERE created_at >= ?1 ORDER BY created_at"),
        [from],
        read,
    )
}

/// Those that were begun by then (microseconds UTC) and are in doubt or have changed since, oldest first.
pub(super) fn changed_since(connection: &Connection, at: i64) -> Result<Vec<StoredRebalance>, JournalError> {
    collect(
        connection,
        &format!(
            "SELECT {COLUMNS} FROM rebalances WHERE created_at <= ?1 AND (updated_at > ?1 OR state = 'unknown')
             ORDER BY created_at"
        ),
        [at],
        read,
    )
}

/// Journals a rebalance, or gives the one in doubt that stands in its way.
pub(super) fn start(
    connection: &Connection,
    id: Uuid,
    terms: Terms,
) -> Result<Result<StoredRebalance, StoredRebalance>, JournalError> {
    if let Some(doubt) = in_doubt(connection)?.into_iter().next() {
        return Ok(Err(doubt));
    }
    let event = Event::Sent(Box::new(terms.clone()));
    let stored = StoredRebalance { id, updated_at: terms.at, rebalance: Rebalance::sent(terms) };
    write(
        connection,
        "INSERT INTO rebalances (id, state, snapshot, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4)",
        params![
            id.to_string(),
            stored.rebalance.state.as_str(),
            to_json(&stored.rebalance)?,
            stored.updated_at.as_microsecond()
        ],
    )?;
    events::insert(connection, id, event.at(), &event)?;
    Ok(Ok(stored))
}

pub(super) fn apply(
    connection: &Connection,
    id: Uuid,
    event: &Event,
) -> Result<StoredRebalance, JournalError> {
    let Some(before) = by_id(connection, id)? else { return Err(JournalError::NotFound(id.to_string())) };
    let after = StoredRebalance { id, rebalance: before.rebalance.step(event)?, updated_at: event.at() };
    events::insert(connection, id, event.at(), event)?;
    write(
        connection,
        "UPDATE rebalances SET state = ?2, snapshot = ?3, updated_at = ?4 WHERE id = ?1",
        params![
            id.to_string(),
            after.rebalance.state.as_str(),
            to_json(&after.rebalance)?,
            after.updated_at.as_microsecond()
        ],
    )?;
    Ok(after)
}
