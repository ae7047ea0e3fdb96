//! Webhooks: signed, tried again, and at the seed's pleasure repeated, late or lost.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, ClientBuilder, Url, redirect, retry};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use super::Options;
use super::access::signature;
use super::answers;
use super::faults::{What, Where};
use super::random::Random;
use super::shared::Shared;
use super::transaction::{EventType, Notice, Transaction};
use super::view::{Delivery, DeliveryOutcome};

/// How long an answer may take (documented).
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The longest wait between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// How many requests are on the wire at a time.
const MAX_CONCURRENT: usize = 16;
/// How many webhooks wait for their time or their next try; more are lost, and noted as such.
const MAX_WAITING: usize = 10_000;

/// The client for webhooks: plain HTTP to loopback, no redirects, no proxy, no repeats of its own.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    // Another part of the process may have installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))];
    ClientBuilder::new()
        .tls_certs_only([])
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        // A kept connection may be dead without notice; a fresh one is either there or not.
        .pool_max_idle_per_host(0)
        // Whatever a resolver says, this name is this machine.
        .resolve_to_addrs("localhost", &loopback)
        .timeout(ANSWER_WITHIN)
        .build()
}

/// Whether the sandbox may dial `url`: plain http, and this machine.
pub(super) fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    url.scheme() == "http" && (host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()))
}

/// One webhook on its way: rendered and signed once, sent as often as it takes.
#[derive(Debug, Clone)]
struct Parcel {
    url: String,
    event: EventType,
    internal_code: String,
    body: String,
    signature: String,
}

impl Parcel {
    fn new(notice: &Notice, masked: bool, crypto_token: &str) -> Self {
        let mut body = answers::webhook(notice);
        if masked {
            answers::mask(&mut body["data"]);
        }
        let body = body.to_string();
        let internal_code = match &notice.transaction {
            Transaction::CashOut(cash_out) => &cash_out.internal_code,
            Transaction::CashIn(cash_in) => &cash_in.internal_code,
        };
        Self {
            url: notice.url.clone(),
            event: notice.event,
            internal_code: internal_code.clone(),
            signature: signature(crypto_token, body.as_bytes()),
            body,
        }
    }

    fn delivery(&self, event_id: String, attempt: u32, outcome: DeliveryOutcome) -> Delivery {
        Delivery {
            event: self.event,
            internal_code: self.internal_code.clone(),
            url: self.url.clone(),
            event_id,
            attempt,
            outcome,
        }
    }
}

/// When a webhook is sent: one wait for each time. Empty when it is to be lost.
fn waits(random: &mut Random, options: &Options) -> Vec<Duration> {
    // Every draw is made whatever came before, so that one option does not shift the rolls of another.
    let lost = random.happens(options.webhook_loss);
    let late = random.happens(options.webhook_disorder);
    let late_by = Duration::from_millis(random.between(500, 4_000));
    let repeated = random.happens(options.webhook_repeat);
    let repeated_after = Duration::from_millis(random.between(100, 5_000));
    if lost {
        return Vec::new();
    }
    let first = if late { late_by } else { Duration::ZERO };
    if repeated { vec![first, first + repeated_after] } else { vec![first] }
}

/// Takes notices and sees to their delivery until the sandbox ends.
pub(super) async fn deliver_all(
    shared: Arc<Shared>,
    client: Client,
    options: Options,
    mut notices: mpsc::Receiver<Notice>,
) {
    let permits = Arc::new(Semaphore::new(MAX_CONCURRENT));
    let mut waiting = JoinSet::new();
    loop {
        let notice = tokio::select! {
            Some(_) = waiting.join_next() => continue,
            notice = notices.recv() => notice,
        };
        let Some(notice) = notice else { return };
        let masked = shared.lock().faults.rolls(Where::Webhook, What::Mask);
        let parcel = Parcel::new(&notice, masked, &shared.access.crypto_token);
        let refuse = |outcome| shared.lock().log.delivery(parcel.delivery(String::new(), 1, outcome));
        if !is_loopback(&parcel.url) {
            refuse(DeliveryOutcome::Undeliverable);
            continue;
        }
        let label = format!("webhook {} {}", parcel.event.as_str(), parcel.internal_code);
        let mut random = Random::new(options.seed, &label);
        let waits = waits(&mut random, &options);
        if waits.is_empty() || waiting.len() + waits.len() > MAX_WAITING {
            refuse(DeliveryOutcome::Lost);
            continue;
        }
        for wait in waits {
            let post = Post {
                shared: Arc::clone(&shared),
                client: client.clone(),
                permits: Arc::clone(&permits),
                event_ids: Random::new(random.next(), "event ids"),
                backoff: options.webhook_backoff,
                tries: options.webhook_tries,
            };
            waiting.spawn(post.deliver(parcel.clone(), wait));
        }
    }
}

/// What one delivery needs of the sandbox.
struct Post {
    shared: Arc<Shared>,
    client: Client,
    permits: Arc<Semaphore>,
    event_ids: Random,
    backoff: Duration,
    tries: u32,
}

impl Post {
    /// Tries until the receiver answers 200, with doubling waits.
    async fn deliver(mut self, parcel: Parcel, first_wait: Duration) {
        let mut wait = first_wait;
        let mut backoff = self.backoff;
        for attempt in 1..=self.tries {
            tokio::time::sleep(wait).await;
            let event_id = self.event_ids.uuid();
            let outcome = self.attempt(&parcel, &event_id).await;
            let delivery = parcel.delivery(event_id, attempt, outcome);
            self.shared.lock().log.delivery(delivery);
            if outcome == DeliveryOutcome::Answered(200) {
                return;
            }
            wait = backoff.min(MAX_BACKOFF);
            backoff = backoff.saturating_mul(2);
        }
    }

    async fn attempt(&self, parcel: &Parcel, event_id: &str) -> DeliveryOutcome {
        let Ok(_permit) = self.permits.acquire().await else { return DeliveryOutcome::Lost };
        let sent = self
            .client
            .post(&parcel.url)
            .header("Content-Type", "application/json")
            .header("X-Connect-Signature", &parcel.signature)
            .header("X-Event-Id", event_id)
            .body(parcel.body.clone())
            .send()
            .await;
        match sent {
            Ok(response) => DeliveryOutcome::Answered(response.status().as_u16()),
            Err(error) if error.is_timeout() => DeliveryOutcome::TimedOut,
            Err(_) => DeliveryOutcome::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::random::Chance;

    #[test]
    fn only_this_machine_is_dialled() {
        for (url, deliverable) in [
            ("http://127.0.0.1:8087/webhooks/connectpsp", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]:8087/", true),
            ("http://localhost:8087/x", true),
            ("http://LOCALHOST/", true),
            ("https://127.0.0.1/", false),
            ("http://10.0.0.1/", false),
            ("http://example.com/", false),
            ("http://127.0.0.1.example.com/", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://localhost.example.com/", false),
            ("http://0.0.0.0/", false),
            ("file:///etc/passwd", false),
            ("not a url", false),
        ] {
            assert_eq!(is_loopback(url), deliverable, "{url}");
        }
    }

    #[test]
    fn the_seed_decides_what_is_late_repeated_or_lost() {
        let plan = |seed, options: &Options| {
            let mut random = Random::new(seed, "webhooks");
            (0..50).map(|_| waits(&mut random, options)).collect::<Vec<_>>()
        };
        let demo = Options::demo(1);
        assert_eq!(plan(1, &demo), plan(1, &demo));
        assert_ne!(plan(1, &demo), plan(2, &demo));
        assert!(plan(1, &Options::default()).iter().all(|waits| *waits == [Duration::ZERO]));
        let lossy = Options { webhook_loss: Chance::ALWAYS, ..Options::default() };
        assert!(plan(1, &lossy).iter().all(Vec::is_empty));
        let doubled = Options { webhook_repeat: Chance::ALWAYS, ..Options::default() };
        assert!(plan(1, &doubled).iter().all(|waits| waits.len() == 2 && waits[1] > waits[0]));
    }
}
