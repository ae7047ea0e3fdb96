//! A terminal session: bytes in, frames out.
//!
//! ```text
//!            bytes                 Input                  Flow
//! terminal ────────▶ scanner ▶ input ─────▶ event_loop ◀──────▶ Program (state + drawing)
//!     ▲                                         │ one buffer a frame
//!     └──────── writer ◀── encoder ◀────────────┘
//! ```
//!
//! | question | answer |
//! |---|---|
//! | What must an application offer? | [`Program`], in `program` |
//! | Where do bytes become keys, and terminal answers not? | `scanner` (where one ends), `input` (what it means) |
//! | Which bytes make a frame? | `encoder` (cells), `sgr` (styles), `color` (what the terminal can show) |
//! | What if the terminal takes no bytes? | `writer`: nothing waits, and the next frame is the newest |
//! | Who gives the terminal back? | `tty` on every way out, `panics` when the way out is a panic |
//! | Where do keys and news reach saldo's own screen? | `cockpit` |
//! | Which theme is drawn, on what this terminal can show? | `look` |
//! | In which order do things happen? | `event_loop`, which fits on a screen |

mod cockpit;
mod color;
mod encoder;
mod event_loop;
mod input;
mod look;
mod panics;
mod program;
mod scanner;
mod sgr;
mod signals;
mod suspend;
mod tty;
mod writer;

pub use cockpit::{COMMANDS, Cockpit, Told};
pub use color::ColorDepth;
pub use encoder::Encoder;
pub use event_loop::{Ended, News, REPAINT_KEY, SUSPEND_KEY, SessionError, run};
pub use input::{Decoder, Input, Mouse, MouseKind, Rgb, TerminalReply};
pub use look::{Look, Wanted};
pub use program::{Exit, Flow, Notification, Now, Program, Redraw, TermCommand};
pub use signals::Termination;
pub use tty::{Environment, Tty, TtyError};
