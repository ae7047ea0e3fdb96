//! `saldo recover`: take up every payment that is not final, once.

use super::cash_out::AFTER_THE_WINDOW;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say, say_json};
use super::view::{IntentView, looks, sentence};
use crate::engine::lane::LaneError;
use crate::engine::office::Recovered;
use crate::journal::Intent;

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let Recovered { payments: taken_up, rebalances_in_doubt } = context.office().await?.recover().await?;
    let mut notes = Vec::new();
    for doubt in rebalances_in_doubt {
        // Compared, never decided: that is a person's to do.
        let seen = looks(&doubt.rebalance);
        notes.push(format!(
            "a rebalance to {} is in doubt; {seen}. Compare with `saldo balance`, then settle it with \
             `saldo rebalance --after-doubt {}`",
            doubt.rebalance.terms.target, doubt.id
        ));
    }
    if context.json {
        let views: Vec<_> =
            taken_up.iter().map(|(intent, _)| IntentView::new(intent, &context.settings.client_id)).collect();
        say_json(&views);
    } else if taken_up.is_empty() {
        say("no payment is open");
    }
    for (intent, _) in &taken_up {
        if !context.json {
            say(&format!("{}  {}", intent.id, sentence(intent)));
        }
        if intent.cash_out.frozen {
            notes.push(format!("{}: {AFTER_THE_WINDOW}", intent.reference));
        }
    }
    let verdict = verdict(&taken_up);
    // What the verdict says already is not said twice.
    let said = verdict.as_ref().err().map_or("", |failure| failure.message.as_str());
    for (intent, trouble) in &taken_up {
        if let Some(trouble) = trouble.as_ref().filter(|_| !said.starts_with(intent.reference.as_str())) {
            notes.push(format!("{}: {trouble}", intent.reference));
        }
    }
    match verdict {
        // In JSON there is one object on standard error, so it holds every line.
        Err(failure) if context.json => {
            notes.insert(0, failure.message.clone());
            Err(Failure { message: notes.join("\n"), ..failure })
        }
        verdict => {
            notes.iter().for_each(|line| note(line));
            verdict
        }
    }
}

/// Doubt first; then what kept a payment from being sent, or looked at.
fn verdict(taken_up: &[(Intent, Option<LaneError>)]) -> Result<Exit, Failure> {
    let in_doubt = taken_up
        .iter()
        .filter(|(intent, _)| {
            let pay = &intent.cash_out;
            pay.conflict || pay.state.is_in_doubt() && !pay.is_proven_unsent()
        })
        .count();
    if in_doubt > 0 {
        return Err(Failure::new(
            Exit::Unknown,
            "in_doubt",
            format!(
                "{in_doubt} of {} open payments are still in doubt; do not pay them under another reference",
                taken_up.len()
            ),
        )
        .retryable()
        .meaning(Outcome::Unknown));
    }
    let in_the_way = taken_up.iter().find_map(|(intent, trouble)| {
        let failure = if intent.cash_out.is_proven_unsent() {
            Failure::not_sent(intent, trouble.as_ref())
        } else {
            // The gateway has the order: that nobody could look at it now says nothing of it.
            let trouble = trouble.as_ref()?;
            Failure::new(Exit::Later, "not_settled", format!("{}; {trouble}", sentence(intent)))
                .retryable()
                .meaning(Outcome::Pending)
        };
        Some((intent, failure))
    });
    match in_the_way {
        None => Ok(Exit::Done),
        Some((intent, mut failure)) => {
            failure.message = format!("{}: {}", intent.reference, failure.message);
            Err(failure)
        }
    }
}
