//! A flood of webhooks to the real cockpit, which is killed in the middle of it: what was answered with 200 is there.
//!
//! `SALDO_TEST_WEBHOOKS` is how many; a few thousand without it.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;
mod terminal;
mod webhook_support;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use support::{Desk, runtime, until};
use terminal::{PATIENCE, Terminal};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use webhook_support::{exchange, paid, request, sign};

const PATH: &str = "/webhooks/connectpsp";

/// Connections of the gateway.
const CONNECTIONS: usize = 48;

/// How many times it is killed.
const KILLS: usize = 4;

struct Flood {
    events: usize,
    token: String,
    address: SocketAddr,
    next: AtomicUsize,
    answered: Mutex<Vec<bool>>,
    count: AtomicUsize,
    again: Mutex<Vec<usize>>,
    is_over: AtomicBool,
}

impl Flood {
    /// The next one to send: what was not answered comes again.
    fn pick(&self) -> Option<usize> {
        let again = self.again.lock().unwrap().pop();
        again.or_else(|| {
            Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|number| *number < self.events)
        })
    }

    /// Sends one after the other over a connection that is kept, until all are answered.
    async fn send(&self) {
        let mut connection = None;
        while !self.is_over.load(Ordering::Relaxed) {
            let Some(number) = self.pick() else {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            if connection.is_none() {
                connection = TcpStream::connect(self.address).await.ok();
            }
            let body = paid(number);
            let request = request(PATH, &body, &sign(&self.token, &body));
            let answer = match &mut connection {
                Some(stream) => exchange(stream, &request).await,
                None => Err(std::io::ErrorKind::NotConnected.into()),
            };
            match answer {
                Ok(answer) if answer.starts_with("http/1.1 200 ") => {
                    self.answered.lock().unwrap()[number] = true;
                    self.count.fetch_add(1, Ordering::Relaxed);
                }
                other => {
                    assert!(other.is_err() || other.unwrap().starts_with("http/1.1 503 "));
                    self.again.lock().unwrap().push(number);
                    connection = None;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

fn cockpit(desk: &Desk) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.args(["--lang", "en"]);
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    Terminal::start(command)
}

/// The numbers in the inbox that were answered, held against those that are there.
fn assert_nothing_is_lost(desk: &Desk, answered: &[bool]) {
    let journal = desk.journal();
    let mut there = vec![false; answered.len()];
    let mut bodies = journal.prepare("SELECT body FROM inbox").unwrap();
    let mut rows = bodies.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let body: Vec<u8> = row.get(0).unwrap();
        let text = String::from_utf8(body).unwrap();
        let (_, rest) = text.split_once(r#""internalCode":"CI"#).unwrap();
        let number: usize = rest[..9].parse().unwrap();
        assert_eq!(text.as_bytes(), paid(number));
        there[number] = true;
    }
    let lost: Vec<usize> =
        (0..answered.len()).filter(|number| answered[*number] && !there[*number]).collect();
    assert!(lost.is_empty(), "{} were answered with 200 and are not there: {lost:?}", lost.len());
}

#[test]
fn what_was_answered_is_there_however_often_it_is_killed() {
    let events = std::env::var("SALDO_TEST_WEBHOOKS").map_or(3_000, |text| text.parse().unwrap());
    let desk = Desk::start(support::prompt());
    let address = {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        free.local_addr().unwrap()
    };
    let rest = format!("[webhook]\nlisten = \"{address}\"\n");
    desk.configure(&desk.access.base_url, &desk.access.client_id, &rest);
    let flood = Arc::new(Flood {
        events,
        token: desk.access.crypto_token.clone(),
        address,
        next: AtomicUsize::new(0),
        answered: Mutex::new(vec![false; events]),
        count: AtomicUsize::new(0),
        again: Mutex::default(),
        is_over: AtomicBool::new(false),
    });
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let flood = Arc::clone(&flood);
        senders.spawn_on(async move { flood.send().await }, runtime().handle());
    }
    let count = || flood.count.load(Ordering::Relaxed);
    for kill in 1..=KILLS {
        let screen = cockpit(&desk);
        while count() < events * kill / KILLS {
            // As long as it takes: a million are many.
            std::thread::park_timeout(Duration::from_millis(5));
        }
        // The last time, at once after the last answer.
        screen.signal(Signal::KILL);
        screen.exit(PATIENCE);
        let answered = flood.answered.lock().unwrap().clone();
        // What had not become rows yet becomes so with the next owner, whatever it came for.
        desk.saldo(&["recover"]).expect(0);
        assert_nothing_is_lost(&desk, &answered);
    }
    flood.is_over.store(true, Ordering::Relaxed);
    assert!(flood.answered.lock().unwrap().iter().all(|answered| *answered));
    // The next start reads them all into the feed, each once.
    let mut screen = cockpit(&desk);
    let number = |sql: &str| desk.journal().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let unread = || number("SELECT count(*) FROM inbox WHERE read = 0");
    let mut left = i64::MAX;
    while left > 0 {
        // As long as it goes on: a million take their time.
        let before = std::mem::replace(&mut left, 0);
        until(|| unread() < before);
        left = unread();
    }
    screen.wait_text("Transact.");
    screen.send(b"q");
    assert!(screen.exit(PATIENCE).success());
    assert_eq!(number("SELECT count(*) FROM transactions"), i64::try_from(events).unwrap());
    desk.saldo(&["fsck"]).expect(0);
}
