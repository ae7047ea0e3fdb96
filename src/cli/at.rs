//! `saldo at`: the desk as it was at a time, from the journal alone, for scripts and auditors.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::alerts::time as time_in;
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json};
use super::select::time;
use super::view::{BalanceView, RebalanceView, TransactionView};
use crate::domain::money::Centavos;
use crate::domain::query::Times;
use crate::engine::alerts::Telling;
use crate::engine::clock;
use crate::engine::message::{AsItWas, LookBack, LookFrom, Sum};
use crate::engine::past::look_back;

#[derive(Debug, Args)]
pub(super) struct AtArguments {
    /// When: 2h (ago), 14:30, 10/03, "22/11 21:43", 2026-03-10T14:00 (São Paulo), 2026-03-10T14:00:00Z
    #[arg(value_name = "TIME")]
    time: String,
    /// Rows of the feed at most
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Serialize)]
struct AtView<'a> {
    at: Timestamp,
    /// The last balance read by then that is kept; `fetched_at` says when.
    balance: Option<BalanceView<'a>>,
    /// When the next one that is kept was read; `null` where the balance was still the same at `at`.
    next_balance_at: Option<Timestamp>,
    received: SumView,
    paid: SumView,
    /// Movements left out of both sums: saldo learned of them only later.
    late: u32,
    in_flight: SumView,
    in_doubt: SumView,
    /// Both of these are of what could be found.
    at_least: bool,
    transactions: Vec<RowView<'a>>,
    has_more: bool,
    alerts: Vec<Telling>,
    rebalances_in_doubt: Vec<RebalanceView>,
}

#[derive(Serialize)]
struct SumView {
    count: u32,
    amount_centavos: Centavos,
}

impl From<Sum> for SumView {
    fn from(sum: Sum) -> Self {
        Self { count: sum.count, amount_centavos: sum.amount }
    }
}

#[derive(Serialize)]
struct RowView<'a> {
    /// `journal`: as it stood. `webhooks`: as webhooks told it by then. `not_recorded`: it has changed since, and the rest of the
    /// row is of today.
    known_by: &'static str,
    #[serde(flatten)]
    row: TransactionView<'a>,
}

pub(super) async fn run(arguments: &AtArguments, context: &Context) -> Result<Exit, Failure> {
    let (now, zone) = (clock::now(), zone());
    let times = Times { now, zone: zone.clone() };
    let at = time("TIME", &arguments.time, times.until(&arguments.time))?.min(now);
    let Some(reader) = context.reader().await? else {
        return Err(Failure::new(
            Exit::NotFound,
            "not_found",
            "there is no journal yet, so nothing is known of any time",
        ));
    };
    let wish = LookBack { number: 0, from: LookFrom::Time(at), rows: Some(arguments.limit) };
    let seen = look_back(reader.as_ref(), &wish, &zone).await?;
    if context.json {
        say_json(&view(&seen, &context.settings.profile));
    } else {
        table(&seen, &|at| time_in(at, &zone));
    }
    Ok(Exit::Done)
}

fn known_by(seen: &AsItWas, id: uuid::Uuid) -> &'static str {
    match (seen.unrecorded.contains(&id), seen.by_webhooks.contains(&id)) {
        (true, _) => "not_recorded",
        (_, true) => "webhooks",
        _ => "journal",
    }
}

fn view<'a>(seen: &'a AsItWas, profile: &str) -> AtView<'a> {
    AtView {
        at: seen.at,
        balance: seen.balance.as_ref().map(BalanceView::new),
        next_balance_at: seen.next_balance,
        received: seen.moved.received.into(),
        paid: seen.moved.paid.into(),
        late: seen.moved.late,
        in_flight: seen.open.in_flight.into(),
        in_doubt: seen.open.in_doubt.into(),
        at_least: seen.open.at_least,
        transactions: seen
            .rows
            .iter()
            .map(|row| RowView { known_by: known_by(seen, row.id), row: TransactionView::new(row) })
            .collect(),
        has_more: seen.has_more,
        alerts: seen.alerts.iter().map(|alert| Telling::new(alert, profile)).collect(),
        rebalances_in_doubt: seen.rebalances_in_doubt.iter().map(RebalanceView::new).collect(),
    }
}

fn table(seen: &AsItWas, time: &dyn Fn(Timestamp) -> String) {
    say(&format!("as it was at {}", time(seen.at)));
    match &seen.balance {
        None => say("balance            no balance had been read by then, or none is kept"),
        Some(reading) => {
            let balance = &reading.balance;
            say(&format!(
                "balance            {} (transactional {}, proprietary {}), as polled at {}",
                balance.total,
                balance.transactional,
                balance.proprietary,
                time(reading.fetched_at)
            ));
            if let Some(next) = seen.next_balance {
                note(&format!(
                    "the next balance that is kept was read at {}; what lies between is not known",
                    time(next)
                ));
            }
        }
    }
    let sum = |label: &str, sum: Sum| say(&format!("{label:<18} {} · {}", sum.count, sum.amount));
    sum("received that day", seen.moved.received);
    sum("paid that day", seen.moved.paid);
    sum("in flight", seen.open.in_flight);
    sum("in doubt", seen.open.in_doubt);
    note("what moved is told by the gateway's times of payment");
    if seen.moved.late > 0 {
        note(&format!("{} movements are left out: saldo learned of them only later", seen.moved.late));
    }
    if seen.open.at_least {
        note("in flight and in doubt are at least so much: what ended long afterwards is not looked for");
    }
    for alert in &seen.alerts {
        let seen_by = alert.acknowledged.as_ref().map(|seen| format!(", acknowledged by {}", seen.by));
        say(&format!("alert              {}{}", alert.what, seen_by.unwrap_or_default()));
    }
    for row in &seen.rows {
        let state = match known_by(seen, row.id) {
            "not_recorded" => "not recorded",
            _ => row.state.as_str(),
        };
        say(&format!(
            "{}  {:<3}  {:<16}  {:>18}  {}",
            time(row.happened_at),
            row.direction.as_str(),
            state,
            row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string()),
            row.external_reference.as_ref().map_or("-", |text| text.as_str()),
        ));
    }
    if seen.has_more {
        note("there are older rows: --limit");
    }
}
