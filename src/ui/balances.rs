//! The wallet: both pockets, the partners, what is under way and what moved today.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Lines, cut, pane, put, put_right, whole, width};
use super::theme::Theme;
use super::{chart, coverage, past};
use crate::app::{App, Focus, Sum};
use crate::domain::balance::BankBalance;
use crate::domain::freshness::{Age, Freshness};
use crate::domain::money::Centavos;
use crate::domain::rebalance::Pockets;

/// The balances in full.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().balances;
    let inner = pane(buffer, area, words.title, app.focus == Focus::Balances, theme);
    let mut lines = Lines::new(buffer, inner);
    let figure = figures(app, theme);
    match &app.balance.reading {
        None => lines.wrapped(words.none_yet, theme.label),
        Some(reading) => {
            let balance = &reading.balance;
            for (label, amount) in [
                (words.total, balance.total),
                (words.transactional, balance.transactional),
                (words.proprietary, balance.proprietary),
            ] {
                lines.pair((label, theme.text), (&amount.to_string(), figure));
            }
        }
    }
    for (text, style) in remarks(app, theme) {
        lines.wrapped(&text, style);
    }
    lines.blank();
    let totals = &app.feed.window.totals;
    lines.pair((words.in_flight, theme.text), (&sum(totals.in_flight), theme.text));
    lines.pair((words.in_doubt, theme.text), (&sum(totals.in_doubt), doubt(totals.in_doubt, theme)));
    lines.blank();
    lines.line(if app.is_past() { app.lang.past().that_day } else { words.today }, theme.label);
    lines.pair((words.received, theme.text), (&sum(totals.received), theme.text));
    lines.pair((words.paid, theme.text), (&sum(totals.paid), theme.text));
    unseen(app, theme, &mut lines);
    // Where the screen is too narrow for a pane of its own.
    if app.focus == Focus::Balances && app.is_past() {
        lines.blank();
        for line in past::alerts(app) {
            lines.wrapped(&line, theme.bad);
        }
        for line in past::remarks(app) {
            lines.wrapped(&line, theme.label);
        }
    }
    if let Some(reading) = &app.balance.reading
        && !reading.balance.banks.is_empty()
    {
        lines.blank();
        lines.line(words.partners, theme.label);
        for bank in &reading.balance.banks {
            partner(app, bank, figure, theme, &mut lines);
        }
    }
    history(app, theme, &mut lines);
}

/// How the transactional balance went, where there is room.
fn history(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().balances;
    for (label, values) in [(words.hour, &app.history.hour), (words.day, &app.history.day)] {
        let bars = chart::bars(values, lines.columns());
        if bars.is_empty() || lines.left() < 4 {
            continue;
        }
        let known = || values.iter().flatten().copied();
        lines.blank();
        lines.line(label, theme.label);
        lines.line(&bars, theme.accent);
        if let (Some(least), Some(most)) = (known().min(), known().max()) {
            lines.line(&format!("{least} – {most}"), theme.label);
        }
    }
}

/// What moved today and nobody told saldo, once it can no longer be money in transit.
fn unseen(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let Some(drawn) = &app.conservation else { return };
    let words = &app.words().balances;
    let style = |amount| if amount == Centavos::ZERO { theme.good } else { theme.warn };
    let Pockets { transactional, proprietary } = drawn.lasting;
    lines.pair((words.unseen, theme.text), (&transactional.to_string(), style(transactional)));
    if proprietary != Centavos::ZERO {
        let label = format!("  {}", words.proprietary_short);
        lines.pair((&label, theme.text), (&proprietary.to_string(), style(proprietary)));
    }
}

fn partner(app: &App, bank: &BankBalance, figure: Style, theme: &Theme, lines: &mut Lines<'_>) {
    let words = &app.words().balances;
    let name = bank.bank.as_ref().or(bank.ispb.as_ref()).map_or(words.unnamed, |name| name.as_str());
    lines.line(name, theme.strong);
    for (label, amount) in [(words.transactional, bank.transactional), (words.proprietary, bank.proprietary)]
    {
        let label = format!("  {label}");
        match amount {
            Some(amount) => lines.pair((&label, theme.text), (&amount.to_string(), figure)),
            None => lines.pair((&label, theme.text), (words.not_given, theme.label)),
        }
    }
}

/// The most wanted figures in a few lines, for small screens.
pub(super) fn summary(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().balances;
    let remarks = remarks_in_words(app);
    let title = [words.title.to_owned()].into_iter().chain(remarks).collect::<Vec<_>>().join(" · ");
    let inner = pane(buffer, area, &title, false, theme);
    let figure = figures(app, theme);
    let columns = thirds(inner);
    let balance = app.balance.reading.as_ref().map(|reading| &reading.balance);
    let pockets = [
        (words.total, balance.map(|balance| balance.total)),
        (words.transactional_short, balance.map(|balance| balance.transactional)),
        (words.proprietary_short, balance.map(|balance| balance.proprietary)),
    ];
    for (column, (label, amount)) in columns.into_iter().zip(pockets) {
        let amount = amount.map_or_else(|| "–".to_owned(), |amount| amount.to_string());
        entry(buffer, column, 0, (label, theme.text), (&amount, figure));
    }
    let totals = &app.feed.window.totals;
    let halves = halves(inner);
    entry(buffer, halves[0], 1, (words.in_flight, theme.text), (&sum(totals.in_flight), theme.text));
    let style = doubt(totals.in_doubt, theme);
    entry(buffer, halves[1], 1, (words.in_doubt, theme.text), (&sum(totals.in_doubt), style));
    let (received, paid) = match app.is_past() {
        true => (app.lang.past().received_short, app.lang.past().paid_short),
        false => (words.received_short, words.paid_short),
    };
    entry(buffer, halves[0], 2, (received, theme.text), (&sum(totals.received), theme.text));
    entry(buffer, halves[1], 2, (paid, theme.text), (&sum(totals.paid), theme.text));
    if inner.height > 3 {
        let row = Rect { y: inner.y + 3, height: 1, ..inner };
        coverage::line(app, theme, row, buffer);
    }
}

fn entry(buffer: &mut Buffer, column: Rect, row: u16, label: (&str, Style), figure: (&str, Style)) {
    if row >= column.height {
        return;
    }
    let y = column.y + row;
    let text = whole(figure.0, column.width);
    let room = column.width.saturating_sub(width(text) + 1);
    put(buffer, column.x, y, column.x + room, &cut(label.0, room), label.1);
    put_right(buffer, column.x, y, column.right(), text, figure.1);
}

fn thirds(area: Rect) -> [Rect; 3] {
    let width = area.width / 3;
    let column = |at: u16| Rect { x: area.x + at * width, width: width.saturating_sub(2), ..area };
    [column(0), column(1), Rect { width: area.width - 2 * width, ..column(2) }]
}

fn halves(area: Rect) -> [Rect; 2] {
    let width = area.width / 2;
    let left = Rect { width: width.saturating_sub(2), ..area };
    [left, Rect { x: area.x + width, width: area.width - width, ..area }]
}

/// How figures look: those that are too old to decide by lose their weight.
pub(super) fn figures(app: &App, theme: &Theme) -> Style {
    match app.balance.freshness(app.now) {
        Some(Freshness::Stale | Freshness::StandingStill) => theme.stale,
        Some(Freshness::Fresh | Freshness::Aging) | None => theme.strong,
    }
}

/// The age of the figures where it says something, and why they are not newer.
fn remarks(app: &App, theme: &Theme) -> Vec<(String, Style)> {
    let words = app.words();
    let mut remarks = Vec::new();
    if let Some(polled) = past::polled(app) {
        return vec![(polled, theme.label)];
    }
    if let (Some(reading), Some(freshness)) = (&app.balance.reading, app.balance.freshness(app.now)) {
        let age = |since| app.lang.ago(Age::of(app.now.duration_since(since)));
        match freshness {
            Freshness::Fresh => {}
            Freshness::Aging => remarks.push((age(reading.fetched_at), theme.warn)),
            Freshness::Stale => {
                remarks.push((format!("{} {}", words.header.stale, age(reading.fetched_at)), theme.bad));
            }
            Freshness::StandingStill => {
                let since = app.balance.still_for(app.now).map(|still| app.lang.ago(Age::of(still)));
                let text = format!(
                    "{}: {} {}",
                    words.header.stale,
                    words.balances.standing_still,
                    since.unwrap_or_default()
                );
                remarks.push((text, theme.bad));
            }
        }
    }
    if let Some((reason, failures)) = &app.balance.failure {
        let why = app.lang.raw_error(reason.as_str());
        remarks.push((format!("{}: {why}", app.lang.polls_failed(*failures)), theme.warn));
    }
    remarks
}

/// The same without a look.
pub(super) fn remarks_in_words(app: &App) -> Vec<String> {
    let mut words: Vec<String> = remarks(app, &Theme::default()).into_iter().map(|(text, _)| text).collect();
    let alerts = app.feed.window.alerts.len();
    if app.is_past() && alerts > 0 {
        words.push(app.lang.notices(alerts));
    }
    words
}

/// `3 · R$ 1.234,56`.
pub(super) fn sum(sum: Sum) -> String {
    if sum.count == 0 && sum.amount == Centavos::ZERO {
        return "0".to_owned();
    }
    format!("{} · {}", sum.count, sum.amount)
}

fn doubt(sum: Sum, theme: &Theme) -> Style {
    if sum.count > 0 { theme.bad } else { theme.text }
}
