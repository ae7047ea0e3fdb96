//! The pure function from what a payment was and what happened to what it is.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    APPROVE_WITHIN, CONFIRMATION_GAP, CashOut, DECLARE_AFTER, Ending, Event, Fingerprints, Refund,
    SEND_WITHIN, State,
};
use crate::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Verdict};
use crate::domain::contradiction::{self, Contradiction, Fact, LookedInto, Told};
use crate::domain::moment::Moment;
use crate::domain::money::Centavos;
use crate::domain::order::Digest;
use crate::domain::person::Person;
use crate::domain::report::{Report, Source, Status};
use crate::domain::text::Safe;
use crate::domain::transaction;

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The payment afterwards.
    pub after: CashOut,
    /// What a person has to be told.
    pub alarms: Vec<Alarm>,
    /// What contradicts what was known or ordered, told before or not.
    pub facts: Vec<Fact>,
}

/// Something that must not pass unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Paid after it had been proven failed, or declared not paid.
    CompletedAfterFailure,
    /// The gateway's amount or document differs from what was ordered.
    Mismatch,
    /// The gateway gave two ids for one reference, or moved a settled payment.
    Contradiction,
    /// The reference was taken before saldo ever sent it: somebody else, or a journal that was lost.
    ReferenceTaken,
    /// A success that cannot be read.
    Illegible,
    /// A payment is in doubt for a day.
    Held,
    /// An accepted payment has not ended for a day.
    Stale,
    /// An earlier payment of the same debt was paid after all.
    Overtaken,
}

/// An event that cannot happen to a payment as it stands. Nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{event} cannot happen to a payment that is {}{because}", .state.as_str())]
pub struct Refused {
    /// Where the payment stands.
    pub state: State,
    /// What was tried.
    pub event: Cow<'static, str>,
    /// Why not.
    pub because: Because,
}

/// Why an event is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Because {
    /// It does not belong to this state.
    #[error("")]
    State,
    /// A request is on the wire.
    #[error(": a request is on the wire")]
    OnTheWire,
    /// It is too early for it.
    #[error(": it is too early")]
    TooEarly,
    /// It is too late for it.
    #[error(": it is too late")]
    TooLate,
    /// What is stored is not what was decided.
    #[error(": what is stored is not what was decided")]
    Changed,
    /// The maker cannot check, and nobody counts twice.
    #[error(": it takes another person")]
    SamePerson,
    /// The gateway contradicted itself, or gave another id.
    #[error(": the gateway said otherwise")]
    Contradicted,
    /// Another payment of the same debt may have paid it.
    #[error(": another payment of the same debt may have been made")]
    Sibling,
}

/// What `event` makes of `before`.
///
/// # Errors
///
/// [`Refused`] when the event cannot happen now: a second request while one is on the wire, a request for a payment
/// that may already have been made. Evidence from the gateway is never refused.
pub fn step(before: &CashOut, event: &Event) -> Result<Step, Refused> {
    let mut next = Step { after: before.clone(), alarms: Vec::new(), facts: Vec::new() };
    match event {
        Event::Proposed(_) => return Err(next.refuse("to be proposed", Because::State)),
        Event::Submitted { at, by } => next.submitted(*at, by)?,
        Event::Approved { at, by, payload } => next.approved(*at, by, payload)?,
        Event::CalledOff { at, .. } => next.called_off(*at)?,
        Event::Expired { at } => next.expired(at)?,
        Event::Overtaken { at, generation } => next.overtaken(*at, *generation),
        Event::AttemptStarted { at, fingerprints, .. } => next.attempt_started(at, fingerprints)?,
        Event::AttemptEnded { at, verdict } => next.attempt_ended(at, verdict)?,
        Event::Reported { at, source, report } => next.reported(at, *source, report),
        Event::LookedInVain { at } => next.looked(*at),
        Event::WindowClosed { at } => next.window_closed(at)?,
        Event::PutOnHold { at } => next.put_on_hold(*at)?,
        Event::WentStale { .. } => next.went_stale()?,
        Event::Adopted { at, internal_code, .. } => next.adopted(*at, internal_code)?,
        Event::Declared { at, by, .. } => next.declared(at, by)?,
        Event::RoundStarted { at, .. } => next.round_started(*at)?,
        Event::LookedInto(looked) => next.looked_into(looked)?,
    }
    next.check(before, event);
    Ok(next)
}

/// The state that a whole life comes to.
///
/// # Errors
///
/// [`Refused`] with the place of the event that could not have happened; place 0 where the life does not begin with
/// [`Event::Proposed`].
pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<CashOut, (usize, Option<Refused>)> {
    let mut events = events.into_iter().enumerate();
    let Some((_, Event::Proposed(terms))) = events.next() else { return Err((0, None)) };
    events.try_fold(CashOut::proposed(Arc::clone(terms)), |before, (place, event)| {
        step(&before, event).map(|step| step.after).map_err(|refused| (place, Some(refused)))
    })
}

/// What contradicts itself in a life, each fact when it was told first. What cannot have happened ends the life.
pub fn contradictions<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Contradiction> {
    let mut events = events.into_iter();
    let mut found = Vec::new();
    let Some(Event::Proposed(terms)) = events.next() else { return found };
    let mut pay = CashOut::proposed(Arc::clone(terms));
    for event in events {
        let Ok(next) = step(&pay, event) else { break };
        let by = match event {
            Event::Reported { source, .. } => (*source).into(),
            Event::AttemptEnded { .. } => Told::Answer,
            _ => Told::Journal,
        };
        contradiction::gather(&mut found, next.facts, event.at(), by);
        pay = next.after;
    }
    found
}

impl Step {
    fn refuse(&self, event: &'static str, because: Because) -> Refused {
        Refused { state: self.after.state, event: Cow::Borrowed(event), because }
    }

    /// What must hold after every step; left on in release, since what follows is money.
    fn check(&self, before: &CashOut, event: &Event) {
        let after = &self.after;
        let (was, is) = (before.state, after.state);
        // A final state gives way to nothing but a late COMPLETED and the operator's next round.
        assert!(
            !was.is_final()
                || was == is
                || (is == State::Completed
                    && matches!(was, State::Failed | State::Cancelled | State::DeclaredNotPaid))
                || matches!(event, Event::RoundStarted { .. }),
            "a final payment went from {} to {}",
            was.as_str(),
            is.as_str(),
        );
        assert!(after.terms == before.terms, "what was decided has changed");
        assert!(
            after.round == before.round || matches!(event, Event::RoundStarted { .. }),
            "a round began by itself"
        );
        assert!(after.conflict || !before.conflict, "what was contradicted is forgotten");
        assert!(
            !matches!(event, Event::LookedInto(_))
                || (CashOut { closed: None, ..after.clone() })
                    == (CashOut { closed: None, ..before.clone() }),
            "looking into a payment has changed it"
        );
        assert!(
            is != State::Rejected || was == State::Rejected || !before.ambiguous,
            "a payment that may have been made was called rejected"
        );
        assert!(
            !after.on_the_wire || before.on_the_wire || is == State::Unknown,
            "a request began in the state {}",
            is.as_str()
        );
        assert!(
            after.state.is_final() || after.on_the_wire || after.plan().is_some(),
            "an open payment that is {} has nothing to wake it",
            is.as_str()
        );
    }

    fn go(&mut self, state: State, at: Timestamp) {
        if self.after.state != state {
            self.after.state = state;
            self.after.since = at;
            self.after.looks = 0;
            self.after.looked_at = None;
            self.after.told_at = None;
            self.after.ending_seen = None;
            self.after.stale = false;
        }
        if state != State::Unknown {
            self.after.frozen = false;
        }
        if state.is_final() {
            self.after.failure_reported = false;
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        self.alarms.push(alarm);
    }

    /// Two words that cannot both be true. It rings where nobody knows of it yet.
    fn contradict(&mut self, alarm: Alarm, fact: Fact) -> bool {
        let pay = &mut self.after;
        let rings = contradiction::contradict(&mut pay.conflict, &mut pay.closed, &mut self.facts, fact);
        if rings {
            self.alarms.push(alarm);
        }
        rings
    }

    /// As [`Self::contradict`], of where it stands.
    fn contradict_state(&mut self, told: &Status) {
        let held = transaction::State::Out(self.after.state);
        self.contradict(Alarm::Contradiction, Fact::State { held, told: told.clone() });
    }

    fn looked_into(&mut self, looked: &LookedInto) -> Result<(), Refused> {
        contradiction::close(self.after.conflict, &mut self.after.closed, looked)
            .map_err(|because| self.refuse("to be looked into", because))
    }

    fn submitted(&mut self, at: Timestamp, by: &Person) -> Result<(), Refused> {
        let event = "to be submitted";
        if self.after.state != State::Draft {
            return Err(self.refuse(event, Because::State));
        }
        if !by.is(&self.after.terms.maker) {
            return Err(self.refuse(event, Because::SamePerson));
        }
        self.decide(at);
        Ok(())
    }

    /// The maker has decided: checkers are next, where some are needed.
    fn decide(&mut self, at: Timestamp) {
        self.after.decided_at = at;
        self.after.approvals.clear();
        let needed = self.after.terms.approvals;
        self.go(if needed == 0 { State::Approved } else { State::PendingApproval }, at);
    }

    fn approved(&mut self, at: Timestamp, by: &Person, payload: &Digest) -> Result<(), Refused> {
        let event = "an approval";
        let pay = &self.after;
        if pay.state != State::PendingApproval {
            return Err(self.refuse(event, Because::State));
        }
        if *payload != pay.terms.fingerprints.payload {
            return Err(self.refuse(event, Because::Changed));
        }
        if by.is(&pay.terms.maker) || pay.approvals.iter().any(|earlier| earlier.is(by)) {
            return Err(self.refuse(event, Because::SamePerson));
        }
        self.after.approvals.push(by.clone());
        if self.after.approvals.len() >= usize::from(self.after.terms.approvals) {
            self.after.decided_at = at;
            self.go(State::Approved, at);
        }
        Ok(())
    }

    /// Whether no request of this round was made.
    fn is_unsent(&self) -> bool {
        matches!(self.after.state, State::Draft | State::PendingApproval | State::Approved)
    }

    fn called_off(&mut self, at: Timestamp) -> Result<(), Refused> {
        if self.after.on_the_wire {
            return Err(self.refuse("to be called off", Because::OnTheWire));
        }
        if !self.after.may_be_called_off() {
            return Err(self.refuse("to be called off", Because::State));
        }
        self.let_go(State::Cancelled, at);
        Ok(())
    }

    /// Ends what nothing was sent of in this round. What an earlier round may have paid stays what people declared.
    fn let_go(&mut self, end: State, at: Timestamp) {
        self.go(if self.after.ambiguous { State::DeclaredNotPaid } else { end }, at);
    }

    fn expired(&mut self, at: &Moment) -> Result<(), Refused> {
        let event = "to expire";
        if !self.after.may_be_called_off() {
            return Err(self.refuse(event, Because::State));
        }
        if !self.after.has_expired(at) {
            return Err(self.refuse(event, Because::TooEarly));
        }
        self.let_go(State::Expired, at.at);
        Ok(())
    }

    /// Another payment of the same debt is paid: nothing more of this one is sent. What was sent keeps its own life.
    fn overtaken(&mut self, at: Timestamp, generation: u32) {
        match self.after.state {
            State::Draft | State::PendingApproval | State::Approved => self.let_go(State::Cancelled, at),
            State::Unknown => self.after.frozen = true,
            State::Accepted | State::Exists | State::Held | State::Completed => {}
            State::Rejected | State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid => {
                return;
            }
        }
        if !self.contradict(Alarm::Overtaken, Fact::Sibling { generation }) {
            self.alarm(Alarm::Overtaken);
        }
    }

    fn attempt_started(&mut self, at: &Moment, fingerprints: &Fingerprints) -> Result<(), Refused> {
        let event = "another request";
        if self.after.on_the_wire {
            return Err(self.refuse(event, Because::OnTheWire));
        }
        match self.after.dispatch(at) {
            super::Dispatch::Send => {}
            super::Dispatch::Expired | super::Dispatch::WindowClosed => {
                return Err(self.refuse(event, Because::TooLate));
            }
            super::Dispatch::Never => return Err(self.refuse(event, Because::State)),
        }
        if *fingerprints != self.after.terms.fingerprints {
            return Err(self.refuse(event, Because::Changed));
        }
        let pay = &mut self.after;
        pay.attempts += 1;
        pay.on_the_wire = true;
        pay.last_attempt = Some(*at);
        self.go(State::Unknown, at.at);
        Ok(())
    }

    fn attempt_ended(&mut self, at: &Moment, verdict: &Verdict) -> Result<(), Refused> {
        if !self.after.on_the_wire {
            return Err(self.refuse("an answer without a request", Because::State));
        }
        let was_ambiguous = self.after.ambiguous;
        let began = self.after.last_attempt.unwrap_or(*at);
        self.after.on_the_wire = false;
        // When saldo ended is not known: the request is as old as its beginning.
        if *verdict != Verdict::Ambiguous(Ambiguity::Crashed) {
            self.after.last_attempt = Some(*at);
        }
        self.after.last_verdict = Some(verdict.clone());
        // A report may have overtaken the answer; then the answer can only add to what is known.
        let open = self.after.state == State::Unknown;
        match verdict {
            Verdict::Accepted(ids) => {
                self.after.known_there = true;
                self.learn_ids(ids);
                if open {
                    self.go(State::Accepted, at.at);
                }
            }
            Verdict::Exists(_) => {
                self.after.known_there = true;
                if open {
                    self.go(State::Exists, at.at);
                    if !was_ambiguous {
                        self.alarm(Alarm::ReferenceTaken);
                    }
                }
            }
            Verdict::NotExecuted(NotExecuted::Refused(_)) => {
                // On a repeat a refusal proves nothing: the first attempt may have emptied the account.
                if open && !self.after.ambiguous {
                    self.go(State::Rejected, at.at);
                }
            }
            Verdict::NotExecuted(
                NotExecuted::Unreachable(_)
                | NotExecuted::TooLate
                | NotExecuted::ClockSkew { .. }
                | NotExecuted::NoToken(_)
                | NotExecuted::Unauthorized(_)
                | NotExecuted::Forbidden(_)
                | NotExecuted::TooMany { .. },
            ) => {}
            Verdict::Ambiguous(ambiguity) => {
                self.after.ambiguous = true;
                self.after.doubt_since.get_or_insert(began);
                if matches!(ambiguity, Ambiguity::Illegible { .. }) {
                    self.alarm(Alarm::Illegible);
                }
            }
        }
        Ok(())
    }

    fn reported(&mut self, at: &Moment, source: Source, report: &Arc<Report>) {
        self.after.known_there = true;
        if source == Source::Get {
            self.looked(at.at);
        }
        // Whatever people had found, the gateway speaks for itself again.
        if !self.after.state.is_final() {
            self.after.declarations.clear();
        }
        let ids = GatewayIds {
            internal_code: report.internal_code.clone(),
            transaction_id: report.transaction_id.clone(),
        };
        self.learn_ids(&ids);
        let differs = self.differs(report);
        let matches = differs.is_empty();
        for fact in differs {
            self.contradict(Alarm::Mismatch, fact);
        }
        if self.is_unsent() {
            // A payment that saldo never sent carries its reference: it must not be sent on top.
            self.alarm(Alarm::ReferenceTaken);
        }
        match &report.status {
            Status::Completed if source == Source::Get || matches => self.completed(at.at, report),
            Status::Refunded => {
                self.completed(at.at, report);
                self.refunded(report);
            }
            Status::Failed => self.ending(at, source, Ending::Failed),
            Status::Cancelled => self.ending(at, source, Ending::Cancelled),
            Status::Processing
            | Status::Completed
            | Status::AwaitingPayment
            | Status::Paid
            | Status::Expired
            | Status::Other(_) => self.exists_at_gateway(at.at, &report.status),
        }
        if source == Source::Get {
            self.after.told_at = Some(at.at);
        }
        self.after.last_report = Some(Arc::clone(report));
    }

    /// The gateway knows the payment and it has not ended.
    fn exists_at_gateway(&mut self, at: Timestamp, told: &Status) {
        match self.after.state {
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Unknown
            | State::Exists
            | State::Held => self.go(State::Accepted, at),
            State::Accepted => {}
            State::Rejected | State::Expired | State::DeclaredNotPaid => self.contradict_state(told),
            State::Cancelled if self.after.was_never_there() => self.contradict_state(told),
            // Late or repeated news of the time before the end.
            State::Completed | State::Failed | State::Cancelled => {}
        }
        if self.after.state == State::Accepted && self.after.ending_seen.take().is_some() {
            // The two readings have to follow one another.
            self.after.failure_reported = false;
        }
    }

    fn completed(&mut self, at: Timestamp, report: &Report) {
        if let Some(id) = report.settlement_id() {
            match self.after.end_to_end_id.clone() {
                Some(known) if known != *id => {
                    let fact = Fact::EndToEndId { held: known, told: id.clone() };
                    self.contradict(Alarm::Contradiction, fact);
                }
                Some(_) => {}
                None => self.after.end_to_end_id = Some(id.clone()),
            }
        }
        match self.after.state {
            State::Completed => {}
            State::Failed | State::Cancelled | State::DeclaredNotPaid => {
                let held = transaction::State::Out(self.after.state);
                let fact = Fact::State { held, told: report.status.clone() };
                self.go(State::Completed, at);
                if !self.contradict(Alarm::CompletedAfterFailure, fact) {
                    self.alarm(Alarm::CompletedAfterFailure);
                }
            }
            State::Rejected | State::Expired => self.contradict_state(&report.status),
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Unknown
            | State::Accepted
            | State::Exists
            | State::Held => self.go(State::Completed, at),
        }
    }

    fn refunded(&mut self, report: &Report) {
        self.after.refunded = true;
        if let Some(id) = report.refund_id()
            && !self.after.refunds.iter().any(|refund| refund.id == *id)
        {
            self.after.refunds.push(Refund { id: id.clone(), amount: report.amount });
            let sum = self
                .after
                .refunds
                .iter()
                .filter_map(|refund| refund.amount)
                .try_fold(Centavos::ZERO, Centavos::checked_add);
            let held = self.after.terms.expected.amount;
            if sum.is_none_or(|sum| sum > held) {
                self.contradict(Alarm::Contradiction, Fact::Refunded { held, told: sum });
            }
        }
    }

    /// FAILED or CANCELLED: believed only when two GETs, a minute apart, say the same.
    fn ending(&mut self, at: &Moment, source: Source, ending: Ending) {
        match self.after.state {
            State::Completed => {
                return self.contradict_state(match ending {
                    Ending::Failed => &Status::Failed,
                    Ending::Cancelled => &Status::Cancelled,
                });
            }
            State::Rejected | State::Failed | State::Cancelled | State::Expired | State::DeclaredNotPaid => {
                return;
            }
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Unknown
            | State::Exists
            | State::Held => self.go(State::Accepted, at.at),
            State::Accepted => {}
        }
        if !self.after.failure_reported {
            self.after.failure_reported = true;
            // News by webhook: ask at once instead of at the next step of a long wait.
            if source == Source::Webhook {
                self.after.looks = 0;
                self.after.since = at.at;
            }
        }
        if source == Source::Webhook {
            return;
        }
        match &self.after.ending_seen {
            Some((seen, same)) if *same == ending => {
                // By the slowest clock: a wall clock that jumps must not make one glance into two.
                if at.at_least_since(seen) >= CONFIRMATION_GAP {
                    self.go(
                        match ending {
                            Ending::Failed => State::Failed,
                            Ending::Cancelled => State::Cancelled,
                        },
                        at.at,
                    );
                }
            }
            _ => self.after.ending_seen = Some((*at, ending)),
        }
    }

    fn looked(&mut self, at: Timestamp) {
        self.after.looks = self.after.looks.saturating_add(1);
        self.after.looked_at = Some(at);
    }

    fn window_closed(&mut self, at: &Moment) -> Result<(), Refused> {
        let event = "the end of the window";
        let pay = &mut self.after;
        if pay.on_the_wire {
            return Err(self.refuse(event, Because::OnTheWire));
        }
        if pay.state != State::Unknown || pay.frozen {
            return Err(self.refuse(event, Because::State));
        }
        if !pay.window_is_over(at) {
            return Err(self.refuse(event, Because::TooEarly));
        }
        pay.frozen = true;
        Ok(())
    }

    fn put_on_hold(&mut self, at: Timestamp) -> Result<(), Refused> {
        let waits = match self.after.state {
            State::Unknown => self.after.frozen && !self.after.on_the_wire,
            State::Exists => true,
            State::Draft
            | State::PendingApproval
            | State::Approved
            | State::Accepted
            | State::Held
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired
            | State::DeclaredNotPaid => false,
        };
        if !waits {
            return Err(self.refuse("a hold", Because::State));
        }
        self.go(State::Held, at);
        self.alarm(Alarm::Held);
        Ok(())
    }

    fn went_stale(&mut self) -> Result<(), Refused> {
        if self.after.state != State::Accepted || self.after.stale {
            return Err(self.refuse("to go stale", Because::State));
        }
        self.after.stale = true;
        self.alarm(Alarm::Stale);
        Ok(())
    }

    fn adopted(&mut self, at: Timestamp, internal_code: &Safe) -> Result<(), Refused> {
        let event = "an id from a person";
        let pay = &self.after;
        if pay.on_the_wire {
            return Err(self.refuse(event, Because::OnTheWire));
        }
        // People who declared it not paid may have erred; then its end follows from what the gateway says of it.
        let is_late = pay.state == State::DeclaredNotPaid;
        if !pay.state.is_in_doubt() && !is_late {
            return Err(self.refuse(event, Because::State));
        }
        if pay.ids.internal_code.as_ref().is_some_and(|known| known != internal_code) {
            return Err(self.refuse(event, Because::Contradicted));
        }
        self.after.known_there = true;
        self.after.ids.internal_code = Some(internal_code.clone());
        if !is_late {
            self.after.declarations.clear();
            self.go(State::Accepted, at);
        }
        Ok(())
    }

    fn declared(&mut self, at: &Moment, by: &Person) -> Result<(), Refused> {
        let event = "the declaration that it was not paid";
        let pay = &self.after;
        if pay.on_the_wire {
            return Err(self.refuse(event, Because::OnTheWire));
        }
        if pay.state != State::Held {
            return Err(self.refuse(event, Because::State));
        }
        // By the slowest clock: one that was set forward must not release a second payment.
        let waited = pay.last_attempt.as_ref().map(|last| at.at_least_since(last));
        if waited.is_some_and(|waited| waited < DECLARE_AFTER) {
            return Err(self.refuse(event, Because::TooEarly));
        }
        if pay.declarations.iter().any(|earlier| earlier.is(by)) {
            return Err(self.refuse(event, Because::SamePerson));
        }
        self.after.declarations.push(by.clone());
        if self.after.people_missing() == 0 {
            self.go(State::DeclaredNotPaid, at.at);
        }
        Ok(())
    }

    fn round_started(&mut self, at: Timestamp) -> Result<(), Refused> {
        if self.after.again() != Some(super::Again::Round) {
            return Err(self.refuse("a new round", Because::State));
        }
        self.after.round += 1;
        // After a declaration the doubt of the earlier round stays, and with it what a refusal may not prove.
        self.after.doubt_since = self.after.ambiguous.then(|| Moment::wall(at));
        self.after.last_attempt = None;
        self.after.last_verdict = None;
        self.decide(at);
        Ok(())
    }

    fn learn_ids(&mut self, ids: &GatewayIds) {
        let mut facts = Vec::new();
        let mut learn = |known: &mut Option<Safe>, told: &Option<Safe>| match (&known, told) {
            (Some(old), Some(new)) if old != new => {
                facts.push(Fact::Id { held: old.clone(), told: new.clone() });
            }
            (None, Some(new)) => *known = Some(new.clone()),
            _ => {}
        };
        learn(&mut self.after.ids.internal_code, &ids.internal_code);
        learn(&mut self.after.ids.transaction_id, &ids.transaction_id);
        for fact in facts {
            self.contradict(Alarm::Contradiction, fact);
        }
    }

    /// Compares the reference, the amount and the document's unmasked digits, never the name. What was not said cannot
    /// differ.
    fn differs(&self, report: &Report) -> Vec<Fact> {
        let expected = &self.after.terms.expected;
        let is_expected = |amount: Centavos| match report.status {
            // A part may come back.
            Status::Refunded => amount <= expected.amount,
            _ => amount == expected.amount,
        };
        let mut facts = Vec::new();
        let reference = Safe::new(expected.reference.as_str());
        if let Some(told) = report.external_reference.as_ref().filter(|told| !told.is_empty())
            && *told != reference
        {
            facts.push(Fact::Reference { held: reference, told: told.clone() });
        }
        if let Some(told) = report.amount.filter(|told| !is_expected(*told)) {
            facts.push(Fact::Amount { held: expected.amount, told });
        }
        if let Some(told) = report.document.as_ref().filter(|told| !told.is_empty())
            && !expected.document.matches_unmasked(told.as_str())
        {
            facts.push(Fact::Document { held: Safe::new(expected.document.as_str()), told: told.clone() });
        }
        facts
    }
}

impl CashOut {
    /// Whether it is too late to approve or send what was decided, by any clock.
    pub fn has_expired(&self, now: &Moment) -> bool {
        let within = match self.state {
            State::Draft | State::PendingApproval => APPROVE_WITHIN,
            _ => SEND_WITHIN,
        };
        now.at_most_since(&Moment::wall(self.decided_at)) >= within
    }
}
