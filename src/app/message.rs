//! What reaches the application, what it wants done, and what it is told at the start.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::Focus;
use super::key::KeyPress;
use crate::domain::band::Band;
use crate::domain::permission::Access;
use crate::domain::person::Person;
use crate::domain::text::Safe;
use crate::engine::message::{Command, News, Quiet};
use crate::lang::Lang;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(KeyPress),
    /// Text was pasted, as one piece: none of it is ever a key.
    Paste(String),
    /// The terminal has this size now.
    Resized {
        /// In cells.
        columns: u16,
        /// In cells.
        rows: u16,
    },
    /// The engine said something.
    News(News),
    /// The time that [`super::App::next_change`] named has come.
    Woke,
    /// The wheel was turned by a notch.
    Wheel {
        /// Towards the person: the content goes up.
        down: bool,
    },
    /// Something on the screen was clicked on.
    Clicked(Spot),
    /// The theme's file was changed; or why it cannot be used.
    ThemeRead(Result<(), String>),
    /// The engine could not take a command: it is too busy, or gone. Nothing came of it.
    NotTaken(Box<Command>),
}

/// What comes from outside with every message, so that the application reads no clock and draws no lots.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock (UTC). It may jump.
    pub wall: Timestamp,
    /// Time since the session began; never goes back.
    pub elapsed: Duration,
    /// A time-ordered id that nothing has yet, for a decision that this message may make.
    pub next_id: Uuid,
}

/// What the application wants done.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Tell the engine.
    Command(Command),
    /// Draw.
    Redraw(Soonness),
    /// End the session.
    Quit,
    /// Give the terminal to the shell.
    Suspend,
    /// Draw every cell anew.
    Repaint,
    /// Put this on the clipboard of whoever sits at the terminal.
    Copy(String),
    /// Ring.
    Bell,
    /// Raise a desktop notification, where the terminal can.
    Notify(String),
    /// Name the terminal's window.
    Title(String),
    /// Take the mouse from the terminal, or give it back.
    Mouse(bool),
}

/// What a click can select. None of it opens, sends or confirms anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// This row of the feed, counted from the newest that is shown.
    Row(usize),
    /// A pane.
    Pane(Focus),
    /// This line of the palette.
    Choice(usize),
}

/// How soon to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soonness {
    /// A person waits for it: for what a key changed.
    Now,
    /// With whatever else comes in the next moment: for what data changed.
    Soon,
}

/// Which gateway the profile speaks to: a word and a colour on every screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// saldo's own imitation.
    Sandbox,
    /// The gateway's test environment (homologação).
    Staging,
    /// Real money.
    Production,
}

/// What does not change while the application runs.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The profile's name.
    pub profile: Safe,
    /// Where the money is.
    pub environment: Environment,
    /// What the desk holds against the transactional balance, if it does.
    pub band: Option<Band>,
    /// The language at the start.
    pub lang: Lang,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// How often the balance is polled.
    pub poll_every: SignedDuration,
    /// Whether everything on the screen is made up.
    pub demo: bool,
    /// Who sits at the desk.
    pub operator: Person,
    /// When only what cannot wait rings.
    pub quiet: Option<Quiet>,
    /// Whether anything may be sent from here.
    pub access: Access,
}
