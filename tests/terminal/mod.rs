//! A program on a real pseudo-terminal, with an emulator that looks at it.
//!
//! Every wait is for a condition; the time-outs are there to fail.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "helpers of several tests, none of which uses all; a test that cannot go on has failed"
)]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than anything takes on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Into the alternate screen.
pub const ENTER: &str = "\u{1b}[?1049h";
/// Out of it.
pub const LEAVE: &str = "\u{1b}[?1049l";

/// What a terminal emulator has seen.
pub struct Seen {
    pub parser: vt100::Parser,
    pub raw: Vec<u8>,
    /// Stalled: nothing more is read from the program.
    pub paused: bool,
    /// The emulator goes away after its next read.
    pub closing: bool,
}

pub struct Terminal {
    pub master: Option<Box<dyn MasterPty + Send>>,
    pub writer: Option<Box<dyn Write + Send>>,
    pub emulator: Option<JoinHandle<()>>,
    pub seen: Arc<(Mutex<Seen>, Condvar)>,
    pub pid: Pid,
    exit: mpsc::Receiver<ExitStatus>,
    termios: String,
}

impl Terminal {
    pub fn start(command: CommandBuilder) -> Self {
        Self::start_on(command, &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")])
    }

    /// The same on a terminal that tells this of itself.
    pub fn start_on(mut command: CommandBuilder, told: &[(&str, &str)]) -> Self {
        let pty = native_pty_system().openpty(size(80, 24)).unwrap();
        for name in ["TERM", "COLORTERM", "NO_COLOR"] {
            command.env_remove(name);
        }
        for (name, value) in told {
            command.env(name, value);
        }
        command.env("RUST_BACKTRACE", "0");
        let termios = format!("{:?}", pty.master.get_termios());
        let mut child: Box<dyn Child + Send + Sync> = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let pid = Pid::from_raw(i32::try_from(child.process_id().unwrap()).unwrap()).unwrap();
        let (ended, exit) = mpsc::channel();
        std::thread::spawn(move || ended.send(child.wait().unwrap()));
        let seen = Seen {
            parser: vt100::Parser::new(side(24), side(80), 0),
            raw: Vec::new(),
            paused: false,
            closing: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let reader = pty.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        let emulator = Some(std::thread::spawn(move || emulate(reader, &shared)));
        let writer = pty.master.take_writer().unwrap();
        Self { master: Some(pty.master), writer: Some(writer), emulator, seen, pid, exit, termios }
    }

    pub fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes).unwrap();
        writer.flush().unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    pub fn pause(&self, paused: bool) {
        self.seen.0.lock().unwrap().paused = paused;
        self.seen.1.notify_all();
    }

    /// Waits until what was seen is as wanted.
    pub fn wait(&self, what: &str, wanted: impl Fn(&Seen) -> bool) {
        let seen = self.seen.0.lock().unwrap();
        let (seen, timeout) = self.seen.1.wait_timeout_while(seen, PATIENCE, |seen| !wanted(seen)).unwrap();
        assert!(!timeout.timed_out(), "no {what}; the screen is:\n{}", seen.parser.screen().contents());
    }

    pub fn wait_text(&self, text: &str) {
        self.wait(text, |seen| seen.parser.screen().contents().contains(text));
    }

    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }

    pub fn exit(&self, patience: Duration) -> ExitStatus {
        self.exit.recv_timeout(patience).expect("it goes on")
    }

    /// The terminal is as it was, and was given back once.
    pub fn assert_restored(&self) {
        self.wait("restored screen", |seen| {
            let screen = seen.parser.screen();
            !screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste()
        });
        let raw = self.raw();
        assert_eq!((raw.matches(ENTER).count(), raw.matches(LEAVE).count()), (1, 1), "{raw:?}");
        self.assert_modes_restored();
    }

    /// The terminal echoes and edits lines as it did before the program came.
    pub fn assert_modes_restored(&self) {
        // The modes follow the last bytes, so they may come a moment after what the emulator has seen.
        let modes = || format!("{:?}", self.master.as_ref().unwrap().get_termios());
        let until = Instant::now() + PATIENCE;
        while modes() != self.termios && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(modes(), self.termios);
    }

    /// Processor time and wake-ups of all threads so far: clock ticks, voluntary context switches.
    pub fn usage(&self) -> (u64, u64) {
        let base = PathBuf::from(format!("/proc/{}", self.pid.as_raw_nonzero()));
        let stat = std::fs::read_to_string(base.join("stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        let switches = std::fs::read_dir(base.join("task")).unwrap().map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        });
        (ticks, switches.sum())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only what a failed test leaves behind: it was started here and not waited for yet.
        if matches!(self.exit.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }
}

fn emulate(mut reader: Box<dyn Read + Send>, shared: &(Mutex<Seen>, Condvar)) {
    let mut bytes = [0; 4096];
    loop {
        drop(shared.1.wait_while(shared.0.lock().unwrap(), |seen| seen.paused).unwrap());
        let Ok(count @ 1..) = reader.read(&mut bytes) else { return };
        let mut seen = shared.0.lock().unwrap();
        seen.parser.process(&bytes[..count]);
        seen.raw.extend_from_slice(&bytes[..count]);
        shared.1.notify_all();
        if seen.closing {
            return;
        }
    }
}

pub fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

pub fn side(side: u16) -> NonZeroU16 {
    NonZeroU16::new(side).unwrap()
}
