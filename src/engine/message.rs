//! What engine and screen say to each other: data only.
//!
//! [`News`] is in the past tense and goes to the screen, [`Command`] is in the imperative and comes from it. Outcomes
//! live in the journal: what the screen shows of transactions is a window of it, sent anew when it has changed, so a
//! screen that misses some news misses nothing.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::alert::Alert;
use crate::domain::balance::Reading;
use crate::domain::batch::{Batch, ResultForm};
use crate::domain::cash_out::Alarm;
use crate::domain::conservation::Conservation;
pub use crate::domain::contradiction::{About, Found as Looked};
use crate::domain::gap::GapFile;
use crate::domain::handover::Handover;
use crate::domain::money::Centavos;
use crate::domain::order::Order;
use crate::domain::pace::Pace;
use crate::domain::payee::{self, Payee};
use crate::domain::permission::NotAllowed;
use crate::domain::rebalance::{Forecast, ForecastError};
use crate::domain::refund;
use crate::domain::text::Safe;
use crate::domain::transaction::Transaction;
pub use crate::journal::handover::StoredHandover;

pub use super::alerts::{NotAcknowledged, Quiet, Subject};
pub use super::batch::{BatchTrouble, Examined, Stopped};
pub use super::contradiction::NotLookedInto;
pub use super::counter::{ChargeDecision, RefundDecision};
pub use super::lane::{Decision, LaneError, Pause};
use super::office::Found;
pub use crate::journal::past::{Moved, Open, Towards};
pub use crate::journal::payees::Favour;
pub use crate::journal::{
    AskedLife, AttemptRow, BatchPage, BatchPart, BatchRow, Delivery, Incoming, Intent, Life, Progress, Query,
    Stored, StoredBatch, StoredRebalance, Sum, Totals,
};

/// What the engine tells the screen.
#[derive(Debug, Clone)]
pub enum News {
    /// A balance was read.
    Balance(Box<Reading>),
    /// How fast the wallet moves.
    Pace(Box<Pace>),
    /// What the platform's users hold plus what is in flight was asked for.
    Exposure {
        /// When (UTC).
        at: Timestamp,
        /// How much, or why that cannot be told.
        outcome: Result<Centavos, Safe>,
    },
    /// How the transactional balance went.
    BalanceHistory(Box<BalanceHistory>),
    /// Whether the wallet holds what it ought to since local midnight.
    Conservation(Box<Conservation>),
    /// A balance could not be read; the last good one stands.
    BalanceFailed {
        /// When (UTC).
        at: Timestamp,
        /// Why, in words for people.
        reason: Safe,
        /// How many times in a row.
        failures: u32,
    },
    /// The window of the feed that was asked for, as it is now.
    Feed(Box<FeedWindow>),
    /// How many rows fit what was asked for.
    FeedCounted(Counted),
    /// The life of the row that is open, as it is now. `None`: there is no such row.
    Life(Option<Box<Life>>),
    /// What the palette can open, for what was sought.
    Sought(Box<Sought>),
    /// What the journal shows of the payee of this order.
    Payee(Box<Order>, Vec<payee::Finding>),
    /// A payment needs a person.
    Alarm {
        /// What happened.
        alarm: Alarm,
        /// To which payment.
        intent: Box<Intent>,
    },
    /// A payment is in doubt for another day.
    StillHeld(Box<Intent>),
    /// The journal cannot be written: nothing is sent until it can.
    JournalTrouble(String),
    /// Whether payments are paused, and why.
    Paused(Option<Pause>),
    /// How the webhooks are doing.
    Webhooks(Box<WebhookHealth>),
    /// A cash-out that the screen decided is journalled; its row is in the feed.
    CashOutDecided {
        /// The decision's id.
        id: Uuid,
        /// What became of it.
        outcome: DecisionOutcome,
    },
    /// A rebalance was computed from a fresh balance, for its review.
    RebalanceReviewed {
        /// The transactional balance wanted.
        target: Centavos,
        /// What it would do, or why it leads nowhere.
        outcome: Result<Forecast, RebalanceTrouble>,
    },
    /// A rebalance came to something.
    RebalanceEnded(Result<Box<StoredRebalance>, RebalanceTrouble>),
    /// A charge that the screen decided came to something.
    ChargeDecided {
        /// The decision's id.
        id: Uuid,
        /// What became of it.
        outcome: AskedOutcome,
    },
    /// A refund that the screen decided came to something.
    RefundDecided {
        /// The decision's id.
        id: Uuid,
        /// What became of it.
        outcome: AskedOutcome,
    },
    /// A refund came to where a person has to look: refused, held, or contradicted.
    RefundNeeds {
        /// The cash-in's row.
        cash_in: Uuid,
        /// What was to go back.
        amount: Option<Centavos>,
        /// Where it stands.
        state: refund::State,
    },
    /// A file of payments, or a batch of the journal, was looked at.
    BatchRead {
        /// Which.
        source: BatchSource,
        /// What it would do, or why it cannot be paid.
        outcome: Box<Result<Examined, BatchTrouble>>,
    },
    /// How far a batch has got.
    Batch(Box<BatchNews>),
    /// The lines that were asked for, as they are now. `None`: there is no such batch.
    BatchLines(Option<Box<BatchPage>>),
    /// The newest batches, newest first; or why they cannot be read.
    Batches(Result<Vec<(StoredBatch, Progress)>, String>),
    /// What became of each line of a batch was written down, and where; or why not.
    BatchResult {
        /// Which batch.
        id: Uuid,
        /// The file, or the reason.
        outcome: Result<Safe, Safe>,
    },
    /// What a person found about a payment was recorded, or was not.
    Resolved {
        /// Which payment.
        id: Uuid,
        /// How it stands now (`None` of a charge or a refund), or why nothing was recorded.
        outcome: Result<Option<Box<Intent>>, LaneError>,
    },
    /// It is recorded whether a payee is a favourite; or why not.
    Favoured(Result<(), String>),
    /// An alert was acknowledged, or a difference was explained; or why not.
    Acknowledged(Result<Box<Alert>, NotAcknowledged>),
    /// The gaps that were asked for, oldest first; or why they cannot be read.
    Gaps(Result<Vec<GapFile>, String>),
    /// The shift at hand; or why it cannot be read.
    Shift(Result<Box<ShiftAtHand>, String>),
    /// The shift that was handed over or taken; or why it was not.
    Handover(Result<Box<StoredHandover>, String>),
    /// The desk as it was at the time that was asked for; or why that cannot be read.
    AsItWas(Result<Box<AsItWas>, String>),
}

/// The shift that would be handed over now, and the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftAtHand {
    /// What would be handed over. It has no id yet.
    pub draft: Handover,
    /// The newest that was handed over.
    pub last: Option<StoredHandover>,
    /// Those that somebody else handed over and nobody accepted, the oldest first.
    pub waiting: Vec<StoredHandover>,
}

/// What a batch is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BatchSource {
    /// This file, as it was typed.
    File(String),
    /// The journal, which has this batch.
    Journal(Uuid),
}

/// The file that says what became of each line of a batch.
#[derive(Debug, Clone)]
pub struct ResultFile {
    /// Where it goes. One that is there is replaced.
    pub place: ResultPlace,
    /// How it is written.
    pub form: ResultForm,
}

/// Where the file goes that says what became of each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultPlace {
    /// Beside the batch's own file, as it was typed.
    BesideFile(String),
    /// In the person's own folder, named after the batch's file, whose folder nobody knows any more, and its id.
    AtHome(String),
}

/// How far a batch has got that the screen has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNews {
    /// Its id.
    pub id: Uuid,
    /// The file's name.
    pub name: Safe,
    /// Its lines.
    pub progress: Progress,
    /// Nothing more is done for it: every line was begun, or something is in the way. `Err`: the journal, or its owner.
    pub ended: Option<Result<Option<Stopped>, String>>,
}

/// What became of a cash-out decided on the screen.
#[derive(Debug, Clone)]
pub enum DecisionOutcome {
    /// It is new, and on its way.
    Created,
    /// The same payment was decided before; nothing new was made.
    Existing(Box<Intent>),
    /// The reference names another payment; nothing was made.
    Taken(Box<Intent>),
    /// The journal could not take it; nothing was sent.
    NotJournalled(String),
    /// saldo itself does not let it be done.
    NotAllowed(NotAllowed),
}

/// What became of a charge or a refund decided on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedOutcome {
    /// It is new, and on its way: its row in the feed.
    Created(Uuid),
    /// The same was decided before; nothing new was made.
    Existing(Uuid),
    /// The reference names another charge, or the refund was decided with other words; nothing was made.
    Taken,
    /// Nothing was made, and why.
    NotMade(String),
}

impl AskedOutcome {
    /// Of what a decision found: whether it is the very one that was decided, and its row in the feed.
    pub fn of(found: Found, is_same: bool, row: Uuid) -> Self {
        match found {
            Found::Existing if !is_same => Self::Existing(row),
            Found::Created | Found::Existing => Self::Created(row),
            Found::Taken => Self::Taken,
        }
    }
}

/// Why a rebalance was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RebalanceTrouble {
    /// The balance could not be read, so there is nothing to compute from.
    #[error("the balance could not be read, so nothing was sent: {0}")]
    NoBalance(Safe),
    /// The target leads nowhere.
    #[error("nothing was sent: {0}")]
    Impossible(#[from] ForecastError),
    /// The balance has moved since the review; here is what it would do now.
    #[error("the balance has moved since the review, so nothing was sent: it would now be a {} of {}", .0.direction.as_str(), .0.amount)]
    Moved(Box<Forecast>),
    /// Another one is in doubt; a person has to look first.
    #[error("a rebalance to {} is still in doubt, so nothing was sent: compare the balance, then acknowledge it", .0.rebalance.terms.target)]
    InDoubt(Box<StoredRebalance>),
    /// Another one is on the wire at this moment.
    #[error("a rebalance to {} is under way, so nothing was sent; try again when it has ended", .0.rebalance.terms.target)]
    UnderWay(Box<StoredRebalance>),
    /// The journal could not take it; nothing was sent.
    #[error("nothing was sent: {0}")]
    NotJournalled(String),
    /// saldo itself does not let it be done.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
}

impl RebalanceTrouble {
    /// Why the next one is not sent while `open` is not over.
    pub fn blocked_by(open: StoredRebalance) -> Self {
        let on_the_wire = open.rebalance.outcome.is_none();
        let open = Box::new(open);
        if on_the_wire { Self::UnderWay(open) } else { Self::InDoubt(open) }
    }
}

/// What only a person can say of a payment, or of a cash-in that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Finding {
    /// The gateway has it, under this id.
    InternalCode {
        /// The gateway's `internalCode`.
        code: String,
        /// Where it was found.
        reason: Option<String>,
    },
    /// It was not paid. It takes two people.
    NotPaid {
        /// What was found.
        statement: String,
    },
    /// Nothing of it was sent, and nothing shall be.
    CallOff {
        /// Why.
        reason: Option<String>,
    },
    /// What contradicts itself was looked into: it is in doubt no more, and nothing else changes.
    LookedInto {
        /// Of which order of the row.
        about: About,
        /// What was found.
        found: Looked,
        /// Where, and why it is so.
        reason: String,
        /// How many facts the person had before them: with more of them they have to look again.
        seen: usize,
    },
}

/// The transactional balance at the ends of equal parts of a span that ends now; `None` before it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceHistory {
    /// Of the last hour.
    pub hour: Vec<Option<Centavos>>,
    /// Of the last 24 hours.
    pub day: Vec<Option<Centavos>>,
}

/// What is shown of the feed.
#[derive(Debug, Clone, Default)]
pub struct FeedWindow {
    /// Newest first.
    pub rows: Vec<Transaction>,
    /// Whether there are older rows below.
    pub has_more: bool,
    /// What moved since local midnight, and what is open.
    pub totals: Totals,
    /// Rebalances in doubt.
    pub rebalances_in_doubt: Vec<StoredRebalance>,
    /// Of the wish that it answers.
    pub number: u64,
    /// Whether there are newer rows above, of those that the wish lets in.
    pub has_newer: bool,
    /// How many rows have come since the wish's ceiling, up to [`COUNTED`].
    pub come_since: u32,
    /// The number of the row that a jump led to.
    pub landed: Option<i64>,
    /// The newest rows of all, where `rows` are others: what ends badly has to be seen wherever the screen looks.
    pub newest: Vec<Transaction>,
    /// How long the rows took to find.
    pub took: Duration,
    /// Every alert that holds, newest first.
    pub alerts: Vec<Alert>,
}

/// Which time is looked back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookFrom {
    /// This one (UTC).
    Time(Timestamp),
    /// When the journal changed next to this one (UTC).
    Change {
        /// From where.
        at: Timestamp,
        /// Which way.
        towards: Towards,
    },
}

/// A time that the screen wants to see the desk at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookBack {
    /// Of the wish: the answer has the same.
    pub number: u64,
    /// Which time.
    pub from: LookFrom,
    /// How many rows; as many as a screen may show where nothing is said.
    pub rows: Option<u32>,
}

/// The desk as it was.
#[derive(Debug, Clone)]
pub struct AsItWas {
    /// Of the wish that it answers.
    pub number: u64,
    /// When (UTC).
    pub at: Timestamp,
    /// A change was looked for, and there is none that way: `at` is where it was looked from.
    pub no_change: bool,
    /// The last balance read by then that is kept.
    pub balance: Option<Reading>,
    /// When the next one that is kept was read (UTC); `None` where the balance holds beyond `at`, or none came.
    pub next_balance: Option<Timestamp>,
    /// What had moved that day.
    pub moved: Moved,
    /// What was open.
    pub open: Open,
    /// The rows that saldo had learned of, newest first, as they stood.
    pub rows: Vec<Transaction>,
    /// Whether there are older rows below.
    pub has_more: bool,
    /// Of these rows nobody wrote down how they stood: they have changed since, and no webhook had come.
    pub unrecorded: Vec<Uuid>,
    /// These stand as webhooks said until then; what saldo learned of them by asking is kept nowhere.
    pub by_webhooks: Vec<Uuid>,
    /// Alerts that stood, newest first.
    pub alerts: Vec<Alert>,
    /// Rebalances in doubt.
    pub rebalances_in_doubt: Vec<StoredRebalance>,
    /// How fast the wallet moved.
    pub pace: Pace,
    /// How the transactional balance had gone.
    pub history: BalanceHistory,
    /// How long it took to find.
    pub took: Duration,
}

/// What the palette can open.
#[derive(Debug, Clone, Default)]
pub struct Sought {
    /// What was sought.
    pub text: String,
    /// Transactions with the text, the newest first; a few.
    pub rows: Vec<Transaction>,
    /// Who was paid by this desk before, the last first, each once; a few.
    pub payees: Vec<Payee>,
}

/// Rows are counted up to here.
pub const COUNTED: u32 = 1_000;

/// What of the feed the screen is to show.
#[derive(Debug, Clone, Default)]
pub struct FeedWish {
    /// Which rows; its limit is how many at once.
    pub query: Query,
    /// Where in them.
    pub place: FeedPlace,
    /// Of the wish: the answer has the same.
    pub number: u64,
}

/// Where in the feed the screen looks. Rows above `ceiling` have come since the person left the top, and wait there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FeedPlace {
    /// At the newest rows, as they come.
    #[default]
    Newest,
    /// Around the row with this number.
    Around {
        /// The row.
        seq: i64,
        /// The newest row to show.
        ceiling: i64,
    },
    /// Around what happened last by this time (UTC).
    At {
        /// The time.
        time: Timestamp,
        /// The newest row to show.
        ceiling: i64,
    },
    /// At the oldest rows.
    Oldest {
        /// The newest row to show.
        ceiling: i64,
    },
}

/// How many rows fit what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Of the wish.
    pub number: u64,
    /// How many, up to [`COUNTED`].
    pub rows: u32,
}

/// How the webhooks are doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookHealth {
    /// Where saldo listens, if it does.
    pub listening: Option<SocketAddr>,
    /// Why it does not, though it should.
    pub trouble: Option<String>,
    /// Authentic ones taken since the start.
    pub taken: u64,
    /// Refused for their signature since the start.
    pub forged: u64,
    /// Authentic but illegible, kept aside, since the start.
    pub illegible: u64,
    /// When the last authentic one came (UTC).
    pub last_at: Option<Timestamp>,
    /// What those that were read show of the way that they came.
    pub figures: Box<DeliveryFigures>,
    /// Those that each is passed on to.
    pub forwards: Vec<ForwardHealth>,
}

/// What deliveries since the start show of the way that they came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryFigures {
    /// From the event, by the gateway's word, to its arrival.
    pub lags: Lags,
    /// Those that said of a transaction what an earlier one had said.
    pub repeats: u64,
    /// Those that told of an earlier part of a transaction's life than was known.
    pub out_of_order: u64,
    /// Those that said what saldo had learned by asking.
    pub asked_first: u64,
    /// Those that tell of a time that has not come yet: they count from when they came.
    #[serde(default)]
    pub implausible: u64,
}

/// How many took how long, in a few classes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lags([u64; Lags::UP_TO.len() + 1]);

impl Lags {
    /// The upper ends of the classes, in seconds; the last class has none.
    const UP_TO: [i64; 9] = [1, 2, 5, 15, 60, 300, 1_800, 7_200, 43_200];

    /// Counts one. A clock that is behind the gateway's makes it negative: the first class.
    pub fn count(&mut self, lag: SignedDuration) {
        let class = Self::UP_TO.iter().position(|end| lag <= SignedDuration::from_secs(*end));
        if let Some(count) = self.0.get_mut(class.unwrap_or(Self::UP_TO.len())) {
            *count += 1;
        }
    }

    /// How many took longer than this, by the classes: a class that it divides counts as not longer.
    pub fn beyond(&self, limit: SignedDuration) -> u64 {
        let classes = Self::UP_TO.iter().map(|end| SignedDuration::from_secs(*end));
        // A class begins where the one before ends.
        let begins = std::iter::once(SignedDuration::ZERO).chain(classes);
        begins.zip(self.0).filter(|(begin, _)| *begin >= limit).map(|(_, count)| count).sum()
    }

    /// The end of the class below which so many percent stay, in seconds. `None`: nothing was counted. `Some(None)`:
    /// longer than the last end.
    pub fn quantile(&self, percent: u64) -> Option<Option<i64>> {
        let all: u64 = self.0.iter().sum();
        let wanted = all.saturating_mul(percent).div_ceil(100);
        let mut sum = 0;
        let class = self.0.iter().position(|count| {
            sum += count;
            sum >= wanted
        })?;
        (all > 0).then(|| Self::UP_TO.get(class).copied())
    }
}

/// How an address is doing that webhooks are passed on to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForwardHealth {
    /// Its address, without what may be secret in it.
    pub address: String,
    /// How many wait for it; `None` before the first look.
    pub waiting: Option<u64>,
    /// When the oldest of them came (UTC).
    pub oldest: Option<Timestamp>,
    /// Why the last try failed, if it did.
    pub trouble: Option<Safe>,
}

/// What the screen tells the engine.
#[derive(Debug, Clone)]
pub enum Command {
    /// Show these rows from now on. The newest command counts.
    ShowFeed(Box<FeedWish>),
    /// Show the life of this row from now on; `None` to stop.
    ShowLife(Option<Uuid>),
    /// Look for what the palette can open: transactions with this text, and who was paid before. `None` to stop.
    Seek(Option<String>),
    /// Read the payees anew and find once more: one of them has become another.
    SeekAnew,
    /// Look up what is known of the payee of this order, for the review that was opened then (since the session began).
    LookUpPayee(Duration, Box<Order>),
    /// Read the balance now.
    PollBalance,
    /// Take a payment up now, whatever its waiting time: the same bytes where it is unknown, a look where its id is
    /// known.
    TakeUp(Uuid),
    /// Pay. The decision is final; its id makes it one.
    Pay(Box<Decision>),
    /// Compute a rebalance from a fresh balance.
    ReviewRebalance {
        /// The transactional balance wanted.
        target: Centavos,
    },
    /// Rebalance, if it is still what was reviewed.
    Rebalance {
        /// saldo's id for it.
        id: Uuid,
        /// The transactional balance wanted.
        target: Centavos,
        /// What was reviewed.
        reviewed: Box<Forecast>,
        /// Why.
        reason: Option<String>,
    },
    /// A person has compared the balance and settles a doubt.
    AcknowledgeRebalance(Uuid),
    /// Record what the person at the desk found about a payment.
    Resolve {
        /// Which payment.
        id: Uuid,
        /// What they found.
        finding: Finding,
    },
    /// Make a charge. Its id makes it one.
    Charge(Box<ChargeDecision>),
    /// Give a cash-in back. The decision is final; its id and its cash-in make it one.
    Refund(Box<RefundDecision>),
    /// Record that the person at the desk has seen an alert, or what they found about a difference.
    Acknowledge {
        /// Which.
        subject: Subject,
        /// What they found.
        note: Option<String>,
    },
    /// Tell the gaps of the wallet, with what may explain them.
    LookAtGaps,
    /// Tell the shift at hand. Nothing is recorded.
    LookAtShift,
    /// Hand over the shift since then.
    HandOver {
        /// When it began (UTC).
        since: Timestamp,
        /// What the next person has to know.
        note: Option<String>,
    },
    /// Record that the operator has taken this shift.
    AcceptShift(Uuid),
    /// Record whether a payee is a favourite.
    Favour(Box<Favour>),
    /// Read a file of payments, or a batch of the journal, and say what paying it would do. Nothing is recorded or sent.
    ReadBatch(BatchSource),
    /// Pay the lines of a file, each once. The file makes it one.
    PayBatch {
        /// Its lines.
        batch: Box<Batch>,
        /// Where to write what became of them, once that is known.
        result: Option<ResultFile>,
    },
    /// Tell the newest batches.
    ListBatches,
    /// Show these lines of a batch from now on; `None` to stop.
    ShowBatch(Option<BatchPart>),
    /// Write down what became of each line of a batch.
    WriteBatchResult {
        /// Which batch.
        id: Uuid,
        /// Where, and how.
        file: ResultFile,
    },
    /// Open the lane again.
    ResumePayments,
    /// Show the desk as it was at this time; the newest command counts. `None` to stop.
    LookBack(Option<LookBack>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_are_told_by_the_end_of_their_class() {
        let mut lags = Lags::default();
        assert_eq!(lags.quantile(95), None);
        for millis in [-5_000, 0, 1_000, 1_001, 2_500] {
            lags.count(SignedDuration::from_millis(millis));
        }
        assert_eq!(
            [0, 50, 60, 61, 80, 95].map(|percent| lags.quantile(percent)),
            [1, 1, 1, 2, 2, 5].map(|end| Some(Some(end)))
        );
        lags.count(SignedDuration::from_hours(13));
        assert_eq!(lags.quantile(100), Some(None));
    }
}
