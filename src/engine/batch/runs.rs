//! Who goes on with which batch at this moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::alert::Standstill;
use crate::engine::clock;

/// Which batches somebody goes on with, and when somebody did last: in this process, since its start.
#[derive(Debug)]
pub struct Runs {
    started: Timestamp,
    known: Mutex<HashMap<Uuid, (u32, Timestamp)>>,
}

impl Default for Runs {
    fn default() -> Self {
        Self { started: clock::now(), known: Mutex::default() }
    }
}

/// Somebody goes on with a batch for as long as this lives.
pub(in crate::engine) struct Run {
    runs: Arc<Runs>,
    id: Uuid,
}

impl Runs {
    pub(super) fn begin(self: &Arc<Self>, id: Uuid) -> Run {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).entry(id).or_default().0 += 1;
        Run { runs: Arc::clone(self), id }
    }

    /// Of these, those that nobody goes on with at this moment, and since when.
    pub(in crate::engine) fn nobody_goes_on_with(&self, batches: &[Standstill]) -> Vec<Standstill> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = batches.iter().filter_map(|batch| match known.get(&batch.id) {
            Some((1.., _)) => None,
            Some((0, last)) => Some(Standstill { since: *last, ..batch.clone() }),
            None => Some(Standstill { since: batch.since.max(self.started), ..batch.clone() }),
        });
        idle.collect()
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let mut known = self.runs.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((count, last)) = known.get_mut(&self.id) {
            *count = count.saturating_sub(1);
            *last = clock::now();
        }
    }
}
