//! One line of text that a person edits. What no terminal should draw never gets in.

use std::borrow::Cow;
use std::fmt;

use tui_input::{Input, InputRequest};

use super::key::{Key, KeyPress};
use crate::domain::text::Safe;

/// Longer than any BR Code, and short enough to draw.
const MAX_CHARS: usize = 1_000;

/// A line of text with a cursor.
#[derive(Clone, Default)]
pub struct TextField(Input, Shown);

/// How a line is drawn.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Shown {
    #[default]
    AsTyped,
    /// A dot for each character, so that the cursor still tells where it is.
    Hidden,
}

/// How much was typed, and never what: keys and documents are people's data.
impl fmt::Debug for TextField {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "TextField({} characters)", self.text().chars().count())
    }
}

impl TextField {
    /// A field that holds `text`, with the cursor behind it.
    pub fn with(text: &str) -> Self {
        let mut field = Self::default();
        field.paste(text);
        field
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// The text as it is drawn.
    pub fn shown(&self) -> Cow<'_, str> {
        match self.1 {
            Shown::AsTyped => Cow::Borrowed(self.text()),
            Shown::Hidden => Cow::Owned(self.text().chars().map(|_| '•').collect()),
        }
    }

    /// From now on it is drawn in dots.
    pub(in crate::app) fn hide(&mut self) {
        self.1 = Shown::Hidden;
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Columns from the text's start to the cursor.
    pub fn cursor_column(&self) -> usize {
        self.0.visual_cursor()
    }

    /// Columns to leave out at the left so that the cursor shows within `width`.
    pub fn scroll(&self, width: usize) -> usize {
        self.0.visual_scroll(width)
    }

    /// Takes a key that no binding claims. Says whether it meant something to the field.
    pub fn press(&mut self, press: KeyPress) -> bool {
        let modifiers = press.modifiers;
        let request = match press.key {
            Key::Char('a' | 'e') if modifiers.ctrl => return false,
            Key::Char('u') if modifiers.ctrl => InputRequest::DeleteLine,
            Key::Char('w') if modifiers.ctrl => InputRequest::DeletePrevWord,
            Key::Char(character) if !modifiers.ctrl && !modifiers.alt => {
                self.insert(character);
                return true;
            }
            Key::Backspace if modifiers.alt || modifiers.ctrl => InputRequest::DeletePrevWord,
            Key::Backspace => InputRequest::DeletePrevChar,
            Key::Delete => InputRequest::DeleteNextChar,
            Key::Left if modifiers.ctrl || modifiers.alt => InputRequest::GoToPrevWord,
            Key::Right if modifiers.ctrl || modifiers.alt => InputRequest::GoToNextWord,
            Key::Left => InputRequest::GoToPrevChar,
            Key::Right => InputRequest::GoToNextChar,
            Key::Home => InputRequest::GoToStart,
            Key::End => InputRequest::GoToEnd,
            _ => return false,
        };
        self.0.handle(request);
        true
    }

    /// Takes a paste: line ends and tabs become spaces, what a terminal could obey or nobody can see is dropped,
    /// and so are the spaces around it.
    pub fn paste(&mut self, text: &str) {
        for character in clean(text).chars() {
            self.insert(character);
        }
    }

    fn insert(&mut self, character: char) {
        if is_typable(character) && self.text().chars().count() < MAX_CHARS {
            self.0.handle(InputRequest::InsertChar(character));
        }
    }
}

/// A pasted text in one line, without what cannot be typed and without the blanks around it.
pub(super) fn clean(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|character| if matches!(character, '\n' | '\r' | '\t') { ' ' } else { character })
        .filter(|character| is_typable(*character))
        .take(MAX_CHARS * 4)
        .collect();
    line.trim().to_owned()
}

/// Whether a person may put this character into a field: what [`Safe`] lets through.
fn is_typable(character: char) -> bool {
    character == ' ' || !Safe::new(character.encode_utf8(&mut [0; 4])).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_becomes_one_line_of_what_can_be_typed() {
        for (text, kept) in [
            ("500,25\n", "500,25"),
            ("\r\nmaria@example.com\r\n", "maria@example.com"),
            ("Maria\tda\u{1b}[2J Silva", "Maria da[2J Silva"),
            ("R$\u{a0}1.234,56", "R$\u{a0}1.234,56"),
            ("abc\u{202e}def\u{200b}", "abcdef"),
            ("\n\n", ""),
        ] {
            assert_eq!(TextField::with(text).text(), kept, "{text:?}");
        }
    }

    #[test]
    fn a_field_has_an_end() {
        assert_eq!(TextField::with(&"x".repeat(9_000)).text().len(), MAX_CHARS);
    }

    #[test]
    fn control_keys_of_multiplexers_are_nobodys() {
        let mut field = TextField::with("abc");
        for character in ['a', 'b', 'e', 's', 'q'] {
            assert!(!field.press(KeyPress::ctrl(character)), "{character}");
        }
        assert_eq!(field.text(), "abc");
        assert!(field.press(KeyPress::ctrl('u')));
        assert!(field.is_empty());
    }
}
