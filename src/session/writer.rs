//! Bytes out. Nothing here waits, and no frame queues: while the terminal takes nothing (a stalled SSH), no
//! frame is made at all, and the first one afterwards is the newest, against what was really written last.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};

use super::color::ColorDepth;
use super::encoder::Encoder;
use super::program::{Notification, TermCommand};
use super::tty::{ENTER, Environment, GIVE_MOUSE, Gone, TAKE_MOUSE, Tty};
use crate::ui::Link;

/// Frames above this many bytes are shown at once where the terminal can: the marks cost 16.
const SYNCHRONIZE_FROM: usize = 200;
const BEGIN_SYNCHRONIZED: &[u8] = b"\x1b[?2026h";
const END_SYNCHRONIZED: &[u8] = b"\x1b[?2026l";
/// A frame's memory above this is given back.
const KEPT_CAPACITY: usize = 64 << 10;
/// The longest text that goes to the clipboard; terminals cut at about 100,000 bytes of Base64, and half a
/// payment code is worse than none.
const MAX_COPY: usize = 64 << 10;
const MAX_TITLE_CHARS: usize = 200;

#[derive(Debug)]
pub(super) struct Writer {
    encoder: Encoder,
    out: Vec<u8>,
    sent: usize,
    synchronized: bool,
    /// The newest of each kind: a stalled terminal does not ring a hundred times when it comes back.
    commands: Vec<TermCommand>,
    /// The program has the mouse.
    mouse: bool,
}

impl Writer {
    pub(super) fn new(depth: ColorDepth) -> Self {
        Self {
            encoder: Encoder::new(depth),
            out: Vec::new(),
            sent: 0,
            synchronized: false,
            commands: Vec::new(),
            mouse: false,
        }
    }

    /// Whether bytes wait for the terminal.
    pub(super) fn is_stalled(&self) -> bool {
        self.sent < self.out.len()
    }

    pub(super) fn set_synchronized(&mut self, synchronized: bool) {
        self.synchronized = synchronized;
    }

    /// Takes the screen over, whatever was on it or on its way before.
    pub(super) fn enter(&mut self) {
        self.out.clear();
        self.sent = 0;
        self.out.extend_from_slice(ENTER);
        if self.mouse {
            self.out.extend_from_slice(TAKE_MOUSE);
        }
        self.encoder.forget(true);
    }

    /// Asks what the terminal can do. The answers come as input, some day or never. The frame that follows
    /// overwrites what a terminal shows that does not know the questions.
    pub(super) fn ask(&mut self, environment: &Environment) -> bool {
        if environment.term == "linux" || environment.term.starts_with("vt") {
            return false;
        }
        // Apple's terminal prints a letter of the first question.
        if environment.term_program != "Apple_Terminal" {
            self.out.extend_from_slice(b"\x1b[?2026$p");
        }
        // The colour behind the text, and at last what every terminal answers: then nothing else is to come.
        self.out.extend_from_slice(b"\x1b]11;?\x1b\\\x1b[c");
        true
    }

    /// Says that what the terminal shows is not known any more.
    pub(super) fn forget(&mut self) {
        self.encoder.forget(false);
    }

    pub(super) fn canvas(&mut self, size: Size) -> Buffer {
        self.encoder.canvas(size)
    }

    /// Adds a frame. Only while not stalled, so that the newest is made when it can be written.
    pub(super) fn frame(&mut self, frame: Buffer, cursor: Option<Position>, link: Option<Link>) {
        let start = self.out.len();
        if !self.synchronized {
            return self.encoder.encode_linked(frame, cursor, link, &mut self.out);
        }
        self.out.extend_from_slice(BEGIN_SYNCHRONIZED);
        self.encoder.encode_linked(frame, cursor, link, &mut self.out);
        if self.out.len() - start - BEGIN_SYNCHRONIZED.len() > SYNCHRONIZE_FROM {
            self.out.extend_from_slice(END_SYNCHRONIZED);
        } else {
            self.out.drain(start..start + BEGIN_SYNCHRONIZED.len());
        }
    }

    /// Keeps a command for the next moment at which bytes can be written.
    pub(super) fn command(&mut self, command: TermCommand) {
        let kind = std::mem::discriminant(&command);
        self.commands.retain(|other| std::mem::discriminant(other) != kind);
        self.commands.push(command);
    }

    /// Writes what can be written at once.
    pub(super) fn push(&mut self, tty: &Tty) -> Result<(), Gone> {
        if !self.is_stalled() {
            // Never into the middle of a frame.
            for command in std::mem::take(&mut self.commands) {
                self.encode_command(&command, tty);
            }
        }
        while self.is_stalled() {
            match tty.write_now(&self.out[self.sent..])? {
                0 => break,
                written => self.sent += written,
            }
        }
        self.settle(tty);
        Ok(())
    }

    /// Writes more, as soon as the terminal takes more. May be cancelled.
    pub(super) async fn drain(&mut self, tty: &Tty) -> Result<(), Gone> {
        self.sent += tty.write(&self.out[self.sent..]).await?;
        self.push(tty)
    }

    fn settle(&mut self, tty: &Tty) {
        tty.hold().set_unfinished(self.is_stalled());
        if !self.is_stalled() {
            self.out.clear();
            self.out.shrink_to(KEPT_CAPACITY);
            self.sent = 0;
        }
    }

    fn encode_command(&mut self, command: &TermCommand, tty: &Tty) {
        match command {
            TermCommand::Bell => self.out.push(0x07),
            TermCommand::Mouse(mouse) => {
                self.mouse = *mouse;
                tty.hold().set_moused(*mouse);
                self.out.extend_from_slice(if *mouse { TAKE_MOUSE } else { GIVE_MOUSE });
            }
            TermCommand::Copy(text) if text.len() > MAX_COPY => {}
            TermCommand::Copy(text) => self.string("52;c;", &base64(text.as_bytes())),
            TermCommand::Notify { by, text } => self.notify(*by, text, tty.environment()),
            TermCommand::Title(text) => {
                if tty.hold().set_titled() {
                    // Onto the terminal's stack of titles; leaving takes it off.
                    self.out.extend_from_slice(b"\x1b[22;2t");
                }
                self.string("2;", &printable(text));
            }
        }
    }

    /// Asks for a notification. Inside tmux it is wrapped, so that it passes through to the terminal outside, whose name is
    /// not known there.
    fn notify(&mut self, by: Notification, text: &str, environment: &Environment) {
        // A semicolon ends a part of the sequence, and `4;` at its beginning would be a progress bar.
        let text = printable(text).replace(';', ",");
        let introducer = match by {
            Notification::Off => return,
            Notification::Osc9 => "9;",
            Notification::Osc777 => "777;notify;saldo;",
            Notification::Auto => match understood(environment) {
                Some(introducer) => introducer,
                None => return,
            },
        };
        if environment.tmux {
            // Each escape inside is doubled (tmux(1), allow-passthrough).
            let content = format!("{introducer}{text}");
            for part in ["\u{1b}Ptmux;\u{1b}\u{1b}]", &content, "\u{7}\u{1b}\\"] {
                self.out.extend_from_slice(part.as_bytes());
            }
        } else {
            self.string(introducer, &text);
        }
    }

    fn string(&mut self, introducer: &str, content: &str) {
        for part in ["\u{1b}]", introducer, content, "\u{1b}\\"] {
            self.out.extend_from_slice(part.as_bytes());
        }
    }
}

/// What a terminal of this name takes for a notification; `None` where it would show the bytes.
fn understood(environment: &Environment) -> Option<&'static str> {
    let Environment { term, term_program, .. } = environment;
    if term == "linux" || term.starts_with("vt") || term_program == "Apple_Terminal" {
        return None;
    }
    let is_777 = term.starts_with("rxvt") || term.starts_with("foot") || term.starts_with("vte");
    Some(if is_777 { "777;notify;saldo;" } else { "9;" })
}

fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_TITLE_CHARS).collect()
}

/// Base64 with padding (RFC 4648, 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= group.len() {
                let index = bits >> (18 - 6 * place) & 63;
                text.push(char::from(ALPHABET[usize::try_from(index).unwrap_or_default()]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_the_rfc() {
        for (text, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), coded);
        }
    }

    #[test]
    fn a_notification_is_what_the_terminal_understands_and_never_a_command() {
        let said = |term: &str, tmux, by, text: &str| {
            let environment = Environment { term: term.to_owned(), tmux, ..Environment::default() };
            let mut writer = Writer::new(ColorDepth::True);
            writer.notify(by, text, &environment);
            String::from_utf8(writer.out).unwrap()
        };
        use Notification::{Auto, Off, Osc9, Osc777};
        for (term, tmux, by, text, bytes) in [
            ("xterm-256color", false, Auto, "below", "\x1b]9;below\x1b\\"),
            ("rxvt-unicode", false, Auto, "below", "\x1b]777;notify;saldo;below\x1b\\"),
            ("foot", false, Auto, "below", "\x1b]777;notify;saldo;below\x1b\\"),
            ("foot", false, Osc9, "below", "\x1b]9;below\x1b\\"),
            ("linux", false, Auto, "below", ""),
            ("linux", false, Osc777, "below", "\x1b]777;notify;saldo;below\x1b\\"),
            ("xterm", false, Off, "below", ""),
            ("tmux-256color", true, Auto, "below", "\x1bPtmux;\x1b\x1b]9;below\x07\x1b\\"),
            ("xterm", false, Osc9, "4;1;\x1b]0;x\x07\u{9c}y", "\x1b]9;4,1,]0,xy\x1b\\"),
        ] {
            assert_eq!(said(term, tmux, by, text), bytes, "{term} {by:?} {text:?}");
        }
    }

    #[test]
    fn only_the_newest_command_of_a_kind_is_kept() {
        let mut writer = Writer::new(ColorDepth::True);
        for _ in 0..100 {
            writer.command(TermCommand::Bell);
            writer.command(TermCommand::Copy("a".to_owned()));
        }
        writer.command(TermCommand::Copy("b".to_owned()));
        assert_eq!(writer.commands, [TermCommand::Bell, TermCommand::Copy("b".to_owned())]);
    }

    #[test]
    fn small_frames_carry_no_marks() {
        let mut writer = Writer::new(ColorDepth::True);
        writer.set_synchronized(true);
        let size = Size::new(80, 24);
        let large = {
            let mut canvas = writer.canvas(size);
            for y in 0..24 {
                canvas.set_string(0, y, "x".repeat(40), ratatui::style::Style::new());
            }
            canvas
        };
        let mut small = large.clone();
        writer.frame(large, None, None);
        assert!(writer.out.starts_with(BEGIN_SYNCHRONIZED) && writer.out.ends_with(END_SYNCHRONIZED));
        writer.out.clear();
        small.set_string(0, 0, "y", ratatui::style::Style::new());
        writer.frame(small.clone(), None, None);
        assert_eq!(writer.out, b"\x1b[Hy");
        writer.out.clear();
        writer.frame(small, None, None);
        assert_eq!(writer.out, b"");
    }
}
