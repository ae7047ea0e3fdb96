//! What a person has to be told, kept until they say that they have read it.

use jiff::Timestamp;
use uuid::Uuid;

use super::feed::Motion;
use super::privacy::{hidden_reference, hide_safe, hide_text};
use super::resolve::Fate;
use crate::domain::cash_out::Alarm;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::refund;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::message::{Intent, RebalanceTrouble, StoredRebalance};

/// Something to be read.
#[derive(Debug, Clone)]
pub(crate) enum Notice {
    /// A payment needs a person.
    Alarm { alarm: Alarm, payment: Payment },
    /// A payment is in doubt for another day.
    StillHeld(Payment),
    /// The journal cannot be written.
    JournalTrouble(String),
    /// A rebalance came to something while nobody looked.
    Rebalance(Result<Box<StoredRebalance>, RebalanceTrouble>),
    /// A decision was not taken while nobody looked; nothing was sent.
    NotDecided { amount: Centavos, why: NotDecided },
    /// The engine could not take a command.
    Busy,
    /// A charge or a refund was not made while nobody looked; why, where it is known.
    NotMade(Option<String>),
    /// A refund came to where a person has to look.
    Refund { cash_in: Uuid, amount: Option<Centavos>, state: refund::State },
    /// What a person said of a payment came to something while nobody looked.
    Resolved { payment: Payment, fate: Fate },
    /// Something is out of order until it is not any more; what is known of it.
    Condition(Condition, String),
    /// A payment of saldo's was seen to have come to nothing.
    Ended(SeenRow),
    /// The gateway had contradicted itself about this row before the session began.
    Conflict(SeenRow),
}

/// What is told once each time that it begins, and withdrawn when it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The transactional balance is below the band's floor.
    BelowFloor,
    /// It is above the band's ceiling.
    AboveCeiling,
    /// saldo should listen for webhooks, and does not.
    Webhooks,
    /// The balance could not be read several times in a row.
    BalanceUnread,
    /// Authentic webhooks came that saldo cannot read.
    IllegibleWebhooks,
    /// Webhooks wait for an address that does not take them.
    ForwardStands,
}

/// As much of a row as a notice shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeenRow {
    pub(crate) id: Uuid,
    pub(crate) state: State,
    pub(crate) amount: Option<Centavos>,
    pub(crate) name: Option<Safe>,
    pub(crate) reference: Option<Safe>,
}

impl From<&Transaction> for SeenRow {
    fn from(row: &Transaction) -> Self {
        Self {
            id: row.id,
            state: row.state,
            amount: row.amount,
            name: row.name.clone(),
            reference: row.external_reference.clone(),
        }
    }
}

/// Why a decision came to nothing.
#[derive(Debug, Clone)]
pub(crate) enum NotDecided {
    /// The journal could not take it.
    Journal(String),
    /// The reference names another payment.
    Taken(Reference),
    /// The engine could not take it.
    Busy,
}

/// As much of a payment as a notice shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payment {
    pub(crate) id: Uuid,
    pub(crate) amount: Centavos,
    pub(crate) name: String,
    pub(crate) reference: Reference,
}

impl From<&Intent> for Payment {
    fn from(intent: &Intent) -> Self {
        Self {
            id: intent.id,
            amount: intent.order.amount,
            name: intent.order.name.clone(),
            reference: intent.reference.clone(),
        }
    }
}

impl Notice {
    /// Whether `other` says the same of the same thing: told again, it is one notice with a newer time.
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Alarm { alarm, payment }, Self::Alarm { alarm: also, payment: same }) => {
                alarm == also && payment.id == same.id
            }
            (Self::StillHeld(payment), Self::StillHeld(same)) => payment.id == same.id,
            (Self::Resolved { payment, .. }, Self::Resolved { payment: same, .. }) => payment.id == same.id,
            (Self::JournalTrouble(text), Self::JournalTrouble(same)) => text == same,
            (Self::Busy, Self::Busy) => true,
            (Self::Refund { cash_in, .. }, Self::Refund { cash_in: same, .. }) => cash_in == same,
            (Self::Condition(condition, _), Self::Condition(same, _)) => condition == same,
            (Self::Ended(row), Self::Ended(same)) | (Self::Conflict(row), Self::Conflict(same)) => {
                row.id == same.id
            }
            _ => false,
        }
    }
}

/// A notice and when it last came.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) at: Timestamp,
    pub(crate) notice: Notice,
}

/// Every notice that nobody has acknowledged, oldest first. Its length is bounded by what there is to say:
/// one entry for each thing and payment.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    entries: Vec<Entry>,
    selected: usize,
    /// What holds now, acknowledged or not.
    conditions: Vec<Condition>,
}

impl Notices {
    pub(crate) fn push(&mut self, notice: Notice, at: Timestamp) {
        match self.entries.iter_mut().find(|entry| entry.notice.is_same(&notice)) {
            Some(entry) => *entry = Entry { at, notice },
            None => self.entries.push(Entry { at, notice }),
        }
    }

    /// Says whether a condition holds, and what is known of it: it is told when it begins and withdrawn when it is
    /// over. Gives whether it began now.
    pub(crate) fn hold(&mut self, condition: Condition, detail: Option<String>, at: Timestamp) -> bool {
        let held = self.conditions.contains(&condition);
        let is_it = |entry: &Entry| matches!(entry.notice, Notice::Condition(one, _) if one == condition);
        match detail {
            Some(detail) if !held => {
                self.conditions.push(condition);
                self.push(Notice::Condition(condition, detail), at);
            }
            // The newest figure or reason, as long as nobody has read it.
            Some(detail) => {
                if let Some(entry) = self.entries.iter_mut().find(|entry| is_it(entry)) {
                    entry.notice = Notice::Condition(condition, detail);
                }
            }
            None => {
                self.conditions.retain(|one| *one != condition);
                if let Some(index) = self.entries.iter().position(is_it) {
                    self.entries.remove(index);
                    // The selection stays on what a person may be about to acknowledge.
                    if self.selected > index || self.selected == self.entries.len() {
                        self.selected = self.selected.saturating_sub(1);
                    }
                }
            }
        }
        !held && self.conditions.contains(&condition)
    }

    /// Whether the notice of a condition is still to be read.
    pub(crate) fn is_unread(&self, condition: Condition) -> bool {
        self.entries.iter().any(|entry| matches!(entry.notice, Notice::Condition(one, _) if one == condition))
    }

    /// Takes out what tells of people.
    pub(super) fn hide(&mut self) {
        for entry in &mut self.entries {
            match &mut entry.notice {
                Notice::Alarm { payment, .. }
                | Notice::StillHeld(payment)
                | Notice::Resolved { payment, .. } => {
                    hide_text(&mut payment.name);
                    payment.reference = hidden_reference();
                }
                Notice::Ended(row) | Notice::Conflict(row) => {
                    hide_safe(&mut row.name);
                    hide_safe(&mut row.reference);
                }
                Notice::NotDecided { why: NotDecided::Taken(reference), .. } => {
                    *reference = hidden_reference();
                }
                Notice::JournalTrouble(_)
                | Notice::Rebalance(_)
                | Notice::NotDecided { .. }
                | Notice::Busy
                | Notice::NotMade(_)
                | Notice::Refund { .. }
                | Notice::Condition(..) => {}
            }
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn selected_index(&self) -> usize {
        self.selected
    }

    pub(crate) fn go(&mut self, motion: Motion) {
        self.selected = motion.from(self.selected, self.entries.len());
    }

    /// A person has read the selected one.
    pub(crate) fn acknowledge(&mut self) {
        if self.selected < self.entries.len() {
            self.entries.remove(self.selected);
        }
        self.selected = self.selected.min(self.entries.len().saturating_sub(1));
    }
}
