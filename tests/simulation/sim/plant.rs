//! Planted bugs: each takes one load-bearing rule away by a wrapper around the real code, never by a switch in it.
//!
//! Where the rule lives in the pure machine, the wrapper shows [`step`] another state or event than the true one, and the
//! check of the fold goes through the same wrapper: so a planted bug is found by what it does to the money, not by
//! being different.

use jiff::SignedDuration;
use saldo::domain::attempt::{Ambiguity, NotExecuted, Verdict};
use saldo::domain::cash_out::{CashOut, Ending, Event, Refused, State, Step, step};
use saldo::domain::person::Person;
use saldo::domain::report::{Source, Status};
use saldo::domain::text::Safe;

macro_rules! plants {
    ($($name:ident $words:literal,)*) => {
        /// A rule that is taken away.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Plant { $($name,)* }

        impl Plant {
            /// Every planted bug; the first is none.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

plants! {
    None "nothing",
    TimeoutIsFailure "a time-out is a proven failure",
    ServerErrorIsFailure "a 5xx is a proven failure",
    ConflictIsFailure "a 409 is a proven failure",
    NotFoundIsFailure "a GET 404 is FAILED",
    UnauthorizedIsFailure "a 401 is a proven refusal",
    OtherReferenceIsAccepted "a 202 with another reference is an acceptance",
    SentTwice "the client repeats by itself",
    KeyPerAttempt "a new key for each attempt",
    ReferencePerAttempt "a new reference for each attempt",
    BodyPerAttempt "the body is built anew, with a change",
    RepeatRefused "a 422 on a repeat is believed",
    HookBelieved "a FAILED webhook is believed without GET",
    OneGetEnough "one GET is enough",
    OneDeclares "one person's declaration is enough",
    DeclaresAtOnce "a declaration without waiting",
    MakerChecks "the maker approves",
    AnyHash "an approval of another hash counts",
    ClosingFrees "what a person closes frees the debt",
    NotAbsorbing "a completed payment can fail",
    LostNotExecuted "an attempt that a crash left is called not executed",
    AnswersEarly "the journal answers before the row is durable",
    RowAfterWire "the row is written after the wire",
    NoWindow "the resend window is ignored",
    WallClockOnly "only the wall clock is read",
    HeldPaysAgain "a second generation after a held payment",
    SiblingsIgnored "nobody looks at the other payments of the debt",
    ReferenceNotUnique "the same reference makes two payments",
    EnterTwiceTwoReferences "Enter twice makes two references",
    LostReferenceDrawn "after a lost journal the reference is drawn anew",
    NoWakeUp "an accepted payment has no wake-up",
    MismatchCompletes "a webhook with another amount completes",
    OtherReportBelieved "a report is taken for the payment that was asked for",
    RebalanceRepeated "a rebalance in doubt is sent again by itself",
    RebalanceNotAlone "a rebalance in doubt does not stop the next",
    RebalanceAcknowledgesItself "a rebalance in doubt is settled by itself",
}

impl Plant {
    /// The machine, as far as this bug leaves it whole.
    pub fn step(self, before: &CashOut, event: &Event) -> Result<Step, Refused> {
        match (self, event) {
            (
                Self::RepeatRefused,
                Event::AttemptEnded { verdict: Verdict::NotExecuted(NotExecuted::Refused(_)), .. },
            ) => step(&CashOut { ambiguous: false, ..before.clone() }, event),
            (Self::LostNotExecuted, Event::AttemptEnded { at, verdict })
                if *verdict == Verdict::Ambiguous(Ambiguity::Crashed) =>
            {
                let verdict = Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("crashed")));
                step(before, &Event::AttemptEnded { at: *at, verdict })
            }
            (Self::HookBelieved, Event::Reported { at, source: Source::Webhook, report })
                if report.status == Status::Failed && !before.state.is_final() =>
            {
                let first = Event::Reported { at: *at, source: Source::Get, report: report.clone() };
                let mut later = *at;
                later.at += SignedDuration::from_secs(61);
                later.boot = None;
                later.gateway = None;
                let second = Event::Reported { at: later, source: Source::Get, report: report.clone() };
                step(&step(before, &first)?.after, &second)
            }
            (Self::OneGetEnough, Event::Reported { at, source: Source::Get, report }) => {
                let ending = match report.status {
                    Status::Failed => Ending::Failed,
                    Status::Cancelled => Ending::Cancelled,
                    _ => return step(before, event),
                };
                let mut earlier = *at;
                earlier.at -= SignedDuration::from_secs(61);
                earlier.boot = None;
                earlier.gateway = None;
                let mut seen = before.clone();
                if before.state == State::Accepted {
                    seen.ending_seen = Some((earlier, ending));
                }
                step(&seen, event)
            }
            (Self::OneDeclares, Event::Declared { at, by, statement }) => {
                let once = step(before, event)?;
                if once.after.state != State::Held {
                    return Ok(once);
                }
                let by = Person { uid: by.uid + 1000, name: None };
                step(&once.after, &Event::Declared { at: *at, by, statement: statement.clone() })
            }
            (Self::DeclaresAtOnce, Event::Declared { .. }) => {
                let held = if before.state.is_in_doubt() { State::Held } else { before.state };
                step(&CashOut { last_attempt: None, state: held, ..before.clone() }, event)
            }
            (Self::MakerChecks, Event::Approved { at, by, payload }) if by.is(&before.terms.maker) => {
                let by = Person { uid: by.uid + 1000, name: None };
                step(before, &Event::Approved { at: *at, by, payload: *payload })
            }
            (Self::AnyHash, Event::Approved { at, by, .. }) => {
                let payload = before.terms.fingerprints.payload;
                step(before, &Event::Approved { at: *at, by: by.clone(), payload })
            }
            (Self::NotAbsorbing, Event::Reported { report, .. })
                if before.state == State::Completed && report.status == Status::Failed =>
            {
                let mut failed = step(before, event)?;
                failed.after.state = State::Failed;
                failed.after.conflict = false;
                Ok(failed)
            }
            (Self::ClosingFrees, Event::LookedInto(_)) => {
                let mut closed = step(before, event)?;
                closed.after.conflict = false;
                closed.after.closed = None;
                Ok(closed)
            }
            (Self::MismatchCompletes, Event::Reported { at, source, report }) => {
                let mut report = (**report).clone();
                report.amount = Some(before.terms.expected.amount);
                report.document = None;
                step(before, &Event::Reported { at: *at, source: *source, report: report.into() })
            }
            _ => step(before, event),
        }
    }
}
