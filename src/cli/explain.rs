//! `saldo explain`: opening + in - out + top-ups - sweeps = now, and what of it nobody told saldo.
//!
//! It reads the balances that a cockpit has polled; it asks nobody.

use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::alerts::{suspect_words, time as time_in};
use super::cockpit::zone;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::output::{note, say, say_json};
use super::select::time;
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
            "the journal has no balance since then: an open cockpit reads one every few seconds",
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

fn table(drawn: &Conservation, files: &[GapFile], totals: &Totals, zone: &TimeZone) {
    let time = |at: Timestamp| time_in(at, zone);
    let line = |what: &str, transactional: Option<Centavos>, proprietary: Option<Centavos>| {
        let cell = |amount: Option<Centavos>| amount.map(|amount| amount.to_string()).unwrap_or_default();
        say(format!("{what:<34}{:>22}{:>22}", cell(transactional), cell(proprietary)).trim_end());
    };
    let minus = |amount: Centavos| Centavos::ZERO.checked_sub(amount);
    let moved = &drawn.now.moved;
    say(&format!("{:<34}{:>22}{:>22}", "", "transactional", "proprietary"));
    let both =
        |pockets: crate::domain::rebalance::Pockets| (Some(pockets.transactional), Some(pockets.proprietary));
    let (transactional, proprietary) = both(drawn.opening.pockets);
    line(&time(drawn.opening.at), transactional, proprietary);
    line("+ received (cash-in)", Some(moved.received), None);
    line("- paid (cash-out)", minus(moved.paid), None);
    line("- refunded to payers", minus(moved.refunded), None);
    line("+ returned by payees", Some(moved.returned), None);
    line("+ topped up", Some(moved.topped_up), minus(moved.topped_up));
    line("- swept", minus(moved.swept), Some(moved.swept));
    let (transactional, proprietary) = both(drawn.expected);
    line("= expected", transactional, proprietary);
    let (transactional, proprietary) = both(drawn.now.pockets);
    line(&time(drawn.now.at), transactional, proprietary);
    let (transactional, proprietary) = both(drawn.unseen);
    line("not seen by saldo", transactional, proprietary);
    let (transactional, proprietary) = both(drawn.lasting);
    line("  for more than ten minutes", transactional, proprietary);
    for GapFile { gap, suspects, explained } in files {
        let account = match gap.kind {
            Kind::Transactional => "transactional",
            Kind::Proprietary => "proprietary",
            Kind::Between if gap.amount > Centavos::ZERO => {
                "proprietary to transactional, not ordered by saldo"
            }
            Kind::Between => "transactional to proprietary, not ordered by saldo",
        };
        say(&format!("  {} to {}  {}  {account}", time(gap.from), time(gap.to), gap.amount));
        match explained {
            Some(found) => {
                let words = found.note.as_deref().unwrap_or("seen");
                say(&format!("    explained by {} at {}: {words}", found.by, time(found.at)));
            }
            None => {
                for suspect in suspects {
                    say(&format!("    ? {}", suspect_words(suspect, zone)));
                }
            }
        }
    }
    let (flight, doubt) = (totals.in_flight, totals.in_doubt);
    if flight.count + doubt.count > 0 {
        note(&format!(
            "a part of it may be payments that have not settled: {} in flight ({}), {} in doubt ({})",
            flight.count, flight.amount, doubt.count, doubt.amount
        ));
    }
    note(
        "what is not seen was told by no webhook: the platform's own traffic that goes elsewhere, fees, or an adjustment of \
         the gateway's",
    );
}
