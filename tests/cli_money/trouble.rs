//! Nothing works: no gateway, wrong secrets, no configuration, a journal that is taken, misplaced or full.

use std::fs;
use std::thread;
use std::time::Duration;

use saldo::journal::lock::Lock;
use saldo::sandbox::Options;
use serde_json::json;

use crate::support::scripted::{self, Scripted};
use crate::support::{Desk, Run, SALDO, cash_out, end_of, prompt, runtime};

/// How long an operator looks at a command that cannot write its answer down.
const IMPATIENCE: Duration = Duration::from_secs(10);

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

/// A file may grow to so many blocks of 512 bytes, and a write beyond that is an error, as on a full disk.
///
/// `None`: saldo had an answer that it could not write down, went on offering it to the journal, and was killed by an
/// operator with little patience.
fn with_a_limit(desk: &Desk, blocks: u64, arguments: &[&str]) -> Option<Run> {
    let script = ["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\""];
    let blocks = blocks.to_string();
    let mut command = desk.command_of("/bin/sh", &[&script[..], &[&blocks, SALDO], arguments].concat());
    runtime().block_on(async {
        let child = command.spawn().unwrap();
        let run = end_of(arguments.join(" "), child);
        tokio::time::timeout(IMPATIENCE, run).await.ok()
    })
}

#[test]
fn a_disk_that_is_full_sends_nothing_that_was_not_journalled() {
    // From no room at all to room for everything beyond what is there: each write is once the first to fail.
    let rooms: Vec<u64> = (0..=320).step_by(16).collect();
    let codes: Vec<Option<i32>> = thread::scope(|scope| {
        let running: Vec<_> = rooms
            .iter()
            .map(|room| {
                scope.spawn(move || {
                    let desk = Desk::start(prompt());
                    // A journal that has its schema already: the disk fills up in the middle of the day.
                    desk.pay("1", "INV-0").expect(0);
                    let log =
                        fs::metadata(desk.journal_path().with_extension("db-wal")).map_or(0, |log| log.len());
                    let run = with_a_limit(&desk, log / 512 + room, &cash_out("10", "INV-1"));
                    let paid = desk.ledger().cash_outs_of("INV-1").count();
                    let code = run.as_ref().map(|run| run.expect_one_of(&[0, 1, 4, 78]).code.unwrap());
                    match (code, run) {
                        (Some(0), _) => assert_eq!(paid, 1),
                        (Some(4), Some(run)) => assert_eq!(run.error()["outcome"], "unknown"),
                        (Some(_), Some(run)) => {
                            assert_eq!(
                                (paid, &run.error()["outcome"]),
                                (0, &json!("nothing_sent")),
                                "{run:#?}"
                            );
                        }
                        _ => {}
                    }
                    desk.reconcile();
                    // With room again, the same command pays, once.
                    desk.pay("10", "INV-1").expect(0);
                    assert_eq!(desk.ledger().cash_outs_of("INV-1").count(), 1);
                    desk.reconcile();
                    code
                })
            })
            .collect();
        running.into_iter().map(|run| run.join().unwrap()).collect()
    });
    // Not journalled and not sent; sent, and its answer not written down; all well.
    for reached in [Some(1), None, Some(0)] {
        assert!(codes.contains(&reached), "{codes:?}");
    }
}
