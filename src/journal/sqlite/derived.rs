//! What is made of the feed's rows, kept up to date in the commit that changes them: the search index and the sums of
//! what has settled.
//!
//! Temporary triggers note what a change means, as for the seals ([`super::seal`]); it is written once, after the last
//! work of a commit. FTS5 writes what it has gathered at each savepoint, so an index that was written by the works
//! themselves would be written once a row.
//!
//! New rows are indexed some hundreds at a time: one by one, and even a commit's at once, they cost several times as much.
//! Until then they are the newest rows, which a search looks through anyway. How far the index goes, it says itself
//! ([`indexed`]), so nothing has to be remembered over a crash.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, params};

use super::super::JournalError;
use super::convert::{Columns, first, write};

/// A quarter of an hour, in microseconds: midnight is at a whole one in every zone of today.
pub(super) const QUARTER: i64 = 900_000_000;

/// New rows that wait for the index at most.
pub(super) const WAITING: i64 = if cfg!(test) { 16 } else { 1_000 };

/// The newest row that the search index holds: it holds all up to it, and none after it.
pub(super) fn indexed(connection: &Connection) -> Result<i64, JournalError> {
    let sql = "SELECT coalesce(max(id), 0) AS seq FROM search_docsize";
    Ok(first(connection, sql, [], |row| row.read("seq"))?.unwrap_or(0))
}

/// What a change of a row means.
#[derive(Debug, Clone)]
enum Note {
    /// The row has other words now, or is new, or is gone.
    Words(i64),
    /// So many rows and so many centavos more have settled.
    Settled { is_in: bool, quarter: i64, rows: i64, amount: i64 },
}

/// Notes of the owner's own changes that are still to be written. Clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Derived(Arc<Mutex<Vec<Note>>>);

const TRIGGERS: &str = "
CREATE TEMP TRIGGER \"saldo derives added\" AFTER INSERT ON main.transactions BEGIN
    SELECT saldo_row_derived(NEW.seq, 1, NEW.direction, NULL, NULL, NEW.settled_at, NEW.amount); END;
CREATE TEMP TRIGGER \"saldo derives removed\" AFTER DELETE ON main.transactions BEGIN
    SELECT saldo_row_derived(OLD.seq, 1, OLD.direction, OLD.settled_at, OLD.amount, NULL, NULL); END;
CREATE TEMP TRIGGER \"saldo derives changed\" AFTER UPDATE ON main.transactions BEGIN
    SELECT saldo_row_derived(NEW.seq,
        OLD.name IS NOT NEW.name OR OLD.document IS NOT NEW.document OR OLD.amount IS NOT NEW.amount
            OR OLD.external_reference IS NOT NEW.external_reference OR OLD.happened_at IS NOT NEW.happened_at,
        NEW.direction, OLD.settled_at, OLD.amount, NEW.settled_at, NEW.amount); END;";

impl Derived {
    /// Begins to watch the feed of `connection`.
    pub(super) fn watch(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let derived = Self::default();
        let notes = derived.clone();
        connection.create_scalar_function(
            "saldo_row_derived",
            7,
            FunctionFlags::SQLITE_UTF8,
            move |row| notes.see(row),
        )?;
        connection.execute_batch(TRIGGERS)?;
        Ok(derived)
    }

    fn see(&self, row: &Context<'_>) -> rusqlite::Result<Option<i64>> {
        let mut notes = self.lock();
        if row.get(1)? {
            notes.push(Note::Words(row.get(0)?));
        }
        let is_in = row.get_raw(2).as_str()? == "in";
        let mut settled = |at: Option<i64>, amount: Option<i64>, rows: i64| {
            if let Some(at) = at {
                let quarter = at.div_euclid(QUARTER) * QUARTER;
                notes.push(Note::Settled { is_in, quarter, rows, amount: rows * amount.unwrap_or(0) });
            }
        };
        let old: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
        let new = (row.get(5)?, row.get(6)?);
        if old != new {
            settled(old.0, old.1, -1);
            settled(new.0, new.1, 1);
        }
        Ok(None)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Note>> {
        // One thread alone changes it; a panic of its own ends that thread.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a savepoint may have to go back to.
    pub(super) fn mark(&self) -> usize {
        self.lock().len()
    }

    /// Forgets what was noted since the mark.
    pub(super) fn rewind(&self, mark: usize) {
        self.lock().truncate(mark);
    }

    /// Writes down what was noted.
    pub(super) fn store(&self, connection: &Connection) -> Result<(), JournalError> {
        let (mut words, mut settled) = (BTreeSet::new(), BTreeMap::<_, (i64, i64)>::new());
        for note in self.lock().drain(..) {
            match note {
                Note::Words(seq) => {
                    words.insert(seq);
                }
                Note::Settled { is_in, quarter, rows, amount } => {
                    let sum = settled.entry((is_in, quarter)).or_default();
                    *sum = (sum.0 + rows, sum.1.saturating_add(amount));
                }
            }
        }
        index(connection, &words)?;
        for ((is_in, quarter), (rows, amount)) in settled {
            let direction = if is_in { "in" } else { "out" };
            write(
                connection,
                "INSERT INTO settled (direction, quarter, rows, amount) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET rows = rows + excluded.rows, amount = amount + excluded.amount",
                params![direction, quarter, rows, amount],
            )?;
        }
        Ok(())
    }
}

/// What the index holds of these rows is made anew, and enough new rows are taken in.
fn index(connection: &Connection, changed: &BTreeSet<i64>) -> Result<(), JournalError> {
    const WORDS: &str =
        "SELECT seq, searchable(direction, amount, happened_at, name, document, external_reference)
         FROM transactions";
    if changed.is_empty() {
        return Ok(());
    }
    let last = indexed(connection)?;
    for seq in changed.range(..=last) {
        let sql = format!("REPLACE INTO search (rowid, words) {WORDS} WHERE seq = ?1");
        if write(connection, &sql, [seq])? == 0 {
            write(connection, "DELETE FROM search WHERE rowid = ?1", [seq])?;
        }
    }
    if changed.last().is_some_and(|newest| newest - last >= WAITING) {
        let sql = format!("INSERT INTO search (rowid, words) {WORDS} WHERE seq > ?1");
        write(connection, &sql, [last])?;
    }
    Ok(())
}
