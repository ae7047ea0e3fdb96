use proptest::prelude::*;

use super::*;
use crate::domain::attempt::{Ambiguity, GatewayIds, Problem};
use crate::domain::report::Direction;
use crate::domain::request::{Event as Of, fold};

const WINDOW: SignedDuration = SignedDuration::from_hours(1);

fn at(seconds: i64) -> Moment {
    Moment::wall(Timestamp::from_second(1_800_000_000 + seconds).unwrap())
}

fn terms() -> Arc<Terms> {
    Arc::new(Terms {
        at: at(0).at,
        maker: Person { uid: 1, name: None },
        cash_in: Uuid::from_u128(1),
        gateway_id: Safe::new("CI1"),
        reference: Some(Safe::new("C-1")),
        amount: Some(Centavos::new(5_025)),
        reason: Reason::CustomerRequest,
        description: None,
        body: Digest::of(b"{}"),
        resend_window: WINDOW,
    })
}

fn started(refund: &Refund, seconds: i64) -> Event {
    Of::AttemptStarted { at: at(seconds), key: refund.key("48213"), body: refund.terms.body }
}

fn ended(seconds: i64, verdict: Verdict) -> Event {
    Of::AttemptEnded { at: at(seconds), verdict, pay_by: None }
}

fn reported(seconds: i64, source: Source, status: Status) -> Event {
    let refunded = status == Status::Refunded;
    let report = Report {
        direction: Direction::In,
        status,
        internal_code: Some(Safe::new("CI1")),
        transaction_id: None,
        external_reference: Some(Safe::new("C-1")),
        end_to_end_id: Some(Safe::new(if refunded { "D1" } else { "E1" })),
        original_end_to_end_id: refunded.then(|| Safe::new("E1")),
        amount: Some(Centavos::new(5_025)),
        name: None,
        document: None,
        bank_data: None,
        failure: None,
        requested_at: None,
        paid_at: None,
        refunded_at: None,
    };
    Of::Reported { at: at(seconds), source, report: Arc::new(report) }
}

fn accepted() -> Verdict {
    Verdict::Accepted(GatewayIds { internal_code: Some(Safe::new("CI1")), transaction_id: None })
}

fn refused(code: &str) -> Verdict {
    let problem = Problem { status: 422, code: Some(Safe::new(code)), title: None, detail: None };
    Verdict::NotExecuted(NotExecuted::Refused(problem))
}

fn timed_out() -> Verdict {
    Verdict::Ambiguous(Ambiguity::TimedOut)
}

fn after(events: &[Event]) -> Refund {
    events.iter().fold(Refund::proposed(terms()), |refund, event| refund.step(event).unwrap())
}

#[test]
fn what_an_answer_makes_of_it() {
    let new = Refund::proposed(terms());
    let already = || refused("CASH_IN_ALREADY_REFUNDED");
    let sent = |verdict| after(&[started(&new, 1), ended(2, verdict)]).state;
    let on_repeat = |verdict| {
        let doubt = [started(&new, 1), ended(2, timed_out()), started(&new, 5), ended(6, verdict)];
        after(&doubt).state
    };
    let unreachable = || Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("refused")));
    let conflict = Verdict::Exists(Problem { status: 409, code: None, title: None, detail: None });
    for (verdict, first, repeat) in [
        (accepted(), State::Accepted, State::Accepted),
        (refused("CASH_IN_NOT_PAID"), State::Rejected, State::Unknown),
        (already(), State::Rejected, State::Exists),
        (conflict, State::Exists, State::Exists),
        (timed_out(), State::Unknown, State::Unknown),
        (unreachable(), State::Unknown, State::Unknown),
    ] {
        assert_eq!((sent(verdict.clone()), on_repeat(verdict.clone())), (first, repeat), "{verdict:?}");
    }
}

#[test]
fn a_look_comes_between_a_doubt_and_the_same_bytes_again() {
    let new = Refund::proposed(terms());
    assert_eq!(new.plan(), Some(Plan { at: at(0).at, act: Act::Send }));
    let doubt = after(&[started(&new, 1), ended(2, timed_out())]);
    assert_eq!(doubt.plan().map(|plan| plan.act), Some(Act::Look));
    let looked = doubt.step(&reported(4, Source::Get, Status::Paid)).unwrap();
    assert_eq!((looked.state, looked.plan().map(|plan| plan.act)), (State::Unknown, Some(Act::Send)));
    // After the window nothing is sent any more, and it is looked at for ever.
    assert_eq!(looked.requests.dispatch(&at(3_700)), Dispatch::WindowClosed);
    let error = looked.step(&started(&looked, 3_700)).unwrap_err();
    assert_eq!(error.because, Because::TooLate);
    assert_eq!(looked.step(&Of::WindowClosed { at: at(3_500) }).unwrap_err().because, Because::TooEarly);
    let late = looked.step(&Of::WindowClosed { at: at(3_700) }).unwrap();
    assert_eq!(late.plan().map(|plan| plan.act), Some(Act::Look));
    let day = 24 * 3_600 + 10;
    assert_eq!(late.step(&Of::PutOnHold { at: at(day - 3_600) }).unwrap_err().because, Because::TooEarly);
    let held = late.step(&Of::PutOnHold { at: at(day) }).unwrap();
    assert_eq!((held.state, held.plan().map(|plan| plan.act)), (State::Held, Some(Act::Look)));
    assert_eq!(
        held.step(&reported(day + 9, Source::Webhook, Status::Refunded)).unwrap().state,
        State::Completed
    );
}

#[test]
fn another_body_is_never_sent() {
    let new = Refund::proposed(terms());
    let other = Of::AttemptStarted { at: at(1), key: new.key("48213"), body: Digest::of(b"{ }") };
    assert_eq!(new.step(&other).unwrap_err().because, Because::Changed);
    let sent = after(&[started(&new, 1)]);
    assert_eq!(sent.step(&started(&sent, 2)).unwrap_err().because, Because::OnTheWire);
}

#[test]
fn the_key_is_the_rounds_and_no_other_orders() {
    let new = Refund::proposed(terms());
    let again = after(&[
        started(&new, 1),
        ended(2, refused("CASH_IN_NOT_PAID")),
        Of::RoundStarted { at: at(9).at, by: Person { uid: 1, name: None } },
    ]);
    assert_eq!((again.state, again.requests.round), (State::Approved, 2));
    assert_ne!(new.key("48213"), again.key("48213"));
    assert_ne!(new.key("48213"), new.key("48214"));
    let reference = crate::domain::order::Reference::parse("CI1").unwrap();
    assert_ne!(new.key("48213"), crate::domain::order::idempotency_key("48213", &reference, 1));
}

#[test]
fn somebody_elses_refund_is_not_ours() {
    let new = Refund::proposed(terms());
    let told = |events: &[Event]| {
        let mut events = events.to_vec();
        events.push(reported(50, Source::Get, Status::Refunded));
        after(&events).state
    };
    let unreachable = || Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("refused")));
    assert_eq!(told(&[]), State::Cancelled);
    assert_eq!(told(&[started(&new, 1), ended(2, unreachable())]), State::Cancelled);
    assert_eq!(told(&[started(&new, 1), ended(2, refused("X"))]), State::Rejected);
    assert_eq!(told(&[started(&new, 1)]), State::Completed, "it is on the wire, so it may be ours");
}

/// What can happen next, drawn at random.
#[derive(Debug, Clone, Copy)]
enum Chance {
    /// Time goes by: the next plan is done, and the gateway does this with it.
    Plan(Fate),
    /// A webhook comes, true or stale.
    Webhook { stale: bool },
    /// The platform gives it back by itself.
    SomebodyElse,
    /// A person orders it again, as the command does: only what reads paid.
    Again,
    /// The gateway forgets its keys. It never forgets what it has given back.
    Forget,
    /// Nothing runs for an hour.
    Sleep,
}

/// What becomes of a request or a look.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    LostBefore,
    LostAfter,
    CrashedBefore,
    CrashedAfter,
    Refused,
    NotSent,
}

fn chances() -> impl Strategy<Value = Chance> {
    let fate = prop_oneof![
        Just(Fate::Answered),
        Just(Fate::LostBefore),
        Just(Fate::LostAfter),
        Just(Fate::CrashedBefore),
        Just(Fate::CrashedAfter),
        Just(Fate::Refused),
        Just(Fate::NotSent),
    ];
    prop_oneof![
        6 => fate.prop_map(Chance::Plan),
        2 => any::<bool>().prop_map(|stale| Chance::Webhook { stale }),
        1 => Just(Chance::SomebodyElse),
        1 => Just(Chance::Again),
        1 => Just(Chance::Forget),
        1 => Just(Chance::Sleep),
    ]
}

/// A gateway with the documented lock, or one whose only lock is the idempotency key.
struct World {
    refund: Refund,
    events: Vec<Event>,
    now: i64,
    has_lock: bool,
    keys: Vec<Uuid>,
    by_us: u32,
    by_others: u32,
}

impl World {
    fn apply(&mut self, event: Event) {
        self.refund = self.refund.step(&event).unwrap();
        self.events.push(event);
        assert!(self.by_us + self.by_others <= 1, "given back twice: {:#?}", self.events);
        match self.refund.state {
            State::Completed => assert_eq!(self.by_us + self.by_others, 1, "{:#?}", self.events),
            State::Rejected | State::Cancelled | State::Expired => {
                assert_eq!(self.by_us, 0, "{:#?}", self.events);
            }
            _ => {}
        }
    }

    fn is_back(&self) -> bool {
        self.by_us + self.by_others > 0
    }

    /// What the gateway does with a request that reaches it.
    fn judge(&mut self, key: Uuid) -> Verdict {
        if self.keys.contains(&key) {
            return accepted();
        }
        if self.has_lock && self.is_back() {
            return refused("CASH_IN_ALREADY_REFUNDED");
        }
        self.keys.push(key);
        self.by_us += 1;
        accepted()
    }

    fn plan(&mut self, fate: Fate) {
        let Some(plan) = self.refund.plan() else { return };
        let due = plan.at.duration_since(at(0).at).as_secs() + 1;
        self.now = self.now.max(due);
        let now = at(self.now);
        match plan.act {
            Act::Send if self.refund.requests.dispatch(&now) == Dispatch::WindowClosed => {
                self.apply(Of::WindowClosed { at: now });
            }
            Act::Send if self.refund.requests.dispatch(&now) == Dispatch::Expired => {
                self.apply(Of::LetGo { at: now });
            }
            Act::Send => {
                let event = started(&self.refund, self.now);
                let key = self.refund.key("48213");
                self.apply(event);
                let crashed = Verdict::Ambiguous(Ambiguity::Crashed);
                let verdict = match fate {
                    Fate::Answered => self.judge(key),
                    Fate::LostBefore => timed_out(),
                    Fate::LostAfter => {
                        self.judge(key);
                        timed_out()
                    }
                    Fate::CrashedBefore => crashed,
                    Fate::CrashedAfter => {
                        self.judge(key);
                        crashed
                    }
                    Fate::Refused => refused("CASH_IN_EXPIRED"),
                    Fate::NotSent => Verdict::NotExecuted(NotExecuted::TooLate),
                };
                self.now += 3;
                self.apply(ended(self.now, verdict));
            }
            Act::Look => {
                let status = if self.is_back() { Status::Refunded } else { Status::Paid };
                let event = match fate {
                    Fate::Answered | Fate::LostAfter => reported(self.now, Source::Get, status),
                    _ => Of::LookedInVain { at: now.at },
                };
                self.apply(event);
            }
            Act::LetGo => self.apply(Of::LetGo { at: now }),
            Act::Hold => self.apply(Of::PutOnHold { at: now }),
        }
    }

    fn happens(&mut self, chance: Chance) {
        match chance {
            Chance::Plan(fate) => self.plan(fate),
            Chance::Webhook { stale } => {
                let is_told = self.is_back() && !stale;
                let status = if is_told { Status::Refunded } else { Status::Paid };
                self.apply(reported(self.now, Source::Webhook, status));
            }
            // Two who give it back under different keys need the gateway's own lock.
            Chance::SomebodyElse if self.has_lock && !self.is_back() => self.by_others = 1,
            Chance::Again if self.refund.may_begin_again() && !self.is_back() => {
                let at = at(self.now).at;
                self.apply(Of::RoundStarted { at, by: Person { uid: 2, name: None } });
            }
            Chance::Forget if self.has_lock => self.keys.clear(),
            Chance::Sleep => self.now += 3_601,
            Chance::SomebodyElse | Chance::Again | Chance::Forget => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn money_goes_back_once_and_the_state_never_lies(
        has_lock in any::<bool>(),
        story in proptest::collection::vec(chances(), 1..60),
    ) {
        let terms = terms();
        let refund = Refund::proposed(Arc::clone(&terms));
        let events = vec![Of::Proposed(terms)];
        let mut world = World { refund, events, now: 0, has_lock, keys: Vec::new(), by_us: 0, by_others: 0 };
        for chance in story {
            world.happens(chance);
        }
        // The gateway is well from here on: every doubt ends, and a refund that is back is known to be.
        for _ in 0..200 {
            if world.refund.state.is_final() || world.refund.state == State::Held {
                break;
            }
            world.plan(Fate::Answered);
        }
        if world.refund.state == State::Held {
            world.plan(Fate::Answered);
        }
        let state = world.refund.state;
        prop_assert!(state.is_final() || state == State::Held && !world.is_back(), "{state:?}: {:#?}", world.events);
        prop_assert!(world.by_us == 0 || state == State::Completed, "{state:?}: {:#?}", world.events);
        // What is stored comes to the same.
        let stored: Vec<Event> = world
            .events
            .iter()
            .map(|event| serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap())
            .collect();
        prop_assert_eq!(&stored, &world.events);
        prop_assert_eq!(fold::<Refund>(&stored).unwrap(), world.refund);
    }
}
