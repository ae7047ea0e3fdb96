//! Webhooks are durable in a file of their own before they are rows: whatever becomes of the file and of its owner, what
//! was answered is in the inbox once.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]

mod builders;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use saldo::journal::lock::Lock;
use saldo::journal::sqlite::{SqliteJournal, check};
use saldo::journal::{Contents, Delivery, Journal, JournalError, beside};

use builders::{at, open};

fn delivery(number: i64) -> Delivery {
    Delivery {
        body: format!("body {number}").into_bytes(),
        event_id: Some(format!("event-{number}")),
        signature: (number % 2 == 0).then(|| "s".repeat(64)),
        content_type: (number % 3 == 0).then(String::new),
        received_at: at(number),
    }
}

fn arrivals(journal: &Path) -> PathBuf {
    beside(journal, "-arrivals")
}

/// Takes so many one after the other, from this number on: each is a frame.
async fn take(journal: &SqliteJournal, numbers: std::ops::RangeInclusive<i64>) {
    for number in numbers {
        assert_eq!(journal.take_delivery(delivery(number)).await.unwrap(), number);
    }
}

async fn unread(journal: &SqliteJournal) -> Vec<(i64, Delivery)> {
    journal.unread_deliveries().await.unwrap()
}

fn expected(numbers: std::ops::RangeInclusive<i64>) -> Vec<(i64, Delivery)> {
    numbers.map(|number| (number, delivery(number))).collect()
}

/// The files as a crash would leave them at this moment, in a folder of their own.
fn crashed(journal: &Path, folder: &Path) -> PathBuf {
    std::fs::create_dir(folder).unwrap();
    let copy = folder.join("journal.db");
    for ending in ["", "-wal", "-arrivals", "-arrivals-before"] {
        let from = beside(journal, ending);
        if from.exists() {
            std::fs::copy(from, beside(&copy, ending)).unwrap();
        }
    }
    copy
}

fn assert_sound(path: &Path) {
    assert_eq!(check(path, &[]).unwrap().findings, []);
}

#[tokio::test]
async fn what_was_answered_is_in_the_inbox_once_wherever_the_owner_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=5).await;
    let untouched = crashed(&path, &folder.path().join("untouched"));
    assert_eq!(unread(&journal).await, expected(1..=5));
    let moved = crashed(&path, &folder.path().join("moved"));
    take(&journal, 6..=7).await;
    let begun_anew = crashed(&path, &folder.path().join("begun anew"));
    assert_eq!(unread(&journal).await, expected(1..=7));
    for (path, count) in [(untouched, 5), (moved, 5), (begun_anew, 7)] {
        // An owner that crashed between the renaming and the rest.
        let again = crashed(&path, &path.with_extension("again"));
        std::fs::rename(arrivals(&again), beside(&arrivals(&again), "-before")).unwrap();
        for path in [path, again] {
            let journal = open(&path).await;
            assert_eq!(unread(&journal).await, expected(1..=count), "{}", path.display());
            take(&journal, count + 1..=count + 2).await;
            assert_eq!(unread(&journal).await, expected(1..=count + 2));
            drop(journal);
            assert_eq!(unread(&open(&path).await).await, expected(1..=count + 2));
            assert_sound(&path);
        }
    }
}

#[tokio::test]
async fn a_frame_that_was_cut_short_takes_nothing_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=3).await;
    let [_, second, third] = marks(&path)[..] else { panic!("three frames") };
    // The third webhook is as long as the second, but for the signature.
    let (two, three) = (third, third + (third - second) - 64);
    for (name, length) in
        [("none", 0), ("header", 10), ("begun", two + 1), ("almost", three - 1), ("whole", three)]
    {
        let copy = crashed(&path, &folder.path().join(name));
        std::fs::OpenOptions::new().write(true).open(arrivals(&copy)).unwrap().set_len(length).unwrap();
        let journal = open(&copy).await;
        let there = if length == three { 3 } else { 2 * i64::from(length > two) };
        assert_eq!(unread(&journal).await, expected(1..=there), "{name}");
        take(&journal, there + 1..=4).await;
        assert_eq!(unread(&journal).await, expected(1..=4), "{name}");
        assert!(!beside(&arrivals(&copy), "-before").exists());
        assert_eq!(
            damaged(&copy),
            usize::from(name == "almost"),
            "{name}: nobody can tell whether it was answered"
        );
    }
}

/// Where frames begin: each has a mark.
fn marks(path: &Path) -> Vec<u64> {
    let bytes = std::fs::read(arrivals(path)).unwrap();
    let marks = bytes.windows(8).zip(0..).filter(|(eight, _)| *eight == b"arrived\n");
    marks.map(|(_, place)| place).collect()
}

fn damaged(path: &Path) -> usize {
    let names = std::fs::read_dir(path.parent().unwrap()).unwrap();
    names.filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains(".damaged-")).count()
}

#[tokio::test]
async fn a_file_that_is_damaged_before_its_end_is_kept_for_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=4).await;
    for broken in 1..=4 {
        let copy = crashed(&path, &folder.path().join(broken.to_string()));
        let bytes = spoil(&copy, broken);
        let journal = open(&copy).await;
        let bodies: Vec<_> = unread(&journal).await.into_iter().map(|(_, delivery)| delivery).collect();
        let whole: Vec<_> = (1..=4).filter(|number| *number != broken).map(delivery).collect();
        assert_eq!(bodies, whole, "{broken}");
        let kept = beside(&arrivals(&copy), "-before.damaged-1");
        assert_eq!(std::fs::read(kept).unwrap(), bytes, "{broken}");
        let findings = check(&copy, &[]).unwrap().findings;
        assert!(findings.len() == 1 && findings[0].to_string().contains(".damaged-1"), "{findings:?}");
    }
}

/// A frame that has become a row is damaged, and one behind it has not: it is not taken for a rest of long ago.
#[tokio::test]
async fn a_damaged_frame_hides_none_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=4).await;
    let four = std::fs::read(arrivals(&path)).unwrap();
    let begun = crashed(&path, &folder.path().join("begun"));
    let three = marks(&path)[3];
    std::fs::OpenOptions::new().write(true).open(arrivals(&begun)).unwrap().set_len(three).unwrap();
    assert_eq!(unread(&open(&begun).await).await, expected(1..=3));
    std::fs::write(arrivals(&begun), four).unwrap();
    spoil(&begun, 2);
    assert_eq!(unread(&open(&begun).await).await, expected(1..=4));
    assert_eq!(damaged(&begun), 1);
    // What remains of an earlier round is no reason for an alarm.
    assert_eq!(unread(&journal).await, expected(1..=4));
    take(&journal, 5..=5).await;
    let anew = crashed(&path, &folder.path().join("anew"));
    assert_eq!(unread(&open(&anew).await).await, expected(1..=5));
    assert_eq!(damaged(&anew), 0);
}

#[tokio::test]
async fn a_damaged_header_hides_no_webhook() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=3).await;
    let copy = crashed(&path, &folder.path().join("copy"));
    let mut bytes = std::fs::read(arrivals(&copy)).unwrap();
    bytes[0] ^= 1;
    std::fs::write(arrivals(&copy), bytes).unwrap();
    assert_eq!(unread(&open(&copy).await).await, expected(1..=3));
    assert_eq!(damaged(&copy), 1);
}

#[tokio::test]
async fn damage_that_a_running_owner_meets_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=3).await;
    spoil(&path, 2);
    let there: Vec<_> = unread(&journal).await.into_iter().map(|(_, delivery)| delivery).collect();
    assert_eq!(there, [delivery(1), delivery(3)]);
    assert_eq!(damaged(&path), 1);
    assert_eq!(journal.take_delivery(delivery(4)).await.unwrap(), 3, "the inbox has no gaps");
    assert_eq!(unread(&journal).await.len(), 3);
}

#[tokio::test]
async fn what_is_no_file_is_left_alone_and_holds_up_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    std::fs::create_dir(arrivals(&path)).unwrap();
    let journal = open(&path).await;
    for _ in 0..2 {
        let refused = journal.take_delivery(delivery(1)).await.unwrap_err();
        assert!(refused.to_string().contains("move away what is there"), "{refused}");
    }
    std::fs::remove_dir(arrivals(&path)).unwrap();
    take(&journal, 1..=1).await;
    journal.settle().await.unwrap();
    assert!(!arrivals(&path).exists(), "an owner that ends leaves nothing");
    take(&journal, 2..=2).await;
    assert_eq!(unread(&journal).await, expected(1..=2));
}

/// Changes a bit of a webhook's body; the bytes as they are now.
fn spoil(path: &Path, number: i64) -> Vec<u8> {
    let mut bytes = std::fs::read(arrivals(path)).unwrap();
    let body = delivery(number).body;
    let place = bytes.windows(body.len()).position(|some| some == body).unwrap();
    bytes[place] ^= 1;
    std::fs::write(arrivals(path), &bytes).unwrap();
    bytes
}

#[tokio::test]
async fn what_an_overtaken_owner_took_is_the_next_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = open(&path).await;
    take(&first, 1..=3).await;
    std::fs::remove_file(beside(&path, ".lock")).unwrap();
    let second = open(&path).await;
    for _ in 0..2 {
        let refused = first.take_delivery(delivery(4)).await.unwrap_err();
        assert_eq!(refused, JournalError::TakenOver { ours: 1, now: 2 });
    }
    take(&second, 4..=4).await;
    assert_eq!(unread(&second).await, expected(1..=4));
    take(&second, 5..=5).await;
    assert_eq!(unread(&second).await, expected(1..=5));
    assert_sound(&path);
}

#[tokio::test]
async fn an_owner_that_ends_removes_no_others_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let first = open(&path).await;
    take(&first, 1..=3).await;
    assert_eq!(unread(&first).await, expected(1..=3));
    let lock = beside(&path, ".lock");
    std::fs::rename(&lock, beside(&path, ".lock-of-the-first")).unwrap();
    let second = open(&path).await;
    take(&second, 4..=4).await;
    drop(first);
    // Its threads have ended when nobody holds its lock any more.
    std::fs::rename(&lock, beside(&path, ".lock-of-the-second")).unwrap();
    std::fs::rename(beside(&path, ".lock-of-the-first"), &lock).unwrap();
    drop(Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap());
    assert!(arrivals(&path).exists());
    take(&second, 5..=5).await;
    assert_eq!(unread(&second).await, expected(1..=5));
}

#[tokio::test]
async fn more_than_are_moved_at_once_are_moved_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    let large = Delivery { body: vec![b'x'; 3 << 20], ..delivery(0) };
    for number in 1..=3 {
        assert_eq!(journal.take_delivery(large.clone()).await.unwrap(), number);
    }
    take(&journal, 4..=2_100).await;
    let copy = crashed(&path, &folder.path().join("copy"));
    for path in [copy, path] {
        let opened;
        let journal = if path.starts_with(folder.path().join("copy")) {
            opened = open(&path).await;
            &opened
        } else {
            &journal
        };
        let mut there = Vec::new();
        loop {
            let some = unread(journal).await;
            if some.is_empty() {
                break;
            }
            let read = some.iter().map(|(number, _)| (*number, Contents::Illegible(String::new()))).collect();
            assert!(journal.read_deliveries(read).await.unwrap().iter().all(Result::is_ok));
            there.extend(some);
        }
        let sent = (1..=3).map(|number| (number, large.clone())).chain(expected(4..=2_100));
        assert!(there.into_iter().eq(sent));
    }
}

#[tokio::test]
async fn a_file_that_somebody_removes_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    take(&journal, 1..=3).await;
    std::fs::remove_file(arrivals(&path)).unwrap();
    let refused = journal.take_delivery(delivery(4)).await.unwrap_err();
    assert!(refused.to_string().contains("taken away"), "{refused}");
    take(&journal, 4..=6).await;
    assert_eq!(unread(&journal).await, expected(1..=6));
}

#[tokio::test]
async fn another_accounts_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    {
        let journal = open(&path).await;
        take(&journal, 1..=2).await;
    }
    std::fs::remove_file(&path).unwrap();
    let lock = Lock::acquire(&path, "test", Duration::from_secs(5)).await.unwrap();
    let refused = SqliteJournal::open(&path, "48214 at sandbox", lock).await.unwrap_err();
    assert!(refused.to_string().contains("another account's"), "{refused}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(
        unread(&open(&path).await).await,
        expected(1..=2),
        "a new journal of the same account takes them"
    );
}

#[tokio::test]
async fn the_file_is_private_stays_small_and_goes_with_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = open(&path).await;
    assert!(!arrivals(&path).exists(), "nobody listens yet");
    take(&journal, 1..=1).await;
    let mode = std::fs::metadata(arrivals(&path)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let first = marks(&path)[0];
    for number in 2..=99 {
        assert_eq!(unread(&journal).await.len(), 1);
        let read = vec![(number - 1, Contents::Illegible(String::new()))];
        journal.read_deliveries(read).await.unwrap().remove(0).unwrap();
        take(&journal, number..=number).await;
    }
    let newest = std::fs::read(arrivals(&path)).unwrap();
    let place = newest.windows(7).position(|seven| seven == b"body 99").unwrap();
    assert!(marks(&path)[0] == first && place < 300, "it is written from its beginning again");
    assert_eq!(unread(&journal).await, expected(99..=99));
    drop(journal);
    assert_eq!(unread(&open(&path).await).await, expected(99..=99));
    assert!(!arrivals(&path).exists() && !beside(&arrivals(&path), "-before").exists());
}

#[tokio::test]
async fn many_take_and_many_bring_in_and_each_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let journal = Arc::new(open(&path).await);
    let takers: Vec<_> = (0..20)
        .map(|taker| {
            let journal = Arc::clone(&journal);
            tokio::spawn(async move {
                let mut taken = Vec::new();
                for number in 0..50 {
                    let sent = delivery(taker * 1_000 + number);
                    taken.push((journal.take_delivery(sent.clone()).await.unwrap(), sent));
                    if number % 7 == 0 {
                        // One that gives up in the middle of it leaves nothing half done.
                        let _ = tokio::time::timeout(Duration::from_micros(300), journal.unread_deliveries())
                            .await;
                    }
                    if number % 11 == 0 {
                        journal.unread_deliveries().await.unwrap();
                    }
                }
                taken
            })
        })
        .collect();
    let mut taken = Vec::new();
    for taker in takers {
        taken.extend(taker.await.unwrap());
    }
    taken.sort_by_key(|(number, _)| *number);
    let numbers: Vec<_> = taken.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=1_000).collect::<Vec<_>>(), "the inbox has no gaps");
    let mut there = Vec::new();
    while there.len() < taken.len() {
        let some = unread(&journal).await;
        let read = some.iter().map(|(number, _)| (*number, Contents::Illegible(String::new()))).collect();
        assert!(journal.read_deliveries(read).await.unwrap().iter().all(Result::is_ok));
        assert!(!some.is_empty());
        there.extend(some);
    }
    assert!(there == taken);
    drop(journal);
    assert_sound(&path);
}
