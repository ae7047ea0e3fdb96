//! The engine's rules, over a real journal and a gateway that does as it is told.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::balance::Balance;
use saldo::domain::cash_out::{Act, Alarm, State};
use saldo::domain::moment::{BootTime, Moment};
use saldo::domain::money::Centavos;
use saldo::domain::person::Person;
use saldo::domain::rebalance::{self, Outcome};
use saldo::domain::report::{Direction, Report, Source, Status};
use saldo::domain::text::Safe;
use saldo::engine::clock::{Clock, SystemClock};
use saldo::engine::lane::{Decision, Goal, Lane, LaneError, LaneSettings, Pause};
use saldo::engine::message::RebalanceTrouble;
use saldo::engine::rebalance::{Rebalancer, review};
use saldo::engine::recover::recover;
use saldo::gateway::{Answer, Gateway, MoneyRequest, ReadError, RebalanceAnswer};
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Intent, Journal, Observation, Proposed, Query, Reader};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

use builders::{decision, open};

/// Answers as it was told to, and keeps every request.
struct Scripted {
    journal: Arc<SqliteJournal>,
    verdicts: Mutex<VecDeque<Verdict>>,
    rebalances: Mutex<VecDeque<Outcome>>,
    reports: Mutex<VecDeque<Result<Report, ReadError>>>,
    balance: Mutex<Balance>,
    date: Mutex<Option<Timestamp>>,
    sent: Mutex<Vec<MoneyRequest>>,
    /// A permit lets one request be answered.
    gate: Semaphore,
}

impl Scripted {
    fn new(journal: &Arc<SqliteJournal>) -> Arc<Self> {
        Arc::new(Self {
            journal: Arc::clone(journal),
            verdicts: Mutex::default(),
            rebalances: Mutex::default(),
            reports: Mutex::default(),
            balance: Mutex::new(balance(10_000, 90_000)),
            date: Mutex::default(),
            sent: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn answers(&self, verdicts: impl IntoIterator<Item = Verdict>) {
        self.verdicts.lock().unwrap().extend(verdicts);
    }

    fn sent(&self) -> Vec<MoneyRequest> {
        self.sent.lock().unwrap().clone()
    }
}

impl Gateway for Scripted {
    fn clock(&self) -> Option<Timestamp> {
        *self.date.lock().unwrap()
    }

    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>> {
        let balance = self.balance.lock().unwrap().clone();
        Box::pin(async move { Ok(balance) })
    }

    fn cash_out<'a>(&'a self, _id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        let report = self.reports.lock().unwrap().pop_front().unwrap_or(Err(ReadError::TimedOut));
        Box::pin(async move { report })
    }

    fn cash_in<'a>(&'a self, _id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        Box::pin(async { Err(ReadError::TimedOut) })
    }

    fn send_cash_out<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            // Journal before wire: the row is there before the first byte could leave.
            let open = self.journal.due(None).await.unwrap();
            assert!(open.iter().any(|intent| intent.cash_out.on_the_wire), "sent without an attempt row");
            self.sent.lock().unwrap().push(order.clone());
            self.gate.acquire().await.unwrap().forget();
            let verdict = self.verdicts.lock().unwrap().pop_front().unwrap();
            Answer { verdict, raw: None }
        })
    }

    fn send_rebalance<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer> {
        Box::pin(async move {
            assert_eq!(self.journal.rebalances_in_doubt().await.unwrap().len(), 1, "sent without a row");
            assert_eq!(order.idempotency_key, None);
            self.sent.lock().unwrap().push(order.clone());
            let verdict = self.rebalances.lock().unwrap().pop_front().unwrap();
            RebalanceAnswer { verdict, raw: None }
        })
    }
}

fn balance(transactional: i64, proprietary: i64) -> Balance {
    Balance {
        total: Centavos::new(transactional + proprietary),
        transactional: Centavos::new(transactional),
        proprietary: Centavos::new(proprietary),
        banks: Vec::new(),
        updated_at: None,
    }
}

/// The machine's clocks, moved forward together.
#[derive(Default)]
struct Later(Mutex<SignedDuration>);

impl Later {
    fn hours(&self, hours: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_hours(hours);
    }
}

impl Clock for Later {
    fn moment(&self) -> Moment {
        let (now, later) = (SystemClock.moment(), *self.0.lock().unwrap());
        Moment {
            at: now.at + later,
            boot: now.boot.map(|boot| BootTime {
                millis: boot.millis + i64::try_from(later.as_millis()).unwrap(),
                ..boot
            }),
            gateway: None,
        }
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        SystemClock.sleep(wait)
    }
}

struct Bench {
    journal: Arc<SqliteJournal>,
    gateway: Arc<Scripted>,
    lane: Arc<Lane>,
    clock: Arc<Later>,
}

async fn bench(folder: &Path) -> Bench {
    let journal = Arc::new(open(&folder.join("journal.db")).await);
    let gateway = Scripted::new(&journal);
    let settings = LaneSettings {
        client_id: "48213".to_owned(),
        resend_window: SignedDuration::from_hours(1),
        webhook_url: Some("https://desk.example.com/hook".to_owned()),
        keep_offering: Some(Duration::from_secs(10)),
    };
    let clock = Arc::new(Later::default());
    let lane = Lane::new(
        Arc::clone(&journal) as Arc<dyn Journal>,
        Arc::clone(&gateway) as Arc<dyn Gateway>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        settings,
        None,
    );
    Bench { journal, gateway, lane, clock }
}

impl Bench {
    async fn decide(&self, reference: &str) -> Intent {
        match self.lane.decide(decision(reference)).await.unwrap() {
            Proposed::Created(intent) | Proposed::Existing(intent) => intent,
            Proposed::Taken(intent) => panic!("taken by {}", intent.reference),
        }
    }

    async fn state(&self, id: Uuid) -> State {
        self.journal.intent(id).await.unwrap().unwrap().cash_out.state
    }
}

fn ids() -> GatewayIds {
    GatewayIds { internal_code: Some(Safe::new("ic-1")), transaction_id: None }
}

fn problem(status: u16) -> Problem {
    Problem { status, code: None, title: None, detail: None }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn report(status: Status) -> Report {
    Report { name: None, ..builders::report(Direction::Out, status, "ic-1", "inv-1") }
}

#[tokio::test]
async fn a_doubt_is_settled_with_the_same_bytes_and_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.gateway.answers([
        Verdict::Ambiguous(Ambiguity::TimedOut),
        Verdict::NotExecuted(NotExecuted::Unauthorized(problem(401))),
        Verdict::Accepted(ids()),
    ]);
    let intent = bench.decide("inv-1").await;
    let after = bench.lane.advance(intent.id, Goal::Answered, soon()).await.unwrap();
    assert_eq!((after.cash_out.state, after.cash_out.attempts), (State::Accepted, 3));
    let sent = bench.gateway.sent();
    assert_eq!(sent.len(), 3);
    for request in &sent {
        assert_eq!(request.body, sent[0].body);
        assert_eq!(request.idempotency_key, sent[0].idempotency_key);
    }
    let body: serde_json::Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body["amount"].to_string(), "500.25");
    assert_eq!(body["externalReference"], "inv-1");
    assert_eq!(body["webhookUrl"], "https://desk.example.com/hook");
    let rows = bench.journal.life(intent.id).await.unwrap().unwrap().attempts;
    assert_eq!(rows.len(), sent.len(), "one row, one request");
}

#[tokio::test]
async fn a_second_401_in_a_row_pauses_the_lane_and_rejects_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let refused = Verdict::NotExecuted(NotExecuted::Unauthorized(problem(401)));
    bench.gateway.answers([refused.clone(), refused]);
    let intent = bench.decide("inv-1").await;
    let paused = bench.lane.advance(intent.id, Goal::Answered, soon()).await;
    assert_eq!(paused, Err(LaneError::Paused(Pause::Unauthorized(problem(401)))));
    assert_eq!(bench.state(intent.id).await, State::Unknown);
    assert_eq!(bench.gateway.sent().len(), 2);
    assert!(matches!(bench.lane.act(intent.id, Act::Send).await, Err(LaneError::Paused(_))));
    assert_eq!(bench.gateway.sent().len(), 2, "nothing leaves a lane that is paused");
    bench.lane.resume();
    bench.gateway.answers([Verdict::Accepted(ids())]);
    assert_eq!(bench.lane.act(intent.id, Act::Send).await.unwrap().cash_out.state, State::Accepted);
}

#[tokio::test]
async fn a_forbidden_order_or_a_clock_astray_pauses_the_lane() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.gateway.answers([Verdict::NotExecuted(NotExecuted::Forbidden(problem(403)))]);
    let intent = bench.decide("inv-1").await;
    bench.lane.act(intent.id, Act::Send).await.unwrap();
    assert_eq!(bench.lane.paused(), Some(Pause::Forbidden(problem(403))));
    bench.lane.resume();
    *bench.gateway.date.lock().unwrap() = Some(Timestamp::now() - SignedDuration::from_mins(6));
    let refused = bench.lane.act(intent.id, Act::Send).await;
    assert!(matches!(refused, Err(LaneError::Paused(Pause::Clock(_)))), "{refused:?}");
    assert_eq!(bench.gateway.sent().len(), 1, "a clock astray sends nothing");
}

#[tokio::test]
async fn whoever_waits_may_go_away_and_the_request_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.gateway.gate.forget_permits(Semaphore::MAX_PERMITS);
    bench.gateway.answers([Verdict::Accepted(ids())]);
    let intent = bench.decide("inv-1").await;
    let waiting = tokio::spawn({
        let lane = Arc::clone(&bench.lane);
        async move { lane.act(intent.id, Act::Send).await }
    });
    while bench.gateway.sent().is_empty() {
        tokio::task::yield_now().await;
    }
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert!(matches!(bench.lane.act(intent.id, Act::Send).await, Err(LaneError::Busy)), "one at a time");
    bench.gateway.gate.add_permits(1);
    bench.lane.finish().await;
    assert_eq!(bench.state(intent.id).await, State::Accepted);
}

#[tokio::test]
async fn what_a_crash_left_on_the_wire_is_taken_up_as_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let bench = bench(folder.path()).await;
        let intent = bench.decide("inv-1").await;
        let started = saldo::domain::cash_out::Event::AttemptStarted {
            at: bench.lane.moment(),
            key: Uuid::now_v7(),
            fingerprints: intent.fingerprints(),
        };
        bench.journal.apply(intent.id, started.into()).await.unwrap();
        intent.id
    };
    let bench = bench(folder.path()).await;
    bench.lane.take_up_the_lost().await.unwrap();
    let lost = bench.journal.intent(id).await.unwrap().unwrap().cash_out;
    assert_eq!((lost.state, lost.on_the_wire, lost.ambiguous), (State::Unknown, false, true));
    // A refusal of the repeat proves nothing about the attempt that was lost.
    bench.gateway.answers([Verdict::NotExecuted(NotExecuted::Refused(problem(422)))]);
    let taken_up = recover(bench.journal.as_ref(), &bench.lane).await.unwrap();
    assert_eq!(taken_up[0].0.cash_out.state, State::Unknown);
    bench.gateway.answers([Verdict::Exists(problem(409))]);
    let taken_up = recover(bench.journal.as_ref(), &bench.lane).await.unwrap();
    assert_eq!(taken_up[0].0.cash_out.state, State::Exists);
    let nothing_to_do = recover(bench.journal.as_ref(), &bench.lane).await.unwrap();
    assert_eq!((nothing_to_do.len(), bench.gateway.sent().len()), (1, 2));
}

#[tokio::test]
async fn a_look_that_finds_nothing_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.gateway.answers([Verdict::Accepted(ids())]);
    let intent = bench.decide("inv-1").await;
    bench.lane.act(intent.id, Act::Send).await.unwrap();
    bench.gateway.reports.lock().unwrap().extend([
        Err(ReadError::NotFound(problem(404))),
        Ok(report(Status::Failed)),
        Ok(report(Status::Completed)),
    ]);
    assert!(matches!(bench.lane.act(intent.id, Act::Look).await, Err(LaneError::Look(_))));
    assert_eq!(bench.state(intent.id).await, State::Accepted);
    let once = bench.lane.act(intent.id, Act::Look).await.unwrap().cash_out;
    assert_eq!((once.state, once.failure_reported), (State::Accepted, true), "once is not enough");
    assert_eq!(bench.lane.act(intent.id, Act::Look).await.unwrap().cash_out.state, State::Completed);
}

#[tokio::test]
async fn a_rebalance_is_sent_once_and_stops_the_next_while_in_doubt() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let gateway = Arc::clone(&bench.gateway) as Arc<dyn Gateway>;
    let rebalancer = Rebalancer::new(Arc::clone(&bench.journal) as Arc<dyn Journal>, Arc::clone(&gateway));
    let target = Centavos::new(30_000);
    let reviewed = review(gateway.as_ref(), target).await.unwrap();

    // The balance moved between review and confirmation: back to the review, nothing sent.
    *bench.gateway.balance.lock().unwrap() = balance(20_000, 80_000);
    let moved = rebalancer.send(Uuid::now_v7(), target, &reviewed, None, person()).await;
    assert!(matches!(moved, Err(RebalanceTrouble::Moved(_))), "{moved:?}");
    assert!(bench.gateway.sent().is_empty());

    *bench.gateway.balance.lock().unwrap() = balance(10_000, 90_000);
    // One on the wire: the next is not told of a doubt that there is none.
    let terms =
        rebalance::Terms { at: builders::at(0), maker: person(), target, forecast: reviewed, reason: None };
    let first = bench.journal.start_rebalance(Uuid::now_v7(), terms).await.unwrap().unwrap();
    let second = rebalancer.send(Uuid::now_v7(), target, &reviewed, None, person()).await;
    assert!(matches!(second, Err(RebalanceTrouble::UnderWay(_))), "{second:?}");
    let answered = Outcome::Answered { success: true, message: Safe::new("ok") };
    let ended = rebalance::Event::Ended { at: builders::at(1), outcome: answered };
    bench.journal.apply_rebalance(first.id, ended).await.unwrap();
    bench.gateway.rebalances.lock().unwrap().push_back(Outcome::Ambiguous(Ambiguity::TimedOut));
    let doubt =
        rebalancer.send(Uuid::now_v7(), target, &reviewed, Some("match".to_owned()), person()).await.unwrap();
    assert_eq!(doubt.rebalance.state, rebalance::State::Unknown);
    assert_eq!(doubt.rebalance.as_expected(), Some(false), "compared with the balance read afterwards");
    let next = rebalancer.send(Uuid::now_v7(), target, &reviewed, None, person()).await;
    assert!(matches!(next, Err(RebalanceTrouble::InDoubt(_))));
    assert_eq!(bench.gateway.sent().len(), 1);
    assert_eq!(bench.gateway.sent()[0].body, b"{\"targetAmount\":300.00}");

    rebalancer.acknowledge(doubt.id, person()).await.unwrap();
    let done = Outcome::Answered { success: true, message: Safe::new("ok") };
    bench.gateway.rebalances.lock().unwrap().push_back(done);
    let done = rebalancer.send(Uuid::now_v7(), target, &reviewed, None, person()).await.unwrap();
    assert_eq!(done.rebalance.state, rebalance::State::Completed);
}

fn person() -> Person {
    builders::person(1)
}

/// A payment in doubt that nobody has heard of for a day.
async fn held(bench: &Bench) -> Uuid {
    let intent = bench.decide("inv-1").await;
    bench.gateway.answers([Verdict::Ambiguous(Ambiguity::TimedOut)]);
    bench.lane.act(intent.id, Act::Send).await.unwrap();
    bench.clock.hours(1);
    // The window has closed meanwhile: nothing is sent, whatever was asked for.
    assert!(bench.lane.act(intent.id, Act::Send).await.unwrap().cash_out.frozen);
    bench.clock.hours(23);
    let held = bench.lane.act(intent.id, Act::Hold).await.unwrap();
    assert_eq!((held.cash_out.state, bench.gateway.sent().len()), (State::Held, 1));
    intent.id
}

fn other() -> Person {
    builders::person(2)
}

#[tokio::test]
async fn two_people_declare_it_not_paid_and_the_debt_is_tried_again_under_its_reference() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let id = held(&bench).await;
    let again = || Decision { again: true, ..decision("inv-1") };
    let declare = |by: Person| bench.lane.declare(id, by, "not on the statement".to_owned());
    assert_eq!(declare(person()).await.unwrap().cash_out.state, State::Held);
    assert!(declare(person()).await.is_err(), "nobody counts twice");
    let Proposed::Existing(_) = bench.lane.decide(again()).await.unwrap() else { panic!("paid while held") };
    assert_eq!(declare(other()).await.unwrap().cash_out.state, State::DeclaredNotPaid);

    let Proposed::Existing(_) = bench.lane.decide(decision("inv-1")).await.unwrap() else {
        panic!("paid once more without being told to")
    };
    // The gateway may not know the reference: it stays the lock, with another key and the same bytes.
    let Proposed::Created(second) = bench.lane.decide(again()).await.unwrap() else { panic!("not made") };
    assert_eq!((second.id, second.reference.as_str(), second.cash_out.round), (id, "inv-1", 2));
    let Proposed::Existing(same) = bench.lane.decide(again()).await.unwrap() else { panic!("a third one") };
    assert_eq!(same.id, second.id);
    bench.gateway.answers([Verdict::Exists(problem(409))]);
    let told = bench.lane.act(second.id, Act::Send).await.unwrap();
    assert_eq!(told.cash_out.state, State::Exists, "people had erred, and nothing was paid twice");
    let sent = bench.gateway.sent();
    assert_ne!(sent[0].idempotency_key, sent[1].idempotency_key);
    assert_eq!(sent[0].body, sent[1].body);
}

#[tokio::test]
async fn a_late_completion_stops_the_payment_that_followed() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.gateway.answers([Verdict::Accepted(ids())]);
    let id = bench.decide("inv-1").await.id;
    bench.lane.act(id, Act::Send).await.unwrap();
    for _ in 0..2 {
        bench.gateway.reports.lock().unwrap().push_back(Ok(report(Status::Failed)));
        bench.lane.act(id, Act::Look).await.unwrap();
        bench.clock.hours(1);
    }
    assert_eq!(bench.state(id).await, State::Failed);
    let again = Decision { again: true, ..decision("inv-1") };
    let Proposed::Created(second) = bench.lane.decide(again).await.unwrap() else { panic!("not made") };
    assert_eq!((second.reference.as_str(), second.cash_out.terms.generation), ("inv-1~2", 2));
    let observation = Observation {
        report: report(Status::Completed),
        source: Source::Webhook,
        happened_at: None,
        at: bench.lane.moment(),
        new_id: Uuid::now_v7(),
    };
    let applied = bench.journal.observe(observation).await.unwrap().applied.unwrap();
    assert_eq!((applied.intent.id, applied.intent.cash_out.state), (id, State::Completed));
    assert_eq!(applied.overtaken[0].alarms, [Alarm::Overtaken]);
    assert_eq!(bench.state(second.id).await, State::Cancelled);
    assert!(bench.lane.act(second.id, Act::Send).await.is_err());
    assert_eq!(bench.gateway.sent().len(), 1);
}

#[tokio::test]
async fn an_id_that_a_person_brings_has_to_be_this_payment() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let id = held(&bench).await;
    let adopt = |told: Result<Report, ReadError>| {
        bench.gateway.reports.lock().unwrap().push_back(told);
        bench.lane.adopt(id, person(), "ic-1", Some("statement of Monday".to_owned()))
    };
    for change in [
        (|told: &mut Report| told.external_reference = Some(Safe::new("inv-2"))) as fn(&mut Report),
        |told| told.external_reference = None,
        |told| told.amount = Some(Centavos::new(1)),
        |told| told.document = Some(Safe::new("***.111.111-**")),
        |told| told.direction = Direction::In,
    ] {
        let mut told = report(Status::Completed);
        change(&mut told);
        let refused = adopt(Ok(told)).await;
        assert!(matches!(refused, Err(LaneError::NotThisPayment(_))), "{refused:?}");
    }
    assert!(matches!(adopt(Err(ReadError::TimedOut)).await, Err(LaneError::Look(_))));
    assert_eq!(bench.state(id).await, State::Held);
    // The platform's own row for it, from a webhook without its reference, becomes one with it.
    let mut nameless = report(Status::Processing);
    nameless.external_reference = None;
    let at = bench.lane.moment();
    let observation = Observation {
        report: nameless,
        source: Source::Webhook,
        happened_at: None,
        at,
        new_id: Uuid::now_v7(),
    };
    assert!(bench.journal.observe(observation).await.unwrap().before.is_none());
    assert_eq!(adopt(Ok(report(Status::Completed))).await.unwrap().cash_out.state, State::Completed);
    let rows = bench.journal.transactions(Query { limit: 9, ..Query::default() }).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [id]);
}

#[tokio::test]
async fn what_needs_a_checker_leaves_only_after_one() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let decision = Decision { approvals: 1, is_draft: true, ..decision("inv-1") };
    let Proposed::Created(draft) = bench.lane.decide(decision).await.unwrap() else { panic!("not made") };
    let payload = draft.order.payload_hash();
    assert!(bench.lane.act(draft.id, Act::Send).await.is_err());
    bench.lane.submit(draft.id, person()).await.unwrap();
    assert!(bench.lane.act(draft.id, Act::Send).await.is_err());
    assert!(bench.lane.approve(draft.id, person(), payload).await.is_err());
    bench.lane.approve(draft.id, other(), payload).await.unwrap();
    bench.gateway.answers([Verdict::Accepted(ids())]);
    assert_eq!(bench.lane.act(draft.id, Act::Send).await.unwrap().cash_out.state, State::Accepted);
    assert_eq!(bench.gateway.sent().len(), 1);
}

#[tokio::test]
async fn what_was_changed_in_the_journal_or_left_for_a_day_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    let changed = bench.decide("inv-1").await;
    let file = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    file.execute("UPDATE intents SET body = ?1 WHERE id = ?2", (b"{}".as_slice(), changed.id.to_string()))
        .unwrap();
    assert_eq!(bench.lane.act(changed.id, Act::Send).await, Err(LaneError::Changed));
    let old = bench.decide("inv-2").await;
    bench.clock.hours(24);
    assert_eq!(bench.lane.act(old.id, Act::Send).await.unwrap().cash_out.state, State::Expired);
    let off = bench.decide("inv-3").await;
    assert_eq!(bench.lane.call_off(off.id, person(), None).await.unwrap().cash_out.state, State::Cancelled);
    assert!(bench.lane.act(off.id, Act::Send).await.is_err());
    assert!(bench.gateway.sent().is_empty());
    // The same debt again: the same reference, the next round's key.
    let again = Decision { again: true, ..decision("inv-3") };
    let Proposed::Created(again) = bench.lane.decide(again).await.unwrap() else { panic!("not made") };
    assert_eq!((again.id, again.cash_out.round), (off.id, 2));
}

#[tokio::test]
async fn a_clock_that_is_set_right_again_delays_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let bench = bench(folder.path()).await;
    bench.clock.hours(2);
    let intent = bench.decide("inv-1").await;
    bench.gateway.answers([
        Verdict::NotExecuted(NotExecuted::TooMany { retry_after: Some(1) }),
        Verdict::Accepted(ids()),
    ]);
    bench.lane.act(intent.id, Act::Send).await.unwrap();
    bench.clock.hours(-2);
    let after = bench.lane.advance(intent.id, Goal::Answered, soon()).await.unwrap();
    assert_eq!((after.cash_out.state, after.cash_out.attempts), (State::Accepted, 2));
}
