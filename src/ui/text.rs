//! Small means of drawing text into cells. Widths are those of a terminal, never of bytes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Widget};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::Theme;

/// A piece of a line.
pub(super) type Piece<'a> = (&'a str, Style);

/// The width of a text in columns.
pub(super) fn width(text: &str) -> u16 {
    u16::try_from(text.width()).unwrap_or(u16::MAX)
}

/// `text` within `columns`, with an ellipsis where it was cut.
pub(super) fn cut(text: &str, columns: u16) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if used + wide >= usize::from(columns) {
            break;
        }
        kept.push(character);
        used += wide;
    }
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// `text` within `columns`, cut only between words, so that no amount in it is cut to another one.
pub(super) fn cut_at_gap(text: &str, columns: u16) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let first = wrap(text, columns.saturating_sub(2)).into_iter().next().unwrap_or_default();
    cut(&format!("{first} …"), columns)
}

/// `text` within `columns`, with an ellipsis in its middle where it was cut: references differ at their ends.
pub(super) fn cut_middle(text: &str, columns: u16) -> String {
    if width(text) <= columns || columns < 5 {
        return cut(text, columns);
    }
    let room = usize::from(columns) - 1;
    let take = |characters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        characters
            .take_while(|character| {
                used += character.width().unwrap_or(0);
                used <= room
            })
            .collect()
    };
    let end = take(&mut text.chars().rev(), room - room / 2);
    let mut kept: String = take(&mut text.chars(), room / 2).into_iter().collect();
    kept.push('…');
    kept.extend(end.into_iter().rev());
    kept
}

/// An amount, or an ellipsis: half an amount would be another one.
pub(super) fn whole(text: &str, columns: u16) -> &str {
    if width(text) <= columns { text } else { "…" }
}

/// Lines of at most `columns`, broken at spaces (never at no-break ones), and inside a word only where the word alone
/// is too long.
pub(super) fn wrap(text: &str, columns: u16) -> Vec<String> {
    let columns = usize::from(columns.max(1));
    let mut lines = Vec::new();
    let mut line = String::new();
    let indent: String = text.chars().take_while(|character| *character == ' ').collect();
    line.push_str(&indent);
    for word in text[indent.len()..].split(' ') {
        let gap = usize::from(!line.trim_start_matches(' ').is_empty());
        if gap > 0 && line.width() + gap + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        } else if gap > 0 {
            line.push(' ');
        }
        for character in word.chars() {
            if line.width() + character.width().unwrap_or(0) > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    lines
}

/// Draws `text` from (`x`, `y`) and returns the column behind it; never past `end` and never outside the buffer.
pub(super) fn put(buffer: &mut Buffer, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
    let area = buffer.area;
    let end = end.min(area.right());
    if x < area.x || x >= end || y < area.y || y >= area.bottom() {
        return x;
    }
    buffer.set_stringn(x, y, text, usize::from(end - x), style).0
}

/// Draws `text` so that it ends at `end`; not at all where it would begin before `x`.
pub(super) fn put_right(buffer: &mut Buffer, x: u16, y: u16, end: u16, text: &str, style: Style) {
    let start = end.saturating_sub(width(text));
    if start >= x {
        put(buffer, start, y, end, text, style);
    }
}

/// What is inside a pane's frame; of one too small for a frame, all of it.
pub(super) fn inside(area: Rect) -> Rect {
    if area.width < 4 || area.height < 3 {
        return area;
    }
    Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 }
}

/// Draws a frame with a title and gives what is inside.
pub(super) fn pane(buffer: &mut Buffer, area: Rect, title: &str, focused: bool, theme: &Theme) -> Rect {
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let (line, words) = if focused { (theme.accent, theme.accent) } else { (theme.border, theme.strong) };
    // A title is text: it must not take on the line's colour, which stands out less.
    let words = Style { fg: words.fg.or(Some(Color::Reset)), ..words };
    let title = Line::styled(format!(" {} ", cut(title, area.width.saturating_sub(4))), words);
    let block = Block::bordered().border_set(theme.border_set()).border_style(line).title(title);
    block.render(area, buffer);
    inside(area)
}

/// Writes line after line into an area, and stops at its end.
pub(super) struct Lines<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    y: u16,
}

impl<'a> Lines<'a> {
    /// Begins at the top of `area`.
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        Self { y: area.y, area: area.intersection(buffer.area), buffer }
    }

    /// The columns of a line.
    pub(super) const fn columns(&self) -> u16 {
        self.area.width
    }

    /// Rows that are left.
    pub(super) const fn left(&self) -> u16 {
        self.area.bottom().saturating_sub(self.y)
    }

    /// A line of pieces, one after the other.
    pub(super) fn pieces(&mut self, pieces: &[Piece<'_>]) {
        if self.left() == 0 {
            return;
        }
        let mut x = self.area.x;
        for (text, style) in pieces {
            x = put(self.buffer, x, self.y, self.area.right(), text, *style);
        }
        self.y += 1;
    }

    /// A line.
    pub(super) fn line(&mut self, text: &str, style: Style) {
        let text = cut(text, self.area.width);
        self.pieces(&[(&text, style)]);
    }

    /// As many lines as the text needs.
    pub(super) fn wrapped(&mut self, text: &str, style: Style) {
        for line in wrap(text, self.area.width) {
            self.pieces(&[(&line, style)]);
        }
    }

    /// A label at the left and a figure at the right, which is shown whole or not at all.
    pub(super) fn pair(&mut self, label: Piece<'_>, figure: Piece<'_>) {
        if self.left() == 0 {
            return;
        }
        let figure_text = whole(figure.0, self.area.width);
        let room = self.area.width.saturating_sub(width(figure_text) + 1);
        put(self.buffer, self.area.x, self.y, self.area.x + room, &cut(label.0, room), label.1);
        put_right(self.buffer, self.area.x, self.y, self.area.right(), figure_text, figure.1);
        self.y += 1;
    }

    /// An empty line.
    pub(super) fn blank(&mut self) {
        if self.left() > 0 {
            self.y += 1;
        }
    }

    /// Where to draw what is not text.
    pub(super) fn row(&mut self) -> Option<(&mut Buffer, Rect)> {
        if self.left() == 0 {
            return None;
        }
        let row = Rect { y: self.y, height: 1, ..self.area };
        self.y += 1;
        Some((self.buffer, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_by_columns_and_says_so() {
        for (text, columns, shown) in [
            ("concluído", 9, "concluído"),
            ("concluído", 8, "concluí…"),
            ("日本語", 5, "日本…"),
            ("ab", 1, "…"),
            ("ab", 0, ""),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} {columns}");
        }
    }

    #[test]
    fn a_reference_keeps_both_ends() {
        for (text, columns, shown) in [
            ("fatura-2026-001", 15, "fatura-2026-001"),
            ("fatura-2026-001", 12, "fatur…26-001"),
            ("日本語日本語", 8, "日…本語"),
            ("fatura", 4, "fat…"),
            ("fatura", 0, ""),
        ] {
            assert_eq!(cut_middle(text, columns), shown, "{text} {columns}");
            assert!(width(shown) <= columns);
        }
    }

    #[test]
    fn half_an_amount_is_never_shown() {
        assert_eq!(whole("R$\u{a0}1.234,56", 11), "R$\u{a0}1.234,56");
        assert_eq!(whole("R$\u{a0}1.234,56", 10), "…");
    }

    #[test]
    fn wraps_at_spaces_but_never_inside_an_amount() {
        assert_eq!(wrap("a sum of R$\u{a0}1.234,56 moves", 14), ["a sum of", "R$\u{a0}1.234,56", "moves"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("  {", 8), ["  {"]);
    }
}
