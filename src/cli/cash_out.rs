//! `saldo cash-out`: pay once, however often the command runs.

use std::io::Read;
use std::time::Duration;

use clap::Args;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Global;
use super::ask::confirm;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::input::{empty, given_before, id_and_reference, missing};
use super::office::{Office, stop_signal, stopping};
use super::output::{note, say_json, tell};
use super::preview::{self, Known, Warning};
use super::settle::{LOOK_AGAIN, Turn, Waiting};
use super::told::Told;
use super::view::{IntentView, destination_text, sentence};
use crate::domain::attempt::Verdict;
use crate::domain::br_code::{BrCode, Target};
use crate::domain::cash_out::State;
use crate::domain::document::Document;
use crate::domain::institution::Ispb;
use crate::domain::money::{Centavos, MAX_TYPED};
use crate::domain::order::{BankAccount, Destination, Order, Reference, parse_account, parse_branch};
use crate::domain::pix_key::{PixKey, PixKeyType};
use crate::engine::lane::{Decision, Goal, LaneError};
use crate::engine::office::{Found, Paid};
use crate::journal::{Intent, Reader};
use crate::server::control::operator;

/// What is left to do for a payment in doubt that may not be sent again.
pub(super) fn after_the_window() -> Told {
    told!(
        "the time for sending it again is over: saldo only listens for its webhook now. Do not pay it under another reference; \
         ask the gateway's people about this one, then `saldo resolve` records what they found",
        "o prazo para reenviar acabou: agora o saldo só espera o webhook. Não pague com outra referência; pergunte ao gateway \
         por este pagamento, e depois `saldo resolve` grava o que foi apurado"
    )
}

/// Standard input at most: a payment is a few hundred bytes.
const MOST_INPUT: u64 = 1 << 20;

#[derive(Debug, Args)]
pub(super) struct CashOutArguments {
    #[command(flatten)]
    payment: Payment,
    /// Read the payment as JSON from standard input: the same names, with underscores. Flags may add to it
    #[arg(long, value_name = "-", value_parser = ["-"])]
    input: Option<String>,
    /// Wait so long for the settlement, e.g. 60s
    #[arg(long, value_name = "TIME", value_parser = wait)]
    wait: Option<Duration>,
    /// Pay a debt once more whose payment is proven not made: rejected, never sent, failed, declared not paid
    #[arg(long)]
    again: bool,
    /// Only show what it would do, and what that does to the balance; nothing is recorded or sent
    #[arg(long, conflicts_with_all = ["yes", "wait"])]
    dry_run: bool,
    /// Act without asking; needs --reference
    #[arg(long)]
    yes: bool,
}

/// What is paid: as flags, or as JSON.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// In reais: 500 or 500,25 or 1.234,56
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    #[serde(default, deserialize_with = "text_or_number")]
    amount: Option<String>,
    /// On standard input only: as an integer, like every amount that saldo writes.
    #[arg(skip)]
    amount_centavos: Option<i64>,
    /// The payee's PIX key
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    #[serde(alias = "pix-key")]
    pix_key: Option<String>,
    /// Instead of a key: a static BR Code ("copia e cola"); it gives the key, and amount, name and description where they
    /// are left out
    #[arg(long, value_name = "CODE")]
    #[serde(alias = "br-code")]
    br_code: Option<String>,
    /// CPF, CNPJ, EMAIL, PHONE or EVP; inferred where only one fits
    #[arg(long, value_name = "TYPE")]
    #[serde(alias = "pix-key-type")]
    pix_key_type: Option<String>,
    /// Instead of a key: the institution
    #[arg(long, value_name = "ISPB")]
    #[serde(alias = "bank-ispb")]
    bank_ispb: Option<String>,
    /// Instead of a key: the branch
    #[arg(long, value_name = "BRANCH")]
    #[serde(alias = "bank-branch")]
    bank_branch: Option<String>,
    /// Instead of a key: the account
    #[arg(long, value_name = "ACCOUNT")]
    #[serde(alias = "bank-account")]
    bank_account: Option<String>,
    /// The payee's name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The payee's CPF or CNPJ
    #[arg(long, value_name = "DOCUMENT")]
    document: Option<String>,
    /// Your own name for this payment: the same one never pays twice
    #[arg(long, value_name = "TEXT")]
    reference: Option<String>,
    /// May show on the payee's statement
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Why; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// An amount in JSON may be a text of the usual grammar or a number; neither passes through a float.
pub(super) fn text_or_number<'de, D: serde::Deserializer<'de>>(
    reader: D,
) -> Result<Option<String>, D::Error> {
    match Option::<serde_json::Value>::deserialize(reader)? {
        None => Ok(None),
        Some(serde_json::Value::String(text)) => Ok(Some(text)),
        Some(serde_json::Value::Number(number)) if number.to_string().contains('.') => {
            Ok(Some(number.to_string()))
        }
        Some(serde_json::Value::Number(_)) => Err(serde::de::Error::custom(
            "amount is a whole number: reais or centavos? write a text like \"500,00\", or amount_centavos",
        )),
        Some(_) => Err(serde::de::Error::custom("amount is neither a text nor a number")),
    }
}

pub(super) fn wait(text: &str) -> Result<Duration, String> {
    crate::config::parse_duration(text, &(Duration::ZERO..=Duration::from_secs(24 * 3_600)))
        .map_err(|fault| fault.to_string())
}

/// A payment whose every value has been read.
struct Checked {
    order: Order,
    reference: Option<Reference>,
    reason: Option<String>,
}

pub(super) async fn run(arguments: CashOutArguments, global: &Global) -> Result<Exit, Failure> {
    let payment = match &arguments.input {
        Some(_) => from_input(arguments.payment)?,
        None => arguments.payment,
    };
    let checked = check(payment)?;
    if arguments.yes && checked.reference.is_none() {
        return Err(Failure::usage(told!(
            "--yes needs --reference: it is what makes a repeat of this command harmless. Nothing was sent",
            "--yes precisa de --reference: é o que torna inofensivo repetir este comando. Nada foi enviado"
        )));
    }
    let context = Context::load(global, "cash-out")?;
    if arguments.dry_run {
        return dry_run(&context, &checked, arguments.again).await;
    }
    context.may_act()?;
    let id = Uuid::now_v7();
    // A journal that cannot be read is its owner's to complain of, below.
    let reader = context.reader().await.ok().flatten();
    let known = Known::look(reader.as_deref(), &checked.order, checked.reference.as_ref()).await;
    let warnings = known.unwrap_or_default().warnings;
    drop(reader);
    let reference = checked.reference.unwrap_or_else(|| Reference::from_id(id));
    if !arguments.yes {
        confirm(question(&checked.order, &reference, &warnings, &context))?;
    } else if !context.json {
        warnings.iter().for_each(|warning| note(warning.text()));
    }
    let decision = Decision {
        reason: checked.reason,
        again: arguments.again,
        ..Decision::alone(id, reference, checked.order, operator())
    };
    let office = context.office().await?;
    let beside = matches!(office, Office::There { .. });
    let stop = stop_signal();
    // When it is done the journal is given back: waiting for a settlement must not keep others from paying.
    let paid = pay(office, decision, &stop, context.json).await?;
    let (mut intent, trouble) = (paid.intent, paid.trouble);
    if let Some(wait) = arguments.wait
        && trouble.is_none()
        && Goal::Answered.is_reached(intent.cash_out.state)
    {
        tokio::select! {
            biased;
            () = stop.cancelled() => note(told!(
                "stopped waiting; the payment goes on at the gateway",
                "a espera parou; o pagamento segue no gateway"
            )),
            settled = settle(&context, intent.clone(), Waiting { until: Instant::now() + wait, beside }) => intent = settled?,
        }
    }
    if context.json {
        let intent = IntentView::new(&intent, &context.settings.client_id);
        say_json(&WarnedView { intent, warnings: &warnings });
    } else {
        tell(&sentence(&intent));
        tell(&id_and_reference(intent.id, &intent.reference));
    }
    verdict(&intent, arguments.wait.is_some(), trouble.as_ref())
}

/// The payment, and what looked like it when it was decided.
#[derive(Serialize)]
struct WarnedView<'a> {
    #[serde(flatten)]
    intent: IntentView,
    warnings: &'a [Warning],
}

/// Shows what the command would do.
async fn dry_run(context: &Context, checked: &Checked, again: bool) -> Result<Exit, Failure> {
    let Checked { order, reference, .. } = checked;
    let reader = context.reader().await?;
    let known = Known::look(reader.as_deref(), order, reference.as_ref()).await?;
    if let Some(other) = known.payment.as_ref().filter(|known| known.order != *order) {
        return Err(taken(other));
    }
    preview::tell(context, reader.as_deref(), (order, reference.as_ref(), again), &known).await;
    Ok(Exit::Done)
}

/// The reference is another payment's.
fn taken(intent: &Intent) -> Failure {
    let (reference, said) = (&intent.reference, sentence(intent));
    Failure::new(
        Exit::Usage,
        "reference_taken",
        told!(
            "the reference {reference} names another payment already ({said}); nothing was sent",
            "a referência {reference} já é de outro pagamento ({said}); nada foi enviado"; said
        ),
    )
}

/// Journals the decision, or finds what its reference already names, and works on it until the gateway's answer is
/// known. A signal ends the waiting, never a request on the wire.
async fn pay(
    office: Office,
    decision: Decision,
    stop: &CancellationToken,
    quiet: bool,
) -> Result<Paid, Failure> {
    let again = decision.again;
    let mut paying = std::pin::pin!(office.pay(decision, stop));
    let paid = tokio::select! {
        biased;
        paid = paying.as_mut() => paid?,
        () = stop.cancelled() => {
            note(stopping());
            paying.await?
        }
    };
    let Paid { found, intent, is_known, trouble } = &paid;
    match found {
        Found::Created => {}
        Found::Existing if again => {
            let reference = &intent.reference;
            note(told!(
                "--again was not followed: {reference} may have paid the debt, or may yet; nothing new was made",
                "--again não foi seguido: {reference} pode ter pago a dívida, ou ainda pode pagar; nada de novo foi feito"
            ));
        }
        Found::Existing if quiet => {}
        Found::Existing => note(given_before()),
        Found::Taken => return Err(taken(intent)),
    }
    match trouble {
        // The attempt is journalled before a byte leaves, so what the journal still says decides.
        Some(LaneError::Journal(error)) if *is_known && intent.cash_out.is_proven_unsent() => {
            Err(error.clone().into())
        }
        Some(LaneError::Journal(error)) => Err(Failure::new(
            Exit::Unknown,
            "journal",
            told!(
                "{error}; what became of the payment is not known: the same command with the same reference, or \
                 `saldo recover`, goes on with it once the journal can be written",
                "{error}; não se sabe o que foi do pagamento: o mesmo comando com a mesma referência, ou `saldo recover`, o \
                 retoma quando o diário puder ser gravado";
                error
            ),
        )
        .meaning(Outcome::Unknown)),
        _ => Ok(paid),
    }
}

/// Looks at a payment when its plan says so until it is final or the time is up.
async fn settle(context: &Context, mut intent: Intent, mut waiting: Waiting) -> Result<Intent, Failure> {
    while !intent.cash_out.state.is_final() {
        intent = match waiting.next(context, intent.cash_out.plan().map(|plan| plan.at)).await {
            Turn::Ours(office) => {
                office.lane().advance(intent.id, Goal::Settled, Instant::now() + LOOK_AGAIN).await?
            }
            Turn::Last(office) => {
                // What kept it from looking is no failure of the payment: what is known counts.
                return Ok(office.take_up(intent.id).await.ok().flatten().unwrap_or(intent));
            }
            Turn::Theirs => match context.reader().await? {
                Some(reader) => reader.intent(intent.id).await?.unwrap_or(intent),
                None => intent,
            },
            Turn::Over => break,
        };
    }
    Ok(intent)
}

/// The exit code and its reason.
fn verdict(intent: &Intent, waited: bool, trouble: Option<&LaneError>) -> Result<Exit, Failure> {
    let pay = &intent.cash_out;
    let said = sentence(intent);
    // Why nothing more is sent at the moment belongs to it: it may be mended at once.
    let paused = match trouble {
        Some(LaneError::Paused(pause)) => Some(told!(". {pause}", ". {pause}"; pause)),
        _ => None,
    };
    let unknown = |code, advice: Told| {
        let advice = told!("{advice}{paused}", "{advice}{paused}"; advice, paused);
        Failure::new(Exit::Unknown, code, &said).and(advice).meaning(Outcome::Unknown)
    };
    if pay.is_contradicted() {
        return Err(unknown(
            "conflict",
            told!(
                "do not pay it under another reference before the gateway's people have said what was paid; once you know, \
                 saldo resolve records it",
                "não pague com outra referência antes que o gateway diga o que foi pago; quando souber, saldo resolve grava"
            ),
        ));
    }
    match pay.state {
        State::Completed => Ok(Exit::Done),
        State::Accepted if waited => Err(Failure::new(Exit::Later, "not_settled", said)
            .and(told!(
                "`saldo recover` asks for it and records how it ends",
                "`saldo recover` pergunta por ele e grava como termina"
            ))
            .retryable()
            .meaning(Outcome::Pending)),
        State::Accepted => Ok(Exit::Done),
        State::Rejected => Err(match &pay.last_verdict {
            Some(Verdict::NotExecuted(proof)) => Failure::not_executed(proof),
            _ => Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted),
        }),
        State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid => {
            let why = pay.last_report.as_ref().and_then(|report| report.failure.as_ref());
            let why =
                why.map(|failure| format!(" ({}: {})", failure.code, failure.message)).unwrap_or_default();
            Err(Failure::new(Exit::Refused, pay.state.as_str(), told!("{said}{why}", "{said}{why}"; said))
                .meaning(Outcome::NotExecuted))
        }
        State::Draft | State::PendingApproval => Err(Failure::new(Exit::Later, pay.state.as_str(), said)),
        State::Approved | State::Unknown if pay.is_proven_unsent() => Err(Failure::not_sent(intent, trouble)),
        State::Unknown if pay.frozen => Err(unknown("unknown", after_the_window())),
        State::Approved | State::Unknown => Err(unknown(
            "unknown",
            told!(
                "do not pay it under another reference; `saldo recover` asks again with the same one",
                "não pague com outra referência; `saldo recover` pede de novo com a mesma"
            ),
        )),
        State::Exists => Err(unknown(
            "exists",
            told!(
                "do not pay it under another reference; its webhook, or a person at the gateway, has to say which payment it \
                 is (`saldo resolve`)",
                "não pague com outra referência; o webhook dele, ou uma pessoa do gateway, precisa dizer qual pagamento é \
                 (`saldo resolve`)"
            ),
        )),
        State::Held => Err(unknown(
            "held",
            told!(
                "do not pay it under another reference; ask the gateway's people, then `saldo resolve`",
                "não pague com outra referência; pergunte ao gateway, depois `saldo resolve`"
            ),
        )),
    }
}

fn question(order: &Order, reference: &Reference, warnings: &[Warning], context: &Context) -> Told {
    let Order { amount, name, document, .. } = order;
    let (environment, destination) = (context.settings.environment, destination_text(&order.destination));
    let mut lines = vec![
        told!(
            "[{environment}] pay {amount} to {name}, {document} (the name was typed, the gateway has not verified it)",
            "[{environment}] pagar {amount} a {name}, {document} (o nome foi digitado, o gateway não o verificou)"
        ),
        destination,
        told!("reference {reference}", "referência {reference}"),
    ];
    lines.extend(warnings.iter().map(Warning::text));
    Told::join(&lines, "\n  ")
}

/// Reads standard input and lays it over the flags: people's data stay out of the process list, the rest may be
/// flags. A value that is given both ways has to be the same.
fn from_input(flags: Payment) -> Result<Payment, Failure> {
    let mut input: Payment = read_input()?;
    lay_over([
        ("amount", &mut input.amount, flags.amount),
        ("pix_key", &mut input.pix_key, flags.pix_key),
        ("br_code", &mut input.br_code, flags.br_code),
        ("pix_key_type", &mut input.pix_key_type, flags.pix_key_type),
        ("bank_ispb", &mut input.bank_ispb, flags.bank_ispb),
        ("bank_branch", &mut input.bank_branch, flags.bank_branch),
        ("bank_account", &mut input.bank_account, flags.bank_account),
        ("name", &mut input.name, flags.name),
        ("document", &mut input.document, flags.document),
        ("reference", &mut input.reference, flags.reference),
        ("description", &mut input.description, flags.description),
        ("reason", &mut input.reason, flags.reason),
    ])?;
    Ok(input)
}

/// What stands on standard input, as JSON.
pub(super) fn read_input<T: DeserializeOwned>() -> Result<T, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MOST_INPUT).read_to_string(&mut text).map_err(|error| {
        Failure::usage(told!(
            "standard input cannot be read: {error}",
            "a entrada padrão não pode ser lida: {error}"
        ))
    })?;
    // A list would be taken in the order of the fields, which nobody can rely on.
    if !text.trim_start().starts_with('{') {
        return Err(Failure::usage(told!(
            "standard input: a JSON object is wanted, like {{\"amount\": \"10,00\", …}}",
            "entrada padrão: é preciso um objeto JSON, como {{\"amount\": \"10,00\", …}}"
        )));
    }
    serde_json::from_str(&text).map_err(|error| {
        let reason = reason(&error);
        Failure::usage(told!("standard input: {reason}", "entrada padrão: {reason}"))
    })
}

/// Adds flags to what standard input gave: name, value, flag.
pub(super) fn lay_over<const N: usize>(
    values: [(&str, &mut Option<String>, Option<String>); N],
) -> Result<(), Failure> {
    for (name, given, flag) in values {
        match (given.as_ref(), flag) {
            (Some(given), Some(flag)) if *given != flag => {
                return Err(Failure::usage(told!(
                    "{name} is given as a flag and, otherwise, on standard input; nothing was sent",
                    "{name} foi dado na linha de comando e, diferente, na entrada padrão; nada foi enviado"
                )));
            }
            (None, Some(flag)) => *given = Some(flag),
            _ => {}
        }
    }
    Ok(())
}

/// An amount that was typed, or given as an integer of centavos.
pub(super) fn amount_of(centavos: Option<i64>, text: Option<String>) -> Result<Centavos, Failure> {
    match (centavos, text) {
        (Some(_), Some(_)) => Err(Failure::usage(told!(
            "give amount or amount_centavos, not both",
            "dê amount ou amount_centavos, não os dois"
        ))),
        (Some(centavos), None) if (1..=MAX_TYPED.get()).contains(&centavos) => Ok(Centavos::new(centavos)),
        (Some(_), None) => {
            let most = MAX_TYPED.get();
            Err(Failure::usage(told!("amount_centavos: from 1 to {most}", "amount_centavos: de 1 a {most}")))
        }
        (None, Some(text)) => {
            Centavos::parse_payment(&text).map_err(|error| Failure::wrong("--amount", &error))
        }
        (None, None) => Err(missing("--amount")),
    }
}

/// What is wrong with the JSON, without its values: they are people's data, and errors end up in logs.
fn reason(error: &serde_json::Error) -> String {
    let said = error.to_string();
    // These have no value in them; the last are this file's own.
    let is_discreet = ["unknown field", "duplicate field", "amount is "]
        .iter()
        .any(|beginning| said.starts_with(beginning));
    if error.is_data() && !is_discreet {
        let place = format!("at line {} column {}", error.line(), error.column());
        let expected = said
            .rsplit_once(", expected ")
            .map(|(_, rest)| rest.split(" at line ").next().unwrap_or_default());
        match expected {
            Some("a string") => format!("a value of the wrong kind {place}: write a text in quotes"),
            Some(expected) => format!("a value of the wrong kind {place}: {expected} is expected"),
            None => format!("a value of the wrong kind {place}"),
        }
    } else {
        said
    }
}

/// Reads every value, and says at the first that is wrong which one it is.
fn check(payment: Payment) -> Result<Checked, Failure> {
    let wrong = Failure::wrong;
    let needed = |value: &Option<String>, flag: &str| value.clone().ok_or_else(|| missing(flag));
    let code = payment.br_code.as_deref().map(br_code).transpose()?;
    let printed = code.as_ref().and_then(|code| code.amount);
    let amount = match (payment.amount_centavos, &payment.amount, printed) {
        (None, None, Some(printed)) => printed,
        (centavos, text, _) => amount_of(centavos, text.clone())?,
    };
    if let Some(printed) = printed.filter(|printed| *printed != amount) {
        return Err(Failure::usage(told!(
            "--amount: {amount} was given, and the BR Code asks for {printed}; nothing was sent",
            "--amount: foi dado {amount}, e o Pix copia e cola pede {printed}; nada foi enviado"
        )));
    }
    let destination = destination(&payment, code.as_ref())?;
    let name = match (&payment.name, &code) {
        (None, Some(code)) => code.merchant_name.to_string(),
        (name, _) => person_text(&needed(name, "--name")?).map_err(|error| wrong("--name", &error))?,
    };
    if name.is_empty() {
        return Err(wrong("--name", &empty()));
    }
    let document = Document::parse(&needed(&payment.document, "--document")?)
        .map_err(|error| wrong("--document", &error))?;
    let reference = payment
        .reference
        .as_deref()
        .map(Reference::parse)
        .transpose()
        .map_err(|error| wrong("--reference", &error))?;
    let description = payment
        .description
        .as_deref()
        .map(person_text)
        .transpose()
        .map_err(|error| wrong("--description", &error))?
        .or_else(|| code.as_ref().and_then(BrCode::description))
        .filter(|text| !text.is_empty());
    Ok(Checked {
        order: Order { amount, name, document, destination, description },
        reference,
        reason: payment.reason.filter(|text| !text.trim().is_empty()),
    })
}

/// Reads a BR Code that can be paid by its key.
fn br_code(text: &str) -> Result<BrCode, Failure> {
    let code = BrCode::parse(text).map_err(|error| Failure::wrong("--br-code", &error))?;
    match &code.target {
        Target::Key { .. } => Ok(code),
        Target::Url(address) => Err(Failure::usage(told!(
            "--br-code: a dynamic code; its charge waits at {address} and its key is not in it, so it cannot be paid by key. \
             Nothing was sent",
            "--br-code: um código dinâmico; a cobrança está em {address} e a chave não vem nele, então não pode ser pago por \
             chave. Nada foi enviado"
        ))),
    }
}

fn destination(payment: &Payment, code: Option<&BrCode>) -> Result<Destination, Failure> {
    let account = [&payment.bank_ispb, &payment.bank_branch, &payment.bank_account];
    if let Some(code) = code {
        if payment.pix_key.is_some() || account.iter().any(|part| part.is_some()) {
            return Err(Failure::usage(told!(
                "give either --br-code, --pix-key or the --bank-… flags",
                "dê só um: --br-code, --pix-key ou as opções --bank-…"
            )));
        }
        if let Target::Key { key, .. } = &code.target {
            return Ok(Destination::Pix(key.clone()));
        }
    }
    match (&payment.pix_key, account.iter().any(|part| part.is_some())) {
        (Some(_), true) => Err(Failure::usage(told!(
            "give either --pix-key or the --bank-… flags, not both",
            "dê --pix-key ou as opções --bank-…, não as duas coisas"
        ))),
        (Some(key), false) => {
            let key_type = payment
                .pix_key_type
                .as_deref()
                .map(str::parse::<PixKeyType>)
                .transpose()
                .map_err(|error| Failure::wrong("--pix-key-type", &error))?;
            let key = PixKey::parse(key, key_type).map_err(|error| {
                Failure::usage(told!("--pix-key: {error} (--pix-key-type)", "--pix-key: {error} (--pix-key-type)"; error))
            })?;
            Ok(Destination::Pix(key))
        }
        (None, true) => {
            let part = |value: &Option<String>, flag: &str| value.clone().ok_or_else(|| missing(flag));
            let ispb = Ispb::parse(&part(&payment.bank_ispb, "--bank-ispb")?)
                .map_err(|error| Failure::wrong("--bank-ispb", &error))?;
            let branch = parse_branch(&part(&payment.bank_branch, "--bank-branch")?)
                .map_err(|error| Failure::wrong("--bank-branch", &error))?;
            let account = parse_account(&part(&payment.bank_account, "--bank-account")?)
                .map_err(|error| Failure::wrong("--bank-account", &error))?;
            Ok(Destination::Account(BankAccount { ispb, branch, account }))
        }
        (None, false) => Err(Failure::usage(told!(
            "--pix-key is missing (or --br-code, or --bank-ispb, --bank-branch and --bank-account)",
            "falta --pix-key (ou --br-code, ou --bank-ispb, --bank-branch e --bank-account)"
        ))),
    }
}

/// A name or description: what is typed goes out, so what nobody can see is refused rather than dropped.
pub(super) fn person_text(text: &str) -> Result<String, Told> {
    let trimmed = text.trim();
    match trimmed.chars().position(crate::domain::text::is_unsafe) {
        Some(before) => {
            let at = before + 1;
            Err(told!(
                "has a control or invisible character at position {at}",
                "tem um caractere de controle ou invisível na posição {at}"
            ))
        }
        None if trimmed.chars().count() > 200 => {
            Err(told!("is longer than 200 characters", "tem mais de 200 caracteres"))
        }
        None => Ok(trimmed.to_owned()),
    }
}
