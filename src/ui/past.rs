//! The desk as it was: the line that says so on every frame, and what is known of then.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::text::{Lines, cut, pane, put, width};
use super::theme::Theme;
use crate::app::App;

/// One line, in a word and turned around: nobody takes this screen for now.
pub(super) fn banner(app: &App, theme: &Theme, row: Rect, buffer: &mut Buffer) {
    let Some(past) = &app.past else { return };
    let words = app.lang.past();
    let style = theme.warn.add_modifier(Modifier::REVERSED | Modifier::BOLD);
    let mut text = format!(" {} {}", words.banner, app.clock.full(past.at()));
    if past.loading {
        text.push_str(&format!(" · {}", words.reading));
    }
    let said = |words: &str| format!("{text} — {words} ");
    let long = said(words.nothing_paid);
    let text = if width(&long) <= row.width { long } else { said(words.nothing_paid_short) };
    put(buffer, row.x, row.y, row.right(), &" ".repeat(usize::from(row.width)), style);
    put(buffer, row.x, row.y, row.right(), &cut(&text, row.width), style);
}

/// When the balance that is shown was read, and when the next one that is kept.
pub(super) fn polled(app: &App) -> Option<String> {
    let past = app.past.as_ref()?;
    let words = app.lang.past();
    let seen = past.seen.as_ref()?;
    let Some(reading) = &seen.balance else { return Some(words.no_balance.to_owned()) };
    let time = |at| app.clock.near(at, app.now);
    let mut text = format!("{} {}", words.polled, time(reading.fetched_at));
    if let Some(next) = seen.next_balance.filter(|_| !app.past_balance_is_near()) {
        text.push_str(&format!(" · {} {}", words.next_kept, time(next)));
    }
    Some(text)
}

/// What is known of then, and what is not: figures that are today's never stand for then's.
pub(super) fn remarks(app: &App) -> Vec<String> {
    let Some(past) = &app.past else { return Vec::new() };
    let words = app.lang.past();
    if let Some(why) = &past.trouble {
        return vec![app.lang.raw_error(crate::domain::text::Safe::new(why).as_str())];
    }
    let Some(seen) = &past.seen else { return vec![words.reading.to_owned()] };
    let mut lines = vec![words.by_gateway.to_owned()];
    if seen.moved.late > 0 {
        lines.push(app.lang.came_late(seen.moved.late));
    }
    if seen.open.at_least {
        lines.push(words.at_least.to_owned());
    }
    lines.extend(app.lang.states_known(seen.by_webhooks.len(), seen.unrecorded.len()));
    if app.facts.band.is_some() {
        lines.push(words.today_is_used.to_owned());
    }
    if !app.past_balance_is_near() {
        lines.push(words.thinned.to_owned());
    }
    lines.push(words.kept_nowhere.to_owned());
    lines
}

/// The alerts that stood, where no pane has them in sight.
pub(super) fn alerts(app: &App) -> Vec<String> {
    let alerts = app.feed.window.alerts.iter();
    alerts
        .map(|alert| format!("{} {}", app.clock.near(alert.began_at, app.now), app.lang.alert(&alert.what)))
        .collect()
}

/// The pane that stands in the place of the sources.
pub(super) fn known(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = pane(buffer, area, app.lang.past().known, false, theme);
    let mut lines = Lines::new(buffer, inner);
    for line in remarks(app) {
        lines.wrapped(&line, theme.label);
    }
}

/// Lines that the pane takes at most: each of them is wrapped once.
pub(super) const ROWS: u16 = 17;
