//! Batches: two tables that are only ever added to. Where a line stands is read from the payment that its reference names.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::batch::{BatchLine, BatchReader, Batches, Progress, StoredBatch};
use super::super::{Answer, JournalError, Sum};
use super::convert::{Columns, collect, first, to_json, write};
use super::writer::Purpose;
use super::{SqliteJournal, SqliteReader, intents};
use crate::domain::batch::{Batch, Line};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::text::Safe;

const COLUMNS: &str = "id, digest, name, maker, count, total, created_at";

/// How many lines stand where, with their sums. The newest payment of a debt speaks for it; one of another order has taken the
/// reference.
const PROGRESS: &str = "
    SELECT coalesce(t.state, '') AS state, coalesce(t.conflict = 1, 0) AS conflict,
           i.id IS NOT NULL AND i.payload <> l.payload AS taken,
           coalesce(json_extract(i.snapshot, '$.ambiguous'), 0) AS ambiguous,
           count(*) AS count, sum(l.amount) AS amount
    FROM batch_lines l
    LEFT JOIN intents i ON i.obligation = l.reference
        AND i.generation = (SELECT max(generation) FROM intents WHERE obligation = l.reference)
    LEFT JOIN transactions t ON t.id = i.id
    WHERE l.batch = ?1
    GROUP BY 1, 2, 3, 4";

fn read(row: &Row<'_>) -> Result<StoredBatch, JournalError> {
    Ok(StoredBatch {
        id: row.uuid("id")?,
        digest: Digest::from_bytes(row.read("digest")?),
        name: Safe::new(&row.read::<String>("name")?),
        maker: row.json("maker")?,
        count: row.read("count")?,
        total: Centavos::new(row.read("total")?),
        created_at: row.time("created_at")?,
    })
}

fn by_id(connection: &Connection, id: Uuid) -> Result<Option<StoredBatch>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM batches WHERE id = ?1"), [id.to_string()], read)
}

fn newest(connection: &Connection, limit: u32) -> Result<Vec<(StoredBatch, Progress)>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM batches ORDER BY created_at DESC, id LIMIT ?1");
    let batches = collect(connection, &sql, [limit], read)?;
    batches
        .into_iter()
        .map(|batch| {
            let progress = progress(connection, batch.id)?;
            Ok((batch, progress))
        })
        .collect()
}

fn lines(connection: &Connection, id: Uuid) -> Result<Vec<BatchLine>, JournalError> {
    let sql = "SELECT number, reference, payload FROM batch_lines WHERE batch = ?1 ORDER BY number";
    collect(connection, sql, [id.to_string()], |row| {
        let line = Line {
            number: row.read("number")?,
            // Read back as it was written: the rules for what a person may type may have changed since.
            reference: serde_json::from_value(serde_json::Value::String(row.read("reference")?))
                .map_err(|error| JournalError::Unreadable(error.to_string()))?,
            order: row.json("payload")?,
        };
        let payment = intents::newest(connection, line.reference.as_str())?;
        Ok(BatchLine { line, payment })
    })
}

pub(super) fn progress(connection: &Connection, id: Uuid) -> Result<Progress, JournalError> {
    let parts = collect(connection, PROGRESS, [id.to_string()], |row| {
        let sum = Sum { count: row.read("count")?, amount: Centavos::new(row.read("amount")?) };
        let state: String = row.read("state")?;
        let flags: [bool; 3] = [row.read("taken")?, row.read("conflict")?, row.read("ambiguous")?];
        Ok((state, flags, sum))
    })?;
    let mut progress = Progress::default();
    for (state, [taken, conflict, ambiguous], sum) in parts {
        let place = match State::ALL.into_iter().find(|one| one.as_str() == state) {
            None if state.is_empty() => &mut progress.waiting,
            None => return Err(JournalError::Unreadable(format!("no cash-out is {state}"))),
            Some(_) if taken => &mut progress.not_paid,
            Some(_) if conflict => &mut progress.in_doubt,
            Some(State::Unknown) if !ambiguous => &mut progress.at_work,
            Some(State::Draft | State::PendingApproval | State::Approved) => &mut progress.at_work,
            Some(State::Unknown | State::Exists | State::Held) => &mut progress.in_doubt,
            Some(State::Accepted) => &mut progress.accepted,
            Some(State::Completed) => &mut progress.completed,
            Some(
                State::Rejected | State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid,
            ) => &mut progress.not_paid,
        };
        place.count += sum.count;
        place.amount = place.amount.checked_add(sum.amount).unwrap_or(place.amount);
    }
    Ok(progress)
}

fn record(
    connection: &Connection,
    batch: &Batch,
    maker: &Person,
    at: Timestamp,
) -> Result<StoredBatch, JournalError> {
    let id = batch.id();
    if let Some(known) = by_id(connection, id)? {
        return Ok(known);
    }
    write(
        connection,
        "INSERT INTO batches (id, digest, name, maker, count, total, created_at)
         VALUES (:id, :digest, :name, :maker, :count, :total, :at)",
        named_params! {
            ":id": id.to_string(),
            ":digest": batch.digest.as_bytes(),
            ":name": batch.name.as_str(),
            ":maker": to_json(maker)?,
            ":count": u32::try_from(batch.lines.len()).unwrap_or(u32::MAX),
            ":total": batch.total().get(),
            ":at": at.as_microsecond(),
        },
    )?;
    for line in &batch.lines {
        write(
            connection,
            "INSERT INTO batch_lines (batch, number, reference, amount, payload) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id.to_string(),
                line.number,
                line.reference.as_str(),
                line.order.amount.get(),
                to_json(&line.order)?
            ],
        )?;
    }
    by_id(connection, id)?.ok_or_else(|| JournalError::NotFound(id.to_string()))
}

macro_rules! read_on {
    ($journal:ty) => {
        impl BatchReader for $journal {
            fn batch(&self, id: Uuid) -> Answer<'_, Option<StoredBatch>> {
                Box::pin(self.reader.call(move |connection| by_id(connection, id)))
            }

            fn batches(&self, limit: u32) -> Answer<'_, Vec<(StoredBatch, Progress)>> {
                Box::pin(self.reader.call(move |connection| newest(connection, limit)))
            }

            fn batch_progress(&self, id: Uuid) -> Answer<'_, Progress> {
                Box::pin(self.reader.call(move |connection| progress(connection, id)))
            }

            fn batch_lines(&self, id: Uuid) -> Answer<'_, Vec<BatchLine>> {
                Box::pin(self.reader.call(move |connection| lines(connection, id)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);

impl Batches for SqliteJournal {
    fn record_batch(&self, batch: Batch, maker: Person, at: Timestamp) -> Answer<'_, StoredBatch> {
        Box::pin(
            self.writer
                .call_quietly(Purpose::Begins, move |connection| record(connection, &batch, &maker, at)),
        )
    }
}
