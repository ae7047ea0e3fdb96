//! The real cockpit on a real pseudo-terminal, against the real sandbox: a few whole stories.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;
mod terminal;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use support::{Desk, until};
use terminal::{PATIENCE, Terminal, size};

/// The cockpit of `desk` in English.
fn cockpit(desk: &Desk) -> Terminal {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.args(["--lang", "en"]);
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    Terminal::start(command)
}

/// Back to the panes, and out.
fn leave(screen: &mut Terminal) {
    screen.send(b"\x1b");
    // An escape followed at once by a letter would be another key.
    screen.wait_text("b rebalance");
    screen.send(b"q");
    assert!(screen.exit(PATIENCE).success());
    screen.assert_restored();
}

/// Fills in the form for a payment by key, up to its review.
fn review_payment(screen: &mut Terminal, amount: &str, key: &str, reference: &str) {
    screen.send(b"p");
    screen.wait_text("New cash-out");
    screen.send(format!("{amount}\t\t{key}\tMaria Silva\t52998224725\t{reference}").as_bytes());
    screen.wait_text(reference);
    screen.send(b"\r");
    screen.wait_text("Review of the cash-out");
}

#[test]
fn the_demonstration_starts_shows_traffic_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.args(["demo", "--lang", "pt-BR"]);
    command.env_clear();
    command.env("HOME", home.path());
    command.env("TMPDIR", home.path());
    let mut screen = Terminal::start(command);
    screen.wait_text("SANDBOX");
    screen.wait_text("R$\u{a0}1.200.000,00");
    screen.wait_text("receb");
    screen.send(b"?");
    screen.wait_text("Ajuda");
    leave(&mut screen);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "it leaves nothing behind");
}

#[test]
fn a_payment_from_form_to_settlement() {
    let desk = Desk::start(support::prompt());
    let mut screen = cockpit(&desk);
    screen.wait_text("R$\u{a0}500.000,00");
    review_payment(&mut screen, "R$ 500,25", "maria@example.com", "inv-1");
    screen.wait_text("not verified by");
    screen.wait_text("the first payment to this key or account");
    // The key that opened the review does not confirm it, however often it is pressed, and neither does a paste.
    screen.send(b"\r\r\x1b[200~y\ny\x1b[201~");
    screen.wait_text("Review of the cash-out");
    assert_eq!(desk.ledger().cash_outs.len(), 0);
    screen.send(b"yyy");
    screen.wait_text("completed");
    leave(&mut screen);
    assert_eq!(desk.ledger().cash_outs_of("inv-1").count(), 1);
    desk.reconcile();
}

#[test]
fn hung_up_in_the_middle_of_a_payment_and_opened_again() {
    let desk = Desk::start(support::with_faults(&["cash-out:drop-after:1:1"]));
    let mut screen = cockpit(&desk);
    screen.wait_text("Transact.");
    review_payment(&mut screen, "10", "maria@example.com", "inv-1");
    screen.send(b"y");
    until(|| desk.ledger().requests_seen > 0 && desk.ledger().cash_outs_of("inv-1").count() == 1);
    screen.signal(Signal::HUP);
    screen.exit(PATIENCE);
    let screen = cockpit(&desk);
    screen.wait_text("completed");
    assert_eq!(desk.ledger().cash_outs_of("inv-1").count(), 1, "paid once");
    screen.signal(Signal::TERM);
    assert!(screen.exit(PATIENCE).success());
    screen.assert_restored();
    desk.reconcile();
}

#[test]
fn a_rebalance_from_form_to_proof() {
    let desk = Desk::start(support::prompt());
    let mut screen = cockpit(&desk);
    screen.wait_text("Transact.");
    screen.send(b"b");
    screen.wait_text("Rebalance");
    screen.send(b"600000,00\r");
    screen.wait_text("Review of the rebalance");
    screen.wait_text("top-up");
    screen.send(b"600000,00y");
    until(|| desk.ledger().rebalances.len() == 1);
    screen.wait_text("R$\u{a0}600.000,00");
    leave(&mut screen);
}

#[test]
fn no_size_ends_it() {
    let desk = Desk::start(support::prompt());
    let mut screen = cockpit(&desk);
    screen.wait_text("Transact.");
    for (columns, rows) in [(1, 1), (2, 1), (40, 10), (10, 40), (300, 100), (80, 24)] {
        screen.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
        screen.send(b"jk");
    }
    screen.send(b"?");
    screen.wait_text("Help");
    leave(&mut screen);
}

#[test]
fn without_a_terminal_it_says_so() {
    let desk = Desk::start(support::prompt());
    desk.saldo(&["--lang", "en"]).expect(2);
}
