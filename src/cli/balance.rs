//! `saldo balance`: the wallet as the gateway has it now. Needs no journal.

use super::alerts::local;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{say, say_json, spoken};
use super::view::BalanceView;
use crate::domain::balance::Reading;
use crate::domain::money::Centavos;
use crate::engine::clock;
use crate::gateway::Gateway;
use crate::lang::Lang;

pub(super) async fn run(context: &Context) -> Result<Exit, Failure> {
    let balance = context.gateway().await?.balance().await?;
    let reading = Reading { balance, fetched_at: clock::now() };
    if context.json {
        say_json(&BalanceView::new(&reading));
    } else {
        say(&table(&reading, spoken()));
    }
    Ok(Exit::Done)
}

fn table(reading: &Reading, lang: Lang) -> String {
    let (transactional, proprietary, sum, total) = match lang {
        Lang::En => ("transactional", "proprietary", "sum", "total"),
        Lang::PtBr => ("transacional", "próprio", "soma", "total"),
    };
    let balance = &reading.balance;
    let amount =
        |amount: Option<Centavos>| amount.map_or_else(|| "-".to_owned(), |amount| amount.to_string());
    let mut rows = vec![(String::new(), transactional.to_owned(), proprietary.to_owned())];
    for bank in &balance.banks {
        let name =
            bank.bank.as_ref().or(bank.ispb.as_ref()).map_or_else(|| "?".to_owned(), ToString::to_string);
        rows.push((name, amount(bank.transactional), amount(bank.proprietary)));
    }
    rows.push((sum.to_owned(), balance.transactional.to_string(), balance.proprietary.to_string()));
    let width = |column: fn(&(String, String, String)) -> &String| {
        rows.iter().map(|row| unicode_width::UnicodeWidthStr::width(column(row).as_str())).max().unwrap_or(0)
    };
    let (first, second, third) = (width(|row| &row.0), width(|row| &row.1), width(|row| &row.2));
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(name, transactional, proprietary)| {
            let gap = first - unicode_width::UnicodeWidthStr::width(name.as_str());
            format!("{name}{:gap$}  {transactional:>second$}  {proprietary:>third$}", "")
        })
        .collect();
    lines.push(format!("{total} {}", balance.total));
    lines.push(match (lang, balance.updated_at) {
        (Lang::En, Some(at)) => format!("as of {} by the gateway's own clock", local(at)),
        (Lang::En, None) => "the gateway did not say as of when".to_owned(),
        (Lang::PtBr, Some(at)) => format!("de {}, pelo relógio do próprio gateway", local(at)),
        (Lang::PtBr, None) => "o gateway não informou de quando".to_owned(),
    });
    lines.join("\n")
}
