//! The order in which things happen: one task, one biased `select!`.

use std::any::Any;
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use ratatui::layout::Size;
use tokio::sync::mpsc;
use tokio::time::sleep_until;

use super::color::ColorDepth;
use super::input::{Decoder, Input, TerminalReply};
use super::panics::Running;
use super::program::{Flow, Now, Program, Redraw};
use super::signals::{SignalEvent, Signals, Termination};
use super::suspend;
use super::tty::{Gone, Tty, TtyError};
use super::writer::Writer;
use crate::app::key::{Key, KeyPress, Modifiers};

/// Frames for data are so far apart at least: 30 a second, as many as an eye and a slow link can use.
const FRAME_TIME: Duration = Duration::from_millis(33);
/// Data messages taken in one go, so that a burst is one frame and yet keys are looked at in between.
const DATA_BATCH: usize = 64;
/// A program cannot be woken more often than this.
const MIN_WAKE: Duration = Duration::from_millis(1);

/// Gives the terminal to the shell. It is the session's, unless the program binds keys itself.
pub const SUSPEND_KEY: KeyPress = KeyPress { key: Key::Char('z'), modifiers: Modifiers::CTRL };
/// Writes the whole screen anew. It is the session's, unless the program binds keys itself.
pub const REPAINT_KEY: KeyPress = KeyPress { key: Key::Char('l'), modifiers: Modifiers::CTRL };

/// Where a program's messages come from. Either may be closed at any time.
#[derive(Debug)]
pub struct News<M, D = M> {
    /// Before any data: outcomes of payments, answers that a person waits for.
    pub urgent: mpsc::Receiver<M>,
    /// Everything else, up to 64 between two looks at the keyboard.
    pub data: mpsc::Receiver<D>,
}

/// Why a session ended. In every case the terminal has been given back already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The user's wish.
    Quit,
    /// A signal's.
    Terminated(Termination),
    /// The terminal is gone.
    HungUp,
}

/// Why a session did not work.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The terminal could not be taken over.
    #[error(transparent)]
    Tty(#[from] TtyError),
    /// Signals could not be taken.
    #[error("signals cannot be handled: {0}")]
    Signals(#[source] io::Error),
    /// The program panicked. The terminal was given back, then the panic was reported.
    #[error("the screen crashed: {0}")]
    Panicked(String),
}

/// Runs `program` on `terminal` until one of them ends. The first frame is written before anything is waited
/// for. `depth` is usually [`ColorDepth::detect`]'s.
///
/// For the shortest way from key to frame, run it on a task of its own or on a current-thread runtime: the
/// future of a multi-thread runtime's `block_on` is woken by way of another thread.
///
/// # Errors
///
/// See [`SessionError`]. A terminal that goes away is no error, but [`Ended::HungUp`].
pub async fn run<P: Program, D: Into<P::Message>>(
    program: P,
    terminal: Tty,
    depth: ColorDepth,
    news: News<P::Message, D>,
) -> Result<Ended, SessionError> {
    let hold = Arc::clone(terminal.hold());
    let mut session = pin!(async move {
        // Signals first: from here on none can end the process between raw mode and its guard.
        let signals = Signals::take().map_err(SessionError::Signals)?;
        Session::new(program, terminal, depth).drive(signals, news).await
    });
    let ended = poll_fn(|context| {
        let _running = Running::on_this_thread(&hold);
        match catch_unwind(AssertUnwindSafe(|| session.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(SessionError::Panicked(message_of(&*panic)))),
        }
    })
    .await;
    hold.leave();
    ended
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

/// Everything but the sources of events.
struct Session<P> {
    program: P,
    tty: Tty,
    writer: Writer,
    decoder: Decoder,
    began: Instant,
    size: Size,
    redraw: Redraw,
    last_frame: Option<Instant>,
    inputs: Vec<Input>,
    /// The shell has the terminal.
    away: bool,
    /// The terminal is one that makes links of addresses, or passes over what it does not know.
    links: bool,
    ended: Option<Ended>,
}

impl<P: Program> Session<P> {
    fn new(program: P, tty: Tty, depth: ColorDepth) -> Self {
        Self {
            program,
            size: tty.size(),
            links: tty.environment().takes_links(),
            tty,
            writer: Writer::new(depth),
            decoder: Decoder::default(),
            began: Instant::now(),
            redraw: Redraw::Now,
            last_frame: None,
            inputs: Vec::new(),
            away: false,
            ended: None,
        }
    }

    async fn drive<D: Into<P::Message>>(
        mut self,
        mut signals: Signals,
        mut news: News<P::Message, D>,
    ) -> Result<Ended, SessionError> {
        self.open()?;
        let mut bytes = [0; 4096];
        let mut batch = Vec::with_capacity(DATA_BATCH);
        loop {
            self.on_time();
            if let Some(ended) = self.ended {
                // Before anything of the program is dropped.
                self.tty.hold().leave();
                return Ok(ended);
            }
            let deadline = self.deadline();
            tokio::select! {
                biased;
                signal = signals.next() => self.on_signal(signal),
                read = self.tty.read(&mut bytes), if !self.away => self.on_read(read.map(|count| &bytes[..count])),
                Some(message) = news.urgent.recv() => self.on_message(message),
                written = self.writer.drain(&self.tty), if self.writer.is_stalled() => self.on_written(written),
                1.. = news.data.recv_many(&mut batch, DATA_BATCH) => batch.drain(..).for_each(|it| self.on_message(it.into())),
                () = sleep_until(deadline.unwrap_or(self.began).into()), if deadline.is_some() => {}
            }
        }
    }

    /// Takes the terminal over and shows the first frame, with the questions in front of it.
    fn open(&mut self) -> Result<(), SessionError> {
        self.tty.enter()?;
        self.writer.enter();
        if self.writer.ask(self.tty.environment()) {
            self.decoder.expect_replies(self.began);
            self.tty.hold().set_asked(true);
        }
        let flow = self.program.input(Input::Resize(self.size), self.now());
        self.apply(flow);
        Ok(())
    }

    fn now(&self) -> Now {
        Now { elapsed: self.began.elapsed(), wall: Timestamp::now() }
    }

    /// What is due by the clock, the frame last. Looked at in every round, so that no flood delays it.
    fn on_time(&mut self) {
        let instant = Instant::now();
        self.decoder.flush(instant, &mut self.inputs);
        self.take_inputs();
        let now = self.now();
        if self.program.next_wake(now) == Some(Duration::ZERO) {
            let flow = self.program.wake(now);
            self.apply(flow);
        }
        if self.ended.is_none() && self.frame_due().is_some_and(|due| due <= instant) {
            self.draw(instant);
        }
    }

    /// When something is due by the clock.
    fn deadline(&self) -> Option<Instant> {
        let instant = Instant::now();
        let wake = self.program.next_wake(self.now()).map(|wait| instant + wait.max(MIN_WAKE));
        [self.decoder.deadline(instant), wake, self.frame_due()].into_iter().flatten().min()
    }

    /// When the next frame may be drawn, if one is wanted and the terminal can take it.
    fn frame_due(&self) -> Option<Instant> {
        if self.away || self.writer.is_stalled() {
            return None;
        }
        match self.redraw {
            Redraw::None => None,
            Redraw::Soon => Some(self.last_frame.map_or(self.began, |last| last + FRAME_TIME)),
            Redraw::Now | Redraw::Repaint => Some(self.began),
        }
    }

    fn draw(&mut self, instant: Instant) {
        if std::mem::take(&mut self.redraw) == Redraw::Repaint {
            self.writer.forget();
        }
        self.last_frame = Some(instant);
        let mut canvas = self.writer.canvas(self.size);
        let cursor = self.program.draw(&mut canvas);
        let link = if self.links { self.program.link(&canvas) } else { None };
        self.writer.frame(canvas, cursor, link);
        self.push();
    }

    fn push(&mut self) {
        let pushed = self.writer.push(&self.tty);
        self.on_written(pushed);
    }

    fn on_written(&mut self, written: Result<(), Gone>) {
        if written == Err(Gone) {
            self.hang_up();
        }
    }

    fn on_read(&mut self, read: Result<&[u8], Gone>) {
        match read {
            Ok(bytes) => {
                self.decoder.feed(bytes, Instant::now(), &mut self.inputs);
                self.take_inputs();
            }
            Err(Gone) => self.hang_up(),
        }
    }

    fn hang_up(&mut self) {
        if self.ended.is_none() {
            let _ = self.program.input(Input::HungUp, self.now());
            self.ended = Some(Ended::HungUp);
        }
    }

    fn take_inputs(&mut self) {
        let mut inputs = std::mem::take(&mut self.inputs);
        for input in inputs.drain(..) {
            if self.ended.is_some() {
                break;
            }
            let owns = self.program.leaves_keys_to_the_session();
            match input {
                Input::Key(SUSPEND_KEY) if owns => self.suspend(),
                Input::Key(REPAINT_KEY) if owns => self.redraw = Redraw::Repaint,
                input => self.on_input(input),
            }
        }
        // Kept for its memory.
        self.inputs = inputs;
    }

    fn on_input(&mut self, input: Input) {
        match input {
            Input::Reply(TerminalReply::SynchronizedOutput(known)) => self.writer.set_synchronized(known),
            Input::Reply(TerminalReply::DeviceAttributes) => self.tty.hold().set_asked(false),
            _ => {}
        }
        let flow = self.program.input(input, self.now());
        self.apply(flow);
    }

    fn on_message(&mut self, message: P::Message) {
        let flow = self.program.message(message, self.now());
        self.apply(flow);
    }

    fn apply(&mut self, flow: Flow) {
        self.redraw = self.redraw.max(flow.redraw);
        if !flow.commands.is_empty() {
            for command in flow.commands {
                self.writer.command(command);
            }
            if !self.away {
                self.push();
            }
        }
        if flow.exit.is_some() && self.ended.is_none() {
            self.ended = Some(Ended::Quit);
        } else if flow.suspend {
            self.suspend();
        }
    }

    fn on_signal(&mut self, signal: SignalEvent) {
        match signal {
            SignalEvent::End(termination) => self.ended = Some(Ended::Terminated(termination)),
            SignalEvent::Stop => self.suspend(),
            SignalEvent::Continue => self.resume(),
            SignalEvent::Resize => self.measure(),
        }
    }

    /// A resize is drawn like data: a window that is dragged makes a storm of them.
    fn measure(&mut self) {
        let size = self.tty.size();
        if size != self.size {
            self.size = size;
            self.redraw = self.redraw.max(Redraw::Soon);
            self.on_input(Input::Resize(size));
        }
    }

    /// Gives the terminal to the shell and stops. Continuing is a signal of its own.
    fn suspend(&mut self) {
        if self.away || !suspend::may_stop() {
            return;
        }
        self.tty.hold().leave();
        self.away = true;
        suspend::stop();
    }

    /// Continued: in the foreground the terminal is taken over again, in the background it is left alone.
    fn resume(&mut self) {
        self.away = self.tty.hold().is_in_background();
        if self.away {
            return;
        }
        if self.tty.enter().is_err() {
            return self.hang_up();
        }
        self.writer.enter();
        self.redraw = Redraw::Repaint;
        self.measure();
    }
}
