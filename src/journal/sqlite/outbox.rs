//! What is still to be passed on: a cursor in the inbox for each address, and what it has refused.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::super::outbox::{Dropped, LONGEST_WAIT, Outbox, Outgoing, Parcel, Passed};
use super::super::{Answer, JournalError};
use super::convert::{Columns, collect, first, write};
use super::writer::Purpose;
use super::{SqliteJournal, feed};

impl Outbox for SqliteJournal {
    fn forward_to(&self, addresses: Vec<String>) -> Answer<'_, Vec<Dropped>> {
        Box::pin(
            self.writer.call_quietly(Purpose::Other, move |connection| forward_to(connection, &addresses)),
        )
    }

    fn outgoing(&self, address: &str, now: Timestamp, limit: u32) -> Answer<'_, Outgoing> {
        let address: Arc<str> = address.into();
        Box::pin(async move {
            let read = || {
                let address = Arc::clone(&address);
                self.reader.call(move |connection| outgoing(connection, &address, now, limit))
            };
            let mut found = read().await?;
            if found.parcels.len() < limit as usize && self.arrivals.has_more() {
                match self.bring_in().await {
                    // What is there is passed on all the same.
                    Err(_) if !found.parcels.is_empty() => {}
                    outcome => {
                        outcome?;
                        found = read().await?;
                    }
                }
            }
            found.waiting = found.waiting.saturating_add(self.arrivals.waiting());
            Ok(found)
        })
    }

    fn passed(&self, address: &str, outcome: Passed) -> Answer<'_, ()> {
        let address = address.to_owned();
        Box::pin(
            self.writer
                .call_quietly(Purpose::Other, move |connection| passed(connection, &address, &outcome)),
        )
    }
}

fn forward_to(connection: &Connection, wanted: &[String]) -> Result<Vec<Dropped>, JournalError> {
    let known = collect(connection, "SELECT address FROM forward_cursors ORDER BY address", [], |row| {
        row.read::<String>("address")
    })?;
    let mut dropped = Vec::new();
    for address in known.iter().filter(|address| !wanted.contains(address)) {
        let waiting = waiting(connection, address)?;
        write(connection, "DELETE FROM forward_aside WHERE address = ?1", [address])?;
        write(connection, "DELETE FROM forward_cursors WHERE address = ?1", [address])?;
        dropped.push(Dropped { address: address.clone(), waiting });
    }
    for address in wanted.iter().filter(|address| !known.contains(address)) {
        let sql = "INSERT INTO forward_cursors (address, number)
                   SELECT ?1, coalesce(max(number), 0) FROM inbox";
        write(connection, sql, [address])?;
    }
    Ok(dropped)
}

/// The inbox has no gaps, so what stands in line is a difference.
fn waiting(connection: &Connection, address: &str) -> Result<u64, JournalError> {
    let sql = "SELECT coalesce((SELECT max(number) FROM inbox), 0)
                      - (SELECT number FROM forward_cursors WHERE address = ?1)
                      + (SELECT count(*) FROM forward_aside WHERE address = ?1) AS waiting";
    let waiting = first(connection, sql, [address], |row| row.read::<Option<i64>>("waiting"))?;
    Ok(waiting.flatten().and_then(|waiting| u64::try_from(waiting).ok()).unwrap_or_default())
}

fn outgoing(
    connection: &Connection,
    address: &str,
    now: Timestamp,
    limit: u32,
) -> Result<Outgoing, JournalError> {
    let longest = i64::try_from(LONGEST_WAIT.as_micros()).unwrap_or(i64::MAX);
    let now = now.as_microsecond();
    // Half of the room at most, so that what is refused again and again keeps nothing else back.
    let mut parcels = collect(
        connection,
        "SELECT a.number, a.attempts, i.received_at, i.event_id, i.signature, i.content_type, i.body
         FROM forward_aside a JOIN inbox i ON i.number = a.number
         WHERE a.address = ?1 AND (a.due_at <= ?2 OR a.due_at > ?2 + ?3)
         ORDER BY a.number LIMIT ?4",
        params![address, now, longest, (limit / 2).max(1)],
        |row| parcel(row, Some(row.read("attempts")?)),
    )?;
    let room = limit.saturating_sub(u32::try_from(parcels.len()).unwrap_or(limit));
    parcels.extend(collect(
        connection,
        "SELECT number, received_at, event_id, signature, content_type, body FROM inbox
         WHERE number > (SELECT number FROM forward_cursors WHERE address = ?1)
         ORDER BY number LIMIT ?2",
        params![address, room],
        |row| parcel(row, None),
    )?);
    let edges = first(
        connection,
        "SELECT (SELECT min(due_at) FROM forward_aside WHERE address = ?1) AS due_at,
                (SELECT received_at FROM inbox WHERE number = coalesce(
                    (SELECT min(number) FROM forward_aside WHERE address = ?1),
                    (SELECT number + 1 FROM forward_cursors WHERE address = ?1))) AS oldest",
        [address],
        |row| Ok((row.maybe_time("due_at")?, row.maybe_time("oldest")?)),
    )?;
    let (next_due, oldest) = edges.unwrap_or_default();
    Ok(Outgoing { parcels, waiting: waiting(connection, address)?, oldest, next_due })
}

fn parcel(row: &Row<'_>, attempts: Option<u32>) -> Result<Parcel, JournalError> {
    Ok(Parcel { number: row.read("number")?, attempts, delivery: feed::delivery(row)? })
}

fn passed(connection: &Connection, address: &str, passed: &Passed) -> Result<(), JournalError> {
    if let Some(number) = passed.up_to {
        let sql = "UPDATE forward_cursors SET number = ?2 WHERE address = ?1";
        write(connection, sql, params![address, number])?;
    }
    for (number, attempts, due_at) in &passed.aside {
        let sql = "INSERT INTO forward_aside (address, number, attempts, due_at) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT (address, number) DO UPDATE SET attempts = ?3, due_at = ?4";
        write(connection, sql, params![address, number, attempts, due_at.as_microsecond()])?;
    }
    for number in &passed.taken {
        let sql = "DELETE FROM forward_aside WHERE address = ?1 AND number = ?2";
        write(connection, sql, params![address, number])?;
    }
    Ok(())
}
