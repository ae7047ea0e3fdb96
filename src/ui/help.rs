//! Every key of every place, from the keymap itself.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::form;
use super::text::{Lines, pane};
use super::theme::Theme;
use crate::app::App;

/// The pane.
pub(super) fn render(app: &App, scroll: usize, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = pane(buffer, area, app.words().places.help, true, theme);
    let mut lines = Lines::new(buffer, inner);
    let help = app.keys.help(app.place_behind(), app.lang, &|action| app.offers(action));
    let keys = help.iter().flat_map(|(_, entries)| entries).map(|entry| entry.keys.as_str());
    let columns = form::label_columns(keys, lines.columns());
    let mut skip = scroll;
    let mut wanted = || {
        let now = skip == 0;
        skip = skip.saturating_sub(1);
        now
    };
    for (place, entries) in &help {
        if wanted() {
            lines.line(place, theme.accent);
        }
        for entry in entries {
            if wanted() {
                form::fact(&mut lines, columns, (&entry.keys, theme.strong), (entry.words, theme.text));
            }
        }
        if wanted() {
            lines.blank();
        }
    }
}
