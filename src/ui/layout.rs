//! Where everything stands: a pure function of the screen's size.
//!
//! ```text
//! wide                                   stacked            tiny
//! ┌──────────── header ───────────────┐  ┌─ header ─────┐   ┌ header ┐
//! │ balances │ transactions │ coverage│  │ summary      │   │ one    │
//! │ sources  │              │ notices │  │ transactions │   │ pane   │
//! └──────────── footer ───────────────┘  └─ footer ─────┘   └ hint   ┘
//! ```

use ratatui::layout::Rect;

/// From so many columns and rows on there are three columns.
const WIDE: (u16, u16) = (120, 24);
/// Below so many columns or rows there is one pane.
const TINY: (u16, u16) = (60, 16);
/// From so many rows on a stacked screen shows the balances in full.
const TALL: u16 = 34;

/// The screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// One row, if there is room.
    pub(super) header: Option<Rect>,
    /// One row, if there is something to tell and room; always where another time is shown.
    pub(super) notice: Option<Rect>,
    /// Everything between.
    pub(super) body: Body,
    /// One row, if there is room.
    pub(super) footer: Option<Rect>,
}

/// What is between header and footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    /// Three columns. `main` is where forms open: the balances stay in sight.
    Wide { balances: Rect, sources: Rect, feed: Rect, coverage: Rect, notices: Rect, main: Rect },
    /// The summary over the feed.
    Stacked { summary: Rect, feed: Rect, main: Rect },
    /// The balances in full beside the coverage, over the feed.
    Tall { balances: Rect, coverage: Rect, feed: Rect, main: Rect },
    /// One pane.
    Tiny { main: Rect },
}

impl Body {
    /// Where a form, a life or the help opens.
    pub(super) const fn main(&self) -> Rect {
        match self {
            Self::Wide { main, .. }
            | Self::Stacked { main, .. }
            | Self::Tall { main, .. }
            | Self::Tiny { main } => *main,
        }
    }
}

/// What the screen has to show, as far as it decides where things stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Content {
    /// The screen shows another time, and says so on every frame.
    pub(super) has_banner: bool,
    /// Something is to be told.
    pub(super) has_notice: bool,
    /// A form, a life or the help is open over the panes.
    pub(super) is_covered: bool,
    /// The summary has a line of coverage.
    pub(super) has_band: bool,
    /// Lines of the sources.
    pub(super) sources: u16,
}

/// Divides `area`. What is to be told has a pane on a wide screen, and a line wherever that pane is not in sight.
pub(super) fn layout(area: Rect, content: Content) -> Layout {
    let mut rest = area;
    let header = (area.height >= 3).then(|| take_top(&mut rest, 1));
    let footer = (area.height >= 4).then(|| take_bottom(&mut rest, 1));
    let is_wide = area.width >= WIDE.0 && area.height >= WIDE.1;
    let needs_line = content.has_notice && (!is_wide || content.is_covered) && area.height >= 6;
    let notice = (needs_line || content.has_banner).then(|| take_top(&mut rest, 1));
    let body = if area.width < TINY.0 || area.height < TINY.1 {
        Body::Tiny { main: rest }
    } else if is_wide {
        wide(rest, content.sources)
    } else if area.height >= TALL {
        let main = rest;
        let top = take_top(&mut rest, (area.height - 20).clamp(15, 24));
        let (balances, coverage) = split_left(top, top.width / 2);
        Body::Tall { balances, coverage, feed: rest, main }
    } else {
        let main = rest;
        let summary = take_top(&mut rest, if content.has_band { 6 } else { 5 });
        Body::Stacked { summary, feed: rest, main }
    };
    Layout { header, notice, body, footer }
}

fn wide(body: Rect, sources: u16) -> Body {
    let side = if body.width >= 180 { 40 } else { 36 };
    let (mut left, main) = split_left(body, side);
    let (feed, mut right) = split_left(main, main.width - side);
    // The partners go before the sources where there is no room for both.
    let rows = (sources + 2).min(body.height.saturating_sub(28));
    let sources = take_bottom(&mut left, if body.height >= 36 { rows } else { 0 });
    let coverage = take_top(&mut right, (body.height / 2).clamp(11, 20));
    Body::Wide { balances: left, sources, feed, coverage, notices: right, main }
}

fn take_top(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let top = Rect { height: rows, ..*rest };
    *rest = Rect { y: rest.y + rows, height: rest.height - rows, ..*rest };
    top
}

fn take_bottom(rest: &mut Rect, rows: u16) -> Rect {
    let rows = rows.min(rest.height);
    let bottom = Rect { y: rest.y + rest.height - rows, height: rows, ..*rest };
    rest.height -= rows;
    bottom
}

fn split_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(width: u16, height: u16) -> Layout {
        let content =
            Content { has_banner: false, has_notice: true, is_covered: true, has_band: true, sources: 6 };
        layout(Rect::new(0, 0, width, height), content)
    }

    fn rects(layout: &Layout) -> Vec<Rect> {
        let mut rects: Vec<Rect> =
            [layout.header, layout.notice, layout.footer].into_iter().flatten().collect();
        match layout.body {
            Body::Wide { balances, sources, feed, coverage, notices, .. } => {
                rects.extend([balances, sources, feed, coverage, notices]);
            }
            Body::Stacked { summary, feed, .. } => rects.extend([summary, feed]),
            Body::Tall { balances, coverage, feed, .. } => rects.extend([balances, coverage, feed]),
            Body::Tiny { main } => rects.push(main),
        }
        rects
    }

    #[test]
    fn at_every_size_the_parts_fill_the_screen_without_overlap() {
        for width in 1..=300 {
            for height in 1..=100 {
                let screen = Rect::new(0, 0, width, height);
                let parts = rects(&of(width, height));
                let covered: u32 = parts.iter().map(|part| part.area()).sum();
                assert_eq!(covered, screen.area(), "{width}x{height}");
                for (at, part) in parts.iter().enumerate() {
                    assert_eq!(part.intersection(screen), *part, "{width}x{height}");
                    assert!(
                        parts[at + 1..].iter().all(|other| part.intersection(*other).area() == 0),
                        "{width}x{height}"
                    );
                }
            }
        }
    }

    #[test]
    fn another_time_is_said_at_every_size() {
        for (width, height) in [(1, 1), (10, 2), (40, 5), (80, 24), (160, 50)] {
            let content = Content {
                has_banner: true,
                has_notice: false,
                is_covered: false,
                has_band: true,
                sources: 6,
            };
            let notice = layout(Rect::new(0, 0, width, height), content).notice.unwrap();
            assert_eq!((notice.width, notice.height), (width, 1), "{width}x{height}");
        }
    }

    #[test]
    fn three_columns_where_there_is_room() {
        assert!(matches!(of(160, 50).body, Body::Wide { .. }));
        assert!(matches!(of(120, 24).body, Body::Wide { .. }));
        assert!(matches!(of(119, 50).body, Body::Tall { .. }));
        assert!(matches!(of(59, 50).body, Body::Tiny { .. }));
        assert!(matches!(of(40, 10).body, Body::Tiny { .. }));
    }

    #[test]
    fn the_feed_keeps_eight_rows_and_its_frame_on_80x24() {
        let Body::Stacked { feed, .. } = of(80, 24).body else { panic!("stacked") };
        assert!(feed.height >= 8 + 3, "{feed:?}");
    }
}
