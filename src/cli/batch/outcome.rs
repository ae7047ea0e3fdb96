//! What became of a batch: a line each for people and for scripts, the result file, the exit code.

use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{advice, because};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::output::{say_json, tell};
use crate::cli::told::Told;
use crate::cli::view::{IntentView, sentence};
use crate::domain::batch::{Advice, LineStand};
use crate::domain::cash_out::CashOut;
use crate::domain::money::Centavos;
use crate::engine::batch::Stopped;
use crate::engine::new_file::NewFile;
use crate::journal::{BatchLine, Progress, StoredBatch};
use crate::lang::Lang;

/// A batch, for scripts.
#[derive(Debug, Serialize)]
pub(super) struct BatchView<'a> {
    id: Uuid,
    name: &'a str,
    maker: String,
    created_at: String,
    count: u32,
    total_centavos: Centavos,
    waiting: u32,
    at_work: u32,
    in_doubt: u32,
    accepted: u32,
    completed: u32,
    not_paid: u32,
    /// Since when nobody begins the lines that wait; `null` where none does, or somebody may be at it.
    stands_since: Option<String>,
}

impl<'a> BatchView<'a> {
    pub(super) fn new(batch: &'a StoredBatch, progress: &Progress, since: Option<Timestamp>) -> Self {
        Self {
            id: batch.id,
            name: batch.name.as_str(),
            maker: batch.maker.to_string(),
            created_at: batch.created_at.to_string(),
            count: batch.count,
            total_centavos: batch.total,
            waiting: progress.waiting.count,
            at_work: progress.at_work.count,
            in_doubt: progress.in_doubt.count,
            accepted: progress.accepted.count,
            completed: progress.completed.count,
            not_paid: progress.not_paid.count,
            stands_since: since.map(|since| since.to_string()),
        }
    }
}

/// A line, for scripts: the payment as everywhere, `null` where there is none.
#[derive(Debug, Serialize)]
struct LineView<'a> {
    batch: Uuid,
    line: u32,
    external_reference: &'a str,
    amount_centavos: Centavos,
    state: &'static str,
    end_to_end_id: Option<String>,
    what_to_do: &'static str,
    payment: Option<IntentView>,
}

impl<'a> LineView<'a> {
    fn new(batch: Uuid, line: &'a BatchLine, client_id: &str) -> Self {
        let payment = line.payment.as_ref().filter(|_| !line.is_taken());
        Self {
            batch,
            line: line.line.number,
            external_reference: line.line.reference.as_str(),
            amount_centavos: line.line.order.amount,
            state: state_of(line),
            end_to_end_id: payment
                .and_then(|payment| payment.cash_out.end_to_end_id.as_ref())
                .map(ToString::to_string),
            what_to_do: Lang::En.batch_advice(advice_of(line)),
            payment: payment.map(|payment| IntentView::new(payment, client_id)),
        }
    }
}

fn is_in_doubt(line: &BatchLine) -> bool {
    line.payment.as_ref().filter(|_| !line.is_taken()).is_some_and(|payment| {
        let pay = &payment.cash_out;
        pay.is_contradicted() || pay.state.is_in_doubt() && !pay.is_proven_unsent()
    })
}

/// The state's word; `waiting` for a line that was not begun, `reference_taken` where it cannot be.
fn state_of(line: &BatchLine) -> &'static str {
    stand_of(line).as_str()
}

fn stand_of(line: &BatchLine) -> LineStand {
    LineStand::of(pay_of(line), line.is_taken())
}

fn advice_of(line: &BatchLine) -> Advice {
    Advice::of(pay_of(line), line.is_taken())
}

fn pay_of(line: &BatchLine) -> Option<&CashOut> {
    line.payment.as_ref().map(|payment| &payment.cash_out)
}

/// Whether it is paid or on its way to be, as far as anybody has heard.
fn is_well(line: &BatchLine) -> bool {
    advice_of(line).is_well()
}

/// One line for people.
pub(super) fn sentence_of(line: &BatchLine) -> Told {
    let what = match &line.payment {
        Some(payment) if !line.is_taken() => sentence(payment),
        _ => {
            let (amount, name, stand) = (line.line.order.amount, &line.line.order.name, stand_of(line));
            let stand = Told::both(|lang| match lang {
                Lang::En => stand.as_str().to_owned(),
                Lang::PtBr => lang.line_stand(stand).to_owned(),
            });
            told!("{amount} to {name}: {stand}", "{amount} para {name}: {stand}"; stand)
        }
    };
    let advice = Told::both(|lang| match lang.batch_advice(advice_of(line)) {
        "" => String::new(),
        advice => format!(" ({advice})"),
    });
    let (number, reference) = (line.line.number, &line.line.reference);
    told!("line {number}  {reference}  {what}{advice}", "linha {number}  {reference}  {what}{advice}"; what, advice)
}

/// One JSON object a line.
pub(super) fn say_lines(id: Uuid, lines: &[BatchLine], client_id: &str) {
    for line in lines {
        say_json(&LineView::new(id, line, client_id));
    }
}

/// Everything of a batch as one JSON object.
pub(super) fn say_batch(
    batch: &StoredBatch,
    (progress, since): (&Progress, Option<Timestamp>),
    lines: &[BatchLine],
    client_id: &str,
) {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        batch: BatchView<'a>,
        lines: Vec<LineView<'a>>,
    }
    let lines = lines.iter().map(|line| LineView::new(batch.id, line, client_id)).collect();
    say_json(&Whole { batch: BatchView::new(batch, progress, since), lines });
}

/// `1 of 1 line is`, `2 of 3 lines are`; `1 de 1 linha está`, `2 de 3 linhas estão`
fn of(count: usize, all: usize) -> Told {
    let lines = lines_of(all);
    let (is, esta) = if count == 1 { ("is", "está") } else { ("are", "estão") };
    told!("{count} of {lines} {is}", "{count} de {lines} {esta}"; lines)
}

fn lines_of(count: usize) -> Told {
    if count == 1 { told!("1 line", "1 linha") } else { told!("{count} lines", "{count} linhas") }
}

/// For people: the lines that were begun and are neither paid nor accepted, then the sum.
pub(super) fn say_sum(id: Uuid, lines: &[BatchLine]) {
    for line in lines.iter().filter(|line| line.payment.is_some() && !is_well(line)) {
        tell(&sentence_of(line));
    }
    let done = lines.iter().filter(|line| is_well(line));
    let amount = crate::domain::batch::total(done.clone().map(|line| line.line.order.amount));
    let done = of(done.count(), lines.len());
    tell(
        &told!("batch {id}: {done} paid or accepted, {amount}", "lote {id}: {done} pagas ou aceitas, {amount}"; done),
    );
}

/// Whether a file can be made there.
pub(super) fn check_place(result: &Path) -> Result<(), Failure> {
    NewFile::beside(result, true).map(drop).map_err(|why| {
        Failure::from(why).and(told!(
            "nothing was sent: name another place with --result",
            "nada foi enviado: dê outro lugar com --result"
        ))
    })
}

/// The exit code and its reason: doubt first, then what stopped the batch, then what was refused.
pub(super) fn verdict(
    id: Uuid,
    lines: &[BatchLine],
    stopped: Result<Option<Stopped>, Failure>,
) -> Result<Exit, Failure> {
    let count = |is: &dyn Fn(&BatchLine) -> bool| lines.iter().filter(|line| is(line)).count();
    let doubts = count(&is_in_doubt);
    let waiting = count(&|line| line.payment.is_none());
    let all = lines_of(lines.len());
    let left = if waiting == 1 {
        told!("1 of {all} was not begun", "1 de {all} não foi começada"; all)
    } else {
        told!("{waiting} of {all} were not begun", "{waiting} de {all} não foram começadas"; all)
    };
    let why = match stopped {
        Ok(None) => None,
        Ok(Some(stopped)) => Some(because(stopped)),
        Err(failure) => Some(failure),
    };
    if doubts > 0 {
        let why = why.map(|failure| {
            let why = failure.message;
            told!(
                ". {left}: {why}; `saldo batch resume {id}` goes on with them",
                ". {left}: {why}; `saldo batch resume {id}` continua com elas"; left, why
            )
        });
        let doubtful = of(doubts, lines.len());
        let (it, a) = if doubts == 1 { ("it", "a") } else { ("them", "as") };
        return Err(Failure::new(
            Exit::Unknown,
            "in_doubt",
            told!(
                "{doubtful} in doubt; do not pay {it} under other references, `saldo recover` works on {it}{why}",
                "{doubtful} em dúvida; não {a} pague com outra referência, `saldo recover` cuida disso{why}";
                doubtful, why
            ),
        )
        .retryable()
        .meaning(Outcome::Unknown));
    }
    if let Some(failure) = why {
        let (why, advice) = (&failure.message, advice());
        return Err(Failure {
            message: told!(
                "{why}; {left}. {advice} (`saldo batch resume {id}`)",
                "{why}; {left}. {advice} (`saldo batch resume {id}`)"; why, left, advice
            ),
            ..failure
        });
    }
    let unsent =
        count(&|line| line.payment.as_ref().is_some_and(|payment| payment.cash_out.is_proven_unsent()));
    if unsent > 0 {
        return Err(Failure::new(Exit::Later, "not_sent", {
            let unsent_lines = of(unsent, lines.len());
            let (it, a) = if unsent == 1 { ("it", "a") } else { ("them", "as") };
            told!(
                "{unsent_lines} decided and not sent yet; `saldo recover` sends {it}",
                "{unsent_lines} em aberto, sem sair ainda; `saldo recover` {a} envia"; unsent_lines
            )
        })
        .retryable()
        .meaning(Outcome::Pending));
    }
    let confirming = count(&|line| advice_of(line) == Advice::Confirming);
    let not_paid = count(&|line| !is_well(line)) - confirming;
    if not_paid > 0 {
        return Err(Failure::new(
            Exit::Refused,
            "not_paid",
            {
                let (was, foi) = if not_paid == 1 {
                    ("was refused, failed or came back", "foi recusada, falhou ou voltou")
                } else {
                    ("were refused, failed or came back", "foram recusadas, falharam ou voltaram")
                };
                let rest = (not_paid < lines.len()).then(|| {
                    told!("; the others are paid or accepted", "; as outras estão pagas ou aceitas")
                });
                told!(
                    "{not_paid} of {all} {was}{rest}. Mend the cause; `saldo batch resume {id} --again` pays those once more \
                     that ended unpaid",
                    "{not_paid} de {all} {foi}{rest}. Corrija a causa; `saldo batch resume {id} --again` paga mais uma vez as \
                     que terminaram sem pagamento"; all, rest
                )
            },
        )
        .meaning(Outcome::NotExecuted));
    }
    if confirming > 0 {
        return Err(Failure::new(Exit::Later, "confirming", {
            let lines = of(confirming, lines.len());
            told!(
                "{lines} reported as failed and being confirmed: neither paid nor proven unpaid yet. The same command in a minute tells",
                "{lines} com falha informada, em confirmação: nem pagas nem provadas não pagas ainda. O mesmo comando em um minuto diz";
                lines
            )
        })
        .retryable()
        .meaning(Outcome::Pending));
    }
    Ok(Exit::Done)
}
