//! Everything but the code under test: time, the clocks, the gateway's truth, the journal's content, the wire.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use jiff::Timestamp;
use saldo::domain::attempt::{Ambiguity, GatewayIds, NotExecuted, Problem, Verdict};
use saldo::domain::cash_out::Alarm;
use saldo::domain::moment::{BootTime, Moment};
use saldo::domain::report::{Report, Status};
use saldo::domain::text::Safe;
use saldo::gateway::{MoneyRequest, ReadError};
use uuid::Uuid;

use super::fate::{Fate, Fault, Group};
use super::ledger::{AMOUNT, Decided, Ledger, Truth};
use super::plant::Plant;
use super::store::{Store, debt_of};
use super::story::{Clocked, DAY, HOUR, MINUTE, SECOND, Story};
use super::tally::Tally;

/// 2027-01-15 in microseconds since 1970: when every story begins.
const EPOCH: i64 = 1_800_000_000 * SECOND;

/// The payee's document in every story.
pub const DOCUMENT: &str = "52998224725";

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: &'static str,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.rule, self.what)
    }
}

/// Something that happens at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// What somebody waits for is there.
    Resolve(u32),
    /// An order reaches the gateway after its connection died.
    Late(u32),
    Settle(u16),
    /// A FAILED order is paid after all.
    CompleteLate(u16),
    Refund(u16, u8),
    Hook(u16),
    Act(u16),
    Crash(u32),
    Restart,
    /// The first balance of this process was read.
    Polled(u32),
    /// The clocks are set right.
    Mend,
    Calm,
}

#[derive(PartialEq, Eq)]
struct Entry {
    at: i64,
    seq: u32,
    what: Happening,
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.seq).cmp(&(other.at, other.seq))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Something that a task waits for.
#[derive(Debug, Clone, Copy)]
pub struct Op {
    pub task: u32,
    pub is_done: bool,
    /// The machine slept meanwhile.
    pub slept: bool,
}

/// A webhook on its way.
#[derive(Debug, Clone, Copy)]
pub struct Hook {
    pub order: u16,
    status: HookStatus,
    refunds: u8,
    pub fault: Option<Fault>,
    pub tries: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HookStatus {
    Completed,
    Failed,
    Cancelled,
    Refunded,
}

/// An order that is somewhere between the wire and the gateway.
struct Late {
    reference: String,
    key: Option<Uuid>,
    has_arrived: bool,
}

/// What came back over the wire; [`Wire::verdict`] is the table of the answers.
pub enum Wire {
    NotSent(NotExecuted),
    Lost(Ambiguity),
    Accepted(Safe),
    /// A success that cannot be read, or one that is not documented.
    Illegible(u16),
    /// 5xx, or no problem+json.
    Bare(u16),
    Problem(u16, &'static str),
    Conflict,
    TooMany(Option<u32>),
}

/// What is known of a debt's money.
#[derive(Debug, Clone, Copy, Default)]
pub struct DebtTruth {
    /// Payments that left the wallet.
    pub paid: u8,
    /// People declared something that was not so.
    pub false_declaration: bool,
    /// The journal was lost or restored while the debt was known.
    pub journal_lost: bool,
    /// What people were told, one bit an alarm.
    pub alarms: u32,
    /// Another program uses the same reference.
    pub stranger: bool,
    /// Somebody has decided to pay it.
    pub decided: bool,
    /// Somebody is about to enter it again.
    pub comes_again: bool,
    /// A payment of it was declared not paid.
    pub declared: bool,
}

pub struct World {
    /// The true time, in microseconds since the story began.
    pub now: i64,
    pub wall_off: i64,
    boot_at: i64,
    boot_id: u64,
    pub date_off: i64,
    date_seen: bool,
    pub fate: Fate,
    pub store: Store,
    pub ledger: Ledger,
    queue: BinaryHeap<Reverse<Entry>>,
    seq: u32,
    pub ops: Vec<Op>,
    pub current: u32,
    pub ready: Vec<u32>,
    pub crash: bool,
    /// The how-manieth process this is.
    pub life: u32,
    pub is_up: bool,
    pub is_calm: bool,
    pub full_until: i64,
    pub asleep_until: i64,
    pub hooks: Vec<Hook>,
    late: Vec<Late>,
    pub debts: [DebtTruth; 4],
    /// How each debt is decided: whether as a draft, and by how many checkers.
    pub agreed: [Option<(bool, u8)>; 4],
    pub plant: Plant,
    pub violation: Option<Violation>,
    /// Rules whose breaks are counted and not reported.
    pub tolerated: &'static [&'static str],
    pub log: Option<Vec<String>>,
    pub trace: u64,
    pub tally: Tally,
    pub resend_window: i64,
    /// The machine was started anew: times by its own clock cannot be compared with those from before.
    pub was_booted: bool,
    /// How often each bad answer is repeated before the gateway recovers.
    pub auth_streak: u8,
}

impl World {
    pub fn new(story: &Story, plant: Plant, tolerated: &'static [&'static str]) -> Self {
        let mut fate = Fate::new(story.seed, &story.kinds, &story.withheld);
        let mut ledger = Ledger::default();
        if fate.strikes(Fault::KeyForgottenAtOnce) {
            ledger.traits.key_life = Some(0);
        } else if fate.strikes(Fault::KeyForgottenSoon) {
            ledger.traits.key_life = Some(fate.random.between(SECOND, HOUR));
        }
        ledger.traits.caches_errors = fate.strikes(Fault::ErrorCached);
        ledger.traits.masks = fate.strikes(Fault::DocumentMasked);
        ledger.traits.funds_first = fate.strikes(Fault::FundsFirst);
        let mut agreed = [None; 4];
        for debt in &story.debts {
            agreed[usize::from(debt.number)] = Some((debt.is_draft, debt.approvals));
        }
        Self {
            now: 0,
            agreed,
            wall_off: 0,
            boot_at: -DAY,
            boot_id: 1,
            date_off: 0,
            date_seen: false,
            fate,
            store: Store::default(),
            ledger,
            queue: BinaryHeap::with_capacity(32),
            seq: 0,
            ops: Vec::with_capacity(32),
            current: 0,
            ready: Vec::with_capacity(8),
            crash: false,
            life: 0,
            is_up: false,
            is_calm: false,
            full_until: 0,
            asleep_until: 0,
            hooks: Vec::with_capacity(8),
            late: Vec::new(),
            debts: [DebtTruth::default(); 4],
            plant,
            violation: None,
            tolerated,
            log: None,
            trace: story.seed,
            tally: Tally::default(),
            resend_window: HOUR,
            was_booted: false,
            auth_streak: 0,
        }
    }

    pub fn say(&mut self, text: impl FnOnce(&Self) -> String) {
        if self.log.is_some() {
            let line = format!("{}  {}", Clocked(self.now), text(self));
            self.log.get_or_insert_default().push(line);
        }
    }

    /// Folds a number into the trace.
    pub const fn mark(&mut self, value: u64) {
        self.trace = (self.trace ^ value).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
    }

    pub fn broken(&mut self, rule: &'static str, what: impl FnOnce(&Self) -> String) {
        if self.tolerated.contains(&rule) {
            self.tally.tolerate(rule);
            return;
        }
        if self.violation.is_none() {
            let what = what(self);
            self.say(|_| format!("BROKEN {rule}: {what}"));
            self.violation = Some(Violation { rule, what });
        }
    }

    pub fn hit(&mut self, fault: Fault) {
        self.fate.note(fault);
        self.say(|_| format!("* {}", fault.words()));
    }

    // Time.

    pub fn wall(&self) -> Timestamp {
        stamp(EPOCH + self.now + self.wall_off)
    }

    /// When the wall clock will show this, if nobody moves it.
    pub const fn when_wall_shows(&self, micros: i64) -> i64 {
        micros - EPOCH - self.wall_off
    }

    pub fn moment(&self) -> Moment {
        let boot = (self.plant != Plant::WallClockOnly).then(|| BootTime {
            id: Uuid::from_u64_pair(0, self.boot_id),
            millis: (self.now - self.boot_at) / 1000,
        });
        Moment { at: self.wall(), boot, gateway: None }
    }

    pub fn date(&self) -> Option<Timestamp> {
        if self.plant == Plant::WallClockOnly {
            return None;
        }
        // Polls of the balance keep it fresh while the process is up.
        self.date_seen.then(|| stamp(EPOCH + self.now + self.date_off))
    }

    const fn saw_date(&mut self) {
        self.date_seen = true;
    }

    pub fn at(&mut self, at: i64, what: Happening) {
        self.seq += 1;
        self.queue.push(Reverse(Entry { at, seq: self.seq, what }));
    }

    pub fn after(&mut self, wait: i64, what: Happening) {
        self.at(self.now + wait, what);
    }

    pub fn next_at(&self) -> Option<i64> {
        self.queue.peek().map(|Reverse(entry)| entry.at)
    }

    pub fn pop(&mut self) -> Option<(i64, Happening)> {
        self.queue.pop().map(|Reverse(entry)| (entry.at, entry.what))
    }

    pub fn is_quiet(&self) -> bool {
        self.queue.is_empty()
    }

    // Waiting.

    /// The present task waits so long.
    pub fn wait(&mut self, micros: i64) -> u32 {
        let op = self.never();
        self.after(micros, Happening::Resolve(op));
        op
    }

    /// The present task waits for ever: its process is about to end.
    pub fn never(&mut self) -> u32 {
        let op = self.ops.len() as u32;
        self.ops.push(Op { task: self.current, is_done: false, slept: false });
        op
    }

    // The process.

    pub fn start_process(&mut self) {
        self.is_up = true;
        self.life += 1;
        self.date_seen = false;
        // The first poll of the balance tells the gateway's time.
        self.after(2 * SECOND, Happening::Polled(self.life));
    }

    /// The balance was polled: the gateway's `Date` is known.
    pub const fn polled(&mut self, life: u32) {
        if self.is_up && self.life == life {
            self.date_seen = true;
        }
    }

    pub const fn boot(&mut self) {
        self.boot_id += 1;
        self.boot_at = self.now;
        self.was_booted = true;
    }

    // The gateway.

    /// An order leaves, or not. Gives the answer and how long it takes; `None` where no answer will ever be read.
    pub fn launch(&mut self, request: &MoneyRequest) -> (Wire, i64) {
        let latency = self.fate.random.between(20_000, 300_000);
        let fault = if self.auth_streak > 0 {
            self.auth_streak -= 1;
            Some(Fault::UnauthorizedTwice)
        } else {
            self.fate.one_of(Group::Wire)
        };
        if let Some(fault) = fault
            && let Some(not_sent) = self.not_sent(fault)
        {
            self.hit(fault);
            let wait = if fault == Fault::SleptBeforeFirstByte { self.fall_asleep() } else { latency };
            return (Wire::NotSent(not_sent), wait);
        }
        let (reference, key) = self.as_sent(request);
        self.check_request(request, &reference, key);
        self.mark(latency as u64);
        if self.plant == Plant::SentTwice {
            self.check_request(request, &reference, key);
        }
        let (wire, wait) = self.answer(fault, &reference, key, latency);
        self.say(|_| format!("POST {reference} -> {wire}, after {} ms", wait / 1000));
        if !matches!(wire, Wire::Lost(_)) {
            self.saw_date();
        }
        let proven = matches!(wire, Wire::Problem(400 | 422, code) if code != "INVALID_SIGNATURE" && code != "IDEMPOTENCY_KEY_IN_USE");
        let known = request.reference.as_deref().and_then(|reference| self.store.by_reference(reference));
        if let Some(row) = known.and_then(|index| self.store.records[index].rows.last_mut()) {
            row.proven = proven;
        }
        (wire, wait)
    }

    fn not_sent(&mut self, fault: Fault) -> Option<NotExecuted> {
        Some(match fault {
            Fault::Dns => NotExecuted::Unreachable(Safe::new("no such host")),
            Fault::Refused => NotExecuted::Unreachable(Safe::new("connection refused")),
            Fault::Tls => NotExecuted::Unreachable(Safe::new("TLS")),
            Fault::NoToken => NotExecuted::NoToken(Safe::new("500")),
            Fault::SleptBeforeFirstByte => NotExecuted::TooLate,
            Fault::SkewSeen => NotExecuted::ClockSkew { seconds_ahead: 400 },
            _ => return None,
        })
    }

    fn fall_asleep(&mut self) -> i64 {
        let nap = self.fate.random.between(MINUTE, 2 * HOUR);
        self.asleep_until = self.asleep_until.max(self.now + nap);
        nap
    }

    /// What a planted bug makes of a request on its way.
    fn as_sent(&self, request: &MoneyRequest) -> (String, Option<Uuid>) {
        let reference = request.reference.clone().unwrap_or_default();
        let number = || {
            let known = self.store.by_reference(&reference);
            known.map_or(0, |index| self.store.records[index].rows.len())
        };
        match self.plant {
            Plant::ReferencePerAttempt if number() > 1 => {
                (format!("{reference}-{}", number()), Some(Uuid::from_u64_pair(7, number() as u64)))
            }
            Plant::KeyPerAttempt if number() > 1 => {
                (reference.clone(), Some(Uuid::from_u64_pair(7, number() as u64)))
            }
            _ => (reference, request.idempotency_key),
        }
    }

    fn answer(
        &mut self,
        fault: Option<Fault>,
        reference: &str,
        key: Option<Uuid>,
        latency: i64,
    ) -> (Wire, i64) {
        const TIMEOUT: i64 = 30 * SECOND;
        let Some(fault) = fault else { return self.process(reference, key, latency) };
        let lost = |reset: bool| {
            let doubt = if reset { Ambiguity::Cut(Safe::new("reset")) } else { Ambiguity::TimedOut };
            (Wire::Lost(doubt), if reset { latency } else { TIMEOUT })
        };
        let wire = match fault {
            Fault::TimeoutBefore => lost(false),
            Fault::ResetBefore => lost(true),
            Fault::MinutesLate | Fault::HoursLate => {
                let wait = if fault == Fault::MinutesLate {
                    self.fate.random.between(MINUTE, 50 * MINUTE)
                } else {
                    self.fate.random.between(HOUR, 20 * HOUR)
                };
                self.late.push(Late { reference: reference.to_owned(), key, has_arrived: false });
                self.after(wait, Happening::Late(self.late.len() as u32 - 1));
                lost(self.fate.random.percent(50))
            }
            Fault::Error500Before => (Wire::Bare(500), latency),
            Fault::Error502Before => (Wire::Bare(502), latency),
            Fault::HtmlBefore => (Wire::Bare(503), latency),
            Fault::Bare400 => (Wire::Bare(400), latency),
            Fault::Redirect302 => (Wire::Illegible(302), latency),
            Fault::UnauthorizedTwice => {
                if self.auth_streak == 0 && self.fate.random.percent(60) {
                    self.auth_streak = 1;
                }
                (Wire::Problem(401, "TOKEN_EXPIRED"), latency)
            }
            Fault::Unauthorized => (Wire::Problem(401, "TOKEN_EXPIRED"), latency),
            Fault::Forbidden => (Wire::Problem(403, "FORBIDDEN"), latency),
            Fault::InvalidSignature => (Wire::Problem(422, "INVALID_SIGNATURE"), latency),
            Fault::TooMany => (Wire::TooMany(None), latency),
            Fault::TooManyWait => (Wire::TooMany(Some(self.fate.random.between(1, 900) as u32)), latency),
            Fault::Refused400 | Fault::Refused422 => {
                if self.ledger.by_reference(reference).is_some() {
                    // The gateway refuses nothing that it has taken, but for the trait that looks at the funds first.
                    return self.process(reference, key, latency);
                }
                if self.ledger.traits.caches_errors {
                    self.hit(Fault::ErrorCached);
                    self.ledger.keep(self.now, key, None);
                }
                let (status, code) = if fault == Fault::Refused400 {
                    (400, "VALIDATION")
                } else {
                    (422, "INSUFFICIENT_FUNDS")
                };
                (Wire::Problem(status, code), latency)
            }
            Fault::KeyInUse => {
                if self.ledger.by_reference(reference).is_none() {
                    return self.process(reference, key, latency);
                }
                (Wire::Problem(422, "IDEMPOTENCY_KEY_IN_USE"), latency)
            }
            after => {
                let (wire, _) = self.process(reference, key, latency);
                let Wire::Accepted(_) = wire else { return (wire, latency) };
                match after {
                    Fault::TimeoutAfter => lost(false),
                    Fault::ResetAfter => lost(true),
                    Fault::Error500After => (Wire::Bare(500), latency),
                    Fault::Error502After => (Wire::Bare(502), latency),
                    Fault::HtmlAfter => (Wire::Bare(503), latency),
                    Fault::Illegible202 | Fault::OtherReference202 => (Wire::Illegible(202), latency),
                    Fault::Ok200 => (Wire::Illegible(200), latency),
                    Fault::NoContent204 => (Wire::Illegible(204), latency),
                    Fault::Disagrees => (Wire::Bare(422), latency),
                    _ => (wire, latency),
                }
            }
        };
        self.hit(fault);
        wire
    }

    /// The gateway reads an order.
    fn process(&mut self, reference: &str, key: Option<Uuid>, latency: i64) -> (Wire, i64) {
        let debt = debt_of(reference);
        if self.ledger.by_reference(reference).is_none() && self.fate.hits(Fault::Stranger) {
            let order = self.ledger.open(reference, debt, false);
            self.debts[usize::from(debt)].stranger = true;
            self.say(|_| format!("a stranger ordered {reference} just before"));
            self.opened(order);
        }
        let order = match self.ledger.decide(self.now, key, reference, debt) {
            Decided::New(order) => {
                self.opened(order);
                order
            }
            Decided::Replayed(order) => {
                self.hit(Fault::Replayed);
                order
            }
            Decided::RefusedFromCache => {
                self.hit(Fault::ErrorCached);
                return (Wire::Problem(422, "INSUFFICIENT_FUNDS"), latency);
            }
            Decided::NoFunds => {
                self.hit(Fault::FundsFirst);
                return (Wire::Problem(422, "INSUFFICIENT_FUNDS"), latency);
            }
            Decided::Conflict { ours } => {
                if ours {
                    self.hit(Fault::ConflictAfterOurs);
                    match self.ledger.traits.key_life {
                        Some(0) => self.hit(Fault::KeyForgottenAtOnce),
                        Some(_) => self.hit(Fault::KeyForgottenSoon),
                        None => {}
                    }
                } else {
                    self.hit(Fault::ConflictOfStranger);
                }
                return (Wire::Conflict, latency);
            }
        };
        let slow =
            self.ledger.orders[order].truth == Truth::Processing && self.fate.strikes(Fault::HookBefore202);
        let wait = if slow { self.fate.random.between(SECOND, 25 * SECOND) } else { latency };
        (Wire::Accepted(self.ledger.orders[order].code.clone()), wait)
    }

    /// An order that was on its way for long.
    pub fn late(&mut self, index: u32) {
        let late = &mut self.late[index as usize];
        late.has_arrived = true;
        let (reference, key) = (late.reference.clone(), late.key);
        self.say(|_| format!("an order for {reference} reaches the gateway at last"));
        let _ = self.process(&reference, key, 0);
    }

    /// Whether an order with this reference is still on its way.
    pub fn is_late(&self, reference: &str) -> bool {
        self.late.iter().any(|late| !late.has_arrived && late.reference == reference)
    }

    /// The gateway has taken an order: what will become of it?
    fn opened(&mut self, order: usize) {
        let random = &mut self.fate.random;
        let wait = match random.below(100) {
            0..62 => random.between(SECOND / 5, 4 * SECOND),
            62..88 => random.between(4 * SECOND, 90 * SECOND),
            88..98 => random.between(90 * SECOND, 40 * MINUTE),
            _ if self.is_calm => HOUR,
            _ => random.between(HOUR, 30 * HOUR),
        };
        let ending = self.fate.one_of(Group::Settle);
        self.ledger.orders[order].ending = ending;
        self.after(wait, Happening::Settle(order as u16));
        if self.fate.strikes(Fault::HookFalseFailed) {
            let soon = self.fate.random.between(100_000, wait.max(200_000));
            let hook = Hook {
                order: order as u16,
                status: HookStatus::Failed,
                refunds: 0,
                fault: Some(Fault::HookFalseFailed),
                tries: 0,
            };
            self.hooks.push(hook);
            self.after(soon, Happening::Hook(self.hooks.len() as u16 - 1));
        }
    }

    pub fn settle(&mut self, order: u16) {
        let it = &mut self.ledger.orders[usize::from(order)];
        match it.ending {
            Some(fault @ (Fault::SettleFailed | Fault::LateCompleted)) => {
                let withdrawn = fault == Fault::LateCompleted && self.fate.random.percent(30);
                it.truth = if withdrawn { Truth::Cancelled } else { Truth::Failed };
                if fault == Fault::SettleFailed {
                    self.hit(fault);
                } else {
                    let wait = match self.fate.random.below(3) {
                        0 => self.fate.random.between(2 * MINUTE, HOUR),
                        1 => self.fate.random.between(HOUR, DAY),
                        _ => self.fate.random.between(DAY, 5 * DAY),
                    };
                    self.after(wait, Happening::CompleteLate(order));
                }
                self.announce(order, if withdrawn { HookStatus::Cancelled } else { HookStatus::Failed });
            }
            Some(Fault::SettleCancelled) => {
                it.truth = Truth::Cancelled;
                self.hit(Fault::SettleCancelled);
                self.announce(order, HookStatus::Cancelled);
            }
            ending => {
                it.truth = Truth::Completed;
                self.money_moves(order);
                self.announce(order, HookStatus::Completed);
                let parts = match ending {
                    Some(Fault::RefundFull) => 1,
                    Some(Fault::RefundParts) => self.fate.random.between(2, 4) as u8,
                    _ => 0,
                };
                if parts > 0 {
                    self.refund_later(order, parts);
                }
            }
        }
    }

    fn refund_later(&mut self, order: u16, parts: u8) {
        let wait = if self.fate.random.percent(60) {
            self.fate.random.between(10 * SECOND, HOUR)
        } else {
            self.fate.random.between(HOUR, 3 * DAY)
        };
        self.after(wait, Happening::Refund(order, parts));
    }

    pub fn complete_late(&mut self, order: u16) {
        let it = &mut self.ledger.orders[usize::from(order)];
        it.truth = Truth::Completed;
        it.lied = true;
        self.hit(Fault::LateCompleted);
        self.money_moves(order);
        self.announce(order, HookStatus::Completed);
    }

    pub fn refund(&mut self, order: u16, parts: u8) {
        let it = &mut self.ledger.orders[usize::from(order)];
        it.refunds += 1;
        let whole = it.ending == Some(Fault::RefundFull);
        it.refunded_whole = whole;
        self.hit(if whole { Fault::RefundFull } else { Fault::RefundParts });
        self.announce(order, HookStatus::Refunded);
        if parts > 1 {
            self.refund_later(order, parts - 1);
        }
    }

    fn money_moves(&mut self, order: u16) {
        let order = usize::from(order);
        self.ledger.orders[order].moved = true;
        let debt = self.ledger.orders[order].debt;
        self.say(|world| format!("THE MONEY MOVES for {}", world.ledger.orders[order].reference));
        self.mark(0xfeed);
        self.tally.payments += 1;
        let truth = &mut self.debts[usize::from(debt)];
        truth.paid += 1;
        if truth.paid >= 2 {
            self.paid_twice(debt);
        }
    }

    /// Sends a webhook, as far as trouble lets it.
    fn announce(&mut self, order: u16, status: HookStatus) {
        let refunds = self.ledger.orders[usize::from(order)].refunds;
        let fault = self.fate.one_of(Group::Hook);
        if fault == Some(Fault::HookLost) {
            return self.hit(Fault::HookLost);
        }
        let usual = self.fate.random.between(10_000, 2 * SECOND);
        let (wait, times) = match fault {
            Some(Fault::HookRepeated) => (usual, 3),
            Some(Fault::HookReordered) => (self.fate.random.between(MINUTE, 4 * HOUR), 1),
            Some(Fault::HookLate) => (self.fate.random.between(DAY, 6 * DAY), 1),
            _ => (usual, 1),
        };
        self.hooks.push(Hook { order, status, refunds, fault, tries: 0 });
        let hook = self.hooks.len() as u16 - 1;
        for time in 0..times {
            let more = time * self.fate.random.between(SECOND, MINUTE);
            self.after(wait + more, Happening::Hook(hook));
        }
    }

    /// What a webhook says.
    pub fn hook_report(&mut self, hook: Hook) -> Report {
        let mut report = self.ledger.report(usize::from(hook.order), DOCUMENT);
        let order = &self.ledger.orders[usize::from(hook.order)];
        match hook.status {
            HookStatus::Completed | HookStatus::Refunded => {}
            HookStatus::Failed | HookStatus::Cancelled => {
                report.end_to_end_id = None;
                report.original_end_to_end_id = None;
            }
        }
        report.status = match hook.status {
            HookStatus::Completed => Status::Completed,
            HookStatus::Failed => Status::Failed,
            HookStatus::Cancelled => Status::Cancelled,
            HookStatus::Refunded => Status::Refunded,
        };
        if hook.status == HookStatus::Completed {
            if let Some(settlement) = report.original_end_to_end_id.take() {
                report.end_to_end_id = Some(settlement);
            }
            report.amount = Some(saldo::domain::money::Centavos::new(AMOUNT));
        } else if hook.status == HookStatus::Refunded && hook.refunds != order.refunds {
            // A later part was told first: this one tells of its own.
            report.end_to_end_id = Some(Safe::new(&format!("D-{}-{}", hook.order, hook.refunds)));
        }
        if self.ledger.traits.masks {
            self.hit(Fault::DocumentMasked);
        }
        if let Some(fault) = hook.fault {
            match fault {
                Fault::HookAmount => {
                    report.amount = Some(saldo::domain::money::Centavos::new(AMOUNT + 1));
                }
                Fault::HookDocument => report.document = Some(Safe::new("11144477735")),
                Fault::HookNoReference => report.external_reference = None,
                Fault::HookUnknown => report.status = Status::Other(Safe::new("SETTLING")),
                _ => {}
            }
            self.hit(fault);
        }
        report
    }

    /// A GET: what it brings, and how long it takes.
    pub fn look(&mut self, id: &str) -> (Result<Report, ReadError>, i64) {
        let problem = |status| Problem { status, code: None, title: None, detail: None };
        let quick = if self.fate.random.percent(30) { self.fate.random.between(10_000, 400_000) } else { 0 };
        let order = self.ledger.by_code(id);
        let fault = self.fate.one_of(Group::Look);
        let (answer, wait) = match (fault, order) {
            (Some(Fault::GetTimeout), _) => (Err(ReadError::TimedOut), 15 * SECOND),
            (Some(Fault::Get404), _) => (Err(ReadError::NotFound(problem(404))), quick),
            (Some(Fault::Get500), _) => (Err(ReadError::Server(problem(500))), quick),
            (_, None) => (Err(ReadError::NotFound(problem(404))), quick),
            (Some(Fault::GetAnother), Some(order)) if self.ledger.orders.len() > 1 => {
                let other = (order + 1) % self.ledger.orders.len();
                let mut report = self.ledger.report(other, DOCUMENT);
                if self.plant == Plant::OtherReportBelieved {
                    let asked = &self.ledger.orders[order];
                    report.internal_code = Some(asked.code.clone());
                    report.external_reference = Some(Safe::new(&asked.reference));
                }
                (Ok(report), quick)
            }
            (fault, Some(order)) => {
                let mut report = self.ledger.report(order, DOCUMENT);
                let it = &mut self.ledger.orders[order];
                let settled = it.truth != Truth::Processing;
                let glitch = match (fault, it.glitch_until) {
                    (Some(Fault::GetFailed), None)
                        if matches!(it.truth, Truth::Processing | Truth::Completed) =>
                    {
                        let end = self.now + self.fate.random.between(5 * SECOND, 50 * SECOND);
                        it.glitch_until = Some(end);
                        true
                    }
                    (_, Some(end)) => {
                        self.now <= end && matches!(it.truth, Truth::Processing | Truth::Completed)
                    }
                    _ => false,
                };
                if glitch {
                    self.hit(Fault::GetFailed);
                    report.status = Status::Failed;
                    report.end_to_end_id = None;
                    report.original_end_to_end_id = None;
                } else if fault == Some(Fault::GetStale) && settled {
                    self.hit(Fault::GetStale);
                    report.status = Status::Processing;
                    report.end_to_end_id = None;
                    report.original_end_to_end_id = None;
                }
                (Ok(report), quick)
            }
        };
        if answer.is_err() || fault == Some(Fault::GetAnother) {
            if let Some(fault @ (Fault::GetTimeout | Fault::Get404 | Fault::Get500)) = fault {
                self.hit(fault);
            } else if fault == Some(Fault::GetAnother) && answer.is_ok() && self.ledger.orders.len() > 1 {
                self.hit(Fault::GetAnother);
            }
        }
        if !matches!(answer, Err(ReadError::TimedOut)) {
            self.saw_date();
        }
        let answer = match (self.plant, answer, order) {
            (Plant::NotFoundIsFailure, Err(ReadError::NotFound(_)), Some(order)) => {
                let mut report = self.ledger.report(order, DOCUMENT);
                report.status = Status::Failed;
                report.end_to_end_id = None;
                report.original_end_to_end_id = None;
                Ok(report)
            }
            (_, answer, _) => answer,
        };
        let said = match &answer {
            Ok(report) => report.status.as_wire().len() as u64,
            Err(_) => 99,
        };
        self.mark(said);
        self.say(|_| match &answer {
            Ok(report) => format!("GET {id} -> {}", report.status.as_wire()),
            Err(error) => format!("GET {id} -> {error}"),
        });
        (answer, wait)
    }

    /// An alarm that a person was told.
    pub fn rang(&mut self, debt: u8, alarm: Alarm) {
        self.debts[usize::from(debt)].alarms |= 1 << alarm as u8;
    }
}

fn stamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}

impl Wire {
    /// What the answer means: the table of the answers to an order.
    pub fn verdict(self, plant: Plant) -> Verdict {
        let problem = |status, code: Option<&str>| Problem {
            status,
            code: code.map(Safe::new),
            title: None,
            detail: None,
        };
        let refused = || Verdict::NotExecuted(NotExecuted::Refused(problem(400, None)));
        match (plant, &self) {
            (Plant::TimeoutIsFailure, Self::Lost(Ambiguity::TimedOut))
            | (Plant::ServerErrorIsFailure, Self::Bare(500..))
            | (Plant::ConflictIsFailure, Self::Conflict)
            | (Plant::UnauthorizedIsFailure, Self::Problem(401, _)) => return refused(),
            (Plant::OtherReferenceIsAccepted, Self::Illegible(202)) => {
                let internal_code = Some(Safe::new("another"));
                return Verdict::Accepted(GatewayIds { internal_code, transaction_id: None });
            }
            _ => {}
        }
        match self {
            Self::NotSent(proof) => Verdict::NotExecuted(proof),
            Self::Lost(doubt) => Verdict::Ambiguous(doubt),
            Self::Accepted(code) => {
                Verdict::Accepted(GatewayIds { internal_code: Some(code), transaction_id: None })
            }
            Self::Illegible(status) => {
                Verdict::Ambiguous(Ambiguity::Illegible { status, reason: Safe::new("illegible") })
            }
            Self::Bare(status) => Verdict::Ambiguous(Ambiguity::Status(problem(status, None))),
            Self::Conflict => Verdict::Exists(problem(409, Some("DUPLICATE"))),
            Self::TooMany(retry_after) => Verdict::NotExecuted(NotExecuted::TooMany { retry_after }),
            Self::Problem(status, code) => {
                let told = problem(status, Some(code));
                match (status, code) {
                    (401, _) => Verdict::NotExecuted(NotExecuted::Unauthorized(told)),
                    (403, _) | (_, "INVALID_SIGNATURE") => Verdict::NotExecuted(NotExecuted::Forbidden(told)),
                    (_, "IDEMPOTENCY_KEY_IN_USE") => Verdict::Exists(told),
                    _ => Verdict::NotExecuted(NotExecuted::Refused(told)),
                }
            }
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(_) => write!(out, "nothing was sent"),
            Self::Lost(_) => write!(out, "no answer"),
            Self::Accepted(code) => write!(out, "202 {code}"),
            Self::Illegible(status) => write!(out, "{status}, illegible"),
            Self::Bare(status) => write!(out, "{status}, no problem of its own"),
            Self::Problem(status, code) => write!(out, "{status} {code}"),
            Self::Conflict => write!(out, "409"),
            Self::TooMany(wait) => write!(out, "429, wait {wait:?}"),
        }
    }
}
