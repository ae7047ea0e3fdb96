//! The cash-in form, its review, and the charge with its code.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Style};

use super::cash_out::stand_style;
use super::form;
use super::qr::Blocks;
use super::text::{Lines, cut, pane, put, width, wrap};
use super::theme::Theme;
use crate::app::cash_in::{Fate, Review, Sent, Slot, SlotError, Stage};
use crate::app::cash_out::ReviewHint;
use crate::app::keymap::{Action, Place};
use crate::app::{App, HIDDEN};
use crate::domain::request::PayBy;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::{CashIn, State};

/// Wherever it is on its way.
pub(super) fn render(
    app: &App,
    stage: &Stage,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = &app.words().cash_in;
    let title = match stage {
        Stage::Editing => words.title,
        Stage::Review(_) => words.review_title,
        Stage::Sent(_) => words.sent_title,
    };
    let inner = pane(buffer, area, title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    match stage {
        Stage::Editing => return editing(app, theme, &mut lines),
        Stage::Review(review) => reviewed(app, review, theme, &mut lines),
        Stage::Sent(sent) => told(app, sent, theme, &mut lines),
    }
    None
}

fn editing(app: &App, theme: &Theme, lines: &mut Lines<'_>) -> Option<Position> {
    let draft = &app.cash_in;
    if lines.left() > 11 {
        form::environment(app, theme, lines);
    }
    let columns = form::label_columns(Slot::ALL.iter().map(|slot| label(app, *slot)), lines.columns());
    let room = lines.columns().saturating_sub(columns).max(1);
    let under = |slot: Slot| match draft.shown_error(slot) {
        Some(error) => Some((error_words(app, &error), theme.bad)),
        None => understood(app, slot).map(|text| (text, theme.label)),
    };
    let rows = |slot: Slot| {
        let under = under(slot).map_or(0, |(text, _)| wrap(&text, room).len());
        u16::try_from(under + 1).unwrap_or(u16::MAX)
    };
    // From which line on to draw, so that the cursor's is in sight with what stands under it.
    let focused = Slot::ALL.iter().position(|slot| *slot == draft.focus).unwrap_or(0);
    let fits = |first: &usize| {
        Slot::ALL[*first..=focused].iter().map(|slot| rows(*slot)).sum::<u16>() <= lines.left()
    };
    let first = (0..=focused).find(fits).unwrap_or(focused);
    let mut cursor = None;
    for slot in Slot::ALL.into_iter().skip(first) {
        let has_focus = slot == draft.focus;
        let style = if has_focus { theme.accent } else { theme.label };
        let text = format!("{}{}", if has_focus { "›" } else { " " }, label(app, slot));
        let Some((buffer, row)) = lines.row() else { break };
        put(buffer, row.x, row.y, row.x + columns, &cut(&text, columns), style);
        let place = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
        let field = draft.field(slot);
        let at = form::field(buffer, place, field, theme.strong);
        cursor = if has_focus { at } else { cursor };
        if field.is_empty() && place.width > 4 {
            let hint = placeholder(app, slot);
            put(buffer, place.x + 2, place.y, place.right(), &cut(hint, place.width - 2), theme.label);
        }
        if let Some((text, style)) = under(slot) {
            form::fact(lines, columns, ("", theme.label), (&text, style));
        }
    }
    cursor
}

fn label(app: &App, slot: Slot) -> &'static str {
    let words = &app.words().cash_in;
    match slot {
        Slot::Amount => words.amount,
        Slot::Name => words.name,
        Slot::Document => words.document,
        Slot::Reference => words.reference,
        Slot::Expires => words.expires,
        Slot::OpenFinance => words.open_finance,
    }
}

/// What an empty line may be left as.
fn placeholder(app: &App, slot: Slot) -> &'static str {
    match slot {
        Slot::Reference => app.words().cash_in.own_reference,
        Slot::Expires => app.words().cash_in.expires_hint,
        Slot::OpenFinance => app.words().cash_in.open_finance_hint,
        Slot::Amount | Slot::Name | Slot::Document => "",
    }
}

/// How a line is understood, where that is worth saying.
fn understood(app: &App, slot: Slot) -> Option<String> {
    let draft = &app.cash_in;
    match slot {
        Slot::Amount => Some(app.lang.understood(&draft.amount().ok()?.to_string())),
        _ => None,
    }
}

fn error_words(app: &App, error: &SlotError) -> String {
    match error {
        SlotError::Missing => app.words().errors.missing.to_owned(),
        SlotError::TooLong(most) => app.lang.too_long(*most),
        SlotError::Amount(error) => app.lang.amount_error(*error),
        SlotError::Document(error) => app.lang.document_error(*error),
        SlotError::Reference(error) => app.lang.reference_error(*error),
        SlotError::Expires(error) => app.lang.minutes_error(*error).to_owned(),
        SlotError::OpenFinance(error) => app.lang.return_address_error(*error).to_owned(),
    }
}

fn reviewed(app: &App, review: &Review, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().cash_in;
    form::environment(app, theme, lines);
    if !app.can_review_money() {
        form::confirm_line(app, theme, lines);
        return;
    }
    let order = &review.decision.order;
    let document = format!("{} {}", order.document.kind(), order.document.masked());
    let made = if review.own_reference {
        format!(" ({})", app.words().cash_out.made_by_saldo)
    } else {
        String::new()
    };
    let reference = format!("{}{made}", review.decision.reference);
    let (amount, expires) = (order.amount.to_string(), app.lang.for_minutes(order.minutes));
    let all = [
        (words.amount, amount.as_str(), theme.accent),
        (words.name, order.name.as_str(), theme.strong),
        (words.document, document.as_str(), theme.strong),
        (words.reference, reference.as_str(), theme.text),
        (words.expires, expires.as_str(), theme.text),
        match &order.open_finance {
            Some(back) => (words.open_finance_back, back.as_str(), theme.text),
            None => (words.paid_by, words.copy_and_paste, theme.text),
        },
    ];
    let columns = form::label_columns(all.iter().map(|(label, ..)| *label), lines.columns());
    for (label, value, style) in all {
        form::fact(lines, columns, (label, theme.label), (value, style));
    }
    lines.blank();
    lines.wrapped(words.moves_nothing, theme.label);
    if review.hint == Some(ReviewHint::Expired) {
        lines.wrapped(app.words().cash_out.expired, theme.bad);
    }
    form::confirm_line(app, theme, lines);
}

/// What became of it: how it stands, and how it is paid.
fn told(app: &App, sent: &Sent, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().cash_in;
    let order = &sent.decision.order;
    lines.line(&format!("{}  {}", order.amount, order.name), theme.strong);
    if lines.left() > 10 {
        lines.wrapped(&format!("{}: {}", words.reference, sent.decision.reference), theme.label);
    }
    if lines.left() > 20 {
        lines.line(&app.clock.full(sent.at), theme.label);
    }
    let (text, style, reason) = fate(app, &sent.fate, theme);
    lines.wrapped(text, style);
    if let Some(reason) = reason {
        lines.wrapped(&reason, theme.text);
    }
    if sent.fate.is_nothing() {
        lines.wrapped(words.text_kept, theme.text);
    }
    let Some(life) = &sent.life else { return };
    let stand = Stand::At(life.transaction.state);
    lines.wrapped(app.lang.stand(stand), stand_style(stand, theme));
    if life.transaction.state == State::In(CashIn::AwaitingPayment) {
        if let Some(at) = life.incoming.charge.as_ref().and_then(|charge| charge.stored.asked.expires_at) {
            lines.wrapped(&format!("{}: {}", words.until, app.clock.full(at)), theme.label);
        }
        match sent.pay_by() {
            Some(pay_by) => code(app, pay_by, theme, lines),
            None => lines.wrapped(words.no_code, theme.warn),
        }
    } else {
        lines.wrapped(app.meaning(stand, None), theme.text);
        if let Some(verdict) =
            life.incoming.charge.as_ref().and_then(|charge| charge.stored.asked.requests.verdict.as_ref())
        {
            lines.wrapped(&app.lang.verdict(verdict), theme.label);
        }
    }
}

pub(super) fn fate(app: &App, fate: &Fate, theme: &Theme) -> (&'static str, Style, Option<String>) {
    let words = &app.words().cash_in;
    match fate {
        Fate::Waiting => (words.waiting, theme.text, None),
        Fate::Made(_) => (words.made, theme.good, None),
        Fate::Existing(_) => (words.existing, theme.warn, None),
        Fate::Taken => (words.taken, theme.bad, None),
        Fate::NotMade(reason) => {
            (words.not_made, theme.bad, Some(app.lang.raw_error(Safe::new(reason).as_str())))
        }
        Fate::Busy => (words.busy, theme.bad, None),
    }
}

/// The text whole, so that it can be taken with the mouse too, and the QR code where it fits.
fn code(app: &App, pay_by: &PayBy, theme: &Theme, lines: &mut Lines<'_>) {
    if app.is_private() {
        lines.wrapped(HIDDEN, theme.strong);
        return;
    }
    let words = &app.words().cash_in;
    let key = app.keys.key_of(Place::Outcome, Action::Copy, app.lang);
    let (label, text) = match pay_by {
        PayBy::CopyAndPaste(text) => (words.copy_and_paste, text),
        PayBy::PaymentUrl(text) => (words.payment_url, text),
    };
    lines.wrapped(&format!("{label} ({key}: {})", words.copies), theme.accent);
    for part in broken(text, lines.columns()) {
        lines.line(part, theme.strong);
    }
    let PayBy::CopyAndPaste(text) = pay_by else { return };
    let Some(blocks) = Blocks::of(text) else { return };
    let fits = usize::from(lines.left()) >= blocks.rows() && usize::from(lines.columns()) >= blocks.columns();
    if !fits {
        lines.wrapped(words.too_small, theme.label);
        return;
    }
    // A camera wants it black on white, whatever the terminal's own colours are.
    let style = Style::new().fg(Color::Rgb(0, 0, 0)).bg(Color::Rgb(255, 255, 255));
    for line in &blocks.lines {
        lines.line(line, style);
    }
}

/// A text in pieces of a line each, to the letter: a code must not gain or lose a character where it is broken.
fn broken(text: &str, columns: u16) -> Vec<&str> {
    let mut rest = text;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let mut end = rest.len();
        let mut columns_so_far = 0;
        for (at, character) in rest.char_indices() {
            columns_so_far += width(character.encode_utf8(&mut [0; 4]));
            if columns_so_far > columns.max(2) {
                end = at;
                break;
            }
        }
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_broken_to_the_letter() {
        for (text, columns, parts) in [
            ("abcdef", 3, vec!["abc", "def"]),
            ("ab  ef", 3, vec!["ab ", " ef"]),
            ("ação", 3, vec!["açã", "o"]),
            ("", 3, vec![]),
            ("日本", 3, vec!["日", "本"]),
            ("ab", 0, vec!["ab"]),
        ] {
            assert_eq!(broken(text, columns), parts, "{text}");
        }
    }
}
