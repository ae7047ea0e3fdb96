//! The session on a real pseudo-terminal, in a process of its own: `examples/session_probe.rs`.
//!
//! Every wait is for a condition; the time-outs are there to fail.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests; clippy.toml allows it in the tests themselves only"
)]

mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use terminal::{LEAVE, PATIENCE, Terminal, side, size};

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

/// The probe on a terminal.
fn on_probe(arguments: &[&str]) -> Terminal {
    let mut command = CommandBuilder::new(probe());
    command.args(arguments);
    Terminal::start(command)
}

#[test]
fn the_first_frame_comes_with_the_questions_and_waits_for_no_answer() {
    let terminal = on_probe(&[]);
    terminal.wait_text("size 80x24");
    terminal.wait_text("replies");
    let raw = terminal.raw();
    assert!(
        raw.starts_with("\u{1b}[?1049h\u{1b}[?25l\u{1b}[?2004h\u{1b}[?2026$p\u{1b}]11;?\u{1b}\\\u{1b}[c"),
        "{raw:?}"
    );
    assert!(!raw.contains("\u{1b}[?2026h"), "not known to know it: {raw:?}");
}

#[test]
fn answers_reach_the_program_and_not_as_keys() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    for piece in [&b"\x1b[?20"[..], b"26;2$y\x1b]1", b"1;rgb:ffff/ffff/ffff\x1b", b"\\\x1b[?62;22;52", b"c"] {
        terminal.send(piece);
    }
    terminal.wait_text("replies synchronized light last");
    terminal.wait_text("keys 0");
    terminal.send(b"x");
    terminal.wait_text("keys 1 last x");
    let raw = terminal.raw();
    assert!(
        raw.ends_with("\u{1b}[?2026l") && raw.contains("\u{1b}[?2026h"),
        "large frames are marked: {raw:?}"
    );
}

#[test]
fn keys_and_pastes_arrive() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"\x1b[A");
    terminal.wait_text("keys 1 last ↑");
    terminal.send(b"\x1b");
    terminal.wait_text("keys 2 last esc");
    terminal.send("ç".as_bytes());
    terminal.wait_text("keys 3 last ç");
    terminal.send(b"\x1b[200~q500,25\rq\x1b[201~");
    terminal.wait_text("paste 9 \"q500,25\\nq\"");
    terminal.wait_text("keys 3 ");
}

#[test]
fn quitting_restores_the_terminal() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"ctq");
    assert!(terminal.exit(PATIENCE).success());
    terminal.assert_restored();
    terminal.wait_text("ended: Ok(Quit)");
    let raw = terminal.raw();
    assert!(raw.contains("\u{1b}[22;2t\u{1b}]2;probe\u{1b}\\") && raw.contains("\u{1b}[23;2t"), "{raw:?}");
}

#[test]
fn a_mouse_that_was_taken_is_given_back() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"m");
    terminal
        .wait("the mouse", |seen| String::from_utf8_lossy(&seen.raw).contains("\u{1b}[?1000h\u{1b}[?1006h"));
    terminal.send(b"\x1b[<0;3;4M");
    terminal.wait_text("last Mouse { kind: Click");
    terminal.send(b"q");
    assert!(terminal.exit(PATIENCE).success());
    terminal.assert_restored();
    let raw = terminal.raw();
    let given = raw.rfind("\u{1b}[?1006l\u{1b}[?1000l").expect("given back");
    assert!(raw.rfind(LEAVE).is_some_and(|left| given < left), "{raw:?}");
}

#[test]
fn signals_restore_the_terminal_at_once() {
    for (signal, ended) in [
        (Signal::TERM, "Terminated(Terminate)"),
        (Signal::HUP, "Terminated(HangUp)"),
        (Signal::INT, "Terminated(Interrupt)"),
        (Signal::QUIT, "Terminated(Quit)"),
    ] {
        let terminal = on_probe(&[]);
        terminal.wait_text("keys 0");
        terminal.signal(signal);
        terminal.exit(Duration::from_secs(1));
        terminal.assert_restored();
        terminal.wait_text(&format!("ended: Ok({ended})"));
    }
}

#[test]
fn a_panic_while_drawing_is_reported_on_a_restored_terminal() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"p");
    assert!(!terminal.exit(PATIENCE).success());
    terminal.assert_restored();
    terminal.wait_text("asked to crash");
    let raw = terminal.raw();
    assert!(raw.find(LEAVE) < raw.find("asked to crash"), "{raw:?}");
    terminal.wait_text("ended: Err(\"the screen crashed: asked to crash\")");
}

#[test]
fn a_panic_of_another_thread_is_reported_when_the_screen_is_gone() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"e");
    terminal.wait_text("keys 1 last e");
    assert!(!terminal.raw().contains("coughed"));
    terminal.send(b"q");
    assert!(terminal.exit(PATIENCE).success());
    terminal.assert_restored();
    terminal.wait_text("the engine coughed");
}

#[test]
fn a_hang_up_ends_it_within_a_second() {
    // With a controlling terminal the kernel sends SIGHUP as well; without, there is only the end of input.
    for controlling in [true, false] {
        let mut command = CommandBuilder::new(probe());
        command.set_controlling_tty(controlling);
        let mut terminal = Terminal::start(command);
        terminal.wait_text("keys 0");
        // The emulator has to be out of its read to let go of the terminal: one more frame gets it there.
        terminal.seen.0.lock().unwrap().closing = true;
        terminal.send(b"x");
        terminal.emulator.take().unwrap().join().unwrap();
        drop(terminal.writer.take());
        drop(terminal.master.take());
        terminal.exit(Duration::from_secs(1));
    }
}

#[test]
fn idle_is_no_byte_and_no_wake_up() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"\x1b[?2026;2$y\x1b]11;rgb:1010/1010/1414\x1b\\\x1b[?62cx");
    terminal.wait_text("keys 1 last x");
    // One quiet moment settles whatever the last key left to do.
    quiet(&terminal, Duration::from_millis(300));
    let (_, before) = terminal.usage();
    quiet(&terminal, Duration::from_secs(2));
    let (_, after) = terminal.usage();
    assert!(after - before <= 2, "{} wake-ups in two idle seconds", after - before);
}

/// No byte for this long.
fn quiet(terminal: &Terminal, time: Duration) {
    let seen = terminal.seen.0.lock().unwrap();
    let count = seen.raw.len();
    let (seen, timeout) =
        terminal.seen.1.wait_timeout_while(seen, time, |seen| seen.raw.len() == count).unwrap();
    assert!(timeout.timed_out(), "bytes at rest: {:?}", String::from_utf8_lossy(&seen.raw[count..]));
}

#[test]
fn any_size_is_drawn_and_the_last_one_stays() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    let resize = |columns: u16, rows: u16| {
        let mut seen = terminal.seen.0.lock().unwrap();
        seen.parser.screen_mut().set_size(side(rows), side(columns));
        terminal.master.as_ref().unwrap().resize(size(columns, rows)).unwrap();
    };
    for step in 0..60_u16 {
        resize(1 + step * 37 % 200, 1 + step * 17 % 60);
        resize(1, 1);
        resize(200, 60);
    }
    resize(61, 7);
    terminal.wait_text("size 61x7");
    terminal.send(b"x");
    terminal.wait("whole frame", |seen| {
        let rows: Vec<String> = seen.parser.screen().rows(0, 61).collect();
        rows[0].starts_with("keys 1 last x b") && rows[5..].iter().all(|row| row == &"b".repeat(61))
    });
    // A terminal that does not know its size.
    terminal.master.as_ref().unwrap().resize(size(0, 0)).unwrap();
    terminal.seen.0.lock().unwrap().parser.screen_mut().set_size(side(24), side(80));
    terminal.wait_text("size 80x24");
}

#[test]
fn a_stalled_terminal_delays_nothing_and_then_shows_the_newest() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.pause(true);
    // Each key is a frame of 2 kB, and no pseudo-terminal holds 20,000 of them. The keys are taken all the same:
    // a terminal whose input is not read takes 4,095 bytes.
    for _ in 0..200 {
        terminal.send(&[b'x'; 100]);
    }
    terminal.pause(false);
    terminal.wait_text("keys 20000 last x");
    let letter = char::from(b'a' + u8::try_from(20_000 % 26).unwrap()).to_string();
    terminal.wait("whole frame", |seen| {
        seen.parser.screen().rows(0, 80).skip(5).all(|row| row == letter.repeat(80))
    });
    let written = terminal.raw().len();
    assert!(written < 400_000, "{written} bytes: frames queued");
}

#[test]
fn a_stalled_terminal_does_not_delay_the_end() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.pause(true);
    for _ in 0..200 {
        terminal.send(&[b'x'; 100]);
    }
    terminal.signal(Signal::TERM);
    terminal.exit(Duration::from_secs(1));
    terminal.pause(false);
    terminal.assert_restored();
}

#[test]
fn a_flood_of_data_is_thirty_frames_a_second_and_keys_get_through() {
    let mut terminal = on_probe(&["100000"]);
    terminal.wait_text("keys 0");
    let began = Instant::now();
    terminal.send(b"x");
    terminal.wait_text("keys 1 last x");
    terminal.wait_text("news 100000");
    let seconds = usize::try_from(began.elapsed().as_secs()).unwrap() + 2;
    // Each data frame writes some of the digits after `news`, in one place.
    let frames = terminal.raw().matches("\u{1b}[4;").count();
    assert!(frames <= 31 * seconds, "{frames} frames in {seconds} s");
}

#[test]
fn ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back() {
    let mut command = CommandBuilder::new("sh");
    command.args([
        "-c",
        "set -m; \"$0\"; echo stopped; read line; echo \"got $line\"; fg >/dev/null; echo done",
    ]);
    command.arg(probe());
    let mut terminal = Terminal::start(command);
    terminal.wait_text("keys 0");
    terminal.send(b"x");
    terminal.wait_text("keys 1");
    terminal.send(b"\x1a");
    terminal.wait_text("stopped");
    terminal.assert_restored();
    terminal.send(b"hello\n");
    terminal.wait("line", |seen| String::from_utf8_lossy(&seen.raw).contains("got hello"));
    terminal.wait("screen again", |seen| seen.parser.screen().alternate_screen());
    terminal.wait_text("keys 1 last x");
    terminal.send(b"\x0cy");
    terminal.wait_text("keys 2 last y");
    terminal.send(b"q");
    terminal.wait_text("done");
    assert!(terminal.exit(PATIENCE).success());
    assert_eq!(terminal.raw().matches(LEAVE).count(), 2);
}

#[test]
fn ctrl_z_without_a_shell_does_nothing() {
    let mut terminal = on_probe(&[]);
    terminal.wait_text("keys 0");
    terminal.send(b"\x1ax");
    terminal.wait_text("keys 1 last x");
}

#[test]
fn a_pipe_or_a_dumb_terminal_is_refused_in_words() {
    let output = Command::new(probe()).stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("standard input is not a terminal"), "{text}");

    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "TERM=dumb exec \"$0\""]);
    command.arg(probe());
    let terminal = Terminal::start(command);
    assert!(!terminal.exit(PATIENCE).success());
    terminal.wait_text("TERM is `dumb`");
    assert!(!terminal.raw().contains('\u{1b}'));
}
