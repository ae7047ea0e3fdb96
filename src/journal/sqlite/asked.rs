//! Charges and refunds of ours: proposed once, then only ever folded.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::{AskProposal, AskedChange, AttemptRow, JournalError, Observation, RefundHeard, Stored};
use super::convert::{Columns, attempt, collect, first, to_json, to_time, write};
use super::{epoch, events, feed};
use crate::domain::cash_in::Charge;
use crate::domain::cash_out::Because;
use crate::domain::refund::Refund;
use crate::domain::request::{Asked, Event, Refused, Terms, contradictions};

const COLUMNS: &str = "id, body, snapshot, created_at, updated_at";

/// A kind of order with a table of its own.
pub(super) trait Table:
    Asked<Terms: Serialize + DeserializeOwned> + Serialize + DeserializeOwned + Clone
{
    /// Its name.
    const NAME: &str;
    /// The column that no two orders share: what makes an order one.
    const LOCK: &str;

    /// What stands there.
    fn lock(&self) -> String;

    /// Shows it in the feed, where it is new.
    fn show(connection: &Connection, stored: &Stored<Self>) -> Result<(), JournalError>;

    /// Shows in the feed what has changed of it.
    fn show_again(connection: &Connection, stored: &Stored<Self>) -> Result<(), JournalError>;
}

impl Table for Charge {
    const NAME: &str = "charges";
    const LOCK: &str = "reference";

    fn lock(&self) -> String {
        self.terms.reference.to_string()
    }

    fn show(connection: &Connection, stored: &Stored<Self>) -> Result<(), JournalError> {
        feed::insert_ours(connection, stored.id, &feed::Projection::of_charge(stored))
    }

    fn show_again(connection: &Connection, stored: &Stored<Self>) -> Result<(), JournalError> {
        feed::update_ours(connection, stored.id, &feed::Projection::of_charge(stored))
    }
}

impl Table for Refund {
    const NAME: &str = "refunds";
    const LOCK: &str = "cash_in";

    fn lock(&self) -> String {
        self.terms.cash_in.to_string()
    }

    // The cash-in has its row already, and the gateway's REFUNDED changes it.
    fn show(_: &Connection, _: &Stored<Self>) -> Result<(), JournalError> {
        Ok(())
    }

    fn show_again(_: &Connection, _: &Stored<Self>) -> Result<(), JournalError> {
        Ok(())
    }
}

fn read<A: Table>(row: &Row<'_>) -> Result<Stored<A>, JournalError> {
    Ok(Stored {
        id: row.uuid("id")?,
        body: row.read("body")?,
        asked: row.json("snapshot")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn by_id<A: Table>(connection: &Connection, id: Uuid) -> Result<Option<Stored<A>>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE id = ?1", A::NAME);
    first(connection, &sql, [id.to_string()], read)
}

pub(super) fn by_lock<A: Table>(
    connection: &Connection,
    lock: &str,
) -> Result<Option<Stored<A>>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE {} = ?1", A::NAME, A::LOCK);
    first(connection, &sql, [lock], read)
}

/// Due by then, those that are overdue first; or all that are open.
pub(super) fn due<A: Table>(
    connection: &Connection,
    by: Option<Timestamp>,
) -> Result<Vec<Stored<A>>, JournalError> {
    match by {
        Some(by) => {
            let sql =
                format!("SELECT {COLUMNS} FROM {} WHERE wake_at <= ?1 ORDER BY wake_at LIMIT 256", A::NAME);
            collect(connection, &sql, [by.as_microsecond()], read)
        }
        None => {
            let sql = format!("SELECT {COLUMNS} FROM {} WHERE open = 1 ORDER BY created_at", A::NAME);
            collect(connection, &sql, [], read)
        }
    }
}

/// Those whose request has not ended: open, and with nothing that is due.
pub(super) fn on_the_wire<A: Table>(connection: &Connection) -> Result<Vec<Stored<A>>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM {} WHERE open = 1 AND wake_at IS NULL", A::NAME);
    let mut all: Vec<Stored<A>> = collect(connection, &sql, [], read)?;
    all.retain(|stored| stored.asked.requests().on_the_wire);
    Ok(all)
}

/// When the next charge or refund is due.
pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, JournalError> {
    let soonest = first(
        connection,
        "SELECT min(wake_at) AS wake_at FROM (SELECT min(wake_at) AS wake_at FROM charges WHERE wake_at IS NOT NULL
         UNION ALL SELECT min(wake_at) FROM refunds WHERE wake_at IS NOT NULL)",
        [],
        |row| row.read::<Option<i64>>("wake_at"),
    )?;
    soonest.flatten().map(to_time).transpose()
}

/// Journals what was decided, or finds what stands under its lock already.
pub(super) fn propose<A: Table>(
    connection: &Connection,
    proposal: &AskProposal<A::Terms>,
) -> Result<Result<Stored<A>, Stored<A>>, JournalError> {
    let asked = A::proposed(Arc::clone(&proposal.terms));
    if let Some(known) = by_lock(connection, &asked.lock())? {
        return Ok(Err(known));
    }
    let at = proposal.terms.at();
    let stored =
        Stored { id: proposal.id, body: proposal.body.clone(), asked, created_at: at, updated_at: at };
    A::show(connection, &stored)?;
    let sql = format!(
        "INSERT INTO {} (id, {}, body, snapshot, open, wake_at, created_at, updated_at)
         VALUES (:id, :lock, :body, :snapshot, 1, :wake, :at, :at)",
        A::NAME,
        A::LOCK
    );
    write(
        connection,
        &sql,
        named_params! {
            ":id": stored.id.to_string(),
            ":lock": stored.asked.lock(),
            ":body": stored.body,
            ":snapshot": to_json(&stored.asked)?,
            ":wake": wake_at(&stored.asked),
            ":at": at.as_microsecond(),
        },
    )?;
    let event: Event<A::Terms> = Event::Proposed(Arc::clone(&proposal.terms));
    events::insert(connection, stored.id, at, &event)?;
    Ok(Ok(stored))
}

/// Folds an event: reads, steps and writes within the caller's transaction.
pub(super) fn apply<A: Table>(
    connection: &Connection,
    id: Uuid,
    change: &AskedChange<A::Terms>,
) -> Result<Stored<A>, JournalError> {
    let Some(mut stored) = by_id::<A>(connection, id)? else {
        return Err(JournalError::NotFound(id.to_string()));
    };
    stored.asked = stored.asked.step(&change.event)?;
    if let Event::LookedInto(looked) = &change.event {
        // Whoever looked into it had every fact before them: the journal alone can tell.
        let known = contradictions::<A>(&events::of::<Event<A::Terms>>(connection, id)?);
        if !known.iter().map(|one| &one.fact).eq(&looked.facts) {
            let (state, because) = (stored.asked.word().into(), Because::Changed);
            return Err(Refused { state, event: "to be looked into".into(), because }.into());
        }
    }
    stored.updated_at = change.event.at();
    events::insert(connection, id, change.event.at(), &change.event)?;
    write_request(connection, &stored, change)?;
    let sql = format!(
        "UPDATE {} SET snapshot = :snapshot, open = :open, wake_at = :wake, updated_at = :at WHERE id = :id",
        A::NAME
    );
    write(
        connection,
        &sql,
        named_params! {
            ":snapshot": to_json(&stored.asked)?,
            ":open": stored.asked.is_open(),
            ":wake": wake_at(&stored.asked),
            ":at": stored.updated_at.as_microsecond(),
            ":id": id.to_string(),
        },
    )?;
    A::show_again(connection, &stored)?;
    Ok(stored)
}

/// Folds what the gateway said of a cash-in into the charge and the refund of ours that it is about, if any. Whether
/// the row is the charge's own, so that it shows it already; and the refund.
pub(super) fn observe(
    connection: &Connection,
    row: Uuid,
    observation: &Observation,
) -> Result<(bool, Option<Box<RefundHeard>>), JournalError> {
    let report = Arc::new(observation.report.clone());
    let mut heard = None;
    if let Some(refund) = by_lock::<Refund>(connection, &row.to_string())? {
        let now = apply::<Refund>(connection, refund.id, &reported(observation, &report).into())?.asked;
        heard = Some(Box::new(RefundHeard { before: refund.asked, now }));
    }
    if by_id::<Charge>(connection, row)?.is_none() {
        return Ok((false, heard));
    }
    apply::<Charge>(connection, row, &reported(observation, &report).into())?;
    Ok((true, heard))
}

fn reported<T>(observation: &Observation, report: &Arc<crate::domain::report::Report>) -> Event<T> {
    Event::Reported { at: observation.at, source: observation.source, report: Arc::clone(report) }
}

fn write_request<A: Table>(
    connection: &Connection,
    stored: &Stored<A>,
    change: &AskedChange<A::Terms>,
) -> Result<(), JournalError> {
    let (id, number) = (stored.id.to_string(), stored.asked.requests().attempts);
    match &change.event {
        Event::AttemptStarted { at, key, .. } => write(
            connection,
            "INSERT INTO requests (subject, number, epoch, key, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, number, epoch::current(connection)?, key.to_string(), at.at.as_microsecond()],
        )
        .map(drop),
        Event::AttemptEnded { at, verdict, .. } => write(
            connection,
            "UPDATE requests SET ended_at = ?3, verdict = ?4, evidence = ?5 WHERE subject = ?1 AND number = ?2",
            params![id, number, at.at.as_microsecond(), to_json(verdict)?, change.evidence],
        )
        .map(drop),
        _ => Ok(()),
    }
}

/// What was sent for a charge or a refund, oldest first.
pub(super) fn requests(connection: &Connection, subject: Uuid) -> Result<Vec<AttemptRow>, JournalError> {
    collect(
        connection,
        "SELECT number, key, started_at, ended_at, verdict FROM requests WHERE subject = ?1 ORDER BY number",
        [subject.to_string()],
        attempt,
    )
}

/// The columns beside the snapshot that follow from the life: lock, whether it is open, when it is due.
pub(super) type Beside = (String, bool, Option<i64>);

pub(super) fn beside_of<A: Table>(asked: &A) -> Beside {
    (asked.lock(), asked.is_open(), wake_at(asked))
}

/// The same columns as they are stored.
pub(super) fn beside<A: Table>(connection: &Connection, id: Uuid) -> Result<Option<Beside>, JournalError> {
    let sql = format!("SELECT {} AS lock, open, wake_at FROM {} WHERE id = ?1", A::LOCK, A::NAME);
    first(connection, &sql, [id.to_string()], |row| {
        Ok((row.read("lock")?, row.read("open")?, row.read("wake_at")?))
    })
}

fn wake_at<A: Asked>(asked: &A) -> Option<i64> {
    asked.plan().map(|plan| plan.at.as_microsecond())
}
