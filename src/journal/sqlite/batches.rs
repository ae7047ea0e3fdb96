//! Batches: two tables that are only ever added to. Where a line stands is read from the payment that its reference names.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::batch::{
    BatchLine, BatchPage, BatchPart, BatchReader, BatchRow, Batches, Progress, StandingBatch, StoredBatch,
};
use super::super::{Answer, JournalError, Sum};
use super::convert::{Columns, collect, first, to_json, write};
use super::writer::Purpose;
use super::{SqliteJournal, SqliteReader, feed, intents};
use crate::domain::batch::{Batch, Line};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::order::{Digest, Order};
use crate::domain::person::Person;
use crate::domain::stand::Stand;
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

/// Where each line stands, in the file's order.
const STANDINGS: &str = "
    SELECT l.number, l.amount, i.id, i.created_at AS begun_at, coalesce(t.state, '') AS state,
           coalesce(t.conflict, 0) AS conflict, i.id IS NOT NULL AND i.payload <> l.payload AS taken,
           coalesce(json_extract(i.snapshot, '$.ambiguous'), 0) AS ambiguous,
           coalesce(t.failure_reported OR t.refunded, 0) AS told
    FROM batch_lines l
    LEFT JOIN intents i ON i.obligation = l.reference
        AND i.generation = (SELECT max(generation) FROM intents WHERE obligation = l.reference)
    LEFT JOIN transactions t ON t.id = i.id
    WHERE l.batch = ?1
    ORDER BY l.number";

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

pub(super) fn newest(
    connection: &Connection,
    limit: u32,
) -> Result<Vec<(StoredBatch, Progress)>, JournalError> {
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
        Ok((standing(row)?, sum))
    })?;
    let mut progress = Progress::default();
    for (standing, sum) in parts {
        add(place(&mut progress, standing), sum);
    }
    Ok(progress)
}

/// What of a line's payment says where the line stands. `None`: it was not begun.
type Standing = (Option<State>, [bool; 3]);

fn standing(row: &Row<'_>) -> Result<Standing, JournalError> {
    let word: String = row.read("state")?;
    let state = State::ALL.into_iter().find(|state| state.as_str() == word);
    if state.is_none() && !word.is_empty() {
        return Err(JournalError::Unreadable(format!("no cash-out is {word}")));
    }
    Ok((state, [row.read("taken")?, row.read("conflict")?, row.read("ambiguous")?]))
}

const fn place(progress: &mut Progress, (state, flags): Standing) -> &mut Sum {
    let [taken, conflict, ambiguous] = flags;
    match state {
        None => &mut progress.waiting,
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
    }
}

fn add(place: &mut Sum, sum: Sum) {
    place.count += sum.count;
    place.amount = place.amount.checked_add(sum.amount).unwrap_or(place.amount);
}

fn page(connection: &Connection, part: &BatchPart) -> Result<Option<BatchPage>, JournalError> {
    let Some(batch) = by_id(connection, part.id)? else { return Ok(None) };
    let lines = collect(connection, STANDINGS, [part.id.to_string()], |row| {
        let payment = match row.read::<Option<String>>("id")? {
            Some(_) => Some((row.uuid("id")?, row.time("begun_at")?)),
            None => None,
        };
        let amount = Centavos::new(row.read("amount")?);
        Ok((row.read::<u32>("number")?, amount, standing(row)?, row.read::<bool>("told")?, payment))
    })?;
    let mut progress = Progress::default();
    let mut wanted: Vec<(u32, bool, Option<Uuid>)> = Vec::new();
    let mut touched_at = batch.created_at;
    for (number, amount, standing, more_to_say, payment) in lines {
        add(place(&mut progress, standing), Sum { count: 1, amount });
        let (state, [taken, conflict, _]) = standing;
        let is_well = matches!(state, Some(State::Completed | State::Accepted));
        if let Some((_, begun_at)) = payment {
            touched_at = touched_at.max(begun_at);
        }
        if !part.unpaid || !is_well || taken || conflict || more_to_say {
            wanted.push((number, taken, payment.map(|(id, _)| id)));
        }
    }
    let limit = usize::try_from(part.limit).unwrap_or(usize::MAX);
    let at = wanted.partition_point(|(number, ..)| *number < part.around);
    // As many above as below, and the whole limit near either end.
    let first = at.saturating_sub(limit / 2).min(wanted.len().saturating_sub(limit));
    let rows = wanted.iter().skip(first).take(limit);
    let rows = rows.map(|row| self::row(connection, part.id, *row)).collect::<Result<_, _>>()?;
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let (above, all) = (count(first), count(wanted.len()));
    Ok(Some(BatchPage { batch, progress, rows, above, all, touched_at }))
}

fn row(
    connection: &Connection,
    batch: Uuid,
    (number, is_taken, payment): (u32, bool, Option<Uuid>),
) -> Result<BatchRow, JournalError> {
    let sql = "SELECT reference, amount, payload FROM batch_lines WHERE batch = ?1 AND number = ?2";
    let line = first(connection, sql, params![batch.to_string(), number], |row| {
        let order: Order = row.json("payload")?;
        Ok((row.read("reference")?, Centavos::new(row.read("amount")?), order.name))
    })?;
    let (reference, amount, name) =
        line.ok_or_else(|| JournalError::NotFound(format!("line {number} of {batch}")))?;
    let intent = payment.map(|id| intents::by_id(connection, id)).transpose()?.flatten();
    let payment = payment.map(|id| feed::by_id(connection, id)).transpose()?.flatten();
    let stand = payment.as_ref().map(|row| {
        Stand::of(row.state, row.failure_reported, intent.as_ref().map(|intent| &intent.cash_out))
    });
    Ok(BatchRow { number, amount, name, reference, is_taken, payment, stand })
}

/// Lines are begun in the file's order, eight at a time, so a batch that is not done has such a line near its end.
fn standing_batches(
    connection: &Connection,
    quiet_since: Timestamp,
) -> Result<Vec<StandingBatch>, JournalError> {
    let sql = format!(
        "SELECT {COLUMNS}, max(b.created_at, coalesce((
                    SELECT max(i.created_at) FROM batch_lines l JOIN intents i ON i.obligation = l.reference
                    WHERE l.batch = b.id), 0)) AS since
         FROM batches b
         WHERE b.created_at <= ?1 AND EXISTS (
             SELECT 1 FROM (SELECT reference FROM batch_lines WHERE batch = b.id ORDER BY number DESC LIMIT 32) l
             WHERE NOT EXISTS (SELECT 1 FROM intents WHERE obligation = l.reference))
         ORDER BY b.created_at, b.id"
    );
    let unfinished = collect(connection, &sql, [quiet_since.as_microsecond()], |row| {
        Ok((read(row)?, row.time("since")?))
    })?;
    let mut standing = Vec::new();
    for (batch, since) in unfinished.into_iter().filter(|(_, since)| *since <= quiet_since) {
        let waiting = progress(connection, batch.id)?.waiting;
        if waiting.count > 0 {
            standing.push(StandingBatch { batch, waiting, since });
        }
    }
    Ok(standing)
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

            fn batch_page(&self, part: BatchPart) -> Answer<'_, Option<BatchPage>> {
                Box::pin(self.reader.call(move |connection| page(connection, &part)))
            }

            fn standing_batches(&self, quiet_since: Timestamp) -> Answer<'_, Vec<StandingBatch>> {
                Box::pin(self.reader.call(move |connection| standing_batches(connection, quiet_since)))
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
