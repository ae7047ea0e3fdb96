//! Between columns and types. A value that makes no sense is an error, never a default.

use jiff::Timestamp;
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::{AttemptRow, JournalError, Shortage, Unwritable};

/// An error of a statement that reads.
pub(super) fn unreadable(error: &rusqlite::Error) -> JournalError {
    JournalError::Unreadable(error.to_string())
}

/// An error of a statement that writes, with what to do where that is known. SQLite's own code says whether it was for want
/// of room.
pub(super) fn unwritable(error: &rusqlite::Error) -> JournalError {
    let (shortage, advice) = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => (Shortage::Room, " (the disk is full: make room)"),
        Some(rusqlite::ErrorCode::SystemIoFailure) => {
            (Shortage::Perhaps, " (the disk has failed, or a quota is used up)")
        }
        Some(rusqlite::ErrorCode::ReadOnly) => (Shortage::No, " (the file or its folder is read-only)"),
        _ => (Shortage::No, ""),
    };
    JournalError::Unwritable(Unwritable { reason: format!("{error}{advice}"), shortage })
}

pub(super) fn shortage(error: &JournalError) -> Shortage {
    match error {
        JournalError::Unwritable(why) => why.shortage,
        _ => Shortage::No,
    }
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::unwritable(error.to_string()))
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
