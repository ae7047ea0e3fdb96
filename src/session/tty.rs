//! The local terminal: taken over, read, written, and given back exactly once.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::io::unix::AsyncFd;

use super::{panics, suspend};

/// Alternate screen, no cursor, pastes marked. The mouse stays the terminal's own, for selecting, until a program takes
/// it.
pub(super) const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[?2004h";
/// The opposite, and an end to a synchronized frame and to a style.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l";
/// Cancels a sequence that was cut in the middle (CAN), and a string (ST).
const CANCEL: &[u8] = b"\x18\x1b\\";
/// Clicks and the wheel are reported, in the form that knows columns above 223.
pub(super) const TAKE_MOUSE: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// The opposite.
pub(super) const GIVE_MOUSE: &[u8] = b"\x1b[?1006l\x1b[?1000l";
/// The window's title from before, where one was set (xterm's stack of titles).
const OLD_TITLE: &[u8] = b"\x1b[23;2t";

/// How long leaving waits for a terminal that takes no bytes.
const LEAVE_PATIENCE: Duration = Duration::from_millis(150);
/// What a terminal without a size is taken for.
const FALLBACK: Size = Size { width: 80, height: 24 };
/// The largest side that is drawn; a terminal that claims more gets its corner drawn.
const MAX_SIDE: u16 = 1000;

/// What the environment says of the terminal. It is passed in: a session over a socket has another one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `TERM`.
    pub term: String,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `TERM_PROGRAM`.
    pub term_program: String,
    /// `NO_COLOR` is there and not empty.
    pub no_color: bool,
    /// Inside tmux.
    pub tmux: bool,
    /// Over SSH: the person's own terminal is another machine's.
    pub remote: bool,
}

impl Environment {
    /// Reads it through `lookup`, such as `|name| std::env::var_os(name)`.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name| lookup(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
        Self {
            term: text("TERM"),
            colorterm: text("COLORTERM").to_ascii_lowercase(),
            term_program: text("TERM_PROGRAM"),
            no_color: !text("NO_COLOR").is_empty(),
            tmux: !text("TMUX").is_empty(),
            remote: ["SSH_CONNECTION", "SSH_TTY"].iter().any(|name| !text(name).is_empty()),
        }
    }

    /// Whether an address may be sent as a link (OSC 8). Most terminals know them and the others pass over them, but for
    /// a few that show the bytes. tmux hands them on since 3.4.
    pub(super) fn takes_links(&self) -> bool {
        let shows_the_bytes = ["", "dumb", "linux", "cygwin"].contains(&self.term.as_str())
            || ["vt", "eterm"].iter().any(|old| self.term.starts_with(old))
            || self.term.starts_with("screen") && !self.tmux
            || self.term_program == "Apple_Terminal";
        !shows_the_bytes
    }
}

/// Why there is no terminal to work on.
#[derive(Debug, thiserror::Error)]
pub enum TtyError {
    /// A pipe or a file stands where the terminal should be.
    #[error("standard {0} is not a terminal; the screen needs one (scripts use the other commands)")]
    NotATerminal(&'static str),
    /// `TERM` is `dumb` or missing.
    #[error("this terminal cannot place text (TERM is `{0}`); the screen needs one that can")]
    Dumb(String),
    /// It cannot be opened.
    #[error("the terminal cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// It does not take another mode.
    #[error("the terminal's mode cannot be changed: {0}")]
    Mode(#[source] io::Error),
}

/// The terminal of this process, opened but not taken over yet. Dropping it gives it back.
#[derive(Debug)]
pub struct Tty {
    fd: AsyncFd<Arc<OwnedFd>>,
    hold: Arc<Hold>,
    environment: Environment,
}

impl Tty {
    /// Opens the terminal that standard input and output are. It is opened anew, so that reading without
    /// blocking stays a property of this process and not of the shell behind it.
    ///
    /// # Errors
    ///
    /// See [`TtyError`].
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime with I/O.
    pub fn open(environment: Environment) -> Result<Self, TtyError> {
        let (input, output) = (rustix::stdio::stdin(), rustix::stdio::stdout());
        if !rustix::termios::isatty(input) {
            return Err(TtyError::NotATerminal("input"));
        }
        if !rustix::termios::isatty(output) {
            return Err(TtyError::NotATerminal("output"));
        }
        if matches!(environment.term.as_str(), "" | "dumb") {
            return Err(TtyError::Dumb(environment.term));
        }
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        // By its name first, for macOS cannot wait on /dev/tty; after `su` the name belongs to somebody else.
        let fd = rustix::termios::ttyname(input, Vec::new())
            .and_then(|name| open(name, flags, Mode::empty()))
            .or_else(|_| open("/dev/tty", flags, Mode::empty()))
            .map_err(|error| TtyError::Open(error.into()))?;
        let fd = Arc::new(fd);
        let hold = Arc::new(Hold::new(Arc::clone(&fd)));
        #[expect(
            deprecated,
            reason = "the new name is `unsafe`; the descriptor is owned here and never replaced"
        )]
        let fd = AsyncFd::new(fd).map_err(TtyError::Open)?;
        Ok(Self { fd, hold, environment })
    }

    /// What was said of it.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Its size; both sides are 1 at least, 1000 at most. One without a size is taken for 80x24.
    pub fn size(&self) -> Size {
        let side = |side: u16, fallback| if side == 0 { fallback } else { side.min(MAX_SIDE) };
        match tcgetwinsize(self.hold.fd.as_fd()) {
            Ok(size) => {
                Size { width: side(size.ws_col, FALLBACK.width), height: side(size.ws_row, FALLBACK.height) }
            }
            Err(_) => FALLBACK,
        }
    }

    pub(super) fn hold(&self) -> &Arc<Hold> {
        &self.hold
    }

    /// Takes the terminal over: raw mode. [`ENTER`] is the caller's to write.
    pub(super) fn enter(&self) -> Result<(), TtyError> {
        panics::protect(&self.hold);
        self.hold.enter().map_err(|error| TtyError::Mode(error.into()))
    }

    /// Reads what is there, one byte at least, as soon as something is. May be cancelled.
    pub(super) async fn read(&self, buffer: &mut [u8]) -> Result<usize, Gone> {
        loop {
            let mut guard = self.fd.readable().await.map_err(|_| Gone)?;
            match guard.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut *buffer)?)) {
                // The end of input, which a hang-up makes; in raw mode nothing else does.
                Ok(Ok(0)) => return Err(Gone),
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result.map_err(|_| Gone),
                Err(_would_block) => {}
            }
        }
    }

    /// Writes what it takes now; `0`: nothing at the moment.
    pub(super) fn write_now(&self, bytes: &[u8]) -> Result<usize, Gone> {
        loop {
            match rustix::io::write(self.hold.fd.as_fd(), bytes) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(0),
                result => return result.map_err(|_| Gone),
            }
        }
    }

    /// Writes as much as it takes, as soon as it takes something. May be cancelled.
    pub(super) async fn write(&self, bytes: &[u8]) -> Result<usize, Gone> {
        loop {
            let mut guard = self.fd.writable().await.map_err(|_| Gone)?;
            match guard.try_io(|fd| Ok(rustix::io::write(fd.get_ref(), bytes)?)) {
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(result) => return result.map_err(|_| Gone),
                Err(_would_block) => {}
            }
        }
    }
}

/// Nobody is at the other side of the terminal any more: EIO, or the end of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone;

impl Drop for Tty {
    fn drop(&mut self) {
        self.hold.leave();
    }
}

/// What is owed to the terminal: its old mode. Shared with the panic hook.
#[derive(Debug)]
pub(super) struct Hold {
    fd: Arc<OwnedFd>,
    /// The mode from before, while the terminal is taken over.
    owed: Mutex<Option<Termios>>,
    /// Bytes were cut in the middle.
    unfinished: AtomicBool,
    /// The window's title was changed.
    titled: AtomicBool,
    /// The mouse was taken.
    moused: AtomicBool,
    /// Answers may be on their way, which the shell must not take for commands.
    asked: AtomicBool,
}

impl Hold {
    fn new(fd: Arc<OwnedFd>) -> Self {
        Self {
            fd,
            owed: Mutex::new(None),
            unfinished: AtomicBool::new(false),
            titled: AtomicBool::new(false),
            moused: AtomicBool::new(false),
            asked: AtomicBool::new(false),
        }
    }

    fn owed(&self) -> std::sync::MutexGuard<'_, Option<Termios>> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_held(&self) -> bool {
        self.owed().is_some()
    }

    pub(super) fn set_unfinished(&self, unfinished: bool) {
        self.unfinished.store(unfinished, Ordering::Relaxed);
    }

    /// Returns whether it was the first time.
    pub(super) fn set_titled(&self) -> bool {
        !self.titled.swap(true, Ordering::Relaxed)
    }

    /// Whether leaving has to give the mouse back.
    pub(super) fn set_moused(&self, moused: bool) {
        self.moused.store(moused, Ordering::Relaxed);
    }

    pub(super) fn set_asked(&self, asked: bool) {
        self.asked.store(asked, Ordering::Relaxed);
    }

    /// Whether another process group has the terminal: touching it now would stop this process.
    pub(super) fn is_in_background(&self) -> bool {
        suspend::is_in_background(self.fd.as_fd())
    }

    fn enter(&self) -> rustix::io::Result<()> {
        let mut owed = self.owed();
        let old = match owed.take() {
            Some(old) => old,
            None => tcgetattr(self.fd.as_fd())?,
        };
        let mut raw = old.clone();
        raw.make_raw();
        *owed = Some(old);
        // Now, without waiting for output to drain: a stalled terminal never does.
        tcsetattr(self.fd.as_fd(), OptionalActions::Now, &raw)
    }

    /// Gives the terminal back, if it is held. Takes [`LEAVE_PATIENCE`] at most, twice.
    pub(super) fn leave(&self) {
        let Some(old) = self.owed().take() else { return };
        if self.is_in_background() {
            return;
        }
        let mut bytes = Vec::with_capacity(64);
        if self.unfinished.swap(false, Ordering::Relaxed) {
            bytes.extend_from_slice(CANCEL);
        }
        if self.titled.swap(false, Ordering::Relaxed) {
            bytes.extend_from_slice(OLD_TITLE);
        }
        // Kept: who comes back from the shell takes it again.
        if self.moused.load(Ordering::Relaxed) {
            bytes.extend_from_slice(GIVE_MOUSE);
        }
        bytes.extend_from_slice(LEAVE);
        if !self.write_all_within(&bytes, LEAVE_PATIENCE) {
            // It is stalled. What it was going to show does not matter any more; that it is usable afterwards does.
            let _ = tcflush(self.fd.as_fd(), QueueSelector::OFlush);
            self.write_all_within(&[CANCEL, &bytes].concat(), Duration::ZERO);
        }
        if self.asked.swap(false, Ordering::Relaxed) {
            let _ = tcflush(self.fd.as_fd(), QueueSelector::IFlush);
        }
        let _ = tcsetattr(self.fd.as_fd(), OptionalActions::Now, &old);
        panics::report_kept();
    }

    /// Whether all was written in time. A dead terminal counts as in time: it needs no second try.
    fn write_all_within(&self, mut bytes: &[u8], patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while !bytes.is_empty() {
            match rustix::io::write(self.fd.as_fd(), bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let Ok(left) = Timespec::try_from(left) else { return false };
                    let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
                    if matches!(poll(&mut fds, Some(&left)), Ok(0)) {
                        return false;
                    }
                }
                Err(_) => return true,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_go_where_they_are_known_or_passed_over() {
        for (term, program, tmux, takes) in [
            ("xterm-256color", "", false, true),
            ("xterm-kitty", "", false, true),
            ("alacritty", "", false, true),
            ("foot", "", false, true),
            ("tmux-256color", "tmux", true, true),
            ("screen-256color", "tmux", true, true),
            ("screen", "", false, false),
            ("xterm-256color", "Apple_Terminal", false, false),
            ("linux", "", false, false),
            ("vt100", "", false, false),
            ("dumb", "", false, false),
            ("", "", false, false),
        ] {
            let environment = Environment {
                term: term.to_owned(),
                term_program: program.to_owned(),
                tmux,
                ..Environment::default()
            };
            assert_eq!(environment.takes_links(), takes, "{term} {program}");
        }
    }
}
