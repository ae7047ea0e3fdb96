//! The band as a gauge, and how long the transactional balance still pays.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Lines, cut, pane, put};
use super::theme::Theme;
use crate::app::keymap::{Action, Place};
use crate::app::{App, Focus};
use crate::domain::band::{Band, Standing};
use crate::domain::freshness::{Age, Freshness};
use crate::domain::money::Centavos;
use crate::domain::pace::{PRIZES_DUE, Span};
use crate::domain::rebalance::{ForecastError, Pockets, forecast};

/// The pane.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().coverage;
    let inner = pane(buffer, area, words.title, app.focus == Focus::Coverage, theme);
    let mut lines = Lines::new(buffer, inner);
    let Some(band) = &app.facts.band else {
        lines.wrapped(words.no_band, theme.label);
        exposure(app, theme, &mut lines);
        pace(app, theme, &mut lines);
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
    exposure(app, theme, &mut lines);
    pace(app, theme, &mut lines);
}

/// What the platform's users hold against the transactional balance, and what would make up for a difference.
fn exposure(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().coverage;
    let exposure = &app.exposure;
    if let Some(amount) = exposure.amount {
        let style = if exposure.failure.is_some() { theme.stale } else { theme.text };
        lines.pair((words.exposure, theme.label), (&amount.to_string(), style));
        if let Some(balance) = app.balance.transactional() {
            let (word, more, less, style) = if balance < amount {
                (words.shortfall, amount, balance, theme.bad)
            } else {
                (words.cover, balance, amount, theme.text)
            };
            if let Some(difference) = more.checked_sub(less) {
                lines.pair((word, style), (&difference.to_string(), style));
            }
        }
    }
    if let Some(reason) = &exposure.failure {
        let age = exposure.at.map(|at| app.lang.ago(Age::of(app.now.duration_since(at))));
        let age = age.map(|age| format!(" · {age}")).unwrap_or_default();
        lines.wrapped(&format!("{} {reason}{age}", words.exposure_unknown), theme.warn);
    }
    if let Some((text, style)) = suggestion(app, theme) {
        lines.wrapped(&text, style);
    }
}

/// How long the balance pays, how fast it moves, and which partner is dry first.
fn pace(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().coverage;
    if let Some((minutes, untold)) = minutes_left(app) {
        lines.wrapped(&app.lang.minutes_left(minutes, untold), urgency(minutes, theme));
    }
    let Some(pace) = &app.pace else { return };
    pending(app, theme, lines);
    dry_after(app, app.pending(), theme, lines);
    for (heading, amount) in
        [(words.outflow, Span::outflow as fn(&Span) -> Centavos), (words.inflow, Span::inflow)]
    {
        for span in &pace.spans {
            let label = format!("{heading} {}", app.lang.span_label(span.minutes));
            lines.pair((&label, theme.label), (&amount(span).to_string(), theme.text));
        }
    }
}

/// What remains once every pending cash-out of saldo's has left, where there is one.
fn pending(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let Some(what_if) = app.what_if(Centavos::ZERO).filter(|what_if| what_if.pending > Centavos::ZERO) else {
        return;
    };
    let left = what_if.after_all();
    let minutes = app.pace.as_ref().and_then(|pace| pace.minutes_left(left));
    let is_low = app.facts.band.is_some_and(|band| band.standing(left) == Standing::BelowFloor);
    let style = if is_low { theme.warn } else { theme.text };
    lines.wrapped(&app.lang.after_pending_minutes(what_if.pending, left, minutes), style);
}

/// Which partner is dry first, once `leaving` has left too.
pub(super) fn dry_after(app: &App, leaving: Centavos, theme: &Theme, lines: &mut Lines<'_>) {
    let Some(pace) = &app.pace else { return };
    let dry =
        app.balance.reading.as_ref().and_then(|reading| pace.first_dry_after(&reading.balance, leaving));
    if let Some((bank, minutes)) = dry.filter(|(_, minutes)| *minutes <= WORTH_TELLING) {
        let name = bank.bank.as_ref().or(bank.ispb.as_ref());
        let name = name.map_or(app.words().balances.unnamed, |name| name.as_str());
        lines.wrapped(&app.lang.dry_first(name, minutes), urgency(minutes, theme));
    }
}

/// A partner that lasts longer is no news: what was seen in ten minutes says nothing of the evening.
const WORTH_TELLING: u64 = 6 * 60;

fn urgency(minutes: u64, theme: &Theme) -> Style {
    if minutes < PRIZES_DUE { theme.warn } else { theme.text }
}

/// What would bring the balance back to what is wanted. It is never sent by itself.
fn suggestion(app: &App, theme: &Theme) -> Option<(String, Style)> {
    let now = Pockets::from(&app.balance.reading.as_ref()?.balance);
    let is_outside = app.facts.band.is_some_and(|band| band.standing(now.transactional) != Standing::Within);
    let is_short = app.exposure.amount.is_some_and(|exposure| now.transactional < exposure);
    if !is_outside && !is_short {
        return None;
    }
    match forecast(now, app.wanted()?) {
        Ok(forecast) => {
            let key = app.keys.key_of(Place::Home, Action::Rebalance, app.lang);
            Some((app.lang.suggestion(&forecast, &key), theme.strong))
        }
        Err(ForecastError::NotEnough { needed, available }) => {
            Some((app.lang.cannot_top_up(needed, available), theme.bad))
        }
        Err(ForecastError::NothingToMove(_) | ForecastError::Impossible) => None,
    }
}

/// One line for small screens: the gauge, the word, and how long it pays where there is room.
pub(super) fn line(app: &App, theme: &Theme, row: Rect, buffer: &mut Buffer) {
    let (Some(band), Some(balance)) = (&app.facts.band, app.balance.transactional()) else { return };
    let (word, style) = standing(app, theme, band, balance);
    let columns = (row.width / 5).min(24);
    gauge(band, balance, style, theme, Rect { width: columns, ..row }, buffer);
    let x = put(buffer, row.x + columns + 1, row.y, row.right(), word, style);
    if let Some((minutes, untold)) = minutes_left(app) {
        let left = row.right().saturating_sub(x + 2);
        let text = cut(&app.lang.minutes_left_short(minutes, untold), left);
        put(buffer, x + 2, row.y, row.right(), &text, urgency(minutes, theme));
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

/// How the balance stands, and how long it pays.
pub(super) fn in_words(app: &App) -> Vec<String> {
    let standing = app.facts.band.zip(app.balance.transactional());
    let standing = standing
        .map(|(band, balance)| self::standing(app, &Theme::default(), &band, balance))
        .map(|(word, _)| word.to_owned());
    let left = minutes_left(app).map(|(minutes, untold)| app.lang.minutes_left(minutes, untold));
    standing.into_iter().chain(left).collect()
}

/// How long the balance pays, and whether it fell by more than was told; `None` where it is too early to say.
fn minutes_left(app: &App) -> Option<(u64, bool)> {
    let pace = app.pace.as_ref()?;
    Some((pace.minutes_left(app.balance.transactional()?)?, pace.middle().fell_untold()))
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
