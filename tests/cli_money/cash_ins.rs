//! Charges and refunds over the real binary and the real sandbox: made once, given back once, whatever goes wrong.

use std::thread;
use std::time::{Duration, Instant};

use saldo::sandbox::{CashIn, CashInStatus, Options, Where};
use serde_json::Value;

use crate::real_support::{Dice, cockpit, kill_after, kill_when};
use crate::support::scripted::{self, Scripted};
use crate::support::{Desk, Run, prompt, runtime, with_faults};

const JOAO: [&str; 4] = ["--name", "João Pereira", "--document", "52998224725"];

fn charge(amount: &'static str, reference: &'static str) -> Vec<&'static str> {
    let mut arguments =
        vec!["cash-in", "--amount", amount, "--reference", reference, "--expires", "30m", "--json"];
    arguments.extend(JOAO);
    arguments
}

fn refund(id: &str) -> [&str; 6] {
    ["refund", id, "--reason", "CUSTOMER_REQUEST", "--yes", "--json"]
}

/// The imaginary payer pays.
fn pay(desk: &Desk, reference: &str) {
    let code = cash_in_of(desk, reference).internal_code;
    let url = format!("{}/sandbox/cash-in/{code}/pay", desk.access.base_url);
    let status =
        runtime().block_on(async { reqwest::Client::builder().build().unwrap().post(url).send().await });
    assert!(status.unwrap().status().is_success());
}

fn cash_ins_of(desk: &Desk, reference: &str) -> Vec<CashIn> {
    let all = desk.ledger().cash_ins;
    all.into_iter().filter(|cash_in| cash_in.external_reference == reference).collect()
}

fn cash_in_of(desk: &Desk, reference: &str) -> CashIn {
    let mut found = cash_ins_of(desk, reference);
    assert_eq!(found.len(), 1, "{reference} was charged {} times", found.len());
    found.remove(0)
}

/// A paid cash-in, at a gateway whose faults are all about other calls.
fn paid(options: Options) -> Desk {
    let desk = Desk::start(options);
    desk.saldo(&charge("50,25", "C-1")).expect(0);
    pay(&desk, "C-1");
    desk
}

/// Nothing was given back twice, each request has its row, and the journal is sound.
#[track_caller]
fn audit(desk: &Desk) {
    let ledger = desk.ledger();
    let journal = desk.journal();
    let rows = |kind: &str| -> usize {
        let sql = format!("SELECT count(*) FROM requests WHERE subject IN (SELECT id FROM {kind})");
        journal.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    };
    for (place, kind) in [(Where::CashIn, "charges"), (Where::Refund, "refunds")] {
        let sent = ledger.requests_to(place).count();
        assert!(sent <= rows(kind), "{kind}: {sent} requests and only {} rows", rows(kind));
    }
    // Every request of one refund has the same bytes and, as no round was begun, the same key.
    let told: std::collections::BTreeSet<_> = ledger
        .requests_to(Where::Refund)
        .map(|one| (one.idempotency_key.clone(), one.body.clone()))
        .collect();
    assert!(told.len() <= 1, "{told:?}");
    desk.saldo(&["fsck"]).expect(0);
}

#[test]
fn a_charge_is_made_once_and_told_again() {
    let desk = Desk::start(prompt());
    let first = desk.saldo(&charge("50,25", "C-1"));
    let view = first.expect(0).json();
    assert_eq!((&view["state"], &view["amount_centavos"]), (&"awaiting_payment".into(), &5_025.into()));
    assert!(view["copy_and_paste"].as_str().unwrap().starts_with("000201"), "{view}");
    assert!(view["payment_url"].is_null() && view["transaction_id"].is_string(), "{view}");
    let again = desk.saldo(&charge("50,25", "C-1")).expect(0).json();
    for name in ["id", "copy_and_paste", "expires_at", "idempotency_key", "internal_code"] {
        assert_eq!(again[name], view[name], "{name}");
    }
    assert_eq!(desk.ledger().requests_to(Where::CashIn).count(), 1);
    desk.saldo(&charge("50,26", "C-1")).expect_error(2, "reference_taken", "nothing_sent");
    pay(&desk, "C-1");
    assert_eq!(desk.saldo(&charge("50,25", "C-1")).expect(0).json()["state"], "paid");
    let rows = desk.saldo(&["transactions", "--direction", "in", "--json"]).json();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["state"]), (1, &"paid".into()));
    assert_eq!(cash_in_of(&desk, "C-1").amount.get(), 5_025);
    audit(&desk);
}

#[test]
fn open_finance_has_an_address_instead_of_a_code() {
    let desk = Desk::start(prompt());
    let mut arguments = charge("10", "O-1");
    arguments.extend(["--open-finance", "https://shop.example/back"]);
    let view = desk.saldo(&arguments).expect(0).json();
    assert!(view["copy_and_paste"].is_null(), "{view}");
    assert!(view["payment_url"].as_str().unwrap().starts_with("https://"), "{view}");
    assert!(cash_in_of(&desk, "O-1").open_finance);
    for wrong in ["http://shop.example", "shop.example", "https://", "https://a b"] {
        let mut arguments = charge("10", "O-2");
        arguments.extend(["--open-finance", wrong]);
        desk.saldo(&arguments).expect(2);
    }
}

#[test]
fn people_get_the_code_and_a_picture_of_it() {
    let desk = Desk::start(prompt());
    let picture = |name: &str| desk.folder().join(name).display().to_string();
    let (png, svg) = (picture("code.png"), picture("code.svg"));
    let said = |file: &str| {
        let mut arguments = vec!["cash-in", "--amount", "50,25", "--reference", "C-1", "--qr-file", file];
        arguments.extend(JOAO);
        desk.saldo(&arguments)
    };
    let run = said(&png);
    let code = run.expect(0).stdout.lines().last().unwrap().to_owned();
    assert!(code.starts_with("000201") && run.stdout.contains("can be paid until"), "{run:#?}");
    assert!(!run.stdout.contains('\u{1b}'), "no picture in a pipe: {run:#?}");
    assert!(std::fs::read(png).unwrap().starts_with(b"\x89PNG"));
    said(&svg).expect(0);
    assert!(std::fs::read_to_string(svg).unwrap().contains("<svg"));
    said("/nowhere/at/all.png").expect(1);
    said("code.gif").expect(2);
    assert_eq!(desk.ledger().cash_ins.len(), 1);
}

/// One fault at the charge: made once, and its code told in the end.
fn charge_survives(fault: &str) {
    let desk = Desk::start(with_faults(&[fault]));
    let run = desk.saldo(&charge("50,25", "C-1"));
    run.expect_one_of(&[0, 4, 69, 75]);
    let again = desk.saldo(&charge("50,25", "C-1"));
    let view = again.expect(0).json();
    assert!(view["copy_and_paste"].is_string(), "{fault}: {view}");
    cash_in_of(&desk, "C-1");
    audit(&desk);
}

/// People's data stay out of the process list, and what is read there is read as strictly as a flag.
#[test]
fn a_charge_is_read_from_standard_input() {
    let desk = Desk::start(prompt());
    let arguments = ["cash-in", "--input", "-", "--reference", "C-1", "--json"];
    for bad in [
        "",
        "{}",
        r#"{"amount": 50, "name": "João Pereira", "document": "52998224725"}"#,
        r#"{"amount": "50,25", "amount_centavos": 5025, "name": "João Pereira", "document": "52998224725"}"#,
        r#"{"amount": "50,25", "name": "João Pereira", "document": "52998224726"}"#,
        r#"{"amount": "50,25", "name": "João Pereira", "document": "52998224725", "reference": "C-2"}"#,
        r#"{"amount": "50,25", "name": "João Pereira", "document": "52998224725", "sum": 1}"#,
    ] {
        let run = desk.saldo_reading(&arguments, bad.as_bytes());
        run.expect(2);
        assert!(!run.stderr.contains("52998224725"), "{}", run.stderr);
    }
    assert!(desk.ledger().cash_ins.is_empty());
    let good =
        r#"{"amount_centavos": 5025, "name": "João Pereira", "document": "52998224725", "expires": "30m"}"#;
    let made = desk.saldo_reading(&arguments, good.as_bytes());
    made.expect(0);
    // The same by flags is the same charge.
    desk.saldo(&charge("50,25", "C-1")).expect(0);
    assert_eq!(cash_in_of(&desk, "C-1").amount.get(), 5_025);
}

#[test]
fn a_refund_is_waited_for_until_it_has_gone_back() {
    let slow = Options { settle_after: Duration::from_millis(1_500), ..prompt() };
    let desk = paid(slow);
    let mut arguments = refund("C-1").to_vec();
    arguments.extend(["--wait", "60s"]);
    let run = desk.saldo(&arguments);
    run.expect(0);
    assert_eq!(run.json()["state"], "completed", "{}", run.stdout);
    audit(&desk);
}

/// One fault at the refund: given back once, and told so in the end.
fn refund_survives(faults: &[&str]) {
    let desk = paid(with_faults(faults));
    let run = desk.saldo(&refund("C-1"));
    run.expect_one_of(&[0, 4, 69, 75]);
    let is_back = || cash_in_of(&desk, "C-1").status == CashInStatus::Refunded;
    match run.code {
        Some(0) => assert!(is_back(), "{faults:?}: {run:#?}"),
        Some(69 | 75) => assert!(!is_back(), "said not executed: {run:#?}"),
        _ => assert_eq!(run.error()["outcome"], "unknown", "{run:#?}"),
    }
    desk.saldo(&["recover", "--json"]).expect_one_of(&[0, 4, 69, 75]);
    let last = desk.saldo(&refund("C-1"));
    assert_eq!(last.expect(0).json()["state"], "completed", "{faults:?}: {last:#?}");
    assert!(is_back(), "{faults:?}");
    let sent = desk.ledger().requests_to(Where::Refund).count();
    desk.saldo(&refund("C-1")).expect(0);
    assert_eq!(desk.ledger().requests_to(Where::Refund).count(), sent, "nothing more is sent");
    audit(&desk);
}

#[test]
fn every_fault_leaves_one_charge_and_one_refund() {
    let effects = [
        "drop-before",
        "drop-after",
        "500-before",
        "500-after",
        "html",
        "html-after",
        "expire",
        "429",
        "truncate",
        "garble",
        "wrong-reference",
        "huge",
        "slow",
    ];
    thread::scope(|scope| {
        for effects in effects.chunks(3) {
            scope.spawn(move || {
                for effect in effects {
                    charge_survives(&format!("cash-in:{effect}::1"));
                    refund_survives(&[&format!("refund:{effect}::1")]);
                }
            });
        }
        // A gateway that forgets the key says that it was given back already; a look tells the rest.
        scope.spawn(|| refund_survives(&["refund:drop-after::1", "refund:forget-key"]));
        // One at which nobody can look for a while.
        scope.spawn(|| refund_survives(&["refund:drop-after::1", "cash-in-get:500-before:0.5:3"]));
        scope.spawn(|| refund_survives(&["refund:500-after::1", "cash-in-get:mask"]));
    });
}

/// A gateway that answers 500 for that key for ever: in doubt, said so, and never sent under another key.
#[test]
fn a_doubt_that_lasts_is_told_as_one() {
    let desk = paid(with_faults(&["refund:cache-500"]));
    let run = desk.saldo(&refund("C-1"));
    run.expect_error(4, "unknown", "unknown");
    assert_eq!(run.json()["state"], "unknown");
    desk.saldo(&["recover", "--json"]).expect_error(4, "in_doubt", "unknown");
    assert_eq!(desk.saldo(&["recover", "--json"]).json()[0]["state"], "unknown");
    assert_eq!(cash_in_of(&desk, "C-1").status, CashInStatus::Paid);
    audit(&desk);
}

#[test]
fn what_the_gateway_refuses_is_told_in_its_words() {
    let desk = Desk::start(prompt());
    desk.saldo(&charge("50,25", "C-1")).expect(0);
    // Not paid yet: refused before anything is sent, since the gateway was asked.
    let run = desk.saldo(&refund("C-1"));
    run.expect_error(3, "not_paid", "nothing_sent");
    assert!(run.stderr.contains("awaiting_payment"), "{run:#?}");
    pay(&desk, "C-1");
    desk.saldo(&["refund", "C-1", "--reason", "BOREDOM", "--yes"]).expect(2);
    desk.saldo(&["refund", "C-1", "--reason", "FRAUD"]).expect(2);
    assert_eq!(desk.ledger().requests_to(Where::Refund).count(), 0);
    desk.saldo(&refund("nobody-knows")).expect_error(5, "not_found", "nothing_sent");
    let code = cash_in_of(&desk, "C-1").internal_code;
    desk.saldo(&refund(&code)).expect(0);
    let other = Desk::start(prompt());
    other.saldo(&charge("1", "C-2")).expect(0);
    pay(&other, "C-2");
    other.saldo(&refund("C-2")).expect(0);
    other.saldo(&refund("C-2")).expect(0);
    // Another reason is not the same refund, and is not called that.
    let run = other.saldo(&["refund", "C-2", "--reason", "FRAUD", "--yes", "--json"]);
    run.expect_error(2, "refund_taken", "nothing_sent");
    assert_eq!(other.ledger().requests_to(Where::Refund).count(), 1);
}

/// The gateway says paid when asked, and refuses the order all the same: its code and words are told.
#[test]
fn every_code_of_a_refused_refund_is_told() {
    for code in [
        "CASH_IN_NOT_PAID",
        "CASH_IN_ALREADY_REFUNDED",
        "CASH_IN_EXPIRED",
        "CASH_IN_CANCELLED",
        "MISSING_END_TO_END_ID",
        "SOMETHING_NEW",
    ] {
        let paid = r#"{"internalCode":"CI1","status":"PAID","amount":50.25,"payer":{"name":"J"}}"#;
        let problem = format!(r#"{{"status":422,"code":"{code}","title":"No refund","detail":"because"}}"#);
        let gateway = Scripted::start(&[
            ("GET /cash-in/CI1", scripted::json(200, paid)),
            ("POST /cash-in/CI1/refund", scripted::json(422, &problem)),
        ]);
        let desk = Desk::at(&gateway.base_url());
        let run = desk.saldo(&refund("CI1"));
        run.expect_error(3, "refused", "not_executed");
        assert!(run.stderr.contains(code) && run.stderr.contains("because"), "{run:#?}");
        assert_eq!(run.json()["state"], "rejected", "{run:#?}");
        // It may be ordered once more, under the next key.
        let first = run.json()["idempotency_key"].clone();
        let again = desk.saldo(&refund("CI1"));
        again.expect(3);
        assert_ne!(again.json()["idempotency_key"], first, "{again:#?}");
        // But not with other words: the body was decided with the first round.
        let other = desk.saldo(&["refund", "CI1", "--reason", "FRAUD", "--yes", "--json"]);
        other.expect_error(2, "refund_taken", "nothing_sent");
        assert_eq!(gateway.seen().iter().filter(|call| call.starts_with("POST /cash-in")).count(), 2);
        desk.saldo(&["fsck"]).expect(0);
    }
}

#[test]
fn a_cash_in_of_the_platforms_own_can_be_given_back() {
    let desk = paid(prompt());
    let code = cash_in_of(&desk, "C-1").internal_code;
    // Another journal, to which this cash-in is the platform's.
    std::fs::remove_dir_all(desk.journal_path().parent().unwrap()).unwrap();
    let view = desk.saldo(&refund(&code)).expect(0).json();
    assert_eq!((&view["state"], &view["internal_code"]), (&"completed".into(), &code.as_str().into()));
    let shown = desk.saldo(&["show", &code, "--json"]).expect(0).json();
    assert_eq!((&shown["state"], &shown["refund"]["state"]), (&"refunded".into(), &"completed".into()));
    assert_eq!(shown["refund"]["requests"].as_array().unwrap().len(), 1, "{shown}");
    desk.saldo(&["fsck"]).expect(0);
}

#[test]
fn a_lost_journal_meets_its_own_refund() {
    let desk = paid(with_faults(&["refund:drop-after"]));
    let code = cash_in_of(&desk, "C-1").internal_code;
    // It ends in doubt or with a look that settles it; in both cases the money is back.
    desk.saldo(&refund("C-1")).expect_one_of(&[0, 4]);
    std::fs::remove_dir_all(desk.journal_path().parent().unwrap()).unwrap();
    let run = desk.saldo(&refund(&code));
    run.expect_error(3, "not_paid", "nothing_sent");
    assert!(run.stderr.contains("given back already"), "{run:#?}");
    assert_eq!(desk.ledger().requests_to(Where::Refund).count(), 1);
}

#[test]
fn nothing_is_given_back_while_credentials_are_refused() {
    let desk = paid(prompt());
    // Charges too: two refusals, and it is said.
    desk.write_secret("application-token", "0b0c8f4e-53a4-4f5c-9d3e-00000000beef");
    let run = desk.saldo(&charge("1", "C-9"));
    run.expect(77);
    assert_eq!(run.json()["attempts"], 2, "{run:#?}");
    desk.write_secret("application-token", &desk.access.application_token);
    assert_eq!(desk.saldo(&charge("1", "C-9")).expect(0).json()["state"], "awaiting_payment");
    desk.write_secret("crypto-token", "0b0c8f4e-53a4-4f5c-9d3e-00000000beef");
    let run = desk.saldo(&refund("C-1"));
    run.expect(77);
    assert!(run.error()["message"].as_str().unwrap().contains("stays open"), "{run:#?}");
    assert_eq!(cash_in_of(&desk, "C-1").status, CashInStatus::Paid);
    desk.write_secret("crypto-token", &desk.access.crypto_token);
    assert_eq!(desk.saldo(&refund("C-1")).expect(0).json()["state"], "completed");
    audit(&desk);
}

/// SIGKILL when the gateway has the request and nobody has its answer: with an effect, and without one.
#[test]
fn a_refund_that_is_killed_on_the_wire_is_made_once() {
    for fault in ["refund:slow::1", "refund:hang-before::1", "refund:hang-after::1"] {
        let desk = paid(with_faults(&[fault]));
        kill_when(&desk, &refund("C-1"), || desk.ledger().requests_to(Where::Refund).count() == 1);
        let open: i64 = desk
            .journal()
            .query_row("SELECT count(*) FROM requests WHERE ended_at IS NULL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(open, 1, "{fault}: the row was there before the request");
        let run = desk.saldo(&refund("C-1"));
        assert_eq!(run.expect(0).json()["state"], "completed", "{fault}: {run:#?}");
        assert_eq!(cash_in_of(&desk, "C-1").status, CashInStatus::Refunded, "{fault}");
        let shown = desk.saldo(&["show", "C-1", "--json"]).expect(0).json();
        assert_eq!(shown["refund"]["requests"][0]["outcome"], "unknown", "{fault}: {shown}");
        audit(&desk);
    }
}

/// SIGKILL at random moments between the journal and the answer; the command again gives back once.
#[test]
fn a_refund_that_is_killed_is_made_once() {
    let start = Instant::now();
    paid(prompt()).saldo(&refund("C-1")).expect(0);
    let life = start.elapsed().min(Duration::from_secs(2));
    let kills: u64 = std::env::var("SALDO_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24);
    let killed: u64 = thread::scope(|scope| {
        let workers: Vec<_> = (0..3_u64)
            .map(|place| {
                scope.spawn(move || {
                    let mut dice = Dice::new(7, place);
                    let mut killed = 0;
                    while killed < kills / 3 {
                        // The longer a request is on the wire, the more of the moments fall there.
                        let desk = paid(with_faults(&["refund:slow:0.4", "refund:drop-after:0.2:1"]));
                        let (died, _) = kill_after(&desk, &refund("C-1"), dice.moment(life));
                        killed += u64::from(died);
                        let run = desk.saldo(&refund("C-1"));
                        assert_eq!(run.expect(0).json()["state"], "completed", "{run:#?}");
                        assert_eq!(cash_in_of(&desk, "C-1").status, CashInStatus::Refunded);
                        audit(&desk);
                    }
                    killed
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!(killed >= kills / 3 * 3);
}

/// The same for charges: one charge, and its code is told in the end.
#[test]
fn a_charge_that_is_killed_is_made_once() {
    let mut dice = Dice::new(11, 0);
    for _ in 0..8 {
        let desk = Desk::start(with_faults(&["cash-in:slow:0.3"]));
        kill_after(&desk, &charge("50,25", "C-1"), dice.moment(Duration::from_millis(150)));
        let view = desk.saldo(&charge("50,25", "C-1")).expect(0).json();
        assert!(view["copy_and_paste"].is_string(), "{view}");
        cash_in_of(&desk, "C-1");
        audit(&desk);
    }
}

#[test]
fn recover_takes_up_refunds_and_charges() {
    let desk = paid(with_faults(&["refund:drop-after", "cash-in-get:500-before::1"]));
    let run: Run = desk.saldo(&refund("C-1"));
    run.expect_one_of(&[0, 4, 69]);
    let run = desk.saldo(&["recover", "--json"]);
    let open = run.json();
    let states: Vec<&Value> = open.as_array().unwrap().iter().map(|view| &view["state"]).collect();
    assert!(states.iter().all(|state| **state == "completed"), "{run:#?}");
    assert_eq!(desk.saldo(&refund("C-1")).expect(0).json()["state"], "completed");
    audit(&desk);
}

/// The cockpit on a real terminal: charged, paid, given back, each by its own keys.
#[test]
fn the_cockpit_charges_and_gives_back() {
    let desk = Desk::start(prompt());
    let mut screen = cockpit(&desk);
    screen.wait_text("saldo has seen no transaction yet");
    screen.send(b"i");
    screen.wait_text("New charge");
    screen.send("50,25\tJoão Pereira\t52998224725\tC-1\t30m".as_bytes());
    screen.wait_text("30m");
    screen.send(b"\r");
    screen.wait_text("Review of the charge");
    // The key that opened the review does not confirm it.
    screen.send(b"\r");
    screen.send(b"y");
    screen.wait_text("Can be paid until");
    screen.wait_text("000201");
    assert_eq!(desk.ledger().requests_to(Where::CashIn).count(), 1);
    pay(&desk, "C-1");
    screen.send(b"\r");
    screen.wait_text("nobody has paid yet");
    // No webhook comes here, so somebody asks.
    screen.send(b"u");
    screen.wait_text("received: the money came in");
    screen.send(b"d");
    screen.wait_text("Give a cash-in back");
    screen.send(b"\x1b[C");
    screen.wait_text("CUSTOMER_REQUEST");
    screen.send(b"\r");
    screen.wait_text("Review of the refund");
    screen.send(b"y");
    screen.wait_text("the money went back to the payer");
    screen.send(b"q");
    screen.wait_text("received and refunded");
    screen.send(b"q");
    screen.send(b"q");
    assert!(screen.exit(crate::terminal::PATIENCE).success());
    assert_eq!(cash_in_of(&desk, "C-1").status, CashInStatus::Refunded);
    audit(&desk);
}
