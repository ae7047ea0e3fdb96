//! Each kind of terminal is left as it was found, however the session ends: on a real pseudo-terminal.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use terminal::{PATIENCE, Terminal};

const TERMS: [&[(&str, &str)]; 9] = [
    &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")],
    &[("TERM", "xterm"), ("NO_COLOR", "1")],
    &[("TERM", "linux")],
    &[("TERM", "vt100")],
    &[("TERM", "screen-256color"), ("NO_COLOR", "1")],
    &[("TERM", "tmux-256color"), ("TMUX", "default,1,0")],
    &[("TERM", "xterm-kitty")],
    &[("TERM", "alacritty"), ("COLORTERM", "24bit")],
    &[("TERM", "a-terminal-nobody-knows")],
];

/// How a session ends.
const ENDS: [&str; 5] = ["quit", "terminated", "hung up", "interrupted", "panicked"];

/// The probe, built with the flags of this test.
fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--example", "session_probe", "--target-dir"]);
        build.arg(profile.parent().unwrap()).current_dir(env!("CARGO_MANIFEST_DIR"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success());
        profile.join("examples/session_probe")
    })
}

fn end(terminal: &mut Terminal, how: &str) {
    match how {
        "quit" => terminal.send(b"q"),
        "terminated" => terminal.signal(Signal::TERM),
        "hung up" => terminal.signal(Signal::HUP),
        "interrupted" => terminal.signal(Signal::INT),
        _ => terminal.send(b"p"),
    }
    terminal.exit(PATIENCE);
}

#[test]
fn every_terminal_is_given_back_after_every_end() {
    for told in TERMS {
        for how in ENDS {
            let mut terminal = Terminal::start_on(CommandBuilder::new(probe()), told);
            terminal.wait_text("keys 0");
            end(&mut terminal, how);
            terminal.assert_restored();
        }
    }
}

/// The demonstration on each of them, with the keyboard in some places.
#[test]
fn the_cockpit_leaves_every_terminal_as_it_was() {
    std::thread::scope(|scope| {
        // Two at a time: each is a gateway, a journal and a desk.
        for half in [&TERMS[..4], &TERMS[4..]] {
            scope.spawn(move || half.iter().for_each(|told| cockpit_on(told)));
        }
    });
}

fn cockpit_on(told: &[(&str, &str)]) {
    let home = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
    command.args(["demo", "--lang", "en"]);
    command.env_clear();
    command.env("HOME", home.path());
    command.env("TMPDIR", home.path());
    let mut terminal = Terminal::start_on(command, told);
    terminal.wait_text("SANDBOX");
    terminal.wait_text("Transact");
    terminal.send(b"\x1b[200~\x1b[2J500,25\x07\x1b[201~");
    terminal.wait_text("Pasted text");
    terminal.signal(Signal::TERM);
    assert!(terminal.exit(PATIENCE).success(), "{told:?}");
    terminal.assert_restored();
    let raw = terminal.raw();
    let is_plain = told.iter().any(|(name, value)| *name == "NO_COLOR" || value.starts_with("vt"));
    let coloured = |text: &str| ["38;", "48;", "3", "4", "9"].iter().any(|one| text.starts_with(one));
    let styles = raw.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m'));
    let mut styles = styles
        .map(|(style, _)| style)
        .filter(|style| style.len() > 1 && style.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'));
    assert!(!is_plain || !styles.any(coloured), "a colour on {told:?}");
    let has_lines = raw.contains('┌');
    let is_ascii =
        told.iter().any(|(name, value)| *name == "TERM" && (*value == "linux" || value.starts_with("vt")));
    assert_eq!(has_lines, !is_ascii, "{told:?}");
}

#[test]
fn a_terminal_that_cannot_place_text_gets_words_and_no_escape() {
    for told in [&[("TERM", "dumb")][..], &[]] {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_saldo"));
        command.args(["demo", "--lang", "en"]);
        let terminal = Terminal::start_on(command, told);
        assert!(!terminal.exit(PATIENCE).success());
        terminal.wait_text("cannot place text");
        assert!(!terminal.raw().contains('\u{1b}'));
        terminal.assert_modes_restored();
    }
}
