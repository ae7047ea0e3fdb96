//! Every theme that saldo ships can be read: the contrast of each role by WCAG 2.2 (1.4.3 and 1.4.11), as each kind of
//! terminal shows it.

#![expect(clippy::float_arithmetic, reason = "WCAG defines contrast so, and no money is near")]

mod screen;

use ratatui::style::{Color, Modifier, Style};
use saldo::lang::Lang;
use saldo::session::{ColorDepth, Environment, Look, Wanted};
use saldo::ui::Theme;
use screen::Screen;

/// The sixteen as xterm has them; every other palette is its user's own.
const PALETTE: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

const NAMED: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

fn channels(color: Color) -> Option<[u8; 3]> {
    if let Some(at) = NAMED.iter().position(|named| *named == color) {
        return Some(PALETTE[at]);
    }
    match color {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index @ 0..=15) => Some(PALETTE[usize::from(index)]),
        Color::Indexed(index @ 16..=231) => {
            let level = |at: u8| if at == 0 { 0 } else { 55 + 40 * at };
            let at = index - 16;
            Some([level(at / 36), level(at / 6 % 6), level(at % 6)])
        }
        Color::Indexed(index) => Some([8 + 10 * (index - 232); 3]),
        _ => None,
    }
}

fn luminance(color: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let part = f64::from(channel) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What `style` shows on a terminal of `depth` whose background is the theme's, and whose text is its opposite.
fn shown(theme: &Theme, style: Style, depth: ColorDepth) -> f64 {
    let behind = channels(depth.fit(theme.background())).expect("a background");
    let default = if luminance(behind) < 0.18 { PALETTE[7] } else { PALETTE[0] };
    let pick =
        |color: Option<Color>, default| color.and_then(|color| channels(depth.fit(color))).unwrap_or(default);
    contrast(pick(style.fg, default), pick(style.bg, behind))
}

#[test]
fn every_role_of_every_theme_can_be_read_on_every_kind_of_terminal() {
    for name in Theme::names().filter(|name| *name != "none") {
        for depth in [ColorDepth::True, ColorDepth::Ansi256, ColorDepth::Ansi16] {
            let look = Look::new(Wanted::BuiltIn(name), depth, &Environment::default());
            let theme = *look.theme();
            for (role, style) in theme.roles() {
                let least = match (name, role) {
                    (_, "border") => 3.0,
                    // AAA, where shades do not fall together.
                    ("high-contrast", _) if depth != ColorDepth::Ansi16 => 7.0,
                    _ => 4.5,
                };
                let found = shown(&theme, style, depth);
                assert!(found >= least, "{name}: {role} has {found:.2}:1 at {depth:?}, and needs {least}:1");
            }
        }
    }
}

/// Not only the roles: what is drawn with them, one over the other.
#[test]
fn every_letter_on_the_screen_can_be_read() {
    for name in Theme::names().filter(|name| *name != "none") {
        for depth in [ColorDepth::True, ColorDepth::Ansi256, ColorDepth::Ansi16] {
            let theme = *Look::new(Wanted::BuiltIn(name), depth, &Environment::default()).theme();
            for keys in ["", "tab", "enter", "p", "p enter", "b", "!", "?", ": a"] {
                let mut screen = Screen::new(Lang::En).size(160, 50);
                screen.theme = theme;
                screen.keys(keys);
                let (buffer, _) = screen.draw();
                for cell in &buffer.content {
                    let is_letter = cell.symbol().chars().any(char::is_alphanumeric);
                    // What is dim has lost its weight on purpose, and how much is the terminal's to say.
                    if is_letter && !cell.modifier.contains(Modifier::DIM) {
                        let found = shown(&theme, cell.style(), depth);
                        let letter = cell.symbol();
                        assert!(
                            found >= 4.5,
                            "{name}, {keys:?}: {letter:?} has {found:.2}:1 at {depth:?}: {cell:?}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_theme_without_colour_has_none_and_still_tells_things_apart() {
    let none = Theme::built_in("none").expect("shipped");
    let role = |wanted: &str| {
        let roles = none.roles();
        roles.iter().find(|(role, _)| *role == wanted).map(|(_, style)| *style).expect("a role")
    };
    for (name, style) in none.roles() {
        assert_eq!((style.fg, style.bg), (None, None), "{name}");
    }
    for (one, other) in
        [("text", "strong"), ("text", "selected"), ("strong", "bad"), ("production", "staging")]
    {
        assert_ne!(role(one), role(other), "{one} and {other}");
    }
}

#[test]
fn the_measure_is_that_of_the_recommendation() {
    assert!((contrast([0, 0, 0], [255, 255, 255]) - 21.0).abs() < 1e-9);
    // The examples of WebAIM: #767676 is the lightest grey that passes on white.
    assert!(contrast([0x76; 3], [255; 3]) >= 4.5 && contrast([0x77; 3], [255; 3]) < 4.5);
}
