//! Measures terminal programs side by side on pseudo-terminals of 160x50: start, idle, key.
//!
//! ```text
//! cargo build --release --example measure
//! target/release/examples/measure [--rounds 5] [--idle 10] --program NAME 'ready words' 'keys' 'COMMAND ARGS…' --program …
//! ```
//!
//! The programs take turns within each round, so that a busy moment of the machine meets all of them. A frame counts
//! from the moment the program was started until the screen shows the ready words. A key counts from its write until the
//! first byte that the program writes back; the keys are pressed in turn. Linux only: it reads `/proc`.

#![allow(
    clippy::print_stderr,
    clippy::disallowed_macros,
    reason = "a tool of the developer's, at a terminal"
)]

use std::io::{Read, Write};
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const COLUMNS: u16 = 160;
const ROWS: u16 = 50;

/// How long a program may take to show its ready words.
const PATIENCE: Duration = Duration::from_secs(30);

/// Keys measured in a round.
const KEYS: usize = 60;

struct Program {
    name: String,
    ready: String,
    keys: Vec<u8>,
    command: Vec<String>,
    results: Results,
}

#[derive(Default)]
struct Results {
    frame: Vec<Duration>,
    frame_bytes: Vec<usize>,
    key: Vec<Duration>,
    key_bytes: Vec<usize>,
    idle_bytes: Vec<usize>,
    wake_ups: Vec<u64>,
    memory_kib: Vec<u64>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("measure: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut rounds = 5;
    let mut idle = Duration::from_secs(10);
    let mut programs = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{flag} needs a value"));
        match flag.as_str() {
            "--rounds" => rounds = value()?.parse()?,
            "--idle" => idle = Duration::from_secs(value()?.parse()?),
            "--program" => programs.push(Program {
                name: value()?,
                ready: value()?,
                keys: value()?.into_bytes(),
                command: value()?.split_whitespace().map(str::to_owned).collect(),
                results: Results::default(),
            }),
            other => bail!("unknown flag {other}"),
        }
    }
    for round in 0..rounds {
        for program in &mut programs {
            eprintln!("round {}: {}", round + 1, program.name);
            measure(program, idle).with_context(|| program.name.clone())?;
        }
    }
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| program | first frame, ms | its bytes | key, ms (median, p95) | bytes a key | idle bytes/s | idle wake-ups/s | memory, KiB |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let seconds = idle.as_secs().max(1);
    for program in &mut programs {
        let results = &mut program.results;
        writeln!(
            out,
            "| {} | {} | {} | {}, {} | {} | {} | {} | {} |",
            program.name,
            millis(quantile(&mut results.frame, 50)),
            quantile(&mut results.frame_bytes, 50),
            millis(quantile(&mut results.key, 50)),
            millis(quantile(&mut results.key, 95)),
            quantile(&mut results.key_bytes, 50),
            quantile(&mut results.idle_bytes, 50) as u64 / seconds,
            quantile(&mut results.wake_ups, 50) / seconds,
            quantile(&mut results.memory_kib, 50),
        )?;
    }
    Ok(())
}

fn measure(program: &mut Program, idle: Duration) -> Result<()> {
    let size = PtySize { rows: ROWS, cols: COLUMNS, pixel_width: 0, pixel_height: 0 };
    let pty = native_pty_system().openpty(size)?;
    let mut command = CommandBuilder::new(&program.command[0]);
    command.args(&program.command[1..]);
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    let started = Instant::now();
    let child = pty.slave.spawn_command(command).context("it cannot be started")?;
    drop(pty.slave);
    let bytes = reader_of(pty.master.as_ref())?;
    let mut running = Running { child, bytes };
    let measured = running.play(program, idle, started, pty.master.take_writer()?);
    running.child.kill().ok();
    running.child.wait().ok();
    measured
}

struct Running {
    child: Box<dyn Child + Send + Sync>,
    bytes: Receiver<(Instant, Vec<u8>)>,
}

impl Running {
    fn play(
        &mut self,
        program: &mut Program,
        idle: Duration,
        started: Instant,
        mut keyboard: Box<dyn Write + Send>,
    ) -> Result<()> {
        let cells = |cells| NonZero::new(cells).context("a screen has at least one cell");
        let mut screen = vt100::Parser::new(cells(ROWS)?, cells(COLUMNS)?, 0);
        let mut count = 0;
        loop {
            let (at, more) = self.bytes.recv_timeout(PATIENCE).context("its ready words never came")?;
            count += more.len();
            answer(&more, keyboard.as_mut())?;
            screen.process(&more);
            if screen.screen().contents().contains(&program.ready) {
                program.results.frame.push(at - started);
                program.results.frame_bytes.push(count);
                break;
            }
        }
        self.rest(Duration::from_secs(2));
        for press in 0..KEYS {
            let key = program.keys[press % program.keys.len()];
            let pressed = Instant::now();
            keyboard.write_all(&[key])?;
            keyboard.flush()?;
            // A key that changes nothing gets no answer, and counts for nothing.
            if let Ok((at, more)) = self.bytes.recv_timeout(Duration::from_millis(500)) {
                program.results.key.push(at - pressed);
                program.results.key_bytes.push(more.len() + self.rest(Duration::from_millis(20)));
            }
            std::thread::park_timeout(Duration::from_millis(30));
        }
        self.rest(Duration::from_secs(1));
        let pid = self.child.process_id().context("it has no process id")?;
        let before = wake_ups(pid)?;
        program.results.idle_bytes.push(self.rest(idle));
        program.results.wake_ups.push(wake_ups(pid)? - before);
        program.results.memory_kib.push(memory(pid)?);
        Ok(())
    }

    /// Reads for so long, and says how much came.
    fn rest(&self, time: Duration) -> usize {
        let until = Instant::now() + time;
        let mut count = 0;
        while let Ok((_, more)) = self.bytes.recv_timeout(until.saturating_duration_since(Instant::now())) {
            count += more.len();
        }
        count
    }
}

/// Answers what programs ask a terminal at their start, as xterm would; some wait for seconds where nothing answers.
fn answer(bytes: &[u8], keyboard: &mut dyn Write) -> Result<()> {
    for (question, reply) in [
        (&b"\x1b[c"[..], &b"\x1b[?62;22c"[..]),
        (b"\x1b[0c", b"\x1b[?62;22c"),
        (b"\x1b[6n", b"\x1b[1;1R"),
        (b"\x1b[?u", b"\x1b[?0u"),
        (b"\x1b[?2026$p", b"\x1b[?2026;2$y"),
        (b"\x1b]11;?", b"\x1b]11;rgb:1010/1010/1414\x1b\\"),
    ] {
        if bytes.windows(question.len()).any(|window| window == question) {
            keyboard.write_all(reply)?;
        }
    }
    Ok(keyboard.flush()?)
}

/// Bytes with the moment at which they were read.
fn reader_of(master: &dyn MasterPty) -> Result<Receiver<(Instant, Vec<u8>)>> {
    let mut reader = master.try_clone_reader()?;
    let (sender, bytes) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if sender.send((Instant::now(), buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
    Ok(bytes)
}

/// Voluntary context switches of all threads.
fn wake_ups(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        sum += field(&std::fs::read_to_string(task?.path().join("status"))?, "voluntary_ctxt_switches:")?;
    }
    Ok(sum)
}

/// Resident memory in KiB.
fn memory(pid: u32) -> Result<u64> {
    field(&std::fs::read_to_string(format!("/proc/{pid}/status"))?, "VmRSS:")
}

fn field(status: &str, name: &str) -> Result<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).context("the kernel does not tell")?;
    Ok(line.split_whitespace().next().context("the kernel does not tell")?.parse()?)
}

/// The value below which so many percent lie; zero of nothing.
fn quantile<T: Ord + Copy + Default>(values: &mut [T], percent: usize) -> T {
    values.sort_unstable();
    values
        .get((values.len() * percent / 100).min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn millis(duration: Duration) -> String {
    let micros = duration.as_micros();
    format!("{}.{:02}", micros / 1000, micros % 1000 / 10)
}
