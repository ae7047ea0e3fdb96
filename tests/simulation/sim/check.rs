//! What must hold: after every change to the journal, at every request, at every payment, and at the end.

use jiff::SignedDuration;
use saldo::domain::attempt::Verdict;
use saldo::domain::cash_out::{Alarm, Event, State};
use saldo::domain::moment::Moment;
use saldo::domain::report::{Source, Status};
use saldo::gateway::MoneyRequest;
use uuid::Uuid;

use super::Rule;
use super::fate::Fault;
use super::ledger::Truth;
use super::plant::Plant;
use super::store::{Commit, debt_of, fold};
use super::story::DAY;
use super::tally::TRANSITIONS;
use super::world::World;

impl World {
    /// A request leaves: I2 (an earlier row, one request a row) and I3 (one body, one key a round).
    pub fn check_request(&mut self, request: &MoneyRequest, reference: &str, key: Option<Uuid>) {
        self.tally.requests += 1;
        let Some(index) = request.reference.as_deref().and_then(|known| self.store.by_reference(known))
        else {
            return self
                .broken(Rule::I2, |_| "a request for a payment that is not in the journal".to_owned());
        };
        let is_changed = self.plant == Plant::BodyPerAttempt && self.store.records[index].rows.len() > 1;
        let record = &mut self.store.records[index];
        if !record.intent.cash_out.on_the_wire || record.rows.is_empty() {
            return self.broken(Rule::I2, |_| format!("a request for {reference} without a row before it"));
        }
        let Some(row) = record.rows.last_mut() else { return };
        row.sent += 1;
        record.last_request = self.now;
        let (sent, row) = (row.sent, *row);
        let one_key = record.rows.iter().all(|other| other.round != row.round || other.key == row.key);
        let mut body = request.body.clone();
        if is_changed {
            body.push(b' ');
        }
        let one_body =
            *record.first_body.get_or_insert_with(|| body.clone()) == body && body == record.intent.body;
        let one_reference = record.intent.reference.as_str() == reference;
        if sent > 1 {
            self.broken(Rule::I2, |_| format!("{sent} requests for one row of {reference}"));
        }
        if !one_key || key != Some(row.key) {
            self.broken(Rule::I3, |_| format!("another key in the same round of {reference}"));
        }
        if !one_body {
            self.broken(Rule::I3, |_| format!("another body for {reference}"));
        }
        if !one_reference {
            self.broken(Rule::I6, |_| format!("the reference on the wire is {reference}"));
        }
    }

    /// Checks what was committed since the last time.
    pub fn check_commits(&mut self) {
        let fresh = std::mem::take(&mut self.store.fresh);
        for commit in &fresh {
            self.check_commit(commit);
        }
        self.store.fresh = fresh;
        self.store.fresh.clear();
        while let Some((debt, alarm)) = self.store.alarms.pop() {
            self.tally.alarms.0 += 1;
            self.say(|_| format!("debt-{debt}: alarm {alarm:?}"));
        }
    }

    fn check_commit(&mut self, commit: &Commit) {
        let index = commit.record;
        self.tally.events += 1;
        let pay = &self.store.records[index].intent.cash_out;
        let (before, after) = (commit.before, pay.state);
        let what = match self.store.records[index].events.last() {
            Some(Event::AttemptStarted { .. }) => What::Started,
            Some(Event::Approved { .. }) => What::Approved,
            Some(Event::CalledOff { .. }) => What::CalledOff,
            Some(Event::LookedInVain { .. }) => What::Vain,
            Some(Event::RoundStarted { .. }) => What::Round,
            Some(Event::Reported { .. }) if pay.is_contradicted() => What::Contradicted,
            _ => What::Other,
        };
        self.mark(
            (index as u64) << 48
                | (after as u64) << 40
                | u64::from(pay.attempts) << 20
                | self.store.records[index].events.len() as u64,
        );
        self.mark(self.now as u64);
        self.say(|world| {
            let record = &world.store.records[index];
            let event = record.events.last().map(|event| format!("{event:?}")).unwrap_or_default();
            let event: String = event.chars().take_while(|letter| !" ({".contains(*letter)).collect();
            format!("{}: {event}: {} -> {}", record.intent.reference, before.as_str(), after.as_str())
        });
        match what {
            What::Started => self.check_start(index),
            What::Approved => self.hit(Fault::Approved),
            What::CalledOff => self.hit(Fault::CalledOff),
            What::Vain if self.is_calm => self.store.records[index].reminders += 1,
            What::Round if was_looked_into(&self.store.records[index].events) => {
                self.broken(Rule::W2, |_| "another round of a payment that was contradicted".to_owned());
            }
            What::Contradicted if was_looked_into(&self.store.records[index].events) => {
                self.hit(Fault::MoreTold);
            }
            What::Vain | What::Round | What::Contradicted | What::Other => {}
        }
        if let Some(code) = &self.store.records[index].intent.cash_out.ids.internal_code {
            let owner = self.ledger.by_code(code.as_str());
            let reference = self.store.records[index].intent.reference.as_str();
            if owner.is_none_or(|order| self.ledger.orders[order].reference != reference) {
                self.broken(Rule::I6, |_| "a payment has the id of another".to_owned());
            }
        }
        if before != after {
            self.tally.moved(before, after);
            if !TRANSITIONS.contains(&(before, after)) {
                self.broken(Rule::I5, |_| format!("{} -> {}", before.as_str(), after.as_str()));
            }
            self.check_end(index, before, after);
        }
    }

    /// An attempt was journalled: enough approvals (I9), inside the window (W1), and nothing beside it that may have paid
    /// the debt (I1, W2).
    fn check_start(&mut self, index: usize) {
        self.tally.attempts += 1;
        let record = &self.store.records[index];
        let terms = &record.intent.cash_out.terms;
        if terms.approvals > 0 {
            let mut people: Vec<u32> = Vec::new();
            for event in &record.events {
                match event {
                    Event::Approved { by, payload, .. }
                        if *payload == terms.fingerprints.payload
                            && !by.is(&terms.maker)
                            && !people.contains(&by.uid) =>
                    {
                        people.push(by.uid);
                    }
                    Event::Submitted { .. } | Event::RoundStarted { .. } => people.clear(),
                    _ => {}
                }
            }
            if people.len() < usize::from(terms.approvals) {
                return self.broken(Rule::I9, |_| format!("sent with {} good approvals", people.len()));
            }
        }
        let first = first_doubt(&record.events);
        let at = record.events.last().and_then(|event| match event {
            Event::AttemptStarted { at, .. } => Some(*at),
            _ => None,
        });
        if let (Some(first), Some(at)) = (first, at) {
            let window = SignedDuration::from_micros(self.resend_window);
            if at.at_most_since(&first) > window {
                return self.broken(Rule::W1, |_| "sent after the window".to_owned());
            }
        }
        let own = &record.intent.cash_out.terms;
        for other in &self.store.records {
            let pay = &other.intent.cash_out;
            if pay.terms.obligation != own.obligation || other.intent.id == record.intent.id {
                continue;
            }
            if pay.state.may_have_paid() {
                return self
                    .broken(Rule::I1, |_| "sent beside a payment that may have paid the debt".to_owned());
            }
            // What people found of it frees nothing, whatever the machine makes of that.
            let is_contradicted = pay.conflict || was_looked_into(&other.events);
            if is_contradicted && !matches!(pay.state, State::Completed) && pay.last_report.is_some() {
                return self.broken(Rule::W2, |_| {
                    "sent although the gateway had contradicted the end of an earlier payment".to_owned()
                });
            }
        }
    }

    /// A payment came to a state that says something of the money: is it true?
    fn check_end(&mut self, index: usize, before: State, after: State) {
        if !after.is_final() {
            return;
        }
        let record = &self.store.records[index];
        let reference = record.intent.reference.as_str();
        let debt = self.debts[usize::from(record.debt)];
        let order = self.ledger.by_reference(reference).map(|order| &self.ledger.orders[order]);
        let alive = order.is_some_and(|order| {
            order.ours && (order.moved || matches!(order.truth, Truth::Processing | Truth::Completed))
        });
        // What a restored or lost journal does not know, nothing in it can tell.
        let blind = debt.journal_lost;
        let broken: Option<(Rule, String)> = match after {
            State::Completed => {
                let moved = order.is_some_and(|order| order.moved);
                let believed = match record.events.last() {
                    // What a webhook alone says has to match what was ordered.
                    Some(Event::Reported { source: Source::Webhook, report, .. }) => {
                        report.status != Status::Completed
                            || report.amount == Some(record.intent.order.amount)
                                && report.document.as_ref().is_none_or(|told| {
                                    record.intent.order.document.matches_unmasked(told.as_str())
                                })
                    }
                    _ => true,
                };
                if !moved {
                    Some((Rule::T1, format!("{reference} is called completed and no money moved")))
                } else if !believed {
                    Some((
                        Rule::M1,
                        format!("{reference} is called completed by a webhook of something else"),
                    ))
                } else {
                    None
                }
            }
            State::Rejected => {
                let proven = record.rows.last().is_some_and(|row| row.proven);
                if !proven {
                    Some((Rule::T2, format!("{reference} is called rejected without a proven refusal")))
                } else if (alive || self.is_late(reference)) && !blind {
                    Some((Rule::T2, format!("{reference} is called rejected and may be paid")))
                } else {
                    None
                }
            }
            State::Cancelled | State::Expired if before != State::Accepted => {
                // A round that was let go leads back to what people said before it: that was true then.
                let is_back = matches!(before, State::Approved | State::PendingApproval);
                ((alive || self.is_late(reference)) && !blind && !is_back)
                    .then(|| (Rule::T3, format!("{reference} is called withdrawn and may be paid")))
            }
            State::Failed | State::Cancelled => {
                // One that took its word back may have said FAILED twice, and a minute apart.
                let ended = order.is_some_and(|order| {
                    order.lied || matches!(order.truth, Truth::Failed | Truth::Cancelled)
                });
                (!ended).then(|| (Rule::T4, format!("{reference} is called failed and has not")))
            }
            State::DeclaredNotPaid => {
                self.hit(Fault::DeclaredByTwo);
                let record = &self.store.records[index];
                let reference = record.intent.reference.as_str();
                let mut people: Vec<u32> = Vec::new();
                for event in &record.events {
                    match event {
                        Event::Declared { by, .. } if !people.contains(&by.uid) => people.push(by.uid),
                        _ => {}
                    }
                }
                if people.len() < 2 {
                    Some((Rule::D1, format!("{reference} is declared not paid by {} people", people.len())))
                } else if self.now - record.last_request < DAY && !blind {
                    Some((Rule::D2, format!("{reference} is declared not paid too early")))
                } else if debt.false_declaration {
                    None
                } else {
                    // A round that was let go leads back to what people said before it: that was true then.
                    let is_back = matches!(before, State::Approved | State::PendingApproval);
                    ((alive || self.is_late(reference)) && !blind && !is_back)
                        .then(|| (Rule::T5, format!("{reference} is declared not paid and may be paid")))
                }
            }
            _ => None,
        };
        if let Some((rule, what)) = broken {
            self.broken(rule, |_| what);
        }
    }

    /// I1: a debt was paid a second time.
    pub fn paid_twice(&mut self, debt: u8) {
        let truth = self.debts[usize::from(debt)];
        // Only an order whose FAILED was taken back explains another payment beside it.
        let kept_its_word = self
            .ledger
            .orders
            .iter()
            .filter(|order| order.debt == debt && order.moved && !order.lied)
            .count();
        let lied = kept_its_word <= 1;
        if lied || truth.false_declaration {
            self.tally.unavoidable[usize::from(!lied)] += 1;
            self.say(|_| format!("debt-{debt} is paid twice, and no client could have known"));
            return;
        }
        self.broken(Rule::I1, |_| format!("debt-{debt} is paid twice"));
    }

    /// What must hold when the story is over.
    pub fn check_the_end(&mut self, acknowledged: &[Uuid]) {
        for index in 0..self.store.records.len() {
            let record = &self.store.records[index];
            let folded = fold(&record.events, self.plant);
            if folded.as_ref() != Ok(&record.intent.cash_out) {
                self.broken(Rule::I4, |_| "a snapshot is not the fold of its events".to_owned());
                return;
            }
            let pay = &record.intent.cash_out;
            let (state, stale) = (pay.state, pay.stale && pay.gateway_id().is_none());
            let reference = record.intent.reference.clone();
            let has_id = pay.gateway_id().is_some();
            if state.is_final() {
                self.tally.ends[0] += 1;
            } else if state == State::Held && (record.reminders > 0 || has_id) {
                self.tally.ends[1] += 1;
            } else if state == State::Accepted && stale {
                self.tally.ends[2] += 1;
            } else {
                return self.broken(Rule::S1, |_| format!("{reference} is stuck in {}", state.as_str()));
            }
            let order = self.ledger.by_reference(reference.as_str()).map(|order| &self.ledger.orders[order]);
            let gave_up = matches!(state, State::Failed | State::Cancelled | State::DeclaredNotPaid);
            let lied = order.is_some_and(|order| order.moved && order.lied);
            if lied && has_id && gave_up && !self.debts[usize::from(debt_of(reference.as_str()))].journal_lost
            {
                return self
                    .broken(Rule::A1, |_| format!("the late payment of {reference} was never noticed"));
            }
        }
        for id in acknowledged {
            if self.store.position(*id).is_none() {
                return self.broken(Rule::I11, |_| "an acknowledged decision is lost".to_owned());
            }
        }
        for debt in 0..self.debts.len() {
            let truth = self.debts[debt];
            let loud = 1 << Alarm::CompletedAfterFailure as u32
                | 1 << Alarm::Overtaken as u32
                | 1 << Alarm::Contradiction as u32
                | 1 << Alarm::ReferenceTaken as u32;
            // An alarm that a crash swallowed stays on the screen as the row's conflict.
            let is_shown = self
                .store
                .records
                .iter()
                .any(|record| usize::from(record.debt) == debt && record.intent.cash_out.conflict);
            // What people declared not paid, and the gateway gave no id for, nobody can look at again.
            let is_blind = self.store.records.iter().any(|record| {
                let pay = &record.intent.cash_out;
                usize::from(record.debt) == debt
                    && pay.state == State::DeclaredNotPaid
                    && pay.gateway_id().is_none()
            });
            let is_told = truth.alarms & loud != 0 || is_shown || is_blind;
            if truth.paid >= 2 && !truth.false_declaration && !truth.journal_lost && !is_told {
                self.broken(Rule::A2, |_| format!("debt-{debt} is paid twice and nobody was told"));
            }
        }
    }
}

enum What {
    Started,
    Approved,
    CalledOff,
    Vain,
    Round,
    Contradicted,
    Other,
}

/// Whether a person has closed what the gateway contradicted.
fn was_looked_into(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::LookedInto(_)))
}

/// When this round's first request began of which nobody knows what it came to.
fn first_doubt(events: &[Event]) -> Option<Moment> {
    let (mut began, mut first) = (None, None);
    for event in events {
        match event {
            Event::RoundStarted { .. } => first = None,
            Event::AttemptStarted { at, .. } => began = Some(*at),
            Event::AttemptEnded { verdict: Verdict::Ambiguous(_), .. } => first = first.or(began),
            _ => {}
        }
    }
    first
}
