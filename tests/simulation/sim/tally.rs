//! What was counted over many stories.

use saldo::domain::cash_out::State;

use super::fate::{Fault, KINDS};

const STATES: usize = State::ALL.len();

/// The transitions that the machine allows, each of which a run of some size has to reach; any other one is a fault.
pub const TRANSITIONS: [(State, State); 45] = {
    use State::{
        Accepted, Approved, Cancelled, Completed, DeclaredNotPaid, Draft, Exists, Expired, Failed, Held,
        PendingApproval, Rejected, Unknown,
    };
    [
        (Draft, PendingApproval),
        (Draft, Approved),
        (Draft, Cancelled),
        (Draft, Expired),
        (Draft, Accepted),
        (Draft, Completed),
        (PendingApproval, Approved),
        (PendingApproval, Cancelled),
        (PendingApproval, Expired),
        (PendingApproval, Accepted),
        (PendingApproval, Completed),
        (Approved, Unknown),
        (Approved, Cancelled),
        (Approved, Expired),
        (Approved, Accepted),
        (Approved, Completed),
        (Unknown, Accepted),
        (Unknown, Exists),
        (Unknown, Rejected),
        (Unknown, Held),
        (Unknown, Completed),
        (Exists, Accepted),
        (Exists, Held),
        (Exists, Completed),
        (Held, Accepted),
        (Held, Completed),
        (Held, DeclaredNotPaid),
        (Accepted, Completed),
        (Accepted, Failed),
        (Accepted, Cancelled),
        (Failed, Completed),
        (Cancelled, Completed),
        (DeclaredNotPaid, Completed),
        (Rejected, Approved),
        (Rejected, PendingApproval),
        (Expired, Approved),
        (Expired, PendingApproval),
        (Unknown, Cancelled),
        (Unknown, Expired),
        (DeclaredNotPaid, Approved),
        (DeclaredNotPaid, PendingApproval),
        (Approved, DeclaredNotPaid),
        (PendingApproval, DeclaredNotPaid),
        (Cancelled, Approved),
        (Cancelled, PendingApproval),
    ]
};

/// Counts of one story or of many.
#[derive(Clone, Default)]
pub struct Tally {
    pub stories: u64,
    pub events: u64,
    /// Requests that really left.
    pub requests: u64,
    pub attempts: u64,
    /// Payments that left the wallet.
    pub payments: u64,
    pub crashes: u64,
    /// Debts paid twice in a way that no client can prevent: the gateway took its FAILED back, or people declared
    /// something that was not so.
    pub unavoidable: [u64; 2],
    /// Alarms raised in the journal, and those that a person was told.
    pub alarms: (u64, u64),
    /// Payments at the end: final, held, waiting for an id.
    pub ends: [u64; 3],
    faults: Faults,
    transitions: Transitions,
}

#[derive(Clone)]
struct Faults([u64; KINDS]);

impl Default for Faults {
    fn default() -> Self {
        Self([0; KINDS])
    }
}

#[derive(Clone, Default)]
struct Transitions([[u32; STATES]; STATES]);

impl Tally {
    pub const fn moved(&mut self, from: State, to: State) {
        self.transitions.0[from as usize][to as usize] += 1;
    }

    pub const fn count_of(&self, from: State, to: State) -> u32 {
        self.transitions.0[from as usize][to as usize]
    }

    pub const fn struck(&self, fault: Fault) -> u64 {
        self.faults.0[fault as usize]
    }

    pub fn add_strikes(&mut self, struck: &[u32; KINDS]) {
        for (sum, more) in self.faults.0.iter_mut().zip(struck) {
            *sum += u64::from(*more);
        }
    }

    pub fn add(&mut self, other: &Self) {
        self.stories += other.stories;
        self.events += other.events;
        self.requests += other.requests;
        self.attempts += other.attempts;
        self.payments += other.payments;
        self.crashes += other.crashes;
        self.unavoidable[0] += other.unavoidable[0];
        self.unavoidable[1] += other.unavoidable[1];
        self.alarms.0 += other.alarms.0;
        self.alarms.1 += other.alarms.1;
        for (sum, more) in self.ends.iter_mut().zip(other.ends) {
            *sum += more;
        }
        for (sum, more) in self.faults.0.iter_mut().zip(&other.faults.0) {
            *sum += more;
        }
        for (row, other) in self.transitions.0.iter_mut().zip(&other.transitions.0) {
            for (sum, more) in row.iter_mut().zip(other) {
                *sum += more;
            }
        }
    }

    /// Kinds and transitions that never came up.
    pub fn missing(&self) -> Vec<String> {
        let kinds = Fault::ALL.iter().filter(|fault| self.struck(**fault) == 0);
        let moves = TRANSITIONS.iter().filter(|(from, to)| self.count_of(*from, *to) == 0);
        kinds
            .map(|fault| fault.words().to_owned())
            .chain(moves.map(|(from, to)| format!("{} -> {}", from.as_str(), to.as_str())))
            .collect()
    }
}
