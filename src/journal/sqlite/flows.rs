//! What moved, minute by minute, and whether the wallet holds what it ought to.
//!
//! `flows` is kept by the schema's own triggers. Sums over a day read a row a minute and a kind, and only the minutes at
//! the two ends are counted transaction by transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::{JournalError, Sum};
use super::convert::{Columns, collect, first, to_time, unreadable};
use super::derived::MOST;
use super::rebalances;
use crate::domain::balance::Balance;
use crate::domain::conservation::{Conservation, Moved, Point, conserve};
use crate::domain::money::Centavos;
use crate::domain::pace::{Pace, SPANS, Span};
use crate::domain::rebalance::{Move, Pockets, State};

/// In microseconds.
pub(super) const MINUTE: i64 = 60_000_000;

/// The four kinds of movement over a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flow {
    pub(super) received: Sum,
    pub(super) paid: Sum,
    pub(super) refunded: Sum,
    pub(super) returned: Sum,
}

impl Flow {
    fn add(&mut self, kind: &str, count: i64, amount: i64) -> Result<(), JournalError> {
        let sum = match kind {
            "received" => &mut self.received,
            "paid" => &mut self.paid,
            "refunded" => &mut self.refunded,
            "returned" => &mut self.returned,
            other => return Err(JournalError::Unreadable(format!("a movement of the kind {other}"))),
        };
        let beyond = || JournalError::Unreadable("a sum of movements beyond 64 bits".to_owned());
        let count = u32::try_from(i64::from(sum.count) + count).map_err(|_| beyond())?;
        let amount = sum.amount.checked_add(Centavos::new(amount)).ok_or_else(beyond)?;
        *sum = Sum { count, amount };
        Ok(())
    }

    fn join(&mut self, more: Self) -> Result<(), JournalError> {
        for (kind, sum) in [
            ("received", more.received),
            ("paid", more.paid),
            ("refunded", more.refunded),
            ("returned", more.returned),
        ] {
            self.add(kind, i64::from(sum.count), sum.amount.get())?;
        }
        Ok(())
    }

    fn moved(&self, rebalances: &[(i64, Move, Centavos)], from: i64, to: i64) -> Moved {
        let between = |direction| {
            let mut sum = Centavos::ZERO;
            for (at, moved, amount) in rebalances {
                if *moved == direction && (from..to).contains(at) {
                    sum = sum.checked_add(*amount).unwrap_or(sum);
                }
            }
            sum
        };
        Moved {
            received: self.received.amount,
            paid: self.paid.amount,
            refunded: self.refunded.amount,
            returned: self.returned.amount,
            topped_up: between(Move::TopUp),
            swept: between(Move::Sweep),
        }
    }
}

/// What moved from `from` on and before `to` (microseconds UTC).
pub(super) fn between(connection: &Connection, from: i64, to: i64) -> Result<Flow, JournalError> {
    let mut flow = Flow::default();
    if from >= to {
        return Ok(flow);
    }
    let (first_whole, after_last) =
        (from.saturating_add(MINUTE - 1).div_euclid(MINUTE), to.div_euclid(MINUTE));
    if first_whole > after_last {
        exactly(connection, from, to, &mut flow)?;
        return Ok(flow);
    }
    exactly(connection, from, first_whole * MINUTE, &mut flow)?;
    let mut statement = connection
        .prepare_cached("SELECT kind, sum(count), sum(amount) FROM flows WHERE minute >= ?1 AND minute < ?2 GROUP BY kind")
        .map_err(|error| unreadable(&error))?;
    let mut rows = statement.query([first_whole, after_last]).map_err(|error| unreadable(&error))?;
    while let Some(row) = rows.next().map_err(|error| unreadable(&error))? {
        let value = |index| row.get::<_, i64>(index).map_err(|error| unreadable(&error));
        let kind: String = row.get(0).map_err(|error| unreadable(&error))?;
        flow.add(&kind, value(1)?, value(2)?)?;
    }
    exactly(connection, after_last * MINUTE, to, &mut flow)?;
    Ok(flow)
}

/// Counted one by one, for a part of a minute.
fn exactly(connection: &Connection, from: i64, to: i64, flow: &mut Flow) -> Result<(), JournalError> {
    if from >= to {
        return Ok(());
    }
    for (kind, direction, at, amount) in [
        ("received", "in", "settled_at", "amount"),
        ("paid", "out", "settled_at", "amount"),
        ("refunded", "in", "refunded_at", "refunded_amount"),
        ("returned", "out", "refunded_at", "refunded_amount"),
    ] {
        let sql = format!(
            "SELECT count(*), coalesce(sum(iif({amount} BETWEEN 0 AND {MOST}, {amount}, 0)), 0)
             FROM transactions WHERE direction = ?1 AND {at} >= ?2 AND {at} < ?3"
        );
        let (count, amount) = connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement.query_row(params![direction, from, to], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .map_err(|error| unreadable(&error))?;
        flow.add(kind, count, amount)?;
    }
    Ok(())
}

struct BalanceRow {
    seq: i64,
    at: i64,
    pockets: Pockets,
}

/// Balances that are tried as an opening.
const OPENINGS: u32 = 30;

/// The equation of the wallet from the last balance at or before `since` on, or from the first one after it. `None` while
/// there is no balance, or where sums are beyond what a balance can be.
pub(super) fn conservation(
    connection: &Connection,
    since: Timestamp,
) -> Result<Option<Conservation>, JournalError> {
    let Some((opening, begin)) = opening(connection, since)? else { return Ok(None) };
    // One balance a minute is enough to tell when, and the last one tells what is there now.
    let rows = collect(
        connection,
        "SELECT seq, first_at, transactional, proprietary FROM balances
         WHERE seq IN (SELECT max(seq) FROM balances WHERE seq > ?1 GROUP BY first_at / 60000000) ORDER BY seq",
        [opening.seq],
        read,
    )?;
    let between_pockets = ordered(connection, begin)?;
    let mut points = Vec::with_capacity(rows.len() + 1);
    points.push(Point { at: to_time(begin)?, pockets: opening.pockets, moved: Moved::default() });
    let mut seen = Flow::default();
    let mut counted_to = begin;
    let last = rows.last().map(|row| row.seq);
    for row in &rows {
        // In between whole minutes are enough. The last balance of a minute held until the minute's end, so what moved by
        // then belongs to it: counted to its beginning only, a minute's own traffic would look like a difference, and eat
        // into a true one and move it on.
        let minute_end = row.at.div_euclid(MINUTE).saturating_add(1).saturating_mul(MINUTE);
        let to = if Some(row.seq) == last { as_of(connection, row)? } else { minute_end };
        let to = to.max(counted_to);
        seen.join(between(connection, counted_to, to)?)?;
        counted_to = to;
        let moved = seen.moved(&between_pockets, begin, row.at.max(to).saturating_add(1));
        points.push(Point { at: to_time(row.at)?, pockets: row.pockets, moved });
    }
    Ok(conserve(&points))
}

fn read(row: &Row<'_>) -> Result<BalanceRow, JournalError> {
    let amount = |column| row.read::<i64>(column).map(Centavos::new);
    Ok(BalanceRow {
        seq: row.read("seq")?,
        at: row.read("first_at")?,
        pockets: Pockets { transactional: amount("transactional")?, proprietary: amount("proprietary")? },
    })
}

/// The balance to begin with, and as of when the gateway gave it. The gateway's times may be whole seconds; where something
/// moved within the opening's own second nobody can say on which side of it, so one in a quiet second is taken if there is
/// any nearby.
fn opening(connection: &Connection, since: Timestamp) -> Result<Option<(BalanceRow, i64)>, JournalError> {
    const SECOND: i64 = 1_000_000;
    let candidates = collect(
        connection,
        "SELECT seq, first_at, transactional, proprietary FROM balances
         WHERE seq >= coalesce((SELECT max(seq) FROM balances WHERE fetched_at <= ?1), 0) ORDER BY seq LIMIT ?2",
        params![since.as_microsecond(), OPENINGS],
        read,
    )?;
    let mut first = None;
    for row in candidates {
        let at = as_of(connection, &row)?;
        let second = at.div_euclid(SECOND) * SECOND;
        if between(connection, second, second + SECOND)? == Flow::default() {
            return Ok(Some((row, at)));
        }
        first.get_or_insert((row, at));
    }
    Ok(first)
}

/// As of when the gateway gave a balance: by the clock that dates the settlements, where it said so.
fn as_of(connection: &Connection, row: &BalanceRow) -> Result<i64, JournalError> {
    let balance: Option<Balance> =
        first(connection, "SELECT balance FROM balances WHERE seq = ?1", [row.seq], |row| {
            row.json("balance")
        })?;
    Ok(balance.and_then(|balance| balance.updated_at).map_or(row.at, Timestamp::as_microsecond))
}

/// Rebalances that saldo ordered and the gateway carried out: when, which way and how much.
fn ordered(connection: &Connection, from: i64) -> Result<Vec<(i64, Move, Centavos)>, JournalError> {
    let done = rebalances::since(connection, from)?;
    Ok(done
        .into_iter()
        .filter(|stored| stored.rebalance.state == State::Completed)
        .map(|stored| {
            let forecast = &stored.rebalance.terms.forecast;
            (stored.rebalance.terms.at.as_microsecond(), forecast.direction, forecast.amount)
        })
        .collect())
}

/// How fast the wallet moves, as of `now`.
pub(super) fn pace(connection: &Connection, now: Timestamp) -> Result<Pace, JournalError> {
    let end = now.as_microsecond();
    let longest = SPANS.iter().copied().max().unwrap_or_default();
    let horizon = end - longest * MINUTE;
    // With the last one before the horizon, from which the first fall or rise is told.
    let balances = collect(
        connection,
        "SELECT seq, first_at, transactional, proprietary FROM balances
         WHERE seq >= coalesce((SELECT max(seq) FROM balances WHERE fetched_at <= ?1), 0) AND first_at <= ?2 ORDER BY seq",
        [horizon, end],
        read,
    )?;
    let own = ordered(connection, horizon)?;
    let span = |minutes: i64| -> Result<Span, JournalError> {
        let from = end - minutes * MINUTE;
        let flow = between(connection, from, end.saturating_add(1))?;
        let begin = balances.first().map_or(end, |row| row.at.max(from));
        let (mut fell, mut rose) = (0_i64, 0_i64);
        for pair in balances.windows(2).filter(|pair| pair[1].at > from) {
            let ours = own.iter().filter(|(at, ..)| (pair[0].at..pair[1].at).contains(at));
            let expected: i64 = ours
                .map(|(_, direction, amount)| match direction {
                    Move::TopUp => amount.get(),
                    Move::Sweep => amount.get().saturating_neg(),
                })
                .fold(0, i64::saturating_add);
            let change =
                pair[1].pockets.transactional.get().saturating_sub(pair[0].pockets.transactional.get());
            match change.saturating_sub(expected) {
                change @ ..0 => fell = fell.saturating_sub(change),
                change => rose = rose.saturating_add(change),
            }
        }
        Ok(Span {
            minutes,
            watched: SignedDuration::from_micros(end - begin),
            paid: flow.paid.amount,
            received: flow.received.amount,
            fell: Centavos::new(fell),
            rose: Centavos::new(rose),
        })
    };
    let middle = end - SPANS[1] * MINUTE;
    let then = balances.iter().rev().find(|row| row.at <= middle).or(balances.first());
    let then = match then {
        Some(row) => {
            let ago = SignedDuration::from_micros(end - row.at.max(middle));
            first(connection, "SELECT balance FROM balances WHERE seq = ?1", [row.seq], |row| {
                row.json("balance")
            })?
            .map(|balance| (balance, ago))
        }
        None => None,
    };
    Ok(Pace { at: now, spans: [span(SPANS[0])?, span(SPANS[1])?, span(SPANS[2])?], then })
}
