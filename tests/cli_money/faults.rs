//! Every fault of the sandbox under the real binary: pay, recover until final, and hold the journal against the ledger.
//!
//! One test fans them all out, because the longest ones wait: for a request that hangs (30 s), for two looks at a
//! failure that have to be a minute apart.

use std::thread;

use saldo::sandbox::Where;

use crate::real_support::audit::{audit, recover};
use crate::support::{Desk, Run, cash_out, end_of, prompt, runtime, until, with_faults};

/// What the exit code claims must be what the ledger shows.
#[track_caller]
fn told_the_truth(desk: &Desk, reference: &str, run: &Run) {
    let paid = desk.ledger().cash_outs_of(reference).count();
    let state =
        if run.stdout.is_empty() { String::new() } else { run.json()["state"].as_str().unwrap().to_owned() };
    match run.code.unwrap() {
        0 => {
            assert_eq!(paid, 1, "said done: {run:#?}");
            assert!(["accepted", "completed"].contains(&state.as_str()), "{run:#?}");
        }
        3 => {
            assert_eq!(paid, 0, "said refused: {run:#?}");
            assert_eq!(run.error()["outcome"], "not_executed");
        }
        4 => {
            assert!(["unknown", "exists", "held"].contains(&state.as_str()), "{run:#?}");
            assert_eq!(run.error()["outcome"], "unknown");
        }
        69 | 75 | 77 => assert_eq!(paid, 0, "said not sent or not executed: {run:#?}"),
        other => panic!("exit {other}: {run:#?}"),
    }
}

/// One fault from the first request to the last.
fn survives(fault: &str, expected: i32) {
    let desk = Desk::start(with_faults(&[fault]));
    let run = desk.pay("500,25", "INV-1");
    run.expect(expected);
    told_the_truth(&desk, "INV-1", &run);
    desk.reconcile();
    let before = desk.ledger().requests_seen;
    desk.recover_until_final(20);
    let payments = desk.payments();
    assert_eq!((payments.len(), payments[0].state.as_str()), (1, "completed"), "{fault}: {payments:#?}");
    desk.reconcile();
    if fault.starts_with("cash-out") {
        // A token is there at the first try, so each attempt is one request, no more and no fewer.
        assert_eq!(payments[0].attempts.len() as u64, desk.ledger().requests_seen, "{fault}: {payments:#?}");
    }
    // Run again, the command tells what became of it, and sends nothing.
    let sent = desk.ledger().requests_seen;
    assert!(sent >= before);
    let again = desk.pay("500,25", "INV-1");
    // An answer that named another reference leaves a contradiction, which no later answer takes back.
    let contradicted = fault.starts_with("cash-out-get:wrong-reference");
    again.expect(if contradicted { 4 } else { 0 });
    assert_eq!(again.json()["state"], "completed");
    assert_eq!(desk.ledger().requests_seen, sent, "{fault}: sent again after it was paid");
    assert_eq!(desk.ledger().cash_outs.len(), 1);
    // Somebody really was at the other end.
    let fired: u32 = desk.ledger().faults_fired.iter().map(|(_, times)| times).sum();
    assert!(fired > 0, "{fault} never fired");
}

/// FAILED counts only when two GETs, a minute apart, say so.
fn a_failure_takes_two_looks() {
    let desk = Desk::start(prompt());
    let mut arguments = vec!["cash-out", "--amount", "10", "--reference", "INV-F", "--yes", "--json"];
    arguments.extend(["--pix-key", "fail@example.com", "--name", "Maria Silva", "--document", "52998224725"]);
    arguments.extend(["--wait", "100s"]);
    let run = desk.saldo(&arguments);
    run.expect_error(3, "failed", "not_executed");
    assert_eq!(run.json()["state"], "failed");
    assert!(run.error()["message"].as_str().unwrap().contains("PIX_KEY_NOT_FOUND"), "{run:#?}");
    desk.reconcile();
    // The reference stays spent: a new debt needs a new name.
    let sent = desk.ledger().requests_seen;
    desk.saldo(&arguments).expect(3);
    assert_eq!(desk.ledger().requests_seen, sent);
    // Decided once more it is another payment, which the first one tells of.
    let wait = arguments.iter().position(|argument| *argument == "--wait").unwrap();
    arguments.truncate(wait);
    arguments.push("--again");
    desk.saldo(&arguments).expect(0);
    assert!(desk.saldo(&["show", "INV-F"]).expect(0).stdout.contains("as INV-F~2"));
    assert_eq!(desk.saldo(&["show", "INV-F", "--json"]).json()["newest_of_debt"]["generation"], 2);
}

/// A gateway that remembers badly: the first command, what it leaves open, and how many payments there are.
#[test]
fn a_gateway_that_remembers_badly_is_never_paid_twice() {
    for (faults, amount, code, state, paid) in [
        // The repeat is judged anew and meets its own reference: it exists, so nothing else may be paid.
        (&["cash-out:drop-after::1", "cash-out:forget-key"][..], "10", 4, "exists", 1),
        (&["cash-out:garble::1", "cash-out:forget-key"], "10", 4, "exists", 1),
        (&["cash-out:wrong-reference::1", "cash-out:forget-key"], "10", 4, "exists", 1),
        // The first one is refused, and proven so.
        (&["cash-out:cache-refusal"], "600000", 3, "rejected", 0),
        // A refusal after a doubt proves nothing, however often it comes back.
        (&["cash-out:drop-before::1", "cash-out:cache-refusal"], "600000", 4, "unknown", 0),
    ] {
        let desk = Desk::start(with_faults(faults));
        let run = desk.pay(amount, "INV-1");
        run.expect(code);
        told_the_truth(&desk, "INV-1", &run);
        for _ in 0..3 {
            recover(&desk, 1);
            let stories = audit(&desk);
            let story = &stories["INV-1"];
            assert_eq!((story.state.as_str(), story.paid), (state, paid), "{faults:?}: {story:#?}");
        }
        assert!(desk.ledger().faults_fired.iter().all(|(_, times)| *times > 0), "{faults:?}");
    }
}

/// A key that keeps its refusal although there are funds by now. The next round has a key of its own.
#[test]
fn a_refusal_that_is_remembered_is_left_by_the_next_round() {
    let desk = Desk::start(with_faults(&["cash-out:cache-refusal"]));
    desk.pay("600000", "INV-1").expect(3);
    desk.saldo(&["rebalance", "--target", "700000", "--yes", "--json"]).expect(0);
    // Without `--again` it tells what it knows, and sends nothing.
    desk.pay("600000", "INV-1").expect(3);
    assert_eq!(desk.ledger().requests_to(Where::CashOut).count(), 1);
    let mut arguments = cash_out("600000", "INV-1");
    arguments.push("--again");
    desk.saldo(&arguments).expect(0);
    assert_eq!(recover(&desk, 20), []);
    let ledger = desk.ledger();
    let keys: Vec<_> = ledger.requests_to(Where::CashOut).map(|request| &request.idempotency_key).collect();
    assert!(keys.len() == 2 && keys[0] != keys[1], "{keys:?}");
    assert_eq!(ledger.cash_outs_of("INV-1").count(), 1);
}

#[test]
fn a_request_on_the_wire_is_waited_for() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1", "rebalance:slow::1"]));
    let stopped = |arguments: &[&str], place: Where| {
        let child = runtime().block_on(async { desk.command(arguments).spawn().unwrap() });
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
        until(|| desk.ledger().requests_to(place).count() == 1);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        runtime().block_on(end_of(arguments.join(" "), child))
    };
    let run = stopped(&cash_out("10", "INV-1"), Where::CashOut);
    assert_eq!(run.expect(0).json()["state"], "accepted");
    let run = stopped(&["rebalance", "--target", "600000", "--yes", "--json"], Where::Rebalance);
    assert_eq!(run.expect(0).json()["state"], "completed");
    desk.reconcile();
}

#[test]
fn no_fault_pays_twice_or_loses_a_payment() {
    // The fault, and the exit code of the first command.
    let cases = [
        ("cash-out:drop-before::2", 0),
        ("cash-out:drop-after::2", 0),
        ("cash-out:500-before::2", 0),
        ("cash-out:500-after::2", 0),
        ("cash-out:html::2", 0),
        ("cash-out:html-after::2", 0),
        ("cash-out:truncate::2", 0),
        ("cash-out:huge::2", 0),
        ("cash-out:wrong-reference::2", 0),
        ("cash-out:429::2", 0),
        ("cash-out:slow::1", 0),
        ("cash-out:expire::1", 0),
        // Two 401 in a row: the credentials are not taken, and nothing was paid.
        ("cash-out:expire::2", 77),
        // More of them than half a minute of doubt can outlast.
        ("cash-out:drop-after::7", 4),
        ("cash-out:drop-before::7", 4),
        ("cash-out:hang-after::1", 4),
        ("cash-out:hang-before::1", 4),
        // The looks afterwards may fail too; a failed look is never a failed payment.
        ("cash-out-get:500-before::2", 0),
        ("cash-out-get:drop-after::2", 0),
        ("cash-out-get:html::2", 0),
        ("cash-out-get:truncate::2", 0),
        ("cash-out-get:wrong-reference::1", 0),
        ("cash-out-get:garble::2", 0),
        ("cash-out-get:mask", 0),
        // One FAILED that is not so, and then the truth.
        ("cash-out-get:failed::1", 0),
        ("cash-out:garble::2", 0),
        ("token:500-before::2", 0),
        ("token:drop-after::2", 0),
        ("any:expire::1", 0),
    ];
    let failed: Vec<&str> = thread::scope(|scope| {
        let failure = scope.spawn(a_failure_takes_two_looks);
        let running: Vec<_> =
            cases.iter().map(|(fault, code)| (*fault, scope.spawn(move || survives(fault, *code)))).collect();
        let mut failed: Vec<&str> =
            running.into_iter().filter_map(|(fault, run)| run.join().is_err().then_some(fault)).collect();
        if failure.join().is_err() {
            failed.push("a failure");
        }
        failed
    });
    assert!(failed.is_empty(), "see above: {failed:?}");
}
