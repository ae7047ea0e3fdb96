//! `saldo cash-in`: ask somebody to pay, once, however often the command runs.

use std::io::IsTerminal;

use clap::Args;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cash_out::{amount_of, lay_over, person_text, read_input, text_or_number};
use super::context::Context;
use super::contradiction::LookedView;
use super::failure::{Exit, Failure, Outcome};
use super::office::{known, stop_signal};
use super::output::{note, say, say_json};
use super::qr_file::QrFile;
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
    let wrong = |what: &str, why: &dyn std::fmt::Display| Failure::usage(format!("{what}: {why}"));
    let needed =
        |value: Option<String>, flag: &str| value.ok_or_else(|| Failure::usage(format!("{flag} is missing")));
    let amount = amount_of(asked.amount_centavos, asked.amount)?;
    let name = person_text(&needed(asked.name, "--name")?).map_err(|error| wrong("--name", &error))?;
    if name.is_empty() {
        return Err(Failure::usage("--name: is empty"));
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
pub(super) fn sentence(charge: &Charge) -> String {
    let order = &charge.terms.order;
    let what = format!("{} from {}", order.amount, order.name);
    if charge.is_contradicted() {
        return format!("{what}: CONFLICT, {}", contradiction(charge));
    }
    if let Some(looked) = &charge.closed {
        let state = charge.state.as_str();
        return format!(
            "{what}: the gateway contradicted itself ({state}), and it was looked into: {}",
            looked.found
        );
    }
    match charge.state {
        State::Approved => format!("{what}: a charge that is decided, not sent yet"),
        State::Unknown if charge.is_proven_unsent() => {
            format!("{what}: a charge that is not sent; it stays open")
        }
        State::Unknown => format!(
            "{what}: UNKNOWN, the gateway may have made this charge or not; no money moves by it, and nobody was given its \
             code"
        ),
        State::Exists => {
            format!(
                "{what}: the gateway has a charge with this reference already, and does not tell its code"
            )
        }
        State::Rejected => format!("{what}: the gateway refused this charge"),
        State::AwaitingPayment => format!("{what}: awaiting payment"),
        State::Paid => format!("{what}: paid"),
        State::Expired if charge.gateway_id().is_none() => {
            format!("{what}: a charge of which nothing was heard in its time, so it was let go")
        }
        State::Expired => format!("{what}: expired, nobody paid in time"),
        State::Refunded => format!("{what}: paid, and refunded"),
        State::Cancelled => format!("{what}: cancelled, it can no longer be paid"),
    }
}

/// How the gateway contradicts this charge, as far as the last report tells; `saldo show` has every fact.
fn contradiction(charge: &Charge) -> String {
    let asked = charge.terms.order.amount;
    let told = charge.last_report.as_ref().and_then(|report| report.amount);
    match (charge.state, told.filter(|told| *told != asked)) {
        (State::Paid | State::Refunded, Some(told)) => {
            format!("{told} was paid instead of {asked} ({}); saldo show says who told it and when", charge.state.as_str())
        }
        (_, Some(told)) => {
            format!("the gateway has it with {told} instead of {asked}; saldo show says who told it and when")
        }
        (State::Paid | State::Refunded, None) => {
            format!(
                "it is {}, and the gateway contradicts itself about how; saldo show says what was told and when",
                charge.state.as_str()
            )
        }
        (_, None) => {
            "what the gateway says of this charge is not what was asked; saldo show says what was told and when".to_owned()
        }
    }
}

pub(super) async fn run(arguments: CashInArguments, global: &Global) -> Result<Exit, Failure> {
    let asked = match &arguments.input {
        Some(_) => from_input(arguments.asked)?,
        None => arguments.asked,
    };
    let (order, reference) = check(asked)?;
    let context = Context::load(global, "cash-in")?;
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
        Found::Existing => note("this reference was given before; nothing new is made"),
        Found::Taken => {
            return Err(Failure::new(
                Exit::Usage,
                "reference_taken",
                format!(
                    "the reference {} names another charge already ({}, for {} minutes): amount, payer, time and way have to \
                     be the same; nothing was sent",
                    stored.asked.terms.reference,
                    sentence(&stored.asked),
                    stored.asked.terms.order.minutes
                ),
            ));
        }
    }
    known(made, |charge| {
        format!(
            "whether the charge was made is not known: the same command with the reference {} goes on with it once the \
             journal can be written",
            charge.terms.reference
        )
    })
}

fn show(stored: &Stored<Charge>, context: &Context, colour: Colour) {
    if context.json {
        say_json(&ChargeView::new(stored, &context.settings.client_id));
        return;
    }
    let charge = &stored.asked;
    say(&sentence(charge));
    say(&format!("id {}  reference {}", stored.id, charge.terms.reference));
    if charge.state != State::AwaitingPayment {
        return;
    }
    if let Some(expires_at) = charge.expires_at {
        let zoned = expires_at.to_zoned(super::cockpit::zone());
        say(&format!("can be paid until {}", zoned.strftime("%d/%m/%Y %H:%M:%S %Z")));
    }
    match &charge.pay_by {
        Some(pay_by) => {
            say(pay_by.text());
            if let PayBy::CopyAndPaste(code) = pay_by {
                qr(code, colour);
            }
        }
        None => note("the gateway did not tell how it is paid; `saldo show` asks it again"),
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
        note("the terminal is too small for the QR code; --qr-file code.png draws it into a file");
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
    let failed = |reason: &str| {
        Failure::other(format!(
            "{}, and the QR code is not in {}: {reason}. The same command with --reference {} makes no second charge",
            sentence(charge),
            file.path().display(),
            charge.terms.reference
        ))
    };
    match &charge.pay_by {
        Some(pay_by) => file.write(pay_by.text()).map_err(|reason| failed(&reason)),
        None => Err(failed("the gateway has told no code")),
    }
}

/// The exit code and its reason.
fn verdict(stored: &Stored<Charge>, trouble: Option<&CounterError>) -> Result<Exit, Failure> {
    let charge = &stored.asked;
    let said = sentence(charge);
    let goes_on = "it stays open: the same command with the same reference goes on with it, and so does `saldo recover`";
    let unknown = |code, advice: &str| {
        Failure::new(Exit::Unknown, code, format!("{said}; {advice}")).meaning(Outcome::Unknown)
    };
    if charge.is_contradicted() {
        let advice = match charge.state {
            State::Paid | State::Refunded => {
                "ask the gateway's people what was paid; once you know, saldo resolve records it. Give nothing back before"
            }
            _ => {
                "ask the gateway's people what this charge asks for before you hand it out; once you know, saldo resolve \
                 records it"
            }
        };
        return Err(unknown("conflict", advice));
    }
    match charge.state {
        State::AwaitingPayment | State::Paid | State::Refunded => Ok(Exit::Done),
        State::Rejected => Err(match &charge.requests.verdict {
            Some(Verdict::NotExecuted(NotExecuted::Refused(problem))) => {
                Failure::new(Exit::Refused, "refused", format!("{said} ({problem})")).meaning(Outcome::NotExecuted)
            }
            _ => Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted),
        }),
        State::Expired | State::Cancelled => Err(Failure::new(
            Exit::Refused,
            charge.state.as_str(),
            format!("{said}; a new charge takes a new reference"),
        )
        .meaning(Outcome::NotExecuted)),
        State::Approved | State::Unknown if charge.is_proven_unsent() => {
            let mut failure = match (&charge.requests.verdict, trouble) {
                (Some(Verdict::NotExecuted(proof)), _) => Failure::not_executed(proof),
                _ => Failure::new(Exit::Later, "not_sent", said).retryable(),
            };
            failure.message.push_str(&format!("; {goes_on}"));
            Err(failure)
        }
        State::Approved | State::Unknown => Err(unknown(
            "unknown",
            "the same command with the same reference asks again under the same key and makes no second charge; so does \
             `saldo recover`",
        )
        .retryable()),
        State::Exists => Err(unknown(
            "exists",
            "somebody else made it, or a journal that is lost: look it up at the gateway, or charge under another reference",
        )),
    }
}
