//! Webhooks are passed on over real HTTP, to addresses that are well, dead, slow, broken, and gone.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod webhook_support;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use saldo::config::WebUrl;
use saldo::engine::forward::{self, Address};
use saldo::engine::message::ForwardHealth;
use saldo::journal::outbox::Outbox;
use saldo::journal::sqlite::check;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use webhook_support::{Desk, TOKEN, desk, paid, sign, until};

/// How the platform's backend answers.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// A moment for each.
    Slow,
    /// 500 to everything.
    Broken,
    /// 500 to what holds this, 200 to the rest.
    Refuses(&'static str),
}

/// The platform's backend: it keeps what it took.
struct Backend {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    server: Option<JoinHandle<()>>,
}

struct Seen {
    mood: Mood,
    /// How often each body was taken.
    taken: BTreeMap<Vec<u8>, u32>,
    /// Whatever was not as it ought to be.
    wrong: Vec<String>,
    requests: u32,
}

impl Backend {
    async fn start(mood: Mood) -> Self {
        let seen = Seen { mood, taken: BTreeMap::new(), wrong: Vec::new(), requests: 0 };
        let mut backend = Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            seen: Arc::new(Mutex::new(seen)),
            server: None,
        };
        backend.up().await;
        backend
    }

    /// At the same port as before.
    async fn up(&mut self) {
        let socket = TcpListener::bind(self.address).await.unwrap();
        self.address = socket.local_addr().unwrap();
        let seen = Arc::clone(&self.seen);
        let take = move |headers: HeaderMap, body: Bytes| {
            let seen = Arc::clone(&seen);
            async move { take(&seen, &headers, &body).await }
        };
        let router = Router::new().route("/events", post(take));
        self.server = Some(tokio::spawn(async move { axum::serve(socket, router).await.unwrap() }));
    }

    async fn down(&mut self) {
        let server = self.server.take().unwrap();
        server.abort();
        let _ = server.await;
    }

    fn url(&self) -> Address {
        Address::from(&WebUrl::parse(&format!("http://{}/events?token=hunter2", self.address)).unwrap())
    }

    fn cheer(&self, mood: Mood) {
        self.seen.lock().unwrap().mood = mood;
    }

    fn count(&self) -> usize {
        self.seen.lock().unwrap().taken.len()
    }

    fn requests(&self) -> u32 {
        self.seen.lock().unwrap().requests
    }

    #[track_caller]
    fn assert_has(&self, numbers: std::ops::Range<usize>) {
        let seen = self.seen.lock().unwrap();
        let bodies: Vec<Vec<u8>> = numbers.map(paid).collect();
        assert!(seen.taken.keys().eq(bodies.iter()), "{} of {}", seen.taken.len(), bodies.len());
        assert_eq!(seen.wrong, [] as [String; 0]);
    }
}

async fn take(seen: &Mutex<Seen>, headers: &HeaderMap, body: &Bytes) -> StatusCode {
    let mood = {
        let mut seen = seen.lock().unwrap();
        seen.requests += 1;
        for (name, value) in [
            ("x-connect-signature", sign(TOKEN, body)),
            ("x-event-id", "e-1".to_owned()),
            ("content-type", "application/json; charset=utf-8".to_owned()),
        ] {
            if headers.get(name).is_none_or(|found| *found != *value) {
                seen.wrong.push(format!("{name}: {:?}", headers.get(name)));
            }
        }
        seen.mood
    };
    match mood {
        Mood::Broken => return StatusCode::INTERNAL_SERVER_ERROR,
        Mood::Refuses(what) if String::from_utf8_lossy(body).contains(what) => {
            return StatusCode::INTERNAL_SERVER_ERROR;
        }
        Mood::Slow => tokio::time::sleep(Duration::from_millis(300)).await,
        Mood::Well | Mood::Refuses(_) => {}
    }
    *seen.lock().unwrap().taken.entry(body.to_vec()).or_default() += 1;
    StatusCode::ACCEPTED
}

fn pass_on(desk: &Desk, backends: &[&Backend]) -> JoinHandle<()> {
    let outbox = Arc::clone(&desk.journal) as Arc<dyn Outbox>;
    let addresses = backends.iter().map(|backend| backend.url()).collect();
    tokio::spawn(forward::run(outbox, addresses, Arc::clone(&desk.board)))
}

/// Once the addresses are known, so that what comes is for them.
async fn passing_on(desk: &Desk, backends: &[&Backend]) -> JoinHandle<()> {
    let passing = pass_on(desk, backends);
    until("the addresses are known", async || desk.board.health().forwards.len() == backends.len()).await;
    passing
}

async fn deliver(desk: &Desk, numbers: std::ops::Range<usize>) {
    for number in numbers {
        assert_eq!(desk.authentic(&paid(number)).await, 200);
    }
}

async fn nothing_waits(desk: &Desk) {
    until("nothing waits", async || {
        let forwards = desk.board.health().forwards;
        !forwards.is_empty()
            && forwards.iter().all(|forward| forward.waiting == Some(0) && forward.trouble.is_none())
    })
    .await;
}

#[track_caller]
fn assert_sound(folder: &Path) {
    let findings = check(&folder.join("journal.db"), &[]).unwrap().findings;
    assert!(findings.is_empty(), "{findings:#?}");
}

#[tokio::test]
async fn each_address_gets_everything_verbatim_and_none_waits_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let (well, slow) = (Backend::start(Mood::Well).await, Backend::start(Mood::Slow).await);
    let mut dead = Backend::start(Mood::Well).await;
    let broken = Backend::start(Mood::Broken).await;
    dead.down().await;
    let passing = passing_on(&desk, &[&well, &slow, &dead, &broken]).await;
    deliver(&desk, 0..60).await;
    until("the one that is well has all", async || well.count() == 60).await;
    assert!(slow.count() < 60, "it waited for the slow one");
    until("the backlog shows", async || {
        let forwards = desk.board.health().forwards;
        [2, 3].iter().all(|index| forwards[*index].waiting == Some(60) && forwards[*index].trouble.is_some())
    })
    .await;
    let ForwardHealth { address, oldest, .. } = desk.board.health().forwards[2].clone();
    assert!(address.ends_with("/events?…") && oldest.is_some(), "{address}");
    dead.up().await;
    broken.cheer(Mood::Well);
    nothing_waits(&desk).await;
    for backend in [&well, &slow, &dead, &broken] {
        backend.assert_has(0..60);
    }
    passing.abort();
    assert_sound(folder.path());
}

#[tokio::test]
async fn what_waits_survives_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let mut backend = Backend::start(Mood::Well).await;
    let well = Backend::start(Mood::Well).await;
    for life in 0..3 {
        let desk = desk(folder.path()).await;
        let passing = passing_on(&desk, &[&backend, &well]).await;
        deliver(&desk, life * 20..life * 20 + 10).await;
        until("the first are there", async || backend.count() > life * 20 && well.count() == life * 20 + 10)
            .await;
        // It ends in the middle of whatever it is at, and the rest comes while nothing passes on.
        backend.down().await;
        passing.abort();
        let _ = passing.await;
        deliver(&desk, life * 20 + 10..life * 20 + 20).await;
        desk.close().await;
        backend.up().await;
        let desk = webhook_support::desk(folder.path()).await;
        let passing = passing_on(&desk, &[&backend, &well]).await;
        nothing_waits(&desk).await;
        backend.assert_has(0..life * 20 + 20);
        well.assert_has(0..life * 20 + 20);
        passing.abort();
        let _ = passing.await;
        desk.close().await;
        assert_sound(folder.path());
    }
    assert!(well.requests() < 60 + 3 * 8, "what was taken is not sent again: {}", well.requests());
}

#[tokio::test]
async fn one_that_is_refused_is_set_aside_and_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let backend = Backend::start(Mood::Refuses("CI000000003")).await;
    let passing = passing_on(&desk, &[&backend]).await;
    deliver(&desk, 0..4).await;
    until("those before it are there", async || backend.count() == 3).await;
    deliver(&desk, 4..200).await;
    until("the others are there", async || backend.count() == 199).await;
    until("one waits", async || desk.board.health().forwards[0].waiting == Some(1)).await;
    assert_sound(folder.path());
    backend.cheer(Mood::Well);
    nothing_waits(&desk).await;
    backend.assert_has(0..200);
    passing.abort();
    assert_sound(folder.path());
}

#[tokio::test]
async fn an_address_that_is_not_named_any_more_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let (first, second) = (Backend::start(Mood::Broken).await, Backend::start(Mood::Well).await);
    let passing = passing_on(&desk, &[&first]).await;
    deliver(&desk, 0..5).await;
    until("they wait", async || desk.board.health().forwards[0].waiting == Some(5)).await;
    passing.abort();
    let _ = passing.await;
    first.cheer(Mood::Well);
    // Another address begins with what comes from now on; what waited for the first is dropped for good.
    for backend in [&second, &first] {
        desk.board.update(|health| health.forwards.clear());
        let passing = passing_on(&desk, &[backend]).await;
        until("it is known", async || desk.board.health().forwards[0].waiting == Some(0)).await;
        passing.abort();
        let _ = passing.await;
    }
    desk.board.update(|health| health.forwards.clear());
    let passing = passing_on(&desk, &[&first]).await;
    deliver(&desk, 5..9).await;
    until("they are there", async || first.count() == 4).await;
    first.assert_has(5..9);
    assert_eq!(second.count(), 0);
    passing.abort();
    assert_sound(folder.path());
}
