//! Payees, as the payments tell of them: read from the journal's own rows by index, and kept nowhere else. Which of them are
//! favourites has a table.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::super::payees::{Favour, Favourites, PayeeQuery, PayeeReader};
use super::super::{Answer, JournalError};
use super::convert::{Columns, collect, first, to_json, write};
use super::writer::Purpose;
use super::{SqliteJournal, SqliteReader};
use crate::domain::money::Centavos;
use crate::domain::order::Order;
use crate::domain::payee::{Payee, near};
use crate::domain::person::Person;

/// Destinations of one document or one name that are looked at, the last ordered first.
const OTHERS: u32 = 20;
/// Payments that a list of payees is read from, the newest first.
const RECENT: u32 = 20_000;

/// Who was paid that says something of the payee of an order: the same destination, those a glance away from it, those of the same
/// document or name.
pub(super) fn around(connection: &Connection, order: &Order) -> Result<Vec<Payee>, JournalError> {
    let own = to_json(&order.destination)?;
    // Whoever was paid there is all that a finding is about then.
    if let Some(same) = payee(connection, &own)? {
        return Ok(vec![same]);
    }
    let near = near(&order.destination).iter().map(to_json).collect::<Result<Vec<_>, _>>()?;
    let mut found: BTreeSet<String> = BTreeSet::new();
    found.extend(collect(
        connection,
        "SELECT DISTINCT payload ->> '$.destination' AS destination
         FROM json_each(?1) AS near CROSS JOIN intents ON payload ->> '$.destination' = near.value AND json_valid(payload)",
        [to_json(&near)?],
        destination,
    )?);
    for (sql, sought) in [
        (
            "SELECT payload ->> '$.destination' AS destination FROM intents
             WHERE payload ->> '$.document' = ?1 AND json_valid(payload) ORDER BY created_at DESC LIMIT ?2",
            order.document.as_str(),
        ),
        (
            "SELECT payload ->> '$.destination' AS destination FROM intents
             WHERE lower(payload ->> '$.name') = lower(?1) AND json_valid(payload) ORDER BY created_at DESC LIMIT ?2",
            order.name.as_str(),
        ),
    ] {
        found.extend(collect(connection, sql, params![sought, OTHERS], destination)?);
    }
    let mut payees = Vec::new();
    for destination in found {
        payees.extend(payee(connection, &destination)?);
    }
    Ok(payees)
}

/// Favourites and the payees of the newest payments, each once.
pub(super) fn list(connection: &Connection, query: &PayeeQuery) -> Result<Vec<Payee>, JournalError> {
    let favourites = collect(connection, "SELECT destination FROM favourites", [], destination)?;
    let recent = collect(
        connection,
        "SELECT payload ->> '$.destination' AS destination
         FROM (SELECT id FROM transactions WHERE state = 'completed' AND direction = 'out' ORDER BY seq DESC LIMIT ?1) AS paid
         JOIN intents ON intents.id = paid.id",
        [RECENT],
        destination,
    )?;
    let (mut seen, mut payees) = (BTreeSet::new(), Vec::new());
    for destination in favourites.into_iter().chain(recent) {
        if payees.len() >= query.limit {
            break;
        }
        if seen.insert(destination.clone()) {
            payees.extend(payee(connection, &destination)?.filter(|payee| query.fits(payee)));
        }
    }
    payees.sort_by_key(|payee| std::cmp::Reverse((payee.is_favourite, payee.last_paid)));
    Ok(payees)
}

fn destination(row: &rusqlite::Row<'_>) -> Result<String, JournalError> {
    row.read("destination")
}

/// A destination's payee. `None` where nothing was paid to it. `CROSS JOIN`: without figures of the tables SQLite would begin at
/// every completed payment, seconds among a million.
fn payee(connection: &Connection, destination: &str) -> Result<Option<Payee>, JournalError> {
    let figures = first(
        connection,
        "SELECT count(*) AS times, coalesce(sum(amount), 0) AS total, max(coalesce(settled_at, transactions.updated_at)) AS paid_at
         FROM intents CROSS JOIN transactions USING (id)
         WHERE payload ->> '$.destination' = ?1 AND json_valid(payload) AND state = 'completed'",
        [destination],
        |row| match row.read::<u32>("times")? {
            0 => Ok(None),
            times => Ok(Some((times, Centavos::new(row.read("total")?), row.time("paid_at")?))),
        },
    )?;
    let Some((times, total, last_paid)) = figures.flatten() else { return Ok(None) };
    let order: Option<Order> = first(
        connection,
        "SELECT payload FROM intents CROSS JOIN transactions USING (id)
         WHERE payload ->> '$.destination' = ?1 AND json_valid(payload) AND state = 'completed' ORDER BY intents.created_at DESC LIMIT 1",
        [destination],
        |row| row.json("payload"),
    )?;
    let is_favourite =
        first(connection, "SELECT 1 FROM favourites WHERE destination = ?1", [destination], |_| Ok(()))?;
    Ok(order.map(|order| {
        let Order { name, document, destination, .. } = order;
        Payee { destination, name, document, times, total, last_paid, is_favourite: is_favourite.is_some() }
    }))
}

fn favour(connection: &Connection, favour: &Favour, at: Timestamp, by: &Person) -> Result<(), JournalError> {
    let destination = to_json(&favour.destination)?;
    if !favour.is_favourite {
        return write(connection, "DELETE FROM favourites WHERE destination = ?1", [destination]).map(drop);
    }
    if payee(connection, &destination)?.is_none() {
        return Err(JournalError::NotFound("a payee with that key or account".to_owned()));
    }
    let sql =
        "INSERT INTO favourites (destination, since, person) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    write(connection, sql, params![destination, at.as_microsecond(), to_json(by)?]).map(drop)
}

macro_rules! read_on {
    ($journal:ty) => {
        impl PayeeReader for $journal {
            fn payees_around(&self, order: &Order) -> Answer<'_, Vec<Payee>> {
                let order = order.clone();
                Box::pin(self.reader.call(move |connection| around(connection, &order)))
            }

            fn payees(&self, query: PayeeQuery) -> Answer<'_, Vec<Payee>> {
                Box::pin(self.reader.call(move |connection| list(connection, &query)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);

impl Favourites for SqliteJournal {
    fn favour(&self, wanted: Favour, at: Timestamp, by: Person) -> Answer<'_, ()> {
        Box::pin(
            self.writer.call_quietly(Purpose::Other, move |connection| favour(connection, &wanted, at, &by)),
        )
    }
}
