//! The JSON shapes of answers and webhooks.

use std::str::FromStr;

use jiff::Timestamp;
use serde_json::{Map, Number, Value, json};

use crate::domain::money::Centavos;

use super::br_code;
use super::ledger::Ledger;
use super::pockets::{PARTNERS, Pocket, minus, plus};
use super::transaction::{
    BankData, CashIn, CashOut, CashOutStatus, Destination, Notice, Person, Rebalance, Transaction,
};

/// A white pixel. The screen draws its own QR code from `copyAndPaste`.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==";

/// Reais with two decimals, as a JSON number that never was a float.
fn money(amount: Centavos) -> Value {
    Number::from_str(&amount.to_decimal()).map_or(Value::Null, Value::Number)
}

/// UTC, whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn optional_time(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| Value::from(time(at)))
}

fn bank_data(bank: &BankData) -> Value {
    json!({ "ispb": bank.ispb, "bank": bank.bank, "branch": bank.branch, "account": bank.account })
}

fn person(person: &Person) -> Map<String, Value> {
    Map::from_iter([
        ("name".to_owned(), Value::from(person.name.as_str())),
        ("document".to_owned(), Value::from(person.document.as_str())),
    ])
}

pub(super) fn token(access_token: &str, expires_in: u64, now: Timestamp) -> Value {
    json!({
        "accessToken": access_token,
        "tokenType": "Bearer",
        "expiresIn": expires_in,
        "issuedAt": time(now),
    })
}

pub(super) fn balance(ledger: &Ledger, now: Timestamp) -> Value {
    let balances = ledger.balances();
    let banks = PARTNERS.iter().enumerate().map(|(at, partner)| {
        let account = |number: &str, pocket| {
            let balance = money(ledger.pockets().of(pocket)[at]);
            json!({ "branch": partner.branch, "account": number, "balance": balance })
        };
        json!({
            "ispb": partner.ispb,
            "bank": partner.name,
            "accounts": {
                "transactional": account(partner.transactional, Pocket::Transactional),
                "proprietary": partner.proprietary.map(|number| account(number, Pocket::Proprietary)),
            },
        })
    });
    json!({
        "currency": "BRL",
        "referenceDate": now.strftime("%Y-%m-%d").to_string(),
        "consolidated": {
            "totalBalance": money(plus(balances.transactional, balances.proprietary)),
            "transactionalBalance": money(balances.transactional),
            "proprietaryBalance": money(balances.proprietary),
        },
        "banks": banks.collect::<Vec<_>>(),
        "updatedAt": time(now),
    })
}

pub(super) fn rebalance(done: Rebalance) -> Value {
    let moved = Centavos::new(minus(done.target, done.before).get().abs());
    let message = match done.target.cmp(&done.before) {
        std::cmp::Ordering::Greater => format!("Top-up of {} BRL.", moved.to_decimal()),
        std::cmp::Ordering::Less => format!("Sweep of {} BRL.", moved.to_decimal()),
        std::cmp::Ordering::Equal => "Nothing to move.".to_owned(),
    };
    json!({ "success": true, "message": message })
}

/// The 202 of `POST /cash-out`.
pub(super) fn cash_out_accepted(cash_out: &CashOut) -> Value {
    json!({
        "transactionId": cash_out.transaction_id,
        "internalCode": cash_out.internal_code,
        "externalReference": cash_out.external_reference,
        "status": cash_out.status.as_str(),
        "requestedAt": time(cash_out.requested_at),
    })
}

/// `GET /cash-out/{id}` and a webhook's `data`.
pub(super) fn cash_out(cash_out: &CashOut) -> Value {
    let mut payee = person(&cash_out.payee);
    let destination = match &cash_out.destination {
        Destination::Pix { key_type, key } => {
            json!({ "type": "PIX", "pixKeyType": key_type, "pixKey": key })
        }
        Destination::Account(account) => json!({
            "type": "BANK_ACCOUNT",
            "bankAccount": { "ispb": account.ispb, "branch": account.branch, "account": account.account },
        }),
    };
    payee.insert("destination".to_owned(), destination);
    payee.insert("bankData".to_owned(), cash_out.bank_data.as_ref().map_or(Value::Null, bank_data));
    let mut answer = json!({
        "transactionId": cash_out.transaction_id,
        "internalCode": cash_out.internal_code,
        "externalReference": cash_out.external_reference,
        "status": cash_out.status.as_str(),
        "endToEndId": cash_out.end_to_end_id,
        "originalEndToEndId": cash_out.original_end_to_end_id,
        "amount": money(cash_out.amount),
        "payee": payee,
        "requestedAt": time(cash_out.requested_at),
        "paidAt": optional_time(cash_out.paid_at),
        "refundedAt": optional_time(cash_out.refunded_at),
    });
    if let Some((code, message)) = cash_out.failure {
        answer["failure"] = json!({ "code": code, "message": message });
    }
    answer
}

/// `POST /cash-in`, `GET /cash-in/{id}`, the answer of a refund and a webhook's `data`.
pub(super) fn cash_in(cash_in: &CashIn) -> Value {
    let mut payer = person(&cash_in.payer);
    payer.insert("bankData".to_owned(), cash_in.bank_data.as_ref().map_or(Value::Null, bank_data));
    let mut answer = json!({
        "transactionId": cash_in.transaction_id,
        "internalCode": cash_in.internal_code,
        "externalReference": cash_in.external_reference,
        "status": cash_in.status.as_str(),
        "endToEndId": cash_in.end_to_end_id,
        "originalEndToEndId": cash_in.original_end_to_end_id,
        "amount": money(cash_in.amount),
        "payer": payer,
        "requestedAt": time(cash_in.requested_at),
        "paidAt": optional_time(cash_in.paid_at),
        "refundedAt": optional_time(cash_in.refunded_at),
        "expiredAt": optional_time(cash_in.expired_at),
    });
    if cash_in.open_finance {
        let url = format!("https://openfinance.sandbox.invalid/pay/{}", cash_in.internal_code);
        answer["paymentUrl"] = Value::from(url);
    } else {
        let location = format!("sandbox.invalid/qr/v2/{}", cash_in.transaction_id);
        answer["pixData"] = json!({
            "copyAndPaste": br_code::dynamic(&location, cash_in.amount),
            "qrCodeImageBase64": PNG,
        });
    }
    answer
}

/// The body of a webhook.
pub(super) fn webhook(notice: &Notice) -> Value {
    let data = match &notice.transaction {
        Transaction::CashOut(transaction) => cash_out(transaction),
        Transaction::CashIn(transaction) => cash_in(transaction),
    };
    json!({ "eventType": notice.event.as_str(), "eventAt": time(notice.at), "data": data })
}

/// A snapshot of the balance that is always the same one, by its own word.
pub(super) fn stand_still(balance: &mut Value) {
    if let Some(updated_at) = balance.get_mut("updatedAt") {
        *updated_at = Value::from("2026-01-01T00:00:00Z");
    }
}

/// Hides the documents of a transaction but for their middle, as Brazilian statements do: `***.982.247-**`.
pub(super) fn mask(transaction: &mut Value) {
    for person in ["payee", "payer"] {
        if let Some(Value::String(document)) = transaction.pointer_mut(&format!("/{person}/document")) {
            *document = masked(document);
        }
    }
}

fn masked(document: &str) -> String {
    let pattern = if document.len() == 11 { "***.000.000-**" } else { "**.000.000/****-**" };
    let mut own = document.chars();
    let mut shown = String::with_capacity(pattern.len());
    for place in pattern.chars() {
        match place {
            '*' => {
                own.next();
                shown.push('*');
            }
            '0' => shown.extend(own.next()),
            separator => shown.push(separator),
        }
    }
    shown
}

/// Turns `GET /cash-out/{id}` of any cash-out into that of one that was not paid.
pub(super) fn tell_as_failed(cash_out: &mut Value) {
    for member in ["endToEndId", "originalEndToEndId", "paidAt", "refundedAt"] {
        cash_out[member] = Value::Null;
    }
    cash_out["payee"]["bankData"] = Value::Null;
    cash_out["status"] = Value::from(CashOutStatus::Failed.as_str());
    cash_out["failure"] =
        json!({ "code": "PIX_KEY_NOT_FOUND", "message": "Not true: told to order by a fault." });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_every_digit() {
        for (centavos, text) in [(5_000, "50.00"), (29, "0.29"), (9_223_372_036_854_707, "92233720368547.07")]
        {
            assert_eq!(money(Centavos::new(centavos)).to_string(), text);
        }
    }

    #[test]
    fn documents_are_hidden_but_for_their_middle() {
        for (document, shown) in [("52998224725", "***.982.247-**"), ("11222333000181", "**.222.333/****-**")]
        {
            let mut answer = json!({ "payee": { "document": document }, "document": document });
            mask(&mut answer);
            assert_eq!(answer, json!({ "payee": { "document": shown }, "document": document }));
        }
    }

    #[test]
    fn times_are_whole_seconds_in_utc() {
        assert_eq!(time("2026-03-10T14:22:18.999Z".parse().unwrap()), "2026-03-10T14:22:18Z");
    }
}
