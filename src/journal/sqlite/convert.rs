//! Between columns and types. A value that makes no sense is an error, never a default.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::{AttemptRow, JournalError};

/// An error of a statement that reads.
pub(super) fn unreadable(error: &rusqlite::Error) -> JournalError {
    JournalError::Unreadable(error.to_string())
}

/// Words for people that also tell the writer when to fall back on the reserve.
const FULL: &str = " (the disk is full: make room)";
const FAILED: &str = " (the disk has failed, or a quota is used up)";

/// An error of a statement that writes, with what to do where that is known.
pub(super) fn unwritable(error: &rusqlite::Error) -> JournalError {
    let advice = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => FULL,
        Some(rusqlite::ErrorCode::SystemIoFailure) => FAILED,
        Some(rusqlite::ErrorCode::ReadOnly) => " (the file or its folder is read-only)",
        _ => "",
    };
    JournalError::Unwritable(format!("{error}{advice}"))
}

/// Whether more room might have helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shortage {
    /// It would have.
    Room,
    /// The disk failed; SQLite says so of a quota that is used up, too.
    Perhaps,
    /// It would not.
    No,
}

pub(super) fn shortage(error: &JournalError) -> Shortage {
    match error {
        JournalError::Unwritable(reason) if reason.ends_with(FULL) => Shortage::Room,
        JournalError::Unwritable(reason) if reason.ends_with(FAILED) => Shortage::Perhaps,
        _ => Shortage::No,
    }
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::Unwritable(error.to_string()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, JournalError> {
    serde_json::from_str(text).map_err(|error| JournalError::Unreadable(error.to_string()))
}

pub(super) fn to_time(micros: i64) -> Result<Timestamp, JournalError> {
    Timestamp::from_microsecond(micros).map_err(|error| JournalError::Unreadable(error.to_string()))
}

pub(super) fn to_uuid(text: &str) -> Result<Uuid, JournalError> {
    Uuid::parse_str(text).map_err(|error| JournalError::Unreadable(error.to_string()))
}

/// Columns by name, as our types.
pub(super) trait Columns {
    fn read<T: rusqlite::types::FromSql>(&self, column: &str) -> Result<T, JournalError>;

    fn time(&self, column: &str) -> Result<Timestamp, JournalError> {
        to_time(self.read(column)?)
    }

    fn maybe_time(&self, column: &str) -> Result<Option<Timestamp>, JournalError> {
        self.read::<Option<i64>>(column)?.map(to_time).transpose()
    }

    fn uuid(&self, column: &str) -> Result<Uuid, JournalError> {
        to_uuid(&self.read::<String>(column)?)
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, JournalError> {
        from_json(&self.read::<String>(column)?)
    }
}

impl Columns for Row<'_> {
    fn read<T: rusqlite::types::FromSql>(&self, column: &str) -> Result<T, JournalError> {
        self.get(column).map_err(|error| unreadable(&error))
    }
}

/// A request's row, of a payment's table or of the other orders'.
pub(super) fn attempt(row: &Row<'_>) -> Result<AttemptRow, JournalError> {
    Ok(AttemptRow {
        number: row.read("number")?,
        key: row.uuid("key")?,
        started_at: row.time("started_at")?,
        ended_at: row.maybe_time("ended_at")?,
        verdict: row.read::<Option<String>>("verdict")?.map(|text| from_json(&text)).transpose()?,
    })
}

/// Every row of a query, through `read`.
pub(super) fn collect<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
) -> Result<Vec<T>, JournalError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| unreadable(&error))?;
    let mut rows = statement.query(parameters).map_err(|error| unreadable(&error))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(|error| unreadable(&error))? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// The first row of a query, if any, through `read`.
pub(super) fn first<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
) -> Result<Option<T>, JournalError> {
    let mut statement = connection.prepare_cached(sql).map_err(|error| unreadable(&error))?;
    let mut rows = statement.query(parameters).map_err(|error| unreadable(&error))?;
    rows.next().map_err(|error| unreadable(&error))?.map(read).transpose()
}

/// Runs a statement that writes.
pub(super) fn write(
    connection: &rusqlite::Connection,
    sql: &str,
    parameters: impl rusqlite::Params,
) -> Result<usize, JournalError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(parameters))
        .map_err(|error| unwritable(&error))
}
