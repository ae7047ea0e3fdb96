//! Alerts: one row each, from when it began until it was over and acknowledged.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use super::super::alerts::{AlertBook, AlertReader, Listed, Sightings};
use super::super::{Answer, JournalError};
use super::convert::{Columns, collect, first, from_json, to_json, to_uuid, write};
use super::writer::Purpose;
use super::{SqliteJournal, SqliteReader, conflicts, gaps, intents, rebalances};
use crate::domain::alert::{Acknowledgement, Alert, Doubt, Kind, MOST_OF_A_KIND, What};
use crate::domain::cash_out::State as Out;
use crate::domain::conservation::Gap;
use crate::domain::gap::GapFile;
use crate::domain::stand::Stand;
use crate::domain::transaction::State;

const COLUMNS: &str = "number, what, began_at, ended_at, told_at, acknowledged_at, acknowledged_by, note";

/// Alerts in one answer at most, whatever was asked for.
const MOST: u32 = 10_000;

/// Settled payments that are counted for want of a webhook, and no more.
const MOST_WITHOUT: u32 = 1_000;

fn read(row: &Row<'_>) -> Result<Alert, JournalError> {
    let acknowledged =
        match (row.maybe_time("acknowledged_at")?, row.read::<Option<String>>("acknowledged_by")?) {
            (Some(at), Some(by)) => {
                Some(Acknowledgement { at, by: from_json(&by)?, note: row.read("note")? })
            }
            _ => None,
        };
    Ok(Alert {
        number: row.read("number")?,
        what: row.json("what")?,
        began_at: row.time("began_at")?,
        ended_at: row.maybe_time("ended_at")?,
        told_at: row.maybe_time("told_at")?,
        acknowledged,
    })
}

fn list(connection: &Connection, which: Listed) -> Result<Vec<Alert>, JournalError> {
    match which {
        Listed::Standing => collect(
            connection,
            &format!("SELECT {COLUMNS} FROM alerts WHERE ended_at IS NULL ORDER BY number DESC LIMIT ?1"),
            [MOST],
            read,
        ),
        Listed::Untold(since) => collect(
            connection,
            &format!(
                "SELECT {COLUMNS} FROM alerts WHERE told_at IS NULL AND acknowledged_at IS NULL
                 AND (ended_at IS NULL OR ended_at >= ?1) ORDER BY number DESC LIMIT ?2"
            ),
            params![since.as_microsecond(), MOST],
            read,
        ),
        Listed::Newest(limit) => collect(
            connection,
            &format!("SELECT {COLUMNS} FROM alerts ORDER BY number DESC LIMIT ?1"),
            [limit.min(MOST)],
            read,
        ),
    }
}

pub(super) fn by_number(connection: &Connection, number: i64) -> Result<Option<Alert>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM alerts WHERE number = ?1"), [number], read)
}

/// Alerts that hold, newest first.
pub(super) fn standing_now(connection: &Connection) -> Result<Vec<Alert>, JournalError> {
    list(connection, Listed::Standing)
}

/// Numbers before a time that are looked through for alerts that held then and are over now.
const LOOKED_THROUGH: i64 = 5_000;

/// Alerts that held at a time, newest first; `cut` is the last number by then. What was acknowledged or handed over only later
/// is not yet.
pub(super) fn stood(connection: &Connection, cut: i64, at: Timestamp) -> Result<Vec<Alert>, JournalError> {
    let mut alerts = collect(
        connection,
        &format!(
            "SELECT {COLUMNS} FROM alerts WHERE number <= ?1 AND number > ?2 AND ended_at > ?3
             UNION ALL SELECT {COLUMNS} FROM alerts WHERE number <= ?1 AND ended_at IS NULL
             ORDER BY number DESC LIMIT ?4"
        ),
        params![cut, cut.saturating_sub(LOOKED_THROUGH), at.as_microsecond(), MOST],
        read,
    )?;
    for alert in &mut alerts {
        alert.ended_at = None;
        alert.told_at = alert.told_at.filter(|told| *told <= at);
        alert.acknowledged = alert.acknowledged.take().filter(|seen| seen.at <= at);
    }
    // A gap that was explained without ever having been told is no alert.
    alerts.retain(|alert| alert.began_at <= at);
    Ok(alerts)
}

/// Alerts of a kind that a person has acknowledged, newest first.
pub(super) fn acknowledged(connection: &Connection, kind: Kind) -> Result<Vec<Alert>, JournalError> {
    collect(
        connection,
        &format!(
            "SELECT {COLUMNS} FROM alerts WHERE kind = ?1 AND acknowledged_at IS NOT NULL ORDER BY number DESC LIMIT ?2"
        ),
        params![kind.as_str(), MOST],
        read,
    )
}

fn standing(connection: &Connection, what: &What) -> Result<Option<Alert>, JournalError> {
    first(
        connection,
        &format!("SELECT {COLUMNS} FROM alerts WHERE kind = ?1 AND subject = ?2 AND ended_at IS NULL"),
        params![what.kind().as_str(), what.subject()],
        read,
    )
}

fn insert(connection: &Connection, what: &What, began_at: Timestamp) -> Result<i64, JournalError> {
    write(
        connection,
        "INSERT INTO alerts (kind, subject, what, began_at) VALUES (?1, ?2, ?3, ?4)",
        params![what.kind().as_str(), what.subject(), to_json(what)?, began_at.as_microsecond()],
    )?;
    Ok(connection.last_insert_rowid())
}

fn known(connection: &Connection, number: i64) -> Result<Alert, JournalError> {
    by_number(connection, number)?.ok_or_else(|| JournalError::NotFound(number.to_string()))
}

fn raise(connection: &Connection, what: &What, at: Timestamp) -> Result<Alert, JournalError> {
    match standing(connection, what)? {
        Some(stands) => Ok(stands),
        None => known(connection, insert(connection, what, at)?),
    }
}

fn acknowledge(connection: &Connection, number: i64, by: &Acknowledgement) -> Result<Alert, JournalError> {
    let before = known(connection, number)?;
    if before.acknowledged.is_some() {
        return Ok(before);
    }
    let ends = before.what.kind().stays() && before.stands();
    write(
        connection,
        "UPDATE alerts SET acknowledged_at = ?2, acknowledged_by = ?3, note = ?4, ended_at = iif(?5, ?2, ended_at)
         WHERE number = ?1",
        params![number, by.at.as_microsecond(), to_json(&by.by)?, by.note, ends],
    )?;
    if let What::TransactionConflict(about) = &before.what {
        conflicts::close_others(connection, about.id)?;
    }
    known(connection, number)
}

fn explain(connection: &Connection, gap: Gap, by: &Acknowledgement) -> Result<Alert, JournalError> {
    if let Some(explained) = gaps::explained(connection)?.into_iter().find(|(known, _)| known.is_same(&gap)) {
        return Ok(explained.1);
    }
    // The alert may have been raised with other edges of the same window.
    let stands = list(connection, Listed::Standing)?.into_iter().find(
        |alert| matches!(&alert.what, What::UnexplainedDifference { gap: known, .. } if known.is_same(&gap)),
    );
    let number = match stands {
        Some(alert) => alert.number,
        None => {
            let suspects = gaps::suspects(connection, &gap)?;
            insert(connection, &What::UnexplainedDifference { gap, suspects }, by.at)?
        }
    };
    acknowledge(connection, number, by)
}

fn sightings(
    connection: &Connection,
    now: Timestamp,
    settled: Option<(Timestamp, Timestamp)>,
) -> Result<Sightings, JournalError> {
    let mut payments = Vec::new();
    let ids = collect(
        connection,
        "SELECT id FROM transactions WHERE state IN ('unknown', 'exists', 'held') AND direction = 'out' AND ours = 1
         ORDER BY seq LIMIT ?1",
        [u32::try_from(MOST_OF_A_KIND * 4).unwrap_or(u32::MAX)],
        |row| row.read::<String>("id"),
    )?;
    for id in ids {
        let Some(intent) = intents::by_id(connection, to_uuid(&id)?)? else { continue };
        let pay = &intent.cash_out;
        let state = State::Out(pay.state);
        // What is under way, or proven unsent, is no doubt; what contradicts itself is an alert of its own.
        if pay.is_contradicted()
            || Stand::of(state, false, Some(pay)) != Stand::At(state)
            || !pay.state.is_in_doubt()
        {
            continue;
        }
        let since = match pay.state {
            Out::Unknown => pay.doubt_since.map_or(pay.since, |doubt| doubt.at),
            _ => pay.since,
        };
        payments.push(Doubt { id: intent.id, amount: Some(intent.order.amount), state, since });
    }
    payments.sort_by_key(|doubt| doubt.since);
    let rebalances = rebalances::in_doubt(connection)?
        .into_iter()
        .map(|stored| (stored.id, stored.rebalance.terms.target, stored.rebalance.terms.at))
        .collect();
    let without_webhook = settled.map_or(Ok(0), |span| without_webhook(connection, span))?;
    Ok(Sightings {
        payments,
        rebalances,
        conflicts: conflicts::open(connection)?,
        refunds: conflicts::refunds_in_doubt(connection)?,
        batches: conflicts::unfinished(connection, now)?,
        without_webhook,
    })
}

/// Payments of saldo's that settled in the span and of which no webhook came. While webhooks wait to be read, nobody can
/// say.
fn without_webhook(connection: &Connection, (from, to): (Timestamp, Timestamp)) -> Result<u64, JournalError> {
    let found = first(
        connection,
        "SELECT count(*) AS count FROM (
             SELECT 1 FROM transactions t
             WHERE t.direction = 'out' AND t.settled_at >= ?1 AND t.settled_at < ?2 AND t.ours = 1
               AND NOT EXISTS (SELECT 1 FROM inbox WHERE subject = t.id)
               AND NOT EXISTS (SELECT 1 FROM inbox WHERE read = 0)
             LIMIT ?3)",
        params![from.as_microsecond(), to.as_microsecond(), MOST_WITHOUT],
        |row| row.read::<i64>("count"),
    )?;
    Ok(found.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
}

macro_rules! read_on {
    ($journal:ty) => {
        impl AlertReader for $journal {
            fn alerts(&self, which: Listed) -> Answer<'_, Vec<Alert>> {
                Box::pin(self.reader.call(move |connection| list(connection, which)))
            }

            fn alert(&self, number: i64) -> Answer<'_, Option<Alert>> {
                Box::pin(self.reader.call(move |connection| by_number(connection, number)))
            }

            fn gap_files(&self, wanted: Vec<Gap>) -> Answer<'_, Vec<GapFile>> {
                Box::pin(self.reader.call(move |connection| gaps::files(connection, wanted)))
            }

            fn sightings(
                &self,
                now: Timestamp,
                settled: Option<(Timestamp, Timestamp)>,
            ) -> Answer<'_, Sightings> {
                // While webhooks wait to be read, nobody can say of which payment none came.
                let settled = settled.filter(|_| !self.are_webhooks_waiting());
                Box::pin(self.reader.call(move |connection| sightings(connection, now, settled)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);

impl SqliteJournal {
    fn are_webhooks_waiting(&self) -> bool {
        self.arrivals.has_more()
    }
}

impl SqliteReader {
    /// What has not come into the inbox is the owner's alone to know.
    const fn are_webhooks_waiting(&self) -> bool {
        false
    }
}

impl AlertBook for SqliteJournal {
    // A full disk is when alerts matter, so they may use the reserve.
    fn raise(&self, what: What, at: Timestamp) -> Answer<'_, Alert> {
        Box::pin(self.writer.call(Purpose::Result, move |connection| raise(connection, &what, at)))
    }

    fn refresh(&self, number: i64, what: What) -> Answer<'_, ()> {
        Box::pin(self.writer.call(Purpose::Other, move |connection| {
            let sql = "UPDATE alerts SET what = ?2 WHERE number = ?1";
            write(connection, sql, params![number, to_json(&what)?]).map(drop)
        }))
    }

    fn withdraw(&self, number: i64, at: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.call(Purpose::Result, move |connection| {
            let sql = "UPDATE alerts SET ended_at = ?2 WHERE number = ?1 AND ended_at IS NULL";
            write(connection, sql, params![number, at.as_microsecond()]).map(drop)
        }))
    }

    // What begins something is refused while the reserve is not whole; this begins nothing, and so costs nothing.
    fn takes_something_new(&self) -> Answer<'_, ()> {
        Box::pin(self.writer.call_quietly(Purpose::Probe, |_| Ok(())))
    }

    fn handed(&self, number: i64, at: Timestamp) -> Answer<'_, ()> {
        Box::pin(self.writer.call_quietly(Purpose::Result, move |connection| {
            let sql = "UPDATE alerts SET told_at = ?2 WHERE number = ?1";
            write(connection, sql, params![number, at.as_microsecond()]).map(drop)
        }))
    }

    fn acknowledge(&self, number: i64, by: Acknowledgement) -> Answer<'_, Alert> {
        Box::pin(self.writer.call(Purpose::Result, move |connection| acknowledge(connection, number, &by)))
    }

    fn explain(&self, gap: Gap, by: Acknowledgement) -> Answer<'_, Alert> {
        Box::pin(self.writer.call(Purpose::Result, move |connection| explain(connection, gap, &by)))
    }
}
