//! Seals: for every table, how many rows it has and the sum of their digests.
//!
//! A sum does not care for the order of rows, and a change costs the same however large the table is: the old row's
//! digest goes out, the new one's comes in. Whatever another program changes, removes, repeats or adds leaves the sum
//! behind, and [`super::check`] finds it. Nothing keeps such a program from editing.
//!
//! The changes are seen by temporary triggers on the writer's own connection: they are part of no file, so no other
//! program meets them, and they live as long as the owner. They call functions that keep the [`Ledger`] in memory; the
//! group commit writes it down once, in the transaction that it describes. (SQLite's pre-update hook would see the same
//! but can refuse nothing, and its Rust binding needs a C parser to build.)
//!
//! What is undone in the database has to be undone in the ledger by the writer, savepoint by savepoint. That the two
//! have not come apart is checked after each work: SQLite's own count of changed rows must be the ledger's.
//!
//! The sum is modulo 2^256 over SHA-256. A forger with a computer could find other rows with the same sum; but there is
//! no key in a seal, so a forger would rather write the seal too. Against that stands the audit head that somebody has
//! noted elsewhere, and a costlier sum would add nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params};

use super::super::JournalError;
use super::audit::{EVENTS, Tree};
use super::convert::{unwritable, write};
use super::digest::{Digest, Rows};

/// The table of the seals, which cannot hold its own.
pub(super) const SEALS: &str = "seals";

/// A sum of digests modulo 2^256, least significant limb first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sum([u64; 4]);

impl Sum {
    pub(super) fn add(self, digest: &Digest) -> Self {
        self.plus(Self::from(digest))
    }

    pub(super) fn remove(self, digest: &Digest) -> Self {
        self.minus(Self::from(digest))
    }

    /// What has to be added to `other` to get this.
    pub(super) fn minus(self, other: Self) -> Self {
        // Two's complement: minus is plus of the inverse, plus one.
        self.plus(Self(other.0.map(|limb| !limb))).plus(Self([1, 0, 0, 0]))
    }

    fn plus(mut self, other: Self) -> Self {
        let mut carry = false;
        for (limb, more) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = limb.overflowing_add(more);
            let (sum, again) = sum.overflowing_add(u64::from(carry));
            (*limb, carry) = (sum, over || again);
        }
        self
    }

    fn to_bytes(self) -> Digest {
        let mut bytes = [0; 32];
        for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().rev().zip(self.0) {
            *chunk = limb.to_be_bytes();
        }
        bytes
    }
}

impl From<&Digest> for Sum {
    fn from(digest: &Digest) -> Self {
        let mut sum = Self::default();
        for (limb, chunk) in sum.0.iter_mut().zip(digest.as_chunks::<8>().0.iter().rev()) {
            *limb = u64::from_be_bytes(*chunk);
        }
        sum
    }
}

impl FromSql for Sum {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let digest: &Digest = value.as_blob()?.try_into().map_err(|_| FromSqlError::InvalidType)?;
        Ok(Self::from(digest))
    }
}

impl ToSql for Sum {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(Value::Blob(self.to_bytes().to_vec())))
    }
}

/// What is kept of one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Seal {
    pub(super) rows: i64,
    pub(super) sum: Sum,
}

impl Seal {
    pub(super) fn add(&mut self, digest: &Digest) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.add(digest);
    }

    fn remove(&mut self, digest: &Digest) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.remove(digest);
    }
}

/// What a savepoint can take back.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// By table. `None` where the file has lost it: it is not made anew, so that the check says so.
    seals: Vec<Option<Seal>>,
    changed: Vec<bool>,
    tree: Option<Tree>,
    tree_changed: bool,
    /// Rows that were added, changed or removed, ever.
    changes: u64,
}

impl State {
    fn copy_from(&mut self, other: &Self) {
        self.seals.clone_from(&other.seals);
        self.changed.clone_from(&other.changed);
        match (&mut self.tree, &other.tree) {
            (Some(mine), Some(other)) => mine.copy_from(other),
            (mine, other) => mine.clone_from(other),
        }
        self.tree_changed = other.tree_changed;
        self.changes = other.changes;
    }
}

#[derive(Debug)]
struct Inner {
    tables: Vec<String>,
    events: Option<usize>,
    now: State,
    rows: Rows,
}

/// The seals and the audit tree of the owner's own changes. Clones are one ledger.
#[derive(Debug, Clone)]
pub(super) struct Ledger(Arc<Mutex<Inner>>);

impl Ledger {
    /// Begins to watch the tables of `connection`, from what the file says of them. Called within a transaction.
    pub(super) fn watch(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let tables = sealed_tables(connection)?;
        let mut seals = Vec::with_capacity(tables.len());
        for table in &tables {
            seals.push(stored(connection, table)?);
        }
        let ledger = Self(Arc::new(Mutex::new(Inner {
            events: tables.iter().position(|table| table == EVENTS),
            now: State {
                changed: vec![false; tables.len()],
                seals,
                tree: Tree::load(connection)?,
                ..State::default()
            },
            rows: Rows::default(),
            tables: tables.clone(),
        })));
        ledger.install_functions(connection)?;
        for (number, table) in tables.iter().enumerate() {
            connection.execute_batch(&triggers(number, table, &columns(connection, table)?))?;
        }
        Ok(ledger)
    }

    fn install_functions(&self, connection: &Connection) -> Result<(), rusqlite::Error> {
        let flags = FunctionFlags::SQLITE_UTF8;
        let ledger = self.clone();
        connection.create_scalar_function("saldo_row_added", -1, flags, move |row| {
            ledger.see(row, |_, new| (None, Some(new)))
        })?;
        let ledger = self.clone();
        connection.create_scalar_function("saldo_row_removed", -1, flags, move |row| {
            ledger.see(row, |_, old| (Some(old), None))
        })?;
        let ledger = self.clone();
        connection.create_scalar_function("saldo_row_changed", -1, flags, move |row| {
            ledger.see(row, |middle, _| (Some(1..middle), Some(middle..row.len())))
        })
    }

    /// Takes in a change: the first argument is the table's number, the others are its values, as `which` divides them.
    fn see(
        &self,
        arguments: &Context<'_>,
        which: impl Fn(usize, Span) -> (Option<Span>, Option<Span>),
    ) -> rusqlite::Result<Option<i64>> {
        let table = usize::from(arguments.get::<u16>(0)?);
        let (old, new) = which(arguments.len().div_ceil(2), 1..arguments.len());
        let inner = &mut *self.lock();
        let name = inner.tables.get(table).ok_or(rusqlite::Error::InvalidQuery)?;
        let mut digest = |span: Span| inner.rows.digest(name, span.map(|index| arguments.get_raw(index)));
        let (old, new) = (old.map(&mut digest), new.map(&mut digest));
        let now = &mut inner.now;
        now.changes = now.changes.wrapping_add(1);
        if let Some(changed) = now.changed.get_mut(table) {
            *changed = true;
        }
        if let Some(seal) = now.seals.get_mut(table).and_then(Option::as_mut) {
            if let Some(digest) = &old {
                seal.remove(digest);
            }
            if let Some(digest) = &new {
                seal.add(digest);
            }
        }
        if let Some(leaf) = new.filter(|_| inner.events == Some(table))
            && let Some(tree) = &mut now.tree
        {
            tree.push(leaf);
            now.tree_changed = true;
        }
        Ok(None)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // One thread alone changes it; a panic of its own ends that thread, so nobody meets a half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a savepoint may have to go back to.
    pub(super) fn save(&self, into: &mut State) {
        into.copy_from(&self.lock().now);
    }

    /// Goes back to what was saved.
    pub(super) fn restore(&self, from: &State) {
        self.lock().now.copy_from(from);
    }

    /// How many changed rows it has seen since then.
    pub(super) fn changes_since(&self, then: &State) -> u64 {
        self.lock().now.changes.wrapping_sub(then.changes)
    }

    #[cfg(test)]
    fn changes(&self) -> u64 {
        self.changes_since(&State::default())
    }

    /// Forgets what the seal of a table was over: it has been emptied to be made anew.
    pub(super) fn begin_anew(&self, table: &str) {
        let inner = &mut *self.lock();
        let Some(number) = inner.tables.iter().position(|name| name == table) else { return };
        if let (Some(seal), Some(changed)) =
            (inner.now.seals.get_mut(number), inner.now.changed.get_mut(number))
        {
            (*seal, *changed) = (Some(Seal::default()), true);
        }
    }

    /// Writes down what has changed since the last time. The caller restores the ledger if the commit fails.
    pub(super) fn store(&self, connection: &Connection) -> Result<(), JournalError> {
        // The row of the tree is sealed too, so it comes first; its trigger takes the lock.
        let tree = {
            let now = &mut self.lock().now;
            std::mem::take(&mut now.tree_changed).then(|| now.tree.clone()).flatten()
        };
        if let Some(tree) = tree {
            tree.store(connection)?;
        }
        let inner = &mut *self.lock();
        let now = &mut inner.now;
        for ((table, changed), seal) in inner.tables.iter().zip(&mut now.changed).zip(&now.seals) {
            if std::mem::take(changed)
                && let Some(seal) = seal
            {
                let sql = "UPDATE seals SET rows = ?2, sum = ?3 WHERE table_name = ?1";
                write(connection, sql, params![table, seal.rows, seal.sum])?;
            }
        }
        Ok(())
    }
}

type Span = std::ops::Range<usize>;

/// Every table that has a seal, in the order of their names. What is made of other rows and can be made again (the search
/// index, whose pages SQLite arranges as it likes) has none.
pub(super) fn sealed_tables(connection: &Connection) -> Result<Vec<String>, rusqlite::Error> {
    connection
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'search' AND name NOT LIKE 'search\\_%' ESCAPE '\\' AND name <> ?1 ORDER BY name")?
        .query_map([SEALS], |row| row.get(0))?
        .collect()
}

/// The columns of a table in their order.
pub(super) fn columns(connection: &Connection, table: &str) -> Result<Vec<String>, rusqlite::Error> {
    connection
        .prepare("SELECT name FROM pragma_table_info(?1, 'main') ORDER BY cid")?
        .query_map([table], |row| row.get(0))?
        .collect()
}

pub(super) fn stored(connection: &Connection, table: &str) -> Result<Option<Seal>, rusqlite::Error> {
    let mut statement =
        connection.prepare_cached("SELECT rows, sum FROM main.seals WHERE table_name = ?1")?;
    let mut rows = statement.query([table])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    match (row.get(0), row.get(1)) {
        (Ok(rows), Ok(sum)) => Ok(Some(Seal { rows, sum })),
        // Not a seal: as good as none.
        _ => Ok(None),
    }
}

/// Reads every row of a table, in `order`, and hands its digest to `each`.
pub(super) fn digests<E: From<rusqlite::Error>>(
    connection: &Connection,
    table: &str,
    order: &str,
    mut each: impl FnMut(&rusqlite::Row<'_>, Digest) -> Result<(), E>,
) -> Result<(), E> {
    let mut statement = connection.prepare(&format!("SELECT * FROM main.{} {order}", quoted(table)))?;
    let count = statement.column_count();
    let mut rows = statement.query([])?;
    let mut hasher = Rows::default();
    while let Some(row) = rows.next()? {
        // `get_ref` fails for a column beyond the last one alone, and there is none.
        let values = (0..count).map(|index| row.get_ref(index).unwrap_or(ValueRef::Null));
        let digest = hasher.digest(table, values);
        each(row, digest)?;
    }
    Ok(())
}

/// A table that is not what its seal is over, or has none; `but` is not looked at.
pub(super) fn first_broken(
    connection: &Connection,
    but: Option<&str>,
) -> Result<Option<String>, rusqlite::Error> {
    for table in sealed_tables(connection)? {
        if Some(table.as_str()) == but {
            continue;
        }
        let mut seal = Seal::default();
        digests(connection, &table, "", |_, digest| {
            seal.add(&digest);
            Ok::<_, rusqlite::Error>(())
        })?;
        if stored(connection, &table)? != Some(seal) {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// Seals every table as it is: once, after a migration has made or changed them.
pub(super) fn seal_everything(connection: &Connection) -> Result<(), JournalError> {
    let cannot = |error: rusqlite::Error| unwritable(&error);
    write(connection, "DELETE FROM seals", [])?;
    for table in sealed_tables(connection).map_err(cannot)? {
        let mut seal = Seal::default();
        digests(connection, &table, "", |_, digest| {
            seal.add(&digest);
            Ok(())
        })
        .map_err(cannot)?;
        let sql = "INSERT INTO seals (table_name, rows, sum) VALUES (?1, ?2, ?3)";
        write(connection, sql, params![table, seal.rows, seal.sum])?;
    }
    Ok(())
}

/// A name as SQL takes it, whatever is in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The temporary triggers of one table. Of `events` nothing is ever changed or removed.
fn triggers(number: usize, table: &str, columns: &[String]) -> String {
    let values =
        |row: &str| columns.iter().map(|column| format!(", {row}.{}", quoted(column))).collect::<String>();
    let (old, new, on) = (values("OLD"), values("NEW"), quoted(table));
    let name = |what: &str| quoted(&format!("saldo {what} {table}"));
    let (added, changed, removed) = (name("added"), name("changed"), name("removed"));
    let add = format!(
        "CREATE TEMP TRIGGER {added} AFTER INSERT ON main.{on}
         BEGIN SELECT saldo_row_added({number}{new}); END;"
    );
    let rest = if table == EVENTS {
        format!(
            "CREATE TEMP TRIGGER {changed} BEFORE UPDATE ON main.{on}
             BEGIN SELECT RAISE(ABORT, 'an event is never changed'); END;
             CREATE TEMP TRIGGER {removed} BEFORE DELETE ON main.{on}
             BEGIN SELECT RAISE(ABORT, 'an event is never removed'); END;"
        )
    } else {
        format!(
            "CREATE TEMP TRIGGER {changed} AFTER UPDATE ON main.{on}
             BEGIN SELECT saldo_row_changed({number}{old}{new}); END;
             CREATE TEMP TRIGGER {removed} AFTER DELETE ON main.{on}
             BEGIN SELECT saldo_row_removed({number}{old}); END;"
        )
    };
    add + &rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_carries_and_takes_back() {
        let mut one = [0; 32];
        one[31] = 1;
        let full = [0xff; 32];
        let sum = Sum::default().add(&full);
        assert_eq!(sum.add(&one), Sum::default());
        assert_eq!(Sum::default().remove(&one), sum);
        assert_eq!(sum.to_bytes(), full);
        let mut middle = [0; 32];
        middle[23] = 1;
        let mut below = [0; 32];
        below[24..].fill(0xff);
        assert_eq!(Sum::default().add(&below).add(&one), Sum::from(&middle));
        assert_eq!(Sum::from(&middle).minus(Sum::from(&below)), Sum::from(&one));
    }

    fn watched() -> (Connection, Ledger) {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema.sql")).unwrap();
        connection
            .execute_batch("CREATE TABLE \"odd \"\" name\" (\"a \"\" b\" TEXT PRIMARY KEY, n);")
            .unwrap();
        seal_everything(&connection).unwrap();
        let ledger = Ledger::watch(&connection).unwrap();
        (connection, ledger)
    }

    /// Whether the file says what is there.
    fn holds(connection: &Connection) -> bool {
        sealed_tables(connection).unwrap().iter().all(|table| {
            let mut seal = Seal::default();
            let each = |_: &rusqlite::Row<'_>, digest| {
                seal.add(&digest);
                Ok::<_, rusqlite::Error>(())
            };
            digests(connection, table, "", each).unwrap();
            stored(connection, table).unwrap() == Some(seal)
        })
    }

    #[test]
    fn every_kind_of_change_is_sealed() {
        let (connection, ledger) = watched();
        assert!(holds(&connection));
        for sql in [
            "INSERT INTO \"odd \"\" name\" VALUES ('x', 1), ('y', 2.5), ('z', NULL)",
            "UPDATE \"odd \"\" name\" SET n = x'00' WHERE n IS NULL",
            "UPDATE \"odd \"\" name\" SET \"a \"\" b\" = 'w' WHERE n = 1",
            "DELETE FROM \"odd \"\" name\" WHERE n = 2.5",
            "INSERT INTO events (subject, at, event) VALUES ('s', '12', '{}')",
            "INSERT INTO meta VALUES ('a', 7)",
            "DELETE FROM meta",
        ] {
            let before = (connection.total_changes(), ledger.changes());
            connection.execute(sql, []).unwrap();
            assert_eq!(connection.total_changes() - before.0, ledger.changes() - before.1, "{sql}");
            assert!(!holds(&connection), "{sql}");
            ledger.store(&connection).unwrap();
            assert!(holds(&connection), "{sql}");
        }
        assert_eq!(super::super::audit::head(&connection).unwrap().size, 1);
    }

    #[test]
    fn a_replaced_row_shows_as_changes_that_do_not_add_up() {
        let (connection, ledger) = watched();
        connection.pragma_update(None, "recursive_triggers", true).unwrap();
        connection.execute("INSERT INTO meta VALUES ('a', '1')", []).unwrap();
        let before = (connection.total_changes(), ledger.changes());
        connection.execute("REPLACE INTO meta VALUES ('a', '2')", []).unwrap();
        assert_ne!(connection.total_changes() - before.0, ledger.changes() - before.1);
    }

    #[test]
    fn events_are_only_ever_added() {
        let (connection, ledger) = watched();
        connection.execute("INSERT INTO events (subject, at, event) VALUES ('s', 1, '{}')", []).unwrap();
        ledger.store(&connection).unwrap();
        for sql in
            ["UPDATE events SET at = 2", "DELETE FROM events", "REPLACE INTO events VALUES (1, 's', 1, '{}')"]
        {
            connection.pragma_update(None, "recursive_triggers", true).unwrap();
            let error = connection.execute(sql, []).unwrap_err();
            assert!(error.to_string().contains("an event is never"), "{sql}: {error}");
            assert!(holds(&connection));
        }
    }

    #[test]
    fn what_is_rolled_back_is_restored() {
        let (connection, ledger) = watched();
        let mut saved = State::default();
        ledger.save(&mut saved);
        connection
            .execute_batch("BEGIN; INSERT INTO events (subject, at, event) VALUES ('s', 1, '{}')")
            .unwrap();
        connection.execute_batch("ROLLBACK").unwrap();
        ledger.restore(&saved);
        ledger.store(&connection).unwrap();
        assert!(holds(&connection));
        assert_eq!(super::super::audit::head(&connection).unwrap().size, 0);
    }

    #[test]
    fn a_seal_that_is_gone_stays_gone() {
        let (connection, _) = watched();
        connection.execute("DELETE FROM seals WHERE table_name = 'meta'", []).unwrap();
        connection.execute("UPDATE seals SET sum = x'00' WHERE table_name = 'inbox'", []).unwrap();
        let (connection, ledger) = (&connection, reopen(&connection));
        connection.execute("INSERT INTO meta VALUES ('a', '1')", []).unwrap();
        connection.execute("INSERT INTO inbox (received_at, body) VALUES (1, x'')", []).unwrap();
        ledger.store(connection).unwrap();
        assert_eq!(stored(connection, "meta").unwrap(), None);
        assert_eq!(stored(connection, "inbox").unwrap(), None);
    }

    /// As the next owner finds it.
    fn reopen(connection: &Connection) -> Ledger {
        let names: Vec<String> = connection
            .prepare("SELECT name FROM temp.sqlite_schema WHERE type = 'trigger'")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        for name in names {
            connection.execute_batch(&format!("DROP TRIGGER temp.{}", quoted(&name))).unwrap();
        }
        Ledger::watch(connection).unwrap()
    }
}
