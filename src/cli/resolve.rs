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
use super::input::id_and_reference;
use super::office::NotResolved;
use super::output::{note, say_json, tell};
use super::refund::{self, RefundLifeView};
use super::show;
use super::spoken::Word;
use super::told::Told;
use super::view::{IntentView, sentence};
use crate::domain::cash_out::{Because, Refused, State};
use crate::domain::contradiction::{About, Found};
use crate::domain::text::Safe;
use crate::domain::transaction;
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

impl ResolveArguments {
    /// Whether something is said; otherwise the command only shows what can be.
    const fn says(&self) -> bool {
        self.internal_code.is_some() || self.not_paid || self.call_off || self.looked_into.is_some()
    }
}

pub(super) async fn run(arguments: ResolveArguments, context: &Context) -> Result<Exit, Failure> {
    if arguments.says() {
        context.may_act()?;
    }
    let (life, reader) = find(context, &arguments.id).await?;
    let reason = arguments.reason.filter(|reason| !reason.trim().is_empty());
    if let Some(Typed(found)) = arguments.looked_into {
        let reason = reason.ok_or_else(empty_reason)?;
        return look_into(&life, found, reason, context).await;
    }
    let Some(intent) = &life.intent else {
        let has_finding = arguments.internal_code.is_some() || arguments.not_paid || arguments.call_off;
        return match (life.contradicted().or(closed(&life)), has_finding || reason.is_some()) {
            (Some(_), false) => {
                show::known(&life, reader.as_ref(), context, &conflict_advice(&life).unwrap_or_default())
                    .await
            }
            (Some(_), true) => Err(Failure::usage(told!(
                "of a cash-in only --looked-into can be said, with a reason; nothing was recorded",
                "de um recebimento só se pode dizer --looked-into, com um motivo; nada foi gravado"
            ))),
            (None, _) => Err(nothing(&life, &arguments.id)),
        };
    };
    let finding = match (arguments.internal_code, arguments.not_paid, arguments.call_off, reason) {
        (Some(code), _, _, reason) => Finding::InternalCode { code: code.trim().to_owned(), reason },
        (None, true, _, Some(statement)) => Finding::NotPaid { statement },
        (None, true, _, None) => return Err(empty_reason()),
        (None, false, true, reason) => Finding::CallOff { reason },
        (None, false, false, Some(_)) => {
            return Err(Failure::usage(told!(
                "a reason without a finding: add --internal-code, --not-paid, --call-off or --looked-into. Nothing was recorded",
                "um motivo sem o que foi apurado: dê --internal-code, --not-paid, --call-off ou --looked-into. Nada foi gravado"
            )));
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
    let after = after.ok_or_else(|| {
        Failure::other(told!(
            "the owner of the journal answered something else",
            "o dono do diário respondeu outra coisa"
        ))
    })?;
    if context.json {
        say_json(&IntentView::new(&after, &context.settings.client_id));
    } else {
        tell(&sentence(&after));
        tell(&id_and_reference(after.id, &after.reference));
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

fn empty_reason() -> Failure {
    Failure::usage(told!(
        "--reason is empty: what was found, and where?",
        "--reason está vazio: o que foi apurado, e onde?"
    ))
}

/// Nothing can be said of it, and why.
fn nothing(life: &Life, id: &str) -> Failure {
    let incoming = &life.incoming;
    Failure::usage(match (&incoming.charge, &incoming.refund) {
        (None, None) if life.transaction.conflict => {
            told!(
                "{id:?} is a transaction that saldo did not order, and the gateway contradicts itself about it; its alert is \
                 acknowledged with a note: saldo alerts ack ID --note \"what was found\"",
                "{id:?} é uma transação que o saldo não pediu, e o gateway se contradiz sobre ela; o alerta dela é marcado como \
                 visto com uma nota: saldo alerts ack ID --note \"o que foi apurado\""
            )
        }
        (None, None) => {
            told!(
                "{id:?} is a transaction that saldo did not order; there is nothing to resolve",
                "{id:?} é uma transação que o saldo não pediu; não há o que resolver"
            )
        }
        (Some(charge), _) => {
            let said = cash_in::sentence(&charge.stored.asked);
            told!(
                "{said}; nothing about this charge contradicts itself, so there is nothing to resolve",
                "{said}; nada nesta cobrança se contradiz, então não há o que resolver"; said
            )
        }
        (None, Some(refund)) => {
            let said = refund::sentence(&refund.stored.asked);
            told!(
                "{said}; nothing about this refund contradicts itself, so there is nothing to resolve (saldo recover looks at \
                 it again)",
                "{said}; nada nesta devolução se contradiz, então não há o que resolver (saldo recover a verifica de novo)";
                said
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
fn conflict_advice(life: &Life) -> Option<Vec<Told>> {
    life.contradicted()?;
    let id = life.transaction.id;
    Some(vec![
        told!(
            "ask the gateway's people what was paid, with what amount and to whom",
            "pergunte ao gateway o que foi pago, com que valor e a quem"
        ),
        told!(
            "then: saldo resolve {id} --looked-into paid|not-paid|AMOUNT --reason \"what was found, and where\"",
            "depois: saldo resolve {id} --looked-into paid|not-paid|VALOR --reason \"o que foi apurado, e onde\""
        ),
        told!(
            "that takes it out of the doubts and the alerts; it pays nothing, and no other payment of the debt becomes possible",
            "isso o tira das dúvidas e dos alertas; não paga nada, e nenhum outro pagamento da dívida se torna possível"
        ),
    ])
}

/// Closes what contradicts itself.
async fn look_into(life: &Life, found: Found, reason: String, context: &Context) -> Result<Exit, Failure> {
    let id = life.transaction.id;
    let Some(about) = life.contradicted() else {
        let known = closed(life).and_then(|about| life.looked_into(about));
        let said = known.map_or_else(
            || told!("nothing about it contradicts itself", "nada nele se contradiz"),
            |looked| {
                let found = contradiction::words(looked);
                told!("it was looked into already: {found}", "já foi apurado: {found}"; found)
            },
        );
        let foreign = life.intent.is_none() && life.incoming.charge.is_none() && life.transaction.conflict;
        return Err(match foreign {
            true => nothing(life, &id.to_string()),
            false => Failure::usage(told!("{said}; nothing was recorded", "{said}; nada foi gravado"; said)),
        });
    };
    let seen = life.contradictions(about).len();
    let not_recorded = |failure: Failure| {
        let why = &failure.message;
        Failure { message: told!("nothing was recorded: {why}", "nada foi gravado: {why}"; why), ..failure }
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
        (About::Payment, Some(intent), ..) => tell(&sentence(intent)),
        (About::Charge, _, Some(charge), _) if context.json => {
            say_json(&ChargeView::new(&charge.stored, client_id));
        }
        (About::Charge, _, Some(charge), _) => tell(&cash_in::sentence(&charge.stored.asked)),
        (About::Refund, _, _, Some(refund)) if context.json => {
            say_json(&RefundLifeView::new(refund, client_id));
        }
        (About::Refund, _, _, Some(refund)) => tell(&refund::sentence(&refund.stored.asked)),
        _ => {}
    }
    note(told!(
        "recorded; it is in doubt no more. What the gateway said stays as it was, and so does what may be paid",
        "gravado; não está mais em dúvida. O que o gateway disse fica como estava, e o que pode ser pago também"
    ));
    if about == About::Payment && after.contradicted().is_none() && found == Found::NotPaid {
        note(told!(
            "no payment of this debt follows by it: to pay it after all takes another reference, and another decision",
            "nenhum pagamento desta dívida decorre disso: para pagá-la ainda assim é preciso outra referência, e outra decisão"
        ));
    }
    Ok(Exit::Done)
}

/// What a person can do about it.
fn advice(intent: &Intent) -> Vec<Told> {
    let pay = &intent.cash_out;
    let id = intent.id;
    let code = told!(
        "found at the gateway: saldo resolve {id} --internal-code CODE --reason \"where\"",
        "encontrado no gateway: saldo resolve {id} --internal-code CÓDIGO --reason \"onde\""
    );
    let ask = told!(
        "ask the gateway's people for the payment with this reference, amount and payee",
        "pergunte ao gateway pelo pagamento com esta referência, valor e recebedor"
    );
    let until = pay.window_end();
    match pay.state {
        State::Draft | State::PendingApproval | State::Approved => {
            vec![told!(
                "nothing of it was sent; to withdraw it: saldo resolve {id} --call-off",
                "nada dele foi enviado; para retirá-lo: saldo resolve {id} --call-off"
            )]
        }
        State::Unknown if pay.may_be_called_off() => vec![told!(
            "no request had an effect; it is sent until {until}: saldo recover; to withdraw it: saldo resolve {id} --call-off",
            "nenhum pedido teve efeito; é enviado até {until}: saldo recover; para retirá-lo: saldo resolve {id} --call-off"
        )],
        State::Unknown if pay.on_the_wire || !pay.frozen => {
            let again = told!(
                "the same bytes may be sent again until {until}: saldo recover",
                "os mesmos bytes podem ser reenviados até {until}: saldo recover"
            );
            vec![again, code]
        }
        State::Unknown | State::Exists => {
            let from = pay.held_from();
            let not_there = told!(
                "not there: that can be recorded from {from} on, once it is held",
                "não está lá: isso pode ser gravado a partir de {from}, quando estiver retido"
            );
            vec![ask, code, not_there]
        }
        State::Held => {
            let warning = pay.known_there.then(|| {
                told!(
                    "the gateway itself has said that it knows this reference (409): it has a payment under it, and if that \
                     was made, declaring it not paid leads to paying twice",
                    "o próprio gateway disse que conhece esta referência (409): ele tem um pagamento com ela, e se foi feito, \
                     declará-lo não pago leva a pagar duas vezes"
                )
            });
            let missing = pay.people_missing();
            let said: Vec<_> = pay.declarations.iter().map(ToString::to_string).collect();
            let so_far = (!said.is_empty()).then(|| {
                let said = said.join(", ");
                told!("; said so far by {said}", "; já declarado por {said}")
            });
            let (people, pessoas) = if missing == 1 { ("person", "pessoa") } else { ("people", "pessoas") };
            let mut lines = vec![
                ask,
                code,
                told!(
                    "not there: saldo resolve {id} --not-paid --reason \"what was found\" (it takes {missing} more \
                     {people}{so_far})",
                    "não está lá: saldo resolve {id} --not-paid --reason \"o que foi apurado\" (precisa de mais {missing} \
                     {pessoas}{so_far})"; so_far
                ),
            ];
            lines.extend(warning);
            lines
        }
        State::Accepted => vec![told!(
            "the gateway has it; saldo looks at it until it ends",
            "o gateway o tem; o saldo o acompanha até terminar"
        )],
        State::DeclaredNotPaid => vec![
            told!(
                "two people found that it was not paid; to pay the debt once more: the same cash-out command with --again",
                "duas pessoas apuraram que não foi pago; para pagar a dívida mais uma vez: o mesmo cash-out com --again"
            ),
            code,
        ],
        State::Completed | State::Rejected | State::Failed | State::Cancelled | State::Expired => {
            vec![told!("it is final; there is nothing to resolve", "é definitivo; não há o que resolver")]
        }
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
            told!(
                "you have said so already; another person has to look, as another user of this machine",
                "você já disse isso; outra pessoa precisa verificar, como outro usuário desta máquina"
            ),
        ),
        Because::TooEarly => (Exit::Later, {
            let from = pay.declarable_from().unwrap_or_else(|| pay.held_from());
            told!(
                "that can be said a day after the last request at the earliest, from {from} on, once this machine's clock \
                     and the gateway's agree that it has passed",
                "isso só pode ser dito um dia depois do último pedido, a partir de {from}, quando os relógios desta máquina \
                     e do gateway concordarem que passou"
            )
        }),
        Because::OnTheWire => (
            Exit::Later,
            told!(
                "a request for it is on the wire at this moment",
                "há um pedido dele em trânsito neste momento"
            ),
        ),
        Because::Contradicted => {
            (Exit::Usage, Told::both(|lang| lang.another_id(pay.gateway_id().map(Safe::as_str))))
        }
        Because::State | Because::TooLate | Because::Changed | Because::Sibling => {
            let mut said = vec![sentence(intent)];
            said.extend(advice(intent));
            (Exit::Usage, Told::join(&said, "; "))
        }
    };
    not_recorded(intent, Failure::new(exit, "not_resolved", why))
}

/// What was in the way of a finding says nothing of the money: the payment is as it was.
fn not_recorded(intent: &Intent, mut failure: Failure) -> Failure {
    let state = intent.cash_out.state;
    let (word, why) = (Word(transaction::State::Out(state)), &failure.message);
    failure.message = told!(
        "nothing was recorded, the payment is as it was ({word}): {why}",
        "nada foi gravado, o pagamento está como estava ({word}): {why}"; word, why
    );
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
            told!(
                "recorded; another person has to say the same before it counts as not paid. Until then do not pay it again",
                "gravado; outra pessoa precisa dizer o mesmo para que conte como não pago. Até lá não pague de novo"
            ),
        )
        .meaning(Outcome::Unknown));
    }
    if pay.state == State::DeclaredNotPaid {
        note(told!(
            "recorded; the debt may be paid once more: the same cash-out command with --again",
            "gravado; a dívida pode ser paga mais uma vez: o mesmo cash-out com --again"
        ));
    }
    Ok(Exit::Done)
}
