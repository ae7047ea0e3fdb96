//! The line at the top: where the money is, whether the sources work, what time it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{cut, put, put_right, width};
use super::theme::Theme;
use crate::app::{App, Environment};
use crate::domain::alert::Kind;
use crate::domain::freshness::{Age, Freshness};

/// Draws it. The environment's word comes first and is never left out; the rest goes from the right.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().header;
    let environment = environment(app);
    let end = area.right();
    let mut x = put(
        buffer,
        area.x,
        area.y,
        end,
        &format!(" {environment} "),
        theme.environment(app.facts.environment),
    );
    let clock = format!("{} {}", app.clock.minute(app.now), app.clock.label(app.now));
    let has_clock = x + 1 + width(&clock) < end;
    let limit = if has_clock { end - width(&clock) - 2 } else { end };
    if has_clock {
        put_right(buffer, x + 1, area.y, end - 1, &clock, theme.text);
    }
    if app.facts.access.is_read_only() {
        x = piece(buffer, area.y, x, limit, &[(app.lang.permission().read_only_title, theme.warn)]);
    }
    if app.facts.demo {
        let word = if area.width >= 120 { words.demo } else { words.demo_short };
        x = piece(buffer, area.y, x, limit, &[(word, theme.warn)]);
    }
    if app.is_private() {
        x = piece(buffer, area.y, x, limit, &[(app.lang.screen().masked_title, theme.warn)]);
    }
    if let Some(running) = app.batch_running.as_ref().filter(|running| running.is_at_work()) {
        let (done, all) = running.part();
        let text = format!("{} {done}/{all}", app.lang.batch().short);
        x = piece(buffer, area.y, x, limit, &[(&text, theme.accent)]);
    }
    // How the sources did then is kept nowhere.
    let sources = if app.is_past() { Vec::new() } else { sources(app, theme) };
    let (wrong, fine): (Vec<_>, Vec<_>) = sources.into_iter().partition(|(.., wrong)| *wrong);
    let profile = cut(app.facts.profile.as_str(), 20);
    let needed: u16 = wrong.iter().map(|(label, word, ..)| 4 + width(label) + width(word)).sum();
    // Where room is short, what is wrong comes even before the profile, and without its label if need be.
    let short = x + 2 + width(&profile) + needed > limit;
    if !short {
        x = piece(buffer, area.y, x, limit, &[(&profile, theme.strong)]);
    }
    let mut all_told = true;
    for (label, word, style, _) in &wrong {
        let before = x;
        x = piece(buffer, area.y, x, limit, &[(label, theme.label), (": ", theme.label), (word, *style)]);
        if x == before {
            x = piece(buffer, area.y, x, limit, &[(word, *style)]);
        }
        all_told &= x > before;
    }
    if short {
        x = piece(buffer, area.y, x, limit, &[(&profile, theme.strong)]);
    }
    // An "ok" beside a trouble that had no room would be a lie.
    for (label, word, style, _) in fine.iter().filter(|_| all_told) {
        x = piece(buffer, area.y, x, limit, &[(label, theme.label), (": ", theme.label), (word, *style)]);
    }
}

/// Where the money is.
pub(super) fn environment(app: &App) -> &'static str {
    let words = &app.words().header;
    match app.facts.environment {
        Environment::Production => words.production,
        Environment::Staging => words.staging,
        Environment::Sandbox => words.sandbox,
    }
}

/// Draws all of the pieces two columns further on, or none of them.
fn piece(buffer: &mut Buffer, y: u16, x: u16, limit: u16, pieces: &[(&str, Style)]) -> u16 {
    let columns: u16 = pieces.iter().map(|(text, _)| width(text)).sum();
    if x + 2 + columns > limit {
        return x;
    }
    pieces.iter().fold(x + 2, |x, (text, style)| put(buffer, x, y, limit, text, *style))
}

/// A source, its state and whether that is wrong.
type Source = (&'static str, String, Style, bool);

/// The state of each source.
fn sources(app: &App, theme: &Theme) -> Vec<Source> {
    let words = &app.words().header;
    let (payments, payments_style) =
        if app.paused.is_some() { (words.paused, theme.bad) } else { (words.ok, theme.good) };
    vec![
        (words.payments, payments.to_owned(), payments_style, app.paused.is_some()),
        balance(app, theme),
        webhooks(app, theme),
    ]
}

fn balance(app: &App, theme: &Theme) -> (&'static str, String, Style, bool) {
    let words = &app.words().header;
    let age = |reading: &crate::domain::balance::Reading| {
        app.lang.ago(Age::of(app.now.duration_since(reading.fetched_at)))
    };
    let (word, style, wrong) = match (app.balance.freshness(app.now), &app.balance.reading) {
        (None, _) | (_, None) if app.balance.failure.is_some() => (words.failed.to_owned(), theme.bad, true),
        (None, _) | (_, None) => (words.waiting.to_owned(), theme.label, false),
        (Some(Freshness::Fresh), _) if app.balance.failure.is_none() => {
            (words.ok.to_owned(), theme.good, false)
        }
        (Some(Freshness::Fresh), _) => (words.failed.to_owned(), theme.warn, true),
        // That the last question failed is the cause of the age: it is not lost behind it.
        (Some(Freshness::Aging | Freshness::Stale), Some(reading)) if app.balance.failure.is_some() => {
            (format!("{}, {}", words.failed, age(reading)), theme.bad, true)
        }
        (Some(Freshness::Aging), Some(reading)) => (age(reading), theme.warn, true),
        (Some(Freshness::StandingStill), _) => (words.stale.to_owned(), theme.bad, true),
        (Some(Freshness::Stale), Some(reading)) => {
            (format!("{} {}", words.stale, age(reading)), theme.bad, true)
        }
    };
    (words.balance, word, style, wrong)
}

fn webhooks(app: &App, theme: &Theme) -> (&'static str, String, Style, bool) {
    let words = &app.words().header;
    let health = &app.webhooks;
    // Until a person has seen it.
    let is_forged = app.waiting_alerts().iter().any(|alert| alert.what.kind() == Kind::WebhookSignatures);
    let (word, style, wrong) = match (&health.trouble, health.listening) {
        (Some(_), _) => (words.failed, theme.bad, true),
        (None, None) => (words.off, theme.label, false),
        (None, Some(_)) if is_forged => (words.forged, theme.bad, true),
        (None, Some(_)) if health.taken == 0 => (words.listening, theme.text, false),
        (None, Some(_)) => (words.ok, theme.good, false),
    };
    (words.webhooks, word.to_owned(), style, wrong)
}
