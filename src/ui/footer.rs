//! The line at the bottom: the keys of where the keyboard is, a word about the last one, or the search.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::widgets::{Clear, Widget};

use super::form;
use super::text::{cut, put, width, wrap};
use super::theme::Theme;
use crate::app::gaps::{Note, Noted};
use crate::app::keymap::Place;
use crate::app::{App, Flash, Mode, Prompt, Wanted};
use crate::domain::text::Safe;

/// Draws it, over as many as `above` rows more where a word about the last key needs them. Gives the cursor of the search
/// line.
pub(super) fn render(
    app: &App,
    theme: &Theme,
    row: Rect,
    above: u16,
    buffer: &mut Buffer,
) -> Option<Position> {
    if let Mode::Search(prompt) = &app.mode {
        return line(app, prompt, theme, row, above, buffer);
    }
    if let Mode::Note(note) = &app.mode {
        return noted(app, note, theme, row, buffer);
    }
    if let Some(flash) = &app.flash {
        // What is decided about has to stay in sight.
        let above = if app.place() == Place::Review { 0 } else { above.min(FLASH_ROWS - 1) };
        flashed(&flash_words(app, flash), theme, row, above, buffer);
        return None;
    }
    let mut x = row.x + 1;
    for entry in app.keys.footer(app.place(), app.lang, &|action| app.offers(action)) {
        let columns = width(&entry.keys) + 1 + width(entry.words);
        if x + columns >= row.right() {
            break;
        }
        x = put(buffer, x, row.y, row.right(), &entry.keys, theme.accent);
        x = put(buffer, x + 1, row.y, row.right(), entry.words, theme.label) + 2;
    }
    if app.place() == Place::Review && app.can_review_money() && !app.can_confirm() {
        let room = row.right().saturating_sub(x);
        put(buffer, x, row.y, row.right(), &cut(app.lang.screen().not_whole, room), theme.bad);
    }
    None
}

/// Rows that a word about the last key takes at most, so that what it is about stays in sight.
const FLASH_ROWS: u16 = 4;

/// A word about the last key, over the rows above as well where one does not hold it: a reason that is cut is no reason.
fn flashed(text: &str, theme: &Theme, row: Rect, above: u16, buffer: &mut Buffer) {
    let room = row.width.saturating_sub(1);
    let lines = wrap(text, room);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(above + 1);
    let first = row.y + 1 - rows;
    Clear.render(Rect { y: first, height: rows, ..row }, buffer);
    buffer.set_style(Rect { y: first, height: rows, ..row }, theme.text);
    for (y, line) in (first..=row.y).zip(&lines) {
        let is_cut = y == row.y && lines.len() > usize::from(rows);
        let line = if is_cut { cut(&format!("{line} …"), room) } else { line.clone() };
        put(buffer, row.x + 1, y, row.right(), &line, theme.warn);
    }
}

/// The line of a query or a time: what is typed, and behind it what that means or what is wrong with it.
fn line(
    app: &App,
    prompt: &Prompt,
    theme: &Theme,
    row: Rect,
    above: u16,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = &app.words().feed;
    let (label, meaning) = match &prompt.wanted {
        Wanted::Rows(Ok(terms)) => {
            (words.search, app.lang.query_terms(terms, &|at| app.clock.near(at, app.now)))
        }
        Wanted::Rows(Err(_)) => (words.search, String::new()),
        Wanted::Time(Ok(time)) => (words.jump, time.map(|at| app.clock.full(at)).unwrap_or_default()),
        Wanted::Time(Err(_)) => (words.jump, String::new()),
        Wanted::Past(read) => {
            let time = read.as_ref().ok().copied().flatten();
            (app.lang.past().prompt, time.map(|at| app.clock.full(at)).unwrap_or_default())
        }
    };
    let x = put(buffer, row.x, row.y, row.right(), &before_field(label, row), theme.accent);
    let room = row.right().saturating_sub(x);
    let typed = width(prompt.field.text()).saturating_add(1).max(12).min(room);
    let behind = room.saturating_sub(typed + 3);
    let mut said = prompt.mistake().map(|error| (app.lang.query_mistake(error), theme.warn));
    // What is wrong says what would be right, and that is at its end.
    if let Some((mistake, _)) = said.take_if(|(mistake, _)| width(mistake) + 2 > behind && above > 0) {
        let last = Rect { y: row.y - 1, ..row };
        flashed(&mistake, theme, last, above.min(FLASH_ROWS) - 1, buffer);
    }
    let (said, style) = said.unwrap_or((meaning, theme.label));
    let field = if said.is_empty() || behind < 8 { room } else { typed };
    if field < room {
        let text = format!("← {}", cut(&said, behind));
        put(buffer, x + typed + 1, row.y, row.right(), &text, style);
    }
    form::field(buffer, Rect { x, width: field, ..row }, &prompt.field, theme.text)
}

/// What stands before a field: half of the row at most, so that what is typed is seen.
fn before_field(label: &str, row: Rect) -> String {
    format!(" {}: ", cut(label, row.width / 2))
}

/// The line of a note: what is typed, and behind it that something has to be.
fn noted(app: &App, note: &Note, theme: &Theme, row: Rect, buffer: &mut Buffer) -> Option<Position> {
    let label = match note.about {
        Noted::Seen(_) => app.words().gaps.note,
        Noted::Shift(_) => app.lang.shift().note,
    };
    let x = put(buffer, row.x, row.y, row.right(), &before_field(label, row), theme.accent);
    let room = row.right().saturating_sub(x);
    if let Some(flash) = &app.flash {
        put(
            buffer,
            x + 2,
            row.y,
            row.right(),
            &cut(&flash_words(app, flash), room.saturating_sub(2)),
            theme.warn,
        );
        return form::field(buffer, Rect { x, width: room.min(1), ..row }, &note.field, theme.text);
    }
    form::field(buffer, Rect { x, width: room, ..row }, &note.field, theme.text)
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
        Flash::Seen => app.words().gaps.seen.to_owned(),
        Flash::NotSeen(reason) => {
            format!("{}: {}", app.words().gaps.not_seen, app.lang.raw_error(Safe::new(reason).as_str()))
        }
        Flash::AlreadySeen => app.words().gaps.already_seen.to_owned(),
        Flash::NoteWanted => app.words().gaps.note_wanted.to_owned(),
        Flash::Masked => app.lang.screen().masked.to_owned(),
        Flash::Unmasked => app.lang.screen().unmasked.to_owned(),
        Flash::NothingCopied => app.lang.screen().nothing_copied.to_owned(),
        Flash::NotWhole => app.lang.screen().not_whole.to_owned(),
        Flash::NotPasted => app.lang.paste().not_pasted.to_owned(),
        Flash::NothingToResume => app.lang.batch().nothing_to_resume.to_owned(),
        Flash::BatchAtWork => app.lang.batch().at_work.to_owned(),
        Flash::Mouse(true) => app.lang.screen().mouse_on.to_owned(),
        Flash::Mouse(false) => app.lang.screen().mouse_off.to_owned(),
        Flash::ReadOnly => app.lang.permission().read_only.to_owned(),
        Flash::Past => app.lang.past().refused.to_owned(),
        Flash::NoChange => app.lang.past().no_change.to_owned(),
        Flash::Theme(why) if why.is_empty() => app.lang.screen().theme_gone.to_owned(),
        Flash::Theme(why) => format!("{} {why}", app.lang.screen().theme_broken),
    }
}
