//! `saldo export`: the history as a file for other programs, in memory that does not grow with it.

mod ofx;
mod sheet;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say_json};
use super::select::{Pages, Selection};
use super::unwritten;
use super::view::TransactionView;
use crate::domain::transaction::Transaction;
use crate::engine::clock;
use crate::engine::new_file::NewFile;
use crate::journal::Reader;
use ofx::Statement;

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// How to write them: csv for programs, csv-br for spreadsheets in Portuguese, ofx of what has settled, jsonl
    #[arg(long, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    selection: Selection,
    /// Into this file, which only its owner may read; otherwise to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    CsvBr,
    Ofx,
    Jsonl,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// RFC 4180: commas, centavos, UTC.
    Csv,
    /// For spreadsheets in Portuguese: semicolons, decimal commas, the desk's zone, a byte order mark.
    CsvBr,
    /// OFX 1.0.2, of what has settled.
    Ofx,
    /// One JSON object a line.
    Jsonl,
    /// One JSON array.
    Json,
}

/// What is known before the first row.
pub(super) struct Writing {
    shape: Shape,
    zone: TimeZone,
    statement: Option<Statement>,
}

impl Writing {
    pub(super) async fn new(
        shape: Shape,
        context: &Context,
        reader: Option<&(impl Reader + ?Sized)>,
    ) -> Result<Self, Failure> {
        let statement = match shape {
            Shape::Ofx => {
                let balance = match reader {
                    Some(reader) => reader.balance().await?,
                    None => None,
                };
                Some(Statement { account: context.settings.client_id.clone(), now: clock::now(), balance })
            }
            _ => None,
        };
        Ok(Self { shape, zone: zone(), statement })
    }

    fn page(&self, rows: &[Transaction], is_first: bool) -> Result<Vec<u8>, io::Error> {
        let mut bytes = Vec::with_capacity(rows.len() * 320);
        match (self.shape, &self.statement) {
            (Shape::Csv, _) => return sheet::page(bytes, rows, is_first),
            (Shape::CsvBr, _) => return sheet::page_br(bytes, rows, is_first, &self.zone),
            (Shape::Ofx, Some(statement)) => {
                if is_first {
                    bytes.extend(statement.head(rows.first(), &self.zone).into_bytes());
                }
                for row in rows {
                    bytes.extend(ofx::lines(row, &self.zone).into_bytes());
                }
            }
            (Shape::Ofx, None) => {}
            (Shape::Jsonl, _) => {
                for row in rows {
                    serde_json::to_writer(&mut bytes, &TransactionView::new(row))?;
                    bytes.push(b'\n');
                }
            }
            (Shape::Json, _) => {
                for (number, row) in rows.iter().enumerate() {
                    bytes.push(if is_first && number == 0 { b'[' } else { b',' });
                    serde_json::to_writer(&mut bytes, &TransactionView::new(row))?;
                }
            }
        }
        Ok(bytes)
    }

    fn tail(&self, is_empty: bool) -> String {
        match (self.shape, &self.statement) {
            (Shape::Json, _) => if is_empty { "[]\n" } else { "]\n" }.to_owned(),
            (Shape::Ofx, Some(statement)) => statement.tail(&self.zone),
            _ => String::new(),
        }
    }
}

pub(super) async fn run(arguments: ExportArguments, context: &Context) -> Result<Exit, Failure> {
    let shape = match arguments.format {
        Format::Csv => Shape::Csv,
        Format::CsvBr => Shape::CsvBr,
        Format::Ofx => Shape::Ofx,
        Format::Jsonl => Shape::Jsonl,
    };
    let query = arguments.selection.query()?;
    let reader = context.reader().await?;
    let writing = Writing::new(shape, context, reader.as_deref()).await?;
    let Some(path) = &arguments.output else {
        let pages = Pages::oldest_first(reader, query).await?;
        write_rows(writing, pages, &mut io::stdout().lock()).await?;
        return Ok(Exit::Done);
    };
    let mut file = NewFile::beside(path, arguments.force)?;
    let pages = Pages::oldest_first(reader, query).await?;
    let rows = write_rows(writing, pages, file.writer()).await?;
    file.keep()?;
    let path = path.display();
    if context.json {
        say_json(&Written { rows, file: path.to_string() });
    }
    note(told!("{rows} transactions are in {path}", "{rows} transações estão em {path}"));
    Ok(Exit::Done)
}

/// What was written, for scripts.
#[derive(Debug, serde::Serialize)]
struct Written {
    rows: u64,
    file: String,
}

/// Writes all of it, and says how many rows there were. A reader that has gone away has what it wanted.
pub(super) async fn write_rows(
    writing: Writing,
    mut pages: Pages,
    out: &mut dyn Write,
) -> Result<u64, Failure> {
    let mut count = 0_u64;
    let mut is_first = true;
    let done = loop {
        let rows = pages.next().await?;
        let is_last = rows.is_none();
        let rows = rows.unwrap_or_default();
        // The first page carries the heading, even if it is empty.
        let bytes = if is_last && !is_first { Ok(Vec::new()) } else { writing.page(&rows, is_first) };
        let mut outcome = bytes.and_then(|bytes| out.write_all(&bytes));
        count += u64::try_from(rows.len()).unwrap_or_default();
        is_first = false;
        if is_last && outcome.is_ok() {
            outcome = out.write_all(writing.tail(count == 0).as_bytes()).and_then(|()| out.flush());
        }
        if is_last || outcome.is_err() {
            break outcome;
        }
    };
    match done {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::other(unwritten(&error))),
        _ => Ok(count),
    }
}
