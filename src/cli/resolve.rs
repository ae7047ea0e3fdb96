//! `saldo resolve`: what only a person can say of a payment in doubt.
//!
//! Without a finding it shows the facts that the person needs to look the payment up, and what can be recorded. Nothing
//! here sends money: a finding is journalled, with who said it and why.

use std::sync::Arc;

use clap::Args;

use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::office::NotResolved;
use super::output::{note, say, say_json, tell};
use super::show;
use super::view::{IntentView, sentence};
use crate::domain::cash_out::{Because, Refused, State};
use crate::engine::lane::LaneError;
use crate::engine::message::Finding;
use crate::journal::sqlite::SqliteReader;
use crate::journal::{Intent, JournalError, Life, Reader};

#[derive(Debug, Args)]
pub(super) struct ResolveArguments {
    /// saldo's id, or the reference
    id: String,
    /// The gateway has it: this is its internalCode there (or its transactionId or endToEndId)
    #[arg(long, value_name = "CODE", group = "finding")]
    internal_code: Option<String>,
    /// It was not paid: two people have to say so, each with a reason, a day after the last request at the earliest
    #[arg(long, group = "finding", requires = "reason")]
    not_paid: bool,
    /// Withdraw it: only while no request can have had an effect
    #[arg(long, group = "finding")]
    call_off: bool,
    /// What was found, and where; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) async fn run(arguments: ResolveArguments, context: &Context) -> Result<Exit, Failure> {
    let (life, reader) = find(context, &arguments.id).await?;
    let Some(intent) = &life.intent else {
        return Err(Failure::usage(format!(
            "{:?} is a transaction that saldo did not order; there is nothing to resolve",
            arguments.id
        )));
    };
    let reason = arguments.reason.filter(|reason| !reason.trim().is_empty());
    let finding = match (arguments.internal_code, arguments.not_paid, arguments.call_off, reason) {
        (Some(code), _, _, reason) => Finding::InternalCode { code: code.trim().to_owned(), reason },
        (None, true, _, Some(statement)) => Finding::NotPaid { statement },
        (None, true, _, None) => return Err(Failure::usage("--reason is empty: what was found, and where?")),
        (None, false, true, reason) => Finding::CallOff { reason },
        (None, false, false, Some(_)) => {
            return Err(Failure::usage(
                "a reason without a finding: add --internal-code, --not-paid or --call-off. Nothing was recorded",
            ));
        }
        (None, false, false, None) => {
            return show::known(&life, reader.as_ref(), context, &advice(intent)).await;
        }
    };
    let office = context.office().await.map_err(|failure| not_recorded(intent, failure))?;
    let after = office.resolve(intent.id, finding).await.map_err(|why| match why {
        NotResolved::Lane(error) => refused(intent, error),
        NotResolved::NotAsked(failure) => not_recorded(intent, failure),
        NotResolved::Unknown(failure) => failure,
    })?;
    if context.json {
        say_json(&IntentView::new(&after, &context.settings.client_id));
    } else {
        tell(&sentence(&after));
        say(&format!("id {}  reference {}", after.id, after.reference));
    }
    verdict(&after)
}

async fn find(context: &Context, id: &str) -> Result<(Life, Arc<SqliteReader>), Failure> {
    let missing = || Failure::from(JournalError::NotFound(id.to_owned()));
    let reader = context.reader().await?.ok_or_else(missing)?;
    let row = reader.find(id).await?.ok_or_else(missing)?;
    let life = reader.life(row.id).await?.ok_or_else(missing)?;
    Ok((life, reader))
}

/// What a person can do about it.
fn advice(intent: &Intent) -> Vec<String> {
    let pay = &intent.cash_out;
    let id = intent.id;
    let code = format!("found at the gateway: saldo resolve {id} --internal-code CODE --reason \"where\"");
    match pay.state {
        State::Draft | State::PendingApproval | State::Approved => {
            vec![format!("nothing of it was sent; to withdraw it: saldo resolve {id} --call-off")]
        }
        State::Unknown if pay.may_be_called_off() => vec![format!(
            "no request had an effect; it is sent until {}: saldo recover; to withdraw it: saldo resolve {id} --call-off",
            pay.window_end()
        )],
        State::Unknown if pay.on_the_wire || !pay.frozen => {
            vec![format!("the same bytes may be sent again until {}: saldo recover", pay.window_end()), code]
        }
        State::Unknown | State::Exists => vec![
            "ask the gateway's people for the payment with this reference, amount and payee".to_owned(),
            code,
            format!("not there: that can be recorded from {} on, once it is held", pay.held_from()),
        ],
        State::Held => {
            let warning = pay.known_there.then(|| {
                "the gateway itself has said that it knows this reference (409): it has a payment under it, and if that was \
                 made, declaring it not paid leads to paying twice"
                    .to_owned()
            });
            let missing = pay.people_missing();
            let said: Vec<_> = pay.declarations.iter().map(ToString::to_string).collect();
            let so_far =
                if said.is_empty() { String::new() } else { format!("; said so far by {}", said.join(", ")) };
            let mut lines = vec![
                "ask the gateway's people for the payment with this reference, amount and payee".to_owned(),
                code,
                format!(
                    "not there: saldo resolve {id} --not-paid --reason \"what was found\" (it takes {missing} more \
                     {}{so_far})",
                    if missing == 1 { "person" } else { "people" }
                ),
            ];
            lines.extend(warning);
            lines
        }
        State::Accepted => vec!["the gateway has it; saldo looks at it until it ends".to_owned()],
        State::DeclaredNotPaid => vec![
            "two people found that it was not paid; to pay the debt once more: the same cash-out command with --again".to_owned(),
            code,
        ],
        State::Completed
        | State::Rejected
        | State::Failed
        | State::Cancelled
        | State::Expired => vec!["it is final; there is nothing to resolve".to_owned()],
    }
}

/// Why a finding was not recorded, and what to do instead.
fn refused(intent: &Intent, error: LaneError) -> Failure {
    let LaneError::Refused(Refused { because, .. }) = error else {
        return not_recorded(intent, error.into());
    };
    let pay = &intent.cash_out;
    let (exit, why) = match because {
        Because::SamePerson => (
            Exit::Usage,
            "you have said so already; another person has to look, as another user of this machine"
                .to_owned(),
        ),
        Because::TooEarly => (
            Exit::Later,
            format!(
                "that can be said a day after the last request at the earliest, from {} on, once this machine's clock and the \
                 gateway's agree that it has passed",
                pay.declarable_from().unwrap_or_else(|| pay.held_from())
            ),
        ),
        Because::OnTheWire => (Exit::Later, "a request for it is on the wire at this moment".to_owned()),
        Because::Contradicted => (
            Exit::Usage,
            format!(
                "the gateway gave the id {} for it",
                pay.gateway_id().map_or("another", |id| id.as_str())
            ),
        ),
        Because::State | Because::TooLate | Because::Changed | Because::Sibling => {
            (Exit::Usage, format!("{}; {}", sentence(intent).en(), advice(intent).join("; ")))
        }
    };
    not_recorded(intent, Failure::new(exit, "not_resolved", why))
}

/// What was in the way of a finding says nothing of the money: the payment is as it was.
fn not_recorded(intent: &Intent, mut failure: Failure) -> Failure {
    let state = intent.cash_out.state;
    failure.message = format!(
        "nothing was recorded, the payment is as it was ({}): {}",
        state.as_str(),
        failure.message.en()
    )
    .into();
    if state.is_in_doubt() && !intent.cash_out.is_proven_unsent() {
        failure.outcome = Outcome::Unknown;
    }
    failure
}

fn verdict(after: &Intent) -> Result<Exit, Failure> {
    let pay = &after.cash_out;
    if pay.conflict {
        return Err(Failure::new(Exit::Unknown, "conflict", sentence(after)).meaning(Outcome::Unknown));
    }
    if pay.state == State::Held {
        return Err(Failure::new(
            Exit::Unknown,
            "held",
            "recorded; another person has to say the same before it counts as not paid. Until then do not pay it again",
        )
        .meaning(Outcome::Unknown));
    }
    if pay.state == State::DeclaredNotPaid {
        note("recorded; the debt may be paid once more: the same cash-out command with --again");
    }
    Ok(Exit::Done)
}
