//! The form, under the facts that a person looks the payment up by.

use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::super::form;
use super::super::text::{Lines, cut, put, width};
use super::super::theme::Theme;
use super::{blocked_words, choice_words, rows};
use crate::app::resolve::{Choice, Draft, Of, Slot, SlotError, blocked};
use crate::app::{App, Life, Line};
use crate::domain::cash_out::State;

/// A line of the form with what stands under it.
struct Part {
    slot: Slot,
    under: Option<String>,
    rows: u16,
}

pub(super) fn render(
    app: &App,
    life: &Life,
    of: Of<'_>,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let empty = Draft::new(life.transaction.id);
    let draft = app.resolves.get(life.transaction.id).unwrap_or(&empty);
    let slots = draft.slots(of);
    let facts = app.resolve_facts(life);
    // Where there is no choice, what can be said is told all the same.
    let only = draft.choice(of).filter(|_| !slots.contains(&Slot::Choice));
    let only_label = format!(" {}", app.words().resolve.choice);
    let labels = facts.iter().map(|fact| fact.label.as_str()).chain(only.map(|_| only_label.as_str()));
    let columns =
        form::label_columns(labels.chain(slots.iter().map(|slot| label(app, *slot))), lines.columns());
    let room = lines.columns().saturating_sub(columns).max(1);
    let parts: Vec<Part> = slots.iter().map(|slot| part(app, draft, *slot, room)).collect();
    let part_rows = parts.iter().fold(0, |sum: u16, part| sum.saturating_add(part.rows));
    let notes = notes(app, draft, life, of, theme);
    let note_rows = rows(notes.iter().map(|(text, _)| text.as_str()), lines.columns());
    let needed = part_rows.saturating_add(u16::from(only.is_some())).saturating_add(note_rows);
    let all = needed.saturating_add(rows(facts.iter().map(|fact| fact.text.as_str()), room));
    if lines.left() >= all.saturating_add(3) {
        form::environment(app, theme, lines);
        lines.blank();
    }
    // The form stands apart where that costs no fact.
    above(app, &facts, columns, needed.saturating_add(u16::from(lines.left() > all)), theme, lines);
    if lines.left() > needed {
        lines.blank();
    }
    if let Some(choice) = only {
        form::fact(lines, columns, (&only_label, theme.label), (choice_words(app, choice), theme.strong));
    }
    let focused = parts.iter().position(|part| Some(part.slot) == draft.focus(of)).unwrap_or(0);
    let first = if part_rows <= lines.left() { 0 } else { focused };
    let mut cursor = None;
    for part in parts.iter().skip(first) {
        let at = line(app, draft, of, part, columns, theme, lines);
        cursor = cursor.or(at);
    }
    if lines.left() > note_rows {
        lines.blank();
    }
    for (text, style) in &notes {
        lines.wrapped(text, *style);
    }
    cursor
}

/// The facts, as many as the form leaves room for. That there are more is said.
fn above(app: &App, facts: &[Line], columns: u16, keep: u16, theme: &Theme, lines: &mut Lines<'_>) {
    let room = lines.columns().saturating_sub(columns).max(1);
    for (at, fact) in facts.iter().enumerate() {
        let is_last = at + 1 == facts.len();
        let height = rows(std::iter::once(fact.text.as_str()), room);
        let left = lines.left().saturating_sub(keep);
        if height.saturating_add(u16::from(!is_last)) > left {
            if left > 0 {
                lines.line(app.words().resolve.more_facts, theme.label);
            }
            return;
        }
        super::fact(lines, columns, fact, theme.text, theme);
    }
}

fn part(app: &App, draft: &Draft, slot: Slot, room: u16) -> Part {
    let under = match draft.shown_error(slot) {
        _ if slot == Slot::Choice && draft.typed_at_choice => {
            Some(app.words().cash_out.arrows_only.to_owned())
        }
        Some(SlotError::Missing) => Some(app.words().errors.missing.to_owned()),
        Some(SlotError::TooLong(most)) => Some(app.lang.too_long(most)),
        Some(SlotError::Amount(error)) => Some(app.lang.amount_error(error)),
        None => None,
    };
    let below = rows(under.iter().map(String::as_str), room);
    Part { slot, under, rows: below.saturating_add(1) }
}

/// Draws a line of the form. Gives the cursor if it stands there.
fn line(
    app: &App,
    draft: &Draft,
    of: Of<'_>,
    part: &Part,
    columns: u16,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let words = &app.words().resolve;
    let has_focus = draft.focus(of) == Some(part.slot);
    let style = if has_focus { theme.accent } else { theme.label };
    let text = format!("{}{}", if has_focus { "›" } else { " " }, label(app, part.slot));
    let mut cursor = None;
    match draft.field(part.slot) {
        None => {
            let hint =
                if has_focus { format!("  ({})", app.words().cash_out.arrows_hint) } else { String::new() };
            let chosen = format!("‹ {} ›", draft.choice(of).map_or("", |choice| choice_words(app, choice)));
            let both = format!("{chosen}{hint}");
            let fits = width(&both) <= lines.columns().saturating_sub(columns);
            form::fact(lines, columns, (&text, style), (if fits { &both } else { &chosen }, theme.strong));
        }
        Some(field) => {
            if let Some((buffer, row)) = lines.row() {
                put(buffer, row.x, row.y, row.x + columns, &cut(&text, columns), style);
                let room = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
                cursor = form::field(buffer, room, field, theme.strong).filter(|_| has_focus);
                let hint = match part.slot {
                    Slot::Code => words.code_hint,
                    Slot::Reason if draft.choice(of) == Some(Choice::CallOff) => words.call_off_hint,
                    Slot::Reason => words.reason_hint,
                    Slot::Statement => words.statement_hint,
                    Slot::Choice | Slot::Amount => "",
                };
                if field.is_empty() && room.width > 4 {
                    put(buffer, room.x + 2, room.y, room.right(), &cut(hint, room.width - 2), theme.label);
                }
            }
        }
    }
    if let Some(under) = &part.under {
        form::fact(lines, columns, ("", theme.label), (under, theme.bad));
    }
    cursor
}

fn label(app: &App, slot: Slot) -> &'static str {
    let words = &app.words().resolve;
    match slot {
        Slot::Choice => words.choice,
        Slot::Code => words.code,
        Slot::Reason => words.reason,
        Slot::Statement => words.statement,
        Slot::Amount => app.lang.looked_amount(),
    }
}

/// What has to be known before something is said, and why it cannot be said now.
fn notes(app: &App, draft: &Draft, life: &Life, of: Of<'_>, theme: &Theme) -> Vec<(String, Style)> {
    let words = &app.words().resolve;
    let time = |at| app.clock.near(at, app.now);
    let Some(choice) = draft.choice(of) else {
        return vec![(words.moved_on.to_owned(), theme.bad)];
    };
    let mut notes = Vec::new();
    match (choice, of.pay()) {
        (Choice::WasPaid | Choice::WasNotPaid | Choice::WasOtherwise, _) | (_, None) => {
            notes.push((app.lang.looked_note().to_owned(), theme.label));
        }
        (Choice::Found, Some(pay)) => {
            notes.push((words.found_note.to_owned(), theme.label));
            if pay.state != State::Held {
                notes.push((app.lang.not_paid_later(&time(pay.held_from())), theme.label));
            }
        }
        (Choice::NotPaid, Some(pay)) => {
            let said = app.declared_by(life, pay);
            notes.push((app.lang.declared_so_far(pay.people_missing(), &said), theme.strong));
            if let Some(from) = pay.declarable_from().filter(|from| app.now >= *from) {
                notes.push((app.lang.declared_since(&time(from)), theme.label));
            }
        }
        (Choice::CallOff, Some(_)) => notes.push((words.call_off_note.to_owned(), theme.label)),
    }
    match blocked(of, choice, &app.facts.operator, app.now) {
        Some(why) => notes.push((blocked_words(app, why), theme.bad)),
        None if choice == Choice::NotPaid => notes.push((words.counts_once.to_owned(), theme.label)),
        None => {}
    }
    notes
}
