//! Epochs: each owner that opens the journal raises `meta.epoch` by one, and writes only while the file still has it.
//!
//! The file lock keeps two owners apart on one machine. Where it cannot (it was removed, or the file system shares no
//! locks), the epoch does: it is read inside the transaction that writes, so the earlier owner's next change fails.

use rusqlite::Connection;

use super::super::JournalError;
use super::convert::{first, write};

/// The epoch that the file has now, as this transaction sees it.
pub(super) fn current(connection: &Connection) -> Result<i64, JournalError> {
    read(connection)?.ok_or_else(|| JournalError::Unreadable("the journal has no epoch".to_owned()))
}

fn read(connection: &Connection) -> Result<Option<i64>, JournalError> {
    let text = first(connection, "SELECT value FROM meta WHERE key = 'epoch'", [], |row| {
        row.get::<_, String>(0).map_err(|error| super::convert::unreadable(&error))
    })?;
    text.map(|text| text.parse().map_err(|_| JournalError::Unreadable("the journal's epoch".to_owned())))
        .transpose()
}

/// Begins the next epoch, which is the caller's.
pub(super) fn begin(connection: &Connection) -> Result<i64, JournalError> {
    let before = read(connection)?;
    let ours = before
        .unwrap_or(0)
        .checked_add(1)
        .ok_or_else(|| JournalError::Unreadable("the journal's epoch".to_owned()))?;
    let sql = match before {
        Some(_) => "UPDATE meta SET value = ?1 WHERE key = 'epoch'",
        None => "INSERT INTO meta (key, value) VALUES ('epoch', ?1)",
    };
    write(connection, sql, [ours.to_string()])?;
    Ok(ours)
}

/// Whether the epoch is still the caller's.
pub(super) fn hold(connection: &Connection, ours: i64) -> Result<(), JournalError> {
    let now = current(connection)?;
    if now == ours { Ok(()) } else { Err(JournalError::TakenOver { ours, now }) }
}
