//! Where one key, one answer or one paste ends in a stream of terminal bytes.
//!
//! termina's parser knows what sequences mean, but on one that it does not know it either waits for more for
//! ever, and eats keys, or gives up half-way, and the rest arrives as typed characters: in a program with
//! amount fields. So the stream is cut into whole sequences here, by the grammar alone (ECMA-48 5.4 and 5.6),
//! and a sequence without a meaning is dropped as a whole.

use std::time::Duration;

/// Silence after which the start of a sequence that a finger can type (Escape, alt-[) is taken for it.
pub(super) const KEY_SILENCE: Duration = Duration::from_millis(30);
/// Silence after which the rest of a broken sequence or paste is no longer waited for.
pub(super) const BROKEN_SILENCE: Duration = Duration::from_secs(2);
/// The longest paste that is delivered; what exceeds it is dropped, never typed.
pub(super) const MAX_PASTE: usize = 1 << 20;
/// The longest control string (a colour takes 30) and control sequence.
const MAX_STRING: usize = 4096;
const MAX_SEQUENCE: usize = 64;
/// After a broken paste, a chunk longer than this is more of it: nobody types so many bytes at once.
const TYPED_AT_ONCE: usize = 16;

const ESC: u8 = 0x1b;
const PASTE_START: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

/// A piece of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// The bytes of one key: a character in UTF-8, a control character, or a whole escape sequence.
    Key(Vec<u8>),
    /// Alt and a character that also begins sequences (`[`, `]`, `O`, `P`, `_`).
    Alt(char),
    /// A whole control sequence or string that is not a key.
    Control(Vec<u8>),
    /// The content of a bracketed paste, or as much of it as came.
    Paste(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ground,
    /// In a character, with so many bytes to come.
    Utf8(u8),
    Escape,
    /// What is held was delivered as a key after a silence, yet the network may have cut a sequence there.
    Given,
    /// After `ESC [`.
    Sequence,
    /// After `ESC [ [`: the Linux console's F1 to F5.
    LinuxFunction,
    /// After `ESC O`.
    Ss3,
    /// After `ESC ]`, `ESC P` or `ESC _`.
    String,
    /// An ESC inside a string: its end, or its breach.
    StringEscape,
    /// A report with so many raw bytes to come.
    Skip(u8),
    Paste,
    /// Behind [`MAX_PASTE`].
    PasteOverflow,
}

/// The state of the cutting.
#[derive(Debug)]
pub(super) struct Scanner {
    state: State,
    held: Vec<u8>,
    /// A paste ended by silence; its tail may still come.
    paste_broken: bool,
}

impl Default for Scanner {
    fn default() -> Self {
        Self { state: State::Ground, held: Vec::new(), paste_broken: false }
    }
}

impl Scanner {
    /// Takes the bytes of one read, and gives the tokens that they complete to `out`. `expecting`: an answer
    /// that was asked for is still out.
    pub(super) fn feed(&mut self, bytes: &[u8], expecting: bool, out: &mut Vec<Token>) {
        if self.state == State::Given {
            self.resume(bytes, expecting);
        }
        let bytes = if std::mem::take(&mut self.paste_broken) { self.skip_broken(bytes, out) } else { bytes };
        for byte in bytes {
            self.step(*byte, out);
        }
    }

    /// How long a silence has to be before [`Self::flush`] has something to do. While `expecting`, the start of
    /// an answer is not a key yet.
    pub(super) fn patience(&self, expecting: bool) -> Option<Duration> {
        match self.state {
            State::Ground | State::Given => None,
            State::Escape => Some(KEY_SILENCE),
            State::Paste | State::PasteOverflow => Some(BROKEN_SILENCE),
            _ if expecting => None,
            State::Sequence | State::String | State::Ss3 if self.held.len() == 2 => Some(KEY_SILENCE),
            _ => Some(BROKEN_SILENCE),
        }
    }

    /// Settles what is incomplete after a silence as long as [`Self::patience`].
    pub(super) fn flush(&mut self, out: &mut Vec<Token>) {
        match self.state {
            State::Escape => {
                out.push(Token::Key(self.held.clone()));
                self.state = State::Given;
            }
            State::Sequence | State::String | State::Ss3 if self.held.len() == 2 => {
                out.push(Token::Alt(char::from(self.held[1])));
                self.state = State::Given;
            }
            State::Paste => {
                self.give(Token::Paste, out);
                self.paste_broken = true;
            }
            State::PasteOverflow => {
                self.abandon();
                self.paste_broken = true;
            }
            _ => self.abandon(),
        }
    }

    /// Whether `bytes` go on with what was taken for a key. A finger sends one byte at a time; more of them,
    /// or the second byte of an answer that is out, are the rest of a sequence.
    fn resume(&mut self, bytes: &[u8], expecting: bool) {
        self.state = match (&self.held[..], bytes) {
            ([ESC], [b'[' | b']', _, ..]) => State::Escape,
            ([ESC], [b'[' | b']']) if expecting => State::Escape,
            ([ESC, b'['], [b'0'..=b'?', _, ..]) => State::Sequence,
            ([ESC, b']'], [b'0'..=b'9', _, ..]) => State::String,
            _ => return self.abandon(),
        };
    }

    /// The tail of a broken paste is a paste, too; the bytes after it are given back.
    fn skip_broken<'a>(&mut self, bytes: &'a [u8], out: &mut Vec<Token>) -> &'a [u8] {
        if let Some(end) = bytes.windows(PASTE_END.len()).position(|window| window == PASTE_END) {
            out.push(Token::Paste(bytes[..end].to_vec()));
            return &bytes[end + PASTE_END.len()..];
        }
        if bytes.len() <= TYPED_AT_ONCE {
            return bytes;
        }
        self.state = State::Paste;
        bytes
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Token>) {
        match self.state {
            State::Ground | State::Given => self.ground(byte, out),
            State::Utf8(left) if byte & 0xc0 == 0x80 => {
                self.held.push(byte);
                if left == 1 { self.give(Token::Key, out) } else { self.state = State::Utf8(left - 1) }
            }
            State::Escape => self.escape(byte, out),
            State::Sequence => self.sequence(byte, out),
            State::LinuxFunction | State::Ss3 if (0x40..=0x7e).contains(&byte) => {
                self.held.push(byte);
                self.give(Token::Key, out);
            }
            State::String => self.string(byte, out),
            State::StringEscape if byte == b'\\' => {
                self.held.extend_from_slice(&[ESC, byte]);
                self.give(Token::Control, out);
            }
            State::StringEscape => {
                self.hold(State::Escape, ESC);
                self.escape(byte, out);
            }
            State::Skip(left) => self.state = if left == 1 { State::Ground } else { State::Skip(left - 1) },
            State::Paste => self.paste(byte, out),
            State::PasteOverflow => {
                self.held.push(byte);
                if self.held.ends_with(PASTE_END) {
                    self.abandon();
                } else if self.held.len() > PASTE_END.len() {
                    self.held.remove(0);
                }
            }
            // A sequence that breaks off: what came is dropped, and the byte stands for itself.
            State::Utf8(_) | State::LinuxFunction | State::Ss3 => {
                self.abandon();
                self.ground(byte, out);
            }
        }
    }

    fn ground(&mut self, byte: u8, out: &mut Vec<Token>) {
        match byte {
            ESC => self.hold(State::Escape, byte),
            0xc2..=0xdf => self.hold(State::Utf8(1), byte),
            0xe0..=0xef => self.hold(State::Utf8(2), byte),
            0xf0..=0xf4 => self.hold(State::Utf8(3), byte),
            0x80.. => {}
            _ => out.push(Token::Key(vec![byte])),
        }
    }

    fn escape(&mut self, byte: u8, out: &mut Vec<Token>) {
        self.state = match byte {
            b'[' => State::Sequence,
            b'O' => State::Ss3,
            b']' | b'P' | b'_' => State::String,
            // The first one was the Escape key; this one may begin anything.
            ESC => return out.push(Token::Key(vec![ESC])),
            0xc2..=0xdf => State::Utf8(1),
            0xe0..=0xef => State::Utf8(2),
            0xf0..=0xf4 => State::Utf8(3),
            0x80.. => return self.abandon(),
            _ => {
                self.held.push(byte);
                return self.give(Token::Key, out);
            }
        };
        self.held.push(byte);
    }

    fn sequence(&mut self, byte: u8, out: &mut Vec<Token>) {
        match byte {
            0x20..=0x3f => {
                // Longer ones have no meaning here: they are followed to their end, but not kept.
                if self.held.len() < MAX_SEQUENCE {
                    self.held.push(byte);
                }
            }
            b'[' if self.held.len() == 2 => {
                self.held.push(byte);
                self.state = State::LinuxFunction;
            }
            // A mouse report of the oldest kind, left on by another program: three raw bytes follow.
            b'M' if self.held.len() == 2 => {
                self.abandon();
                self.state = State::Skip(3);
            }
            0x40..=0x7e => {
                self.held.push(byte);
                if self.held == PASTE_START {
                    self.held.clear();
                    self.state = State::Paste;
                } else if is_key(&self.held) {
                    self.give(Token::Key, out);
                } else {
                    self.give(Token::Control, out);
                }
            }
            ESC => self.hold(State::Escape, byte),
            _ => {
                self.abandon();
                self.ground(byte, out);
            }
        }
    }

    fn string(&mut self, byte: u8, out: &mut Vec<Token>) {
        let first = self.held.len() == 2;
        match byte {
            0x07 => {
                self.held.push(byte);
                self.give(Token::Control, out);
            }
            ESC => self.state = State::StringEscape,
            // No terminal begins a string so: somebody pressed alt with this key, and then another one.
            _ if first && !begins_string(self.held[1], byte) => {
                out.push(Token::Alt(char::from(self.held[1])));
                self.abandon();
                self.ground(byte, out);
            }
            0x20.. if self.held.len() < MAX_STRING => self.held.push(byte),
            _ => {
                self.abandon();
                self.ground(byte, out);
            }
        }
    }

    fn paste(&mut self, byte: u8, out: &mut Vec<Token>) {
        self.held.push(byte);
        if self.held.ends_with(PASTE_END) {
            self.held.truncate(self.held.len() - PASTE_END.len());
            self.give(Token::Paste, out);
        } else if self.held.len() == MAX_PASTE + PASTE_END.len() {
            // The last bytes may be the beginning of the end.
            let rest = self.held.split_off(MAX_PASTE);
            self.give(Token::Paste, out);
            self.held = rest;
            self.state = State::PasteOverflow;
        }
    }

    fn hold(&mut self, state: State, byte: u8) {
        self.held.clear();
        self.held.push(byte);
        self.state = state;
    }

    fn give(&mut self, token: fn(Vec<u8>) -> Token, out: &mut Vec<Token>) {
        out.push(token(std::mem::take(&mut self.held)));
        self.state = State::Ground;
    }

    fn abandon(&mut self) {
        self.held.clear();
        self.state = State::Ground;
    }
}

/// Whether a whole control sequence is a key, by its final byte. A private one (`?`, `<`, `=`, `>`) never is;
/// one that begins with a separator is malformed, and termina would take its rest for typed characters. `R`
/// is left out: it is F3 on some old terminals, and the report of the cursor's position on all.
fn is_key(sequence: &[u8]) -> bool {
    let plain = sequence.len() == 3 || sequence.get(2).is_some_and(u8::is_ascii_digit);
    let last = sequence.last().copied().unwrap_or_default();
    plain && matches!(last, b'A'..=b'D' | b'F' | b'H' | b'P' | b'Q' | b'S' | b'Z' | b'~' | b'u')
}

/// Whether an answer begins with `byte` after `ESC` and `introducer`: OSC with a number, DCS with a number or
/// a private mark, APC with kitty's G.
fn begins_string(introducer: u8, byte: u8) -> bool {
    match introducer {
        b']' => byte.is_ascii_digit(),
        b'P' => byte.is_ascii_digit() || matches!(byte, b'>' | b'!' | b'+' | b'$'),
        _ => byte == b'G',
    }
}
