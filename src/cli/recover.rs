//! `saldo recover`: take up every payment, charge and refund that is not final, once.

use serde::Serialize;

use super::cash_in::{self, ChargeView};
use super::cash_out::after_the_window;
use super::context::Context;
use super::failure::{Exit, Failure, Outcome};
use super::output::{note, say_json, tell};
use super::refund::{self, RefundView};
use super::told::Told;
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
    context.may_act()?;
    let Recovered { payments: taken_up, cash_ins, rebalances_in_doubt } =
        context.office().await?.recover().await?;
    let mut notes = Vec::new();
    for doubt in rebalances_in_doubt {
        // Compared, never decided: that is a person's to do.
        let seen = looks(&doubt.rebalance);
        let (target, id) = (doubt.rebalance.terms.target, doubt.id);
        notes.push(told!(
            "a rebalance to {target} is in doubt; {seen}. Compare with `saldo balance`, then settle it with \
             `saldo rebalance --after-doubt {id}`",
            "um rebalanceamento para {target} está incerto; {seen}. Compare com `saldo balance`, depois resolva com \
             `saldo rebalance --after-doubt {id}`"; seen
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
        tell(&told!(
            "no payment, charge or refund is open",
            "nenhum pagamento, cobrança ou devolução está em aberto"
        ));
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
            tell(&told!("{id}  {said}", "{id}  {said}"; said));
        }
        notes.extend(trouble.as_ref().map(|trouble| told!("{id}: {trouble}", "{id}: {trouble}"; trouble)));
    }
    for (intent, _) in &taken_up {
        if !context.json {
            let (id, said) = (intent.id, sentence(intent));
            tell(&told!("{id}  {said}", "{id}  {said}"; said));
        }
        if intent.cash_out.frozen {
            let (reference, advice) = (&intent.reference, after_the_window());
            notes.push(told!("{reference}: {advice}", "{reference}: {advice}"; advice));
        }
    }
    let verdict = verdict(&taken_up).and_then(|exit| of_cash_ins(&cash_ins).map_or(Ok(exit), Err));
    // What the verdict says already is not said twice.
    let said = verdict.as_ref().err().map_or("", |failure| failure.message.en());
    for (intent, trouble) in &taken_up {
        if let Some(trouble) = trouble.as_ref().filter(|_| !said.starts_with(intent.reference.as_str())) {
            let reference = &intent.reference;
            notes.push(told!("{reference}: {trouble}", "{reference}: {trouble}"; trouble));
        }
    }
    match verdict {
        // In JSON there is one object on standard error, so it holds every line.
        Err(failure) if context.json => {
            notes.insert(0, failure.message.clone());
            Err(Failure { message: Told::join(&notes, "\n"), ..failure })
        }
        verdict => {
            notes.into_iter().for_each(note);
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
        let told = [(refunds, refunds_in_doubt(refunds)), (charges, charges_in_doubt(charges))];
        let told: Vec<Told> =
            told.into_iter().filter(|(count, _)| *count > 0).map(|(_, told)| told).collect();
        let message = Told::join(&told, ". ");
        return Some(Failure::new(Exit::Unknown, "in_doubt", message).retryable().meaning(Outcome::Unknown));
    }
    let unsent = recovered.refunds.iter().find(|(refund, _)| refund.asked.is_proven_unsent());
    unsent.map(|(refund, trouble)| refund::not_sent(&refund.asked, trouble.as_ref()))
}

fn refunds_in_doubt(count: usize) -> Told {
    if count == 1 {
        return told!(
            "1 refund is still in doubt; do not give the money back in another way",
            "1 devolução continua incerta; não devolva o dinheiro de outro jeito"
        );
    }
    told!(
        "{count} refunds are still in doubt; do not give the money back in another way",
        "{count} devoluções continuam incertas; não devolva o dinheiro de outro jeito"
    )
}

fn charges_in_doubt(count: usize) -> Told {
    if count == 1 {
        return told!(
            "1 charge is still in doubt; do not charge it under another reference",
            "1 cobrança continua incerta; não cobre com outra referência"
        );
    }
    told!(
        "{count} charges are still in doubt; do not charge it under another reference",
        "{count} cobranças continuam incertas; não cobre com outra referência"
    )
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
            {
                let all = taken_up.len();
                told!(
                    "{in_doubt} of {all} open payments are still in doubt; do not pay them under another reference",
                    "{in_doubt} de {all} pagamentos em aberto continuam incertos; não os pague com outra referência"
                )
            },
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
            Failure::new(Exit::Later, "not_settled", sentence(intent))
                .and(Told::of(trouble))
                .retryable()
                .meaning(Outcome::Pending)
        };
        Some((intent, failure))
    });
    match in_the_way {
        None => Ok(Exit::Done),
        Some((intent, failure)) => {
            let (reference, why) = (&intent.reference, &failure.message);
            Err(Failure { message: told!("{reference}: {why}", "{reference}: {why}"; why), ..failure })
        }
    }
}
