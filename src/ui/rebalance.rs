//! The rebalance form, its review, and what became of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::form;
use super::notices::{comparison, trouble_words};
use super::text::{Lines, pane, put, width};
use super::theme::Theme;
use crate::app::cash_out::ReviewHint;
use crate::app::rebalance::{Review, Slot, Stage};
use crate::app::{App, StoredRebalance};
use crate::domain::attempt::Ambiguity;
use crate::domain::band::Standing;
use crate::domain::rebalance::{Forecast, Move, Outcome, Pockets, State};

/// Wherever it is on its way.
pub(super) fn render(
    app: &App,
    stage: &Stage,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = &app.words().rebalance;
    let title = if matches!(stage, Stage::Review(_)) { words.review_title } else { words.title };
    let inner = pane(buffer, area, title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    if !matches!(stage, Stage::Ended(_)) {
        form::environment(app, theme, &mut lines);
    }
    match stage {
        Stage::Editing => return editing(app, theme, &mut lines),
        Stage::Asking(target) => {
            lines.line(&format!("{}: {target}", words.target), theme.strong);
            lines.wrapped(words.asking, theme.text);
        }
        Stage::Review(review) => return reviewed(app, review, theme, &mut lines),
        Stage::Sent(review) => {
            lines.line(&app.lang.forecast(&review.forecast), theme.strong);
            lines.wrapped(words.sent, theme.warn);
        }
        Stage::Ended(Ok(stored)) => ended(app, stored, theme, &mut lines),
        Stage::Ended(Err(trouble)) => lines.wrapped(&trouble_words(app, trouble), theme.bad),
    }
    None
}

fn editing(app: &App, theme: &Theme, lines: &mut Lines<'_>) -> Option<Position> {
    let words = &app.words().rebalance;
    let draft = &app.rebalance;
    let columns = width(words.target).max(width(words.reason)).min(lines.columns() / 2) + 3;
    let mut cursor = None;
    for (slot, label, field) in
        [(Slot::Target, words.target, &draft.target), (Slot::Reason, words.reason, &draft.reason)]
    {
        let has_focus = slot == draft.focus;
        let style = if has_focus { theme.accent } else { theme.label };
        let marker = if has_focus { "›" } else { " " };
        if let Some((buffer, row)) = lines.row() {
            put(buffer, row.x, row.y, (row.x + columns).min(row.right()), &format!("{marker}{label}"), style);
            let room = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
            let selected = slot == Slot::Target && draft.proposed && has_focus;
            let style = if selected { theme.strong.patch(theme.selected) } else { theme.strong };
            let at = form::field(buffer, room, field, style);
            cursor = if has_focus { at } else { cursor };
        }
        if slot == Slot::Target
            && let Some(error) = draft.shown_error()
        {
            form::fact(lines, columns, ("", theme.label), (&app.lang.amount_error(error), theme.bad));
        }
    }
    lines.blank();
    if let Some(trouble) = &draft.trouble {
        lines.wrapped(&trouble_words(app, trouble), theme.bad);
        lines.blank();
    }
    let now = app.balance.reading.as_ref().map(|reading| Pockets::from(&reading.balance));
    match draft.preview(now) {
        None => {}
        Some(Err(error)) => lines.wrapped(&app.lang.forecast_error(error), theme.warn),
        Some(Ok(forecast)) => {
            movement(app, &forecast, false, theme, lines);
            lines.wrapped(words.preview, theme.label);
        }
    }
    cursor
}

/// Both pockets before and after, and the direction in words; where it is about to be confirmed, the amount in words too.
fn movement(app: &App, forecast: &Forecast, is_review: bool, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.words();
    lines.wrapped(app.lang.movement(forecast.direction), theme.accent);
    lines.wrapped(&format!("{} {}", words.rebalance.moves, forecast.amount), theme.strong);
    if is_review {
        form::in_words(app, Some(forecast.amount), 0, REST, theme, lines);
    }
    for (label, before, after) in [
        (words.balances.transactional, forecast.before.transactional, forecast.after.transactional),
        (words.balances.proprietary, forecast.before.proprietary, forecast.after.proprietary),
    ] {
        let text = format!("{label}: {before} → {after}");
        lines.wrapped(&text, theme.text);
    }
    let falls = app
        .facts
        .band
        .is_some_and(|band| band.standing(forecast.after.transactional) == Standing::BelowFloor);
    if falls && forecast.direction == Move::Sweep {
        lines.wrapped(words.rebalance.below_floor, theme.bad);
    }
    let uncovered = app.exposure.amount.is_some_and(|exposure| forecast.after.transactional < exposure);
    if uncovered {
        lines.wrapped(words.rebalance.below_exposure, theme.bad);
    }
    lines.wrapped(words.rebalance.consolidated, theme.label);
}

/// Lines that the review needs below the amount.
const REST: u16 = 12;

fn reviewed(app: &App, review: &Review, theme: &Theme, lines: &mut Lines<'_>) -> Option<Position> {
    let words = &app.words().rebalance;
    if review.moved {
        lines.wrapped(words.moved, theme.bad);
    }
    if !app.can_review_money() {
        form::confirm_line(app, theme, lines);
        return None;
    }
    lines.line(&format!("{}: {}", words.target, review.target), theme.strong);
    movement(app, &review.forecast, true, theme, lines);
    if let Some(reason) = &review.reason {
        lines.wrapped(&format!("{}: {reason}", words.reason), theme.text);
    }
    lines.blank();
    let cursor = form::retype(words.retype, review.retype.as_ref(), theme, lines);
    let hint = review.hint.and_then(|hint| match hint {
        ReviewHint::Retype => Some(words.retype_first),
        ReviewHint::OtherAmount => Some(words.other_target),
        ReviewHint::WhichKey | ReviewHint::Expired => None,
    });
    if let Some(text) = hint {
        lines.wrapped(text, theme.bad);
    }
    form::confirm_line(app, theme, lines);
    cursor
}

fn ended(app: &App, stored: &StoredRebalance, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().rebalance;
    let style = match stored.rebalance.state {
        State::Completed | State::Acknowledged => theme.good,
        State::Rejected => theme.warn,
        State::Unknown => theme.bad,
    };
    lines.wrapped(app.lang.rebalance_state(stored.rebalance.state), style);
    match &stored.rebalance.outcome {
        Some(Outcome::Answered { message, .. }) => {
            lines.wrapped(&format!("{}: {message}", words.gateway_says), theme.text);
        }
        Some(Outcome::NotExecuted(how)) => lines.wrapped(&app.lang.not_executed(how), theme.text),
        Some(Outcome::Ambiguous(why)) => lines.wrapped(&app.lang.ambiguity(why), theme.text),
        None => lines.wrapped(&app.lang.ambiguity(&Ambiguity::Crashed), theme.text),
    }
    lines.blank();
    for line in comparison(app, stored) {
        lines.wrapped(&line, theme.text);
    }
}
