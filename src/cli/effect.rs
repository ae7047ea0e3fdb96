//! What paying does to the wallet, told before it is done: the balance afterwards, the band, the minutes that remain.

use serde::Serialize;

use super::cockpit::zone;
use super::context::Context;
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
    balance: Result<Balance, String>,
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
    pub(super) fn text(&self, context: &Context) -> Vec<String> {
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
            text.push("THE BALANCE DOES NOT SUFFICE: the gateway will refuse; top up first".to_owned());
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
