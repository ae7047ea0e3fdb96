//! The clock of the machine is moved: between two runs on one journal, and while a payment is on the wire. It may cost
//! time or a person's attention, and never a second payment.
//!
//! A shim in front of the C library moves it for saldo alone; the gateway's clock stays right.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::thread;

use real_support::audit::{audit, requests_of};
use real_support::clock::Clock;
use real_support::{cockpit_with, review_payment};
use rustix::process::Signal;
use support::{Desk, Run, cash_out, end_of, prompt, runtime, until, with_faults};
use terminal::PATIENCE;

/// An hour, a day and a year, ahead and back, in seconds.
const MOVES: [i64; 6] = [3_600, -3_600, 86_400, -86_400, 365 * 86_400, -365 * 86_400];

/// What is asked of a desk whose clock can be moved.
trait Asked {
    fn pay(&self, reference: &str) -> Run;
    fn is_one_payment(&self, reference: &str, what: &str);
}

impl Asked for Clock {
    fn pay(&self, reference: &str) -> Run {
        self.saldo(&cash_out("10", reference))
    }

    /// Both sides agree, and there is one payment, whatever is still to be found out about it.
    fn is_one_payment(&self, reference: &str, what: &str) {
        let stories = audit(&self.desk);
        let story = stories.get(reference).unwrap_or_else(|| panic!("{what}: it is lost"));
        assert_eq!(story.paid, 1, "{what}: {story:#?}");
        assert_eq!(self.desk.ledger().cash_outs_of(reference).count(), 1, "{what}");
    }
}

fn end(child: tokio::process::Child) -> Run {
    runtime().block_on(end_of("a process whose clock was moved".to_owned(), child))
}

#[test]
fn the_shim_moves_the_clock_of_saldo() {
    let Some(clock) = Clock::on(Desk::start(prompt())) else { return };
    for (seconds, year) in [(0, 0), (365 * 86_400 * 10, 10), (-365 * 86_400 * 10, -10)] {
        clock.set(seconds);
        let reference = format!("INV-{year}");
        clock.pay(&reference);
        let rows = clock.saldo(&["transactions", "--json"]).expect(0).json();
        let row = rows.as_array().unwrap().iter().find(|row| row["external_reference"] == reference.as_str());
        let created: jiff::Timestamp = row.unwrap()["created_at"].as_str().unwrap().parse().unwrap();
        let moved = created.duration_since(jiff::Timestamp::now()).as_secs();
        assert!((moved - seconds).abs() < 60, "{moved} s instead of {seconds} s");
    }
}

/// A payment in doubt, the clock is moved, and everything is tried that might send it again; then the clock is right.
fn moved_between_two_runs(seconds: i64) {
    let Some(clock) = Clock::on(Desk::start(with_faults(&["cash-out:hang-after::1"]))) else { return };
    let mut child = clock.begin(&cash_out("10", "INV-1"));
    until(|| requests_of(&clock.desk.ledger(), "INV-1") == 1);
    runtime().block_on(async { child.kill().await.unwrap() });
    let what = format!("moved by {seconds} s");
    for moved in [seconds, 0] {
        clock.set(moved);
        for arguments in [vec!["recover", "--json"], cash_out("10", "INV-1"), vec!["recover", "--json"]] {
            clock.saldo(&arguments).expect_one_of(&[0, 4, 75, 77]);
            clock.is_one_payment("INV-1", &what);
        }
    }
}

/// A debt under a clock that was wrong when it was decided, so that nothing was sent, and is right when it is paid.
fn decided_under_a_wrong_clock(seconds: i64) {
    let Some(clock) = Clock::on(Desk::start(prompt())) else { return };
    clock.set(seconds);
    clock.pay("INV-1").expect_error(77, "clock", "not_executed");
    assert_eq!(requests_of(&clock.desk.ledger(), "INV-1"), 0);
    clock.set(0);
    if seconds <= -86_400 {
        // By the clock that is right it was decided a day ago or more, and nothing left: it has to be decided again.
        clock.pay("INV-1").expect_error(3, "expired", "not_executed");
        let mut again = cash_out("10", "INV-1");
        again.push("--again");
        clock.saldo(&again).expect(0);
    } else {
        clock.saldo(&["recover", "--json"]).expect(0);
        clock.pay("INV-1").expect(0);
    }
    clock.is_one_payment("INV-1", &format!("decided {seconds} s away"));
}

/// Moved while the request is on the wire, whatever comes of it.
fn moved_during_one(seconds: i64, fault: &str) {
    let Some(clock) = Clock::on(Desk::start(with_faults(&[fault]))) else { return };
    let child = clock.begin(&cash_out("10", "INV-1"));
    until(|| requests_of(&clock.desk.ledger(), "INV-1") == 1);
    clock.set(seconds);
    let run = end(child);
    run.expect_one_of(&[0, 4, 75, 77]);
    let what = format!("moved by {seconds} s under {fault}: {run:#?}");
    clock.is_one_payment("INV-1", &what);
    for moved in [seconds, 0] {
        clock.set(moved);
        clock.saldo(&["recover", "--json"]).expect_one_of(&[0, 4, 75, 77]);
        clock.pay("INV-1").expect_one_of(&[0, 4, 75, 77]);
        clock.is_one_payment("INV-1", &what);
    }
}

#[test]
fn a_clock_that_is_moved_never_pays_twice() {
    thread::scope(|scope| {
        for seconds in MOVES {
            scope.spawn(move || moved_between_two_runs(seconds));
            scope.spawn(move || decided_under_a_wrong_clock(seconds));
            for fault in ["cash-out:slow::1", "cash-out:500-after::1", "cash-out:drop-after::2"] {
                scope.spawn(move || moved_during_one(seconds, fault));
            }
        }
    });
}

#[test]
fn clocks_that_differ_by_more_than_five_minutes_stop_the_sending_and_say_so() {
    // One that differs less goes on.
    for (seconds, stops) in [(0, false), (240, false), (-240, false), (400, true), (-400, true)] {
        // The token's answer tells the gateway's time, before the first order could leave.
        let Some(clock) = Clock::on(Desk::start(prompt())) else { return };
        clock.set(seconds);
        let run = clock.pay("INV-1");
        if stops {
            run.expect_error(77, "clock", "not_executed");
            assert!(run.error()["message"].as_str().unwrap().contains("clock"), "{run:#?}");
            assert_eq!((clock.desk.ledger().cash_outs.len(), clock.desk.ledger().requests_seen), (0, 0));
        } else {
            run.expect(0);
        }
        // Set right, it is paid at once, whatever time the wrong clock has written down.
        clock.set(0);
        clock.pay("INV-1").expect(0);
        clock.is_one_payment("INV-1", "set right");
    }
}

#[test]
fn a_cockpit_with_a_wrong_clock_stops_and_says_so() {
    let Some(clock) = Clock::on(Desk::start(prompt())) else { return };
    clock.set(900);
    let variables = [("LD_PRELOAD", clock.shim.as_str()), ("SALDO_TEST_CLOCK", clock.file.as_str())];
    let mut screen = cockpit_with(&clock.desk, &variables);
    screen.wait_text("Transact.");
    // Two amounts: the same one to the same payee would have to be typed again.
    for (amount, reference) in [("10", "INV-1"), ("11", "INV-2")] {
        review_payment(&mut screen, amount, reference);
        screen.send(b"y");
        until(|| is_journalled(&clock.desk, reference));
        screen.send(b"\x1b");
        screen.wait_text("b rebalance");
    }
    screen.wait_text("clock");
    assert_eq!(clock.desk.ledger().requests_seen, 0, "nothing is sent, from the first payment on");
    screen.signal(Signal::TERM);
    assert!(screen.exit(PATIENCE).success());
    clock.set(0);
    clock.saldo(&["recover", "--json"]).expect(0);
    for reference in ["INV-1", "INV-2"] {
        clock.is_one_payment(reference, "the clock is right again");
    }
}

fn is_journalled(desk: &Desk, reference: &str) -> bool {
    let count = "SELECT count(*) FROM intents WHERE reference = ?1";
    desk.journal().query_row(count, [reference], |row| row.get::<_, i64>(0)).unwrap() == 1
}
