//! The board on which listener, reader and couriers write how the webhooks are doing, and which rings when one came.
//!
//! Webhooks come faster than a screen could use figures, so they are gathered here and told a few times a second.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, watch};

use super::message::{News, WebhookHealth};

/// Between two tellings at least.
const GATHER: Duration = Duration::from_millis(200);

/// Without a webhook for so long, they have gone quiet (see [`super::poller`]).
const QUIET: Duration = Duration::from_secs(120);

/// See the module.
#[derive(Debug)]
pub struct Board {
    health: Mutex<WebhookHealth>,
    changed: Notify,
    came: watch::Sender<u64>,
}

impl Default for Board {
    fn default() -> Self {
        Self { health: Mutex::default(), changed: Notify::new(), came: watch::Sender::new(0) }
    }
}

impl Board {
    /// The listener is up, at this address.
    pub fn listening(&self, at: SocketAddr) {
        self.update(|health| health.listening = Some(at));
    }

    /// The listener should be up, and cannot.
    pub fn not_listening(&self, why: String) {
        self.update(|health| health.trouble = Some(why));
    }

    /// An authentic webhook is durable.
    pub fn took(&self, at: Timestamp) {
        let taken = {
            let mut health = self.lock();
            health.taken += 1;
            health.last_at = Some(at);
            health.taken
        };
        self.changed.notify_one();
        self.came.send_replace(taken);
    }

    /// A webhook was refused for its signature.
    pub fn refused(&self) {
        self.update(|health| health.forged += 1);
    }

    /// Changes the figures.
    pub fn update(&self, change: impl FnOnce(&mut WebhookHealth)) {
        change(&mut self.lock());
        self.changed.notify_one();
    }

    /// The figures now.
    pub fn health(&self) -> WebhookHealth {
        self.lock().clone()
    }

    /// How many authentic ones have become durable since the start; changes with each.
    pub fn came(&self) -> watch::Receiver<u64> {
        self.came.subscribe()
    }

    /// Whether webhooks are expected and do not come: saldo should listen and cannot, or has heard nothing for
    /// [`QUIET`] since the last one, or since `started` if there was none.
    pub(super) fn is_quiet(&self, started: Timestamp, now: Timestamp) -> bool {
        let health = self.lock();
        let heard = health.last_at.unwrap_or(started).max(started);
        let silence = Duration::try_from(now.duration_since(heard)).unwrap_or_default();
        health.trouble.is_some() || health.listening.is_some() && silence >= QUIET
    }

    /// Tells the figures whenever they have changed, until it is dropped.
    pub(super) async fn publish(self: Arc<Self>, news: mpsc::Sender<News>) {
        loop {
            self.changed.notified().await;
            if news.send(News::Webhooks(Box::new(self.health()))).await.is_err() {
                return;
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, WebhookHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webhooks_are_quiet_only_where_they_are_expected() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let board = Board::default();
        assert!(!board.is_quiet(at(0), at(10_000)), "nobody listens");
        board.listening(SocketAddr::from(([127, 0, 0, 1], 1)));
        assert!(!board.is_quiet(at(0), at(119)));
        assert!(board.is_quiet(at(0), at(120)));
        board.took(at(150));
        assert!(!board.is_quiet(at(0), at(269)));
        assert!(board.is_quiet(at(0), at(270)));
        assert!(!board.is_quiet(at(0), at(100)), "a clock that was set back");
        board.not_listening("in use".to_owned());
        assert!(board.is_quiet(at(0), at(151)));
    }
}
