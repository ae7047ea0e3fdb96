//! What a batch would do, before it does: totals, the balance afterwards, what looks like a repeat.

use serde::Serialize;
use uuid::Uuid;

use crate::cli::cockpit::zone;
use crate::cli::context::Context;
use crate::cli::effect::{Effect, EffectView};
use crate::cli::output::{say_json, tell};
use crate::cli::payees::PayeeWarning;
use crate::cli::spoken::Word;
use crate::cli::told::Told;
use crate::domain::batch::{Like, Line, Repeat, Ways, total};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::text::Safe;
use crate::domain::transaction;
use crate::engine::batch::Examined;
use crate::journal::sqlite::SqliteReader;

/// A batch as it is looked at before it is paid.
pub(super) struct Review {
    pub(super) examined: Examined,
    /// Lines that are paid now: those not begun, and those that are paid once more.
    pub(super) now: Vec<Line>,
    effect: Effect,
}

/// One repeat, as a person reads it.
pub(super) fn repeat_text(repeat: &Repeat) -> Told {
    let line = repeat.line;
    match &repeat.like {
        Like::Line(earlier) => told!(
            "line {line}: the same payee and amount as line {earlier}",
            "linha {line}: o mesmo recebedor e valor da linha {earlier}"
        ),
        Like::Payment { at, state, reference } => {
            let at = at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M");
            let named = reference.as_ref().map(|reference| format!(", {reference}")).unwrap_or_default();
            let state = Word(*state);
            told!(
                "line {line}: the same payee and amount as a payment of {at} ({state}{named})",
                "linha {line}: o mesmo recebedor e valor de um pagamento de {at} ({state}{named})"; state
            )
        }
    }
}

#[derive(Debug, Serialize)]
struct ReviewView<'a> {
    batch: Uuid,
    name: &'a str,
    count: usize,
    total_centavos: Centavos,
    by_key: usize,
    by_account: usize,
    /// Lines whose payment the journal has already: nothing new is made of them.
    known: usize,
    /// Lines that are paid now, and their sum.
    paying: usize,
    paying_centavos: Centavos,
    repeats: Vec<RepeatView<'a>>,
    /// Lines whose payee asks for a second look.
    payees: Vec<PayeeOfLine>,
    #[serde(flatten)]
    effect: EffectView,
}

#[derive(Debug, Serialize)]
struct PayeeOfLine {
    line: u32,
    #[serde(flatten)]
    warning: PayeeWarning,
}

#[derive(Debug, Serialize)]
struct RepeatView<'a> {
    line: u32,
    of_line: Option<u32>,
    of_reference: Option<&'a str>,
}

impl Review {
    /// Reads the balance, and what the journal knows of the wallet. What cannot be read is said and is no error.
    pub(super) async fn look(
        context: &Context,
        reader: Option<&SqliteReader>,
        examined: Examined,
        again: bool,
    ) -> Self {
        let repaid: Vec<u32> = examined
            .known
            .iter()
            .filter(|(_, state)| again && is_unpaid(*state))
            .map(|(line, _)| *line)
            .collect();
        let lines = examined
            .new_lines()
            .chain(examined.batch.lines.iter().filter(|line| repaid.binary_search(&line.number).is_ok()));
        let lines: Vec<Line> = lines.cloned().collect();
        let effect = Effect::look(context, reader, total(lines.iter().map(|line| line.order.amount))).await;
        Self { examined, now: lines, effect }
    }

    fn paying(&self) -> Centavos {
        total(self.now.iter().map(|line| line.order.amount))
    }

    pub(super) fn tell(&self, context: &Context) {
        if !context.json {
            tell(&self.text(context));
            return;
        }
        let batch = &self.examined.batch;
        let ways = Ways::of(&batch.lines);
        say_json(&ReviewView {
            batch: batch.id(),
            name: batch.name.as_str(),
            count: batch.lines.len(),
            total_centavos: batch.total(),
            by_key: ways.by_key,
            by_account: ways.by_account,
            known: self.examined.known.len(),
            paying: self.now.len(),
            paying_centavos: self.paying(),
            repeats: self.examined.repeats.iter().map(RepeatView::new).collect(),
            payees: self
                .examined
                .payees
                .iter()
                .map(|(line, finding)| PayeeOfLine { line: *line, warning: PayeeWarning::of(finding) })
                .collect(),
            effect: self.effect.view(context),
        });
    }

    pub(super) fn text(&self, context: &Context) -> Told {
        let Examined { batch, begun, known, repeats, payees } = &self.examined;
        let Ways { by_key, by_account, .. } = Ways::of(&batch.lines);
        let (environment, name, id) = (context.settings.environment, &batch.name, batch.id());
        let (count, sum) = (payments(batch.lines.len()), batch.total());
        let mut text = vec![
            told!(
                "[{environment}] batch {name}: {count} for {sum} ({by_key} by PIX key, {by_account} by account; names were \
                 typed, the gateway has not verified them)",
                "[{environment}] lote {name}: {count}, {sum} ({by_key} por chave Pix, {by_account} por conta; os nomes foram \
                 digitados, o gateway não os verificou)"; count
            ),
            told!("id {id}", "id {id}"),
        ];
        if let Some(begun) = begun {
            let at = begun.created_at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M");
            let maker = &begun.maker;
            text.push(told!(
                "it was begun on {at} by {maker}, and goes on where it was",
                "foi começado em {at} por {maker}, e continua de onde parou"
            ));
        }
        if !known.is_empty() {
            let (count, states) = (known.len(), by_state(known));
            text.push(if count == 1 {
                told!(
                    "1 is in the journal already ({states}); nothing new is made of what may have been paid",
                    "1 já está no diário ({states}); nada de novo é feito do que pode ter sido pago"; states
                )
            } else {
                told!(
                    "{count} are in the journal already ({states}); nothing new is made of what may have been paid",
                    "{count} já estão no diário ({states}); nada de novo é feito do que pode ter sido pago"; states
                )
            });
        }
        let (now, paying) = (payments(self.now.len()), self.paying());
        text.push(told!("to be paid now: {now} for {paying}", "a pagar agora: {now}, {paying}"; now));
        text.extend(self.effect.text(context));
        text.extend(repeats.iter().map(repeat_text));
        text.extend(payees.iter().map(|(line, finding)| {
            let told = PayeeWarning::of(finding).text();
            told!("line {line}: {told}", "linha {line}: {told}"; told)
        }));
        Told::join(&text, "\n  ")
    }
}

impl<'a> RepeatView<'a> {
    fn new(repeat: &'a Repeat) -> Self {
        let (of_line, of_reference) = match &repeat.like {
            Like::Line(line) => (Some(*line), None),
            Like::Payment { reference, .. } => (None, reference.as_ref().map(Safe::as_str)),
        };
        Self { line: repeat.line, of_line, of_reference }
    }
}

/// Whether a payment in this state ended and no money moved.
fn is_unpaid(state: State) -> bool {
    state.is_final() && !state.may_have_paid()
}

fn payments(count: usize) -> Told {
    if count == 1 {
        told!("1 payment", "1 pagamento")
    } else {
        told!("{count} payments", "{count} pagamentos")
    }
}

/// `3 completed, 1 unknown`
fn by_state(known: &[(u32, State)]) -> Told {
    let counted = State::ALL.map(|state| (known.iter().filter(|(_, one)| *one == state).count(), state));
    let told = counted.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<Told> = told
        .map(|(count, state)| {
            let state = Word(transaction::State::Out(state));
            told!("{count} {state}", "{count} {state}"; state)
        })
        .collect();
    Told::join(&told, ", ")
}
