//! `saldo refund`: give a paid cash-in back, in full and once, however often the command runs.

use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use super::ask::confirm;
use super::cash_out::{person_text, wait};
use super::context::Context;
use super::contradiction::{LookedView, was_looked_into};
use super::failure::{Exit, Failure, Outcome};
use super::input::nothing_done;
use super::office::{Office, known, stop_signal};
use super::output::{note, say_json, tell};
use super::settle::{Turn, Waiting};
use super::show::AttemptView;
use super::spoken::Word;
use super::told::Told;
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::money::Centavos;
use crate::domain::refund::{Reason, Refund, State};
use crate::domain::report::Direction;
use crate::domain::request::Asked;
use crate::domain::text::Safe;
use crate::domain::transaction::{CashIn, State as TransactionState, Transaction};
use crate::engine::counter::{CounterError, Made, RefundDecision};
use crate::engine::office::Found;
use crate::journal::{AskedLife, Reader, Stored};
use crate::server::control::operator;

#[derive(Debug, Args)]
pub(super) struct RefundArguments {
    /// The cash-in: saldo's id, an internalCode, a transactionId, an endToEndId, or a reference that saldo has seen
    id: String,
    /// CUSTOMER_REQUEST, DUPLICATED_PAYMENT, MERCHANT_ERROR or FRAUD
    #[arg(long, value_name = "REASON", value_parser = |text: &str| text.parse::<Reason>().map_err(|error| error.to_string()))]
    reason: Reason,
    /// Your words for it; the gateway gets them too
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Wait so long until it has gone back, e.g. 60s
    #[arg(long, value_name = "TIME", value_parser = wait)]
    wait: Option<Duration>,
    /// Only show what it would do, as far as the journal knows; nothing is asked, recorded or sent
    #[arg(long, conflicts_with_all = ["yes", "wait"])]
    dry_run: bool,
    /// Act without asking
    #[arg(long)]
    yes: bool,
}

/// A refund of ours, for scripts.
#[derive(Debug, Serialize)]
pub(super) struct RefundView {
    id: Uuid,
    /// The cash-in's row.
    cash_in: Uuid,
    external_reference: Option<String>,
    idempotency_key: Uuid,
    state: &'static str,
    internal_code: String,
    end_to_end_id: Option<String>,
    amount_centavos: Option<Centavos>,
    reason: &'static str,
    description: Option<String>,
    conflict: bool,
    looked_into: Option<LookedView>,
    attempts: u32,
    round: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl RefundView {
    pub(super) fn new(stored: &Stored<Refund>, client_id: &str) -> Self {
        let refund = &stored.asked;
        let terms = &refund.terms;
        Self {
            id: stored.id,
            cash_in: terms.cash_in,
            external_reference: terms.reference.as_ref().map(ToString::to_string),
            idempotency_key: refund.key(client_id),
            state: refund.state.as_str(),
            internal_code: terms.gateway_id.to_string(),
            end_to_end_id: refund.end_to_end_id.as_ref().map(ToString::to_string),
            amount_centavos: terms.amount,
            reason: terms.reason.as_str(),
            description: terms.description.clone(),
            conflict: refund.is_contradicted(),
            looked_into: refund.closed.as_ref().map(LookedView::from),
            attempts: refund.requests.attempts,
            round: refund.requests.round,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        }
    }
}

/// A refund and its requests, for `saldo show`.
#[derive(Debug, Serialize)]
pub(super) struct RefundLifeView {
    #[serde(flatten)]
    refund: RefundView,
    requests: Vec<AttemptView>,
}

impl RefundLifeView {
    pub(super) fn new(life: &AskedLife<Refund>, client_id: &str) -> Self {
        Self {
            refund: RefundView::new(&life.stored, client_id),
            requests: life.requests.iter().map(AttemptView::new).collect(),
        }
    }
}

fn amount_of(amount: Option<Centavos>) -> Told {
    amount.map_or_else(
        || told!("an amount that is not known", "um valor que não se conhece"),
        |amount| Told::verbatim(amount.to_string()),
    )
}

/// One sentence on how a refund stands, and what it means for the money.
pub(super) fn sentence(refund: &Refund) -> Told {
    let (amount, how) = (amount_of(refund.terms.amount), how_it_stands(refund));
    told!("refund of {amount}: {how}", "devolução de {amount}: {how}"; amount, how)
}

fn how_it_stands(refund: &Refund) -> Told {
    let state = refund.state.as_str();
    if refund.is_contradicted() {
        return told!(
            "CONFLICT, the refund is {state} here, and the gateway says of its cash-in what cannot be; saldo show says what was \
             told and when",
            "CONFLITO, a devolução aqui está {state}, e o gateway diz do recebimento o que não pode ser; saldo show diz o que foi \
             informado e quando"
        );
    }
    if let Some(looked) = &refund.closed {
        return was_looked_into(looked, state);
    }
    match refund.state {
        State::Approved => told!("decided, not sent yet", "decidida, ainda não enviada"),
        State::Unknown if refund.is_proven_unsent() => {
            told!("not sent; it stays open", "não enviada; continua em aberto")
        }
        State::Unknown => {
            told!(
                "UNKNOWN, the money may have gone back or not",
                "INCERTA, o dinheiro pode ter voltado ou não"
            )
        }
        State::Accepted => {
            told!("accepted by the gateway, not settled yet", "aceita pelo gateway, ainda não liquidada")
        }
        State::Exists => told!(
            "the gateway has it already; it may have gone back",
            "o gateway já a tem; o dinheiro pode ter voltado"
        ),
        State::Held => told!(
            "HELD, in doubt for a day; a person has to look at the gateway",
            "RETIDA, incerta há um dia; uma pessoa precisa verificar no gateway"
        ),
        State::Rejected => told!(
            "refused by the gateway, nothing went back by it",
            "recusada pelo gateway, nada voltou por ela"
        ),
        State::Completed => told!("gone back to the payer", "voltou ao pagador"),
        State::Cancelled => told!(
            "not sent, since somebody else has given it back",
            "não enviada, porque outra pessoa já devolveu"
        ),
        State::Expired => told!(
            "not sent in time, so it was let go; nothing went back",
            "não enviada a tempo, e deixou de valer; nada voltou"
        ),
    }
}

pub(super) async fn run(arguments: RefundArguments, context: &Context) -> Result<Exit, Failure> {
    let description = arguments
        .description
        .as_deref()
        .map(person_text)
        .transpose()
        .map_err(|error| Failure::wrong("--description", &error))?
        .filter(|text| !text.is_empty());
    if arguments.dry_run {
        return dry_run(context, &arguments.id, arguments.reason).await;
    }
    context.may_act()?;
    let row = cash_in(context, &arguments.id).await?;
    if !arguments.yes {
        confirm(question(&row, arguments.reason, context))?;
    }
    let decision = RefundDecision {
        id: Uuid::now_v7(),
        cash_in: row.id,
        reason: arguments.reason,
        description,
        maker: operator(),
    };
    let stop = stop_signal();
    let office = context.office().await?;
    let beside = matches!(office, Office::There { .. });
    // When it is done the journal is given back: waiting must not keep others from paying.
    let made = office.refund(decision, &stop).await?;
    let (mut stored, trouble) = take(made, context.json)?;
    if let Some(wait) = arguments.wait
        && trouble.is_none()
        && stored.asked.state == State::Accepted
    {
        tokio::select! {
            biased;
            () = stop.cancelled() => note(told!(
                "stopped waiting; the refund goes on at the gateway",
                "a espera parou; a devolução segue no gateway"
            )),
            settled = settle(context, stored.clone(), Waiting { until: Instant::now() + wait, beside }) => stored = settled?,
        }
    }
    if context.json {
        say_json(&RefundView::new(&stored, &context.settings.client_id));
    } else {
        let (id, cash_in) = (stored.id, stored.asked.terms.cash_in);
        tell(&sentence(&stored.asked));
        tell(&told!("id {id}  cash-in {cash_in}", "id {id}  recebimento {cash_in}"));
    }
    verdict(&stored, arguments.wait.is_some(), trouble.as_ref())
}

/// Looks at a refund when its plan says so until it is final or the time is up.
async fn settle(
    context: &Context,
    mut stored: Stored<Refund>,
    mut waiting: Waiting,
) -> Result<Stored<Refund>, Failure> {
    while !stored.asked.state.is_final() {
        match waiting.next(context, stored.asked.plan().map(|plan| plan.at)).await {
            Turn::Ours(office) => stored = office.counter().look_at_refund(stored.id).await?,
            Turn::Last(office) => return Ok(office.counter().look_at_refund(stored.id).await?),
            Turn::Theirs => {
                if let Some(reader) = context.reader().await?
                    && let Some(life) = reader.life(stored.asked.terms.cash_in).await?
                    && let Some(refund) = life.incoming.refund
                {
                    stored = refund.stored;
                }
            }
            Turn::Over => break,
        }
    }
    Ok(stored)
}

/// The cash-in's row: the journal's, or what the gateway knows under this id.
async fn cash_in(context: &Context, id: &str) -> Result<Transaction, Failure> {
    if let Some(reader) = context.reader().await?
        && let Some(row) = reader.find(id).await?
    {
        return Ok(row);
    }
    context.office().await?.look_up(id).await
}

/// What a refund would do, as far as the journal knows.
#[derive(Serialize)]
struct DryRunView {
    dry_run: bool,
    /// `refund`, or `nothing` where it has a refund, or cannot be given back.
    would: &'static str,
    cash_in: Uuid,
    state: &'static str,
    external_reference: Option<String>,
    amount_centavos: Option<Centavos>,
    reason: &'static str,
}

async fn dry_run(context: &Context, id: &str, reason: Reason) -> Result<Exit, Failure> {
    let unknown = || {
        Failure::new(
            Exit::NotFound,
            "not_found",
            told!(
                "the journal knows no cash-in {id:?}, and a dry run asks nobody else; `saldo show` asks the gateway. Nothing \
                 was sent",
                "o diário não conhece o recebimento {id:?}, e --dry-run não pergunta a mais ninguém; `saldo show` pergunta ao \
                 gateway. Nada foi enviado"
            ),
        )
    };
    let reader = context.reader().await?.ok_or_else(unknown)?;
    let row = reader.find(id).await?.filter(|row| row.direction == Direction::In).ok_or_else(unknown)?;
    let refund = reader.life(row.id).await?.and_then(|life| life.incoming.refund);
    let is_paid = row.state == TransactionState::In(CashIn::Paid);
    let (would, why) = match &refund {
        Some(refund) => {
            let said = sentence(&refund.stored.asked);
            ("nothing", told!("it has a refund: {said}", "já tem uma devolução: {said}"; said))
        }
        None if row.refunded => ("nothing", told!("it was given back already", "já foi devolvido")),
        None if is_paid => {
            let asked = told!(
                "the gateway is asked again whether it is still paid",
                "o gateway é consultado de novo se continua pago"
            );
            ("refund", asked)
        }
        None => {
            let state = Word(row.state);
            let why = told!(
                "it is {state}, and only what is paid can be given back",
                "está {state}, e só o que foi pago pode ser devolvido"; state
            );
            ("nothing", why)
        }
    };
    if context.json {
        say_json(&DryRunView {
            dry_run: true,
            would,
            cash_in: row.id,
            state: row.state.as_str(),
            external_reference: row.external_reference.as_ref().map(ToString::to_string),
            amount_centavos: row.amount,
            reason: reason.as_str(),
        });
    } else {
        tell(&Told::join(&[question(&row, reason, context), why, nothing_done()], "\n  "));
    }
    Ok(Exit::Done)
}

fn question(row: &Transaction, reason: Reason, context: &Context) -> Told {
    let known = |text: &Option<Safe>| text.as_ref().map(|text| Told::verbatim(text.as_str()));
    let name = known(&row.name)
        .unwrap_or_else(|| told!("a payer who is not named", "um pagador sem nome informado"));
    let reference = known(&row.external_reference).unwrap_or_else(|| told!("none", "nenhuma"));
    let (environment, amount) = (context.settings.environment, amount_of(row.amount));
    told!(
        "[{environment}] give {amount} back to {name} ({reason}), in full\n  reference {reference}",
        "[{environment}] devolver {amount} a {name} ({reason}), por inteiro\n  referência {reference}";
        amount, name, reference
    )
}

/// The refund, and what was in the way of it.
fn take(made: Made<Refund>, quiet: bool) -> Result<(Stored<Refund>, Option<CounterError>), Failure> {
    let stored = &made.stored;
    match made.found {
        Found::Created => {}
        Found::Existing if quiet => {}
        Found::Existing => note(told!(
            "this cash-in has a refund already; nothing new is made",
            "este recebimento já tem uma devolução; nada de novo é feito"
        )),
        Found::Taken => {
            let (reason, said) = (stored.asked.terms.reason, sentence(&stored.asked));
            let more = stored.asked.may_begin_again().then(|| {
                told!(
                    ": give the same ones to order it once more",
                    ": dê os mesmos para pedi-la mais uma vez"
                )
            });
            return Err(Failure::new(
                Exit::Usage,
                "refund_taken",
                told!(
                    "this cash-in has a refund with another reason or description already ({reason}, {said}); nothing was \
                     sent{more}",
                    "este recebimento já tem uma devolução com outro motivo ou descrição ({reason}, {said}); nada foi \
                     enviado{more}";
                    said, more
                ),
            ));
        }
    }
    known(made, |_| {
        told!(
            "whether the money went back is not known: the same command, or `saldo recover`, goes on with it once the journal \
             can be written",
            "não se sabe se o dinheiro voltou: o mesmo comando, ou `saldo recover`, retoma a devolução quando o diário puder \
             ser gravado"
        )
    })
}

/// The exit code and its reason.
fn verdict(stored: &Stored<Refund>, waited: bool, trouble: Option<&CounterError>) -> Result<Exit, Failure> {
    let refund = &stored.asked;
    let said = sentence(refund);
    let paused = match trouble {
        Some(CounterError::Paused(pause)) => Some(told!(". {pause}", ". {pause}"; pause)),
        _ => None,
    };
    let unknown = |code, advice: Told| {
        let advice = told!("{advice}{paused}", "{advice}{paused}"; advice, paused);
        Failure::new(Exit::Unknown, code, &said).and(advice).meaning(Outcome::Unknown)
    };
    if refund.is_contradicted() {
        return Err(unknown(
            "conflict",
            told!(
                "give nothing back in another way before the gateway's people have looked; once you know, saldo resolve records \
                 it",
                "não devolva nada de outro jeito antes que o gateway verifique; quando souber, saldo resolve grava"
            ),
        ));
    }
    match refund.state {
        State::Completed => Ok(Exit::Done),
        State::Accepted if waited => Err(Failure::new(Exit::Later, "not_settled", said)
            .and(told!(
                "`saldo recover` asks for it and records how it ends",
                "`saldo recover` pergunta por ela e grava como termina"
            ))
        .retryable()
        .meaning(Outcome::Pending)),
        State::Accepted => Ok(Exit::Done),
        State::Rejected => Err(match &refund.requests.verdict {
            Some(Verdict::NotExecuted(NotExecuted::Refused(problem))) => {
                let said = told!("{said} ({problem})", "{said} ({problem})"; said);
                Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted)
            }
            _ => Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted),
        }),
        State::Cancelled | State::Expired => Err(Failure::new(Exit::Refused, refund.state.as_str(), said)
            .meaning(Outcome::NotExecuted)),
        State::Approved | State::Unknown if refund.is_proven_unsent() => Err(not_sent(refund, trouble)),
        State::Approved | State::Unknown => Err(unknown(
            "unknown",
            told!(
                "do not give it back in another way; the same command, or `saldo recover`, looks and asks again under the \
                 same key",
                "não devolva de outro jeito; o mesmo comando, ou `saldo recover`, verifica e pede de novo com a mesma chave"
            ),
        )
        .retryable()),
        State::Exists => Err(unknown(
            "exists",
            told!(
                "do not give it back in another way; `saldo recover` looks again",
                "não devolva de outro jeito; `saldo recover` verifica de novo"
            ),
        ).retryable()),
        State::Held => Err(unknown(
            "held",
            told!(
                "do not give it back in another way; ask the gateway's people. saldo goes on looking, and `saldo recover` \
                 looks at once",
                "não devolva de outro jeito; pergunte ao gateway. O saldo continua verificando, e `saldo recover` verifica já"
            ),
        )),
    }
}

/// A refund that is decided and has had no effect so far: `trouble` is what was in the way.
pub(super) fn not_sent(refund: &Refund, trouble: Option<&CounterError>) -> Failure {
    let failure = match (trouble, &refund.requests.verdict) {
        (Some(CounterError::Paused(pause)), _) => pause.clone().into(),
        (_, Some(Verdict::NotExecuted(proof))) => Failure::not_executed(proof),
        _ => Failure::new(
            Exit::Later,
            "not_sent",
            told!("the refund is decided, and not sent yet", "a devolução está decidida, e ainda não saiu"),
        )
        .retryable(),
    };
    failure.and(told!(
        "it stays open: the same command goes on with it, and so does `saldo recover`",
        "continua em aberto: o mesmo comando a retoma, e `saldo recover` também"
    ))
}
