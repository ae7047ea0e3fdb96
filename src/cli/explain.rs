//! `saldo explain`: opening + in - out + top-ups - sweeps = now, and what of it nobody told saldo.
//!
//! It reads the balances that a cockpit has polled; it asks nobody.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::alerts::time as time_in;
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json, spoken, tell};
use super::select::time;
use super::told::Told;
use super::view::PocketsView;
use crate::domain::conservation::{Conservation, Gap, Kind, Point};
use crate::domain::gap::GapFile;
use crate::domain::money::Centavos;
use crate::domain::query::Times;
use crate::engine::alerts::SuspectTelling;
use crate::engine::clock;
use crate::engine::desk::midnight;
use crate::journal::alerts::AlertReader as _;
use crate::journal::{Reader, Totals};
use crate::lang::Lang;

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    /// From the balance at that time on: 2h, 14:30, 10/03, 2026-03-10 (São Paulo), 2026-03-10T14:00:00Z. The day so far
    /// without it
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
}

#[derive(Serialize)]
struct ExplainView {
    opening: PointView,
    now: PointView,
    received_centavos: Centavos,
    paid_centavos: Centavos,
    refunded_centavos: Centavos,
    returned_centavos: Centavos,
    topped_up_centavos: Centavos,
    swept_centavos: Centavos,
    expected: PocketsView,
    /// now - expected: what nobody told saldo.
    unseen: PocketsView,
    /// The part of it that is older than ten minutes: money in transit is no explanation of it.
    lasting: PocketsView,
    /// Payments of saldo's own that have left and not settled, or may have: a part of `unseen` may be theirs.
    in_flight_centavos: Centavos,
    in_doubt_centavos: Centavos,
    gaps: Vec<GapView>,
}

#[derive(Serialize)]
struct PointView {
    at: Timestamp,
    #[serde(flatten)]
    pockets: PocketsView,
}

#[derive(Serialize)]
struct GapView {
    from: Timestamp,
    to: Timestamp,
    /// `transactional`, `proprietary`, or `between`: from one to the other, a top-up where it is positive.
    account: &'static str,
    amount_centavos: Centavos,
    /// What may explain it; only of those that money in transit does not.
    suspects: Vec<SuspectTelling>,
    /// What a person found, and who.
    note: Option<String>,
    explained_by: Option<String>,
    explained_at: Option<Timestamp>,
}

impl From<&Point> for PointView {
    fn from(point: &Point) -> Self {
        Self { at: point.at, pockets: point.pockets.into() }
    }
}

impl From<&GapFile> for GapView {
    fn from(file: &GapFile) -> Self {
        let GapFile { gap, suspects, explained } = file;
        Self {
            from: gap.from,
            to: gap.to,
            account: gap.kind.as_str(),
            amount_centavos: gap.amount,
            suspects: suspects.iter().map(SuspectTelling::from).collect(),
            note: explained.as_ref().and_then(|found| found.note.clone()),
            explained_by: explained.as_ref().map(|found| found.by.to_string()),
            explained_at: explained.as_ref().map(|found| found.at),
        }
    }
}

pub(super) async fn run(arguments: ExplainArguments, context: &Context) -> Result<Exit, Failure> {
    let zone = zone();
    let since = match arguments.since.as_deref() {
        Some(text) => time("--since", text, Times { now: clock::now(), zone: zone.clone() }.since(text))?,
        None => midnight(clock::now(), &zone),
    };
    let nothing = || {
        Failure::new(
            Exit::NotFound,
            "not_found",
            told!(
                "the journal has no balance since then: an open cockpit reads one every few seconds",
                "o diário não tem nenhum saldo desde então: um painel aberto lê um a cada poucos segundos"
            ),
        )
    };
    let reader = context.reader().await?.ok_or_else(nothing)?;
    let drawn = reader.conservation(since).await?.ok_or_else(nothing)?;
    let totals = reader.totals(since).await?;
    // What may still be in transit needs no explanation.
    let (lasting, passing): (Vec<Gap>, Vec<Gap>) =
        drawn.gaps.iter().partition(|gap| gap.is_lasting(drawn.now.at));
    let mut files = reader.gap_files(lasting).await?;
    files.extend(passing.into_iter().map(|gap| GapFile { gap, suspects: Vec::new(), explained: None }));
    files.sort_by_key(|file| (file.gap.to, file.gap.from));
    if context.json {
        say_json(&view(&drawn, &files, &totals));
    } else {
        table(&drawn, &files, &totals, &zone);
    }
    Ok(Exit::Done)
}

fn view(drawn: &Conservation, files: &[GapFile], totals: &Totals) -> ExplainView {
    let moved = &drawn.now.moved;
    ExplainView {
        opening: (&drawn.opening).into(),
        now: (&drawn.now).into(),
        received_centavos: moved.received,
        paid_centavos: moved.paid,
        refunded_centavos: moved.refunded,
        returned_centavos: moved.returned,
        topped_up_centavos: moved.topped_up,
        swept_centavos: moved.swept,
        expected: drawn.expected.into(),
        unseen: drawn.unseen.into(),
        lasting: drawn.lasting.into(),
        in_flight_centavos: totals.in_flight.amount,
        in_doubt_centavos: totals.in_doubt.amount,
        gaps: files.iter().map(GapView::from).collect(),
    }
}

/// The words of the table.
struct Words {
    accounts: [&'static str; 2],
    received: &'static str,
    paid: &'static str,
    refunded: &'static str,
    returned: &'static str,
    topped_up: &'static str,
    swept: &'static str,
    expected: &'static str,
    unseen: &'static str,
    lasting: &'static str,
    untold_top_up: &'static str,
    untold_sweep: &'static str,
}

const fn words(lang: Lang) -> Words {
    match lang {
        Lang::En => Words {
            accounts: ["transactional", "proprietary"],
            received: "+ received (cash-in)",
            paid: "- paid (cash-out)",
            refunded: "- refunded to payers",
            returned: "+ returned by payees",
            topped_up: "+ topped up",
            swept: "- swept",
            expected: "= expected",
            unseen: "not seen by saldo",
            lasting: "  for more than ten minutes",
            untold_top_up: "proprietary to transactional, not ordered by saldo",
            untold_sweep: "transactional to proprietary, not ordered by saldo",
        },
        Lang::PtBr => Words {
            accounts: ["transacional", "próprio"],
            received: "+ recebido (cash-in)",
            paid: "- pago (cash-out)",
            refunded: "- devolvido a pagadores",
            returned: "+ devolvido por recebedores",
            topped_up: "+ aportado",
            swept: "- recolhido",
            expected: "= esperado",
            unseen: "não visto pelo saldo",
            lasting: "  há mais de dez minutos",
            untold_top_up: "do próprio para o transacional, não pedido pelo saldo",
            untold_sweep: "do transacional para o próprio, não pedido pelo saldo",
        },
    }
}

fn table(drawn: &Conservation, files: &[GapFile], totals: &Totals, zone: &TimeZone) {
    let time = |at: Timestamp| time_in(at, zone);
    let line = |what: &str, transactional: Option<Centavos>, proprietary: Option<Centavos>| {
        let cell = |amount: Option<Centavos>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        say(format!("{what:<34}{:>22}{:>22}", cell(transactional), cell(proprietary)).trim_end());
    };
    let minus = |amount: Centavos| Centavos::ZERO.checked_sub(amount);
    let moved = &drawn.now.moved;
    let words = words(spoken());
    let [transactional, proprietary] = words.accounts;
    say(&format!("{:<34}{transactional:>22}{proprietary:>22}", ""));
    let both =
        |pockets: crate::domain::rebalance::Pockets| (Some(pockets.transactional), Some(pockets.proprietary));
    let (transactional, proprietary) = both(drawn.opening.pockets);
    line(&time(drawn.opening.at), transactional, proprietary);
    line(words.received, Some(moved.received), None);
    line(words.paid, minus(moved.paid), None);
    line(words.refunded, minus(moved.refunded), None);
    line(words.returned, Some(moved.returned), None);
    line(words.topped_up, Some(moved.topped_up), minus(moved.topped_up));
    line(words.swept, minus(moved.swept), Some(moved.swept));
    let (transactional, proprietary) = both(drawn.expected);
    line(words.expected, transactional, proprietary);
    let (transactional, proprietary) = both(drawn.now.pockets);
    line(&time(drawn.now.at), transactional, proprietary);
    let (transactional, proprietary) = both(drawn.unseen);
    line(words.unseen, transactional, proprietary);
    let (transactional, proprietary) = both(drawn.lasting);
    line(words.lasting, transactional, proprietary);
    for GapFile { gap, suspects, explained } in files {
        let account = match gap.kind {
            Kind::Transactional => words.accounts[0],
            Kind::Proprietary => words.accounts[1],
            Kind::Between if gap.amount > Centavos::ZERO => words.untold_top_up,
            Kind::Between => words.untold_sweep,
        };
        let (from, to, amount) = (time(gap.from), time(gap.to), gap.amount);
        tell(&told!("  {from} to {to}  {amount}  {account}", "  {from} a {to}  {amount}  {account}"));
        match explained {
            Some(found) => {
                let (by, at) = (&found.by, time(found.at));
                let note = found.note.as_ref().map_or_else(|| told!("seen", "visto"), Told::verbatim);
                tell(
                    &told!("    explained by {by} at {at}: {note}", "    explicado por {by} em {at}: {note}"; note),
                );
            }
            None => {
                for suspect in suspects {
                    say(&format!("    ? {}", spoken().suspect(suspect, &|at| time_in(at, zone))));
                }
            }
        }
    }
    let (flight, doubt) = (totals.in_flight, totals.in_doubt);
    if flight.count + doubt.count > 0 {
        let [(flying, flown), (doubtful, doubted)] = [flight, doubt].map(|total| (total.count, total.amount));
        note(told!(
            "a part of it may be payments that have not settled: {flying} in flight ({flown}), {doubtful} in doubt ({doubted})",
            "uma parte pode ser de pagamentos não liquidados: {flying} em trânsito ({flown}), {doubtful} em dúvida ({doubted})"
        ));
    }
    note(told!(
        "what is not seen was told by no webhook: the platform's own traffic that goes elsewhere, fees, or an adjustment of \
         the gateway's",
        "o que não foi visto, nenhum webhook contou: o tráfego da própria plataforma que vai para outro lugar, tarifas, ou um \
         ajuste do gateway"
    ));
}
