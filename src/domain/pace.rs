//! How fast the wallet pays and is paid, and how long the transactional balance still lasts.
//!
//! Two witnesses: what saldo was told (settled cash-outs and cash-ins), and how the balance itself moved. Where the balance
//! fell by more than was told, somebody pays without telling saldo, and the fall counts.

use jiff::{SignedDuration, Timestamp};

use super::balance::{Balance, BankBalance};
use super::band::minutes_left;
use super::money::Centavos;

/// Over how many minutes back it is looked, from short to long.
pub const SPANS: [i64; 3] = [1, 10, 60];

/// Below this, too little was seen to say how long a balance lasts.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);

/// Prizes of licensed betting companies are due within so many minutes (Portaria SPA/MF 615/2024).
pub const PRIZES_DUE: u64 = 120;

/// What happened within one span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// How long it is.
    pub minutes: i64,
    /// How much of it was watched: less than all of it where the journal's balances begin later.
    pub watched: SignedDuration,
    /// Completed cash-outs, in centavos.
    pub paid: Centavos,
    /// Paid cash-ins, in centavos.
    pub received: Centavos,
    /// By how much the transactional balance fell from poll to poll, saldo's own rebalances left out, in centavos.
    pub fell: Centavos,
    /// By how much it rose.
    pub rose: Centavos,
}

impl Span {
    /// What left, by the witness who saw more.
    pub fn outflow(&self) -> Centavos {
        self.paid.max(self.fell)
    }

    /// What came, by the witness who saw more.
    pub fn inflow(&self) -> Centavos {
        self.received.max(self.rose)
    }

    /// Whether the balance fell by more than saldo was told.
    pub fn fell_untold(&self) -> bool {
        self.fell > self.paid
    }

    /// How many minutes `balance` still pays at this outflow, without any inflow; `None` where nothing can be said.
    pub fn minutes_left(&self, balance: Centavos) -> Option<u64> {
        (self.watched >= SHORTEST).then(|| minutes_left(balance, self.outflow(), self.watched)).flatten()
    }
}

/// How fast the wallet moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pace {
    /// When it was looked at (UTC).
    pub at: Timestamp,
    /// In the order of [`SPANS`].
    pub spans: [Span; 3],
    /// The balance as it was about ten minutes ago, or as far back as there is one, and how long ago.
    pub then: Option<(Balance, SignedDuration)>,
}

impl Pace {
    /// The span that decides: ten minutes, which a single large payment does not upset for long.
    pub fn middle(&self) -> &Span {
        &self.spans[1]
    }

    /// How many minutes the transactional balance still pays.
    pub fn minutes_left(&self, balance: Centavos) -> Option<u64> {
        self.middle().minutes_left(balance)
    }

    /// The partner bank whose transactional account is empty first if all goes on as in the last ten minutes, and in how
    /// many minutes. A rebalance cannot choose the partner, so it may not help that one.
    pub fn first_dry<'a>(&self, now: &'a Balance) -> Option<(&'a BankBalance, u64)> {
        let (then, ago) = self.then.as_ref()?;
        if *ago < SHORTEST {
            return None;
        }
        now.banks
            .iter()
            .filter_map(|bank| {
                let before = then.banks.iter().find(|before| is_same(before, bank))?.transactional?;
                let left = bank.transactional?;
                Some((bank, minutes_left(left, before.checked_sub(left)?, *ago)?))
            })
            .min_by_key(|(_, minutes)| *minutes)
    }

    /// The same once `paying` has left as well. Nobody can say which partner pays it: each is taken to pay the part that it
    /// had of what left in the last minutes.
    pub fn first_dry_after<'a>(&self, now: &'a Balance, paying: Centavos) -> Option<(&'a BankBalance, u64)> {
        let (then, ago) = self.then.as_ref()?;
        if *ago < SHORTEST {
            return None;
        }
        let falling: Vec<(&BankBalance, Centavos, i128)> = now
            .banks
            .iter()
            .filter_map(|bank| {
                let before = then.banks.iter().find(|before| is_same(before, bank))?.transactional?;
                let left = bank.transactional?;
                let fell = i128::from(before.get()) - i128::from(left.get());
                (fell > 0).then_some((bank, left, fell))
            })
            .collect();
        let all: i128 = falling.iter().map(|(_, _, fell)| fell).sum();
        falling
            .into_iter()
            .filter_map(|(bank, left, fell)| {
                let share = i128::from(paying.get()) * fell / all;
                let left = i64::try_from(i128::from(left.get()) - share).ok()?;
                let fell = Centavos::new(i64::try_from(fell).ok()?);
                Some((bank, minutes_left(Centavos::new(left), fell, *ago)?))
            })
            .min_by_key(|(_, minutes)| *minutes)
    }
}

/// What the transactional balance comes to: after a payment or several, and after those that are pending as well.
///
/// Some of what is pending may have left the balance already, since the gateway does not say when it takes a payment's money:
/// what [`Self::after_all`] gives is the least that remains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WhatIf {
    /// As it was read last, in centavos.
    pub before: Centavos,
    /// What is about to be paid.
    pub paying: Centavos,
    /// Cash-outs of saldo's that are decided and have not settled, those in doubt included.
    pub pending: Centavos,
}

impl WhatIf {
    /// What remains of the balance; below zero where it does not suffice.
    pub fn after(&self) -> Centavos {
        self.before.checked_sub(self.paying).unwrap_or(Centavos::new(i64::MIN))
    }

    /// The least that remains once everything pending has left as well.
    pub fn after_all(&self) -> Centavos {
        self.after().checked_sub(self.pending).unwrap_or(Centavos::new(i64::MIN))
    }

    /// Everything that is to leave.
    pub fn leaving(&self) -> Centavos {
        self.paying.checked_add(self.pending).unwrap_or(Centavos::new(i64::MAX))
    }
}

fn is_same(one: &BankBalance, other: &BankBalance) -> bool {
    match (&one.ispb, &other.ispb) {
        (Some(one), Some(other)) => one == other,
        _ => one.bank.is_some() && one.bank == other.bank,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::Safe;

    fn span(watched: i64, paid: i64, fell: i64) -> Span {
        Span {
            minutes: 10,
            watched: SignedDuration::from_secs(watched),
            paid: Centavos::new(paid),
            fell: Centavos::new(fell),
            ..Span::default()
        }
    }

    #[test]
    fn the_witness_who_saw_more_counts() {
        let balance = Centavos::new(12_000);
        for (span, minutes, untold) in [
            (span(600, 1_000, 0), Some(120), false),
            (span(600, 1_000, 2_000), Some(60), true),
            (span(300, 1_000, 0), Some(60), false),
            (span(30, 1_000, 0), None, false),
            (span(600, 0, 0), None, false),
        ] {
            assert_eq!((span.minutes_left(balance), span.fell_untold()), (minutes, untold), "{span:?}");
        }
        assert_eq!(span(600, 1_000, 0).minutes_left(Centavos::new(-5)), Some(0));
    }

    #[test]
    fn the_partner_that_falls_fastest_for_what_it_holds_is_dry_first() {
        let bank = |ispb: &str, amount: Option<i64>| BankBalance {
            ispb: Some(Safe::new(ispb)),
            bank: None,
            transactional: amount.map(Centavos::new),
            proprietary: None,
        };
        let balance = |banks| Balance {
            total: Centavos::ZERO,
            transactional: Centavos::ZERO,
            proprietary: Centavos::ZERO,
            banks,
            updated_at: None,
        };
        let then = balance(vec![
            bank("1", Some(10_000)),
            bank("2", Some(1_000)),
            bank("3", Some(5)),
            bank("4", None),
        ]);
        let now = balance(vec![
            bank("1", Some(9_000)),
            bank("2", Some(800)),
            bank("3", Some(50)),
            bank("4", Some(1)),
            bank("5", Some(1)),
        ]);
        let pace = |ago| Pace {
            at: Timestamp::UNIX_EPOCH,
            spans: [Span::default(); 3],
            then: Some((then.clone(), SignedDuration::from_secs(ago))),
        };
        let first = pace(600).first_dry(&now).map(|(bank, minutes)| (bank.ispb.clone().unwrap(), minutes));
        assert_eq!(first, Some((Safe::new("2"), 40)));
        assert_eq!(pace(30).first_dry(&now), None, "too little was seen");
        let after = |paying| {
            let pace = pace(600);
            let first = pace.first_dry_after(&now, Centavos::new(paying));
            first.map(|(bank, minutes)| (bank.ispb.clone().unwrap(), minutes))
        };
        // 1,000 and 200 centavos left in ten minutes: five sixths and one sixth of what is paid.
        assert_eq!(after(0), Some((Safe::new("2"), 40)));
        assert_eq!(after(600), Some((Safe::new("2"), 35)));
        assert_eq!(after(600_000), Some((Safe::new("1"), 0)));
    }

    #[test]
    fn what_remains_is_told_below_zero_too() {
        let what_if =
            WhatIf { before: Centavos::new(100), paying: Centavos::new(60), pending: Centavos::new(50) };
        assert_eq!((what_if.after(), what_if.after_all()), (Centavos::new(40), Centavos::new(-10)));
        assert_eq!(what_if.leaving(), Centavos::new(110));
    }
}
