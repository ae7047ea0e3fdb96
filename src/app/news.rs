//! What the engine says, folded into the state.

use uuid::Uuid;

use super::batch;
use super::cash_in;
use super::cash_out::Fate;
use super::rebalance::{self, Stage};
use super::refund;
use super::resolve;
use super::{App, CashOutStage, Detail, Effect, LifeState, Mode, NotDecided, Notice, Now, Payment, Soonness};
use crate::domain::money::Centavos;
use crate::domain::rebalance::Forecast;
use crate::engine::message::{
    AskedOutcome, Command, DecisionOutcome, FeedWindow, Life, News, RebalanceTrouble, StoredRebalance,
};

impl App {
    pub(super) fn told(&mut self, news: News, now: Now) -> Vec<Effect> {
        let mut effects = vec![Effect::Redraw(Soonness::Soon)];
        match news {
            News::Balance(reading) => {
                self.balance.take(*reading);
            }
            News::Pace(pace) => self.pace = Some(*pace),
            News::Exposure { at, outcome } => self.exposure.take(at, outcome),
            News::BalanceHistory(history) => self.history = *history,
            News::Conservation(drawn) => self.conservation = Some(*drawn),
            News::BalanceFailed { reason, failures, .. } => {
                self.balance.fail(reason, failures);
            }
            News::Feed(window) => {
                self.take_feed(*window);
                effects.extend(self.watch_rows());
                effects.extend(self.watch_alerts());
            }
            News::FeedCounted(counted) => self.feed.take_count(counted),
            News::Life(life) => self.take_life(life),
            News::Payee(order, found) => self.take_findings(&order, found),
            News::Sought(sought) => self.take_sought(*sought),
            News::Alarm { alarm, intent } => {
                self.notices.push(Notice::Alarm { alarm, payment: Payment::from(&*intent) }, now.wall);
                effects.push(Effect::Bell);
            }
            News::StillHeld(intent) => {
                self.notices.push(Notice::StillHeld(Payment::from(&*intent)), now.wall);
                effects.push(Effect::Bell);
            }
            News::JournalTrouble(reason) => {
                self.notices.push(Notice::JournalTrouble(reason), now.wall);
                effects.push(Effect::Bell);
            }
            // It is an alert as well, and rings as one.
            News::Paused(pause) => self.paused = pause,
            News::Webhooks(health) => self.webhooks = *health,
            News::CashOutDecided { id, outcome } => {
                let fate = match outcome {
                    DecisionOutcome::Created => Fate::Created,
                    DecisionOutcome::Existing(intent) => Fate::Existing(intent),
                    DecisionOutcome::Taken(intent) => Fate::Taken(intent),
                    DecisionOutcome::NotJournalled(reason) => Fate::NotJournalled(reason),
                    DecisionOutcome::NotAllowed(why) => Fate::NotAllowed(why),
                };
                effects.extend(self.decided(id, fate));
            }
            News::RebalanceReviewed { target, outcome } => self.rebalance_reviewed(target, outcome, now),
            News::RebalanceEnded(outcome) => effects.extend(self.rebalance_ended(outcome, now)),
            News::ChargeDecided { id, outcome } => effects.extend(self.charge_decided(id, fate_of(outcome))),
            News::RefundDecided { id, outcome } => effects.extend(self.refund_decided(id, fate_of(outcome))),
            News::RefundNeeds { cash_in, amount, state } => {
                self.notices.push(Notice::Refund { cash_in, amount, state }, now.wall);
                effects.push(Effect::Bell);
            }
            News::Favoured(outcome) => effects.extend(self.favoured(outcome)),
            News::Acknowledged(outcome) => {
                let outcome = outcome.map(drop).map_err(|why| why.to_string());
                effects.extend(self.acknowledged(outcome));
            }
            News::Gaps(found) => self.take_gaps(found),
            News::Shift(found) => self.take_shift(found),
            News::Handover(outcome) => self.take_handover(outcome),
            News::AsItWas(found) => self.take_past(found),
            News::BatchRead { source, outcome } => {
                effects.extend(self.batch_read(&source, *outcome, now));
            }
            News::Batch(news) => effects.extend(self.batch_told(*news, now)),
            News::BatchLines(page) => effects.extend(self.take_batch_page(page)),
            News::Batches(listed) => self.batch.take_listed(listed),
            News::BatchResult { id, outcome } => self.batch_result = Some((id, outcome)),
            News::Resolved { id, outcome } => {
                let fate = outcome.map_or_else(resolve::Fate::NotRecorded, resolve::Fate::Recorded);
                effects.extend(self.resolved(id, fate));
            }
        }
        effects
    }

    /// The selection stays on what a person may be about to acknowledge, however many alerts begin or end above it.
    fn take_feed(&mut self, window: FeedWindow) {
        let before: Vec<i64> = self.waiting_alerts().iter().map(|alert| alert.number).collect();
        self.feed.take(window);
        let now: Vec<i64> = self.waiting_alerts().iter().map(|alert| alert.number).collect();
        self.notices.follow(&before, &now);
        self.notices.leave_to_the_board(&self.feed.window.alerts);
    }

    fn take_life(&mut self, life: Option<Box<Life>>) {
        match self.front() {
            Mode::Detail(detail) => detail.take(life),
            Mode::Resolve(open) => open.detail.take(life),
            Mode::Refund(open) => open.detail.take(life),
            Mode::CashIn(cash_in::Stage::Sent(sent)) => {
                if let Some(life) = life.filter(|life| Some(life.transaction.id) == sent.fate.row()) {
                    sent.life = Some(life);
                }
            }
            Mode::CashOut(CashOutStage::Sent(sent)) => {
                if let Some(life) = life.filter(|life| life.transaction.id == sent.id()) {
                    sent.life = Some(life);
                }
            }
            _ => {}
        }
    }

    /// The mode in front, or behind the help or the choice for a paste.
    pub(super) fn front(&mut self) -> &mut Mode {
        fn front(mode: &mut Mode) -> &mut Mode {
            match mode {
                Mode::Help { behind, .. } => front(behind),
                Mode::Paste(pasting) => front(pasting.behind_mut()),
                mode => mode,
            }
        }
        front(&mut self.mode)
    }

    /// A decision came to something: the outcome shows it, or else a notice does. Where nothing was made of it, its
    /// text goes back to the form.
    fn decided(&mut self, id: Uuid, fate: Fate) -> Vec<Effect> {
        let waiting = self.waiting.iter().position(|draft| draft.is_of(id)).map(|at| self.waiting.remove(at));
        let amount = waiting.as_ref().and_then(|draft| draft.amount().ok());
        if let Some(draft) = waiting.filter(|_| fate.is_nothing()) {
            self.returned.push(draft);
            self.restore_draft();
        }
        if let Mode::CashOut(CashOutStage::Sent(sent)) = self.front()
            && sent.decision.id == id
        {
            sent.fate = fate;
            let follow = Command::ShowLife(Some(sent.id()));
            return vec![Effect::Command(follow)];
        }
        let Some(why) = not_decided(&fate) else { return Vec::new() };
        self.notices.push(Notice::NotDecided { amount: amount.unwrap_or_default(), why }, self.now);
        vec![Effect::Bell]
    }

    /// A charge came to something: the outcome shows it, or else a notice does. What was typed stays until it is made.
    fn charge_decided(&mut self, id: Uuid, fate: cash_in::Fate) -> Vec<Effect> {
        if !fate.is_nothing() {
            self.cash_in = cash_in::Draft::default();
        }
        if let Mode::CashIn(cash_in::Stage::Sent(sent)) = self.front()
            && sent.decision.id == id
        {
            let row = fate.row();
            sent.fate = fate;
            return row.map(|row| Effect::Command(Command::ShowLife(Some(row)))).into_iter().collect();
        }
        self.not_made(&fate)
    }

    /// The same for a refund; the life under it is followed already.
    fn refund_decided(&mut self, id: Uuid, fate: cash_in::Fate) -> Vec<Effect> {
        if let Mode::Refund(open) = self.front()
            && let refund::Stage::Sent(sent, of) = &mut open.stage
            && *sent == id
        {
            *of = fate;
            return Vec::new();
        }
        self.not_made(&fate)
    }

    fn not_made(&mut self, fate: &cash_in::Fate) -> Vec<Effect> {
        let why = match fate {
            cash_in::Fate::Taken => None,
            cash_in::Fate::NotMade(reason) => Some(reason.clone()),
            cash_in::Fate::Busy => {
                self.notices.push(Notice::Busy, self.now);
                return vec![Effect::Bell];
            }
            cash_in::Fate::Waiting | cash_in::Fate::Made(_) | cash_in::Fate::Existing(_) => {
                return Vec::new();
            }
        };
        self.notices.push(Notice::NotMade(why), self.now);
        vec![Effect::Bell]
    }

    fn rebalance_reviewed(
        &mut self,
        target: Centavos,
        outcome: Result<Forecast, RebalanceTrouble>,
        now: Now,
    ) {
        let reason = self.rebalance.reason();
        let Mode::Rebalance(stage) = self.front() else { return };
        // The answer to an older question says nothing of this one.
        if !matches!(stage, Stage::Asking(asked) if *asked == target) {
            return;
        }
        match outcome {
            Ok(forecast) => {
                *stage =
                    Stage::Review(Box::new(rebalance::Review::new(target, forecast, reason, now.elapsed)));
            }
            Err(trouble) => {
                *stage = Stage::Editing;
                self.rebalance.trouble = Some(trouble);
            }
        }
    }

    fn rebalance_ended(
        &mut self,
        outcome: Result<Box<StoredRebalance>, RebalanceTrouble>,
        now: Now,
    ) -> Vec<Effect> {
        if outcome.is_ok() {
            self.rebalance = rebalance::Draft::proposing(self.wanted());
        }
        let Mode::Rebalance(stage @ Stage::Sent(_)) = self.front() else {
            self.notices.push(Notice::Rebalance(outcome), now.wall);
            return vec![Effect::Bell];
        };
        *stage = match (&*stage, outcome) {
            (Stage::Sent(sent), Err(RebalanceTrouble::Moved(forecast))) => {
                let reason = sent.reason.clone();
                let again = rebalance::Review::new(sent.target, *forecast, reason, now.elapsed);
                // The target was typed again a moment ago and is the same; to ask for it each time would leave the figures
                // no chance of still being true when they are confirmed.
                Stage::Review(Box::new(rebalance::Review { moved: true, retype: None, ..again }))
            }
            (_, outcome) => Stage::Ended(outcome),
        };
        Vec::new()
    }

    /// The engine could not take a command; nothing came of it, and that is said.
    pub(super) fn not_taken(&mut self, command: Command) -> Vec<Effect> {
        let mut effects = vec![Effect::Redraw(Soonness::Now)];
        match command {
            Command::Pay(decision) => effects.extend(self.decided(decision.id, Fate::Busy)),
            Command::Charge(decision) => {
                effects.extend(self.charge_decided(decision.id, cash_in::Fate::Busy));
            }
            Command::Refund(decision) => {
                effects.extend(self.refund_decided(decision.id, cash_in::Fate::Busy));
            }
            Command::Resolve { id, .. } => effects.extend(self.resolved(id, resolve::Fate::Busy)),
            Command::ReadBatch(_) => {
                if let Mode::Batch(stage) = self.front() {
                    *stage = batch::Stage::Editing;
                }
                self.notices.push(Notice::Busy, self.now);
            }
            Command::PayBatch { .. } => self.batch_not_taken(),
            Command::ReviewRebalance { .. } | Command::Rebalance { .. } => {
                if let Mode::Rebalance(stage) = self.front() {
                    *stage = Stage::Editing;
                }
                self.notices.push(Notice::Busy, self.now);
            }
            _ => self.notices.push(Notice::Busy, self.now),
        }
        effects
    }
}

impl Detail {
    fn take(&mut self, life: Option<Box<Life>>) {
        match life {
            Some(life) if life.transaction.id == self.id => self.life = LifeState::Here(life),
            // Late news of a row that was open before.
            Some(_) => {}
            None => self.life = LifeState::Gone,
        }
    }
}

fn fate_of(outcome: AskedOutcome) -> cash_in::Fate {
    match outcome {
        AskedOutcome::Created(row) => cash_in::Fate::Made(row),
        AskedOutcome::Existing(row) => cash_in::Fate::Existing(row),
        AskedOutcome::Taken => cash_in::Fate::Taken,
        AskedOutcome::NotMade(reason) => cash_in::Fate::NotMade(reason),
    }
}

/// Why a decision came to nothing, if it did.
fn not_decided(fate: &Fate) -> Option<NotDecided> {
    match fate {
        Fate::Taken(intent) => Some(NotDecided::Taken(intent.reference.clone())),
        Fate::NotJournalled(reason) => Some(NotDecided::Journal(reason.clone())),
        Fate::NotAllowed(why) => Some(NotDecided::NotAllowed(why.clone())),
        Fate::Busy => Some(NotDecided::Busy),
        Fate::Waiting | Fate::Created | Fate::Existing(_) => None,
    }
}
