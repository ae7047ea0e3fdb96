//! The refund form over a cash-in, its review, and what became of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::form;
use super::text::{Lines, cut, pane, put};
use super::theme::Theme;
use crate::app::App;
use crate::app::cash_in::Fate;
use crate::app::cash_out::ReviewHint;
use crate::app::refund::{Refunding, Review, Slot, Stage};
use crate::domain::refund::State;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;

/// Wherever it is on its way.
pub(super) fn render(
    app: &App,
    open: &Refunding,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = &app.words().refund;
    let title = if matches!(open.stage, Stage::Review(_)) { words.review_title } else { words.title };
    let inner = pane(buffer, area, title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    if lines.left() > 11 {
        form::environment(app, theme, &mut lines);
    }
    let Some(row) = open.row() else {
        lines.wrapped(app.words().detail.loading, theme.label);
        return None;
    };
    match &open.stage {
        Stage::Editing => editing(app, open, row, theme, &mut lines),
        Stage::Review(review) => reviewed(app, review, row, theme, &mut lines),
        Stage::Sent(_, fate) => {
            cash_in(app, row, theme, &mut lines);
            lines.blank();
            let (text, style, reason) = super::cash_in::fate(app, fate, theme);
            lines.wrapped(if *fate == Fate::Taken { words.taken } else { text }, style);
            if let Some(reason) = reason {
                lines.wrapped(&reason, theme.text);
            }
            if fate.row().is_some() {
                stands(app, open, theme, &mut lines);
            }
            None
        }
    }
}

/// Lines that the form and its review need below the amount.
const REST: u16 = 13;

/// Which cash-in: what goes back, to whom.
fn cash_in(app: &App, row: &Transaction, theme: &Theme, lines: &mut Lines<'_>) -> u16 {
    let words = &app.words().refund;
    let amount =
        row.amount.map_or_else(|| app.words().feed.no_amount.to_owned(), |amount| amount.to_string());
    let text = |value: &Option<Safe>| value.as_ref().map_or_else(String::new, ToString::to_string);
    let (name, reference) = (text(&row.name), text(&row.external_reference));
    let all = [
        (words.amount, amount.as_str(), theme.accent),
        (words.payer, name.as_str(), theme.strong),
        (app.words().detail.reference, reference.as_str(), theme.text),
    ];
    let labels = all.iter().map(|(label, ..)| *label).chain([words.reason, words.description]);
    let columns = form::label_columns(labels, lines.columns());
    for (at, (label, value, style)) in all.into_iter().filter(|(_, value, _)| !value.is_empty()).enumerate() {
        form::fact(lines, columns, (label, theme.label), (value, style));
        if at == 0 {
            form::in_words(app, row.amount, columns, REST, theme, lines);
        }
    }
    columns
}

fn editing(
    app: &App,
    open: &Refunding,
    row: &Transaction,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let words = &app.words().refund;
    let columns = cash_in(app, row, theme, lines);
    lines.wrapped(words.in_full, theme.label);
    if lines.left() > 5 {
        lines.blank();
    }
    let marked = |slot: Slot, label: &str| {
        let has_focus = slot == open.focus;
        let style = if has_focus { theme.accent } else { theme.label };
        (format!("{}{label}", if has_focus { "›" } else { " " }), style)
    };
    let (label, style) = marked(Slot::Reason, words.reason);
    let chosen = open.reason.map_or(words.choose, |reason| app.lang.refund_reason(reason));
    let hint = if open.focus == Slot::Reason {
        format!("  ({})", app.words().cash_out.arrows_hint)
    } else {
        String::new()
    };
    form::fact(lines, columns, (&label, style), (&format!("‹ {chosen} ›{hint}"), theme.strong));
    if open.asked && open.reason.is_none() {
        form::fact(lines, columns, ("", theme.label), (words.choose_first, theme.bad));
    }
    let (label, style) = marked(Slot::Description, words.description);
    let mut cursor = None;
    if let Some((buffer, row)) = lines.row() {
        put(buffer, row.x, row.y, row.x + columns, &cut(&label, columns), style);
        let room = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
        cursor = form::field(buffer, room, &open.description, theme.strong);
        if open.description.is_empty() && room.width > 4 {
            let hint = cut(words.description_hint, room.width - 2);
            put(buffer, room.x + 2, room.y, room.right(), &hint, theme.label);
        }
    }
    if let Some(most) = open.is_too_long() {
        form::fact(lines, columns, ("", theme.label), (&app.lang.too_long(most), theme.bad));
    }
    cursor.filter(|_| open.focus == Slot::Description)
}

fn reviewed(
    app: &App,
    review: &Review,
    row: &Transaction,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let words = &app.words().refund;
    if !app.can_review_money() {
        form::confirm_line(app, theme, lines);
        return None;
    }
    let columns = cash_in(app, row, theme, lines);
    let reason = app.lang.refund_reason(review.decision.reason);
    form::fact(lines, columns, (words.reason, theme.label), (reason, theme.strong));
    if let Some(description) = &review.decision.description {
        form::fact(lines, columns, (words.description, theme.label), (description, theme.text));
    }
    lines.wrapped(words.in_full, theme.warn);
    if app.paused.is_some() {
        lines.wrapped(app.words().cash_out.paused, theme.warn);
    }
    lines.blank();
    let cursor = form::retype(app.words().cash_out.retype, review.retype.as_ref(), theme, lines);
    let hint = review.hint.and_then(|hint| match hint {
        ReviewHint::WhichKey => None,
        ReviewHint::Retype => Some(app.words().cash_out.retype_first),
        ReviewHint::OtherAmount => Some(words.other_amount),
        ReviewHint::Expired => Some(app.words().cash_out.expired),
    });
    if let Some(text) = hint {
        lines.wrapped(text, theme.bad);
    }
    form::confirm_line(app, theme, lines);
    cursor
}

/// How the refund stands, by the journal.
fn stands(app: &App, open: &Refunding, theme: &Theme, lines: &mut Lines<'_>) {
    let Some(refund) = open.life().and_then(|life| life.incoming.refund.as_ref()) else { return };
    let refund = &refund.stored.asked;
    lines.blank();
    lines.wrapped(app.lang.refund_state(refund.state), state_style(refund.state, theme));
    lines.wrapped(app.lang.refund_meaning(refund.state), theme.text);
    if let Some(verdict) = &refund.requests.verdict {
        lines.wrapped(&app.lang.verdict(verdict), theme.label);
    }
    lines.blank();
    lines.wrapped(app.words().cash_out.following, theme.label);
}

fn state_style(state: State, theme: &Theme) -> Style {
    match state {
        State::Completed => theme.good,
        State::Accepted | State::Approved => theme.accent,
        State::Unknown | State::Exists | State::Held => theme.bad,
        State::Rejected | State::Cancelled | State::Expired => theme.warn,
    }
}
