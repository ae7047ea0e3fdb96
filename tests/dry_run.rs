//! What a command would do is told without doing it, and what looks like a repeat is told before it is paid.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use saldo::sandbox::Where;
use support::{Desk, prompt};

const MARIA: [&str; 8] = [
    "--pix-key",
    "maria@example.com",
    "--name",
    "Maria Silva",
    "--document",
    "52998224725",
    "--amount",
    "500,25",
];

fn cash_out<'a>(rest: &[&'a str]) -> Vec<&'a str> {
    [&["cash-out"], &MARIA[..], rest].concat()
}

#[test]
fn a_cash_out_is_shown_and_not_made() {
    let desk = Desk::start(prompt());
    let dry = desk.saldo(&cash_out(&["--reference", "INV-1", "--dry-run", "--json"])).expect(0).json();
    assert_eq!((&dry["would"], &dry["amount_centavos"]), (&"pay".into(), &50_025.into()), "{dry}");
    let before = dry["before_centavos"].as_i64().unwrap();
    assert_eq!(dry["after_centavos"], before - 50_025);
    assert!(!desk.journal_path().exists(), "nothing is recorded");
    assert_eq!(desk.ledger().requests_to(Where::CashOut).count(), 0, "and nothing sent");
    // Nor is anything asked.
    desk.saldo(&cash_out(&["--dry-run", "--yes"])).expect(2);
    desk.saldo(&cash_out(&["--dry-run", "--amount", "1.234"])).expect(2);

    let paid = desk.saldo(&cash_out(&["--reference", "INV-1", "--yes", "--json"])).expect(0).json();
    assert_eq!(paid["idempotency_key"], dry["idempotency_key"], "the key that was shown");
    assert_eq!(paid["warnings"][0]["code"], "payee_first", "{paid}");
    assert_eq!(paid["warnings"].as_array().unwrap().len(), 1, "{paid}");
    let again = desk.saldo(&cash_out(&["--reference", "INV-1", "--dry-run", "--json"])).expect(0).json();
    assert!(matches!(again["would"].as_str(), Some("go_on" | "nothing")), "{again}");
    assert_eq!(again["existing"]["id"], paid["id"]);
    let other = ["cash-out", "--dry-run", "--reference", "INV-1", "--json"];
    let other = [&other[..], &MARIA[..6], &["--amount", "1"]].concat();
    desk.saldo(&other).expect_error(2, "reference_taken", "nothing_sent");

    // Another reference, the same payee and amount.
    let shown = desk.saldo(&cash_out(&["--reference", "INV-2", "--dry-run"]));
    assert!(shown.expect(0).stdout.contains("LIKELY A REPEAT: the same payee and amount"), "{shown:#?}");
    let paid = desk.saldo(&cash_out(&["--reference", "INV-2", "--yes", "--json"])).expect(0).json();
    assert_eq!(paid["warnings"][0]["external_reference"], "INV-1", "{paid}");
    assert_eq!(desk.ledger().requests_to(Where::CashOut).count(), 2);
}

#[test]
fn a_rebalance_is_shown_and_not_made() {
    let desk = Desk::start(prompt());
    let before = desk.saldo(&["balance", "--json"]).expect(0).json();
    let dry = desk.saldo(&["rebalance", "--target", "600000,00", "--dry-run", "--json"]).expect(0).json();
    assert_eq!(dry["expected"]["transactional_centavos"], 60_000_000);
    assert_eq!(dry["before"]["transactional_centavos"], before["transactional_centavos"]);
    let after = desk.saldo(&["balance", "--json"]).expect(0).json();
    assert_eq!(after["transactional_centavos"], before["transactional_centavos"]);
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), 0);
    let nobody = ["refund", "nobody", "--reason", "FRAUD", "--dry-run", "--json"];
    desk.saldo(&nobody).expect_error(5, "not_found", "nothing_sent");
}
