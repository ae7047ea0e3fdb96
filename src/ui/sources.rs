//! Where the figures come from, and how those ways are doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Lines, cut_middle, pane, width};
use super::theme::Theme;
use crate::app::App;
use crate::domain::text::Safe;
use crate::engine::message::ForwardHealth;

/// Lines that are always there, with room for the last webhook.
const ALWAYS: u16 = 6;

/// How many lines there are to show.
pub(super) fn rows(app: &App) -> u16 {
    let more = delivery_figures(app).len() + app.webhooks.forwards.len();
    u16::try_from(more).map_or(u16::MAX, |more| more.saturating_add(ALWAYS))
}

/// The pane.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().sources;
    let inner = pane(buffer, area, words.title, false, theme);
    let mut lines = Lines::new(buffer, inner);
    let health = &app.webhooks;
    if let Some(trouble) = &health.trouble {
        lines.wrapped(&format!("webhooks: {}", app.lang.raw_error(Safe::new(trouble).as_str())), theme.bad);
    }
    let listening = health.listening.map_or_else(|| app.words().header.off.to_owned(), |at| at.to_string());
    lines.pair(("webhooks", theme.text), (&listening, theme.text));
    for (label, count, style) in [
        (words.taken, health.taken, theme.text),
        (words.forged, health.forged, if health.forged > 0 { theme.bad } else { theme.text }),
        (words.illegible, health.illegible, if health.illegible > 0 { theme.warn } else { theme.text }),
    ] {
        lines.pair((label, theme.label), (&count.to_string(), style));
    }
    if let Some(at) = health.last_at {
        lines.pair((words.last, theme.label), (&app.clock.near(at, app.now), theme.text));
    }
    let asked = app.balance.reading.as_ref().map(|reading| app.clock.minute(reading.fetched_at));
    if let Some(asked) = asked {
        lines.pair((words.polls, theme.label), (&asked, theme.text));
    }
    for forward in &health.forwards {
        let (figure, style) = waiting(app, forward, theme);
        let room = lines.columns().saturating_sub(width(&figure) + 1);
        let address = forward.address.split_once("://").map_or(&*forward.address, |(_, rest)| rest);
        lines.pair(
            (&format!("→ {}", cut_middle(address, room.saturating_sub(2))), theme.label),
            (&figure, style),
        );
    }
    for (label, figure) in delivery_figures(app) {
        lines.pair((label, theme.label), (&figure, theme.text));
    }
}

/// How many wait for an address, and since when.
fn waiting(app: &App, forward: &ForwardHealth, theme: &Theme) -> (String, Style) {
    let figure = match (forward.waiting, forward.oldest) {
        (None, _) => "…".to_owned(),
        (Some(0), _) => app.words().sources.nothing_waits.to_owned(),
        (Some(waiting), None) => waiting.to_string(),
        (Some(waiting), Some(oldest)) => format!("{waiting} · {}", app.clock.near(oldest, app.now)),
    };
    (figure, if forward.trouble.is_some() { theme.warn } else { theme.text })
}

/// What deliveries showed of the way that they came, where there is something to say.
fn delivery_figures(app: &App) -> Vec<(&'static str, String)> {
    let words = &app.words().sources;
    let figures = &app.webhooks.figures;
    let lag = figures.lags.quantile(95).map(|end| (words.lag, end.map_or("> 12 h".to_owned(), short)));
    let counts = [
        (words.repeats, figures.repeats),
        (words.out_of_order, figures.out_of_order),
        (words.asked_first, figures.asked_first),
        (app.lang.implausible(), figures.implausible),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    lag.into_iter().chain(counts.map(|(label, count)| (label, count.to_string()))).collect()
}

/// `5 s`, `30 min`, `2 h`: the ends of the classes have no remainder.
fn short(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}
