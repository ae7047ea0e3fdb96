//! Reading the feed, however long it is.
//!
//! A page is found by the row's number, so it costs the same anywhere. A filter is looked for among the newest rows
//! first: what is frequent stands there, and what is rare has to be led to by an index, which the newest rows then show
//! it to be. Every row is asked itself whether it fits; an index only says where to look.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::super::{JournalError, Query, Sum, Totals};
use super::convert::{Columns, collect, first, unreadable};
use super::derived::indexed;
use super::feed::{COLUMNS, read};
use super::{flows, search};
use crate::domain::money::Centavos;
use crate::domain::query::{Field, Filter, Group, Term, Test, Words};
use crate::domain::report::Direction;
use crate::domain::transaction::{State, Transaction};

/// Rows at most in one answer, whatever was asked for.
const MOST: u32 = 100_000;

/// So many rows are looked through before an index is asked: about what opening the index costs.
const NEARBY: i64 = if cfg!(test) { 20 } else { 1_000 };

/// And so many for each row that is wanted.
const NEARBY_EACH: i64 = 5;

/// What fewer rows have is rare: an index leads to them at once.
const RARE: u32 = if cfg!(test) { 30 } else { 2_000 };

/// Rows by which it is told which of two conditions is rarer.
const SAMPLE: u16 = if cfg!(test) { 5 } else { 300 };

/// Letters from which on a word may be the beginning of an id.
const ID: usize = 6;

/// The newest rows first; with `after`, the nearest ones behind it, the newest of them first.
pub(super) fn list(connection: &Connection, query: &Query) -> Result<Vec<Transaction>, JournalError> {
    let hunt = Hunt::new(query);
    let limit = query.limit.min(MOST);
    let mut rows = hunt.find(connection, COLUMNS, limit, read, |numbers| by_seq(connection, &numbers))?;
    if query.after.is_some() {
        rows.reverse();
    }
    Ok(rows)
}

/// How many fit, up to `most`.
pub(super) fn count(connection: &Connection, query: &Query, most: u32) -> Result<u32, JournalError> {
    let found = Hunt::new(query).find(connection, "seq", most, |row| row.read("seq"), Ok)?;
    Ok(u32::try_from(found.len()).unwrap_or(most))
}

/// The row that happened last by then.
pub(super) fn at(connection: &Connection, time: Timestamp) -> Result<Option<i64>, JournalError> {
    let sql =
        "SELECT seq FROM transactions WHERE happened_at <= ?1 ORDER BY happened_at DESC, seq DESC LIMIT 1";
    first(connection, sql, [time.as_microsecond()], |row| row.read("seq"))
}

/// The rows with these numbers, in the numbers' order.
fn by_seq(connection: &Connection, numbers: &[i64]) -> Result<Vec<Transaction>, JournalError> {
    let cannot = |error: rusqlite::Error| unreadable(&error);
    let sql = format!("SELECT {COLUMNS} FROM transactions WHERE seq = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(cannot)?;
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let mut rows = statement.query([number]).map_err(cannot)?;
        found.extend(rows.next().map_err(cannot)?.map(read).transpose()?);
    }
    Ok(found)
}

/// Several statements over one state of the journal. Each by itself would also lock and unlock the file, which takes longer
/// than finding a row.
fn in_one_view<T>(
    connection: &Connection,
    ask: impl FnOnce() -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    let view = connection.is_autocommit().then(|| connection.unchecked_transaction()).transpose();
    let view = view.map_err(|error| unreadable(&error))?;
    let found = ask();
    // Nothing was written that could be kept or taken back.
    drop(view);
    found
}

/// Later than any time, in microseconds, and a whole minute.
const END_OF_TIME: i64 = 60_000_000 * (i64::MAX / 60_000_000);

/// What settled since a moment, and what is open.
pub(super) fn totals(connection: &Connection, since: Timestamp) -> Result<Totals, JournalError> {
    // What the gateway contradicts is in doubt, whatever state it has.
    let open = "SELECT count(*), coalesce(sum(t.amount), 0) FROM intents i JOIN transactions t ON t.id = i.id
                WHERE i.open = 1 AND t.conflict <> 1 AND ";
    let contradicted = sum(
        connection,
        "SELECT count(*), coalesce(sum(amount), 0) FROM transactions
         WHERE conflict = 1 AND ours = 1 AND direction = 'out'",
        [],
    )?;
    let in_doubt = sum(connection, &format!("{open} t.state IN ('unknown', 'exists', 'held')"), [])?;
    let moved = flows::between(connection, since.as_microsecond(), END_OF_TIME)?;
    Ok(Totals {
        received: moved.received,
        paid: moved.paid,
        in_flight: sum(connection, &format!("{open} t.state IN ('approved', 'accepted')"), [])?,
        in_doubt: Sum {
            count: contradicted.count.saturating_add(in_doubt.count),
            amount: contradicted.amount.checked_add(in_doubt.amount).unwrap_or(in_doubt.amount),
        },
    })
}

fn sum(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> Result<Sum, JournalError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| {
            statement.query_row(parameters, |row| {
                Ok(Sum { count: row.get(0)?, amount: Centavos::new(row.get(1)?) })
            })
        })
        .map_err(|error| unreadable(&error))
}

/// Above the one number and below the other.
type Range = (i64, i64);

/// One search: what fits, and between which rows.
struct Hunt {
    filter: Filter,
    states: Vec<State>,
    /// A row's number is above this...
    above: i64,
    /// ...and below this.
    below: i64,
    /// The oldest first.
    upwards: bool,
    condition: Condition,
}

/// SQL that is true of a row that fits, with its values in order.
#[derive(Debug, Default)]
struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn and(&mut self, negated: bool, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(if negated { " AND NOT " } else { " AND " });
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

impl Hunt {
    fn new(query: &Query) -> Self {
        let mut filter = query.filter.clone();
        let mut add = |test| filter.terms.push(Term { negated: false, test });
        if let Some(direction) = query.direction {
            add(Test::Direction(direction));
        }
        if let Some(since) = query.since {
            add(Test::Since(since));
        }
        let mut condition = Condition::default();
        match query.search.as_deref().map(Words::new) {
            Some(Some(words)) => add(Test::Text(Field::Any, words)),
            // Neither a letter nor a digit: no row has it.
            Some(None) => condition.and(false, "0", []),
            None => {}
        }
        if !query.states.is_empty() {
            condition.and(false, &states_sql(&query.states), []);
        }
        for term in &filter.terms {
            add_term(&mut condition, term);
        }
        Self {
            condition,
            states: query.states.clone(),
            above: query.after.unwrap_or(0),
            below: query.before.unwrap_or(i64::MAX),
            upwards: query.after.is_some(),
            filter,
        }
    }

    /// Whether every row fits, so that only the place decides.
    fn is_simple(&self) -> bool {
        self.condition.sql.is_empty()
    }

    fn order(&self) -> &'static str {
        if self.upwards { "ORDER BY seq" } else { "ORDER BY seq DESC" }
    }

    /// The rows that fit, in order: `columns` of them through `read`, or by their numbers through `by_seq`.
    fn find<T>(
        &self,
        connection: &Connection,
        columns: &str,
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
        by_seq: impl Fn(Vec<i64>) -> Result<Vec<T>, JournalError>,
    ) -> Result<Vec<T>, JournalError> {
        let scan = format!(
            "SELECT {columns} FROM transactions WHERE seq > ? AND seq < ?{} {} LIMIT ?",
            self.condition.sql,
            self.order()
        );
        let all = (self.above, self.below);
        if self.is_simple() {
            return collect(connection, &scan, params_from_iter(self.values(Vec::new(), all, limit)), read);
        }
        in_one_view(connection, || self.hunt(connection, (columns, &scan), limit, read, by_seq))
    }

    /// The rows that fit, where not all do.
    fn hunt<T>(
        &self,
        connection: &Connection,
        (columns, scan): (&str, &str),
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
        by_seq: impl Fn(Vec<i64>) -> Result<Vec<T>, JournalError>,
    ) -> Result<Vec<T>, JournalError> {
        if let Some(rows) = self.few(connection, columns, limit, &read)? {
            return Ok(rows);
        }
        if let Some(numbers) = self.few_of_state(connection, limit)? {
            return by_seq(numbers);
        }
        let rest = |found: &[T]| limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
        let mut found: Vec<T> = Vec::new();
        for (range, is_near) in self.divide(connection, limit)? {
            let rest = rest(&found);
            // What lies between two neighbours is nothing.
            if rest == 0 || range.1.saturating_sub(range.0) <= 1 {
                continue;
            }
            if is_near {
                let values = self.values(Vec::new(), range, rest);
                found.extend(collect(connection, scan, params_from_iter(values), &read)?);
            } else {
                found.extend(by_seq(self.far(connection, range, rest)?)?);
            }
        }
        Ok(found)
    }

    /// What is looked through row by row, as it is near or not indexed yet, and what an index leads to; in order.
    fn divide(&self, connection: &Connection, limit: u32) -> Result<[(Range, bool); 3], JournalError> {
        // Of an id, nothing is to be gained from rows that happen to be near.
        let nearby = match self.has_rare_id(connection)? {
            true => 0,
            false => NEARBY.max(i64::from(limit) * NEARBY_EACH),
        };
        let indexed = indexed(connection)?;
        let end = |seq: i64| seq.saturating_add(1);
        if self.upwards {
            let near = self.above.saturating_add(nearby).min(self.below.saturating_sub(1));
            let far = near.max(indexed.min(self.below.saturating_sub(1)));
            return Ok([
                ((self.above, end(near)), true),
                ((near, end(far)), false),
                ((far, self.below), true),
            ]);
        }
        let newest = first(connection, "SELECT max(seq) AS seq FROM transactions", [], |row| {
            row.read::<Option<i64>>("seq")
        })?;
        let top = self.below.min(end(newest.flatten().unwrap_or(0)));
        let near = top.saturating_sub(1).saturating_sub(nearby).min(indexed).max(self.above);
        Ok([((near, top), true), ((self.above, end(near)), false), ((0, 0), false)])
    }

    /// Whether a beginning of ids or references was asked for that few have.
    fn has_rare_id(&self, connection: &Connection) -> Result<bool, JournalError> {
        let Some((ids, values)) = self.beginning().or_else(|| self.ids().map(|(_, ids)| ids)) else {
            return Ok(false);
        };
        let sql = format!("SELECT count(*) AS rows FROM ({ids} LIMIT {RARE})");
        let rows = first(connection, &sql, params_from_iter(values), |row| row.read::<u32>("rows"))?;
        Ok(rows.is_some_and(|rows| rows < RARE))
    }

    /// Where a beginning was asked for that few rows have: those of them that fit, wherever they are.
    fn few<T>(
        &self,
        connection: &Connection,
        columns: &str,
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<T, JournalError>,
    ) -> Result<Option<Vec<T>>, JournalError> {
        let Some((numbers, values)) = self.beginning() else { return Ok(None) };
        if !self.has_rare_id(connection)? {
            return Ok(None);
        }
        let values = self.values(values, (self.above, self.below), limit);
        collect(connection, &self.among_sql(columns, &numbers), params_from_iter(values), read).map(Some)
    }

    /// The same where a status was asked for.
    fn few_of_state(&self, connection: &Connection, limit: u32) -> Result<Option<Vec<i64>>, JournalError> {
        let range = (self.above, self.below);
        match self.streams() {
            Some(streams) if self.is_rare(connection, &streams, range)? => {
                self.by_state(connection, &streams, range, limit).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Of the rows with these numbers, those that fit.
    fn among_sql(&self, columns: &str, numbers: &str) -> String {
        let (order, condition) = (self.order(), &self.condition.sql);
        format!(
            "SELECT {columns} FROM transactions WHERE seq IN ({numbers}) AND +seq > ? AND +seq < ?{condition} {order} LIMIT ?"
        )
    }

    /// Where no row nearby fits: by the index that says most.
    fn far(&self, connection: &Connection, range: Range, limit: u32) -> Result<Vec<i64>, JournalError> {
        let expression = |is_word: &dyn Fn(&Words) -> bool| {
            search::expression(&self.filter, is_word, || {
                let sql = "SELECT min(happened_at) AS at FROM transactions";
                first(connection, sql, [], |row| row.read::<Option<i64>>("at")).ok().flatten().flatten()
            })
        };
        let no_ids = expression(&|words| !may_be_id(words));
        if let Some(streams) = self.streams() {
            let leads = match &no_ids {
                None => true,
                Some(words) => {
                    self.state_reach(connection, &streams, range)?
                        >= self.word_reach(connection, words, range)?
                }
            };
            if leads {
                return self.by_state(connection, &streams, range, limit);
            }
        }
        let (order, condition) = (self.order(), &self.condition.sql);
        if let Some((text, (ids, mut values))) = self.ids() {
            // It may be an id or a word: it is in the one index or in the others.
            values.push(expression(&|words| words == text).unwrap_or_default().into());
            let numbers = format!("{ids} UNION SELECT rowid FROM search WHERE search MATCH ?");
            return self.ask(connection, &self.among_sql("seq", &numbers), values, range, limit);
        }
        if let Some((ids, values)) = self.beginning() {
            return self.ask(connection, &self.among_sql("seq", &ids), values, range, limit);
        }
        if let Some(expression) = no_ids {
            let order = if self.upwards { "ORDER BY search.rowid" } else { "ORDER BY search.rowid DESC" };
            let sql = format!(
                "SELECT seq FROM search CROSS JOIN transactions ON seq = search.rowid
                 WHERE search MATCH ? AND search.rowid > ? AND search.rowid < ?{condition} {order} LIMIT ?"
            );
            return self.ask(connection, &sql, vec![expression.into()], range, limit);
        }
        // Nothing but what rows are *not*: nearly all are not.
        let sql =
            format!("SELECT seq FROM transactions WHERE seq > ? AND seq < ?{condition} {order} LIMIT ?");
        self.ask(connection, &sql, Vec::new(), range, limit)
    }

    /// Runs a search whose parameters are `first`, the range, the condition's and the limit.
    fn ask(
        &self,
        connection: &Connection,
        sql: &str,
        first: Vec<Value>,
        range: Range,
        limit: u32,
    ) -> Result<Vec<i64>, JournalError> {
        let values = self.values(first, range, limit);
        collect(connection, sql, params_from_iter(values), |row| row.read("seq"))
    }

    fn values(&self, first: Vec<Value>, range: Range, limit: u32) -> Vec<Value> {
        let mut values = first;
        values.extend([range.0.into(), range.1.into()]);
        values.extend(self.condition.values.iter().cloned());
        values.push(i64::from(limit).into());
        values
    }

    /// How far one has to go for the first few rows of these states: the farther, the rarer they are.
    fn state_reach(
        &self,
        connection: &Connection,
        streams: &[(State, Direction)],
        range: Range,
    ) -> Result<i64, JournalError> {
        let sql = format!(
            "SELECT seq FROM transactions INDEXED BY transactions_state
             WHERE state = ? AND direction = ? AND seq > ? AND seq < ? {} LIMIT ?",
            self.order()
        );
        let mut found = Vec::new();
        for (state, direction) in streams {
            let values = params![state.as_str(), direction.as_str(), range.0, range.1, SAMPLE];
            found.extend(collect(connection, &sql, values, |row| row.read::<i64>("seq"))?);
        }
        self.sort(&mut found);
        Ok(found.get(usize::from(SAMPLE) - 1).map_or(i64::MAX, |seq| self.distance(*seq, range)))
    }

    /// The same of the rows that the search index leads to.
    fn word_reach(&self, connection: &Connection, words: &str, range: Range) -> Result<i64, JournalError> {
        let order = if self.upwards { "" } else { "DESC" };
        let sql = format!(
            "SELECT rowid AS seq FROM search WHERE search MATCH ?1 AND rowid > ?2 AND rowid < ?3
             ORDER BY rowid {order} LIMIT 1 OFFSET ?4"
        );
        let found = first(connection, &sql, params![words, range.0, range.1, SAMPLE - 1], |row| {
            row.read::<i64>("seq")
        })?;
        Ok(found.map_or(i64::MAX, |seq| self.distance(seq, range)))
    }

    fn distance(&self, seq: i64, range: Range) -> i64 {
        if self.upwards { seq.saturating_sub(range.0) } else { range.1.saturating_sub(seq) }
    }

    fn sort(&self, numbers: &mut [i64]) {
        if self.upwards {
            numbers.sort_unstable();
        } else {
            numbers.sort_unstable_by(|one, other| other.cmp(one));
        }
    }

    /// The states and directions that may fit, where states were asked for.
    fn streams(&self) -> Option<Vec<(State, Direction)>> {
        let groups: Vec<Group> =
            self.filter.terms.iter().filter(|term| !term.negated).filter_map(status).collect();
        if groups.is_empty() && self.states.is_empty() {
            return None;
        }
        let fits = |state: &State| {
            groups.iter().all(|group| group.takes(*state))
                && (self.states.is_empty() || self.states.iter().any(|one| one.as_str() == state.as_str()))
        };
        let direction = |state: State| match state {
            State::In(_) => Direction::In,
            State::Out(_) => Direction::Out,
        };
        Some(
            crate::domain::query::every_state().filter(fits).map(|state| (state, direction(state))).collect(),
        )
    }

    fn is_rare(
        &self,
        connection: &Connection,
        streams: &[(State, Direction)],
        range: Range,
    ) -> Result<bool, JournalError> {
        let mut left = RARE;
        for (state, direction) in streams {
            let sql = "SELECT count(*) AS rows FROM (SELECT 1 FROM transactions INDEXED BY transactions_state
                       WHERE state = ?1 AND direction = ?2 AND seq > ?3 AND seq < ?4 LIMIT ?5)";
            let values = params![state.as_str(), direction.as_str(), range.0, range.1, left];
            let found = first(connection, sql, values, |row| row.read::<u32>("rows"))?.unwrap_or(0);
            left = left.saturating_sub(found);
            if left == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Each state's rows are in order in its index, so the first of all are among the first of each.
    fn by_state(
        &self,
        connection: &Connection,
        streams: &[(State, Direction)],
        range: Range,
        limit: u32,
    ) -> Result<Vec<i64>, JournalError> {
        let sql = format!(
            "SELECT seq FROM transactions INDEXED BY transactions_state
             WHERE state = ? AND direction = ? AND seq > ? AND seq < ?{} {} LIMIT ?",
            self.condition.sql,
            self.order()
        );
        let mut found = Vec::new();
        for (state, direction) in streams {
            let stream = vec![state.as_str().to_owned().into(), direction.as_str().to_owned().into()];
            found.extend(self.ask(connection, &sql, stream, range, limit)?);
        }
        self.sort(&mut found);
        found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(found)
    }

    /// Where every text looks like the beginning of an id: the rows whose ids begin with the first of them.
    fn ids(&self) -> Option<(&Words, (String, Vec<Value>))> {
        let mut texts = self.texts(Field::Any).peekable();
        let first = *texts.peek()?;
        let others = self.filter.terms.iter().any(|term| {
            !term.negated
                && matches!(term.test, Test::Text(Field::Name | Field::Document | Field::Reference, _))
        });
        (!others && texts.all(may_be_id)).then(|| (first, begins(&IDS, first)))
    }

    /// The rows whose endToEndId or reference begins as was asked for.
    fn beginning(&self) -> Option<(String, Vec<Value>)> {
        let id = self.texts(Field::EndToEndId).next().map(|words| begins(&["end_to_end_id"], words));
        id.or_else(|| self.texts(Field::Reference).next().map(|words| begins(&["external_reference"], words)))
    }

    fn texts(&self, wanted: Field) -> impl Iterator<Item = &Words> {
        self.filter.terms.iter().filter(|term| !term.negated).filter_map(move |term| match &term.test {
            Test::Text(field, words) if *field == wanted => Some(words),
            _ => None,
        })
    }
}

fn status(term: &Term) -> Option<Group> {
    match term.test {
        Test::Status(group) => Some(group),
        _ => None,
    }
}

/// One word with a digit in it, or an UUID's.
fn may_be_id(words: &Words) -> bool {
    let text = words.as_str();
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    text.len() >= ID && has_digit && text.split(' ').all(|word| !text.contains(' ') || is_hexadecimal(word))
}

fn is_hexadecimal(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The columns of ids, each with an index.
const IDS: [&str; 4] = ["end_to_end_id", "internal_code", "transaction_id", "id"];

/// What an id or a reference is looked for as: as it was typed, or all in one case. Each is a range of an index.
fn ranges(words: &Words) -> Vec<(String, String)> {
    let typed = words.typed().trim();
    let mut spellings = vec![typed.to_owned(), typed.to_uppercase(), typed.to_lowercase()];
    spellings.sort();
    spellings.dedup();
    spellings.into_iter().map(|text| (text.clone(), format!("{text}\u{10ffff}"))).collect()
}

/// Whether one of the columns begins so.
fn begins_sql(columns: &[&str], words: &Words) -> (String, Vec<Value>) {
    in_ranges(columns, words, " OR ", |column| format!("({column} >= ? AND {column} < ?)"))
}

/// The numbers of the rows of which one of the columns begins so.
fn begins(columns: &[&str], words: &Words) -> (String, Vec<Value>) {
    in_ranges(columns, words, " UNION ", |column| {
        format!("SELECT seq FROM transactions WHERE {column} >= ? AND {column} < ?")
    })
}

/// The column, in a way that no index leads to.
fn unled(column: &str) -> String {
    format!("+{column}")
}

fn in_ranges(
    columns: &[&str],
    words: &Words,
    between: &str,
    part: impl Fn(&str) -> String,
) -> (String, Vec<Value>) {
    let (mut parts, mut values) = (Vec::new(), Vec::new());
    for column in columns {
        for (from, to) in ranges(words) {
            parts.push(part(column));
            values.extend([from.into(), to.into()]);
        }
    }
    (parts.join(between), values)
}

fn states_sql(states: &[State]) -> String {
    let words: Vec<_> = states.iter().map(|state| format!("'{}'", state.as_str())).collect();
    format!("(+state IN ({}))", words.join(", "))
}

/// The plus signs keep SQLite from taking an index for a condition: which one leads is decided here.
fn add_term(condition: &mut Condition, term: &Term) {
    let negated = term.negated;
    match &term.test {
        Test::Direction(direction) => {
            condition.and(negated, "(+direction = ?)", [direction.as_str().to_owned().into()]);
        }
        Test::Status(group) => condition.and(negated, &states_sql(&group.states().collect::<Vec<_>>()), []),
        Test::Amount(comparison, amount) => {
            let sql = format!("coalesce(amount {} ?, 0)", comparison.as_str());
            condition.and(negated, &sql, [amount.get().into()]);
        }
        Test::Since(at) => condition.and(negated, "(+happened_at >= ?)", [at.as_microsecond().into()]),
        Test::Until(at) => condition.and(negated, "(+happened_at < ?)", [at.as_microsecond().into()]),
        Test::Text(field, words) => {
            let text: Value = words.as_str().to_owned().into();
            let (sql, values) = match field {
                Field::Name => ("has_words(?, name)".to_owned(), vec![text]),
                Field::Document => ("has_document(?, document)".to_owned(), vec![text]),
                Field::Reference => begins_sql(&["+external_reference"], words),
                Field::EndToEndId => begins_sql(&["+end_to_end_id"], words),
                Field::Any => {
                    let (ids, ranges) = match may_be_id(words) {
                        true => begins_sql(&IDS.map(unled).each_ref().map(String::as_str), words),
                        false => ("0".to_owned(), Vec::new()),
                    };
                    let sql = format!(
                        "has_words(?, name, external_reference) OR has_document(?, document) OR {ids}"
                    );
                    (sql, [text.clone(), text].into_iter().chain(ranges).collect())
                }
            };
            // What a row does not have does not fit.
            condition.and(negated, &format!("coalesce({sql}, 0)"), values);
        }
    }
}

#[cfg(test)]
mod tests;
