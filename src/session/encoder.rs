//! From the frame that the terminal shows to the next one, in few bytes.
//!
//! No visible change is no byte: an idle screen costs nothing, over SSH too, and a key costs what it changed.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect, Size};
use unicode_width::UnicodeWidthStr;

use super::color::ColorDepth;
use super::sgr::{Pen, push_number};
use crate::ui::Link;

/// From so many changed blanks at the end of a row on, erasing is shorter than writing them.
const ERASE_FROM: u16 = 4;
/// A gap of so many unchanged cells is shorter to write again than to jump over (`CSI 4 C` is four bytes).
const REWRITE_UP_TO: u16 = 3;

/// What is known of the terminal's cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cursor {
    /// Nothing: terminals disagree about the width of what was written last.
    Unknown,
    /// It is here.
    At(Position),
    /// The last column of this row was written; terminals differ in where that leaves it, until it moves.
    Margin(u16),
}

/// What one terminal shows, and the bytes that change it.
#[derive(Debug)]
pub struct Encoder {
    depth: ColorDepth,
    /// The last frame, and the memory of the one before it. `None`: whatever it shows, it is not ours.
    shown: Option<Buffer>,
    spare: Buffer,
    pen: Option<Pen>,
    cursor: Cursor,
    cursor_visible: bool,
    /// The address that the terminal may open, in the last frame.
    link: Option<Link>,
}

impl Encoder {
    /// An encoder for a terminal whose cursor is hidden, and of which nothing else is known.
    pub fn new(depth: ColorDepth) -> Self {
        Self {
            depth,
            shown: None,
            spare: Buffer::empty(Rect::ZERO),
            pen: None,
            cursor: Cursor::Unknown,
            cursor_visible: false,
            link: None,
        }
    }

    /// Forgets what the terminal shows: the next frame is written whole. Its cursor is taken to be hidden if
    /// `cursor_hidden`, as it is after the terminal was entered anew.
    pub fn forget(&mut self, cursor_hidden: bool) {
        self.shown = None;
        self.pen = None;
        self.cursor = Cursor::Unknown;
        self.cursor_visible &= !cursor_hidden;
    }

    /// An empty buffer to draw the next frame into.
    pub fn canvas(&mut self, size: Size) -> Buffer {
        let mut canvas = std::mem::take(&mut self.spare);
        canvas.resize(Rect::from((Position::ORIGIN, size)));
        canvas.reset();
        canvas
    }

    /// Appends to `out` what makes the terminal show `frame`, with the cursor at `cursor` or hidden. The
    /// frame's area begins at the origin.
    pub fn encode(&mut self, frame: Buffer, cursor: Option<Position>, out: &mut Vec<u8>) {
        self.encode_linked(frame, cursor, None, out);
    }

    /// As [`Self::encode`], with an address in the frame that the terminal may open (OSC 8).
    pub fn encode_linked(
        &mut self,
        frame: Buffer,
        cursor: Option<Position>,
        link: Option<Link>,
        out: &mut Vec<u8>,
    ) {
        let mut shown = match self.shown.take() {
            Some(shown) if shown.area == frame.area => shown,
            _ => {
                self.clear(out);
                self.link = None;
                Buffer::empty(frame.area)
            }
        };
        let is_new = link != self.link;
        if let Some(before) = std::mem::replace(&mut self.link, link).filter(|_| is_new) {
            // Whatever stands there now is written anew, so that nothing of the old address stays a link.
            for at in before.pieces.into_iter().flat_map(Rect::positions) {
                shown[at].set_symbol("\u{0}");
            }
        }
        let width = usize::from(frame.area.width);
        if width > 0 {
            let rows = shown.content.chunks(width).zip(frame.content.chunks(width));
            for (y, (old, new)) in (0..).zip(rows) {
                if old != new {
                    self.row(y, old, new, out);
                }
            }
        }
        self.write_link(is_new, &shown, &frame, out);
        self.place_cursor(cursor, frame.area, out);
        self.shown = Some(frame);
        self.spare = shown;
    }

    /// Writes the cells of an address once more, as a link: where it is new, and where its row has changed, which may have
    /// cost it a part.
    fn write_link(&mut self, is_new: bool, shown: &Buffer, frame: &Buffer, out: &mut Vec<u8>) {
        let Some(Link { address, pieces }) = self.link.clone() else { return };
        let whole_row = |piece: Rect| Rect { x: 0, width: frame.area.width, ..piece };
        let has_changed = |piece: &Rect| whole_row(*piece).positions().any(|at| shown[at] != frame[at]);
        if !is_new && !pieces.iter().any(has_changed) {
            return;
        }
        for piece in pieces {
            // The same id makes one link of all pieces.
            out.extend_from_slice(b"\x1b]8;id=saldo;");
            out.extend_from_slice(address.as_bytes());
            out.extend_from_slice(b"\x1b\\");
            self.rewrite(frame, piece, out);
            out.extend_from_slice(b"\x1b]8;;\x1b\\");
        }
    }

    fn rewrite(&mut self, frame: &Buffer, piece: Rect, out: &mut Vec<u8>) {
        for at in piece.positions() {
            let (symbol, width) = shown(&frame[at], frame.area.width - at.x);
            self.move_to(at, out);
            self.write(at, symbol, width, Pen::of(&frame[at], symbol, self.depth), frame.area.width, out);
        }
    }

    fn clear(&mut self, out: &mut Vec<u8>) {
        // Erased cells take the background of the pen.
        match &mut self.pen {
            Some(pen) => pen.change(Pen::PLAIN, out),
            None => out.extend_from_slice(b"\x1b[m"),
        }
        self.pen = Some(Pen::PLAIN);
        out.extend_from_slice(b"\x1b[H\x1b[2J");
        self.cursor = Cursor::At(Position::ORIGIN);
    }

    /// A wide character counts as itself and a tail. Where it replaces, or is replaced by, narrow ones, lead
    /// and tail differ, so both columns are written: no half of one is ever left over.
    fn row(&mut self, y: u16, old_row: &[Cell], new: &[Cell], out: &mut Vec<u8>) {
        let width = columns(new);
        let blank_from = width - columns_of(new.iter().rev().take_while(|cell| self.is_erased(cell)).count());
        let mut old_lead = 0;
        let mut new_lead = 0;
        for (x, (old, cell)) in (0..).zip(old_row.iter().zip(new)) {
            let was_tail = x < old_lead;
            let is_tail = x < new_lead;
            let (old_symbol, old_width) = if was_tail { ("", 0) } else { shown(old, width - x) };
            let (symbol, symbol_width) = if is_tail { ("", 0) } else { shown(cell, width - x) };
            old_lead = old_lead.max(x + old_width);
            new_lead = new_lead.max(x + symbol_width);
            // A tail is written with its lead.
            if is_tail {
                continue;
            }
            let pen = Pen::of(cell, symbol, self.depth);
            if !was_tail
                && old_symbol == symbol
                && (old == cell || Pen::of(old, old_symbol, self.depth) == pen)
            {
                continue;
            }
            let far = usize::from(x + ERASE_FROM) - 1;
            if x >= blank_from && row_rest(old_row, far).iter().any(|cell| !self.is_erased(cell)) {
                self.erase_from(Position { x, y }, out);
                return;
            }
            self.approach(Position { x, y }, new, out);
            self.write(Position { x, y }, symbol, symbol_width, pen, width, out);
        }
    }

    fn is_erased(&self, cell: &Cell) -> bool {
        let symbol = cell.symbol();
        symbol == " " && Pen::of(cell, symbol, self.depth) == Pen::PLAIN
    }

    fn erase_from(&mut self, at: Position, out: &mut Vec<u8>) {
        self.move_to(at, out);
        if !self.current_pen().blanks_like(Pen::PLAIN) {
            self.change_pen(Pen::PLAIN, out);
        }
        out.extend_from_slice(b"\x1b[K");
    }

    fn write(
        &mut self,
        at: Position,
        symbol: &str,
        symbol_width: u16,
        pen: Pen,
        width: u16,
        out: &mut Vec<u8>,
    ) {
        if symbol != " " || !self.current_pen().blanks_like(pen) {
            self.change_pen(pen, out);
        }
        out.extend_from_slice(symbol.as_bytes());
        let next = at.x + symbol_width;
        self.cursor = if symbol_width != 1 || symbol.chars().nth(1).is_some() {
            Cursor::Unknown
        } else if next < width {
            Cursor::At(Position { x: next, ..at })
        } else {
            Cursor::Margin(at.y)
        };
    }

    /// Brings the cursor to `target`, over a small gap by writing what stands in it anyway.
    fn approach(&mut self, target: Position, row: &[Cell], out: &mut Vec<u8>) {
        if let Cursor::At(at) = self.cursor
            && at.y == target.y
            && at.x < target.x
            && target.x - at.x <= REWRITE_UP_TO
        {
            let pen = self.current_pen();
            let gap = &row[usize::from(at.x)..usize::from(target.x)];
            if gap
                .iter()
                .all(|cell| is_ascii(cell.symbol()) && Pen::of(cell, cell.symbol(), self.depth) == pen)
            {
                out.extend(gap.iter().flat_map(|cell| cell.symbol().bytes()));
                self.cursor = Cursor::At(target);
                return;
            }
        }
        self.move_to(target, out);
    }

    fn move_to(&mut self, target: Position, out: &mut Vec<u8>) {
        if self.cursor == Cursor::At(target) {
            return;
        }
        let mut best = absolute(target);
        let mut consider = |candidate: Vec<u8>| {
            if candidate.len() < best.len() {
                best = candidate;
            }
        };
        if let Cursor::At(at) = self.cursor {
            if at.y == target.y {
                if target.x > at.x {
                    consider(step(target.x - at.x, b'C'));
                } else {
                    consider(step(at.x - target.x, b'D'));
                    consider(vec![0x08; usize::from(at.x - target.x)]);
                }
            } else if at.x == target.x {
                if target.y > at.y {
                    consider(vec![b'\n'; usize::from(target.y - at.y)]);
                    consider(step(target.y - at.y, b'B'));
                } else {
                    consider(step(at.y - target.y, b'A'));
                }
            }
        }
        if let Cursor::At(Position { y, .. }) | Cursor::Margin(y) = self.cursor
            && target.x == 0
            && target.y >= y
        {
            let mut lines = vec![b'\r'];
            lines.resize(1 + usize::from(target.y - y), b'\n');
            consider(lines);
        }
        out.extend_from_slice(&best);
        self.cursor = Cursor::At(target);
    }

    fn place_cursor(&mut self, wanted: Option<Position>, area: Rect, out: &mut Vec<u8>) {
        let Some(wanted) = wanted.filter(|_| !area.is_empty()) else {
            if std::mem::take(&mut self.cursor_visible) {
                out.extend_from_slice(b"\x1b[?25l");
            }
            return;
        };
        self.move_to(Position { x: wanted.x.min(area.width - 1), y: wanted.y.min(area.height - 1) }, out);
        if !std::mem::replace(&mut self.cursor_visible, true) {
            out.extend_from_slice(b"\x1b[?25h");
        }
    }

    fn current_pen(&self) -> Pen {
        self.pen.unwrap_or(Pen::PLAIN)
    }

    fn change_pen(&mut self, wanted: Pen, out: &mut Vec<u8>) {
        let mut pen = self.current_pen();
        pen.change(wanted, out);
        self.pen = Some(pen);
    }
}

/// What is written for a cell with so many columns left in its row, and the columns that it takes: what does
/// not fit, has no width or would be obeyed by the terminal is replaced.
fn shown(cell: &Cell, room: u16) -> (&str, u16) {
    let symbol = cell.symbol();
    if is_ascii(symbol) {
        return (symbol, 1);
    }
    if symbol.chars().any(char::is_control) {
        return ("\u{fffd}", 1);
    }
    match u16::try_from(symbol.width()) {
        Ok(width) if width > 0 && width <= room => (symbol, width),
        _ => (" ", 1),
    }
}

fn is_ascii(symbol: &str) -> bool {
    matches!(symbol.as_bytes(), [b' '..=b'~'])
}

fn row_rest(row: &[Cell], from: usize) -> &[Cell] {
    row.get(from..).unwrap_or_default()
}

fn columns(row: &[Cell]) -> u16 {
    columns_of(row.len())
}

fn columns_of(count: usize) -> u16 {
    // A row is as long as a buffer is wide, which is a u16.
    u16::try_from(count).unwrap_or(u16::MAX)
}

/// CUP, ECMA-48 8.3.21; a missing number is 1.
fn absolute(target: Position) -> Vec<u8> {
    let mut out = b"\x1b[".to_vec();
    if target.y > 0 {
        push_number(target.y + 1, &mut out);
    }
    if target.x > 0 {
        out.push(b';');
        push_number(target.x + 1, &mut out);
    }
    out.push(b'H');
    out
}

/// CUU, CUD, CUF or CUB; a missing number is 1.
fn step(distance: u16, direction: u8) -> Vec<u8> {
    let mut out = b"\x1b[".to_vec();
    if distance > 1 {
        push_number(distance, &mut out);
    }
    out.push(direction);
    out
}

#[cfg(test)]
mod tests;
