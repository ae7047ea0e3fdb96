//! `saldo serve`, the real binary, against the real sandbox: commands that ask it, and what becomes of them when either
//! side goes.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use real_support::audit::requests_of;
use real_support::{cockpit, review_payment};
use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::Options;
use saldo::server::control::protocol::MOST_REQUEST;
use serde_json::{Value, json};
use support::{Desk, MARIA, Run, SALDO, cash_out, end_of, finish, prompt, runtime, until, with_faults};
use tokio::process::Child;

/// An owner that answers.
struct Owner {
    child: Child,
    ready: Value,
}

impl Owner {
    fn start(desk: &Desk) -> Self {
        Self::start_with(desk, &[])
    }

    fn start_with(desk: &Desk, variables: &[(&str, &str)]) -> Self {
        let ready = desk.folder().join("ready.json");
        let _ = fs::remove_file(&ready);
        let mut command = desk.command(&["serve", "--ready-file", ready.to_str().unwrap()]);
        command.envs(variables.iter().copied());
        let child = runtime().block_on(async { command.spawn().unwrap() });
        until(|| ready.exists());
        let ready: Value = serde_json::from_slice(&fs::read(&ready).unwrap()).unwrap();
        assert_eq!(ready["pid"], child.id().unwrap());
        Self { child, ready }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    fn end(self, signal: Signal) -> Run {
        self.signal(signal);
        runtime().block_on(end_of("serve".to_owned(), self.child))
    }

    /// Ends as a service is ended, and has nothing to complain about.
    fn stop(self) -> Run {
        let run = self.end(Signal::TERM);
        run.expect(0);
        run
    }
}

fn socket_of(desk: &Desk) -> PathBuf {
    desk.folder().join("state/journal.db.sock")
}

/// Another process with this command.
fn begin(desk: &Desk, arguments: &[&str]) -> Child {
    runtime().block_on(async { desk.command(arguments).spawn().unwrap() })
}

fn end(child: Child) -> Run {
    runtime().block_on(end_of("a command".to_owned(), child))
}

fn is_sound(desk: &Desk) {
    desk.saldo(&["fsck"]).expect(0);
    desk.reconcile();
}

/// What a person wrote, typed straight into the socket.
struct Line {
    stream: BufReader<UnixStream>,
    hello: Value,
}

impl Line {
    fn open(desk: &Desk) -> Self {
        let stream = UnixStream::connect(socket_of(desk)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut stream = BufReader::new(stream);
        let hello = read(&mut stream).unwrap();
        Self { stream, hello }
    }

    fn account(&self) -> Value {
        self.hello["done"]["account"].clone()
    }

    fn send(&mut self, bytes: &[u8]) -> Option<Value> {
        // It may have been refused before its end.
        let _ = self.stream.get_mut().write_all(bytes);
        read(&mut self.stream)
    }

    fn ask(&mut self, ask: &Value) -> Option<Value> {
        let line = json!({"saldo": 1, "account": self.account(), "ask": ask});
        self.send(format!("{line}\n").as_bytes())
    }
}

fn read(stream: &mut impl BufRead) -> Option<Value> {
    let mut line = String::new();
    match stream.read_line(&mut line) {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(serde_json::from_str(&line).unwrap()),
    }
}

fn to_maria(reference: &str) -> Value {
    json!({"cash_out": {
        "id": "0193e1f0-0000-7000-8000-000000000001",
        "reference": reference,
        "order": {
            "amount": 100,
            "name": "Maria Silva",
            "document": "52998224725",
            "destination": {"pix": {"key_type": "EMAIL", "value": "maria@example.com"}},
            "description": null,
        },
        "reason": null,
        "again": false,
    }})
}

/// A run without what differs between two runs of the same: ids, times, addresses; and how often it was tried, since an
/// owner goes on trying between two commands.
fn plain(run: &Run) -> (Option<i32>, String, String) {
    let strip = |text: &str| {
        let is_part = |character: char| character.is_alphanumeric() || "-:._+".contains(character);
        let mut plain = String::new();
        let mut word = String::new();
        for character in text.chars().chain(['\n']) {
            if is_part(character) {
                word.push(character);
                continue;
            }
            let has_digit = word.chars().any(|character| character.is_ascii_digit());
            plain.push_str(if has_digit && word.len() >= 12 { "#" } else { &word });
            plain.push(character);
            word.clear();
        }
        plain
    };
    let uncounted = |text: String| {
        let mut parts = text.split("\"attempts\":");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |whole, part| whole + part.trim_start_matches(|digit: char| digit.is_ascii_digit()))
    };
    (run.code, uncounted(strip(&run.stdout)), uncounted(strip(&run.stderr)))
}

/// Runs the same commands where each owns the journal, and where another process does.
fn both(options: impl Fn() -> Options + Sync, commands: &[Vec<&str>]) {
    let run = |served: bool| {
        let desk = Desk::start(options());
        let owner = served.then(|| Owner::start(&desk));
        let runs: Vec<_> = commands.iter().map(|command| desk.saldo(command)).collect();
        if let Some(owner) = owner {
            owner.stop();
        }
        desk.saldo(&["fsck"]).expect(0);
        runs
    };
    let (alone, asked) = std::thread::scope(|scope| {
        let asked = scope.spawn(|| run(true));
        (run(false), asked.join().unwrap())
    });
    for (alone, asked) in alone.iter().zip(&asked) {
        assert_eq!(plain(alone), plain(asked), "`saldo {}`", alone.what);
    }
}

fn text<'a>(amount: &'a str, reference: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["cash-out", "--amount", amount, "--reference", reference, "--yes"];
    arguments.extend(MARIA);
    arguments.extend(rest);
    arguments
}

#[test]
fn says_the_same_whether_an_owner_serves_or_not() {
    // Nothing settles, so nothing depends on who was faster.
    let options =
        || Options { settle_after: Duration::from_secs(3_600), ..with_faults(&["cash-out:drop-after::1"]) };
    let unknown_id = "0193e1f0-0000-7000-8000-00000000000f";
    both(
        options,
        &[
            // In doubt, and worked on.
            text("500,25", "INV-1", &[]),
            text("500,25", "INV-1", &[]),
            cash_out("500,25", "INV-1"),
            text("900", "INV-1", &[]),
            cash_out("900", "INV-1"),
            text("500,25", "INV-1", &["--again"]),
            text("500,25", "INV-1", &["--wait", "200ms"]),
            text("500,25", "INV-1", &["--wait", "200ms", "--json"]),
            cash_out("1", "INV-2"),
            // More than there is.
            cash_out("9999999", "INV-3"),
            text("9999999", "INV-3", &[]),
            text("9999999", "INV-3", &["--again", "--reason", "once more"]),
            vec!["resolve", "INV-1", "--call-off"],
            vec!["resolve", "INV-1", "--call-off", "--json"],
            vec!["resolve", "INV-1", "--internal-code", "CO000000000000000001"],
            vec!["resolve", "INV-1", "--not-paid", "--reason", "not there"],
            vec!["resolve", "INV-9", "--call-off"],
            vec!["rebalance", "--target", "600000,00", "--yes"],
            vec!["rebalance", "--target", "600000,00", "--yes", "--json"],
            vec!["rebalance", "--target", "99999999,00", "--yes", "--json"],
            vec!["rebalance", "--target", "500000,00", "--yes", "--json"],
            vec!["rebalance", "--target", "1,00", "--after-doubt", unknown_id, "--yes", "--json"],
            vec!["recover"],
            vec!["recover", "--json"],
        ],
    );
}

#[test]
fn says_the_same_of_doubts_and_refusals() {
    let keeps_failing = || with_faults(&["cash-out:expire", "rebalance:drop-after::1"]);
    both(
        keeps_failing,
        &[
            cash_out("5", "INV-1"),
            text("5", "INV-1", &[]),
            vec!["recover"],
            vec!["recover", "--json"],
            vec!["resolve", "INV-1", "--call-off", "--reason", "no longer owed"],
            text("5", "INV-1", &[]),
            vec!["rebalance", "--target", "600000,00", "--yes", "--json"],
            vec!["rebalance", "--target", "500000,00", "--yes", "--json"],
            vec!["recover", "--json"],
        ],
    );
}

#[test]
fn a_doubt_of_a_rebalance_is_settled_through_the_owner() {
    let desk = Desk::start(with_faults(&["rebalance:drop-after::1"]));
    let owner = Owner::start(&desk);
    let run = desk.saldo(&["rebalance", "--target", "600000,00", "--yes", "--json"]);
    run.expect_error(4, "unknown", "unknown");
    let id: String = desk.journal().query_row("SELECT id FROM rebalances", [], |row| row.get(0)).unwrap();
    let after = ["rebalance", "--target", "500000,00", "--after-doubt", &id, "--yes", "--json"];
    desk.saldo(&after).expect(0);
    assert_eq!(desk.rebalances(), ["acknowledged", "completed"]);
    // To where it is already: only the doubt is spoken of, and that is settled.
    desk.saldo(&after).expect(0);
    assert_eq!(desk.ledger().rebalances.len(), 2);
    owner.stop();
    is_sound(&desk);
}

#[test]
fn a_shift_is_handed_over_through_the_owner_in_the_asking_persons_name() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    desk.pay("7,50", "INV-1").expect(0);
    let handed = desk.saldo(&["handover", "--since", "1h", "--note", "fila", "--json"]).expect(0).json();
    assert_eq!((&handed["note"], &handed["deeds"][0]["what"]), (&"fila".into(), &"cash_out".into()));
    assert_eq!(handed["by"], handed["deeds"][0]["by"]);
    let id = handed["id"].as_str().unwrap();
    desk.saldo(&["handover", "accept", id, "--json"]).expect_error(77, "own_handover", "not_executed");
    let listed = desk.saldo(&["handover", "list", "--json"]).expect(0).json();
    assert_eq!(listed, Value::from(vec![handed]));
    owner.stop();
    is_sound(&desk);
}

#[test]
fn a_payment_is_followed_to_its_end() {
    let desk = Desk::start(prompt());
    let port = UnixPort::free();
    let hook = format!(
        "webhook_url = \"http://127.0.0.1:{port}/hook\"\n[profiles.test.webhook]\nlisten = \"127.0.0.1:{port}\""
    );
    desk.configure(&desk.access.base_url, &desk.access.client_id, &hook);
    let owner = Owner::start(&desk);
    assert_eq!(owner.ready["webhooks"], format!("http://127.0.0.1:{port}/hook"));
    let mode = fs::metadata(socket_of(&desk)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(owner.ready["socket"], socket_of(&desk).to_str().unwrap());
    desk.pay("7,50", "INV-1").expect(0);
    // By its webhook, or by a look: nobody waits for it.
    until(|| desk.payments()[0].state == "completed");
    let mut waited = cash_out("8,50", "INV-2");
    waited.extend(["--wait", "60s"]);
    let run = desk.saldo(&waited);
    assert_eq!(run.expect(0).json()["state"], "completed");
    let said = owner.stop();
    assert!(!socket_of(&desk).exists());
    assert!(!said.stderr.contains("Maria") && !said.stderr.contains("52998224725"), "{}", said.stderr);
    is_sound(&desk);
}

/// A port that nobody had a moment ago.
struct UnixPort;

impl UnixPort {
    fn free() -> u16 {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }
}

#[test]
fn an_owner_that_is_killed_in_the_middle_leaves_a_payment_that_is_made_once() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let owner = Owner::start(&desk);
    let paying = begin(&desk, &cash_out("7,50", "INV-1"));
    until(|| requests_of(&desk.ledger(), "INV-1") > 0);
    owner.end(Signal::KILL);
    let run = end(paying);
    run.expect_error(4, "owner_gone", "unknown");
    let error = run.error();
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("same reference (INV-1)") && said.contains("saldo serve"), "{said}");
    assert_eq!(error["retryable"], true);
    // What it left behind is replaced.
    assert!(fs::metadata(socket_of(&desk)).unwrap().file_type().is_socket());
    let owner = Owner::start(&desk);
    desk.pay("7,50", "INV-1").expect(0);
    owner.stop();
    assert_eq!(desk.ledger().cash_outs_of("INV-1").count(), 1);
    is_sound(&desk);
}

#[test]
fn a_socket_that_a_dead_owner_left_is_in_nobodys_way() {
    let desk = Desk::start(prompt());
    Owner::start(&desk).end(Signal::KILL);
    assert!(socket_of(&desk).exists());
    desk.pay("7,50", "INV-1").expect(0);
    let owner = Owner::start(&desk);
    desk.pay("7,50", "INV-2").expect(0);
    owner.stop();
    is_sound(&desk);
}

#[test]
fn two_commands_at_once_pay_once() {
    let desk = Desk::start(with_faults(&["cash-out:slow:0.5"]));
    let owner = Owner::start(&desk);
    let paying: Vec<_> = (0..12)
        .map(|number| {
            let reference = format!("INV-{}", number / 4);
            begin(&desk, &cash_out("7,50", &reference))
        })
        .collect();
    for child in paying {
        let run = end(child);
        assert!(["accepted", "completed"].contains(&run.expect(0).json()["state"].as_str().unwrap()));
    }
    owner.stop();
    for number in 0..3 {
        let reference = format!("INV-{number}");
        assert_eq!(desk.ledger().cash_outs_of(&reference).count(), 1);
        assert_eq!(requests_of(&desk.ledger(), &reference), 1, "{reference}");
    }
    is_sound(&desk);
}

#[test]
fn rebalances_take_turns() {
    let desk = Desk::start(with_faults(&["rebalance:slow::1"]));
    let owner = Owner::start(&desk);
    let first = begin(&desk, &["rebalance", "--target", "600000,00", "--yes", "--json"]);
    until(|| desk.ledger().rebalances.len() == 1);
    // Typed into the socket: the command itself would see the first one in the journal, and stop.
    let wallet = json!({"transactional": 60_000_000, "proprietary": 110_000_000});
    let order = json!({"rebalance": {
        "id": "0193e1f0-0000-7000-8000-000000000002",
        "target": 50_000_000,
        "reviewed": {"direction": "sweep", "amount": 10_000_000, "before": wallet,
            "after": {"transactional": 50_000_000, "proprietary": 120_000_000}},
        "reason": null,
        "after_doubt": null,
    }});
    let answer = Line::open(&desk).ask(&order).unwrap();
    assert_eq!(answer["done"]["Ok"]["rebalance"]["state"], "completed", "{answer}");
    end(first).expect(0);
    assert_eq!(desk.rebalances(), ["completed", "completed"]);
    owner.stop();
    is_sound(&desk);
}

#[test]
fn a_command_that_goes_away_stops_nothing() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1", "cash-out:drop-after::2"]));
    let owner = Owner::start(&desk);
    let mut paying = begin(&desk, &cash_out("7,50", "INV-1"));
    until(|| requests_of(&desk.ledger(), "INV-1") > 0);
    runtime().block_on(async { paying.kill().await.unwrap() });
    until(|| matches!(desk.payments()[0].state.as_str(), "accepted" | "completed"));
    // A signal ends the waiting, and not the request.
    let paying = begin(&desk, &cash_out("8,50", "INV-2"));
    until(|| requests_of(&desk.ledger(), "INV-2") > 0);
    let pid = Pid::from_raw(i32::try_from(paying.id().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let run = end(paying);
    run.expect_one_of(&[0, 4]);
    assert!(run.json()["state"].is_string());
    until(|| matches!(desk.payments()[1].state.as_str(), "accepted" | "completed"));
    owner.stop();
    assert_eq!(desk.ledger().cash_outs.len(), 2);
    is_sound(&desk);
}

#[test]
fn an_owner_that_is_told_to_end_waits_for_the_wire_and_answers() {
    let desk = Desk::start(with_faults(&["cash-out:slow::1"]));
    let owner = Owner::start(&desk);
    let paying = begin(&desk, &cash_out("7,50", "INV-1"));
    until(|| requests_of(&desk.ledger(), "INV-1") > 0);
    let mut idle = Line::open(&desk);
    let mut watcher = Line::open(&desk);
    watcher.ask(&json!("watch")).unwrap();
    let recovering = begin(&desk, &["recover", "--json"]);
    let said = owner.stop();
    // Nothing was asked; what was asked and waits for others' requests is left.
    assert_eq!(read(&mut idle.stream).unwrap()["refused"], "stopping");
    while read(&mut watcher.stream).is_some() {}
    end(recovering).expect_one_of(&[0, 4, 75]);
    assert!(said.stderr.contains("a request on the wire is waited for"), "{}", said.stderr);
    assert_eq!(end(paying).expect(0).json()["state"], "accepted");
    is_sound(&desk);
}

#[test]
fn there_is_one_owner_and_it_is_named() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    let second = desk.saldo(&["serve", "--json"]);
    second.expect_error(75, "journal_busy", "nothing_sent");
    let said = format!("saldo serve, process {}", owner.ready["pid"]);
    assert!(second.error()["message"].as_str().unwrap().contains(&said), "{second:#?}");
    assert!(socket_of(&desk).exists());
    desk.pay("7,50", "INV-1").expect(0);
    owner.stop();
}

#[test]
fn a_service_that_cannot_take_webhooks_does_not_start() {
    let desk = Desk::start(prompt());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = format!("[profiles.test.webhook]\nlisten = \"{}\"", taken.local_addr().unwrap());
    desk.configure(&desk.access.base_url, &desk.access.client_id, &listen);
    let run = desk.saldo(&["serve", "--json"]);
    run.expect_error(1, "error", "nothing_sent");
    assert!(!desk.journal_path().exists() && !socket_of(&desk).exists());
}

#[test]
fn lines_that_are_no_requests_are_refused_and_nothing_is_done() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    let refused = |bytes: &[u8]| {
        let answer = Line::open(&desk).send(bytes).unwrap_or_else(|| panic!("no answer"));
        answer["refused"].clone()
    };
    let account = Line::open(&desk).account();
    for line in [
        "\n".to_owned(),
        "Maria\n".to_owned(),
        "{}\n".to_owned(),
        "\u{0}\u{1}\n".to_owned(),
        json!({"saldo": 1, "account": account, "ask": "give_everything"}).to_string() + "\n",
        json!({"saldo": 1, "account": account, "ask": "recover", "as": "root"}).to_string() + "\n",
        json!({"saldo": 1, "account": account, "ask": to_maria("INV 1 ")}).to_string() + "\n",
    ] {
        let refused = refused(line.as_bytes());
        let why = refused["malformed"].as_str().unwrap_or_else(|| panic!("{line}: {refused}"));
        assert!(!why.contains("Maria"), "{why}");
    }
    // Who decided is the kernel's to say.
    let mut claims = to_maria("INV-1");
    claims["cash_out"]["maker"] = json!({"uid": 4_711, "name": "somebody else"});
    let line = json!({"saldo": 1, "account": account, "ask": claims}).to_string() + "\n";
    assert!(refused(line.as_bytes())["malformed"].is_string());
    let mut odd = to_maria("INV-1");
    odd["cash_out"]["order"]["document"] = json!("52998224726");
    let line = json!({"saldo": 1, "account": account, "ask": odd}).to_string() + "\n";
    assert!(refused(line.as_bytes())["malformed"].is_string());
    // A batch's lines are checked like payments, and each has a reference and a number of its own.
    let order = to_maria("A")["cash_out"]["order"].clone();
    let batch = |lines: Value| {
        let batch = json!({"digest": "0".repeat(64), "name": "folha.csv", "lines": lines});
        json!({"saldo": 1, "account": account, "ask": {"record_batch": batch}}).to_string() + "\n"
    };
    let line = |number: u32, reference: &str, order: &Value| json!({"number": number, "reference": reference, "order": order});
    for lines in [
        json!([]),
        json!([line(2, "A", &odd["cash_out"]["order"])]),
        json!([line(2, "A", &order), line(3, "A", &order)]),
        json!([line(3, "A", &order), line(3, "B", &order)]),
        json!([line(2, "A ", &order)]),
    ] {
        assert!(refused(batch(lines.clone()).as_bytes())["malformed"].is_string(), "{lines}");
    }
    // Versions and accounts.
    let line = json!({"saldo": 2, "account": account, "ask": {"of": "another time"}}).to_string() + "\n";
    assert_eq!(refused(line.as_bytes())["version"], json!({"yours": 2, "ours": 1}));
    let line = json!({"saldo": 1, "account": "1 at production", "ask": to_maria("INV-1")}).to_string() + "\n";
    assert_eq!(refused(line.as_bytes())["other_account"], account);
    // Too long, and half a line.
    let mut long = Line::open(&desk);
    let answer = long.send(&vec![b'a'; MOST_REQUEST + 1]);
    // What was not read makes the kernel cut the connection, which may overtake the reason.
    assert!(answer.is_none_or(|answer| answer["refused"] == "too_long"));
    let whole = json!({"saldo": 1, "account": account, "ask": to_maria("INV-1")}).to_string();
    let mut half = Line::open(&desk);
    half.stream.get_mut().write_all(whole.as_bytes()).unwrap();
    half.stream.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read(&mut half.stream), None);
    // None of it was a payment.
    assert_eq!((desk.payments().len(), desk.ledger().requests.len()), (0, 0));
    let answer = Line::open(&desk).ask(&to_maria("INV-1")).unwrap();
    assert_eq!(answer["done"]["Ok"]["found"], "created", "{answer}");
    let maker = &answer["done"]["Ok"]["intent"]["cash_out"]["terms"]["maker"];
    assert_eq!(*maker, serde_json::to_value(saldo::server::control::operator()).unwrap());
    owner.stop();
    is_sound(&desk);
}

#[test]
fn slow_ones_hold_nobody_up() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    // As many as there are places, and none says anything.
    let mut idle: Vec<_> = (0..64).map(|_| Line::open(&desk)).collect();
    desk.pay("7,50", "INV-1").expect(0);
    assert_eq!(read(&mut idle[0].stream).unwrap()["refused"], "too_slow");
    // One that asks and never reads.
    let mut deaf = Line::open(&desk);
    let line = json!({"saldo": 1, "account": deaf.account(), "ask": "recover"});
    deaf.stream.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    desk.pay("7,50", "INV-2").expect(0);
    owner.stop();
    is_sound(&desk);
}

#[test]
fn another_users_process_is_refused() {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root || !std::path::Path::new("/usr/bin/setpriv").exists() {
        real_support::say("skipped: only root, with setpriv, can be another user");
        return;
    }
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    // Everything but the owner's own check is opened; the secrets are not needed to ask.
    for (path, mode) in
        [("", 0o777), ("config.toml", 0o644), ("state", 0o777), ("state/journal.db.sock", 0o666)]
    {
        fs::set_permissions(desk.folder().join(path), PermissionsExt::from_mode(mode)).unwrap();
    }
    let binary = desk.folder().join("saldo");
    fs::copy(SALDO, &binary).unwrap();
    let mut arguments = vec!["--reuid=65534", "--regid=65534", "--clear-groups", binary.to_str().unwrap()];
    arguments.extend(cash_out("7,50", "INV-1"));
    let run = finish(desk.command_of("/usr/bin/setpriv", &arguments));
    run.expect_error(77, "not_allowed", "nothing_sent");
    assert!(desk.payments().is_empty());
    desk.pay("7,50", "INV-1").expect(0);
    owner.stop();
}

#[test]
fn what_breaks_before_the_request_has_sent_nothing() {
    let desk = Desk::start(prompt());
    fs::create_dir(desk.folder().join("state")).unwrap();
    // Says who it is, and reads nothing.
    let socket = UnixListener::bind(socket_of(&desk)).unwrap();
    let account = format!("{} at sandbox", desk.access.client_id);
    let odd = std::thread::spawn(move || {
        for hello in [
            json!({"done": {"saldo": 1, "command": "serve", "pid": 1, "account": account}}),
            json!({"done": {"saldo": 9, "command": "serve", "pid": 1, "account": account}}),
        ] {
            let (mut stream, _) = socket.accept().unwrap();
            stream.shutdown(std::net::Shutdown::Read).unwrap();
            stream.write_all(format!("{hello}\n").as_bytes()).unwrap();
            let _ = stream.read(&mut [0]);
        }
    });
    desk.pay("7,50", "INV-1").expect_error(75, "owner_gone", "nothing_sent");
    desk.pay("7,50", "INV-1").expect_error(78, "other_version", "nothing_sent");
    odd.join().unwrap();
    assert!(desk.ledger().requests.is_empty());
    // Nobody listens any more, and nobody owns it.
    desk.pay("7,50", "INV-1").expect(0);
}

#[test]
fn the_service_manager_hears_of_it() {
    let desk = Desk::start(prompt());
    let path = desk.folder().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    let owner = Owner::start_with(&desk, &[("NOTIFY_SOCKET", path.to_str().unwrap())]);
    let hear = || {
        let mut said = [0; 256];
        let length = manager.recv(&mut said).unwrap();
        String::from_utf8_lossy(&said[..length]).trim().to_owned()
    };
    assert_eq!(hear(), "READY=1");
    owner.stop();
    assert_eq!(hear(), "STOPPING=1");
}

#[test]
fn a_script_pays_while_the_cockpit_is_open() {
    let desk = Desk::start(prompt());
    let mut screen = cockpit(&desk);
    until(|| socket_of(&desk).exists());
    let run = desk.pay("7,50", "INV-1");
    assert_eq!(run.expect(0).json()["external_reference"], "INV-1");
    // The desk sees it, and follows it.
    screen.wait_text("Maria Silva");
    until(|| desk.payments()[0].state == "completed");
    desk.saldo(&["rebalance", "--target", "600000,00", "--yes"]).expect(0);
    desk.saldo(&["recover"]).expect(0);
    assert_eq!(Line::open(&desk).ask(&json!("watch")).unwrap()["refused"], "not_watched");
    screen.send(b"q");
    screen.exit(terminal::PATIENCE);
    assert!(!socket_of(&desk).exists());
    is_sound(&desk);
}

#[test]
fn asking_takes_no_secrets() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    fs::remove_dir_all(desk.folder().join("secrets")).unwrap();
    desk.pay("7,50", "INV-1").expect(0);
    desk.saldo(&["recover", "--json"]).expect(0);
    desk.saldo(&["rebalance", "--target", "600000,00", "--yes"]).expect(0);
    let mut screen = cockpit(&desk);
    screen.wait_text("Maria Silva");
    screen.send(b"q");
    screen.exit(terminal::PATIENCE);
    owner.stop();
    // Without an owner they are needed.
    desk.pay("7,50", "INV-2").expect(78);
}

fn text_of(screen: &terminal::Terminal) -> String {
    screen.seen.0.lock().unwrap().parser.screen().contents()
}

#[test]
fn a_cockpit_works_on_an_owner_that_serves() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    desk.pay("7,50", "INV-1").expect(0);
    let mut screen = cockpit(&desk);
    // From the journal, and then live.
    screen.wait_text("Maria Silva");
    screen.wait("the balance", |seen| seen.parser.screen().contents().contains("balance: ok"));
    desk.pay("123,45", "INV-2").expect(0);
    screen.wait_text("R$\u{a0}123,45");
    // Paid on the screen, by the owner.
    review_payment(&mut screen, "321,09", "INV-3");
    screen.send(b"y");
    until(|| desk.payments().len() == 3 && desk.payments()[2].state == "completed");
    assert_eq!(desk.ledger().cash_outs_of("INV-3").count(), 1);
    screen.send(b"\x1b");
    screen.wait_text("R$\u{a0}321,09");
    // The owner goes: the screen says so, and nothing is sent. It comes back: all goes on.
    owner.end(Signal::KILL);
    screen.wait("that nobody polls", |seen| seen.parser.screen().contents().contains("balance: FAILED"));
    let owner = Owner::start(&desk);
    screen.wait("the balance again", |seen| seen.parser.screen().contents().contains("balance: ok"));
    desk.pay("55,55", "INV-4").expect(0);
    screen.wait_text("R$\u{a0}55,55");
    screen.send(b"q");
    screen.exit(terminal::PATIENCE);
    assert!(socket_of(&desk).exists(), "the owner is another process: {}", text_of(&screen));
    owner.stop();
    is_sound(&desk);
}

#[test]
fn whoever_watches_is_told_the_newest_and_holds_nobody_up() {
    let desk = Desk::start(prompt());
    let owner = Owner::start(&desk);
    let mut watchers: Vec<_> = (0..16).map(|_| Line::open(&desk)).collect();
    for watcher in &mut watchers {
        assert_eq!(watcher.ask(&json!("watch")).unwrap(), json!({"done": null}));
    }
    assert_eq!(Line::open(&desk).ask(&json!("watch")).unwrap()["refused"], "too_many_watch");
    // Nobody reads.
    for number in 0..5 {
        desk.pay("7,50", &format!("INV-{number}")).expect(0);
    }
    // In whatever order they came to be known.
    let (mut balance, mut paused, mut journal) = (false, false, false);
    while !(balance && paused && journal) {
        let told = read(&mut watchers[0].stream).unwrap_or_else(|| panic!("no more is told"));
        balance |= told["balance"]["balance"]["total"].is_i64();
        paused |= told.get("paused").is_some_and(Value::is_null);
        journal |= told["journal"].as_u64().is_some_and(|number| number > 1);
    }
    drop(watchers);
    owner.stop();
    is_sound(&desk);
}

/// Through an owner as without one: a lost answer makes one charge, and it is given back once.
#[test]
fn charges_and_refunds_are_made_by_the_owner() {
    let desk = Desk::start(with_faults(&["cash-in:drop-after::1", "refund:drop-after::1"]));
    let owner = Owner::start(&desk);
    let charge = |amount, arguments: &[&'static str]| {
        let beginning = ["cash-in", "--amount", amount, "--name", "João", "--document", "52998224725"];
        desk.saldo(&[&beginning[..], &["--reference", "C-1", "--json"], arguments].concat())
    };
    let made = charge("50,25", &[]).expect(0).json();
    assert_eq!(made["state"], "awaiting_payment", "{made:#}");
    assert_eq!(charge("50,25", &[]).expect(0).json()["id"], made["id"], "one reference is one charge");
    charge("9", &[]).expect_error(2, "reference_taken", "nothing_sent");
    let give_back = ["refund", "C-1", "--reason", "CUSTOMER_REQUEST", "--yes", "--json"];
    assert_ne!(desk.saldo(&give_back).code, Some(0), "nobody has paid");
    let code = made["internal_code"].as_str().unwrap();
    let url = format!("{}/sandbox/cash-in/{code}/pay", desk.access.base_url);
    let paid =
        runtime().block_on(async { reqwest::Client::builder().build().unwrap().post(url).send().await });
    assert!(paid.unwrap().status().is_success());
    let refund = desk.saldo(&give_back);
    assert_eq!(refund.expect(0).json()["cash_in"], made["id"]);
    let again = desk.saldo(&give_back);
    assert_eq!(again.expect(0).json()["id"], refund.json()["id"], "one cash-in is given back once");
    let unknown = desk.saldo(&["refund", "C-9", "--reason", "FRAUD", "--yes", "--json"]);
    unknown.expect_error(5, "not_found", "nothing_sent");
    owner.stop();
    let ledger = desk.ledger();
    assert_eq!(ledger.cash_ins.len(), 1);
    is_sound(&desk);
}
