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
use super::contradiction::LookedView;
use super::failure::{Exit, Failure, Outcome};
use super::office::{Office, known, stop_signal};
use super::output::{note, say, say_json};
use super::settle::{Turn, Waiting};
use super::show::AttemptView;
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::money::Centavos;
use crate::domain::refund::{Reason, Refund, State};
use crate::domain::request::Asked;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
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

fn amount_of(amount: Option<Centavos>) -> String {
    amount.map_or_else(|| "an amount that is not known".to_owned(), |amount| amount.to_string())
}

/// One sentence on how a refund stands, and what it means for the money.
pub(super) fn sentence(refund: &Refund) -> String {
    let what = format!("refund of {}", amount_of(refund.terms.amount));
    if refund.is_contradicted() {
        return format!(
            "{what}: CONFLICT, the refund is {} here, and the gateway says of its cash-in what cannot be; saldo show says what \
             was told and when",
            refund.state.as_str()
        );
    }
    if let Some(looked) = &refund.closed {
        let state = refund.state.as_str();
        return format!(
            "{what}: the gateway contradicted itself ({state}), and it was looked into: {}",
            looked.found
        );
    }
    match refund.state {
        State::Approved => format!("{what}: decided, not sent yet"),
        State::Unknown if refund.is_proven_unsent() => format!("{what}: not sent; it stays open"),
        State::Unknown => format!("{what}: UNKNOWN, the money may have gone back or not"),
        State::Accepted => format!("{what}: accepted by the gateway, not settled yet"),
        State::Exists => format!("{what}: the gateway has it already; it may have gone back"),
        State::Held => format!("{what}: HELD, in doubt for a day; a person has to look at the gateway"),
        State::Rejected => format!("{what}: refused by the gateway, nothing went back by it"),
        State::Completed => format!("{what}: gone back to the payer"),
        State::Cancelled => format!("{what}: not sent, since somebody else has given it back"),
        State::Expired => format!("{what}: not sent in time, so it was let go; nothing went back"),
    }
}

pub(super) async fn run(arguments: RefundArguments, context: &Context) -> Result<Exit, Failure> {
    let description = arguments
        .description
        .as_deref()
        .map(person_text)
        .transpose()
        .map_err(|error| Failure::usage(format!("--description: {error}")))?
        .filter(|text| !text.is_empty());
    let row = cash_in(context, &arguments.id).await?;
    if !arguments.yes {
        confirm(&question(&row, arguments.reason, context))?;
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
            () = stop.cancelled() => note("stopped waiting; the refund goes on at the gateway"),
            settled = settle(context, stored.clone(), Waiting { until: Instant::now() + wait, beside }) => stored = settled?,
        }
    }
    if context.json {
        say_json(&RefundView::new(&stored, &context.settings.client_id));
    } else {
        say(&sentence(&stored.asked));
        say(&format!("id {}  cash-in {}", stored.id, stored.asked.terms.cash_in));
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

fn question(row: &Transaction, reason: Reason, context: &Context) -> String {
    let name = row.name.as_ref().map_or("a payer who is not named", Safe::as_str);
    let reference = row.external_reference.as_ref().map_or("none", Safe::as_str);
    format!(
        "[{}] give {} back to {name} ({reason}), in full\n  reference {reference}",
        context.settings.environment,
        amount_of(row.amount)
    )
}

/// The refund, and what was in the way of it.
fn take(made: Made<Refund>, quiet: bool) -> Result<(Stored<Refund>, Option<CounterError>), Failure> {
    let stored = &made.stored;
    match made.found {
        Found::Created => {}
        Found::Existing if quiet => {}
        Found::Existing => note("this cash-in has a refund already; nothing new is made"),
        Found::Taken => {
            return Err(Failure::new(
                Exit::Usage,
                "refund_taken",
                format!(
                    "this cash-in has a refund with another reason or description already ({}, {}); nothing was sent{}",
                    stored.asked.terms.reason,
                    sentence(&stored.asked),
                    if stored.asked.may_begin_again() {
                        ": give the same ones to order it once more"
                    } else {
                        ""
                    }
                ),
            ));
        }
    }
    known(made, |_| {
        "whether the money went back is not known: the same command, or `saldo recover`, goes on with it once the journal \
         can be written"
            .to_owned()
    })
}

/// The exit code and its reason.
fn verdict(stored: &Stored<Refund>, waited: bool, trouble: Option<&CounterError>) -> Result<Exit, Failure> {
    let refund = &stored.asked;
    let said = sentence(refund);
    let paused = match trouble {
        Some(CounterError::Paused(pause)) => format!(". {pause}"),
        _ => String::new(),
    };
    let unknown = |code, advice: &str| {
        Failure::new(Exit::Unknown, code, format!("{said}; {advice}{paused}")).meaning(Outcome::Unknown)
    };
    if refund.is_contradicted() {
        return Err(unknown(
            "conflict",
            "give nothing back in another way before the gateway's people have looked; once you know, saldo resolve records it",
        ));
    }
    match refund.state {
        State::Completed => Ok(Exit::Done),
        State::Accepted if waited => Err(Failure::new(
            Exit::Later,
            "not_settled",
            format!("{said}; `saldo recover` asks for it and records how it ends"),
        )
        .retryable()
        .meaning(Outcome::Pending)),
        State::Accepted => Ok(Exit::Done),
        State::Rejected => Err(match &refund.requests.verdict {
            Some(Verdict::NotExecuted(NotExecuted::Refused(problem))) => {
                Failure::new(Exit::Refused, "refused", format!("{said} ({problem})")).meaning(Outcome::NotExecuted)
            }
            _ => Failure::new(Exit::Refused, "refused", said).meaning(Outcome::NotExecuted),
        }),
        State::Cancelled | State::Expired => Err(Failure::new(Exit::Refused, refund.state.as_str(), said)
            .meaning(Outcome::NotExecuted)),
        State::Approved | State::Unknown if refund.is_proven_unsent() => Err(not_sent(refund, trouble)),
        State::Approved | State::Unknown => Err(unknown(
            "unknown",
            "do not give it back in another way; the same command, or `saldo recover`, looks and asks again under the same \
             key",
        )
        .retryable()),
        State::Exists => Err(unknown("exists", "do not give it back in another way; `saldo recover` looks again").retryable()),
        State::Held => Err(unknown(
            "held",
            "do not give it back in another way; ask the gateway's people. saldo goes on looking, and `saldo recover` looks at \
             once",
        )),
    }
}

/// A refund that is decided and has had no effect so far: `trouble` is what was in the way.
pub(super) fn not_sent(refund: &Refund, trouble: Option<&CounterError>) -> Failure {
    let mut failure = match (trouble, &refund.requests.verdict) {
        (Some(CounterError::Paused(pause)), _) => pause.clone().into(),
        (_, Some(Verdict::NotExecuted(proof))) => Failure::not_executed(proof),
        _ => Failure::new(Exit::Later, "not_sent", "the refund is decided, and not sent yet").retryable(),
    };
    failure
        .message
        .push_str("; it stays open: the same command goes on with it, and so does `saldo recover`");
    failure
}
