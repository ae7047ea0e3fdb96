//! Which theme is drawn: what was asked for, on what this terminal can show.

use super::color::ColorDepth;
use super::tty::Environment;
use crate::ui::{Borders, Theme};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Dark or light, as the terminal's background is.
    Auto,
    /// One that saldo ships.
    BuiltIn(&'static str),
    /// The user's own.
    Own(Theme),
}

/// The look of a session.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    wanted: Wanted,
    depth: ColorDepth,
    /// The terminal has no line drawing to rely on.
    ascii: bool,
    /// Whether the terminal's background is dark: most are, until they say otherwise.
    dark: bool,
    theme: Theme,
}

impl Look {
    /// The look on a terminal that shows `depth` colours.
    pub fn new(wanted: Wanted, depth: ColorDepth, environment: &Environment) -> Self {
        let ascii = environment.term == "linux" || environment.term.starts_with("vt");
        let mut look = Self { wanted, depth, ascii, dark: true, theme: Theme::default() };
        look.settle();
        look
    }

    /// What to draw with.
    pub const fn theme(&self) -> &Theme {
        &self.theme
    }

    /// The terminal told the colour behind its text: whether it is dark.
    pub(super) fn set_dark(&mut self, dark: bool) {
        self.dark = dark;
        self.settle();
    }

    /// The user's own theme is another now.
    pub(super) fn set_own(&mut self, theme: Theme) {
        self.wanted = Wanted::Own(theme);
        self.settle();
    }

    fn settle(&mut self) {
        let few = self.depth <= ColorDepth::Ansi16;
        // Shades fall together where there are sixteen colours: the themes made of those take their place.
        let name = |dark: bool| match (few, dark) {
            (false, true) => "dark",
            (false, false) => "light",
            (true, true) => "ansi16",
            (true, false) => "ansi16-light",
        };
        let built_in = |name| Theme::built_in(name).unwrap_or_default();
        let theme = match self.wanted {
            _ if self.depth == ColorDepth::None => built_in("none"),
            Wanted::Auto => built_in(name(self.dark)),
            Wanted::BuiltIn("dark") => built_in(name(true)),
            Wanted::BuiltIn("light") => built_in(name(false)),
            Wanted::BuiltIn("ansi16") if !self.dark => built_in("ansi16-light"),
            Wanted::BuiltIn(name) => built_in(name),
            Wanted::Own(theme) => theme,
        };
        self.theme = if self.ascii { theme.framed(Borders::Ascii) } else { theme };
    }
}

/// What a terminal of many colours shows when nobody asked for anything.
impl Default for Look {
    fn default() -> Self {
        Self::new(Wanted::Auto, ColorDepth::True, &Environment::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_is_what_the_terminal_can_show() {
        let own = Theme::built_in("high-contrast").unwrap().framed(Borders::Rounded);
        for (wanted, depth, dark, shown) in [
            (Wanted::Auto, ColorDepth::True, true, "dark"),
            (Wanted::Auto, ColorDepth::Ansi256, false, "light"),
            (Wanted::Auto, ColorDepth::Ansi16, true, "ansi16"),
            (Wanted::Auto, ColorDepth::Ansi16, false, "ansi16-light"),
            (Wanted::Auto, ColorDepth::None, false, "none"),
            (Wanted::BuiltIn("light"), ColorDepth::True, true, "light"),
            (Wanted::BuiltIn("light"), ColorDepth::Ansi16, true, "ansi16-light"),
            (Wanted::BuiltIn("ansi16"), ColorDepth::True, false, "ansi16-light"),
            (Wanted::BuiltIn("high-contrast"), ColorDepth::Ansi16, false, "high-contrast"),
            (Wanted::Own(own), ColorDepth::None, true, "none"),
        ] {
            let mut look = Look::new(wanted, depth, &Environment::default());
            look.set_dark(dark);
            assert_eq!(Some(*look.theme()), Theme::built_in(shown), "{wanted:?} {depth:?} {dark}");
        }
        let mut look = Look::default();
        look.set_own(own);
        assert_eq!(*look.theme(), own);
    }

    #[test]
    fn the_console_gets_ascii() {
        for (term, ascii) in [("linux", true), ("vt220", true), ("xterm", false), ("screen", false)] {
            let environment = Environment { term: term.to_owned(), ..Environment::default() };
            let look = Look::new(Wanted::Auto, ColorDepth::Ansi16, &environment);
            let plain = Theme::built_in("ansi16").unwrap();
            assert_eq!(*look.theme() == plain.framed(Borders::Ascii), ascii, "{term}");
        }
    }
}
