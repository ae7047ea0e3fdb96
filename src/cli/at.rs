//! `saldo at`: the desk as it was at a time, from the journal alone, for scripts and auditors.

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::alerts::{time as time_in, with_detail};
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json, spoken, tell};
use super::select::time;
use super::spoken::{Way, Word};
use super::told::{Spoken as _, Told};
use super::transactions::way_width;
use super::view::{BalanceView, RebalanceView, TransactionView};
use crate::domain::balance::Balance;
use crate::domain::money::Centavos;
use crate::domain::query::Times;
use crate::engine::alerts::Telling;
use crate::engine::clock;
use crate::engine::message::{AsItWas, LookBack, LookFrom, Sum};
use crate::engine::past::look_back;
use crate::lang::Lang;

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
            told!(
                "there is no journal yet, so nothing is known of any time",
                "ainda não há diário, então nada se sabe de hora nenhuma"
            ),
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
    let at = time(seen.at);
    tell(&told!("as it was at {at}", "como era em {at}"));
    match &seen.balance {
        None => tell(&told!(
            "balance            no balance had been read by then, or none is kept",
            "saldo              nenhum saldo tinha sido lido até então, ou nenhum foi guardado"
        )),
        Some(reading) => {
            let Balance { total, transactional, proprietary, .. } = &reading.balance;
            let polled = time(reading.fetched_at);
            tell(&told!(
                "balance            {total} (transactional {transactional}, proprietary {proprietary}), as polled at {polled}",
                "saldo              {total} (transacional {transactional}, próprio {proprietary}), consultado em {polled}"
            ));
            if let Some(next) = seen.next_balance {
                let next = time(next);
                note(told!(
                    "the next balance that is kept was read at {next}; what lies between is not known",
                    "o próximo saldo guardado foi lido em {next}; o que houve no meio não se sabe"
                ));
            }
        }
    }
    let sum = |label: &Told, sum: Sum| {
        say(&format!("{:<18} {} · {}", label.in_lang(spoken()), sum.count, sum.amount));
    };
    sum(&told!("received that day", "recebido no dia"), seen.moved.received);
    sum(&told!("paid that day", "pago no dia"), seen.moved.paid);
    sum(&told!("in flight", "em trânsito"), seen.open.in_flight);
    sum(&told!("in doubt", "em dúvida"), seen.open.in_doubt);
    note(told!(
        "what moved is told by the gateway's times of payment",
        "o que se moveu segue as horas de pagamento do gateway"
    ));
    let late = seen.moved.late;
    if late > 0 {
        note(told!(
            "{late} movements are left out: saldo learned of them only later",
            "{late} movimentos ficam de fora: o saldo só soube deles depois"
        ));
    }
    if seen.open.at_least {
        note(told!(
            "in flight and in doubt are at least so much: what ended long afterwards is not looked for",
            "em trânsito e em dúvida são no mínimo isso: o que terminou muito depois não é procurado"
        ));
    }
    for alert in &seen.alerts {
        let what = Told::both(|lang| match lang {
            Lang::En => alert.what.to_string(),
            Lang::PtBr => with_detail(&alert.what, lang, time),
        });
        let seen_by = alert.acknowledged.as_ref().map(|seen| {
            let by = &seen.by;
            told!(", acknowledged by {by}", ", visto por {by}")
        });
        tell(
            &told!("alert              {what}{seen_by}", "alerta             {what}{seen_by}"; what, seen_by),
        );
    }
    let width = way_width(spoken());
    for row in &seen.rows {
        let state = match known_by(seen, row.id) {
            "not_recorded" => told!("not recorded", "não registrado"),
            _ => Told::of(&Word(row.state)),
        };
        say(&format!(
            "{}  {:<width$}  {:<16}  {:>18}  {}",
            time(row.happened_at),
            Way(row.direction).spoken(spoken()),
            state.in_lang(spoken()),
            row.amount.map_or_else(|| "?".to_owned(), |amount| amount.to_string()),
            row.external_reference.as_ref().map_or("-", |text| text.as_str()),
        ));
    }
    if seen.has_more {
        note(told!("there are older rows: --limit", "há linhas mais antigas: --limit"));
    }
}
