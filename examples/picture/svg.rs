//! Cells as SVG. Lines and blocks are drawn as shapes, so that they meet whatever font the reader has; letters keep to
//! the grid by `textLength`.

use std::fmt::Write as _;

/// Cell size in the picture, in pixels. DejaVu Sans Mono is 0.602 em wide, so 13.29 px of it make 8 px.
pub(crate) const CELL: (u32, u32) = (8, 17);

/// What surrounds the screen, in pixels.
pub(crate) const MARGIN: u32 = 10;

/// A terminal's own two colours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paper {
    pub(crate) background: &'static str,
    pub(crate) foreground: &'static str,
}

impl Paper {
    pub(crate) const fn of(light: bool) -> Self {
        match light {
            false => Self { background: "#101014", foreground: "#d0d0d0" },
            true => Self { background: "#fbfbf8", foreground: "#1c1c1c" },
        }
    }
}

/// The beginning of a picture that is `height` pixels high inside its margins.
pub(crate) fn open(columns: u16, height: u32, paper: Paper) -> String {
    let (width, height) = (u32::from(columns) * CELL.0 + 2 * MARGIN, height + 2 * MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace\" \
         font-size=\"13.29\" xml:space=\"preserve\"><rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"{}\"/>",
        paper.background
    )
}

/// Rows and columns.
pub(crate) fn sides(screen: &vt100::Screen) -> (u16, u16) {
    let (rows, columns) = screen.size();
    (rows.get(), columns.get())
}

/// The screen as one picture.
pub(crate) fn still(screen: &vt100::Screen, paper: Paper) -> String {
    let (rows, columns) = sides(screen);
    let mut out = open(columns, u32::from(rows) * CELL.1, paper);
    for row in 0..rows {
        for piece in pieces(screen, row, paper) {
            let (x, y) = piece.place();
            let _ = write!(out, "<g transform=\"translate({x} {y})\">{}</g>", piece.shapes);
        }
        out.push('\n');
    }
    out.push_str("</svg>\n");
    out
}

/// A part of a row between the lines of the panes, drawn as if it began at 0 0.
pub(crate) struct Piece {
    pub(crate) row: u16,
    pub(crate) column: u16,
    pub(crate) shapes: String,
}

impl Piece {
    /// Where it stands in the picture.
    pub(crate) fn place(&self) -> (u32, u32) {
        (u32::from(self.column) * CELL.0 + MARGIN, u32::from(self.row) * CELL.1 + MARGIN)
    }
}

/// The pieces of a row; those in which nothing shows are left out.
pub(crate) fn pieces(screen: &vt100::Screen, row: u16, paper: Paper) -> Vec<Piece> {
    let (_, columns) = sides(screen);
    let mut pieces = Vec::new();
    let mut piece = Piece { row, column: 0, shapes: String::new() };
    let mut column = 0;
    while column < columns {
        let Some(cell) = screen.cell(row, column) else { break };
        if cell.contents() == "│" && !piece.shapes.is_empty() {
            pieces.push(std::mem::replace(&mut piece, Piece { row, column, shapes: String::new() }));
        }
        if piece.shapes.is_empty() {
            piece.column = column;
        }
        let style = Style::of(cell, paper);
        let start = column;
        let mut run = Vec::new();
        while column < columns
            && let Some(cell) = screen.cell(row, column)
            && Style::of(cell, paper) == style
            && !(column > start && cell.contents() == "│")
        {
            run.push(if cell.is_wide_continuation() {
                String::new()
            } else if cell.has_contents() {
                cell.contents().to_owned()
            } else {
                " ".to_owned()
            });
            column += 1;
        }
        draw_run(&mut piece.shapes, &style, &run, start - piece.column);
    }
    if !piece.shapes.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A run of one style: its background, its lines and blocks, its letters.
fn draw_run(out: &mut String, style: &Style, run: &[String], column: u16) {
    let at = |cells: usize| (u32::from(column) + u32::try_from(cells).unwrap_or_default()) * CELL.0;
    if let Some(background) = &style.background {
        let (x, width) = (at(0), at(run.len()) - at(0));
        let _ =
            write!(out, "<rect x=\"{x}\" width=\"{width}\" height=\"{}\" fill=\"{background}\"/>", CELL.1);
    }
    let mut lines = String::new();
    let mut blocks = String::new();
    let mut letters: Vec<&str> = Vec::new();
    for (index, cell) in run.iter().enumerate() {
        let mut characters = cell.chars();
        let one = characters.next().filter(|_| characters.next().is_none());
        let drawn = one.is_some_and(|one| shape(&mut lines, &mut blocks, one, at(index)));
        letters.push(if drawn { " " } else { cell });
    }
    let opacity = if style.dim { " opacity=\".65\"" } else { "" };
    if !lines.is_empty() {
        let _ = write!(out, "<path d=\"{lines}\" stroke=\"{}\" fill=\"none\"{opacity}/>", style.foreground);
    }
    if !blocks.is_empty() {
        let _ = write!(out, "<path d=\"{blocks}\" fill=\"{}\"{opacity}/>", style.foreground);
    }
    let Some(first) = letters.iter().position(|cell| !blank(cell)) else { return };
    let last = letters.iter().rposition(|cell| !blank(cell)).unwrap_or(first);
    // A wide letter's second cell is empty: the run ends behind it.
    let end = (last + 1..letters.len()).find(|index| !letters[*index].is_empty()).unwrap_or(letters.len());
    let text: String = letters[first..=last].concat();
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let weight = if style.bold { " font-weight=\"bold\"" } else { "" };
    let line = if style.underline { " text-decoration=\"underline\"" } else { "" };
    let _ = write!(
        out,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" fill=\"{}\"{weight}{opacity}{line}>{text}</text>",
        at(first),
        CELL.1 - 4,
        at(end.min(last + 2).max(last + 1)) - at(first),
        style.foreground,
    );
}

fn blank(cell: &str) -> bool {
    cell.chars().all(|character| matches!(character, ' ' | '\u{a0}'))
}

/// Draws a line or a block; false for every other character. Lines are one pixel in the middle of the cell.
fn shape(lines: &mut String, blocks: &mut String, character: char, x: u32) -> bool {
    let (left, right, up, down) = match character {
        '─' => (true, true, false, false),
        '│' => (false, false, true, true),
        '┌' | '╭' => (false, true, false, true),
        '┐' | '╮' => (true, false, false, true),
        '└' | '╰' => (false, true, true, false),
        '┘' | '╯' => (true, false, true, false),
        '├' => (false, true, true, true),
        '┤' => (true, false, true, true),
        '┬' => (true, true, false, true),
        '┴' => (true, true, true, false),
        '┼' => (true, true, true, true),
        '█' => return block(blocks, (x, 0), CELL),
        '▀' => return block(blocks, (x, 0), (CELL.0, CELL.1 / 2)),
        '▄' => return block(blocks, (x, CELL.1 / 2), (CELL.0, CELL.1 - CELL.1 / 2)),
        '▁'..='▇' => {
            let height = CELL.1 * (u32::from(character) - u32::from('▁') + 1) / 8;
            return block(blocks, (x, CELL.1 - height), (CELL.0, height));
        }
        _ => return false,
    };
    let (middle, level) = (x + CELL.0 / 2, CELL.1 / 2);
    if left || right {
        let (from, to) = (if left { x } else { middle }, if right { x + CELL.0 } else { middle });
        let _ = write!(lines, "M{from} {level}.5H{to}");
    }
    if up || down {
        let (from, to) = (if up { 0 } else { level }, if down { CELL.1 } else { level + 1 });
        let _ = write!(lines, "M{middle}.5 {from}V{to}");
    }
    true
}

fn block(blocks: &mut String, (x, y): (u32, u32), (width, height): (u32, u32)) -> bool {
    let _ = write!(blocks, "M{x} {y}h{width}v{height}h-{width}z");
    true
}

#[derive(PartialEq, Eq)]
struct Style {
    foreground: String,
    background: Option<String>,
    bold: bool,
    dim: bool,
    underline: bool,
}

impl Style {
    fn of(cell: &vt100::Cell, paper: Paper) -> Self {
        let (mut foreground, mut background) = (hex(cell.fgcolor()), hex(cell.bgcolor()));
        if cell.inverse() {
            (foreground, background) = (
                background.or(Some(paper.background.to_owned())),
                foreground.or(Some(paper.foreground.to_owned())),
            );
        }
        Self {
            foreground: foreground.unwrap_or_else(|| paper.foreground.to_owned()),
            background,
            bold: cell.bold(),
            dim: cell.dim(),
            underline: cell.underline(),
        }
    }
}

fn hex(colour: vt100::Color) -> Option<String> {
    /// The sixteen colours as xterm shows them.
    const SIXTEEN: [&str; 16] = [
        "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5", "#666666",
        "#f14c4c", "#23d18b", "#f5f543", "#3b8eea", "#d670d6", "#29b8db", "#ffffff",
    ];
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(index) if index < 16 => Some(SIXTEEN[usize::from(index)].to_owned()),
        vt100::Color::Idx(index) if index >= 232 => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        vt100::Color::Idx(index) => {
            let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
            let cube = index - 16;
            Some(format!("#{:02x}{:02x}{:02x}", level(cube / 36), level(cube / 6 % 6), level(cube % 6)))
        }
        vt100::Color::Rgb(red, green, blue) => Some(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
