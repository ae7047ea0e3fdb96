//! What a person says of a payment: the facts to look it up by, the form, its review, and what became of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::cash_out::stand_style;
use super::form;
use super::text::{Lines, cut, pane, put, wrap};
use super::theme::Theme;
use crate::app::cash_out::ReviewHint;
use crate::app::resolve::{
    Blocked, Choice, Draft, Fate, Resolve, Review, Sent, Slot, SlotError, Stage, blocked, declarable_from,
    held_from, people_missing,
};
use crate::app::{App, Finding, Intent, JournalError, LaneError, Life, LifeState, Line};
use crate::domain::cash_out::{Because, CashOut, State};
use crate::domain::stand::Stand;
use crate::domain::text::Safe;
use crate::domain::transaction;

/// Wherever it is on its way.
pub(super) fn render(
    app: &App,
    open: &Resolve,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let words = app.words();
    let title =
        if matches!(open.stage, Stage::Review(_)) { words.resolve.review_title } else { words.resolve.title };
    let inner = pane(buffer, area, title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    let payment = match &open.detail.life {
        LifeState::Here(life) => life.intent.as_ref().map(|intent| (&**life, intent)),
        LifeState::Loading | LifeState::Gone => None,
    };
    let Some((life, intent)) = payment else {
        lines.wrapped(words.detail.gone, theme.warn);
        return None;
    };
    match &open.stage {
        Stage::Editing => return editing(app, life, intent, theme, &mut lines),
        Stage::Review(review) => reviewed(app, review, life, intent, theme, &mut lines),
        Stage::Sent(sent) => became(app, sent, intent, theme, &mut lines),
    }
    None
}

/// A line of the form with what stands under it.
struct Part {
    slot: Slot,
    under: Option<String>,
    rows: u16,
}

fn editing(
    app: &App,
    life: &Life,
    intent: &Intent,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let pay = &intent.cash_out;
    let facts = app.resolve_facts(life);
    let empty = Draft::new(intent.id);
    let draft = app.resolves.get(intent.id).unwrap_or(&empty);
    let slots = draft.slots(pay);
    let labels = facts.iter().map(|fact| fact.label.as_str());
    let slot_labels = slots.iter().map(|slot| label(app, *slot));
    let columns = form::label_columns(labels.chain(slot_labels), lines.columns());
    let room = lines.columns().saturating_sub(columns).max(1);
    let parts: Vec<Part> = slots.iter().map(|slot| part(app, draft, *slot, room)).collect();
    let notes = notes(app, draft, life, pay, theme);
    let note_rows =
        |notes: &[(String, Style)]| rows(notes.iter().map(|(text, _)| text.as_str()), lines.columns());
    let form_rows = parts.iter().map(|part| part.rows).sum::<u16>().saturating_add(1);
    let needed = form_rows.saturating_add(note_rows(&notes));
    let fact_rows = rows(facts.iter().map(|fact| fact.text.as_str()), room);
    if lines.left() > needed.saturating_add(fact_rows) + 1 {
        form::environment(app, theme, lines);
        lines.blank();
    }
    above(app, &facts, columns, needed, theme, lines);
    if lines.left() >= needed {
        lines.blank();
    }
    let focus = draft.focus(pay);
    if let Some(choice) = draft.choice(pay).filter(|_| !slots.contains(&Slot::Choice)) {
        let words = (app.words().resolve.choice, choice_words(app, choice));
        lines.wrapped(&format!("{}: {}", words.0, words.1), theme.strong);
    }
    let first = parts.iter().position(|part| Some(part.slot) == focus).unwrap_or(0);
    let fits = parts.iter().map(|part| part.rows).sum::<u16>() <= lines.left();
    let mut cursor = None;
    for part in parts.iter().skip(if fits { 0 } else { first }) {
        let at = line(app, draft, pay, part, columns, theme, lines);
        cursor = cursor.or(at);
    }
    for (text, style) in &notes {
        lines.wrapped(text, *style);
    }
    cursor
}

/// The rows that texts need.
fn rows<'a>(texts: impl Iterator<Item = &'a str>, columns: u16) -> u16 {
    u16::try_from(texts.map(|text| wrap(text, columns).len()).sum::<usize>()).unwrap_or(u16::MAX)
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
        let style = if at == 0 { theme.bad } else { theme.text };
        form::fact(lines, columns, (&fact.label, theme.label), (&fact.text, style));
    }
}

fn part(app: &App, draft: &Draft, slot: Slot, room: u16) -> Part {
    let under = match draft.shown_error(slot) {
        _ if slot == Slot::Choice && draft.typed_at_choice => {
            Some(app.words().cash_out.arrows_only.to_owned())
        }
        Some(SlotError::Missing) => Some(app.words().errors.missing.to_owned()),
        Some(SlotError::TooLong(most)) => Some(app.lang.too_long(most)),
        None => None,
    };
    let below = rows(under.iter().map(String::as_str), room);
    Part { slot, under, rows: below.saturating_add(1) }
}

/// Draws a line of the form. Gives the cursor if it stands there.
fn line(
    app: &App,
    draft: &Draft,
    pay: &CashOut,
    part: &Part,
    columns: u16,
    theme: &Theme,
    lines: &mut Lines<'_>,
) -> Option<Position> {
    let words = &app.words().resolve;
    let has_focus = draft.focus(pay) == Some(part.slot);
    let style = if has_focus { theme.accent } else { theme.label };
    let text = format!("{}{}", if has_focus { "›" } else { " " }, label(app, part.slot));
    let mut cursor = None;
    match draft.field(part.slot) {
        None => {
            let hint =
                if has_focus { format!("  ({})", app.words().cash_out.arrows_hint) } else { String::new() };
            let chosen = draft.choice(pay).map_or("", |choice| choice_words(app, choice));
            form::fact(lines, columns, (&text, style), (&format!("‹ {chosen} ›{hint}"), theme.strong));
        }
        Some(field) => {
            if let Some((buffer, row)) = lines.row() {
                put(buffer, row.x, row.y, row.x + columns, &cut(&text, columns), style);
                let room = Rect { x: row.x + columns, width: row.width.saturating_sub(columns), ..row };
                cursor = form::field(buffer, room, field, theme.strong).filter(|_| has_focus);
                let hint = match part.slot {
                    Slot::Code => words.code_hint,
                    Slot::Reason => words.reason_hint,
                    Slot::Statement => words.statement_hint,
                    Slot::Choice => "",
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
    }
}

fn choice_words(app: &App, choice: Choice) -> &'static str {
    let words = &app.words().resolve;
    match choice {
        Choice::Found => words.found,
        Choice::NotPaid => words.not_paid,
        Choice::CallOff => words.call_off,
    }
}

/// What has to be known before something is said, and why it cannot be said now.
fn notes(app: &App, draft: &Draft, life: &Life, pay: &CashOut, theme: &Theme) -> Vec<(String, Style)> {
    let words = &app.words().resolve;
    let time = |at| app.clock.near(at, app.now);
    let Some(choice) = draft.choice(pay) else {
        return vec![(words.moved_on.to_owned(), theme.bad)];
    };
    let mut notes = Vec::new();
    match choice {
        Choice::Found => {
            notes.push((words.found_note.to_owned(), theme.label));
            if pay.state != State::Held {
                notes.push((app.lang.not_paid_later(&time(held_from(pay))), theme.label));
            }
        }
        Choice::NotPaid => {
            let said = app.declared_by(life, pay);
            notes.push((app.lang.declared_so_far(people_missing(pay), &said), theme.strong));
            if let Some(from) = declarable_from(pay).filter(|from| app.now >= *from) {
                notes.push((app.lang.declared_since(&time(from)), theme.label));
            }
        }
        Choice::CallOff => notes.push((words.call_off_note.to_owned(), theme.label)),
    }
    match blocked(pay, choice, &app.facts.operator, app.now) {
        Some(why) => notes.push((blocked_words(app, why), theme.bad)),
        None if choice == Choice::NotPaid => notes.push((words.counts_once.to_owned(), theme.label)),
        None => {}
    }
    notes
}

fn blocked_words(app: &App, why: Blocked) -> String {
    let words = &app.words().resolve;
    match why {
        Blocked::MovedOn => words.moved_on.to_owned(),
        Blocked::OnTheWire => words.on_the_wire.to_owned(),
        Blocked::SamePerson => words.same_person.to_owned(),
        Blocked::TooEarly(from) => app.lang.too_early(&app.clock.near(from, app.now)),
    }
}

/// What is about to be said, of which payment, and what that does.
fn reviewed(app: &App, review: &Review, life: &Life, intent: &Intent, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().resolve;
    let pay = &intent.cash_out;
    form::environment(app, theme, lines);
    if !app.can_review_money() {
        form::confirm_line(app, theme, lines);
        return;
    }
    let (text, style) = match review.choice {
        Choice::Found => (words.found_note, theme.text),
        Choice::NotPaid if people_missing(pay) > 1 => (words.first_of_two, theme.warn),
        Choice::NotPaid => (words.last_of_two, theme.bad),
        Choice::CallOff => (words.call_off_note, theme.warn),
    };
    lines.wrapped(text, style);
    lines.blank();
    let said = finding(app, &review.finding);
    let facts = app.resolve_facts(life);
    let labels = facts.iter().map(|fact| fact.label.as_str()).chain(said.iter().map(|(label, _)| *label));
    let columns = form::label_columns(labels, lines.columns());
    let room = lines.columns().saturating_sub(columns).max(1);
    let keep = rows(said.iter().map(|(_, text)| text.as_str()), room).saturating_add(4);
    above(app, &facts, columns, keep, theme, lines);
    lines.blank();
    for (label, text) in &said {
        form::fact(lines, columns, (label, theme.label), (text, theme.strong));
    }
    lines.blank();
    if let Some(why) = blocked(pay, review.choice, &app.facts.operator, app.now) {
        lines.wrapped(&blocked_words(app, why), theme.bad);
    } else if review.hint == Some(ReviewHint::Expired) {
        lines.wrapped(words.expired, theme.bad);
    }
    form::confirm_line(app, theme, lines);
}

/// What is said, line by line.
fn finding(app: &App, finding: &Finding) -> Vec<(&'static str, String)> {
    let words = &app.words().resolve;
    let reason = |reason: &Option<String>| reason.clone().map(|reason| (words.reason, reason));
    let mut said = Vec::new();
    match finding {
        Finding::InternalCode { code, reason: why } => {
            said.push((words.choice, words.found.to_owned()));
            said.push((words.code, code.clone()));
            said.extend(reason(why));
        }
        Finding::NotPaid { statement } => {
            said.push((words.choice, words.not_paid.to_owned()));
            said.push((words.statement, statement.clone()));
        }
        Finding::CallOff { reason: why } => {
            said.push((words.choice, words.call_off.to_owned()));
            said.extend(reason(why));
        }
    }
    said
}

/// What became of it.
fn became(app: &App, sent: &Sent, intent: &Intent, theme: &Theme, lines: &mut Lines<'_>) {
    let words = app.words();
    lines.line(&format!("{}  {}", intent.order.amount, intent.order.name), theme.strong);
    lines.wrapped(&format!("{}: {}", words.detail.reference, intent.reference), theme.label);
    lines.line(&app.clock.full(sent.at), theme.label);
    lines.blank();
    let said = finding(app, &sent.finding);
    let columns = form::label_columns(said.iter().map(|(label, _)| *label), lines.columns());
    for (label, text) in &said {
        form::fact(lines, columns, (label, theme.label), (text, theme.text));
    }
    lines.blank();
    match &sent.fate {
        Fate::Waiting => {
            let asks = matches!(sent.finding, Finding::InternalCode { .. });
            lines.wrapped(if asks { words.resolve.asking } else { words.resolve.recording }, theme.text);
        }
        Fate::Recorded(after) => {
            // What was learned since says more than the answer to the finding.
            let now = if intent.updated_at > after.updated_at { intent } else { after };
            lines.wrapped(words.resolve.recorded, theme.good);
            stands(app, now, theme, lines);
        }
        fate @ (Fate::NotRecorded(_) | Fate::Busy) => {
            let why = not_recorded(app, fate, Some(&intent.cash_out)).unwrap_or_default();
            lines.wrapped(&format!("{}: {why}", words.resolve.not_recorded), theme.bad);
            lines.wrapped(&app.lang.stays(intent.cash_out.state), theme.text);
            lines.blank();
            lines.wrapped(words.cash_out.text_kept, theme.text);
        }
    }
}

fn stands(app: &App, now: &Intent, theme: &Theme, lines: &mut Lines<'_>) {
    let pay = &now.cash_out;
    let stand = Stand::of(transaction::State::Out(pay.state), pay.failure_reported, Some(pay));
    lines.wrapped(app.lang.stand(stand), stand_style(stand, theme));
    lines.wrapped(app.meaning(stand, Some(pay)), theme.text);
    if pay.conflict {
        lines.wrapped(app.words().detail.conflict, theme.bad);
    }
    if let Some(next) = app.next_step(pay) {
        lines.blank();
        lines.wrapped(&format!("{}: {next}", app.words().detail.next), theme.strong);
    }
}

/// Why nothing was recorded, if so; `pay` as it stands, where it is known.
pub(super) fn not_recorded(app: &App, fate: &Fate, pay: Option<&CashOut>) -> Option<String> {
    let words = &app.words().resolve;
    let time = |at| app.clock.near(at, app.now);
    let error = match fate {
        Fate::Waiting | Fate::Recorded(_) => return None,
        Fate::Busy => return Some(words.busy.to_owned()),
        Fate::NotRecorded(error) => error,
    };
    Some(match error {
        LaneError::Journal(JournalError::Refused(refused)) => match (refused.because, pay) {
            (Because::TooEarly, Some(pay)) => {
                let from = declarable_from(pay).unwrap_or(app.now);
                app.lang.too_early(&time(from))
            }
            (Because::Contradicted, pay) => {
                app.lang.another_id(pay.and_then(CashOut::gateway_id).map(Safe::as_str))
            }
            (because, _) => app.lang.because(because).to_owned(),
        },
        LaneError::Journal(error) => app.lang.raw_error(Safe::new(&error.to_string()).as_str()),
        LaneError::Look(error) => {
            format!("{}: {}", words.not_asked, app.lang.raw_error(&error.to_string()))
        }
        LaneError::NotThisPayment(why) => app.lang.not_this_payment(why.as_str()),
        LaneError::Busy => words.working.to_owned(),
        LaneError::Changed => words.changed.to_owned(),
        LaneError::Paused(pause) => super::notices::pause_words(app, pause),
    })
}
