//! The life of a row.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::cash_out::stand_style;
use super::form;
use super::text::{Lines, pane};
use super::theme::Theme;
use crate::app::{App, Detail, LifeState, Line, LineKind};

/// The pane.
pub(super) fn render(app: &App, detail: &Detail, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().detail;
    let inner = pane(buffer, area, words.title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    match &detail.life {
        LifeState::Loading => lines.wrapped(words.loading, theme.label),
        LifeState::Gone => lines.wrapped(words.gone, theme.warn),
        LifeState::Here(life) => draw(&app.life_lines(life), detail.scroll, theme, &mut lines),
    }
}

pub(super) fn draw(all: &[Line], scroll: usize, theme: &Theme, lines: &mut Lines<'_>) {
    // Only what is short enough to be a label sets the column.
    let labels = all.iter().map(|line| line.label.as_str()).filter(|label| label.chars().count() <= 25);
    let columns = form::label_columns(labels, lines.columns());
    for line in all.iter().skip(scroll) {
        if lines.left() == 0 {
            return;
        }
        match line.kind {
            LineKind::Blank => lines.blank(),
            LineKind::Heading => lines.line(&line.text, theme.accent),
            LineKind::Raw => lines.wrapped(&line.text, theme.text),
            LineKind::Fact => fact(lines, columns, line, theme.text, theme),
            LineKind::Stand(stand) => fact(lines, columns, line, stand_style(stand, theme), theme),
            LineKind::Next => fact(lines, columns, line, theme.strong, theme),
            LineKind::Warning if line.label.is_empty() => lines.wrapped(&line.text, theme.bad),
            LineKind::Warning => fact(lines, columns, line, theme.bad, theme),
        }
    }
}

fn fact(lines: &mut Lines<'_>, columns: u16, line: &Line, style: Style, theme: &Theme) {
    form::fact(lines, columns, (&line.label, theme.label), (&line.text, style));
}
