//! What the journal knew at a time.
//!
//! Rows, events, webhooks and alerts have numbers in the order in which they were written, so the time is looked up once, by
//! halving, as a number in each ("the cut"), and everything else is asked by that number. Where the machine's clock was set
//! back, the order of writing decides. Nothing here reads more than it gives, but for the few thousand rows after the cut in
//! which what came late is looked for.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::super::past::{Known, LATE, Moved, Open, Past, PastReader, PastRow, Towards};
use super::super::{Answer, Intent, JournalError, Stored, StoredRebalance, Sum};
use super::convert::{Columns, collect, first, to_time, to_uuid};
use super::feed::{COLUMNS, Projection, delivery, read};
use super::{SqliteJournal, SqliteReader, alerts, asked, flows, intents, rebalances};
use crate::domain::balance::Reading;
use crate::domain::cash_in::Charge;
use crate::domain::cash_out;
use crate::domain::rebalance;
use crate::domain::report::Direction;
use crate::domain::request;
use crate::domain::transaction::Transaction;

/// Payments that are folded for the sums of what was open: each costs a fold.
const FOLDED: usize = 500;

/// Webhooks about one row that are read again.
const WEBHOOKS: u32 = 50;

/// A table whose rows are numbered in the order of their writing.
#[derive(Clone, Copy)]
struct Numbered {
    table: &'static str,
    number: &'static str,
    written: &'static str,
}

const ROWS: Numbered = Numbered { table: "transactions", number: "seq", written: "created_at" };
const EVENTS: Numbered = Numbered { table: "events", number: "seq", written: "at" };
const WEBHOOKS_TAKEN: Numbered = Numbered { table: "inbox", number: "number", written: "received_at" };
const ALERTS: Numbered = Numbered { table: "alerts", number: "number", written: "began_at" };

impl Numbered {
    /// The last number that was written by then; 0 where there was none.
    fn cut(self, connection: &Connection, at: i64) -> Result<i64, JournalError> {
        let Self { table, number, written } = self;
        let (mut known, mut unknown) = (0, self.last(connection)?.saturating_add(1));
        let sql = format!(
            "SELECT {number} AS number, {written} AS written FROM {table} WHERE {number} > ?1 ORDER BY {number} LIMIT 1"
        );
        while unknown - known > 1 {
            let middle = known + (unknown - known) / 2;
            // Numbers may be missing: the next one that is there stands for those before it.
            let found = first(connection, &sql, [middle - 1], |row| {
                Ok((row.read::<i64>("number")?, row.read::<i64>("written")?))
            })?;
            match found {
                Some((number, written)) if number < unknown && written <= at => known = number,
                _ => unknown = middle,
            }
        }
        Ok(known)
    }

    fn last(self, connection: &Connection) -> Result<i64, JournalError> {
        let Self { table, number, .. } = self;
        let sql = format!("SELECT max({number}) AS number FROM {table}");
        Ok(first(connection, &sql, [], |row| row.read::<Option<i64>>("number"))?.flatten().unwrap_or(0))
    }

    /// When the row after the cut was written, or the last one before `at`.
    fn next_to(
        self,
        connection: &Connection,
        at: i64,
        towards: Towards,
    ) -> Result<Option<i64>, JournalError> {
        let Self { table, number, written } = self;
        let read = |row: &rusqlite::Row<'_>| row.read::<i64>("written");
        match towards {
            Towards::Later => {
                let cut = self.cut(connection, at)?;
                let sql = format!(
                    "SELECT {written} AS written FROM {table} WHERE {number} > ?1 ORDER BY {number} LIMIT 1"
                );
                first(connection, &sql, [cut], read)
            }
            Towards::Earlier => {
                let cut = self.cut(connection, at.saturating_sub(1))?;
                let sql = format!(
                    "SELECT {written} AS written FROM {table} WHERE {number} <= ?1 ORDER BY {number} DESC LIMIT 1"
                );
                first(connection, &sql, [cut], read)
            }
        }
    }
}

/// The number of the last event by a time (microseconds UTC).
pub(super) fn events_by(connection: &Connection, at: i64) -> Result<i64, JournalError> {
    EVENTS.cut(connection, at)
}

/// The last number of each table by a time.
struct Cuts {
    rows: i64,
    events: i64,
    webhooks: i64,
}

fn past(
    connection: &Connection,
    at: Timestamp,
    midnight: Timestamp,
    rows: u32,
) -> Result<Past, JournalError> {
    let now = at.as_microsecond();
    let cuts = Cuts {
        rows: ROWS.cut(connection, now)?,
        events: EVENTS.cut(connection, now)?,
        webhooks: WEBHOOKS_TAKEN.cut(connection, now)?,
    };
    let (balance, next_balance) = balance(connection, now)?;
    let (open, late_of_ours) = open(connection, &cuts, now)?;
    let (rows, has_more) = window(connection, &cuts, now, rows)?;
    Ok(Past {
        at,
        balance,
        next_balance,
        moved: moved(connection, &cuts, (midnight.as_microsecond(), now), late_of_ours)?,
        open,
        rows,
        has_more,
        alerts: alerts::stood(connection, ALERTS.cut(connection, now)?, at)?,
        rebalances_in_doubt: rebalances_in_doubt(connection, &cuts, now)?,
    })
}

/// The last balance that is kept of those read by then, and when the one after it was read. A row stands for the same balance
/// from its first reading to its last.
pub(super) fn balance(
    connection: &Connection,
    at: i64,
) -> Result<(Option<Reading>, Option<Timestamp>), JournalError> {
    let reading = |row: &rusqlite::Row<'_>| {
        let fetched = row.read::<i64>("fetched_at")?.min(at);
        Ok((
            row.read::<i64>("first_at")?,
            Reading { balance: row.json("balance")?, fetched_at: to_time(fetched)? },
        ))
    };
    let next = first(
        connection,
        "SELECT first_at, fetched_at, balance FROM balances WHERE fetched_at >= ?1 ORDER BY fetched_at LIMIT 1",
        [at],
        reading,
    )?;
    match next {
        Some((first_at, reading)) if first_at <= at => Ok((Some(reading), None)),
        next => {
            let last = first(
                connection,
                "SELECT first_at, fetched_at, balance FROM balances WHERE fetched_at < ?1 ORDER BY fetched_at DESC LIMIT 1",
                [at],
                reading,
            )?;
            let next = next.map(|(first_at, _)| to_time(first_at)).transpose()?;
            Ok((last.map(|(_, reading)| reading), next))
        }
    }
}

/// The newest rows by the cut, each as it stood.
fn window(
    connection: &Connection,
    cuts: &Cuts,
    at: i64,
    limit: u32,
) -> Result<(Vec<PastRow>, bool), JournalError> {
    let mut found = collect(
        connection,
        &format!("SELECT {COLUMNS} FROM transactions WHERE seq <= ?1 ORDER BY seq DESC LIMIT ?2"),
        params![cuts.rows, limit.saturating_add(1)],
        read,
    )?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        if let Some(row) = as_it_stood(connection, row, cuts, at)? {
            rows.push(row);
        }
    }
    Ok((rows, has_more))
}

fn as_it_stood(
    connection: &Connection,
    row: Transaction,
    cuts: &Cuts,
    at: i64,
) -> Result<Option<PastRow>, JournalError> {
    if row.updated_at.as_microsecond() <= at {
        return Ok(Some(PastRow { row, known: Known::Unchanged }));
    }
    if row.ours {
        let stood = match row.direction {
            Direction::Out => payment(connection, row.id, cuts.events)?.map(|intent| Projection::of(&intent)),
            Direction::In => {
                charge(connection, row.id, cuts.events)?.map(|charge| Projection::of_charge(&charge))
            }
        };
        return stood.map(|stood| Ok(PastRow { row: stood.fill(&row)?, known: Known::ByEvents })).transpose();
    }
    let mut told = collect(
        connection,
        "SELECT received_at, event_id, signature, content_type, body FROM inbox
         WHERE subject = ?1 AND number <= ?2 ORDER BY number DESC LIMIT ?3",
        params![row.id.to_string(), cuts.webhooks, WEBHOOKS],
        delivery,
    )?;
    told.reverse();
    Ok(Some(PastRow { row, known: Known::ToRead(told) }))
}

fn events_until<E: serde::de::DeserializeOwned>(
    connection: &Connection,
    subject: Uuid,
    cut: i64,
) -> Result<Vec<E>, JournalError> {
    collect(
        connection,
        "SELECT event FROM events WHERE subject = ?1 AND seq <= ?2 ORDER BY seq",
        params![subject.to_string(), cut],
        |row| row.json("event"),
    )
}

fn illegible(id: Uuid) -> JournalError {
    JournalError::Unreadable(format!("the life of {id} cannot be folded: `saldo fsck` says what is wrong"))
}

/// A payment as its events by the cut make it. `None`: it was not decided yet.
fn payment(connection: &Connection, id: Uuid, cut: i64) -> Result<Option<Intent>, JournalError> {
    let events = events_until::<cash_out::Event>(connection, id, cut)?;
    let Some(last) = events.last().map(cash_out::Event::at) else { return Ok(None) };
    let cash_out = cash_out::fold(&events).map_err(|_| illegible(id))?;
    let known = intents::by_id(connection, id)?;
    Ok(known.map(|known| Intent { cash_out, updated_at: last, ..known }))
}

fn charge(connection: &Connection, id: Uuid, cut: i64) -> Result<Option<Stored<Charge>>, JournalError> {
    let events = events_until::<request::Event<<Charge as request::Asked>::Terms>>(connection, id, cut)?;
    let Some(last) = events.last().map(request::Event::at) else { return Ok(None) };
    let asked = request::fold::<Charge>(&events).map_err(|_| illegible(id))?;
    let known = asked::by_id::<Charge>(connection, id)?;
    Ok(known.map(|known| Stored { asked, updated_at: last, ..known }))
}

/// What of our cash-outs was open, and those of them that had settled by the gateway's time without saldo knowing.
fn open(connection: &Connection, cuts: &Cuts, at: i64) -> Result<(Open, Sum), JournalError> {
    // What was open then is open still, or something happened to it since.
    let mut subjects = collect(
        connection,
        "SELECT id AS subject FROM intents WHERE open = 1 AND created_at <= ?1",
        [at],
        |row| row.read::<String>("subject"),
    )?;
    let later = collect(
        connection,
        "SELECT subject FROM events WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        params![cuts.events, LATE],
        |row| row.read::<String>("subject"),
    )?;
    let mut at_least = later.len() >= usize::try_from(LATE).unwrap_or(usize::MAX);
    subjects.extend(later);
    let mut seen = HashSet::new();
    subjects.retain(|subject| seen.insert(subject.clone()));
    let (mut open, mut late, mut folded) = (Open::default(), Sum::default(), 0);
    for subject in subjects {
        if folded >= FOLDED {
            at_least = true;
            break;
        }
        let id = to_uuid(&subject)?;
        let decided = first(connection, "SELECT created_at FROM intents WHERE id = ?1", [&subject], |row| {
            row.read::<i64>("created_at")
        })?;
        if decided.is_none_or(|decided| decided > at) {
            continue;
        }
        folded += 1;
        let Some(intent) = payment(connection, id, cuts.events)? else { continue };
        let pay = &intent.cash_out;
        if pay.state == cash_out::State::Completed && !pay.conflict {
            continue;
        }
        let settled = first(
            connection,
            "SELECT amount, settled_at AS at FROM transactions WHERE id = ?1 AND settled_at <= ?2",
            params![subject, at],
            |row| Ok((row.read::<Option<i64>>("amount")?.unwrap_or(0), row.read::<i64>("at")?)),
        )?;
        if let Some((amount, _)) = settled.filter(|_| pay.state != cash_out::State::Completed) {
            add(&mut late, amount);
        }
        let amount = intent.order.amount.get();
        match pay.state {
            _ if pay.conflict && (!pay.state.is_final() || pay.on_the_wire) => {
                add(&mut open.in_doubt, amount);
            }
            state if state.is_in_doubt() => add(&mut open.in_doubt, amount),
            cash_out::State::Approved | cash_out::State::Accepted => add(&mut open.in_flight, amount),
            _ => {}
        }
    }
    open.at_least = at_least;
    Ok((open, late))
}

fn add(sum: &mut Sum, amount: i64) {
    sum.count = sum.count.saturating_add(1);
    sum.amount = crate::domain::money::Centavos::new(sum.amount.get().saturating_add(amount));
}

fn without(sum: Sum, late: Sum) -> Sum {
    Sum {
        count: sum.count.saturating_sub(late.count),
        amount: crate::domain::money::Centavos::new(sum.amount.get().saturating_sub(late.amount.get())),
    }
}

/// What moved within the day, without what saldo learned of later.
fn moved(
    connection: &Connection,
    cuts: &Cuts,
    (midnight, at): (i64, i64),
    late_of_ours: Sum,
) -> Result<Moved, JournalError> {
    let flow = flows::between(connection, midnight, at.saturating_add(1))?;
    let late = |direction: Direction| -> Result<Sum, JournalError> {
        let found = collect(
            connection,
            "SELECT amount FROM (SELECT amount, direction, settled_at FROM transactions WHERE seq > ?1 ORDER BY seq LIMIT ?2)
             WHERE direction = ?3 AND settled_at >= ?4 AND settled_at <= ?5",
            params![cuts.rows, LATE, direction.as_str(), midnight, at],
            |row| Ok(row.read::<Option<i64>>("amount")?.unwrap_or(0)),
        )?;
        let mut sum = Sum::default();
        found.into_iter().for_each(|amount| add(&mut sum, amount));
        Ok(sum)
    };
    let (late_in, late_out) = (late(Direction::In)?, late(Direction::Out)?);
    Ok(Moved {
        received: without(flow.received, late_in),
        paid: without(without(flow.paid, late_out), late_of_ours),
        late: late_in.count.saturating_add(late_out.count).saturating_add(late_of_ours.count),
    })
}

/// There are few rebalances, and at most one is in doubt at a time.
fn rebalances_in_doubt(
    connection: &Connection,
    cuts: &Cuts,
    at: i64,
) -> Result<Vec<StoredRebalance>, JournalError> {
    let mut found = Vec::new();
    for stored in rebalances::changed_since(connection, at)? {
        let events = events_until::<rebalance::Event>(connection, stored.id, cuts.events)?;
        let Some(last) = events.last().map(rebalance::Event::at) else { continue };
        let rebalance = rebalance::fold(&events).map_err(|_| illegible(stored.id))?;
        if rebalance.state == rebalance::State::Unknown {
            found.push(StoredRebalance { rebalance, updated_at: last, ..stored });
        }
    }
    Ok(found)
}

/// When anything that the screen shows changed next.
fn change(
    connection: &Connection,
    at: Timestamp,
    towards: Towards,
) -> Result<Option<Timestamp>, JournalError> {
    let now = at.as_microsecond();
    let mut times = Vec::new();
    for table in [ROWS, EVENTS, WEBHOOKS_TAKEN, ALERTS] {
        times.extend(table.next_to(connection, now, towards)?);
    }
    let balance = match towards {
        Towards::Later => {
            // The row that covers the time is passed over: its balance stays.
            "SELECT first_at AS written FROM balances WHERE fetched_at > ?1 AND first_at > ?1 ORDER BY fetched_at LIMIT 1"
        }
        Towards::Earlier => {
            "SELECT first_at AS written FROM balances
             WHERE seq <= coalesce((SELECT seq FROM balances WHERE fetched_at >= ?1 ORDER BY fetched_at LIMIT 1),
                                   (SELECT max(seq) FROM balances)) AND first_at < ?1
             ORDER BY seq DESC LIMIT 1"
        }
    };
    times.extend(first(connection, balance, [now], |row| row.read::<i64>("written"))?);
    let times = times.into_iter().filter(|time| match towards {
        Towards::Later => *time > now,
        Towards::Earlier => *time < now,
    });
    let nearest = match towards {
        Towards::Later => times.min(),
        Towards::Earlier => times.max(),
    };
    nearest.map(to_time).transpose()
}

macro_rules! read_on {
    ($journal:ty) => {
        impl PastReader for $journal {
            fn past(&self, at: Timestamp, midnight: Timestamp, rows: u32) -> Answer<'_, Past> {
                Box::pin(self.reader.call(move |connection| past(connection, at, midnight, rows)))
            }

            fn change(&self, at: Timestamp, towards: Towards) -> Answer<'_, Option<Timestamp>> {
                Box::pin(self.reader.call(move |connection| change(connection, at, towards)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);
