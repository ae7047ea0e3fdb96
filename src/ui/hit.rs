//! What lies under the mouse.

use ratatui::layout::{Position, Rect};

use super::layout::Body;
use super::{feed, palette, paste};
use crate::app::{App, Focus, Mode, Spot};

/// What a click there selects, on a screen of this size.
pub fn hit(app: &App, area: Rect, at: Position) -> Option<Spot> {
    if area.is_empty() || !area.contains(at) {
        return None;
    }
    let then = app.as_it_was();
    let app = then.as_ref().unwrap_or(app);
    let body = super::arrange(app, area).body;
    if let Mode::Palette(open) = &app.mode {
        return palette::line_at(open, body.main(), at).map(Spot::Choice);
    }
    if let Mode::Paste(open) = &app.mode {
        return paste::line_at(app, open, body.main(), at).map(Spot::Choice);
    }
    if !matches!(app.mode, Mode::Home) {
        return None;
    }
    let panes: Vec<(Rect, Focus)> = match body {
        Body::Wide { balances, feed, coverage, .. } => {
            vec![(balances, Focus::Balances), (feed, Focus::Feed), (coverage, Focus::Coverage)]
        }
        Body::Stacked { main, .. } | Body::Tall { main, .. } | Body::Tiny { main }
            if app.focus != Focus::Feed =>
        {
            vec![(main, app.focus)]
        }
        Body::Stacked { summary, feed, .. } => vec![(summary, Focus::Balances), (feed, Focus::Feed)],
        Body::Tall { balances, coverage, feed, .. } => {
            vec![(balances, Focus::Balances), (coverage, Focus::Coverage), (feed, Focus::Feed)]
        }
        Body::Tiny { main } => vec![(main, Focus::Feed)],
    };
    let (pane, focus) = panes.into_iter().find(|(pane, _)| pane.contains(at))?;
    let row = (focus == Focus::Feed).then(|| feed::row_at(app, pane, at)).flatten();
    Some(row.map_or(Spot::Pane(focus), Spot::Row))
}
