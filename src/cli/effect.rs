//! What paying does to the wallet, told before it is done: the balance afterwards, the band, the minutes that remain.

use serde::Serialize;

use super::cockpit::zone;
use super::context::Context;
use super::told::Told;
use crate::domain::balance::Balance;
use crate::domain::band::Standing;
use crate::domain::batch::total;
use crate::domain::money::Centavos;
use crate::domain::pace::{Pace, WhatIf};
use crate::engine::clock;
use crate::engine::desk::midnight;
use crate::journal::sqlite::SqliteReader;
use crate::journal::{Reader, Totals};

/// The wallet now, and what is known of how it moves.
pub(super) struct Effect {
    balance: Result<Balance, Told>,
    pace: Option<Pace>,
    totals: Totals,
    paying: Centavos,
}

/// The same for scripts.
#[derive(Debug, Serialize)]
pub(super) struct EffectView {
    before_centavos: Option<Centavos>,
    after_centavos: Option<Centavos>,
    pending_centavos: Centavos,
    /// The least that remains once everything pending has left as well.
    after_all_centavos: Option<Centavos>,
    minutes_before: Option<u64>,
    minutes_after: Option<u64>,
    band: Option<&'static str>,
    first_dry: Option<DryView>,
}

#[derive(Debug, Serialize)]
struct DryView {
    bank: String,
    minutes: u64,
}

impl Effect {
    /// Reads the balance, and what the journal knows of the wallet. What cannot be read is said and is no error.
    pub(super) async fn look(context: &Context, reader: Option<&SqliteReader>, paying: Centavos) -> Self {
        let now = clock::now();
        let (mut pace, mut totals) = (None, Totals::default());
        if let Some(reader) = reader {
            pace = reader.pace(now).await.ok();
            totals = reader.totals(midnight(now, &zone())).await.unwrap_or_default();
        }
        let balance = context.balance().await.map_err(|failure| failure.message);
        Self { balance, pace, totals, paying }
    }

    fn what_if(&self) -> Option<WhatIf> {
        let before = self.balance.as_ref().ok()?.transactional;
        Some(WhatIf { before, paying: self.paying, pending: self.pending() })
    }

    fn pending(&self) -> Centavos {
        total([self.totals.in_flight.amount, self.totals.in_doubt.amount])
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

    pub(super) fn view(&self, context: &Context) -> EffectView {
        let what_if = self.what_if();
        let dry = what_if.and_then(|what_if| self.first_dry(what_if.leaving()));
        EffectView {
            before_centavos: what_if.map(|what_if| what_if.before),
            after_centavos: what_if.map(|what_if| what_if.after()),
            pending_centavos: self.pending(),
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
            first_dry: dry.map(|(bank, minutes)| DryView { bank, minutes }),
        }
    }

    /// A line each.
    pub(super) fn text(&self, context: &Context) -> Vec<Told> {
        let what_if = match (&self.balance, self.what_if()) {
            (Err(why), _) => {
                return vec![told!("the balance is not known: {why}", "o saldo não é conhecido: {why}"; why)];
            }
            (Ok(_), None) => return Vec::new(),
            (Ok(_), Some(what_if)) => what_if,
        };
        let (before, after) = (what_if.before, what_if.after());
        let mut text = vec![told!(
            "transactional balance {before}, afterwards {after}",
            "saldo transacional {before}, depois {after}"
        )];
        if what_if.pending > Centavos::ZERO {
            let (flying, doubtful) = (self.totals.in_flight.count, self.totals.in_doubt.count);
            let (all, remains) = (what_if.pending, what_if.after_all());
            text.push(told!(
                "pending: {flying} in flight and {doubtful} in doubt, {all} in all; if none of it has left the balance yet, \
                 {remains} remains",
                "pendentes: {flying} em trânsito e {doubtful} em dúvida, {all} ao todo; se nada disso saiu do saldo ainda, \
                 restam {remains}"
            ));
        }
        if what_if.paying == Centavos::ZERO {
            return text;
        }
        let left = what_if.after_all();
        if what_if.after() < Centavos::ZERO {
            text.push(told!(
                "THE BALANCE DOES NOT SUFFICE: the gateway will refuse; top up first",
                "O SALDO NÃO BASTA: o gateway vai recusar; faça um aporte antes"
            ));
        } else if left < Centavos::ZERO {
            text.push(told!(
                "THE BALANCE MAY NOT SUFFICE, as far as what is pending has not left it yet",
                "O SALDO PODE NÃO BASTAR, se o que está pendente ainda não saiu dele"
            ));
        } else if let Some(band) = context.settings.band {
            let (floor, ceiling) = (band.floor(), band.ceiling());
            text.push(match band.standing(left) {
                Standing::BelowFloor => told!("BELOW THE FLOOR of {floor}", "ABAIXO DO PISO de {floor}"),
                Standing::Within => told!("within the band", "dentro da faixa"),
                Standing::AboveCeiling => {
                    told!("above the ceiling of {ceiling}", "acima do teto de {ceiling}")
                }
            });
        }
        if let Some(after) = self.minutes(left) {
            let before = self.minutes(what_if.before).unwrap_or_default();
            text.push(told!(
                "covers {after} minutes of outflow instead of {before}",
                "cobre {after} minutos de saída em vez de {before}"
            ));
        }
        if let Some((bank, minutes)) = self.first_dry(what_if.leaving()) {
            text.push(told!(
                "{bank} runs dry first, in {minutes} minutes",
                "{bank} seca primeiro, em {minutes} minutos"
            ));
        }
        text
    }
}
