//! `saldo recover`: take up every payment, charge and refund that is not final, once.

use serde::Serialize;

use super::cash_in::{self, ChargeView};
use super::cash_out::AFTER_THE_WINDOW;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say, say_json};
use super::refund::{self, RefundView};
use super::view::{IntentView, looks, sentence};
use crate::domain::request::Asked;
use crate::engine::counter;
use crate::engine::lane::LaneError;
use crate::engine::office::Recovered;
use crate::journal::Intent;

/// What was taken up. A charge and a refund have fields of their own and share `id`, `state` and the money's.
#[derive(Serialize)]
#[serde(untagged)]
enum View {
    Payment(IntentView),
    Charge(ChargeView),
    Refund(RefundView),
}

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let Recovered { payments: taken_up, cash_ins, rebalances_in_doubt } =
        context.office().await?.recover().await?;
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
        let client_id = &context.settings.client_id;
        let payments = taken_up.iter().map(|(intent, _)| View::Payment(IntentView::new(intent, client_id)));
        let charges =
            cash_ins.charges.iter().map(|(charge, _)| View::Charge(ChargeView::new(charge, client_id)));
        let refunds =
            cash_ins.refunds.iter().map(|(refund, _)| View::Refund(RefundView::new(refund, client_id)));
        say_json(&payments.chain(charges).chain(refunds).collect::<Vec<_>>());
    } else if taken_up.is_empty() && cash_ins.charges.is_empty() && cash_ins.refunds.is_empty() {
        say("no payment, charge or refund is open");
    }
    let told = cash_ins
        .charges
        .iter()
        .map(|(charge, trouble)| (charge.id, cash_in::sentence(&charge.asked), trouble))
        .chain(
            cash_ins
                .refunds
                .iter()
                .map(|(refund, trouble)| (refund.id, refund::sentence(&refund.asked), trouble)),
        );
    for (id, said, trouble) in told {
        if !context.json {
            say(&format!("{id}  {said}"));
        }
        notes.extend(trouble.as_ref().map(|trouble| format!("{id}: {trouble}")));
    }
    for (intent, _) in &taken_up {
        if !context.json {
            say(&format!("{}  {}", intent.id, sentence(intent)));
        }
        if intent.cash_out.frozen {
            notes.push(format!("{}: {AFTER_THE_WINDOW}", intent.reference));
        }
    }
    let verdict = verdict(&taken_up).and_then(|exit| of_cash_ins(&cash_ins).map_or(Ok(exit), Err));
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

/// What is left of charges and refunds: doubt first, then what could not be sent.
fn of_cash_ins(recovered: &counter::Recovered) -> Option<Failure> {
    let refunds = recovered.refunds.iter().filter(|(refund, _)| {
        let asked = &refund.asked;
        asked.is_contradicted() || asked.state.is_in_doubt() && !asked.is_proven_unsent()
    });
    let charges = recovered.charges.iter().filter(|(charge, _)| {
        let asked = &charge.asked;
        asked.is_contradicted() || asked.is_in_doubt() && !asked.is_proven_unsent()
    });
    let (refunds, charges) = (refunds.count(), charges.count());
    if refunds + charges > 0 {
        let told = [
            (refunds, "refund", "do not give the money back in another way"),
            (charges, "charge", "do not charge it under another reference"),
        ];
        let told = told.into_iter().filter(|(count, ..)| *count > 0).map(|(count, what, advice)| {
            let (s, are) = if count == 1 { ("", "is") } else { ("s", "are") };
            format!("{count} {what}{s} {are} still in doubt; {advice}")
        });
        let message = told.collect::<Vec<_>>().join(". ");
        return Some(Failure::new(Exit::Unknown, "in_doubt", message).retryable().meaning(Outcome::Unknown));
    }
    let unsent = recovered.refunds.iter().find(|(refund, _)| refund.asked.is_proven_unsent());
    unsent.map(|(refund, trouble)| refund::not_sent(&refund.asked, trouble.as_ref()))
}

/// Doubt first; then what kept a payment from being sent, or looked at.
fn verdict(taken_up: &[(Intent, Option<LaneError>)]) -> Result<Exit, Failure> {
    let in_doubt = taken_up
        .iter()
        .filter(|(intent, _)| {
            let pay = &intent.cash_out;
            pay.is_contradicted() || pay.state.is_in_doubt() && !pay.is_proven_unsent()
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
