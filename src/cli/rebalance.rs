//! `saldo rebalance`: move money between the pockets, once.

use clap::Args;
use serde::Serialize;
use uuid::Uuid;

use super::ask::confirm;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::office::{Office, stop_signal};
use super::output::{note, say, say_json};
use super::view::{PocketsView, RebalanceView, looks};
use crate::domain::attempt::Ambiguity;
use crate::domain::band::Standing;
use crate::domain::money::Centavos;
use crate::domain::rebalance::{self, ForecastError, Move, Pockets, State, forecast};
use crate::engine::message::RebalanceTrouble;
use crate::engine::office::RebalanceOrder;
use crate::journal::Reader;
use crate::journal::{JournalError, StoredRebalance};

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
    let target = Centavos::parse_typed(&arguments.target)
        .map_err(|error| Failure::usage(format!("--target: {error}")))?;
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
        Move::TopUp => "proprietary -> transactional (top-up)",
        Move::Sweep => "transactional -> proprietary (sweep)",
    };
    let falls = context
        .settings
        .band
        .is_some_and(|band| band.standing(reviewed.after.transactional) == Standing::BelowFloor);
    if falls && reviewed.direction == Move::Sweep {
        note("this sweep leaves the transactional balance BELOW THE FLOOR of the band");
    }
    let review = format!(
        "[{}] {} {words}\n  transactional {} -> {}\n  proprietary   {} -> {}",
        context.settings.environment,
        reviewed.amount,
        reviewed.before.transactional,
        reviewed.after.transactional,
        reviewed.before.proprietary,
        reviewed.after.proprietary,
    );
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
            say(&format!("{review}\n  nothing was recorded or sent"));
        }
        return Ok(Exit::Done);
    }
    if !arguments.yes {
        confirm(&review)?;
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
        say(&format!(
            "{} {words}: {}",
            ended.rebalance.terms.forecast.amount,
            ended.rebalance.state.as_str()
        ));
        say(&format!("id {}", ended.id));
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
            let seen = looks(rebalance);
            Err(Failure::new(
                Exit::Unknown,
                "unknown",
                format!(
                    "UNKNOWN: {why}, the money may have moved or not; {seen}. It is not sent again: compare with \
                     `saldo balance`, then settle it with --after-doubt {}",
                    ended.id
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
            note("stopping; a request on the wire is waited for");
            sending.await
        }
    }
}

fn nothing_to_move(target: Centavos, now: Pockets, context: &Context) {
    let message = format!("the transactional balance is {} already; nothing was sent", now.transactional);
    if context.json {
        say_json(&RebalanceView {
            id: None,
            state: "completed",
            success: Some(true),
            message: Some(message),
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
        say(&message);
    }
}
