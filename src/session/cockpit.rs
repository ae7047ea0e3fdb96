//! The cockpit as a [`Program`]: what the terminal says becomes the application's messages, and its effects become
//! commands to the engine and wishes of the terminal.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::input::{Input, Mouse, MouseKind, TerminalReply};
use super::look::Look;
use super::program::{Exit, Flow, Notification, Now, Program, Redraw, TermCommand};
use crate::app::{self, App, Effect, Message, Soonness};
use crate::engine::message::{Command, News};
use crate::ui::{self, Link, Theme};

/// How many commands may wait for the engine. A person gives one a second at most, and the engine takes them at once;
/// when so many wait, the engine is stuck, and saying so is better than promising.
pub const COMMANDS: usize = 64;

/// What a cockpit is told from outside its session.
#[derive(Debug)]
pub enum Told {
    /// By the engine.
    News(News),
    /// The user's theme was read anew; or why it cannot be used.
    Theme(Result<Box<Theme>, String>),
}

impl From<News> for Told {
    fn from(news: News) -> Self {
        Self::News(news)
    }
}

/// The application in a session.
#[derive(Debug)]
pub struct Cockpit {
    app: App,
    look: Look,
    size: Size,
    /// The mouse is to be taken with the first thing that the terminal says.
    takes_mouse: bool,
    commands: mpsc::Sender<Command>,
    notified_by: Notification,
}

impl Cockpit {
    /// Shows `app`, and tells the engine what it wants by `commands`, a channel of [`COMMANDS`].
    pub fn new(app: App, commands: mpsc::Sender<Command>) -> Self {
        let mut cockpit = Self {
            app,
            look: Look::default(),
            size: Size::default(),
            takes_mouse: false,
            commands,
            notified_by: Notification::Auto,
        };
        for effect in cockpit.app.start() {
            // An engine that is gone before the first frame is found out by the first command of a person.
            if let Effect::Command(command) = effect {
                let _ = cockpit.offer(command);
            }
        }
        cockpit
    }

    /// The application's state, for whoever tells it in another way than by drawing.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The same with another way to ask the terminal for desktop notifications.
    #[must_use]
    pub fn notified_by(self, by: Notification) -> Self {
        Self { notified_by: by, ..self }
    }

    /// The same with another look.
    #[must_use]
    pub fn looking(mut self, look: Look) -> Self {
        self.look = look;
        self
    }

    /// The same with the mouse.
    #[must_use]
    pub fn with_mouse(mut self, mouse: bool) -> Self {
        self.takes_mouse = mouse;
        self
    }

    /// Offers a command without waiting; gives it back when the engine cannot take it.
    fn offer(&mut self, command: Command) -> Option<Command> {
        match self.commands.try_send(command) {
            Ok(()) => None,
            Err(mpsc::error::TrySendError::Full(command) | mpsc::error::TrySendError::Closed(command)) => {
                Some(command)
            }
        }
    }

    fn update(&mut self, message: Message, now: Now) -> Flow {
        let mut flow = Flow::none();
        for effect in self.app.update(message, at(now)) {
            let Some(command) = self.apply(effect, &mut flow) else { continue };
            // What the engine did not take is told on the screen. What that leads to is not offered again: the next
            // key finds out whether the engine is back.
            for effect in self.app.update(Message::NotTaken(Box::new(command)), at(now)) {
                let _ = self.apply(effect, &mut flow);
            }
        }
        let area = Rect::from((Position::ORIGIN, self.size));
        self.app.set_whole(ui::shows_whole(&self.app, area));
        flow
    }

    /// Does an effect; gives back the command that the engine did not take.
    fn apply(&mut self, effect: Effect, flow: &mut Flow) -> Option<Command> {
        match effect {
            Effect::Command(command) => return self.offer(command),
            Effect::Redraw(Soonness::Now) => flow.redraw = flow.redraw.max(Redraw::Now),
            Effect::Redraw(Soonness::Soon) => flow.redraw = flow.redraw.max(Redraw::Soon),
            Effect::Repaint => flow.redraw = Redraw::Repaint,
            Effect::Quit => flow.exit = Some(Exit),
            Effect::Suspend => flow.suspend = true,
            Effect::Copy(text) => flow.commands.push(TermCommand::Copy(text)),
            Effect::Bell => flow.commands.push(TermCommand::Bell),
            Effect::Notify(text) => {
                flow.commands.push(TermCommand::Notify { by: self.notified_by, text });
            }
            Effect::Title(text) => flow.commands.push(TermCommand::Title(text)),
            Effect::Mouse(mouse) => flow.commands.push(TermCommand::Mouse(mouse)),
        }
        None
    }
}

/// The application's time, with an id that nothing has yet.
fn at(now: Now) -> app::Now {
    app::Now { wall: now.wall, elapsed: now.elapsed, next_id: Uuid::new_v7(id_time(now.wall)) }
}

fn id_time(wall: Timestamp) -> uuid::Timestamp {
    let seconds = u64::try_from(wall.as_second()).unwrap_or_default();
    let nanos = u32::try_from(wall.subsec_nanosecond()).unwrap_or_default();
    uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos)
}

impl Program for Cockpit {
    type Message = Told;

    fn input(&mut self, input: Input, now: Now) -> Flow {
        let message = match input {
            Input::Key(press) => Message::Key(press),
            Input::Paste(text) => Message::Paste(text),
            Input::Resize(size) => {
                self.size = size;
                Message::Resized { columns: size.width, rows: size.height }
            }
            Input::Mouse(Mouse { kind: MouseKind::Click, at }) => {
                let area = Rect::from((Position::ORIGIN, self.size));
                let Some(spot) = ui::hit(&self.app, area, at) else { return Flow::none() };
                Message::Clicked(spot)
            }
            Input::Mouse(Mouse { kind, .. }) => Message::Wheel { down: kind == MouseKind::WheelDown },
            Input::Reply(TerminalReply::Background(colour)) => {
                self.look.set_dark(colour.is_dark());
                return Flow::redraw_soon();
            }
            Input::Reply(
                TerminalReply::SynchronizedOutput(_)
                | TerminalReply::Foreground(_)
                | TerminalReply::DeviceAttributes,
            )
            | Input::FocusGained
            | Input::FocusLost
            | Input::HungUp => return Flow::none(),
        };
        let mut flow = self.update(message, now);
        if std::mem::take(&mut self.takes_mouse) {
            for effect in self.app.take_mouse(true) {
                let _ = self.apply(effect, &mut flow);
            }
        }
        flow
    }

    fn message(&mut self, message: Told, now: Now) -> Flow {
        let message = match message {
            Told::News(news) => Message::News(news),
            Told::Theme(Ok(theme)) => {
                self.look.set_own(*theme);
                Message::ThemeRead(Ok(()))
            }
            Told::Theme(Err(why)) => Message::ThemeRead(Err(why)),
        };
        self.update(message, now)
    }

    fn wake(&mut self, now: Now) -> Flow {
        self.update(Message::Woke, now)
    }

    fn next_wake(&self, now: Now) -> Option<Duration> {
        Some(Duration::try_from(self.app.next_change(now.wall)).unwrap_or_default())
    }

    fn leaves_keys_to_the_session(&self) -> bool {
        false
    }

    fn draw(&self, buffer: &mut Buffer) -> Option<Position> {
        let area = buffer.area;
        ui::render(&self.app, self.look.theme(), area, buffer)
    }

    fn link(&self, drawn: &Buffer) -> Option<Link> {
        ui::link(&self.app, drawn)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use jiff::tz::TimeZone;

    use super::*;
    use crate::app::key::KeyPress;
    use crate::app::{Environment, Facts};
    use crate::domain::text::Safe;
    use crate::engine::message::FeedWindow;
    use crate::lang::Lang;

    fn now() -> Now {
        Now { elapsed: Duration::from_secs(1), wall: Timestamp::from_second(1_700_000_000).unwrap() }
    }

    fn cockpit(room: usize) -> (Cockpit, mpsc::Receiver<Command>) {
        let (sender, receiver) = mpsc::channel(room);
        let facts = Facts {
            profile: Safe::new("test"),
            environment: Environment::Sandbox,
            band: None,
            lang: Lang::En,
            zone: TimeZone::UTC,
            poll_every: SignedDuration::from_secs(5),
            demo: true,
            operator: crate::domain::person::Person { uid: 1000, name: None },
            quiet: None,
            access: crate::domain::permission::Access::Full,
        };
        (Cockpit::new(App::new(facts, None, FeedWindow::default(), now().wall), sender), receiver)
    }

    fn press(cockpit: &mut Cockpit, key: &str) -> Flow {
        cockpit.input(Input::Key(key.parse::<KeyPress>().unwrap()), now())
    }

    #[test]
    fn asks_for_the_feed_before_anything_else() {
        let (_cockpit, mut commands) = cockpit(4);
        assert!(matches!(commands.try_recv(), Ok(Command::ShowFeed(_))));
    }

    #[test]
    fn effects_become_commands_and_wishes() {
        let (mut cockpit, mut commands) = cockpit(4);
        commands.try_recv().unwrap();
        assert_eq!(press(&mut cockpit, "r").redraw, Redraw::Now);
        assert!(matches!(commands.try_recv(), Ok(Command::PollBalance)));
        assert_eq!(press(&mut cockpit, "q").exit, Some(Exit));
        assert_eq!(cockpit.input(Input::FocusLost, now()), Flow::none());
        assert_eq!(cockpit.message(News::Paused(None).into(), now()).redraw, Redraw::Soon);
    }

    #[test]
    fn a_stuck_or_missing_engine_never_blocks_and_is_told() {
        let (mut cockpit, commands) = cockpit(1);
        let text = |cockpit: &Cockpit| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, 160, 30));
            cockpit.draw(&mut buffer);
            buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect::<String>()
        };
        assert!(text(&cockpit).contains("No notices"));
        // The queue of one is full with the first command already.
        assert_eq!(press(&mut cockpit, "r").redraw, Redraw::Now);
        assert!(text(&cockpit).contains("saldo is busy"));
        drop(commands);
        assert_eq!(press(&mut cockpit, "r").redraw, Redraw::Now);
    }

    #[test]
    fn an_idle_cockpit_is_woken_at_the_minute() {
        let (cockpit, _commands) = cockpit(4);
        assert_eq!(cockpit.next_wake(now()), Some(Duration::from_secs(40)));
    }
}
