//! `saldo transactions`: what saldo has seen. The gateway has no list, so this is the journal's.

use clap::{Args, ValueEnum};

use super::context::Context;
use super::export::{Shape, Writing, write_rows};
use super::failure::{Exit, Failure};
use super::output::say;
use super::select::{Pages, Selection};
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;

#[derive(Debug, Args)]
pub(super) struct TransactionsArguments {
    #[command(flatten)]
    selection: Selection,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// How to write them
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Table,
    Json,
    Csv,
    Ofx,
}

pub(super) async fn run(arguments: TransactionsArguments, context: &Context) -> Result<Exit, Failure> {
    let query = arguments.selection.query()?;
    let reader = context.reader().await?;
    let shape = match arguments.format {
        _ if context.json => Shape::Json,
        Format::Json => Shape::Json,
        Format::Csv => Shape::Csv,
        Format::Ofx => Shape::Ofx,
        Format::Table => return table(Pages::newest_first(reader, query, arguments.limit)).await,
    };
    let writing = Writing::new(shape, context, reader.as_deref()).await?;
    let pages = Pages::newest_first(reader, query, arguments.limit);
    write_rows(writing, pages, &mut std::io::stdout().lock()).await?;
    Ok(Exit::Done)
}

async fn table(mut pages: Pages) -> Result<Exit, Failure> {
    let mut is_empty = true;
    while let Some(rows) = pages.next().await? {
        is_empty = false;
        say(&rows.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    if is_empty {
        say("saldo has seen no such transaction");
    }
    Ok(Exit::Done)
}

fn line(row: &Transaction) -> String {
    let cell = |value: &Option<Safe>| value.as_ref().map_or("-", Safe::as_str).to_owned();
    let mark = match (row.conflict, row.looked_into) {
        (true, _) => "  CONFLICT: not what was ordered, see `saldo show`",
        (false, true) => "  there was a conflict, looked into: see `saldo show`",
        (false, false) => "",
    };
    format!(
        "{}  {:<3}  {:<16}  {:>18}  {}  {}{mark}",
        row.happened_at.strftime("%Y-%m-%d %H:%M:%SZ"),
        row.direction.as_str(),
        row.state.as_str(),
        row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string()),
        cell(&row.external_reference),
        cell(&row.name),
    )
}
