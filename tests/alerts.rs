//! Alerts over the real binary and the real sandbox: each begins once, is handed to the desk's command, waits for the end
//! of quiet hours where it can, and is acknowledged by a person.

#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use real_support::clock::Clock;
use real_support::cockpit_with;
use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::{Chance, Options};
use serde_json::Value;
use support::{Desk, cash_out, end_of, prompt, runtime, until, with_faults};
use tokio::process::Child;

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A desk that wants to be told soon, with a command that keeps what it is handed.
fn configure(desk: &Desk, port: Option<u16>, rest: &str) {
    let webhooks = port.map_or_else(String::new, |port| {
        format!(
            "webhook_url = \"http://127.0.0.1:{port}/hook\"\n[profiles.test.webhook]\nlisten = \"127.0.0.1:{port}\"\n"
        )
    });
    let kept = kept(desk);
    let rest = format!(
        "{webhooks}[profiles.test.poll]\nbalance = \"500ms\"\n[profiles.test.alerts]\n\
         command = [\"/bin/sh\", \"-c\", \"cat >> {kept}\"]\n{rest}"
    );
    desk.configure(&desk.access.base_url, &desk.access.client_id, &rest);
}

fn kept(desk: &Desk) -> String {
    desk.folder().join("handed").display().to_string()
}

/// What the command was handed, one line each.
fn handed(desk: &Desk) -> Vec<Value> {
    let text = fs::read_to_string(kept(desk)).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// How often each kind was handed over.
fn kinds(desk: &Desk) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for alert in handed(desk) {
        *kinds.entry(alert["kind"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    kinds
}

struct Owner(Child);

impl Owner {
    fn start(clock: &Clock) -> Self {
        let ready = clock.desk.folder().join("ready.json");
        let _ = fs::remove_file(&ready);
        let child = clock.begin(&["serve", "--ready-file", ready.to_str().unwrap()]);
        until(|| ready.exists());
        Self(child)
    }

    fn stop(self) {
        let pid = Pid::from_raw(i32::try_from(self.0.id().unwrap()).unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        let run = runtime().block_on(end_of("serve".to_owned(), self.0));
        run.expect(0);
        assert!(!run.stderr.contains("Maria") && !run.stderr.contains("52998224725"), "{}", run.stderr);
    }
}

fn forge(port: u16) {
    let body = "{}";
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(
        stream,
        "POST /hook HTTP/1.1\r\nHost: x\r\nX-Connect-Signature: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        "0".repeat(64),
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
}

/// Looks until it is so, by commands too.
fn eventually(mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "it never came to be");
        real_support::pass(Duration::from_millis(50));
    }
}

fn standing(clock: &Clock) -> Vec<Value> {
    clock.saldo(&["alerts", "--json"]).expect(0).json().as_array().unwrap().clone()
}

fn number_of(clock: &Clock, kind: &str) -> String {
    let standing = standing(clock);
    let alert =
        standing.iter().find(|alert| alert["kind"] == kind).unwrap_or_else(|| panic!("{standing:#?}"));
    alert["alert"].to_string()
}

#[test]
fn each_alert_begins_once_and_is_handed_over() {
    let zone = TimeZone::get("America/Sao_Paulo").unwrap();
    if Timestamp::now().to_zoned(zone).time().hour() == 23 {
        // The wallet's day begins anew at midnight, and this takes a quarter of an hour by the clock.
        return real_support::say("it is nearly midnight: the alerts over the real binary were NOT tested");
    }
    let silent = Options { webhook_loss: Chance::percent(100), ..prompt() };
    let desk = Desk::start(silent);
    let port = free_port();
    configure(
        &desk,
        Some(port),
        "coverage = \"60m\"\nwebhooks_late = \"1s\"\nin_doubt = \"1s\"\n\
         [profiles.test.band]\nfloor = \"300000,00\"\ntarget = \"400000,00\"\nceiling = \"900000,00\"\n\
         [profiles.test.conservation]\nsees_everything = true\n",
    );
    let Some(mut clock) = Clock::on(desk) else { return };
    let owner = Owner::start(&clock);
    let balances = |clock: &Clock| -> i64 {
        clock.desk.journal().query_row("SELECT count(*) FROM balances", [], |row| row.get(0)).unwrap()
    };
    until(|| balances(&clock) > 0);
    assert!(standing(&clock).is_empty());

    clock.saldo(&cash_out("250000", "INV-1")).expect(0);
    until(|| kinds(&clock.desk).contains_key("below-floor"));
    until(|| kinds(&clock.desk).contains_key("webhooks-late"));
    forge(port);
    until(|| kinds(&clock.desk).contains_key("webhook-signatures"));
    // A minute is watched at least before it is told how long a balance lasts.
    clock.set(65);
    until(|| kinds(&clock.desk).contains_key("coverage"));

    let listen = clock.desk.take_down();
    until(|| kinds(&clock.desk).contains_key("gateway-silent"));
    // Three hundred reais are gone, and nobody was told.
    let less = Options {
        listen,
        transactional: saldo::domain::money::Centavos::new(24_970_000),
        ..with_faults(&["cash-out:500-before"])
    };
    clock.desk.bring_up(less);
    eventually(|| !standing(&clock).iter().any(|alert| alert["kind"] == "gateway-silent"));
    let doubtful = clock.begin(&cash_out("10", "INV-2"));
    until(|| kinds(&clock.desk).contains_key("payment-in-doubt"));
    runtime().block_on(end_of("cash-out".to_owned(), doubtful)).expect(4);
    clock.set(65 + 11 * 60);
    until(|| kinds(&clock.desk).contains_key("unexplained-difference"));

    let below = handed(&clock.desk).into_iter().find(|alert| alert["kind"] == "below-floor").unwrap();
    assert_eq!((&below["severity"], &below["profile"]), (&"now".into(), &"test".into()), "{below}");
    assert_eq!(below["amount_centavos"], 25_000_000);
    let lost =
        handed(&clock.desk).into_iter().find(|alert| alert["kind"] == "unexplained-difference").unwrap();
    let difference = &lost["difference"];
    assert_eq!(
        (&difference["account"], &difference["amount_centavos"]),
        (&"transactional".into(), &(-30_000).into())
    );
    assert!(difference["from"].is_string() && difference["suspects"].is_array(), "{lost}");

    // A person has looked.
    let number = number_of(&clock, "unexplained-difference");
    clock.saldo(&["alerts", "ack", &number, "--json"]).expect(2);
    let seen = clock.saldo(&["alerts", "ack", &number, "--note", "a fee of the gateway's", "--json"]);
    assert_eq!(seen.expect(0).json()["acknowledged"]["note"], "a fee of the gateway's");
    let explained = clock.saldo(&["explain", "--json"]).expect(0).json();
    let gaps = explained["gaps"].as_array().unwrap();
    assert!(gaps.iter().any(|gap| gap["note"] == "a fee of the gateway's"), "{gaps:#?}");
    for kind in ["payment-in-doubt", "webhook-signatures"] {
        clock.saldo(&["alerts", "ack", &number_of(&clock, kind)]).expect(0);
    }
    clock.saldo(&["alerts", "ack", "9999"]).expect(5);
    owner.stop();

    // The next owner tells nothing that was told; what is new it does.
    let owner = Owner::start(&clock);
    forge(port);
    until(|| kinds(&clock.desk).get("webhook-signatures") == Some(&2));
    let told = kinds(&clock.desk);
    for kind in [
        "below-floor",
        "coverage",
        "gateway-silent",
        "webhooks-late",
        "payment-in-doubt",
        "unexplained-difference",
    ] {
        assert_eq!(told.get(kind), Some(&1), "{kind}: {told:?}");
    }
    let doubt = standing(&clock).into_iter().find(|alert| alert["kind"] == "payment-in-doubt").unwrap();
    assert!(doubt["acknowledged"]["by"].is_string(), "{doubt}");
    owner.stop();
    clock.desk.saldo(&["fsck"]).expect(0);
}

#[test]
fn quiet_hours_hold_back_what_can_wait() {
    let desk = Desk::start(with_faults(&["balance:stale"]));
    configure(
        &desk,
        None,
        "quiet = \"22:00-07:00\"\nstands_still = \"1s\"\n\
         [profiles.test.band]\nfloor = \"1,00\"\ntarget = \"2,00\"\nceiling = \"400000,00\"\n",
    );
    let Some(mut clock) = Clock::on(desk) else { return };
    let zone = TimeZone::get("America/Sao_Paulo").unwrap();
    let now = Timestamp::now();
    let at = |hour, minute| {
        let day = now.to_zoned(zone.clone()).date().tomorrow().unwrap();
        let local = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).unwrap();
        local.timestamp().duration_since(now).as_secs()
    };
    clock.set(at(5, 0));
    let owner = Owner::start(&clock);
    let waits = |clock: &Clock, kind: &str| {
        standing(clock).iter().any(|alert| alert["kind"] == kind && alert["told_at"].is_null())
    };
    eventually(|| waits(&clock, "above-ceiling") && waits(&clock, "gateway-stands-still"));
    let listen = clock.desk.take_down();
    until(|| kinds(&clock.desk).contains_key("gateway-silent"));
    assert_eq!(kinds(&clock.desk).len(), 1, "what cannot wait is told at any hour, and nothing else");
    clock.desk.bring_up(Options { listen, ..with_faults(&["balance:stale"]) });
    eventually(|| !standing(&clock).iter().any(|alert| alert["kind"] == "gateway-silent"));
    clock.set(at(7, 1));
    until(|| kinds(&clock.desk).len() == 3);
    assert!(kinds(&clock.desk).values().all(|times| *times == 1), "{:?}", kinds(&clock.desk));
    owner.stop();
}

#[test]
fn a_command_that_fails_is_told_and_tried_again() {
    let desk = Desk::start(prompt());
    let broken = desk.folder().join("broken");
    fs::write(&broken, "").unwrap();
    let rest = format!(
        "[profiles.test.poll]\nbalance = \"500ms\"\n[profiles.test.alerts]\n\
         command = [\"/bin/sh\", \"-c\", \"test ! -e {} && cat >> {}\"]\n\
         [profiles.test.band]\nfloor = \"1,00\"\ntarget = \"2,00\"\nceiling = \"400000,00\"\n",
        broken.display(),
        kept(&desk)
    );
    desk.configure(&desk.access.base_url, &desk.access.client_id, &rest);
    let Some(clock) = Clock::on(desk) else { return };
    let owner = Owner::start(&clock);
    eventually(|| standing(&clock).iter().any(|alert| alert["kind"] == "hook-failed"));
    fs::remove_file(&broken).unwrap();
    until(|| !handed(&clock.desk).is_empty());
    assert_eq!(kinds(&clock.desk), BTreeMap::from([("above-ceiling".to_owned(), 1)]));
    eventually(|| !standing(&clock).iter().any(|alert| alert["kind"] == "hook-failed"));
    owner.stop();
}

/// The bell, the notification and the window's title, byte by byte.
#[test]
fn a_terminal_is_asked_in_the_words_that_it_understands() {
    let said = "saldo test: Transactional above the ceiling: a sweep is due: R$\u{a0}500.000,00";
    let title = "\u{1b}]2;(1) saldo test\u{1b}\\";
    for (notify, variables, notification) in [
        ("auto", &[][..], format!("\u{1b}]9;{said}\u{1b}\\")),
        ("osc777", &[], format!("\u{1b}]777;notify;saldo;{said}\u{1b}\\")),
        ("osc9", &[("TMUX", "socket,1,0")], format!("\u{1b}Ptmux;\u{1b}\u{1b}]9;{said}\u{7}\u{1b}\\")),
        ("off", &[], String::new()),
    ] {
        let desk = Desk::start(prompt());
        let rest = format!(
            "[profiles.test.poll]\nbalance = \"500ms\"\n[profiles.test.alerts]\nnotify = \"{notify}\"\n\
             [profiles.test.band]\nfloor = \"1,00\"\ntarget = \"2,00\"\nceiling = \"400000,00\"\n"
        );
        desk.configure(&desk.access.base_url, &desk.access.client_id, &rest);
        let mut screen = cockpit_with(&desk, variables);
        screen.wait("the window is named", |seen| String::from_utf8_lossy(&seen.raw).contains(title));
        let raw = screen.raw();
        let bells = raw.replace("\u{7}\u{1b}\\", "").matches('\u{7}').count();
        assert_eq!(bells, 1, "{notify}: {raw:?}");
        match notification.is_empty() {
            true => assert!(!raw.contains("]9;") && !raw.contains("]777;"), "{raw:?}"),
            false => assert_eq!(raw.matches(&notification).count(), 1, "{notify}: {raw:?}"),
        }
        screen.wait_text("above the ceiling");
        screen.send(b"!");
        screen.wait_text("a sweep is due");
        screen.send(b"a");
        screen.wait("its window has its name back", |seen| {
            String::from_utf8_lossy(&seen.raw).contains("\u{1b}]2;saldo test\u{1b}\\")
        });
        screen.send(b"\x1bq");
    }
}
