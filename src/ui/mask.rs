//! The net under a masked screen: amounts, ids, keys and documents are found by their shape in the finished frame,
//! whoever drew them.
//!
//! What is hidden is as long as everything else that is hidden, and what stands beside it moves up: the length of an
//! amount tells how large it is.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::width;

/// What stands for an amount: no amount is shorter.
const AMOUNT: [&str; 7] = ["R", "$", "\u{a0}", "•", "•", "•", "•"];
/// What stands for anything else.
const WORD: usize = 4;

/// Hides what has the shape of an amount, an id, a key or a document.
pub(super) fn hide(area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    for y in area.top()..area.bottom() {
        let mut row: Vec<Cell> = (area.left()..area.right()).map(|x| buffer[(x, y)].clone()).collect();
        hide_row(&mut row);
        for (x, cell) in (area.left()..area.right()).zip(row) {
            buffer[(x, y)] = cell;
        }
    }
}

/// The same in a sentence.
pub(super) fn hide_text(text: &str) -> String {
    let area = Rect::new(0, 0, width(text), 1);
    let mut buffer = Buffer::empty(area);
    buffer.set_string(0, 0, text, Style::new());
    hide(area, &mut buffer);
    let shown: String = buffer.content.iter().map(Cell::symbol).collect();
    shown.trim_end().to_owned()
}

fn is_blank(cell: &Cell) -> bool {
    matches!(cell.symbol(), " " | "")
}

fn is_line(cell: &Cell) -> bool {
    matches!(cell.symbol(), "│" | "─" | "┌" | "┐" | "└" | "┘" | "├" | "┤" | "┼" | "╭" | "╮" | "╰" | "╯" | "█")
}

/// Each run of text between lines and gaps is put together anew, where it stood: at its right end if it ended at a
/// line, else at its left.
fn hide_row(row: &mut [Cell]) {
    let mut start = 0;
    while start < row.len() {
        if is_blank(&row[start]) || is_line(&row[start]) {
            start += 1;
            continue;
        }
        let mut end = start;
        // A single blank belongs to the run.
        while end < row.len()
            && !is_line(&row[end])
            && !(is_blank(&row[end]) && row.get(end + 1).is_none_or(|next| is_blank(next) || is_line(next)))
        {
            end += 1;
        }
        hide_run(row, start, end);
        start = end;
    }
}

fn hide_run(row: &mut [Cell], start: usize, end: usize) {
    let run = &row[start..end];
    let hidden = hidden_run(run);
    if hidden.len() == run.len() && hidden.iter().zip(run).all(|(one, other)| one == other) {
        return;
    }
    let gap = run.len().saturating_sub(hidden.len());
    let ends_at_line = row.get(end).is_none_or(is_blank) && row.get(end + 1).is_none_or(is_line);
    let at = if ends_at_line && start >= 2 && is_blank(&row[start - 1]) && is_blank(&row[start - 2]) {
        start + gap
    } else {
        start
    };
    let blank = |cell: &Cell| {
        let mut blank = cell.clone();
        blank.set_symbol(" ");
        blank
    };
    for cell in &mut row[start..end] {
        *cell = blank(cell);
    }
    for (place, cell) in row[at..end].iter_mut().zip(hidden) {
        *place = cell;
    }
}

/// The run without what is to be hidden; no longer than it was.
fn hidden_run(run: &[Cell]) -> Vec<Cell> {
    let mut out: Vec<Cell> = Vec::with_capacity(run.len());
    let mut at = 0;
    while at < run.len() {
        if let Some(end) = amount(run, at) {
            out.extend(AMOUNT.iter().map(|symbol| drawn(&run[at], symbol)));
            at = end;
            continue;
        }
        if is_blank(&run[at]) || run[at].symbol() == "\u{a0}" {
            out.push(run[at].clone());
            at += 1;
            continue;
        }
        let end = (at..run.len())
            .find(|end| is_blank(&run[*end]) || run[*end].symbol() == "\u{a0}" || amount(run, *end).is_some())
            .unwrap_or(run.len());
        let word: String = run[at..end].iter().map(Cell::symbol).collect();
        if is_harmless(&word) {
            out.extend_from_slice(&run[at..end]);
        } else {
            out.extend((0..WORD.min(end - at)).map(|_| drawn(&run[at], "•")));
        }
        at = end;
    }
    out
}

fn drawn(like: &Cell, symbol: &str) -> Cell {
    let mut cell = like.clone();
    cell.set_symbol(symbol);
    cell
}

/// Where an amount ends that begins here: `R$ 1.234,56`, its sign before it.
fn amount(run: &[Cell], at: usize) -> Option<usize> {
    let symbol = |at: usize| run.get(at).map(Cell::symbol);
    let digits = at + usize::from(symbol(at) == Some("-"));
    if symbol(digits) != Some("R") || symbol(digits + 1) != Some("$") || symbol(digits + 2) != Some("\u{a0}")
    {
        return None;
    }
    let is_part = |cell: &Cell| {
        matches!(cell.symbol(), "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "." | ",")
    };
    let end = (digits + 3..run.len()).find(|end| !is_part(&run[*end])).unwrap_or(run.len());
    // A comma or a full stop behind it is the sentence's.
    let trailing =
        run[digits + 3..end].iter().rev().take_while(|cell| matches!(cell.symbol(), "." | ",")).count();
    (end - trailing >= digits + 3 + 4).then_some(end - trailing)
}

/// Whether a word tells nothing: one without digits, a time, a date, a small count, a key's name.
fn is_harmless(word: &str) -> bool {
    if word.contains('@') {
        return false;
    }
    if !word.contains(|character: char| character.is_numeric()) {
        return true;
    }
    let word = word.trim_matches(|character: char| {
        matches!(
            character,
            '(' | ')'
                | '['
                | ']'
                | '"'
                | '“'
                | '”'
                | ','
                | '.'
                | ':'
                | ';'
                | '!'
                | '?'
                | '%'
                | '+'
                | '-'
                | '<'
                | '>'
        )
    });
    let digits = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = |separator: char| word.split(separator).collect::<Vec<_>>();
    let is_time = matches!(parts(':')[..], [hour, minute] if digits(hour, 1..=2) && digits(minute, 2..=2))
        || matches!(parts(':')[..], [hour, minute, second]
            if digits(hour, 1..=2) && digits(minute, 2..=2) && digits(second, 2..=2));
    let is_date = matches!(parts('/')[..], [day, month] if digits(day, 1..=2) && digits(month, 1..=2))
        || matches!(parts('/')[..], [day, month, year]
            if digits(day, 1..=2) && digits(month, 1..=2) && digits(year, 4..=4));
    let count = word.trim_end_matches(['h', 's', 'd', 'm', '%']);
    let is_key =
        word.rsplit('-').next().and_then(|key| key.strip_prefix('f')).is_some_and(|rest| digits(rest, 1..=2));
    is_time || is_date || digits(count, 1..=3) || is_key
}

#[cfg(test)]
mod tests {
    use ratatui::style::Style;

    use super::*;

    fn masked(text: &str) -> String {
        let width = u16::try_from(text.chars().count()).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, 1));
        buffer.set_string(0, 0, text, Style::new());
        hide(buffer.area, &mut buffer);
        buffer.content.iter().map(Cell::symbol).collect::<String>().replace('\u{a0}', " ")
    }

    #[test]
    fn what_has_the_shape_of_data_is_hidden() {
        for (text, shown) in [
            ("total R$\u{a0}1.234,56 today", "total R$ •••• today"),
            ("-R$\u{a0}1,00, and R$\u{a0}2.000.000,00.", "R$ ••••, and R$ ••••."),
            ("key maria@example.com typed", "key •••• typed"),
            ("id 123e4567-e12b-12d1-a456-426655440000", "id ••••"),
            ("CPF ***.982.247-**", "CPF ••••"),
            ("at 14:32:10, 22/11/2026 14:32 -03", "at 14:32:10, 22/11/2026 14:32 -03"),
            ("3 min, 24h, 95 %, f9, alt-f10, 120", "3 min, 24h, 95 %, f9, alt-f10, 120"),
            ("agency 1234 account 567890", "agency •••• account ••••"),
            ("nothing here", "nothing here"),
        ] {
            assert_eq!(masked(text).trim_end(), shown, "{text}");
        }
    }

    #[test]
    fn a_hidden_amount_tells_nothing_of_its_size() {
        let line = |amount: &str| {
            let figure = format!("R$\u{a0}{amount}");
            format!("│ in flight{}3 · {figure} │", " ".repeat(40 - figure.chars().count()))
        };
        let small = masked(&line("1,00"));
        assert_eq!(small, masked(&line("1.234.567,89")));
        assert!(small.ends_with("3 · R$ •••• │"), "{small}");
    }
}
