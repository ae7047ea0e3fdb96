//! A row of the feed: one cash-in or cash-out, ours or the platform's own, as far as saldo has seen it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cash_out;
use super::money::Centavos;
use super::report::{Direction, Report, Status};
use super::stand::Stand;
use super::text::Safe;

/// Where a transaction stands, in the words of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum State {
    /// A cash-out.
    Out(cash_out::State),
    /// A cash-in.
    In(CashIn),
}

/// Where a cash-in stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashIn {
    /// A charge of saldo's that is decided, and no request was journalled yet.
    Approved,
    /// A charge of saldo's whose request may have left, and what came of it is not known. No money moves by it.
    Unknown,
    /// The gateway had a charge with this reference already, and saldo does not know its id there.
    Exists,
    /// Proven: the gateway refused to make the charge.
    Rejected,
    /// Nobody has paid yet.
    AwaitingPayment,
    /// Paid.
    Paid,
    /// Nobody paid in time.
    Expired,
    /// Paid, and given back.
    Refunded,
    /// Withdrawn.
    Cancelled,
}

impl CashIn {
    /// Every state, in the order of a cash-in's life.
    pub const ALL: [Self; 9] = [
        Self::Approved,
        Self::Unknown,
        Self::Exists,
        Self::Rejected,
        Self::AwaitingPayment,
        Self::Paid,
        Self::Expired,
        Self::Refunded,
        Self::Cancelled,
    ];

    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Unknown => "unknown",
            Self::Exists => "exists",
            Self::Rejected => "rejected",
            Self::AwaitingPayment => "awaiting_payment",
            Self::Paid => "paid",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
            Self::Cancelled => "cancelled",
        }
    }
}

impl State {
    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Out(state) => state.as_str(),
            Self::In(state) => state.as_str(),
        }
    }

    /// Reads back what [`Self::as_str`] wrote.
    pub fn parse(direction: Direction, word: &str) -> Option<Self> {
        match direction {
            Direction::Out => {
                cash_out::State::ALL.into_iter().find(|state| state.as_str() == word).map(Self::Out)
            }
            Direction::In => CashIn::ALL.into_iter().find(|state| state.as_str() == word).map(Self::In),
        }
    }

    /// Whether the outcome is still to come.
    pub const fn is_open(self) -> bool {
        match self {
            Self::Out(state) => !state.is_final(),
            Self::In(state) => {
                matches!(state, CashIn::Approved | CashIn::Unknown | CashIn::Exists | CashIn::AwaitingPayment)
            }
        }
    }

    /// Whether money has moved for good: a completed cash-out or a paid cash-in (refunded or not).
    pub const fn has_settled(self) -> bool {
        matches!(self, Self::Out(cash_out::State::Completed) | Self::In(CashIn::Paid | CashIn::Refunded))
    }
}

/// One transaction, as the feed shows it. What nobody said is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The order in which saldo learned of it: the feed's order, and the key it is paged by.
    pub seq: i64,
    /// saldo's own id.
    pub id: Uuid,
    /// Whether saldo ordered it.
    pub ours: bool,
    /// Cash-in or cash-out.
    pub direction: Direction,
    /// Where it stands.
    pub state: State,
    /// The gateway contradicted itself, or what was ordered, and nobody has looked into it.
    pub conflict: bool,
    /// It did, and a person has looked into it.
    #[serde(default)]
    pub looked_into: bool,
    /// A failure was reported, and is being confirmed.
    pub failure_reported: bool,
    /// A payment of saldo's that its state alone would call a doubt, and that is none: on the wire, or proven unsent.
    #[serde(default)]
    pub under_way: Option<Stand>,
    /// The money went back.
    pub refunded: bool,
    /// In centavos.
    pub amount: Option<Centavos>,
    /// The gateway's short id.
    pub internal_code: Option<Safe>,
    /// The gateway's transaction id.
    pub transaction_id: Option<Safe>,
    /// The reference of whoever ordered it.
    pub external_reference: Option<Safe>,
    /// Of the settlement.
    pub end_to_end_id: Option<Safe>,
    /// Payee or payer.
    pub name: Option<Safe>,
    /// Their CPF or CNPJ.
    pub document: Option<Safe>,
    /// Why it failed, in the gateway's words.
    pub failure: Option<Safe>,
    /// When saldo learned of it (UTC).
    pub created_at: Timestamp,
    /// When saldo last learned something new of it (UTC).
    pub updated_at: Timestamp,
    /// When the event itself happened, by the gateway's word where it gave one (UTC).
    pub happened_at: Timestamp,
    /// When the money moved, if it has (UTC).
    pub settled_at: Option<Timestamp>,
    /// When it went back, if it did (UTC).
    pub refunded_at: Option<Timestamp>,
    /// How much of it, where saldo knows, in centavos.
    pub refunded_amount: Option<Centavos>,
}

/// What a report makes of a transaction that saldo did not order: the state, and whether the gateway contradicts
/// itself. News arrives out of order, so a later stage of life never gives way to an earlier one.
pub fn observed(before: Option<State>, report: &Report) -> (Option<State>, bool) {
    let told = match (report.direction, &report.status) {
        (Direction::Out, Status::Processing) => State::Out(cash_out::State::Accepted),
        (Direction::Out, Status::Completed | Status::Refunded) => State::Out(cash_out::State::Completed),
        (Direction::Out, Status::Failed) => State::Out(cash_out::State::Failed),
        (Direction::Out, Status::Cancelled) => State::Out(cash_out::State::Cancelled),
        (Direction::In, Status::AwaitingPayment) => State::In(CashIn::AwaitingPayment),
        (Direction::In, Status::Paid) => State::In(CashIn::Paid),
        (Direction::In, Status::Refunded) => State::In(CashIn::Refunded),
        (Direction::In, Status::Expired) => State::In(CashIn::Expired),
        (Direction::In, Status::Cancelled) => State::In(CashIn::Cancelled),
        // A word that saldo does not know, or that belongs to the other direction: what was known stays.
        (Direction::Out | Direction::In, _) => return (before, false),
    };
    let Some(before) = before else { return (Some(told), false) };
    let contradicts = rank(before) >= 2 && rank(told) == 1 || rank(before) == 1 && rank(told) >= 2;
    (Some(if rank(told) > rank(before) { told } else { before }), contradicts)
}

/// A transaction that saldo did not order, as these reports alone tell it, oldest first, each with when it came and when
/// its event happened (UTC). `row` is the same transaction at another time: nothing of it is taken but what never changes.
/// `None`: there are none.
pub fn replay(row: &Transaction, told: &[(Report, Timestamp, Option<Timestamp>)]) -> Option<Transaction> {
    let mut stood: Option<Transaction> = None;
    for (report, came, happened) in told {
        let before = stood.as_ref().map(|row| row.state);
        let (state, contradicts) = observed(before, report);
        let state = state.unwrap_or(match row.direction {
            Direction::In => State::In(CashIn::AwaitingPayment),
            Direction::Out => State::Out(cash_out::State::Accepted),
        });
        let known = stood.unwrap_or_else(|| Transaction {
            state,
            conflict: false,
            failure_reported: false,
            refunded: false,
            amount: None,
            internal_code: None,
            transaction_id: None,
            external_reference: None,
            end_to_end_id: None,
            name: None,
            document: None,
            failure: None,
            settled_at: None,
            refunded_at: None,
            refunded_amount: None,
            ..row.clone()
        });
        let is_refunded = report.status == Status::Refunded;
        let event_at = happened.unwrap_or(*came);
        let or = |known: &Option<Safe>, told: Option<&Safe>| known.clone().or_else(|| told.cloned());
        let failure = report.failure.as_ref();
        stood = Some(Transaction {
            state,
            conflict: known.conflict || contradicts,
            refunded: known.refunded || is_refunded,
            amount: if is_refunded { known.amount.or(report.amount) } else { report.amount.or(known.amount) },
            internal_code: or(&known.internal_code, report.internal_code.as_ref()),
            transaction_id: or(&known.transaction_id, report.transaction_id.as_ref()),
            external_reference: or(&known.external_reference, report.external_reference.as_ref()),
            end_to_end_id: or(&known.end_to_end_id, report.settlement_id()),
            name: report.name.clone().or_else(|| known.name.clone()),
            document: report.document.clone().or_else(|| known.document.clone()),
            failure: failure
                .map(|failure| Safe::from(format!("{}: {}", failure.code, failure.message)))
                .or_else(|| known.failure.clone()),
            updated_at: *came,
            settled_at: known
                .settled_at
                .or_else(|| state.has_settled().then(|| report.paid_at.unwrap_or(event_at))),
            refunded_at: known
                .refunded_at
                .or_else(|| is_refunded.then(|| report.refunded_at.unwrap_or(event_at))),
            refunded_amount: known.refunded_amount.or(report.amount.filter(|_| is_refunded)),
            ..known
        });
    }
    stood
}

/// Whether a report tells of an earlier part of a transaction's life than is known already.
pub fn is_late(before: State, report: &Report) -> bool {
    observed(None, report).0.is_some_and(|told| rank(told) < rank(before))
}

/// How much a state says: paid outweighs failed, refunded outweighs paid.
const fn rank(state: State) -> u8 {
    match state {
        State::In(CashIn::Refunded) => 3,
        State::Out(cash_out::State::Completed) | State::In(CashIn::Paid) => 2,
        State::Out(
            cash_out::State::Failed
            | cash_out::State::Cancelled
            | cash_out::State::Rejected
            | cash_out::State::Expired
            | cash_out::State::DeclaredNotPaid,
        )
        | State::In(CashIn::Expired | CashIn::Cancelled | CashIn::Rejected) => 1,
        State::Out(
            cash_out::State::Draft
            | cash_out::State::PendingApproval
            | cash_out::State::Approved
            | cash_out::State::Unknown
            | cash_out::State::Accepted
            | cash_out::State::Exists
            | cash_out::State::Held,
        )
        | State::In(CashIn::Approved | CashIn::Unknown | CashIn::Exists | CashIn::AwaitingPayment) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_of_an_earlier_part_of_a_life_is_late() {
        let report = |status| Report {
            direction: Direction::In,
            status,
            internal_code: None,
            transaction_id: None,
            external_reference: None,
            end_to_end_id: None,
            original_end_to_end_id: None,
            amount: None,
            name: None,
            document: None,
            bank_data: None,
            failure: None,
            requested_at: None,
            paid_at: None,
            refunded_at: None,
        };
        let unknown = Status::Other(Safe::new("NEW"));
        for (before, status, late) in [
            (CashIn::Refunded, Status::Paid, true),
            (CashIn::Paid, Status::Paid, false),
            (CashIn::Paid, Status::Refunded, false),
            (CashIn::Paid, unknown, false),
        ] {
            assert_eq!(is_late(State::In(before), &report(status)), late);
        }
    }

    #[test]
    fn words_read_back() {
        for state in cash_out::State::ALL.into_iter().map(State::Out) {
            assert_eq!(State::parse(Direction::Out, state.as_str()), Some(state));
        }
        for state in CashIn::ALL.into_iter().map(State::In) {
            assert_eq!(State::parse(Direction::In, state.as_str()), Some(state));
        }
        assert_eq!(State::parse(Direction::In, "held"), None);
    }
}
