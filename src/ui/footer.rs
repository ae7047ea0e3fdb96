//! The line at the bottom: the keys of where the keyboard is, a word about the last one, or the search.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::form;
use super::text::{cut, put, width};
use super::theme::Theme;
use crate::app::{App, Flash, Mode, keymap};

/// Draws it. Gives the cursor of the search line.
pub(super) fn render(app: &App, theme: &Theme, row: Rect, buffer: &mut Buffer) -> Option<Position> {
    if let Mode::Search(field) = &app.mode {
        let label = format!(" {}: ", app.words().feed.search);
        let x = put(buffer, row.x, row.y, row.right(), &label, theme.accent);
        let room = Rect { x, width: row.right().saturating_sub(x), ..row };
        return form::field(buffer, room, field, theme.text);
    }
    if let Some(flash) = &app.flash {
        let text = format!(" {}", flash_words(app, flash));
        put(buffer, row.x, row.y, row.right(), &cut(&text, row.width), theme.warn);
        return None;
    }
    let mut x = row.x + 1;
    for entry in keymap::footer(app.place(), app.lang, &|action| app.offers(action)) {
        let columns = width(&entry.keys) + 1 + width(entry.words);
        if x + columns >= row.right() {
            break;
        }
        x = put(buffer, x, row.y, row.right(), &entry.keys, theme.accent);
        x = put(buffer, x + 1, row.y, row.right(), entry.words, theme.label) + 2;
    }
    None
}

fn flash_words(app: &App, flash: &Flash) -> String {
    let words = &app.words().flash;
    match flash {
        Flash::Copied(text) => format!("{}: {text}", words.copied),
        Flash::TakenUp => words.taken_up.to_owned(),
        Flash::NothingToTakeUp => words.nothing.to_owned(),
        Flash::NothingToResolve => words.nothing_to_resolve.to_owned(),
        Flash::NothingToRefund => words.nothing_to_refund.to_owned(),
        Flash::Polling => words.polling.to_owned(),
        Flash::NoNotices => words.no_notices.to_owned(),
        Flash::NotPaused => words.not_paused.to_owned(),
    }
}
