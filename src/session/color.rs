//! How many colours a terminal shows, and the nearest one to a colour that it does not.

use ratatui::style::Color;

use super::tty::Environment;

/// How many colours a terminal shows. The order is that of richness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColorDepth {
    /// None: bold, dim, underlined and reversed text still work.
    None,
    /// The sixteen of the terminal's own palette.
    Ansi16,
    /// xterm's 256.
    Ansi256,
    /// 24 bits.
    True,
}

/// Terminals that show 24 bits and say so by their name, for SSH rarely carries COLORTERM.
const TRUE_COLOR: [&str; 7] = ["alacritty", "contour", "foot", "kitty", "ghostty", "wezterm", "rio"];

impl ColorDepth {
    /// What the environment says: `NO_COLOR` (when not empty), then `COLORTERM`, then `TERM`.
    pub fn detect(environment: &Environment) -> Self {
        let term = environment.term.as_str();
        let named = |names: &[&str]| names.iter().any(|name| term.contains(name));
        if environment.no_color || matches!(term, "" | "dumb") || term.starts_with("vt") {
            return Self::None;
        }
        // GNU screen hands COLORTERM on, but garbles what it promises.
        let screen = term.starts_with("screen") && !environment.tmux;
        let promised = matches!(environment.colorterm.as_str(), "truecolor" | "24bit");
        if named(&TRUE_COLOR) || term.ends_with("-direct") || (promised && !screen) {
            return Self::True;
        }
        if named(&["256color"]) || promised || !environment.colorterm.is_empty() {
            return Self::Ansi256;
        }
        Self::Ansi16
    }

    /// The nearest colour that can be shown.
    #[must_use]
    pub fn fit(self, color: Color) -> Color {
        match (self, color) {
            (Self::None, _) => Color::Reset,
            (Self::Ansi256, Color::Rgb(red, green, blue)) => Color::Indexed(nearest_256([red, green, blue])),
            (Self::Ansi16, Color::Rgb(red, green, blue)) => nearest_16([red, green, blue]),
            (Self::Ansi16, Color::Indexed(index)) => match index {
                0..=15 => ANSI[usize::from(index)].0,
                _ => nearest_16(rgb_of(index)),
            },
            _ => color,
        }
    }
}

type Channels = [u8; 3];

/// The sixteen in the order of their numbers, with xterm's values. Every user has their own palette; the
/// distances between the colours are alike.
const ANSI: [(Color, Channels); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The number of one of the sixteen named colours.
pub(super) fn palette_index(color: Color) -> Option<u8> {
    ANSI.iter().position(|(named, _)| *named == color).and_then(|index| u8::try_from(index).ok())
}

/// The levels of a channel in xterm's cube of 6x6x6.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn distance(one: Channels, other: Channels) -> u32 {
    // The eye weighs green most, blue least.
    let weights = [3, 4, 2];
    one.iter()
        .zip(other)
        .zip(weights)
        .map(|((one, other), weight)| u32::from(one.abs_diff(other)).pow(2) * weight)
        .sum()
}

fn nearest_16(rgb: Channels) -> Color {
    ANSI.iter().min_by_key(|(_, channels)| distance(rgb, *channels)).map_or(Color::Reset, |(color, _)| *color)
}

/// The nearest of the cube and of the greys; the first sixteen belong to the user's palette and are not used.
fn nearest_256(rgb: Channels) -> u8 {
    (16..=255_u8).min_by_key(|index| distance(rgb, rgb_of(*index))).unwrap_or(16)
}

fn rgb_of(index: u8) -> Channels {
    match index {
        0..=15 => ANSI[usize::from(index)].1,
        16..=231 => {
            let place = usize::from(index - 16);
            [LEVELS[place / 36], LEVELS[place / 6 % 6], LEVELS[place % 6]]
        }
        232.. => [8 + 10 * (index - 232); 3],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(term: &str, colorterm: &str) -> Environment {
        Environment { term: term.to_owned(), colorterm: colorterm.to_owned(), ..Environment::default() }
    }

    #[test]
    fn the_environment_tells_the_depth() {
        for (term, colorterm, depth) in [
            ("dumb", "truecolor", ColorDepth::None),
            ("vt100", "", ColorDepth::None),
            ("linux", "", ColorDepth::Ansi16),
            ("xterm", "", ColorDepth::Ansi16),
            ("screen", "", ColorDepth::Ansi16),
            ("xterm-256color", "", ColorDepth::Ansi256),
            ("tmux-256color", "", ColorDepth::Ansi256),
            ("xterm-256color", "truecolor", ColorDepth::True),
            ("xterm-direct", "", ColorDepth::True),
            ("xterm-kitty", "", ColorDepth::True),
            ("alacritty", "", ColorDepth::True),
            ("screen.xterm-256color", "truecolor", ColorDepth::Ansi256),
        ] {
            assert_eq!(ColorDepth::detect(&environment(term, colorterm)), depth, "{term} {colorterm}");
        }
        let plain = Environment { no_color: true, ..environment("xterm-256color", "truecolor") };
        assert_eq!(ColorDepth::detect(&plain), ColorDepth::None);
        let tmux = Environment { tmux: true, ..environment("screen-256color", "truecolor") };
        assert_eq!(ColorDepth::detect(&tmux), ColorDepth::True);
    }

    #[test]
    fn colours_fall_to_their_nearest() {
        for (depth, color, fitted) in [
            (ColorDepth::True, Color::Rgb(1, 2, 3), Color::Rgb(1, 2, 3)),
            (ColorDepth::Ansi256, Color::Rgb(95, 135, 175), Color::Indexed(67)),
            (ColorDepth::Ansi256, Color::Rgb(255, 255, 255), Color::Indexed(231)),
            (ColorDepth::Ansi256, Color::Rgb(18, 18, 18), Color::Indexed(233)),
            (ColorDepth::Ansi256, Color::Indexed(3), Color::Indexed(3)),
            (ColorDepth::Ansi16, Color::Rgb(250, 10, 10), Color::LightRed),
            (ColorDepth::Ansi16, Color::Rgb(10, 10, 10), Color::Black),
            (ColorDepth::Ansi16, Color::Indexed(9), Color::LightRed),
            (ColorDepth::Ansi16, Color::Indexed(231), Color::White),
            (ColorDepth::Ansi16, Color::Cyan, Color::Cyan),
            (ColorDepth::Ansi16, Color::Reset, Color::Reset),
            (ColorDepth::None, Color::Red, Color::Reset),
        ] {
            assert_eq!(depth.fit(color), fitted, "{depth:?} {color:?}");
        }
    }
}
