//! A story: who owes what, what people do and when, and which kinds of trouble there are. It follows from one seed, and
//! it is plain data, so that a failing one can be made shorter by leaving things out.

use std::fmt;

use super::fate::{Fault, Group, KINDS, Random, Strike};

/// A second, in the simulation's microseconds.
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// What a person does, or what happens to the clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Pays a debt.
    Pay,
    /// Presses Enter twice.
    PayTwice,
    /// Uses the reference for another payment.
    PayOther,
    /// Pays once more (`--again`).
    Again,
    /// Submits a draft.
    Submit,
    /// Approves what was shown.
    Approve,
    /// Approves something else than what is stored.
    ApproveOther,
    CallOff,
    /// Brings the id that the gateway shows for the reference.
    Adopt,
    /// Brings another id.
    AdoptWrong,
    /// Declares it not paid after a look at the gateway that says so.
    Declare,
    /// Declares it not paid without a look.
    DeclareBlindly,
    /// Looks into what contradicts itself, finds it not paid whatever it is, and closes it.
    LookInto,
    Resume,
    Recover,
    /// A clock goes wrong.
    Clock(Fault),
}

/// A deed, its time, its debt and its person.
#[derive(Debug, Clone, Copy)]
pub struct Action {
    /// Microseconds after the story's start.
    pub at: i64,
    pub debt: u8,
    /// From 1; it takes three to have a maker and two checkers.
    pub person: u32,
    pub deed: Deed,
}

/// A debt and how it is decided.
#[derive(Debug, Clone, Copy)]
pub struct Debt {
    /// Its number, which is also in its reference.
    pub number: u8,
    pub is_draft: bool,
    /// Checkers needed.
    pub approvals: u8,
}

#[derive(Debug, Clone)]
pub struct Story {
    pub seed: u64,
    pub debts: Vec<Debt>,
    pub actions: Vec<Action>,
    /// Kinds of trouble and their odds of 256.
    pub kinds: Vec<(Fault, u8)>,
    /// Strikes that are held back; filled only while the story is made shorter.
    pub withheld: Vec<Strike>,
    /// When all trouble ends.
    pub calm_at: i64,
    /// Whether people care for what is held once it is calm.
    pub diligent: bool,
    /// Whether the pockets are rebalanced too, beside the payments.
    pub rebalances: bool,
}

/// The kinds that a story may have, with their weight and the odds that they strike at an opportunity.
const MENU: [(Group, u64, i64, i64); 18] = [
    (Group::Wire, 60, 30, 150),
    (Group::Traits, 9, 120, 255),
    (Group::Hook, 14, 40, 200),
    (Group::HookMore, 6, 60, 200),
    (Group::Look, 12, 40, 180),
    (Group::Settle, 14, 40, 200),
    (Group::RowCrash, 6, 30, 120),
    (Group::SentCrash, 6, 30, 120),
    (Group::VerdictCrash, 6, 30, 120),
    (Group::LookCrash, 3, 10, 80),
    (Group::DecideCrash, 4, 30, 120),
    (Group::AgainCrash, 4, 60, 200),
    (Group::Full, 7, 30, 120),
    (Group::Loss, 6, 60, 200),
    (Group::Boot, 4, 60, 250),
    (Group::SentCrash, 4, 30, 120),
    (Group::Wire, 20, 20, 80),
    (Group::Settle, 6, 100, 255),
];

impl Story {
    pub fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let most = if random.percent(25) { 4 } else { 2 };
        let debts: Vec<Debt> = (0..1 + random.below(most) as u8)
            .map(|number| {
                let approvals = if random.percent(25) { 1 + random.below(2) as u8 } else { 0 };
                Debt { number, is_draft: random.percent(12), approvals }
            })
            .collect();
        let calm_at = match random.below(100) {
            0..55 => 30 * MINUTE,
            55..75 => 6 * HOUR,
            75..93 => 4 * DAY,
            _ => 9 * DAY,
        };
        let mut kinds: Vec<(Fault, u8)> = Vec::with_capacity(12);
        let total: u64 = MENU.iter().map(|(_, weight, _, _)| weight).sum();
        for _ in 0..2 + random.below(8) {
            let mut pick = random.below(total);
            let (group, _, low, high) = *MENU
                .iter()
                .find(|(_, weight, _, _)| {
                    let here = pick < *weight;
                    pick = pick.wrapping_sub(*weight);
                    here
                })
                .unwrap_or(&MENU[0]);
            let fault = some_of(&mut random, group);
            let odds = random.between(low, high) as u8;
            if !kinds.iter().any(|(known, _)| *known == fault) {
                kinds.push((fault, odds));
            }
        }
        let mut story = Self {
            seed,
            debts,
            actions: Vec::with_capacity(16),
            kinds,
            withheld: Vec::new(),
            calm_at,
            diligent: random.percent(60),
            rebalances: random.percent(10),
        };
        if random.percent(22) {
            story.follow_a_recipe(&mut random);
        }
        story.people(&mut random);
        story.clocks(&mut random);
        story.lookers();
        story.actions.sort_by_key(|action| action.at);
        story
    }

    /// Troubles that are harmless apart and dangerous together, and would meet too rarely by chance.
    fn follow_a_recipe(&mut self, random: &mut Random) {
        use Fault as F;
        let recipe = random.below(13);
        let kinds: &[(Fault, u8)] = match recipe {
            // The first attempt empties the account, and the repeat is refused for want of funds.
            0 => &[(F::ResetAfter, 150), (F::KeyForgottenAtOnce, 255), (F::FundsFirst, 255)],
            1 => &[(F::CrashAfterBytes, 150), (F::KeyForgottenAtOnce, 255), (F::FundsFirst, 255)],
            2 => &[(F::Refused422, 160), (F::ErrorCached, 255), (F::Error500After, 60)],
            3 => &[(F::Error502After, 170), (F::KeyInUse, 150), (F::KeyForgottenSoon, 255)],
            // An early end that is taken back after the debt was decided again.
            4 => &[(F::LateCompleted, 240), (F::HookLost, 60)],
            // In doubt for a day, while a clock says that it was two.
            5 => &[(F::TimeoutBefore, 250), (F::ResetBefore, 250), (F::Reboot, 60)],
            // Paid, and the news of it come when people have given up.
            6 => &[(F::TimeoutAfter, 250), (F::KeyForgottenAtOnce, 255), (F::HookLate, 250)],
            7 => &[(F::CrashAfterBytes, 200), (F::JournalLost, 250), (F::HookReordered, 200)],
            // Somebody else uses the same references.
            8 => &[(F::Stranger, 250), (F::HookRepeated, 60)],
            // Called settled by a webhook before the answer is there, and then the process ends.
            9 => &[(F::HookBefore202, 250), (F::CrashBeforeVerdict, 200), (F::CrashAfterBytes, 150)],
            // Declared, decided once more, and given up.
            10 => &[(F::TimeoutBefore, 255), (F::ResetBefore, 255), (F::FullAtAttempt, 130)],
            // Somebody else pays it, badly, while the journal is full and it cannot leave.
            11 => &[(F::Stranger, 255), (F::SettleFailed, 255), (F::FullAtAttempt, 255)],
            _ => &[(F::GetFailed, 250), (F::HookFalseFailed, 200), (F::SettleFailed, 60)],
        };
        for (fault, odds) in kinds {
            self.kinds.retain(|(known, _)| known != fault);
            self.kinds.push((*fault, *odds));
        }
        let debt = self.debts[0].number;
        if recipe == 4 || recipe == 10 && random.percent(50) {
            self.debts[0].approvals = 1;
        }
        let mut act = |at: i64, person: u32, deed: Deed| {
            self.actions.push(Action { at, debt, person, deed });
        };
        match recipe {
            4 => {
                self.calm_at = 4 * DAY;
                let again = random.between(3 * MINUTE, 2 * HOUR);
                act(MINUTE / 2, 2, Deed::Approve);
                act(again, 1, Deed::Again);
                act(again + random.between(MINUTE, 20 * HOUR), 2, Deed::Approve);
            }
            5 => {
                self.calm_at = 4 * DAY;
                let jump = random.between(HOUR, 10 * HOUR);
                act(jump, 0, Deed::Clock(F::WallForwardDay));
                act(jump + 2 * HOUR, 2, Deed::Declare);
                act(jump + 3 * HOUR, 3, Deed::Declare);
            }
            10 => {
                self.calm_at = 9 * DAY;
                act(MINUTE / 2, 2, Deed::Approve);
                act(25 * HOUR, 2, Deed::Declare);
                act(26 * HOUR, 3, Deed::Declare);
                act(27 * HOUR, 1, Deed::Again);
                act(27 * HOUR + random.between(0, 2 * SECOND), 1, Deed::CallOff);
            }
            6 | 8 => {
                self.calm_at = 9 * DAY;
                act(25 * HOUR + random.between(0, HOUR), 2, Deed::DeclareBlindly);
                act(27 * HOUR + random.between(0, HOUR), 3, Deed::DeclareBlindly);
            }
            _ => {}
        }
    }

    fn people(&mut self, random: &mut Random) {
        for index in 0..self.debts.len() {
            let Debt { number: debt, is_draft, approvals } = self.debts[index];
            let start = random.between(0, 2 * SECOND);
            let deed = match random.below(100) {
                0..84 => Deed::Pay,
                84..94 => Deed::PayTwice,
                _ => Deed::PayOther,
            };
            let mut act = |at: i64, person: u32, deed: Deed| {
                self.actions.push(Action { at, debt, person, deed });
            };
            act(start, 1, deed);
            if deed == Deed::PayOther {
                act(start + random.between(0, MINUTE), 1, Deed::Pay);
            }
            let mut ready = start + random.between(SECOND / 100, 5 * SECOND);
            if is_draft && !random.percent(8) {
                ready += random.between(0, MINUTE);
                if random.percent(30) {
                    act(ready, 2, Deed::Submit);
                }
                ready += SECOND;
                act(ready, 1, Deed::Submit);
            }
            if approvals > 0 && !random.percent(10) {
                for person in 1..=3 {
                    if person == 1 && !random.percent(40) {
                        continue;
                    }
                    let most = if random.percent(20) { 10 * HOUR } else { MINUTE };
                    ready += random.between(SECOND, most);
                    if random.percent(20) {
                        act(ready, person, Deed::ApproveOther);
                    }
                    act(ready, person, Deed::Approve);
                }
            }
            if random.percent(12) {
                // Anything between at once and well after the first answer.
                let after = if random.percent(60) { SECOND } else { 20 * MINUTE };
                act(ready + random.between(0, after), 1 + random.below(3) as u32, Deed::CallOff);
            }
            for _ in 0..random.below(4) {
                let deed = match random.below(100) {
                    0..32 => Deed::Again,
                    32..42 => Deed::Adopt,
                    42..48 => Deed::AdoptWrong,
                    48..52 => Deed::PayOther,
                    52..62 => Deed::Pay,
                    62..72 => Deed::Recover,
                    72..78 => Deed::Resume,
                    78..92 => Deed::Declare,
                    _ => Deed::DeclareBlindly,
                };
                let at = random.between(start, self.calm_at);
                act(at, 1 + random.below(3) as u32, deed);
                if deed == Deed::Again && random.percent(40) {
                    // Checkers, in case that it took effect and takes some.
                    act(at + MINUTE, 2, Deed::Approve);
                    act(at + 2 * MINUTE, 3, Deed::Approve);
                }
            }
            if self.calm_at >= 4 * DAY {
                // Time enough for a hold, and for people who go through what is held.
                let evening = ready + DAY + random.between(0, DAY);
                let blind = random.percent(15);
                let deed = if blind { Deed::DeclareBlindly } else { Deed::Declare };
                if random.percent(40) {
                    act(evening, 1, Deed::Adopt);
                }
                act(evening + HOUR, 1, deed);
                if random.percent(30) {
                    act(evening + 2 * HOUR, 1, deed);
                }
                act(evening + 3 * HOUR, 2, deed);
                act(evening + 4 * HOUR, 1, Deed::Again);
                act(evening + 4 * HOUR + MINUTE, 2, Deed::Approve);
                act(evening + 4 * HOUR + 2 * MINUTE, 3, Deed::Approve);
            }
        }
    }

    /// People who close what contradicts itself, and others who would pay it once more at once. They have chances of their
    /// own, so that the other chances of a story are what they were.
    fn lookers(&mut self) {
        let mut random = Random::new(self.seed ^ 0x010c_ed14);
        if random.percent(75) {
            return;
        }
        for debt in self.debts.iter().map(|debt| debt.number) {
            for _ in 0..random.below(4) {
                let at = random.between(0, self.calm_at);
                for (wait, person, deed) in
                    [(0, 2, Deed::LookInto), (MINUTE, 3, Deed::LookInto), (2 * MINUTE, 1, Deed::Again)]
                {
                    self.actions.push(Action { at: at + wait, debt, person, deed });
                }
            }
        }
    }

    fn clocks(&mut self, random: &mut Random) {
        if random.percent(75) {
            return;
        }
        for _ in 0..1 + random.below(3) {
            let fault = some_of(random, Group::Clocks);
            // Where the clock matters: around the first minutes, the window's end, the day's end.
            let span = [5 * MINUTE, 2 * HOUR, 30 * HOUR, self.calm_at][random.below(4) as usize];
            let at = random.between(0, span.min(self.calm_at));
            self.actions.push(Action { at, debt: 0, person: 0, deed: Deed::Clock(fault) });
        }
    }
}

fn some_of(random: &mut Random, group: Group) -> Fault {
    let mut pick = random.below(group.0.count_ones().into());
    (0..KINDS)
        .filter(|index| group.0 & (1 << index) != 0)
        .find(|_| {
            let here = pick == 0;
            pick = pick.wrapping_sub(1);
            here
        })
        .map_or(Fault::TimeoutAfter, |index| Fault::ALL[index])
}

/// Time as people read it: days, hours, minutes, seconds.
pub struct Clocked(pub i64);

impl fmt::Display for Clocked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.0;
        write!(
            out,
            "{}d {:02}:{:02}:{:02}.{:03}",
            t / DAY,
            t % DAY / HOUR,
            t % HOUR / MINUTE,
            t % MINUTE / SECOND,
            t % SECOND / 1000
        )
    }
}

impl fmt::Display for Story {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "story {}: calm from {}, diligent: {}, rebalances: {}",
            self.seed,
            Clocked(self.calm_at),
            self.diligent,
            self.rebalances
        )?;
        for debt in &self.debts {
            writeln!(
                out,
                "  debt-{}{}, checkers: {}",
                debt.number,
                if debt.is_draft { " (draft)" } else { "" },
                debt.approvals
            )?;
        }
        for (fault, odds) in &self.kinds {
            writeln!(out, "  trouble: {} ({odds} of 256)", fault.words())?;
        }
        for action in &self.actions {
            writeln!(
                out,
                "  {}  person {}, debt-{}: {:?}",
                Clocked(action.at),
                action.person,
                action.debt,
                action.deed
            )?;
        }
        for (fault, chance) in &self.withheld {
            writeln!(out, "  left out: {} at its opportunity {chance}", fault.words())?;
        }
        Ok(())
    }
}
