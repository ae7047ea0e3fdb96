//! What saldo looks out for by itself: a balance outside its band or not to be read, webhooks that do not come, cannot be
//! read or cannot be passed on, payments that came to nothing, rows that contradict.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::notices::{Condition, SeenRow};
use super::{App, Effect, Notice};
use crate::domain::band::Standing;
use crate::domain::cash_out::State as Out;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::message::WebhookHealth;

/// After so many failures in a row a person is told.
const UNREAD: u32 = 3;

/// A webhook that an address has not taken for so long is told; before, it is tried again in peace.
const STANDS: SignedDuration = SignedDuration::from_mins(1);

/// Which payments that came to nothing need no word any more.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    /// What ended before the session began is no news, wherever the feed is scrolled to.
    since: Timestamp,
    told: HashSet<Uuid>,
}

impl Watch {
    pub(super) fn new(rows: &[Transaction], since: Timestamp) -> Self {
        Self { since, told: rows.iter().filter(|row| came_to_nothing(row)).map(|row| row.id).collect() }
    }
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
        self.watch_band();
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

    /// A balance was read.
    pub(super) fn watch_balance(&mut self) -> Option<Effect> {
        self.notices.hold(Condition::BalanceUnread, None, self.now);
        self.watch_band()
    }

    fn watch_band(&mut self) -> Option<Effect> {
        let (band, balance) = (self.facts.band?, self.balance.transactional()?);
        let standing = band.standing(balance);
        let detail = |wanted| (standing == wanted).then(|| balance.to_string());
        let below = self.notices.hold(Condition::BelowFloor, detail(Standing::BelowFloor), self.now);
        let above = self.notices.hold(Condition::AboveCeiling, detail(Standing::AboveCeiling), self.now);
        (below || above).then_some(Effect::Bell)
    }

    /// A balance could not be read, `failures` times in a row by now.
    pub(super) fn watch_failure(&mut self, reason: &Safe, failures: u32) -> Option<Effect> {
        if failures < UNREAD {
            return None;
        }
        let began = self.notices.hold(Condition::BalanceUnread, Some(reason.to_string()), self.now);
        began.then_some(Effect::Bell)
    }

    /// Whether webhooks come.
    pub(super) fn watch_webhooks(&mut self) -> Option<Effect> {
        let trouble = self.webhooks.trouble.as_deref().map(|trouble| Safe::new(trouble).to_string());
        self.notices.hold(Condition::Webhooks, trouble, self.now).then_some(Effect::Bell)
    }

    /// Authentic webhooks that cannot be read: told again when more come after a person has read it.
    pub(super) fn watch_illegible(&mut self, before: &WebhookHealth) -> Option<Effect> {
        const IT: Condition = Condition::IllegibleWebhooks;
        let count = self.webhooks.illegible;
        if count <= before.illegible {
            return None;
        }
        if !self.notices.is_unread(IT) {
            self.notices.hold(IT, None, self.now);
        }
        self.notices.hold(IT, Some(count.to_string()), self.now).then_some(Effect::Bell)
    }

    /// Whether an address takes what is passed on to it.
    pub(super) fn watch_forwards(&mut self) -> Option<Effect> {
        let stands = self.webhooks.forwards.iter().find(|forward| {
            let oldest = forward.oldest.filter(|_| forward.trouble.is_some());
            oldest.is_some_and(|oldest| self.now.duration_since(oldest) >= STANDS)
        });
        let detail = stands.map(|forward| {
            let why = forward.trouble.as_ref().map(Safe::as_str).unwrap_or_default();
            format!("{}: {} ({why})", forward.address, forward.waiting.unwrap_or_default())
        });
        self.notices.hold(Condition::ForwardStands, detail, self.now).then_some(Effect::Bell)
    }
}
