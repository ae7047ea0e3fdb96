//! What became of a batch: a line each for people and for scripts, the result file, the exit code.

use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use uuid::Uuid;

use super::{ADVICE, because};
use crate::cli::export::{NewFile, safe_cell};
use crate::cli::failure::{Exit, Failure, Outcome};
use crate::cli::output::{say, say_json};
use crate::cli::view::{IntentView, sentence};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::text::Safe;
use crate::engine::batch::Stopped;
use crate::journal::{BatchLine, Progress, StoredBatch};

const COLUMNS: [&str; 8] =
    ["line", "reference", "state", "end_to_end_id", "amount", "internal_code", "failure", "what_to_do"];

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
}

impl<'a> BatchView<'a> {
    pub(super) fn new(batch: &'a StoredBatch, progress: &Progress) -> Self {
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
            what_to_do: advice(line),
            payment: payment.map(|payment| IntentView::new(payment, client_id)),
        }
    }
}

/// The state's word; `waiting` for a line that was not begun, `reference_taken` where it cannot be.
fn state_of(line: &BatchLine) -> &'static str {
    match &line.payment {
        None => "waiting",
        Some(_) if line.is_taken() => "reference_taken",
        Some(payment) => payment.cash_out.state.as_str(),
    }
}

fn is_in_doubt(line: &BatchLine) -> bool {
    line.payment.as_ref().filter(|_| !line.is_taken()).is_some_and(|payment| {
        let pay = &payment.cash_out;
        pay.is_contradicted() || pay.state.is_in_doubt() && !pay.is_proven_unsent()
    })
}

/// Whether it is paid or on its way to be, as far as anybody has heard.
fn is_well(line: &BatchLine) -> bool {
    line.payment.as_ref().filter(|_| !line.is_taken()).is_some_and(|payment| {
        let pay = &payment.cash_out;
        matches!(pay.state, State::Completed | State::Accepted)
            && !pay.is_contradicted()
            && !pay.failure_reported
            && pay.refunds.is_empty()
    })
}

/// What a person does about a line; nothing where there is nothing to do.
fn advice(line: &BatchLine) -> &'static str {
    let Some(payment) = &line.payment else { return "go on with the batch: saldo batch resume" };
    if line.is_taken() {
        return "not paid: its reference names another payment; pay it under a reference of its own";
    }
    let pay = &payment.cash_out;
    if pay.is_contradicted() {
        return "ask the gateway's people what was paid, then saldo resolve; do not pay it again";
    }
    if pay.closed.is_some() && pay.state != State::Completed {
        return "it was contradicted and looked into: nothing more of this debt is paid under this reference";
    }
    if !pay.refunds.is_empty() {
        return "THE MONEY CAME BACK, all of it or a part: saldo show tells; settle it with the payee";
    }
    if pay.failure_reported {
        return "a failure was reported and is being confirmed: do not count it as paid; saldo recover asks again";
    }
    match pay.state {
        State::Completed => "",
        State::Accepted => "wait; saldo recover asks for it",
        State::Draft | State::PendingApproval => "it waits for a person",
        State::Approved | State::Unknown if pay.is_proven_unsent() => "not sent yet; saldo recover sends it",
        State::Approved | State::Unknown => "do not pay it again; saldo recover works on it",
        State::Exists | State::Held => "do not pay it again; ask the gateway's people, then saldo resolve",
        State::Rejected | State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid => {
            "not paid: mend the cause, then saldo batch resume --again"
        }
    }
}

/// One line for people.
pub(super) fn sentence_of(line: &BatchLine) -> String {
    let what = match &line.payment {
        Some(payment) if !line.is_taken() => sentence(payment),
        _ => format!("{} to {}: {}", line.line.order.amount, line.line.order.name, state_of(line)),
    };
    let advice = advice(line);
    let advice = if advice.is_empty() { String::new() } else { format!(" ({advice})") };
    format!("line {}  {}  {what}{advice}", line.line.number, line.line.reference)
}

/// One JSON object a line.
pub(super) fn say_lines(id: Uuid, lines: &[BatchLine], client_id: &str) {
    for line in lines {
        say_json(&LineView::new(id, line, client_id));
    }
}

/// Everything of a batch as one JSON object.
pub(super) fn say_batch(batch: &StoredBatch, progress: &Progress, lines: &[BatchLine], client_id: &str) {
    #[derive(Serialize)]
    struct Whole<'a> {
        #[serde(flatten)]
        batch: BatchView<'a>,
        lines: Vec<LineView<'a>>,
    }
    let lines = lines.iter().map(|line| LineView::new(batch.id, line, client_id)).collect();
    say_json(&Whole { batch: BatchView::new(batch, progress), lines });
}

/// For people: the lines that were begun and are neither paid nor accepted, then the sum.
pub(super) fn say_sum(id: Uuid, lines: &[BatchLine]) {
    for line in lines.iter().filter(|line| line.payment.is_some() && !is_well(line)) {
        say(&sentence_of(line));
    }
    let done = lines.iter().filter(|line| is_well(line));
    let amount = crate::domain::batch::total(done.clone().map(|line| line.line.order.amount));
    say(&format!("batch {id}: {} of {} lines are paid or accepted, {amount}", done.count(), lines.len()));
}

/// Where the result goes unless somebody names another place.
pub(super) fn beside(file: &Path) -> PathBuf {
    let is_csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let mut name = if is_csv { file.with_extension("") } else { file.to_owned() }.into_os_string();
    name.push(".result.csv");
    name.into()
}

/// Whether a file can be made there.
pub(super) fn check_place(result: &Path) -> Result<(), Failure> {
    NewFile::beside(result, true).map(drop).map_err(|failure| Failure {
        message: format!("{}; nothing was sent: name another place with --result", failure.message),
        ..failure
    })
}

/// Writes the result file: whole or not at all, for its owner alone.
pub(super) fn write(result: &Path, lines: &[BatchLine]) -> Result<(), String> {
    let said = |failure: Failure| failure.message;
    let mut file = NewFile::beside(result, true).map_err(said)?;
    rows(file.writer(), lines).map_err(|error| error.to_string())?;
    file.keep().map_err(said)
}

fn rows(out: &mut dyn io::Write, lines: &[BatchLine]) -> io::Result<()> {
    let mut out = csv::Writer::from_writer(out);
    out.write_record(COLUMNS)?;
    for line in lines {
        let payment = line.payment.as_ref().filter(|_| !line.is_taken());
        let pay = payment.map(|payment| &payment.cash_out);
        let text =
            |value: Option<&Safe>| value.map_or(String::new(), |text| safe_cell(text.as_str()).into_owned());
        let failure = pay.and_then(|pay| pay.last_report.as_ref()).and_then(|report| report.failure.as_ref());
        let failure = failure.map(|failure| format!("{}: {}", failure.code, failure.message));
        let verdict =
            pay.filter(|pay| pay.state == State::Rejected).and_then(|pay| pay.last_verdict.as_ref());
        let refusal = match verdict {
            Some(crate::domain::attempt::Verdict::NotExecuted(proof)) => {
                Some(Failure::not_executed(proof).message)
            }
            _ => None,
        };
        out.write_record([
            line.line.number.to_string().as_str(),
            &safe_cell(line.line.reference.as_str()),
            state_of(line),
            &text(pay.and_then(|pay| pay.end_to_end_id.as_ref())),
            &line.line.order.amount.to_decimal(),
            &text(pay.and_then(|pay| pay.ids.internal_code.as_ref())),
            &safe_cell(&failure.or(refusal).unwrap_or_default()),
            advice(line),
        ])?;
    }
    out.flush()
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
    let left = format!("{waiting} of {} lines were not begun", lines.len());
    let why = match stopped {
        Ok(None) => None,
        Ok(Some(stopped)) => Some(because(stopped)),
        Err(failure) => Some(failure),
    };
    if doubts > 0 {
        let why = why.map(|failure| {
            format!(". {left}: {}; `saldo batch resume {id}` goes on with them", failure.message)
        });
        let why = why.unwrap_or_default();
        return Err(Failure::new(
            Exit::Unknown,
            "in_doubt",
            format!(
                "{doubts} of {} lines are in doubt; do not pay them under other references, `saldo recover` works on them{why}",
                lines.len()
            ),
        )
        .retryable()
        .meaning(Outcome::Unknown));
    }
    if let Some(failure) = why {
        return Err(Failure {
            message: format!("{}; {left}. {ADVICE} (`saldo batch resume {id}`)", failure.message),
            ..failure
        });
    }
    let unsent =
        count(&|line| line.payment.as_ref().is_some_and(|payment| payment.cash_out.is_proven_unsent()));
    if unsent > 0 {
        return Err(Failure::new(
            Exit::Later,
            "not_sent",
            format!(
                "{unsent} of {} lines are decided and not sent yet; `saldo recover` sends them",
                lines.len()
            ),
        )
        .retryable()
        .meaning(Outcome::Pending));
    }
    let not_paid = count(&|line| !is_well(line));
    if not_paid > 0 {
        return Err(Failure::new(
            Exit::Refused,
            "not_paid",
            format!(
                "{not_paid} of {} lines were refused, failed or came back; the others are paid or accepted. Mend the cause; \
                 `saldo batch resume {id} --again` pays those once more that ended unpaid",
                lines.len()
            ),
        )
        .meaning(Outcome::NotExecuted));
    }
    Ok(Exit::Done)
}
