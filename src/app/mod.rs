//! The application state and its pure update.
//!
//! Nothing here waits, reads a clock, draws a random number or touches a file: times and new ids come in with
//! every message, and what is to be done goes out as data.
//!
//! ```text
//! Message ──▶ App::update ──▶ Effects          ui::render(&App) only reads
//!               │  keys: keymap (place, key) -> Action -> act.rs
//!               │  news: news.rs
//!               └─ forms: cash_out.rs, cash_in.rs, refund.rs, rebalance.rs, resolve/
//! ```

mod act;
mod balance;
pub(crate) mod batch;
pub mod cash_in;
pub mod cash_out;
mod clock;
mod detail;
mod feed;
mod field;
pub(crate) mod gaps;
pub(crate) mod handover;
pub mod key;
pub mod keymap;
mod message;
mod mouse;
mod news;
mod notices;
pub(crate) mod palette;
mod past;
pub(crate) mod paste;
mod privacy;
mod prompt;
pub mod rebalance;
pub(crate) mod refund;
pub(crate) mod resolve;
#[cfg(test)]
mod tests;
mod timeline;
mod watch;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub use balance::{BalanceState, Exposure};
pub use clock::Clock;
pub use detail::{Line, LineKind};
pub use feed::{Feed, Filter};
pub use field::TextField;
use keymap::{Keymap, Place};
pub use message::{Effect, Environment, Facts, Message, Now, Soonness, Spot};
pub use notices::Notices;
pub(crate) use notices::{Entry, NotDecided, Notice, Payment, SeenRow};
pub(crate) use privacy::HIDDEN;
pub(crate) use prompt::{Prompt, Wanted};

pub(crate) use feed::{has_failed, is_open};

use crate::domain::balance::Reading;
use crate::domain::conservation::Conservation;
use crate::domain::money::Centavos;
use crate::domain::pace::Pace;
use crate::domain::text::Safe;
use crate::engine::message::{BalanceHistory, FeedWindow, WebhookHealth};
/// What of the engine's words shows on the screen as it is.
pub use crate::engine::message::{
    BatchPage, BatchRow, BatchSource, BatchTrouble, COUNTED, Finding, Intent, LaneError, Life, NotLookedInto,
    Pause, Progress, RebalanceTrouble, Stopped, StoredRebalance, Sum,
};
use crate::lang::{Lang, Words};

/// What the keyboard speaks to.
#[derive(Debug, Clone)]
pub(crate) enum Mode {
    /// The panes.
    Home,
    /// The line of a query or a time, over the panes.
    Search(Prompt),
    /// What can be opened by its name, and where it was asked for.
    Palette(Box<palette::Palette>),
    /// What can be done with a paste, and where it was pasted.
    Paste(Box<paste::Pasting>),
    /// The life of a row.
    Detail(Detail),
    /// The list of notices.
    Notices,
    /// The gaps of the wallet.
    Gaps(gaps::Gaps),
    /// A shift that is handed over or taken.
    Handover(handover::Page),
    /// The line of a note, over what it is about.
    Note(gaps::Note),
    /// A cash-out on its way from the form to the gateway.
    CashOut(CashOutStage),
    /// A rebalance on its way from the form to the gateway.
    Rebalance(rebalance::Stage),
    /// A charge on its way from the form to the gateway.
    CashIn(cash_in::Stage),
    /// A file of cash-outs on its way to the gateway.
    Batch(batch::Stage),
    /// A cash-in that is given back, over its life.
    Refund(Box<refund::Refunding>),
    /// What a person says of a payment, over its life.
    Resolve(Box<resolve::Resolve>),
    /// A question that is answered by the confirming key.
    Ask(Question),
    /// The help, and where it was asked for.
    Help { scroll: usize, behind: Box<Mode> },
}

/// Where the way from the form to the gateway has got to.
#[derive(Debug, Clone)]
pub(crate) enum CashOutStage {
    /// The form.
    Editing,
    /// What was decided, frozen.
    Review(Box<cash_out::Review>),
    /// What became of it.
    Sent(Box<cash_out::Sent>),
}

/// A row that is open.
#[derive(Debug, Clone)]
pub(crate) struct Detail {
    pub(crate) id: Uuid,
    pub(crate) life: LifeState,
    pub(crate) scroll: usize,
    /// The batch whose line it is, where it was opened from one: it comes back afterwards.
    pub(crate) behind: Option<Box<batch::Page>>,
}

/// What is known of the life of the row that is open.
#[derive(Debug, Clone)]
pub(crate) enum LifeState {
    /// Asked for.
    Loading,
    /// There is no such row.
    Gone,
    /// This.
    Here(Box<Life>),
}

/// Something that is done only after it was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Send payments again after a pause.
    Resume,
    /// Settle the doubt about a rebalance.
    Acknowledge(Uuid),
}

/// On a screen with fewer columns, money is not reviewed: what is confirmed has to be seen.
pub const MONEY_COLUMNS: u16 = 60;
/// The same for rows.
pub const MONEY_ROWS: u16 = 20;

/// The pane that the keyboard is at, and that a small screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The transactions.
    Feed,
    /// The wallet.
    Balances,
    /// The band.
    Coverage,
}

/// The whole state of a session's screen.
#[derive(Debug, Clone)]
pub struct App {
    pub(crate) facts: Facts,
    /// Which key means what.
    pub(crate) keys: Arc<Keymap>,
    pub(crate) lang: Lang,
    pub(crate) clock: Clock,
    /// The wall clock at the last message (UTC).
    pub(crate) now: Timestamp,
    /// The terminal's columns and rows.
    size: (u16, u16),
    pub(crate) balance: BalanceState,
    /// How fast the wallet moves, as of the last balance.
    pub(crate) pace: Option<Pace>,
    pub(crate) feed: Feed,
    pub(crate) webhooks: WebhookHealth,
    pub(crate) paused: Option<Pause>,
    /// How the transactional balance went.
    pub(crate) history: BalanceHistory,
    /// What the platform's users hold, where the desk feeds it.
    pub(crate) exposure: Exposure,
    /// Whether the wallet holds what it ought to since local midnight, as of the last balance.
    pub(crate) conservation: Option<Conservation>,
    pub(crate) notices: Notices,
    watch: watch::Watch,
    /// A word about the last key, until the next one.
    pub(crate) flash: Option<Flash>,
    pub(crate) focus: Focus,
    pub(crate) mode: Mode,
    pub(crate) cash_out: cash_out::Draft,
    pub(crate) cash_in: cash_in::Draft,
    pub(crate) batch: batch::Draft,
    /// The batch that the screen has decided last.
    pub(crate) batch_running: Option<batch::Running>,
    /// The result file that was written last: of which batch, and where; or why it was not.
    pub(crate) batch_result: Option<(Uuid, Result<Safe, Safe>)>,
    /// Texts of decisions that were confirmed and of which nothing is known yet.
    waiting: Vec<cash_out::Draft>,
    /// Texts of decisions that came to nothing, while the form held another.
    returned: Vec<cash_out::Draft>,
    pub(crate) rebalance: rebalance::Draft,
    /// What people are about to say of payments.
    pub(crate) resolves: resolve::Drafts,
    /// People's data and amounts are hidden.
    private: bool,
    /// The mouse is the application's, and not the terminal's.
    mouse: bool,
    /// The time that is shown instead of now.
    pub(crate) past: Option<past::Past>,
    past_wishes: u64,
    /// What is under review is on the screen to its end, as far as drawing has told.
    is_whole: bool,
}

/// A word about what a key did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flash {
    /// This is on the clipboard, if the terminal takes it.
    Copied(String),
    /// The payment is being taken up.
    TakenUp,
    /// Nothing can be done for this row.
    NothingToTakeUp,
    /// This row cannot be given back.
    NothingToRefund,
    /// Nothing is to be said of this payment.
    NothingToResolve,
    /// The balance is being read.
    Polling,
    /// There is nothing to acknowledge.
    NoNotices,
    /// Payments are not paused.
    NotPaused,
    /// It is recorded that the person has seen it.
    Seen,
    /// It is not, and why.
    NotSeen(String),
    /// Somebody has seen it already.
    AlreadySeen,
    /// What was found has to be typed.
    NoteWanted,
    /// The theme's file is broken, and why; the last good one stays.
    Theme(String),
    /// The screen is masked now.
    Masked,
    /// The screen shows everything now.
    Unmasked,
    /// Every line of the batch was begun.
    NothingToResume,
    /// Lines of the batch are being begun.
    BatchAtWork,
    /// Nothing is copied from a masked screen.
    NothingCopied,
    /// The mouse is saldo's now, or the terminal's.
    Mouse(bool),
    /// Nothing is pasted here: something is asked, or an answer is waited for.
    NotPasted,
    /// Nothing can be done in the past.
    Past,
    /// Nothing is sent from a desk that only reads.
    ReadOnly,
    /// The journal has no change any more in that direction.
    NoChange,
    /// Not all of what is under review is on the screen.
    NotWhole,
}

impl Detail {
    /// Takes out what tells of people.
    fn hide(&mut self) {
        if let LifeState::Here(life) = &mut self.life {
            privacy::hide_life(life);
        }
    }
}

impl App {
    /// A screen that shows what the journal knew at `now`.
    pub fn new(facts: Facts, initial: Option<Reading>, feed: FeedWindow, now: Timestamp) -> Self {
        let watch = watch::Watch::new(&feed.rows, &feed.alerts, now);
        let mut app = Self {
            keys: Arc::default(),
            lang: facts.lang,
            clock: Clock::new(facts.zone.clone()),
            now,
            size: (80, 24),
            balance: BalanceState::new(initial, facts.poll_every),
            pace: None,
            feed: Feed::new(feed),
            webhooks: WebhookHealth::default(),
            paused: None,
            history: BalanceHistory::default(),
            exposure: Exposure::default(),
            conservation: None,
            notices: Notices::default(),
            watch,
            flash: None,
            focus: Focus::Feed,
            mode: Mode::Home,
            cash_out: cash_out::Draft::default(),
            cash_in: cash_in::Draft::default(),
            batch: batch::Draft::default(),
            batch_running: None,
            batch_result: None,
            waiting: Vec::new(),
            returned: Vec::new(),
            rebalance: rebalance::Draft::proposing(facts.band.map(|band| band.target())),
            resolves: resolve::Drafts::default(),
            private: false,
            mouse: false,
            past: None,
            past_wishes: 0,
            is_whole: true,
            facts,
        };
        app.watch_start();
        app
    }

    /// Binds keys as the configuration wants them, instead of as saldo ships them.
    pub fn bind(&mut self, keymap: Keymap) {
        self.keys = Arc::new(keymap);
    }

    /// What has to be done before anything else: the engine learns what to show.
    pub fn start(&self) -> Vec<Effect> {
        vec![Effect::Command(crate::engine::message::Command::ShowFeed(Box::new(self.feed.wish())))]
    }

    /// Folds a message into the state. What is to be done comes back as data, in order.
    #[must_use = "effects are only data until somebody does them"]
    pub fn update(&mut self, message: Message, now: Now) -> Vec<Effect> {
        self.now = now.wall;
        let effects = self.fold(message, now);
        self.discreet(effects)
    }

    fn fold(&mut self, message: Message, now: Now) -> Vec<Effect> {
        match message {
            Message::Wheel { down } => self.wheeled(down),
            Message::Clicked(spot) => self.clicked(spot),
            Message::Key(press) => self.pressed(press, now),
            Message::Paste(text) => self.pasted(&text),
            Message::News(news) => self.told(news, now),
            Message::NotTaken(command) => self.not_taken(*command),
            Message::Resized { columns, rows } => {
                self.size = (columns, rows);
                if self.flash == Some(Flash::NotWhole) {
                    self.flash = None;
                }
                vec![Effect::Redraw(Soonness::Soon)]
            }
            Message::Woke => vec![Effect::Redraw(Soonness::Soon)],
            Message::ThemeRead(read) => {
                if matches!(self.flash, Some(Flash::Theme(_))) {
                    self.flash = None;
                }
                if let Err(why) = read {
                    self.flash = Some(Flash::Theme(why));
                }
                vec![Effect::Redraw(Soonness::Soon)]
            }
        }
    }

    /// How long after `wall` the screen may change by time alone. It is told in whole minutes, and in coarse
    /// ages where they show, so an idle screen is woken for nothing else.
    pub fn next_change(&self, wall: Timestamp) -> SignedDuration {
        if wall < self.now {
            // The clock was set back: what shows is wrong now.
            return SignedDuration::ZERO;
        }
        let into_minute = SignedDuration::from_nanos(
            i64::try_from(self.now.as_nanosecond().rem_euclid(60_000_000_000)).unwrap_or_default(),
        );
        let minute = SignedDuration::from_mins(1) - into_minute;
        let soonest = self.balance.next_change(self.now).map_or(minute, |age| age.min(minute));
        (soonest - wall.duration_since(self.now)).max(SignedDuration::ZERO)
    }

    /// The transactional balance that a rebalance would aim at: what the platform's users hold, or else the band's target.
    pub(crate) fn wanted(&self) -> Option<Centavos> {
        let fresh = self.exposure.amount.filter(|_| self.exposure.failure.is_none());
        fresh.or_else(|| self.facts.band.map(|band| band.target()))
    }

    /// Whether the screen shows all that is confirmed: it is large enough, and nothing is hidden.
    pub(crate) fn can_review_money(&self) -> bool {
        !self.private && self.size.0 >= MONEY_COLUMNS && self.size.1 >= MONEY_ROWS
    }

    /// Whether the confirming key may count.
    pub(crate) fn can_confirm(&self) -> bool {
        self.can_review_money() && self.is_whole
    }

    /// Tells whether what is under review is on the screen to its end: only the drawing knows.
    pub fn set_whole(&mut self, is_whole: bool) {
        self.is_whole = is_whole;
    }

    /// The language's words.
    pub(crate) fn words(&self) -> &'static Words {
        self.lang.words()
    }

    /// Which bindings count.
    pub fn place(&self) -> Place {
        self.in_its_time(Self::place_of(&self.mode))
    }

    /// The place that help or palette was asked for in, and that comes back after it; else the one that the keyboard is
    /// at.
    pub(crate) fn place_behind(&self) -> Place {
        self.in_its_time(match &self.mode {
            Mode::Help { behind, .. } => Self::place_of(behind),
            Mode::Palette(palette) => Self::place_of(&palette.behind),
            mode => Self::place_of(mode),
        })
    }

    /// The panes of another time are another place: nothing is begun there.
    const fn in_its_time(&self, place: Place) -> Place {
        match place {
            Place::Home if self.is_past() => Place::Past,
            place => place,
        }
    }

    fn place_of(mode: &Mode) -> Place {
        match mode {
            Mode::Resolve(resolve) => match resolve.stage {
                resolve::Stage::Editing => Place::Form,
                resolve::Stage::Review(_) => Place::Review,
                resolve::Stage::Sent(_) => Place::Outcome,
            },
            Mode::Batch(stage) => match stage {
                batch::Stage::Editing => Place::Form,
                batch::Stage::Review(_) => Place::Review,
                batch::Stage::Asking(_) => Place::Outcome,
                batch::Stage::Page(_) => Place::Batch,
            },
            Mode::CashIn(stage) => match stage {
                cash_in::Stage::Editing => Place::Form,
                cash_in::Stage::Review(_) => Place::Review,
                cash_in::Stage::Sent(_) => Place::Outcome,
            },
            Mode::Refund(open) => match open.stage {
                refund::Stage::Editing => Place::Form,
                refund::Stage::Review(_) => Place::Review,
                refund::Stage::Sent(..) => Place::Outcome,
            },
            Mode::Home => Place::Home,
            Mode::Search(_) | Mode::Note(_) => Place::Search,
            Mode::Palette(_) => Place::Palette,
            Mode::Paste(_) => Place::Paste,
            Mode::Detail(_) => Place::Detail,
            Mode::Notices | Mode::Gaps(_) => Place::Notices,
            Mode::Handover(_) => Place::Handover,
            Mode::Help { .. } => Place::Help,
            Mode::Ask(_)
            | Mode::CashOut(CashOutStage::Review(_))
            | Mode::Rebalance(rebalance::Stage::Review(_)) => Place::Review,
            Mode::CashOut(CashOutStage::Editing) | Mode::Rebalance(rebalance::Stage::Editing) => Place::Form,
            Mode::CashOut(CashOutStage::Sent(_))
            | Mode::Rebalance(
                rebalance::Stage::Asking(_) | rebalance::Stage::Sent(_) | rebalance::Stage::Ended(_),
            ) => Place::Outcome,
        }
    }
}
