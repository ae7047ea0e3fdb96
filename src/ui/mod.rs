//! Drawing: reads the state, changes nothing.
//!
//! ```text
//!  HOMOLOGAÇÃO  mesa-sp  pagamentos: ok  saldo: ok  webhooks: ok              14:32 -03   header
//! ┌ Saldos ─────┐┌ Transações ─────────────────────────────────────┐┌ Cobertura ─────────────┐
//! │  balances   ││  feed                                           ││  coverage              │
//! │             ││                                                 │└────────────────────────┘
//! └─────────────┘│       forms, a row's life and the help open     │┌ Avisos ────────────────┐
//! ┌ Fontes ─────┐│       over feed, coverage and notices           ││  notices               │
//! │  sources    ││                                                 ││                        │
//! └─────────────┘└─────────────────────────────────────────────────┘└────────────────────────┘
//!  ? ajuda  p pagar  b rebalancear  enter abrir  / buscar  f filtro                  footer
//! ```
//!
//! Which of these a screen has room for is decided in `layout`, how they look in `theme`, what lies under the mouse in `hit`.
//! While the screen is masked, the state is drawn without people's data, and `mask` is the net under the finished frame.

mod balances;
mod batch;
mod cash_in;
mod cash_out;
mod chart;
mod coverage;
mod detail;
mod feed;
mod footer;
mod form;
mod gaps;
mod handover;
mod header;
mod help;
mod hit;
mod layout;
pub mod linear;
mod link;
mod mask;
mod notices;
mod palette;
mod past;
mod paste;
pub mod qr;
mod rebalance;
mod refund;
mod resolve;
mod sources;
mod text;
mod theme;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use ratatui::style::{Modifier, Style};

use crate::app::keymap::Place;
use crate::app::{App, CashOutStage, Focus, Mode};
pub use hit::hit;
use layout::{Body, Content, Layout};
pub use link::{Link, link};
pub use theme::{Borders, MAX_BYTES as MAX_THEME_BYTES, Theme, ThemeError};

/// Draws the whole screen in a theme and says where the cursor shows, if it does.
pub fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return None;
    }
    theme.prime(area, buffer);
    let cursor = if app.is_private() {
        let cursor = draw(&app.masked(), theme, area, buffer);
        mask::hide(area, buffer);
        cursor
    } else {
        draw(app, theme, area, buffer)
    };
    theme.finish(area, buffer);
    cursor
}

/// Whether a review is on the screen to its end: the line that says which key confirms is its last one. Where nothing is
/// under review, nothing is missing.
pub fn shows_whole(app: &App, area: Rect) -> bool {
    if app.place() != Place::Review || area.is_empty() {
        return true;
    }
    // In a review only the key that confirms is drawn so; what else is in the frame's buffer has no such style.
    let mark = Style::new().add_modifier(Modifier::HIDDEN);
    let theme = Theme::of(true).marking_selected(mark);
    let mut buffer = Buffer::empty(area);
    front(app, &theme, arrange(app, area).body.main(), &mut buffer);
    buffer.content.iter().any(|cell| cell.modifier.contains(mark.add_modifier))
}

/// Whether something is open over the panes.
fn is_covered(app: &App) -> bool {
    !matches!(app.mode, Mode::Home | Mode::Search(_))
}

/// Where everything stands.
fn arrange(app: &App, area: Rect) -> Layout {
    let content = Content {
        has_banner: app.is_past(),
        has_notice: notices::is_needed(app),
        is_covered: is_covered(app),
        has_band: app.facts.band.is_some(),
        sources: if app.is_past() { past::ROWS } else { sources::rows(app) },
    };
    layout::layout(area, content)
}

fn draw(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let then = app.as_it_was();
    let app = then.as_ref().unwrap_or(app);
    let layout = arrange(app, area);
    if let Some(header) = layout.header {
        header::render(app, theme, header, buffer);
    }
    if let Some(bar) = layout.notice.filter(|_| app.is_past()) {
        past::banner(app, theme, bar, buffer);
    } else if let Some(bar) = layout.notice {
        notices::bar(app, theme, bar, buffer);
    }
    panes(app, theme, &layout.body, is_covered(app), buffer);
    let cursor = front(app, theme, layout.body.main(), buffer);
    let above = layout.body.main().height;
    let search = layout.footer.and_then(|row| footer::render(app, theme, row, above, buffer));
    cursor.or(search)
}

/// The panes that are in sight.
fn panes(app: &App, theme: &Theme, body: &Body, is_covered: bool, buffer: &mut Buffer) {
    match *body {
        Body::Wide { balances, sources, feed, coverage, notices, .. } => {
            balances::render(app, theme, balances, buffer);
            if app.is_past() {
                past::known(app, theme, sources, buffer);
            } else {
                sources::render(app, theme, sources, buffer);
            }
            if !is_covered {
                feed::render(app, theme, feed, buffer);
                coverage::render(app, theme, coverage, buffer);
                notices::render(app, theme, notices, buffer);
            }
        }
        Body::Stacked { .. } | Body::Tall { .. } | Body::Tiny { .. } if is_covered => {}
        Body::Stacked { main, .. } | Body::Tall { main, .. } | Body::Tiny { main }
            if app.focus == Focus::Balances =>
        {
            balances::render(app, theme, main, buffer);
        }
        Body::Stacked { main, .. } | Body::Tall { main, .. } | Body::Tiny { main }
            if app.focus == Focus::Coverage =>
        {
            coverage::render(app, theme, main, buffer);
        }
        Body::Stacked { summary, feed, .. } => {
            balances::summary(app, theme, summary, buffer);
            feed::render(app, theme, feed, buffer);
        }
        Body::Tall { balances, coverage, feed, .. } => {
            balances::render(app, theme, balances, buffer);
            coverage::render(app, theme, coverage, buffer);
            feed::render(app, theme, feed, buffer);
        }
        Body::Tiny { main } => feed::render(app, theme, main, buffer),
    }
}

/// The list that a note is typed over, or that is open by itself.
fn behind(app: &App, mode: &Mode, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    match mode {
        Mode::Note(note) => behind(app, &note.behind, theme, area, buffer),
        Mode::Gaps(open) => gaps::render(app, open, theme, area, buffer),
        Mode::Handover(open) => handover::render(app, open, theme, area, buffer),
        _ => notices::render(app, theme, area, buffer),
    }
}

/// What is open over the panes.
fn front(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    match &app.mode {
        Mode::Home | Mode::Search(_) => None,
        Mode::Gaps(_) | Mode::Note(_) => {
            behind(app, &app.mode, theme, area, buffer);
            None
        }
        Mode::Palette(open) => palette::render(app, open, theme, area, buffer),
        Mode::Paste(open) => {
            paste::render(app, open, theme, area, buffer);
            None
        }
        Mode::Handover(open) => {
            handover::render(app, open, theme, area, buffer);
            None
        }
        Mode::Detail(open) => {
            detail::render(app, open, theme, area, buffer);
            None
        }
        Mode::Notices => {
            notices::render(app, theme, area, buffer);
            None
        }
        Mode::Help { scroll, .. } => {
            help::render(app, *scroll, theme, area, buffer);
            None
        }
        Mode::CashOut(CashOutStage::Editing) => cash_out::form(app, theme, area, buffer),
        Mode::CashOut(CashOutStage::Review(review)) => cash_out::review(app, review, theme, area, buffer),
        Mode::CashOut(CashOutStage::Sent(sent)) => {
            cash_out::sent(app, sent, theme, area, buffer);
            None
        }
        Mode::Batch(stage) => batch::render(app, stage, theme, area, buffer),
        Mode::CashIn(stage) => cash_in::render(app, stage, theme, area, buffer),
        Mode::Refund(open) => refund::render(app, open, theme, area, buffer),
        Mode::Rebalance(stage) => rebalance::render(app, stage, theme, area, buffer),
        Mode::Resolve(open) => resolve::render(app, open, theme, area, buffer),
        Mode::Ask(question) => {
            notices::ask(app, *question, theme, area, buffer);
            None
        }
    }
}
