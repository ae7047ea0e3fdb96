//! Keys as the application sees them, whatever terminal they came from.

use std::fmt;
use std::str::FromStr;

/// One key, without what was held down with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A character, as the keyboard's layout made it: `a`, `A`, `ã`, a space.
    Char(char),
    /// Enter or Return.
    Enter,
    /// Tab; backwards it is Tab with shift.
    Tab,
    /// Escape.
    Escape,
    /// Backspace.
    Backspace,
    /// Delete (forwards).
    Delete,
    /// Insert.
    Insert,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F35.
    Function(u8),
}

/// What was held down with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Modifiers {
    /// Control.
    pub ctrl: bool,
    /// Alt, or Option.
    pub alt: bool,
    /// Shift. Never set for [`Key::Char`]: there it is part of the character.
    pub shift: bool,
}

impl Modifiers {
    /// Nothing held.
    pub const NONE: Self = Self { ctrl: false, alt: false, shift: false };
    /// Control alone.
    pub const CTRL: Self = Self { ctrl: true, ..Self::NONE };
    /// Alt alone.
    pub const ALT: Self = Self { alt: true, ..Self::NONE };
    /// Shift alone.
    pub const SHIFT: Self = Self { shift: true, ..Self::NONE };
}

/// A key that was pressed. Releases never become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPress {
    /// The key.
    pub key: Key,
    /// What was held with it.
    pub modifiers: Modifiers,
}

impl KeyPress {
    /// A key press in its one normal form: shift with a character becomes the upper-case character, and
    /// control makes letters lower-case, for terminals cannot tell ctrl-L from ctrl-l.
    pub fn new(key: Key, modifiers: Modifiers) -> Self {
        let Key::Char(character) = key else { return Self { key, modifiers } };
        let character = if modifiers.ctrl {
            one(character.to_lowercase(), character)
        } else if modifiers.shift {
            one(character.to_uppercase(), character)
        } else {
            character
        };
        Self { key: Key::Char(character), modifiers: Modifiers { shift: false, ..modifiers } }
    }

    /// A key with nothing held.
    pub fn plain(key: Key) -> Self {
        Self::new(key, Modifiers::NONE)
    }

    /// A character with nothing held.
    pub fn char(character: char) -> Self {
        Self::plain(Key::Char(character))
    }

    /// A character with control held.
    pub fn ctrl(character: char) -> Self {
        Self::new(Key::Char(character), Modifiers::CTRL)
    }
}

/// The converted character, unless the conversion makes several (`ß` in capitals).
fn one(mut converted: impl Iterator<Item = char>, otherwise: char) -> char {
    match (converted.next(), converted.next()) {
        (Some(character), None) => character,
        _ => otherwise,
    }
}

/// The names of keys in key bindings: the first is shown, the others are understood as well.
const NAMES: [(Key, &[&str]); 16] = [
    (Key::Char(' '), &["space"]),
    (Key::Enter, &["enter", "return"]),
    (Key::Tab, &["tab"]),
    (Key::Escape, &["esc", "escape"]),
    (Key::Backspace, &["backspace"]),
    (Key::Delete, &["delete", "del"]),
    (Key::Insert, &["insert", "ins"]),
    (Key::Left, &["←", "left"]),
    (Key::Right, &["→", "right"]),
    (Key::Up, &["↑", "up"]),
    (Key::Down, &["↓", "down"]),
    (Key::Home, &["home"]),
    (Key::End, &["end"]),
    (Key::PageUp, &["page-up", "pageup", "pgup"]),
    (Key::PageDown, &["page-down", "pagedown", "pgdn"]),
    (Key::Char('\u{a0}'), &["no-break-space"]),
];

/// `ctrl-l`, `enter`, `↑`, `f5`, `shift-tab`, `G`.
impl fmt::Display for KeyPress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for (held, name) in
            [(self.modifiers.ctrl, "ctrl-"), (self.modifiers.alt, "alt-"), (self.modifiers.shift, "shift-")]
        {
            if held {
                text.push_str(name);
            }
        }
        let name = NAMES.iter().find(|(key, _)| *key == self.key).and_then(|(_, names)| names.first());
        match (name, self.key) {
            (Some(name), _) => text.push_str(name),
            (None, Key::Char(character)) => text.push(character),
            (None, Key::Function(number)) => text.push_str(&format!("f{number}")),
            // Every other key has a name: the round-trip test holds the table to that.
            (None, _) => {}
        }
        out.pad(&text)
    }
}

/// Why a text names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no key; write it like a, ctrl-l, enter, f5 or shift-tab")]
pub struct KeyNameError(String);

impl FromStr for KeyPress {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let mut modifiers = Modifiers::NONE;
        let mut rest = text;
        while let Some((name, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty()) {
            match name.to_ascii_lowercase().as_str() {
                "ctrl" | "control" | "c" => modifiers.ctrl = true,
                "alt" | "a" => modifiers.alt = true,
                "shift" | "s" => modifiers.shift = true,
                _ => break,
            }
            rest = after;
        }
        let mut characters = rest.chars();
        let key = match (characters.next(), characters.next()) {
            (Some(character), None) if !character.is_control() => named(rest).unwrap_or(Key::Char(character)),
            _ => named(&rest.to_ascii_lowercase()).ok_or_else(|| KeyNameError(text.to_owned()))?,
        };
        Ok(Self::new(key, modifiers))
    }
}

fn named(name: &str) -> Option<Key> {
    if let Some((key, _)) = NAMES.iter().find(|(_, names)| names.contains(&name)) {
        return Some(*key);
    }
    let number = name.strip_prefix('f').filter(|digits| !digits.starts_with(['0', '+']))?;
    number.parse().ok().filter(|number| (1..=35).contains(number)).map(Key::Function)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_names_people_write() {
        for (text, key, modifiers) in [
            ("a", Key::Char('a'), Modifiers::NONE),
            ("G", Key::Char('G'), Modifiers::NONE),
            ("shift-g", Key::Char('G'), Modifiers::NONE),
            ("ctrl-L", Key::Char('l'), Modifiers::CTRL),
            ("c-l", Key::Char('l'), Modifiers::CTRL),
            ("-", Key::Char('-'), Modifiers::NONE),
            ("ctrl--", Key::Char('-'), Modifiers::CTRL),
            ("space", Key::Char(' '), Modifiers::NONE),
            ("Enter", Key::Enter, Modifiers::NONE),
            ("shift-tab", Key::Tab, Modifiers::SHIFT),
            ("alt-up", Key::Up, Modifiers::ALT),
            ("↑", Key::Up, Modifiers::NONE),
            ("page-up", Key::PageUp, Modifiers::NONE),
            ("f", Key::Char('f'), Modifiers::NONE),
            ("f12", Key::Function(12), Modifiers::NONE),
            ("ctrl-alt-delete", Key::Delete, Modifiers { ctrl: true, alt: true, shift: false }),
        ] {
            assert_eq!(text.parse(), Ok(KeyPress { key, modifiers }), "{text}");
        }
        for text in ["", "ctrl-", "hyper-a", "f0", "f36", "f01", "enterr", "ab", "\u{1b}"] {
            assert!(text.parse::<KeyPress>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn every_key_shows_a_name_that_reads_back() {
        let mut keys: Vec<Key> = NAMES.iter().map(|(key, _)| *key).collect();
        keys.extend([Key::Char('x'), Key::Char('ã'), Key::Char('-'), Key::Function(1), Key::Function(35)]);
        for key in keys {
            for bits in 0..8 {
                let modifiers = Modifiers { ctrl: bits & 1 != 0, alt: bits & 2 != 0, shift: bits & 4 != 0 };
                let press = KeyPress::new(key, modifiers);
                assert_eq!(press.to_string().parse(), Ok(press), "{press}");
            }
        }
    }
}
