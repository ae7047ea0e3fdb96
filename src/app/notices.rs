//! What a person has to be told, kept until they say that they have read it.

use jiff::Timestamp;
use uuid::Uuid;

use super::feed::Motion;
use crate::domain::cash_out::Alarm;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
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
            (Self::JournalTrouble(text), Self::JournalTrouble(same)) => text == same,
            (Self::Busy, Self::Busy) => true,
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
}

impl Notices {
    pub(crate) fn push(&mut self, notice: Notice, at: Timestamp) {
        match self.entries.iter_mut().find(|entry| entry.notice.is_same(&notice)) {
            Some(entry) => *entry = Entry { at, notice },
            None => self.entries.push(Entry { at, notice }),
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
