//! An order beside the cash-outs, a charge or a refund: what is known of its requests, and what happens to it.
//!
//! How a request is journalled, sent, repeated and judged is the same for both and follows the rules of a cash-out:
//! journal before wire, one body, one key a round, and whatever is not proven is a doubt. What becomes of the order once
//! the gateway has it differs: [`super::cash_in`] and [`super::refund`] say so.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attempt::{Ambiguity, NotExecuted, Verdict};
use super::cash_out::{Because, SEND_WITHIN};
use super::contradiction::{self, Contradiction, Fact, LookedInto, Told};
use super::moment::Moment;
use super::order::Digest;
use super::person::Person;
use super::report::{Report, Source};

/// The longest code or address that is kept: the manual's fields cannot fill more.
const MAX_PAY_BY: usize = 2_048;

/// Waits between requests with the same bytes, in seconds; the last one repeats.
const RESEND: [i64; 8] = [1, 2, 4, 8, 15, 30, 60, 300];

/// How a payer pays a charge, to the letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayBy {
    /// The text of its BR Code ("copia e cola").
    CopyAndPaste(String),
    /// An address to open, with OpenFinance.
    PaymentUrl(String),
}

impl PayBy {
    /// Whether a text of the gateway's can be shown and kept as it is: a code that was altered to fit pays nobody.
    pub fn is_legible(text: &str) -> bool {
        !text.is_empty()
            && text.len() <= MAX_PAY_BY
            && !text.chars().any(|character| {
                super::text::is_unsafe(character) || character.is_whitespace() && character != ' '
            })
    }

    /// The code or the address.
    pub fn text(&self) -> &str {
        match self {
            Self::CopyAndPaste(text) | Self::PaymentUrl(text) => text,
        }
    }
}

/// What is known of the requests of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// When it was last decided: proposed, or begun another round (UTC).
    pub decided_at: Timestamp,
    /// How long after the first request that may have taken effect the same bytes may be sent again.
    pub window: SignedDuration,
    /// The key changes with each round, and a round only after a proven rejection. Counts from 1.
    pub round: u32,
    /// Requests made, over all rounds.
    pub attempts: u32,
    /// Whether the last one has not ended yet.
    pub on_the_wire: bool,
    /// Whether some request of this round may have taken effect.
    pub ambiguous: bool,
    /// When the first of those was journalled: the window counts from here.
    pub doubt_since: Option<Moment>,
    /// The window has closed: no request may follow in this round.
    pub closed: bool,
    /// When the last one began, or ended once it has.
    pub last: Option<Moment>,
    /// What the last one came to.
    pub verdict: Option<Verdict>,
}

/// What the end of a request means for its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The gateway took the order.
    Taken,
    /// The gateway has an order under this lock already.
    Exists,
    /// Proven: refused, and no earlier request can have had an effect.
    Refused,
    /// Refused; an earlier request may have had an effect, so this says nothing of the order.
    RefusedOnRepeat,
    /// Proven: this request had no effect; the order stays open.
    NoEffect,
    /// Nobody can tell.
    Doubt,
}

/// Whether a request may be made for an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dispatch {
    /// Yes.
    Send,
    /// It was decided too long ago, and nothing of it took effect.
    Expired,
    /// The same bytes may no longer be sent again.
    WindowClosed,
    /// One is on the wire.
    OnTheWire,
}

impl Requests {
    /// Of an order that was decided, and of which no request was made.
    pub const fn none(decided_at: Timestamp, window: SignedDuration) -> Self {
        Self {
            decided_at,
            window,
            round: 1,
            attempts: 0,
            on_the_wire: false,
            ambiguous: false,
            doubt_since: None,
            closed: false,
            last: None,
            verdict: None,
        }
    }

    /// Whether it is proven that no request of this round has had an effect, and none is about to.
    pub const fn is_proven_unsent(&self) -> bool {
        !self.ambiguous && !self.on_the_wire
    }

    /// Whether a request may be made now, by the fastest of the clocks.
    pub fn dispatch(&self, now: &Moment) -> Dispatch {
        let is_over = |since: &Moment, wait| now.at_most_since(since) >= wait;
        match self.doubt_since {
            _ if self.on_the_wire => Dispatch::OnTheWire,
            _ if self.closed => Dispatch::WindowClosed,
            Some(since) if is_over(&since, self.window) => Dispatch::WindowClosed,
            None if is_over(&Moment::wall(self.decided_at), SEND_WITHIN) => Dispatch::Expired,
            _ => Dispatch::Send,
        }
    }

    /// A request is journalled.
    ///
    /// # Errors
    ///
    /// [`Because`]: none may be made.
    pub(super) fn start(&mut self, at: &Moment, is_the_same: bool) -> Result<(), Because> {
        match self.dispatch(at) {
            Dispatch::Send if !is_the_same => return Err(Because::Changed),
            Dispatch::Send => {}
            Dispatch::Expired | Dispatch::WindowClosed => return Err(Because::TooLate),
            Dispatch::OnTheWire => return Err(Because::OnTheWire),
        }
        self.attempts += 1;
        self.on_the_wire = true;
        self.last = Some(*at);
        Ok(())
    }

    /// A request came to something.
    ///
    /// # Errors
    ///
    /// [`Because::State`] where none is on the wire.
    pub(super) fn answered(&mut self, at: &Moment, verdict: &Verdict) -> Result<Meaning, Because> {
        if !self.on_the_wire {
            return Err(Because::State);
        }
        let began = self.last.unwrap_or(*at);
        self.on_the_wire = false;
        // When saldo ended is not known: the request is as old as its beginning.
        if *verdict != Verdict::Ambiguous(Ambiguity::Crashed) {
            self.last = Some(*at);
        }
        self.verdict = Some(verdict.clone());
        Ok(match verdict {
            Verdict::Accepted(_) => Meaning::Taken,
            Verdict::Exists(_) => Meaning::Exists,
            Verdict::NotExecuted(NotExecuted::Refused(_)) if self.ambiguous => Meaning::RefusedOnRepeat,
            Verdict::NotExecuted(NotExecuted::Refused(_)) => Meaning::Refused,
            Verdict::NotExecuted(_) => Meaning::NoEffect,
            Verdict::Ambiguous(_) => {
                self.ambiguous = true;
                self.doubt_since.get_or_insert(began);
                Meaning::Doubt
            }
        })
    }

    /// The time to send the same bytes again is over.
    ///
    /// # Errors
    ///
    /// [`Because`]: it is not, or a request is on the wire.
    pub(super) fn close(&mut self, at: &Moment) -> Result<(), Because> {
        match self.dispatch(at) {
            Dispatch::WindowClosed if self.closed => Err(Because::State),
            Dispatch::WindowClosed => {
                self.closed = true;
                Ok(())
            }
            Dispatch::OnTheWire => Err(Because::OnTheWire),
            Dispatch::Send | Dispatch::Expired => Err(Because::TooEarly),
        }
    }

    /// The next round begins: nothing of this one took effect.
    pub(super) fn next_round(&mut self, at: Timestamp) {
        *self = Self { round: self.round + 1, attempts: self.attempts, ..Self::none(at, self.window) };
    }

    /// Until when requests may be made, by the wall clock (UTC).
    pub(super) fn end(&self) -> Timestamp {
        match self.doubt_since {
            Some(since) => later(since.at, self.window),
            None => later(self.decided_at, SEND_WITHIN),
        }
    }

    /// When the next request is due (UTC); `None` where none may follow.
    pub(super) fn next_send(&self) -> Option<Timestamp> {
        let wait = match &self.verdict {
            None => SignedDuration::ZERO,
            Some(Verdict::NotExecuted(NotExecuted::TooMany { retry_after: Some(seconds) })) => {
                SignedDuration::from_secs(i64::from(*seconds)).max(self.waited(&RESEND, self.attempts))
            }
            Some(_) => self.waited(&RESEND, self.attempts),
        };
        let at = later(self.last.map_or(self.decided_at, |last| last.at), wait);
        (!self.closed && at < self.end()).then_some(at)
    }

    /// The wait before the `count`th repetition, up to a fifth longer: orders that began together drift apart. The spread
    /// comes from the order's own start, so the same story gives the same times.
    pub(super) fn waited(&self, steps: &[i64], count: u32) -> SignedDuration {
        let index = usize::try_from(count.saturating_sub(1)).unwrap_or(usize::MAX).min(steps.len() - 1);
        let millis = steps[index] * 1000;
        let spread = self.decided_at.as_microsecond().rem_euclid(200);
        SignedDuration::from_millis(millis + millis * spread / 1000)
    }
}

/// `from + wait`, and the end of time where that lies beyond it.
pub(super) fn later(from: Timestamp, wait: SignedDuration) -> Timestamp {
    from.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Something that happened to a charge or a refund. Stored as it is: the state is the fold over these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event<T> {
    /// It was decided: the first event, and only that.
    Proposed(Arc<T>),
    /// A request was journalled; its bytes leave afterwards, if at all.
    AttemptStarted {
        /// When.
        at: Moment,
        /// The idempotency key.
        key: Uuid,
        /// Of the body that is about to be sent, computed from what is stored.
        body: Digest,
    },
    /// A request came to something.
    AttemptEnded {
        /// When.
        at: Moment,
        /// To what.
        verdict: Verdict,
        /// How the charge is paid, where the answer said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pay_by: Option<PayBy>,
    },
    /// The gateway said something of the cash-in.
    Reported {
        /// When saldo learned of it.
        at: Moment,
        /// By GET or webhook.
        source: Source,
        /// What it said.
        report: Arc<Report>,
    },
    /// A GET brought nothing: no such transaction (never a failure), or no answer.
    LookedInVain {
        /// When (UTC).
        at: Timestamp,
    },
    /// The time to send the same bytes again is over.
    WindowClosed {
        /// When.
        at: Moment,
    },
    /// Its time is over, and nothing more is done for it.
    LetGo {
        /// When.
        at: Moment,
    },
    /// A day of doubt is over.
    PutOnHold {
        /// When.
        at: Moment,
    },
    /// It is tried again after a proven rejection: the same body, the next key.
    RoundStarted {
        /// When (UTC).
        at: Timestamp,
        /// Who.
        by: Person,
    },
    /// A person looked into what contradicts itself, and closed it.
    LookedInto(Box<LookedInto>),
}

impl<T> Event<T> {
    /// When it happened, by the wall clock (UTC).
    pub fn at(&self) -> Timestamp
    where
        T: Terms,
    {
        match self {
            Self::Proposed(terms) => terms.at(),
            Self::LookedInVain { at } | Self::RoundStarted { at, .. } => *at,
            Self::AttemptStarted { at, .. }
            | Self::AttemptEnded { at, .. }
            | Self::Reported { at, .. }
            | Self::WindowClosed { at }
            | Self::LetGo { at }
            | Self::PutOnHold { at } => at.at,
            Self::LookedInto(looked) => looked.at,
        }
    }
}

/// What was decided, and never changes.
pub trait Terms {
    /// When (UTC).
    fn at(&self) -> Timestamp;
    /// Of the body of every request.
    fn body(&self) -> Digest;
}

/// A charge or a refund: an order that is folded from its events.
pub trait Asked: Sized {
    /// What was decided.
    type Terms: Terms;

    /// One that has just been decided.
    fn proposed(terms: Arc<Self::Terms>) -> Self;

    /// What was decided.
    fn terms(&self) -> &Arc<Self::Terms>;

    /// What `event` makes of it.
    ///
    /// # Errors
    ///
    /// [`Refused`] when the event cannot happen now. Evidence from the gateway is never refused.
    fn step(&self, event: &Event<Self::Terms>) -> Result<Self, Refused> {
        self.told(event, &mut Vec::new())
    }

    /// The same; `facts` gets what contradicts what was known or ordered, told before or not.
    ///
    /// # Errors
    ///
    /// As [`Self::step`].
    fn told(&self, event: &Event<Self::Terms>, facts: &mut Vec<Fact>) -> Result<Self, Refused>;

    /// Whether something contradicts itself, and nobody has looked into it.
    fn is_contradicted(&self) -> bool;

    /// What is known of its requests.
    fn requests(&self) -> &Requests;

    /// Whether it is proven that no request of this round had an effect so far, and it is still to be sent.
    fn is_proven_unsent(&self) -> bool;

    /// What to do next, and when.
    fn plan(&self) -> Option<Plan>;

    /// The idempotency key of this round.
    fn key(&self, client_id: &str) -> Uuid;

    /// The word for where it stands.
    fn word(&self) -> &'static str;

    /// Not over: something is to be done for it, or a request has not ended.
    fn is_open(&self) -> bool {
        self.requests().on_the_wire || self.plan().is_some()
    }
}

/// The state that a whole life comes to.
///
/// # Errors
///
/// [`Refused`] with the place of the event that could not have happened; place 0 where the life does not begin with
/// [`Event::Proposed`].
pub fn fold<'a, A: Asked>(
    events: impl IntoIterator<Item = &'a Event<A::Terms>>,
) -> Result<A, (usize, Option<Refused>)>
where
    A::Terms: 'a,
{
    let mut events = events.into_iter().enumerate();
    let Some((_, Event::Proposed(terms))) = events.next() else { return Err((0, None)) };
    events.try_fold(A::proposed(Arc::clone(terms)), |before, (place, event)| {
        before.step(event).map_err(|refused| (place, Some(refused)))
    })
}

/// What contradicts itself in a life, each fact when it was told first. What cannot have happened ends the life.
pub fn contradictions<'a, A: Asked>(
    events: impl IntoIterator<Item = &'a Event<A::Terms>>,
) -> Vec<Contradiction>
where
    A::Terms: 'a,
{
    let mut events = events.into_iter();
    let mut found = Vec::new();
    let Some(Event::Proposed(terms)) = events.next() else { return found };
    let mut asked = A::proposed(Arc::clone(terms));
    for event in events {
        let mut facts = Vec::new();
        let Ok(next) = asked.told(event, &mut facts) else { break };
        let by = match event {
            Event::Reported { source, .. } => (*source).into(),
            Event::AttemptEnded { .. } => Told::Answer,
            _ => Told::Journal,
        };
        contradiction::gather(&mut found, facts, event.at(), by);
        asked = next;
    }
    found
}

/// The next thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Not before (UTC).
    pub at: Timestamp,
    /// What.
    pub act: Act,
}

/// What a charge or a refund may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Journal a request, then send the stored bytes.
    Send,
    /// Ask the gateway for the cash-in.
    Look,
    /// Its time is over.
    LetGo,
    /// Put it before a person.
    Hold,
}

/// An event that cannot happen to a charge or a refund as it stands. Nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Where it stands.
    pub state: Cow<'static, str>,
    /// What was tried.
    pub event: Cow<'static, str>,
    /// Why not.
    pub because: Because,
}

impl fmt::Display for Refused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} cannot happen to an order that is {}{}", self.event, self.state, self.because)
    }
}

impl std::error::Error for Refused {}
