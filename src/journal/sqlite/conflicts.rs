//! What may be an alert beside payments in doubt: what contradicts itself, refunds in doubt, batches with lines that were not
//! begun. Each question has an end, and none reads what is settled.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::super::JournalError;
use super::super::batch::Progress;
use super::convert::{Columns, collect};
use super::{asked, batches, events, feed, intents};
use crate::domain::alert::{About, Conflict, Contradicted, MOST_OF_A_KIND, Standstill};
use crate::domain::cash_in::Charge;
use crate::domain::cash_out::{State as Out, contradictions};
use crate::domain::contradiction::{Contradiction, Fact};
use crate::domain::refund::Refund;
use crate::domain::request::{self, Asked as _};
use crate::domain::transaction::{State, Transaction};

/// Rows that are looked at: alerts of each kind, a few times over.
const MOST: usize = MOST_OF_A_KIND * 4;

/// A batch that nobody went on with for so long is given up: what is decided is sent within a day, and a sheet of last
/// week is another matter.
const GIVEN_UP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Batches that are looked at.
const BATCHES: u32 = 50;

fn most() -> u32 {
    u32::try_from(MOST).unwrap_or(u32::MAX)
}

fn ids(connection: &Connection, sql: &str) -> Result<Vec<Uuid>, JournalError> {
    collect(connection, sql, [most()], |row| row.uuid("id"))
}

/// What contradicts itself and nobody has looked into, oldest first.
pub(super) fn open(connection: &Connection) -> Result<Vec<Conflict>, JournalError> {
    let mut found = Vec::new();
    let rows = "SELECT id FROM transactions WHERE conflict = 1 ORDER BY updated_at LIMIT ?1";
    for id in ids(connection, rows)? {
        let Some(row) = feed::by_id(connection, id)? else { continue };
        let (what, told) = of_row(connection, &row)?;
        let since = told.first().map_or(row.updated_at, |first| first.at);
        // The row has what was told last; what a person knows the payment by is what they ordered.
        let ordered = match row.state {
            State::Out(_) if row.ours => intents::by_id(connection, id)?.map(|intent| intent.order.amount),
            State::Out(_) | State::In(_) => None,
        };
        let about = About { amount: ordered.or(row.amount), ..about(&row, since) };
        found.push(Conflict { what, about });
    }
    // The cash-in's row does not tell of it. A text is looked for before a life is read.
    let refunds =
        "SELECT id FROM refunds WHERE instr(snapshot, '\"conflict\":true') > 0 ORDER BY updated_at LIMIT ?1";
    for id in ids(connection, refunds)? {
        let Some(refund) = asked::by_id::<Refund>(connection, id)? else { continue };
        let row = feed::by_id(connection, refund.asked.terms.cash_in)?;
        let (true, Some(row)) = (refund.asked.is_contradicted(), row) else { continue };
        let told = request::contradictions::<Refund>(&events::of(connection, id)?);
        let since = told.first().map_or(refund.updated_at, |first| first.at);
        let about = About { amount: refund.asked.terms.amount, ..about(&row, since) };
        found.push(Conflict { what: Contradicted::Refund, about });
    }
    found.sort_by_key(|conflict| conflict.about.since);
    Ok(found)
}

fn about(row: &Transaction, since: Timestamp) -> About {
    About { id: row.id, amount: row.amount, state: row.state, since }
}

fn of_row(
    connection: &Connection,
    row: &Transaction,
) -> Result<(Contradicted, Vec<Contradiction>), JournalError> {
    Ok(match row.state {
        _ if !row.ours => (Contradicted::Other, Vec::new()),
        State::Out(_) => {
            let told = contradictions(&intents::events(connection, row.id)?);
            let is_late = told.iter().any(|one| came_too_late(&one.fact));
            (if is_late { Contradicted::PaidAfterFailure } else { Contradicted::Payment }, told)
        }
        State::In(_) => {
            let told = request::contradictions::<Charge>(&events::of(connection, row.id)?);
            (Contradicted::Charge, told)
        }
    })
}

/// Whether it was paid after it had counted as not paid.
fn came_too_late(fact: &Fact) -> bool {
    use crate::domain::report::Status;
    matches!(
        fact,
        Fact::State {
            held: State::Out(Out::Failed | Out::Cancelled | Out::DeclaredNotPaid),
            told: Status::Completed | Status::Refunded
        }
    )
}

/// Refunds of which nobody knows what became, by their cash-in's row, oldest first.
pub(super) fn refunds_in_doubt(connection: &Connection) -> Result<Vec<About>, JournalError> {
    let mut found = Vec::new();
    for id in ids(connection, "SELECT id FROM refunds WHERE open = 1 ORDER BY created_at LIMIT ?1")? {
        let Some(refund) = asked::by_id::<Refund>(connection, id)? else { continue };
        let asked = &refund.asked;
        // What is under way, or proven unsent, is no doubt.
        let is_doubt = asked.state.is_in_doubt() && !asked.is_proven_unsent() && !asked.is_contradicted();
        let is_first = asked.requests.on_the_wire && !asked.requests.ambiguous;
        if !is_doubt || is_first {
            continue;
        }
        let Some(row) = feed::by_id(connection, asked.terms.cash_in)? else { continue };
        let since = asked.requests.doubt_since.map_or(asked.since, |doubt| doubt.at);
        found.push(About { amount: asked.terms.amount, ..about(&row, since) });
    }
    found.sort_by_key(|about| about.since);
    Ok(found)
}

/// Batches with lines that were not begun.
pub(super) fn unfinished(connection: &Connection, now: Timestamp) -> Result<Vec<Standstill>, JournalError> {
    let since = now.checked_sub(GIVEN_UP).unwrap_or(Timestamp::MIN);
    let recent = collect(
        connection,
        "SELECT id, created_at FROM batches WHERE created_at >= ?1 ORDER BY created_at LIMIT ?2",
        params![since.as_microsecond(), BATCHES],
        |row| Ok((row.uuid("id")?, row.time("created_at")?)),
    )?;
    let mut found = Vec::new();
    for (id, since) in recent {
        let Progress { waiting, in_doubt, .. } = batches::progress(connection, id)?;
        if waiting.count > 0 {
            let (amount, waiting, in_doubt) = (waiting.amount, waiting.count, in_doubt.count);
            found.push(Standstill { id, waiting, amount, in_doubt, since });
        }
    }
    Ok(found)
}

/// A person has seen that the gateway contradicts itself about a transaction of others, and has said what they found.
pub(super) fn close_others(connection: &Connection, id: Uuid) -> Result<(), JournalError> {
    let sql = "UPDATE transactions SET conflict = 2 WHERE id = ?1 AND ours = 0 AND conflict = 1";
    super::convert::write(connection, sql, [id.to_string()]).map(drop)
}
