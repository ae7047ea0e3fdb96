//! Is every life what its events make of it? The other half of `saldo fsck`: each payment and each rebalance is folded
//! anew from its events, and everything that stands beside them is held against the result.
//!
//! One life at a time, so what it needs does not grow with the journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::Connection;
use uuid::Uuid;

use super::super::{AttemptRow, Intent, JournalError};
use super::asked::Table;
use super::check::Finding;
use super::convert::{Columns, collect, first, from_json, unreadable};
use super::intents::{self, Beside};
use super::{asked, feed, rebalances};
use crate::domain::attempt::Verdict;
use crate::domain::cash_in::Charge;
use crate::domain::cash_out::{self, Event, State, Terms};
use crate::domain::order::{Digest, idempotency_key};
use crate::domain::rebalance;
use crate::domain::refund::Refund;
use crate::domain::request::{self, Terms as _};

/// Checks every life. `find` is told of what is wrong; an error is a file that cannot be read.
pub(super) fn check(connection: &Connection, find: &mut dyn FnMut(Finding)) -> Result<(), JournalError> {
    let mut lives = Lives { connection, client_id: client_id(connection)?, find };
    lives.each("SELECT id FROM intents ORDER BY created_at, id", Lives::payment)?;
    lives.each("SELECT id FROM rebalances ORDER BY created_at, id", Lives::rebalance)?;
    lives.each("SELECT id FROM charges ORDER BY created_at, id", Lives::charge)?;
    lives.each("SELECT id FROM refunds ORDER BY created_at, id", Lives::asked::<Refund>)?;
    lives.strangers()?;
    lives.debts()?;
    lives.identities()
}

struct Lives<'a> {
    connection: &'a Connection,
    client_id: Option<String>,
    find: &'a mut dyn FnMut(Finding),
}

/// The account's part of every idempotency key.
fn client_id(connection: &Connection) -> Result<Option<String>, JournalError> {
    let account = first(connection, "SELECT value FROM meta WHERE key = 'account'", [], |row| {
        row.read::<String>("value")
    })?;
    Ok(account.and_then(|account| account.split_once(" at ").map(|(client_id, _)| client_id.to_owned())))
}

/// A life's events with their numbers.
type Numbered<E> = Vec<(i64, E)>;

impl Lives<'_> {
    fn wrong(&mut self, table: &str, row: &str, what: impl Into<String>) {
        (self.find)(Finding { table: Some(table.to_owned()), row: Some(row.to_owned()), what: what.into() });
    }

    /// Every id of a query, one life after the other. A life that cannot be read is a finding.
    fn each(
        &mut self,
        sql: &str,
        check: fn(&mut Self, Uuid) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let tables = ["intents", "rebalances", "charges", "refunds"];
        let table = tables.into_iter().find(|table| sql.contains(table)).unwrap_or_default();
        let mut statement = self.connection.prepare(sql).map_err(|error| unreadable(&error))?;
        let mut rows = statement.query([]).map_err(|error| unreadable(&error))?;
        while let Some(row) = rows.next().map_err(|error| unreadable(&error))? {
            match row.uuid("id") {
                Ok(id) => match check(self, id) {
                    Err(JournalError::Unreadable(_)) => {
                        self.wrong(table, &format!("id {id}"), "cannot be read: a value makes no sense");
                    }
                    done => done?,
                },
                Err(_) => self.wrong(table, "id", "is no id of saldo's"),
            }
        }
        Ok(())
    }

    fn events<E: serde::de::DeserializeOwned>(
        &mut self,
        id: Uuid,
        happened: fn(&E) -> Timestamp,
    ) -> Result<Option<Numbered<E>>, JournalError> {
        let texts = collect(
            self.connection,
            "SELECT seq, at, event FROM events WHERE subject = ?1 ORDER BY seq",
            [id.to_string()],
            |row| Ok((row.read::<i64>("seq")?, row.time("at")?, row.read::<String>("event")?)),
        )?;
        let mut events = Vec::with_capacity(texts.len());
        for (seq, at, text) in texts {
            let Ok(event) = from_json::<E>(&text) else {
                self.wrong("events", &format!("seq {seq}"), "is no event of this kind of life");
                return Ok(None);
            };
            if happened(&event) != at {
                self.wrong("events", &format!("seq {seq}"), "stands beside another time than its own");
            }
            events.push((seq, event));
        }
        Ok(Some(events))
    }

    fn payment(&mut self, id: Uuid) -> Result<(), JournalError> {
        let Some(events) = self.events(id, Event::at)? else { return Ok(()) };
        let name = format!("id {id}");
        let folded = match cash_out::fold(events.iter().map(|(_, event)| event)) {
            Ok(folded) => folded,
            Err((_, None)) => {
                self.wrong("intents", &name, "its life does not begin with what was decided");
                return Ok(());
            }
            Err((place, Some(refused))) => {
                let seq = events.get(place).map_or(0, |(seq, _)| *seq);
                self.wrong("events", &format!("seq {seq}"), format!("cannot have happened: {refused}"));
                return Ok(());
            }
        };
        let Some(intent) = intents::by_id(self.connection, id)? else { return Ok(()) };
        let Some(beside) = intents::beside(self.connection, id)? else { return Ok(()) };
        let ought = Beside::of(&folded);
        self.against_its_terms(&intent, &folded.terms, &beside, &ought);
        if intent.cash_out != folded {
            let (stored, ought) = (intent.cash_out.state.as_str(), folded.state.as_str());
            let what = if stored == ought {
                format!("what is stored of it beside its state ({ought}) is not what its events come to")
            } else {
                format!("its state is stored as {stored}, and its events come to {ought}")
            };
            self.wrong("intents", &name, format!("I4: {what}"));
        }
        if (beside.open, beside.wake_at) != (ought.open, ought.wake_at) {
            self.wrong(
                "intents",
                &name,
                "I12: whether it is open, or when it is due, is not what its events come to",
            );
        }
        let last = events.last().map(|(_, event)| event.at());
        if last != Some(intent.updated_at) {
            self.wrong("intents", &name, "the time of its last change is not that of its last event");
        }
        self.attempts(&intent, &events)?;
        let ought = feed::Projection::of(&Intent { cash_out: folded, ..intent });
        if feed::projection(self.connection, id)? != Some(ought) {
            self.wrong("transactions", &name, "does not show the payment as its events come to");
        }
        Ok(())
    }

    /// What is stored beside the events, against what was decided.
    fn against_its_terms(&mut self, intent: &Intent, terms: &Terms, beside: &Beside, ought: &Beside) {
        for (what, same) in [
            ("its reference", intent.reference == terms.expected.reference),
            (
                "the debt it pays",
                (&beside.obligation, beside.generation) == (&ought.obligation, ought.generation),
            ),
            (
                "its reference and the debt",
                terms.obligation.of_generation(terms.generation) == intent.reference,
            ),
            ("what it pays", intent.fingerprints().payload == terms.fingerprints.payload),
            ("the hash of what it pays", beside.payload_hash == ought.payload_hash),
            ("its body", Digest::of(&intent.body) == terms.fingerprints.body),
            ("its amount", intent.order.amount == terms.expected.amount),
            ("its payee's document", intent.order.document == terms.expected.document),
            ("when it was decided", intent.created_at == terms.at),
        ] {
            if !same {
                self.wrong("intents", &format!("id {}", intent.id), format!("{what}: not what was decided"));
            }
        }
    }

    /// I2 and I3: one row a request, one key a round, and the verdicts that the events tell.
    fn attempts(&mut self, intent: &Intent, events: &Numbered<Event>) -> Result<(), JournalError> {
        let rows = intents::attempts(self.connection, intent.id)?;
        let ought = told(events);
        let name = |number: u32| format!("intent {}, number {number}", intent.id);
        for (row, ought) in rows.iter().zip(&ought) {
            if row != &ought.row {
                self.wrong("attempts", &name(row.number), "I2: is not the request that the events tell of");
            }
        }
        for missing in ought.iter().skip(rows.len()) {
            self.wrong("attempts", &name(missing.row.number), "I2: a request without its row");
        }
        for surplus in rows.iter().skip(ought.len()) {
            self.wrong("attempts", &name(surplus.number), "I2: a row that no event tells of");
        }
        let mut keys = BTreeMap::new();
        for request in &ought {
            let first = *keys.entry(request.round).or_insert(request.row.key);
            let computed = self
                .client_id
                .as_ref()
                .map(|client_id| idempotency_key(client_id, &intent.reference, request.round));
            if first != request.row.key || computed.is_some_and(|key| key != request.row.key) {
                self.wrong("attempts", &name(request.row.number), "I3: has another key than its round");
            }
        }
        Ok(())
    }

    fn rebalance(&mut self, id: Uuid) -> Result<(), JournalError> {
        let Some(events) = self.events(id, rebalance::Event::at)? else { return Ok(()) };
        let name = format!("id {id}");
        let folded = match rebalance::fold(events.iter().map(|(_, event)| event)) {
            Ok(folded) => folded,
            Err(0) => {
                self.wrong("rebalances", &name, "its life does not begin with what was decided");
                return Ok(());
            }
            Err(place) => {
                let seq = events.get(place).map_or(0, |(seq, _)| *seq);
                self.wrong("events", &format!("seq {seq}"), "cannot have happened");
                return Ok(());
            }
        };
        let Some(stored) = rebalances::by_id(self.connection, id)? else { return Ok(()) };
        let last = events.last().map(|(_, event)| event.at());
        let columns = rebalances::columns(self.connection, id)?;
        if stored.rebalance != folded
            || Some(stored.updated_at) != last
            || columns != Some((folded.state.as_str().to_owned(), folded.terms.at))
        {
            self.wrong("rebalances", &name, "I4: what is stored of it is not what its events come to");
        }
        Ok(())
    }

    fn charge(&mut self, id: Uuid) -> Result<(), JournalError> {
        self.asked::<Charge>(id)?;
        let Some(stored) = asked::by_id::<Charge>(self.connection, id)? else { return Ok(()) };
        if feed::projection(self.connection, id)? != Some(feed::Projection::of_charge(&stored)) {
            self.wrong("transactions", &format!("id {id}"), "does not show the charge as its events come to");
        }
        Ok(())
    }

    /// A charge or a refund: what is stored of it is what its events come to, each request has its row, one body, one
    /// key a round.
    fn asked<A: Table + PartialEq>(&mut self, id: Uuid) -> Result<(), JournalError> {
        let Some(events) = self.events(id, request::Event::<A::Terms>::at)? else { return Ok(()) };
        let name = format!("id {id}");
        let folded: A = match request::fold(events.iter().map(|(_, event)| event)) {
            Ok(folded) => folded,
            Err((_, None)) => {
                self.wrong(A::NAME, &name, "its life does not begin with what was decided");
                return Ok(());
            }
            Err((place, Some(refused))) => {
                let seq = events.get(place).map_or(0, |(seq, _)| *seq);
                self.wrong("events", &format!("seq {seq}"), format!("cannot have happened: {refused}"));
                return Ok(());
            }
        };
        let Some(stored) = asked::by_id::<A>(self.connection, id)? else { return Ok(()) };
        let last = events.last().map(|(_, event)| event.at());
        for (what, same) in [
            ("I4: what is stored of it is not what its events come to", stored.asked == folded),
            (
                "I12: its lock, whether it is open, or when it is due, is not what its events come to",
                asked::beside::<A>(self.connection, id)? == Some(asked::beside_of(&folded)),
            ),
            ("its body: not what was decided", stored.fingerprint() == folded.terms().body()),
            ("when it was decided: not what its events tell", stored.created_at == folded.terms().at()),
            ("the time of its last change is not that of its last event", last == Some(stored.updated_at)),
        ] {
            if !same {
                self.wrong(A::NAME, &name, what);
            }
        }
        self.requests(id, &folded, &events)
    }

    /// I2 and I3, for a charge or a refund.
    fn requests<A: Table>(
        &mut self,
        id: Uuid,
        folded: &A,
        events: &Numbered<request::Event<A::Terms>>,
    ) -> Result<(), JournalError> {
        let rows = asked::requests(self.connection, id)?;
        let mut ought: Vec<AttemptRow> = Vec::new();
        // The key follows from the order as it was when the request began.
        let mut keys = Vec::new();
        let mut now = A::proposed(Arc::clone(folded.terms()));
        for (_, event) in events.iter().skip(1) {
            match event {
                request::Event::AttemptStarted { at, key, .. } => {
                    let number = u32::try_from(ought.len() + 1).unwrap_or(u32::MAX);
                    let computed = self.client_id.as_ref().map(|client_id| now.key(client_id));
                    keys.push(computed.is_none_or(|computed| computed == *key));
                    let (key, started_at) = (*key, at.at);
                    ought.push(AttemptRow { number, key, started_at, ended_at: None, verdict: None });
                }
                request::Event::AttemptEnded { at, verdict, .. } => {
                    if let Some(last) = ought.last_mut() {
                        (last.ended_at, last.verdict) = (Some(at.at), Some(verdict.clone()));
                    }
                }
                _ => {}
            }
            if let Ok(next) = now.step(event) {
                now = next;
            }
        }
        let name = |number: u32| format!("subject {id}, number {number}");
        for (row, ought) in rows.iter().zip(&ought) {
            if row != ought {
                self.wrong("requests", &name(row.number), "I2: is not the request that the events tell of");
            }
        }
        for missing in ought.iter().skip(rows.len()) {
            self.wrong("requests", &name(missing.number), "I2: a request without its row");
        }
        for surplus in rows.iter().skip(ought.len()) {
            self.wrong("requests", &name(surplus.number), "I2: a row that no event tells of");
        }
        for (request, _) in ought.iter().zip(keys).filter(|(_, fits)| !fits) {
            self.wrong("requests", &name(request.number), "I3: has another key than its round");
        }
        Ok(())
    }

    /// Rows that belong to no life.
    fn strangers(&mut self) -> Result<(), JournalError> {
        for (table, what, sql) in [
            (
                "events",
                "belongs to nothing",
                "SELECT 'seq ' || seq AS name FROM events WHERE subject NOT IN (SELECT id FROM intents)
                 AND subject NOT IN (SELECT id FROM rebalances) AND subject NOT IN (SELECT id FROM charges)
                 AND subject NOT IN (SELECT id FROM refunds) ORDER BY seq LIMIT 50",
            ),
            (
                "requests",
                "belongs to no charge and no refund",
                "SELECT 'subject ' || subject || ', number ' || number AS name FROM requests
                 WHERE subject NOT IN (SELECT id FROM charges) AND subject NOT IN (SELECT id FROM refunds) LIMIT 50",
            ),
            (
                "attempts",
                "belongs to no payment",
                "SELECT 'intent ' || intent || ', number ' || number AS name FROM attempts
                 WHERE intent NOT IN (SELECT id FROM intents) LIMIT 50",
            ),
            (
                "transactions",
                "is shown as an order of saldo's, and is none",
                "SELECT 'id ' || id AS name FROM transactions WHERE ours <> 0 AND id NOT IN (SELECT id FROM intents)
                 AND id NOT IN (SELECT id FROM charges) LIMIT 50",
            ),
            (
                "transactions",
                "is a payment of saldo's, and is not shown as one",
                "SELECT 'id ' || i.id AS name FROM intents i LEFT JOIN transactions t ON t.id = i.id
                 WHERE t.id IS NULL OR t.ours <> 1 OR t.direction <> 'out' LIMIT 50",
            ),
            (
                "transactions",
                "is a charge of saldo's, and is not shown as one",
                "SELECT 'id ' || c.id AS name FROM charges c LEFT JOIN transactions t ON t.id = c.id
                 WHERE t.id IS NULL OR t.ours <> 1 OR t.direction <> 'in' LIMIT 50",
            ),
            (
                "refunds",
                "gives back what did not come in",
                "SELECT 'id ' || r.id AS name FROM refunds r LEFT JOIN transactions t ON t.id = r.cash_in
                 WHERE t.id IS NULL OR t.direction <> 'in' LIMIT 50",
            ),
            (
                "inbox",
                "belongs to a transaction that is not there",
                "SELECT 'number ' || number AS name FROM inbox WHERE subject IS NOT NULL
                 AND subject NOT IN (SELECT id FROM transactions) LIMIT 50",
            ),
        ] {
            for name in collect(self.connection, sql, [], |row| row.read::<String>("name"))? {
                self.wrong(table, &name, what);
            }
        }
        Ok(())
    }

    /// I1: a debt is paid by one payment at most.
    fn debts(&mut self) -> Result<(), JournalError> {
        let states: Vec<&str> =
            State::ALL.into_iter().filter(|state| state.may_have_paid()).map(State::as_str).collect();
        let states = super::convert::to_json(&states)?;
        let names = collect(
            self.connection,
            "SELECT group_concat(i.id, ' and ') AS name FROM intents i JOIN transactions t ON t.id = i.id
             WHERE t.state IN (SELECT value FROM json_each(?1)) GROUP BY i.obligation HAVING count(*) > 1",
            [states],
            |row| row.read::<String>("name"),
        )?;
        for name in names {
            self.wrong("intents", &name, "I1: payments of one debt, and more than one may have been made");
        }
        Ok(())
    }

    /// I6: what carries an id of the gateway's belongs to one payment.
    fn identities(&mut self) -> Result<(), JournalError> {
        for column in ["internal_code", "transaction_id", "end_to_end_id"] {
            let names = collect(
                self.connection,
                &format!(
                    "SELECT group_concat(id, ' and ') AS name FROM transactions WHERE ours = 1 AND {column} IS NOT NULL
                     GROUP BY {column} HAVING count(*) > 1"
                ),
                [],
                |row| row.read::<String>("name"),
            )?;
            for name in names {
                self.wrong("transactions", &name, format!("I6: payments that share one {column}"));
            }
        }
        Ok(())
    }
}

/// A request as the events tell of it.
struct Told {
    row: AttemptRow,
    round: u32,
}

fn told(events: &Numbered<Event>) -> Vec<Told> {
    let mut requests: Vec<Told> = Vec::new();
    let mut round = 1;
    for (_, event) in events {
        match event {
            Event::RoundStarted { .. } => round += 1,
            Event::AttemptStarted { at, key, .. } => {
                let number = u32::try_from(requests.len() + 1).unwrap_or(u32::MAX);
                let row = AttemptRow { number, key: *key, started_at: at.at, ended_at: None, verdict: None };
                requests.push(Told { row, round });
            }
            Event::AttemptEnded { at, verdict } => {
                if let Some(last) = requests.last_mut() {
                    last.row.ended_at = Some(at.at);
                    last.row.verdict = Some(Verdict::clone(verdict));
                }
            }
            _ => {}
        }
    }
    requests
}
