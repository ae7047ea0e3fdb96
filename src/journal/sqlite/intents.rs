//! Payments of ours: proposed once, then only ever folded.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::{Applied, AttemptRow, Change, Intent, JournalError, Proposal, Proposed};
use super::convert::{Columns, collect, first, to_json, write};
use super::{epoch, feed};
use crate::domain::cash_out::{Again, Because, CashOut, Event, Refused, Terms, step};

const COLUMNS: &str = "id, reference, payload, reason, body, snapshot, created_at, updated_at";

fn read(row: &Row<'_>) -> Result<Intent, JournalError> {
    Ok(Intent {
        id: row.uuid("id")?,
        // Read back as it was written: the rules for what a person may type may have changed since.
        reference: serde_json::from_value(serde_json::Value::String(row.read("reference")?))
            .map_err(|error| JournalError::Unreadable(error.to_string()))?,
        order: row.json("payload")?,
        reason: row.read("reason")?,
        body: row.read("body")?,
        cash_out: row.json("snapshot")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}

pub(super) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<Intent>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM intents WHERE id = ?1"), [id.to_string()], read)
}

/// The newest payment of a debt.
pub(super) fn newest(connection: &Connection, obligation: &str) -> Result<Option<Intent>, JournalError> {
    first(
        connection,
        &format!("SELECT {COLUMNS} FROM intents WHERE obligation = ?1 ORDER BY generation DESC LIMIT 1"),
        [obligation],
        read,
    )
}

/// Due by then, or all that are not final.
pub(super) fn due(connection: &Connection, by: Option<Timestamp>) -> Result<Vec<Intent>, JournalError> {
    match by {
        Some(by) => collect(
            connection,
            &format!("SELECT {COLUMNS} FROM intents WHERE wake_at <= ?1 ORDER BY wake_at LIMIT 256"),
            [by.as_microsecond()],
            read,
        ),
        None => collect(
            connection,
            &format!("SELECT {COLUMNS} FROM intents WHERE open = 1 ORDER BY created_at"),
            [],
            read,
        ),
    }
}

pub(super) fn propose(connection: &Connection, proposal: &Proposal) -> Result<Proposed, JournalError> {
    let terms = &proposal.terms;
    if let Some(known) = newest(connection, terms.obligation.as_str())? {
        let pay = &known.cash_out;
        let follows = terms.generation == pay.terms.generation + 1 && pay.again() == Some(Again::Generation);
        // Any of the debt's payments may turn out to have paid it, not just the newest.
        let in_the_way = match payer(connection, terms, None)? {
            Some(payer) => Some(payer),
            None if follows => None,
            None => Some(known),
        };
        if let Some(known) = in_the_way {
            return Ok(if known.order == proposal.order {
                Proposed::Existing(known)
            } else {
                Proposed::Taken(known)
            });
        }
    }
    let intent = Intent {
        id: proposal.id,
        reference: terms.expected.reference.clone(),
        order: proposal.order.clone(),
        reason: proposal.reason.clone(),
        body: proposal.body.clone(),
        cash_out: CashOut::proposed(Arc::clone(terms)),
        created_at: terms.at,
        updated_at: terms.at,
    };
    feed::insert_ours(connection, &intent)?;
    write(
        connection,
        "INSERT INTO intents (id, reference, obligation, generation, payload, payload_hash, reason, body, snapshot,
                              open, wake_at, created_at, updated_at)
         VALUES (:id, :reference, :obligation, :generation, :payload, :hash, :reason, :body, :snapshot, 1, :wake,
                 :at, :at)",
        named_params! {
            ":id": intent.id.to_string(),
            ":reference": intent.reference.as_str(),
            ":obligation": terms.obligation.as_str(),
            ":generation": terms.generation,
            ":payload": to_json(&intent.order)?,
            ":hash": terms.fingerprints.payload.as_bytes(),
            ":reason": intent.reason,
            ":body": intent.body,
            ":snapshot": to_json(&intent.cash_out)?,
            ":wake": wake_at(&intent.cash_out),
            ":at": terms.at.as_microsecond(),
        },
    )?;
    insert_event(connection, intent.id, &Event::Proposed(Arc::clone(terms)))?;
    Ok(Proposed::Created(intent))
}

fn insert_event(connection: &Connection, id: Uuid, event: &Event) -> Result<(), JournalError> {
    write(
        connection,
        "INSERT INTO events (subject, at, event) VALUES (?1, ?2, ?3)",
        params![id.to_string(), event.at().as_microsecond(), to_json(event)?],
    )
    .map(drop)
}

/// Folds an event into a payment: reads, steps and writes within the caller's transaction.
pub(super) fn apply(connection: &Connection, id: Uuid, change: &Change) -> Result<Applied, JournalError> {
    let Some(mut intent) = by_id(connection, id)? else { return Err(JournalError::NotFound(id.to_string())) };
    let was_suspect = intent.cash_out.may_have_paid();
    let step = step(&intent.cash_out, &change.event)?;
    if matches!(change.event, Event::AttemptStarted { .. } | Event::RoundStarted { .. })
        && payer(connection, &intent.cash_out.terms, Some(id))?.is_some()
    {
        let state = intent.cash_out.state;
        return Err(Refused { state, event: "another request", because: Because::Sibling }.into());
    }
    intent.cash_out = step.after;
    intent.updated_at = change.event.at();
    insert_event(connection, id, &change.event)?;
    write_attempt(connection, &intent, change)?;
    write(
        connection,
        "UPDATE intents SET snapshot = :snapshot, open = :open, wake_at = :wake, updated_at = :at WHERE id = :id",
        named_params! {
            ":snapshot": to_json(&intent.cash_out)?,
            ":open": is_open(&intent.cash_out),
            ":wake": wake_at(&intent.cash_out),
            ":at": intent.updated_at.as_microsecond(),
            ":id": id.to_string(),
        },
    )?;
    feed::update_ours(connection, &intent)?;
    if let Event::Adopted { internal_code, .. } = &change.event {
        feed::absorb(connection, id, internal_code)?;
    }
    let is_suspect_now = !was_suspect && intent.cash_out.may_have_paid();
    let overtaken = if is_suspect_now { overtake(connection, &intent)? } else { Vec::new() };
    Ok(Applied { intent, alarms: step.alarms, overtaken })
}

/// The payments of a debt, but for one.
fn of_debt(connection: &Connection, terms: &Terms, but: Option<Uuid>) -> Result<Vec<Intent>, JournalError> {
    collect(
        connection,
        &format!("SELECT {COLUMNS} FROM intents WHERE obligation = ?1 AND id IS NOT ?2 ORDER BY generation"),
        params![terms.obligation.as_str(), but.map(|id| id.to_string())],
        read,
    )
}

/// The payment of a debt that may have paid it, but for one: while there is one, no other is sent.
fn payer(connection: &Connection, terms: &Terms, but: Option<Uuid>) -> Result<Option<Intent>, JournalError> {
    Ok(of_debt(connection, terms, but)?.into_iter().find(|other| other.cash_out.may_have_paid()))
}

/// A payment that had been proven failed may have been made after all: the ones that followed it stop.
fn overtake(connection: &Connection, suspect: &Intent) -> Result<Vec<Applied>, JournalError> {
    let terms = &suspect.cash_out.terms;
    let event = Event::Overtaken { at: suspect.updated_at, generation: terms.generation };
    of_debt(connection, terms, Some(suspect.id))?
        .into_iter()
        .filter(|other| !other.cash_out.state.is_final())
        .map(|other| apply(connection, other.id, &event.clone().into()))
        .collect()
}

fn write_attempt(connection: &Connection, intent: &Intent, change: &Change) -> Result<(), JournalError> {
    match &change.event {
        Event::AttemptStarted { at, key, .. } => {
            write(
                connection,
                "INSERT INTO attempts (intent, number, epoch, key, started_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![
                    intent.id.to_string(),
                    intent.cash_out.attempts,
                    epoch::current(connection)?,
                    key.to_string(),
                    at.at.as_microsecond()
                ],
            )?;
        }
        Event::AttemptEnded { at, verdict } => {
            write(
                connection,
                "UPDATE attempts SET ended_at = ?3, verdict = ?4, evidence = ?5 WHERE intent = ?1 AND number = ?2",
                params![
                    intent.id.to_string(),
                    intent.cash_out.attempts,
                    at.at.as_microsecond(),
                    to_json(verdict)?,
                    change.evidence
                ],
            )?;
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn events(connection: &Connection, id: Uuid) -> Result<Vec<Event>, JournalError> {
    collect(connection, "SELECT event FROM events WHERE subject = ?1 ORDER BY seq", [id.to_string()], |row| {
        row.json("event")
    })
}

pub(super) fn attempts(connection: &Connection, id: Uuid) -> Result<Vec<AttemptRow>, JournalError> {
    collect(
        connection,
        "SELECT number, key, started_at, ended_at, verdict FROM attempts WHERE intent = ?1 ORDER BY number",
        [id.to_string()],
        |row| {
            Ok(AttemptRow {
                number: row.read("number")?,
                key: row.uuid("key")?,
                started_at: row.time("started_at")?,
                ended_at: row.maybe_time("ended_at")?,
                verdict: row
                    .read::<Option<String>>("verdict")?
                    .map(|text| super::convert::from_json(&text))
                    .transpose()?,
            })
        },
    )
}

/// The columns beside the snapshot that follow from it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Derived {
    open: bool,
    wake_at: Option<i64>,
}

impl Derived {
    pub(super) fn of(cash_out: &CashOut) -> Self {
        Self { open: is_open(cash_out), wake_at: wake_at(cash_out) }
    }
}

/// The same columns as they are stored.
pub(super) fn derived(connection: &Connection, id: Uuid) -> Result<Option<Derived>, JournalError> {
    first(connection, "SELECT open, wake_at FROM intents WHERE id = ?1", [id.to_string()], |row| {
        Ok(Derived { open: row.read("open")?, wake_at: row.read("wake_at")? })
    })
}

/// The debt that a payment pays, and its number among the payments of it, as they are stored.
pub(super) fn names(connection: &Connection, id: Uuid) -> Result<Option<(String, u32)>, JournalError> {
    first(connection, "SELECT obligation, generation FROM intents WHERE id = ?1", [id.to_string()], |row| {
        Ok((row.read("obligation")?, row.read("generation")?))
    })
}

/// The fingerprint of what a payment pays, as it is stored.
pub(super) fn payload_hash(connection: &Connection, id: Uuid) -> Result<Option<Vec<u8>>, JournalError> {
    first(connection, "SELECT payload_hash FROM intents WHERE id = ?1", [id.to_string()], |row| {
        row.read("payload_hash")
    })
}

/// Not final, or with a request whose end is still to be written down.
fn is_open(cash_out: &CashOut) -> bool {
    !cash_out.state.is_final() || cash_out.on_the_wire
}

fn wake_at(cash_out: &CashOut) -> Option<i64> {
    cash_out.plan().map(|plan| plan.at.as_microsecond())
}
