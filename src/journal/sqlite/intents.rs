//! Payments of ours: proposed once, then only ever folded.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::{Applied, AttemptRow, Change, Intent, JournalError, Proposal, Proposed};
use super::convert::{Columns, collect, first, to_json, write};
use super::feed;
use crate::domain::cash_out::{CashOut, Event, Expected, step};

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

pub(super) fn by_reference(connection: &Connection, reference: &str) -> Result<Option<Intent>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM intents WHERE reference = ?1"), [reference], read)
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
    let hash = proposal.order.payload_hash();
    if let Some(known) = by_reference(connection, proposal.reference.as_str())? {
        return Ok(if known.order.payload_hash() == hash {
            Proposed::Existing(known)
        } else {
            Proposed::Taken(known)
        });
    }
    let expected = Expected {
        reference: proposal.reference.clone(),
        amount: proposal.order.amount,
        document: proposal.order.document.clone(),
    };
    let intent = Intent {
        id: proposal.id,
        reference: proposal.reference.clone(),
        order: proposal.order.clone(),
        reason: proposal.reason.clone(),
        body: proposal.body.clone(),
        cash_out: CashOut::approved(expected, proposal.resend_window, proposal.at),
        created_at: proposal.at,
        updated_at: proposal.at,
    };
    feed::insert_ours(connection, &intent)?;
    write(
        connection,
        "INSERT INTO intents (id, reference, payload, payload_hash, reason, body, snapshot, open,
                              wake_at, created_at, updated_at)
         VALUES (:id, :reference, :payload, :hash, :reason, :body, :snapshot, 1, :wake, :at, :at)",
        named_params! {
            ":id": intent.id.to_string(),
            ":reference": intent.reference.as_str(),
            ":payload": to_json(&intent.order)?,
            ":hash": hash,
            ":reason": intent.reason,
            ":body": intent.body,
            ":snapshot": to_json(&intent.cash_out)?,
            ":wake": wake_at(&intent.cash_out),
            ":at": proposal.at.as_microsecond(),
        },
    )?;
    Ok(Proposed::Created(intent))
}

/// Folds an event into a payment: reads, steps and writes within the caller's transaction.
pub(super) fn apply(connection: &Connection, id: Uuid, change: &Change) -> Result<Applied, JournalError> {
    let Some(mut intent) = by_id(connection, id)? else { return Err(JournalError::NotFound(id.to_string())) };
    let step = step(&intent.cash_out, &change.event)?;
    let at = when(&change.event);
    intent.cash_out = step.after;
    intent.updated_at = at;
    write(
        connection,
        "INSERT INTO events (subject, at, event) VALUES (?1, ?2, ?3)",
        params![id.to_string(), at.as_microsecond(), to_json(&change.event)?],
    )?;
    write_attempt(connection, &intent, change)?;
    write(
        connection,
        "UPDATE intents SET snapshot = :snapshot, open = :open, wake_at = :wake, updated_at = :at WHERE id = :id",
        named_params! {
            ":snapshot": to_json(&intent.cash_out)?,
            ":open": !intent.cash_out.state.is_final(),
            ":wake": wake_at(&intent.cash_out),
            ":at": at.as_microsecond(),
            ":id": id.to_string(),
        },
    )?;
    feed::update_ours(connection, &intent)?;
    Ok(Applied { intent, alarms: step.alarms })
}

fn write_attempt(connection: &Connection, intent: &Intent, change: &Change) -> Result<(), JournalError> {
    match &change.event {
        Event::AttemptStarted { at } => {
            let key = change.key.ok_or_else(|| {
                JournalError::Unwritable("an attempt without its idempotency key".to_owned())
            })?;
            write(
                connection,
                "INSERT INTO attempts (intent, number, key, started_at) VALUES (?1, ?2, ?3, ?4)",
                params![
                    intent.id.to_string(),
                    intent.cash_out.attempts,
                    key.to_string(),
                    at.as_microsecond()
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
                    at.as_microsecond(),
                    to_json(verdict)?,
                    change.evidence
                ],
            )?;
        }
        Event::Reported { .. }
        | Event::LookedInVain { .. }
        | Event::WindowClosed { .. }
        | Event::PutOnHold { .. }
        | Event::RoundStarted { .. } => {}
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

fn wake_at(cash_out: &CashOut) -> Option<i64> {
    cash_out.plan().map(|plan| plan.at.as_microsecond())
}

fn when(event: &Event) -> Timestamp {
    match event {
        Event::AttemptStarted { at }
        | Event::AttemptEnded { at, .. }
        | Event::Reported { at, .. }
        | Event::LookedInVain { at }
        | Event::WindowClosed { at }
        | Event::PutOnHold { at }
        | Event::RoundStarted { at } => *at,
    }
}
