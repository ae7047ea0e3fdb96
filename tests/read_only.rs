//! A saldo that only reads sends nothing, whoever asks it: flag, profile, the process that owns the journal.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod real_support;
mod support;
mod terminal;

use std::fs;
use std::time::Duration;

use real_support::{cockpit_flagged, kill_when, pass};
use rustix::process::{Pid, Signal, kill_process};
use saldo::sandbox::Where;
use support::{Desk, MARIA, cash_out, end_of, prompt, runtime, until, with_faults};

/// Every command that acts, with nothing to ask a person.
fn acts() -> Vec<Vec<&'static str>> {
    vec![
        cash_out("5", "INV-2"),
        vec!["rebalance", "--target", "600000,00", "--yes", "--json"],
        [&["cash-in", "--amount", "5", "--reference", "CH-1", "--json"], &MARIA[2..]].concat(),
        vec!["refund", "INV-1", "--reason", "FRAUD", "--yes", "--json"],
        vec!["recover", "--json"],
        vec!["resolve", "INV-1", "--call-off", "--json"],
    ]
}

fn orders(desk: &Desk) -> usize {
    let ledger = desk.ledger();
    [Where::CashOut, Where::CashIn, Where::Refund, Where::Rebalance]
        .iter()
        .map(|place| ledger.requests_to(*place).count())
        .sum()
}

#[test]
fn no_command_acts_and_reading_goes_on() {
    // One payment is in doubt, with bytes that are to be sent again.
    let desk = Desk::start(with_faults(&["cash-out:drop-after::1"]));
    kill_when(&desk, &cash_out("500,25", "INV-1"), || orders(&desk) == 1);
    let (sent, decided) = (orders(&desk), desk.payments().len());
    let refuse = |flags: &[&'static str]| {
        for act in acts() {
            let run = desk.saldo(&[flags, &act[..]].concat());
            run.expect_error(77, "read_only", "nothing_sent");
        }
        assert_eq!((orders(&desk), desk.payments().len()), (sent, decided), "{flags:?}");
    };
    refuse(&["--read-only"]);
    let text = fs::read_to_string(desk.config_path()).unwrap();
    fs::write(desk.config_path(), text.replacen("client_id", "read_only = true\nclient_id", 1)).unwrap();
    refuse(&[]);

    desk.saldo(&["balance", "--json"]).expect(0);
    desk.saldo(&["show", "INV-1", "--json"]).expect(0);
    desk.saldo(&["resolve", "INV-1"]).expect(0);
    desk.saldo(&[&cash_out("5", "INV-2")[..], &["--dry-run"]].concat());
    let shown = desk.saldo(&["config", "show", "--json"]).expect(0).stdout.clone();
    assert!(shown.contains("read_only"), "{shown}");
    let said = desk.saldo(&["recover", "--lang", "pt-BR"]);
    assert!(said.expect(77).stderr.contains("só leitura"), "{}", said.stderr);
}

#[test]
fn an_owner_that_only_reads_acts_for_nobody_and_loses_nothing() {
    let desk = Desk::start(with_faults(&["cash-out:drop-after::1"]));
    kill_when(&desk, &cash_out("500,25", "INV-1"), || orders(&desk) == 1);
    let (sent, decided) = (orders(&desk), desk.payments().len());
    let ready = desk.folder().join("ready.json");
    let mut command = desk.command(&["--read-only", "serve", "--ready-file", ready.to_str().unwrap()]);
    let owner = runtime().block_on(async { command.spawn().unwrap() });
    until(|| ready.exists());
    for act in acts() {
        let refused = desk.saldo(&act);
        assert_eq!(refused.expect(77).error()["code"], "owner_read_only", "{refused:#?}");
    }
    // It does not take up what has been due since it began.
    pass(Duration::from_secs(3));
    assert_eq!((orders(&desk), desk.payments().len()), (sent, decided));
    let pid = i32::try_from(owner.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    runtime().block_on(end_of("serve".to_owned(), owner)).expect(0);
    // Whoever may act goes on with it: nothing was lost by waiting.
    desk.saldo(&["recover", "--json"]);
    assert!(orders(&desk) > sent);
    desk.saldo(&["fsck"]).expect(0);
    desk.reconcile();
}

#[test]
fn one_that_only_reads_asks_nothing_of_an_owner_that_may_act() {
    let desk = Desk::start(prompt());
    let ready = desk.folder().join("ready.json");
    let mut command = desk.command(&["serve", "--ready-file", ready.to_str().unwrap()]);
    let owner = runtime().block_on(async { command.spawn().unwrap() });
    until(|| ready.exists());
    for act in acts() {
        desk.saldo(&[&["--read-only"], &act[..]].concat()).expect_error(77, "read_only", "nothing_sent");
    }
    let mut screen = cockpit_flagged(&desk, &["--read-only"]);
    screen.wait_text("READ-ONLY");
    screen.send(b"p");
    screen.wait_text("Read-only: nothing is sent from here");
    screen.send(b"q");
    screen.exit(Duration::from_secs(30));
    assert_eq!(orders(&desk), 0);
    // The same owner acts for whoever may.
    desk.saldo(&cash_out("5", "INV-2")).expect(0);
    let pid = i32::try_from(owner.id().unwrap()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    runtime().block_on(end_of("serve".to_owned(), owner)).expect(0);
}
