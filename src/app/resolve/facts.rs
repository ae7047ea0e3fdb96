//! What a person needs to look a payment up at the gateway, and what to do next about it.

use super::super::detail::{Line, LineKind, Lines};
use super::super::keymap::{Action, Place};
use super::super::timeline::name_of;
use super::super::{App, Payment};
use crate::domain::cash_out::{Again, CashOut, Event, State};
use crate::domain::stand::Stand;
use crate::domain::transaction::State as Row;
use crate::engine::message::{AttemptRow, Intent, Life};

impl App {
    /// The facts of a payment of ours, for whoever asks the gateway's people about it. What is not there is left out.
    pub(crate) fn resolve_facts(&self, life: &Life) -> Vec<Line> {
        let mut lines = Lines::default();
        self.contradictions(&mut lines, life);
        match &life.intent {
            Some(intent) => {
                self.payment(&mut lines, life, intent);
                self.requests(&mut lines, life, intent);
            }
            None => self.cash_in_facts(&mut lines, life),
        }
        self.discreet_lines(lines.0)
    }

    /// What contradicts itself and is open: what was held, what was told, by whom and when.
    pub(in crate::app) fn contradictions(&self, lines: &mut Lines, life: &Life) {
        let Some(about) = life.contradicted() else { return };
        let time = |at| self.clock.near(at, self.now);
        for (at, one) in life.contradictions(about).iter().enumerate() {
            let label = if at == 0 { self.lang.contradiction_label() } else { "" };
            lines.fact(label, self.lang.contradiction(one, &time));
        }
    }

    fn cash_in_facts(&self, lines: &mut Lines, life: &Life) {
        let words = &self.words().detail;
        let row = &life.transaction;
        let stand = Stand::of(row.state, row.failure_reported, None);
        lines.push(LineKind::Stand(stand), words.state, self.lang.stand(stand));
        if let Some(refund) = &life.incoming.refund {
            let refund = &refund.stored.asked;
            lines.fact(self.words().refund.heading, self.lang.refund_state(refund.state));
        }
        lines.known(words.reference, row.external_reference.as_ref());
        if let Some(charge) = &life.incoming.charge {
            lines.fact(words.amount, charge.stored.asked.terms.order.amount.to_string());
        } else if let Some(amount) = row.amount {
            lines.fact(words.amount, amount.to_string());
        }
        lines.known(words.payer, row.name.as_ref());
        lines.known(words.internal_code, row.internal_code.as_ref());
        lines.known(words.transaction_id, row.transaction_id.as_ref());
    }

    /// Which payment it is, and where it stands: what a review cannot do without.
    pub(crate) fn payment_facts(&self, life: &Life) -> Vec<Line> {
        let mut lines = Lines::default();
        self.contradictions(&mut lines, life);
        match &life.intent {
            Some(intent) => self.payment(&mut lines, life, intent),
            None => self.cash_in_facts(&mut lines, life),
        }
        self.discreet_lines(lines.0)
    }

    fn payment(&self, lines: &mut Lines, life: &Life, intent: &Intent) {
        let words = &self.words().detail;
        let row = &life.transaction;
        let stand = Stand::of(row.state, row.failure_reported, Some(&intent.cash_out));
        lines.push(LineKind::Stand(stand), words.state, self.lang.stand(stand));
        lines.fact(words.reference, intent.reference.as_str());
        lines.fact(words.amount, intent.order.amount.to_string());
        let document = &intent.order.document;
        lines.fact(words.payee, format!("{}, {} {}", intent.order.name, document.kind(), document.masked()));
        self.destination(lines, &intent.order.destination);
        lines.known(words.internal_code, row.internal_code.as_ref());
        lines.known(words.transaction_id, row.transaction_id.as_ref());
    }

    fn requests(&self, lines: &mut Lines, life: &Life, intent: &Intent) {
        let words = &self.words().resolve;
        let pay = &intent.cash_out;
        if life.attempts.is_empty() {
            let terms = &pay.terms;
            let prepared = format!("{}, {} {}", self.clock.full(terms.at), words.by, name_of(&terms.maker));
            lines.fact(words.prepared, prepared);
            return;
        }
        self.sent(lines, &life.attempts);
        if pay.doubt_since.is_some() {
            let end = pay.window_end();
            let after = if pay.frozen || self.now >= end { words.window_over } else { "" };
            lines.fact(words.window_end, format!("{}{after}", self.clock.full(end)));
        }
        self.outcomes(lines, &life.attempts);
    }

    /// The keys, and when the requests left.
    fn sent(&self, lines: &mut Lines, attempts: &[AttemptRow]) {
        let words = &self.words().resolve;
        let (Some(first), Some(last)) = (attempts.first(), attempts.last()) else { return };
        let mut keys: Vec<_> = attempts.iter().map(|attempt| attempt.key).collect();
        keys.dedup();
        for (at, key) in keys.iter().enumerate() {
            lines.fact(if at == 0 { words.idempotency_key } else { "" }, key.to_string());
        }
        if attempts.len() == 1 {
            lines.fact(words.only_request, self.clock.full(first.started_at));
        } else {
            lines.fact(words.first_request, self.clock.full(first.started_at));
            let count = self.lang.requests(attempts.len());
            lines.fact(words.last_request, format!("{} ({count})", self.clock.full(last.started_at)));
        }
    }

    /// What the requests came to, each outcome once.
    fn outcomes(&self, lines: &mut Lines, attempts: &[AttemptRow]) {
        let words = self.words();
        let mut outcomes: Vec<(String, usize)> = Vec::new();
        for attempt in attempts {
            let on_the_wire = || words.detail.on_the_wire.to_owned();
            let text =
                attempt.verdict.as_ref().map_or_else(on_the_wire, |verdict| self.lang.verdict(verdict));
            match outcomes.iter_mut().find(|(one, _)| *one == text) {
                Some((_, count)) => *count += 1,
                None => outcomes.push((text, 1)),
            }
        }
        for (at, (text, count)) in outcomes.iter().enumerate() {
            let times = if *count > 1 { format!("{count} × ") } else { String::new() };
            lines.fact(if at == 0 { words.resolve.came_to } else { "" }, format!("{times}{text}"));
        }
    }

    /// Which one it is, on two lines: amount and name, then the reference.
    pub(crate) fn whose(&self, life: &Life) -> [String; 2] {
        let Payment { amount, name, reference, .. } = super::of::shown(life);
        [format!("{amount}  {name}"), format!("{}: {reference}", self.words().detail.reference)]
    }

    /// Who has declared that it was not paid, and when.
    pub(crate) fn declared_by(&self, life: &Life, pay: &CashOut) -> Vec<String> {
        let when = |who: &crate::domain::person::Person| {
            life.events.iter().rev().find_map(|event| match event {
                Event::Declared { at, by, .. } if by.is(who) => Some(self.clock.near(at.at, self.now)),
                _ => None,
            })
        };
        pay.declarations
            .iter()
            .map(|who| match when(who) {
                _ if self.is_private() => super::super::HIDDEN.to_owned(),
                Some(at) => format!("{} ({at})", name_of(who)),
                None => name_of(who),
            })
            .collect()
    }

    /// What a stand means for the money. What is frozen is not sent again, whatever its state would let one hope.
    pub(crate) fn meaning(&self, stand: Stand, pay: Option<&CashOut>) -> &'static str {
        let is_frozen = pay.is_some_and(|pay| pay.frozen && pay.state == State::Unknown);
        match stand {
            Stand::At(Row::Out(State::Unknown)) if is_frozen => self.words().detail.frozen_meaning,
            stand => self.lang.stand_meaning(stand),
        }
    }

    /// What a person can do about a payment of ours at this moment, with the keys that do it.
    pub(crate) fn next_step(&self, pay: &CashOut) -> Option<String> {
        let key = |action| self.keys.key_of(Place::Detail, action, self.lang);
        let resolve = key(Action::Resolve);
        match pay.state {
            _ if pay.is_contradicted() => Some(self.lang.may_look_into(&resolve)),
            _ if pay.on_the_wire => None,
            State::Unknown if !pay.frozen && self.paused.is_some() => {
                Some(self.words().detail.next_paused.to_owned())
            }
            _ if pay.may_be_called_off() => Some(self.lang.may_call_off(&resolve)),
            State::Unknown if !pay.frozen => {
                let end = self.clock.near(pay.window_end(), self.now);
                Some(self.lang.may_send_again(&key(Action::TakeUp), &end, &resolve))
            }
            State::Unknown | State::Exists => {
                Some(self.lang.ask_and_wait(&resolve, &self.clock.near(pay.held_from(), self.now)))
            }
            State::Held => Some(self.lang.ask_and_decide(&resolve, pay.people_missing())),
            State::Draft | State::PendingApproval | State::Approved | State::Accepted => None,
            State::Rejected
            | State::Completed
            | State::Failed
            | State::Cancelled
            | State::Expired
            | State::DeclaredNotPaid => self.once_more(pay),
        }
    }

    /// How the debt may be paid once more, if this payment did not pay it and the feed shows none that came after.
    fn once_more(&self, pay: &CashOut) -> Option<String> {
        let again = pay.again()?;
        let debt = &pay.terms.obligation;
        let next = debt.of_generation(pay.terms.generation + 1);
        let came_after = |reference: &str| {
            let mut rows = self.feed.window.rows.iter();
            rows.any(|row| row.external_reference.as_ref().is_some_and(|one| one.as_str() == reference))
        };
        match again {
            Again::Round => Some(self.lang.once_more(debt.as_str(), None)),
            Again::Generation if came_after(next.as_str()) => None,
            Again::Generation => Some(self.lang.once_more(debt.as_str(), Some(next.as_str()))),
        }
    }
}
