//! What contradicts itself, over the real binary: it is an alert of its own kind, a person closes it by saying what they
//! found, and nothing of that pays anything.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use real_support::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::{Chance, Options};
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Desk, Run, cash_out, end_of, prompt, runtime, with_faults};
use tokio::process::Child;

/// Longer than a minute: a failure takes two looks, a minute apart.
const PATIENCE: Duration = Duration::from_secs(150);

/// A desk that hears of nothing but what this test sends, is told soon, and keeps what its command is handed.
struct Board {
    clock: Clock,
    port: u16,
    owner: Option<Child>,
}

impl Board {
    fn start(options: Options) -> Option<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let desk = Desk::start(Options { webhook_loss: Chance::percent(100), ..options });
        let handed = desk.folder().join("handed").display().to_string();
        let rest = format!(
            "webhook_url = \"http://127.0.0.1:{port}/hook\"\n[profiles.test.webhook]\nlisten = \"127.0.0.1:{port}\"\n\
             [profiles.test.poll]\nbalance = \"500ms\"\n[profiles.test.alerts]\n\
             command = [\"/bin/sh\", \"-c\", \"cat >> {handed}\"]\nin_doubt = \"1s\"\n"
        );
        desk.configure(&desk.access.base_url, &desk.access.client_id, &rest);
        let clock = Clock::on(desk)?;
        let ready = clock.desk.folder().join("ready.json");
        let owner = clock.begin(&["serve", "--ready-file", ready.to_str().unwrap()]);
        let board = Self { clock, port, owner: Some(owner) };
        board.until("it serves", || ready.exists());
        Some(board)
    }

    fn until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "never: {what}; {:#?}", self.standing());
            real_support::pass(Duration::from_millis(50));
        }
    }

    /// An authentic webhook.
    fn tell(&self, event: &str, data: &Value) {
        self.tell_at(event, data, &jiff::Timestamp::now().to_string());
    }

    fn tell_at(&self, event: &str, data: &Value, at: &str) {
        let body = json!({ "eventType": event, "eventAt": at, "data": data }).to_string();
        let token = &self.clock.desk.access.crypto_token;
        let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
        mac.update(body.as_bytes());
        let signature: String =
            mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(
            stream,
            "POST /hook HTTP/1.1\r\nHost: x\r\nX-Connect-Signature: {signature}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn saldo(&self, arguments: &[&str]) -> Run {
        self.clock.saldo(arguments)
    }

    fn standing(&self) -> Vec<Value> {
        self.saldo(&["alerts", "--json"]).expect(0).json().as_array().unwrap().clone()
    }

    fn stands(&self, kind: &str) -> bool {
        self.standing().iter().any(|alert| alert["kind"] == kind)
    }

    /// How often the desk's command was handed this kind.
    fn handed(&self, kind: &str) -> usize {
        let text = fs::read_to_string(self.clock.desk.folder().join("handed")).unwrap_or_default();
        let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let of_kind: Vec<Value> = all.filter(|alert| alert["kind"] == kind).collect();
        assert!(!text.contains("Maria") && !text.contains("52998224725"), "{text}");
        of_kind.len()
    }

    /// It rings once, and is handed over once.
    fn rings(&self, kind: &str) {
        self.until(kind, || self.stands(kind) && self.handed(kind) > 0);
        assert_eq!(self.handed(kind), 1, "{kind}");
    }

    fn ends(&self, kind: &str) {
        self.until(&format!("{kind} is over"), || !self.stands(kind));
    }

    fn end(mut self) {
        if let Some(owner) = self.owner.take() {
            let pid = Pid::from_raw(i32::try_from(owner.id().unwrap()).unwrap()).unwrap();
            kill_process(pid, Signal::TERM).unwrap();
            runtime().block_on(end_of("serve".to_owned(), owner)).expect(0);
        }
        self.clock.desk.saldo(&["fsck"]).expect(0);
    }
}

fn skipped() {
    real_support::say("without the clock's shim, conflicts over the real binary were NOT tested");
}

#[test]
fn a_payment_that_is_contradicted_is_closed_by_a_person_and_frees_nothing() {
    let Some(board) = Board::start(prompt()) else { return skipped() };
    board.saldo(&cash_out("10", "INV-1")).expect(0);
    let code = board.clock.desk.ledger().cash_outs[0].internal_code.clone();
    let told = |amount: f64| json!({ "internalCode": code, "externalReference": "INV-1", "status": "COMPLETED", "amount": amount });
    board.tell("CASHOUT_COMPLETED", &told(11.0));
    board.rings("payment-conflict");

    let shown = board.saldo(&["resolve", "INV-1", "--json"]).expect(0).json();
    let facts = shown["contradictions"].as_array().unwrap();
    assert_eq!(facts.len(), 1, "{shown:#}");
    assert_eq!(facts[0]["told_by"], "webhook");
    assert_eq!(facts[0]["fact"]["amount"], json!({ "held": 1_000, "told": 1_100 }));
    let text = board.saldo(&["show", "INV-1"]).expect(0).stdout.clone();
    assert!(
        text.contains("the amount is R$\u{a0}10,00, and was told as R$\u{a0}11,00 (the gateway, by webhook"),
        "{text}"
    );
    assert_eq!(shown["intent"]["conflict"], true);

    let look = |found: &'static str| {
        ["resolve", "INV-1", "--looked-into", found, "--reason", "asked the bank", "--json"]
    };
    board.saldo(&["resolve", "INV-1", "--looked-into", "paid"]).expect(2);
    board.saldo(&["resolve", "INV-1", "--looked-into", "perhaps", "--reason", "x"]).expect(2);
    let after = board.saldo(&look("not-paid")).expect(0).json();
    assert_eq!((&after["conflict"], &after["looked_into"]["found"]), (&json!(false), &json!("not_paid")));
    assert_eq!(after["looked_into"]["reason"], "asked the bank");
    board.ends("payment-conflict");
    board.saldo(&look("paid")).expect(2);

    // What they found frees nothing: the debt has its payment, and is not paid again by it.
    let mut again = cash_out("10", "INV-1");
    again.push("--again");
    board.saldo(&again);
    assert_eq!(board.clock.desk.ledger().cash_outs.len(), 1);
    assert_eq!(board.clock.desk.payments().len(), 1);
    board.saldo(&["receipt", "INV-1"]).expect(3);

    // The same word again is known; another one is not.
    board.tell("CASHOUT_COMPLETED", &told(11.0));
    board.tell("CASHOUT_COMPLETED", &told(12.0));
    board.until("it rings again", || board.handed("payment-conflict") == 2);
    let facts = board.saldo(&["show", "INV-1", "--json"]).expect(0).json()["contradictions"].clone();
    assert_eq!(facts.as_array().unwrap().len(), 2, "{facts:#}");
    board.saldo(&look("paid")).expect(0);
    board.ends("payment-conflict");
    // Paid as ordered is what a receipt says, and not what the gateway named last.
    let receipt = board.saldo(&["receipt", "INV-1", "--lang", "en"]).expect(0).stdout.clone();
    assert!(receipt.contains("R$\u{a0}10,00") && !receipt.contains("12,00"), "{receipt}");
    assert!(receipt.contains("found that it was paid as ordered"), "{receipt}");
    let named = fs::read_to_string(board.clock.desk.folder().join("handed")).unwrap();
    assert!(
        named.contains("\"amount_centavos\":1000") && !named.contains("\"amount_centavos\":1100"),
        "{named}"
    );
    let sheet = board.saldo(&["transactions", "--format", "csv"]).expect(0).stdout.clone();
    assert!(sheet.lines().next().unwrap().ends_with(",looked_into"), "{sheet}");
    assert!(sheet.lines().any(|line| line.contains("INV-1") && line.ends_with(",true")), "{sheet}");
    board.end();
}

#[test]
fn charges_refunds_and_others_transactions_ring_too() {
    let Some(board) = Board::start(with_faults(&["refund:500-before"])) else { return skipped() };
    let charge = |reference: &'static str| {
        [
            "cash-in",
            "--amount",
            "50,25",
            "--name",
            "João",
            "--document",
            "52998224725",
            "--reference",
            reference,
            "--json",
        ]
    };
    let made = board.saldo(&charge("C-1")).expect(0).json();
    let paid =
        |code: &Value, amount: f64| json!({ "internalCode": code, "status": "PAID", "amount": amount });
    board.tell("CASHIN_PAID", &paid(&made["internal_code"], 40.0));
    board.rings("charge-conflict");
    let show = board.saldo(&["show", "C-1"]).expect(0).stdout.clone();
    assert!(show.contains("R$\u{a0}40,00 was paid instead of R$\u{a0}50,25"), "{show}");
    board.saldo(&["resolve", "C-1", "--not-paid", "--reason", "x"]).expect(2);
    let closed =
        board.saldo(&["resolve", "C-1", "--looked-into", "40,00", "--reason", "the payer says so", "--json"]);
    assert_eq!(closed.expect(0).json()["looked_into"]["amount_centavos"], 4_000);
    board.ends("charge-conflict");

    // Somebody else's cash-in, paid twice with different amounts; and one of the year 2099.
    board.tell("CASHIN_PAID", &paid(&json!("CI1"), 5.0));
    board.tell("CASHIN_PAID", &paid(&json!("CI1"), 7.0));
    board.rings("transaction-conflict");
    let number =
        board.standing().iter().find(|alert| alert["kind"] == "transaction-conflict").unwrap()["alert"]
            .to_string();
    board.saldo(&["alerts", "ack", &number]).expect(2);
    board.saldo(&["alerts", "ack", &number, "--note", "two payers"]).expect(0);
    board.saldo(&["alerts", "ack", &number, "--note", "two payers"]).expect(0);
    board.saldo(&["alerts", "ack", &number, "--note", "another word"]).expect(2);
    board.ends("transaction-conflict");
    let told = board.saldo(&["show", "CI1", "--lang", "en"]).expect(0).stdout.clone();
    assert!(told.contains("somebody has looked into it") && told.matches("  PAID R$").count() == 2, "{told}");
    let row = board.saldo(&["show", "CI1", "--json"]).expect(0).json();
    assert_eq!((&row["conflict"], &row["looked_into"]), (&json!(false), &json!(true)));
    board.tell_at("CASHIN_PAID", &paid(&json!("CI2"), 9.0), "2099-01-01T00:00:00Z");
    board.until("it is read", || board.saldo(&["show", "CI2", "--json"]).code == Some(0));
    let happened: i64 = board
        .clock
        .desk
        .journal()
        .query_row("SELECT happened_at FROM transactions WHERE internal_code = 'CI2'", [], |row| row.get(0))
        .unwrap();
    assert!(happened < jiff::Timestamp::now().as_microsecond() + 86_400_000_000, "{happened}");

    // A refund of which nobody knows what became, and one that the gateway contradicts.
    let made = board.saldo(&charge("C-2")).expect(0).json();
    let code = made["internal_code"].as_str().unwrap().to_owned();
    let url = format!("{}/sandbox/cash-in/{code}/pay", board.clock.desk.access.base_url);
    runtime().block_on(async { reqwest::Client::builder().build().unwrap().post(url).send().await }).unwrap();
    let asked = board.clock.begin(&["refund", "C-2", "--reason", "CUSTOMER_REQUEST", "--yes"]);
    board.rings("refund-in-doubt");
    board.tell("CASHIN_PAID", &paid(&json!(code), 49.0));
    board.rings("refund-conflict");
    board.saldo(&["resolve", "C-2", "--looked-into", "not-paid", "--reason", "asked the bank"]).expect(0);
    board.ends("refund-conflict");
    runtime().block_on(end_of("refund".to_owned(), asked)).expect(4);
    assert_eq!(board.handed("transaction-conflict"), 1, "what a person has acknowledged does not ring again");
    board.end();
}

#[test]
fn a_payment_that_was_made_after_its_failure_rings_as_such() {
    let Some(board) = Board::start(with_faults(&["cash-out-get:failed:1:20"])) else { return skipped() };
    board.saldo(&cash_out("10", "INV-1")).expect(0);
    let state = || board.saldo(&["show", "INV-1", "--json"]).expect(0).json()["state"].clone();
    let since = Instant::now();
    let desk = &board.clock.desk;
    board.until("it failed", || desk.payments()[0].state == "failed" || since.elapsed() > PATIENCE);
    let code = desk.ledger().cash_outs[0].internal_code.clone();
    board.tell(
        "CASHOUT_COMPLETED",
        &json!({ "internalCode": code, "externalReference": "INV-1", "status": "COMPLETED", "amount": 10.0 }),
    );
    board.rings("paid-after-failure");
    assert_eq!(state(), "completed");
    let facts = board.saldo(&["show", "INV-1", "--json"]).expect(0).json()["contradictions"].clone();
    assert!(
        facts[0]["text"].as_str().unwrap().contains("it was failed, and was told as COMPLETED"),
        "{facts:#}"
    );
    board.saldo(&["resolve", "INV-1", "--looked-into", "paid", "--reason", "on the statement"]).expect(0);
    board.ends("paid-after-failure");
    board.end();
}

#[test]
fn a_batch_that_nobody_goes_on_with_rings_and_a_port_of_saldos_own_is_known() {
    let Some(board) = Board::start(with_faults(&["cash-out:expire"])) else { return skipped() };
    let doctor = board.saldo(&["doctor", "--json"]).json();
    let check =
        doctor.as_array().unwrap_or(&Vec::new()).iter().find(|one| one["check"] == "webhooks").cloned();
    let check =
        check.or_else(|| doctor["checks"].as_array()?.iter().find(|one| one["check"] == "webhooks").cloned());
    let check = check.unwrap_or_else(|| panic!("{doctor:#}"));
    assert_eq!(check["status"], "ok", "{check}");
    let file = board.clock.desk.folder().join("pay.csv");
    let lines: String = (0..20)
        .map(|line| format!("maria@example.com;{},00;Maria Silva;52998224725;L-{line}\n", line + 1))
        .collect();
    fs::write(&file, format!("chave;valor;nome;documento;referencia\n{lines}")).unwrap();
    let run = board.saldo(&["batch", "pay", file.to_str().unwrap(), "--yes", "--json"]);
    assert_ne!(run.code, Some(0), "{run:#?}");
    board.rings("payments-paused");
    assert!(!board.stands("batch-stands"), "there is a minute of peace");
    board.clock.set(70);
    board.rings("batch-stands");
    board.end();
}
