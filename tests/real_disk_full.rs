//! A disk that is really full: a small tmpfs, filled to the last byte before a command and while its request is on the
//! wire. What cannot be journalled is not sent.
//!
//! Where no tmpfs can be mounted, each test says so on standard error and returns.

#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use real_support::audit::{audit, recover, requests_of};
use real_support::{cockpit, review_payment, say};
use rustix::process::Signal;
use saldo::sandbox::Options;
use serde_json::json;
use support::{Desk, Run, cash_out, end_of, prompt, runtime, until, with_faults};
use terminal::PATIENCE;

/// Room for a journal with its reserve, and a few payments.
const SIZE: &str = "size=10m";

/// Set for the test that runs inside the namespace.
const INSIDE: &str = "SALDO_TEST_IN_A_NAMESPACE";

/// Runs the test of that name once more, in a mount namespace of its own, which takes its mounts with it however it ends.
fn in_a_namespace(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let place = tempfile::tempdir().unwrap();
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let can_mount = |way: &&&[&str]| {
        let mut probe = Command::new("unshare");
        probe.args(**way).args(["mount", "-t", "tmpfs", "-o", SIZE, "none"]).arg(place.path());
        probe.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    let Some(way) = ways.iter().find(can_mount) else {
        return say("no tmpfs can be mounted here: what happens on a full disk was NOT tested");
    };
    let mut inside = Command::new("unshare");
    inside.args(*way).arg(std::env::current_exe().unwrap()).args(["--exact", name]).env(INSIDE, "1");
    let output = inside.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// A small file system under a desk's journal.
struct Disk(PathBuf);

impl Disk {
    fn under(desk: &Desk) -> Self {
        let place = desk.journal_path().parent().unwrap().to_owned();
        fs::create_dir(&place).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "none"]).arg(&place).status();
        assert!(mount.unwrap().success());
        Self(place)
    }

    /// Leaves this many KiB of room, and none where it is 0.
    fn fill(&self, room: usize) {
        let mut ballast = OpenOptions::new().create(true).append(true).open(self.0.join("ballast")).unwrap();
        let mut blocks = 0;
        while ballast.write_all(&[0x55; 4096]).is_ok() {
            blocks += 1;
            assert!(blocks < 100_000, "this disk has no end");
        }
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(u64::try_from(room * 1024).unwrap())).unwrap();
    }

    /// Makes room again.
    fn clear(&self) {
        let _ = fs::remove_file(self.0.join("ballast"));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // So that the desk's folder can go; the namespace would take the mount along anyway.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

fn desk_on_a_disk(options: Options) -> (Desk, Disk) {
    let desk = Desk::start(options);
    let disk = Disk::under(&desk);
    (desk, disk)
}

/// What the exit says is what the gateway saw.
fn told_the_truth(desk: &Desk, run: &Run, reference: &str) {
    let sent = requests_of(&desk.ledger(), reference);
    match run.expect_one_of(&[0, 1, 4, 78]).code {
        Some(0) => assert_eq!(desk.ledger().cash_outs_of(reference).count(), 1, "{run:#?}"),
        Some(4) => assert_eq!(run.error()["outcome"], "unknown", "{run:#?}"),
        _ => assert_eq!((sent, &run.error()["outcome"]), (0, &json!("nothing_sent")), "{run:#?}"),
    }
}

/// With room again, the same command pays, once.
fn pays_with_room(desk: &Desk, disk: &Disk, reference: &str) {
    disk.clear();
    desk.pay("10", reference).expect(0);
    assert_eq!(recover(desk, 20), []);
    let stories = audit(desk);
    assert_eq!((stories[reference].state.as_str(), stories[reference].paid), ("completed", 1));
}

#[test]
fn a_new_journal_on_a_full_disk_sends_nothing() {
    in_a_namespace("a_new_journal_on_a_full_disk_sends_nothing", || {
        let (desk, disk) = desk_on_a_disk(prompt());
        for room in [0, 4, 16, 64] {
            disk.fill(room);
            told_the_truth(&desk, &desk.pay("10", "INV-1"), "INV-1");
            disk.clear();
        }
        pays_with_room(&desk, &disk, "INV-1");
    });
}

#[test]
fn a_journal_that_takes_nothing_new_is_an_alert_in_its_own_reserve() {
    in_a_namespace("a_journal_that_takes_nothing_new_is_an_alert_in_its_own_reserve", || {
        let (desk, disk) = desk_on_a_disk(prompt());
        desk.pay("1", "INV-0").expect(0);
        let ready = desk.folder().join("ready.json");
        let mut command = desk.command(&["serve", "--ready-file", ready.to_str().unwrap()]);
        let owner = runtime().block_on(async { command.spawn().unwrap() });
        until(|| ready.exists());
        let stands = || {
            let listed = desk.saldo(&["alerts", "--json"]).expect(0).json();
            listed.as_array().unwrap().iter().any(|alert| alert["kind"] == "journal-unwritable")
        };
        assert!(!stands());
        // Not by `until`: it waits within the runtime that a command needs.
        let becomes = |wanted: bool| {
            let deadline = std::time::Instant::now() + PATIENCE;
            while stands() != wanted {
                assert!(std::time::Instant::now() < deadline, "never {wanted}");
                real_support::pass(Duration::from_millis(100));
            }
        };
        disk.fill(0);
        becomes(true);
        disk.clear();
        becomes(false);
        let pid = rustix::process::Pid::from_raw(i32::try_from(owner.id().unwrap()).unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::TERM).unwrap();
        runtime().block_on(end_of("serve".to_owned(), owner)).expect(0);
        desk.saldo(&["fsck"]).expect(0);
    });
}

#[test]
fn a_disk_that_is_full_before_the_command_sends_nothing() {
    in_a_namespace("a_disk_that_is_full_before_the_command_sends_nothing", || {
        thread::scope(|scope| {
            // From no room at all to room for everything: each write is once the first to fail.
            for room in [0, 4, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96] {
                scope.spawn(move || {
                    let (desk, disk) = desk_on_a_disk(prompt());
                    desk.pay("1", "INV-0").expect(0);
                    disk.fill(room);
                    let run = desk.pay("10", "INV-1");
                    told_the_truth(&desk, &run, "INV-1");
                    if room == 0 {
                        assert_ne!(run.code, Some(0), "a full disk took a payment: {run:#?}");
                        let rebalance = ["rebalance", "--target", "600000", "--yes", "--json"];
                        desk.saldo(&rebalance).expect_one_of(&[1, 78]);
                        assert!(desk.ledger().rebalances.is_empty());
                        // Reading needs no room.
                        desk.saldo(&["transactions", "--json"]).expect(0);
                    }
                    pays_with_room(&desk, &disk, "INV-1");
                });
            }
        });
    });
}

/// Fills the disk when the gateway has the request.
fn filled_on_the_wire(desk: &Desk, disk: &Disk) -> tokio::process::Child {
    let child = runtime().block_on(async { desk.command(&cash_out("10", "INV-1")).spawn().unwrap() });
    until(|| requests_of(&desk.ledger(), "INV-1") == 1);
    disk.fill(0);
    child
}

fn end(child: tokio::process::Child) -> Run {
    runtime().block_on(end_of("cash-out".to_owned(), child))
}

#[test]
fn a_disk_that_fills_up_while_the_request_is_on_the_wire_leaves_it_known() {
    in_a_namespace("a_disk_that_fills_up_while_the_request_is_on_the_wire_leaves_it_known", || {
        let (desk, disk) = desk_on_a_disk(with_faults(&["cash-out:slow::1"]));
        let run = end(filled_on_the_wire(&desk, &disk));
        told_the_truth(&desk, &run, "INV-1");
        assert_eq!(desk.ledger().cash_outs_of("INV-1").count(), 1);
        pays_with_room(&desk, &disk, "INV-1");
    });
}

#[test]
fn a_result_is_offered_until_there_is_room() {
    in_a_namespace("a_result_is_offered_until_there_is_room", || {
        let (desk, disk) = desk_on_a_disk(with_faults(&["cash-out:slow"]));
        let child = filled_on_the_wire(&desk, &disk);
        // It has its answer by now, and cannot write it down.
        until(|| desk.ledger().requests.first().is_some_and(|request| request.status == Some(202)));
        real_support::pass(Duration::from_secs(4));
        disk.clear();
        let run = end(child);
        assert_eq!(run.expect(0).json()["state"], "accepted");
        pays_with_room(&desk, &disk, "INV-1");
    });
}

#[test]
fn a_cockpit_on_a_full_disk_says_so_and_sends_nothing() {
    in_a_namespace("a_cockpit_on_a_full_disk_says_so_and_sends_nothing", || {
        let (desk, disk) = desk_on_a_disk(prompt());
        let mut screen = cockpit(&desk);
        screen.wait_text("Transact.");
        review_payment(&mut screen, "10", "INV-1");
        disk.fill(0);
        screen.send(b"y");
        screen.wait("words about the journal", |seen| {
            let text = seen.parser.screen().contents();
            text.contains("disk is full") || text.contains("journal") || text.contains("completed")
        });
        let took_room = screen.seen.0.lock().unwrap().parser.screen().contents().contains("completed");
        assert!(
            took_room || desk.ledger().requests_seen == 0,
            "sent what the screen says was not journalled"
        );
        disk.clear();
        screen.signal(Signal::TERM);
        assert!(screen.exit(PATIENCE).success());
        pays_with_room(&desk, &disk, "INV-1");
    });
}

#[test]
fn a_cockpit_whose_disk_fills_up_on_the_wire_knows_the_payment() {
    in_a_namespace("a_cockpit_whose_disk_fills_up_on_the_wire_knows_the_payment", || {
        let (desk, disk) = desk_on_a_disk(with_faults(&["cash-out:slow::1"]));
        let mut screen = cockpit(&desk);
        screen.wait_text("Transact.");
        review_payment(&mut screen, "10", "INV-1");
        screen.send(b"y");
        until(|| requests_of(&desk.ledger(), "INV-1") == 1);
        disk.fill(0);
        until(|| desk.ledger().requests.first().is_some_and(|request| request.status == Some(202)));
        real_support::pass(Duration::from_secs(4));
        disk.clear();
        // It kept the answer meanwhile: nothing has to be sent again.
        screen.wait_text("completed");
        assert_eq!(requests_of(&desk.ledger(), "INV-1"), 1);
        screen.signal(Signal::TERM);
        assert!(screen.exit(PATIENCE).success());
        pays_with_room(&desk, &disk, "INV-1");
    });
}

/// The journal keeps room for a result: what the gateway said is written down although the disk is full.
#[test]
fn a_result_is_journalled_although_the_disk_is_full() {
    in_a_namespace("a_result_is_journalled_although_the_disk_is_full", || {
        let (desk, disk) = desk_on_a_disk(with_faults(&["cash-out:slow::1"]));
        let run = end(filled_on_the_wire(&desk, &disk));
        assert_eq!(run.expect(0).json()["state"], "accepted");
        let stories = audit(&desk);
        let story = &stories["INV-1"];
        assert_eq!((story.state.as_str(), story.ended), ("accepted", 1), "{story:#?}");
        // And still nothing new is taken.
        let refused = desk.pay("10", "INV-2");
        assert_eq!(
            (refused.error()["outcome"].as_str(), desk.ledger().cash_outs.len()),
            (Some("nothing_sent"), 1)
        );
        pays_with_room(&desk, &disk, "INV-1");
        assert_eq!(requests_of(&desk.ledger(), "INV-1"), 1);
    });
}
