//! The file that says what became of each line of a batch: the same one, whoever asks for it.

use std::io;
use std::path::{Path, PathBuf};

use csv::{Terminator, WriterBuilder};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::at_home;
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::batch::{Advice, LineStand, ResultForm};
use crate::domain::cash_out::{CashOut, State};
use crate::domain::text::{Safe, safe_cell};
use crate::engine::message::{News, ResultFile, ResultPlace};
use crate::engine::new_file::{NewFile, NotWritten};
use crate::journal::{BatchLine, BatchReader};

/// What a program such as Excel needs to see that it is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Where the result goes unless somebody names another place: beside the file.
pub fn beside(file: &Path) -> PathBuf {
    let is_csv = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    let mut name = if is_csv { file.with_extension("") } else { file.to_owned() }.into_os_string();
    name.push(".result.csv");
    name.into()
}

/// Writes the result file: whole or not at all, for its owner alone. One that is there is replaced.
///
/// # Errors
///
/// [`NotWritten`]: what was there before is still there.
pub fn write_result(place: &Path, lines: &[BatchLine], form: &ResultForm) -> Result<(), NotWritten> {
    let mut file = NewFile::beside(place, true)?;
    rows(file.writer(), lines, form).map_err(|error| NotWritten::of(place, &error))?;
    file.keep()
}

/// Writes what became of each line, and tells the screen where it is, or why it is not.
pub async fn write_and_tell(
    journal: &dyn BatchReader,
    id: Uuid,
    file: &ResultFile,
    news: &mpsc::Sender<News>,
) {
    let place = match &file.place {
        ResultPlace::BesideFile(path) => beside(&at_home(Path::new(path))),
        // Named after the batch: no file of another one is replaced.
        ResultPlace::AtHome(name) => {
            let name = Path::new(name).file_name().unwrap_or_default();
            let short: String = id.simple().to_string().chars().take(8).collect();
            let mut stem = Path::new(name).with_extension("").into_os_string();
            stem.push(format!(".{short}"));
            beside(&at_home(&Path::new("~").join(stem)))
        }
    };
    let written = match journal.batch_lines(id).await {
        Ok(lines) => {
            let (place, form) = (place.clone(), file.form);
            let work = tokio::task::spawn_blocking(move || write_result(&place, &lines, &form));
            work.await.map_err(|error| error.to_string()).and_then(|done| done.map_err(|why| why.to_string()))
        }
        Err(error) => Err(error.to_string()),
    };
    let outcome = match written {
        Ok(()) => Ok(Safe::new(&place.display().to_string())),
        Err(why) => Err(Safe::new(&why)),
    };
    // Nobody listens any more while saldo ends.
    let _ = news.send(News::BatchResult { id, outcome }).await;
}

fn rows(out: &mut dyn io::Write, lines: &[BatchLine], form: &ResultForm) -> io::Result<()> {
    let end = if form.is_for_spreadsheets { Terminator::CRLF } else { Terminator::Any(b'\n') };
    if form.is_for_spreadsheets {
        out.write_all(BYTE_ORDER_MARK)?;
    }
    let mut out = WriterBuilder::new().delimiter(form.separator).terminator(end).from_writer(out);
    out.write_record(form.columns)?;
    for line in lines {
        let payment = line.payment.as_ref().filter(|_| !line.is_taken());
        let pay = payment.map(|payment| &payment.cash_out);
        let text =
            |value: Option<&Safe>| value.map_or(String::new(), |text| safe_cell(text.as_str()).into_owned());
        let amount = line.line.order.amount;
        let known = line.payment.as_ref().map(|payment| &payment.cash_out);
        out.write_record([
            line.line.number.to_string().as_str(),
            &safe_cell(line.line.reference.as_str()),
            (form.stand)(LineStand::of(known, line.is_taken())),
            &text(pay.and_then(|pay| pay.end_to_end_id.as_ref())),
            &if form.decimal_comma { amount.to_typed() } else { amount.to_decimal() },
            &text(pay.and_then(|pay| pay.ids.internal_code.as_ref())),
            &safe_cell(&pay.and_then(failure).unwrap_or_default()),
            (form.advice)(Advice::of(known, line.is_taken())),
        ])?;
    }
    out.flush()
}

/// Why a payment came to nothing, in the gateway's own words.
fn failure(pay: &CashOut) -> Option<String> {
    if let Some(failure) = pay.last_report.as_ref().and_then(|report| report.failure.as_ref()) {
        return Some(format!("{}: {}", failure.code, failure.message));
    }
    let verdict = pay.last_verdict.as_ref().filter(|_| pay.state == State::Rejected)?;
    let Verdict::NotExecuted(proof) = verdict else { return None };
    match proof {
        NotExecuted::Refused(problem)
        | NotExecuted::Unauthorized(problem)
        | NotExecuted::Forbidden(problem) => Some(problem.to_string()),
        NotExecuted::Unreachable(why) | NotExecuted::NoToken(why) => Some(why.to_string()),
        NotExecuted::TooLate | NotExecuted::ClockSkew { .. } | NotExecuted::TooMany { .. } => None,
    }
}
