//! What a person says of a payment: the facts to look it up by and the form, its review, and what became of it.

mod editing;
mod outcome;
mod review;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::cash_out::stand_style;
use super::form;
use super::text::{Lines, pane, wrap};
use super::theme::Theme;
use crate::app::resolve::{Blocked, Choice, Of, Resolve, Stage};
use crate::app::{App, Finding, Line, LineKind};
pub(super) use outcome::not_recorded;

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
    let known = open.detail.here().and_then(|life| Some((life, Of::life(life)?)));
    let Some((life, of)) = known else {
        lines.wrapped(words.detail.gone, theme.warn);
        return None;
    };
    match &open.stage {
        Stage::Editing => return editing::render(app, life, of, theme, &mut lines),
        Stage::Review(review) => review::render(app, review, life, of, theme, &mut lines),
        Stage::Sent(sent) => outcome::render(app, sent, life, theme, &mut lines),
    }
    None
}

/// A fact of the payment; where it stands has its own style.
fn fact(lines: &mut Lines<'_>, columns: u16, fact: &Line, style: Style, theme: &Theme) {
    let style = match fact.kind {
        LineKind::Stand(stand) => stand_style(stand, theme),
        _ => style,
    };
    form::fact(lines, columns, (&fact.label, theme.label), (&fact.text, style));
}

/// The rows that texts need.
fn rows<'a>(texts: impl Iterator<Item = &'a str>, columns: u16) -> u16 {
    u16::try_from(texts.map(|text| wrap(text, columns).len()).sum::<usize>()).unwrap_or(u16::MAX)
}

fn choice_words(app: &App, choice: Choice) -> &'static str {
    let words = &app.words().resolve;
    match choice {
        Choice::Found => words.found,
        Choice::NotPaid => words.not_paid,
        Choice::CallOff => words.call_off,
        Choice::WasPaid => app.lang.looked_paid(),
        Choice::WasNotPaid => app.lang.looked_not_paid(),
        Choice::WasOtherwise => app.lang.looked_otherwise(),
    }
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
        Finding::LookedInto { found, reason, .. } => {
            said.push((words.choice, app.lang.looked(*found)));
            said.push((words.statement, reason.clone()));
        }
    }
    said
}
