//! What may explain a change of the wallet that nobody told saldo about, and what people have found.
//!
//! Each question is answered by an index and has an end: a desk looks at its gaps while the journal is busy.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Row, params};

use super::super::{JournalError, Query};
use super::convert::{Columns, collect};
use super::{alerts, history, rebalances};
use crate::domain::alert::{Alert, Kind, What};
use crate::domain::conservation::{Gap, TRANSIT};
use crate::domain::gap::{GapFile, MOST_SUSPECTS, Reason, Suspect};
use crate::domain::money::Centavos;
use crate::domain::query::{Comparison, Filter, Term, Test};

/// Suspects of one reason at most.
const MOST_OF_A_REASON: u32 = 4;

/// A row of the same amount is looked for so long before and after the window.
const AROUND: SignedDuration = SignedDuration::from_hours(24);

/// Gaps that people have explained.
pub(super) fn explained(connection: &Connection) -> Result<Vec<(Gap, Alert)>, JournalError> {
    let alerts = alerts::acknowledged(connection, Kind::UnexplainedDifference)?;
    Ok(alerts
        .into_iter()
        .filter_map(|alert| match &alert.what {
            What::UnexplainedDifference { gap, .. } => Some((*gap, alert)),
            _ => None,
        })
        .collect())
}

/// What may explain each of them, and what a person found.
pub(super) fn files(connection: &Connection, gaps: Vec<Gap>) -> Result<Vec<GapFile>, JournalError> {
    let explained = explained(connection)?;
    gaps.into_iter()
        .map(|gap| {
            let found = explained.iter().find(|(known, _)| known.is_same(&gap));
            Ok(GapFile {
                gap,
                suspects: suspects(connection, &gap)?,
                explained: found.and_then(|(_, alert)| alert.acknowledged.clone()),
            })
        })
        .collect()
}

/// The strongest reasons first; each thing once, for the strongest of its reasons.
pub(super) fn suspects(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let mut found = in_doubt(connection, gap)?;
    found.extend(rebalances_in_doubt(connection, gap)?);
    found.extend(same_amount(connection, gap)?);
    found.extend(conflicts(connection, gap)?);
    found.extend(illegible(connection, gap)?);
    found.extend(ended(connection, gap)?);
    let mut kept: Vec<Suspect> = Vec::new();
    for suspect in found {
        let is_known = |one: &Suspect| {
            one.id.is_some() && one.id == suspect.id
                || one.webhook.is_some() && one.webhook == suspect.webhook
        };
        if !kept.iter().any(is_known) {
            kept.push(suspect);
        }
    }
    kept.truncate(MOST_SUSPECTS);
    Ok(kept)
}

fn amount_of(gap: &Gap) -> Centavos {
    Centavos::new(gap.amount.get().saturating_abs())
}

/// The window, and what was in transit around it (microseconds UTC).
fn around(gap: &Gap) -> (i64, i64) {
    let transit = i64::try_from(TRANSIT.as_micros()).unwrap_or_default();
    (gap.from.as_microsecond().saturating_sub(transit), gap.to.as_microsecond().saturating_add(transit))
}

fn row(reason: Reason, row: &Row<'_>) -> Result<Suspect, JournalError> {
    Ok(Suspect {
        reason,
        id: Some(row.uuid("id")?),
        webhook: None,
        amount: row.read::<Option<i64>>("amount")?.map(Centavos::new),
        at: row.time("at")?,
    })
}

/// Payments decided before the money moved, those of the very amount first.
fn in_doubt(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    collect(
        connection,
        "SELECT id, amount, created_at AS at FROM transactions
         WHERE state IN ('unknown', 'exists', 'held') AND direction = 'out' AND created_at <= ?1
         ORDER BY amount = ?2 DESC, seq DESC LIMIT ?3",
        params![gap.to.as_microsecond(), amount_of(gap).get(), MOST_OF_A_REASON],
        |found| row(Reason::InDoubt, found),
    )
}

fn rebalances_in_doubt(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let doubts = rebalances::in_doubt(connection)?.into_iter();
    Ok(doubts
        .filter(|stored| stored.rebalance.terms.at <= gap.to)
        .map(|stored| Suspect {
            reason: Reason::RebalanceInDoubt,
            id: Some(stored.id),
            webhook: None,
            amount: Some(stored.rebalance.terms.forecast.amount),
            at: stored.rebalance.terms.at,
        })
        .collect())
}

fn same_amount(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let term = |test| Term { negated: false, test };
    let reach = |at: Timestamp, by: SignedDuration| at.checked_add(by).unwrap_or(at);
    let terms = vec![
        term(Test::Amount(Comparison::Exactly, amount_of(gap))),
        term(Test::Since(reach(gap.from, -AROUND))),
        term(Test::Until(reach(gap.to, AROUND))),
    ];
    let query = Query { filter: Filter { terms }, limit: MOST_OF_A_REASON, ..Query::default() };
    let rows = history::list(connection, &query)?;
    Ok(rows
        .into_iter()
        .map(|row| Suspect {
            reason: Reason::SameAmount,
            id: Some(row.id),
            webhook: None,
            amount: row.amount,
            at: row.happened_at,
        })
        .collect())
}

fn conflicts(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let (from, _) = around(gap);
    collect(
        connection,
        "SELECT id, amount, happened_at AS at FROM transactions
         WHERE conflict = 1 AND updated_at >= ?1 ORDER BY updated_at LIMIT ?2",
        params![from, MOST_OF_A_REASON],
        |found| row(Reason::Conflict, found),
    )
}

fn illegible(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let (from, to) = around(gap);
    collect(
        connection,
        "SELECT number, received_at AS at FROM inbox
         WHERE trouble IS NOT NULL AND received_at >= ?1 AND received_at <= ?2 ORDER BY received_at LIMIT ?3",
        params![from, to, MOST_OF_A_REASON],
        |found| {
            let webhook = Some(found.read("number")?);
            Ok(Suspect { reason: Reason::Illegible, id: None, webhook, amount: None, at: found.time("at")? })
        },
    )
}

fn ended(connection: &Connection, gap: &Gap) -> Result<Vec<Suspect>, JournalError> {
    let mut found = Vec::new();
    for direction in ["out", "in"] {
        found.extend(collect(
            connection,
            "SELECT id, amount, settled_at AS at FROM transactions
             WHERE direction = ?1 AND settled_at >= ?2 AND settled_at <= ?3 ORDER BY settled_at LIMIT ?4",
            params![direction, gap.from.as_microsecond(), gap.to.as_microsecond(), MOST_OF_A_REASON],
            |ended| row(Reason::Ended, ended),
        )?);
    }
    Ok(found)
}
