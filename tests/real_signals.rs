//! Signals in the middle of a payment, and two processes at one journal: one pays, the other is told, never two.
//!
//! The two that are stopped for longer than a deadline take their 21 and 31 seconds; the others run beside them.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::thread;
use std::time::Duration;

use real_support::audit::{audit, recover, requests_of};
use real_support::{cockpit, pass, review_payment};
use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::Where;
use serde_json::json;
use support::{Desk, Run, cash_out, end_of, prompt, runtime, until, with_faults};
use terminal::PATIENCE;
use tokio::process::Child;

/// Longer than from the journalled attempt to its first byte: 20 s.
const BEYOND_THE_FIRST_BYTE: Duration = Duration::from_secs(21);

/// Longer than an order's request: 30 s.
const BEYOND_THE_REQUEST: Duration = Duration::from_secs(31);

fn begin(desk: &Desk, arguments: &[&str]) -> (Child, Pid) {
    let child = runtime().block_on(async { desk.command(arguments).spawn().unwrap() });
    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    (child, pid)
}

fn end(child: Child) -> Run {
    runtime().block_on(end_of("a process that was signalled".to_owned(), child))
}

/// Paid exactly once, and the same command says so without a request.
fn is_paid_once(desk: &Desk, reference: &str) {
    assert_eq!(recover(desk, 20), []);
    let stories = audit(desk);
    let story = &stories[reference];
    assert_eq!((story.state.as_str(), story.paid), ("completed", 1), "{story:#?}");
    let again = desk.pay("10", reference);
    assert_eq!(again.expect(0).json()["state"], "completed");
    assert_eq!(requests_of(&desk.ledger(), reference), story.requests.len(), "sent after it was paid");
}

#[test]
fn a_command_that_is_asked_to_stop_waits_for_its_request() {
    thread::scope(|scope| {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            scope.spawn(move || {
                let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
                let (child, pid) = begin(&desk, &cash_out("10", "INV-1"));
                until(|| requests_of(&desk.ledger(), "INV-1") == 1);
                kill_process(pid, signal).unwrap();
                // Asked a second time, it does not lose its head.
                kill_process(pid, signal).unwrap();
                let run = end(child);
                assert_eq!(run.expect(0).json()["state"], "accepted", "{signal:?}");
                is_paid_once(&desk, "INV-1");
            });
        }
    });
}

/// Between the journalled attempt and its first byte: whatever it does, the journal knows it.
#[test]
fn a_command_that_is_asked_to_stop_before_its_request() {
    thread::scope(|scope| {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            scope.spawn(move || {
                let desk = Desk::start(with_faults(&["token:slow::1"]));
                let (child, pid) = begin(&desk, &cash_out("10", "INV-1"));
                until(|| has_an_attempt(&desk));
                kill_process(pid, signal).unwrap();
                let run = end(child);
                let sent = requests_of(&desk.ledger(), "INV-1");
                match run.code {
                    Some(0) => assert_eq!(sent, 1, "{run:#?}"),
                    _ => assert_eq!((sent, &run.error()["outcome"]), (0, &json!("nothing_sent")), "{run:#?}"),
                }
                is_paid_once(&desk, "INV-1");
            });
        }
    });
}

#[test]
fn a_cockpit_that_is_asked_to_stop_waits_for_its_request() {
    thread::scope(|scope| {
        for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
            scope.spawn(move || {
                let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
                let mut screen = cockpit(&desk);
                screen.wait_text("Transact.");
                review_payment(&mut screen, "10", "INV-1");
                screen.send(b"y");
                until(|| requests_of(&desk.ledger(), "INV-1") == 1);
                screen.signal(signal);
                // The terminal first, and at once; then the request.
                screen.assert_restored();
                assert!(screen.exit(PATIENCE).success(), "{signal:?}");
                assert_eq!(audit(&desk)["INV-1"].state, "accepted", "{signal:?}");
                is_paid_once(&desk, "INV-1");
            });
        }
    });
}

fn has_an_attempt(desk: &Desk) -> bool {
    let is_there = desk.journal_path().exists()
        && desk.journal().table_exists(None, "attempts").is_ok_and(|is_there| is_there);
    is_there
        && desk.journal().query_row("SELECT count(*) FROM attempts", [], |row| row.get::<_, i64>(0)).unwrap()
            > 0
}

/// Stopped between the journalled attempt and its first byte, as a laptop that is closed, for longer than that may take.
fn stopped_before_the_first_byte() {
    let desk = Desk::start(with_faults(&["token:slow::1"]));
    let (child, pid) = begin(&desk, &cash_out("10", "INV-1"));
    until(|| has_an_attempt(&desk));
    kill_process(pid, Signal::STOP).unwrap();
    pass(BEYOND_THE_FIRST_BYTE);
    assert_eq!(desk.ledger().requests_seen, 0, "not a byte while it is stopped");
    kill_process(pid, Signal::CONT).unwrap();
    let run = end(child);
    let stories = audit(&desk);
    let story = &stories["INV-1"];
    // The attempt that was too late is a row without a request; the next one is a row with one.
    assert!(story.attempts.len() > story.requests.len(), "{run:#?} {story:#?}");
    match run.code {
        Some(0) => assert_eq!(story.requests.len(), 1, "{run:#?}"),
        _ => assert_eq!(
            (story.requests.len(), &run.error()["outcome"]),
            (0, &json!("nothing_sent")),
            "{run:#?}"
        ),
    }
    is_paid_once(&desk, "INV-1");
}

/// Stopped while the request is on the wire, for longer than it may take.
fn stopped_on_the_wire(fault: &str, expected: &[i32], stopped: Duration) {
    let desk = Desk::start(with_faults(&[fault]));
    let (child, pid) = begin(&desk, &cash_out("10", "INV-1"));
    until(|| requests_of(&desk.ledger(), "INV-1") == 1);
    kill_process(pid, Signal::STOP).unwrap();
    pass(stopped);
    kill_process(pid, Signal::CONT).unwrap();
    let run = end(child);
    run.expect_one_of(expected);
    if run.code == Some(4) {
        assert_eq!(run.error()["outcome"], "unknown");
    }
    is_paid_once(&desk, "INV-1");
}

/// A cockpit that is stopped with a request on the wire, for longer than that may take.
fn stopped_cockpit() {
    let desk = Desk::start(with_faults(&["cash-out:hang-after::1"]));
    let mut screen = cockpit(&desk);
    screen.wait_text("Transact.");
    review_payment(&mut screen, "10", "INV-1");
    screen.send(b"y");
    until(|| requests_of(&desk.ledger(), "INV-1") == 1);
    screen.signal(Signal::STOP);
    pass(BEYOND_THE_REQUEST);
    screen.signal(Signal::CONT);
    screen.wait_text("completed");
    screen.signal(Signal::TERM);
    assert!(screen.exit(PATIENCE).success());
    is_paid_once(&desk, "INV-1");
}

#[test]
fn a_process_that_is_stopped_and_goes_on_pays_once() {
    thread::scope(|scope| {
        scope.spawn(stopped_before_the_first_byte);
        scope.spawn(|| stopped_on_the_wire("cash-out:hang-after::1", &[0, 4], BEYOND_THE_REQUEST));
        // The answer has lain there for long when it goes on.
        scope.spawn(|| stopped_on_the_wire("cash-out:slow::1", &[0, 4], BEYOND_THE_REQUEST));
        scope.spawn(|| stopped_on_the_wire("cash-out:slow::1", &[0], Duration::from_secs(5)));
        scope.spawn(stopped_cockpit);
    });
}

#[test]
fn two_commands_with_one_reference_are_one_payment() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let runs = at_once(&desk, &[cash_out("10", "INV-1"), cash_out("10", "INV-1"), cash_out("10", "INV-1")]);
    let ids: Vec<_> = runs.iter().map(|run| run.expect(0).json()["id"].clone()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(requests_of(&desk.ledger(), "INV-1"), 1);
    is_paid_once(&desk, "INV-1");
}

#[test]
fn two_commands_with_one_reference_and_two_amounts_are_one_payment() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let runs = at_once(&desk, &[cash_out("10", "INV-1"), cash_out("11", "INV-1")]);
    let mut codes: Vec<_> = runs.iter().map(|run| run.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(2)], "{runs:#?}");
    let refused = runs.iter().find(|run| run.code == Some(2)).unwrap();
    refused.expect_error(2, "reference_taken", "nothing_sent");
    assert_eq!((desk.ledger().cash_outs.len(), desk.ledger().requests_seen), (1, 1));
    audit(&desk);
}

#[test]
fn commands_with_references_of_their_own_pay_one_after_the_other() {
    let desk = Desk::start(prompt());
    let references: Vec<String> = (0..6).map(|number| format!("INV-{number}")).collect();
    let commands: Vec<_> = references.iter().map(|reference| cash_out("10", reference)).collect();
    // Whoever could not wait any longer was told so, and nothing of it was sent.
    for (run, reference) in at_once(&desk, &commands).iter().zip(&references) {
        if run.expect_one_of(&[0, 75]).code == Some(75) {
            assert_eq!(
                (run.error()["code"].as_str(), requests_of(&desk.ledger(), reference)),
                (Some("journal_busy"), 0)
            );
            desk.pay("10", reference).expect(0);
        }
        is_paid_once(&desk, reference);
    }
    assert_eq!(desk.ledger().cash_outs.len(), references.len());
}

#[test]
fn two_rebalances_to_one_target_move_once() {
    let desk = Desk::start(with_faults(&["rebalance:slow::1"]));
    let rebalance = || vec!["rebalance", "--target", "600000", "--yes", "--json"];
    for run in at_once(&desk, &[rebalance(), rebalance()]) {
        run.expect_one_of(&[0, 3, 75]);
    }
    let moved = desk.ledger().rebalances.iter().filter(|done| done.before != done.target).count();
    assert_eq!((moved, desk.ledger().requests_to(Where::Rebalance).count()), (1, 1));
}

/// Starts them together, and gives how each ended.
fn at_once(desk: &Desk, commands: &[Vec<&str>]) -> Vec<Run> {
    let begun: Vec<_> = commands.iter().map(|arguments| begin(desk, arguments).0).collect();
    begun.into_iter().map(end).collect()
}

/// The cockpit has the journal, and a request on the wire; what commands want, it does.
#[test]
fn a_command_beside_the_cockpit_is_done_by_it() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let mut screen = cockpit(&desk);
    screen.wait_text("Transact.");
    review_payment(&mut screen, "10", "INV-1");
    screen.send(b"y");
    until(|| requests_of(&desk.ledger(), "INV-1") == 1);
    for run in at_once(&desk, &[cash_out("10", "INV-1"), cash_out("10", "INV-2"), vec!["recover", "--json"]])
    {
        run.expect(0);
    }
    assert_eq!(desk.ledger().requests_seen, 2);
    // Reading is never refused.
    desk.saldo(&["transactions", "--json"]).expect(0);
    screen.signal(Signal::TERM);
    assert!(screen.exit(PATIENCE).success());
    for reference in ["INV-1", "INV-2"] {
        is_paid_once(&desk, reference);
        assert_eq!(requests_of(&desk.ledger(), reference), 1);
    }
}

/// And the other way round: a command has the journal, and the cockpit says so instead of starting a second lane.
#[test]
fn a_cockpit_beside_a_command_does_not_start() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let (child, _) = begin(&desk, &cash_out("10", "INV-1"));
    until(|| requests_of(&desk.ledger(), "INV-1") == 1);
    let screen = cockpit(&desk);
    assert_eq!(screen.exit(PATIENCE).exit_code(), 75);
    screen.wait_text("in use by");
    end(child).expect(0);
    is_paid_once(&desk, "INV-1");
}
