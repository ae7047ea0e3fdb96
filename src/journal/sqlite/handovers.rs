//! Hand-overs: the document is put together from what the journal has, within the transaction that keeps it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::super::handover::{HandoverReader, Handovers, Shift, StoredHandover};
use super::super::{Answer, JournalError};
use super::convert::{Columns, collect, first, from_json, to_json, to_time, write};
use super::writer::Purpose;
use super::{SqliteJournal, SqliteReader, alerts, audit, batches, flows, gaps, past, rebalances};
use crate::domain::balance::Reading;
use crate::domain::handover::{Alert, Batch, Deed, Gap, Handover, Moved, Open, Rebalance, Sum, Wallet};
use crate::domain::money::Centavos;
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::rebalance::Move;
use crate::domain::text::Safe;

/// Transactions without an outcome that are listed.
const MOST_OPEN: i64 = 500;

/// Batches that are looked through, the newest first.
const BATCHES: u32 = 200;

/// What a kind of event of a payment, a charge, a refund or a rebalance says of whom.
const DEEDS: &str = "
    SELECT what, who, count(*) AS count, sum(amount) AS amount FROM (
        SELECT CASE
                   WHEN e.key IN ('declared', 'adopted') THEN 'resolve'
                   WHEN e.key = 'approved' THEN 'approve'
                   WHEN e.key = 'called_off' THEN 'call_off'
                   WHEN e.key = 'acknowledged' THEN 'acknowledge'
                   WHEN e.key = 'sent' THEN 'rebalance'
                   WHEN EXISTS (SELECT 1 FROM intents WHERE id = subject) THEN 'cash_out'
                   WHEN EXISTS (SELECT 1 FROM charges WHERE id = subject) THEN 'cash_in'
                   ELSE 'refund'
               END AS what,
               coalesce(json_extract(e.value, '$.maker'), json_extract(e.value, '$.by')) AS who,
               CASE
                   WHEN e.key = 'sent' THEN json_extract(e.value, '$.forecast.amount')
                   ELSE coalesce(json_extract(e.value, '$.expected.amount'), json_extract(e.value, '$.order.amount'),
                                 json_extract(e.value, '$.amount'), 0)
               END AS amount
        FROM events, json_each(events.event) e
        WHERE seq > ?1 AND e.type = 'object')
    WHERE who IS NOT NULL GROUP BY what, who ORDER BY what, who";

fn wallet(reading: &Reading) -> Wallet {
    Wallet {
        fetched_at: reading.fetched_at,
        total_centavos: reading.balance.total,
        transactional_centavos: reading.balance.transactional,
        proprietary_centavos: reading.balance.proprietary,
    }
}

/// What is known now of a shift.
fn compose(connection: &Connection, shift: &Shift) -> Result<Handover, JournalError> {
    let (since, until) = (shift.since.as_microsecond(), shift.until.as_microsecond());
    let flow = flows::between(connection, since, until.saturating_add(1))?;
    let sum = |sum: super::super::Sum| Sum { count: sum.count, amount_centavos: sum.amount };
    let (open, open_more) = open(connection)?;
    Ok(Handover {
        id: shift.id,
        since: shift.since,
        until: shift.until,
        by: shift.by.clone(),
        note: shift.note.clone(),
        audit_head: audit::head(connection)?.to_string(),
        opening: past::balance(connection, since)?.0.as_ref().map(wallet),
        closing: past::balance(connection, until)?.0.as_ref().map(wallet),
        moved: Moved {
            received: sum(flow.received),
            paid: sum(flow.paid),
            refunded: sum(flow.refunded),
            returned: sum(flow.returned),
        },
        rebalances: rebalanced(connection, since)?,
        open,
        open_more,
        unpaid: unpaid(connection, since, until)?,
        alerts: standing(connection)?,
        gaps: unexplained(connection, shift.since)?,
        batches: begun(connection)?,
        deeds: deeds(connection, since)?,
    })
}

fn rebalanced(connection: &Connection, since: i64) -> Result<Vec<Rebalance>, JournalError> {
    let found = rebalances::since(connection, since)?.into_iter().map(|stored| {
        let terms = &stored.rebalance.terms;
        Rebalance {
            id: stored.id,
            at: terms.at,
            direction: match terms.forecast.direction {
                Move::TopUp => "top_up".to_owned(),
                Move::Sweep => "sweep".to_owned(),
            },
            amount_centavos: terms.forecast.amount,
            state: stored.rebalance.state.as_str().to_owned(),
            by: terms.maker.clone(),
        }
    });
    Ok(found.collect())
}

/// What [`open_row`] reads.
const OPEN_ROW: &str =
    "id, direction, state, failure_reported, conflict, amount, external_reference, created_at";

/// Orders of saldo's without an outcome, and what the gateway contradicts.
fn open(connection: &Connection) -> Result<(Vec<Open>, u64), JournalError> {
    const FROM: &str = "FROM transactions WHERE id IN (SELECT id FROM intents WHERE open = 1 UNION SELECT id FROM charges WHERE open = 1
        UNION SELECT cash_in FROM refunds WHERE open = 1) OR conflict = 1 AND ours = 1";
    let rows = collect(
        connection,
        &format!("SELECT {OPEN_ROW} {FROM} ORDER BY seq LIMIT ?1"),
        [MOST_OPEN],
        open_row,
    )?;
    let all =
        first(connection, &format!("SELECT count(*) AS count {FROM}"), [], |row| row.read::<i64>("count"))?;
    let more = all.unwrap_or(0) - i64::try_from(rows.len()).unwrap_or(0);
    Ok((rows, u64::try_from(more).unwrap_or(0)))
}

/// Payments of saldo's that ended unpaid in the shift.
fn unpaid(connection: &Connection, since: i64, until: i64) -> Result<Vec<Open>, JournalError> {
    let sql = format!(
        "SELECT {OPEN_ROW} FROM transactions
         WHERE state IN ('rejected', 'failed', 'cancelled', 'expired', 'declared_not_paid') AND direction = 'out'
         AND ours = 1 AND conflict <> 1 AND updated_at BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT ?3"
    );
    collect(connection, &sql, params![since, until, MOST_OPEN], open_row)
}

fn open_row(row: &Row<'_>) -> Result<Open, JournalError> {
    Ok(Open {
        id: row.uuid("id")?,
        direction: row.read("direction")?,
        state: row.read("state")?,
        failure_reported: row.read("failure_reported")?,
        conflict: row.read("conflict")?,
        amount_centavos: row.read::<Option<i64>>("amount")?.map(Centavos::new),
        external_reference: row.read::<Option<String>>("external_reference")?.map(Safe::from),
        created_at: row.time("created_at")?,
    })
}

fn standing(connection: &Connection) -> Result<Vec<Alert>, JournalError> {
    let alerts = alerts::standing_now(connection)?.into_iter().map(|alert| Alert {
        alert: alert.number,
        kind: alert.what.kind().as_str().to_owned(),
        text: alert.what.to_string(),
        what: alert.what,
        began_at: alert.began_at,
        note: alert.acknowledged.as_ref().and_then(|seen| seen.note.clone()),
        acknowledged_by: alert.acknowledged.map(|seen| seen.by),
    });
    Ok(alerts.collect())
}

fn unexplained(connection: &Connection, since: Timestamp) -> Result<Vec<Gap>, JournalError> {
    let Some(drawn) = flows::conservation(connection, since)? else { return Ok(Vec::new()) };
    let lasting = drawn.gaps.iter().copied().filter(|gap| gap.is_lasting(drawn.now.at)).collect();
    let files = gaps::files(connection, lasting)?.into_iter().map(|file| Gap {
        from: file.gap.from,
        to: file.gap.to,
        amount_centavos: file.gap.amount,
        note: file.explained.as_ref().and_then(|seen| seen.note.clone()),
        explained_by: file.explained.map(|seen| seen.by),
    });
    Ok(files.collect())
}

fn begun(connection: &Connection) -> Result<Vec<Batch>, JournalError> {
    let open = batches::newest(connection, BATCHES)?.into_iter().filter_map(|(batch, progress)| {
        let under_way = progress.at_work.count + progress.accepted.count;
        let stands = progress.waiting.count + under_way + progress.in_doubt.count > 0;
        stands.then_some(Batch {
            id: batch.id,
            name: batch.name,
            lines: batch.count,
            waiting: progress.waiting.count,
            under_way,
            in_doubt: progress.in_doubt.count,
        })
    });
    Ok(open.collect())
}

/// What each person did, by the events of the shift and by what they acknowledged.
fn deeds(connection: &Connection, since: i64) -> Result<Vec<Deed>, JournalError> {
    let cut = past::events_by(connection, since.saturating_sub(1))?;
    let read = |row: &Row<'_>| {
        let (what, by): (String, Person) = (row.read("what")?, row.json("who")?);
        Ok(((by.uid, what), (by, row.read::<u32>("count")?, row.read::<Option<i64>>("amount")?.unwrap_or(0))))
    };
    let mut found: BTreeMap<(u32, String), (Person, u32, i64)> = BTreeMap::new();
    let seen =
        "SELECT 'acknowledge' AS what, acknowledged_by AS who, count(*) AS count, 0 AS amount FROM alerts
                WHERE acknowledged_at >= ?1 GROUP BY acknowledged_by";
    let all =
        collect(connection, DEEDS, [cut], read)?.into_iter().chain(collect(connection, seen, [since], read)?);
    for (key, (by, count, amount)) in all {
        let known = found.entry(key).or_insert((by, 0, 0));
        known.1 = known.1.saturating_add(count);
        known.2 = known.2.saturating_add(amount);
    }
    let deeds = found.into_iter().map(|((_, what), (by, count, amount))| Deed {
        by,
        what,
        count,
        amount_centavos: Centavos::new(amount),
    });
    Ok(deeds.collect())
}

fn read(row: &Row<'_>) -> Result<StoredHandover, JournalError> {
    let digest: Vec<u8> = row.read("digest")?;
    let accepted = match (row.read::<Option<i64>>("accepted_at")?, row.read::<Option<String>>("accepted_by")?)
    {
        (Some(at), Some(by)) => Some((to_time(at)?, from_json(&by)?)),
        _ => None,
    };
    Ok(StoredHandover {
        document: row.json("document")?,
        digest: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        accepted,
    })
}

const COLUMNS: &str = "document, digest, accepted_at, accepted_by";

fn by_id(connection: &Connection, id: Uuid) -> Result<Option<StoredHandover>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM handovers WHERE id = ?1"), [id.to_string()], read)
}

fn known(connection: &Connection, id: Uuid) -> Result<StoredHandover, JournalError> {
    by_id(connection, id)?.ok_or_else(|| JournalError::NotFound(format!("hand-over {id}")))
}

fn newest(connection: &Connection, limit: u32) -> Result<Vec<StoredHandover>, JournalError> {
    let sql = format!("SELECT {COLUMNS} FROM handovers ORDER BY made_at DESC, id DESC LIMIT ?1");
    collect(connection, &sql, [limit], read)
}

fn hand_over(connection: &Connection, shift: &Shift) -> Result<StoredHandover, JournalError> {
    if let Some(known) = by_id(connection, shift.id)? {
        return Ok(known);
    }
    let text = to_json(&compose(connection, shift)?)?;
    write(
        connection,
        "INSERT INTO handovers (id, made_at, digest, document) VALUES (?1, ?2, ?3, ?4)",
        params![
            shift.id.to_string(),
            shift.until.as_microsecond(),
            Digest::of(text.as_bytes()).as_bytes(),
            text
        ],
    )?;
    known(connection, shift.id)
}

fn accept(
    connection: &Connection,
    id: Uuid,
    at: Timestamp,
    by: &Person,
) -> Result<StoredHandover, JournalError> {
    write(
        connection,
        "UPDATE handovers SET accepted_at = ?2, accepted_by = ?3 WHERE id = ?1 AND accepted_at IS NULL",
        params![id.to_string(), at.as_microsecond(), to_json(by)?],
    )?;
    known(connection, id)
}

macro_rules! read_on {
    ($journal:ty) => {
        impl HandoverReader for $journal {
            fn handover_draft(&self, shift: Shift) -> Answer<'_, Handover> {
                Box::pin(self.reader.call(move |connection| compose(connection, &shift)))
            }

            fn handover(&self, id: Uuid) -> Answer<'_, Option<StoredHandover>> {
                Box::pin(self.reader.call(move |connection| by_id(connection, id)))
            }

            fn handovers(&self, limit: u32) -> Answer<'_, Vec<StoredHandover>> {
                Box::pin(self.reader.call(move |connection| newest(connection, limit)))
            }
        }
    };
}

read_on!(SqliteJournal);
read_on!(SqliteReader);

impl Handovers for SqliteJournal {
    fn hand_over(&self, shift: Shift) -> Answer<'_, StoredHandover> {
        Box::pin(self.writer.call_quietly(Purpose::Other, move |connection| hand_over(connection, &shift)))
    }

    fn accept_handover(&self, id: Uuid, at: Timestamp, by: Person) -> Answer<'_, StoredHandover> {
        Box::pin(self.writer.call_quietly(Purpose::Other, move |connection| accept(connection, id, at, &by)))
    }
}
