//! Refunds: the real counter over the real journal on the disk, against a gateway that means no good, in virtual time.
//!
//! A story is two cash-ins that were paid, people who give them back more often than is good, and trouble on every way. A
//! crash ends the runtime with everything in it; the next process opens the same file.
//!
//! Real: the counter, the machine of refunds, the lane with its pauses, the journal with its file. Imitated: the gateway, a
//! ledger of the truth whose answers come as verdicts, without HTTP; the clock; the loop that takes up what is due.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, LocalBoxFuture};
use jiff::{SignedDuration, Timestamp};
use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::balance::Balance;
use saldo::domain::moment::Moment;
use saldo::domain::refund::{Reason, Refund, State};
use saldo::domain::report::{Direction, Report, Source, Status};
use saldo::domain::request::{Asked, fold};
use saldo::domain::text::Safe;
use saldo::engine::clock::Clock;
use saldo::engine::counter::{Counter, RefundDecision};
use saldo::engine::lane::{Lane, LaneSettings};
use saldo::engine::message::News;
use saldo::gateway::{Answer, ChargeAnswer, Charging, Gateway, MoneyRequest, ReadError, RebalanceAnswer};
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{CashIns, Journal, Observation, Reader, Stored};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use crate::builders::{self, person};
use crate::sim::fate::{Random, mix};
use crate::sim::story::{DAY, HOUR, MINUTE, SECOND};

const CASH_INS: usize = 2;
const WINDOW: i64 = HOUR;

/// Of one process: far more than the waits of any plan come to.
const MOST_STEPS: u32 = 3_000;

macro_rules! troubles {
    ($($name:ident $words:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        enum Trouble { $($name,)* }

        impl Trouble {
            const ALL: &'static [Self] = &[$(Self::$name,)*];

            const fn words(self) -> &'static str {
                match self { $(Self::$name => $words,)* }
            }
        }
    };
}

troubles! {
    Outage "order: nobody can be reached for days",
    Unreachable "order: connection refused",
    Unauthorized "order: 401",
    Forbidden "order: 403",
    TooMany "order: 429",
    Refused "order: 422 on a first request",
    RefusedOnRepeat "order: 422 on a repeat after the first was executed",
    TimeoutBefore "order: timed out, never processed",
    TimeoutAfter "order: timed out, processed",
    Error500Before "order: 500, never processed",
    Error500After "order: 500, processed",
    Illegible "order: 202 that cannot be read, processed",
    Late "order: processed long after its connection died",
    Stranger "order: somebody else gave it back just before",
    StrangerAnyTime "gateway: somebody else gives it back, whenever",
    Conflict "order: 409 on a repeat",
    KeyForgotten "gateway: keys are forgotten at once",
    CrashBeforeBytes "crash: between the row and the bytes",
    CrashAfterBytes "crash: between the bytes and the verdict",
    Get404 "GET: 404",
    GetTimeout "GET: timed out",
    GetStale "GET: PAID after it was given back",
    GetAnother "GET: the report of another cash-in",
    HookLost "webhook: lost",
    HookRepeated "webhook: repeated",
    HookBefore202 "webhook: before the 202",
    TwoPeople "people: two decide, one right after the other",
    OtherReason "people: decided again with another reason",
    Again "people: once more after a proven refusal",
}

/// A rule that is taken away between the gateway and the counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    None,
    TimeoutIsRefusal,
    ServerErrorIsRefusal,
    AcceptedIsGivenBack,
    KeyPerRequest,
    AnotherIsBelieved,
    SentTwice,
}

/// Who gave a cash-in back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Giver {
    Saldo,
    Stranger,
}

/// What the gateway knows of a cash-in.
struct Truth {
    given_back: Option<(Giver, i64)>,
    /// The key that did it, as long as it is remembered.
    key: Option<Uuid>,
    /// Requests of saldo's that are still on their way somewhere.
    on_the_way: u32,
    /// The key, the fingerprint and the time of each request that saldo made, by its round.
    made: Vec<(u32, Uuid, Vec<u8>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happening {
    /// An order reaches the gateway after its connection died.
    Late(usize),
    Hook(usize),
    Decide(usize),
    Stranger(usize),
}

struct World {
    now: i64,
    random: Random,
    plant: Plant,
    /// The kinds of trouble of this story, and their odds of a hundred.
    odds: BTreeMap<Trouble, u64>,
    struck: BTreeMap<Trouble, u32>,
    truths: [Truth; CASH_INS],
    rows: [Uuid; CASH_INS],
    queue: Vec<(i64, Happening)>,
    crashed: bool,
    /// Rings when the process ends.
    end: Arc<Notify>,
    is_calm: bool,
    journal: Option<Arc<SqliteJournal>>,
    log: Vec<String>,
    broken: Option<String>,
}

#[derive(Clone)]
struct Door(Arc<Mutex<World>>);

/// What a story came to.
struct Ended {
    broken: Option<String>,
    log: Vec<String>,
    struck: BTreeMap<Trouble, u32>,
    states: Vec<State>,
}

fn stamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_800_000_000 * SECOND + micros).unwrap()
}

fn pick(random: &mut Random, count: usize) -> usize {
    usize::try_from(random.below(count as u64)).unwrap()
}

fn code(index: usize) -> String {
    format!("CI{index}")
}

impl World {
    fn draw(seed: u64, plant: Plant) -> Self {
        let mut random = Random::new(seed);
        let share = 5 + random.below(41);
        let mut odds: BTreeMap<Trouble, u64> = Trouble::ALL
            .iter()
            .filter_map(|trouble| {
                let odds = 15 + random.below(76);
                random.percent(share).then_some((*trouble, odds))
            })
            .collect();
        // Now and then, or all the time.
        odds.remove(&Trouble::Outage);
        if random.percent(8) {
            odds.insert(Trouble::Outage, 100);
        }
        let truth = || Truth { given_back: None, key: None, on_the_way: 0, made: Vec::new() };
        let mut world = Self {
            now: 0,
            random,
            plant,
            odds,
            struck: BTreeMap::new(),
            truths: [truth(), truth()],
            rows: [Uuid::from_u64_pair(1, 1), Uuid::from_u64_pair(1, 2)],
            queue: Vec::new(),
            crashed: false,
            end: Arc::default(),
            is_calm: false,
            journal: None,
            log: Vec::new(),
            broken: None,
        };
        for index in 0..CASH_INS {
            for _ in 0..world.random.between(1, 4) {
                let most = if world.random.percent(60) { 10 * MINUTE } else { 30 * HOUR };
                let at = world.random.between(SECOND, most);
                world.queue.push((at, Happening::Decide(index)));
            }
            if world.odds.contains_key(&Trouble::StrangerAnyTime) {
                let at = world.random.between(SECOND, 10 * HOUR);
                world.queue.push((at, Happening::Stranger(index)));
            }
        }
        world
    }

    fn say(&mut self, line: impl Into<String>) {
        let (minutes, seconds, line) = (self.now / MINUTE, self.now % MINUTE / SECOND, line.into());
        self.log.push(format!("{minutes:>6} min {seconds:>2} s  {line}"));
    }

    fn hits(&mut self, trouble: Trouble) -> bool {
        let odds = self.odds.get(&trouble).copied().unwrap_or_default();
        let strikes = !self.is_calm && self.random.percent(odds);
        if strikes {
            *self.struck.entry(trouble).or_default() += 1;
            self.say(format!("* {}", trouble.words()));
        }
        strikes
    }

    fn one_of(&mut self, kinds: &[Trouble]) -> Option<Trouble> {
        let here: Vec<Trouble> = kinds.iter().copied().filter(|kind| self.odds.contains_key(kind)).collect();
        let kind = *here.get(pick(&mut self.random, here.len().max(1)))?;
        self.hits(kind).then_some(kind)
    }

    fn breaks(&mut self, what: impl Into<String>) {
        let what = what.into();
        self.say(format!("BROKEN: {what}"));
        self.broken.get_or_insert(what);
    }

    fn moment(&self) -> Moment {
        Moment::wall(stamp(self.now))
    }

    fn given_back(&mut self, index: usize, giver: Giver, key: Option<Uuid>) {
        self.truths[index].given_back = Some((giver, self.now));
        self.truths[index].key = key;
        self.say(format!("THE MONEY OF {} GOES BACK, by {giver:?}", code(index)));
        if self.hits(Trouble::HookLost) {
            return;
        }
        let soon = self.now + self.random.between(SECOND / 10, 5 * MINUTE);
        self.queue.push((soon, Happening::Hook(index)));
        if self.hits(Trouble::HookRepeated) {
            let later = soon + self.random.between(SECOND, DAY);
            self.queue.push((later, Happening::Hook(index)));
        }
    }

    /// The gateway reads an order.
    fn process(&mut self, index: usize, key: Option<Uuid>) -> Verdict {
        let accepted = Verdict::Accepted(GatewayIds {
            internal_code: Some(Safe::new(&code(index))),
            transaction_id: None,
        });
        if self.truths[index].given_back.is_none() && self.hits(Trouble::Stranger) {
            self.given_back(index, Giver::Stranger, None);
        }
        if self.truths[index].given_back.is_none() {
            let remembered = if self.hits(Trouble::KeyForgotten) { None } else { key };
            self.given_back(index, Giver::Saldo, remembered);
            return accepted;
        }
        if self.truths[index].key == key && key.is_some() {
            return accepted;
        }
        if self.hits(Trouble::Conflict) {
            return Verdict::Exists(problem(409, "CONFLICT"));
        }
        refused("CASH_IN_ALREADY_REFUNDED")
    }

    /// The process ends at once; nobody reads an answer.
    fn crash(&mut self) -> Option<Verdict> {
        self.crashed = true;
        self.end.notify_one();
        None
    }

    /// One request reaches the gateway, or not; `None` where nobody will ever read an answer.
    fn order(&mut self, index: usize, key: Option<Uuid>, is_repeat: bool) -> Option<Verdict> {
        use Trouble as T;
        if self.hits(T::CrashBeforeBytes) {
            return self.crash();
        }
        if self.hits(T::Outage) {
            return Some(Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("no such host"))));
        }
        let is_executed = self.truths[index].given_back.is_some();
        if is_executed && is_repeat && self.hits(T::RefusedOnRepeat) {
            return Some(refused("INSUFFICIENT_FUNDS"));
        }
        let fault = self.one_of(&[
            T::Unreachable,
            T::Unauthorized,
            T::Forbidden,
            T::TooMany,
            T::TimeoutBefore,
            T::TimeoutAfter,
            T::Error500Before,
            T::Error500After,
            T::Illegible,
            T::Late,
            T::CrashAfterBytes,
            T::Refused,
        ]);
        let timed_out = Verdict::Ambiguous(Ambiguity::TimedOut);
        let server = Verdict::Ambiguous(Ambiguity::Status(problem(500, "INTERNAL")));
        Some(match fault {
            None => self.process(index, key),
            Some(T::Unreachable) => {
                Verdict::NotExecuted(NotExecuted::Unreachable(Safe::new("connection refused")))
            }
            Some(T::Unauthorized) => {
                Verdict::NotExecuted(NotExecuted::Unauthorized(problem(401, "TOKEN_EXPIRED")))
            }
            Some(T::Forbidden) => Verdict::NotExecuted(NotExecuted::Forbidden(problem(403, "FORBIDDEN"))),
            Some(T::TooMany) => Verdict::NotExecuted(NotExecuted::TooMany { retry_after: Some(30) }),
            Some(T::Refused) if is_executed => self.process(index, key),
            Some(T::Refused) => refused("INSUFFICIENT_FUNDS"),
            Some(T::TimeoutBefore) => timed_out,
            Some(T::Error500Before) => server,
            Some(T::Late) => {
                let wait = self.random.between(MINUTE, 40 * HOUR);
                self.truths[index].on_the_way += 1;
                self.queue.push((self.now + wait, Happening::Late(index)));
                timed_out
            }
            Some(after) => {
                self.process(index, key);
                match after {
                    T::Error500After => server,
                    T::Illegible => {
                        Verdict::Ambiguous(Ambiguity::Illegible { status: 202, reason: Safe::new("no JSON") })
                    }
                    T::CrashAfterBytes => {
                        return self.crash();
                    }
                    _ => timed_out,
                }
            }
        })
    }

    fn report(&self, index: usize, status: Status) -> Report {
        let end_to_end_id = (status == Status::Refunded).then(|| Safe::new(&format!("D{index}")));
        Report {
            end_to_end_id,
            original_end_to_end_id: Some(Safe::new(&format!("E{index}"))),
            name: None,
            ..builders::report(Direction::In, status, &code(index), &format!("order-{index}"))
        }
    }

    fn true_status(&self, index: usize) -> Status {
        if self.truths[index].given_back.is_some() { Status::Refunded } else { Status::Paid }
    }

    fn look(&mut self, id: &str) -> Result<Report, ReadError> {
        use Trouble as T;
        let Some(index) = (0..CASH_INS).find(|index| code(*index) == id) else {
            return Err(ReadError::NotFound(problem(404, "NOT_FOUND")));
        };
        let status = self.true_status(index);
        match self.one_of(&[T::Get404, T::GetTimeout, T::GetStale, T::GetAnother]) {
            Some(T::Get404) => Err(ReadError::NotFound(problem(404, "NOT_FOUND"))),
            Some(T::GetTimeout) => Err(ReadError::TimedOut),
            Some(T::GetStale) => Ok(self.report(index, Status::Paid)),
            Some(T::GetAnother) => {
                let other = CASH_INS - 1 - index;
                let told = self.report(other, self.true_status(other));
                if self.plant != Plant::AnotherIsBelieved {
                    return Ok(told);
                }
                let own = self.report(index, told.status);
                Ok(own)
            }
            _ if self.plant == Plant::AcceptedIsGivenBack && !self.truths[index].made.is_empty() => {
                Ok(self.report(index, Status::Refunded))
            }
            _ => Ok(self.report(index, status)),
        }
    }
}

fn problem(status: u16, code: &str) -> Problem {
    Problem { status, code: Some(Safe::new(code)), title: None, detail: None }
}

fn refused(code: &str) -> Verdict {
    Verdict::NotExecuted(NotExecuted::Refused(problem(422, code)))
}

impl Door {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What must hold of a request before its bytes leave.
    async fn inspect(&self, index: usize, order: &MoneyRequest) {
        let (journal, row) = {
            let world = self.world();
            (world.journal.clone().unwrap(), world.rows[index])
        };
        let stored = journal.refund_of(row).await.unwrap();
        let mut world = self.world();
        let now = stamp(world.now);
        let Some(stored) = stored else { return world.breaks("a request without a refund") };
        let requests = &stored.asked.requests;
        if !requests.on_the_wire {
            world.breaks("a request without its row");
        }
        if stored.body != order.body {
            world.breaks("another body than was decided");
        }
        if requests.doubt_since.is_some_and(|since| {
            now.duration_since(since.at) > SignedDuration::from_micros(WINDOW) + SignedDuration::from_secs(1)
        }) {
            world.breaks("sent after the resend window");
        }
        let key = order.idempotency_key.unwrap_or_default();
        let key = match world.plant {
            Plant::KeyPerRequest => Uuid::from_u64_pair(7, world.truths[index].made.len() as u64),
            _ => key,
        };
        let is_another = |made: &(u32, Uuid, Vec<u8>)| made.0 == requests.round && made.1 != key;
        if world.truths[index].made.iter().any(is_another) {
            world.breaks("another key in the same round");
        }
        world.truths[index].made.push((requests.round, key, order.body.clone()));
        let made = world.truths[index].made.len();
        if made != requests.attempts as usize && world.plant != Plant::None {
            world.breaks("more requests than rows");
        }
    }
}

impl Clock for Door {
    fn moment(&self) -> Moment {
        self.world().moment()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        self.world().now += i64::try_from(wait.as_micros()).unwrap();
        futures::future::ready(()).boxed()
    }
}

impl Gateway for Door {
    fn clock(&self) -> Option<Timestamp> {
        None
    }

    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>> {
        futures::future::ready(Err(ReadError::TimedOut)).boxed()
    }

    fn cash_out<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        futures::future::ready(Err(ReadError::TimedOut)).boxed()
    }

    fn cash_in<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        let told = self.world().look(id);
        futures::future::ready(told).boxed()
    }

    fn send_cash_out<'a>(&'a self, _: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        unreachable!("nobody pays in these stories")
    }

    fn send_rebalance<'a>(&'a self, _: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer> {
        unreachable!("nobody rebalances in these stories")
    }
}

impl Charging for Door {
    fn send_cash_in<'a>(&'a self, _: &'a MoneyRequest) -> BoxFuture<'a, ChargeAnswer> {
        unreachable!("nobody charges in these stories")
    }

    fn send_refund<'a>(&'a self, cash_in: &'a str, order: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let index = (0..CASH_INS).find(|index| code(*index) == cash_in).unwrap();
            self.inspect(index, order).await;
            if self.world().plant == Plant::SentTwice {
                self.inspect(index, order).await;
            }
            let (verdict, hook) = {
                let mut world = self.world();
                let key = world.truths[index].made.last().map(|(_, key, _)| *key);
                let is_repeat = world.truths[index].made.len() > 1;
                let verdict = world.order(index, key, is_repeat);
                world.say(format!("order for {cash_in} -> {verdict:?}"));
                let is_taken = matches!(verdict, Some(Verdict::Accepted(_)));
                (verdict, is_taken && world.hits(Trouble::HookBefore202))
            };
            if hook {
                hear(self, index).await;
            }
            let Some(verdict) = verdict else { return futures::future::pending().await };
            let verdict = match (self.world().plant, verdict) {
                (Plant::TimeoutIsRefusal, Verdict::Ambiguous(Ambiguity::TimedOut))
                | (Plant::ServerErrorIsRefusal, Verdict::Ambiguous(Ambiguity::Status(_))) => refused("ERROR"),
                (_, verdict) => verdict,
            };
            Answer { verdict, raw: None }
        })
    }
}

/// A webhook that the cash-in was given back: by what the gateway knows when it comes.
async fn hear(door: &Door, index: usize) {
    let (journal, observation) = {
        let world = door.world();
        let observation = Observation {
            report: world.report(index, world.true_status(index)),
            source: Source::Webhook,
            happened_at: None,
            at: world.moment(),
            new_id: Uuid::from_u64_pair(2, world.now.unsigned_abs()),
        };
        (world.journal.clone().unwrap(), observation)
    };
    journal.observe(observation).await.unwrap();
}

struct Process {
    door: Door,
    lane: Arc<Lane>,
    counter: Arc<Counter>,
    journal: Arc<SqliteJournal>,
    news: mpsc::Receiver<News>,
    before: [Option<State>; CASH_INS],
}

impl Process {
    async fn start(door: &Door, path: &Path) -> Self {
        let journal = Arc::new(builders::open(path).await);
        door.world().journal = Some(Arc::clone(&journal));
        let settings = LaneSettings {
            client_id: "48213".to_owned(),
            resend_window: SignedDuration::from_micros(WINDOW),
            webhook_url: None,
            keep_offering: Some(Duration::ZERO),
        };
        let (sender, news) = mpsc::channel(64);
        let gateway = Arc::new(door.clone());
        let lane = Lane::new(
            Arc::clone(&journal) as Arc<dyn Journal>,
            Arc::clone(&gateway) as Arc<dyn Gateway>,
            Arc::new(door.clone()),
            settings.clone(),
            None,
        );
        let counter = Counter::new(
            Arc::clone(&journal) as Arc<dyn CashIns>,
            gateway,
            Arc::clone(&lane),
            settings,
            Some(sender),
        );
        counter.take_up_the_lost().await.unwrap();
        let mut process = Self { door: door.clone(), lane, counter, journal, news, before: [None; CASH_INS] };
        process.before = process.states().await;
        process
    }

    async fn refund(&self, index: usize) -> Option<Stored<Refund>> {
        let row = self.door.world().rows[index];
        self.journal.refund_of(row).await.unwrap()
    }

    async fn states(&self) -> [Option<State>; CASH_INS] {
        let mut states = [None; CASH_INS];
        for (index, state) in states.iter_mut().enumerate() {
            *state = self.refund(index).await.map(|refund| refund.asked.state);
        }
        states
    }

    /// Somebody wants a cash-in given back: decided, and tried at once.
    async fn decide(&self, index: usize) {
        let (decision, two, row) = {
            let mut world = self.door.world();
            let is_known = !world.truths[index].made.is_empty();
            let other = is_known && world.hits(Trouble::OtherReason);
            let reason = if other { Reason::Fraud } else { Reason::CustomerRequest };
            let id = Uuid::from_u64_pair(3, world.random.next());
            let row = world.rows[index];
            let decision = RefundDecision { id, cash_in: row, reason, description: None, maker: person(1) };
            (decision, world.hits(Trouble::TwoPeople), row)
        };
        let was_over = self.refund(index).await.is_some_and(|refund| refund.asked.may_begin_again());
        let first = self.counter.decide_refund(decision.clone());
        let decided = if two {
            let other = RefundDecision { id: Uuid::from_u64_pair(4, 4), maker: person(2), ..decision };
            // One after the other: both on their way at once would make every story another one each time.
            let one = first.await;
            one.or(self.counter.decide_refund(other).await)
        } else {
            first.await
        };
        let line = match &decided {
            Ok((found, _)) => format!("{} is to be given back: {found:?}", code(index)),
            Err(error) => format!("{} is not given back: {error}", code(index)),
        };
        self.door.world().say(line);
        if decided.is_ok() {
            if was_over {
                *self.door.world().struck.entry(Trouble::Again).or_default() += 1;
            }
            self.press(row).await;
        }
    }

    async fn press(&self, row: Uuid) {
        let counter = Arc::clone(&self.counter);
        let end = Arc::clone(&self.door.world().end);
        // A process that ends does not come back from its request.
        tokio::select! {
            _ = counter.take_up(row) => {}
            () = end.notified() => {}
        }
    }

    async fn happen(&self, what: Happening) {
        match what {
            Happening::Late(index) => {
                let mut world = self.door.world();
                world.truths[index].on_the_way -= 1;
                let key = world.truths[index].made.last().map(|(_, key, _)| *key);
                let verdict = world.process(index, key);
                world.say(format!("an order for {} arrives at last -> {verdict:?}", code(index)));
            }
            Happening::Hook(index) => {
                self.door.world().say(format!("webhook about {}", code(index)));
                hear(&self.door, index).await;
            }
            Happening::Decide(index) => self.decide(index).await,
            Happening::Stranger(index) => {
                let mut world = self.door.world();
                if world.truths[index].given_back.is_none() && world.hits(Trouble::StrangerAnyTime) {
                    world.given_back(index, Giver::Stranger, None);
                }
            }
        }
    }

    /// Takes up what is due, as the tracker does.
    async fn work(&self) {
        let (now, resumes) = {
            let mut world = self.door.world();
            let resumes = world.is_calm || world.random.percent(20);
            (stamp(world.now), resumes)
        };
        if resumes {
            self.lane.resume();
        }
        for refund in self.journal.refunds_due(Some(now)).await.unwrap() {
            self.press(refund.asked.terms.cash_in).await;
            if self.door.world().crashed {
                return;
            }
        }
    }

    async fn check(&mut self) {
        let after = self.states().await;
        let mut told: Vec<(Uuid, State)> = Vec::new();
        while let Ok(news) = self.news.try_recv() {
            if let News::RefundNeeds { cash_in, state, .. } = news {
                told.push((cash_in, state));
            }
        }
        for (index, state) in after.iter().enumerate() {
            let Some(refund) = self.refund(index).await else { continue };
            let row = self.door.world().rows[index];
            let life = self.journal.life(row).await.unwrap().unwrap();
            let events = life.incoming.refund.map(|life| life.events).unwrap_or_default();
            let mut world = self.door.world();
            let asked = &refund.asked;
            if fold::<Refund>(&events).ok().as_ref() != Some(asked) {
                world.breaks(format!("{}: a snapshot that is not the fold of its events", code(index)));
            }
            let truth = &world.truths[index];
            let by_saldo = truth.given_back.is_some_and(|(giver, _)| giver == Giver::Saldo);
            let is_final_without = matches!(asked.state, State::Rejected | State::Cancelled | State::Expired);
            let (back, on_the_way) = (truth.given_back.is_some(), truth.on_the_way > 0);
            if asked.state == State::Completed && !back {
                world.breaks(format!("{} is called given back, and is not", code(index)));
            }
            if is_final_without && (by_saldo || on_the_way) {
                let word = asked.state.as_str();
                world.breaks(format!("{} is called {word}, and saldo has given it back", code(index)));
            }
            if asked.requests.on_the_wire || !asked.state.is_final() && asked.plan().is_none() {
                world.breaks(format!("{} has nothing to wake it", code(index)));
            }
            let needs_a_person = matches!(asked.state, State::Rejected | State::Held | State::Expired);
            if needs_a_person && self.before[index] != *state && !told.contains(&(row, asked.state)) {
                world.breaks(format!("nobody was told that {} is {}", code(index), asked.state.as_str()));
            }
        }
        self.before = after;
    }

    /// Nothing more can come of it: all has ended, or is before a person.
    fn is_at_rest(&self) -> bool {
        let world = self.door.world();
        let is_done =
            |state: &Option<State>| state.is_none_or(|state| state.is_final() || state == State::Held);
        world.is_calm && world.queue.is_empty() && self.before.iter().all(is_done)
    }

    /// The time of what happens next, if anything does.
    async fn next(&self) -> Option<i64> {
        let due = self.journal.next_asked_due().await.unwrap();
        let due = due.map(|at| (at.as_microsecond() - stamp(0).as_microsecond()).max(self.door.world().now));
        let world = self.door.world();
        let queued = world.queue.iter().map(|(at, _)| *at).min();
        due.into_iter().chain(queued).min()
    }
}

/// A paid cash-in each, as the gateway tells of it.
async fn begin(door: &Door, path: &Path) {
    let journal = builders::open(path).await;
    for index in 0..CASH_INS {
        let observation = {
            let world = door.world();
            Observation {
                report: world.report(index, Status::Paid),
                source: Source::Webhook,
                happened_at: None,
                at: world.moment(),
                new_id: world.rows[index],
            }
        };
        journal.observe(observation).await.unwrap();
    }
}

async fn live(door: &Door, path: &Path, until: i64) {
    let mut process = Process::start(door, path).await;
    for step in 0.. {
        if step > MOST_STEPS {
            return door.world().breaks("something is due again and again, and nothing comes of it");
        }
        process.work().await;
        if door.world().crashed {
            return;
        }
        process.check().await;
        if process.is_at_rest() {
            return;
        }
        let Some(next) = process.next().await else { return };
        let what = {
            let mut world = door.world();
            if next > until || world.broken.is_some() {
                return;
            }
            // A paused lane leaves what is due where it is: time goes on all the same.
            world.now = next.max(world.now + SECOND / 2);
            let now = world.now;
            let place = world.queue.iter().position(|(at, _)| *at <= now);
            place.map(|place| world.queue.remove(place).1)
        };
        if let Some(what) = what {
            process.happen(what).await;
        }
        if door.world().crashed {
            return;
        }
    }
}

fn story(seed: u64, plant: Plant) -> Ended {
    // In memory where the system has such a place: what is tried is not the disk.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    let path = folder.path().join("journal.db");
    let door = Door(Arc::new(Mutex::new(World::draw(seed, plant))));
    let run = |work: LocalBoxFuture<'_, ()>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(work);
        drop(runtime);
        door.world().journal = None;
    };
    run(begin(&door, &path).boxed_local());
    let calm_at = [30 * MINUTE, 6 * HOUR, 30 * HOUR][pick(&mut Random::new(seed ^ 1), 3)];
    for until in [calm_at, calm_at + 3 * DAY] {
        loop {
            run(live(&door, &path, until).boxed_local());
            let mut world = door.world();
            if !world.crashed {
                break;
            }
            world.crashed = false;
            world.end = Arc::default();
            world.say("saldo ends at once");
            let down = if world.random.percent(80) { 10 * SECOND } else { 8 * HOUR };
            world.now += world.random.between(SECOND, down);
        }
        door.world().is_calm = true;
    }
    let mut states = Vec::new();
    run(async {
        let process = Process::start(&door, &path).await;
        for index in 0..CASH_INS {
            let Some(refund) = process.refund(index).await else { continue };
            states.push(refund.asked.state);
            let mut world = door.world();
            let truth = &world.truths[index];
            let (giver, state) = (truth.given_back.map(|(giver, _)| giver), refund.asked.state);
            let is_right = match giver {
                Some(Giver::Saldo) => state == State::Completed,
                Some(Giver::Stranger) => state.is_final(),
                None => matches!(state, State::Held | State::Rejected | State::Expired),
            };
            if !is_right {
                let word = state.as_str();
                world.breaks(format!("{} ends as {word}, given back by {giver:?}", code(index)));
            }
        }
    }
    .boxed_local());
    let mut world = door.world();
    let (log, struck) = (std::mem::take(&mut world.log), std::mem::take(&mut world.struck));
    Ended { broken: world.broken.take(), log, struck, states }
}

const STORIES: u64 = 200;

#[test]
fn no_schedule_of_refunds_breaks_a_rule_and_every_kind_of_trouble_is_met() {
    let (mut struck, mut states) = (BTreeMap::new(), Vec::new());
    for number in 0..STORIES {
        let ended = story(mix(number), Plant::None);
        assert_eq!(ended.broken, None, "story {number}:\n{}", ended.log.join("\n"));
        for (trouble, count) in ended.struck {
            *struck.entry(trouble).or_insert(0) += count;
        }
        states.extend(ended.states);
    }
    for trouble in Trouble::ALL {
        println!("{:>6}  {}", struck.get(trouble).copied().unwrap_or_default(), trouble.words());
    }
    let missing: Vec<&str> =
        Trouble::ALL.iter().filter(|kind| !struck.contains_key(kind)).map(|kind| kind.words()).collect();
    assert_eq!(missing, Vec::<&str>::new(), "never met");
    for state in State::ALL.iter().filter(|state| state.is_final() || **state == State::Held) {
        let count = states.iter().filter(|other| *other == state).count();
        println!("{count:>6}  end as {}", state.as_str());
        assert!(count > 0, "no refund ends as {}", state.as_str());
    }
}

#[test]
fn every_planted_bug_of_refunds_is_found() {
    for plant in [
        Plant::TimeoutIsRefusal,
        Plant::ServerErrorIsRefusal,
        Plant::AcceptedIsGivenBack,
        Plant::KeyPerRequest,
        Plant::AnotherIsBelieved,
        Plant::SentTwice,
    ] {
        let found = (0..STORIES).find_map(|number| Some((number, story(mix(number), plant).broken?)));
        println!("{plant:?}: {found:?}");
        assert!(found.is_some(), "{plant:?} is planted and not found");
    }
}
