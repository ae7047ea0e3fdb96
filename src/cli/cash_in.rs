//! `saldo cash-in`: ask somebody to pay, once, however often the command runs.

use std::io::IsTerminal;

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cash_out::{amount_of, lay_over, person_text, read_input, text_or_number};
use super::context::Context;
use super::contradiction::{LookedView, was_looked_into};
use super::failure::{Exit, Failure, Outcome};
use super::input::{empty, given_before, id_and_reference, missing};
use super::office::{known, stop_signal};
use super::output::{note, say, say_json, tell};
use super::qr_file::QrFile;
use super::told::Told;
use super::{Colour, Global};
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::cash_in::{Charge, Order, State, USUAL_MINUTES, parse_minutes, parse_return_address};
use crate::domain::document::Document;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::request::{Asked, PayBy};
use crate::domain::text::Safe;
use crate::engine::counter::{ChargeDecision, CounterError, Made};
use crate::engine::office::Found;
use crate::journal::Stored;
use crate::server::control::operator;
use crate::ui::qr::Blocks;

#[derive(Debug, Args)]
pub(super) struct CashInArguments {
    #[command(flatten)]
    asked: AskedFor,
    /// Read the charge as JSON from standard input: the same names, with underscores. Flags may add to it
    #[arg(long, value_name = "-", value_parser = ["-"])]
    input: Option<String>,
    /// Draw the QR code into this file, .png or .svg
    #[arg(long, value_name = "FILE", value_parser = QrFile::parse)]
    qr_file: Option<QrFile>,
}

/// What is asked for: as flags, or as JSON.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskedFor {
    /// In reais: 500 or 500,25 or 1.234,56
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, required_unless_present = "input")]
    #[serde(default, deserialize_with = "text_or_number")]
    amount: Option<String>,
    /// On standard input only: as an integer, like every amount that saldo writes.
    #[arg(skip)]
    amount_centavos: Option<i64>,
    /// The payer's name
    #[arg(long, value_name = "NAME", required_unless_present = "input")]
    name: Option<String>,
    /// The payer's CPF or CNPJ
    #[arg(long, value_name = "DOCUMENT", required_unless_present = "input")]
    document: Option<String>,
    /// Your own name for this charge: the same one is never made twice
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// For how long it can be paid, e.g. 30m; a day if it is left out
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
    /// By OpenFinance: where the payer's bank leads back to. The answer has a payment_url instead of a BR Code
    #[arg(long, value_name = "URL")]
    #[serde(alias = "open-finance")]
    open_finance: Option<String>,
}

/// Reads standard input and lays it over the flags.
fn from_input(flags: AskedFor) -> Result<AskedFor, Failure> {
    let mut input: AskedFor = read_input()?;
    lay_over([
        ("amount", &mut input.amount, flags.amount),
        ("name", &mut input.name, flags.name),
        ("document", &mut input.document, flags.document),
        ("reference", &mut input.reference, flags.reference),
        ("expires", &mut input.expires, flags.expires),
        ("open_finance", &mut input.open_finance, flags.open_finance),
    ])?;
    Ok(input)
}

/// Reads every value, and says at the first that is wrong which one it is.
fn check(asked: AskedFor) -> Result<(Order, Option<Reference>), Failure> {
    let wrong = Failure::wrong;
    let needed = |value: Option<String>, flag: &str| value.ok_or_else(|| missing(flag));
    let amount = amount_of(asked.amount_centavos, asked.amount)?;
    let name = person_text(&needed(asked.name, "--name")?).map_err(|error| wrong("--name", &error))?;
    if name.is_empty() {
        return Err(wrong("--name", &empty()));
    }
    let document = Document::parse(&needed(asked.document, "--document")?)
        .map_err(|error| wrong("--document", &error))?;
    let reference = asked.reference.as_deref().map(Reference::parse).transpose();
    let reference = reference.map_err(|error| wrong("--reference", &error))?;
    let minutes = asked.expires.as_deref().map(parse_minutes).transpose();
    let minutes = minutes.map_err(|error| wrong("--expires", &error))?.unwrap_or(USUAL_MINUTES);
    let open_finance = asked.open_finance.as_deref().map(parse_return_address).transpose();
    let open_finance = open_finance.map_err(|error| wrong("--open-finance", &error))?;
    Ok((Order { amount, name, document, minutes, open_finance }, reference))
}

/// A charge of ours, for scripts.
#[derive(Debug, Serialize)]
pub(super) struct ChargeView {
    id: Uuid,
    external_reference: String,
    idempotency_key: Uuid,
    state: &'static str,
    internal_code: Option<String>,
    transaction_id: Option<String>,
    end_to_end_id: Option<String>,
    amount_centavos: Centavos,
    copy_and_paste: Option<String>,
    payment_url: Option<String>,
    expires_at: Option<Timestamp>,
    conflict: bool,
    looked_into: Option<LookedView>,
    attempts: u32,
    round: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl ChargeView {
    pub(super) fn new(stored: &Stored<Charge>, client_id: &str) -> Self {
        let charge = &stored.asked;
        let text = |value: &Option<Safe>| value.as_ref().map(ToString::to_string);
        let (copy_and_paste, payment_url) = match &charge.pay_by {
            Some(PayBy::CopyAndPaste(code)) => (Some(code.clone()), None),
            Some(PayBy::PaymentUrl(url)) => (None, Some(url.clone())),
            None => (None, None),
        };
        Self {
            id: stored.id,
            external_reference: charge.terms.reference.to_string(),
            idempotency_key: charge.key(client_id),
            state: charge.state.as_str(),
            internal_code: text(&charge.ids.internal_code),
            transaction_id: text(&charge.ids.transaction_id),
            end_to_end_id: text(&charge.end_to_end_id),
            amount_centavos: charge.terms.order.amount,
            copy_and_paste,
            payment_url,
            expires_at: charge.expires_at,
            conflict: charge.is_contradicted(),
            looked_into: charge.closed.as_ref().map(LookedView::from),
            attempts: charge.requests.attempts,
            round: charge.requests.round,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// One sentence on how a charge stands, and what it means for the money.
pub(super) fn sentence(charge: &Charge) -> Told {
    let (amount, name, how) = (charge.terms.order.amount, &charge.terms.order.name, how_it_stands(charge));
    told!("{amount} from {name}: {how}", "{amount} de {name}: {how}"; how)
}

fn how_it_stands(charge: &Charge) -> Told {
    if charge.is_contradicted() {
        let what = contradiction(charge);
        return told!("CONFLICT, {what}", "CONFLITO, {what}"; what);
    }
    if let Some(looked) = &charge.closed {
        return was_looked_into(looked, charge.state.as_str());
    }
    match charge.state {
        State::Approved => {
            told!("a charge that is decided, not sent yet", "cobrança decidida, ainda não enviada")
        }
        State::Unknown if charge.is_proven_unsent() => {
            told!("a charge that is not sent; it stays open", "cobrança não enviada; continua em aberto")
        }
        State::Unknown => told!(
            "UNKNOWN, the gateway may have made this charge or not; no money moves by it, and nobody was given its code",
            "INCERTO, o gateway pode ter criado esta cobrança ou não; ela não move dinheiro, e ninguém recebeu o código"
        ),
        State::Exists => told!(
            "the gateway has a charge with this reference already, and does not tell its code",
            "o gateway já tem uma cobrança com esta referência, e não informa o código"
        ),
        State::Rejected => told!("the gateway refused this charge", "o gateway recusou esta cobrança"),
        State::AwaitingPayment => told!("awaiting payment", "a receber"),
        State::Paid => told!("paid", "recebida"),
        State::Expired if charge.gateway_id().is_none() => told!(
            "a charge of which nothing was heard in its time, so it was let go",
            "cobrança de que nada se soube no prazo, e deixou de valer"
        ),
        State::Expired => told!("expired, nobody paid in time", "vencida, ninguém pagou no prazo"),
        State::Refunded => told!("paid, and refunded", "recebida, e devolvida"),
        State::Cancelled => {
            told!("cancelled, it can no longer be paid", "cancelada, não pode mais ser paga")
        }
    }
}

/// How the gateway contradicts this charge, as far as the last report tells; `saldo show` has every fact.
fn contradiction(charge: &Charge) -> Told {
    let asked = charge.terms.order.amount;
    let told = charge.last_report.as_ref().and_then(|report| report.amount);
    let state = charge.state.as_str();
    match (charge.state, told.filter(|told| *told != asked)) {
        (State::Paid | State::Refunded, Some(told)) => told!(
            "{told} was paid instead of {asked} ({state}); saldo show says who told it and when",
            "foram pagos {told} em vez de {asked} ({state}); saldo show diz quem informou e quando"
        ),
        (_, Some(told)) => told!(
            "the gateway has it with {told} instead of {asked}; saldo show says who told it and when",
            "o gateway a tem com {told} em vez de {asked}; saldo show diz quem informou e quando"
        ),
        (State::Paid | State::Refunded, None) => told!(
            "it is {state}, and the gateway contradicts itself about how; saldo show says what was told and when",
            "está {state}, e o gateway se contradiz sobre como; saldo show diz o que foi informado e quando"
        ),
        (_, None) => told!(
            "what the gateway says of this charge is not what was asked; saldo show says what was told and when",
            "o que o gateway diz desta cobrança não é o que foi pedido; saldo show diz o que foi informado e quando"
        ),
    }
}

pub(super) async fn run(arguments: CashInArguments, global: &Global) -> Result<Exit, Failure> {
    let asked = match &arguments.input {
        Some(_) => from_input(arguments.asked)?,
        None => arguments.asked,
    };
    let (order, reference) = check(asked)?;
    let context = Context::load(global, "cash-in")?;
    context.may_act()?;
    let id = Uuid::now_v7();
    let reference = reference.unwrap_or_else(|| Reference::from_id(id));
    let decision = ChargeDecision { id, reference, order, maker: operator() };
    let stop = stop_signal();
    let made = context.office().await?.charge(decision, &stop).await?;
    let (stored, trouble) = take(made, context.json)?;
    show(&stored, &context, global.color);
    let drawn = draw(&stored, arguments.qr_file.as_ref());
    verdict(&stored, trouble.as_ref()).and_then(|exit| drawn.map(|()| exit))
}

/// The charge, and what was in the way of it.
fn take(made: Made<Charge>, quiet: bool) -> Result<(Stored<Charge>, Option<CounterError>), Failure> {
    let stored = &made.stored;
    match made.found {
        Found::Created => {}
        Found::Existing if quiet => {}
        Found::Existing => note(given_before()),
        Found::Taken => {
            return Err(Failure::new(Exit::Usage, "reference_taken", {
                let (terms, said) = (&stored.asked.terms, sentence(&stored.asked));
                let (reference, minutes) = (&terms.reference, terms.order.minutes);
                told!(
                    "the reference {reference} names another charge already ({said}, for {minutes} minutes): amount, \
                     payer, time and way have to be the same; nothing was sent",
                    "a referência {reference} já é de outra cobrança ({said}, por {minutes} minutos): valor, pagador, \
                     prazo e meio têm de ser os mesmos; nada foi enviado";
                    said
                )
            }));
        }
    }
    known(made, |charge| {
        let reference = &charge.terms.reference;
        told!(
            "whether the charge was made is not known: the same command with the reference {reference} goes on with it once \
             the journal can be written",
            "não se sabe se a cobrança foi criada: o mesmo comando com a referência {reference} a retoma quando o diário puder \
             ser gravado"
        )
    })
}

fn show(stored: &Stored<Charge>, context: &Context, colour: Colour) {
    if context.json {
        say_json(&ChargeView::new(stored, &context.settings.client_id));
        return;
    }
    let charge = &stored.asked;
    tell(&sentence(charge));
    tell(&id_and_reference(stored.id, &charge.terms.reference));
    if charge.state != State::AwaitingPayment {
        return;
    }
    if let Some(expires_at) = charge.expires_at {
        let until = super::alerts::local(expires_at);
        tell(&told!("can be paid until {until}", "pode ser paga até {until}"));
    }
    match &charge.pay_by {
        Some(pay_by) => {
            say(pay_by.text());
            if let PayBy::CopyAndPaste(code) = pay_by {
                qr(code, colour);
            }
        }
        None => note(told!(
            "the gateway did not tell how it is paid; `saldo show` asks it again",
            "o gateway não disse como se paga; `saldo show` pergunta de novo"
        )),
    }
}

/// The QR code under the text, where a camera could read it: on a terminal that is large enough and may have colours.
fn qr(code: &str, colour: Colour) {
    let may_colour = match colour {
        Colour::Always => true,
        Colour::Never => false,
        Colour::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    };
    if !std::io::stdout().is_terminal() || !may_colour {
        return;
    }
    let Some(blocks) = Blocks::of(code) else { return };
    let room = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let fits = room.is_some_and(|room| {
        usize::from(room.ws_col) >= blocks.columns() && usize::from(room.ws_row) > blocks.rows()
    });
    if !fits {
        note(told!(
            "the terminal is too small for the QR code; --qr-file code.png draws it into a file",
            "o terminal é pequeno demais para o QR code; --qr-file code.png o desenha em um arquivo"
        ));
        return;
    }
    for line in &blocks.lines {
        // Black on white, whatever the terminal's own colours are: a camera wants it so.
        say(&format!("\x1b[38;5;16;48;5;231m{line}\x1b[0m"));
    }
}

fn draw(stored: &Stored<Charge>, file: Option<&QrFile>) -> Result<(), Failure> {
    let Some(file) = file else { return Ok(()) };
    let charge = &stored.asked;
    let failed = |reason: Told| {
        let (said, file, reference) = (sentence(charge), file.path().display(), &charge.terms.reference);
        Failure::other(told!(
            "{said}, and the QR code is not in {file}: {reason}. The same command with --reference {reference} makes no second \
             charge",
            "{said}, e o QR code não está em {file}: {reason}. O mesmo comando com --reference {reference} não cria outra \
             cobrança";
            said, reason
        ))
    };
    match &charge.pay_by {
        Some(pay_by) => file.write(pay_by.text()).map_err(|reason| failed(Told::verbatim(reason))),
        None => Err(failed(told!("the gateway has told no code", "o gateway não informou o código"))),
    }
}

/// The exit code and its reason.
fn verdict(stored: &Stored<Charge>, trouble: Option<&CounterError>) -> Result<Exit, Failure> {
    let charge = &stored.asked;
    let said = sentence(charge);
    let unknown =
        |code, advice: Told| Failure::new(Exit::Unknown, code, &said).and(advice).meaning(Outcome::Unknown);
    if charge.is_contradicted() {
        let advice = match charge.state {
            State::Paid | State::Refunded => told!(
                "ask the gateway's people what was paid; once you know, saldo resolve records it. Give nothing back before",
                "pergunte ao gateway o que foi pago; quando souber, saldo resolve grava. Não devolva nada antes"
            ),
            _ => told!(
                "ask the gateway's people what this charge asks for before you hand it out; once you know, saldo resolve \
                 records it",
                "pergunte ao gateway o que esta cobrança pede antes de entregá-la; quando souber, saldo resolve grava"
            ),
        };
        return Err(unknown("conflict", advice));
    }
    match charge.state {
        State::AwaitingPayment | State::Paid | State::Refunded => Ok(Exit::Done),
        State::Rejected => Err(match &charge.requests.verdict {
            Some(Verdict::NotExecuted(NotExecuted::Refused(problem))) => {
                let said = told!("{said} ({problem})", "{said} ({problem})"; said);
                Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted)
            }
            _ => Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted),
        }),
        State::Expired | State::Cancelled => Err(Failure::new(Exit::Refused, charge.state.as_str(), said)
            .and(told!("a new charge takes a new reference", "uma nova cobrança precisa de uma nova referência"))
            .meaning(Outcome::NotExecuted)),
        State::Approved | State::Unknown if charge.is_proven_unsent() => {
            let failure = match (&charge.requests.verdict, trouble) {
                (Some(Verdict::NotExecuted(proof)), _) => Failure::not_executed(proof),
                _ => Failure::new(Exit::Later, "not_sent", said).retryable(),
            };
            Err(failure.and(told!(
                "it stays open: the same command with the same reference goes on with it, and so does `saldo recover`",
                "continua em aberto: o mesmo comando com a mesma referência a retoma, e `saldo recover` também"
            )))
        }
        State::Approved | State::Unknown => Err(unknown(
            "unknown",
            told!(
                "the same command with the same reference asks again under the same key and makes no second charge; so does \
                 `saldo recover`",
                "o mesmo comando com a mesma referência pede de novo com a mesma chave e não cria outra cobrança; `saldo \
                 recover` também"
            ),
        )
        .retryable()),
        State::Exists => Err(unknown(
            "exists",
            told!(
                "somebody else made it, or a journal that is lost: look it up at the gateway, or charge under another reference",
                "outra pessoa a criou, ou um diário que se perdeu: procure-a no gateway, ou cobre com outra referência"
            ),
        )),
    }
}
