//! Everything but the code under test: time, the clocks, the gateway's truth, the journal's content, the wire.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;

use jiff::Timestamp;
use saldo::domain::cash_out::Alarm;
use saldo::domain::moment::{BootTime, Moment};
use uuid::Uuid;

use super::Rule;
use super::fate::{Fate, Fault};
use super::ledger::Ledger;
use super::plant::Plant;
use super::store::Store;
use super::story::{Clocked, DAY, HOUR, SECOND, Story};
use super::tally::Tally;

/// 2027-01-15 in microseconds since 1970: when every story begins.
const EPOCH: i64 = 1_800_000_000 * SECOND;

/// The payee's document in every story.
pub const DOCUMENT: &str = "52998224725";

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub rule: Rule,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({}): {}", self.rule, self.rule.words(), self.what)
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
    pub status: HookStatus,
    pub refunds: u8,
    pub fault: Option<Fault>,
    pub tries: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookStatus {
    Completed,
    Failed,
    Cancelled,
    Refunded,
}

/// An order that is somewhere between the wire and the gateway.
pub struct Late {
    pub reference: String,
    pub key: Option<Uuid>,
    pub has_arrived: bool,
}

/// What is known of a debt's money.
#[derive(Debug, Clone, Copy, Default)]
pub struct DebtTruth {
    /// Payments that left the wallet.
    pub paid: u8,
    /// People declared something that was not so.
    pub false_declaration: bool,
    /// And it was written down.
    pub false_statement: bool,
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
}

pub struct World {
    /// The true time, in microseconds since the story began.
    pub now: i64,
    pub wall_off: i64,
    pub boot_at: i64,
    boot_id: u64,
    pub date_off: i64,
    pub date_seen: bool,
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
    pub late: Vec<Late>,
    pub debts: [DebtTruth; 4],
    /// How each debt is decided: whether as a draft, and by how many checkers.
    pub agreed: [Option<(bool, u8)>; 4],
    pub plant: Plant,
    pub violation: Option<Violation>,
    pub log: Option<Vec<String>>,
    pub trace: u64,
    pub tally: Tally,
    pub resend_window: i64,
    /// How often each bad answer is repeated before the gateway recovers.
    pub auth_streak: u8,
}

impl World {
    pub fn new(story: &Story, plant: Plant) -> Self {
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
            log: None,
            trace: story.seed,
            tally: Tally::default(),
            resend_window: HOUR,
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

    pub fn broken(&mut self, rule: Rule, what: impl FnOnce(&Self) -> String) {
        if self.violation.is_none() {
            let what = what(self);
            self.say(|_| format!("BROKEN {rule} ({}): {what}", rule.words()));
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

    pub const fn saw_date(&mut self) {
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
    }

    /// An alarm that a person was told.
    pub fn rang(&mut self, debt: u8, alarm: Alarm) {
        self.say(|_| format!("people are told of debt-{debt}: {alarm:?}"));
        self.debts[usize::from(debt)].alarms |= 1 << alarm as u8;
    }
}

fn stamp(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
