//! The balances that were read. They thin out with age: every one of the last day, the last one of each minute for a month, the
//! last one of each hour for ever.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::super::JournalError;
use super::convert::{Columns, collect, first, to_json, write};
use crate::domain::balance::Reading;
use crate::domain::money::Centavos;

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How far back the last thinning went, in `meta`; what is older than `age` keeps one row a `unit`.
struct Thinning {
    done: &'static str,
    age: i64,
    unit: i64,
}

const THINNINGS: [Thinning; 2] = [
    Thinning { done: "balances_by_minute_until", age: DAY, unit: MINUTE },
    Thinning { done: "balances_by_hour_until", age: 31 * DAY, unit: HOUR },
];

/// Rows that are looked at in one thinning, so that nobody waits for it.
const AT_ONCE: i64 = 2_000;

/// A new row where the balance has changed; otherwise the last row's time moves on.
pub(super) fn record(connection: &Connection, reading: &Reading) -> Result<(), JournalError> {
    let text = to_json(&reading.balance)?;
    let last = first(connection, "SELECT seq, balance FROM balances ORDER BY seq DESC LIMIT 1", [], |row| {
        Ok((row.read::<i64>("seq")?, row.read::<String>("balance")?))
    })?;
    let fetched_at = reading.fetched_at.as_microsecond();
    match last {
        Some((seq, same)) if same == text => {
            write(connection, "UPDATE balances SET fetched_at = ?2 WHERE seq = ?1", params![seq, fetched_at])
        }
        _ => write(
            connection,
            "INSERT INTO balances (first_at, fetched_at, transactional, proprietary, balance)
             VALUES (?1, ?1, ?2, ?3, ?4)",
            params![fetched_at, reading.balance.transactional.get(), reading.balance.proprietary.get(), text],
        ),
    }
    .map(drop)
}

/// Thins out what has become old by `now`, a part at a time. Never the newest row.
pub(super) fn thin(connection: &Connection, now: Timestamp) -> Result<(), JournalError> {
    for Thinning { done, age, unit } in THINNINGS {
        let until = (now.as_microsecond() - age).div_euclid(unit) * unit;
        let from = first(connection, "SELECT value FROM meta WHERE key = ?1", [done], |row| {
            row.read::<String>("value")
        })?;
        let from = from.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
        // As far as so many rows reach, and whole units of it.
        let reach = first(
            connection,
            "SELECT fetched_at FROM balances WHERE fetched_at >= ?1 ORDER BY fetched_at LIMIT 1 OFFSET ?2",
            [from, AT_ONCE],
            |row| row.read::<i64>("fetched_at"),
        )?;
        let until = until.min(reach.map_or(i64::MAX, |reach| (reach.div_euclid(unit) + 1) * unit));
        if until <= from {
            continue;
        }
        write(
            connection,
            "DELETE FROM balances WHERE fetched_at >= ?1 AND fetched_at < ?2
               AND seq NOT IN (SELECT max(seq) FROM balances WHERE fetched_at >= ?1 AND fetched_at < ?2 GROUP BY fetched_at / ?3)
               AND seq < (SELECT max(seq) FROM balances)",
            [from, until, unit],
        )?;
        write(
            connection,
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![done, until.to_string()],
        )?;
    }
    Ok(())
}

/// The transactional balance at the end of each of `parts` equal parts between two times; `None` before the first one that
/// is known.
pub(super) fn history(
    connection: &Connection,
    (from, to): (Timestamp, Timestamp),
    parts: u32,
) -> Result<Vec<Option<Centavos>>, JournalError> {
    let (from, to) = (from.as_microsecond(), to.as_microsecond());
    let unit = (to - from) / i64::from(parts.max(1));
    if unit <= 0 {
        return Ok(Vec::new());
    }
    let amount = |row: &rusqlite::Row<'_>| row.read::<i64>("transactional").map(Centavos::new);
    let mut last = first(
        connection,
        "SELECT transactional FROM balances WHERE fetched_at < ?1 ORDER BY fetched_at DESC LIMIT 1",
        [from],
        amount,
    )?;
    // With max() the other columns are of the row that has it.
    let rows = collect(
        connection,
        "SELECT (fetched_at - ?1) / ?3 AS part, max(fetched_at), transactional FROM balances
         WHERE fetched_at >= ?1 AND fetched_at < ?2 GROUP BY part ORDER BY part",
        [from, to, unit],
        |row| Ok((row.read::<i64>("part")?, amount(row)?)),
    )?;
    let mut rows = rows.into_iter().peekable();
    let history = (0..i64::from(parts)).map(|part| {
        while let Some((_, amount)) = rows.next_if(|(at, _)| *at <= part) {
            last = Some(amount);
        }
        last
    });
    Ok(history.collect())
}
