//! `saldo transactions`: what saldo has seen. The gateway has no list, so this is the journal's.

use clap::{Args, ValueEnum};
use jiff::tz::TimeZone;

use super::alerts::time;
use super::cockpit::zone;
use super::context::Context;
use super::export::{Shape, Writing, write_rows};
use super::failure::{Exit, Failure};
use super::output::{say, spoken, tell};
use super::select::{Pages, Selection};
use super::spoken::{Way, Word};
use super::told::Spoken as _;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
use crate::lang::Lang;

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
    let zone = zone();
    let mut is_empty = true;
    while let Some(rows) = pages.next().await? {
        is_empty = false;
        say(&rows.iter().map(|row| line(row, &zone)).collect::<Vec<_>>().join("\n"));
    }
    if is_empty {
        tell(&told!("saldo has seen no such transaction", "o saldo não viu nenhuma transação assim"));
    }
    Ok(Exit::Done)
}

/// The widest word for a direction.
pub(super) const fn way_width(lang: Lang) -> usize {
    match lang {
        Lang::En => 3,
        Lang::PtBr => 7,
    }
}

fn line(row: &Transaction, zone: &TimeZone) -> String {
    let width = way_width(spoken());
    let cell = |value: &Option<Safe>| value.as_ref().map_or("-", Safe::as_str).to_owned();
    let mark = match (spoken(), row.conflict, row.looked_into) {
        (_, false, false) => "",
        (Lang::En, true, _) if !row.ours => "  CONFLICT: the gateway contradicts itself, see `saldo show`",
        (Lang::PtBr, true, _) if !row.ours => "  CONFLITO: o gateway se contradiz, veja `saldo show`",
        (Lang::En, true, _) => "  CONFLICT: not what was ordered, see `saldo show`",
        (Lang::PtBr, true, _) => "  CONFLITO: não é o que foi pedido, veja `saldo show`",
        (Lang::En, false, true) => "  there was a conflict, looked into: see `saldo show`",
        (Lang::PtBr, false, true) => "  houve um conflito, já apurado: veja `saldo show`",
    };
    format!(
        "{}  {:<width$}  {:<19}  {:>18}  {}  {}{mark}",
        time(row.happened_at, zone),
        Way(row.direction).spoken(spoken()),
        match row.stand() {
            Stand::At(state) => Word(state).spoken(spoken()).into_owned(),
            stand => spoken().row_stand(stand).to_owned(),
        },
        row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string()),
        cell(&row.external_reference),
        cell(&row.name),
    )
}
