//! `saldo --linear`: the desk as plain sentences on standard output, and saldo's own commands as lines on standard input.
//!
//! A line that is typed runs as `saldo LINE` would beside an open cockpit: in a process of its own that asks this one over
//! its socket. So whatever a command does, asks and refuses, it does here in the same way.

use std::io::{self, IsTerminal, Write, stdout};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, Parser};
use jiff::Timestamp;
use rustix::event::{PollFd, PollFlags, poll};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::context::asked_to_stop;
use crate::domain::suggestion::suggestion;
use crate::engine::message::News;
use crate::lang::{Lang, LinearWords};
use crate::session::{Cockpit, Now, Program};
use crate::ui::linear::Teller;

/// News taken in one go, so that a burst is a few sentences.
const BATCH: usize = 64;

/// A line is a command; what is longer was pasted by mistake, and is cut off there.
const LONGEST_LINE: usize = 16 * 1024;

/// The longest sleep where nothing changes by time alone.
const LONG: Duration = Duration::from_secs(3_600);

/// How a line that was typed is run.
pub(super) struct Runner {
    /// Flags before the command: the same configuration, profile and journal.
    pub(super) flags: Vec<(&'static str, PathBuf)>,
    /// What is typed at a desk that only reads acts no more than its keys do.
    pub(super) read_only: bool,
}

/// What came of reading a line.
enum Line {
    Typed(String),
    /// There will be no more.
    Ended,
}

/// Tells until it is stopped or nobody reads it any more.
pub(super) async fn run(
    mut cockpit: Cockpit,
    mut news: mpsc::Receiver<News>,
    runner: &Runner,
) -> io::Result<()> {
    let begun = Instant::now();
    let now = || Now { elapsed: begun.elapsed(), wall: Timestamp::now() };
    let mut teller = Teller::default();
    let mut stop = Box::pin(asked_to_stop());
    let mut reader_gone = Box::pin(reader_gone());
    let mut stopping = false;
    let mut child: Option<Child> = None;
    let mut reading = Some(read_line());
    let mut writing = Some(write(teller.greet(cockpit.app())));
    loop {
        if stopping && child.is_none() {
            return write(vec![cockpit.app().lang.linear().goodbye.to_owned()]).await?;
        }
        let wake = cockpit.next_wake(now()).unwrap_or(LONG);
        let wake = teller.wait(cockpit.app()).map_or(wake, |soon| soon.min(wake));
        tokio::select! {
            biased;
            // A command on the way is not left alone: it was asked to stop as well, and says what became of it.
            () = &mut stop, if !stopping => stopping = true,
            () = &mut reader_gone => return Ok(()),
            ended = ended(&mut writing), if writing.is_some() => {
                writing = None;
                match ended? {
                    Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                    written => written?,
                }
            }
            _ = waited(&mut child), if child.is_some() => {
                child = None;
                reading = Some(read_line());
            }
            line = ended(&mut reading), if reading.is_some() && writing.is_none() => {
                reading = None;
                let words = cockpit.app().lang.linear();
                let lines = match line?? {
                    Line::Ended => vec![words.no_input.to_owned()],
                    Line::Typed(text) => match text.trim() {
                        quit if quit == words.quit || quit == "quit" => {
                            stopping = true;
                            Vec::new()
                        }
                        other => {
                            let (lines, begun) = runner.answer(other, &cockpit, &mut teller);
                            child = begun;
                            if child.is_none() {
                                reading = Some(read_line());
                            }
                            lines
                        }
                    },
                };
                writing = Some(write(lines));
            }
            told = news.recv(), if !news.is_closed() || !news.is_empty() => {
                let mut told = told;
                for _ in 0..BATCH {
                    let Some(one) = told else { break };
                    let _ = cockpit.message(one.into(), now());
                    told = news.try_recv().ok();
                }
            }
            () = sleep(wake) => {
                let _ = cockpit.wake(now());
            }
        }
        // While a command asks its questions nothing is said between them; it is all said afterwards.
        if writing.is_none() && child.is_none() && !stopping {
            let lines = teller.tell(cockpit.app());
            if !lines.is_empty() {
                writing = Some(write(lines));
            }
        }
    }
}

/// What is wrong with a line that is no command, in the desk's words. A value is not repeated: it may be a person's.
fn slip(arguments: &[String], words: &LinearWords) -> Option<String> {
    let arguments = arguments.strip_prefix(&["saldo".to_owned()]).unwrap_or(arguments);
    let line = std::iter::once("saldo").chain(arguments.iter().map(String::as_str));
    // Help is an error too, to the parser; it goes to the command, which prints it.
    let parsed = super::Arguments::try_parse_from(line);
    if parsed.as_ref().is_ok_and(super::Arguments::takes_the_terminal) {
        let command = arguments.iter().find(|argument| !argument.starts_with('-'));
        return Some(words.not_here.replace("{}", command.map_or("saldo", String::as_str)));
    }
    let error = parsed.err().filter(clap::Error::use_stderr)?;
    let names: Vec<String> =
        super::Arguments::command().get_subcommands().map(|one| one.get_name().to_owned()).collect();
    let command = arguments.iter().find(|argument| !argument.starts_with('-'));
    if let Some(command) = command.filter(|command| !names.contains(command)) {
        // `{:?}` shows what a terminal could obey.
        let none = words.no_command.replace("{}", &format!("{command:?}"));
        let nearest = suggestion(command, names.iter().map(String::as_str));
        let meant = nearest.map(|nearest| words.meant.replace("{}", nearest));
        return Some([Some(none), meant].into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    let what = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => flag.clone(),
        Some(ContextValue::Strings(flags)) => flags.join(", "),
        _ => "…".to_owned(),
    };
    let command = command.map_or("saldo", String::as_str);
    Some(words.wrong_flags.replacen("{}", &what, 1).replacen("{}", command, 1))
}

impl Runner {
    /// What is said to a line, and the command that it began.
    fn answer(&self, line: &str, cockpit: &Cockpit, teller: &mut Teller) -> (Vec<String>, Option<Child>) {
        let words = cockpit.app().lang.linear();
        match line {
            "" => (Vec::new(), None),
            "now" => (teller.now(cockpit.app()), None),
            now if now == words.now => (teller.now(cockpit.app()), None),
            help if help == words.help || matches!(help, "help" | "?") => (vec![words.hint.to_owned()], None),
            // A command would print what is hidden here.
            _ if cockpit.app().is_private() => (vec![words.masked.to_owned()], None),
            command => match shlex::split(command) {
                None => (vec![words.not_understood.to_owned()], None),
                Some(arguments) if let Some(slip) = slip(&arguments, words) => (vec![slip], None),
                Some(arguments) => match self.begin(&arguments, cockpit.app().lang) {
                    Ok(child) => (Vec::new(), Some(child)),
                    Err(error) => (vec![error.to_string()], None),
                },
            },
        }
    }

    fn begin(&self, arguments: &[String], lang: Lang) -> io::Result<Child> {
        // Of `saldo balance` the first word goes without saying.
        let arguments = arguments.strip_prefix(&["saldo".to_owned()]).unwrap_or(arguments);
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("--lang").arg(lang.as_str());
        for (flag, value) in &self.flags {
            command.arg(flag).arg(value);
        }
        if self.read_only {
            command.arg("--read-only");
        }
        // What follows on a pipe is the desk's own; a command that asks has nobody there to ask.
        if !io::stdin().is_terminal() {
            command.stdin(Stdio::null());
        }
        command.args(arguments).spawn()
    }
}

/// The end of what may be under way; the branch that waits for it is taken only where something is.
async fn ended<T>(task: &mut Option<JoinHandle<T>>) -> io::Result<T> {
    match task {
        Some(task) => task.await.map_err(io::Error::other),
        None => std::future::pending().await,
    }
}

async fn waited(child: &mut Option<Child>) -> io::Result<std::process::ExitStatus> {
    match child {
        Some(child) => child.wait().await,
        None => std::future::pending().await,
    }
}

/// Ends when nobody can read what is told any more: a pipe that was closed, a terminal that hung up.
async fn reader_gone() {
    let looked = tokio::task::spawn_blocking(|| {
        let out = stdout();
        let mut out = [PollFd::new(&out, PollFlags::empty())];
        // Without events to wait for, only the end of the reader is one.
        while let Err(rustix::io::Errno::INTR) = poll(&mut out, None) {}
    });
    if looked.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// On a thread of its own: a reader that stalls stops nothing but the telling.
fn write(lines: Vec<String>) -> JoinHandle<io::Result<()>> {
    tokio::task::spawn_blocking(move || {
        let mut out = stdout().lock();
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()
    })
}

/// A line, byte by byte: what follows it on a pipe belongs to the command that it begins.
fn read_line() -> JoinHandle<io::Result<Line>> {
    tokio::task::spawn_blocking(|| {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match rustix::io::read(rustix::stdio::stdin(), &mut byte) {
                Ok(0) if line.is_empty() => return Ok(Line::Ended),
                Ok(0) => break,
                Ok(_) if byte == [b'\n'] => break,
                Ok(_) if line.len() < LONGEST_LINE => line.push(byte[0]),
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                // A terminal that hung up, or one that this process may not read in the background.
                Err(rustix::io::Errno::IO) => return Ok(Line::Ended),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Line::Typed(String::from_utf8_lossy(&line).into_owned()))
    })
}
