//! The page of a batch: how far it has got, what became of it, and its lines.

use ratatui::style::Style;

use super::super::feed;
use super::super::text::{Lines, Piece, cut, cut_middle, put, whole, width};
use super::super::theme::Theme;
use super::ended_words;
use crate::app::batch::{self, Page, Running};
use crate::app::keymap::{Action, Place};
use crate::app::{App, BatchPage, BatchRow, Progress};
use crate::domain::batch::LineStand;
use crate::domain::cash_out::State as Out;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::State;

/// Rows for everything that is told of a batch and some of its lines.
const ROOMY: u16 = 12;

/// Cells of the bar at most.
const BAR: u16 = 60;

pub(super) fn render(app: &App, page: &Page, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.lang.batch();
    let running = app.batch_running.as_ref().filter(|running| running.id == page.id);
    let here = match &page.lines {
        batch::Lines::Here(here) => here,
        batch::Lines::Gone => return lines.wrapped(words.gone, theme.label),
        batch::Lines::Loading => {
            if let Some(running) = running {
                bar(running.part(), theme, lines);
                outcome(app, page, Some(running), theme, lines);
            }
            return;
        }
    };
    let batch = &here.batch;
    let id = batch.id.to_string();
    let head = format!("{}  {}  ", batch.name, batch.total);
    // On a small screen the lines are what somebody came for; the sums stand on a larger one.
    if lines.left() < ROOMY {
        lines.line(&head, theme.strong);
        bar((here.progress.answered(), here.progress.all()), theme, lines);
        return list(app, page, here, theme, lines);
    }
    let about = format!("{} · {id}", app.lang.batch_lines(batch.count));
    if width(&head) + width(&about) <= lines.columns() {
        lines.pieces(&[(&head, theme.strong), (&about, theme.label)]);
    } else {
        lines.line(&head, theme.strong);
        lines.line(&about, theme.label);
    }
    bar((here.progress.answered(), here.progress.all()), theme, lines);
    sums(app, page, &here.progress, running, theme, lines);
    outcome(app, page, running, theme, lines);
    list(app, page, here, theme, lines);
}

fn bar((done, all): (u32, u32), theme: &Theme, lines: &mut Lines<'_>) {
    let Some((buffer, row)) = lines.row() else { return };
    let figures = format!(" {done}/{all}");
    let cells = row.width.saturating_sub(width(&figures)).min(BAR);
    let full = u32::from(cells) * done / all.max(1);
    for cell in 0..cells {
        let (symbol, style) =
            if u32::from(cell) < full { ("█", theme.good) } else { ("─", theme.border) };
        put(buffer, row.x + cell, row.y, row.right(), symbol, style);
    }
    put(buffer, row.x + cells, row.y, row.right(), &figures, theme.strong);
}

/// How many lines stand where, with their sums: what is not there is left out.
fn sums(
    app: &App,
    page: &Page,
    progress: &Progress,
    running: Option<&Running>,
    theme: &Theme,
    lines: &mut Lines<'_>,
) {
    let words = app.lang.batch();
    let is_at_work = running.is_some_and(Running::is_at_work)
        || progress.waiting.count > 0 && page.stands_since(app.now).is_none() && running.is_none();
    let title = if is_at_work { words.so_far } else { words.result };
    let mut told: Vec<(String, Style)> = vec![(format!("{title}:"), theme.label)];
    for (label, sum, style) in [
        (words.completed, progress.completed, theme.good),
        (words.accepted, progress.accepted, theme.text),
        (words.on_the_way, progress.at_work, theme.text),
        (words.in_doubt, progress.in_doubt, theme.bad),
        (words.not_paid, progress.not_paid, theme.warn),
        (words.waiting, progress.waiting, theme.text),
    ] {
        if sum.count > 0 {
            told.push((format!("{} {}", app.lang.batch_count(sum.count, label), sum.amount), style));
        }
    }
    flow(&told, lines);
}

/// Pieces one after the other, none of them broken: as many lines as they need.
fn flow(told: &[(String, Style)], lines: &mut Lines<'_>) {
    let mut row: Vec<Piece<'_>> = Vec::new();
    let mut used = 0;
    for (text, style) in told {
        if !row.is_empty() && used + width(text) > lines.columns() {
            lines.pieces(&std::mem::take(&mut row));
            used = 0;
        }
        row.push((text, *style));
        row.push(("  ", *style));
        used += width(text) + 2;
    }
    lines.pieces(&row);
}

/// Whether it goes on, what it came to, and where that is written.
fn outcome(app: &App, page: &Page, running: Option<&Running>, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.lang.batch();
    let key = |action| app.keys.key_of(Place::Batch, action, app.lang);
    let ended = running.and_then(|running| running.news.as_ref()).and_then(|news| news.ended.as_ref());
    if running.is_some_and(|running| running.is_refused) {
        lines.wrapped(words.refused, theme.bad);
    } else if running.is_some_and(Running::is_at_work) {
        lines.wrapped(words.goes_on, theme.label);
    } else if let Some(ended) = ended.filter(|ended| !matches!(ended, Ok(None))) {
        lines.wrapped(&ended_words(app, ended), theme.bad);
    }
    let Some(here) = page.here() else { return };
    let progress = &here.progress;
    let is_at_work = running.is_some_and(Running::is_at_work);
    let stands = match ended {
        Some(_) => Some(here.touched_at),
        None => page.stands_since(app.now).filter(|_| !is_at_work),
    };
    match stands.filter(|_| progress.waiting.count > 0) {
        Some(since) => {
            let since = app.clock.near(since, app.now);
            let text = app.lang.batch_stands(&since, progress.waiting.count, &key(Action::BatchResume));
            lines.wrapped(&text, theme.bad);
        }
        None if progress.completed.count == progress.all() => lines.wrapped(words.all_settled, theme.good),
        None if progress.waiting.count == 0 => lines.wrapped(words.done, theme.good),
        None => {}
    }
    if progress.in_doubt.count > 0 {
        lines.wrapped(words.doubts, theme.warn);
    }
    if progress.not_paid.count > 0 && !is_at_work {
        lines.wrapped(words.unpaid, theme.warn);
    }
    match app.batch_result.as_ref().filter(|(id, _)| *id == page.id) {
        Some((_, Ok(place))) => lines.wrapped(&app.lang.batch_result_at(place.as_str()), theme.text),
        Some((_, Err(why))) => {
            let text = app.lang.batch_result_not(why.as_str(), &key(Action::BatchResult));
            lines.wrapped(&text, theme.bad);
        }
        None if !is_at_work => {
            lines.wrapped(&format!("{} {}", key(Action::BatchResult), words.result_hint), theme.label);
        }
        None => {}
    }
}

fn list(app: &App, page: &Page, here: &BatchPage, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.lang.batch();
    lines.blank();
    if here.rows.is_empty() {
        return lines.wrapped(words.none_unpaid, theme.label);
    }
    let room = usize::from(lines.left().saturating_sub(1)).max(1);
    let selected = page.selected();
    // The chosen line stays in the middle, but for the ends of the list.
    let first = selected.saturating_sub(room / 2).min(here.rows.len().saturating_sub(room));
    let shown = here.rows.iter().enumerate().skip(first).take(room);
    let above = usize::try_from(here.above).unwrap_or(usize::MAX);
    let last = (first + room).min(here.rows.len());
    let mut title = format!("{}-{}/{}", above + first + 1, above + last, here.all);
    if page.unpaid {
        title.push_str(&format!(" · {}", words.only_unpaid));
    }
    lines.line(&title, theme.label);
    let amounts = here.rows.iter().map(|row| width(&row.amount.to_string())).max().unwrap_or(0);
    for (at, row) in shown {
        line_of(app, row, amounts, at == selected, theme, lines);
    }
}

/// One line: its number, where it stands as a sign and in words, the amount, the payee, the reference.
fn line_of(app: &App, row: &BatchRow, amounts: u16, is_chosen: bool, theme: &Theme, lines: &mut Lines<'_>) {
    let Some((buffer, area)) = lines.row() else { return };
    let state = if area.width >= 100 { 26 } else { 18 };
    let (sign, word, style) = stand_of(app, row, state, theme);
    let end = area.right();
    let x = put(buffer, area.x, area.y, end, &format!("{:>5} ", row.number), theme.label);
    let x = put(buffer, x, area.y, end, sign, style);
    put(buffer, x + 1, area.y, end, &cut(&word, state), style);
    let x = x + 1 + state + 1;
    let amount = row.amount.to_string();
    let shown = whole(&amount, amounts);
    put(buffer, x + amounts.saturating_sub(width(shown)), area.y, end, shown, theme.strong);
    let x = x + amounts + 2;
    let room = end.saturating_sub(x);
    let name = room.saturating_sub(if room >= 40 { room / 2 } else { 13.min(room / 2) });
    put(buffer, x, area.y, end, &cut(Safe::new(&row.name).as_str(), name.saturating_sub(1)), theme.text);
    let reference = cut_middle(Safe::new(&row.reference).as_str(), room.saturating_sub(name));
    put(buffer, x + name, area.y, end, &reference, theme.label);
    if is_chosen {
        buffer.set_style(area, theme.selected);
    }
}

/// The sign, the word and the colour of where a line stands.
fn stand_of(app: &App, row: &BatchRow, room: u16, theme: &Theme) -> (&'static str, String, Style) {
    let words = app.lang.batch();
    let Some(payment) = &row.payment else {
        return ("·", app.lang.line_stand(LineStand::Waiting).to_owned(), theme.label);
    };
    if row.is_taken {
        return ("!", app.lang.line_stand(LineStand::Taken).to_owned(), theme.bad);
    }
    if !payment.conflict {
        match row.stand {
            Some(Stand::OnTheWire) => return ("→", words.on_the_way.to_owned(), theme.accent),
            Some(Stand::NotSentYet) => return ("·", words.not_sent.to_owned(), theme.warn),
            Some(Stand::At(_) | Stand::FailureReported) | None => {}
        }
    }
    let (word, style) = feed::state(app, payment, room, theme);
    let sign = match payment.state {
        _ if payment.conflict => "!",
        _ if payment.failure_reported => "?",
        _ if payment.refunded => "←",
        State::Out(Out::Completed) => "✓",
        State::Out(Out::Accepted) => "→",
        State::Out(Out::Approved | Out::Draft | Out::PendingApproval) => "·",
        State::Out(Out::Unknown | Out::Exists | Out::Held) => "?",
        _ => "×",
    };
    (sign, word, style)
}
