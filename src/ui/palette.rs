//! The palette: a line to type in, and what fits it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::feed::state_style;
use super::form;
use super::text::{Lines, cut, cut_middle, pane, put, put_right, width};
use super::theme::Theme;
use crate::app::palette::{Choice, Palette};
use crate::app::{App, HIDDEN};
use crate::domain::order::Destination;
use crate::domain::text::Safe;

/// The pane.
pub(super) fn render(
    app: &App,
    palette: &Palette,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = app.lang.screen();
    let inner = pane(buffer, area, app.words().places.palette, true, theme);
    let mut lines = Lines::new(buffer, inner);
    let (buffer, row) = lines.row()?;
    let x = put(buffer, row.x, row.y, row.right(), "› ", theme.accent);
    let room = Rect { x, width: row.right().saturating_sub(x), ..row };
    let cursor = form::field(buffer, room, &palette.field, theme.strong);
    if palette.field.is_empty() {
        let hint = cut(words.palette_hint, room.width.saturating_sub(2));
        put(buffer, room.x + 2, room.y, room.right(), &hint, theme.label);
    }
    lines.blank();
    if palette.choices().is_empty() {
        lines.wrapped(words.nothing_fits, theme.label);
        return cursor;
    }
    let selected = palette.selected();
    let first = first(palette, lines.left());
    for (at, choice) in palette.choices().iter().enumerate().skip(first) {
        let Some((buffer, row)) = lines.row() else { break };
        let (left, right, style) = told(app, choice, row.width, theme);
        put(buffer, row.x, row.y, row.right().saturating_sub(width(&right) + 1), &left, style);
        put_right(buffer, row.x, row.y, row.right(), &right, theme.label);
        if at == selected {
            buffer.set_style(row, theme.selected);
        }
    }
    cursor
}

/// Rows above the list: what is typed, and a blank.
const ABOVE: u16 = 2;

/// From which choice on the list is drawn, so that the selected one is in sight.
fn first(palette: &Palette, visible: u16) -> usize {
    (palette.selected() + 1).saturating_sub(usize::from(visible))
}

/// Which choice lies there.
pub(super) fn line_at(palette: &Palette, area: Rect, at: Position) -> Option<usize> {
    let list = Rect { y: area.y + 1 + ABOVE, height: area.height.saturating_sub(2 + ABOVE), ..area };
    let index = first(palette, list.height) + usize::from(at.y.checked_sub(list.y)?);
    (list.contains(at) && index < palette.choices().len()).then_some(index)
}

/// What stands at the left and at the right of a line.
fn told(app: &App, choice: &Choice, room: u16, theme: &Theme) -> (String, String, Style) {
    match choice {
        Choice::Act(action) => {
            let key = app.keys.key_of(app.place_behind(), *action, app.lang);
            let left = room.saturating_sub(width(&key) + 1);
            (cut(action.term(&app.words().actions).long, left), key, theme.text)
        }
        Choice::Open(row) => {
            let text = |text: &Option<Safe>| text.as_ref().map(|text| text.as_str().to_owned());
            let amount = row.amount.map(|amount| amount.to_string());
            let parts = [amount, text(&row.name), text(&row.external_reference)];
            let left = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let state = app.lang.row_stand(row.stand()).to_owned();
            let at = app.clock.near(row.happened_at, app.now);
            let right = format!("{state} {at}");
            (cut_middle(&left, room.saturating_sub(width(&right) + 1)), right, state_style(row.state, theme))
        }
        Choice::Pay(payee) => {
            let way = match &payee.destination {
                Destination::Pix(key) => key.as_str().to_owned(),
                Destination::Account(account) => app.institution(account.ispb),
            };
            let way = if app.is_private() { HIDDEN.to_owned() } else { way };
            let (pay, times, day) =
                (app.lang.screen().pay, payee.times, app.clock.near(payee.last_paid, app.now));
            // Where room is short, whom is more than when.
            let right = if room < 60 { pay.to_owned() } else { format!("{pay} · {times}× · {day}") };
            let mark = if payee.is_favourite { "* " } else { "" };
            let left = format!("{mark}{} · {way}", payee.name);
            (cut(&left, room.saturating_sub(width(&right) + 1)), right, theme.strong)
        }
    }
}
