//! The desk as it was: which time is shown, how it is stepped through, and the state that is drawn of it.
//!
//! The state of now goes on underneath, so that leaving shows it at once.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::balance::{BalanceState, Exposure};
use super::keymap::Action;
use super::notices::Notices;
use super::prompt::Prompt;
use super::{App, Effect, Feed, Flash, Mode};
use crate::domain::freshness::Freshness;
use crate::engine::message::{
    AsItWas, Command, FeedWindow, LookBack, LookFrom, Totals, Towards, WebhookHealth,
};

/// A time that is shown instead of now.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    /// The time that was wished for last.
    aim: Timestamp,
    number: u64,
    /// The answer to the last wish is still to come.
    pub(crate) loading: bool,
    /// Why it could not be read.
    pub(crate) trouble: Option<String>,
    /// What is shown.
    pub(crate) seen: Option<Box<AsItWas>>,
    feed: Feed,
}

impl Past {
    fn new(at: Timestamp, number: u64) -> Self {
        let feed = Feed::new(FeedWindow::default());
        Self { aim: at, number, loading: true, trouble: None, seen: None, feed }
    }

    /// The time that is on the screen, or the one that is being read.
    pub(crate) fn at(&self) -> Timestamp {
        self.seen.as_ref().map_or(self.aim, |seen| seen.at)
    }

    /// The rows, and which of them is selected.
    pub(crate) const fn feed(&self) -> &Feed {
        &self.feed
    }

    pub(super) const fn feed_mut(&mut self) -> &mut Feed {
        &mut self.feed
    }

    /// Takes out what tells of people.
    pub(super) fn hide(&mut self) {
        if let Some(seen) = &mut self.seen {
            seen.rows.iter_mut().for_each(super::privacy::hide_row);
        }
        self.feed.window.rows.iter_mut().for_each(super::privacy::hide_row);
    }

    /// Whether nobody wrote down how this row stood.
    pub(crate) fn is_unrecorded(&self, id: Uuid) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.unrecorded.contains(&id))
    }
}

/// How far a key steps, in minutes.
const fn minutes(action: Action) -> Option<i64> {
    match action {
        Action::Earlier => Some(-1),
        Action::Later => Some(1),
        Action::MuchEarlier => Some(-10),
        Action::MuchLater => Some(10),
        Action::HourEarlier => Some(-60),
        Action::HourLater => Some(60),
        _ => None,
    }
}

impl App {
    /// Whether the screen shows the past: nothing can be done there.
    pub(crate) const fn is_past(&self) -> bool {
        self.past.is_some()
    }

    /// The line in which the time is typed.
    pub(super) fn ask_for_past(&mut self) {
        self.mode = Mode::Search(Prompt::past());
    }

    /// Shows the desk as it was then; a time to come is now.
    pub(super) fn look_back(&mut self, at: Timestamp) -> Vec<Effect> {
        let at = at.min(self.now);
        self.wish_past(at, LookFrom::Time(at))
    }

    fn wish_past(&mut self, aim: Timestamp, from: LookFrom) -> Vec<Effect> {
        self.past_wishes += 1;
        let number = self.past_wishes;
        match &mut self.past {
            Some(past) => {
                past.aim = aim;
                past.number = number;
                past.loading = true;
            }
            None => self.past = Some(Past::new(aim, number)),
        }
        let wish = LookBack { number, from, rows: None };
        vec![Effect::Command(Command::LookBack(Some(wish)))]
    }

    /// A key of the time machine.
    pub(super) fn step_past(&mut self, action: Action) -> Vec<Effect> {
        let Some(past) = &self.past else { return Vec::new() };
        if let Some(minutes) = minutes(action) {
            let to = past.aim.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(past.aim);
            return self.look_back(to);
        }
        let at = past.at();
        let towards = if action == Action::NextChange { Towards::Later } else { Towards::Earlier };
        self.wish_past(at, LookFrom::Change { at, towards })
    }

    /// Back to now.
    pub(super) fn leave_past(&mut self) -> Vec<Effect> {
        self.past = None;
        vec![Effect::Command(Command::LookBack(None))]
    }

    /// What was found. The answer to an older wish is passed over.
    pub(super) fn take_past(&mut self, found: Result<Box<AsItWas>, String>) {
        let Some(past) = &mut self.past else { return };
        match found {
            Ok(seen) if seen.number != past.number => {}
            Ok(seen) => {
                past.loading = false;
                past.trouble = None;
                past.aim = seen.at;
                if seen.no_change {
                    self.flash = Some(Flash::NoChange);
                }
                past.feed = Feed::new(window(&seen));
                past.seen = Some(seen);
            }
            Err(why) => {
                past.loading = false;
                past.trouble = Some(why);
            }
        }
    }

    /// The state that the panes draw of then: nothing of now is in it but what the desk is, and today's band.
    pub(crate) fn as_it_was(&self) -> Option<Self> {
        let past = self.past.as_ref()?;
        let mut app = self.clone();
        app.now = past.at();
        app.feed = past.feed.clone();
        app.webhooks = WebhookHealth::default();
        app.paused = None;
        app.exposure = Exposure::default();
        app.conservation = None;
        app.notices = Notices::default();
        app.batch_running = None;
        let seen = past.seen.as_ref();
        app.balance = BalanceState::new(seen.and_then(|seen| seen.balance.clone()), self.facts.poll_every);
        app.pace = seen.map(|seen| seen.pace.clone());
        app.history = seen.map(|seen| seen.history.clone()).unwrap_or_default();
        Some(app)
    }

    /// Whether the balance that is shown of then was read about then.
    pub(crate) fn past_balance_is_near(&self) -> bool {
        matches!(self.balance.freshness(self.now), Some(Freshness::Fresh))
    }
}

fn window(seen: &AsItWas) -> FeedWindow {
    FeedWindow {
        rows: seen.rows.clone(),
        totals: Totals {
            received: seen.moved.received,
            paid: seen.moved.paid,
            in_flight: seen.open.in_flight,
            in_doubt: seen.open.in_doubt,
        },
        rebalances_in_doubt: seen.rebalances_in_doubt.clone(),
        alerts: seen.alerts.clone(),
        took: seen.took,
        ..FeedWindow::default()
    }
}
