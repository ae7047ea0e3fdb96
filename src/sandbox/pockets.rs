//! The two pockets, transactional and proprietary, spread over the banking partners.

use crate::domain::money::Centavos;

use super::random::Random;

/// A banking partner and the accounts it keeps.
#[derive(Debug)]
pub(super) struct Partner {
    pub(super) ispb: &'static str,
    pub(super) name: &'static str,
    pub(super) branch: &'static str,
    pub(super) transactional: &'static str,
    /// `None`: this partner keeps no proprietary account, and the balance says null.
    pub(super) proprietary: Option<&'static str>,
}

/// The partners in the order of the balance's `banks[]`.
pub(super) const PARTNERS: [Partner; 3] = [
    Partner {
        ispb: "38224857",
        name: "BANCO DELBANK S.A.",
        branch: "0001",
        transactional: "1046287",
        proprietary: Some("1046295"),
    },
    Partner {
        ispb: "13935893",
        name: "CELCOIN IP S.A.",
        branch: "0001",
        transactional: "30054180",
        proprietary: Some("30054199"),
    },
    Partner {
        ispb: "20018183",
        name: "STARK BANK S.A. - IP",
        branch: "0001",
        transactional: "6341320936",
        proprietary: None,
    },
];

/// Of a hundred transactions, how many each partner takes; so one of them runs dry before the others.
const ROUTING: [u64; 3] = [50, 35, 15];
/// How an opening balance is spread, in hundredths.
const OPENING_TRANSACTIONAL: [i64; 3] = [45, 35, 20];
const OPENING_PROPRIETARY: [i64; 3] = [60, 40, 0];

/// One amount for each partner.
pub(super) type Spread = [Centavos; 3];

/// Which pocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pocket {
    Transactional,
    Proprietary,
}

/// What every account holds. No account is ever below zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pockets {
    transactional: Spread,
    proprietary: Spread,
}

impl Pockets {
    pub(super) fn new(transactional: Centavos, proprietary: Centavos) -> Self {
        Self {
            transactional: share(transactional, OPENING_TRANSACTIONAL),
            proprietary: share(proprietary, OPENING_PROPRIETARY),
        }
    }

    /// What each partner holds in `pocket`, in the order of [`PARTNERS`].
    pub(super) fn of(&self, pocket: Pocket) -> &Spread {
        match pocket {
            Pocket::Transactional => &self.transactional,
            Pocket::Proprietary => &self.proprietary,
        }
    }

    fn of_mut(&mut self, pocket: Pocket) -> &mut Spread {
        match pocket {
            Pocket::Transactional => &mut self.transactional,
            Pocket::Proprietary => &mut self.proprietary,
        }
    }

    pub(super) fn total(&self, pocket: Pocket) -> Centavos {
        sum(self.of(pocket))
    }

    /// Takes `amount` out, from partner `first` as far as it goes, then from the fullest. `None`, and nothing
    /// taken, when the pocket does not hold it.
    pub(super) fn withdraw(&mut self, pocket: Pocket, amount: Centavos, first: usize) -> Option<Spread> {
        if self.total(pocket) < amount {
            return None;
        }
        let accounts = self.of_mut(pocket);
        let mut order: Vec<usize> = (0..accounts.len()).collect();
        order.sort_by_key(|at| (*at != first, std::cmp::Reverse(accounts[*at])));
        let mut taken = [Centavos::ZERO; 3];
        let mut left = amount;
        for at in order {
            let part = left.min(accounts[at]);
            accounts[at] = minus(accounts[at], part);
            taken[at] = part;
            left = minus(left, part);
        }
        Some(taken)
    }

    pub(super) fn deposit(&mut self, pocket: Pocket, spread: &Spread) {
        for (account, part) in self.of_mut(pocket).iter_mut().zip(spread) {
            *account = plus(*account, *part);
        }
    }

    /// Moves `amount` from one pocket to the other, staying with each partner where it has both accounts.
    /// `None`, and nothing moved, when `from` does not hold it.
    pub(super) fn transfer(&mut self, from: Pocket, to: Pocket, amount: Centavos) -> Option<()> {
        let mut spread = self.withdraw(from, amount, 0)?;
        if to == Pocket::Proprietary {
            for at in 0..PARTNERS.len() {
                if PARTNERS[at].proprietary.is_none() {
                    spread[0] = plus(spread[0], spread[at]);
                    spread[at] = Centavos::ZERO;
                }
            }
        }
        self.deposit(to, &spread);
        Some(())
    }
}

/// The partner that takes the next transaction.
pub(super) fn route(random: &mut Random) -> usize {
    let mut roll = random.below(100);
    for (at, share) in ROUTING.iter().enumerate() {
        match roll.checked_sub(*share) {
            Some(rest) => roll = rest,
            None => return at,
        }
    }
    0
}

/// `amount` at one partner.
pub(super) fn all_at(partner: usize, amount: Centavos) -> Spread {
    let mut spread = [Centavos::ZERO; 3];
    spread[partner] = amount;
    spread
}

/// The partner of the largest part.
pub(super) fn main_partner(spread: &Spread) -> &'static Partner {
    let at = (0..spread.len()).max_by_key(|at| spread[*at]).unwrap_or(0);
    &PARTNERS[at]
}

pub(super) fn sum(spread: &Spread) -> Centavos {
    spread.iter().fold(Centavos::ZERO, |total, part| plus(total, *part))
}

/// `a + b`. The opening balances and amounts are bounded (see [`super::ledger::MAX_AMOUNT`]), so that no sum
/// of this sandbox comes near 64 bits.
pub(super) fn plus(a: Centavos, b: Centavos) -> Centavos {
    Centavos::new(a.get() + b.get())
}

/// `a - b`, bounded as [`plus`].
pub(super) fn minus(a: Centavos, b: Centavos) -> Centavos {
    Centavos::new(a.get() - b.get())
}

/// Spreads `amount` by hundredths; the centavos that do not divide go to the first partner.
fn share(amount: Centavos, hundredths: [i64; 3]) -> Spread {
    let mut spread = hundredths.map(|part| Centavos::new(amount.get() / 100 * part));
    spread[0] = plus(spread[0], minus(amount, sum(&spread)));
    spread
}

#[cfg(test)]
mod tests {
    use super::Pocket::{Proprietary, Transactional};
    use super::*;

    fn centavos(amounts: [i64; 3]) -> Spread {
        amounts.map(Centavos::new)
    }

    #[test]
    fn openings_are_shared_to_the_centavo() {
        let pockets = Pockets::new(Centavos::new(1_001), Centavos::new(99));
        assert_eq!(pockets.total(Transactional), Centavos::new(1_001));
        assert_eq!(pockets.total(Proprietary), Centavos::new(99));
        assert_eq!(pockets.of(Proprietary)[2], Centavos::ZERO);
    }

    #[test]
    fn withdraws_from_the_routed_partner_first_then_the_fullest() {
        let mut pockets =
            Pockets { transactional: centavos([100, 300, 50]), proprietary: centavos([0, 0, 0]) };
        assert_eq!(pockets.withdraw(Transactional, Centavos::new(120), 2), Some(centavos([0, 70, 50])));
        assert_eq!(pockets.of(Transactional), &centavos([100, 230, 0]));
        assert_eq!(pockets.withdraw(Transactional, Centavos::new(331), 0), None);
        assert_eq!(pockets.total(Transactional), Centavos::new(330), "a refusal takes nothing");
    }

    #[test]
    fn a_sweep_leaves_nothing_where_no_proprietary_account_is() {
        let mut pockets = Pockets { transactional: centavos([10, 20, 30]), proprietary: centavos([1, 1, 0]) };
        pockets.transfer(Transactional, Proprietary, Centavos::new(60)).unwrap();
        assert_eq!(pockets.of(Proprietary), &centavos([41, 21, 0]));
        assert!(pockets.transfer(Proprietary, Transactional, Centavos::new(63)).is_none());
    }
}
