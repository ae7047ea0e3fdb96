//! The file's own set-up: pragmas, migrations, the account it belongs to, its next owner.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::super::JournalError;
use super::convert::{unreadable, unwritable, write};
use super::derived::Derived;
use super::seal::Ledger;
use super::{epoch, seal, search};

/// Every migration, oldest first: the schema's version is how many of them a file has seen.
const MIGRATIONS: [&str; 11] = [
    include_str!("schema.sql"),
    include_str!("migrations/0002-forward.sql"),
    include_str!("migrations/0003-charge.sql"),
    include_str!("migrations/0004-history.sql"),
    include_str!("migrations/0005-flows.sql"),
    include_str!("migrations/0006-balance-history.sql"),
    include_str!("migrations/0007-alerts.sql"),
    include_str!("migrations/0008-batch.sql"),
    include_str!("migrations/0009-handover.sql"),
    include_str!("migrations/0010-payees.sql"),
    include_str!("migrations/0011-favourites.sql"),
];

/// Versions 3.7.0 to 3.51.2 of SQLite can damage a WAL when two connections checkpoint at once.
const OLDEST_SAFE_SQLITE: i32 = 3_051_003;

/// The writer's page cache, in KiB where it is negative. A batch of webhooks touches leaves all over the feed's indexes;
/// with SQLite's default of 2 MiB they were written and read again before the commit.
const CACHE: i64 = -16 * 1024;

/// Pages of the log after which it is moved into the file, 16 MiB of them. Webhooks touch the same leaves again and again;
/// with SQLite's own 1,000 each of them was written and synced several times a second.
const CHECKPOINT: i64 = 4_000;

pub(super) fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

fn version(connection: &Connection) -> Result<i64, JournalError> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(|error| unreadable(&error))
}

/// Switches the file to WAL with a synced commit, and reads both back: a file system that cannot do it must not
/// hold a journal of money.
pub(super) fn prepare_owner(connection: &Connection) -> Result<(), JournalError> {
    if rusqlite::version_number() < OLDEST_SAFE_SQLITE {
        return Err(JournalError::unwritable(format!("SQLite {} is too old", rusqlite::version())));
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(|error| unwritable(&error))?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(|error| unwritable(&error))?;
    connection.pragma_update(None, "cache_size", CACHE).map_err(|error| unwritable(&error))?;
    connection
        .pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT, |_| Ok(()))
        .map_err(|error| unwritable(&error))?;
    // Temporary triggers keep the seals: see `seal`. They need no file, and a replaced row has to be seen.
    connection.pragma_update(None, "temp_store", "MEMORY").map_err(|error| unwritable(&error))?;
    connection.pragma_update(None, "recursive_triggers", true).map_err(|error| unwritable(&error))?;
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    let synchronous: i64 = connection
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    if mode != "wal" || synchronous != 2 {
        return Err(JournalError::unwritable(format!(
            "journal_mode is {mode} and synchronous is {synchronous}; a local file system gives wal and 2"
        )));
    }
    Ok(())
}

/// What an owner keeps of the file it has taken over.
pub(super) struct Taken {
    pub(super) ledger: Ledger,
    pub(super) derived: Derived,
    pub(super) epoch: i64,
}

/// Everything between an opened file and its first write, in one transaction: the schema, the account it belongs to,
/// the seals, and the owner's epoch. A newer file and another account's are refused, and are as they were.
pub(super) fn take_over(connection: &mut Connection, account: &str) -> Result<Taken, JournalError> {
    let found = version(connection)?;
    if found > known() {
        return Err(JournalError::Newer { found, known: known() });
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| unwritable(&error))?;
    migrate(&transaction)?;
    let remembered = remembered(&transaction)?;
    if let Some(found) = &remembered {
        check_account(found, account)?;
    }
    let ledger = Ledger::watch(&transaction).map_err(|error| unwritable(&error))?;
    let derived = Derived::watch(&transaction).map_err(|error| unwritable(&error))?;
    if remembered.is_none() {
        write(&transaction, "INSERT INTO meta (key, value) VALUES ('account', ?1)", [account])?;
    }
    let epoch = epoch::begin(&transaction)?;
    ledger.store(&transaction)?;
    transaction.commit().map_err(|error| unwritable(&error))?;
    Ok(Taken { ledger, derived, epoch })
}

/// Brings the file to this program's schema. What a migration makes or changes is sealed anew: it says itself what it
/// does to every row. Before it, every row has to be what the seals are over.
fn migrate(connection: &Connection) -> Result<(), JournalError> {
    let done = usize::try_from(version(connection)?).unwrap_or(usize::MAX);
    let Some(missing) = MIGRATIONS.get(done..).filter(|missing| !missing.is_empty()) else { return Ok(()) };
    // To seal what somebody has edited would hide it for ever.
    if done > 0
        && let Some(table) = seal::first_broken(connection, None).map_err(|error| unreadable(&error))?
    {
        return Err(JournalError::Edited { table });
    }
    // A migration indexes the rows that are there, with the words as this program cuts them.
    search::install(connection).map_err(|error| unwritable(&error))?;
    for migration in missing {
        connection.execute_batch(migration).map_err(|error| unwritable(&error))?;
    }
    connection.pragma_update(None, "user_version", known()).map_err(|error| unwritable(&error))?;
    seal::seal_everything(connection)
}

/// A file in memory with the schema as this program makes it, to hold others against.
pub(super) fn pattern() -> Result<Connection, JournalError> {
    let connection = Connection::open_in_memory().map_err(|error| unwritable(&error))?;
    migrate(&connection)?;
    Ok(connection)
}

/// Whether there is something to read in the file, by this program and for this account.
pub(super) fn check_readable(connection: &Connection, account: &str) -> Result<bool, JournalError> {
    match version(connection)? {
        0 => Ok(false),
        found if found > known() => Err(JournalError::Newer { found, known: known() }),
        found if found < known() => Err(JournalError::Older { found, known: known() }),
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
