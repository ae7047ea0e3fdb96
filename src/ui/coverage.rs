//! The band as a gauge, and how long the transactional balance still pays.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Lines, cut, pane, put};
use super::theme::Theme;
use crate::app::{App, Focus};
use crate::domain::band::{Band, Standing};
use crate::domain::freshness::Freshness;
use crate::domain::money::Centavos;

/// The pane.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().coverage;
    let inner = pane(buffer, area, words.title, app.focus == Focus::Coverage, theme);
    let mut lines = Lines::new(buffer, inner);
    let Some(band) = &app.facts.band else {
        lines.wrapped(words.no_band, theme.label);
        if let Some(minutes) = minutes_left(app) {
            lines.blank();
            lines.wrapped(&app.lang.minutes_left(minutes), theme.text);
        }
        return;
    };
    let Some(balance) = app.balance.transactional() else {
        lines.wrapped(words.unknown, theme.label);
        return;
    };
    let (word, style) = standing(app, theme, band, balance);
    if let Some((buffer, row)) = lines.row() {
        gauge(band, balance, style, theme, row, buffer);
    }
    for (label, amount) in
        [(words.floor, band.floor()), (words.target, band.target()), (words.ceiling, band.ceiling())]
    {
        let label = format!("{} {label}", mark(label, words.floor, words.target));
        lines.pair((&label, theme.label), (&amount.to_string(), theme.text));
    }
    lines.wrapped(word, style);
    if let Some(minutes) = minutes_left(app) {
        lines.wrapped(&app.lang.minutes_left(minutes), theme.text);
    }
}

/// One line for small screens: the gauge, the word, and how long it pays where there is room.
pub(super) fn line(app: &App, theme: &Theme, row: Rect, buffer: &mut Buffer) {
    let (Some(band), Some(balance)) = (&app.facts.band, app.balance.transactional()) else { return };
    let (word, style) = standing(app, theme, band, balance);
    let columns = (row.width / 5).min(24);
    gauge(band, balance, style, theme, Rect { width: columns, ..row }, buffer);
    let x = put(buffer, row.x + columns + 1, row.y, row.right(), word, style);
    if let Some(minutes) = minutes_left(app) {
        let left = row.right().saturating_sub(x + 2);
        let text = cut(&app.lang.minutes_left_short(minutes), left);
        put(buffer, x + 2, row.y, row.right(), &text, theme.text);
    }
}

fn standing<'a>(app: &'a App, theme: &Theme, band: &Band, balance: Centavos) -> (&'a str, Style) {
    let words = &app.words().coverage;
    let (word, style) = match band.standing(balance) {
        Standing::BelowFloor => (words.below, theme.bad),
        Standing::Within => (words.within, theme.good),
        Standing::AboveCeiling => (words.above, theme.warn),
    };
    let too_old = matches!(app.balance.freshness(app.now), Some(Freshness::Stale | Freshness::StandingStill));
    (word, if too_old { theme.stale } else { style })
}

/// How long the balance pays; `None` where it is too early to say.
fn minutes_left(app: &App) -> Option<u64> {
    app.outflow.minutes_left(app.balance.transactional()?, app.now)
}

/// The marks of the gauge, also beside the amounts they stand for.
const FLOOR: &str = "├";
const TARGET: &str = "┼";
const CEILING: &str = "┤";

fn mark(label: &str, floor: &str, target: &str) -> &'static str {
    if label == floor {
        FLOOR
    } else if label == target {
        TARGET
    } else {
        CEILING
    }
}

/// Full cells up to the balance, the marks over them.
fn gauge(band: &Band, balance: Centavos, style: Style, theme: &Theme, row: Rect, buffer: &mut Buffer) {
    let filled = band.place(balance, row.width);
    for cell in 0..row.width {
        let (text, style) = if cell < filled { ("█", style) } else { ("─", theme.border) };
        put(buffer, row.x + cell, row.y, row.right(), text, style);
    }
    for (symbol, edge) in [(FLOOR, band.floor()), (TARGET, band.target()), (CEILING, band.ceiling())] {
        let cell = band.place(edge, row.width).min(row.width.saturating_sub(1));
        put(buffer, row.x + cell, row.y, row.right(), symbol, theme.text);
    }
}
