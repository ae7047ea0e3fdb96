//! The shapes of JSON answers and the tables for people: one place for what scripts rely on.

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::contradiction::{LookedView, was_looked_into};
use super::told::Told;
use crate::domain::balance::{BankBalance, Reading};
use crate::domain::cash_out::State;
use crate::domain::institution::name_of;
use crate::domain::money::Centavos;
use crate::domain::order::{BankAccount, Destination, idempotency_key};
use crate::domain::rebalance::{Looks, Pockets, Rebalance};
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::journal::{Intent, StoredRebalance};

/// A payment of ours.
#[derive(Debug, Serialize)]
pub(super) struct IntentView {
    pub(super) id: Uuid,
    pub(super) external_reference: String,
    pub(super) idempotency_key: Uuid,
    pub(super) state: &'static str,
    pub(super) internal_code: Option<String>,
    pub(super) transaction_id: Option<String>,
    pub(super) end_to_end_id: Option<String>,
    pub(super) amount_centavos: Centavos,
    /// What the gateway says it paid; `null` until it is paid.
    pub(super) settled_centavos: Option<Centavos>,
    pub(super) reason: Option<String>,
    pub(super) refunded: bool,
    /// Something contradicts itself, and nobody has looked into it.
    pub(super) conflict: bool,
    /// What the person found who did.
    pub(super) looked_into: Option<LookedView>,
    pub(super) failure_reported: bool,
    pub(super) attempts: u32,
    pub(super) round: u32,
    /// Which payment of the same debt, from 1.
    pub(super) generation: u32,
    /// No request may follow; saldo only listens.
    pub(super) frozen: bool,
    /// Accepted for more than a day.
    pub(super) stale: bool,
    /// Who has declared that it was not paid.
    pub(super) declared_not_paid_by: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl IntentView {
    pub(super) fn new(intent: &Intent, client_id: &str) -> Self {
        let pay = &intent.cash_out;
        let text = |value: &Option<Safe>| value.as_ref().map(ToString::to_string);
        Self {
            id: intent.id,
            external_reference: intent.reference.to_string(),
            idempotency_key: idempotency_key(client_id, &intent.reference, pay.round),
            state: pay.state.as_str(),
            internal_code: text(&pay.ids.internal_code),
            transaction_id: text(&pay.ids.transaction_id),
            end_to_end_id: text(&pay.end_to_end_id),
            amount_centavos: intent.order.amount,
            settled_centavos: (pay.state == State::Completed)
                .then(|| pay.last_report.as_ref().and_then(|report| report.amount))
                .flatten(),
            reason: intent.reason.clone(),
            refunded: pay.refunded,
            conflict: pay.is_contradicted(),
            looked_into: pay.closed.as_ref().map(LookedView::from),
            failure_reported: pay.failure_reported,
            attempts: pay.attempts,
            round: pay.round,
            generation: pay.terms.generation,
            frozen: pay.frozen,
            stale: pay.stale,
            declared_not_paid_by: pay.declarations.iter().map(ToString::to_string).collect(),
            created_at: intent.created_at,
            updated_at: intent.updated_at,
        }
    }
}

/// One sentence on how a payment stands, and what it means for the money.
pub(super) fn sentence(intent: &Intent) -> Told {
    let (amount, name, how) = (intent.order.amount, &intent.order.name, how_it_stands(intent));
    told!("{amount} to {name}: {how}", "{amount} para {name}: {how}"; how)
}

fn how_it_stands(intent: &Intent) -> Told {
    let (pay, id) = (&intent.cash_out, intent.id);
    if pay.is_contradicted() {
        let what = contradiction(intent);
        return told!("CONFLICT, {what}", "CONFLITO, {what}"; what);
    }
    if let Some(looked) = &pay.closed {
        return was_looked_into(looked, pay.state.as_str());
    }
    match pay.state {
        State::Draft => told!("a draft, not submitted", "rascunho, não submetido"),
        State::PendingApproval => told!("waits for approval, not sent", "espera aprovação, não enviado"),
        State::Approved => told!("decided, not sent yet", "decidido, ainda não enviado"),
        State::Unknown if pay.is_proven_unsent() => {
            told!("not sent; it stays open", "não enviado; continua em aberto")
        }
        State::Unknown => {
            told!("UNKNOWN, the gateway may have paid it or not", "INCERTO, o gateway pode ter pago ou não")
        }
        State::Accepted if pay.failure_reported => {
            told!("a failure was reported, confirming", "uma falha foi informada, confirmando")
        }
        State::Accepted if pay.stale => told!(
            "accepted more than a day ago, and not settled; ask the gateway's people",
            "aceito há mais de um dia, e não liquidado; pergunte ao gateway"
        ),
        State::Accepted => {
            told!("accepted by the gateway, not settled yet", "aceito pelo gateway, ainda não liquidado")
        }
        State::Exists => told!(
            "the gateway knows this reference already; it may be paid",
            "o gateway já conhece esta referência; pode estar pago"
        ),
        State::Held => told!(
            "HELD, in doubt for a day; a person has to look (saldo resolve {id})",
            "RETIDO, incerto há um dia; uma pessoa precisa verificar (saldo resolve {id})"
        ),
        State::Rejected => told!("rejected by the gateway, not paid", "recusado pelo gateway, não pago"),
        State::Completed if pay.refunded => match pay.refunded_amount() {
            Some(back) if back < pay.terms.expected.amount => {
                told!("paid, and {back} of it refunded", "pago, e {back} disso devolvido")
            }
            _ => told!("paid, and refunded", "pago, e devolvido"),
        },
        State::Completed => told!("paid", "pago"),
        State::Failed => told!("failed, not paid", "falhou, não pago"),
        State::Cancelled => told!("cancelled, not paid", "cancelado, não pago"),
        State::Expired => told!(
            "not sent in time, so it was let go; nothing was sent",
            "não enviado a tempo, e deixou de valer; nada foi enviado"
        ),
        State::DeclaredNotPaid => {
            told!("two people found that it was not paid", "duas pessoas apuraram que não foi pago")
        }
    }
}

/// What the balance says about a rebalance in doubt.
pub(super) fn looks(rebalance: &Rebalance) -> Told {
    match rebalance.looks() {
        Some(Looks::Moved) => told!(
            "the proprietary balance has changed as if it had been carried out",
            "o saldo próprio mudou como se tivesse sido feito"
        ),
        Some(Looks::NotMoved) => told!(
            "the proprietary balance is what it was, so it seems not to have been carried out",
            "o saldo próprio é o que era, então parece não ter sido feito"
        ),
        Some(Looks::Unclear) => told!(
            "the proprietary balance has changed otherwise, so it says neither",
            "o saldo próprio mudou de outro jeito, então não diz nem uma coisa nem outra"
        ),
        None => told!("the balance could not be read", "o saldo não pôde ser lido"),
    }
}

/// Where a payment goes, for people.
pub(super) fn destination_text(destination: &Destination) -> Told {
    match destination {
        Destination::Pix(key) => {
            let (key, kind) = (key.as_str(), key.key_type());
            told!("PIX key {key} ({kind})", "chave Pix {key} ({kind})")
        }
        Destination::Account(BankAccount { ispb, branch, account }) => {
            let bank = name_of(ispb).map_or_else(|| ispb.to_string(), str::to_owned);
            told!("{bank} branch {branch} account {account}", "{bank} agência {branch} conta {account}")
        }
    }
}

/// What the gateway has under this reference, where it is not what was ordered.
fn contradiction(intent: &Intent) -> Told {
    let Some(report) = &intent.cash_out.last_report else {
        return told!("the gateway contradicts itself", "o gateway contradiz a si mesmo");
    };
    if let Some(other) = &report.external_reference
        && other.as_str() != intent.reference.as_str()
    {
        return told!(
            "the gateway gave it the reference {other}; it is not known whether what was ordered is paid",
            "o gateway deu a ele a referência {other}; não se sabe se o que foi pedido está pago"
        );
    }
    let amount = report.amount.map_or_else(
        || told!("an amount it does not tell", "um valor que não informa"),
        |amount| Told::verbatim(amount.to_string()),
    );
    let name = report.name.as_ref().map_or_else(
        || told!("somebody it does not name", "alguém que não nomeia"),
        |name| Told::verbatim(name.as_str()),
    );
    let status = report.status.as_wire();
    told!(
        "the gateway has {amount} to {name} under this reference ({status}); it is not known whether what was ordered is paid",
        "o gateway tem {amount} para {name} com esta referência ({status}); não se sabe se o que foi pedido está pago";
        amount, name
    )
}

/// The wallet.
#[derive(Debug, Serialize)]
pub(super) struct BalanceView<'a> {
    total_centavos: Centavos,
    transactional_centavos: Centavos,
    proprietary_centavos: Centavos,
    updated_at: Option<Timestamp>,
    fetched_at: Timestamp,
    banks: Vec<BankView<'a>>,
}

#[derive(Debug, Serialize)]
struct BankView<'a> {
    ispb: Option<&'a str>,
    bank: Option<&'a str>,
    transactional_centavos: Option<Centavos>,
    proprietary_centavos: Option<Centavos>,
}

impl<'a> BalanceView<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        let balance = &reading.balance;
        Self {
            total_centavos: balance.total,
            transactional_centavos: balance.transactional,
            proprietary_centavos: balance.proprietary,
            updated_at: balance.updated_at,
            fetched_at: reading.fetched_at,
            banks: balance.banks.iter().map(BankView::new).collect(),
        }
    }
}

impl<'a> BankView<'a> {
    fn new(bank: &'a BankBalance) -> Self {
        Self {
            ispb: bank.ispb.as_ref().map(Safe::as_str),
            bank: bank.bank.as_ref().map(Safe::as_str),
            transactional_centavos: bank.transactional,
            proprietary_centavos: bank.proprietary,
        }
    }
}

/// A row of the feed.
#[derive(Debug, Serialize)]
pub(super) struct TransactionView<'a> {
    id: Uuid,
    direction: &'static str,
    state: &'static str,
    amount_centavos: Option<Centavos>,
    internal_code: Option<&'a str>,
    transaction_id: Option<&'a str>,
    external_reference: Option<&'a str>,
    end_to_end_id: Option<&'a str>,
    name: Option<&'a str>,
    document: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
    refunded: bool,
    conflict: bool,
    looked_into: bool,
    failure_reported: bool,
    failure: Option<&'a str>,
}

impl<'a> TransactionView<'a> {
    pub(super) fn new(row: &'a Transaction) -> Self {
        let text = |value: &'a Option<Safe>| value.as_ref().map(Safe::as_str);
        Self {
            id: row.id,
            direction: row.direction.as_str(),
            state: row.state.as_str(),
            amount_centavos: row.amount,
            internal_code: text(&row.internal_code),
            transaction_id: text(&row.transaction_id),
            external_reference: text(&row.external_reference),
            end_to_end_id: text(&row.end_to_end_id),
            name: text(&row.name),
            document: text(&row.document),
            created_at: row.created_at,
            updated_at: row.updated_at,
            refunded: row.refunded,
            conflict: row.conflict,
            looked_into: row.looked_into,
            failure_reported: row.failure_reported,
            failure: text(&row.failure),
        }
    }
}

/// Both pockets.
#[derive(Debug, Serialize)]
pub(super) struct PocketsView {
    transactional_centavos: Centavos,
    proprietary_centavos: Centavos,
}

impl From<Pockets> for PocketsView {
    fn from(pockets: Pockets) -> Self {
        Self { transactional_centavos: pockets.transactional, proprietary_centavos: pockets.proprietary }
    }
}

/// A rebalance.
#[derive(Debug, Serialize)]
pub(super) struct RebalanceView {
    pub(super) id: Option<Uuid>,
    pub(super) state: &'static str,
    /// `null`: nobody can say.
    pub(super) success: Option<bool>,
    pub(super) message: Option<String>,
    pub(super) direction: Option<&'static str>,
    pub(super) target_centavos: Centavos,
    pub(super) amount_centavos: Centavos,
    pub(super) before: PocketsView,
    pub(super) expected: PocketsView,
    pub(super) after: Option<PocketsView>,
    pub(super) as_expected: Option<bool>,
    /// What the proprietary balance says: `moved`, `not_moved`, `unclear`.
    pub(super) looks: Option<Looks>,
}

impl RebalanceView {
    pub(super) fn new(stored: &StoredRebalance) -> Self {
        use crate::domain::rebalance::{Outcome, State};
        let rebalance = &stored.rebalance;
        Self {
            id: Some(stored.id),
            state: rebalance.state.as_str(),
            success: match rebalance.state {
                State::Completed => Some(true),
                State::Rejected => Some(false),
                State::Unknown | State::Acknowledged => None,
            },
            message: match &rebalance.outcome {
                Some(Outcome::Answered { message, .. }) => Some(message.to_string()),
                _ => None,
            },
            direction: Some(rebalance.terms.forecast.direction.as_str()),
            target_centavos: rebalance.terms.target,
            amount_centavos: rebalance.terms.forecast.amount,
            before: rebalance.terms.forecast.before.into(),
            expected: rebalance.terms.forecast.after.into(),
            after: rebalance.after.map(PocketsView::from),
            as_expected: rebalance.as_expected(),
            looks: rebalance.looks(),
        }
    }
}
