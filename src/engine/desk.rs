//! The engine of a desk: everything that runs while a cockpit or a service owns the journal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::clock::{self, SystemClock};
use super::inbox::Inbox;
use super::lane::{Decision, Lane, LaneSettings};
use super::message::{Command, DecisionOutcome, FeedWindow, News, RebalanceTrouble};
use super::office::{Office, RebalanceOrder};
use super::rebalance::{Rebalancer, review};
use super::{poller, tracker};
use crate::domain::person::Person;
use crate::gateway::Gateway;
use crate::journal::{Journal, JournalError, Query, Reader};

/// News that may wait for the screen. The screen takes them far faster than a person could make them; when it does
/// not, the engine's tasks wait for it instead of filling memory.
const NEWS: usize = 256;

/// Commands that may wait for the engine: more than a person can press in the time a command takes.
const COMMANDS: usize = 64;

/// Changes of the journal are gathered for so long before the screen's window is read again: a screen shows 30 frames
/// a second at most.
const GATHER: Duration = Duration::from_millis(33);

/// What a desk is made of.
pub struct Parts {
    /// The journal, owned.
    pub journal: Arc<dyn Journal>,
    /// The gateway.
    pub gateway: Arc<dyn Gateway>,
    /// The lane's settings.
    pub lane: LaneSettings,
    /// Between two readings of the balance.
    pub poll_every: Duration,
    /// Whose midnight begins the desk's day.
    pub zone: TimeZone,
    /// Who is at the desk.
    pub operator: Person,
}

/// A running engine.
pub struct Desk {
    journal: Arc<dyn Journal>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    office: Office,
    commands: mpsc::Sender<Command>,
    news: mpsc::Sender<News>,
    webhook_came: Arc<Notify>,
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
        let Parts { journal, gateway, lane, poll_every, zone, operator } = parts;
        let lane = Lane::new(
            Arc::clone(&journal),
            Arc::clone(&gateway),
            Arc::new(SystemClock),
            lane,
            Some(news.clone()),
        );
        let rebalancer = Rebalancer::new(Arc::clone(&journal), Arc::clone(&gateway));
        lane.take_up_the_lost().await?;
        rebalancer.take_up_the_lost().await?;
        let poll_now = Arc::new(Notify::new());
        let (window, wanted) = watch::channel(Wanted::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(poller::run(
            Arc::clone(&gateway),
            Arc::clone(&journal),
            news.clone(),
            poll_every,
            Arc::clone(&poll_now),
        ));
        tasks.spawn(tracker::run(Arc::clone(&journal), Arc::clone(&lane), journal.news()));
        let reader: Arc<dyn Reader> = Arc::clone(&journal) as _;
        tasks.spawn(show(reader, journal.news(), news.clone(), wanted, zone));
        let office = Office::new(Arc::clone(&journal), Arc::clone(&lane), Arc::clone(&rebalancer))
            .at_a_desk(news.clone(), Arc::clone(&poll_now));
        let clerk = Clerk {
            gateway,
            lane: Arc::clone(&lane),
            rebalancer: Arc::clone(&rebalancer),
            office: office.clone(),
            news: news.clone(),
            poll_now,
            window,
            operator,
        };
        tasks.spawn(Arc::new(clerk).run(orders));
        let webhook_came = Arc::new(Notify::new());
        let desk = Self { journal, lane, rebalancer, office, commands, news, webhook_came, tasks };
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

    /// Where news go, for a webhook listener of this desk.
    pub fn news(&self) -> mpsc::Sender<News> {
        self.news.clone()
    }

    /// Rung by a webhook listener when a delivery is durable.
    pub fn webhook_came(&self) -> Arc<Notify> {
        Arc::clone(&self.webhook_came)
    }

    /// Starts reading webhooks, and serves `listener` beside it.
    pub fn listen(
        &mut self,
        listener: impl Future<Output = ()> + Send + 'static,
        illegible: impl FnMut() + Send + 'static,
    ) {
        let inbox = Inbox::new(Arc::clone(&self.journal), self.news.clone());
        self.tasks.spawn(inbox.run(Arc::clone(&self.webhook_came), illegible));
        self.tasks.spawn(listener);
    }

    /// Whether a request is on the wire at this moment.
    pub fn is_busy(&self) -> bool {
        self.lane.is_busy() || self.rebalancer.is_busy()
    }

    /// Stops everything but a request that is on the wire, and waits for that one. Accepted payments are not waited
    /// for: the journal knows them. The receiver of the news has to be gone, or nobody may be heard saying the last.
    pub async fn stop(mut self) {
        self.tasks.abort_all();
        self.lane.finish().await;
        self.rebalancer.finish().await;
        // The tasks hold the journal; its lock is free only once they are gone.
        while self.tasks.join_next().await.is_some() {}
    }
}

/// What the screen wants to see. The newest wish counts.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// These rows.
    pub feed: Query,
    /// The life of this one, if any.
    pub life: Option<Uuid>,
}

/// Reads the screen's window whenever the journal (so says `changes`) or the wish has changed.
pub async fn show(
    journal: Arc<dyn Reader>,
    mut changes: watch::Receiver<u64>,
    news: mpsc::Sender<News>,
    mut wanted: watch::Receiver<Wanted>,
    zone: TimeZone,
) {
    loop {
        changes.mark_unchanged();
        let wish = wanted.borrow_and_update().clone();
        let told = match window(journal.as_ref(), &wish.feed, &zone).await {
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
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                tokio::time::sleep(GATHER).await;
            }
            changed = wanted.changed() => if changed.is_err() { return },
        }
    }
}

/// What the journal has for the screen: also what the first frame shows.
///
/// # Errors
///
/// [`JournalError`].
pub async fn window(
    journal: &(impl Reader + ?Sized),
    query: &Query,
    zone: &TimeZone,
) -> Result<FeedWindow, JournalError> {
    let limit = if query.limit == 0 { FEED_ROWS } else { query.limit };
    let mut rows = journal.transactions(Query { limit: limit + 1, ..query.clone() }).await?;
    let has_more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(FeedWindow {
        rows,
        has_more,
        totals: journal.totals(midnight(clock::now(), zone)).await?,
        rebalances_in_doubt: journal.rebalances_in_doubt().await?,
    })
}

/// Rows of the feed unless the screen asks for another number: more than any screen is high.
const FEED_ROWS: u32 = 200;

/// When the desk's day began (UTC).
fn midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.to_zoned(zone.clone()).start_of_day().map_or(now, |start| start.timestamp())
}

/// Carries out commands: quick ones at once, those that wait for the gateway in tasks of their own.
struct Clerk {
    gateway: Arc<dyn Gateway>,
    lane: Arc<Lane>,
    rebalancer: Arc<Rebalancer>,
    office: Office,
    news: mpsc::Sender<News>,
    poll_now: Arc<Notify>,
    window: watch::Sender<Wanted>,
    operator: Person,
}

impl Clerk {
    async fn run(self: Arc<Self>, mut orders: mpsc::Receiver<Command>) {
        while let Some(command) = orders.recv().await {
            match command {
                Command::ShowFeed(query) => self.window.send_modify(|wanted| wanted.feed = query),
                Command::ShowLife(id) => self.window.send_modify(|wanted| wanted.life = id),
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
                        let outcome = clerk.lane.resolve(id, by, finding).await.map(Box::new);
                        clerk.tell(News::Resolved { id, outcome }).await;
                    });
                }
                Command::AcknowledgeRebalance(id) => {
                    let ended = self.rebalancer.acknowledge(id, self.operator.clone()).await;
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
            Err(error) => DecisionOutcome::NotJournalled(error.to_string()),
        };
        self.tell(News::CashOutDecided { id, outcome }).await;
        if let Some(pause) = self.lane.paused() {
            self.tell(News::Paused(Some(pause))).await;
        }
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
