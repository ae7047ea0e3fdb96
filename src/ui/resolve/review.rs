//! What is about to be said, of which payment, and what that does.

use super::super::form;
use super::super::text::{Lines, cut, wrap};
use super::super::theme::Theme;
use super::{blocked_words, finding, rows};
use crate::app::cash_out::ReviewHint;
use crate::app::resolve::{Choice, Of, Review, blocked};
use crate::app::{App, Life};

pub(super) fn render(
    app: &App,
    review: &Review,
    life: &Life,
    of: Of<'_>,
    theme: &Theme,
    lines: &mut Lines<'_>,
) {
    let words = &app.words().resolve;
    if !app.can_review_money() {
        form::environment(app, theme, lines);
        form::confirm_line(app, theme, lines);
        return;
    }
    let (effect, style) = match review.choice {
        Choice::Found => (words.found_note, theme.text),
        Choice::WasPaid | Choice::WasNotPaid | Choice::WasOtherwise => (app.lang.looked_note(), theme.warn),
        Choice::NotPaid if of.pay().is_some_and(|pay| pay.people_missing() > 1) => {
            (words.first_of_two, theme.warn)
        }
        Choice::NotPaid => (words.last_of_two, theme.bad),
        Choice::CallOff => (words.call_off_note, theme.warn),
    };
    let hint = match blocked(of, review.choice, &app.facts.operator, app.now) {
        Some(why) => Some(blocked_words(app, why)),
        None => (review.hint == Some(ReviewHint::Expired)).then(|| words.expired.to_owned()),
    };
    let facts = app.payment_facts(life);
    let mut said = finding(app, &review.finding);
    if let Some(pay) = of.pay().filter(|_| review.choice == Choice::NotPaid) {
        said.insert(1, ("", app.lang.declared_so_far(pay.people_missing(), &app.declared_by(life, pay))));
    }
    let labels = facts.iter().map(|fact| fact.label.as_str()).chain(said.iter().map(|(label, _)| *label));
    let columns = form::label_columns(labels, lines.columns());
    let room = lines.columns().saturating_sub(columns).max(1);
    let last = 1 + rows(hint.iter().map(String::as_str), lines.columns());
    let needed = rows([effect].into_iter(), lines.columns())
        .saturating_add(rows(facts.iter().map(|fact| fact.text.as_str()), room))
        .saturating_add(rows(said.iter().map(|(_, text)| text.as_str()), room))
        .saturating_add(last);
    // Where there is room to spare, the environment is repeated and the parts stand apart.
    let spare = lines.left().saturating_sub(needed);
    if spare >= 4 {
        form::environment(app, theme, lines);
    }
    let gap = |lines: &mut Lines<'_>| {
        if spare >= 3 {
            lines.blank();
        }
    };
    lines.wrapped(effect, style);
    gap(lines);
    for fact in &facts {
        super::fact(lines, columns, fact, theme.strong, theme);
    }
    gap(lines);
    for (label, text) in &said {
        let wrapped = wrap(text, room);
        // The text that was typed a moment ago gives way to the question, should both not fit.
        let shown = wrapped.len().min(usize::from(lines.left().saturating_sub(last)));
        for (at, text) in wrapped.iter().take(shown).enumerate() {
            let is_cut = at + 1 == shown && shown < wrapped.len();
            let text = if is_cut { cut(&format!("{text} …"), room) } else { text.clone() };
            form::fact(
                lines,
                columns,
                (if at == 0 { label } else { "" }, theme.label),
                (&text, theme.strong),
            );
        }
    }
    gap(lines);
    if let Some(hint) = hint {
        lines.wrapped(&hint, theme.bad);
    }
    form::confirm_line(app, theme, lines);
}
