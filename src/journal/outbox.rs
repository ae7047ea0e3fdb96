//! What is still to be passed on: every authentic webhook, to each address that wants them.
//!
//! The inbox is the queue. An address has a cursor in it, so that a webhook needs a row of its own only where an address
//! refuses it while it takes later ones.

use std::time::Duration;

use jiff::Timestamp;

use super::{Answer, Delivery};

/// The longest wait of a webhook that was set aside. A time further ahead was written under another clock, and is due.
pub const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// Whatever waits for one address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// What is to be sent now, oldest first.
    pub parcels: Vec<Parcel>,
    /// How many wait, those included.
    pub waiting: u64,
    /// When the oldest of them arrived (UTC).
    pub oldest: Option<Timestamp>,
    /// When the next one that was set aside is due (UTC).
    pub next_due: Option<Timestamp>,
}

/// A webhook to be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its number in the inbox.
    pub number: i64,
    /// How often it was tried since it was set aside. `None`: it stands in line.
    pub attempts: Option<u32>,
    /// What is sent.
    pub delivery: Delivery,
}

/// What became of some of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// Everything in line up to this number was taken, or is in `aside`. `None`: the line has not moved.
    pub up_to: Option<i64>,
    /// Refused: number, attempts so far, and when to try again (UTC).
    pub aside: Vec<(i64, u32, Timestamp)>,
    /// Numbers that were set aside earlier and have been taken now.
    pub taken: Vec<i64>,
}

/// An address that is wanted no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its name.
    pub address: String,
    /// How many webhooks were waiting for it.
    pub waiting: u64,
}

/// The owner's door to what is passed on. An address is known by a name that is stored and shown, so it holds no secret.
pub trait Outbox: Send + Sync {
    /// From now on these addresses and no others. A new one begins with the next webhook that arrives.
    fn forward_to(&self, addresses: Vec<String>) -> Answer<'_, Vec<Dropped>>;
    /// What waits for an address; at most `limit` of it to be sent.
    fn outgoing(&self, address: &str, now: Timestamp, limit: u32) -> Answer<'_, Outgoing>;
    /// Writes down what became of it.
    fn passed(&self, address: &str, passed: Passed) -> Answer<'_, ()>;
}
