//! A disk that is really full: results are still written, and nothing new begins.
//!
//! The disk is a small tmpfs in a mount namespace of its own, which takes root or user namespaces. Where the machine
//! allows neither, the test says so and shows nothing. (The writer's rules are tested without a disk, beside the code.)

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![cfg(target_os = "linux")]

mod builders;

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use saldo::domain::attempt::{Ambiguity, Verdict};
use saldo::domain::cash_out::State;
use saldo::journal::lock::Lock;
use saldo::journal::sqlite::{SqliteJournal, check};
use saldo::journal::{Delivery, Journal, JournalError, Proposed, Reader, Shortage};

use uuid::Uuid;

use builders::{at, ended, open, proposal, started};

/// Tells the child where its disk is.
const DISK: &str = "SALDO_TEST_DISK";

#[test]
fn what_happened_is_written_on_a_full_disk() {
    if let Some(disk) = std::env::var_os(DISK) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(on_a_small_disk(Path::new(&disk)));
    }
    let folder = tempfile::tempdir().unwrap();
    let this = std::env::current_exe().unwrap();
    let script = "mount -t tmpfs -o size=12m tmpfs \"$0\" || exit 77; exec \"$@\"";
    for rights in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let output = Command::new("unshare")
            .args(rights)
            .args(["sh", "-c", script])
            .arg(folder.path())
            .arg(&this)
            .args(["--exact", "what_happened_is_written_on_a_full_disk", "--nocapture"])
            .env(DISK, folder.path())
            .output();
        let Ok(output) = output else { continue };
        let said = String::from_utf8_lossy(&output.stdout);
        if said.contains("running 1 test") {
            let trouble = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("1 passed"), "{said}\n{trouble}");
            return;
        }
    }
    writeln!(std::io::stderr(), "no small disk can be mounted on this machine: nothing was shown").unwrap();
}

fn delivery(size: usize) -> Delivery {
    Delivery {
        body: vec![b'x'; size],
        event_id: None,
        signature: None,
        content_type: None,
        received_at: at(0),
    }
}

/// Takes all the room that is left, to the last byte.
fn fill(disk: &Path) {
    let mut ballast =
        std::fs::OpenOptions::new().create(true).append(true).open(disk.join("ballast")).unwrap();
    let mut size = 1 << 20;
    while size > 0 {
        // A write may be taken in part before it fails.
        while ballast.write_all(&vec![b'x'; size]).is_ok() {}
        size /= 2;
    }
}

async fn on_a_small_disk(disk: &Path) {
    let path = disk.join("journal.db");
    let reserve = disk.join("journal.db-reserve");
    let reserved = || std::fs::metadata(&reserve).unwrap().len();
    let journal = open(&path).await;
    assert_eq!(reserved(), 4 * 1024 * 1024);
    let mut sent = Vec::new();
    for number in 0..20 {
        let Proposed::Created(intent) =
            journal.propose(proposal(&format!("inv-{number}"), 50_025)).await.unwrap()
        else {
            panic!("not created");
        };
        journal.apply(intent.id, started(&intent, 1)).await.unwrap();
        sent.push(intent);
    }
    let Proposed::Created(waiting) = journal.propose(proposal("inv-waits", 50_025)).await.unwrap() else {
        panic!("not created");
    };
    fill(disk);

    // The log may have room left over from a checkpoint; more than that and the reserve is not to be had.
    let full = loop {
        match journal.propose(proposal(&format!("more-{}", Uuid::new_v4().simple()), 50_025)).await {
            Ok(_) => fill(disk),
            Err(error) => break error,
        }
    };
    assert!(matches!(&full, JournalError::Unwritable(why) if why.shortage == Shortage::Room), "{full}");
    assert_eq!(reserved(), 4 * 1024 * 1024, "what begins never takes from the reserve");

    for intent in &sent {
        let verdict = Verdict::Ambiguous(Ambiguity::TimedOut);
        journal.apply(intent.id, ended(2, verdict)).await.unwrap();
    }
    let number = journal.take_delivery(delivery(200_000)).await.unwrap();
    assert_eq!(reserved(), 0, "the room was given back");
    for intent in &sent {
        let life = journal.life(intent.id).await.unwrap().unwrap();
        assert!(life.attempts[0].verdict.is_some());
    }

    fill(disk);
    for outcome in [
        journal.propose(proposal("one-more", 50_025)).await.map(drop),
        journal.apply(waiting.id, started(&waiting, 1)).await.map(drop),
    ] {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("nothing was sent; make room"), "{error}");
    }
    let too_much = journal.take_delivery(delivery(6 << 20)).await.unwrap_err();
    assert!(too_much.to_string().contains("disk is full"), "{too_much}");
    assert_eq!(check(&path, &[]).unwrap().findings, []);

    // An owner that comes now finds no room, and says so; with room again all goes on.
    drop(journal);
    std::fs::remove_file(disk.join("ballast")).unwrap();
    let journal = open(&path).await;
    assert_eq!(reserved(), 4 * 1024 * 1024);
    let gone_on = journal.apply(waiting.id, started(&waiting, 1)).await.unwrap();
    assert_eq!(gone_on.intent.cash_out.state, State::Unknown);
    assert_eq!(journal.unread_deliveries().await.unwrap()[0].0, number);

    // A start on a full disk may use the reserve: it finds out what became of the money.
    drop(journal);
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    fill(disk);
    let journal = SqliteJournal::open(&path, "48213 at sandbox", lock).await.unwrap();
    let verdict = Verdict::Ambiguous(Ambiguity::Crashed);
    journal.apply(waiting.id, ended(3, verdict)).await.unwrap();
    assert!(journal.propose(proposal("not-now", 50_025)).await.is_err());
    let checkup = check(&path, &[]).unwrap();
    assert_eq!((checkup.findings, checkup.epoch), (Vec::new(), Some(3)));
}
