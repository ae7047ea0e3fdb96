//! What a batch would do, before it does: totals, the balance afterwards, what looks like a repeat.

use serde::Serialize;
use uuid::Uuid;

use crate::cli::cockpit::zone;
use crate::cli::context::Context;
use crate::cli::output::{say, say_json};
use crate::domain::balance::Balance;
use crate::domain::band::Standing;
use crate::domain::batch::{Like, Line, Repeat, Ways, total};
use crate::domain::cash_out::State;
use crate::domain::money::Centavos;
use crate::domain::pace::{Pace, WhatIf};
use crate::domain::text::Safe;
use crate::engine::batch::Examined;
use crate::engine::clock;
use crate::engine::desk::midnight;
use crate::journal::sqlite::SqliteReader;
use crate::journal::{Reader, Totals};

/// A batch as it is looked at before it is paid.
pub(super) struct Review {
    pub(super) examined: Examined,
    /// Lines that are paid now: those not begun, and those that are paid once more.
    pub(super) now: Vec<Line>,
    balance: Result<Balance, String>,
    pace: Option<Pace>,
    totals: Totals,
}

/// One repeat, as a person reads it.
pub(super) fn repeat_text(repeat: &Repeat) -> String {
    match &repeat.like {
        Like::Line(earlier) => {
            format!("line {}: the same payee and amount as line {earlier}", repeat.line)
        }
        Like::Payment { at, state, reference } => format!(
            "line {}: the same payee and amount as a payment of {} ({}{})",
            repeat.line,
            at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M"),
            state.as_str(),
            reference.as_ref().map(|reference| format!(", {reference}")).unwrap_or_default()
        ),
    }
}

#[derive(Debug, Serialize)]
struct ReviewView<'a> {
    batch: Uuid,
    name: &'a str,
    count: usize,
    total_centavos: Centavos,
    by_key: usize,
    by_account: usize,
    /// Lines whose payment the journal has already: nothing new is made of them.
    known: usize,
    /// Lines that are paid now, and their sum.
    paying: usize,
    paying_centavos: Centavos,
    repeats: Vec<RepeatView<'a>>,
    before_centavos: Option<Centavos>,
    after_centavos: Option<Centavos>,
    pending_centavos: Centavos,
    /// The least that remains once everything pending has left as well.
    after_all_centavos: Option<Centavos>,
    minutes_before: Option<u64>,
    minutes_after: Option<u64>,
    band: Option<&'static str>,
    first_dry: Option<DryView<'a>>,
}

#[derive(Debug, Serialize)]
struct RepeatView<'a> {
    line: u32,
    of_line: Option<u32>,
    of_reference: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct DryView<'a> {
    bank: &'a str,
    minutes: u64,
}

impl Review {
    /// Reads the balance, and what the journal knows of the wallet. What cannot be read is said and is no error.
    pub(super) async fn look(
        context: &Context,
        reader: Option<&SqliteReader>,
        examined: Examined,
        again: bool,
    ) -> Self {
        let now = clock::now();
        let (mut pace, mut totals) = (None, Totals::default());
        if let Some(reader) = reader {
            pace = reader.pace(now).await.ok();
            totals = reader.totals(midnight(now, &zone())).await.unwrap_or_default();
        }
        let repaid: Vec<u32> = examined
            .known
            .iter()
            .filter(|(_, state)| again && is_unpaid(*state))
            .map(|(line, _)| *line)
            .collect();
        let lines = examined
            .new_lines()
            .chain(examined.batch.lines.iter().filter(|line| repaid.binary_search(&line.number).is_ok()));
        let lines = lines.cloned().collect();
        let balance = context.balance().await.map_err(|failure| failure.message.en().to_owned());
        Self { examined, now: lines, balance, pace, totals }
    }

    fn paying(&self) -> Centavos {
        total(self.now.iter().map(|line| line.order.amount))
    }

    fn what_if(&self) -> Option<WhatIf> {
        let before = self.balance.as_ref().ok()?.transactional;
        let pending = total([self.totals.in_flight.amount, self.totals.in_doubt.amount]);
        Some(WhatIf { before, paying: self.paying(), pending })
    }

    fn minutes(&self, balance: Centavos) -> Option<u64> {
        self.pace.as_ref()?.minutes_left(balance)
    }

    fn first_dry(&self, leaving: Centavos) -> Option<(String, u64)> {
        let balance = self.balance.as_ref().ok()?;
        let (bank, minutes) = self.pace.as_ref()?.first_dry_after(balance, leaving)?;
        let name = bank.bank.as_ref().or(bank.ispb.as_ref())?;
        Some((name.to_string(), minutes))
    }

    pub(super) fn tell(&self, context: &Context) {
        if !context.json {
            say(&self.text(context));
            return;
        }
        let batch = &self.examined.batch;
        let ways = Ways::of(&batch.lines);
        let what_if = self.what_if();
        let dry = what_if.and_then(|what_if| self.first_dry(what_if.leaving()));
        say_json(&ReviewView {
            batch: batch.id(),
            name: batch.name.as_str(),
            count: batch.lines.len(),
            total_centavos: batch.total(),
            by_key: ways.by_key,
            by_account: ways.by_account,
            known: self.examined.known.len(),
            paying: self.now.len(),
            paying_centavos: self.paying(),
            repeats: self.examined.repeats.iter().map(RepeatView::new).collect(),
            before_centavos: what_if.map(|what_if| what_if.before),
            after_centavos: what_if.map(|what_if| what_if.after()),
            pending_centavos: total([self.totals.in_flight.amount, self.totals.in_doubt.amount]),
            after_all_centavos: what_if.map(|what_if| what_if.after_all()),
            minutes_before: what_if.and_then(|what_if| self.minutes(what_if.before)),
            minutes_after: what_if.and_then(|what_if| self.minutes(what_if.after_all())),
            band: what_if.zip(context.settings.band).map(|(what_if, band)| {
                match band.standing(what_if.after_all()) {
                    Standing::BelowFloor => "below_floor",
                    Standing::Within => "within",
                    Standing::AboveCeiling => "above_ceiling",
                }
            }),
            first_dry: dry.as_ref().map(|(bank, minutes)| DryView { bank, minutes: *minutes }),
        });
    }

    pub(super) fn text(&self, context: &Context) -> String {
        let Examined { batch, begun, known, repeats } = &self.examined;
        let ways = Ways::of(&batch.lines);
        let mut text = vec![
            format!(
                "[{}] batch {}: {} for {} ({} by PIX key, {} by account; names were typed, the gateway has not verified them)",
                context.settings.environment,
                batch.name,
                payments(batch.lines.len()),
                batch.total(),
                ways.by_key,
                ways.by_account
            ),
            format!("id {}", batch.id()),
        ];
        if let Some(begun) = begun {
            let at = begun.created_at.to_zoned(zone()).strftime("%d/%m/%Y %H:%M");
            text.push(format!("it was begun on {at} by {}, and goes on where it was", begun.maker));
        }
        if !known.is_empty() {
            text.push(format!(
                "{} in the journal already ({}); nothing new is made of what may have been paid",
                if known.len() == 1 { "1 is".to_owned() } else { format!("{} are", known.len()) },
                by_state(known)
            ));
        }
        text.push(format!("to be paid now: {} for {}", payments(self.now.len()), self.paying()));
        text.extend(self.effect(context));
        text.extend(repeats.iter().map(repeat_text));
        text.join("\n  ")
    }

    /// The wallet before and after.
    fn effect(&self, context: &Context) -> Vec<String> {
        let what_if = match (&self.balance, self.what_if()) {
            (Err(why), _) => return vec![format!("the balance is not known: {why}")],
            (Ok(_), None) => return Vec::new(),
            (Ok(_), Some(what_if)) => what_if,
        };
        let mut text =
            vec![format!("transactional balance {}, afterwards {}", what_if.before, what_if.after())];
        if what_if.pending > Centavos::ZERO {
            text.push(format!(
                "pending: {} in flight and {} in doubt, {} in all; if none of it has left the balance yet, {} remains",
                self.totals.in_flight.count,
                self.totals.in_doubt.count,
                what_if.pending,
                what_if.after_all()
            ));
        }
        if what_if.paying == Centavos::ZERO {
            return text;
        }
        let left = what_if.after_all();
        if what_if.after() < Centavos::ZERO {
            text.push("THE BALANCE DOES NOT SUFFICE: the gateway will refuse lines; top up first".to_owned());
        } else if left < Centavos::ZERO {
            text.push(
                "THE BALANCE MAY NOT SUFFICE, as far as what is pending has not left it yet".to_owned(),
            );
        } else if let Some(band) = context.settings.band {
            text.push(match band.standing(left) {
                Standing::BelowFloor => format!("BELOW THE FLOOR of {}", band.floor()),
                Standing::Within => "within the band".to_owned(),
                Standing::AboveCeiling => format!("above the ceiling of {}", band.ceiling()),
            });
        }
        if let Some(after) = self.minutes(left) {
            let before = self.minutes(what_if.before).unwrap_or_default();
            text.push(format!("covers {after} minutes of outflow instead of {before}"));
        }
        if let Some((bank, minutes)) = self.first_dry(what_if.leaving()) {
            text.push(format!("{bank} runs dry first, in {minutes} minutes"));
        }
        text
    }
}

impl<'a> RepeatView<'a> {
    fn new(repeat: &'a Repeat) -> Self {
        let (of_line, of_reference) = match &repeat.like {
            Like::Line(line) => (Some(*line), None),
            Like::Payment { reference, .. } => (None, reference.as_ref().map(Safe::as_str)),
        };
        Self { line: repeat.line, of_line, of_reference }
    }
}

/// Whether a payment in this state ended and no money moved.
fn is_unpaid(state: State) -> bool {
    state.is_final() && !state.may_have_paid()
}

fn payments(count: usize) -> String {
    if count == 1 { "1 payment".to_owned() } else { format!("{count} payments") }
}

/// `3 completed, 1 unknown`
fn by_state(known: &[(u32, State)]) -> String {
    let counted = State::ALL.map(|state| (known.iter().filter(|(_, one)| *one == state).count(), state));
    let told = counted.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, state)| format!("{count} {}", state.as_str())).collect::<Vec<_>>().join(", ")
}
