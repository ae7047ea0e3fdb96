//! What a payment needs next, and when: derived from its state alone.

use jiff::{SignedDuration, Timestamp};

use super::{APPROVE_WITHIN, CONFIRMATION_GAP, CashOut, HOLD_AFTER, SEND_WITHIN, STALE_AFTER, State};
use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::moment::Moment;

/// The next thing to do for a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Not before (UTC).
    pub at: Timestamp,
    /// What.
    pub act: Act,
}

/// What a payment may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Journal an attempt, then send the stored bytes.
    Send,
    /// Ask the gateway by id.
    Look,
    /// Stop sending: the window is over.
    CloseWindow,
    /// Put it before a person.
    Hold,
    /// Tell a person that an accepted payment does not end.
    GoStale,
    /// Let it go: nobody approved or sent it in time.
    Expire,
    /// Nothing but a person can help: tell them again.
    Remind,
}

/// Whether a request may be made for a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatch {
    /// Yes.
    Send,
    /// It was decided too long ago, and nothing of this round was sent.
    Expired,
    /// The same bytes may no longer be sent again.
    WindowClosed,
    /// The payment is not in a state in which one sends.
    Never,
}

/// Waits between attempts with the same bytes, in seconds; the last one repeats.
const RESEND: [i64; 8] = [1, 2, 4, 8, 15, 30, 60, 300];

/// Waits between looks at an accepted payment, in seconds; the last one repeats.
const LOOK: [i64; 6] = [2, 5, 15, 60, 300, 900];

/// Looks at a final payment, for a refund or a late COMPLETED: after a day, a week and 12 days, in hours.
const LOOK_BACK: [i64; 3] = [24, 7 * 24, 12 * 24];

/// A look back that brought nothing is repeated after an hour, until two weeks are over.
const LOOK_BACK_AGAIN: SignedDuration = SignedDuration::from_hours(1);
const LOOK_BACK_UNTIL: SignedDuration = SignedDuration::from_hours(14 * 24);

impl CashOut {
    /// What to do next, and when. Every payment that is not final has a plan, and so does a final one whose
    /// end may still change.
    pub fn plan(&self) -> Option<Plan> {
        if self.on_the_wire {
            // The answer, or the deadline of whoever sent it, ends the attempt; until then nothing is due.
            return None;
        }
        match self.state {
            State::Draft | State::PendingApproval => {
                Some(Plan { at: later(self.decided_at, APPROVE_WITHIN), act: Act::Expire })
            }
            State::Approved => Some(Plan { at: self.decided_at, act: Act::Send }),
            State::Unknown if self.frozen => Some(self.hold_plan()),
            State::Unknown => Some(self.send_plan()),
            State::Exists => Some(self.hold_plan()),
            State::Accepted => Some(self.accepted_plan()),
            State::Held if self.gateway_id().is_some() => Some(self.look_plan()),
            State::Held => Some(self.remind_plan()),
            State::Completed | State::Failed | State::Cancelled | State::DeclaredNotPaid => {
                self.look_back_plan()
            }
            State::Rejected | State::Expired => None,
        }
    }

    /// Whether something happened to it at a time that has not come yet: the wall clock was set back since, and its plan
    /// would wait for the old time to come again.
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        [Some(self.since), Some(self.decided_at), self.last_attempt.map(|last| last.at), self.looked_at]
            .into_iter()
            .flatten()
            .any(|at| at > now)
    }

    /// What could be done at once if somebody asked, whatever the waiting time: the same bytes where the outcome
    /// is unknown, a look where the id is known.
    pub fn act_now(&self, now: &Moment) -> Option<Act> {
        if self.on_the_wire {
            return None;
        }
        match self.state {
            State::Draft | State::PendingApproval => self.has_expired(now).then_some(Act::Expire),
            State::Approved => Some(Act::Send),
            State::Unknown if !self.frozen => Some(match self.dispatch(now) {
                Dispatch::WindowClosed => Act::CloseWindow,
                Dispatch::Expired => Act::Expire,
                Dispatch::Send | Dispatch::Never => Act::Send,
            }),
            State::Accepted | State::Held if self.gateway_id().is_some() => Some(Act::Look),
            State::Unknown | State::Exists => self
                .last_attempt
                .is_some_and(|last| now.at_most_since(&last) >= HOLD_AFTER)
                .then_some(Act::Hold),
            State::Accepted
            | State::Held
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired
            | State::DeclaredNotPaid => None,
        }
    }

    /// Whether a request may be made now. Asked once more by [`super::step`], where it counts.
    pub fn dispatch(&self, now: &Moment) -> Dispatch {
        match self.state {
            State::Approved if self.has_expired(now) => Dispatch::Expired,
            State::Approved => Dispatch::Send,
            State::Unknown if self.frozen || self.on_the_wire => Dispatch::Never,
            State::Unknown if !self.ambiguous && self.has_expired(now) => Dispatch::Expired,
            State::Unknown if self.window_is_over(now) => Dispatch::WindowClosed,
            State::Unknown => Dispatch::Send,
            State::Draft
            | State::PendingApproval
            | State::Accepted
            | State::Exists
            | State::Held
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired
            | State::DeclaredNotPaid => Dispatch::Never,
        }
    }

    /// Whether the same bytes may no longer be sent, by the fastest of the clocks.
    pub fn window_is_over(&self, now: &Moment) -> bool {
        self.doubt_since.is_some_and(|since| now.at_most_since(&since) >= self.terms.resend_window)
    }

    /// When the same bytes may no longer be sent, by the wall clock (UTC). What is proven to have had no effect may be
    /// sent as long as a payment of which no request was made.
    pub fn window_end(&self) -> Timestamp {
        match self.doubt_since {
            Some(since) => later(since.at, self.terms.resend_window),
            None => later(self.decided_at, SEND_WITHIN),
        }
    }

    fn send_plan(&self) -> Plan {
        let last = self.last_attempt.map_or(self.decided_at, |last| last.at);
        let wait = match &self.last_verdict {
            // A fresh token is all that was missing; the lane stops a second refusal in a row.
            Some(Verdict::NotExecuted(NotExecuted::Unauthorized(_))) => SignedDuration::ZERO,
            Some(Verdict::NotExecuted(NotExecuted::TooMany { retry_after: Some(seconds) })) => {
                SignedDuration::from_secs(i64::from(*seconds)).max(self.waited(&RESEND, self.attempts))
            }
            _ => self.waited(&RESEND, self.attempts),
        };
        let at = later(last, wait);
        let end = self.window_end();
        if at < end {
            Plan { at, act: Act::Send }
        } else {
            Plan { at: end, act: if self.ambiguous { Act::CloseWindow } else { Act::Expire } }
        }
    }

    fn accepted_plan(&self) -> Plan {
        let look = self.gateway_id().map(|_| self.look_plan());
        let stale = Plan { at: later(self.since, STALE_AFTER), act: Act::GoStale };
        match look {
            Some(look) if self.stale || look.at < stale.at => look,
            None if self.stale => self.remind_plan(),
            _ => stale,
        }
    }

    fn remind_plan(&self) -> Plan {
        Plan { at: later(self.looked_at.unwrap_or(self.since), HOLD_AFTER), act: Act::Remind }
    }

    fn look_plan(&self) -> Plan {
        // A clean second reading is due when the gap is over, not when the usual steps say so.
        let at = match self.ending_seen {
            // A look in vain meanwhile waits its turn like any other.
            Some((seen, _)) => match self.looked_at.filter(|looked| *looked > seen.at) {
                Some(looked) => {
                    later(seen.at, CONFIRMATION_GAP).max(later(looked, self.waited(&LOOK, self.looks)))
                }
                None => later(seen.at, CONFIRMATION_GAP),
            },
            None if self.failure_reported && self.looks == 0 => self.since,
            None => later(self.looked_at.unwrap_or(self.since), self.waited(&LOOK, self.looks + 1)),
        };
        Plan { at, act: Act::Look }
    }

    fn hold_plan(&self) -> Plan {
        Plan { at: self.held_from(), act: Act::Hold }
    }

    fn look_back_plan(&self) -> Option<Plan> {
        self.gateway_id()?;
        // The next one after the last that brought something, whoever asked for it.
        let due = LOOK_BACK
            .into_iter()
            .map(|hours| later(self.since, SignedDuration::from_hours(hours)))
            .find(|due| self.told_at.is_none_or(|told| told < *due))?;
        let again =
            self.looked_at.filter(|looked| *looked >= due).map(|looked| later(looked, LOOK_BACK_AGAIN));
        let at = again.unwrap_or(due);
        (at <= later(self.since, LOOK_BACK_UNTIL)).then_some(Plan { at, act: Act::Look })
    }

    /// The wait before the `count`th repetition, up to a fifth longer: payments that began together drift apart.
    /// The spread comes from the payment's own start, so the same story gives the same times.
    fn waited(&self, steps: &[i64], count: u32) -> SignedDuration {
        let index = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX).min(steps.len() - 1);
        let millis = steps[index] * 1000;
        let spread = self.terms.at.as_microsecond().rem_euclid(200);
        SignedDuration::from_millis(millis + millis * spread / 1000)
    }
}

/// `from + wait`, and the end of time where that lies beyond it.
pub(super) fn later(from: Timestamp, wait: SignedDuration) -> Timestamp {
    from.checked_add(wait).unwrap_or(Timestamp::MAX)
}
