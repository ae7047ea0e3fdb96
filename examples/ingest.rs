//! How many signed webhooks a second are durably taken, against the same server with a handler that only says 200.
//!
//! ```text
//! cargo run --release --example ingest -- [--events 100000] [--rounds 3] [--connections 64] [--folder DIR]
//! ```
//!
//! Client and servers share the machine. Each round sends the same requests, by the same client over as many kept
//! connections, first to the bare server and then to saldo's listener with a fresh journal and its reader beside it. Then
//! both are asked 500 times a second; there an answer's time counts from when its request was due, so that a stall is not
//! hidden by the requests that it keeps back.

#![allow(clippy::print_stderr, clippy::disallowed_macros, reason = "a measurement, at a terminal")]

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use saldo::engine::inbox::Inbox;
use saldo::engine::webhooks::Board;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Journal, Query, Reader};
use saldo::server::webhooks::{bind, listen};
use secrecy::SecretString;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use uuid::Uuid;

const TOKEN: &str = "0b0c8f4e-53a4-4f5c-9d3e-0000000000e3";
const PATH: &str = "/webhooks/connectpsp";

/// Requests a second of the even load, and how many.
const EVEN: u32 = 500;
const EVEN_EVENTS: usize = 5_000;

struct Wishes {
    events: usize,
    rounds: usize,
    connections: usize,
    folder: PathBuf,
}

fn main() -> Result<()> {
    let wishes = wishes()?;
    let requests = Arc::new((0..wishes.events.max(EVEN_EVENTS)).map(request).collect::<Vec<_>>());
    let size = requests.iter().map(Vec::len).sum::<usize>() / requests.len().max(1);
    eprintln!("{} requests of {size} bytes, {} connections", wishes.events, wishes.connections);
    let (mut bare, mut taken, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=wishes.rounds {
        bare.push(on_bare(&requests, wishes.events, wishes.connections, None)?);
        let (load, read) = on_saldo(&wishes, &requests, wishes.events, None)?;
        taken.push(load);
        reads.push(read);
        eprintln!("round {round}: bare {}, saldo {}, read {read}/s", bare[round - 1], taken[round - 1]);
    }
    let even_bare = on_bare(&requests, EVEN_EVENTS, wishes.connections, Some(EVEN))?;
    let (even_taken, _) = on_saldo(&wishes, &requests, EVEN_EVENTS, Some(EVEN))?;
    let (bare, taken) = (median(bare), median(taken));
    reads.sort_unstable();
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| server | events/s | p50, ms | p99, ms | processor µs an event | at {EVEN}/s: p50, ms | p99, ms | longest, ms |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for (name, full, even) in
        [("bare, 200 only", &bare, &even_bare), ("saldo, durable before the 200", &taken, &even_taken)]
    {
        writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            full.rate,
            millis(full.p50),
            millis(full.p99),
            full.work.as_micros(),
            millis(even.p50),
            millis(even.p99),
            millis(even.longest)
        )?;
    }
    let percent = taken.rate * 100 / bare.rate.max(1);
    writeln!(out, "\nratio: 0.{percent:02}; read into the feed afterwards: {}/s", reads[reads.len() / 2])?;
    Ok(())
}

fn wishes() -> Result<Wishes> {
    let mut wishes = Wishes { events: 100_000, rounds: 3, connections: 64, folder: std::env::temp_dir() };
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let value = arguments.next().with_context(|| format!("{flag} needs a value"))?;
        match flag.as_str() {
            "--events" => wishes.events = value.parse()?,
            "--rounds" => wishes.rounds = value.parse()?,
            "--connections" => wishes.connections = value.parse()?,
            "--folder" => wishes.folder = value.into(),
            other => bail!("unknown flag {other}"),
        }
    }
    ensure!(wishes.events > 0 && wishes.rounds > 0 && wishes.connections > 0, "nothing to do");
    Ok(wishes)
}

/// A whole HTTP request with a signed webhook about a transaction of its own, as the gateway sends it.
fn request(number: usize) -> Vec<u8> {
    let id = Uuid::new_v4().simple().to_string();
    let body = format!(
        r#"{{"eventType":"CASHIN_PAID","eventAt":"2026-11-20T14:22:18Z","data":{{"transactionId":"{id}","internalCode":"CI{number:09}","externalReference":"order-{number}","status":"PAID","amount":{}.{:02},"payer":{{"name":"Maria da Silva","document":"52998224725","bankData":{{"ispb":"18236120","bank":"NU PAGAMENTOS - IP","branch":"0001","account":"{number}"}}}},"pixData":{{"copyAndPaste":"00020126580014br.gov.bcb.pix0136{id}5204000053039865802BR5913Fulano de Tal6008BRASILIA62070503***63041D3D"}},"endToEndId":"E18236120202611201422{}","requestedAt":"2026-11-20T14:20:01Z","paidAt":"2026-11-20T14:22:17Z"}}}}"#,
        // Nobody pays nothing: such a webhook would be illegible.
        number % 1_000 + 1,
        number % 100,
        &id[..12],
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(TOKEN.as_bytes()).expect("a key of any length");
    mac.update(body.as_bytes());
    let signature: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-connect-signature: {signature}\r\nx-event-id: {}\r\ncontent-length: {}\r\n\r\n{body}",
        Uuid::new_v4(),
        body.len()
    )
    .into_bytes()
}

/// What a load came to.
#[derive(Clone)]
struct Load {
    rate: u128,
    p50: Duration,
    p99: Duration,
    longest: Duration,
    /// Processor time of the whole process an event: client, server and journal.
    work: Duration,
}

impl std::fmt::Display for Load {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/s (p99 {} ms)", self.rate, millis(self.p99))
    }
}

/// The round with the median rate.
fn median(mut rounds: Vec<Load>) -> Load {
    rounds.sort_unstable_by_key(|load| load.rate);
    rounds.swap_remove(rounds.len() / 2)
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}

fn on_bare(
    requests: &Arc<Vec<Vec<u8>>>,
    events: usize,
    connections: usize,
    pace: Option<u32>,
) -> Result<Load> {
    // As many threads as saldo's own runtime has.
    let runtime = server_runtime()?;
    let address = runtime.block_on(async {
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = socket.local_addr()?;
        let router = Router::new().route(PATH, post(|| async { StatusCode::OK }));
        tokio::spawn(axum::serve(socket, router).into_future());
        anyhow::Ok(address)
    })?;
    let load = load(address, requests, events, connections, pace);
    runtime.shutdown_background();
    load
}

/// The load, and how many deliveries a second were read into the feed from its begin until the last.
fn on_saldo(
    wishes: &Wishes,
    requests: &Arc<Vec<Vec<u8>>>,
    events: usize,
    pace: Option<u32>,
) -> Result<(Load, u128)> {
    let folder = tempfile::tempdir_in(&wishes.folder)?;
    let path = folder.path().join("journal.db");
    let runtime = server_runtime()?;
    let (journal, address) = runtime.block_on(async {
        let lock = Lock::acquire(&path, "measurement", Duration::from_secs(5)).await?;
        let journal = Arc::new(SqliteJournal::open(&path, "48213 at sandbox", lock).await?);
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        let address = socket.local_addr()?;
        let (news, mut told) = mpsc::channel(256);
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        let board = Arc::new(Board::default());
        let owned = Arc::clone(&journal) as Arc<dyn Journal>;
        let token = SecretString::from(TOKEN);
        tokio::spawn(listen(socket, PATH, Arc::clone(&owned), token, Arc::clone(&board))?);
        tokio::spawn(Inbox::new(owned, news, board).run());
        anyhow::Ok((journal, address))
    })?;
    let began = Instant::now();
    let load = load(address, requests, events, wishes.connections, pace)?;
    runtime.block_on(async {
        while !journal.unread_deliveries().await?.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let newest = journal.transactions(Query { limit: 1, ..Query::default() }).await?;
        let seq = newest.first().map_or(0, |row| row.seq);
        ensure!(usize::try_from(seq)? == events, "{events} were answered, and {seq} are in the feed");
        anyhow::Ok(())
    })?;
    let read = events as u128 * 1_000 / began.elapsed().as_millis().max(1);
    drop(journal);
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok((load, read))
}

fn server_runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Sends the first `events` requests and takes the time of each answer; an answer other than 200 is an error.
fn load(
    address: SocketAddr,
    requests: &Arc<Vec<Vec<u8>>>,
    events: usize,
    connections: usize,
    pace: Option<u32>,
) -> Result<Load> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        let (began, worked) = (Instant::now(), processor_time()?);
        for _ in 0..connections {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            clients.spawn(async move {
                let mut times = Vec::with_capacity(events / connections * 2);
                let mut connection = None;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(number).filter(|_| number < events) else {
                        return anyhow::Ok(times);
                    };
                    let mut due = Instant::now();
                    if let Some(pace) = pace {
                        due = began + Duration::from_secs(1) * u32::try_from(number)? / pace;
                        tokio::time::sleep_until(due.into()).await;
                    }
                    exchange(&mut connection, address, request).await?;
                    times.push(due.elapsed());
                }
            });
        }
        let mut times = Vec::with_capacity(events);
        while let Some(ended) = clients.join_next().await {
            times.extend(ended??);
        }
        let (elapsed, worked) = (began.elapsed(), processor_time()? - worked);
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
        Ok(Load {
            rate: events as u128 * 1_000_000 / elapsed.as_micros().max(1),
            p50: at(50),
            p99: at(99),
            longest: at(100),
            work: worked / u32::try_from(events)?,
        })
    })
}

/// What all threads of this process have worked so far, to a hundredth of a second (Linux).
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("the kernel does not tell")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(Duration::from_millis(10) * ticks.sum::<Result<u32, _>>()?)
}

/// Sends a request and reads its answer, over the connection that is there or a new one.
async fn exchange(connection: &mut Option<TcpStream>, address: SocketAddr, request: &[u8]) -> Result<()> {
    let mut stream = match connection.take() {
        Some(stream) => stream,
        None => {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            stream
        }
    };
    stream.write_all(request).await?;
    let mut answer = [0; 1024];
    let mut length = 0;
    while !answer[..length].ends_with(b"\r\n\r\n") {
        let count = stream.read(&mut answer[length..]).await?;
        ensure!(count > 0, "cut off after {:?}", String::from_utf8_lossy(&answer[..length]));
        length += count;
    }
    let answer = std::str::from_utf8(&answer[..length])?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "answered {answer:?}");
    if !answer.to_ascii_lowercase().contains("connection: close") {
        *connection = Some(stream);
    }
    Ok(())
}
