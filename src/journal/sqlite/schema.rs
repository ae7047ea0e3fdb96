//! The file's own set-up: pragmas, migrations, the account it belongs to.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::JournalError;
use super::convert::{unreadable, unwritable};

/// Every migration, oldest first: the schema's version is how many of them a file has seen.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// Versions 3.7.0 to 3.51.2 of SQLite can damage a WAL when two connections checkpoint at once.
const OLDEST_SAFE_SQLITE: i32 = 3_051_003;

fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, JournalError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|error| unreadable(&error))
}

/// Switches the file to WAL with a synced commit, and reads both back: a file system that cannot do it must not
/// hold a journal of money.
pub(super) fn prepare_owner(connection: &Connection) -> Result<(), JournalError> {
    if rusqlite::version_number() < OLDEST_SAFE_SQLITE {
        return Err(JournalError::Unwritable(format!("SQLite {} is too old", rusqlite::version())));
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(|error| unwritable(&error))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(|error| unwritable(&error))?;
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    let synchronous: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    if mode != "wal" || synchronous != 2 {
        return Err(JournalError::Unwritable(format!(
            "journal_mode is {mode} and synchronous is {synchronous}; a local file system gives wal and 2"
        )));
    }
    Ok(())
}

/// Brings the file to this program's schema, one transaction for all; a newer file is refused.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), JournalError> {
    let found = version(connection)?;
    if found > known() {
        return Err(JournalError::Newer { found, known: known() });
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| unwritable(&error))?;
    let done = usize::try_from(version(&transaction)?).unwrap_or(usize::MAX);
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration).map_err(|error| unwritable(&error))?;
    }
    transaction.pragma_update(None, "user_version", known()).map_err(|error| unwritable(&error))?;
    transaction.commit().map_err(|error| unwritable(&error))
}

/// Ties a new file to `account`; a file of another account is refused.
pub(super) fn remember_account(connection: &Connection, account: &str) -> Result<(), JournalError> {
    match remembered(connection)? {
        Some(found) => check_account(&found, account),
        None => connection
            .execute("INSERT INTO meta (key, value) VALUES ('account', ?1)", [account])
            .map(drop)
            .map_err(|error| unwritable(&error)),
    }
}

/// Whether there is something to read in the file, by this program and for this account.
pub(super) fn check_readable(connection: &Connection, account: &str) -> Result<bool, JournalError> {
    match version(connection)? {
        0 => Ok(false),
        found if found != known() => Err(JournalError::Newer { found, known: known() }),
        _ => match remembered(connection)? {
            Some(found) => check_account(&found, account).map(|()| true),
            None => Ok(false),
        },
    }
}

fn remembered(connection: &Connection) -> Result<Option<String>, JournalError> {
    connection
        .query_row("SELECT value FROM meta WHERE key = 'account'", [], |row| row.get(0))
        .optional()
        .map_err(|error| unreadable(&error))
}

fn check_account(found: &str, wanted: &str) -> Result<(), JournalError> {
    if found == wanted {
        return Ok(());
    }
    Err(JournalError::OtherAccount { found: found.to_owned(), wanted: wanted.to_owned() })
}
