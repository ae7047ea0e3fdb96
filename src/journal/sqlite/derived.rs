//! What is made of the feed's rows, kept up to date in the commit that changes them: the search index and the sums of
//! what has moved.
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
use super::flows::MINUTE;

/// More than any wallet holds, in centavos: an amount beyond counts as a movement of nothing, so that no report can bring a
/// sum beyond 64 bits and stand in the way of the next. The view `movements` says the same.
pub(super) const MOST: i64 = 1_000_000_000_000_000;

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
    /// So many movements and so many centavos more, of this kind in this minute.
    Moved { kind: &'static str, minute: i64, count: i64, amount: i64 },
}

/// Notes of the owner's own changes that are still to be written. Clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Derived(Arc<Mutex<Vec<Note>>>);

const TRIGGERS: &str = "
CREATE TEMP TRIGGER \"saldo derives added\" AFTER INSERT ON main.transactions BEGIN
    SELECT saldo_row_derived(NEW.seq, 1, NEW.direction, NULL, NULL, NULL, NULL,
        NEW.settled_at, NEW.amount, NEW.refunded_at, NEW.refunded_amount); END;
CREATE TEMP TRIGGER \"saldo derives removed\" AFTER DELETE ON main.transactions BEGIN
    SELECT saldo_row_derived(OLD.seq, 1, OLD.direction, OLD.settled_at, OLD.amount, OLD.refunded_at, OLD.refunded_amount,
        NULL, NULL, NULL, NULL); END;
CREATE TEMP TRIGGER \"saldo derives changed\" AFTER UPDATE ON main.transactions BEGIN
    SELECT saldo_row_derived(NEW.seq,
        OLD.name IS NOT NEW.name OR OLD.document IS NOT NEW.document OR OLD.amount IS NOT NEW.amount
            OR OLD.external_reference IS NOT NEW.external_reference OR OLD.happened_at IS NOT NEW.happened_at,
        NEW.direction, OLD.settled_at, OLD.amount, OLD.refunded_at, OLD.refunded_amount,
        NEW.settled_at, NEW.amount, NEW.refunded_at, NEW.refunded_amount); END;";

impl Derived {
    /// Begins to watch the feed of `connection`.
    pub(super) fn watch(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let derived = Self::default();
        let notes = derived.clone();
        connection.create_scalar_function(
            "saldo_row_derived",
            11,
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
        let kinds = match row.get_raw(2).as_str()? {
            "in" => ["received", "refunded"],
            _ => ["paid", "returned"],
        };
        for (kind, column) in kinds.into_iter().zip([3, 5]) {
            let old: (Option<i64>, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
            let new = (row.get(column + 4)?, row.get(column + 5)?);
            if old == new {
                continue;
            }
            for ((at, amount), count) in [(old, -1), (new, 1)] {
                if let Some(at) = at {
                    let amount = amount.filter(|amount| (0..=MOST).contains(amount)).unwrap_or(0);
                    notes.push(Note::Moved { kind, minute: at / MINUTE, count, amount: count * amount });
                }
            }
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
        let (mut words, mut moved) = (BTreeSet::new(), BTreeMap::<_, (i64, i64)>::new());
        for note in self.lock().drain(..) {
            match note {
                Note::Words(seq) => {
                    words.insert(seq);
                }
                Note::Moved { kind, minute, count, amount } => {
                    let sum = moved.entry((minute, kind)).or_default();
                    *sum = (sum.0 + count, sum.1.saturating_add(amount));
                }
            }
        }
        index(connection, &words)?;
        for ((minute, kind), (count, amount)) in moved {
            write(
                connection,
                "INSERT INTO flows (minute, kind, count, amount) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO UPDATE SET count = count + excluded.count, amount = amount + excluded.amount",
                params![minute, kind, count, amount],
            )?;
        }
        Ok(())
    }
}

/// The words of the feed's rows.
const WORDS: &str =
    "SELECT seq, searchable(direction, amount, happened_at, name, document, external_reference)
     FROM transactions";

/// Takes every row of the feed into an index that is empty; how many there are.
pub(super) fn index_everything(connection: &Connection) -> Result<usize, JournalError> {
    write(connection, &format!("INSERT INTO search (rowid, words) {WORDS}"), [])
}

/// What the index holds of these rows is made anew, and enough new rows are taken in.
fn index(connection: &Connection, changed: &BTreeSet<i64>) -> Result<(), JournalError> {
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
