//! What safety costs: from the confirming key to the first byte of the order on the wire, against a bare request.
//!
//! ```text
//! cargo run --release --example cost_of_safety -- [PAYMENTS] [FOLDER]
//! ```
//!
//! Both pay the same listener on this machine, each over a connection of its own and by turns, so that both meet the
//! same weather. *saldo* is a whole desk: the command that the confirming key sends, the decision and the attempt
//! journalled with a synced commit each, token and signature, connection, request. *bare* is reqwest with the same body
//! and headers. The journal's part is measured again by itself, and so is a bare write with `fdatasync`, which is what
//! the disk costs whoever wants to know after a power cut. FOLDER is where the journal lies; it decides about the disk.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]
#![allow(clippy::disallowed_macros, clippy::print_stdout, reason = "its output is what it is for")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use saldo::domain::cash_out::Event;
use saldo::domain::document::Document;
use saldo::domain::money::Centavos;
use saldo::domain::order::{Destination, Order, Reference, idempotency_key};
use saldo::domain::person::Person;
use saldo::domain::pix_key::PixKey;
use saldo::engine::clock::SystemClock;
use saldo::engine::desk::{Desk, Parts};
use saldo::engine::lane::{Decision, Lane, LaneSettings};
use saldo::engine::message::Command;
use saldo::gateway::{Charging, Credentials, HttpGateway, Options};
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{CashIns, Proposed};
use uuid::Uuid;

/// Payments before the measured ones: connections, caches and the token are warm afterwards.
const WARM_UP: usize = 20;

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let payments: usize = arguments.next().map_or(500, |text| text.parse().unwrap());
    let parent = arguments.next().unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned() + "/target");
    let folder = tempfile::tempdir_in(parent).unwrap();
    let (address, arrivals) = listen();
    let base_url = format!("http://{address}");

    let journal = open(&folder.path().join("desk.db")).await;
    let (desk, mut news) = Desk::start(Parts {
        journal: Arc::clone(&journal),
        gateway: gateway(&base_url),
        lane: settings(),
        poll_every: Duration::from_secs(3_600),
        zone: TimeZone::UTC,
        operator: person(),
        alerts: saldo::engine::alerts::Settings::new(
            &saldo::config::AlertSettings::default(),
            None,
            false,
            (TimeZone::UTC, "example"),
        ),
    })
    .await
    .unwrap();
    let commands = desk.commands();
    tokio::spawn(async move { while news.recv().await.is_some() {} });
    let bare = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().build().unwrap();
    let apart = Apart::new(folder.path()).await;

    let (mut safe, mut plain, mut journalled, mut synced) = (vec![], vec![], vec![], vec![]);
    for number in 0..WARM_UP + payments {
        let decision = decision(&format!("safe-{number}"));
        let id = decision.id;
        let began = Instant::now();
        commands.send(Command::Pay(Box::new(decision))).await.unwrap();
        let safe_time = arrived(&arrivals, began).await;
        // Until the answer is journalled, so that neither measures the other's tail.
        while journal.intent(id).await.unwrap().is_none_or(|intent| intent.cash_out.on_the_wire) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let body = journal.intent(id).await.unwrap().unwrap().body;
        let request = bare
            .post(format!("{base_url}/cash-out"))
            .header("Authorization", "Bearer t")
            .header("ApplicationToken", "a")
            .header("DigitalSignature", "0".repeat(64))
            .header("X-Idempotency-Key", id.to_string())
            .header("Content-Type", "application/json")
            .body(body);
        let began = Instant::now();
        let answer = tokio::spawn(request.send());
        let plain_time = arrived(&arrivals, began).await;
        answer.await.unwrap().unwrap();
        let journal_time = apart.two_commits(number).await;
        let sync_time = apart.two_syncs();
        if number >= WARM_UP {
            safe.push(safe_time);
            plain.push(plain_time);
            journalled.push(journal_time);
            synced.push(sync_time);
        }
    }
    desk.stop().await;

    println!("{payments} payments each, by turns; microseconds");
    println!("{:<44}{:>10}{:>10}", "", "median", "p99");
    let line = |what: &str, times: &mut Vec<Duration>| {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_micros();
        println!("{what:<44}{:>10}{:>10}", at(50), at(99));
        (at(50), at(99))
    };
    let safe = line("saldo: confirming key to first byte", &mut safe);
    let plain = line("bare reqwest: call to first byte", &mut plain);
    let journalled = line("of it the journal: decision and attempt", &mut journalled);
    line("of that the disk: two writes with fdatasync", &mut synced);
    // For people, who think in ratios; the figures above are whole.
    let ratio = |ours: u128, theirs: u128| format!("{}.{}", ours / theirs, ours * 10 / theirs % 10);
    println!("{:<44}{:>10}{:>10}", "ratio", ratio(safe.0, plain.0), ratio(safe.1, plain.1));
    // Only of medians: two 99th percentiles of separate runs do not add up.
    println!(
        "{:<44}{:>10}",
        "ratio without the journal",
        ratio(safe.0.saturating_sub(journalled.0), plain.0)
    );
}

/// The next arrival at the listener, counted from `began`.
async fn arrived(arrivals: &Arrivals, began: Instant) -> Duration {
    let arrivals = Arc::clone(arrivals);
    tokio::task::spawn_blocking(move || arrivals.lock().unwrap().recv_timeout(PATIENCE).unwrap())
        .await
        .unwrap()
        .duration_since(began)
}

type Arrivals = Arc<std::sync::Mutex<mpsc::Receiver<Instant>>>;

/// A listener that knows two calls, and tells when the first byte of an order arrived.
fn listen() -> (SocketAddr, Arrivals) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            std::thread::spawn(move || serve(stream, &sender));
        }
    });
    (address, Arc::new(std::sync::Mutex::new(receiver)))
}

fn serve(mut stream: TcpStream, arrivals: &mpsc::Sender<Instant>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(mut length) = stream.read(&mut buffer) else { return };
        let came = Instant::now();
        if length == 0 {
            return;
        }
        let (head, body) = loop {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let wanted = head
                    .lines()
                    .find_map(|line| {
                        line.to_lowercase()
                            .strip_prefix("content-length:")
                            .map(|text| text.trim().parse().unwrap())
                    })
                    .unwrap_or(0);
                if body.len() >= wanted {
                    break (head.to_owned(), body.to_owned());
                }
            }
            match stream.read(&mut buffer[length..]) {
                Ok(more) if more > 0 => length += more,
                _ => return,
            }
        };
        let (status, answer) = if head.starts_with("POST /cash-out") {
            arrivals.send(came).unwrap();
            let order: serde_json::Value = serde_json::from_str(&body).unwrap();
            let reference = order["externalReference"].as_str().unwrap().to_owned();
            (
                "202 Accepted",
                format!(r#"{{"internalCode":"C{reference}","externalReference":"{reference}"}}"#),
            )
        } else if head.starts_with("POST /auth/token") {
            ("200 OK", r#"{"accessToken":"t","expiresIn":3600}"#.to_owned())
        } else {
            ("404 Not Found", "{}".to_owned())
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The journal's part by itself, and the disk's by itself.
struct Apart {
    lane: Arc<Lane>,
    journal: Arc<dyn CashIns>,
    file: std::cell::RefCell<std::fs::File>,
}

impl Apart {
    async fn new(folder: &Path) -> Self {
        let journal = open(&folder.join("apart.db")).await;
        let nowhere = gateway("http://127.0.0.1:9");
        let lane =
            Lane::new(Arc::<dyn CashIns>::clone(&journal), nowhere, Arc::new(SystemClock), settings(), None);
        let file = std::fs::File::create(folder.join("plain")).unwrap();
        Self { lane, journal, file: file.into() }
    }

    /// A decision and its attempt, as a payment journals them before its first byte.
    async fn two_commits(&self, number: usize) -> Duration {
        let decision = decision(&format!("apart-{number}"));
        let began = Instant::now();
        let Proposed::Created(intent) = self.lane.decide(decision).await.unwrap() else { panic!("not new") };
        let key = idempotency_key("48213", &intent.reference, 1);
        let fingerprints = intent.fingerprints();
        let event = Event::AttemptStarted { at: self.lane.moment(), key, fingerprints };
        self.journal.apply(intent.id, event.into()).await.unwrap();
        began.elapsed()
    }

    /// Two appended pages, each synced as the journal syncs.
    fn two_syncs(&self) -> Duration {
        let mut file = self.file.borrow_mut();
        let began = Instant::now();
        for _ in 0..2 {
            file.write_all(&[7; 16 * 1024]).unwrap();
            file.sync_data().unwrap();
        }
        began.elapsed()
    }
}

async fn open(path: &Path) -> Arc<dyn CashIns> {
    let lock = Lock::acquire(path, "cost_of_safety", Duration::ZERO).await.unwrap();
    Arc::new(SqliteJournal::open(path, "48213 at sandbox", lock).await.unwrap())
}

fn gateway(base_url: &str) -> Arc<dyn Charging> {
    let secret = || Uuid::nil().to_string().into();
    let credentials = Credentials {
        client_id: "48213".to_owned(),
        client_secret: secret(),
        application_token: secret(),
        crypto_token: secret(),
    };
    Arc::new(HttpGateway::new(Options::new(base_url), credentials).unwrap())
}

fn settings() -> LaneSettings {
    LaneSettings {
        client_id: "48213".to_owned(),
        resend_window: SignedDuration::from_hours(1),
        webhook_url: None,
        keep_offering: Some(Duration::from_secs(10)),
    }
}

fn person() -> Person {
    Person { uid: 1000, name: None }
}

fn decision(reference: &str) -> Decision {
    let order = Order {
        amount: Centavos::new(50_025),
        name: "Maria Silva".to_owned(),
        document: Document::parse("52998224725").unwrap(),
        destination: Destination::Pix(PixKey::parse("maria@example.com", None).unwrap()),
        description: None,
    };
    Decision::alone(Uuid::now_v7(), Reference::parse(reference).unwrap(), order, person())
}
