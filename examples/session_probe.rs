//! The smallest program that a session can show: what came from the terminal, and nothing else. The tests in
//! `tests/session_pty.rs` drive it; by hand: `cargo run --example session_probe`.
//!
//! `q` quits, `p` panics while drawing, `e` panics on another thread, `c` shows the cursor, `t` sets the title, `m` takes the
//! mouse.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use saldo::app::key::Key;
use saldo::session::{
    ColorDepth, Environment, Flow, Input, News, Now, Program, TermCommand, TerminalReply, Tty, run,
};
use tokio::sync::mpsc;

#[derive(Default)]
struct Probe {
    keys: u64,
    messages: u64,
    size: String,
    last: String,
    pasted: String,
    replies: String,
    cursor: bool,
    crash: bool,
}

impl Program for Probe {
    type Message = u64;

    fn input(&mut self, input: Input, _now: Now) -> Flow {
        match input {
            Input::Key(press) => {
                self.keys += 1;
                self.last = press.to_string();
                match press.key {
                    Key::Char('q') => return Flow::exit(),
                    Key::Char('p') => self.crash = true,
                    Key::Char('c') => self.cursor = !self.cursor,
                    Key::Char('t') => {
                        return Flow::redraw_now().with(TermCommand::Title("probe".to_owned()));
                    }
                    Key::Char('m') => return Flow::redraw_now().with(TermCommand::Mouse(true)),
                    Key::Char('e') => {
                        let _ = std::thread::spawn(|| panic!("the engine coughed")).join();
                    }
                    _ => {}
                }
            }
            Input::Paste(text) => self.pasted = format!("{} {text:?}", text.chars().count()),
            Input::Resize(size) => {
                self.size = format!("{}x{}", size.width, size.height);
                return Flow::redraw_soon();
            }
            Input::Reply(reply) => self.replies.push_str(match reply {
                TerminalReply::SynchronizedOutput(true) => "synchronized ",
                TerminalReply::SynchronizedOutput(false) => "unsynchronized ",
                TerminalReply::Background(color) if color.is_dark() => "dark ",
                TerminalReply::Background(_) => "light ",
                TerminalReply::Foreground(_) => "text ",
                TerminalReply::DeviceAttributes => "last ",
            }),
            Input::Mouse(mouse) => self.last = format!("{mouse:?}"),
            Input::FocusGained | Input::FocusLost | Input::HungUp => {}
        }
        Flow::redraw_now()
    }

    fn message(&mut self, message: u64, _now: Now) -> Flow {
        self.messages = message;
        Flow::redraw_soon()
    }

    fn wake(&mut self, _now: Now) -> Flow {
        Flow::none()
    }

    fn next_wake(&self, _now: Now) -> Option<Duration> {
        None
    }

    fn draw(&self, buffer: &mut Buffer) -> Option<Position> {
        assert!(!self.crash, "asked to crash");
        let area = buffer.area;
        // A background that changes with every key, so that a frame is as large as it can be.
        let letter = char::from(b'a' + u8::try_from(self.keys % 26).unwrap_or_default());
        for y in 0..area.height {
            buffer.set_string(
                0,
                y,
                letter.to_string().repeat(area.width.into()),
                Style::new().fg(Color::Blue),
            );
        }
        let lines = [
            format!("keys {} last {} ", self.keys, self.last),
            format!("size {} ", self.size),
            format!("paste {} ", self.pasted),
            format!("news {} ", self.messages),
            format!("replies {}", self.replies),
        ];
        for (y, line) in (0..area.height).zip(lines) {
            buffer.set_string(0, y, line, Style::new().bold());
        }
        self.cursor.then_some(Position { x: 3, y: 1 })
    }
}

fn main() -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return ExitCode::FAILURE;
    };
    let flood = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
    let ended = runtime.block_on(async {
        let environment = Environment::from_lookup(|name| std::env::var_os(name));
        let depth = ColorDepth::detect(&environment);
        let terminal = Tty::open(environment).map_err(|error| error.to_string())?;
        let (_urgent, urgent) = mpsc::channel(1);
        // As small as a channel can be: the flood waits for the session.
        let (sender, data) = mpsc::channel::<u64>(1);
        tokio::spawn(async move {
            for message in 1..=flood {
                if sender.send(message).await.is_err() {
                    break;
                }
            }
        });
        run(Probe::default(), terminal, depth, News { urgent, data }).await.map_err(|error| error.to_string())
    });
    // A terminal that takes no bytes would hold the process for a line that nobody reads.
    let mut fds = [PollFd::from_borrowed_fd(rustix::stdio::stdout(), PollFlags::OUT)];
    if poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0) {
        let _ = writeln!(std::io::stdout(), "ended: {ended:?}");
    }
    if ended.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
