//! Is the journal sound? What stands in the file is what saldo wrote, and every life is what its events come to
//! ([`super::lives`]).
//!
//! It opens the file by itself, read-only, because it must work on a file that nothing else can read, and reads it in
//! one transaction, so that an owner may go on writing. A page that is damaged is a finding like any other. It reads
//! row by row: what it needs does not grow with the journal.

mod history;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row};

use super::super::JournalError;
use super::audit::{AuditHead, EVENTS, Tree};
use super::seal::{SEALS, Seal, Sum, columns, digests, quoted, sealed_tables, stored};
use super::{connect, lives, schema};
use crate::domain::alert::What;
use crate::domain::text::Safe;
use history::History;

/// Findings of one kind that are listed; past them, a last one says that there are more.
const MOST: usize = 50;

/// SQLite's page, in bytes.
const ONE_PAGE: u64 = 4096;

/// Letters of a row's name at most.
const NAME: usize = 64;

/// Something that is not as saldo left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which table, where it is about one.
    pub table: Option<String>,
    /// Which row, by its key, where that can be told.
    pub row: Option<String>,
    /// What is wrong, in words for people. It repeats nothing of a row but its key.
    pub what: String,
}

impl Finding {
    /// Whether it is about nothing but what is made of other rows: `saldo fsck --rebuild` makes that anew.
    pub fn is_derived(&self) -> bool {
        self.table
            .as_deref()
            .is_some_and(|table| table == "flows" || table == "search" || table.starts_with("search_"))
    }
}

/// `events, seq 7: is missing`
impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.table, &self.row) {
            (Some(table), Some(row)) => write!(out, "{table}, {row}: {}", self.what),
            (Some(table), None) => write!(out, "{table}: {}", self.what),
            (None, _) => out.write_str(&self.what),
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkup {
    /// Nothing where the journal is sound.
    pub findings: Vec<Finding>,
    /// The file holds nothing at all, as one whose first owner ended before it had written anything.
    pub is_empty: bool,
    /// The audit tree over the events as they are, to be noted elsewhere.
    pub head: Option<AuditHead>,
    /// How many owners the journal has had.
    pub epoch: Option<i64>,
    /// Rows that were read.
    pub rows: u64,
}

/// Checks the journal at `path`, and that it still begins with the events over which the `noted` heads were taken.
///
/// It blocks for as long as it takes to read the whole file: call it where that is allowed. An owner may be at work.
///
/// # Errors
///
/// [`JournalError::Open`] where there is no file or it may not be read, [`JournalError::Unreadable`] where it is locked
/// for too long: nothing is known then. Whatever is wrong inside is a finding.
pub fn check(path: &Path, noted: &[AuditHead]) -> Result<Checkup, JournalError> {
    if path.is_dir() {
        return Err(super::cannot_open(path, "it is a folder; the journal is a file in it"));
    }
    if !path.is_file() {
        return Err(super::cannot_open(path, "there is no such file"));
    }
    let mut checkup = Checkup::default();
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut round = Round { connection: &connection, checkup: &mut checkup };
    let objects = connection.execute_batch("BEGIN").and_then(|()| {
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
    });
    match objects {
        // A head that was noted was over something.
        // The reserve is made when the first owner has written what it begins with.
        Ok(0) if super::reserve::is_beside(path) => round.find(
            None,
            None,
            "the file holds nothing, and saldo had written to it: what it held is gone, perhaps with the -wal beside it",
        ),
        Ok(0) if noted.is_empty() => round.checkup.is_empty = true,
        Ok(_) if is_strange(&connection) => round.find(
            None,
            None,
            "this is a database, and no journal: it has none of a journal's tables. Is it the right file?",
        ),
        Ok(_) => round.run(noted)?,
        // Its first owner ended while it was making the file, which the next one finishes.
        Err(error) if is_half_made(path, &error) && noted.is_empty() => round.checkup.is_empty = true,
        Err(error) => round.unless_done(None, Err(error))?,
    }
    for kept in super::arrivals::damaged(path) {
        let what = format!(
            "some webhooks in {} cannot be read, and are not in the journal: they were damaged, or were coming in when saldo was killed and come again; compare the gateway's statement for the hours before the file's own time, and move the file away",
            kept.display()
        );
        round.find(None, None, what);
    }
    Ok(checkup)
}

/// Whether the file is another program's: none of the tables that make a journal is there.
fn is_strange(connection: &Connection) -> bool {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'events', 'seals', 'audit_tree', 'intents', 'inbox')";
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).is_ok_and(|tables| tables == 0)
}

/// Whether only the first page was ever begun: a reader may not undo that.
fn is_half_made(path: &Path, error: &rusqlite::Error) -> bool {
    let is_to_be_undone = error
        .sqlite_error()
        .is_some_and(|cause| cause.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK);
    is_to_be_undone && std::fs::metadata(path).is_ok_and(|file| file.len() <= ONE_PAGE)
}

struct Round<'a> {
    connection: &'a Connection,
    checkup: &'a mut Checkup,
}

type Step = Result<(), rusqlite::Error>;

impl Round<'_> {
    fn run(&mut self, noted: &[AuditHead]) -> Result<(), JournalError> {
        let pattern = schema::pattern()?;
        let outcome = self.integrity();
        self.unless_done(None, outcome)?;
        let outcome = self.references();
        self.unless_done(None, outcome)?;
        let outcome = self.schema(&pattern);
        self.unless_done(Some("sqlite_schema"), outcome)?;
        let outcome = self.strange_seals();
        self.unless_done(Some(SEALS), outcome)?;
        let outcome = self.sequences();
        self.unless_done(Some("sqlite_sequence"), outcome)?;
        let outcome = self.epochs();
        self.unless_done(Some("meta"), outcome)?;
        let outcome = self.relations();
        self.unless_done(None, outcome)?;
        let outcome = self.alerts();
        self.unless_done(Some("alerts"), outcome)?;
        // The tables that ought to be there; a strange one is the schema's finding.
        for table in sealed_tables(&pattern).map_err(|error| super::convert::unreadable(&error))? {
            let outcome = self.table(&table, noted);
            self.unless_done(Some(&table), outcome)?;
        }
        let outcome = self.flows();
        self.unless_done(Some("flows"), outcome)?;
        let outcome = self.search();
        self.unless_done(Some("search"), outcome)?;
        let connection = self.connection;
        let lives =
            lives::check(connection, &mut |found| self.find(found.table.as_deref(), found.row, found.what));
        match lives {
            // The cause may quote the file.
            Err(JournalError::Unreadable(_)) => {
                self.find(None, None, "the lives of the payments cannot be followed to their end");
                Ok(())
            }
            done => done,
        }
    }

    fn find(&mut self, table: Option<&str>, row: Option<String>, what: impl Into<String>) {
        let table = table.map(shown);
        let same = self.checkup.findings.iter().rev().take_while(|found| found.table == table).count();
        match same {
            0..MOST => self.checkup.findings.push(Finding { table, row, what: what.into() }),
            MOST => {
                self.checkup.findings.push(Finding { table, row: None, what: "there is more".to_owned() });
            }
            _ => {}
        }
    }

    /// What SQLite could not read is a finding, unless it says nothing about the file.
    fn unless_done(&mut self, table: Option<&str>, outcome: Step) -> Result<(), JournalError> {
        let Err(error) = outcome else { return Ok(()) };
        let what = match &error {
            rusqlite::Error::SqliteFailure(cause, _) => match cause.code {
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::CannotOpen
                | ErrorCode::PermissionDenied
                | ErrorCode::AuthorizationForStatementDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted => return Err(super::convert::unreadable(&error)),
                // The cause's own words, and not the message beside it: that may quote the file.
                _ => format!("cannot be read: {cause}"),
            },
            _ => "cannot be read: a value of the wrong type".to_owned(),
        };
        self.find(table, None, what);
        Ok(())
    }

    fn integrity(&mut self) -> Step {
        let mut statement = self.connection.prepare("PRAGMA main.integrity_check(50)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let line = text(row, 0)?;
            if line != "ok" {
                let names_the_index = line.contains("FTS5 table main.search")
                    || line.starts_with("fts5:") && line.contains("\"search\"");
                let table = names_the_index.then_some("search");
                self.find(table, None, format!("SQLite's own check: {line}"));
            }
        }
        Ok(())
    }

    /// What moved in each minute, added up anew.
    fn flows(&mut self) -> Step {
        let mut statement = self.connection.prepare(
            "SELECT minute, kind FROM (
                 SELECT minute, kind, count, amount FROM main.flows WHERE count <> 0 OR amount <> 0
                 UNION ALL SELECT at / 60000000, kind, -count(*), -sum(amount) FROM main.movements GROUP BY 1, 2
             ) GROUP BY minute, kind HAVING sum(count) <> 0 OR sum(amount) <> 0 ORDER BY 1, 2",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = format!("minute {}, {}", row.get::<_, i64>(0)?, text(row, 1)?);
            self.find(Some("flows"), Some(shown(&name)), "is not the sum of what moved in it");
        }
        Ok(())
    }

    fn references(&mut self) -> Step {
        let mut statement = self.connection.prepare("PRAGMA main.foreign_key_check")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (table, parent) = (text(row, 0)?, text(row, 2)?);
            let number = row.get::<_, Option<i64>>(1)?.map(|number| format!("rowid {number}"));
            self.find(Some(&table), number, format!("refers to a row of {parent} that is not there"));
        }
        Ok(())
    }

    /// Tables, indexes and numbers of the file, held against those of a new one.
    fn schema(&mut self, pattern: &Connection) -> Step {
        for pragma in ["user_version", "application_id"] {
            let read = |connection: &Connection| {
                connection.pragma_query_value(Some("main"), pragma, |row| row.get::<_, i64>(0))
            };
            let (found, wanted) = (read(self.connection)?, read(pattern)?);
            if found != wanted {
                let hint = if pragma == "user_version" && found > schema::known() {
                    ": a newer saldo's, or edited"
                } else {
                    ""
                };
                self.find(None, None, format!("{pragma} is {found} and ought to be {wanted}{hint}"));
            }
        }
        let mut wanted = objects(pattern)?;
        let mut statement =
            self.connection.prepare("SELECT type, name, sql FROM main.sqlite_schema ORDER BY type, name")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let object = (text(row, 0)?, text(row, 1)?);
            let (kind, name) = object.clone();
            match wanted.remove(&object) {
                Some(sql) if sql == text(row, 2)? => {}
                Some(_) => {
                    self.find(Some(&name), None, format!("the {kind} is not defined as saldo defines it"));
                }
                None => self.find(
                    Some(&name),
                    None,
                    format!("{} {kind} that saldo did not make", if kind == "index" { "an" } else { "a" }),
                ),
            }
        }
        for (kind, name) in wanted.into_keys() {
            self.find(Some(&name), None, format!("the {kind} is missing"));
        }
        Ok(())
    }

    fn strange_seals(&mut self) -> Step {
        let mut statement = self.connection.prepare(
            "SELECT table_name FROM main.seals WHERE table_name NOT IN (SELECT name FROM main.sqlite_schema WHERE type = 'table')",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = text(row, 0)?;
            self.find(Some(SEALS), Some(shown(&name)), "a seal of a table that is not there");
        }
        Ok(())
    }

    /// The rows that the search index has, against the feed's.
    fn search(&mut self) -> Step {
        // The newest rows wait for the index; it holds every row up to the last one that it has.
        let missing = "SELECT seq FROM main.transactions
                WHERE seq <= (SELECT max(id) FROM main.search_docsize)
                  AND seq NOT IN (SELECT id FROM main.search_docsize)
            UNION ALL SELECT id FROM main.search_docsize WHERE id NOT IN (SELECT seq FROM main.transactions)";
        let mut statement = self.connection.prepare(missing)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = Some(format!("seq {}", text(row, 0)?));
            self.find(Some("search"), name, "the search index and the feed do not have the same rows");
        }
        Ok(())
    }

    /// The rows of one table against its seal, and the events against their tree.
    fn table(&mut self, table: &str, noted: &[AuditHead]) -> Step {
        // An error of the tree's own table shows when that table's turn comes.
        let tree = if table == EVENTS { Tree::load(self.connection).unwrap_or_default() } else { None };
        let mut audit = (table == EVENTS).then(|| History::new(tree.as_ref(), noted));
        let order = if table == EVENTS { "ORDER BY seq" } else { "" };
        let mut seal = Seal::default();
        digests(self.connection, table, order, |_, digest| {
            seal.add(&digest);
            if let Some(audit) = &mut audit {
                audit.push(digest);
            }
            Ok::<_, rusqlite::Error>(())
        })?;
        self.checkup.rows += u64::try_from(seal.rows).unwrap_or_default();
        match stored(self.connection, table)? {
            None => self.find(Some(table), None, "has no seal: it was removed or made illegible"),
            Some(stored) if stored == seal => {}
            Some(stored) => {
                let row = self.added_row(table, seal, stored)?;
                let what = broken(seal.rows, stored.rows, row.is_some());
                self.find(Some(table), row, what);
            }
        }
        if let Some(audit) = audit {
            self.checkup.head = Some(audit.now.head());
            for what in audit.findings() {
                self.find(Some(table), None, what);
            }
        }
        Ok(())
    }

    /// The row that was added, if one row more explains the difference.
    fn added_row(&self, table: &str, found: Seal, stored: Seal) -> Result<Option<String>, rusqlite::Error> {
        if found.rows != stored.rows.wrapping_add(1) {
            return Ok(None);
        }
        let surplus = found.sum.minus(stored.sum);
        let keys = keys(self.connection, table)?;
        let mut name = None;
        digests(self.connection, table, "", |row, digest| {
            if name.is_none() && Sum::from(&digest) == surplus {
                name = Some(row_name(row, &keys)?);
            }
            Ok::<_, rusqlite::Error>(())
        })?;
        Ok(name)
    }

    /// Rows that are counted: nothing of saldo's ever removes one, so the numbers have no gap. The feed's rows that turned
    /// out to be a payment of ours have left their numbers in `absorbed`.
    fn sequences(&mut self) -> Step {
        let mut statement = self.connection.prepare(
            "SELECT name, type FROM main.sqlite_schema WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%' ORDER BY name",
        )?;
        let mut rows = statement.query([])?;
        let mut counted = Vec::new();
        while let Some(row) = rows.next()? {
            counted.push(text(row, 0)?);
        }
        for table in &counted {
            // A damaged page is that table's own finding, and the other tables are looked at all the same.
            if let Err(error) = self.sequence(table)
                && !matches!(error, rusqlite::Error::SqliteFailure(cause, _) if cause.code == ErrorCode::DatabaseCorrupt)
            {
                return Err(error);
            }
        }
        let mut statement = self.connection.prepare("SELECT name FROM main.sqlite_sequence")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = text(row, 0)?;
            if !counted.contains(&name) {
                self.find(Some("sqlite_sequence"), Some(shown(&name)), "counts a table that has no numbers");
            }
        }
        Ok(())
    }

    fn sequence(&mut self, table: &str) -> Step {
        let key = keys(self.connection, table)?
            .into_iter()
            .next()
            .map_or_else(|| "rowid".to_owned(), |key| key.name);
        let gone = if table == "transactions" { "UNION ALL SELECT seq FROM main.absorbed" } else { "" };
        let sql = format!("SELECT {} FROM main.{} {gone} ORDER BY 1", quoted(&key), quoted(table));
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut last = 0_i64;
        let gap = |round: &mut Self, from: i64, to: i64| {
            let row = if from == to { format!("{key} {from}") } else { format!("{key} {from} to {to}") };
            round.find(Some(table), Some(row), "is missing: it was removed");
        };
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            if number < 1 {
                self.find(
                    Some(table),
                    Some(format!("{key} {number}")),
                    "has a number that saldo does not give",
                );
                continue;
            }
            if number > last.saturating_add(1) {
                gap(self, last + 1, number - 1);
            }
            last = number;
        }
        let mut statement =
            self.connection.prepare("SELECT seq FROM main.sqlite_sequence WHERE name = ?1")?;
        let mut rows = statement.query([table])?;
        let mut given = None;
        while let Some(row) = rows.next()? {
            if given.replace(row.get::<_, i64>(0)?).is_some() {
                self.find(Some("sqlite_sequence"), Some(shown(table)), "is counted twice");
            }
        }
        match given {
            None if last == 0 => {}
            None => self.find(Some("sqlite_sequence"), Some(shown(table)), "has lost its count"),
            Some(given) if given > last => gap(self, last + 1, given),
            Some(given) if given < last => {
                let what = format!("counts {given} and the last row has {last}");
                self.find(Some("sqlite_sequence"), Some(shown(table)), what);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// What was passed on is in the inbox, and what was set aside stands in line no more.
    fn relations(&mut self) -> Step {
        for (table, sql, what) in [
            (
                "forward_cursors",
                "SELECT 'address ' || address FROM main.forward_cursors
                 WHERE number NOT BETWEEN 0 AND (SELECT coalesce(max(number), 0) FROM main.inbox)",
                "is beyond the inbox",
            ),
            (
                "forward_aside",
                "SELECT 'number ' || a.number FROM main.forward_aside a JOIN main.forward_cursors c USING (address)
                 WHERE a.number > c.number",
                "was set aside and stands in line as well",
            ),
            (
                "batches",
                "SELECT 'id ' || b.id FROM main.batches b WHERE b.count <> (SELECT count(*) FROM main.batch_lines WHERE batch = b.id)
                 OR b.total <> (SELECT coalesce(sum(amount), 0) FROM main.batch_lines WHERE batch = b.id)",
                "does not have as many lines, or as much, as was decided",
            ),
            (
                "batch_lines",
                "SELECT 'number ' || number || ' of batch ' || batch FROM main.batch_lines
                 WHERE json_valid(payload) = 0 OR json_extract(payload, '$.amount') IS NOT amount",
                "is not what was decided",
            ),
            (
                "handovers",
                "SELECT 'id ' || id FROM main.handovers WHERE json_valid(document) = 0 OR json_extract(document, '$.id') IS NOT id",
                "is not what was handed over",
            ),
            (
                "favourites",
                "SELECT destination FROM main.favourites f WHERE json_valid(destination) = 0 OR json_valid(person) = 0",
                "is no payee",
            ),
        ] {
            let mut statement = self.connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                self.find(Some(table), Some(shown(&text(row, 0)?)), what);
            }
        }
        Ok(())
    }

    /// What an alert is found by is what is known of it.
    fn alerts(&mut self) -> Step {
        let mut statement =
            self.connection.prepare("SELECT number, kind, subject, what FROM main.alerts ORDER BY number")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, subject) = (text(row, 1)?, text(row, 2)?);
            let what = match serde_json::from_str::<What>(&text(row, 3)?) {
                Ok(what) if what.kind().as_str() != kind => "is of another kind than it says",
                Ok(what) if what.subject() != subject => "is about something else than it says",
                Ok(_) => continue,
                Err(_) => "cannot be made sense of",
            };
            self.find(Some("alerts"), Some(format!("number {}", shown(&text(row, 0)?))), what);
        }
        Ok(())
    }

    /// Owners follow one another, and so do their attempts.
    fn epochs(&mut self) -> Step {
        let now = self.connection.prepare("SELECT value FROM main.meta WHERE key = 'epoch'").and_then(
            |mut statement| {
                let mut rows = statement.query([])?;
                rows.next()?.map(|row| text(row, 0)).transpose()
            },
        )?;
        let now = now.and_then(|text| text.parse::<i64>().ok()).filter(|now| *now >= 1);
        self.checkup.epoch = now;
        if now.is_none() {
            self.find(Some("meta"), Some("epoch".to_owned()), "is missing or no number");
        }
        for (table, owner) in [("attempts", "intent"), ("requests", "subject")] {
            self.epochs_of(table, owner, now)?;
        }
        Ok(())
    }

    /// Requests are never removed, so their rowids follow the order in which they were made.
    fn epochs_of(&mut self, table: &str, owner: &str, now: Option<i64>) -> Step {
        if !columns(self.connection, table)?.iter().any(|column| column == "epoch") {
            return Ok(());
        }
        let sql = format!("SELECT {owner}, number, epoch FROM main.{table} ORDER BY rowid");
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let keys = keys(self.connection, table)?;
        let mut last = 1;
        while let Some(row) = rows.next()? {
            let what = match row.get_ref(2)? {
                ValueRef::Integer(epoch) if now.is_some_and(|now| epoch > now) => {
                    "was made in an epoch that has not come yet"
                }
                ValueRef::Integer(epoch) if epoch >= last => {
                    last = epoch;
                    continue;
                }
                ValueRef::Integer(_) => "was made by an owner whose time was over",
                _ => "has no epoch",
            };
            let name = row_name(row, &keys)?;
            self.find(Some(table), Some(name), what);
        }
        Ok(())
    }
}

fn broken(found: i64, sealed: i64, is_told: bool) -> String {
    let rows = |count: i64| if count == 1 { "1 row".to_owned() } else { format!("{count} rows") };
    if is_told {
        "was not written by saldo: the seal does not hold it".to_owned()
    } else if found == sealed {
        format!(
            "the seal is broken: it is over {}, of which one or more are not as saldo wrote them",
            rows(sealed)
        )
    } else {
        format!("the seal is broken: it is over {}, and there are {found}", rows(sealed))
    }
}

type Objects = BTreeMap<(String, String), String>;

/// Tables, indexes and whatever else is defined: kind and name, and the definition.
fn objects(connection: &Connection) -> Result<Objects, rusqlite::Error> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM main.sqlite_schema")?;
    let mut rows = statement.query([])?;
    let mut objects = Objects::new();
    while let Some(row) = rows.next()? {
        objects.insert((text(row, 0)?, text(row, 1)?), text(row, 2)?);
    }
    Ok(objects)
}

/// A column of a primary key.
struct Key {
    name: String,
    column: usize,
}

fn keys(connection: &Connection, table: &str) -> Result<Vec<Key>, rusqlite::Error> {
    connection
        .prepare("SELECT name, cid FROM pragma_table_info(?1, 'main') WHERE pk > 0 ORDER BY pk")?
        .query_map([table], |row| {
            let column: u16 = row.get(1)?;
            Ok(Key { name: row.get(0)?, column: usize::from(column) })
        })?
        .collect()
}

/// A row by its key: `seq 7`, `intent 0191…, number 2`.
fn row_name(row: &Row<'_>, keys: &[Key]) -> Result<String, rusqlite::Error> {
    let mut names = Vec::new();
    for key in keys {
        names.push(format!("{} {}", key.name, shown(&text(row, key.column)?)));
    }
    Ok(names.join(", "))
}

/// A value as text, whatever it is: what another program has written may be of any type, and no UTF-8.
fn text(row: &Row<'_>, index: usize) -> Result<String, rusqlite::Error> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => String::new(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    })
}

/// A name of another program's choice, fit for a terminal.
fn shown(name: &str) -> String {
    Safe::new(name).as_str().chars().take(NAME).collect()
}
