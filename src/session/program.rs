//! What a session asks of the application that it shows.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;

use super::input::Input;
use crate::ui::Link;

/// The time, as an argument: a program reads no clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Time since the session began. It never goes back; time spent suspended counts.
    pub elapsed: Duration,
    /// The wall clock, UTC. It may jump.
    pub wall: Timestamp,
}

/// A state machine with a face. The session calls it, one call at a time, from one task; no call may block.
pub trait Program {
    /// News from outside the session: the engine's, in saldo.
    type Message: Send;

    /// The terminal said something. The first thing is its size, before the first frame.
    fn input(&mut self, input: Input, now: Now) -> Flow;

    /// The outside said something.
    fn message(&mut self, message: Self::Message, now: Now) -> Flow;

    /// The time that [`Self::next_wake`] asked for has come.
    fn wake(&mut self, now: Now) -> Flow;

    /// How long from now until [`Self::wake`] is wanted; asked again after every call. `None`: there is no
    /// timer at all, and an idle session sleeps.
    fn next_wake(&self, now: Now) -> Option<Duration>;

    /// Whether ctrl-z and ctrl-l stay the session's own. A program that binds keys itself gives them their meaning by
    /// [`Flow::suspend`] and [`Redraw::Repaint`].
    fn leaves_keys_to_the_session(&self) -> bool {
        true
    }

    /// Draws everything into an empty `buffer` of the terminal's size, 1x1 at least, and says where the
    /// cursor shows, if it does. Only reads.
    fn draw(&self, buffer: &mut Buffer) -> Option<Position>;

    /// The address in what was just drawn that the terminal may open on a click.
    fn link(&self, _drawn: &Buffer) -> Option<Link> {
        None
    }
}

/// What a program wants done after a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Flow {
    /// Whether, and how soon, to draw.
    pub redraw: Redraw,
    /// End the session.
    pub exit: Option<Exit>,
    /// Give the terminal to the shell until `fg`, as Ctrl-Z does.
    pub suspend: bool,
    /// Things that only the terminal can do, in order.
    pub commands: Vec<TermCommand>,
}

impl Flow {
    /// Nothing to do.
    pub fn none() -> Self {
        Self::default()
    }

    /// Draw before anything else happens: for what a key changed.
    pub fn redraw_now() -> Self {
        Self { redraw: Redraw::Now, ..Self::default() }
    }

    /// Draw within 33 ms: for what data changed.
    pub fn redraw_soon() -> Self {
        Self { redraw: Redraw::Soon, ..Self::default() }
    }

    /// End the session, by the user's wish.
    pub fn exit() -> Self {
        Self { exit: Some(Exit), ..Self::default() }
    }

    /// Adds a command for the terminal.
    pub fn with(mut self, command: TermCommand) -> Self {
        self.commands.push(command);
        self
    }
}

/// How soon to draw. The later variant wins over the earlier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Redraw {
    /// Nothing visible changed.
    #[default]
    None,
    /// At once if the last frame is 33 ms old, else as soon as it is.
    Soon,
    /// At once.
    Now,
    /// At once and every cell, whatever the terminal is believed to show.
    Repaint,
}

/// The user's wish to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit;

/// A thing that only the terminal can do. Text in it is stripped of control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TermCommand {
    /// Put text on the clipboard of the person at the terminal, over SSH too (OSC 52).
    Copy(String),
    /// Ring.
    Bell,
    /// Name the window (OSC 2).
    Title(String),
    /// Take the mouse, for clicks and the wheel, or leave it to the terminal.
    Mouse(bool),
    /// Raise a desktop notification.
    Notify {
        /// What the terminal is believed to understand.
        by: Notification,
        /// One line.
        text: String,
    },
}

/// How a terminal is asked for a desktop notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notification {
    /// As the terminal's name tells.
    #[default]
    Auto,
    /// OSC 9.
    Osc9,
    /// OSC 777.
    Osc777,
    /// Not at all.
    Off,
}
