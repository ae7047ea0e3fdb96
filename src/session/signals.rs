//! Signals, as events.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// A signal that ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// SIGTERM.
    Terminate,
    /// SIGINT, sent by another process: in raw mode Ctrl-C is a key.
    Interrupt,
    /// SIGQUIT.
    Quit,
    /// SIGHUP: the terminal is gone or going.
    HangUp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignalEvent {
    End(Termination),
    /// SIGTSTP.
    Stop,
    /// SIGCONT.
    Continue,
    /// SIGWINCH.
    Resize,
}

/// The signals that a session takes. They stay taken for the life of the process.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hang_up: Signal,
    stop: Signal,
    proceed: Signal,
    resize: Signal,
}

impl Signals {
    pub(super) fn take() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hang_up: signal(SignalKind::hangup())?,
            stop: signal(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            proceed: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resize: signal(SignalKind::window_change())?,
        })
    }

    /// The next one, the ending ones first. May be cancelled.
    pub(super) async fn next(&mut self) -> SignalEvent {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => SignalEvent::End(Termination::Terminate),
            _ = self.interrupt.recv() => SignalEvent::End(Termination::Interrupt),
            _ = self.quit.recv() => SignalEvent::End(Termination::Quit),
            _ = self.hang_up.recv() => SignalEvent::End(Termination::HangUp),
            _ = self.proceed.recv() => SignalEvent::Continue,
            _ = self.stop.recv() => SignalEvent::Stop,
            _ = self.resize.recv() => SignalEvent::Resize,
        }
    }
}
