//! How the owner's desk stands, for those who watch it: the newest of each kind, and the last alarms.

use std::collections::VecDeque;
use std::sync::Arc;

use super::protocol::Told;
use crate::engine::message::{News, Pause, WebhookHealth};

/// Alarms that are kept for a cockpit that is opened later: more than a person reads at once. All of them are in the
/// journal.
const MOST_ALARMS: usize = 32;

/// What is known now. A watcher is told what has changed since it was last told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    balance: Option<Told>,
    failing: Option<Told>,
    webhooks: WebhookHealth,
    paused: Option<Pause>,
    alarms: VecDeque<(u64, Told)>,
    next: u64,
}

impl Picture {
    /// Takes in what the engine said, and says whether it is for others: what is about one screen's own question is not.
    pub fn take(&mut self, news: &News) -> bool {
        match news {
            News::Balance(reading) => {
                self.balance = Some(Told::Balance(Arc::new((**reading).clone())));
                self.failing = None;
            }
            News::BalanceFailed { at, reason, failures } => {
                self.failing =
                    Some(Told::BalanceFailed { at: *at, reason: reason.clone(), failures: *failures });
            }
            News::Webhooks(health) => self.webhooks = (**health).clone(),
            News::Paused(pause) => self.paused.clone_from(pause),
            News::Alarm { alarm, intent } => {
                self.raise(Told::Alarm { alarm: *alarm, intent: Arc::new((**intent).clone()) });
            }
            News::StillHeld(intent) => self.raise(Told::StillHeld(Arc::new((**intent).clone()))),
            News::RefundNeeds { cash_in, amount, state } => {
                self.raise(Told::RefundNeeds { cash_in: *cash_in, amount: *amount, state: *state });
            }
            News::JournalTrouble(reason) => self.raise(Told::JournalTrouble(reason.clone())),
            News::Feed(_)
            | News::Life(_)
            | News::FeedCounted(_)
            | News::Sought(_)
            | News::Payee(..)
            | News::ChargeDecided { .. }
            | News::RefundDecided { .. }
            | News::Pace(_)
            | News::Conservation(_)
            | News::BalanceHistory(_)
            | News::Exposure { .. }
            | News::CashOutDecided { .. }
            | News::RebalanceReviewed { .. }
            | News::RebalanceEnded(_)
            | News::Acknowledged(_)
            | News::Favoured(_)
            | News::Gaps(_)
            | News::Shift(_)
            | News::Handover(_)
            | News::AsItWas(_)
            | News::BatchRead { .. }
            | News::Batch(_)
            | News::BatchLines(_)
            | News::Batches(_)
            | News::BatchResult { .. }
            | News::Resolved { .. } => return false,
        }
        true
    }

    fn raise(&mut self, told: Told) {
        // A trouble that goes on is told again and again: it must not push out what is told once.
        self.alarms.retain(|(_, kept)| *kept != told);
        if self.alarms.len() == MOST_ALARMS {
            self.alarms.pop_front();
        }
        self.alarms.push_back((self.next, told));
        self.next += 1;
    }

    /// The same, with what the lane itself says of its pause: it may have found a reason that nobody was told.
    #[must_use]
    pub(super) fn with_pause(self, paused: Option<Pause>) -> Self {
        Self { paused, ..self }
    }

    /// What is to be told to somebody who knows `before`, or nothing yet.
    pub(super) fn since(&self, before: Option<&Self>) -> Vec<Told> {
        let mut told = Vec::new();
        let unknown = Self::default();
        let (before, is_first) = (before.unwrap_or(&unknown), before.is_none());
        if self.balance != before.balance {
            told.extend(self.balance.clone());
        }
        if self.failing != before.failing {
            match &self.failing {
                Some(failing) => told.push(failing.clone()),
                // The same balance once more says that it can be read again.
                None if self.balance == before.balance => told.extend(self.balance.clone()),
                None => {}
            }
        }
        if is_first || self.webhooks != before.webhooks {
            told.push(Told::Webhooks(self.webhooks.clone()));
        }
        if is_first || self.paused != before.paused {
            told.push(Told::Paused(self.paused.clone()));
        }
        let new = self.alarms.iter().filter(|(number, _)| *number >= before.next);
        told.extend(new.map(|(_, alarm)| alarm.clone()));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(picture: &mut Picture, reason: &str) {
        picture.take(&News::JournalTrouble(reason.to_owned()));
    }

    #[test]
    fn each_watcher_is_told_what_it_does_not_know() {
        let mut picture = Picture::default();
        trouble(&mut picture, "1");
        let first = picture.since(None);
        assert_eq!(
            first,
            [
                Told::Webhooks(WebhookHealth::default()),
                Told::Paused(None),
                Told::JournalTrouble("1".to_owned())
            ]
        );
        let before = picture.clone();
        assert_eq!(picture.since(Some(&before)), []);
        for _ in 0..100 {
            trouble(&mut picture, "1");
        }
        assert_eq!(picture.since(Some(&before)), [Told::JournalTrouble("1".to_owned())]);
        for number in 0..100 {
            trouble(&mut picture, &number.to_string());
        }
        let late = picture.since(Some(&before));
        assert_eq!(late.len(), MOST_ALARMS);
        assert_eq!(late.last(), Some(&Told::JournalTrouble("99".to_owned())));
    }
}
