//! The journal, the gateway and the clock as the lane sees them. Each call is a future that the story resolves when it
//! likes, or never.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::balance::{Balance, Reading};
use saldo::domain::cash_out::Event;
use saldo::domain::moment::Moment;
use saldo::domain::money::Centavos;
use saldo::domain::order::Reference;
use saldo::domain::rebalance::{self, Outcome};
use saldo::domain::report::Report;
use saldo::domain::transaction::Transaction;
use saldo::engine::clock::Clock;
use saldo::gateway::{Answer, Gateway, MoneyRequest, ReadError, RebalanceAnswer};
use saldo::journal::{
    Answer as JournalAnswer, Applied, Change, Contents, Delivery, Intent, Journal, JournalError, Life,
    Observation, Observed, Proposal, Proposed, Query, Reader, StoredRebalance, Totals,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::fate::Fault;
use super::plant::Plant;
use super::story::{MINUTE, SECOND};
use super::wire::Wire;
use super::world::{Happening, World};

/// The world behind every door.
#[derive(Clone)]
pub struct Sim(Arc<Mutex<World>>);

/// Ends when the story says so; tells whether the machine slept meanwhile.
struct Wait {
    sim: Sim,
    op: u32,
}

impl Future for Wait {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<bool> {
        let op = self.sim.world().ops[self.op as usize];
        if op.is_done { Poll::Ready(op.slept) } else { Poll::Pending }
    }
}

/// Where a change to the journal comes from, which says what can strike there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Site {
    Decide,
    Row,
    Verdict,
    TakeUp,
    Other,
}

enum Admission {
    Go,
    Wait(u32),
    Full,
}

impl Sim {
    pub fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait(&self, op: u32) -> Wait {
        Wait { sim: self.clone(), op }
    }

    /// A change: asked, committed, acknowledged; between any two of them the process may end.
    async fn change<T>(
        &self,
        site: Site,
        effect: impl FnOnce(&mut World) -> Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let admission = self.world().admit(site);
        match admission {
            Admission::Go => {}
            Admission::Wait(op) => {
                self.wait(op).await;
            }
            Admission::Full => return Err(JournalError::no_room("no space left on device")),
        }
        let (result, acknowledged) = {
            let mut world = self.world();
            world.store.durable_at =
                if world.plant == Plant::AnswersEarly { world.now + SECOND / 2 } else { world.now };
            let result = effect(&mut world);
            world.check_commits();
            let acknowledged = if result.is_ok() { world.acknowledge(site) } else { None };
            (result, acknowledged)
        };
        if let Some(op) = acknowledged {
            self.wait(op).await;
        }
        result
    }
}

impl World {
    fn admit(&mut self, site: Site) -> Admission {
        if self.full_until > self.now {
            return Admission::Full;
        }
        let (full, crash) = match site {
            Site::Decide => (Some(Fault::FullAtDecision), Some(Fault::CrashDeciding)),
            Site::Row => (Some(Fault::FullAtAttempt), Some(Fault::CrashBeforeRow)),
            Site::Verdict => (Some(Fault::FullAtVerdict), Some(Fault::CrashBeforeVerdict)),
            Site::TakeUp => (None, Some(Fault::CrashTwice)),
            Site::Other => (None, None),
        };
        if let Some(fault) = full
            && self.fate.hits(fault)
        {
            let long = self.fate.random.percent(10);
            let most = if long { 2 * MINUTE } else { 8 * SECOND };
            self.full_until = self.now + self.fate.random.between(SECOND / 10, most);
            self.say(|_| format!("* {}", fault.words()));
            return Admission::Full;
        }
        if let Some(fault) = crash
            && self.fate.strikes(fault)
            // A decision may be cut off before or after its commit; the others have a kind for each.
            && (site != Site::Decide || self.fate.random.percent(50))
        {
            return self.crashes(fault).map_or(Admission::Go, Admission::Wait);
        }
        if self.fate.random.percent(12) {
            let wait = self.fate.random.between(500, 20_000);
            return Admission::Wait(self.wait(wait));
        }
        Admission::Go
    }

    fn acknowledge(&mut self, site: Site) -> Option<u32> {
        let crash = match site {
            Site::Decide => Some(Fault::CrashDeciding),
            Site::Row => Some(Fault::CrashAfterRow),
            Site::Verdict => Some(Fault::CrashAfterVerdict),
            Site::TakeUp | Site::Other => None,
        };
        if let Some(fault) = crash
            && self.fate.strikes(fault)
        {
            return self.crashes(fault);
        }
        if self.fate.random.percent(6) {
            let wait = self.fate.random.between(500, 20_000);
            return Some(self.wait(wait));
        }
        None
    }

    fn crashes(&mut self, fault: Fault) -> Option<u32> {
        self.hit(fault);
        self.crash = true;
        Some(self.never())
    }
}

impl Clock for Sim {
    fn moment(&self) -> Moment {
        self.world().moment()
    }

    fn sleep(&self, wait: Duration) -> BoxFuture<'static, ()> {
        let op = self.world().wait(wait.as_micros() as i64);
        let waiting = self.wait(op);
        Box::pin(async move {
            waiting.await;
        })
    }
}

impl Gateway for Sim {
    fn clock(&self) -> Option<Timestamp> {
        self.world().date()
    }

    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>> {
        // Asked for nothing but the gateway's time.
        self.world().saw_date();
        let zero = Centavos::ZERO;
        let wallet = Balance {
            total: zero,
            transactional: zero,
            proprietary: zero,
            banks: Vec::new(),
            updated_at: None,
        };
        Box::pin(async { Ok(wallet) })
    }

    fn cash_out<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        Box::pin(async move {
            let (answer, op) = {
                let mut world = self.world();
                let (answer, wait) = world.look(id);
                let op = if world.fate.strikes(Fault::CrashLooking) {
                    world.crashes(Fault::CrashLooking)
                } else {
                    (wait > 0).then(|| world.wait(wait))
                };
                (answer, op)
            };
            if let Some(op) = op {
                let slept = self.wait(op).await;
                if slept {
                    return Err(ReadError::TimedOut);
                }
            }
            answer
        })
    }

    fn cash_in<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        Box::pin(async { Err(ReadError::TimedOut) })
    }

    fn send_cash_out<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let (wire, op, plant) = {
                let mut world = self.world();
                let (wire, wait) = world.launch(order);
                let sent = !matches!(wire, Wire::NotSent(_));
                let op = if sent && world.fate.strikes(Fault::CrashAfterBytes) {
                    if world.fate.random.percent(50) {
                        world.crashes(Fault::CrashAfterBytes)
                    } else {
                        // Somewhere between the bytes and the answer.
                        let soon = world.fate.random.between(1, wait.max(2));
                        let life = world.life;
                        world.after(soon, Happening::Crash(life));
                        world.hit(Fault::CrashAfterBytes);
                        Some(world.wait(wait))
                    }
                } else {
                    Some(world.wait(wait))
                };
                (wire, op, world.plant)
            };
            let slept = match op {
                Some(op) => self.wait(op).await,
                None => false,
            };
            let verdict = match wire {
                Wire::NotSent(_) => wire.verdict(plant),
                _ if slept => Verdict::Ambiguous(Ambiguity::TimedOut),
                _ => wire.verdict(plant),
            };
            Answer { verdict, raw: None }
        })
    }

    fn send_rebalance<'a>(&'a self, _: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer> {
        Box::pin(async { RebalanceAnswer { verdict: Outcome::Ambiguous(Ambiguity::TimedOut), raw: None } })
    }
}

impl Reader for Sim {
    fn intent(&self, id: Uuid) -> JournalAnswer<'_, Option<Intent>> {
        Box::pin(async move {
            let op = {
                let mut world = self.world();
                world.fate.random.percent(5).then(|| world.wait(1000))
            };
            if let Some(op) = op {
                self.wait(op).await;
            }
            let world = self.world();
            Ok(world.store.position(id).map(|index| world.store.records[index].intent.clone()))
        })
    }

    fn newest(&self, obligation: &Reference) -> JournalAnswer<'_, Option<Intent>> {
        let obligation = obligation.clone();
        Box::pin(async move {
            let world = self.world();
            Ok(world.store.newest(&obligation).map(|index| {
                let mut intent = world.store.records[index].intent.clone();
                let held = saldo::domain::cash_out::State::Held;
                if world.plant == Plant::HeldPaysAgain && intent.cash_out.state == held {
                    intent.cash_out.state = saldo::domain::cash_out::State::DeclaredNotPaid;
                }
                intent
            }))
        })
    }

    fn due(&self, by: Option<Timestamp>) -> JournalAnswer<'_, Vec<Intent>> {
        Box::pin(async move { Ok(self.world().store.due(by)) })
    }

    fn next_due(&self) -> JournalAnswer<'_, Option<Timestamp>> {
        Box::pin(async { Ok(None) })
    }

    fn find(&self, id: &str) -> JournalAnswer<'_, Option<Transaction>> {
        let found = self.world().store.find(id);
        Box::pin(async move { Ok(found) })
    }

    fn transactions(&self, _: Query) -> JournalAnswer<'_, Vec<Transaction>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn count(&self, _: Query, _: u32) -> JournalAnswer<'_, u32> {
        Box::pin(async { Ok(0) })
    }

    fn at(&self, _: Timestamp) -> JournalAnswer<'_, Option<i64>> {
        Box::pin(async { Ok(None) })
    }

    fn life(&self, _: Uuid) -> JournalAnswer<'_, Option<Life>> {
        Box::pin(async { Ok(None) })
    }

    fn balance(&self) -> JournalAnswer<'_, Option<Reading>> {
        Box::pin(async { Ok(None) })
    }

    fn totals(&self, _: Timestamp) -> JournalAnswer<'_, Totals> {
        Box::pin(async { Ok(Totals::default()) })
    }

    fn balance_history(&self, _: (Timestamp, Timestamp), _: u32) -> JournalAnswer<'_, Vec<Option<Centavos>>> {
        unreachable!("no lane asks for it")
    }

    fn pace(&self, _: Timestamp) -> JournalAnswer<'_, saldo::domain::pace::Pace> {
        unreachable!("no lane asks for it")
    }

    fn conservation(
        &self,
        _: Timestamp,
    ) -> JournalAnswer<'_, Option<saldo::domain::conservation::Conservation>> {
        Box::pin(async { Ok(None) })
    }

    fn rebalances_in_doubt(&self) -> JournalAnswer<'_, Vec<StoredRebalance>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn rebalance(&self, _: Uuid) -> JournalAnswer<'_, Option<StoredRebalance>> {
        Box::pin(async { Ok(None) })
    }
}

impl Journal for Sim {
    fn propose(&self, proposal: Proposal) -> JournalAnswer<'_, Proposed> {
        Box::pin(self.change(Site::Decide, |world| Ok(world.store.propose(proposal, world.plant))))
    }

    fn apply(&self, id: Uuid, change: Change) -> JournalAnswer<'_, Applied> {
        let site = match &change.event {
            Event::AttemptStarted { .. } => Site::Row,
            Event::AttemptEnded { verdict: Verdict::Ambiguous(Ambiguity::Crashed), .. } => Site::TakeUp,
            Event::AttemptEnded { .. } => Site::Verdict,
            _ => Site::Other,
        };
        Box::pin(self.change(site, move |world| world.store.apply(id, change, world.plant)))
    }

    fn observe(&self, observation: Observation) -> JournalAnswer<'_, Observed> {
        Box::pin(self.change(Site::Other, move |world| world.store.observe(&observation, world.plant)))
    }

    fn start_rebalance(
        &self,
        _: Uuid,
        _: rebalance::Terms,
    ) -> JournalAnswer<'_, Result<StoredRebalance, StoredRebalance>> {
        Box::pin(async { Err(JournalError::Closed) })
    }

    fn apply_rebalance(&self, _: Uuid, _: rebalance::Event) -> JournalAnswer<'_, StoredRebalance> {
        Box::pin(async { Err(JournalError::Closed) })
    }

    fn record_balance(&self, _: Reading) -> JournalAnswer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn thin_balances(&self, _: Timestamp) -> JournalAnswer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn take_delivery(&self, _: Delivery) -> JournalAnswer<'_, i64> {
        Box::pin(async { Ok(0) })
    }

    fn unread_deliveries(&self) -> JournalAnswer<'_, Vec<(i64, Delivery)>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn read_deliveries(
        &self,
        _: Vec<(i64, Contents)>,
    ) -> JournalAnswer<'_, Vec<Result<Option<Observed>, JournalError>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn settle(&self) -> JournalAnswer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn news(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}
