//! The gaps of the wallet: each with its window, amount and account, what may explain it, or what a person found.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::text::{Lines, pane, wrap};
use super::theme::Theme;
use crate::app::App;
use crate::app::gaps::Gaps;
use crate::domain::gap::GapFile;
use crate::domain::text::Safe;

/// The pane.
pub(super) fn render(app: &App, gaps: &Gaps, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().gaps;
    let inner = pane(buffer, area, words.title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    let files = match &gaps.files {
        None => return lines.wrapped(words.looking, theme.label),
        Some(Err(reason)) => return lines.wrapped(Safe::new(reason).as_str(), theme.bad),
        Some(Ok(files)) if files.is_empty() => return lines.wrapped(words.none, theme.label),
        Some(Ok(files)) => files,
    };
    // The selected one is always in sight: the list begins with it when it would not fit.
    let (selected, columns) = (gaps.selected_index(), lines.columns());
    let height =
        |file: &GapFile| paragraph(app, file).iter().map(|line| wrap(line, columns).len()).sum::<usize>() + 1;
    let above: usize = files.iter().take(selected + 1).map(height).sum();
    let first = if above <= usize::from(lines.left()) { 0 } else { selected };
    for (at, file) in files.iter().enumerate().skip(first) {
        let style = if file.explained.is_some() { theme.text } else { theme.warn };
        let head = if at == selected { style.patch(theme.selected) } else { style };
        for (number, line) in paragraph(app, file).iter().enumerate() {
            lines.wrapped(line, if number == 0 { head } else { theme.label });
        }
        lines.blank();
    }
}

fn paragraph(app: &App, file: &GapFile) -> Vec<String> {
    let time = |at| app.clock.near(at, app.now);
    let mut text = vec![app.lang.gap(&file.gap, &time)];
    match &file.explained {
        Some(seen) => text.push(format!("  {}", app.lang.seen_by(seen, &time))),
        None if file.suspects.is_empty() => text.push(format!("  ? {}", app.words().gaps.no_suspects)),
        None => {
            let suspects = file.suspects.iter().map(|suspect| app.lang.suspect(suspect, &time));
            text.extend(suspects.map(|suspect| format!("  ? {suspect}")));
        }
    }
    text
}
