//! Payments of ours: proposed once, then only ever folded.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::{Applied, AttemptRow, Change, Intent, JournalError, Proposal, Proposed};
use super::convert::{Columns, attempt, collect, first, to_json, write};
use super::{epoch, events, feed};
use crate::domain::cash_out::{Again, Because, CashOut, Event, Refused, Terms, contradictions, step};

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
    // Any of the debt's payments may turn out to have paid it; otherwise the newest says what may follow.
    let mut earlier = of_debt(connection, terms, None)?;
    let payer = earlier.iter().position(|known| known.cash_out.may_have_paid());
    let in_the_way = match payer {
        Some(payer) => Some(earlier.swap_remove(payer)),
        None => earlier.pop().filter(|newest| {
            let pay = &newest.cash_out;
            terms.generation != pay.terms.generation + 1 || pay.again() != Some(Again::Generation)
        }),
    };
    if let Some(known) = in_the_way {
        return Ok(if known.order == proposal.order {
            Proposed::Existing(known)
        } else {
            Proposed::Taken(known)
        });
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
    feed::insert_ours(connection, intent.id, &feed::Projection::of(&intent))?;
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
    let event = Event::Proposed(Arc::clone(terms));
    events::insert(connection, intent.id, event.at(), &event)?;
    Ok(Proposed::Created(intent))
}

/// Folds an event into a payment: reads, steps and writes within the caller's transaction.
pub(super) fn apply(connection: &Connection, id: Uuid, change: &Change) -> Result<Applied, JournalError> {
    let Some(mut intent) = by_id(connection, id)? else { return Err(JournalError::NotFound(id.to_string())) };
    let was_suspect = intent.cash_out.may_have_paid();
    let step = step(&intent.cash_out, &change.event)?;
    if let Event::LookedInto(looked) = &change.event {
        // Whoever looked into it had every fact before them: the journal alone can tell.
        let known = contradictions(&events(connection, id)?);
        if !known.iter().map(|one| &one.fact).eq(&looked.facts) {
            let state = intent.cash_out.state;
            return Err(
                Refused { state, event: "to be looked into".into(), because: Because::Changed }.into()
            );
        }
    }
    if matches!(change.event, Event::AttemptStarted { .. } | Event::RoundStarted { .. })
        // A debt is paid by one payment: nothing of it is sent while another may have done it.
        && of_debt(connection, &intent.cash_out.terms, Some(id))?
            .iter()
            .any(|other| other.cash_out.may_have_paid())
    {
        let state = intent.cash_out.state;
        return Err(Refused { state, event: "another request".into(), because: Because::Sibling }.into());
    }
    intent.cash_out = step.after;
    intent.updated_at = change.event.at();
    events::insert(connection, id, change.event.at(), &change.event)?;
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
    feed::update_ours(connection, intent.id, &feed::Projection::of(&intent))?;
    if let Event::Adopted { internal_code, .. } = &change.event {
        feed::absorb(connection, id, internal_code)?;
    }
    let is_suspect_now = !was_suspect && intent.cash_out.may_have_paid();
    let overtaken = if is_suspect_now { overtake(connection, &intent)? } else { Vec::new() };
    Ok(Applied { intent, alarms: step.alarms, overtaken })
}

/// The payments of a debt, oldest first, but for one.
fn of_debt(connection: &Connection, terms: &Terms, but: Option<Uuid>) -> Result<Vec<Intent>, JournalError> {
    collect(
        connection,
        &format!("SELECT {COLUMNS} FROM intents WHERE obligation = ?1 AND id IS NOT ?2 ORDER BY generation"),
        params![terms.obligation.as_str(), but.map(|id| id.to_string())],
        read,
    )
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
        attempt,
    )
}

/// The columns beside the snapshot that follow from the payment's life.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Beside {
    pub(super) obligation: String,
    pub(super) generation: u32,
    pub(super) payload_hash: Vec<u8>,
    pub(super) open: bool,
    pub(super) wake_at: Option<i64>,
}

impl Beside {
    pub(super) fn of(cash_out: &CashOut) -> Self {
        let terms = &cash_out.terms;
        Self {
            obligation: terms.obligation.to_string(),
            generation: terms.generation,
            payload_hash: terms.fingerprints.payload.as_bytes().to_vec(),
            open: is_open(cash_out),
            wake_at: wake_at(cash_out),
        }
    }
}

/// The same columns as they are stored.
pub(super) fn beside(connection: &Connection, id: Uuid) -> Result<Option<Beside>, JournalError> {
    first(
        connection,
        "SELECT obligation, generation, payload_hash, open, wake_at FROM intents WHERE id = ?1",
        [id.to_string()],
        |row| {
            Ok(Beside {
                obligation: row.read("obligation")?,
                generation: row.read("generation")?,
                payload_hash: row.read("payload_hash")?,
                open: row.read("open")?,
                wake_at: row.read("wake_at")?,
            })
        },
    )
}

/// Not final, or with a request whose end is still to be written down.
fn is_open(cash_out: &CashOut) -> bool {
    !cash_out.state.is_final() || cash_out.on_the_wire
}

fn wake_at(cash_out: &CashOut) -> Option<i64> {
    cash_out.plan().map(|plan| plan.at.as_microsecond())
}
