//! What a person has to be told: the bar, the pane, and the questions that the confirming key answers.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::form;
use super::text::{Lines, cut_at_gap, pane, put, wrap};
use super::theme::Theme;
use crate::app::resolve::Fate;
use crate::app::{
    App, Entry, Mode, NotDecided, Notice, Pause, Payment, Question, RebalanceTrouble, SeenRow,
    StoredRebalance,
};
use crate::domain::alert::{Alert, Severity};
use crate::domain::rebalance::Pockets;
use crate::domain::text::Safe;
use crate::domain::transaction::State;

/// Whether there is anything to tell.
pub(super) fn is_needed(app: &App) -> bool {
    count(app) > 0
}

fn count(app: &App) -> usize {
    app.notices.entries().len()
        + app.waiting_alerts().len()
        + usize::from(app.paused.is_some())
        + app.feed.window.rebalances_in_doubt.len()
}

/// One line: how many there are, and the first.
pub(super) fn bar(app: &App, theme: &Theme, row: Rect, buffer: &mut Buffer) {
    let first = conditions(app)
        .into_iter()
        .map(|lines| lines.join(": "))
        .next()
        .or_else(|| most_urgent(app).map(|alert| alert_lines(app, alert).join(": ")))
        .or_else(|| app.notices.entries().first().map(|entry| notice_lines(app, entry).join(": ")));
    let text = format!(" ! {}: {}", app.lang.notices(count(app)), first.unwrap_or_default());
    put(buffer, row.x, row.y, row.right(), &cut_at_gap(&text, row.width), theme.bad);
}

/// The list. What cannot be acknowledged (payments paused, a rebalance in doubt) stands above it until it is over.
pub(super) fn render(app: &App, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().notices;
    let opened = matches!(app.mode, Mode::Notices);
    let inner = pane(buffer, area, words.title, opened, theme);
    let mut lines = Lines::new(buffer, inner);
    if count(app) == 0 {
        let is_quiet = app.seen_alerts().next().is_none();
        let none = if app.is_past() { app.lang.past().no_notices } else { words.none };
        lines.wrapped(if is_quiet { none } else { words.none_new }, theme.label);
        return seen(app, theme, &mut lines);
    }
    for condition in conditions(app) {
        paragraph(&mut lines, &condition, theme.bad, theme.text);
    }
    // The selected one is always in sight: the list begins with it when it would not fit.
    let told: Vec<(Vec<String>, Style)> = told(app, theme);
    let selected = app.notices.selected_index();
    let room = usize::from(lines.left());
    let columns = lines.columns();
    let height = |(text, _): &(Vec<String>, Style)| {
        text.iter().map(|line| wrap(line, columns).len()).sum::<usize>() + 1
    };
    let above: usize = told.iter().take(selected + 1).map(height).sum();
    let first = if above <= room { 0 } else { selected };
    for (at, (text, style)) in told.iter().enumerate().skip(first) {
        let style = if opened && at == selected { style.patch(theme.selected) } else { *style };
        paragraph(&mut lines, text, style, theme.text);
    }
    seen(app, theme, &mut lines);
}

/// What a person can acknowledge, in the order in which the keyboard goes through it.
fn told(app: &App, theme: &Theme) -> Vec<(Vec<String>, Style)> {
    let alerts = app.waiting_alerts().into_iter().map(|alert| {
        let urgent = alert.what.kind().severity() == Severity::Now;
        (alert_lines(app, alert), if urgent { theme.bad } else { theme.warn })
    });
    let entries = app.notices.entries().iter().map(|entry| (notice_lines(app, entry), theme.bad));
    alerts.chain(entries).collect()
}

/// What holds and somebody has acknowledged: whoever sits down next has to know.
fn seen(app: &App, theme: &Theme, lines: &mut Lines<'_>) {
    let time = |at| app.clock.near(at, app.now);
    for alert in app.seen_alerts() {
        let by = alert.acknowledged.as_ref().map(|seen| app.lang.seen_by(seen, &time)).unwrap_or_default();
        lines.wrapped(&format!("{} · {by}", alert_lines(app, alert).join(": ")), theme.label);
    }
}

/// The one that the bar names.
fn most_urgent(app: &App) -> Option<&Alert> {
    let alerts = app.waiting_alerts();
    alerts.into_iter().min_by_key(|alert| (std::cmp::Reverse(alert.what.kind().severity()), alert.number))
}

/// An alert in words; the first line says what happened.
fn alert_lines(app: &App, alert: &Alert) -> Vec<String> {
    let time = |at| app.clock.near(at, app.now);
    let head = format!("{} {}", time(alert.began_at), app.lang.alert(&alert.what));
    vec![head, app.lang.alert_detail(&alert.what, &time)]
}

fn paragraph(lines: &mut Lines<'_>, text: &[String], head: Style, rest: Style) {
    for (at, line) in text.iter().enumerate() {
        lines.wrapped(line, if at == 0 { head } else { rest });
    }
    lines.blank();
}

/// What holds until it is over.
fn conditions(app: &App) -> Vec<Vec<String>> {
    let words = app.words();
    let mut all = Vec::new();
    if let Some(pause) = &app.paused {
        all.push(vec![words.notices.paused.to_owned(), pause_words(app, pause)]);
    }
    for doubt in &app.feed.window.rebalances_in_doubt {
        let mut lines = vec![words.notices.rebalance_doubt.to_owned()];
        lines.extend(comparison(app, doubt));
        all.push(lines);
    }
    all
}

pub(super) fn pause_words(app: &App, pause: &Pause) -> String {
    match pause {
        Pause::Unauthorized(problem) => app.lang.paused_credentials(false, &problem.to_string()),
        Pause::Forbidden(problem) => app.lang.paused_credentials(true, &problem.to_string()),
        Pause::Clock(skew) => app.lang.paused_clock(skew.as_secs()),
        Pause::OwnerGone => app.lang.owner_gone().to_owned(),
    }
}

/// What a rebalance was to do, and what the balances say.
pub(super) fn comparison(app: &App, stored: &StoredRebalance) -> Vec<String> {
    let words = app.words();
    let notices = &words.notices;
    let pockets = |label: &str, pockets: Pockets| {
        format!(
            "{label}: {} {} · {} {}",
            words.balances.transactional_short,
            pockets.transactional,
            words.balances.proprietary_short,
            pockets.proprietary
        )
    };
    let rebalance = &stored.rebalance;
    let mut lines = vec![
        format!(
            "{} {}: {}",
            notices.target,
            rebalance.terms.target,
            app.lang.forecast(&rebalance.terms.forecast)
        ),
        pockets(notices.before, rebalance.terms.forecast.before),
        pockets(notices.expected, rebalance.terms.forecast.after),
    ];
    lines.push(match rebalance.after {
        Some(after) => pockets(notices.read_after, after),
        None => format!("{}: {}", notices.read_after, notices.not_read),
    });
    if let Some(reading) = &app.balance.reading {
        lines.push(pockets(notices.now, Pockets::from(&reading.balance)));
    }
    lines
}

/// Everything that a person has to be told, each with what it is first.
pub(super) fn in_words(app: &App) -> Vec<Vec<String>> {
    let notices = app.notices.entries().iter().map(|entry| notice_lines(app, entry));
    conditions(app).into_iter().chain(notices).collect()
}

/// A notice in words; the first line says what happened.
fn notice_lines(app: &App, entry: &Entry) -> Vec<String> {
    let words = &app.words().notices;
    let at = app.clock.near(entry.at, app.now);
    match &entry.notice {
        Notice::Alarm { alarm, payment } => {
            vec![format!("{at} {}", app.lang.alarm(*alarm)), payment_words(payment)]
        }
        Notice::StillHeld(payment) => vec![format!("{at} {}", words.still_held), payment_words(payment)],
        Notice::JournalTrouble(reason) => {
            vec![format!("{at} {}", words.journal), Safe::new(reason).to_string()]
        }
        Notice::Rebalance(Ok(stored)) => {
            let mut lines = vec![format!("{at} {}", app.lang.rebalance_state(stored.rebalance.state))];
            lines.extend(comparison(app, stored));
            lines
        }
        Notice::Rebalance(Err(trouble)) => {
            vec![format!("{at} {}", app.words().rebalance.title), trouble_words(app, trouble)]
        }
        Notice::NotDecided { amount, why } => {
            let reason = match why {
                NotDecided::Journal(reason) => Safe::new(reason).to_string(),
                NotDecided::Taken(reference) => format!("{} ({reference})", app.words().cash_out.taken),
                NotDecided::NotAllowed(why) => app.lang.not_allowed(why),
                NotDecided::Busy => words.busy.to_owned(),
            };
            vec![format!("{at} {}: {amount}", words.not_decided), reason]
        }
        Notice::Resolved { payment, fate } => {
            let (head, rest) = match super::resolve::not_recorded(app, fate, None) {
                None => (words.recorded, None),
                Some(why) => (words.not_recorded, Some(why)),
            };
            let state = match fate {
                Fate::Recorded(Some(intent)) => Some(State::Out(intent.cash_out.state)),
                _ => None,
            };
            let head = match state {
                Some(state) => format!("{at} {head}: {}", app.lang.state(state)),
                None => format!("{at} {head}"),
            };
            std::iter::once(head).chain(rest).chain([payment_words(payment)]).collect()
        }
        Notice::Busy => vec![format!("{at} {}", words.busy)],
        Notice::Refund { amount, state, .. } => {
            let heading = app.words().refund.heading;
            let amount = amount.map_or_else(String::new, |amount| format!(" {amount}"));
            let first = format!("{at} {heading}{amount}: {}", app.lang.refund_state(*state));
            vec![first, app.lang.refund_meaning(*state).to_owned()]
        }
        Notice::Batch(news) => {
            let words = app.lang.batch();
            let (done, all) = (news.progress.answered(), news.progress.all());
            let ended = news.ended.as_ref().map(|ended| super::batch::ended_words(app, ended));
            let mut lines = vec![format!("{at} {} {}: {done}/{all}", words.running_title, news.name)];
            for (count, what) in [
                (news.progress.in_doubt.count, words.in_doubt),
                (news.progress.not_paid.count, words.not_paid),
            ] {
                lines.extend((count > 0).then(|| app.lang.batch_count(count, what)));
            }
            lines.extend(ended);
            lines
        }
        Notice::NotMade(why) => {
            let why = why.as_ref().map(|why| app.lang.raw_error(Safe::new(why).as_str()));
            std::iter::once(format!("{at} {}", words.not_made)).chain(why).collect()
        }
        Notice::Ended(row) => {
            vec![format!("{at} {}: {}", words.ended, app.lang.state(row.state)), row_words(row)]
        }
        Notice::Conflict(row) => vec![format!("{at} {}", app.words().detail.conflict), row_words(row)],
    }
}

fn payment_words(payment: &Payment) -> String {
    format!("{} · {} · {}", payment.amount, payment.name, payment.reference)
}

fn row_words(row: &SeenRow) -> String {
    let amount = row.amount.map(|amount| amount.to_string());
    let text = |text: &Option<Safe>| text.as_ref().map(|text| text.as_str().to_owned());
    [amount, text(&row.name), text(&row.reference)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Why a rebalance was not sent.
pub(super) fn trouble_words(app: &App, trouble: &RebalanceTrouble) -> String {
    match trouble {
        RebalanceTrouble::NoBalance(why) => app.lang.no_fresh_balance(why.as_str()),
        RebalanceTrouble::Impossible(error) => app.lang.nothing_sent(&app.lang.forecast_error(*error)),
        RebalanceTrouble::Moved(forecast) => {
            format!("{} {}", app.words().rebalance.moved, app.lang.forecast(forecast))
        }
        RebalanceTrouble::UnderWay(stored) => app.lang.rebalance_under_way(stored.rebalance.terms.target),
        RebalanceTrouble::InDoubt(stored) => app.lang.rebalance_in_doubt(stored.rebalance.terms.target),
        RebalanceTrouble::NotAllowed(why) => app.lang.not_allowed(why),
        RebalanceTrouble::NotJournalled(why) => app.lang.nothing_sent(Safe::new(why).as_str()),
    }
}

/// A question that only the confirming key answers with yes.
pub(super) fn ask(app: &App, question: Question, theme: &Theme, area: Rect, buffer: &mut Buffer) {
    let words = &app.words().ask;
    let inner = pane(buffer, area, words.title, true, theme);
    let mut lines = Lines::new(buffer, inner);
    form::environment(app, theme, &mut lines);
    match question {
        Question::Resume => lines.wrapped(words.resume, theme.strong),
        Question::Acknowledge(id) => {
            let doubts = &app.feed.window.rebalances_in_doubt;
            for line in doubts.iter().filter(|doubt| doubt.id == id).flat_map(|doubt| comparison(app, doubt))
            {
                lines.wrapped(&line, theme.text);
            }
            lines.blank();
            lines.wrapped(words.acknowledge, theme.strong);
        }
    }
    lines.blank();
    form::confirm_line(app, theme, &mut lines);
}
