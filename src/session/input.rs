//! What the terminal says: keys, pastes and answers.

use std::time::{Duration, Instant};

use ratatui::layout::{Position, Size};
use termina::escape::csi::{Csi, DecModeSetting, DecPrivateMode, DecPrivateModeCode, Device, Mode};
use termina::escape::osc::{ColorOrQuery, DynamicColorNumber, Osc};
use termina::event::{KeyCode, KeyEvent, KeyEventKind, Modifiers as Held};
use termina::{Event, Parser};

use super::scanner::{Scanner, Token};
use crate::app::key::{Key, KeyPress, Modifiers};

/// How long after the questions an answer that trickles in is still put together. A terminal answers in
/// milliseconds, the slowest link in a few seconds.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Something that came from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(KeyPress),
    /// A paste, as one piece: none of its characters is ever a key. Line ends are `\n`; other control
    /// characters are still in it.
    Paste(String),
    /// The terminal has another size; both sides are 1 at least.
    Resize(Size),
    /// The terminal answered a question of the session's.
    Reply(TerminalReply),
    /// The mouse, where the session has it.
    Mouse(Mouse),
    /// The window has the keyboard again.
    FocusGained,
    /// The window lost the keyboard.
    FocusLost,
    /// The terminal is gone.
    HungUp,
}

/// What the mouse did, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mouse {
    /// What.
    pub kind: MouseKind,
    /// From the upper left corner, in cells from 0.
    pub at: Position,
}

/// What a mouse can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseKind {
    /// The left button was pressed.
    Click,
    /// The wheel was turned away from the person.
    WheelUp,
    /// The wheel was turned towards the person.
    WheelDown,
}

/// A fact about the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminalReply {
    /// Whether it can show a frame all at once (DEC private mode 2026).
    SynchronizedOutput(bool),
    /// The colour of its text.
    Foreground(Rgb),
    /// The colour behind its text.
    Background(Rgb),
    /// It knows nothing more to answer: this is the last of the answers.
    DeviceAttributes,
}

/// A colour, eight bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rgb {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

impl Rgb {
    /// Whether light text reads better on it than dark text.
    pub fn is_dark(self) -> bool {
        // Luma in thousandths (ITU-R BT.601), against the middle.
        let luma = 299 * u32::from(self.red) + 587 * u32::from(self.green) + 114 * u32::from(self.blue);
        luma < 128_000
    }
}

/// Bytes to [`Input`]s. The time is an argument, so that every split of a stream can be tested.
#[derive(Debug, Default)]
pub struct Decoder {
    scanner: Scanner,
    parser: Parser,
    tokens: Vec<Token>,
    last_byte: Option<Instant>,
    expecting: Option<Instant>,
}

impl Decoder {
    /// Says that questions went out, so that the start of an answer is not taken for a key.
    pub fn expect_replies(&mut self, now: Instant) {
        self.expecting = Some(now + ANSWER_TIME);
    }

    /// Takes bytes as they were read and appends what they complete.
    pub fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Input>) {
        self.last_byte = Some(now);
        self.scanner.feed(bytes, self.is_expecting(now), &mut self.tokens);
        self.decode(out);
    }

    /// When [`Self::flush`] should be called if no byte comes before; `None` if there is nothing to wait for.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let last = self.last_byte?;
        if let Some(patience) = self.scanner.patience(self.is_expecting(now)) {
            return Some(last + patience);
        }
        // Held because an answer may still come; settled when none can.
        let until = self.expecting.filter(|until| *until > now)?;
        self.scanner.patience(false).map(|patience| until.max(last + patience))
    }

    /// Settles what silence makes certain: a lone ESC is the Escape key.
    pub fn flush(&mut self, now: Instant, out: &mut Vec<Input>) {
        if self.deadline(now).is_some_and(|deadline| deadline <= now) {
            self.scanner.flush(&mut self.tokens);
            self.decode(out);
        }
    }

    fn is_expecting(&self, now: Instant) -> bool {
        self.expecting.is_some_and(|until| until > now)
    }

    fn decode(&mut self, out: &mut Vec<Input>) {
        let mut tokens = std::mem::take(&mut self.tokens);
        for token in tokens.drain(..) {
            let input = match token {
                Token::Alt(character) => {
                    Some(Input::Key(KeyPress::new(Key::Char(character), Modifiers::ALT)))
                }
                Token::Paste(bytes) => Some(Input::Paste(pasted(&bytes))),
                Token::Key(bytes) => match self.parse(&bytes) {
                    Some(Event::Key(event)) => key_press(event).map(Input::Key),
                    _ => None,
                },
                Token::Control(bytes) => control(&bytes, self),
            };
            if input == Some(Input::Reply(TerminalReply::DeviceAttributes)) {
                self.expecting = None;
            }
            out.extend(input);
        }
        // Kept for its memory.
        self.tokens = tokens;
    }

    /// What one whole sequence means to termina: one event or nothing. Nothing may stay behind in the parser.
    fn parse(&mut self, bytes: &[u8]) -> Option<Event> {
        self.parser.parse(bytes, false);
        match (self.parser.pop(), self.parser.pop()) {
            (Some(event), None) => Some(event),
            _ => {
                self.parser = Parser::default();
                None
            }
        }
    }
}

/// The meaning of a sequence that is not a key, if it has one here. Only those with a meaning reach termina.
fn control(bytes: &[u8], decoder: &mut Decoder) -> Option<Input> {
    match bytes {
        b"\x1b[I" => return Some(Input::FocusGained),
        b"\x1b[O" => return Some(Input::FocusLost),
        [0x1b, b'[', b'<', report @ .., b'M'] => return mouse(report).map(Input::Mouse),
        [0x1b, b'[', b'?', .., b'c']
        | [0x1b, b'[', b'?', .., b'$', b'y']
        | [0x1b, b']', b'1', b'0' | b'1', ..] => {}
        _ => return None,
    }
    let reply = match decoder.parse(bytes)? {
        Event::Csi(Csi::Device(Device::DeviceAttributes(()))) => TerminalReply::DeviceAttributes,
        Event::Csi(Csi::Mode(Mode::ReportDecPrivateMode {
            mode: DecPrivateMode::Code(DecPrivateModeCode::SynchronizedOutput),
            setting,
        })) => {
            TerminalReply::SynchronizedOutput(matches!(setting, DecModeSetting::Set | DecModeSetting::Reset))
        }
        Event::Osc(Osc::ChangeDynamicColors(number, colors)) => {
            let Some(ColorOrQuery::Color(color)) = colors.first() else { return None };
            let color = Rgb { red: color.red, green: color.green, blue: color.blue };
            match number {
                DynamicColorNumber::TextForegroundColor => TerminalReply::Foreground(color),
                DynamicColorNumber::TextBackgroundColor => TerminalReply::Background(color),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some(Input::Reply(reply))
}

/// A report of the mouse (xterm's SGR form): button, column and row from 1. Releases end in `m`, and are none.
fn mouse(report: &[u8]) -> Option<Mouse> {
    let mut numbers = report
        .split(|byte| *byte == b';')
        .map(|part| -> Option<u16> { std::str::from_utf8(part).ok()?.parse().ok() });
    let (button, column, row) = (numbers.next()??, numbers.next()??, numbers.next()??);
    // Shift, alt and control are held with it, and change nothing here.
    let kind = match button & !0b1_1100 {
        0 => MouseKind::Click,
        64 => MouseKind::WheelUp,
        65 => MouseKind::WheelDown,
        _ => return None,
    };
    let at = Position { x: column.checked_sub(1)?, y: row.checked_sub(1)? };
    numbers.next().is_none().then_some(Mouse { kind, at })
}

fn key_press(event: KeyEvent) -> Option<KeyPress> {
    let foreign = Held::SUPER | Held::HYPER | Held::META;
    if event.kind != KeyEventKind::Press || event.modifiers.intersects(foreign) {
        return None;
    }
    let mut modifiers = Modifiers {
        ctrl: event.modifiers.contains(Held::CONTROL),
        alt: event.modifiers.contains(Held::ALT),
        shift: event.modifiers.contains(Held::SHIFT),
    };
    let key = match event.code {
        KeyCode::Char(character) if character.is_control() => return None,
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => {
            modifiers.shift = true;
            Key::Tab
        }
        KeyCode::Escape => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Insert => Key::Insert,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Function(number) => Key::Function(number),
        _ => return None,
    };
    Some(KeyPress::new(key, modifiers))
}

/// Terminals send the line ends of a paste as they would send Enter.
fn pasted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests;
