//! One story from beginning to end: the real lane on an executor that does only what the story says.
//!
//! Tasks are polled when what they wait for is there, and at no other time; a crash drops them all. What the tracker, the
//! inbox and the desk do around the lane is done here with the same rules.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Once};
use std::task::{Context, Waker};

use jiff::SignedDuration;
use saldo::domain::cash_out::{Act, State};
use saldo::domain::document::Document;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Order, Reference};
use saldo::domain::person::Person;
use saldo::domain::pix_key::PixKey;
use saldo::domain::report::Source;
use saldo::engine::lane::{Lane, LaneError, LaneSettings};
use saldo::engine::message::News;
use saldo::gateway::Gateway;
use saldo::journal::{Journal, JournalError, Observation, Proposed};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Rule;
use super::doors::Sim;
use super::fate::{Fault, Group, Strike};
use super::ledger::{AMOUNT, Truth};
use super::plant::Plant;
use super::store::{Store, debt_of};
use super::story::{Action, DAY, Deed, HOUR, MINUTE, SECOND, Story};
use super::tally::Tally;
use super::world::{DOCUMENT, Happening, Violation, World};

/// Between two rounds of the tracker at least, as in the real one.
const BREATH: i64 = SECOND / 4;

/// How a task ended.
pub enum End {
    Acted(Uuid, Result<(), LaneError>),
    Decided(Deed, Box<Result<Proposed, JournalError>>),
    Declared(u8, bool, Result<(), LaneError>),
    Adopted(Deed, Result<(), LaneError>),
    Person(Deed, u32, Result<(), LaneError>),
    LookedInto(Result<(), JournalError>),
    Read(u16, Result<ReadHook, JournalError>),
    TakenUp(Result<(), JournalError>),
}

/// What became of a webhook that was read.
pub struct ReadHook {
    pub told: Option<u8>,
    pub alarms: Vec<saldo::domain::cash_out::Alarm>,
}

pub type Task = Pin<Box<dyn Future<Output = End> + Send>>;

/// A task and the payment it is at work on.
pub struct Running {
    task: Task,
    intent: Option<Uuid>,
}

/// What a story came to.
pub struct Outcome {
    pub violation: Option<Violation>,
    pub trace: u64,
    pub tally: Tally,
    pub log: Vec<String>,
    pub struck: Vec<Strike>,
}

/// How a story is run.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The rule that is taken away, if any.
    pub plant: Plant,
    /// Whether every line is kept.
    pub aloud: bool,
}

/// The debts' orders, made once a thread.
pub struct Cast {
    pub orders: Vec<Order>,
    pub other: Order,
    pub references: Vec<Reference>,
}

impl Cast {
    pub fn new() -> Self {
        let order = |amount: i64| Order {
            amount: Centavos::new(amount),
            name: "Maria Silva".to_owned(),
            document: Document::parse(DOCUMENT).expect("a valid document"),
            destination: Destination::Pix(PixKey::parse("maria@example.com", None).expect("a valid key")),
            description: None,
        };
        let references = (0..4).map(|debt| reference(&format!("debt-{debt}"))).collect();
        Self { orders: (0..4).map(|_| order(AMOUNT)).collect(), other: order(77), references }
    }
}

pub fn reference(text: &str) -> Reference {
    Reference::parse(text).expect("a valid reference")
}

pub fn person(uid: u32) -> Person {
    Person { uid, name: None }
}

pub struct Run<'a> {
    pub sim: Sim,
    pub cast: &'a Cast,
    pub actions: Vec<Action>,
    pub diligent: bool,
    pub lane: Option<Arc<Lane>>,
    pub news: Option<mpsc::Receiver<News>>,
    pub tasks: Vec<Option<Running>>,
    pub taking_up: bool,
    pub tick_after: i64,
    /// Webhooks that are durable and not read.
    pub inbox: Vec<u16>,
    pub acknowledged: Vec<Uuid>,
    pub ids: u64,
    pub over: bool,
    pub restored: bool,
}

thread_local! {
    /// A panic of this thread is a broken rule, with its words in the report.
    static IN_A_STORY: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics inside stories off the screen; all others are shown as ever.
fn be_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IN_A_STORY.get() {
                usual(panic);
            }
        }));
    });
}

/// Runs a story.
pub fn run(story: &Story, cast: &Cast, settings: Settings) -> Outcome {
    let mut world = World::new(story, settings.plant);
    if settings.aloud {
        world.log = Some(Vec::new());
        world.fate.told = Some(Vec::new());
    }
    for (index, action) in story.actions.iter().enumerate() {
        world.at(action.at, Happening::Act(index as u16));
    }
    world.at(story.calm_at, Happening::Calm);
    let mut run = Run {
        sim: Sim::new(world),
        cast,
        actions: story.actions.clone(),
        diligent: story.diligent,
        lane: None,
        news: None,
        tasks: Vec::with_capacity(8),
        taking_up: false,
        tick_after: 0,
        inbox: Vec::new(),
        acknowledged: Vec::with_capacity(4),
        ids: 0,
        over: false,
        restored: false,
    };
    be_quiet();
    IN_A_STORY.set(true);
    // A release assertion of the core ends the story as any other broken rule does.
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.go()));
    IN_A_STORY.set(false);
    // Tasks hold the world; what is left of it is taken out.
    run.tasks.clear();
    run.lane = None;
    let mut world = run.sim.world();
    if let Err(panic) = ended {
        let what = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_default();
        world.broken(Rule::C1, |_| what);
    }
    world.tally.stories = 1;
    if story.rebalances && world.violation.is_none() {
        let ended = super::rebalance::run(story.seed, settings.plant);
        world.mark(ended.trace);
        world.tally.add_strikes(&ended.struck);
        if let Some(violation) = ended.violation {
            world.broken(violation.rule, |_| violation.what);
        }
    }
    let struck = world.fate.struck;
    world.tally.add_strikes(&struck);
    Outcome {
        violation: world.violation.take(),
        trace: world.trace,
        tally: std::mem::take(&mut world.tally),
        log: world.log.take().unwrap_or_default(),
        struck: world.fate.told.take().unwrap_or_default(),
    }
}

/// A story that takes more steps has no end. Weeks with a full journal, tried every two seconds, stay below.
const MOST_STEPS: u32 = 2_000_000;

impl Run<'_> {
    fn go(&mut self) {
        self.start();
        let mut steps = 0_u32;
        while !self.over && self.sim.world().violation.is_none() {
            steps += 1;
            if steps > MOST_STEPS {
                self.sim.world().broken(Rule::S2, |_| "the story does not come to rest".to_owned());
                return;
            }
            self.next();
            self.drain();
        }
        if self.sim.world().violation.is_none() {
            let acknowledged = std::mem::take(&mut self.acknowledged);
            self.sim.world().check_the_end(&acknowledged);
        }
    }

    /// Lets the earliest thing happen.
    fn next(&mut self) {
        let tick = self.next_tick();
        let (queued, now) = {
            let world = self.sim.world();
            (world.next_at(), world.now)
        };
        match (tick, queued) {
            (Some(tick), queued) if queued.is_none_or(|at| tick < at) => {
                self.sim.world().now = tick.max(now);
                self.tick();
            }
            (_, Some(_)) => self.happen(),
            (Some(_) | None, None) => self.over = true,
        }
        self.rest();
    }

    /// When the tracker wakes up next.
    fn next_tick(&self) -> Option<i64> {
        let lane = self.lane.as_ref().filter(|_| !self.taking_up)?;
        let world = self.sim.world();
        let mut is_paused = None;
        let mut first: Option<i64> = None;
        for record in &world.store.records {
            let Some(wake) = record.wake else { continue };
            let at = world.when_wall_shows(wake);
            if first.is_some_and(|first| first <= at) || self.is_at_work(record.intent.id) {
                continue;
            }
            let sends = matches!(record.intent.cash_out.state, State::Approved | State::Unknown)
                && record.intent.cash_out.plan().is_some_and(|plan| plan.act == Act::Send);
            if sends && *is_paused.get_or_insert_with(|| lane.paused().is_some()) {
                continue;
            }
            first = Some(at);
        }
        first.map(|at| at.max(world.now).max(self.tick_after).max(world.asleep_until))
    }

    pub fn is_at_work(&self, id: Uuid) -> bool {
        self.tasks.iter().flatten().any(|running| running.intent == Some(id))
    }

    /// The tracker's round: everything that is due by its plan; nothing is sent while the lane is paused.
    fn tick(&mut self) {
        let Some(lane) = self.lane.clone() else { return };
        let (due, now) = {
            let mut world = self.sim.world();
            world.mark(1);
            self.tick_after = world.now + BREATH;
            let wall = world.wall();
            let due: Vec<(Uuid, Act)> = world
                .store
                .records
                .iter()
                .filter(|record| record.wake.is_some_and(|wake| wake <= wall.as_microsecond()))
                .filter_map(|record| {
                    let plan = record.intent.cash_out.plan().filter(|plan| plan.at <= wall)?;
                    Some((record.intent.id, plan.act))
                })
                .collect();
            (due, world.now)
        };
        let _ = now;
        for (id, act) in due {
            if act == Act::Send && lane.paused().is_some() || self.is_at_work(id) {
                continue;
            }
            self.act(&lane, id, act);
        }
    }

    pub fn act(&mut self, lane: &Arc<Lane>, id: Uuid, act: Act) {
        let lane = Arc::clone(lane);
        let task = Box::pin(async move { End::Acted(id, lane.perform(id, act).await.map(drop)) });
        self.spawn(task, Some(id));
    }

    pub fn spawn(&mut self, task: Task, intent: Option<Uuid>) {
        let slot = match self.tasks.iter().position(Option::is_none) {
            Some(slot) => slot,
            None => {
                self.tasks.push(None);
                self.tasks.len() - 1
            }
        };
        self.tasks[slot] = Some(Running { task, intent });
        self.poll(slot);
    }

    /// Polls a task once. A crash that it runs into is dealt with at once.
    fn poll(&mut self, slot: usize) {
        self.sim.world().current = slot as u32;
        let Some(running) = self.tasks.get_mut(slot).and_then(Option::as_mut) else { return };
        let polled = running.task.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let std::task::Poll::Ready(end) = polled {
            self.tasks[slot] = None;
            self.ended(end);
        }
        if self.sim.world().crash {
            self.crash();
        }
    }

    /// Polls whatever waits no longer.
    fn drain(&mut self) {
        loop {
            let next = self.sim.world().ready.pop();
            let Some(slot) = next else { return };
            self.poll(slot as usize);
        }
    }

    fn happen(&mut self) {
        let (at, what) = {
            let mut world = self.sim.world();
            let Some((at, what)) = world.pop() else { return };
            let of_the_desk = matches!(what, Happening::Resolve(_) | Happening::Act(_) | Happening::Restart);
            if of_the_desk && at < world.asleep_until {
                if let Happening::Resolve(op) = what {
                    let slept = world.asleep_until - at > 20 * SECOND;
                    world.ops[op as usize].slept |= slept;
                }
                let later = world.asleep_until;
                world.at(later, what);
                return;
            }
            world.now = world.now.max(at);
            (at, what)
        };
        match what {
            Happening::Resolve(op) => {
                let mut world = self.sim.world();
                world.ops[op as usize].is_done = true;
                let task = world.ops[op as usize].task;
                // The slot may have gone to another task since a crash: an extra poll does no harm.
                world.ready.push(task);
            }
            Happening::Late(index) => self.sim.world().late(index),
            Happening::Settle(order) => self.sim.world().settle(order),
            Happening::CompleteLate(order) => self.sim.world().complete_late(order),
            Happening::Refund(order, parts) => self.sim.world().refund(order, parts),
            Happening::Hook(hook) => self.hook(hook),
            Happening::Act(index) => self.deed(index, at),
            Happening::Crash(life) => {
                let strikes = {
                    let world = self.sim.world();
                    world.is_up && world.life == life
                };
                if strikes {
                    self.crash();
                }
            }
            Happening::Restart => {
                if self.lane.is_none() {
                    self.start();
                }
            }
            Happening::Polled(life) => self.sim.world().polled(life),
            Happening::Mend => {
                let mut world = self.sim.world();
                world.wall_off = 0;
                world.date_off = 0;
            }
            Happening::Calm => self.calm(),
        }
    }

    // The process.

    fn start(&mut self) {
        let sim = self.sim.clone();
        let resend_window = {
            let mut world = sim.world();
            world.start_process();
            world.say(|world| format!("saldo starts for the {}. time", world.life));
            if world.plant == Plant::NoWindow { 300 * DAY } else { world.resend_window }
        };
        let (sender, news) = mpsc::channel(64);
        let settings = LaneSettings {
            client_id: "48213".to_owned(),
            resend_window: SignedDuration::from_micros(resend_window),
            webhook_url: None,
            keep_offering: None,
        };
        let sim = Arc::new(sim);
        let lane = Lane::new(
            Arc::clone(&sim) as Arc<dyn Journal>,
            Arc::clone(&sim) as Arc<dyn Gateway>,
            sim,
            settings,
            Some(sender),
        );
        self.lane = Some(Arc::clone(&lane));
        self.news = Some(news);
        self.taking_up = true;
        self.spawn(Box::pin(async move { End::TakenUp(lane.take_up_the_lost().await) }), None);
    }

    fn crash(&mut self) {
        self.hear();
        self.stop();
        let lost = {
            let mut world = self.sim.world();
            world.tally.crashes += 1;
            world.say(|_| "saldo ends at once".to_owned());
            let (now, plant) = (world.now, world.plant);
            world.store.lose_what_is_not_durable(now, plant);
            if world.fate.hits(Fault::Reboot) {
                world.boot();
                world.say(|_| "* the machine starts anew".to_owned());
            }
            let lost = if world.is_calm { None } else { world.fate.one_of(Group::Loss) };
            match lost {
                Some(fault) if world.store.commits() == 0 => {
                    let _ = fault;
                    None
                }
                Some(Fault::JournalRestored) => {
                    world.hit(Fault::JournalRestored);
                    let count = world.fate.random.between(1, 6) as usize;
                    world.store.lose_the_last(count, plant);
                    Some(Fault::JournalRestored)
                }
                Some(Fault::JournalLost) => {
                    world.hit(Fault::JournalLost);
                    world.store = Store::default();
                    Some(Fault::JournalLost)
                }
                _ => None,
            }
        };
        if lost.is_some() {
            self.restored = true;
            let mut world = self.sim.world();
            for debt in &mut world.debts {
                debt.journal_lost |= debt.decided;
            }
            self.acknowledged.retain(|id| world.store.position(*id).is_some());
            if lost == Some(Fault::JournalLost) {
                self.inbox.clear();
            }
            // Whoever knows of a debt enters it again, sooner or later.
            let missing: Vec<u8> = (0..4)
                .filter(|debt| {
                    let truth = world.debts[usize::from(*debt)];
                    truth.decided && !truth.comes_again && world.store.newest_of_debt(*debt).is_none()
                })
                .collect();
            for debt in missing {
                world.debts[usize::from(debt)].comes_again = true;
                let at = world.now + world.fate.random.between(MINUTE, HOUR);
                self.actions.push(Action { at, debt, person: 1, deed: Deed::Pay });
                world.at(at, Happening::Act(self.actions.len() as u16 - 1));
            }
        }
        let mut world = self.sim.world();
        let down = match world.fate.random.below(10) {
            0..7 => world.fate.random.between(SECOND / 2, 10 * SECOND),
            7..9 => world.fate.random.between(10 * SECOND, 10 * MINUTE),
            _ if world.is_calm => MINUTE,
            _ => world.fate.random.between(10 * MINUTE, 8 * HOUR),
        };
        world.after(down, Happening::Restart);
    }

    pub fn stop(&mut self) {
        self.tasks.clear();
        self.lane = None;
        self.news = None;
        self.taking_up = false;
        let mut world = self.sim.world();
        world.is_up = false;
        world.crash = false;
        world.ready.clear();
    }

    /// All trouble ends; people care for the rest.
    fn calm(&mut self) {
        let mut world = self.sim.world();
        world.say(|_| "calm".to_owned());
        world.is_calm = true;
        world.fate.enabled = 0;
        world.auth_streak = 0;
        world.full_until = 0;
        world.after(0, Happening::Mend);
        if !world.is_up {
            world.after(SECOND, Happening::Restart);
        }
        let mut add = |wait: i64, debt: u8, person: u32, deed: Deed| {
            self.actions.push(Action { at: world.now + wait, debt, person, deed });
            world.after(wait, Happening::Act(self.actions.len() as u16 - 1));
        };
        // A lane may be paused once more by a reading from before the clocks were set right.
        add(2 * SECOND, 0, 1, Deed::Resume);
        add(2 * MINUTE, 0, 1, Deed::Resume);
        add(2 * HOUR, 0, 1, Deed::Resume);
        add(DAY, 0, 1, Deed::Resume);
        if self.diligent {
            for debt in 0..4 {
                for day in [3, 5] {
                    add(day * DAY, debt, 1, Deed::Adopt);
                    add(day * DAY + HOUR, debt, 1, Deed::Declare);
                    add(day * DAY + 2 * HOUR, debt, 2, Deed::Declare);
                }
            }
        }
    }

    /// What the desk has told people by now.
    fn hear(&mut self) {
        let mut world = self.sim.world();
        let Some(news) = &mut self.news else { return };
        while let Ok(news) = news.try_recv() {
            if let News::Alarm { alarm, intent } = news {
                world.rang(debt_of(intent.reference.as_str()), alarm);
                world.tally.alarms.1 += 1;
            }
        }
    }

    /// After everything that happened: does each payment that is open have something to wake it, is all at rest?
    fn rest(&mut self) {
        self.hear();
        let mut world = self.sim.world();
        if world.is_up && !self.taking_up {
            for index in 0..world.store.records.len() {
                let record = &world.store.records[index];
                let pay = &record.intent.cash_out;
                if !pay.on_the_wire && (pay.state.is_final() || record.wake.is_some()) {
                    continue;
                }
                let id = record.intent.id;
                if pay.on_the_wire && self.tasks.iter().flatten().any(|running| running.intent == Some(id)) {
                    continue;
                }
                let rule = if pay.on_the_wire { Rule::S3 } else { Rule::I12 };
                let what =
                    format!("{} is {} and nothing will wake it", record.intent.reference, pay.state.as_str());
                world.broken(rule, |_| what);
            }
        }
        if world.is_calm && world.is_quiet() && self.tasks.iter().all(Option::is_none) && self.lane.is_some()
        {
            let at_rest = world.store.records.iter().all(|record| {
                record.wake.is_none()
                    || record.reminders >= 3
                        && record.intent.cash_out.plan().is_some_and(|plan| plan.act == Act::Remind)
            });
            self.over |= at_rest;
        }
    }

    // Webhooks.

    /// A webhook comes: it is durable before it is answered, and read afterwards.
    fn hook(&mut self, index: u16) {
        let is_here = {
            let mut world = self.sim.world();
            let is_here = world.is_up && world.now >= world.asleep_until && world.full_until <= world.now;
            let hook = &mut world.hooks[usize::from(index)];
            if !is_here {
                hook.tries += 1;
                let tries = hook.tries;
                if tries < 12 {
                    world.hit(Fault::HookWhileDown);
                    world.after(MINUTE << tries.min(7), Happening::Hook(index));
                }
                false
            } else if self.inbox.contains(&index) {
                false
            } else {
                let hook = *hook;
                if hook.fault == Some(Fault::HookFalseFailed) {
                    let order = &world.ledger.orders[usize::from(hook.order)];
                    if !matches!(order.truth, Truth::Processing | Truth::Completed) {
                        return;
                    }
                }
                true
            }
        };
        if is_here {
            self.inbox.push(index);
            self.read(index);
        }
    }

    /// As the engine's inbox does: by the machine's own clock, ringing what it raised.
    pub fn read(&mut self, index: u16) {
        let sim = self.sim.clone();
        let (report, on_the_wire, expected) = {
            let mut world = self.sim.world();
            let hook = world.hooks[usize::from(index)];
            let report = world.hook_report(hook);
            let known =
                report.external_reference.as_ref().and_then(|told| world.store.by_reference(told.as_str()));
            let on_the_wire =
                known.is_some_and(|index| world.store.records[index].intent.cash_out.on_the_wire);
            if on_the_wire {
                world.hit(Fault::HookBefore202);
            }
            world.say(|_| format!("webhook: {} of order c{}", report.status.as_wire(), hook.order));
            (report, on_the_wire, known.is_some())
        };
        let _ = on_the_wire;
        let task = Box::pin(async move {
            let (at, new_id) = {
                let world = sim.world();
                (world.moment(), Uuid::from_u64_pair(0x400c, u64::from(index)))
            };
            let observation = Observation { report, source: Source::Webhook, happened_at: None, at, new_id };
            let observed = sim.observe(observation).await;
            End::Read(
                index,
                observed.map(|observed| {
                    if expected && observed.applied.is_none() {
                        sim.world().broken(Rule::M2, |_| {
                            "a webhook with a reference of ours did not reach its payment".to_owned()
                        });
                    }
                    match observed.applied {
                        Some(applied) => ReadHook {
                            told: Some(debt_of(applied.intent.reference.as_str())),
                            alarms: applied.alarms,
                        },
                        None => ReadHook { told: None, alarms: Vec::new() },
                    }
                }),
            )
        });
        self.spawn(task, None);
    }
}
