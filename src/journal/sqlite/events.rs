//! The events of every life, in the order in which they were written; never changed.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::JournalError;
use super::convert::{Columns, collect, to_json, write};

/// Appends what happened to a payment or a rebalance.
pub(super) fn insert(
    connection: &Connection,
    subject: Uuid,
    at: Timestamp,
    event: &impl Serialize,
) -> Result<(), JournalError> {
    write(
        connection,
        "INSERT INTO events (subject, at, event) VALUES (?1, ?2, ?3)",
        params![subject.to_string(), at.as_microsecond(), to_json(event)?],
    )
    .map(drop)
}

/// What happened to one of them, oldest first.
pub(super) fn of<E: DeserializeOwned>(
    connection: &Connection,
    subject: Uuid,
) -> Result<Vec<E>, JournalError> {
    let sql = "SELECT event FROM events WHERE subject = ?1 ORDER BY seq";
    collect(connection, sql, [subject.to_string()], |row| row.json("event"))
}
