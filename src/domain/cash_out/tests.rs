//! The machine as tables: one test a rule.

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::*;
use crate::domain::attempt::{Ambiguity, NotExecuted, Problem};
use crate::domain::report::{Direction, Status};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn expected() -> Expected {
    Expected {
        reference: Reference::parse("inv-1").unwrap(),
        amount: Centavos::new(50_025),
        document: Document::parse("529.982.247-25").unwrap(),
    }
}

fn fresh() -> CashOut {
    CashOut::approved(expected(), SignedDuration::from_hours(1), at(0))
}

fn problem(status: u16) -> Problem {
    Problem { status, code: Some(Safe::new("CODE")), title: None, detail: None }
}

fn ids(code: &str) -> GatewayIds {
    GatewayIds { internal_code: Some(Safe::new(code)), transaction_id: None }
}

fn report(status: Status) -> Report {
    Report {
        direction: Direction::Out,
        status,
        internal_code: Some(Safe::new("ic-1")),
        transaction_id: Some(Safe::new("tx-1")),
        external_reference: Some(Safe::new("inv-1")),
        end_to_end_id: None,
        original_end_to_end_id: None,
        amount: Some(Centavos::new(50_025)),
        name: Some(Safe::new("Maria")),
        document: Some(Safe::new("***.982.247-**")),
        bank_data: None,
        failure: None,
        requested_at: None,
        paid_at: None,
        refunded_at: None,
    }
}

fn started(seconds: i64) -> Event {
    Event::AttemptStarted { at: at(seconds) }
}

fn ended(seconds: i64, verdict: Verdict) -> Event {
    Event::AttemptEnded { at: at(seconds), verdict }
}

fn reported(seconds: i64, source: Source, status: Status) -> Event {
    Event::Reported { at: at(seconds), source, report: Box::new(report(status)) }
}

/// Folds events, and collects the alarms.
fn fold(events: &[Event]) -> (CashOut, Vec<Alarm>) {
    let mut alarms = Vec::new();
    let mut pay = fresh();
    for event in events {
        let next = step(&pay, event).unwrap_or_else(|refused| panic!("{refused}: {event:?}"));
        pay = next.after;
        alarms.extend(next.alarms);
    }
    (pay, alarms)
}

fn timed_out() -> Verdict {
    Verdict::Ambiguous(Ambiguity::TimedOut)
}

fn refused(status: u16) -> Verdict {
    Verdict::NotExecuted(NotExecuted::Refused(problem(status)))
}

#[test]
fn every_answer_has_its_state() {
    let unreachable = Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("refused")));
    for (verdicts, state) in [
        (vec![Verdict::Accepted(ids("ic-1"))], State::Accepted),
        (vec![Verdict::Exists(problem(409))], State::Exists),
        (vec![refused(422)], State::Rejected),
        (vec![refused(400)], State::Rejected),
        (vec![timed_out()], State::Unknown),
        (vec![Verdict::Ambiguous(Ambiguity::Crashed)], State::Unknown),
        (vec![unreachable.clone()], State::Unknown),
        (vec![unreachable.clone(), refused(422)], State::Rejected),
        // A refusal of a repeat is not a failure: the first attempt may have emptied the account.
        (vec![timed_out(), refused(422)], State::Unknown),
        (vec![timed_out(), refused(422), Verdict::Exists(problem(409))], State::Exists),
        (vec![timed_out(), unreachable, Verdict::Accepted(ids("ic-1"))], State::Accepted),
        (vec![Verdict::NotExecuted(NotExecuted::Unauthorized(problem(401)))], State::Unknown),
        (vec![Verdict::NotExecuted(NotExecuted::Forbidden(problem(403)))], State::Unknown),
        (vec![Verdict::NotExecuted(NotExecuted::TooMany { retry_after: None })], State::Unknown),
        (vec![Verdict::NotExecuted(NotExecuted::TooLate)], State::Unknown),
    ] {
        let mut events = Vec::new();
        for (number, verdict) in verdicts.iter().enumerate() {
            let second = 10 * i64::try_from(number).unwrap();
            events.push(started(second));
            events.push(ended(second + 1, verdict.clone()));
        }
        let (pay, _) = fold(&events);
        assert_eq!(pay.state, state, "{verdicts:?}");
        assert_eq!(usize::try_from(pay.attempts).unwrap(), verdicts.len());
    }
}

#[test]
fn one_request_at_a_time_and_none_once_it_may_be_paid() {
    let (on_the_wire, _) = fold(&[started(0)]);
    assert!(step(&on_the_wire, &started(1)).is_err());
    assert_eq!(on_the_wire.plan(), None);
    for verdict in [Verdict::Accepted(ids("ic-1")), Verdict::Exists(problem(409)), refused(422)] {
        let (pay, _) = fold(&[started(0), ended(1, verdict)]);
        assert!(step(&pay, &started(2)).is_err(), "{}", pay.state.as_str());
        assert!(step(&pay, &ended(2, timed_out())).is_err());
    }
}

#[test]
fn the_same_bytes_go_again_only_inside_the_window() {
    let (pay, _) = fold(&[started(0), ended(30, timed_out())]);
    let plan = pay.plan().unwrap();
    assert_eq!(plan.act, Act::Send);
    assert!(plan.at >= at(31) && plan.at <= at(32), "{plan:?}");
    assert_eq!(pay.window_end(), at(3_600));
    assert!(step(&pay, &started(3_599)).is_ok());
    assert!(step(&pay, &started(3_600)).is_err());
    assert!(step(&pay, &Event::WindowClosed { at: at(3_599) }).is_err());
    assert_eq!(pay.act_now(at(3_599)), Some(Act::Send));
    assert_eq!(pay.act_now(at(3_600)), Some(Act::CloseWindow));
    let frozen = step(&pay, &Event::WindowClosed { at: at(3_600) }).unwrap().after;
    assert!(frozen.frozen && frozen.state == State::Unknown);
    assert!(step(&frozen, &started(3_601)).is_err());
    assert_eq!(frozen.act_now(at(4_000)), None);
    assert_eq!(frozen.plan(), Some(Plan { at: at(30 + 86_400), act: Act::Hold }));
    let held = step(&frozen, &Event::PutOnHold { at: at(90_000) }).unwrap();
    assert_eq!((held.after.state, held.alarms), (State::Held, vec![Alarm::Held]));
    assert_eq!(held.after.plan().map(|plan| plan.act), Some(Act::Remind));
}

#[test]
fn waits_grow_to_a_ceiling_and_never_end() {
    let mut pay = fresh();
    let mut now = at(0);
    let mut waits = Vec::new();
    pay.resend_window = SignedDuration::from_hours(2);
    for _ in 0..12 {
        pay = step(&pay, &Event::AttemptStarted { at: now }).unwrap().after;
        pay = step(&pay, &Event::AttemptEnded { at: now, verdict: timed_out() }).unwrap().after;
        let plan = pay.plan().unwrap();
        waits.push(plan.at.duration_since(now).as_secs());
        now = plan.at;
    }
    assert!(waits.is_sorted(), "{waits:?}");
    assert!(*waits.last().unwrap() >= 300 && *waits.last().unwrap() <= 360, "{waits:?}");
}

#[test]
fn a_failure_needs_two_gets_a_minute_apart() {
    let accepted = [started(0), ended(1, Verdict::Accepted(ids("ic-1")))];
    let by_webhook = reported(5, Source::Webhook, Status::Failed);
    let (pay, _) = fold(&[accepted[0].clone(), accepted[1].clone(), by_webhook.clone()]);
    assert_eq!((pay.state, pay.failure_reported), (State::Accepted, true));
    assert_eq!(pay.plan(), Some(Plan { at: at(5), act: Act::Look }), "asked at once");

    let first = reported(6, Source::Get, Status::Failed);
    let early = reported(65, Source::Get, Status::Failed);
    let late = reported(66, Source::Get, Status::Failed);
    let processing = reported(30, Source::Get, Status::Processing);
    let story = |more: &[Event]| {
        let mut events = accepted.to_vec();
        events.push(by_webhook.clone());
        events.extend_from_slice(more);
        fold(&events).0
    };
    assert_eq!(story(std::slice::from_ref(&first)).plan(), Some(Plan { at: at(66), act: Act::Look }));
    assert_eq!(story(&[first.clone(), early.clone()]).state, State::Accepted);
    assert_eq!(story(&[first.clone(), late.clone()]).state, State::Failed);
    assert_eq!(story(&[first.clone(), early, late.clone()]).state, State::Failed);
    assert_eq!(story(&[first.clone(), processing, late.clone()]).state, State::Accepted, "not in a row");
    let vain = Event::LookedInVain { at: at(20) };
    assert_eq!(story(&[first.clone(), vain, late]).state, State::Failed);
    // A gateway that cannot be asked when the gap is over is not asked again at once.
    let mut unreachable = vec![first.clone()];
    for second in [66, 75, 100, 170] {
        unreachable.push(Event::LookedInVain { at: at(second) });
        let plan = story(&unreachable).plan().unwrap();
        assert!(plan.at >= at(second + 2), "{plan:?} after {second} s");
    }
    let cancelled = |second| reported(second, Source::Get, Status::Cancelled);
    assert_eq!(story(&[cancelled(10), cancelled(70)]).state, State::Cancelled);
}

#[test]
fn evidence_ends_every_doubt() {
    for events in [
        vec![started(0), ended(1, timed_out())],
        vec![started(0), ended(1, Verdict::Exists(problem(409)))],
        vec![started(0)],
        vec![
            started(0),
            ended(1, timed_out()),
            Event::WindowClosed { at: at(3_600) },
            Event::PutOnHold { at: at(90_000) },
        ],
    ] {
        for (status, state) in [
            (Status::Processing, State::Accepted),
            (Status::Completed, State::Completed),
            (Status::Refunded, State::Completed),
            (Status::Failed, State::Accepted),
            (Status::Other(Safe::new("ODD")), State::Accepted),
        ] {
            let mut story = events.clone();
            story.push(reported(90_001, Source::Webhook, status.clone()));
            let (pay, _) = fold(&story);
            assert_eq!(pay.state, state, "{status:?} after {events:?}");
            assert_eq!(pay.refunded, status == Status::Refunded);
            assert_eq!(pay.gateway_id().map(Safe::as_str), Some("ic-1"));
        }
    }
}

#[test]
fn the_answer_that_comes_after_the_webhook_must_carry_the_same_id() {
    let overtaken = [started(0), reported(1, Source::Webhook, Status::Completed)];
    let (same, alarms) =
        fold(&[overtaken[0].clone(), overtaken[1].clone(), ended(2, Verdict::Accepted(ids("ic-1")))]);
    assert_eq!((same.state, same.conflict, alarms), (State::Completed, false, vec![]));
    let (other, alarms) =
        fold(&[overtaken[0].clone(), overtaken[1].clone(), ended(2, Verdict::Accepted(ids("ic-2")))]);
    assert_eq!((other.state, other.conflict, alarms), (State::Completed, true, vec![Alarm::Contradiction]));
}

#[test]
fn a_reference_that_was_taken_rings_only_without_an_attempt_of_ours_before() {
    let (_, alarms) = fold(&[started(0), ended(1, Verdict::Exists(problem(409)))]);
    assert_eq!(alarms, [Alarm::ReferenceTaken]);
    let (_, alarms) =
        fold(&[started(0), ended(1, timed_out()), started(3), ended(4, Verdict::Exists(problem(409)))]);
    assert_eq!(alarms, []);
    let (pay, alarms) = fold(&[reported(1, Source::Webhook, Status::Processing)]);
    assert_eq!((pay.state, alarms), (State::Accepted, vec![Alarm::ReferenceTaken]));
    assert!(step(&pay, &started(2)).is_err());
}

#[test]
fn a_settlement_is_held_against_what_was_ordered() {
    let accepted = [started(0), ended(1, Verdict::Accepted(ids("ic-1")))];
    for (change, name) in [
        ((|told| told.amount = Some(Centavos::new(50_026))) as fn(&mut Report), "amount"),
        (|told| told.document = Some(Safe::new("***.982.248-**")), "document"),
        (|told| told.external_reference = Some(Safe::new("inv-2")), "reference"),
    ] {
        let mut told = report(Status::Completed);
        change(&mut told);
        let event = |source| Event::Reported { at: at(5), source, report: Box::new(told.clone()) };
        let mut story = accepted.to_vec();
        story.push(event(Source::Webhook));
        story.push(event(Source::Webhook));
        let (pay, alarms) = fold(&story);
        assert_eq!((pay.state, pay.conflict), (State::Accepted, true), "{name}: a webhook that differs");
        assert_eq!(alarms, [Alarm::Mismatch], "{name}: rings once");
        story.push(event(Source::Get));
        assert_eq!(fold(&story).0.state, State::Completed, "{name}: GET is believed");
    }
    let mut other_name = report(Status::Completed);
    other_name.name = Some(Safe::new("M. SILVA"));
    let mut story = accepted.to_vec();
    story.push(Event::Reported { at: at(5), source: Source::Webhook, report: Box::new(other_name) });
    assert!(!fold(&story).0.conflict, "names are never compared");
}

#[test]
fn final_is_final_but_for_a_late_completion() {
    let failed = [
        started(0),
        ended(1, Verdict::Accepted(ids("ic-1"))),
        reported(5, Source::Get, Status::Failed),
        reported(65, Source::Get, Status::Failed),
    ];
    let story = |base: &[Event], more: Event| {
        let mut events = base.to_vec();
        events.push(more);
        fold(&events)
    };
    let (pay, alarms) = story(&failed, reported(99, Source::Webhook, Status::Completed));
    assert_eq!((pay.state, pay.conflict), (State::Completed, true));
    assert_eq!(alarms, [Alarm::CompletedAfterFailure]);
    assert_eq!(story(&failed, reported(99, Source::Webhook, Status::Processing)).0.state, State::Failed);

    let completed = [started(0), ended(1, timed_out()), reported(5, Source::Webhook, Status::Completed)];
    let (pay, alarms) = story(&completed, reported(99, Source::Get, Status::Failed));
    assert_eq!((pay.state, pay.conflict, alarms), (State::Completed, true, vec![Alarm::Contradiction]));
    assert_eq!(story(&completed, reported(99, Source::Get, Status::Processing)).0.state, State::Completed);

    let rejected = [started(0), ended(1, refused(422))];
    let (pay, alarms) = story(&rejected, reported(99, Source::Webhook, Status::Completed));
    assert_eq!((pay.state, alarms), (State::Rejected, vec![Alarm::Contradiction]));
    assert!(step(&pay, &Event::RoundStarted { at: at(100) }).is_err(), "not while it is contradicted");
}

#[test]
fn refunds_are_counted_once_each() {
    let mut refund = report(Status::Refunded);
    refund.original_end_to_end_id = Some(Safe::new("E1"));
    refund.end_to_end_id = Some(Safe::new("D1"));
    let mut second = refund.clone();
    second.end_to_end_id = Some(Safe::new("D2"));
    let event = |told: &Report| Event::Reported {
        at: at(9),
        source: Source::Webhook,
        report: Box::new(told.clone()),
    };
    let (pay, alarms) =
        fold(&[started(0), ended(1, timed_out()), event(&refund), event(&refund), event(&second)]);
    assert_eq!(pay.end_to_end_id.as_ref().map(Safe::as_str), Some("E1"));
    assert_eq!(pay.refunds.len(), 2);
    assert!(pay.refunded && pay.state == State::Completed && alarms.is_empty());
}

#[test]
fn a_new_round_follows_only_a_proven_rejection() {
    let (rejected, _) = fold(&[started(0), ended(1, refused(422))]);
    let again = step(&rejected, &Event::RoundStarted { at: at(60) }).unwrap().after;
    assert_eq!((again.state, again.round, again.attempts), (State::Approved, 2, 1));
    assert_eq!(again.act_now(at(60)), Some(Act::Send));
    assert!(step(&again, &started(7_200)).is_ok(), "the window counts from the round's first attempt");
    let (unknown, _) = fold(&[started(0), ended(1, timed_out())]);
    assert!(step(&unknown, &Event::RoundStarted { at: at(60) }).is_err());
}

#[test]
fn every_open_payment_has_a_next_time() {
    let mut stories = vec![vec![]];
    for verdict in [
        timed_out(),
        Verdict::Accepted(ids("ic-1")),
        Verdict::Exists(problem(409)),
        Verdict::NotExecuted(NotExecuted::TooLate),
    ] {
        stories.push(vec![started(0), ended(1, verdict)]);
    }
    stories.push(vec![started(0), ended(1, timed_out()), Event::WindowClosed { at: at(3_600) }]);
    stories.push(vec![
        started(0),
        ended(1, Verdict::Exists(problem(409))),
        Event::PutOnHold { at: at(90_000) },
    ]);
    for story in stories {
        let (pay, _) = fold(&story);
        assert!(pay.plan().is_some(), "{story:?}");
    }
    // A settled one is looked at again for refunds: after a day, a week and 12 days, then never.
    let (mut done, _) = fold(&[started(0), reported(1, Source::Get, Status::Completed)]);
    done.on_the_wire = false;
    let mut hours = Vec::new();
    while let Some(plan) = done.plan() {
        hours.push(plan.at.duration_since(done.since).as_hours());
        done = step(&done, &Event::LookedInVain { at: plan.at }).unwrap().after;
    }
    assert_eq!(hours, [24, 168, 288]);
    assert!(done.since + 300.hours() > at(0));
}

#[test]
fn the_fold_survives_the_journal() {
    let events = [
        started(0),
        ended(1, Verdict::Ambiguous(Ambiguity::Illegible { status: 202, reason: Safe::new("cut") })),
        reported(5, Source::Webhook, Status::Completed),
    ];
    let written = serde_json::to_string(&events).unwrap();
    let read: Vec<Event> = serde_json::from_str(&written).unwrap();
    assert_eq!(fold(&read), fold(&events));
    let (pay, _) = fold(&events);
    let snapshot: CashOut = serde_json::from_str(&serde_json::to_string(&pay).unwrap()).unwrap();
    assert_eq!(snapshot, pay);
}
