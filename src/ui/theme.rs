//! What things look like. Meaning is never in a colour alone: every state and warning is a word as well, so
//! sixteen colours, or none, lose nothing.
//!
//! A theme is a TOML file of roles. Those that saldo ships lie in `assets/themes` and are read like a user's own;
//! `tests/themes.rs` holds them to the contrast of WCAG 2.2.

use std::collections::BTreeMap;
use std::fmt;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use serde::Deserialize;
use toml::Spanned;

use crate::app::Environment;

/// A theme of any sense is shorter.
pub const MAX_BYTES: u64 = 64 << 10;

/// The styles of everything, and how panes are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Ordinary text.
    pub(super) text: Style,
    /// Figures and words that matter.
    pub(super) strong: Style,
    /// Labels and what stands back.
    pub(super) label: Style,
    /// Figures that have lost their weight.
    pub(super) stale: Style,
    /// Titles, and what the keyboard is at.
    pub(super) accent: Style,
    /// Went well.
    pub(super) good: Style,
    /// Needs a look.
    pub(super) warn: Style,
    /// Needs a person.
    pub(super) bad: Style,
    /// Lines around panes.
    pub(super) border: Style,
    /// The selected row, and the key that confirms.
    pub(super) selected: Style,
    production: Style,
    staging: Style,
    sandbox: Style,
    background: Color,
    paint: bool,
    borders: Borders,
}

/// What panes are framed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Borders {
    /// Lines with round corners.
    Rounded,
    /// Lines.
    Plain,
    /// `+`, `-` and `|`; nothing else on the screen is beyond ASCII either, but letters and QR codes.
    Ascii,
}

/// Why a file is no theme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ThemeError {
    /// From 1.
    pub line: usize,
    what: String,
}

/// A file as TOML sees it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The theme that says what this one does not.
    base: Option<Spanned<String>>,
    background: Option<Spanned<String>>,
    paint: Option<bool>,
    borders: Option<Borders>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<String>>,
}

/// The themes that saldo ships, by their names.
const BUILT_IN: [(&str, &str); 6] = [
    ("dark", include_str!("../../assets/themes/dark.toml")),
    ("light", include_str!("../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../assets/themes/high-contrast.toml")),
    ("ansi16", include_str!("../../assets/themes/ansi16.toml")),
    ("ansi16-light", include_str!("../../assets/themes/ansi16-light.toml")),
    ("none", include_str!("../../assets/themes/none.toml")),
];

const MODIFIERS: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underlined", Modifier::UNDERLINED),
    ("reversed", Modifier::REVERSED),
];

/// The terminal's own colours and no emphasis.
impl Default for Theme {
    fn default() -> Self {
        let plain = Style::new();
        Self {
            text: plain,
            strong: plain,
            label: plain,
            stale: plain,
            accent: plain,
            good: plain,
            warn: plain,
            bad: plain,
            border: plain,
            selected: plain.add_modifier(Modifier::REVERSED),
            production: plain,
            staging: plain,
            sandbox: plain,
            background: Color::Reset,
            paint: false,
            borders: Borders::Plain,
        }
    }
}

impl Theme {
    /// The names of the themes that saldo ships.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A theme that saldo ships. A test reads them all, so each is one.
    pub fn built_in(name: &str) -> Option<Self> {
        let (_, text) = BUILT_IN.iter().find(|(one, _)| *one == name)?;
        Self::parse(text).ok()
    }

    /// For a dark or a light background.
    pub fn of(dark: bool) -> Self {
        Self::built_in(if dark { "dark" } else { "light" }).unwrap_or_default()
    }

    /// Reads a theme's file.
    ///
    /// # Errors
    ///
    /// The first line that is wrong, and why.
    pub fn parse(text: &str) -> Result<Self, ThemeError> {
        let wrong = |at: usize, what: String| ThemeError { line: line_of(text, at), what };
        let raw: Raw = toml::from_str(text).map_err(|error| {
            let what = error.message().lines().next().unwrap_or_default().to_owned();
            wrong(error.span().map_or(0, |span| span.start), what)
        })?;
        let mut missing: Vec<&str> = Vec::new();
        let mut theme = match &raw.base {
            Some(base) => Self::built_in(base.get_ref()).ok_or_else(|| {
                let known = Self::names().collect::<Vec<_>>().join(", ");
                wrong(
                    base.span().start,
                    format!("there is no theme {:?}; write one of {known}", base.get_ref()),
                )
            })?,
            None => {
                let given = |role: &&str| raw.roles.keys().any(|key| key.get_ref() == *role);
                missing = ROLES.into_iter().filter(|role| !given(role)).collect();
                Self::default()
            }
        };
        for (role, style) in &raw.roles {
            let place = theme.role_mut(role.get_ref()).ok_or_else(|| {
                let known = ROLES.join(", ");
                wrong(
                    role.span().start,
                    format!("there is no role {:?}; the roles are {known}", role.get_ref()),
                )
            })?;
            *place = style_of(style.get_ref()).map_err(|what| wrong(style.span().start, what))?;
        }
        if let Some(role) = missing.first() {
            let what = format!("the role {role:?} is missing; say it, or write base = \"dark\"");
            return Err(wrong(text.len(), what));
        }
        if let Some(background) = &raw.background {
            let color = color_of(background.get_ref());
            theme.background = color.ok_or_else(|| {
                wrong(background.span().start, format!("{:?} is no colour", background.get_ref()))
            })?;
        }
        theme.paint = raw.paint.unwrap_or(theme.paint);
        theme.borders = raw.borders.unwrap_or(theme.borders);
        if theme.paint && (theme.background == Color::Reset || theme.text.fg.is_none()) {
            let what = "a painted background needs a colour, and so does the text on it".to_owned();
            return Err(wrong(text.len(), what));
        }
        Ok(theme)
    }

    fn role_mut(&mut self, role: &str) -> Option<&mut Style> {
        Some(match role {
            "text" => &mut self.text,
            "strong" => &mut self.strong,
            "label" => &mut self.label,
            "stale" => &mut self.stale,
            "accent" => &mut self.accent,
            "good" => &mut self.good,
            "warn" => &mut self.warn,
            "bad" => &mut self.bad,
            "border" => &mut self.border,
            "selected" => &mut self.selected,
            "production" => &mut self.production,
            "staging" => &mut self.staging,
            "sandbox" => &mut self.sandbox,
            _ => return None,
        })
    }

    /// Every role and its style, by the names that a file uses.
    pub fn roles(mut self) -> Vec<(&'static str, Style)> {
        ROLES.into_iter().filter_map(|role| Some((role, *self.role_mut(role)?))).collect()
    }

    /// The background that it is made for; `Reset` is any.
    pub const fn background(&self) -> Color {
        self.background
    }

    /// The same with another style for what is selected, to find it again.
    pub(super) fn marking_selected(self, mark: Style) -> Self {
        Self { selected: mark, ..self }
    }

    /// The same with other borders.
    #[must_use]
    pub const fn framed(self, borders: Borders) -> Self {
        Self { borders, ..self }
    }

    /// The badge of an environment; production's is unmistakable, and its word says the rest.
    pub(super) const fn environment(&self, environment: Environment) -> Style {
        match environment {
            Environment::Production => self.production,
            Environment::Staging => self.staging,
            Environment::Sandbox => self.sandbox,
        }
    }

    pub(super) const fn border_set(&self) -> border::Set<'static> {
        match self.borders {
            Borders::Rounded => border::ROUNDED,
            Borders::Plain | Borders::Ascii => border::PLAIN,
        }
    }

    /// Before anything is drawn: the background, where the theme paints it.
    pub(super) fn prime(&self, area: Rect, buffer: &mut Buffer) {
        if self.paint {
            let style = Style::new().bg(self.background).patch(self.text);
            buffer.set_style(area, style);
        }
    }

    /// After everything is drawn: what a terminal without line drawing cannot show.
    pub(super) fn finish(&self, area: Rect, buffer: &mut Buffer) {
        if self.borders != Borders::Ascii {
            return;
        }
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut buffer[(x, y)];
                // A QR code is drawn black on white, and is of no use in other signs.
                let is_code = cell.bg == Color::Rgb(255, 255, 255) && cell.fg == Color::Rgb(0, 0, 0);
                if let Some(plain) = in_ascii(cell.symbol()).filter(|_| !is_code) {
                    cell.set_symbol(plain);
                }
            }
        }
    }
}

const ROLES: [&str; 13] = [
    "text",
    "strong",
    "label",
    "stale",
    "accent",
    "good",
    "warn",
    "bad",
    "border",
    "selected",
    "production",
    "staging",
    "sandbox",
];

/// `#87afff on black bold`.
fn style_of(text: &str) -> Result<Style, String> {
    let mut style = Style::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if let Some((_, modifier)) = MODIFIERS.iter().find(|(name, _)| *name == word) {
            style = style.add_modifier(*modifier);
            continue;
        }
        let is_background = word == "on";
        let word = if is_background { words.next().unwrap_or_default() } else { word };
        let Some(color) = color_of(word) else {
            return Err(format!(
                "{word:?} is no colour; write #rrggbb, 0 to 255, a name such as lightred, default, or one of bold, dim, \
                 italic, underlined, reversed"
            ));
        };
        style = match (is_background, color) {
            (_, Color::Reset) => style,
            (true, color) => style.bg(color),
            (false, color) => style.fg(color),
        };
    }
    Ok(style)
}

fn color_of(word: &str) -> Option<Color> {
    if word == "default" { Some(Color::Reset) } else { word.parse().ok() }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// What stands for a sign that is not ASCII; letters stay.
fn in_ascii(symbol: &str) -> Option<&'static str> {
    Some(match symbol {
        "─" | "–" | "‒" => "-",
        "│" => "|",
        "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┼" | "╭" | "╮" | "╰" | "╯" => "+",
        "▁" | "▂" => "_",
        "▃" | "▄" | "▅" => "=",
        "▆" | "▇" | "█" => "#",
        "›" | "→" => ">",
        "‹" | "←" => "<",
        "↑" => "^",
        "↓" => "v",
        "·" => ".",
        "•" => "*",
        "✓" => "+",
        "×" => "x",
        "…" => "~",
        "“" | "”" => "\"",
        "\u{a0}" => " ",
        _ => return None,
    })
}

/// Shown in messages: a theme has no name of its own.
impl fmt::Display for Borders {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Self::Rounded => "rounded",
            Self::Plain => "plain",
            Self::Ascii => "ascii",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_theme_that_is_shipped_is_one() {
        for (name, text) in BUILT_IN {
            assert!(Theme::parse(text).is_ok(), "{name}: {:?}", Theme::parse(text));
            assert_ne!(Theme::built_in(name), Some(Theme::default()), "{name}");
        }
    }

    #[test]
    fn a_file_may_build_on_another() {
        let theme = Theme::parse(
            "base = \"light\"\nborders = \"ascii\"\n[roles]\naccent = \"reversed #010203 on 7\"",
        )
        .unwrap();
        let light = Theme::built_in("light").unwrap();
        assert_eq!(theme.bad, light.bad);
        assert_eq!(theme.borders, Borders::Ascii);
        let accent =
            Style::new().fg(Color::Rgb(1, 2, 3)).bg(Color::Indexed(7)).add_modifier(Modifier::REVERSED);
        assert_eq!(theme.accent, accent);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, said) in [
            ("base = \"drak\"", "line 1: there is no theme \"drak\"; write one of dark, light"),
            (
                "base = \"dark\"\n\n[roles]\nacent = \"red\"",
                "line 4: there is no role \"acent\"; the roles are text",
            ),
            ("base = \"dark\"\n[roles]\naccent = \"rde\"", "line 3: \"rde\" is no colour; write #rrggbb"),
            ("base = \"dark\"\n[roles]\naccent = \"red on\"", "line 3: \"\" is no colour"),
            ("base = \"dark\"\nbackground = \"nope\"", "line 2: \"nope\" is no colour"),
            ("base = \"dark\"\nborders = \"thick\"", "line 2: unknown variant `thick`"),
            ("base = \"dark\"\npaint = true", "line 2: a painted background needs a colour"),
            ("[roles]\ntext = \"default\"", "line 2: the role \"strong\" is missing"),
            ("bsae = \"dark\"", "line 1: unknown field `bsae`"),
            ("base = ", "line 1: "),
        ] {
            let error = Theme::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(said), "{text:?}: {error}");
        }
    }
}
