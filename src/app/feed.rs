//! The window of the feed, which row is selected, and what is asked for.

use jiff::Timestamp;
use uuid::Uuid;

use super::cash_out::Repeat;
use crate::domain::batch::may_repeat;
use crate::domain::cash_out;
use crate::domain::query;
use crate::domain::report::Direction;
use crate::domain::transaction::{CashIn, State, Transaction};
use crate::engine::message::{Counted, Decision, FeedPlace, FeedWindow, FeedWish, Query};

/// Rows of the window: more than any screen is high, and all that is ever held of the history.
pub(crate) const PAGE: u32 = 200;
/// With fewer rows than this left towards an end of the window, another one is asked for.
const EDGE: usize = 40;
/// Rows that a page key moves by.
pub(super) const PAGE_STEP: usize = 10;

/// Which rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Filter {
    /// Every row.
    #[default]
    All,
    /// Cash-ins.
    In,
    /// Cash-outs.
    Out,
    /// What has no outcome yet.
    Open,
    /// What did not go through.
    Failed,
}

impl Filter {
    /// The next one, around.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::All => Self::In,
            Self::In => Self::Out,
            Self::Out => Self::Open,
            Self::Open => Self::Failed,
            Self::Failed => Self::All,
        }
    }

    fn direction(self) -> Option<Direction> {
        match self {
            Self::In => Some(Direction::In),
            Self::Out => Some(Direction::Out),
            Self::All | Self::Open | Self::Failed => None,
        }
    }

    /// The states that it takes; all where there is none.
    fn states(self) -> Vec<State> {
        let every =
            cash_out::State::ALL.into_iter().map(State::Out).chain(CashIn::ALL.into_iter().map(State::In));
        match self {
            Self::All | Self::In | Self::Out => Vec::new(),
            Self::Open => every.filter(|state| is_open(*state)).collect(),
            Self::Failed => every.filter(|state| has_failed(*state)).collect(),
        }
    }

    /// Whether the row belongs: the window that is here may still be that of the filter before.
    fn takes(self, row: &Transaction) -> bool {
        match self {
            Self::All => true,
            Self::In => row.direction == Direction::In,
            Self::Out => row.direction == Direction::Out,
            Self::Open => is_open(row.state),
            Self::Failed => has_failed(row.state),
        }
    }
}

/// Whether the outcome is still to come.
pub(crate) const fn is_open(state: State) -> bool {
    state.is_open()
}

/// Whether it ended without money having moved.
pub(crate) const fn has_failed(state: State) -> bool {
    matches!(
        state,
        State::Out(
            cash_out::State::Failed
                | cash_out::State::Rejected
                | cash_out::State::Cancelled
                | cash_out::State::Expired
                | cash_out::State::DeclaredNotPaid
        ) | State::In(CashIn::Rejected | CashIn::Expired | CashIn::Cancelled)
    )
}

/// A way to move the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Motion {
    Down,
    Up,
    PageDown,
    PageUp,
    Top,
    Bottom,
}

impl Motion {
    /// Where it leads from `index` in a list of `count`.
    pub(crate) fn from(self, index: usize, count: usize) -> usize {
        self.within(index, count, PAGE_STEP)
    }

    /// The same where a page key moves by `page`.
    pub(crate) fn within(self, index: usize, count: usize, page: usize) -> usize {
        let last = count.saturating_sub(1);
        let moved = match self {
            Self::Down => index.saturating_add(1),
            Self::Up => index.saturating_sub(1),
            Self::PageDown => index.saturating_add(page),
            Self::PageUp => index.saturating_sub(page),
            Self::Top => 0,
            Self::Bottom => last,
        };
        moved.min(last)
    }
}

/// The feed as the screen shows it.
#[derive(Debug, Clone)]
pub struct Feed {
    pub(crate) window: FeedWindow,
    /// Indices of the rows that the filter takes, newest first.
    shown: Vec<usize>,
    pub(crate) filter: Filter,
    /// Only rows that fit this query, as it was typed; empty for all.
    pub(crate) search: String,
    /// What was understood of it.
    pub(crate) terms: query::Filter,
    /// How many rows fit, once that is known.
    pub(crate) counted: Option<u32>,
    /// The row that stays selected whatever comes; `None` follows the newest.
    held: Option<Uuid>,
    /// Where the held row was last seen, for when it leaves the window.
    index: usize,
    place: FeedPlace,
    /// The window that comes decides which row is selected.
    landing: bool,
    number: u64,
    /// Another window was asked for and has not come.
    pub(crate) loading: bool,
}

impl Feed {
    pub(crate) fn new(window: FeedWindow) -> Self {
        let mut feed = Self {
            window,
            shown: Vec::new(),
            filter: Filter::All,
            search: String::new(),
            terms: query::Filter::default(),
            counted: None,
            held: None,
            index: 0,
            place: FeedPlace::Newest,
            landing: false,
            number: 0,
            loading: false,
        };
        feed.settle();
        feed
    }

    /// A window came. Of one that answers an earlier wish, only what is not about its rows is taken: the selected row may
    /// not be among them.
    pub(crate) fn take(&mut self, mut window: FeedWindow) {
        if window.number != self.number {
            std::mem::swap(&mut window.rows, &mut self.window.rows);
            window.has_more = self.window.has_more;
            window.has_newer = self.window.has_newer;
            self.window = window;
            return;
        }
        self.window = window;
        self.loading = false;
        if std::mem::take(&mut self.landing) {
            let landed = self.window.landed;
            self.held = self.window.rows.iter().find(|row| Some(row.seq) == landed).map(|row| row.id);
        }
        self.settle();
    }

    /// The rows that fit were counted.
    pub(crate) fn take_count(&mut self, counted: Counted) {
        if counted.number == self.number {
            self.counted = Some(counted.rows);
        }
    }

    /// The rows to show, newest first.
    pub(crate) fn rows(&self) -> impl ExactSizeIterator<Item = &Transaction> {
        self.shown.iter().map(|index| &self.window.rows[*index])
    }

    pub(crate) fn selected_index(&self) -> usize {
        self.index
    }

    /// The row that a key acts on: none while another list was asked for and this is still the old one.
    pub(crate) fn selected(&self) -> Option<&Transaction> {
        if self.landing {
            return None;
        }
        self.shown.get(self.index).and_then(|index| self.window.rows.get(*index))
    }

    pub(crate) fn is_following(&self) -> bool {
        self.held.is_none()
    }

    pub(crate) fn row(&self, id: Uuid) -> Option<&Transaction> {
        self.window.rows.iter().find(|row| row.id == id)
    }

    /// The newest cash-out of the window that may have paid the same already: same document, same amount, of the last
    /// day, and not known to have come to nothing.
    pub(crate) fn repeat_of(&self, decision: &Decision, now: Timestamp) -> Option<Repeat> {
        let order = &decision.order;
        let alike = |row: &&Transaction| row.id != decision.id && may_repeat(row, order, now);
        let newest = self.window.newest.iter();
        newest.chain(&self.window.rows).find(alike).map(|row| Repeat {
            amount: order.amount,
            at: row.happened_at,
            state: row.state,
            reference: row.external_reference.clone(),
        })
    }

    /// Moves the selection. Says whether another window is wanted.
    #[must_use]
    pub(crate) fn go(&mut self, motion: Motion) -> bool {
        if motion == Motion::Top {
            return self.follow();
        }
        let was_following = self.is_following();
        self.index = motion.from(self.index, self.shown.len());
        self.settle_at(motion, was_following)
    }

    /// Selects a row of the list; as [`Self::go`].
    pub(crate) fn select(&mut self, index: usize) -> bool {
        let was_following = self.is_following();
        self.index = index.min(self.shown.len().saturating_sub(1));
        self.settle_at(Motion::Down, was_following)
    }

    fn settle_at(&mut self, motion: Motion, was_following: bool) -> bool {
        if motion == Motion::Bottom && self.window.has_more {
            let ceiling = self.ceiling();
            self.held = self.selected().map(|row| row.id);
            return self.look(FeedPlace::Oldest { ceiling }, true);
        }
        if self.index == 0 && !self.window.has_newer {
            return self.follow();
        }
        let Some((id, seq)) = self.selected().map(|row| (row.id, row.seq)) else { return false };
        let ceiling = self.ceiling();
        self.held = Some(id);
        let below = self.shown.len() - self.index <= EDGE && self.window.has_more;
        let above = self.index < EDGE && self.window.has_newer;
        let is_at_an_edge = (below || above) && !self.loading;
        // Who leaves the top is told of new rows, and not moved by them.
        (was_following || is_at_an_edge) && {
            let asked = self.look(FeedPlace::Around { seq, ceiling }, false);
            self.loading = is_at_an_edge;
            asked
        }
    }

    /// Looks at the newest rows again, as they come. Says whether another window is wanted for that.
    fn follow(&mut self) -> bool {
        self.index = 0;
        self.held = None;
        self.place != FeedPlace::Newest && self.look(FeedPlace::Newest, false)
    }

    /// Looks at what happened last by this time (UTC).
    pub(crate) fn jump(&mut self, time: Timestamp) {
        let ceiling = self.ceiling();
        self.look(FeedPlace::At { time, ceiling }, true);
    }

    fn look(&mut self, place: FeedPlace, landing: bool) -> bool {
        self.place = place;
        self.landing = landing;
        self.loading = true;
        self.number += 1;
        true
    }

    /// The newest row that was there when the person left the top.
    fn ceiling(&self) -> i64 {
        match self.place {
            FeedPlace::Newest => self.window.rows.first().map_or(i64::MAX, |row| row.seq),
            FeedPlace::Around { ceiling, .. }
            | FeedPlace::At { ceiling, .. }
            | FeedPlace::Oldest { ceiling } => ceiling,
        }
    }

    /// Shows other rows from now on, from the top.
    pub(crate) fn narrow(&mut self, filter: Filter) {
        self.filter = filter;
        self.held = None;
        self.counted = None;
        self.look(FeedPlace::Newest, false);
        self.settle();
    }

    /// Shows only what fits the query, from the top.
    pub(crate) fn find(&mut self, search: &str, terms: query::Filter) {
        search.clone_into(&mut self.search);
        self.terms = terms;
        self.narrow(self.filter);
        self.landing = true;
    }

    /// Whether some rows are left out.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.filter != Filter::All || !self.terms.is_empty()
    }

    /// What to ask the engine for.
    pub(crate) fn wish(&self) -> FeedWish {
        let query = Query {
            direction: self.filter.direction(),
            states: self.filter.states(),
            filter: self.terms.clone(),
            limit: PAGE,
            ..Query::default()
        };
        FeedWish { query, place: self.place, number: self.number }
    }

    /// Keeps the selection on its row, or near where it was.
    fn settle(&mut self) {
        let filter = self.filter;
        self.shown =
            (0..self.window.rows.len()).filter(|index| filter.takes(&self.window.rows[*index])).collect();
        let found = self.held.and_then(|id| self.rows().position(|row| row.id == id));
        self.index = match (self.held, found) {
            (None, _) => 0,
            (Some(_), Some(index)) => index,
            (Some(_), None) => self.index.min(self.shown.len().saturating_sub(1)),
        };
        if self.held.is_some() && found.is_none() {
            self.held = self.selected().map(|row| row.id).filter(|_| self.index > 0);
        }
    }
}
