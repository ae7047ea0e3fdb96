//! `saldo rebalance`: move money between the pockets, once.

use clap::Args;
use uuid::Uuid;

use super::ask::confirm;
use super::context::{Context, Owned, operator};
use super::failure::{Exit, Failure, Outcome};
use super::output::{say, say_json};
use super::view::RebalanceView;
use crate::domain::attempt::Ambiguity;
use crate::domain::money::Centavos;
use crate::domain::rebalance::{self, ForecastError, Move, Pockets, State};
use crate::engine::message::RebalanceTrouble;
use crate::engine::rebalance::review;
use crate::journal::StoredRebalance;

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
    /// Act without asking
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(arguments: RebalanceArguments, context: &Context) -> Result<Exit, Failure> {
    let target = Centavos::parse_typed(&arguments.target)
        .map_err(|error| Failure::usage(format!("--target: {error}")))?;
    let owned = context.own().await?;
    if let Some(doubt) = arguments.after_doubt {
        owned.rebalancer.acknowledge(doubt, operator()).await?;
    }
    let reviewed = match review(owned.gateway.as_ref(), target).await {
        Ok(forecast) => forecast,
        Err(RebalanceTrouble::Impossible(ForecastError::NothingToMove(now))) => {
            return nothing_to_move(&owned, target, now, context).await;
        }
        Err(trouble) => return Err(trouble.into()),
    };
    let words = match reviewed.direction {
        Move::TopUp => "proprietary -> transactional (top-up)",
        Move::Sweep => "transactional -> proprietary (sweep)",
    };
    if !arguments.yes {
        confirm(&format!(
            "[{}] {} {words}\n  transactional {} -> {}\n  proprietary   {} -> {}",
            context.settings.environment,
            reviewed.amount,
            reviewed.before.transactional,
            reviewed.after.transactional,
            reviewed.before.proprietary,
            reviewed.after.proprietary,
        ))?;
    }
    let reason = arguments.reason.filter(|reason| !reason.trim().is_empty());
    let ended = owned.rebalancer.send(Uuid::now_v7(), target, &reviewed, reason).await?;
    if context.json {
        say_json(&RebalanceView::new(&ended));
    } else {
        say(&format!("{} {words}: {}", ended.rebalance.forecast.amount, ended.rebalance.state.as_str()));
        if let Some(after) = ended.rebalance.after {
            say(&format!("transactional {}  proprietary {}", after.transactional, after.proprietary));
        }
    }
    verdict(&ended)
}

fn verdict(ended: &StoredRebalance) -> Result<Exit, Failure> {
    let rebalance = &ended.rebalance;
    match (rebalance.state, &rebalance.outcome) {
        (State::Completed | State::Acknowledged, _) => Ok(Exit::Done),
        (State::Rejected, Some(rebalance::Outcome::NotExecuted(proof))) => Err(Failure::not_executed(proof)),
        (State::Rejected, Some(rebalance::Outcome::Answered { message, .. })) => Err(Failure::new(
            Exit::Refused,
            "refused",
            format!("the gateway says that it did not rebalance: {message}"),
        )
        .meaning(Outcome::NotExecuted)),
        (State::Rejected | State::Unknown, outcome) => {
            let why = match outcome {
                Some(rebalance::Outcome::Ambiguous(Ambiguity::TimedOut)) => "no answer came in time",
                Some(rebalance::Outcome::Ambiguous(Ambiguity::Cut(_))) => {
                    "the connection was cut before the answer"
                }
                _ => "the answer does not say what happened",
            };
            let seen = match rebalance.as_expected() {
                Some(true) => "; the balance read afterwards is the target",
                Some(false) => "; the balance read afterwards is not the target",
                None => "",
            };
            Err(Failure::new(
                Exit::Unknown,
                "unknown",
                format!(
                    "UNKNOWN: {why}, the money may have moved or not{seen}. It is not sent again: compare with \
                     `saldo balance`, then settle it with --after-doubt {}",
                    ended.id
                ),
            )
            .meaning(Outcome::Unknown))
        }
    }
}

async fn nothing_to_move(
    owned: &Owned,
    target: Centavos,
    now: Centavos,
    context: &Context,
) -> Result<Exit, Failure> {
    let pockets = Pockets::from(&owned.gateway.balance().await?);
    let message = format!("the transactional balance is {now} already; nothing was sent");
    if context.json {
        say_json(&RebalanceView {
            id: None,
            state: "completed",
            success: Some(true),
            message: Some(message),
            direction: None,
            target_centavos: target,
            amount_centavos: Centavos::ZERO,
            before: pockets.into(),
            expected: pockets.into(),
            after: Some(pockets.into()),
            as_expected: Some(true),
        });
    } else {
        say(&message);
    }
    Ok(Exit::Done)
}
