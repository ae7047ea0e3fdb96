//! The feed: every transaction that saldo has seen, ours and the platform's.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::FromSql;
use rusqlite::{Connection, Row, named_params, params};
use uuid::Uuid;

use super::super::{
    AskedLife, Delivery, Incoming, Intent, JournalError, Life, Observation, Observed, Stored,
};
use super::convert::{Columns, collect, first, from_json, to_time, to_uuid, unreadable, write};
use super::{asked, events, intents};
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::cash_in::Charge;
use crate::domain::cash_out;
use crate::domain::money::Centavos;
use crate::domain::report::{Direction, Report, Status, is_plausible};
use crate::domain::request::Asked as _;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::{CashIn, State, Transaction, observed};

pub(super) const COLUMNS: &str = "seq, id, ours, direction, state, conflict, failure_reported, refunded, amount, internal_code,
    transaction_id, external_reference, end_to_end_id, name, document, failure, created_at, updated_at, happened_at,
    settled_at, refunded_at, refunded_amount,
    CASE WHEN state IN ('approved', 'unknown') AND ours = 1 AND direction = 'out'
         THEN (SELECT snapshot FROM intents WHERE intents.id = transactions.id) END";

/// Webhooks at most in the life of a row.
const DELIVERIES: u32 = 20;

/// A row of [`COLUMNS`], by their places: names would be looked up for each of thousands of rows.
pub(super) fn read(row: &Row<'_>) -> Result<Transaction, JournalError> {
    fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, JournalError> {
        row.get(column).map_err(|error| unreadable(&error))
    }
    let text = |column| get::<Option<String>>(row, column).map(|text| text.map(Safe::from));
    let time = |column| to_time(get(row, column)?);
    let word = |column: usize| {
        let text = row.get_ref(column).map_err(|error| unreadable(&error))?.as_str();
        text.map_err(|error| JournalError::Unreadable(error.to_string()))
    };
    let direction = match word(3)? {
        "in" => Direction::In,
        _ => Direction::Out,
    };
    let state = word(4)?;
    let parsed = State::parse(direction, state)
        .ok_or_else(|| JournalError::Unreadable(format!("a transaction in the state {state}")))?;
    let pay = get::<Option<String>>(row, 22)?.map(|snapshot| from_json::<cash_out::CashOut>(&snapshot));
    let stand = pay.transpose()?.map(|pay| Stand::of(parsed, false, Some(&pay)));
    Ok(Transaction {
        seq: get(row, 0)?,
        id: to_uuid(word(1)?)?,
        ours: get(row, 2)?,
        direction,
        state: parsed,
        under_way: stand.filter(|stand| *stand != Stand::At(parsed)),
        conflict: get::<i64>(row, 5)? == OPEN,
        looked_into: get::<i64>(row, 5)? == LOOKED_INTO,
        failure_reported: get(row, 6)?,
        refunded: get(row, 7)?,
        amount: get::<Option<i64>>(row, 8)?.map(Centavos::new),
        internal_code: text(9)?,
        transaction_id: text(10)?,
        external_reference: text(11)?,
        end_to_end_id: text(12)?,
        name: text(13)?,
        document: text(14)?,
        failure: text(15)?,
        created_at: time(16)?,
        updated_at: time(17)?,
        happened_at: time(18)?,
        settled_at: get::<Option<i64>>(row, 19)?.map(to_time).transpose()?,
        refunded_at: get::<Option<i64>>(row, 20)?.map(to_time).transpose()?,
        refunded_amount: get::<Option<i64>>(row, 21)?.map(Centavos::new),
    })
}

pub(super) fn by_id(connection: &Connection, id: Uuid) -> Result<Option<Transaction>, JournalError> {
    first(connection, &format!("SELECT {COLUMNS} FROM transactions WHERE id = ?1"), [id.to_string()], read)
}

/// By any id. A reference can name a cash-in and a cash-out; then the one that saldo learned of last is meant.
pub(super) fn find(connection: &Connection, id: &str) -> Result<Option<Transaction>, JournalError> {
    for column in ["id", "internal_code", "transaction_id", "end_to_end_id"] {
        let sql = format!("SELECT {COLUMNS} FROM transactions WHERE {column} = ?1 ORDER BY seq DESC LIMIT 1");
        if let Some(found) = first(connection, &sql, [id], read)? {
            return Ok(Some(found));
        }
    }
    // References of cash-outs and of cash-ins are two namespaces of the gateway's.
    let named = |direction: Direction| {
        let sql = format!(
            "SELECT {COLUMNS} FROM transactions WHERE external_reference = ?1 AND +direction = ?2 ORDER BY seq DESC LIMIT 1"
        );
        first(connection, &sql, [id, direction.as_str()], read)
    };
    match (named(Direction::Out)?, named(Direction::In)?) {
        (Some(cash_out), Some(cash_in)) => {
            Err(JournalError::NamesTwo { cash_out: cash_out.id, cash_in: cash_in.id })
        }
        (one, other) => Ok(one.or(other)),
    }
}

pub(super) fn insert_ours(connection: &Connection, id: Uuid, shown: &Projection) -> Result<(), JournalError> {
    write(
        connection,
        "INSERT INTO transactions (id, ours, direction, state, amount, external_reference, name, document, created_at,
                                   updated_at, happened_at)
         VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?8)",
        params![
            id.to_string(),
            shown.direction,
            shown.state,
            shown.amount,
            shown.external_reference,
            shown.name,
            shown.document,
            shown.created_at,
        ],
    )
    .map(drop)
}

/// `transactions.conflict`: nothing contradicts itself (0), something does, or somebody has looked into it.
const OPEN: i64 = 1;
const LOOKED_INTO: i64 = 2;

const fn column(conflict: bool, is_open: bool) -> i64 {
    match (conflict, is_open) {
        (_, true) => OPEN,
        (true, false) => LOOKED_INTO,
        (false, false) => 0,
    }
}

/// The columns of a row of ours that follow from the payment's life.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Projection {
    direction: String,
    state: String,
    conflict: i64,
    failure_reported: bool,
    refunded: bool,
    amount: i64,
    internal_code: Option<String>,
    transaction_id: Option<String>,
    external_reference: String,
    end_to_end_id: Option<String>,
    name: String,
    document: String,
    failure: Option<String>,
    created_at: i64,
    updated_at: i64,
    happened_at: i64,
    settled_at: Option<i64>,
    refunded_at: Option<i64>,
    refunded_amount: Option<i64>,
}

impl Projection {
    pub(super) fn of(intent: &Intent) -> Self {
        let pay = &intent.cash_out;
        let report = pay.last_report.as_ref();
        let text = |value: &Option<Safe>| value.as_ref().map(ToString::to_string);
        // What the gateway says it paid is what counts; the order keeps what was asked for. A refund's amount is its
        // own.
        let amount = report
            .filter(|report| report.status != Status::Refunded)
            .and_then(|report| report.amount)
            .unwrap_or(intent.order.amount);
        Self {
            direction: Direction::Out.as_str().to_owned(),
            state: pay.state.as_str().to_owned(),
            conflict: column(pay.conflict, pay.is_contradicted()),
            failure_reported: pay.failure_reported,
            refunded: pay.refunded,
            amount: amount.get(),
            internal_code: text(&pay.ids.internal_code),
            transaction_id: text(&pay.ids.transaction_id),
            external_reference: intent.reference.to_string(),
            end_to_end_id: text(&pay.end_to_end_id),
            name: intent.order.name.clone(),
            document: intent.order.document.as_str().to_owned(),
            failure: failure_of(intent),
            created_at: intent.created_at.as_microsecond(),
            updated_at: intent.updated_at.as_microsecond(),
            happened_at: intent.created_at.as_microsecond(),
            settled_at: (pay.state == cash_out::State::Completed)
                .then(|| report.and_then(|report| report.paid_at).unwrap_or(pay.since).as_microsecond()),
            refunded_at: pay
                .refunded
                .then(|| report.and_then(|report| report.refunded_at).unwrap_or(pay.since).as_microsecond()),
            refunded_amount: pay.refunded_amount().map(Centavos::get),
        }
    }

    pub(super) fn of_charge(stored: &Stored<Charge>) -> Self {
        let charge = &stored.asked;
        let text = |value: &Option<Safe>| value.as_ref().map(ToString::to_string);
        let report = charge.last_report.as_ref();
        // Anybody may pay a charge: who did is the gateway's to say.
        let payer = report.filter(|report| report.paid_at.is_some());
        let order = &charge.terms.order;
        let is_refunded = charge.state == CashIn::Refunded;
        Self {
            direction: Direction::In.as_str().to_owned(),
            state: charge.state.as_str().to_owned(),
            conflict: column(charge.conflict, charge.is_contradicted()),
            failure_reported: false,
            refunded: is_refunded,
            amount: report.and_then(|report| report.amount).unwrap_or(order.amount).get(),
            internal_code: text(&charge.ids.internal_code),
            transaction_id: text(&charge.ids.transaction_id),
            external_reference: charge.terms.reference.to_string(),
            end_to_end_id: text(&charge.end_to_end_id),
            name: payer.and_then(|report| text(&report.name)).unwrap_or_else(|| order.name.clone()),
            document: payer
                .and_then(|report| text(&report.document))
                .unwrap_or_else(|| order.document.as_str().to_owned()),
            failure: match &charge.requests.verdict {
                Some(Verdict::NotExecuted(NotExecuted::Refused(problem)))
                    if charge.state == CashIn::Rejected =>
                {
                    Some(problem.to_string())
                }
                _ => None,
            },
            created_at: stored.created_at.as_microsecond(),
            updated_at: stored.updated_at.as_microsecond(),
            happened_at: stored.created_at.as_microsecond(),
            settled_at: (is_refunded || charge.state == CashIn::Paid)
                .then(|| report.and_then(|report| report.paid_at).unwrap_or(charge.since).as_microsecond()),
            refunded_at: is_refunded.then(|| {
                report.and_then(|report| report.refunded_at).unwrap_or(charge.since).as_microsecond()
            }),
            refunded_amount: is_refunded.then(|| order.amount.get()),
        }
    }
}

impl Projection {
    /// The row with what follows from the life, instead of what it has.
    pub(super) fn fill(&self, row: &Transaction) -> Result<Transaction, JournalError> {
        let text = |value: &Option<String>| value.clone().map(Safe::from);
        let time = |value: Option<i64>| value.map(to_time).transpose();
        Ok(Transaction {
            state: State::parse(row.direction, &self.state).ok_or_else(|| {
                JournalError::Unreadable(format!("a transaction in the state {}", self.state))
            })?,
            conflict: self.conflict == OPEN,
            looked_into: self.conflict == LOOKED_INTO,
            // What was on its way now is not what was then.
            under_way: None,
            failure_reported: self.failure_reported,
            refunded: self.refunded,
            amount: Some(Centavos::new(self.amount)),
            internal_code: text(&self.internal_code),
            transaction_id: text(&self.transaction_id),
            external_reference: Some(Safe::from(self.external_reference.clone())),
            end_to_end_id: text(&self.end_to_end_id),
            name: Some(Safe::from(self.name.clone())),
            document: Some(Safe::from(self.document.clone())),
            failure: text(&self.failure),
            updated_at: to_time(self.updated_at)?,
            settled_at: time(self.settled_at)?,
            refunded_at: time(self.refunded_at)?,
            refunded_amount: self.refunded_amount.map(Centavos::new),
            ..row.clone()
        })
    }
}

/// The same columns as they are stored.
pub(super) fn projection(connection: &Connection, id: Uuid) -> Result<Option<Projection>, JournalError> {
    first(
        connection,
        "SELECT direction, state, conflict, failure_reported, refunded, amount, internal_code, transaction_id,
                external_reference, end_to_end_id, name, document, failure, created_at, updated_at, happened_at,
                settled_at, refunded_at, refunded_amount
         FROM transactions WHERE id = ?1",
        [id.to_string()],
        |row| {
            Ok(Projection {
                direction: row.read("direction")?,
                state: row.read("state")?,
                conflict: row.read("conflict")?,
                failure_reported: row.read("failure_reported")?,
                refunded: row.read("refunded")?,
                amount: row.read("amount")?,
                internal_code: row.read("internal_code")?,
                transaction_id: row.read("transaction_id")?,
                external_reference: row.read("external_reference")?,
                end_to_end_id: row.read("end_to_end_id")?,
                name: row.read("name")?,
                document: row.read("document")?,
                failure: row.read("failure")?,
                created_at: row.read("created_at")?,
                updated_at: row.read("updated_at")?,
                happened_at: row.read("happened_at")?,
                settled_at: row.read("settled_at")?,
                refunded_at: row.read("refunded_at")?,
                refunded_amount: row.read("refunded_amount")?,
            })
        },
    )
}

pub(super) fn update_ours(connection: &Connection, id: Uuid, shown: &Projection) -> Result<(), JournalError> {
    write(
        connection,
        "UPDATE transactions SET state = :state, conflict = :conflict, failure_reported = :failure_reported,
            refunded = :refunded, amount = :amount, internal_code = :internal_code,
            transaction_id = :transaction_id, end_to_end_id = :end_to_end_id, name = :name, document = :document,
            failure = :failure, updated_at = :updated_at, settled_at = :settled_at,
            refunded_at = :refunded_at, refunded_amount = :refunded_amount
         WHERE id = :id",
        named_params! {
            ":name": shown.name,
            ":document": shown.document,
            ":state": shown.state,
            ":conflict": shown.conflict,
            ":failure_reported": shown.failure_reported,
            ":refunded": shown.refunded,
            ":amount": shown.amount,
            ":internal_code": shown.internal_code,
            ":transaction_id": shown.transaction_id,
            ":end_to_end_id": shown.end_to_end_id,
            ":failure": shown.failure,
            ":updated_at": shown.updated_at,
            ":settled_at": shown.settled_at,
            ":refunded_at": shown.refunded_at,
            ":refunded_amount": shown.refunded_amount,
            ":id": id.to_string(),
        },
    )
    .map(drop)
}

/// Why it was not paid: the gateway's failure, or the refusal of the order itself.
fn failure_of(intent: &Intent) -> Option<String> {
    let pay = &intent.cash_out;
    if let Some(failure) = pay.last_report.as_ref().and_then(|report| report.failure.as_ref()) {
        return Some(format!("{}: {}", failure.code, failure.message));
    }
    match &pay.last_verdict {
        Some(Verdict::NotExecuted(NotExecuted::Refused(problem)))
            if pay.state == cash_out::State::Rejected =>
        {
            Some(problem.to_string())
        }
        _ => None,
    }
}

/// Takes in what the gateway said: folded into a payment of ours, or kept as a row of the platform's.
pub(super) fn observe(connection: &Connection, observation: &Observation) -> Result<Observed, JournalError> {
    let observation = &plausible(observation);
    let report = &observation.report;
    let known = locate(connection, report)?;
    if report.direction == Direction::In {
        return observe_cash_in(connection, known, observation);
    }
    if let Some(row) = known.as_ref().filter(|row| row.ours) {
        let event = cash_out::Event::Reported {
            at: observation.at,
            source: observation.source,
            report: Arc::new(report.clone()),
        };
        let applied = intents::apply(connection, row.id, &event.into())?;
        if let Some(code) = report.internal_code.as_ref().filter(|code| !code.is_empty()) {
            absorb(connection, row.id, code)?;
        }
        let transaction =
            by_id(connection, row.id)?.ok_or_else(|| JournalError::NotFound(row.id.to_string()))?;
        return Ok(Observed { transaction, before: known, applied: Some(applied), refund: None });
    }
    take_in(connection, known, observation)
}

/// Without times that cannot be: what is told of the year 2099 counts from when it was heard.
fn plausible(observation: &Observation) -> Cow<'_, Observation> {
    let Observation { report, happened_at, at, .. } = observation;
    let mut told =
        [*happened_at, report.requested_at, report.paid_at, report.refunded_at].into_iter().flatten();
    if told.all(|told| is_plausible(told, at.at)) {
        return Cow::Borrowed(observation);
    }
    Cow::Owned(Observation {
        report: report.clone().plausible(at.at),
        happened_at: happened_at.filter(|told| is_plausible(*told, at.at)),
        ..observation.clone()
    })
}

/// A transaction that is no order of ours.
fn take_in(
    connection: &Connection,
    known: Option<Transaction>,
    observation: &Observation,
) -> Result<Observed, JournalError> {
    let id = match &known {
        Some(row) => merge(connection, row, observation).map(|()| row.id)?,
        None => insert(connection, observation).map(|()| observation.new_id)?,
    };
    let transaction = by_id(connection, id)?.ok_or_else(|| JournalError::NotFound(id.to_string()))?;
    Ok(Observed { transaction, before: known, applied: None, refund: None })
}

/// A charge of ours folds it; every other cash-in is a row. A refund of ours hears of it in both cases.
fn observe_cash_in(
    connection: &Connection,
    known: Option<Transaction>,
    observation: &Observation,
) -> Result<Observed, JournalError> {
    let Some(row) = known else { return take_in(connection, None, observation) };
    let (is_a_charge, refund) = asked::observe(connection, row.id, observation)?;
    if !is_a_charge {
        return Ok(Observed { refund, ..take_in(connection, Some(row), observation)? });
    }
    let transaction = by_id(connection, row.id)?.ok_or_else(|| JournalError::NotFound(row.id.to_string()))?;
    Ok(Observed { transaction, before: Some(row), applied: None, refund })
}

/// The row that a report is about: a payment of ours before a transaction of others, then by the gateway's ids before a
/// reference.
fn locate(connection: &Connection, report: &Report) -> Result<Option<Transaction>, JournalError> {
    let text =
        |value: Option<&Safe>| value.map(Safe::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    first(
        connection,
        &locating(),
        params![
            report.direction.as_str(),
            text(report.internal_code.as_ref()),
            text(report.transaction_id.as_ref()),
            text(report.settlement_id()),
            text(report.external_reference.as_ref()),
        ],
        read,
    )
}

fn locating() -> String {
    format!(
        "SELECT {COLUMNS} FROM transactions
         WHERE direction = ?1
           AND (internal_code = ?2 OR transaction_id = ?3 OR end_to_end_id = ?4 OR external_reference = ?5)
         ORDER BY ours DESC, internal_code IS ?2 DESC, transaction_id IS ?3 DESC, end_to_end_id IS ?4 DESC, seq
         LIMIT 1"
    )
}

fn insert(connection: &Connection, observation: &Observation) -> Result<(), JournalError> {
    let report = &observation.report;
    let (state, _) = observed(None, report);
    // A word that saldo does not know: the transaction exists, so it stands at the beginning of its life.
    let state = state.unwrap_or(match report.direction {
        Direction::In => State::In(CashIn::AwaitingPayment),
        Direction::Out => State::Out(cash_out::State::Accepted),
    });
    write(
        connection,
        "INSERT INTO transactions (id, ours, direction, state, refunded, amount, internal_code, transaction_id,
            external_reference, end_to_end_id, name, document, failure, created_at, updated_at, happened_at, settled_at,
            refunded_at, refunded_amount)
         VALUES (:id, 0, :direction, :state, :refunded, :amount, :internal_code, :transaction_id, :reference,
            :end_to_end_id, :name, :document, :failure, :at, :at, :happened_at, :settled_at, :refunded_at,
            :refunded_amount)",
        named_params! {
            ":id": observation.new_id.to_string(),
            ":direction": report.direction.as_str(),
            ":state": state.as_str(),
            ":refunded": is_refunded(report),
            ":amount": report.amount.map(Centavos::get),
            ":internal_code": report.internal_code.as_ref().map(Safe::as_str),
            ":transaction_id": report.transaction_id.as_ref().map(Safe::as_str),
            ":reference": report.external_reference.as_ref().map(Safe::as_str),
            ":end_to_end_id": report.settlement_id().map(Safe::as_str),
            ":name": report.name.as_ref().map(Safe::as_str),
            ":document": report.document.as_ref().map(Safe::as_str),
            ":failure": failure_text(report),
            ":at": observation.at.at.as_microsecond(),
            ":happened_at": happened_at(observation).as_microsecond(),
            ":settled_at": settled_at(state, observation),
            ":refunded_at": refunded_at(observation),
            ":refunded_amount": refunded_amount(report),
        },
    )
    .map(drop)
}

fn merge(connection: &Connection, row: &Transaction, observation: &Observation) -> Result<(), JournalError> {
    let report = &observation.report;
    let (state, contradicts) = observed(Some(row.state), report);
    let contradicts = contradicts || differs(row, report);
    let state = state.unwrap_or(row.state);
    write(
        connection,
        "UPDATE transactions SET state = :state, conflict = iif(:conflict AND conflict = 0, 1, conflict), refunded = refunded OR :refunded,
            amount = iif(:refunded, coalesce(amount, :amount), coalesce(:amount, amount)), internal_code = coalesce(internal_code, :internal_code),
            transaction_id = coalesce(transaction_id, :transaction_id),
            external_reference = coalesce(external_reference, :reference),
            end_to_end_id = coalesce(end_to_end_id, :end_to_end_id), name = coalesce(:name, name),
            document = coalesce(:document, document), failure = coalesce(:failure, failure),
            updated_at = :at, settled_at = coalesce(settled_at, :settled_at),
            refunded_at = coalesce(refunded_at, :refunded_at),
            refunded_amount = coalesce(refunded_amount, :refunded_amount)
         WHERE id = :id",
        named_params! {
            ":id": row.id.to_string(),
            ":state": state.as_str(),
            ":conflict": contradicts,
            ":refunded": is_refunded(report),
            ":amount": report.amount.map(Centavos::get),
            ":internal_code": report.internal_code.as_ref().map(Safe::as_str),
            ":transaction_id": report.transaction_id.as_ref().map(Safe::as_str),
            ":reference": report.external_reference.as_ref().map(Safe::as_str),
            ":end_to_end_id": report.settlement_id().map(Safe::as_str),
            ":name": report.name.as_ref().map(Safe::as_str),
            ":document": report.document.as_ref().map(Safe::as_str),
            ":failure": failure_text(report),
            ":at": observation.at.at.as_microsecond(),
            ":settled_at": settled_at(state, observation),
            ":refunded_at": refunded_at(observation),
            ":refunded_amount": refunded_amount(report),
        },
    )
    .map(drop)
}

/// Whether another amount or another settlement is told of it than before: paid twice, say. A part may come back.
fn differs(row: &Transaction, report: &Report) -> bool {
    let is_whole = !row.refunded && !is_refunded(report);
    let amount = row.amount.zip(report.amount).is_some_and(|(known, told)| known != told);
    let settlement = row.end_to_end_id.as_ref().zip(report.settlement_id());
    is_whole && amount || settlement.is_some_and(|(known, told)| !known.is_empty() && known != told)
}

fn is_refunded(report: &Report) -> bool {
    report.status == Status::Refunded
}

fn refunded_at(observation: &Observation) -> Option<i64> {
    let report = &observation.report;
    is_refunded(report)
        .then(|| report.refunded_at.or(observation.happened_at).unwrap_or(observation.at.at).as_microsecond())
}

fn refunded_amount(report: &Report) -> Option<i64> {
    report.amount.filter(|_| is_refunded(report)).map(Centavos::get)
}

fn failure_text(report: &Report) -> Option<String> {
    report.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.message))
}

fn happened_at(observation: &Observation) -> Timestamp {
    let report = &observation.report;
    observation
        .happened_at
        .or(report.refunded_at)
        .or(report.paid_at)
        .or(report.requested_at)
        .unwrap_or(observation.at.at)
}

fn settled_at(state: State, observation: &Observation) -> Option<i64> {
    state
        .has_settled()
        .then(|| observation.report.paid_at.unwrap_or_else(|| happened_at(observation)).as_microsecond())
}

/// What was kept as a transaction of the platform's turned out to be this payment of ours: one row tells of it.
pub(super) fn absorb(connection: &Connection, id: Uuid, internal_code: &Safe) -> Result<(), JournalError> {
    const STRANGER: &str = "ours = 0 AND direction = 'out' AND internal_code = ?1";
    let absorbed = write(
        connection,
        &format!("INSERT INTO absorbed (seq, subject) SELECT seq, ?2 FROM transactions WHERE {STRANGER}"),
        params![internal_code.as_str(), id.to_string()],
    )?;
    // Every report of a payment comes by here, and hardly one has anything to absorb.
    if absorbed == 0 {
        return Ok(());
    }
    write(
        connection,
        &format!(
            "UPDATE inbox SET subject = ?2 WHERE subject IN (SELECT id FROM transactions WHERE {STRANGER})"
        ),
        params![internal_code.as_str(), id.to_string()],
    )?;
    write(connection, &format!("DELETE FROM transactions WHERE {STRANGER}"), [internal_code.as_str()])
        .map(drop)
}

pub(super) fn life(connection: &Connection, id: Uuid) -> Result<Option<Life>, JournalError> {
    let Some(transaction) = by_id(connection, id)? else { return Ok(None) };
    let deliveries = collect(
        connection,
        "SELECT received_at, event_id, signature, content_type, body FROM inbox WHERE subject = ?1 ORDER BY number DESC LIMIT ?2",
        params![id.to_string(), DELIVERIES],
        delivery,
    )?;
    let intent = intents::by_id(connection, id)?;
    let is_payment = intent.is_some();
    Ok(Some(Life {
        transaction,
        intent,
        events: if is_payment { intents::events(connection, id)? } else { Vec::new() },
        attempts: intents::attempts(connection, id)?,
        deliveries,
        incoming: Incoming {
            charge: asked_life(connection, asked::by_id(connection, id)?)?,
            refund: asked_life(connection, asked::by_lock(connection, &id.to_string())?)?,
        },
    }))
}

fn asked_life<A: asked::Table>(
    connection: &Connection,
    stored: Option<Stored<A>>,
) -> Result<Option<AskedLife<A>>, JournalError> {
    let Some(stored) = stored else { return Ok(None) };
    Ok(Some(AskedLife {
        events: events::of(connection, stored.id)?,
        requests: asked::requests(connection, stored.id)?,
        stored,
    }))
}

pub(super) fn delivery(row: &Row<'_>) -> Result<Delivery, JournalError> {
    Ok(Delivery {
        body: row.read("body")?,
        event_id: row.read("event_id")?,
        signature: row.read("signature")?,
        content_type: row.read("content_type")?,
        received_at: row.time("received_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::schema;

    #[test]
    fn a_row_is_located_by_its_indexes() {
        let connection = schema::pattern().unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {}", super::locating());
        let plan: Vec<String> = connection
            .prepare(&sql)
            .unwrap()
            .query_map(["in", "a", "b", "c", "d"], |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let searches = plan.iter().filter(|line| line.starts_with("SEARCH transactions USING INDEX")).count();
        assert_eq!(searches, 4, "{plan:#?}");
        assert!(!plan.iter().any(|line| line.contains("SCAN")), "{plan:#?}");
    }
}
