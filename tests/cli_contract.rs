//! What scripts rely on: names and types of the JSON, exit codes, and the reference that makes a command repeatable.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;

use std::thread;

use saldo::sandbox::{Options, Where};
use serde_json::{Value, json};
use support::scripted::{self, Scripted};
use support::{Desk, MARIA, cash_out, names, prompt, with_faults};

/// A settlement that no command here lives to see.
fn patient() -> Options {
    Options { settle_after: std::time::Duration::from_secs(3_600), ..Options::default() }
}

const INTENT: [&str; 22] = [
    "amount_centavos",
    "attempts",
    "conflict",
    "created_at",
    "declared_not_paid_by",
    "end_to_end_id",
    "external_reference",
    "failure_reported",
    "frozen",
    "generation",
    "id",
    "idempotency_key",
    "internal_code",
    "looked_into",
    "reason",
    "refunded",
    "round",
    "settled_centavos",
    "stale",
    "state",
    "transaction_id",
    "updated_at",
];

const ROW: [&str; 17] = [
    "amount_centavos",
    "conflict",
    "created_at",
    "direction",
    "document",
    "end_to_end_id",
    "external_reference",
    "failure",
    "failure_reported",
    "id",
    "internal_code",
    "looked_into",
    "name",
    "refunded",
    "state",
    "transaction_id",
    "updated_at",
];

fn is_rfc_3339(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok())
}

/// Every amount is an integer of centavos, wherever it stands.
fn has_no_float(value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if name.ends_with("_centavos") {
                    assert!(member.is_i64() || member.is_null(), "{name}: {member}");
                }
                has_no_float(member);
            }
        }
        Value::Array(items) => items.iter().for_each(has_no_float),
        Value::Number(number) => assert!(number.is_i64() || number.is_u64(), "{number} is no integer"),
        _ => {}
    }
}

#[test]
fn balance_in_json() {
    let desk =
        Desk::start(Options { transactional: saldo::domain::money::Centavos::new(50_000_029), ..prompt() });
    let run = desk.saldo(&["balance", "--json"]);
    assert_eq!(run.expect(0).stderr, "", "data to standard output, and nothing to say");
    let balance = run.json();
    has_no_float(&balance);
    assert_eq!(
        names(&balance),
        [
            "banks",
            "fetched_at",
            "proprietary_centavos",
            "total_centavos",
            "transactional_centavos",
            "updated_at"
        ]
    );
    assert_eq!(balance["transactional_centavos"], 50_000_029);
    assert_eq!(balance["total_centavos"], 170_000_029_i64);
    assert!(is_rfc_3339(&balance["updated_at"]) && is_rfc_3339(&balance["fetched_at"]));
    let banks = balance["banks"].as_array().unwrap();
    assert!(!banks.is_empty());
    for bank in banks {
        assert_eq!(names(bank), ["bank", "ispb", "proprietary_centavos", "transactional_centavos"]);
        assert!(bank["ispb"].is_string(), "an ISPB is text: leading zeros count");
    }
    // It needs no journal, and makes none.
    assert!(!desk.journal_path().exists());
}

#[test]
fn a_payment_from_decision_to_settlement_in_json() {
    let desk = Desk::start(patient());
    let run = desk.pay("R$ 1.234,56", "INV-1");
    assert_eq!(run.expect(0).stderr, "");
    let intent = run.json();
    has_no_float(&intent);
    assert_eq!(names(&intent), [&INTENT[..], &["warnings"]].concat(), "what the command says of it, besides");
    assert_eq!((&intent["state"], &intent["amount_centavos"]), (&json!("accepted"), &json!(123_456)));
    assert_eq!((&intent["external_reference"], &intent["attempts"]), (&json!("INV-1"), &json!(1)));
    assert!(is_rfc_3339(&intent["created_at"]) && intent["end_to_end_id"].is_null());
    let ledger = desk.ledger();
    let paid = &ledger.cash_outs[0];
    assert_eq!(paid.amount.get(), 123_456);
    assert_eq!(intent["internal_code"], paid.internal_code.as_str());
    assert_eq!(intent["transaction_id"], paid.transaction_id.as_str());
    assert_eq!(intent["idempotency_key"], paid.idempotency_key.as_str());

    // Waiting runs out: try later, the money is on its way.
    let mut waiting = cash_out("R$ 1.234,56", "INV-1");
    waiting.extend(["--wait", "100ms"]);
    let late = desk.saldo(&waiting);
    late.expect_error(75, "not_settled", "pending");
    assert_eq!(
        (late.error()["retryable"].as_bool(), late.json()["state"].as_str()),
        (Some(true), Some("accepted"))
    );

    // By every id that the contract names, and by the reference.
    let own_id = intent["id"].as_str().unwrap();
    for id in [own_id, &paid.internal_code, &paid.transaction_id, "INV-1"] {
        let shown = desk.saldo(&["show", id, "--json"]);
        let shown = shown.expect(0).json();
        has_no_float(&shown);
        let mut expected = ROW.to_vec();
        expected.extend(["attempts", "gateway", "intent"]);
        expected.sort_unstable();
        assert_eq!(names(&shown), expected, "{id}");
        assert_eq!((shown["id"].as_str(), shown["direction"].as_str()), (Some(own_id), Some("out")));
        assert_eq!(names(&shown["intent"]), INTENT);
        assert_eq!(
            names(&shown["attempts"][0]),
            ["detail", "ended_at", "idempotency_key", "number", "outcome", "started_at"]
        );
        assert_eq!(shown["gateway"]["report"]["status"], "PROCESSING");
    }
    let rows = desk.saldo(&["transactions", "--json"]);
    let rows = rows.expect(0).json();
    has_no_float(&rows);
    assert_eq!(names(&rows[0]), ROW);
    assert_eq!((&rows[0]["document"], &rows[0]["name"]), (&json!("52998224725"), &json!("Maria Silva")));
    desk.reconcile();
}

#[test]
fn waiting_sees_the_settlement() {
    let desk = Desk::start(prompt());
    let mut arguments = cash_out("1", "INV-1");
    arguments.extend(["--wait", "30s"]);
    let run = desk.saldo(&arguments);
    let intent = run.expect(0).json();
    assert_eq!(intent["state"], "completed");
    assert!(intent["end_to_end_id"].as_str().unwrap().starts_with('E'));
    let e2e = intent["end_to_end_id"].as_str().unwrap();
    assert_eq!(desk.saldo(&["show", e2e, "--json"]).expect(0).json()["external_reference"], "INV-1");
}

#[test]
fn the_last_look_is_when_the_time_is_up() {
    // The looks are planned for two and seven seconds after the order; it settles between them.
    let desk = Desk::start(Options { settle_after: std::time::Duration::from_secs(3), ..prompt() });
    let mut arguments = cash_out("1", "INV-1");
    arguments.extend(["--wait", "5s"]);
    assert_eq!(desk.saldo(&arguments).expect(0).json()["state"], "completed");
}

#[test]
fn a_reference_of_two_is_asked_about_and_not_guessed() {
    let desk = Desk::start(prompt());
    let paid = desk.saldo(&cash_out("1", "A-1")).expect(0).json();
    let asked = ["cash-in", "--amount", "2", "--name", "Ana", "--document", "52998224725", "--json"];
    let asked = desk.saldo(&[&asked[..], &["--reference", "A-1"]].concat()).expect(0).json();
    for command in
        [&["show"][..], &["receipt"], &["resolve"], &["refund", "--reason", "CUSTOMER_REQUEST", "--yes"]]
    {
        let run = desk.saldo(&[command, &["A-1", "--json"]].concat());
        run.expect_error(2, "ambiguous_reference", "nothing_sent");
        for id in [&paid["id"], &asked["id"]] {
            assert!(run.stderr.contains(id.as_str().unwrap()), "{run:#?}");
        }
    }
    let shown = desk.saldo(&["show", paid["id"].as_str().unwrap(), "--json"]).expect(0).json();
    assert_eq!(shown["amount_centavos"], 100);
}

#[test]
fn a_journal_that_cannot_be_reached_is_not_an_empty_one() {
    let desk = Desk::start(prompt());
    let file = desk.folder().join("no-folder");
    std::fs::write(&file, "").unwrap();
    let journal = format!("sqlite:{}", file.join("journal.db").display());
    for command in [
        &["transactions"][..],
        &["alerts"],
        &["payees"],
        &["handover", "list"],
        &["explain"],
        &["show", "INV-1"],
        &["fsck"],
        &["recover"],
    ] {
        let run = desk.saldo(&[&["--json", "--journal", &journal], command].concat());
        run.expect(78);
        assert!(run.error()["message"].as_str().unwrap().contains("cannot be opened"), "{run:#?}");
    }
}

#[test]
fn a_bank_account_and_standard_input_pay_as_well() {
    let desk = Desk::start(prompt());
    let account = desk.saldo(&[
        "--json",
        "cash-out",
        "--amount",
        "10",
        "--bank-ispb",
        "60746948",
        "--bank-branch",
        "1234",
        "--bank-account",
        "567890",
        "--name",
        "Maria Silva",
        "--document",
        "529.982.247-25",
        "--reference",
        "A",
        "--yes",
    ]);
    assert_eq!(account.expect(0).json()["state"], "accepted");
    let payment = json!({
        "amount": "500,25", "pix_key": "maria@example.com", "pix_key_type": "EMAIL", "name": "Maria Silva",
        "document": "52998224725", "reference": "B", "description": "Prêmio", "reason": "round 7",
    });
    let piped = ["cash-out", "--input", "-", "--yes", "--json"];
    let first = desk.saldo_reading(&piped, payment.to_string().as_bytes());
    assert_eq!(first.expect(0).json()["amount_centavos"], 50_025);
    // A number is an amount too, to the letter; and the reason is no part of the payload.
    let again = payment.to_string().replace("\"500,25\"", "500.25").replace("round 7", "round 8");
    let second = desk.saldo_reading(&piped, again.as_bytes());
    assert_eq!(second.expect(0).json()["id"], first.json()["id"]);
    assert_eq!(desk.ledger().cash_outs.len(), 2);
    desk.reconcile();
}

#[test]
fn the_same_reference_pays_once_and_another_payload_is_refused() {
    let desk = Desk::start(patient());
    let first = desk.pay("10", "INV-1");
    let second = desk.pay("10,00", "INV-1");
    // The first says besides that this payee is new to the journal; the second found its own payment there.
    let payment = |ended: &support::Run| {
        let mut told = ended.expect(0).json();
        told.as_object_mut().expect("an object").remove("warnings").expect("warnings are always told");
        told
    };
    assert_eq!(payment(&second), payment(&first), "the same amount, however it is written");
    for other in [
        cash_out("10,01", "INV-1"),
        [
            &["cash-out", "--amount", "10", "--reference", "INV-1", "--yes", "--json"][..],
            &["--pix-key", "joao@example.com", "--name", "Maria Silva", "--document", "52998224725"],
        ]
        .concat(),
        [&cash_out("10", "INV-1")[..], &["--description", "another"]].concat(),
    ] {
        let refused = desk.saldo(&other);
        refused.expect_error(2, "reference_taken", "nothing_sent");
        assert_eq!(refused.stdout, "");
        assert!(refused.error()["message"].as_str().unwrap().contains("nothing was sent"));
    }
    let ledger = desk.ledger();
    assert_eq!((ledger.cash_outs.len(), ledger.requests_seen), (1, 1));
    // References are compared to the letter.
    desk.pay("10", "inv-1").expect(0);
    assert_eq!(desk.ledger().cash_outs.len(), 2);
    desk.reconcile();
}

#[test]
fn eight_at_once_pay_once() {
    let desk = Desk::start(with_faults(&["cash-out:drop-after::1"]));
    let runs: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| desk.pay("10", "INV-1"))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let id = runs[0].json()["id"].clone();
    for run in &runs {
        assert_eq!(run.expect(0).json()["id"], id);
    }
    assert_eq!(desk.ledger().cash_outs.len(), 1);
    assert_eq!(desk.ledger().requests_seen, 2, "the one that was cut, and its repeat");
    desk.reconcile();
}

#[test]
fn a_journal_belongs_to_one_account() {
    let desk = Desk::start(prompt());
    desk.pay("10", "INV-1").expect(0);
    desk.configure(&desk.access.base_url, "999", "");
    for arguments in [
        cash_out("10", "INV-2"),
        vec!["transactions", "--json"],
        vec!["recover", "--json"],
        vec!["show", "INV-1", "--json"],
        vec!["rebalance", "--target", "1", "--yes", "--json"],
    ] {
        let refused = desk.saldo(&arguments);
        refused.expect_error(78, "journal_of_another_account", "nothing_sent");
    }
    assert_eq!(desk.ledger().requests_seen, 1);
}

#[test]
fn a_refusal_is_exit_3_and_the_reference_can_be_tried_again() {
    let desk = Desk::start(prompt());
    // More than the account holds, within what the sandbox takes for an amount.
    let refused = desk.pay("900.000,00", "INV-1");
    refused.expect_error(3, "refused", "not_executed");
    assert_eq!(refused.json()["state"], "rejected");
    assert!(refused.error()["message"].as_str().unwrap().contains("INSUFFICIENT_FUNDS"));
    // The same command says the same and sends nothing.
    desk.pay("900.000,00", "INV-1").expect(3);
    assert_eq!(desk.ledger().requests_seen, 1);
    // The desk tops up and says --again: the same reference, the next key.
    desk.saldo(&["rebalance", "--target", "1.000.000,00", "--yes", "--json"]).expect(0);
    let again = desk.saldo(&[&cash_out("900.000,00", "INV-1")[..], &["--again"]].concat());
    let view = again.expect(0).json();
    assert_eq!(
        (&view["state"], &view["round"], &view["attempts"]),
        (&json!("accepted"), &json!(2), &json!(2))
    );
    assert_ne!(view["idempotency_key"], refused.json()["idempotency_key"]);
    desk.reconcile();
}

#[test]
fn a_reference_that_the_gateway_knows_is_exit_4() {
    let desk = Desk::start(prompt());
    desk.pay("10", "INV-1").expect(0);
    // The journal is lost.
    std::fs::remove_dir_all(desk.journal_path().parent().unwrap()).unwrap();
    let same = desk.pay("10", "INV-1");
    assert_eq!(same.expect(0).json()["state"], "accepted", "the same debt finds its earlier self by its key");
    assert_eq!(desk.ledger().cash_outs.len(), 1);
    let taken = Scripted::start(&[(
        "POST /cash-out",
        scripted::json(409, r#"{"status":409,"code":"DUPLICATE_REFERENCE","title":"Duplicate"}"#),
    )]);
    let other = Desk::at(&taken.base_url());
    let run = other.pay("10", "INV-1");
    run.expect_error(4, "exists", "unknown");
    assert_eq!(run.json()["state"], "exists");
    // Recover cannot help it, says so, and sends nothing.
    let recovered = other.saldo(&["recover", "--json"]);
    recovered.expect_error(4, "in_doubt", "unknown");
    assert_eq!(recovered.json()[0]["state"], "exists");
    assert_eq!(taken.seen().iter().filter(|call| *call == "POST /cash-out").count(), 1);
}

#[test]
fn what_is_not_there_is_exit_5() {
    let desk = Desk::start(prompt());
    for id in ["INV-404", "0190a5c4-0000-7000-8000-000000000000", "E1393589320260310142200000000001"] {
        desk.saldo(&["show", id, "--json"]).expect_error(5, "not_found", "nothing_sent");
        desk.saldo(&["show", id]).expect(5);
    }
    assert_eq!(desk.saldo(&["transactions", "--json"]).expect(0).json(), json!([]));
    assert_eq!(desk.saldo(&["recover", "--json"]).expect(0).json(), json!([]));
}

#[test]
fn a_rebalance_in_json() {
    let desk = Desk::start(prompt());
    let run = desk.saldo(&["rebalance", "--target", "600000,00", "--reason", "evening", "--yes", "--json"]);
    let view = run.expect(0).json();
    has_no_float(&view);
    assert_eq!(
        names(&view),
        [
            "after",
            "amount_centavos",
            "as_expected",
            "before",
            "direction",
            "expected",
            "id",
            "looks",
            "message",
            "state",
            "success",
            "target_centavos"
        ]
    );
    for pockets in ["before", "expected", "after"] {
        assert_eq!(names(&view[pockets]), ["proprietary_centavos", "transactional_centavos"]);
    }
    assert_eq!((&view["success"], &view["direction"]), (&json!(true), &json!("top-up")));
    assert_eq!(view["after"]["transactional_centavos"], 60_000_000);
    assert_eq!(view["before"]["transactional_centavos"], 50_000_000);
    // Once more: it is there already.
    let idle = desk.saldo(&["rebalance", "--target", "600000,00", "--yes", "--json"]);
    assert_eq!(idle.expect(0).json()["amount_centavos"], 0);
    // More than there is, is refused before it is sent.
    let broke = desk.saldo(&["rebalance", "--target", "9000000,00", "--yes", "--json"]);
    broke.expect_error(3, "impossible", "nothing_sent");
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), 1);
    let id = view["id"].as_str().unwrap();
    assert_eq!(desk.saldo(&["show", id, "--json"]).expect(0).json(), view);
}

#[test]
fn a_rebalance_in_doubt_stops_the_next() {
    let desk = Desk::start(with_faults(&["rebalance:drop-after::1"]));
    let run = desk.saldo(&["rebalance", "--target", "600000", "--yes", "--json"]);
    run.expect_error(4, "unknown", "unknown");
    let view = run.json();
    assert_eq!((&view["state"], &view["success"]), (&json!("unknown"), &Value::Null));
    assert_eq!(view["as_expected"], true, "compared with the balance read afterwards");
    let next = ["rebalance", "--target", "700000", "--yes", "--json"];
    desk.saldo(&next).expect_error(4, "rebalance_in_doubt", "unknown");
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), 1);

    // Another id is not the doubt.
    let unknown_id = "0190a5c4-0000-7000-8000-000000000000";
    let wrong = desk.saldo(&[&next[..], &["--after-doubt", unknown_id]].concat());
    wrong.expect_error(5, "not_found", "nothing_sent");
    // A command that was not confirmed has changed nothing.
    let id = view["id"].as_str().unwrap();
    desk.saldo(&["rebalance", "--target", "700000", "--after-doubt", id, "--json"]).expect(2);
    assert_eq!(desk.rebalances(), ["unknown"]);
    let settled = [&next[..], &["--after-doubt", id]].concat();
    assert_eq!(desk.saldo(&settled).expect(0).json()["success"], true);
    assert_eq!(desk.rebalances(), ["acknowledged", "completed"]);
    // The same command again: its doubt is settled, and there is nothing to move.
    assert_eq!(desk.saldo(&settled).expect(0).json()["amount_centavos"], 0);
    assert_eq!(desk.ledger().requests_to(Where::Rebalance).count(), 2);
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_sent() {
    let desk = Desk::start(prompt());
    let no_yes: Vec<&str> =
        cash_out("10", "INV-1").into_iter().filter(|argument| *argument != "--yes").collect();
    desk.saldo(&no_yes).expect_error(2, "invalid_argument", "nothing_sent");
    let no_reference: Vec<&str> = [&["cash-out", "--amount", "10", "--yes", "--json"][..], &MARIA].concat();
    desk.saldo(&no_reference).expect_error(2, "invalid_argument", "nothing_sent");
    desk.saldo_reading(&no_yes, b"yes\n").expect(2);
    desk.saldo(&["rebalance", "--target", "1", "--json"]).expect_error(2, "invalid_argument", "nothing_sent");
    assert_eq!(desk.ledger().requests_seen, 0);
}

#[test]
fn flags_stand_anywhere_and_help_is_no_error() {
    let desk = Desk::start(prompt());
    let config = desk.config_path().display().to_string();
    for arguments in [
        vec!["--json", "--profile", "test", "balance"],
        vec!["balance", "--json", "--profile", "test", "--lang", "pt-BR", "--color", "never"],
        vec!["--config", &config, "balance", "--json"],
    ] {
        desk.saldo(&arguments).expect(0).json();
    }
    for arguments in [vec!["--help"], vec!["cash-out", "--help", "--json"], vec!["--version"]] {
        let run = desk.saldo(&arguments);
        assert!(!run.expect(0).stdout.is_empty() && run.stderr.is_empty(), "{run:#?}");
    }
    for arguments in [
        vec!["--json"],
        vec!["nonsense", "--json"],
        vec!["balance", "--nonsense", "--json"],
        vec!["show", "--json"],
        vec!["transactions", "--limit", "0", "--json"],
    ] {
        let run = desk.saldo(&arguments);
        run.expect_error(2, "invalid_argument", "nothing_sent");
        assert_eq!(run.stdout, "");
    }
    for arguments in [vec![], vec!["nonsense"], vec!["balance", "--nonsense"]] {
        assert_eq!(desk.saldo::<&str>(&arguments).expect(2).stdout, "");
    }
}
