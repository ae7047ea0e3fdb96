//! Does the wallet hold what it ought to? Opening + in - out + top-ups - sweeps = now, and where it does not, when that
//! came about and by how much.
//!
//! saldo sees what it ordered and what webhooks told it. The platform's own backend may keep its webhooks to itself, and
//! the gateway tells no fees, so a difference is no fault by itself: it is the part that nobody told saldo about.
//!
//! Money in transit makes differences that pass: a payment may leave the balance when it is accepted and be told when it
//! has settled, and a balance and a flow of the same minute may lie on either side of each other. What is made up for
//! within [`TRANSIT`] is therefore no gap.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::money::Centavos;
use super::rebalance::Pockets;

/// How long a difference may wait for the flow that explains it.
pub const TRANSIT: SignedDuration = SignedDuration::from_mins(10);

/// Gaps that are kept, the newest; the sum is over all.
pub const MOST_GAPS: usize = 50;

/// What saldo saw move since the opening, in centavos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moved {
    /// Paid cash-ins.
    pub received: Centavos,
    /// Completed cash-outs.
    pub paid: Centavos,
    /// Cash-ins that went back to their payers.
    pub refunded: Centavos,
    /// Cash-outs that came back from their payees.
    pub returned: Centavos,
    /// From the proprietary to the transactional account, ordered by saldo.
    pub topped_up: Centavos,
    /// From the transactional to the proprietary account, ordered by saldo.
    pub swept: Centavos,
}

impl Moved {
    /// What the transactional account ought to have gained, and the proprietary one.
    fn net(&self) -> (i128, i128) {
        let wide = |amount: Centavos| i128::from(amount.get());
        let between = wide(self.topped_up) - wide(self.swept);
        let outside = wide(self.received) - wide(self.paid) - wide(self.refunded) + wide(self.returned);
        (outside + between, -between)
    }
}

/// The wallet at one moment, and what saldo saw move until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// As of when the gateway gave the balance (UTC).
    pub at: Timestamp,
    /// What it held.
    pub pockets: Pockets,
    /// What saldo saw move since the opening.
    pub moved: Moved,
}

/// What a gap looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The transactional account changed.
    Transactional,
    /// The proprietary account changed.
    Proprietary,
    /// Money went from one account to the other, as in a rebalance that saldo did not order: positive is a top-up.
    Between,
}

impl Kind {
    /// The word of the command line and of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Proprietary => "proprietary",
            Self::Between => "between",
        }
    }
}

/// A change of the balance that nobody told saldo about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The balance was still as it ought to be, as of then (UTC).
    pub from: Timestamp,
    /// The balance had changed, as of then (UTC).
    pub to: Timestamp,
    /// Where.
    pub kind: Kind,
    /// By how much; negative where money left.
    pub amount: Centavos,
}

impl Gap {
    /// Whether both are the same change, though it was looked at from another opening, which may move the edges of the
    /// window: the same account and amount, at the same time.
    pub fn is_same(&self, other: &Self) -> bool {
        let overlap = self.from < other.to && other.from < self.to;
        self.kind == other.kind && self.amount == other.amount && (overlap || self.to == other.to)
    }

    /// Whether money in transit is no explanation of it any more, by the balance of `now`.
    pub fn is_lasting(&self, now: Timestamp) -> bool {
        now.duration_since(self.to) > TRANSIT
    }

    /// A name that no other gap of the wallet has: account, window (seconds since 1970) and centavos.
    pub fn name(&self) -> String {
        let Self { from, to, kind, amount } = self;
        format!("{}:{}:{}:{}", kind.as_str(), from.as_second(), to.as_second(), amount.get())
    }
}

/// The equation of a wallet between two moments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conservation {
    /// The wallet at its beginning.
    pub opening: Point,
    /// The wallet as it is, with all that saldo saw since the opening.
    pub now: Point,
    /// What it ought to hold.
    pub expected: Pockets,
    /// What is there and was not told, or is missing: now - expected, for each account.
    pub unseen: Pockets,
    /// The part of `unseen` that is older than [`TRANSIT`], so that money in transit is no explanation of it.
    pub lasting: Pockets,
    /// When that came about, oldest first; the newest [`MOST_GAPS`].
    pub gaps: Vec<Gap>,
}

/// Draws up the equation over balances in the order of time; the first is the opening. `None` without any, or where the
/// sums are beyond what a balance can be.
pub fn conserve(points: &[Point]) -> Option<Conservation> {
    let (opening, now) = (*points.first()?, *points.last()?);
    let mut gaps = Gaps::default();
    for pair in points.windows(2) {
        gaps.take(&pair[0], &pair[1]);
    }
    let (transactional, proprietary) = now.moved.net();
    let expected = Pockets {
        transactional: plus(opening.pockets.transactional, transactional)?,
        proprietary: plus(opening.pockets.proprietary, proprietary)?,
    };
    let unseen = Pockets {
        transactional: now.pockets.transactional.checked_sub(expected.transactional)?,
        proprietary: now.pockets.proprietary.checked_sub(expected.proprietary)?,
    };
    let lasting = gaps.lasting(now.at)?;
    Some(Conservation { opening, now, expected, unseen, lasting, gaps: gaps.found() })
}

fn plus(amount: Centavos, more: i128) -> Option<Centavos> {
    i64::try_from(i128::from(amount.get()) + more).ok().map(Centavos::new)
}

/// A difference between two balances that is waiting to be made up for.
#[derive(Debug, Clone, Copy)]
struct Open {
    from: Timestamp,
    to: Timestamp,
    amount: i128,
}

/// Differences of one kind: those that may still be in transit, and those that are not.
#[derive(Debug, Default)]
struct Waiting {
    open: VecDeque<Open>,
    settled: Vec<Open>,
}

impl Waiting {
    fn take(&mut self, from: Timestamp, to: Timestamp, mut amount: i128) {
        self.age(to);
        // What is told of the very amount that is missing is about it, and leaves every other difference its time.
        if let Some(exact) = self.open.iter().position(|open| open.amount == -amount) {
            self.open.remove(exact);
            return;
        }
        // Otherwise the newest first: a difference of one moment and its counterpart of the next belong together, and one
        // that lasts stays where it came about.
        for open in self.open.iter_mut().rev() {
            if amount == 0 {
                break;
            }
            if open.amount.signum() == -amount.signum() {
                let part = open.amount.abs().min(amount.abs());
                open.amount -= part * open.amount.signum();
                amount -= part * amount.signum();
            }
        }
        self.open.retain(|open| open.amount != 0);
        if amount != 0 {
            self.open.push_back(Open { from, to, amount });
        }
    }

    /// What has waited too long by `now` is made up for no more.
    fn age(&mut self, now: Timestamp) {
        while self.open.front().is_some_and(|first| now.duration_since(first.to) > TRANSIT) {
            self.settled.extend(self.open.pop_front());
        }
    }

    fn lasting(&mut self, now: Timestamp) -> i128 {
        self.age(now);
        self.settled.iter().map(|open| open.amount).sum()
    }
}

#[derive(Debug, Default)]
struct Gaps {
    transactional: Waiting,
    proprietary: Waiting,
    between: Waiting,
}

impl Gaps {
    fn take(&mut self, before: &Point, after: &Point) {
        let change = |after: Centavos, before: Centavos| i128::from(after.get()) - i128::from(before.get());
        let (told_then, told_now) = (before.moved.net(), after.moved.net());
        let mut transactional =
            change(after.pockets.transactional, before.pockets.transactional) - (told_now.0 - told_then.0);
        let mut proprietary =
            change(after.pockets.proprietary, before.pockets.proprietary) - (told_now.1 - told_then.1);
        let mut between = 0;
        // What left one account and arrived at the other.
        if proprietary.signum() == -transactional.signum() && transactional.abs() >= proprietary.abs() {
            between = -proprietary;
            transactional -= between;
            proprietary = 0;
        }
        for (waiting, amount) in [
            (&mut self.transactional, transactional),
            (&mut self.proprietary, proprietary),
            (&mut self.between, between),
        ] {
            waiting.take(before.at, after.at, amount);
        }
    }

    fn lasting(&mut self, now: Timestamp) -> Option<Pockets> {
        let between = self.between.lasting(now);
        let part = |amount| i64::try_from(amount).ok().map(Centavos::new);
        Some(Pockets {
            transactional: part(self.transactional.lasting(now) + between)?,
            proprietary: part(self.proprietary.lasting(now) - between)?,
        })
    }

    fn found(self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for (waiting, kind) in [
            (self.transactional, Kind::Transactional),
            (self.proprietary, Kind::Proprietary),
            (self.between, Kind::Between),
        ] {
            for open in waiting.settled.into_iter().chain(waiting.open) {
                let Ok(amount) = i64::try_from(open.amount) else { continue };
                gaps.push(Gap { from: open.from, to: open.to, kind, amount: Centavos::new(amount) });
            }
        }
        gaps.sort_by_key(|gap| (gap.to, gap.from));
        let surplus = gaps.len().saturating_sub(MOST_GAPS);
        gaps.drain(..surplus);
        gaps
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(minute: i64, pockets: (i64, i64), moved: Moved) -> Point {
        Point {
            at: Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap(),
            pockets: Pockets {
                transactional: Centavos::new(pockets.0),
                proprietary: Centavos::new(pockets.1),
            },
            moved,
        }
    }

    fn told(received: i64, paid: i64) -> Moved {
        Moved { received: Centavos::new(received), paid: Centavos::new(paid), ..Moved::default() }
    }

    fn gaps(points: &[Point]) -> Vec<(Kind, i64)> {
        conserve(points).unwrap().gaps.iter().map(|gap| (gap.kind, gap.amount.get())).collect()
    }

    #[test]
    fn what_was_told_leaves_nothing_open() {
        let moved = Moved {
            received: Centavos::new(100),
            paid: Centavos::new(30),
            refunded: Centavos::new(20),
            returned: Centavos::new(5),
            topped_up: Centavos::new(50),
            swept: Centavos::new(10),
        };
        let points = [point(0, (1_000, 500), Moved::default()), point(1, (1_095, 460), moved)];
        let drawn = conserve(&points).unwrap();
        assert_eq!(drawn.expected, points[1].pockets);
        assert_eq!(drawn.unseen, Pockets { transactional: Centavos::ZERO, proprietary: Centavos::ZERO });
        assert_eq!(drawn.gaps, []);
        assert_eq!(conserve(&[]), None);
    }

    #[test]
    fn a_gap_has_its_time_and_amount() {
        let points = [
            point(0, (1_000, 500), told(0, 0)),
            point(1, (1_100, 500), told(100, 0)),
            point(2, (800, 500), told(100, 0)),
            point(3, (790, 500), told(100, 10)),
        ];
        let drawn = conserve(&points).unwrap();
        assert_eq!(drawn.unseen.transactional, Centavos::new(-300));
        let gap = Gap {
            from: points[1].at,
            to: points[2].at,
            kind: Kind::Transactional,
            amount: Centavos::new(-300),
        };
        assert_eq!(drawn.gaps, [gap]);
    }

    #[test]
    fn a_gap_stays_where_it_came_about_whatever_is_told_late_around_it() {
        // Three hundred are gone in the second minute; payments before and after it leave the balance and are told later.
        let points = [
            point(0, (1_000, 0), told(0, 0)),
            point(1, (930, 0), told(0, 0)),
            point(2, (630, 0), told(0, 0)),
            point(3, (580, 0), told(0, 0)),
            point(4, (580, 0), told(0, 70)),
            point(5, (560, 0), told(0, 120)),
            point(6, (560, 0), told(0, 140)),
        ];
        let drawn = conserve(&points).unwrap();
        let (from, to) = (points[1].at, points[2].at);
        let gap = Gap { from, to, kind: Kind::Transactional, amount: Centavos::new(-300) };
        assert_eq!(drawn.gaps, [gap]);
    }

    #[test]
    fn what_is_told_late_is_no_gap() {
        let left = point(1, (600, 0), told(0, 0));
        for (minutes, found) in
            [(10, vec![]), (12, vec![(Kind::Transactional, -400), (Kind::Transactional, 400)])]
        {
            let points = [point(0, (1_000, 0), told(0, 0)), left, point(1 + minutes, (600, 0), told(0, 400))];
            assert_eq!(gaps(&points), found, "told after {minutes} minutes");
            assert_eq!(conserve(&points).unwrap().unseen.transactional, Centavos::ZERO);
        }
        // Before that, it may be in transit.
        let drawn = conserve(&[point(0, (1_000, 0), told(0, 0)), left]).unwrap();
        assert_eq!((drawn.unseen.transactional.get(), drawn.lasting.transactional.get()), (-400, 0));
        let later = [point(0, (1_000, 0), told(0, 0)), left, point(12, (600, 0), told(0, 0))];
        assert_eq!(conserve(&later).unwrap().lasting.transactional.get(), -400);
        // A part of it was told.
        let points = [point(0, (1_000, 0), told(0, 0)), left, point(2, (600, 0), told(0, 300))];
        assert_eq!(gaps(&points), [(Kind::Transactional, -100)]);
    }

    #[test]
    fn money_that_changed_pockets_is_one_gap() {
        let opening = point(0, (1_000, 500), told(0, 0));
        assert_eq!(gaps(&[opening, point(1, (1_200, 300), told(0, 0))]), [(Kind::Between, 200)]);
        assert_eq!(
            gaps(&[opening, point(1, (1_150, 300), told(0, 0))]),
            [(Kind::Transactional, 150), (Kind::Proprietary, -200)],
            "more left than arrived"
        );
        assert_eq!(
            gaps(&[opening, point(1, (1_230, 300), told(0, 0))]),
            [(Kind::Transactional, 30), (Kind::Between, 200)]
        );
        assert_eq!(gaps(&[opening, point(1, (1_000, 700), told(0, 0))]), [(Kind::Proprietary, 200)]);
    }

    #[test]
    fn impossible_sums_are_no_answer() {
        let points = [point(0, (i64::MAX, 0), told(0, 0)), point(1, (i64::MAX, 0), told(i64::MAX, 0))];
        assert_eq!(conserve(&points), None);
    }

    proptest! {
        /// Whatever happens, the gaps add up to what is not seen.
        #[test]
        fn gaps_add_up(steps in prop::collection::vec((-500_i64..500, -500_i64..500, 0_i64..300, 0_i64..300), 1..40)) {
            let mut points = vec![point(0, (100_000, 100_000), Moved::default())];
            for (minute, (transactional, proprietary, received, paid)) in (1..).zip(steps) {
                let last = points[points.len() - 1];
                points.push(point(
                    minute,
                    (last.pockets.transactional.get() + transactional, last.pockets.proprietary.get() + proprietary),
                    told(last.moved.received.get() + received, last.moved.paid.get() + paid),
                ));
            }
            let drawn = conserve(&points).unwrap();
            prop_assume!(drawn.gaps.len() < MOST_GAPS);
            let sum = |kind| -> i64 {
                drawn.gaps.iter().filter(|gap| gap.kind == kind).map(|gap| gap.amount.get()).sum()
            };
            let between = sum(Kind::Between);
            prop_assert_eq!(sum(Kind::Transactional) + between, drawn.unseen.transactional.get());
            prop_assert_eq!(sum(Kind::Proprietary) - between, drawn.unseen.proprietary.get());
        }
    }
}
