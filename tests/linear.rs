//! The desk as sentences: what a person hears, what they can type, and that no byte of it is for a screen.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

mod support;
mod terminal;

use portable_pty::CommandBuilder;
use support::{Desk, SALDO, prompt};
use terminal::{PATIENCE, Terminal};

fn linear(desk: &Desk, arguments: &[&str]) -> Terminal {
    let mut command = CommandBuilder::new(SALDO);
    command.args(arguments);
    command.env_clear();
    command.env("HOME", desk.folder());
    command.env("SALDO_CONFIG", desk.config_path());
    Terminal::start(command)
}

#[test]
fn a_person_hears_and_pays() {
    let desk = Desk::start(prompt());
    let mut terminal = linear(&desk, &["--linear", "--lang", "en"]);
    terminal.wait_text("saldo, test, SANDBOX");
    terminal.wait_text("balance R$\u{a0}1.700.000,00: transactional R$\u{a0}500.000,00");
    terminal.send(
        b"cash-out --amount 500,25 --pix-key maria@example.com --name 'Maria Silva' --document 52998224725 \
          --reference PRIZE-1\r",
    );
    terminal.wait_text("Type yes and press Enter");
    terminal.send(b"yes\r");
    terminal.wait_text("cash-out R$\u{a0}500,25, Maria Silva, PRIZE-1: completed");
    terminal.send(b"now\r");
    terminal.wait_text("Cash-outs 1 · R$\u{a0}500,25");
    terminal.send(b"say 'what\r");
    terminal.wait_text("The quotes of that line do not match");
    // No line takes the terminal away from the sentences.
    for line in [&b"demo\r"[..], b"saldo\r", b"serve\r"] {
        terminal.send(line);
    }
    terminal.wait_text("demo is a program for a window of its own");
    terminal.wait_text("saldo is a program for a window of its own");
    terminal.wait_text("serve is a program for a window of its own");
    terminal.send(b"quit\r");
    assert!(terminal.exit(PATIENCE).success());
    assert!(!terminal.raw().contains('\u{1b}'), "{:?}", terminal.raw());
    terminal.assert_modes_restored();
    desk.reconcile();
}

#[test]
fn it_goes_on_without_anybody_who_types_and_ends_with_its_reader() {
    let desk = Desk::start(prompt());
    // Nothing to read: it goes on telling until it is ended from outside.
    let command = format!("'{SALDO}' --linear --lang pt-BR </dev/null | head -n 10");
    let run = support::finish(desk.command_of("bash", &["-c", &command]));
    assert_eq!(run.code, Some(0), "{run:#?}");
    for told in ["saldo, test, SANDBOX", "Em trânsito: 0", "Nada mais pode ser digitado; Ctrl-C encerra."] {
        assert!(run.stdout.contains(told), "{told:?} is not in {run:#?}");
    }
    let line =
        run.stdout.lines().find(|line| line.contains("saldo R$\u{a0}1.700.000,00")).unwrap_or_default();
    assert!(line.ends_with("transacional R$\u{a0}500.000,00, proprietária R$\u{a0}1.200.000,00"), "{run:#?}");
}

#[test]
fn sentences_are_for_the_cockpit() {
    let desk = Desk::start(prompt());
    let run = desk.saldo(&["balance", "--linear"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("--linear is for the cockpit"), "{run:#?}");
    // Nor is the mask of a screen: it would hide nothing of what a command tells.
    let run = desk.saldo(&["balance", "--private"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("--private is for the cockpit"), "{run:#?}");
}
