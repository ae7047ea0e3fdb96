//! Passing webhooks on: every authentic one, verbatim, to each address that the configuration names.
//!
//! Each address has a courier of its own with its own place in the inbox, so one that is slow or dead delays nobody else.
//! A webhook is sent until the address answers with 2xx, and perhaps more than once. Those that wait are sent oldest first,
//! several at a time, so an address that needs their order has to look at `eventAt`.
//!
//! A failure may be the address's or the webhook's own. What tells them apart is whether a later one was taken: then the
//! one that failed is set aside and tried again by itself, with growing waits. Otherwise the line stands where it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use reqwest::{Client, redirect, retry};
use sha2::{Digest, Sha256};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock;
use super::message::ForwardHealth;
use super::webhooks::Board;
use crate::config::WebUrl;
use crate::domain::text::Safe;
use crate::journal::outbox::{LONGEST_WAIT, Outbox, Outgoing, Parcel, Passed};

/// Taken from the line at once: an acknowledged page is one small commit.
const PAGE: u32 = 32;

/// The most of a page after failures that were answered: past so many in a row, the address counts as down.
const MOST: u32 = 256;

/// Taken from the line to see whether an address that did not answer is there again.
const PROBE: u32 = 4;

/// Requests to one address at a time.
const AT_ONCE: usize = 8;

/// Without an answer to so many in a row, the rest of the page is not sent.
const UNANSWERED: u32 = 8;

/// For a connection, and for the whole exchange.
const CONNECT: Duration = Duration::from_secs(5);
const EXCHANGE: Duration = Duration::from_secs(10);

/// The first wait of an address that failed, and the longest.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_AT_MOST: Duration = Duration::from_secs(30);

/// A new webhook cuts the wait of an address that answers short, to this.
const BREATH: Duration = Duration::from_millis(250);

/// The first wait of a webhook that was set aside.
const ASIDE: Duration = Duration::from_secs(2);

/// After trouble with the journal.
const TROUBLE: Duration = Duration::from_secs(1);

/// Who gets every authentic webhook.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    name: String,
    shown: String,
    url: String,
}

impl From<&WebUrl> for Address {
    fn from(url: &WebUrl) -> Self {
        let (shown, whole) = (url.to_string(), url.as_str().to_owned());
        // A query may hold a token: the journal knows the address by a digest of it.
        let name = if shown == whole {
            whole.clone()
        } else {
            let digest = Sha256::digest(whole.as_bytes());
            let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            format!("{shown}#{short}")
        };
        Self { name, shown, url: whole }
    }
}

/// Passes webhooks on to these addresses and to no others, until it is dropped.
pub async fn run(outbox: Arc<dyn Outbox>, addresses: Vec<Address>, board: Arc<Board>) {
    let names: Vec<_> = addresses.iter().map(|address| address.name.clone()).collect();
    let dropped = loop {
        match outbox.forward_to(names.clone()).await {
            Ok(dropped) => break dropped,
            Err(error) => {
                tracing::error!("webhooks are not passed on: {error}");
                tokio::time::sleep(TROUBLE).await;
            }
        }
    };
    for gone in dropped {
        tracing::warn!(
            "{} is no longer in [webhook] forward: {} webhooks that waited for it were dropped",
            gone.address,
            gone.waiting
        );
    }
    let health = |address: &Address| ForwardHealth {
        address: address.shown.clone(),
        waiting: None,
        oldest: None,
        trouble: None,
    };
    board.update(|figures| figures.forwards = addresses.iter().map(health).collect());
    let mut couriers = JoinSet::new();
    for (index, address) in addresses.into_iter().enumerate() {
        let courier = Courier {
            outbox: Arc::clone(&outbox),
            address,
            index,
            board: Arc::clone(&board),
            is_down: false,
        };
        couriers.spawn(courier.run());
    }
    while couriers.join_next().await.is_some() {}
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    /// 2xx.
    Taken,
    /// Another answer.
    Refused(Safe),
    /// None.
    Unanswered(Safe),
}

struct Courier {
    outbox: Arc<dyn Outbox>,
    address: Address,
    /// In the figures.
    index: usize,
    board: Arc<Board>,
    is_down: bool,
}

impl Courier {
    async fn run(mut self) {
        let client = match client(&self.address) {
            Ok(client) => client,
            Err(error) => {
                tracing::error!("{} gets no webhooks: {error}", self.address.shown);
                let trouble = Safe::new(&error.to_string());
                return self.board.update(|all| {
                    if let Some(own) = all.forwards.get_mut(self.index) {
                        own.trouble = Some(trouble);
                    }
                });
            }
        };
        let mut came = self.board.came();
        let (mut failures, mut limit) = (0_u32, PAGE);
        loop {
            came.mark_unchanged();
            let outgoing = match self.outbox.outgoing(&self.address.name, clock::now(), limit).await {
                Ok(outgoing) => outgoing,
                Err(error) => {
                    self.journal_trouble(&error).await;
                    continue;
                }
            };
            self.show(&outgoing);
            if outgoing.parcels.is_empty() {
                wait(&mut came, until(outgoing.next_due)).await;
                continue;
            }
            let results = self.send_all(&client, outgoing.parcels).await;
            let page = judge(&results, clock::now());
            if let Err(error) = self.outbox.passed(&self.address.name, page.passed).await {
                // They are sent again; an address has to know a repeat anyhow.
                self.journal_trouble(&error).await;
                continue;
            }
            self.note(&results, page.is_down);
            if !page.is_down {
                (failures, limit) = (0, PAGE);
                continue;
            }
            failures = failures.saturating_add(1);
            let pause = doubled(WAIT, failures, WAIT_AT_MOST);
            let answers = results.iter().any(|(_, outcome)| matches!(outcome, Outcome::Refused(_)));
            if answers {
                limit = limit.saturating_mul(2).clamp(PAGE, MOST);
                tokio::time::sleep(BREATH).await;
                wait(&mut came, pause.saturating_sub(BREATH)).await;
            } else {
                limit = PROBE;
                tokio::time::sleep(pause).await;
            }
        }
    }

    async fn send_all(&self, client: &Client, parcels: Vec<Parcel>) -> Vec<(Parcel, Outcome)> {
        let unanswered = AtomicU32::new(0);
        let mut results: Vec<_> = stream::iter(parcels)
            .map(|parcel| async {
                if unanswered.load(Ordering::Relaxed) >= UNANSWERED {
                    return None;
                }
                let outcome = self.send(client, &parcel).await;
                if matches!(outcome, Outcome::Unanswered(_)) {
                    unanswered.fetch_add(1, Ordering::Relaxed);
                } else {
                    unanswered.store(0, Ordering::Relaxed);
                }
                Some((parcel, outcome))
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        results.sort_unstable_by_key(|(parcel, _)| parcel.number);
        results
    }

    async fn send(&self, client: &Client, parcel: &Parcel) -> Outcome {
        let delivery = &parcel.delivery;
        let mut request = client.post(&self.address.url).body(delivery.body.clone());
        for (name, value) in [
            ("content-type", &delivery.content_type),
            ("x-connect-signature", &delivery.signature),
            ("x-event-id", &delivery.event_id),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Outcome::Taken,
            Ok(answer) => Outcome::Refused(Safe::new(&format!("HTTP {}", answer.status().as_u16()))),
            Err(error) => Outcome::Unanswered(reason(&error)),
        }
    }

    /// Tells the figures.
    fn show(&self, outgoing: &Outgoing) {
        self.board.update(|all| {
            if let Some(own) = all.forwards.get_mut(self.index) {
                (own.waiting, own.oldest) = (Some(outgoing.waiting), outgoing.oldest);
            }
        });
    }

    /// Says when an address goes down and when it is back, once each.
    fn note(&mut self, results: &[(Parcel, Outcome)], is_down: bool) {
        let trouble = results.iter().rev().find_map(|(_, outcome)| match outcome {
            Outcome::Refused(why) | Outcome::Unanswered(why) => Some(why.clone()),
            Outcome::Taken => None,
        });
        match (&trouble, is_down) {
            (Some(why), true) if !self.is_down => {
                tracing::warn!("{} takes no webhooks: {why}; they wait", self.address.shown);
            }
            (_, false) if self.is_down => tracing::info!("{} takes webhooks again", self.address.shown),
            _ => {}
        }
        self.is_down = is_down;
        self.board.update(|all| {
            if let Some(own) = all.forwards.get_mut(self.index) {
                own.trouble = trouble;
            }
        });
    }

    async fn journal_trouble(&self, error: &crate::journal::JournalError) {
        tracing::error!("webhooks for {} wait: {error}", self.address.shown);
        tokio::time::sleep(TROUBLE).await;
    }
}

/// What a page came to.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    passed: Passed,
    /// Nothing was taken, and something in line was not.
    is_down: bool,
}

fn judge(results: &[(Parcel, Outcome)], now: Timestamp) -> Page {
    let is_taken = |outcome: &Outcome| *outcome == Outcome::Taken;
    let in_line = || results.iter().filter(|(parcel, _)| parcel.attempts.is_none());
    let up_to = in_line().filter(|(_, outcome)| is_taken(outcome)).map(|(parcel, _)| parcel.number).max();
    let is_down = !results.iter().any(|(_, outcome)| is_taken(outcome)) && in_line().next().is_some();
    let mut passed = Passed { up_to, ..Passed::default() };
    for (parcel, outcome) in results {
        let number = parcel.number;
        let attempts = match (parcel.attempts, is_taken(outcome)) {
            (Some(_), true) => {
                passed.taken.push(number);
                continue;
            }
            // Nothing is learned of it while the address takes nothing at all.
            (Some(attempts), false) if !is_down => attempts.saturating_add(1),
            (None, false) if up_to.is_some_and(|taken| number < taken) => 1,
            _ => continue,
        };
        let pause = doubled(ASIDE, attempts, LONGEST_WAIT);
        let due_at = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        passed.aside.push((number, attempts, due_at));
    }
    Page { passed, is_down }
}

/// `first`, doubled with each time after the first one, up to `most`.
fn doubled(first: Duration, times: u32, most: Duration) -> Duration {
    first.saturating_mul(1 << times.saturating_sub(1).min(16)).min(most)
}

fn until(due: Option<Timestamp>) -> Duration {
    let left = due.map(|due| Duration::try_from(due.duration_since(clock::now())).unwrap_or_default());
    left.unwrap_or(LONGEST_WAIT).clamp(BREATH, LONGEST_WAIT)
}

/// Waits for so long, or until another webhook has come.
async fn wait(came: &mut watch::Receiver<u64>, pause: Duration) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        // The board lives as long as its courier.
        _ = came.changed() => {}
    }
}

/// Connections are kept: a webhook that meets a dead one is sent again.
fn client(address: &Address) -> Result<Client, reqwest::Error> {
    // Another part of the process may have installed one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("saldo/", env!("CARGO_PKG_VERSION")))
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .pool_max_idle_per_host(AT_ONCE)
        .connect_timeout(CONNECT)
        .timeout(EXCHANGE);
    // Plain http is for this machine alone, as the configuration has checked.
    let builder =
        if address.url.starts_with("https:") { builder.https_only(true) } else { builder.tls_certs_only([]) };
    builder.build()
}

/// The innermost cause, without the address: its query may hold a token.
fn reason(error: &reqwest::Error) -> Safe {
    use std::error::Error;
    if error.is_timeout() {
        return Safe::new("no answer in time");
    }
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause.and_then(Error::source) {
        cause = Some(inner);
    }
    cause.map_or_else(|| Safe::new("the request could not be made"), |cause| Safe::new(&cause.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Delivery;

    fn result(number: i64, attempts: Option<u32>, outcome: Outcome) -> (Parcel, Outcome) {
        let delivery = Delivery {
            body: Vec::new(),
            event_id: None,
            signature: None,
            content_type: None,
            received_at: Timestamp::UNIX_EPOCH,
        };
        (Parcel { number, attempts, delivery }, outcome)
    }

    #[test]
    fn a_failure_is_the_addresss_unless_a_later_one_was_taken() {
        let (ok, no) = (|| Outcome::Taken, || Outcome::Refused(Safe::new("HTTP 500")));
        let aside =
            |number, attempts: u32, seconds| (number, attempts, Timestamp::from_second(seconds).unwrap());
        let line = |number, outcome| result(number, None, outcome);
        let tried = |number, attempts, outcome| result(number, Some(attempts), outcome);
        for (results, up_to, set_aside, taken, is_down) in [
            (vec![line(4, ok()), line(5, ok())], Some(5), vec![], vec![], false),
            (vec![line(4, no()), line(5, no())], None, vec![], vec![], true),
            (vec![line(4, no()), line(5, ok()), line(6, no())], Some(5), vec![aside(4, 1, 2)], vec![], false),
            (vec![tried(1, 1, ok()), line(4, no())], None, vec![], vec![1], false),
            (vec![tried(1, 3, no()), line(4, ok())], Some(4), vec![aside(1, 4, 16)], vec![], false),
            (vec![tried(1, 3, no()), line(4, no())], None, vec![], vec![], true),
            // Nothing stands in line, so what comes next must not wait.
            (vec![tried(1, 60, no())], None, vec![aside(1, 61, 600)], vec![], false),
        ] {
            let page = judge(&results, Timestamp::UNIX_EPOCH);
            assert_eq!(
                page,
                Page { passed: Passed { up_to, aside: set_aside, taken }, is_down },
                "{results:?}"
            );
        }
    }

    #[test]
    fn a_name_tells_addresses_apart_and_holds_no_token() {
        let address = |text: &str| Address::from(&WebUrl::parse(text).unwrap());
        let one = address("https://platform.example/hook?token=hunter2");
        let other = address("https://platform.example/hook?token=hunter3");
        assert_ne!(one.name, other.name);
        assert!(one.name.starts_with("https://platform.example/hook?…#"), "{}", one.name);
        assert!(!one.name.contains("hunter") && !one.shown.contains("hunter"));
        assert_eq!(address("https://platform.example/hook").name, "https://platform.example/hook");
    }
}
