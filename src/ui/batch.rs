//! A batch: its form, the review of its lines, and its page.

mod page;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::form;
use super::text::{Lines, cut, pane, put, put_right, width};
use super::theme::Theme;
use crate::app::Progress;
use crate::app::batch::{Review, Row, Stage};
use crate::app::cash_out::ReviewHint;
use crate::app::{App, BatchSource, BatchTrouble, Stopped};
use crate::domain::band::Standing;
use crate::domain::batch::{Like, Ways};
use crate::domain::freshness::Freshness;
use crate::domain::money::Centavos;
use crate::domain::text::Safe;
use crate::domain::transaction::State;

/// Wherever it is on its way.
pub(super) fn render(
    app: &App,
    stage: &Stage,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = app.lang.batch();
    let title = match stage {
        Stage::Editing | Stage::Asking(_) => words.title,
        Stage::Review(_) => words.review_title,
        Stage::Page(_) => words.running_title,
    };
    let inner = pane(buffer, area, title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    form::environment(app, theme, &mut lines);
    match stage {
        Stage::Editing => return editing(app, theme, &mut lines),
        Stage::Asking(source) => {
            let what = match source {
                BatchSource::File(path) => format!("{}: {}", words.file, Safe::new(path)),
                BatchSource::Journal(id) => format!("{} {id}", words.running_title),
            };
            lines.line(&what, theme.strong);
            lines.wrapped(words.reading, theme.text);
        }
        Stage::Review(review) => return reviewed(app, review, theme, &mut lines),
        Stage::Page(open) => page::render(app, open, theme, &mut lines),
    }
    None
}

fn editing(app: &App, theme: &Theme, lines: &mut Lines<'_>) -> Option<Position> {
    let words = app.lang.batch();
    let mut cursor = None;
    if let Some((buffer, row)) = lines.row() {
        let mark = if app.batch.chosen.is_none() { "›" } else { " " };
        let x = put(buffer, row.x, row.y, row.right(), &format!("{mark}{}  ", words.file), theme.accent);
        let room = Rect { x, width: row.right().saturating_sub(x), ..row };
        cursor =
            form::field(buffer, room, &app.batch.path, theme.strong).filter(|_| app.batch.chosen.is_none());
    }
    match &app.batch.trouble {
        None => lines.wrapped(words.hint, theme.label),
        Some(BatchTrouble::File(why)) => lines.wrapped(&app.lang.file_unread(why.as_str()), theme.bad),
        Some(BatchTrouble::Journal(error)) => {
            let why = app.lang.raw_error(Safe::new(&error.to_string()).as_str());
            lines.wrapped(&app.lang.nothing_sent(&why), theme.bad);
        }
        Some(BatchTrouble::NoBatch(_)) => lines.wrapped(words.gone, theme.bad),
        Some(BatchTrouble::Mistakes(mistakes)) => {
            let more = if mistakes.len() > 1 { format!(" ({})", words.scroll) } else { String::new() };
            lines.wrapped(&format!("{}{more}", app.lang.mistakes(mistakes.len())), theme.bad);
            for mistake in mistakes.iter().skip(app.batch.scroll) {
                if lines.left() == 0 {
                    break;
                }
                lines.wrapped(&app.lang.batch_mistake(mistake), theme.text);
            }
        }
    }
    listed(app, theme, lines);
    cursor
}

/// The newest batches: when, the file, the sum, and how far it has got.
fn listed(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.lang.batch();
    if app.batch.listed.is_empty() || lines.left() < 3 {
        return;
    }
    lines.blank();
    lines.line(words.recent, theme.label);
    for (at, (batch, progress)) in app.batch.listed.iter().enumerate() {
        let is_chosen = app.batch.chosen == Some(at);
        let mark = if is_chosen { "›" } else { " " };
        let when = app.clock.near(batch.created_at, app.now);
        let part = format!("{}/{}", progress.answered(), progress.all());
        let head = format!("{mark}{when}  {}  {}  {part}  ", batch.name, batch.total);
        let (left, style) = match progress {
            Progress { in_doubt, .. } if in_doubt.count > 0 => {
                (app.lang.batch_count(in_doubt.count, words.in_doubt), theme.bad)
            }
            Progress { waiting, .. } if waiting.count > 0 => {
                (app.lang.batch_count(waiting.count, words.waiting), theme.warn)
            }
            Progress { not_paid, .. } if not_paid.count > 0 => {
                (app.lang.batch_count(not_paid.count, words.not_paid), theme.warn)
            }
            _ => (String::new(), theme.label),
        };
        let text = if is_chosen { theme.text.patch(theme.selected) } else { theme.text };
        lines.pieces(&[(&head, text), (&left, style)]);
    }
}

fn reviewed(app: &App, review: &Review, theme: &Theme, lines: &mut Lines<'_>) -> Option<Position> {
    let words = app.lang.batch();
    if !app.can_review_money() {
        form::confirm_line(app, theme, lines);
        return None;
    }
    let batch = &review.examined.batch;
    lines.line(batch.name.as_str(), theme.strong);
    lines
        .wrapped(&app.lang.batch_sum(batch.lines.len(), batch.total(), Ways::of(&batch.lines)), theme.strong);
    if review.examined.begun.is_some() {
        lines.wrapped(words.begun, theme.warn);
    }
    if !review.examined.known.is_empty() {
        lines.wrapped(&app.lang.batch_known(review.examined.known.len()), theme.warn);
    }
    let paying = review.paying();
    let count = review.examined.new_lines().count();
    lines.wrapped(&format!("{}: {count}, {paying}", words.paying), theme.accent);
    effect(app, paying, theme, lines);
    if !review.examined.repeats.is_empty() {
        lines.wrapped(&app.lang.batch_repeats(review.examined.repeats.len()), theme.bad);
    }
    if !review.examined.payees.is_empty() {
        lines.wrapped(&app.lang.batch_payees(review.examined.payees.len()), theme.warn);
    }
    if app.paused.is_some() {
        lines.wrapped(app.words().cash_out.paused, theme.warn);
    }
    let rows = review.rows();
    // What confirms stands below the lines, whatever their number.
    let below = 2 + u16::from(review.retype.is_some()) + u16::from(review.hint.is_some());
    let room = usize::from(lines.left().saturating_sub(below));
    let first = review.scroll.min(rows.len().saturating_sub(room.max(1)));
    for row in rows.iter().skip(first).take(room) {
        line_of(app, row, theme, lines);
    }
    let last = (first + room).min(rows.len());
    if rows.len() > room {
        let text = format!("{}-{last}/{}  {}", (first + 1).min(last), rows.len(), words.scroll);
        lines.line(&text, theme.label);
    } else {
        lines.blank();
    }
    let cursor = form::retype(words.retype, review.retype.as_ref(), theme, lines);
    let hint = review.hint.and_then(|hint| match hint {
        ReviewHint::WhichKey => None,
        ReviewHint::Retype => Some(app.words().cash_out.retype_first),
        ReviewHint::OtherAmount => Some(app.words().cash_out.other_amount),
        ReviewHint::Expired => Some(app.words().cash_out.expired),
    });
    if let Some(text) = hint {
        lines.line(text, theme.bad);
    }
    form::confirm_line(app, theme, lines);
    cursor
}

/// One line: its number, the amount, the payee, and what a person should not pass over.
fn line_of(app: &App, row: &Row<'_>, theme: &Theme, lines: &mut Lines<'_>) {
    let Some((buffer, area)) = lines.row() else { return };
    let mark = match (row.repeat.map(|repeat| &repeat.like), row.payee, row.known) {
        (Some(Like::Line(line)), ..) => Some((app.lang.like_line(*line), theme.bad)),
        (Some(Like::Payment { at, state, .. }), ..) => {
            Some((format!("= {} {}", app.clock.near(*at, app.now), app.lang.state(*state)), theme.bad))
        }
        (None, Some(finding), _) => Some((app.lang.payee_mark(finding).to_owned(), theme.warn)),
        (None, None, Some(state)) => Some((app.lang.state(State::Out(state)).to_owned(), theme.label)),
        (None, None, None) => None,
    };
    let order = &row.line.order;
    let number = format!("{:>4}", row.line.number);
    let x = put(buffer, area.x, area.y, area.right(), &number, theme.label);
    let amount = format!("{:>16}", order.amount.to_string());
    let x = put(buffer, x + 1, area.y, area.right(), &amount, theme.strong);
    let columns = mark.as_ref().map_or(0, |(text, _)| width(text) + 2);
    let room = area.right().saturating_sub(x + 2).saturating_sub(columns);
    let text = format!("{}  {}  {}", order.name, order.document.masked(), row.line.reference);
    put(buffer, x + 2, area.y, area.right(), &cut(&text, room), theme.text);
    if let Some((text, style)) = mark {
        put_right(buffer, x + 2, area.y, area.right(), &text, style);
    }
}

/// What paying it does to the transactional balance, the band and the minutes that it covers.
pub(super) fn effect(app: &App, paying: Centavos, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().cash_out;
    let Some(what_if) = app.what_if(paying) else {
        lines.wrapped(&format!("{}: {}", words.after, words.no_balance), theme.warn);
        return;
    };
    let is_stale =
        matches!(app.balance.freshness(app.now), Some(Freshness::Stale | Freshness::StandingStill));
    let figure = if is_stale { theme.stale } else { theme.strong };
    let text = format!("{}: {}   {}: {}", words.before, what_if.before, words.after, what_if.after());
    lines.wrapped(&text, figure);
    if is_stale {
        lines.wrapped(words.stale_balance, theme.warn);
    }
    if what_if.pending > Centavos::ZERO {
        lines.wrapped(&app.lang.after_pending(what_if.pending, what_if.after_all()), figure);
    }
    if what_if.after() < Centavos::ZERO {
        lines.wrapped(words.over_balance, theme.bad);
    } else if app.facts.band.is_some_and(|band| band.standing(what_if.after_all()) == Standing::BelowFloor) {
        lines.wrapped(words.below_floor, theme.bad);
    }
    let Some(pace) = &app.pace else { return };
    if let (Some(before), Some(after)) =
        (pace.minutes_left(what_if.before), pace.minutes_left(what_if.after_all()))
    {
        lines.wrapped(&app.lang.covers_after(before, after), theme.text);
    }
    super::coverage::dry_after(app, what_if.leaving(), theme, lines);
}

/// Why a batch does not go on.
pub(super) fn ended_words(app: &App, ended: &Result<Option<Stopped>, String>) -> String {
    let words = app.lang.batch();
    let why = match ended {
        Ok(None) => return words.done.to_owned(),
        Ok(Some(Stopped::Asked)) => return words.stopped.to_owned(),
        Ok(Some(stopped)) => stopped.to_string(),
        Err(why) => why.clone(),
    };
    format!("{} ({})", words.stopped, app.lang.raw_error(Safe::new(&why).as_str()))
}
