//! `saldo resolve`: what only a person can say of a payment in doubt.
//!
//! Without a finding it shows the facts that the person needs to look the payment up, and what can be recorded. Nothing
//! here sends money: a finding is journalled, with who said it and why.

use std::sync::Arc;

use clap::Args;

use super::cash_in::{self, ChargeView};
use super::context::Context;
use super::contradiction::{self, Typed};
use super::failure::{Exit, Failure, Outcome};
use super::office::NotResolved;
use super::output::{note, say, say_json};
use super::refund::{self, RefundLifeView};
use super::show;
use super::view::{IntentView, sentence};
use crate::domain::cash_out::{Because, Refused, State};
use crate::domain::contradiction::{About, Found};
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
    /// A conflict was looked into: paid, not-paid, or the other amount that was paid. It is in doubt no more, under your
    /// name; nothing is paid by it, and no other payment of the debt becomes possible
    #[arg(long, value_name = "FOUND", group = "finding", requires = "reason")]
    looked_into: Option<Typed>,
    /// What was found, and where; stays in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) async fn run(arguments: ResolveArguments, context: &Context) -> Result<Exit, Failure> {
    let (life, reader) = find(context, &arguments.id).await?;
    let reason = arguments.reason.filter(|reason| !reason.trim().is_empty());
    if let Some(Typed(found)) = arguments.looked_into {
        let reason = reason.ok_or_else(|| Failure::usage("--reason is empty: what was found, and where?"))?;
        return look_into(&life, found, reason, context).await;
    }
    let Some(intent) = &life.intent else {
        let has_finding = arguments.internal_code.is_some() || arguments.not_paid || arguments.call_off;
        return match (life.contradicted().or(closed(&life)), has_finding || reason.is_some()) {
            (Some(_), false) => {
                show::known(&life, reader.as_ref(), context, &conflict_advice(&life).unwrap_or_default())
                    .await
            }
            (Some(_), true) => Err(Failure::usage(
                "of a cash-in only --looked-into can be said, with a reason; nothing was recorded",
            )),
            (None, _) => Err(nothing(&life, &arguments.id)),
        };
    };
    let finding = match (arguments.internal_code, arguments.not_paid, arguments.call_off, reason) {
        (Some(code), _, _, reason) => Finding::InternalCode { code: code.trim().to_owned(), reason },
        (None, true, _, Some(statement)) => Finding::NotPaid { statement },
        (None, true, _, None) => return Err(Failure::usage("--reason is empty: what was found, and where?")),
        (None, false, true, reason) => Finding::CallOff { reason },
        (None, false, false, Some(_)) => {
            return Err(Failure::usage(
                "a reason without a finding: add --internal-code, --not-paid, --call-off or --looked-into. Nothing was recorded",
            ));
        }
        (None, false, false, None) => {
            let advice = conflict_advice(&life).unwrap_or_else(|| advice(intent));
            return show::known(&life, reader.as_ref(), context, &advice).await;
        }
    };
    let office = context.office().await.map_err(|failure| not_recorded(intent, failure))?;
    let after = office.resolve(intent.id, finding).await.map_err(|why| match why {
        NotResolved::Lane(error) => refused(intent, error),
        NotResolved::NotAsked(failure) => not_recorded(intent, failure),
        NotResolved::Unknown(failure) => failure,
    })?;
    let after = after.ok_or_else(|| Failure::other("the owner of the journal answered something else"))?;
    if context.json {
        say_json(&IntentView::new(&after, &context.settings.client_id));
    } else {
        say(&sentence(&after));
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

/// Nothing can be said of it, and why.
fn nothing(life: &Life, id: &str) -> Failure {
    let incoming = &life.incoming;
    let alert = "; its alert is acknowledged with a note: saldo alerts ack ID --note \"what was found\"";
    Failure::usage(match (&incoming.charge, &incoming.refund) {
        (None, None) if life.transaction.conflict => {
            format!(
                "{id:?} is a transaction that saldo did not order, and the gateway contradicts itself about it{alert}"
            )
        }
        (None, None) => {
            format!("{id:?} is a transaction that saldo did not order; there is nothing to resolve")
        }
        (Some(charge), _) => {
            let said = cash_in::sentence(&charge.stored.asked);
            format!("{said}; nothing about this charge contradicts itself, so there is nothing to resolve")
        }
        (None, Some(refund)) => {
            let said = refund::sentence(&refund.stored.asked);
            format!(
                "{said}; nothing about this refund contradicts itself, so there is nothing to resolve (saldo recover looks at \
                 it again)"
            )
        }
    })
}

/// The order of the row that somebody has looked into.
fn closed(life: &Life) -> Option<About> {
    [About::Payment, About::Refund, About::Charge]
        .into_iter()
        .find(|about| life.looked_into(*about).is_some())
}

/// What to do about what contradicts itself; `None` where nothing does that nobody has looked into.
fn conflict_advice(life: &Life) -> Option<Vec<String>> {
    life.contradicted()?;
    let id = life.transaction.id;
    Some(vec![
        "ask the gateway's people what was paid, with what amount and to whom".to_owned(),
        format!("then: saldo resolve {id} --looked-into paid|not-paid|AMOUNT --reason \"what was found, and where\""),
        "that takes it out of the doubts and the alerts; it pays nothing, and no other payment of the debt becomes possible"
            .to_owned(),
    ])
}

/// Closes what contradicts itself.
async fn look_into(life: &Life, found: Found, reason: String, context: &Context) -> Result<Exit, Failure> {
    let id = life.transaction.id;
    let Some(about) = life.contradicted() else {
        let known = closed(life).and_then(|about| life.looked_into(about));
        let said = known.map_or_else(
            || "nothing about it contradicts itself".to_owned(),
            |looked| format!("it was looked into already: {}", contradiction::words(looked)),
        );
        let foreign = life.intent.is_none() && life.incoming.charge.is_none() && life.transaction.conflict;
        return Err(match foreign {
            true => nothing(life, &id.to_string()),
            false => Failure::usage(format!("{said}; nothing was recorded")),
        });
    };
    let seen = life.contradictions(about).len();
    let not_recorded = |mut failure: Failure| {
        failure.message = format!("nothing was recorded: {}", failure.message);
        failure
    };
    let office = context.office().await.map_err(not_recorded)?;
    let finding = Finding::LookedInto { about, found, reason, seen };
    office.resolve(id, finding).await.map_err(|why| match why {
        NotResolved::Lane(error) => error.into(),
        NotResolved::NotAsked(failure) => not_recorded(failure),
        NotResolved::Unknown(failure) => failure,
    })?;
    let reader = context.reader().await?.ok_or_else(|| JournalError::NotFound(id.to_string()))?;
    let after = reader.life(id).await?.ok_or_else(|| JournalError::NotFound(id.to_string()))?;
    let client_id = &context.settings.client_id;
    let (charge, refund) = (&after.incoming.charge, &after.incoming.refund);
    match (about, &after.intent, charge, refund) {
        (About::Payment, Some(intent), ..) if context.json => say_json(&IntentView::new(intent, client_id)),
        (About::Payment, Some(intent), ..) => say(&sentence(intent)),
        (About::Charge, _, Some(charge), _) if context.json => {
            say_json(&ChargeView::new(&charge.stored, client_id));
        }
        (About::Charge, _, Some(charge), _) => say(&cash_in::sentence(&charge.stored.asked)),
        (About::Refund, _, _, Some(refund)) if context.json => {
            say_json(&RefundLifeView::new(refund, client_id));
        }
        (About::Refund, _, _, Some(refund)) => say(&refund::sentence(&refund.stored.asked)),
        _ => {}
    }
    note(
        "recorded; it is in doubt no more. What the gateway said stays as it was, and so does what may be paid",
    );
    if about == About::Payment && after.contradicted().is_none() && found == Found::NotPaid {
        note(
            "no payment of this debt follows by it: to pay it after all takes another reference, and another decision",
        );
    }
    Ok(Exit::Done)
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
            (Exit::Usage, format!("{}; {}", sentence(intent), advice(intent).join("; ")))
        }
    };
    not_recorded(intent, Failure::new(exit, "not_resolved", why))
}

/// What was in the way of a finding says nothing of the money: the payment is as it was.
fn not_recorded(intent: &Intent, mut failure: Failure) -> Failure {
    let state = intent.cash_out.state;
    failure.message =
        format!("nothing was recorded, the payment is as it was ({}): {}", state.as_str(), failure.message);
    if state.is_in_doubt() && !intent.cash_out.is_proven_unsent() {
        failure.outcome = Outcome::Unknown;
    }
    failure
}

fn verdict(after: &Intent) -> Result<Exit, Failure> {
    let pay = &after.cash_out;
    if pay.is_contradicted() {
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
