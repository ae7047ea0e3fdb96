//! Moving money between the two pockets.
//!
//! A rebalance names the transactional balance that is wanted; the gateway finds the direction. It has no
//! idempotency key, so it is never sent again by itself, and one whose outcome is unknown stops the next one until
//! a person has looked.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attempt::{Ambiguity, NotExecuted};
use super::balance::Balance;
use super::money::Centavos;
use super::person::Person;
use super::text::Safe;

/// Which way a rebalance moves money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// Proprietary to transactional.
    TopUp,
    /// Transactional to proprietary.
    Sweep,
}

impl Move {
    /// The word of the command line and of JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top-up",
            Self::Sweep => "sweep",
        }
    }
}

/// Both pockets at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pockets {
    /// The transactional balance.
    pub transactional: Centavos,
    /// The proprietary balance.
    pub proprietary: Centavos,
}

impl From<&Balance> for Pockets {
    fn from(balance: &Balance) -> Self {
        Self { transactional: balance.transactional, proprietary: balance.proprietary }
    }
}

/// What a rebalance is expected to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    /// Top-up or sweep.
    pub direction: Move,
    /// How much moves; more than zero.
    pub amount: Centavos,
    /// The pockets it was computed from.
    pub before: Pockets,
    /// The pockets expected afterwards.
    pub after: Pockets,
}

/// Why a target leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastError {
    /// The transactional balance is the target already.
    #[error("the transactional balance is {0} already: nothing would move")]
    NothingToMove(Centavos),
    /// A top-up above what the proprietary pocket holds.
    #[error("a top-up of {needed} is more than the proprietary balance of {available}")]
    NotEnough {
        /// What the top-up needs.
        needed: Centavos,
        /// What the proprietary pocket holds.
        available: Centavos,
    },
    /// A target below zero, or sums beyond 64 bits.
    #[error("the target is not a possible balance")]
    Impossible,
}

/// What moving to `target` would do to `now`.
///
/// # Errors
///
/// [`ForecastError`].
pub fn forecast(now: Pockets, target: Centavos) -> Result<Forecast, ForecastError> {
    if target < Centavos::ZERO {
        return Err(ForecastError::Impossible);
    }
    let difference = target.checked_sub(now.transactional).ok_or(ForecastError::Impossible)?;
    let after = Pockets {
        transactional: target,
        proprietary: now.proprietary.checked_sub(difference).ok_or(ForecastError::Impossible)?,
    };
    if difference == Centavos::ZERO {
        return Err(ForecastError::NothingToMove(now.transactional));
    }
    if difference > Centavos::ZERO {
        if after.proprietary < Centavos::ZERO {
            return Err(ForecastError::NotEnough { needed: difference, available: now.proprietary });
        }
        return Ok(Forecast { direction: Move::TopUp, amount: difference, before: now, after });
    }
    let amount = Centavos::ZERO.checked_sub(difference).ok_or(ForecastError::Impossible)?;
    Ok(Forecast { direction: Move::Sweep, amount, before: now, after })
}

impl Forecast {
    /// Whether `now`, computed from a fresh balance, is still what was reviewed: the same direction, and an amount
    /// that differs by at most one percent of the target.
    ///
    /// The target is absolute, so the transactional balance ends where it was wanted either way. Measured against the
    /// amount alone, a small correction on a busy evening could never be confirmed: the traffic of a second is more.
    pub fn still_holds(&self, now: &Self) -> bool {
        let (reviewed, fresh) = (i128::from(self.amount.get()), i128::from(now.amount.get()));
        let measure = reviewed.max(i128::from(self.after.transactional.get()));
        self.direction == now.direction && (reviewed - fresh).abs() * 100 <= measure
    }
}

/// Where a rebalance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Journalled; the request may have left, and what came of it is not known.
    Unknown,
    /// The gateway said that it is done.
    Completed,
    /// Proven: nothing moved.
    Rejected,
    /// It was in doubt; a person looked at the balance and settled it.
    Acknowledged,
}

impl State {
    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Completed => "completed",
            Self::Rejected => "rejected",
            Self::Acknowledged => "acknowledged",
        }
    }
}

/// What the one request of a rebalance came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 200 and legible: what the gateway said, and whether it calls it a success.
    Answered {
        /// The gateway's `success`.
        success: bool,
        /// The gateway's `message`.
        message: Safe,
    },
    /// Proven: nothing moved.
    NotExecuted(NotExecuted),
    /// It may have moved or not.
    Ambiguous(Ambiguity),
}

/// What was decided: the first event of every rebalance, journalled just before its one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When it was journalled (UTC).
    pub at: Timestamp,
    /// Who decided.
    pub maker: Person,
    /// The transactional balance that is wanted.
    pub target: Centavos,
    /// What it is expected to do.
    pub forecast: Forecast,
    /// Why, in the operator's words.
    pub reason: Option<String>,
}

/// A rebalance of ours, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebalance {
    /// Where it stands.
    pub state: State,
    /// What was decided.
    #[serde(flatten)]
    pub terms: Terms,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// The pockets read afterwards, if they could be.
    pub after: Option<Pockets>,
}

/// What the balance says about a rebalance whose answer nobody has. It is a person who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Looks {
    /// The proprietary pocket has changed by about what was to be moved.
    Moved,
    /// The proprietary pocket is what it was before.
    NotMoved,
    /// It has changed otherwise: something else moved, too.
    Unclear,
}

/// Something that happened to a rebalance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// It is about to be sent: the first event, and only that.
    Sent(Box<Terms>),
    /// Its request came to something.
    Ended {
        /// When (UTC).
        at: Timestamp,
        /// To what.
        outcome: Outcome,
    },
    /// The balance was read afterwards.
    Compared {
        /// When (UTC).
        at: Timestamp,
        /// What it was.
        pockets: Pockets,
    },
    /// A person settled a doubt.
    Acknowledged {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
    },
}

/// An event that cannot happen to a rebalance as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("this cannot happen to a rebalance that is {}", .0.as_str())]
pub struct Refused(pub State);

impl Event {
    /// When it happened (UTC).
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Sent(terms) => terms.at,
            Self::Ended { at, .. } | Self::Compared { at, .. } | Self::Acknowledged { at, .. } => *at,
        }
    }
}

/// The state that a whole life comes to.
///
/// # Errors
///
/// The place of the event that could not have happened; 0 where the life does not begin with [`Event::Sent`].
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Rebalance, usize> {
    let mut events = events.into_iter().enumerate();
    let Some((_, Event::Sent(terms))) = events.next() else { return Err(0) };
    events.try_fold(Rebalance::sent((**terms).clone()), |before, (place, event)| {
        before.step(event).map_err(|_| place)
    })
}

impl Rebalance {
    /// A rebalance that is about to be sent: from here on it may have moved money.
    pub const fn sent(terms: Terms) -> Self {
        Self { state: State::Unknown, terms, outcome: None, after: None }
    }

    /// What `event` makes of it.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing changes.
    pub fn step(&self, event: &Event) -> Result<Self, Refused> {
        let mut after = self.clone();
        match event {
            Event::Sent(_) => return Err(Refused(self.state)),
            Event::Ended { outcome, .. } => {
                if self.outcome.is_some() {
                    return Err(Refused(self.state));
                }
                after.state = match outcome {
                    Outcome::Answered { success: true, .. } => State::Completed,
                    // A 200 that says no: the gateway's word that nothing moved.
                    Outcome::Answered { success: false, .. } | Outcome::NotExecuted(_) => State::Rejected,
                    Outcome::Ambiguous(_) => State::Unknown,
                };
                after.outcome = Some(outcome.clone());
            }
            Event::Compared { pockets, .. } => after.after = Some(*pockets),
            Event::Acknowledged { .. } => {
                if self.state != State::Unknown || self.outcome.is_none() {
                    return Err(Refused(self.state));
                }
                after.state = State::Acknowledged;
            }
        }
        Ok(after)
    }

    /// What the pockets read afterwards say about whether it moved money. Only a rebalance moves the proprietary pocket,
    /// while the transactional one follows all the traffic: so the proprietary one is the witness, and an unchanged one
    /// says no. `None` while they have not been read.
    pub fn looks(&self) -> Option<Looks> {
        let after = self.after?;
        let forecast = &self.terms.forecast;
        if after.proprietary == forecast.before.proprietary {
            return Some(Looks::NotMoved);
        }
        let moved = match forecast.direction {
            Move::TopUp => forecast.before.proprietary.checked_sub(after.proprietary),
            Move::Sweep => after.proprietary.checked_sub(forecast.before.proprietary),
        };
        // The target is absolute, so by the time it was carried out the amount may have been another.
        let told =
            moved.filter(|moved| *moved > Centavos::ZERO).map(|amount| Forecast { amount, ..*forecast });
        Some(match told {
            Some(told) if forecast.still_holds(&told) => Looks::Moved,
            _ => Looks::Unclear,
        })
    }

    /// Whether the pockets read afterwards are those expected. `None` while they have not been read.
    pub fn as_expected(&self) -> Option<bool> {
        self.after.map(|after| after.transactional == self.terms.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pockets(transactional: i64, proprietary: i64) -> Pockets {
        Pockets { transactional: Centavos::new(transactional), proprietary: Centavos::new(proprietary) }
    }

    #[test]
    fn forecasts_both_directions() {
        let up = forecast(pockets(100, 500), Centavos::new(300)).unwrap();
        assert_eq!((up.direction, up.amount, up.after), (Move::TopUp, Centavos::new(200), pockets(300, 300)));
        let down = forecast(pockets(100, 500), Centavos::new(40)).unwrap();
        assert_eq!(
            (down.direction, down.amount, down.after),
            (Move::Sweep, Centavos::new(60), pockets(40, 560))
        );
        assert_eq!(
            forecast(pockets(100, 50), Centavos::new(300)),
            Err(ForecastError::NotEnough { needed: Centavos::new(200), available: Centavos::new(50) })
        );
        assert_eq!(
            forecast(pockets(100, 50), Centavos::new(100)),
            Err(ForecastError::NothingToMove(Centavos::new(100)))
        );
        assert_eq!(forecast(pockets(100, 50), Centavos::new(-1)), Err(ForecastError::Impossible));
        assert_eq!(forecast(pockets(i64::MIN, 0), Centavos::new(1)), Err(ForecastError::Impossible));
    }

    #[test]
    fn a_review_holds_within_one_percent_and_one_direction() {
        let reviewed = forecast(pockets(9_000, 50_000), Centavos::new(10_000)).unwrap();
        for (transactional, holds) in
            [(9_000, true), (9_100, true), (9_101, false), (8_900, true), (8_899, false), (10_050, false)]
        {
            let fresh = forecast(pockets(transactional, 50_000), Centavos::new(10_000)).unwrap();
            assert_eq!(reviewed.still_holds(&fresh), holds, "{transactional}");
        }
    }

    #[test]
    fn the_proprietary_pocket_is_the_witness() {
        let terms = |target| Terms {
            at: Timestamp::UNIX_EPOCH,
            maker: Person { uid: 7, name: None },
            target: Centavos::new(target),
            forecast: forecast(pockets(10_000, 50_000), Centavos::new(target)).unwrap(),
            reason: None,
        };
        for (target, after, looks) in [
            (30_000, pockets(30_000, 30_000), Looks::Moved),
            // The evening went on: the transactional pocket says nothing.
            (30_000, pockets(28_500, 30_050), Looks::Moved),
            (30_000, pockets(8_500, 50_000), Looks::NotMoved),
            (30_000, pockets(10_000, 49_000), Looks::Unclear),
            (30_000, pockets(10_000, 51_000), Looks::Unclear),
            (4_000, pockets(4_200, 56_000), Looks::Moved),
            (4_000, pockets(10_200, 50_000), Looks::NotMoved),
        ] {
            let mut rebalance = Rebalance::sent(terms(target));
            assert_eq!(rebalance.looks(), None);
            rebalance.after = Some(after);
            assert_eq!(rebalance.looks(), Some(looks), "{target} {after:?}");
        }
    }

    #[test]
    fn doubt_ends_only_by_a_person() {
        let at = Timestamp::UNIX_EPOCH;
        let person = Person { uid: 7, name: None };
        let terms = Terms {
            at,
            maker: person.clone(),
            target: Centavos::new(300),
            forecast: forecast(pockets(100, 500), Centavos::new(300)).unwrap(),
            reason: None,
        };
        let sent = Rebalance::sent(terms.clone());
        assert_eq!(sent.state, State::Unknown);
        let acknowledge = Event::Acknowledged { at, by: person };
        assert_eq!(sent.step(&acknowledge), Err(Refused(State::Unknown)), "still on the wire");
        let doubt =
            sent.step(&Event::Ended { at, outcome: Outcome::Ambiguous(Ambiguity::TimedOut) }).unwrap();
        let compared = doubt.step(&Event::Compared { at, pockets: pockets(300, 300) }).unwrap();
        assert_eq!((compared.state, compared.as_expected()), (State::Unknown, Some(true)));
        let settled = compared.step(&acknowledge).unwrap();
        assert_eq!(settled.state, State::Acknowledged);
        let life = [
            Event::Sent(Box::new(terms)),
            Event::Ended { at, outcome: Outcome::Ambiguous(Ambiguity::TimedOut) },
            Event::Compared { at, pockets: pockets(300, 300) },
            acknowledge,
        ];
        assert_eq!(fold(&life), Ok(settled));
        assert_eq!(fold(&life[1..]), Err(0));
        assert_eq!(fold(life.iter().chain(&life[1..2])), Err(4), "an answer comes once");
    }
}
