//! Nothing works: no gateway, wrong secrets, no configuration, a journal that is taken, misplaced or full.

use std::fs;
use std::thread;
use std::time::Duration;

use saldo::journal::lock::Lock;
use saldo::sandbox::Options;

use crate::support::scripted::{self, Scripted};
use crate::support::{Desk, cash_out, prompt, runtime};

/// A desk whose gateway is down, and the options that bring it up again at the same address.
fn down() -> (Desk, Options) {
    let mut desk = Desk::start(prompt());
    let listen = desk.take_down();
    (desk, Options { listen, ..prompt() })
}

/// The first command works on it for half a minute; whoever runs it again is tried at once.
fn a_gateway_that_is_down_is_paid_once_when_it_is_up() {
    let (mut desk, options) = down();
    let run = desk.pay("10", "INV-1");
    run.expect_error(69, "unreachable", "nothing_sent");
    assert_eq!(run.error()["retryable"], true);
    // As a script does that runs every few seconds, until the back-off is far beyond any command's patience.
    let attempts = || desk.payments()[0].attempts.len();
    let before = attempts();
    desk.saldo(&["recover", "--json"]).expect_error(69, "unreachable", "nothing_sent");
    for _ in 0..3 {
        desk.saldo(&["recover", "--json"]).expect(69);
    }
    assert_eq!(attempts(), before + 4, "each of them tried");
    desk.bring_up(options);
    let paid = desk.pay("10", "INV-1");
    assert_eq!(paid.expect(0).json()["state"], "accepted");
    assert_eq!((desk.ledger().cash_outs.len(), desk.ledger().requests_seen), (1, 1));
    desk.reconcile();
}

/// Another process has the journal for longer than a command waits.
fn a_journal_that_is_taken_is_exit_75() {
    let desk = Desk::start(prompt());
    fs::create_dir_all(desk.journal_path().parent().unwrap()).unwrap();
    let lock = runtime().block_on(Lock::acquire(&desk.journal_path(), "test", Duration::ZERO)).unwrap();
    let run = desk.pay("10", "INV-1");
    run.expect_error(75, "journal_busy", "nothing_sent");
    assert_eq!(run.error()["retryable"], true);
    assert_eq!(desk.ledger().requests_seen, 0);
    // Reading needs no ownership.
    desk.saldo(&["transactions", "--json"]).expect(0);
    desk.saldo(&["balance", "--json"]).expect(0);
    drop(lock);
    desk.pay("10", "INV-1").expect(0);
    desk.reconcile();
}

#[test]
fn troubles_that_take_their_time() {
    thread::scope(|scope| {
        scope.spawn(a_gateway_that_is_down_is_paid_once_when_it_is_up);
        scope.spawn(a_journal_that_is_taken_is_exit_75);
    });
}

#[test]
fn a_gateway_that_is_down_is_exit_69_for_questions() {
    let (desk, _) = down();
    for arguments in [
        vec!["balance", "--json"],
        vec!["show", "CO1", "--json"],
        vec!["rebalance", "--target", "5", "--yes", "--json"],
    ] {
        desk.saldo(&arguments).expect_error(69, "unreachable", "nothing_sent");
        let plain: Vec<_> = arguments.iter().copied().filter(|argument| *argument != "--json").collect();
        assert!(desk.saldo(&plain).expect(69).stderr.starts_with("saldo: "));
    }
    // What was recorded can still be read.
    desk.saldo(&["transactions", "--json"]).expect(0);
}

#[test]
fn credentials_that_are_not_taken_are_exit_77_and_reject_nothing() {
    for secret in ["client-secret", "application-token", "crypto-token"] {
        let desk = Desk::start(prompt());
        desk.write_secret(secret, "not-the-secret");
        let run = desk.pay("10", "INV-1");
        run.expect(77);
        let error = run.error();
        assert!(["nothing_sent", "not_executed"].contains(&error["outcome"].as_str().unwrap()), "{run:#?}");
        if secret != "crypto-token" {
            desk.saldo(&["balance", "--json"]).expect(77);
        }
        desk.saldo(&["rebalance", "--target", "5", "--yes", "--json"]).expect(77);
        desk.saldo(&["recover", "--json"]).expect(77);
        assert_eq!(desk.ledger().cash_outs.len(), 0);
        assert!(desk.ledger().rebalances.is_empty());
        // With the right one, the same command goes on with the same payment.
        let right = match secret {
            "client-secret" => &desk.access.client_secret,
            "application-token" => &desk.access.application_token,
            _ => &desk.access.crypto_token,
        };
        desk.write_secret(secret, right);
        assert_eq!(desk.pay("10", "INV-1").expect(0).json()["state"], "accepted");
        desk.reconcile();
    }
}

#[test]
fn asked_too_often_is_exit_75() {
    let many = Scripted::start(&[("GET /account/balance", scripted::json(429, r#"{"status":429}"#))]);
    let desk = Desk::at(&many.base_url());
    desk.saldo(&["balance", "--json"]).expect_error(75, "too_many_requests", "nothing_sent");
    // Longer than a command works on it: nothing was executed, and the payment stays open.
    let answer = String::from_utf8(scripted::json(429, r#"{"status":429,"code":"X","title":"t"}"#)).unwrap();
    let answer = answer.replace("\r\nConnection", "\r\nRetry-After: 60\r\nConnection").into_bytes();
    let many = Scripted::start(&[("POST /cash-out", answer)]);
    let desk = Desk::at(&many.base_url());
    let run = desk.pay("10", "INV-1");
    run.expect_error(75, "too_many_requests", "not_executed");
    assert!(run.error()["message"].as_str().unwrap().contains("60 s"));
    // Run again, it keeps to what the gateway asked for.
    desk.pay("10", "INV-1").expect(75);
    assert_eq!(many.seen().iter().filter(|call| *call == "POST /cash-out").count(), 1);
}

#[test]
fn a_configuration_that_is_none_is_exit_78() {
    let desk = Desk::start(prompt());
    let refused = |what: &str| {
        for arguments in [
            cash_out("10", "INV-1"),
            vec!["balance", "--json"],
            vec!["transactions", "--json"],
            vec!["config", "show", "--json"],
        ] {
            let run = desk.saldo(&arguments);
            run.expect_error(78, "configuration", "nothing_sent");
            assert_eq!(run.stdout, "", "{what}");
        }
    };
    let good = fs::read_to_string(desk.config_path()).unwrap();
    fs::remove_file(desk.config_path()).unwrap();
    refused("missing");
    fs::write(desk.config_path(), b"\xff\xfe[profiles.test]").unwrap();
    refused("not UTF-8");
    fs::write(desk.config_path(), "").unwrap();
    refused("empty");
    fs::write(desk.config_path(), good.replace("client_id", "client_idd")).unwrap();
    refused("an unknown key");
    fs::write(desk.config_path(), good.replace("http://127.0.0.1", "http://192.0.2.1")).unwrap();
    refused("plain http to another machine");
    fs::write(desk.config_path(), &good).unwrap();
    desk.saldo(&["balance", "--profile", "nobody", "--json"]).expect_error(
        78,
        "configuration",
        "nothing_sent",
    );
    fs::remove_file(desk.folder().join("secrets/client-secret")).unwrap();
    desk.saldo(&cash_out("10", "INV-1")).expect_error(78, "configuration", "nothing_sent");
    desk.saldo(&["config", "show", "--origin", "--json"]).expect(0).json();
    assert_eq!(desk.ledger().requests_seen, 0);
}

#[test]
fn a_journal_that_cannot_be_made_sends_nothing() {
    let desk = Desk::start(prompt());
    let file = desk.folder().join("a-file");
    fs::write(&file, "no folder").unwrap();
    let text_file = format!("sqlite:{}", file.display());
    for url in [
        // A folder in which nobody can make anything, the super-user included.
        "sqlite:/proc/saldo/journal.db".to_owned(),
        format!("sqlite:{}/journal.db", file.display()),
        text_file,
        format!("sqlite:{}", desk.folder().display()),
    ] {
        let mut arguments = cash_out("10", "INV-1");
        arguments.extend(["--journal", &url]);
        let run = desk.saldo(&arguments);
        assert!(matches!(run.code, Some(1 | 78)), "{url}: {run:#?}");
        assert_eq!(run.error()["outcome"], "nothing_sent");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "no folder", "somebody else's file is left alone");
    assert_eq!(desk.ledger().requests_seen, 0);
}
