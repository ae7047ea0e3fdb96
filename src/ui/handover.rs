//! A shift that is handed over, or waits to be taken.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::detail;
use super::text::{Lines, pane};
use super::theme::Theme;
use crate::app::App;
use crate::app::handover::Page;

/// The pane.
pub(super) fn render(app: &App, page: &Page, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = pane(buffer, area, app.lang.shift().title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    detail::draw(&app.handover_lines(page), page.scroll, theme, &mut lines);
}
