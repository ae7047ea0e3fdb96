//! What deliveries show of the way that they came: late, again, out of order, or overtaken by a question of saldo's.

use std::collections::{HashSet, VecDeque};

use uuid::Uuid;

use super::Told;
use crate::domain::report::{Status, is_plausible};
use crate::domain::transaction::{Transaction, is_late, observed};
use crate::engine::message::DeliveryFigures;
use crate::journal::Observed;

/// Tellings that are remembered, to know a repeat from what saldo had asked for.
const REMEMBERED: usize = 4_096;

/// What has been told lately, and of which row.
#[derive(Debug, Default)]
pub(super) struct Figures {
    known: HashSet<(Uuid, Status)>,
    order: VecDeque<(Uuid, Status)>,
}

impl Figures {
    pub(super) fn count(&mut self, told: &Told, seen: &Observed, into: &mut DeliveryFigures) {
        match told.happened_at {
            Some(happened_at) if is_plausible(happened_at, told.received_at) => {
                into.lags.count(told.received_at.duration_since(happened_at));
            }
            Some(_) => into.implausible += 1,
            None => {}
        }
        let told_before = !self.remember((seen.transaction.id, told.report.status.clone()));
        let Some(before) = &seen.before else { return };
        if told_before {
            into.repeats += 1;
        } else if is_late(before.state, &told.report) {
            into.out_of_order += 1;
        } else if says_nothing_new(before, told) {
            // Of others' transactions saldo hears by webhook alone: one from before the start.
            let count = if before.ours { &mut into.asked_first } else { &mut into.repeats };
            *count += 1;
        }
    }

    /// Whether it is new.
    fn remember(&mut self, telling: (Uuid, Status)) -> bool {
        if !self.known.insert(telling.clone()) {
            return false;
        }
        self.order.push_back(telling);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

fn says_nothing_new(before: &Transaction, told: &Told) -> bool {
    let is_known = observed(None, &told.report).0 == Some(before.state);
    is_known && (told.report.status != Status::Refunded || before.refunded)
}
