//! The desk as plain sentences: for screen readers, braille displays, `tee` and thin links.
//!
//! It reads the same state as the panes, remembers what it has told, and tells what is new: each thing once, one
//! sentence a line, without a colour or a cursor.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{balances, coverage, header, mask, notices};
use crate::app::App;
use crate::domain::rebalance::Pockets;
use crate::domain::transaction::{State, Transaction};

/// A wallet that moves all the time is told so often at most; what a person must know at once is a notice.
const BALANCE_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Rows are told together so often at most, and so many of them one by one; of a burst the rest is counted. A person
/// listens to five sentences, not to fifty.
const ROWS_EVERY: SignedDuration = SignedDuration::from_secs(5);
const ROWS: usize = 5;

/// What was told. As large as what a screen would show.
#[derive(Debug, Default)]
pub struct Teller {
    balance: Option<(Pockets, Timestamp)>,
    /// Why the figures are old, if they are.
    remarks: Vec<String>,
    /// Of the rows in the window; `None` before the first one.
    rows: Option<HashMap<Uuid, State>>,
    /// When rows were told, and whether others wait.
    rows_at: Timestamp,
    rows_wait: bool,
    notices: HashSet<String>,
}

impl Teller {
    /// Who speaks, and all that is known; nothing of it is told again as news.
    pub fn greet(&mut self, app: &App) -> Vec<String> {
        discreetly(app, |app| self.greeting(app))
    }

    /// All that is known.
    pub fn now(&mut self, app: &App) -> Vec<String> {
        discreetly(app, |app| self.all(app))
    }

    /// What is new since the last call.
    pub fn tell(&mut self, app: &App) -> Vec<String> {
        discreetly(app, |app| self.news(app))
    }

    fn greeting(&mut self, app: &App) -> Vec<String> {
        let profile = format!("saldo, {}, {}", app.facts.profile, header::environment(app));
        let demo = app.facts.demo.then(|| app.words().header.demo.to_owned());
        let mut lines = vec![profile];
        lines.extend(demo);
        lines.extend(self.all(app));
        lines.push(app.lang.linear().hint.to_owned());
        lines
    }

    fn all(&mut self, app: &App) -> Vec<String> {
        let words = app.words();
        let mut lines = vec![self.wallet(app)];
        self.remarks = balances::remarks_in_words(app);
        lines.extend(self.remarks.iter().cloned());
        let totals = &app.feed.window.totals;
        for (label, sum) in
            [(words.balances.in_flight, totals.in_flight), (words.balances.in_doubt, totals.in_doubt)]
        {
            lines.push(format!("{label}: {}", balances::sum(sum)));
        }
        for (label, sum) in [(words.balances.received, totals.received), (words.balances.paid, totals.paid)] {
            lines.push(format!("{}: {label} {}", words.balances.today, balances::sum(sum)));
        }
        lines.extend(
            coverage::in_words(app).into_iter().map(|line| format!("{}: {line}", words.coverage.title)),
        );
        let told = notices::in_words(app);
        if told.is_empty() {
            lines.push(app.lang.linear().no_notices.to_owned());
        }
        lines.extend(told.iter().map(|notice| self.notice(app, notice)));
        self.notices = told.into_iter().filter_map(|notice| notice.into_iter().next()).collect();
        self.rows = Some(states(app));
        lines
    }

    /// How long until there is more to tell, if something waits.
    pub fn wait(&self, app: &App) -> Option<Duration> {
        let left = ROWS_EVERY - app.now.duration_since(self.rows_at);
        self.rows_wait.then(|| Duration::try_from(left).unwrap_or_default())
    }

    fn news(&mut self, app: &App) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.new_notices(app));
        lines.extend(self.new_rows(app));
        let remarks = balances::remarks_in_words(app);
        // An age grows all the time; that there is one now, or none any more, is news.
        if remarks.is_empty() != self.remarks.is_empty() {
            lines.push(self.wallet(app));
            lines.extend(remarks.iter().cloned());
        } else if self.has_moved(app) {
            lines.push(self.wallet(app));
        }
        self.remarks = remarks;
        lines
    }

    fn has_moved(&self, app: &App) -> bool {
        let Some(reading) = &app.balance.reading else { return false };
        let now = Pockets::from(&reading.balance);
        self.balance.is_none_or(|(told, at)| told != now && app.now.duration_since(at) >= BALANCE_EVERY)
    }

    fn wallet(&mut self, app: &App) -> String {
        let Some(reading) = &app.balance.reading else { return app.words().balances.none_yet.to_owned() };
        let pockets = Pockets::from(&reading.balance);
        self.balance = Some((pockets, app.now));
        let at = app.clock.near(reading.fetched_at, app.now);
        format!("{at} {}", app.lang.linear_balance(reading.balance.total, pockets))
    }

    fn new_notices(&mut self, app: &App) -> Vec<String> {
        let told = notices::in_words(app);
        let heads: HashSet<String> = told.iter().filter_map(|notice| notice.first().cloned()).collect();
        let mut lines: Vec<String> = self
            .notices
            .difference(&heads)
            .map(|head| format!("{}: {head}", app.lang.linear().over))
            .collect();
        let new =
            told.iter().filter(|notice| notice.first().is_some_and(|head| !self.notices.contains(head)));
        lines.extend(new.map(|notice| self.notice(app, notice)));
        self.notices = heads;
        lines
    }

    fn notice(&self, app: &App, notice: &[String]) -> String {
        format!("{}: {}", app.lang.linear().notice, notice.join(". "))
    }

    fn new_rows(&mut self, app: &App) -> Vec<String> {
        let Some(before) = &self.rows else {
            self.rows = Some(states(app));
            return Vec::new();
        };
        let rows = app.feed.window.rows.iter();
        let mut new: Vec<&Transaction> = rows.filter(|row| before.get(&row.id) != Some(&row.state)).collect();
        self.rows_wait = !new.is_empty() && app.now.duration_since(self.rows_at).abs() < ROWS_EVERY;
        if new.is_empty() || self.rows_wait {
            return Vec::new();
        }
        self.rows = Some(states(app));
        self.rows_at = app.now;
        // As it happened.
        new.sort_by_key(|row| (row.updated_at, row.seq));
        let mut lines: Vec<String> = new.iter().take(ROWS).map(|row| row_in_words(app, row)).collect();
        if new.len() > ROWS {
            lines.push(app.lang.linear_more(new.len() - ROWS));
        }
        lines
    }
}

/// What is told while others listen names nobody and no amount, as on a masked screen.
fn discreetly(app: &App, tell: impl FnOnce(&App) -> Vec<String>) -> Vec<String> {
    if !app.is_private() {
        return tell(app);
    }
    tell(&app.masked()).iter().map(|line| mask::hide_text(line)).collect()
}

fn states(app: &App) -> HashMap<Uuid, State> {
    app.feed.window.rows.iter().map(|row| (row.id, row.state)).collect()
}

fn row_in_words(app: &App, row: &Transaction) -> String {
    let texts =
        [&row.name, &row.external_reference].into_iter().flatten().map(|text| text.as_str().to_owned());
    let amount = row.amount.map(|amount| amount.to_string());
    let what: Vec<String> = amount.into_iter().chain(texts).collect();
    format!(
        "{} {} {}: {}",
        app.clock.near(row.updated_at, app.now),
        app.lang.linear_direction(row.direction),
        what.join(", "),
        app.lang.row_stand(row.stand())
    )
}
