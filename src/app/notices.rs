//! What a person has to be told, kept until they say that they have read it.

use jiff::Timestamp;
use uuid::Uuid;

use super::feed::Motion;
use super::privacy::{HIDDEN, hidden_reference, hide_safe, hide_text};
use super::resolve::Fate;
use crate::domain::alert::{Alert, Kind};
use crate::domain::cash_out::Alarm;
use crate::domain::money::Centavos;
use crate::domain::order::Reference;
use crate::domain::permission::NotAllowed;
use crate::domain::refund;
use crate::domain::text::Safe;
use crate::domain::transaction::{State, Transaction};
use crate::engine::message::{BatchNews, Intent, RebalanceTrouble, StoredRebalance};

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
    /// A batch ended, or stopped, while nobody looked.
    Batch(Box<BatchNews>),
    /// A refund came to where a person has to look.
    Refund { cash_in: Uuid, amount: Option<Centavos>, state: refund::State },
    /// What a person said of a payment came to something while nobody looked.
    Resolved { payment: Payment, fate: Fate },
    /// A payment of saldo's was seen to have come to nothing.
    Ended(SeenRow),
    /// The gateway had contradicted itself about this row before the session began.
    Conflict(SeenRow),
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
    /// saldo itself does not let it be done.
    NotAllowed(NotAllowed),
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
    /// In the list that begins with the alerts that wait.
    selected: usize,
}

impl Notices {
    pub(crate) fn push(&mut self, notice: Notice, at: Timestamp) {
        match self.entries.iter_mut().find(|entry| entry.notice.is_same(&notice)) {
            Some(entry) => *entry = Entry { at, notice },
            None => self.entries.push(Entry { at, notice }),
        }
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
                Notice::Batch(news) => news.name = Safe::new(HIDDEN),
                Notice::JournalTrouble(_)
                | Notice::Rebalance(_)
                | Notice::NotDecided { .. }
                | Notice::Busy
                | Notice::NotMade(_)
                | Notice::Refund { .. } => {}
            }
        }
    }

    /// What contradicts itself rang at once; the board has it by now, and says it to everybody.
    pub(super) fn leave_to_the_board(&mut self, alerts: &[Alert]) {
        let tells = |id: Uuid| {
            alerts.iter().any(|alert| {
                let kind = alert.what.kind();
                matches!(
                    kind,
                    Kind::PaymentConflict
                        | Kind::PaidAfterFailure
                        | Kind::ChargeConflict
                        | Kind::TransactionConflict
                ) && alert.what.row() == Some(id)
            })
        };
        let before = self.entries.len();
        self.entries.retain(|entry| match &entry.notice {
            Notice::Alarm {
                alarm:
                    Alarm::Mismatch | Alarm::Contradiction | Alarm::CompletedAfterFailure | Alarm::Overtaken,
                payment,
            } => !tells(payment.id),
            Notice::Conflict(row) => !tells(row.id),
            _ => true,
        });
        self.selected = self.selected.saturating_sub(before - self.entries.len());
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(crate) fn selected_index(&self) -> usize {
        self.selected
    }

    /// Moves in the list that begins with so many alerts.
    pub(crate) fn go(&mut self, motion: Motion, alerts: usize) {
        self.selected = motion.from(self.selected, alerts + self.entries.len());
    }

    /// Alerts waited before the notices, and others do now, by their numbers: the selection stays where it was.
    pub(crate) fn follow(&mut self, before: &[i64], now: &[i64]) {
        self.selected = match before.get(self.selected) {
            Some(chosen) => {
                let gone = || now.iter().filter(|number| *number < chosen).count();
                now.iter().position(|number| number == chosen).unwrap_or_else(gone)
            }
            None => self.selected - before.len() + now.len(),
        };
        self.selected = self.selected.min((now.len() + self.entries.len()).saturating_sub(1));
    }

    /// A person has read the one behind so many alerts that is selected.
    pub(crate) fn acknowledge(&mut self, alerts: usize) {
        let index = self.selected.saturating_sub(alerts);
        if self.selected >= alerts && index < self.entries.len() {
            self.entries.remove(index);
        }
        self.selected = self.selected.min((alerts + self.entries.len()).saturating_sub(1));
    }
}
