//! What forms and reviews have in common.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::text::{Lines, put, width};
use super::theme::Theme;
use crate::app::keymap::{Action, Place};
use crate::app::{App, Environment, TextField};
use crate::domain::money::Centavos;

/// Draws a line of text as it is edited, scrolled so that the cursor shows. Gives the cursor.
pub(super) fn field(buffer: &mut Buffer, area: Rect, text: &TextField, style: Style) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let scroll = text.scroll(usize::from(area.width).saturating_sub(1));
    let mut skipped = 0;
    let shown: String = text
        .shown()
        .chars()
        .skip_while(|character| {
            let skip = skipped < scroll;
            skipped += usize::from(width(character.encode_utf8(&mut [0; 4])));
            skip
        })
        .collect();
    put(buffer, area.x, area.y, area.right(), &shown, style);
    let column = u16::try_from(text.cursor_column().saturating_sub(scroll)).unwrap_or(u16::MAX);
    let x = area.x.saturating_add(column).min(area.right().saturating_sub(1));
    Some(Position { x, y: area.y })
}

/// The line on which an amount is typed a second time, where that is asked for. Gives the cursor.
pub(super) fn retype(
    label: &str,
    text: Option<&TextField>,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let text = text?;
    let (buffer, row) = lines.row()?;
    let x = put(buffer, row.x, row.y, row.right(), &format!("{label}: "), theme.accent);
    field(buffer, Rect { x, width: row.right().saturating_sub(x), ..row }, text, theme.strong)
}

/// The environment's word over everything that moves money.
pub(super) fn environment(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().header;
    let word = match app.facts.environment {
        Environment::Production => words.production,
        Environment::Staging => words.staging,
        Environment::Sandbox => words.sandbox,
    };
    let word = format!(" {word} ");
    let profile = format!("  {}", app.facts.profile);
    lines.pieces(&[(&word, theme.environment(app.facts.environment)), (&profile, theme.strong)]);
}

/// Which key confirms, and that nothing else does.
pub(super) fn confirm_line(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    if !app.can_review_money() {
        let why = if app.is_private() {
            let key = app.keys.key_of(Place::Review, Action::Private, app.lang);
            app.lang.screen().masked_review.replace("{}", &key)
        } else {
            app.words().places.too_small_for_money.to_owned()
        };
        lines.wrapped(&why, theme.bad);
        return;
    }
    let key = app.keys.key_of(Place::Review, Action::Confirm, app.lang);
    let words = &app.words().ask;
    lines.pieces(&[
        (&format!(" {key} "), theme.selected),
        (&format!(" {}   ", words.to_confirm), theme.strong),
        (words.otherwise, theme.label),
    ]);
}

/// The amount in words under its figures, where that leaves so many lines for the rest: it must not push out what a person
/// has to read before they confirm.
pub(super) fn in_words(
    app: &App,
    amount: Option<Centavos>,
    columns: u16,
    rest: u16,
    theme: &Theme,
    lines: &mut Lines<'_>,
) {
    let Some(words) = amount.and_then(|amount| app.lang.in_words(amount)) else { return };
    let taken = super::text::wrap(&words, lines.columns().saturating_sub(columns).max(1)).len();
    if usize::from(lines.left()) >= usize::from(rest) + taken {
        fact(lines, columns, ("", theme.label), (&words, theme.text));
    }
}

/// The column at which the values of a form begin.
pub(super) fn label_columns<'a>(labels: impl Iterator<Item = &'a str>, room: u16) -> u16 {
    let widest = labels.map(width).max().unwrap_or(0) + 2;
    widest.min(room / 2)
}

/// A label, and what stands behind it over as many lines as it needs.
pub(super) fn fact(lines: &mut Lines<'_>, columns: u16, label: (&str, Style), value: (&str, Style)) {
    let room = lines.columns().saturating_sub(columns).max(1);
    for (at, line) in super::text::wrap(value.0, room).into_iter().enumerate() {
        let label_text =
            if at == 0 { super::text::cut(label.0, columns.saturating_sub(1)) } else { String::new() };
        let padded =
            format!("{label_text}{}", " ".repeat(usize::from(columns.saturating_sub(width(&label_text)))));
        lines.pieces(&[(&padded, label.1), (&line, value.1)]);
    }
}
