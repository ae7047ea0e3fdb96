//! `saldo receipt`: the receipt of a payment that is known to have moved money, as text or as PDF.

mod pdf;

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use super::cockpit::zone;
use super::context::Context;
use super::contradiction;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say, say_json, spoken};
use super::spoken::Word;
use super::told::Told;
use super::view::TransactionView;
use crate::domain::contradiction::{About, Found};
use crate::domain::document::Document;
use crate::domain::institution::name_of;
use crate::domain::order::Destination;
use crate::domain::pix_key::PixKeyType;
use crate::domain::report::Direction;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::clock;
use crate::engine::new_file::{NewFile, NotWritten};
use crate::journal::{Life, Reader};
use crate::lang::Lang;

#[derive(Debug, Args)]
pub(super) struct ReceiptArguments {
    /// saldo's id, an internalCode, a transactionId, an endToEndId or a reference
    id: String,
    /// Into this file, which only its owner may read: PDF if its name ends in .pdf, text otherwise
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

/// A receipt, ready to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Receipt {
    title: &'static str,
    amount: String,
    /// Label and value; an empty label is a gap.
    lines: Vec<(&'static str, String)>,
    notes: Vec<String>,
}

pub(super) async fn run(arguments: &ReceiptArguments, context: &Context) -> Result<Exit, Failure> {
    let mut life = find(&arguments.id, context).await?;
    check(&life.transaction)?;
    check_looked_into(&life)?;
    // Somebody has found that it was paid as ordered, whatever amount the gateway named last.
    let found = life.looked_into(About::Payment).map(|looked| looked.by.clone());
    if let (Some(_), Some(intent)) = (&found, &life.intent) {
        life.transaction.amount = Some(intent.order.amount);
    }
    let lang = spoken();
    let account = &context.settings.client_id;
    let mut receipt = receipt(&life, account, lang, clock::now());
    receipt.notes.extend(found.map(|by| lang.receipt_looked_into(&by)));
    let Some(path) = &arguments.output else {
        if context.json {
            say_json(&TransactionView::new(&life.transaction));
        } else {
            say(&text(&receipt));
        }
        return Ok(Exit::Done);
    };
    let is_pdf = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("pdf"));
    if let Some(letter) = pdf::missing_letter(&receipt).filter(|_| is_pdf) {
        return Err(Failure::usage(told!(
            "the fonts of a PDF receipt have no {letter:?}, and a receipt with another name on it proves nothing: name a file that \
             ends in .txt",
            "as fontes do comprovante em PDF não têm {letter:?}, e um comprovante com outro nome não prova nada: dê um arquivo \
             que termine em .txt"
        )));
    }
    let bytes = if is_pdf { pdf::render(&receipt) } else { (text(&receipt) + "\n").into_bytes() };
    let mut file = NewFile::beside(path, arguments.force)?;
    file.writer().write_all(&bytes).map_err(|error| NotWritten::of(path, &error))?;
    file.keep()?;
    let path = path.display();
    if context.json {
        say_json(&TransactionView::new(&life.transaction));
    }
    note(told!("the receipt is in {path}", "o comprovante está em {path}"));
    Ok(Exit::Done)
}

async fn find(id: &str, context: &Context) -> Result<Life, Failure> {
    let missing = || {
        Failure::new(
            Exit::NotFound,
            "not_found",
            told!(
                "saldo has seen no transaction with the id {id:?}",
                "o saldo não viu nenhuma transação com o id {id:?}"
            ),
        )
    };
    let reader = context.reader().await?.ok_or_else(missing)?;
    let row = reader.find(id).await?.ok_or_else(missing)?;
    reader.life(row.id).await?.ok_or_else(missing)
}

/// What a person found to be otherwise than the row says has no receipt.
fn check_looked_into(life: &Life) -> Result<(), Failure> {
    let looked = [About::Payment, About::Charge].into_iter().find_map(|about| life.looked_into(about));
    match looked.filter(|looked| looked.found != Found::Paid) {
        None => Ok(()),
        Some(looked) => Err(Failure::new(Exit::Refused, "no_receipt", {
            let (by, found) = (&looked.by, contradiction::found(looked.found));
            told!(
                "there is no receipt: the gateway contradicted itself, and {by} found: {found}",
                "não há comprovante: o gateway se contradisse, e {by} apurou: {found}"; found
            )
        })),
    }
}

/// A receipt says that money has moved, so it is given for nothing else.
fn check(row: &Transaction) -> Result<(), Failure> {
    let refuse = |exit, outcome, why: Told| {
        let message = told!("there is no receipt: {why}", "não há comprovante: {why}"; why);
        Err(Failure::new(exit, "no_receipt", message).meaning(outcome))
    };
    let state = Word(row.state);
    if row.conflict {
        let why = told!(
            "the gateway contradicts itself, or what was ordered; see `saldo show`",
            "o gateway contradiz a si mesmo, ou o que foi pedido; veja `saldo show`"
        );
        return refuse(Exit::Unknown, Outcome::Unknown, why);
    }
    match row.state {
        state if state.has_settled() && row.amount.is_some() => Ok(()),
        State::Out(doubt) if doubt.is_in_doubt() => refuse(
            Exit::Unknown,
            Outcome::Unknown,
            told!(
                "it is {state}, nobody knows whether it was paid; run `saldo recover`",
                "está {state}, ninguém sabe se foi pago; rode `saldo recover`"; state
            ),
        ),
        one if one.is_open() => {
            let why = told!(
                "it is {state}, not settled yet; try again later",
                "está {state}, ainda não liquidado; tente mais tarde"; state
            );
            refuse(Exit::Later, Outcome::Pending, why).map_err(Failure::retryable)
        }
        _ => refuse(
            Exit::Refused,
            Outcome::NotExecuted,
            told!("it is {state}, no money has moved", "está {state}, nenhum dinheiro saiu"; state),
        ),
    }
}

fn receipt(life: &Life, account: &str, lang: Lang, now: Timestamp) -> Receipt {
    let (row, words) = (&life.transaction, lang.receipt());
    let time = |at: Timestamp| at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M:%S %Z").to_string();
    let amount = row.amount.unwrap_or_default().to_string();
    let mut state = lang.state(row.state).to_owned();
    if row.refunded || matches!(row.state, State::In(crate::domain::transaction::CashIn::Refunded)) {
        state = format!("{state}; {}", words.refunded);
    }
    let in_words = row.amount.and_then(|amount| lang.in_words(amount)).unwrap_or_default();
    let mut lines = vec![
        (words.in_words, in_words),
        (words.settled, row.settled_at.map_or_else(|| words.not_told.to_owned(), time)),
        (words.state, state),
        ("", String::new()),
    ];
    let desk = format!("{} {account}", words.account);
    let other = row.name.as_ref().map_or_else(|| words.not_told.to_owned(), ToString::to_string);
    let (payer, payee) = match row.direction {
        Direction::In => (other, desk),
        Direction::Out => (desk, other),
    };
    let document = row.document.as_ref().map(|text| (words.document, masked(text)));
    lines.push((words.payer, payer));
    if row.direction == Direction::In {
        lines.extend(document.clone());
    }
    lines.push((words.payee, payee));
    if row.direction == Direction::Out {
        lines.extend(document);
    }
    if let Some(intent) = &life.intent {
        lines.push((words.destination, destination(&intent.order.destination, lang)));
    }
    lines.push(("", String::new()));
    for (label, value) in [
        ("endToEndId", &row.end_to_end_id),
        (words.reference, &row.external_reference),
        ("internalCode", &row.internal_code),
        ("transactionId", &row.transaction_id),
    ] {
        lines.extend(value.as_ref().map(|value| (label, value.to_string())));
    }
    lines.push((words.id, row.id.to_string()));
    Receipt {
        title: lang.receipt_title(row.direction),
        amount,
        lines,
        notes: vec![format!("{} {}.", words.seen, time(now)), words.note.to_owned()],
    }
}

/// A document as a receipt may show it: what is hidden stays hidden, what is not is hidden in part.
fn masked(text: &Safe) -> String {
    match Document::parse(text.as_str()) {
        Ok(document) => document.redacted(),
        Err(_) if text.as_str().contains('*') => text.to_string(),
        Err(_) => "***".to_owned(),
    }
}

/// Where it went. A key that is a document would tell what is hidden above it.
fn destination(destination: &Destination, lang: Lang) -> String {
    let words = lang.receipt();
    match destination {
        Destination::Pix(key) => {
            let kind = lang.key_type(key.key_type());
            match key.key_type() {
                PixKeyType::Cpf | PixKeyType::Cnpj => format!("{} ({kind})", words.key),
                _ => format!("{} {} ({kind})", words.key, key.as_str()),
            }
        }
        Destination::Account(account) => {
            let name = name_of(&account.ispb).map_or_else(|| account.ispb.to_string(), str::to_owned);
            lang.account(&name, &account.branch, &account.account)
        }
    }
}

fn text(receipt: &Receipt) -> String {
    let widest = receipt.lines.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut text = format!("{}\n{}\n", receipt.title, receipt.amount);
    for (label, value) in std::iter::once(&("", String::new())).chain(&receipt.lines) {
        let gap = " ".repeat(widest - label.chars().count());
        text.push_str(format!("{label}{gap}  {value}").trim_end());
        text.push('\n');
    }
    for note in &receipt.notes {
        text.push('\n');
        text.push_str(note);
    }
    text
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::domain::cash_out;
    use crate::domain::money::Centavos;
    use crate::domain::transaction::CashIn;

    pub(super) fn life() -> Life {
        let at = |second: i64| Timestamp::from_second(1_773_151_200 + second).unwrap();
        Life {
            transaction: Transaction {
                seq: 1,
                id: Uuid::from_u128(7),
                ours: false,
                direction: Direction::In,
                state: State::In(CashIn::Paid),
                conflict: false,
                looked_into: false,
                under_way: None,
                failure_reported: false,
                refunded: false,
                amount: Some(Centavos::new(123_456)),
                internal_code: Some(Safe::new("IC1")),
                transaction_id: None,
                external_reference: Some(Safe::new("pedido-1")),
                end_to_end_id: Some(Safe::new("E60746948202603101405abcdefghijk")),
                name: Some(Safe::new("Padaria São João – Filhos")),
                document: Some(Safe::new("529.982.247-25")),
                failure: None,
                created_at: at(2),
                updated_at: at(2),
                happened_at: at(0),
                settled_at: Some(at(1)),
                refunded_at: None,
                refunded_amount: None,
            },
            intent: None,
            events: Vec::new(),
            attempts: Vec::new(),
            deliveries: Vec::new(),
            incoming: crate::journal::Incoming::default(),
        }
    }

    fn told(lang: Lang) -> Receipt {
        receipt(&life(), "48213", lang, "2026-03-11T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn it_says_who_what_when_and_hides_the_document() {
        let portuguese = text(&told(Lang::PtBr));
        for part in [
            "Comprovante de PIX recebido\nR$\u{a0}1.234,56\n",
            "Por extenso   mil duzentos e trinta e quatro reais e cinquenta e seis centavos\n",
            "Liquidado em  10/03/2026 11:00:01 -03",
            "Quem pagou    Padaria São João – Filhos\nCPF/CNPJ      ***.982.247-**\n",
            "Quem recebeu  conta no ConnectPSP 48213",
            "endToEndId    E60746948202603101405abcdefghijk",
            "Visto pelo saldo em 11/03/2026 09:00:00 -03.",
        ] {
            assert!(portuguese.contains(part), "{part}\n{portuguese}");
        }
        assert!(!portuguese.contains("52998224725") && !portuguese.contains("529.982"));
        assert!(text(&told(Lang::En)).starts_with("Receipt of a PIX that was received"));
    }

    #[test]
    fn it_is_given_for_money_that_moved_and_for_nothing_else() {
        let row = life().transaction;
        assert_eq!(check(&row), Ok(()));
        for (state, exit) in [
            (State::In(CashIn::AwaitingPayment), Exit::Later),
            (State::In(CashIn::Expired), Exit::Refused),
            (State::Out(cash_out::State::Accepted), Exit::Later),
            (State::Out(cash_out::State::Unknown), Exit::Unknown),
            (State::Out(cash_out::State::Held), Exit::Unknown),
            (State::Out(cash_out::State::Failed), Exit::Refused),
        ] {
            let failure = check(&Transaction { state, ..row.clone() }).unwrap_err();
            assert_eq!(failure.exit, exit, "{state:?}: {}", failure.message.en());
        }
        assert_eq!(check(&Transaction { conflict: true, ..row.clone() }).unwrap_err().exit, Exit::Unknown);
        assert!(check(&Transaction { amount: None, ..row }).is_err());
    }

    #[test]
    fn what_the_gateway_hides_stays_hidden() {
        for (text, shown) in
            [("***.982.247-**", "***.982.247-**"), ("52998224725", "***.982.247-**"), ("12345", "***")]
        {
            assert_eq!(masked(&Safe::new(text)), shown);
        }
    }
}
