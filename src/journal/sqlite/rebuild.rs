//! Makes anew what is made of other rows: the search index and the sums of what moved. Nothing else is written, and nothing
//! at all where one of the rows that they are made of is not as saldo wrote it.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::super::JournalError;
use super::super::lock::Lock;
use super::convert::{unreadable, unwritable, write};
use super::derived::index_everything;
use super::schema::{self, Taken};
use super::seal::{self, quoted};
use super::{SqliteJournal, cannot_open, epoch};

/// The table that holds what moved in each minute.
const FLOWS: &str = "flows";

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rebuilt {
    /// Rows of the feed that the search index has.
    pub rows: usize,
    /// Rows of what moved: one a minute and a kind of movement.
    pub flows: usize,
}

impl SqliteJournal {
    /// Makes the derived tables of the journal at `path` anew, as its owner for that moment.
    ///
    /// # Errors
    ///
    /// [`JournalError::Edited`] where a row that they are made of is not as saldo wrote it; [`JournalError::Open`] where
    /// there is no journal, and what [`SqliteJournal::open`] says. Nothing was made anew then.
    pub async fn rebuild(path: &Path, account: &str, lock: Lock) -> Result<Rebuilt, JournalError> {
        let (path, account) = (path.to_owned(), account.to_owned());
        tokio::task::spawn_blocking(move || {
            let rebuilt = rebuild(&path, &account);
            drop(lock);
            rebuilt
        })
        .await
        .map_err(|_| JournalError::Closed)?
    }
}

fn rebuild(path: &Path, account: &str) -> Result<Rebuilt, JournalError> {
    if !path.is_file() {
        return Err(cannot_open(path, "there is no such file"));
    }
    let (mut connection, Taken { ledger, epoch, .. }) = SqliteJournal::take_over(path, account)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| unwritable(&error))?;
    epoch::hold(&transaction, epoch)?;
    if let Some(table) = seal::first_broken(&transaction, Some(FLOWS)).map_err(|error| unreadable(&error))? {
        return Err(JournalError::Edited { table });
    }
    write(&transaction, "DELETE FROM flows", [])?;
    ledger.begin_anew(FLOWS);
    let sql =
        "INSERT INTO flows SELECT at / 60000000, kind, count(*), sum(amount) FROM movements GROUP BY 1, 2";
    let flows = write(&transaction, sql, [])?;
    // Where the seal itself was lost.
    write(&transaction, "INSERT OR IGNORE INTO seals (table_name, rows, sum) VALUES (?1, 0, x'')", [FLOWS])?;
    ledger.store(&transaction)?;
    let rows = search(&transaction)?;
    transaction.commit().map_err(|error| unwritable(&error))?;
    Ok(Rebuilt { rows, flows })
}

/// Makes the search index anew, as this program defines it.
fn search(connection: &Connection) -> Result<usize, JournalError> {
    let definition: String = schema::pattern()?
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'search'", [], |row| row.get(0))
        .map_err(|error| unreadable(&error))?;
    if connection.execute_batch("DROP TABLE IF EXISTS main.search").is_err() {
        // FTS5 does not open what lacks one of its own tables, so it cannot drop it either.
        remove_by_force(connection).map_err(|error| unwritable(&error))?;
    }
    connection.execute_batch(&definition).map_err(|error| unwritable(&error))?;
    index_everything(connection)
}

fn remove_by_force(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(
        "PRAGMA writable_schema = 1;
         DELETE FROM main.sqlite_schema WHERE type = 'table' AND name = 'search';
         PRAGMA writable_schema = RESET;",
    )?;
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name LIKE 'search\\_%' ESCAPE '\\'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names.iter().try_for_each(|name| connection.execute_batch(&format!("DROP TABLE main.{}", quoted(name))))
}
