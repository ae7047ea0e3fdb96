//! The band that a desk holds against the transactional balance, and how long the balance still pays.

use jiff::SignedDuration;

use super::money::Centavos;

/// Floor, target and ceiling, in this order: `floor <= target <= ceiling`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    floor: Centavos,
    target: Centavos,
    ceiling: Centavos,
}

/// Why three amounts are no band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BandError {
    /// An edge below zero.
    #[error("an edge of the band is below zero")]
    Negative,
    /// Not floor, target, ceiling in this order.
    #[error("the band has to rise from floor to target to ceiling")]
    Order,
}

/// Where an amount lies in a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A top-up is due.
    BelowFloor,
    /// As it should be.
    Within,
    /// A sweep is due.
    AboveCeiling,
}

impl Band {
    /// A band of amounts that are not negative and rise.
    ///
    /// # Errors
    ///
    /// [`BandError`].
    pub fn new(floor: Centavos, target: Centavos, ceiling: Centavos) -> Result<Self, BandError> {
        if floor < Centavos::ZERO {
            return Err(BandError::Negative);
        }
        if floor > target || target > ceiling {
            return Err(BandError::Order);
        }
        Ok(Self { floor, target, ceiling })
    }

    /// Below it a top-up is due.
    pub const fn floor(&self) -> Centavos {
        self.floor
    }

    /// Where a rebalance leads.
    pub const fn target(&self) -> Centavos {
        self.target
    }

    /// Above it a sweep is due.
    pub const fn ceiling(&self) -> Centavos {
        self.ceiling
    }

    /// Where `amount` lies.
    pub fn standing(&self, amount: Centavos) -> Standing {
        if amount < self.floor {
            Standing::BelowFloor
        } else if amount > self.ceiling {
            Standing::AboveCeiling
        } else {
            Standing::Within
        }
    }

    /// Where `amount` falls on a gauge of `cells` cells that ends a quarter beyond the ceiling: `0` for nothing,
    /// at most `cells`. An amount above zero fills one cell at least, so that "little" never looks like "none".
    pub fn place(&self, amount: Centavos, cells: u16) -> u16 {
        let full = i128::from(self.ceiling.get()) * 5 / 4;
        let amount = i128::from(amount.get());
        if amount <= 0 || cells == 0 {
            return 0;
        }
        if full == 0 {
            return cells;
        }
        let place = (amount * i128::from(cells) / full).clamp(1, i128::from(cells));
        u16::try_from(place).unwrap_or(cells)
    }
}

/// How many minutes `balance` still pays when `paid` went out within `over`; `None` when nothing went out, or
/// the time was too short to say.
pub fn minutes_left(balance: Centavos, paid: Centavos, over: SignedDuration) -> Option<u64> {
    let seconds = i128::from(over.as_secs());
    if paid <= Centavos::ZERO || seconds < 60 {
        return None;
    }
    let balance = i128::from(balance.get().max(0));
    u64::try_from(balance * seconds / 60 / i128::from(paid.get())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band() -> Band {
        Band::new(Centavos::new(300), Centavos::new(500), Centavos::new(800)).unwrap()
    }

    #[test]
    fn rises_from_floor_to_ceiling() {
        let of = |floor, target, ceiling| {
            Band::new(Centavos::new(floor), Centavos::new(target), Centavos::new(ceiling))
        };
        assert!(of(0, 0, 0).is_ok());
        assert_eq!(of(-1, 0, 0), Err(BandError::Negative));
        assert_eq!(of(2, 1, 3), Err(BandError::Order));
        assert_eq!(of(1, 3, 2), Err(BandError::Order));
    }

    #[test]
    fn its_edges_belong_to_it() {
        for (amount, standing) in [
            (299, Standing::BelowFloor),
            (300, Standing::Within),
            (800, Standing::Within),
            (801, Standing::AboveCeiling),
        ] {
            assert_eq!(band().standing(Centavos::new(amount)), standing, "{amount}");
        }
    }

    #[test]
    fn the_gauge_is_exact_at_any_amount() {
        for (amount, place) in [(-5, 0), (0, 0), (1, 1), (500, 5), (800, 8), (1000, 10), (i64::MAX, 10)] {
            assert_eq!(band().place(Centavos::new(amount), 10), place, "{amount}");
        }
        assert_eq!(band().place(Centavos::new(5), 0), 0);
    }

    #[test]
    fn minutes_are_told_only_where_something_went_out() {
        let minutes = |balance, paid, seconds| {
            minutes_left(Centavos::new(balance), Centavos::new(paid), SignedDuration::from_secs(seconds))
        };
        assert_eq!(minutes(12_000, 1_000, 600), Some(120));
        assert_eq!(minutes(-1, 1_000, 600), Some(0));
        assert_eq!(minutes(12_000, 0, 600), None);
        assert_eq!(minutes(12_000, 1_000, 59), None);
    }
}
