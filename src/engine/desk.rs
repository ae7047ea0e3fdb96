//! The engine of a desk: everything that runs while a cockpit or a service owns the journal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alerts::{self, Sighted, Sources, Subject, Watchman};
use super::clock::{self, SystemClock};
use super::counter::{ChargeDecision, Counter, RefundDecision};
use super::inbox::Inbox;
use super::lane::{Decision, Lane, LaneSettings};
use super::message::{
    AskedOutcome, BatchPart, COUNTED, Command, Counted, DecisionOutcome, FeedPlace, FeedWindow, FeedWish,
    LookBack, News, RebalanceTrouble, Sought,
};
use super::office::{Found, Office, RebalanceOrder};
use super::past::look_back;
use super::rebalance::{Rebalancer, review};
use super::webhooks::Board;
use super::{batch, exposure, forward, poller, shift, tracker};
use crate::config::Exposure;

use crate::domain::order::Order;
use crate::domain::payee::{Payee, findings};
use crate::domain::person::Person;
use crate::domain::transaction::Transaction;
use crate::gateway::{Charging, Gateway};
use crate::journal::alerts::Listed;
use crate::journal::handover::Shift;
use crate::journal::outbox::Outbox;
use crate::journal::payees::PayeeQuery;
use crate::journal::{CashIns, JournalError, Query, Reader, ScreenReader};

/// News that may wait for the screen. The screen takes them far faster than a person could make them; when it does
/// not, the engine's tasks wait for it instead of filling memory.
const NEWS: usize = 256;

/// Commands that may wait for the engine: more than a person can press in the time a command takes.
const COMMANDS: usize = 64;

/// Changes of the journal are gathered for so long before the screen's window is read again: a screen shows 30 frames
/// a second at most.
const GATHER: Duration = Duration::from_millis(33);

/// The lines of a batch are read again so often at most: all of them are counted each time.
const BATCH_EVERY: Duration = Duration::from_millis(250);

/// Transactions that the palette gets: what is not among them is found by another letter.
const SOUGHT_ROWS: u32 = 50;

/// A shorter text fits too much to be sought in the journal.
const SOUGHT_FROM: usize = 3;

/// Payees that the palette gets, the last paid first.
const PAYEES: usize = 500;

/// For webhooks to become rows when the desk ends.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// What a desk is made of.
pub struct Parts {
    /// The journal, owned.
    pub journal: Arc<dyn CashIns>,
    /// The gateway.
    pub gateway: Arc<dyn Charging>,
    /// The lane's settings.
    pub lane: LaneSettings,
    /// Between two readings of the balance.
    pub poll_every: Duration,
    /// Whose midnight begins the desk's day.
    pub zone: TimeZone,
    /// Who is at the desk.
    pub operator: Person,
    /// What the desk wants to be told, and how.
    pub alerts: alerts::Settings,
}

/// A running engine.
pub struct Desk {
    journal: Arc<dyn CashIns>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    office: Office,
    counter: Arc<Counter>,
    commands: mpsc::Sender<Command>,
    news: mpsc::Sender<News>,
    board: Arc<Board>,
    tasks: JoinSet<()>,
}

impl Desk {
    /// Takes up what a crash left and starts working. The news come out of the receiver.
    ///
    /// # Errors
    ///
    /// [`JournalError`]: nothing was started.
    pub async fn start(parts: Parts) -> Result<(Self, mpsc::Receiver<News>), JournalError> {
        let (news, receiver) = mpsc::channel(NEWS);
        let (commands, orders) = mpsc::channel(COMMANDS);
        let Parts { journal, gateway, lane, poll_every, zone, operator, alerts } = parts;
        let settings = lane;
        let lane = Lane::new(
            Arc::<dyn CashIns>::clone(&journal),
            Arc::<dyn Charging>::clone(&gateway),
            Arc::new(SystemClock),
            settings.clone(),
            Some(news.clone()),
        );
        let rebalancer =
            Rebalancer::new(Arc::<dyn CashIns>::clone(&journal), Arc::<dyn Charging>::clone(&gateway));
        let counter = Counter::new(
            Arc::clone(&journal),
            Arc::clone(&gateway),
            Arc::clone(&lane),
            settings,
            Some(news.clone()),
        );
        lane.take_up_the_lost().await?;
        rebalancer.take_up_the_lost().await?;
        counter.take_up_the_lost().await?;
        let gateway: Arc<dyn Gateway> = gateway;
        let poll_now = Arc::new(Notify::new());
        let (window, wanted) = watch::channel(Wanted::default());
        let board = Arc::new(Board::default());
        let sighted = Arc::new(Sighted::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&board).publish(news.clone()));
        tasks.spawn(poller::run(
            Arc::clone(&gateway),
            Arc::<dyn CashIns>::clone(&journal),
            news.clone(),
            poller::Pace { every: poll_every, board: Arc::clone(&board), sighted: Arc::clone(&sighted) },
            Arc::clone(&poll_now),
            zone.clone(),
        ));
        tasks.spawn(tracker::run(Arc::<dyn CashIns>::clone(&journal), Arc::clone(&lane), journal.news()));
        tasks.spawn(Arc::clone(&counter).track(journal.news()));
        let reader: Arc<dyn ScreenReader> = Arc::<dyn CashIns>::clone(&journal);
        tasks.spawn(show(reader, journal.news(), news.clone(), wanted, zone.clone()));
        let office = Office::new(
            Arc::clone(&journal),
            Arc::clone(&lane),
            Arc::clone(&rebalancer),
            Arc::clone(&counter),
        )
        .at_a_desk(news.clone(), Arc::clone(&poll_now));
        let sources = Sources {
            book: Arc::clone(&journal),
            sighted,
            board: Arc::clone(&board),
            lane: Some(Arc::clone(&lane)),
            runs: Arc::clone(office.runs()),
        };
        let watchman = Watchman::new(sources, alerts);
        if let Some(hook) = watchman.hook() {
            tasks.spawn(hook.run());
        }
        tasks.spawn(watchman.run());
        let clerk = Clerk {
            gateway,
            lane: Arc::clone(&lane),
            rebalancer: Arc::clone(&rebalancer),
            office: office.clone(),
            counter: Arc::clone(&counter),
            news: news.clone(),
            poll_now,
            window,
            operator,
            zone,
        };
        tasks.spawn(Arc::new(clerk).run(orders));
        let desk = Self { journal, lane, rebalancer, office, counter, commands, news, board, tasks };
        Ok((desk, receiver))
    }

    /// Where commands go.
    pub fn commands(&self) -> mpsc::Sender<Command> {
        self.commands.clone()
    }

    /// What this desk does for commands of other processes.
    pub fn office(&self) -> Office {
        self.office.clone()
    }

    /// Where a webhook listener of this desk writes how it is doing, and rings.
    pub fn board(&self) -> Arc<Board> {
        Arc::clone(&self.board)
    }

    /// Starts reading webhooks, and serves `listener` beside it.
    pub fn listen(&mut self, listener: impl Future<Output = ()> + Send + 'static) {
        let inbox = Inbox::new(Arc::<dyn CashIns>::clone(&self.journal), self.news.clone(), self.board());
        self.tasks.spawn(inbox.run());
        self.tasks.spawn(listener);
    }

    /// Starts asking what the platform's users hold.
    pub fn follow(&mut self, exposure: Exposure) {
        self.tasks.spawn(exposure::run(exposure, self.news.clone()));
    }

    /// Passes webhooks on to these addresses and to no others. What waits for others is dropped.
    pub fn forward(&mut self, outbox: Arc<dyn Outbox>, addresses: Vec<forward::Address>) {
        self.tasks.spawn(forward::run(outbox, addresses, self.board()));
    }

    /// Whether a request is on the wire at this moment.
    pub fn is_busy(&self) -> bool {
        self.lane.is_busy() || self.rebalancer.is_busy() || self.counter.is_busy()
    }

    /// Stops everything but a request that is on the wire, and waits for that one. Accepted payments are not waited
    /// for: the journal knows them. The receiver of the news has to be gone, or nobody may be heard saying the last.
    pub async fn stop(mut self) {
        self.office.end();
        self.tasks.abort_all();
        self.lane.finish().await;
        self.rebalancer.finish().await;
        self.counter.finish().await;
        // The tasks hold the journal; its lock is free only once they are gone.
        while self.tasks.join_next().await.is_some() {}
        // What is left after that time waits for the next owner.
        match tokio::time::timeout(SETTLE_WITHIN, self.journal.settle()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!("webhooks wait for the next owner: {error}"),
            Err(_) => tracing::warn!("webhooks that were taken wait for the next owner: there are many"),
        }
    }
}

/// What the screen wants to see. The newest wish counts.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These rows.
    pub feed: FeedWish,
    /// The life of this one, if any.
    pub life: Option<Uuid>,
    /// What the palette seeks, while it is open.
    pub sought: Option<String>,
    /// How often it was to be sought once more, because payees are others now.
    pub sought_anew: u64,
    /// The order whose payee is looked up, while it is under review.
    pub payee: Option<(Duration, Box<Order>)>,
    /// The time that is looked back to, if any.
    pub past: Option<LookBack>,
    /// These lines of a batch, if any.
    pub batch: Option<BatchPart>,
}

/// Reads the screen's window whenever the journal (so says `changes`) or the wish has changed.
pub async fn show(
    journal: Arc<dyn ScreenReader>,
    mut changes: watch::Receiver<u64>,
    news: mpsc::Sender<News>,
    mut wanted: watch::Receiver<Wanted>,
    zone: TimeZone,
) {
    let mut counted: Option<Counted> = None;
    let (mut sought, mut sought_anew) = (None, 0);
    let mut past: Option<LookBack> = None;
    let mut looked_up: Option<(Duration, Box<Order>)> = None;
    // Read once for as long as the palette is open.
    let mut payees: Option<Vec<Payee>> = None;
    let mut batch_read: Option<(BatchPart, tokio::time::Instant)> = None;
    loop {
        changes.mark_unchanged();
        let wish = wanted.borrow_and_update().clone();
        let told = match look(journal.as_ref(), &wish.feed, &zone).await {
            Ok(window) => news.send(News::Feed(Box::new(window))).await,
            Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
        };
        if told.is_err() {
            return;
        }
        if let Some(id) = wish.life {
            let told = match journal.life(id).await {
                Ok(life) => news.send(News::Life(life.map(Box::new))).await,
                Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
            };
            if told.is_err() {
                return;
            }
        }
        let batch_due = match (wish.batch, batch_read) {
            (None, _) => None,
            (Some(part), Some((last, at))) if part == last => Some((part, at + BATCH_EVERY)),
            (Some(part), _) => Some((part, tokio::time::Instant::now())),
        };
        let mut look_again = batch_due.map(|(_, due)| due);
        if let Some((part, due)) = batch_due
            && due <= tokio::time::Instant::now()
        {
            look_again = None;
            let told = match journal.batch_page(part).await {
                Ok(page) => news.send(News::BatchLines(page.map(Box::new))).await,
                Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
            };
            if told.is_err() {
                return;
            }
            batch_read = Some((part, tokio::time::Instant::now()));
        }
        // Once for each text: a list that moves under the fingers would open something else.
        if sought != wish.sought || sought_anew != wish.sought_anew {
            if std::mem::replace(&mut sought_anew, wish.sought_anew) != wish.sought_anew {
                payees = None;
            }
            match &wish.sought {
                None => payees = None,
                Some(text) => {
                    let found = seek(journal.as_ref(), text, &mut payees).await;
                    if news.send(found).await.is_err() {
                        return;
                    }
                }
            }
            sought = wish.sought;
        }
        // Once for each review.
        if looked_up != wish.payee {
            looked_up = wish.payee;
            if let Some((_, order)) = &looked_up {
                let told = match journal.payees_around(order).await {
                    Ok(known) => news.send(News::Payee(order.clone(), findings(order, &known))).await,
                    Err(error) => news.send(News::JournalTrouble(error.to_string())).await,
                };
                if told.is_err() {
                    return;
                }
            }
        }
        // Once for each wish: what was does not change.
        if past != wish.past {
            past = wish.past;
            if let Some(back) = past {
                let seen = look_back(journal.as_ref(), &back, &zone).await;
                let seen = seen.map(Box::new).map_err(|error| error.to_string());
                if news.send(News::AsItWas(seen)).await.is_err() {
                    return;
                }
            }
        }
        // After the rows: they are what the person waits for. What was more than can be counted still is.
        let is_old_news = |last: &Counted| last.number == wish.feed.number && last.rows >= COUNTED;
        if is_narrowed(&wish.feed.query) && !counted.as_ref().is_some_and(is_old_news) {
            let query = Query { before: None, after: None, ..wish.feed.query.clone() };
            if let Ok(rows) = journal.count(query, COUNTED).await {
                let count = *counted.insert(Counted { number: wish.feed.number, rows });
                if news.send(News::FeedCounted(count)).await.is_err() {
                    return;
                }
            }
        }
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
            changed = wanted.changed() => if changed.is_err() { return },
            () = at(look_again), if look_again.is_some() => {}
        }
    }
}

async fn at(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// What the palette can open for this text.
async fn seek(journal: &dyn ScreenReader, text: &str, payees: &mut Option<Vec<Payee>>) -> News {
    let found = async {
        let search = Some(text.trim().to_owned()).filter(|text| text.chars().count() >= SOUGHT_FROM);
        let rows = journal.transactions(Query { search, limit: SOUGHT_ROWS, ..Query::default() }).await?;
        let everybody = PayeeQuery { search: String::new(), limit: PAYEES };
        let payees = match payees {
            Some(payees) => payees,
            None => payees.insert(journal.payees(everybody).await?),
        };
        Ok(Sought { text: text.to_owned(), rows, payees: payees.clone() })
    };
    match found.await {
        Ok(sought) => News::Sought(Box::new(sought)),
        Err(error) => News::JournalTrouble(JournalError::to_string(&error)),
    }
}

fn is_narrowed(query: &Query) -> bool {
    query.direction.is_some() || !query.states.is_empty() || !query.filter.is_empty()
}

/// What the journal has for the screen at its newest rows: also what the first frame shows.
///
/// # Errors
///
/// [`JournalError`].
pub async fn window(
    journal: &(impl ScreenReader + ?Sized),
    query: &Query,
    zone: &TimeZone,
) -> Result<FeedWindow, JournalError> {
    look(journal, &FeedWish { query: query.clone(), ..FeedWish::default() }, zone).await
}

/// What the journal has for the screen, wherever it looks. It reads no more rows than it gives.
///
/// # Errors
///
/// [`JournalError`].
pub async fn look(
    journal: &(impl ScreenReader + ?Sized),
    wish: &FeedWish,
    zone: &TimeZone,
) -> Result<FeedWindow, JournalError> {
    let begun = Instant::now();
    let limit = if wish.query.limit == 0 { FEED_ROWS } else { wish.query.limit };
    let (ceiling, landed, (rows, has_newer, has_more)) = match wish.place {
        FeedPlace::Newest => (None, None, older(journal, &wish.query, wish.query.before, limit).await?),
        FeedPlace::Around { seq, ceiling } => {
            (Some(ceiling), None, around(journal, &wish.query, seq, ceiling, limit).await?)
        }
        FeedPlace::At { time, ceiling } => {
            let seq = journal.at(time).await?.unwrap_or(0);
            let found = around(journal, &wish.query, seq, ceiling, limit).await?;
            // The nearest that fits: the last one by then, or else the first one afterwards.
            let nearest = found.0.iter().find(|row| row.seq <= seq).or(found.0.last()).map(|row| row.seq);
            (Some(ceiling), nearest, found)
        }
        FeedPlace::Oldest { ceiling } => {
            let found = around(journal, &wish.query, 0, ceiling, limit.saturating_mul(2)).await?;
            (Some(ceiling), found.0.last().map(|row| row.seq), found)
        }
    };
    let took = begun.elapsed();
    let come_since = match ceiling {
        Some(ceiling) => journal.count(Query { after: Some(ceiling), ..wish.query.clone() }, COUNTED).await?,
        None => 0,
    };
    let elsewhere = ceiling.is_some() || is_narrowed(&wish.query);
    let newest = match elsewhere {
        true => journal.transactions(Query { limit: FEED_ROWS, ..Query::default() }).await?,
        false => Vec::new(),
    };
    Ok(FeedWindow {
        rows,
        has_more,
        totals: journal.totals(midnight(clock::now(), zone)).await?,
        rebalances_in_doubt: journal.rebalances_in_doubt().await?,
        number: wish.number,
        has_newer,
        come_since,
        landed,
        newest,
        took,
        alerts: journal.alerts(Listed::Standing).await?,
    })
}

/// Rows, newest first; whether there are newer ones, and whether there are older ones.
type Rows = (Vec<Transaction>, bool, bool);

async fn older(
    journal: &(impl Reader + ?Sized),
    query: &Query,
    before: Option<i64>,
    limit: u32,
) -> Result<Rows, JournalError> {
    let query = Query { before, limit: limit.saturating_add(1), ..query.clone() };
    let mut rows = journal.transactions(query).await?;
    let has_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((rows, false, has_more))
}

/// Half of the rows up to `ceiling` above the row, the row, and half of them below it.
async fn around(
    journal: &(impl Reader + ?Sized),
    query: &Query,
    seq: i64,
    ceiling: i64,
    limit: u32,
) -> Result<Rows, JournalError> {
    let half = limit / 2;
    let newer = Query {
        after: Some(seq),
        before: Some(ceiling.saturating_add(1)),
        limit: half.saturating_add(1),
        ..query.clone()
    };
    let mut rows = journal.transactions(newer).await?;
    let has_newer = rows.len() > usize::try_from(half).unwrap_or(usize::MAX);
    if has_newer {
        rows.remove(0);
    }
    let (below, _, has_more) = older(journal, query, Some(seq.saturating_add(1)), half).await?;
    rows.extend(below);
    Ok((rows, has_newer, has_more))
}

/// Rows of the feed unless the screen asks for another number: more than any screen is high.
const FEED_ROWS: u32 = 200;

/// When the desk's day began (UTC).
pub fn midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.to_zoned(zone.clone()).start_of_day().map_or(now, |start| start.timestamp())
}

/// Carries out commands: quick ones at once, those that wait for the gateway in tasks of their own.
struct Clerk {
    gateway: Arc<dyn Gateway>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    office: Office,
    counter: Arc<Counter>,
    news: mpsc::Sender<News>,
    poll_now: Arc<Notify>,
    window: watch::Sender<Wanted>,
    operator: Person,
    zone: TimeZone,
}

impl Clerk {
    async fn run(self: Arc<Self>, mut orders: mpsc::Receiver<Command>) {
        while let Some(command) = orders.recv().await {
            match command {
                Command::ShowFeed(wish) => self.window.send_modify(|wanted| wanted.feed = *wish),
                Command::ShowLife(id) => self.window.send_modify(|wanted| wanted.life = id),
                Command::Seek(text) => self.window.send_modify(|wanted| wanted.sought = text),
                Command::SeekAnew => self.window.send_modify(|wanted| wanted.sought_anew += 1),
                Command::LookUpPayee(opened, order) => {
                    self.window.send_modify(|wanted| wanted.payee = Some((opened, order)));
                }
                Command::LookBack(past) => self.window.send_modify(|wanted| wanted.past = past),
                Command::ShowBatch(part) => self.window.send_modify(|wanted| wanted.batch = part),
                Command::PollBalance => self.poll_now.notify_one(),
                Command::ResumePayments => {
                    self.office.resume().await;
                }
                Command::Pay(decision) => self.pay(*decision).await,
                Command::TakeUp(id) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.take_up(id).await });
                }
                Command::ReviewRebalance { target } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let outcome = review(clerk.gateway.as_ref(), target).await;
                        clerk.tell(News::RebalanceReviewed { target, outcome }).await;
                    });
                }
                Command::Rebalance { id, target, reviewed, reason } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let order =
                            RebalanceOrder { id, target, reviewed: *reviewed, reason, after_doubt: None };
                        let by = clerk.operator.clone();
                        let ended = clerk.office.rebalance(order, by, &CancellationToken::new()).await;
                        let ended = ended.map(Box::new).map_err(RebalanceTrouble::from);
                        clerk.tell(News::RebalanceEnded(ended)).await;
                    });
                }
                Command::Resolve { id, finding } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let by = clerk.operator.clone();
                        let outcome = clerk.office.resolve(id, by, finding).await;
                        let outcome = outcome.map(|intent| intent.map(Box::new));
                        clerk.tell(News::Resolved { id, outcome }).await;
                    });
                }
                Command::ReadBatch(source) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        let outcome = Box::new(batch::look(clerk.office.journal().as_ref(), &source).await);
                        clerk.tell(News::BatchRead { source, outcome }).await;
                    });
                }
                Command::PayBatch { batch, result } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        clerk.office.pay_batch(*batch, result, &clerk.operator, &clerk.news).await;
                    });
                }
                Command::ListBatches => {
                    let listed = self.office.journal().batches(batch::LISTED).await;
                    self.tell(News::Batches(listed.map_err(|error| error.to_string()))).await;
                }
                Command::WriteBatchResult { id, file } => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move {
                        batch::write_and_tell(clerk.office.journal().as_ref(), id, &file, &clerk.news).await;
                    });
                }
                Command::Charge(decision) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.charge(*decision).await });
                }
                Command::Refund(decision) => {
                    let clerk = Arc::clone(&self);
                    tokio::spawn(async move { clerk.refund(*decision).await });
                }
                Command::Acknowledge { subject, note } => self.acknowledge(subject, note).await,
                Command::LookAtGaps => {
                    let reader: &dyn ScreenReader = self.office.journal().as_ref();
                    let found = alerts::gap_files(reader, &self.zone).await;
                    self.tell(News::Gaps(found.map_err(|error| error.to_string()))).await;
                }
                Command::LookAtShift => {
                    let reader: &dyn ScreenReader = self.office.journal().as_ref();
                    let found = shift::look(reader, clock::now(), self.operator.clone()).await;
                    self.tell(News::Shift(found.map(Box::new).map_err(|error| error.to_string()))).await;
                }
                Command::HandOver { since, note } => {
                    let (id, until, by) = (Uuid::now_v7(), clock::now(), self.operator.clone());
                    let handed = self.office.hand_over(Shift { id, since, until, by, note }).await;
                    self.tell(News::Handover(handed.map(Box::new).map_err(|error| error.to_string()))).await;
                }
                Command::AcceptShift(id) => {
                    let taken = self.office.accept_handover(id, self.operator.clone()).await;
                    self.tell(News::Handover(taken.map(Box::new).map_err(|error| error.to_string()))).await;
                }
                Command::Favour(favour) => {
                    let favoured = self.office.favour(*favour, self.operator.clone()).await;
                    self.tell(News::Favoured(favoured.map_err(|error| error.to_string()))).await;
                }
                Command::AcknowledgeRebalance(id) => {
                    let ended = match self.office.permit() {
                        Ok(_) => self.rebalancer.acknowledge(id, self.operator.clone()).await,
                        Err(why) => Err(why.into()),
                    };
                    self.tell(News::RebalanceEnded(ended.map(Box::new))).await;
                }
            }
        }
    }

    /// Journals a decision and sends it at once.
    async fn pay(&self, decision: Decision) {
        let id = decision.id;
        let outcome = match self.office.decide(decision).await {
            Ok(decided) => decided.outcome(id),
            Err(JournalError::NotAllowed(why)) => DecisionOutcome::NotAllowed(why),
            Err(error) => DecisionOutcome::NotJournalled(error.to_string()),
        };
        self.tell(News::CashOutDecided { id, outcome }).await;
        if let Some(pause) = self.lane.paused() {
            self.tell(News::Paused(Some(pause))).await;
        }
    }

    /// Journals a charge and makes it at once. Should that not come about, the tracker does, as after a restart.
    async fn charge(&self, decision: ChargeDecision) {
        let id = decision.id;
        let decided = self.counter.decide_charge(decision).await;
        let (outcome, made) = match decided {
            Ok((found, charge)) => (
                AskedOutcome::of(found, charge.id == id, charge.id),
                (found == Found::Created).then_some(charge.id),
            ),
            Err(error) => (AskedOutcome::NotMade(error.to_string()), None),
        };
        self.tell(News::ChargeDecided { id, outcome }).await;
        if let Some(made) = made
            && let Err(error) = self.counter.advance_charge(made, tokio::time::Instant::now()).await
        {
            tracing::info!(charge = %made, "{error}");
        }
    }

    /// Journals a refund and sends it at once, as [`Self::charge`].
    async fn refund(&self, decision: RefundDecision) {
        let (id, cash_in) = (decision.id, decision.cash_in);
        let decided = self.counter.decide_refund(decision).await;
        let (outcome, made) = match decided {
            Ok((found, refund)) => (
                AskedOutcome::of(found, refund.id == id, cash_in),
                (found == Found::Created).then_some(refund.id),
            ),
            Err(error) => (AskedOutcome::NotMade(error.to_string()), None),
        };
        self.tell(News::RefundDecided { id, outcome }).await;
        if let Some(made) = made
            && let Err(error) = self.counter.advance_refund(made, tokio::time::Instant::now()).await
        {
            tracing::info!(refund = %made, "{error}");
        }
        if let Some(pause) = self.lane.paused() {
            self.tell(News::Paused(Some(pause))).await;
        }
    }

    async fn acknowledge(&self, subject: Subject, note: Option<String>) {
        let outcome = self.office.acknowledge(subject, self.operator.clone(), note).await;
        self.tell(News::Acknowledged(outcome.map(Box::new))).await;
    }

    async fn take_up(&self, id: Uuid) {
        if let Err(error) = self.office.take_up(id).await {
            tracing::info!(intent = %id, "{error}");
        }
    }

    async fn tell(&self, news: News) {
        // Nobody listens any more while saldo ends; the journal has it.
        let _ = self.news.send(news).await;
    }
}
