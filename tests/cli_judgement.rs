//! What a person can say of a payment in doubt, and whether the journal can be trusted: `resolve` and `fsck`, with the
//! real program, SQLite and HTTP.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use support::{Desk, Run, prompt, with_faults};

/// A payment that the gateway made and a lost journal has forgotten: entered again, its reference is known there.
fn exists() -> Desk {
    let desk = Desk::start(with_faults(&["cash-out:forget-key"]));
    desk.pay("10", "INV-1").expect(0);
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{ending}", desk.journal_path().display())).ok();
    }
    let again = desk.pay("10", "INV-1");
    again.expect_error(4, "exists", "unknown");
    assert!(again.error()["message"].as_str().unwrap().contains("saldo resolve"), "{}", again.error());
    desk
}

fn code(desk: &Desk) -> String {
    desk.ledger().cash_outs[0].internal_code.clone()
}

fn text(run: &Run) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

#[test]
fn the_facts_come_before_the_finding() {
    let desk = exists();
    let shown = desk.saldo(&["resolve", "INV-1"]);
    let text = text(shown.expect(0));
    for fact in ["R$", "INV-1", "PIX key", "attempt", "key ", "--internal-code"] {
        assert!(text.contains(fact), "{fact:?} in {text}");
    }
    assert_eq!(desk.payments()[0].state, "exists", "asking changes nothing");
    let answer = desk.saldo(&["resolve", "INV-1", "--json"]).expect(0).json();
    let advice = answer["advice"].as_array().unwrap();
    assert!(advice.iter().any(|line| line.as_str().unwrap().contains("--internal-code")), "{answer:#}");
    desk.saldo(&["resolve", "INV-9"]).expect(5);
}

#[test]
fn an_id_that_a_person_found_is_held_against_the_payment() {
    let desk = exists();
    let refused = desk.saldo(&["resolve", "INV-1", "--internal-code", "NONE-1", "--json"]);
    refused.expect(5);
    let adopted =
        desk.saldo(&["resolve", "INV-1", "--internal-code", &code(&desk), "--reason", "seen", "--json"]);
    let state = adopted.expect(0).json()["state"].as_str().unwrap().to_owned();
    assert!(["accepted", "completed"].contains(&state.as_str()), "{state}");
    assert_eq!(adopted.json()["internal_code"], code(&desk));
    assert_eq!(desk.ledger().cash_outs.len(), 1);
    desk.saldo(&["fsck"]).expect(0);
}

#[test]
fn another_payments_id_is_not_taken() {
    let desk = Desk::start(with_faults(&["cash-out:forget-key"]));
    desk.pay("11", "INV-2").expect(0);
    let other = code(&desk);
    desk.pay("10", "INV-1").expect(0);
    for ending in ["", "-wal", "-shm"] {
        std::fs::remove_file(format!("{}{ending}", desk.journal_path().display())).ok();
    }
    desk.pay("10", "INV-1").expect(4);
    let refused = desk.saldo(&["resolve", "INV-1", "--internal-code", &other, "--json"]);
    refused.expect(2);
    assert_eq!(refused.error()["code"], "not_this_payment");
    assert_eq!(desk.payments()[0].state, "exists");
}

#[test]
fn it_is_too_early_to_say_that_it_was_not_paid() {
    let desk = exists();
    let early = desk.saldo(&["resolve", "INV-1", "--not-paid", "--reason", "not on the statement", "--json"]);
    early.expect(2);
    assert!(early.error()["message"].as_str().unwrap().contains("nothing was recorded"), "{}", early.error());
    assert_eq!(early.error()["outcome"], "unknown");
    desk.saldo(&["resolve", "INV-1", "--not-paid"]).expect(2);
    desk.saldo(&["resolve", "INV-1", "--call-off"]).expect(2);
    assert_eq!(desk.payments()[0].state, "exists");
}

#[test]
fn what_was_never_sent_is_called_off_and_decided_again() {
    let mut desk = Desk::start(prompt());
    let listen = desk.take_down();
    desk.pay("10", "INV-1").expect(69);
    // Requests were journalled, and it is proven that none left.
    let off = desk.saldo(&["resolve", "INV-1", "--call-off", "--reason", "paid in cash", "--json"]);
    assert_eq!(off.expect(0).json()["state"], "cancelled");
    desk.bring_up(saldo::sandbox::Options { listen, ..prompt() });
    desk.pay("10", "INV-1").expect_error(3, "cancelled", "not_executed");
    assert_eq!(desk.ledger().requests_seen, 0);
    let mut again = support::cash_out("10", "INV-1");
    again.push("--again");
    desk.saldo(&again).expect(0);
    assert_eq!(desk.ledger().cash_outs.len(), 1);
}

#[test]
fn a_journal_that_was_edited_is_not_sound() {
    let desk = Desk::start(prompt());
    desk.saldo(&["fsck"]).expect(5);
    desk.pay("10", "INV-1").expect(0);
    desk.pay("20", "INV-2").expect(0);
    let sound = desk.saldo(&["fsck", "--json"]);
    let answer = sound.expect(0).json();
    assert_eq!(answer["sound"], true);
    let head = answer["audit_head"].as_str().unwrap().to_owned();
    desk.pay("30", "INV-3").expect(0);
    desk.saldo(&["fsck", "--noted", &head]).expect(0);

    let file = rusqlite::Connection::open(desk.journal_path()).unwrap();
    let changed = file.execute("UPDATE transactions SET amount = 1 WHERE external_reference = 'INV-2'", []);
    assert_eq!(changed.unwrap(), 1);
    let unsound = desk.saldo(&["fsck", "--json", "--noted", &head]);
    unsound.expect_error(65, "journal_unsound", "unknown");
    let tables: Vec<_> =
        unsound.json()["findings"].as_array().unwrap().iter().map(|found| found["table"].clone()).collect();
    assert!(tables.iter().all(|table| table == "transactions"), "{tables:?}");
    let said = text(&desk.saldo(&["fsck"]));
    assert!(said.contains("does not show the payment as its events come to"), "{said}");
    assert!(!said.contains("Maria"), "people's data stay in the journal: {said}");
}

#[test]
fn what_is_no_journal_is_said_in_one_line() {
    let desk = Desk::start(prompt());
    desk.pay("10", "INV-1").expect(0);
    let folder = desk.journal_path().parent().unwrap().to_owned();
    let other = folder.join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let url = |path: &std::path::Path| format!("sqlite:{}", path.display());
    let strange = desk.saldo(&["fsck", "--json", "--journal", &url(&other)]);
    strange.expect_error(65, "journal_unsound", "unknown");
    assert_eq!(strange.json()["findings"].as_array().unwrap().len(), 1, "{strange:#?}");
    let a_folder = desk.saldo(&["fsck", "--json", "--journal", &url(&folder)]);
    assert!(a_folder.error()["message"].as_str().unwrap().contains("folder"), "{a_folder:#?}");
}
