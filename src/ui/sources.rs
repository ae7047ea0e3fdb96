//! Where the figures come from, and how those ways are doing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Lines, pane};
use super::theme::Theme;
use crate::app::App;
use crate::domain::text::Safe;

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
}
