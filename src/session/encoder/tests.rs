use std::num::NonZeroU16;

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

use super::*;

fn buffer(width: u16, rows: &[&str]) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, width, u16::try_from(rows.len()).unwrap()));
    for (y, row) in (0..).zip(rows) {
        buffer.set_string(0, y, row, Style::new());
    }
    buffer
}

fn encoded(encoder: &mut Encoder, frame: Buffer, cursor: Option<(u16, u16)>) -> String {
    let mut out = Vec::new();
    encoder.encode(frame, cursor.map(Position::from), &mut out);
    String::from_utf8(out).unwrap().replace('\u{1b}', "^")
}

#[test]
fn no_visible_change_is_no_byte() {
    let mut encoder = Encoder::new(ColorDepth::Ansi16);
    let mut frame = buffer(20, &["R$ 1.234,56", "saldo"]);
    frame.set_style(Rect::new(0, 1, 5, 1), Style::new().fg(Color::Red).bold());
    encoded(&mut encoder, frame.clone(), Some((3, 1)));
    assert_eq!(encoded(&mut encoder, frame.clone(), Some((3, 1))), "");
    // Another colour that this terminal shows alike, another ink where there is none to see.
    frame.set_style(Rect::new(10, 1, 5, 1), Style::new().fg(Color::Blue).bold());
    frame.set_style(Rect::new(0, 1, 5, 1), Style::new().fg(Color::Indexed(1)));
    assert_eq!(encoded(&mut encoder, frame, Some((3, 1))), "");
}

#[test]
fn a_change_costs_what_it_changed() {
    for (before, after, bytes) in [
        (&["R$ 1.234,56", ""][..], &["R$ 1.234,57", ""][..], "^[;11H7"),
        (&["abcdef", "x"], &["Abcdef", "X"], "^[HA\r\nX"),
        (&["abcdef", "ghi"], &["AbcDef", "ghi"], "^[HAbcD"),
        (&["abcdefghij", ""], &["AbcdefghiJ", ""], "^[HA^[8CJ"),
        (&["a long line of text", "x"], &["a", "x"], "^[;3H^[K"),
        (&["ab", ""], &["a", ""], "^[;2H "),
        (&["", "a", "b"], &["", "c", "d"], "^[2Hc\r\nd"),
        (&["aaaaaaaaaaaaaaaaaaaa", "b"], &["cccccccccccccccccccc", "d"], "^[Hcccccccccccccccccccc\r\nd"),
    ] {
        let mut encoder = Encoder::new(ColorDepth::True);
        encoded(&mut encoder, buffer(20, before), None);
        encoder.cursor = Cursor::Unknown;
        assert_eq!(encoded(&mut encoder, buffer(20, after), None), bytes, "{before:?} to {after:?}");
    }
}

fn link(address: &str, pieces: &[(u16, u16, u16)]) -> Option<Link> {
    let pieces = pieces.iter().map(|(x, y, width)| Rect::new(*x, *y, *width, 1)).collect();
    Some(Link { address: address.to_owned(), pieces })
}

#[test]
fn an_address_is_one_link_until_it_is_gone() {
    const OPEN: &str = "^]8;id=saldo;https://a.b^\\";
    const SHUT: &str = "^]8;;^\\";
    let mut encoder = Encoder::new(ColorDepth::True);
    let mut step = |rows: &[&str], link: Option<Link>| {
        let mut out = Vec::new();
        encoder.encode_linked(buffer(12, rows), None, link, &mut out);
        // How the cursor gets there is another test's.
        String::from_utf8(out).unwrap().replace('\u{1b}', "^").replace(['\r', '\n'], "").replace("^[H", "")
    };
    let whole = || link("https://a.b", &[(0, 0, 11)]);
    let drawn = step(&["https://a.b", "x"], whole());
    assert!(drawn.ends_with(&format!("{OPEN}https://a.b{SHUT}")), "{drawn}");
    assert_eq!(step(&["https://a.b", "x"], whole()), "", "nothing new is no byte");
    assert_eq!(step(&["https://a.b", "y"], whole()), "y", "a change elsewhere leaves it alone");
    let beside = step(&["https://a.b!", "y"], whole());
    assert!(beside.ends_with(&format!("{OPEN}https://a.b{SHUT}")), "{beside}");
    // Broken anew: all of it is written, and nothing stays a link that is not one now.
    let broken = step(&["https://", "a.b"], link("https://a.b", &[(0, 0, 8), (0, 1, 3)]));
    let [first, second] = ["https://", "a.b"].map(|piece| format!("{OPEN}{piece}{SHUT}"));
    assert!(broken.contains(&format!("{first}{second}")), "{broken}");
    assert_eq!(step(&["https://", "a.b"], None), "https://a.b", "written once more, as text");
    assert_eq!(step(&["https://", "a.b"], None), "");
}

#[test]
fn wide_characters_leave_no_half_behind() {
    for (before, after, bytes) in [
        ("日本", "ab本", "^[Hab"),
        ("日x", "  x", "^[H  "),
        ("ab", "日", "^[H日"),
        // Over the first half of 本: its second half is written, too.
        ("a本b", "日 b", "^[H日^[;3H "),
    ] {
        let mut encoder = Encoder::new(ColorDepth::True);
        encoded(&mut encoder, buffer(8, &[before]), None);
        encoder.cursor = Cursor::Unknown;
        assert_eq!(encoded(&mut encoder, buffer(8, &[after]), None), bytes, "{before:?} to {after:?}");
    }
    // One that does not fit into the last column is not written at all.
    let mut narrow = buffer(2, &["a"]);
    narrow[(1, 0)].set_symbol("日");
    let mut encoder = Encoder::new(ColorDepth::True);
    assert_eq!(encoded(&mut encoder, narrow, None), "^[m^[H^[2Ja");
}

#[test]
fn a_cell_cannot_smuggle_a_sequence() {
    let mut frame = buffer(8, &["a"]);
    for (x, symbol) in (1..).zip(["\u{1b}[2J", "\u{9b}31m", "\u{7}", "\n", "\u{7f}"]) {
        frame[(x, 0)].set_symbol(symbol);
    }
    let mut encoder = Encoder::new(ColorDepth::True);
    assert_eq!(encoded(&mut encoder, frame, None), "^[m^[H^[2Ja\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}");
}

#[test]
fn the_cursor_shows_only_where_it_is_asked_for() {
    let mut encoder = Encoder::new(ColorDepth::True);
    encoded(&mut encoder, buffer(8, &["ab"]), None);
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab"]), Some((5, 0))), "^[3C^[?25h");
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab"]), Some((5, 0))), "");
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab"]), Some((200, 9))), "^[2C");
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab"]), None), "^[?25l");
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab"]), None), "");
}

#[test]
fn forgetting_writes_everything_again() {
    let mut encoder = Encoder::new(ColorDepth::True);
    let first = encoded(&mut encoder, buffer(8, &["ab", "c"]), None);
    assert_eq!(first, "^[m^[H^[2Jab\r\nc");
    encoder.forget(false);
    assert_eq!(encoded(&mut encoder, buffer(8, &["ab", "c"]), None), first);
    assert_eq!(encoded(&mut encoder, buffer(9, &["ab", "c"]), None), "^[H^[2Jab\r\nc");
}

#[test]
fn without_colours_weight_and_reverse_are_left() {
    let mut frame = buffer(8, &["ab"]);
    frame.set_style(Rect::new(0, 0, 1, 1), Style::new().fg(Color::Red).bg(Color::Rgb(1, 2, 3)).bold());
    frame.set_style(Rect::new(1, 0, 1, 1), Style::new().fg(Color::Green).reversed());
    let mut encoder = Encoder::new(ColorDepth::None);
    assert_eq!(encoded(&mut encoder, frame, None), "^[m^[H^[2J^[1ma^[0;7mb");
}

#[test]
fn any_size_is_fine() {
    for (width, height) in [(0, 0), (0, 5), (5, 0), (1, 1), (1, 200), (300, 1), (1000, 3)] {
        let mut encoder = Encoder::new(ColorDepth::True);
        for _ in 0..2 {
            let mut frame = encoder.canvas(Size { width, height });
            if !frame.area.is_empty() {
                frame.set_string(0, 0, "日本語 text", Style::new().bg(Color::Red));
            }
            encoder.encode(frame, Some(Position { x: width, y: height }), &mut Vec::new());
        }
    }
}

/// What a frame looks like: symbols and styles, without what cannot be seen.
fn expected(frame: &Buffer) -> Vec<Vec<Look>> {
    let width = usize::from(frame.area.width);
    frame
        .content
        .chunks(width)
        .map(|row| {
            let mut looks = Vec::new();
            while looks.len() < width {
                let cell = &row[looks.len()];
                let room = u16::try_from(width - looks.len()).unwrap();
                let (symbol, columns) = shown(cell, room);
                looks.push(Look::of_cell(cell, symbol));
                looks.resize(looks.len() + usize::from(columns) - 1, Look::tail());
            }
            looks
        })
        .collect()
}

fn on_screen(parser: &vt100::Parser) -> Vec<Vec<Look>> {
    let (rows, columns) = parser.screen().size();
    (0..rows.get())
        .map(|row| {
            (0..columns.get())
                .map(|column| Look::of_screen(parser.screen().cell(row, column).unwrap()))
                .collect()
        })
        .collect()
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Look {
    symbol: String,
    foreground: vt100::Color,
    background: vt100::Color,
    /// Bold, dim, italic, underlined, reversed.
    modifiers: [bool; 5],
}

impl Look {
    fn tail() -> Self {
        Self {
            symbol: String::new(),
            foreground: vt100::Color::Default,
            background: vt100::Color::Default,
            modifiers: [false; 5],
        }
    }

    fn new(symbol: &str, foreground: vt100::Color, background: vt100::Color, modifiers: [bool; 5]) -> Self {
        let inked = symbol != " " || modifiers[3] || modifiers[4];
        Self {
            symbol: symbol.to_owned(),
            foreground: if inked { foreground } else { vt100::Color::Default },
            background,
            modifiers: if inked { modifiers } else { [false; 5] },
        }
    }

    fn of_cell(cell: &Cell, symbol: &str) -> Self {
        let has = |modifier| cell.modifier.contains(modifier);
        let modifiers =
            [Modifier::BOLD, Modifier::DIM, Modifier::ITALIC, Modifier::UNDERLINED, Modifier::REVERSED]
                .map(has);
        Self::new(symbol, color(cell.fg), color(cell.bg), modifiers)
    }

    fn of_screen(cell: &vt100::Cell) -> Self {
        if cell.is_wide_continuation() {
            return Self::tail();
        }
        let symbol = if cell.has_contents() { cell.contents() } else { " " };
        let modifiers = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
        Self::new(symbol, cell.fgcolor(), cell.bgcolor(), modifiers)
    }
}

fn color(color: Color) -> vt100::Color {
    match color {
        Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
        Color::Indexed(index) => vt100::Color::Idx(index),
        named => super::super::color::palette_index(named).map_or(vt100::Color::Default, vt100::Color::Idx),
    }
}

fn a_color() -> impl Strategy<Value = Color> {
    prop_oneof![
        4 => Just(Color::Reset),
        2 => Just(Color::Red),
        1 => Just(Color::LightBlue),
        1 => Just(Color::Indexed(200)),
        1 => Just(Color::Rgb(1, 2, 3)),
    ]
}

fn a_style() -> impl Strategy<Value = Style> {
    let modifier = prop_oneof![
        4 => Just(Modifier::empty()),
        1 => Just(Modifier::BOLD),
        1 => Just(Modifier::DIM),
        1 => Just(Modifier::UNDERLINED | Modifier::ITALIC),
        1 => Just(Modifier::REVERSED | Modifier::BOLD),
    ];
    (a_color(), a_color(), modifier)
        .prop_map(|(fg, bg, modifier)| Style::new().fg(fg).bg(bg).add_modifier(modifier))
}

/// Something drawn over what the last frame showed.
fn a_stroke() -> impl Strategy<Value = (u16, u16, String, Style)> {
    let text = prop_oneof![
        "[a-z ]{1,12}",
        " {1,20}",
        "[日本語ａ]{1,4}",
        Just("e\u{301}x".to_owned()),
        Just("R$\u{a0}1.234,56".to_owned()),
        Just("│─█▁".to_owned()),
        Just("\u{200d}".to_owned()),
    ];
    (0..20_u16, 0..6_u16, text, a_style())
}

#[derive(Debug, Clone)]
struct Step {
    /// Resized to this first.
    size: Option<(u16, u16)>,
    /// Begins with an empty screen, as every real frame does; otherwise with the last frame.
    afresh: bool,
    strokes: Vec<(u16, u16, String, Style)>,
    cursor: Option<(u16, u16)>,
    forget: bool,
}

fn a_step() -> impl Strategy<Value = Step> {
    (
        prop::option::weighted(0.1, (1..20_u16, 1..6_u16)),
        prop::bool::weighted(0.3),
        prop::collection::vec(a_stroke(), 0..6),
        prop::option::of((0..20_u16, 0..6_u16)),
        prop::bool::weighted(0.05),
    )
        .prop_map(|(size, afresh, strokes, cursor, forget)| Step {
            size,
            afresh,
            strokes,
            cursor,
            forget,
        })
}

proptest! {
    /// After every frame of any sequence of frames an emulator shows exactly the newest.
    #[test]
    fn the_terminal_shows_the_newest_frame(steps in prop::collection::vec(a_step(), 1..12)) {
        let (mut width, mut height) = (20, 6);
        let size = |side| NonZeroU16::new(side).unwrap();
        let mut parser = vt100::Parser::new(size(height), size(width), 0);
        // Left over from before the session.
        parser.process(b"\x1b[?25l\x1b[1;31;44mleft over\r\n\r\nfrom before");
        let mut encoder = Encoder::new(ColorDepth::True);
        let mut last: Option<Buffer> = None;
        for step in steps {
            if let Some(resized) = step.size {
                (width, height) = resized;
                parser.screen_mut().set_size(size(height), size(width));
            }
            if step.forget {
                parser.process(b"noise\x1b[3;1H\x1b[7mnoise");
                encoder.forget(false);
            }
            let mut frame = encoder.canvas(Size { width, height });
            if let Some(last) = last.filter(|last| !step.afresh && last.area == frame.area) {
                frame = last;
            }
            for (x, y, text, style) in step.strokes {
                if x < width && y < height {
                    frame.set_string(x, y, &text, style);
                }
            }
            // The emulator has one intensity, and cannot be both.
            for cell in &mut frame.content {
                if cell.modifier.contains(Modifier::BOLD) {
                    cell.modifier.remove(Modifier::DIM);
                }
            }
            let cursor = step.cursor.map(|(x, y)| Position { x: x.min(width - 1), y: y.min(height - 1) });
            let mut out = Vec::new();
            encoder.encode(frame.clone(), cursor, &mut out);
            parser.process(&out);

            let (seen, wanted) = (on_screen(&parser), expected(&frame));
            for (row, (seen, wanted)) in seen.iter().zip(&wanted).enumerate() {
                for (column, pair) in seen.iter().zip(wanted).enumerate() {
                    prop_assert_eq!(pair.0, pair.1, "{} {}: {:?}", row, column, String::from_utf8_lossy(&out));
                }
            }
            prop_assert_eq!(parser.screen().hide_cursor(), cursor.is_none());
            if let Some(cursor) = cursor {
                prop_assert_eq!(parser.screen().cursor_position(), (cursor.y, cursor.x));
            }
            let mut again = Vec::new();
            encoder.encode(frame.clone(), cursor, &mut again);
            prop_assert!(again.is_empty(), "the same frame again cost {:?}", String::from_utf8_lossy(&again));
            last = Some(frame);
        }
    }
}
