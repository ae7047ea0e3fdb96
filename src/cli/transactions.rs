//! `saldo transactions`: what saldo has seen. The gateway has no list, so this is the journal's.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{say, say_json};
use super::view::TransactionView;
use crate::domain::report::Direction;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::clock;
use crate::journal::{Query, Reader};

#[derive(Debug, Args)]
pub(super) struct TransactionsArguments {
    /// Only cash-ins or only cash-outs
    #[arg(long, value_name = "in|out", value_parser = ["in", "out"])]
    direction: Option<String>,
    /// Only this state, e.g. completed, paid, unknown
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Only since then: 2026-03-10T14:00:00Z, 2026-03-10 (São Paulo), or a length of time: 2h
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only with this text in a name, document, reference or id
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
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
}

pub(super) async fn run(arguments: TransactionsArguments, context: &Context) -> Result<Exit, Failure> {
    let query = query(&arguments)?;
    let rows = match context.reader().await? {
        Some(reader) => reader.transactions(query).await?,
        None => Vec::new(),
    };
    match arguments.format {
        _ if context.json => say_json(&rows.iter().map(TransactionView::new).collect::<Vec<_>>()),
        Format::Json => say_json(&rows.iter().map(TransactionView::new).collect::<Vec<_>>()),
        Format::Csv => csv(&rows),
        Format::Table => table(&rows),
    }
    Ok(Exit::Done)
}

fn query(arguments: &TransactionsArguments) -> Result<Query, Failure> {
    let direction = match arguments.direction.as_deref() {
        Some("in") => Some(Direction::In),
        Some(_) => Some(Direction::Out),
        None => None,
    };
    let state = arguments
        .state
        .as_deref()
        .map(|word| {
            let directions = direction.map_or_else(|| vec![Direction::Out, Direction::In], |one| vec![one]);
            directions.into_iter().find_map(|direction| State::parse(direction, word)).ok_or_else(|| {
                let known: Vec<&str> = crate::domain::cash_out::State::ALL
                    .into_iter()
                    .map(crate::domain::cash_out::State::as_str)
                    .chain(
                        crate::domain::transaction::CashIn::ALL
                            .into_iter()
                            .map(crate::domain::transaction::CashIn::as_str),
                    )
                    .collect();
                Failure::usage(format!("--state: there is no state {word:?}; there are {}", known.join(", ")))
            })
        })
        .transpose()?;
    let since = arguments.since.as_deref().map(since).transpose()?;
    Ok(Query {
        direction,
        states: state.into_iter().collect(),
        since,
        search: arguments.search.clone(),
        limit: arguments.limit,
        ..Query::default()
    })
}

fn since(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let sao_paulo = TimeZone::get("America/Sao_Paulo").unwrap_or(TimeZone::UTC);
    if let Ok(day) = text.parse::<Date>()
        && let Ok(start) = day.to_zoned(sao_paulo)
    {
        return Ok(start.timestamp());
    }
    let any = std::time::Duration::ZERO..=std::time::Duration::from_secs(100 * 365 * 24 * 3_600);
    crate::config::parse_duration(text, &any)
        .ok()
        .and_then(|back| clock::now().checked_sub(back).ok())
        .ok_or_else(|| {
            Failure::usage(format!(
                "--since: {text:?} is no time; write 2026-03-10T14:00:00Z, 2026-03-10, or a length of time like 2h"
            ))
        })
}

fn table(rows: &[Transaction]) {
    if rows.is_empty() {
        return say("saldo has seen no such transaction");
    }
    for row in rows {
        let cell = |value: &Option<Safe>| value.as_ref().map_or("-", Safe::as_str).to_owned();
        let mark = if row.conflict { "  CONFLICT: not what was ordered, see `saldo show`" } else { "" };
        say(&format!(
            "{}  {:<3}  {:<16}  {:>18}  {}  {}{mark}",
            row.happened_at.strftime("%Y-%m-%d %H:%M:%SZ"),
            row.direction.as_str(),
            row.state.as_str(),
            row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string()),
            cell(&row.external_reference),
            cell(&row.name),
        ));
    }
}

fn csv(rows: &[Transaction]) {
    say(
        "id,direction,state,amount_centavos,internal_code,transaction_id,external_reference,end_to_end_id,name,document,created_at,updated_at,conflict",
    );
    for row in rows {
        let cell =
            |value: &Option<Safe>| value.as_ref().map(|text| csv_cell(text.as_str())).unwrap_or_default();
        say(&[
            row.id.to_string(),
            row.direction.as_str().to_owned(),
            row.state.as_str().to_owned(),
            row.amount.map(|amount| amount.get().to_string()).unwrap_or_default(),
            cell(&row.internal_code),
            cell(&row.transaction_id),
            cell(&row.external_reference),
            cell(&row.end_to_end_id),
            cell(&row.name),
            cell(&row.document),
            row.created_at.to_string(),
            row.updated_at.to_string(),
            row.conflict.to_string(),
        ]
        .join(","));
    }
}

/// A cell that no spreadsheet takes for a formula, quoted where it has to be (RFC 4180).
fn csv_cell(text: &str) -> String {
    let guarded = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r', '\'']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        for (text, cell) in [
            ("Maria", "Maria"),
            ("=1+1", "\"'=1+1\""),
            ("+5511987654321", "\"'+5511987654321\""),
            ("@x", "\"'@x\""),
            ("a,b", "\"a,b\""),
            ("say \"oi\"", "\"say \"\"oi\"\"\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

    #[test]
    fn since_takes_instants_days_and_lengths() {
        assert_eq!(since("2026-03-10T14:00:00Z").unwrap(), "2026-03-10T14:00:00Z".parse().unwrap());
        assert_eq!(since("2026-03-10").unwrap(), "2026-03-10T03:00:00Z".parse().unwrap());
        assert!(since("2h").unwrap() < clock::now());
        assert_eq!(since("yesterday").unwrap_err().exit, Exit::Usage);
    }
}
