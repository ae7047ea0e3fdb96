//! A refund of a cash-in: money goes back to its payer, in full, once.
//!
//! The lock is the cash-in itself: the gateway gives a paid one back once and says `CASH_IN_ALREADY_REFUNDED` ever after,
//! and a GET of it settles every doubt. So nothing is declared by people, and nothing freezes: what may no longer be
//! sent is still looked at.
//!
//! ```text
//! Approved -(request journalled)-> Unknown -(202)-> Accepted     Unknown -(exists, already refunded on a repeat)-> Exists
//! Unknown -(400/422, every request proven not executed)-> Rejected
//! Unknown | Accepted | Exists | Held -(REFUNDED by GET or webhook)-> Completed
//! Unknown | Accepted | Exists -(a day without an end)-> Held
//! Approved, and Unknown while proven unsent -(somebody else gave it back)-> Cancelled   -(a day)-> Expired
//! Rejected | Cancelled | Expired -(next round: same body, next key)-> Approved
//! ```

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::attempt::{NotExecuted, Verdict};
use crate::domain::cash_out::{Because, HOLD_AFTER, SEND_WITHIN};
use crate::domain::contradiction::{self, Fact, LookedInto};
use crate::domain::moment::Moment;
use crate::domain::money::Centavos;
use crate::domain::order::{Digest, computed_key};
use crate::domain::person::Person;
use crate::domain::report::{Report, Source, Status};
use crate::domain::request::{self, Act, Asked, Dispatch, Meaning, Plan, Refused, Requests, later};
use crate::domain::text::Safe;

/// Waits between looks at the cash-in, in seconds; the last one repeats.
const LOOK: [i64; 6] = [1, 5, 15, 60, 300, 900];

/// The gateway's word for a refund of what was given back before.
const ALREADY: &str = "CASH_IN_ALREADY_REFUNDED";

/// An event of a refund.
pub type Event = request::Event<Terms>;

/// Why money goes back, in the gateway's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The payer wants it back.
    CustomerRequest,
    /// It was paid twice.
    DuplicatedPayment,
    /// The platform erred.
    MerchantError,
    /// It was paid by fraud.
    Fraud,
}

impl Reason {
    /// Every reason, in the order of a list.
    pub const ALL: [Self; 4] =
        [Self::CustomerRequest, Self::DuplicatedPayment, Self::MerchantError, Self::Fraud];

    /// The gateway's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CustomerRequest => "CUSTOMER_REQUEST",
            Self::DuplicatedPayment => "DUPLICATED_PAYMENT",
            Self::MerchantError => "MERCHANT_ERROR",
            Self::Fraud => "FRAUD",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

/// A word that is no reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is none of CUSTOMER_REQUEST, DUPLICATED_PAYMENT, MERCHANT_ERROR, FRAUD")]
pub struct NotAReason;

impl FromStr for Reason {
    type Err = NotAReason;

    fn from_str(text: &str) -> Result<Self, NotAReason> {
        Self::ALL.into_iter().find(|reason| reason.as_str().eq_ignore_ascii_case(text)).ok_or(NotAReason)
    }
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Decided, and no request has been journalled yet.
    Approved,
    /// A request may have left, and what came of it is not known.
    Unknown,
    /// The gateway has taken the order; the cash-in does not read refunded yet.
    Accepted,
    /// The gateway had it already; a look says what it is.
    Exists,
    /// A day without an end: a person has to look. saldo goes on looking too.
    Held,
    /// Proven: the gateway refused, nothing went back by this order.
    Rejected,
    /// The money went back.
    Completed,
    /// Not needed any more, and proven not sent: somebody else gave it back.
    Cancelled,
    /// Nothing of it could be sent in time, and nothing was.
    Expired,
}

impl State {
    /// Every state, in the order of a refund's life.
    pub const ALL: [Self; 9] = [
        Self::Approved,
        Self::Unknown,
        Self::Accepted,
        Self::Exists,
        Self::Held,
        Self::Rejected,
        Self::Completed,
        Self::Cancelled,
        Self::Expired,
    ];

    /// The word of the command line, of JSON and of the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Exists => "exists",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// Whether its life is over, but for another round.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Completed | Self::Cancelled | Self::Expired)
    }

    /// Whether nobody can say that the money has or has not gone back.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Unknown | Self::Exists | Self::Held)
    }
}

/// What was decided: the first event of every refund, and never changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// When (UTC).
    pub at: Timestamp,
    /// Who.
    pub maker: Person,
    /// The cash-in's row in the feed.
    pub cash_in: Uuid,
    /// The id by which the gateway was and is asked for it: part of every request, and of its key.
    pub gateway_id: Safe,
    /// What the gateway has to give back as `externalReference`, where it is known.
    pub reference: Option<Safe>,
    /// In centavos, where the gateway told: what goes back.
    pub amount: Option<Centavos>,
    /// Why.
    pub reason: Reason,
    /// The operator's words for it.
    pub description: Option<String>,
    /// Of the body of every request.
    pub body: Digest,
    /// How long the same bytes may be sent again.
    pub resend_window: SignedDuration,
}

impl request::Terms for Terms {
    fn at(&self) -> Timestamp {
        self.at
    }

    fn body(&self) -> Digest {
        self.body
    }
}

/// One refund of ours, folded from its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Where it stands.
    pub state: State,
    /// What was decided.
    pub terms: Arc<Terms>,
    /// What is known of its requests.
    pub requests: Requests,
    /// The gateway contradicted itself, or what was ordered. A person must look; and it is ordered no more, whatever
    /// people find.
    pub conflict: bool,
    /// What the person found who looked into it, while nothing was told since that they did not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<LookedInto>,
    /// When it reached the present state (UTC).
    pub since: Timestamp,
    /// Looks made in the present state.
    pub looks: u32,
    /// When saldo last asked by GET (UTC).
    pub looked_at: Option<Timestamp>,
    /// The `D…` endToEndId under which the money went back.
    pub end_to_end_id: Option<Safe>,
}

impl Refund {
    /// Whether it is proven that nothing went back by this order, so that it may be ordered once more.
    pub const fn may_begin_again(&self) -> bool {
        matches!(self.state, State::Rejected | State::Cancelled | State::Expired) && !self.conflict
    }

    /// What could be done at once if somebody asked, whatever the waiting time.
    pub fn act_now(&self, now: &Moment) -> Option<Act> {
        let plan = self.plan()?;
        Some(match (self.state, self.requests.dispatch(now)) {
            (State::Approved | State::Unknown, Dispatch::Expired) => Act::LetGo,
            (State::Approved, _) => Act::Send,
            // Nothing leaves any more: the attempt to send writes that down, and only then can a day of doubt end.
            (State::Unknown, Dispatch::WindowClosed) if plan.act == Act::Send => Act::Send,
            // A look first, since it may settle the doubt without another request.
            (State::Unknown, Dispatch::Send) if !self.must_look_first() => Act::Send,
            _ if plan.act == Act::Hold && plan.at <= now.at => Act::Hold,
            _ => Act::Look,
        })
    }

    /// Whether a request in doubt is to be followed by a look before it is followed by another.
    fn must_look_first(&self) -> bool {
        self.requests.ambiguous
            && self.requests.last.is_some_and(|last| self.looked_at.is_none_or(|looked| looked < last.at))
    }

    fn look_plan(&self) -> Plan {
        let look = match (self.requests.last, self.looked_at) {
            (Some(last), _) if self.must_look_first() => later(last.at, self.requests.waited(&LOOK, 1)),
            (_, looked) => later(looked.unwrap_or(self.since), self.requests.waited(&LOOK, self.looks + 1)),
        };
        let hold = later(self.requests.last.map_or(self.since, |last| last.at), HOLD_AFTER);
        if self.state != State::Held && hold < look {
            return Plan { at: hold, act: Act::Hold };
        }
        Plan { at: look, act: Act::Look }
    }

    fn refuse(&self, event: &'static str, because: Because) -> Refused {
        Refused { state: self.state.as_str().into(), event: event.into(), because }
    }

    fn go(&mut self, state: State, at: Timestamp) {
        if self.state != state {
            self.state = state;
            self.since = at;
            self.looks = 0;
        }
    }

    fn looked(&mut self, at: Timestamp) {
        self.looks = self.looks.saturating_add(1);
        self.looked_at = Some(at);
    }

    fn ended(&mut self, at: &Moment, verdict: &Verdict) -> Result<(), Because> {
        let meaning = self.requests.answered(at, verdict)?;
        // A report may have overtaken the answer; then the answer can only add to what is known.
        if self.state != State::Unknown {
            return Ok(());
        }
        match meaning {
            Meaning::Taken => self.go(State::Accepted, at.at),
            Meaning::Exists => self.go(State::Exists, at.at),
            Meaning::Refused => self.go(State::Rejected, at.at),
            // The first request may have given it back, or somebody else has: a look tells.
            Meaning::RefusedOnRepeat if is_already_refunded(verdict) => self.go(State::Exists, at.at),
            Meaning::RefusedOnRepeat | Meaning::NoEffect | Meaning::Doubt => {}
        }
        Ok(())
    }

    fn contradict(&mut self, facts: &mut Vec<Fact>, fact: Fact) {
        contradiction::contradict(&mut self.conflict, &mut self.closed, facts, fact);
    }

    fn contradict_state(&mut self, facts: &mut Vec<Fact>, told: &Status) {
        self.contradict(facts, Fact::Refund { held: self.state, told: told.clone() });
    }

    fn reported(&mut self, at: &Moment, source: Source, report: &Report, facts: &mut Vec<Fact>) {
        if source == Source::Get {
            self.looked(at.at);
        }
        if let (Some(told), Some(expected)) = (report.amount, self.terms.amount)
            && told != expected
        {
            self.contradict(facts, Fact::Amount { held: expected, told });
        }
        match &report.status {
            Status::Refunded => self.given_back(at.at, report, facts),
            Status::Paid if self.state == State::Completed && source == Source::Get => {
                self.contradict_state(facts, &report.status);
            }
            Status::AwaitingPayment | Status::Expired | Status::Cancelled
                if source == Source::Get && !self.state.is_final() =>
            {
                self.contradict_state(facts, &report.status);
            }
            Status::Paid
            | Status::AwaitingPayment
            | Status::Expired
            | Status::Cancelled
            | Status::Processing
            | Status::Completed
            | Status::Failed
            | Status::Other(_) => {}
        }
    }

    fn given_back(&mut self, at: Timestamp, report: &Report, facts: &mut Vec<Fact>) {
        match self.state {
            // No request of ours can have done it.
            State::Approved | State::Unknown if self.requests.is_proven_unsent() => {
                self.go(State::Cancelled, at);
                return;
            }
            State::Rejected | State::Cancelled | State::Expired => return,
            State::Approved
            | State::Unknown
            | State::Accepted
            | State::Exists
            | State::Held
            | State::Completed => self.go(State::Completed, at),
        }
        match (self.end_to_end_id.clone(), report.refund_id()) {
            (Some(held), Some(told)) if held != *told => {
                self.contradict(facts, Fact::EndToEndId { held, told: told.clone() });
            }
            (None, Some(told)) => self.end_to_end_id = Some(told.clone()),
            _ => {}
        }
    }

    fn let_go(&mut self, at: &Moment) -> Result<(), Because> {
        if !self.is_proven_unsent() {
            return Err(if self.requests.on_the_wire { Because::OnTheWire } else { Because::State });
        }
        if at.at_most_since(&Moment::wall(self.requests.decided_at)) < SEND_WITHIN {
            return Err(Because::TooEarly);
        }
        self.go(State::Expired, at.at);
        Ok(())
    }

    fn put_on_hold(&mut self, at: &Moment) -> Result<(), Because> {
        let is_due = match self.state {
            State::Unknown => self.requests.ambiguous && !self.requests.on_the_wire,
            State::Accepted | State::Exists => !self.requests.on_the_wire,
            _ => false,
        };
        if !is_due {
            return Err(Because::State);
        }
        if self.requests.last.is_some_and(|last| at.at_most_since(&last) < HOLD_AFTER) {
            return Err(Because::TooEarly);
        }
        self.go(State::Held, at.at);
        Ok(())
    }

    /// What must hold after every step; left on in release, since what follows is money.
    fn check(&self, before: &Self, event: &Event) {
        let begins_again = matches!(event, Event::RoundStarted { .. });
        assert!(self.terms == before.terms, "what was decided has changed");
        assert!(self.conflict || !before.conflict, "what was contradicted is forgotten");
        assert!(
            !before.state.is_final() || before.state == self.state || begins_again,
            "a final refund went from {} to {}",
            before.state.as_str(),
            self.state.as_str()
        );
        assert!(self.requests.round == before.requests.round || begins_again, "a round began by itself");
        assert!(
            !matches!(self.state, State::Rejected | State::Cancelled | State::Expired)
                || before.state == self.state
                || !before.requests.ambiguous,
            "a refund that may have been made was called {}",
            self.state.as_str()
        );
        assert!(
            self.state.is_final() || self.is_open(),
            "an open refund that is {} has nothing to wake it",
            self.state.as_str()
        );
    }
}

fn is_already_refunded(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::NotExecuted(NotExecuted::Refused(problem))
        if problem.code.as_ref().is_some_and(|code| code.as_str() == ALREADY))
}

impl Asked for Refund {
    type Terms = Terms;

    fn proposed(terms: Arc<Terms>) -> Self {
        Self {
            state: State::Approved,
            requests: Requests::none(terms.at, terms.resend_window),
            conflict: false,
            closed: None,
            since: terms.at,
            looks: 0,
            looked_at: None,
            end_to_end_id: None,
            terms,
        }
    }

    fn terms(&self) -> &Arc<Terms> {
        &self.terms
    }

    fn told(&self, event: &Event, facts: &mut Vec<Fact>) -> Result<Self, Refused> {
        let mut next = self.clone();
        match event {
            Event::Proposed(_) => Err(("to be proposed", Because::State)),
            Event::AttemptStarted { at, body, .. } => match self.state {
                State::Approved | State::Unknown => next
                    .requests
                    .start(at, *body == self.terms.body)
                    .map(|()| next.go(State::Unknown, at.at))
                    .map_err(|because| ("another request", because)),
                _ => Err(("another request", Because::State)),
            },
            Event::AttemptEnded { at, verdict, .. } => {
                next.ended(at, verdict).map_err(|because| ("an answer without a request", because))
            }
            Event::Reported { at, source, report } => {
                next.reported(at, *source, report, facts);
                Ok(())
            }
            Event::LookedInVain { at } => {
                next.looked(*at);
                Ok(())
            }
            Event::WindowClosed { at } => {
                next.requests.close(at).map_err(|because| ("the end of the window", because))
            }
            Event::LetGo { at } => next.let_go(at).map_err(|because| ("to be let go", because)),
            Event::PutOnHold { at } => next.put_on_hold(at).map_err(|because| ("a hold", because)),
            Event::RoundStarted { at, .. } if self.may_begin_again() => {
                next.requests.next_round(*at);
                next.go(State::Approved, *at);
                Ok(())
            }
            Event::RoundStarted { .. } => Err(("a new round", Because::State)),
            Event::LookedInto(looked) => contradiction::close(next.conflict, &mut next.closed, looked)
                .map_err(|because| ("to be looked into", because)),
        }
        .map_err(|(event, because)| self.refuse(event, because))?;
        next.check(self, event);
        Ok(next)
    }

    fn is_proven_unsent(&self) -> bool {
        matches!(self.state, State::Approved | State::Unknown) && self.requests.is_proven_unsent()
    }

    fn requests(&self) -> &Requests {
        &self.requests
    }

    fn plan(&self) -> Option<Plan> {
        if self.requests.on_the_wire {
            return None;
        }
        match self.state {
            State::Approved | State::Unknown if self.requests.is_proven_unsent() => {
                Some(match self.requests.next_send() {
                    Some(at) => Plan { at, act: Act::Send },
                    None => Plan { at: self.requests.end(), act: Act::LetGo },
                })
            }
            State::Approved | State::Unknown => Some(match self.requests.next_send() {
                Some(at) if !self.must_look_first() => Plan { at, act: Act::Send },
                _ => self.look_plan(),
            }),
            State::Accepted | State::Exists | State::Held => Some(self.look_plan()),
            State::Rejected | State::Completed | State::Cancelled | State::Expired => None,
        }
    }

    fn key(&self, client_id: &str) -> Uuid {
        computed_key("saldo refund 1", client_id, self.terms.gateway_id.as_str(), self.requests.round)
    }

    fn word(&self) -> &'static str {
        self.state.as_str()
    }

    fn is_contradicted(&self) -> bool {
        self.conflict && self.closed.is_none()
    }
}
