//! Rebalances: the real [`Rebalancer`] over a journal and a gateway that mean no good.
//!
//! It spawns on tokio, so each story has a runtime of one thread, in which nothing happens but what the story says. It
//! reads the machine's own clock; nothing here depends on the time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use saldo::domain::attempt::{Ambiguity, NotExecuted, Problem};
use saldo::domain::balance::{Balance, Reading};
use saldo::domain::money::Centavos;
use saldo::domain::order::Reference;
use saldo::domain::person::Person;
use saldo::domain::rebalance::{Event, Outcome, Rebalance, State, Terms, fold};
use saldo::domain::report::Report;
use saldo::domain::text::Safe;
use saldo::domain::transaction::Transaction;
use saldo::engine::message::RebalanceTrouble;
use saldo::engine::rebalance::{Rebalancer, review};
use saldo::gateway::{Answer as GatewayAnswer, Gateway, MoneyRequest, ReadError, RebalanceAnswer};
use saldo::journal::{
    Answer, Applied, Change, Contents, Delivery, Intent, Journal, JournalError, Life, Observation, Observed,
    Proposal, Proposed, Query, Reader, StoredRebalance, Totals,
};
use tokio::sync::watch;
use uuid::Uuid;

use super::Rule;
use super::fate::{Fate, Fault, Group, mix};
use super::plant::Plant;
use super::world::Violation;

struct Row {
    stored: StoredRebalance,
    events: Vec<Event>,
    requests: u32,
}

struct Desk {
    fate: Fate,
    plant: Plant,
    rows: Vec<Row>,
    /// The pockets' truth.
    transactional: i64,
    proprietary: i64,
    crashed: bool,
    calm: bool,
    violation: Option<Violation>,
    trace: u64,
}

#[derive(Clone)]
struct Door(Arc<Mutex<Desk>>);

/// What a story of rebalances came to.
pub struct Ended {
    pub violation: Option<Violation>,
    pub trace: u64,
    pub struck: [u32; super::fate::KINDS],
}

impl Desk {
    fn broken(&mut self, rule: Rule, what: &str) {
        self.violation.get_or_insert_with(|| Violation { rule, what: what.to_owned() });
    }

    fn in_doubt(&self) -> Vec<StoredRebalance> {
        let doubtful = self.rows.iter().filter(|row| row.stored.rebalance.state == State::Unknown);
        doubtful.map(|row| row.stored.clone()).collect()
    }

    #[allow(clippy::result_large_err, reason = "the journal's own answer")]
    fn start(&mut self, id: Uuid, terms: Terms) -> Result<StoredRebalance, StoredRebalance> {
        let doubt = self.in_doubt().into_iter().next();
        if let (Some(doubt), true) = (doubt, self.plant != Plant::RebalanceNotAlone) {
            self.fate.note(Fault::RebalanceInTheWay);
            return Err(doubt);
        }
        let events = vec![Event::Sent(Box::new(terms.clone()))];
        let stored = StoredRebalance { id, updated_at: terms.at, rebalance: Rebalance::sent(terms) };
        self.rows.push(Row { stored: stored.clone(), events, requests: 0 });
        if self.in_doubt().len() > 1 {
            self.broken(Rule::R1, "two rebalances at the same time");
        }
        Ok(stored)
    }

    fn apply(&mut self, id: Uuid, event: Event) -> Result<StoredRebalance, JournalError> {
        let place = self.rows.iter().position(|row| row.stored.id == id);
        let row =
            place.map(|place| &mut self.rows[place]).ok_or_else(|| JournalError::NotFound(id.to_string()))?;
        let before = row.stored.rebalance.state;
        row.stored.rebalance = row.stored.rebalance.step(&event)?;
        let by_a_person = matches!(event, Event::Acknowledged { .. });
        row.events.push(event);
        if self.plant == Plant::RebalanceAcknowledgesItself
            && matches!(row.stored.rebalance.outcome, Some(Outcome::Ambiguous(_)))
        {
            row.stored.rebalance.state = State::Acknowledged;
        }
        let after = row.stored.rebalance.state;
        self.trace = mix(self.trace ^ after as u64);
        if before == State::Unknown && after == State::Acknowledged && !by_a_person {
            self.broken(Rule::R3, "a doubt that no person has settled");
        }
        Ok(self.rows[place.unwrap_or_default()].stored.clone())
    }

    /// One request reaches the gateway, or not.
    fn send(&mut self, body: &[u8]) -> Option<Outcome> {
        let count = self.rows.iter().filter(|row| row.stored.rebalance.outcome.is_none()).count();
        let Some(row) = self.rows.iter_mut().rev().find(|row| row.stored.rebalance.outcome.is_none()) else {
            self.broken(Rule::R2, "a request without a row");
            return Some(Outcome::Ambiguous(Ambiguity::TimedOut));
        };
        row.requests += 1;
        let (requests, target) = (row.requests, row.stored.rebalance.terms.target.get());
        if requests > 1 || count > 1 {
            self.broken(Rule::R2, "a rebalance was sent again by itself");
        }
        let wanted = format!("{{\"targetAmount\":{}.{:02}}}", target / 100, target % 100);
        if body != wanted.as_bytes() {
            self.broken(Rule::R2, "another target on the wire");
        }
        let fault = self.fate.one_of(Group::Rebalances);
        if let Some(fault) = fault {
            self.fate.note(fault);
        }
        let problem = |status| Problem { status, code: None, title: None, detail: None };
        let told = |success| Outcome::Answered { success, message: Safe::default() };
        let (moves, outcome) = match fault {
            Some(Fault::RebalanceUnreachable) => {
                (false, Outcome::NotExecuted(NotExecuted::Unreachable(Safe::new("refused"))))
            }
            Some(Fault::RebalanceUnauthorized) => {
                (false, Outcome::NotExecuted(NotExecuted::Unauthorized(problem(401))))
            }
            Some(Fault::RebalanceRefused) => {
                (false, Outcome::NotExecuted(NotExecuted::Refused(problem(422))))
            }
            Some(Fault::RebalanceDenied) => (false, told(false)),
            Some(Fault::RebalanceTimeoutBefore) => (false, Outcome::Ambiguous(Ambiguity::TimedOut)),
            Some(Fault::RebalanceTimeoutAfter) => (true, Outcome::Ambiguous(Ambiguity::TimedOut)),
            Some(Fault::Rebalance500After) => (true, Outcome::Ambiguous(Ambiguity::Status(problem(500)))),
            Some(Fault::RebalanceCrash) => {
                self.crashed = true;
                (self.fate.random.percent(50), told(true))
            }
            _ => (true, told(true)),
        };
        if moves {
            let moved = target - self.transactional;
            self.transactional += moved;
            self.proprietary -= moved;
        }
        (!self.crashed).then_some(outcome)
    }

    fn check(&mut self) {
        for index in 0..self.rows.len() {
            let row = &self.rows[index];
            if fold(&row.events).as_ref() != Ok(&row.stored.rebalance) {
                return self.broken(Rule::R4, "a snapshot is not the fold of its events");
            }
        }
    }
}

impl Door {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ready<'a, T: Send + 'a>(result: T) -> BoxFuture<'a, T> {
        futures::future::ready(result).boxed()
    }
}

impl Gateway for Door {
    fn clock(&self) -> Option<Timestamp> {
        None
    }

    fn balance(&self) -> BoxFuture<'_, Result<Balance, ReadError>> {
        let mut desk = self.desk();
        if !desk.calm && desk.fate.hits(Fault::RebalanceBlind) {
            return Self::ready(Err(ReadError::TimedOut));
        }
        if !desk.calm && desk.fate.hits(Fault::RebalanceMoved) {
            let drift = desk.fate.random.between(-90_000, 90_000);
            desk.transactional += drift;
        }
        Self::ready(Ok(Balance {
            total: Centavos::new(desk.transactional + desk.proprietary),
            transactional: Centavos::new(desk.transactional),
            proprietary: Centavos::new(desk.proprietary),
            banks: Vec::new(),
            updated_at: None,
        }))
    }

    fn cash_out<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        Self::ready(Err(ReadError::TimedOut))
    }

    fn cash_in<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Report, ReadError>> {
        Self::ready(Err(ReadError::TimedOut))
    }

    fn send_cash_out<'a>(&'a self, _: &'a MoneyRequest) -> BoxFuture<'a, GatewayAnswer> {
        futures::future::pending().boxed()
    }

    fn send_rebalance<'a>(&'a self, order: &'a MoneyRequest) -> BoxFuture<'a, RebalanceAnswer> {
        Box::pin(async move {
            let (mut outcome, repeats) = {
                let mut desk = self.desk();
                let outcome = desk.send(&order.body);
                (outcome, desk.plant == Plant::RebalanceRepeated)
            };
            if repeats && matches!(outcome, Some(Outcome::Ambiguous(_))) {
                outcome = self.desk().send(&order.body);
            }
            match outcome {
                Some(verdict) => RebalanceAnswer { verdict, raw: None },
                None => futures::future::pending().await,
            }
        })
    }
}

impl Reader for Door {
    fn intent(&self, _: Uuid) -> Answer<'_, Option<Intent>> {
        Self::ready(Ok(None))
    }

    fn newest(&self, _: &Reference) -> Answer<'_, Option<Intent>> {
        Self::ready(Ok(None))
    }

    fn due(&self, _: Option<Timestamp>) -> Answer<'_, Vec<Intent>> {
        Self::ready(Ok(Vec::new()))
    }

    fn next_due(&self) -> Answer<'_, Option<Timestamp>> {
        Self::ready(Ok(None))
    }

    fn find(&self, _: &str) -> Answer<'_, Option<Transaction>> {
        Self::ready(Ok(None))
    }

    fn transactions(&self, _: Query) -> Answer<'_, Vec<Transaction>> {
        Self::ready(Ok(Vec::new()))
    }

    fn count(&self, _: Query, _: u32) -> Answer<'_, u32> {
        Self::ready(Ok(0))
    }

    fn at(&self, _: Timestamp) -> Answer<'_, Option<i64>> {
        Self::ready(Ok(None))
    }

    fn life(&self, _: Uuid) -> Answer<'_, Option<Life>> {
        Self::ready(Ok(None))
    }

    fn balance(&self) -> Answer<'_, Option<Reading>> {
        Self::ready(Ok(None))
    }

    fn totals(&self, _: Timestamp) -> Answer<'_, Totals> {
        Self::ready(Ok(Totals::default()))
    }

    fn balance_history(&self, _: (Timestamp, Timestamp), _: u32) -> Answer<'_, Vec<Option<Centavos>>> {
        unreachable!("no lane asks for it")
    }

    fn pace(&self, _: Timestamp) -> Answer<'_, saldo::domain::pace::Pace> {
        unreachable!("no lane asks for it")
    }

    fn conservation(&self, _: Timestamp) -> Answer<'_, Option<saldo::domain::conservation::Conservation>> {
        Box::pin(async { Ok(None) })
    }

    fn rebalances_in_doubt(&self) -> Answer<'_, Vec<StoredRebalance>> {
        Self::ready(Ok(self.desk().in_doubt()))
    }

    fn rebalance(&self, _: Uuid) -> Answer<'_, Option<StoredRebalance>> {
        Self::ready(Ok(None))
    }
}

impl Journal for Door {
    fn propose(&self, _: Proposal) -> Answer<'_, Proposed> {
        Self::ready(Err(JournalError::Closed))
    }

    fn apply(&self, _: Uuid, _: Change) -> Answer<'_, Applied> {
        Self::ready(Err(JournalError::Closed))
    }

    fn observe(&self, _: Observation) -> Answer<'_, Observed> {
        Self::ready(Err(JournalError::Closed))
    }

    fn start_rebalance(
        &self,
        id: Uuid,
        terms: Terms,
    ) -> Answer<'_, Result<StoredRebalance, StoredRebalance>> {
        Self::ready(Ok(self.desk().start(id, terms)))
    }

    fn apply_rebalance(&self, id: Uuid, event: Event) -> Answer<'_, StoredRebalance> {
        Self::ready(self.desk().apply(id, event))
    }

    fn record_balance(&self, _: Reading) -> Answer<'_, ()> {
        Self::ready(Ok(()))
    }

    fn thin_balances(&self, _: Timestamp) -> Answer<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn take_delivery(&self, _: Delivery) -> Answer<'_, i64> {
        Self::ready(Ok(0))
    }

    fn unread_deliveries(&self) -> Answer<'_, Vec<(i64, Delivery)>> {
        Self::ready(Ok(Vec::new()))
    }

    fn read_deliveries(
        &self,
        _: Vec<(i64, Contents)>,
    ) -> Answer<'_, Vec<Result<Option<Observed>, JournalError>>> {
        Self::ready(Ok(Vec::new()))
    }

    fn settle(&self) -> Answer<'_, ()> {
        Self::ready(Ok(()))
    }

    fn news(&self) -> watch::Receiver<u64> {
        watch::channel(0).1
    }
}

/// A few rebalances, one after the other and two at once, with crashes between the bytes and the answer.
pub fn run(seed: u64, plant: Plant) -> Ended {
    let kinds: Vec<(Fault, u8)> = {
        let mut random = super::fate::Random::new(seed ^ 0xba1a);
        let all = Fault::ALL.iter().filter(|fault| Group::Rebalances.0 & (1 << **fault as u8) != 0);
        all.filter(|_| random.percent(45)).map(|fault| (*fault, 110)).collect()
    };
    let mut fate = Fate::new(seed, &kinds, &[]);
    let steps = 3 + fate.random.below(5);
    let desk = Desk {
        fate,
        plant,
        rows: Vec::new(),
        transactional: 1_000_000,
        proprietary: 9_000_000,
        crashed: false,
        calm: false,
        violation: None,
        trace: seed,
    };
    let door = Door(Arc::new(Mutex::new(desk)));
    let mut step = 0;
    while step < steps {
        // A process: it ends with its runtime.
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { break };
        let rebalancer = Rebalancer::new(
            Arc::new(door.clone()) as Arc<dyn Journal>,
            Arc::new(door.clone()) as Arc<dyn Gateway>,
        );
        runtime.block_on(async {
            let _ = rebalancer.take_up_the_lost().await;
            while step < steps && !door.desk().crashed {
                step += 1;
                one_step(&door, &rebalancer).await;
                door.desk().check();
            }
        });
        door.desk().crashed = false;
    }
    let mut desk = door.desk();
    Ended { violation: desk.violation.take(), trace: desk.trace, struck: desk.fate.struck }
}

async fn one_step(door: &Door, rebalancer: &Arc<Rebalancer>) {
    let (pick, target, id) = {
        let random = &mut door.desk().fate.random;
        (
            random.below(10),
            Centavos::new(random.between(100_000, 5_000_000)),
            Uuid::from_u64_pair(9, random.next()),
        )
    };
    let person = Person { uid: 1, name: None };
    if pick < 3 {
        let doubt = door.desk().in_doubt().into_iter().next();
        if let Some(doubt) = doubt
            && rebalancer.acknowledge(doubt.id, person).await.is_ok()
        {
            door.desk().fate.note(Fault::RebalanceAcknowledged);
        }
        return;
    }
    let Ok(reviewed) = review(door, target).await else { return };
    let once = |id| rebalancer.send(id, target, &reviewed, None, person.clone());
    let other = Uuid::from_u64_pair(10, id.as_u64_pair().1);
    // Whoever presses twice, or two people at two screens.
    let both = async {
        if pick > 7 {
            let (one, two) = futures::join!(once(id), once(other));
            if matches!(one, Err(RebalanceTrouble::InDoubt(_) | RebalanceTrouble::UnderWay(_)))
                || matches!(two, Err(RebalanceTrouble::InDoubt(_) | RebalanceTrouble::UnderWay(_)))
            {
                door.desk().fate.note(Fault::RebalanceTwice);
            }
        } else if matches!(once(id).await, Err(RebalanceTrouble::Moved(_))) {
            door.desk().fate.note(Fault::RebalanceReviewed);
        }
    };
    let crash = futures::future::poll_fn(|context| {
        if door.desk().crashed {
            return std::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        std::task::Poll::Pending
    });
    futures::pin_mut!(both);
    futures::future::select(both, crash).await;
}
