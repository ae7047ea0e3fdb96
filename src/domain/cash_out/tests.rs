//! The machine as tables: one test a rule.

use jiff::{SignedDuration, Timestamp};

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

fn moment(seconds: i64) -> Moment {
    Moment::wall(at(seconds))
}

fn person(uid: u32) -> Person {
    Person { uid, name: None }
}

fn fingerprints() -> Fingerprints {
    Fingerprints { payload: Digest::of(b"order"), body: Digest::of(b"body") }
}

fn terms() -> Terms {
    Terms {
        at: at(0),
        maker: person(1),
        obligation: expected().reference,
        generation: 1,
        expected: expected(),
        fingerprints: fingerprints(),
        resend_window: SignedDuration::from_hours(1),
        approvals: 0,
        is_draft: false,
    }
}

fn fresh() -> CashOut {
    CashOut::proposed(Arc::new(terms()))
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
    Event::AttemptStarted { at: moment(seconds), key: Uuid::nil(), fingerprints: fingerprints() }
}

fn ended(seconds: i64, verdict: Verdict) -> Event {
    Event::AttemptEnded { at: moment(seconds), verdict }
}

fn reported(seconds: i64, source: Source, status: Status) -> Event {
    Event::Reported { at: moment(seconds), source, report: Arc::new(report(status)) }
}

fn closed(seconds: i64) -> Event {
    Event::WindowClosed { at: moment(seconds) }
}

fn again(seconds: i64) -> Event {
    Event::RoundStarted { at: at(seconds), by: person(1) }
}

/// Folds events, and collects the alarms.
fn story_of(events: &[Event]) -> (CashOut, Vec<Alarm>) {
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
        let (pay, _) = story_of(&events);
        assert_eq!(pay.state, state, "{verdicts:?}");
        assert_eq!(usize::try_from(pay.attempts).unwrap(), verdicts.len());
    }
}

#[test]
fn one_request_at_a_time_and_none_once_it_may_be_paid() {
    let (on_the_wire, _) = story_of(&[started(0)]);
    assert!(step(&on_the_wire, &started(1)).is_err());
    assert_eq!(on_the_wire.plan(), None);
    for verdict in [Verdict::Accepted(ids("ic-1")), Verdict::Exists(problem(409)), refused(422)] {
        let (pay, _) = story_of(&[started(0), ended(1, verdict)]);
        assert!(step(&pay, &started(2)).is_err(), "{}", pay.state.as_str());
        assert!(step(&pay, &ended(2, timed_out())).is_err());
    }
}

#[test]
fn the_same_bytes_go_again_only_inside_the_window() {
    let (pay, _) = story_of(&[started(0), ended(30, timed_out())]);
    let plan = pay.plan().unwrap();
    assert_eq!(plan.act, Act::Send);
    assert!(plan.at >= at(31) && plan.at <= at(32), "{plan:?}");
    assert_eq!(pay.window_end(), at(3_600));
    assert!(step(&pay, &started(3_599)).is_ok());
    assert!(step(&pay, &started(3_600)).is_err());
    assert!(step(&pay, &closed(3_599)).is_err());
    assert_eq!(pay.act_now(&moment(3_599)), Some(Act::Send));
    assert_eq!(pay.act_now(&moment(3_600)), Some(Act::CloseWindow));
    let frozen = step(&pay, &closed(3_600)).unwrap().after;
    assert!(frozen.frozen && frozen.state == State::Unknown);
    assert!(step(&frozen, &started(3_601)).is_err());
    assert_eq!(frozen.act_now(&moment(4_000)), None);
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
    pay.terms = Arc::new(Terms { resend_window: SignedDuration::from_hours(2), ..terms() });
    for _ in 0..12 {
        pay = step(&pay, &started(now.duration_since(at(0)).as_secs())).unwrap().after;
        pay = step(&pay, &ended(now.duration_since(at(0)).as_secs(), timed_out())).unwrap().after;
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
    let (pay, _) = story_of(&[accepted[0].clone(), accepted[1].clone(), by_webhook.clone()]);
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
        story_of(&events).0
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
        vec![started(0), ended(1, timed_out()), closed(3_600), Event::PutOnHold { at: at(90_000) }],
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
            let (pay, _) = story_of(&story);
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
        story_of(&[overtaken[0].clone(), overtaken[1].clone(), ended(2, Verdict::Accepted(ids("ic-1")))]);
    assert_eq!((same.state, same.conflict, alarms), (State::Completed, false, vec![]));
    let (other, alarms) =
        story_of(&[overtaken[0].clone(), overtaken[1].clone(), ended(2, Verdict::Accepted(ids("ic-2")))]);
    assert_eq!((other.state, other.conflict, alarms), (State::Completed, true, vec![Alarm::Contradiction]));
}

#[test]
fn a_reference_that_was_taken_rings_only_without_an_attempt_of_ours_before() {
    let (_, alarms) = story_of(&[started(0), ended(1, Verdict::Exists(problem(409)))]);
    assert_eq!(alarms, [Alarm::ReferenceTaken]);
    let (_, alarms) =
        story_of(&[started(0), ended(1, timed_out()), started(3), ended(4, Verdict::Exists(problem(409)))]);
    assert_eq!(alarms, []);
    let (pay, alarms) = story_of(&[reported(1, Source::Webhook, Status::Processing)]);
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
        let event = |source| Event::Reported { at: moment(5), source, report: Arc::new(told.clone()) };
        let mut story = accepted.to_vec();
        story.push(event(Source::Webhook));
        story.push(event(Source::Webhook));
        let (pay, alarms) = story_of(&story);
        assert_eq!((pay.state, pay.conflict), (State::Accepted, true), "{name}: a webhook that differs");
        assert_eq!(alarms, [Alarm::Mismatch], "{name}: rings once");
        story.push(event(Source::Get));
        assert_eq!(story_of(&story).0.state, State::Completed, "{name}: GET is believed");
    }
    let mut other_name = report(Status::Completed);
    other_name.name = Some(Safe::new("M. SILVA"));
    let mut story = accepted.to_vec();
    story.push(Event::Reported { at: moment(5), source: Source::Webhook, report: Arc::new(other_name) });
    assert!(!story_of(&story).0.conflict, "names are never compared");
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
        story_of(&events)
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
    assert!(step(&pay, &again(100)).is_err(), "not while it is contradicted");
}

#[test]
fn refunds_are_counted_once_each() {
    let mut refund = report(Status::Refunded);
    refund.original_end_to_end_id = Some(Safe::new("E1"));
    refund.end_to_end_id = Some(Safe::new("D1"));
    refund.amount = Some(Centavos::new(30_025));
    let mut second = refund.clone();
    second.end_to_end_id = Some(Safe::new("D2"));
    second.amount = Some(Centavos::new(20_000));
    let event = |told: &Report| Event::Reported {
        at: moment(9),
        source: Source::Webhook,
        report: Arc::new(told.clone()),
    };
    let story = |events: &[Event]| {
        let mut all = vec![started(0), ended(1, timed_out())];
        all.extend_from_slice(events);
        story_of(&all)
    };
    let (pay, alarms) = story(&[event(&refund), event(&refund), event(&second)]);
    assert_eq!(pay.end_to_end_id.as_ref().map(Safe::as_str), Some("E1"));
    assert_eq!((pay.refunds.len(), pay.refunded_amount()), (2, Some(Centavos::new(50_025))));
    assert!(pay.refunded && pay.state == State::Completed && alarms.is_empty());
    second.amount = Some(Centavos::new(20_001));
    let (pay, alarms) = story(&[event(&refund), event(&second)]);
    assert_eq!((pay.conflict, alarms), (true, vec![Alarm::Contradiction]), "more than was paid");
}

#[test]
fn a_new_round_follows_only_a_proven_rejection() {
    let (rejected, _) = story_of(&[started(0), ended(1, refused(422))]);
    let second = step(&rejected, &again(60)).unwrap().after;
    assert_eq!((second.state, second.round, second.attempts), (State::Approved, 2, 1));
    assert_eq!(second.act_now(&moment(60)), Some(Act::Send));
    assert!(step(&second, &started(7_200)).is_ok(), "the window counts from the round's first attempt");
    let (unknown, _) = story_of(&[started(0), ended(1, timed_out())]);
    assert!(step(&unknown, &again(60)).is_err());
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
    stories.push(vec![started(0), ended(1, timed_out()), closed(3_600)]);
    stories.push(vec![
        started(0),
        ended(1, Verdict::Exists(problem(409))),
        Event::PutOnHold { at: at(90_000) },
    ]);
    for story in stories {
        let (pay, _) = story_of(&story);
        assert!(pay.plan().is_some(), "{story:?}");
    }
    // A settled one is looked at again for refunds: after a day, a week and 12 days, then never.
    let (mut done, _) = story_of(&[started(0), reported(1, Source::Get, Status::Completed)]);
    done.on_the_wire = false;
    let mut hours = Vec::new();
    let mut vain = 0;
    while let Some(plan) = done.plan() {
        let hour = plan.at.duration_since(done.since).as_hours();
        // The second one brings nothing at first: it is not used up by that.
        let event = if (168..171).contains(&hour) {
            vain += 1;
            Event::LookedInVain { at: plan.at }
        } else {
            hours.push(hour);
            reported(hour * 3_600 + 1, Source::Get, Status::Completed)
        };
        done = step(&done, &event).unwrap().after;
    }
    assert_eq!((hours, vain), (vec![24, 171, 288], 3));
    // A gateway that never answers is asked for two weeks.
    let (mut done, _) =
        story_of(&[started(0), ended(1, timed_out()), reported(2, Source::Webhook, Status::Completed)]);
    let mut looks = 0;
    while let Some(plan) = done.plan() {
        looks += 1;
        done = step(&done, &Event::LookedInVain { at: plan.at }).unwrap().after;
    }
    assert_eq!(looks, 13 * 24 + 1);
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
    assert_eq!(story_of(&read), story_of(&events));
    let (pay, _) = story_of(&events);
    let snapshot: CashOut = serde_json::from_str(&serde_json::to_string(&pay).unwrap()).unwrap();
    assert_eq!(snapshot, pay);
}

fn proposed(approvals: u8, is_draft: bool) -> CashOut {
    CashOut::proposed(Arc::new(Terms { approvals, is_draft, ..terms() }))
}

fn approved(seconds: i64, uid: u32) -> Event {
    Event::Approved { at: at(seconds), by: person(uid), payload: fingerprints().payload }
}

fn because(before: &CashOut, event: &Event) -> Because {
    step(before, event).expect_err("refused").because
}

#[test]
fn a_draft_is_submitted_by_its_maker_and_approved_by_others() {
    let draft = proposed(2, true);
    assert_eq!((draft.state, draft.plan().map(|plan| plan.act)), (State::Draft, Some(Act::Expire)));
    assert_eq!(because(&draft, &started(1)), Because::State);
    let submit = |uid| Event::Submitted { at: at(1), by: person(uid) };
    assert_eq!(because(&draft, &submit(2)), Because::SamePerson);
    let pending = step(&draft, &submit(1)).unwrap().after;
    assert_eq!(pending.state, State::PendingApproval);
    assert_eq!(because(&pending, &started(1)), Because::State);
    assert_eq!(because(&pending, &approved(2, 1)), Because::SamePerson, "the maker");
    let other = Event::Approved { at: at(2), by: person(2), payload: Digest::of(b"another order") };
    assert_eq!(because(&pending, &other), Because::Changed);
    let one = step(&pending, &approved(2, 2)).unwrap().after;
    assert_eq!(one.state, State::PendingApproval);
    assert_eq!(because(&one, &approved(3, 2)), Because::SamePerson, "twice");
    let two = step(&one, &approved(3, 3)).unwrap().after;
    assert_eq!((two.state, two.decided_at), (State::Approved, at(3)));
    assert_eq!(two.plan(), Some(Plan { at: at(3), act: Act::Send }));
    assert_eq!(proposed(0, false).state, State::Approved);
    assert_eq!(proposed(1, false).state, State::PendingApproval);
}

#[test]
fn another_round_is_approved_anew() {
    let mut pay = proposed(1, false);
    for event in [approved(1, 2), started(2), ended(3, refused(422)), again(60)] {
        pay = step(&pay, &event).unwrap().after;
    }
    assert_eq!((pay.state, pay.round, pay.approvals.len()), (State::PendingApproval, 2, 0));
    assert_eq!(because(&pay, &started(61)), Because::State);
    assert_eq!(step(&pay, &approved(61, 2)).unwrap().after.state, State::Approved);
}

#[test]
fn what_is_sent_is_what_was_decided() {
    for fingerprints in [
        Fingerprints { payload: Digest::of(b"another"), ..fingerprints() },
        Fingerprints { body: Digest::of(b"another"), ..fingerprints() },
    ] {
        let event = Event::AttemptStarted { at: moment(1), key: Uuid::nil(), fingerprints };
        assert_eq!(because(&fresh(), &event), Because::Changed);
    }
}

#[test]
fn nothing_is_sent_that_was_called_off_or_left_for_a_day() {
    let off = Event::CalledOff { at: at(5), by: person(1), reason: None };
    for pay in [proposed(0, true), proposed(1, false), fresh()] {
        let cancelled = step(&pay, &off).unwrap().after;
        assert_eq!((cancelled.state, cancelled.again()), (State::Cancelled, Some(Again::Round)));
        assert_eq!(because(&cancelled, &started(6)), Because::State);
    }
    let (unknown, _) = story_of(&[started(0), ended(1, timed_out())]);
    assert_eq!(because(&unknown, &off), Because::State);

    let day = 86_400;
    assert_eq!(fresh().dispatch(&moment(day - 1)), Dispatch::Send);
    assert_eq!(fresh().dispatch(&moment(day)), Dispatch::Expired);
    assert_eq!(because(&fresh(), &started(day)), Because::TooLate);
    assert_eq!(because(&fresh(), &Event::Expired { at: moment(day - 1) }), Because::TooEarly);
    let expired = step(&fresh(), &Event::Expired { at: moment(day) }).unwrap().after;
    assert_eq!((expired.state, expired.again(), expired.plan()), (State::Expired, Some(Again::Round), None));
    let again = step(&expired, &again(day + 5)).unwrap().after;
    assert_eq!((again.state, again.dispatch(&moment(day + 6))), (State::Approved, Dispatch::Send));
    assert_eq!(because(&proposed(1, false), &Event::Expired { at: moment(day) }), Because::TooEarly);
}

fn clocks(wall: i64, boot: i64) -> Moment {
    let boot = crate::domain::moment::BootTime { id: Uuid::from_u128(7), millis: boot * 1000 };
    Moment { boot: Some(boot), ..moment(wall) }
}

#[test]
fn a_clock_that_is_set_back_does_not_keep_the_window_open() {
    let start = Event::AttemptStarted { at: clocks(0, 100), key: Uuid::nil(), fingerprints: fingerprints() };
    let (pay, _) = story_of(&[start, Event::AttemptEnded { at: clocks(1, 101), verdict: timed_out() }]);
    assert_eq!(pay.dispatch(&clocks(-500, 100 + 3_599)), Dispatch::Send);
    assert_eq!(pay.dispatch(&clocks(-500, 100 + 3_600)), Dispatch::WindowClosed);
    assert_eq!(pay.act_now(&clocks(-500, 3_700)), Some(Act::CloseWindow));
}

#[test]
fn a_clock_that_is_set_forward_does_not_make_one_glance_into_two() {
    let get =
        |clock| Event::Reported { at: clock, source: Source::Get, report: Arc::new(report(Status::Failed)) };
    let accepted = [started(0), ended(1, Verdict::Accepted(ids("ic-1")))];
    let story =
        |second| story_of(&[accepted[0].clone(), accepted[1].clone(), get(clocks(5, 5)), get(second)]).0;
    assert_eq!(story(clocks(4_000, 8)).state, State::Accepted);
    assert_eq!(story(clocks(4_000, 65)).state, State::Failed);
}

fn held() -> CashOut {
    story_of(&[started(0), ended(1, timed_out()), closed(3_600), Event::PutOnHold { at: at(86_401) }]).0
}

fn declared(second: Moment, uid: u32) -> Event {
    Event::Declared { at: second, by: person(uid), statement: "not on the statement".to_owned() }
}

#[test]
fn two_people_declare_a_day_after_the_last_request() {
    assert_eq!(because(&held(), &declared(moment(86_400), 1)), Because::TooEarly);
    let one = step(&held(), &declared(moment(86_401), 1)).unwrap().after;
    assert_eq!((one.state, one.again()), (State::Held, None));
    assert_eq!(because(&one, &declared(moment(90_000), 1)), Because::SamePerson);
    let two = step(&one, &declared(moment(90_000), 2)).unwrap().after;
    // The gateway may still not know the reference: then it stays the lock, and the doubt stays with it.
    assert_eq!((two.state, two.again()), (State::DeclaredNotPaid, Some(Again::Round)));
    let round = step(&two, &again(90_100)).unwrap().after;
    assert_eq!((round.state, round.dispatch(&moment(90_101))), (State::Approved, Dispatch::Send));
    let off = Event::CalledOff { at: at(90_200), by: person(1), reason: None };
    assert_eq!(step(&round, &off).unwrap().after.state, State::DeclaredNotPaid, "nothing new is known");
    let sent =
        step(&step(&round, &started(90_101)).unwrap().after, &ended(90_102, refused(422))).unwrap().after;
    assert_eq!(sent.state, State::Unknown, "a refusal proves nothing beside the earlier round");
    let known = Verdict::Exists(problem(409));
    let exists = step(&step(&sent, &started(90_104)).unwrap().after, &ended(90_105, known)).unwrap().after;
    assert_eq!(exists.state, State::Exists, "people had erred, and nothing is paid twice");
    assert_eq!(because(&two, &started(90_001)), Because::State);
    // News in between begins the matter anew.
    let news = step(&one, &reported(86_500, Source::Webhook, Status::Processing)).unwrap().after;
    assert_eq!((news.state, news.declarations.len()), (State::Accepted, 0));
    // It was paid after all.
    let late = step(&two, &reported(90_002, Source::Webhook, Status::Completed)).unwrap();
    assert_eq!((late.after.state, late.after.conflict), (State::Completed, true));
    assert_eq!(late.alarms, [Alarm::CompletedAfterFailure]);
    let alive = step(&two, &reported(90_002, Source::Webhook, Status::Processing)).unwrap().after;
    assert_eq!((alive.state, alive.again()), (State::DeclaredNotPaid, None), "it moves: nothing new");
    for state in [story_of(&[started(0), ended(1, timed_out())]).0, fresh()] {
        assert_eq!(because(&state, &declared(moment(99_999), 1)), Because::State);
    }
}

#[test]
fn a_clock_that_is_set_forward_does_not_shorten_the_wait_of_a_declaration() {
    let start = Event::AttemptStarted { at: clocks(0, 100), key: Uuid::nil(), fingerprints: fingerprints() };
    let (pay, _) = story_of(&[
        start,
        Event::AttemptEnded { at: clocks(1, 101), verdict: Verdict::Exists(problem(409)) },
        Event::PutOnHold { at: at(86_401) },
    ]);
    assert_eq!(because(&pay, &declared(clocks(86_500, 160), 1)), Because::TooEarly);
    assert!(step(&pay, &declared(clocks(86_500, 86_501), 1)).is_ok());
}

#[test]
fn a_person_may_bring_the_gateways_id() {
    let adopt = |code: &str| Event::Adopted {
        at: at(5),
        by: person(1),
        internal_code: Safe::new(code),
        reason: None,
    };
    let (exists, _) = story_of(&[started(0), ended(1, Verdict::Exists(problem(409)))]);
    let (unknown, _) = story_of(&[started(0), ended(1, timed_out())]);
    for pay in [exists, unknown, held()] {
        let adopted = step(&pay, &adopt("ic-9")).unwrap().after;
        assert_eq!((adopted.state, adopted.plan().map(|plan| plan.act)), (State::Accepted, Some(Act::Look)));
        assert_eq!(adopted.gateway_id().map(Safe::as_str), Some("ic-9"));
    }
    let (on_the_wire, _) = story_of(&[started(0)]);
    assert_eq!(because(&on_the_wire, &adopt("ic-9")), Because::OnTheWire);
    // Found after two people had declared it not paid: what the gateway says of it decides, and rings.
    let mut wrong = held();
    for event in [declared(moment(90_000), 1), declared(moment(90_000), 2), adopt("ic-1")] {
        wrong = step(&wrong, &event).unwrap().after;
    }
    assert_eq!((wrong.state, wrong.again()), (State::DeclaredNotPaid, Some(Again::Generation)));
    let paid = step(&wrong, &reported(90_001, Source::Get, Status::Completed)).unwrap();
    assert_eq!((paid.after.state, paid.alarms), (State::Completed, vec![Alarm::CompletedAfterFailure]));
    let (accepted, _) = story_of(&[started(0), ended(1, Verdict::Accepted(ids("ic-1")))]);
    assert_eq!(because(&accepted, &adopt("ic-9")), Because::State);
}

#[test]
fn an_accepted_payment_that_does_not_end_goes_stale_and_is_still_looked_at() {
    let (mut pay, _) = story_of(&[started(0), ended(1, Verdict::Accepted(ids("ic-1")))]);
    let mut alarms = Vec::new();
    for _ in 0..200 {
        let plan = pay.plan().unwrap();
        let event = match plan.act {
            Act::Look => Event::LookedInVain { at: plan.at },
            Act::GoStale => Event::WentStale { at: plan.at },
            act => panic!("{act:?}"),
        };
        let next = step(&pay, &event).unwrap();
        pay = next.after;
        alarms.extend(next.alarms.into_iter().map(|alarm| (alarm, plan.at)));
    }
    assert_eq!(alarms, [(Alarm::Stale, at(86_401))]);
    assert!(pay.stale && pay.plan().is_some_and(|plan| plan.act == Act::Look));
    // Without an id there is nothing to ask by.
    let mut nameless = report(Status::Processing);
    (nameless.internal_code, nameless.transaction_id) = (None, None);
    let event = Event::Reported { at: moment(1), source: Source::Webhook, report: Arc::new(nameless) };
    let (pay, _) = story_of(&[started(0), ended(1, timed_out()), event]);
    assert_eq!(pay.plan(), Some(Plan { at: at(86_401), act: Act::GoStale }));
    let stale = step(&pay, &Event::WentStale { at: at(86_401) }).unwrap().after;
    assert_eq!(stale.plan().map(|plan| plan.act), Some(Act::Remind));
}

#[test]
fn a_debt_that_was_paid_otherwise_is_not_paid_again() {
    let event = Event::Overtaken { at: at(9), generation: 1 };
    let next = step(&fresh(), &event).unwrap();
    assert_eq!((next.after.state, next.after.again()), (State::Cancelled, None));
    assert_eq!(next.alarms, [Alarm::Overtaken]);
    let (unknown, _) = story_of(&[started(0), ended(1, timed_out())]);
    let frozen = step(&unknown, &event).unwrap().after;
    assert_eq!((frozen.state, frozen.dispatch(&moment(10))), (State::Unknown, Dispatch::Never));
    let (rejected, _) = story_of(&[started(0), ended(1, refused(422))]);
    assert_eq!(step(&rejected, &event).unwrap().alarms, []);
}

#[test]
fn what_the_gateway_ended_is_paid_again_only_as_another_payment() {
    let accepted = [started(0), ended(1, Verdict::Accepted(ids("ic-1")))];
    for (status, state) in [(Status::Failed, State::Failed), (Status::Cancelled, State::Cancelled)] {
        let mut story = accepted.to_vec();
        story.push(reported(5, Source::Get, status.clone()));
        story.push(reported(65, Source::Get, status));
        let (pay, _) = story_of(&story);
        assert_eq!((pay.state, pay.again()), (state, Some(Again::Generation)));
        assert_eq!(because(&pay, &again(70)), Because::State);
    }
    for open in [fresh(), held(), story_of(&accepted).0] {
        assert_eq!(open.again(), None, "{}", open.state.as_str());
    }
}

#[test]
fn a_life_begins_with_its_terms_and_has_no_event_that_cannot_be() {
    let begin = Event::Proposed(Arc::new(terms()));
    let life = [begin.clone(), started(0), ended(1, timed_out())];
    assert_eq!(fold(&life), Ok(story_of(&life[1..]).0));
    assert_eq!(fold(&life[1..]), Err((0, None)));
    assert_eq!(fold(&[]), Err((0, None)));
    let twice = [begin.clone(), started(0), started(1)];
    assert_eq!(fold(&twice).unwrap_err().0, 2);
    assert_eq!(fold(&[begin.clone(), begin]).unwrap_err().0, 1);
}
