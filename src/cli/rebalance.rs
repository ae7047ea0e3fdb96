//! `saldo rebalance`: move money between the pockets, once.

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::ask::confirm;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::input::nothing_done;
use super::office::{Office, stop_signal, stopping};
use super::output::{note, say, say_json, tell};
use super::spoken::RebalanceWord;
use super::told::Told;
use super::view::{PocketsView, RebalanceView, looks};
use crate::domain::attempt::Ambiguity;
use crate::domain::band::Standing;
use crate::domain::money::Centavos;
use crate::domain::rebalance::{self, Forecast, ForecastError, Move, Pockets, State, forecast};
use crate::engine::message::RebalanceTrouble;
use crate::engine::office::RebalanceOrder;
use crate::journal::Reader;
use crate::journal::{JournalError, StoredRebalance};
use crate::lang::Lang;

#[derive(Debug, Args)]
pub(super) struct RebalanceArguments {
    /// The transactional balance wanted, in reais: 600000,00
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true)]
    target: String,
    /// Why; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// You have compared the balance after this rebalance, whose outcome was unknown; its doubt is settled
    #[arg(long, value_name = "ID")]
    after_doubt: Option<Uuid>,
    /// Only show what it would do; nothing is recorded or sent
    #[arg(long, conflicts_with_all = ["yes", "after_doubt"])]
    dry_run: bool,
    /// Act without asking
    #[arg(long)]
    yes: bool,
}

/// What a rebalance would do.
#[derive(Serialize)]
struct DryRunView {
    dry_run: bool,
    direction: &'static str,
    target_centavos: Centavos,
    amount_centavos: Centavos,
    before: PocketsView,
    expected: PocketsView,
    below_floor: bool,
}

pub(super) async fn run(arguments: RebalanceArguments, context: &Context) -> Result<Exit, Failure> {
    let target =
        Centavos::parse_typed(&arguments.target).map_err(|error| Failure::wrong("--target", &error))?;
    if !arguments.dry_run {
        context.may_act()?;
    }
    // A journal of another account is said before anything is asked. The review itself does not own the journal: a
    // person who thinks it over keeps nobody else from paying.
    if let Some(reader) = context.reader().await? {
        if let Some(id) = arguments.after_doubt
            && reader.rebalance(id).await?.is_none()
        {
            return Err(JournalError::NotFound(id.to_string()).into());
        }
        // A doubt stays a doubt even where the balance looks right by now. Whether one without an outcome is on the wire
        // or was left there by a crash, the journal's owner knows.
        let is_doubt =
            |one: &StoredRebalance| one.rebalance.outcome.is_some() && Some(one.id) != arguments.after_doubt;
        if let Some(doubt) = reader.rebalances_in_doubt().await?.into_iter().find(is_doubt) {
            return Err(RebalanceTrouble::InDoubt(Box::new(doubt)).into());
        }
    }
    let now = Pockets::from(&context.balance().await?);
    let reviewed = match forecast(now, target) {
        Ok(forecast) => forecast,
        Err(ForecastError::NothingToMove(_)) => {
            if let Some(id) = arguments.after_doubt {
                context.office().await?.settle_doubt(id).await?;
            }
            nothing_to_move(target, now, context);
            return Ok(Exit::Done);
        }
        Err(error) => return Err(RebalanceTrouble::from(error).into()),
    };
    let words = match reviewed.direction {
        Move::TopUp => {
            told!("proprietary -> transactional (top-up)", "próprio -> transacional (aporte)")
        }
        Move::Sweep => {
            told!("transactional -> proprietary (sweep)", "transacional -> próprio (recolhimento)")
        }
    };
    let falls = context
        .settings
        .band
        .is_some_and(|band| band.standing(reviewed.after.transactional) == Standing::BelowFloor);
    if falls && reviewed.direction == Move::Sweep {
        note(told!(
            "this sweep leaves the transactional balance BELOW THE FLOOR of the band",
            "este recolhimento deixa o saldo transacional ABAIXO DO PISO da faixa"
        ));
    }
    let review = review_of(&reviewed, &words, context);
    if arguments.dry_run {
        if context.json {
            say_json(&DryRunView {
                dry_run: true,
                direction: reviewed.direction.as_str(),
                target_centavos: target,
                amount_centavos: reviewed.amount,
                before: reviewed.before.into(),
                expected: reviewed.after.into(),
                below_floor: falls,
            });
        } else {
            tell(&Told::join(&[review, nothing_done()], "\n  "));
        }
        return Ok(Exit::Done);
    }
    if !arguments.yes {
        confirm(review)?;
    }
    let order = RebalanceOrder {
        id: Uuid::now_v7(),
        target,
        reviewed,
        reason: arguments.reason.filter(|reason| !reason.trim().is_empty()),
        after_doubt: arguments.after_doubt,
    };
    let ended = send(context.office().await?, order).await?;
    if context.json {
        say_json(&RebalanceView::new(&ended));
    } else {
        let (amount, state) = (ended.rebalance.terms.forecast.amount, ended.rebalance.state);
        let state = RebalanceWord(state);
        tell(&told!("{amount} {words}: {state}", "{amount} {words}: {state}"; words, state));
        say(&format!("id {}", ended.id));
        if let Some(after) = ended.rebalance.after {
            let Pockets { transactional, proprietary } = after;
            tell(&told!(
                "transactional {transactional}  proprietary {proprietary}",
                "transacional {transactional}  próprio {proprietary}"
            ));
        }
    }
    verdict(&ended)
}

fn review_of(reviewed: &Forecast, words: &Told, context: &Context) -> Told {
    let (environment, amount) = (context.settings.environment, reviewed.amount);
    let (before, after) = (reviewed.before, reviewed.after);
    Told::both(|lang| {
        let (transactional, proprietary) = match lang {
            Lang::En => ("transactional", "proprietary  "),
            Lang::PtBr => ("transacional", "próprio     "),
        };
        format!(
            "[{environment}] {amount} {}\n  {transactional} {} -> {}\n  {proprietary} {} -> {}",
            words.in_lang(lang),
            before.transactional,
            after.transactional,
            before.proprietary,
            after.proprietary,
        )
    })
}

fn verdict(ended: &StoredRebalance) -> Result<Exit, Failure> {
    let rebalance = &ended.rebalance;
    match (rebalance.state, &rebalance.outcome) {
        (State::Completed | State::Acknowledged, _) => Ok(Exit::Done),
        (State::Rejected, Some(rebalance::Outcome::NotExecuted(proof))) => Err(Failure::not_executed(proof)),
        (State::Rejected, Some(rebalance::Outcome::Answered { message, .. })) => Err(Failure::new(
            Exit::Refused,
            "refused",
            told!(
                "the gateway says that it did not rebalance: {message}",
                "o gateway diz que não rebalanceou: {message}"
            ),
        )
        .meaning(Outcome::NotExecuted)),
        (State::Rejected | State::Unknown, outcome) => {
            let why = match outcome {
                Some(rebalance::Outcome::Ambiguous(Ambiguity::TimedOut)) => {
                    told!("no answer came in time", "nenhuma resposta chegou a tempo")
                }
                Some(rebalance::Outcome::Ambiguous(Ambiguity::Cut(_))) => {
                    told!("the connection was cut before the answer", "a conexão caiu antes da resposta")
                }
                _ => told!("the answer does not say what happened", "a resposta não diz o que aconteceu"),
            };
            let (seen, id) = (looks(rebalance), ended.id);
            Err(Failure::new(
                Exit::Unknown,
                "unknown",
                told!(
                    "UNKNOWN: {why}, the money may have moved or not; {seen}. It is not sent again: compare with \
                     `saldo balance`, then settle it with --after-doubt {id}",
                    "INCERTO: {why}, o dinheiro pode ter mudado de conta ou não; {seen}. Não é enviado de novo: compare com \
                     `saldo balance`, depois resolva com --after-doubt {id}";
                    why, seen
                ),
            )
            .meaning(Outcome::Unknown))
        }
    }
}

/// Sends it, once. A signal ends it before its request, and never while that is on the wire.
async fn send(office: Office, order: RebalanceOrder) -> Result<StoredRebalance, Failure> {
    let stop = stop_signal();
    let mut sending = std::pin::pin!(office.rebalance(order, &stop));
    tokio::select! {
        biased;
        ended = sending.as_mut() => ended,
        () = stop.cancelled() => {
            note(stopping());
            sending.await
        }
    }
}

fn nothing_to_move(target: Centavos, now: Pockets, context: &Context) {
    let balance = now.transactional;
    let message = told!(
        "the transactional balance is {balance} already; nothing was sent",
        "o saldo transacional já é {balance}; nada foi enviado"
    );
    if context.json {
        say_json(&RebalanceView {
            id: None,
            state: "completed",
            success: Some(true),
            message: Some(message.en().to_owned()),
            direction: None,
            target_centavos: target,
            amount_centavos: Centavos::ZERO,
            before: now.into(),
            expected: now.into(),
            after: Some(now.into()),
            as_expected: Some(true),
            looks: None,
        });
    } else {
        tell(&message);
    }
}
