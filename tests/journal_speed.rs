//! How many rows a second the writer takes. Not a test of anything: run it on a quiet machine, release build, with
//! `cargo test --release --test journal_speed -- --ignored --nocapture`.
//!
//! `SALDO_SPEED_FOLDER` names a folder on the disk to measure; `/dev/shm` there leaves the disk out of it.

#![allow(clippy::unwrap_used, clippy::disallowed_macros, reason = "a measurement, at a terminal")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use saldo::domain::moment::Moment;
use saldo::domain::money::Centavos;
use saldo::domain::report::{Direction, Report, Source, Status};
use saldo::domain::text::Safe;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::SqliteJournal;
use saldo::journal::{Delivery, Journal, Observation};
use uuid::Uuid;

/// Rows in a round, and callers that each wait for their own row before they hand in the next.
const ROWS: usize = 40_000;
const CALLERS: usize = 400;
const ROUNDS: usize = 5;

fn at(number: usize) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + i64::try_from(number).unwrap()).unwrap()
}

fn delivery(number: usize) -> Delivery {
    Delivery {
        body: vec![b'x'; 600],
        event_id: Some(Uuid::new_v4().to_string()),
        signature: None,
        content_type: None,
        received_at: at(number),
    }
}

fn observation(number: usize) -> Observation {
    let id = Uuid::new_v4().simple().to_string();
    let report = Report {
        direction: Direction::In,
        status: Status::Paid,
        internal_code: Some(Safe::new(&id[..12])),
        transaction_id: Some(Safe::new(&id)),
        external_reference: Some(Safe::new(&format!("order-{id}"))),
        end_to_end_id: Some(Safe::new(&format!("E{}", &id[1..]))),
        original_end_to_end_id: None,
        amount: Some(Centavos::new(50_025)),
        name: Some(Safe::new("Maria Silva")),
        document: Some(Safe::new("52998224725")),
        bank_data: None,
        failure: None,
        requested_at: None,
        paid_at: Some(at(number)),
        refunded_at: None,
    };
    Observation {
        report,
        source: Source::Webhook,
        happened_at: None,
        at: Moment::wall(at(number)),
        new_id: Uuid::now_v7(),
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Delivery,
    Observation,
}

async fn round(journal: &Arc<SqliteJournal>, kind: Kind) -> usize {
    let started = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let journal = Arc::clone(journal);
            tokio::spawn(async move {
                for number in (caller..ROWS).step_by(CALLERS) {
                    match kind {
                        Kind::Delivery => drop(journal.take_delivery(delivery(number)).await.unwrap()),
                        Kind::Observation => drop(journal.observe(observation(number)).await.unwrap()),
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    usize::try_from(ROWS as u128 * 1_000_000 / started.elapsed().as_micros()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "a measurement"]
async fn rows_a_second() {
    let base = std::env::var_os("SALDO_SPEED_FOLDER").map_or_else(std::env::temp_dir, PathBuf::from);
    for (name, kind) in [("take_delivery", Kind::Delivery), ("observe", Kind::Observation)] {
        let mut figures = Vec::new();
        for _ in 0..ROUNDS {
            let folder = tempfile::tempdir_in(&base).unwrap();
            let path = folder.path().join("journal.db");
            let lock = Lock::acquire(&path, "measurement", Duration::from_secs(5)).await.unwrap();
            let journal = Arc::new(SqliteJournal::open(&path, "48213 at sandbox", lock).await.unwrap());
            figures.push(round(&journal, kind).await);
        }
        figures.sort_unstable();
        println!("{name}: {} rows/s (median of {figures:?})", figures[ROUNDS / 2]);
    }
}
