//! What the screen rings for: alerts that began, payments that came to nothing. What is an alert is judged by whoever owns
//! the journal, and read there; the screen only tells it.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::notices::SeenRow;
use super::{App, Effect, Notice};
use crate::domain::alert::{Alert, Kind, Severity};
use crate::domain::cash_out::State as Out;
use crate::domain::transaction::{State, Transaction};

/// What needs no word any more.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// What ended before the session began is no news, wherever the feed is scrolled to.
    since: Timestamp,
    told: HashSet<Uuid>,
    /// Alerts up to this number have rung, or were there when the session began.
    rung: i64,
    /// How many waited when the window was last named.
    named: usize,
}

impl Watch {
    pub(super) fn new(rows: &[Transaction], alerts: &[Alert], since: Timestamp) -> Self {
        Self {
            since,
            told: rows.iter().filter(|row| came_to_nothing(row)).map(|row| row.id).collect(),
            rung: newest(alerts),
            named: 0,
        }
    }
}

fn newest(alerts: &[Alert]) -> i64 {
    alerts.iter().map(|alert| alert.number).max().unwrap_or_default()
}

fn came_to_nothing(row: &Transaction) -> bool {
    row.ours && matches!(row.state, State::Out(Out::Failed | Out::Rejected | Out::Expired))
}

impl App {
    /// What is to be told at the start.
    pub(super) fn watch_start(&mut self) {
        for row in self.feed.window.rows.iter().filter(|row| row.conflict) {
            self.notices.push(Notice::Conflict(SeenRow::from(row)), self.now);
        }
    }

    /// Tells what ended without money having moved since the last look.
    pub(super) fn watch_rows(&mut self) -> Option<Effect> {
        let before = self.watch.told.len();
        let window = &self.feed.window;
        for row in window.rows.iter().chain(&window.newest).filter(|row| came_to_nothing(row)) {
            if row.updated_at >= self.watch.since && self.watch.told.insert(row.id) {
                self.notices.push(Notice::Ended(SeenRow::from(row)), self.now);
            }
        }
        (self.watch.told.len() > before).then_some(Effect::Bell)
    }

    /// Alerts that somebody has to look at and that stand nowhere else: oldest first, so that a new one moves none.
    pub(crate) fn waiting_alerts(&self) -> Vec<&Alert> {
        // These two have their place above the list, with more to say.
        let stands_above =
            |alert: &Alert| matches!(alert.what.kind(), Kind::PaymentsPaused | Kind::RebalanceInDoubt);
        let alerts = &self.feed.window.alerts;
        alerts.iter().rev().filter(|alert| alert.is_waiting() && !stands_above(alert)).collect()
    }

    /// Alerts that hold and that somebody has acknowledged.
    pub(crate) fn seen_alerts(&self) -> impl Iterator<Item = &Alert> {
        self.feed.window.alerts.iter().rev().filter(|alert| alert.stands() && alert.acknowledged.is_some())
    }

    /// Rings for alerts that began since the last look; in quiet hours only for what cannot wait.
    pub(super) fn watch_alerts(&mut self) -> Vec<Effect> {
        let quiet = self.facts.quiet.is_some_and(|quiet| quiet.holds(self.now, &self.facts.zone));
        let alerts = &self.feed.window.alerts;
        let mut began: Vec<&Alert> = alerts
            .iter()
            .filter(|alert| alert.number > self.watch.rung && alert.is_waiting())
            .filter(|alert| !quiet || alert.what.kind().severity() == Severity::Now)
            .collect();
        began.sort_by_key(|alert| (std::cmp::Reverse(alert.what.kind().severity()), alert.number));
        let mut effects = Vec::new();
        if let Some(first) = began.first() {
            let amount = first.what.amount().filter(|_| !self.private);
            let amount = amount.map(|amount| format!(": {amount}")).unwrap_or_default();
            let first = format!("{}{amount}", self.lang.alert(&first.what));
            let text = self.lang.and_more(&first, began.len() - 1);
            effects.push(Effect::Bell);
            effects.push(Effect::Notify(format!("saldo {}: {text}", self.facts.profile)));
        }
        let waiting = alerts.iter().filter(|alert| alert.is_waiting()).count();
        self.watch.rung = self.watch.rung.max(newest(alerts));
        if waiting != std::mem::replace(&mut self.watch.named, waiting) {
            let count = if waiting > 0 { format!("({waiting}) ") } else { String::new() };
            effects.push(Effect::Title(format!("{count}saldo {}", self.facts.profile)));
        }
        effects
    }
}
