//! Text from outside, made safe to show.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest text that is kept from a server, in characters.
pub const MAX_CHARS: usize = 500;

/// Text that may be drawn on a terminal: no control, direction-changing or invisible characters, bounded
/// length.
///
/// It is made once, where the text enters ([`Safe::new`]), so nothing behind the door has to think of it.
/// ratatui lets bidi overrides through in tables and titles, hence no reliance on the widgets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Safe(String);

impl Safe {
    /// Cleans `text`: line ends and tabs become one space, everything else that a terminal could obey or a
    /// reader could not see is dropped, and what exceeds [`MAX_CHARS`] is cut with an ellipsis.
    pub fn new(text: &str) -> Self {
        let mut kept = String::with_capacity(text.len().min(MAX_CHARS * 4));
        let mut count = 0;
        for character in text.chars() {
            let character = match character {
                '\n' | '\r' | '\t' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
                other if is_unsafe(other) => continue,
                other => other,
            };
            if character == ' ' && (kept.is_empty() || kept.ends_with(' ')) {
                continue;
            }
            if count == MAX_CHARS {
                kept.push('…');
                break;
            }
            kept.push(character);
            count += 1;
        }
        kept.truncate(kept.trim_end_matches(' ').len());
        Self(kept)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<String> for Safe {
    fn from(text: String) -> Self {
        if is_plain(&text) { Self(text) } else { Self::new(&text) }
    }
}

/// Whether nothing of a text would be changed, for most of those that a journal holds: short, in letters of Latin, single
/// blanks inside.
fn is_plain(text: &str) -> bool {
    let is_letter = |character| matches!(character, '!'..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{24f}');
    let mut after_blank = true;
    let plain = text.len() <= MAX_CHARS
        && text.chars().all(|character| {
            let fits = is_letter(character) || character == ' ' && !after_blank;
            after_blank = character == ' ';
            fits
        });
    plain && (text.is_empty() || !after_blank)
}

impl From<&str> for Safe {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.0)
    }
}

/// The text as a search compares it: lower case, and without the accents that people leave out when they are in a
/// hurry. `JOÃO`, `joao` and `João` are one name.
pub fn folded(text: &str) -> String {
    text.chars().flat_map(folded_char).collect()
}

/// The same of a letter, which may become two.
pub(crate) fn folded_char(letter: char) -> impl Iterator<Item = char> {
    letter.to_lowercase().map(without_accent)
}

/// The letters of Latin-1, whose accents Portuguese and its neighbours use.
const fn without_accent(letter: char) -> char {
    match letter {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        other => other,
    }
}

/// Controls (C0, DEL, C1), bidi marks, embeddings, overrides and isolates, zero-width and invisible
/// characters, variation selectors of the supplement, interlinear marks and tag characters.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it, which is shown as text.
pub fn safe_cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@']) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_what_a_terminal_would_obey() {
        for (text, safe) in [
            ("Padaria São João", "Padaria São João"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{9b}31mred", "31mred"),
            ("abc\u{202e}fdp.exe", "abcfdp.exe"),
            ("a\u{200b}\u{200b}\u{200d}b", "ab"),
            ("flag\u{e0067}\u{e007f}", "flag"),
            ("two\r\nlines\there", "two lines here"),
            ("  spaced \u{7}  ", "spaced"),
            ("\u{0}", ""),
        ] {
            assert_eq!(Safe::new(text).as_str(), safe, "{text:?}");
            assert_eq!(Safe::from(text.to_owned()).as_str(), safe, "{text:?}");
        }
    }

    #[test]
    fn a_search_knows_neither_case_nor_accents() {
        for text in ["João Conceição", "JOÃO CONCEIÇÃO", "joao conceicao"] {
            assert_eq!(folded(text), "joao conceicao");
        }
        assert_eq!(folded("Ñandú_100%"), "nandu_100%");
    }

    #[test]
    fn keeps_length_bounded() {
        let safe = Safe::new(&"x".repeat(10_000));
        assert_eq!(safe.as_str().chars().count(), MAX_CHARS + 1);
        assert!(safe.as_str().ends_with('…'));
    }

    #[test]
    fn is_made_safe_when_read_back_too() {
        let read: Safe = serde_json::from_str("\"a\\u001b[2Jb\"").unwrap();
        assert_eq!(read.as_str(), "a[2Jb");
    }
}
