//! The pure function from what a payment was and what happened to what it is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CONFIRMATION_GAP, CashOut, Ending, Event, State};
use crate::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Verdict};
use crate::domain::report::{Report, Source, Status};
use crate::domain::text::Safe;

/// What a step came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The payment afterwards.
    pub after: CashOut,
    /// What a person has to be told.
    pub alarms: Vec<Alarm>,
}

/// Something that must not pass unseen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alarm {
    /// Paid after it had been proven failed.
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
}

/// An event that cannot happen to a payment as it stands. Nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot happen to a payment that is {}", .state.as_str())]
pub struct Refused {
    /// Where the payment stands.
    pub state: State,
    /// What was tried.
    pub event: &'static str,
}

/// What `event` makes of `before`.
///
/// # Errors
///
/// [`Refused`] when the event cannot happen now: a second request while one is on the wire, a request for a payment
/// that may already have been made. Evidence from the gateway is never refused.
pub fn step(before: &CashOut, event: &Event) -> Result<Step, Refused> {
    let mut next = Step { after: before.clone(), alarms: Vec::new() };
    match event {
        Event::AttemptStarted { at } => next.attempt_started(*at)?,
        Event::AttemptEnded { at, verdict } => next.attempt_ended(*at, verdict)?,
        Event::Reported { at, source, report } => next.reported(*at, *source, report),
        Event::LookedInVain { at } => next.looked(*at),
        Event::WindowClosed { at } => next.window_closed(*at)?,
        Event::PutOnHold { at } => next.put_on_hold(*at)?,
        Event::RoundStarted { at } => next.round_started(*at)?,
    }
    let (was, is) = (before.state, next.after.state);
    // Left on in release: a final state gives way to nothing but a late COMPLETED and the operator's next round.
    assert!(
        !was.is_final()
            || was == is
            || (is == State::Completed && matches!(was, State::Failed | State::Cancelled))
            || (was == State::Rejected && matches!(event, Event::RoundStarted { .. })),
        "a final payment went from {} to {}",
        was.as_str(),
        is.as_str(),
    );
    Ok(next)
}

impl Step {
    fn refuse(&self, event: &'static str) -> Refused {
        Refused { state: self.after.state, event }
    }

    fn go(&mut self, state: State, at: Timestamp) {
        if self.after.state != state {
            self.after.state = state;
            self.after.since = at;
            self.after.looks = 0;
            self.after.looked_at = None;
            self.after.ending_seen = None;
        }
        if state != State::Unknown {
            self.after.frozen = false;
        }
        if state.is_final() {
            self.after.failure_reported = false;
        }
    }

    fn alarm(&mut self, alarm: Alarm) {
        if matches!(alarm, Alarm::Mismatch | Alarm::Contradiction) {
            // Said once: a webhook that comes five times must not ring five times.
            if self.after.conflict {
                return;
            }
            self.after.conflict = true;
        }
        self.alarms.push(alarm);
    }

    fn attempt_started(&mut self, at: Timestamp) -> Result<(), Refused> {
        let pay = &mut self.after;
        let may_send = match pay.state {
            State::Approved => true,
            State::Unknown => !pay.frozen && at < pay.window_end(),
            State::Accepted
            | State::Exists
            | State::Held
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled => false,
        };
        if pay.on_the_wire || !may_send {
            return Err(self.refuse("another request"));
        }
        pay.attempts += 1;
        pay.on_the_wire = true;
        pay.first_attempt_at.get_or_insert(at);
        pay.last_attempt_at = Some(at);
        self.go(State::Unknown, at);
        Ok(())
    }

    fn attempt_ended(&mut self, at: Timestamp, verdict: &Verdict) -> Result<(), Refused> {
        if !self.after.on_the_wire {
            return Err(self.refuse("an answer without a request"));
        }
        let was_ambiguous = self.after.ambiguous;
        self.after.on_the_wire = false;
        self.after.last_attempt_at = Some(at);
        self.after.last_verdict = Some(verdict.clone());
        // A report may have overtaken the answer; then the answer can only add to what is known.
        let open = self.after.state == State::Unknown;
        match verdict {
            Verdict::Accepted(ids) => {
                self.learn_ids(ids);
                if open {
                    self.go(State::Accepted, at);
                }
            }
            Verdict::Exists(_) => {
                if open {
                    self.go(State::Exists, at);
                    if !was_ambiguous {
                        self.alarm(Alarm::ReferenceTaken);
                    }
                }
            }
            Verdict::NotExecuted(NotExecuted::Refused(_)) => {
                // On a repeat a refusal proves nothing: the first attempt may have emptied the account.
                if open && !self.after.ambiguous {
                    self.go(State::Rejected, at);
                }
            }
            Verdict::NotExecuted(
                NotExecuted::Unreachable(_)
                | NotExecuted::TooLate
                | NotExecuted::NoToken(_)
                | NotExecuted::Unauthorized(_)
                | NotExecuted::Forbidden(_)
                | NotExecuted::TooMany { .. },
            ) => {}
            Verdict::Ambiguous(ambiguity) => {
                self.after.ambiguous = true;
                if matches!(ambiguity, Ambiguity::Illegible { .. }) {
                    self.alarm(Alarm::Illegible);
                }
            }
        }
        Ok(())
    }

    fn reported(&mut self, at: Timestamp, source: Source, report: &Report) {
        if source == Source::Get {
            self.looked(at);
        }
        let ids = GatewayIds {
            internal_code: report.internal_code.clone(),
            transaction_id: report.transaction_id.clone(),
        };
        self.learn_ids(&ids);
        let matches = self.matches(report);
        if !matches {
            self.alarm(Alarm::Mismatch);
        }
        let before_any_request = self.after.state == State::Approved;
        if before_any_request {
            // A payment that saldo never sent carries its reference: it must not be sent on top.
            self.alarm(Alarm::ReferenceTaken);
        }
        match &report.status {
            Status::Completed if source == Source::Get || matches => self.completed(at, report),
            Status::Refunded => {
                self.completed(at, report);
                self.refunded(report);
            }
            Status::Failed => self.ending(at, source, Ending::Failed),
            Status::Cancelled => self.ending(at, source, Ending::Cancelled),
            Status::Processing
            | Status::Completed
            | Status::AwaitingPayment
            | Status::Paid
            | Status::Expired
            | Status::Other(_) => self.exists_at_gateway(at),
        }
        self.after.last_report = Some(report.clone());
    }

    /// The gateway knows the payment and it has not ended.
    fn exists_at_gateway(&mut self, at: Timestamp) {
        match self.after.state {
            State::Approved | State::Unknown | State::Exists | State::Held => self.go(State::Accepted, at),
            State::Accepted => {}
            State::Rejected => self.alarm(Alarm::Contradiction),
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
            match &self.after.end_to_end_id {
                Some(known) if known != id => self.alarm(Alarm::Contradiction),
                Some(_) => {}
                None => self.after.end_to_end_id = Some(id.clone()),
            }
        }
        match self.after.state {
            State::Completed => {}
            State::Failed | State::Cancelled => {
                self.go(State::Completed, at);
                self.after.conflict = true;
                self.alarms.push(Alarm::CompletedAfterFailure);
            }
            State::Rejected => self.alarm(Alarm::Contradiction),
            State::Approved | State::Unknown | State::Accepted | State::Exists | State::Held => {
                self.go(State::Completed, at);
            }
        }
    }

    fn refunded(&mut self, report: &Report) {
        self.after.refunded = true;
        if let Some(id) = report.refund_id()
            && !self.after.refunds.contains(id)
        {
            self.after.refunds.push(id.clone());
        }
    }

    /// FAILED or CANCELLED: believed only when two GETs, a minute apart, say the same.
    fn ending(&mut self, at: Timestamp, source: Source, ending: Ending) {
        match self.after.state {
            State::Completed => return self.alarm(Alarm::Contradiction),
            State::Rejected | State::Failed | State::Cancelled => return,
            State::Approved | State::Unknown | State::Exists | State::Held => self.go(State::Accepted, at),
            State::Accepted => {}
        }
        if !self.after.failure_reported {
            self.after.failure_reported = true;
            // News by webhook: ask at once instead of at the next step of a long wait.
            if source == Source::Webhook {
                self.after.looks = 0;
                self.after.since = at;
            }
        }
        if source == Source::Webhook {
            return;
        }
        match self.after.ending_seen {
            Some((seen, same)) if same == ending => {
                if at.duration_since(seen) >= CONFIRMATION_GAP {
                    self.go(
                        match ending {
                            Ending::Failed => State::Failed,
                            Ending::Cancelled => State::Cancelled,
                        },
                        at,
                    );
                }
            }
            _ => self.after.ending_seen = Some((at, ending)),
        }
    }

    fn looked(&mut self, at: Timestamp) {
        self.after.looks = self.after.looks.saturating_add(1);
        self.after.looked_at = Some(at);
    }

    fn window_closed(&mut self, at: Timestamp) -> Result<(), Refused> {
        let pay = &mut self.after;
        if pay.state != State::Unknown || pay.on_the_wire || pay.frozen || at < pay.window_end() {
            return Err(self.refuse("the end of the window"));
        }
        pay.frozen = true;
        Ok(())
    }

    fn put_on_hold(&mut self, at: Timestamp) -> Result<(), Refused> {
        let waits = match self.after.state {
            State::Unknown => self.after.frozen,
            State::Exists => true,
            State::Approved
            | State::Accepted
            | State::Held
            | State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled => false,
        };
        if !waits {
            return Err(self.refuse("a hold"));
        }
        self.go(State::Held, at);
        self.alarm(Alarm::Held);
        Ok(())
    }

    fn round_started(&mut self, at: Timestamp) -> Result<(), Refused> {
        if self.after.state != State::Rejected || self.after.conflict {
            return Err(self.refuse("a new round"));
        }
        self.after.round += 1;
        self.after.first_attempt_at = None;
        self.after.last_attempt_at = None;
        self.after.last_verdict = None;
        self.after.approved_at = at;
        self.go(State::Approved, at);
        Ok(())
    }

    fn learn_ids(&mut self, ids: &GatewayIds) {
        let mut contradicted = false;
        let mut learn = |known: &mut Option<Safe>, told: &Option<Safe>| match (&known, told) {
            (Some(old), Some(new)) if old != new => contradicted = true,
            (None, Some(new)) => *known = Some(new.clone()),
            _ => {}
        };
        learn(&mut self.after.ids.internal_code, &ids.internal_code);
        learn(&mut self.after.ids.transaction_id, &ids.transaction_id);
        if contradicted {
            self.alarm(Alarm::Contradiction);
        }
    }

    /// Compares the reference, the amount and the document's unmasked digits, never the name. What was not said cannot
    /// differ.
    fn matches(&self, report: &Report) -> bool {
        let expected = &self.after.expected;
        report
            .external_reference
            .as_ref()
            .is_none_or(|told| told.is_empty() || *told == Safe::new(expected.reference.as_str()))
            && report.amount.is_none_or(|amount| amount == expected.amount)
            && report
                .document
                .as_ref()
                .is_none_or(|told| told.is_empty() || expected.document.matches_unmasked(told.as_str()))
    }
}
