//! The transactions, newest first by the order in which saldo learned of them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::cash_out::stand_style;
use super::text::{Lines, cut, cut_middle, inside, pane, put, put_right, whole, width};
use super::theme::Theme;
use crate::app::{App, COUNTED, Filter, Focus, has_failed, is_open};
use crate::domain::cash_out;
use crate::domain::report::Direction;
use crate::domain::transaction::{State, Transaction};

/// What a screen of some width has room for.
struct Columns {
    time: u16,
    way: u16,
    amount: u16,
    state: u16,
    name: u16,
    reference: u16,
}

/// The pane.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let inner = pane(buffer, area, &title(app), app.focus == Focus::Feed, theme);
    if inner.is_empty() {
        return;
    }
    let count = app.feed.rows().len();
    if count == 0 {
        empty(app, theme, inner, buffer);
        return;
    }
    let selected = app.feed.selected_index();
    let (heading, list, first) = arranged(app, inner);
    let visible = usize::from(list.height);
    let rows: Vec<(usize, &Transaction)> = app.feed.rows().enumerate().skip(first).take(visible).collect();
    let columns = columns(app, inner.width, &rows);
    if !heading.is_empty() {
        head(app, &columns, theme, heading, buffer);
    }
    for ((at, row), y) in rows.into_iter().zip(list.y..) {
        let line = Rect { y, height: 1, ..list };
        draw_row(app, row, &columns, theme, line, buffer);
        if at == selected {
            buffer.set_style(line, theme.selected);
        }
    }
}

/// Where heading and list stand inside the pane, and the first row of the list.
fn arranged(app: &App, inner: Rect) -> (Rect, Rect, usize) {
    let heading = Rect { height: u16::from(inner.height >= 5), ..inner };
    let list = Rect { y: inner.y + heading.height, height: inner.height - heading.height, ..inner };
    let visible = usize::from(list.height);
    let count = app.feed.rows().len();
    // The selection stays in the middle once the list is long enough, so nothing has to be remembered here.
    let first = app.feed.selected_index().saturating_sub(visible / 2).min(count.saturating_sub(visible));
    (heading, list, first)
}

/// Which row lies there.
pub(super) fn row_at(app: &App, area: Rect, at: Position) -> Option<usize> {
    let (_, list, first) = arranged(app, inside(area));
    let index = first + usize::from(at.y.checked_sub(list.y)?);
    (list.contains(at) && index < app.feed.rows().len()).then_some(index)
}

fn title(app: &App) -> String {
    let words = &app.words().feed;
    let filter = match app.feed.filter {
        Filter::All => words.all,
        Filter::In => words.incoming,
        Filter::Out => words.outgoing,
        Filter::Open => words.open,
        Filter::Failed => words.failed,
    };
    let mut title = format!("{}: {filter}", words.title);
    let feed = &app.feed;
    if !feed.terms.is_empty() {
        let terms = app.lang.query_terms(&feed.terms, &|at| app.clock.near(at, app.now));
        title.push_str(&format!(" · {} {terms}", words.search));
    }
    let many = |rows: u32| (rows, rows >= COUNTED);
    if feed.loading {
        title.push_str(&format!(" · {}", words.loading));
    } else if feed.is_narrowed() {
        title.push_str(&format!(" · {}", app.lang.found(feed.counted.map(many), feed.window.took)));
    }
    if !feed.is_following() && !feed.loading {
        title.push_str(&format!(" · {}", words.held));
        let (rows, more) = many(feed.window.come_since);
        if rows > 0 {
            title.push_str(&format!(" · {}", app.lang.come_since(rows, more)));
        }
    }
    title
}

fn empty(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().feed;
    let narrowed = app.feed.is_narrowed();
    let text = match (app.feed.loading, narrowed) {
        (true, _) => words.loading,
        (false, true) => words.empty_filter,
        (false, false) => words.empty,
    };
    let text = match &app.past {
        Some(past) if past.loading && past.seen.is_none() => app.lang.past().reading,
        _ => text,
    };
    let text = if app.feed.search.is_empty() || app.feed.loading {
        text.to_owned()
    } else {
        app.lang.nothing_found(&app.feed.search)
    };
    Lines::new(buffer, area).wrapped(&text, theme.label);
}

fn columns(app: &App, room: u16, rows: &[(usize, &Transaction)]) -> Columns {
    let widest = |text: &dyn Fn(&Transaction) -> String, least: u16| {
        rows.iter().map(|(_, row)| width(&text(row))).max().unwrap_or(0).max(least)
    };
    let amount = widest(&|row| amount(app, row), 12);
    let full_time = widest(&|row| app.clock.near(row.happened_at, app.now), 8);
    let way = widest(&|row| app.lang.direction(row.direction), 1);
    let none = Columns { time: 0, way: 0, amount, state: 0, name: 0, reference: 0 };
    let left = |columns: &Columns, gaps: u16| {
        room.saturating_sub(columns.time + columns.way + columns.amount + columns.state + gaps)
    };
    if room >= 96 {
        let some = Columns { time: full_time, way, state: 22, ..none };
        let rest = left(&some, 5);
        return Columns { name: rest / 2, reference: rest - rest / 2, ..some };
    }
    if room >= 64 {
        let some = Columns { time: full_time, way, state: 20, ..none };
        let rest = left(&some, 5);
        if rest >= 28 {
            return Columns { name: rest - 12, reference: 12, ..some };
        }
        return Columns { name: left(&some, 4), ..some };
    }
    let some = Columns { time: 5, way: 1, state: 12, ..none };
    if left(&some, 4) >= 8 {
        return Columns { name: left(&some, 4), ..some };
    }
    if room >= 19 + amount {
        return Columns { time: 5, way: 1, state: room - amount - 9, ..none };
    }
    if room >= 12 + amount {
        return Columns { way: 1, state: room - amount - 3, ..none };
    }
    Columns { amount: room, ..none }
}

fn head(app: &App, columns: &Columns, theme: &Theme, line: Rect, buffer: &mut Buffer) {
    let words = &app.words().feed;
    let mut x = line.x;
    for (text, room, right) in [
        (words.time, columns.time, false),
        (words.direction, columns.way, false),
        (words.amount, columns.amount, true),
        (words.state, columns.state, false),
        (words.name, columns.name, false),
        (words.reference, columns.reference, false),
    ] {
        if room == 0 {
            continue;
        }
        let text = if room == 1 { String::new() } else { cut(text, room) };
        if right {
            put_right(buffer, x, line.y, x + room, &text, theme.label);
        } else {
            put(buffer, x, line.y, x + room, &text, theme.label);
        }
        x += room + 1;
    }
}

fn draw_row(app: &App, row: &Transaction, columns: &Columns, theme: &Theme, line: Rect, buffer: &mut Buffer) {
    let mut x = line.x;
    let mut cell = |buffer: &mut Buffer, text: &str, room: u16, style: Style| {
        if room > 0 {
            put(buffer, x, line.y, (x + room).min(line.right()), &cut(text, room), style);
            x += room + 1;
        }
    };
    let time = if columns.time > 5 {
        app.clock.near(row.happened_at, app.now)
    } else {
        // `22/11` of another day, `14:32` of this one.
        app.clock.near(row.happened_at, app.now).chars().take(5).collect()
    };
    cell(buffer, &time, columns.time, theme.label);
    let way = app.lang.direction(row.direction);
    let way: String = if columns.way == 1 { way.chars().take(1).collect() } else { way };
    let way_style = if row.direction == Direction::In { theme.good } else { theme.text };
    cell(buffer, &way, columns.way, way_style);
    let amount = amount(app, row);
    let shown = whole(&amount, columns.amount);
    let padded = format!("{}{shown}", " ".repeat(usize::from(columns.amount - width(shown))));
    cell(buffer, &padded, columns.amount, theme.strong);
    let (state, style) = state(app, row, columns.state, theme);
    cell(buffer, &state, columns.state, style);
    cell(buffer, row.name.as_ref().map_or("", |name| name.as_str()), columns.name, theme.text);
    let reference = row.external_reference.as_ref().map_or("", |text| text.as_str());
    cell(buffer, &cut_middle(reference, columns.reference), columns.reference, theme.label);
}

fn amount(app: &App, row: &Transaction) -> String {
    row.amount.map_or_else(|| app.words().feed.no_amount.to_owned(), |amount| amount.to_string())
}

/// The word for where a row stands; what contradicts or is not certain goes before it.
pub(super) fn state(app: &App, row: &Transaction, room: u16, theme: &Theme) -> (String, Style) {
    let words = &app.words().feed;
    if app.past.as_ref().is_some_and(|past| past.is_unrecorded(row.id)) {
        return (app.lang.past().not_recorded.to_owned(), theme.label);
    }
    let stand = row.stand();
    let word = app.lang.row_stand(stand);
    if row.conflict {
        let both = format!("{}, {word}", words.conflict);
        let text = if width(&both) <= room { both } else { words.conflict.to_owned() };
        return (text, theme.bad);
    }
    if row.failure_reported {
        let all = [words.confirming, words.confirming_short];
        let text = all.into_iter().find(|text| width(text) <= room).unwrap_or(words.confirming_shortest);
        return (text.to_owned(), theme.warn);
    }
    if row.refunded && !word.eq(words.refunded) {
        let both = format!("{word}, {}", words.refunded);
        let text = if width(&both) <= room { both } else { words.refunded.to_owned() };
        return (text, theme.text);
    }
    (word.to_owned(), stand_style(stand, theme))
}

/// The colour that goes with a state's word.
pub(super) fn state_style(state: State, theme: &Theme) -> Style {
    match state {
        State::Out(state) if state.is_in_doubt() => theme.bad,
        // It came to nothing, or waits for a person: somebody is still owed.
        State::Out(
            cash_out::State::PendingApproval
            | cash_out::State::Failed
            | cash_out::State::Rejected
            | cash_out::State::Expired
            | cash_out::State::DeclaredNotPaid,
        ) => theme.warn,
        State::Out(cash_out::State::Draft) => theme.text,
        state if state.has_settled() => theme.good,
        state if is_open(state) => theme.accent,
        state if has_failed(state) => theme.label,
        _ => theme.text,
    }
}
