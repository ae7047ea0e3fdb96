//! The cash-out form, its review, and what became of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::feed::state_style;
use super::form;
use super::text::{Lines, cut, pane, put, wrap};
use super::theme::Theme;
use crate::app::App;
use crate::app::cash_out::{Draft, Fate, PasteNote, Review, ReviewHint, Sent, Slot, SlotError};
use crate::domain::band::Standing;
use crate::domain::freshness::Freshness;
use crate::domain::money::Centavos;
use crate::domain::order::Destination;
use crate::domain::payee::Finding;
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction::State;

/// The form.
pub(super) fn form(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let words = &app.words().cash_out;
    let draft = &app.cash_out;
    let inner = pane(buffer, area, words.title, true, theme);
    let slots = draft.slots();
    let columns = form::label_columns(slots.iter().map(|slot| label(app, *slot)), inner.width);
    let mut lines = Lines::new(buffer, inner);
    if lines.left() > 16 {
        form::environment(app, theme, &mut lines);
    }
    let room = lines.columns().saturating_sub(columns);
    let parts: Vec<Part> = slots.into_iter().map(|slot| part(app, draft, slot, room, theme)).collect();
    let mut cursor = None;
    for part in parts.iter().skip(first_in_sight(&parts, draft.focus, lines.left())) {
        if lines.left() == 0 {
            break;
        }
        let at = line(app, draft, part, columns, theme, &mut lines);
        cursor = cursor.or(at);
        if let Some((under, style)) = &part.under {
            form::fact(&mut lines, columns, ("", theme.label), (under, *style));
        }
    }
    if let Some(note) = &draft.note {
        let (text, style) = match note {
            PasteNote::BrCode => (words.br_code.to_owned(), theme.warn),
            PasteNote::Line(left) => (app.lang.filled_line(*left), theme.warn),
            PasteNote::Dynamic => (words.dynamic.to_owned(), theme.bad),
            PasteNote::Broken(error) => (app.lang.br_code_error(error), theme.bad),
        };
        lines.wrapped(&text, style);
    }
    cursor
}

/// A line of the form, with what stands under it.
struct Part {
    slot: Slot,
    under: Option<(String, Style)>,
    rows: u16,
}

fn part(app: &App, draft: &Draft, slot: Slot, room: u16, theme: &Theme) -> Part {
    let under = match draft.shown_error(slot) {
        _ if slot == Slot::KeyType && draft.typed_at_choice => {
            Some((app.words().cash_out.arrows_only.to_owned(), theme.bad))
        }
        Some(error) => Some((error_words(app, &error), theme.bad)),
        None => understood(app, draft, slot).map(|text| (text, theme.label)),
    };
    let rows = under.as_ref().map_or(0, |(text, _)| wrap(text, room.max(1)).len());
    Part { slot, under, rows: u16::try_from(rows + 1).unwrap_or(u16::MAX) }
}

/// From which line on to draw, so that the cursor's is in sight with what stands under it.
fn first_in_sight(parts: &[Part], focus: Slot, room: u16) -> usize {
    let focused = parts.iter().position(|part| part.slot == focus).unwrap_or(0);
    let mut rows: u16 = 0;
    for at in (0..=focused).rev() {
        rows = rows.saturating_add(parts[at].rows);
        if rows > room {
            return (at + 1).min(focused);
        }
    }
    0
}

/// Draws a line of the form. Gives the cursor if it stands there.
fn line(
    app: &App,
    draft: &Draft,
    part: &Part,
    columns: u16,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let has_focus = part.slot == draft.focus;
    let style = if has_focus { theme.accent } else { theme.label };
    let text = format!("{}{}", if has_focus { "›" } else { " " }, label(app, part.slot));
    let Some(field) = draft.field(part.slot) else {
        form::fact(lines, columns, (&text, style), (&choice(app, draft, part.slot), theme.strong));
        return None;
    };
    let (buffer, row) = lines.row()?;
    put(buffer, row.x, row.y, row.x + columns, &cut(&text, columns), style);
    let room = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
    let cursor = form::field(buffer, room, field, theme.strong);
    placeholder(app, part.slot, field.is_empty(), theme, room, buffer);
    cursor.filter(|_| has_focus)
}

fn label(app: &App, slot: Slot) -> &'static str {
    let words = &app.words().cash_out;
    match slot {
        Slot::Amount => words.amount,
        Slot::Way => words.way,
        Slot::Key => words.key,
        Slot::KeyType => words.key_type,
        Slot::Ispb => words.ispb,
        Slot::Branch => words.branch,
        Slot::Account => words.account,
        Slot::Name => words.name,
        Slot::Document => words.document,
        Slot::Reference => words.reference,
        Slot::Description => words.description,
        Slot::Reason => words.reason,
    }
}

/// What a line that is chosen and not typed says.
fn choice(app: &App, draft: &Draft, slot: Slot) -> String {
    let words = &app.words().cash_out;
    let keys = if slot == Slot::KeyType { words.arrows_hint } else { words.turn_hint };
    let hint = if draft.focus == slot { format!("  ({keys})") } else { String::new() };
    match slot {
        Slot::Way => {
            let way = if draft.by_account { words.by_account } else { words.by_key };
            format!("‹ {way} ›{hint}")
        }
        Slot::KeyType => {
            let chosen = draft.chosen_type().map_or(words.choose_type, |one| app.lang.key_type(one));
            format!("‹ {chosen} ›{hint}")
        }
        _ => String::new(),
    }
}

/// What an empty line may be left as.
fn placeholder(app: &App, slot: Slot, is_empty: bool, theme: &Theme, room: Rect, buffer: &mut Buffer) {
    let words = &app.words().cash_out;
    let text = match slot {
        Slot::Reference => words.own_reference,
        Slot::Description => words.description_hint,
        Slot::Reason => words.reason_hint,
        _ => return,
    };
    if is_empty && room.width > 4 {
        put(buffer, room.x + 2, room.y, room.right(), &cut(text, room.width - 2), theme.label);
    }
}

/// How a line is understood, where that is worth saying.
fn understood(app: &App, draft: &Draft, slot: Slot) -> Option<String> {
    let text = match slot {
        Slot::Amount => draft.amount().ok()?.to_string(),
        Slot::Key => {
            let key = draft.key().ok()?;
            format!("{} {}", app.lang.key_type(key.key_type()), key.as_str())
        }
        Slot::Ispb => return Some(app.institution(draft.ispb().ok()?)),
        _ => return None,
    };
    Some(app.lang.understood(&text))
}

fn error_words(app: &App, error: &SlotError) -> String {
    match error {
        SlotError::Missing => app.words().errors.missing.to_owned(),
        SlotError::TooLong(most) => app.lang.too_long(*most),
        SlotError::Amount(error) => app.lang.amount_error(*error),
        SlotError::Key(error) => app.lang.key_error(error),
        SlotError::Ispb(error) => app.lang.ispb_error(*error),
        SlotError::Account(error) => app.lang.account_error(*error),
        SlotError::Document(error) => app.lang.document_error(*error),
        SlotError::Reference(error) => app.lang.reference_error(*error),
        SlotError::Coded(amount) => app.lang.coded(*amount),
    }
}

/// The frozen payment and the question.
pub(super) fn review(
    app: &App,
    review: &Review,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = &app.words().cash_out;
    let inner = pane(buffer, area, words.review_title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    form::environment(app, theme, &mut lines);
    if !app.can_review_money() {
        form::confirm_line(app, theme, &mut lines);
        return None;
    }
    // First of all, so that no small screen leaves it out.
    if let Some(repeat) = &review.repeat {
        let at = app.clock.near(repeat.at, app.now);
        let state = app.lang.state(repeat.state);
        let known: Vec<&str> =
            std::iter::once(state).chain(repeat.reference.as_ref().map(Safe::as_str)).collect();
        lines.wrapped(&app.lang.repeat(repeat.amount, &at, &known.join(", ")), theme.bad);
    }
    // Two lines at most: the loudest stand first, and the question has to stay on a small screen.
    for finding in review.findings.iter().take(2) {
        let day = finding.known().map(|payee| app.clock.day(payee.last_paid)).unwrap_or_default();
        let style = if finding.is_loud() { theme.bad } else { theme.label };
        lines.wrapped(&app.lang.payee_line(finding, &compared(app, finding), &day), style);
    }
    let columns = facts(app, review, theme, &mut lines);
    effect(app, review, columns, theme, &mut lines);
    if app.paused.is_some() {
        lines.wrapped(words.paused, theme.warn);
    }
    if lines.left() > 6 {
        lines.blank();
    }
    let cursor = form::retype(words.retype, review.retype.as_ref(), theme, &mut lines);
    let hint = review.hint.and_then(|hint| match hint {
        ReviewHint::WhichKey => None,
        ReviewHint::Retype => Some(words.retype_first),
        ReviewHint::OtherAmount => Some(words.other_amount),
        ReviewHint::Expired => Some(words.expired),
    });
    if let Some(text) = hint {
        lines.wrapped(text, theme.bad);
    }
    form::confirm_line(app, theme, &mut lines);
    cursor
}

/// What the payment is compared with, in full: a character's difference is not seen in a key that is cut.
fn compared(app: &App, finding: &Finding) -> String {
    match (finding, finding.known()) {
        (_, None) => String::new(),
        (Finding::OtherName(payee), _) => payee.name.clone(),
        (Finding::OtherDocument(payee), _) => payee.document.masked(),
        (_, Some(payee)) => match &payee.destination {
            Destination::Pix(key) => key.as_str().to_owned(),
            Destination::Account(account) => {
                app.lang.account(&app.institution(account.ispb), &account.branch, &account.account)
            }
        },
    }
}

/// The frozen payment, line by line. Gives the column at which its values begin.
/// Lines that a review needs below the amount.
const REST: u16 = 15;

fn facts(app: &App, review: &Review, theme: &Theme, lines: &mut Lines<'_>) -> u16 {
    let words = &app.words().cash_out;
    let order = &review.decision.order;
    let (way, destination) = match &order.destination {
        Destination::Pix(key) => {
            (words.key, format!("{} ({})", key.as_str(), app.lang.key_type(key.key_type())))
        }
        Destination::Account(account) => (
            words.by_account,
            app.lang.account(&app.institution(account.ispb), &account.branch, &account.account),
        ),
    };
    let name = format!("{} ({})", order.name, words.unverified);
    let document = format!("{} {}", order.document.kind(), order.document.masked());
    let made = if review.own_reference { format!(" ({})", words.made_by_saldo) } else { String::new() };
    let reference = format!("{}{made}", review.decision.reference);
    let amount = order.amount.to_string();
    let mut all = vec![
        (words.amount, amount.as_str(), theme.accent),
        (words.name, name.as_str(), theme.strong),
        (words.document, document.as_str(), theme.strong),
        (way, destination.as_str(), theme.strong),
        (words.reference, reference.as_str(), theme.text),
    ];
    if let Some(description) = &order.description {
        all.push((words.description, description.as_str(), theme.text));
    }
    if let Some(reason) = &review.decision.reason {
        all.push((words.reason, reason.as_str(), theme.text));
    }
    let labels = all.iter().map(|(label, ..)| *label).chain([words.before, words.after]);
    let columns = form::label_columns(labels, lines.columns());
    for (at, (label, value, style)) in all.into_iter().enumerate() {
        form::fact(lines, columns, (label, theme.label), (value, style));
        if at == 0 {
            form::in_words(app, Some(order.amount), columns, REST, theme, lines);
        }
    }
    columns
}

/// What the payment does to the transactional balance, and to the band.
fn effect(app: &App, review: &Review, columns: u16, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().cash_out;
    let Some(before) = app.balance.transactional() else {
        lines.wrapped(&format!("{}: {}", words.after, words.no_balance), theme.warn);
        return;
    };
    let amount = review.decision.order.amount;
    let after = before.checked_sub(amount).unwrap_or(before);
    let stale = matches!(app.balance.freshness(app.now), Some(Freshness::Stale | Freshness::StandingStill));
    let figure = if stale { theme.stale } else { theme.strong };
    form::fact(lines, columns, (words.before, theme.label), (&before.to_string(), figure));
    form::fact(lines, columns, (words.after, theme.label), (&after.to_string(), figure));
    if stale {
        lines.wrapped(words.stale_balance, theme.warn);
    }
    if let Some(what_if) = app.what_if(amount).filter(|what_if| what_if.pending > Centavos::ZERO) {
        let text = app.lang.after_pending(what_if.pending, what_if.after_all());
        form::fact(lines, columns, ("", theme.label), (&text, figure));
    }
    if amount > before {
        lines.wrapped(words.over_balance, theme.bad);
    } else if app.facts.band.is_some_and(|band| band.standing(after) == Standing::BelowFloor) {
        lines.wrapped(words.below_floor, theme.bad);
    }
}

/// What became of it.
pub(super) fn sent(app: &App, sent: &Sent, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().cash_out;
    let inner = pane(buffer, area, words.sent_title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    let order = &sent.decision.order;
    lines.line(&format!("{}  {}", order.amount, order.name), theme.strong);
    lines.wrapped(&format!("{}: {}", words.reference, sent.decision.reference), theme.label);
    lines.line(&app.clock.full(sent.at), theme.label);
    lines.blank();
    let (text, style, reason) = fate(app, sent, theme);
    lines.wrapped(text, style);
    if let Some(reason) = reason {
        lines.wrapped(&reason, theme.text);
    }
    if sent.fate.is_nothing() {
        lines.wrapped(words.text_kept, theme.text);
    }
    let life = sent.life.as_deref();
    let row = life.map(|life| &life.transaction).or_else(|| app.feed.row(sent.id()));
    let known = row.map(|row| row.state);
    let shown = match &sent.fate {
        Fate::Taken(intent) => Some(State::Out(intent.cash_out.state)),
        Fate::Existing(intent) => known.or(Some(State::Out(intent.cash_out.state))),
        Fate::Created => known,
        Fate::Waiting | Fate::NotJournalled(_) | Fate::NotAllowed(_) | Fate::Busy => None,
    };
    if let Some(state) = shown {
        let is_other = matches!(sent.fate, Fate::Taken(_));
        lines.blank();
        if is_other {
            lines.wrapped(words.other_payment, theme.label);
        }
        // What the journal knows of the payment that was decided says nothing of the one whose reference it took.
        let pay = life.filter(|_| !is_other).and_then(|life| life.intent.as_ref());
        let failing = !is_other && row.is_some_and(|row| row.failure_reported);
        let stand = Stand::of(state, failing, pay.map(|intent| &intent.cash_out));
        lines.wrapped(app.lang.stand(stand), stand_style(stand, theme));
        lines.wrapped(app.meaning(stand, pay.map(|intent| &intent.cash_out)), theme.text);
        if !is_other {
            verdict(app, sent, theme, &mut lines);
            lines.blank();
            lines.wrapped(words.following, theme.label);
        }
    }
}

/// What the last request came to, once it has.
fn verdict(app: &App, sent: &Sent, theme: &Theme, lines: &mut Lines<'_>) {
    let Some(life) = &sent.life else { return };
    let last = life.intent.as_ref().and_then(|intent| intent.cash_out.last_verdict.as_ref());
    if let Some(verdict) = last {
        lines.wrapped(&app.lang.verdict(verdict), theme.label);
    }
    if let Some(failure) = &life.transaction.failure {
        lines.wrapped(failure.as_str(), theme.warn);
    }
}

pub(super) fn stand_style(stand: Stand, theme: &Theme) -> Style {
    match stand {
        Stand::At(state) => state_style(state, theme),
        Stand::FailureReported => theme.bad,
        Stand::OnTheWire => theme.accent,
        Stand::NotSentYet => theme.warn,
    }
}

fn fate(app: &App, sent: &Sent, theme: &Theme) -> (&'static str, Style, Option<String>) {
    let words = &app.words().cash_out;
    match &sent.fate {
        Fate::Waiting => (words.waiting, theme.text, None),
        Fate::Created => (words.created, theme.good, None),
        Fate::Existing(_) => (words.existing, theme.warn, None),
        Fate::Taken(intent) => {
            let other = format!("{} · {}", intent.order.amount, intent.order.name);
            (words.taken, theme.bad, Some(other))
        }
        Fate::NotJournalled(reason) => (words.not_journalled, theme.bad, Some(Safe::new(reason).to_string())),
        Fate::NotAllowed(why) => {
            (app.lang.permission().not_allowed, theme.bad, Some(app.lang.not_allowed(why)))
        }
        Fate::Busy => (words.busy, theme.bad, None),
    }
}
