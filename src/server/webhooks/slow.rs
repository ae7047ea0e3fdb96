//! Answers to forged webhooks come late: the later, the more of them came from an address lately.
//!
//! Only their answers: whatever an address has done, an authentic webhook from it is answered at once, since a proxy may
//! bring both.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// The wait after an address's first forged webhook; each further one doubles it.
const FIRST: Duration = Duration::from_millis(50);

/// The longest wait. The connection is cut a little later anyhow.
const LONGEST: Duration = Duration::from_secs(4);

/// Doublings that are counted, and how long one is remembered.
const DOUBLINGS: u32 = 7;
const REMEMBERED: Duration = Duration::from_secs(10);

/// Addresses that are remembered. Past them, a new one waits as after its first.
const ADDRESSES: usize = 4_096;

/// Answers that wait at a time; past them, an answer is given at once. A waiting one costs a socket.
const WAITING: usize = 64;

/// See the module.
#[derive(Debug)]
pub(super) struct Slowdown {
    records: Mutex<Records>,
    places: Semaphore,
}

impl Default for Slowdown {
    fn default() -> Self {
        Self { records: Mutex::default(), places: Semaphore::new(WAITING) }
    }
}

#[derive(Debug, Default)]
struct Records {
    by_address: HashMap<IpAddr, Record>,
    cleaned_at: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    doublings: u32,
    at: Instant,
}

impl Record {
    /// What is left of it.
    fn doublings_at(self, now: Instant) -> u32 {
        let forgotten = now.duration_since(self.at).as_secs() / REMEMBERED.as_secs();
        self.doublings.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }
}

impl Slowdown {
    /// Waits as long as the address has earned, this time included; not at all where too many wait already.
    pub(super) async fn wait(&self, address: IpAddr) {
        let pause = self.records.lock().unwrap_or_else(PoisonError::into_inner).note(address, Instant::now());
        if let Ok(_place) = self.places.try_acquire() {
            tokio::time::sleep(pause).await;
        }
    }
}

impl Records {
    fn note(&mut self, address: IpAddr, now: Instant) -> Duration {
        let key = network(address);
        let before = self.by_address.get(&key).map_or(0, |record| record.doublings_at(now));
        let record = Record { doublings: (before + 1).min(DOUBLINGS), at: now };
        if self.by_address.len() >= ADDRESSES && !self.by_address.contains_key(&key) {
            self.clean(now);
        }
        if self.by_address.len() < ADDRESSES || self.by_address.contains_key(&key) {
            self.by_address.insert(key, record);
        }
        FIRST.saturating_mul(1 << before).min(LONGEST)
    }

    /// Forgets addresses that have earned nothing any more; once a second at most.
    fn clean(&mut self, now: Instant) {
        if self.cleaned_at.is_none_or(|at| now.duration_since(at) >= Duration::from_secs(1)) {
            self.cleaned_at = Some(now);
            self.by_address.retain(|_, record| record.doublings_at(now) > 0);
        }
    }
}

/// Whoever has one IPv6 address usually has a whole /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(records: &mut Records, address: &str, now: Instant) -> u128 {
        records.note(address.parse().unwrap(), now).as_millis()
    }

    #[test]
    fn waits_grow_by_address_and_are_forgotten() {
        let (mut records, now) = (Records::default(), Instant::now());
        let mut waits: Vec<_> = (0..9).map(|_| millis(&mut records, "10.0.0.1", now)).collect();
        assert_eq!(waits.split_off(6), [3_200, 4_000, 4_000]);
        assert_eq!(waits, [50, 100, 200, 400, 800, 1_600]);
        assert_eq!(millis(&mut records, "10.0.0.2", now), 50);
        assert_eq!(millis(&mut records, "::ffff:10.0.0.2", now), 100, "the same machine");
        assert_eq!(millis(&mut records, "2001:db8::1", now), 50);
        assert_eq!(millis(&mut records, "2001:db8::2", now), 100, "the same network");
        let later = now + REMEMBERED * 5;
        assert_eq!(millis(&mut records, "10.0.0.1", later), 200);
        assert_eq!(millis(&mut records, "10.0.0.1", later + REMEMBERED * 9), 50);
    }

    #[test]
    fn the_table_has_an_end_and_forgets() {
        let (mut records, now) = (Records::default(), Instant::now());
        let stranger = |number: usize| IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
        for number in 0..ADDRESSES + 10 {
            records.note(stranger(number), now);
        }
        assert_eq!(records.by_address.len(), ADDRESSES);
        assert_eq!(records.note(stranger(0), now).as_millis(), 100, "those that are known stay known");
        records.note(stranger(ADDRESSES + 20), now + REMEMBERED);
        assert_eq!(records.by_address.len(), 2);
    }
}
