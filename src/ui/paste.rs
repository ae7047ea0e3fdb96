//! What was pasted, what it can be, and what can be done with it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::feed::state_style;
use super::text::{Lines, cut, cut_middle, inside, pane, put, put_right, width, wrap};
use super::theme::Theme;
use crate::app::App;
use crate::app::keymap::{Action, Place};
use crate::app::paste::{Choice, Filling, Pasting, told};
use crate::domain::batch::Column;
use crate::domain::br_code::Target;
use crate::domain::order::Destination;
use crate::domain::paste::{Meaning, SheetLine, Trouble, rival_keys};
use crate::domain::text::Safe;

/// The pane.
pub(super) fn render(app: &App, pasting: &Pasting, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = app.lang.paste();
    let inner = pane(buffer, area, words.title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    for (text, style) in above(app, pasting, inner, theme) {
        lines.line(&text, style);
    }
    let choices = pasting.choices();
    if choices.is_empty() {
        lines.wrapped(words.nothing_offered, theme.label);
    }
    let first = first(pasting, lines.left());
    for (at, choice) in choices.iter().enumerate().skip(first) {
        let Some((buffer, row)) = lines.row() else { return };
        let (left, right, style) = line(app, pasting, choice, row.width, theme);
        put(buffer, row.x, row.y, row.right(), &left, style);
        put_right(buffer, row.x + width(&left) + 1, row.y, row.right(), &right, theme.label);
        if at == pasting.selected() {
            buffer.set_style(row, theme.selected);
        }
    }
    let moves_money = |choice: &Choice| matches!(choice, Choice::Fill(_) | Choice::Again(_) | Choice::Batch);
    if choices.iter().any(moves_money) && lines.left() > 1 {
        lines.blank();
        lines.line(words.sends_nothing, theme.label);
    }
}

/// Which choice lies there.
pub(super) fn line_at(app: &App, pasting: &Pasting, area: Rect, at: Position) -> Option<usize> {
    let inner = inside(area);
    // Only the number of the lines counts here, and no theme changes it.
    let above = u16::try_from(above(app, pasting, inner, &Theme::of(true)).len()).unwrap_or(u16::MAX);
    let list = Rect { y: inner.y.saturating_add(above), height: inner.height.saturating_sub(above), ..inner };
    let index = first(pasting, list.height) + usize::from(at.y.checked_sub(list.y)?);
    (list.contains(at) && index < pasting.choices().len()).then_some(index)
}

/// From which choice on the list is drawn, so that the selected one is in sight.
fn first(pasting: &Pasting, visible: u16) -> usize {
    (pasting.selected() + 1).saturating_sub(usize::from(visible))
}

/// The text and what it can be, as far as that leaves room for the choices.
fn above(app: &App, pasting: &Pasting, inner: Rect, theme: &Theme) -> Vec<(String, Style)> {
    let choices = u16::try_from(pasting.choices().len()).unwrap_or(u16::MAX).clamp(1, 4);
    let room = usize::from(inner.height.saturating_sub(choices));
    let what: Vec<(String, Style)> = what(app, pasting, theme)
        .into_iter()
        .flat_map(|(text, style)| wrap(&text, inner.width).into_iter().map(move |line| (line, style)))
        .collect();
    let mut shown: Vec<(String, Style)> = Vec::new();
    for line in &pasting.pasted.lines {
        shown.extend(wrap(line, inner.width).into_iter().map(|line| (line, theme.strong)));
    }
    let blanks = 2;
    let most = room.saturating_sub(what.len() + blanks).max(1);
    let is_cut = shown.len() > most;
    shown.truncate(most);
    if let Some((last, _)) = shown.last_mut().filter(|_| is_cut) {
        *last = cut(&format!("{last}…"), inner.width);
    }
    if pasting.pasted.more > 0 {
        shown.push((app.lang.more_lines(pasting.pasted.more), theme.label));
    }
    let mut all = shown;
    if room > all.len() + what.len() + 1 {
        all.push((String::new(), theme.text));
        all.extend(what);
        all.push((String::new(), theme.text));
    } else {
        all.extend(what);
    }
    all.truncate(room);
    all
}

/// What it can be, and what is to be known of that.
fn what(app: &App, pasting: &Pasting, theme: &Theme) -> Vec<(String, Style)> {
    let (lang, words) = (app.lang, app.lang.paste());
    let pasted = &pasting.pasted;
    let mut all = Vec::new();
    let lines = pasted.meanings.iter().find_map(|meaning| match meaning {
        Meaning::Lines(count) => Some(*count),
        _ => None,
    });
    if let Some(count) = lines {
        let key = app.keys.key_of(Place::Home, Action::Batch, lang);
        all.push((lang.pasted_lines(count, &key), theme.text));
    } else if pasted.meanings.is_empty() {
        all.push((words.unknown.to_owned(), theme.warn));
    } else {
        let names: Vec<String> = pasted.meanings.iter().map(|meaning| name(app, meaning)).collect();
        all.push((lang.pasted_as(&names), theme.text));
    }
    let rivals = rival_keys(&pasted.meanings);
    if !rivals.is_empty() {
        all.push((lang.rival_keys(&rivals), theme.warn));
    }
    for meaning in &pasted.meanings {
        match meaning {
            Meaning::BrCode(code) if matches!(code.target, Target::Url(_)) => {
                all.push((words.dynamic.to_owned(), theme.warn));
            }
            Meaning::Line(line) if !line.left.is_empty() => {
                let left = Safe::new(&line.left.join(" · "));
                all.push((lang.left_fields(told(left.as_str(), app.is_private())), theme.warn));
            }
            _ => {}
        }
    }
    match &pasted.trouble {
        Some(Trouble::BrCode(error)) => all.push((lang.br_code_error(error), theme.warn)),
        Some(Trouble::Key(error)) => all.push((lang.key_error(error), theme.warn)),
        None => {}
    }
    if pasted.hidden > 0 {
        all.push((lang.hidden_characters(pasted.hidden), theme.warn));
    }
    all
}

fn name(app: &App, meaning: &Meaning) -> String {
    let words = app.lang.paste();
    match meaning {
        Meaning::BrCode(code) => {
            format!("{}, {}", words.br_code, told(code.merchant_name.as_str(), app.is_private()))
        }
        Meaning::Line(_) | Meaning::Lines(_) => words.line.to_owned(),
        Meaning::EndToEndId(id) => {
            let (there, _) = app.clock.both(id.instant());
            format!("{} ({}, {there})", words.end_to_end_id, app.institution(id.ispb()))
        }
        Meaning::Key(key) => app.lang.pasted_key(key.key_type()),
        Meaning::Document(document) => format!("{} ({})", words.document, document.kind()),
        Meaning::Id(_) => words.id.to_owned(),
        Meaning::Amount(_) => words.amount.to_owned(),
    }
}

/// What stands at the left and at the right of a line.
fn line(app: &App, pasting: &Pasting, choice: &Choice, room: u16, theme: &Theme) -> (String, String, Style) {
    let words = app.lang.paste();
    let hide = app.is_private();
    match choice {
        Choice::Open(row) => {
            let text = |text: &Option<Safe>| text.as_ref().map(|text| text.as_str().to_owned());
            let parts = [row.amount.map(|amount| amount.to_string()), text(&row.name)];
            let what = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
            let at = app.clock.near(row.happened_at, app.now);
            let right = format!("{} {at}", app.lang.state(row.state));
            let left = cut_middle(&format!("{} {what}", words.open), room.saturating_sub(width(&right) + 1));
            (left, right, state_style(row.state, theme))
        }
        Choice::Again(payee) => {
            let way = match &payee.destination {
                Destination::Pix(key) => key.as_str().to_owned(),
                Destination::Account(account) => app.institution(account.ispb),
            };
            let left = format!("{} {} · {}", words.again, payee.name, told(&way, hide));
            (cut(&left, room), String::new(), theme.text)
        }
        Choice::Fill(filling) => {
            let verb = if pasting.is_in_form() { words.into_form } else { words.fill };
            (cut(&format!("{verb} {}", filling_words(app, filling)), room), String::new(), theme.text)
        }
        Choice::Type(_) => (cut(words.as_it_is, room), String::new(), theme.text),
        Choice::Find(_, terms) => {
            let terms = app.lang.query_terms(terms, &|at| app.clock.near(at, app.now));
            (cut(&format!("{} {}", words.find, told(&terms, hide)), room), String::new(), theme.text)
        }
        Choice::Batch => {
            let key = app.keys.key_of(Place::Home, Action::Batch, app.lang);
            (cut(words.batch, room.saturating_sub(width(&key) + 1)), key, theme.text)
        }
    }
}

fn filling_words(app: &App, filling: &Filling) -> String {
    let hide = app.is_private();
    match filling {
        Filling::Code(code) => {
            let amount = code.amount.map(|amount| amount.to_string());
            let key = match &code.target {
                Target::Key { key, .. } => Some(key.as_str().to_owned()),
                Target::Url(_) => None,
            };
            let parts = [Some(code.merchant_name.as_str().to_owned()), key, amount];
            told(&parts.into_iter().flatten().collect::<Vec<_>>().join(" · "), hide).to_owned()
        }
        Filling::Line(line) => told(&line_words(line), hide).to_owned(),
        Filling::Key(key) => {
            format!("{} {}", app.lang.pasted_key(key.key_type()), told(key.as_str(), hide))
        }
        Filling::Document(document) => {
            format!("{} {}", document.kind(), told(&document.masked(), hide))
        }
        Filling::Amount(amount) => amount.to_string(),
    }
}

/// The payment of a line, as far as the line tells it.
fn line_words(line: &SheetLine) -> String {
    let told = [Column::Name, Column::Amount, Column::Key, Column::Document];
    let parts: Vec<&str> = told.into_iter().filter_map(|column| line.get(column)).collect();
    Safe::new(&parts.join(" · ")).to_string()
}
