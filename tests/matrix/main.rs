//! Everything that can be in front, on every size, in both languages, in every theme, on every kind of terminal.
//!
//! What dominates is the drawing of large screens, so the default run is a part of the product, and
//! `SALDO_MATRIX=full cargo test --release --test matrix` is all of it. The part, exactly: every place meets the sizes of
//! `CORE` and one in sixty-four of the others, in turns, so that every size is met; every look that a terminal can have
//! meets a third of the places, in one of the languages and at one of six sizes, in turns. What is not cut: the places, the languages, the
//! themes, the terminals. A terminal decides about nothing but the theme and the depth of colour, so terminals that agree in
//! both are one look.

mod places;
#[path = "../screen/mod.rs"]
mod screen;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroU16;
use std::sync::OnceLock;

use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use saldo::app::keymap::Place;
use saldo::domain::text::Safe;
use saldo::lang::Lang;
use saldo::session::{ColorDepth, Encoder, Environment, Look, Wanted};
use saldo::ui::Theme;
use screen::Screen;
use unicode_width::UnicodeWidthStr;

const WIDTHS: [u16; 30] = [
    1, 2, 3, 4, 5, 6, 7, 8, 10, 13, 16, 20, 24, 30, 39, 40, 58, 59, 60, 61, 79, 80, 81, 100, 119, 120, 121,
    160, 180, 300,
];
const HEIGHTS: [u16; 26] =
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 17, 19, 20, 21, 23, 24, 25, 33, 34, 36, 40, 50, 100];
/// What every place meets.
const CORE: [(u16, u16); 6] = [(1, 1), (4, 3), (20, 6), (40, 10), (60, 20), (80, 24)];
/// Where looks are compared with what the terminal makes of their bytes.
const LOOKED_AT: [(u16, u16); 6] = [(80, 24), (40, 10), (60, 20), (17, 5), (120, 30), (3, 2)];

/// One in so many of the other sizes is met by a place in the default run.
const SHARE: usize = 64;

const TERMS: [&str; 22] = [
    "",
    "dumb",
    "linux",
    "vt100",
    "vt220",
    "ansi",
    "xterm",
    "xterm-256color",
    "xterm-direct",
    "screen",
    "screen-256color",
    "tmux",
    "tmux-256color",
    "rxvt-unicode-256color",
    "konsole-256color",
    "xterm-kitty",
    "alacritty",
    "foot",
    "wezterm",
    "xterm-ghostty",
    "contour",
    "cygwin",
];
const AROUND: [&[(&str, &str)]; 6] = [
    &[],
    &[("NO_COLOR", "1")],
    &[("NO_COLOR", "")],
    &[("COLORTERM", "truecolor")],
    &[("COLORTERM", "1"), ("TMUX", "default,1,0")],
    &[("COLORTERM", "24bit"), ("NO_COLOR", "yes"), ("SSH_TTY", "/dev/pts/1")],
];

fn is_full() -> bool {
    std::env::var_os("SALDO_MATRIX").is_some_and(|value| value == "full")
}

/// The places of a language, made once.
fn places(lang: Lang) -> &'static [places::Named] {
    static PLACES: [OnceLock<Vec<places::Named>>; 2] = [const { OnceLock::new() }; 2];
    let at = Lang::ALL.iter().position(|one| *one == lang).expect("a language");
    PLACES[at].get_or_init(|| places::all(lang))
}

/// Every look that saldo can have, with a terminal that has it.
fn looks() -> &'static [(Theme, ColorDepth, String)] {
    static LOOKS: OnceLock<Vec<(Theme, ColorDepth, String)>> = OnceLock::new();
    LOOKS.get_or_init(|| {
        let names = ["dark", "light", "high-contrast", "ansi16", "ansi16-light", "none"];
        let wanted = std::iter::once(Wanted::Auto).chain(names.map(Wanted::BuiltIn));
        let mut looks: Vec<(Theme, ColorDepth, String)> = Vec::new();
        for wanted in wanted {
            for term in TERMS {
                for around in AROUND {
                    let lookup = |name: &str| -> Option<OsString> {
                        let value = around.iter().find(|(one, _)| *one == name).map(|(_, value)| *value);
                        value.or((name == "TERM").then_some(term)).map(OsString::from)
                    };
                    let environment = Environment::from_lookup(lookup);
                    let depth = ColorDepth::detect(&environment);
                    let theme = *Look::new(wanted, depth, &environment).theme();
                    if !looks.iter().any(|(one, other, _)| (one, other) == (&theme, &depth)) {
                        looks.push((
                            theme,
                            depth,
                            format!("{wanted:?} on {term} {around:?}").chars().take(90).collect(),
                        ));
                    }
                }
            }
        }
        looks
    })
}

/// Draws into a part of a larger screen, whose other cells nobody may touch, and looks at every cell. Gives the drawn part, at
/// the origin.
fn drawn(
    name: &str,
    screen: &mut Screen,
    theme: &Theme,
    (width, height): (u16, u16),
) -> (Buffer, Option<Position>) {
    screen.resize(width, height);
    let area = Rect { x: 2, y: 1, width, height };
    let around = Rect { x: 0, y: 0, width: width + 5, height: height + 2 };
    let mut buffer = Buffer::filled(around, Cell::new("¤"));
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buffer[(x, y)] = Cell::EMPTY;
        }
    }
    let cursor = saldo::ui::render(&screen.app, theme, area, &mut buffer);
    let at =
        |x: u16, y: u16| format!("{},{} of {name} on {width}x{height}", i32::from(x) - 2, i32::from(y) - 1);
    let ours = |x: u16, y: u16| area.contains(Position { x, y });
    let nobodys = Cell::new("¤");
    for y in around.top()..around.bottom() {
        for x in (around.left()..around.right()).filter(|x| !ours(*x, y)) {
            assert_eq!(buffer[(x, y)], nobodys, "outside, {}", at(x, y));
        }
    }
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let symbol = buffer[(x, y)].symbol();
            // Most cells are letters of ASCII: they are looked at as bytes.
            if matches!(symbol.as_bytes(), [b' '..=b'~']) {
                x += 1;
                continue;
            }
            // Joiners bind the letters of one cell; nothing else that a terminal could obey may be in one.
            let plain: String =
                symbol.chars().filter(|one| !matches!(one, '\u{200d}' | '\u{fe0f}')).collect();
            assert!(Safe::new(&plain).as_str() == plain, "{symbol:?} {}", at(x, y));
            let columns = u16::try_from(symbol.width().max(1)).expect("narrow");
            assert!(x + columns <= area.right(), "{symbol:?} ends outside, {}", at(x, y));
            for tail in x + 1..x + columns {
                assert_eq!(buffer[(tail, y)].symbol(), " ", "{symbol:?} is cut in half, {}", at(x, y));
            }
            x += columns;
        }
    }
    let mut part = Buffer::empty(Rect { x: 0, y: 0, width, height });
    for y in 0..height {
        for x in 0..width {
            part[(x, y)] = buffer[(x + area.x, y + area.y)].clone();
        }
    }
    let cursor = cursor.map(|cursor| {
        assert!(area.contains(cursor), "the cursor of {name} is outside on {width}x{height}: {cursor:?}");
        Position { x: cursor.x - area.x, y: cursor.y - area.y }
    });
    (part, cursor)
}

/// An emulator whose cursor is hidden, as an encoder expects it.
fn terminal_of((width, height): (u16, u16)) -> vt100::Parser {
    let side = |side| NonZeroU16::new(side).expect("a side");
    let mut parser = vt100::Parser::new(side(height), side(width), 0);
    parser.process(b"\x1b[?25l");
    parser
}

/// What an emulator shows of the bytes is what was drawn.
fn shown(
    what: &str,
    encoder: &mut Encoder,
    parser: &mut vt100::Parser,
    frame: Buffer,
    cursor: Option<Position>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let expected = frame.clone();
    encoder.encode(frame, cursor, &mut bytes);
    parser.process(&bytes);
    let screen = parser.screen();
    for y in 0..expected.area.height {
        let mut x = 0;
        while x < expected.area.width {
            let symbol = expected[(x, y)].symbol();
            let cell = screen.cell(y, x).expect("a cell");
            // An emulator of old knows no joined letters; what counts is that its columns are not moved by them.
            let is_plain = symbol.chars().count() == 1;
            let contents = if cell.has_contents() { cell.contents() } else { " " };
            assert!(
                !is_plain || contents == symbol,
                "{contents:?} shows for {symbol:?} at {x},{y} of {what}"
            );
            x += u16::try_from(symbol.width().max(1)).expect("narrow");
        }
    }
    assert_eq!(screen.hide_cursor(), cursor.is_none(), "{what}");
    bytes
}

fn sizes() -> Vec<(u16, u16)> {
    WIDTHS.iter().flat_map(|width| HEIGHTS.iter().map(|height| (*width, *height))).collect()
}

fn every_place_on_every_size(lang: Lang) {
    let themes = [Theme::of(true), Theme::of(true).framed(saldo::ui::Borders::Ascii)];
    let mut drawings = 0;
    for (at, (name, screen)) in places(lang).iter().enumerate() {
        let mut screen = screen.clone();
        let others = sizes().into_iter().enumerate().filter(|(number, size)| {
            is_full()
                || CORE.contains(size)
                || (at + number / HEIGHTS.len() + number % HEIGHTS.len()).is_multiple_of(SHARE)
        });
        for (number, size) in others {
            drawn(name, &mut screen, &themes[(at + number) % 2], size);
            drawings += 1;
        }
    }
    assert!(drawings > 2_500, "{drawings}");
}

#[test]
fn every_place_on_every_size_in_portuguese() {
    every_place_on_every_size(Lang::PtBr);
}

#[test]
fn every_place_on_every_size_in_english() {
    every_place_on_every_size(Lang::En);
}

fn every_place_in_every_look(lang: Lang) {
    // One terminal a look and a size: each frame is written over the one before, as a session does it.
    let mut terminals: BTreeMap<(usize, usize), (Encoder, vt100::Parser)> = BTreeMap::new();
    for (at, (name, screen)) in places(lang).iter().enumerate() {
        let mut screen = screen.clone();
        for (look, (theme, depth, terminal)) in looks().iter().enumerate() {
            for (number, size) in LOOKED_AT.into_iter().enumerate() {
                let turn = at + look;
                let is_its_turn = turn % 3 == 0
                    && turn / 3 % 2 == usize::from(lang == Lang::En)
                    && turn / 6 % LOOKED_AT.len() == number;
                if !is_full() && !is_its_turn {
                    continue;
                }
                let what = format!("{name}, {terminal}");
                let (frame, cursor) = drawn(&what, &mut screen, theme, size);
                let (encoder, parser) = terminals
                    .entry((look, number))
                    .or_insert_with(|| (Encoder::new(*depth), terminal_of(size)));
                let bytes = shown(&what, encoder, parser, frame, cursor);
                if *depth == ColorDepth::None {
                    let text = String::from_utf8_lossy(&bytes);
                    let colours = text.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m'));
                    for (parameters, _) in colours
                        .filter(|(one, _)| one.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
                    {
                        let is_colour = |one: &str| matches!(one.parse(), Ok(30..=38 | 40..=48 | 90..=107));
                        assert!(
                            !parameters.split(';').any(is_colour),
                            "a colour on a terminal without: {what}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn every_place_in_every_look_in_portuguese() {
    every_place_in_every_look(Lang::PtBr);
}

#[test]
fn every_place_in_every_look_in_english() {
    every_place_in_every_look(Lang::En);
}

#[test]
fn the_list_leaves_nothing_out() {
    for lang in Lang::ALL {
        for place in Place::ALL {
            assert!(places(lang).iter().any(|(_, screen)| screen.app.place() == place), "{place:?}");
        }
    }
    // Every theme and every depth is in it.
    for name in ["dark", "light", "high-contrast", "ansi16", "ansi16-light", "none"] {
        let theme = Theme::built_in(name).expect("a theme");
        assert!(looks().iter().any(|(one, ..)| *one == theme), "{name}");
    }
    for depth in [ColorDepth::None, ColorDepth::Ansi16, ColorDepth::Ansi256, ColorDepth::True] {
        assert!(looks().iter().any(|(_, one, _)| *one == depth), "{depth:?}");
    }
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/themes")).expect("the themes");
    assert_eq!(files.count(), 6, "a theme that is new belongs into this list");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn any_size_in_between(
        at in any::<prop::sample::Index>(),
        look in any::<prop::sample::Index>(),
        width in 1_u16..=300,
        height in 1_u16..=100,
        portuguese: bool,
    ) {
        let places = places(if portuguese { Lang::PtBr } else { Lang::En });
        let (name, screen) = &places[at.index(places.len())];
        let (theme, depth, terminal) = &looks()[look.index(looks().len())];
        let (frame, cursor) = drawn(name, &mut screen.clone(), theme, (width, height));
        let mut parser = terminal_of((width, height));
        shown(&format!("{name}, {terminal}"), &mut Encoder::new(*depth), &mut parser, frame, cursor);
    }
}
